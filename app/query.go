package app

import (
	"cmp"
	"context"
	"strconv"

	"github.com/samverk/samverk/answer"
	"github.com/samverk/samverk/consent"
	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/genome/variant"
	"github.com/samverk/samverk/policy"
)

// asked is one word of a query: a variant or a region.
type asked struct {
	key    variant.Key
	region variant.Region
	isKey  bool
}

func readAsked(text string) (asked, error) {
	key, badKey := variant.ParseKey(text)
	if badKey == nil {
		return asked{key: key, isKey: true}, nil
	}
	region, err := variant.ParseRegion(text)
	if err == nil {
		return asked{region: region}, nil
	}
	return asked{}, badKey
}

// query answers in the order asked. Variants that stand together are asked together, at one consent epoch.
func (n *Node) query(ctx context.Context, q QueryRequest, s Sink[Row]) (QueryResult, error) {
	ask, err := q.As.asking(q.Purpose, q.Dataset)
	if err != nil {
		return QueryResult{}, err
	}
	all := make([]asked, len(q.Variants))
	for i, text := range q.Variants {
		if all[i], err = readAsked(text); err != nil {
			return QueryResult{}, err
		}
	}
	if len(all) == 0 {
		return QueryResult{}, fault.New(fault.Invalid, "nothing was asked").Do("name a variant, as in chr22-50000165-C-T")
	}
	w := rows{ask: ask, each: s.Item}
	for len(all) > 0 && err == nil {
		together := 0
		for together < len(all) && all[together].isKey {
			together++
		}
		if together == 0 {
			err, together = w.region(ctx, n.desk, all[0].region), 1
		} else {
			err = w.keys(ctx, n.desk, all[:together])
		}
		all = all[together:]
	}
	return w.result, n.refusal(ask, policy.Frequency, err)
}

// refusal names the operator the decision that a question is not answered by; to anybody else a denial says nothing.
func (n *Node) refusal(a policy.Ask, kind policy.Kind, err error) error {
	if fault.KindOf(err) != fault.Denied || !a.Operator {
		return err
	}
	a.Question = cmp.Or(a.Question, kind)
	v := n.policies.Judge(a)
	if v.Allowed || v.Number == "" {
		return err
	}
	return fault.New(fault.Denied, "this question is not answered here: policy %s, by decision %s, doesn't allow it", v.Policy, v.Number).Say("policy.denied")
}

// rows writes answers as rows.
type rows struct {
	ask    policy.Ask
	each   func(Row) error
	result QueryResult
}

func (w *rows) keys(ctx context.Context, d *answer.Desk, all []asked) error {
	keys := make([]variant.Key, len(all))
	for i, a := range all {
		keys[i] = a.key
	}
	a, err := d.Ask(ctx, answer.Question{Ask: w.ask, Keys: keys})
	if err != nil {
		return err
	}
	for i, c := range a.Counts {
		if err := w.row(keys[i].String(), c, a); err != nil {
			return err
		}
	}
	w.told(a)
	return nil
}

func (w *rows) region(ctx context.Context, d *answer.Desk, r variant.Region) error {
	a, err := d.Region(ctx, answer.Region{Ask: w.ask, Chrom: r.Chrom, From: r.From, To: r.To})
	if err != nil {
		return err
	}
	for i, k := range a.Keys {
		if err := w.row(k.String(), a.Counts[i], a); err != nil {
			return err
		}
	}
	w.told(a)
	return nil
}

func (w *rows) row(name string, c answer.Count, a answer.Answer) error {
	w.result.Rows++
	return w.each(NewRow(name, w.ask.Use.Purpose, w.ask.Dataset, c, a))
}

func (w *rows) told(a answer.Answer) {
	w.result.IndividualsCounted, w.result.ConsentEpoch, w.result.Leaf = Told(a.Individuals), a.Epoch, a.Receipt.Index
	w.result.Decision, w.result.Policy = a.Verdict.Number, a.Verdict.Policy
}

// AllGermline is what a row says when no dataset was named.
const AllGermline = "all germline"

// NewRow makes the row of a count.
func NewRow(name string, purpose consent.Purpose, dataset string, c answer.Count, a answer.Answer) Row {
	if dataset == "" {
		dataset = AllGermline
	}
	r := Row{Variant: name, Purpose: string(purpose), Dataset: dataset, Covered: c.Covered, IndividualsCounted: Told(c.Individuals), ConsentEpoch: a.Epoch}
	if !c.Covered {
		return r
	}
	basis := "called"
	if c.Assumed {
		basis = "assumed"
	}
	r.Carriers, r.AC, r.AN, r.Het, r.Hom, r.Hemi, r.Basis = Told(c.Carriers), Told(c.AC), Told(c.AN), Told(c.Het), Told(c.Hom), Told(c.Hemi), &basis
	if af, ok := c.AF(); ok {
		r.AF = &af
	}
	if !c.Exact() {
		r.Why = Why(a.Verdict)
	}
	return r
}

// Why says why numbers are not told as they are.
func Why(v policy.Verdict) string {
	s := "this policy doesn't tell exact numbers"
	if v.Precision == policy.Exact {
		s = "fewer than " + strconv.Itoa(v.K) + " are not told apart"
	}
	return s + " (policy " + v.Policy + ", decision " + v.Number + ")"
}
