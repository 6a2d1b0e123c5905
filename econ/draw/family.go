package draw

import (
	"fmt"
	"math"
	"sort"
)

// variable turns the arguments into the parameters of their family.
func (a arguments) variable() (*Variable, error) {
	switch a.Family {
	case "fixed":
		return &Variable{kind: fixed, p: a.by["value"], Mean: a.by["value"]}, nil
	case "normal":
		return a.normal()
	case "lognormal":
		return a.lognormal()
	case "gamma":
		return a.gamma()
	case "beta":
		return a.beta()
	case "uniform":
		return a.uniform()
	case "triangular", "pert":
		return a.threePoint()
	case "dirichlet":
		return a.dirichlet()
	}
	return a.fromValues()
}

func (a arguments) above0(names ...string) error {
	for _, n := range names {
		if v, given := a.by[n]; given && v <= 0 {
			return a.wrong(n, fmt.Sprintf("is %g and must be above 0", v), "a parameter without uncertainty is fixed")
		}
	}
	return nil
}

// spread is the standard deviation the arguments give, by itself or as an interval around the mean.
func (a arguments) spread() (float64, error) {
	if sd, given := a.by["sd"]; given {
		return sd, a.above0("sd")
	}
	low, high, err := a.interval()
	return (high - low) / (2 * a.z()), err
}

func (a arguments) interval() (low, high float64, err error) {
	low, high = a.by["low"], a.by["high"]
	if low >= high {
		return low, high, a.wrong("low", fmt.Sprintf("is %g, not below high, %g", low, high), "")
	}
	for _, name := range []string{"mean", "median"} {
		if m, given := a.by[name]; given && (m < low || m > high) {
			return low, high, a.wrong(name, fmt.Sprintf("is %g, outside its interval %g to %g", m, low, high), "")
		}
	}
	return low, high, nil
}

func (a arguments) z() float64 { return NormalQuantile(0.5 + a.level/2) }

func (a arguments) normal() (*Variable, error) {
	sd, err := a.spread()
	if err != nil {
		return nil, err
	}
	mean, given := a.by["mean"]
	if !given {
		mean = (a.by["low"] + a.by["high"]) / 2
	}
	return &Variable{kind: normal, p: mean, q: sd, Mean: mean, SD: sd}, nil
}

func (a arguments) lognormal() (*Variable, error) {
	if err := a.above0("mean", "median", "sdlog", "low"); err != nil {
		return nil, err
	}
	var mu, sigma float64
	switch a.way {
	case "meanlog sdlog":
		mu, sigma = a.by["meanlog"], a.by["sdlog"]
	case "median sdlog":
		mu, sigma = math.Log(a.by["median"]), a.by["sdlog"]
	case "median low high", "low high":
		low, high, err := a.interval()
		if err != nil {
			return nil, err
		}
		mu, sigma = (math.Log(low)+math.Log(high))/2, math.Log(high/low)/(2*a.z())
		if m, given := a.by["median"]; given {
			mu = math.Log(m)
		}
	default: // moments on the natural scale
		sd, err := a.spread()
		if err != nil {
			return nil, err
		}
		m := a.by["mean"]
		v := math.Log1p(sd * sd / (m * m))
		mu, sigma = math.Log(m)-v/2, math.Sqrt(v)
	}
	mean := math.Exp(mu + sigma*sigma/2)
	return &Variable{kind: lognormal, p: mu, q: sigma, Mean: mean, SD: mean * math.Sqrt(math.Expm1(sigma*sigma))}, nil
}

func (a arguments) gamma() (*Variable, error) {
	if err := a.above0("shape", "scale", "rate", "mean"); err != nil {
		return nil, err
	}
	shape, scale := a.by["shape"], a.by["scale"]
	switch a.way {
	case "shape scale":
	case "shape rate":
		scale = 1 / a.by["rate"]
	default:
		sd, err := a.spread()
		if err != nil {
			return nil, err
		}
		m := a.by["mean"]
		shape, scale = m*m/(sd*sd), sd*sd/m
	}
	if shape < leastShape || shape > greatestShape {
		return nil, a.wrong("", fmt.Sprintf("has the shape %g", shape), shapeHint)
	}
	return &Variable{kind: gamma, p: shape, q: scale, Mean: shape * scale, SD: math.Sqrt(shape) * scale}, nil
}

// Outside these a gamma or beta is a point for every purpose, or nearly all of it lies at its ends.
const (
	leastShape    = 0.05
	greatestShape = 1e8
	shapeHint     = "between 0.05 and 100,000,000; with so little or so much spread it is fixed, or of another family"
)

