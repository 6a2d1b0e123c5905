package curve

import "math"

// The fifteen points of Kronrod and the seven of Gauss among them (every other), on -1 to 1, from the middle out.
//
//nolint:gochecknoglobals // tables that are read only
var (
	kronrodAt = [8]float64{0, 0.207784955007898467600689403773245, 0.405845151377397166906606412076961, 0.586087235467691130294144691693013,
		0.741531185599394439863864773280788, 0.864864423359769072789712788640926, 0.949107912342758524526189684047851, 0.991455371120812639206854697526329}
	kronrodWeight = [8]float64{0.209482141084727828012999174891714, 0.204432940075298892414161999234649, 0.190350578064785409913256402421014, 0.169004726639267902826583426598550,
		0.140653259715525918745189590510238, 0.104790010322250183839876322541518, 0.063092092629978553290700663189204, 0.022935322010529224963732008058970}
	gaussWeight = [4]float64{0.417959183673469387755102040816327, 0.381830050505118944950369775488975, 0.279705391489276667901467771423780, 0.129484966168869693270611432679082}
)

// Integrate is the integral of f, by Gauss and Kronrod on halves of halves until each is good to 1e-11 of the whole.
func Integrate(f func(float64) float64, from, to float64) float64 {
	whole, err := kronrod(f, from, to)
	return refine(f, from, to, whole, err, 1e-11*math.Abs(whole)+1e-300, 40)
}

func refine(f func(float64) float64, from, to, value, err, good float64, depth int) float64 {
	if !(err > good) || depth == 0 {
		return value
	}
	mid := (from + to) / 2
	a, ea := kronrod(f, from, mid)
	b, eb := kronrod(f, mid, to)
	if ea+eb > good && depth == 40 { // the first look was too coarse to know the size of the whole
		good = math.Max(good, 1e-11*(math.Abs(a)+math.Abs(b)))
	}
	if math.Abs(a+b-value) < 1e-14*math.Abs(value) {
		return a + b
	}
	return refine(f, from, mid, a, ea, good, depth-1) + refine(f, mid, to, b, eb, good, depth-1)
}

// kronrod gives the integral and how far the coarser rule is from it.
func kronrod(f func(float64) float64, from, to float64) (value, err float64) {
	half, mid := (to-from)/2, (to+from)/2
	at := f(mid)
	fine, coarse := kronrodWeight[0]*at, gaussWeight[0]*at
	for i := 1; i < 8; i++ {
		x := half * kronrodAt[i]
		pair := f(mid-x) + f(mid+x)
		fine += kronrodWeight[i] * pair
		if i%2 == 0 {
			coarse += gaussWeight[i/2] * pair
		}
	}
	return fine * half, math.Abs(fine-coarse) * math.Abs(half)
}
