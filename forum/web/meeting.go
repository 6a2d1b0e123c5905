package web

import (
	"cmp"
	"net/http"
	"strconv"
	"time"

	"github.com/samverk/samverk/forum"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/storage"
	"github.com/samverk/samverk/web"
	"github.com/samverk/samverk/web/route"
)

// meetings are the pages of meetings, minutes and decisions.
func (p *room) meetings() []route.Route {
	const at = "/n/{network}"
	return []route.Route{
		{Method: "GET", Pattern: at + "/meetings", Who: route.Anyone, Does: "Lists meetings, of all bodies or one; also as CSV and JSON.", Serve: p.in(p.meetingList)},
		{Method: "GET", Pattern: at + "/meetings/new", Who: route.Chair, Does: "The form to plan a single meeting of a body.", Serve: p.in(p.meetingNew)},
		{Method: "POST", Pattern: at + "/meetings/new", Who: route.Chair, Does: "Plans a single meeting.", Serve: p.in(p.meetingPlan)},
		{Method: "GET", Pattern: at + "/meetings/{meeting}", Who: route.Anyone, Does: "A meeting: agenda, and for its body papers, replies and attendance.", Serve: p.in(p.meetingPage)},
		{Method: "POST", Pattern: at + "/meetings/{meeting}", Who: route.Seated, Does: "What is done with a meeting: convene, reply, open, attend, close.", Serve: p.in(p.meetingDo)},
		{Method: "GET", Pattern: at + "/meetings/{meeting}/papers", Who: route.Seated, Does: "A meeting's papers, with the forms to add and withdraw them.", Serve: p.in(p.papersPage)},
		{Method: "POST", Pattern: at + "/meetings/{meeting}/papers", Who: route.Seated, Does: "Adds papers to a meeting, or withdraws one.", Serve: p.in(p.papersDo)},
		{Method: "GET", Pattern: at + "/meetings/{meeting}/edit", Who: route.Chair, Does: "The form to change a meeting's time and place.", Serve: p.in(p.meetingEdit)},
		{Method: "POST", Pattern: at + "/meetings/{meeting}/edit", Who: route.Chair, Does: "Changes a meeting, and tells who was convened.", Serve: p.in(p.meetingChange)},
		{Method: "GET", Pattern: at + "/meetings/{meeting}/items/{item}", Who: route.Anyone, Does: "An item of a meeting: quorum, recusals, decision.", Serve: p.in(p.itemPage)},
		{Method: "POST", Pattern: at + "/meetings/{meeting}/items/{item}", Who: route.Seated, Does: "What is done with an item: vote, recuse, decide, take a decision back, put off, return.", Serve: p.in(p.itemDo)},
		{Method: "GET", Pattern: at + "/series/new", Who: route.Chair, Does: "The form to begin a series of meetings.", Serve: p.in(p.seriesNew)},
		{Method: "POST", Pattern: at + "/series/new", Who: route.Chair, Does: "Begins a series of meetings.", Serve: p.in(p.seriesMake)},
		{Method: "GET", Pattern: at + "/series/{series}", Who: route.Anyone, Does: "A series of meetings and its rhythm.", Serve: p.in(p.seriesPage)},
		{Method: "POST", Pattern: at + "/series/{series}", Who: route.Chair, Does: "Changes, pauses or resumes a series, or plans its next meetings.", Serve: p.in(p.seriesDo)},
		{Method: "GET", Pattern: at + "/circulations/new", Who: route.Chair, Does: "The form to decide without a meeting.", Serve: p.in(p.circulationNew)},
		{Method: "POST", Pattern: at + "/circulations/new", Who: route.Chair, Does: "Sends a proposal to a body's voting seats.", Serve: p.in(p.circulate)},
		{Method: "GET", Pattern: at + "/circulations/{circulation}", Who: route.Seated, Does: "A decision without a meeting: the proposal and one's own answer.", Serve: p.in(p.circulationPage)},
		{Method: "POST", Pattern: at + "/circulations/{circulation}", Who: route.Seated, Does: "Answers, closes, prolongs or withdraws a decision without a meeting.", Serve: p.in(p.circulationDo)},
		{Method: "GET", Pattern: at + "/decisions", Who: route.Anyone, Does: "The register of decisions; also as CSV and JSON.", Serve: p.in(p.decisionList)},
		{Method: "GET", Pattern: at + "/decisions/{decision}", Who: route.Anyone, Does: "A decision with what it stands on and what it led to; also as JSON.", Serve: p.in(p.decisionPage)},
		{Method: "GET", Pattern: at + "/minutes", Who: route.Anyone, Does: "Lists minutes; also as CSV and JSON.", Serve: p.in(p.minutesList)},
		{Method: "GET", Pattern: at + "/minutes/{minutes}", Who: route.Anyone, Does: "Minutes with their seal; also as JSON for the archive.", Serve: p.in(p.minutesPage)},
		{Method: "POST", Pattern: at + "/minutes/{minutes}", Who: route.Seated, Does: "Approves, corrects or redacts minutes.", Serve: p.in(p.minutesDo)},
		{Method: "GET", Pattern: at + "/minutes/{minutes}/edit", Who: route.Chair, Does: "The form to edit minutes.", Serve: p.in(p.minutesEdit)},
		{Method: "POST", Pattern: at + "/minutes/{minutes}/edit", Who: route.Chair, Does: "Edits minutes.", Serve: p.in(p.minutesSave)},
	}
}

