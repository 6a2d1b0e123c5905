package compare

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"
)

// A smoother estimates the mean of results given parameters. One parameter: a penalised cubic spline. More: a spline of each and a tensor product of
// each pair (functional analysis of variance, to the second order). How much a result may bend is chosen for each by generalised cross-validation.
type smoother struct {
	n, size int
	index   []int32 // sparse rows: width entries a draw
	value   []float64
	width   int
	choices []rotation // by how much dearer it is to bend in two variables than in one
	gram    [][]float64
}

// rotation diagonalises products and penalty at once, so that each amount of smoothing costs no more than a sum.
type rotation struct {
	to    *mat.Dense // coefficients = to · (rotated / weight)
	bends []float64  // share of penalty of each direction, 0 to 1
}

const (
	single    = 24  // functions of one parameter alone
	marginal  = 10  // of each parameter in a group
	crossed   = 6   // of each of a pair, whose products are taken; in groups of more than three only as many as a cubic has
	pairsUpTo = 6   // parameters; in larger groups a pair has one product
	caution   = 1.4 // how much a degree of freedom costs in cross-validation: more than 1 keeps from seeing what is noise
)

// newSmoother prepares for the parameters' draws. nil if none of them varies.
func newSmoother(xs [][]float64) (*smoother, error) {
	var vary [][]float64
	for _, x := range xs {
		if z := standardised(x); newBasis(z, order) != nil {
			vary = append(vary, z)
		}
	}
	if len(vary) == 0 {
		return nil, nil
	}
	s := &smoother{n: len(vary[0])}
	var penalties []patch
	if len(vary) == 1 {
		penalties = append(penalties, s.spline(vary[0], single))
	} else {
		for _, x := range vary {
			penalties = append(penalties, s.spline(x, marginal))
		}
		size := crossed
		if len(vary) > 3 {
			size = order
		}
		for i, x := range vary {
			for _, y := range vary[:i] {
				penalties = append(penalties, s.pair(x, y, size, len(vary) <= pairsUpTo))
			}
		}
	}
	s.merge(penalties)
	return s, s.rotate(penalties)
}

// patch is one term: its columns from first, entries of each row, and its penalty.
type patch struct {
	first, size, width int
	index              []int32
	value              []float64
	penalty            [][]float64
	crossed            bool
}

func (s *smoother) spline(x []float64, size int) patch {
	b := newBasis(x, size)
	p := patch{first: s.size, size: b.size, width: order, penalty: b.penalty()}
	var f [order]float64
	for _, v := range x {
		first := b.at(v, &f)
		for i := range order {
			p.index, p.value = append(p.index, int32(s.size+first+i)), append(p.value, f[i])
		}
	}
	s.size += b.size
	return p
}

// pair is the product of two splines; with many parameters, of the two values.
func (s *smoother) pair(x, y []float64, size int, whole bool) patch {
	if !whole {
		p := patch{first: s.size, size: 1, width: 1, penalty: [][]float64{{1}}, crossed: true}
		for i := range x {
			p.index, p.value = append(p.index, int32(s.size)), append(p.value, x[i]*y[i])
		}
		s.size++
		return p
	}
	bx, by := newBasis(x, size), newBasis(y, size)
	p := patch{first: s.size, size: bx.size * by.size, width: order * order, crossed: true, penalty: tensor(bx, by, x, y)}
	p.index, p.value = make([]int32, 0, len(x)*p.width), make([]float64, 0, len(x)*p.width)
	var f, g [order]float64
	for d := range x {
		i, j := bx.at(x[d], &f), by.at(y[d], &g)
		for a := range order {
			for b := range order {
				p.index, p.value = append(p.index, int32(s.size+(i+a)*by.size+j+b)), append(p.value, f[a]*g[b])
			}
		}
	}
	s.size += p.size
	return p
}

// tensor is the penalty of a product: how it bends along one variable, on average over the other, and the other way.
func tensor(bx, by *basis, x, y []float64) [][]float64 {
	px, py, gx, gy := bx.penalty(), by.penalty(), bx.gram(x), by.gram(y)
	out := table(bx.size*by.size, bx.size*by.size)
	for i := range bx.size {
		for j := range bx.size {
			for k := range by.size {
				for l := range by.size {
					out[i*by.size+k][j*by.size+l] = px[i][j]*gy[k][l] + gx[i][j]*py[k][l]
				}
			}
		}
	}
	return out
}

// merge joins the terms' rows and sums their products.
func (s *smoother) merge(terms []patch) {
	for _, t := range terms {
		s.width += t.width
	}
	s.index, s.value = make([]int32, 0, s.n*s.width), make([]float64, 0, s.n*s.width)
	s.gram = table(s.size, s.size)
	for d := range s.n {
		for _, t := range terms {
			s.index = append(s.index, t.index[d*t.width:(d+1)*t.width]...)
			s.value = append(s.value, t.value[d*t.width:(d+1)*t.width]...)
		}
		index, value := s.row(d)
		for i, a := range value {
			row := s.gram[index[i]]
			for j, b := range value[:i+1] { // the columns of a row ascend, so this is the lower half
				row[index[j]] += a * b
			}
		}
	}
}

