// Package answer is the desk: every question about individuals is answered here, whoever asks and from wherever,
// and nowhere else may anything be counted.
//
// Nouns: a Question names variants; a Region names a stretch; an Annotation is a whole VCF; an Export is everything. Each
// begins with a policy.Ask: who asks, for what. A Count is what may be told of one variant.
//
// Every question goes the same way: it is judged, the numbers are taken from the asker's budget, those who allow the use are found,
// people are counted, the counts are shaped, the use is appended to the ledger, and then the answer is released.
//
// Rules:
//   - A question is judged before anything else is looked at. A denial is the same error for everybody, and neither its words nor
//     its time tell of data; nor do those of a budget that is spent, which is only noted. A denial is noted, and a leaf of the ledger if the
//     asker is known: up to so many of a person and day, and without a word that they made up.
//   - The consents are read when a question begins, after it was asked: a withdrawal that was acknowledged before is obeyed.
//     What takes long (an annotation, an export) counts the people who allowed it at its beginning and says at which epoch.
//   - Nobody is counted whom the legal basis of the use, and what they have said, don't let be counted.
//   - The budget is spent, the root of who was counted can be proved, and the leaf with its access record is on the disk before
//     the first byte of an answer. If any of that fails there is no answer; the log may know of an answer that was never given,
//     never the other way round.
//   - Nothing is counted before it is paid, but the length of a list: one number is paid before it is made. What takes long costs one
//     before its leaf, and then spends ahead of what it counts, judged again each time. If that is refused half-way the answer ends
//     in an error, and what was written is not whole.
//   - One variant is one number of a budget, however many figures describe it: no figure tells more than how many carry it may.
//     Numbers that a policy doesn't let be told apart are told as ranges (shape.go).
//   - Where a policy wants it, newcomers are counted in batches (batch.go). A withdrawal is never delayed.
//   - A count says what it rests on (Assumed, Covered).
//   - Who brings the tag of an answer they have is judged, pays and is written down as everybody is. Only the counting is left out, and only
//     while what the tag stands for is what they would be told of now (tag.go).
//
// It never answers from a count kept since another epoch, never names anybody, and never says why it denied.
package answer
