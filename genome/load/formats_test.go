package load

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/genome/bgzf"
)

// sample1 is VCF text of about 150 kB.
func sample1() string {
	var b strings.Builder
	b.WriteString(vcfText("samples A B\n"))
	for i := range 4000 {
		fmt.Fprintf(&b, "chr1\t%d\t.\tA\tC\t.\tPASS\t.\tGT\t0/1\t1/1\n", 1000+i)
	}
	return b.String()
}

func bgzip(t testing.TB, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := bgzf.NewWriter(&b, bgzf.WriterOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func gzipped(t testing.TB, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func write(t testing.TB, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestFormats(t *testing.T) {
	text := sample1()
	for name, data := range map[string][]byte{
		"plain": []byte(text), "CRLF": []byte(strings.ReplaceAll(text, "\n", "\r\n")), "gzip": gzipped(t, text), "bgzip": bgzip(t, text),
		"unfinished": []byte(strings.TrimSuffix(text, "\n")), "CRLF gzip": gzipped(t, strings.ReplaceAll(text, "\n", "\r\n")), "byte order mark": []byte("\ufeff" + text),
	} {
		t.Run(name, func(t *testing.T) {
			n := newNode(t)
			r, err := Load(context.Background(), n.Deps, Request{Dataset: "d", Files: []string{write(t, "x.vcf", data)}})
			if err != nil || r.Variants != 4000 {
				t.Fatal(r, err)
			}
			if got, want := n.query(t, "d", "chr1-4999-A-C"), "AC 3 AN 4 het 1 hom 1 hemi 0 called"; got != want {
				t.Errorf("%s, want %s", got, want)
			}
		})
	}
}

// TestDamage: a file that is not whole is refused, and nothing of the load is left.
func TestDamage(t *testing.T) {
	text := sample1()
	packed := bgzip(t, text)
	flipped := bytes.Clone(packed)
	flipped[len(packed)/2] ^= 0x10
	whole := write(t, "whole.vcf.gz", packed)
	for name, data := range map[string][]byte{
		"no end-of-file block": packed[:len(packed)-28], "cut in a block": packed[:len(packed)*2/3], "a bit flipped": flipped,
		"gzip cut": gzipped(t, text)[:9000], "empty": nil, "last line cut": []byte(text[:len(text)-9]), "a byte of dirt": []byte(strings.Replace(text, "chr1\t4000\t", "chr1\t4\x0000\t", 1)),
	} {
		t.Run(name, func(t *testing.T) {
			n := newNode(t)
			bad := write(t, "bad.vcf.gz", data)
			_, err := Load(context.Background(), n.Deps, Request{Dataset: "d", Files: []string{whole, bad}})
			if err == nil || fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), "bad.vcf.gz") || fault.HintOf(err) == "" {
				t.Errorf("%v (%v): %s", err, fault.KindOf(err), fault.HintOf(err))
			}
			n.empty(t)
		})
	}
}

// empty checks that the node holds nothing.
func (n *node) empty(t testing.TB) {
	t.Helper()
	files, err := os.ReadDir(filepath.Join(n.dir, "segments"))
	if err != nil || len(files) > 0 {
		t.Errorf("left behind: %v %v", files, err)
	}
	if n.People.Len() > 0 {
		t.Errorf("%d individuals", n.People.Len())
	}
	if st, err := n.Store.Stats(context.Background()); err != nil || st.Samples > 0 || len(st.Datasets) > 0 {
		t.Errorf("%+v %v", st, err)
	}
}

// TestCancel: a load that is given up leaves nothing.
func TestCancel(t *testing.T) {
	n := newNode(t)
	ctx, cancel := context.WithCancel(context.Background())
	file := write(t, "x.vcf.gz", bgzip(t, sample1()))
	calls := 0
	_, err := Load(ctx, n.Deps, Request{Dataset: "d", Files: []string{file, file}, Progress: func(p Progress) {
		if calls++; p.Number == 2 {
			cancel()
		}
	}})
	if err == nil || ctx.Err() == nil || calls == 0 {
		t.Errorf("%v after %d calls", err, calls)
	}
	n.empty(t)
}

func TestProgress(t *testing.T) {
	n := newNode(t)
	file := write(t, "x.vcf.gz", bgzip(t, sample1()))
	var last Progress
	_, err := Load(context.Background(), n.Deps, Request{Dataset: "d", Files: []string{file}, Progress: func(p Progress) {
		if p.Bytes < last.Bytes || p.Bytes > p.Total || p.Of != 1 || p.Number != 1 || p.File != file {
			t.Errorf("%+v after %+v", p, last)
		}
		last = p
	}})
	if err != nil || !last.Sealing || last.Bytes != last.Total || last.Records != 4000 {
		t.Errorf("%+v %v", last, err)
	}
}

// TestExome loads a real file whose header does not declare what it uses, and checks every record's count.
func TestExome(t *testing.T) {
	n := newNode(t)
	const path = "testdata/exome/exome.vcf.gz"
	r, err := Load(context.Background(), n.Deps, Request{Dataset: "d", Files: []string{path}})
	if err != nil {
		t.Fatal(err)
	}
	f := r.Files[0]
	if f.Records != 403 || f.Variants != 150 || f.Filtered["Target"] != 200 || f.Filtered["Frequency"] != 51 || f.Filtered["Pathogenicity"] != 2 || f.Format != "bgzf" {
		t.Errorf("%+v", f)
	}
	all, err := Load(context.Background(), n.Deps, Request{Dataset: "all", Files: []string{path}, IncludeFiltered: true})
	if err != nil || all.Variants != 403 {
		t.Fatal(all, err)
	}
	for _, line := range strings.Split(inflated(t, path), "\n") {
		c := strings.Split(line, "\t")
		if len(c) < 10 || line[0] == '#' {
			continue
		}
		counts := map[string]string{"0/1": "AC 1 AN 2 het 1 hom 0 hemi 0 called", "1|0": "AC 1 AN 2 het 1 hom 0 hemi 0 called", "1/1": "AC 2 AN 2 het 0 hom 1 hemi 0 called"}
		want := counts[c[9][:3]]
		if c[0] == "Y" { // sex unknown: as written, one copy expected
			continue
		}
		name := strings.Join([]string{c[0], c[1], c[3], c[4]}, "-")
		if got := n.query(t, "all", name); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
		if got := n.query(t, "d", name); (got == want) != (c[6] == "PASS") {
			t.Errorf("%s, %s: %s", name, c[6], got)
		}
	}
}

// TestExomeGRCh37: the same exome as it was published is refused by name.
func TestExomeGRCh37(t *testing.T) {
	n := newNode(t)
	_, err := Load(context.Background(), n.Deps, Request{Dataset: "d", Files: []string{"testdata/exome/exome-b37.vcf.gz"}, Assembly: "GRCh38"})
	if err == nil || !strings.Contains(err.Error(), "the file is on GRCh37") {
		t.Error(err)
	}
	n.empty(t)
}

func inflated(t testing.TB, path string) string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
