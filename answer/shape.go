package answer

import (
	"strconv"

	"github.com/samverk/samverk/genome/store"
	"github.com/samverk/samverk/policy"
)

// Count is what may be told of a variant among the people counted.
type Count struct {
	Covered bool // somebody was looked at there; otherwise there is no answer
	Assumed bool // of AN: somebody counted has neither a genotype nor a callable block there

	Carriers       policy.Cell // people
	AC, AN         policy.Cell
	Het, Hom, Hemi policy.Cell // people
	Individuals    policy.Cell // looked at
}

// AF is the allele frequency, where it may be told and anybody's copies are counted.
func (c Count) AF() (float64, bool) {
	if c.AC.Form != policy.Number || c.AN.Form != policy.Number || c.AN.Low == 0 {
		return 0, false
	}
	return float64(c.AC.Low) / float64(c.AN.Low), true
}

// Exact tells whether all of it is told as it is.
func (c Count) Exact() bool {
	for _, x := range [...]policy.Cell{c.Carriers, c.AC, c.AN, c.Het, c.Hom, c.Hemi, c.Individuals} {
		if x.Form != policy.Number {
			return false
		}
	}
	return true
}

// Carried tells whether it is told that somebody carries it.
func (c Count) Carried() bool { return c.Carriers.Form != policy.Hidden && c.Carriers.Low > 0 }

// shaper tells counts as a verdict lets them be told.
type shaper struct {
	verdict policy.Verdict
	kind    policy.Kind
	plain   bool // as they are
}

func newShaper(v policy.Verdict, kind policy.Kind) shaper {
	return shaper{v, kind, v.Allowed && v.Precision == policy.Exact && v.K == 0 && kind != policy.Exists && kind != policy.Count}
}

func number(n int) policy.Cell { return policy.Cell{Form: policy.Number, Low: n, High: n} }

func span(low, high int) policy.Cell {
	if low == high {
		return number(low)
	}
	return policy.Cell{Form: policy.Band, Low: low, High: high}
}

// count tells of one variant. Carriers come first: whatever else is told must not tell them better, nor any group of them
// that is smaller than k.
func (s shaper) count(c store.Count) Count {
	carriers := int(c.Het + c.Hom + c.Hemi)
	out := Count{Covered: c.Covered, Assumed: c.Assumed, Individuals: s.size(int(c.Individuals))}
	switch {
	case !c.Covered:
		return out
	case s.plain:
		out.Carriers, out.AC, out.AN = number(carriers), number(int(c.AC)), number(int(c.AN))
		out.Het, out.Hom, out.Hemi = number(int(c.Het)), number(int(c.Hom)), number(int(c.Hemi))
		return out
	}
	out.Carriers = policy.Shape(carriers, s.verdict)
	if s.kind == policy.Exists {
		out.Carriers, out.Individuals = yesNo(out.Carriers), policy.Cell{}
		return out
	}
	if s.kind != policy.Count {
		out.AN = s.size(int(c.AN))
	}
	switch out.Carriers.Form {
	case policy.Number:
		s.parts(&out, c)
	case policy.Band:
		out.AC = span(out.Carriers.Low, 2*out.Carriers.High) // one or two copies each
	}
	return out
}

// parts tells of carriers whose number is told how many have one copy and how many two. What is told of the one follows
// from what is told of the other.
func (s shaper) parts(out *Count, c store.Count) {
	carriers := out.Carriers.Low
	one := int(c.Het + c.Hemi)
	hom, rest := policy.Shape(int(c.Hom), s.verdict), policy.Shape(one, s.verdict)
	switch {
	case carriers == 0:
		out.Hom, out.Het, out.Hemi, out.AC = number(0), number(0), number(0), number(0)
		return
	case hom.Form != policy.Number:
		out.Hom = span(hom.Low, hom.High)
	case rest.Form != policy.Number:
		out.Hom = span(carriers-rest.High, carriers-rest.Low)
	default:
		out.Hom = hom
	}
	out.AC = span(carriers+out.Hom.Low, carriers+out.Hom.High)
	if out.Hom.Form != policy.Number {
		return
	}
	het, hemi := policy.Shape(int(c.Het), s.verdict), policy.Shape(int(c.Hemi), s.verdict)
	if het.Form == policy.Number && hemi.Form == policy.Number {
		out.Het, out.Hemi = het, hemi
	}
}

func (s shaper) size(n int) policy.Cell {
	if s.plain {
		return number(n)
	}
	return policy.Size(n, s.verdict)
}

// yesNo is what a cell says of whether anybody has it.
func yesNo(c policy.Cell) policy.Cell {
	switch {
	case c.Form == policy.Hidden, c.Form == policy.SaysYes, c.Form == policy.SaysNo:
		return c
	case c.Low > 0:
		return policy.Cell{Form: policy.SaysYes, Low: 1, High: policy.Unbounded}
	}
	return policy.Cell{Form: policy.SaysNo, Low: 0, High: c.High}
}

// listed tells whether a list of what is carried may have a variant: its being there says that somebody carries it.
func (s shaper) listed(c store.Count) bool {
	if s.plain || c.AC == 0 {
		return c.AC > 0
	}
	return policy.Shape(int(c.Het+c.Hom+c.Hemi), s.verdict).Low > 0
}

// Text writes a cell: 17, 1–4, yes, no; "" where nothing may be told. Between is what stands in a range.
func Text(c policy.Cell, between string) string {
	switch c.Form {
	case policy.Number:
		return strconv.Itoa(c.Low)
	case policy.Band:
		return strconv.Itoa(c.Low) + between + strconv.Itoa(c.High)
	case policy.SaysYes:
		return "yes"
	case policy.SaysNo:
		return "no"
	}
	return ""
}
