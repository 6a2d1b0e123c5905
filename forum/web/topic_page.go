package web

import (
	"html/template"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/samverk/samverk/forum"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/storage"
	"github.com/samverk/samverk/web"
	"github.com/samverk/samverk/web/chart"
)

type topicData struct {
	forum.TopicView
	Reader       network.PersonID
	Home         string
	At           string // the topic's address
	Zone         *time.Location
	Body         said
	BodyLink     string
	RaisedBy     string // in words
	Lede         string // the text's first paragraph, when it is plain
	Rest         string
	Path         template.HTML
	Sum          string // what became of the inputs
	Inputs       []inputShown
	From         []liftShown
	To           []liftShown
	Owed         []owedShown
	Evidence     []evidenceShown
	Files        []fileShown
	History      []eventShown
	Decisions    []forum.Decision
	Drafts       []Draft // texts of other rooms that were written for it
	NewProcedure string  // the same, of a procedure
	NewDraft     string  // where one is written; "" where there is none, and for nobody
	Helpers      []helperShown
	Ties         []tieShown
	Declare      string // where one's own ties are declared; "" for nobody
	Give         *web.Form
	Orgs         []web.Option
	Name         string // the reader's
	Asking       bool
	Last         time.Time // the last day of the time for input
	Done         string    // what was just done
	Lacks        string
	SignedIn     bool
	Levels       []web.Option
}

type inputShown struct {
	forum.Input
	Link string // to judge it; "" for who may not
	Mine bool
}

type liftShown struct {
	forum.LiftView
	Where    string // the other network
	Group    said
	Criteria []string
	Link     string
	OtherURL string
	Due      time.Time
}

// owedShown is an answer that is owed, in a box.
type owedShown struct {
	forum.Lift
	Late   bool
	When   string
	Text   string
	Answer string // the address to answer at; "" for who may not
}

type evidenceShown struct {
	forum.Evidence
	Href string
	Kind string
}

type fileShown struct {
	forum.Attachment
	Href string // "" while it may not be fetched
}

type eventShown struct {
	Text   string
	Who    string
	At     time.Time
	Reason string
}

type helperShown struct {
	Name, Link string
	Why        []string
}

// tieShown is a declared interest that the topic touches.
type tieShown struct {
	forum.Tie
	What  said
	Kind  string
	State string // what became of the proposal of recusal
	Link  string // to the person's page
}

func (p *room) topicPage(w http.ResponseWriter, r *http.Request, n *network.Network) int {
	return p.topicWith(w, r, n, nil)
}

// topicWith shows a topic, with the input somebody typed if that could not be taken.
func (p *room) topicWith(w http.ResponseWriter, r *http.Request, n *network.Network, give *web.Form) int {
	v, err := p.forum.View(r.Context(), actor(r), n.ID, forum.TopicID(r.PathValue("topic")))
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	l := p.pages.Words(r)
	d := topicData{TopicView: v, Reader: actor(r).Person, Home: home(n), At: home(n) + "/topics/" + string(v.ID), Zone: zoneOf(n), Body: say(l, v.BodyName), Give: give, SignedIn: actor(r).Person != "",
		Asking: v.State == forum.InInput && p.network.Now().Before(v.InputUntil), Name: web.ViewerOf(r).Name}
	if d.Give == nil {
		d.Give = web.NewForm("name", d.Name)
	}
	if err := p.fillTopic(r, l, n, &d); err != nil {
		return p.pages.Fail(w, r, err)
	}
	crumbs := crumb(l, n, l.Must("topic.list"), d.Home+"/topics", v.Case, "")
	return p.pages.Render(w, r, web.Page{Name: "topic", Title: v.Title, Station: "raise", Data: d, Crumbs: crumbs, Form: give, Public: true})
}

// fillDrafts adds the texts that were written for a topic, for its body to decide.
func (p *room) fillDrafts(r *http.Request, n *network.Network, d *topicData) error {
	all, err := p.drafts(r, n, d.ID)
	for _, x := range all {
		if x.Href != "" {
			d.Drafts = append(d.Drafts, x)
		}
	}
	if at := home(n) + "/policies/new"; d.SignedIn && d.State != forum.Decided && p.table.Has(http.MethodGet, at) && (len(d.Drafts) > 0 || d.Facets.Kind == "data" || d.May.Run) {
		d.NewDraft = at + "?topic=" + string(d.ID)
	}
	if at := home(n) + "/procedures/new"; d.SignedIn && d.State != forum.Decided && d.May.Run && p.table.Has(http.MethodGet, at) {
		d.NewProcedure = at + "?topic=" + string(d.ID)
	}
	return err
}

