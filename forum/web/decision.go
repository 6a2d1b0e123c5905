package web

import (
	"encoding/hex"
	"encoding/json"
	"html/template"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/samverk/samverk/forum"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/storage"
	"github.com/samverk/samverk/web"
	"github.com/samverk/samverk/web/chart"
)

// seatedOptions are the people with a seat in a body, each once.
func (p *room) seatedOptions(r *http.Request, body network.BodyID) (out []web.Option, err error) {
	err = p.network.Look(r.Context(), actor(r), func(tx *storage.Tx, _ network.Access) error {
		out = nil
		seats, err := p.network.SeatsAt(r.Context(), tx, body, storage.Micros(p.network.Now()))
		for _, s := range seats {
			if s.Person != "" && !slices.ContainsFunc(out, func(o web.Option) bool { return o.Value == string(s.Person) }) {
				out = append(out, web.Option{Value: string(s.Person), Text: s.Name})
			}
		}
		return err
	})
	return out, err
}

type decisionsData struct {
	Here      string
	Form      *web.Form
	Bodies    []web.Option
	Fields    []web.Option
	Standings []web.Option
	Years     []web.Option
	Rows      []decisionRowOf
	Filtered  bool
	Pager     web.Pager
	Formats   web.Formats
}

// decisionRowOf is a decision in the register.
type decisionRowOf struct {
	decisionRow
	Body   said
	Review string
	Late   bool
}

func (p *room) decisionFilter(r *http.Request, n *network.Network) forum.DecisionFilter {
	get := r.URL.Query().Get
	q := forum.DecisionFilter{Root: n.ID, Body: network.BodyID(get("body")), Field: query(r, "field", forum.Fields...), Words: get("q"), After: get("after")}
	if len(q.Words) > 200 {
		q.Words = q.Words[:200]
	}
	q.Year, _ = strconv.Atoi(get("year"))
	if s := forum.Standing(get("standing")); slices.Contains(forum.Standings, s) {
		q.Standing = s
	}
	if query(r, "review", "due") != "" {
		q.Review = p.network.Now().AddDate(0, 3, 0)
	}
	return q
}

func (p *room) decisionList(w http.ResponseWriter, r *http.Request, n *network.Network) int {
	l, who := p.pages.Words(r), actor(r)
	format, err := web.FormatOf(r)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	names, err := p.bodyNames(r, who, n)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	q := p.decisionFilter(r, n)
	if format != "" {
		return p.decisionFile(w, r, n, q, names, format)
	}
	q.Limit = meetingsShown + 1
	rows, err := p.forum.Decisions(r.Context(), who, q)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	d := decisionsData{Here: r.URL.Path, Form: web.ReadQuery(r), Formats: web.FormatsAt(r.URL.RequestURI())}
	if d.Bodies, err = p.bodyOptions(r, n, l.Must("meeting.body.all"), nil); err != nil {
		return p.pages.Fail(w, r, err)
	}
	d.choices(l, p.network.Now().In(zoneOf(n)).Year())
	next := ""
	if len(rows) > meetingsShown {
		rows = rows[:meetingsShown]
		next = rows[len(rows)-1].Key()
	}
	d.Pager = web.PagerAt(r.URL.RequestURI(), next)
	now := p.network.Now()
	for _, x := range rows {
		row := decisionRowOf{decisionRow: decisionRow{Decision: x, Link: home(n) + "/decisions/" + string(x.ID), Day: x.Taken, Summary: firstSentence(x.Text)}, Body: names[x.Body]}
		row.Standing, row.Colour = standing(l, x, now)
		if !x.Review.IsZero() && x.SupersededBy == "" && x.Review.Before(now.AddDate(0, 3, 0)) {
			row.Review, row.Late = l.Must("decision.review.by", l.Day(x.Review)), x.Review.Before(now)
		}
		d.Rows = append(d.Rows, row)
	}
	for _, name := range []string{"body", "year", "field", "standing", "review", "q"} {
		d.Filtered = d.Filtered || d.Form.Get(name) != ""
	}
	title := l.Must("decision.list")
	return p.pages.Render(w, r, web.Page{Name: "decision-list", Title: title, Station: "decide", Data: d, Crumbs: crumb(l, n, title, ""), Public: true, Feeds: p.networkFeeds(l, n)})
}

