// Package owner lets exactly one process own a data directory, and every other process reach it.
//
// Nouns. The owner is the process that holds the lock on DIR/lock and has the node open. A Client is what a
// command holds: it speaks to the owner if there is one, and becomes the owner if there is none. An Op is
// something a node can be asked to do; a Stream is an Op whose input and output are bytes.
//
// Rules
//   - The lock is the operating system's (flock): a killed process holds nothing, and nothing has to be cleaned up.
//   - An operation has begun when the owner has sent its response header, and not before. A client that saw no
//     header asks again, for a bounded time, perhaps as the new owner; one that saw it never does. So an operation
//     is done at most once.
//   - A process that owns the directory only for a short command refuses long operations, and the asker waits its
//     turn, which a second lock keeps for it: nobody's question hangs on somebody else's load, and no stream of
//     questions keeps a load out. A process that ends waits for the long ones it took on.
//   - Ending a client cancels what it asked for. Ending the owner cancels everything it was asked for.
//   - In process and over the socket the same function runs with the same request. Only the bytes' way differs.
//
// The socket speaks HTTP/1.1. /1/op/NAME takes a JSON request and answers with JSON lines, {"progress":…} and
// {"item":…} any number of times, then one {"result":…} or {"error":…}. /1/stream/NAME takes the request as the first
// line of its body and the bytes after it, and answers with frames: a kind byte, four bytes of length, the payload.
//
// The socket lies in the data directory, which only its user may enter. Where the path is too long for a socket's
// address it lies in a directory of its own under the system's temporary one, and DIR/socket says where.
//
// The package knows nothing of genomes, consents or the command line, and never opens a node itself: it is told how.
package owner
