package home_test

import (
	"context"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/federation/home"
	"github.com/samverk/samverk/individual"
	"github.com/samverk/samverk/internal/testkit"
	"github.com/samverk/samverk/storage"
)

func TestMain(m *testing.M) { os.Exit(testkit.Main(m)) }

type failer interface {
	Helper()
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}

// world is a registrar, and regions that reach it more or less.
type world struct {
	now       time.Duration
	registrar *home.Registrar
	own       *storage.DB // the registrar's
	regions   []*region
	late      []func() // messages that have not come yet
	way       func() string
	seen      []sight
	moved     bool
	meanwhile func(region string) // what happens before an answer is heard
}

type region struct {
	name   string
	dsn    string
	db     *storage.DB
	people *individual.Register
	*home.Home
}

// sight is that somebody was counted by a region.
type sight struct {
	at        time.Duration
	region    int
	pseudonym string
}

func (w *world) open(t failer, dsn string) *storage.DB {
	t.Helper()
	now := func() time.Time { return time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC).Add(w.now) }
	db, err := storage.Open(context.Background(), dsn, storage.Options{Migrations: []fs.FS{individual.Migrations, home.Migrations}, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	return db
}

func newWorld(t failer, dsns []string) *world {
	w := &world{way: func() string { return "well" }}
	w.own = w.open(t, dsns[0])
	w.restartRegistrar(t)
	for i, dsn := range dsns[1:] {
		r := &region{name: fmt.Sprint("region-", i), dsn: dsn, db: w.open(t, dsn)}
		w.regions = append(w.regions, r)
		w.restart(t, r)
	}
	return w
}

func (w *world) close() {
	_ = w.own.Close()
	for _, r := range w.regions {
		_ = r.db.Close()
	}
}

func (w *world) restartRegistrar(t failer) {
	var err error
	if w.registrar, err = home.NewRegistrar(context.Background(), w.own); err != nil {
		t.Fatal(err)
	}
}

func (w *world) restart(t failer, r *region) {
	var err error
	if r.people, err = individual.Open(context.Background(), r.db); err != nil {
		t.Fatal(err)
	}
	r.Home, err = home.Open(context.Background(), r.db, r.people, home.Options{Issuer: "nation", Elapsed: func() time.Duration { return w.now },
		Call: func(ctx context.Context, m []byte) ([]byte, error) { return w.call(ctx, r.name, m) }, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
}

// call brings a message, or doesn't, or its answer doesn't come back.
func (w *world) call(ctx context.Context, from string, m []byte) ([]byte, error) {
	m = []byte(string(m))
	lost := fault.New(fault.Unavailable, "lost")
	switch w.way() {
	case "lost":
		return nil, lost
	case "unheard":
		if _, err := w.registrar.Handle(ctx, from, m); err != nil {
			return nil, err
		}
		return nil, lost
	case "late":
		w.late = append(w.late, func() { _, _ = w.registrar.Handle(context.Background(), from, m) })
		return nil, lost
	case "meanwhile":
		b, err := w.registrar.Handle(ctx, from, m)
		w.meanwhile(from)
		return b, err
	}
	return w.registrar.Handle(ctx, from, m)
}

func (r *region) enrol(t failer, pseudonym string) {
	t.Helper()
	err := r.db.Write(context.Background(), func(tx *storage.Tx) error {
		_, err := r.people.Enrol(context.Background(), tx, []individual.New{{ID: pseudonym, Pseudonym: pseudonym}})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (r *region) remove(t failer, pseudonym string) {
	t.Helper()
	err := r.db.Write(context.Background(), func(tx *storage.Tx) error {
		_, err := r.people.Remove(context.Background(), tx, pseudonym)
		return err
	})
	if err != nil && fault.KindOf(err) != fault.NotFound {
		t.Fatal(err)
	}
}

// counts tells whether a region would count somebody now in what nodes answer together.
func (r *region) counts(pseudonym string) bool {
	who, ok := r.people.Lookup(pseudonym)
	return ok && r.Set().Has(who.Number)
}

// look sees who is counted now. Nobody may be counted by two regions within the time that a question takes.
func (w *world) look(t failer, pseudonyms []string) {
	t.Helper()
	recent := w.seen[:0]
	for _, s := range w.seen {
		if w.now-s.at < home.Settle {
			recent = append(recent, s)
		}
	}
	w.seen = recent
	for i, r := range w.regions {
		for _, p := range pseudonyms {
			if !r.counts(p) {
				continue
			}
			for _, s := range w.seen {
				if s.pseudonym == p && s.region != i {
					t.Fatalf("%s is counted by %s, and was by %s %s ago", p, r.name, w.regions[s.region].name, w.now-s.at)
				}
			}
			w.seen = append(w.seen, sight{w.now, i, p})
		}
	}
}

// play lets anything happen, in any order.
func (w *world) play(t *rapid.T, pseudonyms []string, acts int) {
	w.seen, w.late, w.moved = nil, nil, false
	person := func() string { return rapid.SampledFrom(pseudonyms).Draw(t, "who") }
	at := func() *region { return rapid.SampledFrom(w.regions).Draw(t, "at") }
	w.way = func() string {
		return rapid.SampledFrom([]string{"well", "well", "lost", "unheard", "late"}).Draw(t, "way")
	}
	for range acts {
		switch rapid.SampledFrom([]string{"enrol", "enrol", "sync", "sync", "sync", "sync", "remove", "release", "move", "return", "come", "time", "time", "long", "restart", "registrar"}).Draw(t, "act") {
		case "enrol":
			at().enrol(t, person())
		case "remove":
			at().remove(t, person())
		case "sync":
			_ = at().Sync(context.Background())
		case "release", "move":
			r := at()
			if who, ok := r.people.Lookup(person()); ok {
				to := rapid.SampledFrom([]string{"", "region-0", "region-1", "region-2"}).Draw(t, "to")
				if err := r.Release(context.Background(), who, to); err == nil {
					w.moved = true
					if r.Set().Has(who.Number) {
						t.Fatal("who was let go is counted")
					}
				}
			}
		case "return":
			r := at()
			if who, ok := r.people.Lookup(person()); ok {
				_ = r.Return(context.Background(), who)
			}
		case "come":
			if len(w.late) > 0 {
				i := rapid.IntRange(0, len(w.late)-1).Draw(t, "which")
				w.late[i]()
				w.late = append(w.late[:i:i], w.late[i+1:]...)
			}
		case "time":
			w.now += rapid.SampledFrom([]time.Duration{time.Second, 25 * time.Second, 61 * time.Second}).Draw(t, "time")
		case "long":
			w.now += 11 * time.Minute
		case "restart":
			w.restart(t, at())
		case "registrar":
			w.restartRegistrar(t)
		}
		w.look(t, pseudonyms)
	}
	w.calm(t, pseudonyms)
}

// calm lets all be heard. Whoever is somewhere, and wasn't let go, is counted by one.
func (w *world) calm(t failer, pseudonyms []string) {
	t.Helper()
	w.way = func() string { return "well" }
	for _, come := range w.late {
		come()
	}
	w.late = nil
	for range 3 {
		for _, r := range w.regions {
			if err := r.Sync(context.Background()); err != nil {
				t.Fatal(err)
			}
			w.look(t, pseudonyms)
		}
		w.now += 11 * time.Minute
	}
	for _, p := range pseudonyms {
		there, counted := 0, 0
		for _, r := range w.regions {
			if _, ok := r.people.Lookup(p); ok {
				there++
			}
			if r.counts(p) {
				counted++
			}
		}
		if there > 0 && counted == 0 && !w.moved || counted > 1 || counted > there {
			t.Fatalf("%s is in %d regions, and counted by %d", p, there, counted)
		}
	}
}

// TestNobodyIsCountedTwice has people enrolled in several regions, let go, moved and removed, while messages are lost, come late or twice, and processes
// are started again. However that goes, nobody is counted by two, and in the end everybody by one.
func TestNobodyIsCountedTwice(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		var dsns []string
		for i := range 4 {
			if strings.HasPrefix(dsn, "postgres") {
				dsns = append(dsns, testkit.Postgres(t))
			} else {
				dsns = append(dsns, filepath.Join(t.TempDir(), fmt.Sprint(i, ".db")))
			}
		}
		w, run, most := newWorld(t, dsns), 0, 40
		defer w.close()
		if strings.HasPrefix(dsn, "postgres") {
			most = 10
		}
		rapid.Check(t, func(rt *rapid.T) {
			if run++; run > most && os.Getenv("SAMVERK_LONG") != "1" {
				return
			}
			w.play(rt, []string{fmt.Sprint("a", run), fmt.Sprint("b", run)}, rapid.IntRange(5, 60).Draw(rt, "acts"))
		})
	})
}

// A message that comes after a later one changes nothing: who was let go and came back isn't let go again by it.
func TestWhatComesLate(t *testing.T) {
	dir := t.TempDir()
	var dsns []string
	for i := range 3 {
		dsns = append(dsns, filepath.Join(dir, fmt.Sprint(i, ".db")))
	}
	w := newWorld(t, dsns)
	defer w.close()
	a, b := w.regions[0], w.regions[1]
	sync := func(r *region) {
		t.Helper()
		if err := r.Sync(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	a.enrol(t, "p")
	sync(a)
	b.enrol(t, "p")
	sync(b)
	who, _ := a.people.Lookup("p")
	guest, _ := b.people.Lookup("p")
	if !a.counts("p") || b.counts("p") || a.Of(who) != home.Here || b.Of(guest) != home.Elsewhere {
		t.Fatal("the first claim doesn't hold")
	}
	if err := a.Release(t.Context(), who, ""); err != nil {
		t.Fatal(err)
	}
	w.way = func() string { return "late" }
	if err := a.Sync(t.Context()); err == nil || a.Of(who) != home.Leaving {
		t.Fatal("it was heard")
	}
	w.way = func() string { return "well" }
	sync(a)
	if a.Of(who) != home.Left || a.Return(t.Context(), who) != nil {
		t.Fatal(a.Of(who))
	}
	sync(a)
	if a.counts("p") {
		t.Error("who comes back is counted at once")
	}
	w.now += home.Settle
	sync(a)
	w.late[0]()
	w.now += 9 * time.Minute // b asks again, a doesn't yet
	w.restart(t, b)
	sync(b)
	w.now += home.Settle
	sync(b)
	if !a.counts("p") || b.counts("p") {
		t.Errorf("at home: %v, %v", a.counts("p"), b.counts("p"))
	}
	if err := a.Release(t.Context(), who, "region-1"); err != nil {
		t.Fatal(err)
	}
	sync(a)
	w.now += 11 * time.Minute
	sync(b)
	w.now += home.Settle
	sync(b)
	if a.counts("p") || !b.counts("p") {
		t.Error("they didn't move")
	}
	acts, err := w.registrar.History(t.Context(), home.ClaimOf("nation", "p"))
	if err != nil || len(acts) != 4 || acts[0].What != "claim" || acts[1].What != "release" || acts[2].What != "claim" || acts[3].What != "move" || acts[3].To != "region-1" {
		t.Errorf("%+v, %v", acts, err)
	}
}

// restore puts a database back as it was, as a backup does.
func (w *world) restore(t *testing.T, db *storage.DB, dsn string, was []byte) *storage.DB {
	t.Helper()
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(dsn, was, 0o600); err != nil {
		t.Fatal(err)
	}
	db = w.open(t, dsn)
	err := db.Write(t.Context(), func(tx *storage.Tx) error {
		_, err := tx.Exec(t.Context(), `INSERT INTO storage_meta (key, value) VALUES ('restored', 'a backup')`)
		return err
	})
	if err == nil {
		err = db.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return w.open(t, dsn)
}

// copied is a database as it is.
func (w *world) copied(t *testing.T, db *storage.DB, dsn string) (*storage.DB, []byte) {
	t.Helper()
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(dsn)
	if err != nil {
		t.Fatal(err)
	}
	return w.open(t, dsn), b
}

// What was true when a backup was taken may be true no more: a restored region counts nobody before it has asked, and a restored registrar gives away nothing that
// it may have forgotten.
func TestAfterARestore(t *testing.T) {
	dir := t.TempDir()
	var dsns []string
	for i := range 3 {
		dsns = append(dsns, filepath.Join(dir, fmt.Sprint(i, ".db")))
	}
	w := newWorld(t, dsns)
	defer w.close()
	a, b := w.regions[0], w.regions[1]
	sync := func(r *region) {
		t.Helper()
		if err := r.Sync(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	a.enrol(t, "p")
	sync(a)
	var was []byte
	a.db, was = w.copied(t, a.db, a.dsn)
	w.restart(t, a)
	who, _ := a.people.Lookup("p")
	if !a.counts("p") {
		t.Fatal("forgotten by a restart")
	}
	if err := a.Release(t.Context(), who, ""); err != nil {
		t.Fatal(err)
	}
	sync(a)
	b.enrol(t, "p")
	sync(b)
	w.now += home.Settle
	sync(b)
	a.db = w.restore(t, a.db, a.dsn, was)
	w.restart(t, a)
	if a.counts("p") || !b.counts("p") {
		t.Error("counted by a backup")
	}
	sync(a) // its messages begin with a turn that was had
	if a.counts("p") || a.Of(who) != home.Elsewhere {
		t.Error(a.Of(who))
	}

	w.own, was = w.copied(t, w.own, dsns[0])
	w.restartRegistrar(t)
	b.enrol(t, "q")
	sync(b)
	if !b.counts("q") {
		t.Fatal("not counted")
	}
	w.own = w.restore(t, w.own, dsns[0], was)
	w.restartRegistrar(t)
	if err := a.db.Write(t.Context(), func(tx *storage.Tx) error { return a.db.AccountRestored(t.Context(), tx) }); err != nil {
		t.Fatal(err)
	}
	a.enrol(t, "q")
	sync(a)
	if a.counts("q") {
		t.Fatal("a claim that was forgotten is given away")
	}
	w.now += 11 * time.Minute
	sync(b)
	w.now += 25 * time.Hour
	for range 2 {
		sync(a)
		sync(b)
		w.now += home.Settle
	}
	if a.counts("q") || !b.counts("q") || !b.counts("p") {
		t.Error("it isn't as it was")
	}
}

// A registrar that lies about turns takes none of a node's away.
func TestATurnThatNeverWas(t *testing.T) {
	w := newWorld(t, []string{testkit.SQLite(t), testkit.SQLite(t)})
	defer w.close()
	r := w.regions[0]
	r.enrol(t, "anna")
	lies := true
	h, err := home.Open(t.Context(), r.db, r.people, home.Options{Issuer: "nation", Call: func(ctx context.Context, m []byte) ([]byte, error) {
		if lies {
			return []byte(`{"late":4611686018427387904}`), nil
		}
		return w.registrar.Handle(ctx, r.name, m)
	}})
	if err != nil {
		t.Fatal(err)
	}
	if h.Sync(t.Context()) == nil {
		t.Error("it was believed")
	}
	lies = false
	if err := h.Sync(t.Context()); err != nil {
		t.Error(err)
	}
}
