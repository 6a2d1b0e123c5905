package web

import (
	"html/template"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/samverk/samverk/action/involvement"
	"github.com/samverk/samverk/forum"
	"github.com/samverk/samverk/lang"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/web"
	"github.com/samverk/samverk/web/chart"
)

// row is a body's year, or a body, in words.
type row struct {
	Name, Lang, Link                        string
	Meetings                                int
	Filled, Attended, Raised, Late, Answers string // of the patients' seats, and of the body
	Inputs, Changed                         int
	Year                                    int
}

// none is what stands where there was nothing to count.
const none = "–"

func share(l *web.Words, f float64, ok bool) string {
	if !ok {
		return none
	}
	return l.Must("involvement.percent", l.Decimal(100*f, 0))
}

func (p *room) row(l *web.Words, n *network.Network, v forum.Involvement) row {
	name, code := v.Body.Name.In(l.Code)
	out := row{Name: name, Lang: code, Link: "/n/" + n.Slug + "/involvement/" + string(v.Body.ID), Meetings: v.Meetings, Inputs: v.Inputs.All(), Changed: v.Inputs.Changed(), Year: v.Year,
		Filled: none, Attended: none, Late: none, Answers: none}
	for _, s := range v.Sectors {
		if s.Sector == network.Patient {
			f, ok := s.Filled()
			out.Filled = share(l, f, ok)
			f, ok = s.Attended()
			out.Attended = share(l, f, ok)
		}
	}
	f, ok := v.RaisedByPatients()
	out.Raised = share(l, f, ok)
	if v.Papers > 0 {
		out.Late = l.Must("involvement.of", len(v.Late), v.Papers)
	}
	if len(v.Answers) > 0 {
		out.Answers = l.Must("involvement.days", days(forum.Median(v.Answers)))
	}
	return out
}

func days(d time.Duration) int { return int((d + 12*time.Hour) / (24 * time.Hour)) }

type allData struct {
	Here    string
	Form    *web.Form
	Year    int
	Years   []web.Option
	Rows    []row
	Finding string
	Chart   template.HTML
	Formats web.Formats
}

// all compares the bodies in a year.
func (p *room) all(w http.ResponseWriter, r *http.Request, n *network.Network) int {
	l := p.pages.Words(r)
	year, now := p.year(r, n)
	format, err := web.FormatOf(r)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	found, err := p.forum.Involvement(r.Context(), actor(r), n.ID, "", year)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	if format != "" {
		return p.file(w, r, n, found, format)
	}
	d := allData{Here: r.URL.Path, Form: web.ReadQuery(r), Year: year, Formats: web.FormatsAt(r.URL.RequestURI())}
	for y := now; y > now-yearsShown; y-- {
		d.Years = append(d.Years, web.Option{Value: strconv.Itoa(y), Text: strconv.Itoa(y)})
	}
	bars := chart.Bars{ID: "raised", Desc: l.Must("involvement.chart.what", year)}
	items, patients := 0, 0
	for i, v := range found {
		d.Rows = append(d.Rows, p.row(l, n, v))
		items, patients = items+v.Items, patients+v.Raised[network.Patient]
		if f, ok := v.RaisedByPatients(); ok {
			bars.Bars = append(bars.Bars, chart.Bar{Label: strconv.Itoa(i + 1), Value: 100 * f, Text: share(l, f, true)})
		}
	}
	d.Finding = l.Must("involvement.finding.none")
	if items > 0 {
		d.Finding = l.Must("involvement.finding", patients, items)
		bars.Title = d.Finding
		d.Chart = bars.SVG()
	}
	return p.pages.Render(w, r, web.Page{Name: "involvement", Title: l.Must("involvement.title"), Station: "followup", Data: d})
}

