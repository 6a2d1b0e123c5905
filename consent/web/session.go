package web

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/samverk/samverk/account/openid"
	"github.com/samverk/samverk/consent"
	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/individual"
	"github.com/samverk/samverk/storage"
	"github.com/samverk/samverk/web"
)

// visit is a patient's session, acting for one individual.
type visit struct {
	individual.Session
	who      individual.Individual
	guardian string // the guardianship by which they act; "" for themselves
	key      string // for whom, in addresses
}

// me is how addresses say that somebody acts for themselves.
const me = "me"

// At is an address of the visit's.
func (v visit) At(parts ...string) string {
	at := "/my/" + v.key
	for _, p := range parts {
		at += "/" + p
	}
	return at
}

// Child tells that a guardian acts.
func (v visit) Child() bool { return v.guardian != "" }

// ID is the child's id, for who acts for several.
func (v visit) ID() string { return v.who.ID }

// Several tells that one could act for somebody else as well.
func (v visit) Several() bool { return len(v.Wards) > 1 || v.Known && len(v.Wards) > 0 }

const themselves, aGuardian = consent.Themselves, consent.AGuardian

func (v visit) actor() consent.Actor {
	if v.Child() {
		return aGuardian
	}
	return themselves
}

// session is around the pages of whoever has signed in as a patient or a guardian.
func (p *room) session(page func(http.ResponseWriter, *http.Request, individual.Session) int) func(http.ResponseWriter, *http.Request) int {
	return func(w http.ResponseWriter, r *http.Request) int {
		s, err := p.people.Resume(r.Context(), p.get(r, "patient"))
		switch {
		case fault.KindOf(err) == fault.NotFound && (r.Method == http.MethodGet || r.Method == http.MethodHead):
			return web.SeeOther(w, r, "/my/sign-in")
		case fault.KindOf(err) == fault.NotFound:
			return p.site.SignIn(w, r)
		case err != nil:
			return p.pages.Fail(w, r, err)
		}
		r = web.WithViewer(r, web.Viewer{Name: p.pages.Words(r).Must("my.signedin"), Home: "/my", Out: "/my/sign-out"})
		return page(w, r, s)
	}
}

// visit is around the pages about one individual.
func (p *room) visit(page func(http.ResponseWriter, *http.Request, visit) int) func(http.ResponseWriter, *http.Request) int {
	return p.session(func(w http.ResponseWriter, r *http.Request, s individual.Session) int {
		v := visit{Session: s, key: r.PathValue("for")}
		number, ok := s.Self, s.Known && v.key == me
		for _, g := range s.Wards {
			if g.ID == v.key {
				number, v.guardian, ok = g.Individual, g.ID, true
			}
		}
		if ok {
			v.who, ok = p.people.Get(number)
		}
		if !ok {
			return p.site.NotFound(w, r)
		}
		return page(w, r, v)
	})
}

type signInData struct {
	Providers []openid.Provider
	As        []persona
	Regions   []web.Link
	Out       bool
}

type persona struct{ Individual, Name, Is string }

func (p *room) signInPage(w http.ResponseWriter, r *http.Request) int {
	l := p.pages.Words(r)
	d := signInData{Out: r.URL.Query().Has("out")}
	if p.options.Regions != nil {
		d.Regions = p.options.Regions()
	}
	for _, e := range p.entries {
		d.Providers = append(d.Providers, e.Provider)
	}
	for _, one := range p.options.As {
		d.As = append(d.As, persona{one.Individual, one.Name, text(l, one.Is)})
	}
	return p.pages.Render(w, r, web.Page{Name: "signin", Title: l.Must("my.signin.title"), Station: "use", Data: d})
}

// flowOf makes the three values that bind a sign-in at a provider to a browser from the secret in its cookie.
func flowOf(secret, provider string) openid.Flow {
	value := func(what string) string {
		h := hmac.New(sha256.New, []byte(secret))
		_, _ = h.Write([]byte(what + "\x00" + provider))
		return base64.RawURLEncoding.EncodeToString(h.Sum(nil))
	}
	return openid.Flow{State: value("state"), Nonce: value("nonce"), Verifier: value("verifier")}
}

func (p *room) entry(name string) (entry, bool) {
	for _, e := range p.entries {
		if e.Name == name {
			return e, true
		}
	}
	return entry{}, false
}

// start leads to a provider. It is a form, so that no other site can begin it; and it leads by a page, because a page's policy says that
// forms stay on this site.
func (p *room) start(w http.ResponseWriter, r *http.Request) int {
	e, ok := p.entry(r.PathValue("provider"))
	if !ok {
		return p.site.NotFound(w, r)
	}
	random := make([]byte, 32)
	if _, err := io.ReadFull(p.options.Rand, random); err != nil {
		return p.pages.Fail(w, r, err)
	}
	secret := base64.RawURLEncoding.EncodeToString(random)
	address, err := e.Address(r.Context(), flowOf(secret, e.Name))
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	p.set(w, "patient-flow", secret, 10*time.Minute)
	w.Header().Set("Refresh", "0; url="+address)
	w.Header().Set("Referrer-Policy", "no-referrer")
	l := p.pages.Words(r)
	return p.pages.Render(w, r, web.Page{Name: "go", Secret: true, Title: l.Must("my.go.title", e.Title), Station: "use",
		Data: struct{ Title, Address string }{e.Title, address}})
}

