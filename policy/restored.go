package policy

import (
	"context"
	"database/sql"
	"errors"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/storage"
)

// A backup doesn't know which policies were adopted after it was taken: one that it holds may have been tightened since. So a database made
// from a backup denies everything until somebody has said that nothing is missing.

// ConfirmRestored says that no policy adopted since the backup is missing here: those that were are adopted again, or there were none.
func (p *Policies) ConfirmRestored(ctx context.Context, by Actor, ground string) error {
	if err := needed("ground", ground); err != nil {
		return err
	}
	return p.act(ctx, by, false, func(tx *storage.Tx) error {
		backup, err := unconfirmed(ctx, tx)
		if err != nil {
			return err
		}
		if backup == "" {
			return fault.New(fault.Conflict, "no restored backup waits for a word").Say("policy.restored.none")
		}
		return noteRestored(ctx, tx, backup, true, by.name(), ground, p.latest())
	})
}

// notice keeps that the database was made from a backup, for as long as nobody has confirmed it.
func (p *Policies) notice(ctx context.Context, tx *storage.Tx) error {
	if backup, waiting := p.db.Restored(); waiting {
		return noteRestored(ctx, tx, backup, false, "samverk", "restored", p.latest())
	}
	return nil
}

func noteRestored(ctx context.Context, tx *storage.Tx, backup string, confirmed bool, by, ground string, at any) error {
	_, err := tx.Exec(ctx, `INSERT INTO policy_restored (backup, confirmed, made_by, ground, made) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (backup, confirmed) DO NOTHING`, backup, confirmed, by, ground, at)
	return err
}

// unconfirmed names a backup that nobody has confirmed; "" when there is none.
func unconfirmed(ctx context.Context, tx *storage.Tx) (backup string, err error) {
	err = tx.QueryRow(ctx, `SELECT r.backup FROM policy_restored r WHERE r.confirmed = 0
		AND NOT EXISTS (SELECT 1 FROM policy_restored c WHERE c.backup = r.backup AND c.confirmed = 1) ORDER BY r.backup LIMIT 1`).Scan(&backup)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return backup, err
}

// restored is the fault that stands until then.
func restored(backup string) error {
	return fault.New(fault.Unavailable, "this node was made from the backup of %s; policies adopted since may be missing", backup).
		Do("adopt the policies adopted since then, and confirm that none is missing")
}
