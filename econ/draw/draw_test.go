package draw

import (
	"math"
	"strings"
	"testing"

	"gonum.org/v1/gonum/mathext"
	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"
	"pgregory.net/rapid"
)

func args(words ...any) map[string]float64 {
	m := map[string]float64{}
	for i := 0; i < len(words); i += 2 {
		switch v := words[i+1].(type) {
		case int:
			m[words[i].(string)] = float64(v)
		case float64:
			m[words[i].(string)] = v
		}
	}
	return m
}

func near(t *testing.T, what string, got, want, rel float64) {
	t.Helper()
	if math.IsNaN(got) || math.Abs(got-want) > rel*math.Max(math.Abs(want), 1e-300) {
		t.Errorf("%s: %.15g, wanted %.15g", what, got, want)
	}
}

// The same number whoever asks; another path, another row; the numbers are even and unrelated.
func TestStream(t *testing.T) {
	s := NewStream(7, 1, 2)
	if s != NewStream(7).Split(1).Split(2) || s == NewStream(7, 2, 1) || s == NewStream(8, 1, 2) {
		t.Fatal("a path doesn't name one stream")
	}
	if got := NewStream(1).Uint64(0); got != 0x5cb6a0c76cee574a {
		t.Errorf("the first number of seed 1 has changed to %#x: so have all results", got)
	}
	const n = 200_000
	a, b := make([]float64, n), make([]float64, n)
	s.FillUniform(a, 0)
	s.FillUniform(b[5:], 5)
	for i := range 5 {
		b[i] = s.Uniform(uint64(i))
	}
	cells := make([]float64, 100)
	for i := range a {
		if a[i] != b[i] || a[i] <= 0 || a[i] >= 1 {
			t.Fatalf("number %d: %v and %v", i, a[i], b[i])
		}
		cells[int(a[i]*100)]++
	}
	chi := 0.0
	for _, c := range cells {
		chi += (c - n/100) * (c - n/100) / (n / 100)
	}
	if chi > 99+5*math.Sqrt(2*99) {
		t.Errorf("numbers are not even: chi² %.0f of 99", chi)
	}
	for name, other := range map[string]Stream{"sibling": NewStream(7, 1, 3), "seed": NewStream(8, 1, 2), "name": s.Named("x")} {
		other.FillUniform(b, 0)
		if r := stat.Correlation(a, b, nil); math.Abs(r) > 5/math.Sqrt(n) {
			t.Errorf("%s: correlation %g", name, r)
		}
	}
	if r := stat.Correlation(a[1:], a[:n-1], nil); math.Abs(r) > 5/math.Sqrt(n) {
		t.Errorf("one after the other: correlation %g", r)
	}
	// number 0 of many sibling streams is as good a row as many numbers of one
	for i := range a {
		a[i] = NewStream(3, uint64(i)).Uniform(0)
		b[i] = NewStream(3, uint64(i)).Uniform(1)
	}
	if m, r := stat.Mean(a, nil), stat.Correlation(a, b, nil); math.Abs(m-0.5) > 5/math.Sqrt(12*n) || math.Abs(r) > 5/math.Sqrt(n) {
		t.Errorf("siblings: mean %g, correlation %g", m, r)
	}
}

func TestNormalQuantile(t *testing.T) {
	for _, c := range [][2]float64{{0.5, 0}, {0.975, 1.959963984540054}, {0.025, -1.959963984540054}, {1e-10, -6.361340902404056}, {0.84134474606854293, 1}} {
		if got := NormalQuantile(c[0]); math.Abs(got-c[1]) > 1e-14*(1+math.Abs(c[1])) {
			t.Errorf("quantile of %g: %.17g, wanted %.17g", c[0], got, c[1])
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		z := rapid.Float64Range(-8.2, 4).Draw(t, "z")
		if back := NormalQuantile(NormalCDF(z)); math.Abs(back-z) > 1e-11 {
			t.Fatalf("%g became %g", z, back)
		}
	})
}

