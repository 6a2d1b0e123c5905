package counted_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/samverk/samverk/consent"
	"github.com/samverk/samverk/consent/counted"
	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/individual"
	"github.com/samverk/samverk/internal/testkit"
	"github.com/samverk/samverk/ledger/membership"
	"github.com/samverk/samverk/storage"
)

func TestMain(m *testing.M) {
	if os.Getenv(victimEnv) != "" {
		victim()
	}
	os.Exit(testkit.Main(m))
}

// node is a database with its rooms.
type node struct {
	*storage.DB
	people   *individual.Register
	consents *consent.Consents
	counted  *counted.Counted
}

// clock runs on over restarts.
var clock testkit.Clock

type failer interface {
	Helper()
	Fatal(...any)
	Fatalf(string, ...any)
}

func open(t failer, dsn, journal string, o counted.Options) *node {
	t.Helper()
	n, err := tryOpen(dsn, journal, o, clock.Now, true)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func tryOpen(dsn, journal string, o counted.Options, now func() time.Time, volatile bool) (*node, error) {
	ctx := context.Background()
	db, err := storage.Open(ctx, dsn, storage.Options{Now: now, Volatile: volatile,
		Migrations: []fs.FS{individual.Migrations, consent.Migrations, counted.Migrations}})
	if err != nil {
		return nil, err
	}
	n := &node{DB: db}
	if n.people, err = individual.Open(ctx, db); err == nil {
		n.consents, err = consent.Open(ctx, db, n.people, consent.Options{Journal: journal})
	}
	if err == nil {
		n.counted, err = counted.Open(ctx, db, n.people, o)
	}
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return n, nil
}

func (n *node) close(t failer) {
	t.Helper()
	if err := errors.Join(n.consents.Close(), n.Close()); err != nil {
		t.Fatal(err)
	}
}

func (n *node) write(t failer, f func(context.Context, *storage.Tx) error) {
	t.Helper()
	if err := n.Write(context.Background(), func(tx *storage.Tx) error { return f(context.Background(), tx) }); err != nil {
		t.Fatal(err)
	}
}

func (n *node) exec(t failer, query string, args ...any) {
	t.Helper()
	n.write(t, func(ctx context.Context, tx *storage.Tx) error { _, err := tx.Exec(ctx, query, args...); return err })
}

func (n *node) count(t failer, table string) (rows int) {
	t.Helper()
	err := n.Read(context.Background(), func(tx *storage.Tx) error {
		return tx.QueryRow(context.Background(), `SELECT count(*) FROM `+table).Scan(&rows)
	})
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// enrol enrols so many more, in a register that has so many.
func (n *node) enrol(t failer, more int) {
	t.Helper()
	n.write(t, func(ctx context.Context, tx *storage.Tx) error {
		who := make([]individual.New, more)
		for i := range who {
			who[i].ID = fmt.Sprint("p", n.people.Len()+i)
		}
		_, err := n.people.Enrol(ctx, tx, who)
		return err
	})
}

func (n *node) choose(t failer, p consent.Purpose, allow bool, who ...individual.Number) {
	t.Helper()
	n.write(t, func(ctx context.Context, tx *storage.Tx) error {
		var all []consent.Choice
		for _, i := range who {
			all = append(all, consent.Choice{Individual: i, Purpose: p, Allow: allow})
		}
		return n.consents.Change(ctx, tx, "staff", all)
	})
}

func (n *node) remove(t failer, who individual.Number) {
	t.Helper()
	n.write(t, func(ctx context.Context, tx *storage.Tx) error {
		i, _ := n.people.GetIn(tx, who)
		if _, err := n.consents.Remove(ctx, tx, "staff", i.ID); err != nil {
			return err
		}
		return n.counted.Forget(ctx, tx, who)
	})
}

// ask gives who is counted now, and the root over them.
func (n *node) ask(t failer, p consent.Purpose) (*individual.Set, [32]byte) {
	t.Helper()
	set, err := n.consents.Allowed(consent.Use{Purpose: p})
	if err != nil {
		t.Fatal(err)
	}
	return set, n.root(t, plain(p), set)
}

func (n *node) root(t failer, u counted.Use, set *individual.Set) [32]byte {
	t.Helper()
	root, err := n.counted.Root(context.Background(), u, set)
	if err != nil {
		t.Fatal(err)
	}
	return root
}

func plain(p consent.Purpose) counted.Use { return counted.Of(consent.Use{Purpose: p}) }

// says is what can be shown of somebody: in, out, nobody, or the code of why nothing can.
func (n *node) says(t failer, u counted.Use, root [32]byte, who individual.Number) string {
	t.Helper()
	p, err := n.counted.Prove(context.Background(), u, root, who)
	var f *fault.Error
	switch {
	case err == nil:
		if err := p.Verify(root); err != nil || p.Index != uint32(who) {
			t.Fatalf("the proof for %d, of %d, doesn't hold: %v", who, p.Index, err)
		}
		return p.State.String()
	case fault.KindOf(err) == fault.NotFound && errors.As(err, &f):
		return f.Code
	}
	t.Fatal(err)
	return ""
}

func TestWhatCanBeShown(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		journal := filepath.Join(t.TempDir(), "j")
		n := open(t, dsn, journal, counted.Options{})
		care := plain(consent.Care)
		_, empty := n.ask(t, consent.Care)
		n.enrol(t, 40)
		n.choose(t, consent.Care, true, 0, 2, 17, 39)
		_, first := n.ask(t, consent.Care)
		n.choose(t, consent.Care, false, 2)
		n.enrol(t, 1)
		_, second := n.ask(t, consent.Care)
		n.remove(t, 17)
		_, third := n.ask(t, consent.Care)
		n.remove(t, 20) // who was out
		_, fourth := n.ask(t, consent.Care)
		for range 2 {
			for i, c := range []struct {
				root [32]byte
				who  individual.Number
				want string
			}{
				{empty, 0, "counted.later"},
				{first, 0, "in"}, {first, 1, "out"}, {first, 2, "in"}, {first, 39, "in"}, {first, 40, "counted.later"}, {first, 17, "counted.erased"},
				{second, 0, "in"}, {second, 2, "out"}, {second, 40, "out"}, {second, 17, "counted.erased"}, {second, 41, "counted.later"},
				{third, 0, "in"}, {third, 17, "nobody"}, {third, 18, "out"}, {third, 20, "counted.erased"},
				{fourth, 0, "in"}, {fourth, 17, "nobody"}, {fourth, 20, "nobody"},
				{[32]byte{1}, 0, "counted.root"},
			} {
				if got := n.says(t, care, c.root, c.who); got != c.want {
					t.Errorf("%d: number %d is shown as %s, want %s", i, c.who, got, c.want)
				}
			}
			if got := n.says(t, plain(consent.Research), first, 0); got != "counted.root" {
				t.Error("a root of another use:", got)
			}
			n.close(t)
			n = open(t, dsn, journal, counted.Options{})
			if _, again := n.ask(t, consent.Care); again != fourth {
				t.Error("after a restart the root is another")
			}
		}
		n.close(t)
	})
}

