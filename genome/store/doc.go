// Package store keeps who carries which variant, and counts carriers among a set of people.
//
// Nouns: a sample is one genome of one individual, with a number that is handed out ascending and never used again. A
// segment is an immutable file of variants, sorted, with the carriers among a run of samples. The manifest, which segments and samples
// there are, is tables in the node's database, so one transaction makes a load's genotypes, samples, individuals and
// consents visible together. A snapshot is one state of the manifest. A mask is who is counted: one sample for each allowed individual.
//
// Rules:
//   - Consent is a mask applied when the question is asked; nothing is recounted when somebody changes their mind.
//   - A load is acknowledged after its segments and their names are synced and its transaction has committed.
//     Files that the manifest doesn't name are removed when the store is opened.
//   - In all live segments together, a sample is at most once at a key.
//   - A sample loaded again under its name and dataset is replaced: the old number is retired, in the same transaction.
//   - Individuals are counted once, by their preferred sample (see scope). Somatic datasets are counted only when named.
//   - AC = 2·hom + het + hemi; AN = the copies of everybody counted, less what is missing. The answer is "called" if
//     everybody counted has a genotype or a callable block there; else it is "assumed", and who has neither counts as reference.
//   - Outside a panel's targets its samples are not counted at all, and where nobody is left there is no answer.
//   - A compaction changes no answer. After a full one, nothing of a retired sample is left.
//
// The formats are documented where they are written: segment.go, block.go, cover.go.
//
// It never asks who may know: only the room answer may call what counts (Snapshot, Mask, Counter, Scan).
package store
