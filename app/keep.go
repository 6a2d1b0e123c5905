package app

import (
	"context"
	"time"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/ledger"
)

// keepYears is for how long the node keeps who asked what, and what proves who was counted.
func (s Settings) keepYears() (int, error) {
	switch {
	case s.KeepYears == 0:
		return ledger.KeepYears, nil
	case s.KeepYears < ledger.KeepYears:
		return 0, fault.New(fault.Invalid, "access records are kept for %d years at least, not %d", ledger.KeepYears, s.KeepYears).Where("keep_years").
			Do("give %d or more, or leave it out", ledger.KeepYears)
	}
	return s.KeepYears, nil
}

// The day between what the ledger names and what proves it (counted.Prune), and how often is looked.
const (
	keepSlack = 24 * time.Hour
	keepEvery = 24 * time.Hour
)

// letGo deletes, once a day, access records whose time is over, and what proves uses that nobody has a right to know the asker of any more.
// The ledger's leaves stay.
func (n *Node) letGo(ctx context.Context) error {
	now := n.db.Now()
	if !n.letGoAt.IsZero() && now.Sub(n.letGoAt) < keepEvery && !now.Before(n.letGoAt) {
		return nil
	}
	years, err := n.settings.keepYears()
	if err != nil {
		return err
	}
	if _, err := n.accesses.Expire(ctx); err != nil {
		return err
	}
	if _, err := n.counted.Prune(ctx, now.AddDate(-years, 0, 0).Add(-keepSlack)); err != nil {
		return err
	}
	n.letGoAt = now
	return nil
}
