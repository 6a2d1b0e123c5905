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

// mistaken is a running meeting of a board with a decision that was recorded by mistake: about a topic that a region lifted, with input
// there and here, in the place of an older decision.
type mistaken struct {
	b             board
	meeting       MeetingID
	item          ItemID
	topic, origin TopicID
	below, judged InputID
	old, d        Decision
	minutes       MinutesID
}

func (w *world) mistaken() (m mistaken) {
	w.t.Helper()
	ctx := w.t.Context()
	m.b = w.board()
	m.origin = w.raise(w.west.member, w.west, network.Public, "DPYD i vest").ID
	got(w.Lift(ctx, w.west.chair, m.origin, Lifting{Body: m.b.id, Criteria: []string{"equal"}, Why: "Ulikt."}))(w.t)
	m.topic = got(w.Owed(ctx, network.Actor{}, w.root, "", 10))(w.t)[0].Topic
	w.ok(w.WaiveInput(ctx, m.b.chair, m.topic, "Spurt i vest."))
	m.below = got(w.GiveInput(ctx, w.west.patient, m.origin, Giving{Text: "Husk reiseveien."}))(w.t)
	m.judged = got(w.GiveInput(ctx, m.b.people[5], m.topic, Giving{Text: "Spør oss."}))(w.t)
	w.ok(w.Dispose(ctx, m.b.chair, m.judged, 1, Partly, "Så langt."))
	w.ok(w.Prepare(ctx, m.b.chair, m.topic))
	c := w.convened(m.b, 14)
	m.meeting = c.ID
	first := got(w.AddItem(ctx, w.coord, Item{Meeting: c.ID, Kind: Report, Title: "Tidligere", Minutes: 10}))(w.t)
	m.item = got(w.AddItem(ctx, w.coord, Item{Meeting: c.ID, Kind: AboutTopic, Topic: m.topic, Minutes: 40}))(w.t)
	w.started(m.b, c, 7)
	m.old = got(w.Record(ctx, w.coord, DecisionDraft{Item: first, Title: "Tidligere", Text: "Før.", Method: ByConsensus}))(w.t)
	m.minutes = got(w.DrawUp(ctx, w.coord, c.ID))(w.t)
	w.tick()
	m.d = w.decidesAgain(m)
	got(w.DrawUp(ctx, w.coord, c.ID))(w.t)
	w.tick()
	return m
}

// decidesAgain records the decision of the item.
func (w *world) decidesAgain(m mistaken) Decision {
	w.t.Helper()
	ctx := w.t.Context()
	draft := DecisionDraft{Item: m.item, Title: "Kolibrien", Text: "Alle tester.", Method: ByConsensus, Supersedes: []DecisionID{m.old.ID}, Effects: []Effect{{Kind: Pilot, Ref: "p1", Title: "Pilot"}, {Kind: Policy, Ref: "care-1", Title: "Regel", Digest: [32]byte{1}}}}
	for _, in := range got(w.Inputs(ctx, w.coord, m.topic))(w.t) {
		draft.Dispositions = append(draft.Dispositions, Disposed{Input: in.ID, Version: in.Version, Disposition: Adopted, Reason: "Vedtatt."})
	}
	return got(w.Record(ctx, w.coord, draft))(w.t)
}

func (w *world) annuls(m mistaken) error {
	return w.Annul(w.t.Context(), w.coord, Annulment{Decision: m.d.ID, Version: w.theItem(m.item).Version, Reason: "Feil sak."})
}

func (w *world) fates(m mistaken) (below, judged Input) {
	w.t.Helper()
	for _, in := range got(w.Inputs(w.t.Context(), w.coord, m.topic))(w.t) {
		if in.ID == m.below {
			below = in
		} else {
			judged = in
		}
	}
	return below, judged
}

