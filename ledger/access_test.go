package ledger

import (
	"context"
	"crypto/rand"
	"fmt"
	"io/fs"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/individual"
	"github.com/samverk/samverk/internal/testkit"
	"github.com/samverk/samverk/storage"
)

// desk is a ledger with its database, and a clock that a test moves.
type desk struct {
	db       *storage.DB
	ledger   *Ledger
	accesses *Accesses
	index    *Index

	mu  sync.Mutex
	now time.Time
}

func (d *desk) Now() time.Time {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.now
}

func newDesk(t testing.TB, dsn string) *desk {
	t.Helper()
	d := &desk{now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	var err error
	d.db, err = storage.Open(t.Context(), dsn, storage.Options{Migrations: []fs.FS{Migrations}, Now: d.Now, Rand: rand.Reader})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.db.Close() })
	o := testOptions()
	o.Now = d.Now
	if d.ledger, err = Open(t.Context(), filepath.Join(t.TempDir(), "ledger"), o); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.ledger.Close(context.Background()) })
	if d.accesses, err = NewAccesses(d.db, d.ledger, rand.Reader, KeepYears); err != nil {
		t.Fatal(err)
	}
	d.index = NewIndex(d.db, d.ledger)
	return d
}

func TestAccesses(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		d := newDesk(t, dsn)
		who := individual.Number(7)
		var wg sync.WaitGroup
		for i := range 60 {
			wg.Go(func() {
				rec := AccessRecord{Person: fmt.Sprint("clinician ", i), Organisation: "Region Väst", Question: fmt.Sprint("chr22-", i, "-C-T"), Why: "diagnosis"}
				x := aUse(i)
				if i%10 == 0 {
					x.Kind, rec.Individual = Access, &who
				}
				if _, err := d.accesses.Append(t.Context(), x, rec); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		list, err := d.index.List(t.Context(), Filter{Kind: Use})
		if err != nil || len(list) != 54 {
			t.Fatal(len(list), err)
		}
		for _, e := range list {
			o, err := d.accesses.Open(t.Context(), e.Private)
			if err != nil || o.Question != fmt.Sprintf("chr22-%d-C-T", e.Counted) || o.Individual != nil {
				t.Fatalf("%+v %v", o, err)
			}
			// A reviewer checks what is disclosed against the leaf; another question doesn't fit.
			if o.Commitment() != e.Private {
				t.Fatal("the record isn't the one in the leaf")
			}
			if o.Question += "T"; o.Commitment() == e.Private {
				t.Fatal("another record fits the leaf")
			}
		}
		looks, err := d.accesses.About(t.Context(), who, d.Now().Add(time.Second), 10)
		if err != nil || len(looks) != 6 || *looks[0].Individual != who {
			t.Fatal(looks, err)
		}
		if err := d.db.Write(t.Context(), func(tx *storage.Tx) error {
			_, err := tx.Exec(t.Context(), `UPDATE ledger_access SET person = 'somebody else'`)
			return err
		}); err == nil {
			t.Error("an access record can be changed")
		}
		d.expire(t, list[0].Private)
	})
}

// expire goes to the end of the records' time: they go, and the log holds.
func (d *desk) expire(t *testing.T, commitment [32]byte) {
	t.Helper()
	for _, step := range []struct {
		to   time.Time
		gone int64
	}{{time.Date(2031, 3, 1, 11, 59, 59, 0, time.UTC), 0}, {time.Date(2031, 3, 1, 12, 0, 0, 0, time.UTC), 60}} {
		d.mu.Lock()
		d.now = step.to
		d.mu.Unlock()
		if n, err := d.accesses.Expire(t.Context()); err != nil || n != step.gone {
			t.Fatal(step.to, n, err)
		}
	}
	if _, err := d.accesses.Open(t.Context(), commitment); fault.KindOf(err) != fault.NotFound {
		t.Error(err)
	}
	if p, err := d.ledger.Prove(t.Context(), 17); err != nil || p.Verify(d.ledger.PublicKey()) != nil {
		t.Error("a proof doesn't hold after its record is gone", err)
	}
	if r := verify(t, d.ledger.Source(), d.ledger.PublicKey()); !r.OK() {
		t.Error(r.Damage)
	}
}

func TestAccessRefused(t *testing.T) {
	d := newDesk(t, testkit.SQLite(t))
	if _, err := d.accesses.Append(t.Context(), aUse(1), AccessRecord{}); fault.KindOf(err) != fault.Invalid {
		t.Error("a record without a person:", err)
	}
	if _, err := NewAccesses(d.db, d.ledger, rand.Reader, KeepYears-1); fault.KindOf(err) != fault.Invalid {
		t.Error("kept for four years:", err)
	}
	// Without a database there is no record, and so no leaf.
	size, err := d.ledger.Size(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := d.db.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := d.accesses.Append(t.Context(), aUse(1), AccessRecord{Person: "a"}); err == nil {
		t.Error("acknowledged without a record")
	}
	if again, err := d.ledger.Size(t.Context()); err != nil || again != size {
		t.Error("a leaf without its record", err)
	}
}

func TestIndex(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		d := newDesk(t, dsn)
		ctx := t.Context()
		appendMany(t, d.ledger, 700, 64)
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				if err := d.index.Follow(ctx); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if err := d.index.Check(ctx); err != nil {
			t.Fatal(err)
		}
		x := aUse(1)
		x.Epoch, x.Purpose = 9, "research"
		r, err := d.ledger.Append(ctx, x)
		if err != nil {
			t.Fatal(err)
		}
		for f, want := range map[Filter]int{
			{Purpose: "research"}:                           1,
			{Purpose: "research", FromEpoch: 9}:             1,
			{Purpose: "research", ToEpoch: 9}:               0,
			{Purpose: "research", Conditions: "commercial"}: 0,
			{Kind: Genesis}:                                 1,
			{Kind: Use, Organisation: "Region Väst"}:        100,
			{Organisation: "Region Nord"}:                   0,
			{Before: 5}:                                     5,
			{Limit: 3}:                                      3,
		} {
			list, err := d.index.List(ctx, f)
			if err != nil || len(list) != want {
				t.Errorf("%+v: %d, %v", f, len(list), err)
			}
			if want > 0 && f.Purpose != "" && (list[0].Index != r.Index || list[0].Time != r.Time) {
				t.Errorf("%+v: %+v", f, list[0])
			}
		}
		if err := d.db.Write(ctx, func(tx *storage.Tx) error {
			_, err := tx.Exec(ctx, `DELETE FROM ledger_leaf WHERE idx = 300`)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		if err := d.index.Check(ctx); err == nil {
			t.Error("a missing row wasn't found")
		}
		if err := d.index.Drop(ctx); err != nil {
			t.Fatal(err)
		}
		if err := d.index.Follow(ctx); err != nil {
			t.Fatal(err)
		}
		if err := d.index.Check(ctx); err != nil {
			t.Error(err)
		}
	})
}

func BenchmarkAccess(b *testing.B) {
	d := newDesk(b, filepath.Join(b.TempDir(), "db"))
	const askers = 64
	took := make([]time.Duration, b.N)
	b.ResetTimer()
	var wg sync.WaitGroup
	for a := range askers {
		wg.Go(func() {
			for i := a; i < b.N; i += askers {
				t := time.Now()
				if _, err := d.accesses.Append(b.Context(), aUse(i), AccessRecord{Person: "p", Question: "chr22-50000165-C-T"}); err != nil {
					b.Error(err)
					return
				}
				took[i] = time.Since(t)
			}
		})
	}
	wg.Wait()
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "leaves/s")
	report(b, took)
}
