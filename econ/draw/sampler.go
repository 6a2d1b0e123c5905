package draw

import (
	"fmt"
	"math"
)

// A Parameter is one uncertain number, or several that one distribution gives together: the shares of a dirichlet, or
// the columns of stored, empirical and bootstrap rows (Values then holds row after row).
type Parameter struct {
	Names []string
	Distribution
}

// A Correlation ties two parameters that have a distribution of their own.
type Correlation struct {
	A, B string
	Rho  float64
	// Rank says that Rho is Spearman's; else it is the correlation of the normal scores. Pearson's correlation of the
	// parameters themselves lies close to the latter unless they are far from normal.
	Rank bool
}

// Sampler draws a set of parameters together. The draws of a parameter depend on the seed, its name and the number of
// the draw; not on which other parameters there are, unless it is correlated with them. It may be used by many
// goroutines.
type Sampler struct {
	names  []string
	single []single
	joint  []joint
	ties   []tie
	limit  int
}

// single is a parameter by itself, drawn by inversion.
type single struct {
	row    int
	v      *Variable
	stream Stream
}

// joint is several drawn together, at rows row, row+1, ….
type joint struct {
	row, width int
	kind       kind
	stream     Stream
	values     []float64 // rows
	shares     []Stream  // of a dirichlet
	gammas     []*table
}

// tie is a group of correlated parameters: scores of their own, mixed by the lower triangle of a Cholesky factor.
type tie struct {
	members []int // of single, in order
	lower   [][]float64
}

// NewSampler makes the parameters ready, or says which of them can't be drawn.
func NewSampler(seed uint64, parameters []Parameter, correlations ...Correlation) (*Sampler, error) {
	s := &Sampler{}
	root := NewStream(seed).Named("parameters")
	row := map[string]int{}
	of := map[string]int{} // single of a name
	for _, p := range parameters {
		if len(p.Names) == 0 {
			return nil, p.wrong("", "has no name")
		}
		for _, n := range p.Names {
			if _, twice := row[n]; twice {
				return nil, p.wrong(n, "is drawn twice")
			}
			row[n] = len(s.names)
			s.names = append(s.names, n)
		}
		v, err := p.Compile()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", p.Names[0], err)
		}
		stream := root.Named(p.Names[0])
		if v.kind < bootstrap && len(p.Names) == 1 {
			of[p.Names[0]] = len(s.single)
			s.single = append(s.single, single{row[p.Names[0]], v, stream})
			continue
		}
		j, err := p.joint(v, row[p.Names[0]], stream)
		if err != nil {
			return nil, err
		}
		if rows := len(j.values) / j.width; j.kind == stored && (s.limit == 0 || rows < s.limit) {
			s.limit = rows
		}
		s.joint = append(s.joint, j)
	}
	ties, err := tiesOf(correlations, of, row)
	s.ties = ties
	return s, err
}

func (p Parameter) wrong(arg, says string) error {
	return &Error{Family: p.Family, Arg: arg, Says: says}
}

func (p Parameter) joint(v *Variable, row int, stream Stream) (joint, error) {
	j := joint{row: row, width: len(p.Names), kind: v.kind, stream: stream, values: p.Values}
	switch {
	case v.kind < empirical:
		return j, p.wrong("", fmt.Sprintf("gives one number and has %d names", len(p.Names)))
	case v.kind == dirichlet && len(p.Values) != len(p.Names):
		return j, p.wrong("values", fmt.Sprintf("are %d for %d names", len(p.Values), len(p.Names)))
	case len(p.Values)%len(p.Names) != 0:
		return j, p.wrong("values", fmt.Sprintf("are %d, not full rows of %d", len(p.Values), len(p.Names)))
	}
	if v.kind == dirichlet {
		for i, count := range p.Values {
			j.shares = append(j.shares, stream.Split(uint64(i)))
			j.gammas = append(j.gammas, newTable(scaleOfGamma(count)))
		}
	}
	return j, nil
}

// Names are the parameters in the order of Fill's rows.
func (s *Sampler) Names() []string { return s.names }

