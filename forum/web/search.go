package web

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/samverk/samverk/forum"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/storage"
	"github.com/samverk/samverk/web"
	"github.com/samverk/samverk/web/route"
)

// searches is the search over everything.
func (p *room) searches() []route.Route {
	return []route.Route{{Method: "GET", Pattern: "/n/{network}/search", Who: route.Anyone, Does: "Searches everything the reader may see.", Serve: p.in(p.search)}}
}

// How many results the page shows of each kind, together and of one kind alone.
const (
	searchFew  = 5
	searchMany = 50
)

// searchKind is a kind of thing one can look for.
type searchKind struct {
	name string        // in the address
	doc  forum.DocKind // what the room's index calls it; "" for what other rooms find
	path string        // where the thing is, or what shows it
}

var searchKinds = []searchKind{
	{"topic", forum.TopicDoc, "topics"},
	{"decision", forum.DecisionDoc, "decisions"},
	{"meeting", forum.MeetingDoc, "meetings"},
	{"minutes", forum.MinutesDoc, "minutes"},
	{"input", forum.InputDoc, "topics"},
	{"post", forum.PostDoc, "posts"},
	{"file", forum.FileDoc, "topics"},
	{"body", "", "bodies"},
	{"person", "", "people"},
	{"organisation", "", "organisations"},
}

type searchData struct {
	Home, Here string
	Query      string
	Form       *web.Form
	Kinds      []web.Option
	Groups     []searchGroup
	Sum        string
}

type searchGroup struct {
	Name, Heading string
	Found         []searchRow
	All           string // where there are more
}

type searchRow struct {
	Link, Title string
	TitleLang   string
	Text, Lang  string
	Meta        string
}

func (p *room) search(w http.ResponseWriter, r *http.Request, n *network.Network) int {
	l := p.pages.Words(r)
	form := web.ReadQuery(r)
	d := searchData{Home: home(n), Here: r.URL.Path, Query: shorten(form.Get("q"), 200), Form: form, Kinds: []web.Option{{Text: l.Must("search.kind.all")}}}
	var names []string
	for _, k := range searchKinds {
		names = append(names, k.name)
		d.Kinds = append(d.Kinds, web.Option{Value: k.name, Text: l.Must("search.kind." + k.name)})
	}
	only := query(r, "kind", names...)
	page := web.Page{Name: "search", Title: l.Must("search.title"), Crumbs: crumb(l, n, l.Must("search.title"), "")}
	count, cut, limit, kinds := 0, false, searchFew, searchKinds
	if i := slices.IndexFunc(searchKinds, func(k searchKind) bool { return k.name == only }); i >= 0 {
		limit, kinds = searchMany, searchKinds[i:i+1]
	}
	if d.Query == "" {
		kinds = nil
	}
	found, err := p.findDocs(r, n, kinds, d.Query, limit+1)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	for _, k := range kinds {
		rows := found[k.doc]
		if k.doc == "" {
			if rows, err = p.find(r, n, k, d.Query, limit+1); err != nil {
				return p.pages.Fail(w, r, err)
			}
		}
		if len(rows) == 0 {
			continue
		}
		g := searchGroup{Name: k.name, Heading: l.Must("search.kind." + k.name)}
		if len(rows) > limit {
			rows, cut = rows[:limit], true
			if only == "" {
				g.All = with(r, "kind", k.name)
			}
		}
		g.Found = rows
		count += len(rows)
		d.Groups = append(d.Groups, g)
	}
	d.Sum = l.Must("search.found", count, d.Query)
	if cut {
		d.Sum = l.Must("search.found.most", count, d.Query)
	}
	page.Data = d
	return p.pages.Render(w, r, page)
}

func (p *room) find(r *http.Request, n *network.Network, k searchKind, words string, limit int) ([]searchRow, error) {
	switch k.name {
	case "person":
		return p.findPeople(r, n, k, words, limit)
	case "body":
		return p.findBodies(r, n, k, words, limit)
	}
	return p.findOrganisations(r, n, k, words, limit)
}

// findDocs finds what the room's own index knows of, all kinds in one.
func (p *room) findDocs(r *http.Request, n *network.Network, kinds []searchKind, words string, limit int) (map[forum.DocKind][]searchRow, error) {
	var docs []forum.DocKind
	for _, k := range kinds {
		if k.doc != "" {
			docs = append(docs, k.doc)
		}
	}
	if len(docs) == 0 {
		return nil, nil
	}
	found, err := p.forum.Search(r.Context(), actor(r), n.ID, words, docs, limit)
	if err != nil {
		return nil, err
	}
	var names map[network.BodyID]said
	if slices.ContainsFunc(found, func(x forum.Found) bool { return x.Meeting.ID != "" }) {
		if names, err = p.bodyNames(r, actor(r), n); err != nil {
			return nil, err
		}
	}
	l, out := p.pages.Words(r), map[forum.DocKind][]searchRow{}
	for _, x := range found {
		out[x.Kind] = append(out[x.Kind], foundRow(l, n, x, names))
	}
	return out, nil
}

