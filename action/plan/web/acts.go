package web

import (
	"strconv"
	"strings"
	"time"

	"github.com/samverk/samverk/action/plan"
	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/forum"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/storage"
	"github.com/samverk/samverk/web"
)

// act is what is done with a measure by a form of its own.
type act struct {
	key, does string
	to        plan.State // the state it leads to; "" for none
	open      bool       // only of an open measure
}

var acts = []act{
	{"report", "Reports on a quarter.", "", true},
	{"date", "Moves the day it is due, with the reason. The old day stays beside it.", "", true},
	{"begin", "Begins it, or takes it up again.", plan.Active, false},
	{"finish", "Finishes it, with what came of it.", plan.Done, true},
	{"drop", "Drops it, with the reason.", plan.Dropped, true},
}

// actOn is the measure of the address, if that can be done with it by whoever reads.
func (v *visit) actOn(a act) (plan.MeasureView, error) {
	m, err := v.theMeasure()
	switch {
	case err != nil:
	case !m.Does, a.to == plan.Dropped && !m.Keeps:
		err = fault.New(fault.Denied, "this is for others to do").Say("plan.denied")
	case a.open && !m.Open():
		err = fault.New(fault.Conflict, "the measure is done or dropped").Say("plan.measure.closed")
	case a.to == plan.Active && m.State == plan.Active:
		err = fault.New(fault.Conflict, "it is under way").Say("plan.state")
	}
	return m, err
}

func (v *visit) actForm(a act) int {
	m, err := v.actOn(a)
	if err != nil {
		return v.fail(err)
	}
	pairs := []string{"version", itoa(m.Version)}
	switch a.key {
	case "report":
		q := v.r.URL.Query().Get("quarter")
		if q == "" {
			for _, x := range m.Quarters { // the oldest that is owed, else the one that runs
				if x.Report == nil {
					q = itoa(int(x.Quarter))
				}
			}
		}
		pairs = append(pairs, "quarter", q, "lang", v.l.Code, "course", string(plan.OnCourse))
	case "date":
		pairs = append(pairs, "due", web.DateValue(lastDay(m.Due)))
	}
	v.filled(pairs...)
	return v.show(v.actPage(a, m))
}

func (v *visit) actPage(a act, m plan.MeasureView) (web.Page, error) {
	key := a.key
	if key == "begin" && !m.Open() {
		key = "again"
	}
	title := v.l.Must("plan.act." + key)
	d := map[string]any{"Form": v.form, "Act": key, "What": said{m.What, m.Lang}, "Back": v.at("measures/" + string(m.ID)), "Lede": v.l.Must("plan.act." + key + ".lede"), "Button": v.l.Must("plan.act." + key + ".do"), "Due": lastDay(m.Due), "Indicator": m.Indicator, "Target": m.Target}
	if a.key == "report" {
		var quarters []web.Option
		for _, q := range m.Quarters {
			o := web.Option{Value: itoa(int(q.Quarter)), Text: v.quarter(q.Quarter)}
			switch {
			case q.Report != nil:
				o.Text = v.l.Must("plan.quarter.again", o.Text)
			case q.Missed:
				o.Text = v.l.Must("plan.quarter.missed", o.Text)
			}
			quarters = append(quarters, o)
		}
		d["Quarters"], d["Courses"], d["Langs"] = quarters, options(v, "plan.course.", plan.Courses), options(v, "plan.lang.", []string{"sv", "nb", "en"})
	}
	return web.Page{Name: "measure-act", Title: title, Crumbs: v.crumbs(m.What, "measures/"+string(m.ID), title, ""), Data: d}, nil
}

func (v *visit) act(a act) int {
	m, err := v.actOn(a)
	if err != nil {
		return v.fail(err)
	}
	f, ctx := v.form, v.ctx()
	switch a.key {
	case "report":
		q, _ := strconv.Atoi(f.Get("quarter"))
		err = v.plans.Report(ctx, v.who, m.ID, plan.Telling{Quarter: plan.Quarter(q), Text: f.Get("text"), Lang: f.Get("lang"), Course: plan.Course(f.Get("course")), Value: f.Get("value")})
	case "date":
		due := v.after("due")
		if err = v.typed(); err == nil {
			err = v.plans.Move(ctx, v.who, m.ID, v.version(), due, f.Get("reason"))
		}
	default:
		err = v.plans.Turn(ctx, v.who, m.ID, v.version(), a.to, f.Get("reason"))
	}
	return v.done(err, v.at("measures/"+string(m.ID)), func() (web.Page, error) { return v.actPage(a, m) })
}

