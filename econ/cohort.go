package econ

import (
	"fmt"
	"slices"
	"strings"

	"github.com/samverk/samverk/econ/formula"
)

// cohort is a compiled Markov cohort: one part, in every strategy that comes to it. Strategies in which people move alike
// share one trace.
type cohort struct {
	part     *Part
	n        int
	length   float64
	per      float64 // what a reward for a year or a cycle is multiplied by
	states   []State // with each tunnel state as often as it is long
	first    []int   // where each of the part's states begins among states
	cycle    formula.Reg
	checks   []check // of what depends on the cycle
	stage    formula.Stage
	counting formula.Stage // what of it isn't about moving
	flows    []*flow
	shared   map[string]*flow
}

// arc is a way into a state.
type arc struct {
	from int
	p    formula.Reg
}

// flow is one distinct trace.
type flow struct {
	who     []int // strategies
	initial []formula.Reg
	arcs    [][]arc // by the state they lead to
	weights [][]float64
	fixed   []fixed
	moving  []moving
	moves   []move
}

// fixed is a reward that is the same in all cycles: it is multiplied with the weighted sum of who was where.
type fixed struct {
	strategy, measure, weights int
	rewards                    []formula.Reg // by state; none where nothing is given
}

// moving is a reward that changes with the cycle.
type moving struct {
	strategy, measure int
	at, before        []float64
	rewards           []formula.Reg
}

// move is a reward of a transition.
type move struct {
	strategy, measure int
	weights           []float64
	from              int
	p, value          formula.Reg
}

const none formula.Reg = -1

// cohort compiles a part for a share of a strategy's people.
func (c *compiler) cohort(p *Part, index int, sc *scope, share formula.Reg, enter []Setting) {
	k := c.cohorts[p.Name]
	if k == nil {
		k = c.newCohort(p)
		if k == nil {
			return
		}
		c.cohorts[p.Name] = k
		c.parts = append(c.parts, k)
	}
	f := &flow{who: []int{index}, initial: c.initial(k, sc, share, enter), arcs: c.transitions(k, sc)}
	c.rewards(k, f, sc, index)
	c.moveRewards(k, f, sc, index)
	k.come(c, f, index)
}

// come lets people in. Those of a strategy who move alike and get the same go together, whichever way they came.
func (k *cohort) come(c *compiler, f *flow, index int) {
	nobody := !slices.ContainsFunc(f.initial, func(r formula.Reg) bool {
		v, known := c.b.Constant(r)
		return !known || v != 0
	})
	if nobody && slices.ContainsFunc(k.flows, func(g *flow) bool { return slices.Contains(g.who, index) }) {
		return
	}
	key := fmt.Sprint(index, f.arcs, f.given())
	same := k.shared[key]
	if same == nil {
		k.shared[key] = f
		k.flows = append(k.flows, f)
		return
	}
	for s, r := range f.initial {
		same.initial[s] = c.b.Add(same.initial[s], r)
	}
}

// given names what a flow's people get, by measure and value.
func (f *flow) given() string {
	var b strings.Builder
	for _, x := range f.fixed {
		fmt.Fprint(&b, "fixed ", x.measure, x.rewards)
	}
	for _, x := range f.moving {
		fmt.Fprint(&b, "moving ", x.measure, x.rewards)
	}
	for _, x := range f.moves {
		fmt.Fprint(&b, "move ", x.measure, x.from, x.p, x.value)
	}
	return b.String()
}

// join gives strategies in which people begin and move alike one trace.
func (k *cohort) join() {
	var flows []*flow
	alike := map[string]*flow{}
	for _, f := range k.flows {
		key := fmt.Sprint(f.initial, f.arcs)
		g := alike[key]
		if g == nil || slices.Contains(g.who, f.who[0]) { // a strategy's own ways are counted each
			alike[key] = f
			flows = append(flows, f)
			continue
		}
		g.who = append(g.who, f.who...)
		for _, x := range f.fixed {
			x.weights = g.sequence(f.weights[x.weights])
			g.fixed = append(g.fixed, x)
		}
		g.moving, g.moves = append(g.moving, f.moving...), append(g.moves, f.moves...)
	}
	k.flows = flows
}

