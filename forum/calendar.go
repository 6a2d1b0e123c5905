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
