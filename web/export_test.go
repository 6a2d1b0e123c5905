package web_test

import (
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/samverk/samverk/sheet"
	"github.com/samverk/samverk/web"
)

// A spreadsheet reads no text of a file as a formula.
func TestNoCellIsAFormula(t *testing.T) {
	for _, text := range []string{"=1", "+1", "-1", "@SUM(1)", "\t=1", "\r=1", "\n=1", "＝1", "＋1", "－1", "＠SUM(1)"} {
		w := httptest.NewRecorder()
		e := web.NewExport(w, "csv", "a", "a")
		if err := e.Row(text); err != nil {
			t.Fatal(err)
		}
		e.End()
		if cell := strings.TrimPrefix(strings.TrimPrefix(w.Body.String(), "a\n"), `"`); !strings.HasPrefix(cell, "'") {
			t.Errorf("%q is written as %q", text, cell)
		}
	}
}

// A list as a workbook has what the list has as CSV.
func TestWorkbook(t *testing.T) {
	w := httptest.NewRecorder()
	e := web.NewExport(w, "xlsx", "measures", "what", "due", "reports", "late", "owner")
	if err := e.Row("=1", time.Date(2026, 3, 31, 0, 0, 0, 0, time.UTC), 12, true, nil); err != nil {
		t.Fatal(err)
	}
	e.End()
	table, err := sheet.Open(w.Body, sheet.Usual)
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(table.Rows[0].Cells, "|"); got != "=1|2026-03-31|12|1" || table.Head.Cells[4] != "owner" || w.Header().Get("Content-Type") != sheet.TypeXLSX {
		t.Errorf("%q under %q", got, table.Head.Cells)
	}
}
