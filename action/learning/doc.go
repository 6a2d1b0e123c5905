// Package learning is where people learn with and from each other: courses, webinars, dialogues and study circles, who takes part, and
// what they can show for it afterwards.
//
//	draft → open → over                      an activity; cancelled at any time
//	unconfirmed → registered | waiting       a registration; waiting → offered → registered | lapsed; cancelled from any of them
//
// Nouns:
//
//	Activity      what one can take part in, for an audience, in a language, at sessions or at one's own pace
//	Registration  somebody's place, or their place in the waiting list; with an account, or with a mail address and a secret link
//	Needs         interpreter, access, diet: for whoever arranges it, and gone some weeks after the end
//	Material      what is handed out, in versions; the contents lie where the forum keeps files
//	Question      of the short quiz; what somebody answered is kept nowhere, how many were right is
//	Answer        to the evaluation; nobody's
//	Certificate   what somebody took part in; found by its code, which nobody can guess
//	Record        what a person attended, learnt or holds: their own, exported and erased with them
//	Competence    what is asked for, and by which roles; gaps are counted from those who let themselves be counted
//
// Rules:
//   - Seats are never oversold: a seat is taken in the transaction that gives it, and the database refuses one too many.
//   - A seat that becomes free is offered to whoever waited longest, with a time to accept. While somebody waits no seat is free.
//   - A registration without an account counts when its mail address was confirmed. The page answers the same whatever is known of the
//     address; the link is 256 random bits of which the hash is kept, and a mail's link only shows a page: a press acts.
//   - Needs and mail addresses are seen by those who arrange the activity, and by nobody else.
//   - Evaluations are shown in whole batches of five. Nothing joins an answer with who gave it.
//   - Of competence gaps only numbers in whole fives are told, by region and role; no sums, no names.
//   - A certificate that isn't there, was taken back or was erased is one and the same answer.
//   - What a person may see is network.Access's word. Absent and not yours are the same answer.
//
// It holds no health data: needs are what somebody asks for, in their own words.
package learning
