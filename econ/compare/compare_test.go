package compare

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// plain is the full incremental analysis as its rules say it, step by step.
func plain(points []Point) map[string]Status {
	out := map[string]Status{}
	rest := slices.Clone(points)
	slices.SortFunc(rest, func(a, b Point) int {
		switch {
		case a.Cost != b.Cost:
			return int(a.Cost - b.Cost)
		case a.Effect != b.Effect:
			return int(b.Effect - a.Effect)
		}
		return strings.Compare(a.Name, b.Name)
	})
	for i := 0; i < len(rest); {
		if slices.ContainsFunc(rest[:i], func(p Point) bool { return p.Effect >= rest[i].Effect }) {
			out[rest[i].Name] = Dominated
			rest = slices.Delete(rest, i, i+1)
			continue
		}
		i++
	}
	ratio := func(i int) float64 {
		return (rest[i].Cost - rest[i-1].Cost) / (rest[i].Effect - rest[i-1].Effect)
	}
	for again := true; again; {
		again = false
		for i := 1; i+1 < len(rest); i++ {
			if ratio(i) > ratio(i+1)*(1+1e-9) {
				out[rest[i].Name], again = Extended, true
				rest = slices.Delete(rest, i, i+1)
				break
			}
		}
	}
	for _, p := range rest {
		out[p.Name] = Efficient
	}
	return out
}

func TestFrontierIsAsItsRulesSay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 12).Draw(t, "strategies")
		points := make([]Point, n)
		for i := range points {
			points[i] = Point{fmt.Sprint("s", i), float64(rapid.IntRange(-5, 12).Draw(t, "cost")), float64(rapid.IntRange(0, 8).Draw(t, "effect"))}
		}
		got, err := Frontier(points)
		if err != nil {
			t.Fatal(err)
		}
		want, last := plain(points), math.Inf(-1)
		for _, s := range got {
			if s.Status != want[s.Name] {
				t.Fatalf("%s is %s, not %s, of %v", s.Name, s.Status, want[s.Name], points)
			}
			if s.ICER != nil {
				if *s.ICER < last-1e-9 {
					t.Fatalf("the ratios fall: %v", got)
				}
				last = *s.ICER
			}
		}
		again, err := Frontier(rapid.Permutation(points).Draw(t, "order"))
		if err != nil || !reflect.DeepEqual(got, again) {
			t.Fatalf("in another order it is %v, %v, not %v", again, err, got)
		}
	})
}

// drawn are outcomes of any kind, with parameters that explain some of them.
func drawn(t *rapid.T) (Outcomes, Params) {
	n, strategies, params := rapid.IntRange(60, 300).Draw(t, "draws"), rapid.IntRange(1, 4).Draw(t, "strategies"), rapid.IntRange(1, 3).Draw(t, "parameters")
	rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
	whole := rapid.Bool().Draw(t, "whole numbers")
	var o Outcomes
	var p Params
	for i := range params {
		p.Names, p.Values = append(p.Names, fmt.Sprint("p", i)), append(p.Values, make([]float64, n))
		levels := rapid.IntRange(1, 30).Draw(t, "levels")
		for d := range n {
			p.Values[i][d] = rng.NormFloat64()
			if levels < 20 {
				p.Values[i][d] = float64(rng.IntN(levels))
			}
		}
	}
	for s := range strategies {
		o.Strategies = append(o.Strategies, fmt.Sprint("s", s))
		cost, effect := make([]float64, n), make([]float64, n)
		for d := range n {
			cost[d], effect[d] = 100*rng.Float64()+10*p.Values[0][d], rng.Float64()+p.Values[params-1][d]*float64(s)
			if whole {
				cost[d], effect[d] = math.Round(cost[d]/50), math.Round(effect[d])
			}
		}
		o.Cost, o.Effect = append(o.Cost, cost), append(o.Effect, effect)
	}
	return o, p
}

