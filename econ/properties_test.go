package econ_test

import (
	"errors"
	"flag"
	"fmt"
	"maps"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	"pgregory.net/rapid"

	"github.com/samverk/samverk/econ"
)

// random draws a cohort of a few states, with tunnels, rewards that change with time, and moves that give something.
func random(t *rapid.T, rate string) string {
	n := rapid.IntRange(2, 5).Draw(t, "states")
	var b strings.Builder
	fmt.Fprintf(&b, `samverk: econ/1
id: random
title: Random
illustrative: true
currency: SEK
effect_unit: QALY
conventions: {cycle_length: %s, cycles: %d, within_cycle: %s, rewards_per: %s, discount: {cost: %s, effect: %s}}
parameters:
  - {name: p, value: 0.3, distribution: {family: beta, alpha: 3, beta: 7}}
  - {name: c, value: 100, distribution: {family: gamma, mean: 100, sd: 10}}
strategies: {one: {set: {x: 1}}, two: {set: {x: 0.5}}}
parts:
  life:
    kind: cohort
    states:
`, rapid.SampledFrom([]string{"1", "0.5", "1/12"}).Draw(t, "length"), rapid.IntRange(1, 30).Draw(t, "cycles"),
		rapid.SampledFrom([]string{"none, count: both", "none, count: end", "half-cycle", "life-table-start", "life-table-middle", "life-table-end", "simpson", "simpson-darth"}).Draw(t, "correction"),
		rapid.SampledFrom([]string{"cycle", "year"}).Draw(t, "per"), rate, rate)
	for s := range n {
		fmt.Fprintf(&b, "      - {name: s%d, tunnel: %d, dead: %v}\n", s, rapid.IntRange(0, 4).Draw(t, "tunnel"), s == n-1)
	}
	fmt.Fprintf(&b, "    initial: {s0: 0.75, s1: 0.25}\n    transitions:\n")
	for s := range n {
		var row []string
		for to := range n {
			if to != s && rapid.Bool().Draw(t, "way") {
				row = append(row, fmt.Sprintf("s%d: %s", to, rapid.SampledFrom([]string{"p*x/5", "0.05", "p/(m+4)", "x/20"}).Draw(t, "p")))
			}
		}
		fmt.Fprintf(&b, "      s%d: {%s}\n", s, strings.Join(append(row, fmt.Sprintf("s%d: rest", s)), ", "))
	}
	fmt.Fprintf(&b, "    rewards:\n      cost: {s0: c, s1: c*m}\n      effect: {s0: 1, s1: %s}\n", rapid.SampledFrom([]string{"0.5", "x*0.5", "0.9^k"}).Draw(t, "utility"))
	fmt.Fprintf(&b, "    transition_rewards: {cost: {s0: {s1: c*x}}}\n")
	return b.String()
}

// TestProperties: everybody is somewhere; without discounting nothing is discounted; the base case is what a probabilistic
// analysis of certain numbers gives; tables say what one file says; names and their order don't matter.
func TestProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m, err := load(random(t, rapid.SampledFrom([]string{"0", "0.03"}).Draw(t, "rate")))
		if err != nil {
			t.Fatal(err)
		}
		c, err := econ.Compile(m, econ.Options{})
		if err != nil {
			t.Fatal(err)
		}
		r, err := c.Run()
		if err != nil {
			t.Fatal(err)
		}
		for _, tr := range r.Traces {
			for k, who := range tr.Occupancy {
				sum := 0.0
				for _, v := range who {
					if v < 0 {
						t.Fatalf("%v of the people are in a state after %d cycles", v, k)
					}
					sum += v
				}
				if math.Abs(sum-1) > 1e-9 {
					t.Fatalf("%v of the people are somewhere after %d cycles", sum, k)
				}
			}
			for o, a := range tr.Amounts {
				sum, plain := 0.0, 0.0
				for k := range a.Value {
					sum, plain = sum+a.Value[k], plain+a.Undiscounted[k]
				}
				s := r.Strategies[0]
				if tr.Strategy == "two" {
					s = r.Strategies[1]
				}
				want, wantPlain := []float64{s.Cost, s.Effect}, []float64{s.Undiscounted.Cost, s.Undiscounted.Effect}
				if o < 2 && (!alike(sum, want[o]) || !alike(plain, wantPlain[o])) {
					t.Fatalf("the cycles' %s sum to %v, and the whole is %v", a.Outcome, sum, want[o])
				}
			}
		}
		for _, s := range r.Strategies {
			if m.Conventions.Discount.Cost.Source == "0" && (s.Cost != s.Undiscounted.Cost || s.Effect != s.Undiscounted.Effect) {
				t.Fatal("discounted by nothing, and not the same")
			}
			if s.Cost > s.Undiscounted.Cost*1.04 {
				t.Fatal("discounting makes more of it")
			}
		}
		points, err := c.At([]string{"p", "c"}, [][]float64{{0.3, 0.3, 0.2}, {100, 200, 100}})
		if err != nil {
			t.Fatal(err)
		}
		for x, s := range r.Strategies {
			if !alike(points.Cost()[x][0], s.Cost) || !alike(points.Effect()[x][0], s.Effect) || !alike(points.Cost()[x][1], 2*s.Cost) {
				t.Fatal("the base case isn't what its point gives, or twice the price not twice the cost")
			}
		}
	})
}

