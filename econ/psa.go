package econ

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/samverk/samverk/econ/draw"
	"github.com/samverk/samverk/econ/formula"
)

// PSAOptions say how a probabilistic analysis is made. Zeros stand for what the model says.
type PSAOptions struct {
	Draws   int
	Seed    uint64
	Stored  string // a table with draws of parameters, instead of the model's
	Workers int    // as many as there are processors, if 0; the numbers don't depend on it
}

// Limits and defaults of a probabilistic analysis.
const (
	defaultDraws = 10_000
	maxDraws     = 10_000_000
	maxSums      = 64 << 20 // numbers that are kept: 512 MiB
)

// Sample is what a probabilistic analysis gives: every draw's outcomes, in the order of the draws.
type Sample struct {
	RunID      string
	Seed       uint64
	Strategies []string
	Outcomes   []string      // cost, effect, and what the model adds
	Values     [][][]float64 // by outcome, strategy and draw
	Problems   Problems      // warnings
	compiled   *Compiled
	sampler    *draw.Sampler // nil for points
	draws      int
	budget     [][]float64                     // by region, year, and with or without the change
	inputs     []formula.Reg                   // what fill writes, in its order
	fill       func(dst [][]float64, from int) // the values of the inputs, from a draw on
}

// Draws is how many there are.
func (s *Sample) Draws() int { return s.draws }

// Cost is by strategy and draw.
func (s *Sample) Cost() [][]float64 { return s.Values[0] }

// Effect is by strategy and draw.
func (s *Sample) Effect() [][]float64 { return s.Values[1] }

// Parameters gives the draws of the uncertain parameters, drawn again: they aren't kept.
func (s *Sample) Parameters() (names []string, values [][]float64) {
	if s.sampler == nil {
		return nil, nil
	}
	names = s.sampler.Names()
	values = rows(len(names), s.draws)
	part := make([][]float64, len(names))
	for from := 0; from < s.draws; from += 4096 {
		for i := range values {
			part[i] = values[i][from:min(from+4096, s.draws)]
		}
		s.sampler.Fill(part, from)
	}
	return names, values
}

// PSA runs the probabilistic analysis. All strategies see the same draws.
func (c *Compiled) PSA(o PSAOptions) (*Sample, error) {
	options := c.options
	options.stored = o.Stored
	c, err := compile(c.model, options, true)
	if err != nil {
		return nil, err
	}
	if err := c.settle(&o); err != nil {
		return nil, err
	}
	sampler, err := c.sampler(o.Seed)
	if err != nil {
		return nil, err
	}
	if limit := sampler.Limit(); limit > 0 && o.Draws > limit {
		return nil, Problems{{Field: "psa.draws", Says: fmt.Sprintf("%d draws are asked for, and %d are stored", o.Draws, limit), Hint: "ask for fewer, or store more"}}
	}
	s := c.sampled(o.Draws)
	s.RunID = c.runID("psa", fmt.Sprint(o.Seed), fmt.Sprint(o.Draws), o.Stored)
	s.Seed, s.sampler, s.fill = o.Seed, sampler, sampler.Fill
	for _, name := range sampler.Names() {
		s.inputs = append(s.inputs, c.params[c.index(name)].reg)
	}
	if err := s.run(o.Workers); err != nil {
		return nil, err
	}
	s.stable()
	return s, nil
}

// sampled is a sample to be filled.
func (c *Compiled) sampled(draws int) *Sample {
	s := &Sample{compiled: c, draws: draws, Problems: slices.Clone(c.problems)}
	for _, x := range c.strategies {
		s.Strategies = append(s.Strategies, x.Name)
	}
	for _, m := range c.measures {
		if m.year > 0 {
			break // kept as a budget
		}
		s.Outcomes = append(s.Outcomes, c.outcomes[m.outcome].Name)
		s.Values = append(s.Values, rows(len(c.strategies), draws))
	}
	if x := c.budgeted; x != nil {
		s.budget = rows(2*len(x.regions)*x.Years, draws)
	}
	return s
}

