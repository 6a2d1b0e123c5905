// Package lang is what is said to people in their language: messages, plurals, numbers.
//
// A message is a line "key = text" in messages/sv.txt, nb.txt and en.txt of the room that says it. Words is the messages
// of some rooms in one language, with that language's numbers. A key that one language lacks makes Read fail.
//
// It knows no page and no rule.
package lang
