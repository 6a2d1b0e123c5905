package web

import (
	"html/template"
	"net/http"
	"time"

	"github.com/samverk/samverk/action/procedure"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/web"
	"github.com/samverk/samverk/web/chart"
)

type adoptionData struct {
	procedure.Adoption
	Home, At  string
	Finding   string
	Chart     template.HTML
	Second    bool // a line for the version decided then
	Points    []pointRow
	Map       template.HTML
	MapSays   string
	Table     []regionRow
	Deviating []regionRow
	Declined  []regionRow
	Lags      []lagRow
	LagSays   string
	Unknown   []string // regions whose population isn't known
	Sources   []string
	Formats   web.Formats
}

type pointRow struct {
	At      time.Time
	Says    string
	Any     string
	Current string
}

type lagRow struct {
	Name string
	Days int
}

func (p *Pages) adoption(w http.ResponseWriter, r *http.Request, n *network.Network) int {
	format, err := web.FormatOf(r)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	x, err := p.room.Adoption(r.Context(), actor(r), n.ID, procedure.ID(r.PathValue("procedure")))
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	if x.Procedure.Current == 0 { // nobody was asked yet
		return web.SeeOther(w, r, at(n, x.ID))
	}
	if format != "" {
		return p.adoptionFile(w, r, n, x, format)
	}
	l := p.pages.Words(r)
	d := adoptionData{Adoption: x, Home: home(n), At: at(n, x.ID), Formats: web.FormatsAt(r.URL.RequestURI()), Finding: count(x.Regions).says(l), Second: len(x.Versions) > 1}
	d.AnswerBy = x.AnswerBy.In(zone(n))
	d.Table = p.table(l, n, x.Procedure, x.Regions)
	for _, row := range d.Table {
		switch row.Now() {
		case procedure.Deviating:
			d.Deviating = append(d.Deviating, row)
		case procedure.Declined:
			d.Declined = append(d.Declined, row)
		}
		if !row.People.Known() {
			d.Unknown = append(d.Unknown, row.Name)
		} else if s := row.People.Source; len(d.Sources) == 0 || d.Sources[len(d.Sources)-1] != s {
			d.Sources = append(d.Sources, s)
		}
	}
	for _, lag := range x.Lags {
		d.Lags = append(d.Lags, lagRow{text(l, lag.Region.Name), lag.Days})
	}
	if days, ok := procedure.Median(x.Lags); ok {
		d.LagSays = l.Must("procedure.lag.says", days)
	}
	d.Chart, d.Points = p.steps(l, n, x)
	d.Map, d.MapSays = p.tiles(l, n, d.Table)
	title := l.Must("procedure.adoption.of", x.Title)
	return p.pages.Render(w, r, web.Page{Name: "adoption", Title: title, Station: "followup", Data: d, Public: true, Crumbs: p.crumbs(l, n, x.Title, at(n, x.ID), l.Must("procedure.adoption"), "")})
}

// steps draws the share over time, and tells it row by row. Where no population is known it is the share of the regions.
func (p *Pages) steps(l *web.Words, n *network.Network, x procedure.Adoption) (template.HTML, []pointRow) {
	if len(x.Points) == 0 {
		return "", nil
	}
	first, last := x.Points[0].At, x.Points[len(x.Points)-1].At
	span := last.Sub(first).Seconds()
	place := func(t time.Time) float64 {
		if span <= 0 {
			return 0
		}
		return t.Sub(first).Seconds() / span
	}
	part := func(s procedure.Share) float64 {
		if s.Of == 0 && s.All > 0 {
			return float64(s.Regions) / float64(s.All)
		}
		return s.Part()
	}
	says := func(s procedure.Share) string {
		if s.Of == 0 {
			return l.Must("procedure.of", s.Regions, s.All)
		}
		return percent(l, s)
	}
	c := chart.Steps{ID: "over", Title: l.Must("procedure.over.title"), Desc: l.Must("procedure.over.desc", says(x.Points[0].Any), says(x.Now)), Percent: func(n int) string { return l.Must("procedure.percent", n) }}
	var rows []pointRow
	for _, pt := range x.Points {
		c.First = append(c.First, chart.Step{At: place(pt.At), Value: part(pt.Any)})
		if len(x.Versions) > 1 {
			c.Second = append(c.Second, chart.Step{At: place(pt.At), Value: part(pt.Current)})
		}
		row := pointRow{At: pt.At.In(zone(n)), Any: says(pt.Any), Current: says(pt.Current)}
		if pt.Version > 0 {
			row.Says = l.Must("procedure.version", pt.Version)
		}
		rows = append(rows, row)
	}
	for _, v := range x.Versions {
		c.Marks = append(c.Marks, chart.Mark{At: place(v.Starts), Text: l.Must("procedure.v", v.Number)})
	}
	const ticks = 4
	for i := range ticks + 1 {
		t := first.Add(time.Duration(float64(i) / ticks * float64(last.Sub(first)))).In(zone(n))
		c.Ticks = append(c.Ticks, chart.Foot{At: float64(i) / ticks, Text: l.ShortMonth(t) + " " + t.Format("2006"), Main: i%ticks == 0})
	}
	return c.SVG(), rows
}

