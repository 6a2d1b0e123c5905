package forum

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/internal/testkit"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/storage"
)

// board is a body that decides with five of nine seats, two of them patients', and a chair not from industry.
type board struct {
	group
	seats  []network.Held   // in the order they were made
	people []network.Actor  // who holds them
	spare  network.Actor    // a patients' deputy
	third  network.Actor    // the industry seat's
	deputy network.SeatID   // the patients' deputy's seat
	votes  []network.SeatID // voting seats
}

func (w *world) board() board {
	w.t.Helper()
	ctx := w.t.Context()
	b := board{group: group{network: w.root}}
	b.id = got(w.network.AddBody(ctx, w.coord, network.Body{Network: w.root, Kind: network.SteeringGroup, Name: network.Text{NB: "Styringsgruppen", SV: "Styrgruppen", EN: "The steering group"},
		Mandate: network.Decides, Visibility: network.Public, InputDays: 14, AnswerDays: 60, PaperDays: 7}))(w.t)
	w.ok(w.network.SetRules(ctx, w.coord, b.id, 1, []network.Rule{{Kind: network.Half}, {Kind: network.OfSector, N: 2, Sector: network.Patient}, {Kind: network.ChairNot, Sector: network.Industry}}))
	for _, s := range []struct {
		role   network.Role
		sector network.Sector
		name   string
	}{{network.Chair, network.Care, "Kari Lund"}, {network.Member, network.Care, "Ola Nes"}, {network.Member, network.Academia, "Siri Dahl"},
		{network.Member, network.Authority, "Per Vik"}, {network.Member, network.Industry, "Tor Moe"}, {network.Member, network.Patient, "Maja Lie"},
		{network.Member, network.Patient, "Nina Berg"}, {network.Deputy, network.Patient, "Hanne Fjell"}} {
		b.people = append(b.people, w.seat(w.coord, b.group, s.role, s.sector, s.name))
	}
	b.chair, b.third, b.spare = b.people[0], b.people[4], b.people[7]
	w.read(func(ctx context.Context, tx *storage.Tx) {
		b.seats = got(w.network.SeatsAt(ctx, tx, b.id, micros(w.Now())))(w.t)
	})
	for _, s := range b.seats {
		if s.Role.Votes() {
			b.votes = append(b.votes, s.ID)
		}
	}
	b.deputy = b.seats[7].ID
	return b
}

// meeting is a convened meeting of a body, so many days ahead.
func (w *world) convened(b board, days int) Meeting {
	w.t.Helper()
	ctx := w.t.Context()
	id := got(w.Plan(ctx, w.coord, Meeting{Body: b.id, Starts: w.Now().AddDate(0, 0, days), Minutes: 120, Place: "Oslo"}))(w.t)
	w.ok(w.Convene(ctx, b.chair, id, 1))
	return w.theMeeting(id)
}

func (w *world) theMeeting(id MeetingID) (m Meeting) {
	w.t.Helper()
	w.read(func(ctx context.Context, tx *storage.Tx) {
		m = got(scanMeeting(tx.QueryRow(ctx, `SELECT `+meetingColumns+` FROM meeting m WHERE m.id = $1`, id)))(w.t)
	})
	return m
}

// theItem is an item as it is now; a zero one when it is gone.
func (w *world) theItem(id ItemID) (i Item) {
	w.t.Helper()
	w.read(func(ctx context.Context, tx *storage.Tx) {
		var err error
		if i, err = scanItem(tx.QueryRow(ctx, `SELECT `+itemColumns+itemFrom+`WHERE i.id = $1`, id)); err != nil && !noRow(err) {
			w.t.Fatal(err)
		}
	})
	return i
}

func (w *world) items(m MeetingID) (out []Item) {
	w.t.Helper()
	w.read(func(ctx context.Context, tx *storage.Tx) { out = got(w.agenda(ctx, tx, w.theMeeting(m)))(w.t) })
	return out
}

// prepared is a topic of a body that can come on an agenda.
func (w *world) prepared(b board, title string) TopicID {
	w.t.Helper()
	ctx := w.t.Context()
	x := w.raise(b.people[1], b.group, network.Public, title)
	w.ok(w.WaiveInput(ctx, b.chair, x.ID, "Spurt i fjor."))
	w.ok(w.Prepare(ctx, b.chair, x.ID))
	return x.ID
}

