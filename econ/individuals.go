package econ

import (
	"fmt"
	"maps"
	"slices"

	"github.com/samverk/samverk/econ/draw"
	"github.com/samverk/samverk/econ/formula"
)

// Attribute is something that differs between people from the start.
type Attribute struct {
	Name      string    `econ:"name,key"`
	Formula   Text      `econ:"formula,value" doc:"A formula, of attributes before it too."`
	Family    string    `econ:"family" doc:"As a parameter's distribution; or bernoulli, with p."`
	Table     string    `econ:"table" doc:"A table with a row for each of a number of people. All attributes of a table come from the same row."`
	Column    string    `econ:"column" doc:"The table's column; the attribute's name, if not given."`
	Arguments []Setting `econ:",rest" doc:"The family's arguments by name."`
	At        Pos       `econ:"-"`
}

// History is something remembered of people, reckoned anew at the end of each cycle.
type History struct {
	Name  string `econ:"name,key"`
	Start Text   `econ:"start" doc:"The value at the start; 0, if not given."`
	Then  Text   `econ:"then,value,required" doc:"The value after each cycle. It may use the value before, in_STATE (1 in that state) and entered (1 if the state was entered now)."`
	At    Pos    `econ:"-"`
}

const (
	maxPeople     = 100_000_000
	defaultPeople = 100_000
	peoplePerDraw = 1_000
)

// crowd is a compiled part of people who are followed one by one. Its states and weights are a cohort's. Strategies in
// which people move alike are followed together.
type crowd struct {
	*cohort
	people  int
	perDraw int
	stream  draw.Stream
	who     map[string]*known
	in      []*known // by state: is the person there
	time    *known   // cycles since the state was entered, this one included
	entered *known
	lives   []*life
	draws   []formula.Stage // by life: what depends on the draw
}

// life is one distinct course of people's lives, with what it gives in the strategies that have it.
type life struct {
	key        string
	known      map[string]*known
	who        []int // strategies
	share      formula.Reg
	initial    []formula.Reg // by state
	rows       [][]arc       // by the state they lead from; from is where to
	checks     [][]check     // by state
	attributes []attribute
	memory     []memory
	tallies    []tally
	gives      []give
	moves      []gives
	person     formula.Stage // what depends on attributes alone
	moving     formula.Stage
	remembers  formula.Stage
	counting   formula.Stage
}

// attribute is one that is drawn. A formula needs no more than its register.
type attribute struct {
	to     formula.Reg
	stream draw.Stream
	family string
	names  []string
	args   []formula.Reg
	values []float64
	at     Pos
	field  string
}

type memory struct {
	to, start, then formula.Reg
}

// tally is what is added up for each person: a measure in a strategy.
type tally struct{ strategy, measure int }

// tally finds or makes one.
func (l *life) tally(strategy, measure int) int {
	t := tally{strategy, measure}
	if i := slices.Index(l.tallies, t); i >= 0 {
		return i
	}
	l.tallies = append(l.tallies, t)
	return len(l.tallies) - 1
}

// give is what states give of a measure in a strategy.
type give struct {
	tally      int
	at, before []float64
	rewards    []formula.Reg // by state
}

// gives is what moves give of a measure in a strategy, by from and to.
type gives struct {
	tally   int
	weights []float64
	values  [][]formula.Reg
}

// individuals compiles a part for a share of a strategy's people.
func (c *compiler) individuals(p *Part, index int, sc *scope, share formula.Reg, enter []Setting) {
	w, seen := c.crowds[p.Name]
	if !seen {
		w = c.newCrowd(p)
		c.crowds[p.Name] = w
		if w != nil {
			c.parts = append(c.parts, w)
		}
	}
	if w == nil {
		return
	}
	l := c.life(w, sc, share, enter)
	inner := sc.of(l.known)
	for s, st := range p.States {
		l.rows = append(l.rows, c.row(w, inner, l, s, st))
	}
	c.history(w, inner, l)
	l.key += fmt.Sprint(l.share, l.initial, l.rows, l.memory)
	if i := slices.IndexFunc(w.lives, func(x *life) bool { return x.key == l.key }); i >= 0 {
		l = w.lives[i]
	} else {
		w.lives = append(w.lives, l)
	}
	if !slices.Contains(l.who, index) {
		l.who = append(l.who, index)
	}
	c.gives(w, inner, l, index)
	c.gifts(w, inner, l, index)
}

