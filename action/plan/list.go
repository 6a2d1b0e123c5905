package plan

import (
	"context"
	"strconv"
	"time"

	"github.com/samverk/samverk/forum"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/storage"
)

func itoa(n int) string { return strconv.Itoa(n) }

// Counts are a plan's measures by what they are now.
type Counts map[State]int

// All is how many there are.
func (c Counts) All() (n int) {
	for _, x := range c {
		n += x
	}
	return n
}

// PlanRow is a plan in a list, with the measures that the reader may see.
type PlanRow struct {
	Plan
	Counts Counts
}

// visible is who may see measures, as SQL: those who may by the place, and the owner.
func visible(a network.Access, args []any) (string, []any) {
	where, args := a.Where("m.", "", args)
	if a.Actor.Person != "" {
		args = append(args, a.Actor.Person)
		where = `(` + where + ` OR m.owner = ` + place(len(args)) + `)`
	}
	return where, args
}

// status is what a measure is now, as SQL; $1 is the moment.
const status = `CASE WHEN m.state IN ('planned', 'active') AND m.due <= $1 THEN 'late' ELSE m.state END`

// Plans lists plans that the reader may see, those that run first, the latest before.
func (r *Room) Plans(ctx context.Context, who network.Actor, root network.ID) (out []PlanRow, err error) {
	err = r.network.Look(ctx, who, func(tx *storage.Tx, a network.Access) error {
		out, err = r.plans(ctx, tx, a, root)
		return err
	})
	return out, err
}

func (r *Room) plans(ctx context.Context, tx *storage.Tx, a network.Access, root network.ID) (out []PlanRow, err error) {
	where, args := a.Where("p.", "", []any{root, most})
	rows, err := tx.Query(ctx, `SELECT `+planColumns+` FROM plan p WHERE p.root = $1 AND `+where+` ORDER BY CASE WHEN p.closed = 0 THEN 0 ELSE 1 END, p.starts DESC, p.id DESC LIMIT $2`, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	at := map[ID]int{}
	for rows.Next() {
		p, err := r.scanPlan(rows)
		if err != nil {
			return nil, err
		}
		at[p.ID] = len(out)
		out = append(out, PlanRow{p, Counts{}})
	}
	if err := rows.Close(); err != nil || len(out) == 0 {
		return out, err
	}
	sees, args := visible(a, []any{r.db.Now(), root})
	counted, err := tx.Query(ctx, `SELECT m.plan, `+status+`, COUNT(*) FROM measure m WHERE m.root = $2 AND `+sees+` GROUP BY 1, 2`, args...)
	if err != nil {
		return nil, err
	}
	defer counted.Close()
	for counted.Next() {
		var id ID
		var s State
		var n int
		if err := counted.Scan(&id, &s, &n); err != nil {
			return nil, err
		}
		if i, ok := at[id]; ok {
			out[i].Counts[s] = n
		}
	}
	return out, counted.Err()
}

// Count counts a tenant's measures that the reader may see, by what they are now, and the plans that run.
func (r *Room) Count(ctx context.Context, who network.Actor, root network.ID) (plans int, c Counts, err error) {
	c = Counts{}
	err = r.network.Look(ctx, who, func(tx *storage.Tx, a network.Access) error {
		where, args := a.Where("p.", "", []any{root})
		if err := tx.QueryRow(ctx, `SELECT COUNT(*) FROM plan p WHERE p.root = $1 AND p.closed = 0 AND `+where, args...).Scan(&plans); err != nil {
			return err
		}
		sees, args := visible(a, []any{r.db.Now(), root})
		rows, err := tx.Query(ctx, `SELECT `+status+`, COUNT(*) FROM measure m WHERE m.root = $2 AND `+sees+` GROUP BY 1`, args...)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var s State
			var n int
			if err := rows.Scan(&s, &n); err != nil {
				return err
			}
			c[s] = n
		}
		return rows.Err()
	})
	return plans, c, err
}

// Filter chooses measures; what is empty chooses all.
type Filter struct {
	Plan     ID
	Owner    network.PersonID
	Region   network.ID
	Sector   network.Sector // of a partner
	Status   State
	Area     string
	Goal     string
	Decision forum.DecisionID
	Owed     bool // a report is
	After    MeasureID
	Limit    int
}

// Row is a measure in a list.
type Row struct {
	Measure
	PlanTitle string
	PlanLang  string
	AreaTitle string
}

// Measures lists measures that the reader may see, by the day they are due.
func (r *Room) Measures(ctx context.Context, who network.Actor, root network.ID, q Filter) (out []Row, err error) {
	err = r.network.Look(ctx, who, func(tx *storage.Tx, a network.Access) error {
		out, err = r.measures(ctx, tx, a, root, q)
		return err
	})
	return out, err
}

