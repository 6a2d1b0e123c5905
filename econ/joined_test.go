package econ_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/samverk/samverk/econ"
)

// TestTreeIntoCohort: what a tree's leaves lead to is the cohort by itself, weighed by the leaves' probabilities.
func TestTreeIntoCohort(t *testing.T) {
	m, text := econ.New()
	whole := run(t, m, econ.Options{})
	alone := func(carrier, treated string) econ.StrategyResult {
		changed := strings.Replace(string(text), "set: {tested: 0}}", "start: life, set: {tested: 0, carrier: "+carrier+", treated: "+treated+"}}", 1)
		changed = strings.Replace(changed, "start: born-with, start: life", "start: life", 1)
		one, err := load(changed)
		if err != nil {
			t.Fatal(err)
		}
		return run(t, one, econ.Options{}).Strategies[0]
	}
	found, missed, other := alone("1", "1"), alone("1", "0"), alone("0", "0")
	mix := func(a, b, c float64) float64 { return 0.08*0.95*a + 0.08*0.05*b + 0.92*c }
	test := whole.Strategies[1]
	near(t, test.Cost, 12000+mix(found.Cost, missed.Cost, other.Cost), 1e-12)
	near(t, test.Effect, mix(found.Effect, missed.Effect, other.Effect), 1e-12)
	near(t, *test.LifeYears, mix(*found.LifeYears, *missed.LifeYears, *other.LifeYears), 1e-12)
	for k, who := range whole.Traces[1].Occupancy {
		if sum := who[0] + who[1] + who[2]; math.Abs(sum-1) > 1e-12 {
			t.Fatalf("after %d cycles %v of the people are somewhere", k, sum)
		}
	}
}

// TestWaysTogether: two ways of which people move alike are one, and all of them are counted.
func TestWaysTogether(t *testing.T) {
	direct := run(t, mustLoad(t, small), econ.Options{})
	text := strings.Replace(small, "parts:\n", `parts:
  coin:
    kind: tree
    branches:
      - {name: heads, p: 0.5, then: life}
      - {name: tails, p: rest, set: {drug: drug*1}, then: life}
`, 1)
	tossed := run(t, mustLoad(t, text), econ.Options{})
	for x := range direct.Strategies {
		near(t, tossed.Strategies[x].Cost, direct.Strategies[x].Cost, 1e-12)
		near(t, tossed.Strategies[x].Effect, direct.Strategies[x].Effect, 1e-12)
		for k, who := range tossed.Traces[x].Occupancy {
			for s := range who {
				near(t, who[s], direct.Traces[x].Occupancy[k][s], 1e-12)
			}
		}
	}
}

func mustLoad(t *testing.T, text string) *econ.Model {
	t.Helper()
	m, err := load(text)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

const waiting = `samverk: econ/1
id: waiting
title: A wait of which the hazard changes with its length
illustrative: true
currency: SEK
effect_unit: QALY
conventions: {cycle_length: 1, cycles: 12, within_cycle: none, count: end, discount: {preset: none}}
parameters:
  - {name: p, value: 0.1, distribution: {family: beta, alpha: 10, beta: 90}}
strategies: {one: {}}
parts:
  wait:
    kind: cohort
    states: [{name: waiting, tunnel: %d}, served, {name: dead, dead: true}]
    initial: {waiting: 1}
    transitions:
      waiting: {waiting: rest, served: "min(p*state_time, 0.5)"}
      served: {served: rest, waiting: "if(m == 6, 0.5, 0)"}
    rewards:
      cost: {waiting: 10*state_time}
      effect: {waiting: 1, served: 2}
`

// TestTunnels: with tunnel states made by the engine, who is where is what following each wait by itself gives.
func TestTunnels(t *testing.T) {
	m, err := load(fmt.Sprintf(waiting, 5))
	if err != nil {
		t.Fatal(err)
	}
	r := run(t, m, econ.Options{})
	cost, effect := 0.0, 0.0
	by, served := [6]float64{1: 1}, 0.0 // by how long they have waited, the last for all longer
	for k := 1; k <= 12; k++ {
		var next [6]float64
		left := 0.0
		for d := 1; d <= 5; d++ {
			p := min(0.1*float64(d), 0.5)
			next[min(d+1, 5)] += by[d] * (1 - p)
			left += by[d] * p
		}
		if k == 6 {
			next[1] += served / 2
			served /= 2
		}
		by, served = next, served+left
		w := 0.0
		for d := 1; d <= 5; d++ {
			w += by[d]
			cost += 10 * float64(d) * by[d]
		}
		effect += w + 2*served
		near(t, r.Traces[0].Occupancy[k][0], w, 1e-12)
	}
	near(t, r.Strategies[0].Cost, cost, 1e-12)
	near(t, r.Strategies[0].Effect, effect, 1e-12)
	s := sample(t, m, econ.PSAOptions{Draws: 300, Seed: 1})
	names, values := s.Parameters()
	c, err := econ.Compile(m, econ.Options{Set: []econ.Setting{{Name: names[0], Value: econ.Text{Source: fmt.Sprint(values[0][299])}}}})
	if err != nil {
		t.Fatal(err)
	}
	one, err := c.Run()
	if err != nil {
		t.Fatal(err)
	}
	near(t, s.Cost()[0][299], one.Strategies[0].Cost, 1e-12)
}

// TestCorrelatedDraws: two parameters that are tied come tied, and others as before.
func TestCorrelatedDraws(t *testing.T) {
	const psa = "\npsa: {draws: 4000, seed: 3, correlations: [{between: [c_ill, u_ill], r: -0.8}]}\n"
	free, err := load(strings.Replace(small, "value: 1000, unit: SEK/year}", "value: 1000, unit: SEK/year, distribution: {family: normal, mean: 1000, sd: 100}}", 1))
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Replace(small, "value: 1000, unit: SEK/year}", "value: 1000, unit: SEK/year, distribution: {family: normal, mean: 1000, sd: 100}}", 1)
	text = strings.Replace(text, "value: 0.7, unit: utility}", "value: 0.7, unit: utility, distribution: {family: normal, mean: 0.7, sd: 0.05}}", 1) + psa
	tied, err := load(text)
	if err != nil {
		t.Fatal(err)
	}
	names, values := sample(t, tied, econ.PSAOptions{}).Parameters()
	at := func(name string) []float64 {
		for i := range names {
			if names[i] == name {
				return values[i]
			}
		}
		t.Fatalf("%s isn't drawn", name)
		return nil
	}
	x, y := at("c_ill"), at("u_ill")
	var sxy float64
	for i := range x {
		sxy += (x[i] - 1000) / 100 * (y[i] - 0.7) / 0.05 / float64(len(x))
	}
	if math.Abs(sxy+0.8) > 0.05 {
		t.Errorf("their correlation is %v, not -0.8", sxy)
	}
	otherNames, other := sample(t, free, econ.PSAOptions{Draws: 4000, Seed: 3}).Parameters()
	for i := range otherNames {
		if otherNames[i] == "p_ill" {
			for j, v := range at("p_ill") {
				if other[i][j] != v {
					t.Fatal("a draw changed when others were tied")
				}
			}
		}
	}
	_, err = load(strings.Replace(text, "r: -0.8", "r: -1.8", 1))
	if err == nil {
		bad, _ := load(strings.Replace(text, "r: -0.8", "r: -1.8", 1))
		if p := econ.Check(bad); len(p.Errors()) == 0 {
			t.Error("a correlation of -1.8 stands")
		}
	}
}
