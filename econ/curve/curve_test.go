package curve

import (
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/samverk/samverk/econ/draw"
	"pgregory.net/rapid"
)

func near(t *testing.T, what string, got, want, rel float64) {
	t.Helper()
	if got != want && !(math.Abs(got-want) <= rel*math.Abs(want)) {
		t.Errorf("%s: %.15g, wanted %.15g", what, got, want)
	}
}

func must(t interface{ Fatal(...any) }, c Curve, err error) Curve {
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// Survival, hazard and means against figures of flexsurv 2.3 and closed forms.
func TestKnownValues(t *testing.T) {
	for _, c := range []struct {
		name                  string
		curve                 Curve
		time, survival, means float64
	}{
		{"exponential", Exponential(0.2), 5, math.Exp(-1), 5},
		{"weibull", Weibull(1.5, 4), 4, math.Exp(-1), 4 * math.Gamma(1+1/1.5)},
		{"weibullPH", WeibullPH(2, 0.25), 2, math.Exp(-1), math.Sqrt(math.Pi)},
		{"gompertz", Gompertz(0.1, 0.05), 10, math.Exp(-0.5 * (math.E - 1)), 9.229106324837}, // 10·e^½·E₁(½)
		{"lognormal", Lognormal(1, 0.5), math.E, 0.5, math.Exp(1.125)},
		{"loglogistic", Loglogistic(2, 3), 3, 0.5, 3 * math.Pi / 2},
		{"gamma", Gamma(2, 0.5), 2, 2 * math.Exp(-1), 4},
		{"gengamma is weibull", GeneralisedGamma(math.Log(4), 1/1.5, 1), 4, math.Exp(-1), 4 * math.Gamma(1+1/1.5)},
		{"gengamma is lognormal", GeneralisedGamma(1, 0.5, 0), math.E, 0.5, math.Exp(1.125)},
		{"gengamma is gamma", GeneralisedGamma(math.Log(4), math.Sqrt(0.5), math.Sqrt(0.5)), 2, 2 * math.Exp(-1), 4},
	} {
		near(t, c.name+" survival", c.curve.Survival(c.time), c.survival, 1e-12)
		near(t, c.name+" mean", c.curve.Mean(), c.means, 1e-7)
	}
	km := must(t, Curve{}, nil)
	if km.Survival(100) != 1 || !math.IsInf(km.Mean(), 1) {
		t.Error("the zero curve has an event")
	}
	km, err := Empirical([]float64{1, 3, 6}, []float64{0.8, 0.5, 0}, false)
	km = must(t, km, err)
	near(t, "steps mean", km.Mean(), 1+2*0.8+3*0.5, 1e-12)
	near(t, "steps at 3", km.Survival(3), 0.5, 1e-12)
	near(t, "steps before 3", km.Survival(2.999), 0.8, 1e-12)
	near(t, "steps median", km.TimeAt(0.6), 3, 0)
	km, err = Empirical([]float64{0, 1, 3}, []float64{1, 0.8, 0.4}, true)
	km = must(t, km, err)
	near(t, "lines at 2", km.Survival(2), 0.6, 1e-12)
	near(t, "lines area", km.Area(0, 4, 0), 0.9+1.2+0.4, 1e-12)
	near(t, "lines when", km.TimeAt(0.5), 2.5, 1e-12)
	if !math.IsInf(km.TimeAt(0.3), 1) || !math.IsInf(km.Mean(), 1) {
		t.Error("lines end where they end")
	}
	life, err := LifeTable([]float64{0, 50, 60}, []float64{0.001, 0.01, 0.1}, 1, 55)
	life = must(t, life, err)
	near(t, "life table", life.Survival(6), math.Pow(0.99, 5)*0.9, 1e-12)
	near(t, "life table, much later", life.Survival(20), math.Pow(0.99, 5)*math.Pow(0.9, 15), 1e-12)
}

// The closed form of a partition: medians 4 and 7 years, 3 percent a year.
func TestPartition(t *testing.T) {
	curves := []Curve{Exponential(math.Ln2 / 4), Exponential(math.Ln2 / 7)}
	areas := make([]float64, 2)
	delta := math.Log(1.03)
	if err := Areas(areas, curves, 0, math.Inf(1), delta, Refuse); err != nil {
		t.Fatal(err)
	}
	near(t, "progression-free", areas[0], 4.929858044289261, 1e-12)
	near(t, "life", areas[0]+areas[1], 7.7772696952231115, 1e-12)
	near(t, "cost", areas[0]*7000+areas[1]*8000+4000*Death(curves, 0, math.Inf(1), delta, Refuse), 60368.7524098946, 1e-12)
	occ := [][]float64{make([]float64, 21), make([]float64, 21), make([]float64, 21)}
	if err := occupancy(occ, curves, 1, Refuse); err != nil {
		t.Fatal(err)
	}
	near(t, "free at 10", occ[0][10], 0.1767766952966369, 1e-12)
	near(t, "progressed at 10", occ[1][10], 0.1947218769876002, 1e-12)
	near(t, "dead at 10", occ[2][10], 0.6285014277157629, 1e-12)

	// crossing: the inner is above the outer at first, or after a while
	for _, inner := range []Curve{Weibull(3, 8), Weibull(0.5, 3)} {
		curves = []Curve{inner, Exponential(math.Ln2 / 5)}
		var c *Crossing
		if err := Areas(areas, curves, 0, 20, delta, Refuse); !errors.As(err, &c) || c.By < 0.01 {
			t.Errorf("%v and %v cross: %v", curves[0], curves[1], err)
		}
		if err := occupancy(occ, curves, 1, Refuse); !errors.As(err, &c) {
			t.Errorf("they cross at the cycles too: %v", err)
		}
		for _, rule := range []Rule{Cap, Lift} {
			fine := [][]float64{make([]float64, 20001), make([]float64, 20001), make([]float64, 20001)}
			if err := errors.Join(Areas(areas, curves, 0, 20, 0, rule), occupancy(fine, curves, 0.001, rule)); err != nil {
				t.Fatal(err)
			}
			for s := range areas {
				sum := -(fine[s][0] + fine[s][20000]) / 2
				for _, v := range fine[s] {
					if sum += v; v < 0 {
						t.Fatalf("%s: share %g", rule, v)
					}
				}
				near(t, string(rule)+" area", areas[s], sum*0.001, 1e-4)
			}
			near(t, string(rule)+" deaths", Death(curves, 0, 20, 0, rule), fine[2][20000], 1e-6)
		}
	}
}

func occupancy(dst [][]float64, curves []Curve, step float64, rule Rule) error {
	states := make([]float64, len(dst))
	for k := range dst[0] {
		if err := At(states, curves, float64(k)*step, rule); err != nil {
			return err
		}
		for s, v := range states {
			dst[s][k] = v
		}
	}
	return nil
}

// What holds for every curve, whatever it is changed by: the parts agree with each other.
func TestEveryCurve(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := curves().Draw(t, "curve")
		s := rapid.Float64Range(0.001, 0.999).Draw(t, "s")
		at := c.TimeAt(s)
		stepped := hasSteps(&c)
		if !math.IsInf(at, 1) && !stepped {
			if back := c.Survival(at); math.Abs(back-s) > 1e-9 {
				t.Fatalf("survival at %g is %g, not %g", at, back, s)
			}
			if q := c.Quantile(1 - s); math.Abs(q-at) > 1e-7*(1+at) {
				t.Fatalf("quantile %g, time %g", q, at)
			}
		}
		a, b := rapid.Float64Range(0, 10).Draw(t, "a"), rapid.Float64Range(0, 30).Draw(t, "b")
		a, b = math.Min(a, b), math.Max(a, b)+0.01
		if c.Survival(a) < c.Survival(b)-1e-12 {
			t.Fatalf("survival rises from %g to %g", c.Survival(a), c.Survival(b))
		}
		for _, delta := range []float64{0, 0.03} {
			area, by := c.Area(a, b, delta), c.pieces(func(t float64) float64 { return math.Exp(-delta*t) * c.Survival(t) }, a, b)
			if math.Abs(area-by) > 1e-7*(1+by) {
				t.Fatalf("delta %g: area %.12g, by quadrature %.12g", delta, area, by)
			}
			if !stepped {
				from := math.Max(a, 0.005) // a hazard may be infinite at 0
				events := c.Events(from, b, delta)
				byHazard := c.pieces(func(t float64) float64 { return math.Exp(-delta*t) * c.Survival(t) * c.Hazard(t) }, from, b)
				if math.Abs(events-byHazard) > 1e-4 {
					t.Fatalf("delta %g: events %.12g, by hazard %.12g", delta, events, byHazard)
				}
			}
		}
		all := c.Area(0, math.Inf(1), 0.05)
		if long := c.Area(0, 400, 0.05); !(all >= long-1e-9) || all > long+1e-7 {
			t.Fatalf("area to infinity %.12g, to 400 %.12g; %+v then %+v", all, long, c.first, c.then)
		}
	})
}

