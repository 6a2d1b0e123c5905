package web

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/samverk/samverk/forum"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/web"
)

type minutesListData struct {
	Here    string
	Form    *web.Form
	Bodies  []web.Option
	Rows    []minutesRow
	Pager   web.Pager
	Formats web.Formats
}

type minutesRow struct {
	forum.Minutes
	Link  string
	Body  said
	Day   time.Time
	Words tag
}

func (p *room) minutesList(w http.ResponseWriter, r *http.Request, n *network.Network) int {
	l, who := p.pages.Words(r), actor(r)
	format, err := web.FormatOf(r)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	names, err := p.bodyNames(r, who, n)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	q := forum.MinutesFilter{Root: n.ID, Body: network.BodyID(r.URL.Query().Get("body")), After: r.URL.Query().Get("after"), Limit: meetingsShown + 1}
	if format != "" {
		q.Limit = 500
	}
	rows, err := p.forum.MinutesOf(r.Context(), who, q)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	if format != "" {
		return p.minutesFile(w, r, q, rows, names, format)
	}
	d := minutesListData{Here: r.URL.Path, Form: web.ReadQuery(r), Formats: web.FormatsAt(r.URL.RequestURI())}
	if d.Bodies, err = p.bodyOptions(r, n, l.Must("meeting.body.all"), nil); err != nil {
		return p.pages.Fail(w, r, err)
	}
	next := ""
	if len(rows) > meetingsShown {
		rows = rows[:meetingsShown]
		next = rows[len(rows)-1].Key()
	}
	d.Pager = web.PagerAt(r.URL.RequestURI(), next)
	for _, m := range rows {
		d.Rows = append(d.Rows, minutesRow{Minutes: m, Link: home(n) + "/minutes/" + string(m.ID), Body: names[m.Body], Day: m.Held.In(zoneOf(n)), Words: minutesTag(l, m)})
	}
	title := l.Must("minutes.list")
	return p.pages.Render(w, r, web.Page{Name: "minutes-list", Title: title, Station: "decide", Data: d, Crumbs: crumb(l, n, title, ""), Public: true})
}

func (p *room) minutesFile(w http.ResponseWriter, r *http.Request, q forum.MinutesFilter, rows []forum.Minutes, names map[network.BodyID]said, format string) int {
	e := web.NewExport(w, format, "minutes", "held", "body_id", "body", "edition", "sealed", "corrects", "id")
	for {
		for _, m := range rows {
			if err := e.Row(iso(m.Held), string(m.Body), names[m.Body].Text, m.Edition, m.Sealed, string(m.Corrects), string(m.ID)); err != nil {
				return http.StatusOK // the reader left
			}
		}
		if len(rows) < q.Limit {
			return e.End()
		}
		q.After = rows[len(rows)-1].Key()
		var err error
		if rows, err = p.forum.MinutesOf(r.Context(), actor(r), q); err != nil {
			e.Cut()
			return p.pages.Fail(w, r, err)
		}
	}
}

func minutesTag(l *web.Words, m forum.Minutes) tag {
	if m.Sealed {
		return tag{l.Must("minutes.state.sealed"), "success"}
	}
	return tag{l.Must("minutes.state.draft"), "warning"}
}

type minutesData struct {
	forum.MinutesView
	Home, Here string
	Edit       bool
	BodyName   said
	Network    said
	Meeting    string // its name
	Tag        tag
	Span       string
	Leader     string
	Present    []presentRow
	Absent     []presentRow
	Items      []minutesItem
	Signs      []sign
	Replaced   []replacedLine
	Missing    []web.Option // who has not approved, to be replaced
	People     []web.Option // who can take their place
	Zone       *time.Location
	SealWords  []string
	Checked    *forum.Verification
	Wrong      string
	Redactions []web.Option
	MeetingAt  string
	Stored     []storedText // what somebody else has saved meanwhile
	NoteName   string
}

// sign is who approves, and when they did; zero: they haven't.
type sign struct {
	Name string
	At   time.Time
}