// The parameters that economists' ways of saying it give, against figures worked out by hand or published.
func TestWays(t *testing.T) {
	cases := []struct {
		d        Distribution
		mean, sd float64
	}{
		{Distribution{Family: "fixed", Args: args("value", 3)}, 3, 0},
		{Distribution{Family: "normal", Args: args("mean", 10, "low", 8.04, "high", 11.96)}, 10, 1.96 / 1.959963984540054},
		{Distribution{Family: "normal", Args: args("low", 8, "high", 12, "level", 0.9)}, 10, 2 / 1.6448536269514722},
		{Distribution{Family: "gamma", Args: args("shape", 20, "rate", 10000)}, 0.002, math.Sqrt(20) / 10000},
		{Distribution{Family: "gamma", Args: args("mean", 5000, "se", 500)}, 5000, 500},
		{Distribution{Family: "beta", Args: args("alpha", 200, "beta", 3)}, 200.0 / 203, math.Sqrt(200*3/204.0) / 203},
		{Distribution{Family: "beta", Args: args("events", 12, "n", 100)}, 0.12, math.Sqrt(0.12 * 0.88 / 101)},
		{Distribution{Family: "beta", Args: args("mean", 0.3, "sd", 0.05)}, 0.3, 0.05},
		// Briggs 2006 ex. 4.7: mean 0.509, sd from the interval 0.365 to 0.710
		{Distribution{Family: "lognormal", Args: args("mean", 0.509, "low", 0.365, "high", 0.710)}, 0.509, 0.345 / (2 * 1.959963984540054)},
		{Distribution{Family: "lognormal", Args: args("mean", 0.509, "sd", 0.08801)}, 0.509, 0.08801},
		{Distribution{Family: "lognormal", Args: args("median", 2, "low", 1, "high", 4)},
			2 * math.Exp(0.5*math.Pow(math.Ln2/1.959963984540054, 2)), 2 * math.Exp(0.5*math.Pow(math.Ln2/1.959963984540054, 2)) * math.Sqrt(math.Expm1(math.Pow(math.Ln2/1.959963984540054, 2)))},
		{Distribution{Family: "uniform", Args: args("min", 2, "max", 4)}, 3, 2 / math.Sqrt(12)},
		{Distribution{Family: "triangular", Args: args("min", 0, "mode", 1, "max", 4)}, 5.0 / 3, math.Sqrt(13.0 / 18)},
		{Distribution{Family: "pert", Args: args("min", 0, "mode", 1, "max", 4)}, 8.0 / 6, 4 * math.Sqrt(2*4/7.0) / 6},
		{Distribution{Family: "dirichlet", Values: []float64{2, 3, 5}}, 0.2, math.Sqrt(0.2 * 0.8 / 11)},
		{Distribution{Family: "bootstrap", Values: []float64{1, 2, 3, 4}}, 2.5, math.Sqrt(1.25 / 4)},
		{Distribution{Family: "empirical", Values: []float64{1, 2, 3, 4}}, 2.5, math.Sqrt(1.25)},
		{Distribution{Family: "stored", Values: []float64{1, 2, 3, 4}}, 2.5, math.Sqrt(1.25)},
	}
	for _, c := range cases {
		if err := c.d.Check(); err != nil {
			t.Errorf("%v: %v", c.d, err)
			continue
		}
		near(t, c.d.Family+" mean", c.d.Mean(), c.mean, 1e-12)
		near(t, c.d.Family+" sd", c.d.SD(), c.sd, 1e-12)
	}
	// the mean and spread of what is drawn are those promised
	const n = 100_000
	for _, c := range cases {
		if c.d.Family == "stored" {
			continue
		}
		names := []string{"a", "b", "c"}[:1]
		if c.d.Family == "dirichlet" {
			names = []string{"a", "b", "c"}
		}
		s, err := NewSampler(1, []Parameter{{names, c.d}})
		if err != nil {
			t.Fatal(err)
		}
		dst := rows(len(names), n)
		s.Fill(dst, 0)
		mean, sd := momentsOf(dst[0])
		if math.Abs(mean-c.mean) > 5*c.sd/math.Sqrt(n)+1e-12 || math.Abs(sd-c.sd) > 0.03*c.sd+1e-12 {
			t.Errorf("%v: drew mean %g sd %g, wanted %g and %g", c.d, mean, sd, c.mean, c.sd)
		}
	}
}

