// Package web holds the pages of the answer desk: ask how many people carry a variant, list what is carried in a gene or
// a region, drop a VCF and get it annotated, and see what is stored.
//
// The pages turn a form into questions to the desk and its counts into sentences, numbers and bars. They count nothing
// themselves. A question is in its address, which also gives the same list as CSV or JSON (?format=csv, ?format=json).
//
// Nouns: an Asker is as what the reader asks, which app says; a denial is a question that isn't answered, in words; a job
// is a file under way, and then its result.
//
// Rules:
//   - Who has several assignments says in which one they ask; who has none sees who gives them, and nothing else.
//   - Where there are other regions' nodes the question goes to all, unless its reader says otherwise. A total never stands without how many
//     regions it is of; who is silent has a row of its own, that says why and that it is in no number.
//   - A denial is one status and the same words whatever is stored. What allows or refuses is named to who is known.
//   - A link on another site asks nothing.
//   - Whether the store holds a variant that nobody counted carries is never told: it would say that somebody who did not allow
//     the use carries it.
//   - All numbers of one page are of one consent epoch: if somebody changes their mind while the page is made, it is made again.
//   - A job is its person's, in its browser. Its files have no name, so that nothing of them outlives the process; the input goes
//     when it is annotated, the result when it has been sent, thrown away or waited for too long.
package web
