package lint

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var class = regexp.MustCompile(`\bsmv-[a-z0-9-]*[a-z0-9]`)

// TestClassesAreStyled: a class of ours in a template is one that a style sheet knows.
func TestClassesAreStyled(t *testing.T) {
	top, styled, used := root(t), map[string]bool{}, map[string]string{}
	walk(t, func(rel string) {
		sheet := strings.HasSuffix(rel, ".css")
		if !sheet && !strings.HasSuffix(rel, ".html") || strings.Contains(rel, "testdata/") {
			return
		}
		b, err := os.ReadFile(filepath.Join(top, rel))
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range class.FindAllString(string(b), -1) {
			if sheet {
				styled[c] = true
			} else {
				used[c] = rel
			}
		}
	})
	if len(used) == 0 {
		t.Fatal("no template uses a class")
	}
	for c, rel := range used {
		if !styled[c] {
			t.Errorf("%s: no style sheet knows %s", rel, c)
		}
	}
}