// life begins a course of lives: who they are, and where they begin.
func (c *compiler) life(w *crowd, sc *scope, share formula.Reg, enter []Setting) *life {
	l := &life{share: share, known: maps.Clone(w.who)}
	l.initial = c.initial(w.cohort, sc, c.b.Const(1), enter)
	c.attributes(w, sc, l)
	return l
}

// newCrowd reads what is the same in all strategies.
func (c *compiler) newCrowd(p *Part) *crowd {
	field := "parts." + p.Name
	w := &crowd{people: p.People, who: map[string]*known{}}
	if w.people == 0 {
		w.people = defaultPeople
	}
	w.perDraw = p.PerDraw
	if w.perDraw == 0 {
		w.perDraw = min(w.people, peoplePerDraw)
	}
	if w.perDraw < 1 || w.perDraw > maxPeople {
		c.problems.add(p.At, field+".people_per_draw", "", "%d people can't be followed", w.perDraw)
	}
	if w.people < 1 || w.people > maxPeople {
		c.problems.add(p.At, field+".people", "", "%d people can't be followed", w.people)
	}
	w.stream = draw.NewStream(uint64(p.Seed)).Named(p.Name)
	before := len(c.problems.Errors())
	for _, s := range p.States {
		if s.Tunnel > 0 {
			c.problems.add(s.At, field+".states."+s.Name, "state_time is known of every individual", "individuals need no tunnels")
		}
	}
	if w.cohort = c.newCohort(p); w.cohort == nil || len(c.problems.Errors()) > before {
		return nil
	}
	input := func(name string, class formula.Class) *known {
		k := &known{reg: c.b.Input(name, class)}
		w.who[name] = k
		return k
	}
	w.time = input("state_time", formula.Individual|formula.Cycle)
	w.entered = input("entered", formula.Individual|formula.Cycle)
	for _, s := range p.States {
		w.in = append(w.in, input("in_"+s.Name, formula.Individual|formula.Cycle))
	}
	taken := func(name, what string, at Pos) bool {
		_, parameter := c.byName[name]
		_, derived := c.derived[name]
		if parameter || derived || w.who[name] != nil || reserved[name] != "" || !formula.ValidName(name) {
			c.problems.add(at, field+"."+what+"."+name, "choose another name", "%q is taken, or can't be a name in formulas", name)
			return true
		}
		return false
	}
	for _, a := range p.Attributes {
		if !taken(a.Name, "attributes", a.At) {
			input(a.Name, formula.Individual)
		}
	}
	for _, h := range p.History {
		if !taken(h.Name, "history", h.At) {
			input(h.Name, formula.Individual|formula.Cycle)
		}
	}
	return w
}

// attributes compiles who they are: drawn ones are inputs, formulas are themselves.
func (c *compiler) attributes(w *crowd, sc *scope, l *life) {
	before := map[string]*known{} // attributes are known from the first on
	for i := range w.part.Attributes {
		a := &w.part.Attributes[i]
		field := "parts." + w.part.Name + ".attributes." + a.Name
		x := attribute{to: w.who[a.Name].reg, family: a.Family, stream: w.stream.Named("attribute " + a.Name), at: a.At, field: field}
		inner := sc.of(before)
		switch {
		case a.Formula.Source != "":
			l.known[a.Name] = &known{reg: c.formula(a.Formula, inner, field)}
			before[a.Name] = l.known[a.Name]
			continue
		case a.Table != "":
			column := a.Column
			if column == "" {
				column = a.Name
			}
			data := c.model.data[a.Table]
			if data == nil {
				c.problems.add(a.At, field+".table", "name it under tables, with its file", "there is no table %q", a.Table)
				return
			}
			values, ok := data.column(column)
			if !ok {
				c.problems.add(a.At, field+".column", nearest(column, data.heads), "the table %s has no column %q of numbers", a.Table, column)
				return
			}
			x.family, x.values, x.stream = "table", values, w.stream.Named("rows of "+a.Table)
		case a.Family == "":
			c.problems.add(a.At, field, "as {family: normal, mean: 50, sd: 10}, {table: people} or a formula", "nothing says what %s is", a.Name)
			return
		default:
			for _, arg := range a.Arguments {
				x.names = append(x.names, arg.Name)
				r := c.formula(arg.Value, sc, field+"."+arg.Name)
				x.args = append(x.args, r)
			}
		}
		l.attributes = append(l.attributes, x)
		l.key += fmt.Sprint(" ", x.args)
		before[a.Name] = l.known[a.Name]
	}
}

