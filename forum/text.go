package forum

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/samverk/samverk/fault"
)

// How long texts may be, in characters.
const (
	titleLength = 200
	textLength  = 20_000
)

// typed makes what somebody typed into what is kept: valid, without control characters but line breaks and tabs, trimmed.
func typed(s string) string {
	s = strings.ReplaceAll(strings.ToValidUTF8(s, ""), "\r\n", "\n")
	return strings.TrimSpace(strings.Map(func(c rune) rune {
		if unicode.IsControl(c) && c != '\n' && c != '\t' {
			return -1
		}
		return c
	}, s))
}

// typedLine is typed, of one line.
func typedLine(s string) string { return strings.Join(strings.Fields(typed(s)), " ") }

// needed says what is wrong with a text that must be there and may not be longer than most characters.
func needed(field, s string, most int) error {
	if s == "" {
		return missing(field)
	}
	return short(field, s, most)
}

func short(field, s string, most int) error {
	if utf8.RuneCountInString(s) > most {
		return fault.New(fault.Invalid, "the text is longer than %d characters", most).Where(field).Say("forum.long", most)
	}
	return nil
}

func missing(field string) error {
	return fault.New(fault.Invalid, "this must be given").Where(field).Say("forum.missing")
}

// oneOf says what is wrong when a value is none of those there are.
func oneOf[T comparable](field string, v T, of ...T) error {
	if !slices.Contains(of, v) {
		return fault.New(fault.Invalid, "%v is not one of those there are", v).Where(field).Say("forum.choice")
	}
	return nil
}

// denied is the answer to an act, by somebody who may see the thing, that is others' to do.
func denied() error {
	return fault.New(fault.Denied, "this is for others to do").Say("forum.denied")
}
