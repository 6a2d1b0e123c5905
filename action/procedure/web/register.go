// Package web is the pages of procedures: what they say, version beside version, and what each region makes of them.
//
// Rules:
//   - No rule of the room lives here: a page asks the room, and shows its answer or its refusal.
//   - What a region hasn't said stands there as unknown.
//   - Every drawing has its table beside it.
package web

import (
	"embed"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/samverk/samverk/action/procedure"
	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/forum"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/storage"
	"github.com/samverk/samverk/web"
	"github.com/samverk/samverk/web/route"
)

//go:embed all:pages messages
var files embed.FS

// Pages are the room's pages.
type Pages struct {
	room    *procedure.Room
	network *network.Registry
	forum   *forum.Forum
	site    *web.Site
	pages   *web.Pages
}

// Register puts the pages into the table.
func Register(t *route.Table, s *web.Site, room *procedure.Room, f *forum.Forum, n *network.Registry) (*Pages, error) {
	pages, err := s.Room(files)
	if err != nil {
		return nil, err
	}
	p := &Pages{room: room, network: n, forum: f, site: s, pages: pages}
	const at = "/n/{network}/procedures"
	one := at + "/{procedure}"
	region := one + "/regions/{region}"
	t.Add(
		route.Route{Method: "GET", Pattern: at, Who: route.Anyone, Does: "Lists and searches procedures; also as CSV and JSON.", Serve: p.in(p.list)},
		route.Route{Method: "GET", Pattern: at + "/new", Who: route.Seated, Does: "The form to begin a procedure.", Serve: p.in(p.registered(p.newForm))},
		route.Route{Method: "POST", Pattern: at + "/new", Who: route.Seated, Does: "Begins a procedure with a draft.", Serve: p.in(p.registered(p.create))},
		route.Route{Method: "GET", Pattern: one, Who: route.Anyone, Does: "A procedure as it is decided, with what the regions say.", Serve: p.in(p.page)},
		route.Route{Method: "GET", Pattern: one + "/versions/{version}", Who: route.Anyone, Does: "A version of a procedure.", Serve: p.in(p.page)},
		route.Route{Method: "GET", Pattern: one + "/versions/{version}/file", Who: route.Anyone, Does: "A version as one page that reads without a network.", Serve: p.in(p.offline)},
		route.Route{Method: "GET", Pattern: one + "/compare", Who: route.Anyone, Does: "Two versions side by side.", Serve: p.in(p.compare)},
		route.Route{Method: "GET", Pattern: one + "/edit", Who: route.Seated, Does: "The form to edit a draft, or begin the next version's.", Serve: p.in(p.registered(p.editForm))},
		route.Route{Method: "POST", Pattern: one + "/edit", Who: route.Seated, Does: "Saves a draft.", Serve: p.in(p.registered(p.edit))},
		route.Route{Method: "POST", Pattern: one + "/do", Who: route.Member, Does: "Asks somebody to review, reviews, or raises the draft's topic.", Serve: p.in(p.registered(p.do))},
		route.Route{Method: "GET", Pattern: one + "/adoption", Who: route.Anyone, Does: "How a procedure came to the regions, drawn; also as CSV and JSON.", Serve: p.in(p.adoption)},
		route.Route{Method: "GET", Pattern: region, Who: route.Anyone, Does: "What a region says of a procedure, and said before.", Serve: p.in(p.record)},
		route.Route{Method: "POST", Pattern: region, Who: route.Coordinator, Does: "Records what the region does with a procedure.", Serve: p.in(p.registered(p.say))},
		route.Route{Method: "POST", Pattern: region + "/raise", Who: route.Member, Does: "Raises a topic about a region that declined or deviates.", Serve: p.in(p.registered(p.raise))},
		route.Route{Method: "GET", Pattern: "/n/{network}/adoption", Who: route.Anyone, Does: "What each region says of all procedures, counted; also as CSV and JSON.", Serve: p.in(p.regions)},
		route.Route{Method: "GET", Pattern: "/n/{network}/adoption/{region}", Who: route.Anyone, Does: "What differs in a region, and why; also as CSV and JSON.", Serve: p.in(p.region)},
	)
	return p, nil
}

type handler = func(http.ResponseWriter, *http.Request, *network.Network) int

// in gives a page of a tenant its network.
func (p *Pages) in(page handler) func(http.ResponseWriter, *http.Request) int {
	return func(w http.ResponseWriter, r *http.Request) int {
		n, ok := p.network.Tree().Root(r.PathValue("network"))
		if !ok {
			return p.site.NotFound(w, r)
		}
		return page(w, web.WithNetwork(r, &web.Network{Slug: n.Slug, Name: text(p.pages.Words(r), n.Name)}), n)
	}
}