// Limit is how many draws are stored, where any parameter has stored draws; else 0, no limit.
func (s *Sampler) Limit() int { return s.limit }

// Fill writes the draws numbered from, from+1, … of parameter i to dst[i], whose rows are all as long. A stored
// parameter is not a number beyond Limit.
func (s *Sampler) Fill(dst [][]float64, from int) {
	if len(dst) == 0 {
		return
	}
	u := make([]float64, len(dst[0]))
	for i := range s.single {
		one := &s.single[i]
		z := dst[one.row]
		one.stream.FillUniform(u, uint64(from))
		if one.v.kind.byUniform() && !s.tied(i) {
			copy(z, u)
			continue
		}
		for j, u := range u {
			z[j] = NormalQuantile(u)
		}
	}
	for i := range s.ties {
		s.ties[i].mix(s, dst)
	}
	for i := range s.single {
		one := &s.single[i]
		one.v.fill(dst[one.row], !s.tied(i))
	}
	for i := range s.joint {
		s.joint[i].fill(dst, from)
	}
}

func (s *Sampler) tied(i int) bool {
	for t := range s.ties {
		for _, m := range s.ties[t].members {
			if m == i {
				return true
			}
		}
	}
	return false
}

// fill turns scores (or the uniform numbers of a kind that reads them) into values, in place.
func (v *Variable) fill(x []float64, uniforms bool) {
	switch {
	case v.kind == gamma:
		for j, z := range x {
			x[j] = v.q * v.quick.at(z)
		}
	case v.kind == beta:
		for j, z := range x {
			x[j] = v.r + v.s*min(1, v.quick.at(z))
		}
	case v.kind.byUniform() && uniforms:
		for j, u := range x {
			x[j] = v.score(0, u)
		}
	case v.kind.byUniform():
		for j, z := range x {
			x[j] = v.score(z, NormalCDF(z))
		}
	default:
		for j, z := range x {
			x[j] = v.score(z, 0)
		}
	}
}

func (j *joint) fill(dst [][]float64, from int) {
	switch j.kind {
	case dirichlet:
		j.fillShares(dst, from)
	case bootstrap:
		j.fillMeans(dst, from)
	default:
		j.fillRows(dst, from)
	}
}

// fillShares draws a dirichlet as gammas over their sum. Where all are below the least number there is, the one drawn
// with the greatest logarithm is all.
func (j *joint) fillShares(dst [][]float64, from int) {
	rows := dst[j.row : j.row+j.width]
	for i, x := range rows {
		j.shares[i].FillNormal(x, uint64(from))
		for l, z := range x {
			x[l] = j.gammas[i].at(z)
		}
	}
	for l := range rows[0] {
		sum := 0.0
		for _, x := range rows {
			sum += x[l]
		}
		if sum == 0 {
			rows[0][l], sum = 1, 1
		}
		for _, x := range rows {
			x[l] /= sum
		}
	}
}

func (j *joint) fillMeans(dst [][]float64, from int) {
	n := len(j.values) / j.width
	for l := range dst[j.row] {
		for c := range j.width {
			dst[j.row+c][l] = 0
		}
		at := uint64(from+l) * uint64(n)
		for i := range n {
			row := j.values[pick(j.stream.Uniform(at+uint64(i)), n)*j.width:]
			for c := range j.width {
				dst[j.row+c][l] += row[c]
			}
		}
		for c := range j.width {
			dst[j.row+c][l] /= float64(n)
		}
	}
}

func (j *joint) fillRows(dst [][]float64, from int) {
	n := len(j.values) / j.width
	for l := range dst[j.row] {
		r := from + l
		if j.kind == empirical {
			r = pick(j.stream.Uniform(uint64(r)), n)
		}
		for c := range j.width {
			if r < n {
				dst[j.row+c][l] = j.values[r*j.width+c]
			} else {
				dst[j.row+c][l] = math.NaN()
			}
		}
	}
}

func pick(u float64, n int) int { return min(n-1, int(u*float64(n))) }
