// Package web is the pages of the ledger: what the log is, for everybody, with the log itself as tiles; and for the stewards of a
// node's data what was asked, refused and spent, and reviews of what staff did.
//
// Rules:
//   - The log is served as it lies in its folder (https://c2sp.org/tlog-tiles), and nothing beside it: no key, no access record. It names
//     nobody, so it is for everybody, and for witnesses elsewhere.
//   - Stewards are whom Options.Steward lets in. To others, signed in or not, their pages aren't there.
//   - A list of uses says as much as the log does. Who asked is shown in a review only, and each look at one is recorded before it is shown.
//   - Why a question was refused is for stewards: the log doesn't say it.
//   - Days are counted by UTC, as the log's times are.
//
// It never counts, and never changes what was asked.
package web
