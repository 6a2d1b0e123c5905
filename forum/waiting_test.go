package forum

import (
	"cmp"
	"context"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/samverk/samverk/internal/testkit"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/storage"
)

// TestWaitingAgainstAModel does what people do, in any order, and asks after each act what waits for everybody. The model
// reads every row there is and judges each by itself.
func TestWaitingAgainstAModel(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		w := open(t, dsn)
		m := newWaitingModel(w)
		m.first(t)
		for _, kind := range []WaitKind{
			WaitsInput, WaitsMinutes, WaitsMeeting, WaitsVote, WaitsAnswer, WaitsPlace, WaitsPrepare, WaitsSeal, WaitsSeat, WaitsInterest, WaitsCandidate, WaitsVacancy,
		} {
			if m.seen[kind] == 0 {
				t.Fatalf("nothing of kind %s waited", kind)
			}
		}
		checks(t, 3)
		rapid.Check(t, func(r *rapid.T) {
			acts := map[string]func(*rapid.T){"": m.check}
			for name, act := range map[string]func(*rapid.T){"raise": m.raise, "raise without a group": m.raiseNowhere, "ask": m.ask, "give": m.give, "lift": m.lift,
				"answer": m.answer, "prepare": m.prepare, "plan": m.plan, "open": m.openMeeting, "close": m.closeMeeting, "approve": m.approve, "circulate": m.circulate,
				"vote": m.vote, "reply": m.reply, "days go by": m.days, "term": m.term, "ties": m.ties, "come forward": m.comeForward, "answer who came forward": m.answerCandidate} {
				acts[name] = func(r *rapid.T) { w.tick(); act(r) }
			}
			r.Repeat(acts)
		})
	})
}

// waitingModel is the people of a small network, and what they have made.
type waitingModel struct {
	*world
	b        board
	people   []network.Actor
	seen     map[WaitKind]int
	topics   []TopicID
	meetings []MeetingID
	minutes  []MinutesID
	votes    []CirculationID
}

func newWaitingModel(w *world) *waitingModel {
	m := &waitingModel{world: w, b: w.board(), seen: map[WaitKind]int{}}
	m.people = append([]network.Actor{w.coord, w.plain, w.other, w.west.chair, w.west.patient, w.west.member, w.north.chair, w.north.member, {}}, m.b.people...)
	return m
}

// first leads to each kind of waiting once, so that none is left to chance.
func (m *waitingModel) first(t *testing.T) {
	ctx := t.Context()
	x := m.topicOf(m.west, "Sak")
	m.ok(m.AskInput(ctx, m.west.chair, x.ID, Asking{}))
	m.raiseNowhere(nil)
	m.of(t, m.people...)
	got(m.Lift(ctx, m.west.chair, m.topicOf(m.west, "Løftet").ID, Lifting{Body: m.b.id, Criteria: []string{"equal"}, Why: "Ulikt."}))(t)
	m.of(t, m.people...)
	m.forward(350 * day)
	m.of(t, m.people...)
	m.ok(m.network.ConfirmInterests(ctx, m.b.chair, m.root))
	meeting := m.convened(m.b, 14)
	m.ok(m.SetApprovers(ctx, m.coord, meeting.ID, m.theMeeting(meeting.ID).Version, []network.PersonID{m.b.chair.Person, m.b.people[5].Person}))
	m.started(m.b, m.theMeeting(meeting.ID), 6)
	m.of(t, m.people...)
	m.minutes = append(m.minutes, got(m.Close(ctx, m.coord, meeting.ID, m.theMeeting(meeting.ID).Version))(t))
	m.ok(m.network.End(ctx, m.coord, m.b.seats[2].Holding, m.Now().AddDate(0, 0, 40), "flytter"))
	got(m.network.Propose(ctx, m.b.chair, m.b.seats[2].ID, m.plain.Person, "Kan dette.", "nb"))(t)
	m.ok(m.circulated(10))
	m.of(t, m.people...)
}

func (m *waitingModel) topicOf(g group, title string) Topic {
	return m.world.raise(g.member, g, network.Public, title)
}

