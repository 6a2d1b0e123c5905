package forum

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/internal/testkit"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/storage"
)

// TestDecisionsAgainstAModel does what people do in meetings, in any order, beside a plain model: a list of who sits where. The
// model knows the board's rules by heart and counts for itself.
func TestDecisionsAgainstAModel(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		w := open(t, dsn)
		checks(t, 4)
		taken, back, sealed := 0, 0, 0
		rapid.Check(t, func(r *rapid.T) {
			m := newMeetingModel(w)
			defer func() { taken += len(m.order); back += len(m.order) - len(m.standing()); sealed += m.sealed }()
			r.Repeat(map[string]func(*rapid.T){"": m.check, "act": m.act})
		})
		if t.Logf("%d decisions, %d taken back, %d minutes sealed", taken, back, sealed); long() && (taken == 0 || back == 0) {
			t.Error("nothing was decided, or nothing taken back: the acts don't lead there")
		}
	})
}

// act does one of the things that can be done now. There is always one: without a meeting one can meet, and in it one can come.
func (m *meetingModel) act(r *rapid.T) {
	m.w.tick()
	meets, about := m.meeting != "", slices.ContainsFunc(m.items, func(i *modelItem) bool { return i.topic != "" })
	acts := map[string]func(*rapid.T){}
	for _, one := range []struct {
		name string
		may  bool
		do   func(*rapid.T)
	}{
		{"meet", !meets, m.meet}, {"item", meets && len(m.items) <= 4, m.item}, {"come", meets, m.come}, {"stand", meets, m.stand}, {"leave", meets, m.leave}, {"lead", meets, m.lead},
		{"recuse", meets && len(m.items) > 0, m.recuse}, {"input", meets && about, m.input}, {"decide", meets && len(m.items) > 0, m.decideIt}, {"decide again", meets && len(m.items) > 0, m.decideIt}, {"annul", len(m.standing()) > 0, m.annul},
		{"close", meets, m.close}, {"approve", m.has(false), m.approveIt}, {"replace", m.has(false), m.replace}, {"edit", len(m.minutes) > 0, m.edit},
		{"correct", m.has(true), m.correct}, {"redact", m.has(true), m.redact},
	} {
		if one.may {
			acts[one.name] = one.do
		}
	}
	acts[rapid.SampledFrom(slices.Sorted(maps.Keys(acts))).Draw(r, "act")](r)
}

func (m *meetingModel) has(sealed bool) bool {
	return slices.ContainsFunc(m.minutes, func(x *modelMinutes) bool { return (x.sealed != "") == sealed })
}

// checks says how many times a random test runs; SAMVERK_LONG=1 runs it thirty times as often.
func checks(t *testing.T, n int) {
	t.Helper()
	if long() {
		n *= 30
	}
	was := flag.Lookup("rapid.checks").Value.String()
	if err := flag.Set("rapid.checks", strconv.Itoa(n)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = flag.Set("rapid.checks", was) })
}

func long() bool { return os.Getenv("SAMVERK_LONG") == "1" }

// meetingModel is what the test believes.
type meetingModel struct {
	w       *world
	b       board
	meeting MeetingID
	items   []*modelItem
	sits    [7]int // who is in each voting seat: -1 nobody, 0 its holder, 1 the patients' deputy
	sat     [7]int // who was there last, the same way
	leader  int
	decided map[DecisionID]*modelDecision
	order   []DecisionID
	minutes []*modelMinutes
	given   map[InputID]int64 // the version of each input
	events  int64
	spareIn bool
	sealed  int
}

type modelItem struct {
	id      ItemID
	topic   TopicID
	inputs  []InputID // without a disposition
	was     []InputID // before the decision
	recused [8]bool   // by place in the board
	done    bool
}

type modelDecision struct {
	text       string
	item       ItemID
	meeting    MeetingID
	supersedes DecisionID
	approved   bool
	annulled   bool
}

// kin are the editions of the same minutes, and how many names were taken out of them.
type kin struct {
	editions []*modelMinutes
	redacted int
}

