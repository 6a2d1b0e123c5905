package econ

import (
	"fmt"
	"math"
	"slices"

	"github.com/samverk/samverk/econ/formula"
)

const (
	costName   = "cost"
	effectName = "effect"
	lifeYears  = "life_years"
)

// Limits of what is compiled.
const (
	maxCycles = 100_000
	maxStates = 5_000
	maxValues = 2_000_000
	maxWays   = 200_000
)

// Options say which of a model's variants to compile.
type Options struct {
	Scenario    string      // one of the model's
	Set         []Setting   // parameters with other values
	Conventions Conventions // only what is otherwise
	Vary        []string    // parameters whose values will differ, beside those with a distribution
	stored      string
	advise      bool // also what is costly to find
}

// Compiled is a model that can be run: over the base case, over draws, or over any values of its parameters.
type Compiled struct {
	model         *Model
	options       Options
	probabilistic bool
	conventions   Conventions
	problems      Problems
	program       *formula.Program
	stage         formula.Stage // what depends on the draw
	params        []param
	strategies    []*strategy
	outcomes      []Outcome
	weighings     []weighing
	measures      []measure
	checks        []check
	budgeted      *budget // nil without
	parts         []part
}

// param is a parameter as it goes in.
type param struct {
	*Parameter
	value float64
	reg   formula.Reg
	vary  bool
}

// measure is an outcome as it is added up: as it is worth now, or as it is.
type measure struct {
	outcome    int
	discounted bool
	year       int // only what falls in that year, from 1; 0 is all years
}

type strategy struct {
	*Strategy
	base []formula.Reg // by outcome: what is given once, at the start and in trees
	ends []leaf        // where trees let people out
}

// part is a compiled part that takes time. Parts are run one after another over a block of lanes.
type part interface {
	needs() []formula.Reg     // values that depend on the draw
	ready(p *formula.Program) // the program is whole
	runner(c *Compiled, lanes int) runner
}

type runner interface {
	run(b *block) error
	origin(b *block, lane int) (Pos, bool) // where a number went wrong in that lane
}

// check is what has to hold of a value in each lane.
type check struct {
	reg   formula.Reg
	whole bool // has to be 1; else it mustn't be negative
	at    Pos
	field string
	says  string
	who   string // the first strategy it is about
}

type compiler struct {
	*Compiled
	b         *formula.Builder
	cycle     formula.Reg
	byName    map[string]int // parameters
	derived   map[string]int
	parsed    map[Text]*formula.Node
	used      map[string]bool
	settable  map[string]bool
	cohorts   map[string]*cohort
	survivals map[string]*survival
	crowds    map[string]*crowd
	timed     map[string]*timed
	visiting  map[string]bool // trees on the way
	checked   map[checked]bool
	branches  int
}

// Compile makes a model ready to run. What is wrong, and what is worth a look, comes with it; with errors there is nothing to run.
func Compile(m *Model, o Options) (*Compiled, error) { return compile(m, o, false) }

// compile leaves out what isn't discounted for a probabilistic analysis.
func compile(m *Model, o Options, probabilistic bool) (*Compiled, error) {
	c := &compiler{Compiled: &Compiled{model: m, options: o, probabilistic: probabilistic}, byName: map[string]int{}, derived: map[string]int{},
		parsed: map[Text]*formula.Node{}, used: map[string]bool{}, settable: map[string]bool{}, cohorts: map[string]*cohort{}, survivals: map[string]*survival{}, crowds: map[string]*crowd{}, timed: map[string]*timed{}, visiting: map[string]bool{}, checked: map[checked]bool{}}
	c.choose(&o)
	c.storedIsThere()
	c.b = formula.NewBuilder(c.tables())
	c.cycle = c.b.Input("m", formula.Cycle)
	c.names()
	c.parameters(o)
	c.counted()
	if len(c.problems.Errors()) == 0 {
		c.structure()
	}
	if err := c.problems.refused(); err != nil {
		return nil, err
	}
	for _, p := range c.parts {
		if k, ok := p.(*cohort); ok {
			k.join()
		}
	}
	c.program = c.b.Program()
	roots := []formula.Reg{}
	for _, s := range c.strategies {
		roots = append(roots, s.base...)
		for _, e := range s.ends {
			if !c.probabilistic {
				roots = append(append(roots, e.share), e.given...)
			}
		}
	}
	for _, k := range c.checks {
		roots = append(roots, k.reg)
	}
	for _, p := range c.parts {
		roots = append(roots, p.needs()...)
	}
	c.stage = c.program.Stage(roots, 0, formula.Draw)
	for _, p := range c.parts {
		p.ready(c.program)
	}
	return c.Compiled, nil
}

