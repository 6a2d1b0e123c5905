package forum

import (
	"context"
	"flag"
	"fmt"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/samverk/samverk/internal/testkit"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/storage"
)

// The plain model of topics: what the rules say, without a database.
type (
	modelTopic struct {
		id      TopicID
		g       group
		state   State
		until   time.Time
		waived  bool
		title   string
		version int64
		history []string
		inputs  []*modelInput
		from    []*modelLift // lifted to it
	}
	modelInput struct {
		id       InputID
		version  int64
		disposed bool
	}
	modelLift struct {
		id     LiftID
		origin *modelTopic
		answer Answer
		made   bool
		due    time.Time
		told   bool
	}
	model struct {
		*world
		r      *rapid.T
		topics []*modelTopic
	}
)

func (m *model) can(x *modelTopic, to State) bool {
	if !slices.Contains(next[x.state], to) || x.state == Lifted { // what is lifted moves by what happens above
		return false
	}
	switch to {
	case Prepared, OnAgenda:
		return x.waived || x.g.patient.Person == "" || !x.until.IsZero() && !m.Now().Before(x.until)
	case Decided:
		return x.disposed()
	}
	return true
}

func (x *modelTopic) disposed() bool {
	for _, in := range x.inputs {
		if !in.disposed {
			return false
		}
	}
	for _, l := range x.from {
		if l.answer != Refused && !l.origin.disposed() {
			return false
		}
	}
	return true
}

func (x *modelTopic) event(kind string) { x.history = append(x.history, kind) }

func (x *modelTopic) move(to State) {
	x.state = to
	x.version++
	x.event("topic." + string(to))
	if to != Decided && to != Returned && to != Closed {
		return
	}
	for _, l := range x.from {
		switch {
		case l.answer == Refused:
		case to != Decided:
			x.refuse(l)
		default:
			if l.answer == Owing {
				x.accept(l)
			}
			l.origin.move(Decided)
		}
	}
}

func (x *modelTopic) accept(l *modelLift) {
	l.answer = Accepted
	x.event("lift.accepted")
	l.origin.event("lift.accepted")
}

func (x *modelTopic) refuse(l *modelLift) {
	l.answer = Refused
	x.event("lift.returned")
	l.origin.move(Returned)
}

// agree compares what the room did with what the model says it may.
func (m *model) agree(may bool, err error) bool {
	m.r.Helper()
	if may != (err == nil) {
		m.r.Fatalf("the model says %v, the room says %v", may, err)
	}
	return may
}

func (m *model) any() *modelTopic {
	if len(m.topics) == 0 {
		m.r.Skip("no topics")
	}
	return rapid.SampledFrom(m.topics).Draw(m.r, "topic")
}

func (m *model) raiseOne(*rapid.T) {
	g := rapid.SampledFrom([]group{m.top, m.west, m.north}).Draw(m.r, "body")
	t := m.raise(m.plain, g, network.Public, "Sak")
	m.topics = append(m.topics, &modelTopic{id: t.ID, g: g, state: Raised, title: t.Title, version: 1, history: []string{"topic.raised"}})
}

func (m *model) ask(*rapid.T) {
	x := m.any()
	may := x.state == InInput || m.can(x, InInput)
	if !m.agree(may, m.AskInput(m.t.Context(), x.g.chair, x.id, Asking{})) {
		return
	}
	until := m.whole(x.id).InputUntil
	if until.Before(x.until) || until.Before(m.Now().Add(14*day)) && !until.Equal(x.until) {
		m.r.Fatalf("asked until %s, %s before", until, x.until)
	}
	x.until, x.waived = until, false
	if x.state == InInput {
		x.event("topic.time")
	} else {
		x.move(InInput)
	}
}

func (m *model) waive(*rapid.T) {
	x := m.any()
	if m.agree(slices.Contains([]State{Raised, InInput, Prepared, Returned}, x.state), m.WaiveInput(m.t.Context(), x.g.chair, x.id, "Det haster.")) {
		x.waived = true
		x.version++
		x.event("topic.waived")
	}
}

