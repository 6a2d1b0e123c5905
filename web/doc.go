// Package web is what all pages share: the layout, the theme, the languages, forms, lists, and how a page is sent.
//
// A Site is the frame around every page: demonstration strip, whose network it is, search, language, who is signed in, the
// loop as the menu, footer with the choice of appearance. It links to what the table of routes has and to nothing else. A room
// hands its templates and messages to Site.Room once and gets Pages back, which render one of them in the reader's
// language. A Page is what the frame needs to know; a Form is what a person typed and what was wrong with it.
//
// Rules:
//   - sv, nb and en. A key that one language lacks, or that a template uses and nobody wrote, makes
//     Site.Room fail: at start, and in every test. So does a part of a room with the name of a part of the frame.
//   - Every page is whole without a script. One that is Live gets htmx, from here; the Content-Security-Policy lets
//     nothing else run, no style attribute stand, and nothing come from another host.
//   - Nothing typed is lost: a form that could not be taken comes back as it was, with its problems first, and an error page
//     shows what was written.
//   - Faults become statuses and sentences in one place. What they say of themselves is for operators; what is absent
//     and what is not the reader's give the same page.
//   - What people write is Markdown without HTML, pictures or headings above the page's own.
//   - A page stays in no cache unless it is Public and its reader nobody.
//   - Style sheets are joined, shrunk and compressed when the program starts, named by their content
//     and cached for ever. Pages are rendered whole before the first byte is sent, then compressed.
//   - Language and appearance are chosen by link and form, kept in two cookies that hold nothing else.
//
// No rule about people or counts lives here, and no page of a room.
package web
