// Package counted keeps the Merkle trees over who was counted, so that a line of the ledger can name a root, and an individual can be
// shown later whether they were counted in that use.
//
// Nouns: a Use is a purpose and its conditions as text, as a leaf of the ledger has them. Each has a tree (package
// membership) with a leaf for every individual ever enrolled. A version is a state of that tree that somebody asked for.
//
// Rules:
//   - Root makes the use's tree say what the set says, whatever the set: it compares words, and is told of nothing. So it can't be out of step
//     with the consents, whether a person, a form, a birthday or a restriction changed who is counted, and an older set that is still in use gets its own root.
//   - When Root returns, what proves that root is committed. So whoever names it in the ledger names something that can
//     be proved after a kill. What nobody asked for is never written. Those who ask for the same at the same time share one transaction.
//   - A version is written when somebody goes in or out, is enrolled or is erased: five pages for one person among 100,000. A change
//     that leaves a use's members as they were costs that use nothing.
//   - A version's number is the time it was made, and later than any before: after a restore no number comes again, so no salt
//     blinds two leaves alike. It is what membership calls an epoch.
//   - Whether somebody was in isn't stored. Prove finds it by their salt, and without the salt nobody does.
//   - Forget deletes the salt. Their leaf is the one of the erased from the next version on; those before are as good as random. Every root,
//     and every proof of somebody else, holds. A set that was given out before the erasure, and asked about after it, has the leaf of the erased too.
//   - Somebody enrolled after a version has no leaf in it. Prove says so.
//   - Prune deletes what only proves uses before a moment.
//
// A restored backup has the versions it had when it was taken. Roots named in the ledger since then can't be proved any more, nor those in
// the backup of whoever is erased again: Forget has to be called for each individual that a replayed journal removes. Opening
// deletes the salts of those who aren't in the register, in case it wasn't.
//
// It never decides who is counted, never writes to the ledger, and never tells anybody whom a proof is about.
package counted
