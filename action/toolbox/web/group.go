package web

import (
	"cmp"
	"fmt"
	"html/template"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/samverk/samverk/action/toolbox"
	actionweb "github.com/samverk/samverk/action/web"
	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/forum"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/storage"
	"github.com/samverk/samverk/web"
	"github.com/samverk/samverk/web/chart"
)

const groupsShown = 50

// groupRow is a group in the list.
type groupRow struct {
	toolbox.Group
	Model words
	Place string
	Link  string
}

func (v *visit) groupRow(g toolbox.Group, all []words) groupRow {
	row := groupRow{Group: g, Link: v.at("groups/" + g.ID)}
	if i := slices.IndexFunc(all, func(w words) bool { return w.ID == g.Model }); i >= 0 {
		row.Model = all[i]
	}
	if n, ok := v.network.Tree().Network(g.Network); ok {
		row.Place = v.text(n.Name)
	}
	return row
}

func (v *visit) groups() int {
	format, err := web.FormatOf(v.r)
	if err != nil {
		return v.fail(err)
	}
	q := v.r.URL.Query()
	filter := toolbox.GroupFilter{Model: q.Get("model"), After: q.Get("after"), Limit: groupsShown + 1}
	if format != "" {
		filter.Limit, filter.Ended = 1000, true
	}
	found, err := v.toolbox.Groups(v.r.Context(), v.who, v.n.ID, filter)
	if err != nil {
		return v.fail(err)
	}
	all, err := v.catalogue()
	if err != nil {
		return v.fail(err)
	}
	if format != "" {
		return v.groupFile(format, found, all)
	}
	next := ""
	if len(found) > groupsShown {
		found = found[:groupsShown]
		next = found[len(found)-1].ID
	}
	var rows []groupRow
	for _, g := range found {
		rows = append(rows, v.groupRow(g, all))
	}
	models := []web.Option{{Text: v.l.Must("toolbox.any")}}
	var used []words
	for _, w := range all {
		models = append(models, web.Option{Value: w.ID, Text: w.Words.Name})
		if w.Use.Groups > 0 || w.Use.Shown > 0 {
			used = append(used, w)
		}
	}
	slices.SortStableFunc(used, func(a, b words) int { return b.Use.Groups - a.Use.Groups })
	data := map[string]any{"Rows": rows, "Form": web.ReadQuery(v.r), "Models": models, "Used": used, "Pager": web.PagerAt(v.r.URL.RequestURI(), next), "Formats": web.FormatsAt(v.r.URL.RequestURI()), "Here": v.r.URL.Path, "Bars": v.useBars(used)}
	return v.show(web.Page{Name: "groups", Title: v.l.Must("toolbox.groups"), Public: true}, data, v.l.Must("toolbox.groups"), "")
}

// useBars are bars in a table's rows, on one scale.
func (v *visit) useBars(used []words) map[string]template.HTML {
	most, out := 0, map[string]template.HTML{}
	for _, w := range used {
		most = max(most, w.Use.Groups)
	}
	for _, w := range used {
		out[w.ID] = chart.Span{Low: float64(w.Use.Groups), High: float64(w.Use.Groups), Of: float64(most)}.SVG()
	}
	return out
}

func (v *visit) groupFile(format string, found []toolbox.Group, all []words) int {
	e := web.NewExport(v.w, format, "groups", "name", "model", "network", "since", "works", "lacks", "lang", "ended", "number", "id")
	for _, g := range found {
		row := v.groupRow(g, all)
		if err := e.Row(g.Name, g.Model, row.Place, g.Since, g.Works, g.Lacks, g.Lang, !g.Ended.IsZero(), g.Number, g.ID); err != nil {
			e.Cut()
			return v.fail(err)
		}
	}
	return e.End()
}

// heading is a row of the table of results: what it is of, and its mean in each round.
type heading struct {
	Text  string
	Means []string // "" for none
	Trail template.HTML
	Poor  bool
}

