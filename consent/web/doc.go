// Package web is the pages of consent: a patient's own, those of staff who register what came on paper, and the forms with their editor.
//
// A patient signs in with a session of their own (package individual): at a provider that says surely enough who
// somebody is. A visit is such a session acting for one individual: themselves, or a child they are the guardian of. For whom stands in
// the address, as "me" or the guardianship's id, so that two open pages are never mixed up.
//
// Rules:
//   - For whom a visit may act is worked out at each request. Whoever may not gets the page of what isn't there.
//   - A sign-in that is nobody's, too weak, stopped or not genuine gets one and the same page.
//   - The three values that bind a sign-in to a browser are made of one secret that only its cookie holds: nothing of it is kept here.
//   - Nothing is chosen for anybody the first time they see a form. An answer on another form is told, not carried over.
//   - Whoever has come of age is asked before anything else is shown.
//   - Withdrawing takes two steps and no reason.
//   - Staff are whom Options.Steward lets in; without it nobody. A look at a named individual needs a reason, and is
//     recorded before anything is shown. Individuals' ids are in no address.
//   - A form that a decision put in force is for everybody to read. A draft is for who is signed in, and its editor for whom
//     Options.Editor lets in. What is saved is a new text with a digest of its own, which a decision may name.
//
// It never decides who is counted or who may choose: that is package consent's.
package web