// newCohort reads what is the same in all strategies.
func (c *compiler) newCohort(p *Part) *cohort {
	field := "parts." + p.Name
	k := &cohort{part: p, cycle: c.cycle, shared: map[string]*flow{}}
	conv := c.conventions.over(Conventions{CycleLength: p.CycleLength, Cycles: p.Cycles})
	before := len(c.problems.Errors())
	k.n = int(c.number(conv.Cycles, field+".cycles", "cycles", 1, maxCycles))
	k.length = c.number(conv.CycleLength, field+".cycle_length", "cycle_length", 1e-6, 1000)
	k.per = 1
	switch {
	case conv.RewardsPer == "year":
		k.per = k.length
	case conv.RewardsPer != "cycle" && conv.RewardsPer != "" || conv.RewardsPer == "" && k.length != 1:
		c.problems.add(conv.At, "conventions.rewards_per", "cycle or year: is a state's reward for a cycle there, or for a year?", "where a cycle isn't a year, rewards_per has to be cycle or year")
	}
	seen := map[string]bool{}
	for i, s := range p.States {
		at := fmt.Sprintf("%s.states.%s", field, s.Name)
		if seen[s.Name] {
			c.problems.add(s.At, at, "", "the state %s is there twice", s.Name)
		}
		seen[s.Name] = true
		if s.Tunnel < 0 || s.Tunnel > maxStates || len(k.states) > maxStates {
			c.problems.add(s.At, at+".tunnel", "", "there can be up to %d states, with tunnels", maxStates)
			return nil
		}
		k.first = append(k.first, len(k.states))
		for range max(1, s.Tunnel) {
			k.states = append(k.states, p.States[i])
		}
	}
	if len(p.States) == 0 {
		c.problems.add(p.At, field+".states", "", "the cohort has no states")
	}
	for i := range p.Transitions {
		if _, ok := k.state(p.Transitions[i].From); !ok {
			c.noState(p.Transitions[i].From, p, p.Transitions[i].At, field+".transitions")
		}
	}
	if len(c.problems.Errors()) > before {
		return nil
	}
	return k
}

func (c *compiler) number(t Text, field, name string, least, most float64) float64 {
	if t.Source == "" {
		c.problems.add(c.conventions.At, field, "name it under conventions", "%s is missing", name)
		return least
	}
	v, err := formula.Value(t)
	if err != nil {
		c.problems.fault(err, t.At, field)
		return least
	}
	if v < least || v > most || name == "cycles" && v != float64(int(v)) {
		c.problems.add(t.At, field, "", "%s can't be %v", name, v)
		return least
	}
	return v
}

func (k *cohort) state(name string) (int, bool) {
	i := slices.IndexFunc(k.part.States, func(s State) bool { return s.Name == name })
	return i, i >= 0
}

func (c *compiler) noState(name string, p *Part, at Pos, field string) {
	c.problems.add(at, field, nearest(name, names(p.States, func(s State) string { return s.Name })), "there is no state %q", name)
}

func (k *cohort) clock(state, i int, counting bool) clock {
	t := clock{n: k.n, length: k.length, counting: counting}
	if k.part.States[state].Tunnel > 0 {
		t.stateTime = i + 1
	}
	return t
}

// copies is how many states stand for one of the part's.
func (k *cohort) copies(state int) int { return max(1, k.part.States[state].Tunnel) }

// initial compiles who begins where.
func (c *compiler) initial(k *cohort, sc *scope, share formula.Reg, enter []Setting) []formula.Reg {
	field := "parts." + k.part.Name + ".initial"
	regs := make([]formula.Reg, len(k.states))
	for i := range regs {
		regs[i] = c.b.Const(0)
	}
	if len(enter) == 0 {
		enter = k.part.Initial
	}
	if len(enter) == 0 {
		c.problems.add(k.part.At, field, "as initial: {"+k.part.States[0].Name+": 1}", "nobody says where people begin")
	}
	for _, e := range enter {
		state, ok := k.state(e.Name)
		if !ok {
			c.noState(e.Name, k.part, e.At, field)
			continue
		}
		r := c.formula(e.Value, sc, field+"."+e.Name)
		if v, known := c.b.Constant(r); known && v < 0 {
			c.problems.add(e.Value.At, field+"."+e.Name, "", "%v people can't begin in %s", v, e.Name)
		}
		regs[k.first[state]] = c.b.Mul(share, r)
	}
	return regs
}

