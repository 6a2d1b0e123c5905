package curve

import (
	"math"
	"sort"

	"github.com/samverk/samverk/econ/draw"
	"gonum.org/v1/gonum/mathext"
)

// Area is the integral of exp(-delta·t)·S(t) from one time to another, which may be +Inf: mean time without the event,
// discounted at the force of interest delta. +Inf where it has no end.
func (c *Curve) Area(from, to, delta float64) float64 {
	from = math.Max(0, from)
	if !(to > from) {
		return 0
	}
	if !c.changed {
		if a, ok := c.closed(from, to, delta); ok {
			return a
		}
	} else if c.ratio == 1 && delta == 0 || c.kind == exponential || c.kind == tabled && c.ratio == 1 {
		// the same area on the curve's own clock
		own := *c
		own.changed = false
		if c.kind == exponential {
			own.a *= c.ratio / c.slower
			return own.Area(from, to, delta)
		}
		a := own.Area(c.start+from/c.slower, c.start+to/c.slower, delta*c.slower)
		return a * c.slower * math.Exp(c.spent+delta*c.slower*c.start)
	}
	return c.quadrature(from, to, delta)
}

// Events is the integral of exp(-delta·t) times the density of the event: what one unit paid at the event is worth.
func (c *Curve) Events(from, to, delta float64) float64 {
	from = math.Max(0, from)
	if !(to > from) {
		return 0
	}
	end := 0.0
	if !math.IsInf(to, 1) {
		end = c.Survival(to) * math.Exp(-delta*to)
	} else if delta == 0 {
		end = c.Survival(to)
	}
	events := c.Survival(from)*math.Exp(-delta*from) - end
	if delta != 0 {
		events -= delta * c.Area(from, to, delta)
	}
	return events
}

// Mean is the expected time to the event.
func (c *Curve) Mean() float64 { return c.Area(0, math.Inf(1), 0) }

// closed is the area in closed form, where there is one.
func (c *Curve) closed(from, to, delta float64) (float64, bool) {
	switch c.kind {
	case never:
		return span(from, to, delta), true
	case exponential:
		return span(from, to, delta+c.a), true
	case tabled:
		return c.table.area(from, to, delta), true
	case joined:
		if from >= c.a {
			rest := *c.then
			scale := math.Exp(c.then.CumulativeHazard(c.a) - c.first.CumulativeHazard(c.a))
			return scale * rest.Area(from, to, delta), true
		}
		return c.first.Area(from, math.Min(to, c.a), delta) + c.afterJoin(to, delta), true
	}
	if delta != 0 {
		return 0, false
	}
	if from > 0 {
		if c.Survival(from) < 1e-3 { // the difference of two areas would be their rounding
			return 0, false
		}
		a, ok := c.restricted(to)
		b, _ := c.restricted(from)
		return a - b, ok
	}
	return c.restricted(to)
}

func (c *Curve) afterJoin(to, delta float64) float64 {
	if to <= c.a {
		return 0
	}
	a, _ := c.closed(c.a, to, delta)
	return a
}

// span is the integral of exp(-rate·t).
func span(from, to, rate float64) float64 {
	if math.Abs(rate)*(to-from) < 1e-9 {
		return (to - from) * math.Exp(-rate*(from+to)/2)
	}
	if math.IsInf(to, 1) {
		if rate <= 0 {
			return math.Inf(1)
		}
		return math.Exp(-rate*from) / rate
	}
	return -math.Exp(-rate*from) * math.Expm1(-rate*(to-from)) / rate
}

// restricted is the undiscounted area from 0 to t. Partial expectations: E[min(T,t)] = E[T; T≤t] + t·S(t).
func (c *Curve) restricted(t float64) (float64, bool) {
	rest := 0.0
	if !math.IsInf(t, 1) {
		rest = t * c.Survival(t)
	}
	switch c.kind {
	case weibull:
		return c.b*math.Gamma(1+1/c.a)*lowerGamma(1+1/c.a, math.Pow(t/c.b, c.a)) + rest, true
	case lognormal:
		z := (math.Log(t) - c.a) / c.b
		return math.Exp(c.a+c.b*c.b/2)*draw.NormalCDF(z-c.b) + rest, true
	case gamma:
		return c.a/c.b*lowerGamma(c.a+1, c.b*t) + rest, true
	case gengamma:
		shape := 1 / (c.c * c.c)
		more := shape + c.b/c.c
		if more <= 0 {
			return math.Inf(1), math.IsInf(t, 1)
		}
		a, _ := math.Lgamma(more)
		b, _ := math.Lgamma(shape)
		mean := math.Exp(c.a + a - b - c.b/c.c*math.Log(shape))
		_, x := c.gengammaAt(t)
		if c.c > 0 {
			return mean*lowerGamma(more, x) + rest, true
		}
		if math.IsInf(t, 1) {
			return mean, true
		}
		return mean*mathext.GammaIncRegComp(more, x) + rest, true
	case loglogistic:
		if math.IsInf(t, 1) && c.a <= 1 {
			return math.Inf(1), true
		}
		if c.a <= 1 {
			return 0, false
		}
		full := c.b * math.Pi / c.a / math.Sin(math.Pi/c.a)
		if math.IsInf(t, 1) {
			return full, true
		}
		r := math.Pow(t/c.b, c.a)
		return full*mathext.RegIncBeta(1+1/c.a, 1-1/c.a, r/(1+r)) + rest, true
	}
	return 0, false
}

