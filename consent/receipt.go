package consent

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/individual"
	"github.com/samverk/samverk/storage"
)

// Receipt is what somebody gets to keep when they have chosen: what changed, from when, and what can't be recalled.
type Receipt struct {
	Number     string // "2026-000412"
	Individual individual.Number
	Recorded   time.Time
	Epoch      uint64 // answers from this epoch on obey it
	Stopped    []Permission
	Began      []Permission
	Choices    []Record // what was said
}

// receipt begins one; it is finished when what changed is known.
func (c *Consents) receipt(u *change, n individual.Number) string {
	u.state.receipt++
	r := &Receipt{Number: fmt.Sprintf("%d-%06d", u.clock(c).Year(), u.state.receipt), Individual: n}
	u.receipts = append(u.receipts, r)
	return r.Number
}

// finish says what a transaction changed for one individual.
func (u *change) finish(r *Receipt, now time.Time) {
	r.Recorded, r.Epoch = now, u.epoch
	for i, p := range permissions {
		was, is := u.base.counts(i, r.Individual), u.counts(i, r.Individual)
		switch {
		case was && !is:
			r.Stopped = append(r.Stopped, p)
		case is && !was:
			r.Began = append(r.Began, p)
		}
	}
}

// counts tells whether one individual is counted by one permission.
func (s *state) counts(permission int, n individual.Number) bool {
	allowed := has(s.planes[yes+plane(permission)], n)
	if s.in(permission) {
		allowed = has(s.enrolled, n) && !has(s.planes[no+plane(permission)], n)
	}
	return allowed && !has(s.planes[out+plane(purposeOf[permission])], n)
}

// Allows is what one individual allows now: each permission by which they are counted.
func (c *Consents) Allows(n individual.Number) []Permission {
	s := c.state()
	var all []Permission
	for i, p := range permissions {
		if s.waiting == "" && s.counts(i, n) {
			all = append(all, p)
		}
	}
	return all
}

// Receipt finds a receipt by its number.
func (c *Consents) Receipt(ctx context.Context, number string) (r Receipt, err error) {
	err = c.db.Read(ctx, func(tx *storage.Tx) error {
		r, err = scanReceipt(tx.QueryRow(ctx, `SELECT `+receiptColumns+` FROM consent_receipt WHERE number = $1`, number))
		if errors.Is(err, sql.ErrNoRows) {
			return fault.New(fault.NotFound, "there is no such receipt").Say("consent.receipt.none")
		}
		if err != nil {
			return err
		}
		r.Choices, err = records(ctx, tx, `individual = $1 AND receipt = $2`, r.Individual, number)
		return err
	})
	return r, err
}

// Receipts lists an individual's receipts, the newest first, without what was said; at most 200.
func (c *Consents) Receipts(ctx context.Context, n individual.Number) (all []Receipt, err error) {
	err = c.db.Read(ctx, func(tx *storage.Tx) error {
		rows, err := tx.Query(ctx, `SELECT `+receiptColumns+` FROM consent_receipt WHERE individual = $1 ORDER BY number DESC LIMIT 200`, n)
		if err != nil {
			return err
		}
		defer rows.Close()
		all = nil
		for rows.Next() {
			r, err := scanReceipt(rows)
			if err != nil {
				return err
			}
			all = append(all, r)
		}
		return rows.Err()
	})
	return all, err
}

const receiptColumns = `number, individual, epoch, stopped, began, recorded`

func scanReceipt(row interface{ Scan(...any) error }) (r Receipt, err error) {
	var stopped, began string
	var recorded int64
	err = row.Scan(&r.Number, &r.Individual, &r.Epoch, &stopped, &began, &recorded)
	for _, p := range strings.Fields(stopped) {
		r.Stopped = append(r.Stopped, Permission(p))
	}
	for _, p := range strings.Fields(began) {
		r.Began = append(r.Began, Permission(p))
	}
	r.Recorded = storage.Time(recorded)
	return r, err
}
