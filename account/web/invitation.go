package web

import (
	"net/http"

	"github.com/samverk/samverk/account"
	"github.com/samverk/samverk/account/openid"
	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/web"
)

type invitationData struct {
	Form      *web.Form
	Invited   account.Invitation
	Providers []openid.Provider
	As        string // who is signed in
	Networks  []offered
	Seats     []offered
}

// offered is something one is invited to, named in the reader's language or the one it is written in.
type offered struct {
	Name, Lang   string
	Role, Sector string // of a seat
}

func offer(o account.Offer, code string) (networks, seats []offered) {
	for _, n := range o.Networks {
		name, in := n.Name.In(code)
		networks = append(networks, offered{Name: name, Lang: in})
	}
	for _, s := range o.Seats {
		name, in := s.Name.In(code)
		seats = append(seats, offered{Name: name, Lang: in, Role: string(s.Role), Sector: string(s.Sector)})
	}
	return networks, seats
}

// invited gives the page of the invitation that this browser holds.
func (p *Room) invited(r *http.Request, f *web.Form) (web.Page, error) {
	i, err := p.accounts.Invited(r.Context(), p.get(r, "invitation"))
	var o account.Offer
	if err == nil {
		o, err = p.accounts.Offered(r.Context(), p.get(r, "invitation"))
	}
	f.Set("username", i.Mail)
	networks, seats := offer(o, p.pages.Words(r).Code)
	return web.Page{Name: "invitation", Title: p.pages.Words(r).Must("invitation.title"), Form: f,
		Data: invitationData{Form: f, Invited: i, Providers: p.accounts.Providers(), As: web.ViewerOf(r).Name, Networks: networks, Seats: seats}}, err
}

// asked gives the page of the invitation that this browser holds, if it is the one that the form was for. Another site can lead a browser
// to another's invitation while this one's page is open.
func (p *Room) asked(r *http.Request, f *web.Form) (web.Page, error) {
	page, err := p.invited(r, f)
	if d, ok := page.Data.(invitationData); err == nil && ok && d.Invited.ID != f.Get("invitation") {
		err = fault.New(fault.Conflict, "the form was for another invitation").Say("account.invitation.other")
	}
	return page, err
}

// invitationAgain sends the page again with what went wrong, or says that the invitation is gone.
func (p *Room) invitationAgain(w http.ResponseWriter, r *http.Request, f *web.Form, err error, page web.Page) int {
	if fault.KindOf(err) == fault.NotFound {
		return p.gone(w, r, "invitation")
	}
	return p.again(w, r, f, err, page)
}

func (p *Room) invitation(w http.ResponseWriter, r *http.Request) int {
	page, err := p.invited(r, web.NewForm())
	switch {
	case fault.KindOf(err) == fault.NotFound:
		return p.gone(w, r, "invitation")
	case err != nil:
		return p.pages.Fail(w, r, err)
	}
	return p.pages.Render(w, r, page)
}

func (p *Room) accept(w http.ResponseWriter, r *http.Request) int {
	f, err := web.ReadForm(w, r)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	page, err := p.asked(r, f)
	if err != nil {
		return p.invitationAgain(w, r, f, err, page)
	}
	s, err := p.accounts.Accept(r.Context(), p.get(r, "invitation"), f.Raw("password"), p.from(r))
	if err != nil {
		return p.invitationAgain(w, r, f, err, page)
	}
	p.set(w, "invitation", "", 0)
	return p.entered(w, r, s, "/")
}

// acceptAs accepts with the account that is signed in.
func (p *Room) acceptAs(w http.ResponseWriter, r *http.Request) int {
	f, err := web.ReadForm(w, r)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	page, err := p.asked(r, f)
	if err == nil {
		err = p.accounts.AcceptAs(r.Context(), actor(r), p.get(r, "invitation"), p.from(r))
	}
	if err != nil {
		return p.invitationAgain(w, r, f, err, page)
	}
	p.set(w, "invitation", "", 0)
	return web.SeeOther(w, r, "/")
}

func (p *Room) setupPage(r *http.Request, f *web.Form) web.Page {
	return web.Page{Name: "setup", Title: p.pages.Words(r).Must("setup.title"), Form: f, Data: struct {
		Form  *web.Form
		Langs []web.Option
	}{f, languages()}}
}

func languages() []web.Option {
	return []web.Option{{Value: "sv", Text: "Svenska"}, {Value: "nb", Text: "Norsk bokmål"}, {Value: "en", Text: "English"}}
}

func (p *Room) setupForm(w http.ResponseWriter, r *http.Request) int {
	begun, err := p.accounts.Begun(r.Context())
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	if i, err := p.accounts.Invited(r.Context(), p.get(r, "setup")); begun || err != nil || i.Person != "" {
		return p.gone(w, r, "setup")
	}
	return p.pages.Render(w, r, p.setupPage(r, web.NewForm("lang", p.pages.Words(r).Code)))
}

func (p *Room) setup(w http.ResponseWriter, r *http.Request) int {
	f, err := web.ReadForm(w, r)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	first := account.First{Name: f.Get("name"), Mail: f.Get("mail"), Lang: f.Get("lang"), Password: f.Raw("password")}
	s, err := p.accounts.SetUp(r.Context(), p.get(r, "setup"), first, p.from(r))
	if fault.KindOf(err) == fault.NotFound {
		return p.gone(w, r, "setup")
	}
	if err != nil {
		return p.again(w, r, f, err, p.setupPage(r, f))
	}
	p.set(w, "setup", "", 0)
	return p.entered(w, r, s, "/")
}
