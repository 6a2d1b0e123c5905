package lint

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// pkg is a folder with Go files in it.
type pkg struct {
	path  string // from the module's root, with slashes
	files []file
}

// aside tells whether a package is a tool beside the house: under internal, and importing nothing of ours. Those need no line in
// the drawing, because there is no arrow to draw.
func (p pkg) aside() bool {
	return strings.HasPrefix(p.path, "internal/") && !slices.ContainsFunc(p.files, func(f file) bool { return len(f.ours()) > 0 })
}

type file struct {
	path string
	test bool
	ast  *ast.File
	fset *token.FileSet
}

// root finds the module's root above this package.
func root(t *testing.T) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		if filepath.Dir(dir) == dir {
			t.Fatal("no go.mod above this package")
		}
		dir = filepath.Dir(dir)
	}
}

// walk visits every file of the repository that somebody wrote.
func walk(t *testing.T, visit func(rel string)) {
	t.Helper()
	top := root(t)
	err := filepath.WalkDir(top, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(top, p)
		if d.IsDir() {
			if name := d.Name(); rel != "." && name != ".ci" && strings.HasPrefix(name, ".") || name == "node_modules" {
				return filepath.SkipDir
			}
			return nil
		}
		if d.Type().IsRegular() {
			visit(filepath.ToSlash(rel))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// packages parses the tree. Files for other systems count too: the rules hold there as well.
func packages(t *testing.T) []pkg {
	t.Helper()
	top, found := root(t), map[string]*pkg{}
	walk(t, func(rel string) {
		if !strings.HasSuffix(rel, ".go") || strings.Contains(rel, "testdata/") {
			return
		}
		fset := token.NewFileSet()
		a, err := parser.ParseFile(fset, filepath.Join(top, rel), nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			t.Error(err)
			return
		}
		dir := path.Dir(rel)
		if found[dir] == nil {
			found[dir] = &pkg{path: dir}
		}
		found[dir].files = append(found[dir].files, file{path: rel, test: strings.HasSuffix(rel, "_test.go"), ast: a, fset: fset})
	})
	out := make([]pkg, 0, len(found))
	for _, p := range found {
		out = append(out, *p)
	}
	slices.SortFunc(out, func(a, b pkg) int { return strings.Compare(a.path, b.path) })
	return out
}

// imports lists what a file imports.
func (f file) imports() []string {
	var out []string
	for _, i := range f.ast.Imports {
		p, _ := strconv.Unquote(i.Path.Value)
		out = append(out, p)
	}
	return out
}

// ours lists the packages of this module a file imports, from the module's root.
func (f file) ours() []string {
	var out []string
	for _, p := range f.imports() {
		if rest, ok := strings.CutPrefix(p, module+"/"); ok {
			out = append(out, rest)
		}
	}
	return out
}

// nameOf gives what a file calls an import, "" if it doesn't import it.
func (f file) nameOf(rel string) string {
	for _, i := range f.ast.Imports {
		if p, _ := strconv.Unquote(i.Path.Value); p == module+"/"+rel {
			if i.Name != nil {
				return i.Name.Name
			}
			return path.Base(p)
		}
	}
	return ""
}
