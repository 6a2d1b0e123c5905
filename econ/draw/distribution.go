package draw

import (
	"fmt"
	"math"
	"sort"
	"strings"

	"gonum.org/v1/gonum/mathext"
)

// Distribution is a family and its arguments. Which arguments a family takes is in Families.
type Distribution struct {
	Family string
	Args   map[string]float64
	// Values are a dirichlet's counts, or what bootstrap, empirical and stored draw from.
	Values []float64
}

// Families says which sets of arguments each family takes; each line is one way to give it.
//
// Where a mean stands with a standard error (sd, or se: the same word here, the spread of the parameter) the
// parameters follow by the method of moments; where it stands with low and high, these are an interval that a normal
// would hold in share level (0.95 unless given), so sd = (high-low)/(2*1.96): Briggs, Claxton and Sculpher, Decision
// Modelling for Health Economic Evaluation (2006), chapter 4. A lognormal by median, low and high is a ratio with its
// interval: symmetric on the logarithm, as relative risks are published; by low and high alone the median is their
// geometric mean. A beta by events and n is the beta of that binomial with nothing added. A pert is the beta on
// [min, max] with weight (4 unless given) on the mode.
//
//nolint:gochecknoglobals // a table that is read only
var Families = []struct {
	Family string
	Ways   []string
	Values string // what Values holds, where it is used
}{
	{"fixed", []string{"value"}, ""},
	{"normal", []string{"mean sd", "mean low high", "low high"}, ""},
	{"lognormal", []string{"meanlog sdlog", "mean sd", "median sdlog", "median low high", "mean low high", "low high"}, ""},
	{"gamma", []string{"shape scale", "shape rate", "mean sd", "mean low high"}, ""},
	{"beta", []string{"alpha beta", "mean sd", "mean low high", "events n", "mean n"}, ""},
	{"uniform", []string{"min max"}, ""},
	{"triangular", []string{"min mode max"}, ""},
	{"pert", []string{"min mode max"}, ""},
	{"dirichlet", []string{""}, "counts"},
	{"bootstrap", []string{""}, "observations: each draw is the mean of as many, drawn with replacement"},
	{"empirical", []string{""}, "values: each draw is one of them"},
	{"stored", []string{""}, "draws: draw i is value i"},
}

// synonyms are other words economists use; the first is what Families calls it.
//
//nolint:gochecknoglobals // a table that is read only
var synonyms = map[string]string{"se": "sd", "lower": "low", "upper": "high", "a": "alpha", "b": "beta",
	"shape1": "alpha", "shape2": "beta", "mu": "meanlog", "sigma": "sdlog", "gmean": "median"}

// Error is what is wrong with a distribution: which argument, what, and what to do.
type Error struct{ Family, Arg, Says, Hint string }

func (e *Error) Error() string {
	where := e.Family
	if e.Arg != "" {
		where += " " + e.Arg
	}
	if e.Hint == "" {
		return where + ": " + e.Says
	}
	return where + ": " + e.Says + " (" + e.Hint + ")"
}

// Check says why the distribution can't be drawn from, or nil.
func (d Distribution) Check() error {
	_, err := d.Compile()
	return err
}

// Mean is the expectation. Of a dirichlet it is the first share's; Component gives the others.
func (d Distribution) Mean() float64 { m, _ := d.moments(); return m }

// SD is the standard deviation, of a dirichlet the first share's.
func (d Distribution) SD() float64 { _, s := d.moments(); return s }

func (d Distribution) moments() (mean, sd float64) {
	v, err := d.Compile()
	if err != nil {
		return math.NaN(), math.NaN()
	}
	return v.Mean, v.SD
}

// Quantile is the value that a share u of the distribution lies below; NaN of one that doesn't stand. Compile once
// where many are wanted.
func (d Distribution) Quantile(u float64) float64 {
	v, err := d.Compile()
	if err != nil {
		return math.NaN()
	}
	return v.Quantile(u)
}

// Component is share i of a dirichlet alone, which is a beta.
func (d Distribution) Component(i int) Distribution {
	rest := 0.0
	for j, c := range d.Values {
		if j != i {
			rest += c
		}
	}
	return Distribution{Family: "beta", Args: map[string]float64{"alpha": d.Values[i], "beta": rest}}
}

// Variable is a distribution made ready to draw from. It may be used by many goroutines.
type Variable struct {
	Mean, SD float64
	kind     kind
	p, q, r  float64 // by kind, below
	s        float64
	values   []float64
	quick    *table
}

type kind uint8

const (
	fixed      kind = iota // p
	normal                 // p + q·z
	lognormal              // exp(p + q·z)
	gamma                  // shape p, scale q
	beta                   // alpha p, beta q, on r … r+s
	uniform                // p … p+q
	triangular             // min p, mode q, max r
	empirical              // values, sorted
	bootstrap              // values: needs a stream, not one uniform number
	stored                 // values: needs the draw's number
	dirichlet              // values: counts
)

// Quantile is the value that a share u lies below.
func (v *Variable) Quantile(u float64) float64 { return v.score(NormalQuantile(u), u) }

// score is the quantile given as both the uniform number u and its normal score z.
func (v *Variable) score(z, u float64) float64 {
	switch v.kind {
	case fixed:
		return v.p
	case normal:
		return v.p + v.q*z
	case lognormal:
		return math.Exp(v.p + v.q*z)
	case gamma:
		return v.q * v.quick.at(z)
	case beta:
		return v.r + v.s*min(1, v.quick.at(z))
	case uniform:
		return v.p + v.q*u
	case triangular:
		return triangularQuantile(v.p, v.q, v.r, u)
	case empirical:
		return v.values[min(len(v.values)-1, int(u*float64(len(v.values))))]
	case dirichlet:
		return Distribution{Values: v.values}.Component(0).Quantile(u)
	}
	return math.NaN()
}

