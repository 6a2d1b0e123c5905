// Package plan is where goals become measures that somebody does, and where everybody sees what became of them.
//
// Nouns:
//
//	Plan      of a network, a body or an organisation, for a period: goals in a tree, areas, measures
//	Measure   what is to be done and why: a named owner, partners by sector, from when to when, target and indicator
//	State     planned → active → done | dropped, each step with who, when and why; late is what an open measure is after its day
//	Date      the day a measure is due; a date that is moved stays beside the new one, with the reason
//	Report    how a measure goes, once a quarter, by its owner; one that doesn't come is seen as missed
//	Snapshot  a plan's measures as they stood when a year was followed up; two of them can be compared
//	Draft     a file of measures that was read, to be looked at before it is taken in
//
// Rules:
//   - A plan is made and kept by who runs its body, or coordinates its network. A measure's owner, and who coordinates the region it is for,
//     report on it, begin it, finish it and move its date. Only who keeps the plan drops it.
//   - Nothing that happened is rewritten: dates, states, reports and snapshots are rows that triggers keep; an edit keeps what was there before.
//   - Measures wait for others of the same network, never in a circle.
//   - A quarter's report is owed from its end and missed thirty days later. It can still be given, and is then marked late.
//   - An import is taken in whole, in one transaction in which every row is judged again, or not at all.
//   - A measure is shown to no more people than its plan; and to its owner.
//   - A measure past its day raises one topic for that day, however often it is asked to.
//
// It never decides anything: a decision is the forum's, and a measure that rests on one links to it, as the decision links back.
package plan
