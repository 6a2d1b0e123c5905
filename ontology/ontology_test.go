package ontology_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/ontology"
)

func obo(t *testing.T, text string) (*ontology.Terms, error) {
	t.Helper()
	return ontology.ReadOBO(strings.NewReader(text), "x.obo")
}

func read(t *testing.T, name string) *ontology.Terms {
	t.Helper()
	f, err := os.Open("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	terms, err := ontology.ReadOBO(f, name)
	if strings.HasSuffix(name, ".json") {
		_, _ = f.Seek(0, 0)
		terms, err = ontology.ReadGraph(f, name)
	}
	if err != nil {
		t.Fatal(err)
	}
	return terms
}

func TestWhatIsAKindOfWhat(t *testing.T) {
	d := read(t, "diseases.obo")
	if d.Version != "invented/1" || d.Len() != 7 || !slices.Equal(d.Unknown, []string{"DIS:99"}) {
		t.Error(d.Version, d.Len(), d.Unknown)
	}
	for id, want := range map[string][]string{
		"DIS:1":   {"DIS:1"},
		"DIS:4":   {"DIS:4", "DIS:3", "DIS:2", "DIS:6", "DIS:1"},
		"DIS:31":  {"DIS:3", "DIS:2", "DIS:6", "DIS:1"}, // an alternative id
		"DIS:5":   {"DIS:5"},                            // obsolete
		"DIS:404": {"DIS:404"},
	} {
		if diff := cmp.Diff(want, d.Ancestors(id)); diff != "" {
			t.Error(id, diff)
		}
	}
	for _, c := range []struct {
		id, kind string
		want     bool
	}{{"DIS:4", "DIS:2", true}, {"DIS:4", "DIS:30", true}, {"DIS:3", "DIS:4", false}, {"DIS:7", "DIS:2", false},
		{"DIS:5", "DIS:3", false}, {"DIS:404", "DIS:404", true}, {"DIS:404", "DIS:1", false}} {
		if got := d.Is(c.id, c.kind); got != c.want {
			t.Errorf("%s is a %s: %v", c.id, c.kind, got)
		}
	}
	if d.Name("DIS:30") != "melanoma" || d.Name("x") != "" || !d.Obsolete("DIS:5") || d.Obsolete("DIS:3") {
		t.Error("names")
	}
	var none *ontology.Terms
	if none.Is("a", "b") || !none.Is("a", "a") || none.Len() != 0 {
		t.Error("without a vocabulary only the same is the same")
	}
}

func TestAGraphSaysTheSame(t *testing.T) {
	d := read(t, "diseases.json")
	if !d.Is("DIS:30", "DIS:1") || d.Is("DIS:5", "DIS:2") || d.Is("DIS:1", "DIS:3") || !d.Is("ORPHA:558", "DIS:1") || d.Len() != 5 {
		t.Error(d.Len(), d.Ancestors("DIS:30"))
	}
	if d.Version != "http://example.org/dis/invented-1" || d.Name("DIS:2") != "neoplasm" {
		t.Error(d.Version)
	}
}

func TestAFileThatCannotBeTrusted(t *testing.T) {
	for name, text := range map[string]string{
		"a circle":    "[Term]\nid: A\nis_a: B\n[Term]\nid: B\nis_a: C\n[Term]\nid: C\nis_a: A\n",
		"itself":      "[Term]\nid: A\nis_a: A\n",
		"twice":       "[Term]\nid: A\n[Term]\nid: A\n",
		"no id":       "[Term]\nname: A\n",
		"empty":       "",
		"no terms":    "format-version: 1.2\n",
		"a long line": "[Term]\nid: A\ndef: " + strings.Repeat("x", 2<<20),
	} {
		if _, err := obo(t, text); fault.KindOf(err) != fault.Invalid || !strings.HasPrefix(err.Error(), "x.obo") {
			t.Error(name, err)
		}
	}
	for _, text := range []string{"", "[]", "{", `{"graphs":{}}`, `{"graphs":[{"nodes":[{"id":1}]}]}`, `{"graphs":[]}`} {
		if _, err := ontology.ReadGraph(strings.NewReader(text), "x.json"); fault.KindOf(err) != fault.Invalid {
			t.Error(text, err)
		}
	}
}

// TestAncestorsAgainstAModel draws vocabularies without circles and asks by walking every path.
func TestAncestorsAgainstAModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 12).Draw(t, "terms")
		parents := make([][]int, n)
		var text strings.Builder
		for _, i := range rapid.Permutation(slices.Collect(func(yield func(int) bool) {
			for i := range n {
				if !yield(i) {
					return
				}
			}
		})).Draw(t, "order") {
			fmt.Fprintf(&text, "[Term]\nid: T:%d\n", i)
			for p := range i {
				if rapid.Bool().Draw(t, "is_a") {
					parents[i] = append(parents[i], p)
					fmt.Fprintf(&text, "is_a: T:%d\n", p)
				}
			}
		}
		d, err := ontology.ReadOBO(strings.NewReader(text.String()), "drawn")
		if err != nil {
			t.Fatal(err)
		}
		var walk func(int, int) bool
		walk = func(i, kind int) bool {
			return i == kind || slices.ContainsFunc(parents[i], func(p int) bool { return walk(p, kind) })
		}
		for i := range n {
			for k := range n {
				if got := d.Is(fmt.Sprint("T:", i), fmt.Sprint("T:", k)); got != walk(i, k) {
					t.Fatalf("T:%d is a T:%d: %v\n%s", i, k, got, text.String())
				}
			}
		}
	})
}

func TestDUOIsWhole(t *testing.T) {
	all := ontology.DUO()
	if len(all) != 23 {
		t.Errorf("%d codes", len(all))
	}
	permissions := []string{}
	for _, c := range all {
		if c.Label == "" || c.Description == "" || c.Parent == "" {
			t.Errorf("%+v", c)
		}
		if byShort, ok := ontology.DUOCode(c.Short); !ok || byShort != c {
			t.Error(c.Short)
		}
		if !c.Modifier {
			permissions = append(permissions, c.Short)
		}
	}
	if !slices.Equal(permissions, []string{"NRES", "HMB", "DS", "POA", "GRU"}) {
		t.Error(permissions)
	}
	for short, id := range map[string]string{"GRU": ontology.GRU, "NPUNCU": ontology.NPUNCU, "TS": ontology.TS, "NPOA": ontology.NPOA} {
		if c, ok := ontology.DUOCode(id); !ok || c.Short != short {
			t.Error(short, id)
		}
	}
	if _, ok := ontology.DUOCode("DUO:0000005"); ok {
		t.Error("an obsolete code is known")
	}
}

func FuzzOBO(f *testing.F) {
	b, err := os.ReadFile("testdata/diseases.obo")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(b))
	f.Fuzz(func(t *testing.T, text string) {
		d, err := ontology.ReadOBO(strings.NewReader(text), "fuzz")
		if err == nil && d.Len() == 0 {
			t.Fatal("nothing was read, and nothing said")
		}
	})
}

func FuzzGraph(f *testing.F) {
	b, err := os.ReadFile("testdata/diseases.json")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(b))
	f.Fuzz(func(_ *testing.T, text string) { _, _ = ontology.ReadGraph(strings.NewReader(text), "fuzz") })
}
