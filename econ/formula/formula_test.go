package formula

import (
	"errors"
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func at(source string) Text { return Text{Source: source, At: Pos{"f", 3, 10}} }

func TestValues(t *testing.T) {
	for source, want := range map[string]float64{
		"1+2*3":                                 7,
		"(1+2)*3":                               9,
		"-2^2":                                  -4,
		"2^-1":                                  0.5,
		"2^3^2":                                 512,
		"6/3/2":                                 1,
		"1-2-3":                                 -4,
		"--3":                                   3,
		"1e-3":                                  0.001,
		".5":                                    0.5,
		"1 < 2 and 2 <= 2":                      1,
		"not 1 == 2":                            1,
		"not (1 == 1) or 0":                     0,
		"if(1 > 2, 10, 20)":                     20,
		"min(3, 1, 2)":                          1,
		"max(3, 1, 2)":                          3,
		"exp(ln(2))":                            2,
		"sqrt(16)+abs(-1)":                      5,
		"floor(1.9)+ceil(1.1)+round(2.5)":       6,
		"log10(1000)":                           3,
		"pow(2, 10)":                            1024,
		"true+false":                            1,
		"rate_to_prob(prob_to_rate(0.3, 2), 2)": 0.3,
		"1 != 2":                                1,
	} {
		got, err := Value(at(source))
		if err != nil || math.Abs(got-want) > 1e-12 {
			t.Errorf("%s = %v, %v; not %v", source, got, err, want)
		}
	}
}

func TestErrors(t *testing.T) {
	for source, want := range map[string]string{
		"":          "f:3:10: the formula is empty",
		"1+":        "f:3:12: the formula ends where a number or a name should be",
		"1,5":       `f:3:11: "," where an operator, or the end should be`,
		"(1":        `f:3:12: the formula ends where ")" should be`,
		"1)":        `f:3:11: ")" where an operator, or the end should be`,
		"1 < 2 < 3": "f:3:16: comparisons can't be chained",
		"a = 1":     `f:3:12: "=" where`,
		"foo(1)":    `f:3:10: there is no function "foo"`,
		"exp(1, 2)": "f:3:10: exp takes 1 arguments, not 2",
		"rest*2":    "f:3:10: rest can't be a part of a formula",
		"1+ exp":    `f:3:13: "exp" is a word of the language`,
		"\xff":      "f:3:10: the formula isn't UTF-8",
		"1e999":     "f:3:10: \"1e999\" isn't a number that can be held",
		"a.b":       `f:3:13: the formula ends where "[" should be`,
		"a.1":       `f:3:11: ".1" where a column's name should be`,
		"1/0":       "f:3:10: 1/0 isn't a finite number",
		"x":         "f:3:10: only numbers can stand here",
		strings.Repeat("(", 300) + "1" + strings.Repeat(")", 300): "is nested deeper than 100",
		strings.Repeat("-", 300) + "1":                            "is nested deeper than 100",
		strings.Repeat("1+", 3000) + "1":                          "is longer than 4000 characters",
		"1\n+\n  *2":                                              "f:5:3",
	} {
		_, err := Value(at(source))
		var e *Error
		if !errors.As(err, &e) || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40q: %v, not %s", source, err, want)
		}
	}
}

// model is a builder with two inputs of each class, and the value of a formula in a lane by itself.
type model struct {
	b      *Builder
	inputs map[string]Reg
}

func newModel() *model {
	table, err := NewTable("life", Step, []float64{0, 1, 5})
	if err != nil {
		panic(err)
	}
	table.Column("p", []float64{0.1, 0.2, 0.3})
	m := &model{b: NewBuilder(map[string]*Table{"life": table}), inputs: map[string]Reg{}}
	for name, class := range map[string]Class{"x": Draw, "y": Draw, "m": Cycle} {
		m.inputs[name] = m.b.Input(name, class)
	}
	return m
}

func (m *model) scope(name string, at Pos) (Reg, error) {
	if r, ok := m.inputs[name]; ok {
		return r, nil
	}
	return 0, &Error{at, "isn't defined", ""}
}

