package consent_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/samverk/samverk/consent"
	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/individual"
	"github.com/samverk/samverk/internal/testkit"
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
}

func options(clock *testkit.Clock, seed uint64) storage.Options {
	return storage.Options{Migrations: []fs.FS{individual.Migrations, consent.Migrations},
		Now: clock.Now, Rand: testkit.Rand(seed)}
}

// seed of a node's ids; a process that is killed and started again has another.
var seed uint64 = 1

func tryOpen(dsn string, o consent.Options) (*node, error) {
	ctx := context.Background()
	db, err := storage.Open(ctx, dsn, options(&testkit.Clock{}, seed))
	if err != nil {
		return nil, err
	}
	n := &node{DB: db}
	if n.people, err = individual.Open(ctx, db); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	if o.Rand == nil {
		o.Rand = testkit.Rand(2)
	}
	if n.consents, err = consent.Open(ctx, db, n.people, o); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return n, nil
}

type failer interface {
	Helper()
	Fatal(...any)
	Error(...any)
}

func open(t failer, dsn, journal string) *node {
	t.Helper()
	n, err := tryOpen(dsn, consent.Options{Journal: journal})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func (n *node) close(t failer) {
	t.Helper()
	if err := errors.Join(n.consents.Close(), n.Close()); err != nil {
		t.Error(err)
	}
}

func (n *node) write(t failer, f func(context.Context, *storage.Tx) error) {
	t.Helper()
	if err := n.Write(context.Background(), func(tx *storage.Tx) error { return f(context.Background(), tx) }); err != nil {
		t.Fatal(err)
	}
}

func (n *node) enrol(t failer, ids ...string) {
	t.Helper()
	n.write(t, func(ctx context.Context, tx *storage.Tx) error {
		who := make([]individual.New, len(ids))
		for i, id := range ids {
			who[i].ID = id
		}
		_, err := n.people.Enrol(ctx, tx, who)
		return err
	})
}

func (n *node) change(choices ...consent.Choice) error {
	return n.Write(context.Background(), func(tx *storage.Tx) error {
		return n.consents.Change(context.Background(), tx, "staff", choices)
	})
}

func (n *node) allowed(t failer, p consent.Purpose) []individual.Number {
	t.Helper()
	set, err := n.consents.Allowed(consent.Use{Purpose: p})
	if err != nil {
		t.Fatal(err)
	}
	got := []individual.Number{}
	for i := range individual.Number(len(set.Words) * 64) {
		if set.Has(i) {
			got = append(got, i)
		}
	}
	return got
}

func yes(i individual.Number, p consent.Purpose) consent.Choice {
	return consent.Choice{Individual: i, Purpose: p, Allow: true, Why: "form"}
}

func no(i individual.Number, p consent.Purpose) consent.Choice {
	return consent.Choice{Individual: i, Purpose: p, Why: "letter"}
}

func TestAChoiceIsObeyedAndKept(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		journal := filepath.Join(t.TempDir(), "j")
		n := open(t, dsn, journal)
		n.enrol(t, "a", "b", "c")
		if got := n.allowed(t, consent.Care); len(got) != 0 || n.consents.Epoch() != 0 {
			t.Fatal("somebody is counted who said nothing:", got)
		}
		steps := []struct {
			choices []consent.Choice
			care    []individual.Number
			epoch   uint64
		}{
			{[]consent.Choice{yes(0, consent.Care), yes(1, consent.Care), yes(1, consent.Research)}, []individual.Number{0, 1}, 1},
			{[]consent.Choice{yes(0, consent.Care)}, []individual.Number{0, 1}, 1}, // given twice
			{[]consent.Choice{no(0, consent.Care)}, []individual.Number{1}, 2},     // withdrawn once
			{[]consent.Choice{no(2, consent.Care)}, []individual.Number{1}, 2},     // refused
			{[]consent.Choice{no(0, consent.Care)}, []individual.Number{1}, 2},
			{[]consent.Choice{yes(0, consent.Care), no(0, consent.Care)}, []individual.Number{1}, 3},
		}
		for i, s := range steps {
			if err := n.change(s.choices...); err != nil {
				t.Fatal(err)
			}
			if got := n.allowed(t, consent.Care); !slices.Equal(got, s.care) || n.consents.Epoch() != s.epoch {
				t.Errorf("step %d: %v at epoch %d", i, got, n.consents.Epoch())
			}
		}
		n.close(t)

		n = open(t, dsn, journal)
		defer n.close(t)
		if got := n.allowed(t, consent.Care); !slices.Equal(got, []individual.Number{1}) || n.consents.Epoch() != 3 {
			t.Errorf("after opening again: %v at epoch %d", got, n.consents.Epoch())
		}
		history, err := n.consents.History(t.Context(), 0)
		if err != nil {
			t.Fatal(err)
		}
		var kinds []consent.Kind
		for _, r := range history {
			kinds = append(kinds, r.Kind)
			if r.By != "staff" || r.Why == "" || r.When.IsZero() || r.Recorded.IsZero() {
				t.Errorf("%+v", r)
			}
		}
		want := []consent.Kind{consent.Given, consent.Given, consent.Withdrawn, consent.Withdrawn, consent.Given, consent.Withdrawn}
		if diff := cmp.Diff(want, kinds); diff != "" {
			t.Error(diff)
		}
		if h, _ := n.consents.History(t.Context(), 2); len(h) != 1 || h[0].Kind != consent.Refused {
			t.Error(h)
		}
		if err := n.consents.Verify(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

func TestASetStandsForItsEpoch(t *testing.T) {
	n := open(t, testkit.SQLite(t), filepath.Join(t.TempDir(), "j"))
	defer n.close(t)
	n.enrol(t, "a", "b")
	if err := n.change(yes(0, consent.Care), yes(1, consent.Research)); err != nil {
		t.Fatal(err)
	}
	care := consent.Use{Purpose: consent.Care}
	before, _ := n.consents.Allowed(care)
	if again, _ := n.consents.Allowed(care); again != before {
		t.Error("two sets for one epoch")
	}
	if err := n.change(no(1, consent.Research)); err != nil {
		t.Fatal(err)
	}
	after, _ := n.consents.Allowed(care)
	if after == before || after.Epoch != 2 || before.Epoch != 1 || &after.Words[0] != &before.Words[0] {
		t.Error("a set that didn't change must have a new epoch and the same words", before, after)
	}
	if err := n.change(no(0, consent.Care)); err != nil {
		t.Fatal(err)
	}
	if !before.Has(0) || before.Len() != 1 {
		t.Error("a published set was changed")
	}
}

func TestWhatIsRefused(t *testing.T) {
	n := open(t, testkit.SQLite(t), filepath.Join(t.TempDir(), "j"))
	defer n.close(t)
	n.enrol(t, "a")
	for _, u := range []consent.Use{{}, {Purpose: "marketing"}, {Purpose: consent.Care, Commercial: true},
		{Purpose: consent.Care, Country: "NO"}, {Purpose: consent.Care, Diseases: []string{"MONDO:1"}}} {
		if s, err := n.consents.Allowed(u); fault.KindOf(err) != fault.Invalid || s != nil || fault.HintOf(err) == "" {
			t.Errorf("%+v: %v", u, err)
		}
	}
	for want, c := range map[fault.Kind]consent.Choice{
		fault.NotFound: yes(7, consent.Care),
		fault.Invalid:  yes(0, "marketing"),
	} {
		if err := n.change(yes(0, consent.Care), c); fault.KindOf(err) != want {
			t.Errorf("%+v: %v", c, err)
		}
	}
	err := n.Write(t.Context(), func(tx *storage.Tx) error {
		_ = n.consents.Change(t.Context(), tx, "staff", []consent.Choice{yes(0, consent.Care), yes(7, consent.Care)})
		return nil // the error is overlooked
	})
	if fault.KindOf(err) != fault.NotFound {
		t.Error(err)
	}
	for _, by := range []consent.Actor{"", "\x00", consent.Actor(strings.Repeat("x", 3000))} {
		err := n.Write(t.Context(), func(tx *storage.Tx) error {
			return n.consents.Change(t.Context(), tx, by, []consent.Choice{yes(0, consent.Care)})
		})
		if fault.KindOf(err) != fault.Invalid {
			t.Error(err)
		}
		err = n.Write(t.Context(), func(tx *storage.Tx) error {
			_, err := n.consents.Remove(t.Context(), tx, by, "a")
			return err
		})
		if fault.KindOf(err) != fault.Invalid {
			t.Error(err)
		}
	}
	if got := n.allowed(t, consent.Care); len(got) != 0 || n.consents.Epoch() != 0 {
		t.Error("a refused change left something:", got)
	}
}

func TestTheHistoryIsAppendOnly(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		n := open(t, dsn, filepath.Join(t.TempDir(), "j"))
		defer n.close(t)
		n.enrol(t, "a")
		if err := n.change(yes(0, consent.Care)); err != nil {
			t.Fatal(err)
		}
		attacks := []string{`UPDATE consent_choice SET kind = 'withdrawn'`, `DELETE FROM consent_choice`}
		if n.Kind() == "postgres" {
			attacks = append(attacks, `TRUNCATE consent_choice`)
		}
		for _, q := range attacks {
			err := n.Write(t.Context(), func(tx *storage.Tx) error { _, err := tx.Exec(t.Context(), q); return err })
			if fault.KindOf(err) != fault.Conflict {
				t.Errorf("%s: %v", q, err)
			}
		}
	})
}

func TestRemovalLeavesNobodyNamed(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		journal := filepath.Join(t.TempDir(), "j")
		n := open(t, dsn, journal)
		n.enrol(t, "Astrid", "b")
		if err := n.change(yes(0, consent.Care), yes(1, consent.Care)); err != nil {
			t.Fatal(err)
		}
		n.write(t, func(ctx context.Context, tx *storage.Tx) error {
			if err := n.consents.Change(ctx, tx, "Astrid", []consent.Choice{no(0, consent.Matching)}); err != nil {
				return err
			}
			was, err := n.consents.Remove(ctx, tx, "Astrid", "Astrid")
			if was != 0 {
				t.Error(was)
			}
			return err
		})
		if got := n.allowed(t, consent.Care); !slices.Equal(got, []individual.Number{1}) || n.consents.Epoch() != 2 {
			t.Errorf("%v at epoch %d", got, n.consents.Epoch())
		}
		if h, err := n.consents.History(t.Context(), 0); len(h) != 0 || err != nil {
			t.Error(h, err)
		}
		if err := n.change(yes(0, consent.Care)); fault.KindOf(err) != fault.NotFound {
			t.Error("a removed individual chose:", err)
		}
		if err := n.consents.Verify(t.Context()); err != nil {
			t.Error(err)
		}
		var naming int64
		err := n.Read(t.Context(), func(tx *storage.Tx) error {
			return tx.QueryRow(t.Context(), `SELECT (SELECT count(*) FROM individual WHERE id = $1 OR pseudonym = $1)
				+ (SELECT count(*) FROM consent_choice WHERE made_by = $1) + (SELECT count(*) FROM consent_event WHERE made_by = $1)`, "Astrid").Scan(&naming)
		})
		if naming != 0 || err != nil {
			t.Error(naming, err)
		}
		n.close(t)
		n = open(t, dsn, journal)
		defer n.close(t)
		n.enrol(t, "Astrid")
		if err := n.change(no(2, consent.Care)); err != nil {
			t.Fatal(err)
		}
		if h, _ := n.consents.History(t.Context(), 2); len(h) != 1 || h[0].Kind != consent.Refused {
			t.Error("enrolled anew, they are somebody new:", h)
		}
	})
}

