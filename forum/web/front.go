package web

import (
	"html/template"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/samverk/samverk/forum"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/storage"
	"github.com/samverk/samverk/web"
	"github.com/samverk/samverk/web/chart"
	"github.com/samverk/samverk/web/route"
)

// front are the pages over everything: the public front, what waits, the calendar, the search.
func (p *room) front() []route.Route {
	out := []route.Route{
		{Method: "GET", Pattern: "/{$}", Who: route.Anyone, Does: "Leads to the only network, or lists those there are.", Serve: p.places},
		{Method: "GET", Pattern: "/n/{network}", Who: route.Anyone, Does: "Leads to the network's front page.", Serve: p.in(p.slash)},
		{Method: "GET", Pattern: "/n/{network}/{$}", Who: route.Anyone, Does: "The network's public front page.", Serve: p.in(p.frontPage)},
	}
	out = append(out, route.Route{Method: "GET", Pattern: "/n/{network}/inputs", Who: route.Anyone, Does: "Public inputs, what became of them and why.", Serve: p.in(p.inputsPage)})
	for _, more := range [][]route.Route{p.waitings(), p.calendars(), p.searches(), p.abouts()} {
		out = append(out, more...)
	}
	return out
}

// places leads to the only network there is, or lists them. Who is signed in lands on what waits for them.
func (p *room) places(w http.ResponseWriter, r *http.Request) int {
	l := p.pages.Words(r)
	type place struct {
		Name, About said
		Sub, Link   string
	}
	var open, own []place
	var operator bool
	err := p.network.Look(r.Context(), actor(r), func(_ *storage.Tx, a network.Access) error {
		operator = a.Operator
		for _, n := range p.network.Tree().Roots() {
			if !n.Closed.IsZero() {
				continue
			}
			_, about := heading(l, n)
			one := place{say(l, n.Name), about, subtitle(l, n), home(n) + "/"}
			if a.Registered(n.ID) {
				one.Link += "waiting"
				own = append(own, one)
			}
			open = append(open, one)
		}
		return nil
	})
	switch {
	case err != nil:
		return p.pages.Fail(w, r, err)
	case len(own) == 1:
		return web.SeeOther(w, r, own[0].Link)
	case len(open) == 1:
		return web.SeeOther(w, r, open[0].Link)
	case len(open) == 0:
		return web.SeeOther(w, r, p.nowhere(operator))
	}
	return p.pages.Render(w, r, web.Page{Name: "front-places", Title: l.Must("front.places"), Public: !web.SignedIn(r), Data: open})
}

// nowhere is where one goes while there is no network: setting one up, asking, signing in.
func (p *room) nowhere(operator bool) string {
	switch {
	case operator && p.table.Has(http.MethodGet, "/setup"):
		return "/setup"
	case p.table.Has(http.MethodGet, "/ask"):
		return "/ask"
	}
	return "/sign-in"
}

func (p *room) slash(w http.ResponseWriter, r *http.Request, n *network.Network) int {
	return web.SeeOther(w, r, home(n)+"/")
}

// headingMost is how many characters a heading has at most.
const headingMost = 120

// heading is what a network says of itself: its first line, or sentence, is the heading, the rest is what stands under it. A
// network that says nothing, or begins with a long sentence, is headed by its name.
func heading(l *web.Words, n *network.Network) (head, lede said) {
	about := say(l, n.About)
	first, rest, _ := strings.Cut(strings.TrimSpace(about.Text), "\n")
	if rest = strings.TrimSpace(rest); rest == "" {
		first, rest, _ = strings.Cut(first, ". ")
	}
	if first = strings.TrimSuffix(first, "."); len([]rune(first)) > headingMost {
		first, rest = "", strings.TrimSpace(about.Text)
	}
	head, lede = said{first, about.Lang}, said{rest, about.Lang}
	if first == "" {
		head = say(l, n.Name)
	}
	if rest == "" {
		lede = said{l.Must("front.lede"), l.Code}
	}
	return head, lede
}

