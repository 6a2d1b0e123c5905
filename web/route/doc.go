// Package route holds the one table of everything the program answers over HTTP.
//
// A Route is a method, a pattern of net/http's ServeMux, who may call it, and the function that
// serves it and tells the status it gave. A Table serves its routes behind three guards:
//
//   - the Host header must name this machine's loopback (or a name it was given), so that a page
//     on the web can't reach the node through a DNS name it controls (DNS rebinding);
//   - a request that changes something must come from our own pages (http.CrossOriginProtection);
//   - every answer carries the headers that keep browsers from guessing, framing and leaking.
//
// It counts requests, statuses and durations per route, and leads whoever must be signed in and isn't to where one signs in.
// It knows no page, no API and no rule: who may call what is written here, and judged by the room in the transaction that
// acts. Where others than this machine's users come (Options.Public), the local operator's routes are not there at all.
package route
