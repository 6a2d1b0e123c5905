package answer_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"github.com/samverk/samverk/answer"
	"github.com/samverk/samverk/consent"
	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/genome/load"
	"github.com/samverk/samverk/genome/variant"
	"github.com/samverk/samverk/internal/testnode"
	"github.com/samverk/samverk/policy"
	"github.com/samverk/samverk/storage"
)

// told is an answer that somebody has.
type told struct {
	question answer.Question
	answer   answer.Answer
}

// TestUnchangedIsNeverSaidOfWhatChanged has people ask again with the tags they have, while people withdraw and come back, genomes are loaded, merged and
// removed, policies change and the process is started again. Each answer is compared with the one to the same question without a tag.
func TestUnchangedIsNeverSaidOfWhatChanged(t *testing.T) {
	w := wrap(testnode.Full(t))
	n := w.Node
	d := testnode.Preset(t, "care")
	d.Rules[0].Questions = append(d.Rules[0].Questions, policy.Annotate)
	d.Rules[0].Budget = policy.Budget{Organisation: 1_000_000, Per: policy.Year}
	n.Adopt(t, d)
	names := []string{testnode.Carried, testnode.Carried, testnode.Carried, testnode.Assumed, testnode.Unread, testnode.Zero, testnode.Hidden}
	loads, versions, unchanged := 0, 1, 0
	run := 0
	rapid.Check(t, func(r *rapid.T) {
		if run++; run > 10 && os.Getenv("SAMVERK_LONG") != "1" {
			return
		}
		ctx := context.Background()
		var have []told
		ask := func() {
			q := answer.Question{Ask: rapid.SampledFrom([]policy.Ask{testnode.Clinician(), testnode.Operator(consent.Care)}).Draw(r, "who")}
			q.Question = rapid.SampledFrom([]policy.Kind{policy.Exists, policy.Count, policy.Frequency, policy.Annotate}).Draw(r, "kind")
			q.Dataset = rapid.SampledFrom([]string{"", "", "north", "panel"}).Draw(r, "dataset")
			for _, name := range rapid.SliceOfN(rapid.SampledFrom(names), 1, 3).Draw(r, "keys") {
				k, _ := variant.ParseKey(name)
				q.Keys = append(q.Keys, k)
			}
			if a, err := n.Desk.Ask(ctx, q); err == nil {
				have = append(have, told{q, a})
			} else if fault.KindOf(err) != fault.Denied {
				r.Fatal(err)
			}
		}
		again := func() {
			had := rapid.SampledFrom(have).Draw(r, "had")
			by := had
			if rapid.IntRange(0, 3).Draw(r, "whose") == 0 {
				by = rapid.SampledFrom(have).Draw(r, "by")
			}
			fresh, err := n.Desk.Ask(ctx, by.question)
			q := by.question
			q.Have = had.answer.Tag
			a, err2 := n.Desk.Ask(ctx, q)
			if (err == nil) != (err2 == nil) {
				r.Fatal(err, err2)
			}
			switch {
			case err != nil:
			case a.Unchanged && (a.Counts != nil || !reflect.DeepEqual(had.answer.Counts, fresh.Counts)):
				r.Fatalf("%+v is called unchanged, and is %+v", had, fresh)
			case a.Unchanged:
				unchanged++
			case !reflect.DeepEqual(a.Counts, fresh.Counts):
				r.Fatalf("%+v, not %+v", a, fresh)
			}
			if err == nil && (a.Tag != fresh.Tag || a.Receipt.Index != fresh.Receipt.Index+1 || a.Epoch != fresh.Epoch || a.Individuals != fresh.Individuals) {
				r.Fatalf("%+v, not %+v", a, fresh)
			}
		}
		for ask(); len(have) == 0; ask() {
		}
		for range rapid.IntRange(1, 25).Draw(r, "acts") {
			switch rapid.SampledFrom([]string{"ask", "choose", "choose", "load", "compact", "policy", "policy", "restart"}).Draw(r, "act") {
			case "ask":
				ask()
			case "choose":
				id := fmt.Sprintf("p%02d", rapid.IntRange(0, 59).Draw(r, "person"))
				if err := n.Set(ctx, id, rapid.SampledFrom(consent.Purposes()).Draw(r, "purpose"), rapid.Bool().Draw(r, "allow")); err != nil {
					r.Fatal(err)
				}
			case "load":
				if loads++; loads%2 == 1 {
					loadMore(t, w, loads/2)
				} else if err := w.DB.Write(ctx, func(tx *storage.Tx) error {
					who, _ := n.People.LookupIn(tx, fmt.Sprintf("p%02d", 7*(loads/2%8)))
					return n.Genomes.RemoveIndividual(ctx, tx, who.Number)
				}); err != nil {
					r.Fatal(err)
				}
			case "compact":
				if _, err := n.Genomes.Compact(ctx, true); err != nil {
					r.Fatal(err)
				}
			case "policy":
				versions++
				d.Version, d.Rules[0].K, d.Rules[0].Zero = versions, rapid.SampledFrom([]int{0, 20}).Draw(r, "k"), false
				n.Adopt(t, d)
			case "restart":
				n.Desk = n.NewDesk(n.Genomes, nil)
			}
			for range 3 {
				again()
			}
		}
	})
	if unchanged == 0 {
		t.Error("nothing was ever unchanged")
	}
}

