package econ_test

import (
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/samverk/samverk/econ"
)

// The exact answers by the same model as a cohort, and 100,000 people followed within what chance allows.
func TestMicrosimulationKnownTruth(t *testing.T) {
	const name = "microsimulation-known-truth"
	m := reference(t, name)
	got := map[string]float64{}
	simulated := run(t, m, econ.Options{})
	for i, s := range simulated.Strategies {
		got["mc.100000."+s.Name+".cost"], got["mc.100000."+s.Name+".effect"] = s.Cost, s.Effect
		p := simulated.People[i]
		got["mc.100000."+s.Name+".sd.cost"], got["mc.100000."+s.Name+".sd.effect"] = p.SDCost, p.SDEffect
		exact := map[string]float64{"untreated": -49390.25, "treatment": -98930.82}[s.Name]
		if d := p.Covariance/exact - 1; d > 0.05 || d < -0.05 {
			t.Errorf("covariance of %s: %v, exactly %v", s.Name, p.Covariance, exact)
		}
	}
	gains(got, "mc.100000.", simulated)

	m.Parts[0].Kind = "cohort"
	exact := run(t, m, econ.Options{})
	totals(got, "", exact)
	gains(got, "", exact)
	for k, who := range exact.Traces[0].Occupancy {
		for i, v := range who {
			got[fmt.Sprintf("trace.%d.%s", k, exact.Traces[0].States[i])] = v
		}
	}
	meets(t, expected(t, name), got, func(name string) bool {
		return !strings.HasPrefix(name, "mc.") && (strings.Contains(name, ".sd.") || strings.Contains(name, ".covariance."))
	})
}

func gains(got map[string]float64, prefix string, r *econ.Result) {
	a, b := r.Strategies[0], r.Strategies[1]
	got[prefix+"increment.cost"], got[prefix+"increment.effect"] = b.Cost-a.Cost, b.Effect-a.Effect
	got[prefix+"icer"] = (b.Cost - a.Cost) / (b.Effect - a.Effect)
}

// BenchmarkMicrosimulation: 100,000 people, 30 cycles, 2 strategies, the model read from its file each time. alike is the
// reference case, where treatment changes no probability and both strategies share people's lives; apart has one that
// does, so each strategy's people are followed.
func BenchmarkMicrosimulation(b *testing.B) {
	for _, c := range []struct{ name, from, to string }{
		{"alike", "", ""},
		{"apart", "S2: p_S1S2", "S2: p_S1S2*(1-0.4*treated)"},
	} {
		b.Run(c.name, func(b *testing.B) {
			text, err := os.ReadFile("testdata/reference/microsimulation-known-truth/model.yaml")
			if err != nil {
				b.Fatal(err)
			}
			benchmark(b, strings.Replace(string(text), c.from, c.to, 1))
		})
	}
}

// benchmark reads and runs a model, and tells the processor time beside the clock's.
func benchmark(b *testing.B, model string) {
	b.Helper()
	before := processor()
	for b.Loop() {
		m, err := read(model)
		if err != nil {
			b.Fatal(err)
		}
		run(b, m, econ.Options{})
	}
	b.ReportMetric(float64(processor()-before)/float64(b.N)/1e6, "cpu-ms/op")
}

func processor() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