func pick[T any](r *rapid.T, of []T) (v T, ok bool) {
	if len(of) == 0 {
		return v, false
	}
	return rapid.SampledFrom(of).Draw(r, "which"), true
}

func (m *waitingModel) raise(r *rapid.T) {
	g := rapid.SampledFrom([]group{m.west, m.north, m.top, m.b.group}).Draw(r, "group")
	who := rapid.SampledFrom([]network.Actor{m.coord, m.plain, m.west.member, m.b.people[1]}).Draw(r, "who")
	v := rapid.SampledFrom([]network.Visibility{network.Public, network.NetworkOnly, network.BodyOnly}).Draw(r, "visibility")
	if t, err := m.Raise(m.t.Context(), who, Raising{Body: g.id, Title: "Sak", Text: "Tekst", Visibility: v}); err == nil {
		m.topics = append(m.topics, t.ID)
	}
}

func (m *waitingModel) raiseNowhere(*rapid.T) {
	if t, err := m.Raise(m.t.Context(), m.plain, Raising{Network: m.root, Title: "Hvem tar dette", Text: "?"}); err == nil {
		m.topics = append(m.topics, t.ID)
	}
}

func (m *waitingModel) ask(r *rapid.T) {
	if id, ok := pick(r, m.topics); ok {
		_ = m.AskInput(m.t.Context(), rapid.SampledFrom([]network.Actor{m.coord, m.west.chair, m.b.chair}).Draw(r, "who"), id, Asking{})
	}
}

func (m *waitingModel) give(r *rapid.T) {
	if id, ok := pick(r, m.topics); ok {
		_, _ = m.GiveInput(m.t.Context(), rapid.SampledFrom([]network.Actor{m.west.patient, m.b.people[5], m.b.people[7]}).Draw(r, "who"), id, Giving{Text: "Ja"})
	}
}

func (m *waitingModel) prepare(r *rapid.T) {
	if id, ok := pick(r, m.topics); ok {
		_ = m.WaiveInput(m.t.Context(), m.b.chair, id, "Haster.")
		_ = m.Prepare(m.t.Context(), m.coord, id)
	}
}

func (m *waitingModel) lift(r *rapid.T) {
	if id, ok := pick(r, m.topics); ok {
		_, _ = m.Lift(m.t.Context(), rapid.SampledFrom([]network.Actor{m.west.chair, m.north.chair}).Draw(r, "who"), id, Lifting{Body: m.b.id, Criteria: []string{"equal"}, Why: "Ulikt."})
	}
}

func (m *waitingModel) answer(r *rapid.T) {
	owed, err := m.Owed(m.t.Context(), network.Clock(), m.root, "", 5)
	m.ok(err)
	if o, ok := pick(r, owed); ok {
		_ = m.AnswerLift(m.t.Context(), m.coord, o.ID, Accepted, "")
	}
}

func (m *waitingModel) plan(r *rapid.T) {
	ctx := m.t.Context()
	id, err := m.Plan(ctx, m.coord, Meeting{Body: m.b.id, Starts: m.Now().AddDate(0, 0, rapid.IntRange(0, 80).Draw(r, "days")), Minutes: 60})
	m.ok(err)
	if rapid.Bool().Draw(r, "convened") {
		m.ok(m.Convene(ctx, m.coord, id, 1))
	}
	m.meetings = append(m.meetings, id)
}

func (m *waitingModel) openMeeting(r *rapid.T) {
	if id, ok := pick(r, m.meetings); ok {
		_ = m.Start(m.t.Context(), m.coord, id, m.theMeeting(id).Version)
	}
}

func (m *waitingModel) closeMeeting(r *rapid.T) {
	if id, ok := pick(r, m.meetings); ok {
		_ = m.SetApprovers(m.t.Context(), m.coord, id, m.theMeeting(id).Version, []network.PersonID{m.b.chair.Person, m.b.people[5].Person})
		if minutes, err := m.Close(m.t.Context(), m.coord, id, m.theMeeting(id).Version); err == nil {
			m.minutes = append(m.minutes, minutes)
		}
	}
}