// TestWhatIsWritten counts rows: nothing for what nobody asked for or what didn't change, and little for a change.
func TestWhatIsWritten(t *testing.T) {
	n := open(t, testkit.SQLite(t), filepath.Join(t.TempDir(), "j"), counted.Options{})
	defer n.close(t)
	n.enrol(t, 5000)
	n.choose(t, consent.Care, true, 1, 2, 3)
	_, first := n.ask(t, consent.Care)
	roots, pages := n.count(t, "counted_root"), n.count(t, "counted_node")
	n.choose(t, consent.Matching, true, 1, 2, 3)
	n.choose(t, consent.Care, false, 1)
	n.choose(t, consent.Care, true, 1)
	if _, again := n.ask(t, consent.Care); again != first || n.count(t, "counted_root") != roots || n.count(t, "counted_node") != pages {
		t.Error("nobody came or went, and something was written")
	}
	n.choose(t, consent.Care, false, 1)
	n.choose(t, consent.Care, true, 4)
	if n.count(t, "counted_root") != roots {
		t.Error("something is written that nobody asked for")
	}
	if _, again := n.ask(t, consent.Care); again == first {
		t.Error("the root is the same")
	}
	if r, p := n.count(t, "counted_root")-roots, n.count(t, "counted_node")-pages; r != 1 || p != 4 {
		t.Errorf("a change wrote %d roots and %d pages", r, p)
	}
}

