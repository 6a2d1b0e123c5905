// Package individual is the register of whom data are about. An individual here is a patient or
// a donor, never a person of the network.
//
// Nouns: an Individual has a Number, the region's own id for them, a Sex as it bears on
// the copies of X and Y, and a birth date. A Set is who, at one consent epoch. An Identity is who an OpenID
// provider says somebody is; a login makes one an individual's, a Guardian may choose for a minor. A Session is a
// browser of either.
//
// Rules:
//   - Numbers are handed out from 0 in the order of enrolment, without gaps, and never again.
//   - Enrolling somebody who is known gives their number. An unknown sex may become known;
//     a known one is never overwritten by another.
//   - Removal takes the id, the pseudonym, the birth date, the sex, logins, guardians and cases away, here and now. The
//     number stays spent. The same id may be enrolled later: that is somebody new.
//   - What a transaction enrols or removes, others see when it has been committed. The
//     transaction itself sees it at once (LookupIn, GetIn).
//   - While a restored backup waits for its journal, nobody is enrolled: a number given out then
//     could be taken for one that the journal speaks of.
//   - Identities are kept as a keyed hash alone, and sessions as a hash of their token. Patients' sessions have nothing
//     to do with accounts of the network.
//   - A sign-in that is nobody's, or weaker than the node or the login requires, is refused, all in the same words.
//     For whom a session may act is worked out at each request: what ended a moment ago opens nothing.
//   - Nobody is the guardian of somebody whose birth date is unknown, or who is of age. Somebody comes of age at
//     the earliest moment that can be meant by their 18th birthday (Majority).
//   - After a restore nobody is signed in.
//   - A case lets one organisation's clinicians leave their own patient out of a count, for a year at most. Only a hash of its token is kept, and a
//     token that is nobody's is the same as another organisation's.
//
// It never decides who is counted (that is package consent), never removes a genotype, and
// its errors name nobody but the id that the caller gave.
package individual