// frontData is the public front page.
type frontData struct {
	Home       string
	Head, Lede said
	Now        forum.Now
	Next       *meetingRow
	NextItems  int
	NextDay    string
	Decisions  []decisionRow
	Topics     []topicRow
	Owed       []owedRow
	Calendar   []meetingRow
	Body       *bodyRow
	Vacancies  []vacancyRow
	MayRaise   bool
	Asks       bool // the site answers questions about variants
	Answers    int  // in the last days
	Answered   bool // Answers is known
}

// The front page shows this many of each.
const frontRows = 4

// answersOver is the time for which the front page tells how much was answered.
const answersOver = 30 * 24 * time.Hour

func (p *room) frontPage(w http.ResponseWriter, r *http.Request, n *network.Network) int {
	l, ctx, now := p.pages.Words(r), r.Context(), p.network.Now()
	d := frontData{Home: home(n), MayRaise: p.table.Has(http.MethodGet, home(n)+"/topics/new"), Asks: p.table.Has(http.MethodGet, "/ask")}
	d.Head, d.Lede = heading(l, n)
	names, err := p.bodyNames(r, network.Actor{}, n)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	if d.Now, err = p.forum.Count(ctx, n.ID); err != nil {
		return p.pages.Fail(w, r, err)
	}
	if p.options.Answers != nil {
		d.Answers, d.Answered = p.options.Answers(ctx, n, now.Add(-answersOver))
	}
	if d.Decisions, err = p.latestDecisions(r, n, names); err != nil {
		return p.pages.Fail(w, r, err)
	}
	open, err := p.forum.OpenTopics(ctx, n.ID, frontRows)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	for _, t := range open {
		d.Topics = append(d.Topics, newTopicRow(l, n, t, names, now))
	}
	owed, err := p.forum.Owed(ctx, network.Actor{}, n.ID, "", 4*frontRows)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	d.Owed = owedRows(l, n, owed, now)
	if err := p.coming(r, n, names, &d); err != nil {
		return p.pages.Fail(w, r, err)
	}
	if d.Body, err = p.mainBody(r, n); err != nil {
		return p.pages.Fail(w, r, err)
	}
	if d.Vacancies, err = p.vacancies(r, n); err != nil {
		return p.pages.Fail(w, r, err)
	}
	return p.pages.Render(w, r, web.Page{Name: "front", Title: d.Head.Text, Public: true, Data: d, Feeds: p.networkFeeds(l, n)})
}

// decisionRow is a decision in a list.
type decisionRow struct {
	forum.Decision
	Link     string
	Day      time.Time
	Standing string // "I kraft 1 dec"
	Colour   string
	Inputs   string // "7 synpunkter från patienter: 5 antagna, 2 avslagna"
	By       said   // the body: numbers are its own
	Summary  string
}

func (p *room) latestDecisions(r *http.Request, n *network.Network, names map[network.BodyID]said) (out []decisionRow, err error) {
	l := p.pages.Words(r)
	decisions, err := p.forum.Decisions(r.Context(), network.Actor{}, forum.DecisionFilter{Root: n.ID, Limit: 3})
	if err != nil {
		return nil, err
	}
	var topics []forum.TopicID
	for _, d := range decisions {
		topics = append(topics, d.Topic)
	}
	fates, err := p.forum.FatesOf(r.Context(), topics)
	if err != nil {
		return nil, err
	}
	for _, d := range decisions {
		row := decisionRow{Decision: d, Link: home(n) + "/decisions/" + string(d.ID), Day: d.Taken, Summary: firstSentence(d.Text), By: names[d.Body]}
		row.Standing, row.Colour = standing(l, d, p.network.Now())
		if c := fates[d.Topic]; c.All() > 0 {
			row.Inputs = l.Must("front.inputs", c.All(), fatesWords(l, c))
		}
		out = append(out, row)
	}
	return out, nil
}

// standing says how far a decision has come, and in which colour.
func standing(l *web.Words, d forum.Decision, now time.Time) (words, colour string) {
	switch d.Standing(now) {
	case forum.Taken:
		return l.Must("front.force.pending"), "warning"
	case forum.ComesLater:
		return l.Must("front.force.from", l.ShortDay(d.InForce)), "success"
	case forum.Superseded:
		return l.Must("front.force.gone"), "neutral"
	}
	return l.Must("front.force.now"), "success"
}

