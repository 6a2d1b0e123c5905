package web

import (
	"context"
	"embed"
	"net/http"
	"strconv"
	"time"

	"github.com/samverk/samverk/action/plan"
	actionweb "github.com/samverk/samverk/action/web"
	"github.com/samverk/samverk/forum"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/storage"
	"github.com/samverk/samverk/web"
	"github.com/samverk/samverk/web/route"
)

//go:embed all:pages messages
var files embed.FS

// Pages are the room's pages.
type Pages struct {
	plans   *plan.Room
	network *network.Registry
	forum   *forum.Forum
	site    *web.Site
	pages   *web.Pages
	table   *route.Table
}

// Register puts the pages into the table.
func Register(t *route.Table, s *web.Site, plans *plan.Room, n *network.Registry, f *forum.Forum) (*Pages, error) {
	pages, err := s.Room(files)
	if err != nil {
		return nil, err
	}
	p := &Pages{plans: plans, network: n, forum: f, site: s, pages: pages, table: t}
	const plansAt, at = "/n/{network}/plans", "/n/{network}/measures"
	get := func(pattern string, who route.Caller, does string, page func(*visit) int) {
		t.Add(route.Route{Method: "GET", Pattern: pattern, Who: who, Does: does, Serve: p.in(page)})
	}
	post := func(pattern string, who route.Caller, does string, page func(*visit) int) {
		t.Add(route.Route{Method: "POST", Pattern: pattern, Who: who, Does: does, Serve: p.in(posted(page))})
	}
	get(plansAt, route.Anyone, "Lists plans, with how many of their measures are done and late; also as CSV, JSON and XLSX.", (*visit).list)
	get(plansAt+"/new", route.Chair, "The form for a new plan.", (*visit).newPlan)
	post(plansAt+"/new", route.Chair, "Makes a plan.", (*visit).makePlan)
	get(plansAt+"/{plan}", route.Anyone, "A plan: its goals, its measures drawn as a timeline and as a table.", (*visit).plan)
	get(plansAt+"/{plan}/edit", route.Chair, "The form for a plan, with its goals and areas.", (*visit).editPlan)
	post(plansAt+"/{plan}/edit", route.Chair, "Changes a plan, its goals or its areas; or ends it.", (*visit).savePlan)
	get(plansAt+"/{plan}/years", route.Anyone, "A plan's yearly follow-up, and what differs between two years; also as CSV, JSON and XLSX.", (*visit).years)
	post(plansAt+"/{plan}/years", route.Chair, "Follows a year up: keeps the measures as they stand.", (*visit).freeze)
	get(plansAt+"/{plan}/import", route.Chair, "The form to read measures from a file.", (*visit).importForm)
	post(plansAt+"/{plan}/import", route.Chair, "Reads measures from a CSV or XLSX file and judges every row. Nothing is taken in.", (*visit).read)
	get(plansAt+"/{plan}/import/{draft}", route.Chair, "The measures of a file that was read, to be looked at.", (*visit).preview)
	post(plansAt+"/{plan}/import/{draft}", route.Chair, "Takes all measures of a file in, or none.", (*visit).takeIn)
	get(plansAt+"/{plan}/calendar.ics", route.Anyone, "The days a plan's measures are due, as a calendar to follow.", (*visit).calendar)
	get(at, route.Anyone, "Lists measures by owner, region, sector and status; also as CSV, JSON and XLSX.", (*visit).measures)
	get(at+"/new", route.Chair, "The form for a new measure.", (*visit).newMeasure)
	post(at+"/new", route.Chair, "Adds a measure to a plan.", (*visit).addMeasure)
	get(at+"/{measure}", route.Anyone, "A measure with its history, dates and reports.", (*visit).measure)
	get(at+"/{measure}/edit", route.Chair, "The form for a measure.", (*visit).editMeasure)
	post(at+"/{measure}/edit", route.Chair, "Changes a measure; what it said before is kept.", (*visit).saveMeasure)
	for _, act := range acts {
		get(at+"/{measure}/"+act.key, route.Member, "The form for: "+act.does, func(v *visit) int { return v.actForm(act) })
		post(at+"/{measure}/"+act.key, route.Member, act.does, func(v *visit) int { return v.act(act) })
	}
	post(at+"/{measure}/raise", route.Member, "Raises a topic about a measure that is late, with the measure as its evidence; a second time leads to it.", (*visit).raise)
	return p, nil
}

