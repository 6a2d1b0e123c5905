package forum

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

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

// What is about a topic is shown to no more people than the topic is, whatever somebody asked for.
func TestWhatIsAboutATopicIsNoWiderThanIt(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		w, ctx := open(t, dsn), t.Context()
		b := w.board()
		shut := func(id TopicID) {
			x := w.whole(id)
			w.ok(w.EditTopic(ctx, b.chair, id, TopicEdit{Version: x.Version, Title: x.Title, Text: x.Text, Lang: x.Lang, Visibility: network.BodyOnly}))
		}
		m := w.convened(b, 20)
		decided, noted := w.prepared(b, "Avgjøres"), w.prepared(b, "Tas til orientering")
		item := got(w.AddItem(ctx, w.coord, Item{Meeting: m.ID, Kind: AboutTopic, Topic: decided, Minutes: 5}))(t)
		other := got(w.AddItem(ctx, w.coord, Item{Meeting: m.ID, Kind: AboutTopic, Topic: noted, Minutes: 5}))(t)
		sent := w.prepared(b, "Sendes ut")
		c := Circulation{Body: b.id, Topic: sent, Deadline: w.Now().AddDate(0, 0, 7), Draft: DecisionDraft{Title: "Sendes ut", Text: "Ja.", Visibility: network.Public}}
		c.ID = got(w.Circulate(ctx, w.coord, c, []network.PersonID{b.chair.Person, b.people[5].Person}))(t)
		for i, s := range b.votes {
			w.ok(w.AnswerCirculation(ctx, b.people[i], c.ID, s, For, ""))
		}
		shut(sent)
		d := got(w.Settle(ctx, w.coord, c.ID, 1))(t)
		if v := got(w.Decision(ctx, w.coord, d.ID))(t); d.Visibility != network.BodyOnly || w.minutesOf(v.Minutes).Visibility != network.BodyOnly {
			t.Errorf("by circulation: %s, its minutes %s", d.Visibility, w.minutesOf(v.Minutes).Visibility)
		}
		w.started(b, w.theMeeting(m.ID), 7)
		shut(decided)
		w.ok(w.Reach(ctx, w.coord, item, w.theItem(item).Version))
		if d = got(w.Record(ctx, w.coord, DecisionDraft{Item: item, Title: "Avgjøres", Text: "Ja.", Method: ByConsensus, Visibility: network.Public}))(t); d.Visibility != network.BodyOnly {
			t.Errorf("in a meeting: %s", d.Visibility)
		}
		w.ok(w.Note(ctx, w.coord, other, w.items(m.ID)[1].Version))
		w.ok(w.SetApprovers(ctx, w.coord, m.ID, w.theMeeting(m.ID).Version, []network.PersonID{b.chair.Person, b.people[5].Person}))
		id := got(w.Close(ctx, w.coord, m.ID, w.theMeeting(m.ID).Version))(t)
		shut(noted) // after the minutes were drawn up
		w.signed(id, b.chair, b.people[5])
		if s := got(jsonColumn(got(w.Archive(ctx, network.Actor{}, id))(t)))(t); strings.Contains(s, "Avgjøres") || strings.Contains(s, "orientering") {
			t.Errorf("the public minutes show %s", s)
		}
		if n := got(w.PublicItems(ctx, m.ID))(t); n != 0 {
			t.Errorf("%d items are public", n)
		}
	})
}

// A decision disposes of what was said of its own topic, and of nothing else.
func TestADecisionDisposesOfItsOwnInputsOnly(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		w, ctx := open(t, dsn), t.Context()
		b := w.board()
		mine, others := w.prepared(b, "Egen"), w.prepared(b, "Annen")
		in := got(w.GiveInput(ctx, b.people[6], others, Giving{Text: "Husk oss."}))(t)
		disposed := []Disposed{{Input: in, Version: 1, Disposition: Declined, Reason: "Nei."}}
		c := Circulation{Body: b.id, Topic: mine, Deadline: w.Now().AddDate(0, 0, 7), Draft: DecisionDraft{Title: "Egen", Text: "Ja.", Dispositions: disposed}}
		for range 2 {
			_, err := w.Circulate(ctx, w.coord, c, []network.PersonID{b.chair.Person, b.people[5].Person})
			w.is(fault.Invalid, err)
			c.Topic = "" // about no topic at all
		}
		m := w.convened(b, 20)
		about := got(w.AddItem(ctx, w.coord, Item{Meeting: m.ID, Kind: AboutTopic, Topic: mine, Minutes: 5}))(t)
		report := got(w.AddItem(ctx, w.coord, Item{Meeting: m.ID, Kind: Report, Title: "Rapport", Minutes: 5}))(t)
		w.started(b, w.theMeeting(m.ID), 7)
		for _, item := range []ItemID{about, report} {
			_, err := w.Record(ctx, w.coord, DecisionDraft{Item: item, Title: "Egen", Text: "Ja.", Method: ByConsensus, Dispositions: disposed})
			w.is(fault.Invalid, err)
		}
		if left := got(w.Inputs(ctx, w.coord, others))(t); left[0].Disposition != Undisposed {
			t.Errorf("it became %s", left[0].Disposition)
		}
	})
}

