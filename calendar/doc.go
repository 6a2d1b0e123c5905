// Package calendar writes what a network does as formats that other programs follow: meetings as iCalendar (RFC 5545), news as
// Atom (RFC 4287), both with what HTTP needs so that an unchanged feed costs nothing.
//
// Nouns: an Event is a meeting as a calendar shows it, or a day by which something is to be done. Feed is many of them, to subscribe to; Invitation is one, to go
// with a mail, and Cancelled takes it back. News is an Atom feed.
//
// Rules:
//   - The same events give the same bytes. No clock is read: an event says when it last changed.
//   - Times are in the meeting's own zone, whose rules go with the file for as long as its events need them. An hour that
//     the clocks go through twice is written in UTC, because programs don't agree which of the two a local time means.
//   - Lines end in CRLF and are folded at 75 octets, between characters.
//   - What people typed can end no line and begin no property or element.
//
// It never decides who may see an event, and never fetches anything.
package calendar
