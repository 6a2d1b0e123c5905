package sheet

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"

	"github.com/xuri/excelize/v2"

	"github.com/samverk/samverk/fault"
)

// Types of the files, for a header.
const (
	TypeCSV  = "text/csv; charset=utf-8"
	TypeXLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
)

// Writer writes a table row by row. CSV goes out as it comes, XLSX when it is closed.
type Writer struct {
	csv    *csv.Writer
	out    io.Writer
	file   *excelize.File
	stream *excelize.StreamWriter
	day    int // the style of a date
	row    int
}

// CSV writes a table as CSV, under its head.
func CSV(w io.Writer, head ...string) *Writer {
	s := &Writer{csv: csv.NewWriter(w)}
	for i, h := range head {
		head[i] = Inert(h)
	}
	_ = s.csv.Write(head) // an error stays in the writer and comes with the next
	return s
}

// XLSX writes a table as a workbook with one sheet, under its head.
func XLSX(w io.Writer, name string, head ...string) (*Writer, error) {
	s := &Writer{out: w, file: excelize.NewFile()}
	if err := s.begin(sheetName(name), head); err != nil {
		_ = s.file.Close()
		return nil, fault.Wrap(fault.Internal, err, "a workbook can't be begun")
	}
	return s, nil
}

func (s *Writer) begin(name string, head []string) (err error) {
	if err := s.file.SetSheetName("Sheet1", name); err != nil {
		return err
	}
	if s.stream, err = s.file.NewStreamWriter(name); err != nil {
		return err
	}
	iso := "yyyy-mm-dd"
	if s.day, err = s.file.NewStyle(&excelize.Style{CustomNumFmt: &iso}); err != nil {
		return err
	}
	bold, err := s.file.NewStyle(&excelize.Style{Font: &excelize.Font{Bold: true}})
	if err != nil {
		return err
	}
	if err := s.stream.SetPanes(&excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"}); err != nil {
		return err
	}
	cells := make([]any, len(head))
	for i, h := range head {
		cells[i] = excelize.Cell{StyleID: bold, Value: Inert(h)}
	}
	s.row = 1
	return s.stream.SetRow("A1", cells)
}

// sheetName makes a name that a sheet may have.
func sheetName(s string) string {
	s = strings.Trim(strings.Map(func(r rune) rune {
		if strings.ContainsRune(`:\/?*[]`, r) || r < ' ' {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "")), "' ")
	for len(utf16.Encode([]rune(s))) > 31 {
		rest := []rune(s)
		s = string(rest[:len(rest)-1])
	}
	if strings.TrimSpace(s) == "" {
		return "1"
	}
	return s
}

// Row writes one row: texts, numbers, true or false, times (as their day, in their own zone), and nil for what isn't known.
func (s *Writer) Row(values ...any) error {
	if s.csv != nil {
		record := make([]string, len(values))
		for i, v := range values {
			record[i] = plain(v)
		}
		return s.csv.Write(record)
	}
	s.row++
	cells := make([]any, len(values))
	for i, v := range values {
		switch v := v.(type) {
		case time.Time:
			if !v.IsZero() {
				y, m, d := v.Date()
				cells[i] = excelize.Cell{StyleID: s.day, Value: time.Date(y, m, d, 0, 0, 0, 0, time.UTC)}
			}
		case string:
			if len(utf16.Encode([]rune(v))) >= excelize.TotalCellChars {
				return fault.New(fault.Invalid, "a cell of a workbook holds %d characters", excelize.TotalCellChars).OnLine(int64(s.row)).Where(Letters(i + 1))
			}
			if v != "" {
				cells[i] = Inert(v)
			}
		case nil, bool, int, int64, float64:
			cells[i] = v
		default:
			cells[i] = Inert(fmt.Sprint(v))
		}
	}
	return s.stream.SetRow("A"+strconv.Itoa(s.row), cells)
}

// plain writes a value as text.
func plain(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return Inert(v)
	case time.Time:
		if v.IsZero() {
			return ""
		}
		return v.Format("2006-01-02")
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case int, int64, bool:
		return fmt.Sprint(v)
	}
	return Inert(fmt.Sprint(v))
}

// Close sends what is left. Without it there is no workbook.
func (s *Writer) Close() error {
	if s.csv != nil {
		s.csv.Flush()
		return s.csv.Error()
	}
	if err := s.stream.Flush(); err != nil {
		_ = s.file.Close()
		return err
	}
	if _, err := s.file.WriteTo(s.out); err != nil {
		_ = s.file.Close()
		return err
	}
	return s.file.Close()
}

// Drop gives up a workbook that won't be sent.
func (s *Writer) Drop() {
	if s.file != nil {
		_ = s.file.Close()
	}
}
