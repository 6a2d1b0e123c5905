package ledger

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/individual"
	"github.com/samverk/samverk/internal/testkit"
	"github.com/samverk/samverk/storage"
)

func (d *desk) move(by time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.now = d.now.Add(by)
}

// asks appends one question, or a look, of a day.
func (d *desk) asks(t *testing.T, kind Kind, person, organisation, purpose string) {
	t.Helper()
	rec := AccessRecord{Person: person, Organisation: organisation, Question: "chr22-1-C-T", Why: purpose}
	if kind == Access {
		rec.Individual = new(individual.Number)
	}
	if _, err := d.accesses.Append(t.Context(), Leaf{Kind: kind, Organisation: organisation, Role: "clinician", Purpose: purpose, Question: "count"}, rec); err != nil {
		t.Fatal(err)
	}
}

func TestAskedAgainstAPlainList(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		d := newDesk(t, dsn)
		type one struct {
			day  int64
			e    Entry
			kind Kind
		}
		var all []one
		day := dayOf(d.Now())
		for i := range 120 {
			if i%7 == 0 {
				d.move(9 * time.Hour)
			}
			if i == 60 {
				d.move(-40 * time.Hour) // the clock goes back: the day stays
			}
			x := Leaf{Kind: []Kind{Use, Use, Denial, Consent}[i%4], Organisation: fmt.Sprint("org", i%3), Role: []string{"clinician", "researcher"}[i%2],
				Purpose: []string{"care", "research"}[i/2%2], Question: "count", Dataset: []string{"", "clinic"}[i%5/4]}
			r, err := d.ledger.Append(t.Context(), x)
			if err != nil {
				t.Fatal(err)
			}
			x.Time = r.Time
			day = max(day, dayOf(d.Now()))
			all = append(all, one{day, Entry{r.Index, x}, x.Kind})
			if i == 31 { // half of it is taken up before the rest is there
				if err := d.index.Follow(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
		}
		first := dayOf(time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC))
		for _, q := range []Asked{
			{}, {Kinds: []Kind{Use}}, {Kinds: []Kind{Use, Denial}, Organisation: "org1"}, {Role: "researcher", Purpose: "care"}, {Dataset: "clinic", Limit: 7},
			{From: startOf(first + 2), To: startOf(first + 4)}, {From: startOf(first)}, {From: startOf(first), To: startOf(first + 31)}, {To: startOf(first + 1)}, {Organisation: "nobody"}, {Before: 50, Kinds: []Kind{Denial}, From: startOf(first + 1)},
		} {
			var want []uint64
			times := uint64(0)
			for _, o := range slices.Backward(all) {
				if len(q.Kinds) > 0 && !slices.Contains(q.Kinds, o.kind) || q.Organisation != "" && q.Organisation != o.e.Organisation || q.Role != "" && q.Role != o.e.Role ||
					q.Purpose != "" && q.Purpose != o.e.Purpose || q.Dataset != "" && q.Dataset != o.e.Dataset ||
					!q.From.IsZero() && o.day < dayOf(q.From) || !q.To.IsZero() && o.day >= dayOf(q.To) {
					continue
				}
				times++
				if q.Before == 0 || o.e.Index < q.Before {
					want = append(want, o.e.Index)
				}
			}
			var got []uint64
			for len(got) < len(want) { // page by page
				list, err := d.index.Asked(t.Context(), q)
				if err != nil {
					t.Fatal(err)
				}
				if len(list) == 0 {
					break
				}
				for _, e := range list {
					if e.Kind != Genesis {
						got = append(got, e.Index)
					}
				}
				q.Before = list[len(list)-1].Index
			}
			if !slices.Equal(got, want) {
				t.Errorf("%+v: %d of %d", q, len(got), len(want))
			}
			q.Before = 0
			sums, err := d.index.Sums(t.Context(), q, ByDay, ByKind, ByOrganisation)
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range sums {
				if s.Kind != Genesis {
					times -= s.Times
				}
			}
			months, err := d.index.Sums(t.Context(), q, ByMonth, ByKind)
			if err != nil {
				t.Fatal(err)
			}
			byMonth := map[Sum]uint64{}
			for _, s := range sums {
				byMonth[Sum{Day: s.Day.AddDate(0, 0, 1-s.Day.Day()), Kind: s.Kind}] += s.Times
			}
			for _, m := range months {
				byMonth[Sum{Day: m.Day, Kind: m.Kind}] -= m.Times
			}
			for of, left := range byMonth {
				if left != 0 {
					t.Errorf("%+v: the month's sum is %d short of its days'", of, left)
				}
			}
			if times != 0 || !slices.IsSortedFunc(sums, func(a, b Sum) int { return a.Day.Compare(b.Day) }) {
				t.Errorf("%+v: the sums are %d short", q, times)
			}
		}
	})
}

