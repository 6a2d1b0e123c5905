package report

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/samverk/samverk/econ"
	"github.com/samverk/samverk/econ/compare"
)

// Nested values perfect information about a group of a model's parameters by two loops: for each outer draw they are fixed at what was drawn, and the
// model runs inner draws of all else. It takes outer × inner draws, and checks what regression says.
func Nested(m *econ.Model, variant econ.Options, group []string, outer, inner int, seed uint64, wtp []float64) (compare.NestedPartial, error) {
	none := compare.NestedPartial{}
	if m.PSA != nil && m.PSA.Stored != "" {
		return none, fmt.Errorf("the draws are stored: nothing can be drawn beside them")
	}
	if len(group) == 0 || outer < 2 || inner < 2 {
		return none, fmt.Errorf("nested loops take at least one parameter and two draws in each loop")
	}
	c, err := econ.Compile(m, variant)
	if err != nil {
		return none, err
	}
	first, err := c.PSA(econ.PSAOptions{Draws: outer, Seed: seed})
	if err != nil {
		return none, err
	}
	names, values := first.Parameters()
	for _, name := range group {
		if !slices.Contains(names, name) {
			return none, fmt.Errorf("%q is no uncertain parameter", name)
		}
	}
	return compare.Nested(outer, wtp, func(i int) (compare.Outcomes, error) {
		c, err := econ.Compile(fixed(m, names, values, group, i), variant)
		if err != nil {
			return compare.Outcomes{}, err
		}
		// Another seed for each: were it the same, the inner means would err together.
		s, err := c.PSA(econ.PSAOptions{Draws: inner, Seed: first.Seed + 1 + uint64(i)})
		if err != nil {
			return compare.Outcomes{}, err
		}
		return compare.Outcomes{Strategies: s.Strategies, Cost: s.Cost(), Effect: s.Effect()}, nil
	})
}

// fixed is the model with the group known: at the values of one draw, and no longer uncertain.
func fixed(m *econ.Model, names []string, values [][]float64, group []string, draw int) *econ.Model {
	out := *m
	out.Parameters = slices.Clone(m.Parameters)
	for i := range out.Parameters {
		p := &out.Parameters[i]
		if slices.Contains(group, p.Name) {
			v := values[slices.Index(names, p.Name)][draw]
			p.Value, p.Distribution = econ.Text{Source: strconv.FormatFloat(v, 'g', -1, 64), At: p.Value.At}, econ.Distribution{}
		}
	}
	return &out
}