func TestWhatAlwaysHolds(t *testing.T) {
	run, most := 0, 15
	if os.Getenv("SAMVERK_LONG") == "1" {
		most = math.MaxInt
	}
	rapid.Check(t, func(t *rapid.T) {
		if run++; run > most {
			return
		}
		o, p := drawn(t)
		wtp := []float64{0, 1, rapid.Float64Range(0, 1000).Draw(t, "wtp")}
		c, err := o.Curves(wtp)
		if err != nil {
			t.Fatal(err)
		}
		groups := append(p.Each(), p.Names)
		parts, err := EVPPI(o, p, groups, wtp)
		if err != nil {
			t.Fatal(err)
		}
		sample, err := EVSI(o, p, Study{Parameters: p.Names, Sizes: []int{0, 10, 100, 1 << 40}, PriorSize: 50}, wtp)
		if err != nil {
			t.Fatal(err)
		}
		for k := range wtp {
			sum := 0.0
			for s := range o.Strategies {
				sum += c.CEAC[s][k]
				if c.Loss[s][k] < c.EVPI[k] {
					t.Fatalf("%s loses less than the best", o.Strategies[s])
				}
			}
			if math.Abs(sum-1) > 1e-9 {
				t.Fatalf("the CEAC sums to %v", sum)
			}
			for _, part := range parts {
				if !(part.EVPPI[k] >= 0 && part.EVPPI[k] <= c.EVPI[k]) {
					t.Fatalf("EVPPI %v, EVPI %v", part.EVPPI[k], c.EVPI[k])
				}
			}
			whole := parts[len(parts)-1].EVPPI[k]
			for i, last := 0, 0.0; i < len(sample.EVSI); i++ {
				v := sample.EVSI[i][k]
				if v < last-1e-9 || v > whole+1e-9*(1+whole) {
					t.Fatalf("EVSI %v after %v, EVPPI %v", v, last, whole)
				}
				last = v
			}
			if sample.EVSI[0][k] > 1e-9*(1+whole) {
				t.Fatalf("a study of nobody is worth %v", sample.EVSI[0][k])
			}
		}
		turned := Outcomes{slices.Clone(o.Strategies), slices.Clone(o.Cost), slices.Clone(o.Effect)}
		slices.Reverse(turned.Strategies)
		slices.Reverse(turned.Cost)
		slices.Reverse(turned.Effect)
		again, err := EVPPI(turned, p, groups, wtp)
		if err != nil {
			t.Fatal(err)
		}
		for i := range parts {
			for k := range wtp {
				if a, b := parts[i].EVPPI[k], again[i].EVPPI[k]; math.Abs(a-b) > 1e-9*(1+c.EVPI[k]) {
					t.Fatalf("with the strategies in another order EVPPI is %v, not %v", b, a)
				}
			}
		}
	})
}

// known is a choice whose value of information is known: B gains x + y beyond A, both normal, the mean m.
func known(n int, m, sx, sy float64) (Outcomes, Params) {
	rng := rand.New(rand.NewPCG(20261122, 7))
	o := Outcomes{Strategies: []string{"A", "B"}, Cost: table(2, n), Effect: table(2, n)}
	p := Params{Names: []string{"x", "y", "noise"}, Values: table(3, n)}
	for d := range n {
		p.Values[0][d], p.Values[1][d], p.Values[2][d] = m+sx*rng.NormFloat64(), sy*rng.NormFloat64(), rng.Float64()
		o.Effect[1][d], o.Cost[1][d] = p.Values[0][d], -p.Values[1][d]
	}
	return o, p
}

// unit is the value of knowing a normal gain of mean m and deviation s: what is lost by choosing by the mean.
func unit(m, s float64) float64 {
	z := math.Abs(m) / s
	return s * (math.Exp(-z*z/2)/math.Sqrt(2*math.Pi) - z*math.Erfc(z/math.Sqrt2)/2)
}

func near(t *testing.T, what string, got, want, within float64) {
	t.Helper()
	if !(math.Abs(got-want) <= within) {
		t.Errorf("%s is %v, not %v (within %v)", what, got, want, within)
	}
}

