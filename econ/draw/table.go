package draw

import (
	"math"

	"gonum.org/v1/gonum/mathext"
)

// table is the quantile function of a gamma or beta variable over the standard normal score z: y(z) with
// F(y(z)) = Φ(z), y the logarithm of a gamma variable or the log odds of a beta variable. On these scales the function
// is smooth to both ends, and its first two derivatives follow from the density, so a quintic on each interval is
// good to ten digits with few intervals.
type table struct {
	inv  float64 // intervals per unit of z
	coef [][6]float64
	axis axis
}

// axis says what coef give: the variable itself where that is as good, which saves an exponential per draw.
type axis uint8

const (
	itself axis = iota
	logarithm
	logOdds
)

const zEnd = 8.25 // beyond the score of any uniform number of 52 bits

// scale is what table needs of a distribution on its transformed axis.
type scale struct {
	start    float64                 // a y near the median
	logLower func(y float64) float64 // ln F
	logUpper func(y float64) float64 // ln (1-F)
	logDens  func(y float64) float64 // ln of the density on the axis y
	dLogDens func(y float64) float64 // and its derivative
	logit    bool
}

// A node is the function at one score.
type node struct{ y, d1, d2 float64 }

const (
	coarsest = 4  // intervals per unit of z to begin with
	finest   = 64 // and at most
	wanted   = 1e-11
	// what halving the intervals no longer betters is the noise of the tails, not the polynomial
	tolerable = 1e-6
)

func newTable(s scale) *table {
	perUnit := coarsest
	nodes := nodesOf(s, perUnit)
	for before := math.Inf(1); ; {
		mids, worst := midsOf(s, nodes, perUnit)
		if worst <= wanted || worst > before/4 && worst < tolerable || perUnit >= finest {
			return tableOf(s, nodes, mids, float64(perUnit))
		}
		finer := make([]node, 0, 2*len(nodes)-1)
		for i, n := range nodes {
			finer = append(finer, n)
			if i < len(mids) {
				finer = append(finer, mids[i])
			}
		}
		nodes, perUnit, before = finer, perUnit*2, worst
	}
}

// tableOf leaves the logarithm or log odds where the polynomial is good without.
func tableOf(s scale, nodes, mids []node, perUnit float64) *table {
	straight := make([]node, len(nodes))
	for i, n := range nodes {
		straight[i] = n.onAxis(s.logit)
	}
	coef := quintics(straight, 1/perUnit)
	for i := range mids {
		want := mids[i].onAxis(s.logit)
		if off := math.Abs(horner(&coef[i], 0.5) - want.y); !(off <= 10*wanted*want.d1) {
			t := &table{inv: perUnit, coef: quintics(nodes, 1/perUnit), axis: logarithm}
			if s.logit {
				t.axis = logOdds
			}
			return t
		}
	}
	return &table{inv: perUnit, coef: coef, axis: itself}
}

// onAxis is the node of the variable itself, by the chain rule.
func (n node) onAxis(logit bool) node {
	if logit {
		x, rest := logistic(n.y), logistic(-n.y)
		return node{y: x, d1: x * rest * n.d1, d2: x * rest * (n.d2 + (rest-x)*n.d1*n.d1)}
	}
	x := math.Exp(n.y)
	return node{y: x, d1: x * n.d1, d2: x * (n.d2 + n.d1*n.d1)}
}

// nodesOf walks from the middle to both ends, each step begun where a Taylor polynomial points.
func nodesOf(s scale, perUnit int) []node {
	h := 1 / float64(perUnit)
	n := 2 * int(math.Ceil(zEnd*float64(perUnit)))
	nodes := make([]node, n+1)
	mid := n / 2
	at := func(i int) float64 { return float64(i-mid) * h }
	nodes[mid] = s.solve(0, s.start)
	for i := mid + 1; i <= n; i++ {
		nodes[i] = s.solve(at(i), nodes[i-1].ahead(h))
	}
	for i := mid - 1; i >= 0; i-- {
		nodes[i] = s.solve(at(i), nodes[i+1].ahead(-h))
	}
	return nodes
}

func (n node) ahead(h float64) float64 {
	step := h * (n.d1 + h/2*n.d2)
	if step*h <= 0 { // the function rises; a polynomial that falls has left its range
		step = h * n.d1
	}
	return n.y + step
}

// midsOf solves the middle of each interval and says how far, in probability relative to the nearer tail, the
// quintic is from it.
func midsOf(s scale, nodes []node, perUnit int) (mids []node, worst float64) {
	h := 1 / float64(perUnit)
	mid := (len(nodes) - 1) / 2
	coef := quintics(nodes, h)
	mids = make([]node, len(coef))
	for i := range mids {
		c := &coef[i]
		guess := horner(c, 0.5)
		z := (float64(i-mid) + 0.5) * h
		mids[i] = s.solve(z, guess)
		worst = math.Max(worst, math.Abs(guess-mids[i].y)/mids[i].d1)
	}
	return mids, worst
}