// walk reckons a parsed formula by walking it: the meaning that the compiled one has to have.
func walk(n *Node, v map[string]float64, tables map[string]*Table) float64 {
	args := make([]float64, 3)
	for i, a := range n.args {
		x := walk(a, v, tables)
		if i < 3 {
			args[i] = x
		}
		if i > 0 && (n.op == opMin || n.op == opMax) {
			args[0] = n.op.scalar(args[0], x, 0)
		}
	}
	switch n.op {
	case opConst:
		return n.value
	case opInput:
		return v[n.name]
	case opMin, opMax:
		return args[0]
	case opLookup:
		return tables[n.name].columns[0].find(args[0])
	}
	return n.op.scalar(args[0], args[1], args[2])
}

// expression draws a formula.
func expression(t *rapid.T, depth int) string {
	if depth == 0 || rapid.IntRange(0, 3).Draw(t, "leaf") == 0 {
		return rapid.SampledFrom([]string{"x", "y", "m", "0", "1", "2.5", "0.3"}).Draw(t, "of")
	}
	a, b := expression(t, depth-1), expression(t, depth-1)
	switch rapid.IntRange(0, 6).Draw(t, "kind") {
	case 0:
		return rapid.SampledFrom([]string{"exp", "ln", "sqrt", "abs", "floor", "-", "not "}).Draw(t, "f") + "(" + a + ")"
	case 1:
		return rapid.SampledFrom([]string{"min", "max", "pow", "rate_to_prob"}).Draw(t, "f") + "(" + a + ", " + b + ")"
	case 2:
		return "if(" + a + ", " + b + ", " + expression(t, depth-1) + ")"
	case 3:
		return "life.p[" + a + "]"
	}
	return "(" + a + rapid.SampledFrom([]string{"+", "-", "*", "/", "^", " < ", " <= ", " == ", " != ", " and ", " or "}).Draw(t, "op") + b + ")"
}

// TestCompiledIsTheSame: over lanes and hoisted, a formula gives what it gives by itself, in every lane and cycle.
func TestCompiledIsTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := newModel()
		var nodes []*Node
		var roots []Reg
		for range rapid.IntRange(1, 4).Draw(t, "formulas") {
			n, err := Parse(at(expression(t, 4)))
			if err != nil {
				t.Fatal(err)
			}
			r, err := m.b.Compile(n, m.scope)
			if err != nil {
				t.Fatal(err)
			}
			nodes, roots = append(nodes, n), append(roots, r)
		}
		p := m.b.Program()
		lanes := rapid.IntRange(1, 5).Draw(t, "lanes")
		f := p.NewFrame(lanes, Draw)
		for _, name := range []string{"x", "y"} {
			for i := range lanes {
				f.Lane(m.inputs[name])[i] = float64(rapid.IntRange(-20, 60).Draw(t, name)) / 10
			}
		}
		f.Run(p.Stage(roots, 0, Draw))
		cycles := p.Stage(roots, Draw, Cycle)
		for k := range 3 {
			f.Set(m.inputs["m"], float64(k))
			f.Run(cycles)
			for i, n := range nodes {
				for lane := range lanes {
					v := map[string]float64{"x": f.At(m.inputs["x"], lane), "y": f.At(m.inputs["y"], lane), "m": float64(k)}
					got, want := f.At(roots[i], lane), walk(n, v, m.b.tables)
					// A factor of zero that stands in the model makes nothing of what isn't a number.
					if !finite(want) || math.Abs(got-want) <= 1e-9*math.Abs(want) {
						continue
					}
					t.Fatalf("formula %d, lane %d, cycle %d: %v, not %v", i, lane, k, got, want)
				}
			}
		}
	})
}

