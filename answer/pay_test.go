package answer_test

import (
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/samverk/samverk/answer"
	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/genome/store"
	"github.com/samverk/samverk/genome/variant"
	"github.com/samverk/samverk/internal/testnode"
	"github.com/samverk/samverk/ledger"
	"github.com/samverk/samverk/policy"
	"github.com/samverk/samverk/storage"
)

// lines is a VCF of so many variants that nobody has been seen with.
func lines(n int) string {
	var b strings.Builder
	b.WriteString("##fileformat=VCFv4.2\n##reference=GRCh38\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n")
	for i := range n {
		fmt.Fprintf(&b, "chr22\t%d\t.\tA\tC\t.\t.\t.\n", 50_001_000+i)
	}
	return b.String()
}

// taken is what somebody's organisation has taken from a budget.
func taken(t *testing.T, n *testnode.Node, a policy.Ask) (sum int64) {
	t.Helper()
	all, err := n.Policies.Accounts(t.Context(), policy.OfOrganisation, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range all {
		if x.Who == a.Organisation {
			sum += x.Lifetime
		}
	}
	return sum
}

// bounded lets the clinician's organisation have so many numbers, one by one and in bulk.
func bounded(t *testing.T, budget int, questions ...policy.Kind) policy.Draft {
	t.Helper()
	d := testnode.Preset(t, "care")
	d.Rules = d.Rules[:1]
	if len(questions) > 0 {
		d.Rules[0].Questions = questions
	}
	d.Rules[0].Budget = policy.Budget{Organisation: budget, Per: policy.Year}
	return d
}

// blind is a desk that can count nobody: its store is closed.
func blind(t *testing.T, n *testnode.Node) *answer.Desk {
	t.Helper()
	closed, err := store.Open(t.Context(), n.DB, filepath.Join(n.Dir, "genomes"), store.Options{})
	if err == nil {
		err = closed.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return n.NewDesk(closed, nil)
}

// Nothing is counted before it is paid, a file's first page neither, and what isn't paid is no use in the log: here nothing can be counted at all.
func TestNothingIsCountedBeforeItIsPaid(t *testing.T) {
	n := testnode.Full(t)
	n.Adopt(t, bounded(t, 3, policy.Annotate))
	d := testnode.Preset(t, "research")
	d.Rules[0].Questions, d.Rules[0].Budget = []policy.Kind{policy.Export}, policy.Budget{Organisation: 1, Per: policy.Lifetime}
	n.Adopt(t, d)
	desk := blind(t, n)
	annotation := answer.Annotation{Ask: testnode.Clinician(), Name: "in.vcf"}
	if _, err := desk.Annotate(t.Context(), annotation, strings.NewReader(lines(4)), io.Discard); fault.KindOf(err) != fault.Denied {
		t.Errorf("four variants of three that are left: %v", err)
	}
	if _, err := desk.Export(t.Context(), answer.Export{Ask: testnode.Researcher()}, io.Discard); fault.KindOf(err) != fault.Denied {
		t.Errorf("an export: %v", err)
	}
	if _, err := desk.Annotate(t.Context(), annotation, strings.NewReader(lines(2)), io.Discard); err != nil && fault.KindOf(err) == fault.Denied {
		t.Errorf("what is left can't be spent: %v", err)
	}
	before := len(leaves(t, n, ledger.Use))
	for range 3 {
		if _, err := desk.Annotate(t.Context(), annotation, strings.NewReader(lines(1)), io.Discard); fault.KindOf(err) != fault.Denied {
			t.Errorf("nothing is left: %v", err)
		}
		if _, err := desk.Export(t.Context(), answer.Export{Ask: testnode.Researcher()}, io.Discard); fault.KindOf(err) != fault.Denied {
			t.Errorf("nothing is left: %v", err)
		}
	}
	if now := len(leaves(t, n, ledger.Use)); now != before {
		t.Errorf("%d uses are in the log of who had nothing left", now-before)
	}
}

// A file costs what it has, and one that is spoiled no more than what was read of it.
func TestAFileCostsWhatItHas(t *testing.T) {
	n := testnode.Full(t)
	n.Adopt(t, bounded(t, 200_000, policy.Annotate))
	for _, x := range []struct {
		in    string
		costs int64
	}{{lines(1), 1}, {lines(7), 7}, {lines(0), 1}, {lines(3) + "chr22\t50002000\t.\tA\t!\t.\t.\t.\n", 1}, {lines(30_000), 30_000}} {
		was := taken(t, n, testnode.Clinician())
		var out strings.Builder
		_, _ = n.Desk.Annotate(t.Context(), answer.Annotation{Ask: testnode.Clinician(), Name: "in.vcf"}, strings.NewReader(x.in), &out)
		switch got := taken(t, n, testnode.Clinician()) - was; {
		case len(x.in) < 1<<19 && got != x.costs:
			t.Errorf("%d bytes cost %d, not %d", len(x.in), got, x.costs)
		case got < x.costs:
			t.Errorf("%d bytes cost %d, less than %d", len(x.in), got, x.costs)
		}
	}
}

// Who has nothing left leaves nothing behind, however many uses they think of.
func TestWhoCannotPayKeepsNothing(t *testing.T) {
	n := testnode.Full(t)
	d := testnode.Preset(t, "research")
	d.Batch = 2
	d.Rules[0].Budget = policy.Budget{Asker: 1, Organisation: 1, Per: policy.Lifetime}
	n.Adopt(t, d)
	admitted := func() (rows int) {
		t.Helper()
		if err := n.DB.Read(t.Context(), func(tx *storage.Tx) error {
			return tx.QueryRow(t.Context(), `SELECT count(*) FROM answer_admitted`).Scan(&rows)
		}); err != nil {
			t.Fatal(err)
		}
		return rows
	}
	a := testnode.Researcher()
	if _, err := n.Desk.Ask(t.Context(), answer.Question{Ask: a, Keys: []variant.Key{key(t, testnode.Carried)}}); err != nil || admitted() != 1 {
		t.Fatal(admitted(), err)
	}
	for _, dataset := range []string{"north", "south", "panel"} {
		a.Dataset = dataset
		if _, err := n.Desk.Ask(t.Context(), answer.Question{Ask: a, Keys: []variant.Key{key(t, testnode.Carried)}}); fault.KindOf(err) != fault.Denied {
			t.Error(err)
		}
	}
	if admitted() != 1 {
		t.Errorf("%d batches are kept", admitted())
	}
}

// What a list doesn't name it tells as well: a long stretch costs more than what is carried on it.
func TestAListCostsItsStretch(t *testing.T) {
	n := testnode.Full(t)
	n.Adopt(t, bounded(t, 100_000, policy.Frequency))
	cost := func(from, to uint32, limit int) int64 {
		t.Helper()
		was := taken(t, n, testnode.Clinician())
		if _, err := n.Desk.Region(t.Context(), answer.Region{Ask: testnode.Clinician(), Chrom: 22, From: from, To: to, Limit: limit}); err != nil {
			t.Fatal(err)
		}
		return taken(t, n, testnode.Clinician()) - was
	}
	for _, x := range []struct {
		from, to uint32
		limit    int
		costs    int64
	}{{1_000_000, 1_000_000, 0, 1}, {1_000_001, 1_010_000, 0, 1}, {1_000_001, 1_010_001, 0, 2}, {1_000_001, 11_000_000, 0, 1000}, {50_001_000, 60_000_000, 5, 5}} {
		if got := cost(x.from, x.to, x.limit); got != x.costs {
			t.Errorf("chr22:%d-%d costs %d, not %d", x.from, x.to, got, x.costs)
		}
	}
}

// One asker has a few long answers under way at most, and is told nothing of the node's files when one breaks off.
func TestLongAnswersAreBounded(t *testing.T) {
	n := testnode.Full(t)
	n.Adopt(t, bounded(t, 200_000, policy.Annotate))
	annotation := answer.Annotation{Ask: testnode.Clinician(), Name: "in.vcf"}
	var held []*io.PipeWriter
	done := make(chan error, 10)
	for range 4 {
		in, w := io.Pipe()
		held = append(held, w)
		go func() {
			_, err := n.Desk.Annotate(t.Context(), annotation, in, io.Discard)
			done <- err
		}()
		if _, err := io.WriteString(w, lines(1)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := n.Desk.Annotate(t.Context(), annotation, strings.NewReader(lines(1)), io.Discard); fault.KindOf(err) != fault.Unavailable {
		t.Error("one too many:", err)
	}
	other := annotation
	other.Person = "another"
	if _, err := n.Desk.Annotate(t.Context(), other, strings.NewReader(lines(1)), io.Discard); err != nil {
		t.Error("another is kept out:", err)
	}
	for _, w := range held {
		w.Close()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	if _, err := n.Desk.Annotate(t.Context(), annotation, strings.NewReader(lines(1)), io.Discard); err != nil {
		t.Error("all are done:", err)
	}
	_, err := blind(t, n).Annotate(t.Context(), annotation, strings.NewReader(lines(1)), io.Discard)
	if err == nil || strings.Contains(err.Error(), ".seg") || strings.Contains(err.Error(), n.Dir) {
		t.Error("a file of the node's is named:", err)
	}
}

// A question is one that was asked, however often it pays.
func TestAQuestionIsNotedOnce(t *testing.T) {
	n := testnode.Full(t)
	n.Adopt(t, bounded(t, 200_000, policy.Frequency, policy.Annotate))
	if _, err := n.Desk.Annotate(t.Context(), answer.Annotation{Ask: testnode.Clinician(), Name: "in.vcf"}, strings.NewReader(lines(30_000)), io.Discard); err != nil {
		t.Fatal(err)
	}
	if _, err := n.Desk.Region(t.Context(), answer.Region{Ask: testnode.Clinician(), Chrom: 22, From: 50_001_000, To: 50_004_000}); err != nil {
		t.Fatal(err)
	}
	asked, err := n.Policies.Requests(t.Context(), time.Unix(0, 0))
	if err != nil || len(asked) != 2 || asked[0].Times != 1 || asked[1].Times != 1 {
		t.Errorf("%+v, %v", asked, err)
	}
}

// A part of an annotation is counted as the whole file is, paid in bulk for each variant it names, and is a line of its own. What it
// names is taken as it is.
func TestAPartOfAnAnnotation(t *testing.T) {
	n := testnode.Full(t)
	n.Adopt(t, bounded(t, 70_000, policy.Annotate))
	names := []string{testnode.Carried, testnode.Assumed, testnode.Unread, testnode.Zero, testnode.Hidden}
	q := answer.Question{Ask: testnode.Clinician()}
	var vcf strings.Builder
	vcf.WriteString(lines(0))
	for _, name := range names {
		k := key(t, name)
		q.Keys = append(q.Keys, k)
		fmt.Fprintf(&vcf, "chr22\t%d\t.\t%s\t%s\t.\t.\t.\n", k.Pos, k.Ref, k.Alt)
	}
	if _, err := n.Desk.Ask(t.Context(), q); fault.KindOf(err) != fault.Denied {
		t.Errorf("one by one: %v", err)
	}
	q.Question = policy.Annotate
	a, err := n.Desk.Ask(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	if got := taken(t, n, q.Ask); got != int64(len(names)) {
		t.Errorf("%d numbers are taken", got)
	}
	x, err := n.Ledger.Leaf(t.Context(), a.Receipt.Index)
	if err != nil || x.Kind != ledger.Use || x.Question != "annotate" || x.Counted != 50 {
		t.Errorf("%+v, %v", x, err)
	}
	if record, err := n.Accesses.Open(t.Context(), x.Private); err != nil || record.Question != "annotate 5 variants, chr22:50000165 to chr22:50000200" {
		t.Errorf("%+v, %v", record, err)
	}
	var out strings.Builder
	if _, err := n.Desk.Annotate(t.Context(), answer.Annotation{Ask: q.Ask, Name: "in.vcf"}, strings.NewReader(vcf.String()), &out); err != nil {
		t.Fatal(err)
	}
	i := 0
	for line := range strings.Lines(out.String()) {
		if line[0] == '#' {
			continue
		}
		c := a.Counts[i]
		if !strings.Contains(line, fmt.Sprintf("SAMVERK_AC=%s;SAMVERK_AN=%s;", orDot(c.AC), orDot(c.AN))) || strings.Contains(line, "ASSUMED") != (c.Covered && c.Assumed) {
			t.Errorf("%s is %+v", line, c)
		}
		i++
	}
	before := taken(t, n, q.Ask)
	q.Keys = make([]variant.Key, answer.MostInPart)
	for i := range q.Keys {
		q.Keys[i] = key(t, testnode.Carried)
	}
	if _, err := n.Desk.Ask(t.Context(), q); err != nil || taken(t, n, q.Ask) != before+answer.MostInPart {
		t.Errorf("the largest: %v", err)
	}
	if _, err := n.Desk.Ask(t.Context(), q); fault.KindOf(err) != fault.Denied || taken(t, n, q.Ask) != before+answer.MostInPart {
		t.Errorf("what isn't left: %v", err)
	}
	for what, bad := range map[string][]variant.Key{"too many": append(q.Keys, q.Keys[0]), "none": {{}}} {
		q.Keys = bad
		if _, err := n.Desk.Ask(t.Context(), q); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func orDot(c policy.Cell) string {
	if c.Form != policy.Number {
		return "."
	}
	return answer.Text(c, "-")
}