// started opens a meeting and lets the first n voting seats in.
func (w *world) started(b board, m Meeting, n int) {
	w.t.Helper()
	w.onItsDay(m)
	w.ok(w.Start(w.t.Context(), w.coord, m.ID, m.Version))
	for _, s := range b.votes[:n] {
		w.clock.forward(time.Second)
		w.ok(w.Arrive(w.t.Context(), w.coord, Arrival{Meeting: m.ID, Seat: s}))
	}
	w.clock.forward(time.Second)
}

// onItsDay waits for a meeting's time.
func (w *world) onItsDay(m Meeting) {
	if w.Now().Before(m.Starts) {
		w.clock.now = m.Starts
	}
}

func (w *world) tick() { w.clock.forward(time.Second) }

func TestAMeetingFromConvocationToSealedMinutes(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		w, ctx := open(t, dsn), t.Context()
		b := w.board()
		topic := w.prepared(b, "Godtgjørelse til pasientrepresentanter")
		in := got(w.GiveInput(ctx, b.people[5], topic, Giving{Text: "Reisetiden er det dyre for oss i nord.", Name: "Maja"}))(t)
		m := w.convened(b, 14)
		if m.State != Convened || m.Number != 1 || m.Year != 2026 {
			t.Fatalf("convened %+v", m)
		}
		got(w.AddItem(ctx, w.coord, Item{Meeting: m.ID, Kind: Formality, Title: "Fremmøte og habilitet", Minutes: 10}))(t)
		item := got(w.AddItem(ctx, w.coord, Item{Meeting: m.ID, Kind: AboutTopic, Topic: topic, Minutes: 40}))(t)
		late := got(w.AddItem(ctx, w.coord, Item{Meeting: m.ID, Kind: Report, Title: "Rapport", Minutes: 20}))(t)
		w.is(fault.Denied, w.Reply(ctx, b.people[1], m.ID, b.votes[2], Coming, ""))
		w.ok(w.Reply(ctx, b.people[1], m.ID, b.votes[1], Coming, ""))
		w.ok(w.AddPaper(ctx, w.coord, m.ID, item, Paper{Title: "Satser", URL: "https://example.org/satser"}))
		w.started(b, m, 6)
		w.ok(w.Reach(ctx, w.coord, item, w.theItem(item).Version))
		draft := DecisionDraft{Item: item, Title: "Godtgjørelse", Text: "Pasientrepresentanter får godtgjørelse.", Method: ByConsensus,
			Dispositions: []Disposed{{Input: in, Version: 1, Disposition: Adopted, Reason: "Reisetid over en time dekkes."}}}
		_, err := w.Record(ctx, w.coord, draft)
		w.is(fault.Conflict, err) // one patients' seat of two
		w.is(fault.Conflict, w.Arrive(ctx, w.coord, Arrival{Meeting: m.ID, Seat: b.votes[5], Deputy: b.deputy}))
		w.ok(w.Arrive(ctx, b.spare, Arrival{Meeting: m.ID, Seat: b.votes[6], Deputy: b.deputy}))
		w.tick()
		undisposed := draft
		undisposed.Dispositions = nil
		_, err = w.Record(ctx, w.coord, undisposed)
		w.is(fault.Conflict, err)
		early := draft
		early.InForce, early.Review = w.Now().AddDate(1, 0, 0), w.Now()
		_, err = w.Record(ctx, w.coord, early)
		w.is(fault.Invalid, err)
		_, err = w.Record(ctx, b.people[1], draft)
		w.is(fault.Denied, err)
		d := got(w.Record(ctx, w.coord, draft))(t)
		if d.Number != "2026-01" || !d.Record.Roll.Quorum.Held || d.Record.Roll.Quorum.Present != 7 || d.Standing(w.Now()) != Taken {
			t.Errorf("decided %+v", d)
		}
		if s := w.state(topic); s != Decided {
			t.Errorf("the topic is %s", s)
		}
		w.ok(w.SetApprovers(ctx, w.coord, m.ID, w.theMeeting(m.ID).Version, []network.PersonID{b.chair.Person, b.people[5].Person}))
		w.tick()
		id := got(w.Close(ctx, w.coord, m.ID, w.theMeeting(m.ID).Version))(t)
		if i := w.items(m.ID)[2]; i.ID != late || i.State != ItemCarried || i.Target != "" {
			t.Errorf("what was not reached: %+v", i)
		}
		w.approveAll(b, id)
		if d = got(w.Decision(ctx, network.Actor{}, d.ID))(t).Decision; d.Standing(w.Now()) != InForce {
			t.Errorf("approved, it is %s", d.Standing(w.Now()))
		}
		if v := got(w.Verify(ctx, network.Actor{}, id))(t); !v.Holds || len(v.Redacted) > 0 {
			t.Errorf("verification %+v", v)
		}
		w.is(fault.Denied, w.Redact(ctx, b.chair, id, "person/0", "Bedt om det."))
		w.ok(w.Redact(ctx, w.coord, id, "person/0", "Bedt om det."))
		if v := got(w.Verify(ctx, network.Actor{}, id))(t); !v.Holds || len(v.Redacted) != 1 {
			t.Errorf("redacted, verification %+v", v)
		}
		w.is(fault.Conflict, w.EditMinutes(ctx, w.coord, MinutesEdit{Minutes: id, Version: 1}))
		for words, want := range map[string]int{"godtgjør": 1, "pasientrepresentanter får": 1, "finnes ikke": 0, "": 1} {
			if found := got(w.Decisions(ctx, network.Actor{}, DecisionFilter{Root: w.root, Words: words}))(t); len(found) != want {
				t.Errorf("%q is in %d decisions", words, len(found))
			}
		}
		if carried := got(w.Since(ctx, 0))(t); len(carried) != 1 || carried[0].ID != d.ID {
			t.Errorf("since 0: %+v", carried)
		}
		next := w.convened(b, 28)
		if items := w.items(next.ID); len(items) != 1 || items[0].Carried != 1 || items[0].Origin != late {
			t.Errorf("the next agenda: %+v", items)
		}
		w.corrected(b, id)
	})
}

