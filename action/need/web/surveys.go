package web

import (
	"html/template"
	"net/http"
	"strconv"
	"time"

	"github.com/samverk/samverk/action/need"
	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/web"
	"github.com/samverk/samverk/web/chart"
)

type surveyFormData struct {
	Form         *web.Form
	Networks     []web.Option
	Visibilities []web.Option
	Langs        []web.Option
	Home         string
}

func (p *Room) newSurvey(w http.ResponseWriter, r *http.Request, n *network.Network) int {
	if err := p.registered(r, n, true); err != nil {
		return p.pages.Fail(w, r, err)
	}
	now := p.network.Now().In(zone(n))
	return p.surveyForm(w, r, n, web.NewForm("network", string(n.ID), "visibility", string(network.NetworkOnly), "lang", n.Lang,
		"propose", web.DateValue(now.AddDate(0, 0, 21)), "rank", web.DateValue(now.AddDate(0, 0, 42))))
}

func (p *Room) surveyForm(w http.ResponseWriter, r *http.Request, n *network.Network, f *web.Form) int {
	l := p.pages.Words(r)
	d := surveyFormData{Form: f, Visibilities: visibilities(l), Langs: langs(l), Home: home(n)}
	err := p.look(r, func(a network.Access) error {
		for _, x := range p.led(a, n) {
			name, _ := x.Name.In(l.Code)
			d.Networks = append(d.Networks, web.Option{Value: string(x.ID), Text: name})
		}
		return nil
	})
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	return p.render(w, r, n, web.Page{Name: "survey-new", Title: l.Must("survey.new"), Form: f, Data: d})
}

// days reads a survey's two last days: the phases end at the midnights after.
func days(f *web.Form, z *time.Location) (propose, rank time.Time, err error) {
	propose, ok := f.Day("propose", z)
	if !ok {
		return propose, rank, fault.New(fault.Invalid, "it is no day").Where("propose").Say("need.day")
	}
	if rank, ok = f.Day("rank", z); !ok {
		return propose, rank, fault.New(fault.Invalid, "it is no day").Where("rank").Say("need.day")
	}
	return propose.AddDate(0, 0, 1), rank.AddDate(0, 0, 1), nil
}

func (p *Room) begin(w http.ResponseWriter, r *http.Request, n *network.Network) int {
	return p.post(w, r, func(f *web.Form) (string, error) {
		propose, rank, err := days(f, zone(n))
		if err != nil {
			return "", err
		}
		at, ok := p.network.Tree().Network(network.ID(f.Get("network")))
		if !ok || at.Root != n.ID {
			return "", network.Absent()
		}
		s, err := p.needs.Begin(r.Context(), actor(r), need.Survey{Network: at.ID, Title: f.Get("title"), Text: f.Get("text"), Lang: f.Get("lang"),
			Visibility: network.Visibility(f.Get("visibility")), ProposeUntil: propose, RankUntil: rank})
		return home(n) + "/surveys/" + string(s.ID), err
	}, func(f *web.Form) int { return p.surveyForm(w, r, n, f) })
}

type groupRow struct {
	Sector network.Sector // one of both
	Name   string
	People int
	Best   []need.Score
}

type surveyData struct {
	need.SurveyView
	Form             *web.Form
	Home, Here       string
	Now              time.Time
	LastDay, RankDay time.Time
	Places           []placeField
	Options          []web.Option
	Sectors          []web.Option
	Regions          []web.Option
	Finding          string
	Chart            template.HTML
	BySector         []groupRow
	ByRegion         []groupRow
	Formats          web.Formats
	Days             *web.Form // to move the days
}

type placeField struct{ Name, Label string }

func (p *Room) survey(w http.ResponseWriter, r *http.Request, n *network.Network) int {
	return p.showSurvey(w, r, n, nil)
}

func (p *Room) showSurvey(w http.ResponseWriter, r *http.Request, n *network.Network, f *web.Form) int {
	l, z := p.pages.Words(r), zone(n)
	v, err := p.needs.Survey(r.Context(), actor(r), n.ID, need.SurveyID(r.PathValue("id")))
	format := ""
	if err == nil {
		format, err = web.FormatOf(r)
	}
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	if format != "" {
		return p.surveyFile(w, r, v, format)
	}
	page := web.Page{Name: "survey", Title: v.Title}
	if f == nil {
		f = web.NewForm("sector", string(v.MySector), "region", string(v.MyRegion))
		for i, id := range v.Mine {
			f.Set("place-"+strconv.Itoa(i+1), string(id))
		}
	} else {
		page.Form = f
	}
	d := surveyData{SurveyView: v, Form: f, Home: home(n), Here: r.URL.Path, Now: p.network.Now().In(z), LastDay: v.ProposeUntil.In(z).AddDate(0, 0, -1), RankDay: v.RankUntil.In(z).AddDate(0, 0, -1),
		Formats: web.FormatsAt(r.URL.RequestURI())}
	d.Days = web.NewForm("propose", web.DateValue(d.LastDay), "rank", web.DateValue(d.RankDay))
	if page.Form != nil {
		d.Days = f
	}
	d.choices(l, p, n)
	d.result(l, p)
	page.Data = d
	return p.render(w, r, n, page)
}

