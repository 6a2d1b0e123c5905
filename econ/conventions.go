package econ

import (
	_ "embed"
	"fmt"
	"math"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/samverk/samverk/econ/formula"
)

// Corrections within a cycle. n is the number of cycles, trace[k] who is where after k of them.
const (
	None            = "none"              // each counted state by itself
	HalfCycle       = "half-cycle"        // trace[0] and trace[n] count half
	LifeTableStart  = "life-table-start"  // the mean of a cycle's ends, discounted as at its start
	LifeTableMiddle = "life-table-middle" // … as at its middle
	LifeTableEnd    = "life-table-end"    // … as at its end
	Simpson         = "simpson"           // 1/3, 4/3, 2/3, 4/3 … 1/3, as textbooks have it
	Continuous      = "continuous"        // the integral over time; of survival curves and events
	SimpsonDARTH    = "simpson-darth"     // 1/3, 2/3, 4/3, 2/3 … 1/3: the inner weights the other way round, as a much-used tutorial published it
)

// Corrections are all of them.
var Corrections = []string{None, HalfCycle, LifeTableStart, LifeTableMiddle, LifeTableEnd, Simpson, SimpsonDARTH, Continuous}

var counts = []string{"start", "end", "both"}

// Rate is a rate a year that holds from a year on.
type Rate struct {
	From float64 `yaml:"from" json:"from_year"`
	Rate float64 `yaml:"rate" json:"rate"`
}

// Preset is an authority's rates.
type Preset struct {
	Name   string `yaml:"name" json:"name"`
	Cost   []Rate `yaml:"cost" json:"cost"`
	Effect []Rate `yaml:"effect" json:"effect"`
	Source string `yaml:"source" json:"source"`
}

//go:embed presets.yaml
var presetsYAML []byte

// Presets are the rates that can be named.
var Presets = func() (p []Preset) {
	if err := yaml.Unmarshal(presetsYAML, &p); err != nil {
		panic(err) // a file of ours
	}
	return p
}()

// factor is what an amount after some years is worth now.
func factor(rates []Rate, years float64) float64 {
	f := 1.0
	for i, r := range rates {
		until := math.Inf(1)
		if i+1 < len(rates) {
			until = rates[i+1].From
		}
		if years <= r.From && i > 0 {
			break
		}
		f *= math.Pow(1+r.Rate, -(min(years, until) - r.From))
	}
	return f
}

// weighing is how an outcome is counted over time.
type weighing struct {
	correction, count string
	rates             []Rate
	whole             bool
}

// weights gives, for each k from 0 to n, what trace[k] and trace[k-1] count for with the rewards of k.
func (w weighing) weights(n int, length float64) (at, before []float64) {
	at, before = make([]float64, n+1), make([]float64, n+1)
	for k := 0; k <= n; k++ {
		weight, exponent := 1.0, float64(k)
		switch w.correction {
		case None:
			if k == 0 && w.count == "end" || k == n && w.count == "start" {
				weight = 0
			}
		case HalfCycle:
			if k == 0 || k == n {
				weight = 0.5
			}
		case Continuous:
			weight = 0 // counted otherwise
		case LifeTableStart:
			exponent--
		case LifeTableMiddle:
			exponent -= 0.5
		case Simpson, SimpsonDARTH:
			weight = simpson(k, n, w.correction == SimpsonDARTH)
		}
		weight *= w.factor(exponent * length)
		if !strings.HasPrefix(w.correction, "life-table") {
			at[k] = weight
		} else if k > 0 {
			at[k], before[k] = weight/2, weight/2
		}
	}
	return at, before
}

func simpson(k, n int, swapped bool) float64 {
	switch {
	case k == 0 || k == n:
		return 1.0 / 3
	case (k%2 == 1) != swapped:
		return 4.0 / 3
	}
	return 2.0 / 3
}

func (w weighing) factor(years float64) float64 {
	if w.whole {
		years = math.Floor(years + 1e-9)
	}
	return factor(w.rates, years)
}

// over gives the conventions with what another says otherwise.
func (c Conventions) over(o Conventions) Conventions {
	set := func(to *string, v string) {
		if v != "" {
			*to = v
		}
	}
	text := func(to *Text, v Text) {
		if v.Source != "" {
			*to = v
		}
	}
	text(&c.CycleLength, o.CycleLength)
	text(&c.Cycles, o.Cycles)
	set(&c.WithinCycle, o.WithinCycle)
	text(&c.Horizon, o.Horizon)
	if o.WithinCycle != "" && o.WithinCycle != None {
		c.Count = ""
	}
	set(&c.Count, o.Count)
	set(&c.RewardsPer, o.RewardsPer)
	if o.Discount.Preset != "" {
		c.Discount = Discount{At: o.Discount.At}
	}
	set(&c.Discount.Preset, o.Discount.Preset)
	text(&c.Discount.Cost, o.Discount.Cost)
	text(&c.Discount.Effect, o.Discount.Effect)
	c.Discount.WholeYears = c.Discount.WholeYears || o.Discount.WholeYears
	return c
}

