package web

import (
	"net/http"
	"strconv"
	"time"

	"github.com/samverk/samverk/forum"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/web"
)

// meetingsShown is how many rows a page of a list has.
const meetingsShown = 50

type meetingsData struct {
	Home, Here string
	Form       *web.Form
	Bodies     []web.Option
	Body       *network.Body // the one that is chosen
	BodyName   said
	Rows       []meetingRow
	Series     []seriesRow
	Going      []forum.Circulation
	Runs       bool // the body that is chosen; of all bodies: some
	Inside     bool // sees what the body decides without meeting
	Past       bool
	Turn       string // the address of the past, or of what comes
	Pager      web.Pager
	Formats    web.Formats
}

type seriesRow struct {
	forum.Series
	Link, Rhythm string
}

func (p *room) meetingList(w http.ResponseWriter, r *http.Request, n *network.Network) int {
	l, who := p.pages.Words(r), actor(r)
	format, err := web.FormatOf(r)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	b, err := p.bodyOf(r.Context(), who, n, network.BodyID(r.URL.Query().Get("body")))
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	names, err := p.bodyNames(r, who, n)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	past := query(r, "show", "past") != ""
	q := forum.MeetingFilter{Root: n.ID, Body: b.ID, After: r.URL.Query().Get("after"), Limit: meetingsShown + 1, Newest: past}
	now := p.network.Now()
	if past {
		q.To = now.Add(-12 * time.Hour)
	} else {
		q.From = now.Add(-12 * time.Hour)
	}
	if format != "" {
		return p.meetingFile(w, r, n, q, names, format)
	}
	rows, err := p.forum.Meetings(r.Context(), who, q)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	d := meetingsData{Home: home(n), Here: r.URL.Path, Form: web.ReadQuery(r), Past: past, Turn: with(r, "show", "past"), Formats: web.FormatsAt(r.URL.RequestURI())}
	if past {
		d.Turn = with(r, "show", "")
	}
	next := ""
	if len(rows) > meetingsShown {
		rows = rows[:meetingsShown]
		next = rows[len(rows)-1].Key()
	}
	d.Pager = web.PagerAt(r.URL.RequestURI(), next)
	for _, m := range rows {
		d.Rows = append(d.Rows, newMeetingRow(l, n, m, names))
	}
	if d.Bodies, err = p.bodyOptions(r, n, l.Must("meeting.body.all"), nil); err != nil {
		return p.pages.Fail(w, r, err)
	}
	title := l.Must("meeting.list")
	crumbs := crumb(l, n, title, "")
	if b.ID != "" {
		d.Body, d.BodyName = &b, say(l, b.Name)
		title = l.Must("meeting.list.of", d.BodyName.Text)
		crumbs = crumb(l, n, d.BodyName.Text, home(n)+"/bodies/"+string(b.ID), l.Must("meeting.list"), "")
		if err := p.bodyMeetings(r, n, b, &d); err != nil {
			return p.pages.Fail(w, r, err)
		}
	}
	if b.ID == "" {
		runs, err := p.runnable(r, n)
		if err != nil {
			return p.pages.Fail(w, r, err)
		}
		d.Runs = len(runs) > 0
	}
	return p.pages.Render(w, r, web.Page{Name: "meeting-list", Title: title, Station: "decide", Data: d, Crumbs: crumbs, Public: true})
}

// bodyMeetings adds what only one body's list has: its series, and what it decides without meeting.
func (p *room) bodyMeetings(r *http.Request, n *network.Network, b network.Body, d *meetingsData) error {
	l, who := p.pages.Words(r), actor(r)
	series, err := p.forum.SeriesOf(r.Context(), who, b.ID)
	if err != nil {
		return err
	}
	for _, s := range series {
		d.Series = append(d.Series, seriesRow{s, home(n) + "/series/" + string(s.ID), rhythm(l, s)})
	}
	runs, err := p.runnable(r, n)
	if err != nil {
		return err
	}
	for _, o := range runs {
		d.Runs = d.Runs || o.Value == string(b.ID)
	}
	all, err := p.forum.Circulations(r.Context(), who, b.ID)
	if err != nil {
		return nil //nolint:nilerr // not the reader's to see
	}
	d.Inside = true
	for _, c := range all {
		if c.State == forum.CirculationOpen {
			d.Going = append(d.Going, c)
		}
	}
	return nil
}