func (d *decisionsData) choices(l *web.Words, year int) {
	any := l.Must("decision.any")
	d.Standings, d.Years = []web.Option{{Text: any}}, []web.Option{{Text: any}}
	for _, s := range forum.Standings {
		d.Standings = append(d.Standings, web.Option{Value: string(s), Text: l.Must("decision.standing." + string(s))})
	}
	for y := year; y > year-10; y-- {
		d.Years = append(d.Years, web.Option{Value: strconv.Itoa(y), Text: strconv.Itoa(y)})
	}
	d.Fields = facetOptions(l, "field", any, forum.Fields)
}

func (p *room) decisionFile(w http.ResponseWriter, r *http.Request, n *network.Network, q forum.DecisionFilter, names map[network.BodyID]said, format string) int {
	e := web.NewExport(w, format, "decisions", "number", "case", "body_id", "body", "title", "text", "rationale", "lang", "field", "method", "mandate", "visibility",
		"taken", "approved", "in_force", "review", "standing", "superseded_by", "topic", "id")
	q.Limit = 500
	now := p.network.Now()
	for {
		rows, err := p.forum.Decisions(r.Context(), actor(r), q)
		if err != nil {
			e.Cut()
			return p.pages.Fail(w, r, err)
		}
		for _, x := range rows {
			if err := e.Row(x.Number, x.Case, string(x.Body), names[x.Body].Text, x.Title, x.Text, x.Rationale, x.Lang, x.Field, string(x.Method), string(x.Mandate), string(x.Visibility),
				iso(x.Taken), iso(x.Approved), iso(x.InForce), day(x.Review), string(x.Standing(now)), string(x.SupersededBy), string(x.Topic), string(x.ID)); err != nil {
				return http.StatusOK // the reader left
			}
		}
		if len(rows) < q.Limit {
			return e.End()
		}
		q.After = rows[len(rows)-1].Key()
	}
}

func day(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(time.DateOnly)
}

type decisionData struct {
	forum.DecisionView
	Home, Here string
	BodyName   said
	Standing   tag
	Mandate    string
	Method     string
	Votes      template.HTML
	Swatches   map[string]template.HTML
	Sectors    []sectorVotes
	All        forum.Tally
	Quorum     string
	Recused    string
	Rules      []ruleRow
	Chart      template.HTML
	Names      []voterRow // inside: who sat there and voted how
	Effects    []effectRow
	Makes      []web.Link // what the reader may make of it
	Basis      []basisRow
	Chain      []chainRow
	Past       []string
	SealWords  []string
	Approvers  []string
	MinutesAt  string
	TopicAt    string
	Fates      string
}

// sectorVotes are a sector's votes.
type sectorVotes struct {
	Sector network.Sector
	forum.Tally
}

type effectRow struct {
	forum.EffectOf
	Kind  string
	Href  string // where it is, when its reference or its room says so
	Here  bool   // the room is one of ours
	State tag
	Why   string
}

// became adds what other rooms made of a decision's effects.
func (p *room) became(r *http.Request, n *network.Network, rows []effectRow) error {
	if p.options.Became == nil {
		return nil
	}
	for i := range rows {
		b, err := p.options.Became(r, n, rows[i].EffectOf)
		if err != nil {
			return err
		}
		rows[i].State, rows[i].Why = tag{b.State, b.Colour}, b.Why
		if b.Href != "" {
			rows[i].Href, rows[i].Here = b.Href, true
		}
	}
	return nil
}

func newEffectRow(l *web.Words, e forum.EffectOf) effectRow {
	return effectRow{EffectOf: e, Kind: l.Must("decision.effect." + string(e.Effect.Kind)), Href: webAddress(e.Ref)}
}

type chainRow struct {
	Number, Link, Words string
	Current, Gone       bool
}

