package forum

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/internal/testkit"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/storage"
)

// held has a meeting with one decided item, led from a seat, and gives its minutes and the item.
func (w *world) held(b board, m Meeting, seats []network.SeatID, leader network.SeatID) (MinutesID, ItemID) {
	w.t.Helper()
	ctx := w.t.Context()
	item := got(w.AddItem(ctx, w.coord, Item{Meeting: m.ID, Kind: Report, Title: "Sak", Minutes: 10}))(w.t)
	w.onItsDay(m)
	w.ok(w.Start(ctx, w.coord, m.ID, w.theMeeting(m.ID).Version))
	for _, s := range seats {
		w.tick()
		w.ok(w.Arrive(ctx, w.coord, Arrival{Meeting: m.ID, Seat: s}))
	}
	w.tick()
	w.ok(w.Lead(ctx, w.coord, m.ID, leader))
	got(w.Record(ctx, w.coord, DecisionDraft{Item: item, Title: "Sak", Text: "Ja.", Method: ByConsensus,
		Dissent: []Dissent{{Seat: b.votes[5], Text: "Ikke enig."}}}))(w.t)
	w.tick()
	return got(w.Close(ctx, w.coord, m.ID, w.theMeeting(m.ID).Version))(w.t), item
}

func (w *world) minutesOf(id MinutesID) MinutesView {
	w.t.Helper()
	return got(w.Minutes(w.t.Context(), w.coord, id))(w.t)
}

// signed lets people approve minutes as they read now.
func (w *world) signed(id MinutesID, people ...network.Actor) {
	w.t.Helper()
	for _, who := range people {
		got(w.Approve(w.t.Context(), who, id, w.minutesOf(id).Hash))(w.t)
	}
}

// Who approves minutes can leave before they have: another takes their place, and the minutes don't wait for ever.
func TestAnApproverWhoLeftIsReplaced(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		w, ctx := open(t, dsn), t.Context()
		b := w.board()
		m := w.convened(b, 14)
		w.ok(w.SetApprovers(ctx, w.coord, m.ID, w.theMeeting(m.ID).Version, []network.PersonID{b.chair.Person, b.people[5].Person, b.people[2].Person}))
		id, item := w.held(b, m, b.votes, b.votes[0])
		hash := got(w.minutesOf(id).Protocol.ItemHash(item))(t)
		for _, who := range []network.Actor{b.chair, b.people[2], b.people[5]} {
			got(w.ApproveItem(ctx, who, id, item, hash))(t)
		}
		w.signed(id, b.people[2])
		w.ok(w.network.End(ctx, w.coord, w.holding(b.votes[5]), w.Now(), "flyttet"))
		w.tick()
		_, err := w.Approve(ctx, b.people[5], id, w.minutesOf(id).Hash)
		w.is(fault.NotFound, err)
		r := Replacement{Minutes: id, Version: w.minutesOf(id).Version, Old: b.people[5].Person, New: b.people[6].Person, Why: "Har flyttet."}
		w.is(fault.Denied, w.ReplaceApprover(ctx, b.people[1], r))
		for _, wrong := range []struct {
			kind fault.Kind
			do   func(*Replacement)
		}{
			{fault.Conflict, func(r *Replacement) { r.Version-- }}, {fault.Invalid, func(r *Replacement) { r.Why = " " }},
			{fault.Invalid, func(r *Replacement) { r.New = w.plain.Person }}, {fault.Invalid, func(r *Replacement) { r.New = b.chair.Person }},
			{fault.Invalid, func(r *Replacement) { r.Old = b.people[1].Person }}, {fault.Conflict, func(r *Replacement) { r.Old = b.people[2].Person }},
			{fault.Invalid, func(r *Replacement) { r.Old = b.chair.Person }}, // led, and still sits there
		} {
			one := r
			wrong.do(&one)
			w.is(wrong.kind, w.ReplaceApprover(ctx, b.chair, one))
		}
		w.ok(w.ReplaceApprover(ctx, b.chair, r))
		v := w.minutesOf(id)
		var names []string
		for _, n := range v.Protocol.Head.Approvers {
			names = append(names, v.Protocol.Name(n))
		}
		if slices.Sort(names); !slices.Equal(names, []string{"Kari Lund", "Nina Berg", "Siri Dahl"}) {
			t.Errorf("the text says that %q approve", names)
		}
		if e := v.History[len(v.History)-1]; e.Kind != "minutes.approver" || e.Details["reason"] != r.Why {
			t.Errorf("the history ends with %+v", e)
		}
		if !v.Frozen[item] {
			t.Error("an item that is in force can be edited again")
		}
		w.signed(id, b.chair, b.people[2], b.people[6])
		if v := w.minutesOf(id); !v.Sealed || len(v.Approvers) != 3 {
			t.Errorf("sealed: %v, by %+v", v.Sealed, v.Approvers)
		}
		w.is(fault.Conflict, w.ReplaceApprover(ctx, b.chair, r))
	})
}

