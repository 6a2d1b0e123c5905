package econ

import (
	"math"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/samverk/samverk/econ/draw"
	"github.com/samverk/samverk/econ/formula"
)

// abreast is how many people are followed side by side.
const abreast = 256

// groups is into how many parts the people are split. Each is added up by itself, and their sums in order: so the number
// of workers leaves no trace.
const groups = 16

// crowding is a crowd at work.
type crowding struct {
	w       *crowd
	c       *Compiled
	timed   *timed // where people have events, and not cycles
	walkers []*walker
}

func (w *crowd) runner(c *Compiled, _ int) runner { return &crowding{w: w, c: c} }

// gathering is what a group of people came to, by life.
type gathering struct {
	sums    [][]moments
	counts  [][]int64     // by cycle and state, behind each other
	amounts [][][]float64 // by tally and cycle
}

// moments of a tally. cross is with the effect, where the tally is a cost.
type moments struct{ sum, squares, cross float64 }

func (r *crowding) run(b *block) error {
	if b.watch != nil {
		b.watch.start(b)
	}
	for lane := range b.frame.Lanes() {
		if err := r.lane(b, lane); err != nil {
			return err
		}
	}
	return nil
}

// origin can't tell: a person's values are gone when the next is followed.
func (r *crowding) origin(*block, int) (Pos, bool) { return Pos{}, false }

// lane follows the people of one draw.
func (r *crowding) lane(b *block, lane int) error {
	people := r.w.people
	if b.first >= 0 && !b.points {
		people = r.w.perDraw
	}
	chunks := (people + abreast - 1) / abreast
	n := min(groups, chunks)
	results, errs := make([]*gathering, n), make([]error, n)
	workers := 1
	if b.first < 0 {
		workers = min(n, runtime.GOMAXPROCS(0))
	}
	for len(r.walkers) < workers {
		r.walkers = append(r.walkers, newWalker(r.c, r.w, r.timed))
	}
	for _, x := range r.walkers[:workers] {
		x.people = people
		if err := x.begin(b, lane); err != nil {
			return err
		}
	}
	var next atomic.Int64
	var wait sync.WaitGroup
	for _, x := range r.walkers[:workers] {
		wait.Go(func() {
			for g := int(next.Add(1)) - 1; g < n; g = int(next.Add(1)) - 1 {
				results[g], errs[g] = x.group(b, g*chunks/n, (g+1)*chunks/n)
			}
		})
	}
	wait.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	r.add(b, lane, people, results)
	return nil
}

// add adds the groups, in order, and gives the strategies their means.
func (r *crowding) add(b *block, lane, people int, results []*gathering) {
	for i, l := range r.w.lives {
		share := b.frame.At(l.share, lane)
		weight := 0.0
		for _, reg := range l.initial {
			weight += b.frame.At(reg, lane)
		}
		total := make([]moments, len(l.tallies))
		for _, g := range results {
			for t, m := range g.sums[i] {
				total[t].sum += m.sum
				total[t].squares += m.squares
				total[t].cross += m.cross
			}
		}
		scale := share * weight / float64(people)
		for t, m := range total {
			b.out[l.tallies[t].strategy][l.tallies[t].measure][lane] += scale * m.sum
		}
		if b.watch != nil {
			r.watched(b, i, scale, results)
			b.watch.spread(b, r.w.part.Name, people, share*weight, l.tallies, total)
		}
	}
}

func (r *crowding) watched(b *block, life int, scale float64, results []*gathering) {
	w, l := r.w, r.w.lives[life]
	states := names(w.part.States, func(s State) string { return s.Name })
	n := len(states)
	for _, s := range l.who {
		t := b.watch.trace(b, w.part.Name, states, s)
		for k := range w.n + 1 {
			who := make([]float64, n)
			for _, g := range results {
				for i := range who {
					who[i] += scale * float64(g.counts[life][k*n+i])
				}
			}
			b.watch.occupancy(t, k, who)
		}
		for o := range b.c.outcomes {
			a := &t.Amounts[o]
			for len(a.Value) <= w.n {
				a.Value, a.Undiscounted = append(a.Value, 0), append(a.Undiscounted, 0)
			}
		}
		for x, y := range l.tallies {
			measure := b.c.measures[y.measure]
			if y.strategy != s || measure.year > 0 {
				continue
			}
			to := t.Amounts[measure.outcome].Undiscounted
			if measure.discounted {
				to = t.Amounts[measure.outcome].Value
			}
			for k := range w.n + 1 {
				for _, g := range results {
					to[k] += scale * g.amounts[life][x][k]
				}
			}
		}
	}
}

