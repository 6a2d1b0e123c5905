// Package need is where needs meet: what many need most, found out together, and what one needs of another.
//
//	Survey    a question to a network about what is needed: first anybody proposes, then everybody ranks, and then the result stands
//	Need      what somebody seeks: a patient partner for a project, a second opinion, a competence, a site
//	Contact   between whoever has a need and somebody who may meet it; both say yes before either learns how to reach the other
//
// Rules:
//   - A survey's days are set when it begins and only moved later. What is proposed stays as it was proposed. Rankings are changed until the last day,
//     each person's is theirs alone, and nobody is shown a single one.
//   - The result counts Borda points: of a ranking with m places, the first has m. It is shown for five people or more. By sector and by region it is shown for groups of five people or
//     more, and so that the others can't be found by subtraction.
//   - A need is matched with what people tell of themselves and let the reader see; each match has its reasons.
//   - How to reach somebody is typed by themself with their yes, and shown to the other side when both have said it. A no needs no reason and ends it.
//   - Whoever erases themself takes rankings, needs and contacts along.
//
// It never ranks people, and keeps no count of how often somebody said no.
package need
