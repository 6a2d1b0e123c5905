// Package web is the pages of package account: signing in and out, accepting an invitation, recovering, and one's own account.
//
// A Room is registered in the table of routes, and its Wrap put around it: so each request knows who is signed in (web.ViewerOf).
//
// Rules:
//   - A secret from a link (an invitation's, a recovery's, the first start's) is moved to a cookie at once, and the browser led to an
//     address without it. No page is ever shown at an address with a secret.
//   - Cookies are HttpOnly and SameSite=Lax; over TLS also Secure, with the prefix __Host-. The session's lasts until the browser closes or the server ends it.
//   - Signing in ends the session that this browser had. Where it leads is a path of this site.
//   - Everything works without JavaScript, with a password manager, and by pasting.
//   - Signing in at a provider begins by a form, and an invitation is accepted by the form of the page that showed it: another site can force neither.
//
// The sessions are package account's, in the database. A cookie holds a token and nothing else (docs/decisions/0016).
package web
