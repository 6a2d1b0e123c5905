package compare

import (
	"fmt"
	"math"
)

// Study is research to come: what it measures, on how many, and how much of that is known already.
type Study struct {
	Parameters []string `json:"parameters" yaml:"parameters"`
	Sizes      []int    `json:"sizes" yaml:"sizes"`
	// PriorSize is how many persons' worth is known now: a+b of a beta distribution; of a mean, the variance between persons over that of
	// what is believed.
	PriorSize float64 `json:"prior_size" yaml:"prior_size"`
	Fixed     float64 `json:"fixed_cost" yaml:"fixed_cost"`
	Each      float64 `json:"cost_per_person" yaml:"cost_per_person"`
}

// Sample is the expected value of a study's information at each of its sizes, per person that the decision is for.
type Sample struct {
	Study
	WTP  []float64   `json:"wtp"`
	EVSI [][]float64 `json:"evsi"` // [size][wtp]
}

// EVSI estimates what studies of each size would be worth. What is expected given the parameters (the fit of [EVPPI]) keeps its shape and its mean, and its
// variance is the share n/(n+PriorSize) of what perfect information gives: moment matching with the Gaussian approximation
// (Jalal and Alarid-Escudero, Med Decis Making 2018;38:174-188; Heath, Manolopoulou and Baio 2018;38:163-173).
//
// Limits: all parameters of one study share PriorSize; a study so small that its data are far from normal, a parameter far from its conjugate form,
// or data that are censored want [EVSISimulated].
func EVSI(o Outcomes, p Params, s Study, wtp []float64) (Sample, error) {
	curves, err := o.Curves(wtp)
	if err != nil {
		return Sample{}, err
	}
	if err := p.Check(o.Draws()); err != nil {
		return Sample{}, err
	}
	if !(s.PriorSize >= 0) || math.IsInf(s.PriorSize, 0) {
		return Sample{}, fmt.Errorf("a study's prior size is %v: it must be 0 or more", s.PriorSize)
	}
	xs, err := p.pick(s.Parameters)
	if err != nil {
		return Sample{}, err
	}
	fit, err := o.given(xs)
	if err != nil {
		return Sample{}, err
	}
	out := Sample{Study: s, WTP: wtp}
	for _, n := range s.Sizes {
		if n < 0 {
			return Sample{}, fmt.Errorf("a study has %d persons", n)
		}
		ratio := 0.0
		if n > 0 {
			ratio = math.Sqrt(float64(n) / (float64(n) + s.PriorSize))
		}
		out.EVSI = append(out.EVSI, fit.value(curves, ratio))
	}
	return out, nil
}

// EVSISimulated estimates what one study would be worth by regression on what it might have found: for each draw a data set is simulated with
// that draw's parameters, and summary holds its summaries, [summary][draw] (Strong, Oakley, Brennan and Breeze, Med Decis Making 2015;35:570-583). It
// makes no assumption about the data; the summaries must hold what matters of them.
func EVSISimulated(o Outcomes, summary Params, wtp []float64) ([]float64, error) {
	parts, err := EVPPI(o, summary, [][]string{summary.Names}, wtp)
	if err != nil {
		return nil, err
	}
	return parts[0].EVPPI, nil
}

// Net is what a study of each size gives a population beyond what it costs: the expected net benefit of sampling, [size][wtp].
func (s Sample) Net(p Population) [][]float64 {
	out, persons := table(len(s.Sizes), len(s.WTP)), p.Persons()
	for i, n := range s.Sizes {
		for k, v := range s.EVSI[i] {
			out[i][k] = persons*v - s.Fixed - s.Each*float64(n)
		}
	}
	return out
}

// NestedPartial is an EVPPI from two loops, with the standard error of the outer one.
type NestedPartial struct {
	WTP           []float64 `json:"wtp"`
	EVPPI         []float64 `json:"evppi"`
	StandardError []float64 `json:"standard_error"`
	Half          []float64 `json:"with_half_the_inner_draws"` // as much higher than EVPPI, as EVPPI is too high itself
}

// Nested computes an EVPPI by two loops: run is called for each outer draw, fixes what would be known at its values, and gives the outcomes of
// draws of all else. It assumes nothing of the model's form, and costs outer × inner runs. With few inner draws it is too high.
func Nested(outer int, wtp []float64, run func(outer int) (Outcomes, error)) (NestedPartial, error) {
	if err := checkWTP(wtp); err != nil {
		return NestedPartial{}, err
	}
	if outer < 2 {
		return NestedPartial{}, fmt.Errorf("%d outer draws are too few", outer)
	}
	var first Outcomes
	whole, half := make([][]Point, outer), make([][]Point, outer)
	for i := range outer {
		o, err := run(i)
		if err == nil {
			err = o.Check()
		}
		if err == nil && i > 0 && fmt.Sprint(o.Strategies) != fmt.Sprint(first.Strategies) {
			err = fmt.Errorf("the strategies are others than in the first")
		}
		if err != nil {
			return NestedPartial{}, fmt.Errorf("outer draw %d: %w", i+1, err)
		}
		if i == 0 {
			first = o
		}
		whole[i], half[i] = o.Means(), o.Prefix((o.Draws()+1)/2).Means()
	}
	out := NestedPartial{WTP: wtp}
	for _, w := range wtp {
		gains := nestedGains(whole, w)
		out.EVPPI = append(out.EVPPI, mean(gains))
		out.StandardError = append(out.StandardError, standardError(gains))
		out.Half = append(out.Half, mean(nestedGains(half, w)))
	}
	return out, nil
}

// nestedGains is, for each outer draw, what the best choice there gives beyond the one that is best on the whole.
func nestedGains(means [][]Point, w float64) []float64 {
	total := make([]float64, len(means[0]))
	for _, row := range means {
		for s, m := range row {
			total[s] += m.NetMonetaryBenefit(w)
		}
	}
	best := 0
	for s, t := range total {
		if t > total[best] {
			best = s
		}
	}
	out := make([]float64, len(means))
	for i, row := range means {
		base := row[best].NetMonetaryBenefit(w)
		for _, m := range row {
			out[i] = max(out[i], m.NetMonetaryBenefit(w)-base)
		}
	}
	return out
}
