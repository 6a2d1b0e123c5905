package home

import (
	"cmp"
	"context"
	"encoding/json"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/individual"
	"github.com/samverk/samverk/storage"
)

// Settle is for how long nobody is counted whose claim may have been another's: longer than any question that nodes answer together takes.
const Settle = time.Minute

// Options of a home.
type Options struct {
	Issuer  string                                                    // of pseudonyms; "": there is none, and everybody is at home
	Call    func(ctx context.Context, message []byte) ([]byte, error) // to the registrar
	Elapsed func() time.Duration                                      // since the process began; nil: as the system measures it
	Every   time.Duration                                             // how often what is new is claimed; 0 is 5 s
	Again   time.Duration                                             // how often all is asked about again; 0 is 10 min
	Log     *slog.Logger
}

// Home is a region's side: which of its individuals are at home here.
type Home struct {
	db     *storage.DB
	people *individual.Register
	o      Options
	set    atomic.Pointer[individual.Set]
	syncs  sync.Mutex // of who talks to the registrar

	mu      sync.Mutex
	version uint64                      // of the pseudonyms
	named   map[Claim]individual.Number // who has each
	places  map[Claim]place
	full    time.Duration // when all is asked about again
	idle    bool          // until then there is nothing to tell, if no pseudonym changes
}

// place is what is known of a claim.
type place struct {
	who   individual.Number
	state State
	from  time.Duration // Here: counted from then on, by Elapsed
	waits bool          // and that is to come
	to    string        // Leaving: to whom
}

// State is where an individual is at home.
type State int

// The states; the numbers are stored.
const (
	Unknown   State = iota // the registrar hasn't answered, or they have no pseudonym
	Here                   // claimed by this node
	Elsewhere              // claimed by another
	Leaving                // let go by this node, and the registrar hasn't heard it
	Left                   // let go
	going                  // they are in the register no more, and the registrar hasn't heard it
	asking                 // the registrar is asked, and may have answered
)

var states = [...]string{"unknown", "here", "elsewhere", "leaving", "left", "unknown", "unknown"}

func (s State) String() string { return states[s] }

