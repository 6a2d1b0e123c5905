package sheet_test

import (
	"archive/zip"
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"
	"pgregory.net/rapid"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/sheet"
)

func open(t testing.TB, s string) *sheet.Table {
	t.Helper()
	table, err := sheet.Open(strings.NewReader(s), sheet.Usual)
	if err != nil {
		t.Fatal(err)
	}
	return table
}

// What programs write as CSV is read, and each row knows where it stands.
func TestCSVAsPeopleHaveIt(t *testing.T) {
	for name, file := range map[string]string{
		"comma":        "Åtgärd,Ägare\n\n007,Sven\n",
		"semicolon":    "Åtgärd;Ägare\r\n\r\n007;Sven\r\n",
		"tab":          "Åtgärd\tÄgare\n\n007\tSven",
		"mark":         "\uFEFFÅtgärd,Ägare\n\n007,Sven\n",
		"sep":          "sep=;\nÅtgärd;Ägare\n007;Sven\n",
		"Windows-1252": "\xC5tg\xE4rd;\xC4gare\n\n007;Sven\n",
		"UTF-16":       "\xFF\xFE" + strings.Join(strings.Split("Åtgärd\tÄgare\n\n007\tSven\n", ""), ""),
		"quotes":       "\"Åtgärd\",Ägare\n\n\"007\",\" Sven \"\n",
	} {
		if name == "UTF-16" {
			var b bytes.Buffer
			b.WriteString("\xFF\xFE")
			for _, r := range "Åtgärd\tÄgare\n\n007\tSven\n" {
				b.WriteByte(byte(r))
				b.WriteByte(byte(r >> 8))
			}
			file = b.String()
		}
		t.Run(name, func(t *testing.T) {
			r := open(t, file).Under([]sheet.Column{{Key: "what", Names: []string{"tiltak", "åtgärd"}, Needed: true}, {Key: "owner", Names: []string{"ägare"}}})
			for row := range r.Rows {
				want := 3
				if name == "sep" {
					want = 2
				}
				if r.Text("what") != "007" || r.Text("owner") != "Sven" || row.Number != want {
					t.Errorf("row %d: %q, %q", row.Number, r.Raw("what"), r.Raw("owner"))
				}
			}
			if p, _ := r.Problems(); len(p) > 0 || len(r.Unknown) > 0 {
				t.Error(p, r.Unknown)
			}
		})
	}
}

// A cell over several lines doesn't move the rows beneath it.
func TestRowsAreTheSpreadsheets(t *testing.T) {
	table := open(t, "a,b\n\"one\n\ntwo\",1\n\n\n\"x\ny\",2\n")
	var at []int
	for _, r := range table.Rows {
		at = append(at, r.Number)
	}
	if diff := cmp.Diff([]int{2, 5}, at); diff != "" {
		t.Error(diff)
	}
}

// All that is wrong is told at once, by row and column.
func TestProblemsByRow(t *testing.T) {
	r := open(t, "What;Due;Priority;Extra\na;2026-02-30;1;x\nb;;high;\nc;2026-03-31;2;\n").Under([]sheet.Column{{Key: "what"}, {Key: "due"}, {Key: "priority"}})
	var days []string
	for range r.Rows {
		if d := r.Day("due", time.UTC); !d.IsZero() {
			days = append(days, d.Format("2006-01-02"))
		}
		r.Int("priority")
	}
	problems, more := r.Problems()
	type told struct {
		Row          int
		Column, Code string
	}
	var got []told
	for _, p := range problems {
		got = append(got, told{p.Row, p.Column, p.Err.Code})
	}
	if diff := cmp.Diff([]told{{2, "B", "sheet.day"}, {3, "C", "sheet.int"}}, got); diff != "" || more != 0 {
		t.Error(diff, more)
	}
	if diff := cmp.Diff([]string{"2026-03-31"}, days); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"Extra"}, r.Unknown); diff != "" {
		t.Error(diff)
	}
	for _, head := range []string{"due\n1\n", "what,What\n1,2\n"} {
		r := open(t, head).Under([]sheet.Column{{Key: "what", Needed: true}, {Key: "due"}})
		for range r.Rows {
			t.Error("a row is read under a head that lacks something")
		}
		if p, _ := r.Problems(); len(p) != 1 {
			t.Error(p)
		}
	}
}

