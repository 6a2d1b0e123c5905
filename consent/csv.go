package consent

import (
	"bufio"
	"context"
	"errors"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/individual"
	"github.com/samverk/samverk/storage"
)

// Line is one line of a consent file: an individual by the region's id, a purpose, yes or no.
type Line struct {
	Number  int64 // in the file, from 1
	ID      string
	Purpose Purpose
	Allow   bool
}

// maxLine bounds a line in bytes.
const maxLine = 4096

// columns are a consent file's, in any order.
var columns = [...]string{"individual", "purpose", "allow"}

// ReadCSV reads a consent file (RFC 4180, one record on one line): a heading with individual,
// purpose and allow, then a choice on each line. A byte order mark and CRLF are taken. A file
// that says yes and no for the same individual and purpose is refused. name is for errors.
func ReadCSV(r io.Reader, name string) ([]Line, error) {
	f := file{in: bufio.NewReaderSize(r, maxLine), name: name, said: map[said]Line{}}
	fields, err := f.next()
	if err == nil && fields == nil {
		err = fault.New(fault.Invalid, "the file is empty").In(name).Do("begin it with the line individual,purpose,allow")
	}
	if err == nil {
		err = f.heading(fields)
	}
	var all []Line
	for err == nil {
		if fields, err = f.next(); err != nil || fields == nil {
			break
		}
		var l Line
		if l, err = f.choice(fields); err == nil {
			all = append(all, l)
		}
	}
	if err != nil {
		return nil, err
	}
	return all, nil
}

type said struct {
	id      string
	purpose Purpose
}

// file is a consent file being read.
type file struct {
	in    *bufio.Reader
	name  string
	line  int64
	place [len(columns)]int // of each column
	said  map[said]Line
}

func (f *file) wrong(at, format string, args ...any) *fault.Error {
	return fault.New(fault.Invalid, format, args...).In(f.name).OnLine(f.line).Where(at)
}

// next gives the fields of the next line that isn't empty; nil at the end.
func (f *file) next() ([]string, error) {
	for {
		text, err := f.in.ReadSlice('\n')
		if errors.Is(err, io.EOF) && len(text) == 0 {
			return nil, nil
		}
		f.line++
		if errors.Is(err, bufio.ErrBufferFull) {
			return nil, f.wrong("", "the line is longer than %d bytes", maxLine)
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, fault.Wrap(fault.Unavailable, err, "the file can't be read").In(f.name).OnLine(f.line)
		}
		s := strings.TrimSuffix(strings.TrimSuffix(string(text), "\n"), "\r")
		if f.line == 1 {
			s = strings.TrimPrefix(s, "\ufeff")
		}
		if !utf8.ValidString(s) || strings.ContainsRune(s, 0) {
			return nil, f.wrong("", "the line is not UTF-8").Do("save the file as CSV in UTF-8")
		}
		if strings.TrimSpace(s) != "" {
			return f.split(s)
		}
	}
}

// split takes a line's fields apart.
func (f *file) split(s string) ([]string, error) {
	fields := make([]string, 0, len(columns))
	for {
		field, rest, more, ok := cut(s)
		if !ok {
			return nil, f.wrong("", "a quotation mark is out of place").Do(`put the whole field in "…", and write "" for a quotation mark within it`)
		}
		fields = append(fields, field)
		if !more {
			return fields, nil
		}
		s = rest
	}
}

// cut takes the first field off a line.
func cut(s string) (field, rest string, more, ok bool) {
	if !strings.HasPrefix(s, `"`) {
		field, rest, more = strings.Cut(s, ",")
		return field, rest, more, !strings.Contains(field, `"`)
	}
	var b strings.Builder
	for s = s[1:]; ; {
		part, after, closed := strings.Cut(s, `"`)
		if !closed {
			return "", "", false, false
		}
		b.WriteString(part)
		switch {
		case after == "":
			return b.String(), "", false, true
		case after[0] == ',':
			return b.String(), after[1:], true, true
		case after[0] != '"':
			return "", "", false, false
		}
		b.WriteByte('"')
		s = after[1:]
	}
}

func (f *file) heading(fields []string) error {
	for c, name := range columns {
		f.place[c] = -1
		for i, field := range fields {
			if strings.EqualFold(strings.TrimSpace(field), name) {
				f.place[c] = i
			}
		}
		if f.place[c] < 0 || len(fields) != len(columns) {
			return f.wrong("", "the heading is not individual,purpose,allow").Do("%s", f.advice(fields))
		}
	}
	return nil
}

func (f *file) advice(fields []string) string {
	if len(fields) == 1 && strings.ContainsAny(fields[0], ";\t") {
		return "separate the columns by commas, not semicolons or tabs"
	}
	return "begin the file with the line individual,purpose,allow"
}

func (f *file) choice(fields []string) (Line, error) {
	if len(fields) != len(columns) {
		return Line{}, f.wrong("", "the line has %d fields and not 3", len(fields)).Do("write individual,purpose,allow")
	}
	l := Line{Number: f.line, ID: fields[f.place[0]]}
	if err := individual.CheckID(l.ID); err != nil {
		return Line{}, f.placed(err, "individual")
	}
	var err error
	if l.Purpose, err = ParsePurpose(fields[f.place[1]]); err != nil {
		return Line{}, f.placed(err, "purpose")
	}
	switch allow := fields[f.place[2]]; {
	case strings.EqualFold(allow, "true"): // spreadsheets write TRUE
		l.Allow = true
	case !strings.EqualFold(allow, "false"):
		return Line{}, f.wrong("allow", "%.40q is neither true nor false", allow).Do("write true or false")
	}
	key := said{l.ID, l.Purpose}
	before, again := f.said[key]
	if again && before.Allow != l.Allow {
		return Line{}, f.wrong("allow", "individual %q says both yes and no to %s, here and on line %d", l.ID, l.Purpose, before.Number).
			Do("keep the line that is right")
	}
	f.said[key] = l
	return l, nil
}

// placed says where in the file an error was.
func (f *file) placed(err error, at string) error {
	var e *fault.Error
	if errors.As(err, &e) {
		return e.In(f.name).OnLine(f.line).Where(at)
	}
	return err
}

// Import records a file's choices. All of its individuals must have been enrolled, or be by now
// in this transaction.
func (c *Consents) Import(ctx context.Context, tx *storage.Tx, by Actor, name string, lines []Line) error {
	choices := make([]Choice, len(lines))
	for i, l := range lines {
		who, ok := c.people.LookupIn(tx, l.ID)
		if !ok {
			return fault.New(fault.NotFound, "there is no individual %q", l.ID).In(name).OnLine(l.Number).Where("individual").
				Do("load a sample of theirs first, or correct the id")
		}
		choices[i] = Choice{Individual: who.Number, Purpose: l.Purpose, Allow: l.Allow, Why: "imported from " + clip(name)}
	}
	return c.Change(ctx, tx, by, choices)
}

// clip keeps a file's name fit to be recorded.
func clip(name string) string {
	name = strings.ToValidUTF8(strings.ReplaceAll(name, "\x00", ""), "?")
	if r := []rune(name); len(r) > 200 {
		name = "…" + string(r[len(r)-200:])
	}
	return name
}
