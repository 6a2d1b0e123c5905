package compare

import (
	"cmp"
	"fmt"
	"math"
)

// NetMonetaryBenefit is what p's effect is worth at a willingness to pay, less its cost.
func (p Point) NetMonetaryBenefit(wtp float64) float64 { return wtp*p.Effect - p.Cost }

// NetHealthBenefit is p's effect less what its cost could have given elsewhere. There is none at a willingness to pay of 0.
func (p Point) NetHealthBenefit(wtp float64) float64 { return p.Effect - p.Cost/wtp }

// Curves are the results of a probabilistic analysis over a range of willingness to pay. Rows are strategies, columns those of WTP.
type Curves struct {
	Strategies []string    `json:"strategies"`
	WTP        []float64   `json:"wtp"`
	Benefit    [][]float64 `json:"net_monetary_benefit"` // mean
	CEAC       [][]float64 `json:"ceac"`                 // share of draws in which the strategy is best
	Loss       [][]float64 `json:"expected_loss"`        // mean of what is lost by it against the best of each draw
	Best       []int       `json:"best"`                 // the strategy with the highest mean: that of the CEAF
	CEAF       []float64   `json:"ceaf"`                 // its share
	EVPI       []float64   `json:"evpi"`                 // its expected loss, per person
}

// Curves computes all that follows from net benefit at each willingness to pay. Between strategies with equal means Best is the cheaper
// one, then the first by name.
func (o Outcomes) Curves(wtp []float64) (Curves, error) {
	if err := o.Check(); err != nil {
		return Curves{}, err
	}
	if err := checkWTP(wtp); err != nil {
		return Curves{}, err
	}
	c := Curves{Strategies: o.Strategies, WTP: wtp, Best: make([]int, len(wtp)), CEAF: make([]float64, len(wtp)), EVPI: make([]float64, len(wtp)),
		Benefit: table(len(o.Strategies), len(wtp)), CEAC: table(len(o.Strategies), len(wtp)), Loss: table(len(o.Strategies), len(wtp))}
	means, nmb := o.Means(), make([]float64, len(o.Strategies))
	for k, w := range wtp {
		o.column(c, k, w, nmb)
		best := 0
		for s, m := range means {
			c.Benefit[s][k] = m.NetMonetaryBenefit(w)
			if before := cmp.Or(cmp.Compare(c.Loss[s][k], c.Loss[best][k]), cmp.Compare(m.Cost, means[best].Cost), cmp.Compare(m.Name, means[best].Name)); before < 0 {
				best = s
			}
		}
		c.Best[k], c.CEAF[k], c.EVPI[k] = best, c.CEAC[best][k], c.Loss[best][k]
	}
	return c, nil
}

// column fills CEAC and expected loss at one willingness to pay.
func (o Outcomes) column(c Curves, k int, w float64, nmb []float64) {
	n := o.Draws()
	for d := range n {
		most, ties := math.Inf(-1), 0
		for s := range nmb {
			nmb[s] = w*o.Effect[s][d] - o.Cost[s][d]
			switch {
			case nmb[s] > most:
				most, ties = nmb[s], 1
			case nmb[s] == most:
				ties++
			}
		}
		for s, b := range nmb {
			if c.Loss[s][k] += most - b; b == most {
				c.CEAC[s][k] += 1 / float64(ties)
			}
		}
	}
	for s := range nmb {
		c.Loss[s][k] /= float64(n)
		c.CEAC[s][k] /= float64(n)
	}
}

func checkWTP(wtp []float64) error {
	if len(wtp) == 0 {
		return fmt.Errorf("no willingness to pay is given")
	}
	for _, w := range wtp {
		if math.IsNaN(w) || math.IsInf(w, 0) || w < 0 {
			return fmt.Errorf("the willingness to pay is %v: it must be 0 or more", w)
		}
	}
	return nil
}

// Range gives n values from low to high, evenly apart.
func Range(low, high float64, n int) []float64 {
	out := make([]float64, n)
	for i := range out {
		out[i] = low
		if n > 1 {
			out[i] += (high - low) * float64(i) / float64(n-1)
		}
	}
	return out
}