// A workbook made elsewhere: dates in its own form, numbers, formulas, texts of digits, empty rows, and a second sheet.
func TestWorkbook(t *testing.T) {
	f := excelize.NewFile()
	short, named, money := 14, `[$-41D]d mmmm yyyy`, `#,##0.00 "days"`
	a, _ := f.NewStyle(&excelize.Style{NumFmt: short})
	b, _ := f.NewStyle(&excelize.Style{CustomNumFmt: &named})
	c, _ := f.NewStyle(&excelize.Style{CustomNumFmt: &money})
	_, _ = f.NewSheet("Two")
	for at, v := range map[string]any{"A1": "what", "B1": "due", "A4": "007", "B4": 46112, "C4": 46112.5, "D4": 46112, "E4": true, "A5": "'=1+1"} {
		if err := f.SetCellValue("Sheet1", at, v); err != nil {
			t.Fatal(err)
		}
	}
	_ = f.SetCellStyle("Sheet1", "B4", "B4", a)
	_ = f.SetCellStyle("Sheet1", "C4", "C4", b)
	_ = f.SetCellStyle("Sheet1", "D4", "D4", c)
	_ = f.SetCellFormula("Sheet1", "F4", "1+1")
	var out bytes.Buffer
	if err := f.Write(&out); err != nil {
		t.Fatal(err)
	}
	table, err := sheet.Open(&out, sheet.Usual)
	if err != nil {
		t.Fatal(err)
	}
	want := &sheet.Table{Name: "Sheet1", Others: []string{"Two"}, Head: sheet.Row{Number: 1, Cells: []string{"what", "due"}}, Rows: []sheet.Row{
		{Number: 4, Cells: []string{"007", "2026-03-31", "2026-03-31 12:00", "46112", "1"}}, {Number: 5, Cells: []string{"=1+1"}}}}
	if diff := cmp.Diff(want, table); diff != "" {
		t.Error(diff)
	}
}

// What is written is what is read, whatever was typed; and no cell of it is a formula.
func TestWhatIsWrittenIsRead(t *testing.T) {
	text := rapid.OneOf(rapid.StringMatching(`[a-zåäö '"=,;+@\-]{0,12}`), rapid.StringMatching(`[=+@\-'\t\n][ -~]{1,8}`), rapid.StringN(0, 12, -1))
	rapid.Check(t, func(t *rapid.T) {
		width := rapid.IntRange(1, 4).Draw(t, "width")
		var rows [][]string
		for range rapid.IntRange(1, 5).Draw(t, "rows") {
			row := []string{"x"} // a row that says something
			for range width {
				row = append(row, readable(text.Draw(t, "cell")))
			}
			rows = append(rows, append(row, "."))
		}
		for _, make := range []func(io.Writer) (*sheet.Writer, error){
			func(w io.Writer) (*sheet.Writer, error) { return sheet.CSV(w, "a", "b"), nil },
			func(w io.Writer) (*sheet.Writer, error) { return sheet.XLSX(w, "Åtgärder [2026]", "a", "b") },
		} {
			var b bytes.Buffer
			w, err := make(&b)
			if err != nil {
				t.Fatal(err)
			}
			for _, row := range rows {
				var values []any
				for _, c := range row {
					values = append(values, c)
				}
				if err := w.Row(values...); err != nil {
					t.Fatal(err)
				}
			}
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			table, err := sheet.Open(&b, sheet.Usual)
			if err != nil {
				t.Fatal(err)
			}
			var got [][]string
			for i, r := range table.Rows {
				if r.Number != i+2 {
					t.Fatalf("row %d is told as %d", i+2, r.Number)
				}
				got = append(got, r.Cells)
			}
			if diff := cmp.Diff(rows, got); diff != "" {
				t.Fatal(diff)
			}
		}
	})
}

// readable is a text without what no XML holds, and with the line ends that CSV keeps.
func readable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' && r != '\t' || r == 0xFFFE || r == 0xFFFF || r == 0x7F || r == '\u0085' {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, ""))
}

func TestValues(t *testing.T) {
	day := time.Date(2026, 3, 31, 23, 0, 0, 0, time.FixedZone("", 7200))
	var c, x bytes.Buffer
	w := sheet.CSV(&c, "a")
	_ = w.Row(1, int64(2), 1.5, true, nil, day, "-1", -1)
	_ = w.Close()
	if want := "a\n1,2,1.5,true,,2026-03-31,'-1,-1\n"; c.String() != want {
		t.Errorf("got %q", c.String())
	}
	w, err := sheet.XLSX(&x, "", "a")
	if err != nil {
		t.Fatal(err)
	}
	_ = w.Row(1, int64(2), 1.5, true, nil, day, "-1", -1)
	_ = w.Close()
	table, err := sheet.Open(&x, sheet.Usual)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"1", "2", "1.5", "1", "", "2026-03-31", "-1", "-1"}, table.Rows[0].Cells); diff != "" {
		t.Error(diff)
	}
}

