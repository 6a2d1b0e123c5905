// Package web is where needs are told, asked about, ranked and met.
package web

import (
	"embed"
	"net/http"
	"time"

	"github.com/samverk/samverk/action/need"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/web"
	"github.com/samverk/samverk/web/route"
)

//go:embed pages messages
var files embed.FS

// Room is the pages.
type Room struct {
	needs   *need.Room
	network *network.Registry
	site    *web.Site
	pages   *web.Pages
}

// Register puts the pages into the table.
func Register(t *route.Table, s *web.Site, n *network.Registry, needs *need.Room) (*Room, error) {
	pages, err := s.Room(files)
	if err != nil {
		return nil, err
	}
	p := &Room{needs, n, s, pages}
	const needsAt, surveysAt = "/n/{network}/needs", "/n/{network}/surveys"
	t.Add(
		route.Route{Method: "GET", Pattern: needsAt, Who: route.Anyone, Does: "Open needs and surveys that one may see, as a page, CSV or JSON.", Serve: p.in(p.list)},
		route.Route{Method: "GET", Pattern: needsAt + "/new", Who: route.Member, Does: "The form for a need.", Serve: p.in(p.newNeed)},
		route.Route{Method: "POST", Pattern: needsAt + "/new", Who: route.Member, Does: "Tells what one needs of others.", Serve: p.in(p.seek)},
		route.Route{Method: "GET", Pattern: needsAt + "/{id}", Who: route.Anyone, Does: "A need; for whoever has it who may meet it and why.", Serve: p.in(p.need)},
		route.Route{Method: "POST", Pattern: needsAt + "/{id}", Who: route.Member, Does: "Says yes or no to being in contact about a need, or closes it.", Serve: p.in(p.actNeed)},
		route.Route{Method: "GET", Pattern: surveysAt + "/new", Who: route.Coordinator, Does: "The form for a survey of needs.", Serve: p.in(p.newSurvey)},
		route.Route{Method: "POST", Pattern: surveysAt + "/new", Who: route.Coordinator, Does: "Begins a survey of needs.", Serve: p.in(p.begin)},
		route.Route{Method: "GET", Pattern: surveysAt + "/{id}", Who: route.Anyone, Does: "A survey of needs: its proposals, one's own ranking, and the result once it is closed; as CSV or JSON.", Serve: p.in(p.survey)},
		route.Route{Method: "POST", Pattern: surveysAt + "/{id}", Who: route.Member, Does: "Proposes, ranks, or moves a survey's days.", Serve: p.in(p.actSurvey)},
	)
	return p, nil
}

// in serves a page of a tenant.
func (p *Room) in(page func(http.ResponseWriter, *http.Request, *network.Network) int) func(http.ResponseWriter, *http.Request) int {
	return func(w http.ResponseWriter, r *http.Request) int {
		n, ok := p.network.Tree().Root(r.PathValue("network"))
		if !ok {
			return p.site.NotFound(w, r)
		}
		name, _ := n.Name.In(p.pages.Words(r).Code)
		return page(w, web.WithNetwork(r, &web.Network{Slug: n.Slug, Name: name}), n)
	}
}

func actor(r *http.Request) network.Actor {
	return network.Actor{Person: network.PersonID(web.ViewerOf(r).Person)}
}

func home(n *network.Network) string { return "/n/" + n.Slug }

func zone(n *network.Network) *time.Location {
	z, err := time.LoadLocation(n.Zone)
	if err != nil {
		return time.UTC
	}
	return z
}

// render shows a page of the station that does.
func (p *Room) render(w http.ResponseWriter, r *http.Request, n *network.Network, page web.Page) int {
	l := p.pages.Words(r)
	page.Station = "do"
	if page.Name != "needs" {
		page.Crumbs = []web.Link{{Text: l.Must("needs.title"), Href: home(n) + "/needs"}, {Text: page.Title}}
	}
	return p.pages.Render(w, r, page)
}

// post reads a form, acts, and shows the form again when it was wrong.
func (p *Room) post(w http.ResponseWriter, r *http.Request, act func(*web.Form) (to string, err error), again func(*web.Form) int) int {
	f, err := web.ReadForm(w, r)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	to, err := act(f)
	switch {
	case err == nil:
		return web.SeeOther(w, r, to)
	case f.Fault(p.pages.Words(r), err):
		return again(f)
	}
	return p.pages.Fail(w, r, err)
}

// registered refuses a form to whoever isn't registered in the tenant; leads, to whoever doesn't coordinate it.
func (p *Room) registered(r *http.Request, n *network.Network, leads bool) error {
	return p.look(r, func(a network.Access) error {
		if !a.Registered(n.ID) {
			return network.Absent()
		}
		if leads && len(p.led(a, n)) == 0 {
			return denied()
		}
		return nil
	})
}

// visibilities are who may see it.
func visibilities(l *web.Words) []web.Option {
	return []web.Option{{Value: string(network.NetworkOnly), Text: l.Must("needs.visibility.network")}, {Value: string(network.Public), Text: l.Must("needs.visibility.public")}}
}

func langs(l *web.Words) (out []web.Option) {
	for _, code := range []string{"sv", "nb", "en"} {
		out = append(out, web.Option{Value: code, Text: l.Must("needs.lang." + code)})
	}
	return out
}