// instrumentResult is how a group fared, by one instrument.
type instrumentResult struct {
	Name     network.Text
	Opened   []time.Time // the oldest first
	Headings []heading
	Latest   toolbox.RoundResult
	Finding  string
	Said     []saidIn // in words, the latest round first
	Few      bool     // fewer than a batch
}

// saidIn is what was written in a round.
type saidIn struct {
	Ask    network.Text
	Opened time.Time
	Lines  []string
}

func (v *visit) group() int { return v.groupWith(nil) }

func (v *visit) groupWith(f *web.Form) int {
	g, err := v.toolbox.GroupView(v.r.Context(), v.who, v.n.ID, v.r.PathValue("group"))
	if err != nil {
		return v.fail(err)
	}
	all, err := v.catalogue()
	if err != nil {
		return v.fail(err)
	}
	if f == nil {
		f = web.NewForm("with", cmp.Or(g.Evaluate.With, toolbox.InstrumentIDs()[0]), "every", itoa(max(g.Evaluate.Every, 6)), "first", web.DateValue(v.network.Now().In(v.zone())))
	}
	var results []instrumentResult
	for _, x := range toolbox.ReadInstruments().All {
		if r := v.result(x, g); len(r.Opened) > 0 {
			results = append(results, r)
		}
	}
	with := []web.Option{}
	for _, x := range toolbox.ReadInstruments().All {
		with = append(with, web.Option{Value: x.ID, Text: v.text(x.Name), Help: v.text(x.About)})
	}
	for i := range g.Rounds {
		g.Rounds[i].Opens, g.Rounds[i].Closes = g.Rounds[i].Opens.In(v.zone()), g.Rounds[i].Closes.In(v.zone())
	}
	if !g.Next.IsZero() {
		g.Next = g.Next.In(v.zone())
	}
	row := v.groupRow(g.Group, all)
	data := map[string]any{"G": g, "Row": row, "Results": results, "Form": f, "With": with, "Here": v.r.URL.Path, "Events": v.events(g.History), "Topics": "/n/" + v.n.Slug + "/topics/", "Batch": toolbox.Batch, "Links": toolbox.ReadInstruments().Links, "Now": v.network.Now(), "Instrument": v.instrument(g.Evaluate.With)}
	if g.Body != "" {
		data["Body"] = "/n/" + v.n.Slug + "/bodies/" + string(g.Body)
	}
	return v.show(web.Page{Name: "group", Title: g.Name, Form: f, Public: true}, data, v.l.Must("toolbox.groups"), v.at("groups"), g.Name, "")
}

// result puts a group's rounds with one instrument beside each other, a row for each heading.
func (v *visit) result(x toolbox.Instrument, g toolbox.GroupView) (out instrumentResult) {
	out.Name = x.Name
	var rounds []toolbox.RoundResult
	for _, r := range slices.Backward(g.Rounds) {
		if r.Instrument == x.ID {
			rounds = append(rounds, r)
			out.Opened = append(out.Opened, r.Opens.In(v.zone()))
		}
	}
	if len(rounds) == 0 {
		return out
	}
	out.Latest = rounds[len(rounds)-1]
	out.Latest.Opens, out.Latest.Closes = out.Latest.Opens.In(v.zone()), out.Latest.Closes.In(v.zone())
	out.Few = out.Latest.Shown == 0
	for _, r := range slices.Backward(rounds) {
		for _, i := range r.Items {
			if len(i.Said) > 0 {
				out.Said = append(out.Said, saidIn{i.Ask, r.Opens.In(v.zone()), i.Said})
			}
		}
	}
	lowest, low := "", 6.0
	for _, row := range v.rowsOf(x) {
		h := heading{Text: row[1]}
		trail := chart.Trail{Low: 1, High: 5}
		for i, r := range rounds {
			mean, ok := r.Means()[row[0]]
			trail.Values = append(trail.Values, mean)
			if !ok {
				h.Means = append(h.Means, "")
				continue
			}
			h.Means = append(h.Means, v.l.Decimal(mean, 1))
			if h.Poor = mean < 3; i == len(rounds)-1 && mean < low {
				lowest, low = h.Text, mean
			}
		}
		h.Trail = trail.SVG()
		out.Headings = append(out.Headings, h)
	}
	switch {
	case out.Few:
		out.Finding = v.l.Must("toolbox.result.few", toolbox.Batch)
	case low < 3:
		out.Finding = v.l.Must("toolbox.result.poor", lowest, v.l.Decimal(low, 1))
	default:
		out.Finding = v.l.Must("toolbox.result.good", lowest, v.l.Decimal(low, 1))
	}
	return out
}