func (p *room) fillTopic(r *http.Request, l *web.Words, n *network.Network, d *topicData) (err error) {
	if !d.InputUntil.IsZero() {
		d.Last = lastDay(d.InputUntil, d.Zone)
	}
	if d.TopicView.Lacks != "" {
		d.Lacks = l.Must("fault." + d.TopicView.Lacks)
	}
	if key := "topic.done." + r.URL.Query().Get("done"); l.Has(key) {
		d.Done = l.Must(key)
	}
	if d.TopicView.Body != "" && d.Body.Text != "" {
		d.BodyLink = d.Home + "/bodies/" + string(d.TopicView.Body)
	}
	d.Lede, d.Rest = lede(d.Text)
	d.RaisedBy = raiser(l, d.TopicView)
	p.fillInputs(l, d)
	p.fillLifts(l, n, d)
	p.fillEvidence(l, d)
	d.fillHistory(l)
	if len(d.From) > 0 && d.From[0].Made {
		d.RaisedBy = d.From[0].Where
	}
	d.Path = d.path(l)
	if err := p.fillDrafts(r, n, d); err != nil {
		return err
	}
	if d.State == forum.Decided {
		d.Decisions, err = p.forum.Decisions(r.Context(), actor(r), forum.DecisionFilter{Root: n.ID, Topic: d.ID, Limit: 5})
		if err != nil {
			return err
		}
	}
	if d.May.Give {
		orgs, err := p.organisations(r, n)
		if err != nil {
			return err
		}
		d.Orgs = orgOptions(l, l.Must("topic.give.myself"), orgs)
	}
	if !d.SignedIn || !d.May.Follow {
		return nil
	}
	if err := p.fillTies(r, l, n, d); err != nil {
		return err
	}
	return p.fillHelpers(r, l, n, d)
}

// fillTies tells whose declared interests the topic touches.
func (p *room) fillTies(r *http.Request, l *web.Words, n *network.Network, d *topicData) error {
	if p.table.Has(http.MethodGet, "/me/interests") {
		d.Declare = "/me/interests?in=" + n.Slug
	}
	ties, err := p.forum.Ties(r.Context(), actor(r), d.ID)
	for _, tie := range ties {
		one := tieShown{Tie: tie, What: said{Text: tie.Named}, Kind: l.Must("topic.tie.kind." + string(tie.Kind)), Link: d.Home + "/people/" + string(tie.Person)}
		if tie.Organisation != "" {
			one.What = say(l, tie.Party)
		}
		switch {
		case tie.State != "":
			one.State = l.Must("topic.tie." + tie.State)
		case tie.Seated:
			one.State = l.Must("topic.tie.none")
		default:
			one.State = l.Must("topic.tie.unseated")
		}
		d.Ties = append(d.Ties, one)
	}
	return err
}

// lede takes a text's first paragraph for the head of the page, when it is short and without marks of Markdown.
func lede(text string) (first, rest string) {
	first, rest, _ = strings.Cut(text, "\n\n")
	if strings.ContainsAny(first, "\n*_`[]#<>|") || len(first) > 400 {
		return "", text
	}
	return first, rest
}

func orgOptions(l *web.Words, none string, orgs []network.Organisation) []web.Option {
	out := []web.Option{{Text: none}}
	for _, o := range orgs {
		out = append(out, web.Option{Value: string(o.ID), Text: text(l, o.Name)})
	}
	return out
}

// raiser says who raised a topic: an organisation by its name, a person by theirs to those who take part, else by sector.
func raiser(l *web.Words, v forum.TopicView) string {
	switch org := text(l, v.RaiserFor); {
	case org != "":
		return org
	case v.RaiserIs != "":
		return v.RaiserIs
	case v.Sector != "":
		return l.Must("topic.voice." + string(v.Sector))
	}
	return l.Must("topic.voice")
}

func (p *room) fillInputs(l *web.Words, d *topicData) {
	counts := forum.Fates{}
	for _, in := range d.TopicView.Inputs {
		counts[in.Disposition]++
		one := inputShown{Input: in, Mine: in.Person != "" && in.Person == d.Reader}
		if d.May.Judge && !d.GivenBack[in.ID] {
			one.Link = d.At + "/judge/" + string(in.ID)
		}
		d.Inputs = append(d.Inputs, one)
	}
	if len(d.Inputs) > 0 {
		d.Sum = l.Must("topic.sum", len(d.Inputs), fatesWords(l, counts))
	}
}