// approveAll lets the chair and the first patient approve minutes, and tries what must not work.
func (w *world) approveAll(b board, id MinutesID) {
	w.t.Helper()
	ctx := w.t.Context()
	hash := func() string { return got(w.Minutes(ctx, w.coord, id))(w.t).Hash }
	_, err := w.Minutes(ctx, network.Actor{}, id)
	w.is(fault.NotFound, err)
	first := hash()
	got(w.Approve(ctx, b.chair, id, first))(w.t)
	w.tick()
	v := got(w.Minutes(ctx, w.coord, id))(w.t)
	w.ok(w.EditMinutes(ctx, w.coord, MinutesEdit{Minutes: id, Version: v.Version, Note: "Lederen åpnet møtet."}))
	w.is(fault.Conflict, w.EditMinutes(ctx, w.coord, MinutesEdit{Minutes: id, Version: v.Version, Note: "Noe annet."}))
	_, err = w.Approve(ctx, b.people[5], id, first)
	w.is(fault.Conflict, err)
	got(w.Approve(ctx, b.people[5], id, hash()))(w.t)
	if got(w.Minutes(ctx, w.coord, id))(w.t).Sealed {
		w.t.Fatal("an approval of an older text counted")
	}
	_, err = w.Approve(ctx, b.people[1], id, hash())
	w.is(fault.Denied, err)
	got(w.Approve(ctx, b.chair, id, hash()))(w.t)
}

func (w *world) corrected(b board, id MinutesID) {
	w.t.Helper()
	ctx := w.t.Context()
	next := got(w.Correct(ctx, w.coord, id, "Klokkeslettet var feil."))(w.t)
	_, err := w.Correct(ctx, w.coord, id, "Igjen.")
	w.is(fault.Conflict, err)
	for _, who := range []network.Actor{b.chair, b.people[5]} {
		got(w.Approve(ctx, who, next, got(w.Minutes(ctx, w.coord, next))(w.t).Hash))(w.t)
	}
	if v := got(w.Verify(ctx, network.Actor{}, next))(w.t); !v.Holds {
		w.t.Errorf("the correction: %+v", v)
	}
	if v := got(w.Verify(ctx, network.Actor{}, id))(w.t); !v.Holds {
		w.t.Errorf("the corrected: %+v", v)
	}
}

