package econ

import (
	"fmt"
	"math"
	"slices"

	"github.com/samverk/samverk/econ/formula"
)

// Budget is what a change costs a payer, year by year and region by region: people become eligible each year, some of them
// get what is new, and each costs what the model says in the first year, the second …, at the prices of the model and not
// discounted.
type Budget struct {
	From     int        `econ:"from,required" doc:"The first calendar year."`
	Years    int        `econ:"years,required" doc:"How many years."`
	Now      string     `econ:"now,required" doc:"The strategy that everybody gets who isn't said to get another."`
	Eligible []Eligible `econ:"eligible,table" doc:"How many become eligible, by region and year."`
	Uptake   []Uptake   `econ:"uptake,table" doc:"The share of them who get a strategy, by region and year."`
	Source   string     `econ:"source"`
	Note     string     `econ:"note"`
	At       Pos        `econ:"-"`
}

// Eligible is how many people become eligible in a region from a year on, each year until another row says otherwise.
type Eligible struct {
	Region string `econ:"region"`
	Year   int    `econ:"year" doc:"From this year on; the first, if not given."`
	People Text   `econ:"people,required" doc:"How many in a year."`
	Source string `econ:"source"`
	At     Pos    `econ:"-"`
}

// Uptake is the share who get a strategy from a year on.
type Uptake struct {
	Region   string `econ:"region" doc:"All regions that no other row of the strategy names, if not given."`
	Strategy string `econ:"strategy,required"`
	Year     int    `econ:"year" doc:"From this year on; the first, if not given."`
	Share    Text   `econ:"share,required" doc:"Of those who become eligible."`
	Without  Text   `econ:"without" doc:"The share if nothing is decided; 0, if not given."`
	Source   string `econ:"source"`
	At       Pos    `econ:"-"`
}

const (
	maxYears   = 100
	maxRegions = 1000
)

// budget is compiled: it comes after the parts, and reads what they gave in each year.
type budget struct {
	*Budget
	regions []string
	first   int             // the measure of the first year
	people  [][]formula.Reg // by region and year
	with    [][][]formula.Reg
	without [][][]formula.Reg // by region, year and strategy: shares
}

// budgetYears adds a measure for each year that a budget asks for.
func (c *compiler) budgetYears() {
	g := c.model.Budget
	if g == nil {
		return
	}
	if g.Years < 1 || g.Years > maxYears {
		c.problems.add(g.At, "budget_impact.years", fmt.Sprintf("from 1 to %d", maxYears), "a budget can't be of %d years", g.Years)
		return
	}
	for y := range g.Years {
		c.measures = append(c.measures, measure{outcome: 0, year: y + 1})
	}
}

// budget compiles what the model says of budgets.
func (c *compiler) budget() {
	g := c.model.Budget
	if g == nil || len(c.problems.Errors()) > 0 {
		return
	}
	field := "budget_impact"
	x := &budget{Budget: g, first: len(c.measures) - g.Years}
	for _, e := range g.Eligible {
		if !slices.Contains(x.regions, e.Region) {
			x.regions = append(x.regions, e.Region)
		}
	}
	if len(x.regions) == 0 || len(x.regions) > maxRegions {
		c.problems.add(g.At, field+".eligible", fmt.Sprintf("from 1 to %d regions", maxRegions), "%d regions can't have a budget", len(x.regions))
		return
	}
	known := names(c.strategies, func(s *strategy) string { return s.Name })
	now := slices.Index(known, g.Now)
	if now < 0 {
		c.problems.add(g.At, field+".now", nearest(g.Now, known), "there is no strategy %q", g.Now)
		return
	}
	for _, u := range g.Uptake {
		switch {
		case !slices.Contains(known, u.Strategy):
			c.problems.add(u.At, field+".uptake", nearest(u.Strategy, known), "there is no strategy %q", u.Strategy)
		case u.Strategy == g.Now:
			c.problems.add(u.At, field+".uptake", "name the others' shares", "%s is what all others get, so its share follows", u.Strategy)
		case u.Region != "" && !slices.Contains(x.regions, u.Region):
			c.problems.add(u.At, field+".uptake", nearest(u.Region, x.regions), "nobody is eligible in a region %q", u.Region)
		}
	}
	sc := c.scope()
	for _, region := range x.regions {
		people, with, without := []formula.Reg{}, [][]formula.Reg{}, [][]formula.Reg{}
		for y := range g.Years {
			people = append(people, c.eligible(x, sc, region, g.From+y))
			a, b := c.shares(x, sc, region, g.From+y, known, now)
			with, without = append(with, a), append(without, b)
		}
		x.people, x.with, x.without = append(x.people, people), append(x.with, with), append(x.without, without)
	}
	c.budgeted = x
	c.parts = append(c.parts, x)
}

