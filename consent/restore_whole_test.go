package consent_test

import (
	"bytes"
	"context"
	"os"
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

// TestARestoredBackupObeysEverythingThatTakesPeopleOut: objections, blocks, opt-outs, a guardian's no, a form with another basis, a
// login that ended.
func TestARestoredBackupObeysEverythingThatTakesPeopleOut(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		dir, clock := t.TempDir(), noon()
		journal, backup := filepath.Join(dir, "data.journal"), filepath.Join(dir, "backup")
		n := openAt(t, dsn, journal, clock.Now)
		n.enrol(t, "silent", "objects", "blocked", "opts out", "child", "reserved")
		n.mustEnact(t, 1, clock.Time, forms[2]) // care by objection, matching by law
		n.born(t, 4, clock.AddDate(-10, 0, 0))
		mother := n.guard(t, 4, "mother")
		for who := range individual.Number(6) {
			f := n.filled(who, true, "research")
			if who == 4 {
				f.Guardian = mother
			}
			if _, err := n.fill(f); err != nil {
				t.Fatal(err)
			}
		}
		var login string
		n.write(t, func(ctx context.Context, tx *storage.Tx) (err error) {
			login, err = n.people.Link(ctx, tx, "staff", "in person", 1, individual.Identity{Issuer: "i", Subject: "objects"}, individual.High)
			return err
		})
		signedIn, err := n.people.SignIn(t.Context(), individual.Identity{Issuer: "https://login.example", Subject: "mother"}, individual.Low, individual.Low)
		if err != nil {
			t.Fatal(err)
		}
		n.backUp(t, backup)

		clock.Time = clock.Add(time.Hour)
		n.write(t, func(ctx context.Context, tx *storage.Tx) error {
			if _, err := n.consents.Withdraw(ctx, tx, "objects", consent.Withdrawal{Individual: 1, Permissions: []consent.Permission{"care"}}); err != nil {
				return err
			}
			if _, err := n.consents.Withdraw(ctx, tx, "mother", consent.Withdrawal{Individual: 4, Permissions: []consent.Permission{"research"}, Guardian: mother}); err != nil {
				return err
			}
			lifted, err := n.consents.Restrict(ctx, tx, "staff", consent.Restriction{Individual: 5, Kind: consent.Reservation, Ground: "law"})
			if err != nil {
				return err
			}
			for who, k := range map[individual.Number]consent.RestrictionKind{2: consent.Block, 3: consent.OptOut} {
				if _, err := n.consents.Restrict(ctx, tx, "staff", consent.Restriction{Individual: who, Kind: k, Ground: "law"}); err != nil {
					return err
				}
			}
			if err := n.people.End(ctx, tx, "staff", "lost", login); err != nil {
				return err
			}
			return n.consents.Lift(ctx, tx, "staff", "asked to", lifted)
		})
		is := func(u consent.Use, want ...individual.Number) {
			t.Helper()
			set, err := n.consents.Allowed(u)
			if err != nil {
				t.Fatal(err)
			}
			for who := range individual.Number(6) {
				if set.Has(who) != slices.Contains(want, who) {
					t.Errorf("%+v: %d is counted: %v", u, who, set.Has(who))
				}
			}
		}
		care, matching, health := consent.Use{Purpose: consent.Care}, consent.Use{Purpose: consent.Matching}, consent.Use{Purpose: consent.Research, Health: true}
		is(care, 0, 3, 4, 5)
		is(matching, 0, 1, 3, 4, 5)
		is(health, 0, 1, 2, 5)
		clock.Time = clock.Add(time.Hour)
		n.mustEnact(t, 2, clock.Time, forms[0]) // nothing without consent any more
		is(care)
		is(health, 0, 1, 2, 5)
		n.close(t)
		b, err := os.ReadFile(journal)
		if err != nil || !bytes.Contains(b, []byte("samverk consent 2")) || bytes.Contains(b, []byte("objects")) {
			t.Error("the journal", err)
		}

		again := filepath.Join(dir, "again")
		restored, err := storage.Restore(t.Context(), backup, again, inDir, options(&testkit.Clock{}, 3))
		if err != nil {
			t.Fatal(restored, err)
		}
		n = openAt(t, inDir(again), again+".journal", clock.Now)
		n.refuses(t)
		for _, act := range []func(ctx context.Context, tx *storage.Tx) error{
			func(ctx context.Context, tx *storage.Tx) error {
				_, err := n.consents.Restrict(ctx, tx, "staff", consent.Restriction{Individual: 1, Kind: consent.Block, Ground: "law"})
				return err
			},
			func(ctx context.Context, tx *storage.Tx) error {
				_, err := n.enact(ctx, tx, 3, clock.Time, forms[1])
				return err
			},
			func(ctx context.Context, tx *storage.Tx) error {
				_, err := n.consents.Withdraw(ctx, tx, "staff", consent.Withdrawal{Individual: 1})
				return err
			},
			func(ctx context.Context, tx *storage.Tx) error {
				return n.people.SetBorn(ctx, tx, "staff", "", 1, clock.AddDate(-20, 0, 0))
			},
		} {
			if err := n.Write(t.Context(), func(tx *storage.Tx) error { return act(t.Context(), tx) }); fault.KindOf(err) != fault.Unavailable {
				t.Error("a restored node changes something:", err)
			}
		}
		if _, err := n.people.Resume(t.Context(), signedIn.Token); fault.KindOf(err) != fault.NotFound {
			t.Error("a session of the backup is alive:", err)
		}
		r, err := n.replay(journal)
		if err != nil {
			t.Fatal(err)
		}
		if r.Restricted != 3 || r.Forms != 1 || r.Withdrawn != 1 {
			t.Errorf("%+v", r)
		}
		is(care)
		is(health, 0, 1, 2) // and the reservation that was lifted since stands until it is lifted again
		if n.consents.InForce().Version != "1" {
			t.Error(n.consents.InForce().Version)
		}
		if _, err := n.people.Resume(t.Context(), signedIn.Token); fault.KindOf(err) != fault.NotFound {
			t.Error("a session of the backup is alive:", err)
		}
		if _, err := n.people.SignIn(t.Context(), individual.Identity{Issuer: "i", Subject: "objects"}, individual.High, individual.Low); fault.KindOf(err) != fault.Denied {
			t.Error("a login that ended since the backup:", err)
		}
		if h, err := n.consents.History(t.Context(), 4); err != nil || h[len(h)-1].Guardian != mother {
			t.Error("whose no it was is lost:", err)
		}
		if err := n.consents.Verify(t.Context()); err != nil {
			t.Error(err)
		}
		n.close(t)
		n = openAt(t, inDir(again), again+".journal", clock.Now)
		is(health, 0, 1, 2)
		n.close(t)
	})
}

