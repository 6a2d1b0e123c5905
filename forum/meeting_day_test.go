package forum

import (
	"errors"
	"testing"
	"time"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/internal/testkit"
	"github.com/samverk/samverk/network"
)

// said is what an error says to people.
func said(err error) (e fault.Error) {
	var f *fault.Error
	if errors.As(err, &f) {
		e = *f
	}
	return e
}

func TestAMeetingOpensOnItsOwnDay(t *testing.T) {
	w, ctx := open(t, testkit.SQLite(t)), t.Context()
	b := w.board()
	m := w.convened(b, 14)
	w.clock.now = dayOf(m.Starts, m.Starts.Location()).Add(-time.Minute) // in its zone: in UTC it is the same hour of another day
	w.is(fault.Conflict, w.Start(ctx, w.coord, m.ID, m.Version))
	w.clock.forward(time.Minute)
	w.ok(w.Start(ctx, w.coord, m.ID, m.Version))
}

func TestAVoteBySeatIsEverybodys(t *testing.T) {
	w, ctx := open(t, testkit.SQLite(t)), t.Context()
	b := w.board()
	m := w.convened(b, 14)
	item := got(w.AddItem(ctx, w.coord, Item{Meeting: m.ID, Kind: Report, Title: "Avtale", Minutes: 10}))(t)
	w.started(b, m, 7)
	w.ok(w.Recuse(ctx, w.coord, item, b.third.Person, "Oppdrag for selskapet."))
	w.tick()
	w.ok(w.Cast(ctx, b.chair, item, b.votes[0], For))
	draft := DecisionDraft{Item: item, Title: "Avtale", Text: "Ja.", Method: ByVote}
	_, err := w.Record(ctx, w.coord, draft)
	if e := said(err); e.Code != "decision.votes.missing" || len(e.Args) != 1 || e.Args[0] != 5 {
		t.Fatalf("a vote of one in six: %+v", e)
	}
	counted := draft
	counted.Count = &Tally{For: 1}
	_, err = w.Record(ctx, w.coord, counted)
	w.is(fault.Conflict, err)
	for i, s := range b.votes {
		if i > 0 && i != 4 {
			w.ok(w.Cast(ctx, b.people[i], item, s, Abstains))
		}
	}
	for range 2 { // a rehearsal leaves nothing behind
		if d := got(w.Rehearse(ctx, w.coord, draft))(t); d.Number != "2026-01" || d.Record.Tally != (Tally{1, 0, 5}) {
			t.Fatalf("rehearsed: %+v", d)
		}
	}
	if all := got(w.Decisions(ctx, w.coord, DecisionFilter{Root: w.root}))(t); len(all) != 0 {
		t.Fatalf("a rehearsal decided %+v", all)
	}
	if d := got(w.Record(ctx, w.coord, draft))(t); d.Number != "2026-01" || d.Record.Tally != (Tally{1, 0, 5}) {
		t.Fatalf("decided: %+v", d)
	}
}

func TestAReviewComesAfterTheDecision(t *testing.T) {
	w, ctx := open(t, testkit.SQLite(t)), t.Context()
	b := w.board()
	m := w.convened(b, 14)
	item := got(w.AddItem(ctx, w.coord, Item{Meeting: m.ID, Kind: Report, Title: "Avtale", Minutes: 10}))(t)
	w.started(b, m, 7)
	today := dayOf(w.Now(), m.Starts.Location())
	for _, x := range []struct{ force, review int }{{0, -300}, {0, 0}, {30, 1}, {30, 30}, {-30, -1}} {
		_, err := w.Record(ctx, w.coord, DecisionDraft{Item: item, Title: "Avtale", Text: "Ja.", Method: ByConsensus, InForce: today.AddDate(0, 0, x.force), Review: today.AddDate(0, 0, x.review)})
		if said(err).Code != "decision.review" {
			t.Errorf("in force after %d days, reviewed after %d: %v", x.force, x.review, err)
		}
	}
	c := Circulation{Body: b.id, Deadline: w.Now().AddDate(0, 0, 9), Draft: DecisionDraft{Title: "Lokaler", Text: "Vi flytter.", Review: today.AddDate(-6, 0, 0)}}
	approvers := []network.PersonID{b.chair.Person, b.people[5].Person}
	_, err := w.Circulate(ctx, w.coord, c, approvers)
	w.is(fault.Invalid, err)
	c.Draft.Review = today.AddDate(0, 0, 9)
	_, err = w.Circulate(ctx, w.coord, c, approvers)
	w.is(fault.Invalid, err)
	c.Draft.Review = today.AddDate(0, 0, 10)
	id := got(w.Circulate(ctx, w.coord, c, approvers))(t)
	w.is(fault.Invalid, w.Extend(ctx, w.coord, id, 1, w.Now().AddDate(0, 0, 10)))
	old := got(w.Record(ctx, w.coord, DecisionDraft{Item: item, Title: "Avtale", Text: "Ja.", Method: ByConsensus, Review: today.AddDate(0, 0, 1)}))(t)
	due := DecisionFilter{Root: w.root, Review: today.AddDate(0, 3, 0)}
	if all := got(w.Decisions(ctx, w.coord, due))(t); len(all) != 1 {
		t.Errorf("to be reviewed: %+v", all)
	}
	next := got(w.AddItem(ctx, w.coord, Item{Meeting: m.ID, Kind: Report, Title: "Ny avtale", Minutes: 10}))(t)
	got(w.Record(ctx, w.coord, DecisionDraft{Item: next, Title: "Ny avtale", Text: "Ja.", Method: ByConsensus, Supersedes: []DecisionID{old.ID}}))(t)
	if all := got(w.Decisions(ctx, w.coord, due))(t); len(all) != 0 {
		t.Errorf("a superseded one is to be reviewed: %+v", all)
	}
}
