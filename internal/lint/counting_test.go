package lint

import (
	"go/ast"
	"slices"
	"strings"
	"testing"
)

// counting names what of genome/store counts or leads to a count. Everybody else may write to the store, ask what it
// holds and look after it, but a number about people comes from answer alone, because answer alone asks for consent.
var counting = []string{"Snapshot", "Mask", "Counter", "Cursor", "Scan", "Count", "Counts"}

// door is the one method through which counting is reached: whoever can't call it can't count. Looking after the
// files behind it is no counting, where it is said in one breath: s.Snapshot().Verify(…).
const door = "Snapshot"

var care = []string{"Verify", "Files"}

func TestOnlyAnswerCounts(t *testing.T) {
	users := 0
	for _, p := range packages(t) {
		if p.path == "answer" || p.path == "genome/store" || helper(p.path) {
			continue
		}
		knowsStore := slices.ContainsFunc(p.files, func(f file) bool { return f.nameOf("genome/store") != "" })
		if !knowsStore {
			continue
		}
		users++
		for _, f := range p.files {
			if f.test { // what was loaded is looked at by counting it
				continue
			}
			for _, where := range counts(f) {
				t.Errorf("%s: only answer may count", where)
			}
		}
	}
	if users == 0 {
		t.Skip("nobody but answer knows the store")
	}
}

// counts lists where a file reaches for the store's counting: a name of the package, or the door on any value.
func counts(f file) []string {
	var out []string
	name := f.nameOf("genome/store")
	ast.Inspect(f.ast, func(n ast.Node) bool {
		s, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		if slices.Contains(care, s.Sel.Name) && isDoorCall(s.X) {
			return false
		}
		x, isName := s.X.(*ast.Ident)
		if s.Sel.Name == door || isName && name != "" && x.Name == name && slices.Contains(counting, s.Sel.Name) {
			out = append(out, strings.Join([]string{f.path, f.fset.Position(s.Pos()).String()}, " "))
		}
		return true
	})
	return out
}

func isDoorCall(x ast.Expr) bool {
	c, ok := x.(*ast.CallExpr)
	if !ok {
		return false
	}
	s, ok := c.Fun.(*ast.SelectorExpr)
	return ok && s.Sel.Name == door
}

func TestNobodyElseImportsTheStore(t *testing.T) {
	for _, p := range packages(t) {
		if slices.Contains([]string{"answer", "genome/store", "genome/load", "app"}, p.path) || helper(p.path) {
			continue
		}
		for _, f := range p.files {
			if f.nameOf("genome/store") != "" && !f.test {
				t.Errorf("%s: only answer, genome/load and app may know the store", f.path)
			}
		}
	}
}

func TestNoCgo(t *testing.T) {
	for _, p := range packages(t) {
		for _, f := range p.files {
			if slices.Contains(f.imports(), "C") {
				t.Errorf("%s imports C", f.path)
			}
		}
	}
}
