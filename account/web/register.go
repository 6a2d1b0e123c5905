package web

import (
	"embed"
	"errors"
	"net/http"
	"time"

	"github.com/samverk/samverk/account"
	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/web"
	"github.com/samverk/samverk/web/route"
)

//go:embed all:pages messages
var files embed.FS

// Options of the pages.
type Options struct {
	Proxy bool      // a proxy of ours stands in front and says who asks in X-Forwarded-For
	As    []Persona // whom one can sign in as, in a demonstration

	// Programs are the addresses to which programs come, by how they begin, with what answers when an access token isn't good, or can't be
	// checked. Only there a token says who asks, and then no cookie does.
	Programs map[string]func(w http.ResponseWriter, r *http.Request, status int, err error)
	Note     func(error) // of visas that are passed over; nil: nowhere
}

// Persona is somebody whom anybody can sign in as, in a demonstration.
type Persona struct {
	Person network.PersonID
	Name   string
	Is     network.Text // "Chair of the steering group"

	Patient string // the id of whom data are about, when it is one of them and nobody of the network
}

// Room is the pages.
type Room struct {
	accounts *account.Accounts
	site     *web.Site
	pages    *web.Pages
	options  Options
	table    *route.Table
}

// New reads the pages. Wrap goes around the table, and Register into it.
func New(site *web.Site, accounts *account.Accounts, o Options) (*Room, error) {
	pages, err := site.Room(files)
	if err != nil {
		return nil, err
	}
	return &Room{accounts: accounts, site: site, pages: pages, options: o}, nil
}

// Register puts the pages into the table.
func (p *Room) Register(t *route.Table) {
	p.table = t
	add := func(method, pattern string, who route.Caller, does string, serve func(http.ResponseWriter, *http.Request) int) {
		t.Add(route.Route{Method: method, Pattern: pattern, Who: who, Does: does, Serve: serve})
	}
	add("GET", "/sign-in", route.Anyone, "Shows the form for signing in.", p.signInForm)
	add("POST", "/sign-in", route.Anyone, "Signs in with a password.", p.signIn)
	add("POST", "/sign-out", route.Anyone, "Ends this browser's session.", p.signOut)
	add("POST", "/sign-in/with/{provider}", route.Anyone, "Begins a sign-in at a provider and leads there.", p.start)
	add("GET", "/sign-in/at/{provider}/back", route.Anyone, "Takes the answer of a provider.", p.finish)
	if p.accounts.Demo() {
		add("POST", "/sign-in/as", route.Anyone, "Signs in as one of the demonstration's people.", p.signInAs)
	}
	add("GET", "/invitation/{token}", route.Anyone, "Takes an invitation's secret out of the address.", p.keep("invitation", "/invitation"))
	add("GET", "/invitation", route.Anyone, "Shows an invitation.", p.invitation)
	add("POST", "/invitation", route.Anyone, "Accepts an invitation with a password.", p.accept)
	add("POST", "/invitation/accept", route.SignedIn, "Accepts an invitation with the account one has.", p.acceptAs)
	add("GET", "/recover", route.Anyone, "Shows the form for who has forgotten the password.", p.recoverForm)
	add("POST", "/recover", route.Anyone, "Mails a link for a new password.", p.recover)
	add("GET", "/recover/sent", route.Anyone, "Says that the mail is on its way, if the address is known.", p.sent)
	add("GET", "/recover/{token}", route.Anyone, "Takes a recovery's secret out of the address.", p.keep("recovery", "/recover/new"))
	add("GET", "/recover/new", route.Anyone, "Shows the form for a new password.", p.resetForm)
	add("POST", "/recover/new", route.Anyone, "Sets a new password.", p.reset)
	add("GET", "/setup/{token}", route.Anyone, "Takes the first start's secret out of the address.", p.keep("setup", "/sign-in/first"))
	add("GET", "/sign-in/first", route.Anyone, "Shows the form for the first account.", p.setupForm)
	add("POST", "/sign-in/first", route.Anyone, "Makes the first account.", p.setup)

	add("GET", "/sign-in/address/{token}", route.Anyone, "Takes a new mail address's secret out of the address.", p.keep("address", "/sign-in/address"))
	add("GET", "/sign-in/address", route.Anyone, "Asks whether a new mail address is to be the account's.", p.movingForm)
	add("POST", "/sign-in/address", route.Anyone, "Makes a new mail address the account's.", p.moved)

	add("GET", "/account", route.Owner, "Shows one's own account.", p.account)
	add("GET", "/account/log", route.Owner, "Lists when and where one's account was used, as a page, CSV or JSON.", p.log)
	add("POST", "/account/mail", route.Owner, "Changes the language and frequency of one's mail.", p.mail)
	add("GET", "/account/password", route.Owner, "Shows the form for another password.", p.passwordForm)
	add("POST", "/account/password", route.Owner, "Changes one's password.", p.password)
	add("GET", "/account/address", route.Owner, "Shows the form for another mail address.", p.moveForm)
	add("POST", "/account/address", route.Owner, "Mails a link to another address, to make it the account's.", p.move)
	add("POST", "/account/sessions/{id}/end", route.Owner, "Ends one of one's sessions.", p.endSession)
	add("POST", "/account/sessions/end-others", route.Owner, "Ends all of one's other sessions.", p.endOthers)
	add("GET", "/account/link/{provider}", route.Owner, "Asks for the password before a provider is linked.", p.confirm("link"))
	add("POST", "/account/link/{provider}", route.Owner, "Begins linking a provider.", p.link)
	add("GET", "/account/identities/{id}", route.Owner, "Asks for the password before a provider is unlinked.", p.confirm("unlink"))
	add("POST", "/account/identities/{id}", route.Owner, "Unlinks a provider.", p.unlink)
	add("POST", "/account/feeds", route.Owner, "Makes a secret calendar address anew.", p.makeFeed)
	add("POST", "/account/feeds/{id}/revoke", route.Owner, "Revokes a secret calendar address.", p.revokeFeed)
	add("GET", "/account/erase", route.Owner, "Asks before one's account is erased.", p.confirm("erase"))
	add("POST", "/account/erase", route.Owner, "Erases one's account.", p.erase)
}

