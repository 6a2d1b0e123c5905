// Package living makes networks that live: two countries, a few hundred invented people, two years of meetings up to now.
//
// What people say is written down in story/, one file or more per country: topics with what patients said of them, what became
// of it, and the people's lists of names. A seed deals the rest: who sits where, who comes, who gave which input, at what hour.
//
// Rules
//   - Everything happens through the rooms' own acting calls, in the order of time, by a clock that walks from two years ago to
//     now. So every rule held when it happened, and every history is true.
//   - The same seed and the same moment make the same content, ids and times too.
//   - Places carry their real names. People, positions, companies and patient organisations are invented; a name that is known
//     from elsewhere is on a list of names never given.
//   - Nothing here runs in a network that isn't a demonstration.
package living
