package web

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/samverk/samverk/forum"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/web"
	"github.com/samverk/samverk/web/route"
)

// waitings is the page a person lands on.
func (p *room) waitings() []route.Route {
	return []route.Route{
		{Method: "GET", Pattern: "/n/{network}/waiting", Who: route.SignedIn, Does: "What waits for the person who is signed in.", Serve: p.in(p.waiting)},
		{Method: "POST", Pattern: "/n/{network}/waiting", Who: route.SignedIn, Does: "Notes that the person has read what they were told.", Serve: p.in(p.readNotices)},
	}
}

type waitingData struct {
	Home       string
	Hello, Sum string
	Waits      []waitRow
	Raised     []topicRow
	Notices    []noticeRow
	More       int    // notices that are not shown
	Told       string // where all of them are
	Next       *doing // what a network that was just set up lacks
	NextText   string
	Duties     []dutyRow // for who runs a body, or coordinates
	Seats      []ownSeatRow
	By, Ties   string
	Inputs     []givenRow
	MayRaise   bool
}

// noticeRows is how many notices the page shows.
const noticeRows = 5

// waitRow is one thing that waits.
type waitRow struct {
	due                           time.Time
	Kind, Link, Title, Lang, Text string
	Day, When                     string
	Late                          bool
	Actions                       []doing
	Replies                       []web.Option // to a convocation
	ReplyTo                       string
	MoreTime                      string // where one asks for more time
	Seat                          network.SeatID
}

// doing is something that can be done about it.
type doing struct {
	Text, Href string
	Main       bool // not only looked at
}

// dutyRow is a heading with what somebody can begin.
type dutyRow struct {
	ID, Heading string
	Links       []web.Link
}

type noticeRow struct{ ID, Title, Link, When string }

type ownSeatRow struct {
	Link   string
	Name   said
	Sector network.Sector
	Role   string
}

type givenRow struct {
	forum.GivenInput
	Link, Short string
}

func (p *room) waiting(w http.ResponseWriter, r *http.Request, n *network.Network) int {
	l, who := p.pages.Words(r), actor(r)
	found, err := p.forum.Waiting(r.Context(), who, n.ID)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	names, err := p.bodyNames(r, who, n)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	now := p.network.Now().In(zoneOf(n))
	d := waitingData{Home: home(n), Hello: hello(l, now, web.ViewerOf(r).Name), MayRaise: p.table.Has(http.MethodGet, home(n)+"/topics/new")}
	late := 0
	first := true // only the first thing's button is the page's main one
	for _, one := range found.Waits {
		row := p.waitRow(l, n, one, names, now)
		for i := range row.Actions {
			row.Actions[i].Main = row.Actions[i].Main && first
			first = first && !row.Actions[i].Main
		}
		d.Waits = append(d.Waits, row)
		if one.Late {
			late++
		}
	}
	others, err := p.othersWait(r, n)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	for _, one := range others {
		row := otherRow(l, one, now)
		row.Actions[0].Main, first = first, false
		if row.Late {
			late++
		}
		d.Waits = append(d.Waits, row)
	}
	d.Sum = l.Must("waiting.sum", len(d.Waits))
	d.sortWaits()
	if late > 0 {
		d.Sum += " " + l.Must("waiting.sum.late", late)
	}
	for _, t := range found.Raised {
		d.Raised = append(d.Raised, newTopicRow(l, n, t, names, now))
	}
	for _, told := range found.Notices[:min(len(found.Notices), noticeRows)] {
		d.Notices = append(d.Notices, noticeRow{told.ID, p.forum.Told(l.Code, told), told.Link, l.Ago(now, told.Made.In(now.Location()))})
	}
	d.More = len(found.Notices) - len(d.Notices)
	d.ownSeats(l, n, found.Seats, now)
	d.Ties, d.Told = p.where("/me/interests"), p.where("/notices")
	if err := p.duties(r, n, found, &d); err != nil {
		return p.pages.Fail(w, r, err)
	}
	for _, i := range found.Inputs {
		d.Inputs = append(d.Inputs, newGivenRow(n, i))
	}
	return p.pages.Render(w, r, web.Page{Name: "waiting", Title: l.Must("waiting.title"), Data: d, Feeds: p.networkFeeds(l, n)})
}

func (p *room) othersWait(r *http.Request, n *network.Network) ([]Wait, error) {
	if p.options.Waits == nil {
		return nil, nil
	}
	return p.options.Waits(r, n)
}

