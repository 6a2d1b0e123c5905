package consent

import (
	"context"
	"math/bits"
	"slices"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/individual"
	"github.com/samverk/samverk/storage"
)

// Actor is who acts: a member of staff, a guardian, the individual, a program.
type Actor string

// check refuses an act by nobody.
func (a Actor) check() error {
	if a == "" {
		return fault.New(fault.Invalid, "nobody is named as acting").Do("say who records this")
	}
	return checkText("who acts", string(a))
}

// Choice is what an individual said about one purpose.
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
	now     atomic.Pointer[state]
	key     []byte // under which the journal hides ids
	journal *journal
	path    string // of the journal

	under *change // of the writing transaction under way; the writers' lock guards it
}

// state is one epoch. It is immutable once published.
type state struct {
	epoch   uint64
	seq     int64  // last row in either table
	line    uint64 // last journal line that the database holds
	sets    [len(purposes)]*individual.Set
	given   [len(purposes)][]uint64 // who has ever said yes
	waiting string                  // after a restore, the backup's time, until it is accounted for
}

// change is what one transaction does.
type change struct {
	tx      *storage.Tx
	next    state
	own     [len(purposes)]bool // the words of next are no longer shared with the published state
	ownEver [len(purposes)]bool
	altered bool
	touched map[spot]bool
	rows    []row
	events  []event
	acts    []act // for the journal
	err     error
}

// row is a choice to be written.
type row struct {
	Choice
	kind Kind
	by   Actor
}

// event is an act on the room as a whole, to be written.
type event struct {
	kind, why  string
	by         Actor
	individual any // a removed Number, or nil
}

// Allowed is who may be counted for a use. The same pointer stands for the same purpose and
// epoch.
func (c *Consents) Allowed(u Use) (*individual.Set, error) {
	if err := u.evaluable(); err != nil {
		return nil, err
	}
	i := u.Purpose.index()
	if i < 0 {
		return nil, u.Purpose.unknown()
	}
	s := c.now.Load()
	if s.waiting != "" {
		return nil, s.refusal()
	}
	return s.sets[i], nil
}

// Epoch numbers the state that holds now.
func (c *Consents) Epoch() uint64 { return c.now.Load().epoch }

// Change records choices that by was told of. They hold, for every question that starts
// later, when the transaction's Write has returned.
func (c *Consents) Change(ctx context.Context, tx *storage.Tx, by Actor, choices []Choice) error {
	if err := c.now.Load().refusal(); err != nil {
		return err
	}
	if err := by.check(); err != nil {
		return err
	}
	u := c.in(tx)
	for _, ch := range choices {
		if err := c.choose(u, by, ch); err != nil {
			return u.failed(err)
		}
	}
	return nil
}

func (c *Consents) choose(u *change, by Actor, ch Choice) error {
	p := ch.Purpose.index()
	if p < 0 {
		return ch.Purpose.unknown()
	}
	who, ok := c.people.GetIn(u.tx, ch.Individual)
	if !ok {
		return fault.New(fault.NotFound, "there is no individual number %d", ch.Individual)
	}
	if err := checkText("why the choice is recorded", ch.Why); err != nil {
		return err
	}
	if ch.When.IsZero() {
		ch.When = c.db.Now()
	}
	r := row{Choice: ch, by: by, kind: Given}
	if !ch.Allow {
		r.kind = Refused
		if has(u.next.given[p], ch.Individual) {
			r.kind = Withdrawn
		}
		u.acts = append(u.acts, act{Who: c.hide(who.ID), Purpose: ch.Purpose})
	}
	u.rows = append(u.rows, r)
	u.allow(p, ch.Individual, ch.Allow)
	return nil
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
	n, err := c.people.Remove(ctx, tx, id)
	if err != nil {
		return 0, err
	}
	if _, err := tx.Exec(ctx, `DELETE FROM consent_choice WHERE individual = $1`, n); err != nil {
		return 0, u.failed(err)
	}
	u.rows = slices.DeleteFunc(u.rows, func(r row) bool { return r.Individual == n })
	for p := range purposes {
		u.allow(p, n, false)
		u.forget(p, n)
	}
	u.altered = true
	if string(by) == id { // an act of their own must not keep their name
		by = "themselves"
	}
	u.events = append(u.events, event{kind: "removed", by: by, individual: n})
	u.acts = append(u.acts, act{Who: c.hide(id), Removed: true})
	return n, nil
}

// in gives this transaction's change. One that was rolled back is left behind, recognised by
// its Tx, and dropped.
func (c *Consents) in(tx *storage.Tx) *change {
	if c.under == nil || c.under.tx != tx {
		u := &change{tx: tx, next: *c.now.Load()}
		c.under = u
		tx.BeforeCommit(func(ctx context.Context) error { return c.seal(ctx, u) })
		tx.OnCommit(func() { c.publish(u) })
	}
	return c.under
}

func (c *Consents) publish(u *change) {
	c.under = nil
	c.now.Store(&u.next)
}

// failed keeps the first error, so that a caller who overlooks it can't commit.
func (u *change) failed(err error) error {
	if u.err == nil {
		u.err = err
	}
	return err
}

// allow sets what holds for one individual and purpose.
func (u *change) allow(p int, n individual.Number, yes bool) {
	words := u.next.sets[p].Words
	if has(words, n) != yes {
		if !u.own[p] {
			words, u.own[p] = slices.Clone(words), true
		}
		u.next.sets[p] = &individual.Set{Words: put(words, n, yes)}
		u.altered = true
		u.touch(p, n)
	}
	if yes && !has(u.next.given[p], n) {
		u.ever(p, n, true)
	}
}

// forget makes as if they had never said yes.
func (u *change) forget(p int, n individual.Number) {
	if has(u.next.given[p], n) {
		u.ever(p, n, false)
	}
}

func (u *change) ever(p int, n individual.Number, yes bool) {
	if !u.ownEver[p] {
		u.next.given[p], u.ownEver[p] = slices.Clone(u.next.given[p]), true
	}
	u.next.given[p] = put(u.next.given[p], n, yes)
	u.touch(p, n)
}

// stamp gives every set the new epoch; those that didn't change share their words.
func (s *state) stamp() {
	for p, set := range s.sets {
		s.sets[p] = &individual.Set{Words: set.Words, Epoch: s.epoch}
	}
}

func has(words []uint64, n individual.Number) bool {
	w := int(n / 64)
	return w < len(words) && words[w]>>(n%64)&1 == 1
}

// put sets or clears a bit and gives the words, longer if need be.
func put(words []uint64, n individual.Number, yes bool) []uint64 {
	w := int(n / 64)
	if w >= len(words) {
		words = append(words, make([]uint64, w+1-len(words))...)
	}
	if yes {
		words[w] |= 1 << (n % 64)
	} else {
		words[w] &^= 1 << (n % 64)
	}
	return words
}

// Counted is how many may be counted for each purpose; nobody after a restore.
func (c *Consents) Counted() map[Purpose]int {
	s, m := c.now.Load(), map[Purpose]int{}
	for i, p := range purposes {
		n := 0
		for _, w := range s.sets[i].Words {
			n += bits.OnesCount64(w)
		}
		if s.waiting != "" {
			n = 0
		}
		m[p] = n
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