// raise raises a topic about a measure that is late, in the network's language, with the measure's page as its evidence.
func (v *visit) raise() int {
	m, err := v.theMeasure()
	if err != nil {
		return v.fail(err)
	}
	l := v.pages.In(v.n.Lang)
	at := v.at("measures/" + string(m.ID))
	var text strings.Builder
	text.WriteString(l.Must("plan.raise.text", l.Quote(m.What), l.Day(lastDay(m.Due)), m.Case, at))
	if m.Moves > 0 {
		text.WriteString("\n\n" + l.Must("plan.raise.moved", m.Moves, l.Day(lastDay(m.FirstDue))))
		for _, d := range m.Dates[1:] {
			text.WriteString("\n- " + l.Day(lastDay(d.Due)) + ": " + d.Reason)
		}
	}
	missed := 0
	var last *plan.Report
	for _, q := range m.Quarters {
		if q.Missed {
			missed++
		}
		if last == nil && q.Report != nil {
			last = q.Report
		}
	}
	if missed > 0 {
		text.WriteString("\n\n" + l.Must("plan.raise.missed", missed))
	}
	if last != nil {
		text.WriteString("\n\n" + l.Must("plan.raise.last", last.Quarter.Number(), itoa(last.Quarter.Year()), l.Must("plan.course."+string(last.Course))) + "\n\n> " + strings.ReplaceAll(last.Text, "\n", "\n> "))
	}
	if m.Target != "" {
		text.WriteString("\n\n" + l.Must("plan.raise.target", m.Target))
	}
	var evidence []forum.Citing
	if address := v.forum.Address(at); strings.HasPrefix(address, "http") {
		evidence = append(evidence, forum.Citing{Ref: address, Title: m.Case + " " + m.What, Note: l.Must("plan.raise.note", l.Day(v.now)), Level: "register", Lang: v.n.Lang})
	}
	topic, err := v.plans.Raise(v.ctx(), v.who, m.ID, cut(l.Must("plan.raise.title", m.What), 200), text.String(), evidence)
	if err != nil {
		return v.fail(err)
	}
	return web.SeeOther(v.w, v.r, v.at("topics/"+string(topic)))
}

// cut shortens a text to so many characters.
func cut(s string, most int) string {
	if r := []rune(s); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return s
}

// yearRow is a measure that two years tell differently of.
type yearRow struct {
	What        said
	Link        string
	Added, Gone bool
	Is          []cell
}

// cell is what a year says of one thing of a measure.
type cell struct{ Name, Was, Is string }

func (v *visit) years() int {
	p, err := v.thePlan()
	if err != nil {
		return v.fail(err)
	}
	format, err := web.TableFormatOf(v.r)
	if err != nil {
		return v.fail(err)
	}
	return v.yearsPage(p, format)
}

// chosen are the two years the address names, else the last two.
func (v *visit) chosen(p plan.PlanView) (was, is int) {
	n := len(p.Snapshots)
	if n > 0 {
		is = p.Snapshots[n-1].Year
	}
	if n > 1 {
		was = p.Snapshots[n-2].Year
	}
	q := v.r.URL.Query()
	for _, s := range p.Snapshots {
		if q.Get("is") == itoa(s.Year) {
			is = s.Year
		}
		if q.Get("was") == itoa(s.Year) {
			was = s.Year
		}
	}
	if was == is {
		was = 0
	}
	return was, is
}

