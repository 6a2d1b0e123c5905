package web

import (
	"html/template"
	"net/url"
	"strings"
	"time"

	"github.com/samverk/samverk/action/plan"
	"github.com/samverk/samverk/calendar"
	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/forum"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/storage"
	"github.com/samverk/samverk/web"
	"github.com/samverk/samverk/web/chart"
)

// values writes the query of an address.
func values(pairs ...string) string {
	q := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			q.Set(pairs[i], pairs[i+1])
		}
	}
	return q.Encode()
}

// planRow is a plan in a list.
type planRow struct {
	Link   string
	Title  said
	Of     said
	Period string
	Case   string
	All    int
	Counts []tag
	Closed bool
	raw    plan.PlanRow
}

func (v *visit) planRow(p plan.PlanRow) planRow {
	row := planRow{Link: v.at("plans/" + string(p.ID)), Title: said{p.Title, p.Lang}, Of: v.region(p.Network), Period: v.l.Days(p.From, lastDay(p.To)), Case: p.Case, All: p.Counts.All(), Closed: !p.Closed.IsZero(), raw: p}
	row.Counts = v.counts(p.Counts)
	return row
}

// counts tells how many measures are what, those there are.
func (v *visit) counts(c plan.Counts) (out []tag) {
	for _, s := range plan.States {
		if c[s] > 0 {
			out = append(out, tag{v.l.Must("plan.counted."+string(s), c[s]), colours[s]})
		}
	}
	return out
}

func (v *visit) list() int {
	format, err := web.TableFormatOf(v.r)
	if err != nil {
		return v.fail(err)
	}
	all, err := v.plans.Plans(v.ctx(), v.who, v.n.ID)
	if err != nil {
		return v.fail(err)
	}
	if format != "" {
		e := web.NewExport(v.w, format, "plans", "case", "title", "lang", "network", "from", "to", "closed", "measures", "late", "active", "planned", "done", "dropped", "id")
		for _, p := range all {
			c := p.Counts
			if err := e.Row(p.Case, p.Title, p.Lang, v.region(p.Network).Text, p.From, lastDay(p.To), moment(p.Closed), c.All(), c[plan.Late], c[plan.Active], c[plan.Planned], c[plan.Done], c[plan.Dropped], string(p.ID)); err != nil {
				e.Cut()
				return v.fail(err)
			}
		}
		return e.End()
	}
	var rows []planRow
	for _, p := range all {
		rows = append(rows, v.planRow(p))
	}
	may, err := v.mayMake()
	return v.show(web.Page{Name: "plans", Title: v.l.Must("plans.title"), Public: true, Crumbs: v.crumbs()[:1], Data: map[string]any{
		"Rows": rows, "New": map[bool]string{true: v.at("plans/new")}[may], "Measures": v.at("measures"), "Formats": web.TablesAt(v.r.URL.RequestURI())}}, err)
}

// moment is a time in a file: nothing for one that is not known.
func moment(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t
}

// mayMake tells whether whoever reads coordinates a network of the tenant, or chairs a body.
func (v *visit) mayMake() (may bool, err error) {
	if v.who.Person == "" {
		return false, nil
	}
	err = v.look(func(_ *storage.Tx, a network.Access) error {
		for _, n := range v.network.Tree().Down(v.n.ID) {
			may = may || a.Coordinates(n.ID)
		}
		for _, s := range a.Seats {
			may = may || s.Root == v.n.ID && s.Role == network.Chair
		}
		return nil
	})
	return may, err
}

// owners are whose plan a new one can be: networks that one coordinates, and bodies that one runs.
func (v *visit) owners() (out []web.Option, err error) {
	err = v.look(func(tx *storage.Tx, a network.Access) error {
		for _, n := range v.network.Tree().Down(v.n.ID) {
			if a.Coordinates(n.ID) {
				out = append(out, web.Option{Value: "network " + string(n.ID), Text: v.text(n.Name)})
			}
		}
		bodies, err := v.network.Bodies(v.ctx(), tx, a, v.n.ID, "")
		for _, b := range bodies {
			if a.Runs(b.ID, b.Network) && b.Kind != network.Secretariat {
				out = append(out, web.Option{Value: "body " + string(b.ID), Text: v.text(b.Name)})
			}
		}
		return err
	})
	return out, err
}

func (v *visit) organisations() (out []web.Option, err error) {
	err = v.look(func(tx *storage.Tx, _ network.Access) error {
		all, err := v.network.Organisations(v.ctx(), tx, v.n.ID)
		for _, o := range all {
			if o.Closed.IsZero() {
				out = append(out, web.Option{Value: string(o.ID), Text: v.text(o.Name)})
			}
		}
		return err
	})
	return out, err
}

