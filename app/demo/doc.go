// Package demo makes eight nodes out of public genomes and walks a newcomer through the loop, in the terminal and in the browser.
//
// The genomes are real: 2,548 reference samples of the 1000 Genomes Project, on a stretch of chromosome 22. Everything else
// is invented, by a seed: which of seven regions somebody belongs to, and what they allow. data/README.md
// names the sources. A region is a node of its own, with its directory, key, ledger and address; all are served by one process.
//
// The eighth node is the nation's: two countries' networks live in it (package living), up to the moment it was made, and it holds no genomes. The
// form of consent and the policy that the regions obey were decided in the story. What the walk changes it changes back, by further decisions.
//
// Rules
//   - The nodes are made with the same operations as any other: files, load, consent, invitation, approval, standing rules. What is decided is decided by the rooms' own acting calls, in
//     meetings with quorum, with minutes approved and sealed; nothing is put in force past them.
//   - After a walk everything is as before it, but for the history, and a meeting waits for whoever walks through in the browser.
//   - It says on the terminal and on every page that it is a demonstration.
//   - A directory that wasn't made by the demonstration is never touched.
//   - The same seed makes the same regions, consents and questions, and on the same day and minute the same networks.
//   - It is made anew when it was made on another day.
package demo
