package compare

import (
	"cmp"
	"fmt"
	"slices"
)

// Partial is the expected value of perfect information about some parameters together, per person.
type Partial struct {
	Parameters []string  `json:"parameters"`
	WTP        []float64 `json:"wtp"`
	EVPPI      []float64 `json:"evppi"`
	// Share is how much of the variance of effects and of costs the parameters explain: the largest over strategies.
	ShareEffect float64 `json:"share_of_effect"`
	ShareCost   float64 `json:"share_of_cost"`
}

// EVPPI estimates what perfect information would be worth about each group of parameters, at each willingness to pay. The differences between
// strategies in cost and in effect are smoothed on the group's values ([Strong 2014]), once for all willingness to pay. A group of more
// than six parameters has only a simple product of each pair; interactions of three are in no group.
//
// The estimate of a group that matters to no decision is near 0, and rises with noise: with 10,000 draws by less than a hundredth of the EVPI.
func EVPPI(o Outcomes, p Params, groups [][]string, wtp []float64) ([]Partial, error) {
	curves, err := o.Curves(wtp)
	if err != nil {
		return nil, err
	}
	if err := p.Check(o.Draws()); err != nil {
		return nil, err
	}
	out := make([]Partial, len(groups))
	for i, group := range groups {
		xs, err := p.pick(group)
		if err != nil {
			return nil, err
		}
		fit, err := o.given(xs)
		if err != nil {
			return nil, fmt.Errorf("%v: %w", group, err)
		}
		out[i] = Partial{Parameters: group, WTP: wtp, EVPPI: fit.value(curves, 1), ShareEffect: fit.shareEffect, ShareCost: fit.shareCost}
	}
	return out, nil
}

// Each makes a group of every parameter by itself.
func (p Params) Each() [][]string {
	out := make([][]string, len(p.Names))
	for i, name := range p.Names {
		out[i] = []string{name}
	}
	return out
}

func (p Params) pick(group []string) ([][]float64, error) {
	if len(group) == 0 {
		return nil, fmt.Errorf("a group has no parameter")
	}
	var out [][]float64
	for _, name := range group {
		i := slices.Index(p.Names, name)
		if i < 0 {
			return nil, fmt.Errorf("there is no parameter %q", name)
		}
		out = append(out, p.Values[i])
	}
	return out, nil
}

// conditional is what is expected of each strategy once some parameters are known: differences to a reference strategy, whose own are nil.
type conditional struct {
	cost, effect           [][]float64
	shareEffect, shareCost float64
}

// given smooths on parameters' values. The reference is the cheapest strategy, so that the order given doesn't matter.
func (o Outcomes) given(xs [][]float64) (conditional, error) {
	c := conditional{cost: make([][]float64, len(o.Strategies)), effect: make([][]float64, len(o.Strategies))}
	if o.Draws() < 2*single {
		return c, fmt.Errorf("%d draws are too few for a regression: it takes %d", o.Draws(), 2*single)
	}
	s, err := newSmoother(xs)
	if err != nil {
		return c, err
	}
	means := o.Means()
	base := 0
	for i, m := range means {
		if cmp.Or(cmp.Compare(m.Cost, means[base].Cost), cmp.Compare(m.Name, means[base].Name)) < 0 {
			base = i
		}
	}
	for i := range o.Strategies {
		if i == base {
			continue
		}
		cost, effect := minus(o.Cost[i], o.Cost[base]), minus(o.Effect[i], o.Effect[base])
		if s == nil { // nothing varies: nothing to know
			c.cost[i], c.effect[i] = constant(mean(cost), len(cost)), constant(mean(effect), len(effect))
			continue
		}
		fc, fe := s.fit(cost), s.fit(effect)
		c.cost[i], c.effect[i] = fc.values, fe.values
		c.shareCost, c.shareEffect = max(c.shareCost, fc.share), max(c.shareEffect, fe.share)
	}
	return c, nil
}

func constant(v float64, n int) []float64 {
	out := make([]float64, n)
	for i := range out {
		out[i] = v
	}
	return out
}

// value is the mean over draws of what the best choice gives beyond the one that is best now, each fit shrunk to its mean by ratio.
func (c conditional) value(curves Curves, ratio float64) []float64 {
	out := make([]float64, len(curves.WTP))
	for k, w := range curves.WTP {
		best, n := curves.Best[k], 0
		for _, row := range c.cost {
			n = max(n, len(row))
		}
		if n == 0 { // one strategy: nothing to choose
			continue
		}
		most := make([]float64, n)
		for s := range c.cost {
			if s == best {
				continue
			}
			at := curves.Benefit[s][k] - curves.Benefit[best][k]
			gain := func(d int) float64 { return c.at(s, d, w) - c.at(best, d, w) }
			middle := 0.0
			for d := range n {
				middle += gain(d)
			}
			middle /= float64(n)
			for d := range n {
				most[d] = max(most[d], at+ratio*(gain(d)-middle))
			}
		}
		out[k] = min(mean(most), curves.EVPI[k])
	}
	return out
}

func (c conditional) at(s, d int, w float64) float64 {
	if c.cost[s] == nil {
		return 0
	}
	return w*c.effect[s][d] - c.cost[s][d]
}
