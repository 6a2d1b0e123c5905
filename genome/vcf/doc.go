// Package vcf reads VCF text without copying it: the header, records as offsets into their line,
// genotypes as packed numbers; and the small files that come with a VCF (BED targets, sample tables).
//
// Nouns: Header, Scanner, Record (one line), Genotypes and Call (what each sample has), Format (where
// FORMAT keeps GT, GQ, DP and MIN_DP).
//
// Rules:
//   - Text comes as chunks from a function, cut anywhere. What a scanner yields is good until its next call.
//   - CRLF and a missing last line end are read as if they were right; blank lines are skipped. Line
//     numbers are those of the file, the first is 1, header included.
//   - A line is at most 64 MiB, a header at most 256 MiB.
//   - Undeclared INFO, FORMAT and FILTER values are read: real files have them.
//   - GT is looked for by its place in FORMAT. A record without GT has every sample missing.
//   - What is not VCF is refused with file, line, field and, where there is one, a hint: too few
//     columns, a POS that is no position of its chromosome, an allele number past the ALTs.
//
// It never decides what a record means for a count (package variant and package load do), never
// unpacks files (package bgzf does), and keeps nothing of a record it has yielded.
package vcf
