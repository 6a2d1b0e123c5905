package web

import (
	"cmp"
	"context"
	"embed"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/samverk/samverk/federation"
	"github.com/samverk/samverk/lang"
	"github.com/samverk/samverk/web"
	"github.com/samverk/samverk/web/route"
)

//go:embed all:pages messages
var files embed.FS

// Options are what these pages stand on, and what they need of rooms that they don't know.
type Options struct {
	Nodes     *federation.Nodes
	Steward   func(*http.Request) (person string, ok bool)                         // who sees to this node
	Whose     func(*http.Request) error                                            // why a steward is none of this node, where it isn't set whose it is; nil: never
	Approve   func(ctx context.Context, name, key string, anew bool) error         // anew: of one whose log was changed, believe it as it is now; nil: Nodes.Approve
	Revoke    func(ctx context.Context, name, why string) error                    // nil: Nodes.Revoke
	Witnessed func(ctx context.Context, peer string) (leaves uint64, at time.Time) // how far this node has witnessed a peer's log; nil: it witnesses none
}

// room is the pages.
type room struct {
	Options
	site  *web.Site
	pages *web.Pages
}

// Register puts the pages into the table.
func Register(t *route.Table, site *web.Site, o Options) error {
	pages, err := site.Room(files, federation.Messages)
	if err != nil {
		return err
	}
	if o.Approve == nil {
		o.Approve = func(ctx context.Context, name, key string, _ bool) error { return o.Nodes.Approve(ctx, name, key) }
	}
	if o.Revoke == nil {
		o.Revoke = o.Nodes.Revoke
	}
	p := &room{Options: o, site: site, pages: pages}
	t.Add(
		route.Route{Method: "GET", Pattern: "/nodes", Who: route.Anyone, Does: "Shows the nodes that answer together, how they are and by which policies, as a page, CSV or JSON.", Serve: p.list},
		route.Route{Method: "GET", Pattern: "/nodes/{node}", Who: route.Steward, Does: "Shows a steward a node, and what can be done about it.", Serve: p.steward(p.node)},
		route.Route{Method: "POST", Pattern: "/nodes/{node}", Who: route.Steward, Does: "Approves a node whose key was compared, or revokes one.", Serve: p.steward(p.do)},
	)
	return nil
}

// steward lets nobody in but those whom the node names. To others there is no such page.
func (p *room) steward(serve func(w http.ResponseWriter, r *http.Request, person string) int) func(http.ResponseWriter, *http.Request) int {
	return func(w http.ResponseWriter, r *http.Request) int {
		person, ok := p.Steward(r)
		if !ok && p.Whose != nil {
			if err := p.Whose(r); err != nil {
				return p.pages.Fail(w, r, err)
			}
		}
		if !ok {
			return p.site.NotFound(w, r)
		}
		return serve(w, r, person)
	}
}

type listData struct {
	Self    *row // nil: a node that answers alone
	Closed  bool
	Rows    []row
	Steward bool
	Asking  int // who ask to be let in
}

// row is a node.
type row struct {
	federation.Peer
	Link      string // a steward's page of it
	Key       string // the fingerprint
	Apart     string // how far its clock is from ours, where it is far
	Ahead     bool
	Trouble   string // the key of a message
	Policies  []policyRow
	Witnessed uint64
	SeenAt    time.Time
}

type policyRow struct {
	Name, Number, Body string
	Expires            time.Time
}

// troubles are those that have a sentence of their own.
var troubles = map[string]bool{
	"federation.late": true, "message.clock": true, "message.version": true, "message.stranger": true, "federation.revoked": true, "federation.ledger": true, "message.signature": true, "federation.closed": true,
}

func (p *room) row(r *http.Request, l *web.Words, x federation.Peer, steward bool) row {
	out := row{Peer: x, Key: x.Fingerprint(), Policies: policies(l, x.Said.Policies)}
	if steward {
		out.Link = "/nodes/" + x.Name
	}
	if x.Trouble != "" {
		out.Trouble = "nodes.trouble"
		if troubles[x.Trouble] {
			out.Trouble += "." + x.Trouble
		}
	}
	if d := x.Apart.Round(time.Second); d.Abs() >= 10*time.Second {
		out.Apart, out.Ahead = d.Abs().String(), d > 0
	}
	if p.Witnessed != nil {
		out.Witnessed, out.SeenAt = p.Options.Witnessed(r.Context(), x.Name)
	}
	return out
}

