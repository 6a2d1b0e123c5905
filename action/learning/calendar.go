package learning

import (
	"net/url"

	"github.com/samverk/samverk/calendar"
)

// Meeting is a session with its activity.
type Meeting struct {
	Session
	Activity Activity
}

// Event gives a session as calendars show it.
func (r *Room) Event(m Meeting) calendar.Event {
	title := m.Activity.Title
	if m.Session.Title != "" {
		title += ": " + m.Session.Title
	}
	e := calendar.Event{UID: string(m.Session.ID) + "@" + r.host(), Sequence: m.Activity.Sequence, Changed: m.Activity.Changed, Title: title, Location: m.Activity.Place,
		Start: m.Session.Starts, End: m.Session.Ends, Zone: m.Activity.Zone, Cancelled: m.Activity.State == Cancelled}
	if e.Location == "" {
		e.Location = m.Activity.Link
	}
	if r.options.URL != "" {
		e.URL = r.options.URL + r.path(m.Activity)
	}
	return e
}

func (r *Room) host() string {
	if u, err := url.Parse(r.options.URL); err == nil && u.Host != "" {
		return u.Hostname()
	}
	return "samverk.invalid"
}

// Feed writes an activity's sessions as a calendar.
func (r *Room) Feed(a Activity, sessions []Session) ([]byte, error) {
	events := make([]calendar.Event, len(sessions))
	for i, s := range sessions {
		events[i] = r.Event(Meeting{s, a})
	}
	return calendar.Feed(a.Title, events)
}
