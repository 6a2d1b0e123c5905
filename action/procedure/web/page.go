package web

import (
	"bytes"
	"cmp"
	"embed"
	"fmt"
	"html/template"
	"net/http"
	"strings"
	"time"

	"github.com/samverk/samverk/action/procedure"
	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/forum"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/storage"
	"github.com/samverk/samverk/web"
)

// section is a part of a procedure's text as it is shown.
type section struct {
	Key, Title string
	Text       string
	HTML       template.HTML
}

func sections(l *web.Words, c procedure.Content) (plain section, rest []section, changes section) {
	for _, s := range c.Sections() {
		one := section{Key: s.Key, Title: l.Must("procedure.section." + s.Key), Text: s.Text}
		switch {
		case s.Text == "":
		case s.Key == "plain":
			plain = one
		case s.Key == "changes":
			changes = one
		default:
			rest = append(rest, one)
		}
	}
	return plain, rest, changes
}

type regionRow struct {
	procedure.Region
	Link, Name     string
	Answer, Colour string
	Says           string // more about it
	Late           bool
}

type versionRow struct {
	procedure.Version
	Link, Compare string
	State, Colour string
	Shown         bool
}

type eventRow struct {
	Text, Who string
	At        time.Time
}

type pageData struct {
	procedure.View
	Home, At, Here string
	Form           *web.Form
	Plain          section
	Rest           []section
	Changes        section
	State, Colour  string
	Summary        string
	Other          string // where the version decided now is, when another is shown
	NextDraft      string // where the open draft is, when another version is shown
	Body           string
	BodyLink       string
	DecisionLink   string
	TopicLink      string
	Rows           []versionRow
	Table          []regionRow
	Events         []eventRow
	People         []web.Option
	Verdicts       []web.Option
	Edited         bool // reviewers have said something of another edit
	MayEdit        bool
	File           string
	Now            time.Time
}

func (p *Pages) page(w http.ResponseWriter, r *http.Request, n *network.Network) int {
	return p.pageWith(w, r, n, number(r.PathValue("version")), nil)
}

// pageWith shows a version, with what somebody typed about the draft if that could not be taken.
func (p *Pages) pageWith(w http.ResponseWriter, r *http.Request, n *network.Network, shown int64, f *web.Form) int {
	if shown == 0 && r.PathValue("version") != "" {
		return p.pages.Fail(w, r, network.Absent())
	}
	v, err := p.room.View(r.Context(), actor(r), n.ID, procedure.ID(r.PathValue("procedure")), shown)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	l, z := p.pages.Words(r), zone(n)
	d := pageData{View: v, Home: home(n), At: at(n, v.ID), Here: r.URL.Path, Form: f, State: l.Must("procedure.state." + string(v.Version.State)), Colour: colour(v.Version.State), Now: p.room.Now().In(z),
		File: versionAt(n, v.ID, v.Version.Number) + "/file"}
	if d.Form == nil {
		d.Form = web.NewForm("edit", itoa(v.Version.Edit))
	}
	d.Version.Starts, d.Version.Ends, d.Version.Created, d.AnswerBy = v.Version.Starts.In(z), v.Version.Ends.In(z), v.Version.Created.In(z), v.AnswerBy.In(z)
	d.Plain, d.Rest, d.Changes = sections(l, v.Version.Content)
	d.MayEdit = v.Writes && (v.Version.State == procedure.Draft || v.Draft == 0 && v.Version.Number == v.Current)
	if v.Current > 0 {
		d.Summary = count(v.Regions).says(l)
	}
	if v.Version.Number != v.Current && v.Current > 0 {
		d.Other = versionAt(n, v.ID, v.Current)
	}
	if v.Draft > 0 && v.Drafts && v.Draft != v.Version.Number {
		d.NextDraft = versionAt(n, v.ID, v.Draft)
	}
	d.versions(l, n)
	d.Table = p.table(l, n, v.Procedure, v.Regions)
	for _, e := range v.History {
		if key := "procedure.event." + strings.TrimPrefix(e.Kind, "procedure."); l.Has(key) {
			d.Events = append(d.Events, eventRow{l.Must(key, e.Details["version"], p.regionName(l, n, e.Details["region"]), p.answer(l, e.Details["state"])), e.Name, e.At.In(z)})
		}
	}
	if v.Version.Decision != "" {
		d.DecisionLink = d.Home + "/decisions/" + string(v.Version.Decision)
	}
	if err := p.around(r, n, &d); err != nil {
		return p.pages.Fail(w, r, err)
	}
	return p.pages.Render(w, r, web.Page{Name: "procedure", Title: v.Version.Content.Title, Station: "do", Data: d, Form: f, Public: true, Crumbs: p.crumbs(l, n, v.Version.Content.Title, "")})
}