func (a arguments) beta() (*Variable, error) {
	if err := a.above0("alpha", "beta", "n"); err != nil {
		return nil, err
	}
	if m, given := a.by["mean"]; given && (m <= 0 || m >= 1) {
		return nil, a.wrong("mean", fmt.Sprintf("is %g and must lie between 0 and 1", m), "")
	}
	al, be := a.by["alpha"], a.by["beta"]
	switch a.way {
	case "alpha beta":
	case "events n":
		if al = a.by["events"]; al <= 0 || al >= a.by["n"] {
			return nil, a.wrong("events", fmt.Sprintf("is %g of %g", al, a.by["n"]),
				"between 0 and n, neither included; give alpha and beta with a prior where none or all had the event")
		}
		be = a.by["n"] - al
	case "mean n":
		al, be = a.by["mean"]*a.by["n"], (1-a.by["mean"])*a.by["n"]
	default:
		sd, err := a.spread()
		if err != nil {
			return nil, err
		}
		m := a.by["mean"]
		n := m*(1-m)/(sd*sd) - 1
		if n <= 0 {
			return nil, a.wrong("sd", fmt.Sprintf("is %g", sd),
				fmt.Sprintf("a share with the mean %g has less than %g", m, math.Sqrt(m*(1-m))))
		}
		al, be = m*n, (1-m)*n
	}
	return a.betaOn(al, be, 0, 1)
}

func (a arguments) betaOn(al, be, from, span float64) (*Variable, error) {
	if math.Min(al, be) < leastShape || math.Max(al, be) > greatestShape {
		return nil, a.wrong("", fmt.Sprintf("has the shapes %g and %g", al, be), shapeHint)
	}
	n := al + be
	return &Variable{kind: beta, p: al, q: be, r: from, s: span,
		Mean: from + span*al/n, SD: span * math.Sqrt(al*be/(n+1)) / n}, nil
}

func (a arguments) uniform() (*Variable, error) {
	low, high := a.by["min"], a.by["max"]
	if low >= high {
		return nil, a.wrong("min", fmt.Sprintf("is %g, not below max, %g", low, high), "")
	}
	return &Variable{kind: uniform, p: low, q: high - low, Mean: (low + high) / 2, SD: (high - low) / math.Sqrt(12)}, nil
}

func (a arguments) threePoint() (*Variable, error) {
	low, mode, high := a.by["min"], a.by["mode"], a.by["max"]
	if low >= high || mode < low || mode > high {
		return nil, a.wrong("mode", fmt.Sprintf("is %g between %g and %g", mode, low, high), "min ≤ mode ≤ max, min < max")
	}
	if a.Family == "pert" {
		w, given := a.by["weight"]
		if !given {
			w = 4
		}
		return a.betaOn(1+w*(mode-low)/(high-low), 1+w*(high-mode)/(high-low), low, high-low)
	}
	v := (low*low + mode*mode + high*high - low*mode - low*high - mode*high) / 18
	return &Variable{kind: triangular, p: low, q: mode, r: high, Mean: (low + mode + high) / 3, SD: math.Sqrt(v)}, nil
}

func (a arguments) dirichlet() (*Variable, error) {
	if len(a.Values) < 2 {
		return nil, a.wrong("values", "are fewer than two", "one count for each share")
	}
	for i, c := range a.Values {
		if c < leastShape || c > greatestShape {
			return nil, a.wrong("values", fmt.Sprintf("number %d is %g", i+1, c),
				"counts above 0; leave out a way that was never seen, or add a prior to all")
		}
	}
	first, err := a.Component(0).read()
	if err != nil {
		return nil, err
	}
	v, err := first.beta()
	if err != nil {
		return nil, err
	}
	return &Variable{kind: dirichlet, values: a.Values, Mean: v.Mean, SD: v.SD}, nil
}

func (a arguments) fromValues() (*Variable, error) {
	mean, sd := momentsOf(a.Values)
	v := &Variable{Mean: mean, SD: sd, values: a.Values}
	switch a.Family {
	case "stored":
		v.kind = stored
	case "bootstrap":
		v.kind, v.SD = bootstrap, sd/math.Sqrt(float64(len(a.Values)))
	case "empirical":
		v.kind, v.values = empirical, append([]float64(nil), a.Values...)
		sort.Float64s(v.values)
	}
	return v, nil
}

// momentsOf are the mean and standard deviation of values that are all there is.
func momentsOf(values []float64) (mean, sd float64) {
	for _, v := range values {
		mean += v
	}
	mean /= float64(len(values))
	for _, v := range values {
		sd += (v - mean) * (v - mean)
	}
	return mean, math.Sqrt(sd / float64(len(values)))
}
