package econ

import (
	"slices"

	"github.com/samverk/samverk/econ/formula"
)

// leaf is an end of a tree, for the result.
type leaf struct {
	path string
	way
}

// way is how far somebody has come: how probable it is, and what it has given.
type way struct {
	share formula.Reg
	given []formula.Reg // by outcome
}

// give adds what everybody gets who comes this way.
func (c *compiler) give(s *strategy, w way, sc *scope, rewards []Setting, field string) way {
	w.given = slices.Clone(w.given)
	add := func(o int, amount formula.Reg) {
		w.given[o] = c.b.Add(w.given[o], amount)
		s.base[o] = c.b.Add(s.base[o], c.b.Mul(w.share, amount))
	}
	for _, r := range rewards {
		o, ok := c.outcome(r.Name, r.At, field)
		if !ok {
			continue
		}
		amount := c.formula(r.Value, sc, field+"."+r.Name)
		add(o, amount)
		if whole := c.partOf(o); whole >= 0 {
			add(whole, amount)
		}
	}
	return w
}

// tree compiles branches: everything about them is a formula of the draw.
func (c *compiler) tree(s *strategy, index int, sc *scope, branches []Branch, w way, field string) {
	if c.branches += len(branches); c.branches > maxWays {
		c.problems.add(branches[0].At, field, "fewer branches, or trees that follow each other", "there are more than %d ways through the trees", maxWays)
		return
	}
	texts, tos := make([]Text, len(branches)), make([]string, len(branches))
	for i, b := range branches {
		texts[i], tos[i] = b.P, b.Name
	}
	for i, p := range c.probabilities(texts, tos, sc, field, last(field), nil) {
		b := &branches[i]
		at := field + "." + b.Name
		inner := sc.with(b.Set)
		here := c.give(s, way{c.b.Mul(w.share, p), w.given}, inner, b.Rewards, at+".rewards")
		switch {
		case len(b.Branches) > 0 && b.Then != "":
			c.problems.add(b.At, at, "let its leaves lead on", "a branch with branches can't lead to a part")
		case len(b.Branches) > 0:
			c.tree(s, index, inner, b.Branches, here, at)
		default:
			s.ends = append(s.ends, leaf{at, here})
			if b.Then != "" {
				c.enter(s, index, inner, b.Then, here, b.Enter, b.At, at+".then")
			}
		}
	}
}