// Problems are what is worth a look.
func (c *Compiled) Problems() Problems { return c.problems }

// Model is what was compiled.
func (c *Compiled) Model() *Model { return c.model }

// choose applies a scenario: its values come before those that are set here.
func (c *compiler) choose(o *Options) {
	c.conventions = c.model.Conventions
	if o.Scenario != "" {
		i := slices.IndexFunc(c.model.Scenarios, func(s Scenario) bool { return s.Name == o.Scenario })
		if i < 0 {
			c.problems.add(Pos{}, "scenarios", nearest(o.Scenario, names(c.model.Scenarios, func(s Scenario) string { return s.Name })), "there is no scenario %q", o.Scenario)
			return
		}
		s := c.model.Scenarios[i]
		c.conventions = c.conventions.over(s.Conventions)
		o.Set = append(slices.Clone(s.Set), o.Set...)
	}
	c.conventions = c.conventions.over(o.Conventions)
}

func names[T any](list []T, name func(T) string) (out []string) {
	for _, x := range list {
		out = append(out, name(x))
	}
	return out
}

// reserved names are what formulas know of time.
var reserved = map[string]string{
	"m": "the number of the cycle", "k": "the number of cycles behind the state that is counted", "n": "the number of cycles",
	"t": "the years from the start to the end of the cycle", "state_time": "the cycles since the state was entered",
}

// names checks that each name is one, and is given once.
func (c *compiler) names() {
	for _, note := range c.model.Reporting {
		if !slices.Contains(Reporting, note.Name) {
			c.problems.add(Pos{}, "reporting."+note.Name, nearest(note.Name, Reporting), "CHEERS 2022 has no item %q", note.Name)
		}
	}
	seen := map[string]Pos{}
	name := func(n, field string, at Pos) {
		switch first, twice := seen[n]; {
		case reserved[n] != "":
			c.problems.add(at, field, "choose another name", "%s is %s", n, reserved[n])
		case !formula.ValidName(n):
			c.problems.add(at, field, "names have letters, digits and _, and begin with a letter", "%q can't be a name in formulas", n)
		case twice:
			c.problems.add(at, field, "", "%s is defined twice, first in %s", n, first)
		}
		seen[n] = at
	}
	for i, p := range c.model.Parameters {
		name(p.Name, "parameters."+p.Name, p.At)
		c.byName[p.Name] = i
	}
	for i, d := range c.model.Derived {
		name(d.Name, "derived."+d.Name, d.At)
		c.derived[d.Name] = i
	}
	for _, s := range c.model.Strategies {
		for _, set := range s.Set {
			c.settable[set.Name] = true
			if reserved[set.Name] != "" || !formula.ValidName(set.Name) {
				c.problems.add(set.At, "strategies."+s.Name, "names have letters, digits and _", "%q can't be a name in formulas", set.Name)
			}
		}
	}
}

// tables gives the model's tables to formulas.
func (c *compiler) tables() map[string]*formula.Table {
	tables := map[string]*formula.Table{}
	for _, t := range c.model.Tables {
		data := c.model.data[t.Name]
		if data == nil || t.Key == "" {
			continue // for stored draws
		}
		keys, ok := data.column(t.Key)
		if !ok {
			c.problems.add(t.At, "tables."+t.Name+".key", nearest(t.Key, data.heads), "the table has no column %q of numbers", t.Key)
			continue
		}
		table, err := formula.NewTable(t.Name, formula.Match(t.Match), keys)
		if err != nil {
			c.problems.add(t.At, "tables."+t.Name, "", "%v", err)
			continue
		}
		for i, head := range data.heads {
			if head != t.Key {
				table.Column(head, data.columns[i])
			}
		}
		tables[t.Name] = table
	}
	return tables
}

