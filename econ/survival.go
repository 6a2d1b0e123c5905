package econ

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/samverk/samverk/econ/curve"
	"github.com/samverk/samverk/econ/formula"
)

// survival is a compiled partitioned survival: who is where follows from curves, and not from where they were. States and
// rewards are a cohort's.
type survival struct {
	*cohort
	flows   []*partition
	horizon float64 // years, where time is continuous
	rule    curve.Rule
}

// partition is one distinct set of curves with the strategies that have it.
type partition struct {
	*flow
	share   formula.Reg
	curves  []*curveMaker
	entries []entry
	areas   []areaReward
}

// entry is a reward for coming to the last state, by cycle.
type entry struct {
	strategy, measure int
	weights           []float64
	value             formula.Reg
}

// areaReward is what states give a year in continuous time, and what coming to the last gives.
type areaReward struct {
	strategy, measure int
	segments          []segment
	rewards           []formula.Reg // by state
	entry             formula.Reg
}

// segment is a time in which one force of interest holds: an amount at t is worth scale·exp(-delta·(t-from)).
type segment struct{ from, to, delta, scale float64 }

// segments of the years to a horizon.
func (w weighing) segments(horizon float64) (out []segment) {
	at := 0.0
	if w.whole {
		for ; at < horizon; at++ {
			out = append(out, segment{at, min(at+1, horizon), 0, w.factor(at)})
		}
		return out
	}
	for i, r := range w.rates {
		until := math.Inf(1)
		if i+1 < len(w.rates) {
			until = w.rates[i+1].From
		}
		if until = min(until, horizon); until > at {
			out = append(out, segment{at, until, math.Log1p(r.Rate), factor(w.rates, at)})
			at = until
		}
	}
	if at < horizon {
		out = append(out, segment{at, horizon, 0, 1})
	}
	return out
}

// discrete refuses continuous time where people move by cycles.
func (c *compiler) discrete(p *Part) {
	for i, w := range c.weighings {
		if w.correction == Continuous {
			c.problems.add(c.conventions.At, "conventions.within_cycle", "of survival curves and events; a "+p.Kind+" moves by cycles", "%s can't be counted continuously in the part %s", c.outcomes[i].Name, p.Name)
			return
		}
	}
}

// years is the horizon of continuous time.
func (c *compiler) years(k *cohort) float64 {
	t := c.conventions.Horizon
	switch t.Source {
	case "":
		return float64(k.n) * k.length
	case "lifetime":
		return math.Inf(1)
	}
	return c.number(t, "conventions.horizon", "horizon", 1e-9, 1e6)
}

// survival compiles a part for a share of a strategy's people.
func (c *compiler) survival(p *Part, index int, sc *scope, share formula.Reg, enter []Setting) {
	field := "parts." + p.Name
	s, known := c.survivals[p.Name]
	if !known {
		s = c.newSurvival(p, field)
		c.survivals[p.Name] = s
		if s != nil {
			c.parts = append(c.parts, s)
		}
	}
	if s == nil {
		return
	}
	if len(enter) > 0 {
		c.problems.add(enter[0].At, field, "all begin in the first", "who comes to survival curves can't begin in another state")
	}
	f := &partition{flow: &flow{}, share: share}
	for range s.states {
		f.initial = append(f.initial, c.b.Const(0))
	}
	key := fmt.Sprint(share)
	for _, one := range s.boundaries() {
		m := c.curve(p, one, sc, field+".curves")
		f.curves = append(f.curves, m)
		key += fmt.Sprint(" ", one.Name, m.needs())
	}
	if same := s.shared[key]; same != nil {
		f = s.flows[slices.IndexFunc(s.flows, func(x *partition) bool { return x.flow == same })]
	} else {
		s.shared[key] = f.flow
		s.flows, s.cohort.flows = append(s.flows, f), append(s.cohort.flows, f.flow)
	}
	if !slices.Contains(f.who, index) {
		f.who = append(f.who, index)
	}
	c.rewards(s.cohort, f.flow, sc, index)
	c.entries(s, f, sc, index)
	c.areas(s, f, sc, index)
}

