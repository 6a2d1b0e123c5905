package consent_test

import (
	"context"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/samverk/samverk/consent"
	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/individual"
	"github.com/samverk/samverk/internal/testkit"
	"github.com/samverk/samverk/storage"
)

// guard makes somebody a guardian.
func (n *node) guard(t failer, who individual.Number, subject string) (id string) {
	t.Helper()
	n.write(t, func(ctx context.Context, tx *storage.Tx) (err error) {
		id, err = n.people.AddGuardian(ctx, tx, "staff", individual.Guardian{Individual: who, Level: individual.Low, Why: "custody"},
			individual.Identity{Issuer: "https://login.example", Subject: subject})
		return err
	})
	return id
}

func (n *node) born(t failer, who individual.Number, day time.Time) {
	t.Helper()
	n.write(t, func(ctx context.Context, tx *storage.Tx) error {
		return n.people.SetBorn(ctx, tx, "staff", "register", who, day)
	})
}

func TestOfAge(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		clock := noon()
		journal := filepath.Join(t.TempDir(), "j")
		n := openAt(t, dsn, journal, clock.Now)
		var told []uint64
		n.consents.OnChange(func(c consent.Changed) {
			set, err := c.Allowed(consent.Use{Purpose: consent.Care})
			if err != nil || set.Epoch != c.Epoch {
				t.Error(err)
			}
			told = append(told, c.Epoch)
		})
		n.enrol(t, "child", "sibling", "adult")
		n.mustEnact(t, 1, clock.Time, forms[0])
		birth := time.Date(2008, 6, 10, 0, 0, 0, 0, time.UTC)
		n.born(t, 0, birth)
		n.born(t, 1, birth)
		mother, father := n.guard(t, 0, "mother"), n.guard(t, 0, "father")
		alone := n.guard(t, 1, "mother")
		stands := func(who individual.Number, want ...string) {
			t.Helper()
			all, err := n.consents.Standing(t.Context(), who)
			if err != nil {
				t.Fatal(err)
			}
			got := []string{}
			for _, r := range all {
				who := map[string]string{"": "they", mother: "mother", father: "father", alone: "mother"}[r.Guardian]
				got = append(got, who+" "+string(r.Kind)+" "+string(r.Purpose))
			}
			if !slices.Equal(got, want) && len(got)+len(want) > 0 {
				t.Errorf("stands: %q, want %q", got, want)
			}
		}
		by := func(guardian string, who individual.Number, allow bool, questions ...string) {
			t.Helper()
			f := n.filled(who, allow, questions...)
			f.Guardian = guardian
			if _, err := n.fill(f); err != nil {
				t.Error(err)
			}
		}
		is := func(p consent.Purpose, want ...individual.Number) {
			t.Helper()
			if got := n.allowed(t, p); !slices.Equal(got, want) && len(got)+len(want) > 0 {
				t.Errorf("%s at %s: %v, want %v", p, clock.Time, got, want)
			}
		}
		by(mother, 0, true, "care", "research", "matching")
		by(alone, 1, true, "care")
		by(alone, 1, false, "research")
		is(consent.Care, 0, 1)
		by(father, 0, false, "care") // they disagree
		is(consent.Care, 1)
		by("", 0, false, "matching") // the child says no
		if _, err := n.fill(n.filled(0, true, "care")); fault.KindOf(err) != fault.Denied {
			t.Error("a child's own yes:", err)
		}
		is(consent.Matching)
		by(mother, 0, true, "matching")
		is(consent.Matching)
		is(consent.Research, 0)
		stands(0, "mother given care", "father withdrawn care", "they withdrawn matching", "mother given matching", "mother given research")
		for _, f := range []consent.Filled{{Individual: 0, Guardian: alone}, {Individual: 2, Guardian: mother}, {Individual: 0, Guardian: "nobody"}} {
			f.Form, f.Answers = n.consents.InForce().Digest, []consent.Answer{{Question: "care", Allow: true}}
			if _, err := n.fill(f); fault.KindOf(err) != fault.Denied {
				t.Error("a guardian of somebody else:", err)
			}
		}
		n.write(t, func(ctx context.Context, tx *storage.Tx) error {
			return n.people.End(ctx, tx, "staff", "court", father)
		})
		f := n.filled(0, true, "care")
		f.Guardian = father
		if _, err := n.fill(f); fault.KindOf(err) != fault.Denied {
			t.Error("a guardian who isn't one any more:", err)
		}
		by(mother, 0, true, "care") // who is the only one now
		is(consent.Care, 0, 1)
		stands(0, "mother given care", "they withdrawn matching", "mother given matching", "mother given research")

		// The moment of coming of age, without anything having been done.
		before, at := n.consents.Epoch(), individual.Majority(birth)
		clock.Time = at.Add(-time.Microsecond)
		is(consent.Care, 0, 1)
		held, _ := n.consents.Allowed(consent.Use{Purpose: consent.Care})
		clock.Time = at
		is(consent.Care)
		is(consent.Research)
		stands(0, "they withdrawn matching") // every yes has lapsed, and every no stands
		if e := n.consents.Epoch(); e != before+1 || !held.Has(0) || told[len(told)-1] != e || !slices.IsSorted(told) {
			t.Error("one epoch for one moment:", before, e, told)
		}
		clock.Time = at.Add(-time.Hour) // the clock is set back: what has lapsed has lapsed
		is(consent.Care)
		clock.Time = at
		n.close(t)
		n = openAt(t, dsn, journal, clock.Now)
		is(consent.Care)
		if n.consents.Epoch() != before+1 {
			t.Error("another epoch after a restart:", n.consents.Epoch())
		}
		if err := n.consents.Verify(t.Context()); err != nil {
			t.Error(err)
		}
		if all, err := n.consents.ComeOfAge(t.Context(), 0, 10); err != nil || !slices.Equal(all, []individual.Number{0, 1}) {
			t.Error("they are to be asked:", all, err)
		}
		f = n.filled(1, true, "care")
		f.Guardian = alone
		if _, err := n.fill(f); fault.KindOf(err) != fault.Denied {
			t.Error("a guardian of somebody of age:", err)
		}
		// What they say now is all that counts, also against a guardian's no.
		by("", 1, true, "care", "research")
		is(consent.Care, 1)
		is(consent.Research, 1)
		stands(1, "they given care", "they given research")
		if all, err := n.consents.ComeOfAge(t.Context(), 0, 10); err != nil || !slices.Equal(all, []individual.Number{0}) {
			t.Error(all, err)
		}
		n.close(t)
		clock.Time = at.AddDate(0, 0, -2) // started with a clock that was set back, after what lapsed was written
		n = openAt(t, dsn, journal, clock.Now)
		defer n.close(t)
		is(consent.Care, 1)
		if err := n.consents.Verify(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

func TestABirthDateThatWasWrong(t *testing.T) {
	clock := noon()
	n := openAt(t, testkit.SQLite(t), filepath.Join(t.TempDir(), "j"), clock.Now)
	defer n.close(t)
	n.enrol(t, "child")
	n.mustEnact(t, 1, clock.Time, forms[0])
	n.born(t, 0, time.Date(2015, 6, 10, 0, 0, 0, 0, time.UTC))
	g := n.guard(t, 0, "mother")
	f := n.filled(0, true, "care")
	f.Guardian = g
	if _, err := n.fill(f); err != nil {
		t.Fatal(err)
	}
	n.born(t, 0, time.Date(2007, 6, 10, 0, 0, 0, 0, time.UTC))
	if got := n.allowed(t, consent.Care); len(got) != 0 {
		t.Error("somebody of age is counted by a guardian's word:", got)
	}
	n.born(t, 0, time.Date(2009, 6, 10, 0, 0, 0, 0, time.UTC))
	if got := n.allowed(t, consent.Care); len(got) != 1 {
		t.Error(got)
	}
	if err := n.consents.Verify(t.Context()); err != nil {
		t.Error(err)
	}
	clock.Time = time.Date(2027, 6, 10, 0, 0, 0, 0, time.UTC)
	if got := n.allowed(t, consent.Care); len(got) != 0 {
		t.Error(got)
	}
}

func TestABlockStandsBesideAYes(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		journal := filepath.Join(t.TempDir(), "j")
		n := open(t, dsn, journal)
		n.enrol(t, "a", "b")
		if err := n.change(yes(0, consent.Care), yes(0, consent.Research), yes(1, consent.Care), yes(0, consent.Matching)); err != nil {
			t.Fatal(err)
		}
		set := func(r consent.Restriction) (id string, err error) {
			err = n.Write(t.Context(), func(tx *storage.Tx) error {
				id, err = n.consents.Restrict(t.Context(), tx, "staff", r)
				return err
			})
			return id, err
		}
		lift := func(id string) error {
			return n.Write(t.Context(), func(tx *storage.Tx) error { return n.consents.Lift(t.Context(), tx, "staff", "asked to", id) })
		}
		is := func(want ...int) {
			t.Helper()
			got := []int{len(n.allowed(t, consent.Care)), len(n.allowed(t, consent.Matching)), len(n.allowed(t, consent.Research))}
			if !slices.Equal(got, want) {
				t.Error(got, want)
			}
		}
		is(2, 1, 1)
		ground := consent.Block.GroundIn("SE")
		first, err := set(consent.Restriction{Individual: 0, Kind: consent.Block, Ground: ground, Why: "called"})
		if err != nil {
			t.Fatal(err)
		}
		is(1, 0, 1)
		second, err := set(consent.Restriction{Individual: 0, Kind: consent.Reservation, Purposes: []consent.Purpose{consent.Care}, Ground: "law"})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := set(consent.Restriction{Individual: 0, Kind: consent.OptOut, Ground: consent.OptOut.GroundIn("NO")}); err != nil {
			t.Fatal(err)
		}
		is(1, 0, 0)
		if err := n.change(yes(0, consent.Care)); err != nil { // a yes lifts no block
			t.Fatal(err)
		}
		is(1, 0, 0)
		if err := lift(first); err != nil {
			t.Fatal(err)
		}
		is(1, 1, 0) // the reservation still stands against care
		n.close(t)
		n = open(t, dsn, journal)
		defer n.close(t)
		if err := lift(second); err != nil {
			t.Fatal(err)
		}
		is(2, 1, 0)
		if err := lift(second); err != nil {
			t.Error("lifted twice is lifted:", err)
		}
		all, err := n.consents.Restrictions(t.Context(), 0)
		if err != nil || len(all) != 3 || all[0].Ground != ground || all[0].Lifted.IsZero() || all[1].LiftedBy != "staff" || !all[2].Lifted.IsZero() || all[0].Why != "called" {
			t.Errorf("%+v %v", all, err)
		}
		for name, r := range map[string]consent.Restriction{
			"a block against research": {Individual: 0, Kind: consent.Block, Purposes: []consent.Purpose{consent.Research}, Ground: "law"},
			"an unknown kind":          {Individual: 0, Kind: "veto", Ground: "law"},
			"no ground":                {Individual: 0, Kind: consent.Block},
			"against nothing":          {Individual: 0, Kind: consent.Block, Purposes: []consent.Purpose{}, Ground: "law"},
			"nobody's":                 {Individual: 7, Kind: consent.Block, Ground: "law"},
		} {
			if _, err := set(r); err == nil || fault.KindOf(err) == fault.Internal {
				t.Error(name, err)
			}
		}
		if err := lift("01K"); fault.KindOf(err) != fault.NotFound {
			t.Error(err)
		}
		for _, q := range []string{`UPDATE consent_restriction SET kind = 'opt-out'`, `DELETE FROM consent_restriction`} {
			err := n.Write(t.Context(), func(tx *storage.Tx) error { _, err := tx.Exec(t.Context(), q); return err })
			if fault.KindOf(err) != fault.Conflict {
				t.Errorf("%s: %v", q, err)
			}
		}
		if err := n.consents.Verify(t.Context()); err != nil {
			t.Error(err)
		}
		n.remove(t, "a")
		is(1, 0, 0)
		if all, err := n.consents.Restrictions(t.Context(), 0); err != nil || len(all) != 0 {
			t.Error("what is left of somebody who was removed:", all, err)
		}
		if err := n.consents.Verify(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

// TestWhatAnOlderProgramLeft: a database from before there were forms has fewer pages, and gets the rest derived.
func TestWhatAnOlderProgramLeft(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		journal := filepath.Join(t.TempDir(), "j")
		n := open(t, dsn, journal)
		n.enrol(t, "a", "b", "c")
		if err := n.change(yes(0, consent.Care), no(1, consent.Care), yes(2, consent.Research), no(2, consent.Research)); err != nil {
			t.Fatal(err)
		}
		n.write(t, func(ctx context.Context, tx *storage.Tx) error {
			if _, err := tx.Exec(ctx, `DELETE FROM consent_page WHERE purpose NOT IN ('care', 'matching', 'research')`); err != nil {
				return err
			}
			_, err := tx.Exec(ctx, `UPDATE consent_state SET planes = 0`)
			return err
		})
		n.close(t)
		for range 2 { // derived, then read
			n = open(t, dsn, journal)
			if err := n.consents.Verify(t.Context()); err != nil {
				t.Error(err)
			}
			n.close(t)
		}
		n = openAt(t, dsn, journal, noon().Now)
		defer n.close(t)
		n.mustEnact(t, 1, noon().Time, forms[2])
		if got := n.allowed(t, consent.Care); !slices.Equal(got, []individual.Number{0, 2}) {
			t.Error("by objection, an old no is a no:", got)
		}
	})
}
