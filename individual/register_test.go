package individual_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/individual"
	"github.com/samverk/samverk/internal/testkit"
	"github.com/samverk/samverk/storage"
)

func TestMain(m *testing.M) { os.Exit(testkit.Main(m)) }

type failer interface {
	Helper()
	Fatal(...any)
}

func open(t failer, dsn string) (*storage.DB, *individual.Register) {
	t.Helper()
	clock := &testkit.Clock{}
	db, err := storage.Open(context.Background(), dsn, storage.Options{
		Migrations: []fs.FS{individual.Migrations}, Now: clock.Now, Rand: testkit.Rand(1)})
	if err != nil {
		t.Fatal(err)
	}
	r, err := individual.Open(context.Background(), db)
	if err != nil {
		t.Fatal(err)
	}
	return db, r
}

func enrol(db *storage.DB, r *individual.Register, who ...individual.New) (numbers []individual.Number, err error) {
	err = db.Write(context.Background(), func(tx *storage.Tx) error {
		numbers, err = r.Enrol(context.Background(), tx, who)
		return err
	})
	return numbers, err
}

func TestEnrolmentAndRemoval(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		ctx := t.Context()
		db, r := open(t, dsn)
		defer func() { _ = db.Close() }()
		n, err := enrol(db, r, individual.New{ID: "b"}, individual.New{ID: "a", Sex: individual.Female}, individual.New{ID: "b", Sex: individual.Male})
		if err != nil || !slices.Equal(n, []individual.Number{0, 1, 0}) {
			t.Fatal(n, err)
		}
		_, err = enrol(db, r, individual.New{ID: "c"}, individual.New{ID: "a", Sex: individual.Male})
		if fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), `"a"`) {
			t.Errorf("a known sex was overwritten: %v", err)
		}
		err = db.Write(ctx, func(tx *storage.Tx) error {
			n, err := r.Remove(ctx, tx, "b")
			_, still := r.LookupIn(tx, "b")
			if n != 0 || still {
				t.Errorf("removed %d, still there: %v", n, still)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		n, err = enrol(db, r, individual.New{ID: "b"})
		if err != nil || n[0] != 2 {
			t.Errorf("who was removed came back as %d, %v", n, err)
		}
		want := []individual.Individual{{Number: 1, ID: "a", Sex: individual.Female}, {Number: 2, ID: "b"}}
		if diff := cmp.Diff(want, r.List()); diff != "" || r.Len() != 3 {
			t.Error(r.Len(), diff)
		}
		if _, ok := r.Get(0); ok {
			t.Error("a removed individual was found by number")
		}
		err = db.Write(ctx, func(tx *storage.Tx) error { _, err := r.Remove(ctx, tx, "nobody"); return err })
		if fault.KindOf(err) != fault.NotFound {
			t.Error(err)
		}
	})
}

func TestAnEnrolmentThatFailedCannotBeCommitted(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		db, r := open(t, dsn)
		defer func() { _ = db.Close() }()
		err := db.Write(t.Context(), func(tx *storage.Tx) error {
			_, _ = r.Enrol(t.Context(), tx, []individual.New{{ID: "a"}, {ID: ""}})
			return nil
		})
		if fault.KindOf(err) != fault.Invalid || r.Len() != 0 {
			t.Errorf("committed: %v, %d", err, r.Len())
		}
	})
}

func TestIDsThatCannotBe(t *testing.T) {
	for _, id := range []string{"", " a", "a ", "a\tb", "a\nb", "a\x00", "\xff", strings.Repeat("x", 201), "a\u00a0"} {
		if err := individual.CheckID(id); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%q: %v", id, err)
		}
	}
	for _, id := range []string{"a", "NA12878", "åäö 1", strings.Repeat("x", 200)} {
		if err := individual.CheckID(id); err != nil {
			t.Error(err)
		}
	}
}

func TestSexesByName(t *testing.T) {
	for _, s := range []individual.Sex{individual.Unknown, individual.Male, individual.Female} {
		if got, err := individual.ParseSex(s.String()); got != s || err != nil {
			t.Error(s, got, err)
		}
	}
	if _, err := individual.ParseSex("Male"); fault.KindOf(err) != fault.Invalid {
		t.Error(err)
	}
}

// model is the register as a plain list.
type model []individual.Individual

func (m model) find(id string) int {
	return slices.IndexFunc(m, func(i individual.Individual) bool { return i.ID == id })
}

func (m *model) enrol(w individual.New) (individual.Number, bool) {
	i := m.find(w.ID)
	if i < 0 {
		*m = append(*m, individual.Individual{Number: individual.Number(len(*m)), ID: w.ID, Sex: w.Sex})
		return individual.Number(len(*m) - 1), true
	}
	p := &(*m)[i]
	if w.Sex != individual.Unknown && p.Sex != individual.Unknown && p.Sex != w.Sex {
		return 0, false
	}
	p.Sex = max(p.Sex, w.Sex)
	return p.Number, true
}

