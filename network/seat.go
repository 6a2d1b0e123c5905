package network

import (
	"context"
	"strconv"
	"strings"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/storage"
)

// Roles in the order they are shown.
var Roles = []Role{Chair, Member, Deputy, Observer}

// mostSeats bounds a body.
const mostSeats = 300

func itoa(n int) string { return strconv.Itoa(n) }

// bodyIDs makes a condition of Access.Where about nouns that belong to a body into one about bodies themselves, b.
func bodyIDs(where string) string { return strings.ReplaceAll(where, "b.body", "b.id") }

// cleanSeat checks a seat against its body and tenant.
func (r *Registry) cleanSeat(ctx context.Context, tx *storage.Tx, root ID, s *Seat) error {
	if err := oneOf("role", s.Role, Roles...); err != nil {
		return err
	}
	if err := oneOf("sector", s.Sector, Sectors...); err != nil {
		return err
	}
	if s.Nominator != "" {
		o, err := r.Organisation(ctx, tx, s.Nominator)
		if err != nil || o.Root != root || !o.Closed.IsZero() {
			return fault.New(fault.Invalid, "there is no such organisation").Where("nominator").Say("network.choose")
		}
	}
	if s.DeputyFor == "" {
		return nil
	}
	if s.Role != Deputy {
		return fault.New(fault.Invalid, "only a deputy stands in for a seat").Where("deputy").Say("network.deputy")
	}
	var n int64
	err := tx.QueryRow(ctx, `SELECT count(*) FROM seat WHERE id = $1 AND body = $2 AND closed = 0 AND role IN ('chair', 'member')`, s.DeputyFor, s.Body).Scan(&n)
	if err == nil && n == 0 {
		return fault.New(fault.Invalid, "there is no such seat to stand in for").Where("deputy").Say("network.choose")
	}
	return err
}

func (r *Registry) insertSeat(ctx context.Context, tx *storage.Tx, root ID, s *Seat) error {
	if err := r.cleanSeat(ctx, tx, root, s); err != nil {
		return err
	}
	var n, last int64
	if err := tx.QueryRow(ctx, `SELECT count(*), COALESCE(MAX(sort), 0) FROM seat WHERE body = $1 AND closed = 0`, s.Body).Scan(&n, &last); err != nil {
		return err
	}
	if n >= mostSeats {
		return fault.New(fault.Conflict, "a body has at most %d seats", mostSeats).Say("network.seats.many", mostSeats)
	}
	if s.Order == 0 {
		s.Order = int(last) + 1
	}
	id, err := r.db.NewID()
	if err != nil {
		return err
	}
	s.ID, s.Version = SeatID(id), 1
	_, err = tx.Exec(ctx, `INSERT INTO seat (id, body, role, sector, nominator, deputy_for, sort, closed, version) VALUES ($1, $2, $3, $4, $5, $6, $7, 0, 1)`,
		s.ID, s.Body, s.Role, s.Sector, null(s.Nominator), null(s.DeputyFor), s.Order)
	return err
}

// AddSeat adds a seat to a body, the last in it where no order is given: for its network's coordinators.
func (r *Registry) AddSeat(ctx context.Context, who Actor, s Seat) (SeatID, error) {
	err := r.act(ctx, who, func(tx *storage.Tx, a Access) error {
		b, err := r.mayChange(ctx, tx, a, s.Body)
		if err != nil {
			return err
		}
		s := &s
		if err := r.insertSeat(ctx, tx, b.Root, s); err != nil {
			return err
		}
		return r.recordSeat(ctx, tx, who, b, *s, "seat.added", nil)
	})
	return s.ID, err
}

// EditSeat changes what a seat is for; it stays in its body. Who held it before stays in history, and so does what it then was:
// a seat that is to become something else altogether is better closed and added anew.
func (r *Registry) EditSeat(ctx context.Context, who Actor, s Seat) error {
	return r.act(ctx, who, func(tx *storage.Tx, a Access) error {
		old, b, err := r.seatToChange(ctx, tx, a, s.ID)
		if err != nil {
			return err
		}
		s.Body = old.Body
		if err := r.cleanSeat(ctx, tx, b.Root, &s); err != nil {
			return err
		}
		if s.Order == 0 {
			s.Order = old.Order
		}
		err = r.update(ctx, tx, `UPDATE seat SET role = $3, sector = $4, nominator = $5, deputy_for = $6, sort = $7, version = version + 1 WHERE id = $1 AND version = $2`,
			s.ID, s.Version, s.Role, s.Sector, null(s.Nominator), null(s.DeputyFor), s.Order)
		if err != nil {
			return err
		}
		if s.Role.Votes() && !old.Role.Votes() {
			if err := r.votesOnce(ctx, tx, s); err != nil {
				return err
			}
		}
		if !s.Role.Votes() { // nobody stands in for a seat without a vote
			if _, err := tx.Exec(ctx, `UPDATE seat SET deputy_for = NULL, version = version + 1 WHERE deputy_for = $1`, s.ID); err != nil {
				return err
			}
		}
		return r.recordSeat(ctx, tx, who, b, s, "seat.edited", map[string]string{"was": string(old.Role) + " " + string(old.Sector)})
	})
}