func lowerGamma(shape, x float64) float64 {
	if math.IsInf(x, 1) {
		return 1
	}
	return mathext.GammaIncReg(shape, x)
}

// area of a table is a sum over its rows.
func (t *table) area(from, to, delta float64) float64 {
	sum, last := 0.0, len(t.times)-1
	if t.way == constant { // whose last time only closes the row before it
		last--
	}
	for i := min(t.row(from), last); i <= last; i++ {
		a, b := math.Max(from, t.times[i]), to
		if i < last {
			b = math.Min(to, t.times[i+1])
		}
		if b <= a {
			break
		}
		switch {
		case t.way == constant:
			rate := t.slope(i)
			sum += math.Exp(rate*t.times[i]-t.haz[i]) * span(a, b, rate+delta)
		case t.way == steps || i == last:
			if t.surv[i] > 0 {
				sum += t.surv[i] * span(a, b, delta)
			}
		default:
			f := t.fall(i)
			sum += (t.surv[i]+f*(a-t.times[i]))*span(a, b, delta) + f*ramp(a, b, delta)
		}
		if b == to {
			break
		}
	}
	return sum
}

// ramp is the integral of (t-from)·exp(-delta·t).
func ramp(from, to, delta float64) float64 {
	d := to - from
	if x := delta * d; math.Abs(x) < 1e-3 { // the closed form cancels
		return math.Exp(-delta*from) * d * d * (0.5 - x/3*(1-x*3/8*(1-x*4/15)))
	}
	return math.Exp(-delta*from) * (1 - math.Exp(-delta*d)*(1+delta*d)) / (delta * delta)
}

// quadrature integrates between the times the curve has kinks at; to infinity by x = t/(t+scale).
func (c *Curve) quadrature(from, to, delta float64) float64 {
	f := func(t float64) float64 { return math.Exp(-delta*t - c.CumulativeHazard(t)) }
	if !math.IsInf(to, 1) {
		return c.pieces(f, from, to)
	}
	if delta <= 0 && c.endless() {
		return math.Inf(1)
	}
	scale := c.timeOfHazard(c.CumulativeHazard(from)+math.Ln2) - from
	if delta > 0 {
		scale = math.Min(scale, 1/delta)
	}
	if !(scale > 0) || math.IsInf(scale, 1) {
		scale = 1
	}
	until := from + scale
	for _, k := range c.kinks() {
		until = math.Max(until, k)
	}
	return c.pieces(f, from, until) + Integrate(func(x float64) float64 {
		return f(until+scale*x/(1-x)) * scale / ((1 - x) * (1 - x))
	}, 0, 1)
}

// endless says that the undiscounted area to infinity has no end: some never have the event, or the tail is as heavy.
func (c *Curve) endless() bool {
	switch c.kind {
	case never:
		return true
	case gompertz:
		return c.a < 0
	case loglogistic:
		power := c.a
		if c.changed {
			power *= c.ratio
		}
		return power <= 1
	case tabled:
		last := len(c.table.times) - 1
		if c.table.way == constant {
			return c.table.slope(last-1) == 0
		}
		return c.table.surv[last] > 0
	case joined:
		return c.then.endless()
	case gengamma:
		power := math.Inf(1)
		if c.c < 0 {
			power = -1 / (c.c * c.b)
		}
		if c.changed {
			power *= c.ratio
		}
		return power <= 1
	}
	return false
}

// pieces integrates f, which falls about as the curve does, between kinks and between the times by which half and
// most of those there at the beginning are gone: so that no fall is too steep to be seen.
func (c *Curve) pieces(f func(float64) float64, from, to float64) float64 {
	h := c.CumulativeHazard(from)
	cuts := append([]float64{to}, c.kinks()...)
	for _, more := range [...]float64{0.1, 1, 4, 12, 30} {
		cuts = append(cuts, c.timeOfHazard(h+more))
	}
	sort.Float64s(cuts)
	sum, at := 0.0, from
	for _, cut := range cuts {
		if cut > at && cut <= to {
			sum += Integrate(f, at, cut)
			at = cut
		}
	}
	return sum
}

// kinks are the times where the curve is not smooth, ascending.
func (c *Curve) kinks() []float64 {
	var own []float64
	switch c.kind {
	case tabled:
		own = c.table.times
	case joined:
		own = append(append(own, c.first.kinks()...), c.a)
		own = append(own, c.then.kinks()...)
	}
	if !c.changed {
		return own
	}
	out := make([]float64, len(own))
	for i, t := range own {
		out[i] = (t - c.start) * c.slower
	}
	return out
}