// walker follows a few hundred people at a time.
type walker struct {
	c         *Compiled
	w         *crowd
	frame     *formula.Frame
	path      [2]uint64 // to the draw's streams
	number    int       // its lane
	people    int       // how many are followed
	stream    draw.Stream
	state     []int32
	prev      []int32
	since     []float64 // cycles in the state, this one included
	u         []float64
	later     [][]float64 // histories as they will be
	totals    [][]float64
	variables [][]*draw.Variable // by life and attribute
	streams   [][]draw.Stream
	lives     []*walking
	timer     *timer // where people have events
}

// walking is what a walker keeps of a life.
type walking struct {
	plain    bool      // nothing about moving differs between people
	limits   []float64 // by state and move: cumulative probabilities
	to       []int32   // by state and move
	wide     int       // moves of the longest row
	begin    []float64 // cumulative shares
	tables   [][]float64
	constant []bool // by give: the same for all people
}

func newWalker(c *Compiled, w *crowd, timed *timed) *walker {
	x := &walker{c: c, w: w, frame: c.program.NewFrame(abreast, formula.Individual)}
	x.state, x.prev = make([]int32, abreast), make([]int32, abreast)
	x.since, x.u = make([]float64, abreast), make([]float64, abreast)
	tallies := 0
	for _, l := range w.lives {
		tallies = max(tallies, len(l.tallies))
		x.lives = append(x.lives, newWalking(c.program, w, l))
		x.variables = append(x.variables, make([]*draw.Variable, len(l.attributes)))
		x.streams = append(x.streams, make([]draw.Stream, len(l.attributes)))
	}
	if timed != nil {
		x.timer = newTimer(timed)
	}
	x.totals, x.later = rows(tallies, abreast), rows(len(w.part.History), abreast)
	return x
}

func newWalking(p *formula.Program, w *crowd, l *life) *walking {
	y := &walking{plain: true}
	differs := func(r formula.Reg) bool { return r != none && p.Class(r)&formula.Individual != 0 }
	for _, row := range l.rows {
		y.wide = max(y.wide, len(row))
		for _, a := range row {
			y.plain = y.plain && !differs(a.p)
		}
	}
	y.limits, y.to = make([]float64, y.wide*len(l.rows)), make([]int32, y.wide*len(l.rows))
	for s, row := range l.rows {
		for j := range y.wide {
			y.to[s*y.wide+j] = int32(row[min(j, len(row)-1)].from)
		}
	}
	for _, g := range l.gives {
		same := true
		for _, r := range g.rewards {
			same = same && !differs(r)
		}
		y.constant = append(y.constant, same)
		y.tables = append(y.tables, make([]float64, len(w.states)))
	}
	return y
}

// begin gives the walker the values of a draw.
func (x *walker) begin(b *block, lane int) error {
	x.frame.Resize(abreast)
	for _, p := range x.c.params {
		if p.vary {
			x.frame.Set(p.reg, b.frame.At(p.reg, lane))
		}
	}
	path := [2]uint64{b.seed, 0}
	if b.first >= 0 && !b.points {
		path[1] = uint64(b.first+lane) + 1
	}
	x.stream = x.w.stream.Split(path[:]...)
	x.path, x.number = path, lane
	for i, l := range x.w.lives {
		x.frame.Run(x.w.draws[i])
		for j := range l.attributes {
			if err := x.variable(b, lane, l, i, j); err != nil {
				return err
			}
			x.streams[i][j] = l.attributes[j].stream.Split(path[:]...)
		}
	}
	return nil
}

func (x *walker) variable(b *block, lane int, l *life, i, j int) error {
	a := &l.attributes[j]
	if a.family == "table" || a.family == "bernoulli" {
		return nil
	}
	d := draw.Distribution{Family: a.family, Args: map[string]float64{}}
	for k, name := range a.names {
		d.Args[name] = x.frame.At(a.args[k], 0)
	}
	v, err := d.Compile()
	if err != nil {
		return Problems{{File: a.at.File, Line: a.at.Line, Column: a.at.Column, Field: a.field, Says: err.Error() + b.when(lane, 0)}}
	}
	x.variables[i][j] = v
	return nil
}