func alike(a, b float64) bool { return math.Abs(a-b) <= 1e-9*max(math.Abs(a), math.Abs(b), 1e-3) }

// checks is how often a property is tried: whole under SAMVERK_LONG.
func checks(t *testing.T, n string) {
	if os.Getenv("SAMVERK_LONG") != "" {
		n = "1000"
	}
	before := flag.Lookup("rapid.checks").Value.String()
	if before != "100" {
		return // somebody says how often
	}
	set := func(n string) {
		if err := flag.Set("rapid.checks", n); err != nil {
			t.Fatal(err)
		}
	}
	set(n)
	t.Cleanup(func() { set(before) })
}

// TestMalformed: a sound model with something broken in it is refused with a place, or run to finite numbers.
func TestMalformed(t *testing.T) {
	checks(t, "40")
	_, template := econ.New()
	models := []string{small, string(template)}
	for _, name := range []string{"partitioned-survival-closed-form", "hiv-psa"} {
		text, err := os.ReadFile("testdata/reference/" + name + "/model.yaml")
		if err != nil {
			t.Fatal(err)
		}
		models = append(models, string(text))
	}
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.SampledFrom(models).Draw(t, "model")
		for range rapid.IntRange(1, 3).Draw(t, "breaks") {
			lines := strings.Split(text, "\n")
			i := rapid.IntRange(0, len(lines)-1).Draw(t, "line")
			switch rapid.IntRange(0, 5).Draw(t, "how") {
			case 0:
				lines = append(lines[:i:i], lines[i+1:]...)
			case 1:
				lines[i] += "\n" + lines[i]
			case 2:
				j := rapid.IntRange(0, len(lines[i])).Draw(t, "at")
				lines[i] = lines[i][:j] + rapid.SampledFrom([]string{"1", "-", "{", "}", "[", ":", ": ", ",", "\"", "x", "*0", "/0", "^m", "\t", "&a ", "*a", "!!", "0.", "e9", "é", "rest", "null", "m", "dead: true, "}).Draw(t, "put") + lines[i][j:]
			case 3:
				j := rapid.IntRange(0, len(lines[i])).Draw(t, "from")
				lines[i] = lines[i][:j]
			case 4:
				j := rapid.IntRange(0, len(lines)-1).Draw(t, "other")
				lines[i], lines[j] = lines[j], lines[i]
			case 5:
				words := strings.Fields(text)
				lines[i] = strings.Replace(lines[i], rapid.SampledFrom(words).Draw(t, "word"), rapid.SampledFrom(words).Draw(t, "by"), 1)
			}
			text = strings.Join(lines, "\n")
		}
		survives(t, fstest.MapFS{"model.yaml": &fstest.MapFile{Data: []byte(text)}})
	})
}

