package docs

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestSealIsCheckedAsWritten runs the recipe of docs/formats.md, in the language it is written in, on minutes that the
// demonstration's Norwegian network sealed: a correction, with one name taken away.
func TestSealIsCheckedAsWritten(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("there is no python3")
	}
	_, rest, ok := strings.Cut(read(t, filepath.Join(top, "docs", "formats.md")), "```python\n")
	recipe, _, done := strings.Cut(rest, "```")
	if !ok || !done {
		t.Fatal("docs/formats.md has no recipe")
	}
	minutes := read(t, filepath.Join("testdata", "minutes.json"))
	check := func(text string) string {
		file := filepath.Join(t.TempDir(), "minutes.json")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		out, _ := exec.Command(python, "-c", recipe, file).CombinedOutput()
		return string(out)
	}
	if got := check(minutes); got != "the seal holds\n" {
		t.Errorf("sealed minutes: %s", got)
	}
	for _, change := range [][2]string{{"Oslo", "Bergen"}, {`"edition": 2`, `"edition": 3`}, {`"corrects": "`, `"corrects": "0`}, {`"hash": "`, `"hash": "0`}} {
		altered := strings.Replace(minutes, change[0], change[1], 1)
		if altered == minutes {
			t.Errorf("%s is not in the minutes", change[0])
		} else if got := check(altered); strings.Contains(got, "holds") {
			t.Errorf("the seal holds with %s in the place of %s", change[1], change[0])
		}
	}
}
