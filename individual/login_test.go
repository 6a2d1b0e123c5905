package individual_test

import (
	"context"
	"fmt"
	"io/fs"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/individual"
	"github.com/samverk/samverk/internal/testkit"
	"github.com/samverk/samverk/storage"
)

// settable is a clock that a test moves.
type settable struct{ time.Time }

func (c *settable) Now() time.Time { return c.Time }

func openAt(t *testing.T, dsn string, c *settable) (*storage.DB, *individual.Register) {
	t.Helper()
	db, err := storage.Open(t.Context(), dsn, storage.Options{Migrations: []fs.FS{individual.Migrations}, Now: c.Now, Rand: testkit.Rand(1)})
	if err != nil {
		t.Fatal(err)
	}
	r, err := individual.Open(t.Context(), db, individual.Options{Rand: testkit.Rand(5)})
	if err != nil {
		t.Fatal(err)
	}
	return db, r
}

func write(t *testing.T, db *storage.DB, f func(context.Context, *storage.Tx) error) {
	t.Helper()
	if err := db.Write(t.Context(), func(tx *storage.Tx) error { return f(t.Context(), tx) }); err != nil {
		t.Fatal(err)
	}
}

func day(y int, m time.Month, d int) time.Time { return time.Date(y, m, d, 0, 0, 0, 0, time.UTC) }

var (
	mother = individual.Identity{Issuer: "https://login.example", Subject: "m"}
	child  = individual.Identity{Issuer: "https://login.example", Subject: "c"}
)

func TestWhoMaySignIn(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		clock := &settable{time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
		db, r := openAt(t, dsn, clock)
		defer db.Close()
		if _, err := enrol(db, r, individual.New{ID: "mother"}, individual.New{ID: "child"}, individual.New{ID: "other"}); err != nil {
			t.Fatal(err)
		}
		guardian := individual.Guardian{Individual: 1, Level: individual.Substantial, Why: "custody"}
		tries := func(want fault.Kind, f func(context.Context, *storage.Tx) error) {
			t.Helper()
			if err := db.Write(t.Context(), func(tx *storage.Tx) error { return f(t.Context(), tx) }); fault.KindOf(err) != want {
				t.Error(err)
			}
		}
		tries(fault.Conflict, func(ctx context.Context, tx *storage.Tx) error { // nobody knows how old the child is
			_, err := r.AddGuardian(ctx, tx, "staff", guardian, mother)
			return err
		})
		var login, custody string
		write(t, db, func(ctx context.Context, tx *storage.Tx) (err error) {
			if err = r.SetBorn(ctx, tx, "staff", "register", 1, day(2010, 5, 2)); err != nil {
				return err
			}
			if login, err = r.Link(ctx, tx, "staff", "seen in person", 0, mother, individual.Substantial); err != nil {
				return err
			}
			custody, err = r.AddGuardian(ctx, tx, "staff", guardian, mother)
			return err
		})
		tries(fault.Conflict, func(ctx context.Context, tx *storage.Tx) error {
			_, err := r.Link(ctx, tx, "staff", "", 2, mother, individual.Low)
			return err
		})
		for name, c := range map[string]struct {
			who             individual.Identity
			level, required individual.Level
		}{
			"nobody's":               {child, individual.High, individual.Low},
			"another issuer's":       {individual.Identity{Issuer: "https://other.example", Subject: "m"}, individual.High, individual.Low},
			"cut otherwise":          {individual.Identity{Issuer: "https://login.examplem", Subject: ""}, individual.High, individual.Low},
			"weaker than the node":   {mother, individual.Substantial, individual.High},
			"weaker than was linked": {mother, individual.Low, individual.Low},
			"nothing required":       {mother, individual.High, 0},
			"no level":               {mother, 0, individual.Low},
		} {
			_, err := r.SignIn(t.Context(), c.who, c.level, c.required)
			if fault.KindOf(err) != fault.Denied || err.Error() != "this sign-in opens nothing here" {
				t.Error(name, err)
			}
		}
		s, err := r.SignIn(t.Context(), mother, individual.High, individual.Substantial)
		if err != nil {
			t.Fatal(err)
		}
		may := func(n individual.Number, want bool, guardian string) {
			t.Helper()
			s, err := r.Resume(t.Context(), s.Token)
			if err != nil {
				t.Fatal(err)
			}
			if g, ok := s.MayActFor(n); ok != want || g != guardian {
				t.Error(n, ok, g)
			}
		}
		may(0, true, "")
		may(1, true, custody)
		may(2, false, "")
		clock.Time = clock.Add(29 * time.Minute)
		may(1, true, custody)
		clock.Time = time.Date(2026, 3, 1, 13, 10, 0, 0, time.UTC)
		if _, err := r.Resume(t.Context(), s.Token); fault.KindOf(err) != fault.NotFound {
			t.Error("unused for too long:", err)
		}
		// The day before and the day that the child comes of age.
		clock.Time = individual.Majority(day(2010, 5, 2)).Add(-time.Microsecond)
		if s, err = r.SignIn(t.Context(), mother, individual.High, individual.High); err != nil {
			t.Fatal(err)
		}
		may(1, true, custody)
		clock.Time = clock.Add(time.Microsecond)
		may(1, false, "")
		write(t, db, func(ctx context.Context, tx *storage.Tx) error {
			return r.End(ctx, tx, "staff", "lost the phone", login)
		})
		if _, err := r.Resume(t.Context(), s.Token); fault.KindOf(err) != fault.NotFound {
			t.Error("the login has ended:", err)
		}
		write(t, db, func(ctx context.Context, tx *storage.Tx) error {
			_, err := r.Link(ctx, tx, "staff", "", 2, mother, individual.Low) // free again
			return err
		})
		var clear int64
		err = db.Read(t.Context(), func(tx *storage.Tx) error {
			return tx.QueryRow(t.Context(), `SELECT (SELECT count(*) FROM individual_login WHERE who LIKE '%example%') +
				(SELECT count(*) FROM individual_session WHERE hash = $1)`, s.Token).Scan(&clear)
		})
		if clear != 0 || err != nil {
			t.Error("an identity or a token is kept as it is", err)
		}
	})
}

