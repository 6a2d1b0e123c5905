package web

import (
	"context"
	"embed"
	"net/http"
	"time"

	"github.com/samverk/samverk/action/learning"
	"github.com/samverk/samverk/forum"
	"github.com/samverk/samverk/lang"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/storage"
	"github.com/samverk/samverk/web"
	"github.com/samverk/samverk/web/route"
)

//go:embed all:pages messages
var files embed.FS

type room struct {
	*learning.Room
	network *network.Registry
	forum   *forum.Forum
	site    *web.Site
	pages   *web.Pages
}

// visit is one request.
type visit struct {
	*room
	w    http.ResponseWriter
	r    *http.Request
	l    *web.Words
	who  network.Actor
	n    *network.Network
	form *web.Form // of a POST
}

const (
	base  = "/n/{network}/learning"
	one   = base + "/{activity}"
	token = "/n/{network}/registrations/{token}"
)

// Register puts learning's pages into the table.
func Register(t *route.Table, s *web.Site, r *learning.Room, n *network.Registry, f *forum.Forum) (*Told, error) {
	pages, err := s.Room(files)
	if err != nil {
		return nil, err
	}
	p := &room{Room: r, network: n, forum: f, site: s, pages: pages}
	get := func(pattern string, who route.Caller, does string, page func(*visit) int) {
		t.Add(route.Route{Method: "GET", Pattern: pattern, Who: who, Does: does, Serve: p.in(page)})
	}
	post := func(pattern string, who route.Caller, does string, page func(*visit) int) {
		t.Add(route.Route{Method: "POST", Pattern: pattern, Who: who, Does: does, Serve: p.in(withForm(page))})
	}
	get(base, route.Anyone, "Lists courses, webinars, dialogues and study circles; also as CSV and JSON.", (*visit).list)
	get(base+".ics", route.Anyone, "Their sessions as a calendar to follow.", (*visit).calendar)
	get(base+"/new", route.Chair, "The form of a new activity.", (*visit).newForm)
	post(base+"/new", route.Chair, "Makes a draft of an activity.", (*visit).create)
	get(base+"/mine", route.Member, "One's own learning: places, certificates, what one attended, learnt and holds; also as CSV and JSON.", (*visit).mine)
	post(base+"/mine", route.Member, "Changes one's own record, and whether one is counted.", (*visit).mineDo)
	get(base+"/competences", route.Anyone, "Which role needs which competence, and where it is missing.", (*visit).competences)
	post(base+"/competences", route.Coordinator, "Adds or changes a competence that roles need.", (*visit).saveCompetence)
	get(one, route.Anyone, "An activity.", (*visit).activity)
	get(one+"/calendar.ics", route.Anyone, "An activity's sessions for one's calendar.", (*visit).activityCalendar)
	get(one+"/files/{file}", route.Anyone, "A file of an activity.", (*visit).file)
	get(one+"/register", route.Anyone, "The form to register.", (*visit).registerForm)
	post(one+"/register", route.Anyone, "Registers, with an account or with a mail address.", (*visit).register)
	post(one+"/do", route.SignedIn, "Cancels or accepts a place; opens, certifies or raises a topic, for who arranges it.", (*visit).do)
	get(one+"/edit", route.Chair, "The form to change an activity.", (*visit).editForm)
	post(one+"/edit", route.Chair, "Changes an activity.", (*visit).edit)
	get(one+"/arrange", route.Chair, "Who is registered, what they need, and who was there; also as CSV and JSON.", (*visit).arrange)
	post(one+"/arrange", route.Chair, "Notes who was at a session.", (*visit).attend)
	get(one+"/arrange/{what}", route.Chair, "The form of a material, a question, a message, or to call it off.", (*visit).arrangeForm)
	post(one+"/arrange/{what}", route.Chair, "Hands out a material, adds a question, writes to everybody, or calls it off.", (*visit).arrangeDo)
	get(one+"/quiz", route.SignedIn, "The quiz.", (*visit).quiz)
	post(one+"/quiz", route.SignedIn, "Answers the quiz.", (*visit).try)
	get(one+"/evaluation", route.SignedIn, "The form to say what one thought.", (*visit).evaluationForm)
	post(one+"/evaluation", route.SignedIn, "Says what one thought, without a name.", (*visit).evaluate)
	get(token, route.Anyone, "A registration without an account, by its secret link.", (*visit).registration)
	post(token, route.Anyone, "Confirms, changes or cancels it.", (*visit).registrationDo)
	get(token+"/quiz", route.Anyone, "The quiz, by a secret link.", (*visit).quiz)
	post(token+"/quiz", route.Anyone, "Answers the quiz, by a secret link.", (*visit).try)
	get(token+"/evaluation", route.Anyone, "The form to say what one thought, by a secret link.", (*visit).evaluationForm)
	post(token+"/evaluation", route.Anyone, "Says what one thought, by a secret link.", (*visit).evaluate)
	get(token+"/files/{file}", route.Anyone, "A file of an activity, by a secret link.", (*visit).file)
	get(token+"/calendar.ics", route.Anyone, "The sessions for one's calendar, by a secret link.", (*visit).activityCalendar)
	get("/n/{network}/certificates", route.Anyone, "The form to verify a certificate by its code.", (*visit).certificateForm)
	get("/n/{network}/certificates/{code}", route.Anyone, "A certificate, for whoever has its code.", (*visit).certificate)
	return &Told{p}, nil
}

