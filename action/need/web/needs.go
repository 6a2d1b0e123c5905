package web

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/samverk/samverk/action/need"
	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/storage"
	"github.com/samverk/samverk/web"
)

func denied() error {
	return fault.New(fault.Denied, "this is for coordinators").Say("need.denied")
}

func (p *Room) look(r *http.Request, do func(network.Access) error) error {
	return p.network.Look(r.Context(), actor(r), func(_ *storage.Tx, a network.Access) error { return do(a) })
}

// led lists the networks of a tenant that somebody coordinates.
func (p *Room) led(a network.Access, n *network.Network) (out []*network.Network) {
	for _, x := range p.network.Tree().Down(n.ID) {
		if a.Coordinates(x.ID) {
			out = append(out, x)
		}
	}
	return out
}

const pageSize = 25

type listData struct {
	Here           string
	Form           *web.Form
	Kinds          []web.Option
	Needs          []need.Need
	Surveys        []surveyRow
	Now            time.Time
	Pager          web.Pager
	Formats        web.Formats
	Home           string
	May, MayAsk    bool
	Mine, Filtered bool
}

type surveyRow struct {
	need.Survey
	Phase need.Phase
	Until time.Time
}

func (p *Room) list(w http.ResponseWriter, r *http.Request, n *network.Network) int {
	l, ctx, z := p.pages.Words(r), r.Context(), zone(n)
	q := web.ReadQuery(r)
	filter := need.Filter{Root: n.ID, Kind: q.Get("kind"), Mine: q.Get("whose") == "mine" && web.SignedIn(r), After: need.ID(q.Get("after")), Limit: pageSize + 1}
	format, err := web.FormatOf(r)
	if err == nil && format != "" {
		return p.file(w, r, n, filter, format)
	}
	d := listData{Here: r.URL.Path, Home: home(n), Form: q, Now: p.network.Now().In(z), Formats: web.FormatsAt(r.URL.RequestURI()), Mine: filter.Mine, Filtered: filter.Kind != "" || filter.Mine}
	if err == nil {
		d.Needs, err = p.needs.Needs(ctx, actor(r), filter)
	}
	surveys := []need.Survey(nil)
	if err == nil {
		surveys, err = p.needs.Surveys(ctx, actor(r), n.ID)
	}
	if err == nil {
		err = p.look(r, func(a network.Access) error {
			d.May, d.MayAsk = a.Registered(n.ID), len(p.led(a, n)) > 0
			return nil
		})
	}
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	next := ""
	if len(d.Needs) > pageSize {
		d.Needs = d.Needs[:pageSize]
		next = string(d.Needs[pageSize-1].ID)
	}
	d.Pager = web.PagerAt(r.URL.RequestURI(), next)
	for i := range d.Needs {
		d.Needs[i].Until = d.Needs[i].Until.In(z)
	}
	for _, s := range surveys {
		row := surveyRow{Survey: s, Phase: s.Phase(d.Now), Until: s.RankUntil.In(z)}
		if row.Phase == need.Proposing {
			row.Until = s.ProposeUntil.In(z)
		}
		d.Surveys = append(d.Surveys, row)
	}
	d.Kinds = append([]web.Option{{Text: l.Must("needs.all")}}, kinds(l)...)
	return p.render(w, r, n, web.Page{Name: "needs", Title: l.Must("needs.title"), Data: d})
}

func kinds(l *web.Words) (out []web.Option) {
	for _, k := range need.Kinds {
		out = append(out, web.Option{Value: k, Text: l.Must("needs.kind." + k)})
	}
	return out
}

const fileSize = 500

func (p *Room) file(w http.ResponseWriter, r *http.Request, n *network.Network, q need.Filter, format string) int {
	e := web.NewExport(w, format, "needs-"+n.Slug, "case", "kind", "title", "lang", "sought", "created", "until", "closed", "met")
	q.Limit, q.After = fileSize, ""
	for {
		list, err := p.needs.Needs(r.Context(), actor(r), q)
		for _, x := range list {
			if err == nil {
				err = e.Row(x.Case, x.Kind, x.Title, x.Lang, strings.Join(x.Words, "; "), x.Created, x.Until, x.Closed, x.Met)
			}
		}
		if err != nil {
			e.Cut()
			return p.pages.Fail(w, r, err)
		}
		if len(list) < fileSize {
			return e.End()
		}
		q.After = list[len(list)-1].ID
	}
}

type needFormData struct {
	Form         *web.Form
	Kinds        []web.Option
	Visibilities []web.Option
	Langs        []web.Option
	Home         string
}

func (p *Room) newNeed(w http.ResponseWriter, r *http.Request, n *network.Network) int {
	if err := p.registered(r, n, false); err != nil {
		return p.pages.Fail(w, r, err)
	}
	return p.needForm(w, r, n, web.NewForm("kind", need.Kinds[0], "visibility", string(network.NetworkOnly), "lang", p.pages.Words(r).Code,
		"until", web.DateValue(p.network.Now().In(zone(n)).AddDate(0, 2, 0))))
}

func (p *Room) needForm(w http.ResponseWriter, r *http.Request, n *network.Network, f *web.Form) int {
	l := p.pages.Words(r)
	return p.render(w, r, n, web.Page{Name: "need-new", Title: l.Must("needs.new"), Form: f,
		Data: needFormData{f, kinds(l), visibilities(l), langs(l), home(n)}})
}