// A file is refused before it takes more room than it may.
func TestLimits(t *testing.T) {
	l := sheet.Limits{Bytes: 1 << 20, Unpacked: 4 << 20, Rows: 10, Columns: 4, Cells: 20, Cell: 5}
	book := func(at, row string) string { // a workbook of one cell that says to be far away
		f := excelize.NewFile()
		_ = f.SetCellValue("Sheet1", "A1", 1)
		var b, out bytes.Buffer
		_ = f.Write(&b)
		in, _ := zip.NewReader(bytes.NewReader(b.Bytes()), int64(b.Len()))
		z := zip.NewWriter(&out)
		for _, one := range in.File {
			r, _ := one.Open()
			text, _ := io.ReadAll(r)
			w, _ := z.Create(one.Name)
			if strings.HasSuffix(one.Name, "sheet1.xml") {
				text = bytes.ReplaceAll(bytes.ReplaceAll(text, []byte(`r="A1"`), []byte(`r="`+at+`"`)), []byte(`<row r="1"`), []byte(`<row r="`+row+`"`))
			}
			_, _ = w.Write(text)
		}
		_ = z.Close()
		return out.String()
	}
	for code, file := range map[string]string{
		"sheet.bytes":   strings.Repeat("x", 1<<20+1),
		"sheet.rows":    strings.Repeat("x\n", 11),
		"sheet.columns": "a,b,c,d,e\n",
		"sheet.cells":   strings.Repeat("a,b,c\n", 7),
		"sheet.cell":    "abcdef\n",
		"sheet.empty":   "\n,,\n",
		"sheet.quotes":  "a\n\"b",
		"sheet.locked":  "\xD0\xCF\x11\xE0rest",
		"sheet.unread":  "PK\x03\x04rest",
		"sheet.rows ":   book("A1048576", "1048576"),
		"sheet.rows  ":  book("XFD1", "1"),
		"sheet.unread ": "a\x00b",
	} {
		_, err := sheet.Open(strings.NewReader(file), l)
		var f *fault.Error
		if !errors.As(err, &f) || f.Kind != fault.Invalid || f.Code != strings.TrimSpace(code) {
			t.Errorf("%s: %v", code, err)
		}
	}
	var bomb bytes.Buffer
	w, _ := sheet.XLSX(&bomb, "", "a")
	for range 300 {
		_ = w.Row(strings.Repeat("x", 30_000))
	}
	_ = w.Close()
	if bomb.Len() > 1<<20 {
		t.Fatal("not packed")
	}
	if _, err := sheet.Open(&bomb, l); fault.KindOf(err) != fault.Invalid {
		t.Error(err)
	}
}

func FuzzOpen(f *testing.F) {
	f.Add([]byte("a;b\n1;2\n"))
	f.Add([]byte("\xFF\xFEa\x00"))
	var x bytes.Buffer
	w, _ := sheet.XLSX(&x, "a", "what", "due")
	_ = w.Row("=1", time.Date(2026, 3, 31, 0, 0, 0, 0, time.UTC))
	_ = w.Close()
	f.Add(x.Bytes())
	l := sheet.Limits{Bytes: 1 << 20, Unpacked: 4 << 20, Rows: 1000, Columns: 20, Cells: 5000, Cell: 1000}
	f.Fuzz(func(t *testing.T, data []byte) {
		table, err := sheet.Open(bytes.NewReader(data), l)
		if err != nil {
			if fault.KindOf(err) != fault.Invalid {
				t.Fatal(err)
			}
			return
		}
		last := 0
		for _, r := range append([]sheet.Row{table.Head}, table.Rows...) {
			if r.Number <= last || r.Number > l.Rows || len(r.Cells) > l.Columns {
				t.Fatalf("row %d after %d", r.Number, last)
			}
			last = r.Number
		}
		r := table.Under([]sheet.Column{{Key: "what"}, {Key: "due"}})
		for range r.Rows {
			r.Day("due", time.UTC)
			r.Int("what")
		}
	})
}
