package web

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/samverk/samverk/action/learning"
	"github.com/samverk/samverk/calendar"
	"github.com/samverk/samverk/lang"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/web"
)

const rowsShown = 30

type row struct {
	learning.Listed
	Link   string
	Kind   string
	By     string
	Where  string
	Places places
	Tag    string
}

// places is how full something is.
type places struct {
	Text   string
	Colour string
}

// month is what begins in one; Start is zero for what is at one's own pace.
type month struct {
	Start time.Time
	Rows  []row
}

func (v *visit) row(a learning.Listed) row {
	r := row{Listed: a, Link: v.home() + "/" + string(a.ID), Kind: v.l.Must("learning.kind." + string(a.Kind)), By: v.nameOf(a.Network), Where: a.Place, Places: v.places(a.Activity)}
	if a.Mine != "" {
		r.Tag = v.l.Must("learning.mine." + string(a.Mine))
	}
	return r
}

// places tells how many seats are left.
func (v *visit) places(a learning.Activity) places {
	free, bounded := a.Free()
	switch {
	case a.State == learning.Cancelled:
		return places{v.l.Must("learning.state.cancelled"), "danger"}
	case a.Over(v.Now()):
		return places{v.l.Must("learning.over"), "neutral"}
	case !a.Takes(v.Now()):
		return places{v.l.Must("learning.state.closed"), "neutral"}
	case !bounded:
		return places{v.l.Must("learning.unbounded"), "success"}
	case free <= 0:
		return places{v.l.Must("learning.full"), "warning"}
	}
	return places{v.l.Must("learning.free", free), "success"}
}

type listData struct {
	Home, Here string
	Form       *web.Form
	Months     []month
	Drafts     []row
	When       []web.Option
	Kinds      []web.Option
	Audiences  []web.Option
	Languages  []web.Option
	Wheres     []web.Option
	Pager      web.Pager
	Formats    web.Formats
	ICS        string
	Mine       bool // the reader is a member
	New        bool // the reader may arrange
}

// filter reads the address.
func (v *visit) filter() learning.Filter {
	q := v.r.URL.Query()
	f := learning.Filter{When: learning.When(q.Get("when")), Kind: learning.Kind(q.Get("kind")), Audience: learning.Audience(q.Get("audience")), Lang: q.Get("lang-of"), Text: q.Get("q"), After: learning.ID(q.Get("after")), Limit: rowsShown + 1}
	if where := q.Get("where"); where == "online" {
		f.Online = true
	} else {
		f.Network = network.ID(where)
	}
	return f
}

func (v *visit) list() int {
	format, err := web.FormatOf(v.r)
	if err != nil {
		return v.fail(err)
	}
	q := v.filter()
	if format != "" {
		return v.listFile(q, format)
	}
	all, err := v.List(v.ctx(), v.who, v.n.ID, q)
	if err != nil {
		return v.fail(err)
	}
	d := listData{Home: v.home(), Here: v.r.URL.Path, Form: web.ReadQuery(v.r), Formats: web.FormatsAt(v.r.URL.RequestURI()), ICS: v.ics(), Mine: v.who.Person != ""}
	next := ""
	if len(all) > rowsShown {
		all = all[:rowsShown]
		next = string(all[len(all)-1].ID)
	}
	d.Pager = web.PagerAt(v.r.URL.RequestURI(), next)
	for _, a := range all {
		d.add(v.row(a))
	}
	may, err := v.arranges()
	if err != nil {
		return v.fail(err)
	}
	if d.New = len(may) > 0; d.New {
		drafts, err := v.List(v.ctx(), v.who, v.n.ID, learning.Filter{Drafts: true, Limit: 20})
		if err != nil {
			return v.fail(err)
		}
		for _, a := range drafts {
			d.Drafts = append(d.Drafts, v.row(a))
		}
	}
	v.choices(&d)
	return v.show(web.Page{Name: "learning-list", Title: v.l.Must("learning.title"), Data: d, Public: true, Crumbs: v.crumbs(),
		Feeds: []web.Feed{{Type: "text/calendar", Title: v.l.Must("learning.title"), Href: d.ICS}}})
}

