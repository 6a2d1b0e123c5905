package web

import (
	"cmp"
	"net/http"
	"strings"
	"time"

	"github.com/samverk/samverk/action/procedure"
	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/web"
)

type recordData struct {
	procedure.Procedure
	Home, At, Here string
	Action         string
	Region         regionRow
	RegionLink     string
	People         string
	Past           []pastRow
	Speaks         bool
	Form           *web.Form
	Answers        []web.Option
	Raised         string // where the topic is
	MayRaise       bool
	Late           bool
	Now            time.Time
}

type pastRow struct {
	procedure.Record
	Answer, Colour, Says string
}

func (p *Pages) record(w http.ResponseWriter, r *http.Request, n *network.Network) int {
	return p.recordWith(w, r, n, nil)
}

// recordWith shows what a region says, with what its speaker typed if that could not be taken.
func (p *Pages) recordWith(w http.ResponseWriter, r *http.Request, n *network.Network, f *web.Form) int {
	v, err := p.room.View(r.Context(), actor(r), n.ID, procedure.ID(r.PathValue("procedure")), 0)
	var x procedure.Adoption
	if err == nil {
		x, err = p.room.Adoption(r.Context(), actor(r), n.ID, v.ID)
	}
	var one *procedure.Region
	for i := range v.Regions {
		if v.Regions[i].Slug == r.PathValue("region") {
			one = &v.Regions[i]
		}
	}
	if err == nil && (one == nil || v.Current == 0) {
		err = network.Absent()
	}
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	l, z := p.pages.Words(r), zone(n)
	d := recordData{Procedure: v.Procedure, Home: home(n), At: at(n, v.ID), Here: r.URL.Path, Action: at(n, v.ID) + "/regions/" + one.Slug, Region: p.row(l, n, v.Procedure, *one), RegionLink: home(n) + "/adoption/" + one.Slug,
		Speaks: v.Speaks[one.Network], Form: f, Answers: options(l, "procedure.answer.", procedure.Answers), Now: p.room.Now().In(z)}
	d.AnswerBy = v.AnswerBy.In(z)
	d.Late = one.Now() == procedure.Unknown && v.AnswerBy.Before(d.Now)
	if one.People.Known() {
		d.People = l.Must("procedure.people", one.People.People, l.Day(one.People.On))
	}
	for _, c := range x.Records {
		if c.Region == one.Network {
			row := pastRow{Record: c, Answer: p.answer(l, string(c.State)), Colour: answerColour(c.State), Says: l.Must("procedure.version", c.Number)}
			row.Day, row.At = c.Day.In(z), c.At.In(z)
			d.Past = append([]pastRow{row}, d.Past...)
		}
	}
	if topic := v.Raised[string(one.Network)]; topic != "" {
		d.Raised = d.Home + "/topics/" + string(topic)
	}
	d.MayRaise = v.Member && d.Raised == "" && (one.Now() == procedure.Declined || one.Now() == procedure.Deviating)
	if d.Form == nil {
		d.Form = web.NewForm("day", web.DateValue(d.Now), "state", string(one.Now()))
	} else if number(d.Form.Get("after")) != one.Last.Seq {
		d.Form.Set("after", itoa(one.Last.Seq)) // what was said meanwhile stands above
	}
	d.Form.Set("after", cmp.Or(d.Form.Get("after"), itoa(one.Last.Seq)))
	d.Form.Set("version", itoa(v.Current))
	title := l.Must("procedure.record.title", text(l, one.Name), v.Title)
	return p.pages.Render(w, r, web.Page{Name: "record", Title: title, Station: "followup", Data: d, Form: f, Public: true, Crumbs: p.crumbs(l, n, v.Title, d.At, text(l, one.Name), "")})
}

func (p *Pages) say(w http.ResponseWriter, r *http.Request, n *network.Network) int {
	f, err := web.ReadForm(w, r)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	region, ok := p.room.RegionOf(n.ID, r.PathValue("region"))
	if !ok {
		return p.pages.Fail(w, r, network.Absent())
	}
	in := procedure.Saying{Procedure: procedure.ID(r.PathValue("procedure")), Region: region.ID, Number: number(f.Get("version")), After: number(f.Get("after")),
		State: procedure.Answer(f.Get("state")), Reason: f.Get("reason")}
	if in.State.Covers() && f.Get("day") != "" {
		if in.Day, ok = f.Day("day", zone(region)); !ok {
			err = fault.New(fault.Invalid, "this is no day").Where("day").Say("procedure.noday")
		}
	}
	if err == nil {
		err = p.room.Say(r.Context(), actor(r), in)
	}
	if err != nil {
		return p.formed(w, r, f, err, func() int { return p.recordWith(w, r, n, f) })
	}
	return web.SeeOther(w, r, at(n, in.Procedure)+"/regions/"+region.Slug)
}

