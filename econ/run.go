package econ

import (
	"encoding/json"
	"io"
	"math"
	"slices"
)

// Result is what a run of the base case gives.
type Result struct {
	Model       string            `json:"model"`
	Title       string            `json:"title"`
	RunID       string            `json:"run_id"`
	Engine      string            `json:"engine"`
	Scenario    string            `json:"scenario,omitempty"`
	Set         map[string]string `json:"set,omitempty"`
	Conventions []Named           `json:"conventions"`
	Strategies  []StrategyResult  `json:"strategies"`
	Budget      *BudgetImpact     `json:"budget_impact,omitempty"`
	Traces      []Trace           `json:"traces,omitempty"`
	People      []People          `json:"people,omitempty"`   // of parts where individuals are followed
	Problems    Problems          `json:"problems,omitempty"` // warnings
}

// Named is a convention in words.
type Named struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// StrategyResult is what a strategy costs and gives, for one person of the cohort (or all, if it is given as a number of people).
type StrategyResult struct {
	Name         string   `json:"name"`
	Label        string   `json:"label,omitempty"`
	Cost         float64  `json:"cost"`
	Effect       float64  `json:"effect"`
	LifeYears    *float64 `json:"life_years,omitempty"` // not discounted
	Undiscounted Amounts  `json:"undiscounted"`
	Outcomes     []Total  `json:"outcomes,omitempty"` // those beside cost and effect
	Ends         []End    `json:"ends,omitempty"`     // of trees
}

// Amounts are cost and effect.
type Amounts struct {
	Cost   float64 `json:"cost"`
	Effect float64 `json:"effect"`
}

// Total is an outcome's sum.
type Total struct {
	Name         string  `json:"name"`
	Unit         string  `json:"unit,omitempty"`
	PartOf       string  `json:"part_of,omitempty"`
	Value        float64 `json:"value"`
	Undiscounted float64 `json:"undiscounted"`
}

// End is a leaf of a tree.
type End struct {
	Path        string  `json:"path"`
	Probability float64 `json:"probability"`
	Cost        float64 `json:"cost"` // of those who come there, on the way
	Effect      float64 `json:"effect"`
	Outcomes    []Total `json:"outcomes,omitempty"`
}

// Trace is who is where, and what they get, by cycle.
type Trace struct {
	Strategy  string      `json:"strategy"`
	Part      string      `json:"part"`
	States    []string    `json:"states"`
	Occupancy [][]float64 `json:"occupancy"` // by k and state
	Amounts   []Series    `json:"amounts"`
}

// Series is what is counted of an outcome at each k.
type Series struct {
	Outcome      string    `json:"outcome"`
	Value        []float64 `json:"value"`
	Undiscounted []float64 `json:"undiscounted"`
}

// Run runs the base case.
func (c *Compiled) Run() (*Result, error) {
	b := c.newBlock(1)
	b.base()
	r := &Result{Model: c.model.ID, Title: c.model.Title, RunID: c.runID("run"), Engine: Version, Scenario: c.options.Scenario, Conventions: c.Conventions(), Problems: c.problems}
	for _, s := range c.options.Set {
		if r.Set == nil {
			r.Set = map[string]string{}
		}
		r.Set[s.Name] = s.Value.Source
	}
	b.watch = &watch{result: r, at: map[[2]string]int{}}
	if err := b.run(); err != nil {
		return nil, err
	}
	for s := range c.strategies {
		r.Strategies = append(r.Strategies, c.strategyResult(b, s))
	}
	if c.budgeted != nil {
		r.Budget = c.budgeted.impact(b)
	}
	slices.SortStableFunc(r.Traces, func(a, b Trace) int { return c.order(a.Strategy) - c.order(b.Strategy) })
	return r, nil
}

func (c *Compiled) strategyResult(b *block, s int) StrategyResult {
	r := StrategyResult{Name: c.strategies[s].Name, Label: c.strategies[s].Label}
	for o, outcome := range c.outcomes {
		value, plain := b.out[s][2*o][0], b.out[s][2*o+1][0]
		switch outcome.Name {
		case costName:
			r.Cost, r.Undiscounted.Cost = value, plain
		case effectName:
			r.Effect, r.Undiscounted.Effect = value, plain
		case lifeYears:
			r.LifeYears = &plain
		default:
			r.Outcomes = append(r.Outcomes, Total{outcome.Name, outcome.Unit, outcome.PartOf, value, plain})
		}
	}
	for _, e := range c.strategies[s].ends {
		end := End{Path: e.path, Probability: b.frame.At(e.share, 0), Cost: b.frame.At(e.given[0], 0), Effect: b.frame.At(e.given[1], 0)}
		for o, outcome := range c.outcomes[2:] {
			if v := b.frame.At(e.given[o+2], 0); outcome.Name != lifeYears {
				end.Outcomes = append(end.Outcomes, Total{outcome.Name, outcome.Unit, outcome.PartOf, v, v})
			}
		}
		r.Ends = append(r.Ends, end)
	}
	return r
}