// parameters makes an input of each parameter that can differ, and a constant of the others.
func (c *compiler) parameters(o Options) {
	for i := range c.model.Parameters {
		p := param{Parameter: &c.model.Parameters[i]}
		text := p.Value
		for _, s := range o.Set {
			if s.Name == p.Name {
				text = s.Value
			}
		}
		var err error
		if p.value, err = formula.Value(text); err != nil {
			c.problems.fault(err, p.At, "parameters."+p.Name+".value")
		}
		p.vary = p.Distribution.Family != "" || slices.Contains(o.Vary, p.Name) || c.stored(p.Name)
		if p.vary {
			p.reg = c.b.Input(p.Name, formula.Draw)
		} else {
			p.reg = c.b.Const(p.value)
		}
		c.params = append(c.params, p)
	}
	for _, s := range o.Set {
		if _, ok := c.byName[s.Name]; !ok {
			c.problems.add(s.At, "set."+s.Name, nearest(s.Name, names(c.model.Parameters, func(p Parameter) string { return p.Name })), "there is no parameter %q to set", s.Name)
		}
	}
	for _, name := range o.Vary {
		if _, ok := c.byName[name]; !ok {
			c.problems.add(Pos{}, "", nearest(name, names(c.model.Parameters, func(p Parameter) string { return p.Name })), "there is no parameter %q to vary", name)
		}
	}
}

// storedDraws is the table of stored draws, if there is one.
func (c *Compiled) storedDraws() *dataset {
	name := c.options.stored
	if name == "" && c.model.PSA != nil {
		name = c.model.PSA.Stored
	}
	return c.model.data[name]
}

func (c *compiler) storedIsThere() {
	if c.storedDraws() != nil {
		return
	}
	tables := names(c.model.Tables, func(t Table) string { return t.Name })
	if p := c.model.PSA; p != nil && p.Stored != "" {
		c.problems.add(p.At, "psa.stored", nearest(p.Stored, tables), "there is no table %q", p.Stored)
	} else if c.options.stored != "" {
		c.problems.add(Pos{}, "psa.stored", nearest(c.options.stored, tables), "there is no table %q", c.options.stored)
	}
}

// stored tells whether a parameter is read from stored draws.
func (c *compiler) stored(name string) bool {
	data := c.storedDraws()
	if data == nil {
		return false
	}
	_, ok := data.column(name)
	return ok
}

// counted lists the outcomes, how they are counted, and their measures.
func (c *compiler) counted() {
	c.outcomes = []Outcome{{Name: costName, Unit: c.model.Currency}, {Name: effectName, Unit: c.model.EffectUnit}}
	for _, o := range c.model.Outcomes {
		if o.Name == lifeYears {
			c.problems.add(o.At, "outcomes."+o.Name, "mark dead states with dead: true", "life years are counted by themselves")
		}
		if o.PartOf != "" && o.PartOf != costName && o.PartOf != effectName {
			c.problems.add(o.At, "outcomes."+o.Name+".part_of", "cost or effect", "an outcome can't be a part of %q", o.PartOf)
		}
		if i := slices.IndexFunc(c.outcomes, func(x Outcome) bool { return x.Name == o.Name }); i >= 0 {
			o.Unit = c.outcomes[i].Unit
			c.outcomes[i] = o
			continue
		}
		c.outcomes = append(c.outcomes, o)
	}
	for _, p := range c.model.Parts {
		if slices.ContainsFunc(p.States, func(s State) bool { return s.Dead }) {
			c.outcomes = append(c.outcomes, Outcome{Name: lifeYears, Unit: "years"})
			break
		}
	}
	timed := slices.ContainsFunc(c.model.Parts, func(p Part) bool { return p.Kind != "tree" })
	for i, o := range c.outcomes {
		if timed {
			if o.Name == lifeYears {
				o.WithinCycle, o.Count = c.weighings[1].correction, c.weighings[1].count
			}
			c.weighings = append(c.weighings, c.weighing(o))
		}
		switch {
		case !c.probabilistic:
			c.measures = append(c.measures, measure{i, true, 0}, measure{i, false, 0})
		case o.Name != lifeYears:
			c.measures = append(c.measures, measure{i, true, 0})
		}
	}
	c.budgetYears()
}

