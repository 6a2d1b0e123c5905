package web

import (
	"net/http"

	"github.com/samverk/samverk/answer"
	"github.com/samverk/samverk/consent"
	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/genome/variant"
	"github.com/samverk/samverk/web"
)

// The fields of a count as a file has it: those of the API and the command line.
var columns = []string{"variant", "purpose", "dataset", "ac", "an", "af", "het", "hom", "hemi", "an_basis", "individuals_counted", "consent_epoch", "covered"}

const allGermline = "all germline"

// values are a count's columns; nil is what nobody can know.
func values(name string, purpose consent.Purpose, dataset string, c answer.Count, epoch uint64) []any {
	if dataset == "" {
		dataset = allGermline
	}
	if !c.Covered {
		return []any{name, purpose, dataset, nil, nil, nil, nil, nil, nil, nil, c.Individuals, epoch, false}
	}
	var af any
	if f, ok := c.AF(); ok {
		af = f
	}
	basis := "called"
	if c.Assumed {
		basis = "assumed"
	}
	return []any{name, purpose, dataset, c.AC, c.AN, af, c.Het, c.Hom, c.Hemi, basis, c.Individuals, epoch, true}
}

func (p *room) exportAnswer(w http.ResponseWriter, r *http.Request, format string, f *form, q question, stats answer.Stats) int {
	p.table.Questions.Add(1)
	if !q.isKey {
		return p.exportRegion(w, r, format, f, q)
	}
	var cells []cell
	for _, purpose := range purposes {
		cells = append(cells, cell{purpose, ""})
		for _, d := range stats.Datasets {
			cells = append(cells, cell{purpose, d.Name})
		}
	}
	g, err := p.askGrid(r.Context(), q.key, cells)
	if err != nil {
		return p.fail(w, r, err)
	}
	out := web.NewExport(w, format, q.key.String(), columns...)
	for _, c := range cells {
		if out.Row(values(q.key.String(), c.purpose, c.dataset, g.cells[c], g.epoch)...) != nil {
			out.Cut() // the reader left
		}
	}
	return out.End()
}

// exportRegion streams a whole region. Its first answer tells the consent epoch that every row states;
// if the rows turn out to be of another one, the list is cut.
func (p *room) exportRegion(w http.ResponseWriter, r *http.Request, format string, f *form, q question) int {
	ask := answer.Region{Use: q.use, Dataset: f.dataset(), Chrom: q.region.Chrom, From: q.region.From, To: q.region.To, Limit: 1}
	first, err := p.desk.Region(r.Context(), ask, func(variant.Key, answer.Count) error { return nil })
	if err != nil {
		return p.fail(w, r, err)
	}
	out := web.NewExport(w, format, q.region.String(), columns...)
	ask.Limit = 0
	all, err := p.desk.Region(r.Context(), ask, func(k variant.Key, c answer.Count) error {
		return out.Row(values(k.String(), q.use.Purpose, f.dataset(), c, first.Epoch)...)
	})
	if err == nil && all.Epoch != first.Epoch {
		err = fault.New(fault.Unavailable, "a consent changed while the list was made").Do("ask again")
	}
	if err != nil {
		out.Cut()
		return p.fail(w, r, err)
	}
	return out.End()
}

func (p *room) exportDatasets(w http.ResponseWriter, r *http.Request, format string, stats answer.Stats) int {
	out := web.NewExport(w, format, "datasets", "dataset", "origin", "samples", "individuals")
	for _, d := range stats.Datasets {
		if out.Row(d.Name, d.Origin, d.Samples, d.Individuals) != nil {
			out.Cut() // the reader left
		}
	}
	return out.End()
}
