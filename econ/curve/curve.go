package curve

import (
	"math"

	"github.com/samverk/samverk/econ/draw"
	"gonum.org/v1/gonum/mathext"
)

// Curve is a survival curve. The zero Curve is nobody ever having the event.
type Curve struct {
	kind    kind
	a, b, c float64
	table   *table
	first   *Curve // of a joined curve; then is what follows, a the time
	then    *Curve

	changed bool    // any of these is set
	ratio   float64 // hazard ratio
	slower  float64 // time passes this many times slower
	start   float64 // survival given this time, on the curve's own clock
	spent   float64 // cumulative hazard at start
}

type kind uint8

const (
	never kind = iota
	exponential
	weibull // a shape, b scale
	gompertz
	lognormal
	loglogistic
	gamma
	gengamma // a mu, b sigma, c q
	tabled
	joined
)

// Exponential has a constant hazard.
func Exponential(rate float64) Curve { return Curve{kind: exponential, a: rate} }

// Weibull is exp(-(t/scale)^shape).
func Weibull(shape, scale float64) Curve { return Curve{kind: weibull, a: shape, b: scale} }

// WeibullPH is exp(-rate·t^shape).
func WeibullPH(shape, rate float64) Curve {
	return Weibull(shape, math.Pow(rate, -1/shape))
}

// Gompertz has the hazard rate·exp(shape·t).
func Gompertz(shape, rate float64) Curve {
	if shape == 0 {
		return Exponential(rate)
	}
	return Curve{kind: gompertz, a: shape, b: rate}
}

// Lognormal is an event whose time has a normal logarithm.
func Lognormal(meanlog, sdlog float64) Curve { return Curve{kind: lognormal, a: meanlog, b: sdlog} }

// Loglogistic is 1/(1+(t/scale)^shape).
func Loglogistic(shape, scale float64) Curve { return Curve{kind: loglogistic, a: shape, b: scale} }

// Gamma is an event whose time is a gamma variable.
func Gamma(shape, rate float64) Curve { return Curve{kind: gamma, a: shape, b: rate} }

// GeneralisedGamma is Prentice's: q 0 is the lognormal, q 1 the Weibull, q = sigma the gamma. A q within 0.001 of 0 is
// taken for 0, which moves survival by less than 0.0001.
func GeneralisedGamma(mu, sigma, q float64) Curve {
	if math.Abs(q) < 1e-3 {
		return Lognormal(mu, sigma)
	}
	return Curve{kind: gengamma, a: mu, b: sigma, c: q}
}

// Join is first until time t, and from then on the hazard of next at the same time since the start.
func Join(t float64, first, next Curve) Curve {
	return Curve{kind: joined, a: t, first: &first, then: &next}
}

// WithHazardRatio has the hazard times ratio at all times.
func (c Curve) WithHazardRatio(ratio float64) Curve {
	c = c.plain()
	c.ratio *= ratio
	return c
}

// Slower has all times multiplied: an acceleration factor of 2 doubles the median.
func (c Curve) Slower(factor float64) Curve {
	c = c.plain()
	c.slower *= factor
	return c
}

// Given is the survival from time t on of those who reached it.
func (c Curve) Given(t float64) Curve {
	c = c.plain()
	c.start += t / c.slower
	c.spent = c.own(c.start)
	return c
}

func (c Curve) plain() Curve {
	if !c.changed {
		c.changed, c.ratio, c.slower = true, 1, 1
	}
	return c
}

// CumulativeHazard is -ln of the survival.
func (c *Curve) CumulativeHazard(t float64) float64 {
	if t <= 0 {
		return 0
	}
	if c.changed {
		return c.ratio * (c.own(c.start+t/c.slower) - c.spent)
	}
	return c.own(t)
}

// Survival is the share without the event at time t.
func (c *Curve) Survival(t float64) float64 { return math.Exp(-c.CumulativeHazard(t)) }

