package forum

import (
	"strings"
	"testing"

	"github.com/samverk/samverk/internal/testkit"
	"github.com/samverk/samverk/network"
)

// A name that was taken out of sealed minutes stands nowhere in what is shown of the meeting, and the seal holds.
func TestARedactedNameIsShownNowhere(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		w, ctx := open(t, dsn), t.Context()
		b := w.board()
		const name = "Maja Lie" // approves, dissents, was there
		m := w.convened(b, 14)
		w.ok(w.SetApprovers(ctx, w.coord, m.ID, []network.PersonID{b.chair.Person, b.people[5].Person}))
		met, item := w.held(b, m, b.votes, b.votes[0])
		w.signed(met, b.chair, b.people[5])
		sent := w.circulated(b)
		w.signed(sent, b.chair, b.people[5])
		decisions := got(w.Decisions(ctx, w.coord, DecisionFilter{Root: w.root}))(t)
		shown := func(who network.Actor) (all []any) {
			for _, id := range []MinutesID{met, sent} {
				all = append(all, got(w.Minutes(ctx, who, id))(t), got(w.Archive(ctx, who, id))(t))
			}
			for _, d := range decisions {
				v := got(w.Decision(ctx, who, d.ID))(t)
				for _, s := range v.Record.Roll.Seats {
					all = append(all, s.Name+s.Held)
				}
				for _, x := range v.Record.Dissent {
					all = append(all, x.Name)
				}
				all = append(all, v)
			}
			all = append(all, got(w.Meeting(ctx, who, m.ID))(t))
			if who == w.coord {
				for _, s := range got(w.Roll(ctx, who, m.ID, item))(t).Seats {
					all = append(all, s.Name+s.Held)
				}
				all = append(all, got(w.Circulation(ctx, who, w.minutesOf(sent).Circulation))(t))
			}
			return all
		}
		for _, id := range []MinutesID{met, sent} {
			v := w.minutesOf(id)
			for _, part := range v.Parts {
				if part.Text == name {
					w.ok(w.Redact(ctx, w.coord, id, part.Name, "Skjermet."))
				}
			}
			if v := got(w.Verify(ctx, network.Actor{}, id))(t); !v.Holds || len(v.Redacted) != 1 {
				t.Errorf("redacted: %+v", v)
			}
			if v := w.minutesOf(id); len(v.Approvers) != 2 {
				t.Errorf("approved by %+v", v.Approvers)
			}
		}
		for _, who := range []network.Actor{w.coord, {}} {
			for _, one := range shown(who) {
				if s := got(jsonColumn(one))(t); strings.Contains(s, name) {
					t.Errorf("%T shows %q the name: %s", one, who.Person, s)
				}
			}
		}
	})
}
