// Package ledger is the log of every use of people's data, and of what decided over it, that nobody
// can change without it being seen.
//
// Nouns: a Leaf is one line of the log; it names nobody. A Receipt says where a leaf is. A checkpoint is the log's size and
// root hash, signed (https://c2sp.org/tlog-checkpoint). A Proof shows that a leaf is under a
// checkpoint, or that one checkpoint continues another. A Witness watches that a log only grows, and cosigns. An
// AccessRecord is who looked at what; it is kept apart (Accesses), and a leaf holds only its commitment. An Index is the
// log in the database, for lists. A Sample is of accesses that somebody reviews (Reviews). Who was counted stands in a leaf as the root of a tree: package membership.
//
// Rules:
//   - Append returns when the leaf is on the disk and in the tree: entry, tiles and tree state are written, synced and
//     renamed into place, and their directories synced. A checkpoint over it is signed a tenth of a second later. If
//     Append fails, the leaf may still be there, and whoever asked must refuse: the log may know of an answer
//     that was never given, and never the other way round.
//   - The first leaf is the genesis. It names the log, and holds the hash of the key that signs it.
//   - Leaves are in the order of their index. Their times are the node's clock when they were appended; Verify tells where
//     that clock went back, and doesn't take it for damage. Leaves of one batch may be
//     written in another order than they came, as if the clock had gone back a moment.
//   - Opening checks the tree state against tiles, last entries and the signed checkpoint, and refuses a log that
//     has lost what it once signed.
//   - One process writes to a log; anybody may read its folder at the same time.
//   - The private key is made at the first opening, readable by its owner alone, and never shown. A log whose key is
//     gone stays closed.
//   - Access records are deleted when their time is over. The leaf stays, and what it
//     commits to can no longer be found out.
//   - A review is announced in the log before it is drawn, and drawn by the log's own root: nobody chooses. Each look at it is an access, nobody
//     marks their own, what was marked is only added to, and its end is in the log with the digest of it all.
//
// On disk: DIR/key, DIR/key.pub, and DIR/log, which is a tiled log (https://c2sp.org/tlog-tiles) that may be
// served or copied as it is. What a leaf is made of stands in leaf.go, an access record in access.go.
//
// It never decides who may have an answer, never names a person, and never answers for what is in a
// leaf: only for its being there since.
package ledger
