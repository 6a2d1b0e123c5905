package forum

import (
	"context"
	"slices"
	"time"

	"github.com/samverk/samverk/calendar"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/storage"
)

// OwnMeetings lists the meetings of every body that the actor holds a seat in, in the order of their time.
func (f *Forum) OwnMeetings(ctx context.Context, who network.Actor, from, to time.Time, limit int) (out []Meeting, err error) {
	err = f.look(ctx, who, func(tx *storage.Tx, a network.Access) error {
		out = nil
		var bodies []network.BodyID
		for _, s := range a.Seats {
			bodies = append(bodies, s.Body)
		}
		if len(bodies) == 0 {
			return nil
		}
		in, args := places([]any{from, to, bounded(limit)}, bodies)
		rows, err := tx.Query(ctx, `SELECT `+meetingColumns+` FROM meeting m WHERE m.starts >= $1 AND m.starts < $2 AND m.body IN (`+in+`)
			AND m.state NOT IN ('draft', 'paused') ORDER BY m.starts, m.id LIMIT $3`, args...)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			m, err := scanMeeting(rows)
			if err != nil {
				return err
			}
			if f.seesMeeting(a, m) {
				out = append(out, m)
			}
		}
		return rows.Err()
	})
	return out, err
}

// OwnDates lists what the actor is to have done by a day, in every tenant: input they are asked for, decisions without a meeting
// that they haven't answered, answers their bodies owe, and terms of theirs that end.
func (f *Forum) OwnDates(ctx context.Context, who network.Actor) (out []Wait, err error) {
	err = f.look(ctx, who, func(tx *storage.Tx, a network.Access) error {
		out = nil
		for _, root := range f.network.Tree().Roots() {
			w := waiter{Forum: f, tx: tx, a: a, root: root.ID, now: f.db.Now(), zone: f.zoneOf(root.ID)}
			w.place()
			for _, look := range []func(context.Context) error{w.inputs, w.votes, w.answers} {
				if err := look(ctx); err != nil {
					return err
				}
			}
			w.sort()
			out = append(out, w.waits...)
			seats, err := w.seats(ctx)
			if err != nil {
				return err
			}
			for _, s := range seats {
				if !s.To.IsZero() {
					out = append(out, Wait{Kind: WaitsSeat, Due: s.To, Body: s.Body, Network: s.Network, Seat: s.Seat})
				}
			}
		}
		return nil
	})
	return out, err
}

// DateEvent gives what somebody is to have done by a day, as calendars that are followed show it: the whole day, which keeps nobody busy.
func (f *Forum) DateEvent(w Wait, title, path string) calendar.Event {
	n, ok := f.network.Tree().Network(w.Network)
	if !ok {
		return calendar.Event{}
	}
	last := w.LastDay(f.zoneOf(n.Root))
	name, _ := n.Name.In(n.Lang)
	e := calendar.Event{UID: w.Key() + "@" + f.host(), Changed: storage.Time(0).UTC(), Title: title, Start: last, End: last, Zone: n.Zone, WholeDay: true, Categories: []string{name}}
	if f.url != "" {
		e.URL = f.Address(path)
	}
	return e
}

// LastDay is when a thing is due: what ends at a midnight is due the day before.
func (w Wait) LastDay(zone *time.Location) time.Time {
	due := w.Due.In(zone)
	if w.Kind != WaitsMeeting && due.Hour() == 0 && due.Minute() == 0 {
		due = due.Add(-time.Second)
	}
	return due
}

// CalendarEvent gives a meeting as calendars that are followed show it: with what it is of, and when it last changed, so that the
// same meeting gives the same event.
func (f *Forum) CalendarEvent(m Meeting, title string, categories ...string) calendar.Event {
	e := f.Event(m, title)
	e.Changed = slices.MaxFunc([]time.Time{m.Convened, m.Opened, m.Closed, storage.Time(0)}, time.Time.Compare).UTC()
	e.Categories = categories
	return e
}

// Tag is a name for ever of something in a feed of news (RFC 4151).
func (f *Forum) Tag(kind, id string) string { return "tag:" + f.host() + ",2026:" + kind + ":" + id }

// Address is where a page is, for programs that come from elsewhere. Without a site's own address it is a path.
func (f *Forum) Address(path string) string { return f.url + path }
