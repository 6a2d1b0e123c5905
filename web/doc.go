// Package web is what all pages share: the layout, the theme, the languages, and how a page is sent.
//
// A Site is the frame around every page: demonstration strip, name, language, the loop as the menu,
// footer with the choice of appearance. A room hands its templates and messages to Site.Room once and
// gets Pages back, which render one of them in the reader's language. A Page is what the frame needs to know.
//
// Rules:
//   - sv, nb and en. A key that one language lacks, or that a template uses and nobody wrote, makes
//     Site.Room fail: at start, and in every test.
//   - No script, no style attribute, nothing from another host; the Content-Security-Policy says so.
//   - Style sheets are joined, shrunk and compressed when the program starts, named by their content
//     and cached for ever. Pages are rendered whole before the first byte is sent, then compressed.
//   - Language and appearance are chosen by link and form, kept in two cookies that hold nothing else.
//
// No rule about people or counts lives here, and no page of a room.
package web