func TestRecusal(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		w, ctx := open(t, dsn), t.Context()
		b := w.board()
		m := w.convened(b, 14)
		item := got(w.AddItem(ctx, w.coord, Item{Meeting: m.ID, Kind: Report, Title: "Avtale", Minutes: 10}))(t)
		w.started(b, m, 7)
		w.is(fault.Denied, w.Recuse(ctx, b.people[1], item, b.third.Person, "Han eier aksjer."))
		w.ok(w.Recuse(ctx, b.third, item, b.third.Person, "Oppdrag for selskapet."))
		w.tick()
		if r := got(w.Roll(ctx, w.coord, m.ID, item))(t); r.Quorum.Of != 6 || r.Quorum.Present != 6 {
			t.Errorf("recused: %+v", r.Quorum)
		}
		if r := got(w.Roll(ctx, w.coord, m.ID, ""))(t); r.Quorum.Present != 7 {
			t.Errorf("for the meeting: %+v", r.Quorum)
		}
		votes := map[network.SeatID]Vote{}
		for _, s := range b.votes {
			votes[s] = For
		}
		_, err := w.Record(ctx, w.coord, DecisionDraft{Item: item, Title: "Avtale", Text: "Ja.", Method: ByVote, Votes: votes})
		w.is(fault.Conflict, err)
		// A patient is recused, and the deputy steps in for this item.
		w.ok(w.Recuse(ctx, w.coord, item, b.people[5].Person, "Sitter i styret der."))
		w.tick()
		if r := got(w.Roll(ctx, w.coord, m.ID, item))(t); r.Quorum.Held {
			t.Errorf("one patient is enough: %+v", r.Quorum)
		}
		w.is(fault.Conflict, w.Arrive(ctx, w.coord, Arrival{Meeting: m.ID, Seat: b.votes[6], Deputy: b.deputy, Item: item}))
		w.ok(w.Arrive(ctx, w.coord, Arrival{Meeting: m.ID, Seat: b.votes[5], Deputy: b.deputy, Item: item}))
		w.tick()
		for i, v := range []Vote{For, Against, For, Abstains, "", For, For} {
			who, err := b.people[i], error(nil)
			if i == 5 {
				who = b.spare
			}
			if v == "" {
				w.is(fault.Conflict, w.Cast(ctx, who, item, b.votes[i], For))
				continue
			}
			if err = w.Cast(ctx, who, item, b.votes[i], v); err != nil {
				t.Error(err)
			}
		}
		d := got(w.Record(ctx, w.coord, DecisionDraft{Item: item, Title: "Avtale", Text: "Ja.", Method: ByVote}))(t)
		if d.Record.Tally != (Tally{4, 1, 1}) {
			t.Errorf("the vote was %+v", d.Record.Tally)
		}
		w.is(fault.Conflict, w.Recuse(ctx, w.coord, item, b.people[1].Person, "For sent."))
		w.is(fault.Conflict, w.Depart(ctx, w.coord, m.ID, w.thereIs(m.ID, b.votes[1]), w.theMeeting(m.ID).Opened.Add(2*time.Second)))
	})
}

func (w *world) thereIs(m MeetingID, seat network.SeatID) (id string) {
	w.t.Helper()
	w.read(func(ctx context.Context, tx *storage.Tx) {
		for _, a := range got(w.attendance(ctx, tx, m))(w.t) {
			if a.Seat == seat && a.Gone.IsZero() {
				id = a.ID
			}
		}
	})
	return id
}

