package answer

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/samverk/samverk/consent"
	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/genome/store"
	"github.com/samverk/samverk/genome/variant"
	"github.com/samverk/samverk/individual"
)

// Count is how often a variant occurs among the people counted.
type Count struct{ store.Count }

// AF is the allele frequency; false when nobody's copies are counted.
func (c Count) AF() (float64, bool) {
	if c.AN == 0 {
		return 0, false
	}
	return float64(c.AC) / float64(c.AN), true
}

// Question asks for the counts of variants. Dataset "" is all germline datasets.
type Question struct {
	Use     consent.Use
	Dataset string
	Keys    []variant.Key
}

// Answer is a question's counts, in its order, and the epoch they are true of.
type Answer struct {
	Counts      []Count
	Epoch       uint64
	Individuals int      // allowed and sequenced, wherever
	Datasets    []string // that were asked
}

// Region asks for the variants that somebody counted carries on a stretch, 1-based and inclusive.
type Region struct {
	Use      consent.Use
	Dataset  string
	Chrom    variant.Chrom
	From, To uint32
	Limit    int // 0: all
}

// Desk answers. Its methods may be called from many goroutines.
type Desk struct {
	consents  *consent.Consents
	genomes   *store.Store
	recent    atomic.Pointer[[]*counting]
	mu        sync.Mutex         // of writing recent, and of long
	long      []*counting        // whose masks keep what long answers counted, the latest first
	normal    sync.Pool          // of *variant.Normalizer
	reference *variant.Reference // nil: none
}

// New makes a desk over a node's consents and genomes. By reference, which may be nil, typed variants are
// checked and left-aligned as those in files were.
func New(consents *consent.Consents, genomes *store.Store, reference *variant.Reference) *Desk {
	d := &Desk{consents: consents, genomes: genomes, reference: reference}
	d.normal.New = func() any { return variant.NewNormalizer(reference) }
	d.recent.Store(new([]*counting))
	return d
}