// around finds what stands in other rooms: the body, the topic, and who may be asked to review.
func (p *Pages) around(r *http.Request, n *network.Network, d *pageData) error {
	l := p.pages.Words(r)
	err := p.network.Look(r.Context(), actor(r), func(tx *storage.Tx, a network.Access) error {
		if of, ok := p.network.Tree().Network(d.Network); ok {
			d.Body = text(l, of.Name)
		}
		if d.View.Body != "" {
			if b, err := p.network.Body(r.Context(), tx, d.View.Body); err == nil && a.Sees(b.Scope()) {
				d.Body, d.BodyLink = text(l, b.Name), d.Home+"/bodies/"+string(b.ID)
			}
		}
		if d.Version.Topic != "" {
			if _, err := p.forum.TopicFor(r.Context(), tx, a, d.Version.Topic); err == nil {
				d.TopicLink = d.Home + "/topics/" + string(d.Version.Topic)
			}
		}
		if d.DecisionLink != "" {
			if _, err := p.forum.DecisionFor(r.Context(), tx, a, d.Version.Decision); err != nil {
				d.DecisionLink = ""
			}
		}
		return nil
	})
	if err != nil || d.Version.State != procedure.Draft {
		return err
	}
	d.Verdicts = options(l, "procedure.verdict.", []procedure.Verdict{procedure.Good, procedure.Change})
	if d.Writes {
		all, err := p.room.People(r.Context(), actor(r), d.Procedure)
		if err != nil {
			return err
		}
		d.People = []web.Option{{Text: l.Must("procedure.choose")}}
		for _, one := range all {
			d.People = append(d.People, web.Option{Value: string(one.Person), Text: one.Name})
		}
	}
	return nil
}

func (d *pageData) versions(l *web.Words, n *network.Network) {
	for i, v := range d.Versions {
		row := versionRow{Version: v, Link: versionAt(n, d.ID, v.Number), State: l.Must("procedure.state." + string(v.State)), Colour: colour(v.State), Shown: v.Number == d.Version.Number}
		row.Starts, row.Ends = v.Starts.In(d.Now.Location()), v.Ends.In(d.Now.Location())
		if i+1 < len(d.Versions) {
			row.Compare = fmt.Sprintf("%s/compare?from=%d&to=%d", d.At, d.Versions[i+1].Number, v.Number)
		}
		d.Rows = append(d.Rows, row)
	}
}

func (p *Pages) answer(l *web.Words, state string) string {
	if state == "" || !l.Has("procedure.answer."+state) {
		return l.Must("procedure.answer.unknown")
	}
	return l.Must("procedure.answer." + state)
}

func (p *Pages) regionName(l *web.Words, n *network.Network, slug string) string {
	if of, ok := p.room.RegionOf(n.ID, slug); ok {
		return text(l, of.Name)
	}
	return slug
}

// table is what each region says of the version decided now.
func (p *Pages) table(l *web.Words, n *network.Network, of procedure.Procedure, regions []procedure.Region) (out []regionRow) {
	now := p.room.Now()
	for _, one := range regions {
		row := p.row(l, n, of, one)
		row.Late = of.Current > 0 && one.Now() == procedure.Unknown && of.AnswerBy.Before(now)
		out = append(out, row)
	}
	return out
}

func (p *Pages) row(l *web.Words, n *network.Network, of procedure.Procedure, one procedure.Region) regionRow {
	one.Last.Day, one.Last.At = one.Last.Day.In(zone(n)), one.Last.At.In(zone(n))
	row := regionRow{Region: one, Link: at(n, of.ID) + "/regions/" + one.Slug, Name: text(l, one.Name), Answer: p.answer(l, string(one.Now())), Colour: answerColour(one.Now())}
	switch {
	case one.Now().Covers():
		row.Says = l.Must("procedure.since", l.Day(one.Last.Day))
	case one.Now() == procedure.Unknown && one.Follows() > 0:
		row.Says = l.Must("procedure.earlier", one.Follows())
	}
	return row
}

func answerColour(a procedure.Answer) string {
	switch a {
	case procedure.Adopted:
		return "success"
	case procedure.Deviating:
		return "info"
	case procedure.Considering, procedure.Unknown:
		return "warning"
	}
	return "neutral"
}

// do is what takes one button: ask for a review, review, raise the topic on which the draft is to be decided.
func (p *Pages) do(w http.ResponseWriter, r *http.Request, n *network.Network) int {
	f, err := web.ReadForm(w, r)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	id, shown := procedure.ID(r.PathValue("procedure")), number(f.Get("version"))
	to := versionAt(n, id, shown)
	switch f.Get("do") {
	case "ask":
		err = p.room.AskReview(r.Context(), actor(r), id, network.PersonID(f.Get("person")))
		to += "#reviews"
	case "review":
		err = p.room.Review(r.Context(), actor(r), id, shown, number(f.Get("edit")), procedure.Verdict(f.Get("verdict")), f.Get("text"))
		to += "#reviews"
	case "raise":
		var topic forum.TopicID
		topic, err = p.raiseDraft(r, n, id, shown)
		to = home(n) + "/topics/" + string(topic)
	default:
		err = fault.New(fault.Invalid, "there is no such button").Say("procedure.choice")
	}
	if err != nil {
		return p.formed(w, r, f, err, func() int { return p.pageWith(w, r, n, shown, f) })
	}
	return web.SeeOther(w, r, to)
}

