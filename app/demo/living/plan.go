package living

import (
	"fmt"
	"slices"
	"time"

	"github.com/samverk/samverk/action/plan"
	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/forum"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/storage"
)

// planLine is a country's plan of action. Days are from now, negative for what was.
type planLine struct {
	Title, Text string
	Goals       []struct{ Title, Under string }
	Areas       []string
	Note        string // of the year that was followed up
	Measures    []measureLine
}

// measureLine is a measure and what became of it.
type measureLine struct {
	What, Why         string
	Owner             string // one of those one can sign in as
	Region            string // a network's slug; "": the whole country's
	Area, Goal        string
	Partners          []string
	Priority          int
	Start, Due        int
	Target, Indicator string
	Topic             string // whose decision named it
	Needs             string // the measure it waits for
	Moved             *struct {
		Ago, Due int
		Why      string
	}
	Reports []string // by quarter from the first; "" for one that didn't come
	Values  []string
	Done    *struct {
		Ago int
		Why string
	}
	Dropped string // the reason
}

// acts makes the plan some weeks into the story, and lets its measures be done.
func (t *tenant) acts() error {
	var p planLine
	if err := read("plan-"+t.story.Root.Slug, &p); err != nil {
		return err
	}
	const begins = 560 // days ago
	t.at(t.workday(-begins), "a plan", func() error {
		from := time.Date(t.now.In(t.zone).Year(), 1, 1, 0, 0, 0, 0, t.zone)
		id, err := t.plans.Make(t.ctx, t.first, plan.Draft{Network: t.root, Title: p.Title, Text: p.Text, Visibility: network.Public, From: from, To: from.AddDate(4, 0, 0)})
		if err != nil {
			return err
		}
		goals, areas := map[string]string{}, map[string]string{}
		for _, g := range p.Goals {
			if goals[g.Title], err = t.plans.AddGoal(t.ctx, t.first, id, goals[g.Under], g.Title); err != nil {
				return err
			}
		}
		for _, a := range p.Areas {
			if areas[a], err = t.plans.AddArea(t.ctx, t.first, id, a); err != nil {
				return err
			}
		}
		made := map[string]plan.MeasureID{}
		for i, m := range p.Measures {
			at := t.workday(max(m.Start-14, 1-begins)).Add(time.Duration(i) * time.Minute)
			t.at(at, "a measure", func() error { return t.measure(id, m, goals, areas, made) })
		}
		freeze := func(at time.Time, year int, note string) {
			t.at(at, "the plan's year", func() error {
				_, err := t.plans.Freeze(t.ctx, t.first, id, year, note)
				return err
			})
		}
		last := t.workday(-20)
		for year := from.Year(); year < last.Year(); year++ {
			freeze(time.Date(year+1, 1, 12, 10, 0, 0, 0, t.zone), year, p.Note)
		}
		freeze(last, last.Year(), "")
		return nil
	})
	return nil
}

// workday is a morning so many days from the end; unlike office it takes nothing from the story's chances.
func (t *tenant) workday(days int) time.Time {
	d := t.end.In(t.zone).AddDate(0, 0, days)
	for d.Weekday() == time.Saturday || d.Weekday() == time.Sunday {
		d = d.AddDate(0, 0, 1)
	}
	return time.Date(d.Year(), d.Month(), d.Day(), 9, 12, 0, 0, t.zone)
}