func (v *visit) yearsPage(p plan.PlanView, format string) int {
	was, is := v.chosen(p)
	title := v.l.Must("plan.years")
	d := map[string]any{"Plan": p, "Form": web.ReadQuery(v.r), "Here": v.r.URL.Path, "Keeps": p.Keeps && p.Closed.IsZero(), "Formats": web.TablesAt(v.r.URL.RequestURI())}
	page := web.Page{Name: "plan-years", Title: title, Crumbs: v.crumbs(p.Title, "plans/"+string(p.ID), title, ""), Data: d, Public: p.Visibility == network.Public && v.form == nil}
	if f := v.form; f != nil {
		d["Freeze"] = f
	} else {
		f := web.NewForm("year", itoa(v.now.Year()))
		d["Freeze"] = f
	}
	var years []web.Option
	for _, s := range p.Snapshots {
		years = append(years, web.Option{Value: itoa(s.Year), Text: itoa(s.Year)})
	}
	d["Choices"] = years
	if is == 0 {
		if format != "" {
			return web.NewExport(v.w, format, "years", "year").End()
		}
		return v.show(page, nil)
	}
	a, b, changes, err := v.plans.Compare(v.ctx(), v.who, v.n.ID, p.ID, was, is)
	if err != nil {
		return v.fail(err)
	}
	if format != "" {
		return v.yearsFile(format, a, b)
	}
	form := web.NewForm("was", itoa(was), "is", itoa(is))
	d["Form"] = form
	d["A"], d["B"], d["Compared"] = a, b, was != 0
	d["At"] = b.At.In(v.zone)
	var owners []network.PersonID
	for _, c := range changes {
		owners = append(owners, c.Was.Owner, c.Is.Owner)
	}
	var names map[network.PersonID]string
	err = v.look(func(tx *storage.Tx, _ network.Access) (err error) {
		names, err = v.network.Names(v.ctx(), tx, owners)
		return err
	})
	if err != nil {
		return v.fail(err)
	}
	var rows []yearRow
	for _, c := range changes {
		rows = append(rows, v.changeRow(c, names))
	}
	d["Changes"] = rows
	var counts []yearCount
	ca, cb := a.Counts(), b.Counts()
	for _, s := range plan.States {
		counts = append(counts, yearCount{v.status(s), ca[s], cb[s]})
	}
	d["Counts"] = counts
	return v.show(page, nil)
}

// yearCount is how many measures were what in two years.
type yearCount struct {
	Status  tag
	Was, Is int
}

func (v *visit) changeRow(c plan.Change, names map[network.PersonID]string) yearRow {
	x := c.Is
	if c.Gone() {
		x = c.Was
	}
	row := yearRow{What: said{x.What, x.Lang}, Link: v.at("measures/" + string(x.Measure)), Added: c.Added(), Gone: c.Gone()}
	for _, f := range c.Fields {
		was, is := v.frozen(c.Was, f, names), v.frozen(c.Is, f, names)
		row.Is = append(row.Is, cell{v.l.Must("plan.field." + f), was, is})
	}
	return row
}

// frozen is what a snapshot says of a measure, in words.
func (v *visit) frozen(x plan.Frozen, field string, names map[network.PersonID]string) string {
	out := ""
	switch field {
	case "status":
		out = v.l.Must("plan.state." + string(x.Status))
	case "due":
		if t, err := time.ParseInLocation(time.DateOnly, x.Due, v.zone); err == nil {
			out = v.l.Day(t)
		}
	case "owner":
		out = v.owner(names[x.Owner])
	case "course":
		if x.Course != "" {
			out = v.l.Must("plan.course." + string(x.Course))
		}
	case "value":
		out = x.Value
	case "target":
		out = x.Target
	case "priority":
		out = v.l.Must("plan.priority." + itoa(x.Priority))
	case "what":
		out = x.What
	}
	if out == "" {
		return "–"
	}
	return out
}

func (v *visit) yearsFile(format string, years ...plan.Year) int {
	e := web.NewExport(v.w, format, "years", "year", "case", "what", "status", "priority", "area", "goal", "start", "due", "first_due", "moves", "target", "course", "value", "reports", "missed", "id")
	for _, y := range years {
		for _, x := range y.Rows {
			if err := e.Row(y.Year, x.Case, x.What, string(x.Status), x.Priority, x.Area, x.Goal, x.Start, x.Due, x.FirstDue, x.Moves, x.Target, string(x.Course), x.Value, x.Reports, x.Missed, string(x.Measure)); err != nil {
				e.Cut()
				return v.fail(err)
			}
		}
	}
	return e.End()
}