func (r *Room) measures(ctx context.Context, tx *storage.Tx, a network.Access, root network.ID, q Filter) (out []Row, err error) {
	args := []any{root}
	where := `m.root = $1`
	equal := func(column, v string) {
		if v != "" {
			args = append(args, v)
			where += ` AND m.` + column + ` = ` + place(len(args))
		}
	}
	equal("plan", string(q.Plan))
	equal("owner", string(q.Owner))
	equal("region", string(q.Region))
	equal("area", q.Area)
	equal("goal", q.Goal)
	equal("decision", string(q.Decision))
	now := r.db.Now()
	switch q.Status {
	case "":
	case Late:
		args = append(args, now)
		where += ` AND m.state IN ('planned', 'active') AND m.due <= ` + place(len(args))
	case Planned, Active:
		args = append(args, now)
		where += ` AND m.due > ` + place(len(args))
		equal("state", string(q.Status))
	default:
		equal("state", string(q.Status))
	}
	if q.Owed {
		args = append(args, now)
		where += ` AND m.owed > 0 AND m.owed <= ` + place(len(args))
	}
	if q.Sector != "" {
		args = append(args, q.Sector)
		where += ` AND EXISTS (SELECT 1 FROM measure_partner x JOIN organisation o ON o.id = x.organisation WHERE x.measure = m.id AND o.sector = ` + place(len(args)) + `)`
	}
	if q.After != "" {
		args = append(args, q.After)
		where += ` AND (m.due, m.id) > (SELECT y.due, y.id FROM measure y WHERE y.id = ` + place(len(args)) + `)`
	}
	sees, args := visible(a, args)
	args = append(args, max(1, min(q.Limit, 1000)))
	rows, err := tx.Query(ctx, `SELECT `+measureColumns+`, p.title, p.lang, COALESCE(r.title, '') FROM measure m JOIN plan p ON p.id = m.plan LEFT JOIN person w ON w.id = m.owner
		LEFT JOIN plan_area r ON r.id = m.area WHERE `+where+` AND `+sees+` ORDER BY m.due, m.id LIMIT `+place(len(args)), args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var row Row
		if row.Measure, err = r.scanMeasure(rows, &row.PlanTitle, &row.PlanLang, &row.AreaTitle); err != nil {
			return nil, err
		}
		out = append(out, row)
	}
	return out, rows.Err()
}

// Owners lists who owns measures of a tenant that the reader may see, with their names.
func (r *Room) Owners(ctx context.Context, who network.Actor, root network.ID) (out map[network.PersonID]string, err error) {
	out = map[network.PersonID]string{}
	err = r.network.Look(ctx, who, func(tx *storage.Tx, a network.Access) error {
		sees, args := visible(a, []any{root})
		rows, err := tx.Query(ctx, `SELECT m.owner, w.name FROM measure m JOIN person w ON w.id = m.owner WHERE m.root = $1 AND w.name <> '' AND `+sees+` GROUP BY m.owner, w.name ORDER BY w.name LIMIT 500`, args...)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var p network.PersonID
			var name string
			if err := rows.Scan(&p, &name); err != nil {
				return err
			}
			out[p] = name
		}
		return rows.Err()
	})
	return out, err
}

// PlanView is a plan with all of it but its measures.
type PlanView struct {
	Plan
	BodyName         network.Text // empty for none, and where it isn't the reader's to see
	OrganisationName network.Text
	Goals            []Goal
	Areas            []Area
	Counts           Counts
	Snapshots        []Snapshot
	History          []network.Event
	Keeps            bool
}

// View reads a plan of a tenant.
func (r *Room) View(ctx context.Context, who network.Actor, root network.ID, id ID) (v PlanView, err error) {
	err = r.network.Look(ctx, who, func(tx *storage.Tx, a network.Access) error {
		p, err := r.plan(ctx, tx, a, id)
		if err != nil || p.Root != root {
			return network.Absent()
		}
		v = PlanView{Plan: p, Keeps: keeps(a, p), Counts: Counts{}}
		if p.Body != "" {
			if b, err := r.network.Body(ctx, tx, p.Body); err == nil && a.Sees(b.Scope()) {
				v.BodyName = b.Name
			}
		}
		if p.Organisation != "" {
			o, err := r.network.Organisation(ctx, tx, p.Organisation)
			if err != nil {
				return err
			}
			v.OrganisationName = o.Name
		}
		f, err := r.frame(ctx, tx, p)
		if err != nil {
			return err
		}
		v.Goals, v.Areas = f.goals, f.areas
		if v.Snapshots, err = r.snapshots(ctx, tx, id); err != nil {
			return err
		}
		if v.History, err = r.network.History(ctx, tx, string(id), 0, 50); err != nil {
			return err
		}
		sees, args := visible(a, []any{r.db.Now(), id})
		rows, err := tx.Query(ctx, `SELECT `+status+`, COUNT(*) FROM measure m WHERE m.plan = $2 AND `+sees+` GROUP BY 1`, args...)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var s State
			var n int
			if err := rows.Scan(&s, &n); err != nil {
				return err
			}
			v.Counts[s] = n
		}
		return rows.Err()
	})
	return v, err
}

