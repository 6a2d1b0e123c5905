package answer

import (
	"context"

	"github.com/samverk/samverk/genome/store"
	"github.com/samverk/samverk/genome/variant"
)

// Run is what is told of variants that come one after the other and of which the same is told: of most of a genome's, that nobody carries them.
type Run struct {
	Count Count
	Times int
}

// Runs are the counts of many variants, in their order.
type Runs []Run

// Add adds a count so many times.
func (r Runs) Add(c *Count, times int) Runs {
	if n := len(r); n > 0 && r[n-1].Count == *c {
		r[n-1].Times += times
		return r
	}
	return append(r, Run{*c, times})
}

// Len is of how many variants they tell.
func (r Runs) Len() (n int) {
	for i := range r {
		n += r[i].Times
	}
	return n
}

// Counts are they one by one.
func (r Runs) Counts() []Count {
	out := make([]Count, 0, r.Len())
	for i := range r {
		for range r[i].Times {
			out = append(out, r[i].Count)
		}
	}
	return out
}

// runner counts and shapes keys into runs, for one goroutine. What the store counts is compared, so that only what differs from the last, and from
// the last that nobody carried, is shaped.
type runner struct {
	counter *store.Counter
	shaper  shaper

	last, nobody  store.Count // as the store counted
	told, toldNot Count       // and as they are told
	some, none    bool        // there is a last, there is a nobody
}

func (x *runner) count(ctx context.Context, keys []variant.Key, runs Runs) (Runs, error) {
	x.some = false
	for i := range keys {
		if i&255 == 255 && ctx.Err() != nil {
			return nil, ctx.Err()
		}
		c, err := x.counter.Count(keys[i])
		if err != nil {
			return nil, err
		}
		c.Known = false // nothing is told of it
		if x.some && c == x.last {
			runs[len(runs)-1].Times++
			continue
		}
		x.last, x.some = c, true
		x.told = x.shape(c)
		runs = append(runs, Run{x.told, 1})
	}
	return runs, nil
}

func (x *runner) shape(c store.Count) Count {
	if c.AC > 0 {
		return x.shaper.count(c)
	}
	if !x.none || c != x.nobody {
		x.nobody, x.toldNot, x.none = c, x.shaper.count(c), true
	}
	return x.toldNot
}
