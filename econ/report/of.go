package report

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/samverk/samverk/econ"
	"github.com/samverk/samverk/econ/compare"
	"github.com/samverk/samverk/econ/formula"
)

// Options say what to ask of a model. Zeros stand for what the model says.
type Options struct {
	Variant    econ.Options // scenario, values and conventions
	Strategy   string       // of interest; the best but the comparator, if not given
	Comparator string       // the first, if not given
	WTP        float64      // the price of interest; the model's first
	Most       float64      // the end of the range of prices; twice the highest
	Draws      int
	Seed       uint64
	Workers    int
	Groups     [][]string // parameters whose information is valued together, beside each by itself
	Population *compare.Population
	Study      *compare.Study
	Goal       *compare.Goal // Strategy and Comparator are those of the report, if not given
	Regions    []compare.Region
}

// Of runs all that a report tells: the base case, the probabilistic analysis, one value at a time, where the answer turns, the model's scenarios, and
// the same model under every convention.
func Of(m *econ.Model, o Options) (*Run, error) {
	variant := o.Variant
	for _, p := range m.Parameters {
		variant.Vary = append(variant.Vary, p.Name)
	}
	compiled, err := econ.Compile(m, variant)
	if err != nil {
		return nil, err
	}
	result, err := compiled.Run()
	if err != nil {
		return nil, err
	}
	r := &Run{Format: Format, ID: result.RunID, Engine: result.Engine, Model: about(m), Traces: traces(m, result)}
	r.Model.Scenario = o.Variant.Scenario
	for _, f := range compiled.Conventions() {
		r.Conventions = append(r.Conventions, Fact{f.Name, f.Value})
	}
	for _, p := range result.Problems.Warnings() {
		r.Warnings = append(r.Warnings, p.String())
	}
	for _, s := range result.Strategies {
		r.Strategies = append(r.Strategies, strategy(s))
	}
	points := pointsOf(result.Strategies)
	if r.Frontier, err = compare.Frontier(points); err != nil {
		return nil, err
	}
	if r.Question, err = ask(m, points, o); err != nil {
		return nil, err
	}
	r.parameters(m, o.Variant)
	if err := r.probabilistic(m, compiled, o); err != nil {
		return nil, err
	}
	if len(points) > 1 {
		dear := slices.ContainsFunc(m.Parts, func(p econ.Part) bool { return p.Kind == "individuals" })
		if err := r.oneWay(compiled, dear); err != nil {
			return nil, err
		}
	}
	return r, cmp.Or(r.scenarios(m, o), r.everyConvention(m, o))
}

func about(m *econ.Model) Model {
	out := Model{ID: m.ID, Title: m.Title, Language: m.Language, Description: m.Description, Illustrative: m.Illustrative, Currency: m.Currency, PriceYear: m.PriceYear, EffectUnit: m.EffectUnit,
		Perspective: m.Perspective, Cycles: m.Conventions.Cycles.Source, CycleLength: m.Conventions.CycleLength.Source, Statements: map[int]string{}}
	var parts []string
	for _, p := range m.Parts {
		part := cmp.Or(p.Label, p.Name) + " (" + p.Kind
		for i, s := range p.States {
			part += []string{": ", ", "}[min(i, 1)] + cmp.Or(s.Label, s.Name)
		}
		parts = append(parts, part+")")
	}
	out.Structure = strings.Join(parts, " → ") + "."
	for _, s := range m.Source {
		out.Source = append(out.Source, Fact{s.Name, s.Text})
	}
	for _, n := range m.Reporting {
		out.Statements[slices.Index(econ.Reporting, n.Name)+1] = n.Text
	}
	return out
}

func strategy(s econ.StrategyResult) Strategy {
	out := Strategy{Name: s.Name, Label: s.Label, Cost: s.Cost, Effect: s.Effect, LifeYears: s.LifeYears, UndiscountedCost: &s.Undiscounted.Cost, UndiscountedEffect: &s.Undiscounted.Effect}
	for _, o := range s.Outcomes {
		out.Other = append(out.Other, Outcome{o.Name, o.Unit, o.Value})
	}
	return out
}

func pointsOf(list []econ.StrategyResult) []compare.Point {
	out := make([]compare.Point, len(list))
	for i, s := range list {
		out[i] = compare.Point{Name: s.Name, Cost: s.Cost, Effect: s.Effect}
	}
	return out
}

