// Package load carries VCF files into the store, whole or not at all.
//
// Nouns: a Request (files, whose samples, what they allow), a Report (what went in, what was left out
// and why).
//
// Rules:
//   - A load is one act. Genotypes, samples, individuals and consents become visible in one transaction
//     after every file was read to its end; any failure before it leaves nothing.
//   - The same sample name in several files of a load is one genome. A sample that the dataset has
//     already is replaced.
//   - Every ALT is a variant of its own. "*" and <NON_REF> are not variants; they count as another allele.
//   - Records whose FILTER is neither PASS nor a dot are left out and counted, unless asked for. So are
//     sequences that are not primary, places outside the targets, and ALTs with ambiguity codes.
//   - A reference block (ALT <NON_REF>, <*> or a dot) makes its span callable where the genotype is
//     reference, and GQ and DP (MIN_DP where told) reach the limits. In a record whose ALT is a dot, a
//     limit holds only for what FORMAT has. A gVCF's variant records make REF's span callable.
//   - Genotypes that can't be true of a person's sex are counted as package variant says, and reported.
//   - A symbolic allele that ends on another sequence (CHR2) has no name of ours and is left out.
//
// It never counts, never changes a file, and names no individual in a report.
package load
