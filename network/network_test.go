package network

import (
	"context"
	"io/fs"
	"os"
	"testing"
	"time"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/internal/testkit"
	"github.com/samverk/samverk/storage"
)

func TestMain(m *testing.M) { os.Exit(testkit.Main(m)) }

var ctx = context.Background()

// clock stands still until it is moved.
type clock struct{ now time.Time }

func (c *clock) Now() time.Time          { return c.now }
func (c *clock) forward(d time.Duration) { c.now = c.now.Add(d) }

const day = 24 * time.Hour

// world is an opened room with a Swedish tenant and its first coordinator.
type world struct {
	*Registry
	*clock
	t     testing.TB
	root  ID
	coord Actor
}

func open(t testing.TB, dsn string) *world {
	t.Helper()
	c := &clock{time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)}
	db, err := storage.Open(ctx, dsn, storage.Options{Migrations: []fs.FS{Migrations}, Now: c.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	r, err := Open(ctx, db)
	if err != nil {
		t.Fatal(err)
	}
	return &world{Registry: r, clock: c, t: t}
}

// sweden sets a Swedish tenant up.
func sweden(t testing.TB, dsn string) *world {
	t.Helper()
	w := open(t, dsn)
	w.root, w.coord = w.tenant("se", "se")
	return w
}

func (w *world) tenant(template, slug string) (ID, Actor) {
	w.t.Helper()
	op := Actor{Person: must(w.AddOperator(ctx, "Karin Ek", "sv"))(w.t)}
	return must(w.Setup(ctx, op, SetUp{Template: template, Slug: slug}))(w.t), op
}

// Now is the test's clock, not the room's method of the same name.
func (w *world) Now() time.Time { return w.clock.now }

func must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func (w *world) ok(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) refused(err error, k fault.Kind) {
	w.t.Helper()
	if err == nil || fault.KindOf(err) != k {
		w.t.Fatalf("got %v, want something %v", err, k)
	}
}

// person registers somebody with the root.
func (w *world) person(name string) PersonID {
	w.t.Helper()
	return must(w.AddPerson(ctx, w.coord, NewPerson{Name: name, Network: w.root}))(w.t)
}

// read runs a look and fails with it.
func (w *world) read(who Actor, do func(*storage.Tx, Access) error) {
	w.t.Helper()
	w.ok(w.Look(ctx, who, do))
}

func (w *world) access(who Actor) (got Access) {
	w.t.Helper()
	w.read(who, func(_ *storage.Tx, a Access) error { got = a; return nil })
	return got
}

// body finds the first body of a kind in a network.
func (w *world) body(network ID, kind BodyKind) (found Body) {
	w.t.Helper()
	w.read(w.coord, func(tx *storage.Tx, a Access) error {
		all, err := w.Bodies(ctx, tx, a, w.root, network)
		for _, b := range all {
			if b.Kind == kind && found.ID == "" {
				found = b
			}
		}
		return err
	})
	if found.ID == "" {
		w.t.Fatalf("no %s", kind)
	}
	return found
}

func (w *world) seats(b BodyID, at time.Time) (all []Held) {
	w.t.Helper()
	w.read(w.coord, func(tx *storage.Tx, _ Access) (err error) {
		all, err = w.SeatsAt(ctx, tx, b, storage.Micros(at))
		return err
	})
	return all
}

func TestSetup(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		w := sweden(t, dsn)
		if n := len(w.Tree().Children(w.root)); n != 7 {
			t.Fatalf("%d regions, want 7", n)
		}
		a := w.access(w.coord)
		for _, n := range w.Tree().Down(w.root) {
			if !a.Coordinates(n.ID) {
				t.Errorf("the first coordinator doesn't look after %s", n.Slug)
			}
		}
		steering := w.body(w.root, SteeringGroup)
		if n := len(w.seats(steering.ID, w.Now())); n != 20 {
			t.Errorf("%d seats in the steering group, want 18 and two deputies", n)
		}
		_, err := w.Setup(ctx, w.coord, SetUp{Template: "se", Slug: "se"})
		w.refused(err, fault.Conflict)
		no, _ := w.tenant("no", "no")
		if n := len(w.Tree().Children(no)); n != 7 {
			t.Fatalf("%d networks in Norway, want 4 regions and 3 themes", n)
		}
		_, err = w.Setup(ctx, w.coord, SetUp{Template: "empty", Slug: "x"})
		w.refused(err, fault.Invalid) // a name must be given
		w.ok(func() error {
			_, err := w.Setup(ctx, w.coord, SetUp{Template: "empty", Slug: "x", Name: Text{EN: "X"}, Lang: "en"})
			return err
		}())
		p := w.person("Nils Holm")
		_, err = w.Setup(ctx, Actor{Person: p}, SetUp{Template: "no", Slug: "y"})
		w.refused(err, fault.Denied)
	})
}

