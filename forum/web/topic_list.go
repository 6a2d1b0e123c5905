package web

import (
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/samverk/samverk/forum"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/storage"
	"github.com/samverk/samverk/web"
	"github.com/samverk/samverk/web/chart"
)

const topicsShown = 40

type topicsData struct {
	Home     string
	Here     string
	Form     *web.Form
	States   []web.Option
	Fields   []web.Option
	Levels   []web.Option
	Kinds    []web.Option
	Bodies   []web.Option
	Rows     []listedTopic
	Pager    web.Pager
	Formats  web.Formats
	Filtered bool
	MayRaise bool
	SignedIn bool
	Follow   *following
}

// following is what the reader may follow from a list: the group it is of, else the network.
type following struct {
	Action, Body string
	On           bool
}

// listedTopic is a topic in the list.
type listedTopic struct {
	forum.TopicRow
	Link string
	Mini template.HTML
	Meta []string
	Late string // how late its answer is
}

// states in the order in which a filter offers them.
var states = []forum.State{forum.Raised, forum.InInput, forum.Prepared, forum.OnAgenda, forum.Lifted, forum.Returned, forum.Decided, forum.Closed, forum.Merged}

// topicFilter reads the filter from the address.
func topicFilter(r *http.Request) forum.TopicFilter {
	q := forum.TopicFilter{
		Facets:  forum.Facets{Field: query(r, "field", forum.Fields...), Level: query(r, "level", forum.Levels...), Kind: query(r, "kind", forum.Kinds...)},
		Body:    network.BodyID(r.URL.Query().Get("body")),
		Lifted:  query(r, "lifted", "yes") != "",
		Overdue: query(r, "overdue", "yes") != "",
		After:   forum.TopicID(r.URL.Query().Get("after")),
	}
	if s := forum.State(r.URL.Query().Get("state")); slices.Contains(states, s) {
		q.States = []forum.State{s}
	}
	if query(r, "patients", "yes") != "" {
		q.Sector = network.Patient
	}
	switch who := actor(r).Person; {
	case who == "":
	case query(r, "whose", "mine") != "":
		q.Mine = true
	case query(r, "whose", "followed") != "":
		q.Followed = true
	}
	return q
}

func (p *room) topicList(w http.ResponseWriter, r *http.Request, n *network.Network) int {
	format, err := web.FormatOf(r)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	q := topicFilter(r)
	if format != "" {
		return p.topicFile(w, r, n, q, format)
	}
	q.Limit = topicsShown + 1
	rows, err := p.forum.Topics(r.Context(), actor(r), n.ID, q)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	l := p.pages.Words(r)
	d := topicsData{Home: home(n), Here: r.URL.Path, Form: web.ReadQuery(r), Formats: web.FormatsAt(r.URL.RequestURI()), SignedIn: actor(r).Person != "",
		MayRaise: p.table.Has(http.MethodGet, home(n)+"/topics/new")}
	d.choices(l)
	if d.Bodies, err = p.bodyOptions(r, n, l.Must("topic.any"), nil); err != nil {
		return p.pages.Fail(w, r, err)
	}
	next := ""
	if len(rows) > topicsShown {
		rows = rows[:topicsShown]
		next = string(rows[len(rows)-1].ID)
	}
	d.Pager = web.PagerAt(r.URL.RequestURI(), next)
	for _, one := range rows {
		d.Rows = append(d.Rows, p.listed(l, n, one))
	}
	if d.SignedIn {
		d.Follow = &following{Action: d.Home + "/topics/follow", Body: string(q.Body)}
		if d.Follow.On, err = p.forum.Follows(r.Context(), actor(r), either(d.Follow.Body, string(n.ID))); err != nil {
			return p.pages.Fail(w, r, err)
		}
	}
	for _, field := range []string{"state", "field", "level", "kind", "body", "patients", "lifted", "overdue", "whose"} {
		d.Filtered = d.Filtered || d.Form.Get(field) != ""
	}
	return p.pages.Render(w, r, web.Page{Name: "topic-list", Title: l.Must("topic.list"), Station: "raise", Data: d, Crumbs: crumb(l, n, l.Must("topic.list"), ""), Public: true})
}

// follow follows a group or the network, or stops following it.
func (p *room) follow(w http.ResponseWriter, r *http.Request, n *network.Network) int {
	f, err := web.ReadForm(w, r)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	body, to := f.Get("body"), home(n)+"/topics"
	if body != "" {
		to += "?body=" + url.QueryEscape(body)
	}
	switch {
	case f.Get("do") == "unfollow":
		err = p.forum.Unfollow(r.Context(), actor(r), either(body, string(n.ID)))
	case body != "":
		err = p.forum.FollowBody(r.Context(), actor(r), network.BodyID(body))
	default:
		err = p.forum.FollowNetwork(r.Context(), actor(r), n.ID)
	}
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	return web.SeeOther(w, r, to)
}

