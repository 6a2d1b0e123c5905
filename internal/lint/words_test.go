package lint

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// places are written so that this file doesn't contain what it looks for.
var places = []string{
	"/work" + "/main", "/work" + "/shared", "../sha" + "red", "/tmp" + "/w/", "/home" + "/", "/Use" + "rs/", "/ro" + "ot/",
	"GOPROXY" + "=", "GONOSUM" + "DB", "index" + "-url", "registry=" + "http",
}

const sniff = 8000 // as git does: a zero byte in the first 8,000 is a binary file

func TestNoPlaceOfOneMachine(t *testing.T) {
	top := root(t)
	walk(t, func(rel string) {
		b, err := os.ReadFile(filepath.Join(top, rel))
		if err != nil {
			t.Error(err)
			return
		}
		if bytes.IndexByte(b[:min(len(b), sniff)], 0) >= 0 {
			return
		}
		for _, p := range places {
			if i := bytes.Index(b, []byte(p)); i >= 0 {
				t.Errorf("%s:%d: names %s, which exists on one machine only", rel, 1+bytes.Count(b[:i], []byte("\n")), p)
			}
		}
	})
}