// transitions compiles the matrix, as ways into each state.
func (c *compiler) transitions(k *cohort, sc *scope) [][]arc {
	arcs := make([][]arc, len(k.states))
	field := "parts." + k.part.Name + ".transitions"
	for state, s := range k.part.States {
		row := slices.IndexFunc(k.part.Transitions, func(r Row) bool { return r.From == s.Name })
		if row < 0 {
			if !s.Dead {
				c.problems.add(s.At, field+"."+s.Name, "write "+s.Name+": {"+s.Name+": rest} if nobody leaves it", "nothing says where people go from %s", s.Name)
				continue
			}
			arcs[k.first[state]] = append(arcs[k.first[state]], arc{k.first[state], c.b.Const(1)})
			continue
		}
		moves := k.part.Transitions[row].To
		texts, tos := make([]Text, len(moves)), make([]string, len(moves))
		for i, m := range moves {
			texts[i], tos[i] = m.P, m.To
		}
		for i := range k.copies(state) {
			regs := c.probabilities(texts, tos, sc.at(k.clock(state, i, false)), field+"."+s.Name, s.Name, &k.checks)
			for j, r := range regs {
				c.arc(k, arcs, state, i, moves[j], r, field)
			}
		}
	}
	return arcs
}

// arc leads from the i-th copy of a state. Who stays goes on to the next copy; who comes begins with the first.
func (c *compiler) arc(k *cohort, arcs [][]arc, state, i int, m Move, p formula.Reg, field string) {
	to, ok := k.state(m.To)
	if !ok {
		c.noState(m.To, k.part, m.At, field)
		return
	}
	if v, known := c.b.Constant(p); known && v == 0 {
		return
	}
	at := k.first[to]
	if to == state {
		at += min(i+1, k.copies(to)-1)
	}
	arcs[at] = append(arcs[at], arc{k.first[state] + i, p})
}

// rewards compiles what states give, for each measure.
func (c *compiler) rewards(k *cohort, f *flow, sc *scope, index int) {
	field := "parts." + k.part.Name + ".rewards"
	for _, r := range k.part.Rewards {
		o, ok := c.outcome(r.Outcome, r.At, field)
		if !ok {
			continue
		}
		regs := k.empty()
		for _, a := range r.Of {
			state, ok := k.state(a.State)
			if !ok {
				c.noState(a.State, k.part, a.At, field+"."+r.Outcome)
				continue
			}
			for i := range k.copies(state) {
				v := c.formula(a.Value, sc.at(k.clock(state, i, true)), field+"."+r.Outcome+"."+a.State)
				regs[k.first[state]+i] = c.b.Mul(v, c.b.Const(k.per))
			}
		}
		c.count(k, f, index, o, regs)
		if whole := c.partOf(o); whole >= 0 {
			c.count(k, f, index, whole, regs)
		}
	}
	if o := len(c.outcomes) - 1; c.outcomes[o].Name == lifeYears {
		regs := k.empty()
		for i, s := range k.states {
			if !s.Dead {
				regs[i] = c.b.Const(k.length)
			}
		}
		c.count(k, f, index, o, regs)
	}
}

func (k *cohort) empty() []formula.Reg {
	return slices.Repeat([]formula.Reg{none}, len(k.states))
}

func (c *compiler) partOf(outcome int) int {
	name := c.outcomes[outcome].PartOf
	return slices.IndexFunc(c.outcomes, func(o Outcome) bool { return o.Name == name })
}

// count adds rewards to each measure of an outcome.
func (c *compiler) count(k *cohort, f *flow, index, outcome int, regs []formula.Reg) {
	always, changing := k.empty(), k.empty()
	some, change := false, false
	for i, r := range regs {
		if r == none {
			continue
		}
		if v, known := c.b.Constant(r); known && v == 0 {
			continue
		}
		if c.b.Class(r)&formula.Cycle != 0 || !c.probabilistic { // a base case tells what comes in each cycle
			changing[i], change = r, true
		} else {
			always[i], some = r, true
		}
	}
	for m, measure := range c.measures {
		if measure.outcome != outcome {
			continue
		}
		at, before := c.weigh(k, measure)
		if change {
			f.moving = append(f.moving, moving{index, m, at, before, changing})
		}
		if some {
			sum := slices.Clone(at)
			for i := range k.n {
				sum[i] += before[i+1]
			}
			f.fixed = append(f.fixed, fixed{index, m, f.sequence(sum), always})
		}
	}
}

