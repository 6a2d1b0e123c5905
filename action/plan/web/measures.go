package web

import (
	"slices"
	"strings"
	"time"

	"github.com/samverk/samverk/action/plan"
	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/forum"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/storage"
	"github.com/samverk/samverk/web"
)

const measuresShown = 50

// measureRow is a measure in a list.
type measureRow struct {
	Link           string
	What           said
	Status         tag
	Due            time.Time
	Was            time.Time // where it was due first, when it was moved
	Owner          string
	Region         said
	Area           string
	Plan           said
	PlanLink       string
	Missed, Report bool
	Priority       int
	Case           string
}

func (v *visit) measureRows(all []plan.Row) (out []measureRow) {
	for _, m := range all {
		row := measureRow{Link: v.at("measures/" + string(m.ID)), What: said{m.What, m.Lang}, Status: v.status(m.Status(v.now)), Due: lastDay(m.Due), Owner: v.owner(m.OwnerName), Region: v.region(m.Region),
			Area: m.AreaTitle, Plan: said{m.PlanTitle, m.PlanLang}, PlanLink: v.at("plans/" + string(m.Plan)), Missed: m.ReportMissed(v.now), Report: m.ReportDue(v.now), Priority: m.Priority, Case: m.Case}
		if m.Moves > 0 {
			row.Was = lastDay(m.FirstDue)
		}
		out = append(out, row)
	}
	return out
}

func (v *visit) owner(name string) string {
	if name == "" {
		return v.l.Must("plan.owner.nobody")
	}
	return name
}

// filter reads what the address chooses.
func (v *visit) filter() plan.Filter {
	q := v.r.URL.Query()
	f := plan.Filter{Plan: plan.ID(q.Get("plan")), Owner: network.PersonID(q.Get("owner")), Region: network.ID(q.Get("region")), Sector: query(v, "sector", network.Sectors...), Status: query(v, "status", plan.States...),
		Area: q.Get("area"), Goal: q.Get("goal"), Decision: forum.DecisionID(q.Get("decision")), Owed: q.Get("report") == "yes", After: plan.MeasureID(q.Get("after")), Limit: measuresShown + 1}
	if q.Get("mine") == "yes" && v.who.Person != "" {
		f.Owner = v.who.Person
	}
	return f
}

func (v *visit) measures() int {
	format, err := web.TableFormatOf(v.r)
	if err != nil {
		return v.fail(err)
	}
	f := v.filter()
	if format != "" {
		return v.measureFile(f, format)
	}
	all, err := v.plans.Measures(v.ctx(), v.who, v.n.ID, f)
	if err != nil {
		return v.fail(err)
	}
	next := ""
	if len(all) > measuresShown {
		all = all[:measuresShown]
		next = string(all[len(all)-1].ID)
	}
	form := web.ReadQuery(v.r)
	d := map[string]any{"Form": form, "Here": v.r.URL.Path, "Rows": v.measureRows(all), "Pager": web.PagerAt(v.r.URL.RequestURI(), next), "Formats": web.TablesAt(v.r.URL.RequestURI()), "SignedIn": v.who.Person != ""}
	filtered := false
	for _, name := range []string{"plan", "owner", "region", "sector", "status", "area", "goal", "decision", "report", "mine"} {
		filtered = filtered || form.Get(name) != ""
	}
	d["Filtered"] = filtered
	if err := v.choices(d); err != nil {
		return v.fail(err)
	}
	keeps, err := v.plans.MayPlan(v.ctx(), v.who, v.n.ID)
	if len(keeps) > 0 {
		d["New"] = v.at("measures/new")
	}
	return v.show(web.Page{Name: "measures", Title: v.l.Must("measures.title"), Public: true, Crumbs: v.crumbs(v.l.Must("measures.title"), ""), Data: d}, err)
}

