package plan

import (
	"database/sql"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/storage"
)

// How long texts may be, in characters.
const (
	titleLength = 200
	shortLength = 500
	textLength  = 10_000
)

// typed makes what somebody typed into what is kept: valid, trimmed, without control characters but line breaks, and without those
// that turn a text around.
func typed(s string) string {
	s = strings.ReplaceAll(strings.ToValidUTF8(s, ""), "\r\n", "\n")
	return strings.TrimSpace(strings.Map(func(c rune) rune {
		if unicode.IsControl(c) && c != '\n' && c != '\t' || unicode.Is(unicode.Bidi_Control, c) {
			return -1
		}
		return c
	}, s))
}

// line is typed, of one line.
func line(s string) string { return strings.Join(strings.Fields(typed(s)), " ") }

func needed(field, s string, most int) *fault.Error {
	if s == "" {
		return fault.New(fault.Invalid, "this must be given").Where(field).Say("plan.missing")
	}
	return short(field, s, most)
}

func short(field, s string, most int) *fault.Error {
	if utf8.RuneCountInString(s) > most {
		return fault.New(fault.Invalid, "the text is longer than %d characters", most).Where(field).Say("plan.long", most)
	}
	return nil
}

func oneOf[T ~string](field string, v T, of ...T) *fault.Error {
	if !slices.Contains(of, v) {
		return fault.New(fault.Invalid, "%.40q is none of those one can choose", string(v)).Where(field).Say("plan.choice")
	}
	return nil
}

// first is the first thing that is wrong; several are joined by who wants them all.
func first(all ...*fault.Error) error {
	for _, e := range all {
		if e != nil {
			return e
		}
	}
	return nil
}

func denied() *fault.Error {
	return fault.New(fault.Denied, "this is for others to do").Say("plan.denied")
}

func stale() *fault.Error {
	return fault.New(fault.Conflict, "somebody else changed this meanwhile").Say("edit.conflict").Do("compare both texts and save again")
}

func ended() *fault.Error {
	return fault.New(fault.Conflict, "the plan has ended").Say("plan.ended")
}

func noRow(err error) bool { return errors.Is(err, sql.ErrNoRows) }

// micros gives a column for a time that may be unknown.
func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return storage.Micros(t)
}

func moment(column int64, zone *time.Location) time.Time {
	if column == 0 {
		return time.Time{}
	}
	return storage.Time(column).In(zone)
}

// place writes the nth placeholder.
func place(n int) string { return "$" + strconv.Itoa(n) }

// places writes placeholders for values that come after args.
func places[T any](args []any, of []T) (string, []any) {
	out := make([]string, len(of))
	for i, v := range of {
		args = append(args, v)
		out[i] = place(len(args))
	}
	return strings.Join(out, ", "), args
}
