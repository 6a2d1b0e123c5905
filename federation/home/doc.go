// Package home sees to it that nobody is counted twice when nodes answer together: an individual whom several regions know is counted by one of
// them, their home.
//
// Nouns: a pseudonym is by which name an issuer, the same for all regions, knows an individual; it comes with their enrolment. A Claim is a
// hash of issuer and pseudonym. The Registrar is one for all nodes, the network's own: it knows which node has each claim, and nothing else. A
// Home is a region's side of it.
//
// Rules:
//   - The first claim holds, and stays until its node lets it go: to another that it names, or to whoever claims it next. What became of a claim is
//     kept, and only added to.
//   - Whoever isn't known to be at home here isn't counted in answers that nodes give together: a claim that isn't answered yet, one that is another's,
//     a pseudonym that there is none of. So nobody is counted twice whatever is lost, late or out of order; at worst somebody is counted by nobody for a while.
//     Where no issuer is named, everybody is at home. Answers that a node gives for itself are never touched.
//   - Who leaves isn't counted from the moment that is asked for; the registrar is told afterwards, until it has heard. Who comes is counted when what their
//     last home may still be answering is over (Settle).
//   - Messages of a node are numbered, and one that comes after a later one changes nothing.
//   - After a restore a node asks for all its claims anew; a registrar gives none that it doesn't know until all nodes have told which they have.
//
// It never tells a node whose a claim is, only whether it is its own; no pseudonym leaves a node, and nothing is asked of the registrar when a question is.
package home
