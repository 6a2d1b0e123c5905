package draw

import (
	"fmt"
	"math"
	"sort"
)

// tiesOf groups the correlated parameters and factors each group's correlation matrix. A pair nobody gave is
// uncorrelated.
func tiesOf(correlations []Correlation, of, row map[string]int) ([]tie, error) {
	group := map[int]int{} // single → the least member of its group
	find := func(i int) int {
		for group[i] != i {
			i = group[i]
		}
		return i
	}
	rho := map[[2]int]float64{}
	for _, c := range correlations {
		a, b, err := c.ends(of, row)
		if err != nil {
			return nil, err
		}
		if _, twice := rho[[2]int{a, b}]; twice {
			return nil, c.wrong("is given twice", "")
		}
		r := c.Rho
		if c.Rank { // Kruskal 1958: between a normal pair's Spearman and Pearson correlations
			r = 2 * math.Sin(math.Pi/6*r)
		}
		rho[[2]int{a, b}], rho[[2]int{b, a}] = r, r
		for _, i := range []int{a, b} {
			if _, known := group[i]; !known {
				group[i] = i
			}
		}
		x, y := find(a), find(b)
		group[max(x, y)] = min(x, y)
	}
	var all []int
	for i := range group {
		all = append(all, i)
	}
	sort.Ints(all)
	var ties []tie
	at := map[int]int{}
	for _, i := range all {
		head := find(i)
		if _, known := at[head]; !known {
			at[head] = len(ties)
			ties = append(ties, tie{})
		}
		t := &ties[at[head]]
		t.members = append(t.members, i)
	}
	for i := range ties {
		if err := ties[i].factor(rho); err != nil {
			return nil, err
		}
	}
	return ties, nil
}

func (c Correlation) ends(of, row map[string]int) (a, b int, err error) {
	if math.IsNaN(c.Rho) || math.Abs(c.Rho) > 1 {
		return 0, 0, c.wrong(fmt.Sprintf("is %g", c.Rho), "between -1 and 1")
	}
	if c.A == c.B {
		return 0, 0, c.wrong("ties a parameter to itself", "")
	}
	for _, name := range []string{c.A, c.B} {
		if _, known := row[name]; !known {
			return 0, 0, c.wrong("names "+name+", which has no distribution", "")
		}
		if _, known := of[name]; !known {
			return 0, 0, c.wrong("names "+name+", whose distribution already ties it to others or stores its draws",
				"only parameters with a quantile of their own are correlated")
		}
	}
	return of[c.A], of[c.B], nil
}

func (c Correlation) wrong(says, hint string) error {
	return &Error{Family: "correlation", Arg: c.A + " with " + c.B, Says: says, Hint: hint}
}

// factor is Cholesky's, of a matrix that may be singular: correlations of 1 are allowed.
func (t *tie) factor(rho map[[2]int]float64) error {
	n := len(t.members)
	t.lower = make([][]float64, n)
	for i := range n {
		t.lower[i] = make([]float64, i+1)
		for j := range i + 1 {
			sum := rho[[2]int{t.members[i], t.members[j]}]
			if i == j {
				sum = 1
			}
			for k := range j {
				sum -= t.lower[i][k] * t.lower[j][k]
			}
			switch d := t.lower[j]; {
			case i == j && sum < -1e-9, i != j && d[j] == 0 && math.Abs(sum) > 1e-9:
				return &Error{Family: "correlation", Says: "no parameters can have all these correlations at once",
					Hint: "the matrix is not positive semidefinite; a pair not given counts as 0"}
			case i == j:
				t.lower[i][i] = math.Sqrt(math.Max(0, sum))
				if t.lower[i][i] < 1e-7 {
					t.lower[i][i] = 0
				}
			case d[j] != 0:
				t.lower[i][j] = sum / d[j]
			}
		}
	}
	return nil
}

// mix turns independent scores into correlated ones, from the last member up so that each reads what is not yet mixed.
func (t *tie) mix(s *Sampler, dst [][]float64) {
	for i := len(t.members) - 1; i >= 0; i-- {
		x := dst[s.single[t.members[i]].row]
		for l := range x {
			x[l] *= t.lower[i][i]
		}
		for k := range i {
			w, y := t.lower[i][k], dst[s.single[t.members[k]].row]
			for l := range x {
				x[l] += w * y[l]
			}
		}
	}
}
