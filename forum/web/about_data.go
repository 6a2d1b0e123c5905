package web

import (
	"net/http"

	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/web"
)

// dataTable is a part of the page of open data.
type dataTable struct {
	ID, Title string
	Rows      []dataRow
}

// dataRow is one thing that can be fetched or followed.
type dataRow struct {
	What  said
	Files []dataFile
}

type dataFile struct{ Text, About, Href string }

// dataLists are the lists that are files too: what they are called and where they are.
var dataLists = []struct{ key, path string }{
	{"data.topics", "topics"}, {"data.decisions", "decisions"}, {"data.inputs", "inputs"}, {"data.answers", "answers"}, {"data.meetings", "meetings"},
	{"data.bodies", "bodies"}, {"data.organisations", "organisations"},
}

// openData lists every address where something public is for programs.
func (p *room) openData(w http.ResponseWriter, r *http.Request, n *network.Network) int {
	l := p.pages.Words(r)
	groups, err := p.groups(r, n)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	lists := dataTable{ID: "lists", Title: l.Must("data.lists")}
	for _, one := range dataLists {
		at := home(n) + "/" + one.path
		if !p.table.Has(http.MethodGet, at) {
			continue
		}
		f, what := web.FormatsAt(at), l.Must(one.key)
		lists.Rows = append(lists.Rows, dataRow{said{what, l.Code}, []dataFile{{"CSV", what, f.CSV}, {"JSON", what, f.JSON}}})
	}
	if api := p.where("/api/v1/openapi.json"); api != "" {
		lists.Rows = append(lists.Rows, dataRow{said{l.Must("data.api"), l.Code}, []dataFile{{"JSON", "OpenAPI", api}}})
	}
	if beacon := p.where("/beacon/v2"); beacon != "" {
		lists.Rows = append(lists.Rows, dataRow{said{l.Must("data.beacon"), l.Code}, []dataFile{{"JSON", "Beacon", beacon}}})
	}
	feeds := dataTable{ID: "feeds", Title: l.Must("data.feeds"), Rows: []dataRow{feedRow(say(l, n.Name), home(n))}}
	for _, g := range groups {
		feeds.Rows = append(feeds.Rows, feedRow(g.Name, g.Link))
	}
	return p.pages.Render(w, r, web.Page{Name: "open-data", Title: l.Must("data.title"), Public: true, Feeds: p.networkFeeds(l, n), Crumbs: crumb(l, n, l.Must("data.title"), ""),
		Data: map[string]any{"Tables": []dataTable{lists, feeds}}})
}

func feedRow(name said, at string) dataRow {
	return dataRow{name, []dataFile{{"iCalendar", name.Text, at + "/calendar.ics"}, {"Atom", name.Text, at + "/decisions.atom"}}}
}
