package forum

import (
	"testing"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/internal/testkit"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/storage"
)

func (w *world) raise(who network.Actor, g group, v network.Visibility, title string) Topic {
	w.t.Helper()
	return got(w.Raise(w.t.Context(), who, Raising{Body: g.id, Title: title, Text: "Fordi det trengs.", Visibility: v}))(w.t)
}

func (w *world) state(id TopicID) State { w.t.Helper(); return w.whole(id).State }

func (w *world) whole(id TopicID) (t Topic) {
	w.t.Helper()
	t, err := w.Topic(w.t.Context(), network.Clock(), id)
	w.ok(err)
	return t
}

func TestATopicIsPreparedOnlyAfterInput(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		w, ctx := open(t, dsn), t.Context()
		x := w.raise(w.plain, w.west, network.Public, "DPYD før behandling")
		if x.Case != "NO-2026-0001" || x.State != Raised || x.Network != w.west.network || x.Sector != "" {
			t.Errorf("raised %+v", x)
		}
		w.is(fault.Denied, w.Prepare(ctx, w.plain, x.ID))
		w.is(fault.Conflict, w.Prepare(ctx, w.west.chair, x.ID))
		w.is(fault.Denied, w.AskInput(ctx, w.west.member, x.ID, Asking{}))
		w.is(fault.Invalid, w.AskInput(ctx, w.coord, x.ID, Asking{Until: w.Now().Add(3 * day), Why: "haster"}))
		w.is(fault.Invalid, w.AskInput(ctx, w.west.chair, x.ID, Asking{Until: w.Now().Add(3 * day)}))
		w.ok(w.AskInput(ctx, w.west.chair, x.ID, Asking{}))
		w.is(fault.Conflict, w.Prepare(ctx, w.west.chair, x.ID))
		w.is(fault.Invalid, func() error {
			_, err := w.GiveInput(ctx, w.west.member, x.ID, Giving{Text: "Ikke pasient"})
			return err
		}())
		in := got(w.GiveInput(ctx, w.west.patient, x.ID, Giving{Text: "Ikke la svaret forsinke", Name: "Anne"}))(t)
		w.forward(15 * day)
		got(w.GiveInput(ctx, w.plain, x.ID, Giving{Text: "For sent?", AsPatient: true}))(t)
		all := got(w.Inputs(ctx, network.Actor{}, x.ID))(t)
		if len(all) != 2 || all[0].Late || !all[1].Late || all[0].Person != "" || all[0].Name != "Anne" {
			t.Errorf("inputs %+v", all)
		}
		w.ok(w.Prepare(ctx, w.west.chair, x.ID))
		w.is(fault.Denied, w.Dispose(ctx, w.west.patient, in, 1, Adopted, "ja"))
		w.is(fault.Invalid, w.Dispose(ctx, w.west.chair, in, 1, Adopted, " "))
		w.ok(w.Dispose(ctx, w.west.chair, in, 1, Adopted, "Svar innen 72 timer."))
		w.is(fault.Conflict, w.Dispose(ctx, w.coord, in, 1, Declined, "nei"))
		w.is(fault.Conflict, w.decide(x.ID))
		w.ok(w.Dispose(ctx, w.west.chair, all[1].ID, 1, Declined, "Hører ikke hit."))
		w.ok(w.decide(x.ID))
		w.is(fault.Conflict, w.Dispose(ctx, w.coord, in, 2, Declined, "nei"))
	})
}

func TestWithoutPatientsSeatsNobodyNeedBeAsked(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		w, ctx := open(t, dsn), t.Context()
		w.ok(w.Prepare(ctx, w.north.chair, w.raise(w.north.member, w.north, network.NetworkOnly, "Svartid").ID))
		x := w.raise(w.plain, w.west, network.Public, "Haster")
		w.is(fault.Denied, w.WaiveInput(ctx, w.coord, x.ID, "Det haster."))
		w.is(fault.Invalid, w.WaiveInput(ctx, w.west.chair, x.ID, ""))
		w.ok(w.WaiveInput(ctx, w.west.chair, x.ID, "Det haster."))
		w.ok(w.Prepare(ctx, w.west.chair, x.ID))
		y := got(w.Raise(ctx, w.plain, Raising{Network: w.root, Title: "Hvem tar dette", Text: "?"}))(t)
		w.is(fault.Conflict, w.Prepare(ctx, w.coord, y.ID))
		w.is(fault.Conflict, w.Assign(ctx, w.coord, y.ID, 7, w.top.id))
		w.ok(w.Assign(ctx, w.coord, y.ID, 1, w.top.id))
		w.is(fault.Conflict, w.Prepare(ctx, w.top.chair, y.ID))
	})
}