func (s *smoother) row(d int) ([]int32, []float64) {
	return s.index[d*s.width : (d+1)*s.width], s.value[d*s.width : (d+1)*s.width]
}

// rotate prepares the choices. Products and penalty are brought to the same size before they are diagonalised together; where there are
// no draws the penalty alone holds the coefficients.
func (s *smoother) rotate(terms []patch) error {
	costs := []float64{1}
	if len(terms) > 1 {
		costs = []float64{.03, 1, 30}
	}
	for _, cost := range costs {
		penalty := table(s.size, s.size)
		for _, t := range terms {
			weight := float64(s.n)
			if tr := trace(t.penalty); tr > 0 {
				weight *= 1 / tr
			}
			if t.crossed {
				weight *= cost
			}
			for i := range t.penalty {
				for j, v := range t.penalty[i] {
					penalty[t.first+i][t.first+j] += weight * v
				}
			}
		}
		r, err := diagonalise(s.gram, penalty)
		if err != nil {
			return err
		}
		s.choices = append(s.choices, r)
	}
	return nil
}

func diagonalise(gram, penalty [][]float64) (rotation, error) {
	n := len(gram)
	ridge := 1e-9 * (trace(gram) + trace(penalty)) / float64(n)
	both, only := mat.NewSymDense(n, nil), mat.NewDense(n, n, nil)
	for i := range n {
		for j := range i + 1 {
			both.SetSym(i, j, gram[i][j]+penalty[i][j])
			only.Set(i, j, penalty[i][j])
			only.Set(j, i, penalty[i][j])
		}
		both.SetSym(i, i, both.At(i, i)+ridge)
	}
	var chol mat.Cholesky
	if !chol.Factorize(both) {
		return rotation{}, fmt.Errorf("the parameters' values can't be told apart")
	}
	var lower mat.TriDense
	chol.LTo(&lower)
	var half, whole mat.Dense
	if err := half.Solve(&lower, only); err != nil {
		return rotation{}, fmt.Errorf("the parameters' values can't be told apart: %w", err)
	}
	if err := whole.Solve(&lower, half.T()); err != nil {
		return rotation{}, fmt.Errorf("the parameters' values can't be told apart: %w", err)
	}
	sym := mat.NewSymDense(n, nil)
	for i := range n {
		for j := range i + 1 {
			sym.SetSym(i, j, (whole.At(i, j)+whole.At(j, i))/2)
		}
	}
	var eigen mat.EigenSym
	if !eigen.Factorize(sym, true) {
		return rotation{}, fmt.Errorf("the parameters' values can't be told apart")
	}
	var vectors, to mat.Dense
	eigen.VectorsTo(&vectors)
	if err := to.Solve(lower.T(), &vectors); err != nil {
		return rotation{}, fmt.Errorf("the parameters' values can't be told apart: %w", err)
	}
	r := rotation{to: &to, bends: eigen.Values(nil)}
	for i, b := range r.bends {
		r.bends[i] = min(max(b, 0), 1)
	}
	return r, nil
}

// fitted is the smooth part of a result, less its mean.
type fitted struct {
	values  []float64
	freedom float64 // effective degrees of freedom
	share   float64 // of the variance, that is the parameters'
}

// fit smooths one row of results.
func (s *smoother) fit(y []float64) fitted {
	middle, total := mean(y), 0.0
	product := make([]float64, s.size)
	for d := range s.n {
		v := y[d] - middle
		total += v * v
		index, value := s.row(d)
		for i, a := range value {
			product[index[i]] += a * v
		}
	}
	best, score := fitted{values: make([]float64, s.n)}, math.Inf(1)
	var coefficients []float64
	for _, r := range s.choices {
		rotated := r.transpose(product)
		for step := -24; step <= 24; step++ {
			smooth := math.Pow(10, float64(step)/4)
			edf, rest := 0.0, total
			for i, z := range rotated {
				held := 1 - r.bends[i]
				w := held + smooth*r.bends[i]
				edf += held / w
				rest -= z * z / w * (2 - held/w)
			}
			left := float64(s.n) - caution*edf
			if left <= 0 {
				continue
			}
			if gcv := max(rest, 1e-12*total) / (left * left); gcv < score {
				score, best.freedom, best.share = gcv, edf, 0
				if total > 0 {
					best.share = min(max(1-rest/total, 0), 1)
				}
				coefficients = r.coefficients(rotated, smooth)
			}
		}
	}
	if coefficients == nil {
		return best
	}
	for d := range s.n {
		index, value := s.row(d)
		for i, a := range value {
			best.values[d] += a * coefficients[index[i]]
		}
	}
	middle = mean(best.values) // 0 but for rounding and what holds the last coefficients
	for d := range best.values {
		best.values[d] -= middle
	}
	return best
}

func (r rotation) transpose(product []float64) []float64 {
	out := make([]float64, len(r.bends))
	for i, p := range product {
		for j, v := range r.to.RawRowView(i) {
			out[j] += v * p
		}
	}
	return out
}

func (r rotation) coefficients(rotated []float64, smooth float64) []float64 {
	out := make([]float64, len(rotated))
	for i := range out {
		for j, v := range r.to.RawRowView(i) {
			out[i] += v * rotated[j] / (1 - r.bends[j] + smooth*r.bends[j])
		}
	}
	return out
}