// drawAgain draws a sample as somebody would who has the log and nothing else.
func drawAgain(t *testing.T, d *desk, r Sample) []uint64 {
	t.Helper()
	var hashes []tlog.Hash
	var lots []uint64
	root, size := tlog.Hash{}, int64(r.Leaf+1)
	for i := range r.Leaf + 1 {
		x, err := d.ledger.Leaf(t.Context(), i)
		if err != nil {
			t.Fatal(err)
		}
		b, err := x.Encode()
		if err != nil {
			t.Fatal(err)
		}
		hashes = append(hashes, tlog.RecordHash(b))
		if slices.Contains(sampled, x.Kind) && x.Private != [32]byte{} && i < r.Leaf && !x.Time.Before(r.From) && x.Time.Before(r.To) {
			lots = append(lots, i)
		}
	}
	root = rootOf(hashes)
	if r.Root != root || uint64(len(lots)) != r.Of {
		t.Fatalf("root of %d leaves, %d to draw from; the review says %d", size, len(lots), r.Of)
	}
	slices.SortFunc(lots, func(a, b uint64) int {
		hash := func(i uint64) []byte {
			h := sha256.Sum256(binary.BigEndian.AppendUint64(append([]byte("samverk sample 1\x00"), root[:]...), i))
			return h[:]
		}
		return bytes.Compare(hash(a), hash(b))
	})
	out := lots[:min(r.Sampled, len(lots))]
	slices.Sort(out)
	return out
}

// rootOf hashes a tree as RFC 6962 does.
func rootOf(h []tlog.Hash) tlog.Hash {
	if len(h) == 1 {
		return h[0]
	}
	k := 1
	for k*2 < len(h) {
		k *= 2
	}
	return tlog.NodeHash(rootOf(h[:k]), rootOf(h[k:]))
}

