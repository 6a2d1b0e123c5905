package ledger

import (
	"context"
	"database/sql"
	"errors"
	"io"
	"maps"
	"slices"
	"strconv"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/individual"
	"github.com/samverk/samverk/ledger/membership"
	"github.com/samverk/samverk/storage"
)

// Members keeps the membership tree of each use in the database, at every epoch, so that an individual can be shown whether they
// were counted under a root that stands in a leaf.
type Members struct {
	db     *storage.DB
	random io.Reader

	// The writers' lock of the database guards these.
	trees map[string]*membership.Tree
	under *memberChange
}

// memberChange is what the writing transaction under way does.
type memberChange struct {
	tx     *storage.Tx
	epoch  uint64
	drafts map[string]*draft
	err    error
}

type draft struct {
	*membership.Draft
	states map[individual.Number]bool // of those whose leaf changed
}

// Member is whether an individual is counted.
type Member struct {
	Number individual.Number
	In     bool
}

// OpenMembers reads the newest trees, and checks that they have the roots that were kept.
func OpenMembers(ctx context.Context, db *storage.DB, random io.Reader) (*Members, error) {
	m := &Members{db: db, random: random, trees: map[string]*membership.Tree{}}
	err := db.Read(ctx, func(tx *storage.Tx) error {
		if err := m.load(ctx, tx); err != nil {
			return err
		}
		for use, t := range m.trees {
			_, root, err := rootAt(ctx, tx, use, 1<<62)
			if err != nil {
				return err
			}
			if root != t.Root() {
				return fault.New(fault.Internal, "the membership tree of %q isn't the one of its root", use).Do("restore the database")
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return m, nil
}

func (m *Members) load(ctx context.Context, tx *storage.Tx) error {
	rows, err := tx.Query(ctx, `SELECT use_name, idx, hash FROM ledger_member_node WHERE level = 0 ORDER BY use_name, idx, epoch`)
	if err != nil {
		return err
	}
	defer rows.Close()
	leaves := map[string][]membership.Hash{}
	var use string
	var idx int
	var hash sql.RawBytes
	for rows.Next() {
		if err := rows.Scan(&use, &idx, &hash); err != nil {
			return err
		}
		row := leaves[use]
		switch {
		case idx == len(row):
			row = append(row, membership.Hash(hash))
		case idx == len(row)-1: // of a later epoch
			row[idx] = membership.Hash(hash)
		default:
			return fault.New(fault.Internal, "the membership tree of %q has a hole before %d", use, idx).Do("restore the database")
		}
		leaves[use] = row
	}
	for use, row := range leaves {
		m.trees[use] = membership.New(row)
	}
	return rows.Err()
}

// in gives this transaction's change. One that was rolled back leaves its drafts behind; they are recognised by their Tx, and
// dropped.
func (m *Members) in(tx *storage.Tx, epoch uint64) (*memberChange, error) {
	if m.under == nil || m.under.tx != tx {
		c := &memberChange{tx: tx, epoch: epoch, drafts: map[string]*draft{}}
		m.under = c
		tx.BeforeCommit(func(ctx context.Context) error {
			if c.err != nil {
				return c.err
			}
			return c.store(ctx)
		})
		tx.OnCommit(func() {
			for use, d := range c.drafts {
				d.Apply()
				m.trees[use] = d.Tree()
			}
			m.under = nil
		})
	}
	if m.under.epoch != epoch {
		return nil, fault.New(fault.Internal, "one transaction, two epochs: %d and %d", m.under.epoch, epoch)
	}
	return m.under, nil
}

func (m *Members) draft(c *memberChange, use string) *draft {
	d := c.drafts[use]
	if d == nil {
		t := m.trees[use]
		if t == nil {
			t = membership.New(nil)
		}
		d = &draft{t.Draft(), map[individual.Number]bool{}}
		c.drafts[use] = d
	}
	return d
}

// Change records, from an epoch on, who is counted for a use and who isn't, and gives the tree's root. Numbers below the highest
// that were never mentioned are not counted. The epoch must be later than any before; the leaf is the caller's to append.
func (m *Members) Change(ctx context.Context, tx *storage.Tx, use string, epoch uint64, who []Member) (root [32]byte, err error) {
	c, err := m.in(tx, epoch)
	if err != nil {
		return root, err
	}
	d := m.draft(c, use)
	states := map[individual.Number]bool{}
	next := individual.Number(d.Size())
	for _, w := range who {
		for ; next < w.Number; next++ {
			states[next] = false
		}
		next = max(next, w.Number+1)
		if uint32(w.Number) < d.Size() && d.Leaf(uint32(w.Number)) == membership.Erased() {
			return root, c.failed(fault.New(fault.Conflict, "an individual who was erased can't be counted again"))
		}
		states[w.Number] = w.In
	}
	salts, err := m.salts(ctx, tx, slices.Sorted(maps.Keys(states)))
	if err != nil {
		return root, c.failed(err)
	}
	for _, n := range slices.Sorted(maps.Keys(states)) {
		leaf := membership.Leaf(state(states[n]), salts[n].Key(use, epoch))
		if uint32(n) == d.Size() {
			d.Append(leaf)
		} else {
			d.Set(uint32(n), leaf)
		}
		d.states[n] = states[n]
	}
	return d.Root(), nil
}

func (c *memberChange) failed(err error) error {
	if c.err == nil {
		c.err = err
	}
	return err
}

func state(in bool) membership.State {
	if in {
		return membership.In
	}
	return membership.Out
}

// salts gives individuals' salts, and makes those that are missing.
func (m *Members) salts(ctx context.Context, tx *storage.Tx, who []individual.Number) (map[individual.Number]membership.Salt, error) {
	salts := make(map[individual.Number]membership.Salt, len(who))
	if err := scanSalts(ctx, tx, who, salts); err != nil {
		return nil, err
	}
	var missing []individual.Number
	for _, n := range who {
		if _, ok := salts[n]; !ok {
			missing = append(missing, n)
		}
	}
	for _, n := range missing {
		var s membership.Salt
		if _, err := io.ReadFull(m.random, s[:]); err != nil {
			return nil, fault.Wrap(fault.Internal, err, "no randomness")
		}
		salts[n] = s
	}
	return salts, tx.Insert(ctx, "ledger_member_salt (individual, salt)", func() []any {
		if len(missing) == 0 {
			return nil
		}
		n := missing[0]
		missing = missing[1:]
		s := salts[n]
		return []any{n, s[:]}
	})
}

// scanSalts reads the salts of some individuals: each for itself, or all that lie between if there are many.
func scanSalts(ctx context.Context, tx *storage.Tx, who []individual.Number, into map[individual.Number]membership.Salt) error {
	const many = 500
	if len(who) > many {
		return scanSaltsBetween(ctx, tx, who[0], who[len(who)-1], into)
	}
	for _, n := range who {
		if err := scanSaltsBetween(ctx, tx, n, n, into); err != nil {
			return err
		}
	}
	return nil
}

func scanSaltsBetween(ctx context.Context, tx *storage.Tx, first, last individual.Number, into map[individual.Number]membership.Salt) error {
	rows, err := tx.Query(ctx, `SELECT individual, salt FROM ledger_member_salt WHERE individual BETWEEN $1 AND $2`, first, last)
	if err != nil {
		return err
	}
	defer rows.Close()
	var who int64
	var salt sql.RawBytes
	for rows.Next() {
		if err := rows.Scan(&who, &salt); err != nil {
			return err
		}
		into[individual.Number(who)] = membership.Salt(salt)
	}
	return rows.Err()
}

// Erase takes an individual's salt and states away, and puts the leaf of the erased in their place in every tree. It gives the
// roots of the uses they were in.
func (m *Members) Erase(ctx context.Context, tx *storage.Tx, epoch uint64, who individual.Number) (map[string][32]byte, error) {
	c, err := m.in(tx, epoch)
	if err != nil {
		return nil, err
	}
	roots := map[string][32]byte{}
	uses := slices.Sorted(maps.Keys(m.trees))
	for use := range c.drafts {
		if !slices.Contains(uses, use) {
			uses = append(uses, use)
		}
	}
	for _, use := range uses {
		if d := m.draft(c, use); uint32(who) < d.Size() {
			d.Set(uint32(who), membership.Erased())
			delete(d.states, who)
			roots[use] = d.Root()
		}
	}
	for _, q := range []string{`DELETE FROM ledger_member_salt WHERE individual = $1`, `DELETE FROM ledger_member_state WHERE individual = $1`} {
		if _, err := tx.Exec(ctx, q, who); err != nil {
			return nil, c.failed(err)
		}
	}
	return roots, nil
}

// store writes what the transaction has made of the trees.
func (c *memberChange) store(ctx context.Context) error {
	for _, use := range slices.Sorted(maps.Keys(c.drafts)) {
		d := c.drafts[use]
		nodes := d.Take()
		if len(nodes) == 0 {
			continue
		}
		var last int64
		if err := c.tx.QueryRow(ctx, `SELECT coalesce(max(epoch), -1) FROM ledger_member_root WHERE use_name = $1`, use).Scan(&last); err != nil {
			return err
		}
		if last >= 0 && c.epoch <= uint64(last) {
			return fault.New(fault.Internal, "the membership tree of %q is at epoch %d, and was to be changed at %d", use, last, c.epoch)
		}
		root := d.Root()
		if _, err := c.tx.Exec(ctx, `INSERT INTO ledger_member_root (use_name, epoch, size, root) VALUES ($1, $2, $3, $4)`,
			use, c.epoch, d.Size(), root[:]); err != nil {
			return err
		}
		err := c.tx.Insert(ctx, "ledger_member_node (use_name, level, idx, epoch, hash)", func() []any {
			if len(nodes) == 0 {
				return nil
			}
			n := nodes[0]
			nodes = nodes[1:]
			return []any{use, n.Level, n.Index, c.epoch, n.Hash[:]}
		})
		if err != nil {
			return err
		}
		who := slices.Sorted(maps.Keys(d.states))
		err = c.tx.Insert(ctx, "ledger_member_state (use_name, individual, epoch, counted)", func() []any {
			if len(who) == 0 {
				return nil
			}
			n := who[0]
			who = who[1:]
			return []any{use, n, c.epoch, d.states[n]}
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// rootAt gives the size and root of a use's tree at an epoch.
func rootAt(ctx context.Context, tx *storage.Tx, use string, epoch uint64) (size uint32, root membership.Hash, err error) {
	var b []byte
	err = tx.QueryRow(ctx, `SELECT size, root FROM ledger_member_root WHERE use_name = $1 AND epoch <= $2 ORDER BY epoch DESC LIMIT 1`,
		use, epoch).Scan(&size, &b)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, root, fault.New(fault.NotFound, "nobody was counted for this use at that time")
	}
	if err != nil {
		return 0, root, err
	}
	copy(root[:], b)
	return size, root, nil
}

// Root gives the root of a use's tree at an epoch.
func (m *Members) Root(ctx context.Context, use string, epoch uint64) (root [32]byte, err error) {
	err = m.db.Read(ctx, func(tx *storage.Tx) error {
		_, h, err := rootAt(ctx, tx, use, epoch)
		root = h
		return err
	})
	return root, err
}

// Prove shows whether an individual was counted for a use at an epoch, under the root of then. Somebody erased is not found.
func (m *Members) Prove(ctx context.Context, use string, epoch uint64, who individual.Number) (p membership.Proof, root [32]byte, err error) {
	err = m.db.Read(ctx, func(tx *storage.Tx) error {
		size, kept, err := rootAt(ctx, tx, use, epoch)
		if err != nil {
			return err
		}
		var salt []byte
		var changed uint64
		var counted int64
		err = tx.QueryRow(ctx, `SELECT s.salt, m.epoch, m.counted FROM ledger_member_salt s JOIN ledger_member_state m ON m.individual = s.individual
			WHERE s.individual = $1 AND m.use_name = $2 AND m.epoch <= $3 ORDER BY m.epoch DESC LIMIT 1`, who, use, epoch).Scan(&salt, &changed, &counted)
		if errors.Is(err, sql.ErrNoRows) {
			return fault.New(fault.NotFound, "it can't be shown whether this individual was counted: they came later, or were erased")
		}
		if err != nil {
			return err
		}
		k := membership.Salt(salt).Key(use, changed)
		p, root, err = past(ctx, tx, use, epoch).Prove(size, uint32(who), state(counted == 1), k)
		if err == nil && root != kept {
			err = membership.ErrProof
		}
		if err != nil {
			return fault.Wrap(fault.Internal, err, "the membership tree is damaged").Do("restore the database")
		}
		return nil
	})
	return p, root, err
}

// past reads nodes as they were at an epoch: of each, the row with the greatest epoch that is not after it. The index gives that
// row at once, however many there are.
func past(ctx context.Context, tx *storage.Tx, use string, epoch uint64) membership.Past {
	return func(level uint8, first, n uint32) (out []membership.Hash, err error) {
		places, args := "", []any{use, level, epoch}
		for i := range n {
			args = append(args, uint64(first)+uint64(i))
			places += ", (CAST($" + strconv.Itoa(len(args)) + " AS BIGINT))"
		}
		rows, err := tx.Query(ctx, `WITH place (i) AS (VALUES `+places[2:]+`) SELECT (SELECT hash FROM ledger_member_node
			WHERE use_name = $1 AND level = $2 AND idx = place.i AND epoch <= $3 ORDER BY epoch DESC LIMIT 1) FROM place ORDER BY i`, args...)
		if err != nil {
			return nil, err
		}
		defer rows.Close()
		for rows.Next() {
			var hash sql.RawBytes
			if err := rows.Scan(&hash); err != nil {
				return nil, err
			}
			if len(hash) != len(membership.Hash{}) {
				return nil, fault.New(fault.Internal, "a node of level %d from %d on is missing", level, first)
			}
			out = append(out, membership.Hash(hash))
		}
		return out, rows.Err()
	}
}