// fatesWords says what became of inputs: "5 antagna, 1 delvis, 1 avslagen".
func fatesWords(l *web.Words, c forum.Fates) string {
	var parts []string
	for _, one := range []struct {
		fate forum.Disposition
		key  string
	}{{forum.Adopted, "adopted"}, {forum.Partly, "partly"}, {forum.Declined, "declined"}, {forum.Undisposed, "open"}} {
		if n := c[one.fate]; n > 0 {
			parts = append(parts, l.Must("front.fate."+one.key, n))
		}
	}
	return strings.Join(parts, ", ")
}

// firstSentence is a text's beginning, for a list: without marks of Markdown.
func firstSentence(text string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	line = strings.Trim(strings.NewReplacer("**", "", "__", "", "`", "", "[", "", "]", "").Replace(line), "#>*- ")
	if at := strings.Index(line, ". "); at > 0 {
		line = line[:at+1]
	}
	if r := []rune(line); len(r) > 180 {
		cut := string(r[:180])
		line = cut[:max(strings.LastIndexByte(cut, ' '), 1)] + " …"
	}
	return line
}

// topicRow is a topic in a list.
type topicRow struct {
	forum.Topic
	Link string
	Mini template.HTML
	Meta string
}

// steps is how far each state is along the path of five stations.
var steps = map[forum.State]int{
	forum.Raised: 1, forum.InInput: 2, forum.Prepared: 3, forum.Returned: 2, forum.OnAgenda: 4, forum.Lifted: 4, forum.Decided: 5, forum.Merged: 5, forum.Closed: 5,
}

func newTopicRow(l *web.Words, n *network.Network, t forum.Topic, names map[network.BodyID]said, now time.Time) topicRow {
	row := topicRow{Topic: t, Link: home(n) + "/topics/" + string(t.ID)}
	row.Mini = chart.Mini{Done: steps[t.State], Of: 5, Name: l.Must("front.state." + string(t.State))}.HTML()
	switch name := names[t.Body]; {
	case t.State == forum.InInput && !t.InputUntil.After(now):
		row.Meta = l.Must("waiting.kind.prepare")
	case t.State == forum.InInput:
		row.Meta = l.Must("front.topics.until", l.NearDay(now, lastDay(t.InputUntil, zoneOf(n))))
	case t.State != forum.Raised && name.Text != "":
		row.Meta = l.Must("front.topics.with", name.Text)
	default:
		row.Meta = l.Must("front.topics.raised", l.NearDay(now, t.Raised.In(zoneOf(n))))
	}
	return row
}

// lastDay is the last day of a time that ends at a midnight.
func lastDay(until time.Time, at *time.Location) time.Time { return until.Add(-time.Second).In(at) }

// owedRow is an answer that is owed.
type owedRow struct {
	forum.Owed
	Link string
	When string // "12 dagar försenat"
	Why  string
	Late bool
}

// owedRows are the answers owed, once for each topic: a joint one was lifted from several.
func owedRows(l *web.Words, n *network.Network, owed []forum.Owed, now time.Time) (out []owedRow) {
	from := map[forum.TopicID][]string{}
	for _, o := range owed {
		if name := say(l, o.ToBody).Text; name != "" && !slices.Contains(from[o.Link], name) {
			from[o.Link] = append(from[o.Link], name)
		}
	}
	seen := map[forum.TopicID]bool{}
	for _, o := range owed {
		if !seen[o.Link] && len(out) < frontRows {
			seen[o.Link] = true
			out = append(out, newOwedRow(l, n, o, l.List(from[o.Link]...), now))
		}
	}
	return out
}

