package web

import (
	"cmp"
	"context"
	"embed"
	"errors"
	"net/http"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/policy"
	"github.com/samverk/samverk/policy/attack"
	"github.com/samverk/samverk/storage"
	"github.com/samverk/samverk/web"
	"github.com/samverk/samverk/web/route"
)

//go:embed all:pages messages
var files embed.FS

// Options are what these pages need of rooms they don't know.
type Options struct {
	// Topic finds a topic that a reader may see, in a tenant; else fault.NotFound.
	Topic func(ctx context.Context, who network.Actor, root network.ID, id string) (Topic, error)
	// Forms lists the forms of consent that wait for this node's word. nil: none ever do.
	Forms func(ctx context.Context) ([]WaitingForm, error)
	// EnactForm puts one in force, by a person who is a steward.
	EnactForm func(ctx context.Context, person, decision, ref string) error
	// Powers remember what budgets give away; nil: the pages' own.
	Powers *attack.Memory
	// Elsewhere are the networks of other nodes whose decisions this one follows. nil: there are none.
	Elsewhere func() []Elsewhere
	// Decision is where a decision of such a network is read. nil with Elsewhere.
	Decision func(ctx context.Context, network, id string) string
	// Steward is where whoever asks sees what was asked of the node's data; "" for who may not. nil: nobody may.
	Steward func(*http.Request) string
}

// Elsewhere is a network whose own node is another.
type Elsewhere struct {
	Network string
	Name    func(lang string) string
}

// Topic is what a draft is for.
type Topic struct {
	ID, Title, Lang string
	Network         network.ID
	Runs            bool // the reader runs its body
	Inside          bool // the reader sits in it, or runs it
}

// WaitingForm is a form of consent that a decision put in force, and this node hasn't.
type WaitingForm struct {
	Decision, Number, Ref, Root string
	Link                        string // where the decision is, when that isn't here
}

// Room is the pages.
type Room struct {
	policies *policy.Policies
	network  *network.Registry
	site     *web.Site
	pages    *web.Pages
	options  Options
	powers   *attack.Memory
}

// Register puts the pages into the table.
func Register(t *route.Table, s *web.Site, policies *policy.Policies, n *network.Registry, o Options) (*Room, error) {
	pages, err := s.Room(files, policy.Messages)
	if err != nil {
		return nil, err
	}
	p := &Room{policies: policies, network: n, site: s, pages: pages, options: o, powers: cmp.Or(o.Powers, new(attack.Memory))}
	const at, drafts, given = "/n/{network}/policies", "/n/{network}/policy-drafts/{draft}", "/n/{network}/assignments"
	add := func(method, pattern string, who route.Caller, does string, page page) {
		t.Add(route.Route{Method: method, Pattern: pattern, Who: who, Does: does, Serve: p.in(page)})
	}
	add("GET", at, route.Anyone, "Lists the policies for sharing data: in force, coming, ended, and drafts, as a page, CSV or JSON.", p.list)
	add("GET", at+"/{name}/{version}", route.Anyone, "Shows a policy with who decided it, its signature checked now, as a page or signed JSON.", p.policy)
	add("GET", at+"/new", route.Member, "The form of a new draft for a topic, from a preset or from what is in force.", p.draftNew)
	add("POST", at+"/new", route.Member, "Checks a draft, or keeps it.", p.draftAdd)
	add("GET", drafts, route.Anyone, "Shows a draft, what it would have changed and what it gives away, as a page or JSON.", p.draft)
	add("GET", drafts+"/edit", route.Member, "The form of a draft.", p.draftEdit)
	add("POST", drafts+"/edit", route.Member, "Checks a draft's new text, or keeps it.", p.draftSave)
	add("GET", drafts+"/replay", route.Seated, "Lists the questions asked that a draft would have answered otherwise, as CSV or JSON.", p.replayFile)
	add("GET", at+"/adopt", route.Steward, "Lists what waits for this node to adopt it, and its standing rules.", p.adoptPage)
	add("POST", at+"/adopt", route.Steward, "Adopts a policy, ends one, or makes a standing rule.", p.adoptDo)
	add("GET", given, route.Member, "Lists one's own assignments, and those that one gives as a steward.", p.assignments)
	add("POST", given, route.Steward, "Gives somebody an assignment.", p.assign)
	add("POST", given+"/{assignment}/end", route.Member, "Ends an assignment: one's own, or one that a steward gave.", p.assignmentEnd)
	return p, nil
}

type page func(http.ResponseWriter, *http.Request, *network.Network) int

// in gives a page of a tenant its network.
func (p *Room) in(serve page) func(http.ResponseWriter, *http.Request) int {
	return func(w http.ResponseWriter, r *http.Request) int {
		n, ok := p.network.Tree().Root(r.PathValue("network"))
		if !ok {
			return p.site.NotFound(w, r)
		}
		l := p.pages.Words(r)
		name, _ := n.Name.In(l.Code)
		return serve(w, web.WithNetwork(r, &web.Network{Slug: n.Slug, Name: name, Sub: l.Must("pol.sub."+string(n.Kind), land(l, n.Country))}), n)
	}
}

