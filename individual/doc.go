// Package individual is the register of whom data are about. An individual here is a patient or
// a donor, never a person of the network.
//
// Nouns: an Individual has a Number, the region's own id for them, and a Sex as it bears on
// the copies of X and Y. A Set is who, at one consent epoch.
//
// Rules:
//   - Numbers are handed out from 0 in the order of enrolment, without gaps, and never again.
//   - Enrolling somebody who is known gives their number. An unknown sex may become known;
//     a known one is never overwritten by another.
//   - Removal takes the id, the pseudonym, the birth date and the sex away, here and now. The
//     number stays spent. The same id may be enrolled later: that is somebody new.
//   - What a transaction enrols or removes, others see when it has been committed. The
//     transaction itself sees it at once (LookupIn, GetIn).
//   - While a restored backup waits for its journal, nobody is enrolled: a number given out then
//     could be taken for one that the journal speaks of.
//
// It never decides who is counted (that is package consent), never removes a genotype, and
// its errors name nobody but the id that the caller gave.
package individual