func (m *model) give(*rapid.T) {
	x := m.any()
	id, err := m.GiveInput(m.t.Context(), m.plain, x.id, Giving{Text: "Innspill", AsPatient: true})
	if m.agree(!slices.Contains([]State{Decided, Merged, Closed}, x.state), err) {
		x.inputs = append(x.inputs, &modelInput{id: id, version: 1})
		x.event("topic.given")
	}
}

func (m *model) dispose(*rapid.T) {
	x := m.any()
	if len(x.inputs) == 0 {
		return
	}
	in := rapid.SampledFrom(x.inputs).Draw(m.r, "input")
	version := in.version - rapid.Int64Range(0, 1).Draw(m.r, "stale")
	if m.agree(version == in.version && x.state != Decided && x.state != Merged, m.Dispose(m.t.Context(), m.coord, in.id, version, Partly, "Delvis.")) {
		in.version++
		in.disposed = true
		x.event("topic.disposed")
	}
}

// step takes a topic to any state, as a meeting, a chair or a coordinator would: only next and the rules decide.
func (m *model) step(*rapid.T) {
	x := m.any()
	to := rapid.SampledFrom([]State{Raised, InInput, Prepared, OnAgenda, OnAgenda, Decided, Decided, Returned, Closed}).Draw(m.r, "to")
	err := m.act(m.t.Context(), m.coord, func(tx *storage.Tx, a network.Access) error {
		t, err := m.topic(m.t.Context(), tx, a, x.id)
		if err != nil {
			return err
		}
		return m.move(m.t.Context(), tx, m.coord, &t, to, nil)
	})
	if m.agree(m.can(x, to), err) {
		x.move(to)
	}
}

func (m *model) lift(*rapid.T) {
	x := m.any()
	if x.g.id == m.top.id {
		return
	}
	in, may := Lifting{Body: m.top.id, Criteria: []string{"equal"}, Why: "Ulikt."}, slices.Contains(next[x.state], Lifted)
	var to *modelTopic
	if above := m.above(); len(above) > 0 && rapid.Bool().Draw(m.r, "join") {
		to = rapid.SampledFrom(above).Draw(m.r, "into")
		in.Into = to.id
		may = may && slices.Contains([]State{Raised, InInput, Prepared, OnAgenda, Returned}, to.state)
	}
	id, err := m.Lift(m.t.Context(), x.g.chair, x.id, in)
	if !m.agree(may, err) {
		return
	}
	v := got(m.View(m.t.Context(), m.coord, m.root, x.id))(m.t)
	l := &modelLift{id: id, origin: x, made: to == nil, due: v.To[len(v.To)-1].Due}
	if to == nil {
		to = &modelTopic{id: v.To[len(v.To)-1].Topic, g: m.top, state: Raised, title: x.title, version: 1, history: []string{"topic.raised"}}
		m.topics = append(m.topics, to)
	}
	to.from = append(to.from, l)
	to.event("topic.joined")
	x.move(Lifted)
}

func (m *model) above() (out []*modelTopic) {
	for _, x := range m.topics {
		if x.g.id == m.top.id {
			out = append(out, x)
		}
	}
	return out
}

func (m *model) answer(*rapid.T) {
	x := m.any()
	if len(x.from) == 0 {
		return
	}
	l := rapid.SampledFrom(x.from).Draw(m.r, "lift")
	answer := rapid.SampledFrom([]Answer{Accepted, Refused}).Draw(m.r, "answer")
	if !m.agree(l.answer == Owing, m.AnswerLift(m.t.Context(), m.top.chair, l.id, answer, "Grunn.")) {
		return
	}
	if answer == Accepted {
		x.accept(l)
		return
	}
	x.refuse(l)
	if !slices.ContainsFunc(x.from, func(l *modelLift) bool { return l.answer != Refused }) &&
		slices.ContainsFunc(x.from, func(l *modelLift) bool { return l.made }) && m.can(x, Closed) {
		x.move(Closed)
	}
}

func (m *model) edit(*rapid.T) {
	x := m.any()
	version := x.version - rapid.Int64Range(0, 1).Draw(m.r, "stale")
	title := fmt.Sprintf("Sak %d", rapid.IntRange(0, 99).Draw(m.r, "title"))
	err := m.EditTopic(m.t.Context(), m.coord, x.id, TopicEdit{Version: version, Title: title, Text: "b", Lang: "nb", Visibility: network.Public})
	if m.agree(version == x.version && !slices.Contains([]State{Decided, Merged, Closed, Lifted}, x.state), err) {
		x.title = title
		x.version++
		x.event("topic.edited")
	}
}