// replacedLine is who took whose place as approver, and why.
type replacedLine struct{ New, Old, Why string }

type presentRow struct {
	Name, Role, By string
	Sector         network.Sector
	For            string
	Times          string
	Item           int
}

// minutesItem is an item of minutes, in words.
type minutesItem struct {
	forum.ProtocolItem
	Field     string
	Part      string
	Hidden    bool // redacted, or not the reader's
	Why       string
	Presenter string
	Outcome   string
	Recused   []recusedLine
	Annulled  []annulledRow
	Decisions []minutesDecision
	Frozen    bool
	ItemHash  string
	Link      string
}

type recusedLine struct{ Name, Reason string }

type minutesDecision struct {
	forum.ProtocolDecision
	Link    string
	How     string
	Quorum  string
	Rules   []ruleRow
	Dissent []recusedLine
	Inputs  []minutesInput
	InForce string
	Review  string
	Mandate string
}

type minutesInput struct {
	Name, Text, Lang, Fate, Reason string
	Colour                         forum.Disposition
}

type storedText struct{ Title, Text string }

func (p *room) theMinutes(r *http.Request, n *network.Network) (forum.MinutesView, error) {
	v, err := p.forum.Minutes(r.Context(), actor(r), forum.MinutesID(r.PathValue("minutes")))
	if err != nil {
		return v, err
	}
	return v, under(n, v.Root)
}

func (p *room) minutesPage(w http.ResponseWriter, r *http.Request, n *network.Network) int {
	return p.minutesShow(w, r, n, nil)
}

func (p *room) minutesShow(w http.ResponseWriter, r *http.Request, n *network.Network, f *web.Form) int {
	l := p.pages.Words(r)
	v, err := p.theMinutes(r, n)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	switch format, err := web.FormatOf(r); {
	case err != nil:
		return p.pages.Fail(w, r, err)
	case format == "json":
		a, err := p.forum.Archive(r.Context(), actor(r), v.ID)
		if err != nil {
			return p.pages.Fail(w, r, err)
		}
		return sendJSON(w, r, "minutes-"+string(v.ID), a)
	}
	d := newMinutesData(l, n, v)
	d.Here = home(n) + "/minutes/" + string(v.ID)
	if query(r, "check", "yes") != "" && v.Sealed {
		c, err := p.forum.Verify(r.Context(), actor(r), v.ID)
		if err != nil {
			return p.pages.Fail(w, r, err)
		}
		d.Checked, d.Wrong = &c, strings.Join(c.Wrong, ", ")
	}
	if v.Runs && !v.Sealed && len(d.Missing) > 0 {
		if d.People, err = p.seatedOptions(r, v.Body); err != nil {
			return p.pages.Fail(w, r, err)
		}
		d.People = slices.DeleteFunc(d.People, func(o web.Option) bool {
			return slices.ContainsFunc(v.Approvers, func(a forum.Approver) bool { return string(a.Person) == o.Value })
		})
		there := slices.DeleteFunc(slices.Clone(d.People), func(o web.Option) bool {
			return v.There != nil && !slices.Contains(v.There, network.PersonID(o.Value))
		})
		if len(there) > 0 { // otherwise anybody who sits there: minutes wait for nobody for ever
			d.People = there
		}
	}
	if f == nil {
		f = web.NewForm()
	}
	f.Set("version", strconv.FormatInt(v.Version, 10))
	title := l.Must("minutes.title", d.BodyName.Text, l.Day(v.Protocol.Head.Starts.In(d.Zone)))
	return p.pages.Render(w, r, web.Page{Name: "minutes", Title: title, Station: "decide", Data: d, Form: f,
		Crumbs: crumb(l, n, d.BodyName.Text, home(n)+"/bodies/"+string(v.Body), l.Must("minutes.list"), home(n)+"/minutes?body="+string(v.Body), l.ShortDay(v.Protocol.Head.Starts.In(d.Zone)), "")})
}

