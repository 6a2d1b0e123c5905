package network

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/internal/testkit"
	"github.com/samverk/samverk/storage"
)

// modelTerm is a term as the plain model keeps it.
type modelTerm struct {
	id       HoldingID
	seat     int
	person   int
	from, to time.Time // zero to: until further notice
}

func (m modelTerm) void() bool { return !m.to.IsZero() && !m.to.After(m.from) }

func (m modelTerm) at(t time.Time) bool {
	return !m.from.After(t) && (m.to.IsZero() || m.to.After(t))
}

func (m modelTerm) meets(from, to time.Time) bool {
	return !m.void() && (to.IsZero() || m.from.Before(to)) && (m.to.IsZero() || from.Before(m.to))
}

// modelSeat is a seat of one of two bodies.
type modelSeat struct {
	id     SeatID
	body   int
	role   Role
	closed bool
}

// model says who holds what when, without a database.
type model struct {
	*world
	seats  []modelSeat
	people []PersonID
	bodies []BodyID
	terms  []modelTerm
	past   map[string]int // what was once true of the past: seat and time → person
}

func newModel(w *world, n int) *model {
	w.root, w.coord = w.tenant2("empty", fmt.Sprintf("m%d", n))
	m := &model{world: w, past: map[string]int{}}
	for range 4 {
		m.people = append(m.people, w.person("Nils Ahl"))
	}
	m.bodies = []BodyID{w.body(w.root, Secretariat).ID, must(w.AddBody(ctx, w.coord, Body{Network: w.root, Kind: WorkingGroup, Name: Text{SV: "B"}, Mandate: Advises, Visibility: BodyOnly}))(w.t)}
	for _, s := range w.seats(m.bodies[0], w.Now()) {
		if s.Person == "" { // the coordinator keeps theirs
			m.seats = append(m.seats, modelSeat{id: s.ID, body: 0, role: s.Role})
		}
	}
	for _, role := range []Role{Chair, Member, Deputy} {
		m.seats = append(m.seats, modelSeat{id: must(w.AddSeat(ctx, w.coord, Seat{Body: m.bodies[1], Role: role, Sector: Patient}))(w.t), body: 1, role: role})
	}
	return m
}

// tenant2 sets an empty tenant up.
func (w *world) tenant2(template, slug string) (ID, Actor) {
	op := Actor{Person: must(w.AddOperator(ctx, "Karin Ek", "sv"))(w.t)}
	return must(w.Setup(ctx, op, SetUp{Template: template, Slug: slug, Name: Text{EN: slug}}))(w.t), op
}

// refusal says why a term can't be given, as the rules say.
func (m *model) refusal(seat, person int, from, to time.Time) fault.Kind {
	now := m.Now()
	switch {
	case m.seats[seat].closed:
		return fault.Conflict
	case !to.IsZero() && (!to.After(from) || !to.After(now)):
		return fault.Invalid
	}
	for _, t := range m.terms {
		if t.seat == seat && t.meets(from, to) {
			return fault.Conflict
		}
	}
	if !m.seats[seat].role.Votes() {
		return 0
	}
	mine := append(slices.Clone(m.terms), modelTerm{seat: seat, person: person, from: from, to: to})
	for _, a := range mine {
		for _, b := range mine {
			// What lies wholly in the past is not looked at again.
			if a.seat == seat && !a.void() && (a.to.IsZero() || a.to.After(now)) && b.seat != seat && a.person == b.person && m.seats[a.seat].body == m.seats[b.seat].body && m.seats[b.seat].role.Votes() && b.meets(a.from, a.to) {
				return fault.Conflict
			}
		}
	}
	return 0
}

func (m *model) expect(t *rapid.T, what string, err error, want fault.Kind) bool {
	if want == 0 && err != nil || want != 0 && (err == nil || fault.KindOf(err) != want) {
		t.Fatalf("%s: %v, want %v", what, err, want)
	}
	return err == nil
}

