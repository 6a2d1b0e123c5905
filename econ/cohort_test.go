package econ_test

import (
	"fmt"
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