func TestADecisionIsTakenBackWhileItsMeetingRuns(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		w, ctx := open(t, dsn), t.Context()
		m := w.mistaken()
		if w.state(m.topic) != Decided || w.state(m.origin) != Decided || len(got(w.Owed(ctx, network.Actor{}, w.root, "", 10))(t)) != 0 {
			t.Fatal("the topics are not decided")
		}
		version := w.theItem(m.item).Version
		w.is(fault.Invalid, w.Annul(ctx, w.coord, Annulment{Decision: m.d.ID, Version: version, Reason: " "}))
		w.is(fault.Denied, w.Annul(ctx, m.b.people[1], Annulment{Decision: m.d.ID, Version: version, Reason: "Feil."}))
		w.is(fault.Conflict, w.Annul(ctx, w.coord, Annulment{Decision: m.d.ID, Version: version - 1, Reason: "Feil."}))
		if err := w.Annul(ctx, w.coord, Annulment{Decision: m.old.ID, Version: w.theItem(m.old.Item).Version, Reason: "Feil."}); err == nil || !strings.Contains(err.Error(), "superseded") {
			t.Errorf("taking back what is superseded: %v", err)
		}
		w.ok(w.annuls(m))
		w.isNoDecision(m)
		w.isAsBefore(m)
		w.is(fault.NotFound, w.annuls(m))
		w.tellsOfIt(m)
		if n := w.told("notice.decision.annulled", w.west.patient.Person); n != 1 {
			t.Errorf("who gave the input was told %d times", n)
		}
		m.d = w.decidesAgain(m)
		if m.d.Number != "2026-03" {
			t.Errorf("the next decision is %s", m.d.Number)
		}
		if v := got(w.Decision(ctx, network.Actor{}, m.old.ID))(t); v.SupersededBy != m.d.ID || len(v.Followed) != 1 {
			t.Errorf("the older is superseded by %q", v.SupersededBy)
		}
		if v := got(w.Decision(ctx, network.Actor{}, m.d.ID))(t); len(v.Supersedes) != 1 || w.state(m.origin) != Decided {
			t.Errorf("the chain is %+v", v.Supersedes)
		}
	})
}

// isNoDecision looks for a decision that was taken back wherever decisions are.
func (w *world) isNoDecision(m mistaken) {
	w.t.Helper()
	ctx, t := w.t.Context(), w.t
	_, err := w.Decision(ctx, w.coord, m.d.ID)
	w.is(fault.NotFound, err)
	for _, q := range []DecisionFilter{{Root: w.root}, {Root: w.root, Standing: Taken}} {
		if all := got(w.Decisions(ctx, w.coord, q))(t); len(all) != 1 || all[0].ID != m.old.ID || all[0].SupersededBy != "" {
			t.Errorf("the register has %+v", all)
		}
	}
	if x := got(w.Decisions(ctx, w.coord, DecisionFilter{Root: w.root, Words: "kolibrien"}))(t); len(x) != 0 || w.found(w.coord, "kolibrien") != "" {
		t.Errorf("it is found: %+v, %s", x, w.found(w.coord, "kolibrien"))
	}
	if n := got(w.Count(ctx, w.root))(t); n.Decisions != 1 {
		t.Errorf("%d decisions are counted", n.Decisions)
	}
	if on := got(w.EffectsOn(ctx, w.coord, Pilot, "p1"))(t); len(on) != 0 {
		t.Errorf("the pilot comes from %v", on)
	}
	w.is(fault.NotFound, w.db.Write(ctx, func(tx *storage.Tx) error { return w.AddEffect(ctx, tx, m.d.ID, Effect{Kind: Pilot, Ref: "p2"}) }))
	if v := got(w.Decision(ctx, w.coord, m.old.ID))(t); len(v.Followed) != 0 {
		t.Errorf("it stands in the chain: %+v", v.Followed)
	}
	if v := got(w.Meeting(ctx, w.coord, m.meeting))(t); len(v.Decisions[m.item]) != 0 || len(v.Annulled) != 1 {
		t.Errorf("the meeting has %+v, taken back %+v", v.Decisions, v.Annulled)
	}
}