func (c *compiler) outcome(name string, at Pos, field string) (int, bool) {
	i := slices.IndexFunc(c.outcomes, func(o Outcome) bool { return o.Name == name })
	if i < 0 || name == lifeYears {
		known := names(c.outcomes, func(o Outcome) string { return o.Name })
		c.problems.add(at, field, "name it under outcomes; "+nearest(name, known), "there is no outcome %q", name)
		return 0, false
	}
	return i, true
}

// structure compiles each strategy from where it starts.
func (c *compiler) structure() {
	if len(c.model.Strategies) == 0 {
		c.problems.add(Pos{}, "strategies", "name at least one", "there is no strategy")
	}
	if len(c.model.Parts) == 0 {
		c.problems.add(Pos{}, "parts", "name at least one", "there is no part to begin in")
		return
	}
	for i := range c.model.Strategies {
		given := &c.model.Strategies[i]
		s := &strategy{Strategy: given, base: make([]formula.Reg, len(c.outcomes))}
		for o := range s.base {
			s.base[o] = c.b.Const(0)
		}
		c.strategies = append(c.strategies, s)
		sc := c.scope().with(given.Set)
		field := "strategies." + given.Name
		w := c.give(s, way{c.b.Const(1), slices.Clone(s.base)}, sc, given.Rewards, field+".rewards")
		start := given.Start
		if start == "" {
			start = c.model.Parts[0].Name
		}
		c.enter(s, i, sc, start, w, nil, given.At, field+".start")
		if c.b.Size() > maxValues {
			c.problems.add(given.At, field, "fewer states, tunnels or branches", "the model becomes larger than can be run")
			return
		}
	}
	c.budget()
	c.unused()
	if !c.probabilistic {
		c.units()
	}
	if c.options.advise {
		c.advise()
	}
}

// enter lets a share of a strategy's people into a part.
func (c *compiler) enter(s *strategy, index int, sc *scope, name string, w way, enter []Setting, at Pos, field string) {
	i := slices.IndexFunc(c.model.Parts, func(p Part) bool { return p.Name == name })
	if i < 0 {
		c.problems.add(at, field, nearest(name, names(c.model.Parts, func(p Part) string { return p.Name })), "there is no part %q", name)
		return
	}
	p := &c.model.Parts[i]
	c.used["part "+name] = true
	switch p.Kind {
	case "tree":
		if c.visiting[name] {
			c.problems.add(at, field, "a tree ends; what comes again and again is a cohort", "the tree %s leads back to itself", name)
			return
		}
		c.visiting[name] = true
		defer delete(c.visiting, name)
		if len(p.Branches) == 0 {
			c.problems.add(p.At, "parts."+name+".branches", "", "the tree has no branches")
		}
		c.tree(s, index, sc, p.Branches, w, "parts."+name)
	case "cohort":
		c.discrete(p)
		c.cohort(p, index, sc, w.share, enter)
	case "individuals":
		c.discrete(p)
		c.individuals(p, index, sc, w.share, enter)
	case "events":
		c.events(p, index, sc, w.share, enter)
	case "survival":
		c.survival(p, index, sc, w.share, enter)
	default:
		kinds := []string{"tree", "cohort", "survival", "individuals", "events"}
		c.problems.add(p.At, "parts."+name+".kind", nearest(p.Kind, kinds), "there is no kind of part called %q", p.Kind)
	}
}

// formula compiles a text; what is wrong with it is noted, and 0 stands for it.
func (c *compiler) formula(t Text, sc *scope, field string) formula.Reg {
	r, err := sc.compile(t)
	if err != nil {
		c.problems.fault(err, t.At, field)
		return c.b.Const(0)
	}
	if v, ok := c.b.Constant(r); ok && (math.IsNaN(v) || math.IsInf(v, 0)) {
		c.problems.add(t.At, field, "a division by zero, the logarithm of what isn't positive, or a key outside a table", "%s isn't a finite number", t.Source)
		return c.b.Const(0)
	}
	return r
}

