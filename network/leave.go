package network

import (
	"context"
	"time"

	"github.com/samverk/samverk/storage"
)

// Everything is what the room keeps of a person, as they can take it with them.
type Everything struct {
	Person     Person
	Networks   []ID
	Profile    []ProfilePart
	Seats      []MySeat
	Interests  []Interest
	Candidate  []Candidate
	Agreements []Agreement
}

// MySeat is a term of a person's own with what it was of.
type MySeat struct {
	Holding
	Root   ID
	Body   BodyID
	Name   Text // the body's
	Role   Role
	Sector Sector
}

// Mine gives everything that the room keeps of the actor.
func (r *Registry) Mine(ctx context.Context, tx *storage.Tx, a Access) (e Everything, err error) {
	id := a.Actor.Person
	if id == "" {
		return e, Absent()
	}
	if e.Person, err = r.Person(ctx, tx, id); err != nil {
		return e, err
	}
	if e.Networks, err = memberships(ctx, tx, id); err != nil {
		return e, err
	}
	if e.Profile, err = r.Profile(ctx, tx, a, id); err != nil {
		return e, err
	}
	if e.Seats, err = r.mySeats(ctx, tx, id); err != nil {
		return e, err
	}
	if e.Interests, err = interests(ctx, tx, `i.person = $1`, id); err != nil {
		return e, err
	}
	if e.Candidate, err = r.MyCandidacies(ctx, tx, a); err != nil {
		return e, err
	}
	for i, c := range e.Candidate {
		if c.Proposer != "" {
			e.Candidate[i].Text = "" // the proposer's words
		}
	}
	e.Agreements, err = r.agreements(ctx, tx, a, `g.person = $1`, id)
	return e, err
}

func (r *Registry) mySeats(ctx context.Context, tx *storage.Tx, id PersonID) ([]MySeat, error) {
	rows, err := tx.Query(ctx, `SELECT h.id, h.seat, h.starts, h.ends, h.why, h.recorded, b.root, b.id, b.name, s.role, s.sector
		FROM holding h JOIN seat s ON s.id = h.seat JOIN body b ON b.id = s.body WHERE h.person = $1 ORDER BY h.starts DESC, h.id LIMIT 500`, id)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []MySeat
	for rows.Next() {
		m := MySeat{Holding: Holding{Person: id}}
		var from, to, recorded int64
		if err := rows.Scan(&m.ID, &m.Seat, &from, &to, &m.Why, &recorded, &m.Root, &m.Body, &m.Name, &m.Role, &m.Sector); err != nil {
			return nil, err
		}
		m.From, m.To, m.Recorded = storage.Time(from), moment(to), storage.Time(recorded)
		out = append(out, m)
	}
	return out, rows.Err()
}

// Erase removes the actor: profile, memberships and ties go, what they hold ends now, their name is emptied everywhere it is looked
// up, also the one they were invited under. That somebody held a seat stays, without a name; names in approved minutes are the forum's and stay by the law of archives.
func (r *Registry) Erase(ctx context.Context, who Actor) error {
	return r.act(ctx, who, func(tx *storage.Tx, a Access) error {
		id := a.Actor.Person
		if id == "" {
			return Absent()
		}
		if err := r.endAll(ctx, tx, who, id); err != nil {
			return err
		}
		selves, err := r.selves(ctx, tx, id)
		if err != nil {
			return err
		}
		for _, self := range selves {
			if err := r.forget(ctx, tx, self); err != nil {
				return err
			}
		}
		return nil
	})
}

// selves lists a person with those whose invitations they accepted: the same human being, as others called them.
func (r *Registry) selves(ctx context.Context, tx *storage.Tx, id PersonID) ([]PersonID, error) {
	rows, err := tx.Query(ctx, `SELECT id FROM person WHERE id = $1 OR became = $1 ORDER BY id`, id)
	if err != nil {
		return nil, err
	}
	return scanIDs[PersonID](rows)
}

// forget removes what the rooms keep of a person, and their name.
func (r *Registry) forget(ctx context.Context, tx *storage.Tx, id PersonID) error {
	for _, f := range r.leaving {
		if err := f(ctx, tx, id); err != nil {
			return err
		}
	}
	for _, q := range [...]string{
		`DELETE FROM profile_term WHERE person = $1`,
		`DELETE FROM profile_part WHERE person = $1`,
		`DELETE FROM membership WHERE person = $1`,
		`DELETE FROM interest WHERE person = $1`,
		`DELETE FROM interest_confirmed WHERE person = $1`,
		`UPDATE candidate SET text = '', state = CASE WHEN state = '' THEN 'withdrawn' ELSE state END WHERE person = $1 OR proposer = $1`,
		`UPDATE agreement SET person = NULL, version = version + 1 WHERE person = $1`,
		`UPDATE holding SET why = '' WHERE person = $1 AND why <> ''`,
	} {
		if _, err := tx.Exec(ctx, q, id); err != nil {
			return err
		}
	}
	_, err := tx.Exec(ctx, `UPDATE person SET name = '', operator = 0, erased = $2, version = version + 1 WHERE id = $1`, id, r.db.Now())
	return err
}

// endAll ends what a person holds and is to hold.
func (r *Registry) endAll(ctx context.Context, tx *storage.Tx, who Actor, id PersonID) error {
	now := r.db.Now()
	held, err := r.openTerms(ctx, tx, id)
	if err != nil {
		return err
	}
	for _, h := range held {
		if err := r.cut(ctx, tx, who, h, later(now, h.From), ""); err != nil {
			return err
		}
	}
	return nil
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
