package ledger

import (
	"context"
	"slices"
	"strconv"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/storage"
)

// Index is the log in the database, for lists. It follows the log and can be thrown away; what
// it says is checked against the log by whoever asks for a proof.
type Index struct {
	db     *storage.DB
	ledger *Ledger
}

// NewIndex makes an index that is as far as it was.
func NewIndex(db *storage.DB, l *Ledger) *Index { return &Index{db: db, ledger: l} }

// Entry is a leaf and its place.
type Entry struct {
	Index uint64
	Leaf
}

const followAtOnce = 16 // bundles

// Follow takes up what has come to the log. Two at a time do no harm.
func (x *Index) Follow(ctx context.Context) error {
	for {
		more, err := x.follow(ctx)
		if err != nil || !more {
			return err
		}
	}
}

func (x *Index) follow(ctx context.Context) (more bool, err error) {
	size, err := x.ledger.Size(ctx)
	if err != nil {
		return false, err
	}
	from, err := x.end(ctx)
	if err != nil || from >= size {
		return false, err
	}
	f := files{ctx, x.ledger.Source()}
	to := min(size, (from/tileWidth+followAtOnce)*tileWidth)
	raw := make([][]byte, 0, to-from)
	for b := from / tileWidth; b*tileWidth < to; b++ {
		all, _, err := f.entries(b, int(min(tileWidth, size-b*tileWidth)))
		if err != nil {
			return false, damaged(err)
		}
		raw = append(raw, all[max(from, b*tileWidth)-b*tileWidth:]...)
	}
	return to < size, x.insert(ctx, from, raw)
}

// end is the index of the first leaf that isn't taken up.
func (x *Index) end(ctx context.Context) (n uint64, err error) {
	err = x.db.Read(ctx, func(tx *storage.Tx) error {
		return tx.QueryRow(ctx, `SELECT coalesce(max(idx) + 1, 0) FROM ledger_leaf`).Scan(&n)
	})
	return n, err
}

func (x *Index) insert(ctx context.Context, from uint64, raw [][]byte) error {
	rows, leaves := make([][]any, len(raw)), make([]Entry, len(raw))
	for i, b := range raw {
		l, err := Decode(b)
		if err != nil {
			return damaged(err)
		}
		var private any
		if l.Private != [32]byte{} {
			private = l.Private[:]
		}
		leaves[i] = Entry{from + uint64(i), l}
		rows[i] = []any{from + uint64(i), l.Kind, l.Time, l.Organisation, l.Role, l.Purpose, l.Conditions, l.Question, l.Dataset, l.Epoch, private, b}
	}
	return x.db.Write(ctx, func(tx *storage.Tx) error {
		var end uint64
		if err := tx.QueryRow(ctx, `SELECT coalesce(max(idx) + 1, 0) FROM ledger_leaf`).Scan(&end); err != nil {
			return err
		}
		if end < from {
			return fault.New(fault.Conflict, "the ledger's index was emptied meanwhile")
		}
		there := min(uint64(len(rows)), end-from) // somebody else followed meanwhile
		left := rows[there:]
		if err := tx.Insert(ctx, "ledger_leaf (idx, kind, at, organisation, role, purpose, conditions, question, dataset, epoch, private, bytes)", func() (row []any) {
			if len(left) > 0 {
				row, left = left[0], left[1:]
			}
			return row
		}); err != nil {
			return err
		}
		return addDays(ctx, tx, leaves[there:])
	})
}

// Filter narrows a list. Zero fields don't.
type Filter struct {
	Kind         Kind
	Organisation string
	Purpose      string // of a use; with Conditions, also when those are ""
	Conditions   string
	FromEpoch    uint64 // of a use
	ToEpoch      uint64 // not included
	Before       uint64 // an index: what came before it
	Limit        int    // at most and by default 100
}

