package plan

import (
	"context"
	"slices"
	"time"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/forum"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/notice"
	"github.com/samverk/samverk/storage"
)

// Task is a measure as somebody writes it. Lang and Visibility are the plan's where they are empty.
type Task struct {
	What, Why  string
	Lang       string
	Visibility network.Visibility
	Region     network.ID
	Area, Goal string
	Priority   int
	Owner      network.PersonID
	Partners   []network.OrganisationID
	Start, Due time.Time // Due is the moment after its last day
	Target     string
	Indicator  string
	Needs      []MeasureID
	Decision   forum.DecisionID
	Effect     string // what the decision called it, where it named it
}

// most of what a measure may name.
const (
	mostPartners = 50
	mostNeeds    = 50
)

// frame is what the rows of a plan are judged against, read once for many of them.
type frame struct {
	plan  Plan
	goals []Goal
	areas []Area

	owners map[network.PersonID]*fault.Error // what is wrong with them, as far as they were judged
}

func (r *Room) frame(ctx context.Context, tx *storage.Tx, p Plan) (f frame, err error) {
	f.plan, f.owners = p, map[network.PersonID]*fault.Error{}
	if f.goals, err = r.goals(ctx, tx, p.ID); err != nil {
		return f, err
	}
	f.areas, err = r.areas(ctx, tx, p.ID)
	return f, err
}

// judge makes a task a measure of the plan, or says all that is wrong with it.
func (r *Room) judge(ctx context.Context, tx *storage.Tx, f frame, in Task) (m Measure, wrong []*fault.Error, err error) {
	p := f.plan
	m = Measure{Plan: p.ID, Root: p.Root, Network: p.Network, Body: p.Body, Visibility: in.Visibility, Region: in.Region, Area: in.Area, Goal: in.Goal,
		What: line(in.What), Why: typed(in.Why), Lang: in.Lang, Priority: in.Priority, Owner: in.Owner, Start: in.Start, Due: in.Due, Target: line(in.Target), Indicator: line(in.Indicator),
		Decision: in.Decision, Effect: in.Effect}
	if m.Lang == "" {
		m.Lang = p.Lang
	}
	if m.Visibility == "" {
		m.Visibility = p.Visibility
	}
	if m.Priority == 0 {
		m.Priority = 2
	}
	add := func(e *fault.Error) {
		if e != nil {
			wrong = append(wrong, e)
		}
	}
	choice := func(field string) *fault.Error {
		return fault.New(fault.Invalid, "this is none of those one can choose").Where(field).Say("plan.choice")
	}
	add(needed("what", m.What, titleLength))
	add(short("why", m.Why, textLength))
	add(short("target", m.Target, shortLength))
	add(short("indicator", m.Indicator, shortLength))
	add(oneOf("lang", m.Lang, "sv", "nb", "en"))
	add(period("start", "due", m.Start, m.Due))
	if m.Priority < 1 || m.Priority > 3 {
		add(choice("priority"))
	}
	if slices.Contains(wider(p.Visibility), m.Visibility) {
		add(fault.New(fault.Invalid, "a measure is shown to no more people than its plan").Where("visibility").Say("plan.wider"))
	} else {
		add(oneOf("visibility", m.Visibility, network.Public, network.NetworkOnly, network.BodyOnly))
	}
	if m.Area != "" && !slices.ContainsFunc(f.areas, func(a Area) bool { return a.ID == m.Area }) {
		add(choice("area"))
	}
	if m.Goal != "" && !slices.ContainsFunc(f.goals, func(g Goal) bool { return g.ID == m.Goal }) {
		add(choice("goal"))
	}
	if m.Region != "" && !r.beneath(p.Network, m.Region) {
		add(choice("region"))
	}
	if len(in.Partners) > mostPartners || len(in.Needs) > mostNeeds {
		add(fault.New(fault.Invalid, "that is too many").Where("partners").Say("plan.many", mostPartners))
	}
	e, judged := f.owners[m.Owner]
	if !judged {
		if e, err = r.ownerOK(ctx, tx, p, m.Owner); err != nil {
			return m, nil, err
		}
		f.owners[m.Owner] = e
	}
	add(e)
	return m, wrong, nil
}

// beneath tells whether a network is another or beneath it.
func (r *Room) beneath(top, id network.ID) bool {
	for _, n := range r.network.Tree().Up(id) {
		if n.ID == top {
			return true
		}
	}
	return false
}