func (m *waitingModel) approve(r *rapid.T) {
	if id, ok := pick(r, m.minutes); ok {
		who := rapid.SampledFrom([]network.Actor{m.b.chair, m.b.people[5]}).Draw(r, "who")
		if v, err := m.Minutes(m.t.Context(), who, id); err == nil {
			_, _ = m.Approve(m.t.Context(), who, id, v.Hash)
		}
	}
}

func (m *waitingModel) circulate(r *rapid.T) {
	_ = m.circulated(rapid.IntRange(2, 20).Draw(r, "days"))
}

func (m *waitingModel) circulated(days int) error {
	id, err := m.Circulate(m.t.Context(), m.coord, Circulation{Body: m.b.id, Deadline: m.Now().AddDate(0, 0, days),
		Draft: DecisionDraft{Title: "Forslag", Text: "Vi gjør det.", Lang: "nb"}}, []network.PersonID{m.b.chair.Person, m.b.people[1].Person})
	if err == nil {
		m.votes = append(m.votes, id)
	}
	return err
}

func (m *waitingModel) vote(r *rapid.T) {
	if id, ok := pick(r, m.votes); ok {
		i := rapid.IntRange(0, len(m.b.votes)-1).Draw(r, "seat")
		_ = m.AnswerCirculation(m.t.Context(), m.b.people[i], id, m.b.votes[i], For, "")
	}
}

func (m *waitingModel) reply(r *rapid.T) {
	if id, ok := pick(r, m.meetings); ok {
		_ = m.Reply(m.t.Context(), m.b.people[1], id, m.b.votes[1], rapid.SampledFrom(Attendings).Draw(r, "answer"), "")
	}
}

func (m *waitingModel) days(r *rapid.T) {
	m.forward(time.Duration(rapid.IntRange(1, 12).Draw(r, "days")) * day)
}

// term gives a member of the board an end, or a new term after it.
func (m *waitingModel) term(r *rapid.T) {
	ctx := m.t.Context()
	var seats []network.Held
	m.read(func(ctx context.Context, tx *storage.Tx) {
		seats = got(m.network.SeatsAt(ctx, tx, m.b.id, micros(m.Now())))(m.t)
	})
	s := rapid.SampledFrom(seats[1:5]).Draw(r, "seat")
	switch {
	case s.Person == "":
	case s.To.IsZero():
		_ = m.network.End(ctx, m.coord, s.Holding, m.Now().AddDate(0, 0, rapid.IntRange(10, 200).Draw(r, "days")), "flytter")
	default:
		_, _ = m.network.Renew(ctx, m.coord, s.Holding, time.Time{})
	}
}

func (m *waitingModel) ties(r *rapid.T) {
	_ = m.network.ConfirmInterests(m.t.Context(), rapid.SampledFrom(m.people[:8]).Draw(r, "who"), m.root)
}

// comeForward has the chair propose somebody for a seat of the board.
func (m *waitingModel) comeForward(r *rapid.T) {
	seat, who := rapid.SampledFrom(m.b.seats).Draw(r, "seat"), rapid.SampledFrom(m.people[:8]).Draw(r, "who")
	_, _ = m.network.Propose(m.t.Context(), m.b.chair, seat.ID, who.Person, "Kan dette.", "nb")
}

func (m *waitingModel) answerCandidate(r *rapid.T) {
	var all []network.Candidate
	m.read(func(ctx context.Context, tx *storage.Tx) {
		a := got(m.network.Access(ctx, tx, m.coord))(m.t)
		all = got(m.network.Candidates(ctx, tx, a, rapid.SampledFrom(m.b.seats).Draw(r, "seat").ID))(m.t)
	})
	if c, ok := pick(r, all); ok {
		_, _ = m.network.AnswerCandidate(m.t.Context(), m.coord, c.ID, "declined")
	}
}