// isAsBefore looks at what the decision had changed.
func (w *world) isAsBefore(m mistaken) {
	w.t.Helper()
	t := w.t
	if i := w.theItem(m.item); i.State != ItemCurrent || i.Outcome != NoOutcome || !i.Ended.IsZero() {
		t.Errorf("the item is %+v", i)
	}
	if a, b := w.state(m.topic), w.state(m.origin); a != OnAgenda || b != Lifted {
		t.Errorf("the topics are %s and %s", a, b)
	}
	if owed := got(w.Owed(t.Context(), network.Actor{}, w.root, "", 10))(t); len(owed) != 1 || owed[0].Answer != Owing {
		t.Errorf("owed %+v", owed)
	}
	below, judged := w.fates(m)
	if below.Disposition != Undisposed || below.Reason != "" || below.Decision != "" || !below.Disposed.IsZero() {
		t.Errorf("the input from below is %+v", below)
	}
	if judged.Disposition != Partly || judged.Reason != "Så langt." || judged.Decision != "" || judged.Disposed.IsZero() {
		t.Errorf("the input that was judged is %+v", judged)
	}
}

// tellsOfIt reads what the minutes say of a decision that was taken back.
func (w *world) tellsOfIt(m mistaken) {
	w.t.Helper()
	p := w.minutesOf(m.minutes).Protocol
	i := p.Items[slices.IndexFunc(p.Items, func(i ProtocolItem) bool { return i.ID == m.item })]
	if len(i.Decisions) != 0 || len(i.Annulled) != 1 || i.Annulled[0].Number != "2026-02" || i.Annulled[0].Reason != "Feil sak." || p.Name(i.Annulled[0].Person) != "Kari Koordinator" {
		w.t.Errorf("the minutes say %+v among %v", i, p.People)
	}
}

func TestWhatHoldsIsNotTakenBack(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		w, ctx := open(t, dsn), t.Context()
		m := w.mistaken()
		w.ok(w.SetApprovers(ctx, w.coord, m.meeting, w.theMeeting(m.meeting).Version, []network.PersonID{m.b.chair.Person, m.b.people[5].Person}))
		hash := got(w.minutesOf(m.minutes).Protocol.ItemHash(m.item))(t)
		for _, who := range []network.Actor{m.b.chair, m.b.people[5]} {
			got(w.ApproveItem(ctx, who, m.minutes, m.item, hash))(t)
		}
		w.is(fault.Conflict, w.annuls(m)) // approved at once
		third := got(w.AddItem(ctx, w.coord, Item{Meeting: m.meeting, Kind: Report, Title: "Tredje", Minutes: 10}))(t)
		d := got(w.Record(ctx, w.coord, DecisionDraft{Item: third, Title: "Tredje", Text: "Ja.", Method: ByConsensus}))(t)
		w.tick()
		got(w.Close(ctx, w.coord, m.meeting, w.theMeeting(m.meeting).Version))(t)
		w.is(fault.Conflict, w.Annul(ctx, w.coord, Annulment{Decision: d.ID, Version: w.theItem(third).Version, Reason: "For sent."}))
		w.read(func(ctx context.Context, tx *storage.Tx) {
			var left int
			w.ok(tx.QueryRow(ctx, `SELECT COUNT(*) FROM decision_before`).Scan(&left))
			if left != 0 {
				t.Errorf("after the meeting %d rows tell how it was before", left)
			}
		})
		w.circulated(m.b)
		for _, one := range got(w.Decisions(ctx, w.coord, DecisionFilter{Root: w.root}))(t) {
			if one.Meeting == "" {
				w.is(fault.Conflict, w.Annul(ctx, w.coord, Annulment{Decision: one.ID, Version: 1, Reason: "Feil."}))
			}
		}
	})
}

