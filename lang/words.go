package lang

import (
	"bufio"
	"bytes"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"math"
	"strconv"
	"strings"

	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"
	"golang.org/x/text/message"
	"golang.org/x/text/message/catalog"
)

//go:embed messages
var own embed.FS

// Codes are the languages of every page; the first is what a reader who named none of them gets.
var Codes = []string{"en", "sv", "nb"}

var tags = []language.Tag{language.English, language.Swedish, language.Make("nb")}

// Words is one room's messages (and the frame's) in one language, with that language's numbers.
type Words struct {
	Code    string // "sv"
	keys    map[string]bool
	printer *message.Printer
	names   names
}

// Has tells whether there is a message of this key.
func (l *Words) Has(key string) bool { return l.keys[key] }

// T gives the message of a key with its arguments in the language's form.
// A key that does not exist is an error: Room has checked every key in templates, tests find the others.
func (l *Words) T(key string, args ...any) (string, error) {
	if !l.keys[key] {
		return "", fmt.Errorf("no message %q", key)
	}
	return l.printer.Sprintf(key, args...), nil
}

// Must is T for code that names its key in full; a missing key shows as itself in brackets.
func (l *Words) Must(key string, args ...any) string {
	s, err := l.T(key, args...)
	if err != nil {
		return "[" + key + "]"
	}
	return s
}

// HTML is T for messages that hold markup: arguments are escaped, the message is ours.
// Numbers stay numbers, so that they are formatted and can choose the plural.
func (l *Words) HTML(key string, args ...any) (template.HTML, error) {
	safe := make([]any, len(args))
	for i, a := range args {
		switch a := a.(type) {
		case template.HTML:
			safe[i] = string(a)
		case string:
			safe[i] = template.HTMLEscapeString(a)
		default:
			safe[i] = a
		}
	}
	s, err := l.T(key, safe...)
	return template.HTML(s), err //nolint:gosec // arguments are escaped above, messages are our own files
}

// Number writes a whole number with the reader's separators.
func (l *Words) Number(n any) (string, error) {
	switch n.(type) {
	case int, int64, int32, uint32, uint64:
		return l.printer.Sprintf("%d", n), nil
	}
	return "", fmt.Errorf("%T is no whole number", n)
}

// Decimal writes f with so many decimals.
func (l *Words) Decimal(f float64, decimals int) string {
	return l.printer.Sprintf("%."+strconv.Itoa(decimals)+"f", f)
}

// Percent writes a share of one as a percentage.
func (l *Words) Percent(f float64) string {
	decimals := 0
	if f < .1 {
		decimals = 1
	}
	if l.Code == "en" {
		return l.Decimal(100*f, decimals) + "%"
	}
	return l.Decimal(100*f, decimals) + "\u00a0%"
}

// Frequency writes an allele frequency with three figures: 0.217 or 2.15 × 10⁻⁴.
func (l *Words) Frequency(f float64) template.HTML {
	switch {
	case f == 0:
		return "0"
	case f >= .0095:
		return template.HTML(l.Decimal(f, 3)) //nolint:gosec // digits only
	}
	return l.power(f, 2)
}

// Frequencies writes a range of frequencies, with one power of ten for both: 0.41–1.66 × 10⁻⁴. A range of nothing is a frequency.
func (l *Words) Frequencies(low, high float64) template.HTML {
	switch {
	case low >= high:
		return l.Frequency(high)
	case high >= .0095:
		return template.HTML(l.Decimal(low, 3) + "–" + l.Decimal(high, 3)) //nolint:gosec // digits only
	case low == 0:
		return "0–" + l.power(high, 2)
	}
	return template.HTML(l.Decimal(low/math.Pow10(exponent(high, 2)), 2)+"–") + l.power(high, 2) //nolint:gosec // digits only
}

// Scale writes the end of an axis: a round number, without the noughts that Frequency keeps for alignment.
func (l *Words) Scale(f float64) template.HTML {
	if f >= .0095 {
		for decimals := range 3 {
			if r := f * math.Pow10(decimals); math.Abs(r-math.Round(r)) < 1e-9 {
				return template.HTML(l.Decimal(f, decimals)) //nolint:gosec // digits only
			}
		}
		return template.HTML(l.Decimal(f, 3)) //nolint:gosec // digits only
	}
	return l.power(f, 1)
}

// power writes f as a number from 1 to 10 and a power of ten.
func (l *Words) power(f float64, decimals int) template.HTML {
	e := exponent(f, decimals)
	return template.HTML(fmt.Sprintf("%s\u00a0×\u00a010<sup>−%d</sup>", l.Decimal(f/math.Pow10(e), decimals), -e)) //nolint:gosec // digits only
}

