package econ

import (
	"fmt"
	"math"
	"slices"

	"github.com/samverk/samverk/econ/draw"
	"github.com/samverk/samverk/econ/formula"
)

// timed is a compiled part of people whose events come at times: the first of those that compete moves them. It is a crowd
// without cycles; cycles only say when the trace is looked at.
type timed struct {
	*crowd
	horizon float64
	courses []*course
}

// course is one distinct set of events, with what it gives in the strategies that have it.
type course struct {
	*life
	exits  [][]exit // by state
	clocks []clockwork
	rates  []rate
	given  []eventValue
	values []formula.Reg // all of the above
}

// exit is a way out of a state.
type exit struct {
	to      int
	curve   *curveMaker
	forward bool
	stream  draw.Stream
	each    bool // the curve differs between people in more than its hazard ratio
}

// clockwork is a distinct way to discount: what time until t is worth.
type clockwork []segment

// until is the worth of all time from 0 to t.
func (c clockwork) until(t float64) float64 {
	sum := 0.0
	for i := range c {
		s := &c[i]
		if t <= s.from {
			break
		}
		d := math.Min(t, s.to) - s.from
		if s.delta == 0 {
			sum += s.scale * d
		} else {
			sum += s.scale * (1 - math.Exp(-s.delta*d)) / s.delta
		}
	}
	return sum
}

// at is the worth of something at t, when all time until then is worth until.
func (c clockwork) at(t, until float64) float64 {
	if len(c) == 1 {
		if t < c[0].from || t >= c[0].to {
			return 0
		}
		return c[0].scale - c[0].delta*until
	}
	for i := range c {
		if s := &c[i]; t >= s.from && (t < s.to || i == len(c)-1 && t == s.to) {
			return s.scale * math.Exp(-s.delta*(t-s.from))
		}
	}
	return 0
}

// rate is what states give of a measure a year.
type rate struct {
	tally, clock int
	rewards      []formula.Reg
}

// eventValue is what events give of a measure, by from and to.
type eventValue struct {
	tally, clock int
	values       [][]formula.Reg
}

// events compiles a part for a share of a strategy's people.
func (c *compiler) events(p *Part, index int, sc *scope, share formula.Reg, enter []Setting) {
	w, seen := c.timed[p.Name]
	if !seen {
		w = c.newTimed(p)
		c.timed[p.Name] = w
		if w != nil {
			c.parts = append(c.parts, w)
		}
	}
	if w == nil {
		return
	}
	x := &course{life: c.life(w.crowd, sc, share, enter)}
	inner := sc.of(x.known)
	c.exits(w, x, inner)
	x.key += fmt.Sprint(x.share, x.initial)
	if i := slices.IndexFunc(w.courses, func(y *course) bool { return y.key == x.key }); i >= 0 {
		x = w.courses[i]
	} else {
		w.courses = append(w.courses, x)
		w.lives = append(w.lives, x.life)
	}
	if !slices.Contains(x.who, index) {
		x.who = append(x.who, index)
	}
	c.eventRewards(w, x, inner, index)
}

func (c *compiler) newTimed(p *Part) *timed {
	field := "parts." + p.Name
	if len(p.Transitions) > 0 || len(p.History) > 0 {
		c.problems.add(p.At, field, "curves with from and to say when people move", "events have no transitions or history")
		return nil
	}
	w := &timed{crowd: c.newCrowd(p)}
	if w.crowd == nil {
		return nil
	}
	w.horizon = c.years(w.cohort)
	return w
}

func (c *compiler) exits(w *timed, x *course, sc *scope) {
	x.exits = make([][]exit, len(w.states))
	field := "parts." + w.part.Name + ".curves"
	for i := range w.part.Curves {
		one := &w.part.Curves[i]
		if slices.ContainsFunc(w.part.Curves, func(y Curve) bool { return y.Then == one.Name }) {
			continue
		}
		from, ok1 := w.state(one.From)
		to, ok2 := w.state(one.To)
		if !ok1 || !ok2 || from == to {
			c.problems.add(one.At, field+"."+one.Name, "as {from: well, to: sick, family: weibull, shape: 1.2, scale: 9}", "an event leads from a state to another, and there is no way from %q to %q", one.From, one.To)
			continue
		}
		if one.Clock != "" && one.Clock != "reset" && one.Clock != "forward" {
			c.problems.add(one.At, field+"."+one.Name+".clock", "reset or forward", "there is no clock %q", one.Clock)
		}
		e := exit{to: to, forward: one.Clock == "forward", stream: w.stream.Named("event " + one.Name), curve: c.curve(w.part, one, sc, field)}
		for _, r := range e.curve.needs() {
			c.still(r, one.At, e.curve.field)
			if c.b.Class(r)&formula.Individual != 0 && r != e.curve.ratio {
				e.each = true
			}
		}
		x.key += fmt.Sprint(" ", one.Name, e.curve.needs())
		x.values = append(x.values, e.curve.needs()...)
		x.exits[from] = append(x.exits[from], e)
	}
	for s, st := range w.states {
		if len(x.exits[s]) == 0 && !st.Dead {
			c.problems.warn(st.At, "parts."+w.part.Name+".states."+st.Name, "mark it dead: true, or write a curve from it", "nobody ever leaves %s", st.Name)
		}
	}
}

