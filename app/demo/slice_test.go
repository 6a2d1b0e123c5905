package demo

import (
	"bytes"
	"io"
	"strings"
	"testing"
)

func TestSeedsTellStories(t *testing.T) {
	if testing.Short() {
		t.Skip("reads the whole slice")
	}
	all, err := people()
	if err != nil {
		t.Fatal(err)
	}
	if len(all) != 2548 {
		t.Fatalf("%d people", len(all))
	}
	variants, err := cut(func(string) int { return 0 }, []io.Writer{io.Discard})
	if err != nil {
		t.Fatal(err)
	}
	for seed := range uint64(50) {
		lives := invent(all, seed)
		if _, err := tell(variants, lives); err != nil {
			t.Errorf("seed %d: %v", seed, err)
		}
		again := invent(all, seed)
		for id, l := range lives {
			if again[id] != l {
				t.Fatalf("seed %d made %s two lives", seed, id)
			}
		}
	}
}

func TestCutDealsEverybodyOnce(t *testing.T) {
	if testing.Short() {
		t.Skip("reads the whole slice")
	}
	all, _ := people()
	lives := invent(all, 1)
	var bufs [len(regions)]bytes.Buffer
	var outs []io.Writer
	for i := range bufs {
		outs = append(outs, &bufs[i])
	}
	if _, err := cut(func(s string) int { return lives[s].region }, outs); err != nil {
		t.Fatal(err)
	}
	seen := map[string]int{}
	for i := range bufs {
		b := &bufs[i]
		var columns, records int
		for l := range strings.Lines(b.String()) {
			l = strings.TrimSuffix(l, "\n")
			if strings.HasPrefix(l, "##") {
				continue
			}
			f := strings.Split(l, "\t")
			if strings.HasPrefix(l, "#CHROM") {
				columns = len(f)
				for _, s := range f[columnsBefore:] {
					if lives[s].region != i {
						t.Fatalf("%s is in region %d, not %d", s, lives[s].region, i)
					}
					seen[s]++
				}
				continue
			}
			if records++; len(f) != columns {
				t.Fatalf("region %d: %d columns of %d", i, len(f), columns)
			}
		}
		if records != 25_078 {
			t.Errorf("region %d: %d records", i, records)
		}
	}
	if len(seen) != len(all) {
		t.Errorf("%d of %d people", len(seen), len(all))
	}
}
