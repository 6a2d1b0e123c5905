package econ

import (
	"fmt"
	"math"

	"github.com/samverk/samverk/econ/curve"
	"github.com/samverk/samverk/econ/draw"
	"github.com/samverk/samverk/econ/formula"
)

// maxEvents is how many events a person can have.
const maxEvents = 10_000

// timer follows people from event to event.
type timer struct {
	w        *timed
	curves   [][][]curve.Curve  // by course, state and exit, where a curve is the same for all
	streams  [][][]draw.Stream  // by course, state and exit
	now      []float64          // the time of each person's last event
	worth    [][]float64        // by clock: what time until then is worth
	at       [2][][]int32       // by state: who is there, in this round and the next
	u, t     []float64          // of those in a state: their numbers, and the times
	ratios   []float64          // their hazard ratios
	first    []float64          // the time of the first event
	which    []int32            // and which it is
	from, to []int              // the cycles in which they came and leave
	diff     []float64          // what the time until it is worth
	sums     [][][]accumulation // by course, tally and cycle, where they are watched
	stays    [][]int64          // by course: changes of who is where, by cycle and state
}

// accumulation says how a sum grows from a cycle on: by slope for all that time is worth, from level.
type accumulation struct{ slope, level float64 }

func newTimer(w *timed) *timer {
	t := &timer{w: w, now: make([]float64, abreast), u: make([]float64, abreast), t: make([]float64, abreast), ratios: make([]float64, abreast),
		first: make([]float64, abreast), which: make([]int32, abreast), diff: make([]float64, abreast), from: make([]int, abreast), to: make([]int, abreast)}
	clocks := 0
	for _, x := range w.courses {
		clocks = max(clocks, len(x.clocks))
		t.curves = append(t.curves, make([][]curve.Curve, len(w.states)))
		t.streams = append(t.streams, make([][]draw.Stream, len(w.states)))
		for s := range x.exits {
			t.curves[len(t.curves)-1][s] = make([]curve.Curve, len(x.exits[s]))
			t.streams[len(t.curves)-1][s] = make([]draw.Stream, len(x.exits[s]))
		}
	}
	t.worth = rows(clocks, abreast)
	for i := range t.at {
		t.at[i] = make([][]int32, len(w.states))
	}
	return t
}

// begin makes room for what is watched of a group.
func (t *timer) begin(x *walker, b *block) {
	t.sums, t.stays = nil, nil
	for range t.w.courses {
		t.stays = append(t.stays, make([]int64, (x.w.n+2)*len(x.w.states)))
	}
	if b.watch == nil {
		return
	}
	for _, c := range t.w.courses {
		sums := make([][]accumulation, len(c.tallies))
		for i := range sums {
			sums[i] = make([]accumulation, x.w.n+2)
		}
		t.sums = append(t.sums, sums)
	}
}

// prepare gives a course its curves and streams in this draw.
func (t *timer) prepare(x *walker, b *block, life int) error {
	c := t.w.courses[life]
	for s := range c.exits {
		for e := range c.exits[s] {
			exit := &c.exits[s][e]
			t.streams[life][s][e] = exit.stream.Split(x.path[:]...)
			if exit.each {
				continue
			}
			ratio := exit.curve.ratio
			plain := *exit.curve
			if ratio != none && x.c.program.Class(ratio)&formula.Individual != 0 {
				plain.ratio = none
			}
			var err error
			if t.curves[life][s][e], err = plain.in(x.frame, 0); err != nil {
				return Problems{plain.problem(err, b.when(x.number, 0))}
			}
		}
	}
	return nil
}

func (t *timer) live(x *walker, b *block, life, first, n int, g *gathering) error {
	c := t.w.courses[life]
	x.born(life, first, n)
	if err := t.prepare(x, b, life); err != nil {
		return err
	}
	for i := range c.tallies {
		clear(x.totals[i][:n])
	}
	clear(t.now[:n])
	for k := range c.clocks {
		clear(t.worth[k][:n])
	}
	at, next := t.at[0], t.at[1]
	for s := range at {
		at[s] = at[s][:0]
	}
	for i, s := range x.state[:n] {
		at[s] = append(at[s], int32(i))
	}
	for round := uint64(0); ; round++ {
		if round > maxEvents {
			return Problems{{Field: "parts." + x.w.part.Name + ".curves", Says: fmt.Sprintf("somebody has more than %d events", maxEvents), Hint: "name a horizon in years, or look at curves that lead round"}}
		}
		some := false
		for s := range next {
			next[s] = next[s][:0]
		}
		for s, list := range at {
			if len(list) == 0 {
				continue
			}
			some = true
			if err := t.leave(x, b, life, s, list, round, first, next); err != nil {
				return err
			}
		}
		if !some {
			break
		}
		at, next = next, at
	}
	for i, of := range c.tallies {
		x.sum(&g.sums[life][i], c.life, of, i, n)
	}
	return nil
}

// leave finds when those in a state leave it, and counts what they got there.
func (t *timer) leave(x *walker, b *block, life, s int, list []int32, round uint64, first int, next [][]int32) error {
	c := t.w.courses[life]
	n := len(list)
	for j := range list {
		t.first[j], t.which[j] = math.Inf(1), -1
	}
	for e := range c.exits[s] {
		if err := t.sample(x, b, life, s, e, list, round, first); err != nil {
			return err
		}
		for j, d := range t.t[:n] {
			if d < t.first[j] {
				t.first[j], t.which[j] = d, int32(e)
			}
		}
	}
	ends := t.first[:n]
	for j, i := range list {
		ends[j] = math.Min(t.now[i]+ends[j], t.w.horizon)
		if ends[j] >= t.w.horizon {
			t.which[j] = -1
		}
	}
	t.stay(x, life, s, list, ends)
	for k, clock := range c.clocks {
		worth := t.worth[k]
		diff := t.diff[:n]
		for j, i := range list {
			w := clock.until(ends[j])
			diff[j] = w - worth[i]
			worth[i] = w
		}
		t.earn(x, life, s, k, list, ends)
	}
	for j, i := range list {
		t.now[i] = ends[j]
		if t.which[j] < 0 {
			continue
		}
		to := c.exits[s][t.which[j]].to
		t.give(x, life, s, to, int(i), j)
		next[to] = append(next[to], i)
	}
	return nil
}