// ownerOK finds that somebody registered in the tenant owns the measure.
func (r *Room) ownerOK(ctx context.Context, tx *storage.Tx, p Plan, owner network.PersonID) (*fault.Error, error) {
	if owner == "" {
		return fault.New(fault.Invalid, "a measure has a named owner").Where("owner").Say("plan.owner"), nil
	}
	a, err := r.network.Access(ctx, tx, network.Actor{Person: owner})
	if err != nil {
		return nil, err
	}
	if !a.Registered(p.Root) {
		return fault.New(fault.Invalid, "nobody of that name is registered here").Where("owner").Say("plan.owner.gone"), nil
	}
	return nil, nil
}

// Add adds a measure to a plan.
func (r *Room) Add(ctx context.Context, who network.Actor, id ID, in Task) (made MeasureID, err error) {
	if err := r.decided(ctx, who, in.Decision); err != nil {
		return "", err
	}
	err = r.network.Act(ctx, who, func(tx *storage.Tx, a network.Access) error {
		p, err := r.kept(ctx, tx, a, id)
		if err != nil {
			return err
		}
		f, err := r.frame(ctx, tx, p)
		if err != nil {
			return err
		}
		m, wrong, err := r.judge(ctx, tx, f, in)
		if err != nil {
			return err
		}
		if len(wrong) > 0 {
			return joined(wrong)
		}
		if err := r.insert(ctx, tx, who, &m, "measure.added"); err != nil {
			return err
		}
		made = m.ID
		if err := r.link(ctx, tx, a, &m, in); err != nil {
			return err
		}
		if m.Decision != "" && m.Effect == "" {
			if err := r.forum.AddEffect(ctx, tx, m.Decision, forum.Effect{Kind: forum.Measure, Ref: string(m.ID), Title: m.What}); err != nil {
				return err
			}
		}
		if m.Owner == who.Person {
			return nil
		}
		return r.tell(ctx, tx, m.Owner, notice.Notice{Key: "notice.plan.owner", Args: []string{m.What}, Link: r.path(m.Root, "measures/"+string(m.ID))})
	})
	return made, err
}

// insert keeps a new measure, its first date and its first state.
func (r *Room) insert(ctx context.Context, tx *storage.Tx, who network.Actor, m *Measure, event string) error {
	id, err := r.db.NewID()
	if err != nil {
		return err
	}
	if m.Case, err = r.forum.NextCase(ctx, tx, m.Root); err != nil {
		return err
	}
	m.ID, m.State, m.FirstDue, m.Made, m.Version = MeasureID(id), Planned, m.Due, r.db.Now(), 1
	m.Owed = r.owed(*m, nil)
	_, err = tx.Exec(ctx, `INSERT INTO measure (id, case_number, plan, root, network, body, visibility, region, area, goal, what, why, lang, priority, owner, starts, due, first_due, moves,
			target, indicator, decision, effect, state, ended, owed, reminded, missed, told_due, person, made, version)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $17, 0, $18, $19, $20, $21, 'planned', 0, $22, 0, 0, 0, $23, $24, 1)`,
		m.ID, m.Case, m.Plan, m.Root, m.Network, m.Body, m.Visibility, m.Region, m.Area, m.Goal, m.What, m.Why, m.Lang, m.Priority, m.Owner, m.Start, m.Due,
		m.Target, m.Indicator, m.Decision, m.Effect, micros(m.Owed), who.Person, m.Made)
	if err != nil {
		return err
	}
	if err := r.addDate(ctx, tx, who, m.ID, m.Due, ""); err != nil {
		return err
	}
	if err := r.addStep(ctx, tx, who, m.ID, Planned, ""); err != nil {
		return err
	}
	return r.network.Record(ctx, tx, who, m.Root, id, event, nil)
}

func (r *Room) addDate(ctx context.Context, tx *storage.Tx, who network.Actor, id MeasureID, due time.Time, reason string) error {
	_, err := tx.Exec(ctx, `INSERT INTO measure_due (measure, n, due, reason, person, at) VALUES ($1, (SELECT COALESCE(MAX(n), 0) + 1 FROM measure_due WHERE measure = $1), $2, $3, $4, $5)`,
		id, due, reason, who.Person, r.db.Now())
	return err
}

