package web

import (
	"net/http"
	"time"

	"github.com/samverk/samverk/account"
	"github.com/samverk/samverk/account/openid"
	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/web"
)

type signInData struct {
	Form      *web.Form
	Back      string
	Providers []openid.Provider
	As        []persona
	Said      string // what happened just before: the password was changed
}

// persona is a Persona in the reader's language, or the one it is written in.
type persona struct{ Person, Patient, Name, Is, Lang string }

func (p *Room) signInPage(r *http.Request, f *web.Form) web.Page {
	l := p.pages.Words(r)
	d := signInData{Form: f, Back: web.Local(f.Get("back")), Providers: p.accounts.Providers()}
	for _, one := range p.options.As {
		is, in := one.Is.In(l.Code)
		d.As = append(d.As, persona{string(one.Person), one.Patient, one.Name, is, in})
	}
	if said := "signin." + r.URL.Query().Get("said"); said != "signin." && l.Has(said) {
		d.Said = l.Must(said)
	}
	return web.Page{Name: "signin", Title: l.Must("signin.title"), Form: f, Data: d}
}

func (p *Room) signInForm(w http.ResponseWriter, r *http.Request) int {
	back := r.URL.Query().Get("back")
	if web.SignedIn(r) {
		return web.SeeOther(w, r, back)
	}
	return p.pages.Render(w, r, p.signInPage(r, web.NewForm("back", back)))
}

func (p *Room) signIn(w http.ResponseWriter, r *http.Request) int {
	f, err := web.ReadForm(w, r)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	l := p.pages.Words(r)
	for _, field := range []string{"username", "password"} {
		if f.Raw(field) == "" {
			f.Values[field] = []string{""}
			f.Wrong(field, l.Must("signin."+field+".lacks"))
		}
	}
	if !f.OK() {
		return p.pages.Render(w, r, p.signInPage(r, f))
	}
	s, err := p.accounts.SignIn(r.Context(), f.Get("username"), f.Raw("password"), p.from(r))
	if err != nil {
		return p.again(w, r, f, err, p.signInPage(r, f))
	}
	return p.entered(w, r, s, f.Get("back"))
}

// entered leads somebody who has just signed in to where they were going.
func (p *Room) entered(w http.ResponseWriter, r *http.Request, s account.Session, to string) int {
	if err := p.enter(w, r, s); err != nil {
		return p.pages.Fail(w, r, err)
	}
	return web.SeeOther(w, r, to)
}

func (p *Room) signOut(w http.ResponseWriter, r *http.Request) int {
	if err := p.leave(r); err != nil {
		return p.pages.Fail(w, r, err)
	}
	p.set(w, "session", "", 0)
	return web.SeeOther(w, r, "/sign-in?said=out")
}

func (p *Room) signInAs(w http.ResponseWriter, r *http.Request) int {
	f, err := web.ReadForm(w, r)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	s, err := p.accounts.SignInAs(r.Context(), network.PersonID(f.Get("person")), p.from(r))
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	return p.entered(w, r, s, f.Get("back"))
}

// start begins a sign-in at a provider. It is a form, so that no other site can begin it: whoever is signed in at the provider would be
// led through without a word.
func (p *Room) start(w http.ResponseWriter, r *http.Request) int {
	f, err := web.ReadForm(w, r)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	purpose, back := account.Purpose{Back: web.Local(f.Get("back"))}, "/sign-in"
	if f.Get("invitation") != "" {
		if page, err := p.asked(r, f); err != nil {
			return p.invitationAgain(w, r, f, err, page)
		}
		purpose.Invitation, back = p.get(r, "invitation"), "/invitation"
	}
	status, err := p.onward(w, r, r.PathValue("provider"), purpose, back)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	return status
}

// onward leads to a provider, by a page and not by a redirect: a page's policy says that forms stay on this site.
func (p *Room) onward(w http.ResponseWriter, r *http.Request, provider string, purpose account.Purpose, back string) (status int, err error) {
	secret, address, err := p.accounts.Start(r.Context(), provider, purpose, p.from(r))
	if err != nil {
		return 0, err
	}
	p.set(w, "flow", secret, 10*time.Minute)
	title := provider
	for _, one := range p.accounts.Providers() {
		if one.Name == provider {
			title = one.Title
		}
	}
	w.Header().Set("Refresh", "0; url="+address)
	w.Header().Set("Referrer-Policy", "no-referrer")
	return p.pages.Render(w, r, web.Page{Name: "go", Secret: true, Title: p.pages.Words(r).Must("go.title", title),
		Data: struct{ Title, Address, Back string }{title, address, back}}), nil
}

// finish takes what the browser brought back from a provider. Its address holds a code, so no page is shown at it.
func (p *Room) finish(w http.ResponseWriter, r *http.Request) int {
	secret := p.get(r, "flow")
	p.set(w, "flow", "", 0)
	w.Header().Set("Referrer-Policy", "no-referrer")
	s, back, err := p.accounts.Finish(r.Context(), r.PathValue("provider"), secret, r.URL.Query(), actor(r), p.from(r))
	if err != nil {
		if fault.KindOf(err) == fault.Denied {
			p.site.Log(r, err)
		}
		return p.pages.Fail(w, r, err)
	}
	if s.Token == "" {
		return web.SeeOther(w, r, "/account#ways")
	}
	if _, err := p.accounts.Invited(r.Context(), p.get(r, "invitation")); fault.KindOf(err) == fault.NotFound { // used up; else it is to be accepted now
		p.set(w, "invitation", "", 0)
	}
	return p.entered(w, r, s, back)
}