func TestAnApproverOfACirculationWhoErasedThemselfIsReplaced(t *testing.T) {
	w, ctx := open(t, testkit.SQLite(t)), t.Context()
	b := w.board()
	id := w.circulated(b)
	w.ok(w.network.Erase(ctx, b.people[5]))
	w.tick()
	w.signed(id, b.chair)
	w.ok(w.ReplaceApprover(ctx, w.coord, Replacement{Minutes: id, Version: 1, Old: b.people[5].Person, New: b.people[6].Person, Why: "Har sluttet."}))
	w.signed(id, b.chair, b.people[6])
	if !w.minutesOf(id).Sealed {
		t.Error("the minutes aren't sealed")
	}
}

// circulated has a decision taken by circulation, with one against it, and gives its minutes.
func (w *world) circulated(b board) MinutesID {
	w.t.Helper()
	ctx := w.t.Context()
	c := Circulation{Body: b.id, Deadline: w.Now().AddDate(0, 0, 7), Draft: DecisionDraft{Title: "Hastesak", Text: "Ja."}}
	c.ID = got(w.Circulate(ctx, w.coord, c, []network.PersonID{b.chair.Person, b.people[5].Person}))(w.t)
	for i, s := range b.votes {
		v := For
		if i == 5 {
			v = Against
		}
		w.ok(w.AnswerCirculation(ctx, b.people[i], c.ID, s, v, "Fordi."))
	}
	w.tick()
	return got(w.Decision(ctx, w.coord, got(w.Settle(ctx, w.coord, c.ID, 1))(w.t).ID))(w.t).Minutes
}

// Minutes are approved by whoever led the meeting: the chair, or who led instead.
func TestWhoeverLedApproves(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		w, ctx := open(t, dsn), t.Context()
		b := w.board()
		m := w.convened(b, 14)
		w.ok(w.SetApprovers(ctx, w.coord, m.ID, w.theMeeting(m.ID).Version, []network.PersonID{b.people[2].Person, b.people[5].Person}))
		id, _ := w.held(b, m, b.votes[1:], b.votes[1]) // the chair isn't there
		if v := w.minutesOf(id); v.Protocol.Name(v.Protocol.Head.Leader) != "Ola Nes" || len(v.Approvers) != 3 {
			t.Errorf("led by %q, approved by %+v", v.Protocol.Name(v.Protocol.Head.Leader), v.Approvers)
		}
		w.is(fault.Invalid, w.SetApprovers(ctx, w.coord, m.ID, w.theMeeting(m.ID).Version, []network.PersonID{b.chair.Person, b.people[5].Person}))
		w.ok(w.SetApprovers(ctx, w.coord, m.ID, w.theMeeting(m.ID).Version, []network.PersonID{b.people[1].Person, b.people[5].Person}))
		w.signed(id, b.people[5])
		if w.minutesOf(id).Sealed {
			t.Fatal("sealed without whoever led")
		}
		w.ok(w.network.End(ctx, w.coord, w.holding(b.votes[1]), w.Now(), "flyttet"))
		w.tick()
		w.ok(w.ReplaceApprover(ctx, w.coord, Replacement{Minutes: id, Version: w.minutesOf(id).Version, Old: b.people[1].Person, New: b.people[2].Person, Why: "Flyttet."}))
		w.signed(id, b.people[2], b.people[5])
		if !w.minutesOf(id).Sealed {
			t.Error("whoever led has left, and the minutes aren't sealed")
		}
	})
}