func (p *room) fillLifts(l *web.Words, n *network.Network, d *topicData) {
	now := p.network.Now().In(d.Zone)
	shown := func(v forum.LiftView) liftShown {
		one := liftShown{LiftView: v, Where: strings.Join(p.networkNames(l, []network.ID{v.Network}), ""), Group: say(l, v.BodyName), Due: lastDay(v.Due, d.Zone)}
		for _, c := range v.Criteria {
			one.Criteria = append(one.Criteria, l.Must("topic.criteria."+c))
		}
		if v.Other.ID != "" {
			one.OtherURL = d.Home + "/topics/" + string(v.Other.ID)
		}
		return one
	}
	owed := func(one liftShown, by, to string) {
		if one.Answer != forum.Owing {
			return
		}
		box := owedShown{Lift: one.Lift, Late: one.Lift.Late(p.network.Now()) > 0, When: l.Until(now, one.Due)}
		box.Text = l.Must("topic.owed", by, to, l.Day(one.Due))
		if box.Late {
			box.Text = l.Must("topic.owed.late", by, to, l.Day(one.Due))
		}
		if d.May.Run && one.Topic == d.ID {
			box.Answer = d.At + "/answer/" + string(one.ID)
		}
		d.Owed = append(d.Owed, box)
	}
	for _, v := range d.TopicView.From {
		one := shown(v)
		d.From = append(d.From, one)
		owed(one, either(d.Body.Text, strings.Join(p.networkNames(l, []network.ID{d.Network}), "")), one.Where)
	}
	for _, v := range d.TopicView.To {
		one := shown(v)
		d.To = append(d.To, one)
		owed(one, either(one.Group.Text, one.Where), strings.Join(p.networkNames(l, []network.ID{d.Network}), ""))
	}
}

