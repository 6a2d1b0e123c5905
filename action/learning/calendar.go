package learning

import (
	"context"
	"database/sql"
	"net/url"
	"time"

	"github.com/samverk/samverk/calendar"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/storage"
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

// Own lists the sessions of a person's own places from a time on, in all tenants, for their own calendar.
func (r *Room) Own(ctx context.Context, who network.Actor, from time.Time) (out []calendar.Event, err error) {
	err = r.look(ctx, who, func(tx *storage.Tx, a network.Access) error {
		if a.Actor.Person == "" {
			return nil
		}
		rows, err := tx.Query(ctx, `SELECT s.id, s.starts, s.ends, s.title, `+activityColumns+` FROM learning_registration g JOIN learning_activity a ON a.id = g.activity JOIN learning_session s ON s.activity = a.id
			WHERE g.person = $1 AND g.state = 'registered' AND a.ends > $2 AND s.ends > $2 ORDER BY s.starts, s.id LIMIT 500`, who.Person, from)
		return each(rows, err, func(rows *sql.Rows) error {
			var m Meeting
			var starts, ends int64
			var err error
			m.Activity, err = scanActivity(scans(func(to ...any) error {
				return rows.Scan(append([]any{&m.ID, &starts, &ends, &m.Title}, to...)...)
			}))
			m.Session.Starts, m.Session.Ends = storage.Time(starts), storage.Time(ends)
			out = append(out, r.Event(m))
			return err
		})
	})
	return out, err
}

// Export is everything that the room keeps of a person, as they can take it with them.
func (r *Room) Export(ctx context.Context, who network.Actor) (any, error) {
	type place struct {
		Title string
		State Standing
		Made  time.Time
		Needs Needs
		Quiz  int
	}
	type tenant struct {
		Network      network.Text
		Places       []place
		Certificates []Certificate
		Records      []Record
		Counted      bool
	}
	out := []tenant{}
	for _, n := range r.network.Tree().Roots() {
		m, err := r.Mine(ctx, who, n.ID)
		if err != nil {
			return nil, err
		}
		t := tenant{Network: n.Name, Certificates: m.Certificates, Records: m.Records, Counted: m.Counted}
		for _, p := range m.Places {
			t.Places = append(t.Places, place{p.Of.Title, p.State, p.Made, p.Needs, p.Best})
		}
		if len(t.Places)+len(t.Records)+len(t.Certificates) > 0 || t.Counted {
			out = append(out, t)
		}
	}
	return out, nil
}