func (p *room) meetingFile(w http.ResponseWriter, r *http.Request, n *network.Network, q forum.MeetingFilter, names map[network.BodyID]said, format string) int {
	e := web.NewExport(w, format, "meetings", "starts", "ends", "zone", "body_id", "body", "title", "number", "place", "state", "id")
	q.Limit = 500
	for {
		rows, err := p.forum.Meetings(r.Context(), actor(r), q)
		if err != nil {
			e.Cut()
			return p.pages.Fail(w, r, err)
		}
		for _, m := range rows {
			number := ""
			if m.Number > 0 {
				number = strconv.Itoa(m.Year) + "-" + pad(m.Number)
			}
			if err := e.Row(iso(m.Starts), iso(m.Ends()), m.Zone, string(m.Body), names[m.Body].Text, m.Title, number, m.Place, string(m.State), string(m.ID)); err != nil {
				return http.StatusOK // the reader left
			}
		}
		if len(rows) < q.Limit {
			return e.End()
		}
		q.After = rows[len(rows)-1].Key()
	}
}

// rhythm says how a series repeats: "första onsdagen i varje månad kl. 9.30".
func rhythm(l *web.Words, s forum.Series) string {
	day := l.Weekday(time.Date(2023, 1, 1+int(s.Weekday), 0, 0, 0, 0, time.UTC)) // a Sunday and the days after
	clock := l.Clock(time.Date(2023, 1, 1, 0, s.Clock, 0, 0, time.UTC))
	if s.Rhythm == forum.Weekly {
		return l.Must("meeting.rhythm.weekly", s.Every, day, clock)
	}
	nth := l.Must("meeting.nth." + strconv.Itoa(s.Nth))
	if len(s.Months) == 0 || len(s.Months) == 12 {
		return l.Must("meeting.rhythm.monthly", nth, day, clock)
	}
	var months []string
	for _, m := range s.Months {
		months = append(months, l.ShortMonth(time.Date(2023, m, 1, 0, 0, 0, 0, time.UTC)))
	}
	return l.Must("meeting.rhythm.months", nth, day, clock, l.List(months...))
}

type meetingFormData struct {
	Here, Body   string
	BodyName     said
	Bodies       []web.Option
	Visibilities []web.Option
	Edit         bool
	Stored       *forum.Meeting // what somebody else has saved meanwhile
}

func (p *room) meetingNew(w http.ResponseWriter, r *http.Request, n *network.Network) int {
	at := zoneOf(n)
	soon := p.network.Now().In(at).AddDate(0, 0, 21)
	f := web.NewForm("body", r.URL.Query().Get("body"), "day", web.DateValue(soon), "clock", "09:30", "minutes", "120", "visibility", string(network.Public))
	return p.meetingForm(w, r, n, f, "")
}

