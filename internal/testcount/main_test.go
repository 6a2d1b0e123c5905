package main

import (
	"bytes"
	"strings"
	"testing"
)

func TestCounting(t *testing.T) {
	for _, c := range []struct {
		name, events, last string
		status             int
		shows, hides       string
	}{
		{"all well", `{"Action":"start","Package":"p"}
{"Action":"run","Package":"p","Test":"TestA"}
{"Action":"output","Package":"p","Test":"TestA","Output":"chatter\n"}
{"Action":"pass","Package":"p","Test":"TestA/one","Elapsed":0}
{"Action":"pass","Package":"p","Test":"TestA","Elapsed":0}
{"Action":"pass","Package":"p","Elapsed":1.25}
`, "2 passed, 0 failed, 0 skipped", 0, "ok    p (1.2 s)", "chatter"},
		{"a failure shows what it wrote", `{"Action":"start","Package":"p"}
{"Action":"output","Package":"p","Test":"TestA","Output":"=== RUN   TestA\n"}
{"Action":"output","Package":"p","Test":"TestA","Output":"    a_test.go:3: 1 isn't 2\n"}
{"Action":"fail","Package":"p","Test":"TestA","Elapsed":0}
{"Action":"fail","Package":"p","Elapsed":0}
`, "0 passed, 1 failed, 0 skipped", 1, "a_test.go:3: 1 isn't 2", "=== RUN"},
		{"a skip says why", `{"Action":"output","Package":"p","Test":"TestA","Output":"    a_test.go:9: no PostgreSQL here\n"}
{"Action":"skip","Package":"p","Test":"TestA","Elapsed":0}
{"Action":"pass","Package":"p","Test":"TestB","Elapsed":0}
{"Action":"pass","Package":"p","Elapsed":0}
`, "1 passed, 0 failed, 1 skipped", 0, "no PostgreSQL here", "FAIL"},
		{"what doesn't compile has failed", `{"ImportPath":"p [p.test]","Action":"build-output","Output":"p/a.go:1:1: expected package\n"}
{"ImportPath":"p [p.test]","Action":"build-fail"}
{"Action":"start","Package":"p"}
{"Action":"fail","Package":"p","Elapsed":0,"FailedBuild":"p [p.test]"}
`, "0 passed, 1 failed, 0 skipped", 1, "expected package", "ok "},
		{"a panic has failed", `{"Action":"start","Package":"p"}
{"Action":"pass","Package":"p","Test":"TestA","Elapsed":0}
{"Action":"output","Package":"p","Test":"TestB","Output":"panic: oh\n"}
{"Action":"fail","Package":"p","Elapsed":0}
`, "1 passed, 1 failed, 0 skipped", 1, "panic: oh", "ok "},
		{"cut off", `{"Action":"start","Package":"p"}
{"Action":"pass","Package":"p","Test":"TestA","Elapsed":0}
`, "1 passed, 1 failed, 0 skipped", 1, "p didn't end", "ok "},
		{"the go command's own words are passed on", `go: downloading something
{"Action":"pass","Package":"p","Test":"TestA","Elapsed":0}
{"Action":"pass","Package":"p","Elapsed":0}
`, "1 passed, 0 failed, 0 skipped", 0, "go: downloading something", "FAIL"},
		{"nothing at all", "", "0 passed, 0 failed, 0 skipped", 1, "no test ran", "ok "},
	} {
		t.Run(c.name, func(t *testing.T) {
			var out bytes.Buffer
			status := run(strings.NewReader(c.events), &out)
			lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
			if got := lines[len(lines)-1]; got != c.last {
				t.Errorf("the last line is %q, not %q", got, c.last)
			}
			if status != c.status {
				t.Errorf("exit status %d, not %d", status, c.status)
			}
			if !strings.Contains(out.String(), c.shows) || strings.Contains(out.String(), c.hides) {
				t.Errorf("it shows\n%s", out.String())
			}
		})
	}
}
