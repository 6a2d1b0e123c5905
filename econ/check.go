package econ

import (
	"errors"
	"fmt"
	"slices"

	"github.com/samverk/samverk/econ/formula"
)

// checkDraws is how many draws a check tries, and checkPeople how many people it follows through them.
const (
	checkDraws  = 1024
	checkPeople = 50_000
)

// tried is how many draws of a model a check can try.
func tried(m *Model) int {
	people := 0
	for _, p := range m.Parts {
		people += p.People
	}
	return min(checkDraws, checkPeople/max(1, people))
}

// Check tells all that can be found wrong with a model, or worth a look: it compiles it, runs the base case and every
// scenario, and tries some draws.
func Check(m *Model) Problems {
	var all Problems
	gather := func(p Problems, prefix string) {
		for _, x := range p {
			x.Says = prefix + x.Says
			if !slices.ContainsFunc(all, func(y Problem) bool { return y.Says == x.Says && y.Line == x.Line && y.File == x.File }) {
				all.put(x)
			}
		}
	}
	try := func(o Options, draws int, prefix string) {
		c, err := Compile(m, o)
		var p Problems
		if errors.As(err, &p) {
			gather(p, prefix)
			return
		}
		if prefix == "" {
			gather(c.problems, "")
		}
		if _, err := c.Run(); errors.As(err, &p) {
			gather(p, prefix)
		}
		if draws == 0 {
			return
		}
		o2 := PSAOptions{Draws: draws, Workers: 1}
		if data := c.storedDraws(); data != nil {
			o2.Draws = min(draws, data.rows)
		}
		for i := range m.Parts {
			if c.crowdOf(m.Parts[i].Name) != nil {
				o2.Draws = min(o2.Draws, 32) // people take longer
			}
		}
		if _, err := c.PSA(o2); errors.As(err, &p) {
			gather(p, prefix)
		}
	}
	try(Options{advise: true}, tried(m), "")
	if len(all.Errors()) > 0 {
		return all
	}
	for _, s := range m.Scenarios {
		try(Options{Scenario: s.Name}, 0, "in scenario "+s.Name+": ")
	}
	return all
}

// advise warns of what is allowed and seldom meant.
func (c *compiler) advise() {
	m := c.model
	for i := range c.params {
		p := &c.params[i]
		field := "parameters." + p.Name
		unit := formula.ParseUnit(p.Unit)
		if unit.Utility() && p.value > 1 {
			c.problems.warn(p.Value.At, field, "full health is 1", "the utility %s is %v, above 1", p.Name, p.value)
		}
		if unit.Probability() && (p.value < 0 || p.value > 1) {
			c.problems.add(p.Value.At, field, "a probability is from 0 to 1; a rate has the unit 1/year", "the probability %s is %v", p.Name, p.value)
		}
		if p.Source == "" && !m.Illustrative && len(m.Source) == 0 {
			c.problems.warn(p.At, field, "say where the number is from, or illustrative: true", "%s has no source", p.Name)
		}
		c.adviseBounds(p, field)
		if p.Distribution.Family != "" {
			c.adviseDistribution(p, unit, field)
		}
	}
	if m.Perspective == "" {
		c.problems.warn(Pos{File: m.Conventions.At.File, Line: 1}, "perspective", "whose costs are counted? healthcare, societal …", "the perspective isn't named")
	}
	if m.PriceYear == 0 && m.Currency != "none" {
		c.problems.warn(Pos{File: m.Conventions.At.File, Line: 1}, "price_year", "the year whose prices these are", "the price year isn't named")
	}
}

func (c *compiler) adviseBounds(p *param, field string) {
	bound := func(t Text) (float64, bool) {
		if t.Source == "" {
			return 0, false
		}
		v, err := formula.Value(t)
		if err != nil {
			c.problems.fault(err, t.At, field)
		}
		return v, err == nil
	}
	low, hasLow := bound(p.Low)
	high, hasHigh := bound(p.High)
	if hasLow && hasHigh && low > high {
		c.problems.add(p.Low.At, field+".low", "", "%s goes from %v to %v", p.Name, low, high)
	}
	if hasLow && p.value < low || hasHigh && p.value > high {
		c.problems.warn(p.Value.At, field+".value", "", "%s is %v, outside its own bounds", p.Name, p.value)
	}
}

// adviseDistribution compares a distribution with what is drawn from it.
func (c *compiler) adviseDistribution(p *param, unit formula.Unit, field string) {
	d, group, problem := c.distribution(p, field+".distribution")
	if problem != nil {
		c.problems.put(*problem)
		return
	}
	if group != "" {
		return
	}
	v, err := d.Compile()
	if err != nil {
		var unused Problems
		c.drawn(&unused)
		for _, x := range unused {
			c.problems.put(x)
		}
		return
	}
	if unit.Utility() || unit.Probability() {
		if above := 1 - v.CDF(1); above > 1e-6 {
			c.problems.warn(p.Distribution.At, field+".distribution", "a beta stays between 0 and 1", "%s of the draws of %s are above 1", percent(above), p.Name)
		}
	}
	if below := v.CDF(-1e-300); below > 1e-6 && (unit.Probability() || unit.Money() && p.value > 0) {
		c.problems.warn(p.Distribution.At, field+".distribution", "a gamma or a lognormal stays above 0", "%s of the draws of %s are below 0", percent(below), p.Name)
	}
	if far := v.Mean - p.value; v.SD > 0 && (far > 2*v.SD || far < -2*v.SD) {
		c.problems.warn(p.Distribution.At, field+".distribution", "the base case and the probabilistic analysis are about different numbers", "the mean of %s's distribution is %.4g, far from its value %.4g", p.Name, v.Mean, p.value)
	}
}

func percent(share float64) string { return fmt.Sprintf("%.2g %%", 100*share) }
