package compare

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// Run runs a model once with some parameters set to other values than its own, and gives its strategies.
type Run func(set map[string]float64) ([]Point, error)

// Question is which of two strategies, at what price.
type Question struct {
	Strategy   string  `json:"strategy"`
	Comparator string  `json:"comparator"`
	WTP        float64 `json:"wtp"`
}

// Answer is what one run says to a question.
type Answer struct {
	Points     []Point  `json:"strategies"`
	MoreCost   float64  `json:"more_cost"`
	MoreEffect float64  `json:"more_effect"`
	Gain       float64  `json:"gain"`           // net monetary benefit of Strategy beyond Comparator: above 0 it is worth its price
	ICER       *float64 `json:"icer,omitempty"` // nil where the two have the same effect, or one dominates the other
	Best       string   `json:"best"`           // of all strategies
}

// Ask runs a model with set and answers.
func (q Question) Ask(run Run, set map[string]float64) (Answer, error) {
	points, err := run(set)
	if err != nil {
		return Answer{}, err
	}
	return q.Answer(points)
}

// Answer judges points that were computed already.
func (q Question) Answer(points []Point) (Answer, error) {
	if err := checkPoints(points); err != nil {
		return Answer{}, err
	}
	if err := checkWTP([]float64{q.WTP}); err != nil {
		return Answer{}, err
	}
	find := func(name string) (Point, error) {
		i := slices.IndexFunc(points, func(p Point) bool { return p.Name == name })
		if i < 0 {
			return Point{}, fmt.Errorf("there is no strategy %q", name)
		}
		return points[i], nil
	}
	s, err := find(q.Strategy)
	if err != nil {
		return Answer{}, err
	}
	c, err := find(q.Comparator)
	if err != nil {
		return Answer{}, err
	}
	out := Answer{Points: points, MoreCost: s.Cost - c.Cost, MoreEffect: s.Effect - c.Effect}
	out.Gain = q.WTP*out.MoreEffect - out.MoreCost
	if out.MoreEffect*out.MoreCost > 0 {
		ratio := out.MoreCost / out.MoreEffect
		out.ICER = &ratio
	}
	best := slices.MaxFunc(points, func(a, b Point) int {
		return cmp.Or(cmp.Compare(a.NetMonetaryBenefit(q.WTP), b.NetMonetaryBenefit(q.WTP)), cmp.Compare(b.Cost, a.Cost), cmp.Compare(b.Name, a.Name))
	})
	out.Best = best.Name
	return out, nil
}

// Reach is how far a parameter reasonably goes.
type Reach struct {
	Name  string  `json:"name"`
	Label string  `json:"label,omitempty"` // in words
	Unit  string  `json:"unit,omitempty"`
	Base  float64 `json:"base"`
	Low   float64 `json:"low"`
	High  float64 `json:"high"`
}

// Check refuses what is no reach.
func (r Reach) Check() error {
	if !(r.Low <= r.High) || math.IsInf(r.Low, 0) || math.IsInf(r.High, 0) {
		return fmt.Errorf("%s reaches from %v to %v", r.Name, r.Low, r.High)
	}
	return nil
}

// Changed is the answer at one value.
type Changed struct {
	Value float64 `json:"value"`
	Answer
}

// OneWay answers at n values of a parameter, evenly from its low to its high.
func OneWay(run Run, q Question, r Reach, n int) ([]Changed, error) {
	if err := r.Check(); err != nil {
		return nil, err
	}
	var out []Changed
	for _, v := range Range(r.Low, r.High, n) {
		a, err := q.Ask(run, map[string]float64{r.Name: v})
		if err != nil {
			return nil, fmt.Errorf("%s = %v: %w", r.Name, v, err)
		}
		out = append(out, Changed{v, a})
	}
	return out, nil
}

// Grid is two parameters changed together. Gain and Best are [y][x].
type Grid struct {
	X    Reach       `json:"x"`
	Y    Reach       `json:"y"`
	Xs   []float64   `json:"xs"`
	Ys   []float64   `json:"ys"`
	Gain [][]float64 `json:"gain"`
	Best [][]string  `json:"best"`
}