// TestARestoredBackupObeysWhatEndedAGuardiansWord: somebody came of age since the backup, by the birth date in it or by one that was corrected, and
// somebody was erased.
func TestARestoredBackupObeysWhatEndedAGuardiansWord(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		dir, clock := t.TempDir(), noon()
		journal, backup := filepath.Join(dir, "data.journal"), filepath.Join(dir, "backup")
		n := openAt(t, dsn, journal, clock.Now)
		n.enrol(t, "child", "grows up", "corrected", "erased")
		n.mustEnact(t, 1, clock.Time, forms[0])
		for who := range individual.Number(4) {
			n.born(t, who, clock.AddDate(-10, 0, 0))
			if who == 1 {
				n.born(t, who, clock.AddDate(-18, 0, 1))
			}
			f := n.filled(who, true, "care")
			f.Guardian = n.guard(t, who, "mother")
			if _, err := n.fill(f); err != nil {
				t.Fatal(err)
			}
		}
		n.backUp(t, backup)
		n.born(t, 2, clock.AddDate(-19, 0, 0))
		n.remove(t, "erased")
		if got := n.allowed(t, consent.Care); !slices.Equal(got, []individual.Number{0, 1}) {
			t.Fatal(got)
		}
		n.close(t)
		clock.Time = clock.AddDate(0, 0, 2)

		again := filepath.Join(dir, "again")
		if _, err := storage.Restore(t.Context(), backup, again, inDir, options(&testkit.Clock{}, 3)); err != nil {
			t.Fatal(err)
		}
		n = openAt(t, inDir(again), again+".journal", clock.Now)
		n.refuses(t)
		r, err := n.replay(journal)
		if err != nil || len(r.Removed) != 1 || r.Removed[0] != 3 {
			t.Errorf("%+v, %v", r, err)
		}
		for range 2 {
			if got := n.allowed(t, consent.Care); !slices.Equal(got, []individual.Number{0}) {
				t.Error("counted after the restore:", got)
			}
			if err := n.consents.Verify(t.Context()); err != nil {
				t.Error(err)
			}
			n.close(t)
			n = openAt(t, inDir(again), again+".journal", clock.Now)
		}
		n.close(t)
	})
}

// TestAJournalOfTheFirstVersionGoesOn: what it holds is obeyed, and what is new is added to it.
func TestAJournalOfTheFirstVersionGoesOn(t *testing.T) {
	w := writeJournal(t)
	lines := bytes.SplitAfterN(w.text, []byte("\n"), 2)
	first := consent.JournalHeader1(t, lines[0])
	w.put(t, "journal", append(first, lines[1]...))
	n := open(t, w.dsn, w.journal)
	n.write(t, func(ctx context.Context, tx *storage.Tx) error {
		_, err := n.consents.Restrict(ctx, tx, "staff", consent.Restriction{Individual: 1, Kind: consent.Block, Ground: "law"})
		return err
	})
	if err := n.change(yes(1, consent.Care), yes(2, consent.Care)); err != nil {
		t.Fatal(err)
	}
	n.close(t)
	n = open(t, w.dsn, w.journal)
	if err := n.consents.Verify(t.Context()); err != nil {
		t.Error(err)
	}
	n.close(t)
	again := filepath.Join(w.dir, "again")
	n = restore(t, w.backup, again, again+".journal", inDir)
	defer n.close(t)
	r, err := n.replay(w.journal)
	if err != nil || r.Withdrawn != 4 || r.Restricted != 1 {
		t.Error(r, err)
	}
}

// TestLongActsStandInSeveralLines: a line of the journal is bounded in bytes too.
func TestLongActsStandInSeveralLines(t *testing.T) {
	dir := t.TempDir()
	journal := filepath.Join(dir, "journal")
	n := open(t, inDir(dir), journal)
	n.enrol(t, "a")
	n.backUp(t, filepath.Join(dir, "backup"))
	ground := string(bytes.Repeat([]byte("<"), 2000)) // each takes six bytes in JSON
	n.write(t, func(ctx context.Context, tx *storage.Tx) error {
		for range 700 {
			if _, err := n.consents.Restrict(ctx, tx, "staff", consent.Restriction{Individual: 0, Kind: consent.Block, Ground: ground}); err != nil {
				return err
			}
		}
		return nil
	})
	n.close(t)
	n = open(t, inDir(dir), journal)
	if err := n.consents.Verify(t.Context()); err != nil {
		t.Error(err)
	}
	n.close(t)
	again := filepath.Join(dir, "again")
	n = restore(t, filepath.Join(dir, "backup"), again, again+".journal", inDir)
	defer n.close(t)
	if r, err := n.replay(journal); err != nil || r.Restricted != 700 {
		t.Error(r, err)
	}
}
