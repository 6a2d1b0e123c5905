package econ_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/samverk/samverk/econ"
)

func TestSickSicker(t *testing.T) {
	m := reference(t, "sick-sicker")
	got := map[string]float64{}
	base := run(t, m, econ.Options{})
	totals(got, "", base)
	totals(got, "source-simpson.", base)
	for _, s := range m.Scenarios {
		totals(got, s.Name+".", run(t, m, econ.Options{Scenario: s.Name}))
	}
	traces(got, base)
	got["icer.B.vs.SoC"] = (got["B.cost"] - got["SoC.cost"]) / (got["B.effect"] - got["SoC.effect"])
	got["icer.AB.vs.B"] = (got["AB.cost"] - got["B.cost"]) / (got["AB.effect"] - got["B.effect"])
	meets(t, expected(t, "sick-sicker"), got, func(name string) bool {
		return strings.HasPrefix(name, "status.") || strings.HasPrefix(name, "psa.") // econ/compare
	})
}

func traces(got map[string]float64, r *econ.Result) {
	for _, tr := range r.Traces {
		for k, who := range tr.Occupancy {
			for s, v := range who {
				got[fmt.Sprintf("%s.trace.%d.%s", tr.Strategy, k, tr.States[s])] = v
			}
		}
	}
}

// increments adds what the second strategy costs and gives more than the first.
func increments(got map[string]float64, r *econ.Result, from, to int) {
	a, b := r.Strategies[from], r.Strategies[to]
	got["increment.cost"], got["increment.effect"] = b.Cost-a.Cost, b.Effect-a.Effect
	got["icer"] = got["increment.cost"] / got["increment.effect"]
}

func TestHIV(t *testing.T) {
	r := run(t, reference(t, "hiv-monotherapy-combination"), econ.Options{})
	got := map[string]float64{}
	totals(got, "", r)
	increments(got, r, 0, 1)
	traces(got, r)
	meets(t, expected(t, "hiv-monotherapy-combination"), got, nil)
}

func TestTotalHipReplacement(t *testing.T) {
	r := run(t, reference(t, "total-hip-replacement"), econ.Options{})
	got := map[string]float64{}
	totals(got, "", r)
	increments(got, r, 0, 1)
	traces(got, r)
	for _, tr := range r.Traces {
		for _, a := range tr.Amounts {
			for k, v := range a.Value {
				got[fmt.Sprintf("%s.discounted.%s.%d", tr.Strategy, a.Outcome, k)] = v
			}
		}
	}
	meets(t, expected(t, "total-hip-replacement"), got, nil)
}

func TestProstheticHeartValve(t *testing.T) {
	m := reference(t, "prosthetic-heart-valve")
	r := run(t, m, econ.Options{})
	effect := r.Strategies[0].Effect
	got := map[string]float64{"qaly.25": effect, "qaly.per_person": effect / 10_000, "qaly.published": effect,
		"half-cycle.qaly.25": run(t, m, econ.Options{Scenario: "half-cycle"}).Strategies[0].Effect}
	sum := 0.0
	for k, v := range r.Traces[0].Amounts[1].Value {
		sum += v
		got[fmt.Sprintf("cycle.%d.qaly", k)], got[fmt.Sprintf("cycle.%d.cumulative", k)] = v, sum
	}
	for name, v := range got {
		if i, ok := strings.CutPrefix(name, "cycle."); ok && strings.HasSuffix(i, ".cumulative") {
			scenario := "after-" + strings.TrimSuffix(i, ".cumulative")
			if slices.ContainsFunc(m.Scenarios, func(s econ.Scenario) bool { return s.Name == scenario }) {
				near(t, run(t, m, econ.Options{Scenario: scenario}).Strategies[0].Effect, v, 1e-12)
			}
		}
	}
	traces(got, r)
	for name, v := range got {
		got[strings.TrimPrefix(name, "cohort.")] = v
	}
	meets(t, expected(t, "prosthetic-heart-valve"), got, nil)
}

func TestSumatriptan(t *testing.T) {
	m := reference(t, "sumatriptan-tree")
	got := map[string]float64{}
	r := run(t, m, econ.Options{})
	letter := 'A'
	for _, s := range r.Strategies {
		p := 0.0
		for _, e := range s.Ends {
			path := fmt.Sprintf("path.%c.", letter)
			letter++
			got[path+"probability"], got[path+"expected_cost"], got[path+"expected_utility"] = e.Probability, e.Probability*e.Cost, e.Probability*e.Outcomes[0].Value
			p += e.Probability
		}
		got[s.Name+".cost"], got[s.Name+".utility"], got[s.Name+".qaly"], got[s.Name+".probability"] = s.Cost, s.Outcomes[0].Value, s.Effect, p
		got[s.Name+".cost.published"], got[s.Name+".utility.published"] = s.Cost, s.Outcomes[0].Value
	}
	icer := func(o econ.Options) float64 {
		x := map[string]float64{}
		increments(x, run(t, m, o), 1, 0)
		return x["icer"]
	}
	year := []econ.Setting{{Name: "horizon", Value: econ.Text{Source: "1/365.25"}}}
	got["icer"], got["icer.365.25"], got["icer.published"] = icer(econ.Options{}), icer(econ.Options{Set: year}), icer(econ.Options{})
	for _, s := range []string{"relief-high", "relief-low"} {
		got[s+".icer.published"], got[s+".icer.365.25"] = icer(econ.Options{Scenario: s}), icer(econ.Options{Scenario: s, Set: year})
	}
	meets(t, expected(t, "sumatriptan-tree"), got, nil)
}