func (c *compiler) newSurvival(p *Part, field string) *survival {
	if len(p.Transitions) > 0 || len(p.OnMove) > 0 || len(p.Initial) > 0 {
		c.problems.add(p.At, field, "curves say who is where; on_entry gives what coming to the last state costs", "survival has no transitions, transition_rewards or initial")
	}
	k := c.newCohort(p)
	if k == nil {
		return nil
	}
	s := &survival{cohort: k, horizon: c.years(k), rule: curve.Rule(p.Crossing)}
	if s.rule == "" {
		s.rule = curve.Refuse
	}
	if !slices.Contains(curve.Rules(), s.rule) {
		c.problems.add(p.At, field+".crossing", "refuse, cap or lift", "there is no rule %q for curves that cross", p.Crossing)
	}
	if n := len(s.boundaries()); n != len(p.States)-1 || n == 0 {
		c.problems.add(p.At, field+".curves", "one between each state and the next: between three states, two curves", "%d states need %d curves, and there are %d", len(p.States), len(p.States)-1, n)
		return nil
	}
	for _, st := range p.States {
		if st.Tunnel > 0 {
			c.problems.add(st.At, field+".states."+st.Name, "", "survival knows no time in a state, so no tunnel")
			return nil
		}
	}
	return s
}

// boundaries are the curves between the states.
func (s *survival) boundaries() (out []*Curve) {
	for i := range s.part.Curves {
		one := &s.part.Curves[i]
		if !slices.ContainsFunc(s.part.Curves, func(x Curve) bool { return x.Then == one.Name }) {
			out = append(out, one)
		}
	}
	return out
}

// entries compiles what coming to the last state gives.
func (c *compiler) entries(s *survival, f *partition, sc *scope, index int) {
	for _, e := range c.onEntry(s, sc, true) {
		for m, measure := range c.measures {
			w := c.weighings[measure.outcome]
			if measure.outcome != e.outcome || w.correction == Continuous {
				continue
			}
			if !measure.discounted {
				w.rates = nil
			}
			weights := make([]float64, s.n+1)
			for k := 1; k <= s.n; k++ {
				weights[k] = w.factor(float64(k) * s.length)
			}
			measure.moment(weights, s.length)
			f.entries = append(f.entries, entry{index, m, weights, e.value})
		}
	}
}

type entryOf struct {
	outcome int
	value   formula.Reg
}

// onEntry lists what coming to the last state gives, to each outcome and to what it is part of.
func (c *compiler) onEntry(s *survival, sc *scope, cycles bool) (out []entryOf) {
	field := "parts." + s.part.Name + ".on_entry"
	last := len(s.states) - 1
	for _, r := range s.part.OnEntry {
		o, ok := c.outcome(r.Outcome, r.At, field)
		if !ok {
			continue
		}
		for _, a := range r.Of {
			if i, ok := s.state(a.State); !ok || i != last {
				c.problems.add(a.At, field+"."+r.Outcome, "curves say how many come to "+s.states[last].Name+", and of no other state", "on_entry can't be of %q", a.State)
				continue
			}
			at := sc
			if cycles && c.weighings[o].correction != Continuous {
				at = sc.at(s.clock(last, 0, true))
			}
			v := c.formula(a.Value, at, field+"."+r.Outcome+"."+a.State)
			out = append(out, entryOf{o, v})
			if whole := c.partOf(o); whole >= 0 {
				out = append(out, entryOf{whole, v})
			}
		}
	}
	return out
}

// areas compiles what is counted continuously.
func (c *compiler) areas(s *survival, f *partition, sc *scope, index int) {
	for m, measure := range c.measures {
		w := c.weighings[measure.outcome]
		if w.correction != Continuous {
			continue
		}
		if !measure.discounted {
			w.rates, w.whole = nil, false
		}
		if w.whole && math.IsInf(s.horizon, 1) {
			c.problems.add(c.conventions.At, "conventions.discount.whole_years", "name a horizon in years", "whole years can't be counted over a lifetime")
			return
		}
		segments := measure.clip(w.segments(s.horizon))
		for _, regs := range c.yearly(s.cohort, measure.outcome, sc) {
			f.areas = append(f.areas, areaReward{index, m, segments, regs, none})
		}
		for _, e := range c.onEntry(s, sc, false) {
			if e.outcome == measure.outcome {
				f.areas = append(f.areas, areaReward{index, m, segments, nil, e.value})
			}
		}
	}
}

