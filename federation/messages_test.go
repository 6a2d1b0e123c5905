package federation

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/samverk/samverk/lang"
)

// Every fault of this room has its sentence, in every language.
func TestEveryFaultIsSaid(t *testing.T) {
	words := must(lang.Read(Messages))(t)
	said, found := regexp.MustCompile(`Say\("((federation|message)\.[a-z.-]*[a-z])"`), 0
	for _, file := range append(must(filepath.Glob("*.go"))(t), must(filepath.Glob("message/*.go"))(t)...) {
		for _, m := range said.FindAllSubmatch(must(os.ReadFile(file))(t), -1) {
			found++
			for _, code := range lang.Codes {
				if !words[code].Has("fault." + string(m[1])) {
					t.Errorf("%s: no message fault.%s in %s", file, m[1], code)
				}
			}
		}
	}
	if found < 40 {
		t.Errorf("only %d codes were found", found)
	}
}