// latest is the row that holds in a year: the last that began.
func latest[T any](rows []T, year int, of func(T) (from int, right bool)) *T {
	best, at := -1, math.MinInt
	for i, r := range rows {
		if from, right := of(r); right && from <= year && from >= at {
			best, at = i, from
		}
	}
	if best < 0 {
		return nil
	}
	return &rows[best]
}

func (c *compiler) eligible(x *budget, sc *scope, region string, year int) formula.Reg {
	e := latest(x.Eligible, year, func(e Eligible) (int, bool) { return e.Year, e.Region == region })
	if e == nil {
		return c.b.Const(0)
	}
	field := "budget_impact.eligible." + region
	r := c.formula(e.People, sc, field)
	if v, known := c.b.Constant(r); known && v < 0 {
		c.problems.add(e.At, field, "", "%v people can't become eligible", v)
	}
	return r
}

// shares are who gets what in a year, with the change and without.
func (c *compiler) shares(x *budget, sc *scope, region string, year int, strategies []string, now int) (with, without []formula.Reg) {
	with, without = make([]formula.Reg, len(strategies)), make([]formula.Reg, len(strategies))
	restWith, restWithout := c.b.Const(1), c.b.Const(1)
	field := "budget_impact.uptake." + region
	at := x.At
	for s, name := range strategies {
		with[s], without[s] = c.b.Const(0), c.b.Const(0)
		u := latest(x.Uptake, year, func(u Uptake) (int, bool) { return u.Year, u.Region == region && u.Strategy == name })
		if u == nil {
			u = latest(x.Uptake, year, func(u Uptake) (int, bool) { return u.Year, u.Region == "" && u.Strategy == name })
		}
		if u == nil || s == now {
			continue
		}
		at = u.At
		with[s] = c.formula(u.Share, sc, field+"."+name)
		if u.Without.Source != "" {
			without[s] = c.formula(u.Without, sc, field+"."+name+".without")
		}
		c.check(check{reg: with[s], at: u.At, field: field + "." + name, says: fmt.Sprintf("the share who get %s in %d", name, year)}, nil)
		c.check(check{reg: without[s], at: u.At, field: field + "." + name, says: fmt.Sprintf("the share who would get %s in %d", name, year)}, nil)
		restWith, restWithout = c.b.Sub(restWith, with[s]), c.b.Sub(restWithout, without[s])
	}
	with[now], without[now] = restWith, restWithout
	for _, r := range []formula.Reg{restWith, restWithout} {
		c.check(check{reg: r, at: at, field: field, says: fmt.Sprintf("the share left for %s in %d", x.Now, year)}, nil)
	}
	return with, without
}

func (x *budget) needs() (regs []formula.Reg) {
	for r := range x.regions {
		regs = append(regs, x.people[r]...)
		for y := range x.people[r] {
			regs = append(append(regs, x.with[r][y]...), x.without[r][y]...)
		}
	}
	return regs
}

func (x *budget) ready(*formula.Program)       {}
func (x *budget) runner(*Compiled, int) runner { return x }

// origin can't tell: what goes wrong went wrong before.
func (x *budget) origin(*block, int) (Pos, bool) { return Pos{}, false }

// run reckons each lane's costs by region and year, with the change and without.
func (x *budget) run(b *block) error {
	if b.budget == nil {
		b.budget = rows(2*len(x.regions)*x.Years, cap(b.out[0][0]))
	}
	for lane := range b.frame.Lanes() {
		for r := range x.regions {
			for y := range x.Years {
				with, without := 0.0, 0.0
				for e := range y + 1 { // those who became eligible in year e are in their year y-e
					n := b.frame.At(x.people[r][e], lane)
					for s := range b.c.strategies {
						cost := n * b.out[s][x.first+y-e][lane]
						with += cost * b.frame.At(x.with[r][e][s], lane)
						without += cost * b.frame.At(x.without[r][e][s], lane)
					}
				}
				cell := 2 * (r*x.Years + y)
				b.budget[cell][lane], b.budget[cell+1][lane] = with, without
			}
		}
	}
	return nil
}

