package econ

import (
	"math"
	"testing"
)

// TestPresets: what is worth what, by the rates of authorities.
func TestPresets(t *testing.T) {
	for _, c := range []struct {
		preset string
		years  float64
		want   float64
	}{
		{"TLV", 0, 1}, {"TLV", 10, math.Pow(1.03, -10)}, {"TLV", 0.5, math.Pow(1.03, -0.5)},
		{"NoMA", 40, math.Pow(1.04, -40)}, {"NoMA", 50, math.Pow(1.04, -40) * math.Pow(1.03, -10)},
		{"NoMA", 80, math.Pow(1.04, -40) * math.Pow(1.03, -35) * math.Pow(1.02, -5)},
		{"none", 30, 1},
	} {
		for _, p := range Presets {
			if got := factor(p.Cost, c.years); p.Name == c.preset && math.Abs(got-c.want) > 1e-12 {
				t.Errorf("%s after %v years: %v, not %v", c.preset, c.years, got, c.want)
			}
			if p.Source == "" {
				t.Errorf("%s has no source", p.Name)
			}
		}
	}
}

// TestWeights: each correction's weights for four cycles of half a year, undiscounted, and what they sum to.
func TestWeights(t *testing.T) {
	for _, c := range []struct {
		w    weighing
		want []float64 // of trace[0] to trace[4]
	}{
		{weighing{correction: None, count: "both"}, []float64{1, 1, 1, 1, 1}},
		{weighing{correction: None, count: "start"}, []float64{1, 1, 1, 1, 0}},
		{weighing{correction: None, count: "end"}, []float64{0, 1, 1, 1, 1}},
		{weighing{correction: HalfCycle}, []float64{0.5, 1, 1, 1, 0.5}},
		{weighing{correction: LifeTableStart}, []float64{0.5, 1, 1, 1, 0.5}},
		{weighing{correction: LifeTableMiddle}, []float64{0.5, 1, 1, 1, 0.5}},
		{weighing{correction: Simpson}, []float64{1. / 3, 4. / 3, 2. / 3, 4. / 3, 1. / 3}},
		{weighing{correction: SimpsonDARTH}, []float64{1. / 3, 2. / 3, 4. / 3, 2. / 3, 1. / 3}},
	} {
		at, before := c.w.weights(4, 0.5)
		for k := range at {
			got := at[k]
			if k < 4 {
				got += before[k+1]
			}
			if math.Abs(got-c.want[k]) > 1e-12 {
				t.Errorf("%s %s: trace[%d] counts %v, not %v", c.w.correction, c.w.count, k, got, c.want[k])
			}
		}
	}
	w := weighing{correction: HalfCycle, rates: []Rate{{0, 0.1}}, whole: true}
	if at, _ := w.weights(4, 0.5); at[3] != 1/1.1 || at[1] != 1 {
		t.Errorf("by whole years trace[1] and trace[3] are worth %v and %v", at[1], at[3])
	}
}
