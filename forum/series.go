package forum

import (
	"context"
	"slices"
	"time"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/storage"
)

// Rhythm is how a series repeats.
type Rhythm string

// The rhythms.
const (
	Weekly  Rhythm = "weekly"  // every n weeks on a weekday
	Monthly Rhythm = "monthly" // the nth weekday of chosen months
)

// LastOfMonth is Nth for the month's last such weekday.
const LastOfMonth = 5

// Series is a body's meetings at a rhythm.
type Series struct {
	ID          SeriesID
	Root        network.ID
	Network     network.ID
	Body        network.BodyID
	Name        string
	Rhythm      Rhythm
	Every       int // weeks between meetings, when weekly
	Weekday     time.Weekday
	Nth         int          // 1–4, or LastOfMonth, when monthly
	Months      []time.Month // when monthly; none: every month
	First       time.Time    // no meeting before; a weekly rhythm counts from its week
	Clock       int          // when meetings start: minutes after midnight, by the clock in Zone
	Zone        string       // IANA
	Minutes     int
	Place       string
	Link        string
	ConvokeDays int       // how long before a meeting its body is called
	Paused      time.Time // zero: it goes on
	Reason      string    // why it pauses
	Version     int64
}

// After lists the series' next n times after a moment, by the clock of its zone whatever summer time does.
func (s Series) After(t time.Time, n int) (out []time.Time) {
	z := zone(s.Zone)
	if first := s.First.In(z); first.After(t) {
		t = first.Add(-time.Microsecond)
	}
	day := civil(t.In(z))
	for tried := 0; len(out) < n && tried < 366*12; tried++ { // a rhythm that never comes ends
		if s.meetsOn(day, z) {
			if at := time.Date(day.Year(), day.Month(), day.Day(), 0, s.Clock, 0, 0, z); at.After(t) {
				out = append(out, at)
			}
		}
		day = day.AddDate(0, 0, 1)
	}
	return out
}

// civil is a date without a zone: noon UTC of it, so that counting days is safe.
func civil(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), 12, 0, 0, 0, time.UTC)
}

func (s Series) meetsOn(day time.Time, z *time.Location) bool {
	if day.Weekday() != s.Weekday {
		return false
	}
	if s.Rhythm == Weekly {
		weeks := int(monday(day).Sub(monday(civil(s.First.In(z)))).Hours()) / (7 * 24)
		return weeks >= 0 && weeks%max(1, s.Every) == 0
	}
	if len(s.Months) > 0 && !slices.Contains(s.Months, day.Month()) {
		return false
	}
	if s.Nth == LastOfMonth {
		return day.AddDate(0, 0, 7).Month() != day.Month()
	}
	return (day.Day()-1)/7+1 == s.Nth
}

func monday(day time.Time) time.Time {
	return day.AddDate(0, 0, -(int(day.Weekday())+6)%7)
}

func (s Series) check() error {
	wrong := func(field, code string) error {
		return fault.New(fault.Invalid, "a series' %s can't be so", field).Where(field).Say(code)
	}
	switch {
	case s.Name == "" || len(s.Name) > maxTitle:
		return wrong("name", "meeting.name")
	case s.Rhythm != Weekly && s.Rhythm != Monthly:
		return wrong("rhythm", "meeting.rhythm")
	case s.Rhythm == Weekly && (s.Every < 1 || s.Every > 52):
		return wrong("every", "meeting.every")
	case s.Rhythm == Monthly && (s.Nth < 1 || s.Nth > LastOfMonth):
		return wrong("nth", "meeting.nth")
	case s.Weekday < time.Sunday || s.Weekday > time.Saturday:
		return wrong("weekday", "meeting.weekday")
	case s.Clock < 0 || s.Clock >= 24*60:
		return wrong("clock", "meeting.clock")
	case s.ConvokeDays < 0 || s.ConvokeDays > 180:
		return wrong("convoke", "meeting.convoke")
	case slices.ContainsFunc(s.Months, func(m time.Month) bool { return m < time.January || m > time.December }):
		return wrong("months", "meeting.months")
	}
	return Meeting{Zone: s.Zone, Starts: s.First, Minutes: s.Minutes, Place: s.Place, Link: s.Link, Visibility: network.Public}.check()
}

const seriesColumns = `s.id, s.root, s.network, s.body, s.name, s.rhythm, s.every, s.weekday, s.nth, s.months, s.first, s.clock, s.zone, s.minutes, s.place,
	s.link, s.convoke_days, s.paused, s.reason, s.version`

func scanSeries(row interface{ Scan(...any) error }) (s Series, err error) {
	var first, paused int64
	var months string
	err = row.Scan(&s.ID, &s.Root, &s.Network, &s.Body, &s.Name, &s.Rhythm, &s.Every, &s.Weekday, &s.Nth, &months, &first, &s.Clock, &s.Zone, &s.Minutes,
		&s.Place, &s.Link, &s.ConvokeDays, &paused, &s.Reason, &s.Version)
	if err != nil {
		return s, err
	}
	s.First, s.Paused = storage.Time(first).In(zone(s.Zone)), moment(paused)
	return s, readColumn(months, &s.Months)
}

