// Package carried remembers what decisions ask rooms of this node to put in force, and what became of each.
//
// Nouns: an Errand is one text that a decision names. It waits, is done, or was refused with the reason.
//
// Rules:
//   - Errands are taken from decisions in the order of their approval, each decision's once: the place one has come to moves
//     in the same transaction.
//   - An errand is settled in the transaction in which its room acts, and only while it waits. So it is carried out once, also
//     when the process is killed between.
//   - What is settled stays so. A text that was refused needs another decision.
//
// It judges nothing and knows no room: whether a mandate holds is told to it.
package carried