// choices are what the list can be filtered by.
func (v *visit) choices(d map[string]any) error {
	any := []web.Option{{Text: v.l.Must("plan.any")}}
	d["States"] = append(slices.Clone(any), options(v, "plan.state.", plan.States)...)
	d["Sectors"] = append(slices.Clone(any), options(v, "sector.", network.Sectors)...)
	regions := slices.Clone(any)
	for _, n := range v.network.Tree().Down(v.n.ID) {
		if n.ID != v.n.ID && n.Kind == network.Regional {
			regions = append(regions, web.Option{Value: string(n.ID), Text: v.text(n.Name)})
		}
	}
	d["Regions"] = regions
	names, err := v.plans.Owners(v.ctx(), v.who, v.n.ID)
	if err != nil {
		return err
	}
	owners := slices.Clone(any)
	for id, name := range names {
		owners = append(owners, web.Option{Value: string(id), Text: name})
	}
	slices.SortFunc(owners[1:], func(a, b web.Option) int { return strings.Compare(a.Text, b.Text) })
	d["Owners"] = owners
	plans, err := v.plans.Plans(v.ctx(), v.who, v.n.ID)
	if err != nil {
		return err
	}
	of := slices.Clone(any)
	for _, p := range plans {
		of = append(of, web.Option{Value: string(p.ID), Text: p.Title})
	}
	d["Plans"] = of
	return nil
}

// measureFile sends the list as a file, whose columns are those that an import reads.
func (v *visit) measureFile(q plan.Filter, format string) int {
	e := web.NewExport(v.w, format, "measures", "case", "what", "why", "lang", "priority", "owner", "region", "area", "plan", "start", "due", "first_due", "moves", "status", "target", "indicator", "report_missed", "id")
	q.Limit, q.After = 1000, ""
	day := func(t time.Time) string { return t.Format(time.DateOnly) }
	for {
		rows, err := v.plans.Measures(v.ctx(), v.who, v.n.ID, q)
		if err != nil {
			e.Cut()
			return v.fail(err)
		}
		for _, m := range rows {
			err := e.Row(m.Case, m.What, m.Why, m.Lang, m.Priority, m.OwnerName, v.region(m.Region).Text, m.AreaTitle, m.PlanTitle, day(m.Start), day(lastDay(m.Due)), day(lastDay(m.FirstDue)), m.Moves,
				string(m.Status(v.now)), m.Target, m.Indicator, m.ReportMissed(v.now), string(m.ID))
			if err != nil {
				e.Cut()
				return v.fail(err)
			}
		}
		if len(rows) < q.Limit {
			return e.End()
		}
		q.After = rows[len(rows)-1].ID
	}
}

func (v *visit) theMeasure() (plan.MeasureView, error) {
	return v.plans.Measure(v.ctx(), v.who, v.n.ID, plan.MeasureID(v.r.PathValue("measure")))
}

// quarterRow is a quarter of a measure's, with its report or without.
type quarterRow struct {
	Name         string
	Report       *plan.Report
	At           time.Time
	Course       tag
	Missed, Owed bool
	Link         string // to report on it
}

var courseColours = map[plan.Course]string{plan.OnCourse: "success", plan.AtRisk: "warning", plan.Behind: "danger"}

func (v *visit) quarter(q plan.Quarter) string {
	return v.l.Must("plan.quarter", q.Number(), itoa(q.Year()))
}

func (v *visit) quarterRows(m plan.MeasureView) (out []quarterRow) {
	for _, q := range m.Quarters {
		row := quarterRow{Name: v.quarter(q.Quarter), Report: q.Report, Missed: q.Missed, Owed: q.Owed}
		if q.Report != nil {
			row.At = q.Report.At.In(v.zone)
			row.Course = tag{v.l.Must("plan.course." + string(q.Report.Course)), courseColours[q.Report.Course]}
		} else if m.Does && m.Open() {
			row.Link = v.at("measures/"+string(m.ID)+"/report") + "?quarter=" + itoa(int(q.Quarter))
		}
		out = append(out, row)
	}
	return out
}

// linkRow is another measure, of those that it waits for or that wait for it.
type linkRow struct {
	Link   string
	What   said
	Status tag
	Due    time.Time
}

