package report

import (
	"archive/zip"
	"bytes"
	"encoding/csv"
	"fmt"
	"html/template"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/xuri/excelize/v2"
)

// File is one of a run's files.
type File struct {
	Name string
	Data []byte
}

// Files are all forms of the run: the report, the run as JSON, its tables as one workbook and as a CSV each, its drawings as SVG.
func (t *Teller) Files() ([]File, error) {
	var out []File
	for _, f := range []struct {
		name  string
		write func(io.Writer) error
	}{
		{"report.html", t.HTML},
		{"run.json", func(w io.Writer) error { return JSON(w, t.Run) }},
		{"tables.xlsx", t.XLSX},
	} {
		var b bytes.Buffer
		if err := f.write(&b); err != nil {
			return nil, fmt.Errorf("%s: %w", f.name, err)
		}
		out = append(out, File{f.name, b.Bytes()})
	}
	for _, table := range t.Tables() {
		var b bytes.Buffer
		if err := table.CSV(&b); err != nil {
			return nil, fmt.Errorf("%s: %w", table.Name, err)
		}
		out = append(out, File{table.Name + ".csv", b.Bytes()})
	}
	for _, f := range t.Figures() {
		svg, err := Standalone(f.SVG)
		if err != nil {
			return nil, err
		}
		out = append(out, File{f.Name + ".svg", svg})
	}
	return out, nil
}

// Zip writes all files in one.
func (t *Teller) Zip(w io.Writer) error {
	all, err := t.Files()
	if err != nil {
		return err
	}
	z := zip.NewWriter(w)
	for _, f := range all {
		// No time: the same run gives the same bytes.
		part, err := z.CreateHeader(&zip.FileHeader{Name: f.Name, Method: zip.Deflate})
		if err != nil {
			return err
		}
		if _, err := part.Write(f.Data); err != nil {
			return err
		}
	}
	return z.Close()
}

// CSV writes the table with numbers in full and a point as decimal mark, whatever the language.
func (t Table) CSV(w io.Writer) error {
	c := csv.NewWriter(w)
	if err := c.Write(t.Head); err != nil {
		return err
	}
	for _, row := range t.Rows {
		line := make([]string, len(row))
		for i, cell := range row {
			if line[i] = harmless(cell.Text); cell.Number != nil {
				line[i] = strconv.FormatFloat(*cell.Number, 'g', -1, 64)
			}
		}
		if err := c.Write(line); err != nil {
			return err
		}
	}
	c.Flush()
	return c.Error()
}

// harmless keeps a spreadsheet from taking words for a formula.
func harmless(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r", rune(s[0])) {
		return "'" + s
	}
	return s
}

// XLSX writes every table as a sheet, numbers as numbers.
func (t *Teller) XLSX(w io.Writer) error {
	book := excelize.NewFile()
	defer book.Close()
	// A fixed day: the same run gives the same bytes.
	const day = "2000-01-01T00:00:00Z"
	if err := book.SetDocProps(&excelize.DocProperties{Creator: "samverk", Title: t.Model.Title, Identifier: t.ID, Created: day, Modified: day}); err != nil {
		return err
	}
	bold, err := book.NewStyle(&excelize.Style{Font: &excelize.Font{Bold: true}, Alignment: &excelize.Alignment{WrapText: true, Vertical: "top"}})
	if err != nil {
		return err
	}
	used := map[string]bool{}
	for _, table := range t.Tables() {
		name := sheetName(table.Name, used)
		if _, err := book.NewSheet(name); err != nil {
			return err
		}
		if err := fill(book, name, table, bold); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	if err := book.DeleteSheet("Sheet1"); err != nil {
		return err
	}
	book.SetActiveSheet(0)
	return book.Write(w)
}

// sheetName is at most 31 characters, and no other sheet's.
func sheetName(name string, used map[string]bool) string {
	cut := name
	for n := 2; ; n++ {
		if r := []rune(cut); len(r) > 31 {
			cut = string(r[:31])
		}
		if !used[strings.ToLower(cut)] {
			used[strings.ToLower(cut)] = true
			return cut
		}
		tail := "-" + strconv.Itoa(n)
		cut = string([]rune(name)[:min(utf8.RuneCountInString(name), 31-len(tail))]) + tail
	}
}

func fill(book *excelize.File, name string, table Table, bold int) error {
	head := make([]any, len(table.Head))
	for i, h := range table.Head {
		head[i] = h
	}
	if err := book.SetSheetRow(name, "A1", &head); err != nil {
		return err
	}
	if err := book.SetRowStyle(name, 1, 1, bold); err != nil {
		return err
	}
	if err := book.SetColWidth(name, "A", "A", 34); err != nil {
		return err
	}
	if err := book.SetColWidth(name, "B", "J", 18); err != nil {
		return err
	}
	for r, row := range table.Rows {
		line := make([]any, len(row))
		for i, cell := range row {
			if line[i] = cell.Text; cell.Number != nil {
				line[i] = *cell.Number
			}
		}
		at, err := excelize.CoordinatesToCellName(1, r+2)
		if err != nil {
			return err
		}
		if err := book.SetSheetRow(name, at, &line); err != nil {
			return err
		}
	}
	return book.SetPanes(name, &excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"})
}

// Standalone makes a drawing a file of its own, with its colours.
func Standalone(svg template.HTML) ([]byte, error) {
	style, err := files.ReadFile("pages/chart.css")
	if err != nil {
		return nil, err
	}
	head, rest, ok := strings.Cut(string(svg), ">")
	if !ok {
		return nil, fmt.Errorf("there is no drawing")
	}
	root := `:root { --data: #0b5d6b; --data-2: #7c9a3b; --ref: #5d7077; --flag: #b13d20; --grid: #dbe4e6; --soft: #cfe3e6; --zone: #eef3f4; --ink: #17272c; --ink-2: #4a5c62; --paper: #ffffff; }`
	return []byte(head + ` xmlns="http://www.w3.org/2000/svg"><style>` + root + "\n" + string(style) + "</style>" + rest + "\n"), nil
}
