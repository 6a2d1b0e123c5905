package app

import (
	"context"
	"crypto/rand"
	"io/fs"
	"path/filepath"
	"testing"
	"time"

	"github.com/samverk/samverk/consent/counted"
	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/individual"
	"github.com/samverk/samverk/internal/testkit"
	"github.com/samverk/samverk/ledger"
	"github.com/samverk/samverk/storage"
)

// What is kept goes when its time is over and not a day earlier, by a clock that the test moves; the log stays whole.
func TestWhatIsKeptGoesWhenItsTimeIsOver(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		ctx := t.Context()
		now := time.Date(2027, 2, 1, 9, 0, 0, 0, time.UTC)
		clock := func() time.Time { now = now.Add(time.Microsecond); return now }
		ok := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		n := &Node{settings: Settings{KeepYears: 6}}
		var err error
		n.db, err = storage.Open(ctx, dsn, storage.Options{Now: clock, Migrations: []fs.FS{individual.Migrations, counted.Migrations, ledger.Migrations}})
		ok(err)
		defer n.db.Close()
		n.people, err = individual.Open(ctx, n.db)
		ok(err)
		n.counted, err = counted.Open(ctx, n.db, n.people, counted.Options{})
		ok(err)
		n.ledger, err = ledger.Open(ctx, filepath.Join(t.TempDir(), "ledger"), ledger.Options{Name: "test.example", Now: clock, Random: rand.Reader})
		ok(err)
		defer n.ledger.Close(context.Background())
		years, err := n.settings.keepYears()
		ok(err)
		n.accesses, err = ledger.NewAccesses(n.db, n.ledger, rand.Reader, years)
		ok(err)
		ok(n.db.Write(ctx, func(tx *storage.Tx) error {
			_, err := n.people.Enrol(ctx, tx, []individual.New{{ID: "a"}, {ID: "b"}, {ID: "c"}})
			return err
		}))
		use := counted.Use{Purpose: "care"}
		type kept struct {
			root       [32]byte
			commitment [32]byte
		}
		asks := func(who uint64) (k kept) { // somebody is counted, and somebody asked
			t.Helper()
			k.root, err = n.counted.Root(ctx, use, &individual.Set{Words: []uint64{who}, Epoch: who})
			ok(err)
			r, err := n.accesses.Append(ctx, ledger.Leaf{Kind: ledger.Use, Purpose: "care", Mask: k.root}, ledger.AccessRecord{Person: "linda", Question: "count"})
			ok(err)
			x, err := n.ledger.Leaf(ctx, r.Index)
			ok(err)
			k.commitment = x.Private
			return k
		}
		there := func(k kept, record, proof bool) {
			t.Helper()
			if _, err := n.accesses.Open(ctx, k.commitment); (err == nil) != record || err != nil && fault.KindOf(err) != fault.NotFound {
				t.Errorf("at %s the record: %v", now, err)
			}
			if _, err := n.counted.Prove(ctx, use, k.root, 0); (err == nil) != proof || err != nil && fault.KindOf(err) != fault.NotFound {
				t.Errorf("at %s the proof: %v", now, err)
			}
		}
		first := asks(1)
		now = now.AddDate(1, 0, 0)
		second := asks(2)
		now = now.AddDate(4, 0, 0)
		third := asks(3)
		ok(n.letGo(ctx)) // five years: nothing yet, since this node keeps six
		there(first, true, true)
		now = now.AddDate(1, 0, -1)
		ok(n.letGo(ctx))
		there(first, true, true)
		now = now.Add(12 * time.Hour)
		ok(n.letGo(ctx)) // it is looked for once a day
		now = now.Add(36 * time.Hour)
		ok(n.letGo(ctx))
		there(first, false, true) // a tree holds until the next one is as old, and a day more
		now = now.AddDate(1, 0, 1)
		ok(n.letGo(ctx))
		there(first, false, false)
		there(second, false, true)
		there(third, true, true)
		now = now.AddDate(-3, 0, 0) // a clock that went back lets nothing go
		ok(n.letGo(ctx))
		there(third, true, true)
		r, err := ledger.Verify(ctx, n.ledger.Source(), n.ledger.PublicKey(), nil)
		if err != nil || !r.OK() {
			t.Errorf("%+v %v", r, err)
		}
		if _, err := (Settings{KeepYears: 4}).keepYears(); fault.KindOf(err) != fault.Invalid {
			t.Error("four years are too few:", err)
		}
	})
}
