package consent

import (
	"context"
	"math/bits"
	"slices"
	"sync"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/individual"
	"github.com/samverk/samverk/mandate"
	"github.com/samverk/samverk/ontology"
	"github.com/samverk/samverk/storage"
)

// Actor is who acts: a member of staff, a guardian, the individual, a program.
type Actor string

// Who acts for themselves, or for their child, as it is kept: by name they are nobody.
const (
	Themselves Actor = "themselves"
	AGuardian  Actor = "guardian"
)

// Own tells whether nobody came between who chose and us.
func (a Actor) Own() bool { return a == Themselves || a == AGuardian }

// check refuses an act by nobody.
func (a Actor) check() error {
	if a == "" {
		return fault.New(fault.Invalid, "nobody is named as acting").Do("say who records this")
	}
	return checkText("who acts", string(a))
}

// Choice is what an individual said about one purpose, on no form of ours.
type Choice struct {
	Individual individual.Number
	Purpose    Purpose
	Allow      bool
	Why        string    // on what ground it is recorded: a form, a letter, a call
	When       time.Time // when they chose; zero for now
}

// Kind is what a choice amounts to.
type Kind string

// A "no" after any "yes" is a withdrawal; a "no" without one is a refusal.
const (
	Given     Kind = "given"
	Refused   Kind = "refused"
	Withdrawn Kind = "withdrawn"
)

// Consents is who may be counted, in memory, in step with the history. Its methods may be
// called from many goroutines; those that take a Tx, only inside that Write.
type Consents struct {
	db      *storage.DB
	people  *individual.Register
	terms   *ontology.Terms
	now     atomic.Pointer[state]
	key     []byte // under which the journal hides ids
	journal *journal
	path    string // of the journal

	turn     sync.Mutex // one state after another
	onChange func(Changed)
	told     uint64 // the last epoch that was told

	under *change // of the writing transaction under way; the writers' lock guards it
}

// Settle writes what has fallen due since the last change. It is obeyed anyway; written, it is also obeyed after a start
// with a clock that was set back.
func (c *Consents) Settle(ctx context.Context) error {
	if s := c.state(); len(s.lapsed) == 0 || s.waiting != "" {
		return nil
	}
	return c.db.Write(ctx, func(tx *storage.Tx) error {
		c.in(tx)
		return nil
	})
}

// Changed is a new state, told before any question can see it.
type Changed struct {
	Epoch       uint64
	Individuals []individual.Number // whose place in some count may be another
	All         bool                // anybody's may: another form is in force

	state *state
	terms *ontology.Terms
}

// Allowed is who may be counted for a use in that state.
func (c Changed) Allowed(u Use) (*individual.Set, error) { return c.state.allowed(u, c.terms) }

// OnChange sets who is told of each new state, in order. Call it before anything is changed. f must not use the database.
func (c *Consents) OnChange(f func(Changed)) { c.onChange = f }

// change is what one transaction does.
type change struct {
	edit

	tx       *storage.Tx
	base     *state
	rows     []row
	index    map[individual.Number][]int // of rows, once somebody needs it
	events   []event
	acts     []act // for the journal
	acted    []restricted
	forces   []force
	lapsing  map[individual.Number]lapse // whose lapse is to be written
	receipts []*Receipt
	err      error
}

// choice is what somebody said about one permission.
type choice struct {
	who      individual.Number
	what     int // permission
	allow    bool
	scope    Scope
	diseases []string
	form     mandate.Digest
	question string
	guardian string // whose choice it is; "" their own
	alone    bool   // there was no other guardian
	document string
	why      string
	when     time.Time
	receipt  string
}

// row is a choice to be written.
type row struct {
	choice
	kind Kind
	by   Actor
	seq  int64
}

// event is an act on the room as a whole, to be written.
type event struct {
	kind, why  string
	by         Actor
	individual any // a removed Number, or nil
}

// Allowed is who may be counted for a use. The same pointer stands for the same use and epoch, as long as no more than 64
// others with conditions are asked for in between. It takes no lock, but at the moment when something falls due.
func (c *Consents) Allowed(u Use) (*individual.Set, error) {
	return c.state().allowed(u, c.terms)
}

