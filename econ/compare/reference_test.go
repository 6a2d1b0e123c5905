package compare

import (
	"encoding/csv"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

const reference = "../testdata/reference"

// expected are a case's checks that were met so far.
type expected struct {
	t      *testing.T
	checks []struct {
		Name  string
		Value any
		Abs   *float64
		Rel   float64
	}
	met map[string]bool
}

func expect(t *testing.T, name string) *expected {
	t.Helper()
	var file struct {
		Checks []struct {
			Name  string
			Value any
			Abs   *float64
			Rel   float64
		}
	}
	data, err := os.ReadFile(filepath.Join(reference, name, "expected.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(data, &file); err != nil {
		t.Fatal(err)
	}
	return &expected{t, file.Checks, map[string]bool{}}
}

// is compares what was computed with the check of that name; a check that isn't there is none.
func (e *expected) is(name string, got any) {
	e.t.Helper()
	for _, c := range e.checks {
		if c.Name != name {
			continue
		}
		e.met[name] = true
		word, isWord := c.Value.(string)
		if isWord {
			if fmt.Sprint(got) != word {
				e.t.Errorf("%s is %v, not %v", name, got, word)
			}
			return
		}
		want, err := strconv.ParseFloat(fmt.Sprint(c.Value), 64)
		if err != nil {
			e.t.Fatal(err)
		}
		value, wide := got.(float64), c.Rel*math.Abs(want)
		if c.Abs != nil {
			wide = *c.Abs
		}
		if !(math.Abs(value-want) <= wide) {
			e.t.Errorf("%s is %v, not %v (within %v)", name, value, want, wide)
		}
	}
}

// all fails for checks that nothing was compared with, other than those that begin with one of but.
func (e *expected) all(but ...string) {
	e.t.Helper()
	for _, c := range e.checks {
		if !e.met[c.Name] && !slices.ContainsFunc(but, func(b string) bool { return strings.HasPrefix(c.Name, b) }) {
			e.t.Errorf("nothing was compared with %s", c.Name)
		}
	}
}

// columns reads a table by the names in its head.
func columns(t testing.TB, path ...string) map[string][]string {
	t.Helper()
	f, err := os.Open(filepath.Join(append([]string{reference}, path...)...))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	out := map[string][]string{}
	for i, name := range rows[0] {
		for _, row := range rows[1:] {
			out[name] = append(out[name], row[i])
		}
	}
	return out
}

func numbers(t testing.TB, words []string) []float64 {
	t.Helper()
	out := make([]float64, len(words))
	for i, w := range words {
		v, err := strconv.ParseFloat(w, 64)
		if err != nil {
			t.Fatal(err)
		}
		out[i] = v
	}
	return out
}

func TestReferenceFrontiers(t *testing.T) {
	e := expect(t, "icer-frontiers")
	for _, set := range []string{"herc", "hund", "ties"} {
		c := columns(t, "icer-frontiers", "strategies-"+set+".csv")
		cost, effect := numbers(t, c["cost"]), numbers(t, c["effect"])
		var points []Point
		for i, name := range c["strategy"] {
			points = append(points, Point{name, cost[i], effect[i]})
		}
		f, err := Frontier(points)
		if err != nil {
			t.Fatal(err)
		}
		var order []string
		count := map[Status]int{}
		for _, s := range f {
			count[s.Status]++
			e.is(set+".status."+s.Name, s.Status)
			if s.Status == Efficient {
				order = append(order, s.Name)
			}
			if s.ICER != nil {
				e.is(set+".icer."+s.Name, *s.ICER)
			}
		}
		e.is(set+".order", strings.Join(order, " "))
		for status, n := range count {
			e.is(set+".count."+string(status), float64(n))
		}
	}
	e.all()
}

// cancer are the 10,000 stored draws of three treatments.
func cancer(t testing.TB) (Outcomes, Params) {
	c := columns(t, "voi-on-stored-draws", "psa-draws.csv")
	o := Outcomes{Strategies: []string{"Chemo", "Radio", "Surgery"}}
	for _, s := range o.Strategies {
		o.Cost, o.Effect = append(o.Cost, numbers(t, c["cost_"+s])), append(o.Effect, numbers(t, c["qaly_"+s]))
	}
	p := Params{Names: []string{"pFailChemo", "pFailRadio", "pFailSurg", "pDieSurg", "muDieCancer", "cChemo", "cRadio", "cSurg"}}
	for _, name := range p.Names {
		p.Values = append(p.Values, numbers(t, c[name]))
	}
	return o, p
}

func TestReferenceValueOfInformation(t *testing.T) {
	o, p := cancer(t)
	e := expect(t, "voi-on-stored-draws")
	e.is("draws", float64(o.Draws()))
	for _, m := range o.Means() {
		e.is("mean."+m.Name+".cost", m.Cost)
		e.is("mean."+m.Name+".effect", m.Effect)
	}
	f, err := Frontier(o.Means())
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range f {
		e.is("status."+s.Name, s.Status)
		if s.ICER != nil {
			e.is("icer."+s.Name+".vs."+s.Against, *s.ICER)
		}
	}
	wtp := []float64{10000, 50000, 100000}
	curves, err := o.Curves(wtp)
	if err != nil {
		t.Fatal(err)
	}
	parts, err := EVPPI(o, p, append(p.Each(), []string{"pFailChemo", "muDieCancer"}), wtp)
	if err != nil {
		t.Fatal(err)
	}
	for k, w := range wtp {
		at := fmt.Sprintf(".%.0f", w)
		e.is("evpi"+at, curves.EVPI[k])
		e.is("best"+at, o.Strategies[curves.Best[k]])
		for s, name := range o.Strategies {
			e.is("ceac"+at+"."+name, curves.CEAC[s][k])
			e.is("expected_loss"+at+"."+name, curves.Loss[s][k])
		}
		for _, part := range parts {
			e.is("evppi"+at+"."+strings.Join(part.Parameters, "+"), part.EVPPI[k])
			t.Logf("EVPPI%s %v %.1f", at, part.Parameters, part.EVPPI[k])
		}
	}
	e.all()
}

func TestReferenceHIV(t *testing.T) {
	c := columns(t, "hiv-psa", "psa-draws.csv")
	e := expect(t, "hiv-psa")
	for _, name := range []string{"mono_ly", "mono_cost", "comb_ly", "comb_cost", "diff_ly", "diff_cost", "icer"} {
		values := numbers(t, c[name])
		s := Summarise(values)
		e.is(name+".mean", s.Mean)
		e.is(name+".sd", s.SD)
		e.is(name+".q0.025", s.Low)
		e.is(name+".q0.5", s.Median)
		e.is(name+".q0.975", s.High)
	}
	o := Outcomes{Strategies: []string{"mono", "comb"}, Cost: [][]float64{numbers(t, c["mono_cost"]), numbers(t, c["comb_cost"])}, Effect: [][]float64{numbers(t, c["mono_ly"]), numbers(t, c["comb_ly"])}}
	e.is("draws", float64(o.Draws()))
	f, err := Frontier(o.Means())
	if err != nil {
		t.Fatal(err)
	}
	e.is("icer_of_means", *f[1].ICER)
	wtp := []float64{2000, 5000, 6000, 7000, 10000, 20000}
	curves, err := o.Curves(wtp)
	if err != nil {
		t.Fatal(err)
	}
	for k, w := range wtp {
		e.is(fmt.Sprintf("evpi.%.0f", w), curves.EVPI[k])
		for s, name := range o.Strategies {
			e.is(fmt.Sprintf("ceac.%.0f.%s", w, name), curves.CEAC[s][k])
		}
	}
	e.all("own.") // those are the model's, drawn again
}