// choices fills the form of a ranking.
func (d *surveyData) choices(l *web.Words, p *Room, n *network.Network) {
	d.Options = []web.Option{{Text: l.Must("survey.place.none")}}
	for _, x := range d.Proposals {
		d.Options = append(d.Options, web.Option{Value: string(x.ID), Text: x.Title})
	}
	for i := range min(need.Places, len(d.Proposals)) {
		d.Places = append(d.Places, placeField{"place-" + strconv.Itoa(i+1), l.Must("survey.place", i+1)})
	}
	for _, s := range network.Sectors {
		d.Sectors = append(d.Sectors, web.Option{Value: string(s), Text: l.Must("sector." + string(s))})
	}
	d.Regions = []web.Option{{Text: l.Must("survey.region.none")}}
	for _, x := range p.network.Tree().Down(n.ID) {
		if x.Kind == network.Regional {
			name, _ := x.Name.In(l.Code)
			d.Regions = append(d.Regions, web.Option{Value: string(x.ID), Text: name})
		}
	}
}

// result draws what the survey came to.
func (d *surveyData) result(l *web.Words, p *Room) {
	if len(d.Result.Scores) == 0 || d.Result.Scores[0].Points == 0 {
		return
	}
	d.Finding = l.Must("survey.finding", d.Result.Scores[0].Title, d.Result.People)
	bars := chart.Bars{ID: "points", Title: d.Finding, Desc: l.Must("survey.chart.what")}
	for i, s := range d.Result.Scores[:min(len(d.Result.Scores), 10)] {
		bars.Bars = append(bars.Bars, chart.Bar{Label: strconv.Itoa(i + 1), Value: float64(s.Points), Text: strconv.Itoa(s.Points)})
	}
	d.Chart = bars.SVG()
	for _, g := range d.Result.Sectors {
		d.BySector = append(d.BySector, groupRow{Sector: network.Sector(g.Name), People: g.People, Best: g.Best})
	}
	for _, g := range d.Result.Regions {
		row := groupRow{Name: l.Must("survey.region.none"), People: g.People, Best: g.Best}
		if x, ok := p.network.Tree().Network(network.ID(g.Name)); ok {
			row.Name, _ = x.Name.In(l.Code)
		}
		d.ByRegion = append(d.ByRegion, row)
	}
}

func (p *Room) surveyFile(w http.ResponseWriter, r *http.Request, v need.SurveyView, format string) int {
	e := web.NewExport(w, format, "survey-"+v.Case, "place", "proposal", "text", "lang", "points", "first", "people")
	scores := v.Result.Scores
	for _, x := range v.Proposals {
		if len(v.Result.Scores) == 0 {
			scores = append(scores, need.Score{Proposal: x})
		}
	}
	for i, s := range scores {
		if err := e.Row(i+1, s.Title, s.Text, s.Lang, s.Points, s.First, s.People); err != nil {
			e.Cut()
			return p.pages.Fail(w, r, err)
		}
	}
	return e.End()
}

func (p *Room) actSurvey(w http.ResponseWriter, r *http.Request, n *network.Network) int {
	id, ctx, who := need.SurveyID(r.PathValue("id")), r.Context(), actor(r)
	return p.post(w, r, func(f *web.Form) (string, error) {
		switch f.Get("do") {
		case "propose":
			_, err := p.needs.Propose(ctx, who, n.ID, id, need.Proposal{Title: f.Get("title"), Text: f.Get("text"), Lang: p.pages.Words(r).Code})
			return r.URL.Path, err
		case "rank":
			var ranked []need.ProposalID
			for i := range need.Places {
				if x := f.Get("place-" + strconv.Itoa(i+1)); x != "" {
					ranked = append(ranked, need.ProposalID(x))
				}
			}
			return r.URL.Path, p.needs.Rank(ctx, who, n.ID, id, network.Sector(f.Get("sector")), network.ID(f.Get("region")), ranked)
		case "extend":
			propose, rank, err := days(f, zone(n))
			if err != nil {
				return "", err
			}
			version, _ := strconv.ParseInt(f.Get("version"), 10, 64)
			return r.URL.Path, p.needs.Extend(ctx, who, n.ID, id, version, propose, rank)
		}
		return "", unknown()
	}, func(f *web.Form) int { return p.showSurvey(w, r, n, f) })
}
