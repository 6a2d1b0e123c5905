package web

import (
	"net/http"

	"github.com/samverk/samverk/answer"
	"github.com/samverk/samverk/consent"
	"github.com/samverk/samverk/policy"
	"github.com/samverk/samverk/web"
)

// The fields of a count as a file has it: those of the API and the command line.
var columns = []string{"variant", "purpose", "dataset", "carriers", "ac", "an", "af", "het", "hom", "hemi", "an_basis", "individuals_counted", "consent_epoch", "covered"}

const allGermline = "all germline"

// values are a count's columns; nil is what nobody can know.
func values(name string, purpose consent.Purpose, dataset string, c answer.Count, epoch uint64) []any {
	if dataset == "" {
		dataset = allGermline
	}
	var af, basis any
	if f, ok := c.AF(); ok {
		af = f
	}
	if c.Covered {
		basis = "called"
		if c.Assumed {
			basis = "assumed"
		}
	}
	return []any{name, purpose, dataset, say(c.Carriers), say(c.AC), say(c.AN), af, say(c.Het), say(c.Hom), say(c.Hemi), basis, say(c.Individuals), epoch, c.Covered}
}

// say is a number, or the text that stands for it where it may not be told exactly.
func say(c policy.Cell) any {
	switch c.Form {
	case policy.Number:
		return c.Low
	case policy.Hidden:
		return nil
	}
	return answer.Text(c, "–")
}

func (p *Room) exportAnswer(w http.ResponseWriter, r *http.Request, format string, f *form, q question) int {
	p.table.Questions.Add(1)
	if !q.isKey {
		return p.exportRegion(w, r, format, q)
	}
	q.ask.Question = p.desk.Fullest(q.ask)
	cells := []cell{{q.ask.Use.Purpose, q.ask.Dataset}}
	if f.Store != nil { // the rest of it is asked where no policy is in force
		cells = nil
		for _, purpose := range purposes {
			cells = append(cells, cell{purpose, ""})
			for _, d := range f.Store.Datasets {
				cells = append(cells, cell{purpose, d.Name})
			}
		}
	}
	g, err := p.askGrid(r.Context(), q, cells)
	if err != nil {
		return p.refuse(w, r, q.ask, err)
	}
	out := web.NewExport(w, format, q.key.String(), columns...)
	for _, c := range cells {
		if count, asked := g.cells[c]; asked && out.Row(values(q.key.String(), c.purpose, c.dataset, count, g.first.Epoch)...) != nil {
			out.Cut() // the reader left
		}
	}
	return out.End()
}

func (p *Room) exportRegion(w http.ResponseWriter, r *http.Request, format string, q question) int {
	q.ask.Question = policy.Frequency
	a, err := p.desk.Region(r.Context(), answer.Region{Ask: q.ask, Chrom: q.region.Chrom, From: q.region.From, To: q.region.To, LeaveOut: answer.LeaveOut{Case: q.own}})
	if err != nil {
		return p.refuse(w, r, q.ask, err)
	}
	out := web.NewExport(w, format, q.region.String(), columns...)
	for i, k := range a.Keys {
		if out.Row(values(k.String(), q.ask.Use.Purpose, q.ask.Dataset, a.Counts[i], a.Epoch)...) != nil {
			out.Cut() // the reader left
		}
	}
	return out.End()
}

func (p *Room) exportDatasets(w http.ResponseWriter, r *http.Request, format string, stats answer.Stats) int {
	out := web.NewExport(w, format, "datasets", "dataset", "origin", "samples", "individuals")
	for _, d := range stats.Datasets {
		if out.Row(d.Name, d.Origin, d.Samples, d.Individuals) != nil {
			out.Cut() // the reader left
		}
	}
	return out.End()
}
