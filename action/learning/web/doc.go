// Package web is learning's pages: what there is, an activity, registering, one's own learning, arranging, certificates, and what is
// missing where.
//
// Rules:
//   - No rule lives here: a page asks the room, and shows its answer or its refusal.
//   - A page that is reached by a secret link is never compressed or kept, and acts on a press only: programs that read mail open links.
//   - A failed form keeps what was typed.
package web
