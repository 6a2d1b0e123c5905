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
// The estimate of a group that matters to no decision is 0 or little more: with 10,000 draws, and a choice that is a toss-up, half a
// hundredth of the EVPI on average, and two at most of sixty tries.
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

// conditional is what is expected of each strategy once some parameters are known: differences to a reference strategy, less their means.
type conditional struct {
	cost, effect           [][]float64
	shareEffect, shareCost float64
}

// given smooths on parameters' values. The reference is the cheapest strategy, so that the order given doesn't matter.
func (o Outcomes) given(xs [][]float64) (conditional, error) {
	c := conditional{cost: table(len(o.Strategies), o.Draws()), effect: table(len(o.Strategies), o.Draws())}
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
		if i == base || s == nil { // where no parameter varies there is nothing to know
			continue
		}
		fc, fe := s.fit(minus(o.Cost[i], o.Cost[base])), s.fit(minus(o.Effect[i], o.Effect[base]))
		c.cost[i], c.effect[i] = fc.values, fe.values
		c.shareCost, c.shareEffect = max(c.shareCost, fc.share), max(c.shareEffect, fe.share)
	}
	return c, nil
}

// value is the mean over draws of what the best choice gives beyond the one that is best now, what is expected of each shrunk by ratio.
func (c conditional) value(curves Curves, ratio float64) []float64 {
	out, most := make([]float64, len(curves.WTP)), make([]float64, len(c.cost[0]))
	for k, w := range curves.WTP {
		best := curves.Best[k]
		clear(most)
		baseCost, baseEffect := c.cost[best], c.effect[best]
		for s := range c.cost {
			if s == best {
				continue
			}
			at, cost, effect := curves.Benefit[s][k]-curves.Benefit[best][k], c.cost[s], c.effect[s]
			for d := range most {
				most[d] = max(most[d], at+ratio*(w*(effect[d]-baseEffect[d])-(cost[d]-baseCost[d])))
			}
		}
		out[k] = min(mean(most), curves.EVPI[k])
	}
	return out
}
