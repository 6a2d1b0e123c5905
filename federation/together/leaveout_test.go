package together_test

import (
	"testing"

	"github.com/samverk/samverk/consent"
	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/federation/together"
	"github.com/samverk/samverk/individual"
	"github.com/samverk/samverk/storage"
)

// In the nation's answer each region counts those who are at home with it, and the asker's own patient is left out where they are. A region's
// own answers aren't changed by it, and a case that isn't the asker's is that region's denial.
func TestEachPersonIsOneRegionsToCount(t *testing.T) {
	x := newNation(t, 2, together.Options{})
	for i, r := range x.regions { // both know the same people: those below p20 are at home at the first
		home := &individual.Set{Words: []uint64{1<<20 - 1}}
		if i == 1 {
			home = &individual.Set{Words: []uint64{^uint64(1<<20 - 1)}}
		}
		r.Home = func() *individual.Set { return home }
	}
	alone, err := x.regions[0].Consents.Allowed(consent.Use{Purpose: consent.Care})
	must(t, err)
	a, err := x.desk.Ask(t.Context(), carried(t))
	must(t, err)
	if !a.Complete() || a.Individuals.Low != alone.Len() || a.Replies[0].Answer.Individuals.Low+a.Replies[1].Answer.Individuals.Low != alone.Len() {
		t.Errorf("%+v", a)
	}
	var token string
	must(t, x.regions[0].DB.Write(t.Context(), func(tx *storage.Tx) (err error) {
		who, _ := x.regions[0].People.LookupIn(tx, "p14")
		_, token, err = x.regions[0].People.OpenCase(t.Context(), tx, "operator", "a test", who.Number, "North")
		return err
	}))
	q := carried(t)
	q.Case = "r0:" + token
	b, err := x.desk.Ask(t.Context(), q)
	must(t, err)
	if !b.Complete() || b.Individuals.Low != alone.Len()-1 || b.Replies[1].Answer.Individuals.Low != a.Replies[1].Answer.Individuals.Low {
		t.Errorf("%+v", b)
	}
	must(t, x.regions[1].DB.Write(t.Context(), func(tx *storage.Tx) (err error) {
		who, _ := x.regions[1].People.LookupIn(tx, "p14")
		_, token, err = x.regions[1].People.OpenCase(t.Context(), tx, "operator", "a test", who.Number, "North")
		return err
	}))
	guest := carried(t)
	guest.Case = "r1:" + token
	if a, err := x.desk.Ask(t.Context(), guest); fault.KindOf(err) != fault.Invalid {
		t.Errorf("a guest was left out where they aren't counted: %v, %+v", err, a)
	}
	q.Organisation = "South"
	c, err := x.desk.Ask(t.Context(), q)
	must(t, err)
	if c.Answered != 1 || c.Replies[0].How != together.Denied {
		t.Errorf("%+v", c)
	}
}

// A case that no node which is asked could leave out is an error: the count would have the asker's own patient in it, and nobody would be told.
func TestACaseOfNobodysIsRefused(t *testing.T) {
	x := newNation(t, 1, together.Options{})
	for _, token := range []string{"abcdefghijklmnop", "r9:abcdefghijklmnop"} {
		q := carried(t)
		q.Case = token
		if a, err := x.desk.Ask(t.Context(), q); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s: %v, %d answered", token, err, a.Answered)
		}
	}
}