// check asks what waits for some people, and works it out.
func (m *waitingModel) check(r *rapid.T) {
	m.of(r, rapid.SampledFrom(m.people).Draw(r, "reader"), rapid.SampledFrom(m.people).Draw(r, "reader"), m.coord, m.b.chair)
}

func (m *waitingModel) of(r interface{ Fatalf(string, ...any) }, people ...network.Actor) {
	for _, who := range people {
		have := got(m.Waiting(m.t.Context(), who, m.root))(m.t)
		var keys []string
		for i, x := range have.Waits {
			m.seen[x.Kind]++
			keys = append(keys, x.Key())
			if late := !x.Due.IsZero() && x.Due.Before(m.Now()) && x.Kind != WaitsMeeting; late != x.Late {
				r.Fatalf("%s is late: %v", x.Key(), x.Late)
			}
			if i > 0 && !x.Due.IsZero() && (have.Waits[i-1].Due.IsZero() || have.Waits[i-1].Due.After(x.Due)) {
				r.Fatalf("%s stands after %s", x.Key(), have.Waits[i-1].Key())
			}
		}
		slices.Sort(keys)
		if want := m.expected(who); !slices.Equal(keys, want) {
			r.Fatalf("for %s there waits\n%q, not\n%q", who.Person, keys, want)
		}
	}
}

// expected reads every row there is and says what waits for somebody; of each kind no more than the page shows.
func (m *waitingModel) expected(who network.Actor) []string {
	if who.Person == "" {
		return nil
	}
	e := expectation{m: m, who: who, now: m.Now()}
	m.read(func(ctx context.Context, tx *storage.Tx) {
		e.ctx, e.tx = ctx, tx
		e.a = got(m.network.Access(ctx, tx, who))(m.t)
		e.topics()
		e.meetings()
		e.minutes()
		e.votes()
		e.answers()
		e.seats()
		e.toFill()
	})
	slices.Sort(e.keys)
	return e.keys
}

type expectation struct {
	m    *waitingModel
	who  network.Actor
	a    network.Access
	now  time.Time
	ctx  context.Context
	tx   *storage.Tx
	keys []string
}

// due is a thing with the time it is ordered by.
type dueAt struct {
	key string
	at  int64
}

// add keeps the first of what waits of one kind.
func (e *expectation) add(most int, all []dueAt) {
	slices.SortStableFunc(all, func(x, y dueAt) int { return cmp.Compare(x.at, y.at) })
	for _, one := range all[:min(len(all), most)] {
		e.keys = append(e.keys, one.key)
	}
}

func (e *expectation) runs(b network.BodyID, n network.ID) bool {
	if tree, _ := e.m.network.Tree().Network(n); tree.Root != e.m.root {
		return false
	}
	return e.a.Coordinates(n) || slices.ContainsFunc(e.a.Seats, func(s network.Place) bool { return s.Body == b && s.Role == network.Chair })
}

func (e *expectation) patientIn(b network.BodyID) bool {
	return slices.ContainsFunc(e.a.Seats, func(s network.Place) bool { return s.Body == b && s.Sector == network.Patient })
}

// rows reads all that a query gives.
func rows[T any](e *expectation, query string, scan func(interface{ Scan(...any) error }) (T, error)) (out []T) {
	r := got(e.tx.Query(e.ctx, query))(e.m.t)
	defer r.Close()
	for r.Next() {
		out = append(out, got(scan(r))(e.m.t))
	}
	return out
}

func scanTopicOnly(r interface{ Scan(...any) error }) (Topic, error) { return scanTopic(r) }

