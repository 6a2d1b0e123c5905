// Package lang is what is said to people in their language: messages, plurals, numbers, dates, lists, and the order of names.
//
// A message is a line "key = text" in messages/sv.txt, nb.txt and en.txt of the room that says it. Words is the messages
// of some rooms in one language, with that language's numbers and dates. A key that one language lacks makes Read fail.
//
// A time is told in the zone it is in: whoever asks has put it into the zone of the people who meet. A number of days is
// counted from midnight to midnight there.
//
// It knows no page and no rule.
package lang