func TestALiftedTopicIsOwedAnAnswer(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		w, ctx := open(t, dsn), t.Context()
		x := w.raise(w.west.member, w.west, network.Public, "DPYD i vest")
		y := w.raise(w.north.member, w.north, network.Public, "DPYD i nord")
		why := Lifting{Body: w.top.id, Criteria: []string{"equal"}, Why: "Tre regioner gjør det ulikt."}
		_, err := w.Lift(ctx, w.west.member, x.ID, why)
		w.is(fault.Denied, err)
		l := got(w.Lift(ctx, w.west.chair, x.ID, why))(t)
		owed := got(w.Owed(ctx, network.Actor{}, w.root, "", 10))(t)
		if len(owed) != 1 || owed[0].Overdue != 0 || owed[0].ByName.NB != "Koordineringsgruppen" || owed[0].To != w.west.network {
			t.Fatalf("owed %+v", owed)
		}
		joint := owed[0].Topic
		m := got(w.Lift(ctx, w.north.chair, y.ID, Lifting{Into: joint, Criteria: []string{"law"}, Why: "Vi også."}))(t)
		w.forward(61 * day)
		w.ok(w.TopicsDue(ctx))
		w.ok(w.TopicsDue(ctx))
		if owed := got(w.Owed(ctx, network.Actor{}, w.root, "", 10))(t); len(owed) != 2 || owed[0].Overdue == 0 {
			t.Errorf("owed %+v", owed)
		}
		if n, m := w.told("notice.answer.overdue", w.top.chair.Person), w.told("notice.answer.overdue", w.west.chair.Person); n != 2 || m != 0 {
			t.Errorf("%d are told that they owe an answer, and %d of those who wait for it", n, m)
		}
		above, _ := w.network.Tree().Network(w.top.network)
		var from []string
		for _, n := range got(w.Waiting(ctx, w.west.chair, w.root))(t).Notices {
			if n.Key == "notice.answer.awaited" {
				from = append(from, n.Args[2])
			}
		}
		if len(from) != 1 || from[0] != above.Name.Told() {
			t.Errorf("whoever waits for the answer is told of %q", from)
		}
		w.is(fault.Denied, w.AnswerLift(ctx, w.west.chair, l, Accepted, ""))
		w.is(fault.Invalid, w.AnswerLift(ctx, w.top.chair, m, Refused, ""))
		w.ok(w.AnswerLift(ctx, w.top.chair, m, Refused, "Nord har fått det alt."))
		if s := w.state(y.ID); s != Returned {
			t.Errorf("north's topic is %s", s)
		}
		w.is(fault.Conflict, w.AnswerLift(ctx, w.top.chair, m, Accepted, ""))
		w.ok(w.AnswerLift(ctx, w.top.chair, l, Accepted, ""))
		w.ok(w.WaiveInput(ctx, w.top.chair, joint, "Spurt i vest."))
		in := got(w.GiveInput(ctx, w.west.patient, x.ID, Giving{Text: "Husk reiseveien"}))(t)
		w.ok(w.Prepare(ctx, w.top.chair, joint))
		w.is(fault.Conflict, w.decide(joint)) // an input below lacks its disposition
		w.ok(w.Dispose(ctx, w.top.chair, in, 1, Adopted, "Prøven sendes."))
		w.ok(w.decide(joint))
		if s := w.state(x.ID); s != Decided {
			t.Errorf("west's topic is %s", s)
		}
		if owed := got(w.Owed(ctx, network.Actor{}, w.root, "", 10))(t); len(owed) != 0 {
			t.Errorf("owed %+v", owed)
		}
	})
}

// decide decides a topic, as a meeting does.
func (w *world) decide(id TopicID) error {
	ctx := w.t.Context()
	return w.act(ctx, w.coord, func(tx *storage.Tx, a network.Access) error {
		t, err := w.topic(ctx, tx, a, id)
		if err != nil {
			return err
		}
		return w.move(ctx, tx, w.coord, &t, Decided, nil)
	})
}

func TestWhatWasSaidStaysWhereATopicIsGivenBack(t *testing.T) {
	w, ctx := open(t, testkit.SQLite(t)), t.Context()
	lift := func(g group, title string, in Lifting) (Topic, LiftID) {
		x := w.raise(g.member, g, network.Public, title)
		got(w.GiveInput(ctx, g.member, x.ID, Giving{Text: "Vi venter for lenge i " + title + ".", AsPatient: true}))(t)
		in.Criteria, in.Why = []string{"law"}, "Hele landet."
		return x, got(w.Lift(ctx, g.chair, x.ID, in))(t)
	}
	x, _ := lift(w.west, "vest", Lifting{Body: w.top.id})
	above := got(w.View(ctx, w.west.chair, w.root, x.ID))(t).To[0].Topic
	_, north := lift(w.north, "nord", Lifting{Into: above})
	before := got(w.View(ctx, w.top.chair, w.root, above))(t)
	w.tick()
	w.ok(w.AnswerLift(ctx, w.top.chair, north, Refused, "Det er deres eget."))
	w.tick()
	got(w.GiveInput(ctx, w.north.member, got(w.View(ctx, w.top.chair, w.root, above))(t).From[1].Origin, Giving{Text: "Sagt etterpå.", AsPatient: true}))(t)
	after := got(w.View(ctx, w.top.chair, w.root, above))(t)
	if len(before.Inputs) != 2 || len(after.Inputs) != 2 || len(after.GivenBack) != 1 {
		t.Errorf("said before: %d, after: %+v, given back %v", len(before.Inputs), after.Inputs, after.GivenBack)
	}
	if len(after.History) <= len(before.History) {
		t.Errorf("%d lines of history became %d", len(before.History), len(after.History))
	}
	if public := got(w.View(ctx, network.Actor{}, w.root, above))(t); len(public.Inputs) != 2 {
		t.Errorf("the public sees %+v", public.Inputs)
	}
	for i := range after.History[1:] {
		if after.History[i].Seq >= after.History[i+1].Seq {
			t.Fatal("history is out of order, or told twice")
		}
	}
	judged := got(w.Inputs(ctx, w.top.chair, above))(t)
	if len(judged) != 1 {
		t.Errorf("to be judged above: %+v", judged)
	}
}
