package lint

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const (
	module       = "github.com/samverk/samverk"
	architecture = "docs/ARCHITECTURE.md"
	fence        = "```arrows"
)

// arrows maps a package to the packages of ours it may import, as drawn.
type arrows map[string][]string

// readArrows reads the fenced block of the architecture page: one package a line, "from → to, to"; "from →" imports
// nothing of ours but fault, which everybody may.
func readArrows(page string) (arrows, error) {
	b, err := os.ReadFile(page)
	if err != nil {
		return nil, err
	}
	_, rest, ok := strings.Cut(string(b), fence+"\n")
	if !ok {
		return nil, fmt.Errorf("%s has no block that begins with %s", page, fence)
	}
	block, _, ok := strings.Cut(rest, "```")
	if !ok {
		return nil, fmt.Errorf("%s: the block of arrows doesn't end", page)
	}
	drawn := arrows{}
	for _, l := range strings.Split(block, "\n") {
		l, _, _ = strings.Cut(l, "#")
		if l = strings.TrimSpace(l); l == "" {
			continue
		}
		from, to, ok := strings.Cut(l, "→")
		from = strings.TrimSpace(from)
		if !ok || from == "" || strings.ContainsAny(from, " ,") {
			return nil, fmt.Errorf("%s: %q is no arrow", page, l)
		}
		if _, twice := drawn[from]; twice {
			return nil, fmt.Errorf("%s: %s is drawn twice", page, from)
		}
		drawn[from] = strings.FieldsFunc(to, func(r rune) bool { return r == ',' || r == ' ' })
	}
	for from, to := range drawn {
		for _, t := range to {
			if _, ok := drawn[t]; !ok {
				return nil, fmt.Errorf("%s: %s → %s, but %s is not drawn", page, from, t, t)
			}
		}
	}
	return drawn, nil
}

// may tells whether code of a package may import another.
func (a arrows) may(from, to string) bool {
	return to == "fault" || slices.Contains(a[from], to)
}

// mayTest tells whether tests of a package may: whatever doesn't rest on the package itself, and test helpers.
func (a arrows) mayTest(from, to string) bool {
	return from == to || helper(to) || !slices.Contains(a.beneath(to), from)
}

// helper tells whether a package is there for tests alone: its last folder says so.
func helper(pkg string) bool {
	name := path.Base(pkg)
	return strings.HasPrefix(name, "test") || strings.HasSuffix(name, "test")
}

// beneath lists what a package reaches.
func (a arrows) beneath(from string) []string {
	var seen []string
	var walk func(string)
	walk = func(p string) {
		for _, t := range a[p] {
			if !slices.Contains(seen, t) {
				seen = append(seen, t)
				walk(t)
			}
		}
	}
	walk(from)
	return seen
}

// circle gives a way round from a node to itself, or nil.
func circle(edges map[string][]string) []string {
	const (
		fresh = iota
		open
		done
	)
	state, way := map[string]int{}, []string(nil)
	var walk func(string) []string
	walk = func(n string) []string {
		way, state[n] = append(way, n), open
		for _, t := range edges[n] {
			switch state[t] {
			case open:
				return append(slices.Clone(way[slices.Index(way, t):]), t)
			case fresh:
				if c := walk(t); c != nil {
					return c
				}
			}
		}
		way, state[n] = way[:len(way)-1], done
		return nil
	}
	names := make([]string, 0, len(edges))
	for n := range edges {
		names = append(names, n)
	}
	slices.Sort(names)
	for _, n := range names {
		if state[n] == fresh {
			if c := walk(n); c != nil {
				return c
			}
		}
	}
	return nil
}

// room is the part of the house a package belongs to: the first folder. Pages and the standards' handlers are on
// a floor of their own, so they are rooms of their own; so are the formats and keys under genome, which know nothing of us.
func room(pkg string) string {
	switch {
	case strings.HasSuffix(pkg, "/web") || strings.HasPrefix(pkg, "api/"):
		return pkg
	case pkg == "genome/bgzf" || pkg == "genome/vcf" || pkg == "genome/variant":
		return "formats"
	case pkg == "genome/load":
		return pkg
	}
	first, _, _ := strings.Cut(pkg, "/")
	return first
}

func (a arrows) rooms() map[string][]string {
	edges := map[string][]string{}
	for from, to := range a {
		for _, t := range to {
			if room(from) != room(t) {
				edges[room(from)] = append(edges[room(from)], room(t))
			}
		}
	}
	return edges
}

func drawing(t *testing.T) arrows {
	t.Helper()
	a, err := readArrows(filepath.Join(root(t), architecture))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestNoCircles(t *testing.T) {
	a := drawing(t)
	if c := circle(a); c != nil {
		t.Errorf("a circle of packages: %s", strings.Join(c, " → "))
	}
	if c := circle(a.rooms()); c != nil {
		t.Errorf("a circle of rooms: %s", strings.Join(c, " → "))
	}
}

func TestImportsAreDrawn(t *testing.T) {
	a, tree := drawing(t), packages(t)
	for _, p := range tree {
		if _, ok := a[p.path]; !ok && p.path != "fault" && !p.aside() {
			t.Errorf("%s isn't drawn in %s", p.path, architecture)
			continue
		}
		for _, f := range p.files {
			for _, to := range f.ours() {
				switch {
				case f.test && !a.mayTest(p.path, to):
					t.Errorf("%s: tests of %s may not import %s: it rests on it", f.path, p.path, to)
				case !f.test && !a.may(p.path, to):
					t.Errorf("%s: %s → %s isn't drawn in %s", f.path, p.path, to, architecture)
				}
			}
		}
	}
	for from := range a {
		if !slices.ContainsFunc(tree, func(p pkg) bool { return p.path == from }) {
			t.Errorf("%s is drawn in %s and isn't there", from, architecture)
		}
	}
}

// TestArrowsAreUsed keeps the drawing from allowing what nobody does.
func TestArrowsAreUsed(t *testing.T) {
	a := drawing(t)
	for _, p := range packages(t) {
		used := map[string]bool{}
		for _, f := range p.files {
			if !f.test || helper(p.path) {
				for _, to := range f.ours() {
					used[to] = true
				}
			}
		}
		for _, to := range a[p.path] {
			if !used[to] {
				t.Errorf("%s → %s is drawn in %s, and no file imports it", p.path, to, architecture)
			}
		}
	}
}

func TestTestHelpersStayInTests(t *testing.T) {
	for _, p := range packages(t) {
		for _, f := range p.files {
			if !f.test && !helper(p.path) && slices.ContainsFunc(f.ours(), helper) {
				t.Errorf("%s imports a test helper and is no test", f.path)
			}
		}
	}
}

func TestCircleIsSeen(t *testing.T) {
	if c := circle(map[string][]string{"a": {"b"}, "b": {"c"}, "c": {"b"}}); strings.Join(c, "") != "bcb" {
		t.Errorf("got %v", c)
	}
	if c := circle(map[string][]string{"a": {"b", "c"}, "b": {"c"}}); c != nil {
		t.Errorf("got %v", c)
	}
}
