package answer_test

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/samverk/samverk/answer"
	"github.com/samverk/samverk/consent"
	"github.com/samverk/samverk/consent/counted"
	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/genome/variant"
	"github.com/samverk/samverk/individual"
	"github.com/samverk/samverk/internal/testnode"
	"github.com/samverk/samverk/ledger"
	"github.com/samverk/samverk/ledger/membership"
	"github.com/samverk/samverk/policy"
	"github.com/samverk/samverk/storage"
)

// were tells whether somebody was counted in an answer, as it is proved to them.
func were(t *testing.T, n *testnode.Node, r ledger.Receipt, id string) bool {
	t.Helper()
	x, err := n.Ledger.Leaf(t.Context(), r.Index)
	if err != nil || x.Kind != ledger.Use {
		t.Fatalf("%+v, %v", x, err)
	}
	who, _ := n.People.Lookup(id)
	proof, err := n.Counted.Prove(t.Context(), counted.Use{Purpose: x.Purpose, Conditions: x.Conditions}, x.Mask, who.Number)
	if err != nil {
		t.Fatal(err)
	}
	return proof.State == membership.In
}

// openCase makes a case and gives its token.
func openCase(t *testing.T, n *testnode.Node, id, organisation string) (c individual.Case, token string) {
	t.Helper()
	err := n.DB.Write(t.Context(), func(tx *storage.Tx) (err error) {
		who, _ := n.People.LookupIn(tx, id)
		c, token, err = n.People.OpenCase(t.Context(), tx, "operator", "a test", who.Number, organisation)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return c, token
}

// exactly lets clinicians ask for everything, and be told exactly.
func exactly(t *testing.T, n *testnode.Node) {
	t.Helper()
	d := testnode.Preset(t, "care")
	d.Rules[0].K, d.Rules[0].Zero = 0, false
	d.Rules[0].Questions = []policy.Kind{policy.Frequency, policy.Annotate}
	d.Rules[0].Budget = policy.Budget{Organisation: 1_000_000, Per: policy.Year}
	n.Adopt(t, d)
}

// The asker's own patient isn't counted, and neither is who has their home elsewhere; both can be shown so, in this answer and not in one like it.
func TestLeftOut(t *testing.T) {
	n := testnode.Full(t)
	exactly(t, n)
	all, err := n.Consents.Allowed(consent.Use{Purpose: consent.Care})
	if err != nil {
		t.Fatal(err)
	}
	home := &individual.Set{Words: []uint64{all.Words[0] &^ 1}} // p00 has theirs elsewhere
	n.Home = func() *individual.Set { return home }
	_, token := openCase(t, n, "p14", "North") // two copies
	ask := func(l answer.LeaveOut, kind policy.Kind) answer.Answer {
		t.Helper()
		a := testnode.Clinician()
		a.Question = kind
		out, err := n.Desk.Ask(t.Context(), answer.Question{Ask: a, LeaveOut: l, Keys: []variant.Key{key(t, testnode.Carried)}})
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	for range 2 {
		for _, kind := range []policy.Kind{policy.Frequency, policy.Annotate} {
			for _, x := range []struct {
				leave      answer.LeaveOut
				ac, people int
				conditions string
				out        []string
			}{
				{answer.LeaveOut{}, 9, 50, "", nil},
				{answer.LeaveOut{Guests: true}, 8, 49, "home", []string{"p00"}},
				{answer.LeaveOut{Case: token}, 7, 49, "case", []string{"p14"}},
				{answer.LeaveOut{Guests: true, Case: "north:" + strings.ToUpper(token)}, 6, 48, "home case", []string{"p00", "p14"}},
			} {
				a := ask(x.leave, kind)
				leaf, err := n.Ledger.Leaf(t.Context(), a.Receipt.Index)
				if err != nil || a.Counts[0].AC.Low != x.ac || a.Individuals.Low != x.people || leaf.Conditions != x.conditions || leaf.Counted != uint64(x.people) {
					t.Errorf("%+v: %+v, %+v, %v", x, a, leaf, err)
				}
				for _, id := range []string{"p00", "p07", "p14"} {
					if got := were(t, n, a.Receipt, id); got == strings.Contains(strings.Join(x.out, " "), id) {
						t.Errorf("%+v: %s was counted: %v", x, id, got)
					}
				}
			}
		}
	}
	region, err := n.Desk.Region(t.Context(), answer.Region{Ask: testnode.Clinician(), LeaveOut: answer.LeaveOut{Guests: true, Case: token}, Chrom: 22, From: 50_000_165, To: 50_000_165})
	if err != nil || region.Counts[0].AC.Low != 6 || were(t, n, region.Receipt, "p14") {
		t.Errorf("%+v, %v", region, err)
	}
	var out strings.Builder
	vcf := lines(0) + "chr22\t50000165\t.\tC\tT\t.\t.\t.\n"
	if sum, err := n.Desk.Annotate(t.Context(), answer.Annotation{Ask: testnode.Clinician(), LeaveOut: answer.LeaveOut{Case: token}, Name: "in.vcf"}, strings.NewReader(vcf), &out); err != nil ||
		!strings.Contains(out.String(), "SAMVERK_AC=7;") || were(t, n, sum.Receipt, "p14") || !were(t, n, sum.Receipt, "p00") {
		t.Errorf("%s, %v", &out, err)
	}
	if err := n.Set(t.Context(), "p14", consent.Care, false); err != nil { // somebody who isn't counted anyway can be left out too
		t.Fatal(err)
	}
	if a := ask(answer.LeaveOut{Case: token}, policy.Frequency); a.Counts[0].AC.Low != 7 || a.Individuals.Low != 49 {
		t.Errorf("%+v", a)
	}
}

// A case is for its organisation's clinicians, for care, for a year. Whatever else is tried is the one denial, and each use of it is a look at whom it is of.
func TestACaseIsItsOwnersToUse(t *testing.T) {
	var ahead time.Duration
	n := testnode.OpenIn(t, t.TempDir(), storage.Options{Now: func() time.Time { return time.Now().Add(ahead) }}, nil)
	n.Fill(t)
	exactly(t, n)
	c, token := openCase(t, n, "p14", "North")
	_, theirs := openCase(t, n, "p14", "South")
	try := func(a policy.Ask, token string) error {
		_, err := n.Desk.Ask(t.Context(), answer.Question{Ask: a, LeaveOut: answer.LeaveOut{Case: token}, Keys: []variant.Key{key(t, testnode.Carried)}})
		return err
	}
	looks := func() (named int) {
		t.Helper()
		who, _ := n.People.Lookup("p14")
		list, err := n.Accesses.About(t.Context(), who.Number, n.DB.Now().Add(time.Hour), 100)
		if err != nil {
			t.Fatal(err)
		}
		return len(list)
	}
	if err := try(testnode.Clinician(), token); err != nil || looks() != 1 {
		t.Fatal(err, looks())
	}
	seen := leaves(t, n, ledger.Access)
	if len(seen) != 1 || seen[0].Organisation != "North" || seen[0].Private != leaves(t, n, ledger.Use)[0].Private {
		t.Errorf("%+v", seen)
	}
	if record, err := n.Accesses.Open(t.Context(), seen[0].Private); err != nil || record.Individual == nil || record.Person != "linda" {
		t.Errorf("%+v, %v", record, err)
	}
	researcher := testnode.Clinician()
	researcher.Use.Purpose = consent.Research
	denied := policy.Denied().Error()
	refused := func(what string, a policy.Ask, token string) {
		t.Helper()
		before := len(leaves(t, n, ledger.Denial))
		if err := try(a, token); fault.KindOf(err) != fault.Denied || err.Error() != denied {
			t.Errorf("%s: %v", what, err)
		}
		if len(leaves(t, n, ledger.Denial)) != before+1 || looks() != 1 {
			t.Errorf("%s: %d denials, %d looks", what, len(leaves(t, n, ledger.Denial))-before, looks())
		}
	}
	refused("an unknown token", testnode.Clinician(), "aaaa")
	refused("another organisation's", testnode.Clinician(), theirs)
	refused("for research", researcher, token)
	refused("at the machine", testnode.Operator(consent.Care), token)
	if _, err := n.Desk.Annotate(t.Context(), answer.Annotation{Ask: testnode.Clinician(), LeaveOut: answer.LeaveOut{Case: theirs}}, strings.NewReader(lines(1)), io.Discard); fault.KindOf(err) != fault.Denied {
		t.Error(err)
	}
	ahead = 366 * 24 * time.Hour
	refused("after a year", testnode.Clinician(), token)
	ahead = 0
	end := func(id string) error {
		return n.DB.Write(t.Context(), func(tx *storage.Tx) error {
			return n.People.EndCase(t.Context(), tx, "operator", "a test", c.Individual, id)
		})
	}
	if err := end(c.ID); err != nil {
		t.Fatal(err)
	}
	refused("an ended one", testnode.Clinician(), token)
	if err := end(c.ID); fault.KindOf(err) != fault.NotFound {
		t.Error(err)
	}
	_, again := openCase(t, n, "p14", "North")
	err := n.DB.Write(t.Context(), func(tx *storage.Tx) error {
		_, err := n.Consents.Remove(t.Context(), tx, "operator", "p14")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := try(testnode.Clinician(), again); fault.KindOf(err) != fault.Denied {
		t.Errorf("an erased person's: %v", err)
	}
}

// Many leave out each their own at once, while people withdraw: each answer is that of those who allowed it but for the one.
func TestCasesAtOnce(t *testing.T) {
	n := testnode.Full(t)
	exactly(t, n)
	var wg sync.WaitGroup
	for i := range 8 {
		id := fmt.Sprintf("p%02d", 7*i) // carriers, p14 with two copies; p49 too
		_, token := openCase(t, n, id, "North")
		wg.Go(func() {
			for range 5 {
				a, err := n.Desk.Ask(t.Context(), answer.Question{Ask: testnode.Clinician(), LeaveOut: answer.LeaveOut{Case: token}, Keys: []variant.Key{key(t, testnode.Carried)}})
				want := 8
				if id == "p14" {
					want = 7
				}
				if err != nil || a.Counts[0].AC.Low != want || were(t, n, a.Receipt, id) || !were(t, n, a.Receipt, "p01") {
					t.Errorf("%s: %+v, %v", id, a, err)
				}
			}
		})
	}
	wg.Wait()
}
