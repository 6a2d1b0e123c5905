package web

import (
	"net/http"

	"github.com/samverk/samverk/forum"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/storage"
	"github.com/samverk/samverk/web"
)

// duty is something that can be begun, at an address that a room may have.
type duty struct{ key, path string }

var (
	runs  = []duty{{"meeting", "meetings/new"}, {"series", "series/new"}, {"circulation", "circulations/new"}}
	leads = []duty{{"invite", "people/new"}, {"body", "bodies/new"}, {"vacancies", "vacancies"}, {"agreements", "agreements"}, {"rates", "rates"}, {"networks", "networks"},
		{"feedback", "feedback"}, {"mail", "mail"}}
)

// duties are what somebody can begin who leads a body or coordinates the tenant, and what its network lacks first.
func (p *room) duties(r *http.Request, n *network.Network, found forum.Waiting, d *waitingData) error {
	l := p.pages.Words(r)
	row := func(id string, of []duty) {
		one := dutyRow{ID: "for-" + id, Heading: l.Must("waiting.for." + id)}
		for _, x := range of {
			if at := p.where(home(n) + "/" + x.path); at != "" {
				one.Links = append(one.Links, web.Link{Text: l.Must("waiting.for." + id + "." + x.key), Href: at})
			}
		}
		d.Duties = append(d.Duties, one)
	}
	chairs := false
	for _, s := range found.Seats {
		chairs = chairs || s.Role == network.Chair
	}
	if chairs || found.Leads {
		row("chair", runs)
	}
	if !found.Leads {
		return nil
	}
	row("lead", leads)
	return p.nextStep(r, n, d)
}

// nextStep says what comes next in a network that was just set up: a group, people in its seats, a first meeting.
func (p *room) nextStep(r *http.Request, n *network.Network, d *waitingData) error {
	l, who := p.pages.Words(r), actor(r)
	groups, held := 0, 0
	var first network.BodyID
	err := p.network.Look(r.Context(), who, func(tx *storage.Tx, a network.Access) error {
		bodies, err := p.network.Bodies(r.Context(), tx, a, n.ID, "")
		if err != nil {
			return err
		}
		seats, err := p.network.SeatCounts(r.Context(), tx, n.ID)
		for _, b := range bodies {
			if b.Kind == network.Secretariat {
				continue
			}
			if groups++; first == "" {
				first = b.ID
			}
			held += seats[b.ID].Held
		}
		return err
	})
	if err != nil {
		return err
	}
	step, path := "", ""
	switch {
	case groups == 0:
		step, path = "body", "/bodies/new"
	case held == 0:
		step, path = "seats", "/bodies/"+string(first)
	default:
		any, err := p.forum.Meetings(r.Context(), who, forum.MeetingFilter{Root: n.ID, Limit: 1})
		if err != nil || len(any) > 0 {
			return err
		}
		step, path = "meeting", "/meetings/new"
	}
	d.Next = &doing{Text: l.Must("waiting.next." + step + ".do"), Href: home(n) + path}
	d.NextText = l.Must("waiting.next." + step)
	return nil
}
