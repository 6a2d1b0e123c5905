// Package variant names variants and places on GRCh38, and says what a written genotype is worth.
//
// Nouns: Chrom, Key (a variant), Region, Zone (how many copies of a place a person has), Code (one
// person's genotype for one ALT), Assembly, Reference (an indexed FASTA).
//
// Rules:
//   - A sequence key is upper-case ACGTN, trimmed at the end, then at the start, and keeps one base
//     where an insertion or deletion needs an anchor. With a Reference it is also left-aligned
//     (Tan, Abecasis, Kang: Unified representation of genetic variants, Bioinformatics 2015).
//   - A symbolic key has no Ref; its Alt is the type with END or SVLEN, or a breakend's own text.
//   - "*" (spanning deletion) is never a key; <NON_REF> and <*> stand for no allele at all.
//   - An ambiguity code in REF is read as VCF 4.3 §1.6.1.4 has it: the first base of the code in
//     alphabetical order; with a Reference, the base that stands there. An ambiguity code in ALT
//     names no variant.
//   - Only GRCh38 is understood. GRCh37, NCBI36 and T2T-CHM13 are recognised to be refused by name.
//
// It never reads a VCF line, never knows an individual, and never guesses an assembly.
package variant