// At runs the model at given points instead of draws: values has, for each of names, a number for each point. All other
// parameters have the values of the base case. It serves sensitivity analyses, and the inner loop of nested ones.
func (c *Compiled) At(names []string, values [][]float64) (*Sample, error) {
	if len(names) == 0 || len(names) != len(values) || len(values[0]) == 0 {
		return nil, Problems{{Says: "points have a name and a row of numbers for each parameter"}}
	}
	options := c.options
	options.Vary = append(slices.Clone(options.Vary), names...)
	c, err := compile(c.model, options, true)
	if err != nil {
		return nil, err
	}
	s := c.sampled(len(values[0]))
	for i, name := range names {
		if len(values[i]) != s.draws {
			return nil, Problems{{Says: fmt.Sprintf("%s has %d points, and %s has %d", name, len(values[i]), names[0], s.draws)}}
		}
		s.inputs = append(s.inputs, c.params[c.index(name)].reg)
	}
	s.fill = func(dst [][]float64, from int) {
		for i := range dst {
			copy(dst[i], values[i][from:])
		}
	}
	return s, s.run(1)
}

// settle completes the options by the model's, and refuses what can't be held.
func (c *Compiled) settle(o *PSAOptions) error {
	if p := c.model.PSA; p != nil {
		if o.Draws == 0 {
			o.Draws = p.Draws
		}
		if o.Seed == 0 {
			o.Seed = uint64(p.Seed)
		}
	}
	if data := c.storedDraws(); data != nil && (o.Draws == 0) {
		o.Draws = data.rows
	}
	if o.Draws == 0 {
		o.Draws = defaultDraws
	}
	if o.Workers <= 0 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	if o.Draws < 1 || o.Draws > maxDraws || o.Draws*len(c.strategies)*len(c.measures) > maxSums {
		return Problems{{Field: "psa.draws", Says: fmt.Sprintf("%d draws of %d strategies and %d outcomes can't be held", o.Draws, len(c.strategies), len(c.measures)), Hint: "ask for fewer draws"}}
	}
	return nil
}

// sampler makes the uncertain parameters ready to be drawn.
func (c *Compiled) sampler(seed uint64) (*draw.Sampler, error) {
	var problems Problems
	list := c.drawn(&problems)
	if err := problems.refused(); err != nil {
		return nil, err
	}
	var ties []draw.Correlation
	if c.model.PSA != nil {
		for _, x := range c.model.PSA.Correlations {
			if len(x.Between) != 2 {
				problems.add(x.At, "psa.correlations", "as between: [a, b]", "a correlation is between two parameters")
				continue
			}
			ties = append(ties, draw.Correlation{A: x.Between[0], B: x.Between[1], Rho: x.R, Rank: x.Rank})
		}
	}
	s, err := draw.NewSampler(seed, list, ties...)
	if err != nil {
		at, says, hint := Pos{}, err.Error(), ""
		if c.model.PSA != nil {
			at = c.model.PSA.At
		}
		if e := (*draw.Error)(nil); errors.As(err, &e) {
			hint = e.Hint
			says = e.Family + " " + e.Arg + " " + e.Says
		}
		problems.add(at, "psa", hint, "%s", says)
	}
	return s, problems.refused()
}

// drawn lists the uncertain parameters as package draw has them. Each is checked by itself, so that an error has its place.
func (c *Compiled) drawn(problems *Problems) []draw.Parameter {
	var list []draw.Parameter
	groups := map[string]int{}
	for i := range c.params {
		p := &c.params[i]
		field := "parameters." + p.Name + ".distribution"
		d, group, err := c.distribution(p, field)
		if err != nil {
			*problems = append(*problems, *err)
			continue
		}
		if d.Family == "" {
			continue
		}
		if at, joined := groups[group]; group != "" && joined {
			list[at].Names = append(list[at].Names, p.Name)
			list[at].Values = append(list[at].Values, d.Values...)
			continue
		}
		if group != "" {
			groups[group] = len(list)
		}
		list = append(list, draw.Parameter{Names: []string{p.Name}, Distribution: d})
	}
	for i := range list {
		p := &list[i]
		if p.Family == "dirichlet" {
			continue // its counts are together already
		}
		p.Values = byRow(p.Values, len(p.Names))
	}
	for _, p := range list {
		if err := p.Check(); err != nil {
			at := c.params[c.index(p.Names[0])].Distribution.At
			e := (*draw.Error)(nil)
			if errors.As(err, &e) {
				problems.add(at, "parameters."+p.Names[0]+".distribution", e.Hint, "%s %s %s", e.Family, e.Arg, e.Says)
			} else {
				problems.add(at, "parameters."+p.Names[0]+".distribution", "", "%s", err)
			}
		}
	}
	return list
}