func newOwedRow(l *web.Words, n *network.Network, o forum.Owed, from string, now time.Time) owedRow {
	due := lastDay(o.Due, zoneOf(n))
	row := owedRow{Owed: o, Link: home(n) + "/topics/" + string(o.Link), Late: o.Overdue > 0, When: l.Must("front.owed.by", l.NearDay(now, due))}
	var why []string
	if from != "" {
		why = append(why, l.Must("front.owed.from", from, l.NearDay(now, o.Lifted.In(zoneOf(n)))))
	}
	if row.Late {
		row.When = l.Until(now, due)
		late := l.Must("front.owed.late.nobody", l.NearDay(now, due))
		if by := say(l, o.ByName); by.Text != "" {
			late = l.Must("front.owed.late", l.NearDay(now, due), by.Text)
		}
		why = append(why, late)
		if o.Delay != "" {
			why = append(why, l.Must("front.owed.delay", o.Delay))
		}
	}
	row.Why = strings.Join(why, " ")
	return row
}

// coming are the public meetings that are announced.
func (p *room) coming(r *http.Request, n *network.Network, names map[network.BodyID]said, d *frontData) error {
	l, now := p.pages.Words(r), p.network.Now()
	meetings, err := p.forum.Meetings(r.Context(), network.Actor{}, forum.MeetingFilter{Root: n.ID, From: now.Add(-12 * time.Hour), Limit: 3 * frontRows})
	if err != nil {
		return err
	}
	for _, m := range meetings {
		if m.Ends().After(now) && m.State != forum.Over && m.State != forum.Cancelled && len(d.Calendar) < frontRows {
			d.Calendar = append(d.Calendar, newMeetingRow(l, n, m, names))
		}
	}
	if len(d.Calendar) == 0 {
		return nil
	}
	d.Next, d.NextDay = &d.Calendar[0], l.NearDay(now, d.Calendar[0].Starts)
	d.NextItems, err = p.forum.PublicItems(r.Context(), d.Next.ID)
	return err
}

// meetingRow is a meeting in a list.
type meetingRow struct {
	forum.Meeting
	Link  string
	Name  said   // the body's
	Title string // the meeting's own, or its number
	State string // in words; "" for one that is simply to come
}

func newMeetingRow(l *web.Words, n *network.Network, m forum.Meeting, names map[network.BodyID]said) meetingRow {
	row := meetingRow{Meeting: m, Link: home(n) + "/meetings/" + string(m.ID), Name: names[m.Body], Title: m.Title}
	switch {
	case m.Title == "" && m.Number > 0:
		row.Title = l.Must("cal.meeting", m.Number, m.Year%100)
	case m.Title == "":
		row.Title = l.Must("cal.meeting.plain")
	}
	if m.State != forum.Convened {
		row.State = l.Must("cal.state." + string(m.State))
	}
	if row.Name.Text == "" {
		row.Name = said{row.Title, l.Code}
	}
	return row
}

// bodyNames are the names of the bodies a reader may see.
func (p *room) bodyNames(r *http.Request, who network.Actor, n *network.Network) (map[network.BodyID]said, error) {
	l, out := p.pages.Words(r), map[network.BodyID]said{}
	err := p.network.Look(r.Context(), who, func(tx *storage.Tx, a network.Access) error {
		bodies, err := p.network.Bodies(r.Context(), tx, a, n.ID, "")
		for _, b := range bodies {
			out[b.ID] = say(l, b.Name)
		}
		return err
	})
	return out, err
}

// bodyRow is who sits in a body.
type bodyRow struct {
	Link   string
	Name   said
	Chart  template.HTML
	Sector []sectorRow
	Rules  string
	Vacant int
}

// sectorRow is a sector's voting seats in a body.
type sectorRow struct {
	Sector network.Sector
	Name   string
	Letter string
	By     []said // who nominates; nothing where they are too many to name
	Parts  string // "7 parter", then
	Seats  int
}

func (p *room) mainBody(r *http.Request, n *network.Network) (row *bodyRow, err error) {
	l, ctx := p.pages.Words(r), r.Context()
	err = p.network.Look(ctx, network.Actor{}, func(tx *storage.Tx, a network.Access) error {
		bodies, err := p.network.Bodies(ctx, tx, a, n.ID, "")
		if err != nil {
			return err
		}
		b, ok := forum.MainBody(bodies, n.ID)
		if !ok {
			return nil
		}
		seats, err := p.network.SeatsAt(ctx, tx, b.ID, storage.Micros(p.network.Now()))
		if err != nil {
			return err
		}
		rules, err := p.network.Rules(ctx, tx, b.ID)
		if err == nil {
			one := newBodyRow(l, n, b, seats, rules)
			row = &one
		}
		return err
	})
	return row, err
}