// sample draws the times of one event for those in a state.
func (t *timer) sample(x *walker, b *block, life, s, e int, list []int32, round uint64, first int) error {
	exit := &t.w.courses[life].exits[s][e]
	stream := t.streams[life][s][e].Split(round)
	n := len(list)
	u := t.u[:n]
	for j, i := range list {
		u[j] = stream.Uniform(uint64(first + int(i)))
	}
	if exit.each {
		for j, i := range list {
			one, err := exit.curve.in(x.frame, int(i))
			if err != nil {
				return Problems{exit.curve.problem(err, b.when(x.number, 0))}
			}
			t.t[j] = t.time(exit, &one, t.now[i], u[j])
		}
		return nil
	}
	one := &t.curves[life][s][e]
	var ratios []float64
	if r := exit.curve.ratio; r != none && x.c.program.Class(r)&formula.Individual != 0 {
		ratios = t.ratios[:n]
		for j, i := range list {
			if ratios[j] = x.frame.At(r, int(i)); !(ratios[j] > 0) {
				return Problems{exit.curve.problem(&curve.Error{Family: exit.curve.maker.Family, Arg: "hazard_ratio", Says: "isn't above 0"}, b.when(x.number, 0))}
			}
		}
	}
	if !exit.forward {
		one.FillTimes(t.t[:n], u, ratios)
		return nil
	}
	for j, i := range list {
		if ratios != nil {
			u[j] = math.Pow(u[j], 1/ratios[j])
		}
		t.t[j] = one.TimeAfter(t.now[i], u[j])
	}
	return nil
}

func (t *timer) time(e *exit, one *curve.Curve, now, u float64) float64 {
	if e.forward {
		return one.TimeAfter(now, u)
	}
	return one.TimeAt(u)
}

// earn counts what a state gives in the time there, by one clock.
func (t *timer) earn(x *walker, life, s, clock int, list []int32, ends []float64) {
	c := t.w.courses[life]
	for r := range c.rates {
		rate := &c.rates[r]
		reg := rate.rewards[s]
		if rate.clock != clock || reg == none {
			continue
		}
		total, v := x.totals[rate.tally], x.frame.Lane(reg)
		if len(v) == 1 {
			if v[0] == 0 {
				continue // even for ever
			}
			for j, i := range list {
				total[i] += v[0] * t.diff[j]
			}
		} else {
			for j, i := range list {
				total[i] += v[i] * t.diff[j]
			}
		}
		if t.sums == nil {
			continue
		}
		sums := t.sums[life][rate.tally]
		for j, i := range list {
			v := x.frame.At(reg, int(i))
			if v == 0 {
				continue
			}
			from, to := t.from[j], t.to[j]
			after := t.worth[clock][i]
			sums[from].slope += v
			sums[from].level -= v * (after - t.diff[j])
			sums[to].slope -= v
			sums[to].level += v * after
		}
	}
}

// cycle is the first whose end is at or after a time; one more than there are, if none is.
func (t *timer) cycle(at float64) int {
	at = at/t.w.length - 1e-9
	if at >= float64(t.w.n) {
		return t.w.n + 1
	}
	k := int(at)
	if float64(k) < at {
		k++
	}
	return k
}

// stay notes who was where from when to when.
func (t *timer) stay(x *walker, life, s int, list []int32, ends []float64) {
	stays, states := t.stays[life], len(x.w.states)
	for j, i := range list {
		t.from[j], t.to[j] = t.cycle(t.now[i]), t.cycle(ends[j])
		stays[t.from[j]*states+s]++
		if t.which[j] >= 0 {
			stays[t.to[j]*states+s]--
		}
	}
}

// give counts what an event gives.
func (t *timer) give(x *walker, life, from, to, i, j int) {
	c := t.w.courses[life]
	for r := range c.given {
		g := &c.given[r]
		reg := g.values[from][to]
		if reg == none {
			continue
		}
		v := x.frame.At(reg, i) * c.clocks[g.clock].at(t.now[i], t.worth[g.clock][i])
		x.totals[g.tally][i] += v
		if t.sums != nil {
			t.sums[life][g.tally][t.to[j]].level += v
		}
	}
}

// end turns what was watched into counts and amounts by cycle.
func (t *timer) end(x *walker, g *gathering) {
	states := len(x.w.states)
	for life, c := range t.w.courses {
		who := make([]int64, states)
		for k := range x.w.n + 1 {
			for s := range who {
				who[s] += t.stays[life][k*states+s]
				g.counts[life][k*states+s] += who[s]
			}
		}
		if t.sums == nil {
			continue
		}
		for i := range c.tallies {
			t.amounts(c, i, t.sums[life][i], g.amounts[life][i], x.w.length)
		}
	}
}

func (t *timer) amounts(c *course, tally int, sums []accumulation, out []float64, length float64) {
	clock := 0
	for _, r := range c.rates {
		if r.tally == tally {
			clock = r.clock
		}
	}
	slope, level, before := 0.0, 0.0, 0.0
	for k := range out {
		slope, level = slope+sums[k].slope, level+sums[k].level
		total := level + slope*c.clocks[clock].until(float64(k)*length)
		out[k] += total - before
		before = total
	}
}
