package web

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/sheet"
)

// FormatOf tells what a list is asked for as: "csv", "json", or "" for the page.
func FormatOf(r *http.Request) (string, error) {
	switch f := r.URL.Query().Get("format"); f {
	case "", "csv", "json":
		return f, nil
	}
	return "", fault.New(fault.Invalid, "the format is csv or json").Where("format")
}

// TableFormatOf is FormatOf of a list that is a workbook too: "xlsx".
func TableFormatOf(r *http.Request) (string, error) {
	if r.URL.Query().Get("format") == "xlsx" {
		return "xlsx", nil
	}
	return FormatOf(r)
}

// Formats is where a page's list is as files.
type Formats struct{ CSV, JSON, XLSX string }

// FormatsAt gives the addresses of the list at an address as files, with its filters.
func FormatsAt(here string) Formats {
	u, err := url.Parse(here)
	if err != nil {
		return Formats{}
	}
	q := u.Query()
	q.Del("lang")
	q.Del("after") // a file has all of it
	at := u.Path + "?"
	as := func(format string) string { q.Set("format", format); return at + q.Encode() }
	return Formats{CSV: as("csv"), JSON: as("json")}
}

// TablesAt is FormatsAt of a list that is a workbook too.
func TablesAt(here string) Formats {
	f := FormatsAt(here)
	f.XLSX = strings.Replace(f.CSV, "format=csv", "format=xlsx", 1)
	return f
}

// Export sends a list as a file, row by row: as CSV with a head, or as a JSON array of objects; or all at once, as a workbook.
type Export struct {
	w       http.ResponseWriter
	out     *bufio.Writer
	csv     *csv.Writer   // nil: JSON
	book    *sheet.Writer // nil: no workbook
	err     error         // why there is none
	columns []string
	keys    []string // the columns as JSON has them
	rows    int
}

// NewExport prepares a file. What it buffers is sent at the first row at the earliest. The columns have names for
// programs, the same in every language.
func NewExport(w http.ResponseWriter, format, name string, columns ...string) *Export {
	e := &Export{w: w, out: bufio.NewWriterSize(w, 32<<10), columns: columns}
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	if format == "xlsx" {
		h.Set("Content-Type", sheet.TypeXLSX)
		h.Set("Content-Disposition", `attachment; filename="`+FileName(name)+`.xlsx"`)
		e.book, e.err = sheet.XLSX(e.out, name, columns...)
		return e
	}
	if format == "csv" {
		h.Set("Content-Type", "text/csv; charset=utf-8")
		h.Set("Content-Disposition", `attachment; filename="`+FileName(name)+`.csv"`)
		e.csv = csv.NewWriter(e.out)
		_ = e.csv.Write(columns) // to a buffer
		return e
	}
	h.Set("Content-Type", "application/json")
	for _, c := range columns {
		key, _ := json.Marshal(c) // a string is always JSON
		e.keys = append(e.keys, string(key)+":")
	}
	return e
}

// FileName makes a name that may stand in a header and on every disk.
func FileName(name string) string {
	return strings.Map(func(r rune) rune {
		if r == '-' || r == '_' || r == '.' || '0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' {
			return r
		}
		return '_'
	}, name)
}

// Row sends one row: a value for each column, nil for what is not known.
func (e *Export) Row(values ...any) error {
	if len(values) != len(e.columns) {
		return fault.New(fault.Internal, "%d values for %d columns", len(values), len(e.columns))
	}
	if e.err != nil {
		return e.err
	}
	if e.book != nil {
		return e.bookRow(values)
	}
	e.rows++
	cells := make([]string, len(values))
	for i, v := range values {
		b, err := json.Marshal(v)
		if err != nil {
			return err
		}
		cells[i] = string(b)
		if e.csv != nil {
			cells[i] = cell(b)
		}
	}
	if e.csv != nil {
		return e.csv.Write(cells)
	}
	start := ",\n{"
	if e.rows == 1 {
		start = "[\n{"
	}
	_, err := e.out.WriteString(start)
	for i, c := range cells {
		if i > 0 {
			c = "," + e.keys[i] + c
		} else {
			c = e.keys[i] + c
		}
		_, err = e.out.WriteString(c) // an error stays in the writer and comes with the next
	}
	if err == nil {
		err = e.out.WriteByte('}')
	}
	return err
}

// bookRow writes values as a workbook has them: what JSON makes of them, and times as days.
func (e *Export) bookRow(values []any) error {
	cells := make([]any, len(values))
	for i, v := range values {
		if _, ok := v.(time.Time); ok {
			cells[i] = v
			continue
		}
		b, err := json.Marshal(v)
		if err == nil {
			err = json.Unmarshal(b, &cells[i])
		}
		if err != nil {
			return err
		}
	}
	return e.book.Row(cells...)
}

// cell writes a JSON value as a cell.
func cell(b []byte) string {
	var text string
	switch {
	case string(b) == "null":
		return ""
	case json.Unmarshal(b, &text) == nil:
		return sheet.Inert(text)
	}
	return string(b)
}

// End sends what is left, and the status.
func (e *Export) End() int {
	switch {
	case e.book != nil:
		_ = e.book.Close() // to a buffer, and a reader who left is no failure of ours
	case e.csv != nil:
		e.csv.Flush()
	case e.rows > 0:
		_, _ = e.out.WriteString("\n]\n")
	default:
		_, _ = e.out.WriteString("[]\n")
	}
	_ = e.out.Flush() // a reader who left is no failure of ours
	return http.StatusOK
}

// Cut ends a list that failed. With rows under way it cuts the connection, so that nobody takes half a list for a whole
// one; before them it makes room for an error page.
func (e *Export) Cut() {
	if e.rows > 0 {
		panic(http.ErrAbortHandler)
	}
	if e.book != nil {
		e.book.Drop()
	}
	e.w.Header().Del("Content-Disposition")
}
