package econ

import "slices"

// Probe runs the base case with some parameters at other values, many times over: for sensitivity analyses. Only parameters
// that may differ can be set: those with a distribution, and those named in [Options.Vary]. It is for one goroutine at a time.
type Probe struct{ b *block }

// Probe makes one.
func (c *Compiled) Probe() *Probe { return &Probe{c.newBlock(1)} }

// At runs with these values, and all others as they are.
func (p *Probe) At(values map[string]float64) ([]StrategyResult, error) {
	c, set := p.b.c, 0
	p.b.base()
	for i := range c.params {
		if v, ok := values[c.params[i].Name]; ok && c.params[i].vary {
			p.b.frame.Set(c.params[i].reg, v)
			set++
		}
	}
	if set < len(values) {
		return nil, p.unknown(values)
	}
	if err := p.b.run(); err != nil {
		return nil, err
	}
	out := make([]StrategyResult, len(c.strategies))
	for s := range out {
		out[s] = c.strategyResult(p.b, s)
	}
	return out, nil
}

// unknown says what couldn't be set.
func (p *Probe) unknown(values map[string]float64) error {
	var problems Problems
	var known []string
	for i := range p.b.c.params {
		if p.b.c.params[i].vary {
			known = append(known, p.b.c.params[i].Name)
		}
	}
	for name := range values {
		if slices.Contains(known, name) {
			continue
		}
		if len(problems) == 0 || name < problems[0].Field {
			problems = Problems{{Field: name, Says: "the parameter " + name + " can't be set here", Hint: nearest(name, known)}}
		}
	}
	return problems
}