// Hazard is the rate of the event at t among those without it. Of steps it is 0 between them.
func (c *Curve) Hazard(t float64) float64 {
	if c.changed {
		return c.ratio * c.ownHazard(c.start+t/c.slower) / c.slower
	}
	return c.ownHazard(t)
}

// TimeAt is when survival has fallen to s, a share between 0 and 1; +Inf if it never does. With s a uniform random
// number it is a time to event.
func (c *Curve) TimeAt(s float64) float64 { return c.timeOfHazard(-math.Log(s)) }

// Quantile is the time by which the share u has had the event.
func (c *Curve) Quantile(u float64) float64 { return c.timeOfHazard(-math.Log1p(-u)) }

func (c *Curve) timeOfHazard(h float64) float64 {
	if !(h > 0) {
		return 0
	}
	if c.changed {
		return c.slower * (c.inverse(c.spent+h/c.ratio) - c.start)
	}
	return c.inverse(h)
}

// TimeAfter is the time of the event, counted from now, of somebody who hasn't had it now: when survival has fallen to s
// of what it is.
func (c *Curve) TimeAfter(now, s float64) float64 {
	return math.Max(0, c.timeOfHazard(c.CumulativeHazard(now)-math.Log(s))-now)
}

// FillTimes is TimeAt of each s, with each one's own hazard ratio where ratios is not nil. dst may be s.
func (c *Curve) FillTimes(dst, s, ratios []float64) {
	if c.kind == weibull && !c.changed {
		inverse, scale := 1/c.a, math.Log(c.b)
		for i, s := range s {
			h := -math.Log(s)
			if ratios != nil {
				h /= ratios[i]
			}
			dst[i] = math.Exp(scale + inverse*math.Log(h))
		}
		return
	}
	for i, s := range s {
		h := -math.Log(s)
		if ratios != nil {
			h /= ratios[i]
		}
		dst[i] = c.timeOfHazard(h)
	}
}

// own is the cumulative hazard before ratio, slower and start.
func (c *Curve) own(t float64) float64 {
	if t <= 0 {
		return 0
	}
	switch c.kind {
	case exponential:
		return c.a * t
	case weibull:
		return math.Pow(t/c.b, c.a)
	case gompertz:
		return c.b / c.a * math.Expm1(c.a*t)
	case lognormal:
		return -logUpperNormal((math.Log(t) - c.a) / c.b)
	case loglogistic:
		return math.Log1p(math.Pow(t/c.b, c.a))
	case gamma:
		return -logUpperGamma(c.a, c.b*t)
	case gengamma:
		shape, x := c.gengammaAt(t)
		if c.c > 0 {
			return -logUpperGamma(shape, x)
		}
		return -math.Log(mathext.GammaIncReg(shape, x))
	case tabled:
		return c.table.hazardTo(t)
	case joined:
		if t <= c.a {
			return c.first.CumulativeHazard(t)
		}
		return c.first.CumulativeHazard(c.a) + c.then.CumulativeHazard(t) - c.then.CumulativeHazard(c.a)
	}
	return 0
}

// gengammaAt is the gamma variable a time stands for, and its shape.
func (c *Curve) gengammaAt(t float64) (shape, x float64) {
	shape = 1 / (c.c * c.c)
	return shape, shape * math.Exp(c.c*(math.Log(t)-c.a)/c.b)
}