// exponent is the power of ten that f is written with; what would be rounded up to 10 is 1 of the next.
func exponent(f float64, decimals int) int {
	e := int(math.Floor(math.Log10(f)))
	if f/math.Pow10(e) >= 10-.5*math.Pow10(-decimals) {
		e++
	}
	return e
}

// Bytes writes a size in the units people know.
func (l *Words) Bytes(n int64) string {
	f, unit := float64(n), "byte"
	for _, u := range []string{"kB", "MB", "GB", "TB"} {
		if f < 1000 {
			break
		}
		f, unit = f/1000, u
	}
	decimals := 0
	if unit != "byte" && f < 100 {
		decimals = 1
	}
	return l.Decimal(f, decimals) + "\u00a0" + unit
}

// readMessages reads one language's file: lines "key = text", "key[one] = text" for a plural form
// chosen by the first argument, "#" for a comment. The forms are those of CLDR, or "=0" for none.
func readMessages(in io.Reader, file string) (map[string]map[string]string, error) {
	out := map[string]map[string]string{}
	lines := bufio.NewScanner(in)
	for n := 1; lines.Scan(); n++ {
		text := strings.TrimSpace(lines.Text())
		if text == "" || text[0] == '#' {
			continue
		}
		key, value, ok := strings.Cut(text, " = ")
		if !ok {
			return nil, fmt.Errorf("%s:%d: a message is written key = text", file, n)
		}
		form := ""
		if k, f, ok := strings.Cut(strings.TrimSuffix(key, "]"), "["); ok {
			key, form = k, f
		}
		if out[key] == nil {
			out[key] = map[string]string{}
		}
		if _, twice := out[key][form]; twice {
			return nil, fmt.Errorf("%s:%d: %s is written twice", file, n, key)
		}
		out[key][form] = value
	}
	return out, lines.Err()
}

// Read reads messages/CODE.txt, and messages/PART.CODE.txt where a room is written in parts, of each file system in turn
// into one catalog per language, after the words of the calendar, which every room has.
func Read(rooms ...fs.FS) (map[string]*Words, error) {
	rooms = append([]fs.FS{own}, rooms...)
	out, forms := map[string]*Words{}, map[string]string{}
	for i, code := range Codes {
		b := catalog.NewBuilder(catalog.Fallback(language.English))
		l := &Words{Code: code, keys: map[string]bool{}}
		for _, room := range rooms {
			if err := l.read(room, b, tags[i]); err != nil {
				return nil, err
			}
		}
		for key := range l.keys {
			forms[key] = code
		}
		l.printer = message.NewPrinter(tags[i], message.Catalog(b))
		if err := l.readNames(); err != nil {
			return nil, err
		}
		out[code] = l
	}
	for key, has := range forms {
		for _, code := range Codes {
			if !out[code].keys[key] {
				return nil, fmt.Errorf("message %s is written in %s and lacks in %s", key, has, code)
			}
		}
	}
	return out, nil
}

func (l *Words) read(room fs.FS, b *catalog.Builder, tag language.Tag) error {
	whole, err1 := fs.Glob(room, "messages/"+l.Code+".txt")
	parts, err2 := fs.Glob(room, "messages/*."+l.Code+".txt")
	if err := errors.Join(err1, err2); err != nil {
		return err
	}
	for _, file := range append(whole, parts...) {
		text, err := fs.ReadFile(room, file)
		if err != nil {
			return err
		}
		messages, err := readMessages(bytes.NewReader(text), file)
		if err != nil {
			return err
		}
		for key, texts := range messages {
			if l.keys[key] {
				return fmt.Errorf("%s: another file has a message %s too", file, key)
			}
			if err := set(b, tag, key, texts); err != nil {
				return fmt.Errorf("%s: %s: %w", file, key, err)
			}
			l.keys[key] = true
		}
	}
	return nil
}

func set(b *catalog.Builder, tag language.Tag, key string, texts map[string]string) error {
	if text, plain := texts[""]; plain {
		if len(texts) > 1 {
			return fmt.Errorf("both with and without plural forms")
		}
		return b.SetString(tag, key, text)
	}
	if texts["other"] == "" {
		return fmt.Errorf("the form [other] lacks")
	}
	var cases []any
	for _, form := range []string{"=0", "=1", "one", "other"} {
		if text, ok := texts[form]; ok {
			cases = append(cases, form, text)
		}
	}
	if len(cases) != 2*len(texts) {
		return fmt.Errorf("a plural form that this language does not have")
	}
	return b.Set(tag, key, plural.Selectf(1, "%d", cases...))
}
