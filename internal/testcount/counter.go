package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
)

// event is a line of `go test -json`; see `go doc test2json`.
type event struct {
	Action      string
	Package     string
	ImportPath  string // of build events, instead of Package
	Test        string
	Elapsed     float64
	Output      string
	FailedBuild string
}

// counter gathers events. What tests write is kept until it is known whether they failed.
type counter struct {
	w                       io.Writer
	passed, failed, skipped int
	written                 map[string][]string // by package and test
	failures                map[string]int      // by package
	builds                  map[string][]string // what the compiler wrote, by import path
	open                    map[string]bool     // packages that have begun and not ended
}

func newCounter(w io.Writer) *counter {
	return &counter{w: w, written: map[string][]string{}, failures: map[string]int{}, builds: map[string][]string{}, open: map[string]bool{}}
}

// longest is more than a line of events ever is: test output is cut into lines before.
const longest = 16 << 20

func (c *counter) read(r io.Reader) error {
	sc := bufio.NewScanner(r)
	sc.Buffer(nil, longest)
	for sc.Scan() {
		var e event
		if json.Unmarshal(sc.Bytes(), &e) != nil || e.Action == "" {
			c.say("%s", sc.Text()) // the go command itself said something
			continue
		}
		c.take(e)
	}
	return sc.Err()
}

func (c *counter) take(e event) {
	switch e.Action {
	case "build-output":
		c.builds[e.ImportPath] = append(c.builds[e.ImportPath], e.Output)
	case "start":
		c.open[e.Package] = true
	case "output":
		c.written[key(e)] = append(c.written[key(e)], e.Output)
	case "pass", "fail", "skip":
		if e.Test == "" {
			c.endPackage(e)
		} else {
			c.endTest(e)
		}
	}
}

func (c *counter) endTest(e event) {
	switch e.Action {
	case "pass":
		c.passed++
	case "skip":
		c.skipped++
		c.say("skip  %s %s: %s", e.Package, e.Test, reason(c.written[key(e)]))
	case "fail":
		c.failed++
		c.failures[e.Package]++
		c.say("FAIL  %s %s", e.Package, e.Test)
		c.show(c.written[key(e)])
	}
	delete(c.written, key(e))
}

func (c *counter) endPackage(e event) {
	delete(c.open, e.Package)
	switch e.Action {
	case "fail":
		if c.failures[e.Package] == 0 { // it doesn't compile, or ended before its tests
			c.failed++
		}
		c.say("FAIL  %s (%.1f s)", e.Package, e.Elapsed)
		c.show(c.builds[e.FailedBuild])
		c.showAll(e.Package)
	case "skip":
		c.say("none  %s", e.Package)
	default:
		c.say("ok    %s (%.1f s)", e.Package, e.Elapsed)
	}
	delete(c.written, e.Package)
}

// showAll shows what the package wrote, and what tests wrote that never ended.
func (c *counter) showAll(pkg string) {
	var keys []string
	for k := range c.written {
		if k == pkg || strings.HasPrefix(k, pkg+" ") {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	for _, k := range keys {
		c.show(c.written[k])
		delete(c.written, k)
	}
}

// close counts packages that never ended as failures, and writes the last line.
func (c *counter) close() {
	for p := range c.open {
		c.failed++
		c.say("FAIL  %s didn't end", p)
		c.showAll(p)
	}
	if c.passed+c.failed+c.skipped == 0 {
		c.say("no test ran")
	}
	c.say("%d passed, %d failed, %d skipped", c.passed, c.failed, c.skipped)
}

func (c *counter) show(lines []string) {
	for _, l := range lines {
		if l = strings.TrimRight(l, "\n"); !noise(l) {
			c.say("      %s", l)
		}
	}
}

// noise tells whether a line only says that a test began or went on.
func noise(line string) bool {
	for _, p := range []string{"=== RUN", "=== PAUSE", "=== CONT", "=== NAME"} {
		if strings.HasPrefix(line, p) {
			return true
		}
	}
	return false
}

// reason finds why a test was skipped.
func reason(lines []string) string {
	for _, l := range lines {
		l = strings.TrimSpace(l)
		if l != "" && !noise(l) && !strings.HasPrefix(l, "--- ") {
			return l
		}
	}
	return "no reason given"
}

func (c *counter) say(format string, args ...any) { _, _ = fmt.Fprintf(c.w, format+"\n", args...) }

func key(e event) string {
	if e.Test == "" {
		return e.Package
	}
	return e.Package + " " + e.Test
}