// SaveSeries keeps a new series (ID "") or an edit of one, which names the Version it began from. Meetings already
// generated stay as they are.
func (f *Forum) SaveSeries(ctx context.Context, who network.Actor, s Series) (kept SeriesID, err error) {
	s.Name, s.Place = typedLine(s.Name), typedLine(s.Place)
	kept = s.ID
	err = f.act(ctx, who, func(tx *storage.Tx, a network.Access) error {
		if s.ID != "" {
			return f.editSeries(ctx, tx, a, who, s)
		}
		b, err := f.runsBody(ctx, tx, a, s.Body)
		if err != nil {
			return err
		}
		if n, ok := f.network.Tree().Network(b.Network); ok && s.Zone == "" {
			s.Zone = n.Zone
		}
		if s.First.IsZero() {
			s.First = f.db.Now()
		}
		if err := s.check(); err != nil {
			return err
		}
		id, err := f.db.NewID()
		if err != nil {
			return err
		}
		months, err := jsonColumn(s.Months)
		if err != nil {
			return err
		}
		kept = SeriesID(id)
		_, err = tx.Exec(ctx, `INSERT INTO meeting_series (id, root, network, body, name, rhythm, every, weekday, nth, months, first, clock, zone, minutes, place,
				link, convoke_days, paused, reason, version)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, 0, '', 1)`,
			id, b.Root, b.Network, b.ID, s.Name, s.Rhythm, s.Every, s.Weekday, s.Nth, months, s.First, s.Clock, s.Zone, s.Minutes, s.Place, s.Link, s.ConvokeDays)
		if err != nil {
			return err
		}
		return f.record(ctx, tx, who, b.Root, id, "series.made", nil)
	})
	return kept, err
}

func (f *Forum) editSeries(ctx context.Context, tx *storage.Tx, a network.Access, who network.Actor, s Series) error {
	old, err := f.runsSeries(ctx, tx, a, s.ID)
	if err != nil {
		return err
	}
	if old.Version != s.Version {
		return stale()
	}
	if err := s.check(); err != nil {
		return err
	}
	months, err := jsonColumn(s.Months)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `UPDATE meeting_series SET name = $2, rhythm = $3, every = $4, weekday = $5, nth = $6, months = $7, first = $8, clock = $9, zone = $10,
			minutes = $11, place = $12, link = $13, convoke_days = $14, version = version + 1 WHERE id = $1`,
		s.ID, s.Name, s.Rhythm, s.Every, s.Weekday, s.Nth, months, s.First, s.Clock, s.Zone, s.Minutes, s.Place, s.Link, s.ConvokeDays)
	if err != nil {
		return err
	}
	return f.record(ctx, tx, who, old.Root, string(s.ID), "series.changed", nil)
}

// runsSeries finds a series whose body's agenda the actor keeps.
func (f *Forum) runsSeries(ctx context.Context, tx *storage.Tx, a network.Access, id SeriesID) (Series, error) {
	s, err := f.series(ctx, tx, a, id)
	if err != nil {
		return s, err
	}
	_, err = f.runsBody(ctx, tx, a, s.Body)
	return s, err
}

func (f *Forum) series(ctx context.Context, tx *storage.Tx, a network.Access, id SeriesID) (Series, error) {
	s, err := scanSeries(tx.QueryRow(ctx, `SELECT `+seriesColumns+` FROM meeting_series s WHERE s.id = $1`, id))
	if noRow(err) {
		return s, network.Absent()
	}
	if err != nil {
		return s, err
	}
	b, err := f.network.Body(ctx, tx, s.Body)
	if err == nil && !a.Sees(b.Scope()) {
		return Series{}, network.Absent()
	}
	return s, err
}

// Series gives a series to whoever sees its body.
func (f *Forum) Series(ctx context.Context, who network.Actor, id SeriesID) (s Series, err error) {
	err = f.look(ctx, who, func(tx *storage.Tx, a network.Access) error {
		s, err = f.series(ctx, tx, a, id)
		return err
	})
	return s, err
}

// SeriesOf lists a body's series.
func (f *Forum) SeriesOf(ctx context.Context, who network.Actor, body network.BodyID) (out []Series, err error) {
	err = f.look(ctx, who, func(tx *storage.Tx, a network.Access) error {
		b, err := f.network.Body(ctx, tx, body)
		if err != nil {
			return err
		}
		if !a.Sees(b.Scope()) {
			return network.Absent()
		}
		rows, err := tx.Query(ctx, `SELECT `+seriesColumns+` FROM meeting_series s WHERE s.body = $1 ORDER BY s.id LIMIT 100`, body)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			s, err := scanSeries(rows)
			if err != nil {
				return err
			}
			out = append(out, s)
		}
		return rows.Err()
	})
	return out, err
}

