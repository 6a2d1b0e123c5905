package econ_test

import (
	"math"
	"os"
	"runtime"
	"testing"

	"github.com/samverk/samverk/econ"
	"github.com/samverk/samverk/econ/draw"
)

// BenchmarkSickSicker: four strategies, 10,000 draws, the model read from its file each time. engine is the general engine;
// by-hand is the same model written as a Go loop, with the same draws.
func BenchmarkSickSicker(b *testing.B) {
	b.Run("engine", func(b *testing.B) {
		for b.Loop() {
			sample(b, reference(b, "sick-sicker"), econ.PSAOptions{Draws: 10_000, Seed: 1, Workers: 1})
		}
	})
	b.Run("by-hand", func(b *testing.B) {
		for b.Loop() {
			sickSickerByHand(b, 10_000, 1)
		}
	})
	b.Run("by-hand-alone", func(b *testing.B) { // without the draws
		names, values := sample(b, reference(b, "sick-sicker"), econ.PSAOptions{Draws: 10_000, Seed: 1}).Parameters()
		_ = names
		for b.Loop() {
			sickSickerLoop(values)
		}
	})
}

// BenchmarkMillionDraws tells the memory that a million draws take, all that the process has from the system.
func BenchmarkMillionDraws(b *testing.B) {
	for b.Loop() {
		sample(b, reference(b, "sick-sicker"), econ.PSAOptions{Draws: 1_000_000, Seed: 1})
	}
	b.ReportMetric(mebibytes(), "MiB")
}

func mebibytes() float64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.Sys) / (1 << 20)
}

// TestMillionDraws: a million draws within 512 MiB; a tenth of them by default.
func TestMillionDraws(t *testing.T) {
	draws := 100_000
	if os.Getenv("SAMVERK_LONG") != "" {
		draws *= 10
	}
	s := sample(t, reference(t, "sick-sicker"), econ.PSAOptions{Draws: draws, Seed: 1})
	if got := mebibytes(); got > 512 {
		t.Errorf("%d draws took %.0f MiB", s.Draws(), got)
	}
}

func sickSickerByHand(t testing.TB, draws int, seed uint64) (cost, effect [4][]float64) {
	gamma := func(shape, scale float64) draw.Distribution {
		return draw.Distribution{Family: "gamma", Args: map[string]float64{"shape": shape, "scale": scale}}
	}
	lognormal := func(meanlog, sdlog float64) draw.Distribution {
		return draw.Distribution{Family: "lognormal", Args: map[string]float64{"meanlog": meanlog, "sdlog": sdlog}}
	}
	beta := func(a, b float64) draw.Distribution {
		return draw.Distribution{Family: "beta", Args: map[string]float64{"alpha": a, "beta": b}}
	}
	list := []draw.Parameter{
		{Names: []string{"r_HD"}, Distribution: gamma(20, 1./10000)}, {Names: []string{"r_HS1"}, Distribution: gamma(30, 1./200)},
		{Names: []string{"r_S1H"}, Distribution: gamma(60, 1./120)}, {Names: []string{"r_S1S2"}, Distribution: gamma(84, 1./800)},
		{Names: []string{"hr_S1"}, Distribution: lognormal(math.Log(3), 0.01)}, {Names: []string{"hr_S2"}, Distribution: lognormal(math.Log(10), 0.02)},
		{Names: []string{"hr_S1S2_trtB"}, Distribution: lognormal(math.Log(0.6), 0.02)},
		{Names: []string{"c_H"}, Distribution: gamma(100, 20)}, {Names: []string{"c_S1"}, Distribution: gamma(177.8, 22.5)},
		{Names: []string{"c_S2"}, Distribution: gamma(225, 66.7)}, {Names: []string{"c_trtA"}, Distribution: gamma(73.5, 163.3)},
		{Names: []string{"c_trtB"}, Distribution: gamma(86.2, 150.8)},
		{Names: []string{"u_H"}, Distribution: beta(200, 3)}, {Names: []string{"u_S1"}, Distribution: beta(130, 45)},
		{Names: []string{"u_S2"}, Distribution: beta(230, 230)}, {Names: []string{"u_trtA"}, Distribution: beta(300, 15)},
	}
	s, err := draw.NewSampler(seed, list)
	if err != nil {
		t.Fatal(err)
	}
	values := make([][]float64, len(list))
	for i := range values {
		values[i] = make([]float64, draws)
	}
	s.Fill(values, 0)
	return sickSickerLoop(values)
}

// sickSickerLoop is what a careful programmer writes for this model alone: nothing general, everything in registers.
func sickSickerLoop(p [][]float64) (cost, effect [4][]float64) {
	const cycles = 75
	var weight [cycles + 1]float64
	for k := range weight {
		weight[k] = math.Pow(1.03, -float64(k)) * 4 / 3
		if k%2 == 1 {
			weight[k] /= 2
		}
	}
	weight[0], weight[cycles] = 1./3, math.Pow(1.03, -cycles)/3
	draws := len(p[0])
	for s := range 4 {
		cost[s], effect[s] = make([]float64, draws), make([]float64, draws)
		a, b := float64(s&1), float64(s>>1)
		for i := range draws {
			pHS1, pS1H := 1-math.Exp(-p[1][i]), 1-math.Exp(-p[2][i])
			pS1S2 := 1 - math.Exp(-p[3][i]*(1-b)-p[3][i]*p[6][i]*b)
			pHD, pS1D, pS2D := 1-math.Exp(-p[0][i]), 1-math.Exp(-p[0][i]*p[4][i]), 1-math.Exp(-p[0][i]*p[5][i])
			hh, hs := (1-pHD)*(1-pHS1), (1-pHD)*pHS1
			sh, ss, s2 := (1-pS1D)*pS1H, (1-pS1D)*(1-(pS1H+pS1S2)), (1-pS1D)*pS1S2
			cH, c1, c2 := p[7][i], p[8][i]+a*p[10][i]+b*p[11][i], p[9][i]+a*p[10][i]+b*p[11][i]
			uH, u1, u2 := p[12][i], p[13][i], p[14][i]
			if a == 1 {
				u1 = p[15][i]
			}
			h, s1, s2n, d := 1., 0., 0., 0.
			c, e := 0., 0.
			for k := range weight {
				if k > 0 {
					h, s1, s2n, d = h*hh+s1*sh, h*hs+s1*ss, s1*s2+s2n*(1-pS2D), h*pHD+s1*pS1D+s2n*pS2D+d
				}
				c += weight[k] * (h*cH + s1*c1 + s2n*c2)
				e += weight[k] * (h*uH + s1*u1 + s2n*u2)
			}
			cost[s][i], effect[s][i] = c, e
		}
	}
	return cost, effect
}

// TestByHand: the benchmark compares two ways to the same numbers.
func TestByHand(t *testing.T) {
	s := sample(t, reference(t, "sick-sicker"), econ.PSAOptions{Draws: 300, Seed: 1})
	cost, effect := sickSickerByHand(t, 300, 1)
	for x := range s.Strategies {
		for i := range 300 {
			near(t, s.Cost()[x][i], cost[x][i], 1e-9)
			near(t, s.Effect()[x][i], effect[x][i], 1e-9)
		}
	}
}