// yearly compiles what states give of an outcome in a year, where time is continuous: it can't change with the cycle.
func (c *compiler) yearly(k *cohort, outcome int, sc *scope) (out [][]formula.Reg) {
	field := "parts." + k.part.Name + ".rewards"
	if c.outcomes[outcome].Name == lifeYears {
		regs := k.empty()
		for i, s := range k.states {
			if !s.Dead {
				regs[i] = c.b.Const(1)
			}
		}
		return [][]formula.Reg{regs}
	}
	for _, r := range k.part.Rewards {
		o := slices.IndexFunc(c.outcomes, func(o Outcome) bool { return o.Name == r.Outcome })
		if o < 0 || o != outcome && c.partOf(o) != outcome {
			continue
		}
		regs := k.empty()
		for _, a := range r.Of {
			if state, ok := k.state(a.State); ok {
				v := c.formula(a.Value, sc, field+"."+r.Outcome+"."+a.State)
				regs[state] = c.b.Mul(v, c.b.Const(k.per/k.length))
			}
		}
		out = append(out, regs)
	}
	return out
}

func (s *survival) needs() []formula.Reg {
	regs := s.cohort.needs()
	for _, f := range s.flows {
		regs = append(regs, f.share)
		for _, m := range f.curves {
			regs = append(regs, m.needs()...)
		}
		for _, e := range f.entries {
			regs = append(regs, e.value)
		}
		for _, a := range f.areas {
			for _, r := range append(slices.Clone(a.rewards), a.entry) {
				if r != none {
					regs = append(regs, r)
				}
			}
		}
	}
	return regs
}

func (s *survival) ready(p *formula.Program) {
	s.counting = p.Stage(s.gifts(), formula.Draw, formula.Cycle)
	s.stage = p.Stage(s.needs(), formula.Draw, formula.Cycle)
}

// partitioning is a survival at work.
type partitioning struct {
	march
	s      *survival
	curves [][][]curve.Curve // by flow, lane and boundary
}

func (s *survival) runner(c *Compiled, lanes int) runner {
	r := &partitioning{march: march{k: s.cohort, lanes: lanes}, s: s}
	for _, f := range s.flows {
		r.march.flows = append(r.march.flows, newMarching(s.cohort, f.flow, c.program, lanes))
		r.curves = append(r.curves, nil)
	}
	return r
}

func (r *partitioning) run(b *block) error {
	n := b.frame.Lanes()
	for i, f := range r.march.flows {
		f.begin(b, n)
		if err := r.make(b, i, n); err != nil {
			return err
		}
	}
	if b.watch != nil {
		b.watch.start(b)
	}
	for k := 0; k <= r.s.n; k++ {
		b.frame.Set(r.s.cycle, float64(k))
		b.frame.Run(r.s.stage)
		for i, f := range r.march.flows {
			f.now, f.next = f.next, f.now
			if err := r.occupy(b, i, k, n); err != nil {
				return err
			}
			f.count(b, k, n)
			r.enter(b, i, k, n)
		}
		if b.watch != nil {
			r.watched(b, k)
		}
	}
	for i, f := range r.march.flows {
		f.total(b, n)
		if err := r.integrate(b, i, n); err != nil {
			return err
		}
	}
	return nil
}

func (r *partitioning) make(b *block, flow, lanes int) error {
	makers := r.s.flows[flow].curves
	r.curves[flow] = r.curves[flow][:0]
	for lane := range lanes {
		all := make([]curve.Curve, len(makers))
		for i, m := range makers {
			var err error
			if all[i], err = m.in(b.frame, lane); err != nil {
				return Problems{m.problem(err, b.when(lane, 0))}
			}
		}
		r.curves[flow] = append(r.curves[flow], all)
	}
	return nil
}