// ask completes the question.
func ask(m *econ.Model, points []compare.Point, o Options) (Question, error) {
	q := Question{Question: compare.Question{Strategy: o.Strategy, Comparator: cmp.Or(o.Comparator, points[0].Name), WTP: o.WTP}}
	if q.Question.WTP == 0 {
		if len(m.WTP) == 0 {
			return q, errors.New("the model names no willingness to pay, and none is given")
		}
		q.Question.WTP = m.WTP[0]
	}
	if q.Strategy == "" {
		for _, p := range worth(points, q.Comparator) {
			if p.Name != q.Comparator && (q.Strategy == "" || p.NetMonetaryBenefit(q.Question.WTP) > best(points, q.Strategy).NetMonetaryBenefit(q.Question.WTP)) {
				q.Strategy = p.Name
			}
		}
		q.Strategy = cmp.Or(q.Strategy, q.Comparator)
	}
	most := o.Most
	if most == 0 {
		most = 2 * max(q.Question.WTP, slices.Max(append([]float64{0}, m.WTP...)))
	}
	q.WTP = compare.Range(0, most, 101)
	if _, found := slices.BinarySearch(q.WTP, q.Question.WTP); !found {
		q.WTP = append(q.WTP, q.Question.WTP)
		slices.Sort(q.WTP)
	}
	_, err := q.Answer(points)
	return q, err
}

// worth gives the strategies on the frontier, or all, if the comparator is alone there.
func worth(points []compare.Point, comparator string) []compare.Point {
	standings, err := compare.Frontier(points)
	if err != nil {
		return points
	}
	var out []compare.Point
	for _, s := range standings {
		if s.Status == compare.Efficient && s.Name != comparator {
			out = append(out, s.Point)
		}
	}
	if len(out) == 0 {
		return points
	}
	return out
}

func best(points []compare.Point, name string) compare.Point {
	return points[slices.IndexFunc(points, func(p compare.Point) bool { return p.Name == name })]
}

// traces puts occupancy over years.
func traces(m *econ.Model, r *econ.Result) []Trace {
	var out []Trace
	for _, t := range r.Traces {
		i := slices.IndexFunc(m.Parts, func(p econ.Part) bool { return p.Name == t.Part })
		if i < 0 || len(t.Occupancy) < 2 {
			continue
		}
		length := m.Conventions.CycleLength
		if m.Parts[i].CycleLength.Source != "" {
			length = m.Parts[i].CycleLength
		}
		years, err := formula.Value(length)
		if err != nil {
			continue
		}
		trace := Trace{Strategy: t.Strategy, Part: t.Part, Share: make([][]float64, len(t.States))}
		for s, name := range t.States {
			trace.States = append(trace.States, cmp.Or(m.Parts[i].States[s].Label, name))
			for _, row := range t.Occupancy {
				trace.Share[s] = append(trace.Share[s], row[s])
			}
		}
		for k := range t.Occupancy {
			trace.Years = append(trace.Years, float64(k)*years)
		}
		out = append(out, trace)
	}
	return out
}

// parameters lists what went in: a variant's values, where it has others.
func (r *Run) parameters(m *econ.Model, o econ.Options) {
	var set []econ.Setting
	if i := slices.IndexFunc(m.Scenarios, func(s econ.Scenario) bool { return s.Name == o.Scenario }); i >= 0 {
		set = append(set, m.Scenarios[i].Set...)
	}
	set = append(set, o.Set...)
	for _, p := range m.Parameters {
		for _, s := range set {
			if s.Name == p.Name {
				p.Value = s.Value
			}
		}
		out := Parameter{Name: p.Name, Label: p.Label, Unit: p.Unit, Source: p.Source, Low: Number(p.Low), High: Number(p.High)}
		if v := Number(p.Value); v != nil {
			out.Value = *v
		}
		if p.Distribution.Family != "" {
			var arguments []string
			for _, a := range p.Distribution.Arguments {
				arguments = append(arguments, a.Name+" "+a.Value.Source)
			}
			out.Distribution = p.Distribution.Family + " (" + strings.Join(arguments, ", ") + ")"
		}
		r.Parameters = append(r.Parameters, out)
	}
}

// Number is the value of a text that holds a number, or a formula of numbers; nil if it holds none.
func Number(text econ.Text) *float64 {
	if text.Source == "" {
		return nil
	}
	v, err := formula.Value(text)
	if err != nil {
		return nil
	}
	return &v
}

// probabilistic runs the draws, where something is uncertain.
func (r *Run) probabilistic(m *econ.Model, c *econ.Compiled, o Options) error {
	uncertain := m.PSA != nil && m.PSA.Stored != ""
	for _, p := range m.Parameters {
		uncertain = uncertain || p.Distribution.Family != ""
	}
	if !uncertain {
		return nil
	}
	sample, err := c.PSA(econ.PSAOptions{Draws: o.Draws, Seed: o.Seed, Workers: o.Workers})
	if err != nil {
		return err
	}
	outcomes := compare.Outcomes{Strategies: sample.Strategies, Cost: sample.Cost(), Effect: sample.Effect()}
	names, values := sample.Parameters()
	p := compare.Params{Names: names, Values: values}
	groups := append(p.Each(), o.Groups...)
	if outcomes.Draws() < 100 {
		groups = nil // too few for a regression
	}
	r.Seed, r.ID = sample.Seed, sample.RunID
	for _, w := range sample.Problems.Warnings() {
		if !slices.Contains(r.Warnings, w.String()) {
			r.Warnings = append(r.Warnings, w.String())
		}
	}
	if err := r.Analyse(outcomes, p, groups); err != nil {
		return err
	}
	r.reaches(p)
	r.PSA.Population = o.Population
	if o.Population != nil {
		if err := o.Population.Check(); err != nil {
			return err
		}
	}
	if o.Study != nil {
		s, err := compare.EVSI(outcomes, p, *o.Study, []float64{r.Question.Question.WTP})
		if err != nil {
			return err
		}
		r.PSA.Sample = &s
	}
	if o.Goal == nil {
		return nil
	}
	goal := *o.Goal
	goal.Strategy, goal.Comparator, goal.WTP = cmp.Or(goal.Strategy, r.Question.Strategy), cmp.Or(goal.Comparator, r.Question.Comparator), cmp.Or(goal.WTP, r.Question.Question.WTP)
	gaps, err := compare.Gaps(outcomes, goal, o.Regions)
	if err != nil {
		return err
	}
	r.Equal = &Equal{goal, gaps}
	return nil
}

