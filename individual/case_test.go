package individual_test

import (
	"strings"
	"testing"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/individual"
	"github.com/samverk/samverk/internal/testkit"
	"github.com/samverk/samverk/storage"
)

// A case is one organisation's until it is ended, or whom it is about is gone.
func TestCases(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		ctx := t.Context()
		db, r := open(t, dsn)
		var c individual.Case
		var token, other string
		write := func(f func(tx *storage.Tx) error) {
			t.Helper()
			if err := db.Write(ctx, f); err != nil {
				t.Fatal(err)
			}
		}
		write(func(tx *storage.Tx) error {
			_, err := r.Enrol(ctx, tx, []individual.New{{ID: "a"}, {ID: "b"}})
			if err == nil {
				c, token, err = r.OpenCase(ctx, tx, "test", "asked for", 1, "north")
			}
			if err == nil {
				_, other, err = r.OpenCase(ctx, tx, "test", "", 1, "north")
			}
			return err
		})
		is := func(token, organisation string, want bool) {
			t.Helper()
			n, ok, err := r.CaseOf(ctx, token, organisation)
			if err != nil || ok != want || ok && n != 1 {
				t.Errorf("%s of %s: %d, %v, %v", token, organisation, n, ok, err)
			}
		}
		is(token, "north", true)
		is(strings.ToUpper(token)+" ", "north", true)
		is(token, "south", false)
		is(token, "", false)
		is("", "north", false)
		is(other, "north", true)
		if err := db.Write(ctx, func(tx *storage.Tx) error { return r.EndCase(ctx, tx, "test", "", 0, c.ID) }); fault.KindOf(err) != fault.NotFound {
			t.Errorf("another's is ended: %v", err)
		}
		write(func(tx *storage.Tx) error { return r.EndCase(ctx, tx, "test", "over", 1, c.ID) })
		is(token, "north", false)
		all, err := r.Cases(ctx, 1)
		if err != nil || len(all) != 2 || all[1].ID != c.ID || all[1].Ended.IsZero() || all[1].EndedBy != "test" || !all[0].Ended.IsZero() || all[1].Why != "asked for" {
			t.Errorf("%+v, %v", all, err)
		}
		write(func(tx *storage.Tx) error { _, err := r.Remove(ctx, tx, "b"); return err })
		is(other, "north", false)
		if all, err := r.Cases(ctx, 1); err != nil || len(all) != 0 {
			t.Errorf("%+v, %v", all, err)
		}
	})
}