func hasSteps(c *Curve) bool {
	return c.kind == tabled && c.table.way == steps || c.kind == joined && (hasSteps(c.first) || hasSteps(c.then))
}

func curves() *rapid.Generator[Curve] {
	shape, scale := rapid.Float64Range(0.4, 4), rapid.Float64Range(0.5, 20)
	plain := rapid.Custom(func(t *rapid.T) Curve {
		x, y := shape.Draw(t, "shape"), scale.Draw(t, "scale")
		switch rapid.IntRange(0, 9).Draw(t, "kind") {
		case 0:
			return Exponential(1 / y)
		case 1:
			return Weibull(x, y)
		case 2:
			return Gompertz(x/10-0.1, 1/y)
		case 3:
			return Lognormal(math.Log(y), x/2)
		case 4:
			return Loglogistic(x, y)
		case 5:
			return Gamma(x, 1/y)
		case 6:
			return GeneralisedGamma(math.Log(y), x/2, rapid.Float64Range(-1.5, 1.5).Draw(t, "q"))
		case 7:
			c, err := PiecewiseExponential([]float64{0, y, 2 * y}, []float64{x / 10, x / 40, x / 20})
			return must(t, c, err)
		case 8:
			c, err := LifeTable([]float64{0, 50, 60, 70}, []float64{0.001, 0.01 * x, 0.02 * x, 0.2}, 1, 45)
			return must(t, c, err)
		}
		c, err := Empirical([]float64{0, y / 2, y, y + 3}, []float64{1, 0.7, 0.3, 0.1}, rapid.Bool().Draw(t, "straight"))
		return must(t, c, err)
	})
	return rapid.Custom(func(t *rapid.T) Curve {
		c := plain.Draw(t, "plain")
		if rapid.Bool().Draw(t, "join") {
			c = Join(scale.Draw(t, "until"), c, plain.Draw(t, "next"))
		}
		if rapid.Bool().Draw(t, "ratio") {
			c = c.WithHazardRatio(shape.Draw(t, "hazard ratio"))
		}
		if rapid.Bool().Draw(t, "slow") {
			c = c.Slower(shape.Draw(t, "slower"))
		}
		if rapid.Bool().Draw(t, "given") {
			if at := rapid.Float64Range(0, 3).Draw(t, "given time"); c.Survival(at) > 0.05 {
				c = c.Given(at)
			}
		}
		return c
	})
}

