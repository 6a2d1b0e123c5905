package forum

import (
	"context"
	"time"

	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/notice"
	"github.com/samverk/samverk/storage"
)

// reviewAhead is how long before a decision is to be reviewed those who run its body are told.
const reviewAhead = 60 * 24 * time.Hour

// MeetingsDue does what time alone brings: it tells who keeps a series that a meeting is to be convened, a body that it meets today,
// who hasn't answered a circulation that it ends, and who runs a body that its decisions are to be reviewed. Each is told once, however often it is called.
func (f *Forum) MeetingsDue(ctx context.Context) error {
	now := f.db.Now()
	err := f.db.Write(ctx, func(tx *storage.Tx) error {
		drafts, err := f.due(ctx, tx, `m.state = 'draft' AND m.asked = 0 AND m.starts > $1 AND EXISTS (SELECT 1 FROM meeting_series s WHERE s.id = m.series
			AND m.starts - s.convoke_days * 86400000000 <= $1)`, now)
		if err != nil {
			return err
		}
		for _, m := range drafts {
			people, err := f.runners(ctx, tx, m.Body, m.Network)
			if err != nil {
				return err
			}
			if err := f.tellDue(ctx, tx, m, "notice.meeting.toconvene", "asked", people); err != nil {
				return err
			}
		}
		today, err := f.due(ctx, tx, `m.state = 'convened' AND m.reminded = 0 AND m.starts > $1 AND m.starts <= $2`, now, now.Add(20*time.Hour))
		if err != nil {
			return err
		}
		for _, m := range today {
			if m.Starts.YearDay() != now.In(m.Starts.Location()).YearDay() {
				continue
			}
			people, err := f.seated(ctx, tx, m.Body)
			if err != nil {
				return err
			}
			if err := f.tellDue(ctx, tx, m, "notice.meeting.today", "reminded", people); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := f.remindVoters(ctx); err != nil {
		return err
	}
	_, err = f.RemindReviews(ctx, reviewAhead)
	return err
}

func (f *Forum) due(ctx context.Context, tx *storage.Tx, where string, args ...any) (out []Meeting, err error) {
	rows, err := tx.Query(ctx, `SELECT `+meetingColumns+` FROM meeting m WHERE `+where+` ORDER BY m.starts, m.id LIMIT 200`, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		m, err := scanMeeting(rows)
		if err != nil {
			return nil, err
		}
		out = append(out, m)
	}
	return out, rows.Err()
}

// tellDue tells people of a meeting, and notes in a column that they were told.
func (f *Forum) tellDue(ctx context.Context, tx *storage.Tx, m Meeting, key, column string, people []network.PersonID) error {
	b, err := f.network.Body(ctx, tx, m.Body)
	if err != nil {
		return err
	}
	for _, p := range people {
		err := f.notices.Tell(ctx, tx, string(p), notice.Notice{Key: key, Args: []string{b.Name.Told(), notice.When(m.Starts)}, Link: f.pathTo(m.Root, "meetings", string(m.ID)), Urgent: true, Until: m.Starts})
		if err != nil {
			return err
		}
	}
	_, err = tx.Exec(ctx, `UPDATE meeting SET `+column+` = $2 WHERE id = $1`, m.ID, f.db.Now())
	return err
}