// keep moves a secret from the address to a cookie, and leads to where it is used.
func (p *Room) keep(name, to string) func(http.ResponseWriter, *http.Request) int {
	return func(w http.ResponseWriter, r *http.Request) int {
		p.set(w, name, r.PathValue("token"), time.Hour)
		w.Header().Set("Referrer-Policy", "no-referrer")
		return web.SeeOther(w, r, to)
	}
}

// gone says that a link is used or too old; 404, as for one that never was.
func (p *Room) gone(w http.ResponseWriter, r *http.Request, name string) int {
	p.set(w, name, "", 0)
	l := p.pages.Words(r)
	title := l.Must("gone." + name)
	return p.pages.Render(w, r, web.Page{Name: "gone", Status: http.StatusNotFound, Title: title, Data: struct{ Heading, Do string }{title, l.Must("gone." + name + ".do")}})
}

// took shows in a form what a room refused: also that one has to wait, or that the password is wrong. What it gives is the
// status of the page; 0 when the fault is none of the form's.
func (p *Room) took(w http.ResponseWriter, r *http.Request, f *web.Form, err error) int {
	l := p.pages.Words(r)
	if f.Fault(l, err) {
		return f.Status()
	}
	var e *fault.Error
	if !errors.As(err, &e) || e.Code == "" || !l.Has("fault."+e.Code) {
		return 0
	}
	text := l.Must("fault."+e.Code, e.Args...)
	if l.Has("fault." + e.Code + ".do") {
		text += " " + l.Must("fault."+e.Code+".do", e.Args...)
	}
	f.Wrong("", text)
	switch e.Code {
	case "account.wait":
		w.Header().Set("Retry-After", "60")
		return http.StatusTooManyRequests
	case "account.busy":
		return http.StatusServiceUnavailable
	}
	return http.StatusForbidden
}

// again sends the page of a form that was not taken, or the page for the fault.
func (p *Room) again(w http.ResponseWriter, r *http.Request, f *web.Form, err error, page web.Page) int {
	if page.Status = p.took(w, r, f, err); page.Status == 0 {
		return p.pages.Fail(w, r, err)
	}
	page.Form = f
	return p.pages.Render(w, r, page)
}