func (r *Room) addStep(ctx context.Context, tx *storage.Tx, who network.Actor, id MeasureID, s State, reason string) error {
	_, err := tx.Exec(ctx, `INSERT INTO measure_state (measure, n, state, reason, person, at) VALUES ($1, (SELECT COALESCE(MAX(n), 0) + 1 FROM measure_state WHERE measure = $1), $2, $3, $4, $5)`,
		id, s, reason, who.Person, r.db.Now())
	return err
}

// link keeps a measure's partners and what it waits for.
func (r *Room) link(ctx context.Context, tx *storage.Tx, a network.Access, m *Measure, in Task) error {
	for _, table := range []string{"measure_partner", "measure_needs"} {
		if _, err := tx.Exec(ctx, `DELETE FROM `+table+` WHERE measure = $1`, m.ID); err != nil {
			return err
		}
	}
	for _, o := range in.Partners {
		at, err := r.network.Organisation(ctx, tx, o)
		if err != nil || at.Root != m.Root {
			return fault.New(fault.Invalid, "there is no such organisation here").Where("partners").Say("plan.choice")
		}
		if _, err := tx.Exec(ctx, `INSERT INTO measure_partner (measure, organisation) VALUES ($1, $2) ON CONFLICT DO NOTHING`, m.ID, o); err != nil {
			return err
		}
	}
	for _, on := range in.Needs {
		other, err := r.measure(ctx, tx, a, on)
		if err != nil || other.Root != m.Root {
			return fault.New(fault.Invalid, "there is no such measure here").Where("needs").Say("plan.choice")
		}
		if err := r.noCircle(ctx, tx, m.ID, on); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `INSERT INTO measure_needs (measure, needs) VALUES ($1, $2) ON CONFLICT DO NOTHING`, m.ID, on); err != nil {
			return err
		}
	}
	return nil
}

// noCircle refuses that a measure waits for one that waits for it, however far around.
func (r *Room) noCircle(ctx context.Context, tx *storage.Tx, id, on MeasureID) error {
	var found int
	err := tx.QueryRow(ctx, `WITH RECURSIVE up (id) AS (SELECT CAST($2 AS TEXT) UNION SELECT n.needs FROM measure_needs n JOIN up ON n.measure = up.id)
		SELECT COUNT(*) FROM up WHERE id = $1`, id, on).Scan(&found)
	if err == nil && found > 0 {
		err = fault.New(fault.Invalid, "the measures would wait for one another in a circle").Where("needs").Say("plan.circle")
	}
	return err
}

const measureColumns = `m.id, m.case_number, m.plan, m.root, m.network, m.body, m.visibility, m.region, m.area, m.goal, m.what, m.why, m.lang, m.priority, m.owner, COALESCE(w.name, ''),
	m.starts, m.due, m.first_due, m.moves, m.target, m.indicator, m.decision, m.effect, m.state, m.ended, m.owed, m.made, m.version`

func (r *Room) scanMeasure(row interface{ Scan(...any) error }, more ...any) (m Measure, err error) {
	var start, due, was, ended, owed, made int64
	err = row.Scan(append([]any{&m.ID, &m.Case, &m.Plan, &m.Root, &m.Network, &m.Body, &m.Visibility, &m.Region, &m.Area, &m.Goal, &m.What, &m.Why, &m.Lang, &m.Priority, &m.Owner, &m.OwnerName,
		&start, &due, &was, &m.Moves, &m.Target, &m.Indicator, &m.Decision, &m.Effect, &m.State, &ended, &owed, &made, &m.Version}, more...)...)
	zone := r.network.Zone(m.Network)
	m.Start, m.Due, m.FirstDue, m.Ended, m.Owed, m.Made = moment(start, zone), moment(due, zone), moment(was, zone), moment(ended, zone), moment(owed, zone), moment(made, zone)
	return m, err
}

// sees tells whether the measure is the reader's to see.
func sees(a network.Access, m Measure) bool {
	return a.Sees(m.Scope()) || m.Owner != "" && m.Owner == a.Actor.Person && a.Registered(m.Root)
}

func (r *Room) measure(ctx context.Context, tx *storage.Tx, a network.Access, id MeasureID) (Measure, error) {
	m, err := r.scanMeasure(tx.QueryRow(ctx, `SELECT `+measureColumns+` FROM measure m LEFT JOIN person w ON w.id = m.owner WHERE m.id = $1`, id))
	if noRow(err) || err == nil && !sees(a, m) {
		return Measure{}, network.Absent()
	}
	return m, err
}