func rows(n, width int) [][]float64 {
	out := make([][]float64, n)
	for i := range out {
		out[i] = make([]float64, width)
	}
	return out
}

func TestRefused(t *testing.T) {
	for want, d := range map[string]Distribution{
		"not a family":         {Family: "weird"},
		"must be above 0":      {Family: "gamma", Args: args("shape", 0, "scale", 1)},
		"has less than":        {Family: "beta", Args: args("mean", 0.5, "sd", 0.6)},
		"outside its interval": {Family: "normal", Args: args("mean", 5, "low", 1, "high", 2)},
		"not below high":       {Family: "normal", Args: args("low", 3, "high", 2)},
		"takes other":          {Family: "gamma", Args: args("shape", 1, "rate", 1, "scale", 1)},
		"needs arguments":      {Family: "gamma"},
		"not a number":         {Family: "fixed", Args: args("value", math.NaN())},
		"given twice":          {Family: "normal", Args: args("mean", 1, "sd", 1, "se", 1)},
		"are missing":          {Family: "stored"},
		"fewer than two":       {Family: "dirichlet", Values: []float64{1}},
		"number 2 is 0":        {Family: "dirichlet", Values: []float64{1, 0}},
		"min ≤ mode":           {Family: "pert", Args: args("min", 0, "mode", 5, "max", 4)},
		"of 10":                {Family: "beta", Args: args("events", 10, "n", 10)},
		"lie between 0 and 1":  {Family: "normal", Args: args("low", 1, "high", 2, "level", 95)},
		"are not used":         {Family: "normal", Args: args("mean", 1, "sd", 1), Values: []float64{1}},
		"the shape 1e-06":      {Family: "gamma", Args: args("shape", 1e-6, "rate", 1)},
	} {
		if err := d.Check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v, wanted %q", d, err, want)
		}
	}
}

// Whatever the shapes, the quick quantile lies where the distribution function says, to eight digits of the nearer tail (to
// five for shapes nobody has).
func TestQuantileAgainstCDF(t *testing.T) {
	shape := rapid.Map(rapid.Float64Range(math.Log(leastShape), math.Log(greatestShape)), math.Exp)
	rapid.Check(t, func(t *rapid.T) {
		z := rapid.Float64Range(-8, 8).Draw(t, "z")
		a, b := shape.Draw(t, "shape"), shape.Draw(t, "other")
		sc := scaleOfGamma(a)
		if rapid.Bool().Draw(t, "beta") {
			sc = scaleOfBeta(a, b)
		}
		table := newTable(sc)
		pos := z*table.inv + float64(len(table.coef))/2
		y := horner(&table.coef[int(pos)], pos-math.Floor(pos))
		if table.axis == itself && sc.logit {
			y = math.Log(y / (1 - y))
		} else if table.axis == itself {
			y = math.Log(y)
		}
		got, tail := sc.logLower(y), NormalCDF(z)
		if z > 0 {
			got, tail = sc.logUpper(y), NormalCDF(-z)
		}
		good := 1e-5
		if math.Min(a, b) > 0.5 && math.Max(a, b) < 1e5 {
			good = 1e-8
		}
		if math.Abs(got-math.Log(tail)) > good {
			t.Fatalf("z %g: ln of the tail %.12g, wanted %.12g; %g intervals per unit", z, got, math.Log(tail), table.inv)
		}
	})
}