// otherRow is what waits in another room. It is late from the day after it was due.
func otherRow(l *web.Words, one Wait, now time.Time) waitRow {
	row := waitRow{Kind: one.Kind, Link: one.Href, Title: one.Title, Lang: one.Lang, Text: one.Text, Actions: []doing{{one.Do, one.Href, false}}}
	if !one.Due.IsZero() {
		row.due = one.Due.In(now.Location())
		row.Day, row.When = l.ShortDay(row.due), l.Until(now, row.due)
		row.Late = row.due.Format(time.DateOnly) < now.Format(time.DateOnly)
	}
	return row
}

// sortWaits puts what has a day first, the oldest before, which are the late ones. Of one day the forum's own stay in their order.
func (d *waitingData) sortWaits() {
	slices.SortStableFunc(d.Waits, func(a, b waitRow) int {
		if a.due.IsZero() != b.due.IsZero() {
			return b.due.Compare(a.due)
		}
		return a.due.Compare(b.due)
	})
}

// readNotices takes what the person has read off the page.
func (p *room) readNotices(w http.ResponseWriter, r *http.Request, n *network.Network) int {
	form, err := web.ReadForm(w, r)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	if err := p.forum.ReadNotices(r.Context(), actor(r), form.All("notice")); err != nil {
		return p.pages.Fail(w, r, err)
	}
	return web.SeeOther(w, r, home(n)+"/waiting")
}

// where gives the first of some addresses that there is something at.
func (p *room) where(paths ...string) string {
	for _, path := range paths {
		if p.table.Has(http.MethodGet, path) {
			return path
		}
	}
	return ""
}

// hello greets somebody by the time of day and their first name.
func hello(l *web.Words, now time.Time, name string) string {
	first, _, _ := strings.Cut(name, " ")
	part := "night"
	switch h := now.Hour(); {
	case h >= 18:
		part = "evening"
	case h >= 10:
		part = "day"
	case h >= 5:
		part = "morning"
	}
	return l.Must("waiting.hello."+part, first)
}

// waitRow tells what waits, why, and what can be done.
func (p *room) waitRow(l *web.Words, n *network.Network, one forum.Wait, names map[network.BodyID]said, now time.Time) waitRow {
	at, body := home(n), names[one.Body]
	row := waitRow{Kind: l.Must("waiting.kind." + string(one.Kind)), Title: one.Title, Lang: one.Lang, Late: one.Late}
	row.day(l, one, now)
	do := func(text, href string, main bool) {
		row.Link = href
		row.Actions = append(row.Actions, doing{l.Must(text), href, main})
	}
	topic := at + "/topics/" + string(one.Topic)
	switch one.Kind {
	case forum.WaitsInput:
		row.Text = l.Must("waiting.input.text")
		row.Actions = []doing{{l.Must("waiting.input.do"), topic + "/input", true}}
		row.Link, row.MoreTime = topic, topic+"/do"
	case forum.WaitsMinutes:
		row.Title, row.Lang, row.Text = l.Must("waiting.minutes.title", body.Text, l.NearDay(now, one.Held)), "", l.Must("waiting.minutes.text")
		do("waiting.minutes.do", at+"/minutes/"+string(one.Minutes), true)
	case forum.WaitsSeal:
		row.Title, row.Lang, row.Text = l.Must("waiting.minutes.title", body.Text, l.NearDay(now, one.Held)), "", l.Must("waiting.seal.text")
		do("waiting.seal.do", at+"/minutes/"+string(one.Minutes), false)
	case forum.WaitsMeeting:
		p.meetingWaits(l, n, one, body, &row)
	case forum.WaitsVote:
		row.Text = l.Must("waiting.vote.text", body.Text)
		do("waiting.vote.do", at+"/circulations/"+string(one.Circulation), true)
	case forum.WaitsAnswer:
		row.Text = answerText(l, one, body, names)
		do("waiting.answer.do", topic, false)
	case forum.WaitsPlace:
		row.Text = l.Must("waiting.place.text")
		row.Link = topic
		row.Actions = []doing{{l.Must("waiting.place.do"), topic + "/assign", true}}
	case forum.WaitsPrepare:
		row.Text = l.Must("waiting.prepare.nobody")
		if body.Text != "" {
			row.Text = l.Must("waiting.prepare.text", body.Text)
		}
		do("waiting.prepare.do", topic, false)
	case forum.WaitsSeat:
		row.Title, row.Lang, row.Text = l.Must("waiting.seat.title", body.Text), "", l.Must("waiting.seat.text")
		row.Link = at + "/bodies/" + string(one.Body)
	case forum.WaitsCandidate:
		row.Title, row.Lang = l.Must("waiting.candidate.title", body.Text, strings.ToLower(l.Must("sector."+string(one.Sector)))), ""
		row.Text = l.Must("waiting.candidate.text", one.Count)
		do("waiting.candidate.do", at+"/seats/"+string(one.Seat), true)
	case forum.WaitsVacancy:
		p.vacancyWaits(l, n, one, names, &row)
	case forum.WaitsInterest:
		row.Title, row.Lang, row.Text = l.Must("waiting.interest.title"), "", l.Must("waiting.interest.text")
		do("waiting.interest.do", "/me/interests", false)
	}
	return row
}