// rowsOf are an instrument's rows: the headings of the UK Standards that it asks under, or its own items.
func (v *visit) rowsOf(x toolbox.Instrument) (out [][2]string) {
	in := toolbox.ReadInstruments()
	for _, h := range in.Headings {
		if slices.ContainsFunc(x.Items, func(i toolbox.Item) bool { return i.Heading == h.ID }) {
			out = append(out, [2]string{h.ID, v.text(h.Text)})
		}
	}
	for _, i := range x.Items {
		if i.Heading == "" && !i.Words {
			out = append(out, [2]string{i.ID, v.text(i.Ask)})
		}
	}
	return out
}

// mine are the bodies that the reader may describe.
func (v *visit) mine() (out []web.Option, err error) {
	out = []web.Option{{Text: v.l.Must("toolbox.group.nobody")}}
	err = v.network.Look(v.r.Context(), v.who, func(tx *storage.Tx, a network.Access) error {
		all, err := v.network.Bodies(v.r.Context(), tx, a, v.n.ID, "")
		for _, b := range all {
			if b.Closed.IsZero() && (a.Runs(b.ID, b.Network) || a.In(b.ID)) {
				out = append(out, web.Option{Value: string(b.ID), Text: v.text(b.Name)})
			}
		}
		return err
	})
	return out, err
}

func (v *visit) groupForm() int {
	return v.registered(func() int {
		return v.groupFormWith(web.NewForm("model", v.r.URL.Query().Get("model"), "network", string(v.n.ID), "lang", v.languageOf(), "visibility", string(network.NetworkOnly)), false)
	})
}

func (v *visit) groupEdit() int {
	g, err := v.toolbox.GroupView(v.r.Context(), v.who, v.n.ID, v.r.PathValue("group"))
	if err == nil && !g.Runs {
		err = fault.New(fault.Denied, "this is for others to do").Say("toolbox.denied")
	}
	if err != nil {
		return v.fail(err)
	}
	f := web.NewForm("model", g.Model, "name", g.Name, "works", g.Works, "lacks", g.Lacks, "lang", g.Lang, "visibility", string(g.Visibility), "version", itoa(g.Version))
	if g.Since > 0 {
		f.Set("since", itoa(g.Since))
	}
	return v.groupFormWith(f, true)
}

func (v *visit) groupFormWith(f *web.Form, edit bool) int {
	models, err := v.models()
	if err != nil {
		return v.fail(err)
	}
	for i := range models {
		models[i].Help = ""
	}
	bodies, err := v.mine()
	if err != nil {
		return v.fail(err)
	}
	title := v.l.Must("toolbox.group.new")
	if edit {
		title = v.l.Must("toolbox.group.edit")
	}
	return v.show(web.Page{Name: "group-edit", Title: title, Form: f}, map[string]any{"Form": f, "Edit": edit, "Models": models, "Bodies": bodies, "Networks": v.networks(), "Langs": v.langs(), "Action": v.r.URL.Path,
		"Visible": []web.Option{{Value: string(network.Public), Text: v.l.Must("toolbox.visible.public")}, {Value: string(network.NetworkOnly), Text: v.l.Must("toolbox.visible.network")}}}, v.l.Must("toolbox.groups"), v.at("groups"), title, "")
}

