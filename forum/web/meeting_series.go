package web

import (
	"net/http"
	"strconv"
	"time"

	"github.com/samverk/samverk/forum"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/web"
)

type seriesData struct {
	Here     string
	Home     string
	Bodies   []web.Option // of a new one
	Series   *forum.Series
	Rhythm   string
	BodyName said
	Next     []time.Time
	Runs     bool
	Rhythms  []web.Option
	Weekdays []web.Option
	Nths     []web.Option
	Months   []web.Option
}

func (d *seriesData) choices(l *web.Words) {
	for _, v := range []forum.Rhythm{forum.Monthly, forum.Weekly} {
		d.Rhythms = append(d.Rhythms, web.Option{Value: string(v), Text: l.Must("meeting.rhythm." + string(v) + ".choice")})
	}
	for i := range 7 {
		day := (i + 1) % 7
		d.Weekdays = append(d.Weekdays, web.Option{Value: strconv.Itoa(day), Text: l.Weekday(time.Date(2023, 1, 1+day, 0, 0, 0, 0, time.UTC))})
	}
	for i := 1; i <= forum.LastOfMonth; i++ {
		d.Nths = append(d.Nths, web.Option{Value: strconv.Itoa(i), Text: l.Must("meeting.nth." + strconv.Itoa(i))})
	}
	for m := time.January; m <= time.December; m++ {
		d.Months = append(d.Months, web.Option{Value: strconv.Itoa(int(m)), Text: l.ShortMonth(time.Date(2023, m, 1, 0, 0, 0, 0, time.UTC))})
	}
}

func (p *room) seriesNew(w http.ResponseWriter, r *http.Request, n *network.Network) int {
	f := web.NewForm("body", r.URL.Query().Get("body"), "rhythm", string(forum.Monthly), "every", "2", "weekday", "3", "nth", "1",
		"first", web.DateValue(p.network.Now().In(zoneOf(n))), "clock", "09:30", "minutes", "120", "convoke", "14")
	return p.seriesForm(w, r, n, f)
}

func (p *room) seriesForm(w http.ResponseWriter, r *http.Request, n *network.Network, f *web.Form) int {
	l := p.pages.Words(r)
	d := seriesData{Here: r.URL.Path, Home: home(n), Runs: true}
	var err error
	if d.Bodies, err = p.runnable(r, n); err != nil {
		return p.pages.Fail(w, r, err)
	}
	if len(d.Bodies) == 0 {
		return p.pages.Fail(w, r, network.Absent())
	}
	d.choices(l)
	title := l.Must("meeting.series.new")
	return p.pages.Render(w, r, web.Page{Name: "meeting-series", Title: title, Station: "decide", Data: d, Form: f,
		Crumbs: crumb(l, n, l.Must("meeting.list"), home(n)+"/meetings", title, "")})
}

func readSeries(l *web.Words, f *web.Form, at *time.Location) (s forum.Series) {
	s.Body, s.Name, s.Rhythm, s.Place, s.Link, s.Zone, s.Version = network.BodyID(f.Get("body")), f.Get("name"), forum.Rhythm(f.Get("rhythm")), f.Get("place"), f.Get("link"), at.String(), version(f)
	var day int
	for _, x := range []struct {
		to   *int
		name string
	}{{&s.Every, "every"}, {&day, "weekday"}, {&s.Nth, "nth"}, {&s.Minutes, "minutes"}, {&s.ConvokeDays, "convoke"}} {
		var ok bool
		if *x.to, ok = f.Int(x.name); !ok {
			f.Wrong(x.name, l.Must("fault.meeting."+x.name))
		}
	}
	s.Weekday = time.Weekday(day)
	first, ok := f.Moment("first", "clock", at)
	if !ok {
		f.Wrong("first", l.Must("fault.meeting.starts"))
	}
	s.First, s.Clock = time.Date(first.Year(), first.Month(), first.Day(), 0, 0, 0, 0, at), first.Hour()*60+first.Minute()
	for _, v := range f.All("months") {
		if m, err := strconv.Atoi(v); err == nil {
			s.Months = append(s.Months, time.Month(m))
		}
	}
	return s
}