// measure adds a measure: one that rests on a decision, when that is taken.
func (t *tenant) measure(id plan.ID, m measureLine, goals, areas map[string]string, made map[string]plan.MeasureID) error {
	if _, taken := t.decisions[m.Topic]; m.Topic != "" && !taken && t.now.Before(t.end.AddDate(0, 0, m.Start+60)) {
		t.at(t.now.AddDate(0, 0, 7), "a measure that waits for its decision", func() error { return t.measure(id, m, goals, areas, made) })
		return nil
	}
	owner := network.Actor{Person: t.people[m.Owner]}
	in := plan.Task{What: m.What, Why: m.Why, Priority: m.Priority, Owner: owner.Person, Area: areas[m.Area], Goal: goals[m.Goal], Target: m.Target, Indicator: m.Indicator,
		Start: midnight(t.end.AddDate(0, 0, m.Start), t.zone), Due: midnight(t.end.AddDate(0, 0, m.Due+1), t.zone)}
	if m.Region != "" {
		i := slices.IndexFunc(t.network.Tree().Down(t.root), func(n *network.Network) bool { return n.Slug == m.Region })
		if i < 0 {
			return absent("network", m.Region)
		}
		in.Region = t.network.Tree().Down(t.root)[i].ID
	}
	for _, o := range m.Partners {
		in.Partners = append(in.Partners, t.orgs[o])
	}
	if other, ok := made[m.Needs]; ok {
		in.Needs = []plan.MeasureID{other}
	}
	if err := t.named(m, &in); err != nil {
		return err
	}
	x, err := t.plans.Add(t.ctx, t.first, id, in)
	if err != nil {
		return err
	}
	made[m.What] = x
	step := func(days int, what string, do func(version int64) error) {
		t.at(t.workday(days), what, func() error {
			var v int64
			if err := t.one(&v, `SELECT version FROM measure WHERE id = $1`, string(x)); err != nil {
				return err
			}
			return do(v)
		})
	}
	if m.Start < 0 {
		begins := max(m.Start+7, -int(t.end.Sub(t.now)/(24*time.Hour))+3)
		step(begins, "a measure begins", func(v int64) error { return t.plans.Turn(t.ctx, owner, x, v, plan.Active, "") })
	}
	if d := m.Moved; d != nil {
		step(-d.Ago, "a measure's date", func(v int64) error {
			return t.plans.Move(t.ctx, owner, x, v, midnight(t.end.AddDate(0, 0, d.Due+1), t.zone), d.Why)
		})
	}
	t.reports(m, x, owner)
	if d := m.Done; d != nil {
		step(-d.Ago, "a measure is done", func(v int64) error { return t.plans.Turn(t.ctx, owner, x, v, plan.Done, d.Why) })
	}
	if m.Dropped != "" {
		step(-60, "a measure is dropped", func(v int64) error { return t.plans.Turn(t.ctx, t.first, x, v, plan.Dropped, m.Dropped) })
	}
	return nil
}

// named rests a measure on the decision of a topic that named one, where it was taken already.
func (t *tenant) named(m measureLine, in *plan.Task) error {
	d, ok := t.decisions[m.Topic]
	if !ok {
		return nil
	}
	var ref string
	err := t.db.Read(t.ctx, func(tx *storage.Tx) error {
		return tx.QueryRow(t.ctx, `SELECT COALESCE(MAX(ref), '') FROM decision_effect WHERE decision = $1 AND kind = 'measure'`, d).Scan(&ref)
	})
	if err != nil || ref == "" {
		return err
	}
	if _, err := t.forum.Decision(t.ctx, t.first, forum.DecisionID(d)); fault.KindOf(err) == fault.NotFound && err != nil {
		return nil // not yet for everybody
	}
	in.Decision, in.Effect = forum.DecisionID(d), ref
	return nil
}

// reports gives a measure's reports, some days after each quarter.
func (t *tenant) reports(m measureLine, x plan.MeasureID, owner network.Actor) {
	q := plan.QuarterOf(t.now.In(t.zone))
	if start := t.end.AddDate(0, 0, m.Start); start.After(t.now) {
		q = plan.QuarterOf(start.In(t.zone))
	}
	for i, text := range m.Reports {
		course, value := plan.OnCourse, ""
		if i < len(m.Values) {
			value = m.Values[i]
		}
		if m.Due < 0 && m.Done == nil && i == len(m.Reports)-1 {
			course = plan.Behind
		} else if m.Moved != nil && i > 0 {
			course = plan.AtRisk
		}
		if text != "" {
			t.at((q + plan.Quarter(i)).End(t.zone).Add(9*24*time.Hour+10*time.Hour), "a report", func() error {
				err := t.plans.Report(t.ctx, owner, x, plan.Telling{Quarter: q + plan.Quarter(i), Text: text, Course: course, Value: value})
				if fault.KindOf(err) == fault.Conflict && err != nil {
					return nil // it was done before the quarter ended
				}
				if err != nil {
					return fmt.Errorf("%s: %w", m.What, err)
				}
				return nil
			})
		}
	}
}