// Open reads what is known.
func Open(ctx context.Context, db *storage.DB, people *individual.Register, o Options) (*Home, error) {
	if o.Elapsed == nil {
		began := time.Now() // its monotonic part is what counts
		o.Elapsed = func() time.Duration { return time.Since(began) }
	}
	o.Every, o.Again, o.Log = cmp.Or(o.Every, 5*time.Second), cmp.Or(o.Again, 10*time.Minute), cmp.Or(o.Log, slog.Default())
	h := &Home{db: db, people: people, o: o, named: map[Claim]individual.Number{}, places: map[Claim]place{}}
	if _, waiting := db.Restored(); waiting { // what was ours then may be another's now
		err := db.Write(ctx, func(tx *storage.Tx) error {
			_, err := tx.Exec(ctx, `UPDATE home_place SET state = 6, waits = 0 WHERE state IN (1, 2)`)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	if err := db.Read(ctx, func(tx *storage.Tx) error { return h.load(ctx, tx) }); err != nil {
		return nil, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.read()
	h.publish()
	return h, nil
}

func (h *Home) load(ctx context.Context, tx *storage.Tx) error {
	rows, err := tx.Query(ctx, `SELECT claim, individual, state, waits, moves_to FROM home_place`)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var text string
		var who, waits int64
		var c Claim
		var p place
		if err := rows.Scan(&text, &who, &p.state, &waits, &p.to); err != nil {
			return err
		}
		if err := c.UnmarshalText([]byte(text)); err != nil {
			return err
		}
		if p.who, p.waits = individual.Number(who), waits == 1; p.waits {
			p.from = h.o.Elapsed() + Settle
		}
		h.places[c] = p
	}
	return rows.Err()
}

// Set are those who are counted in answers that nodes give together; nil: everybody. It costs nothing.
func (h *Home) Set() *individual.Set { return h.set.Load() }

// Of tells where somebody is at home.
func (h *Home) Of(who individual.Individual) State {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch p, known := h.places[ClaimOf(h.o.Issuer, who.Pseudonym)]; {
	case h.o.Issuer == "":
		return Here
	case who.Pseudonym == "" || !known || p.state > Left:
		return Unknown
	default:
		return p.state
	}
}

// read reads the pseudonyms, if they have changed. h.mu is held.
func (h *Home) read() {
	of, version := h.people.Pseudonyms(h.version)
	if h.version == version || h.o.Issuer == "" {
		return
	}
	h.version = version
	clear(h.named)
	for pseudonym, n := range of {
		h.named[ClaimOf(h.o.Issuer, pseudonym)] = n
	}
}

// publish makes the set of those who are at home. h.mu is held.
func (h *Home) publish() {
	if h.o.Issuer == "" {
		return
	}
	now, words := h.o.Elapsed(), []uint64{}
	for c, n := range h.named {
		p := h.places[c]
		if p.state != Here || p.waits && now < p.from {
			continue
		}
		for int(n/64) >= len(words) {
			words = append(words, 0)
		}
		words[n/64] |= 1 << (n % 64)
	}
	if old := h.set.Load(); old == nil || !slices.Equal(old.Words, words) {
		h.set.Store(&individual.Set{Words: words})
	}
}

// put keeps what is known now of some claims, and then makes it so: nothing is newer in memory than on the disk. h.mu is held.
func (h *Home) put(ctx context.Context, of map[Claim]place) error {
	all := slices.Collect(maps.Keys(of))
	err := h.db.Write(ctx, func(tx *storage.Tx) error {
		for some := range slices.Chunk(all, 500) {
			args := make([]any, len(some))
			for i, c := range some {
				args[i] = c.String()
			}
			if _, err := tx.Exec(ctx, `DELETE FROM home_place WHERE claim IN (`+places(1, len(some))+`)`, args...); err != nil {
				return err
			}
		}
		i := 0
		return tx.Insert(ctx, "home_place (claim, individual, state, waits, moves_to)", func() []any {
			for ; i < len(all); i++ {
				if p := of[all[i]]; p.state != Unknown {
					i++
					return []any{all[i-1].String(), p.who, int(p.state), p.waits, p.to}
				}
			}
			return nil
		})
	})
	if err != nil {
		return err
	}
	for c, p := range of {
		if p.state == Unknown {
			delete(h.places, c)
		} else {
			h.places[c] = p
		}
	}
	h.idle = false
	h.publish()
	return nil
}

// Release lets somebody go, to a node or to whoever claims them next. When it returns they are counted here no more; the registrar hears of it with
// the next Sync.
func (h *Home) Release(ctx context.Context, who individual.Individual, to string) error {
	if to != "" && !nodeName.MatchString(to) {
		return fault.New(fault.Invalid, "%.40q is no node", to).Where("to")
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	c := ClaimOf(h.o.Issuer, who.Pseudonym)
	p := h.places[c]
	if h.o.Issuer == "" || who.Pseudonym == "" || p.state != Here {
		return fault.New(fault.Conflict, "they aren't at home here").Say("home.not")
	}
	p.state, p.to, p.waits = Leaving, to, false
	return h.put(ctx, map[Claim]place{c: p})
}

// Return asks again for somebody who was let go, or whose home was elsewhere: they are at home here again if no other node has them.
func (h *Home) Return(ctx context.Context, who individual.Individual) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	c := ClaimOf(h.o.Issuer, who.Pseudonym)
	if p := h.places[c]; p.state != Left && p.state != Elsewhere {
		return fault.New(fault.Conflict, "they weren't let go, or the registrar hasn't heard it yet").Say("home.not")
	}
	return h.put(ctx, map[Claim]place{c: {who: who.Number, state: asking}})
}

// Sync claims who is new, tells the registrar who went, and now and then asks about all again. An error changes nothing for who is known.
func (h *Home) Sync(ctx context.Context) error {
	if h.o.Issuer == "" {
		return nil
	}
	h.syncs.Lock()
	defer h.syncs.Unlock()
	work, err := h.gather(ctx)
	for err == nil && len(work) > 0 {
		n := min(len(work), mostClaims)
		if err = h.send(ctx, work[:n]); err == nil {
			work = work[n:]
		}
	}
	return err
}

// task is what the registrar is to be told of a claim.
type task struct {
	claim Claim
	place
}

// gather finds what the registrar is to be told.
func (h *Home) gather(ctx context.Context) (work []task, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	now, before := h.o.Elapsed(), h.version
	if h.read(); h.idle && h.version == before && now < h.full {
		return nil, nil
	}
	if changed := h.follow(now); len(changed) > 0 {
		err = h.put(ctx, changed)
	} else {
		h.publish()
	}
	if err != nil {
		return nil, err
	}
	all := now >= h.full
	if all {
		h.full = now + h.o.Again
	}
	h.idle = true
	for c, p := range h.places {
		if p.state >= going || p.state == Leaving || all && (p.state == Here || p.state == Elsewhere) {
			work = append(work, task{c, p})
		}
		h.idle = h.idle && !p.waits
	}
	h.idle = h.idle && len(work) == 0
	return work, nil
}

// follow finds what has become of claims since, by the register and by the time. What the registrar may have been told is never taken back: who comes
// back is asked about anew when it has answered. h.mu is held.
func (h *Home) follow(now time.Duration) map[Claim]place {
	changed := map[Claim]place{}
	for c, p := range h.places {
		n, there := h.named[c]
		switch {
		case !there && p.state == Left:
			changed[c] = place{}
		case !there && p.state != going:
			p.state, p.waits = going, false
			changed[c] = p
		case there && (p.who != n || p.waits && now >= p.from):
			p.who, p.waits = n, p.waits && now < p.from
			changed[c] = p
		}
	}
	for c, n := range h.named {
		if _, known := h.places[c]; !known {
			changed[c] = place{who: n, state: asking}
		}
	}
	return changed
}

// send tells the registrar, and keeps what it says.
func (h *Home) send(ctx context.Context, work []task) error {
	var m message
	for _, t := range work {
		switch t.state {
		case Here:
			m.Hold = append(m.Hold, t.claim)
		case Leaving, going:
			m.Release = append(m.Release, release{t.claim, t.to})
		case Unknown, Elsewhere, Left, asking:
			m.Claim = append(m.Claim, t.claim)
		}
	}
	var a answer
	for range 2 {
		if err := h.exchange(ctx, &m, &a); err != nil {
			return err
		}
		if a.Late == 0 {
			break
		}
	}
	if a.Late > 0 || len(a.Claim) != len(m.Claim) || len(a.Hold) != len(m.Hold) {
		return fault.New(fault.Unavailable, "the registrar's answer fits no message of ours")
	}
	return h.heard(ctx, work, a)
}

// exchange sends a message with the next turn. An answer that it came late says which turns are over.
func (h *Home) exchange(ctx context.Context, m *message, a *answer) (err error) {
	err = h.db.Write(ctx, func(tx *storage.Tx) error {
		return tx.QueryRow(ctx, `INSERT INTO home_turn (one, turn) VALUES (1, $1)
			ON CONFLICT (one) DO UPDATE SET turn = CASE WHEN home_turn.turn >= excluded.turn THEN home_turn.turn + 1 ELSE excluded.turn END RETURNING turn`, int64(a.Late)+1).Scan(&m.Turn)
	})
	if err != nil {
		return err
	}
	b, err := json.Marshal(m)
	if err != nil {
		return err
	}
	if b, err = h.o.Call(ctx, b); err != nil {
		return err
	}
	*a = answer{}
	if err = parse(b, a); a.Late > mostTurns {
		*a, err = answer{}, fault.New(fault.Unavailable, "the registrar says that turns were taken which never were")
	}
	return err
}

// heard keeps what the registrar said, of claims that nothing else has become of meanwhile.
func (h *Home) heard(ctx context.Context, work []task, a answer) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	changed, claim, hold := map[Claim]place{}, 0, 0
	for _, t := range work {
		p := h.places[t.claim]
		same := p.state == t.state
		switch t.state {
		case Here:
			if hold++; same && a.Hold[hold-1] == others {
				p.state, p.waits = Elsewhere, false
				changed[t.claim] = p
			}
		case Leaving:
			if same {
				p.state = Left
				changed[t.claim] = p
			}
		case going:
			if same {
				changed[t.claim] = place{}
			}
		case Unknown, Elsewhere, Left, asking:
			said := a.Claim[claim]
			if claim++; !same {
				break
			}
			next := place{who: p.who, state: Elsewhere}
			if said != others {
				next.state, next.waits = Here, said == yoursOnce
				next.from = h.o.Elapsed() + Settle
			}
			if next.state != p.state {
				changed[t.claim] = next
			}
		}
	}
	if len(changed) == 0 {
		return nil
	}
	return h.put(ctx, changed)
}

// Run syncs until the context ends.
func (h *Home) Run(ctx context.Context) {
	if h.o.Issuer == "" {
		return
	}
	t := time.NewTicker(h.o.Every)
	defer t.Stop()
	failing := false
	for {
		err := h.Sync(ctx)
		if ctx.Err() != nil {
			return
		}
		if failed := err != nil; failed != failing { // once, not every time
			if failing = failed; failing {
				h.o.Log.Warn("it can't be asked who is at home here", "error", err, "hint", fault.HintOf(err))
			}
		}
		select {
		case <-t.C:
		case <-ctx.Done():
			return
		}
	}
}