func (m *model) merge(*rapid.T) {
	x, to := m.any(), m.any()
	active := func(l *modelLift) bool { return l.answer != Refused }
	may := x != to && slices.Contains(next[x.state], Merged) && !slices.Contains([]State{Decided, Merged, Closed, Lifted}, to.state) &&
		(!slices.ContainsFunc(x.from, active) || x.g.network == to.g.network)
	if !m.agree(may, m.Merge(m.t.Context(), m.coord, x.id, to.id)) {
		return
	}
	to.inputs, x.inputs = append(to.inputs, x.inputs...), nil
	for _, l := range x.from {
		if active(l) {
			to.from = append(to.from, l)
		}
	}
	x.from = slices.DeleteFunc(x.from, active)
	to.event("topic.took")
	x.move(Merged)
}

func (m *model) wait(*rapid.T) {
	m.forward(time.Duration(rapid.IntRange(0, 40).Draw(m.r, "days")) * day)
	m.ok(m.TopicsDue(m.t.Context()))
	for _, x := range m.topics {
		for _, l := range x.from {
			if l.answer == Owing && !l.told && m.Now().After(l.due) {
				l.told = true
				x.event("lift.overdue")
				l.origin.event("lift.overdue")
			}
		}
	}
}

// check compares everything, and looks at the rules themselves in the tables.
func (m *model) check(*rapid.T) {
	m.read(func(ctx context.Context, tx *storage.Tx) {
		for _, x := range m.topics {
			t := got(m.anyTopic(ctx, tx, x.id))(m.t)
			if t.State != x.state || t.Title != x.title || t.Version != x.version {
				m.r.Fatalf("%s is %s %q %d, the model says %s %q %d", x.id, t.State, t.Title, t.Version, x.state, x.title, x.version)
			}
			var kinds []string
			for _, e := range got(m.history(ctx, tx, string(x.id)))(m.t) {
				kinds = append(kinds, e.Kind)
			}
			if d := cmp.Diff(x.history, kinds); d != "" {
				m.r.Fatalf("history of %s: %s", x.id, d)
			}
			m.rules(ctx, tx, t)
		}
	})
}

func (m *model) rules(ctx context.Context, tx *storage.Tx, t Topic) {
	if t.State == OnAgenda && t.InputWaived == "" && (t.InputUntil.IsZero() || m.Now().Before(t.InputUntil)) && got(m.hasPatientSeats(ctx, tx, t.Body))(m.t) {
		m.r.Fatalf("%s is on an agenda and its patients weren't heard", t.ID)
	}
	if t.State == Decided && m.disposed(ctx, tx, t) != nil {
		m.r.Fatalf("%s is decided and an input lacks its disposition", t.ID)
	}
	if t.State != Lifted {
		return
	}
	lifts := got(m.liftsFrom(ctx, tx, t.ID))(m.t)
	last := lifts[len(lifts)-1]
	if last.Answer == Refused || last.Due.IsZero() {
		m.r.Fatalf("%s is lifted and nobody owes it an answer", t.ID)
	}
}

func TestTopicsFollowTheModel(t *testing.T) {
	if os.Getenv("SAMVERK_LONG") != "1" {
		was := flag.Lookup("rapid.checks").Value.String()
		if err := flag.Set("rapid.checks", "12"); err != nil {
			t.Fatal(err)
		}
		defer func() { _ = flag.Set("rapid.checks", was) }()
	}
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		w := open(t, dsn)
		rapid.Check(t, func(r *rapid.T) {
			m := &model{world: w, r: r}
			r.Repeat(map[string]func(*rapid.T){
				"raise": m.raiseOne, "ask": m.ask, "waive": m.waive, "give": m.give, "dispose": m.dispose, "step": m.step, "step again": m.step,
				"lift": m.lift, "answer": m.answer, "edit": m.edit, "merge": m.merge, "wait": m.wait, "": m.check,
			})
		})
	})
}
