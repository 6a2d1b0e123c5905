package carried_test

import (
	"io/fs"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/internal/testkit"
	"github.com/samverk/samverk/mandate"
	"github.com/samverk/samverk/mandate/carried"
	"github.com/samverk/samverk/storage"
)

func TestMain(m *testing.M) { os.Exit(testkit.Main(m)) }

func TestAnErrandIsTakenAndSettledOnce(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		ctx := t.Context()
		db, err := storage.Open(ctx, dsn, storage.Options{Migrations: []fs.FS{carried.Migrations}})
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		c := carried.Open(db)
		ok := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		errand := carried.Errand{Decision: "d1", Seq: 3, Kind: mandate.Policy, Ref: "care-1", Digest: mandate.Digest{1}}
		ok(c.Take(ctx, 0, 4, []carried.Errand{errand}))
		ok(c.Take(ctx, 0, 4, []carried.Errand{errand})) // somebody else was first
		if at, err := c.Taken(ctx); err != nil || at != 4 {
			t.Fatal(at, err)
		}
		settle := func(to carried.State, why *fault.Error) (changed bool) {
			t.Helper()
			ok(db.Write(ctx, func(tx *storage.Tx) (err error) {
				changed, err = c.Settle(ctx, tx, errand, to, why)
				return err
			}))
			return changed
		}
		why := fault.New(fault.Conflict, "decision 2026-1").Say("carried.notyet", "2026-12-01", 2)
		if !settle(carried.Waiting, why) || settle(carried.Waiting, why) {
			t.Error("the same reason changes something twice, or never")
		}
		waiting, err := c.Waiting(ctx)
		ok(err)
		want := errand
		want.State, want.Why = carried.Waiting, fault.New(fault.Conflict, "%s", why.Error()).Say("carried.notyet", "2026-12-01", 2)
		if diff := cmp.Diff([]carried.Errand{want}, waiting, cmpopts.IgnoreFields(carried.Errand{}, "Changed")); diff != "" {
			t.Error(diff)
		}
		if !settle(carried.Done, nil) || settle(carried.Refused, why) || settle(carried.Done, nil) {
			t.Error("it was settled twice, or never")
		}
		all, err := c.Of(ctx, "d1")
		ok(err)
		if len(all) != 1 || all[0].State != carried.Done || all[0].Why != nil {
			t.Errorf("%+v", all)
		}
		if waiting, err = c.Waiting(ctx); err != nil || len(waiting) > 0 {
			t.Error(waiting, err)
		}
	})
}
