package individual_test

import (
	"testing"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/individual"
	"github.com/samverk/samverk/internal/testkit"
	"github.com/samverk/samverk/storage"
)

// A pseudonym is one individual's, is kept with them, and goes with them.
func TestPseudonyms(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		ctx := t.Context()
		db, r := open(t, dsn)
		write := func(f func(tx *storage.Tx) error) error { return db.Write(ctx, f) }
		enrol := func(who ...individual.New) error {
			return write(func(tx *storage.Tx) error { _, err := r.Enrol(ctx, tx, who); return err })
		}
		if err := enrol(individual.New{ID: "a", Pseudonym: "pa"}, individual.New{ID: "b"}, individual.New{ID: "c", Pseudonym: "pc", Sex: individual.Male}); err != nil {
			t.Fatal(err)
		}
		first, v := r.Pseudonyms(0)
		if len(first) != 2 || first["pa"] != 0 || first["pc"] != 2 {
			t.Error(first)
		}
		if again, same := r.Pseudonyms(v); again != nil || same != v {
			t.Error(again, same, v)
		}
		for what, who := range map[string][]individual.New{"another's": {{ID: "d", Pseudonym: "pa"}}, "two of a kind": {{ID: "d", Pseudonym: "pd"}, {ID: "e", Pseudonym: "pd"}},
			"a second one": {{ID: "a", Pseudonym: "px"}}, "no text": {{ID: "d", Pseudonym: "x\n"}}} {
			if err := enrol(who...); fault.KindOf(err) != fault.Invalid {
				t.Errorf("%s: %v", what, err)
			}
		}
		if err := enrol(individual.New{ID: "b", Pseudonym: "pb", Sex: individual.Female}, individual.New{ID: "a"}, individual.New{ID: "d"}, individual.New{ID: "d", Pseudonym: "pd"}); err != nil {
			t.Fatal(err)
		}
		err := write(func(tx *storage.Tx) error {
			if err := r.SetPseudonym(ctx, tx, "test", "a mistake", 0, "pz"); err != nil {
				return err
			}
			_, err := r.Remove(ctx, tx, "c")
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := enrol(individual.New{ID: "e", Pseudonym: "pa"}, individual.New{ID: "f", Pseudonym: "pc"}); err != nil {
			t.Error("what is free again:", err)
		}
		again, err := individual.Open(ctx, db)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range []*individual.Register{r, again} {
			now, _ := r.Pseudonyms(0)
			if len(now) != 5 || now["pz"] != 0 || now["pb"] != 1 || now["pd"] != 3 || now["pa"] != 4 || now["pc"] != 5 {
				t.Error(now)
			}
			if who, _ := r.Lookup("b"); who.Pseudonym != "pb" || who.Sex != individual.Female {
				t.Errorf("%+v", who)
			}
		}
	})
}
