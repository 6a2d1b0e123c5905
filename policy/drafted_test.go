package policy_test

import (
	"strings"
	"testing"
	"time"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/internal/testkit"
	"github.com/samverk/samverk/policy"
	"github.com/samverk/samverk/storage"
)

func TestDraftsKeepEachText(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		ctx := t.Context()
		n := open(t, dsn, newHand(), policy.Options{Country: "SE", Trusted: trusted()})
		defer n.close(t)
		db, p := n.DB, n.Policies
		at := policy.Place{Root: nation, Network: nation, Topic: "t1"}
		d := policy.Presets("SE")[0].Draft
		id, err := p.NewDraft(ctx, "kari", at, d)
		if err != nil {
			t.Fatal(err)
		}
		first, err := d.Digest()
		if err != nil {
			t.Fatal(err)
		}
		next := d
		next.Rules = next.Rules[:1]
		kind := func(want fault.Kind, err error) {
			t.Helper()
			if err == nil || fault.KindOf(err) != want {
				t.Errorf("%v, want %v", err, want)
			}
		}
		kind(fault.Denied, p.EditDraft(ctx, policy.Editor{Person: "ola"}, id, 1, next))
		kind(fault.Denied, p.EditDraft(ctx, policy.Editor{Runs: true}, id, 1, next))
		if err := p.EditDraft(ctx, policy.Editor{Person: "ola", Runs: true}, id, 1, next); err != nil {
			t.Fatal(err)
		}
		kind(fault.Conflict, p.EditDraft(ctx, policy.Editor{Person: "kari"}, id, 1, d))
		bad := d
		bad.Rules = nil
		kind(fault.Invalid, p.EditDraft(ctx, policy.Editor{Person: "kari"}, id, 2, bad))
		got, err := p.DraftOf(ctx, id)
		if err != nil || got.Version != 2 || got.Digest == first || got.By != "ola" || got.Author != "kari" {
			t.Errorf("%+v %v", got, err)
		}
		if was, err := p.Named(ctx, nation, "t1", first); err != nil || len(was.Rules) != len(d.Rules) {
			t.Error(was, err)
		}
		for _, x := range [][2]string{{"no", "t1"}, {nation, "t2"}} {
			_, err := p.Named(ctx, x[0], x[1], first)
			kind(fault.Conflict, err)
		}
		if all, err := p.Drafts(ctx, nation, ""); err != nil || len(all) != 1 {
			t.Error(all, err)
		}
		_, err = p.DraftOf(ctx, "absent")
		kind(fault.NotFound, err)
		for _, change := range []string{`DELETE FROM policy_draft_text`, `UPDATE policy_draft_text SET text = '{}'`} {
			if err := db.Write(ctx, func(tx *storage.Tx) error { _, err := tx.Exec(ctx, change); return err }); err == nil {
				t.Errorf("%s is done", change)
			}
		}
	})
}

func TestWhatIsEnactedWaitsAndIsKnown(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		ctx, h := t.Context(), newHand()
		n := open(t, dsn, h, policy.Options{Country: "SE", Trusted: trusted()})
		defer n.close(t)
		db, p := n.DB, n.Policies
		keep := func(s policy.Signed) error {
			return db.Write(ctx, func(tx *storage.Tx) error { return p.Keep(ctx, tx, s) })
		}
		d := policy.Presets("SE")[0].Draft
		s := enacted(t, d, h.Now())
		for range 2 { // again is nothing new
			if err := keep(s); err != nil {
				t.Fatal(err)
			}
		}
		other := decided(t, h.Now(), d)
		other.Decision = "01L"
		twice, err := policy.Enact(other, d, signer(), h.Now())
		if err != nil {
			t.Fatal(err)
		}
		if err := keep(twice); fault.KindOf(err) != fault.Conflict {
			t.Errorf("another decision enacted it: %v", err)
		}
		states := func(want ...policy.State) {
			t.Helper()
			all, err := p.Known(ctx, nation)
			if err != nil {
				t.Fatal(err)
			}
			for i, k := range all {
				if i >= len(want) || k.State != want[i] || k.Fault != nil {
					t.Errorf("%s is %s (%v)", k.Signed.Draft.ID(), k.State, k.Fault)
				}
			}
			if len(all) != len(want) {
				t.Errorf("%d are known", len(all))
			}
		}
		states(policy.Waits)
		if w, err := p.Waiting(ctx); err != nil || len(w) != 1 {
			t.Error(w, err)
		}
		if err := p.Adopt(ctx, s, policy.Adoption{By: policy.Actor{Operator: true}, Ground: "D", From: h.Now().Add(time.Hour)}); err != nil {
			t.Fatal(err)
		}
		states(policy.Coming)
		h.move(2 * time.Hour)
		states(policy.Holds)
		d.Version = 2
		if err := keep(enacted(t, d, h.Now())); err != nil {
			t.Fatal(err)
		}
		states(policy.Waits, policy.Holds)
		if err := p.End(ctx, policy.Actor{Operator: true}, nation+"/"+d.Name, "D"); err != nil {
			t.Fatal(err)
		}
		states(policy.Waits, policy.Past)
		if all, err := p.Known(ctx, "no"); err != nil || len(all) > 0 {
			t.Error(all, err)
		}
		if err := db.Write(ctx, func(tx *storage.Tx) error {
			_, err := tx.Exec(ctx, `UPDATE policy_enacted SET decision = 'x'`)
			return err
		}); err == nil || !strings.Contains(err.Error(), "never changed") {
			t.Errorf("what was enacted can be changed: %v", err)
		}
	})
}