func TestSeriesPausesAndCarriesOver(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		w, ctx := open(t, dsn), t.Context()
		b := w.board()
		s := Series{Body: b.id, Name: "Ordinære", Rhythm: Monthly, Nth: 1, Weekday: time.Wednesday, Clock: 9*60 + 30, Minutes: 120, Zone: "Europe/Oslo", ConvokeDays: 14}
		s.ID = got(w.SaveSeries(ctx, w.coord, s))(t)
		_, err := w.SaveSeries(ctx, b.people[1], Series{Body: b.id, Name: "Min egen", Rhythm: Weekly, Every: 1, Minutes: 60, Zone: "Europe/Oslo"})
		w.is(fault.Denied, err)
		made := got(w.Generate(ctx, w.coord, s.ID, 4))(t)
		if again := got(w.Generate(ctx, w.coord, s.ID, 4))(t); len(made) != 4 || len(again) != 0 {
			t.Fatalf("made %d, then %d", len(made), len(again))
		}
		if at := w.theMeeting(made[2]).Starts; at.Format(time.RFC3339) != "2026-04-01T09:30:00+02:00" {
			t.Errorf("the third is at %s", at)
		}
		topic := w.prepared(b, "DPYD")
		got(w.AddItem(ctx, w.coord, Item{Meeting: made[0], Kind: AboutTopic, Topic: topic, Minutes: 10}))(t)
		w.ok(w.Convene(ctx, w.coord, made[0], 1))
		w.ok(w.Pause(ctx, w.coord, s.ID, 1, "Pandemi"))
		if m := w.theMeeting(made[0]); m.State != Cancelled || m.Reason != "Pandemi" {
			t.Errorf("convened and paused: %+v", m)
		}
		_, err = w.Generate(ctx, w.coord, s.ID, 1)
		w.is(fault.Conflict, err)
		w.forward(70 * day) // past the first and second
		w.ok(w.Resume(ctx, w.coord, s.ID, 2))
		items := w.items(made[2])
		if m := w.theMeeting(made[2]); m.State != Drafted || len(items) != 1 || items[0].Carried != 2 {
			t.Errorf("the third: %+v %+v", m, items)
		}
		if st := w.state(topic); st != OnAgenda {
			t.Errorf("the topic is %s", st)
		}
	})
}

func TestCirculation(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		w, ctx := open(t, dsn), t.Context()
		b := w.board()
		topic := w.prepared(b, "Hasteprøve")
		c := Circulation{Body: b.id, Topic: topic, Deadline: w.Now().AddDate(0, 0, 7), Draft: DecisionDraft{Title: "Hasteprøve", Text: "Ja."}}
		hurried := c
		hurried.Deadline = w.Now().Add(time.Hour)
		approvers := []network.PersonID{b.chair.Person, b.people[5].Person}
		_, err := w.Circulate(ctx, w.coord, hurried, approvers)
		w.is(fault.Invalid, err)
		c.ID = got(w.Circulate(ctx, w.coord, c, approvers))(t)
		for i, s := range b.votes[:6] {
			w.ok(w.AnswerCirculation(ctx, b.people[i], c.ID, s, For, ""))
		}
		w.is(fault.Denied, w.AnswerCirculation(ctx, b.people[0], c.ID, b.votes[1], Against, ""))
		w.is(fault.Denied, w.AnswerCirculation(ctx, b.spare, c.ID, b.votes[5], Against, ""))
		if v := got(w.Circulation(ctx, w.coord, c.ID))(t); len(v.Ballots) != 0 || v.Answered != 6 || v.Of != 7 {
			t.Errorf("while it is open, the coordinator sees %+v", v)
		}
		_, err = w.Settle(ctx, w.coord, c.ID, 1)
		w.is(fault.Conflict, err) // there is time left
		w.forward(8 * day)
		_, err = w.Settle(ctx, w.coord, c.ID, 1)
		w.is(fault.Conflict, err) // one patient of two
		w.ok(w.Extend(ctx, w.coord, c.ID, 1, w.Now().AddDate(0, 0, 2)))
		w.ok(w.AnswerCirculation(ctx, b.spare, c.ID, b.votes[6], Against, "For raskt."))
		d := got(w.Settle(ctx, w.coord, c.ID, 2))(t)
		if d.Number != "2026-01" || d.Record.Tally != (Tally{6, 1, 0}) || len(d.Record.Dissent) != 1 || w.state(topic) != Decided {
			t.Errorf("settled %+v", d)
		}
		id := got(w.Decision(ctx, w.coord, d.ID))(t).Minutes
		for _, who := range []network.Actor{b.chair, b.people[5]} {
			got(w.Approve(ctx, who, id, got(w.Minutes(ctx, w.coord, id))(t).Hash))(t)
		}
		if v := got(w.Decision(ctx, network.Actor{}, d.ID))(t); v.Standing(w.Now()) != InForce || v.Decision.Record.Roll.Seats[0].Person != "" {
			t.Errorf("in public: %s %+v", v.Standing(w.Now()), v.Decision.Record.Roll.Seats[0])
		}
	})
}

