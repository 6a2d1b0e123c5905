package curve

import (
	"fmt"
	"math"
	"sort"
	"strings"
)

// Families says by which arguments each family is given; each line is one way.
//
//nolint:gochecknoglobals // a table that is read only
var Families = []struct{ Family, Arguments string }{
	{"exponential", "rate"}, {"exponential", "median"}, {"exponential", "mean"},
	{"weibull", "shape scale"}, {"weibull", "shape median"},
	{"weibullph", "shape rate"},
	{"gompertz", "shape rate"},
	{"lognormal", "meanlog sdlog"}, {"lognormal", "median sdlog"},
	{"loglogistic", "shape scale"}, {"loglogistic", "shape median"},
	{"gamma", "shape rate"}, {"gamma", "shape scale"},
	{"gengamma", "mu sigma q"},
}

// Maker makes curves of one family from its arguments in one order: the words are read once, the numbers per draw.
type Maker struct {
	Family    string
	Arguments []string // in the order Make takes them
	way       string
}

// NewMaker finds the way a family is given by these arguments, in any order.
func NewMaker(family string, arguments []string) (Maker, error) {
	sorted := append([]string(nil), arguments...)
	sort.Strings(sorted)
	var ways, families []string
	for _, f := range Families {
		if len(families) == 0 || families[len(families)-1] != f.Family {
			families = append(families, f.Family)
		}
		if f.Family != family {
			continue
		}
		words := strings.Fields(f.Arguments)
		ways = append(ways, f.Arguments)
		s := append([]string(nil), words...)
		sort.Strings(s)
		if strings.Join(s, " ") == strings.Join(sorted, " ") {
			return Maker{family, words, family + " " + f.Arguments}, nil
		}
	}
	if ways == nil {
		return Maker{}, &Error{Family: family, Says: "is not a family of curves", Hint: "one of " + strings.Join(families, ", ")}
	}
	return Maker{}, &Error{Family: family, Says: "takes other arguments than " + strings.Join(sorted, ", "),
		Hint: "give it by " + strings.Join(ways, "; or by ")}
}

// Make is the curve with these numbers, or says which of them can't be.
func (m Maker) Make(x ...float64) (Curve, error) {
	for i, v := range x {
		free := m.Arguments[i] == "meanlog" || m.Arguments[i] == "mu" || m.Arguments[i] == "q" || m.Family == "gompertz" && i == 0
		if math.IsNaN(v) || math.IsInf(v, 0) || !free && v <= 0 {
			if m.Family == "exponential" && v == 0 && m.Arguments[0] == "rate" {
				return Curve{}, nil
			}
			return Curve{}, &Error{Family: m.Family, Arg: m.Arguments[i], Says: fmt.Sprintf("is %g", v), Hint: "a number above 0"}
		}
	}
	switch m.way {
	case "exponential rate":
		return Exponential(x[0]), nil
	case "exponential median":
		return Exponential(math.Ln2 / x[0]), nil
	case "exponential mean":
		return Exponential(1 / x[0]), nil
	case "weibull shape scale":
		return Weibull(x[0], x[1]), nil
	case "weibull shape median":
		return Weibull(x[0], x[1]*math.Pow(math.Ln2, -1/x[0])), nil
	case "weibullph shape rate":
		return WeibullPH(x[0], x[1]), nil
	case "gompertz shape rate":
		return Gompertz(x[0], x[1]), nil
	case "lognormal meanlog sdlog":
		return Lognormal(x[0], x[1]), nil
	case "lognormal median sdlog":
		return Lognormal(math.Log(x[0]), x[1]), nil
	case "loglogistic shape scale", "loglogistic shape median": // the scale is the median
		return Loglogistic(x[0], x[1]), nil
	case "gamma shape rate":
		return Gamma(x[0], x[1]), nil
	case "gamma shape scale":
		return Gamma(x[0], 1/x[1]), nil
	}
	return GeneralisedGamma(x[0], x[1], x[2]), nil
}