type modelMinutes struct {
	id        MinutesID
	meeting   MeetingID
	version   int64
	sealed    string
	doc       string
	kin       *kin
	corrected bool
	decisions []DecisionID
	led       int          // by whom, as a place in the board; -1: nobody
	approvers map[int]bool // places in the board
}

func newMeetingModel(w *world) *meetingModel {
	m := &meetingModel{w: w, b: w.board(), decided: map[DecisionID]*modelDecision{}, given: map[InputID]int64{}}
	m.empty()
	return m
}

func (m *meetingModel) empty() {
	m.meeting, m.items, m.leader, m.spareIn = "", nil, 0, false
	for i := range m.sits {
		m.sits[i], m.sat[i] = -1, -1
	}
}

// sitting notes who is in a seat.
func (m *meetingModel) sitting(seat, who int) {
	if m.sits[seat] = who; who >= 0 {
		m.sat[seat] = who
	}
}

// person gives the place in the board of who is in a seat.
func person(seat, who int) int {
	if who == 1 {
		return 7
	}
	return seat
}

func (m *meetingModel) ctx() context.Context { return m.w.t.Context() }

// refused ends the test unless the act failed in one of these ways.
func refused(r *rapid.T, err error, kinds ...fault.Kind) {
	if err == nil || !slices.Contains(kinds, fault.KindOf(err)) {
		r.Fatalf("%v, and a failure of kind %v was expected", err, kinds)
	}
}

func fine(r *rapid.T, err error) {
	if err != nil {
		var e *fault.Error
		_ = errors.As(err, &e)
		r.Fatalf("%v (%+v)", err, e)
	}
}

func (m *meetingModel) meet(r *rapid.T) {
	w := m.w
	id, err := w.Plan(m.ctx(), w.coord, Meeting{Body: m.b.id, Starts: w.Now(), Minutes: 60})
	fine(r, err)
	fine(r, w.Convene(m.ctx(), w.coord, id, 1))
	refused(r, w.Convene(m.ctx(), w.coord, id, 1), fault.Conflict)
	fine(r, w.SetApprovers(m.ctx(), w.coord, id, w.theMeeting(id).Version, []network.PersonID{m.b.chair.Person, m.b.people[5].Person}))
	refused(r, w.Start(m.ctx(), w.coord, id, 1), fault.Conflict)
	fine(r, w.Start(m.ctx(), w.coord, id, w.theMeeting(id).Version))
	m.meeting = id
	for s := range m.sits {
		if w.tick(); rapid.IntRange(0, 4).Draw(r, "comes") > 0 {
			fine(r, w.Arrive(m.ctx(), w.coord, Arrival{Meeting: id, Seat: m.b.votes[s]}))
			m.sitting(s, 0)
		}
	}
	m.item(r)
	m.item(r)
	for _, i := range w.items(id) { // carried over
		if !slices.ContainsFunc(m.items, func(x *modelItem) bool { return x.id == i.ID }) {
			m.items = append(m.items, &modelItem{id: i.ID, topic: i.Topic, inputs: m.open(i.Topic)})
		}
	}
}

func (m *meetingModel) open(topic TopicID) (out []InputID) {
	if topic == "" {
		return nil
	}
	all, err := m.w.Inputs(m.ctx(), m.w.coord, topic)
	if err != nil {
		m.w.t.Fatal(err)
	}
	for _, in := range all {
		if in.Disposition == Undisposed {
			m.given[in.ID] = in.Version
			out = append(out, in.ID)
		}
	}
	return out
}

func (m *meetingModel) item(r *rapid.T) {
	i := Item{Meeting: m.meeting, Kind: Report, Title: "Sak", Minutes: 5}
	if rapid.Bool().Draw(r, "topic") {
		i.Kind, i.Topic = AboutTopic, m.w.prepared(m.b, fmt.Sprint("Sak ", len(m.items)))
	}
	id, err := m.w.AddItem(m.ctx(), m.w.coord, i)
	fine(r, err)
	m.items = append(m.items, &modelItem{id: id, topic: i.Topic})
}

