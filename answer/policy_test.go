package answer_test

import (
	"context"
	"io"
	"math/bits"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/samverk/samverk/answer"
	"github.com/samverk/samverk/consent"
	"github.com/samverk/samverk/consent/counted"
	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/genome/store"
	"github.com/samverk/samverk/genome/variant"
	"github.com/samverk/samverk/internal/testnode"
	"github.com/samverk/samverk/ledger"
	"github.com/samverk/samverk/policy"
)

func key(t testing.TB, name string) variant.Key {
	t.Helper()
	k, err := variant.ParseKey(name)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// leaves gives the log's leaves of a kind.
func leaves(t testing.TB, n *testnode.Node, kind ledger.Kind) (out []ledger.Leaf) {
	t.Helper()
	size, err := n.Ledger.Size(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	for i := range size {
		x, err := n.Ledger.Leaf(context.Background(), i)
		if err != nil {
			t.Fatal(err)
		}
		if x.Kind == kind {
			out = append(out, x)
		}
	}
	return out
}

// Nothing is adopted: the operator is answered exactly, and it is in the ledger; nobody else is.
func TestBeforeAnyPolicy(t *testing.T) {
	n := testnode.Full(t)
	a, err := n.Desk.Ask(t.Context(), answer.Question{Ask: testnode.Operator(consent.Care), Keys: []variant.Key{key(t, testnode.Carried)}})
	if err != nil || !a.Counts[0].Exact() || a.Counts[0].AC.Low != 9 {
		t.Fatalf("%+v, %v", a, err)
	}
	x, err := n.Ledger.Leaf(t.Context(), a.Receipt.Index)
	if err != nil || x.Kind != ledger.Use || x.Role != "operator" || x.Purpose != "care" || x.Question != "frequency" || x.Counted != 50 || x.Epoch != a.Epoch {
		t.Errorf("%+v, %v", x, err)
	}
	record, err := n.Accesses.Open(t.Context(), x.Private)
	if err != nil || record.Person != "operator" || record.Question != "frequency "+testnode.Carried {
		t.Errorf("%+v, %v", record, err)
	}
	who, _ := n.People.Lookup(testnode.Person)
	proof, err := n.Counted.Prove(t.Context(), counted.Use{Purpose: x.Purpose, Conditions: x.Conditions}, x.Mask, who.Number)
	if err != nil {
		t.Errorf("%+v, %v", proof, err)
	}
	for _, ask := range []policy.Ask{testnode.Clinician(), {Use: consent.Use{Purpose: consent.Care}}} {
		if _, err := n.Desk.Ask(t.Context(), answer.Question{Ask: ask, Keys: []variant.Key{key(t, testnode.Carried)}}); fault.KindOf(err) != fault.Denied {
			t.Errorf("%+v: %v", ask, err)
		}
	}
}

// A denial is the same whatever was asked about; who is known is in the ledger with it.
func TestDenialsAreAllTheSame(t *testing.T) {
	n := testnode.Full(t)
	n.Adopt(t, testnode.Preset(t, "care"))
	research := testnode.Clinician()
	research.Use.Purpose = consent.Research
	nowhere, odd := research, research
	nowhere.Dataset, odd.Dataset = "nowhere", "clinic\n"
	said := map[string]bool{}
	for _, ask := range []policy.Ask{research, nowhere, odd, testnode.Operator(consent.Care), {Use: consent.Use{Purpose: consent.Care}}} {
		for _, name := range []string{testnode.Carried, testnode.Zero, testnode.Unread, testnode.Hidden} {
			_, err := n.Desk.Ask(t.Context(), answer.Question{Ask: ask, Keys: []variant.Key{key(t, name)}})
			said[err.Error()+fault.HintOf(err)+fault.KindOf(err).String()] = true
		}
		_, err := n.Desk.Region(t.Context(), answer.Region{Ask: ask, Chrom: 22, From: 1, To: 60_000_000})
		said[err.Error()+fault.HintOf(err)+fault.KindOf(err).String()] = true
		_, err = n.Desk.Annotate(t.Context(), answer.Annotation{Ask: ask}, strings.NewReader("not even a VCF"), io.Discard)
		said[err.Error()+fault.HintOf(err)+fault.KindOf(err).String()] = true
		_, err = n.Desk.Export(t.Context(), answer.Export{Ask: ask}, io.Discard)
		said[err.Error()+fault.HintOf(err)+fault.KindOf(err).String()] = true
	}
	if len(said) != 1 {
		t.Errorf("%d answers: %v", len(said), said)
	}
	if got := len(leaves(t, n, ledger.Denial)); got != 4*7 { // all but who isn't known
		t.Errorf("%d denials in the ledger", got)
	}
	if got := len(leaves(t, n, ledger.Use)); got != 0 {
		t.Errorf("%d uses in the ledger", got)
	}
}

func TestAskedUnderAPolicy(t *testing.T) {
	n := testnode.Full(t)
	n.Adopt(t, testnode.Preset(t, "care"))
	a, err := n.Desk.Ask(t.Context(), answer.Question{Ask: testnode.Clinician(), Keys: []variant.Key{key(t, testnode.Carried), key(t, testnode.Assumed), key(t, testnode.Zero)}})
	if err != nil {
		t.Fatal(err)
	}
	if v := a.Verdict; v.Number != "2026-14" || v.Policy != "care-frequency-1" || v.Body != "steering" {
		t.Errorf("%+v", v)
	}
	carried, rare, zero := a.Counts[0], a.Counts[1], a.Counts[2] // 8 people, one of them on both copies; 4 people; nobody
	if answer.Text(carried.Carriers, "–") != "8" || answer.Text(carried.Hom, "–") != "1–4" || answer.Text(carried.AC, "–") != "9–12" || carried.Het.Form != policy.Hidden {
		t.Errorf("%+v", carried)
	}
	if answer.Text(rare.Carriers, "–") != "1–4" || answer.Text(rare.AC, "–") != "1–8" || rare.Hom.Form != policy.Hidden {
		t.Errorf("%+v", rare)
	}
	if answer.Text(zero.Carriers, "–") != "0" || zero.AN.Low == 0 {
		t.Errorf("%+v", zero)
	}
	x, err := n.Ledger.Leaf(t.Context(), a.Receipt.Index)
	if err != nil || x.Policy != "se/care-frequency" || x.PolicyVersion != 1 || x.Decision != "se/steering/2026-14" || x.Organisation != "North" || x.Role != policy.Clinician {
		t.Errorf("%+v, %v", x, err)
	}
	left, err := n.Policies.Left(t.Context(), func() policy.Ask { q := testnode.Clinician(); q.Question = policy.Frequency; return q }(), a.Verdict)
	if err != nil || left.Asker != 497 {
		t.Errorf("%+v, %v", left, err)
	}
}

// Whatever is told of a variant, nothing under k can be told apart: all counts with the same carriers under k look alike, and what is
// told always holds.
func TestShapesTellNoMoreThanTheyMay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := policy.Verdict{Allowed: true, Precision: rapid.SampledFrom(policy.Precisions).Draw(t, "precision"), K: rapid.SampledFrom([]int{5, 10, 20}).Draw(t, "k"),
			Zero: rapid.Bool().Draw(t, "zero")}
		kind := rapid.SampledFrom([]policy.Kind{policy.Exists, policy.Count, policy.Frequency, policy.Annotate}).Draw(t, "kind")
		draw := func(name string) store.Count {
			few := rapid.Uint32Range(0, 12)
			c := store.Count{Covered: true, Het: few.Draw(t, name+"het"), Hom: few.Draw(t, name+"hom"), Hemi: few.Draw(t, name+"hemi"), Individuals: 4000, AN: 8000}
			c.AC = c.Het + 2*c.Hom + c.Hemi
			return c
		}
		x, y := draw("x"), draw("y")
		told, other := answer.Shape(v, kind, x), answer.Shape(v, kind, y)
		small := func(c store.Count) bool {
			n := int(c.Het + c.Hom + c.Hemi)
			return n < v.K && (n > 0 || !v.Zero || v.Precision != policy.Exact)
		}
		if small(x) && small(y) && told != other {
			t.Fatalf("%+v and %+v are told apart: %+v, %+v", x, y, told, other)
		}
		for what, one := range map[string]struct {
			cell policy.Cell
			n    uint32
		}{"carriers": {told.Carriers, x.Het + x.Hom + x.Hemi}, "AC": {told.AC, x.AC}, "het": {told.Het, x.Het}, "hom": {told.Hom, x.Hom}, "hemi": {told.Hemi, x.Hemi}} {
			c, n := one.cell, int(one.n)
			if c.Form != policy.Hidden && (n < c.Low || c.High != policy.Unbounded && n > c.High) {
				t.Fatalf("%s is %d, and %+v is told", what, n, c)
			}
			if c.Form == policy.Number && 0 < n && n < v.K {
				t.Fatalf("%s: %d people are told exactly, with k %d: %+v of %+v", what, n, v.K, told, x)
			}
		}
	})
}