func table(rows, columns int) [][]float64 {
	all, out := make([]float64, rows*columns), make([][]float64, rows)
	for i := range out {
		out[i] = all[i*columns : (i+1)*columns : (i+1)*columns]
	}
	return out
}

// Population is whom a decision concerns: those who meet it each year until it is taken anew.
type Population struct {
	Incidence float64 `json:"incidence" yaml:"incidence"` // persons a year
	Years     int     `json:"years" yaml:"years"`
	Rate      float64 `json:"rate" yaml:"rate"` // discount rate, a year
	Now       float64 `json:"now" yaml:"now"`   // those who are there already
}

// Check refuses what is no population.
func (p Population) Check() error {
	if !(p.Incidence >= 0) || !(p.Now >= 0) || p.Years < 0 || p.Years > 1000 || !(p.Rate >= 0) || math.IsInf(p.Incidence+p.Now+p.Rate, 0) {
		return fmt.Errorf("a population has persons a year, years and a discount rate of 0 or more, and at most 1000 years")
	}
	return nil
}

// Persons counts them, those of later years discounted: Now, and the sum over years t = 0, 1, … of Incidence/(1+Rate)^t. A value per person times this is the
// population's.
func (p Population) Persons() float64 {
	sum, weight := p.Now, 1.0
	for range p.Years {
		sum += p.Incidence * weight
		weight /= 1 + p.Rate
	}
	return sum
}

// Cloud is a strategy on the cost-effectiveness plane: its differences to a comparator, draw by draw.
type Cloud struct {
	Strategy   string    `json:"strategy"`
	Comparator string    `json:"comparator"`
	MoreEffect []float64 `json:"-"`
	MoreCost   []float64 `json:"-"`
	Effect     Summary   `json:"more_effect"`
	Cost       Summary   `json:"more_cost"`
	// Shares of draws by quadrant. On an axis counts as not more.
	MoreDearer  float64 `json:"more_effect_more_cost"`
	MoreCheaper float64 `json:"more_effect_not_more_cost"`
	LessDearer  float64 `json:"not_more_effect_more_cost"`
	LessCheaper float64 `json:"not_more_effect_not_more_cost"`
}

// Worth is the share of draws whose difference is worth its price: net benefit above 0.
func (c Cloud) Worth(wtp float64) float64 {
	n := 0
	for d := range c.MoreCost {
		if wtp*c.MoreEffect[d] > c.MoreCost[d] {
			n++
		}
	}
	return float64(n) / float64(max(len(c.MoreCost), 1))
}

// Plane gives the cloud of each strategy against a comparator, in the order of strategies.
func (o Outcomes) Plane(comparator string) ([]Cloud, error) {
	if err := o.Check(); err != nil {
		return nil, err
	}
	base, err := o.index(comparator)
	if err != nil {
		return nil, err
	}
	var out []Cloud
	for s, name := range o.Strategies {
		if s != base {
			out = append(out, cloud(name, comparator, minus(o.Effect[s], o.Effect[base]), minus(o.Cost[s], o.Cost[base])))
		}
	}
	return out, nil
}

func cloud(name, comparator string, effect, cost []float64) Cloud {
	c := Cloud{Strategy: name, Comparator: comparator, MoreEffect: effect, MoreCost: cost, Effect: Summarise(effect), Cost: Summarise(cost)}
	each := 1 / float64(len(cost))
	counts := [2][2]int{}
	for d := range cost {
		more, dearer := 0, 0
		if effect[d] > 0 {
			more = 1
		}
		if cost[d] > 0 {
			dearer = 1
		}
		counts[more][dearer]++
	}
	c.MoreDearer, c.MoreCheaper = float64(counts[1][1])*each, float64(counts[1][0])*each
	c.LessDearer, c.LessCheaper = float64(counts[0][1])*each, float64(counts[0][0])*each
	return c
}

func minus(a, b []float64) []float64 {
	out := make([]float64, len(a))
	for i := range a {
		out[i] = a[i] - b[i]
	}
	return out
}