// newMinutesData puts minutes into the reader's words; what people wrote stays in the language they wrote it in.
func newMinutesData(l *web.Words, n *network.Network, v forum.MinutesView) minutesData {
	h := v.Protocol.Head
	at := clockIn(h.Zone)
	d := minutesData{MinutesView: v, Home: home(n), BodyName: say(l, h.Body), Network: say(l, h.Network), Tag: minutesTag(l, v.Minutes), Zone: at, SealWords: seal(v.Seal.Seal), NoteName: "note"}
	d.Meeting = meetingName(l, forum.Meeting{Title: h.Title, Number: h.Number, Year: h.Year})
	if v.Circulation != "" {
		d.Meeting = l.Must("minutes.circulation")
	}
	opened := h.Opened
	if opened.IsZero() {
		opened = h.Starts
	}
	if h.Closed.IsZero() {
		d.Span = l.When(opened.In(at))
	} else {
		d.Span = l.Span(opened.In(at), h.Closed.In(at))
	}
	if d.Leader = v.Protocol.Name(h.Leader); d.Leader == "" && h.Leader >= 0 {
		d.Leader = l.Must("minutes.redacted.name")
	}
	if v.Minutes.Meeting != "" {
		d.MeetingAt = d.Home + "/meetings/" + string(v.Minutes.Meeting)
	}
	d.people(l, v)
	for _, x := range h.Replaced {
		d.Replaced = append(d.Replaced, replacedLine{cmp.Or(personName(l, v, x.New), l.Must("minutes.redacted.name")), cmp.Or(personName(l, v, x.Old), l.Must("minutes.redacted.name")), x.Why})
	}
	for _, a := range v.Approvers {
		one := sign{cmp.Or(a.Name, l.Must("minutes.redacted.name")), a.At}
		d.Signs = append(d.Signs, one)
		if a.At.IsZero() {
			d.Missing = append(d.Missing, web.Option{Value: string(a.Person), Text: one.Name})
		}
	}
	for i, x := range v.Protocol.Items {
		d.Items = append(d.Items, newMinutesItem(l, n, v, i, x, at))
	}
	if v.Sealed {
		for _, part := range v.Parts {
			if part.Name != "head" && part.Redacted.IsZero() && !part.Withheld {
				d.Redactions = append(d.Redactions, web.Option{Value: part.Name, Text: partName(l, v, part.Name)})
			}
		}
	}
	return d
}

// redacted names what a form would take out.
func redacted(l *web.Words, n *network.Network, v forum.MinutesView, part string) string {
	for _, o := range newMinutesData(l, n, v).Redactions {
		if o.Value == part {
			return o.Text
		}
	}
	return part
}

func partName(l *web.Words, v forum.MinutesView, name string) string {
	kind, n, _ := strings.Cut(name, "/")
	i, _ := strconv.Atoi(n)
	if kind == "person" {
		return v.Protocol.Name(i)
	}
	return l.Must("meeting.item.title", i+1, v.Protocol.Items[i].Title)
}

// name gives a person's name in minutes, in words where it is redacted.
func personName(l *web.Words, v forum.MinutesView, i int) string {
	switch name := v.Protocol.Name(i); {
	case name != "":
		return name
	case i >= 0:
		return l.Must("minutes.redacted.name")
	}
	return ""
}

func (d *minutesData) people(l *web.Words, v forum.MinutesView) {
	for _, a := range v.Protocol.Head.Attendance {
		by := say(l, a.By)
		row := presentRow{Name: personName(l, v, a.Person), Role: l.Must("meeting.role." + string(a.Role)), Sector: a.Sector, By: by.Text, For: personName(l, v, a.For), Item: a.Item}
		if row.Name == "" {
			row.Name = l.Must("meeting.vacant", l.Must("sector."+string(a.Sector)))
		}
		if a.Came.IsZero() {
			d.Absent = append(d.Absent, row)
			continue
		}
		row.Times = l.Clock(a.Came.In(d.Zone))
		if !a.Gone.IsZero() {
			row.Times += "–" + l.Clock(a.Gone.In(d.Zone))
		}
		if v.Circulation != "" {
			row.Times = ""
		}
		d.Present = append(d.Present, row)
	}
}

