package web

import (
	"cmp"
	"net/http"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/web"
)

type formData struct {
	Form   *web.Form
	Mail   string
	Linked []web.Option // providers, to be unlinked with the old password
	Mails  bool         // mail leaves this site
}

func (p *Room) recoverPage(r *http.Request, f *web.Form) web.Page {
	return web.Page{Name: "recover", Title: p.pages.Words(r).Must("recover.title"), Form: f, Data: formData{Form: f, Mails: p.accounts.Mails()}}
}

// recoverForm is only words where no mail leaves the site: a coordinator makes the link there.
func (p *Room) recoverForm(w http.ResponseWriter, r *http.Request) int {
	return p.pages.Render(w, r, p.recoverPage(r, web.NewForm()))
}

func (p *Room) recover(w http.ResponseWriter, r *http.Request) int {
	f, err := web.ReadForm(w, r)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	if f.Get("username") == "" {
		f.Wrong("username", p.pages.Words(r).Must("signin.username.lacks"))
		return p.pages.Render(w, r, p.recoverPage(r, f))
	}
	if err := p.accounts.Recover(r.Context(), f.Get("username"), p.from(r)); err != nil {
		return p.again(w, r, f, err, p.recoverPage(r, f))
	}
	return web.SeeOther(w, r, "/recover/sent")
}

func (p *Room) sent(w http.ResponseWriter, r *http.Request) int {
	return p.pages.Render(w, r, web.Page{Name: "sent", Title: p.pages.Words(r).Must("sent.title")})
}

// recovering gives the page for a new password.
func (p *Room) recovering(r *http.Request, f *web.Form) (web.Page, error) {
	mail, linked, err := p.accounts.Recovering(r.Context(), p.get(r, "recovery"))
	f.Set("username", mail)
	l := p.pages.Words(r)
	d := formData{Form: f, Mail: mail}
	for _, i := range linked {
		d.Linked = append(d.Linked, web.Option{Value: i.ID, Text: cmp.Or(i.Title, i.Provider), Help: l.Must("reset.linked.since", l.Day(i.Linked))})
	}
	return web.Page{Name: "reset", Title: l.Must("reset.title"), Form: f, Data: d}, err
}

func (p *Room) resetForm(w http.ResponseWriter, r *http.Request) int {
	page, err := p.recovering(r, web.NewForm())
	switch {
	case fault.KindOf(err) == fault.NotFound:
		return p.gone(w, r, "recovery")
	case err != nil:
		return p.pages.Fail(w, r, err)
	}
	return p.pages.Render(w, r, page)
}

func (p *Room) reset(w http.ResponseWriter, r *http.Request) int {
	f, err := web.ReadForm(w, r)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	err = p.accounts.Reset(r.Context(), p.get(r, "recovery"), f.Raw("password"), f.All("unlink"), p.from(r))
	if fault.KindOf(err) == fault.NotFound {
		return p.gone(w, r, "recovery")
	}
	if err != nil {
		page, recoveringErr := p.recovering(r, f)
		if recoveringErr != nil {
			return p.pages.Fail(w, r, recoveringErr)
		}
		return p.again(w, r, f, err, page)
	}
	p.set(w, "recovery", "", 0)
	return web.SeeOther(w, r, "/sign-in?said=reset")
}