// loadMore loads a file with a person who is new, and allows care.
func loadMore(t *testing.T, n *node, i int) {
	t.Helper()
	vcf := "##fileformat=VCFv4.2\n##reference=GRCh38\n##contig=<ID=chr22,length=50818468>\n##FORMAT=<ID=GT,Number=1,Type=String,Description=\"\">\n" +
		fmt.Sprintf("#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tnew%d\nchr22\t50000165\t.\tC\tT\t.\t.\t.\tGT\t0/1\n", i)
	file := filepath.Join(t.TempDir(), "new.vcf")
	if err := os.WriteFile(file, []byte(vcf), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := load.Load(context.Background(), n.deps, load.Request{Dataset: "d", Files: []string{file}, MinGQ: load.DefaultMinGQ, MinDP: load.DefaultMinDP}); err != nil {
		t.Fatal(err)
	}
	if err := n.Set(context.Background(), fmt.Sprint("new", i), consent.Care, true); err != nil {
		t.Fatal(err)
	}
}

// Each of what an answer rests on changes its tag; what it doesn't rest on doesn't.
func TestWhatATagIsOf(t *testing.T) {
	w := wrap(testnode.Full(t))
	n := w.Node
	d := testnode.Preset(t, "care")
	d.Rules[0].Questions = append(d.Rules[0].Questions, policy.Annotate)
	n.Adopt(t, d)
	q := answer.Question{Ask: testnode.Clinician(), Keys: []variant.Key{key(t, testnode.Carried)}}
	q.Question = policy.Frequency
	ask := func(q answer.Question) answer.Answer {
		t.Helper()
		a, err := n.Desk.Ask(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	first := ask(q)
	q.Have = first.Tag
	same := func(what string, q answer.Question, want bool) {
		t.Helper()
		if a := ask(q); a.Unchanged != want || (a.Tag == first.Tag) != want || (a.Counts == nil) != want {
			t.Errorf("%s: %+v", what, a)
		}
	}
	same("the same again", q, true)
	other := q
	other.Person = "another"
	same("somebody else's question", other, true)
	other.Question = policy.Count
	same("another kind", other, false)
	other = q
	other.Keys = append(other.Keys, key(t, testnode.Zero))
	same("another variant", other, false)
	other = q
	other.Dataset = "north"
	same("another dataset", other, false)
	for what, act := range map[string]func(){
		"a withdrawal": func() {
			if err := n.Set(t.Context(), "p07", consent.Care, false); err != nil {
				t.Fatal(err)
			}
		},
		"a load":                 func() { loadMore(t, w, 1) },
		"another policy":         func() { d.Version, d.Rules[0].K = d.Version+1, 20; n.Adopt(t, d) },
		"the same, decided anew": func() { d.Version++; n.Adopt(t, d) },
		"a restart":              func() { n.Desk = n.NewDesk(n.Genomes, nil) },
	} {
		act()
		same(what, q, false)
		first = ask(q)
		q.Have = first.Tag
		same("after "+what, q, true)
	}
}