func TestAGuardianshipEnds(t *testing.T) {
	clock := &settable{time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	db, r := openAt(t, testkit.SQLite(t), clock)
	defer db.Close()
	if _, err := enrol(db, r, individual.New{ID: "child"}, individual.New{ID: "sibling"}); err != nil {
		t.Fatal(err)
	}
	var first string
	write(t, db, func(ctx context.Context, tx *storage.Tx) (err error) {
		for n := range individual.Number(2) {
			if err = r.SetBorn(ctx, tx, "staff", "", n, day(2015, 1, 1)); err != nil {
				return err
			}
		}
		if first, err = r.AddGuardian(ctx, tx, "staff", individual.Guardian{Individual: 0, Level: individual.Low, Why: "custody"}, mother); err != nil {
			return err
		}
		_, err = r.AddGuardian(ctx, tx, "staff", individual.Guardian{Individual: 1, Level: individual.Low, Why: "for a while",
			To: clock.Add(2 * time.Minute)}, mother)
		return err
	})
	s, err := r.SignIn(t.Context(), mother, individual.Low, individual.Low)
	if err != nil || len(s.Wards) != 2 || s.Known {
		t.Fatal(s, err)
	}
	write(t, db, func(ctx context.Context, tx *storage.Tx) error { return r.End(ctx, tx, "staff", "court", first) })
	if s, err := r.Resume(t.Context(), s.Token); err != nil || len(s.Wards) != 1 {
		t.Error(s, err)
	}
	clock.Time = clock.Add(2 * time.Minute)
	if _, err := r.Resume(t.Context(), s.Token); fault.KindOf(err) != fault.NotFound {
		t.Error(err)
	}
	write(t, db, func(ctx context.Context, tx *storage.Tx) error {
		all, err := r.GuardiansIn(ctx, tx, 0)
		if len(all) != 1 || all[0].Ended.IsZero() {
			t.Error(all)
		}
		return err
	})
}

func TestARemovedIndividualCannotSignIn(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		clock := &settable{time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
		db, r := openAt(t, dsn, clock)
		defer db.Close()
		if _, err := enrol(db, r, individual.New{ID: "a"}); err != nil {
			t.Fatal(err)
		}
		write(t, db, func(ctx context.Context, tx *storage.Tx) error {
			_, err := r.Link(ctx, tx, "staff", "", 0, child, individual.Low)
			return err
		})
		s, err := r.SignIn(t.Context(), child, individual.Low, individual.Low)
		if err != nil {
			t.Fatal(err)
		}
		write(t, db, func(ctx context.Context, tx *storage.Tx) error { _, err := r.Remove(ctx, tx, "a"); return err })
		if _, err := r.Resume(t.Context(), s.Token); fault.KindOf(err) != fault.NotFound {
			t.Error(err)
		}
		if _, err := r.SignIn(t.Context(), child, individual.High, individual.Low); fault.KindOf(err) != fault.Denied {
			t.Error(err)
		}
		var left int64
		err = db.Read(t.Context(), func(tx *storage.Tx) error {
			return tx.QueryRow(t.Context(), `SELECT (SELECT count(*) FROM individual_login) + (SELECT count(*) FROM individual_session) +
				(SELECT count(*) FROM individual_event)`).Scan(&left)
		})
		if left != 0 || err != nil {
			t.Error("something is left:", left, err)
		}
	})
}

