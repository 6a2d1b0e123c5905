package plan

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/storage"
)

// Snapshot is a plan as it stood when a year was followed up.
type Snapshot struct {
	ID   string
	Plan ID
	Year int
	Note string // what was said of the year
	Lang string
	Name string // who froze it
	At   time.Time
}

// Frozen is a measure in a snapshot. What is added to it later is not in what was frozen before, and is then not compared.
type Frozen struct {
	Measure  MeasureID        `json:"measure"`
	Case     string           `json:"case"`
	What     string           `json:"what"`
	Lang     string           `json:"lang"`
	Area     string           `json:"area,omitempty"`
	Goal     string           `json:"goal,omitempty"`
	Region   network.ID       `json:"region,omitempty"`
	Owner    network.PersonID `json:"owner"`
	Priority int              `json:"priority"`
	Status   State            `json:"status"`
	Start    string           `json:"start"` // days, "2026-03-31"
	Due      string           `json:"due"`
	FirstDue string           `json:"firstDue"`
	Moves    int              `json:"moves"`
	Target   string           `json:"target,omitempty"`
	Course   Course           `json:"course,omitempty"` // of the last report
	Value    string           `json:"value,omitempty"`
	Reports  int              `json:"reports"`
	Missed   int              `json:"missed"`

	Visibility network.Visibility `json:"visibility"`
}

// Freeze follows a year up: it keeps the plan's measures as they stand, once for a year that the plan has begun.
func (r *Room) Freeze(ctx context.Context, who network.Actor, id ID, year int, note string) (made string, err error) {
	err = r.network.Act(ctx, who, func(tx *storage.Tx, a network.Access) error {
		p, err := r.kept(ctx, tx, a, id)
		if err != nil {
			return err
		}
		note = typed(note)
		now := r.db.Now().In(r.network.Zone(p.Network))
		if year < p.From.Year() || year > now.Year() || year > p.To.Add(-time.Second).Year()+1 {
			return fault.New(fault.Invalid, "the plan can't be followed up for that year").Where("year").Say("plan.year")
		}
		if err := first(short("note", note, textLength)); err != nil {
			return err
		}
		all, err := r.freeze(ctx, tx, p, now)
		if err != nil {
			return err
		}
		if made, err = r.db.NewID(); err != nil {
			return err
		}
		done, err := tx.Exec(ctx, `INSERT INTO plan_snapshot (id, plan, year, note, lang, person, at) VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (plan, year) DO NOTHING`, made, id, year, note, p.Lang, who.Person, now)
		if err != nil {
			return err
		}
		if n, err := done.RowsAffected(); err != nil || n == 0 {
			if err == nil {
				err = fault.New(fault.Conflict, "the year is followed up already").Where("year").Say("plan.frozen", itoa(year))
			}
			return err
		}
		i := 0
		err = tx.Insert(ctx, `plan_snapshot_row (snapshot, measure, row)`, func() []any {
			if i++; i > len(all) {
				return nil
			}
			b, e := json.Marshal(all[i-1])
			if e != nil {
				err = e
				return nil
			}
			return []any{made, all[i-1].Measure, string(b)}
		})
		if err != nil {
			return err
		}
		return r.network.Record(ctx, tx, who, p.Root, string(id), "plan.frozen", map[string]string{"year": itoa(year), "snapshot": made})
	})
	return made, err
}

// freeze reads a plan's measures as a snapshot keeps them.
func (r *Room) freeze(ctx context.Context, tx *storage.Tx, p Plan, now time.Time) (out []Frozen, err error) {
	f, err := r.frame(ctx, tx, p)
	if err != nil {
		return nil, err
	}
	goals, areas := map[string]string{}, map[string]string{}
	for _, g := range f.goals {
		goals[g.ID] = g.Title
	}
	for _, a := range f.areas {
		areas[a.ID] = a.Title
	}
	var all []Measure
	err = each(ctx, tx, `SELECT `+measureColumns+` FROM measure m LEFT JOIN person w ON w.id = m.owner WHERE m.plan = $1 ORDER BY m.due, m.id`, p.ID, func(row interface{ Scan(...any) error }) error {
		m, err := r.scanMeasure(row)
		all = append(all, m)
		return err
	})
	if err != nil {
		return nil, err
	}
	for _, m := range all {
		quarters, err := r.quarters(ctx, tx, m)
		if err != nil {
			return nil, err
		}
		x := Frozen{Measure: m.ID, Case: m.Case, What: m.What, Lang: m.Lang, Area: areas[m.Area], Goal: goals[m.Goal], Region: m.Region, Owner: m.Owner, Priority: m.Priority, Status: m.Status(now),
			Start: dayOf(m.Start), Due: dayOf(m.Due.Add(-time.Second)), FirstDue: dayOf(m.FirstDue.Add(-time.Second)), Moves: m.Moves, Target: m.Target, Visibility: m.Visibility}
		for _, q := range quarters {
			switch {
			case q.Report != nil:
				x.Reports++
				if x.Course == "" {
					x.Course, x.Value = q.Report.Course, q.Report.Value
				}
			case q.Missed:
				x.Missed++
			}
		}
		out = append(out, x)
	}
	return out, nil
}

