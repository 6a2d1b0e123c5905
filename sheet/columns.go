package sheet

import (
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/samverk/samverk/fault"
)

// Column is a column that is asked for.
type Column struct {
	Key    string   // its name for programs; may stand above it too
	Names  []string // what people write above it, in any language
	Needed bool     // without it nothing can be read
}

// Problem is what is wrong with a row. Err is for people by its Code.
type Problem struct {
	Row    int    // as the spreadsheet counts
	Column string // its letters; "" for the row as a whole
	Key    string // of the column; "" for none
	Err    *fault.Error
}

// Reader reads a table's rows under the columns that were asked for, and collects what is wrong.
type Reader struct {
	table    *Table
	at       map[string]int // by key: the column's index
	Unknown  []string       // what stands above columns that nobody asked for; they are not read
	problems []Problem
	more     int // problems that were not kept
	row      Row
}

// mostProblems is how many problems are kept: who has more mends those first.
const mostProblems = 200

// Under finds the columns in a table's head. Case and space don't matter.
func (t *Table) Under(columns []Column) *Reader {
	r := &Reader{table: t, at: map[string]int{}, row: t.Head}
	for i, head := range t.Head.Cells {
		c := slices.IndexFunc(columns, func(c Column) bool {
			return plainName(head) == plainName(c.Key) || slices.ContainsFunc(c.Names, func(n string) bool { return plainName(head) == plainName(n) })
		})
		switch {
		case plainName(head) == "":
		case c < 0:
			r.Unknown = append(r.Unknown, head)
		default:
			key := columns[c].Key
			if _, twice := r.at[key]; twice {
				r.problems = append(r.problems, Problem{t.Head.Number, Letters(i + 1), key, fault.New(fault.Invalid, "the column is there twice").Say("sheet.twice", head)})
				continue
			}
			r.at[key] = i
		}
	}
	for _, c := range columns {
		if _, there := r.at[c.Key]; c.Needed && !there {
			name := c.Key
			if len(c.Names) > 0 {
				name = c.Names[0]
			}
			r.problems = append(r.problems, Problem{t.Head.Number, "", c.Key, fault.New(fault.Invalid, "column %s is missing", c.Key).Say("sheet.missing", name)})
		}
	}
	return r
}

// plainName is a head without what people write differently.
func plainName(s string) string {
	return strings.Map(func(c rune) rune {
		if unicode.IsSpace(c) || c == '_' || c == '-' || c == '*' || c == ':' {
			return -1
		}
		return unicode.ToLower(c)
	}, s)
}

// Rows goes through the rows; the reader's other calls are of the row that it is at. With a head that lacks something there are none.
func (r *Reader) Rows(yield func(Row) bool) {
	if len(r.problems) > 0 {
		return
	}
	for _, row := range r.table.Rows {
		r.row = row
		if !yield(row) {
			return
		}
	}
}

// Has tells whether the file has the column.
func (r *Reader) Has(key string) bool { _, ok := r.at[key]; return ok }

// Raw gives a cell as it was typed.
func (r *Reader) Raw(key string) string {
	if i, ok := r.at[key]; ok && i < len(r.row.Cells) {
		return r.row.Cells[i]
	}
	return ""
}

// Text gives a cell without space around it.
func (r *Reader) Text(key string) string { return strings.TrimSpace(r.Raw(key)) }

// Day gives a cell that is a date, "2026-03-31", at the beginning of that day; the zero Time for an empty cell, and for one that is wrong.
func (r *Reader) Day(key string, zone *time.Location) time.Time {
	s := r.Text(key)
	if s == "" {
		return time.Time{}
	}
	at, err := time.ParseInLocation("2006-01-02", s, zone)
	if err != nil || at.Year() < 1900 || at.Year() > 9999 {
		r.Wrong(key, fault.New(fault.Invalid, "%.40q is no date", s).Say("sheet.day", short(s)))
		return time.Time{}
	}
	return at
}

// Int gives a cell that is a whole number; 0 for an empty cell, and for one that is wrong.
func (r *Reader) Int(key string) int64 {
	s := r.Text(key)
	if s == "" {
		return 0
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		r.Wrong(key, fault.New(fault.Invalid, "%.40q is no whole number", s).Say("sheet.int", short(s)))
	}
	return n
}

// One gives a cell that is one of some values, by the names that people write; "" for an empty cell, and for one that is wrong.
func (r *Reader) One(key string, values []Column) string {
	s := r.Text(key)
	if s == "" {
		return ""
	}
	for _, v := range values {
		if plainName(s) == plainName(v.Key) || slices.ContainsFunc(v.Names, func(n string) bool { return plainName(s) == plainName(n) }) {
			return v.Key
		}
	}
	r.Wrong(key, fault.New(fault.Invalid, "%.40q is none of those one can write", s).Say("sheet.one", short(s)))
	return ""
}

// short is what a sentence about a cell says of what stands there.
func short(s string) string {
	if c := []rune(s); len(c) > 40 {
		return string(c[:40]) + "…"
	}
	return s
}

// Wrong tells what is wrong in a column of the row; "" for the row as a whole.
func (r *Reader) Wrong(key string, err *fault.Error) { r.WrongAt(r.row, key, err) }

// WrongAt is Wrong of another row.
func (r *Reader) WrongAt(row Row, key string, err *fault.Error) {
	if len(r.problems) >= mostProblems {
		r.more++
		return
	}
	p := Problem{Row: row.Number, Key: key, Err: err}
	if i, ok := r.at[key]; ok {
		p.Column = Letters(i + 1)
	}
	r.problems = append(r.problems, p)
}

// Problems are what is wrong, in the order of rows and columns, and how many more there are than are told.
func (r *Reader) Problems() ([]Problem, int) {
	slices.SortStableFunc(r.problems, func(a, b Problem) int { return a.Row - b.Row })
	return r.problems, r.more
}