func (p *Pages) raiseDraft(r *http.Request, n *network.Network, id procedure.ID, shown int64) (forum.TopicID, error) {
	v, err := p.room.View(r.Context(), actor(r), n.ID, id, shown)
	if err != nil {
		return "", err
	}
	l := p.pages.In(v.Lang)
	c := v.Version.Content
	body := l.Must("procedure.raise.draft.text", c.Title, shown) + "\n\n" + cmp.Or(c.Changes, c.Plain, c.ForWhom)
	return p.room.Raise(r.Context(), actor(r), procedure.Raising{Procedure: id, Number: shown, Title: l.Must("procedure.raise.draft.title", c.Title, shown), Text: body, Page: l.Must("procedure.named", c.Title, shown)})
}

type compareData struct {
	procedure.Procedure
	At       string
	From, To procedure.Version
	FromSays string
	ToSays   string
	Rows     []comparedRow
	Differ   int
}

type comparedRow struct {
	procedure.Compared
	Title string
}

// compare lays two versions side by side.
func (p *Pages) compare(w http.ResponseWriter, r *http.Request, n *network.Network) int {
	id, from, to := procedure.ID(r.PathValue("procedure")), number(r.URL.Query().Get("from")), number(r.URL.Query().Get("to"))
	now, err := p.room.View(r.Context(), actor(r), n.ID, id, to)
	if err == nil && from == 0 {
		from = max(1, now.Version.Number-1)
	}
	var was procedure.View
	if err == nil {
		was, err = p.room.View(r.Context(), actor(r), n.ID, id, from)
	}
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	l := p.pages.Words(r)
	d := compareData{Procedure: now.Procedure, At: at(n, id), From: was.Version, To: now.Version, FromSays: p.versionSays(l, n, was.Version), ToSays: p.versionSays(l, n, now.Version)}
	for _, c := range procedure.Compare(was.Version.Content, now.Version.Content) {
		d.Rows = append(d.Rows, comparedRow{c, l.Must("procedure.section." + c.Key)})
		if c.Differs {
			d.Differ++
		}
	}
	title := l.Must("procedure.compare.title", was.Version.Number, now.Version.Number)
	return p.pages.Render(w, r, web.Page{Name: "compare", Title: title, Station: "do", Data: d, Public: true, Crumbs: p.crumbs(l, n, now.Title, at(n, id), title, "")})
}

// versionSays tells what a version is, and from when.
func (p *Pages) versionSays(l *web.Words, n *network.Network, v procedure.Version) string {
	says := l.Must("procedure.version", v.Number) + ", " + strings.ToLower(l.Must("procedure.state."+string(v.State)))
	if !v.Starts.IsZero() {
		says += ", " + l.Days(v.Starts.In(zone(n)), v.Ends.In(zone(n)))
	}
	return says
}

//go:embed offline.html
var offlineFile embed.FS

var offlinePage = template.Must(template.ParseFS(offlineFile, "offline.html"))

type offlineData struct {
	Lang, Title, Network, Says, Case, Kept, Evidence, Demo string
	Content                                                procedure.Content
	Sections                                               []section
}

// offline gives a version as one file that needs nothing else: to print, and to keep where there is no network.
func (p *Pages) offline(w http.ResponseWriter, r *http.Request, n *network.Network) int {
	shown := number(r.PathValue("version"))
	v, err := p.room.View(r.Context(), actor(r), n.ID, procedure.ID(r.PathValue("procedure")), shown)
	if err == nil && shown == 0 {
		err = network.Absent()
	}
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	l := p.pages.In(v.Lang)
	d := offlineData{Lang: v.Lang, Title: v.Version.Content.Title, Network: text(l, n.Name), Says: p.versionSays(l, n, v.Version), Case: v.Case,
		Kept: l.Must("procedure.offline.kept", l.Day(p.room.Now().In(zone(n)))), Evidence: l.Must("procedure.section.evidence"), Content: v.Version.Content}
	if n.Demo {
		d.Demo = l.Must("procedure.offline.demo")
	}
	plain, rest, changes := sections(l, v.Version.Content)
	for _, s := range append(append([]section{plain}, rest...), changes) {
		if s.Text != "" {
			s.HTML = web.Markdown(s.Text)
			d.Sections = append(d.Sections, s)
		}
	}
	var b bytes.Buffer
	if err := offlinePage.Execute(&b, d); err != nil {
		return p.pages.Fail(w, r, fault.Wrap(fault.Internal, err, "a procedure's file can't be made"))
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="`+web.FileName(v.Case+"-v"+itoa(v.Version.Number))+`.html"`)
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write(b.Bytes())
	return http.StatusOK
}