func (m model) list() []individual.Individual {
	all := []individual.Individual{}
	for _, i := range m {
		if i.ID != "" {
			all = append(all, i)
		}
	}
	return all
}

var errBack = errors.New("rolled back")

// step is one transaction of several acts on register and model; it tells whether the
// transaction should be committed.
func step(t *rapid.T, tx *storage.Tx, r *individual.Register, m *model) error {
	ctx := context.Background()
	for range rapid.IntRange(1, 4).Draw(t, "acts") {
		id := fmt.Sprint("p", rapid.IntRange(0, 12).Draw(t, "id"))
		if rapid.IntRange(0, 3).Draw(t, "act") == 0 {
			n, err := r.Remove(ctx, tx, id)
			i := m.find(id)
			if i < 0 {
				if fault.KindOf(err) != fault.NotFound {
					t.Fatal(err)
				}
				continue
			}
			if err != nil || int(n) != i {
				t.Fatal(n, i, err)
			}
			(*m)[i].ID, (*m)[i].Sex = "", individual.Unknown
			continue
		}
		w := individual.New{ID: id, Sex: individual.Sex(rapid.IntRange(0, 2).Draw(t, "sex"))}
		want, ok := m.enrol(w)
		got, err := r.Enrol(ctx, tx, []individual.New{w})
		if (err == nil) != ok {
			t.Fatal(w, err)
		}
		if err != nil {
			return err
		}
		if got[0] != want {
			t.Fatalf("%v is number %d, not %d", w, want, got[0])
		}
		if who, found := r.GetIn(tx, want); !found || who != (*m)[want] {
			t.Fatalf("the transaction sees %v, not %v", who, (*m)[want])
		}
	}
	if rapid.IntRange(0, 4).Draw(t, "back") == 0 {
		return errBack
	}
	return nil
}

func againstTheModel(t *rapid.T, dsn string, transactions int) {
	db, r := open(t, dsn)
	var m model
	for range transactions {
		next := slices.Clone(m)
		err := db.Write(context.Background(), func(tx *storage.Tx) error { return step(t, tx, r, &next) })
		if err == nil {
			m = next
		}
		if rapid.IntRange(0, 5).Draw(t, "reopen") == 0 {
			_ = db.Close()
			db, r = open(t, dsn)
		}
		if diff := cmp.Diff(m.list(), r.List()); diff != "" || r.Len() != len(m) {
			t.Fatal(r.Len(), len(m), diff)
		}
		for _, who := range m.list() {
			if got, ok := r.Lookup(who.ID); !ok || got != who {
				t.Fatal(got, who)
			}
		}
	}
	_ = db.Close()
}

func TestRegisterAgainstAModel(t *testing.T) {
	dir, n := t.TempDir(), 0
	rapid.Check(t, func(t *rapid.T) {
		n++
		againstTheModel(t, filepath.Join(dir, fmt.Sprint(n, ".db")), rapid.IntRange(1, 20).Draw(t, "transactions"))
	})
}

func TestRegisterAgainstAModelOnPostgres(t *testing.T) {
	dsn := testkit.Postgres(t)
	once := rapid.Custom(func(t *rapid.T) int { againstTheModel(t, dsn, 60); return 0 })
	once.Example(5) // one long run: each needs a database of its own
}

func TestTheRegisterIsReadWhileItIsWritten(t *testing.T) {
	db, r := open(t, testkit.SQLite(t))
	defer func() { _ = db.Close() }()
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				for _, who := range r.List() {
					if got, ok := r.Get(who.Number); ok && got.ID != who.ID {
						t.Error("a number changed its owner:", who, got)
					}
				}
				r.Lookup("p7")
			}
		})
	}
	for i := range 60 {
		id := fmt.Sprint("p", i)
		if _, err := enrol(db, r, individual.New{ID: id}, individual.New{ID: "again"}); err != nil {
			t.Fatal(err)
		}
		if i%2 == 0 {
			err := db.Write(t.Context(), func(tx *storage.Tx) error { _, err := r.Remove(t.Context(), tx, id); return err })
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	close(stop)
	wg.Wait()
	if len(r.List()) != 31 || r.Len() != 61 {
		t.Error(len(r.List()), r.Len())
	}
}

func BenchmarkOpen100k(b *testing.B) {
	db, r := open(b, testkit.SQLite(b))
	defer func() { _ = db.Close() }()
	who := make([]individual.New, 100_000)
	for i := range who {
		who[i].ID = fmt.Sprint("patient-", i)
	}
	if _, err := enrol(db, r, who...); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := individual.Open(b.Context(), db); err != nil {
			b.Fatal(err)
		}
	}
}
