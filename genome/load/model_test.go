package load

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/samverk/samverk/genome/variant"
)

// person is somebody in the model: a sample of theirs and its sex.
type person struct{ name, sex string }

// place is where the model's variants are: a sequence and positions of one zone.
type place struct {
	chrom string
	from  int
	zone  variant.Zone
}

var places = []place{{"chr1", 1000, variant.Autosomal}, {"chr2", 5000, variant.Autosomal}, {"chrX", 5_000_000, variant.XOnly}, {"chrX", 100_000, variant.Autosomal},
	{"chrY", 5_000_000, variant.YOnly}, {"chrM", 100, variant.Mitochondrial}}

// TestLoadEqualsModel loads random files and compares every count with one made by hand from the same text.
func TestLoadEqualsModel(t *testing.T) {
	dir := t.TempDir()
	runs := 0
	n := newNode(t) // each run has a dataset and individuals of its own
	rapid.Check(t, func(rt *rapid.T) {
		runs++
		dataset := "d" + strconv.Itoa(runs)
		people := make([]person, rapid.IntRange(1, 7).Draw(rt, "people"))
		table := "sample\tindividual\tsex\n"
		for i := range people {
			people[i] = person{"S" + strconv.Itoa(i), rapid.SampledFrom([]string{"male", "female", "unknown"}).Draw(rt, "sex")}
			table += people[i].name + "\t" + dataset + "P" + strconv.Itoa(i) + "\t" + people[i].sex + "\n"
		}
		m := model{people: people, counts: map[string]map[string][2]int{}}
		var files []string
		for f := range rapid.IntRange(1, 3).Draw(rt, "files") {
			path := filepath.Join(dir, fmt.Sprintf("%d-%d.vcf", runs, f))
			if err := os.WriteFile(path, []byte(m.file(rt, f)), 0o600); err != nil {
				rt.Fatal(err)
			}
			files = append(files, path)
		}
		samples := filepath.Join(dir, fmt.Sprintf("%d.tsv", runs))
		if err := os.WriteFile(samples, []byte(table), 0o600); err != nil {
			rt.Fatal(err)
		}
		if _, err := Load(context.Background(), n.Deps, Request{Dataset: dataset, Files: files, Samples: samples}); err != nil {
			rt.Fatal(err)
		}
		for _, key := range slices.Sorted(maps.Keys(m.counts)) {
			got, want := n.query(t, dataset, key), m.want(key)
			if !strings.HasPrefix(got, want+" ") {
				rt.Fatalf("%s: %s, want %s", key, got, want)
			}
		}
	})
}

type model struct {
	people []person
	loaded map[string]bool
	counts map[string]map[string][2]int // by key and sample: AC and AN
}

// file draws a file. Sites of different files never meet, so that nothing is stated twice.
func (m *model) file(t *rapid.T, number int) string {
	var columns []person
	for _, p := range rapid.Permutation(m.people).Draw(t, "columns") {
		if len(columns) == 0 || rapid.IntRange(0, 3).Draw(t, "in") > 0 {
			columns = append(columns, p)
		}
	}
	text := "samples"
	if m.loaded == nil {
		m.loaded = map[string]bool{}
	}
	for _, p := range columns {
		text += " " + p.name
		m.loaded[p.name] = true
	}
	text += "\n"
	for i := range rapid.IntRange(1, 12).Draw(t, "records") {
		p := rapid.SampledFrom(places).Draw(t, "place")
		alts := rapid.SampledFrom([]string{"C", "C,G", "C,*", "C,<NON_REF>", "CC,G,T"}).Draw(t, "alts")
		pos := p.from + 100*number + i
		text += fmt.Sprintf("%s %d A %s GT", p.chrom, pos, alts)
		list := strings.Split(alts, ",")
		for _, c := range columns {
			gt := m.genotype(t, len(list))
			text += " " + gt
			for a, alt := range list {
				if alt == "*" || alt[0] == '<' {
					continue
				}
				key := fmt.Sprintf("%s-%d-A-%s", p.chrom, pos, alt)
				if m.counts[key] == nil {
					m.counts[key] = map[string][2]int{}
				}
				ac, an := worth(p.zone, c.sex, gt, a+1)
				m.counts[key][c.name] = [2]int{ac, an}
			}
		}
		text += "\n"
	}
	return vcfText(text)
}

func (m *model) genotype(t *rapid.T, alts int) string {
	copies := rapid.SampledFrom([]int{2, 2, 2, 2, 1, 3}).Draw(t, "copies")
	var g []string
	for range copies {
		a := rapid.IntRange(-1, alts).Draw(t, "allele")
		if a < 0 {
			g = append(g, ".")
		} else {
			g = append(g, strconv.Itoa(a))
		}
	}
	return strings.Join(g, rapid.SampledFrom([]string{"/", "|"}).Draw(t, "phase"))
}

// worth is GENOME's rules in plain words: what a genotype adds to AC and AN of an ALT.
func worth(z variant.Zone, sex, gt string, alt int) (ac, an int) {
	var called []string
	all := strings.Split(strings.ReplaceAll(gt, "|", "/"), "/")
	for _, a := range all {
		if a != "." {
			called = append(called, a)
		}
	}
	for _, a := range called {
		if a == strconv.Itoa(alt) {
			ac++
		}
	}
	mixed := len(called) > 1 && called[0] != called[1]
	switch {
	case z == variant.YOnly && sex == "female", len(called) == 0:
		return 0, 0
	case len(all) > 2:
		return 0, 0
	case z == variant.Mitochondrial && mixed:
		return 0, 1
	case z == variant.Mitochondrial:
		return min(ac, 1), 1
	case (z == variant.XOnly || z == variant.YOnly) && sex == "male" && mixed:
		return 0, 0
	case (z == variant.XOnly || z == variant.YOnly) && sex == "male":
		return min(ac, 1), 1
	}
	return ac, len(called)
}

// want adds up: who is in the load but not at the key counts as reference.
func (m *model) want(key string) string {
	k, err := variant.ParseKey(key)
	if err != nil {
		return err.Error()
	}
	z := variant.ZoneOf(k.Chrom, k.Pos)
	ac, an := 0, 0
	for _, p := range m.people {
		if !m.loaded[p.name] {
			continue
		}
		c, there := m.counts[key][p.name]
		if !there {
			c = [2]int{0, 2}
			switch {
			case z == variant.Mitochondrial, z == variant.XOnly && p.sex == "male", z == variant.YOnly && p.sex != "female":
				c[1] = 1
			case z == variant.YOnly:
				c[1] = 0
			}
		}
		ac, an = ac+c[0], an+c[1]
	}
	return fmt.Sprintf("AC %d AN %d", ac, an)
}