// raise raises a topic about what a region says, with its reason and the procedure's evidence.
func (p *Pages) raise(w http.ResponseWriter, r *http.Request, n *network.Network) int {
	region, ok := p.room.RegionOf(n.ID, r.PathValue("region"))
	if !ok {
		return p.pages.Fail(w, r, network.Absent())
	}
	v, err := p.room.View(r.Context(), actor(r), n.ID, procedure.ID(r.PathValue("procedure")), 0)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	l := p.pages.In(v.Lang)
	said, reason, share := procedure.Unknown, "", ""
	for _, one := range v.Regions {
		if one.Network == region.ID {
			said, reason = one.Now(), one.Last.Reason
		}
	}
	share = count(v.Regions).says(l)
	key := "declined"
	if said == procedure.Deviating {
		key = "deviating"
	}
	name := text(l, region.Name)
	topic, err := p.room.Raise(r.Context(), actor(r), procedure.Raising{Procedure: v.ID, Number: v.Current, Region: region.ID, Title: l.Must("procedure.raise."+key+".title", name, v.Title),
		Text: l.Must("procedure.raise."+key+".text", name, v.Title, v.Current) + "\n\n> " + strings.ReplaceAll(reason, "\n", "\n> ") + "\n\n" + share + " " + l.Must("procedure.raise."+key+".ask"), Page: l.Must("procedure.adoption.of", v.Title)})
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	return web.SeeOther(w, r, home(n)+"/topics/"+string(topic))
}

type regionsData struct {
	Home    string
	Rows    []tallyRow
	Formats web.Formats
	All     int
}

type tallyRow struct {
	procedure.Tally
	Name, Link, People string
	Counts             []int // by Answers
}

// regions lists all regions with what they say, counted.
func (p *Pages) regions(w http.ResponseWriter, r *http.Request, n *network.Network) int {
	format, err := web.FormatOf(r)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	all, err := p.room.Tallies(r.Context(), actor(r), n.ID)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	l := p.pages.Words(r)
	d := regionsData{Home: home(n), Formats: web.FormatsAt(r.URL.RequestURI())}
	for _, t := range all {
		row := tallyRow{Tally: t, Name: text(l, t.Region.Name), Link: d.Home + "/adoption/" + t.Region.Slug}
		for _, a := range procedure.Answers {
			row.Counts = append(row.Counts, t.Said[a])
			d.All += t.Said[a]
		}
		d.All += t.Unknown
		d.Rows = append(d.Rows, row)
	}
	if format != "" {
		e := web.NewExport(w, format, "adoption-by-region", "region", "name", "adopted", "deviating", "considering", "notConsidered", "declined", "unknown", "late", "population")
		for _, row := range d.Rows {
			var people any
			if row.Region.People.Known() {
				people = row.Region.People.People
			}
			if err := e.Row(row.Region.Slug, row.Name, row.Counts[0], row.Counts[1], row.Counts[2], row.Counts[3], row.Counts[4], row.Unknown, row.Late, people); err != nil {
				e.Cut()
				return p.pages.Fail(w, r, err)
			}
		}
		return e.End()
	}
	title := l.Must("procedure.regions")
	return p.pages.Render(w, r, web.Page{Name: "regions", Title: title, Station: "followup", Data: d, Public: true, Crumbs: p.crumbs(l, n, title, "")})
}

type regionData struct {
	Home, Here string
	Name       string
	People     string
	Source     string
	Lede       string
	Form       *web.Form
	Answers    []web.Option
	Rows       []saidRow
	Differs    []saidRow // of all: what is declined or deviates, with why
	Pager      web.Pager
	Formats    web.Formats
	Filtered   bool
}

type saidRow struct {
	regionRow
	Of   procedure.Procedure
	At   string
	Lang string
}

// mostDiffer is how much of what differs a region's page shows at once.
const mostDiffer = 100