func (c *Compiled) order(name string) int {
	return slices.IndexFunc(c.strategies, func(s *strategy) bool { return s.Name == name })
}

// watch writes down what happens in each cycle of a run.
type watch struct {
	result *Result
	at     map[[2]string]int // traces by strategy and part
	before [][]float64       // what was counted until now, by strategy and measure
}

// start remembers what was counted before a part.
func (w *watch) start(b *block) {
	w.before = w.before[:0]
	for s := range b.out {
		w.before = append(w.before, nil)
		for m := range b.out[s] {
			w.before[s] = append(w.before[s], b.out[s][m][0])
		}
	}
}

// trace is that of a strategy in a part.
func (w *watch) trace(b *block, part string, states []string, strategy int) *Trace {
	key := [2]string{b.c.strategies[strategy].Name, part}
	i, ok := w.at[key]
	if !ok {
		i = len(w.result.Traces)
		w.at[key] = i
		t := Trace{Strategy: key[0], Part: part, States: states}
		for _, o := range b.c.outcomes {
			t.Amounts = append(t.Amounts, Series{Outcome: o.Name})
		}
		w.result.Traces = append(w.result.Traces, t)
	}
	return &w.result.Traces[i]
}

// occupancy adds who is where after k cycles. There may be several ways into a part.
func (w *watch) occupancy(t *Trace, k int, who []float64) {
	if k == len(t.Occupancy) {
		t.Occupancy = append(t.Occupancy, make([]float64, len(who)))
	}
	for s, v := range who {
		t.Occupancy[k][s] += v
	}
}

// counted writes what has come to a strategy's sums since it was asked last.
func (w *watch) counted(b *block, t *Trace, strategy int) {
	for o := range b.c.outcomes {
		x, y := b.out[strategy][2*o][0], b.out[strategy][2*o+1][0]
		t.Amounts[o].Value = append(t.Amounts[o].Value, x-w.before[strategy][2*o])
		t.Amounts[o].Undiscounted = append(t.Amounts[o].Undiscounted, y-w.before[strategy][2*o+1])
		w.before[strategy][2*o], w.before[strategy][2*o+1] = x, y
	}
}

// JSON writes the result, the same bytes for the same result.
func (r *Result) JSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	return e.Encode(r)
}

// People is what a simulation of individuals tells beside means, of what they came to in a part.
type People struct {
	Strategy   string  `json:"strategy"`
	Part       string  `json:"part"`
	People     int     `json:"people"`
	SDCost     float64 `json:"sd_cost"` // between people
	SDEffect   float64 `json:"sd_effect"`
	Covariance float64 `json:"covariance"`
	SECost     float64 `json:"se_cost"` // of the mean, by the number of people followed
	SEEffect   float64 `json:"se_effect"`

	share float64
	cost  moments
	eff   moments
}

// spread adds the moments of those who come a way into a part.
func (w *watch) spread(b *block, part string, people int, share float64, tallies []tally, total []moments) {
	for s, strategy := range b.c.strategies {
		var cost, effect moments
		some := false
		for t, of := range tallies {
			if of.strategy == s && of.measure == 0 {
				cost, some = total[t], true
			}
			if of.strategy == s && of.measure == 2 {
				effect, some = total[t], true
			}
		}
		if !some {
			continue
		}
		i := slices.IndexFunc(w.result.People, func(p People) bool { return p.Strategy == strategy.Name && p.Part == part })
		if i < 0 {
			i = len(w.result.People)
			w.result.People = append(w.result.People, People{Strategy: strategy.Name, Part: part, People: people})
		}
		w.result.People[i].add(share, people, cost, effect)
	}
}

func (p *People) add(share float64, people int, cost, effect moments) {
	n := float64(people)
	for _, x := range []struct {
		to   *moments
		from moments
	}{{&p.cost, cost}, {&p.eff, effect}} {
		x.to.sum += share * x.from.sum / n
		x.to.squares += share * x.from.squares / n
		x.to.cross += share * x.from.cross / n
	}
	p.share += share
	if p.share <= 0 {
		return
	}
	mc, me := p.cost.sum/p.share, p.eff.sum/p.share
	fit := n / max(1, n-1)
	p.SDCost = math.Sqrt(max(0, p.cost.squares/p.share-mc*mc) * fit)
	p.SDEffect = math.Sqrt(max(0, p.eff.squares/p.share-me*me) * fit)
	p.Covariance = (p.cost.cross/p.share - mc*me) * fit
	p.SECost, p.SEEffect = p.SDCost/math.Sqrt(n), p.SDEffect/math.Sqrt(n)
}
