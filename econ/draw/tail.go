package draw

import "math"

// bell is a density known up to a constant, whose logarithm is concave: that of the logarithm of a gamma variable, or
// of the log odds of a beta variable, from its mode and level with it. Of large shapes it gives the tails by
// quadrature, where the incomplete gamma and beta functions at hand lose their digits.
type bell struct {
	f    func(t float64) float64 // ln of the density over that at the mode, t from the mode
	norm float64                 // ln of its integral
}

func newBell(f func(float64) float64) bell {
	b := bell{f: f}
	b.norm = math.Log(math.Exp(b.logTail(0, -1)) + math.Exp(b.logTail(0, 1)))
	return b
}

// logTail is the logarithm of the share beyond t, downwards (-1) or upwards (1).
func (b bell) logTail(t, sign float64) float64 {
	top := b.f(t)
	const drop, panels = 40.0, 8 // e^-40 of the tail is left out
	reach := b.reach(t, sign, top-drop)
	sum := 0.0
	for p := range panels {
		for i, x := range legendreAt {
			s := (float64(p) + x) / panels // the way out as a square: closer where most of the tail is
			sum += legendreWeight[i] * s * math.Exp(b.f(t+sign*reach*s*s)-top)
		}
	}
	return math.Log(2*sum*reach/panels) + top - b.norm
}

// reach is how far from t the logarithm has fallen to level, to a tenth.
func (b bell) reach(t, sign, level float64) float64 {
	far := 1e-8
	for b.f(t+sign*far) > level {
		far *= 4
	}
	near := far / 4
	for far > 1.1*near {
		if mid := math.Sqrt(near * far); b.f(t+sign*mid) > level {
			near = mid
		} else {
			far = mid
		}
	}
	return far
}

// The eight points and weights of Gauss and Legendre on 0 to 1.
//
//nolint:gochecknoglobals // a table that is read only
var (
	legendreAt = [8]float64{0.019855071751231884, 0.10166676129318664, 0.2372337950418355, 0.4082826787521751,
		0.5917173212478249, 0.7627662049581645, 0.8983332387068134, 0.9801449282487681}
	legendreWeight = [8]float64{0.05061426814518813, 0.11119051722668724, 0.15685332293894363, 0.18134189168918100,
		0.18134189168918100, 0.15685332293894363, 0.11119051722668724, 0.05061426814518813}
)

// largeGamma is gammaScale for a shape so large that exp and Lgamma would cancel: everything from the mode.
func largeGamma(shape float64) scale {
	mode := math.Log(shape)
	b := newBell(func(t float64) float64 { return shape * (t - math.Expm1(t)) })
	return b.scale(mode, func(t float64) float64 { return -shape * math.Expm1(t) })
}

func largeBeta(a, b float64) scale {
	n := a + b
	mode, x, rest := math.Log(a/b), a/n, b/n
	bl := newBell(func(t float64) float64 {
		if t > 0 { // the same, from the other side, where the shares are closer to what is left
			return -b*t - n*math.Log1p(rest*math.Expm1(-t))
		}
		return a*t - n*math.Log1p(x*math.Expm1(t))
	})
	s := bl.scale(mode, func(t float64) float64 {
		y := mode + t
		return a*logistic(-y) - b*logistic(y)
	})
	s.logit = true
	return s
}

func (b bell) scale(mode float64, slope func(t float64) float64) scale {
	return scale{
		start:    mode,
		logLower: func(y float64) float64 { return b.logTail(y-mode, -1) },
		logUpper: func(y float64) float64 { return b.logTail(y-mode, 1) },
		logDens:  func(y float64) float64 { return b.f(y-mode) - b.norm },
		dLogDens: func(y float64) float64 { return slope(y - mode) },
	}
}

// scaleOfGamma chooses how the tails are computed: by quadrature where it has more digits, which costs some times more.
func scaleOfGamma(shape float64) scale {
	if shape > 1e4 {
		return largeGamma(shape)
	}
	return gammaScale(shape)
}

func scaleOfBeta(a, b float64) scale {
	if math.Max(a, b) > 1000 {
		return largeBeta(a, b)
	}
	return betaScale(a, b)
}
