package forum

import (
	"context"
	"slices"
	"time"

	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/storage"
)

// Involvement is how a body's year involved those whom it concerns, counted from its own records.
type Involvement struct {
	Body     network.Body
	Year     int
	Meetings int // that were held
	Sectors  []SectorPart
	Papers   int
	Late     []time.Duration // of those that came late, how late, the least first
	Items    int             // about topics, that were dealt with
	Raised   map[network.Sector]int
	Inputs   Fates
	Answers  []time.Duration // from an input until it was answered, the shortest first
}

// SectorPart is a sector's voting seats in a body's year.
type SectorPart struct {
	Sector     network.Sector
	Seats      int           // at the year's end, or now
	Open, Held time.Duration // how long they were there altogether, and how much of that somebody held them
	Could, Sat int           // over all meetings: seats that were held, and those that somebody sat in, deputies too
}

// Filled is how much of the time the seats were held, 0 to 1; ok is false where there were none.
func (s SectorPart) Filled() (share float64, ok bool) {
	if s.Open <= 0 {
		return 0, false
	}
	return float64(s.Held) / float64(s.Open), true
}

// Attended is how many of the seats somebody sat in, 0 to 1; ok is false where there was no meeting to sit in.
func (s SectorPart) Attended() (share float64, ok bool) {
	if s.Could == 0 {
		return 0, false
	}
	return float64(s.Sat) / float64(s.Could), true
}

// RaisedByPatients is the share of the agenda that patients raised, 0 to 1; ok is false where nothing was dealt with.
func (v Involvement) RaisedByPatients() (share float64, ok bool) {
	if v.Items == 0 {
		return 0, false
	}
	return float64(v.Raised[network.Patient]) / float64(v.Items), true
}

// Median is the middle of some durations, the lower one of two; 0 of none.
func Median(sorted []time.Duration) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[(len(sorted)-1)/2]
}

// Involvement counts a year of the bodies of a tenant that the reader sees, in their order; of one body, where that is given.
func (f *Forum) Involvement(ctx context.Context, who network.Actor, root network.ID, body network.BodyID, year int) (out []Involvement, err error) {
	err = f.look(ctx, who, func(tx *storage.Tx, a network.Access) error {
		n, ok := f.network.Tree().Network(root)
		if !ok {
			return network.Absent()
		}
		bodies, err := f.network.Bodies(ctx, tx, a, root, "")
		if err != nil {
			return err
		}
		out = nil
		for _, b := range bodies {
			if b.ID == body || body == "" && b.Kind != network.Secretariat {
				out = append(out, Involvement{Body: b, Year: year, Raised: map[network.Sector]int{}, Inputs: Fates{}})
			}
		}
		if body != "" && len(out) == 0 {
			return network.Absent()
		}
		z := zone(n.Zone)
		c := yearCount{Forum: f, tx: tx, root: root, only: body, now: f.db.Now(), from: time.Date(year, 1, 1, 0, 0, 0, 0, z), to: time.Date(year+1, 1, 1, 0, 0, 0, 0, z), of: map[network.BodyID]*Involvement{}}
		for i := range out {
			c.of[out[i].Body.ID] = &out[i]
		}
		for _, count := range []func(context.Context) error{c.seats, c.meetings, c.attendance, c.papers, c.items, c.inputs} {
			if err := count(ctx); err != nil {
				return err
			}
		}
		for _, v := range c.of {
			slices.Sort(v.Late)
			slices.Sort(v.Answers)
		}
		return nil
	})
	return out, err
}

// yearCount counts one year of some bodies.
type yearCount struct {
	*Forum
	tx       *storage.Tx
	root     network.ID
	only     network.BodyID // "" for all of the tenant
	from, to time.Time
	now      time.Time
	of       map[network.BodyID]*Involvement
}

// each reads rows: a body, and what goes into the rest. In the query $1 is the tenant, or the one body, and $2 and $3 are the year; where
// says which of both, for a table's columns root and body.
func (c yearCount) each(ctx context.Context, query, table string, into []any, take func(*Involvement)) error {
	where, key := " AND "+table+".root = $1", string(c.root)
	if c.only != "" {
		where, key = " AND "+table+".body = $1", string(c.only)
	}
	rows, err := c.tx.Query(ctx, query+where, key, c.from, c.to)
	if err != nil {
		return err
	}
	defer rows.Close()
	var body network.BodyID
	for into = append([]any{&body}, into...); rows.Next(); {
		if err := rows.Scan(into...); err != nil {
			return err
		}
		if v := c.of[body]; v != nil {
			take(v)
		}
	}
	return rows.Err()
}

// sector is a body's row for a sector.
func (v *Involvement) sector(s network.Sector) *SectorPart {
	i := slices.IndexFunc(v.Sectors, func(p SectorPart) bool { return p.Sector == s })
	if i < 0 {
		i = len(v.Sectors)
		v.Sectors = append(v.Sectors, SectorPart{Sector: s})
	}
	return &v.Sectors[i]
}