func TestAnItemApprovedAtOnceIsInForceAtOnce(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		w, ctx := open(t, dsn), t.Context()
		b := w.board()
		m := w.convened(b, 14)
		item := got(w.AddItem(ctx, w.coord, Item{Meeting: m.ID, Kind: Report, Title: "Sak", Minutes: 10}))(t)
		w.started(b, m, 7)
		w.ok(w.SetApprovers(ctx, w.coord, m.ID, w.theMeeting(m.ID).Version, []network.PersonID{b.chair.Person, b.people[5].Person}))
		d := got(w.Record(ctx, w.coord, DecisionDraft{Item: item, Title: "Sak", Text: "Ja.", Method: ByConsensus, InForce: w.Now().AddDate(0, 1, 0)}))(t)
		id := got(w.DrawUp(ctx, w.coord, m.ID))(t)
		hash := got(got(w.Minutes(ctx, w.coord, id))(t).Protocol.ItemHash(item))(t)
		_, err := w.Approve(ctx, b.chair, id, got(w.Minutes(ctx, w.coord, id))(t).Hash)
		w.ok(err) // one may, before the meeting is over; the last may not
		got(w.ApproveItem(ctx, b.chair, id, item, hash))(t)
		forced := got(w.ApproveItem(ctx, b.people[5], id, item, hash))(t)
		if len(forced) != 1 || forced[0].ID != d.ID || forced[0].Standing(w.Now()) != ComesLater {
			t.Fatalf("in force %+v", forced)
		}
		w.is(fault.Conflict, w.EditMinutes(ctx, w.coord, MinutesEdit{Minutes: id, Version: got(w.Minutes(ctx, w.coord, id))(t).Version, Texts: map[ItemID]string{item: "Endret"}}))
		w.is(fault.Conflict, w.SetApprovers(ctx, w.coord, m.ID, w.theMeeting(m.ID).Version, []network.PersonID{b.people[1].Person, b.people[5].Person}))
		w.tick()
		got(w.Close(ctx, w.coord, m.ID, w.theMeeting(m.ID).Version))(t)
		if again := got(got(w.Minutes(ctx, w.coord, id))(t).Protocol.ItemHash(item))(t); again != hash {
			t.Error("the approved item changed when the meeting was closed")
		}
		w.forward(40 * day)
		if d := got(w.Decision(ctx, network.Actor{}, d.ID))(t); d.Standing(w.Now()) != InForce {
			t.Errorf("a month later it is %s", d.Standing(w.Now()))
		}
	})
}

