package plan

import (
	"context"
	"time"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/notice"
	"github.com/samverk/samverk/storage"
)

// firstQuarter is the first quarter a measure is reported on: that in which it begins, or was added.
func (r *Room) firstQuarter(m Measure) Quarter {
	at := m.Start
	if m.Made.After(at) {
		at = m.Made
	}
	return QuarterOf(at.In(r.network.Zone(m.Network)))
}

// owed is when the oldest report that lacks begins to be owed; zero for a measure that isn't open.
func (r *Room) owed(m Measure, reported map[Quarter]bool) time.Time {
	if !m.Open() {
		return time.Time{}
	}
	q := r.firstQuarter(m)
	for reported[q] {
		q++
	}
	return q.End(r.network.Zone(m.Network))
}

// reported lists the quarters that were reported on.
func (r *Room) reported(ctx context.Context, tx *storage.Tx, id MeasureID) (map[Quarter]bool, error) {
	rows, err := tx.Query(ctx, `SELECT DISTINCT quarter FROM measure_report WHERE measure = $1`, id)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out := map[Quarter]bool{}
	for rows.Next() {
		var q Quarter
		if err := rows.Scan(&q); err != nil {
			return nil, err
		}
		out[q] = true
	}
	return out, rows.Err()
}

// Telling is a report as somebody writes it.
type Telling struct {
	Quarter Quarter
	Text    string
	Lang    string // "" for the measure's
	Course  Course
	Value   string
}

// Report reports on a quarter of a measure, up to the one that runs. A quarter that was reported on gets another edition, and keeps the one before.
func (r *Room) Report(ctx context.Context, who network.Actor, id MeasureID, in Telling) error {
	return r.network.Act(ctx, who, func(tx *storage.Tx, a network.Access) error {
		m, _, err := r.done(ctx, tx, a, id)
		if err != nil {
			return err
		}
		if !m.Open() {
			return closedMeasure()
		}
		zone, now := r.network.Zone(m.Network), r.db.Now()
		if in.Quarter < r.firstQuarter(m) || in.Quarter > QuarterOf(now.In(zone)) {
			return fault.New(fault.Invalid, "the measure isn't reported on for that quarter").Where("quarter").Say("plan.quarter")
		}
		in.Text, in.Value = typed(in.Text), line(in.Value)
		if in.Lang == "" {
			in.Lang = m.Lang
		}
		if err := first(needed("text", in.Text, textLength), short("value", in.Value, titleLength), oneOf("course", in.Course, Courses...), oneOf("lang", in.Lang, "sv", "nb", "en")); err != nil {
			return err
		}
		late := now.After(in.Quarter.End(zone).Add(Grace))
		_, err = tx.Exec(ctx, `INSERT INTO measure_report (measure, quarter, edition, text, lang, course, value, late, person, at)
			VALUES ($1, $2, (SELECT COALESCE(MAX(edition), 0) + 1 FROM measure_report WHERE measure = $1 AND quarter = $2), $3, $4, $5, $6, $7, $8, $9)`,
			id, in.Quarter, in.Text, in.Lang, in.Course, in.Value, late, who.Person, now)
		if err != nil {
			return err
		}
		all, err := r.reported(ctx, tx, id)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `UPDATE measure SET owed = $2 WHERE id = $1`, id, micros(r.owed(m, all))); err != nil {
			return err
		}
		return r.network.Record(ctx, tx, who, m.Root, string(id), "measure.reported", map[string]string{"year": itoa(in.Quarter.Year()), "quarter": itoa(in.Quarter.Number())})
	})
}

// Told is a quarter with its report, or without.
type Told struct {
	Quarter Quarter
	Report  *Report // the last edition; nil: none came
	Missed  bool    // it is too late for one to be in time
	Owed    bool    // it is due now
}

// quarters lists the quarters a measure is reported on, the latest first, with their reports. A quarter in which it ended needs none.
func (r *Room) quarters(ctx context.Context, tx *storage.Tx, m Measure) (out []Told, err error) {
	rows, err := tx.Query(ctx, `SELECT e.quarter, e.edition, e.text, e.lang, e.course, e.value, e.late, e.person, COALESCE(w.name, ''), e.at
		FROM measure_report e LEFT JOIN person w ON w.id = e.person WHERE e.measure = $1 ORDER BY e.quarter, e.edition`, m.ID)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	zone, now, last := r.network.Zone(m.Network), r.db.Now(), map[Quarter]*Report{}
	for rows.Next() {
		var e Report
		var late, at int64
		if err := rows.Scan(&e.Quarter, &e.Edition, &e.Text, &e.Lang, &e.Course, &e.Value, &late, &e.By, &e.Name, &at); err != nil {
			return nil, err
		}
		e.Late, e.At = late != 0, moment(at, zone)
		last[e.Quarter] = &e
	}
	until := now.In(zone)
	if !m.Ended.IsZero() {
		until = m.Ended
	}
	from := r.firstQuarter(m)
	for q := QuarterOf(until); q >= from; q-- {
		t := Told{Quarter: q, Report: last[q]}
		if t.Report == nil {
			over := q.End(zone)
			if m.Open() && !now.Before(over) || !m.Open() && !m.Ended.Before(over) {
				t.Missed = now.After(over.Add(Grace))
				t.Owed = !t.Missed && m.Open()
			} else if !m.Open() || now.Before(m.Start) {
				continue
			}
		}
		out = append(out, t)
	}
	return out, rows.Err()
}