func (p *Room) seek(w http.ResponseWriter, r *http.Request, n *network.Network) int {
	return p.post(w, r, func(f *web.Form) (string, error) {
		until, ok := f.Day("until", zone(n))
		if !ok {
			return "", fault.New(fault.Invalid, "it is no day").Where("until").Say("need.day")
		}
		made, err := p.needs.Seek(r.Context(), actor(r), need.Need{Network: n.ID, Kind: f.Get("kind"), Title: f.Get("title"), Text: f.Get("text"), Lang: f.Get("lang"),
			Words: strings.FieldsFunc(f.Get("words"), func(c rune) bool { return c == '\n' || c == ',' || c == ';' }), Visibility: network.Visibility(f.Get("visibility")), Until: until.AddDate(0, 0, 1)})
		return home(n) + "/needs/" + string(made.ID), err
	}, func(f *web.Form) int { return p.needForm(w, r, n, f) })
}

type needData struct {
	need.View
	Form     *web.Form
	Home     string
	Here     string
	Now      time.Time
	Open     bool
	LastDay  time.Time
	Matches  []matchRow
	Contacts []contactRow
	Offered  bool // the reader has offered themself, or was asked
	Closes   bool
}

type matchRow struct {
	Person network.PersonID
	Name   string
	Why    string
	Asked  bool
}

type contactRow struct {
	need.Contact
	Who     string
	Says    string
	Reach   string // how to reach the other side, once both have said yes
	MayYes  bool
	MayNo   bool
	Colour  string
	Address string
}

func (p *Room) need(w http.ResponseWriter, r *http.Request, n *network.Network) int {
	return p.showNeed(w, r, n, web.NewForm())
}

func (p *Room) showNeed(w http.ResponseWriter, r *http.Request, n *network.Network, f *web.Form) int {
	l := p.pages.Words(r)
	v, err := p.needs.Need(r.Context(), actor(r), n.ID, need.ID(r.PathValue("id")))
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	now := p.network.Now().In(zone(n))
	d := needData{View: v, Form: f, Home: home(n), Here: r.URL.Path, Now: now, Open: v.Need.Open(now), LastDay: v.Until.In(zone(n)).AddDate(0, 0, -1)}
	asked := map[network.PersonID]bool{}
	for _, c := range v.Contacts {
		asked[c.Person] = true
		d.Offered = d.Offered || c.Person == actor(r).Person
		d.Contacts = append(d.Contacts, p.contactRow(l, c, v.Mine, d.Open))
	}
	for _, m := range v.Matches {
		var why []string
		for _, x := range m.Reasons {
			why = append(why, l.Must("needs.reason", l.Must("needs.part."+string(x.Part)), x.Item))
		}
		d.Matches = append(d.Matches, matchRow{m.Person, m.Name, strings.Join(why, ". "), asked[m.Person]})
	}
	err = p.look(r, func(a network.Access) error {
		d.Closes = d.Open && (v.Mine || a.Coordinates(v.Network))
		return nil
	})
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	page := web.Page{Name: "need", Title: v.Title, Data: d}
	if !f.OK() {
		page.Form = f
	}
	return p.render(w, r, n, page)
}

// contactRow says how far two have come.
func (p *Room) contactRow(l *web.Words, c need.Contact, mine, open bool) contactRow {
	row := contactRow{Contact: c, Who: c.Need.Name, Reach: c.Seeker, Colour: "neutral"}
	own, theirs := c.PersonYes, c.SeekerYes
	if mine {
		row.Who, row.Reach = c.Name, c.Other
		own, theirs = c.SeekerYes, c.PersonYes
	}
	switch {
	case !c.Ended.IsZero():
		row.Says, row.Reach = l.Must("needs.contact.ended"), ""
	case c.Agreed():
		row.Says, row.Colour, row.MayNo = l.Must("needs.contact.agreed"), "success", true
	case !own.IsZero():
		row.Says, row.Reach, row.MayNo = l.Must("needs.contact.waits"), "", true
	case !theirs.IsZero():
		row.Says, row.Colour, row.Reach = l.Must("needs.contact.asked"), "info", ""
		row.MayYes, row.MayNo = open, true
	}
	return row
}

func (p *Room) actNeed(w http.ResponseWriter, r *http.Request, n *network.Network) int {
	id, ctx, who := need.ID(r.PathValue("id")), r.Context(), actor(r)
	return p.post(w, r, func(f *web.Form) (string, error) {
		other := network.PersonID(f.Get("person"))
		switch f.Get("do") {
		case "yes":
			return r.URL.Path, p.needs.Yes(ctx, who, n.ID, id, other, f.Get("address"))
		case "no":
			return r.URL.Path, p.needs.No(ctx, who, n.ID, id, other)
		case "met", "close":
			version, _ := strconv.ParseInt(f.Get("version"), 10, 64)
			return r.URL.Path, p.needs.Close(ctx, who, n.ID, id, version, f.Get("do") == "met")
		}
		return "", unknown()
	}, func(f *web.Form) int { return p.showNeed(w, r, n, f) })
}

// unknown answers a form that no page of ours has.
func unknown() error {
	return fault.New(fault.Invalid, "the form asks for nothing that there is").Say("need.choose")
}