// A list counts the inputs that its reader would be shown.
func TestAListCountsTheInputsOneMaySee(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		w, ctx := open(t, dsn), t.Context()
		raiser := w.person(w.coord, w.west.network, "Rita Raiser")
		x := w.raise(raiser, w.west, network.BodyOnly, "Sak")
		got(w.GiveInput(ctx, raiser, x.ID, Giving{Text: "Min", AsPatient: true}))(t)
		got(w.GiveInput(ctx, w.west.patient, x.ID, Giving{Text: "Hørt"}))(t)
		w.ok(w.EditTopic(ctx, w.west.chair, x.ID, TopicEdit{Version: w.whole(x.ID).Version, Title: "Sak", Text: "b", Lang: "nb", Visibility: network.Public}))
		for _, who := range []network.Actor{{}, raiser, w.plain, w.other, w.coord, w.west.chair, w.west.member, w.west.patient, w.north.member} {
			want := len(got(w.Inputs(ctx, who, x.ID))(t))
			if rows := got(w.Topics(ctx, who, w.root, TopicFilter{Limit: 10}))(t); len(rows) != 1 || rows[0].Inputs != want {
				t.Errorf("%s is told of %d inputs, and shown %d", who.Person, rows[0].Inputs, want)
			}
		}
	})
}

// What is hidden keeps no title: not on its page, not in a list, not where people were told of it. A list goes on past it.
func TestAHiddenPostShowsNothing(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		const bird = "Kanarifugl"
		w, ctx := open(t, dsn), t.Context()
		w.ok(w.FollowNetwork(ctx, w.west.member, w.root))
		first := got(w.Write(ctx, w.plain, Posting{Network: w.root, Kind: Discussion, Title: "Først", Text: "x", Visibility: network.Public}))(t)
		w.tick()
		hidden := got(w.Write(ctx, w.plain, Posting{Network: w.root, Kind: Discussion, Title: bird, Text: bird, Visibility: network.Public}))(t)
		got(w.Comment(ctx, w.west.member, hidden, "Ja", ""))(t)
		w.ok(w.HidePost(ctx, w.coord, hidden, "", "Personlig."))
		for _, who := range []network.Actor{{}, w.west.member} {
			rows := got(w.Posts(ctx, who, w.root, PostFilter{Limit: 1}))(t)
			if len(rows) != 1 || rows[0].ID != first {
				t.Errorf("the list goes no further than what is hidden: %+v", rows)
			}
			for _, v := range []any{rows, got(w.PostView(ctx, who, w.root, hidden))(t), got(w.Search(ctx, who, w.root, bird, nil, 10))(t)} {
				if s := got(jsonColumn(v))(t); strings.Contains(s, bird) {
					t.Errorf("%T shows %s", v, s)
				}
			}
		}
		w.read(func(ctx context.Context, tx *storage.Tx) {
			var n int
			w.ok(tx.QueryRow(ctx, `SELECT COUNT(*) FROM notice WHERE args LIKE '%`+bird+`%'`).Scan(&n))
			if n != 0 {
				t.Errorf("%d notices tell of it", n)
			}
		})
		for _, who := range []network.Actor{w.plain, w.coord} { // its writer, and who moderates
			if v := got(w.PostView(ctx, who, w.root, hidden))(t); v.Title != bird || len(got(w.Posts(ctx, who, w.root, PostFilter{Limit: 9}))(t)) != 2 {
				t.Errorf("%s is not shown their own: %+v", who.Person, v.Post)
			}
		}
	})
}

// However much was written about a topic, it is all narrowed with it.
func TestEveryPostIsNarrowedWithItsTopic(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		w, ctx := open(t, dsn), t.Context()
		x := w.raise(w.west.member, w.west, network.Public, "Sak")
		const posts = 1001
		w.ok(w.db.Write(ctx, func(tx *storage.Tx) error {
			for range posts {
				_, err := tx.Exec(ctx, `INSERT INTO post (id, root, network, body, topic, kind, title, text, lang, visibility, person, at, hidden, answer, version)
					VALUES ($1, $2, $3, $4, $5, 'discussion', 'Om saken', 'Hm', 'nb', 'public', $6, $7, 'skjult', '', 1)`,
					got(w.db.NewID())(t), w.root, w.west.network, w.west.id, x.ID, w.plain.Person, w.Now())
				if err != nil {
					return err
				}
			}
			return nil
		}))
		w.ok(w.EditTopic(ctx, w.west.chair, x.ID, TopicEdit{Version: 1, Title: "Sak", Text: "b", Lang: "nb", Visibility: network.BodyOnly}))
		w.read(func(ctx context.Context, tx *storage.Tx) {
			var n int
			w.ok(tx.QueryRow(ctx, `SELECT COUNT(*) FROM post WHERE topic = $1 AND visibility <> 'body'`, x.ID).Scan(&n))
			if n != 0 {
				t.Errorf("%d of %d posts are still public", n, posts)
			}
		})
	})
}