func TestReview(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		ctx := t.Context()
		d := newDesk(t, dsn)
		v := NewReviews(d.db, d.ledger, d.index, d.accesses, rand.Reader)
		const sampled = 36 // of 40, so that some of each kind are in it, whoever is drawn
		by, other := Reviewer{"stina", "north", "steward"}, Reviewer{"sten", "north", "steward"}
		march := func(day int) time.Time { return time.Date(2026, 3, day, 0, 0, 0, 0, time.UTC) }
		if _, err := v.Draw(ctx, by, march(1), march(2), 5); fault.KindOf(err) != fault.Invalid {
			t.Fatal("nothing was asked, and is reviewed:", err)
		}
		for i := range 60 {
			person := []string{"linda", "karim", "stina"}[i%3]
			d.asks(t, []Kind{Use, Use, Denial, Access}[i%4], person, "north", "care")
			if i == 39 {
				d.move(24 * time.Hour)
			}
		}
		if _, err := d.ledger.Append(ctx, Leaf{Kind: Use, Organisation: "nobody"}); err != nil { // nobody who could be asked
			t.Fatal(err)
		}
		for _, n := range []int{0, MostSampled + 1} {
			if _, err := v.Draw(ctx, by, march(1), march(2), n); fault.KindOf(err) != fault.Invalid {
				t.Error(n, err)
			}
		}
		id, err := v.Draw(ctx, by, march(1), march(2), sampled)
		if err != nil {
			t.Fatal(err)
		}
		r, all, err := v.Open(ctx, by, id)
		if err != nil || len(all) != sampled || r.Of != 40 || !r.Ended.IsZero() {
			t.Fatalf("%+v %d %v", r, len(all), err)
		}
		var got []uint64
		var marks []Mark
		own := 0
		for _, x := range all {
			got = append(got, x.Index)
			if x.Record == nil || x.Record.Why != "care" {
				t.Fatalf("%+v", x.Record)
			}
			if x.Own(by) {
				own++
				continue
			}
			marks = append(marks, Mark{Leaf: x.Index, Verdict: Fine})
		}
		if again := drawAgain(t, d, r); !slices.Equal(got, again) {
			t.Errorf("drawn %v, and from the log alone %v", got, again)
		}
		if own == 0 || own == sampled {
			t.Fatal("the test needs some of the reviewer's own:", own)
		}
		// Both the drawing and the look are in the log, with who it was.
		last, err := d.index.Asked(ctx, Asked{Kinds: []Kind{Review, Access}, Limit: 2})
		if err != nil || last[0].Kind != Access || last[0].Ref != "review/"+id || last[1].Kind != Review || last[1].Conditions != "period=2026-03-01/2026-03-01 n=36" {
			t.Fatalf("%+v %v", last, err)
		}
		if o, err := d.accesses.Open(ctx, last[0].Private); err != nil || o.Person != "stina" {
			t.Error(o, err)
		}
		for what, m := range map[string]Mark{
			"not drawn": {Leaf: 9999, Verdict: Fine}, "no verdict": {Leaf: marks[0].Leaf, Verdict: "well"}, "no note": {Leaf: marks[0].Leaf, Verdict: FollowUp},
			"own": {Leaf: all[slices.IndexFunc(all, func(x Drawn) bool { return x.Own(by) })].Index, Verdict: Fine},
		} {
			if err := v.Mark(ctx, by, id, []Mark{m}); err == nil {
				t.Error(what, "is kept")
			}
		}
		marks[0].Verdict, marks[0].Note = FollowUp, "Which patient was it for?"
		if err := v.Mark(ctx, by, id, marks[:1]); err != nil {
			t.Fatal(err)
		}
		if err := v.End(ctx, by, id); fault.KindOf(err) != fault.Invalid {
			t.Error("ended before all is marked:", err)
		}
		if err := v.Mark(ctx, by, id, marks[1:]); err != nil {
			t.Fatal(err)
		}
		if err := v.End(ctx, other, id); fault.KindOf(err) != fault.Invalid {
			t.Error("the other reviewer has still to mark what the first can't:", err)
		}
		if err := v.End(ctx, by, id); err != nil {
			t.Fatal(err)
		}
		r, all, err = v.Open(ctx, other, id)
		if err != nil || r.Ended.IsZero() || r.Fine != sampled-1-own || r.FollowUp != 1 || r.Unseen != own {
			t.Fatalf("%+v %v", r, err)
		}
		if i := slices.IndexFunc(all, func(x Drawn) bool { return x.Mark != nil && x.Mark.Verdict == FollowUp }); all[i].Mark.Note != marks[0].Note || all[i].Mark.By != "stina" {
			t.Errorf("%+v", all[i].Mark)
		}
		for _, err := range []error{v.End(ctx, by, id), v.Mark(ctx, other, id, marks[:1])} {
			if fault.KindOf(err) != fault.Conflict {
				t.Error("an ended review goes on:", err)
			}
		}
		if list, err := v.List(ctx, "", ""); err != nil || len(list) != 1 || list[0].Marked != sampled-own {
			t.Errorf("%+v %v", list, err)
		}
		for in, n := range map[ReviewState]int{GoesOn: 0, EndedFollowUp: 1, EndedFine: 0} {
			if list, err := v.List(ctx, in, ""); err != nil || len(list) != n {
				t.Errorf("in state %s there are %d: %v", in, len(list), err)
			}
		}
		if _, err := v.List(ctx, "x", ""); fault.KindOf(err) != fault.Invalid {
			t.Error(err)
		}
		if _, _, err := v.Open(ctx, by, "01K"); fault.KindOf(err) != fault.NotFound {
			t.Error(err)
		}
		// A second sample is another one, and nothing in the database can be changed.
		for _, stmt := range []string{`UPDATE ledger_review_mark SET verdict = 'fine'`, `DELETE FROM ledger_review_item`, `DELETE FROM ledger_review_end`, `UPDATE ledger_review SET drawn_from = 1`} {
			if err := d.db.Write(ctx, func(tx *storage.Tx) error { _, err := tx.Exec(ctx, stmt); return err }); err == nil {
				t.Error(stmt)
			}
		}
		looks := func() int {
			list, err := d.index.Asked(ctx, Asked{Kinds: []Kind{Access}})
			if err != nil {
				t.Fatal(err)
			}
			return len(list)
		}
		before := looks()
		about := slices.IndexFunc(all, func(x Drawn) bool { return x.Kind == Access })
		if _, err := v.Whom(ctx, by, id, all[about].Index); err != nil || looks() != before+1 {
			t.Error("whom it was about isn't told, or the look isn't recorded:", err)
		}
		if list, err := d.accesses.About(ctx, 0, d.Now().Add(time.Hour), 100); err != nil || !slices.ContainsFunc(list, func(o Opening) bool { return o.Person == "stina" && o.Question == "review/"+id }) {
			t.Error("the individual's own list lacks the reviewer's look", err)
		}
		if _, err := v.Whom(ctx, by, id, 0); fault.KindOf(err) != fault.NotFound {
			t.Error(err)
		}
		// When the records' time is over, the review stays readable without them.
		d.move(KeepYears * 366 * 24 * time.Hour)
		if _, err := d.accesses.Expire(ctx); err != nil {
			t.Fatal(err)
		}
		if _, all, err = v.Open(ctx, by, id); err != nil || all[0].Record != nil {
			t.Error(err)
		}
	})
}