func TestRefused(t *testing.T) {
	for want, make := range map[string]func() error{
		"rises from":       func() error { _, err := Empirical([]float64{1, 2}, []float64{0.5, 0.6}, false); return err },
		"after the one":    func() error { _, err := Empirical([]float64{2, 1}, []float64{0.5, 0.4}, false); return err },
		"at time 0":        func() error { _, err := Empirical([]float64{0, 1}, []float64{0.9, 0.4}, false); return err },
		"row 2":            func() error { _, err := Empirical([]float64{0, 1}, []float64{1, 1.4}, false); return err },
		"the first time 0": func() error { _, err := PiecewiseExponential([]float64{1}, []float64{1}); return err },
		"below 0":          func() error { _, err := PiecewiseExponential([]float64{0}, []float64{-1}); return err },
		"after the start":  func() error { _, err := LifeTable([]float64{50}, []float64{0.1}, 1, 40); return err },
		"between 0 and 1":  func() error { _, err := LifeTable([]float64{50}, []float64{1.1}, 1, 50); return err },
		"not a family":     func() error { _, err := NewMaker("weird", nil); return err },
		"give it by shape": func() error { _, err := NewMaker("weibull", []string{"rate"}); return err },
		"scale: is -1": func() error {
			m, _ := NewMaker("weibull", []string{"scale", "shape"})
			_, err := m.Make(1, -1)
			return err
		},
	} {
		if err := make(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, wanted %q", err, want)
		}
	}
	for _, f := range Families {
		m, err := NewMaker(f.Family, strings.Fields(f.Arguments))
		if err != nil {
			t.Fatal(err)
		}
		if c, err := m.Make([]float64{0.5, 0.7, 0.3}[:len(m.Arguments)]...); err != nil || c.kind == never {
			t.Errorf("%v: %v", f, err)
		}
	}
}

// What is left of a curve far out is its own area, not the rounding of a larger one's: by a sum of eight million strips.
func TestAreaFarOut(t *testing.T) {
	c := Join(1.84375, GeneralisedGamma(math.Ln2, 0.5, 1.5), Weibull(4, 0.7734375)).Slower(0.44140625)
	if got := c.Area(0, 16.40623195421358, 0); math.Abs(got-0.5805109510859) > 1e-9 {
		t.Errorf("area %.13g", got)
	}
}

// Sampled times have the curve's mean.
func TestFillTimes(t *testing.T) {
	const n = 100_000
	u := make([]float64, n)
	for _, c := range []Curve{Weibull(1.4, 6), Weibull(1.4, 6).WithHazardRatio(1.7), Gamma(2, 1), Gompertz(0.1, 0.05)} {
		draw.NewStream(1).FillUniform(u, 0)
		c.FillTimes(u, u, nil)
		sum, square := 0.0, 0.0
		for _, v := range u {
			sum += v
			square += v * v
		}
		mean := sum / n
		if se := math.Sqrt((square/n - mean*mean) / n); math.Abs(mean-c.Mean()) > 4*se {
			t.Errorf("%v: sampled mean %g, wanted %g ± %g", c, mean, c.Mean(), se)
		}
	}
}

func BenchmarkWeibullTimes(b *testing.B) {
	u := make([]float64, 256)
	c := Weibull(1.4, 6)
	for b.Loop() {
		draw.NewStream(1).FillUniform(u, 0)
		c.FillTimes(u, u, nil)
	}
}