// atOnce bounds what one run of the clock does; the next goes on.
const atOnce = 200

// Due does what time alone brings, once each: owners are reminded of a report that is owed, those who keep the plan are told of one that is
// missed, and both of a measure that passed its day. Drafts of imports that nobody took in are deleted.
func (r *Room) Due(ctx context.Context) error {
	for _, step := range [...]func(context.Context, *storage.Tx, time.Time) error{r.remind, r.tellMissed, r.tellLate, r.sweep} {
		if err := r.db.Write(ctx, func(tx *storage.Tx) error { return step(ctx, tx, r.db.Now()) }); err != nil {
			return err
		}
	}
	return nil
}

// found lists open measures that a condition finds.
func (r *Room) found(ctx context.Context, tx *storage.Tx, where string, args ...any) (out []Measure, err error) {
	rows, err := tx.Query(ctx, `SELECT `+measureColumns+` FROM measure m LEFT JOIN person w ON w.id = m.owner WHERE m.state IN ('planned', 'active') AND `+where+` LIMIT `+itoa(atOnce), args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		m, err := r.scanMeasure(rows)
		if err != nil {
			return nil, err
		}
		out = append(out, m)
	}
	return out, rows.Err()
}

// remind tells owners of reports that are owed, once for each quarter that ends.
func (r *Room) remind(ctx context.Context, tx *storage.Tx, now time.Time) error {
	// A quarter in which somebody was reminded is that of the moment, not the one that is reported on.
	all, err := r.found(ctx, tx, `m.owed > 0 AND m.owed <= $1 AND m.reminded < $2 ORDER BY m.owed, m.id`, now, QuarterOf(now))
	for _, m := range all {
		here := QuarterOf(now.In(r.network.Zone(m.Network)))
		of := here - 1
		n := notice.Notice{Key: "notice.plan.report", Args: []string{m.What, itoa(of.Year()), itoa(of.Number())}, Link: r.path(m.Root, "measures/"+string(m.ID)) + "/report"}
		if err := r.tell(ctx, tx, m.Owner, n); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `UPDATE measure SET reminded = $2 WHERE id = $1`, m.ID, here); err != nil {
			return err
		}
	}
	return err
}

// tellMissed tells those who keep a plan of a report that didn't come, once for each quarter.
func (r *Room) tellMissed(ctx context.Context, tx *storage.Tx, now time.Time) error {
	all, err := r.found(ctx, tx, `m.owed > 0 AND m.owed <= $1 AND m.missed < $2 ORDER BY m.owed, m.id`, now.Add(-Grace), QuarterOf(now.Add(-Grace)))
	for _, m := range all {
		if err := r.tellKeepers(ctx, tx, m, notice.Notice{Key: "notice.plan.missed", Args: []string{m.What}}); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `UPDATE measure SET missed = $2 WHERE id = $1`, m.ID, QuarterOf(now.Add(-Grace))); err != nil {
			return err
		}
	}
	return err
}

// tellLate tells the owner and those who keep the plan of a measure that passed its day, once for that day.
func (r *Room) tellLate(ctx context.Context, tx *storage.Tx, now time.Time) error {
	all, err := r.found(ctx, tx, `m.due <= $1 AND m.told_due < m.due ORDER BY m.due, m.id`, now)
	for _, m := range all {
		n := notice.Notice{Key: "notice.plan.late", Args: []string{m.What}, Link: r.path(m.Root, "measures/"+string(m.ID))}
		if err := r.tell(ctx, tx, m.Owner, n); err != nil {
			return err
		}
		if err := r.tellKeepers(ctx, tx, m, n); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `UPDATE measure SET told_due = due WHERE id = $1`, m.ID); err != nil {
			return err
		}
	}
	return err
}

// tellKeepers tells the chair of a plan's body, and those in its network's secretariat, but not the measure's owner again.
func (r *Room) tellKeepers(ctx context.Context, tx *storage.Tx, m Measure, n notice.Notice) error {
	rows, err := tx.Query(ctx, `SELECT DISTINCT h.person FROM holding h JOIN seat s ON s.id = h.seat JOIN body b ON b.id = s.body
		WHERE h.starts <= $1 AND (h.ends = 0 OR h.ends > $1) AND s.closed = 0 AND b.closed = 0
			AND (b.id = $2 AND s.role = 'chair' OR b.network = $3 AND b.kind = 'secretariat') ORDER BY h.person`, r.db.Now(), m.Body, m.Network)
	if err != nil {
		return err
	}
	var people []network.PersonID
	for rows.Next() {
		var p network.PersonID
		if err := rows.Scan(&p); err != nil {
			_ = rows.Close()
			return err
		}
		people = append(people, p)
	}
	if err := rows.Close(); err != nil {
		return err
	}
	n.Link = r.path(m.Root, "measures/"+string(m.ID))
	for _, p := range people {
		if p == m.Owner {
			continue
		}
		if err := r.tell(ctx, tx, p, n); err != nil {
			return err
		}
	}
	return nil
}