// maxGenerated is how many meetings are made ahead at once.
const maxGenerated = 60

// Generate drafts the series' next n meetings that aren't there yet.
func (f *Forum) Generate(ctx context.Context, who network.Actor, id SeriesID, n int) (made []MeetingID, err error) {
	if n < 1 || n > maxGenerated {
		return nil, fault.New(fault.Invalid, "%d meetings at once", n).Where("n").Say("meeting.generate", maxGenerated)
	}
	err = f.act(ctx, who, func(tx *storage.Tx, a network.Access) error {
		made = nil
		s, err := f.runsSeries(ctx, tx, a, id)
		if err != nil {
			return err
		}
		if !s.Paused.IsZero() {
			return fault.New(fault.Conflict, "the series pauses").Say("meeting.paused")
		}
		b, err := f.network.Body(ctx, tx, s.Body)
		if err != nil {
			return err
		}
		for _, at := range s.After(f.db.Now(), n) {
			var there int
			if err := tx.QueryRow(ctx, `SELECT COUNT(*) FROM meeting WHERE series = $1 AND planned = $2`, id, at).Scan(&there); err != nil {
				return err
			}
			if there > 0 {
				continue
			}
			m, err := f.insertMeeting(ctx, tx, who, b, Meeting{Series: id, Body: b.ID, Starts: at, Minutes: s.Minutes, Zone: s.Zone, Place: s.Place, Link: s.Link})
			if err != nil {
				return err
			}
			made = append(made, m)
		}
		return nil
	})
	return made, err
}

// Pause stops a series: drafts to come wait, and what is convened is cancelled with the reason.
func (f *Forum) Pause(ctx context.Context, who network.Actor, id SeriesID, version int64, reason string) error {
	reason = typed(reason)
	return f.act(ctx, who, func(tx *storage.Tx, a network.Access) error {
		s, err := f.runsSeries(ctx, tx, a, id)
		if err != nil {
			return err
		}
		if s.Version != version {
			return stale()
		}
		if !s.Paused.IsZero() {
			return fault.New(fault.Conflict, "the series pauses already").Say("meeting.paused")
		}
		if reason == "" {
			return fault.New(fault.Invalid, "a series pauses without a reason").Where("reason").Say("meeting.reason")
		}
		coming, err := f.inSeries(ctx, tx, id, `m.state IN ('draft', 'convened')`)
		if err != nil {
			return err
		}
		now := f.db.Now()
		_, err = tx.Exec(ctx, `UPDATE meeting_series SET paused = $2, reason = $3, version = version + 1 WHERE id = $1`, id, now, reason)
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `UPDATE meeting SET state = 'paused', reason = $2, version = version + 1 WHERE series = $1 AND state = 'draft'`, id, reason)
		if err != nil {
			return err
		}
		for _, m := range coming {
			if m.State == Convened && m.Starts.After(now) {
				if err := f.cancel(ctx, tx, who, m, reason); err != nil {
					return err
				}
			}
		}
		return f.record(ctx, tx, who, s.Root, string(id), "series.paused", map[string]string{"reason": reason})
	})
}

// Resume takes a series up again: what waited is a draft again, and the agendas of meetings whose time went by are
// carried over to the next.
func (f *Forum) Resume(ctx context.Context, who network.Actor, id SeriesID, version int64) error {
	return f.act(ctx, who, func(tx *storage.Tx, a network.Access) error {
		s, err := f.runsSeries(ctx, tx, a, id)
		if err != nil {
			return err
		}
		if s.Version != version {
			return stale()
		}
		if s.Paused.IsZero() {
			return fault.New(fault.Conflict, "the series doesn't pause").Say("meeting.notpaused")
		}
		now := f.db.Now()
		if _, err = tx.Exec(ctx, `UPDATE meeting_series SET paused = 0, reason = '', version = version + 1 WHERE id = $1`, id); err != nil {
			return err
		}
		waiting, err := f.inSeries(ctx, tx, id, `m.state = 'paused'`)
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `UPDATE meeting SET state = 'draft', reason = '', version = version + 1 WHERE series = $1 AND state = 'paused' AND starts > $2`, id, now)
		if err != nil {
			return err
		}
		for _, m := range waiting {
			if !m.Starts.After(now) {
				if err := f.cancel(ctx, tx, who, m, s.Reason); err != nil {
					return err
				}
			}
		}
		return f.record(ctx, tx, who, s.Root, string(id), "series.resumed", nil)
	})
}

// inSeries lists a series' meetings in some states, the earliest first.
func (f *Forum) inSeries(ctx context.Context, tx *storage.Tx, id SeriesID, where string) (out []Meeting, err error) {
	rows, err := tx.Query(ctx, `SELECT `+meetingColumns+` FROM meeting m WHERE m.series = $1 AND `+where+` ORDER BY m.starts`, id)
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