// row compiles where people go from a state.
func (c *compiler) row(w *crowd, sc *scope, l *life, state int, s State) []arc {
	field := "parts." + w.part.Name + ".transitions"
	l.checks = append(l.checks, nil)
	i := slices.IndexFunc(w.part.Transitions, func(r Row) bool { return r.From == s.Name })
	if i < 0 {
		if !s.Dead {
			c.problems.add(s.At, field+"."+s.Name, "write "+s.Name+": {"+s.Name+": rest} if nobody leaves it", "nothing says where people go from %s", s.Name)
		}
		return []arc{{state, c.b.Const(1)}}
	}
	moves := w.part.Transitions[i].To
	texts, tos := make([]Text, len(moves)), make([]string, len(moves))
	for j, m := range moves {
		texts[j], tos[j] = m.P, m.To
	}
	var row []arc
	for j, r := range c.probabilities(texts, tos, sc.at(w.clock(state, 0, false)), field+"."+s.Name, s.Name, &l.checks[state]) {
		to, ok := w.state(moves[j].To)
		if !ok {
			c.noState(moves[j].To, w.part, moves[j].At, field)
			continue
		}
		row = append(row, arc{to, r})
	}
	return row
}

func (c *compiler) history(w *crowd, sc *scope, l *life) {
	for _, h := range w.part.History {
		field := "parts." + w.part.Name + ".history." + h.Name
		m := memory{to: w.who[h.Name].reg, start: c.b.Const(0)}
		if h.Start.Source != "" {
			m.start = c.formula(h.Start, sc, field+".start")
			if c.b.Class(m.start)&formula.Cycle != 0 {
				c.problems.add(h.Start.At, field+".start", "attributes are known at the start", "what has happened isn't known at the start")
			}
		}
		m.then = c.formula(h.Then, sc.at(w.clock(0, 0, true)), field+".then")
		l.memory = append(l.memory, m)
	}
}

// gives compiles what states give.
func (c *compiler) gives(w *crowd, sc *scope, l *life, index int) {
	field := "parts." + w.part.Name + ".rewards"
	sums := map[int][]formula.Reg{}
	add := func(o, state int, r formula.Reg) {
		if sums[o] == nil {
			sums[o] = w.empty()
		}
		if sums[o][state] != none {
			r = c.b.Add(sums[o][state], r)
		}
		sums[o][state] = r
	}
	for _, r := range w.part.Rewards {
		o, ok := c.outcome(r.Outcome, r.At, field)
		if !ok {
			continue
		}
		for _, a := range r.Of {
			state, ok := w.state(a.State)
			if !ok {
				c.noState(a.State, w.part, a.At, field+"."+r.Outcome)
				continue
			}
			v := c.b.Mul(c.formula(a.Value, sc.at(w.clock(state, 0, true)), field+"."+r.Outcome+"."+a.State), c.b.Const(w.per))
			add(o, state, v)
			if whole := c.partOf(o); whole >= 0 {
				add(whole, state, v)
			}
		}
	}
	if o := len(c.outcomes) - 1; c.outcomes[o].Name == lifeYears {
		for state, s := range w.states {
			if !s.Dead {
				add(o, state, c.b.Const(w.length))
			}
		}
	}
	for m, measure := range c.measures {
		if regs := sums[measure.outcome]; regs != nil {
			at, before := c.weigh(w.cohort, measure)
			l.gives = append(l.gives, give{l.tally(index, m), at, before, regs})
		}
	}
}