func (s *state) allowed(u Use, terms *ontology.Terms) (*individual.Set, error) {
	n, err := s.needs(u, terms)
	if err != nil {
		return nil, err
	}
	if err := s.refusal(); err != nil {
		return nil, err
	}
	if u.plain() {
		return s.sets[n.purpose], nil
	}
	return s.conditioned(n), nil
}

// Understands tells whether who may be counted for a use can be said at all. It finds nobody, and keeps nothing.
func (c *Consents) Understands(u Use) error {
	s := c.state()
	if _, err := s.needs(u, c.terms); err != nil {
		return err
	}
	return s.refusal()
}

// state is what holds at this moment.
func (c *Consents) state() *state {
	s := c.now.Load()
	if s.due != never && (s.due <= s.at || s.due <= storage.Micros(c.db.Now())) {
		return c.obey()
	}
	return s
}

// obey makes the states that have fallen due since the last one was published.
func (c *Consents) obey() *state {
	c.turn.Lock()
	defer c.turn.Unlock()
	return c.show(c.now.Load())
}

// show tells of a state's successors up to this moment, and publishes the last of them. The turn is held.
func (c *Consents) show(s *state) *state {
	for now := max(s.at, storage.Micros(c.db.Now())); s.due <= now; {
		next := s.step()
		changed := Changed{Epoch: next.epoch, All: next.form != s.form, state: next, terms: c.terms}
		for _, l := range next.lapsed[len(s.lapsed):] {
			changed.Individuals = append(changed.Individuals, l.who)
		}
		c.tell(changed)
		s = next
	}
	c.now.Store(s)
	return s
}

// tell says what changed, once for each epoch. The turn is held.
func (c *Consents) tell(changed Changed) {
	if c.onChange == nil || changed.Epoch <= c.told {
		return
	}
	c.told = changed.Epoch
	c.onChange(changed)
}

// Epoch numbers the state that holds now.
func (c *Consents) Epoch() uint64 { return c.state().epoch }

// clock is the time by which a change is judged: never before what has been obeyed.
func (u *change) clock(c *Consents) time.Time {
	return storage.Time(max(storage.Micros(c.db.Now()), u.at))
}

// Change records choices that by was told of. They hold, for every question that starts
// later, when the transaction's Write has returned.
func (c *Consents) Change(ctx context.Context, tx *storage.Tx, by Actor, choices []Choice) error {
	u, err := c.begun(tx, by)
	if err != nil {
		return err
	}
	for _, ch := range choices {
		p := ch.Purpose.index()
		if p < 0 {
			return u.failed(ch.Purpose.unknown())
		}
		if err := c.choose(ctx, u, by, choice{who: ch.Individual, what: p, allow: ch.Allow, why: ch.Why, when: ch.When}); err != nil {
			return u.failed(err)
		}
	}
	return nil
}

// begun gives this transaction's change to somebody who may change something now.
func (c *Consents) begun(tx *storage.Tx, by Actor) (*change, error) {
	if err := c.now.Load().refusal(); err != nil {
		return nil, err
	}
	if err := by.check(); err != nil {
		return nil, err
	}
	return c.in(tx), nil
}

func (c *Consents) choose(ctx context.Context, u *change, by Actor, ch choice) error {
	who, ok := c.people.GetIn(u.tx, ch.who)
	if !ok {
		return fault.New(fault.NotFound, "there is no individual number %d", ch.who)
	}
	if err := checkText("why the choice is recorded", ch.why); err != nil {
		return err
	}
	switch now := u.clock(c); {
	case ch.when.IsZero():
		ch.when = now
	case ch.when.After(now):
		return fault.New(fault.Invalid, "they can't have chosen at a time that is to come").Where("when").Say("consent.when")
	}
	r := row{choice: ch, by: by, kind: Given}
	if !ch.allow {
		r.kind = Refused
		if has(u.planes[ever+plane(ch.what)], ch.who) {
			r.kind = Withdrawn
		}
		u.acts = append(u.acts, act{Who: c.hide(who.ID), Purpose: Purpose(permissions[ch.what]), Guardian: ch.guardian})
	}
	u.add(r)
	if ch.allow {
		u.set(ever+plane(ch.what), ch.who, true)
	}
	if ch.guardian != "" {
		u.set(ward, ch.who, true)
	}
	if has(u.planes[ward], ch.who) {
		return c.settle(ctx, u, who, ch.what)
	}
	u.hold(ch.what, ch.who, holds{yes: ch.allow, no: !ch.allow, scope: ch.scope, diseases: ch.diseases})
	return nil
}