func TestSealedRowsStay(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		w, ctx := open(t, dsn), t.Context()
		b := w.board()
		m := w.convened(b, 14)
		item := got(w.AddItem(ctx, w.coord, Item{Meeting: m.ID, Kind: Report, Title: "Sak", Minutes: 10}))(t)
		w.started(b, m, 7)
		d := got(w.Record(ctx, w.coord, DecisionDraft{Item: item, Title: "Sak", Text: "Ja.", Method: ByConsensus, Effects: []Effect{{Kind: Policy, Ref: "p1", Title: "Regel"}}}))(t)
		w.ok(w.SetApprovers(ctx, w.coord, m.ID, w.theMeeting(m.ID).Version, []network.PersonID{b.chair.Person, b.people[5].Person}))
		w.tick()
		id := got(w.Close(ctx, w.coord, m.ID, w.theMeeting(m.ID).Version))(t)
		w.approveAll(b, id)
		for _, sql := range strings.Split(`UPDATE decision SET text = 'Nei.'|DELETE FROM decision|UPDATE decision_force SET starts = 0|DELETE FROM decision_force
			|UPDATE decision_effect SET ref = 'p2'|DELETE FROM minutes|UPDATE minutes SET state = 'draft'|UPDATE minutes SET version = 9|DELETE FROM minutes_part
			|UPDATE minutes_part SET text = 'x'|UPDATE minutes_part SET hash = 'x'|UPDATE minutes_part SET text = '', salt = '', redacted = 0, reason = 'x'
			|UPDATE minutes_part SET text = '', salt = '', redacted = 1, reason = ''|UPDATE minutes_seal SET seal = ''|DELETE FROM minutes_seal
			|UPDATE minutes_version SET doc = '{}'|DELETE FROM minutes_version|UPDATE minutes_approval SET hash = ''|DELETE FROM minutes_approval
			|INSERT INTO minutes_part SELECT minutes, n + 100, name, visibility, salt, text, hash, redacted, reason FROM minutes_part`, "|") {
			err := w.db.Write(ctx, func(tx *storage.Tx) error { _, err := tx.Exec(ctx, sql); return err })
			if err == nil {
				t.Errorf("went through: %s", sql)
			}
		}
		w.ok(w.db.Write(ctx, func(tx *storage.Tx) error {
			return w.AddEffect(ctx, tx, d.ID, Effect{Kind: Policy, Ref: "p1", Title: "Regel"})
		}))
		w.is(fault.Conflict, w.db.Write(ctx, func(tx *storage.Tx) error {
			return w.AddEffect(ctx, tx, d.ID, Effect{Kind: Policy, Ref: "p1", Title: "Regel", Digest: [32]byte{1}})
		}))
		if on := got(w.EffectsOn(ctx, network.Actor{}, Policy, "p1"))(t); len(on) != 1 || on[0] != d.ID {
			t.Errorf("p1 comes from %v", on)
		}
	})
}

func TestWhatTimeBringsIsToldOnce(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		w, ctx := open(t, dsn), t.Context()
		b := w.board()
		told := func(key string) (n int) {
			w.read(func(ctx context.Context, tx *storage.Tx) {
				w.ok(tx.QueryRow(ctx, `SELECT COUNT(*) FROM notice WHERE key = $1`, key).Scan(&n))
			})
			return n
		}
		due := func() {
			w.ok(w.MeetingsDue(ctx))
			w.ok(w.MeetingsDue(ctx))
		}
		s := got(w.SaveSeries(ctx, w.coord, Series{Body: b.id, Name: "Ordinære", Rhythm: Weekly, Every: 4, Weekday: time.Wednesday, Clock: 20 * 60, Minutes: 60, ConvokeDays: 14}))(t)
		made := got(w.Generate(ctx, w.coord, s, 2))(t)
		if due(); told("notice.meeting.toconvene") != 2 { // the first, to the chair and the coordinator
			t.Errorf("%d were told to convene", told("notice.meeting.toconvene"))
		}
		w.ok(w.Convene(ctx, w.coord, made[0], 1))
		if due(); told("notice.meeting.today") != 8 {
			t.Errorf("%d were told that they meet today", told("notice.meeting.today"))
		}
		w.forward(8 * time.Hour)
		m := w.theMeeting(made[0])
		item := got(w.AddItem(ctx, w.coord, Item{Meeting: m.ID, Kind: Report, Title: "Sak", Minutes: 10}))(t)
		w.started(b, m, 7)
		got(w.Record(ctx, w.coord, DecisionDraft{Item: item, Title: "Sak", Text: "Ja.", Method: ByConsensus, Review: w.Now().AddDate(0, 3, 0)}))(t)
		w.ok(w.SetApprovers(ctx, w.coord, m.ID, w.theMeeting(m.ID).Version, []network.PersonID{b.chair.Person, b.people[5].Person}))
		w.tick()
		w.approveAll(b, got(w.Close(ctx, w.coord, m.ID, w.theMeeting(m.ID).Version))(t))
		if due(); told("notice.decision.review") != 0 {
			t.Error("a review three months away was told")
		}
		w.forward(40 * day)
		if due(); told("notice.decision.review") != 2 {
			t.Errorf("%d were told of a review", told("notice.decision.review"))
		}
	})
}

