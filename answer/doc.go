// Package answer is the desk: every question about individuals is answered here, whoever asks and from wherever,
// and nowhere else may anything be counted.
//
// Nouns: a Question names variants and a use; a Region names a stretch; an Annotation is a whole
// VCF; an Export is everything. An Answer states the consent epoch it was counted at.
//
// Rules:
//   - The consents are read when a question begins, after it was asked: a withdrawal that was acknowledged before is obeyed.
//     What takes long (an annotation, an export) counts the people who allowed it at its beginning and says at which epoch.
//   - Nobody is counted whose consent for the use isn't recorded.
//   - A count says who is in it (Individuals) and what it rests on (Assumed, Covered).
//
// Policy, budgets and the ledger will stand here, between the mask and the release. It never answers from a
// count kept since another epoch, and never names anybody.
package answer