// List gives leaves, the latest first. It follows the log first, so that what was just appended is there.
func (x *Index) List(ctx context.Context, f Filter) (list []Entry, err error) {
	if err := x.Follow(ctx); err != nil {
		return nil, err
	}
	query, args := f.query()
	err = x.db.Read(ctx, func(tx *storage.Tx) error {
		rows, err := tx.Query(ctx, query, args...)
		if err != nil {
			return err
		}
		defer rows.Close()
		list = nil
		for rows.Next() {
			var e Entry
			var b []byte
			if err := rows.Scan(&e.Index, &b); err != nil {
				return err
			}
			if e.Leaf, err = Decode(b); err != nil {
				return damaged(err)
			}
			list = append(list, e)
		}
		return rows.Err()
	})
	return list, err
}

func (f Filter) query() (string, []any) {
	q, args := `SELECT idx, bytes FROM ledger_leaf WHERE idx < $1`, []any{int64(1) << 62}
	if f.Before > 0 {
		args[0] = f.Before
	}
	and := func(cond string, arg any) {
		args = append(args, arg)
		q += " AND " + cond + " $" + strconv.Itoa(len(args))
	}
	if f.Kind != 0 {
		and("kind =", f.Kind)
	}
	if f.Organisation != "" {
		and("organisation =", f.Organisation)
	}
	if f.Purpose != "" {
		and("purpose =", f.Purpose)
		and("conditions =", f.Conditions)
	}
	if f.FromEpoch > 0 {
		and("epoch >=", f.FromEpoch)
	}
	if f.ToEpoch > 0 {
		and("epoch <", f.ToEpoch)
	}
	limit := 100
	if f.Limit > 0 {
		limit = min(f.Limit, 100)
	}
	args = append(args, limit)
	return q + " ORDER BY idx DESC LIMIT $" + strconv.Itoa(len(args)), args
}

// Drop empties the index; it is filled again from the log.
func (x *Index) Drop(ctx context.Context) error {
	return x.db.Write(ctx, func(tx *storage.Tx) error {
		for _, table := range []string{"ledger_leaf", "ledger_day", "ledger_month", "ledger_party", "ledger_value"} {
			if _, err := tx.Exec(ctx, `DELETE FROM `+table); err != nil {
				return err
			}
		}
		return nil
	})
}

// Check compares the index with the log, leaf by leaf.
func (x *Index) Check(ctx context.Context) error {
	f := files{ctx, x.ledger.Source()}
	end, err := x.end(ctx)
	if err != nil {
		return err
	}
	size, err := x.ledger.Size(ctx)
	if err != nil {
		return err
	}
	if end > size {
		return fault.New(fault.Internal, "the ledger's index has %d leaves, and the log %d", end, size).Do("drop the index")
	}
	for b := uint64(0); b*tileWidth < end; b++ {
		all, _, err := f.entries(b, int(min(tileWidth, size-b*tileWidth)))
		if err != nil {
			return damaged(err)
		}
		kept, err := x.bundle(ctx, b)
		if err != nil {
			return err
		}
		if n := int(min(tileWidth, end-b*tileWidth)); len(kept) != n || !slices.EqualFunc(kept, all[:n], slices.Equal[[]byte]) {
			return fault.New(fault.Internal, "the ledger's index isn't the log, from leaf %d on", b*tileWidth).Do("drop the index")
		}
	}
	return nil
}

func (x *Index) bundle(ctx context.Context, b uint64) (all [][]byte, err error) {
	err = x.db.Read(ctx, func(tx *storage.Tx) error {
		rows, err := tx.Query(ctx, `SELECT bytes FROM ledger_leaf WHERE idx >= $1 AND idx < $2 ORDER BY idx`, b*tileWidth, (b+1)*tileWidth)
		if err != nil {
			return err
		}
		defer rows.Close()
		all = nil
		for rows.Next() {
			var one []byte
			if err := rows.Scan(&one); err != nil {
				return err
			}
			all = append(all, one)
		}
		return rows.Err()
	})
	return all, err
}
