package web

import (
	"net/http"
	"time"

	"github.com/samverk/samverk/account"
	"github.com/samverk/samverk/account/openid"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/notice"
	"github.com/samverk/samverk/web"
)

type accountData struct {
	Mine        account.Account
	Session     account.Session // this browser's
	Sessions    []sessionRow
	Identities  []account.Identity
	Linkable    []openid.Provider
	Feeds       []feed
	Own         bool // one's own calendar has an address
	Made        string
	Mail        *web.Form
	Langs       []web.Option
	Frequencies []web.Option
	Zones       []web.Option
	Zone        *time.Location
	Idle        time.Duration
	Profile     bool // there is a page for it
	Said        string
}

// sessionRow is a session, with how it was begun in the reader's words.
type sessionRow struct {
	account.Session
	Through string
}

// feed is a secret calendar address, with what its body is called, in which language.
type feed struct {
	account.FeedLink
	Body, Lang string
}

// zones are those of the countries whose networks these are; whoever lives elsewhere keeps their own.
var zones = []string{"Europe/Stockholm", "Europe/Oslo", "Europe/Copenhagen", "Europe/Helsinki", "Atlantic/Reykjavik"}

// overview reads all that the account's page shows.
func (p *Room) overview(w http.ResponseWriter, r *http.Request, mail *web.Form) (web.Page, error) {
	ctx, who, l := r.Context(), actor(r), p.pages.Words(r)
	d := accountData{Langs: languages(), Mail: mail, Idle: p.accounts.Idle(), Profile: p.table.Has(http.MethodGet, "/me")}
	d.Session, _ = p.session(r)
	var err error
	if d.Mine, err = p.accounts.Mine(ctx, who); err != nil {
		return web.Page{}, err
	}
	sessions, err := p.accounts.Sessions(ctx, who)
	if err != nil {
		return web.Page{}, err
	}
	for _, s := range sessions {
		d.Sessions = append(d.Sessions, sessionRow{s, p.via(l, s.Via)})
	}
	if d.Identities, err = p.accounts.Identities(ctx, who); err != nil {
		return web.Page{}, err
	}
	if err := p.feeds(r, &d); err != nil {
		return web.Page{}, err
	}
	to, err := p.accounts.MailOf(ctx, who)
	if err != nil {
		return web.Page{}, err
	}
	p.choices(l, &d, to)
	if said := "account.said." + r.URL.Query().Get("said"); l.Has(said) {
		d.Said = l.Must(said)
	}
	if token := p.get(r, "feed"); token != "" {
		d.Made = p.accounts.FeedAddress(token)
		p.set(w, "feed", "", 0)
	}
	return web.Page{Name: "account", Title: l.Must("account.title"), Form: mail, Data: d, Secret: d.Made != ""}, nil
}

func (p *Room) feeds(r *http.Request, d *accountData) error {
	list, err := p.accounts.Feeds(r.Context(), actor(r))
	for _, f := range list {
		one := feed{FeedLink: f}
		one.Body, one.Lang = f.Name.In(p.pages.Words(r).Code)
		d.Own = d.Own || f.Scope == "person"
		d.Feeds = append(d.Feeds, one)
	}
	return err
}

// choices fills what can be chosen.
func (p *Room) choices(l *web.Words, d *accountData, to notice.Recipient) {
	linked := map[string]bool{}
	for _, i := range d.Identities {
		linked[i.Provider] = true
	}
	for _, one := range p.accounts.Providers() {
		if !linked[one.Name] {
			d.Linkable = append(d.Linkable, one)
		}
	}
	for _, f := range notice.Frequencies {
		d.Frequencies = append(d.Frequencies, web.Option{Value: string(f), Text: l.Must("mail.frequency." + string(f))})
	}
	known := false
	for _, z := range zones {
		known = known || z == to.Zone
		d.Zones = append(d.Zones, web.Option{Value: z, Text: l.Must("zone." + z)})
	}
	if !known {
		d.Zones = append(d.Zones, web.Option{Value: to.Zone, Text: to.Zone})
	}
	if d.Mail == nil {
		d.Mail = web.NewForm("lang", to.Lang, "frequency", string(to.Frequency), "zone", to.Zone)
	}
	d.Zone = zoneOf(to.Zone)
}

func (p *Room) account(w http.ResponseWriter, r *http.Request) int {
	page, err := p.overview(w, r, nil)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	return p.pages.Render(w, r, page)
}

func (p *Room) mail(w http.ResponseWriter, r *http.Request) int {
	f, err := web.ReadForm(w, r)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	err = p.accounts.SetMail(r.Context(), actor(r), f.Get("lang"), notice.Frequency(f.Get("frequency")), f.Get("zone"))
	if err == nil {
		return web.SeeOther(w, r, "/account?said=mail#mail")
	}
	page, overviewErr := p.overview(w, r, f)
	if overviewErr != nil {
		return p.pages.Fail(w, r, overviewErr)
	}
	return p.again(w, r, f, err, page)
}

