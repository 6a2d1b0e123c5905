package counted

import (
	"context"
	"crypto/rand"
	"embed"
	"io"
	"math/bits"
	"sync"
	"sync/atomic"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/individual"
	"github.com/samverk/samverk/storage"
)

// Migrations are the room's tables, for storage.Options.
//
//go:embed migrations/*.sql
var Migrations embed.FS

// Options say what has a default.
type Options struct {
	Rand   io.Reader // the source of randomness; the system's when nil
	Leaves int       // how many leaves are kept in memory, about 110 bytes each; four million when 0. Other trees are read when asked for.
}

// Counted is the trees of all uses. Its methods may be called from many goroutines.
type Counted struct {
	db     *storage.DB
	people *individual.Register
	random io.Reader
	room   int
	salts  salts

	trees sync.Map      // Use → *tree
	clock atomic.Uint64 // grows with each piece of work on a tree
}

// Open reads the salts. Open the register before it; the trees are read when they are first asked for.
func Open(ctx context.Context, db *storage.DB, people *individual.Register, o Options) (*Counted, error) {
	if o.Rand == nil {
		o.Rand = rand.Reader
	}
	if o.Leaves <= 0 {
		o.Leaves = 4 << 20
	}
	c := &Counted{db: db, people: people, random: o.Rand, room: o.Leaves}
	if err := db.Read(ctx, func(tx *storage.Tx) error { return c.salts.load(ctx, tx) }); err != nil {
		return nil, err
	}
	return c, c.sweep(ctx)
}

// Root gives the root of the tree that says who is in a set that is counted for a use. When it returns, the root can be proved for as long
// as the database is kept.
func (c *Counted) Root(ctx context.Context, u Use, set *individual.Set) (root [32]byte, err error) {
	for {
		t, err := c.tree(u)
		if err != nil {
			return root, err
		}
		if root, ok := t.known(set); ok {
			return root, nil
		}
		root, again, err := c.settle(ctx, t, set)
		if !again {
			c.makeRoom(t)
			return root, err
		}
	}
}

// tree gives a use's tree. It takes no lock.
func (c *Counted) tree(u Use) (*tree, error) {
	v, ok := c.trees.Load(u)
	if !ok {
		if err := u.check(); err != nil {
			return nil, err
		}
		v, _ = c.trees.LoadOrStore(u, &tree{use: u, turn: make(chan struct{}, 1)})
	}
	t := v.(*tree)
	if now := c.clock.Load(); t.used.Load() != now {
		t.used.Store(now)
	}
	return t, nil
}

// settle makes a tree say what a set says, on disk and then in memory; again when it was taken out of memory meanwhile.
func (c *Counted) settle(ctx context.Context, t *tree, set *individual.Set) (root [32]byte, again bool, err error) {
	if err := t.take(ctx); err != nil {
		return root, false, fault.Wrap(fault.Unavailable, err, "nobody waits for the answer any more")
	}
	defer t.give()
	if t.gone {
		return root, true, nil
	}
	if root, ok := t.known(set); ok { // somebody else has just done it
		return root, false, nil
	}
	if err := c.ready(ctx, t, set); err != nil {
		return root, false, err
	}
	version := max(t.version+1, storage.Micros(c.db.Now()))
	if next := t.follow(set, uint32(c.salts.len()), &c.salts, version); next != nil {
		if err := c.write(ctx, t, next); err != nil {
			return root, false, err
		}
		t.commit(next)
	}
	t.remember(set)
	return t.root, false, nil
}

// ready sees to it that everybody has a salt, and that the tree is in memory.
func (c *Counted) ready(ctx context.Context, t *tree, set *individual.Set) error {
	last := highest(set)
	if have := c.salts.len(); have < c.people.Len() || have <= last {
		if err := c.salt(ctx); err != nil {
			return err
		}
		if c.salts.len() <= last {
			return fault.New(fault.Internal, "number %d is counted, and isn't in the register", last).Do("report this")
		}
	}
	t.used.Store(c.clock.Add(1))
	if t.hashes != nil {
		return nil
	}
	return c.load(ctx, t)
}

// highest is the greatest number in a set, or -1.
func highest(set *individual.Set) int {
	for i := len(set.Words) - 1; i >= 0; i-- {
		if w := set.Words[i]; w != 0 {
			return i*64 + 63 - bits.LeadingZeros64(w)
		}
	}
	return -1
}

// makeRoom takes trees out of memory, those first that nobody asked about for longest, until the rest fit.
func (c *Counted) makeRoom(but *tree) {
	for {
		leaves, oldest := 0, (*tree)(nil)
		c.trees.Range(func(_, v any) bool {
			t := v.(*tree)
			leaves += int(t.leaves.Load())
			if t != but && (oldest == nil || t.used.Load() < oldest.used.Load()) {
				oldest = t
			}
			return true
		})
		if leaves <= c.room || oldest == nil {
			return
		}
		select {
		case oldest.turn <- struct{}{}:
			oldest.gone = true
			c.trees.CompareAndDelete(oldest.use, oldest)
			oldest.give()
		default: // somebody works on it, and will come by here
			return
		}
	}
}