// visit is one request.
type visit struct {
	*Pages
	w    http.ResponseWriter
	r    *http.Request
	l    *web.Words
	who  network.Actor
	n    *network.Network
	zone *time.Location
	now  time.Time
	form *web.Form // of a POST
}

func (p *Pages) visit(w http.ResponseWriter, r *http.Request, n *network.Network) *visit {
	l, zone := p.pages.Words(r), p.network.Zone(n.ID)
	name, _ := n.Name.In(l.Code)
	return &visit{Pages: p, w: w, r: web.WithNetwork(r, &web.Network{Slug: n.Slug, Name: name}), l: l, who: network.Actor{Person: network.PersonID(web.ViewerOf(r).Person)},
		n: n, zone: zone, now: p.network.Now().In(zone)}
}

// in serves a page of a tenant.
func (p *Pages) in(page func(*visit) int) func(http.ResponseWriter, *http.Request) int {
	return func(w http.ResponseWriter, r *http.Request) int {
		n, ok := p.network.Tree().Root(r.PathValue("network"))
		if !ok {
			return p.site.NotFound(w, r)
		}
		return page(p.visit(w, r, n))
	}
}

// posted reads the form of a page first.
func posted(page func(*visit) int) func(*visit) int {
	return func(v *visit) (status int) {
		var err error
		if v.form, err = web.ReadForm(v.w, v.r); err != nil {
			return v.fail(err)
		}
		return page(v)
	}
}

func (v *visit) ctx() context.Context { return v.r.Context() }

func (v *visit) fail(err error) int { return v.pages.Fail(v.w, v.r, err) }

func (v *visit) look(do func(*storage.Tx, network.Access) error) error {
	return v.network.Look(v.ctx(), v.who, do)
}

// show sends a page, or the page for what went wrong in making it.
func (v *visit) show(page web.Page, err error) int {
	if err != nil {
		return v.fail(err)
	}
	page.Station = "do"
	if page.Form == nil {
		page.Form = v.form
	}
	return v.pages.Render(v.w, v.r, page)
}

// done leads on after a form was done, or shows it again with what was wrong.
func (v *visit) done(err error, to string, again func() (web.Page, error)) int {
	if err == nil {
		return web.SeeOther(v.w, v.r, to)
	}
	if !v.form.Fault(v.l, err) {
		return v.fail(err)
	}
	return v.show(again())
}

// filled is the form to show: what was sent, else what is stored.
func (v *visit) filled(pairs ...string) *web.Form {
	if v.form == nil {
		v.form = web.NewForm(pairs...)
	}
	return v.form
}

// at is an address of the tenant.
func (v *visit) at(path string) string { return "/n/" + v.n.Slug + "/" + path }

// crumbs leads from the tenant's front page to this one; pairs are text, address under the tenant's.
func (v *visit) crumbs(pairs ...string) []web.Link {
	out := []web.Link{{Text: v.text(v.n.Name), Href: v.at("")}, {Text: v.l.Must("plans.title"), Href: v.at("plans")}}
	for i := 0; i+1 < len(pairs); i += 2 {
		l := web.Link{Text: pairs[i]}
		if pairs[i+1] != "" {
			l.Href = v.at(pairs[i+1])
		}
		out = append(out, l)
	}
	return out
}

// said is a text with the language it is written in.
type said struct{ Text, Lang string }

func (v *visit) say(t network.Text) said {
	text, in := t.In(v.l.Code)
	return said{text, in}
}

func (v *visit) text(t network.Text) string { return v.say(t).Text }

// region names a network of the tenant; "" for none.
func (v *visit) region(id network.ID) said {
	n, ok := v.network.Tree().Network(id)
	if !ok || id == "" {
		return said{}
	}
	return v.say(n.Name)
}

// query gives a value of the address if it is one of some.
func query[T ~string](v *visit, name string, of ...T) T {
	for _, x := range of {
		if v.r.URL.Query().Get(name) == string(x) {
			return x
		}
	}
	return ""
}

// lastDay turns the moment after a last day into that day.
func lastDay(t time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	return t.Add(-time.Second)
}

// day reads a date field of the form; one that is none is noted.
func (v *visit) day(field string) time.Time {
	t, ok := v.form.Day(field, v.zone)
	if !ok && v.form.Get(field) != "" {
		v.form.Wrong(field, v.l.Must("fault.sheet.day", v.form.Get(field)))
	}
	return t
}