// weighing reads how an outcome is counted.
func (c *compiler) weighing(o Outcome) weighing {
	conv := c.conventions
	w := weighing{correction: conv.WithinCycle, count: conv.Count, whole: conv.Discount.WholeYears}
	at, path := conv.At, "conventions"
	if o.WithinCycle != "" {
		w.correction, w.count, at, path = o.WithinCycle, "", o.At, "outcomes."+o.Name
	}
	if o.Count != "" {
		w.count, at, path = o.Count, o.At, "outcomes."+o.Name
	}
	switch {
	case w.correction == "":
		c.problems.add(at, path+".within_cycle", "one of "+strings.Join(Corrections, ", "), "within_cycle is missing")
	case !slices.Contains(Corrections, w.correction):
		c.problems.add(at, path+".within_cycle", nearest(w.correction, Corrections), "there is no correction %q", w.correction)
	case w.correction == None && !slices.Contains(counts, w.count):
		c.problems.add(at, path+".count", "start counts trace[0] to trace[n-1], end trace[1] to trace[n], both trace[0] to trace[n]", "without a correction, count has to be start, end or both")
	case w.correction != None && w.count != "":
		c.problems.add(at, path+".count", "leave it out", "count goes with within_cycle: none, and not with %s", w.correction)
	}
	w.rates = c.rates(o)
	return w
}

// rates reads an outcome's discount rates.
func (c *compiler) rates(o Outcome) []Rate {
	d := c.conventions.Discount
	text, which := d.Cost, "cost"
	if o.Name == effectName || o.Name == lifeYears || o.PartOf == effectName {
		text, which = d.Effect, "effect"
	}
	path := "conventions.discount." + which
	if o.Discount.Source != "" {
		text, path = o.Discount, "outcomes."+o.Name+".discount"
	}
	if text.Source != "" {
		rate, err := formula.Value(text)
		if err != nil {
			c.problems.fault(err, text.At, path)
		}
		if rate <= -1 || rate > 1 {
			c.problems.add(text.At, path, "3 % is written 0.03", "a discount rate of %v a year can't be meant", rate)
		}
		return []Rate{{0, rate}}
	}
	if d.Preset == "" {
		c.problems.add(d.At, path, "write the rate, as 0.03, or preset: TLV, NoMA or none", "there is no discount rate for %s", o.Name)
		return nil
	}
	i := slices.IndexFunc(Presets, func(p Preset) bool { return strings.EqualFold(p.Name, d.Preset) })
	if i < 0 {
		c.problems.add(d.At, "conventions.discount.preset", "TLV, NoMA or none", "there are no rates called %q", d.Preset)
		return nil
	}
	if which == "effect" {
		return Presets[i].Effect
	}
	return Presets[i].Cost
}

// Conventions names every choice by which the numbers were reckoned.
func (c *Compiled) Conventions() []Named {
	var list []Named
	add := func(name, format string, args ...any) {
		if v := fmt.Sprintf(format, args...); v != "" && v != "0" {
			list = append(list, Named{name, v})
		}
	}
	conv := c.conventions
	if len(c.weighings) > 0 {
		add("cycle_length", "%s", conv.CycleLength.Source)
		add("cycles", "%s", conv.Cycles.Source)
		add("horizon", "%s", conv.Horizon.Source)
		add("rewards_per", "%s", conv.RewardsPer)
	}
	for i, w := range c.weighings {
		o := c.outcomes[i]
		if o.Name == lifeYears {
			continue
		}
		add("within_cycle."+o.Name, "%s", w.correction)
		add("count."+o.Name, "%s", w.count)
		add("discount."+o.Name, "%s", w.says())
		add("discount_index."+o.Name, "%s", w.index())
	}
	for _, p := range Presets {
		if strings.EqualFold(p.Name, conv.Discount.Preset) {
			add("discount_preset", "%s", p.Name)
			add("discount_source", "%s", p.Source)
		}
	}
	for i := range c.model.Parts {
		p := &c.model.Parts[i]
		if w := c.crowdOf(p.Name); w != nil {
			add("people."+p.Name, "%d, in each draw %d; seed %d", w.people, w.perDraw, p.Seed)
		}
		if p.Kind == "events" {
			add("within_cycle."+p.Name, "%s", Continuous)
		}
	}
	add("perspective", "%s", c.model.Perspective)
	add("price_year", "%d", c.model.PriceYear)
	add("currency", "%s", c.model.Currency)
	add("effect_unit", "%s", c.model.EffectUnit)
	return list
}

// says writes the rates: 0.04, 0.03 from year 40.
func (w weighing) says() string {
	s := ""
	for i, r := range w.rates {
		if i > 0 {
			s += fmt.Sprintf(", %v from year %v", r.Rate, r.From)
		} else {
			s += fmt.Sprint(r.Rate, " a year")
		}
	}
	if w.whole {
		s += ", by whole years that have gone"
	}
	return s
}

// index says at which time what is counted at k is discounted.
func (w weighing) index() string {
	switch w.correction {
	case Continuous:
		return "the moment"
	case LifeTableStart:
		return "k-1"
	case LifeTableMiddle:
		return "k-0.5"
	}
	return "k"
}