func (c *compiler) weigh(k *cohort, m measure) (at, before []float64) {
	w := c.weighings[m.outcome]
	if !m.discounted {
		w.rates = nil
	}
	at, before = w.weights(k.n, k.length)
	m.window(w, at, before, k.length)
	return at, before
}

// sequence keeps each distinct sequence of weights once.
func (f *flow) sequence(w []float64) int {
	for i := range f.weights {
		if slices.Equal(f.weights[i], w) {
			return i
		}
	}
	f.weights = append(f.weights, w)
	return len(f.weights) - 1
}

// moveRewards compiles what moves give. A move of cycle m is discounted as what is counted at its end, and counts whole.
func (c *compiler) moveRewards(k *cohort, f *flow, sc *scope, index int) {
	field := "parts." + k.part.Name + ".transition_rewards"
	for _, set := range k.part.OnMove {
		o, ok := c.outcome(set.Outcome, set.At, field)
		if !ok {
			continue
		}
		for _, row := range set.Rows {
			from, ok := k.state(row.From)
			if !ok {
				c.noState(row.From, k.part, row.At, field+"."+set.Outcome)
				continue
			}
			for _, g := range row.To {
				c.moveReward(k, f, sc, index, o, from, g, field+"."+set.Outcome+"."+row.From)
			}
		}
	}
}

func (c *compiler) moveReward(k *cohort, f *flow, sc *scope, index, outcome, from int, g MoveGive, field string) {
	to, ok := k.state(g.To)
	if !ok {
		c.noState(g.To, k.part, g.At, field)
		return
	}
	found := false
	for i := range k.copies(from) {
		value := c.formula(g.Value, sc.at(k.clock(from, i, true)), field+"."+g.To)
		for j := range k.copies(to) {
			for _, a := range f.arcs[k.first[to]+j] {
				if a.from != k.first[from]+i {
					continue
				}
				found = true
				c.countMove(k, f, index, outcome, a, value)
				if whole := c.partOf(outcome); whole >= 0 {
					c.countMove(k, f, index, whole, a, value)
				}
			}
		}
	}
	if !found {
		c.problems.warn(g.At, field, "", "nobody moves from %s to %s, so nothing is given for it", k.part.States[from].Name, g.To)
	}
}

func (c *compiler) countMove(k *cohort, f *flow, index, outcome int, a arc, value formula.Reg) {
	for m, measure := range c.measures {
		if measure.outcome != outcome {
			continue
		}
		w := c.weighings[outcome]
		if !measure.discounted {
			w.rates = nil
		}
		weights := make([]float64, k.n+1)
		for i := 1; i <= k.n; i++ {
			weights[i] = w.factor(float64(i) * k.length)
		}
		measure.moment(weights, k.length)
		f.moves = append(f.moves, move{index, m, weights, a.from, a.p, value})
	}
}

// gifts are the values that states give, moving those of how people move.
func (k *cohort) gifts() (regs []formula.Reg) {
	for _, f := range k.flows {
		for _, x := range f.fixed {
			regs = some(regs, x.rewards...)
		}
		for _, x := range f.moving {
			regs = some(regs, x.rewards...)
		}
	}
	return regs
}

func (k *cohort) moving() (regs []formula.Reg) {
	for _, f := range k.flows {
		regs = some(regs, f.initial...)
		for _, arcs := range f.arcs {
			for _, a := range arcs {
				regs = append(regs, a.p)
			}
		}
		for _, x := range f.moves {
			regs = append(regs, x.p, x.value)
		}
	}
	for _, x := range k.checks {
		regs = append(regs, x.reg)
	}
	return regs
}

func some(regs []formula.Reg, more ...formula.Reg) []formula.Reg {
	for _, r := range more {
		if r != none {
			regs = append(regs, r)
		}
	}
	return regs
}

func (k *cohort) needs() []formula.Reg { return append(k.gifts(), k.moving()...) }

func (k *cohort) ready(p *formula.Program) {
	k.counting = p.Stage(k.gifts(), formula.Draw, formula.Cycle)
	k.stage = p.Stage(k.needs(), formula.Draw, formula.Cycle)
}