func dayOf(t time.Time) string { return t.Format(time.DateOnly) }

func (r *Room) snapshots(ctx context.Context, tx *storage.Tx, id ID) (out []Snapshot, err error) {
	err = each(ctx, tx, `SELECT s.id, s.plan, s.year, s.note, s.lang, COALESCE(w.name, ''), s.at FROM plan_snapshot s LEFT JOIN person w ON w.id = s.person WHERE s.plan = $1 ORDER BY s.year`, id, func(row interface{ Scan(...any) error }) error {
		var s Snapshot
		var at int64
		err := row.Scan(&s.ID, &s.Plan, &s.Year, &s.Note, &s.Lang, &s.Name, &at)
		s.At = moment(at, time.UTC)
		out = append(out, s)
		return err
	})
	return out, err
}

// Year is a snapshot with its measures that the reader may see.
type Year struct {
	Snapshot
	Rows []Frozen
}

// Counts counts the year's measures by what they were.
func (y Year) Counts() Counts {
	c := Counts{}
	for _, x := range y.Rows {
		c[x.Status]++
	}
	return c
}

// Change is a measure that two snapshots tell differently of. One that only one of them has is zero in the other.
type Change struct {
	Was, Is Frozen
	Fields  []string // what differs: status, due, owner, target, course, value, priority, what, moves
}

// Added tells that only the second has it.
func (c Change) Added() bool { return c.Was.Measure == "" }

// Gone tells that only the first has it.
func (c Change) Gone() bool { return c.Is.Measure == "" }

// Compare reads two years' snapshots of a plan, and what differs between them. Without an earlier year, was is empty.
func (r *Room) Compare(ctx context.Context, who network.Actor, root network.ID, id ID, was, is int) (a, b Year, changes []Change, err error) {
	err = r.network.Look(ctx, who, func(tx *storage.Tx, acc network.Access) error {
		p, err := r.plan(ctx, tx, acc, id)
		if err != nil || p.Root != root {
			return network.Absent()
		}
		if b, err = r.year(ctx, tx, acc, p, is); err != nil {
			return err
		}
		if was != 0 {
			a, err = r.year(ctx, tx, acc, p, was)
		}
		return err
	})
	if err == nil && was != 0 {
		changes = differ(a.Rows, b.Rows)
	}
	return a, b, changes, err
}

func (r *Room) year(ctx context.Context, tx *storage.Tx, a network.Access, p Plan, year int) (y Year, err error) {
	all, err := r.snapshots(ctx, tx, p.ID)
	if err != nil {
		return y, err
	}
	i := slices.IndexFunc(all, func(s Snapshot) bool { return s.Year == year })
	if i < 0 {
		return y, network.Absent()
	}
	y.Snapshot = all[i]
	y.At = y.At.In(r.network.Zone(p.Network))
	err = each(ctx, tx, `SELECT s.row, m.visibility FROM plan_snapshot_row s JOIN measure m ON m.id = s.measure WHERE s.snapshot = $1 ORDER BY s.measure`, y.ID, func(row interface{ Scan(...any) error }) error {
		var text string
		var x Frozen
		var now network.Visibility
		if err := row.Scan(&text, &now); err != nil {
			return err
		}
		if err := json.Unmarshal([]byte(text), &x); err != nil {
			return fault.Wrap(fault.Internal, err, "a snapshot's row can't be read")
		}
		m := Measure{Network: p.Network, Body: p.Body, Visibility: x.Visibility, Owner: x.Owner, Root: p.Root}
		today := m
		today.Visibility = now
		if sees(a, m) && sees(a, today) {
			y.Rows = append(y.Rows, x)
		}
		return nil
	})
	slices.SortFunc(y.Rows, func(a, b Frozen) int { return strings.Compare(a.Case, b.Case) })
	return y, err
}

// differ lists what two snapshots tell differently.
func differ(was, is []Frozen) (out []Change) {
	before := map[MeasureID]Frozen{}
	for _, x := range was {
		before[x.Measure] = x
	}
	for _, x := range is {
		c := Change{Was: before[x.Measure], Is: x}
		delete(before, x.Measure)
		if !c.Added() {
			if c.Fields = fields(c.Was, c.Is); len(c.Fields) == 0 {
				continue
			}
		}
		out = append(out, c)
	}
	for _, x := range was {
		if _, gone := before[x.Measure]; gone {
			out = append(out, Change{Was: x})
		}
	}
	return out
}

func fields(a, b Frozen) (out []string) {
	add := func(name string, differs bool) {
		if differs {
			out = append(out, name)
		}
	}
	add("status", a.Status != b.Status)
	add("due", a.Due != b.Due)
	add("owner", a.Owner != b.Owner)
	add("course", a.Course != b.Course)
	add("value", a.Value != b.Value)
	add("target", a.Target != b.Target)
	add("priority", a.Priority != b.Priority)
	add("what", a.What != b.What)
	return out
}