func TestABirthDateIsKept(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		clock := &settable{time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
		db, r := openAt(t, dsn, clock)
		if _, err := enrol(db, r, individual.New{ID: "a"}); err != nil {
			t.Fatal(err)
		}
		told := 0
		r.Follow(individual.Follower{Born: func(context.Context, *storage.Tx, individual.Number) error { told++; return nil }})
		write(t, db, func(ctx context.Context, tx *storage.Tx) error {
			return r.SetBorn(ctx, tx, "staff", "typed wrong", 0, day(2009, 2, 28))
		})
		for _, wrong := range []time.Time{{}, day(2026, 3, 4), day(1700, 1, 1)} {
			err := db.Write(t.Context(), func(tx *storage.Tx) error { return r.SetBorn(t.Context(), tx, "staff", "", 0, wrong) })
			if fault.KindOf(err) != fault.Invalid {
				t.Error(wrong, err)
			}
		}
		if _, err := enrol(db, r, individual.New{ID: "a", Sex: individual.Female}); err != nil {
			t.Fatal(err)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		db, r = openAt(t, dsn, clock)
		defer db.Close()
		if who, ok := r.Get(0); !ok || !who.Born.Equal(day(2009, 2, 28)) || who.Sex != individual.Female || who.Adult(clock.Now()) || told != 1 {
			t.Error(who, told)
		}
	})
}

func TestComingOfAge(t *testing.T) {
	for born, want := range map[time.Time]time.Time{
		day(2008, 2, 29): time.Date(2026, 2, 27, 22, 0, 0, 0, time.UTC),
		day(2008, 3, 1):  time.Date(2026, 2, 28, 22, 0, 0, 0, time.UTC),
		day(2007, 1, 1):  time.Date(2024, 12, 31, 22, 0, 0, 0, time.UTC),
	} {
		if got := individual.Majority(born); !got.Equal(want) {
			t.Error(born, got)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		born := day(1900, 1, 1).AddDate(0, 0, rapid.IntRange(0, 60000).Draw(t, "day"))
		who := individual.Individual{Born: born}
		at := individual.Majority(born)
		if who.Adult(at.Add(-1)) || !who.Adult(at) {
			t.Fatal(at)
		}
		if back, err := individual.ParseBorn(fmt.Sprint(born.Format("2006-01-02"))); err != nil || !back.Equal(born) {
			t.Fatal(back, err)
		}
	})
}