func newMinutesItem(l *web.Words, n *network.Network, v forum.MinutesView, i int, x forum.ProtocolItem, at *time.Location) minutesItem {
	out := minutesItem{ProtocolItem: x, Field: "text-" + string(x.ID), Part: "item/" + strconv.Itoa(i), Frozen: v.Frozen[x.ID], Presenter: personName(l, v, x.Presenter)}
	out.Hidden = x.ID == "" // of a draft, that corrects minutes it was taken out of
	for _, part := range v.Parts {
		if part.Name == out.Part && (part.Withheld || !part.Redacted.IsZero()) {
			out.Hidden, out.Why = true, part.Reason
			return out
		}
	}
	if out.Hidden {
		return out
	}
	switch {
	case x.Outcome != forum.NoOutcome && x.Outcome != forum.WasDecided:
		out.Outcome = l.Must("meeting.outcome." + string(x.Outcome))
	case x.State == forum.ItemCarried:
		out.Outcome = l.Must("meeting.outcome.carried")
	}
	for _, r := range x.Recused {
		out.Recused = append(out.Recused, recusedLine{personName(l, v, r.Person), r.Reason})
	}
	for _, y := range x.Annulled {
		out.Annulled = append(out.Annulled, annulledRow{annulledWords(l, y.Number, personName(l, v, y.Person), l.Clock(y.At.In(at))), y.Reason})
	}
	for _, d := range x.Decisions {
		out.Decisions = append(out.Decisions, newMinutesDecision(l, n, v, d, at))
	}
	if !v.Sealed {
		out.ItemHash, _ = v.Protocol.ItemHash(x.ID) // it is one of its items
	}
	return out
}

func newMinutesDecision(l *web.Words, n *network.Network, v forum.MinutesView, d forum.ProtocolDecision, at *time.Location) minutesDecision {
	out := minutesDecision{ProtocolDecision: d, Link: home(n) + "/decisions/" + string(d.ID), How: l.Must("decision.taken." + string(d.Method)), Mandate: l.Must("decision.mandate." + string(d.Mandate)),
		Quorum: l.Must("decision.quorum", d.Present, d.Of)}
	if d.Method != forum.ByConsensus {
		out.How += ": " + l.Must("decision.votes.label", d.Tally.For, d.Tally.Against, d.Tally.Abstain)
	}
	for _, x := range d.Rules {
		out.Rules = append(out.Rules, newRuleRow(l, x))
	}
	for _, x := range d.Dissent {
		out.Dissent = append(out.Dissent, recusedLine{personName(l, v, x.Person), x.Text})
	}
	for _, in := range d.Inputs {
		one := minutesInput{Name: personName(l, v, in.Person), Text: in.Text, Lang: in.Lang, Reason: in.Reason, Colour: in.Disposition}
		if one.Name == "" {
			one.Name = l.Must("inputs.sector")
		}
		if one.Text == "" {
			one.Text, one.Lang = l.Must("minutes.input.hidden"), l.Code
		}
		out.Inputs = append(out.Inputs, one)
	}
	if !d.NotBefore.IsZero() {
		out.InForce = l.Day(d.NotBefore.In(at))
	}
	if !d.Review.IsZero() {
		out.Review = l.Day(d.Review.In(at))
	}
	return out
}

func (p *room) minutesEdit(w http.ResponseWriter, r *http.Request, n *network.Network) int {
	return p.minutesForm(w, r, n, nil)
}

