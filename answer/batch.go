package answer

import (
	"context"
	"database/sql"
	"embed"
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/samverk/samverk/consent/counted"
	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/genome/store"
	"github.com/samverk/samverk/individual"
	"github.com/samverk/samverk/storage"
)

// Whoever watches a count sees when it grows by one, and so learns what the newcomer carries. Where a policy says so, newcomers wait until
// there are enough of them, and are then counted all at once. Whoever leaves leaves at once; if they come back they are newcomers.
//
// Who has been let in is kept, for each use, dataset and size of batch, before anybody is told a number that it gave.

// Migrations are the desk's tables, for storage.Options.
//
//go:embed migrations/*.sql
var Migrations embed.FS

// batches are those for whom newcomers wait.
type batches struct {
	db *storage.DB
	by sync.Map // string → *batch
}

type batch struct {
	key  string
	now  atomic.Pointer[admission]
	mu   sync.Mutex
	read bool
	in   []uint64 // as the database has it
}

// admission is who is counted, and what it followed from.
type admission struct {
	allowed *individual.Set
	snap    *store.Snapshot
	set     *individual.Set
}

// usedBy is what the tree over a batch's people is called: it isn't the one over all who allow the use.
func usedBy(u counted.Use, dataset string, size int) counted.Use {
	u = with(u, fmt.Sprintf("batch=%d", size))
	if dataset != "" {
		u.Conditions += " dataset=" + dataset
	}
	return u
}

// with adds a word to a use's conditions.
func with(u counted.Use, word string) counted.Use {
	if u.Conditions != "" {
		u.Conditions += " "
	}
	u.Conditions += word
	return u
}

// admitted gives those who are counted for outsiders.
func (d *Desk) admitted(ctx context.Context, q *asking) (*admission, error) {
	use := usedBy(q.whose(), q.ask.Dataset, q.verdict.Batch)
	key := use.Purpose + " " + use.Conditions
	v, ok := d.batches.by.Load(key)
	if !ok {
		v, _ = d.batches.by.LoadOrStore(key, &batch{key: key})
	}
	b := v.(*batch)
	allowed, err := d.allowed(q)
	if err != nil {
		return nil, err
	}
	if now := b.now.Load(); now != nil && now.allowed == allowed && now.snap == d.genomes.Snapshot() {
		return now, nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if allowed, err = d.allowed(q); err != nil { // what is kept must not go back to an older state
		return nil, err
	}
	return b.follow(ctx, d.batches.db, allowed, d.genomes.Snapshot(), q.ask.Dataset, q.verdict.Batch)
}

// follow lets people in and out, on disk first. It must be called with b.mu held.
func (b *batch) follow(ctx context.Context, db *storage.DB, allowed *individual.Set, snap *store.Snapshot, dataset string, size int) (*admission, error) {
	if now := b.now.Load(); now != nil && now.allowed == allowed && now.snap == snap {
		return now, nil
	}
	people, err := snap.People(dataset)
	if err != nil {
		return nil, err
	}
	if err := b.load(ctx, db); err != nil {
		return nil, err
	}
	in := admit(b.in, allowed.Words, people, size)
	if !slices.Equal(in, b.in) {
		if err := b.keep(ctx, db, in); err != nil {
			return nil, err
		}
		b.in = in
	}
	now := &admission{allowed, snap, &individual.Set{Words: in, Epoch: allowed.Epoch}}
	b.now.Store(now)
	return now, nil
}

// admit gives who is in, of who was in, who allows it and who is sequenced.
func admit(in, allowed, people []uint64, size int) []uint64 {
	may := make([]uint64, min(len(allowed), len(people)))
	stay := make([]uint64, len(may))
	waiting := 0
	for i := range may {
		may[i] = allowed[i] & people[i]
		if i < len(in) {
			stay[i] = in[i] & may[i]
		}
		waiting += bits.OnesCount64(may[i] &^ stay[i])
	}
	if waiting >= size {
		stay = may
	}
	for len(stay) > 0 && stay[len(stay)-1] == 0 {
		stay = stay[:len(stay)-1]
	}
	return stay
}

func (b *batch) load(ctx context.Context, db *storage.DB) error {
	if b.read {
		return nil
	}
	var blob []byte
	err := db.Read(ctx, func(tx *storage.Tx) error {
		err := tx.QueryRow(ctx, `SELECT people FROM answer_admitted WHERE batch = $1`, b.key).Scan(&blob)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		return err
	})
	if err != nil {
		return fault.Wrap(fault.Unavailable, err, "it can't be read who is counted")
	}
	b.in, b.read = wordsOf(blob), true
	return nil
}

func (b *batch) keep(ctx context.Context, db *storage.DB, in []uint64) error {
	blob := make([]byte, 0, 8*len(in))
	for _, w := range in {
		blob = binary.BigEndian.AppendUint64(blob, w)
	}
	return db.Write(ctx, func(tx *storage.Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO answer_admitted (batch, people, made) VALUES ($1, $2, $3)
			ON CONFLICT (batch) DO UPDATE SET people = excluded.people, made = excluded.made`, b.key, blob, db.Now())
		return err
	})
}
