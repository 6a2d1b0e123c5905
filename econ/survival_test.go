package econ_test

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/samverk/samverk/econ"
)

// The closed form of a partition, continuous and by cycles.
func TestPartitionedSurvivalClosedForm(t *testing.T) {
	const name = "partitioned-survival-closed-form"
	m := reference(t, name)
	got := map[string]float64{}
	for _, s := range m.Scenarios {
		for i := range m.Outcomes {
			m.Outcomes[i].Discount = econ.Text{Source: "0.03"}
			if s.Name == "continuous-undiscounted-lifetime" {
				m.Outcomes[i].Discount.Source = "0"
			}
		}
		r := run(t, m, econ.Options{Scenario: s.Name})
		totals(got, s.Name+".", r)
		for _, x := range r.Strategies {
			got[s.Name+"."+x.Name+".nmb.50000"] = 50000*x.Effect - x.Cost
			got[s.Name+"."+x.Name+".progression_free_years"] = x.Outcomes[0].Value
			got[s.Name+"."+x.Name+".life_years"] = x.Outcomes[1].Value
			if s.Name == "continuous-undiscounted-lifetime" {
				got["mean.pfs."+x.Name], got["mean.os."+x.Name] = x.Outcomes[0].Value, *x.LifeYears
			}
		}
		a, b := r.Strategies[0], r.Strategies[1]
		got[s.Name+".icer"] = (b.Cost - a.Cost) / (b.Effect - a.Effect)
		if s.Name != "continuous-discounted-20-years" {
			continue
		}
		for _, trace := range r.Traces {
			for k, who := range trace.Occupancy {
				for i, v := range who {
					got[fmt.Sprintf("occupancy.%s.%d.%s", trace.Strategy, k, trace.States[i])] = v
				}
			}
		}
	}
	meets(t, expected(t, name), got, nil)
}

// Every family of curve, in a draw, against the same curve of cycles so short that they hardly matter.
func TestSurvivalCurves(t *testing.T) {
	for _, curves := range []string{
		"pfs: {family: weibull, shape: 1.3, scale: 4}\n      os: {family: weibull, shape: 1.3, scale: 4, slower: 1.5}",
		"pfs: {family: gompertz, shape: 0.1, rate: 0.2}\n      os: {family: gompertz, shape: 0.1, rate: 0.2, hazard_ratio: 1/rr}",
		"pfs: {family: empirical, table: km, column: pfs, straight: true, until: 3, then: tail}\n      tail: {family: exponential, rate: 0.3}\n      os: {family: lifetable, table: life, column: q, age: 62.5}",
		"crossing\n      pfs: {family: lognormal, median: 5, sdlog: 1}\n      os: {family: weibull, shape: 1.3, scale: 8}",
	} {
		crossing := strings.HasPrefix(curves, "crossing")
		model := survivalModel(strings.TrimPrefix(curves, "crossing\n      "), "")
		m, err := read(model)
		if err != nil {
			t.Fatal(err)
		}
		c, err := econ.Compile(m, econ.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Run(); (err != nil) != crossing {
			t.Fatalf("%s: %v", curves, err)
		} else if crossing {
			if p := err.(econ.Problems)[0]; p.Line == 0 || p.Field != "parts.course.curves.pfs" || !strings.Contains(p.Says, "in strategy only") { //nolint:errorlint // its type is what is tested
				t.Errorf("%+v", p)
			}
			m, _ = read(strings.Replace(model, "kind: survival", "kind: survival\n    crossing: cap", 1))
		}
		whole := run(t, m, econ.Options{}).Strategies[0]
		fine := run(t, m, econ.Options{Conventions: econ.Conventions{WithinCycle: econ.HalfCycle, CycleLength: econ.Text{Source: "1/500"}, Cycles: econ.Text{Source: "5000"}}}).Strategies[0]
		for _, pair := range [][2]float64{{whole.Cost, fine.Cost}, {whole.Effect, fine.Effect}, {*whole.LifeYears, *fine.LifeYears}} {
			if math.Abs(pair[0]-pair[1]) > 2e-4*pair[1] {
				t.Errorf("%s: continuous %v, by short cycles %v", curves, pair[0], pair[1])
			}
		}
	}
}

func read(model string) (*econ.Model, error) {
	return econ.Read(fstest.MapFS{"model.yaml": {Data: []byte(model)}}, "model.yaml")
}

func survivalModel(curves, more string) string {
	return `samverk: econ/1
id: curves
title: Curves
currency: EUR
effect_unit: QALY
conventions: {cycle_length: 1, cycles: 10, rewards_per: year, within_cycle: continuous, discount: {preset: NoMA}}
tables:
  km: {columns: [t, pfs], key: t, match: step, rows: [[0, 1], [1, 0.7], [3, 0.2], [4, 0.1]]}
  life: {columns: [age, q], key: age, match: step, rows: [[60, 0.02], [65, 0.04], [70, 0.07]]}
parameters:
  - {name: rr, value: 2, distribution: {family: lognormal, median: 2, low: 1.5, high: 2.5}}
strategies: {only: {}}
parts:
  course:
    kind: survival
    states: [free, progressed, {name: dead, dead: true}]
    curves:
      ` + curves + `
    rewards: {cost: {free: 1000*rr, progressed: 5000}, effect: {free: 0.8, progressed: 0.5}}
    on_entry: {cost: {dead: 100}}
` + more
}

func TestSurvivalRefused(t *testing.T) {
	for want, curves := range map[string]string{
		"3 states need 2 curves": "os: {family: exponential, rate: 1}",
		"isn't a family":         "pfs: {family: exponentialx, rate: 1}\n      os: {family: exponential, rate: 1}",
		"takes other arguments":  "pfs: {family: weibull, rate: 1}\n      os: {family: exponential, rate: 1}",
		"there is no table":      "pfs: {family: empirical, table: kmm, column: x}\n      os: {family: exponential, rate: 1}",
		"there is no curve":      "pfs: {family: exponential, rate: 1, until: 1, then: x}\n      os: {family: exponential, rate: 1}",
		"no cycles here":         "pfs: {family: exponential, rate: 1/m}\n      os: {family: exponential, rate: 1}",
		"rate: is -1":            "pfs: {family: exponential, rate: 1-rr}\n      os: {family: exponential, rate: 0.5}",
	} {
		m, err := read(survivalModel(curves, ""))
		if err == nil {
			var c *econ.Compiled
			if c, err = econ.Compile(m, econ.Options{}); err == nil {
				_, err = c.Run()
			}
		}
		if err == nil || !strings.Contains(strings.ReplaceAll(err.Error(), "is not a family", "isn't a family"), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
}