var visibilities = []network.Visibility{network.Public, network.NetworkOnly, network.BodyOnly}

func (v *visit) newPlan() int {
	may, err := v.mayMake()
	if err == nil && !may {
		err = fault.New(fault.Denied, "this is for others to do").Say("plan.denied")
	}
	if err != nil {
		return v.fail(err)
	}
	year := v.now.Year() + 1
	v.filled("visibility", string(network.Public), "lang", v.n.Lang, "from", itoa(year)+"-01-01", "to", itoa(year+2)+"-12-31")
	return v.show(v.planForm(nil))
}

// planForm is the form of a plan: a new one, or one there is.
func (v *visit) planForm(p *plan.PlanView) (web.Page, error) {
	title := v.l.Must("plan.new")
	d := map[string]any{"Form": v.form, "Back": v.at("plans"), "Visibilities": options(v, "plan.visibility.", visibilities)}
	crumbs := v.crumbs(title, "")
	if p != nil {
		title = v.l.Must("plan.edit")
		d["Back"], d["Plan"], d["Goals"], d["Areas"] = v.at("plans/"+string(p.ID)), p, v.goalRows(*p), p.Areas
		d["Parents"] = append([]web.Option{{Text: v.l.Must("plan.goal.top")}}, goalOptions(p.Goals)...)
		d["Part"], d["End"] = v.partForm("goal"), v.partForm("area")
		d["Close"] = v.partForm("close")
		crumbs = v.crumbs(p.Title, "plans/"+string(p.ID), title, "")
	} else {
		var err error
		if d["Owners"], err = v.owners(); err != nil {
			return web.Page{}, err
		}
		orgs, err := v.organisations()
		if err != nil {
			return web.Page{}, err
		}
		d["Organisations"] = append([]web.Option{{Text: v.l.Must("plan.organisation.none")}}, orgs...)
		d["Langs"] = options(v, "plan.lang.", []string{"sv", "nb", "en"})
	}
	return web.Page{Name: "plan-edit", Title: title, Crumbs: crumbs, Data: d}, nil
}

// partForm is what was sent in one of a page's forms, if it was that one.
func (v *visit) partForm(do string) *web.Form {
	if v.form != nil && v.form.Get("do") == do {
		return v.form
	}
	f := web.NewForm()
	f.ID = do + "-"
	return f
}

func goalOptions(goals []plan.Goal) (out []web.Option) {
	for _, g := range goals {
		out = append(out, web.Option{Value: g.ID, Text: strings.Repeat("– ", g.Depth) + g.Title})
	}
	return out
}

func (v *visit) typedPlan() plan.Draft {
	f := v.form
	d := plan.Draft{Title: f.Get("title"), Text: f.Get("text"), Lang: f.Get("lang"), Visibility: network.Visibility(f.Get("visibility")), From: v.day("from"), To: v.after("to"),
		Organisation: network.OrganisationID(f.Get("organisation")), Decision: forum.DecisionID(f.Get("decision"))}
	switch of, id, _ := strings.Cut(f.Get("of"), " "); of {
	case "network":
		d.Network = network.ID(id)
	case "body":
		d.Body = network.BodyID(id)
	}
	return d
}

func (v *visit) makePlan() int {
	d := v.typedPlan()
	if d.Body == "" {
		if n, ok := v.network.Tree().Network(d.Network); !ok || n.Root != v.n.ID {
			if may, err := v.mayMake(); err != nil || !may {
				return v.fail(network.Absent())
			}
			v.form.Wrong("of", v.l.Must("fault.plan.choice"))
		}
	}
	id, err := plan.ID(""), v.typed()
	if err == nil {
		id, err = v.plans.Make(v.ctx(), v.who, d)
	}
	return v.done(err, v.at("plans/"+string(id)), func() (web.Page, error) { return v.planForm(nil) })
}

// typed is an error when reading the form already found something wrong, so that the room is not asked.
func (v *visit) typed() error {
	if v.form.OK() {
		return nil
	}
	return wrongForm
}

var wrongForm = fault.New(fault.Invalid, "the form").Where("form").Say("plan.form")

func (v *visit) theID() plan.ID { return plan.ID(v.r.PathValue("plan")) }

func (v *visit) thePlan() (plan.PlanView, error) {
	return v.plans.View(v.ctx(), v.who, v.n.ID, v.theID())
}