// People come in batches and leave at once, whatever happens in whatever order.
func TestBatches(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const words = 3
		size := rapid.IntRange(2, 20).Draw(t, "size")
		set := func(name string) []uint64 {
			return rapid.SliceOfN(rapid.Uint64(), words, words).Draw(t, name)
		}
		allowed, people := set("allowed"), set("people")
		in := map[int]bool{}
		var kept []uint64
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			who := rapid.IntRange(0, words*64-1).Draw(t, "who")
			if rapid.Bool().Draw(t, "sequenced") {
				people[who/64] ^= 1 << (who % 64)
			} else {
				allowed[who/64] ^= 1 << (who % 64)
			}
			if rapid.IntRange(0, 2).Draw(t, "asked") > 0 {
				continue // several changes between two questions
			}
			var waiting []int
			for i := range words * 64 {
				may := (allowed[i/64]&people[i/64])>>(i%64)&1 == 1
				if !may {
					delete(in, i)
				} else if !in[i] {
					waiting = append(waiting, i)
				}
			}
			if len(waiting) >= size {
				for _, i := range waiting {
					in[i] = true
				}
			}
			kept = answer.Admit(kept, allowed, people, size)
			n := 0
			for i, w := range kept {
				n += bits.OnesCount64(w)
				for j := range 64 {
					if w>>j&1 == 1 && !in[i*64+j] {
						t.Fatalf("%d is in", i*64+j)
					}
				}
			}
			if n != len(in) {
				t.Fatalf("%d are in, not %d", n, len(in))
			}
		}
	})
}