// vacanciesNamed is how many bodies with vacant seats are named.
const vacanciesNamed = 3

// vacancyWaits leads to the body with vacant seats, or to all bodies.
func (p *room) vacancyWaits(l *web.Words, n *network.Network, one forum.Wait, names map[network.BodyID]said, row *waitRow) {
	row.Title, row.Lang, row.Link = l.Must("waiting.vacancy.title", one.Count), "", home(n)+"/bodies"
	if len(one.From) == 1 {
		row.Link += "/" + string(one.From[0])
	}
	var in []string
	for _, b := range one.From {
		if name := names[b].Text; name != "" {
			in = append(in, name)
		}
	}
	if more := len(in) - vacanciesNamed; more > 0 {
		in = append(in[:vacanciesNamed], l.Must("waiting.vacancy.more", more))
	}
	row.Text = l.Must("waiting.vacancy.text", l.List(in...))
	row.Actions = []doing{{l.Must("waiting.vacancy.do"), row.Link, false}}
}

// day says when it is due.
func (row *waitRow) day(l *web.Words, one forum.Wait, now time.Time) {
	if one.Due.IsZero() {
		return
	}
	due := one.LastDay(one.Due.Location())
	row.due, row.Day, row.When = due, l.ShortDay(due), l.Until(now, due)
}

func (p *room) meetingWaits(l *web.Words, n *network.Network, one forum.Wait, body said, row *waitRow) {
	m := one.Meeting
	row.Lang = ""
	row.Title = l.Must("waiting.meeting.title", body.Text, l.Clock(m.Starts))
	if m.Place != "" {
		row.Title = l.Must("waiting.meeting.where", body.Text, l.Clock(m.Starts), m.Place)
	}
	row.Link = home(n) + "/meetings/" + string(m.ID)
	if m.State == forum.Running {
		row.Text = l.Must("waiting.meeting.running")
		row.Actions = []doing{{l.Must("waiting.meeting.join"), row.Link, true}}
		return
	}
	parts := []string{l.Must("waiting.meeting.items", one.Items), l.Must("waiting.meeting.papers", one.Papers)}
	if one.LatePapers > 0 {
		parts = append(parts, l.Must("waiting.meeting.late", one.LatePapers))
	}
	if one.Reply != forum.NotAnswered {
		parts = append(parts, l.Must("waiting.meeting.said."+string(one.Reply)))
	}
	row.Text = strings.Join(parts, " ")
	row.ReplyTo, row.Seat = row.Link, one.Seat
	for _, a := range forum.Attendings {
		if a != one.Reply {
			row.Replies = append(row.Replies, web.Option{Value: string(a), Text: l.Must("waiting.meeting." + string(a)), Help: row.Title})
		}
	}
}

func answerText(l *web.Words, one forum.Wait, body said, names map[network.BodyID]said) string {
	var from []string
	for _, b := range one.From {
		if name := names[b].Text; name != "" && !slices.Contains(from, name) {
			from = append(from, name)
		}
	}
	text := ""
	if len(from) > 0 {
		text = l.Must("waiting.answer.from", l.List(from...)) + " "
	}
	return text + l.Must("waiting.answer.text", body.Text)
}

// ownSeats tells which seats one holds, until when, and who nominated one.
func (d *waitingData) ownSeats(l *web.Words, n *network.Network, seats []forum.OwnSeat, now time.Time) {
	var by []string
	for _, s := range seats {
		row := ownSeatRow{Link: home(n) + "/bodies/" + string(s.Body), Name: say(l, s.Name), Sector: s.Sector}
		role := l.Must("front.role." + string(s.Role))
		row.Role = l.Must("waiting.seats.role.open", role)
		if !s.To.IsZero() {
			row.Role = l.Must("waiting.seats.role", role, l.Day(lastDay(s.To, now.Location())))
		}
		d.Seats = append(d.Seats, row)
		if name := say(l, s.By).Text; name != "" && !slices.Contains(by, name) {
			by = append(by, name)
		}
	}
	if len(by) > 0 {
		d.By = l.Must("waiting.seats.by", l.List(by...))
	}
}

func newGivenRow(n *network.Network, i forum.GivenInput) givenRow {
	row := givenRow{GivenInput: i, Short: firstSentence(i.Text)}
	switch {
	case i.Number != "":
		row.Link = home(n) + "/decisions/" + string(i.Decision)
	case i.Topic != "":
		row.Link = home(n) + "/topics/" + string(i.Topic)
	}
	return row
}
