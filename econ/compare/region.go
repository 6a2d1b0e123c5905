package compare

import (
	"fmt"
	"math"
)

// Region is how far one region has come. What it didn't tell is nil, and never taken for 0.
type Region struct {
	Name     string   `json:"name" yaml:"name"`
	Eligible *float64 `json:"eligible" yaml:"eligible"` // persons a year whom the strategy is for
	Adoption *float64 `json:"adoption" yaml:"adoption"` // share of them who get it, 0 to 1
	Yield    *float64 `json:"yield" yaml:"yield"`       // share of those with a finding; nil: as in the model
}

// Goal is what equal care would be.
type Goal struct {
	Strategy   string  `json:"strategy" yaml:"strategy"`
	Comparator string  `json:"comparator" yaml:"comparator"` // what those get who don't get Strategy
	Adoption   float64 `json:"adoption" yaml:"adoption"`     // share who should, 0 to 1
	Yield      float64 `json:"yield" yaml:"yield"`           // share with a finding that the model takes; 0: yields aren't compared
	WTP        float64 `json:"wtp" yaml:"wtp"`
}

// Gap is what a region's patients go without in a year. Known is false where the region didn't tell enough; then the rest is 0.
type Gap struct {
	Region
	Known   bool    `json:"known"`
	Without float64 `json:"persons_without"` // who should have got the strategy and didn't
	Effect  Summary `json:"effect_forgone"`
	Cost    Summary `json:"cost_not_spent"` // below 0: the gap costs money too
	Benefit Summary `json:"net_monetary_benefit_forgone"`
}

// Gaps turns what regions do less into effects and costs forgone. Effect is taken to be in proportion to adoption and to yield, cost to adoption: a test
// that finds less costs the same. Where care follows from findings and is dear, the cost not spent is therefore too low.
func Gaps(o Outcomes, g Goal, regions []Region) ([]Gap, error) {
	if err := o.Check(); err != nil {
		return nil, err
	}
	s, err := o.index(g.Strategy)
	if err != nil {
		return nil, err
	}
	c, err := o.index(g.Comparator)
	if err != nil {
		return nil, err
	}
	if err := checkWTP([]float64{g.WTP}); err != nil {
		return nil, err
	}
	if err := share("the goal's adoption", &g.Adoption); err != nil {
		return nil, err
	}
	if err := share("the goal's yield", &g.Yield); err != nil {
		return nil, err
	}
	effect, cost := minus(o.Effect[s], o.Effect[c]), minus(o.Cost[s], o.Cost[c])
	out := make([]Gap, len(regions))
	for i, r := range regions {
		if out[i], err = r.gap(g, effect, cost); err != nil {
			return nil, fmt.Errorf("%s: %w", r.Name, err)
		}
	}
	return out, nil
}

func (r Region) gap(g Goal, effect, cost []float64) (Gap, error) {
	if err := share("adoption", r.Adoption); err != nil {
		return Gap{}, err
	}
	if err := share("yield", r.Yield); err != nil {
		return Gap{}, err
	}
	if r.Eligible != nil && (!(*r.Eligible >= 0) || math.IsInf(*r.Eligible, 0)) {
		return Gap{}, fmt.Errorf("%v eligible persons", *r.Eligible)
	}
	out := Gap{Region: r, Known: r.Eligible != nil && r.Adoption != nil}
	if !out.Known {
		return out, nil
	}
	got := *r.Adoption
	if r.Yield != nil && g.Yield > 0 {
		got *= *r.Yield / g.Yield
	}
	lost := make([]float64, len(effect))
	unspent, benefit := make([]float64, len(effect)), make([]float64, len(effect))
	for d := range effect {
		lost[d] = *r.Eligible * (g.Adoption - got) * effect[d]
		unspent[d] = *r.Eligible * (g.Adoption - *r.Adoption) * cost[d]
		benefit[d] = g.WTP*lost[d] - unspent[d]
	}
	out.Without = *r.Eligible * (g.Adoption - *r.Adoption)
	out.Effect, out.Cost, out.Benefit = Summarise(lost), Summarise(unspent), Summarise(benefit)
	return out, nil
}

func share(what string, v *float64) error {
	if v != nil && !(*v >= 0 && *v <= 1) {
		return fmt.Errorf("%s is %v: it must be between 0 and 1", what, *v)
	}
	return nil
}

// Group is one part of those a decision is for.
type Group struct {
	Name     string
	Share    float64 // of all, the groups' together 1
	Outcomes Outcomes
}

// Choice is what would be best for a group by itself.
type Choice struct {
	Group string  `json:"group"`
	Share float64 `json:"share"`
	Best  string  `json:"best"`
	Gain  float64 `json:"gain"` // mean net monetary benefit per person of the group beyond the one strategy for all
	CEAF  float64 `json:"ceaf"`
}

// Strata is what it is worth to choose for each group instead of one strategy for all, per person.
type Strata struct {
	WTP    float64  `json:"wtp"`
	ForAll string   `json:"for_all"`
	Value  float64  `json:"value"`
	Groups []Choice `json:"groups"`
}

// Heterogeneity is the static value of heterogeneity (Espinoza, Manca, Claxton and Sculpher, Med Decis Making 2014;34:951-964). Groups must have the same
// strategies, in the same order.
func Heterogeneity(groups []Group, wtp float64) (Strata, error) {
	if len(groups) == 0 {
		return Strata{}, fmt.Errorf("there is no group")
	}
	names, sum := groups[0].Outcomes.Strategies, 0.0
	total, all := make([]float64, len(names)), make([]Curves, len(groups))
	for i, g := range groups {
		c, err := g.Outcomes.Curves([]float64{wtp})
		if err == nil && fmt.Sprint(g.Outcomes.Strategies) != fmt.Sprint(names) {
			err = fmt.Errorf("its strategies are others than those of %s", groups[0].Name)
		}
		if err == nil {
			err = share("the share", &g.Share)
		}
		if err != nil {
			return Strata{}, fmt.Errorf("%s: %w", g.Name, err)
		}
		all[i], sum = c, sum+g.Share
		for s := range names {
			total[s] += g.Share * c.Benefit[s][0]
		}
	}
	if math.Abs(sum-1) > 1e-9 {
		return Strata{}, fmt.Errorf("the groups' shares sum to %v, not 1", sum)
	}
	best := 0
	for s := range total {
		if total[s] > total[best] {
			best = s
		}
	}
	out := Strata{WTP: wtp, ForAll: names[best]}
	for i, g := range groups {
		own := all[i].Best[0]
		gain := max(all[i].Benefit[own][0]-all[i].Benefit[best][0], 0)
		out.Groups = append(out.Groups, Choice{Group: g.Name, Share: g.Share, Best: names[own], Gain: gain, CEAF: all[i].CEAF[0]})
		out.Value += g.Share * gain
	}
	return out, nil
}