// moment draws a time near now; sometimes none.
func (m *model) moment(t *rapid.T, name string, from, to int) time.Time {
	d := rapid.IntRange(from, to).Draw(t, name)
	if d == 0 {
		return time.Time{}
	}
	return m.Now().Add(time.Duration(d) * day)
}

func (m *model) give(t *rapid.T) {
	seat, person := rapid.IntRange(0, len(m.seats)-1).Draw(t, "seat"), rapid.IntRange(0, len(m.people)-1).Draw(t, "person")
	from, to := m.moment(t, "from", -20, 20), m.moment(t, "to", -5, 60)
	id, err := m.Give(ctx, m.coord, Term{Seat: m.seats[seat].id, Person: m.people[person], From: from, To: to})
	if from.IsZero() {
		from = m.Now()
	}
	if m.expect(t, "give", err, m.refusal(seat, person, from, to)) {
		m.terms = append(m.terms, modelTerm{id, seat, person, from, to})
	}
}

func (m *model) drawTerm(t *rapid.T) int {
	if len(m.terms) == 0 {
		t.Skip("no terms")
	}
	return rapid.IntRange(0, len(m.terms)-1).Draw(t, "term")
}

// ending says what ending a term at a time does: the time it then ends, or why not.
func (m *model) ending(i int, at time.Time) (time.Time, fault.Kind) {
	x, now := m.terms[i], m.Now()
	if at.Before(now) {
		at = now
	}
	switch {
	case m.seats[x.seat].closed:
		return at, fault.Conflict
	case x.void() || !x.to.IsZero() && !x.to.After(now):
		return at, fault.Conflict
	case !x.to.IsZero() && at.After(x.to):
		return at, fault.Invalid
	case at.Before(x.from):
		at = x.from
	}
	return at, 0
}

func (m *model) end(t *rapid.T) {
	i, at := m.drawTerm(t), m.moment(t, "at", -5, 40)
	ends, want := m.ending(i, at)
	if m.expect(t, "end", m.End(ctx, m.coord, m.terms[i].id, at, "x"), want) {
		m.terms[i].to = ends
	}
}

func (m *model) renew(t *rapid.T) {
	i, to := m.drawTerm(t), m.moment(t, "to", 1, 90)
	x := m.terms[i]
	want := fault.Kind(0)
	switch {
	case m.seats[x.seat].closed || x.to.IsZero() || x.void() || !x.to.After(m.Now()):
		want = fault.Conflict
	default:
		want = m.refusal(x.seat, x.person, x.to, to)
	}
	id, err := m.Renew(ctx, m.coord, x.id, to)
	if m.expect(t, "renew", err, want) {
		m.terms = append(m.terms, modelTerm{id, x.seat, x.person, x.to, to})
	}
}

func (m *model) handOver(t *rapid.T) {
	i, person, at, to := m.drawTerm(t), rapid.IntRange(0, len(m.people)-1).Draw(t, "person"), m.moment(t, "at", -5, 40), m.moment(t, "to", 1, 90)
	x := m.terms[i]
	if at.Before(m.Now()) {
		at = m.Now()
	}
	ends, want := m.ending(i, at)
	if want == 0 {
		m.terms[i].to = ends
		want = m.refusal(x.seat, person, at, to)
		m.terms[i].to = x.to
	}
	id, err := m.HandOver(ctx, m.coord, x.id, m.people[person], at, to, "")
	if m.expect(t, "hand over", err, want) {
		m.terms[i].to = ends
		m.terms = append(m.terms, modelTerm{id, x.seat, person, at, to})
	}
}

func (m *model) closeSeat(t *rapid.T) {
	i := rapid.IntRange(0, len(m.seats)-1).Draw(t, "seat")
	want := fault.Kind(0)
	if m.seats[i].closed {
		want = fault.Conflict
	}
	for _, x := range m.terms {
		if x.seat == i && (x.to.IsZero() || x.to.After(m.Now())) {
			want = fault.Conflict
		}
	}
	var s Seat
	m.read(m.coord, func(tx *storage.Tx, _ Access) (err error) { s, err = m.Seat(ctx, tx, m.seats[i].id); return err })
	if m.expect(t, "close", m.CloseSeat(ctx, m.coord, s.ID, s.Version), want) {
		m.seats[i].closed = true
	}
}

