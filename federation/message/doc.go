// Package message signs what nodes say to each other, and checks what they are told: HTTP Message Signatures (RFC 9421) with Ed25519 over
// a request or an answer as a whole.
//
// Nouns: a Key is a node's own, with the name that others know it by. A Signer signs requests and answers. A Verifier checks them by the
// keys of peers.
//
// Rules:
//   - A signature covers, of a request: method, authority, path, query, the body's digest and type, and the version of the protocol; of an answer:
//     status, the body's digest and type, the version, and the nonce of the request that it answers. Nothing less, nothing in another order.
//   - A request holds for a minute. Clocks may differ by two minutes; what differs more is refused, and the refusal names it.
//   - A nonce is taken once, from each peer. What was signed before the verifier began is refused: it might be a replay from before.
//   - Nothing is read beyond its limit, and no more nonces are kept than mostNonces of each peer: who sends more in that time waits.
//   - Versions from Oldest to Newest are understood. The version is signed, so nobody between can turn it down.
//
// It never decides what a peer may ask, and never holds the list of peers.
package message