// model is the consents as plain maps.
type model struct {
	ids   []string // by number; "" when removed
	yes   map[said]bool
	epoch uint64
}

type said struct {
	who     individual.Number
	purpose consent.Purpose
}

func (m model) clone() model {
	c := model{ids: slices.Clone(m.ids), yes: map[said]bool{}, epoch: m.epoch}
	for k, v := range m.yes {
		c.yes[k] = v
	}
	return c
}

func (m model) allowed(p consent.Purpose) []individual.Number {
	all := []individual.Number{}
	for i := range m.ids {
		if m.yes[said{individual.Number(i), p}] {
			all = append(all, individual.Number(i))
		}
	}
	return all
}

var errBack = errors.New("rolled back")

// transaction draws one transaction and does it to the node and the model alike.
func transaction(t *rapid.T, n *node, m *model, tx *storage.Tx) error {
	ctx, altered := context.Background(), false
	for range rapid.IntRange(1, 4).Draw(t, "acts") {
		id := fmt.Sprint("p", rapid.IntRange(0, 150).Draw(t, "id"))
		at := slices.Index(m.ids, id)
		switch rapid.SampledFrom([]string{"enrol", "choose", "choose", "choose", "remove"}).Draw(t, "act") {
		case "enrol":
			if _, err := n.people.Enrol(ctx, tx, []individual.New{{ID: id}}); err != nil {
				return err
			}
			if at < 0 {
				m.ids = append(m.ids, id)
			}
		case "choose":
			if len(m.ids) == 0 {
				continue
			}
			c := consent.Choice{Individual: individual.Number(rapid.IntRange(0, len(m.ids)-1).Draw(t, "who")),
				Purpose: rapid.SampledFrom(consent.Purposes()).Draw(t, "purpose"), Allow: rapid.Bool().Draw(t, "allow")}
			if m.ids[c.Individual] == "" {
				continue
			}
			if err := n.consents.Change(ctx, tx, "staff", []consent.Choice{c}); err != nil {
				return err
			}
			k := said{c.Individual, c.Purpose}
			altered = altered || m.yes[k] != c.Allow
			m.yes[k] = c.Allow
		case "remove":
			_, err := n.consents.Remove(ctx, tx, "staff", id)
			if at < 0 {
				if fault.KindOf(err) != fault.NotFound {
					t.Fatal(err)
				}
				continue
			}
			if err != nil {
				return err
			}
			m.ids[at], altered = "", true
			for _, p := range consent.Purposes() {
				delete(m.yes, said{individual.Number(at), p})
			}
		}
	}
	if rapid.IntRange(0, 5).Draw(t, "back") == 0 {
		return errBack
	}
	if altered {
		m.epoch++
	}
	return nil
}