func (v *visit) freeze() int {
	p, err := v.keptPlan()
	if err != nil {
		return v.fail(err)
	}
	year, _ := v.form.Int("year")
	if _, err = v.plans.Freeze(v.ctx(), v.who, p.ID, year, v.form.Get("note")); err != nil {
		if !v.form.Fault(v.l, err) {
			return v.fail(err)
		}
		return v.yearsPage(p, "")
	}
	return web.SeeOther(v.w, v.r, v.at("plans/"+string(p.ID)+"/years")+"?is="+itoa(year))
}

// importLine is a line of a file as it is shown.
type importLine struct {
	plan.Line
	Start, Due time.Time
}

func (v *visit) importForm() int {
	p, err := v.keptPlan()
	if err != nil {
		return v.fail(err)
	}
	v.filled()
	return v.show(v.importPage(p, nil))
}

// problemRow is what is wrong with a row of a file.
type problemRow struct {
	Row              int
	Column, Of, Text string
}

func (v *visit) importPage(p plan.PlanView, pre *plan.Preview) (web.Page, error) {
	title := v.l.Must("plan.import")
	var columns []string
	for _, c := range plan.Columns {
		columns = append(columns, v.l.Must("plan.column."+c.Key))
	}
	d := map[string]any{"Form": v.form, "Plan": p, "Back": v.at("plans/" + string(p.ID)), "Columns": columns}
	page := web.Page{Name: "plan-import", Title: title, Crumbs: v.crumbs(p.Title, "plans/"+string(p.ID), title, ""), Data: d}
	if pre == nil {
		return page, nil
	}
	d["Pre"] = pre
	var wrong []problemRow
	for _, x := range pre.Problems {
		row := problemRow{Row: x.Row, Column: x.Column, Text: v.l.Must("fault."+x.Err.Code, x.Err.Args...)}
		if x.Key != "" && v.l.Has("plan.column."+x.Key) {
			row.Of = v.l.Must("plan.column." + x.Key)
		}
		wrong = append(wrong, row)
	}
	d["Wrong"] = wrong
	if len(wrong) > 0 {
		page.Status = 400
		v.form.Wrong("file", v.l.Must("plan.import.wrong", len(wrong)+pre.More))
	}
	return page, nil
}

func (v *visit) read() int {
	p, err := v.keptPlan()
	if err != nil {
		return v.fail(err)
	}
	h := v.form.File("file")
	if h == nil {
		v.form.Wrong("file", v.l.Must("plan.import.none"))
		return v.show(v.importPage(p, nil))
	}
	file, err := h.Open()
	if err != nil {
		return v.fail(err)
	}
	defer func() { _ = file.Close() }() // it was read
	pre, err := v.plans.Read(v.ctx(), v.who, p.ID, h.Filename, file)
	if err != nil {
		return v.done(err, "", func() (web.Page, error) { return v.importPage(p, nil) })
	}
	if pre.ID != "" {
		return web.SeeOther(v.w, v.r, v.at("plans/"+string(p.ID)+"/import/"+pre.ID))
	}
	return v.show(v.importPage(p, &pre))
}

func (v *visit) preview() int {
	p, err := v.keptPlan()
	if err != nil {
		return v.fail(err)
	}
	return v.show(v.previewPage(p))
}

func (v *visit) previewPage(p plan.PlanView) (web.Page, error) {
	pre, err := v.plans.Draft(v.ctx(), v.who, p.ID, v.r.PathValue("draft"))
	title := v.l.Must("plan.import.look")
	var lines []importLine
	for _, l := range pre.Lines {
		start, _ := time.ParseInLocation(time.DateOnly, l.Start, v.zone)
		due, _ := time.ParseInLocation(time.DateOnly, l.Due, v.zone)
		lines = append(lines, importLine{l, start, due})
	}
	return web.Page{Name: "plan-preview", Title: title, Crumbs: v.crumbs(p.Title, "plans/"+string(p.ID), title, ""), Data: map[string]any{
		"Plan": p, "Pre": pre, "Lines": lines, "Back": v.at("plans/" + string(p.ID) + "/import")}}, err
}

func (v *visit) takeIn() int {
	p, err := v.keptPlan()
	if err != nil {
		return v.fail(err)
	}
	_, err = v.plans.TakeIn(v.ctx(), v.who, p.ID, v.r.PathValue("draft"))
	return v.done(err, v.at("plans/"+string(p.ID)), func() (web.Page, error) { return v.previewPage(p) })
}
