package web

import (
	"embed"
	"net/http"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/notice"
	"github.com/samverk/samverk/web"
	"github.com/samverk/samverk/web/route"
)

//go:embed pages messages
var files embed.FS

type room struct {
	notices *notice.Notices
	network *network.Registry
	site    *web.Site
	pages   *web.Pages
}

// Register puts the pages into the table.
func Register(t *route.Table, s *web.Site, told *notice.Notices, n *network.Registry) error {
	pages, err := s.Room(files)
	if err != nil {
		return err
	}
	p := &room{notices: told, network: n, site: s, pages: pages}
	const at = "/n/{network}/mail"
	t.Add(
		route.Route{Method: "GET", Pattern: at, Who: route.Coordinator, Does: "Lists the mails to the network's people by what became of them, as a page, CSV or JSON.", Serve: p.in(p.list)},
		route.Route{Method: "GET", Pattern: "/notices", Who: route.Owner, Does: "Lists what one has been told, and by which mail, as a page, CSV or JSON.", Serve: p.own(p.told)},
		route.Route{Method: "POST", Pattern: "/notices", Who: route.Owner, Does: "Notes that one has read what one was told.", Serve: p.own(p.read)},
		route.Route{Method: "POST", Pattern: at + "/{id}/retry", Who: route.Coordinator, Does: "Sends a mail that came back once more, to the address the person has now.", Serve: p.in(p.retry)},
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
		return page(w, p.framed(r, n), n)
	}
}

// framed lets a request's pages be a tenant's.
func (p *room) framed(r *http.Request, n *network.Network) *http.Request {
	l := p.pages.Words(r)
	name, _ := n.Name.In(l.Code)
	country := n.Country
	if key := "mail.country." + n.Country; l.Has(key) {
		country = l.Must(key)
	}
	return web.WithNetwork(r, &web.Network{Slug: n.Slug, Name: name, Sub: l.Must("mail.sub."+string(n.Kind), country)})
}

func actor(r *http.Request) network.Actor {
	return network.Actor{Person: network.PersonID(web.ViewerOf(r).Person)}
}

// keeps lets coordinators through: to others of the tenant it is denied, and to anybody else there is nothing here.
func (p *room) keeps(a network.Access, root network.ID) error {
	for _, id := range a.Leads() {
		if n, ok := p.network.Tree().Network(id); ok && n.Root == root {
			return nil
		}
	}
	if a.Registered(root) {
		return fault.New(fault.Denied, "the outbox is for coordinators").Say("mail.denied")
	}
	return network.Absent()
}