func (u *change) add(r row) {
	if u.index != nil {
		u.index[r.who] = append(u.index[r.who], len(u.rows))
	}
	u.rows = append(u.rows, r)
}

// Remove takes an individual out of the register and deletes their choices; it gives the number
// they had, whose genotypes must go too.
func (c *Consents) Remove(ctx context.Context, tx *storage.Tx, by Actor, id string) (individual.Number, error) {
	if err := c.now.Load().refusal(); err != nil {
		return 0, err
	}
	if err := by.check(); err != nil {
		return 0, err
	}
	return c.remove(ctx, tx, by, id)
}

func (c *Consents) remove(ctx context.Context, tx *storage.Tx, by Actor, id string) (individual.Number, error) {
	u := c.in(tx)
	who, _ := c.people.LookupIn(tx, id)
	n, err := c.people.Remove(ctx, tx, id)
	if err != nil {
		return 0, err
	}
	for _, q := range []string{
		`DELETE FROM consent_choice WHERE individual = $1`,
		`DELETE FROM consent_restriction WHERE individual = $1`,
		`DELETE FROM consent_receipt WHERE individual = $1`,
	} {
		if _, err := tx.Exec(ctx, q, n); err != nil {
			return 0, u.failed(err)
		}
	}
	u.rows = slices.DeleteFunc(u.rows, func(r row) bool { return r.who == n })
	u.acted = slices.DeleteFunc(u.acted, func(r restricted) bool { return r.Individual == n })
	u.receipts = slices.DeleteFunc(u.receipts, func(r *Receipt) bool { return r.Individual == n })
	u.index = nil
	u.clear(n)
	u.comesOfAge(who, 0)
	u.altered = true
	if string(by) == id { // an act of their own must not keep their name
		by = Themselves
	}
	u.events = append(u.events, event{kind: "removed", by: by, individual: n})
	u.acts = append(u.acts, act{Who: c.hide(id), Removed: true})
	return n, nil
}

// in gives this transaction's change. One that was rolled back is left behind, recognised by
// its Tx, and dropped.
func (c *Consents) in(tx *storage.Tx) *change {
	if c.under == nil || c.under.tx != tx {
		base := c.state()
		u := &change{tx: tx, base: base, edit: base.edit()}
		u.settled()
		c.under = u
		tx.BeforeCommit(func(ctx context.Context) error { return c.seal(ctx, u) })
		tx.OnCommit(func() { c.publish(u) })
	}
	return c.under
}

func (c *Consents) publish(u *change) {
	c.under = nil
	c.turn.Lock()
	defer c.turn.Unlock()
	c.tell(Changed{Epoch: u.epoch, Individuals: members(u.changed), All: u.form != u.base.form || u.waiting != u.base.waiting,
		state: &u.state, terms: c.terms})
	c.show(&u.state)
}

// members lists who is in words.
func members(words []uint64) []individual.Number {
	var all []individual.Number
	for i, w := range words {
		for ; w != 0; w &= w - 1 {
			all = append(all, individual.Number(i*64+bits.TrailingZeros64(w)))
		}
	}
	return all
}

// failed keeps the first error, so that a caller who overlooks it can't commit.
func (u *change) failed(err error) error {
	if u.err == nil {
		u.err = err
	}
	return err
}

// Counted is how many may be counted for each purpose; nobody after a restore.
func (c *Consents) Counted() map[Purpose]int {
	s, m := c.state(), map[Purpose]int{}
	for i, p := range purposes {
		if m[p] = s.sets[i].Len(); s.waiting != "" {
			m[p] = 0
		}
	}
	return m
}

// maxText bounds a reason and a name, in bytes.
const maxText = 2000

func checkText(what, s string) error {
	if len(s) > maxText || !utf8.ValidString(s) || slices.Contains([]byte(s), 0) {
		return fault.New(fault.Invalid, "%s must be text of at most %d bytes", what, maxText)
	}
	return nil
}