// keptPlan is the plan of the address, for who keeps it.
func (v *visit) keptPlan() (plan.PlanView, error) {
	p, err := v.thePlan()
	switch {
	case err != nil:
	case !p.Keeps:
		err = fault.New(fault.Denied, "this is for others to do").Say("plan.denied")
	case !p.Closed.IsZero():
		err = fault.New(fault.Conflict, "the plan has ended").Say("plan.ended")
	}
	return p, err
}

func (v *visit) editPlan() int {
	p, err := v.keptPlan()
	if err != nil {
		return v.fail(err)
	}
	v.filled("title", p.Title, "text", p.Text, "visibility", string(p.Visibility), "from", web.DateValue(p.From), "to", web.DateValue(lastDay(p.To)), "version", itoa(p.Version))
	return v.show(v.planForm(&p))
}

func (v *visit) savePlan() int {
	p, err := v.keptPlan()
	if err != nil {
		return v.fail(err)
	}
	ctx, f, to := v.ctx(), v.form, v.at("plans/"+string(p.ID))
	switch f.Get("do") {
	case "goal":
		f.ID = "goal-"
		_, err = v.plans.AddGoal(ctx, v.who, p.ID, f.Get("parent"), f.Get("title"))
		to += "/edit#goals"
	case "area":
		f.ID = "area-"
		_, err = v.plans.AddArea(ctx, v.who, p.ID, f.Get("title"))
		to += "/edit#areas"
	case "remove":
		f.ID = "part-"
		err = v.plans.Remove(ctx, v.who, p.ID, f.Get("part"))
		to += "/edit#goals"
	case "close":
		f.ID = "close-"
		err = v.plans.Close(ctx, v.who, p.ID, f.Get("reason"))
	default:
		d := v.typedPlan()
		if err = v.typed(); err == nil {
			err = v.plans.Edit(ctx, v.who, p.ID, v.version(), d)
		}
	}
	return v.done(err, to, func() (web.Page, error) {
		if f.ID == "" {
			return v.planForm(&p)
		}
		sent := f
		v.form = web.NewForm("title", p.Title, "text", p.Text, "visibility", string(p.Visibility), "from", web.DateValue(p.From), "to", web.DateValue(lastDay(p.To)), "version", itoa(p.Version))
		page, err := v.planForm(&p)
		if err != nil {
			return page, err
		}
		d := page.Data.(map[string]any) //nolint:forcetypeassert // it was made a line before
		d[map[string]string{"goal": "Part", "area": "End", "close": "Close", "remove": "Part"}[sent.Get("do")]] = sent
		page.Form = sent
		return page, nil
	})
}

// goalRow is a goal with how its measures stand.
type goalRow struct {
	plan.Goal
	Counts []tag
	Link   string
	Of     string // the goal it is beneath
}

func (v *visit) goalRows(p plan.PlanView) (out []goalRow) {
	names := map[string]string{}
	for _, g := range p.Goals {
		names[g.ID] = g.Title
		out = append(out, goalRow{Goal: g, Link: v.at("measures") + "?" + values("plan", string(p.ID), "goal", g.ID), Of: names[g.Parent]})
	}
	return out
}

// drawn is how many measures a timeline shows, and listed how many stand in the table beside it; the list of measures has all.
const (
	drawn  = 40
	listed = 200
)

func (v *visit) plan() int {
	p, err := v.thePlan()
	if err != nil {
		return v.fail(err)
	}
	rows, err := v.plans.Measures(v.ctx(), v.who, v.n.ID, plan.Filter{Plan: p.ID, Limit: listed})
	if err != nil {
		return v.fail(err)
	}
	at := v.at("plans/" + string(p.ID))
	d := map[string]any{"Plan": p, "At": at, "Period": v.l.Days(p.From, lastDay(p.To)), "Of": v.region(p.Network), "Body": v.say(p.BodyName), "Organisation": v.say(p.OrganisationName), "Counts": v.counts(p.Counts), "Goals": v.goalRows(p),
		"All": v.at("measures") + "?" + values("plan", string(p.ID)), "Rows": v.measureRows(rows), "Formats": web.TablesAt(v.at("measures") + "?" + values("plan", string(p.ID))), "Calendar": at + "/calendar.ics", "History": v.planHistory(p),
		"Finding": v.finding(p.Counts), "Years": p.Snapshots, "Keeps": p.Keeps && p.Closed.IsZero(), "New": v.at("measures/new") + "?" + values("plan", string(p.ID))}
	if p.Decision != "" {
		d["Decision"] = v.decision(p.Decision)
	}
	if len(rows) > 0 {
		d["Chart"] = v.timeline(p, rows)
		d["More"] = max(0, p.Counts.All()-drawn)
	}
	page := web.Page{Name: "plan", Title: p.Title, Crumbs: v.crumbs(p.Title, ""), Data: d, Public: p.Visibility == network.Public, Feeds: []web.Feed{{Type: "text/calendar", Title: p.Title, Href: at + "/calendar.ics"}}}
	return v.show(page, nil)
}

