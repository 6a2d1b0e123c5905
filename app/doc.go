// Package app wires the rooms into a node and offers everything a node can be asked to do.
//
// Nouns. Settings are what a data directory was made with. A Node is the directory opened: database, register,
// consents, store and desk. An operation (Load, Query, Annotate, …) is a value that is called through a Client,
// which reaches the process that owns the directory, or becomes it (package app/owner).
//
// Rules
//   - Only this package knows every room. It passes things on and holds no rule about people or genomes.
//   - Requests and results are plain values that survive JSON, so an operation is the same in process and over the socket.
//   - Files are named by absolute path and opened by the owner. Only standard input and output travel.
//   - A file that is made is made under another name and gets its own when it is complete and on the disk.
//   - Serving is on loopback addresses, or under a public name over TLS; then the local operator's routes are not there.
//
// It never counts, never decides who is counted, and never draws a page.
package app