// finish takes what the browser brought back. Its address holds a code, so nothing is shown there but that nobody was let in.
func (p *room) finish(w http.ResponseWriter, r *http.Request) int {
	secret := p.get(r, "patient-flow")
	p.set(w, "patient-flow", "", 0)
	w.Header().Set("Referrer-Policy", "no-referrer")
	e, ok := p.entry(r.PathValue("provider"))
	if !ok {
		return p.site.NotFound(w, r)
	}
	if secret == "" {
		return p.refused(w, r, fault.New(fault.Denied, "provider %s answered a browser that didn't ask", e.Name))
	}
	who, err := e.Finish(r.Context(), flowOf(secret, e.Name), r.URL.Query())
	if err != nil {
		return p.refused(w, r, err)
	}
	return p.enter(w, r, individual.Identity{Issuer: who.Issuer, Subject: who.Subject}, e.level)
}

// refused is the one page for whoever isn't let in. Why stands in the log.
func (p *room) refused(w http.ResponseWriter, r *http.Request, err error) int {
	if fault.KindOf(err) != fault.Denied {
		return p.pages.Fail(w, r, err)
	}
	p.site.Log(r, err)
	return p.pages.Render(w, r, web.Page{Name: "refused", Status: http.StatusForbidden, Title: p.pages.Words(r).Must("my.refused.title"), Station: "use", Data: p.options.Phone})
}

// enter begins a session and makes it the browser's, in place of the one it had.
func (p *room) enter(w http.ResponseWriter, r *http.Request, who individual.Identity, level individual.Level) int {
	s, err := p.people.SignIn(r.Context(), who, level, p.options.Level)
	if err != nil {
		return p.refused(w, r, err)
	}
	if err := p.leave(r); err != nil {
		return p.pages.Fail(w, r, err)
	}
	p.set(w, "patient", s.Token, untilClosed)
	return web.SeeOther(w, r, "/my")
}

// demonstration is the issuer of those whom anybody may be. Nobody can be one of them in earnest.
const demonstration = "https://demonstration.invalid"

func (p *room) signInAs(w http.ResponseWriter, r *http.Request) int {
	f, err := web.ReadForm(w, r)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	for _, one := range p.options.As {
		if one.Individual != f.Get("individual") {
			continue
		}
		who, ok := p.people.Lookup(one.Individual)
		if !ok {
			break
		}
		as := individual.Identity{Issuer: demonstration, Subject: who.ID}
		err := p.options.DB.Write(r.Context(), func(tx *storage.Tx) error {
			_, err := p.people.Link(r.Context(), tx, "demonstration", "anybody may be this patient", who.Number, as, individual.High)
			return err
		})
		var e *fault.Error
		if err != nil && !(errors.As(err, &e) && e.Code == "individual.linked") {
			return p.pages.Fail(w, r, err)
		}
		return p.enter(w, r, as, individual.High)
	}
	return p.site.NotFound(w, r)
}

func (p *room) signOut(w http.ResponseWriter, r *http.Request) int {
	if err := p.leave(r); err != nil {
		return p.pages.Fail(w, r, err)
	}
	p.set(w, "patient", "", 0)
	return web.SeeOther(w, r, "/my/sign-in?out=yes")
}

func (p *room) leave(r *http.Request) error {
	token := p.get(r, "patient")
	if token == "" {
		return nil
	}
	return p.people.SignOut(r.Context(), token)
}

type chooseData struct {
	Self  bool
	Wards []ward
}

type ward struct {
	Link, ID string
	Born     time.Time
}

// choose leads to the one individual that a session is for, or asks for whom.
func (p *room) choose(w http.ResponseWriter, r *http.Request, s individual.Session) int {
	d := chooseData{Self: s.Known}
	for _, g := range s.Wards {
		if who, ok := p.people.Get(g.Individual); ok {
			d.Wards = append(d.Wards, ward{"/my/" + g.ID, who.ID, who.Born})
		}
	}
	switch {
	case d.Self && len(d.Wards) == 0:
		return web.SeeOther(w, r, "/my/"+me)
	case !d.Self && len(d.Wards) == 1:
		return web.SeeOther(w, r, d.Wards[0].Link)
	}
	return p.pages.Render(w, r, web.Page{Name: "choose", Title: p.pages.Words(r).Must("my.for.title"), Station: "use", Data: d})
}

// cookieName binds a cookie to this host, where the site has TLS.
func (p *room) cookieName(name string) string {
	if p.options.Secure {
		return "__Host-" + name
	}
	return "samverk-" + name
}

func (p *room) get(r *http.Request, name string) string {
	c, err := r.Cookie(p.cookieName(name))
	if err != nil || len(c.Value) > 200 {
		return ""
	}
	return c.Value
}

// untilClosed keeps a cookie until the browser is closed.
const untilClosed = 0

// set keeps a secret in the browser; none takes it away. Lax: a provider leads back here from its own site.
func (p *room) set(w http.ResponseWriter, name, value string, keep time.Duration) {
	c := &http.Cookie{ //nolint:gosec // Secure wherever there is TLS; a site on loopback has none
		Name: p.cookieName(name), Value: value, Path: "/", MaxAge: int(keep / time.Second), HttpOnly: true, Secure: p.options.Secure, SameSite: http.SameSiteLaxMode,
	}
	if value == "" {
		c.MaxAge = -1
	}
	http.SetCookie(w, c)
}