// choices are what the filter offers.
func (d *topicsData) choices(l *web.Words) {
	d.States = []web.Option{{Text: l.Must("topic.any")}}
	for _, s := range states {
		d.States = append(d.States, web.Option{Value: string(s), Text: l.Must("front.state." + string(s))})
	}
	any := l.Must("topic.any")
	d.Fields, d.Levels, d.Kinds = facetOptions(l, "field", any, forum.Fields), facetOptions(l, "level", any, forum.Levels), facetOptions(l, "kind", any, forum.Kinds)
}

func facetOptions(l *web.Words, facet, none string, of []string) []web.Option {
	out := []web.Option{{Text: none}}
	for _, v := range of {
		out = append(out, web.Option{Value: v, Text: l.Must("topic." + facet + "." + v)})
	}
	return out
}

// bodyOptions are the bodies the reader may see, for a select that begins with none; "" begins with the first.
func (p *room) bodyOptions(r *http.Request, n *network.Network, none string, only func(network.Body) bool) (out []web.Option, err error) {
	l := p.pages.Words(r)
	if none != "" {
		out = append(out, web.Option{Text: none})
	}
	err = p.network.Look(r.Context(), actor(r), func(tx *storage.Tx, a network.Access) error {
		bodies, err := p.network.Bodies(r.Context(), tx, a, n.ID, "")
		for _, b := range bodies {
			if only != nil && !only(b) {
				continue
			}
			name := text(l, b.Name)
			if at, ok := p.network.Tree().Network(b.Network); ok && at.ID != n.ID {
				name += ", " + text(l, at.Name)
			}
			out = append(out, web.Option{Value: string(b.ID), Text: name})
		}
		return err
	})
	return out, err
}

// listed tells of a topic in a row.
func (p *room) listed(l *web.Words, n *network.Network, t forum.TopicRow) listedTopic {
	zone := zoneOf(n)
	row := listedTopic{TopicRow: t, Link: home(n) + "/topics/" + string(t.ID)}
	row.Mini = chart.Mini{Done: steps[t.State], Of: 5, Name: l.Must("front.state." + string(t.State))}.HTML()
	body := say(l, t.BodyName)
	switch {
	case t.State == forum.InInput && !t.InputUntil.IsZero():
		row.Meta = append(row.Meta, l.Must("front.topics.until", l.Day(lastDay(t.InputUntil, zone))))
	case body.Text != "":
		row.Meta = append(row.Meta, l.Must("front.topics.with", body.Text))
	default:
		row.Meta = append(row.Meta, l.Must("front.topics.raised", l.Day(t.Raised.In(zone))))
	}
	if len(t.From) > 0 {
		row.Meta = append(row.Meta, l.Must("topic.from", l.List(p.networkNames(l, t.From)...)))
	}
	if t.Inputs > 0 {
		row.Meta = append(row.Meta, l.Must("topic.inputs", t.Inputs))
	}
	if now := p.network.Now(); !t.Due.IsZero() && now.After(t.Due) {
		row.Late = l.Until(now.In(zone), lastDay(t.Due, zone))
	}
	return row
}

// networkNames names networks, each once.
func (p *room) networkNames(l *web.Words, ids []network.ID) (out []string) {
	for _, id := range ids {
		if n, ok := p.network.Tree().Network(id); ok {
			if name := text(l, n.Name); !slices.Contains(out, name) {
				out = append(out, name)
			}
		}
	}
	return out
}

// topicFile sends the whole list.
func (p *room) topicFile(w http.ResponseWriter, r *http.Request, n *network.Network, q forum.TopicFilter, format string) int {
	e := web.NewExport(w, format, "topics", "case", "title", "lang", "state", "moved", "raised", "sector", "network", "body", "field", "level", "kind", "visibility", "input_until", "input_waived", "inputs", "lifted_from", "answer_due", "id")
	q.Limit = 2000
	for {
		rows, err := p.forum.Topics(r.Context(), actor(r), n.ID, q)
		if err != nil {
			e.Cut()
			return p.pages.Fail(w, r, err)
		}
		for _, t := range rows {
			body, _ := t.BodyName.In(n.Lang)
			if err := e.Row(t.Case, t.Title, t.Lang, string(t.State), t.Moved, t.Raised, string(t.Sector), string(t.Network), body, t.Facets.Field, t.Facets.Level, t.Facets.Kind,
				string(t.Visibility), moment(t.InputUntil), t.InputWaived, t.Inputs, strings.Join(networkIDs(t.From), " "), moment(t.Due), string(t.ID)); err != nil {
				e.Cut()
				return p.pages.Fail(w, r, err)
			}
		}
		if len(rows) < q.Limit {
			return e.End()
		}
		q.After = rows[len(rows)-1].ID
	}
}

func networkIDs(ids []network.ID) (out []string) {
	for _, id := range ids {
		out = append(out, string(id))
	}
	return out
}