func (m *meetingModel) any(r *rapid.T) *modelItem { return rapid.SampledFrom(m.items).Draw(r, "item") }

func (m *meetingModel) seat(r *rapid.T) int { return rapid.IntRange(0, 6).Draw(r, "seat") }

func (m *meetingModel) come(r *rapid.T) {
	s := m.seat(r)
	err := m.w.Arrive(m.ctx(), m.b.people[s], Arrival{Meeting: m.meeting, Seat: m.b.votes[s]})
	if m.sits[s] == 0 {
		refused(r, err, fault.Conflict)
		return
	}
	fine(r, err)
	if m.sits[s] == 1 {
		m.spareIn = false
	}
	m.sitting(s, 0)
}

func (m *meetingModel) stand(r *rapid.T) {
	s := m.seat(r)
	err := m.w.Arrive(m.ctx(), m.w.coord, Arrival{Meeting: m.meeting, Seat: m.b.votes[s], Deputy: m.b.deputy})
	if s < 5 || m.sits[s] >= 0 || m.spareIn {
		refused(r, err, fault.Conflict)
		return
	}
	fine(r, err)
	m.sitting(s, 1)
	m.spareIn = true
}

func (m *meetingModel) leave(r *rapid.T) {
	s := m.seat(r)
	if m.sits[s] < 0 || rapid.Bool().Draw(r, "stays") {
		return
	}
	fine(r, m.w.Depart(m.ctx(), m.w.coord, m.meeting, m.w.thereIs(m.meeting, m.b.votes[s]), time.Time{}))
	if m.sits[s] == 1 {
		m.spareIn = false
	}
	m.sits[s] = -1
}

func (m *meetingModel) lead(r *rapid.T) {
	s := m.seat(r)
	err := m.w.Lead(m.ctx(), m.w.coord, m.meeting, m.b.votes[s])
	if m.sits[s] < 0 {
		refused(r, err, fault.Conflict)
		return
	}
	fine(r, err)
	m.leader = s
}

func (m *meetingModel) recuse(r *rapid.T) {
	i := m.any(r)
	p := rapid.IntRange(0, 7).Draw(r, "person")
	off := rapid.Bool().Draw(r, "dismiss")
	act := m.w.Recuse
	if off {
		act = m.w.DismissRecusal
	}
	err := act(m.ctx(), m.w.coord, i.id, m.b.people[p].Person, "Tilknytning.")
	if i.done {
		refused(r, err, fault.Conflict)
		return
	}
	fine(r, err)
	i.recused[p] = !off
}

func (m *meetingModel) input(r *rapid.T) {
	i := m.any(r)
	if i.topic == "" {
		return
	}
	in, err := m.w.GiveInput(m.ctx(), m.b.people[6], i.topic, Giving{Text: "Husk oss."})
	if i.done {
		refused(r, err, fault.Conflict)
		return
	}
	fine(r, err)
	m.given[in] = 1
	i.inputs = append(i.inputs, in)
}

// quorate counts for itself: at least half of the seats that aren't recused, two patients, and a leader who takes part and is
// not from industry.
func (m *meetingModel) quorate(i *modelItem) (held bool, counts [7]bool) {
	present, of, patients := 0, 0, 0
	for s := range m.sits {
		who := s
		if m.sits[s] == 1 {
			who = 7
		}
		gone := m.sits[s] < 0
		if gone && i.recused[s] || !gone && i.recused[who] {
			continue // recused
		}
		of++
		if gone {
			continue
		}
		counts[s] = true
		present++
		if s >= 5 {
			patients++
		}
	}
	return 2*present >= of && present > 0 && patients >= 2 && counts[m.leader] && m.leader != 4, counts
}

