package answer

import (
	"context"

	"github.com/samverk/samverk/genome/store"
	"github.com/samverk/samverk/genome/variant"
	"github.com/samverk/samverk/policy"
)

// Remembered is how many masks the desk keeps for what long answers counted.
func (d *Desk) Remembered() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.long)
}

// Everything calls each with every variant that somebody counted carries, in order, and releases nothing.
func (d *Desk) Everything(ctx context.Context, a policy.Ask, each func(variant.Key, store.Count) error) error {
	a.Question = policy.Export
	s, err := d.ask(ctx, a, LeaveOut{}, func() string { return "everything" })
	if err != nil {
		return err
	}
	if err := d.begun(ctx, s); err != nil {
		return err
	}
	d.lengthy(s.counting)
	return s.everything(ctx, each)
}

// ListAtMost bounds listings until the test ends.
func ListAtMost(t interface{ Cleanup(func()) }, n int) {
	mostInRegion = n
	t.Cleanup(func() { mostInRegion = MostInRegion })
}

// Admit gives who is in, of who was in, who allows it and who is sequenced.
var (
	Admit   = admit
	BatchOf = batchOf
	KeyOf   = keyOf
)

// Shape tells a count as a verdict lets it be told.
func Shape(v policy.Verdict, kind policy.Kind, c store.Count) Count {
	return newShaper(v, kind).count(c)
}