func (p *room) decisionPage(w http.ResponseWriter, r *http.Request, n *network.Network) int {
	l := p.pages.Words(r)
	v, err := p.forum.Decision(r.Context(), actor(r), forum.DecisionID(r.PathValue("decision")))
	if err == nil {
		err = under(n, v.Root)
	}
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	switch format, err := web.FormatOf(r); {
	case err != nil:
		return p.pages.Fail(w, r, err)
	case format == "json":
		return sendJSON(w, r, "decision-"+v.Number, newDecisionFile(v))
	}
	d := newDecisionData(l, n, v)
	d.Here = r.URL.Path
	if d.Basis, err = p.basis(r, l, n, v); err != nil {
		return p.pages.Fail(w, r, err)
	}
	if err := p.became(r, n, d.Effects); err != nil {
		return p.pages.Fail(w, r, err)
	}
	if p.options.Makes != nil {
		if d.Makes, err = p.options.Makes(r, n, v.ID); err != nil {
			return p.pages.Fail(w, r, err)
		}
	}
	return p.pages.Render(w, r, web.Page{Name: "decision", Title: v.Title, Station: "decide", Data: d, Public: v.Visibility == network.Public,
		Crumbs: crumb(l, n, d.BodyName.Text, home(n)+"/bodies/"+string(v.Body), l.Must("decision.list"), home(n)+"/decisions?body="+string(v.Body), v.Number, "")})
}

func newDecisionData(l *web.Words, n *network.Network, v forum.DecisionView) decisionData {
	d := decisionData{DecisionView: v, Home: home(n), BodyName: say(l, v.BodyOf.Name), Mandate: l.Must("decision.mandate." + string(v.Mandate)), Method: l.Must("decision.taken." + string(v.Method))}
	d.Standing.Text, d.Standing.Colour = standing(l, v.Decision, v.Now)
	d.votes(l)
	for _, x := range v.Record.Roll.Quorum.Findings {
		d.Rules = append(d.Rules, newRuleRow(l, x))
	}
	d.Chart = seatChart(l, v.Record.Roll)
	d.Quorum = l.Must("decision.quorum", v.Record.Roll.Quorum.Present, v.Record.Roll.Quorum.Of)
	recused := 0
	for _, s := range v.Record.Roll.Seats {
		if s.State == forum.Recused {
			recused++
		}
	}
	if recused > 0 {
		d.Recused = l.Must("decision.recused", recused)
	}
	for _, e := range v.Effects {
		d.Effects = append(d.Effects, newEffectRow(l, e))
	}
	d.chain(l)
	d.history(l)
	d.SealWords = seal(v.Seal.Seal)
	if v.Minutes != "" {
		d.MinutesAt = d.Home + "/minutes/" + string(v.Minutes)
	}
	for _, a := range v.Approvals {
		if a.Item == "" && a.Hash == v.Seal.Hash && a.Name != "" && !slices.Contains(d.Approvers, a.Name) {
			d.Approvers = append(d.Approvers, a.Name)
		}
	}
	if v.Topic.ID != "" {
		d.TopicAt = d.Home + "/topics/" + string(v.Topic.ID)
	}
	c := forum.Fates{}
	for _, in := range v.Inputs {
		c[in.Disposition]++
	}
	if len(v.Inputs) > 0 {
		d.Fates = fatesWords(l, c)
	}
	return d
}

// votes draws the vote and counts it by sector, where votes are known by seat.
func (d *decisionData) votes(l *web.Words) {
	t := d.Record.Tally
	if d.Decision.Method == forum.ByConsensus {
		return
	}
	d.All = t
	d.Swatches = map[string]template.HTML{"for": chart.Swatch("for"), "against": chart.Swatch("against"), "abstain": chart.Swatch("abstain")}
	d.Votes = chart.Votes{Label: l.Must("decision.votes.label", t.For, t.Against, t.Abstain), For: t.For, Against: t.Against, Abstain: t.Abstain}.SVG()
	if !d.Record.BySeat {
		return
	}
	for _, sector := range network.Sectors {
		one := sectorVotes{Sector: sector}
		for _, s := range d.Record.Roll.Seats {
			if s.Sector != sector {
				continue
			}
			switch s.Vote {
			case forum.For:
				one.For++
			case forum.Against:
				one.Against++
			case forum.Abstains:
				one.Abstain++
			}
		}
		if one.Tally != (forum.Tally{}) {
			d.Sectors = append(d.Sectors, one)
		}
	}
}

// chain is what this decision took the place of and what took its place.
func (d *decisionData) chain(l *web.Words) {
	if len(d.Supersedes)+len(d.Followed) == 0 {
		return
	}
	now := d.DecisionView.Now
	add := func(x forum.Decision, current bool) {
		row := chainRow{Number: x.Number, Link: d.Home + "/decisions/" + string(x.ID), Current: current, Gone: x.Standing(now) == forum.Superseded}
		switch {
		case x.InForce.IsZero():
			row.Words = l.Must("front.force.pending")
		default:
			row.Words = l.Days(x.InForce, x.Until)
		}
		d.Chain = append(d.Chain, row)
	}
	for _, x := range d.Supersedes {
		add(x, false)
	}
	add(d.Decision, true)
	for _, x := range d.Followed {
		add(x, false)
	}
}