func (c *Compiled) index(name string) int {
	return slices.IndexFunc(c.params, func(p param) bool { return p.Name == name })
}

// byRow turns columns behind each other into rows behind each other.
func byRow(columns []float64, width int) []float64 {
	if width == 1 {
		return columns
	}
	n := len(columns) / width
	out := make([]float64, len(columns))
	for c := range width {
		for r := range n {
			out[r*width+c] = columns[c*n+r]
		}
	}
	return out
}

// distribution reads a parameter's distribution, and the group it is drawn with.
func (c *Compiled) distribution(p *param, field string) (d draw.Distribution, group string, problem *Problem) {
	wrong := func(at Pos, hint, format string, args ...any) (draw.Distribution, string, *Problem) {
		return draw.Distribution{}, "", &Problem{File: at.File, Line: at.Line, Column: at.Column, Field: field, Says: fmt.Sprintf(format, args...), Hint: hint}
	}
	given := p.Distribution
	if data := c.storedDraws(); data != nil {
		if column, ok := data.column(p.Name); ok {
			return draw.Distribution{Family: "stored", Values: column}, "stored draws", nil
		}
	}
	if given.Family == "" {
		return d, "", nil
	}
	d = draw.Distribution{Family: given.Family, Args: map[string]float64{}}
	table, column := "", p.Name
	for _, a := range given.Arguments {
		switch a.Name {
		case "table":
			table = a.Value.Source
			continue
		case "column":
			column = a.Value.Source
			continue
		case "group":
			group = "group " + a.Value.Source
			continue
		}
		v, err := formula.Value(a.Value)
		if err != nil {
			var e *formula.Error
			if errors.As(err, &e) {
				return wrong(e.At, e.Hint, "%s: %s", a.Name, e.Says)
			}
			return wrong(a.Value.At, "", "%s: %v", a.Name, err)
		}
		if given.Family == "dirichlet" && a.Name == "count" {
			d.Values = []float64{v}
			continue
		}
		d.Args[a.Name] = v
	}
	switch given.Family {
	case "dirichlet":
		if group == "" || d.Values == nil {
			return wrong(given.At, "as {family: dirichlet, group: from_A, count: 1251}, for each parameter of the group", "a dirichlet has a group and a count")
		}
	case "stored", "bootstrap", "empirical":
		data := c.model.data[table]
		if data == nil {
			return wrong(given.At, "as {family: "+given.Family+", table: NAME, column: NAME}", "the table %q isn't among the tables", table)
		}
		values, ok := data.column(column)
		if !ok || slices.ContainsFunc(values, math.IsNaN) {
			return wrong(given.At, nearest(column, data.heads), "the table %s has no full column %q of numbers", table, column)
		}
		d.Values, group = values, given.Family+" "+table
	}
	return d, group, nil
}

// run shares the blocks among workers. Each writes by the number of the draw, so who does what leaves no trace.
func (s *Sample) run(workers int) error {
	blocks := (s.draws + lanes - 1) / lanes
	var next atomic.Int64
	var stop atomic.Bool
	var mu sync.Mutex
	var first error
	where := blocks
	var wait sync.WaitGroup
	for range min(workers, blocks) {
		wait.Go(func() {
			b := s.compiled.newBlock(lanes)
			b.seed, b.points = s.Seed, s.sampler == nil
			inputs := make([][]float64, len(s.inputs))
			for !stop.Load() {
				i := int(next.Add(1)) - 1
				if i >= blocks {
					return
				}
				if err := s.block(b, inputs, i*lanes); err != nil {
					mu.Lock()
					if i < where {
						first, where = err, i
					}
					mu.Unlock()
					stop.Store(true)
				}
			}
		})
	}
	wait.Wait()
	return first
}

func (s *Sample) block(b *block, inputs [][]float64, from int) error {
	if n := min(lanes, s.draws-from); n != b.frame.Lanes() {
		b.frame.Resize(n)
	}
	b.base()
	b.first = from
	for i, r := range s.inputs {
		inputs[i] = b.frame.Lane(r)
	}
	s.fill(inputs, from)
	if err := b.run(); err != nil {
		return err
	}
	for m := range s.Values {
		for x := range s.Values[m] {
			copy(s.Values[m][x][from:from+b.frame.Lanes()], b.out[x][m])
		}
	}
	for cell := range s.budget {
		copy(s.budget[cell][from:from+b.frame.Lanes()], b.budget[cell])
	}
	return nil
}