func (v *visit) linkRows(all []plan.Link) (out []linkRow) {
	for _, x := range all {
		out = append(out, linkRow{v.at("measures/" + string(x.ID)), said{x.What, x.Lang}, v.status(x.Status), lastDay(x.Due)})
	}
	return out
}

// stepRow is a state that a measure came into.
type stepRow struct {
	plan.Step
	State tag
}

// actLink leads to what can be done with a measure.
type actLink struct {
	Text, Href string
	Main       bool
}

func (v *visit) measure() int {
	m, err := v.theMeasure()
	if err != nil {
		return v.fail(err)
	}
	at := v.at("measures/" + string(m.ID))
	d := map[string]any{"M": m, "At": at, "Status": v.status(m.Status(v.now)), "Owner": v.owner(m.OwnerName), "Region": v.region(m.Region), "Plan": said{m.PlanOf.Title, m.PlanOf.Lang}, "Start": m.Start, "Due": lastDay(m.Due),
		"Needs": v.linkRows(m.Needs), "Needed": v.linkRows(m.Needed), "Quarters": v.quarterRows(m), "History": v.events(m.History), "Priority": v.l.Must("plan.priority." + itoa(m.Priority)), "Now": v.now}
	if m.PlanSeen {
		d["PlanLink"] = v.at("plans/" + string(m.Plan))
	}
	if m.Decision != "" {
		d["Decision"] = v.decision(m.Decision)
	}
	var dates []plan.Date
	for _, x := range m.Dates {
		x.Due, x.At = lastDay(x.Due), x.At.In(v.zone)
		dates = append(dates, x)
	}
	d["Dates"] = dates
	var steps []stepRow
	for _, s := range m.Steps {
		s.At = s.At.In(v.zone)
		steps = append(steps, stepRow{s, v.status(s.State)})
	}
	d["Steps"] = steps
	d["Acts"] = v.measureActs(m, at)
	late := m.Status(v.now) == plan.Late
	raised := ""
	for _, x := range m.Raised {
		if x.Due.Equal(m.Due) {
			raised = v.at("topics/" + string(x.Topic))
		}
	}
	d["Raised"] = raised
	if late {
		d["Late"] = v.l.Until(v.now, lastDay(m.Due))
		d["MayRaise"] = m.Registered && raised == ""
	}
	if m.Does && m.Open() && m.ReportDue(v.now) {
		d["ReportDue"] = v.quarter(plan.QuarterOf(lastDay(m.Owed)))
	}
	crumbs := v.crumbs(m.What, "")
	if m.PlanSeen {
		crumbs = v.crumbs(m.PlanOf.Title, "plans/"+string(m.Plan), m.What, "")
	}
	return v.show(web.Page{Name: "measure", Title: m.What, Crumbs: crumbs, Data: d, Public: m.Visibility == network.Public}, nil)
}

func (v *visit) measureActs(m plan.MeasureView, at string) (out []actLink) {
	add := func(key, to string, main bool) {
		out = append(out, actLink{v.l.Must(key), at + to, main})
	}
	if m.Does && m.Open() {
		add("plan.report", "/report", m.ReportDue(v.now))
		if m.State == plan.Planned {
			add("plan.begin", "/begin", false)
		}
		add("plan.finish", "/finish", false)
		add("plan.move", "/date", false)
	}
	if m.Does && !m.Open() {
		add("plan.again", "/begin", false)
	}
	if m.Keeps {
		add("plan.measure.edit", "/edit", false)
		if m.Open() {
			add("plan.drop", "/drop", false)
		}
	}
	return out
}

func (v *visit) newMeasure() int {
	plans, err := v.plans.MayPlan(v.ctx(), v.who, v.n.ID)
	if err != nil {
		return v.fail(err)
	}
	if len(plans) == 0 {
		if may, err := v.mayMake(); err != nil || !may {
			return v.fail(fault.New(fault.Denied, "this is for others to do").Say("plan.denied"))
		}
		return web.SeeOther(v.w, v.r, v.at("plans/new"))
	}
	q := v.r.URL.Query()
	p := plans[0]
	for _, one := range plans {
		if string(one.ID) == q.Get("plan") {
			p = one
		}
	}
	v.filled("plan", string(p.ID), "what", q.Get("what"), "decision", q.Get("decision"), "effect", q.Get("effect"), "owner", string(v.who.Person), "priority", "2", "visibility", string(p.Visibility), "start", web.DateValue(v.now))
	return v.show(v.measureForm(p, plans, nil))
}