// solve finds y(z) by Newton's method on the logarithm of the nearer tail, which is close to straight there.
func (s scale) solve(z, y float64) node {
	tail, sign := s.logLower, 1.0
	if z > 0 {
		tail, sign = s.logUpper, -1
	}
	want := math.Log(NormalCDF(-math.Abs(z)))
	before := math.Inf(1)
	for range 60 {
		has := tail(y)
		step := (want - has) / (sign * math.Exp(s.logDens(y)-has))
		if math.IsNaN(step) {
			break
		}
		step = math.Max(-4, math.Min(4, step))
		y += step
		if size := math.Abs(step); size <= 1e-14*math.Max(1, math.Abs(y)) || size < 1e-6 && size > before/4 {
			break // exact, or down in the noise
		}
		before = math.Abs(step)
	}
	d1 := math.Exp(-z*z/2 - lnSqrt2Pi - s.logDens(y))
	return node{y: y, d1: d1, d2: d1 * (-z - s.dLogDens(y)*d1)}
}

const lnSqrt2Pi = 0.918938533204672741780329736406

// quintics are, for each interval, the polynomial in t from 0 to 1 that meets value, slope and curvature at its ends.
func quintics(nodes []node, h float64) [][6]float64 {
	out := make([][6]float64, len(nodes)-1)
	for i := range out {
		a, b := nodes[i], nodes[i+1]
		d0, d1, c0, c1 := a.d1*h, b.d1*h, a.d2*h*h, b.d2*h*h
		dy := b.y - a.y
		out[i] = [6]float64{a.y, d0, c0 / 2,
			10*dy - 6*d0 - 4*d1 - 1.5*c0 + 0.5*c1,
			-15*dy + 8*d0 + 7*d1 + 1.5*c0 - c1,
			6*dy - 3*d0 - 3*d1 - 0.5*c0 + 0.5*c1}
	}
	return out
}

func horner(c *[6]float64, t float64) float64 {
	return ((((c[5]*t+c[4])*t+c[3])*t+c[2])*t+c[1])*t + c[0]
}

// at is the quantile at the normal score z, on the axis of the variable.
func (t *table) at(z float64) float64 {
	pos := z*t.inv + float64(len(t.coef))/2
	i := int(pos)
	if uint(i) >= uint(len(t.coef)) {
		pos = math.Max(0, math.Min(pos, float64(len(t.coef))))
		i = min(int(pos), len(t.coef)-1)
	}
	y := horner(&t.coef[i], pos-float64(i))
	switch t.axis {
	case logOdds:
		return logistic(y)
	case logarithm:
		return math.Exp(y)
	}
	return y
}

// below is where a variable is so small that its distribution function is its leading term to all digits.
const below = -40

func gammaScale(shape float64) scale {
	lg, _ := math.Lgamma(shape)
	lg1, _ := math.Lgamma(shape + 1)
	return scale{
		start: startOfGamma(shape),
		logLower: func(y float64) float64 {
			if y < below {
				return shape*y - lg1
			}
			return math.Log(mathext.GammaIncReg(shape, math.Exp(y)))
		},
		logUpper: func(y float64) float64 {
			if y < below {
				return math.Log1p(-math.Exp(shape*y - lg1))
			}
			return math.Log(mathext.GammaIncRegComp(shape, math.Exp(y)))
		},
		logDens:  func(y float64) float64 { return shape*y - math.Exp(y) - lg },
		dLogDens: func(y float64) float64 { return shape - math.Exp(y) },
	}
}

// startOfGamma is the median by Wilson and Hilferty, or by the leading term where the shape is small.
func startOfGamma(shape float64) float64 {
	if shape < 0.5 {
		lg1, _ := math.Lgamma(shape + 1)
		return (lg1 - math.Ln2) / shape
	}
	c := 1 - 1/(9*shape)
	return math.Log(shape) + 3*math.Log(c)
}

func betaScale(a, b float64) scale {
	la, _ := math.Lgamma(a)
	lb, _ := math.Lgamma(b)
	lab, _ := math.Lgamma(a + b)
	lnB := la + lb - lab
	lower := func(a, b, y float64) float64 {
		if y < below {
			return a*y - lnB - math.Log(a)
		}
		return math.Log(mathext.RegIncBeta(a, b, logistic(y)))
	}
	return scale{
		start:    startOfBeta(a, b, lnB),
		logLower: func(y float64) float64 { return lower(a, b, y) },
		logUpper: func(y float64) float64 { return lower(b, a, -y) },
		logDens:  func(y float64) float64 { return -a*softplus(-y) - b*softplus(y) - lnB },
		dLogDens: func(y float64) float64 { return a*logistic(-y) - b*logistic(y) },
		logit:    true,
	}
}

func startOfBeta(a, b, lnB float64) float64 {
	if a >= 1 && b >= 1 {
		return math.Log(math.Max(a-1.0/3, 0.5)) - math.Log(math.Max(b-1.0/3, 0.5))
	}
	// the leading term of whichever end holds the median
	if a < b {
		return math.Min((math.Log(a)+lnB-math.Ln2)/a, 2)
	}
	return math.Max(-(math.Log(b)+lnB-math.Ln2)/b, -2)
}

func logistic(y float64) float64 { return 1 / (1 + math.Exp(-y)) }

// softplus is ln(1+e^y).
func softplus(y float64) float64 {
	if y > 0 {
		return y + math.Log1p(math.Exp(-y))
	}
	return math.Log1p(math.Exp(y))
}