// under refuses what belongs to another tenant than the address says: it is absent there.
func under(n *network.Network, root network.ID) error {
	if n.ID != root {
		return network.Absent()
	}
	return nil
}

// problem is what a form answers to an error: itself again with what was wrong, else the page of the error.
func (p *room) problem(w http.ResponseWriter, r *http.Request, f *web.Form, err error, again func() int) int {
	if !f.Fault(p.pages.Words(r), err) {
		return p.pages.Fail(w, r, err)
	}
	return again()
}

// runnable lists the bodies whose agenda the reader keeps.
func (p *room) runnable(r *http.Request, n *network.Network) ([]web.Option, error) {
	var runs map[network.BodyID]bool
	err := p.network.Look(r.Context(), actor(r), func(tx *storage.Tx, a network.Access) error {
		runs = map[network.BodyID]bool{}
		bodies, err := p.network.Bodies(r.Context(), tx, a, n.ID, "")
		for _, b := range bodies {
			runs[b.ID] = a.Runs(b.ID, b.Network)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return p.bodyOptions(r, n, "", func(b network.Body) bool { return runs[b.ID] })
}

// version reads the version an edit began from.
func version(f *web.Form) int64 {
	v, _ := strconv.ParseInt(f.Get("version"), 10, 64)
	return v
}

// meetingName calls a meeting by its own title, or by its number.
func meetingName(l *web.Words, m forum.Meeting) string {
	switch {
	case m.Title != "":
		return m.Title
	case m.Number > 0:
		return l.Must("meeting.number", m.Number, strconv.Itoa(m.Year))
	}
	return l.Must("meeting.one")
}

// tag is a state in a word, with its colour.
type tag struct{ Text, Colour string }

func meetingTag(l *web.Words, s forum.MeetingState) tag {
	colour := map[forum.MeetingState]string{forum.Running: "info", forum.Cancelled: "danger", forum.Paused: "warning"}[s]
	if colour == "" {
		colour = "neutral"
	}
	return tag{l.Must("meeting.state." + string(s)), colour}
}

// seatName is how a seat is called: by who holds it, else by its sector.
func seatName(l *web.Words, s network.Held) string {
	if s.Person != "" { // a name that was redacted, or whose owner is gone
		return cmp.Or(s.Name, l.Must("minutes.redacted.name"))
	}
	return l.Must("meeting.vacant", l.Must("sector."+string(s.Sector)))
}

// clockIn reads an IANA name.
func clockIn(zone string) *time.Location {
	at, err := time.LoadLocation(zone)
	if err != nil {
		return time.UTC
	}
	return at
}

func visibilities(l *web.Words) (out []web.Option) {
	for _, v := range []network.Visibility{network.Public, network.NetworkOnly, network.BodyOnly} {
		out = append(out, web.Option{Value: string(v), Text: l.Must("meeting.visibility." + string(v))})
	}
	return out
}

// iso writes a moment for programs, "" for one that is not known.
func iso(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(time.RFC3339)
}
