// Package fhir is consent as HL7 FHIR R4 (4.0.1) Consent resources in JSON, out and in, and nothing else of FHIR.
//
// Nouns: a Statement is one Consent: what one party said at one time about one individual, on one form or on none; or one of their
// blocks, opt-outs and reservations. Statements gives those that stand, Write makes a Bundle of them, Read
// understands a file, Record makes it hold.
//
// Rules:
//   - What is written is what still bears on who is counted, yes and no alike, as status active: what is to be followed. The past and
//     what was lifted are not. It names nobody: the individual is the region's own id, a guardian the guardianship's, staff are "staff".
//     Why something was recorded, and where the paper is, stay here.
//   - The policy is the form, by its digest, and the decision that put it in force. Provisions are by purpose; asked from abroad
//     and commercially are exceptions within, each of which says permit or deny. What would widen a permission for a reader who doesn't know it
//     (research on named diseases only) is a modifierExtension.
//   - A provision within another is an exception from it. There are two levels, and beneath a denial nothing is permitted.
//   - Purposes of one provision are alternatives: together they are as wide as the widest, and that has to be said by a code that means just it.
//   - All that is not understood is refused with its path, and the whole file with it; also what is understood and can't be
//     obeyed, and what leaves open whether something is permitted. Nothing is narrowed or widened in silence.
//   - What is older than what the same party last said is refused: a file is a copy, and a withdrawal may have come since. What
//     stands already is not recorded again.
//   - Whom it is about has to be enrolled. Whether a guardian may choose, and whether the form was in force, is judged by package consent.
//
// It never serves FHIR's REST interface, never validates other resources, and doesn't read narratives or attached documents.
package fhir