func (c *Curve) ownHazard(t float64) float64 {
	switch c.kind {
	case exponential:
		return c.a
	case weibull:
		return c.a / c.b * math.Pow(t/c.b, c.a-1)
	case gompertz:
		return c.b * math.Exp(c.a*t)
	case lognormal:
		z := (math.Log(t) - c.a) / c.b
		return math.Exp(-z*z/2-logUpperNormal(z)) / (math.Sqrt(2*math.Pi) * c.b * t)
	case loglogistic:
		r := math.Pow(t/c.b, c.a)
		return c.a / t * r / (1 + r)
	case gamma:
		lg, _ := math.Lgamma(c.a)
		return math.Exp(c.a*math.Log(c.b*t)-c.b*t-lg-logUpperGamma(c.a, c.b*t)) / t
	case gengamma:
		shape, x := c.gengammaAt(t)
		lg, _ := math.Lgamma(shape)
		return math.Abs(c.c) / (c.b * t) * math.Exp(shape*math.Log(x)-x-lg+c.own(t))
	case tabled:
		return c.table.hazardAt(t)
	case joined:
		if t <= c.a {
			return c.first.Hazard(t)
		}
		return c.then.Hazard(t)
	}
	return 0
}

// inverse is when own reaches h.
func (c *Curve) inverse(h float64) float64 {
	switch c.kind {
	case exponential:
		return h / c.a
	case weibull:
		return c.b * math.Pow(h, 1/c.a)
	case gompertz:
		if x := h * c.a / c.b; x > -1 {
			return math.Log1p(x) / c.a
		}
		return math.Inf(1)
	case lognormal:
		return math.Exp(c.a + c.b*scoreOfHazard(h))
	case loglogistic:
		return c.b * math.Pow(math.Expm1(h), 1/c.a)
	case gamma:
		return upperGammaAt(c.a, h) / c.b
	case gengamma:
		return c.gengammaInverse(h)
	case tabled:
		return c.table.timeOf(h)
	case joined:
		before := c.first.CumulativeHazard(c.a)
		if h <= before {
			return c.first.timeOfHazard(h)
		}
		return math.Max(c.a, c.then.timeOfHazard(h-before+c.then.CumulativeHazard(c.a)))
	}
	return math.Inf(1)
}

func (c *Curve) gengammaInverse(h float64) float64 {
	shape := 1 / (c.c * c.c)
	var x float64
	if c.c > 0 {
		x = upperGammaAt(shape, h)
	} else {
		x = mathext.GammaIncRegInv(shape, math.Exp(-h))
	}
	return math.Exp(c.a + c.b/c.c*math.Log(x/shape))
}

// scoreOfHazard is the normal score that -ln(1-Φ) is h at.
func scoreOfHazard(h float64) float64 {
	switch {
	case h < math.Ln2:
		return draw.NormalQuantile(-math.Expm1(-h))
	case h < 700:
		return -draw.NormalQuantile(math.Exp(-h))
	}
	z := math.Sqrt(2 * h)
	for range 50 {
		step := (h + logUpperNormal(z)) / (z + 1/z)
		if z += step; math.Abs(step) < 1e-13*z {
			break
		}
	}
	return z
}

// logUpperNormal is ln(1-Φ(z)), far into the tail too.
func logUpperNormal(z float64) float64 {
	if z < 25 {
		return math.Log(draw.NormalCDF(-z))
	}
	r := 1 / (z * z)
	return -z*z/2 - math.Log(z*math.Sqrt(2*math.Pi)) + math.Log1p(-r*(1-3*r*(1-5*r)))
}

// logUpperGamma is ln of the share of a gamma variable above x.
func logUpperGamma(shape, x float64) float64 {
	if q := mathext.GammaIncRegComp(shape, x); q > 1e-280 {
		return math.Log(q)
	}
	lg, _ := math.Lgamma(shape)
	return (shape-1)*math.Log(x) - x - lg + math.Log1p((shape-1)/x)
}

// upperGammaAt is where logUpperGamma is -h.
func upperGammaAt(shape, h float64) float64 {
	if h < math.Ln2 {
		return mathext.GammaIncRegInv(shape, -math.Expm1(-h))
	}
	if h < 600 {
		return mathext.GammaIncRegCompInv(shape, math.Exp(-h))
	}
	x := h + shape
	for range 100 { // the hazard of a gamma far out is close to 1
		step := h + logUpperGamma(shape, x)
		if x += step; math.Abs(step) < 1e-13*x {
			break
		}
	}
	return x
}