func (p *room) file(w http.ResponseWriter, r *http.Request, n *network.Network, found []forum.Involvement, format string) int {
	e := web.NewExport(w, format, "involvement-"+n.Slug, "body", "body_id", "year", "sector", "seats", "filled", "attended", "meetings", "papers", "papers_late", "items", "items_raised_by_sector", "inputs", "inputs_adopted", "inputs_partly", "inputs_declined", "median_days_to_answer")
	for _, v := range found {
		name, _ := v.Body.Name.In(n.Lang)
		for _, s := range v.Sectors {
			filled, _ := s.Filled()
			attended, _ := s.Attended()
			if err := e.Row(name, v.Body.ID, v.Year, s.Sector, s.Seats, filled, attended, v.Meetings, v.Papers, len(v.Late), v.Items, v.Raised[s.Sector],
				v.Inputs.All(), v.Inputs[forum.Adopted], v.Inputs[forum.Partly], v.Inputs[forum.Declined], days(forum.Median(v.Answers))); err != nil {
				e.Cut()
				return p.pages.Fail(w, r, err)
			}
		}
	}
	return e.End()
}

type sectorRow struct {
	Sector                   network.Sector
	Seats                    int
	Filled, Attended, Raised string
}

type bodyData struct {
	Name           said
	Home, Here     string
	Year           int
	Years          []row
	Sectors        []sectorRow
	Agenda, Inputs template.HTML
	AgendaSays     string
	InputsSay      string
	Fees           string
	Report         involvement.Report
	Headings       []string
	Writes         bool
}

type said struct{ Text, Lang string }

// body shows one body over the years.
func (p *room) body(w http.ResponseWriter, r *http.Request, n *network.Network) int {
	l, ctx, id := p.pages.Words(r), r.Context(), network.BodyID(r.PathValue("body"))
	year, now := p.year(r, n)
	d := bodyData{Home: "/n/" + n.Slug, Here: r.URL.Path, Year: year, Headings: involvement.Headings}
	agenda, inputs := chart.Bars{ID: "agenda", Desc: l.Must("involvement.agenda.what")}, chart.Bars{ID: "inputs", Desc: l.Must("involvement.inputs.what")}
	raised, dealt, given, changed := 0, 0, 0, 0
	for y := now - yearsShown + 1; y <= now; y++ {
		found, err := p.forum.Involvement(ctx, actor(r), n.ID, id, y)
		if err != nil {
			return p.pages.Fail(w, r, err)
		}
		v := found[0]
		d.Name.Text, d.Name.Lang = v.Body.Name.In(l.Code)
		d.Years = append(d.Years, p.row(l, n, v))
		f, ok := v.RaisedByPatients()
		agenda.Bars = append(agenda.Bars, chart.Bar{Label: strconv.Itoa(y), Value: 100 * f, Text: share(l, f, ok)})
		inputs.Bars = append(inputs.Bars, chart.Bar{Label: strconv.Itoa(y), Value: float64(v.Inputs.All()), Text: strconv.Itoa(v.Inputs.All())})
		raised, dealt, given, changed = raised+v.Raised[network.Patient], dealt+v.Items, given+v.Inputs.All(), changed+v.Inputs.Changed()
		if y == year {
			d.Sectors = sectors(l, v)
		}
	}
	d.AgendaSays, d.InputsSay = l.Must("involvement.agenda", raised, dealt), l.Must("involvement.inputs", given, changed)
	agenda.Title, inputs.Title = d.AgendaSays, d.InputsSay
	d.Agenda, d.Inputs = agenda.SVG(), inputs.SVG()
	var err error
	if d.Report, d.Writes, err = p.reports.Of(ctx, actor(r), n.ID, id, year); err != nil {
		return p.pages.Fail(w, r, err)
	}
	if p.options.Fees != nil {
		if d.Fees, err = p.options.Fees(r, n, id, year); err != nil {
			return p.pages.Fail(w, r, err)
		}
	}
	return p.pages.Render(w, r, web.Page{Name: "involvement-body", Title: l.Must("involvement.body", d.Name.Text), Station: "followup", Data: d, Crumbs: p.crumbs(l, n, d.Name.Text)})
}

func (p *room) crumbs(l *web.Words, n *network.Network, name string) []web.Link {
	return []web.Link{{Text: l.Must("involvement.title"), Href: "/n/" + n.Slug + "/involvement"}, {Text: name}}
}

func sectors(l *web.Words, v forum.Involvement) (out []sectorRow) {
	for _, s := range network.Sectors {
		for _, part := range v.Sectors {
			if part.Sector != s {
				continue
			}
			one := sectorRow{Sector: s, Seats: part.Seats, Raised: l.Must("involvement.of", v.Raised[s], v.Items)}
			f, ok := part.Filled()
			one.Filled = share(l, f, ok)
			f, ok = part.Attended()
			one.Attended = share(l, f, ok)
			out = append(out, one)
		}
	}
	return out
}

