package network

import (
	"context"
	"slices"
	"strings"

	"github.com/samverk/samverk/storage"
)

// What happens to an invitation, as history tells it.
const (
	InvitationSent      = "invitation.sent"
	InvitationWithdrawn = "invitation.withdrawn"
	InvitationAccepted  = "invitation.accepted"
	RecoveryMade        = "recovery.made" // a link for a new password, where none can be mailed
)

// Invited writes what happened to a person's invitation into the network's history, under the person: who did it, in which network, and which seats
// the person is invited to. It names no address. Whether the actor may is the caller's question (package account's).
func (r *Registry) Invited(ctx context.Context, tx *storage.Tx, who Actor, p PersonID, kind string) error {
	home, err := r.Home(ctx, tx, p)
	if err != nil {
		return err
	}
	n, ok := r.Tree().Network(home)
	if !ok {
		return Absent()
	}
	held, err := r.openTerms(ctx, tx, p)
	if err != nil {
		return err
	}
	seats := make([]string, 0, len(held))
	for _, h := range held {
		seats = append(seats, string(h.Seat))
	}
	return r.Record(ctx, tx, who, n.Root, string(p), kind, map[string]string{"network": string(home), "seats": strings.Join(seats, " ")})
}

// openTerms lists the terms a person has now or is to have.
func (r *Registry) openTerms(ctx context.Context, tx *storage.Tx, p PersonID) ([]Holding, error) {
	return r.holdings(ctx, tx, `h.person = $1 AND (h.ends = 0 OR h.ends > $2 AND h.ends > h.starts)`, p, r.db.Now())
}

// seatedIn lists the networks in whose bodies a person has or is to have a seat.
func (r *Registry) seatedIn(ctx context.Context, tx *storage.Tx, p PersonID) ([]ID, error) {
	rows, err := tx.Query(ctx, `SELECT DISTINCT b.network FROM holding h JOIN seat s ON s.id = h.seat JOIN body b ON b.id = s.body
		WHERE h.person = $1 AND (h.ends = 0 OR h.ends > $2 AND h.ends > h.starts) ORDER BY b.network`, p, r.db.Now())
	if err != nil {
		return nil, err
	}
	return scanIDs[ID](rows)
}

// Offered tells what a person is invited to: the networks, from the top, and the seats that they have or are to have.
func (r *Registry) Offered(ctx context.Context, tx *storage.Tx, p PersonID) (in []*Network, seats []MySeat, err error) {
	within, err := memberships(ctx, tx, p)
	if err != nil {
		return nil, nil, err
	}
	for _, id := range within {
		if n, ok := r.Tree().Network(id); ok {
			in = append(in, n)
		}
	}
	slices.SortStableFunc(in, func(a, b *Network) int { return len(r.Tree().Up(a.ID)) - len(r.Tree().Up(b.ID)) })
	all, err := r.mySeats(ctx, tx, p)
	for _, s := range all {
		if !s.Past(r.db.Now()) && !s.Void() {
			seats = append(seats, s)
		}
	}
	return in, seats, err
}

// Responsible lists who answers for what a person is invited to: the coordinators of their home, and of each body's network.
func (r *Registry) Responsible(ctx context.Context, tx *storage.Tx, p PersonID) ([]PersonID, error) {
	home, err := r.Home(ctx, tx, p)
	if err != nil {
		return nil, err
	}
	in, err := r.seatedIn(ctx, tx, p)
	if err != nil {
		return nil, err
	}
	var out []PersonID
	for _, n := range append(in, home) {
		who, err := r.coordinators(ctx, tx, n)
		if err != nil {
			return nil, err
		}
		out = append(out, who...)
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

// TakeOver lets somebody who was here already have what they were invited to as somebody new: memberships, seats, and what they were proposed for.
// The invited person's terms end and theirs begin; the invited person is registered with nothing any more, and stays as a name in history, until
// whoever took over is erased.
func (r *Registry) TakeOver(ctx context.Context, tx *storage.Tx, invited, by PersonID) error {
	networks, err := memberships(ctx, tx, invited)
	if err != nil {
		return err
	}
	if len(networks) == 0 || invited == by {
		return Absent()
	}
	for _, n := range networks {
		if err := r.enrol(ctx, tx, by, n); err != nil {
			return err
		}
		in, ok := r.Tree().Network(n)
		if !ok {
			return Absent()
		}
		if err := r.Record(ctx, tx, Actor{Person: by}, in.Root, string(by), "person.registered", map[string]string{"network": string(n), "invited": string(invited)}); err != nil {
			return err
		}
	}
	if err := r.takeSeats(ctx, tx, invited, by); err != nil {
		return err
	}
	for _, q := range []string{
		`UPDATE candidate SET person = $2 WHERE person = $1 AND NOT EXISTS (SELECT 1 FROM candidate o WHERE o.person = $2 AND o.seat = candidate.seat AND o.state = '')`,
		`UPDATE agreement SET person = $2, version = version + 1 WHERE person = $1`,
		`UPDATE person SET became = $2 WHERE id = $1`,
	} {
		if _, err := tx.Exec(ctx, q, invited, by); err != nil {
			return err
		}
	}
	if _, err := tx.Exec(ctx, `DELETE FROM membership WHERE person = $1`, invited); err != nil {
		return err
	}
	return r.indexPerson(ctx, tx, invited)
}

func (r *Registry) takeSeats(ctx context.Context, tx *storage.Tx, invited, by PersonID) error {
	held, err := r.openTerms(ctx, tx, invited)
	if err != nil {
		return err
	}
	now, who := r.db.Now(), Actor{Person: by}
	for _, h := range held {
		s, err := r.Seat(ctx, tx, h.Seat)
		if err != nil {
			return err
		}
		b, err := r.Body(ctx, tx, s.Body)
		if err != nil {
			return err
		}
		if err := r.cut(ctx, tx, who, h, now, ""); err != nil {
			return err
		}
		if _, err := r.give(ctx, tx, who, b, s, Term{Seat: s.ID, Person: by, From: later(now, h.From), To: h.To}); err != nil {
			return err
		}
	}
	return nil
}