// probabilities compiles a row of probabilities. rest is one minus the others.
func (c *compiler) probabilities(texts []Text, tos []string, sc *scope, field, where string, later *[]check) []formula.Reg {
	regs := make([]formula.Reg, len(texts))
	rest, sum := -1, c.b.Const(0)
	for i, t := range texts {
		if t.Source == "rest" {
			if rest >= 0 {
				c.problems.add(t.At, field, "one of them is the rest", "rest is there twice in the row")
			}
			rest = i
			continue
		}
		regs[i] = c.formula(t, sc, field+"."+tos[i])
		sum = c.b.Add(sum, regs[i])
		c.check(check{reg: regs[i], at: t.At, field: field + "." + tos[i], says: fmt.Sprintf("the probability %s → %s", where, tos[i])}, later)
	}
	if rest < 0 {
		at := Pos{}
		if len(texts) > 0 {
			at = texts[0].At
		}
		c.check(check{reg: sum, whole: true, at: at, field: field, says: fmt.Sprintf("the sum of the probabilities from %s", where)}, later)
		return regs
	}
	regs[rest] = c.b.Sub(c.b.Const(1), sum)
	c.check(check{reg: regs[rest], at: texts[rest].At, field: field + "." + tos[rest], says: fmt.Sprintf("the rest %s → %s", where, tos[rest])}, later)
	return regs
}

// check notes what has to hold: at once if it is known, else in every draw, or later in every cycle.
func (c *compiler) check(k check, later *[]check) {
	if v, known := c.b.Constant(k.reg); known {
		if !k.holds(v) {
			c.problems.put(k.problem(v, ""))
		}
		return
	}
	if n := len(c.strategies); n > 0 {
		k.who = c.strategies[n-1].Name
	}
	list := later
	if c.b.Class(k.reg)&^formula.Draw == 0 {
		list = &c.checks
	}
	once := checked{list, k.reg, k.whole}
	if !c.checked[once] {
		c.checked[once] = true
		*list = append(*list, k)
	}
}

// checked is a check that is made already.
type checked struct {
	list  *[]check
	reg   formula.Reg
	whole bool
}

const tolerance = 1e-9

func (k check) holds(v float64) bool {
	if k.whole {
		return math.Abs(v-1) <= tolerance
	}
	return v >= -tolerance && v <= 1+tolerance
}

func (k check) problem(v float64, when string) Problem {
	p := Problem{File: k.at.File, Line: k.at.Line, Column: k.at.Column, Field: k.field, Says: fmt.Sprintf("%s is %.6g%s", k.says, v, when)}
	switch {
	case math.IsNaN(v) || math.IsInf(v, 0):
		p.Hint = "a division by zero, the logarithm of what isn't positive, or a key outside a table"
	case k.whole:
		p.Hint = "a row's probabilities sum to 1; one of them can be written rest"
	default:
		p.Hint = "a probability is from 0 to 1; a rate becomes one by 1-exp(-rate*cycle_length)"
	}
	return p
}

// unused warns of what is in the model and in no result.
func (c *compiler) unused() {
	if len(c.problems.Errors()) > 0 {
		return
	}
	for _, p := range c.model.Parameters {
		if !c.used[p.Name] {
			c.problems.warn(p.At, "parameters."+p.Name, "use it in a formula, or take it out", "the parameter %s isn't used", p.Name)
		}
	}
	for _, d := range c.model.Derived {
		if !c.used[d.Name] {
			c.problems.warn(d.At, "derived."+d.Name, "use it in a formula, or take it out", "%s isn't used", d.Name)
		}
	}
	for _, s := range c.model.Strategies {
		for _, set := range s.Set {
			if !c.used[set.Name] {
				c.problems.warn(set.At, "strategies."+s.Name+".set", "use it in a formula, or take it out", "%s is set and not used", set.Name)
			}
		}
	}
	for _, p := range c.model.Parts {
		if !c.used["part "+p.Name] {
			c.problems.warn(p.At, "parts."+p.Name, "let a strategy start in it, or a leaf lead to it", "nobody comes to the part %s", p.Name)
		}
	}
}
