package econ_test

import (
	"math"
	"strings"
	"testing"

	"github.com/samverk/samverk/econ"
)

// threeStates is an illness-death model of Weibull times: well to sick, well to dead, sick to dead.
const threeStates = `samverk: econ/1
id: three-states
title: Three states with Weibull times
illustrative: true
currency: EUR
effect_unit: QALY
conventions: {cycle_length: 1, cycles: 30, rewards_per: year, within_cycle: half-cycle, horizon: 30, discount: {cost: 0.03, effect: 0.03}}
parameters:
  - {name: hr, value: 0.7, distribution: {family: lognormal, median: 0.7, low: 0.55, high: 0.9}}
  - {name: c_sick, value: 4000}
strategies:
  usual: {set: {ratio: 1, c_drug: 0}}
  new: {set: {ratio: hr, c_drug: 2500}}
parts:
  course:
    kind: events
    people: 100000
    states: [well, sick, {name: dead, dead: true}]
    initial: {well: 1}
    curves:
      fall_ill: {from: well, to: sick, family: weibull, shape: 1.4, scale: 8, hazard_ratio: ratio}
      die_well: {from: well, to: dead, family: weibull, shape: 1.2, scale: 25}
      die_sick: {from: sick, to: dead, family: weibull, shape: 1.1, scale: 6}
    rewards:
      cost: {well: 500+c_drug, sick: c_sick}
      effect: {well: 0.9, sick: 0.6}
    on_entry:
      cost: {dead: 1000}
`

// Times to events, against what they amount to exactly: a chain of integrals, reckoned here.
func TestTimeToEvent(t *testing.T) {
	m, err := read(threeStates)
	if err != nil {
		t.Fatal(err)
	}
	r := run(t, m, econ.Options{})
	for i, ratio := range []float64{1, 0.7} {
		cost, effect, years := illnessDeath(ratio, []float64{0, 2500}[i])
		s, p := r.Strategies[i], r.People[i]
		if d := math.Abs(s.Cost - cost); d > 4*p.SECost {
			t.Errorf("%s: cost %v, exactly %v; standard error %v", s.Name, s.Cost, cost, p.SECost)
		}
		if d := math.Abs(s.Effect - effect); d > 4*p.SEEffect {
			t.Errorf("%s: effect %v, exactly %v; standard error %v", s.Name, s.Effect, effect, p.SEEffect)
		}
		if d := math.Abs(*s.LifeYears - years); d > 0.1 {
			t.Errorf("%s: life years %v, exactly %v", s.Name, *s.LifeYears, years)
		}
		trace := r.Traces[i]
		well := math.Exp(-ratio*math.Pow(5/8., 1.4) - math.Pow(5/25., 1.2))
		if d := math.Abs(trace.Occupancy[5][0] - well); d > 4*math.Sqrt(well*(1-well)/100_000) {
			t.Errorf("%s: well after 5 years %v, exactly %v", s.Name, trace.Occupancy[5][0], well)
		}
		sum := 0.0
		for _, v := range trace.Amounts[0].Value {
			sum += v
		}
		near(t, sum, s.Cost, 1e-9)
	}
	// common random numbers: what differs between the strategies is surer than each of them
	a, b := r.Strategies[0], r.Strategies[1]
	exactA, _, _ := illnessDeath(1, 0)
	exactB, _, _ := illnessDeath(0.7, 2500)
	if d := math.Abs((b.Cost - a.Cost) - (exactB - exactA)); d > 2*r.People[0].SECost {
		t.Errorf("the difference in cost is %v, exactly %v", b.Cost-a.Cost, exactB-exactA)
	}
}

// illnessDeath integrates the three states on a fine grid: time of falling ill by time since.
func illnessDeath(ratio, drug float64) (cost, effect, years float64) {
	const steps, horizon = 3000, 30.0
	h := horizon / steps
	delta := math.Log(1.03)
	well := func(t float64) float64 { return math.Exp(-ratio*math.Pow(t/8, 1.4) - math.Pow(t/25, 1.2)) }
	sickSurvival := make([]float64, steps+1)
	for i := range sickSurvival {
		sickSurvival[i] = math.Exp(-math.Pow(float64(i)*h/6, 1.1))
	}
	sick := make([]float64, steps+1)
	for i := range steps { // who fell ill in the step, from its middle on
		t := (float64(i) + 0.5) * h
		fell := well(t) * ratio * 1.4 / 8 * math.Pow(t/8, 0.4) * h
		for j := i + 1; j <= steps; j++ {
			sick[j] += fell * (sickSurvival[j-i] + sickSurvival[j-i-1]) / 2
		}
	}
	before := 1.0
	for i := 0; i <= steps; i++ {
		t, weight := float64(i)*h, h
		if i == 0 || i == steps {
			weight /= 2
		}
		v, alive := math.Exp(-delta*t), well(t)+sick[i]
		cost += weight * v * (well(t)*(500+drug) + sick[i]*4000)
		effect += weight * v * (well(t)*0.9 + sick[i]*0.6)
		years += weight * alive
		cost += 1000 * (before - alive) * math.Exp(-delta*(t-h/2))
		before = alive
	}
	return cost, effect, years
}

// The same bytes with one worker and with two; and in a draw of a probabilistic analysis.
func TestPeopleSameBytes(t *testing.T) {
	for _, model := range []string{threeStates, attributesModel} {
		m, err := read(strings.Replace(model, "people: 100000", "people: 3000", 1))
		if err != nil {
			t.Fatal(err)
		}
		var outputs []string
		for _, procs := range []int{1, 2} {
			outputs = append(outputs, withProcessors(procs, func() string {
				var text strings.Builder
				if err := run(t, m, econ.Options{}).JSON(&text); err != nil {
					t.Fatal(err)
				}
				if err := sample(t, m, econ.PSAOptions{Draws: 9, Seed: 3, Workers: procs}).Summary().JSON(&text); err != nil {
					t.Fatal(err)
				}
				return text.String()
			}))
		}
		if outputs[0] != outputs[1] {
			t.Error("the number of workers changed the numbers")
		}
	}
}

func BenchmarkTimeToEvent(b *testing.B) { benchmark(b, threeStates) }
