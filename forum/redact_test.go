package forum

import (
	"context"
	"strconv"
	"strings"
	"testing"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/internal/testkit"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/storage"
)

// A name that was taken out of sealed minutes stands nowhere in what is shown of the meeting, and the seal holds.
func TestARedactedNameIsShownNowhere(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		w, ctx := open(t, dsn), t.Context()
		b := w.board()
		const name = "Maja Lie" // approves, dissents, was there
		m := w.convened(b, 14)
		w.ok(w.SetApprovers(ctx, w.coord, m.ID, w.theMeeting(m.ID).Version, []network.PersonID{b.chair.Person, b.people[5].Person}))
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

// redactedName takes a name out of minutes by its part.
func (w *world) redactedName(id MinutesID, name string) {
	w.t.Helper()
	for _, part := range w.minutesOf(id).Parts {
		if part.Text == name {
			w.ok(w.Redact(w.t.Context(), w.coord, id, part.Name, "Skjermet."))
		}
	}
}

// heldWith has a meeting with a decision and somebody who presents, with its minutes sealed.
func (w *world) heldWith(b board, days int, presenter string) (MeetingID, MinutesID, ItemID) {
	w.t.Helper()
	m := w.convened(b, days)
	w.ok(w.SetApprovers(w.t.Context(), w.coord, m.ID, w.theMeeting(m.ID).Version, []network.PersonID{b.chair.Person, b.people[5].Person}))
	got(w.AddItem(w.t.Context(), w.coord, Item{Meeting: m.ID, Kind: Report, Title: "Rapport", Presenter: presenter, Minutes: 10}))(w.t)
	id, item := w.held(b, m, b.votes, b.votes[0])
	w.signed(id, b.chair, b.people[5])
	return m.ID, id, item
}

// What is taken out of one edition is in none: not in the one before, nor in a correction that wasn't sealed yet.
func TestARedactionIsOfAllEditions(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		w, ctx := open(t, dsn), t.Context()
		b := w.board()
		const name, words = "Maja Lie", "Ikke enig."
		_, one, _ := w.heldWith(b, 14, "")
		two := got(w.Correct(ctx, w.coord, one, "Feil."))(t)
		w.signed(two, b.chair)
		w.redactedName(one, name)
		last := len(w.minutesOf(one).Protocol.Items) - 1
		w.ok(w.Redact(ctx, w.coord, one, partOf(last), "Helseopplysning."))
		v := w.minutesOf(two)
		if len(v.Approvers) != 2 || v.Approvers[0].Person == "" || v.Approvers[1].Person == "" || !v.Approvers[0].At.IsZero() || !v.Approvers[1].At.IsZero() {
			t.Errorf("the correction's approvers: %+v", v.Approvers)
		}
		w.hides("the correction", got(jsonColumn(v.Protocol))(t), name, words)
		w.is(fault.NotFound, w.EditMinutes(ctx, w.coord, MinutesEdit{Minutes: two, Version: v.Version, Texts: map[ItemID]string{"": "Igjen."}}))
		w.ok(w.ReplaceApprover(ctx, w.coord, Replacement{Minutes: two, Version: v.Version, Old: b.people[5].Person, New: b.people[6].Person, Why: "Syk."}))
		w.ok(w.ReplaceApprover(ctx, w.coord, Replacement{Minutes: two, Version: v.Version + 1, Old: b.people[6].Person, New: b.people[5].Person, Why: "Frisk."}))
		w.signed(two, b.chair, b.people[5])
		if seen := got(w.Verify(ctx, network.Actor{}, two))(t); !seen.Holds || len(seen.Redacted) != 2 {
			t.Errorf("redacted: %+v", seen)
		}
		w.hides("edition 2", got(jsonColumn(got(w.Archive(ctx, network.Actor{}, two))(t)))(t), name, words)

		_, one, _ = w.heldWith(b, 30, "")
		two = got(w.Correct(ctx, w.coord, one, "Feil."))(t)
		w.signed(two, b.chair, b.people[5])
		w.redactedName(two, name)
		last = len(w.minutesOf(one).Protocol.Items) - 1
		w.ok(w.Redact(ctx, w.coord, two, partOf(last), "Helseopplysning."))
		for _, id := range []MinutesID{one, two} {
			w.hides("an edition", got(jsonColumn(got(w.Archive(ctx, w.coord, id))(t)))(t), name, words)
			if seen := got(w.Verify(ctx, network.Actor{}, id))(t); !seen.Holds {
				t.Errorf("the seal: %+v", seen)
			}
		}
		w.read(func(ctx context.Context, tx *storage.Tx) {
			for _, query := range []string{`SELECT COUNT(*) FROM minutes_version WHERE doc LIKE '%' || $1 || '%'`, `SELECT COUNT(*) FROM minutes_part WHERE text LIKE '%' || $1 || '%'`} {
				var n int
				if w.ok(tx.QueryRow(ctx, query, name).Scan(&n)); n > 0 {
					t.Errorf("%d rows have the name: %s", n, query)
				}
			}
		})
	})
}