// reaches gives a parameter without low and high those of its draws.
func (r *Run) reaches(p compare.Params) {
	for i := range r.Parameters {
		if k := slices.Index(p.Names, r.Parameters[i].Name); k >= 0 && (r.Parameters[i].Low == nil || r.Parameters[i].High == nil) {
			s := compare.Summarise(p.Values[k])
			r.Parameters[i].Low, r.Parameters[i].High = &s.Low, &s.High
		}
	}
}

// oneWay changes one value at a time, and looks for where the answer turns, and at two together. Not where each run is dear: of individuals, one by one.
func (r *Run) oneWay(c *econ.Compiled, dear bool) error {
	probe := c.Probe()
	run := func(set map[string]float64) ([]compare.Point, error) {
		s, err := probe.At(set)
		return pointsOf(s), err
	}
	var reaches []compare.Reach
	for _, p := range r.Parameters {
		if p.Low != nil && p.High != nil && *p.Low < *p.High {
			reaches = append(reaches, compare.Reach{Name: p.Name, Label: p.Label, Unit: p.Unit, Base: p.Value, Low: *p.Low, High: *p.High})
		}
	}
	if len(reaches) == 0 {
		return nil
	}
	blown, err := compare.Tornado(run, r.Question.Question, reaches)
	if err != nil {
		return err
	}
	r.Tornado = &blown
	if dear {
		return nil
	}
	for _, b := range blown.Bars {
		at, err := compare.Threshold(run, r.Question.Question, b.Reach)
		if err != nil {
			return err
		}
		r.Thresholds = append(r.Thresholds, Turn{b.Reach, at})
	}
	if len(blown.Bars) > 1 {
		grid, err := compare.TwoWay(run, r.Question.Question, blown.Bars[0].Reach, blown.Bars[1].Reach, 7)
		if err != nil {
			r.Warnings = append(r.Warnings, "two values at a time: "+err.Error()) // ends that go by themselves needn't go together
			return nil
		}
		r.TwoWay = &grid
	}
	return nil
}

// scenarios runs the model's own.
func (r *Run) scenarios(m *econ.Model, o Options) error {
	for _, s := range m.Scenarios {
		told, err := r.variant(m, econ.Options{Scenario: s.Name, Set: o.Variant.Set})
		if err != nil {
			return fmt.Errorf("scenario %s: %w", s.Name, err)
		}
		told.Name, told.Label = s.Name, s.Label
		for _, set := range s.Set {
			told.Changes = append(told.Changes, Fact{set.Name, set.Value.Source})
		}
		r.Scenarios = append(r.Scenarios, told)
	}
	return nil
}

func (r *Run) variant(m *econ.Model, o econ.Options) (Scenario, error) {
	c, err := econ.Compile(m, o)
	if err != nil {
		return Scenario{}, err
	}
	result, err := c.Run()
	if err != nil {
		return Scenario{}, err
	}
	answer, err := r.Question.Answer(pointsOf(result.Strategies))
	return Scenario{Answer: answer}, err
}

// everyConvention runs the same model with each within-cycle correction and each authority's rates. What a model can't be counted by is left out,
// and its name says why.
func (r *Run) everyConvention(m *econ.Model, o Options) error {
	timed := slices.ContainsFunc(m.Parts, func(p econ.Part) bool { return p.Kind != "tree" })
	if !timed {
		return nil
	}
	add := func(name string, c econ.Conventions) {
		told, err := r.variant(m, econ.Options{Scenario: o.Variant.Scenario, Set: o.Variant.Set, Conventions: c})
		told.Name = name
		if err != nil {
			told.Refused = err.Error()
		}
		r.Every = append(r.Every, told)
	}
	for _, correction := range econ.Corrections {
		if correction != econ.None {
			add("within_cycle "+correction, econ.Conventions{WithinCycle: correction})
			continue
		}
		for _, count := range []string{"start", "end", "both"} {
			add("within_cycle none, count "+count, econ.Conventions{WithinCycle: econ.None, Count: count})
		}
	}
	for _, p := range econ.Presets {
		add("discount "+p.Name, econ.Conventions{Discount: econ.Discount{Preset: p.Name}})
	}
	return nil
}
