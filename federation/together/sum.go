package together

import (
	"context"
	"slices"

	"github.com/samverk/samverk/answer"
	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/genome/variant"
	"github.com/samverk/samverk/policy"
)

// sum adds up what was told.
func (d *Desk) sum(keys []variant.Key, replies []Reply) Answer {
	a := Answer{Keys: keys, Replies: replies, Asked: len(replies), Totals: make([]answer.Count, len(keys))}
	var told [][]answer.Count
	var people []policy.Cell
	for i := range replies {
		if r := &replies[i]; r.How == Answered {
			told, people = append(told, r.Answer.Counts), append(people, r.Answer.Individuals)
		}
	}
	a.Answered, a.Individuals = len(told), total(people)
	addUp(a.Totals, told)
	return a
}

// addUp adds up what nodes told of the same variants.
func addUp(totals []answer.Count, told [][]answer.Count) {
	for i := range totals {
		var s sums
		for _, counts := range told {
			s.add(&counts[i])
		}
		totals[i] = s.count()
	}
}

// addUpRuns adds up what nodes told of the same variants. Where none of them tells anything new, neither does their sum.
func addUpRuns(told []answer.Runs) (out answer.Runs) {
	type place struct {
		runs answer.Runs
		left int // of the first
	}
	at := make([]place, len(told))
	for i, runs := range told {
		if at[i].runs = runs; len(runs) > 0 {
			at[i].left = runs[0].Times
		}
	}
	for {
		var s sums
		n := -1
		for i := range at {
			if len(at[i].runs) == 0 { // they tell of equally many
				return out
			}
			s.add(&at[i].runs[0].Count)
			if n < 0 || at[i].left < n {
				n = at[i].left
			}
		}
		sum := s.count()
		out = out.Add(&sum, n)
		for i := range at {
			if at[i].left -= n; at[i].left > 0 {
				continue
			}
			if at[i].runs = at[i].runs[1:]; len(at[i].runs) > 0 {
				at[i].left = at[i].runs[0].Times
			}
		}
	}
}

// Sum adds up what several nodes told of one variant.
func Sum(told []answer.Count) answer.Count {
	var s sums
	for i := range told {
		s.add(&told[i])
	}
	return s.count()
}

// sums are a variant's counts added up. Where a node has nobody who was looked at there, it adds nobody.
type sums struct {
	covered, assumed bool
	cells            [7]sum
}

func (s *sums) add(c *answer.Count) {
	s.covered, s.assumed = s.covered || c.Covered, s.assumed || c.Assumed
	if !c.Covered {
		return
	}
	for i, cell := range cells(c) {
		s.cells[i].add(cell)
	}
}

func (s *sums) count() answer.Count {
	out := answer.Count{Covered: s.covered, Assumed: s.assumed}
	for i, cell := range cells(&out) {
		*cell = s.cells[i].cell()
	}
	return out
}

// sum is cells added up: it tells what they tell and nothing more. A yes among them is a yes. Where one tells nothing, and no other says yes, the
// sum tells nothing.
type sum struct {
	low, high          int
	any                bool
	said, open, hidden bool // a yes or no; a yes; nothing
}

func (s *sum) add(c *policy.Cell) {
	s.any = true
	s.low += c.Low
	switch c.Form {
	case policy.Hidden:
		s.hidden = true
	case policy.SaysYes:
		s.said, s.open = true, true
	case policy.SaysNo:
		s.said = true
		s.high += c.High
	default:
		s.high += c.High
	}
}

func (s *sum) cell() policy.Cell {
	switch {
	case !s.any:
	case !s.said && !s.hidden && s.low == s.high:
		return policy.Cell{Form: policy.Number, Low: s.low, High: s.low}
	case !s.said && !s.hidden:
		return policy.Cell{Form: policy.Band, Low: s.low, High: s.high}
	case s.said && s.low > 0:
		return policy.Cell{Form: policy.SaysYes, Low: s.low, High: policy.Unbounded}
	case s.said && !s.hidden && !s.open:
		return policy.Cell{Form: policy.SaysNo, High: s.high}
	}
	return policy.Cell{}
}

