package econ_test

import (
	"bytes"
	"os"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/samverk/samverk/econ"
)

// cases are all reference models that there are.
func cases(t testing.TB) (names []string) {
	t.Helper()
	entries, err := os.ReadDir("testdata/reference")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if _, err := os.Stat("testdata/reference/" + e.Name() + "/model.yaml"); err == nil {
			names = append(names, e.Name())
		}
	}
	return names
}

func reread(t testing.TB, files map[string][]byte) *econ.Model {
	t.Helper()
	fsys := fstest.MapFS{}
	for name, text := range files {
		fsys[name] = &fstest.MapFile{Data: text}
	}
	m, err := econ.Read(fsys, "model.yaml")
	if err != nil {
		t.Fatalf("%v\n%s", err, files["model.yaml"])
	}
	return m
}

// TestLossless: a model says the same in one file, in CSV and in a workbook, and back again, to the byte.
func TestLossless(t *testing.T) {
	same := cmp.Options{cmpopts.IgnoreTypes(econ.Pos{}), cmpopts.IgnoreUnexported(econ.Model{}), cmpopts.EquateEmpty(), cmpopts.IgnoreFields(econ.Table{}, "File", "Columns", "Rows")}
	for _, name := range cases(t) {
		m := reference(t, name)
		one, err := m.Files(econ.OneFile)
		if err != nil {
			t.Fatal(err)
		}
		for _, as := range []econ.Layout{econ.OneFile, econ.CSVFiles, econ.Workbook} {
			if as == econ.Workbook && name == "sick-sicker" && os.Getenv("SAMVERK_LONG") == "" {
				continue // 12,000 cells
			}
			files, err := m.Files(as)
			if err != nil {
				t.Fatal(err)
			}
			back := reread(t, files)
			if d := cmp.Diff(m, back, same); d != "" {
				t.Errorf("%s as %s: %s", name, as, d)
			}
			if m.Fingerprint() != back.Fingerprint() {
				t.Errorf("%s as %s: another fingerprint", name, as)
			}
			again, err := back.Files(econ.OneFile)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(again["model.yaml"], one["model.yaml"]) {
				t.Errorf("%s by way of %s: %s", name, as, cmp.Diff(string(one["model.yaml"]), string(again["model.yaml"])))
			}
		}
	}
}