// group follows the people of some chunks through all lives.
func (x *walker) group(b *block, from, to int) (*gathering, error) {
	g := &gathering{}
	for _, l := range x.w.lives {
		g.sums = append(g.sums, make([]moments, len(l.tallies)))
		g.counts = append(g.counts, make([]int64, (x.w.n+1)*len(x.w.states)))
		amounts := [][]float64(nil)
		if b.watch != nil {
			amounts = rows(len(l.tallies), x.w.n+1)
		}
		g.amounts = append(g.amounts, amounts)
	}
	if x.timer != nil {
		x.timer.begin(x, b)
	}
	for chunk := from; chunk < to; chunk++ {
		first := chunk * abreast
		n := min(abreast, x.people-first)
		if n != x.frame.Lanes() {
			x.frame.Resize(n)
		}
		for i := range x.w.lives {
			if x.timer != nil {
				if err := x.timer.live(x, b, i, first, n, g); err != nil {
					return nil, err
				}
				continue
			}
			if err := x.live(b, i, first, n, g); err != nil {
				return nil, err
			}
		}
	}
	if x.timer != nil {
		x.timer.end(x, g)
	}
	return g, nil
}

// live follows n people through a life, from number first on.
func (x *walker) live(b *block, life, first, n int, g *gathering) error {
	l, y := x.w.lives[life], x.lives[life]
	x.born(life, first, n)
	for t := range l.tallies {
		clear(x.totals[t][:n])
	}
	for k := 0; k <= x.w.n; k++ {
		x.frame.Set(x.w.cycle, float64(k))
		if k > 0 {
			x.frame.Run(l.moving)
			x.stream.Split(uint64(k)).FillUniform(x.u[:n], uint64(first))
			if err := x.move(b, l, y, k, n); err != nil {
				return err
			}
			x.place(n)
			x.remember(l, n)
		}
		x.frame.Run(l.counting)
		x.count(l, y, k, n, g.amounts[life])
		counts := g.counts[life][k*len(x.w.states):]
		for _, s := range x.state[:n] {
			counts[s]++
		}
	}
	for t, of := range l.tallies {
		x.sum(&g.sums[life][t], l, of, t, n)
	}
	return nil
}

// born draws who they are and where they begin.
func (x *walker) born(life, first, n int) {
	l, y := x.w.lives[life], x.lives[life]
	for j := range l.attributes {
		a := &l.attributes[j]
		to := x.frame.Lane(a.to)[:n]
		x.streams[life][j].FillUniform(to, uint64(first))
		switch a.family {
		case "table":
			for i, u := range to {
				to[i] = a.values[min(len(a.values)-1, int(u*float64(len(a.values))))]
			}
		case "bernoulli":
			p := x.frame.At(a.args[0], 0)
			for i, u := range to {
				to[i] = 0
				if u < p {
					to[i] = 1
				}
			}
		default:
			for i, u := range to {
				to[i] = x.variables[life][j].Quantile(u)
			}
		}
	}
	x.frame.Run(l.person)
	y.begin = y.begin[:0]
	sum := 0.0
	for _, r := range l.initial {
		sum += x.frame.At(r, 0)
		y.begin = append(y.begin, sum)
	}
	x.stream.Split(0).FillUniform(x.u[:n], uint64(first))
	for i := range n {
		s := 0
		for s < len(y.begin)-1 && x.u[i]*sum >= y.begin[s] {
			s++
		}
		x.state[i], x.prev[i], x.since[i] = int32(s), int32(s), 0
	}
	x.place(n)
	for _, m := range l.memory {
		to := x.frame.Lane(m.to)
		for i := range n {
			to[i] = x.frame.At(m.start, i)
		}
	}
}

// place tells formulas where people are.
func (x *walker) place(n int) {
	if x.w.time.used {
		for i := range n {
			if x.state[i] != x.prev[i] {
				x.since[i] = 1
			} else {
				x.since[i]++
			}
		}
		copy(x.frame.Lane(x.w.time.reg)[:n], x.since)
	}
	if x.w.entered.used {
		to := x.frame.Lane(x.w.entered.reg)[:n]
		for i := range to {
			to[i] = 0
			if x.state[i] != x.prev[i] {
				to[i] = 1
			}
		}
	}
	for s, in := range x.w.in {
		if !in.used {
			continue
		}
		to := x.frame.Lane(in.reg)[:n]
		for i := range to {
			to[i] = 0
			if int(x.state[i]) == s {
				to[i] = 1
			}
		}
	}
}

// remember reckons histories anew, all from what they were: a formula that is one of the histories themselves is read
// before any is written.
func (x *walker) remember(l *life, n int) {
	x.frame.Run(l.remembers)
	for j, m := range l.memory {
		copyLane(x.later[j][:n], x.frame.Lane(m.then))
	}
	for j, m := range l.memory {
		copy(x.frame.Lane(m.to)[:n], x.later[j])
	}
}

func copyLane(to, from []float64) {
	if len(from) == 1 {
		fill(to, from[0])
		return
	}
	copy(to, from)
}

