package web

import (
	"context"
	"embed"
	"net/http"
	"time"

	"github.com/samverk/samverk/account"
	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/storage"
	"github.com/samverk/samverk/web"
	"github.com/samverk/samverk/web/route"
)

//go:embed all:pages messages
var files embed.FS

// Options are what other rooms give to these pages. Each may be left out.
type Options struct {
	// Meetings lists a body's next meetings that the reader may see.
	Meetings func(ctx context.Context, who network.Actor, body network.BodyID) ([]Meeting, error)
	// Feeds lists a body's calendars and news for programs, with titles in the reader's language.
	Feeds func(r *http.Request, body network.BodyID) []web.Feed
	// Kept gives what another room keeps of a person, by the room's name, for the file that they can take with them.
	Kept map[string]func(context.Context, network.Actor) (any, error)
}

// Meeting is one to come. At is in the zone it is told in.
type Meeting struct {
	At    time.Time
	Title string
	Link  string
}

type room struct {
	network  *network.Registry
	accounts *account.Accounts // nil: nobody is invited
	site     *web.Site
	pages    *web.Pages
	table    *route.Table
	options  Options
}

// Register puts the pages into the table.
func Register(t *route.Table, s *web.Site, n *network.Registry, a *account.Accounts, o Options) error {
	pages, err := s.Room(files)
	if err != nil {
		return err
	}
	p := &room{network: n, accounts: a, site: s, pages: pages, table: t, options: o}
	s.Own(p.first)
	t.Add(p.bodies()...)
	t.Add(p.seats()...)
	t.Add(p.vacancies()...)
	t.Add(p.organisations()...)
	t.Add(p.networks()...)
	t.Add(p.people()...)
	t.Add(p.agreements()...)
	t.Add(p.me()...)
	t.Add(p.setup()...)
	return nil
}

// visit is one request.
type visit struct {
	*room
	w    http.ResponseWriter
	r    *http.Request
	l    *web.Words
	who  network.Actor
	n    *network.Network // the tenant; nil on a page of none
	form *web.Form        // of a POST
}

type handler = func(http.ResponseWriter, *http.Request) int

func (p *room) visit(w http.ResponseWriter, r *http.Request) *visit {
	return &visit{room: p, w: w, r: r, l: p.pages.Words(r), who: network.Actor{Person: network.PersonID(web.ViewerOf(r).Person)}}
}

// in serves a page of a tenant.
func (p *room) in(page func(*visit) int) handler {
	return func(w http.ResponseWriter, r *http.Request) int {
		n, ok := p.network.Tree().Root(r.PathValue("network"))
		if !ok {
			return p.site.NotFound(w, r)
		}
		v := p.visit(w, r)
		v.n = n
		v.r = web.WithNetwork(r, v.frame(n))
		return page(v)
	}
}

// posted serves a form of a tenant.
func (p *room) posted(page func(*visit) int) handler { return p.in(withForm(page)) }

func withForm(page func(*visit) int) func(*visit) int {
	return func(v *visit) int {
		var err error
		if v.form, err = web.ReadForm(v.w, v.r); err != nil {
			return v.fail(err)
		}
		return page(v)
	}
}

// own serves a page of no tenant.
func (p *room) own(page func(*visit) int) handler {
	return func(w http.ResponseWriter, r *http.Request) int { return page(p.visit(w, r)) }
}

// first is the first tenant that who is signed in is registered in: the frame of pages of none is its.
func (p *room) first(r *http.Request) (own *web.Network) {
	v := p.visit(nil, r)
	err := v.look(func(_ *storage.Tx, a network.Access) error {
		for _, n := range p.network.Tree().Roots() {
			if own == nil && a.Registered(n.ID) {
				own = v.frame(n)
			}
		}
		return nil
	})
	if err != nil {
		p.site.Log(r, err)
	}
	return own
}

// frame is what the pages' frame shows of a tenant.
func (v *visit) frame(n *network.Network) *web.Network {
	return &web.Network{Slug: n.Slug, Name: v.text(n.Name), Sub: v.subtitle(n)}
}

func (p *room) ownPosted(page func(*visit) int) handler { return p.own(withForm(page)) }

func (v *visit) ctx() context.Context { return v.r.Context() }

func (v *visit) fail(err error) int { return v.pages.Fail(v.w, v.r, err) }

func (v *visit) look(do func(*storage.Tx, network.Access) error) error {
	return v.network.Look(v.ctx(), v.who, do)
}

// done leads on after a form was done, or shows it again with what was wrong.
func (v *visit) done(err error, to string, again func() (web.Page, error)) int {
	if err == nil {
		return web.SeeOther(v.w, v.r, to)
	}
	if !v.form.Fault(v.l, err) {
		return v.fail(err)
	}
	page, err := again()
	if err != nil {
		return v.fail(err)
	}
	return v.show(page, nil)
}

// show sends a page, or the page for what went wrong in making it.
func (v *visit) show(page web.Page, err error) int {
	if err != nil {
		return v.fail(err)
	}
	page.Station = "decide"
	if page.Form == nil {
		page.Form = v.form
	}
	return v.pages.Render(v.w, v.r, page)
}

