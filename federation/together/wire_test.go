package together

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/samverk/samverk/answer"
	"github.com/samverk/samverk/consent"
	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/federation"
	"github.com/samverk/samverk/genome/variant"
	"github.com/samverk/samverk/policy"
)

func drawCell(t *rapid.T) policy.Cell {
	low := rapid.IntRange(0, 10_000).Draw(t, "low")
	switch rapid.SampledFrom([]policy.Form{policy.Hidden, policy.Number, policy.Band, policy.SaysYes, policy.SaysNo}).Draw(t, "form") {
	case policy.Number:
		return policy.Cell{Form: policy.Number, Low: low, High: low}
	case policy.Band:
		return policy.Cell{Form: policy.Band, Low: low, High: low + rapid.IntRange(0, 100).Draw(t, "wide")}
	case policy.SaysYes:
		return policy.Cell{Form: policy.SaysYes, Low: low, High: policy.Unbounded}
	case policy.SaysNo:
		return policy.Cell{Form: policy.SaysNo, High: low}
	}
	return policy.Cell{}
}

func drawCount(t *rapid.T) answer.Count {
	c := answer.Count{Covered: rapid.Bool().Draw(t, "covered"), Assumed: rapid.Bool().Draw(t, "assumed")}
	for _, cell := range cells(&c) {
		*cell = drawCell(t)
	}
	return c
}

// drawCounts are counts as genomes have them: most of nobody.
func drawCounts(t *rapid.T, n int) []answer.Count {
	var out []answer.Count
	for range n {
		if len(out) > 0 && rapid.IntRange(0, 3).Draw(t, "what") > 0 {
			out = append(out, nobody(&out[len(out)-1], rapid.Bool().Draw(t, "covered"), false))
		} else {
			out = append(out, drawCount(t))
		}
	}
	return out
}

// runsOf are they as they are held.
func runsOf(counts []answer.Count) (runs answer.Runs) {
	for i := range counts {
		runs = runs.Add(&counts[i], 1)
	}
	return runs
}

func drawKeys(t *rapid.T) (out []variant.Key) {
	bases := rapid.SliceOfN(rapid.SampledFrom([]byte("ACGT")), 1, 20)
	for range rapid.IntRange(0, 20).Draw(t, "keys") {
		out = append(out, variant.Key{Chrom: variant.Chrom(rapid.IntRange(1, 25).Draw(t, "chrom")), Pos: rapid.Uint32Range(1, 1<<32-1).Draw(t, "pos"),
			Ref: bases.Draw(t, "ref"), Alt: bases.Draw(t, "alt")})
	}
	return out
}

// Whatever is sent is read as it was sent, several after each other, and cut short it is refused.
func TestWire(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var b []byte
		var questions []question
		var replies []reply
		var err error
		for range rapid.IntRange(1, 3).Draw(t, "questions") {
			q := question{Organisation: "north", Role: policy.Clinician, Use: use{Purpose: consent.Care, Diseases: []string{"MONDO:0005105"}}, Kind: policy.Frequency, keys: drawKeys(t)}
			if q.Runs = rapid.Bool().Draw(t, "runs"); rapid.Bool().Draw(t, "closely") {
				if rapid.Bool().Draw(t, "sorted") {
					slices.SortFunc(q.keys, variant.Key.Compare)
				}
				q.Packed = len(q.keys)
			}
			if b, err = q.append(b); err != nil {
				t.Fatal(err)
			}
			questions = append(questions, q)
		}
		r := reader{b: b}
		for _, want := range questions {
			if diff := cmp.Diff(want, r.question(), cmp.AllowUnexported(question{}), cmp.Comparer(same), cmp.FilterPath(func(p cmp.Path) bool { return p.String() == "Keys" }, cmp.Ignore())); diff != "" {
				t.Fatal(diff)
			}
		}
		if r.err() != nil || len(r.b) > 0 {
			t.Fatal("not read whole")
		}
		short := reader{b: b[:rapid.IntRange(0, len(b)-1).Draw(t, "cut")]}
		for range questions {
			short.question()
		}
		if short.err() == nil {
			t.Fatal("half a message was read")
		}

		b = b[:0]
		for range rapid.IntRange(1, 3).Draw(t, "replies") {
			people := drawCell(t)
			a := reply{Epoch: 7, Individuals: &people, Leaf: 9, Tag: "x", keys: drawKeys(t), runs: runsOf(drawCounts(t, rapid.IntRange(0, 30).Draw(t, "counts"))),
				together: rapid.Bool().Draw(t, "runs")}
			if b, err = a.append(b); err != nil {
				t.Fatal(err)
			}
			replies = append(replies, a)
		}
		r = reader{b: b}
		for _, want := range replies {
			if diff := cmp.Diff(want, r.reply(), cmp.AllowUnexported(reply{}), cmp.Comparer(same), cmp.FilterPath(func(p cmp.Path) bool { return p.String() == "together" }, cmp.Ignore())); diff != "" {
				t.Fatal(diff)
			}
		}
	})
}

