package curve

import (
	"fmt"
	"math"
)

// Rule is what a partition does where an inner curve (progression-free survival) rises above an outer one (overall
// survival), which no group of people can do.
type Rule string

// The rules. Refuse is the default: curves that cross are an error with the time of it.
const (
	Refuse Rule = "refuse"
	Cap    Rule = "cap"  // the inner curve is held down to the outer
	Lift   Rule = "lift" // the outer curve is held up to the inner
)

// Rules are all there are.
func Rules() []Rule { return []Rule{Refuse, Cap, Lift} }

// tie is how much above another a curve may lie by rounding alone.
const tie = 1e-9

// Crossing says where two curves of a partition cross.
type Crossing struct {
	Inner, Outer int // which curves, from 0
	Time         float64
	By           float64
}

func (c *Crossing) Error() string {
	return fmt.Sprintf("curve %d lies %.3g above curve %d at time %.4g", c.Inner+1, c.By, c.Outer+1, c.Time)
}

// At writes the shares in the states of a partition at time t: dst[0] those below the first curve, dst[i] those between
// curves i-1 and i, the last dst those above all. Curves are from the innermost out.
func At(dst []float64, curves []Curve, t float64, rule Rule) error {
	last := len(curves)
	for i := range curves {
		dst[i] = curves[i].Survival(t)
	}
	for i := 1; i < last; i++ {
		switch over := dst[i-1] - dst[i]; {
		case over <= 0:
		case rule == Lift:
			dst[i] = dst[i-1]
		case rule == Cap || over <= tie:
			for j := i - 1; j >= 0; j-- {
				dst[j] = math.Min(dst[j], dst[i])
			}
		default:
			return &Crossing{Inner: i - 1, Outer: i, Time: t, By: over}
		}
	}
	dst[last] = 1 - dst[last-1]
	for i := last - 1; i > 0; i-- {
		dst[i] -= dst[i-1]
	}
	return nil
}

// Years is the integral of exp(-delta·t): what a year for everybody is worth.
func Years(from, to, delta float64) float64 { return span(from, to, delta) }

// Areas are the areas of the states of a partition in continuous time: as those of At, without the last. Where the
// curves cross, and the rule is not to refuse, the lower (or upper) of them is integrated.
func Areas(dst []float64, curves []Curve, from, to, delta float64, rule Rule) error {
	settled := false
	for i := 1; i < len(curves); i++ {
		c := crosses(&curves[i-1], &curves[i], from, to)
		if c == nil {
			continue
		}
		if rule != Cap && rule != Lift {
			c.Inner, c.Outer = i-1, i
			return c
		}
		settled = true
	}
	for i := range curves {
		if settled {
			dst[i] = areaSettled(curves, i, from, to, delta, rule)
		} else {
			dst[i] = curves[i].Area(from, to, delta)
		}
	}
	for i := len(curves) - 1; i > 0; i-- {
		dst[i] -= dst[i-1]
	}
	return nil
}

// Death is the discounted share who leave the outermost state between two times.
func Death(curves []Curve, from, to, delta float64, rule Rule) float64 {
	last := len(curves) - 1
	if rule != Lift {
		return curves[last].Events(from, to, delta)
	}
	s := settledAt(curves, last, rule)
	end := 0.0
	if !math.IsInf(to, 1) {
		end = s(to) * math.Exp(-delta*to)
	}
	return s(from)*math.Exp(-delta*from) - end - delta*areaSettled(curves, last, from, to, delta, rule)
}

// crosses looks at a thousand times, closer together where the outer curve falls, and says the worst of them.
func crosses(inner, outer *Curve, from, to float64) *Crossing {
	if inner.kind == exponential && outer.kind == exponential && !inner.changed && !outer.changed && inner.a >= outer.a {
		return nil
	}
	var worst *Crossing
	look := func(t float64) {
		if by := inner.Survival(t) - outer.Survival(t); by > tie && (worst == nil || by > worst.By) {
			worst = &Crossing{Time: t, By: by}
		}
	}
	const n = 1000
	for k := 1; k < n; k++ {
		t := outer.TimeAt(1 - float64(k)/n)
		if t >= from && t < to {
			look(t)
		}
		if !math.IsInf(to, 1) {
			look(from + (to-from)*float64(k)/n)
		}
	}
	return worst
}

func settledAt(curves []Curve, i int, rule Rule) func(float64) float64 {
	if rule == Lift {
		return func(t float64) float64 {
			s := curves[0].Survival(t)
			for j := 1; j <= i; j++ {
				s = math.Max(s, curves[j].Survival(t))
			}
			return s
		}
	}
	return func(t float64) float64 {
		s := curves[i].Survival(t)
		for j := i + 1; j < len(curves); j++ {
			s = math.Min(s, curves[j].Survival(t))
		}
		return s
	}
}

func areaSettled(curves []Curve, i int, from, to, delta float64, rule Rule) float64 {
	s := settledAt(curves, i, rule)
	f := func(t float64) float64 { return math.Exp(-delta*t) * s(t) }
	if !math.IsInf(to, 1) {
		return Integrate(f, from, to)
	}
	scale := curves[len(curves)-1].TimeAt(0.5)
	if !(scale > 0) || math.IsInf(scale, 1) {
		scale = 1
	}
	return Integrate(func(x float64) float64 {
		return f(from+scale*x/(1-x)) * scale / ((1 - x) * (1 - x))
	}, 0, 1)
}