// occupy says who is where after k cycles.
func (r *partitioning) occupy(b *block, flow, k, lanes int) error {
	f := r.march.flows[flow]
	share := b.frame.Lane(r.s.flows[flow].share)
	at := float64(k) * r.s.length
	var room [16]float64
	states := room[:]
	if n := len(r.s.states); n > len(room) {
		states = make([]float64, n)
	} else {
		states = states[:n]
	}
	for lane := range lanes {
		if err := curve.At(states, r.curves[flow][lane], at, r.s.rule); err != nil {
			return r.crossed(b, flow, lane, err)
		}
		for s, v := range states {
			f.now[s][lane] = v * share[lane%len(share)]
		}
	}
	return nil
}

func (r *partitioning) crossed(b *block, flow, lane int, err error) error {
	makers := r.s.flows[flow].curves
	var c *curve.Crossing
	if !errors.As(err, &c) {
		return err
	}
	inner, outer := makers[c.Inner], makers[c.Outer]
	strategy := b.c.strategies[r.s.flows[flow].who[0]].Name
	return Problems{{File: inner.at.File, Line: inner.at.Line, Column: inner.at.Column, Field: inner.field,
		Says: fmt.Sprintf("the curve lies %.2g above %s, %.4g years after the start, in strategy %s%s", c.By, outer.field, c.Time, strategy, b.when(lane, 0)),
		Hint: "nobody can be in a state before leaving it; look at the curves, or name a rule: crossing: cap or lift"}}
}

// enter counts who came to the last state in cycle k.
func (r *partitioning) enter(b *block, flow, k, lanes int) {
	if k == 0 {
		return
	}
	f := r.march.flows[flow]
	last := len(r.s.states) - 1
	now, before := f.now[last], f.next[last]
	for _, e := range r.s.flows[flow].entries {
		out, v := b.out[e.strategy][e.measure][:lanes], b.frame.Lane(e.value)
		for i := range out {
			out[i] += e.weights[k] * (now[i] - before[i]) * v[i%len(v)]
		}
	}
}

// integrate counts what is counted continuously.
func (r *partitioning) integrate(b *block, flow, lanes int) error {
	f := r.s.flows[flow]
	if len(f.areas) == 0 {
		return nil
	}
	states := len(r.s.states)
	areas := make([]float64, states-1)
	for lane := range lanes {
		curves := r.curves[flow][lane]
		share := b.frame.At(f.share, lane)
		var last []segment
		sums, deaths := make([]float64, states), 0.0
		for i := range f.areas {
			a := &f.areas[i]
			if !slices.Equal(a.segments, last) {
				last = a.segments
				clear(sums)
				deaths = 0
				for _, s := range a.segments {
					scale := s.scale * math.Exp(s.delta*s.from)
					if err := curve.Areas(areas, curves, s.from, s.to, s.delta, r.s.rule); err != nil {
						return r.crossed(b, flow, lane, err)
					}
					for j, v := range areas {
						sums[j] += scale * v
						if !math.IsInf(s.to, 1) {
							sums[states-1] -= scale * v
						}
					}
					if !math.IsInf(s.to, 1) {
						sums[states-1] += scale * curve.Years(s.from, s.to, s.delta)
					}
					deaths += scale * curve.Death(curves, s.from, s.to, s.delta, r.s.rule)
				}
			}
			out := b.out[a.strategy][a.measure]
			if a.entry != none {
				out[lane] += share * deaths * b.frame.At(a.entry, lane)
			}
			for s, reg := range a.rewards {
				if reg == none {
					continue
				}
				v := b.frame.At(reg, lane)
				if s == states-1 && v != 0 && math.IsInf(r.s.horizon, 1) {
					return Problems{{Field: "parts." + r.s.part.Name + ".rewards", Says: "the last state gives something for ever", Hint: "name a horizon in years"}}
				}
				out[lane] += share * sums[s] * v
			}
		}
	}
	return nil
}
