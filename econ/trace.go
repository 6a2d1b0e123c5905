package econ

import (
	"github.com/samverk/samverk/econ/formula"
)

// march is a cohort at work: its traces over a block of lanes.
type march struct {
	k     *cohort
	lanes int
	flows []*marching
}

// marching is a flow at work. Everything is as wide as the block: what is the same in all lanes is spread out first, so
// that the loops below have one shape.
type marching struct {
	*flow
	now, next [][]float64   // by state
	sums      [][][]float64 // by sequence of weights and state: who was where, weighted
	wanted    [][]bool      // which of them some reward asks for
	p         [][]ways      // by the state they lead to
	spread    map[formula.Reg][]float64
	every     []formula.Reg // what has to be spread anew in every cycle
}

// ways are up to four ways into a state, summed in one loop.
type ways struct {
	from [4]int
	p    [4][]float64
	n    int
}

func (k *cohort) runner(c *Compiled, lanes int) runner {
	m := &march{k: k, lanes: lanes}
	for _, f := range k.flows {
		m.flows = append(m.flows, newMarching(k, f, c.program, lanes))
	}
	return m
}

func rows(n, lanes int) [][]float64 {
	all, out := make([]float64, n*lanes), make([][]float64, n)
	for i := range out {
		out[i] = all[i*lanes : (i+1)*lanes : (i+1)*lanes]
	}
	return out
}

func newMarching(k *cohort, f *flow, p *formula.Program, lanes int) *marching {
	n := len(k.states)
	m := &marching{flow: f, now: rows(n, lanes), next: rows(n, lanes), spread: map[formula.Reg][]float64{}}
	for w := range f.weights {
		wanted := make([]bool, n)
		for _, x := range f.fixed {
			for s, r := range x.rewards {
				wanted[s] = wanted[s] || x.weights == w && r != none
			}
		}
		m.sums, m.wanted = append(m.sums, rows(n, lanes)), append(m.wanted, wanted)
	}
	return m
}

// wide gives a register as wide as the block.
func (m *marching) wide(b *block, r formula.Reg, lanes int) []float64 {
	v := b.frame.Lane(r)
	if len(v) == lanes {
		return v
	}
	w := m.spread[r]
	if w == nil {
		w = make([]float64, cap(m.now[0]))
		m.spread[r] = w
		if b.c.program.Class(r)&formula.Cycle != 0 {
			m.every = append(m.every, r)
		}
	}
	w = w[:lanes]
	fill(w, v[0])
	return w
}

func fill(w []float64, v float64) {
	for i := range w {
		w[i] = v
	}
}

func (m *march) run(b *block) error {
	n := b.frame.Lanes()
	for _, f := range m.flows {
		f.begin(b, n)
	}
	if b.watch != nil {
		b.watch.start(b)
	}
	for k := 0; k <= m.k.n; k++ {
		b.frame.Set(m.k.cycle, float64(k))
		b.frame.Run(m.k.stage)
		if k > 0 {
			if err := b.check(m.k.checks, k); err != nil {
				return err
			}
		}
		for _, f := range m.flows {
			if k > 0 {
				f.step(b, n)
			}
			f.count(b, k, n)
		}
		if b.watch != nil {
			m.watched(b, k)
		}
	}
	for _, f := range m.flows {
		f.total(b, n)
	}
	return nil
}

// origin goes through the cycles again.
func (m *march) origin(b *block, lane int) (at Pos, found bool) {
	for k := 0; k <= m.k.n && !found; k++ {
		b.frame.Set(m.k.cycle, float64(k))
		b.frame.Run(m.k.stage)
		stage := m.k.stage
		if k == 0 {
			stage = m.k.counting // nobody moves yet
		}
		at, found = b.frame.Origin(stage, lane)
	}
	return at, found
}

// watched writes down who is where, and what they got.
func (m *march) watched(b *block, k int) {
	seen := map[int]*Trace{}
	states := names(m.k.part.States, func(s State) string { return s.Name })
	for _, f := range m.flows {
		for _, s := range f.who {
			t := b.watch.trace(b, m.k.part.Name, states, s)
			b.watch.occupancy(t, k, m.k.gathered(f.now))
			seen[s] = t
		}
	}
	for s := range b.c.strategies {
		if seen[s] != nil {
			b.watch.counted(b, seen[s], s)
		}
	}
}

// gathered sums tunnel states into the part's own, in the first lane.
func (k *cohort) gathered(now [][]float64) []float64 {
	who := make([]float64, len(k.part.States))
	for s, first := range k.first {
		for i := range k.copies(s) {
			who[s] += now[first+i][0]
		}
	}
	return who
}

