package sheet

import (
	"bytes"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/samverk/samverk/fault"
)

// Limits bound a file that is read.
type Limits struct {
	Bytes    int64 // of the file
	Unpacked int64 // of XLSX, unpacked
	Rows     int   // the last row's number
	Columns  int
	Cells    int // of all rows, each as wide as it is
	Cell     int // characters in one
}

// Usual are limits for what people type: a register of some ten thousand rows.
var Usual = Limits{Bytes: 8 << 20, Unpacked: 64 << 20, Rows: 20_001, Columns: 60, Cells: 500_000, Cell: 20_000}

// Table is what a file says.
type Table struct {
	Name   string   // of the sheet; "" of CSV
	Others []string // sheets that were not read: only the first that says something is
	Head   Row
	Rows   []Row // without those that say nothing
}

// Row is a row of a sheet.
type Row struct {
	Number int // as the spreadsheet counts: 1 is the first
	Cells  []string
}

// empty tells whether the row says nothing.
func (r Row) empty() bool {
	for _, c := range r.Cells {
		if strings.TrimSpace(c) != "" {
			return false
		}
	}
	return true
}

// Open reads a table: XLSX by its first bytes, else CSV. The first row that says something is the head.
func Open(r io.Reader, l Limits) (*Table, error) {
	data, err := io.ReadAll(io.LimitReader(r, l.Bytes+1))
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "the file can't be read").Say("sheet.unread")
	}
	if int64(len(data)) > l.Bytes {
		return nil, fault.New(fault.Invalid, "the file has more than %d bytes", l.Bytes).Say("sheet.bytes", l.Bytes>>20)
	}
	t := &Table{}
	switch {
	case bytes.HasPrefix(data, []byte("PK\x03\x04")):
		err = t.readXLSX(data, l)
	case bytes.HasPrefix(data, []byte{0xD0, 0xCF, 0x11, 0xE0}): // XLS, or XLSX behind a password
		err = fault.New(fault.Invalid, "the file is an old or a locked workbook").Say("sheet.locked").Do("save it as XLSX without a password, or as CSV")
	default:
		err = t.readCSV(data, l)
	}
	if err != nil {
		return nil, err
	}
	if len(t.Rows) == 0 {
		return nil, fault.New(fault.Invalid, "the file says nothing").Say("sheet.empty")
	}
	t.Head, t.Rows = t.Rows[0], t.Rows[1:]
	return t, nil
}

// add takes a row if it is within limits, and says something.
func (t *Table) add(r Row, cells *int, l Limits) error {
	for len(r.Cells) > 0 && strings.TrimSpace(r.Cells[len(r.Cells)-1]) == "" {
		r.Cells = r.Cells[:len(r.Cells)-1]
	}
	*cells += len(r.Cells)
	switch {
	case r.empty():
		return nil
	case r.Number > l.Rows:
		return fault.New(fault.Invalid, "there are more than %d rows", l.Rows).OnLine(int64(r.Number)).Say("sheet.rows", l.Rows)
	case len(r.Cells) > l.Columns:
		return fault.New(fault.Invalid, "there are more than %d columns", l.Columns).OnLine(int64(r.Number)).Say("sheet.columns", l.Columns, r.Number)
	case *cells > l.Cells:
		return fault.New(fault.Invalid, "there are more than %d cells", l.Cells).OnLine(int64(r.Number)).Say("sheet.cells", l.Cells)
	}
	for i, c := range r.Cells {
		if utf8.RuneCountInString(c) > l.Cell {
			return fault.New(fault.Invalid, "a cell has more than %d characters", l.Cell).OnLine(int64(r.Number)).Where(Letters(i+1)).Say("sheet.cell", l.Cell, r.Number)
		}
		r.Cells[i] = typed(strings.ToValidUTF8(c, "\uFFFD"))
	}
	t.Rows = append(t.Rows, r)
	return nil
}

// Letters names a column as spreadsheets do: 1 is A, 27 is AA.
func Letters(column int) string {
	if column < 1 {
		return ""
	}
	return Letters((column-1)/26) + string(rune('A'+(column-1)%26))
}

// formula tells whether a spreadsheet could read a text as a formula.
func formula(s string) bool {
	first, _ := utf8.DecodeRuneInString(s)
	return s != "" && strings.ContainsRune("=+-@\t\r\n＝＋－＠", first)
}

// Inert gives a text as it may stand in a cell, so that no spreadsheet reads it as a formula.
func Inert(s string) string {
	if formula(strings.TrimLeft(s, "'")) {
		return "'" + s
	}
	return s
}

// typed takes away what Inert put before a text.
func typed(s string) string {
	if rest, ok := strings.CutPrefix(s, "'"); ok && formula(strings.TrimLeft(rest, "'")) {
		return rest
	}
	return s
}
