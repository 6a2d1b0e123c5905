package counted

import (
	"context"
	"time"

	"github.com/samverk/samverk/storage"
)

// pagesAtOnce is over how many pages one transaction of Prune goes, so that nobody waits for long.
const pagesAtOnce = 1000

// superseded is where there may be pages that are no longer needed.
type superseded struct {
	use, keep   int64 // the version that stays
	level, last int64 // and the last page
}

// Prune deletes what only proves uses that asked before a moment, and tells how many pages went. What a use's tree was at that moment
// stays, and so does everything since. A leaf of the ledger names the root that was given when its question began: leave a day between.
func (c *Counted) Prune(ctx context.Context, before time.Time) (pages int, err error) {
	// The roots go first: nobody is to find one whose pages are half gone.
	err = c.db.Write(ctx, func(tx *storage.Tx) error {
		_, err := tx.Exec(ctx, `DELETE FROM counted_root WHERE version < (
			SELECT max(r.version) FROM counted_root r WHERE r.use_id = counted_root.use_id AND r.version <= $1)`, before)
		return err
	})
	if err != nil {
		return 0, err
	}
	var all []superseded
	err = c.db.Read(ctx, func(tx *storage.Tx) error {
		all, err = supersededBefore(ctx, tx, before)
		return err
	})
	if err != nil {
		return 0, err
	}
	for _, s := range all {
		for from := int64(0); from <= s.last; from += pagesAtOnce {
			var gone int64
			err := c.db.Write(ctx, func(tx *storage.Tx) (err error) {
				gone, err = s.prune(ctx, tx, from)
				return err
			})
			if err != nil {
				return pages, err
			}
			pages += int(gone)
		}
	}
	return pages, nil
}

func supersededBefore(ctx context.Context, tx *storage.Tx, before time.Time) (all []superseded, err error) {
	rows, err := tx.Query(ctx, `SELECT r.use_id, r.keep, n.level, max(n.page)
		FROM (SELECT use_id, max(version) AS keep FROM counted_root WHERE version <= $1 GROUP BY use_id) r
		JOIN counted_node n ON n.use_id = r.use_id AND n.version < r.keep
		GROUP BY r.use_id, r.keep, n.level ORDER BY r.use_id, n.level`, before)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var s superseded
		if err := rows.Scan(&s.use, &s.keep, &s.level, &s.last); err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	return all, rows.Err()
}

// prune deletes among some pages.
func (s superseded) prune(ctx context.Context, tx *storage.Tx, from int64) (pages int64, err error) {
	gone, err := tx.Exec(ctx, `DELETE FROM counted_node WHERE use_id = $1 AND level = $2 AND page >= $3 AND page < $4 AND version < (
		SELECT max(m.version) FROM counted_node m
		WHERE m.use_id = $1 AND m.level = $2 AND m.page = counted_node.page AND m.version <= $5)`,
		s.use, s.level, from, from+pagesAtOnce, s.keep)
	if err != nil {
		return 0, err
	}
	return gone.RowsAffected()
}
