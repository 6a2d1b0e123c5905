package answer

import (
	"context"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/genome/variant"
)

// A part of an annotation is a Question of the kind policy.Annotate: what another node asks of a file that it has and goes through itself. It is
// judged and paid as an annotation is, has a leaf of its own, and counts those who allow it when it begins: a withdrawal half-way through a file is in
// the next part.

// partsAtOnce is how many parts are counted at once, whoever asks; the rest wait for their turn. Each holds a count for every variant it names.
const partsAtOnce = 8

// turn waits until a part may be counted.
func (d *Desk) turn(ctx context.Context) (leave func(), err error) {
	select {
	case d.turns <- struct{}{}:
		return func() { <-d.turns }, nil
	case <-ctx.Done():
		return nil, fault.Wrap(fault.Unavailable, ctx.Err(), "nobody waits for the answer any more")
	}
}

// countPart counts variants that are in their normal form.
func (d *Desk) countPart(ctx context.Context, s *asking, keys []variant.Key) (Runs, error) {
	d.lengthy(s.counting)
	x := runner{counter: s.snap.BulkCounter(s.mask), shaper: s.shaper}
	defer x.counter.Close()
	return x.count(ctx, keys, nil)
}