func (e *expectation) topics() {
	type said struct{ topic, person string }
	given := rows(e, `SELECT topic, person FROM topic_input`, func(r interface{ Scan(...any) error }) (s said, err error) { return s, r.Scan(&s.topic, &s.person) })
	var asked, nowhere, over []dueAt
	for _, t := range rows(e, `SELECT `+topicColumns+` FROM topic t`, scanTopicOnly) {
		if t.Root != e.m.root || !sees(e.a, t) {
			continue
		}
		mine := slices.Contains(given, said{string(t.ID), string(e.who.Person)})
		switch {
		case t.State == InInput && t.InputUntil.After(e.now) && e.patientIn(t.Body) && !mine:
			asked = append(asked, dueAt{"input." + string(t.ID) + ".", micros(t.InputUntil)})
		case t.State == InInput && !t.InputUntil.After(e.now) && e.runs(t.Body, t.Network):
			over = append(over, dueAt{"prepare." + string(t.ID) + ".", micros(t.InputUntil)})
		case t.State == Raised && t.Body == "" && e.a.Coordinates(t.Network):
			nowhere = append(nowhere, dueAt{"place." + string(t.ID) + ".", micros(t.Raised)})
		}
	}
	e.add(waitRows, asked)
	e.add(waitRows, over)
	e.add(waitRows, nowhere)
}

func (e *expectation) meetings() {
	var out []dueAt
	for _, m := range rows(e, `SELECT `+meetingColumns+` FROM meeting m`, scanMeetingOnly) {
		seat := network.SeatID("")
		for _, s := range e.a.Seats {
			if s.Body == m.Body && (seat == "" || s.Role.Votes()) {
				seat = s.Seat
			}
		}
		soon := m.Starts.Before(e.now.Add(meetingAhead)) && !m.Starts.Before(e.now.Add(-day))
		if seat != "" && m.Root == e.m.root && soon && (m.State == Running || m.State == Convened) {
			key := "meeting." + string(m.ID) + "." + string(seat)
			if m.State == Convened && !m.Ends().After(e.now) {
				key = "" // past, and nobody opened it
			}
			out = append(out, dueAt{key, micros(m.Starts)})
		}
	}
	at := len(e.keys)
	e.add(meetingRows, out)
	e.keys = append(e.keys[:at], slices.DeleteFunc(e.keys[at:], func(k string) bool { return k == "" })...)
}

func scanMeetingOnly(r interface{ Scan(...any) error }) (Meeting, error) { return scanMeeting(r) }

func (e *expectation) minutes() {
	closed := map[MeetingID]bool{}
	for _, m := range rows(e, `SELECT `+meetingColumns+` FROM meeting m`, scanMeetingOnly) {
		closed[m.ID] = m.State == Over
	}
	var mine, others []dueAt
	for _, n := range rows(e, `SELECT `+minutesColumns+` FROM minutes n`, scanMinutes) {
		if n.Sealed || n.Root != e.m.root || n.Meeting != "" && !closed[n.Meeting] || !e.a.Sees(n.Scope()) {
			continue
		}
		people := got(e.m.approvers(e.ctx, e.tx, n))(e.m.t)
		_, hash, err := e.m.protocol(e.ctx, e.tx, n)
		e.m.ok(err)
		done := slices.ContainsFunc(got(e.m.approvals(e.ctx, e.tx, n.ID))(e.m.t), func(x Approval) bool { return x.Person == e.who.Person && x.Item == "" && x.Hash == hash })
		switch {
		case slices.Contains(people, e.who.Person) && !done:
			mine = append(mine, dueAt{"minutes." + string(n.ID) + ".", micros(n.Held)})
		case e.runs(n.Body, n.Network):
			others = append(others, dueAt{"seal." + string(n.ID) + ".", micros(n.Held)})
		}
	}
	e.add(waitRows, mine)
	e.add(waitRows, others)
}

func (e *expectation) votes() {
	type cast struct{ subject, seat string }
	ballots := rows(e, `SELECT subject, seat FROM ballot`, func(r interface{ Scan(...any) error }) (c cast, err error) { return c, r.Scan(&c.subject, &c.seat) })
	var out []dueAt
	for _, c := range rows(e, `SELECT `+circulationColumns+` FROM circulation c`, scanCirculation) {
		for _, s := range e.a.Seats {
			if c.State == CirculationOpen && c.Deadline.After(e.now) && c.Root == e.m.root && s.Body == c.Body && s.Role.Votes() && !slices.Contains(ballots, cast{string(c.ID), string(s.Seat)}) {
				out = append(out, dueAt{"vote." + string(c.ID) + "." + string(s.Seat), micros(c.Deadline)})
			}
		}
	}
	e.add(waitRows, out)
}