func land(l *web.Words, code string) string {
	if key := "policy.say.land." + code; l.Has(key) {
		return l.Must(key)
	}
	return code
}

// person is who reads or acts.
func person(r *http.Request) string { return web.ViewerOf(r).Person }

func actor(r *http.Request) network.Actor {
	return network.Actor{Person: network.PersonID(person(r))}
}

func by(r *http.Request) policy.Actor { return policy.Actor{Person: person(r)} }

func home(n *network.Network) string { return "/n/" + n.Slug }

// member lets people of the tenant through; to anybody else there is nothing here.
func (p *Room) member(r *http.Request, n *network.Network) error {
	return p.network.Look(r.Context(), actor(r), func(_ *storage.Tx, a network.Access) error {
		if !a.Registered(n.ID) {
			return network.Absent()
		}
		return nil
	})
}

// steward lets those through who decide for this node.
func (p *Room) steward(r *http.Request, n *network.Network) error {
	is, err := p.policies.IsSteward(r.Context(), by(r), "")
	if err != nil || is {
		return err
	}
	if err := p.member(r, n); err != nil {
		return err
	}
	if err := p.policies.Whose(); err != nil {
		return err
	}
	return fault.New(fault.Denied, "only a steward of the node's own organisation does this").Say("policy.steward")
}

// networks are the tenant's, as the policies name them, and those of other nodes.
func (p *Room) networks(n *network.Network) (ids []string) {
	for _, x := range p.network.Tree().Down(n.ID) {
		ids = append(ids, string(x.ID))
	}
	for _, x := range p.elsewhere() {
		ids = append(ids, x.Network)
	}
	return ids
}

// elsewhere are the networks of other nodes; what is in our own tree is ours.
func (p *Room) elsewhere() (out []Elsewhere) {
	if p.options.Elsewhere == nil {
		return nil
	}
	for _, x := range p.options.Elsewhere() {
		if _, ours := p.network.Tree().Network(network.ID(x.Network)); !ours {
			out = append(out, x)
		}
	}
	return out
}

// decision is where a policy's decision is read.
func (p *Room) decision(ctx context.Context, n *network.Network, s policy.Signed) string {
	if _, ours := p.network.Tree().Network(network.ID(s.Mandate.Network)); !ours && p.options.Decision != nil {
		return p.options.Decision(ctx, s.Mandate.Network, s.Mandate.Decision)
	}
	return home(n) + "/decisions/" + s.Mandate.Decision
}

// names gives the names of a tenant's organisations in the reader's language, in the order of their names.
func (p *Room) names(r *http.Request, n *network.Network) (all []web.Option, sectors map[string]string, err error) {
	l := p.pages.Words(r)
	sectors = map[string]string{}
	err = p.network.Look(r.Context(), actor(r), func(tx *storage.Tx, _ network.Access) error {
		all = nil
		found, err := p.network.Organisations(r.Context(), tx, n.ID)
		for _, o := range found {
			name, _ := o.Name.In(l.Code)
			sectors[string(o.ID)] = string(o.Sector)
			if o.Closed.IsZero() {
				all = append(all, web.Option{Value: string(o.ID), Text: name})
			}
		}
		return err
	})
	return all, sectors, err
}

// named says an id by its name, where there is one.
func named(options []web.Option) func(string) string {
	return func(id string) string {
		for _, o := range options {
			if o.Value == id {
				return o.Text
			}
		}
		return id
	}
}

// topic finds a draft's topic.
func (p *Room) topic(r *http.Request, n *network.Network, id string) (Topic, error) {
	if id == "" || p.options.Topic == nil {
		return Topic{}, network.Absent()
	}
	return p.options.Topic(r.Context(), actor(r), n.ID, id)
}

// again shows a form with what was wrong with it, or the page for a fault that no form can mend.
func (p *Room) again(w http.ResponseWriter, r *http.Request, f *web.Form, err error, show func() int) int {
	if fault.KindOf(err) == fault.Denied {
		var e *fault.Error
		if errors.As(err, &e) && e.Code != "" {
			err = fault.New(fault.Conflict, "%s", e.What).Where(e.At).Say(e.Code, e.Args...)
		}
	}
	if !f.Fault(p.pages.Words(r), err) {
		return p.pages.Fail(w, r, err)
	}
	return show()
}

func crumbs(n *network.Network, l *web.Words, links ...web.Link) []web.Link {
	name, _ := n.Name.In(l.Code)
	return append([]web.Link{{Text: name, Href: home(n) + "/"}}, links...)
}

// Says gives the sentence of a fault in the reader's language, for pages of other rooms.
func (p *Room) Says(r *http.Request, e *fault.Error) string {
	if e == nil {
		return ""
	}
	l := p.pages.Words(r)
	key := "fault." + e.Code
	if e.Code == "" || !l.Has(key) {
		return l.Must("pol.why.unknown")
	}
	out := l.Must(key, e.Args...)
	if l.Has(key + ".do") {
		out += ". " + l.Must(key+".do", e.Args...)
	}
	return out
}