// The two ways to compute a tail agree where both have their digits.
func TestTailsTwoWays(t *testing.T) {
	for _, pair := range [][2]scale{{gammaScale(30), largeGamma(30)}, {gammaScale(9000), largeGamma(9000)}, {betaScale(3, 100), largeBeta(3, 100)},
		{betaScale(900, 0.5), largeBeta(900, 0.5)}, {betaScale(40, 70), largeBeta(40, 70)}} {
		for z := -8.0; z <= 8; z += 0.5 {
			a := pair[0].solve(z, pair[0].start)
			if b := pair[1].solve(z, a.y); math.Abs(a.y-b.y) > 1e-10*a.d1 {
				t.Errorf("start %g, score %g: %.15g and %.15g", pair[0].start, z, a.y, b.y)
			}
		}
	}
}

// Against gonum, which inverts the distribution function number by number.
func TestQuantileAgainstGonum(t *testing.T) {
	for _, u := range []float64{1e-6, 0.01, 0.25, 0.5, 0.9, 0.999} {
		g := Distribution{Family: "gamma", Args: args("shape", 2.5, "rate", 3)}
		near(t, "gamma", g.Quantile(u), distuv.Gamma{Alpha: 2.5, Beta: 3}.Quantile(u), 1e-9)
		b := Distribution{Family: "beta", Args: args("alpha", 0.7, "beta", 4)}
		near(t, "beta", b.Quantile(u), mathext.InvRegIncBeta(0.7, 4, u), 1e-8)
		tri := Distribution{Family: "triangular", Args: args("min", 1, "mode", 2, "max", 5)}
		near(t, "triangular", tri.Quantile(u), distuv.NewTriangle(1, 5, 2, nil).Quantile(u), 1e-12)
		for _, d := range []Distribution{g, b, tri, {Family: "lognormal", Args: args("mean", 2, "sd", 1)}, {Family: "uniform", Args: args("min", 1, "max", 2)}, {Family: "normal", Args: args("mean", 2, "sd", 1)}} {
			v, _ := d.Compile()
			near(t, d.Family+" there and back", v.CDF(v.Quantile(u)), u, 1e-9)
		}
	}
}

// Draws are the same in any blocks, and a parameter keeps its own when others come and go.
func TestSampler(t *testing.T) {
	all := []Parameter{
		{[]string{"c"}, Distribution{Family: "gamma", Args: args("mean", 100, "sd", 10)}},
		{[]string{"p", "q", "r"}, Distribution{Family: "dirichlet", Values: []float64{5, 3, 0.1}}},
		{[]string{"u"}, Distribution{Family: "uniform", Args: args("min", 0, "max", 1)}},
		{[]string{"rr"}, Distribution{Family: "lognormal", Args: args("median", 2, "low", 1, "high", 4)}},
		{[]string{"x", "y"}, Distribution{Family: "bootstrap", Values: []float64{1, 10, 2, 20, 3, 30}}},
		{[]string{"e", "f"}, Distribution{Family: "empirical", Values: []float64{1, 10, 2, 20, 3, 30}}},
		{[]string{"s"}, Distribution{Family: "stored", Values: seq(2000)}},
	}
	s, err := NewSampler(4, all, Correlation{A: "c", B: "rr", Rho: -0.6}, Correlation{A: "rr", B: "u", Rho: 0.5, Rank: true})
	if err != nil {
		t.Fatal(err)
	}
	const n = 2000
	whole := rows(len(s.Names()), n)
	s.Fill(whole, 0)
	for from := 0; from < n; from += 256 {
		part := rows(len(s.Names()), min(256, n-from))
		s.Fill(part, from)
		for i := range part {
			for j, v := range part[i] {
				if v != whole[i][from+j] {
					t.Fatalf("%s draw %d: %v and %v", s.Names()[i], from+j, v, whole[i][from+j])
				}
			}
		}
	}
	at := func(name string) []float64 {
		for i, n := range s.Names() {
			if n == name {
				return whole[i]
			}
		}
		return nil
	}
	for j := range n {
		if sum := at("p")[j] + at("q")[j] + at("r")[j]; math.Abs(sum-1) > 1e-15 {
			t.Fatalf("shares sum to %v", sum)
		}
		if at("y")[j] != 10*at("x")[j] && math.Abs(at("y")[j]-10*at("x")[j]) > 1e-9 || at("f")[j] != 10*at("e")[j] || at("s")[j] != float64(j) {
			t.Fatalf("draw %d: rows are torn", j)
		}
	}
	logs := append([]float64(nil), at("rr")...)
	for j := range logs {
		logs[j] = math.Log(logs[j])
	}
	if r := stat.Correlation(at("c"), logs, nil); math.Abs(r+0.6) > 0.06 {
		t.Errorf("correlation %g, wanted -0.6", r)
	}
	if r := stat.Correlation(at("c"), at("u"), nil); math.Abs(r) > 0.1 {
		t.Errorf("correlation %g where none was given", r)
	}
	alone, _ := NewSampler(4, []Parameter{all[1], all[0]})
	few := rows(4, n)
	alone.Fill(few, 0)
	if few[0][7] != at("p")[7] || few[3][7] != at("c")[7] {
		t.Error("a parameter's draws changed with the others")
	}
	if s.Limit() != 2000 || alone.Limit() != 0 {
		t.Errorf("limits %d and %d", s.Limit(), alone.Limit())
	}
	for want, c := range map[string][]Correlation{
		"all these":        {{A: "c", B: "rr", Rho: 0.9}, {A: "rr", B: "u", Rho: 0.9}, {A: "c", B: "u", Rho: -0.9}},
		"between -1 and 1": {{A: "c", B: "rr", Rho: 1.5}},
		"already ties":     {{A: "c", B: "p", Rho: 0.5}},
		"no distribution":  {{A: "c", B: "nobody", Rho: 0.5}},
		"itself":           {{A: "c", B: "c", Rho: 0.5}},
		"with rr is given": {{A: "c", B: "rr", Rho: 0.5}, {A: "rr", B: "c", Rho: 0.5}},
	} {
		if _, err := NewSampler(4, all, c...); err == nil || !strings.Contains(err.Error(), want) && !strings.Contains(err.Error(), "given twice") {
			t.Errorf("%v: %v, wanted %q", c, err, want)
		}
	}
}

