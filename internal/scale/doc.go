// Package scale makes a network large, for measuring only: what one network did is there again and again, and a hundred
// thousand people are registered. It writes rows past the rooms' rules, so nothing but a benchmark may use it.
//
//	SAMVERK_SCALE=1 go test -run - -bench Pages ./internal/scale
//
// grows 100,000 people, 20,000 topics and 5,000 meetings, on SQLite and where there is one on PostgreSQL, and asks the pages through
// the whole server, signed in as different kinds of people. Without SAMVERK_SCALE it is a hundredth of that.
package scale