func total(parts []policy.Cell) policy.Cell {
	var s sum
	for i := range parts {
		s.add(&parts[i])
	}
	return s.cell()
}

// stretch lists what is carried anywhere on a stretch: each node's list first, and then, of those who listed, what of the others' they did
// not list themselves. That is asked and paid as a question of its own. Whoever falls silent in between is in no sum.
func (d *Desk) stretch(ctx context.Context, nodes []Node, q Question) (Answer, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*d.deadline)
	defer cancel()
	lists := d.all(ctx, nodes, q, nil)
	if err := away(lists); err != nil {
		return Answer{}, err
	}
	keys := first(union(lists), lists, q.Limit)
	lacking := make([][]variant.Key, len(nodes))
	var again []Node
	var missing [][]variant.Key
	for i := range lists {
		if lists[i].How != Answered {
			continue
		}
		if lacking[i] = without(keys, lists[i].Answer.Keys); len(lacking[i]) > 0 {
			again, missing = append(again, nodes[i]), append(missing, lacking[i])
		}
	}
	for _, keys := range missing {
		if len(keys) > mostKeys {
			return Answer{}, fault.New(fault.Invalid, "the nodes list too many variants on %s to ask each of what the others have", q.Region).Do("ask for smaller stretches").Say("together.stretch")
		}
	}
	more := d.all(ctx, again, q, missing)
	for i := range lists {
		r := &lists[i]
		if r.How != Answered {
			continue
		}
		counts := r.Answer.Counts
		if len(lacking[i]) > 0 {
			second := more[0]
			more = more[1:]
			if second.How != Answered {
				second.Took += r.Took
				*r = second
				continue
			}
			counts = merged(keys, r.Answer, second.Answer)
			r.Took += second.Took
		}
		r.Answer.Keys, r.Answer.Counts = keys, counts
	}
	return d.sum(keys, lists), nil
}

// union is everything that anybody listed, in order.
func union(lists []Reply) (keys []variant.Key) {
	for _, r := range lists {
		if r.How == Answered {
			keys = append(keys, r.Answer.Keys...)
		}
	}
	slices.SortFunc(keys, variant.Key.Compare)
	return slices.CompactFunc(keys, same)
}

// first are the first of all that were listed: as many as were asked for, and none behind where a list was broken off, because what follows there
// isn't known.
func first(keys []variant.Key, lists []Reply, limit int) []variant.Key {
	if limit <= 0 {
		return keys
	}
	for _, r := range lists {
		all := r.Answer.Keys
		if r.How != Answered || len(all) < limit {
			continue
		}
		if i := slices.IndexFunc(keys, func(k variant.Key) bool { return k.Compare(all[len(all)-1]) > 0 }); i >= 0 {
			keys = keys[:i]
		}
	}
	return keys[:min(limit, len(keys))]
}

func same(a, b variant.Key) bool { return a.Compare(b) == 0 }

// without is what of sorted keys isn't among others of them, sorted too.
func without(keys, listed []variant.Key) (out []variant.Key) {
	for _, k := range keys {
		for len(listed) > 0 && listed[0].Compare(k) < 0 {
			listed = listed[1:]
		}
		if len(listed) == 0 || !same(listed[0], k) {
			out = append(out, k)
		}
	}
	return out
}

// merged are the counts of keys, of which a list has some and a second answer the others.
func merged(keys []variant.Key, list, second answer.Answer) []answer.Count {
	out := make([]answer.Count, len(keys))
	i, j := 0, 0
	for n, k := range keys {
		if i < len(list.Keys) && same(list.Keys[i], k) {
			out[n] = list.Counts[i]
			i++
		} else if j < len(second.Counts) {
			out[n] = second.Counts[j]
			j++
		}
	}
	return out
}
