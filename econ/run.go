package econ

import (
	"encoding/json"
	"io"
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
	Traces      []Trace           `json:"traces,omitempty"`
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
}

// Trace is who is where, by cycle and state.
type Trace struct {
	Strategy  string      `json:"strategy"`
	Part      string      `json:"part"`
	States    []string    `json:"states"`
	Occupancy [][]float64 `json:"occupancy"`
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
	at := map[[2]string]int{}
	b.trace = func(part string, strategies []int, k int, who []float64) {
		for _, s := range strategies {
			key := [2]string{c.strategies[s].Name, part}
			i, ok := at[key]
			if !ok {
				i = len(r.Traces)
				at[key] = i
				r.Traces = append(r.Traces, Trace{Strategy: key[0], Part: part, States: c.stateNames(part)})
			}
			t := &r.Traces[i]
			if k < len(t.Occupancy) { // several ways into the part
				for j := range who {
					t.Occupancy[k][j] += who[j]
				}
				continue
			}
			t.Occupancy = append(t.Occupancy, append([]float64(nil), who...))
		}
	}
	if err := b.run(); err != nil {
		return nil, err
	}
	for s := range c.strategies {
		r.Strategies = append(r.Strategies, c.strategyResult(b, s))
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
		r.Ends = append(r.Ends, End{e.path, b.frame.At(e.share, 0)})
	}
	return r
}

func (c *Compiled) order(name string) int {
	return slices.IndexFunc(c.strategies, func(s *strategy) bool { return s.Name == name })
}

func (c *Compiled) stateNames(part string) (out []string) {
	for i := range c.model.Parts {
		if c.model.Parts[i].Name == part {
			return names(c.model.Parts[i].States, func(s State) string { return s.Name })
		}
	}
	return nil
}

// JSON writes the result, the same bytes for the same result.
func (r *Result) JSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	return e.Encode(r)
}