// survives reads, checks and runs whatever it is: problems have a text and a place, results are finite.
func survives(t interface{ Fatalf(string, ...any) }, files fstest.MapFS) {
	m, err := econ.Read(files, "model.yaml")
	placed := func(p econ.Problems) {
		for _, x := range p {
			if x.Says == "" || x.Line < 0 || x.Column < 0 || x.File == "" && x.Field == "" {
				t.Fatalf("a problem without a place: %+v", x)
			}
		}
	}
	var list econ.Problems
	if err != nil {
		if !errors.As(err, &list) || len(list.Errors()) == 0 {
			t.Fatalf("%v isn't a list of problems", err)
		}
		placed(list)
		return
	}
	if n := cost(m); n > 1_000_000 {
		return // it would be run, and take its time
	}
	placed(econ.Check(m))
	c, err := econ.Compile(m, econ.Options{})
	if err != nil {
		if !errors.As(err, &list) {
			t.Fatalf("%v isn't a list of problems", err)
		}
		placed(list)
		return
	}
	r, err := c.Run()
	if err != nil {
		if !errors.As(err, &list) {
			t.Fatalf("%v isn't a list of problems", err)
		}
		placed(list)
		return
	}
	for _, s := range r.Strategies {
		if math.IsNaN(s.Cost+s.Effect) || math.IsInf(s.Cost+s.Effect, 0) {
			t.Fatalf("%s costs %v and gives %v", s.Name, s.Cost, s.Effect)
		}
	}
}

// cost is about how much work a model is.
func cost(m *econ.Model) int {
	n := 1
	for _, p := range m.Parts {
		states := len(p.States)
		for _, s := range p.States {
			states += s.Tunnel
		}
		n += states*states + 2*p.People/100
	}
	cycles, err := strconv.ParseFloat(m.Conventions.Cycles.Source, 64)
	if err != nil || cycles > 1000 {
		cycles = 1000
	}
	return n * int(max(1, cycles)) * max(1, len(m.Strategies)) * max(1, len(m.Scenarios))
}

// FuzzRead: any bytes as a model and as a table are a model, or a list of problems.
func FuzzRead(f *testing.F) {
	_, template := econ.New()
	f.Add([]byte(small), []byte("name,value\na,1\n"))
	f.Add(template, []byte("name;value\na;1,5\n"))
	f.Add([]byte(strings.Replace(small, "    transitions:", "    transitions: t.csv\n    x:", 1)), []byte("from,to,probability\nwell,well,rest\n"))
	f.Add([]byte("a: &a [*a, *a]"), []byte("\xef\xbb\xbf\"\n"))
	f.Fuzz(func(t *testing.T, model, table []byte) {
		survives(t, fstest.MapFS{"model.yaml": &fstest.MapFile{Data: model}, "t.csv": &fstest.MapFile{Data: table}, "t.xlsx": &fstest.MapFile{Data: table}})
	})
}

// TestMalformedTables breaks the tables of a model kept in them.
func TestMalformedTables(t *testing.T) {
	checks(t, "40")
	m, _ := econ.New()
	whole, err := m.Files(econ.CSVFiles)
	if err != nil {
		t.Fatal(err)
	}
	book, err := m.Files(econ.Workbook)
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		files := fstest.MapFS{}
		if rapid.IntRange(0, 9).Draw(t, "book") == 0 {
			for _, name := range slices.Sorted(maps.Keys(book)) {
				text := append([]byte(nil), book[name]...)
				if strings.HasSuffix(name, ".xlsx") {
					i := rapid.IntRange(0, len(text)-1).Draw(t, "byte")
					text[i] ^= byte(rapid.IntRange(1, 255).Draw(t, "flip"))
				}
				files[name] = &fstest.MapFile{Data: text}
			}
			survives(t, files)
			return
		}
		for _, name := range slices.Sorted(maps.Keys(whole)) {
			lines := strings.Split(string(whole[name]), "\n")
			if strings.HasSuffix(name, ".csv") && rapid.IntRange(0, 2).Draw(t, "break "+name) == 0 {
				i := rapid.IntRange(0, len(lines)-1).Draw(t, "line")
				cells := strings.Split(lines[i], ",")
				j := rapid.IntRange(0, len(cells)-1).Draw(t, "cell")
				cells[j] = rapid.SampledFrom([]string{"", "x", "1", "-1", "rest", "\"", "1/0", "1;2", "=1+1", "999999999", "alpha=2"}).Draw(t, "put")
				lines[i] = strings.Join(cells, ",")
			}
			files[name] = &fstest.MapFile{Data: []byte(strings.Join(lines, "\n"))}
		}
		survives(t, files)
	})
}