// after reads a date field as the moment after the day.
func (v *visit) after(field string) time.Time {
	t := v.day(field)
	if !t.IsZero() {
		t = t.AddDate(0, 0, 1)
	}
	return t
}

func (v *visit) version() int64 { n, _ := v.form.Int("version"); return int64(n) }

func itoa[T int | int64](n T) string { return strconv.FormatInt(int64(n), 10) }

// options lists values with the words for them.
func options[T ~string](v *visit, key string, of []T) []web.Option {
	out := make([]web.Option, len(of))
	for i, one := range of {
		out[i] = web.Option{Value: string(one), Text: v.l.Must(key + string(one))}
	}
	return out
}

// colours are those of the tags of what a measure is now.
var colours = map[plan.State]string{plan.Planned: "neutral", plan.Active: "info", plan.Late: "danger", plan.Done: "success", plan.Dropped: "neutral"}

// tag is a word with its colour.
type tag struct{ Text, Colour string }

func (v *visit) status(s plan.State) tag { return tag{v.l.Must("plan.state." + string(s)), colours[s]} }

// Wait is a measure that waits for its owner.
type Wait struct {
	Kind, Title, Text string
	Lang              string // of Title
	Due               time.Time
	Href, Do          string
}

// Waits lists the measures that wait for whoever reads: a report is owed, or the day has passed.
func (p *Pages) Waits(r *http.Request, n *network.Network) (out []Wait, err error) {
	v := p.visit(nil, r, n)
	all, err := p.plans.Waiting(v.ctx(), v.who, n.ID, 20)
	for _, one := range all {
		at := v.at("measures/" + string(one.ID))
		w := Wait{Kind: v.l.Must("plan.wait.kind"), Title: one.What, Lang: one.Lang, Due: lastDay(one.Due), Text: v.l.Must("plan.wait.late"), Href: at, Do: v.l.Must("plan.wait.late.do")}
		if one.Report {
			q := plan.QuarterOf(lastDay(one.Owed))
			w.Text, w.Due, w.Href, w.Do = v.l.Must("plan.wait.report", q.Number(), itoa(q.Year())), lastDay(one.Owed.Add(plan.Grace)), at+"/report", v.l.Must("plan.report")
		}
		out = append(out, w)
	}
	return out, err
}

// Row tells of the room on the page of what a network does.
func (p *Pages) Row(r *http.Request, n *network.Network) (actionweb.Row, error) {
	v := p.visit(nil, r, n)
	plans, c, err := p.plans.Count(v.ctx(), v.who, n.ID)
	row := actionweb.Row{Title: v.l.Must("plans.title"), Text: v.l.Must("plans.lede"), Href: v.at("plans"), Late: c[plan.Late] > 0,
		Counts: []string{v.l.Must("plan.count.plans", plans), v.l.Must("plan.count.measures", c.All())}}
	if c[plan.Late] > 0 {
		row.Counts = append(row.Counts, v.l.Must("plan.count.late", c[plan.Late]))
	}
	return row, err
}

// Became is what a decision's effect became here.
type Became struct{ State, Colour, Href, Why string }

// Became tells what measure an effect of a decision became; of one that is none yet, who keeps a plan is led to the form.
func (p *Pages) Became(r *http.Request, n *network.Network, e forum.EffectOf) (b Became, err error) {
	v := p.visit(nil, r, n)
	m, found, err := p.plans.Became(v.ctx(), v.who, e.Decision, e.Ref)
	if err != nil {
		return b, err
	}
	if found {
		s := v.status(m.Status(v.now))
		return Became{State: s.Text, Colour: s.Colour, Href: v.at("measures/" + string(m.ID))}, nil
	}
	if !e.Named {
		return b, nil // of a measure that isn't this reader's to see
	}
	keeps, err := p.plans.MayPlan(v.ctx(), v.who, n.ID)
	if err != nil {
		return b, err
	}
	b = Became{State: v.l.Must("plan.notyet"), Colour: "warning"}
	if len(keeps) > 0 {
		b.Href, b.Why = v.at("measures/new")+"?"+values("decision", string(e.Decision), "effect", e.Ref, "what", e.Title), v.l.Must("plan.notyet.do")
	}
	return b, nil
}
