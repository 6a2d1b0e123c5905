// Package toolbox is which way of working together fits a group: a catalogue of models, a questionnaire that says why one fits and
// why another doesn't, what choosing a model sets up, who works how today, and how that is judged by those who take part.
//
// Nouns:
//
//	Model       a way of working together: what it is, when it fits, pitfalls, steps, costs, evaluation, examples, sources
//	Proposal    a model, or a new version of one, that somebody wrote; in the catalogue once somebody else has reviewed it
//	Rules       questions, and rules: conditions on the answers, a weight and a sentence each; a file, versioned
//	Advice      what the rules say of a model for some answers: why, what speaks against, what would change it
//	Check       what can be said of rules before anybody uses them: every combination of answers is tried
//	Setup       what choosing a model suggests: body, seats, agreement, rates, training, evaluation. Nothing holds before somebody made it
//	Group       how a group works today, and by which model
//	Round       an evaluation's questions, sent to whoever sits in the group's body; Pool and Batch: their answers
//
// Rules:
//   - A description of a group is in the address of its page and is kept nowhere.
//   - No model and no rules come into use by their author's own review.
//   - What a Setup suggests is made by the network's own calls, by whom these allow it.
//   - An answer is taken apart: each item's value goes into that item's pool, which holds four at most, in no order, sealed under a key
//     that is in no backup. The fifth makes a batch of five, and only batches are counted and shown. So two looks at a result differ by
//     five answers to an item or by none, and no row has an answer, a moment and a person, nor two values of one person.
//   - Whoever is asked answers once, with a token that follows from that key. The room keeps the digests of the tokens that are not used
//     yet, in one row, and which answers came of which token nowhere.
//   - What is of a network is network.Access's to show. Absent and not yours are the same answer.
//
// It never bundles an instrument under a licence that doesn't allow it, and states no fact without its source.
package toolbox