func (v *visit) describe() int {
	f, id := v.form, v.r.PathValue("group")
	since, told := f.Int("since")
	if !told && f.Get("since") != "" {
		since = -1
	}
	version, _ := f.Int("version")
	g := toolbox.Group{ID: id, Version: int64(version), Network: network.ID(f.Get("network")), Body: network.BodyID(f.Get("body")), Model: f.Get("model"), Name: f.Get("name"), Since: since,
		Works: f.Get("works"), Lacks: f.Get("lacks"), Lang: f.Get("lang"), Visibility: network.Visibility(f.Get("visibility"))}
	var err error
	if id == "" {
		id, err = v.toolbox.Describe(v.r.Context(), v.who, g)
	} else {
		err = v.toolbox.EditGroup(v.r.Context(), v.who, v.n.ID, g)
	}
	if err != nil {
		if !f.Fault(v.l, err) {
			return v.fail(err)
		}
		return v.groupFormWith(f, v.r.PathValue("group") != "")
	}
	return web.SeeOther(v.w, v.r, v.at("groups/"+id))
}

func (v *visit) groupDo() int {
	id, f, ctx := v.r.PathValue("group"), v.form, v.r.Context()
	var err error
	switch f.Get("do") {
	case "evaluate":
		every, _ := f.Int("every")
		first, _ := f.Day("first", v.zone())
		if now := v.network.Now(); first.Before(now) && now.Sub(first) < 24*time.Hour {
			first = now
		}
		err = v.toolbox.Evaluate(ctx, v.who, v.n.ID, id, f.Get("with"), first, every)
	case "stop":
		err = v.toolbox.Evaluate(ctx, v.who, v.n.ID, id, "", time.Time{}, 0)
	case "end":
		err = v.toolbox.EndGroup(ctx, v.who, v.n.ID, id)
	case "raise":
		var topic forum.TopicID
		if topic, err = v.toolbox.RaiseRound(ctx, v.who, v.n.ID, id, f.Get("round"), v.raisedRound); err == nil {
			return web.SeeOther(v.w, v.r, "/n/"+v.n.Slug+"/topics/"+string(topic))
		}
	default:
		err = fault.New(fault.Invalid, "there is no such button").Say("toolbox.choose")
	}
	if err != nil {
		if !f.Fault(v.l, err) {
			return v.fail(err)
		}
		return v.groupWith(f)
	}
	return web.SeeOther(v.w, v.r, v.at("groups/"+id))
}

// raisedRound is what a topic on a result says, in the network's language: every mean that is shown, and where it stands.
func (v *visit) raisedRound(g toolbox.GroupView, r toolbox.RoundResult) toolbox.Raising {
	n, _ := v.network.Tree().Network(g.Network)
	theirs := *v
	theirs.l = v.inTheirs(n.Lang)
	x, _ := toolbox.ReadInstruments().Instrument(r.Instrument)
	var lines []string
	for _, row := range theirs.rowsOf(*x) {
		if mean, ok := r.Means()[row[0]]; ok {
			lines = append(lines, "- "+row[1]+": "+theirs.l.Decimal(mean, 1))
		}
	}
	return toolbox.Raising{Title: theirs.l.Must("toolbox.raise.round", g.Name), Evidence: theirs.l.Must("toolbox.raise.evidence", g.Name, theirs.l.Day(r.Opens.In(v.zone()))),
		Text: theirs.l.Must("toolbox.raise.round.text", theirs.l.Day(r.Opens.In(v.zone())), r.Shown) + "\n\n" + strings.Join(lines, "\n") + fmt.Sprintf("\n\n[%s](%s)", theirs.l.Must("toolbox.raise.page"), v.at("groups/"+g.ID))}
}

func (v *visit) round() int {
	x, err := v.toolbox.AskedOf(v.r.Context(), v.who, v.n.ID, v.r.PathValue("round"))
	if err != nil {
		return v.fail(err)
	}
	f := web.NewForm("token", x.Token)
	return v.roundWith(f, x.Round, x.Name, x.Lang, x.Answered, !x.Round.Open(v.network.Now()))
}

