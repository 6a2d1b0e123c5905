package counted

import (
	"context"
	"time"

	"github.com/samverk/samverk/storage"
)

// pagesAtOnce is over how many pages one transaction of Prune goes, so that nobody waits for long.
const pagesAtOnce = 1000

// Prune deletes what only proves uses that asked before a moment, and tells how many pages went. What a use's tree was at that moment stays, and so does
// everything since. A leaf of the ledger names the root that was given when its question began: leave a day between.
func (c *Counted) Prune(ctx context.Context, before time.Time) (pages int, err error) {
	type level struct {
		use, keep   int64
		level, last int64
	}
	var all []level
	err = c.db.Read(ctx, func(tx *storage.Tx) error {
		rows, err := tx.Query(ctx, `SELECT r.use_id, r.keep, n.level, max(n.page) FROM
			(SELECT use_id, max(version) AS keep FROM counted_root WHERE version <= $1 GROUP BY use_id HAVING count(*) > 1) r
			JOIN counted_node n ON n.use_id = r.use_id GROUP BY r.use_id, r.keep, n.level ORDER BY r.use_id, n.level`, before)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var l level
			if err := rows.Scan(&l.use, &l.keep, &l.level, &l.last); err != nil {
				return err
			}
			all = append(all, l)
		}
		return rows.Err()
	})
	if err != nil {
		return 0, err
	}
	for _, l := range all {
		for from := int64(0); from <= l.last; from += pagesAtOnce {
			err := c.db.Write(ctx, func(tx *storage.Tx) error {
				// The roots go first: nobody is to find one whose pages are half gone.
				if _, err := tx.Exec(ctx, `DELETE FROM counted_root WHERE use_id = $1 AND version < $2`, l.use, l.keep); err != nil {
					return err
				}
				gone, err := tx.Exec(ctx, `DELETE FROM counted_node WHERE use_id = $1 AND level = $2 AND page >= $3 AND page < $4 AND version < (
					SELECT max(m.version) FROM counted_node m WHERE m.use_id = $1 AND m.level = $2 AND m.page = counted_node.page AND m.version <= $5)`,
					l.use, l.level, from, from+pagesAtOnce, l.keep)
				if err != nil {
					return err
				}
				n, err := gone.RowsAffected()
				pages += int(n)
				return err
			})
			if err != nil {
				return pages, err
			}
		}
	}
	return pages, nil
}
