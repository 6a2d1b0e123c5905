// Package web is the page of nodes: which nodes answer together, how each one is and by which policies it answers; and for the stewards of
// this node what they do about one: approve it, once its key was compared, or revoke it.
//
// Rules:
//   - Everybody sees the nodes that answer together, and one whose log was changed. Who asks to be let in, and who was shut out, is for stewards.
//   - The key of who asks is not shown where it is to be typed: it comes from the other node's operator, or nothing is compared.
//   - Inviting and joining are the operator's, at the machine: an invitation is a secret between two of them.
//
// It never asks another node anything: what it shows is what was heard last.
package web