func (m *meetingModel) decideIt(r *rapid.T) {
	i := m.any(r)
	held, counts := m.quorate(i)
	draft := DecisionDraft{Item: i.id, Title: "Vedtak", Text: fmt.Sprint("Tekst ", len(m.order)), Method: ByConsensus}
	dispose := rapid.Bool().Draw(r, "dispose")
	if dispose {
		for _, in := range i.inputs {
			draft.Dispositions = append(draft.Dispositions, Disposed{Input: in, Version: m.given[in], Disposition: Partly, Reason: "Delvis."})
		}
	}
	carried, wrong, missing := true, false, false
	if rapid.IntRange(0, 2).Draw(r, "method") == 0 {
		draft.Method, draft.Votes = ByVote, map[network.SeatID]Vote{}
		votes, chair := 0, false
		for s := range m.sits {
			v := rapid.SampledFrom([]Vote{For, For, For, For, For, For, Against, Against, Abstains, Abstains, ""}).Draw(r, "vote")
			if v == "" && counts[s] {
				missing = true
			}
			if v == "" || !counts[s] && rapid.IntRange(0, 9).Draw(r, "wrong") > 0 {
				continue
			}
			draft.Votes[m.b.votes[s]] = v
			wrong = wrong || !counts[s]
			switch v {
			case For:
				votes++
				chair = chair || s == m.leader
			case Against:
				votes--
			}
		}
		carried = votes > 0 || votes == 0 && chair
	}
	var over DecisionID
	for _, id := range m.standing() {
		if m.decided[id].supersedes == "" && rapid.IntRange(0, 3).Draw(r, "supersede") == 0 {
			over = id
		}
	}
	taken := over != "" && m.superseded(over)
	if over != "" {
		draft.Supersedes = []DecisionID{over}
	}
	d, err := m.w.Record(m.ctx(), m.w.coord, draft)
	if i.done || !held || !dispose && len(i.inputs) > 0 || !carried || wrong || missing || taken {
		refused(r, err, fault.Conflict)
		return
	}
	fine(r, err)
	if !d.Record.Roll.Quorum.Held {
		r.Fatal("a decision was taken without quorum")
	}
	for _, in := range i.inputs {
		m.given[in]++
	}
	i.done, i.was, i.inputs = true, i.inputs, nil
	m.decided[d.ID] = &modelDecision{text: draft.Text, supersedes: over, item: i.id, meeting: m.meeting}
	m.order = append(m.order, d.ID)
}

// standing are the decisions that were not taken back.
func (m *meetingModel) standing() []DecisionID {
	return slices.DeleteFunc(slices.Clone(m.order), func(id DecisionID) bool { return m.decided[id].annulled })
}

func (m *meetingModel) superseded(old DecisionID) bool {
	return slices.ContainsFunc(m.standing(), func(id DecisionID) bool { return m.decided[id].supersedes == old })
}

// annul takes a decision back: only in the meeting that took it, while that runs, and only one that nothing took the place of.
func (m *meetingModel) annul(r *rapid.T) {
	id := rapid.SampledFrom(m.standing()).Draw(r, "decision")
	d := m.decided[id]
	late := int64(rapid.IntRange(0, 3).Draw(r, "late") / 3)
	err := m.w.Annul(m.ctx(), m.w.coord, Annulment{Decision: id, Version: m.w.theItem(d.item).Version - late, Reason: "Feil."})
	if d.meeting != m.meeting || m.superseded(id) || late > 0 {
		refused(r, err, fault.Conflict)
		return
	}
	fine(r, err)
	d.annulled = true
	i := m.items[slices.IndexFunc(m.items, func(i *modelItem) bool { return i.id == d.item })]
	for _, in := range i.was {
		m.given[in]++
	}
	i.done, i.inputs = false, i.was
	if open := m.open(i.topic); !slices.Equal(open, i.inputs) {
		r.Fatalf("after the decision was taken back %v lack their disposition, and before it did %v", open, i.inputs)
	}
}

