package compare

import (
	"fmt"
	"math"
	"slices"
)

// Outcomes are costs and effects of strategies, one column per draw of a probabilistic analysis (or a single one).
type Outcomes struct {
	Strategies   []string
	Cost, Effect [][]float64 // [strategy][draw]
}

// Params are the inputs of the same draws.
type Params struct {
	Names  []string
	Values [][]float64 // [parameter][draw]
}

// Draws tells how many there are.
func (o Outcomes) Draws() int {
	if len(o.Cost) == 0 {
		return 0
	}
	return len(o.Cost[0])
}

// Check refuses what can't be compared.
func (o Outcomes) Check() error {
	n := len(o.Strategies)
	switch {
	case n == 0:
		return fmt.Errorf("there is no strategy")
	case len(o.Cost) != n || len(o.Effect) != n:
		return fmt.Errorf("%d strategies have %d rows of costs and %d of effects", n, len(o.Cost), len(o.Effect))
	case o.Draws() == 0:
		return fmt.Errorf("there is no draw")
	}
	if err := distinct("strategies", o.Strategies); err != nil {
		return err
	}
	for s, name := range o.Strategies {
		if err := finite("costs of "+name, o.Cost[s], o.Draws()); err != nil {
			return err
		}
		if err := finite("effects of "+name, o.Effect[s], o.Draws()); err != nil {
			return err
		}
	}
	return nil
}

// Check refuses parameters that don't go with n draws.
func (p Params) Check(n int) error {
	if len(p.Names) != len(p.Values) {
		return fmt.Errorf("%d parameters have %d rows of values", len(p.Names), len(p.Values))
	}
	if err := distinct("parameters", p.Names); err != nil {
		return err
	}
	for i, name := range p.Names {
		if err := finite("values of "+name, p.Values[i], n); err != nil {
			return err
		}
	}
	return nil
}

func distinct(what string, names []string) error {
	seen := make(map[string]bool, len(names))
	for _, name := range names {
		if seen[name] {
			return fmt.Errorf("two %s are called %q", what, name)
		}
		seen[name] = true
	}
	return nil
}

// largest number that is taken: its square is still a number.
const largest = 1e150

func finite(what string, row []float64, n int) error {
	if len(row) != n {
		return fmt.Errorf("%s: %d draws, not %d", what, len(row), n)
	}
	for i, v := range row {
		if !(math.Abs(v) <= largest) {
			return fmt.Errorf("%s: draw %d is no number that can be reckoned with (%v)", what, i+1, v)
		}
	}
	return nil
}

// Means gives each strategy's mean cost and effect.
func (o Outcomes) Means() []Point {
	out := make([]Point, len(o.Strategies))
	for s, name := range o.Strategies {
		out[s] = Point{Name: name, Cost: mean(o.Cost[s]), Effect: mean(o.Effect[s])}
	}
	return out
}

// Prefix gives the first n draws.
func (o Outcomes) Prefix(n int) Outcomes {
	out := Outcomes{Strategies: o.Strategies}
	for s := range o.Strategies {
		out.Cost = append(out.Cost, o.Cost[s][:n])
		out.Effect = append(out.Effect, o.Effect[s][:n])
	}
	return out
}

// index finds a strategy by its name.
func (o Outcomes) index(name string) (int, error) {
	if i := slices.Index(o.Strategies, name); i >= 0 {
		return i, nil
	}
	return 0, fmt.Errorf("there is no strategy %q", name)
}

// Summary describes one row of draws. Low and High hold 95 percent of them.
type Summary struct {
	Mean   float64 `json:"mean"`
	SD     float64 `json:"sd"`
	Low    float64 `json:"low"`
	Median float64 `json:"median"`
	High   float64 `json:"high"`
}

// Summarise gives mean, standard deviation (divisor n-1) and quantiles of values.
func Summarise(values []float64) Summary {
	sorted := slices.Clone(values)
	slices.Sort(sorted)
	return Summary{Mean: mean(values), SD: sd(values), Low: quantile(sorted, .025), Median: quantile(sorted, .5), High: quantile(sorted, .975)}
}

// quantile interpolates between order statistics at position 1+(n-1)p, as R's type 7.
func quantile(sorted []float64, p float64) float64 {
	if len(sorted) == 0 {
		return 0
	}
	at := p * float64(len(sorted)-1)
	i := min(int(at), len(sorted)-1)
	if i+1 >= len(sorted) {
		return sorted[i]
	}
	return sorted[i] + (at-float64(i))*(sorted[i+1]-sorted[i])
}

func mean(v []float64) float64 {
	sum := 0.0
	for _, x := range v {
		sum += x
	}
	return sum / float64(max(len(v), 1))
}

func sd(v []float64) float64 {
	if len(v) < 2 {
		return 0
	}
	m, sum := mean(v), 0.0
	for _, x := range v {
		sum += (x - m) * (x - m)
	}
	return math.Sqrt(sum / float64(len(v)-1))
}

// standardError is that of the mean of v.
func standardError(v []float64) float64 { return sd(v) / math.Sqrt(float64(max(len(v), 1))) }