func TestWhatWasTakenBackStaysSo(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		w, ctx := open(t, dsn), t.Context()
		m := w.mistaken()
		w.ok(w.annuls(m))
		again := w.decidesAgain(m)
		w.ok(w.SetApprovers(ctx, w.coord, m.meeting, w.theMeeting(m.meeting).Version, []network.PersonID{m.b.chair.Person, m.b.people[5].Person}))
		id := got(w.Close(ctx, w.coord, m.meeting, w.theMeeting(m.meeting).Version))(t)
		w.signed(id, m.b.chair, m.b.people[5])
		carried := got(w.Since(ctx, 0))(t)
		if len(carried) != 2 || slices.ContainsFunc(carried, func(c Carried) bool { return c.ID == m.d.ID }) {
			t.Errorf("carried to other rooms: %+v", carried)
		}
		for _, sql := range strings.Split(`UPDATE decision_annulled SET reason = ''|DELETE FROM decision_annulled|DELETE FROM decision_supersedes|UPDATE decision_supersedes SET old = decision
			|INSERT INTO decision_annulled SELECT decision, 0, '', '' FROM decision_force|INSERT INTO decision_force SELECT 99, decision, '', 0, 0 FROM decision_annulled
			|INSERT INTO decision_supersedes SELECT s.old, s.old FROM decision_supersedes s WHERE s.decision = '`+string(again.ID)+`'`, "|") {
			if err := w.db.Write(ctx, func(tx *storage.Tx) error { _, err := tx.Exec(ctx, sql); return err }); err == nil {
				t.Errorf("went through: %s", sql)
			}
		}
		v := w.minutesOf(id)
		part := slices.IndexFunc(v.Parts, func(x Part) bool { return x.Text == "Kari Koordinator" })
		if !v.Sealed || part < 0 {
			t.Fatalf("sealed %v: %+v", v.Sealed, v.Parts)
		}
		w.ok(w.Redact(ctx, w.coord, id, v.Parts[part].Name, "På anmodning."))
		if x := got(w.Meeting(ctx, w.coord, m.meeting))(t).Annulled; len(x) != 1 || x[0].Name != "" || x[0].By != "" || x[0].Reason == "" {
			t.Errorf("a redacted name stands with %+v", x)
		}
		n := slices.IndexFunc(v.Protocol.Items, func(i ProtocolItem) bool { return i.ID == m.item })
		w.ok(w.Redact(ctx, w.coord, id, "item/"+string(rune('0'+n)), "På anmodning."))
		if x := got(w.Meeting(ctx, w.coord, m.meeting))(t).Annulled; len(x) != 1 || x[0].Reason != "" {
			t.Errorf("a redacted item's reason stands in %+v", x)
		}
	})
}

// Two who run a meeting don't undo each other's acts without seeing them.
func TestActsOnAnAgendaNameTheVersionTheyBeganFrom(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		w, ctx := open(t, dsn), t.Context()
		b := w.board()
		m := w.convened(b, 14)
		item := got(w.AddItem(ctx, w.coord, Item{Meeting: m.ID, Kind: Report, Title: "Sak", Minutes: 10}))(t)
		other := got(w.AddItem(ctx, w.coord, Item{Meeting: m.ID, Kind: Report, Title: "Annen", Minutes: 10}))(t)
		w.started(b, m, 7)
		for _, id := range []ItemID{item, other} {
			w.ok(w.EditItem(ctx, b.chair, Item{ID: id, Version: 1, Title: "Sak", Text: "Det lederen skrev."}))
		}
		w.is(fault.Conflict, w.RemoveItem(ctx, w.coord, other, 1))
		w.is(fault.Conflict, w.Reach(ctx, w.coord, item, 1))
		w.ok(w.Reach(ctx, w.coord, item, 2))
		w.ok(w.Reach(ctx, b.chair, item, 2)) // it is there already
		w.ok(w.RemoveItem(ctx, w.coord, other, 2))
		began := w.theMeeting(m.ID).Version
		w.ok(w.SetApprovers(ctx, b.chair, m.ID, began, []network.PersonID{b.chair.Person, b.people[5].Person}))
		w.is(fault.Conflict, w.SetApprovers(ctx, w.coord, m.ID, began, []network.PersonID{b.chair.Person, b.people[1].Person}))
		id := got(w.Close(ctx, w.coord, m.ID, w.theMeeting(m.ID).Version))(t)
		began = w.theMeeting(m.ID).Version
		w.ok(w.ReplaceApprover(ctx, b.chair, Replacement{Minutes: id, Version: w.minutesOf(id).Version, Old: b.people[5].Person, New: b.people[2].Person, Why: "Syk."}))
		w.is(fault.Conflict, w.SetApprovers(ctx, w.coord, m.ID, began, []network.PersonID{b.chair.Person, b.people[1].Person}))
	})
}