func TestSharing(t *testing.T) {
	m := newModel()
	compile := func(s string) Reg {
		n, err := Parse(at(s))
		if err != nil {
			t.Fatal(err)
		}
		r, err := m.b.Compile(n, m.scope)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	same := func(a, b string) {
		t.Helper()
		if compile(a) != compile(b) {
			t.Errorf("%s and %s are reckoned twice", a, b)
		}
	}
	same("x+y", "y+x")
	same("exp(-x)*2", "2*exp(-x)")
	same("x*1+0", "x")
	same("x*(1-0)-y*0", "x")
	same("if(1 == 1, x, y)", "x")
	if c := m.b.Class(compile("exp(x)*m")); c != Draw|Cycle {
		t.Errorf("class %v", c)
	}
	if v, ok := m.b.Constant(compile("2*3+life.p[4]")); !ok || v != 6.2 {
		t.Errorf("%v %v isn't folded", v, ok)
	}
	p := m.b.Program()
	if s := p.Stage([]Reg{compile("exp(x)*m")}, Draw, Cycle); len(s) != 1 {
		t.Errorf("%d values change with the cycle, not one", len(s))
	}
}

func TestTables(t *testing.T) {
	for _, c := range []struct {
		match Match
		key   float64
		want  float64
	}{{Step, 0, 10}, {Step, 4.9, 10}, {Step, 5, 20}, {Step, 99, 20}, {Step, -1, math.NaN()}, {Exact, 5, 20}, {Exact, 4, math.NaN()}, {Linear, 2.5, 15}, {Linear, 5.1, math.NaN()}, {Step, math.NaN(), math.NaN()}} {
		table, err := NewTable("t", c.match, []float64{0, 5})
		if err != nil {
			t.Fatal(err)
		}
		table.Column("c", []float64{10, 20})
		if got := table.columns[0].find(c.key); got != c.want && !(math.IsNaN(got) && math.IsNaN(c.want)) {
			t.Errorf("%s[%v] is %v, not %v", c.match, c.key, got, c.want)
		}
	}
	for _, keys := range [][]float64{nil, {1, 1}, {2, 1}, {math.NaN()}} {
		if _, err := NewTable("t", Step, keys); err == nil {
			t.Errorf("keys %v stand", keys)
		}
	}
}

func TestUnits(t *testing.T) {
	names := func(name string) Unit {
		return ParseUnit(map[string]string{"cost": "SEK", "yearly": "SEK/year", "euro": "EUR", "u": "utility", "p": "probability", "r": "1/year", "t": "years", "hr": "ratio"}[name])
	}
	for source, want := range map[string]string{
		"cost+yearly": "SEK", "cost*2": "SEK", "p*yearly": "SEK/year", "yearly*t": "SEK", "r*t": "a number", "1/t": "1/year", "r*hr": "1/year",
		"1-p": "probability", "u*t": "utility year^1", "if(p > 0.5, cost, 0)": "SEK", "max(cost, 0)": "SEK", "cost/cost": "a number", "p*p": "probability",
	} {
		n, err := Parse(at(source))
		if err != nil {
			t.Fatal(err)
		}
		if u, err := UnitOf(n, names); err != nil || u.String() != want {
			t.Errorf("%s is %s (%v), not %s", source, u, err, want)
		}
	}
	for _, source := range []string{"cost+u", "cost-euro", "if(p, cost, u)", "max(cost, p)", "cost < u", "u+t", "1+cost*2+u"} {
		n, err := Parse(at(source))
		if err != nil {
			t.Fatal(err)
		}
		if u, err := UnitOf(n, names); err == nil {
			t.Errorf("%s stands, as %s", source, u)
		}
	}
}

// FuzzParse: what people write is a formula or an error with a place inside it, and never a panic; what is parsed can be
// compiled and run.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"1-exp(-x*2)", "life.p[floor(x)]", "if(m <= 2 and not y, x, 1e-3)", "min(1,2,3)^-x", "a..b", "((", "1,2", "å+1", "x\n+y"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		n, err := Parse(Text{Source: s, At: Pos{"f", 1, 1}})
		var e *Error
		if err != nil {
			if !errors.As(err, &e) || e.At.Line < 1 || e.At.Line > 1+strings.Count(s, "\n") {
				t.Fatalf("%q: %v", s, err)
			}
			return
		}
		m := newModel()
		r, err := m.b.Compile(n, m.scope)
		if err != nil {
			if !errors.As(err, &e) {
				t.Fatalf("%q: %v", s, err)
			}
			return
		}
		p := m.b.Program()
		fr := p.NewFrame(3, Draw)
		fr.Run(p.Stage([]Reg{r}, 0, Draw))
		fr.Run(p.Stage([]Reg{r}, Draw, Cycle))
		if _, err := UnitOf(n, func(string) Unit { return Unit{} }); err != nil && !errors.As(err, &e) {
			t.Fatal(err)
		}
	})
}