// filled is the form to show: what was sent, else what is stored.
func (v *visit) filled(pairs ...string) *web.Form {
	if v.form == nil {
		v.form = web.NewForm(pairs...)
	}
	return v.form
}

// at is an address of the tenant.
func (v *visit) at(path string) string { return "/n/" + v.n.Slug + "/" + path }

// has is an address of the tenant where another room may have a page; "" when there is none.
func (v *visit) has(path string) string {
	if at := v.at(path); v.table.Has(http.MethodGet, at) {
		return at
	}
	return ""
}

// crumbs leads from the tenant's front page to this one; pairs are text, address under the tenant's.
func (v *visit) crumbs(pairs ...string) []web.Link {
	out := []web.Link{{Text: v.text(v.n.Name), Href: v.at("")}}
	for i := 0; i+1 < len(pairs); i += 2 {
		l := web.Link{Text: pairs[i]}
		if pairs[i+1] != "" {
			l.Href = v.at(pairs[i+1])
		}
		out = append(out, l)
	}
	return out
}

// said is a text with the language it is written in.
type said struct{ Text, Lang string }

func (v *visit) say(t network.Text) said {
	text, in := t.In(v.l.Code)
	return said{text, in}
}

func (v *visit) text(t network.Text) string { return v.say(t).Text }

// subtitle says what a tenant is: "Nationellt nätverk, Sverige".
func (v *visit) subtitle(n *network.Network) string {
	kind := v.l.Must("net.kind." + string(n.Kind))
	if key := "net.country." + n.Country; v.l.Has(key) {
		return kind + ", " + v.l.Must(key)
	}
	return kind
}

// zone is where the tenant's days begin.
func (v *visit) zone(id network.ID) *time.Location { return v.network.Zone(id) }

// lastDay turns the moment after a last day into that day.
func lastDay(t time.Time, z *time.Location) time.Time {
	if t.IsZero() {
		return t
	}
	return t.In(z).Add(-time.Second)
}

// firstAndLast reads two date fields: a first day, and a last day as the moment after it.
func (v *visit) firstAndLast(from, to string, z *time.Location) (first, after time.Time) {
	return v.day(from, z), v.after(to, z)
}

// day reads a date field; one that is none is noted.
func (v *visit) day(field string, z *time.Location) time.Time {
	t, ok := v.form.Day(field, z)
	if !ok && v.form.Get(field) != "" {
		v.form.Wrong(field, v.l.Must("form.date"))
	}
	return t
}

// after reads a date field as the moment after the day.
func (v *visit) after(field string, z *time.Location) time.Time {
	t := v.day(field, z)
	if !t.IsZero() {
		t = t.AddDate(0, 0, 1)
	}
	return t
}

// number reads a field that must be a whole number.
func (v *visit) number(field string) int {
	n, ok := v.form.Int(field)
	if !ok {
		v.form.Wrong(field, v.l.Must("form.number"))
	}
	return n
}

func (v *visit) version() int64 { n, _ := v.form.Int("version"); return int64(n) }

// typed is an error when reading the form already found something wrong, so that the room is not asked.
func (v *visit) typed() error {
	if v.form.OK() {
		return nil
	}
	return fault.New(fault.Invalid, "the form").Say("web.typed")
}

// words reads a text in three languages: NAME.sv, NAME.nb, NAME.en. What is wrong with it is shown at NAME.
func (v *visit) words(name string) network.Text {
	v.form.Set(name, "")
	return network.Text{SV: v.form.Get(name + ".sv"), NB: v.form.Get(name + ".nb"), EN: v.form.Get(name + ".en")}
}

// pairs writes a text for a form.
func pairs(name string, t network.Text) []string {
	return []string{name + ".sv", t.SV, name + ".nb", t.NB, name + ".en", t.EN}
}

// options lists values with the words for them.
func options[T ~string](v *visit, key string, of []T) []web.Option {
	out := make([]web.Option, len(of))
	for i, one := range of {
		out[i] = web.Option{Value: string(one), Text: v.l.Must(key + string(one))}
	}
	return out
}

// theirs is what is stored now, beside what was typed, when somebody else was first.
type theirs struct{ Label, Text string }

// absent is the page for what is not there.
func absent() error { return network.Absent() }

func denied() error { return fault.New(fault.Denied, "this is not yours to do").Say("network.denied") }

// export sends rows as a file when the list is asked for as one. done tells that it was.
func (v *visit) export(name string, columns []string, rows func(add func(...any) error) error) (status int, done bool) {
	format, err := web.FormatOf(v.r)
	if err != nil {
		return v.fail(err), true
	}
	if format == "" {
		return 0, false
	}
	e := web.NewExport(v.w, format, name, columns...)
	if err := rows(e.Row); err != nil {
		e.Cut()
		return v.fail(err), true
	}
	return e.End(), true
}

// moment is a time in a file: nothing for one that is not known.
func moment(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t
}

// get and post make routes.
func get(pattern string, who route.Caller, does string, serve handler) route.Route {
	return route.Route{Method: "GET", Pattern: pattern, Who: who, Does: does, Serve: serve}
}

func post(pattern string, who route.Caller, does string, serve handler) route.Route {
	return route.Route{Method: "POST", Pattern: pattern, Who: who, Does: does, Serve: serve}
}
