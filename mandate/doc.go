// Package mandate is what a decision gives to whoever carries it out elsewhere: a record that says which body
// decided what, that its quorum held, and which texts, by their digests, it put in force.
//
// Rules:
//   - A Mandate is judged from itself alone, without the forum that took the decision: a region's node may have none.
//   - Its quorum is judged again from what was recorded: who was present by sector, what each rule needed. Held is
//     never believed, a rule nobody knows is not met, and a body where nobody was present decided nothing.
//   - It names nobody. Seats are counted by sector.
//   - It gives force to an effect's exact text, by digest, from InForce and not before. A decision whose minutes aren't
//     approved and sealed gives none.
//   - Canonical is the one way in which what is digested and signed is written: RFC 8785, restricted to whole numbers.
//     Decode reads it back and refuses whatever it would lose or read otherwise.
//
// That a Mandate is genuine is not known here: it is inside what the network's key signs (policy.Signed).
package mandate