// Outsiders see newcomers in batches, also after the node is opened again; a withdrawal at once.
func TestOutsidersSeeNewcomersInBatches(t *testing.T) {
	n := testnode.Full(t)
	d := testnode.Preset(t, "research")
	d.Batch = 10
	d.Rules[0].Budget = policy.Budget{Asker: 1000, Organisation: 1000, Per: policy.Lifetime}
	n.Adopt(t, d)
	seen := func(desk *answer.Desk) uint64 {
		t.Helper()
		a, err := desk.Ask(t.Context(), answer.Question{Ask: testnode.Researcher(), Keys: []variant.Key{key(t, testnode.Carried)}})
		if err != nil {
			t.Fatal(err)
		}
		x, err := n.Ledger.Leaf(t.Context(), a.Receipt.Index)
		if err != nil || !strings.Contains(x.Conditions, "batch=10") {
			t.Fatalf("%+v, %v", x, err)
		}
		return x.Counted
	}
	set := func(allow bool, who ...string) {
		t.Helper()
		for _, id := range who {
			if err := n.Set(t.Context(), id, consent.Research, allow); err != nil {
				t.Fatal(err)
			}
		}
	}
	if got := seen(n.Desk); got != 30 {
		t.Fatal(got)
	}
	set(true, "p01", "p03", "p05")
	if got := seen(n.Desk); got != 30 {
		t.Error("newcomers are seen:", got)
	}
	set(false, "p00", "p02")
	if got := seen(n.Desk); got != 28 {
		t.Error("a withdrawal waits:", got)
	}
	set(true, "p00")
	if got := seen(n.NewDesk(n.Genomes, nil)); got != 28 {
		t.Error("who comes back is a newcomer:", got)
	}
	for range 2 { // looking lets nobody in
		all, err := n.NewDesk(n.Genomes, nil).Newcomers(t.Context())
		if want := (answer.Newcomers{Use: testnode.Researcher().Use, Batch: 10, In: 28, Waiting: 4}); err != nil || len(all) != 1 || !reflect.DeepEqual(all[0], want) {
			t.Errorf("%+v, not %+v: %v", all, want, err)
		}
	}
	set(true, "p07", "p09", "p11", "p13", "p15", "p17")
	if got := seen(n.Desk); got != 38 {
		t.Error("a batch is not let in:", got)
	}
	for _, u := range []consent.Use{{Purpose: consent.Research, Health: true, Country: "NO"}, {Purpose: consent.Research, Health: true, Diseases: []string{"MONDO:0000001", "MONDO:0000002"}, Commercial: true}} {
		if n, ok := answer.BatchOf(answer.KeyOf(answer.Newcomers{Use: u, Dataset: "north clinic", Batch: 7})); !ok || n.Batch != 7 || n.Dataset != "north clinic" || counted.Of(n.Use) != counted.Of(u) {
			t.Errorf("%+v is read as %+v", u, n)
		}
	}
}

