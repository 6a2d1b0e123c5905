package web

import (
	"context"
	"embed"
	"net/http"
	"time"

	"github.com/samverk/samverk/account"
	"github.com/samverk/samverk/calendar"
	"github.com/samverk/samverk/forum"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/storage"
	"github.com/samverk/samverk/web"
	"github.com/samverk/samverk/web/route"
)

//go:embed all:pages messages
var files embed.FS

type room struct {
	forum    *forum.Forum
	network  *network.Registry
	site     *web.Site
	pages    *web.Pages
	table    *route.Table
	accounts *account.Accounts // nil: no secret calendars
	options  Options
}

// Options are what other rooms tell of what decisions lead to there. Each may be nil.
type Options struct {
	// Drafts lists the texts that a decision about a topic may put in force.
	Drafts func(*http.Request, *network.Network, forum.TopicID) ([]Draft, error)
	// Became tells what became of a text that a decision named.
	Became func(*http.Request, *network.Network, forum.EffectOf) (Became, error)
	// Makes leads whoever reads a decision to what they may make of it elsewhere.
	Makes func(*http.Request, *network.Network, forum.DecisionID) ([]web.Link, error)
	// Waits lists what waits for whoever reads elsewhere in the network.
	Waits func(*http.Request, *network.Network) ([]Wait, error)
	// Events lists what else is in a person's own calendar, from a time on.
	Events func(context.Context, network.Actor, time.Time) ([]calendar.Event, error)
	// Answers tells how many questions were answered since a time; ok is false where nobody answers by the network's decisions.
	Answers func(ctx context.Context, n *network.Network, since time.Time) (answers int, ok bool)
}

// Draft is a text of another room that a decision may put in force, exactly as it is.
type Draft struct {
	forum.Effect
	Says string // more about it, in the reader's language
	Href string // where it is read
}

// Became is what another room made of an effect, in the reader's language. The zero Became is unknown there.
type Became struct {
	State  string // one or two words
	Colour string // of the state's tag
	Why    string // why not yet, or not at all
	Href   string // where it is
}

// Wait is something that waits for somebody in another room, in the reader's language.
type Wait struct {
	Kind, Title, Text string    // what it is, of what, and what is asked for
	Lang              string    // of Title, where it was typed
	Due               time.Time // zero: no day is set
	Href, Do          string    // where it is done, and what the button says
}

// Register puts the forum's pages into the table.
func Register(t *route.Table, s *web.Site, f *forum.Forum, n *network.Registry, a *account.Accounts, o Options) error {
	pages, err := s.Room(files)
	if err != nil {
		return err
	}
	p := &room{forum: f, network: n, site: s, pages: pages, table: t, accounts: a, options: o}
	t.Add(p.topics()...)
	t.Add(p.meetings()...)
	t.Add(p.front()...)
	return nil
}

// tenant finds whose pages these are; where there is none, it has answered and gives the status it answered with.
func (p *room) tenant(w http.ResponseWriter, r *http.Request) (n *network.Network, status int) {
	n, ok := p.network.Tree().Root(r.PathValue("network"))
	if !ok {
		return nil, p.site.NotFound(w, r)
	}
	return n, 0
}

// in gives a page of a tenant its network.
func (p *room) in(page func(http.ResponseWriter, *http.Request, *network.Network) int) func(http.ResponseWriter, *http.Request) int {
	return func(w http.ResponseWriter, r *http.Request) int {
		n, status := p.tenant(w, r)
		if status != 0 {
			return status
		}
		l := p.pages.Words(r)
		return page(w, web.WithNetwork(r, &web.Network{Slug: n.Slug, Name: text(l, n.Name), Sub: subtitle(l, n)}), n)
	}
}

// registered is around pages for those registered in a tenant. To others there is no such page.
func (p *room) registered(page func(http.ResponseWriter, *http.Request, *network.Network) int) func(http.ResponseWriter, *http.Request, *network.Network) int {
	return func(w http.ResponseWriter, r *http.Request, n *network.Network) int {
		err := p.network.Look(r.Context(), actor(r), func(_ *storage.Tx, a network.Access) error {
			if !a.Registered(n.ID) {
				return network.Absent()
			}
			return nil
		})
		if err != nil {
			return p.pages.Fail(w, r, err)
		}
		return page(w, r, n)
	}
}

// actor is who reads or acts.
func actor(r *http.Request) network.Actor {
	return network.Actor{Person: network.PersonID(web.ViewerOf(r).Person)}
}

// text gives a noun's text in the reader's language, or in one that it is written in.
func text(l *web.Words, t network.Text) string {
	s, _ := t.In(l.Code)
	return s
}

// home is the address of a tenant's pages.
func home(n *network.Network) string { return "/n/" + n.Slug }
