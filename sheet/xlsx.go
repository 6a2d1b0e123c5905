package sheet

import (
	"bytes"
	"math"
	"strconv"
	"strings"

	"github.com/xuri/excelize/v2"

	"github.com/samverk/samverk/fault"
)

// readXLSX reads the first sheet that says something. The reader is of others' making and meets files that were made to break it: what
// breaks there is the file's fault.
func (t *Table) readXLSX(data []byte, l Limits) (err error) {
	defer func() {
		if recover() != nil {
			err = unread(nil)
		}
	}()
	f, err := excelize.OpenReader(bytes.NewReader(data), excelize.Options{RawCellValue: true, UnzipSizeLimit: l.Unpacked, UnzipXMLSizeLimit: l.Unpacked})
	if err != nil {
		return unread(err)
	}
	defer func() { _ = f.Close() }() // it holds memory only: nothing is unpacked to a disk below Unpacked
	for _, name := range f.GetSheetList() {
		if len(t.Rows) > 0 {
			t.Others = append(t.Others, name)
			continue
		}
		if err := t.readSheet(f, name, l); err != nil {
			return err
		}
	}
	return nil
}

func unread(err error) error {
	return fault.Wrap(fault.Invalid, err, "the workbook can't be read").Say("sheet.unread")
}

// readSheet reads a sheet twice: first row by row within the limits, and only then, as a whole, for which numbers are dates.
func (t *Table) readSheet(f *excelize.File, name string, l Limits) error {
	rows, err := f.Rows(name)
	if err != nil {
		return nil //nolint:nilerr // a sheet of drawings, not of cells
	}
	defer func() { _ = rows.Close() }()
	number, width, cells := 0, 0, 0
	for rows.Next() {
		number++
		row, err := rows.Columns()
		if err != nil {
			return unread(err)
		}
		if len(row) == 0 {
			continue
		}
		width = max(width, len(row))
		if number > l.Rows || number*width > l.Cells { // reading it whole takes room for all of it
			return fault.New(fault.Invalid, "there are more than %d rows", l.Rows).OnLine(int64(number)).Say("sheet.rows", l.Rows)
		}
		if err := t.add(Row{number, row}, &cells, l); err != nil {
			return err
		}
	}
	t.Name = name
	return t.dates(f, name)
}

// dates writes the numbers that a spreadsheet shows as dates as such.
func (t *Table) dates(f *excelize.File, name string) error {
	dated := map[int]bool{}
	for _, r := range t.Rows {
		for i, c := range r.Cells {
			days, err := strconv.ParseFloat(c, 64)
			if err != nil || days < 1 || days > 2_958_466 { // 9999-12-31
				continue
			}
			at := Letters(i+1) + strconv.Itoa(r.Number)
			kind, err := f.GetCellType(name, at)
			if err != nil {
				return unread(err)
			}
			if kind != excelize.CellTypeUnset && kind != excelize.CellTypeNumber {
				continue
			}
			id, err := f.GetCellStyle(name, at)
			if err != nil {
				return unread(err)
			}
			is, known := dated[id]
			if !known {
				is = isDate(f, id)
				dated[id] = is
			}
			if is {
				r.Cells[i] = day(f, days, c)
			}
		}
	}
	return nil
}

// day writes a date as a spreadsheet keeps it: days since 1899-12-30, or since 1904.
func day(f *excelize.File, days float64, or string) string {
	props, err := f.GetWorkbookProps()
	since1904 := err == nil && props.Date1904 != nil && *props.Date1904
	at, err := excelize.ExcelDateToTime(days, since1904)
	if err != nil {
		return or
	}
	if days == math.Trunc(days) {
		return at.Format("2006-01-02")
	}
	return at.Format("2006-01-02 15:04")
}

// isDate tells whether a style shows a number as a date: one of the built-in formats (ECMA-376, 18.8.30), or one that names years or days.
func isDate(f *excelize.File, id int) bool {
	style, err := f.GetStyle(id)
	if err != nil {
		return false
	}
	if style.CustomNumFmt == nil {
		n := style.NumFmt
		return n >= 14 && n <= 17 || n == 22 || n >= 27 && n <= 36 || n >= 50 && n <= 58
	}
	quoted := false
	for _, c := range strings.ToLower(withoutBrackets(*style.CustomNumFmt)) {
		switch {
		case c == '"':
			quoted = !quoted
		case !quoted && (c == 'y' || c == 'd'):
			return true
		}
	}
	return false
}

// withoutBrackets leaves out what a format says of colours and languages: "[$-41D]d mmm", "[Red]".
func withoutBrackets(s string) string {
	var b strings.Builder
	depth := 0
	for _, c := range s {
		switch {
		case c == '[':
			depth++
		case c == ']':
			depth--
		case depth <= 0:
			b.WriteRune(c)
		}
	}
	return b.String()
}