func TestAgainstClosedForms(t *testing.T) {
	const m, sx, sy = .4, 1.0, .7
	o, p := known(20000, m, sx, sy)
	wtp := []float64{1}
	c, err := o.Curves(wtp)
	if err != nil {
		t.Fatal(err)
	}
	near(t, "EVPI", c.EVPI[0], unit(m, math.Hypot(sx, sy)), .015)
	parts, err := EVPPI(o, p, append(p.Each(), []string{"x", "y"}, []string{"x", "noise"}), wtp)
	if err != nil {
		t.Fatal(err)
	}
	near(t, "EVPPI of x", parts[0].EVPPI[0], unit(m, sx), .01)
	near(t, "EVPPI of y", parts[1].EVPPI[0], unit(m, sy), .01)
	near(t, "EVPPI of noise", parts[2].EVPPI[0], 0, .001)
	near(t, "EVPPI of x and y", parts[3].EVPPI[0], c.EVPI[0], 1e-3)
	near(t, "EVPPI of x and noise", parts[4].EVPPI[0], unit(m, sx), .01)

	const prior = 40
	sample, err := EVSI(o, p, Study{Parameters: []string{"x"}, Sizes: []int{10, 40, 400}, PriorSize: prior, Fixed: 1, Each: .01}, wtp)
	if err != nil {
		t.Fatal(err)
	}
	for i, n := range sample.Sizes {
		want := unit(m, sx*math.Sqrt(float64(n)/(float64(n)+prior)))
		near(t, fmt.Sprint("EVSI of ", n), sample.EVSI[i][0], want, .01)
		// The same by what such a study finds: x with a standard error such that the prior is worth 40.
		rng := rand.New(rand.NewPCG(5, uint64(n)))
		found := Params{Names: []string{"found"}, Values: table(1, o.Draws())}
		for d, x := range p.Values[0] {
			found.Values[0][d] = x + sx*math.Sqrt(prior/float64(n))*rng.NormFloat64()
		}
		v, err := EVSISimulated(o, found, wtp)
		if err != nil {
			t.Fatal(err)
		}
		near(t, fmt.Sprint("EVSI of simulated ", n), v[0], want, .012)
	}
	people := Population{Incidence: 100, Years: 3, Rate: .1, Now: 5}
	near(t, "persons", people.Persons(), 5+100+100/1.1+100/1.21, 1e-9)
	near(t, "net benefit of sampling", sample.Net(people)[1][0], people.Persons()*sample.EVSI[1][0]-1.4, 1e-9)

	nested, err := Nested(2000, wtp, func(outer int) (Outcomes, error) {
		rng := rand.New(rand.NewPCG(9, uint64(outer)))
		x := m + sx*rng.NormFloat64()
		in := Outcomes{Strategies: o.Strategies, Cost: table(2, 200), Effect: table(2, 200)}
		for d := range 200 {
			in.Effect[1][d] = x + sy*rng.NormFloat64()
		}
		return in, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	near(t, "nested EVPPI", nested.EVPPI[0], unit(m, sx), 4*nested.StandardError[0])
	if nested.StandardError[0] > .02 || nested.Half[0] < nested.EVPPI[0]-.01 {
		t.Errorf("nested: %+v", nested)
	}
}

// A gain that is a product has no value in one factor alone; together it is half the mean of its absolute value, 1/π.
func TestParametersThatMatterOnlyTogether(t *testing.T) {
	o, p := known(10000, 0, 1, 1)
	for d := range o.Draws() {
		o.Effect[1][d], o.Cost[1][d] = p.Values[0][d]*p.Values[1][d], 0
	}
	parts, err := EVPPI(o, p, append(p.Each(), []string{"x", "y"}, p.Names), []float64{1})
	if err != nil {
		t.Fatal(err)
	}
	near(t, "x", parts[0].EVPPI[0], 0, .02)
	near(t, "y", parts[1].EVPPI[0], 0, .02)
	near(t, "x and y", parts[3].EVPPI[0], 1/math.Pi, .015)
	near(t, "all", parts[4].EVPPI[0], 1/math.Pi, .015)
	// Many together: only products of two at a time, each one function.
	for i := range 6 {
		p.Names, p.Values = append(p.Names, fmt.Sprint("more", i)), append(p.Values, slices.Clone(p.Values[2]))
		rand.New(rand.NewPCG(uint64(i), 3)).Shuffle(o.Draws(), func(a, b int) {
			v := p.Values[len(p.Values)-1]
			v[a], v[b] = v[b], v[a]
		})
	}
	parts, err = EVPPI(o, p, [][]string{p.Names}, []float64{1})
	if err != nil {
		t.Fatal(err)
	}
	near(t, "nine", parts[0].EVPPI[0], 1/math.Pi, .015)
}

func TestStability(t *testing.T) {
	o, _ := known(1000, .4, 1, .7)
	s, err := o.Stability(1)
	if err != nil {
		t.Fatal(err)
	}
	if !s.Stable || s.Best != "B" || s.Next != "A" || len(s.Steps) != 10 || s.Needed > 100 {
		t.Errorf("clear: %+v", s)
	}
	o, _ = known(1000, .001, 1, .7)
	if s, err = o.Stability(1); err != nil || s.Stable || s.Needed < 1000 {
		t.Errorf("undecided: %+v, %v", s, err)
	}
	same := Outcomes{[]string{"A", "B"}, table(2, 5), table(2, 5)}
	if s, err = same.Stability(1); err != nil || s.Best != "A" || !s.Stable {
		t.Errorf("the same twice: %+v, %v", s, err)
	}
	if s, err = same.Prefix(1).Stability(1); err != nil || len(s.Steps) != 1 && len(s.Steps) != 0 {
		t.Errorf("one draw: %+v, %v", s, err)
	}
}

func of(v float64) *float64 { return &v }

func TestRegions(t *testing.T) {
	o := Outcomes{[]string{"one by one", "panel"}, [][]float64{{100, 100}, {300, 500}}, [][]float64{{1, 1}, {1.1, 1.3}}}
	goal := Goal{Strategy: "panel", Comparator: "one by one", Adoption: .9, Yield: .4, WTP: 5000}
	got, err := Gaps(o, goal, []Region{
		{"north", of(1000), of(.9), of(.4)}, {"west", of(1000), of(.4), of(.4)}, {"east", of(1000), of(.9), of(.2)}, {"south", nil, of(.3), nil}, {"middle", of(10), of(1), nil}})
	if err != nil {
		t.Fatal(err)
	}
	near(t, "north", got[0].Effect.Mean, 0, 1e-9)
	near(t, "west's effect", got[1].Effect.Mean, 1000*.5*.2, 1e-9)
	near(t, "west's cost", got[1].Cost.Mean, 1000*.5*300, 1e-9)
	near(t, "west's benefit", got[1].Benefit.Mean, 5000*100-150000, 1e-6)
	near(t, "west's patients", got[1].Without, 500, 1e-9)
	near(t, "east's effect", got[2].Effect.Mean, 1000*.45*.2, 1e-9)
	near(t, "east's cost", got[2].Cost.Mean, 0, 1e-9)
	near(t, "middle", got[4].Effect.Mean, -.2, 1e-9)
	if got[3].Known {
		t.Error("south told nothing of how many, and is known")
	}

	young := Outcomes{[]string{"no", "test"}, [][]float64{{0}, {10}}, [][]float64{{0}, {2}}}
	old := Outcomes{[]string{"no", "test"}, [][]float64{{0}, {10}}, [][]float64{{0}, {.5}}}
	strata, err := Heterogeneity([]Group{{"young", .6, young}, {"old", .4, old}}, 10)
	if err != nil {
		t.Fatal(err)
	}
	if strata.ForAll != "test" || strata.Groups[1].Best != "no" {
		t.Errorf("%+v", strata)
	}
	near(t, "value of strata", strata.Value, .4*5, 1e-9)
}

// toy gains x² - 4 - y/2 beyond doing nothing.
func toy(set map[string]float64) ([]Point, error) {
	x, y := 3.0, 0.0
	if v, ok := set["x"]; ok {
		x = v
	}
	if v, ok := set["y"]; ok {
		y = v
	}
	if x > 100 {
		return nil, fmt.Errorf("x is too large")
	}
	return []Point{{"no", 0, 0}, {"yes", 4 + y/2, x * x}}, nil
}

func TestSensitivity(t *testing.T) {
	q := Question{"yes", "no", 1}
	b, err := Tornado(toy, q, []Reach{{Name: "y", Low: -1, High: 1}, {Name: "x", Base: 3, Low: 1, High: 4}})
	if err != nil {
		t.Fatal(err)
	}
	if b.Bars[0].Name != "x" || !b.Bars[0].Turns || b.Bars[1].Turns || b.Base.Gain != 5 || b.Bars[0].Width() != 15 {
		t.Errorf("%+v", b)
	}
	for _, c := range []struct {
		low, high float64
		want      []float64
	}{{0, 5, []float64{2}}, {-5, 5, []float64{-2, 2}}, {3, 5, nil}, {2, 2, []float64{2}}, {3, 3, nil}, {-64, 64, []float64{-2, 2}}} {
		got, err := Threshold(toy, q, Reach{Name: "x", Low: c.low, High: c.high})
		if err != nil || len(got) != len(c.want) {
			t.Fatalf("%v to %v: %v, %v, not %v", c.low, c.high, got, err, c.want)
		}
		for i := range got {
			near(t, "threshold", got[i], c.want[i], 1e-9)
		}
	}
	g, err := TwoWay(toy, q, Reach{Name: "x", Low: 0, High: 4}, Reach{Name: "y", Low: 0, High: 10}, 3)
	if err != nil || g.Gain[2][1] != -5 || g.Best[0][2] != "yes" || g.Best[2][0] != "no" {
		t.Errorf("%+v, %v", g, err)
	}
	told, err := Scenarios(toy, q, []Scenario{{"as it is", nil}, {"small", map[string]float64{"x": 1}}})
	if err != nil || told[1].Gain != -3 || told[0].ICER == nil || *told[0].ICER != 4./9 {
		t.Errorf("%+v, %v", told, err)
	}
	if _, err := OneWay(toy, q, Reach{Name: "x", Low: 0, High: 200}, 3); err == nil || !strings.Contains(err.Error(), "x = 200: x is too large") {
		t.Errorf("what the model says is lost: %v", err)
	}
}

func TestWhatCantBeCompared(t *testing.T) {
	good, params := known(100, 0, 1, 1)
	wtp := []float64{1}
	bad := func(change func(o *Outcomes, p *Params)) error {
		o, p := known(100, 0, 1, 1)
		change(&o, &p)
		_, err := EVPPI(o, p, p.Each(), wtp)
		return err
	}
	for name, c := range map[string]struct {
		err  error
		says string
	}{
		"no strategy":  {bad(func(o *Outcomes, _ *Params) { *o = Outcomes{} }), "no strategy"},
		"not a number": {bad(func(o *Outcomes, _ *Params) { o.Cost[1][6] = math.NaN() }), "costs of B: draw 7"},
		"infinite":     {bad(func(_ *Outcomes, p *Params) { p.Values[1][2] = math.Inf(1) }), "values of y: draw 3"},
		"short":        {bad(func(o *Outcomes, _ *Params) { o.Effect[0] = o.Effect[0][:50] }), "50 draws, not 100"},
		"named twice":  {bad(func(o *Outcomes, _ *Params) { o.Strategies = []string{"A", "A"} }), `two strategies`},
		"rows":         {bad(func(_ *Outcomes, p *Params) { p.Names = p.Names[:1] }), "1 parameters have 3 rows"},
		"few": {func() error {
			_, err := EVPPI(good.Prefix(10), Params{[]string{"x"}, [][]float64{params.Values[0][:10]}}, [][]string{{"x"}}, wtp)
			return err
		}(), "too few"},
		"unknown":    {func() error { _, err := EVPPI(good, params, [][]string{{"z"}}, wtp); return err }(), `no parameter "z"`},
		"nothing":    {func() error { _, err := EVPPI(good, params, [][]string{{}}, wtp); return err }(), "a group has no parameter"},
		"negative":   {func() error { _, err := good.Curves([]float64{-1}); return err }(), "-1"},
		"no price":   {func() error { _, err := good.Curves(nil); return err }(), "no willingness"},
		"comparator": {func() error { _, err := good.Plane("C"); return err }(), `no strategy "C"`},
		"adoption":   {func() error { _, err := Gaps(good, Goal{Strategy: "A", Comparator: "B", Adoption: 2}, nil); return err }(), "between 0 and 1"},
		"shares":     {func() error { _, err := Heterogeneity([]Group{{"a", .5, good}}, 1); return err }(), "sum to 0.5"},
		"reach": {func() error {
			_, err := OneWay(toy, Question{"yes", "no", 1}, Reach{Name: "x", Low: 2, High: 1}, 2)
			return err
		}(), "from 2 to 1"},
		"nested": {func() error {
			_, err := Nested(5, wtp, func(int) (Outcomes, error) { return Outcomes{}, nil })
			return err
		}(), "outer draw 1"},
		"population":      {Population{Years: -1}.Check(), "0 or more"},
		"prior":           {func() error { _, err := EVSI(good, params, Study{PriorSize: math.NaN()}, wtp); return err }(), "prior size"},
		"frontier of NaN": {func() error { _, err := Frontier([]Point{{"a", math.NaN(), 0}}); return err }(), "cost and effect of a"},
	} {
		if c.err == nil || !strings.Contains(c.err.Error(), c.says) {
			t.Errorf("%s: %v doesn't say %q", name, c.err, c.says)
		}
	}
}

func TestPlane(t *testing.T) {
	o := Outcomes{[]string{"A", "B"}, [][]float64{{1, 1, 1, 1}, {2, 0, 2, 0}}, [][]float64{{1, 1, 1, 1}, {2, 2, 0, 1}}}
	got, err := o.Plane("A")
	if err != nil {
		t.Fatal(err)
	}
	c := got[0]
	if len(got) != 1 || c.MoreDearer != .25 || c.MoreCheaper != .25 || c.LessDearer != .25 || c.LessCheaper != .25 || c.Worth(2) != .75 {
		t.Errorf("%+v", got)
	}
}

// BenchmarkEVPPI20 is EVPPI of 20 parameters on 10,000 draws of four strategies, at 101 prices.
func BenchmarkEVPPI20(b *testing.B) {
	const n = 10000
	rng := rand.New(rand.NewPCG(1, 1))
	o := Outcomes{Strategies: []string{"a", "b", "c", "d"}, Cost: table(4, n), Effect: table(4, n)}
	p := Params{Values: table(20, n)}
	for i := range p.Values {
		p.Names = append(p.Names, fmt.Sprint("p", i))
		for d := range n {
			p.Values[i][d] = rng.ExpFloat64()
			for s := range 4 {
				o.Cost[s][d] += math.Sqrt(p.Values[i][d]) * float64((s*i)%7)
				o.Effect[s][d] += p.Values[i][d] * float64((s+i)%5) / 100
			}
		}
	}
	for _, k := range []int{1, 101} {
		wtp := Range(0, 1000, k)
		b.Run(fmt.Sprint("prices-", k), func(b *testing.B) {
			for b.Loop() {
				if _, err := EVPPI(o, p, p.Each(), wtp); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	for _, k := range []int{2, 3, 5, 20} {
		b.Run(fmt.Sprint("group-of-", k), func(b *testing.B) {
			for b.Loop() {
				if _, err := EVPPI(o, p, [][]string{p.Names[:k]}, []float64{500}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkCurves is CEAC, CEAF, expected loss and EVPI of four strategies on 10,000 draws at 101 prices.
func BenchmarkCurves(b *testing.B) {
	o, _ := cancer(b)
	wtp := Range(0, 100000, 101)
	for b.Loop() {
		if _, err := o.Curves(wtp); err != nil {
			b.Fatal(err)
		}
	}
}