func (d *decisionData) history(l *web.Words) {
	for _, e := range d.DecisionView.History {
		key := "decision.event." + strings.TrimPrefix(e.Kind, "decision.")
		if !l.Has(key) {
			continue
		}
		d.Past = append(d.Past, l.Must(key, l.When(e.At.In(d.Taken.Location()))))
	}
}

// seal cuts a hash into groups of four.
func seal(hash string) (out []string) {
	for len(hash) >= 4 {
		out, hash = append(out, hash[:4]), hash[4:]
	}
	return out
}

// decisionFile is a decision for programs.
type decisionFile struct {
	ID         forum.DecisionID    `json:"id"`
	Number     string              `json:"number"`
	Case       string              `json:"case"`
	Body       string              `json:"body"`
	BodyName   network.Text        `json:"bodyName"`
	Title      string              `json:"title"`
	Text       string              `json:"text"`
	Rationale  string              `json:"rationale,omitempty"`
	Lang       string              `json:"lang"`
	Field      string              `json:"field,omitempty"`
	Method     forum.Method        `json:"method"`
	Mandate    network.Mandate     `json:"mandate"`
	Taken      time.Time           `json:"taken"`
	Approved   time.Time           `json:"approved,omitzero"`
	InForce    time.Time           `json:"inForce,omitzero"`
	Review     time.Time           `json:"review,omitzero"`
	Standing   forum.Standing      `json:"standing"`
	Votes      *forum.Tally        `json:"votes,omitempty"`
	Present    int                 `json:"present"`
	Seats      int                 `json:"seats"`
	Inputs     []map[string]string `json:"inputs,omitempty"`
	Basis      []map[string]string `json:"basis,omitempty"`
	Effects    []map[string]string `json:"effects,omitempty"`
	Supersedes []forum.DecisionID  `json:"supersedes,omitempty"`
	By         forum.DecisionID    `json:"supersededBy,omitempty"`
	Minutes    forum.MinutesID     `json:"minutes,omitempty"`
	Seal       string              `json:"seal,omitempty"`
}

func newDecisionFile(v forum.DecisionView) decisionFile {
	out := decisionFile{ID: v.ID, Number: v.Number, Case: v.Case, Body: string(v.Body), BodyName: v.BodyOf.Name, Title: v.Title, Text: v.Text, Rationale: v.Rationale, Lang: v.Lang,
		Field: v.Field, Method: v.Method, Mandate: v.Mandate, Taken: v.Taken, Approved: v.Approved, InForce: v.InForce, Review: v.Review, Standing: v.Standing(v.Now),
		Present: v.Record.Roll.Quorum.Present, Seats: v.Record.Roll.Quorum.Of, By: v.SupersededBy, Minutes: v.Minutes, Seal: v.Seal.Seal}
	if v.Method != forum.ByConsensus {
		out.Votes = &v.Record.Tally
	}
	for _, in := range v.Inputs {
		out.Inputs = append(out.Inputs, map[string]string{"text": in.Text, "name": in.Name, "disposition": string(in.Disposition), "reason": in.Reason})
	}
	for _, b := range v.Record.Basis {
		out.Basis = append(out.Basis, map[string]string{"title": b.Title, "url": b.URL})
	}
	for _, e := range v.Effects {
		out.Effects = append(out.Effects, effectFile(e))
	}
	for _, x := range v.Supersedes {
		out.Supersedes = append(out.Supersedes, x.ID)
	}
	return out
}

// effectFile is an effect for programs. A text is named by its digest.
func effectFile(e forum.EffectOf) map[string]string {
	out := map[string]string{"kind": string(e.Effect.Kind), "ref": e.Ref, "title": e.Title}
	if e.Digest != ([32]byte{}) {
		out["digest"] = hex.EncodeToString(e.Digest[:])
	}
	return out
}

// sendJSON sends a thing for programs.
func sendJSON(w http.ResponseWriter, _ *http.Request, name string, v any) int {
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Disposition", `inline; filename="`+web.FileName(name)+`.json"`)
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	_ = e.Encode(v) // a reader who left is no failure of ours
	return http.StatusOK
}
