// Package action is where decisions and needs become something that is done and followed up. Its rooms lie beside each other, each with
// its nouns, rules, tables and pages: plans and their measures, procedures and where they are adopted, the toolbox of ways to work together,
// learning. They don't know each other; what one tells another passes through app as a reference.
//
// Rules of every room here:
//   - Each noun has a case number, a visibility, a history that nobody rewrites, and a link to what decided it; the decision links back.
//   - Whoever is to do something finds it on the page of what waits for them.
//   - What is late, declined or went badly can raise a topic, with its evidence.
package action