// foundRow is a thing that was found as a row: meetings by their names, and what has no page of its own by what shows it.
func foundRow(l *web.Words, n *network.Network, x forum.Found, names map[network.BodyID]said) searchRow {
	i := slices.IndexFunc(searchKinds, func(k searchKind) bool { return k.doc == x.Kind })
	at := home(n) + "/" + searchKinds[i].path + "/"
	row := searchRow{Link: at + x.Ref, Title: x.Title, Lang: x.Lang, Text: unmarked(x.Extract), Meta: dayIn(l, x.At, zoneOf(n))}
	m := x.Meeting
	switch {
	case x.Kind == forum.InputDoc:
		row.Link, row.Title, row.TitleLang = at+string(x.Topic.ID)+"#i-"+x.Ref, x.Topic.Title, x.Topic.Lang
	case x.Kind == forum.FileDoc && m.ID == "":
		row.Link, row.Meta = at+string(x.Topic.ID)+"#evidence", x.Topic.Title
	case x.Kind == forum.FileDoc:
		row.Link, row.Meta = home(n)+"/meetings/"+string(m.ID), strings.TrimPrefix(names[m.Body].Text+", "+meetingName(l, m), ", ")
	case x.Kind == forum.MeetingDoc:
		row.Title, row.TitleLang = strings.TrimPrefix(names[m.Body].Text+", "+meetingName(l, m), ", "), names[m.Body].Lang
		row.Meta = l.Day(m.Starts)
	}
	row.TitleLang = either(row.TitleLang, row.Lang)
	return row
}

func (p *room) findPeople(r *http.Request, n *network.Network, k searchKind, words string, limit int) (out []searchRow, err error) {
	l := p.pages.Words(r)
	err = p.network.Look(r.Context(), actor(r), func(tx *storage.Tx, a network.Access) error {
		people, _, err := p.network.People(r.Context(), tx, a, network.Search{Root: n.ID, Text: words, Limit: limit})
		for _, x := range people {
			var seats []string
			for _, s := range x.Seats {
				seats = append(seats, text(l, s.Name))
			}
			out = append(out, searchRow{Link: home(n) + "/" + k.path + "/" + string(x.Person), Title: x.Name, Meta: strings.Join(seats, ", ")})
		}
		return err
	})
	return out, err
}

func (p *room) findOrganisations(r *http.Request, n *network.Network, k searchKind, words string, limit int) (out []searchRow, err error) {
	l, wanted := p.pages.Words(r), strings.Fields(strings.ToLower(words))
	err = p.network.Look(r.Context(), actor(r), func(tx *storage.Tx, _ network.Access) error {
		all, err := p.network.Organisations(r.Context(), tx, n.ID)
		for _, o := range all {
			if len(out) < limit && saysAll(o.Name, wanted) {
				name := say(l, o.Name)
				out = append(out, searchRow{Link: home(n) + "/" + k.path + "/" + string(o.ID), Title: name.Text, TitleLang: name.Lang, Meta: l.Must("sector." + string(o.Sector))})
			}
		}
		return err
	})
	return out, err
}

func (p *room) findBodies(r *http.Request, n *network.Network, k searchKind, words string, limit int) (out []searchRow, err error) {
	l, wanted := p.pages.Words(r), strings.Fields(strings.ToLower(words))
	err = p.network.Look(r.Context(), actor(r), func(tx *storage.Tx, a network.Access) error {
		all, err := p.network.Bodies(r.Context(), tx, a, n.ID, "")
		for _, b := range all {
			if len(out) < limit && saysAll(b.Name, wanted) {
				name, in := say(l, b.Name), ""
				if one, ok := p.network.Tree().Network(b.Network); ok {
					in = text(l, one.Name)
				}
				out = append(out, searchRow{Link: home(n) + "/" + k.path + "/" + string(b.ID), Title: name.Text, TitleLang: name.Lang, Meta: in})
			}
		}
		return err
	})
	return out, err
}

// saysAll tells whether every word begins one of a name's, in any of its languages.
func saysAll(name network.Text, wanted []string) bool {
	said := strings.Fields(strings.ToLower(name.SV + " " + name.NB + " " + name.EN))
	for _, w := range wanted {
		found := false
		for _, s := range said {
			found = found || strings.HasPrefix(s, w)
		}
		if !found {
			return false
		}
	}
	return len(wanted) > 0
}

// unmarked is a text without marks of Markdown.
func unmarked(extract string) string {
	return strings.NewReplacer("**", "", "__", "", "`", "", "#", "").Replace(extract)
}

func dayIn(l *web.Words, t time.Time, at *time.Location) string {
	if t.IsZero() {
		return ""
	}
	return l.Day(t.In(at))
}

func shorten(s string, most int) string {
	if r := []rune(s); len(r) > most {
		return string(r[:most])
	}
	return s
}