// Rights are what somebody may do with a measure.
type Rights struct {
	Keeps bool // edit and drop it
	Does  bool // report, begin, finish, take up again, move its date
}

func rights(a network.Access, m Measure) Rights {
	keeps := a.Runs(m.Body, m.Network)
	return Rights{keeps, keeps || m.Owner != "" && m.Owner == a.Actor.Person || m.Region != "" && a.Coordinates(m.Region)}
}

// done finds a measure that the actor does, of a plan that runs.
func (r *Room) done(ctx context.Context, tx *storage.Tx, a network.Access, id MeasureID) (Measure, Rights, error) {
	m, err := r.measure(ctx, tx, a, id)
	if err != nil {
		return m, Rights{}, err
	}
	may := rights(a, m)
	if !may.Does {
		return m, may, denied()
	}
	var closed int64
	if err := tx.QueryRow(ctx, `SELECT closed FROM plan WHERE id = $1`, m.Plan).Scan(&closed); err != nil {
		return m, may, err
	}
	if closed != 0 {
		return m, may, ended()
	}
	return m, may, nil
}

// EditMeasure changes a measure from a version of it. Its date is moved by Move, and its state by Turn.
func (r *Room) EditMeasure(ctx context.Context, who network.Actor, id MeasureID, version int64, in Task) error {
	return r.network.Act(ctx, who, func(tx *storage.Tx, a network.Access) error {
		was, may, err := r.done(ctx, tx, a, id)
		if err != nil {
			return err
		}
		if !may.Keeps {
			return denied()
		}
		if was.Version != version {
			return stale()
		}
		p, err := r.plan(ctx, tx, a, was.Plan)
		if err != nil {
			return err
		}
		f, err := r.frame(ctx, tx, p)
		if err != nil {
			return err
		}
		in.Due, in.Decision, in.Effect, in.Lang = was.Due, was.Decision, was.Effect, was.Lang
		m, wrong, err := r.judge(ctx, tx, f, in)
		if err != nil {
			return err
		}
		if len(wrong) > 0 {
			return joined(wrong)
		}
		m.ID, m.Made, m.State = id, was.Made, was.State
		keep := was
		keep.OwnerName = "" // a name stands in one place
		if err := r.past(ctx, tx, who, string(id), version, keep); err != nil {
			return err
		}
		reports, err := r.reported(ctx, tx, id)
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `UPDATE measure SET visibility = $2, region = $3, area = $4, goal = $5, what = $6, why = $7, priority = $8, owner = $9, starts = $10, target = $11, indicator = $12, owed = $13, version = version + 1 WHERE id = $1`,
			id, m.Visibility, m.Region, m.Area, m.Goal, m.What, m.Why, m.Priority, m.Owner, m.Start, m.Target, m.Indicator, micros(r.owed(m, reports)))
		if err != nil {
			return err
		}
		if err := r.link(ctx, tx, a, &m, in); err != nil {
			return err
		}
		if m.Owner != was.Owner && m.Owner != who.Person {
			if err := r.tell(ctx, tx, m.Owner, notice.Notice{Key: "notice.plan.owner", Args: []string{m.What}, Link: r.path(m.Root, "measures/"+string(id))}); err != nil {
				return err
			}
		}
		return r.network.Record(ctx, tx, who, m.Root, string(id), "measure.edited", nil)
	})
}

// Move moves the day a measure is due. The old one stays beside it, with the reason.
func (r *Room) Move(ctx context.Context, who network.Actor, id MeasureID, version int64, due time.Time, reason string) error {
	return r.network.Act(ctx, who, func(tx *storage.Tx, a network.Access) error {
		m, _, err := r.done(ctx, tx, a, id)
		if err != nil {
			return err
		}
		if m.Version != version {
			return stale()
		}
		reason = line(reason)
		switch {
		case !m.Open():
			return closedMeasure()
		case due.Equal(m.Due):
			return fault.New(fault.Invalid, "it is due that day already").Where("due").Say("plan.due.same")
		}
		if err := first(period("start", "due", m.Start, due), needed("reason", reason, shortLength)); err != nil {
			return err
		}
		if err := r.addDate(ctx, tx, who, id, due, reason); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `UPDATE measure SET due = $2, moves = moves + 1, version = version + 1 WHERE id = $1`, id, due); err != nil {
			return err
		}
		last := due.Add(-time.Second).In(r.network.Zone(m.Network))
		return r.network.Record(ctx, tx, who, m.Root, string(id), "measure.moved", map[string]string{"due": last.Format(time.DateOnly), "reason": reason})
	})
}