// TwoWay answers at n × n values.
func TwoWay(run Run, q Question, x, y Reach, n int) (Grid, error) {
	if err := cmp.Or(x.Check(), y.Check()); err != nil {
		return Grid{}, err
	}
	g := Grid{X: x, Y: y, Xs: Range(x.Low, x.High, n), Ys: Range(y.Low, y.High, n), Gain: table(n, n), Best: make([][]string, n)}
	for j, yv := range g.Ys {
		for i, xv := range g.Xs {
			a, err := q.Ask(run, map[string]float64{x.Name: xv, y.Name: yv})
			if err != nil {
				return Grid{}, fmt.Errorf("%s = %v, %s = %v: %w", x.Name, xv, y.Name, yv, err)
			}
			g.Gain[j][i], g.Best[j] = a.Gain, append(g.Best[j], a.Best)
		}
	}
	return g, nil
}

// Bar is one parameter of a tornado.
type Bar struct {
	Reach
	AtLow  Answer `json:"at_low"`
	AtHigh Answer `json:"at_high"`
	// Turns: at one end the answer is another than at the parameter's own value.
	Turns bool `json:"turns"`
}

// Width is how much the gain moves.
func (b Bar) Width() float64 { return math.Abs(b.AtHigh.Gain - b.AtLow.Gain) }

// Blown is a tornado: the answer as it is, and the bars, widest first.
type Blown struct {
	Question
	Base Answer `json:"base"`
	Bars []Bar  `json:"bars"`
}

// Tornado changes one parameter at a time from its low to its high.
func Tornado(run Run, q Question, reaches []Reach) (Blown, error) {
	base, err := q.Ask(run, nil)
	if err != nil {
		return Blown{}, err
	}
	out := Blown{Question: q, Base: base}
	for _, r := range reaches {
		ends, err := OneWay(run, q, r, 2)
		if err != nil {
			return Blown{}, err
		}
		b := Bar{Reach: r, AtLow: ends[0].Answer, AtHigh: ends[1].Answer}
		b.Turns = (b.AtLow.Gain > 0) != (base.Gain > 0) || (b.AtHigh.Gain > 0) != (base.Gain > 0)
		out.Bars = append(out.Bars, b)
	}
	slices.SortStableFunc(out.Bars, func(a, b Bar) int {
		return cmp.Or(cmp.Compare(b.Width(), a.Width()), cmp.Compare(a.Name, b.Name))
	})
	return out, nil
}

// Threshold finds the values at which the answer turns: where the gain is 0. It looks in pieces, so two that lie closer than a
// 64th of the reach may be missed together.
func Threshold(run Run, q Question, r Reach) ([]float64, error) {
	if err := r.Check(); err != nil {
		return nil, err
	}
	gain := func(v float64) (float64, error) {
		a, err := q.Ask(run, map[string]float64{r.Name: v})
		if err != nil {
			return 0, fmt.Errorf("%s = %v: %w", r.Name, v, err)
		}
		return a.Gain, nil
	}
	var out []float64
	var before, last float64
	for i, v := range Range(r.Low, r.High, 65) {
		now, err := gain(v)
		switch {
		case err != nil:
			return nil, err
		case now == 0:
			out = append(out, v)
		case i > 0 && last*now < 0:
			at, err := root(gain, before, last, v, now)
			if err != nil {
				return nil, err
			}
			out = append(out, at)
		}
		before, last = v, now
		if r.Low == r.High {
			break
		}
	}
	return out, nil
}

// root narrows a change of sign by the Illinois method: a straight line between the ends, and the end that stays counts half.
func root(f func(float64) (float64, error), a, fa, b, fb float64) (float64, error) {
	for range 200 {
		if math.Abs(b-a) <= 1e-13*max(math.Abs(a), math.Abs(b)) {
			break
		}
		c := (a*fb - b*fa) / (fb - fa)
		if !(c > min(a, b) && c < max(a, b)) {
			c = a + (b-a)/2
		}
		fc, err := f(c)
		if err != nil || fc == 0 {
			return c, err
		}
		if fc*fb < 0 {
			a, fa = b, fb
		} else {
			fa /= 2
		}
		b, fb = c, fc
	}
	return b, nil
}

// Scenario is a named set of values.
type Scenario struct {
	Name string             `json:"name" yaml:"name"`
	Set  map[string]float64 `json:"set" yaml:"set"`
}

// Told is what a scenario answers.
type Told struct {
	Scenario
	Answer
}

// Scenarios answers under each.
func Scenarios(run Run, q Question, scenarios []Scenario) ([]Told, error) {
	var out []Told
	for _, s := range scenarios {
		a, err := q.Ask(run, s.Set)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", s.Name, err)
		}
		out = append(out, Told{s, a})
	}
	return out, nil
}
