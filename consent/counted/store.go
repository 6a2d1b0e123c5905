package counted

import (
	"context"
	"database/sql"
	"errors"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/ledger/membership"
	"github.com/samverk/samverk/storage"
)

func damaged(format string, args ...any) error {
	return fault.New(fault.Internal, "the trees of who was counted are damaged: "+format, args...).Do("restore a backup")
}

// write keeps a version of a tree.
func (c *Counted) write(ctx context.Context, t *tree, v *change) error {
	id := t.id
	err := c.db.Write(ctx, func(tx *storage.Tx) error {
		if t.id == 0 {
			if err := tx.QueryRow(ctx, `SELECT coalesce(max(id), 0) + 1 FROM counted_use`).Scan(&id); err != nil {
				return err
			}
			if _, err := tx.Exec(ctx, `INSERT INTO counted_use (id, purpose, conditions) VALUES ($1, $2, $3)`,
				id, t.use.Purpose, t.use.Conditions); err != nil {
				return err
			}
		}
		if _, err := tx.Exec(ctx, `INSERT INTO counted_root (use_id, version, epoch, size, root) VALUES ($1, $2, $3, $4, $5)`,
			id, v.version, v.epoch, v.size, v.root[:]); err != nil {
			return err
		}
		i := 0
		return tx.Insert(ctx, "counted_node (use_id, level, page, version, nodes)", func() []any {
			if i == len(v.places) {
				return nil
			}
			p := v.places[i]
			i++
			return []any{id, p.level, p.page, v.version, v.pages[p]}
		})
	})
	if err == nil {
		t.id = id
	}
	return err
}

// load reads the newest version of a tree.
func (c *Counted) load(ctx context.Context, t *tree) error {
	now := &tree{use: t.use, pages: map[uint8][][]byte{}, seen: len(c.salts.forgotten(0))}
	err := c.db.Read(ctx, func(tx *storage.Tx) error {
		var err error
		if now.id, err = idOf(ctx, tx, t.use); err != nil || now.id == 0 {
			return err
		}
		return now.read(ctx, tx)
	})
	if err != nil {
		return err
	}
	if now.hashes == nil {
		now.hashes = membership.New(nil)
	}
	if now.id != 0 && now.hashes.Root() != now.root {
		return damaged("that of %q has another root than was kept", t.use.key())
	}
	now.recognise(&c.salts)
	t.leaves.Store(now.hashes.Size())
	t.id, t.version, t.root, t.seen = now.id, now.version, now.root, now.seen
	t.hashes, t.pages, t.words, t.odd = now.hashes, now.pages, now.words, now.odd
	return nil
}

// idOf finds a use; 0 when nobody has asked for it.
func idOf(ctx context.Context, tx *storage.Tx, u Use) (id int64, err error) {
	err = tx.QueryRow(ctx, `SELECT id FROM counted_use WHERE purpose = $1 AND conditions = $2`, u.Purpose, u.Conditions).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	return id, err
}

func (t *tree) read(ctx context.Context, tx *storage.Tx) error {
	var size int
	var root []byte
	if err := tx.QueryRow(ctx, `SELECT version, size, root FROM counted_root WHERE use_id = $1 ORDER BY version DESC LIMIT 1`, t.id).
		Scan(&t.version, &size, &root); err != nil {
		return err
	}
	copy(t.root[:], root)
	rows, err := tx.Query(ctx, `SELECT n.level, n.page, n.nodes FROM counted_node n
		JOIN (SELECT level, page, max(version) AS version FROM counted_node WHERE use_id = $1 GROUP BY level, page) newest
			ON newest.level = n.level AND newest.page = n.page AND newest.version = n.version
		WHERE n.use_id = $1 ORDER BY n.level, n.page`, t.id)
	if err != nil {
		return err
	}
	defer rows.Close()
	leaves := make([]membership.Hash, 0, size)
	for rows.Next() {
		var p place
		var page []byte
		if err := rows.Scan(&p.level, &p.page, &page); err != nil {
			return err
		}
		if int(p.page) != len(t.pages[p.level]) || len(page)%p.width() != 0 {
			return damaged("page %d of level %d of %q", p.page, p.level, t.use.key())
		}
		t.pages[p.level] = append(t.pages[p.level], page)
		for i := range len(page) / p.width() {
			if p.level == 0 {
				leaves = append(leaves, p.node(page, i))
			}
		}
	}
	t.hashes = membership.New(leaves)
	return rows.Err()
}