// finding says in a sentence how a plan stands.
func (v *visit) finding(c plan.Counts) string {
	if c[plan.Late] > 0 {
		return v.l.Must("plan.finding.late", c.All(), c[plan.Done], c[plan.Late])
	}
	return v.l.Must("plan.finding", c.All(), c[plan.Done])
}

func (v *visit) timeline(p plan.PlanView, rows []plan.Row) template.HTML {
	t := chart.Timeline{ID: "timeline", Title: v.l.Must("plan.timeline"), Desc: v.finding(p.Counts), Now: v.now, Today: v.l.Must("plan.today")}
	for i, m := range rows {
		if i == drawn {
			break
		}
		s := m.Status(v.now)
		row := chart.Stretch{Label: v.l.Must("plan.state."+string(s)) + ": " + m.What, From: m.Start, To: m.Due, Kind: string(s)}
		if m.Moves > 0 {
			row.Was = m.FirstDue
		}
		t.Rows = append(t.Rows, row)
	}
	return t.SVG()
}

// decision is a link to one, with its number; its title where the reader may see it.
func (v *visit) decision(id forum.DecisionID) *web.Link {
	d, err := v.forum.Decision(v.ctx(), v.who, id)
	if err != nil {
		return nil // not this reader's to see
	}
	return &web.Link{Text: d.Number + " " + d.Title, Href: v.at("decisions/" + string(id))}
}

// eventRow is one line of history in words.
type eventRow struct {
	Text, Who, Reason string
	At                time.Time
}

func (v *visit) events(all []network.Event) (out []eventRow) {
	for _, e := range all {
		key := "plan.event." + e.Kind
		if !v.l.Has(key) {
			continue
		}
		row := eventRow{Who: e.Name, At: e.At.In(v.zone), Reason: e.Details["reason"]}
		switch e.Kind {
		case "plan.goal", "plan.area":
			row.Text = v.l.Must(key, e.Details["title"])
		case "plan.frozen":
			row.Text = v.l.Must(key, e.Details["year"])
		case "plan.imported":
			row.Text = v.l.Must(key, e.Details["measures"], e.Details["file"])
		case "measure.reported":
			row.Text = v.l.Must(key, e.Details["quarter"], e.Details["year"])
		case "measure.moved":
			due, err := time.ParseInLocation(time.DateOnly, e.Details["due"], v.zone)
			if err != nil {
				continue
			}
			row.Text = v.l.Must(key, v.l.Day(due))
		case "measure.raised":
			row.Text = v.l.Must(key, e.Details["case"])
		default:
			row.Text = v.l.Must(key)
		}
		out = append(out, row)
	}
	return out
}

func (v *visit) planHistory(p plan.PlanView) []eventRow { return v.events(p.History) }

func (v *visit) calendar() int {
	p, err := v.thePlan()
	if err != nil {
		return v.fail(err)
	}
	var events []calendar.Event
	q := plan.Filter{Plan: p.ID, Limit: 1000}
	for {
		rows, err := v.plans.Measures(v.ctx(), v.who, v.n.ID, q)
		if err != nil {
			return v.fail(err)
		}
		for _, m := range rows {
			last := lastDay(m.Due)
			e := calendar.Event{UID: string(m.ID) + "@" + v.r.Host, Sequence: m.Moves, Changed: m.Made.UTC(), Title: m.What, Start: last, End: last, Zone: v.n.Zone, WholeDay: true, Cancelled: m.State == plan.Dropped, Categories: []string{p.Title}}
			if at := v.forum.Address(v.at("measures/" + string(m.ID))); strings.HasPrefix(at, "http") {
				e.URL = at
			}
			events = append(events, e)
		}
		if len(rows) < q.Limit || len(events) >= 5000 {
			break
		}
		q.After = rows[len(rows)-1].ID
	}
	b, err := calendar.Feed(p.Title, events)
	if err != nil {
		return v.fail(err)
	}
	return calendar.Serve(v.w, v.r, calendar.FeedType, time.Time{}, b)
}