// Link is a measure that another waits for, or that waits for it.
type Link struct {
	ID     MeasureID
	What   string
	Lang   string
	Status State
	Due    time.Time
}

// Raised is a topic that a measure raised.
type Raised struct {
	Topic forum.TopicID
	Due   time.Time // the day that had passed
	At    time.Time
}

// Was is what a measure said before an edit.
type Was struct {
	Version int64
	Text    string // JSON
	Name    string
	At      time.Time
}

// MeasureView is a measure with everything around it.
type MeasureView struct {
	Measure
	PlanOf   Plan
	PlanSeen bool // the reader may see the plan
	Goal     string
	AreaName string
	Partners []network.Organisation
	Needs    []Link
	Needed   []Link
	Dates    []Date
	Steps    []Step
	Quarters []Told
	Raised   []Raised
	History  []network.Event
	Rights
	Registered bool
}

// Measure reads a measure of a tenant.
func (r *Room) Measure(ctx context.Context, who network.Actor, root network.ID, id MeasureID) (v MeasureView, err error) {
	err = r.network.Look(ctx, who, func(tx *storage.Tx, a network.Access) error {
		m, err := r.measure(ctx, tx, a, id)
		if err != nil || m.Root != root {
			return network.Absent()
		}
		v = MeasureView{Measure: m, Rights: rights(a, m), Registered: a.Registered(root)}
		if v.PlanOf, err = r.scanPlan(tx.QueryRow(ctx, `SELECT `+planColumns+` FROM plan p WHERE p.id = $1`, m.Plan)); err != nil {
			return err
		}
		v.PlanSeen = a.Sees(v.PlanOf.Scope())
		if !v.PlanOf.Closed.IsZero() {
			v.Rights = Rights{}
		}
		if err := tx.QueryRow(ctx, `SELECT COALESCE((SELECT title FROM plan_goal WHERE id = $1), ''), COALESCE((SELECT title FROM plan_area WHERE id = $2), '')`, m.Goal, m.Area).Scan(&v.Goal, &v.AreaName); err != nil {
			return err
		}
		if err := r.around(ctx, tx, a, &v); err != nil {
			return err
		}
		if v.Quarters, err = r.quarters(ctx, tx, m); err != nil {
			return err
		}
		v.History, err = r.network.History(ctx, tx, string(id), 0, 100)
		return err
	})
	return v, err
}

// around reads a measure's partners, what it waits for, its dates, its states, and the topics it raised.
func (r *Room) around(ctx context.Context, tx *storage.Tx, a network.Access, v *MeasureView) error {
	partners, err := r.column(ctx, tx, `SELECT organisation FROM measure_partner WHERE measure = $1 ORDER BY organisation`, v.ID)
	if err != nil {
		return err
	}
	for _, id := range partners {
		o, err := r.network.Organisation(ctx, tx, network.OrganisationID(id))
		if err != nil {
			return err
		}
		v.Partners = append(v.Partners, o)
	}
	if v.Needs, err = r.links(ctx, tx, a, `JOIN measure_needs n ON n.needs = m.id WHERE n.measure = $1`, v.ID); err != nil {
		return err
	}
	if v.Needed, err = r.links(ctx, tx, a, `JOIN measure_needs n ON n.measure = m.id WHERE n.needs = $1`, v.ID); err != nil {
		return err
	}
	zone := r.network.Zone(v.Network)
	err = each(ctx, tx, `SELECT d.due, d.reason, d.person, COALESCE(w.name, ''), d.at FROM measure_due d LEFT JOIN person w ON w.id = d.person WHERE d.measure = $1 ORDER BY d.n`, v.ID, func(row interface{ Scan(...any) error }) error {
		var d Date
		var due, at int64
		err := row.Scan(&due, &d.Reason, &d.By, &d.Name, &at)
		d.Due, d.At = moment(due, zone), moment(at, zone)
		v.Dates = append(v.Dates, d)
		return err
	})
	if err != nil {
		return err
	}
	err = each(ctx, tx, `SELECT s.state, s.reason, s.person, COALESCE(w.name, ''), s.at FROM measure_state s LEFT JOIN person w ON w.id = s.person WHERE s.measure = $1 ORDER BY s.n`, v.ID, func(row interface{ Scan(...any) error }) error {
		var s Step
		var at int64
		err := row.Scan(&s.State, &s.Reason, &s.By, &s.Name, &at)
		s.At = moment(at, zone)
		v.Steps = append(v.Steps, s)
		return err
	})
	if err != nil {
		return err
	}
	return each(ctx, tx, `SELECT topic, due, at FROM measure_topic WHERE measure = $1 ORDER BY due`, v.ID, func(row interface{ Scan(...any) error }) error {
		var x Raised
		var due, at int64
		err := row.Scan(&x.Topic, &due, &at)
		x.Due, x.At = moment(due, zone), moment(at, zone)
		v.Raised = append(v.Raised, x)
		return err
	})
}

