package network

import (
	"context"

	"github.com/samverk/samverk/storage"
)

// Unanswered is a seat whose candidates wait for an answer.
type Unanswered struct {
	Seat    Seat
	Network ID // the body's
	Count   int
}

// Unanswered lists the seats of the networks the reader coordinates in a tenant for which somebody is there and has no answer, those
// who waited longest first.
func (r *Registry) Unanswered(ctx context.Context, tx *storage.Tx, a Access, root ID, limit int) (out []Unanswered, err error) {
	leads := a.Leads()
	if len(leads) == 0 {
		return nil, nil
	}
	in, args := places(leads, []any{root, limit})
	rows, err := tx.Query(ctx, `SELECT s.id, s.body, s.role, s.sector, b.network, COUNT(*) FROM candidate c JOIN seat s ON s.id = c.seat JOIN body b ON b.id = s.body
		WHERE c.root = $1 AND c.state = '' AND s.closed = 0 AND b.closed = 0 AND b.network IN (`+in+`)
		GROUP BY s.id, s.body, s.role, s.sector, b.network ORDER BY MIN(c.at), s.id LIMIT $2`, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var u Unanswered
		if err := rows.Scan(&u.Seat.ID, &u.Seat.Body, &u.Seat.Role, &u.Seat.Sector, &u.Network, &u.Count); err != nil {
			return nil, err
		}
		out = append(out, u)
	}
	return out, rows.Err()
}

// Unfilled is a body with seats that nobody holds, or is about to.
type Unfilled struct {
	Body  BodyID
	Count int
}

// Unfilled lists the bodies of the networks the reader coordinates in a tenant where voting seats are vacant, those with most first.
func (r *Registry) Unfilled(ctx context.Context, tx *storage.Tx, a Access, root ID, limit int) (out []Unfilled, err error) {
	leads := a.Leads()
	if len(leads) == 0 {
		return nil, nil
	}
	in, args := places(leads, []any{root, r.db.Now(), limit})
	rows, err := tx.Query(ctx, `SELECT b.id, COUNT(*) FROM body b JOIN seat s ON s.body = b.id
		WHERE b.root = $1 AND b.closed = 0 AND s.closed = 0 AND s.role IN ('chair', 'member') AND b.network IN (`+in+`)
		AND NOT EXISTS (SELECT 1 FROM holding h WHERE h.seat = s.id AND (h.ends = 0 OR h.ends > $2 AND h.ends > h.starts))
		GROUP BY b.id ORDER BY COUNT(*) DESC, b.id LIMIT $3`, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var u Unfilled
		if err := rows.Scan(&u.Body, &u.Count); err != nil {
			return nil, err
		}
		out = append(out, u)
	}
	return out, rows.Err()
}