// registered is around pages for those registered in a tenant. To others there is no such page.
func (p *Pages) registered(page handler) handler {
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

func actor(r *http.Request) network.Actor {
	return network.Actor{Person: network.PersonID(web.ViewerOf(r).Person)}
}

// text gives a noun's text in the reader's language, or in one that it is written in.
func text(l *web.Words, t network.Text) string {
	s, _ := t.In(l.Code)
	return s
}

func home(n *network.Network) string { return "/n/" + n.Slug }

func at(n *network.Network, id procedure.ID) string { return home(n) + "/procedures/" + string(id) }

func versionAt(n *network.Network, id procedure.ID, number int64) string {
	return at(n, id) + "/versions/" + itoa(number)
}

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

func number(s string) int64 {
	n, _ := strconv.ParseInt(s, 10, 64)
	return n
}

// zone is where a network lives.
func zone(n *network.Network) *time.Location {
	z, err := time.LoadLocation(n.Zone)
	if err != nil {
		return time.UTC
	}
	return z
}

// crumbs lead from the front page over the list to here; pairs are text, address.
func (p *Pages) crumbs(l *web.Words, n *network.Network, pairs ...string) []web.Link {
	out := []web.Link{{Text: text(l, n.Name), Href: home(n) + "/"}, {Text: l.Must("procedure.list"), Href: home(n) + "/procedures"}}
	for i := 0; i+1 < len(pairs); i += 2 {
		out = append(out, web.Link{Text: pairs[i], Href: pairs[i+1]})
	}
	return out
}

// query gives a field of the address if it is one of those there are.
func query[T ~string](r *http.Request, field string, of ...T) T {
	v := r.URL.Query().Get(field)
	for _, one := range of {
		if v == string(one) {
			return one
		}
	}
	return ""
}

func options[T ~string](l *web.Words, key string, of []T) (out []web.Option) {
	for _, v := range of {
		out = append(out, web.Option{Value: string(v), Text: l.Must(key + string(v))})
	}
	return out
}

func anyOption(l *web.Words, of []web.Option) []web.Option {
	return append([]web.Option{{Text: l.Must("procedure.any")}}, of...)
}

// Row is the room's on the page of what the network does.
type Row struct {
	Title, Text, Href string
	Counts            []string
	Late              bool
}

// Row tells what there is.
func (p *Pages) Row(r *http.Request, n *network.Network) (row Row, err error) {
	l := p.pages.Words(r)
	row = Row{Title: l.Must("procedure.list"), Text: l.Must("procedure.row"), Href: home(n) + "/procedures"}
	c, err := p.room.Counted(r.Context(), actor(r), n.ID)
	if err != nil {
		return row, err
	}
	row.Counts = append(row.Counts, l.Must("procedure.row.decided", c.Decided))
	if c.Drafts > 0 {
		row.Counts = append(row.Counts, l.Must("procedure.row.drafts", c.Drafts))
	}
	return row, nil
}

// Draft is a text that a decision may name.
type Draft struct {
	forum.Effect
	Says, Href string
}

// Drafts lists the drafts that a decision about a topic may put in force.
func (p *Pages) Drafts(r *http.Request, n *network.Network, topic forum.TopicID) (out []Draft, err error) {
	all, err := p.room.Drafts(r.Context(), actor(r), topic)
	l := p.pages.Words(r)
	for _, d := range all {
		out = append(out, Draft{forum.Effect{Kind: forum.Procedure, Ref: d.Ref, Digest: d.Digest, Title: l.Must("procedure.named", d.Title, d.Version.Number)},
			l.Must("procedure.named.says", d.Version.Edit), versionAt(n, d.Version.Procedure, d.Version.Number)})
	}
	return out, err
}

// Became is what the room made of an effect.
type Became struct{ State, Colour, Why, Href string }

// Became tells what became of a version that a decision named. why is what keeps it from being carried out.
func (p *Pages) Became(r *http.Request, n *network.Network, e forum.EffectOf, why *fault.Error) (b Became, err error) {
	l := p.pages.Words(r)
	if why != nil {
		if key := "fault." + why.Code; l.Has(key) {
			b.Why = l.Must(key, why.Args...)
		}
	}
	of, v, ok, err := p.room.At(r.Context(), actor(r), n.ID, e.Ref)
	if err != nil || !ok {
		return b, err
	}
	b.State, b.Colour, b.Href = l.Must("procedure.state."+string(v.State)), colour(v.State), versionAt(n, of.ID, v.Number)
	if v.State == procedure.Ended {
		b.Colour = "neutral"
	}
	return b, nil
}

func colour(s procedure.State) string {
	switch s {
	case procedure.Force:
		return "success"
	case procedure.Recommended:
		return "info"
	case procedure.Draft:
		return "warning"
	}
	return "neutral"
}

// Wait is an answer that a region owes.
type Wait struct {
	Kind, Title, Text, Lang string
	Due                     time.Time
	Href, Do                string
}

// mostWaits is how many answers owed stand on a landing page.
const mostWaits = 10

// Waits lists the answers that the reader's regions owe.
func (p *Pages) Waits(r *http.Request, n *network.Network) (out []Wait, err error) {
	owed, err := p.room.Owed(r.Context(), actor(r), n.ID, mostWaits)
	l := p.pages.Words(r)
	for _, o := range owed {
		out = append(out, Wait{Kind: l.Must("procedure.owed"), Title: o.Title, Lang: o.Lang, Text: l.Must("procedure.owed.text", text(l, o.Region.Name), o.Current),
			Due: o.AnswerBy.In(zone(n)), Href: at(n, o.ID) + "/regions/" + o.Region.Slug, Do: l.Must("procedure.owed.do")})
	}
	return out, err
}

// formed answers a form that failed: with the form again where it is the reader's to mend.
func (p *Pages) formed(w http.ResponseWriter, r *http.Request, f *web.Form, err error, again func() int) int {
	if !f.Fault(p.pages.Words(r), err) {
		return p.pages.Fail(w, r, err)
	}
	return again()
}

func escape(s string) string { return url.QueryEscape(s) }
