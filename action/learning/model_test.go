package learning

import (
	"context"
	"flag"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/storage"
)

func long() bool { return os.Getenv("SAMVERK_LONG") == "1" }

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

// seatsAgainstAModel does what people do, in any order, beside a plain model of who sits and who waits in which order: with an account
// and without, seats added and taken away, offers that lapse.
func (w *world) seatsAgainstAModel(t *testing.T) {
	w.t = t
	checks(t, 12)
	var people []network.Actor
	for i := range 7 {
		people = append(people, w.person(fmt.Sprint("Per ", i)))
	}
	offers := 0
	rapid.Check(t, func(r *rapid.T) {
		m := newModel(w, people, rapid.IntRange(1, 4).Draw(r, "seats"))
		r.Repeat(map[string]func(*rapid.T){"": m.check, "register": m.register, "again": m.register, "withdraw": m.withdraw, "accept": m.accept, "wait": m.wait, "seats": m.reseat, "remove": m.remove})
		offers += m.offers
	})
	if t.Logf("%d seats were offered", offers); offers == 0 {
		t.Error("nobody was offered a seat: the acts don't lead there")
	}
}

// model is what the test believes. Who takes part is a number: below len(people) with an account, above it with a mail address.
type model struct {
	w       *world
	id      ID
	people  []network.Actor
	tokens  map[int]string
	seats   int
	sits    map[int]bool
	offered map[int]time.Time
	waits   []int
	offers  int
}

const withoutAccount = 3

func newModel(w *world, people []network.Actor, seats int) *model {
	p := w.plan(seats)
	for i := range p.Sessions {
		p.Sessions[i].Starts, p.Sessions[i].Ends = p.Sessions[i].Starts.AddDate(3, 0, 0), p.Sessions[i].Ends.AddDate(3, 0, 0)
	}
	return &model{w: w, id: w.published(p), people: people, tokens: map[int]string{}, seats: seats, sits: map[int]bool{}, offered: map[int]time.Time{}}
}

func (m *model) who(n int) Registrant {
	if n < len(m.people) {
		return Registrant{Actor: m.people[n], Activity: m.id}
	}
	return Registrant{Token: m.tokens[n]}
}

func (m *model) draw(r *rapid.T) int {
	return rapid.IntRange(0, len(m.people)+withoutAccount-1).Draw(r, "who")
}

func (m *model) in(n int) bool {
	return m.sits[n] || slices.Contains(m.waits, n) || !m.offered[n].IsZero()
}

func (m *model) moveUp() {
	for len(m.waits) > 0 && (m.seats == 0 || len(m.sits)+len(m.offered) < m.seats) {
		m.offered[m.waits[0]] = m.w.clock.Now().Add(24 * time.Hour)
		m.waits = m.waits[1:]
		m.offers++
	}
}

func (m *model) register(r *rapid.T) {
	n := m.draw(r)
	var err error
	if n < len(m.people) {
		_, err = m.w.Register(context.Background(), m.people[n], m.id, "nb", Needs{})
		if m.in(n) {
			if fault.KindOf(err) != fault.Conflict || err == nil {
				r.Fatalf("registered twice: %v", err)
			}
			return
		}
	} else {
		if m.in(n) {
			return
		}
		link, failed := m.w.RegisterByMail(context.Background(), netip.Addr{}, ByMail{Root: m.w.root, Activity: m.id, Mail: fmt.Sprintf("mia%d@example.org", n), Name: "Mia", Lang: "nb"})
		if failed != nil {
			r.Skip("so many forms were sent") // in a day
		}
		m.tokens[n] = link[strings.LastIndexByte(link, '/')+1:]
		_, err = m.w.Confirm(context.Background(), m.tokens[n])
	}
	if err != nil {
		r.Fatal(err)
	}
	if m.seats == 0 || len(m.sits)+len(m.offered) < m.seats {
		m.sits[n] = true
	} else {
		m.waits = append(m.waits, n)
	}
}

// leave is what happens when somebody goes.
func (m *model) leave(n int) {
	delete(m.sits, n)
	delete(m.offered, n)
	m.waits = slices.DeleteFunc(m.waits, func(x int) bool { return x == n })
	m.moveUp()
}

func (m *model) withdraw(r *rapid.T) {
	n := m.draw(r)
	err := m.w.Withdraw(context.Background(), m.who(n))
	if m.in(n) {
		if err != nil {
			r.Fatal(err)
		}
		m.leave(n)
	}
}

func (m *model) accept(r *rapid.T) {
	n := m.draw(r)
	err := m.w.Accept(context.Background(), m.who(n))
	switch until := m.offered[n]; {
	case !until.IsZero() && m.w.clock.Now().Before(until):
		if err != nil {
			r.Fatal(err)
		}
		delete(m.offered, n)
		m.sits[n] = true
	case !m.sits[n] && err == nil:
		r.Fatal("a seat was taken that wasn't offered")
	}
}

// wait lets time pass, and time do what it does.
func (m *model) wait(r *rapid.T) {
	m.w.clock.forward(time.Duration(rapid.IntRange(1, 20).Draw(r, "hours")) * time.Hour)
	if err := m.w.Due(context.Background()); err != nil {
		r.Fatal(err)
	}
	for again := true; again; {
		again = false
		for n, until := range m.offered {
			if !until.After(m.w.clock.Now()) {
				delete(m.offered, n)
				again = true
			}
		}
		m.moveUp()
	}
}

