package web

import (
	"net/http"
	"slices"

	"github.com/samverk/samverk/answer"
	"github.com/samverk/samverk/policy"
	"github.com/samverk/samverk/web"
	"github.com/samverk/samverk/web/chart"
)

type datasetsPage struct {
	Store   answer.Stats
	Counted []purposeCount
	Files   web.Formats
}

func (p *Room) datasets(w http.ResponseWriter, r *http.Request) int {
	all, err := p.askers(r)
	if err != nil {
		return p.fail(w, r, err)
	}
	as := policy.Ask{SignedIn: web.SignedIn(r)}
	if i := slices.IndexFunc(all, func(a answer.Asker) bool { return sees(a.Ask) }); i >= 0 {
		as = all[i].Ask
	}
	stats, err := p.desk.Stats(r.Context(), as)
	if err != nil {
		return p.refuse(w, r, as, err)
	}
	format, err := web.FormatOf(r)
	if err != nil {
		return p.fail(w, r, err)
	}
	if format != "" {
		return p.exportDatasets(w, r, format, stats)
	}
	l := p.pages.Words(r)
	page := datasetsPage{Store: stats, Counted: countedPerPurpose(l, stats), Files: web.FormatsAt(r.URL.RequestURI())}
	return p.pages.Render(w, r, web.Page{Name: "datasets", Title: l.Must("datasets.title"), Station: "use", Data: page})
}

// purposeCount is how many people have said yes to a purpose.
type purposeCount struct {
	Name string
	N    int
	Bar  chart.Span // of everybody
}

func countedPerPurpose(l *web.Words, s answer.Stats) []purposeCount {
	var out []purposeCount
	for _, p := range purposes {
		c := purposeCount{Name: l.Must("purpose." + string(p) + ".name"), N: int(s.Counted[p])}
		if s.Individuals > 0 {
			c.Bar = chart.Span{Low: float64(c.N), High: float64(c.N), Of: float64(s.Individuals)} // who has no genome here may have said yes too
		}
		out = append(out, c)
	}
	return out
}

func datasetNote(l *web.Words, d answer.DatasetStats) string {
	if d.Origin == "somatic" {
		return l.Must("dataset.somatic")
	}
	return ""
}

func datasetLabel(l *web.Words, d answer.DatasetStats) string {
	if note := datasetNote(l, d); note != "" {
		return d.Name + " (" + note + ")"
	}
	return d.Name
}
