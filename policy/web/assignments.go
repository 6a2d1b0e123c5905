package web

import (
	"net/http"
	"slices"
	"time"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/policy"
	"github.com/samverk/samverk/storage"
	"github.com/samverk/samverk/web"
)

// AssignmentRow is an assignment in words.
type AssignmentRow struct {
	policy.Assignment
	Name  string // whose
	Role  string
	At    string // the organisation's name
	Span  string
	State string // holds, coming or ended
	Ends  string // where it can be ended; "" when not
}

type assignmentsData struct {
	Here          string
	Mine          []AssignmentRow
	Steward       bool
	Organisations []web.Option
	Organisation  string
	Own           string // the first that the reader is a steward at
	Name          string
	Rows          []AssignmentRow
	Pager         web.Pager
	Search        *web.Form
	Found         []web.Option
	Asked         bool
	Roles         []web.Option
}

func (p *Room) assignments(w http.ResponseWriter, r *http.Request, n *network.Network) int {
	if err := p.member(r, n); err != nil {
		return p.pages.Fail(w, r, err)
	}
	return p.assignmentsShow(w, r, n, web.NewForm("organisation", r.URL.Query().Get("organisation"), "person", r.URL.Query().Get("person")))
}

// mostAssignments is how many the room gives at once.
const mostAssignments = 200

func (p *Room) assignmentsShow(w http.ResponseWriter, r *http.Request, n *network.Network, f *web.Form) int {
	l := p.pages.Words(r)
	format, err := web.FormatOf(r)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	d := assignmentsData{Here: home(n) + "/assignments", Roles: options(l, "pol.role.", policy.Roles), Search: web.ReadQuery(r)}
	if d.Mine, err = p.Held(r, n); err != nil {
		return p.pages.Fail(w, r, err)
	}
	if err := p.stewarded(r, n, &d); err != nil {
		return p.pages.Fail(w, r, err)
	}
	var rows []policy.Assignment
	if d.Steward {
		d.Organisation = f.Get("organisation")
		if !slices.ContainsFunc(d.Organisations, func(o web.Option) bool { return o.Value == d.Organisation }) {
			d.Organisation = d.Organisations[0].Value
			if d.Own != "" {
				d.Organisation = d.Own
			}
		}
		f.Set("organisation", d.Organisation)
		d.Name = named(d.Organisations)(d.Organisation)
		if rows, err = p.policies.Assignments(r.Context(), d.Organisation, r.URL.Query().Get("after")); err != nil {
			return p.pages.Fail(w, r, err)
		}
		if d.Rows, err = p.rowsOf(r, n, rows); err != nil {
			return p.pages.Fail(w, r, err)
		}
		next := ""
		if len(rows) == mostAssignments {
			next = rows[len(rows)-1].ID
		}
		d.Pager = web.PagerAt(r.URL.RequestURI(), next)
		if err := p.people(r, n, &d, f); err != nil {
			return p.pages.Fail(w, r, err)
		}
	}
	if format != "" {
		return assignmentsFile(w, format, d)
	}
	name := l.Must("pol.given")
	return p.pages.Render(w, r, web.Page{Name: "assignments", Title: name, Station: "decide", Data: d, Form: f,
		Crumbs: crumbs(n, l, web.Link{Text: l.Must("pol.title"), Href: home(n) + "/policies"}, web.Link{Text: name})})
}

// stewarded finds the organisations whose assignments the reader gives.
func (p *Room) stewarded(r *http.Request, n *network.Network, d *assignmentsData) error {
	all, _, err := p.names(r, n)
	if err != nil {
		return err
	}
	everywhere, err := p.policies.IsSteward(r.Context(), by(r), "")
	if err != nil {
		return err
	}
	held, err := p.policies.Held(r.Context(), person(r))
	if err != nil {
		return err
	}
	for _, o := range all {
		own := slices.ContainsFunc(held, func(a policy.Assignment) bool { return a.Role == policy.Steward && a.Organisation == o.Value })
		if own && d.Own == "" {
			d.Own = o.Value
		}
		if everywhere || own {
			d.Organisations = append(d.Organisations, o)
		}
	}
	d.Steward = len(d.Organisations) > 0
	return nil
}

// people finds whom an assignment could be given to.
func (p *Room) people(r *http.Request, n *network.Network, d *assignmentsData, f *web.Form) error {
	q := d.Search.Get("q")
	chosen := network.PersonID(f.Get("person"))
	d.Asked = q != ""
	return p.network.Look(r.Context(), actor(r), func(tx *storage.Tx, a network.Access) error {
		d.Found = nil
		if chosen != "" {
			who, err := p.network.SeesPerson(r.Context(), tx, a, n.ID, chosen)
			if err != nil {
				return err
			}
			d.Found = []web.Option{{Value: string(who.ID), Text: who.Name}}
			return nil
		}
		if q == "" {
			return nil
		}
		found, _, err := p.network.People(r.Context(), tx, a, network.Search{Root: n.ID, Text: q, Limit: 20})
		for _, x := range found {
			d.Found = append(d.Found, web.Option{Value: string(x.Person), Text: x.Name})
		}
		return err
	})
}

