// Package membership keeps a Merkle tree over everybody who may or may not be counted for one use, so
// that each can be shown whether they were, and nobody else learns anything.
//
// Nouns: a Tree has a leaf for each individual, at their number. A Draft is what a transaction makes of it. A Salt is an individual's secret. A
// Proof opens one leaf under one root. A Node is a hash that is kept, for proofs of times gone by.
//
// Rules:
//   - The tree is that of RFC 6962, section 2.1 (RFC 9162, section 2.1): a leaf is SHA-256(0x00 ‖ data), a node SHA-256(0x01 ‖ left ‖ right).
//     Its data are three parts, in state.go: a version, in or out, and a key of 32 bytes.
//   - The key is made of the individual's salt, the use and the epoch of their last change. So an opened leaf says nothing
//     about the same person's leaf elsewhere or at another time, and a leaf that isn't opened is as good as random.
//   - When a salt is deleted, no leaf of that individual can be told from random bytes any more. The hashes stay,
//     and so does every root, every proof of others, and every proof that was handed out.
//   - A change costs one hash a level. Of what changes, every fourth level is kept with its epoch: five rows a change
//     with 100,000 individuals. From them any epoch's root and proofs come back; what stands between is computed.
//
// How a caller keeps nodes in SQL: a table (use, level, idx, epoch, hash) with the first four as its key. A change inserts
// the draft's nodes (Take) with the new epoch. Reading at an epoch is, for level and idx, the row with the greatest epoch that is
// not after it. Rows that a later one superseded before the oldest epoch still to be proved may be
// deleted.
//
// What it doesn't hide: the siblings in a proof are others' leaves. Who compares their own proofs of two epochs sees that
// a neighbour's leaf changed, not whose it is or how.
//
// A Tree is for one goroutine at a time. It knows no database, and never who an individual is.
package membership
