package compare

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// Point is a strategy's cost and effect.
type Point struct {
	Name   string  `json:"name"`
	Cost   float64 `json:"cost"`
	Effect float64 `json:"effect"`
}

// Status says whether a strategy is worth considering.
type Status string

// The statuses, by their usual letters.
const (
	Efficient Status = "ND" // not dominated: on the frontier
	Dominated Status = "D"  // another costs no more and gives at least as much
	Extended  Status = "ED" // two others, mixed, cost no more and give more
)

// Standing is a strategy in a full incremental analysis.
type Standing struct {
	Point
	Status Status `json:"status"`
	// Against is the strategy before this one on the frontier; ICER the price of a unit of effect gained on it. Empty for
	// the cheapest on the frontier, and for those that aren't on it.
	Against   string   `json:"against,omitempty"`
	MoreCost  float64  `json:"more_cost,omitempty"`
	MoreGives float64  `json:"more_effect,omitempty"`
	ICER      *float64 `json:"icer,omitempty"`
}

// Frontier orders strategies by cost and says which are efficient. Identical ones are told apart by name, so the order given never matters;
// ratios that are equal but for rounding leave both on the frontier.
func Frontier(points []Point) ([]Standing, error) {
	if err := checkPoints(points); err != nil {
		return nil, err
	}
	out := make([]Standing, len(points))
	for i, p := range points {
		out[i] = Standing{Point: p, Status: Efficient}
	}
	slices.SortFunc(out, func(a, b Standing) int {
		return cmp.Or(cmp.Compare(a.Cost, b.Cost), cmp.Compare(b.Effect, a.Effect), cmp.Compare(a.Name, b.Name))
	})
	var hull []int // of the efficient, from the cheapest up
	most := math.Inf(-1)
	for i := range out {
		if out[i].Effect <= most {
			out[i].Status = Dominated
			continue
		}
		most = out[i].Effect
		for len(hull) > 1 && dearer(out[hull[len(hull)-2]].Point, out[hull[len(hull)-1]].Point, out[i].Point) {
			out[hull[len(hull)-1]].Status = Extended
			hull = hull[:len(hull)-1]
		}
		hull = append(hull, i)
	}
	for k := 1; k < len(hull); k++ {
		from, to := out[hull[k-1]], &out[hull[k]]
		to.Against, to.MoreCost, to.MoreGives = from.Name, to.Cost-from.Cost, to.Effect-from.Effect
		ratio := to.MoreCost / to.MoreGives
		to.ICER = &ratio
	}
	return out, nil
}

// dearer says whether the step from a to b costs more per effect than that from b to c.
func dearer(a, b, c Point) bool {
	first, next := (b.Cost-a.Cost)*(c.Effect-b.Effect), (c.Cost-b.Cost)*(b.Effect-a.Effect)
	return first-next > 1e-12*max(math.Abs(first), math.Abs(next))
}

func checkPoints(points []Point) error {
	if len(points) == 0 {
		return fmt.Errorf("there is no strategy")
	}
	names := make([]string, len(points))
	for i, p := range points {
		names[i] = p.Name
		if err := finite("cost and effect of "+p.Name, []float64{p.Cost, p.Effect}, 2); err != nil {
			return err
		}
	}
	return distinct("strategies", names)
}
