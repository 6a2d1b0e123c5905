// Package web is the forum's pages: topics, meetings, decisions, and what waits for whoever reads.
//
// Nouns: a tenant's pages lie under /n/{slug}; every page is made from what the room lets this reader see.
//
// Rules:
//   - No rule of the network lives here: a page asks the room, and shows its answer or its refusal.
//   - A failed form keeps what was typed.
//   - Absent, not yours and under the wrong tenant are one page.
package web
