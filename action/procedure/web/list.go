package web

import (
	"net/http"
	"time"

	"github.com/samverk/samverk/action/procedure"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/web"
)

const shown = 40

type listData struct {
	Home, Here string
	Form       *web.Form
	Fields     []web.Option
	Kinds      []web.Option
	States     []web.Option
	Rows       []listRow
	Pager      web.Pager
	Formats    web.Formats
	MayWrite   bool
	Filtered   bool
}

type listRow struct {
	procedure.Row
	Link, Colour, Says string
	Late               bool
}

// counted is how many regions say what, of the version decided now.
type counted struct {
	by    map[procedure.Answer]int
	all   int
	share procedure.Share
}

func count(regions []procedure.Region) counted {
	c := counted{by: map[procedure.Answer]int{}}
	for _, r := range regions {
		c.all++
		c.by[r.Now()]++
		c.share.All++
		if r.People.Known() {
			c.share.Known++
			c.share.Of += r.People.People
		}
		if r.Now().Covers() {
			c.share.Regions++
			c.share.People += r.People.People
		}
	}
	return c
}

// says tells in a sentence how far a procedure has come to the regions.
func (c counted) says(l *web.Words) string {
	if c.all == 0 {
		return ""
	}
	if c.share.Known == 0 {
		return l.Must("procedure.covers.regions", c.share.Regions, c.all)
	}
	return l.Must("procedure.covers", c.share.Regions, c.all, percent(l, c.share))
}

func percent(l *web.Words, s procedure.Share) string {
	n := int(100*s.Part() + .5)
	if s.People < s.Of && n == 100 {
		n = 99 // not all
	}
	return l.Must("procedure.percent", n)
}

func (p *Pages) list(w http.ResponseWriter, r *http.Request, n *network.Network) int {
	format, err := web.FormatOf(r)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	l := p.pages.Words(r)
	d := listData{Home: home(n), Here: r.URL.Path, Form: web.ReadQuery(r), Formats: web.FormatsAt(r.URL.RequestURI()),
		Fields: anyOption(l, options(l, "procedure.field.", procedure.Fields)), Kinds: anyOption(l, options(l, "procedure.kind.", procedure.Kinds)),
		States: anyOption(l, options(l, "procedure.state.", procedure.States))}
	q := procedure.Filter{Words: d.Form.Get("q"), Field: query(r, "field", procedure.Fields...), Kind: query(r, "kind", procedure.Kinds...),
		State: query(r, "state", procedure.States...), After: r.URL.Query().Get("after"), Limit: shown + 1}
	d.Filtered = q.Words != "" || q.Field != "" || q.Kind != "" || q.State != ""
	if format != "" {
		return p.listFile(w, r, n, q, format)
	}
	rows, err := p.room.List(r.Context(), actor(r), n.ID, q)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	next := ""
	if len(rows) > shown {
		rows = rows[:shown]
		next = rows[shown-1].Key()
	}
	d.Pager = web.PagerAt(r.URL.RequestURI(), next)
	now := p.room.Now()
	for _, one := range rows {
		one.Moved = one.Moved.In(zone(n))
		c := count(one.Regions)
		d.Rows = append(d.Rows, listRow{one, at(n, one.ID), colour(one.State), c.says(l), one.Current > 0 && one.AnswerBy.Before(now) && c.by[procedure.Unknown] > 0})
	}
	bodies, err := p.homes(r, n)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	d.MayWrite = len(bodies) > 0
	return p.pages.Render(w, r, web.Page{Name: "list", Title: l.Must("procedure.list"), Station: "do", Data: d, Public: true, Crumbs: p.crumbs(l, n)[:2]})
}

func (p *Pages) listFile(w http.ResponseWriter, r *http.Request, n *network.Network, q procedure.Filter, format string) int {
	e := web.NewExport(w, format, "procedures", "case", "title", "lang", "field", "kind", "state", "version", "decided", "regions", "adopted", "deviating", "considering",
		"notConsidered", "declined", "unknown", "populationCovered", "populationKnown", "id")
	q.Limit, q.After = 500, ""
	for {
		rows, err := p.room.List(r.Context(), actor(r), n.ID, q)
		if err != nil {
			e.Cut()
			return p.pages.Fail(w, r, err)
		}
		for _, one := range rows {
			c := count(one.Regions)
			var decided any
			if one.Current > 0 {
				decided = one.Moved.UTC().Format(time.DateOnly)
			}
			err := e.Row(one.Case, one.Title, one.Lang, one.Field, one.Kind, string(one.State), one.Current, decided, c.all, c.by[procedure.Adopted], c.by[procedure.Deviating],
				c.by[procedure.Considering], c.by[procedure.NotConsidered], c.by[procedure.Declined], c.by[procedure.Unknown], c.share.People, c.share.Of, string(one.ID))
			if err != nil {
				e.Cut()
				return p.pages.Fail(w, r, err)
			}
		}
		if len(rows) < q.Limit {
			return e.End()
		}
		q.After = rows[len(rows)-1].Key()
	}
}