func (e *expectation) answers() {
	first := map[TopicID]dueAt{}
	for _, l := range rows(e, `SELECT `+liftColumns+` FROM topic_lift l ORDER BY l.due DESC, l.id DESC`, func(r interface{ Scan(...any) error }) (Lift, error) { return scanLift(r) }) {
		t := got(e.m.anyTopic(e.ctx, e.tx, l.Topic))(e.m.t)
		if l.Root == e.m.root && l.Answered.IsZero() && sees(e.a, t) && (e.a.In(t.Body) || e.a.Coordinates(t.Network)) {
			first[t.ID] = dueAt{"answer." + string(l.ID) + ".", micros(l.Due)}
		}
	}
	var out []dueAt
	for _, one := range first {
		out = append(out, one)
	}
	e.add(len(out), out)
}

func (e *expectation) seats() {
	type term struct {
		seat, person string
		from, to     int64
	}
	terms := rows(e, `SELECT seat, person, starts, ends FROM holding`, func(r interface{ Scan(...any) error }) (t term, err error) {
		return t, r.Scan(&t.seat, &t.person, &t.from, &t.to)
	})
	now, since, seated := micros(e.now), int64(0), false
	var out []dueAt
	for _, s := range e.a.Seats {
		if s.Root != e.m.root {
			continue
		}
		seated = true
		for _, t := range terms {
			if t.seat != string(s.Seat) || t.person != string(e.who.Person) || t.from > now || t.to != 0 && t.to <= now {
				continue
			}
			if since == 0 || t.from < since {
				since = t.from
			}
			renewed := slices.ContainsFunc(terms, func(x term) bool {
				return x.seat == t.seat && x.person == t.person && x.from == t.to && (x.to == 0 || x.to > x.from)
			})
			if t.to != 0 && !renewed && moment(t.to).Sub(e.now) <= seatAhead {
				out = append(out, dueAt{"seat.." + string(s.Seat), t.to})
			}
		}
	}
	e.add(len(out), out)
	if confirmed := got(e.m.network.Confirmed(e.ctx, e.tx, e.m.root, e.who.Person))(e.m.t); !confirmed.IsZero() {
		since = micros(confirmed)
	}
	if seated && moment(since).AddDate(1, 0, 0).Sub(e.now) <= tiesAhead {
		e.keys = append(e.keys, "interest..")
	}
}

// toFill is what coordinators are waited for with: candidates without an answer, by seat, and seats that nobody holds, all together.
func (e *expectation) toFill() {
	type seat struct{ id, body, net, root, role string }
	type holding struct {
		seat     string
		from, to int64
	}
	candidates := rows(e, `SELECT seat FROM candidate WHERE state = ''`, func(r interface{ Scan(...any) error }) (s string, err error) { return s, r.Scan(&s) })
	held := rows(e, `SELECT seat, starts, ends FROM holding`, func(r interface{ Scan(...any) error }) (h holding, err error) {
		return h, r.Scan(&h.seat, &h.from, &h.to)
	})
	vacant := false
	for _, s := range rows(e, `SELECT s.id, b.id, b.network, b.root, s.role FROM seat s JOIN body b ON b.id = s.body WHERE s.closed = 0 AND b.closed = 0`,
		func(r interface{ Scan(...any) error }) (s seat, err error) {
			return s, r.Scan(&s.id, &s.body, &s.net, &s.root, &s.role)
		}) {
		if s.root != string(e.m.root) || !e.a.Coordinates(network.ID(s.net)) {
			continue
		}
		if slices.Contains(candidates, s.id) {
			e.keys = append(e.keys, "candidate.."+s.id)
		}
		taken := slices.ContainsFunc(held, func(h holding) bool { return h.seat == s.id && (h.to == 0 || h.to > h.from && h.to > micros(e.now)) })
		vacant = vacant || !taken && (s.role == "chair" || s.role == "member")
	}
	if vacant {
		e.keys = append(e.keys, "vacancy..")
	}
}