// TestPublicMinutesShowNothingNarrower: an item for the body alone is in public minutes by its place and its hash only, and so
// are the names that stand nowhere else.
func TestPublicMinutesShowNothingNarrower(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		const bird = "Kanarifugl"
		w, ctx := open(t, dsn), t.Context()
		b := w.board()
		x := w.raise(b.people[1], b.group, network.BodyOnly, bird+" intern sak").ID
		in := got(w.GiveInput(ctx, b.people[5], x, Giving{Text: bird + " sier", Name: bird + " Navn"}))(t)
		w.ok(w.WaiveInput(ctx, b.chair, x, "Spurt."))
		w.ok(w.Prepare(ctx, b.chair, x))
		m := w.convened(b, 14)
		item := got(w.AddItem(ctx, w.coord, Item{Meeting: m.ID, Kind: AboutTopic, Topic: x, Minutes: 10, Presenter: bird + " Foredrar"}))(t)
		w.started(b, m, 7)
		got(w.Record(ctx, w.coord, DecisionDraft{Item: item, Title: bird, Text: bird, Method: ByConsensus, Visibility: network.BodyOnly,
			Dispositions: []Disposed{{Input: in, Version: 1, Disposition: Adopted, Reason: bird}}}))(t)
		w.ok(w.SetApprovers(ctx, w.coord, m.ID, w.theMeeting(m.ID).Version, []network.PersonID{b.chair.Person, b.people[5].Person}))
		w.tick()
		id := got(w.Close(ctx, w.coord, m.ID, w.theMeeting(m.ID).Version))(t)
		w.approveAll(b, id)
		for _, v := range []any{got(w.Meeting(ctx, network.Actor{}, m.ID))(t), got(w.Minutes(ctx, network.Actor{}, id))(t), got(w.Archive(ctx, network.Actor{}, id))(t),
			got(w.Search(ctx, network.Actor{}, w.root, bird, nil, 10))(t), got(w.Decisions(ctx, network.Actor{}, DecisionFilter{Root: w.root}))(t)} {
			if s := got(jsonColumn(v))(t); strings.Contains(s, bird) {
				t.Errorf("%T shows the public %s", v, s)
			}
		}
		if s := got(jsonColumn(got(w.Archive(ctx, b.people[1], id))(t)))(t); !strings.Contains(s, bird+" Navn") || !strings.Contains(s, bird+" sier") {
			t.Error("the body doesn't see its own item")
		}
	})
}

// An effect that a decision named without its digest is that which it became; a policy or a form isn't filled in, nor anything twice.
func TestAnEffectsDigestIsFilledInOnce(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		w, ctx := open(t, dsn), t.Context()
		b := w.board()
		m := w.convened(b, 14)
		item := got(w.AddItem(ctx, w.coord, Item{Meeting: m.ID, Kind: Report, Title: "Sak", Minutes: 10}))(t)
		w.started(b, m, 7)
		d := got(w.Record(ctx, w.coord, DecisionDraft{Item: item, Title: "Sak", Text: "Ja.", Method: ByConsensus,
			Effects: []Effect{{Kind: Measure, Ref: "m1", Title: "Tiltak"}, {Kind: Policy, Ref: "p1", Title: "Regel"}}}))(t)
		add := func(kind EffectKind, ref string, digest byte) error {
			return w.db.Write(ctx, func(tx *storage.Tx) error {
				return w.AddEffect(ctx, tx, d.ID, Effect{Kind: kind, Ref: ref, Digest: [32]byte{digest}})
			})
		}
		w.ok(add(Measure, "m1", 7))
		w.ok(add(Measure, "m1", 7))
		w.is(fault.Conflict, add(Measure, "m1", 8))
		w.is(fault.Conflict, add(Policy, "p1", 7))
		for _, e := range got(w.Decision(ctx, w.coord, d.ID))(t).Effects {
			if e.Kind == Measure && (e.Digest != [32]byte{7} || !e.Named || e.Title != "Tiltak") {
				t.Errorf("the effect: %+v", e)
			}
		}
		if err := w.db.Write(ctx, func(tx *storage.Tx) error {
			_, err := tx.Exec(ctx, `UPDATE decision_effect SET digest = 'ff' WHERE kind = 'measure'`)
			return err
		}); err == nil {
			t.Error("an effect's digest was changed")
		}
	})
}