// in serves a page of a tenant.
func (p *room) in(page func(*visit) int) func(http.ResponseWriter, *http.Request) int {
	return func(w http.ResponseWriter, r *http.Request) int {
		n, ok := p.network.Tree().Root(r.PathValue("network"))
		if !ok {
			return p.site.NotFound(w, r)
		}
		v := &visit{room: p, w: w, r: r, l: p.pages.Words(r), who: network.Actor{Person: network.PersonID(web.ViewerOf(r).Person)}, n: n}
		v.r = web.WithNetwork(r, &web.Network{Slug: n.Slug, Name: v.text(n.Name)})
		return page(v)
	}
}

func withForm(page func(*visit) int) func(*visit) int {
	return func(v *visit) (status int) {
		var err error
		if v.form, err = web.ReadForm(v.w, v.r); err != nil {
			return v.fail(err)
		}
		return page(v)
	}
}

func (v *visit) ctx() context.Context { return v.r.Context() }

func (v *visit) fail(err error) int { return v.pages.Fail(v.w, v.r, err) }

func (v *visit) see(to string) int { return web.SeeOther(v.w, v.r, to) }

// done leads on after a form was done, or shows it again with what was wrong.
func (v *visit) done(err error, to string, again func() int) int {
	if err == nil {
		return v.see(to)
	}
	if !v.form.Fault(v.l, err) {
		return v.fail(err)
	}
	return again()
}

// show sends a page.
func (v *visit) show(page web.Page) int {
	page.Station = "do"
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

func (v *visit) text(t network.Text) string {
	s, _ := t.In(v.l.Code)
	return s
}

// at is an address of the tenant.
func (v *visit) at(path string) string { return "/n/" + v.n.Slug + "/" + path }

func (v *visit) home() string { return v.at("learning") }

// crumbs leads from the tenant's front page to this one; pairs are text and address.
func (v *visit) crumbs(pairs ...string) []web.Link {
	out := []web.Link{{Text: v.text(v.n.Name), Href: v.at("")}}
	if len(pairs) > 0 {
		out = append(out, web.Link{Text: v.l.Must("learning.title"), Href: v.home()})
	} else {
		out = append(out, web.Link{Text: v.l.Must("learning.title")})
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		out = append(out, web.Link{Text: pairs[i], Href: pairs[i+1]})
	}
	return out
}

// registrant is whose registration the address means, and where its pages are.
func (v *visit) registrant() (learning.Registrant, string) {
	if t := v.r.PathValue("token"); t != "" {
		return learning.Registrant{Token: t}, v.at("registrations/" + t)
	}
	id := v.r.PathValue("activity")
	return learning.Registrant{Actor: v.who, Activity: learning.ID(id)}, v.home() + "/" + id
}

func (v *visit) zone() *time.Location { return zoneOf(v.n.Zone) }

func zoneOf(name string) *time.Location {
	z, err := time.LoadLocation(name)
	if err != nil {
		return time.UTC
	}
	return z
}

// options are values with their words: the message of the prefix and the value.
func options[T ~string](l *web.Words, prefix string, of ...T) (out []web.Option) {
	for _, one := range of {
		o := web.Option{Value: string(one), Text: l.Must(prefix + string(one))}
		if l.Has(prefix + string(one) + ".help") {
			o.Help = l.Must(prefix + string(one) + ".help")
		}
		out = append(out, o)
	}
	return out
}

// languages are those that texts are written in, the reader's own first where nothing else is chosen.
func (v *visit) languages() []web.Option { return options(v.l, "learning.lang.", lang.Codes...) }

// networks are the tenant's networks, by name.
func (v *visit) networks(of func(*network.Network) bool) (out []web.Option) {
	for _, n := range v.network.Tree().Down(v.n.ID) {
		if of(n) && n.Closed.IsZero() {
			out = append(out, web.Option{Value: string(n.ID), Text: v.text(n.Name)})
		}
	}
	return out
}

// arranges are the networks and bodies that the reader may arrange something for.
func (v *visit) arranges() (out []web.Option, err error) {
	err = v.network.Look(v.ctx(), v.who, func(tx *storage.Tx, a network.Access) error {
		out = v.networks(func(n *network.Network) bool { return a.Coordinates(n.ID) })
		for _, s := range a.Seats {
			if s.Role != network.Chair || s.Root != v.n.ID {
				continue
			}
			b, err := v.network.Body(v.ctx(), tx, s.Body)
			if err != nil {
				return err
			}
			out = append(out, web.Option{Value: "body:" + string(b.ID), Text: v.text(b.Name)})
		}
		return nil
	})
	return out, err
}

// nameOf is what a network is called.
func (v *visit) nameOf(id network.ID) string {
	if n, ok := v.network.Tree().Network(id); ok {
		return v.text(n.Name)
	}
	return ""
}