func (m *meetingModel) close(r *rapid.T) {
	if rapid.IntRange(0, 3).Draw(r, "over") > 0 {
		return
	}
	version := m.w.theMeeting(m.meeting).Version
	_, err := m.w.Close(m.ctx(), m.w.coord, m.meeting, version-1)
	refused(r, err, fault.Conflict)
	id, err := m.w.Close(m.ctx(), m.w.coord, m.meeting, version)
	fine(r, err)
	one := &modelMinutes{id: id, meeting: m.meeting, version: 1, led: -1, approvers: map[int]bool{0: true, 5: true}, kin: &kin{}}
	one.kin.editions = append(one.kin.editions, one)
	if who := m.sat[m.leader]; who >= 0 {
		one.led = person(m.leader, who)
		one.approvers[one.led] = true
	}
	for _, d := range m.standing() {
		if m.decided[d].meeting == m.meeting {
			one.decisions = append(one.decisions, d)
		}
	}
	m.minutes = append(m.minutes, one)
	m.empty()
}

func (m *meetingModel) decision(id DecisionID) Decision {
	v, err := m.w.Decision(m.ctx(), m.w.coord, id)
	if err != nil {
		m.w.t.Fatal(err)
	}
	return v.Decision
}

func (m *meetingModel) some(r *rapid.T, sealed bool) *modelMinutes {
	var all []*modelMinutes
	for _, x := range m.minutes {
		if (x.sealed != "") == sealed {
			all = append(all, x)
		}
	}
	return rapid.SampledFrom(all).Draw(r, "minutes")
}

func (m *meetingModel) approveIt(r *rapid.T) {
	x := m.some(r, false)
	hash := m.view(r, x.id).Hash
	first := slices.Min(slices.Collect(maps.Keys(x.approvers)))
	_, err := m.w.Approve(m.ctx(), m.b.people[first], x.id, "00"+hash[2:])
	if hash[:2] != "00" {
		refused(r, err, fault.Conflict)
	}
	for p, who := range m.b.people {
		_, err := m.w.Approve(m.ctx(), who, x.id, hash)
		if x.approvers[p] {
			fine(r, err)
		} else {
			refused(r, err, fault.Denied)
		}
	}
	x.sealed = m.view(r, x.id).Seal.Seal
	x.doc = m.text(r, x.id)
	if x.sealed == "" {
		r.Fatal("approved by all, the minutes aren't sealed")
	}
	m.sealed++
	for _, d := range x.decisions {
		m.decided[d].approved = true
	}
}

func (m *meetingModel) replace(r *rapid.T) {
	x := m.some(r, false)
	from, to := rapid.SampledFrom(slices.Sorted(maps.Keys(x.approvers))).Draw(r, "from"), rapid.IntRange(0, 7).Draw(r, "to")
	err := m.w.ReplaceApprover(m.ctx(), m.w.coord, Replacement{Minutes: x.id, Version: x.version, Old: m.b.people[from].Person, New: m.b.people[to].Person, Why: "Syk."})
	if from == x.led || x.approvers[to] {
		refused(r, err, fault.Invalid)
		return
	}
	fine(r, err)
	x.version++
	delete(x.approvers, from) // of a meeting only one edition is open
	x.approvers[to] = true
}

func (m *meetingModel) view(r *rapid.T, id MinutesID) MinutesView {
	v, err := m.w.Minutes(m.ctx(), m.w.coord, id)
	fine(r, err)
	return v
}

func (m *meetingModel) text(r *rapid.T, id MinutesID) string {
	s, err := jsonColumn(m.view(r, id).Parts)
	fine(r, err)
	return s
}

func (m *meetingModel) edit(r *rapid.T) {
	x := rapid.SampledFrom(m.minutes).Draw(r, "minutes")
	from := x.version - int64(rapid.IntRange(0, 1).Draw(r, "late"))
	err := m.w.EditMinutes(m.ctx(), m.w.coord, MinutesEdit{Minutes: x.id, Version: from, Note: fmt.Sprint("Merknad ", m.w.Now().UnixMicro())})
	if x.sealed != "" || from != x.version {
		refused(r, err, fault.Conflict)
		return
	}
	fine(r, err)
	x.version++
}