// measureForm is the form of a measure: a new one of one of some plans, or one there is.
func (v *visit) measureForm(p plan.Plan, plans []plan.Plan, m *plan.MeasureView) (web.Page, error) {
	title, back := v.l.Must("plan.measure.new"), v.at("plans/"+string(p.ID))
	crumbs := v.crumbs(p.Title, "plans/"+string(p.ID), title, "")
	if m != nil {
		title, back = v.l.Must("plan.measure.edit"), v.at("measures/"+string(m.ID))
		crumbs = v.crumbs(p.Title, "plans/"+string(p.ID), m.What, "measures/"+string(m.ID), title, "")
	}
	view, err := v.plans.View(v.ctx(), v.who, v.n.ID, p.ID)
	if err != nil {
		return web.Page{}, err
	}
	d := map[string]any{"Form": v.form, "Back": back, "New": m == nil, "Priorities": options(v, "plan.priority.", []string{"1", "2", "3"}), "Visibilities": options(v, "plan.visibility.", v.within(p.Visibility))}
	none := web.Option{Text: v.l.Must("plan.none")}
	var of, areas, regions []web.Option
	for _, one := range plans {
		of = append(of, web.Option{Value: string(one.ID), Text: one.Title})
	}
	for _, a := range view.Areas {
		areas = append(areas, web.Option{Value: a.ID, Text: a.Title})
	}
	for _, n := range v.network.Tree().Down(p.Network) {
		if n.ID != p.Network && n.Closed.IsZero() {
			regions = append(regions, web.Option{Value: string(n.ID), Text: v.text(n.Name)})
		}
	}
	if len(of) > 1 {
		d["Plans"] = of
	}
	d["Plan"] = said{p.Title, p.Lang}
	if len(areas) > 0 {
		d["Areas"] = append([]web.Option{none}, areas...)
	}
	if len(view.Goals) > 0 {
		d["Goals"] = append([]web.Option{none}, goalOptions(view.Goals)...)
	}
	if len(regions) > 0 {
		d["Regions"] = append([]web.Option{{Text: v.l.Must("plan.region.all")}}, regions...)
	}
	if d["Partners"], err = v.organisations(); err != nil {
		return web.Page{}, err
	}
	if d["People"], err = v.people(); err != nil {
		return web.Page{}, err
	}
	others, err := v.plans.Measures(v.ctx(), v.who, v.n.ID, plan.Filter{Plan: p.ID, Limit: 100})
	if err != nil {
		return web.Page{}, err
	}
	var needs []web.Option
	for _, o := range others {
		if m == nil || o.ID != m.ID {
			needs = append(needs, web.Option{Value: string(o.ID), Text: o.What})
		}
	}
	d["Needs"] = needs
	return web.Page{Name: "measure-edit", Title: title, Crumbs: crumbs, Data: d}, nil
}

// within are the visibilities that are no wider than a plan's.
func (v *visit) within(of network.Visibility) []network.Visibility {
	return visibilities[max(0, slices.Index(visibilities, of)):]
}

