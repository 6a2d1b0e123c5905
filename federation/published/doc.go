// Package published is what goes from a network's own node to the regions' without anybody asking for it: policies that decisions put in force,
// what was decided, and what became of what a region lifted. And it is how nodes see to it that each other's logs only grow.
//
// Nouns: a Publication is one thing that a network's node tells, under an id: told anew when it changes, and taken back when it is no more. A
// feed is all of them, numbered as they changed, for as long as the process that tells them runs. An Entry is a publication as it was heard.
// An Offer is a policy that a peer gave, with what became of it here.
//
// Rules:
//   - A policy is sent to every approved peer as soon as it is there, and each peer asks for what it lacks at each hello. Twice, late and out of
//     order is harmless: it is known by its digest, and no older version is adopted after a newer one.
//   - A policy is believed for its signature, by a key that this node trusts for the network that decided, never for who sent it. One whose key
//     isn't trusted is shown as that, and looked at again once it is.
//   - Only a network's own node is listened to about that network. What is taken over of it is bounded, in each message and in all.
//   - What isn't in a new feed any more is gone here too; until all of a feed has been heard the one before stands.
//   - What was decided is told to who reads the pages, and puts nothing in force. That a decision was superseded keeps its policy from being adopted.
//   - A peer's log is looked at when its hello tells of a new checkpoint, and cosigned if it continues what was seen. If it doesn't, the peer
//     is Forked: both checkpoints are kept as proof, and nothing is asked of it or answered until the operator approves it again.
//
// It never adopts (it tells whoever does), never knows a forum, and never holds a person's data.
package published