type formData struct {
	Form     *web.Form
	Here     string
	Year     int
	Headings []string
	Begun    bool // from the records: nobody has written it yet
	Langs    []web.Option
}

// form shows the report to who writes it; a first one begins with what the records say.
func (p *room) form(w http.ResponseWriter, r *http.Request, n *network.Network) int {
	id := network.BodyID(r.PathValue("body"))
	year, _ := p.year(r, n)
	was, writes, err := p.reports.Of(r.Context(), actor(r), n.ID, id, year)
	if err == nil && !writes {
		err = network.Absent()
	}
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	if was.Version == 0 {
		was.Lang = n.Lang
		found, err := p.forum.Involvement(r.Context(), actor(r), n.ID, id, year)
		if err != nil {
			return p.pages.Fail(w, r, err)
		}
		was.Texts = begin(p.pages.In(was.Lang), found[0])
	}
	values := []string{"version", strconv.FormatInt(was.Version, 10), "lang", was.Lang}
	for h, text := range was.Texts {
		values = append(values, h, text)
	}
	return p.showForm(w, r, n, web.NewForm(values...), year, was.Version == 0)
}

func (p *room) showForm(w http.ResponseWriter, r *http.Request, n *network.Network, f *web.Form, year int, begun bool) int {
	l := p.pages.Words(r)
	found, err := p.forum.Involvement(r.Context(), actor(r), n.ID, network.BodyID(r.PathValue("body")), year)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	name, _ := found[0].Body.Name.In(l.Code)
	d := formData{Form: f, Here: r.URL.Path + "?year=" + strconv.Itoa(year), Year: year, Headings: involvement.Headings, Begun: begun}
	for _, code := range lang.Codes {
		d.Langs = append(d.Langs, web.Option{Value: code, Text: l.Must("involvement.lang." + code)})
	}
	return p.pages.Render(w, r, web.Page{Name: "involvement-report", Title: l.Must("involvement.report.title", name, year), Station: "followup", Data: d, Form: f, Crumbs: p.crumbs(l, n, name)})
}

// begin writes what the records say of a year under the five headings, for somebody to go on from.
func begin(l *web.Words, v forum.Involvement) map[string]string {
	var seats []string
	for _, s := range v.Sectors {
		if s.Sector == network.Patient {
			f, filled := s.Filled()
			a, met := s.Attended()
			seats = append(seats, l.Must("involvement.begin.seats", s.Seats, share(l, f, filled), share(l, a, met)))
		}
	}
	task, _ := v.Body.Task.In(l.Code)
	return map[string]string{
		"aim":        strings.TrimSpace(l.Must("involvement.begin.aim") + " " + task),
		"methods":    strings.Join(append(seats, l.Must("involvement.begin.methods", v.Meetings, v.Inputs.All(), len(v.Late), v.Papers)), " "),
		"results":    l.Must("involvement.begin.results", v.Inputs[forum.Adopted], v.Inputs[forum.Partly], v.Inputs[forum.Declined], v.Raised[network.Patient], v.Items),
		"discussion": l.Must("involvement.begin.discussion", days(forum.Median(v.Answers)), len(v.Answers)),
		"reflection": l.Must("involvement.begin.reflection"),
	}
}

func (p *room) save(w http.ResponseWriter, r *http.Request, n *network.Network) int {
	f, err := web.ReadForm(w, r)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	year, _ := p.year(r, n)
	version, _ := strconv.ParseInt(f.Get("version"), 10, 64)
	in := involvement.Report{Body: network.BodyID(r.PathValue("body")), Year: year, Version: version, Lang: f.Get("lang"), Published: f.Get("do") == "publish", Texts: map[string]string{}}
	for _, h := range involvement.Headings {
		in.Texts[h] = f.Get(h)
	}
	if err := p.reports.Save(r.Context(), actor(r), n.ID, in); err != nil {
		if f.Fault(p.pages.Words(r), err) {
			return p.showForm(w, r, n, f, year, false)
		}
		return p.pages.Fail(w, r, err)
	}
	return web.SeeOther(w, r, "/n/"+n.Slug+"/involvement/"+string(in.Body)+"?year="+strconv.Itoa(year))
}
