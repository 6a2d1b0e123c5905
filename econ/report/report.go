package report

import (
	"encoding/json"
	"io"

	"github.com/samverk/samverk/econ/compare"
)

// Format is what a run's JSON says it is.
const Format = "samverk-economics/1"

// Run is a model's run and what followed from it. What wasn't asked for is nil or empty.
type Run struct {
	Format string `json:"format"`
	ID     string `json:"run_id"`
	Engine string `json:"engine"`
	Seed   uint64 `json:"seed,omitempty"`

	Model       Model              `json:"model"`
	Question    Question           `json:"question"`
	Strategies  []Strategy         `json:"strategies"`
	Conventions []Fact             `json:"conventions"`
	Parameters  []Parameter        `json:"parameters"`
	Frontier    []compare.Standing `json:"frontier"`
	Traces      []Trace            `json:"traces,omitempty"`

	PSA        *PSA           `json:"psa,omitempty"`
	Tornado    *compare.Blown `json:"tornado,omitempty"`
	Thresholds []Turn         `json:"thresholds,omitempty"`
	TwoWay     *compare.Grid  `json:"two_way,omitempty"` // the two that matter most
	Scenarios  []Scenario     `json:"scenarios,omitempty"`
	Every      []Scenario     `json:"conventions_side_by_side,omitempty"`
	Equal      *Equal         `json:"regions,omitempty"`
	Warnings   []string       `json:"warnings,omitempty"` // of the engine, in English
}

// Model is what is said of the model itself.
type Model struct {
	ID           string `json:"id"`
	Title        string `json:"title"`
	Language     string `json:"language,omitempty"` // of what people wrote
	Description  string `json:"description,omitempty"`
	Illustrative bool   `json:"illustrative,omitempty"`
	Currency     string `json:"currency"`
	PriceYear    int    `json:"price_year,omitempty"`
	EffectUnit   string `json:"effect_unit"`
	Perspective  string `json:"perspective,omitempty"`
	Structure    string `json:"structure,omitempty"` // its parts, in words
	Scenario     string `json:"scenario,omitempty"`
	Cycles       string `json:"cycles,omitempty"`
	CycleLength  string `json:"cycle_length,omitempty"` // years
	Source       []Fact `json:"source,omitempty"`
	// Statements answer items of CHEERS 2022, by number.
	Statements map[int]string `json:"statements,omitempty"`
}

// Question is which strategies the report compares, and at what price. Wtp is the price of interest, and that of a range of them the curves'.
type Question struct {
	compare.Question
	WTP []float64 `json:"wtp_range,omitempty"`
}

// Fact is a heading and its words.
type Fact struct {
	Name string `json:"name"`
	Text string `json:"text"`
}

// Strategy is what one costs and gives in the base case. Other outcomes by name.
type Strategy struct {
	Name               string    `json:"name"`
	Label              string    `json:"label,omitempty"`
	Cost               float64   `json:"cost"`
	Effect             float64   `json:"effect"`
	LifeYears          *float64  `json:"life_years,omitempty"`
	UndiscountedCost   *float64  `json:"undiscounted_cost,omitempty"`
	UndiscountedEffect *float64  `json:"undiscounted_effect,omitempty"`
	Other              []Outcome `json:"other,omitempty"`
}

// Outcome is one more outcome.
type Outcome struct {
	Name  string  `json:"name"`
	Unit  string  `json:"unit,omitempty"`
	Value float64 `json:"value"`
}

// Parameter is a value that went in.
type Parameter struct {
	Name         string   `json:"name"`
	Label        string   `json:"label,omitempty"`
	Unit         string   `json:"unit,omitempty"`
	Value        float64  `json:"value"`
	Low          *float64 `json:"low,omitempty"`
	High         *float64 `json:"high,omitempty"`
	Distribution string   `json:"distribution,omitempty"`
	Source       string   `json:"source,omitempty"`
}

// Trace is who is where, over time, under one strategy.
type Trace struct {
	Strategy string      `json:"strategy"`
	Part     string      `json:"part,omitempty"`
	States   []string    `json:"states"`
	Years    []float64   `json:"years"`
	Share    [][]float64 `json:"share"` // [state][time]
}

// PSA is the probabilistic analysis.
type PSA struct {
	Outcomes   compare.Outcomes    `json:"-"`
	Draws      int                 `json:"draws"`
	Parameters int                 `json:"parameters"`
	Summaries  []Spread            `json:"strategies"`
	Curves     compare.Curves      `json:"curves"`
	Plane      []compare.Cloud     `json:"plane"`
	Stability  compare.Stability   `json:"stability"`
	Partials   []compare.Partial   `json:"evppi,omitempty"` // at the price of interest, then over the range
	Population *compare.Population `json:"population,omitempty"`
	Sample     *compare.Sample     `json:"evsi,omitempty"` // at the price of interest
}

// Spread is a strategy's costs and effects over the draws.
type Spread struct {
	Name   string          `json:"name"`
	Cost   compare.Summary `json:"cost"`
	Effect compare.Summary `json:"effect"`
}

// Turn is where the answer turns, of one parameter.
type Turn struct {
	compare.Reach
	At []float64 `json:"at"`
}

// Scenario is what another set of assumptions gives.
type Scenario struct {
	Name    string         `json:"name"`
	Label   string         `json:"label,omitempty"`
	Changes []Fact         `json:"changes,omitempty"`
	Answer  compare.Answer `json:"answer"`
	Refused string         `json:"refused,omitempty"` // why the model can't be run so
}

// Equal is what unequal care costs.
type Equal struct {
	Goal    compare.Goal  `json:"goal"`
	Regions []compare.Gap `json:"regions"`
}

// Analyse fills a run's PSA from its draws: all that needs no more runs of the model. Groups are the parameters whose information is valued together.
func (r *Run) Analyse(o compare.Outcomes, p compare.Params, groups [][]string) error {
	price := r.Question.Question.WTP
	wtp := r.Question.WTP
	curves, err := o.Curves(wtp)
	if err != nil {
		return err
	}
	psa := &PSA{Outcomes: o, Draws: o.Draws(), Parameters: len(p.Names), Curves: curves}
	for s, name := range o.Strategies {
		psa.Summaries = append(psa.Summaries, Spread{name, compare.Summarise(o.Cost[s]), compare.Summarise(o.Effect[s])})
	}
	if psa.Plane, err = o.Plane(r.Question.Comparator); err != nil {
		return err
	}
	if psa.Stability, err = o.Stability(price); err != nil {
		return err
	}
	if len(groups) > 0 {
		// The price of interest first, then some of the range.
		prices := []float64{price}
		for i := 0; i < len(wtp); i += max((len(wtp)-1)/20, 1) {
			prices = append(prices, wtp[i])
		}
		if psa.Partials, err = compare.EVPPI(o, p, groups, prices); err != nil {
			return err
		}
	}
	r.PSA = psa
	return nil
}

// JSON writes the run, indented.
func JSON(w io.Writer, r *Run) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(r)
}

// label gives a strategy's words, or its name.
func (r *Run) label(name string) string {
	for _, s := range r.Strategies {
		if s.Name == name && s.Label != "" {
			return s.Label
		}
	}
	return name
}

// parameter gives a parameter's words, or its name.
func (r *Run) parameter(name string) string {
	for _, p := range r.Parameters {
		if p.Name == name && p.Label != "" {
			return p.Label
		}
	}
	return name
}
