package counted

import (
	"context"
	"time"

	"github.com/samverk/samverk/storage"
)

// pagesAtOnce is over how many pages one transaction of Prune goes, so that nobody waits for long.
const pagesAtOnce = 1000

// Prune deletes what only proves uses that asked before a moment, and tells how many pages went. What a use's tree was at that moment
// stays, and so does everything since. A leaf of the ledger names the root that was given when its question began: leave a day between.
func (c *Counted) Prune(ctx context.Context, before time.Time) (pages int64, err error) {
	uses, err := c.pairs(ctx, `SELECT use_id, max(version) FROM counted_root WHERE version <= $1 GROUP BY use_id`, before)
	if err != nil {
		return 0, err
	}
	for _, u := range uses {
		use, keep := u[0], u[1]
		// The roots go first: nobody is to find one whose pages are half gone.
		if _, err := c.delete(ctx, `DELETE FROM counted_root WHERE use_id = $1 AND version < $2`, use, keep); err != nil {
			return pages, err
		}
		levels, err := c.pairs(ctx, `SELECT level, max(page) FROM counted_node WHERE use_id = $1 AND version < $2 GROUP BY level`, use, keep)
		if err != nil {
			return pages, err
		}
		for _, l := range levels {
			for from := int64(0); from <= l[1]; from += pagesAtOnce {
				gone, err := c.delete(ctx, `DELETE FROM counted_node WHERE use_id = $1 AND level = $2 AND page >= $3 AND page < $4 AND version < (
					SELECT max(m.version) FROM counted_node m
					WHERE m.use_id = $1 AND m.level = $2 AND m.page = counted_node.page AND m.version <= $5)`,
					use, l[0], from, from+pagesAtOnce, keep)
				if err != nil {
					return pages, err
				}
				pages += gone
			}
		}
	}
	return pages, nil
}

// pairs reads rows of two numbers.
func (c *Counted) pairs(ctx context.Context, query string, args ...any) (all [][2]int64, err error) {
	err = c.db.Read(ctx, func(tx *storage.Tx) error {
		rows, err := tx.Query(ctx, query, args...)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var p [2]int64
			if err := rows.Scan(&p[0], &p[1]); err != nil {
				return err
			}
			all = append(all, p)
		}
		return rows.Err()
	})
	return all, err
}

// delete deletes rows in a transaction of its own, and tells how many.
func (c *Counted) delete(ctx context.Context, query string, args ...any) (rows int64, err error) {
	err = c.db.Write(ctx, func(tx *storage.Tx) error {
		gone, err := tx.Exec(ctx, query, args...)
		if err != nil {
			return err
		}
		rows, err = gone.RowsAffected()
		return err
	})
	return rows, err
}
