// Package web is the pages of who sits where: bodies with their seats drawn, organisations, networks, the directory of people,
// vacancies, agreements, one's own profile, and the set-up of a new network.
//
// A visit is one request in a tenant: whose pages, who reads, in which language, and what they may see.
//
// Rules:
//   - A page shows what package network gives this reader and judges nothing itself: it hides what would be refused, so that nobody
//     presses in vain, and the room refuses it all the same.
//   - Every list is a page, CSV and JSON from the same rows.
//   - An edit that somebody else was first with comes back with what was typed and what it says now.
//   - What comes from other rooms, the meetings and feeds of a body, is given in Options.
//
// It asks nobody for a diagnosis.
package web
