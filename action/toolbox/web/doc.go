// Package web is the toolbox's pages: the catalogue, the questions about a group, what is chosen, who works how, and evaluations.
//
// Rules:
//   - What a group answers stands in the address of its page, and is kept nowhere.
//   - No rule of the toolbox lives here: a page asks the room, and shows its answer or its refusal.
//   - A form with answers to an evaluation carries a token, and no name. Whoever sends it is not looked at.
package web
