package toolbox

import (
	"fmt"
	"math/bits"
	"slices"
)

// Check is what can be said of rules before anybody uses them.
type Check struct {
	Combinations int // of answers, every question answered
	Fits         int // of them, in which a model fits
	Perhaps      int // in which none fits, and one perhaps does
	None         int
	Example      Answers // one of those in which none does; nil when there is no such
	Models       []ModelCheck
	Findings     []Finding
}

// ModelCheck is how often a model comes up, of all combinations in which every question is answered.
type ModelCheck struct {
	Model         string
	Rules         int
	Fits, Perhaps int
	First         int // how often it is the first of those that fit
}

// FindingKind says what a finding is.
type FindingKind string

// The kinds of finding.
const (
	NeverFits     FindingKind = "never-fits"     // a model that is never recommended
	NeverSpeaks   FindingKind = "never-speaks"   // a rule whose conditions can't be met
	NeverMatters  FindingKind = "never-matters"  // a rule that speaks, and changes no verdict
	Contradiction FindingKind = "contradiction"  // two rules of one model, for and against it, under the same conditions
	Overruled     FindingKind = "overruled"      // a rule that speaks only where another rules its model out
	Unasked       FindingKind = "unasked"        // a question that no rule asks for
	Alone         FindingKind = "nothing-speaks" // a model that no rule speaks against, or none for
)

// Finding is something to look at. It keeps nobody from using the rules.
type Finding struct {
	Kind        FindingKind
	Line        int    // of the rule; 0 for none
	Rule, Other string // rules
	Model       string
	Question    string
	What, Do    string
}

// Check tries all combinations of answers.
func (r *Rules) Check() Check {
	c := Check{Models: make([]ModelCheck, len(r.Models))}
	for i, m := range r.Models {
		c.Models[i].Model = m
	}
	r.cover(&c)
	for i, m := range r.Models {
		r.checkModel(&c, i, m)
	}
	r.compare(&c)
	for k := range r.Questions {
		if !slices.ContainsFunc(r.Rules, func(x Rule) bool { return x.allowed[k] != r.Questions[k].all() }) {
			c.add(Finding{Kind: Unasked, Question: r.Questions[k].ID, What: fmt.Sprintf("no rule asks for %s", r.Questions[k].ID), Do: "take the question away, or write a rule"})
		}
	}
	slices.SortStableFunc(c.Findings, func(a, b Finding) int { return a.Line - b.Line })
	return c
}

func (c *Check) add(f Finding) { c.Findings = append(c.Findings, f) }

// set is a set of rules.
type set [(mostRules + 63) / 64]uint64

func (s *set) add(i int) { s[i/64] |= 1 << (i % 64) }

func (s set) minus(o set) set {
	for i := range s {
		s[i] &^= o[i]
	}
	return s
}

func (s set) and(o set) set {
	for i := range s {
		s[i] &= o[i]
	}
	return s
}

func (s set) each(do func(int)) {
	for i, w := range s {
		for ; w != 0; w &= w - 1 {
			do(i*64 + bits.TrailingZeros64(w))
		}
	}
}

// cover walks through all combinations in which every question is answered. A rule is counted as soon as the last question it asks
// for is answered.
func (r *Rules) cover(c *Check) {
	n := len(r.Questions)
	dies := make([][]set, n) // by question and answer
	settles := make([]set, n)
	model := make([]int, len(r.Rules))
	var alive set
	for i := range r.Rules {
		x := &r.Rules[i]
		alive.add(i)
		model[i] = slices.Index(r.Models, x.Model)
		last := 0
		for k := range r.Questions {
			if dies[k] == nil {
				dies[k] = make([]set, len(r.Questions[k].Answers)+1)
			}
			if x.allowed[k] != r.Questions[k].all() {
				last = k
			}
			for a := range dies[k] {
				if x.allowed[k]&(1<<a) == 0 {
					dies[k][a].add(i)
				}
			}
		}
		settles[last].add(i)
	}
	type tally struct {
		sum   [mostModels]int16
		never uint64
	}
	p := make([]int, n)
	var walk func(k int, alive set, t tally)
	walk = func(k int, alive set, t tally) {
		if k == n {
			best, first := Unfit, -1
			for m := range r.Models {
				v := r.grade(int(t.sum[m]), t.never&(1<<m) != 0)
				switch v {
				case Fits:
					c.Models[m].Fits++
				case Perhaps:
					c.Models[m].Perhaps++
				}
				if v > best || v == best && v == Fits && t.sum[m] > t.sum[first] {
					best, first = v, m
				}
			}
			c.Combinations++
			switch best {
			case Fits:
				c.Fits++
				c.Models[first].First++
			case Perhaps:
				c.Perhaps++
			default:
				c.None++
				if c.Example == nil {
					c.Example = r.answers(p)
				}
			}
			return
		}
		for a := 1; a < len(dies[k]); a++ {
			p[k] = a
			left, now := alive.minus(dies[k][a]), t
			left.and(settles[k]).each(func(i int) {
				now.sum[model[i]] += int16(r.Rules[i].Weight)
				if r.Rules[i].Never {
					now.never |= 1 << model[i]
				}
			})
			walk(k+1, left, now)
		}
	}
	walk(0, alive, tally{})
}