func TestTerms(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		w := sweden(t, dsn)
		b := w.body(w.root, SteeringGroup)
		seats := w.seats(b.ID, w.Now())
		p, q := w.person("Nils Holm"), w.person("Maj Lund")
		h := must(w.Give(ctx, w.coord, Term{Seat: seats[0].ID, Person: p, To: w.Now().Add(100 * day)}))(t)
		_, err := w.Give(ctx, w.coord, Term{Seat: seats[0].ID, Person: q})
		w.refused(err, fault.Conflict)
		_, err = w.Give(ctx, w.coord, Term{Seat: seats[1].ID, Person: p})
		w.refused(err, fault.Conflict) // two votes
		if a := w.access(Actor{Person: p}); !a.Chairs(b.ID) {
			t.Error("the first seat is not the chair's")
		}
		w.forward(10 * day)
		next := must(w.HandOver(ctx, w.coord, h, q, time.Time{}, time.Time{}, "moves"))(t)
		if a := w.access(Actor{Person: p}); a.In(b.ID) {
			t.Error("access outlived the seat")
		}
		w.refused(w.End(ctx, w.coord, h, time.Time{}, ""), fault.Conflict)
		_, err = w.Renew(ctx, w.coord, next, w.Now().Add(day))
		w.refused(err, fault.Conflict)
		w.refused(w.End(ctx, Actor{Person: p}, next, time.Time{}, ""), fault.Denied)
		w.ok(w.End(ctx, Actor{Person: q}, next, time.Time{}, "")) // one's own
		w.read(w.coord, func(tx *storage.Tx, a Access) error {
			all, err := w.Terms(ctx, tx, a, seats[0].ID)
			if len(all) != 2 || all[1].Why != "moves" {
				t.Errorf("terms: %+v", all)
			}
			return err
		})
		err = w.db.Write(ctx, func(tx *storage.Tx) error { _, err := tx.Exec(ctx, `DELETE FROM holding`); return err })
		if err == nil {
			t.Error("a holding was removed")
		}
		err = w.db.Write(ctx, func(tx *storage.Tx) error { _, err := tx.Exec(ctx, `UPDATE network_event SET kind = ''`); return err })
		if err == nil {
			t.Error("history was rewritten")
		}
	})
}

func TestNotYoursIsAbsent(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		w := sweden(t, dsn)
		no, other := w.tenant("no", "no")
		b := w.body(w.root, SteeringGroup)
		b.Name = Text{SV: "Annat"}
		w.refused(w.EditBody(ctx, Actor{}, b), fault.Denied) // public: one may know of it
		b.Visibility = BodyOnly
		w.ok(w.EditBody(ctx, w.coord, b))
		b.Version++
		w.refused(w.EditBody(ctx, other, b), fault.NotFound)
		_, err := w.AddNetwork(ctx, other, Network{Parent: w.root, Slug: "x", Kind: Thematic, Name: Text{SV: "X"}})
		w.refused(err, fault.NotFound)
		_, err = w.AddOrganisation(ctx, other, Organisation{Root: w.root, Kind: Company, Sector: Industry, Name: Text{SV: "X"}})
		w.refused(err, fault.NotFound)
		p := w.person("Nils Holm")
		w.refused(w.Register(ctx, other, no, p), fault.NotFound)
		b.Version-- // an older one
		w.refused(w.EditBody(ctx, w.coord, b), fault.Conflict)
	})
}