// CloseSeat takes a seat away that nobody holds or is to hold.
func (r *Registry) CloseSeat(ctx context.Context, who Actor, id SeatID, version int64) error {
	return r.act(ctx, who, func(tx *storage.Tx, a Access) error {
		s, b, err := r.seatToChange(ctx, tx, a, id)
		if err != nil {
			return err
		}
		now := r.db.Now()
		open, err := r.holdings(ctx, tx, `h.seat = $1 AND (h.ends = 0 OR h.ends > $2)`, id, now)
		if err != nil {
			return err
		}
		if len(open) > 0 {
			return fault.New(fault.Conflict, "somebody holds the seat").Say("network.seat.held").Do("end the term first")
		}
		if err := r.update(ctx, tx, `UPDATE seat SET closed = $3, version = version + 1 WHERE id = $1 AND version = $2`, id, version, now); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `UPDATE seat SET deputy_for = NULL, version = version + 1 WHERE deputy_for = $1`, id); err != nil {
			return err
		}
		return r.recordSeat(ctx, tx, who, b, s, "seat.closed", nil)
	})
}

// recordSeat writes a seat's history under its body, where it is looked for.
func (r *Registry) recordSeat(ctx context.Context, tx *storage.Tx, who Actor, b Body, s Seat, kind string, more map[string]string) error {
	details := map[string]string{"seat": string(s.ID), "role": string(s.Role), "sector": string(s.Sector), "nominator": string(s.Nominator)}
	for k, v := range more {
		details[k] = v
	}
	return r.Record(ctx, tx, who, b.Root, string(b.ID), kind, details)
}

// seatToChange finds an open seat of an open body whose network the actor coordinates.
func (r *Registry) seatToChange(ctx context.Context, tx *storage.Tx, a Access, id SeatID) (Seat, Body, error) {
	s, err := r.Seat(ctx, tx, id)
	if err != nil {
		return s, Body{}, err
	}
	b, err := r.mayChange(ctx, tx, a, s.Body)
	if err == nil && !s.Closed.IsZero() {
		err = closed()
	}
	return s, b, err
}

// Seat finds a seat; whether its body is the reader's to see is the caller's question.
func (r *Registry) Seat(ctx context.Context, tx *storage.Tx, id SeatID) (s Seat, err error) {
	var closed int64
	err = tx.QueryRow(ctx, `SELECT id, body, role, sector, COALESCE(nominator, ''), COALESCE(deputy_for, ''), sort, closed, version FROM seat WHERE id = $1`, id).
		Scan(&s.ID, &s.Body, &s.Role, &s.Sector, &s.Nominator, &s.DeputyFor, &s.Order, &closed, &s.Version)
	if noRow(err) {
		return s, Absent()
	}
	s.Closed = moment(closed)
	return s, err
}

// SeatCount sums a body's seats with a vote up.
type SeatCount struct{ Seats, Held, Advertised int }

// SeatCounts sums up the open bodies of a tenant, for a list of them.
func (r *Registry) SeatCounts(ctx context.Context, tx *storage.Tx, root ID) (map[BodyID]SeatCount, error) {
	rows, err := tx.Query(ctx, `SELECT b.id, count(*),
			COALESCE(SUM(CASE WHEN EXISTS (SELECT 1 FROM holding h WHERE h.seat = s.id AND h.starts <= $2 AND (h.ends = 0 OR h.ends > $2)) THEN 1 ELSE 0 END), 0),
			COALESCE(SUM(CASE WHEN EXISTS (SELECT 1 FROM vacancy v WHERE v.seat = s.id AND v.closed = 0 AND v.last_day > $2) THEN 1 ELSE 0 END), 0)
		FROM body b JOIN seat s ON s.body = b.id WHERE b.root = $1 AND b.closed = 0 AND s.closed = 0 AND s.role IN ('chair', 'member') GROUP BY b.id`, root, r.db.Now())
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out := map[BodyID]SeatCount{}
	for rows.Next() {
		var id BodyID
		var c SeatCount
		if err := rows.Scan(&id, &c.Seats, &c.Held, &c.Advertised); err != nil {
			return nil, err
		}
		out[id] = c
	}
	return out, rows.Err()
}