func either(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

func (p *room) fillEvidence(l *web.Words, d *topicData) {
	for _, f := range d.TopicView.Files {
		one := fileShown{Attachment: f}
		if f.State == forum.Clean || f.State == forum.Unscanned {
			one.Href = d.Home + "/files/" + string(f.ID)
		}
		d.Files = append(d.Files, one)
	}
	for _, e := range d.TopicView.Evidence {
		one := evidenceShown{Evidence: e, Href: e.Href(), Kind: l.Must("topic.evidence." + string(e.Reference.Kind))}
		if e.Reference.Kind == forum.File {
			one.Href = d.Home + "/files/" + e.Ref
		}
		if e.Reference.Kind == forum.DOI || e.Reference.Kind == forum.PMID {
			one.Kind += " " + e.Ref
		}
		d.Evidence = append(d.Evidence, one)
	}
	d.Levels = evidenceLevels(l, "")
}

func evidenceLevels(l *web.Words, none string) (out []web.Option) {
	if none != "" {
		out = append(out, web.Option{Text: none})
	}
	for _, v := range forum.EvidenceLevels {
		out = append(out, web.Option{Value: v, Text: l.Must("topic.evidence.level." + v)})
	}
	return out
}

// fillHistory tells what happened, the newest first.
func (d *topicData) fillHistory(l *web.Words) {
	for _, e := range d.TopicView.History {
		key := "topic.event." + e.Kind
		if !l.Has(key) {
			continue
		}
		one := eventShown{Text: l.Must(key), Who: e.Name, At: e.At.In(d.Zone), Reason: either(e.Details["reason"], e.Details["why"])}
		if t := e.Details["title"]; t != "" {
			one.Reason = t
		}
		if until, err := time.Parse(time.RFC3339, e.Details["until"]); err == nil {
			one.Text += " " + l.Must("topic.event.until", l.Day(lastDay(until, d.Zone)))
		}
		d.History = append([]eventShown{one}, d.History...)
	}
}

// when tells when a topic last came into a state; zero: never.
func (d *topicData) when(to forum.State) (at time.Time) {
	for _, e := range d.TopicView.History {
		if e.Subject == string(d.ID) && e.Kind == "topic."+string(to) {
			at = e.At.In(d.Zone)
		}
	}
	return at
}

// path draws the way here and on.
func (d *topicData) path(l *web.Words) template.HTML {
	path := chart.Path{Wide: true}
	add := func(key string, done, now bool, notes ...string) {
		s := chart.Station{Name: l.Must("topic.path." + key), Done: done, Now: now, Says: l.Must("topic.path.todo")}
		for _, note := range notes {
			if note != "" {
				s.Notes = append(s.Notes, note)
			}
		}
		switch {
		case now:
			s.Says = l.Must("topic.path.now")
		case done:
			s.Says = l.Must("topic.path.done")
		}
		path.Stations = append(path.Stations, s)
	}
	day := func(t time.Time) string {
		if t.IsZero() {
			return ""
		}
		return l.Day(t)
	}
	at := func(of ...forum.State) bool {
		for _, s := range of {
			if d.State == s {
				return true
			}
		}
		return false
	}
	if len(d.From) == 0 || !d.From[0].Made {
		add("raised", !at(forum.Raised), at(forum.Raised), day(d.Raised.In(d.Zone)), l.Must("topic.path.by", d.RaisedBy))
	}
	if len(d.From) > 0 {
		add("joined", !at(forum.Raised), at(forum.Raised), day(d.From[0].Lifted.In(d.Zone)), l.Must("topic.path.from", len(d.From)))
	}
	d.pathInput(l, add, at)
	prepared := d.when(forum.Prepared)
	add("prepared", !prepared.IsZero() && !at(forum.Prepared, forum.InInput, forum.Raised), at(forum.Prepared), day(prepared))
	if len(d.To) > 0 {
		last := d.To[len(d.To)-1]
		add("lifted", !at(forum.Lifted), at(forum.Lifted), day(last.Lifted.In(d.Zone)), last.Where)
	}
	switch d.State {
	case forum.Closed, forum.Merged, forum.Returned:
		add(string(d.State), false, true, day(d.Moved.In(d.Zone)))
	default:
		decided := ""
		if at(forum.Decided) { // a decision that was taken back is none
			decided = day(d.when(forum.Decided))
		}
		add("decided", decided != "", at(forum.OnAgenda), decided)
	}
	return path.HTML()
}

func (d *topicData) pathInput(l *web.Words, add func(string, bool, bool, ...string), at func(...forum.State) bool) {
	asked := d.when(forum.InInput)
	count := ""
	if n := len(d.Inputs); n > 0 {
		count = l.Must("topic.inputs", n)
	}
	switch {
	case d.InputWaived != "":
		add("input", true, false, l.Must("topic.path.waived"), count)
	case !d.InputUntil.IsZero():
		add("input", !at(forum.InInput), at(forum.InInput), l.Days(asked, d.Last), count)
	case d.Patients || count != "":
		add("input", count != "" && !at(forum.Raised, forum.Returned), false, count) // nobody was asked, but who said something was heard
	}
}

func (p *room) fillHelpers(r *http.Request, l *web.Words, n *network.Network, d *topicData) error {
	words := strings.FieldsFunc(d.Title+" "+d.Text, func(c rune) bool { return strings.ContainsRune(" \n\t.,;:!?()[]\"”“«»*_#", c) })
	return p.network.Look(r.Context(), actor(r), func(tx *storage.Tx, _ network.Access) error {
		helpers, err := p.network.WhoCanHelp(r.Context(), tx, actor(r), n.ID, words, 3)
		for _, h := range helpers {
			one := helperShown{Name: h.Name, Link: d.Home + "/people/" + string(h.Person)}
			for i, why := range h.Reasons {
				if i < 3 {
					one.Why = append(one.Why, why.Item)
				}
			}
			d.Helpers = append(d.Helpers, one)
		}
		return err
	})
}

func (p *room) versions(w http.ResponseWriter, r *http.Request, n *network.Network) int {
	id := forum.TopicID(r.PathValue("topic"))
	t, err := p.topicOf(r, n, id)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	was, err := p.forum.Revisions(r.Context(), actor(r), id)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	l := p.pages.Words(r)
	at := home(n) + "/topics/" + string(id)
	d := map[string]any{"Topic": t, "Was": was, "At": at, "Zone": zoneOf(n)}
	return p.pages.Render(w, r, web.Page{Name: "topic-versions", Title: l.Must("topic.versions"), Station: "raise", Data: d,
		Crumbs: crumb(l, n, l.Must("topic.list"), home(n)+"/topics", t.Case, at, l.Must("topic.versions"), "")})
}

// topicOf finds a topic of this tenant.
func (p *room) topicOf(r *http.Request, n *network.Network, id forum.TopicID) (forum.Topic, error) {
	t, err := p.forum.Topic(r.Context(), actor(r), id)
	if err == nil && t.Root != n.ID {
		err = network.Absent()
	}
	return t, err
}

// file gives an attachment out, as a download that no browser opens as a page of ours.
func (p *room) file(w http.ResponseWriter, r *http.Request, n *network.Network) int {
	c, err := p.forum.Fetch(r.Context(), actor(r), n.ID, forum.FileID(r.PathValue("file")))
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	defer c.Close()
	h := w.Header()
	h.Set("Content-Type", "application/octet-stream")
	h.Set("Content-Disposition", contentDisposition(c.Name))
	h.Set("Content-Length", strconv.FormatInt(c.Size, 10))
	h.Set("Content-Security-Policy", "sandbox; default-src 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "private, no-store")
	return copyOut(w, c)
}