// counting is a mask with what it was made of, and counters that have warmed to it.
type counting struct {
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
func (d *Desk) begin(u consent.Use, dataset string) (*counting, error) {
	allowed, err := d.consents.Allowed(u) // before the snapshot: who is new in it is in no older set
	if err != nil {
		return nil, err
	}
	snap := d.genomes.Snapshot()
	for _, c := range *d.recent.Load() {
		if c.snap == snap && c.allowed == allowed && c.dataset == dataset {
			return c, nil
		}
	}
	return d.newCounting(snap, allowed, dataset)
}

func (d *Desk) newCounting(snap *store.Snapshot, allowed *individual.Set, dataset string) (*counting, error) {
	mask, err := snap.Mask(allowed, dataset)
	if err != nil {
		return nil, err
	}
	c := &counting{snap: snap, allowed: allowed, dataset: dataset, mask: mask}
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

// remembered is how many masks keep what long answers counted under them: each may take up to 96 MiB.
const remembered = 2

// beginLong is begin for an answer that counts much. What it counts is kept for the next one like it.
func (d *Desk) beginLong(u consent.Use, dataset string) (*counting, error) {
	c, err := d.begin(u, dataset)
	if err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.long = slices.Insert(slices.DeleteFunc(d.long, func(x *counting) bool { return x == c }), 0, c)
	for ; len(d.long) > remembered; d.long = d.long[:remembered] {
		d.long[remembered].mask.Forget()
	}
	return c, nil
}

func (c *counting) answer() Answer {
	return Answer{Epoch: c.allowed.Epoch, Individuals: c.mask.Individuals(), Datasets: c.datasets}
}

// Ask counts a question's variants.
func (d *Desk) Ask(ctx context.Context, q Question) (Answer, error) {
	c, err := d.begin(q.Use, q.Dataset)
	if err != nil {
		return Answer{}, err
	}
	a := c.answer()
	a.Counts = make([]Count, len(q.Keys))
	counter, normal := c.counters.Get().(*store.Counter), d.normal.Get().(*variant.Normalizer)
	for i, k := range q.Keys {
		if i&255 == 255 && ctx.Err() != nil {
			return Answer{}, ctx.Err()
		}
		if d.reference != nil || len(k.Ref) != 1 || len(k.Alt) != 1 { // one base for another is in its normal form
			if k, err = normal.Normal(k); err != nil {
				return Answer{}, err
			}
		}
		if a.Counts[i].Count, err = counter.Count(k); err != nil {
			return Answer{}, err
		}
	}
	c.counters.Put(counter)
	d.normal.Put(normal)
	return a, nil
}

// Region calls each with the variants on a stretch that somebody counted carries, in order.
func (d *Desk) Region(ctx context.Context, q Region, each func(variant.Key, Count) error) (Answer, error) {
	if !q.Chrom.Valid() || q.From == 0 || q.From > q.To {
		return Answer{}, fault.New(fault.Invalid, "%s:%d-%d is no stretch of a chromosome", q.Chrom, q.From, q.To).
			Do("write it as chr22:50000000-50010000")
	}
	c, err := d.beginLong(q.Use, q.Dataset)
	if err != nil {
		return Answer{}, err
	}
	n := 0
	err = c.snap.Scan(ctx, c.mask, q.Chrom, q.From, q.To, func(k variant.Key, count store.Count) error {
		if count.AC == 0 {
			return nil
		}
		if n++; q.Limit > 0 && n > q.Limit {
			return errEnough
		}
		return each(k, Count{count})
	})
	if err != nil && err != errEnough {
		return Answer{}, err
	}
	return c.answer(), nil
}

// Everything asks for all variants that somebody counted carries.
type Everything struct {
	Use     consent.Use
	Dataset string
}

// Everything calls each with every variant that somebody counted carries, in order. The people counted are
// those who allow the use when it begins.
func (d *Desk) Everything(ctx context.Context, q Everything, each func(variant.Key, Count) error) (Answer, error) {
	c, err := d.beginLong(q.Use, q.Dataset)
	if err != nil {
		return Answer{}, err
	}
	return c.everything(ctx, each)
}

func (c *counting) everything(ctx context.Context, each func(variant.Key, Count) error) (Answer, error) {
	for chrom := variant.Chrom(1); chrom <= variant.MT; chrom++ {
		err := c.snap.Scan(ctx, c.mask, chrom, 1, 1<<32-1, func(k variant.Key, n store.Count) error {
			if n.AC == 0 {
				return nil
			}
			return each(k, Count{n})
		})
		if err != nil {
			return Answer{}, err
		}
	}
	return c.answer(), nil
}

// errEnough ends a scan at its limit.
var errEnough = fault.New(fault.Internal, "enough")

// Stats is what the desk's node holds.
type Stats struct {
	Datasets    []DatasetStats
	Samples     int
	Individuals int // with a live sample
	Variants    int64
	Segments    int
	Bytes       int64
	Epoch       uint64
	Counted     map[consent.Purpose]int64 // individuals who allow it, sequenced or not
}

// DatasetStats is one dataset.
type DatasetStats struct {
	Name        string
	Origin      store.Origin
	Samples     int
	Individuals int
}

// Stats sums the node up. It tells how many people there are, and nothing of what they carry.
func (d *Desk) Stats(ctx context.Context) (Stats, error) {
	st, err := d.genomes.Stats(ctx)
	if err != nil {
		return Stats{}, err
	}
	out := Stats{Samples: st.Samples, Individuals: st.Individuals, Variants: st.Variants, Segments: st.Segments, Bytes: st.Bytes,
		Epoch: d.consents.Epoch(), Counted: make(map[consent.Purpose]int64)}
	for _, s := range st.Datasets {
		out.Datasets = append(out.Datasets, DatasetStats{Name: s.Name, Origin: s.Origin, Samples: s.Samples, Individuals: s.Individuals})
	}
	for p, n := range d.consents.Counted() {
		out.Counted[p] = int64(n)
	}
	return out, nil
}