// TestAskersShareATransaction has many ask for the same at once.
func TestAskersShareATransaction(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		n := open(t, dsn, filepath.Join(t.TempDir(), "j"), counted.Options{})
		defer n.close(t)
		n.enrol(t, 100)
		n.choose(t, consent.Care, true, 5)
		set, err := n.consents.Allowed(consent.Use{Purpose: consent.Care})
		if err != nil {
			t.Fatal(err)
		}
		roots := make([][32]byte, 32)
		var wg sync.WaitGroup
		for i := range roots {
			wg.Go(func() {
				var err error
				if roots[i], err = n.counted.Root(t.Context(), plain(consent.Care), set); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		for _, r := range roots {
			if r != roots[0] {
				t.Fatal("two roots for one set")
			}
		}
		if got := n.count(t, "counted_root"); got != 1 {
			t.Errorf("%d versions for one question", got)
		}
	})
}

// TestEverythingAtOnce changes, asks, proves, enrols and erases from many goroutines, with room for one tree only.
func TestEverythingAtOnce(t *testing.T) {
	n := open(t, testkit.SQLite(t), filepath.Join(t.TempDir(), "j"), counted.Options{Leaves: 70})
	defer n.close(t)
	n.enrol(t, 60)
	var wg sync.WaitGroup
	for g := range 6 {
		wg.Go(func() {
			for i := range 25 {
				who := individual.Number((g + 6*i) % 50)
				switch p := consent.Purposes()[(g+i)%3]; {
				case g == 0 && i%8 == 0:
					n.remove(t, individual.Number(50+i/8))
				case g == 0 && i%8 == 4:
					n.enrol(t, 1)
				case g < 3:
					n.choose(t, p, i%3 != 0, who)
				default:
					set, root := n.ask(t, p)
					got := n.says(t, plain(p), root, who)
					if want := map[bool]string{true: "in", false: "out"}[set.Has(who)]; got != want {
						t.Errorf("%d is shown as %s, and was %s", who, got, want)
					}
				}
			}
		})
	}
	wg.Wait()
}

// TestAWriteThatFails gives no root, and leaves nothing behind that the next could stumble over.
func TestAWriteThatFails(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		n := open(t, dsn, filepath.Join(t.TempDir(), "j"), counted.Options{})
		defer n.close(t)
		n.enrol(t, 20)
		n.choose(t, consent.Care, true, 1)
		for i := range individual.Number(3) {
			set, err := n.consents.Allowed(consent.Use{Purpose: consent.Care})
			if err != nil {
				t.Fatal(err)
			}
			n.exec(t, `ALTER TABLE counted_node RENAME TO away`)
			if root, err := n.counted.Root(t.Context(), plain(consent.Care), set); err == nil || root != [32]byte{} {
				t.Error("a root was given that can't be proved")
			}
			n.exec(t, `ALTER TABLE away RENAME TO counted_node`)
			if i == 1 {
				n.choose(t, consent.Care, false, 2) // as if it had never been
			}
			set, root := n.ask(t, consent.Care)
			for who := range individual.Number(20) {
				if got := n.says(t, plain(consent.Care), root, who); (got == "in") != set.Has(who) {
					t.Errorf("%d is shown as %s", who, got)
				}
			}
			n.choose(t, consent.Care, true, 2+i)
		}
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		set, _ := n.consents.Allowed(consent.Use{Purpose: consent.Care})
		if _, err := n.counted.Root(gone, plain(consent.Care), set); fault.KindOf(err) != fault.Unavailable {
			t.Error(err)
		}
		if got := n.says(t, plain(consent.Care), n.root(t, plain(consent.Care), set), 4); got != "in" {
			t.Error(got)
		}
	})
}

// TestAnOlderSet is asked about after a newer one, as a question does that began before the change.
func TestAnOlderSet(t *testing.T) {
	n := open(t, testkit.SQLite(t), filepath.Join(t.TempDir(), "j"), counted.Options{})
	defer n.close(t)
	n.enrol(t, 20)
	n.choose(t, consent.Care, true, 1, 2)
	older, err := n.consents.Allowed(consent.Use{Purpose: consent.Care})
	if err != nil {
		t.Fatal(err)
	}
	n.choose(t, consent.Care, false, 1)
	n.remove(t, 2)
	newer, after := n.ask(t, consent.Care)
	care := plain(consent.Care)
	before := n.root(t, care, older)
	if a, b, c := n.says(t, care, after, 1), n.says(t, care, before, 1), n.says(t, care, before, 2); a != "out" || b != "in" || c != "nobody" {
		t.Error(a, b, c)
	}
	if n.root(t, care, newer) != after || n.root(t, care, older) != before {
		t.Error("the same set has another root")
	}
}

