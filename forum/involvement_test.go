package forum

import (
	"testing"
	"time"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/internal/testkit"
	"github.com/samverk/samverk/network"
)

func TestInvolvementIsCountedFromTheRecords(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		w := open(t, dsn)
		ctx, b := t.Context(), w.board()
		asked := got(w.Raise(ctx, b.people[5], Raising{Network: w.root, Body: b.id, Title: "Svar raskere", Text: "Ventetiden.", AsPatient: true, Visibility: network.Public}))(t)
		w.ok(w.AskInput(ctx, w.coord, asked.ID, Asking{}))
		in := got(w.GiveInput(ctx, b.people[6], asked.ID, Giving{Text: "Ja, raskere."}))(t)
		w.clock.forward(15 * 24 * time.Hour)
		w.ok(w.Prepare(ctx, w.coord, asked.ID))
		w.decided(b, asked.ID, in)

		all := got(w.Involvement(ctx, network.Actor{}, w.root, "", 2026))(t)
		one := got(w.Involvement(ctx, network.Actor{}, w.root, b.id, 2026))(t)
		if len(all) < 4 || len(one) != 1 {
			t.Fatalf("%d bodies, and %d of one", len(all), len(one))
		}
		v := one[0]
		if v.Meetings != 1 || v.Items != 1 || v.Raised[network.Patient] != 1 || v.Inputs[Adopted] != 1 || len(v.Answers) != 1 || v.Answers[0] < 15*24*time.Hour {
			t.Errorf("%+v", v)
		}
		for _, p := range v.Sectors {
			filled, _ := p.Filled()
			attended, held := p.Attended()
			if !held || attended != 1 || filled < 0.99 {
				t.Errorf("%s: filled %.2f, attended %.2f", p.Sector, filled, attended)
			}
			if p.Sector == network.Patient && (p.Seats != 2 || p.Could != 2 || p.Sat != 2) {
				t.Errorf("the patients' seats: %+v", p)
			}
		}
		before := got(w.Involvement(ctx, network.Actor{}, w.root, b.id, 2025))(t)[0]
		if before.Meetings+before.Items+before.Papers+before.Inputs.All() != 0 {
			t.Errorf("the year before has %+v", before)
		}
		_, err := w.Involvement(ctx, network.Actor{}, w.root, "nobody", 2026)
		w.is(fault.NotFound, err)
	})
}