func seq(n int) []float64 {
	out := make([]float64, n)
	for i := range out {
		out[i] = float64(i)
	}
	return out
}

func sickSicker() []Parameter {
	one := func(name, family string, words ...any) Parameter {
		return Parameter{[]string{name}, Distribution{Family: family, Args: args(words...)}}
	}
	return []Parameter{
		one("r_HD", "gamma", "shape", 20, "rate", 10000), one("r_HS1", "gamma", "shape", 30, "rate", 200),
		one("r_S1H", "gamma", "shape", 60, "rate", 120), one("r_S1S2", "gamma", "shape", 84, "rate", 800),
		one("hr_S1", "lognormal", "meanlog", math.Log(3), "sdlog", 0.01), one("hr_S2", "lognormal", "meanlog", math.Log(10), "sdlog", 0.02),
		one("hr_S1S2_trtB", "lognormal", "meanlog", math.Log(0.6), "sdlog", 0.02),
		one("c_H", "gamma", "shape", 100, "scale", 20), one("c_S1", "gamma", "shape", 177.8, "scale", 22.5),
		one("c_S2", "gamma", "shape", 225, "scale", 66.7), one("c_trtA", "gamma", "shape", 73.5, "scale", 163.3),
		one("c_trtB", "gamma", "shape", 86.2, "scale", 150.8),
		one("u_H", "beta", "alpha", 200, "beta", 3), one("u_S1", "beta", "alpha", 130, "beta", 45),
		one("u_S2", "beta", "alpha", 230, "beta", 230), one("u_trtA", "beta", "alpha", 300, "beta", 15),
	}
}

// The sixteen parameters of Sick-Sicker, made ready and drawn 10,000 times.
func BenchmarkSickSickerDraws(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		s, err := NewSampler(1, sickSicker())
		if err != nil {
			b.Fatal(err)
		}
		dst := rows(16, 256)
		for from := 0; from < 10_000; from += 256 {
			s.Fill(dst, from)
		}
	}
}
