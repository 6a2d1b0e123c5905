package demo

import (
	"context"
	"embed"
	"errors"
	"net/http"
	"net/url"
	"sync"

	"github.com/samverk/samverk/app"
	"github.com/samverk/samverk/consent"
	"github.com/samverk/samverk/forum"
	"github.com/samverk/samverk/web"
	"github.com/samverk/samverk/web/route"
)

//go:embed pages messages
var walkFiles embed.FS

// pages are the walk in the browser: what there is to do, as whom, on which of the real pages, and how far it has come.
type pages struct {
	client *app.Client
	nodes  nodes
	ctx    context.Context // that the regions are served in
	dir    string
	mark   mark
	site   *web.Site
	pages  *web.Pages
	again  sync.Mutex // one at a time puts things back
}

// register puts the walk into the table.
func (p *pages) register(t *route.Table, site *web.Site) (err error) {
	p.site = site
	if p.pages, err = site.Room(walkFiles); err != nil {
		return err
	}
	t.Add(route.Route{Method: "GET", Pattern: "/walk", Who: route.LocalOperator, Does: "Walks a newcomer through the demonstration.", Serve: p.show})
	t.Add(route.Route{Method: "POST", Pattern: "/walk/line", Who: route.LocalOperator, Does: "Cuts a region of the demonstration off, or connects it again.", Serve: p.line})
	t.Add(route.Route{Method: "POST", Pattern: "/walk/again", Who: route.LocalOperator, Does: "Puts back what a walk through the demonstration changed.", Serve: p.putBack})
	return nil
}

// as is a button that signs in as somebody, and leads to a page.
type as struct{ Person, To, Text string }

// node is a region, and where its pages are.
type node struct {
	Title, URL string
	Cut        bool
}

// who is somebody of the walk.
type who struct{ ID, Name string }

type walkView struct {
	Clinician, Chair, Representative, Patient, Researcher who

	Variant string
	Ask     as
	More    as     // the researcher's question
	Allowed bool   // the patient says yes
	Number  string // of the decision that holds
	Tight   bool   // clinicians are not answered
	Verify  string // the command
	Home    node   // where the patient lives
	Far     node   // which is cut off
	Nodes   []node
	Obeyed  int  // how many regions obey the decision that holds
	Do      []as // what comes next in the meeting: as each of those who haven't done it

	Meeting           string // the address
	Read              as     // the draft
	Decided, Decision string // the decision's number and address; "" until then
	Minutes           string // the address; "" until the meeting is closed
	Approved          bool
}

func (p *pages) show(w http.ResponseWriter, r *http.Request) int {
	var v walkView
	err := withGroup(r.Context(), p.client, p.dir, p.mark, func(g *group) (err error) {
		v, err = p.view(r.Context(), g, p.pages.Words(r))
		return err
	})
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	return p.pages.Render(w, r, web.Page{Name: "walk", Title: p.pages.Words(r).Must("walk.title"), Station: "use", Data: v})
}

// person is somebody one can sign in as, of the network that decides.
func (p *pages) person(as string) who {
	for _, x := range p.mark.People {
		if x.As == as && x.Slug == p.mark.Sharing.Slug {
			return who{string(x.ID), x.Name}
		}
	}
	return who{}
}

func (p *pages) view(ctx context.Context, g *group, l *web.Words) (v walkView, err error) {
	s, now := p.mark.Story, g.now()
	v = walkView{Clinician: p.person("clinician"), Chair: p.person("chair"), Representative: p.person("patient"), Patient: who{s.Individual, patientCalled}, Researcher: p.person("researcher"),
		Variant: s.Variant, Number: now.number, Tight: !now.answers()}
	for _, r := range p.nodes {
		at := node{r.title, r.at(), r.isCut()}
		v.Nodes = append(v.Nodes, at)
		if r.name == s.Region {
			v.Home, v.Verify = at, "samverk ledger verify --data "+r.dir
		}
		if r.name == s.Far {
			v.Far = at
		}
		if obeys, err := r.obeys(ctx, now.number); err != nil {
			return v, err
		} else if obeys {
			v.Obeyed++
		}
	}
	ask := url.Values{"q": {s.Variant}, "purpose": {s.Purpose}}
	v.Ask = as{v.Clinician.ID, "/ask?" + ask.Encode(), l.Must("walk.1.button", v.Clinician.Name)}
	research := url.Values{"q": {commonVariant}, "purpose": {string(consent.Research)}}
	v.More = as{v.Researcher.ID, "/ask?" + research.Encode(), l.Must("walk.more.button", v.Researcher.Name)}
	if v.Allowed, err = allows(ctx, p.nodes.called(s.Region).client, s); err != nil {
		return v, err
	}
	return v, p.meeting(ctx, g, l, &v)
}

// meeting tells how far the meeting that was left has come, and what comes next in it.
func (p *pages) meeting(ctx context.Context, g *group, l *web.Words, v *walkView) error {
	x, err := g.meeting()
	if err != nil || x.Meeting == "" {
		return err
	}
	coordinator := g.people["coordinator"]
	m, err := g.Forum.Meeting(ctx, coordinator, x.Meeting)
	if err != nil {
		return err
	}
	home := "/n/" + g.Slug
	v.Meeting, v.Read = home+"/meetings/"+string(x.Meeting), as{v.Chair.ID, home + "/policy-drafts/" + x.Draft, l.Must("walk.6.draft", v.Chair.Name)}
	if all := m.Decisions[x.Item]; len(all) > 0 {
		v.Decided, v.Decision, v.Approved = all[0].Number, home+"/decisions/"+string(all[0].ID), !all[0].Approved.IsZero()
	}
	if m.MinutesID != "" && m.State != forum.Running {
		v.Minutes = home + "/minutes/" + string(m.MinutesID)
	}
	switch {
	case v.Approved:
	case v.Minutes != "":
		minutes, err := g.Forum.Minutes(ctx, coordinator, m.MinutesID)
		if err != nil {
			return err
		}
		for _, one := range minutes.Approvers {
			if one.At.IsZero() {
				v.Do = append(v.Do, as{string(one.Person), v.Minutes, l.Must("walk.6.minutes", one.Name)})
			}
		}
	case v.Decided != "":
		v.Do = []as{{v.Chair.ID, v.Meeting, l.Must("walk.6.meeting", v.Chair.Name)}}
	default:
		v.Do = []as{{v.Chair.ID, v.Meeting + "/items/" + string(x.Item), l.Must("walk.6.button", v.Chair.Name)}}
	}
	return nil
}

// line cuts a region off, or connects it again.
func (p *pages) line(w http.ResponseWriter, r *http.Request) int {
	p.again.Lock()
	defer p.again.Unlock()
	far := p.nodes.called(p.mark.Story.Far)
	act := far.cut
	if far.isCut() {
		act = func() error { return far.connect(p.ctx) }
	}
	if err := act(); err != nil {
		return p.pages.Fail(w, r, err)
	}
	return web.SeeOther(w, r, "/walk#step-5")
}

// putBack puts back what a walk changed.
func (p *pages) putBack(w http.ResponseWriter, r *http.Request) int {
	p.again.Lock()
	defer p.again.Unlock()
	err := withGroup(r.Context(), p.client, p.dir, p.mark, func(g *group) error {
		_, err := g.putBack(r.Context(), p.nodes.called(p.mark.Story.Region).client, p.mark.Story)
		if err := errors.Join(err, p.nodes.called(p.mark.Story.Far).connect(p.ctx)); err != nil {
			return err
		}
		return p.nodes.follow(r.Context(), g.now().number)
	})
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	return web.SeeOther(w, r, "/walk")
}