func newBodyRow(l *web.Words, n *network.Network, b network.Body, seats []network.Held, rules []network.Rule) bodyRow {
	row := bodyRow{Link: home(n) + "/bodies/" + string(b.ID), Name: say(l, b.Name), Rules: quorumWords(l, rules)}
	drawn := chart.Seats{ID: "seats"}
	var told []string
	chair := ""
	for _, sector := range network.Sectors {
		one := sectorRow{Sector: sector, Name: l.Must("sector." + string(sector)), Letter: l.Must("sector." + string(sector) + ".letter")}
		by := map[network.OrganisationID]bool{}
		for _, s := range seats {
			if s.Sector != sector || !s.Role.Votes() {
				continue
			}
			one.Seats++
			state := chart.Here
			if s.Person == "" {
				state = chart.Vacant
				row.Vacant++
			}
			if s.Role == network.Chair {
				chair = l.Must("front.chart.chair")
			}
			drawn.Seats = append(drawn.Seats, chart.Seat{Sector: string(sector), Letter: one.Letter, State: state, Chair: s.Role == network.Chair})
			if s.Nominator != "" && !by[s.Nominator] {
				by[s.Nominator] = true
				one.By = append(one.By, say(l, s.NominatorName))
			}
		}
		if one.Seats == 0 {
			continue
		}
		if len(one.By) > 3 {
			one.By, one.Parts = nil, l.Must("front.nominated.one", len(one.By))
		}
		told = append(told, one.Name+" "+l.Must("front.seats", one.Seats))
		row.Sector = append(row.Sector, one)
	}
	if len(drawn.Seats) == 0 {
		return row
	}
	drawn.Big, drawn.Small = l.Must("front.seats", len(drawn.Seats)), l.Must("front.vacant", row.Vacant)
	drawn.Title = l.Must("front.chart.title", row.Name.Text, drawn.Big)
	drawn.Desc = strings.TrimSpace(l.Must("front.chart.desc", strings.Join(told, ", ")+", "+drawn.Small, chair))
	row.Chart = drawn.SVG()
	return row
}

// vacancyRow is a seat that somebody is sought for.
type vacancyRow struct {
	Title, Link string
	Text        *said
	Until       string
}

// The front page shows this many vacancies.
const vacancyRows = 3

func (p *room) vacancies(r *http.Request, n *network.Network) (out []vacancyRow, err error) {
	l := p.pages.Words(r)
	err = p.network.Look(r.Context(), network.Actor{}, func(tx *storage.Tx, a network.Access) error {
		all, err := p.network.Vacancies(r.Context(), tx, a, n.ID, "")
		for _, v := range all[:min(len(all), vacancyRows)] {
			about := say(l, v.Text)
			about.Text = firstSentence(about.Text)
			row := vacancyRow{Title: text(l, v.Body.Name) + ", " + strings.ToLower(l.Must("sector."+string(v.Seat.Sector))), Text: &about, Link: home(n) + "/bodies/" + string(v.Body.ID)}
			if at := home(n) + "/vacancies/" + v.ID; p.table.Has(http.MethodGet, at) {
				row.Link = at
			}
			if !v.LastDay.IsZero() {
				row.Until = l.NearDay(p.network.Now(), lastDay(v.LastDay, zoneOf(n)))
			}
			out = append(out, row)
		}
		return err
	})
	return out, err
}

// networkFeeds are what programs follow of a tenant.
func (p *room) networkFeeds(l *web.Words, n *network.Network) []web.Feed {
	return []web.Feed{
		{Type: "text/calendar", Title: l.Must("cal.feed.network"), Href: home(n) + "/calendar.ics"},
		{Type: "application/atom+xml", Title: l.Must("cal.feed.news.all"), Href: home(n) + "/decisions.atom"},
	}
}