func partOf(item int) string { return "item/" + strconv.Itoa(item) }

// hides expects a text without some words.
func (w *world) hides(what, text string, words ...string) {
	w.t.Helper()
	for _, s := range words {
		if strings.Contains(text, s) {
			w.t.Errorf("%s shows %q: %s", what, s, text)
		}
	}
}

// Who presents an item, and who took a paper away, are names of the meeting too; and whoever is called otherwise since is the same.
func TestARedactedNameIsNoPresenterAndNoActor(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		w, ctx := open(t, dsn), t.Context()
		b := w.board()
		m := w.convened(b, 14)
		w.ok(w.AddPaper(ctx, b.chair, m.ID, "", Paper{Title: "Vedlegg", URL: "https://example.org/a"}))
		paper := got(w.Meeting(ctx, w.coord, m.ID))(t).Papers[0].ID
		w.ok(w.WithdrawPaper(ctx, b.chair, m.ID, paper, "Feil."))
		w.ok(w.SetApprovers(ctx, w.coord, m.ID, w.theMeeting(m.ID).Version, []network.PersonID{b.chair.Person, b.people[5].Person}))
		got(w.AddItem(ctx, w.coord, Item{Meeting: m.ID, Kind: Report, Title: "Rapport", Presenter: "Maja Lie", Minutes: 10}))(t)
		id, _ := w.held(b, m, b.votes, b.votes[0])
		w.signed(id, b.chair, b.people[5])
		chair := w.minutesOf(id).Protocol.Name(w.minutesOf(id).Protocol.Head.Leader)
		for _, name := range []string{"Maja Lie", chair} {
			w.redactedName(id, name)
			for _, who := range []network.Actor{w.coord, b.people[1], {}} {
				w.hides("the meeting", got(jsonColumn(got(w.Meeting(ctx, who, m.ID))(t)))(t), name)
			}
		}
		w.hides("the papers", got(jsonColumn(got(w.PaperFiles(ctx, w.coord, m.ID))(t)))(t), chair)

		const was, is = "Ola Nes", "Olaf Nesse" // was there, and nothing else
		w.ok(w.db.Write(ctx, func(tx *storage.Tx) error {
			_, err := tx.Exec(ctx, `UPDATE person SET name = $2 WHERE id = $1`, b.people[1].Person, is)
			return err
		}))
		w.redactedName(id, was)
		w.hides("the meeting", got(jsonColumn(got(w.Meeting(ctx, w.coord, m.ID))(t)))(t), was, is)
	})
}

