package answer_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/samverk/samverk/answer"
	"github.com/samverk/samverk/genome/variant"
	"github.com/samverk/samverk/individual"
)

const (
	slice   = "../app/demo/data/1000g-chr22-50mb.vcf.gz"
	samples = "../app/demo/data/samples.tsv"
)

// truth is what bcftools and plink2 count for one ALT.
type truth struct {
	key       variant.Key
	all, half [4]uint32 // AC, AN, het, hom
}

func readTruth(t *testing.T) (out []truth) {
	t.Helper()
	f, err := os.Open("testdata/truth.tsv.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(z)
	lines.Scan() // the header
	for lines.Scan() {
		var x truth
		var chrom, ref, alt string
		a, h := &x.all, &x.half
		if _, err := fmt.Sscan(lines.Text(), &chrom, &x.key.Pos, &ref, &alt, &a[0], &a[1], &a[2], &a[3], &h[0], &h[1], &h[2], &h[3]); err != nil {
			t.Fatal(err)
		}
		x.key.Chrom, _ = variant.ParseChrom(chrom)
		x.key.Ref, x.key.Alt = []byte(ref), []byte(alt)
		out = append(out, x)
	}
	return out
}

// TestTruth asks for every variant of the slice, and compares each count with what bcftools and plink2 found: all people, and half of them.
func TestTruth(t *testing.T) {
	want := readTruth(t)
	if len(want) != 25078 {
		t.Fatalf("%d rows of truth", len(want))
	}
	n := newNode(t)
	n.load(t, slice, samples)
	people, err := n.deps.Store.Samples(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	byName := map[string]individual.Number{}
	var everybody []individual.Number
	for _, p := range people {
		byName[p.Name] = p.Individual
		everybody = append(everybody, p.Individual)
	}
	n.compare(t, want, 0, func(truth) [4]uint32 { return [4]uint32{} })
	n.choose(t, true, everybody...)
	n.compare(t, want, 2548, func(x truth) [4]uint32 { return x.all })
	half, err := os.ReadFile("testdata/half.txt")
	if err != nil {
		t.Fatal(err)
	}
	stay := map[individual.Number]bool{}
	for _, name := range strings.Fields(string(half)) {
		stay[byName[name]] = true
	}
	var leave []individual.Number
	for _, p := range everybody {
		if !stay[p] {
			leave = append(leave, p)
		}
	}
	n.choose(t, false, leave...)
	n.compare(t, want, 1274, func(x truth) [4]uint32 { return x.half })
	n.compareRegion(t, want)
	n.compareAnnotation(t, want)
	for range 2 {
		if _, err := n.deps.Store.Compact(t.Context(), true); err != nil {
			t.Fatal(err)
		}
		n.compare(t, want, 1274, func(x truth) [4]uint32 { return x.half })
	}
}

func (n *node) compare(t *testing.T, want []truth, people int, of func(truth) [4]uint32) {
	t.Helper()
	keys := make([]variant.Key, len(want))
	for i := range want {
		keys[i] = want[i].key
	}
	a, err := n.Ask(t.Context(), answer.Question{Ask: research, Keys: keys})
	if err != nil {
		t.Fatal(err)
	}
	for i, c := range a.Counts {
		if got := numbers(c); got != of(want[i]) || !c.Exact() || c.Hemi.Low != 0 || c.Individuals.Low != people || c.Assumed || !c.Covered {
			t.Fatalf("%s: AC, AN, het, hom %v of %d people, want %v of %d (%+v)", want[i].key, got, c.Individuals.Low, of(want[i]), people, c)
		}
	}
}

func numbers(c answer.Count) [4]uint32 {
	return [4]uint32{uint32(c.AC.Low), uint32(c.AN.Low), uint32(c.Het.Low), uint32(c.Hom.Low)}
}

// compareRegion walks the whole slice: every variant that somebody carries, in order, and no other.
func (n *node) compareRegion(t *testing.T, want []truth) {
	t.Helper()
	i := 0
	a, err := n.Region(t.Context(), answer.Region{Ask: research, Chrom: 22, From: 1, To: 50_818_468})
	if err != nil {
		t.Fatal(err)
	}
	for j, k := range a.Keys {
		for want[i].half[0] == 0 {
			i++
		}
		if c := a.Counts[j]; k.Compare(want[i].key) != 0 || numbers(c) != want[i].half {
			t.Fatalf("%s %+v, want %s %v", k, c, want[i].key, want[i].half)
		}
		i++
	}
}

// compareAnnotation annotates the slice with itself and reads the INFO back.
func (n *node) compareAnnotation(t *testing.T, want []truth) {
	t.Helper()
	f, err := os.Open(slice)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var out bytes.Buffer
	sum, err := n.Annotate(context.Background(), answer.Annotation{Ask: research, Name: slice}, f, &out)
	if err != nil {
		t.Fatal(err)
	}
	if sum.Records != int64(len(want)) || sum.Individuals.Low != 1274 {
		t.Fatalf("%+v", sum)
	}
	i := 0
	for line := range bytes.Lines(out.Bytes()) {
		if line[0] == '#' {
			continue
		}
		info := string(bytes.SplitN(line, []byte("\t"), 9)[7])
		h := want[i].half
		add := fmt.Sprintf(";SAMVERK_AC=%d;SAMVERK_AN=%d;SAMVERK_AF=%s;SAMVERK_HOM=%d;SAMVERK_HEMI=0", h[0], h[1], af(h), h[3])
		if !strings.HasSuffix(info, add) {
			t.Fatalf("%s: INFO %s, want …%s", want[i].key, info, add)
		}
		i++
	}
}

func af(h [4]uint32) string {
	if h[0] == 0 {
		return "0"
	}
	return fmt.Sprintf("%.6g", float64(h[0])/float64(h[1]))
}