// region is a region's own page: what differs there, and why; and everything it was asked.
func (p *Pages) region(w http.ResponseWriter, r *http.Request, n *network.Network) int {
	format, err := web.FormatOf(r)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	l := p.pages.Words(r)
	d := regionData{Home: home(n), Here: r.URL.Path, Form: web.ReadQuery(r), Formats: web.FormatsAt(r.URL.RequestURI())}
	d.Answers = anyOption(l, append(options(l, "procedure.answer.", procedure.Answers), web.Option{Value: "unknown", Text: l.Must("procedure.answer.unknown")}))
	q := procedure.Filter{After: r.URL.Query().Get("after"), Limit: shown + 1}
	if said := r.URL.Query().Get("answer"); said == "unknown" {
		q.Owed, d.Filtered = true, true
	} else if q.Said = query(r, "answer", procedure.Answers...); q.Said != "" {
		d.Filtered = true
	}
	if format != "" {
		return p.regionFile(w, r, n, q, format)
	}
	of, rows, err := p.room.OfRegion(r.Context(), actor(r), n.ID, r.PathValue("region"), q)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	next := ""
	if len(rows) > shown {
		rows = rows[:shown]
		next = rows[shown-1].Key()
	}
	d.Pager = web.PagerAt(r.URL.RequestURI(), next)
	d.Rows = p.said(l, n, rows)
	for _, a := range []procedure.Answer{procedure.Deviating, procedure.Declined} {
		_, some, err := p.room.OfRegion(r.Context(), actor(r), n.ID, of.Slug, procedure.Filter{Said: a, Limit: mostDiffer})
		if err != nil {
			return p.pages.Fail(w, r, err)
		}
		d.Differs = append(d.Differs, p.said(l, n, some)...)
	}
	all, err := p.room.Tallies(r.Context(), actor(r), n.ID)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	for i := range all {
		if all[i].Region.Network == of.ID {
			said := all[i].Said
			d.Lede = l.Must("procedure.region.lede", said[procedure.Adopted], said[procedure.Deviating], said[procedure.Declined], all[i].Unknown)
			if f := all[i].Region.People; f.Known() {
				d.People, d.Source = l.Must("procedure.people", f.People, l.Day(f.On)), f.Source
			}
		}
	}
	d.Name = text(l, of.Name)
	title := l.Must("procedure.region.title", d.Name)
	return p.pages.Render(w, r, web.Page{Name: "region", Title: title, Station: "followup", Data: d, Public: true, Crumbs: p.crumbs(l, n, l.Must("procedure.regions"), d.Home+"/adoption", d.Name, "")})
}

func (p *Pages) said(l *web.Words, n *network.Network, rows []procedure.Said) (out []saidRow) {
	now := p.room.Now()
	for _, one := range rows {
		row := saidRow{regionRow: p.row(l, n, one.Procedure, one.Region), Of: one.Procedure, At: at(n, one.ID), Lang: one.Lang}
		row.Late = one.Region.Now() == procedure.Unknown && one.AnswerBy.Before(now)
		row.Of.AnswerBy = one.AnswerBy.In(zone(n))
		out = append(out, row)
	}
	return out
}

func (p *Pages) regionFile(w http.ResponseWriter, r *http.Request, n *network.Network, q procedure.Filter, format string) int {
	e := web.NewExport(w, format, "region", "case", "title", "version", "answer", "saidOfVersion", "day", "reason", "answerBy", "id")
	q.Limit, q.After = 500, ""
	for {
		_, rows, err := p.room.OfRegion(r.Context(), actor(r), n.ID, r.PathValue("region"), q)
		if err != nil {
			e.Cut()
			return p.pages.Fail(w, r, err)
		}
		for _, one := range rows {
			answer := string(one.Region.Now())
			if one.Region.Now() == procedure.Unknown {
				answer = "unknown"
			}
			var day, of any
			if one.Region.Last.Seq > 0 {
				day, of = one.Region.Last.Day.In(zone(n)).Format(time.DateOnly), one.Region.Last.Number
			}
			err := e.Row(one.Case, one.Title, one.Procedure.Current, answer, of, day, one.Region.Last.Reason, one.AnswerBy.In(zone(n)).Format(time.DateOnly), string(one.ID))
			if err != nil {
				e.Cut()
				return p.pages.Fail(w, r, err)
			}
		}
		if len(rows) < q.Limit {
			return e.End()
		}
		q.After = rows[len(rows)-1].Key()
	}
}
