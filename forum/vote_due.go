package forum

import (
	"context"
	"time"

	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/notice"
	"github.com/samverk/samverk/storage"
)

// Those who vote in a circulation are reminded twice, at remindClock where they meet: on its last day, and two days before
// that. One that ends so early in the day that nobody would have time is reminded of the day before.
const (
	remindClock = 8
	remindLeast = 6 * time.Hour
	remindFirst = 2 // days before the last reminder
)

// remindAfter gives the circulation's next reminder after a moment; zero when there is none left.
func (c Circulation) remindAfter(t time.Time) time.Time {
	end := c.Deadline.In(zone(c.Zone))
	last := time.Date(end.Year(), end.Month(), end.Day(), remindClock, 0, 0, 0, end.Location())
	if end.Sub(last) < remindLeast {
		last = last.AddDate(0, 0, -1)
	}
	for _, at := range [...]time.Time{last.AddDate(0, 0, -remindFirst), last} {
		if at.After(t) {
			return at
		}
	}
	return time.Time{}
}

// remindVoters reminds of circulations that wait for answers.
func (f *Forum) remindVoters(ctx context.Context) error {
	return f.db.Write(ctx, func(tx *storage.Tx) error {
		now := f.db.Now()
		due, err := f.circulationsToRemind(ctx, tx, now)
		if err != nil {
			return err
		}
		for _, c := range due {
			if _, err := tx.Exec(ctx, `UPDATE circulation SET remind = $2 WHERE id = $1`, c.ID, micros(c.remindAfter(now))); err != nil {
				return err
			}
			if !now.Before(c.Deadline) {
				continue
			}
			if err := f.remindOf(ctx, tx, c); err != nil {
				return err
			}
		}
		return nil
	})
}

func (f *Forum) circulationsToRemind(ctx context.Context, tx *storage.Tx, now time.Time) (out []Circulation, err error) {
	rows, err := tx.Query(ctx, `SELECT `+circulationColumns+` FROM circulation c WHERE c.remind > 0 AND c.remind <= $1 ORDER BY c.remind, c.id LIMIT $2`, now, dueAtOnce)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		c, err := scanCirculation(rows)
		if err != nil {
			return nil, err
		}
		out = append(out, c)
	}
	return out, rows.Err()
}

// remindOf tells everybody who holds a voting seat, each once, also who has answered: whom a reminder goes to would say who has not.
// Nobody is told when all have, which the page says of a circulation anyway.
func (f *Forum) remindOf(ctx context.Context, tx *storage.Tx, c Circulation) error {
	r, _, err := f.circulationRoll(ctx, tx, c)
	if err != nil || answered(r) {
		return err
	}
	told := map[network.PersonID]bool{"": true}
	for _, s := range r.Seats {
		if told[s.Holder] {
			continue
		}
		told[s.Holder] = true
		err := f.notices.Tell(ctx, tx, string(s.Holder), notice.Notice{Key: "notice.circulation.closing", Urgent: true,
			Args: []string{c.Draft.Title, notice.When(c.Deadline)}, Link: f.pathTo(c.Root, "circulations", string(c.ID)), Until: c.Deadline})
		if err != nil {
			return err
		}
	}
	return nil
}