func (m *marching) begin(b *block, lanes int) {
	for s, r := range m.initial {
		m.now[s], m.next[s] = m.now[s][:lanes], m.next[s][:lanes]
		copy(m.now[s], m.wide(b, r, lanes))
	}
	for w := range m.sums {
		for s := range m.sums[w] {
			m.sums[w][s] = m.sums[w][s][:lanes]
			clear(m.sums[w][s])
		}
	}
	m.p = m.p[:0]
	for _, arcs := range m.arcs {
		var into []ways
		for i, a := range arcs {
			if i%4 == 0 {
				into = append(into, ways{})
			}
			w := &into[len(into)-1]
			w.from[w.n], w.p[w.n] = a.from, m.wide(b, a.p, lanes)
			w.n++
		}
		m.p = append(m.p, into)
	}
}

// step takes the cohort through a cycle.
func (m *marching) step(b *block, lanes int) {
	for _, r := range m.every {
		fill(m.spread[r][:lanes], b.frame.Lane(r)[0])
	}
	for s, into := range m.p {
		if len(into) == 0 {
			clear(m.next[s])
		}
		for i := range into {
			into[i].flow(m.next[s], m.now, i > 0)
		}
	}
	m.now, m.next = m.next, m.now
}

// flow sums up to four ways into dst.
func (w *ways) flow(dst []float64, now [][]float64, more bool) {
	n := len(dst)
	a, p := now[w.from[0]][:n], w.p[0][:n]
	if w.n == 1 || more {
		if !more {
			clear(dst)
		}
		for j := range w.n {
			a, p := now[w.from[j]][:n], w.p[j][:n]
			for i := range dst {
				dst[i] += a[i] * p[i]
			}
		}
		return
	}
	b, q := now[w.from[1]][:n], w.p[1][:n]
	if w.n == 2 {
		for i := range dst {
			dst[i] = a[i]*p[i] + b[i]*q[i]
		}
		return
	}
	c, r := now[w.from[2]][:n], w.p[2][:n]
	if w.n == 3 {
		for i := range dst {
			dst[i] = a[i]*p[i] + b[i]*q[i] + c[i]*r[i]
		}
		return
	}
	d, s := now[w.from[3]][:n], w.p[3][:n]
	for i := range dst {
		dst[i] = a[i]*p[i] + b[i]*q[i] + c[i]*r[i] + d[i]*s[i]
	}
}

// count adds what is given at k. now is trace[k], next trace[k-1].
func (m *marching) count(b *block, k, lanes int) {
	for w, weights := range m.weights {
		weight := weights[k]
		if weight == 0 {
			continue
		}
		for s, wanted := range m.wanted[w] {
			if wanted {
				accumulate(m.sums[w][s], m.now[s], weight)
			}
		}
	}
	for i := range m.moving {
		x := &m.moving[i]
		out := b.out[x.strategy][x.measure][:lanes]
		for s, r := range x.rewards {
			if r == none {
				continue
			}
			v := b.frame.Lane(r)
			if x.at[k] != 0 {
				reward(out, m.now[s], v, x.at[k])
			}
			if k > 0 && x.before[k] != 0 {
				reward(out, m.next[s], v, x.before[k])
			}
		}
	}
	for i := range m.moves {
		x := &m.moves[i]
		if k == 0 {
			break
		}
		out, from := b.out[x.strategy][x.measure][:lanes], m.next[x.from]
		p, v := b.frame.Lane(x.p), b.frame.Lane(x.value)
		for i := range out {
			out[i] += x.weights[k] * from[i] * p[i%len(p)] * v[i%len(v)]
		}
	}
}

func accumulate(sum, now []float64, weight float64) {
	now = now[:len(sum)]
	for i := range sum {
		sum[i] += weight * now[i]
	}
}

func reward(out, who, value []float64, weight float64) {
	who = who[:len(out)]
	if len(value) != len(out) {
		weight *= value[0]
		for i := range out {
			out[i] += weight * who[i]
		}
		return
	}
	value = value[:len(out)]
	for i := range out {
		out[i] += weight * who[i] * value[i]
	}
}

// total multiplies the weighted sums with the rewards that are the same in all cycles.
func (m *marching) total(b *block, lanes int) {
	for _, x := range m.fixed {
		out := b.out[x.strategy][x.measure][:lanes]
		for s, r := range x.rewards {
			if r != none {
				reward(out, m.sums[x.weights][s], b.frame.Lane(r), 1)
			}
		}
	}
}