func closedMeasure() *fault.Error {
	return fault.New(fault.Conflict, "the measure is done or dropped").Say("plan.measure.closed")
}

// Turn brings a measure into another state. Beginning it needs no reason; finishing it says what came of it.
func (r *Room) Turn(ctx context.Context, who network.Actor, id MeasureID, version int64, to State, reason string) error {
	return r.network.Act(ctx, who, func(tx *storage.Tx, a network.Access) error {
		m, may, err := r.done(ctx, tx, a, id)
		if err != nil {
			return err
		}
		if m.Version != version {
			return stale()
		}
		reason = typed(reason)
		switch {
		case !slices.Contains(next[m.State], to):
			return fault.New(fault.Conflict, "a measure that is %s can't become %s", m.State, to).Say("plan.state")
		case to == Dropped && !may.Keeps:
			return denied()
		}
		if to != Active || !m.Open() {
			if err := first(needed("reason", reason, textLength)); err != nil {
				return err
			}
		}
		if err := r.addStep(ctx, tx, who, id, to, reason); err != nil {
			return err
		}
		reports, err := r.reported(ctx, tx, id)
		if err != nil {
			return err
		}
		m.State, m.Ended = to, time.Time{}
		if !m.Open() {
			m.Ended = r.db.Now()
		}
		_, err = tx.Exec(ctx, `UPDATE measure SET state = $2, ended = $3, owed = $4, version = version + 1 WHERE id = $1`, id, to, micros(m.Ended), micros(r.owed(m, reports)))
		if err != nil {
			return err
		}
		return r.network.Record(ctx, tx, who, m.Root, string(id), "measure."+string(to), map[string]string{"reason": reason})
	})
}

// Raise raises a topic about a measure that is past its day, with the measure's page as its evidence; once for that day: a second time leads
// to the topic that is there.
func (r *Room) Raise(ctx context.Context, who network.Actor, id MeasureID, title, text string, evidence []forum.Citing) (topic forum.TopicID, err error) {
	err = r.network.Act(ctx, who, func(tx *storage.Tx, a network.Access) error {
		m, err := r.measure(ctx, tx, a, id)
		if err != nil {
			return err
		}
		if !a.Registered(m.Root) {
			return denied()
		}
		err = tx.QueryRow(ctx, `SELECT topic FROM measure_topic WHERE measure = $1 AND due = $2`, id, m.Due).Scan(&topic)
		if !noRow(err) {
			return err
		}
		if m.Status(r.db.Now()) != Late {
			return fault.New(fault.Conflict, "the measure isn't past its day").Say("plan.notlate")
		}
		t, err := r.forum.RaiseIn(ctx, tx, a, forum.Raising{Network: m.Network, Body: m.Body, Title: title, Text: text, Lang: m.Lang, Visibility: m.Visibility, Facets: forum.Facets{Kind: "measure"}}, evidence...)
		if err != nil {
			return err
		}
		topic = t.ID
		if _, err := tx.Exec(ctx, `INSERT INTO measure_topic (measure, due, topic, at) VALUES ($1, $2, $3, $4)`, id, m.Due, topic, r.db.Now()); err != nil {
			return err
		}
		return r.network.Record(ctx, tx, who, m.Root, string(id), "measure.raised", map[string]string{"topic": string(topic), "case": t.Case})
	})
	return topic, err
}

// joined gives all that is wrong at once.
func joined(all []*fault.Error) error {
	if len(all) == 1 {
		return all[0]
	}
	return wrongs(all)
}

type wrongs []*fault.Error

func (w wrongs) Error() string { return w[0].Error() }

// Unwrap gives all of them.
func (w wrongs) Unwrap() []error {
	out := make([]error, len(w))
	for i, e := range w {
		out[i] = e
	}
	return out
}

func (r *Room) tell(ctx context.Context, tx *storage.Tx, to network.PersonID, n notice.Notice) error {
	if to == "" {
		return nil
	}
	return r.notices.Tell(ctx, tx, string(to), n)
}

// path is the address of a tenant's page.
func (r *Room) path(root network.ID, to string) string {
	n, ok := r.network.Tree().Network(root)
	if !ok {
		return ""
	}
	return "/n/" + n.Slug + "/" + to
}
