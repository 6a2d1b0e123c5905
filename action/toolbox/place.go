package toolbox

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/network"
)

// Problem is something wrong in a file, with its place and what to do about it.
type Problem struct {
	Line, Column int // 1-based
	What, Do     string
}

// Problems are everything that is wrong in a file, in the order of the lines.
type Problems []Problem

// Error gives the first, and how many more there are.
func (p Problems) Error() string {
	s := fmt.Sprintf("line %d, column %d: %s", p[0].Line, p[0].Column, p[0].What)
	if len(p) > 1 {
		s += fmt.Sprintf(" (and %d more)", len(p)-1)
	}
	return s
}

// Fault gives the problems as a failure of a file.
func (p Problems) Fault(file string) error {
	return fault.New(fault.Invalid, "%s", p[0].What).In(file).OnLine(int64(p[0].Line)).Where("column "+strconv.Itoa(p[0].Column)).Do("%s", p[0].Do)
}

// What a file may be.
const (
	fileSize     = 1 << 20
	mostProblems = 100
	lineLength   = 300  // of names and sentences
	textLength   = 4000 // of what a paragraph says
)

// reader reads YAML strictly: an unknown key, a missing one and a value of the wrong kind are problems with a place.
type reader struct{ problems Problems }

func (r *reader) wrong(n *yaml.Node, do, format string, args ...any) {
	if len(r.problems) < mostProblems {
		r.problems = append(r.problems, Problem{max(n.Line, 1), max(n.Column, 1), fmt.Sprintf(format, args...), do})
	}
}

func (r *reader) sorted() Problems {
	slices.SortStableFunc(r.problems, func(a, b Problem) int { return cmp.Or(a.Line-b.Line, a.Column-b.Column) })
	return r.problems
}

var yamlLine = regexp.MustCompile(`line (\d+)`)

var yamlWords = regexp.MustCompile(`^yaml: (line \d+: )?`)

// document reads the one document of a file; nil when there is none.
func (r *reader) document(b []byte) *yaml.Node {
	top := &yaml.Node{Line: 1, Column: 1}
	switch {
	case len(b) > fileSize:
		r.wrong(top, "make it shorter", "the file has more than %d bytes", fileSize)
		return nil
	case !utf8.Valid(b):
		r.wrong(top, "save the file as UTF-8", "the file is not UTF-8")
		return nil
	}
	var doc, more yaml.Node
	d := yaml.NewDecoder(bytes.NewReader(b))
	if err := d.Decode(&doc); err != nil {
		at := yaml.Node{Line: 1, Column: 1}
		if m := yamlLine.FindStringSubmatch(err.Error()); m != nil {
			at.Line, _ = strconv.Atoi(m[1])
		}
		if errors.Is(err, io.EOF) {
			r.wrong(top, "write the file as docs/formats.md describes", "the file is empty")
		} else {
			r.wrong(&at, "look at the indentation, and put texts with a colon in quotes", "this is not YAML: %s", yamlWords.ReplaceAllString(err.Error(), ""))
		}
		return nil
	}
	if err := d.Decode(&more); !errors.Is(err, io.EOF) {
		r.wrong(&more, "take the rest away", "there is more after the document's end")
		return nil
	}
	if len(doc.Content) != 1 {
		r.wrong(top, "write the file as docs/formats.md describes", "the file is empty")
		return nil
	}
	return doc.Content[0]
}

// fields reads a mapping; needed are the keys that must be there.
func (r *reader) fields(n *yaml.Node, what string, known map[string]func(*yaml.Node), needed ...string) bool {
	if n.Kind != yaml.MappingNode {
		r.wrong(n, "write it as 'key: value' lines", "%s is no mapping", what)
		return false
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		read, ok := known[key.Value]
		switch {
		case key.Kind != yaml.ScalarNode || !ok:
			r.wrong(key, "use one of "+names(known), "%s has no key %.40q", what, key.Value)
		case seen[key.Value]:
			r.wrong(key, "keep one of them", "%s has %q twice", what, key.Value)
		default:
			read(n.Content[i+1])
		}
		seen[key.Value] = true
	}
	for _, key := range needed {
		if !seen[key] {
			r.wrong(n, "add it", "%s lacks %q", what, key)
		}
	}
	return true
}

func names[T any](known map[string]T) string {
	all := make([]string, 0, len(known))
	for k := range known {
		all = append(all, k)
	}
	slices.Sort(all)
	return strings.Join(all, ", ")
}

// list reads a sequence of at least one and at most a number of items.
func (r *reader) list(n *yaml.Node, what string, most int, each func(*yaml.Node)) {
	if n.Kind != yaml.SequenceNode || len(n.Content) == 0 {
		r.wrong(n, "write it as lines that begin with '- '", "%s is no list", what)
		return
	}
	if len(n.Content) > most {
		r.wrong(n.Content[most], "take some away", "%s has more than %d items", what, most)
		return
	}
	for _, one := range n.Content {
		each(one)
	}
}

// words reads a text of so many characters at most.
func (r *reader) words(n *yaml.Node, what string, most int) string {
	if n.Kind != yaml.ScalarNode || n.Tag != "!!str" {
		r.wrong(n, "write a text, in quotes where it looks like a number", "%s is no text", what)
		return ""
	}
	s := strings.TrimSpace(n.Value)
	switch {
	case s == "":
		r.wrong(n, "write something", "%s is empty", what)
	case utf8.RuneCountInString(s) > most:
		r.wrong(n, "make it shorter", "%s has more than %d characters", what, most)
	case strings.ContainsFunc(s, func(c rune) bool {
		return unicode.IsControl(c) && c != '\n' || unicode.Is(unicode.Bidi_Control, c)
	}):
		r.wrong(n, "take it away", "%s has a control character", what)
	}
	return s
}

var identifier = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)

// id reads a name that addresses and other places of a file use.
func (r *reader) id(n *yaml.Node, what string) string {
	if n.Kind != yaml.ScalarNode || len(n.Value) > 40 || !identifier.MatchString(n.Value) {
		r.wrong(n, "use a to z, digits and hyphens, at most 40", "%s is no name", what)
		return ""
	}
	return n.Value
}

// integer reads a whole number within bounds.
func (r *reader) integer(n *yaml.Node, what string, least, most int) int {
	v, err := strconv.Atoi(n.Value)
	if n.Kind != yaml.ScalarNode || n.Tag != "!!int" || err != nil || v < least || v > most {
		r.wrong(n, fmt.Sprintf("write a whole number from %d to %d", least, most), "%s is no such number", what)
		return 0
	}
	return v
}

// oneOf reads one of some words.
func (r *reader) oneOf(n *yaml.Node, what string, of ...string) string {
	if n.Kind != yaml.ScalarNode || !slices.Contains(of, n.Value) {
		r.wrong(n, "use one of "+strings.Join(of, ", "), "%s is none of those there are", what)
		return ""
	}
	return n.Value
}

// text reads a text in all three languages.
func (r *reader) text(n *yaml.Node, what string, most int) (t network.Text) {
	into := func(to *string, lang string) func(*yaml.Node) {
		return func(n *yaml.Node) { *to = r.words(n, what+" in "+lang, most) }
	}
	r.fields(n, what, map[string]func(*yaml.Node){"sv": into(&t.SV, "sv"), "nb": into(&t.NB, "nb"), "en": into(&t.EN, "en")}, "sv", "nb", "en")
	return t
}