func (p *room) seriesMake(w http.ResponseWriter, r *http.Request, n *network.Network) int {
	f, err := web.ReadForm(w, r)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	again := func() int { return p.seriesForm(w, r, n, f) }
	s := readSeries(p.pages.Words(r), f, zoneOf(n))
	if !f.OK() {
		return again()
	}
	if _, err := p.bodyOf(r.Context(), actor(r), n, s.Body); err != nil {
		return p.pages.Fail(w, r, err)
	}
	id, err := p.forum.SaveSeries(r.Context(), actor(r), s)
	if err != nil {
		return p.problem(w, r, f, err, again)
	}
	return web.SeeOther(w, r, home(n)+"/series/"+string(id))
}

func (p *room) theSeries(r *http.Request, n *network.Network) (forum.Series, error) {
	s, err := p.forum.Series(r.Context(), actor(r), forum.SeriesID(r.PathValue("series")))
	if err != nil {
		return s, err
	}
	return s, under(n, s.Root)
}

func (p *room) seriesPage(w http.ResponseWriter, r *http.Request, n *network.Network) int {
	return p.seriesShow(w, r, n, nil)
}

func (p *room) seriesShow(w http.ResponseWriter, r *http.Request, n *network.Network, f *web.Form) int {
	l := p.pages.Words(r)
	s, err := p.theSeries(r, n)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	b, err := p.bodyOf(r.Context(), actor(r), n, s.Body)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	d := seriesData{Here: r.URL.Path, Home: home(n), Series: &s, Rhythm: rhythm(l, s), BodyName: say(l, b.Name), Next: s.After(p.network.Now(), 6)}
	d.choices(l)
	runs, err := p.runnable(r, n)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	for _, o := range runs {
		d.Runs = d.Runs || o.Value == string(s.Body)
	}
	if f == nil {
		f = web.NewForm("name", s.Name, "rhythm", string(s.Rhythm), "every", strconv.Itoa(max(1, s.Every)), "weekday", strconv.Itoa(int(s.Weekday)), "nth", strconv.Itoa(max(1, s.Nth)),
			"first", web.DateValue(s.First), "clock", web.ClockValue(time.Date(2023, 1, 1, 0, s.Clock, 0, 0, time.UTC)), "minutes", strconv.Itoa(s.Minutes),
			"place", s.Place, "link", s.Link, "convoke", strconv.Itoa(s.ConvokeDays), "n", "6")
		for _, m := range s.Months {
			f.Values.Add("months", strconv.Itoa(int(m)))
		}
	}
	f.Set("version", strconv.FormatInt(s.Version, 10))
	return p.pages.Render(w, r, web.Page{Name: "meeting-series", Title: s.Name, Station: "decide", Data: d, Form: f,
		Crumbs: crumb(l, n, d.BodyName.Text, home(n)+"/bodies/"+string(b.ID), l.Must("meeting.list"), home(n)+"/meetings?body="+string(b.ID), s.Name, "")})
}

func (p *room) seriesDo(w http.ResponseWriter, r *http.Request, n *network.Network) int {
	l, who := p.pages.Words(r), actor(r)
	s, err := p.theSeries(r, n)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	f, err := web.ReadForm(w, r)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	again := func() int { return p.seriesShow(w, r, n, f) }
	to := r.URL.Path
	switch f.Get("do") {
	case "save":
		edit := readSeries(l, f, clockIn(s.Zone))
		edit.ID = s.ID
		if !f.OK() {
			return again()
		}
		_, err = p.forum.SaveSeries(r.Context(), who, edit)
	case "generate":
		many, ok := f.Int("n")
		if !ok {
			f.Wrong("n", l.Must("fault.meeting.generate", 60))
			return again()
		}
		_, err = p.forum.Generate(r.Context(), who, s.ID, many)
		to = home(n) + "/meetings?body=" + string(s.Body)
	case "pause":
		err = p.forum.Pause(r.Context(), who, s.ID, version(f), f.Get("reason"))
	case "resume":
		err = p.forum.Resume(r.Context(), who, s.ID, version(f))
	default:
		err = network.Absent()
	}
	if err != nil {
		return p.problem(w, r, f, err, again)
	}
	return web.SeeOther(w, r, to)
}