func (p *Room) passwordPage(r *http.Request, f *web.Form) web.Page {
	s, _ := p.session(r)
	return web.Page{Name: "password", Title: p.pages.Words(r).Must("password.title"), Form: f, Data: struct {
		Form *web.Form
		Has  bool
	}{f, s.Password}}
}

func (p *Room) passwordForm(w http.ResponseWriter, r *http.Request) int {
	mine, err := p.accounts.Mine(r.Context(), actor(r))
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	return p.pages.Render(w, r, p.passwordPage(r, web.NewForm("username", mine.Mail, "end", "yes")))
}

// proof is what the person typed to show that it is they.
func (p *Room) proof(r *http.Request, f *web.Form) account.Proof {
	s, _ := p.session(r)
	f.Values["current"] = f.Values["current"][:min(1, len(f.Values["current"]))]
	return account.Proof{Password: f.Raw("current"), Session: s.ID, From: p.from(r)}
}

// Prove refuses whoever found an open browser, for other rooms' pages: the form has a field "current" for the password.
func (p *Room) Prove(r *http.Request, f *web.Form) error {
	return p.accounts.Prove(r.Context(), actor(r), p.proof(r, f))
}

func (p *Room) password(w http.ResponseWriter, r *http.Request) int {
	f, err := web.ReadForm(w, r)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	end := f.Has("end", "yes")
	if err := p.accounts.ChangePassword(r.Context(), actor(r), p.proof(r, f), f.Raw("password"), end); err != nil {
		return p.again(w, r, f, err, p.passwordPage(r, f))
	}
	if err := p.renew(w, r); err != nil {
		return p.pages.Fail(w, r, err)
	}
	if !end {
		return web.SeeOther(w, r, "/account?said=password.kept")
	}
	return web.SeeOther(w, r, "/account?said=password")
}

func (p *Room) endSession(w http.ResponseWriter, r *http.Request) int {
	if err := p.accounts.Revoke(r.Context(), actor(r), r.PathValue("id"), p.from(r)); err != nil {
		return p.pages.Fail(w, r, err)
	}
	return web.SeeOther(w, r, "/account?said=ended#sessions")
}

func (p *Room) endOthers(w http.ResponseWriter, r *http.Request) int {
	s, _ := p.session(r)
	if err := p.accounts.RevokeOthers(r.Context(), actor(r), s.ID, p.from(r)); err != nil {
		return p.pages.Fail(w, r, err)
	}
	return web.SeeOther(w, r, "/account?said=others#sessions")
}

type confirmData struct {
	Form         *web.Form
	What         string // link, unlink or erase: chooses the sentences
	Title, About string // the provider's
	Has          bool   // a password to confirm with
	Danger       bool
}

// confirmPage asks for the password before something is done.
func (p *Room) confirmPage(r *http.Request, what string, f *web.Form) (web.Page, error) {
	l := p.pages.Words(r)
	s, _ := p.session(r)
	d := confirmData{Form: f, What: what, Has: s.Password, Danger: what == "erase"}
	provider, err := p.titleOf(r, what)
	if err != nil {
		return web.Page{}, err
	}
	args := []any{}
	if provider != "" {
		args = append(args, provider)
	}
	d.Title, d.About = l.Must("confirm."+what, args...), l.Must("confirm."+what+".text", args...)
	return web.Page{Name: "confirm", Title: d.Title, Form: f, Data: d}, nil
}

// titleOf gives what the provider is called that a page is about.
func (p *Room) titleOf(r *http.Request, what string) (string, error) {
	switch what {
	case "link":
		for _, one := range p.accounts.Providers() {
			if one.Name == r.PathValue("provider") {
				return one.Title, nil
			}
		}
		return "", network.Absent()
	case "unlink":
		list, err := p.accounts.Identities(r.Context(), actor(r))
		for _, i := range list {
			if i.ID == r.PathValue("id") {
				if i.Title == "" {
					return i.Provider, nil
				}
				return i.Title, nil
			}
		}
		if err == nil {
			err = network.Absent()
		}
		return "", err
	}
	return "", nil
}

func (p *Room) confirm(what string) func(http.ResponseWriter, *http.Request) int {
	return func(w http.ResponseWriter, r *http.Request) int {
		page, err := p.confirmPage(r, what, web.NewForm())
		if err != nil {
			return p.pages.Fail(w, r, err)
		}
		return p.pages.Render(w, r, page)
	}
}

