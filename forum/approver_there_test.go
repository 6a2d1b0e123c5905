package forum

import (
	"slices"
	"testing"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/internal/testkit"
	"github.com/samverk/samverk/network"
)

func TestTwoWhoWereThereApprove(t *testing.T) {
	w, ctx := open(t, testkit.SQLite(t)), t.Context()
	b := w.board()
	m := w.convened(b, 14)
	late := b.people[4] // doesn't come
	there := slices.DeleteFunc(slices.Clone(b.votes), func(s network.SeatID) bool { return s == b.votes[4] })
	id, _ := w.held(b, m, there, b.votes[0])
	v := got(w.Minutes(ctx, w.coord, id))(t)
	if v.Few || len(v.Approvers) != 2 || len(v.There) != 6 || !slices.ContainsFunc(v.Approvers, func(a Approver) bool { return a.Person == b.chair.Person }) {
		t.Fatalf("proposed: %+v of %v, few: %v", v.Approvers, v.There, v.Few)
	}
	w.is(fault.Invalid, w.SetApprovers(ctx, w.coord, m.ID, w.theMeeting(m.ID).Version, []network.PersonID{b.chair.Person, late.Person}))
	w.ok(w.SetApprovers(ctx, w.coord, m.ID, w.theMeeting(m.ID).Version, []network.PersonID{b.chair.Person, b.people[5].Person}))
	v = got(w.Minutes(ctx, w.coord, id))(t)
	w.ok(w.ReplaceApprover(ctx, w.coord, Replacement{Minutes: id, Version: v.Version, Old: b.people[5].Person, New: b.people[1].Person, Why: "Syk."}))
	v = got(w.Minutes(ctx, w.coord, id))(t)
	r := v.Protocol.Head.Replaced
	if len(r) != 1 || v.Protocol.Name(r[0].Old) != "Maja Lie" || v.Protocol.Name(r[0].New) != "Ola Nes" || r[0].Why != "Syk." {
		t.Fatalf("replaced: %+v among %v", r, v.Protocol.People)
	}
	got(w.DrawUp(ctx, w.coord, m.ID))(t)
	for _, who := range []network.Actor{b.chair, b.people[1]} {
		got(w.Approve(ctx, who, id, got(w.Minutes(ctx, w.coord, id))(t).Hash))(t)
	}
	if v = got(w.Minutes(ctx, w.coord, id))(t); !v.Sealed || len(v.Protocol.Head.Replaced) != 1 {
		t.Fatalf("sealed %v, replaced %+v", v.Sealed, v.Protocol.Head.Replaced)
	}
	decided := got(w.Decisions(ctx, w.coord, DecisionFilter{Root: w.root}))(t)[0].ID
	next := got(w.Correct(ctx, w.coord, id, "Klokkeslettet var feil."))(t)
	for _, who := range []network.Actor{w.coord, {}} { // while a correction waits, the seal holds for everybody
		if d := got(w.Decision(ctx, who, decided))(t); d.Minutes != id || d.Seal.Seal == "" {
			t.Errorf("with the correction %s waiting, the minutes are %s, sealed %q", next, d.Minutes, d.Seal.Seal)
		}
	}
}