func (d *listData) add(r row) {
	var start time.Time
	if !r.SelfPaced {
		start = time.Date(r.Starts.Year(), r.Starts.Month(), 1, 0, 0, 0, 0, r.Starts.Location())
	}
	same := func(m month) bool {
		return m.Start.IsZero() == start.IsZero() && m.Start.Year() == start.Year() && m.Start.Month() == start.Month()
	}
	if len(d.Months) == 0 || !same(d.Months[len(d.Months)-1]) {
		d.Months = append(d.Months, month{Start: start})
	}
	last := &d.Months[len(d.Months)-1]
	last.Rows = append(last.Rows, r)
}

func (v *visit) choices(d *listData) {
	any := web.Option{Text: v.l.Must("learning.any")}
	with := func(all []web.Option) []web.Option { return append([]web.Option{any}, all...) }
	d.When = append([]web.Option{{Text: v.l.Must("learning.when.coming")}}, options(v.l, "learning.when.", learning.Past, learning.Paced)...)
	d.Kinds = with(options(v.l, "learning.kind.", learning.Kinds...))
	d.Audiences = with(options(v.l, "learning.audience.", learning.Audiences...))
	d.Languages = with(options(v.l, "learning.lang.", lang.Codes...))
	d.Wheres = with(append([]web.Option{{Value: "online", Text: v.l.Must("learning.online")}}, v.networks(func(*network.Network) bool { return true })...))
}

// ics is the address of the calendar with the filters of this page.
func (v *visit) ics() string {
	q := url.Values{}
	for _, name := range []string{"kind", "audience", "lang-of", "where"} {
		if s := v.r.URL.Query().Get(name); s != "" {
			q.Set(name, s)
		}
	}
	if len(q) == 0 {
		return v.home() + ".ics"
	}
	return v.home() + ".ics?" + q.Encode()
}

func (v *visit) listFile(q learning.Filter, format string) int {
	e := web.NewExport(v.w, format, "learning", "starts", "ends", "kind", "title", "lang", "audience", "place", "selfpaced", "seats", "taken", "state", "network", "case", "id")
	q.Limit, q.After = 1000, ""
	for {
		all, err := v.List(v.ctx(), v.who, v.n.ID, q)
		if err != nil {
			e.Cut()
			return v.fail(err)
		}
		for _, a := range all {
			var audience []string
			for _, one := range a.Audience {
				audience = append(audience, string(one))
			}
			if err := e.Row(moment(a.Starts), moment(a.Ends), string(a.Kind), a.Title, a.Lang, strings.Join(audience, " "), a.Place, a.SelfPaced, a.Seats, a.Taken, string(a.State), v.nameOf(a.Network), a.Case, string(a.ID)); err != nil {
				e.Cut()
				return v.fail(err)
			}
		}
		if len(all) == 0 {
			return e.End()
		}
		q.After = all[len(all)-1].ID
	}
}

// moment is a time as a file has it: nothing where there is none.
func moment(t time.Time) any {
	if t.IsZero() {
		return ""
	}
	return t
}

// calendar is for programs: what the public may see.
func (v *visit) calendar() int {
	q := v.filter()
	q.When, q.Limit, q.After = learning.Coming, 500, ""
	all, err := v.Sessions(v.ctx(), network.Actor{}, v.n.ID, q, v.Now().AddDate(0, 0, -30))
	if err != nil {
		return v.fail(err)
	}
	events := make([]calendar.Event, 0, len(all))
	for _, m := range all {
		events = append(events, v.Event(m))
	}
	name, _ := v.n.Name.In(v.n.Lang)
	body, err := calendar.Feed(v.pages.In(v.n.Lang).Must("learning.title")+", "+name, events)
	if err != nil {
		return v.fail(err)
	}
	return calendar.Serve(v.w, v.r, calendar.FeedType, time.Time{}, body)
}

func (v *visit) activityCalendar() int {
	who, _ := v.registrant()
	x, err := v.View(v.ctx(), who, v.n.ID)
	if err != nil {
		return v.fail(err)
	}
	body, err := v.Feed(x.Activity, x.Sessions)
	if err != nil {
		return v.fail(err)
	}
	v.w.Header().Set("Content-Type", calendar.FeedType)
	v.w.Header().Set("Content-Disposition", `attachment; filename="`+web.FileName(x.Title)+`.ics"`)
	v.w.Header().Set("Cache-Control", "no-store")
	_, _ = v.w.Write(body) // who hung up is told nothing
	return http.StatusOK
}