// stable warns where more draws would be needed to tell how strategies differ.
func (s *Sample) stable() {
	if len(s.compiled.params) == 0 || s.draws < 2 {
		return
	}
	for m, outcome := range s.Outcomes[:2] {
		for x := 1; x < len(s.Strategies); x++ {
			mean, sd := difference(s.Values[m][x], s.Values[m][0])
			se := sd / math.Sqrt(float64(s.draws))
			if se <= 0.1*math.Abs(mean) {
				continue
			}
			need := float64(s.draws) * math.Pow(se/(0.05*math.Abs(mean)), 2)
			hint := "the difference may be nothing"
			if need < 1e6 {
				hint = fmt.Sprintf("ask for %.0f draws", math.Ceil(need/1000)*1000)
			}
			s.Problems.warn(Pos{}, "psa", hint, "after %d draws, the mean difference in %s between %s and %s is %.4g, with a standard error of %.2g",
				s.draws, outcome, s.Strategies[x], s.Strategies[0], mean, se)
		}
	}
}

func difference(a, b []float64) (mean, sd float64) {
	for i := range a {
		mean += a[i] - b[i]
	}
	mean /= float64(len(a))
	for i := range a {
		sd += (a[i] - b[i] - mean) * (a[i] - b[i] - mean)
	}
	return mean, math.Sqrt(sd / float64(len(a)-1))
}

// Spread is an outcome over the draws.
type Spread struct {
	Mean float64 `json:"mean"`
	SD   float64 `json:"sd"`
	Low  float64 `json:"low"`  // 2.5 % of the draws are below
	High float64 `json:"high"` // 2.5 % are above
}

// Summary is a sample in a few numbers.
type Summary struct {
	Model       string            `json:"model"`
	Title       string            `json:"title"`
	RunID       string            `json:"run_id"`
	Engine      string            `json:"engine"`
	Scenario    string            `json:"scenario,omitempty"`
	Seed        uint64            `json:"seed"`
	Draws       int               `json:"draws"`
	Conventions []Named           `json:"conventions"`
	Strategies  []StrategySummary `json:"strategies"`
	Budget      *BudgetImpact     `json:"budget_impact,omitempty"`
	Problems    Problems          `json:"problems,omitempty"`
}

// StrategySummary is a strategy over the draws. Cost and Effect are the means.
type StrategySummary struct {
	Name     string            `json:"name"`
	Label    string            `json:"label,omitempty"`
	Cost     float64           `json:"cost"`
	Effect   float64           `json:"effect"`
	Outcomes map[string]Spread `json:"outcomes"`
}

// Summary sums up.
func (s *Sample) Summary() *Summary {
	c := s.compiled
	r := &Summary{Model: c.model.ID, Title: c.model.Title, RunID: s.RunID, Engine: Version, Scenario: c.options.Scenario, Seed: s.Seed, Draws: s.draws, Conventions: c.Conventions(), Problems: s.Problems}
	for x := range c.strategies {
		one := StrategySummary{Name: c.strategies[x].Name, Label: c.strategies[x].Label, Outcomes: map[string]Spread{}}
		for m, name := range s.Outcomes {
			one.Outcomes[name] = spread(s.Values[m][x])
		}
		one.Cost, one.Effect = one.Outcomes[costName].Mean, one.Outcomes[effectName].Mean
		r.Strategies = append(r.Strategies, one)
	}
	r.Budget = s.BudgetImpact()
	return r
}

// JSON writes the summary, the same bytes for the same sample.
func (r *Summary) JSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	return e.Encode(r)
}

func spread(values []float64) Spread {
	sorted := slices.Sorted(slices.Values(values))
	s := Spread{Low: quantile(sorted, 0.025), High: quantile(sorted, 0.975)}
	for _, v := range values {
		s.Mean += v
	}
	s.Mean /= float64(len(values))
	for _, v := range values {
		s.SD += (v - s.Mean) * (v - s.Mean)
	}
	if len(values) > 1 {
		s.SD = math.Sqrt(s.SD / float64(len(values)-1))
	}
	return s
}

// quantile is linear between order statistics (type 7).
func quantile(sorted []float64, p float64) float64 {
	at := p * float64(len(sorted)-1)
	i := int(at)
	if i+1 >= len(sorted) {
		return sorted[len(sorted)-1]
	}
	return sorted[i] + (at-float64(i))*(sorted[i+1]-sorted[i])
}