// A meeting that a deputy led from the seat of who was away.
func TestADeputyWhoLedApproves(t *testing.T) {
	w, ctx := open(t, testkit.SQLite(t)), t.Context()
	b := w.board()
	m := w.convened(b, 14)
	w.started(b, m, 5)
	w.ok(w.Arrive(ctx, w.coord, Arrival{Meeting: m.ID, Seat: b.votes[5], Deputy: b.deputy}))
	w.tick()
	w.ok(w.Lead(ctx, w.coord, m.ID, b.votes[5]))
	w.is(fault.Invalid, w.SetApprovers(ctx, w.coord, m.ID, w.theMeeting(m.ID).Version, []network.PersonID{b.chair.Person, b.people[5].Person}))
	_, err := w.Close(ctx, b.people[5], m.ID, w.theMeeting(m.ID).Version) // holds the seat that leads, and isn't there
	w.is(fault.Denied, err)
	id := got(w.Close(ctx, b.spare, m.ID, w.theMeeting(m.ID).Version))(t)
	if v := w.minutesOf(id); v.Protocol.Name(v.Protocol.Head.Leader) != "Hanne Fjell" || !slices.ContainsFunc(v.Approvers, func(a Approver) bool { return a.Person == b.spare.Person }) {
		t.Errorf("led by %q, approved by %+v", v.Protocol.Name(v.Protocol.Head.Leader), v.Approvers)
	}
}

// An item's text that was cleared in the minutes stays so when they are drawn up anew; one that nobody touched follows the meeting's notes.
func TestAClearedNoteStaysCleared(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		w, ctx := open(t, dsn), t.Context()
		b := w.board()
		m := w.convened(b, 14)
		var items []ItemID
		note := func(i int, text string) {
			one := w.items(m.ID)[i]
			one.Text = text
			w.ok(w.EditItem(ctx, w.coord, one))
		}
		for i := range 3 {
			items = append(items, got(w.AddItem(ctx, w.coord, Item{Meeting: m.ID, Kind: Report, Title: "Sak", Minutes: 10}))(t))
			note(i, "Fra møtet.")
		}
		w.started(b, m, 7)
		id := got(w.DrawUp(ctx, w.coord, m.ID))(t)
		w.ok(w.EditMinutes(ctx, w.coord, MinutesEdit{Minutes: id, Version: 1, Texts: map[ItemID]string{items[0]: "", items[1]: "Skrevet om.", items[2]: "Fra møtet."}}))
		for i := range 3 {
			note(i, "Nytt fra møtet.")
		}
		w.tick()
		got(w.Close(ctx, w.coord, m.ID, w.theMeeting(m.ID).Version))(t)
		p := w.minutesOf(id).Protocol
		if texts := []string{p.Items[0].Text, p.Items[1].Text, p.Items[2].Text}; !slices.Equal(texts, []string{"", "Skrevet om.", "Nytt fra møtet."}) {
			t.Errorf("drawn up anew, the items say %q", texts)
		}
	})
}

// Nobody who withholds their approval is left out without a reason once anybody has approved; whoever is left out is told.
func TestWhoWithholdsApprovalIsNotLeftOut(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		w, ctx := open(t, dsn), t.Context()
		b := w.board()
		m := w.convened(b, 14)
		three := []network.PersonID{b.chair.Person, b.people[2].Person, b.people[5].Person}
		w.ok(w.SetApprovers(ctx, w.coord, m.ID, w.theMeeting(m.ID).Version, append(three[:3:3], b.people[1].Person)))
		w.ok(w.SetApprovers(ctx, w.coord, m.ID, w.theMeeting(m.ID).Version, three))
		if n := w.told("notice.minutes.replaced", b.people[1].Person); n != 1 {
			t.Errorf("who was left out was told %d times", n)
		}
		w.read(func(ctx context.Context, tx *storage.Tx) {
			events := got(w.history(ctx, tx, string(m.ID)))(t)
			from, to := strings.Fields(events[len(events)-1].Details["from"]), strings.Fields(events[len(events)-1].Details["to"])
			if len(from) != 4 || len(to) != 3 || !slices.Contains(from, string(b.people[1].Person)) || slices.Contains(to, string(b.people[1].Person)) {
				t.Errorf("the history says %+v", events[len(events)-1])
			}
		})
		id, _ := w.held(b, m, b.votes, b.votes[0])
		w.signed(id, b.chair, b.people[2]) // the patients' member withholds theirs
		w.is(fault.Conflict, w.SetApprovers(ctx, b.chair, m.ID, w.theMeeting(m.ID).Version, []network.PersonID{b.chair.Person, b.people[1].Person}))
		w.ok(w.ReplaceApprover(ctx, b.chair, Replacement{Minutes: id, Version: w.minutesOf(id).Version, Old: b.people[5].Person, New: b.people[1].Person, Why: "Vil ikke."}))
		if n := w.told("notice.minutes.replaced", b.people[5].Person); n != 1 {
			t.Errorf("who was replaced was told %d times", n)
		}
	})
}
