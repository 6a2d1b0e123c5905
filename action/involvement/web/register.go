// Package web shows how a network's bodies involved those whom it concerns, year by year, and lets who runs a body write its report.
package web

import (
	"embed"
	"net/http"
	"strconv"
	"time"

	"github.com/samverk/samverk/action/involvement"
	"github.com/samverk/samverk/forum"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/web"
	"github.com/samverk/samverk/web/route"
)

//go:embed pages messages
var files embed.FS

type room struct {
	forum   *forum.Forum
	network *network.Registry
	reports *involvement.Reports
	site    *web.Site
	pages   *web.Pages
	options Options
}

// Options are what other rooms tell.
type Options struct {
	// Fees says, in the reader's language, what was paid for taking part in a body's year; "" for nothing that is known. nil: nobody knows.
	Fees func(r *http.Request, n *network.Network, body network.BodyID, year int) (string, error)
}

// Register puts the pages into the table.
func Register(t *route.Table, s *web.Site, f *forum.Forum, n *network.Registry, reports *involvement.Reports, o Options) error {
	pages, err := s.Room(files)
	if err != nil {
		return err
	}
	p := &room{f, n, reports, s, pages, o}
	const at = "/n/{network}/involvement"
	t.Add(
		route.Route{Method: "GET", Pattern: at, Who: route.Anyone, Does: "How the bodies one may see involved patients and others in a year, as a page, CSV or JSON.", Serve: p.in(p.all)},
		route.Route{Method: "GET", Pattern: at + "/{body}", Who: route.Anyone, Does: "A body's involvement over the years, drawn, with what it tells of it.", Serve: p.in(p.body)},
		route.Route{Method: "GET", Pattern: at + "/{body}/report", Who: route.Chair, Does: "The form for a body's report of a year, by GRIPP2-SF's headings, begun from its records.", Serve: p.in(p.form)},
		route.Route{Method: "POST", Pattern: at + "/{body}/report", Who: route.Chair, Does: "Keeps or publishes a body's report of a year.", Serve: p.in(p.save)},
	)
	return nil
}

// in serves a page of a tenant.
func (p *room) in(page func(http.ResponseWriter, *http.Request, *network.Network) int) func(http.ResponseWriter, *http.Request) int {
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

// yearsShown is how many years a page goes back.
const yearsShown = 4

// year reads which year a page is about: this one, where the address says none.
func (p *room) year(r *http.Request, n *network.Network) (year, now int) {
	zone, err := time.LoadLocation(n.Zone)
	if err != nil {
		zone = time.UTC
	}
	now = p.network.Now().In(zone).Year()
	if y, err := strconv.Atoi(r.URL.Query().Get("year")); err == nil && y > now-30 && y <= now {
		return y, now
	}
	return now, now
}
