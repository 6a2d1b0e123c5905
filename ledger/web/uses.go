package web

import (
	"cmp"
	"html/template"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/samverk/samverk/lang"
	"github.com/samverk/samverk/ledger"
	"github.com/samverk/samverk/policy"
	"github.com/samverk/samverk/web"
)

type overviewData struct {
	framed
	Health    health
	Witnesses []ledger.Seen
	Faults    []string
	Uses      uint64
	Denials   uint64
	Open      int  // reviews that go on
	Register  bool // papers are registered on this site
	Given     bool // … and assignments given
	Newcomers []newcomersRow
}

type newcomersRow struct {
	Newcomers
	For, On string
	Soon    bool // enough: the next question lets them in
}

// overview is what a steward begins with.
func (p *room) overview(w http.ResponseWriter, r *http.Request, _ ledger.Reviewer) int {
	ctx, l := r.Context(), p.pages.Words(r)
	d := overviewData{framed: frameOf(""), Register: p.table.Has("GET", "/consent/register"), Given: p.table.Has("GET", "/n/{network}/assignments")}
	var err error
	if d.Health, err = p.health(r); err != nil {
		return p.pages.Fail(w, r, err)
	}
	if d.Witnesses, err = p.Witnesses.List(ctx); err != nil {
		return p.pages.Fail(w, r, err)
	}
	for _, err := range p.Policies.Faults() {
		d.Faults = append(d.Faults, err.Error())
	}
	sums, err := p.Index.Sums(ctx, ledger.Asked{Kinds: asked, From: p.Now().AddDate(0, 0, -lately)}, ledger.ByKind)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	for _, s := range sums {
		if s.Kind == ledger.Use {
			d.Uses = s.Times
		} else {
			d.Denials = s.Times
		}
	}
	all, err := p.Reviews.List(ctx, ledger.GoesOn, "")
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	d.Open = len(all)
	if d.Newcomers, err = p.newcomers(r, l); err != nil {
		return p.pages.Fail(w, r, err)
	}
	return p.pages.Render(w, r, web.Page{Name: "overview", Title: l.Must("log.steward"), Station: "use", Data: d})
}

// newcomers tells how many wait, of each use and dataset that outsiders asked about.
func (p *room) newcomers(r *http.Request, l *web.Words) (rows []newcomersRow, err error) {
	if p.Newcomers == nil {
		return nil, nil
	}
	all, err := p.Newcomers(r.Context())
	for _, n := range all {
		row := newcomersRow{Newcomers: n, For: say(l, "log.purpose.", n.Purpose), On: cmp.Or(n.Dataset, l.Must("log.all")), Soon: n.Waiting >= n.Batch}
		if n.Conditions != "" {
			row.For += ", " + n.Conditions
		}
		rows = append(rows, row)
	}
	return rows, err
}

// lately is how many days the overview is of.
const lately = 30

type usesData struct {
	framed
	Form    *web.Form
	Options map[string][]web.Option
	Chart   template.HTML
	Finding string
	Months  []monthRow
	Rows    []useRow
	Pager   web.Pager
	Narrow  bool // something is filtered
}

// useRow is a line of the log in words.
type useRow struct {
	ledger.Entry
	Who, As, For, What, On string
	Policy                 Named
	Decision               string
	Answered               bool
}

const usesPage = 50

// outcomes are what a question can have come to.
var outcomes = map[string][]ledger.Kind{"": asked, "answered": {ledger.Use}, "refused": {ledger.Denial}}

// filter reads what a list of uses is narrowed to; without a period it is the last twelve months.
func (p *room) filter(r *http.Request) (f *web.Form, q ledger.Asked, narrow bool) {
	f = web.ReadQuery(r)
	from, ok := f.Day("from", time.UTC)
	if !ok {
		from = since(p.Now())
		f.Set("from", web.DateValue(from))
	} else {
		narrow = true
	}
	to, ok := f.Day("to", time.UTC)
	if !ok {
		to = p.Now().UTC()
		f.Set("to", web.DateValue(to))
	} else {
		narrow = true
	}
	kinds, ok := outcomes[f.Get("outcome")]
	if !ok {
		kinds = asked
	}
	q = ledger.Asked{Kinds: kinds, From: from, To: to.AddDate(0, 0, 1), Organisation: f.Get("organisation"), Role: f.Get("role"), Purpose: f.Get("purpose"),
		Question: f.Get("question"), Dataset: f.Get("dataset")}
	for _, name := range []string{"organisation", "role", "purpose", "question", "dataset", "outcome"} {
		narrow = narrow || f.Get(name) != ""
	}
	return f, q, narrow
}