func (r *Rules) answers(p []int) Answers {
	out := Answers{}
	for k, a := range p {
		if a > 0 {
			out[r.Questions[k].ID] = r.Questions[k].Answers[a-1].ID
		}
	}
	return out
}

// checkModel walks through the answers to the questions that a model's rules ask for, no answer among them: whether the model can come
// up, and which of its rules make a difference.
func (r *Rules) checkModel(c *Check, at int, model string) {
	var mine []*Rule
	for i := range r.Rules {
		if r.Rules[i].Model == model {
			mine = append(mine, &r.Rules[i])
		}
	}
	c.Models[at].Rules = len(mine)
	asked := make([]bool, len(r.Questions))
	for k := range r.Questions {
		asked[k] = slices.ContainsFunc(mine, func(x *Rule) bool { return x.allowed[k] != r.Questions[k].all() })
	}
	best, spoke, matters := Unfit, make([]bool, len(mine)), make([]bool, len(mine))
	p := make([]int, len(r.Questions))
	var walk func(k int, alive []int)
	walk = func(k int, alive []int) {
		if k < len(p) {
			for a := 0; a <= len(r.Questions[k].Answers); a++ {
				p[k] = a
				if a > 0 && !asked[k] {
					break
				}
				left := make([]int, 0, len(alive))
				for _, i := range alive {
					if mine[i].allowed[k]&(1<<a) != 0 {
						left = append(left, i)
					}
				}
				walk(k+1, left)
			}
			return
		}
		sum, nevers := 0, 0
		for _, i := range alive {
			spoke[i] = true
			sum += mine[i].Weight
			if mine[i].Never {
				nevers++
			}
		}
		v := r.grade(sum, nevers > 0)
		best = max(best, v)
		for _, i := range alive {
			without := nevers
			if mine[i].Never {
				without--
			}
			matters[i] = matters[i] || r.grade(sum-mine[i].Weight, without > 0) != v
		}
	}
	all := make([]int, len(mine))
	for i := range all {
		all[i] = i
	}
	walk(0, all)
	if best != Fits {
		what := fmt.Sprintf("%s can never be recommended, whatever a group answers", model)
		if best == Perhaps {
			what = fmt.Sprintf("%s never fits: at best it perhaps does", model)
		}
		c.add(Finding{Kind: NeverFits, Model: model, What: what, Do: "write rules that speak for it, or take the model away"})
	}
	pro, con := 0, 0
	for i, x := range mine {
		if x.For() {
			pro++
		} else {
			con++
		}
		switch {
		case !spoke[i]:
			c.add(Finding{Kind: NeverSpeaks, Line: x.Line, Rule: x.ID, Model: model, What: fmt.Sprintf("the rule %s never speaks: its conditions can't be met", x.ID), Do: "look at 'when' and 'unless': they exclude each other"})
		case !matters[i]:
			c.add(Finding{Kind: NeverMatters, Line: x.Line, Rule: x.ID, Model: model, What: fmt.Sprintf("the rule %s speaks, and never changes what is recommended", x.ID), Do: "give it more weight, or keep it for the sentence it says"})
		}
	}
	if pro == 0 || con == 0 {
		c.add(Finding{Kind: Alone, Model: model, What: fmt.Sprintf("%d rules speak for %s, and %d against it", pro, model, con), Do: "every model has something that speaks against it, and something for it: write it"})
	}
}

// compare looks for rules of one model that contradict each other, or that another one overrules wherever they speak. A rule's conditions are
// a choice of answers per question, so one lies within another when it does for each question.
func (r *Rules) compare(c *Check) {
	within := func(x, y *Rule) bool {
		for k := range x.allowed {
			if x.allowed[k]&^y.allowed[k] != 0 {
				return false
			}
		}
		return true
	}
	for i := range r.Rules {
		x := &r.Rules[i]
		if slices.Contains(x.allowed, 0) {
			continue
		}
		for j := range r.Rules {
			y := &r.Rules[j]
			if i == j || x.Model != y.Model || slices.Contains(y.allowed, 0) {
				continue
			}
			switch {
			case i < j && within(x, y) && within(y, x) && x.For() != y.For():
				c.add(Finding{Kind: Contradiction, Line: y.Line, Rule: y.ID, Other: x.ID, Model: x.Model, What: fmt.Sprintf("the rules %s and %s say the opposite of each other under the same conditions", x.ID, y.ID), Do: "keep one of them"})
			case y.Never && !x.Never && within(x, y) && !within(y, x):
				c.add(Finding{Kind: Overruled, Line: x.Line, Rule: x.ID, Other: y.ID, Model: x.Model, What: fmt.Sprintf("the rule %s speaks only where %s rules the model out", x.ID, y.ID), Do: "take one of them away"})
			}
		}
	}
}