func (m *model) reseat(r *rapid.T) {
	v, err := m.w.View(context.Background(), Registrant{Actor: m.w.coord, Activity: m.id}, m.w.root)
	if err != nil {
		r.Fatal(err)
	}
	p := Plan{Activity: v.Activity, Sessions: v.Sessions}
	p.Seats = rapid.IntRange(0, 5).Draw(r, "seats")
	err = m.w.Edit(context.Background(), m.w.coord, p)
	if taken := len(m.sits) + len(m.offered); p.Seats > 0 && p.Seats < taken {
		if fault.KindOf(err) != fault.Conflict || err == nil {
			r.Fatalf("%d seats for %d: %v", p.Seats, taken, err)
		}
		return
	}
	if err != nil {
		r.Fatal(err)
	}
	m.seats = p.Seats
	m.moveUp()
}

func (m *model) remove(r *rapid.T) {
	n := m.draw(r)
	if n >= len(m.people) || !m.in(n) {
		r.Skip("nobody to remove")
	}
	v, err := m.w.View(context.Background(), m.who(n), m.w.root)
	if err != nil {
		r.Fatal(err)
	}
	if err := m.w.Remove(context.Background(), m.w.coord, m.id, v.Mine.ID); err != nil {
		r.Fatal(err)
	}
	m.leave(n)
}

// check holds the room against the model.
func (m *model) check(r *rapid.T) {
	l, err := m.w.Roster(context.Background(), m.w.coord, m.id, "", 100)
	if err != nil {
		r.Fatal(err)
	}
	taken := len(m.sits) + len(m.offered)
	if l.Activity.Taken != taken || m.seats > 0 && taken > m.seats || l.Count[Registered] != len(m.sits) || l.Count[Offered] != len(m.offered) || l.Count[Waiting] != len(m.waits) {
		r.Fatalf("%d taken of %d, %v; want %d sitting, %d offered, %d waiting", l.Activity.Taken, l.Activity.Seats, l.Count, len(m.sits), len(m.offered), len(m.waits))
	}
	var order []string
	for _, g := range l.Rows {
		if g.State == Waiting {
			order = append(order, string(g.Person)+g.Mail)
		}
	}
	for i, n := range m.waits {
		name := fmt.Sprintf("mia%d@example.org", n)
		if n < len(m.people) {
			name = string(m.people[n].Person)
		}
		if order[i] != name {
			r.Fatalf("the waiting list is %v; number %d should be %s", order, i, name)
		}
	}
}

// theLastSeats: many at once; as many get a seat as there are, and the others wait in an order.
func (w *world) theLastSeats(t *testing.T) {
	w.t = t
	const seats, at = 3, 12
	id := w.published(w.plan(seats))
	people := make([]network.Actor, at)
	for i := range people {
		people[i] = w.person(fmt.Sprint("Per ", i))
	}
	var wg sync.WaitGroup
	states := make([]Standing, at)
	queues := make([]int64, at)
	for i, p := range people {
		wg.Go(func() {
			g, err := w.Register(context.Background(), p, id, "nb", Needs{})
			if err != nil {
				t.Error(err)
			}
			states[i], queues[i] = g.State, g.Queue
		})
	}
	wg.Wait()
	for _, p := range people[:6] { // and many go at once
		wg.Go(func() {
			if err := w.Withdraw(context.Background(), Registrant{Actor: p, Activity: id}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	slices.Sort(queues)
	n := 0
	for _, s := range states {
		if s == Registered {
			n++
		}
	}
	if n != seats || queues[at-1] != at-seats || len(slices.Compact(queues)) != at-seats+1 {
		t.Errorf("%d seats given of %d; the queue is %v", n, seats, queues)
	}
	w.whole()
}

// whole finds that all seats are counted rightly, and that nobody waits for a free one.
func (w *world) whole() {
	w.t.Helper()
	w.read(func(ctx context.Context, tx *storage.Tx) error {
		for what, q := range map[string]string{
			"seats counted wrongly": `SELECT COUNT(*) FROM learning_activity a WHERE a.taken <> (SELECT COUNT(*) FROM learning_registration g WHERE g.activity = a.id AND g.state IN ('registered', 'offered'))`,
			"seats oversold":        `SELECT COUNT(*) FROM learning_activity a WHERE a.seats > 0 AND a.taken > a.seats`,
			"waits for free seats":  `SELECT COUNT(*) FROM learning_activity a WHERE (a.seats = 0 OR a.taken < a.seats) AND EXISTS (SELECT 1 FROM learning_registration g WHERE g.activity = a.id AND g.state = 'waiting')`,
			"offered past others":   `SELECT COUNT(*) FROM learning_registration o JOIN learning_registration g ON g.activity = o.activity AND g.state = 'waiting' AND g.queue < o.queue WHERE o.state = 'offered'`,
		} {
			var n int
			if err := tx.QueryRow(ctx, q).Scan(&n); err != nil {
				return err
			}
			if n > 0 {
				w.t.Errorf("%d %s", n, what)
			}
		}
		return nil
	})
}
