package web

import (
	"net/http"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/web"
)

func (p *Room) movePage(r *http.Request, f *web.Form) web.Page {
	s, _ := p.session(r)
	return web.Page{Name: "address", Title: p.pages.Words(r).Must("address.title"), Form: f, Data: struct {
		Form *web.Form
		Has  bool
	}{f, s.Password}}
}

func (p *Room) moveForm(w http.ResponseWriter, r *http.Request) int {
	return p.pages.Render(w, r, p.movePage(r, web.NewForm()))
}

func (p *Room) move(w http.ResponseWriter, r *http.Request) int {
	f, err := web.ReadForm(w, r)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	if err := p.accounts.Move(r.Context(), actor(r), p.proof(r, f), f.Get("mail")); err != nil {
		return p.again(w, r, f, err, p.movePage(r, f))
	}
	return web.SeeOther(w, r, "/account?said=address")
}

func (p *Room) movingForm(w http.ResponseWriter, r *http.Request) int {
	mail, err := p.accounts.Moving(r.Context(), p.get(r, "address"))
	switch {
	case fault.KindOf(err) == fault.NotFound:
		return p.gone(w, r, "address")
	case err != nil:
		return p.pages.Fail(w, r, err)
	}
	return p.pages.Render(w, r, web.Page{Name: "moving", Title: p.pages.Words(r).Must("moving.title"), Data: mail})
}

func (p *Room) moved(w http.ResponseWriter, r *http.Request) int {
	err := p.accounts.Moved(r.Context(), p.get(r, "address"), p.from(r))
	switch {
	case fault.KindOf(err) == fault.NotFound:
		return p.gone(w, r, "address")
	case err != nil:
		return p.pages.Fail(w, r, err)
	}
	p.set(w, "address", "", 0)
	if web.SignedIn(r) {
		return web.SeeOther(w, r, "/account?said=moved")
	}
	return web.SeeOther(w, r, "/sign-in?said=moved")
}