// still refuses a value that changes with the cycle.
func (c *compiler) still(r formula.Reg, at Pos, field string) {
	if c.b.Class(r)&formula.Cycle != 0 {
		c.problems.add(at, field, "among events, formulas know attributes and parameters; what changes with time is a state of its own", "the value changes with the cycle, and here time is continuous")
	}
}

// eventRewards compiles what states give a year, and what events do.
func (c *compiler) eventRewards(w *timed, x *course, sc *scope, index int) {
	field := "parts." + w.part.Name
	gifts := c.eventGifts(w, sc)
	for m, measure := range c.measures {
		weigh := c.weighings[measure.outcome]
		if !measure.discounted {
			weigh.rates, weigh.whole = nil, false
		}
		if weigh.whole && math.IsInf(w.horizon, 1) {
			c.problems.add(c.conventions.At, "conventions.discount.whole_years", "name a horizon in years", "whole years can't be counted over a lifetime")
			return
		}
		clock := x.clock(measure.clip(weigh.segments(w.horizon)))
		for _, regs := range c.yearly(w.cohort, measure.outcome, sc) {
			for s, r := range regs {
				if r == none {
					continue
				}
				c.still(r, w.part.At, field+".rewards."+w.states[s].Name)
				if v, known := c.b.Constant(r); known && v == 0 {
					regs[s] = none
				}
			}
			x.rates = append(x.rates, rate{x.tally(index, m), clock, regs})
			x.values = append(x.values, present(regs)...)
		}
		for _, g := range gifts {
			if g.outcome != measure.outcome {
				continue
			}
			x.given = append(x.given, eventValue{x.tally(index, m), clock, g.values})
			for _, row := range g.values {
				x.values = append(x.values, present(row)...)
			}
		}
	}
}

func (x *course) clock(s clockwork) int {
	if i := slices.IndexFunc(x.clocks, func(y clockwork) bool { return slices.Equal(y, s) }); i >= 0 {
		return i
	}
	x.clocks = append(x.clocks, s)
	return len(x.clocks) - 1
}

type eventGift struct {
	outcome int
	values  [][]formula.Reg
}

// eventGifts lists what moves and coming to a state give, to each outcome and to what it is part of.
func (c *compiler) eventGifts(w *timed, sc *scope) (out []eventGift) {
	field := "parts." + w.part.Name
	n := len(w.states)
	one := func(name string, at Pos, field string, put func(values [][]formula.Reg)) {
		o, ok := c.outcome(name, at, field)
		if !ok {
			return
		}
		values := make([][]formula.Reg, n)
		for i := range values {
			values[i] = w.empty()
		}
		put(values)
		out = append(out, eventGift{o, values})
		if whole := c.partOf(o); whole >= 0 {
			out = append(out, eventGift{whole, values})
		}
	}
	value := func(t Text, field string) formula.Reg {
		r := c.formula(t, sc, field)
		c.still(r, t.At, field)
		return r
	}
	for _, set := range w.part.OnMove {
		one(set.Outcome, set.At, field+".transition_rewards", func(values [][]formula.Reg) {
			for _, row := range set.Rows {
				for _, g := range row.To {
					from, ok1 := w.state(row.From)
					to, ok2 := w.state(g.To)
					if !ok1 || !ok2 {
						c.problems.add(g.At, field+".transition_rewards", "", "there is no state %q or %q", row.From, g.To)
						continue
					}
					values[from][to] = value(g.Value, field+".transition_rewards."+row.From+"."+g.To)
				}
			}
		})
	}
	for _, r := range w.part.OnEntry {
		one(r.Outcome, r.At, field+".on_entry", func(values [][]formula.Reg) {
			for _, a := range r.Of {
				to, ok := w.state(a.State)
				if !ok {
					c.noState(a.State, w.part, a.At, field+".on_entry")
					continue
				}
				v := value(a.Value, field+".on_entry."+a.State)
				for from := range n {
					if from != to {
						values[from][to] = v
					}
				}
			}
		})
	}
	return out
}

func (w *timed) ready(p *formula.Program) {
	for _, x := range w.courses {
		every := append(slices.Clone(x.values), x.initial...)
		for _, a := range x.attributes {
			every = append(every, a.args...)
		}
		x.person = p.Stage(every, formula.Draw, formula.Individual)
		w.draws = append(w.draws, p.Stage(every, 0, formula.Draw))
	}
}

func (w *timed) runner(c *Compiled, _ int) runner {
	return &crowding{w: w.crowd, c: c, timed: w}
}