// byUniform says that a kind's quantile reads u and not z.
func (k kind) byUniform() bool { return k == uniform || k == triangular || k == empirical }

func triangularQuantile(low, mode, high, u float64) float64 {
	if span := high - low; u*span <= mode-low {
		return low + math.Sqrt(u*span*(mode-low))
	}
	return high - math.Sqrt((1-u)*(high-low)*(high-mode))
}

// CDF is the share of the distribution at or below x; NaN for bootstrap, stored and dirichlet.
func (v *Variable) CDF(x float64) float64 {
	switch v.kind {
	case fixed:
		return step(x >= v.p)
	case normal:
		return NormalCDF((x - v.p) / v.q)
	case lognormal:
		if x <= 0 {
			return 0
		}
		return NormalCDF((math.Log(x) - v.p) / v.q)
	case gamma:
		if x <= 0 {
			return 0
		}
		return mathext.GammaIncReg(v.p, x/v.q)
	case beta:
		return mathext.RegIncBeta(v.p, v.q, math.Max(0, math.Min(1, (x-v.r)/v.s)))
	case uniform:
		return math.Max(0, math.Min(1, (x-v.p)/v.q))
	case triangular:
		return triangularCDF(v.p, v.q, v.r, x)
	case empirical:
		return float64(sort.Search(len(v.values), func(i int) bool { return v.values[i] > x })) / float64(len(v.values))
	}
	return math.NaN()
}

func triangularCDF(low, mode, high, x float64) float64 {
	switch {
	case x <= low:
		return 0
	case x >= high:
		return 1
	case x <= mode:
		return (x - low) * (x - low) / ((high - low) * (mode - low))
	}
	return 1 - (high-x)*(high-x)/((high-low)*(high-mode))
}

func step(is bool) float64 {
	if is {
		return 1
	}
	return 0
}

// Compile makes the distribution ready, or says what is wrong with it.
func (d Distribution) Compile() (*Variable, error) {
	a, err := d.read()
	if err != nil {
		return nil, err
	}
	v, err := a.variable()
	if err != nil {
		return nil, err
	}
	switch v.kind {
	case gamma:
		v.quick = newTable(scaleOfGamma(v.p))
	case beta:
		v.quick = newTable(scaleOfBeta(v.p, v.q))
	}
	return v, nil
}

// arguments are a distribution's, read: the way they were given, and each by its first name.
type arguments struct {
	Distribution
	way   string
	level float64
	by    map[string]float64
}

func (d Distribution) read() (arguments, error) {
	a := arguments{Distribution: d, level: 0.95, by: make(map[string]float64, len(d.Args))}
	names := make([]string, 0, len(d.Args))
	for name, value := range d.Args {
		if first, ok := synonyms[name]; ok {
			name = first
		}
		if _, twice := a.by[name]; twice {
			return a, a.wrong(name, "is given twice", "")
		}
		a.by[name] = value
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		if v := a.by[name]; math.IsNaN(v) || math.IsInf(v, 0) {
			return a, a.wrong(name, "is not a number", "")
		}
	}
	ways, ok := waysOf(d.Family)
	if !ok {
		return a, a.wrong("", "is not a family of distributions", "one of "+familyNames())
	}
	if err := a.options(&names); err != nil {
		return a, err
	}
	for _, way := range ways {
		words := strings.Fields(way)
		sort.Strings(words)
		if strings.Join(words, " ") == strings.Join(names, " ") {
			a.way = way
			return a, a.checkValues()
		}
	}
	says := "takes other arguments than " + strings.Join(names, ", ")
	if len(names) == 0 {
		says = "needs arguments"
	}
	return a, a.wrong("", says, "give it by "+strings.Join(ways, "; or by "))
}

// options takes level and weight out of names: they go with a way, they don't choose it.
func (a *arguments) options(names *[]string) error {
	kept := (*names)[:0]
	for _, name := range *names {
		switch {
		case name == "level" && has(*names, "low"):
			if a.level = a.by[name]; a.level <= 0 || a.level >= 1 {
				return a.wrong(name, "must lie between 0 and 1", "0.95 for a 95% interval")
			}
		case name == "weight" && a.Family == "pert":
			if a.by[name] <= 0 {
				return a.wrong(name, "must be above 0", "4 is usual")
			}
		default:
			kept = append(kept, name)
		}
	}
	*names = kept
	return nil
}

func has(names []string, name string) bool {
	for _, n := range names {
		if n == name {
			return true
		}
	}
	return false
}

func (a arguments) checkValues() error {
	takes := ""
	for _, f := range Families {
		if f.Family == a.Family {
			takes = f.Values
		}
	}
	if takes == "" && len(a.Values) > 0 {
		return a.wrong("values", "are not used by this family", "")
	}
	if takes != "" && len(a.Values) == 0 {
		return a.wrong("values", "are missing", takes)
	}
	for i, v := range a.Values {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return a.wrong("values", fmt.Sprintf("number %d is not a number", i+1), "")
		}
	}
	return nil
}

func waysOf(family string) ([]string, bool) {
	for _, f := range Families {
		if f.Family == family {
			return f.Ways, true
		}
	}
	return nil, false
}

func familyNames() string {
	names := make([]string, len(Families))
	for i, f := range Families {
		names[i] = f.Family
	}
	return strings.Join(names, ", ")
}

func (a arguments) wrong(arg, says, hint string) error {
	return &Error{Family: a.Family, Arg: arg, Says: says, Hint: hint}
}
