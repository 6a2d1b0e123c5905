package econ_test

import (
	"strings"
	"testing"

	"github.com/samverk/samverk/econ"
)

// budgetModel has a tree that leads to a cohort, to curves and to people, and a budget over all of it.
const budgetModel = `samverk: econ/1
id: budget
title: A test, and what follows
illustrative: true
currency: SEK
effect_unit: QALY
conventions: {cycle_length: 1/2, cycles: 12, rewards_per: year, within_cycle: half-cycle, discount: {preset: TLV}}
parameters:
  - {name: found, value: 0.2, distribution: {family: beta, events: 20, n: 100}}
  - {name: eligible_north, value: 120, distribution: {family: gamma, mean: 120, sd: 10}}
strategies:
  today: {set: {sensitivity: 0.5}}
  panel: {set: {sensitivity: 0.9}, rewards: {cost: 8000}}
parts:
  test:
    kind: tree
    branches:
      - {name: diagnosed, p: found*sensitivity, rewards: {cost: 500}, then: treated}
      - {name: missed, p: found*(1-sensitivity), then: untreated}
      - {name: well, p: rest, then: followed}
  treated:
    kind: survival
    states: [free, progressed, {name: dead, dead: true}]
    curves: {pfs: {family: exponential, rate: 0.1}, os: {family: weibull, shape: 1.2, scale: 20}}
    rewards: {cost: {free: 20000, progressed: 50000}, effect: {free: 0.9, progressed: 0.6}}
    on_entry: {cost: {dead: 30000}}
  untreated:
    kind: events
    people: 2000
    states: [ill, {name: dead, dead: true}]
    initial: {ill: 1}
    curves: {die: {from: ill, to: dead, family: gompertz, shape: 0.1, rate: 0.1}}
    rewards: {cost: {ill: 40000}, effect: {ill: 0.5}}
  followed:
    kind: cohort
    states: [well, {name: dead, dead: true}]
    initial: {well: 1}
    transitions: {well: {well: rest, dead: 0.01}}
    rewards: {cost: {well: 1000}, effect: {well: 0.95}}
    transition_rewards: {cost: {well: {dead: 5000}}}
budget_impact:
  from: 2026
  years: 6
  now: today
  eligible:
    - {region: North, people: eligible_north}
    - {region: South, year: 2026, people: 300}
    - {region: South, year: 2029, people: 350}
  uptake:
    - {strategy: panel, year: 2026, share: 0.2}
    - {strategy: panel, year: 2027, share: 0.6}
    - {region: North, strategy: panel, year: 2027, share: 1, without: 0.1}
`

func TestBudgetImpact(t *testing.T) {
	m, err := read(budgetModel)
	if err != nil {
		t.Fatal(err)
	}
	r := run(t, m, econ.Options{})
	g := r.Budget
	if g == nil || len(g.Regions) != 2 || g.From != 2026 || len(g.Total.Net) != 6 {
		t.Fatalf("%+v", g)
	}
	// all years' costs are a strategy's, undiscounted: the model runs six years
	sums := [2]float64{}
	for s := range sums {
		one := *m
		budget := *m.Budget
		budget.Eligible = []econ.Eligible{{Region: "one", Year: 2026, People: econ.Text{Source: "1"}}, {Region: "one", Year: 2027, People: econ.Text{Source: "0"}}}
		budget.Uptake = []econ.Uptake{{Strategy: "panel", Share: econ.Text{Source: []string{"0", "1"}[s]}}}
		one.Budget = &budget
		x := run(t, &one, econ.Options{})
		for _, v := range x.Budget.Total.With {
			sums[s] += v
		}
		near(t, sums[s], x.Strategies[s].Undiscounted.Cost, 1e-9)
	}
	// the last year's net by hand, from the first cohort's years
	perPerson := func(s int) (years []float64) {
		one := *m
		budget := *m.Budget
		budget.Eligible = []econ.Eligible{{Region: "one", Year: 2026, People: econ.Text{Source: "1"}}, {Region: "one", Year: 2027, People: econ.Text{Source: "0"}}}
		budget.Uptake = []econ.Uptake{{Strategy: "panel", Share: econ.Text{Source: []string{"0", "1"}[s]}}}
		one.Budget = &budget
		return run(t, &one, econ.Options{}).Budget.Total.With
	}
	today, panel := perPerson(0), perPerson(1)
	net := 0.0
	for e := range 6 {
		share, people := 0.6, 300.0
		if e == 0 {
			share = 0.2
		}
		if e >= 3 {
			people = 350
		}
		net += people * share * (panel[5-e] - today[5-e])
	}
	near(t, g.Regions[1].Net[5], net, 1e-9)
	near(t, g.Total.Net[5], g.Regions[0].Net[5]+g.Regions[1].Net[5], 1e-12)
	near(t, g.Regions[0].With[0]-g.Regions[0].Without[0], 120*0.2*(panel[0]-today[0]), 1e-9)

	s := sample(t, m, econ.PSAOptions{Draws: 60, Seed: 2})
	b := s.BudgetImpact()
	if b.Total.NetLow[3] >= b.Total.Net[3] || b.Total.NetHigh[3] <= b.Total.Net[3] {
		t.Errorf("net of 2029: %v to %v around %v", b.Total.NetLow[3], b.Total.NetHigh[3], b.Total.Net[3])
	}
	for want, change := range map[string][2]string{
		"there is no strategy":  {"now: today", "now: tday"},
		"nobody is eligible":    {"region: North, strategy", "region: West, strategy"},
		"share left for today":  {"share: 0.6", "share: 1.6"},
		"can't be of 0 years":   {"years: 6", "years: 0"},
		"what all others get":   {"{strategy: panel, year: 2026, share: 0.2}", "{strategy: today, year: 2026, share: 0.2}"},
		"can't become eligible": {"people: 300", "people: -300"},
	} {
		m, err := read(strings.Replace(budgetModel, change[0], change[1], 1))
		if err == nil {
			_, err = econ.Compile(m, econ.Options{})
		}
		if err == nil || !strings.Contains(problemText(err), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
}

func problemText(err error) string {
	text := ""
	for _, p := range err.(econ.Problems) { //nolint:errorlint // its type is what is tested
		text += p.Says + "\n"
	}
	return text
}
