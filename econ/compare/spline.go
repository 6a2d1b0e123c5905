package compare

import (
	"math"
	"slices"
)

// basis is a cubic B-spline basis of one variable, with knots at its quantiles, so that each piece has as many draws. Its penalty is the integral of
// the squared second derivative (O'Sullivan): what is not known to bend is taken to be straight.
type basis struct {
	knots []float64 // with three more than needed at each end
	size  int
}

const order = 4 // cubic

// newBasis makes one of at most size functions. A variable with few distinct values gets fewer; nil if it doesn't vary.
func newBasis(x []float64, size int) *basis {
	sorted := slices.Clone(x)
	slices.Sort(sorted)
	low, high := sorted[0], sorted[len(sorted)-1]
	if low == high {
		return nil
	}
	inner, pieces := []float64(nil), size-order+1
	for i := 1; i < pieces; i++ {
		at := quantile(sorted, float64(i)/float64(pieces))
		if at > low && at < high && (len(inner) == 0 || at > inner[len(inner)-1]) {
			inner = append(inner, at)
		}
	}
	b := &basis{size: len(inner) + order}
	for range order {
		b.knots = append(b.knots, low)
	}
	b.knots = append(b.knots, inner...)
	for range order {
		b.knots = append(b.knots, high)
	}
	return b
}

// at gives the four functions that are not 0 at x, and the first's number (de Boor).
func (b *basis) at(x float64, out *[order]float64) (first int) {
	span := b.span(x)
	*out = [order]float64{1}
	var left, right [order]float64
	for j := 1; j < order; j++ {
		left[j], right[j] = x-b.knots[span+1-j], b.knots[span+j]-x
		saved := 0.0
		for r := range j {
			part := out[r] / (right[r+1] + left[j-r])
			out[r], saved = saved+right[r+1]*part, left[j-r]*part
		}
		out[j] = saved
	}
	return span - order + 1
}

// span finds the knots around x, by halves.
func (b *basis) span(x float64) int {
	low, high := order-1, b.size
	for low+1 < high {
		if mid := (low + high) / 2; x < b.knots[mid] {
			high = mid
		} else {
			low = mid
		}
	}
	return low
}

// penalty gives the integral of products of second derivatives. These are straight between knots, so Simpson's rule is exact.
func (b *basis) penalty() [][]float64 {
	out := table(b.size, b.size)
	for span := order - 1; span < b.size; span++ {
		from, to := b.knots[span], b.knots[span+1]
		if to <= from {
			continue
		}
		start, end := b.bend(span, from), b.bend(span, to)
		first, width := span-order+1, to-from
		for i := range order {
			for j := range order {
				middle := (start[i] + end[i]) * (start[j] + end[j]) / 4
				out[first+i][first+j] += width / 6 * (start[i]*start[j] + 4*middle + end[i]*end[j])
			}
		}
	}
	return out
}

// bend gives the second derivatives at x of the four functions of a span: differences of coefficients, twice.
func (b *basis) bend(span int, x float64) (out [order]float64) {
	for i := range order {
		var c [order]float64
		c[i] = 1
		for degree := order - 1; degree > order-3; degree-- {
			for j := order - 1; j > order-1-degree; j-- {
				at := span - order + 1 + j
				c[j] = float64(degree) * (c[j] - c[j-1]) / (b.knots[at+degree] - b.knots[at])
			}
		}
		// c[2] and c[3] are the values of a straight line's two functions.
		width := b.knots[span+1] - b.knots[span]
		out[i] = (c[order-2]*(b.knots[span+1]-x) + c[order-1]*(x-b.knots[span])) / width
	}
	return out
}

// gram gives the mean over x of products of the functions.
func (b *basis) gram(x []float64) [][]float64 {
	out := table(b.size, b.size)
	var f [order]float64
	each := 1 / float64(len(x))
	for _, v := range x {
		first := b.at(v, &f)
		for i := range order {
			for j := range order {
				out[first+i][first+j] += f[i] * f[j] * each
			}
		}
	}
	return out
}

// trace sums a diagonal.
func trace(m [][]float64) float64 {
	sum := 0.0
	for i := range m {
		sum += m[i][i]
	}
	return sum
}

// standardised gives x with mean 0 and standard deviation 1.
func standardised(x []float64) []float64 {
	m, s := mean(x), sd(x)
	out := make([]float64, len(x))
	if s == 0 || math.IsInf(s, 0) {
		return out
	}
	for i, v := range x {
		out[i] = (v - m) / s
	}
	return out
}