// within is how much of the year, as far as it has come, lies between two moments; 0 for to is no end.
func (c yearCount) within(from, to int64) time.Duration {
	begin, end := max(from, storage.Micros(c.from)), storage.Micros(c.to)
	end = min(end, storage.Micros(c.now))
	if to > 0 {
		end = min(end, to)
	}
	return time.Duration(max(0, end-begin)) * time.Microsecond
}

// seats counts how long voting seats were there and held. A seat is there from when the body was, or somebody first sat in it.
func (c yearCount) seats(ctx context.Context) error {
	var seat, last network.SeatID
	var sector network.Sector
	var starts, closed, from, to int64
	return c.each(ctx, `SELECT s.body, s.id, s.sector, b.starts, s.closed, COALESCE(h.starts, 0), COALESCE(h.ends, 0)
		FROM (SELECT id, root, id AS body, starts FROM body) b JOIN seat s ON s.body = b.id LEFT JOIN holding h ON h.seat = s.id AND h.starts < $3 AND (h.ends = 0 OR h.ends > $2)
		WHERE s.role IN ('chair', 'member') AND (s.closed = 0 OR s.closed > $2) AND b.starts < $3`, "b", []any{&seat, &sector, &starts, &closed, &from, &to}, func(v *Involvement) {
		p := v.sector(sector)
		if seat != last {
			last = seat
			p.Open += c.within(starts, closed)
			if closed == 0 {
				p.Seats++
			}
		}
		if from > 0 {
			p.Held += c.within(max(from, starts), to)
		}
	})
}

const heldMeetings = ` m.state = 'closed' AND m.starts >= $2 AND m.starts < $3`

func (c yearCount) meetings(ctx context.Context) error {
	var n int
	group := `SELECT g.body, g.n FROM (SELECT m.body, m.root, COUNT(*) AS n FROM meeting m WHERE` + heldMeetings + ` GROUP BY m.body, m.root) g WHERE 1 = 1`
	return c.each(ctx, group, "g", []any{&n}, func(v *Involvement) { v.Meetings += n })
}

// attendance counts the seats that were held when a meeting began, and those that somebody sat in for any part of it.
func (c yearCount) attendance(ctx context.Context) error {
	var sector network.Sector
	var could, sat int
	return c.each(ctx, `SELECT g.body, g.sector, g.could, g.sat FROM (SELECT m.body, m.root, s.sector, COUNT(*) AS could,
			SUM(CASE WHEN EXISTS (SELECT 1 FROM meeting_attendance x WHERE x.meeting = m.id AND x.seat = s.id AND x.item = '') THEN 1 ELSE 0 END) AS sat
		FROM meeting m JOIN seat s ON s.body = m.body AND s.role IN ('chair', 'member') AND (s.closed = 0 OR s.closed > m.starts)
		WHERE EXISTS (SELECT 1 FROM holding h WHERE h.seat = s.id AND h.starts <= m.starts AND (h.ends = 0 OR h.ends > m.starts)) AND`+heldMeetings+`
		GROUP BY m.body, m.root, s.sector) g WHERE 1 = 1`, "g", []any{&sector, &could, &sat}, func(v *Involvement) {
		p := v.sector(sector)
		p.Could, p.Sat = p.Could+could, p.Sat+sat
	})
}

// papers counts documents, and how late after the body's own time they came.
func (c yearCount) papers(ctx context.Context) error {
	var at string
	var starts, added int64
	return c.each(ctx, `SELECT m.body, m.zone, m.starts, p.added FROM meeting m JOIN meeting_paper p ON p.meeting = m.id WHERE`+heldMeetings, "m", []any{&at, &starts, &added}, func(v *Involvement) {
		v.Papers++
		due := Meeting{Starts: storage.Time(starts).In(zone(at))}.PapersDue(v.Body)
		if late := storage.Time(added).Sub(due); late > 0 {
			v.Late = append(v.Late, late)
		}
	})
}

// items counts what was dealt with, by whose voice raised it.
func (c yearCount) items(ctx context.Context) error {
	var sector network.Sector
	return c.each(ctx, `SELECT m.body, t.sector FROM meeting m JOIN meeting_item i ON i.meeting = m.id JOIN topic t ON t.id = i.topic
		WHERE i.state = 'done' AND`+heldMeetings, "m", []any{&sector}, func(v *Involvement) {
		v.Items++
		v.Raised[sector]++
	})
}

// inputs counts what patients said of the body's topics in the year, and what became of it until now.
func (c yearCount) inputs(ctx context.Context) error {
	var fate Disposition
	var given, answered int64
	return c.each(ctx, `SELECT t.body, i.disposition, i.given, i.disposed FROM topic t JOIN topic_input i ON i.topic = t.id WHERE i.given >= $2 AND i.given < $3`, "t", []any{&fate, &given, &answered}, func(v *Involvement) {
		v.Inputs[fate]++
		if fate != Undisposed {
			v.Answers = append(v.Answers, time.Duration(answered-given)*time.Microsecond)
		}
	})
}
