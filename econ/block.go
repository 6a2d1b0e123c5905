package econ

import (
	"fmt"
	"math"

	"github.com/samverk/samverk/econ/formula"
)

// lanes is how many draws are reckoned side by side: enough that an operator's cost is that of its loop, and few enough
// that a cohort's probabilities and traces stay in the nearest cache. See docs/decisions/0030.
const lanes = 128

// block is a model at work on a block of lanes.
type block struct {
	c       *Compiled
	frame   *formula.Frame
	points  bool          // the lanes are points to compare, and not draws: they have the same people
	seed    uint64        // of a probabilistic analysis
	first   int           // the number of the first lane's draw; -1 in a base case
	out     [][][]float64 // by strategy, measure and lane
	budget  [][]float64   // by region, year, and with or without the change
	watch   *watch        // of a base case
	runners []runner
}

func (c *Compiled) newBlock(lanes int) *block {
	b := &block{c: c, frame: c.program.NewFrame(lanes, formula.Draw), first: -1, out: make([][][]float64, len(c.strategies))}
	for s := range b.out {
		b.out[s] = make([][]float64, len(c.measures))
		for m := range b.out[s] {
			b.out[s][m] = make([]float64, lanes)
		}
	}
	for _, p := range c.parts {
		b.runners = append(b.runners, p.runner(c, lanes))
	}
	return b
}

// base sets all inputs to the values of the base case.
func (b *block) base() {
	for _, p := range b.c.params {
		if p.vary {
			b.frame.Set(p.reg, p.value)
		}
	}
}

// run reckons the block whose inputs are set.
func (b *block) run() error {
	b.frame.Run(b.c.stage)
	if err := b.check(b.c.checks, 0); err != nil {
		return err
	}
	n := b.frame.Lanes()
	for s, strategy := range b.c.strategies {
		for m, measure := range b.c.measures {
			from, to := b.frame.Lane(strategy.base[measure.outcome]), b.out[s][m][:n]
			if measure.year > 1 { // what is given once is given at the start
				clear(to)
				continue
			}
			for i := range to {
				to[i] = from[i%len(from)]
			}
		}
	}
	for _, r := range b.runners {
		if err := r.run(b); err != nil {
			return err
		}
	}
	return b.finite()
}

// check refuses what isn't a probability, in any lane.
func (b *block) check(checks []check, cycle int) error {
	for i := range checks {
		for lane, v := range b.frame.Lane(checks[i].reg) {
			if !checks[i].holds(v) {
				return Problems{checks[i].problem(v, b.when(lane, cycle)+" (strategy "+checks[i].who+")")}
			}
		}
	}
	return nil
}

func (b *block) when(lane, cycle int) string {
	s := ""
	if cycle > 0 {
		s += fmt.Sprintf(" in cycle %d", cycle)
	}
	if b.first >= 0 {
		s += fmt.Sprintf(" in draw %d", b.first+lane+1)
	}
	return s
}

// finite refuses a sum that isn't a number, and finds the formula where it went wrong.
func (b *block) finite() error {
	for s := range b.out {
		for m := range b.out[s] {
			for lane, v := range b.out[s][m][:b.frame.Lanes()] {
				if math.IsNaN(v) || math.IsInf(v, 0) {
					return b.lost(s, m, lane)
				}
			}
		}
	}
	return nil
}

func (b *block) lost(s, m, lane int) error {
	p := Problem{Field: "strategies." + b.c.strategies[s].Name,
		Says: fmt.Sprintf("the %s of strategy %s isn't a finite number%s", b.c.outcomes[b.c.measures[m].outcome].Name, b.c.strategies[s].Name, b.when(lane, 0)),
		Hint: "a division by zero, the logarithm of what isn't positive, or a key outside a table"}
	at, ok := b.frame.Origin(b.c.stage, lane)
	for i := 0; i < len(b.runners) && !ok; i++ {
		at, ok = b.runners[i].origin(b, lane)
	}
	if ok {
		p.File, p.Line, p.Column = at.File, at.Line, at.Column
	}
	return Problems{p}
}
