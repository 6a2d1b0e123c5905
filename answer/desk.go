package answer

import (
	"context"
	"crypto/rand"
	"io"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/samverk/samverk/consent"
	"github.com/samverk/samverk/consent/counted"
	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/genome/store"
	"github.com/samverk/samverk/genome/variant"
	"github.com/samverk/samverk/individual"
	"github.com/samverk/samverk/ledger"
	"github.com/samverk/samverk/policy"
	"github.com/samverk/samverk/storage"
)

// Rooms are what a desk stands on. All are needed but People, Home, Reference, Log and Rand.
type Rooms struct {
	DB        *storage.DB
	Consents  *consent.Consents
	Genomes   *store.Store
	Policies  *policy.Policies
	Counted   *counted.Counted
	Ledger    *ledger.Ledger
	Accesses  *ledger.Accesses
	People    *individual.Register   // whose cases may be left out of a count; nil: nobody's
	Home      func() *individual.Set // who is counted in answers that nodes give together; nil, and a nil set: everybody
	Reference *variant.Reference     // by which typed variants are checked and left-aligned as those in files were; nil: none
	Log       *slog.Logger           // is told what an asker isn't; nil: slog.Default()
	Rand      io.Reader              // the source of randomness; nil: the system's
}

// Desk answers. Its methods may be called from many goroutines.
type Desk struct {
	consents  *consent.Consents
	genomes   *store.Store
	policies  *policy.Policies
	counted   *counted.Counted
	ledger    *ledger.Ledger
	accesses  *ledger.Accesses
	people    *individual.Register
	home      func() *individual.Set
	reference *variant.Reference
	log       *slog.Logger
	batches   batches
	tagKey    tagKey
	made      atomic.Uint64 // masks, so far
	fewer     atomic.Pointer[[]fewer]
	turns     chan struct{} // of those at work on a part of an annotation

	recent atomic.Pointer[[]*counting]
	mu     sync.Mutex     // of writing recent, and of long
	long   []*counting    // whose masks keep what long answers counted, the latest first
	busy   map[string]int // who has how many long answers under way
	normal sync.Pool      // of *variant.Normalizer
}

// New makes a desk.
func New(r Rooms) *Desk {
	d := &Desk{consents: r.Consents, genomes: r.Genomes, policies: r.Policies, counted: r.Counted, ledger: r.Ledger, accesses: r.Accesses,
		people: r.People, home: r.Home, reference: r.Reference, log: r.Log, batches: batches{db: r.DB}, busy: map[string]int{}, turns: make(chan struct{}, partsAtOnce)}
	if r.Rand == nil {
		r.Rand = rand.Reader
	}
	if _, err := io.ReadFull(r.Rand, d.tagKey[:]); err != nil {
		panic(err) // the system's never fails
	}
	if d.log == nil {
		d.log = slog.Default()
	}
	d.normal.New = func() any { return variant.NewNormalizer(r.Reference) }
	d.recent.Store(new([]*counting))
	d.fewer.Store(new([]fewer))
	return d
}

// counting is a mask with what it was made of, and counters that have warmed to it.
type counting struct {
	made     uint64 // no two have the same
	snap     *store.Snapshot
	allowed  *individual.Set
	dataset  string
	mask     *store.Mask
	datasets []string
	counters sync.Pool // of *store.Counter
}

// kept is how many masks are at hand: a few uses times a few datasets.
const kept = 32

// begin reads the consents and the store as they are now, and gives the mask that follows from them.
func (d *Desk) begin(ctx context.Context, q *asking) (*counting, error) {
	var allowed *individual.Set
	var snap *store.Snapshot
	if q.verdict.Batch > 0 {
		in, err := d.admitted(ctx, q)
		if err != nil {
			return nil, err
		}
		allowed, snap = in.set, in.snap
	} else {
		var err error
		if allowed, err = d.allowed(q); err != nil { // before the snapshot: who is new in it is in no older set
			return nil, err
		}
		snap = d.genomes.Snapshot()
	}
	if q.own != nil {
		allowed = d.without(allowed, *q.own)
	}
	for _, c := range *d.recent.Load() {
		if c.snap == snap && c.allowed == allowed && c.dataset == q.ask.Dataset {
			return c, nil
		}
	}
	return d.newCounting(snap, allowed, q.ask.Dataset)
}

func (d *Desk) newCounting(snap *store.Snapshot, allowed *individual.Set, dataset string) (*counting, error) {
	mask, err := snap.Mask(allowed, dataset)
	if err != nil {
		return nil, err
	}
	c := &counting{made: d.made.Add(1), snap: snap, allowed: allowed, dataset: dataset, mask: mask}
	c.counters.New = func() any { return snap.Counter(mask) }
	for _, s := range snap.Datasets() {
		if s.Name == dataset || dataset == "" && s.Origin == store.Germline {
			c.datasets = append(c.datasets, s.Name)
		}
	}
	d.keep(c)
	return c, nil
}

// keep puts c first among the recent ones and lets go of those that no new question can use.
func (d *Desk) keep(c *counting) {
	d.mu.Lock()
	defer d.mu.Unlock()
	next := []*counting{c}
	for _, old := range *d.recent.Load() {
		if len(next) < kept && old.snap == c.snap && old.allowed.Epoch >= c.allowed.Epoch {
			next = append(next, old)
		}
	}
	d.recent.Store(&next)
	// An old mask holds its snapshot, and that holds segments that a compaction has removed.
	d.long = slices.DeleteFunc(d.long, func(x *counting) bool { return !slices.Contains(next, x) })
}

// atOnce is how many long answers one asker may have under way: each takes memory of its own.
const atOnce = 4

// enter begins a long answer. The operator's are bounded by their machine.
func (d *Desk) enter(a policy.Ask) (leave func(), err error) {
	if a.Operator {
		return func() {}, nil
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.busy[a.Person] >= atOnce {
		return nil, fault.New(fault.Unavailable, "%d long answers to the asker are under way", atOnce).Do("wait until one is done").Say("answer.unavailable")
	}
	d.busy[a.Person]++
	return func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		if d.busy[a.Person]--; d.busy[a.Person] == 0 {
			delete(d.busy, a.Person)
		}
	}, nil
}

// remembered is how many masks keep what long answers counted under them: each may take up to 96 MiB.
const remembered = 2

// lengthy says that an answer counts much. What it counts is kept for the next one like it.
func (d *Desk) lengthy(c *counting) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.long = slices.Insert(slices.DeleteFunc(d.long, func(x *counting) bool { return x == c }), 0, c)
	for ; len(d.long) > remembered; d.long = d.long[:remembered] {
		d.long[remembered].mask.Forget()
	}
}

// everything calls each with every variant that somebody counted carries, in order.
func (c *counting) everything(ctx context.Context, each func(variant.Key, store.Count) error) error {
	for chrom := variant.Chrom(1); chrom <= variant.MT; chrom++ {
		err := c.snap.Scan(ctx, c.mask, chrom, 1, 1<<32-1, func(k variant.Key, n store.Count) error {
			if n.AC == 0 {
				return nil
			}
			return each(k, n)
		})
		if err != nil {
			return err
		}
	}
	return nil
}
