package toolbox

import (
	"cmp"
	"slices"
)

// Answers are what a group said: the answer's id by the question's. What isn't answered isn't there.
type Answers map[string]string

// Only gives the answers that the rules know.
func (r *Rules) Only(given func(question string) string) Answers {
	out := Answers{}
	for i := range r.Questions {
		q := &r.Questions[i]
		if _, ok := q.Answer(given(q.ID)); ok {
			out[q.ID] = given(q.ID)
		}
	}
	return out
}

// Verdict is what the rules make of a model.
type Verdict int

// The verdicts, from the least.
const (
	Unfit   Verdict = iota // does not fit, as far as it was told
	Perhaps                // perhaps
	Fits                   // fits
)

func (v Verdict) String() string { return [...]string{"unfit", "perhaps", "fits"}[v] }

// Advice is what the rules say of a model.
type Advice struct {
	Model   string
	Sum     int
	Verdict Verdict
	Never   bool // ruled out by one rule, whatever the others say
	For     []*Rule
	Against []*Rule
	Changes []Change // single answers that would change the verdict
}

// Change is an answer that would give another verdict.
type Change struct {
	Question *Question
	Answer   *Answer
	To       Verdict
}

// point is a combination of answers: an index per question, 0 for none.
func (r *Rules) point(a Answers) []int {
	p := make([]int, len(r.Questions))
	for i := range r.Questions {
		q := &r.Questions[i]
		p[i] = 1 + slices.IndexFunc(q.Answers, func(x Answer) bool { return x.ID == a[q.ID] })
	}
	return p
}

// speaks tells whether a rule's conditions are met.
func (r *Rule) speaks(p []int) bool {
	for k, bits := range r.allowed {
		if bits&(1<<p[k]) == 0 {
			return false
		}
	}
	return true
}

// verdict weighs up a model.
func (r *Rules) verdict(model string, p []int) (v Verdict, sum int, never bool) {
	for i := range r.Rules {
		if x := &r.Rules[i]; x.Model == model && x.speaks(p) {
			sum, never = sum+x.Weight, never || x.Never
		}
	}
	return r.grade(sum, never), sum, never
}

func (r *Rules) grade(sum int, never bool) Verdict {
	switch {
	case never:
		return Unfit
	case sum >= r.Fits:
		return Fits
	case sum >= r.Perhaps:
		return Perhaps
	}
	return Unfit
}

// Advise says of every model whether it fits a group, the best first.
func (r *Rules) Advise(given Answers) []Advice {
	p := r.point(given)
	out := make([]Advice, 0, len(r.Models))
	for _, model := range r.Models {
		a := Advice{Model: model}
		a.Verdict, a.Sum, a.Never = r.verdict(model, p)
		for i := range r.Rules {
			switch x := &r.Rules[i]; {
			case x.Model != model || !x.speaks(p):
			case x.For():
				a.For = append(a.For, x)
			default:
				a.Against = append(a.Against, x)
			}
		}
		weightier := func(x, y *Rule) int {
			if x.Never != y.Never {
				return map[bool]int{true: -1, false: 1}[x.Never]
			}
			return max(y.Weight, -y.Weight) - max(x.Weight, -x.Weight)
		}
		slices.SortStableFunc(a.For, weightier)
		slices.SortStableFunc(a.Against, weightier)
		a.Changes = r.changes(a, p)
		out = append(out, a)
	}
	slices.SortStableFunc(out, func(a, b Advice) int {
		return cmp.Or(int(b.Verdict-a.Verdict), b.Sum-a.Sum)
	})
	return out
}

// changes tries every other answer to each question that was answered, and every answer to those that weren't.
func (r *Rules) changes(a Advice, p []int) (out []Change) {
	for k := range r.Questions {
		was := p[k]
		for i := range r.Questions[k].Answers {
			if i+1 == was {
				continue
			}
			p[k] = i + 1
			if v, _, _ := r.verdict(a.Model, p); v != a.Verdict {
				out = append(out, Change{&r.Questions[k], &r.Questions[k].Answers[i], v})
			}
		}
		p[k] = was
	}
	return out
}

// Spoke lists the rules that speak because of the answer to a question: those with a condition on it that is met, and all their others too.
func (r *Rules) Spoke(given Answers, question string) (out []*Rule) {
	p := r.point(given)
	for i := range r.Rules {
		x := &r.Rules[i]
		on := func(c Condition) bool { return c.Question == question }
		if x.speaks(p) && (slices.ContainsFunc(x.When, on) || slices.ContainsFunc(x.Unless, on)) {
			out = append(out, x)
		}
	}
	return out
}
