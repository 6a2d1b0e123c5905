// Package federation is a node among nodes: who it is, which others it knows, and how they call each other.
//
// Nouns: an Identity is what a node says of itself. A Peer is another node, in a State. A Status is what a node tells its peers every few
// seconds, in a hello. An invitation is a text that one operator hands to another's.
//
// Rules:
//   - A node has one Ed25519 key, in DIR/node/key, readable by its user alone and in no backup. Without the file the node is closed to others.
//   - Two nodes know each other by an invitation and an approval: who invites says whom they trust by handing it over, who joins by
//     using it, and the inviter approves after both have compared the key's fingerprint. An invitation is used once, within its week.
//   - Every message is signed and checked whole (package message), in the newest version of the protocol that both understand.
//   - Only an approved peer is asked and answered. Its state is looked at again before an answer leaves and after one came: a revocation is
//     obeyed by the next message, and by the one under way.
//   - A new key is announced under the old one. Peers accept both for 24 hours, then the new alone. Whom we revoke is a stranger at once.
//   - What one peer can make this node read, hold and do at the same time is bounded; so is the time it may take to say it.
//   - A person is told to a peer by a pseudonym of that peer's alone.
//
// It never decides what a peer may have an answer to, never follows a redirect, and never speaks plain HTTP to another machine.
package federation
