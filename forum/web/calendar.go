package web

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/samverk/samverk/forum"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/storage"
	"github.com/samverk/samverk/web"
	"github.com/samverk/samverk/web/route"
)

// calendars are the pages of meetings by month, and what programs follow.
func (p *room) calendars() []route.Route {
	return []route.Route{
		{Method: "GET", Pattern: "/n/{network}/calendar", Who: route.Anyone, Does: "Meetings month by month, as far as the reader may see them.", Serve: p.in(p.calendar)},
		{Method: "GET", Pattern: "/n/{network}/bodies/{body}/calendar", Who: route.Anyone, Does: "A body's meetings month by month.", Serve: p.in(p.calendar)},
		{Method: "GET", Pattern: "/n/{network}/calendar.ics", Who: route.Anyone, Does: "The network's public meetings as a calendar to follow.", Serve: p.in(p.publicCalendar)},
		{Method: "GET", Pattern: "/n/{network}/bodies/{body}/calendar.ics", Who: route.Anyone, Does: "A body's public meetings as a calendar to follow.", Serve: p.in(p.publicCalendar)},
		{Method: "GET", Pattern: "/n/{network}/decisions.atom", Who: route.Anyone, Does: "The network's public decisions and news as a feed.", Serve: p.in(p.news)},
		{Method: "GET", Pattern: "/n/{network}/bodies/{body}/decisions.atom", Who: route.Anyone, Does: "A body's public decisions and news as a feed.", Serve: p.in(p.news)},
		{Method: "GET", Pattern: "/feeds/{feed}", Who: route.Anyone, Does: "A calendar at a secret address: what its person may see.", Serve: p.secretCalendar},
	}
}

// The page shows this many months and no more than so many meetings.
const (
	calendarMonths = 6
	calendarRows   = 200
)

type calendarData struct {
	Home, Here     string
	Lede           string
	Months         []month
	From           time.Time
	Earlier, Later string
	Today          string
	Form           *web.Form // nil where the address names a body
	Bodies         []web.Option
	ICS            string
	Public         []group
	Account        string
	All            string // the meetings as a list
	Formats        web.Formats
}

type month struct {
	Start    time.Time
	Meetings []meetingRow
}

// bodyOf finds the body of the address, if there is one there, as far as a reader may see it.
func (p *room) bodyOf(ctx context.Context, who network.Actor, n *network.Network, id network.BodyID) (b network.Body, err error) {
	if id == "" {
		return b, nil
	}
	err = p.network.Look(ctx, who, func(tx *storage.Tx, a network.Access) error {
		if b, err = p.network.Body(ctx, tx, id); err != nil {
			return err
		}
		if b.Root != n.ID || !a.Sees(b.Scope()) {
			return network.Absent()
		}
		return nil
	})
	return b, err
}

func (p *room) calendar(w http.ResponseWriter, r *http.Request, n *network.Network) int {
	l, who, at := p.pages.Words(r), actor(r), zoneOf(n)
	b, err := p.bodyOf(r.Context(), who, n, network.BodyID(r.PathValue("body")))
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	names, err := p.bodyNames(r, who, n)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	from := p.fromMonth(r, at)
	q := forum.MeetingFilter{Root: n.ID, Body: b.ID, From: from, To: from.AddDate(0, calendarMonths, 0), Limit: calendarRows}
	if id := network.BodyID(r.URL.Query().Get("body")); b.ID == "" && names[id].Text != "" {
		q.Body = id
	}
	meetings, err := p.forum.Meetings(r.Context(), who, q)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	d := calendarData{Home: home(n), Here: r.URL.Path, Lede: l.Must("cal.lede"), From: from, ICS: home(n) + "/calendar.ics", Formats: web.FormatsAt(home(n) + "/meetings?body=" + url.QueryEscape(string(q.Body))),
		Account: p.where("/account"), All: home(n) + "/meetings?body=" + url.QueryEscape(string(q.Body)), Earlier: with(r, "from", monthName(from.AddDate(0, -calendarMonths, 0))), Later: with(r, "from", monthName(from.AddDate(0, calendarMonths, 0)))}
	if monthName(from) != monthName(p.network.Now().In(at)) {
		d.Today = with(r, "from", "")
	}
	for _, m := range meetings {
		start := time.Date(m.Starts.Year(), m.Starts.Month(), 1, 0, 0, 0, 0, at)
		if len(d.Months) == 0 || !d.Months[len(d.Months)-1].Start.Equal(start) {
			d.Months = append(d.Months, month{Start: start})
		}
		last := &d.Months[len(d.Months)-1]
		last.Meetings = append(last.Meetings, newMeetingRow(l, n, m, names))
	}
	page := web.Page{Name: "calendar", Title: l.Must("cal.title"), Public: true, Feeds: p.networkFeeds(l, n), Crumbs: crumb(l, n, l.Must("cal.title"), "")}
	if b.ID != "" {
		bodyCalendar(l, n, b, &page, &d)
	} else if err := p.calendarChoices(r, n, names, q.Body, &d); err != nil {
		return p.pages.Fail(w, r, err)
	}
	page.Data = d
	return p.pages.Render(w, r, page)
}

// bodyCalendar makes the page a body's.
func bodyCalendar(l *web.Words, n *network.Network, b network.Body, page *web.Page, d *calendarData) {
	at, name := home(n)+"/bodies/"+string(b.ID), text(l, b.Name)
	d.Lede, d.ICS = l.Must("cal.lede.body"), at+"/calendar.ics"
	page.Title = l.Must("cal.title.body", name)
	page.Crumbs = crumb(l, n, name, at, l.Must("cal.title"), "")
	if b.Visibility == network.Public {
		page.Feeds = bodyFeeds(l, n, b)
	} else {
		d.ICS, page.Feeds = "", nil
	}
}

// calendarChoices are the bodies one can choose, and the calendars that are public.
func (p *room) calendarChoices(r *http.Request, n *network.Network, names map[network.BodyID]said, chosen network.BodyID, d *calendarData) (err error) {
	l := p.pages.Words(r)
	d.Form = web.NewForm("body", string(chosen))
	for id, name := range names {
		d.Bodies = append(d.Bodies, web.Option{Value: string(id), Text: name.Text})
	}
	sortOptions(l, d.Bodies)
	d.Bodies = append([]web.Option{{Text: l.Must("cal.body.all")}}, d.Bodies...)
	d.Public, err = p.groups(r, n)
	return err
}

// fromMonth reads the month a page begins with: ?from=2026-12. This month, where it says nothing that can be read.
func (p *room) fromMonth(r *http.Request, at *time.Location) time.Time {
	if t, err := time.ParseInLocation("2006-01", r.URL.Query().Get("from"), at); err == nil && t.Year() > 1900 && t.Year() < 3000 {
		return t
	}
	now := p.network.Now().In(at)
	return time.Date(now.Year(), now.Month(), 1, 0, 0, 0, 0, at)
}

func monthName(t time.Time) string { return t.Format("2006-01") }