// Asking for more time is told once a day by each.
func TestMoreTimeIsAskedForOnceADay(t *testing.T) {
	w, ctx := open(t, testkit.SQLite(t)), t.Context()
	x := w.raise(w.west.member, w.west, network.Public, "Sak")
	w.ok(w.AskInput(ctx, w.west.chair, x.ID, Asking{}))
	for range 3 {
		w.ok(w.MoreTime(ctx, w.plain, x.ID))
	}
	once := w.told("notice.input.moretime", w.west.chair.Person)
	w.forward(25 * time.Hour)
	w.ok(w.MoreTime(ctx, w.plain, x.ID))
	if twice := w.told("notice.input.moretime", w.west.chair.Person); once != 1 || twice != 2 {
		t.Errorf("told %d times, and %d a day later", once, twice)
	}
}

// The agenda of a meeting that is over stays in its order, and holds no more than can be shown.
func TestAnAgendaThatIsOverStays(t *testing.T) {
	w, ctx := open(t, testkit.SQLite(t)), t.Context()
	b := w.board()
	m := w.convened(b, 14)
	for i := range mostItems {
		got(w.AddItem(ctx, w.coord, Item{Meeting: m.ID, Kind: Report, Title: fmt.Sprint("Sak ", i), Minutes: 1}))(t)
	}
	_, err := w.AddItem(ctx, w.coord, Item{Meeting: m.ID, Kind: Report, Title: "Én til", Minutes: 1})
	w.is(fault.Conflict, err)
	w.started(b, m, 7)
	last := w.items(m.ID)[mostItems-1].ID
	w.ok(w.MoveItem(ctx, w.coord, last, -1))
	w.tick()
	got(w.Close(ctx, w.coord, m.ID, w.theMeeting(m.ID).Version))(t)
	w.is(fault.Conflict, w.MoveItem(ctx, w.coord, last, -1))
}

// Minutes whose approvers were named without whoever led, by whatever way, are not approved.
func TestMinutesWithoutWhoeverLedAreNotApproved(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		w, ctx := open(t, dsn), t.Context()
		b := w.board()
		m := w.convened(b, 14)
		w.ok(w.SetApprovers(ctx, w.coord, m.ID, w.theMeeting(m.ID).Version, []network.PersonID{b.people[2].Person, b.people[5].Person}))
		id, _ := w.held(b, m, b.votes, b.votes[0])
		w.ok(w.db.Write(ctx, func(tx *storage.Tx) error {
			_, err := tx.Exec(ctx, `DELETE FROM meeting_approver WHERE person = $1`, b.chair.Person)
			return err
		}))
		_, err := w.Approve(ctx, b.people[5], id, w.minutesOf(id).Hash)
		w.is(fault.Conflict, err)
		w.ok(w.SetApprovers(ctx, w.coord, m.ID, w.theMeeting(m.ID).Version, []network.PersonID{b.chair.Person, b.people[5].Person}))
		w.signed(id, b.chair, b.people[5])
	})
}

// A decision is seen by no more than its item is, whatever a draft asks for; and the chair approves the minutes of a circulation.
func TestADecisionIsNoWiderThanItsItemAndTheChairApproves(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		w, ctx := open(t, dsn), t.Context()
		b := w.board()
		m := w.convened(b, 14)
		item := got(w.AddItem(ctx, w.coord, Item{Meeting: m.ID, Kind: Report, Title: "Sak", Minutes: 10, Visibility: network.BodyOnly}))(t)
		w.started(b, m, 7)
		d := got(w.Record(ctx, w.coord, DecisionDraft{Item: item, Title: "Sak", Text: "Ja.", Method: ByConsensus, Visibility: network.Public}))(t)
		if d.Visibility != network.BodyOnly {
			t.Errorf("the decision is for %s", d.Visibility)
		}
		c := Circulation{Body: b.id, Deadline: w.Now().AddDate(0, 0, 7), Draft: DecisionDraft{Title: "Hastesak", Text: "Ja."}}
		_, err := w.Circulate(ctx, w.coord, c, []network.PersonID{b.people[1].Person, b.people[5].Person})
		w.is(fault.Invalid, err)
		id := w.circulated(b)
		w.is(fault.Invalid, w.ReplaceApprover(ctx, w.coord, Replacement{Minutes: id, Version: 1, Old: b.chair.Person, New: b.people[6].Person, Why: "Syk."}))
	})
}