// tiles draws the regions about where they lie; those whose place isn't known stand in rows beneath.
func (p *Pages) tiles(l *web.Words, n *network.Network, table []regionRow) (template.HTML, string) {
	m := chart.Tiles{ID: "map", Title: l.Must("procedure.map.title"), Desc: l.Must("procedure.map.desc")}
	rows, loose := 0, 0
	var rest []chart.Tile
	for _, row := range table {
		of, _ := p.network.Tree().Network(row.Network)
		t := chart.Tile{Code: short(text(l, of.Name)), Text: l.Must("procedure.tile." + tileKey(row)), Level: level(row), Flagged: row.Now() == procedure.Declined}
		column, line, ok := p.room.Tile(of)
		if !ok {
			rest = append(rest, t)
			continue
		}
		t.Column, t.Row = column, line
		rows = max(rows, line+1)
		m.Tiles = append(m.Tiles, t)
	}
	for _, t := range rest {
		t.Column, t.Row = loose%3, rows+loose/3
		loose++
		m.Tiles = append(m.Tiles, t)
	}
	return m.SVG(), l.Must("procedure.map.says")
}

func tileKey(row regionRow) string {
	if row.Now() == procedure.Unknown {
		if row.Follows() > 0 {
			return "earlier"
		}
		return "unknown"
	}
	return string(row.Now())
}

// level is how strong a tile is: stronger is nearer to the version decided now. What isn't known is hatched.
func level(row regionRow) int {
	switch row.Now() {
	case procedure.Adopted:
		return 5
	case procedure.Deviating:
		return 4
	case procedure.Considering:
		return 2
	case procedure.NotConsidered, procedure.Declined:
		return 1
	}
	if row.Follows() > 0 {
		return 3
	}
	return 0
}

// short is the last word of a network's name, which tells it from the others: "Nätverk Norr", "Helse Vest RHF".
func short(name string) string {
	words := []rune(name)
	if len(words) <= 13 {
		return name
	}
	for i := len(words) - 1; i > 0; i-- {
		if words[i] == ' ' {
			return short(string(words[i+1:]))
		}
	}
	return string(words[:12]) + "…"
}

func (p *Pages) adoptionFile(w http.ResponseWriter, r *http.Request, n *network.Network, x procedure.Adoption, format string) int {
	e := web.NewExport(w, format, "adoption", "case", "procedure", "version", "region", "name", "answer", "saidOfVersion", "day", "recorded", "reason", "population", "populationOn", "populationSource")
	for _, one := range x.Regions {
		var day, recorded, on, people any
		of := any(nil)
		if one.Last.Seq > 0 {
			day, recorded, of = one.Last.Day.In(zone(n)).Format(time.DateOnly), one.Last.At, one.Last.Number
		}
		if one.People.Known() {
			people, on = one.People.People, one.People.On.Format(time.DateOnly)
		}
		answer := string(one.Now())
		if one.Now() == procedure.Unknown {
			answer = "unknown"
		}
		if err := e.Row(x.Case, string(x.ID), x.Procedure.Current, one.Slug, text(p.pages.In(n.Lang), one.Name), answer, of, day, recorded, one.Last.Reason, people, on, one.People.Source); err != nil {
			e.Cut()
			return p.pages.Fail(w, r, err)
		}
	}
	return e.End()
}
