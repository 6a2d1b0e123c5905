package web

import (
	"net/http"
	"strings"

	"github.com/samverk/samverk/forum"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/web"
)

const answersShown = 50

// owingRow is an answer that is owed: by whom, to whom, and since when.
type owingRow struct {
	forum.Owed
	Href string
	When string // "12 days late"
	Text string
	Late bool
}

func (p *room) owingRow(l *web.Words, n *network.Network, o forum.Owed) owingRow {
	zone := zoneOf(n)
	due := lastDay(o.Due, zone)
	row := owingRow{Owed: o, Href: home(n) + "/topics/" + string(o.Link), When: l.Until(p.network.Now().In(zone), due), Late: o.Overdue > 0}
	by := either(text(l, o.ByName), strings.Join(p.networkNames(l, []network.ID{o.At}), ""))
	to := either(strings.Join(p.networkNames(l, []network.ID{o.To}), ""), text(l, o.ToBody))
	row.Text = l.Must("topic.owed", by, to, l.Day(due))
	if row.Late {
		row.Text = l.Must("topic.owed.late", by, to, l.Day(due))
	}
	return row
}

// answers lists what bodies owe an answer to, the longest overdue first.
func (p *room) answers(w http.ResponseWriter, r *http.Request, n *network.Network) int {
	format, err := web.FormatOf(r)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	if format != "" {
		return p.answersFile(w, r, n, format)
	}
	owed, err := p.forum.Owed(r.Context(), actor(r), n.ID, forum.LiftID(r.URL.Query().Get("after")), answersShown+1)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	next := ""
	if len(owed) > answersShown {
		owed = owed[:answersShown]
		next = string(owed[len(owed)-1].ID)
	}
	l := p.pages.Words(r)
	var rows []owingRow
	late := 0
	for _, o := range owed {
		row := p.owingRow(l, n, o)
		if row.Late {
			late++
		}
		rows = append(rows, row)
	}
	d := map[string]any{"Rows": rows, "Late": late, "Pager": web.PagerAt(r.URL.RequestURI(), next), "Formats": web.FormatsAt(r.URL.RequestURI()), "Home": home(n)}
	return p.pages.Render(w, r, web.Page{Name: "topic-answers", Title: l.Must("topic.answers"), Station: "raise", Data: d, Public: true, Crumbs: crumb(l, n, l.Must("topic.answers"), "")})
}

func (p *room) answersFile(w http.ResponseWriter, r *http.Request, n *network.Network, format string) int {
	const chunk = 1000
	e := web.NewExport(w, format, "answers-owed", "title", "lang", "owed_by", "owed_to", "from_network", "lifted", "due", "days_late", "criteria", "why", "delay", "topic")
	after := forum.LiftID("")
	for {
		owed, err := p.forum.Owed(r.Context(), actor(r), n.ID, after, chunk)
		if err != nil {
			e.Cut()
			return p.pages.Fail(w, r, err)
		}
		for _, o := range owed {
			by, _ := o.ByName.In(n.Lang)
			to, _ := o.ToBody.In(n.Lang)
			if err := e.Row(o.Title, o.Lang, by, to, string(o.To), o.Lifted, o.Due, int(o.Overdue.Hours())/24, strings.Join(o.Criteria, " "), o.Why, o.Delay, string(o.Link)); err != nil {
				e.Cut()
				return p.pages.Fail(w, r, err)
			}
		}
		if len(owed) < chunk {
			return e.End()
		}
		after = owed[len(owed)-1].ID
	}
}