// move takes people through a cycle.
func (x *walker) move(b *block, l *life, y *walking, k, n int) error {
	x.state, x.prev = x.prev, x.state
	if !y.plain {
		return x.moveEach(b, l, y, k, n)
	}
	for s, row := range l.rows {
		sum := 0.0
		for j := range y.wide {
			if j < len(row) {
				sum += x.frame.Lane(row[j].p)[0]
			}
			y.limits[s*y.wide+j] = sum
		}
		if bad := x.refused(l, s, 0); bad != nil {
			return Problems{bad.problem(x.frame.At(bad.reg, 0), b.when(x.number, k))}
		}
		y.limits[s*y.wide+len(row)-1] = 2 // whatever is left to rounding
	}
	wide := y.wide
	prev, u, state := x.prev[:n], x.u[:n], x.state[:n]
	for i, s := range prev {
		at := int(s) * wide
		limits := y.limits[at : at+wide]
		j := 0
		for j < len(limits)-1 && u[i] >= limits[j] {
			j++
		}
		state[i] = y.to[at+j]
	}
	return nil
}

// refused is the first check of a state that doesn't hold for a person.
func (x *walker) refused(l *life, state, i int) *check {
	for j := range l.checks[state] {
		if k := &l.checks[state][j]; !k.holds(x.frame.At(k.reg, i)) {
			return k
		}
	}
	return nil
}

// moveEach is move where probabilities differ between people.
func (x *walker) moveEach(b *block, l *life, y *walking, k, n int) error {
	for i, s := range x.prev[:n] {
		row := l.rows[s]
		sum, u, to := 0.0, x.u[i], -1
		for j := range row {
			p := x.frame.Lane(row[j].p)
			v := p[0]
			if len(p) > 1 {
				v = p[i]
			}
			if sum += v; to < 0 && u < sum {
				to = j
			}
			if !(v >= -tolerance) {
				sum = math.NaN()
			}
		}
		if !(math.Abs(sum-1) <= 2*tolerance) || y.wide == 0 {
			if bad := x.refused(l, int(s), i); bad != nil {
				return Problems{bad.problem(x.frame.At(bad.reg, i), b.when(x.number, k))}
			}
		}
		if to < 0 {
			to = len(row) - 1
		}
		x.state[i] = int32(row[to].from)
	}
	return nil
}

// count adds what people get at k.
func (x *walker) count(l *life, y *walking, k, n int, amounts [][]float64) {
	for i := range l.gives {
		g := &l.gives[i]
		for _, side := range [...]struct {
			weight float64
			where  []int32
		}{{g.at[k], x.state[:n]}, {g.before[k], x.prev[:n]}} {
			if side.weight == 0 {
				continue
			}
			var got float64
			if y.constant[i] {
				got = x.constant(g, y.tables[i], side.weight, side.where, amounts != nil)
			} else {
				got = x.varying(g, side.weight, side.where)
			}
			if amounts != nil {
				amounts[g.tally][k] += got
			}
		}
	}
	if k == 0 {
		return
	}
	for i := range l.moves {
		g := &l.moves[i]
		for j := range n {
			if r := g.values[x.prev[j]][x.state[j]]; r != none {
				v := g.weights[k] * x.frame.At(r, j)
				x.totals[g.tally][j] += v
				if amounts != nil {
					amounts[g.tally][k] += v
				}
			}
		}
	}
}

// constant adds what is the same for all who are in a state.
func (x *walker) constant(g *give, table []float64, weight float64, where []int32, watched bool) (got float64) {
	for s, r := range g.rewards {
		table[s] = 0
		if r != none {
			table[s] = weight * x.frame.Lane(r)[0]
		}
	}
	total := x.totals[g.tally][:len(where)]
	if !watched {
		for i, s := range where {
			total[i] += table[s]
		}
		return 0
	}
	for i, s := range where {
		total[i] += table[s]
		got += table[s]
	}
	return got
}

func (x *walker) varying(g *give, weight float64, where []int32) (got float64) {
	total := x.totals[g.tally]
	for i, s := range where {
		r := g.rewards[s]
		if r == none {
			continue
		}
		v := x.frame.Lane(r)
		w := weight * v[0]
		if len(v) > 1 {
			w = weight * v[i]
		}
		total[i] += w
		got += w
	}
	return got
}

// sum adds the people's totals, their squares, and costs times effects.
func (x *walker) sum(m *moments, l *life, of tally, t, n int) {
	var effect []float64
	if of.measure == 0 {
		for j, other := range l.tallies {
			if other.strategy == of.strategy && other.measure == 2 {
				effect = x.totals[j][:n]
			}
		}
	}
	for i, v := range x.totals[t][:n] {
		m.sum += v
		m.squares += v * v
		if effect != nil {
			m.cross += v * effect[i]
		}
	}
}