func (r *Room) links(ctx context.Context, tx *storage.Tx, a network.Access, join string, id MeasureID) (out []Link, err error) {
	now := r.db.Now()
	err = each(ctx, tx, `SELECT `+measureColumns+` FROM measure m LEFT JOIN person w ON w.id = m.owner `+join+` ORDER BY m.due, m.id LIMIT 100`, id, func(row interface{ Scan(...any) error }) error {
		m, err := r.scanMeasure(row)
		if err == nil && sees(a, m) {
			out = append(out, Link{m.ID, m.What, m.Lang, m.Status(now), m.Due})
		}
		return err
	})
	return out, err
}

// each goes through rows that belong to one thing.
func each[T ~string](ctx context.Context, tx *storage.Tx, query string, of T, do func(interface{ Scan(...any) error }) error) error {
	rows, err := tx.Query(ctx, query, of)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := do(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

func (r *Room) column(ctx context.Context, tx *storage.Tx, query string, of MeasureID) (out []string, err error) {
	err = each(ctx, tx, query, of, func(row interface{ Scan(...any) error }) error {
		var s string
		err := row.Scan(&s)
		out = append(out, s)
		return err
	})
	return out, err
}

// Wait is a measure that waits for its owner.
type Wait struct {
	Measure
	Report bool // a report is owed; else it is past its day
}

// Waiting lists the measures that somebody owns, in a tenant, and that are owed a report or are past their day.
func (r *Room) Waiting(ctx context.Context, who network.Actor, root network.ID, limit int) (out []Wait, err error) {
	if who.Person == "" {
		return nil, nil
	}
	err = r.network.Look(ctx, who, func(tx *storage.Tx, a network.Access) error {
		if !a.Registered(root) {
			return nil
		}
		now := r.db.Now()
		rows, err := tx.Query(ctx, `SELECT `+measureColumns+` FROM measure m LEFT JOIN person w ON w.id = m.owner WHERE m.owner = $1 AND m.root = $2 AND m.state IN ('planned', 'active')
			AND (m.owed > 0 AND m.owed <= $3 OR m.due <= $3) ORDER BY m.due, m.id LIMIT $4`, who.Person, root, now, limit)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			m, err := r.scanMeasure(rows)
			if err != nil {
				return err
			}
			out = append(out, Wait{m, m.ReportDue(now)})
		}
		return rows.Err()
	})
	return out, err
}

// Became finds the measure that a decision's effect became: by its id, or by what the decision called it.
func (r *Room) Became(ctx context.Context, who network.Actor, d forum.DecisionID, ref string) (m Measure, found bool, err error) {
	err = r.network.Look(ctx, who, func(tx *storage.Tx, a network.Access) error {
		m, err = r.scanMeasure(tx.QueryRow(ctx, `SELECT `+measureColumns+` FROM measure m LEFT JOIN person w ON w.id = m.owner WHERE m.decision = $1 AND (m.id = $2 OR m.effect = $2) LIMIT 1`, d, ref))
		if noRow(err) || err == nil && !sees(a, m) {
			m = Measure{}
			return nil
		}
		found = err == nil
		return err
	})
	return m, found, err
}

// MayPlan lists the plans of a tenant that the reader keeps and that run.
func (r *Room) MayPlan(ctx context.Context, who network.Actor, root network.ID) (out []Plan, err error) {
	err = r.network.Look(ctx, who, func(tx *storage.Tx, a network.Access) error {
		if !a.Registered(root) {
			return nil
		}
		all, err := r.plans(ctx, tx, a, root)
		for _, p := range all {
			if p.Closed.IsZero() && keeps(a, p.Plan) {
				out = append(out, p.Plan)
			}
		}
		return err
	})
	return out, err
}