func (p *room) meetingForm(w http.ResponseWriter, r *http.Request, n *network.Network, f *web.Form, id forum.MeetingID) int {
	l := p.pages.Words(r)
	d := meetingFormData{Here: r.URL.Path, Visibilities: visibilities(l), Edit: id != ""}
	title := l.Must("meeting.plan")
	crumbs := crumb(l, n, l.Must("meeting.list"), home(n)+"/meetings", title, "")
	if id == "" {
		var err error
		if d.Bodies, err = p.runnable(r, n); err != nil {
			return p.pages.Fail(w, r, err)
		}
		if len(d.Bodies) == 0 {
			return p.pages.Fail(w, r, network.Absent())
		}
	} else {
		title = l.Must("meeting.edit")
		if f.Status() == http.StatusConflict {
			v, err := p.theMeeting(r, n)
			if err != nil {
				return p.pages.Fail(w, r, err)
			}
			d.Stored = &v.Meeting
			f.Set("version", strconv.FormatInt(v.Version, 10)) // both are on the page: saving again is meant
		}
		crumbs = crumb(l, n, l.Must("meeting.list"), home(n)+"/meetings", l.Must("meeting.one"), home(n)+"/meetings/"+string(id), title, "")
	}
	return p.pages.Render(w, r, web.Page{Name: "meeting-edit", Title: title, Station: "decide", Data: d, Form: f, Crumbs: crumbs})
}

// readMeeting reads a meeting's form.
func (p *room) readMeeting(l *web.Words, f *web.Form, at *time.Location) (m forum.Meeting) {
	var ok bool
	if m.Starts, ok = f.Moment("day", "clock", at); !ok {
		f.Wrong("day", l.Must("fault.meeting.starts"))
	}
	if m.Minutes, ok = f.Int("minutes"); !ok {
		f.Wrong("minutes", l.Must("fault.meeting.minutes"))
	}
	m.Body, m.Title, m.Place, m.Link = network.BodyID(f.Get("body")), f.Get("title"), f.Get("place"), f.Get("link")
	m.Visibility, m.Zone, m.Version = network.Visibility(f.Get("visibility")), at.String(), version(f)
	return m
}

func (p *room) meetingPlan(w http.ResponseWriter, r *http.Request, n *network.Network) int {
	f, err := web.ReadForm(w, r)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	again := func() int { return p.meetingForm(w, r, n, f, "") }
	m := p.readMeeting(p.pages.Words(r), f, zoneOf(n))
	if !f.OK() {
		return again()
	}
	if _, err := p.bodyOf(r.Context(), actor(r), n, m.Body); err != nil {
		return p.pages.Fail(w, r, err)
	}
	id, err := p.forum.Plan(r.Context(), actor(r), m)
	if err != nil {
		return p.problem(w, r, f, err, again)
	}
	return web.SeeOther(w, r, home(n)+"/meetings/"+string(id))
}

func (p *room) meetingEdit(w http.ResponseWriter, r *http.Request, n *network.Network) int {
	v, err := p.theMeeting(r, n)
	if err == nil && !v.Runs {
		err = network.Absent()
	}
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	f := web.NewForm("day", web.DateValue(v.Starts), "clock", web.ClockValue(v.Starts), "minutes", strconv.Itoa(v.Minutes), "title", v.Title, "place", v.Place,
		"link", v.Link, "visibility", string(v.Visibility), "version", strconv.FormatInt(v.Version, 10))
	return p.meetingForm(w, r, n, f, v.ID)
}

func (p *room) meetingChange(w http.ResponseWriter, r *http.Request, n *network.Network) int {
	v, err := p.theMeeting(r, n)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	f, err := web.ReadForm(w, r)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	again := func() int { return p.meetingForm(w, r, n, f, v.ID) }
	m := p.readMeeting(p.pages.Words(r), f, clockIn(v.Zone))
	m.ID = v.ID
	if !f.OK() {
		return again()
	}
	if err := p.forum.Change(r.Context(), actor(r), m); err != nil {
		return p.problem(w, r, f, err, again)
	}
	return web.SeeOther(w, r, home(n)+"/meetings/"+string(m.ID))
}

// theMeeting finds the meeting of an address.
func (p *room) theMeeting(r *http.Request, n *network.Network) (forum.MeetingView, error) {
	v, err := p.forum.Meeting(r.Context(), actor(r), forum.MeetingID(r.PathValue("meeting")))
	if err != nil {
		return v, err
	}
	return v, under(n, v.Root)
}