func (m *model) wait(t *rapid.T) {
	m.forward(time.Duration(rapid.IntRange(1, 30).Draw(t, "days")) * day)
}

// holder is who the model says holds a seat: -1 for nobody.
func (m *model) holder(seat int, at time.Time) int {
	for _, x := range m.terms {
		if x.seat == seat && x.at(at) {
			return x.person
		}
	}
	return -1
}

// check compares the room with the model.
func (m *model) check(t *rapid.T) {
	for _, days := range []int{-15, -1, 0, 3, 30} {
		at := m.Now().Add(time.Duration(days) * day)
		for b, body := range m.bodies {
			for _, held := range m.world.seats(body, at) {
				i := slices.IndexFunc(m.seats, func(s modelSeat) bool { return s.id == held.ID })
				if i < 0 {
					continue
				}
				want := PersonID("")
				if p := m.holder(i, at); p >= 0 {
					want = m.people[p]
				}
				if held.Person != want {
					t.Fatalf("body %d: seat %d at %v is held by %q, want %q", b, i, at, held.Person, want)
				}
				m.keepsPast(t, i, at)
			}
		}
	}
	m.checkAccess(t)
	m.checkRows(t)
}

// keepsPast remembers who held a seat in the past, and that it stays so.
func (m *model) keepsPast(t *rapid.T, seat int, at time.Time) {
	if !at.Before(m.Now()) {
		return
	}
	p := m.holder(seat, at)
	key := fmt.Sprint(seat, at.UnixMicro())
	if was, ok := m.past[key]; ok && was != p {
		t.Fatalf("who held seat %d at %v was rewritten", seat, at)
	}
	if p >= 0 {
		m.past[key] = p
	}
}

// checkAccess compares what each person may with the seats the model says they hold.
func (m *model) checkAccess(t *rapid.T) {
	for p, id := range m.people {
		a := m.access(Actor{Person: id})
		in := map[int]bool{}
		for i, s := range m.seats {
			if !s.closed && m.holder(i, m.Now()) == p {
				in[s.body] = true
			}
		}
		hidden := Scope{Network: m.root, Body: m.bodies[1], Visibility: BodyOnly}
		if a.In(m.bodies[0]) != in[0] || a.In(m.bodies[1]) != in[1] || a.Coordinates(m.root) != in[0] || a.Sees(hidden) != (in[0] || in[1]) || !a.Registered(m.root) {
			t.Fatalf("person %d: in %v, access %+v", p, in, a)
		}
	}
}

// checkRows counts the terms: history never loses one.
func (m *model) checkRows(t *rapid.T) {
	m.read(m.coord, func(tx *storage.Tx, a Access) error {
		n := 0
		for _, b := range m.bodies {
			all, err := m.BodyTerms(ctx, tx, a, b)
			if err != nil {
				return err
			}
			n += len(all)
		}
		if n != len(m.terms)+1 {
			t.Fatalf("%d terms are kept, want %d", n, len(m.terms)+1)
		}
		return nil
	})
}

// checks says how often a random test runs, and how often with SAMVERK_LONG=1.
func checks(t *testing.T, few, many string) {
	t.Helper()
	if os.Getenv("SAMVERK_LONG") == "1" {
		few = many
	}
	if err := flag.Set("rapid.checks", few); err != nil {
		t.Fatal(err)
	}
}

// Whatever is done to seats and terms, the room answers as the plain model does.
func TestModel(t *testing.T) {
	checks(t, "5", "200")
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		w, n := open(t, dsn), 0
		rapid.Check(t, func(t *rapid.T) {
			n++
			m := newModel(w, n)
			t.Repeat(map[string]func(*rapid.T){"give": m.give, "end": m.end, "renew": m.renew, "hand over": m.handOver, "close": m.closeSeat, "wait": m.wait, "": m.check})
		})
	})
}