func (p *room) uses(w http.ResponseWriter, r *http.Request, _ ledger.Reviewer) int {
	ctx, l := r.Context(), p.pages.Words(r)
	format, err := web.FormatOf(r)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	f, q, narrow := p.filter(r)
	if format != "" {
		return p.usesFile(w, r, format, q)
	}
	d := usesData{framed: frameOf("uses"), Form: f, Narrow: narrow}
	if d.Options, err = p.choices(r, l); err != nil {
		return p.pages.Fail(w, r, err)
	}
	sums, err := p.Index.Sums(ctx, q, ledger.ByMonth, ledger.ByOrganisation, ledger.ByKind)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	d.Months = monthRows(l, sums, func(s ledger.Sum) string { return s.Organisation }, func(id string) string { return p.organisation(r, l, id) })
	if d.Chart, d.Finding, err = picture(l, sums, q.From, q.To.AddDate(0, 0, -1)); err != nil {
		return p.pages.Fail(w, r, err)
	}
	q.Before, _ = strconv.ParseUint(f.Get("after"), 10, 63)
	q.Limit = usesPage
	list, err := p.Index.Asked(ctx, q)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	for _, e := range list {
		d.Rows = append(d.Rows, p.useRow(r, l, e))
	}
	next := ""
	if len(list) == usesPage {
		next = strconv.FormatUint(list[usesPage-1].Index, 10)
	}
	d.Pager = web.PagerAt(r.URL.RequestURI(), next)
	name := l.Must("log.tab.uses")
	return p.pages.Render(w, r, web.Page{Name: "uses", Title: name, Station: "use", Data: d, Crumbs: p.crumbs(l, name)})
}

func (p *room) useRow(r *http.Request, l *web.Words, e ledger.Entry) useRow {
	e.Time = e.Time.UTC()
	row := useRow{Entry: e, Who: p.organisation(r, l, e.Organisation), As: say(l, "log.role.", e.Role), For: say(l, "log.purpose.", e.Purpose),
		What: say(l, "log.question.", e.Question), On: cmp.Or(e.Dataset, l.Must("log.all")), Policy: p.policy(l, e.Policy, e.Ref), Answered: e.Kind == ledger.Use}
	if e.Node != "" {
		row.Who += " (" + l.Must("log.by-node", e.Node) + ")"
	}
	if e.Kind == ledger.Access {
		row.What, row.On = l.Must("log.look"), ""
	}
	if e.Policy != "" {
		row.Decision = lastOf(e.Decision)
	}
	return row
}

// lastOf is a decision's number, of NETWORK/BODY/NUMBER.
func lastOf(decision string) string {
	for i := len(decision) - 1; i >= 0; i-- {
		if decision[i] == '/' {
			return decision[i+1:]
		}
	}
	return decision
}

// choices are what lists can be narrowed to: what was ever asked with.
func (p *room) choices(r *http.Request, l *web.Words) (map[string][]web.Option, error) {
	all, err := p.Index.Values(r.Context(), asked...)
	if err != nil {
		return nil, err
	}
	found := map[string]map[string]string{}
	for _, by := range []ledger.By{ledger.ByOrganisation, ledger.ByRole, ledger.ByPurpose, ledger.ByQuestion, ledger.ByDataset} {
		of := map[string]string{}
		for _, value := range all[by] {
			switch {
			case by == ledger.ByOrganisation && value != "":
				of[value] = p.Organisation(r.Context(), l.Code, value)
			case by == ledger.ByDataset:
				of[value] = value
			case by != ledger.ByOrganisation:
				of[value] = say(l, "log."+string(by)+".", value)
			}
		}
		found[string(by)] = of
	}
	out := map[string][]web.Option{"outcome": {{Value: "", Text: l.Must("log.any")}, {Value: "answered", Text: l.Must("log.answered")}, {Value: "refused", Text: l.Must("log.refused")}}}
	for name, values := range found {
		out[name] = optionsOf(l, values)
	}
	return out, nil
}

// optionsOf sorts values by what they are called, after the choice of all.
func optionsOf(l *web.Words, values map[string]string) []web.Option {
	var out []web.Option
	for value, text := range values {
		if value != "" {
			out = append(out, web.Option{Value: value, Text: cmp.Or(text, value)})
		}
	}
	lang.Sort(l, out, func(o web.Option) string { return o.Text })
	return slices.Insert(out, 0, web.Option{Text: l.Must("log.any")})
}

// usesFile sends all of them.
func (p *room) usesFile(w http.ResponseWriter, r *http.Request, format string, q ledger.Asked) int {
	e := web.NewExport(w, format, "uses", "index", "time", "outcome", "organisation", "role", "purpose", "conditions", "question", "dataset", "policy", "policy_version", "decision", "counted")
	for {
		list, err := p.Index.Asked(r.Context(), q)
		if err != nil {
			e.Cut()
			return p.pages.Fail(w, r, err)
		}
		for _, x := range list {
			outcome := "answered"
			if x.Kind == ledger.Denial {
				outcome = "refused"
			}
			if err := e.Row(x.Index, x.Time.UTC(), outcome, x.Organisation, x.Role, x.Purpose, x.Conditions, x.Question, x.Dataset, x.Policy, x.PolicyVersion, x.Decision, x.Counted); err != nil {
				return http.StatusOK // the reader left
			}
		}
		if len(list) < 100 {
			return e.End()
		}
		q.Before = list[len(list)-1].Index
	}
}