// people are whom a measure can be given to: who is chosen already, whoever reads, and those of the name that was typed.
func (v *visit) people() (out []web.Option, err error) {
	add := func(id network.PersonID, name, help string) {
		if name != "" && !slices.ContainsFunc(out, func(o web.Option) bool { return o.Value == string(id) }) {
			out = append(out, web.Option{Value: string(id), Text: name, Help: help})
		}
	}
	err = v.look(func(tx *storage.Tx, a network.Access) error {
		for _, id := range []network.PersonID{network.PersonID(v.form.Get("owner")), v.who.Person} {
			if p, err := v.network.SeesPerson(v.ctx(), tx, a, v.n.ID, id); err == nil {
				add(id, p.Name, "")
			}
		}
		q := v.form.Get("q")
		if len(q) < 2 {
			return nil
		}
		found, _, err := v.network.People(v.ctx(), tx, a, network.Search{Root: v.n.ID, Text: q, Limit: 20})
		for _, p := range found {
			help := ""
			if len(p.Seats) > 0 {
				help = v.text(p.Seats[0].Name)
			}
			add(p.Person, p.Name, help)
		}
		if len(found) == 1 {
			v.form.Set("owner", string(found[0].Person))
		}
		return err
	})
	return out, err
}

func (v *visit) typedTask() plan.Task {
	f := v.form
	priority, _ := f.Int("priority")
	t := plan.Task{What: f.Get("what"), Why: f.Get("why"), Visibility: network.Visibility(f.Get("visibility")), Region: network.ID(f.Get("region")), Area: f.Get("area"), Goal: f.Get("goal"), Priority: priority,
		Owner: network.PersonID(f.Get("owner")), Start: v.day("start"), Due: v.after("due"), Target: f.Get("target"), Indicator: f.Get("indicator"), Decision: forum.DecisionID(f.Get("decision")), Effect: f.Get("effect")}
	for _, o := range f.All("partners") {
		t.Partners = append(t.Partners, network.OrganisationID(o))
	}
	for _, m := range f.All("needs") {
		t.Needs = append(t.Needs, plan.MeasureID(m))
	}
	return t
}

func (v *visit) addMeasure() int {
	plans, err := v.plans.MayPlan(v.ctx(), v.who, v.n.ID)
	if err != nil {
		return v.fail(err)
	}
	i := slices.IndexFunc(plans, func(p plan.Plan) bool { return string(p.ID) == v.form.Get("plan") })
	if i < 0 {
		return v.fail(network.Absent())
	}
	again := func() (web.Page, error) { return v.measureForm(plans[i], plans, nil) }
	if v.form.Get("do") == "find" {
		return v.show(again())
	}
	t := v.typedTask()
	id, err := plan.MeasureID(""), v.typed()
	if err == nil {
		id, err = v.plans.Add(v.ctx(), v.who, plans[i].ID, t)
	}
	return v.done(err, v.at("measures/"+string(id)), again)
}

// keptMeasure is the measure of the address, for who keeps its plan.
func (v *visit) keptMeasure() (plan.MeasureView, error) {
	m, err := v.theMeasure()
	if err == nil && !m.Keeps {
		err = fault.New(fault.Denied, "this is for others to do").Say("plan.denied")
	}
	return m, err
}

func (v *visit) editMeasure() int {
	m, err := v.keptMeasure()
	if err != nil {
		return v.fail(err)
	}
	f := v.filled("what", m.What, "why", m.Why, "visibility", string(m.Visibility), "region", string(m.Region), "area", m.Area, "goal", m.Measure.Goal, "priority", itoa(m.Priority), "owner", string(m.Owner), "start", web.DateValue(m.Start),
		"target", m.Target, "indicator", m.Indicator, "version", itoa(m.Version))
	for _, o := range m.Partners {
		f.Values.Add("partners", string(o.ID))
	}
	for _, x := range m.Needs {
		f.Values.Add("needs", string(x.ID))
	}
	return v.show(v.measureForm(m.PlanOf, nil, &m))
}

func (v *visit) saveMeasure() int {
	m, err := v.keptMeasure()
	if err != nil {
		return v.fail(err)
	}
	again := func() (web.Page, error) { return v.measureForm(m.PlanOf, nil, &m) }
	if v.form.Get("do") == "find" {
		return v.show(again())
	}
	t := v.typedTask()
	if err = v.typed(); err == nil {
		err = v.plans.EditMeasure(v.ctx(), v.who, m.ID, v.version(), t)
	}
	return v.done(err, v.at("measures/"+string(m.ID)), again)
}
