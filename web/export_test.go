package web_test

import (
	"net/http/httptest"
	"strings"
	"testing"

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