func policies(l *web.Words, all []federation.InForce) (out []policyRow) {
	for _, x := range all {
		out = append(out, policyRow{Name: cmp.Or(x.Title[l.Code], fmt.Sprintf("%s-%d", x.Name, x.Version)), Number: x.Number, Body: cmp.Or(x.BodyName[l.Code], x.Body), Expires: x.Expires})
	}
	return out
}

// shown are the peers that a reader sees.
func (p *room) shown(steward bool) (out []federation.Peer) {
	for _, x := range p.Nodes.Peers() {
		if steward || x.State == federation.Approved || x.State == federation.Forked {
			out = append(out, x)
		}
	}
	return out
}

func (p *room) list(w http.ResponseWriter, r *http.Request) int {
	l := p.pages.Words(r)
	format, err := web.FormatOf(r)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	_, steward := p.Steward(r)
	peers := p.shown(steward)
	if format != "" {
		return file(w, format, peers)
	}
	d := listData{Steward: steward, Closed: p.Nodes.Closed() != nil}
	if me, ok := p.Nodes.Self(); ok {
		s := p.Nodes.Now(r.Context())
		d.Self = &row{Peer: federation.Peer{Identity: me, Said: s}, Key: me.Fingerprint(), Policies: policies(l, s.Policies)}
	}
	lang.Sort(l, peers, func(x federation.Peer) string { return x.Title })
	for _, x := range peers {
		if x.State == federation.Asks {
			d.Asking++
		}
		d.Rows = append(d.Rows, p.row(r, l, x, steward))
	}
	return p.pages.Render(w, r, web.Page{Name: "nodes", Title: l.Must("nodes.title"), Station: "use", Data: d, Public: !steward})
}

func file(w http.ResponseWriter, format string, peers []federation.Peer) int {
	e := web.NewExport(w, format, "nodes", "name", "title", "url", "state", "holds_genomes", "software", "protocol", "last_contact", "clock_apart_seconds", "trouble", "policies", "fingerprint")
	for _, x := range peers {
		var in []string
		for _, p := range x.Said.Policies {
			in = append(in, fmt.Sprintf("%s-%d (%s)", p.Name, p.Version, p.Number))
		}
		contact := ""
		if !x.LastContact.IsZero() {
			contact = x.LastContact.UTC().Format(time.RFC3339)
		}
		if err := e.Row(x.Name, x.Title, x.URL, string(x.State), x.Said.Holds, x.Said.Software, x.Protocol, contact, int64(x.Apart.Seconds()), x.Trouble, strings.Join(in, "; "), x.Fingerprint()); err != nil {
			return http.StatusOK // the reader left
		}
	}
	return e.End()
}

type nodeData struct {
	Row     row
	Approve bool
	Revoke  bool
	Done    string
}

func (p *room) node(w http.ResponseWriter, r *http.Request, _ string) int {
	return p.show(w, r, web.NewForm())
}

func (p *room) show(w http.ResponseWriter, r *http.Request, f *web.Form) int {
	l := p.pages.Words(r)
	x, ok := p.Nodes.Peer(r.PathValue("node"))
	if !ok {
		return p.site.NotFound(w, r)
	}
	d := nodeData{Row: p.row(r, l, x, false), Approve: x.State == federation.Asks || x.State == federation.Forked, Revoke: x.State != federation.Revoked}
	if done := r.URL.Query().Get("done"); done == "approved" || done == "revoked" {
		d.Done = "nodes.done." + done
	}
	return p.pages.Render(w, r, web.Page{Name: "node", Title: x.Title, Station: "use", Data: d, Form: f,
		Crumbs: []web.Link{{Text: l.Must("nodes.title"), Href: "/nodes"}, {Text: x.Title}}})
}

func (p *room) do(w http.ResponseWriter, r *http.Request, person string) int {
	name := r.PathValue("node")
	if _, ok := p.Nodes.Peer(name); !ok {
		return p.site.NotFound(w, r)
	}
	f, err := web.ReadForm(w, r)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	l, ctx, done := p.pages.Words(r), federation.By(r.Context(), person), "approved"
	switch f.Get("act") {
	case "approve":
		err = p.Options.Approve(ctx, name, f.Get("key"), f.Get("anew") != "")
	case "revoke":
		done = "revoked"
		err = p.Options.Revoke(ctx, name, f.Get("why"))
	default:
		return p.site.NotFound(w, r)
	}
	switch {
	case err == nil:
		return web.SeeOther(w, r, "/nodes/"+name+"?done="+done)
	case f.Fault(l, err):
		return p.show(w, r, f)
	}
	return p.pages.Fail(w, r, err)
}
