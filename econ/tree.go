package econ

import "github.com/samverk/samverk/econ/formula"

// leaf is an end of a tree, for the result.
type leaf struct {
	path    string
	share   formula.Reg
	rewards []formula.Reg
}

// tree compiles branches: everything about them is a formula of the draw.
func (c *compiler) tree(s *strategy, index int, sc *scope, branches []Branch, share formula.Reg, field string) {
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
		inner, here := sc.with(b.Set), c.b.Mul(share, p)
		c.give(s, inner, b.Rewards, here, at+".rewards")
		switch {
		case len(b.Branches) > 0 && b.Then != "":
			c.problems.add(b.At, at, "let its leaves lead on", "a branch with branches can't lead to a part")
		case len(b.Branches) > 0:
			c.tree(s, index, inner, b.Branches, here, at)
		default:
			s.ends = append(s.ends, leaf{path: at, share: here})
			if b.Then != "" {
				c.enter(s, index, inner, b.Then, here, b.Enter, b.At, at+".then")
			}
		}
	}
}
