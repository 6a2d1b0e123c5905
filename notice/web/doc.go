// Package web is two pages: what became of the network's mail (what waits, what was sent, what came back and why), and what
// one has been told oneself, read or not, and by which mail.
//
// Rules:
//   - A coordinator sees the mails to people who are registered with a network they coordinate, and no others.
//   - What a mail is about is not shown: its title may name what is not this reader's to know of.
//   - What came back can be sent again, to the address the person has now; the outbox refuses one that held a secret link.
//
// How many mails there are is not told: other tenants' are among them.
package web