// window keeps of the weights what belongs to a measure's year. A sum over time that counts a boundary between two years
// gives half of it to each; what stands for a cycle belongs to the year in which the cycle ends.
func (m measure) window(w weighing, at, before []float64, length float64) {
	if m.year == 0 {
		return
	}
	first, last := float64(m.year-1), float64(m.year)
	n := len(at) - 1
	for k := range at {
		t := float64(k) * length
		in := 0.0
		switch {
		case before[k] != 0 || w.correction == None && w.count == "end":
			in = truth(t > first+tolerance && t <= last+tolerance)
		case w.correction == None && w.count == "start":
			in = truth(t >= first-tolerance && t < last-tolerance)
		case math.Abs(t-first) <= tolerance && k > 0 || math.Abs(t-last) <= tolerance && k < n:
			in = 0.5
		default:
			in = truth(t >= first-tolerance && t <= last+tolerance)
		}
		at[k] *= in
		before[k] *= in
	}
}

// moment keeps of the weights of moves what belongs to a measure's year.
func (m measure) moment(weights []float64, length float64) {
	if m.year == 0 {
		return
	}
	for k := range weights {
		if t := float64(k) * length; t <= float64(m.year-1)+tolerance || t > float64(m.year)+tolerance {
			weights[k] = 0
		}
	}
}

// clip keeps of continuous time what belongs to a measure's year.
func (m measure) clip(segments []segment) (out []segment) {
	if m.year == 0 {
		return segments
	}
	for _, s := range segments {
		from, to := math.Max(s.from, float64(m.year-1)), math.Min(s.to, float64(m.year))
		if from < to {
			out = append(out, segment{from, to, s.delta, s.scale * math.Exp(-s.delta*(from-s.from))})
		}
	}
	return out
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// BudgetImpact is the result: by region, and for all.
type BudgetImpact struct {
	From    int            `json:"from"`
	Years   int            `json:"years"`
	Now     string         `json:"now"`
	Regions []RegionBudget `json:"regions"`
	Total   RegionBudget   `json:"total"`
}

// RegionBudget is by year. Net is what the change costs more than going on as now.
type RegionBudget struct {
	Region   string    `json:"region"`
	Eligible []float64 `json:"eligible,omitempty"`
	With     []float64 `json:"with"`
	Without  []float64 `json:"without"`
	Net      []float64 `json:"net"`
	NetLow   []float64 `json:"net_low,omitempty"`  // 2.5 % of the draws are below
	NetHigh  []float64 `json:"net_high,omitempty"` // 2.5 % are above
	Sum      float64   `json:"sum"`                // of net, over the years
}

func (x *budget) impact(b *block) *BudgetImpact {
	i := &BudgetImpact{From: x.From, Years: x.Years, Now: x.Now, Total: newRegionBudget("", x.Years)}
	i.Total.Eligible = make([]float64, x.Years)
	for r, name := range x.regions {
		one := newRegionBudget(name, x.Years)
		for y := range x.Years {
			cell := 2 * (r*x.Years + y)
			with, without := b.budget[cell][0], b.budget[cell+1][0]
			n := b.frame.At(x.people[r][y], 0)
			one.Eligible = append(one.Eligible, n)
			one.put(y, with, without)
			i.Total.Eligible[y] += n
			i.Total.put(y, with, without)
		}
		i.Regions = append(i.Regions, one)
	}
	return i
}

func newRegionBudget(name string, years int) RegionBudget {
	return RegionBudget{Region: name, With: make([]float64, years), Without: make([]float64, years), Net: make([]float64, years)}
}

func (r *RegionBudget) put(y int, with, without float64) {
	r.With[y] += with
	r.Without[y] += without
	r.Net[y] += with - without
	r.Sum += with - without
}

// BudgetImpact sums up the draws: means, and where the net of most of them lies. Nil, if the model has no budget.
func (s *Sample) BudgetImpact() *BudgetImpact {
	x := s.compiled.budgeted
	if x == nil {
		return nil
	}
	i := &BudgetImpact{From: x.From, Years: x.Years, Now: x.Now, Total: newRegionBudget("", x.Years)}
	total := rows(x.Years, s.draws)
	for r, name := range x.regions {
		one := newRegionBudget(name, x.Years)
		net := make([]float64, s.draws)
		for y := range x.Years {
			cell := 2 * (r*x.Years + y)
			with, without := spread(s.budget[cell]).Mean, spread(s.budget[cell+1]).Mean
			one.put(y, with, without)
			i.Total.put(y, with, without)
			for d := range net {
				net[d] = s.budget[cell][d] - s.budget[cell+1][d]
				total[y][d] += net[d]
			}
			one.interval(net)
		}
		i.Regions = append(i.Regions, one)
	}
	for y := range x.Years {
		i.Total.interval(total[y])
	}
	return i
}

func (r *RegionBudget) interval(net []float64) {
	s := spread(net)
	r.NetLow, r.NetHigh = append(r.NetLow, s.Low), append(r.NetHigh, s.High)
}
