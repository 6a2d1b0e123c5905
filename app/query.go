package app

import (
	"context"

	"github.com/samverk/samverk/answer"
	"github.com/samverk/samverk/consent"
	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/genome/variant"
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
	purpose, err := consent.ParsePurpose(q.Purpose)
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
	w := rows{purpose: purpose, dataset: q.Dataset, each: s.Item}
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
	return w.result, err
}

// rows writes answers as rows.
type rows struct {
	purpose consent.Purpose
	dataset string
	each    func(Row) error
	result  QueryResult
}

func (w *rows) keys(ctx context.Context, d *answer.Desk, all []asked) error {
	keys := make([]variant.Key, len(all))
	for i, a := range all {
		keys[i] = a.key
	}
	a, err := d.Ask(ctx, answer.Question{Use: consent.Use{Purpose: w.purpose}, Dataset: w.dataset, Keys: keys})
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

// mostInRegion bounds a listing, which is held until its epoch is known. Whoever wants more wants an export.
const mostInRegion = 250_000

func (w *rows) region(ctx context.Context, d *answer.Desk, r variant.Region) error {
	type found struct {
		name  string
		count answer.Count
	}
	var all []found
	a, err := d.Region(ctx, answer.Region{Use: consent.Use{Purpose: w.purpose}, Dataset: w.dataset, Chrom: r.Chrom, From: r.From, To: r.To, Limit: mostInRegion + 1},
		func(k variant.Key, c answer.Count) error {
			all = append(all, found{k.String(), c})
			return nil
		})
	if err != nil {
		return err
	}
	if len(all) > mostInRegion {
		return fault.New(fault.Invalid, "more than %d variants are carried on %s", mostInRegion, r).Do("ask for smaller regions, or use 'samverk export'")
	}
	for _, f := range all {
		if err := w.row(f.name, f.count, a); err != nil {
			return err
		}
	}
	w.told(a)
	return nil
}

func (w *rows) row(name string, c answer.Count, a answer.Answer) error {
	w.result.Rows++
	return w.each(NewRow(name, w.purpose, w.dataset, c, a.Epoch))
}

func (w *rows) told(a answer.Answer) {
	w.result.IndividualsCounted, w.result.ConsentEpoch = uint32(a.Individuals), a.Epoch
}

// AllGermline is what a row says when no dataset was named.
const AllGermline = "all germline"

// NewRow makes the row of a count.
func NewRow(name string, purpose consent.Purpose, dataset string, c answer.Count, epoch uint64) Row {
	if dataset == "" {
		dataset = AllGermline
	}
	r := Row{Variant: name, Purpose: string(purpose), Dataset: dataset, Covered: c.Covered, IndividualsCounted: c.Individuals, ConsentEpoch: epoch}
	if !c.Covered {
		return r
	}
	basis := "called"
	if c.Assumed {
		basis = "assumed"
	}
	r.AC, r.AN, r.Het, r.Hom, r.Hemi, r.Basis = &c.AC, &c.AN, &c.Het, &c.Hom, &c.Hemi, &basis
	if af, ok := c.AF(); ok {
		r.AF = &af
	}
	return r
}
