package forum

import (
	"testing"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/internal/testkit"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/storage"
)

// Ways round the rules that were found and closed.

func (w *world) holding(seat network.SeatID) (id network.HoldingID) {
	w.t.Helper()
	w.ok(w.db.Read(w.t.Context(), func(tx *storage.Tx) error {
		return tx.QueryRow(w.t.Context(), `SELECT id FROM holding WHERE seat = $1 AND ends = 0`, seat).Scan(&id)
	}))
	return id
}

// Whoever came with a seat and lost it in the meeting is no longer in the quorum.
func TestATermThatEndsDuringAMeetingLeavesTheQuorum(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		w, ctx := open(t, dsn), t.Context()
		b := w.board()
		m := w.convened(b, 20)
		w.forward(20 * day)
		w.started(b, m, 7)
		if r := got(w.Roll(ctx, w.coord, m.ID, ""))(t); r.Quorum.Present != 7 || !r.Quorum.Held {
			t.Fatalf("%d are present", r.Quorum.Present)
		}
		for _, seat := range b.votes[1:5] {
			w.ok(w.network.End(ctx, w.coord, w.holding(seat), w.Now(), "left"))
		}
		w.tick()
		if r := got(w.Roll(ctx, w.coord, m.ID, ""))(t); r.Quorum.Present != 3 || r.Quorum.Held {
			t.Errorf("four terms have ended, and %d are present, quorate: %v", r.Quorum.Present, r.Quorum.Held)
		}
	})
}

// A topic that goes to a body with patients' seats is not decided there before they were asked, and a meeting of the body
// it left doesn't decide it.
func TestATopicThatMovedIsDecidedWhereItIsAfterPatientsWereAsked(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		w, ctx := open(t, dsn), t.Context()
		b := w.board()
		a := w.group(w.coord, w.root, "Arbeidsgruppe", false)
		x := w.raise(b.people[1], a, network.Public, "Flyttes")
		w.ok(w.Prepare(ctx, a.chair, x.ID))
		w.ok(w.Assign(ctx, w.coord, x.ID, w.whole(x.ID).Version, b.id))
		c := Circulation{Body: b.id, Topic: x.ID, Deadline: w.Now().AddDate(0, 0, 7), Draft: DecisionDraft{Title: "Flyttes", Text: "Ja."}}
		_, err := w.Circulate(ctx, w.coord, c, []network.PersonID{b.chair.Person, b.people[5].Person})
		w.is(fault.Conflict, err)

		topic := w.prepared(b, "Dagsorden")
		m := w.convened(b, 20)
		item := got(w.AddItem(ctx, b.chair, Item{Meeting: m.ID, Kind: AboutTopic, Topic: topic, Minutes: 5}))(t)
		w.forward(20 * day)
		w.started(b, w.theMeeting(m.ID), 7)
		w.ok(w.Prepare(ctx, b.chair, topic))
		w.ok(w.Assign(ctx, w.coord, topic, w.whole(topic).Version, a.id))
		_, err = w.Record(ctx, b.chair, DecisionDraft{Item: item, Title: "Dagsorden", Text: "Ja.", Method: ByConsensus})
		if err == nil {
			t.Error("a body decided another body's topic")
		}
	})
}

// One person with a member's and a deputy's seat answers a circulation once.
func TestOnePersonAnswersOnce(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		w, ctx := open(t, dsn), t.Context()
		b := w.board()
		w.ok(w.network.End(ctx, w.coord, w.holding(b.deputy), w.Now(), "left"))
		w.tick()
		got(w.network.Give(ctx, w.coord, network.Term{Seat: b.deputy, Person: b.people[5].Person}))(t)
		topic := w.prepared(b, "To stemmer")
		c := Circulation{Body: b.id, Topic: topic, Deadline: w.Now().AddDate(0, 0, 7), Draft: DecisionDraft{Title: "To stemmer", Text: "Ja."}}
		c.ID = got(w.Circulate(ctx, w.coord, c, []network.PersonID{b.chair.Person, b.people[6].Person}))(t)
		w.ok(w.AnswerCirculation(ctx, b.people[5], c.ID, b.votes[6], For, ""))
		w.is(fault.Denied, w.AnswerCirculation(ctx, b.people[5], c.ID, b.votes[5], For, ""))
	})
}

// A feed may be anybody's: where a meeting can be joined is for who is invited.
func TestAFeedHasNoLinkToJoin(t *testing.T) {
	w := open(t, testkit.SQLite(t))
	b := w.board()
	id := got(w.Plan(t.Context(), w.coord, Meeting{Body: b.id, Starts: w.Now().AddDate(0, 0, 5), Minutes: 60, Link: "https://video.example/secret"}))(t)
	if e := w.Event(w.theMeeting(id), "Møte"); e.Location != "" {
		t.Errorf("the event's place is %q", e.Location)
	}
}