type denialsData struct {
	framed
	Form    *web.Form
	Options map[string][]web.Option
	Rows    []denialRow
	More    int
	Times   int64
	Leaves  string // where each of them is listed
}

// denialRow is a kind of question that was refused.
type denialRow struct {
	policy.Asked
	Who, As, For, What, On, Why string
}

// spans are how many days back a list of denials can go, and which it does when nothing is said.
var spans = []int{30, 90, 365}

const shownDenials = 200

// denials lists what was refused by kind of question, and why: as those who run the node may know it.
func (p *room) denials(w http.ResponseWriter, r *http.Request, _ ledger.Reviewer) int {
	l := p.pages.Words(r)
	format, err := web.FormatOf(r)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	f := web.ReadQuery(r)
	days, _ := f.Int("days")
	if !slices.Contains(spans, days) {
		days = spans[0]
		f.Set("days", strconv.Itoa(days))
	}
	from := p.Now().AddDate(0, 0, -days)
	all, err := p.Policies.Requests(r.Context(), from)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	all = slices.DeleteFunc(all, func(a policy.Asked) bool { return a.Request.Outcome.Allowed })
	d := denialsData{framed: frameOf("denials"), Form: f, Options: p.denialChoices(r, l, all), Leaves: "/steward/uses?outcome=refused&from=" + web.DateValue(from.UTC())}
	all = slices.DeleteFunc(all, func(a policy.Asked) bool {
		q := a.Request
		for name, is := range map[string]string{"organisation": q.Organisation, "role": q.Role, "purpose": string(q.Purpose), "question": string(q.Question), "dataset": q.Dataset, "reason": string(q.Outcome.Reason)} {
			if want := f.Get(name); want != "" && want != is {
				return true
			}
		}
		return false
	})
	if format != "" {
		return denialsFile(w, format, all)
	}
	for i, a := range all {
		d.Times += a.Times
		if i < shownDenials {
			d.Rows = append(d.Rows, p.denialRow(r, l, a))
		}
	}
	d.More = len(all) - len(d.Rows)
	name := l.Must("log.tab.denials")
	return p.pages.Render(w, r, web.Page{Name: "denials", Title: name, Station: "use", Data: d, Crumbs: p.crumbs(l, name)})
}

func (p *room) denialRow(r *http.Request, l *web.Words, a policy.Asked) denialRow {
	q := a.Request
	row := denialRow{Asked: a, Who: l.Must("log.anybody"), As: say(l, "log.role.", q.Role), For: say(l, "log.purpose.", string(q.Purpose)), What: say(l, "log.question.", string(q.Question)),
		On: cmp.Or(q.Dataset, l.Must("log.all")), Why: say(l, "log.reason.", string(q.Outcome.Reason))}
	switch {
	case q.Operator:
		row.Who = l.Must("log.local")
	case q.Organisation != "":
		row.Who = p.Organisation(r.Context(), l.Code, q.Organisation)
	}
	return row
}

func (p *room) denialChoices(r *http.Request, l *web.Words, all []policy.Asked) map[string][]web.Option {
	found := map[string]map[string]string{"organisation": {}, "role": {}, "purpose": {}, "question": {}, "dataset": {}, "reason": {}}
	for _, a := range all {
		q := a.Request
		if q.Organisation != "" {
			found["organisation"][q.Organisation] = p.Organisation(r.Context(), l.Code, q.Organisation)
		}
		found["role"][q.Role] = say(l, "log.role.", q.Role)
		found["purpose"][string(q.Purpose)] = say(l, "log.purpose.", string(q.Purpose))
		found["question"][string(q.Question)] = say(l, "log.question.", string(q.Question))
		found["dataset"][q.Dataset] = q.Dataset
		found["reason"][string(q.Outcome.Reason)] = say(l, "log.reason.", string(q.Outcome.Reason))
	}
	out := map[string][]web.Option{}
	for name, values := range found {
		out[name] = optionsOf(l, values)
	}
	for _, n := range spans {
		out["days"] = append(out["days"], web.Option{Value: strconv.Itoa(n), Text: l.Must("log.days", n)})
	}
	return out
}

func denialsFile(w http.ResponseWriter, format string, all []policy.Asked) int {
	e := web.NewExport(w, format, "denials", "organisation", "sector", "role", "signed_in", "operator", "purpose", "commercial", "country", "question", "dataset", "policy", "reason", "times")
	for _, a := range all {
		q := a.Request
		if err := e.Row(q.Organisation, q.Sector, q.Role, q.SignedIn, q.Operator, string(q.Purpose), q.Commercial, q.Country, string(q.Question), q.Dataset, q.Outcome.Policy,
			string(q.Outcome.Reason), a.Times); err != nil {
			return http.StatusOK // the reader left
		}
	}
	return e.End()
}