// gifts compiles what moves give, and what coming to a state does.
func (c *compiler) gifts(w *crowd, sc *scope, l *life, index int) {
	n := len(w.states)
	sums := map[int][][]formula.Reg{}
	add := func(o, from, to int, r formula.Reg) {
		if sums[o] == nil {
			for range n {
				sums[o] = append(sums[o], w.empty())
			}
		}
		if sums[o][from][to] != none {
			r = c.b.Add(sums[o][from][to], r)
		}
		sums[o][from][to] = r
		if whole := c.partOf(o); whole >= 0 && whole != o {
			if sums[whole] == nil {
				for range n {
					sums[whole] = append(sums[whole], w.empty())
				}
			}
			if old := sums[whole][from][to]; old != none {
				r = c.b.Add(old, r)
			}
			sums[whole][from][to] = r
		}
	}
	field := "parts." + w.part.Name
	for _, set := range w.part.OnMove {
		o, ok := c.outcome(set.Outcome, set.At, field+".transition_rewards")
		if !ok {
			continue
		}
		for _, row := range set.Rows {
			for _, g := range row.To {
				from, ok1 := w.state(row.From)
				to, ok2 := w.state(g.To)
				if !ok1 || !ok2 {
					c.problems.add(g.At, field+".transition_rewards", "", "there is no state %q or %q", row.From, g.To)
					continue
				}
				add(o, from, to, c.formula(g.Value, sc.at(w.clock(from, 0, true)), field+".transition_rewards."+set.Outcome+"."+row.From+"."+g.To))
			}
		}
	}
	for _, r := range w.part.OnEntry {
		o, ok := c.outcome(r.Outcome, r.At, field+".on_entry")
		if !ok {
			continue
		}
		for _, a := range r.Of {
			to, ok := w.state(a.State)
			if !ok {
				c.noState(a.State, w.part, a.At, field+".on_entry")
				continue
			}
			v := c.formula(a.Value, sc.at(w.clock(to, 0, true)), field+".on_entry."+r.Outcome+"."+a.State)
			for from := range n {
				if from != to {
					add(o, from, to, v)
				}
			}
		}
	}
	for m, measure := range c.measures {
		if sums[measure.outcome] == nil {
			continue
		}
		weigh := c.weighings[measure.outcome]
		if !measure.discounted {
			weigh.rates = nil
		}
		weights := make([]float64, w.n+1)
		for k := 1; k <= w.n; k++ {
			weights[k] = weigh.factor(float64(k) * w.length)
		}
		measure.moment(weights, w.length)
		l.moves = append(l.moves, gives{l.tally(index, m), weights, sums[measure.outcome]})
	}
}

// needs are the values that don't depend on people; theirs are reckoned in frames of their own.
func (w *crowd) needs() (regs []formula.Reg) {
	for _, l := range w.lives {
		regs = append(regs, l.share)
		regs = append(regs, l.initial...)
	}
	return regs
}

func (l *life) all() (moving, remembers, counting []formula.Reg) {
	for _, row := range l.rows {
		for _, a := range row {
			moving = append(moving, a.p)
		}
	}
	for _, checks := range l.checks {
		for _, k := range checks {
			moving = append(moving, k.reg)
		}
	}
	for _, m := range l.memory {
		remembers = append(remembers, m.then)
	}
	for _, g := range l.gives {
		counting = append(counting, present(g.rewards)...)
	}
	for _, g := range l.moves {
		for _, row := range g.values {
			counting = append(counting, present(row)...)
		}
	}
	return moving, remembers, counting
}

func present(regs []formula.Reg) (out []formula.Reg) {
	for _, r := range regs {
		if r != none {
			out = append(out, r)
		}
	}
	return out
}

func (w *crowd) ready(p *formula.Program) {
	for _, l := range w.lives {
		moving, remembers, counting := l.all()
		before := append(slices.Clone(l.initial), l.share)
		for _, a := range l.attributes {
			before = append(before, a.args...)
		}
		for _, m := range l.memory {
			before = append(before, m.start)
		}
		every := slices.Concat(moving, remembers, counting, before)
		l.person = p.Stage(every, formula.Draw, formula.Individual)
		l.moving = p.Stage(moving, formula.Draw|formula.Individual, formula.Cycle)
		l.remembers = p.Stage(remembers, formula.Draw|formula.Individual, formula.Cycle)
		l.counting = p.Stage(counting, formula.Draw|formula.Individual, formula.Cycle)
		w.draws = append(w.draws, p.Stage(every, 0, formula.Draw))
	}
}

// crowdOf is the compiled part of a name, where people are followed.
func (c *Compiled) crowdOf(name string) *crowd {
	for _, p := range c.parts {
		switch w := p.(type) {
		case *crowd:
			if w.part.Name == name {
				return w
			}
		case *timed:
			if w.part.Name == name {
				return w.crowd
			}
		}
	}
	return nil
}