func (p *room) minutesForm(w http.ResponseWriter, r *http.Request, n *network.Network, f *web.Form) int {
	l := p.pages.Words(r)
	v, err := p.theMinutes(r, n)
	if err == nil && (!v.Runs || v.Sealed) {
		err = network.Absent()
	}
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	d := newMinutesData(l, n, v)
	d.Here, d.Edit = r.URL.Path, true
	if f == nil {
		f = web.NewForm("note", v.Protocol.Head.Note, "version", strconv.FormatInt(v.Version, 10))
		for _, i := range d.Items {
			if !i.Hidden {
				f.Set(i.Field, i.Text)
			}
		}
	} else if f.Status() == http.StatusConflict {
		d.Stored = append(d.Stored, storedText{l.Must("minutes.note"), v.Protocol.Head.Note})
		for _, i := range d.Items {
			d.Stored = append(d.Stored, storedText{l.Must("meeting.item.title", i.Number, i.Title), i.Text})
		}
		d.Stored = slices.DeleteFunc(d.Stored, func(s storedText) bool { return s.Text == "" })
		f.Set("version", strconv.FormatInt(v.Version, 10)) // both are on the page: saving again is meant
	}
	title := l.Must("minutes.edit")
	return p.pages.Render(w, r, web.Page{Name: "minutes-edit", Title: title, Station: "decide", Data: d, Form: f,
		Crumbs: crumb(l, n, d.BodyName.Text, home(n)+"/bodies/"+string(v.Body), l.Must("minutes.list"), home(n)+"/minutes?body="+string(v.Body),
			l.ShortDay(v.Protocol.Head.Starts.In(d.Zone)), d.Home+"/minutes/"+string(v.ID), title, "")})
}

func (p *room) minutesSave(w http.ResponseWriter, r *http.Request, n *network.Network) int {
	v, err := p.theMinutes(r, n)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	f, err := web.ReadForm(w, r)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	e := forum.MinutesEdit{Minutes: v.ID, Version: version(f), Note: f.Get("note"), Texts: map[forum.ItemID]string{}}
	for name := range f.Values {
		if id, ok := strings.CutPrefix(name, "text-"); ok {
			e.Texts[forum.ItemID(id)] = f.Get(name)
		}
	}
	if err := p.forum.EditMinutes(r.Context(), actor(r), e); err != nil {
		return p.problem(w, r, f, err, func() int { return p.minutesForm(w, r, n, f) })
	}
	return web.SeeOther(w, r, home(n)+"/minutes/"+string(v.ID))
}

func (p *room) minutesDo(w http.ResponseWriter, r *http.Request, n *network.Network) int {
	v, err := p.theMinutes(r, n)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	f, err := web.ReadForm(w, r)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	ctx, who, to := r.Context(), actor(r), home(n)+"/minutes/"+string(v.ID)
	if l := p.pages.Words(r); f.Get("do") == "redact" && v.Leads && !confirmed(f) && f.Get("part") != "" && f.Get("why") != "" {
		return p.makeSure(w, r, f, l.Must("minutes.sure.redact.title"), sure{Says: []string{l.Must("minutes.sure.redact")}, Danger: true, Do: l.Must("minutes.redact.do"), Back: to,
			Facts: []fact{{l.Must("minutes.redact.part"), redacted(l, n, v, f.Get("part"))}, {l.Must("meeting.reason"), f.Get("why")}}})
	}
	switch f.Get("do") {
	case "approve":
		_, err = p.forum.Approve(ctx, who, v.ID, f.Get("hash"))
	case "approveitem":
		_, err = p.forum.ApproveItem(ctx, who, v.ID, forum.ItemID(f.Get("item")), f.Get("hash"))
	case "ask":
		err = p.forum.AskApproval(ctx, who, v.ID)
	case "replace":
		err = p.forum.ReplaceApprover(ctx, who, forum.Replacement{Minutes: v.ID, Version: version(f), Old: network.PersonID(f.Get("old")), New: network.PersonID(f.Get("new")), Why: f.Get("why")})
	case "renew":
		_, err = p.forum.DrawUp(ctx, who, v.Minutes.Meeting)
	case "correct":
		var next forum.MinutesID
		next, err = p.forum.Correct(ctx, who, v.ID, f.Get("reason"))
		to = home(n) + "/minutes/" + string(next)
	case "redact":
		err = p.forum.Redact(ctx, who, v.ID, f.Get("part"), f.Get("why"))
	default:
		err = network.Absent()
	}
	if err != nil {
		return p.problem(w, r, f, err, func() int { return p.minutesShow(w, r, n, f) })
	}
	return web.SeeOther(w, r, to)
}
