package load

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/genome/store"
)

// FuzzRecords reads any text as a file's records: refused as invalid, with a line, or read; never a panic.
func FuzzRecords(f *testing.F) {
	paths, err := filepath.Glob("testdata/rules/*.txtar")
	if err != nil {
		f.Fatal(err)
	}
	for _, p := range paths {
		ar, err := txtar.ParseFile(p)
		if err != nil {
			f.Fatal(err)
		}
		for _, x := range ar.Files {
			if strings.HasSuffix(x.Name, ".vcf") {
				_, records, _ := strings.Cut(vcfText(string(x.Data)), "FORMAT\t")
				_, records, _ = strings.Cut(records, "\n")
				f.Add([]byte(records), uint8(strings.Count(records, "\t")%5))
			}
		}
	}
	n := newNode(f)
	path := filepath.Join(f.TempDir(), "x.vcf")
	f.Fuzz(func(t *testing.T, records []byte, columns uint8) {
		names := [...]string{"S", "S T", "S T U", "S T U V W X Y Z A B C D"}[columns%4]
		text := vcfText("samples " + names + "\n")
		if err := os.WriteFile(path, append([]byte(text), records...), 0o600); err != nil {
			t.Fatal(err)
		}
		err := tryLoad(n, path)
		if err == nil {
			return
		}
		if fault.KindOf(err) != fault.Invalid || fault.HintOf(err) == "" || bytes.ContainsAny([]byte(err.Error()), "\n\x00") {
			t.Fatalf("%v: %v (%s)", fault.KindOf(err), err, fault.HintOf(err))
		}
	})
}

// tryLoad reads a file into a load that is given up.
func tryLoad(n *node, path string) error {
	ctx := context.Background()
	a := &act{Deps: n.Deps, Request: Request{Dataset: "d", Files: []string{path}, MinGQ: DefaultMinGQ, MinDP: DefaultMinDP}}
	if err := a.prepare(ctx); err != nil {
		return err
	}
	l, err := n.Store.NewLoad(ctx, store.LoadSpec{Dataset: "d", Samples: a.samples, Files: a.Files})
	if err != nil {
		return err
	}
	defer l.Abort()
	return a.file(ctx, l, 0)
}