func (v *visit) roundWith(f *web.Form, r toolbox.Round, name, code string, answered, closed bool) int {
	in, _ := toolbox.ReadInstruments().Instrument(r.Instrument)
	var scale []web.Option
	for i := 1; i <= 5; i++ {
		scale = append(scale, web.Option{Value: itoa(i), Text: v.l.Must("toolbox.scale." + itoa(i))})
	}
	var items []asked
	for _, i := range in.Items {
		items = append(items, asked{ID: "i-" + i.ID, Label: v.text(i.Ask), Words: i.Words})
	}
	r.Closes = r.Closes.In(v.zone())
	return v.show(web.Page{Name: "round", Title: v.l.Must("toolbox.round"), Form: f}, map[string]any{"Form": f, "R": r, "Name": name, "Lang": code, "X": in, "Items": items, "Scale": scale, "Answered": answered, "Closed": closed, "Here": v.r.URL.Path, "Batch": toolbox.Batch}, v.l.Must("toolbox.round"), "")
}

// answer takes an answer. It doesn't look at who is signed in: the token is what counts.
func (v *visit) answer() int {
	f, id := v.form, v.r.PathValue("round")
	given := toolbox.Given{Values: map[string]int{}, Words: map[string]string{}}
	for _, x := range toolbox.ReadInstruments().All {
		for _, item := range x.Items {
			if item.Words {
				given.Words[item.ID] = f.Get("i-" + item.ID)
			} else if n, ok := f.Int("i-" + item.ID); ok {
				given.Values[item.ID] = n
			}
		}
	}
	if err := v.toolbox.Answer(v.r.Context(), v.n.ID, id, f.Get("token"), given); err != nil {
		if fault.KindOf(err) != fault.Invalid || !f.Fault(v.l, err) {
			return v.fail(err)
		}
		r, name, code, e := v.toolbox.RoundOf(v.r.Context(), v.n.ID, id)
		if e != nil {
			return v.fail(e)
		}
		return v.roundWith(f, r, name, code, false, false)
	}
	return web.SeeOther(v.w, v.r, v.at("rounds/"+id+"/thanks"))
}

func (v *visit) thanks() int {
	return v.page("thanks", v.l.Must("toolbox.thanks"), map[string]any{"Batch": toolbox.Batch})
}

// Row is the toolbox on the page of what the network does.
func (p *Room) Row(r *http.Request, n *network.Network) (actionweb.Row, error) {
	v := p.visit(nil, r, n)
	uses, err := p.toolbox.Uses(r.Context(), v.who, n.ID)
	if err != nil {
		return actionweb.Row{}, err
	}
	groups := 0
	for _, u := range uses {
		groups += u.Groups
	}
	row := actionweb.Row{Title: v.l.Must("toolbox.title"), Text: v.l.Must("toolbox.row"), Href: v.at("")}
	all, err := p.toolbox.Catalogue(r.Context(), v.who, n.ID)
	row.Counts = []string{v.l.Must("toolbox.row.models", len(all)), v.l.Must("toolbox.row.groups", groups)}
	return row, err
}

// Wait is an evaluation that somebody is asked to fill in.
type Wait struct {
	Kind, Title, Text string // what it is, of what, and what is asked for
	Lang              string // of Title
	Due               time.Time
	Href, Do          string // where it is done, and what the button says
}

// Waits lists what waits for whoever reads.
func (p *Room) Waits(r *http.Request, n *network.Network) (out []Wait, err error) {
	v := p.visit(nil, r, n)
	all, err := p.toolbox.Waiting(r.Context(), v.who, n.ID)
	for _, x := range all {
		out = append(out, Wait{Kind: v.l.Must("toolbox.wait.kind"), Title: x.Name, Lang: x.Lang, Text: v.l.Must("toolbox.wait.text"), Href: v.at("rounds/" + x.ID), Do: v.l.Must("toolbox.wait.do"), Due: x.Closes})
	}
	return out, err
}
