// Package policy is what decisions say about sharing: who may ask what, for what, how exactly they are answered, how often.
//
// Nouns: a Draft is rules that anybody may write. A Signed is a Draft with the mandate.Mandate that put it in force, under
// its network's key. A node adopts it. An Ask is a question before it is answered, a Verdict what the policies in force
// say of it, a Cell what may be shown of one number. An Assignment is as what a person may ask.
//
// Rules:
//   - Deny by default. Rules only permit; what no rule permits is denied. A denial is the same for every asker and reason
//     (Verdict.Err) and says nothing of data; Verdict.Reason is for those who run the node. That a budget is spent, its owner is told.
//   - Nothing adopted yet: only the operator at the machine may ask. From the first adoption on the operator is judged by the rules.
//   - Enact refuses a text that the decision doesn't name by its digest, a quorum that doesn't verify, a decision not in force.
//   - A Signed is verified (network's key, body, digest, quorum) when adopted and each time it is read. A row that can't be
//     read or verified denies everything in its line, never falls back to the row before, and is named in Faults.
//   - Policies of one network and name are a line. The one last adopted that has begun is in force, until it expires, ends or the
//     next begins. Nothing is edited, no older version comes back; triggers in the database refuse. Lines permit side by side.
//   - A database made from a backup denies everything until somebody confirms that no policy adopted since is missing.
//   - A clock set back revives nothing: what has ended by the latest time ever seen has ended. A clock that leaps while the
//     process runs begins nothing (Options.Elapsed). While clocks disagree nothing is adopted or assigned, and Faults tells,
//     until it is so late or somebody confirms the clock.
//   - Exact counts are for signed-in clinicians and laboratories under care, of the policy's own country and without commercial
//     interest. Who isn't signed in gets yes or no to whether a variant exists, nothing else.
//   - Spend is durable before it returns and never refunded, also when the answer then fails. It judges again, so what was
//     decided between question and answer is obeyed. A new policy resets no account: accounts are of asker and organisation (who
//     isn't signed in: of the dataset) by purpose, and of numbers asked one by one or in bulk. Each number in an answer counts.
//   - What was asked is kept by day and form, without the person, the variant and the number, for Replay.
//
// Where a permission is unclear, it is denied: a role that isn't of the known ones, a purpose left out, a dataset not named where a
// policy is for some, an approval that isn't given. A country left out is the node's own, which every policy adopted here is for.
//
// It never counts, never sees a number before it is to be shown, and doesn't know the forum. Who an asker is
// is told to it: a page through Asker, a peer's node by its signature.
package policy