// FuzzMessage reads what anybody may send, in bounded memory, and writes what it understood as it was.
func FuzzMessage(f *testing.F) {
	q := question{Organisation: "north", Use: use{Purpose: consent.Care}, keys: []variant.Key{{Chrom: 22, Pos: 50_000_165, Ref: []byte("C"), Alt: []byte("T")}}}
	b, _ := q.append(nil)
	f.Add(b)
	q.Packed = 1
	b, _ = q.append(nil)
	f.Add(b)
	people := policy.Cell{Form: policy.Number, Low: 3, High: 3}
	a := reply{Individuals: &people, runs: runsOf([]answer.Count{{Covered: true}, {}, {}}), together: true}
	b, _ = a.append(nil)
	f.Add(b)
	f.Fuzz(func(t *testing.T, b []byte) {
		r := reader{b: slices.Clone(b)}
		if q := r.question(); r.err() == nil {
			again, err := q.append(nil)
			back := reader{b: again}
			if err != nil || !cmp.Equal(q, back.question(), cmp.AllowUnexported(question{}), cmp.Comparer(same)) {
				t.Fatalf("%q: %v", b, err)
			}
		}
		r = reader{b: slices.Clone(b)}
		r.reply()
	})
}

// A sum lies where its parts lie, whatever forms they are told in, and tells nothing that they don't.
func TestTotals(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		low, high, open, said, hidden := 0, 0, false, false, false
		var parts []policy.Cell
		for range rapid.IntRange(1, 7).Draw(t, "parts") {
			c := drawCell(t)
			parts = append(parts, c)
			low += c.Low
			switch c.Form {
			case policy.Hidden:
				hidden = true
			case policy.SaysYes:
				open, said = true, true
			case policy.SaysNo:
				said = true
				fallthrough
			default:
				high += c.High
			}
		}
		got := total(parts)
		switch got.Form {
		case policy.Number, policy.Band:
			if said || hidden || got.Low != low || got.High != high {
				t.Fatalf("%v of %v", got, parts)
			}
		case policy.SaysYes:
			if low == 0 || got.Low != low || got.High != policy.Unbounded {
				t.Fatalf("%v of %v", got, parts)
			}
		case policy.SaysNo:
			if low > 0 || open || hidden || got.High != high {
				t.Fatalf("%v of %v", got, parts)
			}
		case policy.Hidden:
			if !hidden && !said || low > 0 && said {
				t.Fatalf("nothing is told of %v", parts)
			}
		}
	})
	if (total(nil) != policy.Cell{}) {
		t.Error("of nobody something is told")
	}
}

// Runs come to the same as one variant after the other.
func TestTotalsOfRuns(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 40).Draw(t, "variants")
		var told [][]answer.Count
		var runs []answer.Runs
		for range rapid.IntRange(1, 4).Draw(t, "nodes") {
			counts := drawCounts(t, n)
			told, runs = append(told, counts), append(runs, runsOf(counts))
		}
		want := make([]answer.Count, n)
		addUp(want, told)
		got := addUpRuns(runs)
		if !slices.Equal(got.Counts(), want) || !slices.Equal(runs[0].Counts(), told[0]) {
			t.Fatalf("%v of %v", got, told)
		}
	})
}

// What a node says of how many were counted is held to what a count can be: a sum is made of it.
func TestIndividualsOnTheWire(t *testing.T) {
	for c, good := range map[policy.Cell]bool{
		{Form: policy.Number, Low: 5, High: 5}: true, {Form: policy.Band, Low: 1, High: 4}: true, {}: true,
		{Form: policy.Number, Low: -5, High: -5}: false, {Form: policy.Number, Low: 5, High: 7}: false, {Form: policy.Number, Low: 1 << 62, High: 1 << 62}: false,
		{Form: policy.Band, Low: 9, High: 4}: false, {Form: 99}: false, {Low: 7}: false,
	} {
		b, err := (&reply{Individuals: &c}).append(nil)
		if err != nil {
			t.Fatal(err)
		}
		r := reader{b: b}
		if r.reply(); (r.err() == nil) != good {
			t.Errorf("%+v: %v", c, r.err())
		}
	}
}

// Long lists don't go together, and who sends them together all the same is refused before anything is read.
func TestLongListsGoAlone(t *testing.T) {
	b := outbox{}
	for _, limit := range []int{0, 0, 101, 101, 101} {
		b.waiting = append(b.waiting, &waiter{ctx: t.Context(), q: &question{Region: "chr22:1-1000", Limit: limit}})
	}
	for i, want := range []int{1, 1, 3} {
		if got := len(b.take()); got != want {
			t.Errorf("message %d has %d questions, not %d", i, got, want)
		}
	}
	var body []byte
	for range 2 {
		body, _ = (&question{Region: "chr22:1-1000", Kind: policy.Frequency}).append(body)
	}
	if _, err := (&answering{}).message(t.Context(), federation.Peer{}, body); fault.KindOf(err) != fault.Invalid {
		t.Error(err)
	}
}
