package beacon

import (
	"slices"

	"github.com/samverk/samverk/answer"
	"github.com/samverk/samverk/federation/together"
	"github.com/samverk/samverk/genome/variant"
	"github.com/samverk/samverk/policy"
)

// found is what of the answers is asked for: the variants in their order, and where each reply has them.
type found struct {
	keys []variant.Key
	at   []map[string]int // by reply: a variant's place in its answer
	open bool             // somebody has more than was looked at
}

// find looks for the variants that are asked for and somebody counted carries.
func (q *query) find(replies []reply) found {
	f := found{at: make([]map[string]int, len(replies))}
	seen := map[string]bool{}
	for i, r := range replies {
		f.at[i] = map[string]int{}
		f.open = f.open || r.open
		for j, k := range r.answer.Keys {
			if !r.answer.Counts[j].Carried() || q.at != nil && !q.matches(k) {
				continue
			}
			name := k.String()
			f.at[i][name] = j
			if !seen[name] {
				seen[name] = true
				f.keys = append(f.keys, k)
			}
		}
	}
	if len(replies) > 1 {
		slices.SortFunc(f.keys, variant.Key.Compare)
	}
	return f
}

// page are the variants of the page asked for, of all in their order, whichever region has them.
func (f found) page(q query) []variant.Key {
	n := len(f.keys)
	return f.keys[min(n, q.skip*q.limit):min(n, (q.skip+1)*q.limit)]
}

// fullestOf is the granularity of an answer: that of who tells most.
func fullestOf(replies []reply) string {
	most := 0
	for _, r := range replies {
		if r.silent == nil {
			most = max(most, slices.Index(granularities, r.granularity))
		}
	}
	return granularities[most]
}

// subject is what a question is about.
type subject int

const (
	oneVariant subject = iota
	aStretch
	people
)

// document composes an answer about variants.
func (b *beacon) document(q query, replies []reply, about subject, known bool) document {
	f := q.find(replies)
	granularity := fullestOf(replies)
	d := document{Summary: summary{Exists: len(f.keys) > 0}, Info: b.told(q, replies, about, known)}
	if n := len(f.keys); granularity != yesOrNo && !f.open {
		d.Summary.Total = &n
	}
	if granularity == count && d.Summary.Total == nil { // the standard has no count that isn't known
		granularity = yesOrNo
	}
	if granularity == record {
		d.Response = b.sets(q, replies, f, about, known)
	}
	d.Meta = b.meta(q, genomicVariant, granularity)
	return d
}

// sets are the result sets of an answer: one of the node itself, for the dataset that was asked or for all together; of a nation one of each region. One
// that is silent says neither yes nor no, so it is there only if all are asked for.
func (b *beacon) sets(q query, replies []reply, f found, about subject, known bool) resultSets {
	out := resultSets{Sets: []resultSet{}}
	for i, r := range replies {
		s := resultSet{ID: r.Name, SetType: dataset, Exists: len(f.at[i]) > 0, Count: len(f.at[i]), Results: []any{}}
		switch {
		case q.include == "NONE", q.include != "ALL" && (r.silent != nil || (q.include == "HIT") != s.Exists):
			continue
		case b.national:
			s.Info = r.told(q, about, known)
		case q.dataset != "":
			s.ID = q.dataset
		default:
			s.ID = all
		}
		for _, k := range f.page(q) {
			if j, ok := f.at[i][k.String()]; ok && r.granularity == record {
				s.Results = append(s.Results, b.record(q, r, k, r.answer.Counts[j]))
			}
		}
		out.Sets = append(out.Sets, s)
	}
	return out
}

// told is what stands beside every answer. A nation's says who was asked, how many answered, and what each of them said.
func (b *beacon) told(q query, replies []reply, about subject, known bool) map[string]any {
	if !b.national {
		return replies[0].told(q, about, known)
	}
	nodes, answered := []any{}, 0
	for _, r := range replies {
		if r.silent == nil {
			answered++
		}
		one := r.told(q, about, known)
		one["node"], one["title"], one["answered"] = r.Name, r.Title, r.silent == nil
		nodes = append(nodes, one)
	}
	info := map[string]any{"purpose": q.purpose, "complete": answered == len(replies), "asked": len(replies), "answered": answered, "nodes": nodes}
	if about != aStretch {
		sum(replies).tell(info, about, fullestOf(replies))
	}
	return info
}

// told is what one says beside its answer: for what it was asked, and to who is known what allowed it; or why it is silent.
func (r reply) told(q query, about subject, known bool) map[string]any {
	if r.silent != nil {
		return map[string]any{"answered": false, "how": r.silent.how, "why": r.silent.code}
	}
	info := map[string]any{"purpose": q.purpose, "consentEpoch": r.answer.Epoch, "individuals": cell(r.answer.Individuals)}
	if r.Name != "" { // each of several may tell less than the others
		info["granularity"] = r.granularity
	}
	if r.answer.Verdict.K > 0 {
		info["notToldApartBelow"] = r.answer.Verdict.K
	}
	if known && r.answer.Verdict.Policy != "" {
		info["policy"], info["decision"] = r.answer.Verdict.Policy, r.answer.Verdict.Number
	}
	switch {
	case about != aStretch:
		numbers(r.answer.Counts[0]).tell(info, about, r.granularity)
	case r.open:
		info["truncatedAfter"] = r.answer.Keys[len(r.answer.Keys)-1].String()
	}
	return info
}

// numbers are what is told of a variant.
type numbers answer.Count

// tell adds them, as far as the granularity goes.
func (c numbers) tell(info map[string]any, about subject, granularity string) {
	info["covered"] = c.Covered
	switch {
	case about == people:
		info["carriers"] = cell(c.Carriers)
	case granularity != yesOrNo:
		c.all(info)
	}
}

// all adds every number.
func (c numbers) all(info map[string]any) {
	info["carriers"], info["individuals"] = cell(c.Carriers), cell(c.Individuals)
	for name, x := range map[string]policy.Cell{"ac": c.AC, "an": c.AN, "het": c.Het, "hom": c.Hom, "hemi": c.Hemi} {
		info[name] = cell(x)
	}
	switch {
	case !c.Covered:
		info["an_basis"] = nil
	case c.Assumed:
		info["an_basis"] = "assumed"
	default:
		info["an_basis"] = "called"
	}
}

// sum is what those who answered tell of one variant together.
func sum(replies []reply) numbers {
	var all []answer.Count
	for _, r := range replies {
		if r.silent == nil {
			all = append(all, r.answer.Counts[0])
		}
	}
	if len(all) == 1 {
		return numbers(all[0])
	}
	return numbers(together.Sum(all))
}
