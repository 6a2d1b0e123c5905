package bgzf

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/samverk/samverk/fault"
)

// indexed writes records to a file with an index beside it, and gives the file's path and its text.
func indexed(t *testing.T) (path string, records []place) {
	t.Helper()
	r := rand.New(rand.NewPCG(5, 6))
	var file, index, head bytes.Buffer
	w, err := NewWriter(&file, WriterOptions{Workers: 2})
	if err != nil {
		t.Fatal(err)
	}
	head.WriteString("##fileformat=VCFv4.2\n##INFO=<ID=END,Number=1,Type=Integer,Description=\"End\">\n")
	chroms := []string{"chr1", "chr2", "chr22", "chrX", "chrM"}
	for _, c := range chroms {
		fmt.Fprintf(&head, "##contig=<ID=%s,length=248956422>\n", c)
	}
	head.WriteString("#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n")
	_, _ = w.Write(head.Bytes())
	var b TabixBuilder
	for i, c := range chroms {
		pos := int64(0)
		for range []int{20000, 3000, 1, 500, 40}[i] {
			pos += r.Int64N(12000)
			if r.IntN(50) == 0 {
				pos += 1 + r.Int64N(3000)
			}
			if pos > 248_000_000 {
				break
			}
			p := place{c, max(pos, 1), max(pos, 1), ""}
			info := "."
			if r.IntN(10) == 0 {
				p.end += r.Int64N(1 << r.IntN(22))
				info = fmt.Sprintf("END=%d", p.end)
			}
			p.line = fmt.Sprintf("%s\t%d\t.\tA\tG\t.\t.\t%s", c, p.begin, info)
			from := w.Mark()
			_, _ = w.Write([]byte(p.line + "\n"))
			if err := b.Add(c, p.begin-1, p.end, from, w.Mark()); err != nil {
				t.Fatal(err)
			}
			records = append(records, p)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := b.Write(&index, w.Offset); err != nil {
		t.Fatal(err)
	}
	path = filepath.Join(t.TempDir(), "a.vcf.gz")
	if err := os.WriteFile(path, file.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path+".tbi", index.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path, records
}

type place struct {
	chrom      string
	begin, end int64 // from 1, inclusive
	line       string
}

func TestTabixAgainstHtslib(t *testing.T) {
	for _, tool := range []string{"tabix", "bcftools"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skip("no " + tool + " here")
		}
	}
	path, records := indexed(t)
	run := func(name string, args ...string) string {
		t.Helper()
		c := exec.Command(name, args...)
		var errs bytes.Buffer
		c.Stderr = &errs
		out, err := c.Output()
		if err != nil || errs.Len() > 0 {
			t.Fatalf("%s %v: %v %s", name, args, err, errs.String())
		}
		return string(out)
	}
	count := map[string]int{}
	for _, p := range records {
		count[p.chrom]++
	}
	for _, line := range strings.Split(strings.TrimSpace(run("bcftools", "index", "-s", path)), "\n") {
		f := strings.Split(line, "\t")
		if fmt.Sprint(count[f[0]]) != f[2] {
			t.Errorf("bcftools index -s: %s, and there are %d", line, count[f[0]])
		}
		delete(count, f[0])
	}
	if len(count) > 0 {
		t.Errorf("bcftools index -s leaves out %v", count)
	}
	if got := run("tabix", "-l", path); got != "chr1\nchr2\nchr22\nchrX\nchrM\n" {
		t.Errorf("tabix -l: %q", got)
	}
	r := rand.New(rand.NewPCG(7, 8))
	for range 60 {
		p := records[r.IntN(len(records))]
		from := max(1, p.begin+r.Int64N(100000)-50000)
		to := from + r.Int64N(1<<r.IntN(25))
		var want strings.Builder
		for _, q := range records {
			if q.chrom == p.chrom && q.begin <= to && q.end >= from {
				want.WriteString(q.line + "\n")
			}
		}
		region := fmt.Sprintf("%s:%d-%d", p.chrom, from, to)
		if got := run("tabix", path, region); got != want.String() {
			t.Errorf("tabix %s: %d lines, not %d", region, strings.Count(got, "\n"), strings.Count(want.String(), "\n"))
		}
		if got := run("bcftools", "view", "-H", "-r", region, path); strings.Count(got, "\n") != strings.Count(want.String(), "\n") {
			t.Errorf("bcftools view -r %s: %d lines, not %d", region, strings.Count(got, "\n"), strings.Count(want.String(), "\n"))
		}
	}
}

func TestTabixRefuses(t *testing.T) {
	add := func(b *TabixBuilder, chrom string, begin, end int64) error { return b.Add(chrom, begin, end, 0, 1) }
	var b TabixBuilder
	for _, c := range []struct {
		chrom      string
		begin, end int64
		fine       bool
	}{
		{"chr1", -1, 0, true}, // POS 0
		{"chr1", 10, 11, true},
		{"chr1", 10, 10, true},
		{"chr1", 9, 10, false},
		{"chr2", 5, 1 << 29, true},
		{"chr2", 6, 1<<29 + 1, false},
		{"chr1", 11, 12, false},
	} {
		if err := add(&b, c.chrom, c.begin, c.end); (err == nil) != c.fine || err != nil && fault.KindOf(err) != fault.Invalid {
			t.Errorf("%v: %v", c, err)
		}
	}
	if err := b.Write(&bytes.Buffer{}, func(Mark) (Offset, bool) { return 0, false }); fault.KindOf(err) != fault.Internal || err == nil {
		t.Errorf("an index of places that aren't known: %v", err)
	}
}

func TestBinOf(t *testing.T) {
	// The first of each level, and a range across a boundary of each (SAM specification, 5.3).
	for _, c := range []struct {
		begin, end int64
		bin        uint32
	}{
		{0, 1, 4681}, {16383, 16384, 4681}, {16384, 16385, 4682}, {16383, 16385, 585}, {1<<17 - 1, 1<<17 + 1, 73},
		{1<<20 - 1, 1<<20 + 1, 9}, {1<<23 - 1, 1<<23 + 1, 1}, {1<<26 - 1, 1<<26 + 1, 0}, {1<<29 - 1, 1 << 29, 37448},
	} {
		if got := binOf(c.begin, c.end); got != c.bin {
			t.Errorf("%d-%d is in %d, not %d", c.begin, c.end, got, c.bin)
		}
	}
}
