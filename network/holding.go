package network

import (
	"context"
	"time"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/storage"
)

// Holding is a term: who holds a seat, from when to when. It is ended, never removed or moved.
type Holding struct {
	ID       HoldingID
	Seat     SeatID
	Person   PersonID
	Name     string // the person's; "" once erased
	From, To time.Time
	Why      string // why it ended before its time: for the network's coordinators and the person
	Recorded time.Time
}

// Void tells whether the term was ended before it began.
func (h Holding) Void() bool { return !h.To.IsZero() && !h.To.After(h.From) }

// Past tells whether the term is over.
func (h Holding) Past(now time.Time) bool { return !h.To.IsZero() && !h.To.After(now) }

// holdings lists those for which a condition is true, the earliest first.
func (r *Registry) holdings(ctx context.Context, tx *storage.Tx, where string, args ...any) ([]Holding, error) {
	rows, err := tx.Query(ctx, `SELECT h.id, h.seat, h.person, p.name, h.starts, h.ends, h.why, h.recorded
		FROM holding h JOIN seat s ON s.id = h.seat JOIN person p ON p.id = h.person WHERE `+where+` ORDER BY h.starts, h.id`, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []Holding
	for rows.Next() {
		var h Holding
		var from, to, recorded int64
		if err := rows.Scan(&h.ID, &h.Seat, &h.Person, &h.Name, &from, &to, &h.Why, &recorded); err != nil {
			return nil, err
		}
		h.From, h.To, h.Recorded = storage.Time(from), moment(to), storage.Time(recorded)
		out = append(out, h)
	}
	return out, rows.Err()
}

// Term is a seat to be given to somebody.
type Term struct {
	Seat     SeatID
	Person   PersonID
	From, To time.Time // zero From: from now; zero To: until further notice
}

// Give gives a seat to a person for a term: for the coordinators of the body's network. The person must be registered with the
// tenant, and becomes registered with the body's network. From may lie in the past, when the seat was vacant then.
func (r *Registry) Give(ctx context.Context, who Actor, t Term) (id HoldingID, err error) {
	err = r.act(ctx, who, func(tx *storage.Tx, a Access) error {
		s, b, err := r.seatToFill(ctx, tx, a, t.Seat)
		if err != nil {
			return err
		}
		id, err = r.give(ctx, tx, who, b, s, t)
		return err
	})
	return id, err
}

// seatToFill is seatToChange, with a way in for the operator where nobody is left who could: a tenant's own secretariat.
func (r *Registry) seatToFill(ctx context.Context, tx *storage.Tx, a Access, id SeatID) (Seat, Body, error) {
	s, b, err := r.seatToChange(ctx, tx, a, id)
	if err == nil || !a.Operator || b.Kind != Secretariat || b.Network != b.Root || !b.Closed.IsZero() || !s.Closed.IsZero() {
		return s, b, err
	}
	staffed, err2 := r.staffed(ctx, tx)
	if err2 != nil || !staffed[b.Root] {
		return s, b, err2
	}
	return s, b, err
}

// give writes a term. The caller has judged whether the actor may.
func (r *Registry) give(ctx context.Context, tx *storage.Tx, who Actor, b Body, s Seat, t Term) (HoldingID, error) {
	now := r.db.Now()
	if t.From.IsZero() {
		t.From = now
	}
	if !t.To.IsZero() && (!t.To.After(t.From) || !t.To.After(now)) {
		return "", endsFirst("to")
	}
	if err := r.registered(ctx, tx, t.Person, b.Root); err != nil {
		return "", err
	}
	taken, err := r.holdings(ctx, tx, `h.seat = $1 AND (h.ends = 0 OR h.ends > h.starts AND h.ends > $2) AND (h.starts < $3 OR $3 = 0)`, s.ID, t.From, micros(t.To))
	if err != nil {
		return "", err
	}
	if len(taken) > 0 {
		return "", fault.New(fault.Conflict, "somebody holds the seat in that time").Where("from").Say("network.seat.taken").Do("end the other term first")
	}
	id, err := r.db.NewID()
	if err != nil {
		return "", err
	}
	_, err = tx.Exec(ctx, `INSERT INTO holding (id, seat, person, starts, ends, why, recorded, reminded) VALUES ($1, $2, $3, $4, $5, '', $6, $6)`,
		id, s.ID, t.Person, t.From, micros(t.To), now)
	if err != nil {
		return "", err
	}
	if s.Role.Votes() {
		if err := r.votesOnce(ctx, tx, s); err != nil {
			return "", err
		}
	}
	if err := r.enrol(ctx, tx, t.Person, b.Network); err != nil {
		return "", err
	}
	if err := r.filled(ctx, tx, s.ID, t.Person); err != nil {
		return "", err
	}
	if err := r.recordTerm(ctx, tx, who, b, s, t.Person, "seat.given", t.From, t.To); err != nil || t.Person == who.Person {
		return HoldingID(id), err
	}
	return HoldingID(id), r.tellAbout(ctx, tx, t.Person, b, "notice.network.given")
}

func (r *Registry) recordTerm(ctx context.Context, tx *storage.Tx, who Actor, b Body, s Seat, p PersonID, kind string, from, to time.Time) error {
	details := map[string]string{"person": string(p)}
	if !from.IsZero() {
		details["from"] = from.UTC().Format(time.RFC3339)
	}
	if !to.IsZero() {
		details["to"] = to.UTC().Format(time.RFC3339)
	}
	return r.recordSeat(ctx, tx, who, b, s, kind, details)
}

// votesOnce refuses that one person has two votes in a body at the same time.
func (r *Registry) votesOnce(ctx context.Context, tx *storage.Tx, s Seat) error {
	var n int64
	err := tx.QueryRow(ctx, `SELECT count(*) FROM holding h JOIN holding o ON o.person = h.person AND o.id <> h.id
			AND (h.ends = 0 OR o.starts < h.ends) AND (o.ends = 0 OR h.starts < o.ends) AND (o.ends = 0 OR o.ends > o.starts)
			JOIN seat x ON x.id = o.seat
		WHERE h.seat = $1 AND (h.ends = 0 OR h.ends > h.starts AND h.ends > $3) AND x.body = $2 AND x.id <> $1 AND x.role IN ('chair', 'member')`,
		s.ID, s.Body, r.db.Now()).Scan(&n)
	if err == nil && n > 0 {
		return fault.New(fault.Conflict, "the person has a vote in this body already").Where("person").Say("network.seat.twice")
	}
	return err
}

// term finds a holding with its seat and body, when the actor may change it.
func (r *Registry) term(ctx context.Context, tx *storage.Tx, a Access, id HoldingID) (Holding, Seat, Body, error) {
	all, err := r.holdings(ctx, tx, `h.id = $1`, id)
	if err != nil {
		return Holding{}, Seat{}, Body{}, err
	}
	if len(all) == 0 {
		return Holding{}, Seat{}, Body{}, Absent()
	}
	s, b, err := r.seatToChange(ctx, tx, a, all[0].Seat)
	return all[0], s, b, err
}

// End ends a term before its time, with the reason: for the coordinators of the body's network, and for the person themself. A zero
// time is now; the past is not changed. A term that has not begun is void.
func (r *Registry) End(ctx context.Context, who Actor, id HoldingID, at time.Time, why string) error {
	return r.act(ctx, who, func(tx *storage.Tx, a Access) error {
		h, _, _, err := r.term(ctx, tx, a, id)
		own := h.ID != "" && a.Actor.Person == h.Person && a.Actor.Person != ""
		if err != nil && !(own && fault.KindOf(err) == fault.Denied) {
			return err
		}
		return r.end(ctx, tx, who, h, at, why)
	})
}

func (r *Registry) end(ctx context.Context, tx *storage.Tx, who Actor, h Holding, at time.Time, why string) error {
	now := r.db.Now()
	if at.IsZero() || at.Before(now) {
		at = now
	}
	if h.Past(now) || h.Void() {
		return fault.New(fault.Conflict, "the term is over already").Say("network.term.over")
	}
	if !h.To.IsZero() && at.After(h.To) {
		return fault.New(fault.Invalid, "the term ends before that").Where("at").Say("network.term.before")
	}
	why = text(why)
	if err := short("why", why, 1000); err != nil {
		return err
	}
	if err := r.cut(ctx, tx, who, h, at, why); err != nil || h.Person == who.Person {
		return err
	}
	s, err := r.Seat(ctx, tx, h.Seat)
	if err != nil {
		return err
	}
	b, err := r.Body(ctx, tx, s.Body)
	if err != nil {
		return err
	}
	return r.tellAbout(ctx, tx, h.Person, b, "notice.seat.ended")
}

// cut ends a term at a time; one that would begin later is void.
func (r *Registry) cut(ctx context.Context, tx *storage.Tx, who Actor, h Holding, at time.Time, why string) error {
	if at.Before(h.From) {
		at = h.From
	}
	if _, err := tx.Exec(ctx, `UPDATE holding SET ends = $2, why = $3 WHERE id = $1`, h.ID, at, why); err != nil {
		return err
	}
	s, err := r.Seat(ctx, tx, h.Seat)
	if err != nil {
		return err
	}
	b, err := r.Body(ctx, tx, s.Body)
	if err != nil {
		return err
	}
	return r.recordTerm(ctx, tx, who, b, s, h.Person, "seat.ended", h.From, at)
}

// Renew gives the same person the same seat for a term after the one they have.
func (r *Registry) Renew(ctx context.Context, who Actor, id HoldingID, to time.Time) (next HoldingID, err error) {
	err = r.act(ctx, who, func(tx *storage.Tx, a Access) error {
		h, s, b, err := r.term(ctx, tx, a, id)
		if err != nil {
			return err
		}
		if h.To.IsZero() || h.Void() || h.Past(r.db.Now()) {
			return fault.New(fault.Conflict, "a term without an end, or one that is over, can't be renewed").Say("network.term.renew")
		}
		next, err = r.give(ctx, tx, who, b, s, Term{Seat: s.ID, Person: h.Person, From: h.To, To: to})
		return err
	})
	return next, err
}

// HandOver ends a term and gives the seat to somebody else from then on. Zero at is now, zero to until further notice.
func (r *Registry) HandOver(ctx context.Context, who Actor, id HoldingID, p PersonID, at, to time.Time, why string) (next HoldingID, err error) {
	err = r.act(ctx, who, func(tx *storage.Tx, a Access) error {
		h, s, b, err := r.term(ctx, tx, a, id)
		if err != nil {
			return err
		}
		if now := r.db.Now(); at.Before(now) {
			at = now
		}
		if err := r.end(ctx, tx, who, h, at, why); err != nil {
			return err
		}
		next, err = r.give(ctx, tx, who, b, s, Term{Seat: s.ID, Person: p, From: at, To: to})
		return err
	})
	return next, err
}

// mostTerms bounds the list of a body's terms.
const mostTerms = 500

// Terms lists who held a seat, the latest first; whether its body is the reader's to see is the caller's question. Why is for
// those who coordinate the network.
func (r *Registry) Terms(ctx context.Context, tx *storage.Tx, a Access, id SeatID) ([]Holding, error) {
	s, err := r.Seat(ctx, tx, id)
	if err != nil {
		return nil, err
	}
	b, err := r.Body(ctx, tx, s.Body)
	if err != nil {
		return nil, err
	}
	all, err := r.holdings(ctx, tx, `h.seat = $1`, id)
	for i := range all {
		if !a.Coordinates(b.Network) && (a.Actor.Person == "" || a.Actor.Person != all[i].Person) {
			all[i].Why = ""
		}
	}
	if n := len(all); n > mostTerms {
		all = all[n-mostTerms:]
	}
	for i, j := 0, len(all)-1; i < j; i, j = i+1, j-1 {
		all[i], all[j] = all[j], all[i]
	}
	return all, err
}

// PastTerm is a term with the seat it was of.
type PastTerm struct {
	Holding
	Seat Held // without who holds it
}

// BodyTerms lists who held a body's seats, closed ones too, the latest first; whether the body is the reader's to see is the caller's
// question.
func (r *Registry) BodyTerms(ctx context.Context, tx *storage.Tx, a Access, id BodyID) ([]PastTerm, error) {
	b, err := r.Body(ctx, tx, id)
	if err != nil {
		return nil, err
	}
	rows, err := tx.Query(ctx, `SELECT h.id, h.person, p.name, h.starts, h.ends, h.why, h.recorded, s.id, s.role, s.sector, COALESCE(s.nominator, ''), COALESCE(o.name, '')
		FROM seat s JOIN holding h ON h.seat = s.id JOIN person p ON p.id = h.person LEFT JOIN organisation o ON o.id = s.nominator
		WHERE s.body = $1 ORDER BY CASE WHEN h.ends = 0 THEN 0 ELSE 1 END, h.starts DESC, h.id DESC LIMIT `+itoa(mostTerms), id)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []PastTerm
	for rows.Next() {
		var t PastTerm
		var from, to, recorded int64
		err := rows.Scan(&t.ID, &t.Person, &t.Name, &from, &to, &t.Why, &recorded, &t.Seat.ID, &t.Seat.Role, &t.Seat.Sector, &t.Seat.Nominator, &t.Seat.NominatorName)
		if err != nil {
			return nil, err
		}
		t.From, t.To, t.Recorded = storage.Time(from), moment(to), storage.Time(recorded)
		t.Holding.Seat, t.Seat.Body = t.Seat.ID, id
		if !a.Coordinates(b.Network) && (a.Actor.Person == "" || a.Actor.Person != t.Person) {
			t.Why = ""
		}
		out = append(out, t)
	}
	return out, rows.Err()
}

// SeatOfTerm gives the seat that a term is of.
func (r *Registry) SeatOfTerm(ctx context.Context, tx *storage.Tx, id HoldingID) (seat SeatID, err error) {
	err = tx.QueryRow(ctx, `SELECT seat FROM holding WHERE id = $1`, id).Scan(&seat)
	if noRow(err) {
		return "", Absent()
	}
	return seat, err
}