// The decision of a redacted item stays, without names, reservations or reasons: also for those inside, and for the search.
func TestARedactedItemsDecisionStays(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		w, ctx := open(t, dsn), t.Context()
		b := w.board()
		m := w.convened(b, 14)
		w.ok(w.SetApprovers(ctx, w.coord, m.ID, w.theMeeting(m.ID).Version, []network.PersonID{b.chair.Person, b.people[5].Person}))
		item := got(w.AddItem(ctx, w.coord, Item{Meeting: m.ID, Kind: Report, Title: "Sak", Minutes: 10, Presenter: "Gjest Gran"}))(t)
		w.started(b, w.theMeeting(m.ID), 7)
		w.ok(w.EditItem(ctx, w.coord, Item{ID: item, Version: w.items(m.ID)[0].Version, Title: "Sak", Presenter: "Gjest Gran", Text: "Hemmelig notat."}))
		w.ok(w.Recuse(ctx, w.coord, item, b.people[2].Person, "Nær slekt."))
		votes := map[network.SeatID]Vote{}
		for i, s := range b.votes {
			if i != 2 && i < 7 {
				votes[s] = For
			}
		}
		votes[b.votes[5]] = Against
		d := got(w.Record(ctx, w.coord, DecisionDraft{Item: item, Title: "Sak", Text: "Vedtatt tekst.", Rationale: "Hjemlig grunn.", Method: ByVote, Votes: votes,
			Dissent: []Dissent{{Seat: b.votes[5], Text: "Ikke enig."}}}))(t)
		w.tick()
		met := got(w.Close(ctx, w.coord, m.ID, w.theMeeting(m.ID).Version))(t)
		w.signed(met, b.chair, b.people[5])
		sent := w.circulated(b)
		w.signed(sent, b.chair, b.people[5])
		secret := []string{"Ikke enig.", "Hjemlig grunn.", "Fordi.", "Nær slekt.", "Hemmelig notat.", "Gjest Gran"}
		w.ok(w.Redact(ctx, w.coord, met, "item/0", "Helseopplysning."))
		w.ok(w.Redact(ctx, w.coord, sent, "item/0", "Helseopplysning."))
		for _, who := range []network.Actor{w.coord, b.people[1], {}} {
			for _, x := range got(w.Decisions(ctx, who, DecisionFilter{Root: w.root}))(t) {
				v := got(w.Decision(ctx, who, x.ID))(t)
				if !v.Redacted || v.Text == "" || v.Record.Tally.For == 0 || len(v.Record.Dissent) != 1 {
					t.Errorf("the decision: %+v", v.Decision)
				}
				for _, s := range v.Record.Roll.Seats {
					if s.Name+s.Held+string(s.Person)+string(s.Holder) != "" {
						t.Errorf("a seat of the decision: %+v", s)
					}
				}
				w.hides("the decision", got(jsonColumn(v))(t)+got(jsonColumn(x))(t), secret...)
			}
			w.hides("the meeting", got(jsonColumn(got(w.Meeting(ctx, who, m.ID))(t)))(t), secret...)
			for _, word := range []string{"hjemlig", "enig"} {
				if found := got(w.Search(ctx, who, w.root, word, nil, 5))(t); len(found) > 0 {
					t.Errorf("the search finds %+v", found)
				}
			}
			if found := got(w.Search(ctx, who, w.root, "vedtatt", []DocKind{DecisionDoc}, 5))(t); len(found) != 1 || found[0].Ref != string(d.ID) {
				t.Errorf("the search finds %+v", found)
			}
		}
		for _, x := range got(w.Meeting(ctx, w.coord, m.ID))(t).Recusals {
			if x.Name+string(x.Person) != "" {
				t.Errorf("recused: %+v", x)
			}
		}
		c := got(w.Circulation(ctx, w.coord, w.minutesOf(sent).Circulation))(t)
		w.hides("the circulation", got(jsonColumn(c))(t), secret...)
		for _, one := range append(c.Ballots, got(w.Ballots(ctx, w.coord, item))(t)...) {
			if one.Person != "" || one.Vote == "" {
				t.Errorf("a ballot: %+v", one)
			}
		}
	})
}