// TestSaltsOfTheRemoved go when a node is opened, as after a restore.
func TestSaltsOfTheRemoved(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		journal := filepath.Join(t.TempDir(), "j")
		n := open(t, dsn, journal, counted.Options{})
		n.enrol(t, 3)
		n.choose(t, consent.Care, true, 1)
		_, first := n.ask(t, consent.Care)
		n.write(t, func(ctx context.Context, tx *storage.Tx) error {
			_, err := n.consents.Remove(ctx, tx, "staff", "p1")
			return err
		})
		n.close(t)
		n = open(t, dsn, journal, counted.Options{})
		defer n.close(t)
		if got := n.count(t, "counted_salt"); got != 2 {
			t.Error(got, "salts for two individuals")
		}
		_, second := n.ask(t, consent.Care)
		if a, b := n.says(t, plain(consent.Care), first, 1), n.says(t, plain(consent.Care), second, 1); a != "counted.erased" || b != "nobody" {
			t.Error(a, b)
		}
	})
}

func TestDamageIsFound(t *testing.T) {
	dsn, journal := testkit.SQLite(t), filepath.Join(t.TempDir(), "j")
	n := open(t, dsn, journal, counted.Options{})
	n.enrol(t, 300)
	n.choose(t, consent.Care, true, 1)
	_, root := n.ask(t, consent.Care)
	n.exec(t, `UPDATE counted_node SET nodes = (SELECT nodes FROM counted_node WHERE level = 0 AND page = 3) WHERE level = 0 AND page = 2`)
	care := plain(consent.Care)
	if _, err := n.counted.Prove(t.Context(), care, root, 47); fault.KindOf(err) != fault.Internal {
		t.Error(err)
	}
	n.close(t)
	n = open(t, dsn, journal, counted.Options{})
	defer n.close(t)
	set, _ := n.consents.Allowed(consent.Use{Purpose: consent.Care})
	if _, err := n.counted.Root(t.Context(), care, set); fault.KindOf(err) != fault.Internal {
		t.Error(err)
	}
}

func TestWhoIsNotInTheRegister(t *testing.T) {
	n := open(t, testkit.SQLite(t), filepath.Join(t.TempDir(), "j"), counted.Options{})
	defer n.close(t)
	n.enrol(t, 3)
	_, err := n.counted.Root(t.Context(), plain(consent.Care), &individual.Set{Words: []uint64{1 << 3}})
	if fault.KindOf(err) != fault.Internal {
		t.Error(err)
	}
}

func TestAUseAsText(t *testing.T) {
	for _, c := range []struct {
		use  consent.Use
		want string
	}{
		{consent.Use{Purpose: consent.Care}, ""},
		{consent.Use{Purpose: consent.Research, Health: true, Country: "NO"}, "health country=NO"},
		{consent.Use{Purpose: consent.Research, Health: true, Commercial: true, Diseases: []string{"MONDO:2", "MONDO:1", "MONDO:2"}}, "commercial MONDO:1 MONDO:2"},
	} {
		if got := counted.Of(c.use); got != (counted.Use{Purpose: string(c.use.Purpose), Conditions: c.want}) {
			t.Errorf("%+v is %q", c.use, got)
		}
	}
	n := open(t, testkit.SQLite(t), filepath.Join(t.TempDir(), "j"), counted.Options{})
	defer n.close(t)
	for _, u := range []counted.Use{{}, {Purpose: "a b"}, {Purpose: "care", Conditions: "\x00"}, {Purpose: "care", Conditions: strings.Repeat("x", 2000)}} {
		if _, err := n.counted.Root(t.Context(), u, &individual.Set{}); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%q: %v", u, err)
		}
	}
}

// TestAProofStandsAlone is checked as its holder checks it, years later, without a node.
func TestAProofStandsAlone(t *testing.T) {
	n := open(t, testkit.SQLite(t), filepath.Join(t.TempDir(), "j"), counted.Options{})
	defer n.close(t)
	n.enrol(t, 100)
	n.choose(t, consent.Care, true, 7)
	_, root := n.ask(t, consent.Care)
	p, err := n.counted.Prove(t.Context(), plain(consent.Care), root, 7)
	if err != nil {
		t.Fatal(err)
	}
	n.remove(t, 7)
	n.ask(t, consent.Care)
	if p.Verify(root) != nil || p.State != membership.In {
		t.Error("a proof that was handed out doesn't hold any more")
	}
}