// confirmed reads the form, does what it confirms, and shows the form again if that was refused.
func (p *Room) confirmed(w http.ResponseWriter, r *http.Request, what string, do func(account.Proof) (status int, err error)) int {
	f, err := web.ReadForm(w, r)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	page, err := p.confirmPage(r, what, f)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	status, err := do(p.proof(r, f))
	if err != nil {
		return p.again(w, r, f, err, page)
	}
	return status
}

// link begins linking a provider.
func (p *Room) link(w http.ResponseWriter, r *http.Request) int {
	return p.confirmed(w, r, "link", func(proof account.Proof) (int, error) {
		return p.onward(w, r, r.PathValue("provider"), account.Purpose{Link: actor(r), Proof: proof, Back: "/account"}, "/account")
	})
}

func (p *Room) unlink(w http.ResponseWriter, r *http.Request) int {
	return p.confirmed(w, r, "unlink", func(proof account.Proof) (int, error) {
		if err := p.accounts.Unlink(r.Context(), actor(r), r.PathValue("id"), proof); err != nil {
			return 0, err
		}
		return web.SeeOther(w, r, "/account?said=unlinked#ways"), nil
	})
}

func (p *Room) erase(w http.ResponseWriter, r *http.Request) int {
	return p.confirmed(w, r, "erase", func(proof account.Proof) (int, error) {
		if err := p.accounts.Erase(r.Context(), actor(r), proof); err != nil {
			return 0, err
		}
		p.set(w, "session", "", 0)
		p.set(w, "device", "", 0)
		return web.SeeOther(w, r, "/sign-in?said=erased"), nil
	})
}

// makeFeed makes a secret address and shows it once: it is kept nowhere but in the calendar that follows it.
func (p *Room) makeFeed(w http.ResponseWriter, r *http.Request) int {
	f, err := web.ReadForm(w, r)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	token, err := p.accounts.MakeFeed(r.Context(), actor(r), f.Get("scope"), network.BodyID(f.Get("subject")))
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	p.set(w, "feed", token, time.Minute)
	return web.SeeOther(w, r, "/account#feeds")
}

func (p *Room) revokeFeed(w http.ResponseWriter, r *http.Request) int {
	if err := p.accounts.RevokeFeed(r.Context(), actor(r), r.PathValue("id")); err != nil {
		return p.pages.Fail(w, r, err)
	}
	return web.SeeOther(w, r, "/account?said=feed#feeds")
}

// via says through what somebody signed in.
func (p *Room) via(l *web.Words, via string) string {
	if key := "via." + via; l.Has(key) {
		return l.Must(key)
	}
	for _, one := range p.accounts.Providers() {
		if one.Name == via {
			return one.Title
		}
	}
	return via
}

// How many events a page shows, and a file holds.
const logged, exported = 50, 1000

type eventRow struct {
	account.Event
	What string
}

type logData struct {
	Events  []eventRow
	Pager   web.Pager
	Formats web.Formats
	Zone    *time.Location
}

func (p *Room) log(w http.ResponseWriter, r *http.Request) int {
	format, err := web.FormatOf(r)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	if format != "" {
		return p.logFile(w, r, format)
	}
	l := p.pages.Words(r)
	list, err := p.accounts.Events(r.Context(), actor(r), r.URL.Query().Get("after"), logged+1)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	to, err := p.accounts.MailOf(r.Context(), actor(r))
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	d := logData{Zone: zoneOf(to.Zone), Formats: web.FormatsAt(r.URL.RequestURI())}
	next := ""
	if len(list) > logged {
		list = list[:logged]
		next = list[logged-1].ID
	}
	d.Pager = web.PagerAt(r.URL.RequestURI(), next)
	for _, e := range list {
		row := eventRow{e, l.Must("event." + e.Kind)}
		if e.Detail != "" {
			row.What = l.Must("event.by", row.What, p.via(l, e.Detail))
		}
		d.Events = append(d.Events, row)
	}
	return p.pages.Render(w, r, web.Page{Name: "log", Title: l.Must("log.title"), Data: d})
}

func (p *Room) logFile(w http.ResponseWriter, r *http.Request, format string) int {
	list, err := p.accounts.Events(r.Context(), actor(r), "", exported)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	e := web.NewExport(w, format, "account-log", "at", "kind", "through", "browser", "address")
	for _, one := range list {
		if err := e.Row(one.At.Format(time.RFC3339), one.Kind, one.Detail, one.Browser, one.Place); err != nil {
			e.Cut()
			return p.pages.Fail(w, r, err)
		}
	}
	return e.End()
}

func zoneOf(name string) *time.Location {
	zone, err := time.LoadLocation(name)
	if err != nil {
		return time.UTC
	}
	return zone
}
