package variant

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestReadGenes(t *testing.T) {
	g, err := ReadGenes(strings.NewReader("#chrom\tstart\tend\tname\ntrack name=x\n\nchr1\t99\t200\tMADE1\t0\t+\r\nchr1\t150\t300\tMade2\nchrUn_1\t1\t2\tNOWHERE\nX\t9\t20\tBOTH\nY\t9\t20\tBOTH\nchr1\t399\t500\tMADE1\n"), "g.bed")
	if err != nil || g.Len() != 3 {
		t.Fatal(err, g.Len())
	}
	if name, at, ok := g.Find("made2"); !ok || name != "Made2" || at.String() != "chr1:151-300" {
		t.Error(name, at, ok)
	}
	if _, at, ok := g.Find("MADE1"); !ok || at.String() != "chr1:100-500" {
		t.Error("two stretches of one gene:", at)
	}
	if _, at, _ := g.Find("BOTH"); at.String() != "chrX:10-20" {
		t.Error("a gene of two chromosomes:", at)
	}
	if got := g.At(Region{Chrom: 1, From: 200, To: 200}); !slices.Equal(got, []string{"MADE1", "Made2"}) {
		t.Error(got)
	}
	var none *Genes
	if _, _, ok := none.Find("MADE1"); ok || none.At(Region{Chrom: 1, From: 1, To: 9}) != nil || none.Len() != 0 {
		t.Error("no table has genes")
	}
	for _, bad := range []string{"chr1\t1\t2", "chr1 1 2 NAME", "chr1\t2\t2\tNAME", "chr1\t-1\t2\tNAME", "chr1\t1\t2\t", "chr1\t1\t248956423\tNAME", "chr1\tx\t2\tNAME"} {
		if _, err := ReadGenes(strings.NewReader("\n"+bad+"\n"), "g.bed"); err == nil || !strings.HasPrefix(err.Error(), "g.bed:2: ") {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

// At finds what a walk over all genes finds.
func TestGenesAt(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var text strings.Builder
		type place struct{ from, to uint32 }
		var all []place
		for i := range rapid.IntRange(0, 20).Draw(t, "n") {
			p := place{from: rapid.Uint32Range(1, 300).Draw(t, "from")}
			p.to = p.from + rapid.Uint32Range(0, 100).Draw(t, "more")
			all = append(all, p)
			fmt.Fprintf(&text, "chr2\t%d\t%d\tG%d\n", p.from-1, p.to, i)
		}
		g, err := ReadGenes(strings.NewReader(text.String()), "")
		if err != nil {
			t.Fatal(err)
		}
		r := Region{Chrom: 2, From: rapid.Uint32Range(1, 400).Draw(t, "r")}
		r.To = r.From + rapid.Uint32Range(0, 50).Draw(t, "width")
		want := 0
		for _, p := range all {
			if p.from <= r.To && p.to >= r.From {
				want++
			}
		}
		if got := g.At(r); len(got) != want {
			t.Fatalf("%v: %v, want %d", r, got, want)
		}
	})
}

func FuzzReadGenes(f *testing.F) {
	f.Add("chr1\t99\t200\tMADE1\n")
	f.Fuzz(func(t *testing.T, text string) {
		g, err := ReadGenes(strings.NewReader(text), "g.bed")
		if err == nil {
			for _, x := range g.byName {
				if !slices.Contains(g.At(x.at), x.name) {
					t.Fatalf("%v is not where it is", x)
				}
			}
		}
	})
}
