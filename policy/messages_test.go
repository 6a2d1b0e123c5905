package policy_test

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/samverk/samverk/lang"
	"github.com/samverk/samverk/policy"
)

// TestEveryFaultIsSaid finds the room's codes in the source, and the fields that a code is made of.
func TestEveryFaultIsSaid(t *testing.T) {
	words, err := lang.Read(policy.Messages)
	if err != nil {
		t.Fatal(err)
	}
	sources, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	more, err := filepath.Glob("../mandate/*.go")
	if err != nil {
		t.Fatal(err)
	}
	said, field := regexp.MustCompile(`Say\("(policy\.[a-z.]*[a-z])"`), regexp.MustCompile(`wrong\("([a-z]+)", [^\n]*\)\n`)
	codes := 0
	for _, file := range append(sources, more...) {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range said.FindAllSubmatch(b, -1) {
			codes++
			if key := "fault." + string(m[1]); !words["en"].Has(key) {
				t.Errorf("%s: no message %s", file, key)
			}
		}
		for _, line := range field.FindAllString(string(b), -1) {
			if m := field.FindStringSubmatch(line); !said.MatchString(line) && !words["en"].Has("fault.policy."+m[1]) {
				t.Errorf("%s: no message fault.policy.%s", file, m[1])
			}
		}
	}
	if codes < 40 {
		t.Errorf("only %d codes were found", codes)
	}
}