func (m *meetingModel) correct(r *rapid.T) {
	x := m.some(r, true)
	id, err := m.w.Correct(m.ctx(), m.w.coord, x.id, "Skrivefeil.")
	if x.corrected {
		refused(r, err, fault.Conflict)
		return
	}
	fine(r, err)
	x.corrected = true
	next := &modelMinutes{id: id, meeting: x.meeting, version: 1, led: x.led, approvers: maps.Clone(x.approvers), kin: x.kin}
	x.kin.editions = append(x.kin.editions, next)
	m.minutes = append(m.minutes, next)
}

func (m *meetingModel) redact(r *rapid.T) {
	x := m.some(r, true)
	part := fmt.Sprint("person/", x.kin.redacted)
	fine(r, m.w.Redact(m.ctx(), m.w.coord, x.id, part, "På anmodning."))
	x.kin.redacted++
	for _, y := range x.kin.editions {
		if y.sealed == "" {
			y.version++ // it is approved anew
			continue
		}
		y.doc = m.text(r, y.id)
	}
	if x.kin.redacted == 7 {
		m.minutes = slices.DeleteFunc(m.minutes, func(y *modelMinutes) bool { return x.kin == y.kin })
	}
}

// check holds what is true after every act.
func (m *meetingModel) check(r *rapid.T) {
	for _, x := range m.minutes {
		if x.sealed == "" {
			continue
		}
		v, err := m.w.Verify(m.ctx(), m.w.coord, x.id)
		fine(r, err)
		if !v.Holds || v.Seal.Seal != x.sealed || m.text(r, x.id) != x.doc {
			r.Fatalf("sealed minutes changed: %+v", v)
		}
	}
	register, err := m.w.Decisions(m.ctx(), m.w.coord, DecisionFilter{Root: m.w.root, Body: m.b.id, Limit: 500})
	if fine(r, err); len(register) != len(m.standing()) {
		r.Fatalf("the register has %d decisions, want %d", len(register), len(m.standing()))
	}
	for n, id := range m.order {
		if m.decided[id].annulled {
			_, err := m.w.Decision(m.ctx(), m.w.coord, id)
			refused(r, err, fault.NotFound)
			continue
		}
		d := m.decision(id)
		if want := fmt.Sprintf("2026-%02d", n+1); d.Number != want || d.Text != m.decided[id].text || !d.Approved.IsZero() != m.decided[id].approved {
			r.Fatalf("decision %s of %+v, want number %s", d.Number, d, want)
		}
		if by := d.SupersededBy; by != "" && slices.Index(m.order, by) <= n {
			r.Fatal("a decision is superseded by an older one")
		}
		if m.superseded(id) != (d.SupersededBy != "") {
			r.Fatalf("decision %s is superseded by %q", d.Number, d.SupersededBy)
		}
	}
	for _, x := range m.minutes {
		m.checkMinutes(r, x)
	}
	var events int64
	m.w.read(func(ctx context.Context, tx *storage.Tx) {
		fine(r, tx.QueryRow(ctx, `SELECT COUNT(*) FROM forum_event`).Scan(&events))
	})
	if events < m.events {
		r.Fatal("history shrank")
	}
	m.events = events
}

// checkMinutes: minutes give the decisions that stand and tell of those that were taken back, as far as nothing is redacted.
func (m *meetingModel) checkMinutes(r *rapid.T, x *modelMinutes) {
	back := 0
	for _, i := range m.view(r, x.id).Protocol.Items {
		back += len(i.Annulled)
		for _, d := range i.Decisions {
			if m.decided[d.ID].annulled {
				r.Fatalf("the minutes give decision %s, that was taken back", d.Number)
			}
		}
	}
	want := 0
	for _, d := range m.decided {
		if d.annulled && d.meeting == x.meeting {
			want++
		}
	}
	if back != want {
		r.Fatalf("the minutes tell of %d decisions that were taken back, want %d", back, want)
	}
}