func (p *Room) rowsOf(r *http.Request, n *network.Network, all []policy.Assignment) (rows []AssignmentRow, err error) {
	l, zone, now := p.pages.Words(r), p.network.Zone(n.ID), p.network.Now()
	organisations, _, err := p.names(r, n)
	if err != nil {
		return nil, err
	}
	var ids []network.PersonID
	for _, a := range all {
		ids = append(ids, network.PersonID(a.Person))
	}
	var names map[network.PersonID]string
	err = p.network.Look(r.Context(), actor(r), func(tx *storage.Tx, _ network.Access) error {
		names, err = p.network.Names(r.Context(), tx, ids)
		return err
	})
	for _, a := range all {
		row := AssignmentRow{Assignment: a, Name: names[network.PersonID(a.Person)], Role: l.Must("pol.role." + a.Role), At: named(organisations)(a.Organisation), State: "ended"}
		to := a.To
		if !a.Ended.IsZero() {
			to = a.Ended
		}
		if !to.IsZero() {
			to = to.In(zone)
		}
		row.Span = l.Days(a.From.In(zone), to)
		switch {
		case a.At(now):
			row.State = "holds"
		case a.From.After(now) && a.Ended.IsZero():
			row.State = "coming"
		}
		if row.State != "ended" {
			row.Ends = home(n) + "/assignments/" + a.ID + "/end"
		}
		rows = append(rows, row)
	}
	return rows, err
}

func assignmentsFile(w http.ResponseWriter, format string, d assignmentsData) int {
	e := web.NewExport(w, format, "assignments", "id", "person", "name", "organisation", "sector", "role", "approval", "from", "to", "ended", "by", "ground")
	rows := d.Rows
	if !d.Steward {
		rows = d.Mine
	}
	for _, a := range rows {
		if err := e.Row(a.ID, a.Person, a.Name, a.Organisation, a.Sector, a.Assignment.Role, a.Approval, stamp(a.From), stamp(a.To), stamp(a.Ended), a.By, a.Ground); err != nil {
			return http.StatusOK // the reader left
		}
	}
	return e.End()
}

func (p *Room) assign(w http.ResponseWriter, r *http.Request, n *network.Network) int {
	if err := p.member(r, n); err != nil {
		return p.pages.Fail(w, r, err)
	}
	f, err := web.ReadForm(w, r)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	l, zone := p.pages.Words(r), p.network.Zone(n.ID)
	_, sectors, err := p.names(r, n)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	a := policy.Assignment{Person: f.Get("person"), Organisation: f.Get("organisation"), Role: f.Get("role"), Approval: f.Get("approval"), Ground: f.Get("ground")}
	show := func() int { return p.assignmentsShow(w, r, n, f) }
	sector, ok := sectors[a.Organisation]
	if !ok {
		return p.pages.Fail(w, r, network.Absent())
	}
	a.Sector = sector
	err = p.network.Look(r.Context(), actor(r), func(tx *storage.Tx, acc network.Access) error {
		if a.Person == "" {
			return nil
		}
		_, err := p.network.SeesPerson(r.Context(), tx, acc, n.ID, network.PersonID(a.Person))
		return err
	})
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	for name, to := range map[string]*time.Time{"from": &a.From, "to": &a.To} {
		if f.Get(name) == "" {
			continue
		}
		day, ok := f.Day(name, zone)
		if !ok {
			f.Wrong(name, l.Must("pol.day"))
		}
		if name == "to" {
			day = day.AddDate(0, 0, 1) // through that day
		}
		*to = day
	}
	if !f.OK() {
		return show()
	}
	if _, err := p.policies.Assign(r.Context(), by(r), a); err != nil {
		return p.again(w, r, f, err, show)
	}
	return web.SeeOther(w, r, home(n)+"/assignments?organisation="+a.Organisation)
}

func (p *Room) assignmentEnd(w http.ResponseWriter, r *http.Request, n *network.Network) int {
	if err := p.member(r, n); err != nil {
		return p.pages.Fail(w, r, err)
	}
	f, err := web.ReadForm(w, r)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	ground := f.Get("ground")
	if ground == "" {
		ground = p.pages.Words(r).Must("pol.ended.own")
	}
	err = p.policies.EndAssignment(r.Context(), by(r), r.PathValue("assignment"), ground)
	if fault.KindOf(err) == fault.Denied { // somebody else's is as if it weren't there
		err = network.Absent()
	}
	if err != nil {
		return p.again(w, r, f, err, func() int { return p.assignmentsShow(w, r, n, f) })
	}
	to := home(n) + "/assignments"
	if o := f.Get("organisation"); o != "" {
		to += "?organisation=" + o
	}
	return web.SeeOther(w, r, to)
}
