package econ_test

import (
	"fmt"
	"math"
	"os"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/samverk/samverk/econ"
	"github.com/samverk/samverk/econ/draw"
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

func withProcessors(n int, do func() string) string {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(n))
	return do()
}

// attributesModel has people who differ, and remembers what they went through.
const attributesModel = `samverk: econ/1
id: attributes
title: People who differ
illustrative: true
currency: EUR
effect_unit: QALY
conventions: {cycle_length: 1, cycles: 20, within_cycle: half-cycle, discount: {preset: none}}
parameters:
  - {name: base, value: 0.1, distribution: {family: beta, mean: 0.1, sd: 0.02}}
strategies: {usual: {set: {effective: 1}}, new: {set: {effective: 0.6}}}
parts:
  people:
    kind: individuals
    people: 100000
    seed: 5
    attributes:
      age: {family: normal, mean: 60, sd: 8}
      woman: {family: bernoulli, p: 0.45}
      risk: exp(0.05*(age-60))*if(woman, 0.8, 1)
    history:
      relapses: relapses+entered*in_ill
      ill_years: ill_years+in_ill
    states: [well, ill, {name: dead, dead: true}]
    initial: {well: 1}
    transitions:
      well: {well: rest, ill: "min(0.9, base*risk*effective)", dead: "min(0.5, 0.01*risk)"}
      ill: {well: "if(state_time >= 2, 0.5, 0)", ill: rest, dead: "min(0.5, 0.02*risk*(1+0.5*relapses))"}
    rewards:
      cost: {ill: 1000*relapses}
      effect: {well: "1-0.05*min(4, ill_years)", ill: 0.5}
    on_entry:
      cost: {ill: 200}
`

// People by cycles tend to the cohort as they become more: with each model that both can run, and the same corrections.
func TestMicrosimulationTendsToCohort(t *testing.T) {
	for _, name := range []string{"hiv-monotherapy-combination", "sick-sicker", "hiv-psa"} {
		m := reference(t, name)
		for _, correction := range []string{"", econ.HalfCycle, econ.LifeTableMiddle, econ.Simpson} {
			o := econ.Options{Conventions: econ.Conventions{WithinCycle: correction}}
			m.Parts[0].Kind = "cohort"
			exact := run(t, m, o)
			m.Parts[0].Kind = "individuals"
			for _, n := range []int{500, 8_000} {
				m.Parts[0].People = n
				people := run(t, m, o)
				for i, s := range people.Strategies {
					p := people.People[i]
					if d := math.Abs(s.Cost - exact.Strategies[i].Cost); d > 4*p.SECost {
						t.Errorf("%s %s, %d people: %s costs %v, the cohort %v, standard error %v", name, correction, n, s.Name, s.Cost, exact.Strategies[i].Cost, p.SECost)
					}
					if d := math.Abs(s.Effect - exact.Strategies[i].Effect); d > 4*p.SEEffect {
						t.Errorf("%s %s, %d people: %s gives %v, the cohort %v, standard error %v", name, correction, n, s.Name, s.Effect, exact.Strategies[i].Effect, p.SEEffect)
					}
				}
			}
		}
	}
}

// People who differ and remember, against the same lives written as a loop with random numbers of its own.
func TestIndividualsByHand(t *testing.T) {
	m, err := read(attributesModel)
	if err != nil {
		t.Fatal(err)
	}
	r := run(t, m, econ.Options{})
	const n = 100_000
	for i, effective := range []float64{1, 0.6} {
		cost, effect := 0.0, 0.0
		for person := range uint64(n) {
			c, e := liveByHand(draw.NewStream(77, person), effective)
			cost += c / n
			effect += e / n
		}
		s, p := r.Strategies[i], r.People[i]
		if d := math.Abs(s.Cost - cost); d > 4*math.Sqrt2*p.SECost {
			t.Errorf("%s costs %v, by hand %v, standard error %v", s.Name, s.Cost, cost, p.SECost)
		}
		if d := math.Abs(s.Effect - effect); d > 4*math.Sqrt2*p.SEEffect {
			t.Errorf("%s gives %v, by hand %v, standard error %v", s.Name, s.Effect, effect, p.SEEffect)
		}
	}
}

func liveByHand(chance draw.Stream, effective float64) (cost, effect float64) {
	age := 60 + 8*chance.Normal(0)
	risk := math.Exp(0.05 * (age - 60))
	if chance.Uniform(1) < 0.45 {
		risk *= 0.8
	}
	const well, ill, dead = 0, 1, 2
	state, since, relapses, illYears := well, 1, 0.0, 0.0
	for k := 0; k <= 20; k++ {
		before := state
		if k > 0 {
			u := chance.Uniform(uint64(k) + 1)
			switch state {
			case well:
				toIll, toDead := min(0.9, 0.1*risk*effective), min(0.5, 0.01*risk)
				if u < toIll {
					state = ill
				} else if u < toIll+toDead {
					state = dead
				}
			case ill:
				recover := 0.0
				if since >= 2 {
					recover = 0.5
				}
				toDead := min(0.5, 0.02*risk*(1+0.5*relapses))
				if u < recover {
					state = well
				} else if u < recover+toDead {
					state = dead
				}
			}
			since++
			if state != before {
				since = 1
			}
			if state == ill {
				illYears++
				if before != ill {
					relapses++
					cost += 200
				}
			}
		}
		weight := 1.0
		if k == 0 || k == 20 {
			weight = 0.5
		}
		switch state {
		case well:
			effect += weight * (1 - 0.05*min(4, illYears))
		case ill:
			cost += weight * 1000 * relapses
			effect += weight * 0.5
		}
	}
	return cost, effect
}