func againstTheModel(t *rapid.T, dsn, journal string, transactions int) {
	n := open(t, dsn, journal)
	m := model{yes: map[said]bool{}}
	for range transactions {
		next := m.clone()
		err := n.Write(context.Background(), func(tx *storage.Tx) error { return transaction(t, n, &next, tx) })
		if err != nil && !errors.Is(err, errBack) {
			t.Fatal(err)
		}
		if err == nil {
			m = next
		}
		if rapid.IntRange(0, 5).Draw(t, "reopen") == 0 {
			if err := n.consents.Verify(context.Background()); err != nil {
				t.Fatal(err)
			}
			n.close(t)
			n = open(t, dsn, journal)
		}
		for _, p := range consent.Purposes() {
			if diff := cmp.Diff(m.allowed(p), n.allowed(t, p)); diff != "" {
				t.Fatal(p, diff)
			}
			if got := n.consents.Counted()[p]; got != len(m.allowed(p)) {
				t.Fatal(got)
			}
		}
		if n.consents.Epoch() != m.epoch {
			t.Fatalf("epoch %d, and the model's is %d", n.consents.Epoch(), m.epoch)
		}
	}
	n.close(t)
}

func TestConsentsAgainstAModel(t *testing.T) {
	dir, n := t.TempDir(), 0
	rapid.Check(t, func(t *rapid.T) {
		n++
		againstTheModel(t, filepath.Join(dir, fmt.Sprint(n, ".db")), filepath.Join(dir, fmt.Sprint(n, ".journal")),
			rapid.IntRange(1, 15).Draw(t, "transactions"))
	})
}

