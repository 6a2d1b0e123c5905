package forum

import (
	"testing"

	"github.com/samverk/samverk/internal/testkit"
	"github.com/samverk/samverk/network"
)

func TestWhatIsPublicIsCounted(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		w, ctx := open(t, dsn), t.Context()
		b := w.board()
		empty := got(w.Count(ctx, w.root))(t)
		if empty.Open != 0 || empty.InForce != 0 || empty.Inputs.All() != 0 || empty.Bodies == 0 || empty.Seats == 0 {
			t.Errorf("nothing happened, and %+v", empty)
		}
		if years := got(w.InputYears(ctx, w.root))(t); years != nil {
			t.Errorf("years %v", years)
		}
		open := w.raise(w.plain, w.west, network.Public, "Åpen sak")
		hidden := w.raise(w.west.member, w.west, network.BodyOnly, "KANARI i gruppen")
		asked := w.raise(w.plain, w.west, network.Public, "Spurt sak")
		w.ok(w.AskInput(ctx, w.west.chair, asked.ID, Asking{}))
		w.ok(w.AskInput(ctx, w.west.chair, hidden.ID, Asking{}))
		got(w.GiveInput(ctx, w.west.patient, asked.ID, Giving{Text: "Åpent innspill"}))(t)
		got(w.GiveInput(ctx, w.west.patient, hidden.ID, Giving{Text: "KANARI innspill"}))(t)
		topic := w.prepared(b, "Klar sak")
		in := got(w.GiveInput(ctx, b.people[5], topic, Giving{Text: "Husk reisetiden", Name: "Maja"}))(t)
		now := got(w.Count(ctx, w.root))(t)
		if now.Open != 3 || now.Asking != 1 || now.Ready != 1 || now.Inputs.All() != 2 || now.Inputs.Answered() != 0 {
			t.Errorf("now %+v", now)
		}
		if topics := got(w.OpenTopics(ctx, w.root, 10))(t); len(topics) != 3 || topics[0].ID != topic || topics[2].ID != open.ID {
			t.Errorf("open topics %+v", topics)
		}
		w.decided(b, topic, in)
		now = got(w.Count(ctx, w.root))(t)
		if now.Open != 2 || now.Ready != 0 || now.Decisions != 1 || now.InForce != 1 || now.Review != 0 || now.Inputs[Adopted] != 1 || now.Inputs.Changed() != 1 {
			t.Errorf("decided: now %+v", now)
		}
		if f := got(w.FatesOf(ctx, []TopicID{topic, "", hidden.ID}))(t); f[topic][Adopted] != 1 || f[hidden.ID].All() != 0 {
			t.Errorf("fates %v", f)
		}
		other, _ := w.network.Tree().Root("se")
		if n := got(w.Count(ctx, other.ID))(t); n.Open+n.Decisions+n.Inputs.All() != 0 {
			t.Errorf("the other tenant has %+v", n)
		}
		years := got(w.InputYears(ctx, w.root))(t)
		if len(years) != 1 || years[0].Year != 2026 || years[0].Fates.All() != 2 {
			t.Errorf("years %+v", years)
		}
	})
}

func TestPublicInputs(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		w, ctx := open(t, dsn), t.Context()
		b := w.board()
		topic := w.prepared(b, "Klar sak")
		first := got(w.GiveInput(ctx, b.people[5], topic, Giving{Text: "Husk reisetiden", Name: "Maja"}))(t)
		w.decided(b, topic, first)
		w.forward(365 * day)
		var want []InputID
		for range 7 {
			x := w.raise(w.plain, w.west, network.Public, "Spurt sak")
			want = append([]InputID{got(w.GiveInput(ctx, w.west.patient, x.ID, Giving{Text: "Ja"}))(t)}, want...)
			w.forward(day)
		}
		narrowed := w.raise(w.plain, w.west, network.Public, "KANARI: først åpen")
		got(w.GiveInput(ctx, w.west.patient, narrowed.ID, Giving{Text: "KANARI"}))(t)
		w.ok(w.EditTopic(ctx, w.west.chair, narrowed.ID, TopicEdit{Title: narrowed.Title, Text: narrowed.Text, Lang: narrowed.Lang, Visibility: network.BodyOnly, Version: 1}))
		w.raise(w.west.member, w.west, network.NetworkOnly, "KANARI i nettverket")
		want = append(want, first)
		var seen []InputID
		q := InputFilter{Root: w.root, Limit: 3}
		for {
			page := got(w.PublicInputs(ctx, q))(t)
			for _, i := range page {
				seen = append(seen, i.ID)
				if i.Person != "" {
					t.Error("a person's id is public")
				}
			}
			if len(page) < 3 {
				break
			}
			q.After = page[2].Key()
		}
		if len(seen) != len(want) {
			t.Fatalf("%v, not %v", seen, want)
		}
		for i := range want {
			if seen[i] != want[i] {
				t.Fatalf("%v, not %v", seen, want)
			}
		}
		adopted, none := Adopted, Undisposed
		if x := got(w.PublicInputs(ctx, InputFilter{Root: w.root, Fate: &adopted}))(t); len(x) != 1 || x[0].Number != "2026-01" || x[0].Name != "Maja" || x[0].Title != "Klar sak" {
			t.Errorf("adopted %+v", x)
		}
		if x := got(w.PublicInputs(ctx, InputFilter{Root: w.root, Fate: &none, Year: 2027}))(t); len(x) != 7 {
			t.Errorf("of 2027, open: %d", len(x))
		}
		other, _ := w.network.Tree().Root("se")
		if x := got(w.PublicInputs(ctx, InputFilter{Root: other.ID}))(t); len(x) != 0 {
			t.Errorf("the other tenant: %+v", x)
		}
	})
}

// decided has a board decide a topic, adopting an input, and approve the minutes.
func (w *world) decided(b board, topic TopicID, in InputID) Decision {
	w.t.Helper()
	ctx := w.t.Context()
	m := w.convened(b, 14)
	w.ok(w.SetApprovers(ctx, w.coord, m.ID, w.theMeeting(m.ID).Version, []network.PersonID{b.chair.Person, b.people[1].Person}))
	item := got(w.AddItem(ctx, w.coord, Item{Meeting: m.ID, Kind: AboutTopic, Topic: topic, Minutes: 40}))(w.t)
	w.started(b, w.theMeeting(m.ID), 7)
	w.ok(w.Reach(ctx, w.coord, item, w.theItem(item).Version))
	d := got(w.Record(ctx, w.coord, DecisionDraft{Item: item, Title: "Vedtaket", Text: "Vi gjør det.", Method: ByConsensus,
		Dispositions: []Disposed{{Input: in, Version: 1, Disposition: Adopted, Reason: "Ja."}}}))(w.t)
	w.tick()
	minutes := got(w.Close(ctx, w.coord, m.ID, w.theMeeting(m.ID).Version))(w.t)
	w.tick()
	w.approvedBy(minutes, b.chair, b.people[1])
	return d
}

func (w *world) approvedBy(id MinutesID, people ...network.Actor) {
	w.t.Helper()
	for _, p := range people {
		got(w.Approve(w.t.Context(), p, id, got(w.Minutes(w.t.Context(), w.coord, id))(w.t).Hash))(w.t)
	}
}
