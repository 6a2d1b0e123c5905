package notice

import (
	"cmp"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/samverk/samverk/lang"
)

// An argument is a text, shown as it is, or one of those below, which are put into the reader's language when they are
// shown. They are marked by a control character, which no text keeps (see clean).
const mark = "\x1f"

// Count is a number; as the first argument it chooses the plural.
func Count(n int) string { return mark + "n" + strconv.Itoa(n) }

// Day is a date, of a time that is in its zone already.
func Day(t time.Time) string { return mark + "d" + t.Format(time.DateOnly) }

// When is a date with a time, of a time that is in its zone already.
func When(t time.Time) string { return mark + "w" + t.Format("2006-01-02 15:04") }

// Word is a message of notice/messages: a topic's state.
func Word(key string) string { return mark + "m" + key }

// Name is what something is called in each of our languages, "" where it has no name: people read it in theirs, or in the one there is.
func Name(sv, nb, en string) string {
	b, err := json.Marshal(clean([]string{sv, nb, en}))
	if err != nil { // three strings
		return en
	}
	return mark + "t" + string(b)
}

// named reads what Name gives.
func named(l *lang.Words, v string) string {
	var in []string
	if err := json.Unmarshal([]byte(v), &in); err != nil || len(in) != 3 {
		return ""
	}
	own := max(slices.Index([]string{"sv", "nb", "en"}, l.Code), 0)
	return cmp.Or(in[own], in[0], in[1], in[2]) // as network.Text does
}

// texts is how much of a text a notice keeps: a title, not a content.
const texts = 200

// clean makes arguments of one line and a title's length.
func clean(args []string) []string {
	out := make([]string, len(args))
	for i, a := range args {
		if isMarked(a) {
			out[i] = a
			continue
		}
		a = strings.Join(strings.FieldsFunc(strings.ToValidUTF8(a, ""), func(c rune) bool {
			return unicode.IsSpace(c) || unicode.IsControl(c)
		}), " ")
		out[i] = cut(strings.Map(visible, a), texts)
	}
	return out
}

// visible drops what turns text around or hides it.
func visible(c rune) rune {
	if unicode.Is(unicode.Cf, c) && c != '\u00ad' && c != '\u200d' {
		return -1
	}
	return c
}

func isMarked(a string) bool { return strings.HasPrefix(a, mark) && len(a) > 2 }

// cut shortens a text to so many characters, between words where it can.
func cut(s string, most int) string {
	r := []rune(s)
	if len(r) <= most {
		return s
	}
	s = string(r[:most-1])
	if i := strings.LastIndexByte(s, ' '); i > len(s)/2 {
		s = s[:i]
	}
	return strings.TrimRight(s, " ,;:") + "…"
}

// say gives a message in a language.
func say(l *lang.Words, key string, args []string) string {
	said := make([]any, len(args))
	for i, a := range args {
		said[i] = argument(l, a)
	}
	return l.Must(key, said...)
}

// subject gives a message on one line of a mail's head, with its texts shortened, the longest first and names last, so that what happened and who did it is still said.
func subject(l *lang.Words, key string, args []string) string {
	args = slices.Clone(args)
	var texts, names []int
	for i, a := range args {
		if v, is := strings.CutPrefix(a, mark+"t"); is {
			args[i], names = named(l, v), append(names, i) // a text from here on
		} else if !isMarked(a) {
			texts = append(texts, i)
		}
	}
	longest := func(a, b int) int { return utf8.RuneCountInString(args[b]) - utf8.RuneCountInString(args[a]) }
	slices.SortStableFunc(texts, longest)
	slices.SortStableFunc(names, longest)
	s := say(l, key, args)
	for _, i := range append(texts, names...) {
		over := utf8.RuneCountInString(s) - subjects
		if over <= 0 {
			break
		}
		args[i] = cut(args[i], max(utf8.RuneCountInString(args[i])-over, 12))
		s = say(l, key, args)
	}
	return cut(s, subjects)
}

func argument(l *lang.Words, a string) any {
	if !isMarked(a) {
		return a
	}
	v := a[len(mark)+1:]
	switch a[len(mark)] {
	case 'n':
		if n, err := strconv.Atoi(v); err == nil {
			return n
		}
	case 'd':
		if t, err := time.Parse(time.DateOnly, v); err == nil {
			return l.Day(t)
		}
	case 'w':
		if t, err := time.Parse("2006-01-02 15:04", v); err == nil {
			return l.When(t)
		}
	case 'm':
		return l.Must(v)
	case 't':
		return named(l, v)
	}
	return v
}