func TestConsentsAgainstAModelOnPostgres(t *testing.T) {
	dsn, dir := testkit.Postgres(t), t.TempDir()
	seed := rapid.Custom(func(t *rapid.T) int {
		againstTheModel(t, dsn, filepath.Join(dir, "journal"), 60)
		return 0
	})
	seed.Example(7) // one long run: each needs a database of its own
}

func TestVerifyFindsWhatDiffers(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		journal := filepath.Join(t.TempDir(), "j")
		n := open(t, dsn, journal)
		n.enrol(t, "a", "b")
		if err := n.change(yes(0, consent.Care), no(1, consent.Care)); err != nil {
			t.Fatal(err)
		}
		n.write(t, func(ctx context.Context, tx *storage.Tx) error { // somebody counts b
			_, err := tx.Exec(ctx, `UPDATE consent_page SET allowed = $1 WHERE purpose = 'care'`, []byte{3, 0, 0, 0, 0, 0, 0, 0})
			return err
		})
		n.close(t)
		n = open(t, dsn, journal)
		if err := n.consents.Verify(t.Context()); fault.KindOf(err) != fault.Internal {
			t.Error("nobody noticed:", err)
		}
		n.write(t, func(ctx context.Context, tx *storage.Tx) error {
			_, err := tx.Exec(ctx, `UPDATE consent_page SET allowed = $1 WHERE purpose = 'care'`, []byte{3})
			return err
		})
		n.close(t)
		if n, err := tryOpen(dsn, consent.Options{Journal: journal}); err == nil {
			n.close(t)
			t.Error("a damaged page was read")
		}
	})
}

func TestTheJournalIsSomewhere(t *testing.T) {
	if _, err := tryOpen(testkit.SQLite(t), consent.Options{}); fault.KindOf(err) != fault.Invalid {
		t.Error(err)
	}
	_, err := tryOpen(testkit.SQLite(t), consent.Options{Journal: filepath.Join(t.TempDir(), "no", "journal")})
	if fault.KindOf(err) != fault.Unavailable || fault.HintOf(err) == "" {
		t.Error(err)
	}
}