// A list of what is carried doesn't tell by whom there are too few to be told apart.
func TestRegionUnderAPolicy(t *testing.T) {
	n := testnode.Full(t)
	n.Adopt(t, testnode.Preset(t, "care"))
	all, err := n.Desk.Region(t.Context(), answer.Region{Ask: testnode.Clinician(), Chrom: 22, From: 50_001_000, To: 50_004_000})
	if err != nil || len(all.Keys) < 100 {
		t.Fatal(len(all.Keys), err)
	}
	for i, c := range all.Counts {
		if !c.Carried() {
			t.Errorf("%s: %+v", all.Keys[i], c)
		}
	}
	d := testnode.Preset(t, "research")
	d.Batch, d.Rules[0].K = 0, 10
	n.Adopt(t, d)
	few, err := n.Desk.Region(t.Context(), answer.Region{Ask: testnode.Researcher(), Chrom: 22, From: 50_001_000, To: 50_004_000})
	if err != nil {
		t.Fatal(err)
	}
	for i, c := range few.Counts {
		if c.Carriers.Low < 10 {
			t.Errorf("%s: %+v", few.Keys[i], c)
		}
	}
}

// Who has nothing left of a budget is refused before anything is counted, so how long it takes tells nothing; here nothing can be counted at all.
func TestNobodyIsCountedForWhoHasNoBudgetLeft(t *testing.T) {
	n := testnode.Full(t)
	d := testnode.Preset(t, "care")
	d.Rules[0].Budget = policy.Budget{Organisation: 1, Per: policy.Year}
	n.Adopt(t, d)
	ask := func(desk *answer.Desk) error {
		_, err := desk.Ask(t.Context(), answer.Question{Ask: testnode.Clinician(), Keys: []variant.Key{key(t, testnode.Carried)}})
		return err
	}
	if err := ask(n.Desk); err != nil {
		t.Fatal(err)
	}
	closed, err := store.Open(t.Context(), n.DB, filepath.Join(n.Dir, "genomes"), store.Options{})
	if err == nil {
		err = closed.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	desk := n.NewDesk(closed, nil)
	if err := ask(desk); fault.KindOf(err) != fault.Denied {
		t.Error(err)
	}
	_, err = desk.Region(t.Context(), answer.Region{Ask: testnode.Clinician(), Chrom: 22, From: 50_001_000, To: 50_004_000})
	if fault.KindOf(err) != fault.Denied {
		t.Error(err)
	}
}

// That a list is too long tells of data: it costs what the list would have cost, and is in the ledger.
func TestAListThatIsTooLongIsPaidAndLogged(t *testing.T) {
	n := testnode.Full(t)
	n.Adopt(t, testnode.Preset(t, "care"))
	answer.ListAtMost(t, 20)
	q := answer.Region{Ask: testnode.Clinician(), Chrom: 22, From: 50_001_000, To: 50_004_000}
	if a, err := n.Desk.Region(t.Context(), q); fault.KindOf(err) != fault.Invalid || a.Counts != nil {
		t.Fatalf("%+v, %v", a, err)
	}
	accounts, err := n.Policies.Accounts(t.Context(), policy.OfOrganisation, 1)
	if err != nil || len(accounts) != 1 || accounts[0].Lifetime != 20 || len(leaves(t, n, ledger.Use)) != 1 {
		t.Errorf("%+v, %d leaves, %v", accounts, len(leaves(t, n, ledger.Use)), err)
	}
}

// What can't be written down isn't answered, and the asker learns no more than that.
func TestNothingIsAnsweredThatCantBeWrittenDown(t *testing.T) {
	for what, harm := range map[string]func(t *testing.T, n *testnode.Node){
		"the ledger is gone": func(t *testing.T, n *testnode.Node) {
			if err := os.Rename(filepath.Join(n.Dir, "ledger", "log"), filepath.Join(n.Dir, "elsewhere")); err != nil {
				t.Fatal(err)
			}
		},
		"the ledger is closed": func(t *testing.T, n *testnode.Node) {
			if err := n.Ledger.Close(t.Context()); err != nil {
				t.Fatal(err)
			}
		},
		"nothing can be spent": func(_ *testing.T, n *testnode.Node) { n.Policies.Close() },
	} {
		t.Run(what, func(t *testing.T) {
			n := testnode.Full(t)
			n.Adopt(t, testnode.Preset(t, "care"))
			if _, err := n.Desk.Ask(t.Context(), answer.Question{Ask: testnode.Clinician(), Keys: []variant.Key{key(t, testnode.Carried)}}); err != nil {
				t.Fatal(err)
			}
			harm(t, n)
			a, err := n.Desk.Ask(t.Context(), answer.Question{Ask: testnode.Clinician(), Keys: []variant.Key{key(t, testnode.Carried)}})
			if fault.KindOf(err) != fault.Unavailable || a.Counts != nil || err.Error() != "nothing can be answered just now" {
				t.Errorf("%+v, %v", a, err)
			}
			var out strings.Builder
			_, err = n.Desk.Annotate(t.Context(), answer.Annotation{Ask: testnode.Clinician(), Name: "x.vcf"}, strings.NewReader(one), &out)
			if err == nil || out.Len() > 0 {
				t.Errorf("%q, %v", out.String(), err)
			}
		})
	}
}

const one = "##fileformat=VCFv4.3\n##contig=<ID=chr22,length=50818468>\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n" +
	"chr22\t50000165\t.\tC\tT\t.\tPASS\tDP=31\n"

func TestAnnotateUnderAPolicy(t *testing.T) {
	n := testnode.Full(t)
	n.Adopt(t, testnode.Preset(t, "care"))
	in := one + "chr22\t50000170\t.\tG\tA\t.\tPASS\t.\nchr22\t50000190\t.\tC\tA\t.\tPASS\t.\n"
	var out strings.Builder
	sum, err := n.Desk.Annotate(t.Context(), answer.Annotation{Ask: testnode.Clinician(), Name: "x.vcf"}, strings.NewReader(in), &out)
	if err != nil || sum.Verdict.Number != "2026-14" || sum.Known != 2 {
		t.Fatalf("%+v, %v", sum, err)
	}
	for _, want := range []string{"##INFO=<ID=SAMVERK_CARRIERS,", "NotToldApart=5", "DP=31;SAMVERK_AC=.;SAMVERK_AN=100;SAMVERK_AF=.;SAMVERK_HOM=.;SAMVERK_HEMI=.;SAMVERK_CARRIERS=8",
		";SAMVERK_CARRIERS=1-4;", "SAMVERK_AC=0;"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
	x, err := n.Ledger.Leaf(t.Context(), sum.Receipt.Index)
	if err != nil || x.Question != "annotate" || x.Policy != "se/care-frequency" {
		t.Errorf("%+v, %v", x, err)
	}
}

// A budget that ends in the middle of a file ends the file with an error.
func TestAnnotationThatIsRefusedHalfWay(t *testing.T) {
	n := testnode.Full(t)
	d := testnode.Preset(t, "care")
	d.Rules[1].Budget = policy.Budget{Organisation: 70_000, Per: policy.Year}
	n.Adopt(t, d)
	in := one + strings.Repeat("chr22\t50000165\t.\tC\tT\t.\tPASS\tDP=31\n", 150_000)
	var out strings.Builder
	sum, err := n.Desk.Annotate(t.Context(), answer.Annotation{Ask: testnode.Clinician(), Name: "x.vcf"}, strings.NewReader(in), &out)
	if fault.KindOf(err) != fault.Denied || sum != (answer.Annotated{}) {
		t.Fatalf("%+v, %v", sum, err)
	}
	if got := strings.Count(out.String(), "\nchr22\t"); got == 0 || got > 70_000 {
		t.Errorf("%d lines for 70,000 numbers", got)
	}
}
