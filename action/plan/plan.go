package plan

import (
	"context"
	"embed"
	"encoding/json"
	"time"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/forum"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/notice"
	"github.com/samverk/samverk/storage"
)

// Migrations are the room's tables, for storage.Options.
//
//go:embed migrations/*.sql
var Migrations embed.FS

// Room is the room, opened. Its methods may be called from many goroutines.
type Room struct {
	db      *storage.DB
	network *network.Registry
	forum   *forum.Forum
	notices *notice.Notices
}

// Open gives the room over a database that has its tables.
func Open(_ context.Context, db *storage.DB, n *network.Registry, f *forum.Forum, told *notice.Notices) (*Room, error) {
	return &Room{db: db, network: n, forum: f, notices: told}, nil
}

// Draft is a plan as somebody writes it.
type Draft struct {
	Network      network.ID     // that of Body when there is one
	Body         network.BodyID // "" for none
	Organisation network.OrganisationID
	Title, Text  string
	Lang         string
	Visibility   network.Visibility
	From, To     time.Time
	Decision     forum.DecisionID
}

// keeps tells whether the actor keeps the plan.
func keeps(a network.Access, p Plan) bool { return a.Runs(p.Body, p.Network) }

// Make makes a plan.
func (r *Room) Make(ctx context.Context, who network.Actor, in Draft) (id ID, err error) {
	if err := r.decided(ctx, who, in.Decision); err != nil {
		return "", err
	}
	err = r.network.Act(ctx, who, func(tx *storage.Tx, a network.Access) error {
		p := Plan{Network: in.Network, Body: in.Body, Organisation: in.Organisation, Decision: in.Decision, By: who.Person, Made: r.db.Now(), Version: 1}
		p.write(in)
		if err := r.settle(ctx, tx, a, &p); err != nil {
			return err
		}
		made, err := r.db.NewID()
		if err != nil {
			return err
		}
		p.ID = ID(made)
		if p.Case, err = r.forum.NextCase(ctx, tx, p.Root); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `INSERT INTO plan (id, case_number, root, network, body, organisation, title, text, lang, visibility, starts, ends, decision, person, made, closed, version)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, 0, 1)`,
			p.ID, p.Case, p.Root, p.Network, p.Body, p.Organisation, p.Title, p.Text, p.Lang, p.Visibility, p.From, p.To, p.Decision, p.By, p.Made)
		if err != nil {
			return err
		}
		id = p.ID
		return r.network.Record(ctx, tx, who, p.Root, made, "plan.made", nil)
	})
	return id, err
}

func (p *Plan) write(in Draft) {
	p.Title, p.Text, p.Lang, p.Visibility, p.From, p.To = line(in.Title), typed(in.Text), in.Lang, in.Visibility, in.From, in.To
}

// settle finds where a plan belongs, and judges whether the actor may keep it there and whether it can be kept.
func (r *Room) settle(ctx context.Context, tx *storage.Tx, a network.Access, p *Plan) error {
	if p.Body != "" {
		b, err := r.network.Body(ctx, tx, p.Body)
		if err != nil || !a.Sees(b.Scope()) {
			return network.Absent()
		}
		p.Network = b.Network
	}
	n, ok := r.network.Tree().Network(p.Network)
	if !ok || !a.Registered(n.Root) {
		return network.Absent()
	}
	if !keeps(a, *p) {
		return denied()
	}
	p.Root = n.Root
	if p.Lang == "" {
		p.Lang = n.Lang
	}
	if p.Visibility == "" {
		p.Visibility = network.NetworkOnly
	}
	if p.Organisation != "" {
		o, err := r.network.Organisation(ctx, tx, p.Organisation)
		if err != nil || o.Root != p.Root {
			return network.Absent()
		}
	}
	seen := []network.Visibility{network.Public, network.NetworkOnly}
	if p.Body != "" {
		seen = append(seen, network.BodyOnly)
	}
	return first(needed("title", p.Title, titleLength), short("text", p.Text, textLength), oneOf("lang", p.Lang, "sv", "nb", "en"), oneOf("visibility", p.Visibility, seen...), period("from", "to", p.From, p.To))
}

// longest is how long a plan or a measure may be.
const longest = 20 * 366 * 24 * time.Hour

func period(from, to string, a, b time.Time) *fault.Error {
	switch {
	case a.IsZero():
		return fault.New(fault.Invalid, "this must be given").Where(from).Say("plan.missing")
	case b.IsZero():
		return fault.New(fault.Invalid, "this must be given").Where(to).Say("plan.missing")
	case !b.After(a):
		return fault.New(fault.Invalid, "it ends before it begins").Where(to).Say("plan.period")
	case b.Sub(a) > longest || a.Year() < 1990:
		return fault.New(fault.Invalid, "the period is longer than twenty years, or long ago").Where(to).Say("plan.period.long")
	}
	return nil
}

// decided finds that the actor may see a decision that something is to rest on.
func (r *Room) decided(ctx context.Context, who network.Actor, id forum.DecisionID) error {
	if id == "" {
		return nil
	}
	_, err := r.forum.Decision(ctx, who, id)
	if fault.KindOf(err) == fault.NotFound && err != nil {
		return fault.New(fault.Invalid, "there is no such decision").Where("decision").Say("plan.decision")
	}
	return err
}

const planColumns = `p.id, p.case_number, p.root, p.network, p.body, p.organisation, p.title, p.text, p.lang, p.visibility, p.starts, p.ends, p.decision, p.person, p.made, p.closed, p.version`

func (r *Room) scanPlan(row interface{ Scan(...any) error }, more ...any) (p Plan, err error) {
	var from, to, made, closed int64
	err = row.Scan(append([]any{&p.ID, &p.Case, &p.Root, &p.Network, &p.Body, &p.Organisation, &p.Title, &p.Text, &p.Lang, &p.Visibility, &from, &to, &p.Decision, &p.By, &made, &closed, &p.Version}, more...)...)
	zone := r.network.Zone(p.Network)
	p.From, p.To, p.Made, p.Closed = moment(from, zone), moment(to, zone), moment(made, zone), moment(closed, zone)
	return p, err
}

// plan finds a plan that the reader may see.
func (r *Room) plan(ctx context.Context, tx *storage.Tx, a network.Access, id ID) (Plan, error) {
	p, err := r.scanPlan(tx.QueryRow(ctx, `SELECT `+planColumns+` FROM plan p WHERE p.id = $1`, id))
	if noRow(err) || err == nil && !a.Sees(p.Scope()) {
		return Plan{}, network.Absent()
	}
	return p, err
}

// kept finds a plan that the actor keeps and that runs.
func (r *Room) kept(ctx context.Context, tx *storage.Tx, a network.Access, id ID) (Plan, error) {
	p, err := r.plan(ctx, tx, a, id)
	switch {
	case err != nil:
		return p, err
	case !keeps(a, p):
		return p, denied()
	case !p.Closed.IsZero():
		return p, ended()
	}
	return p, nil
}

// Edit changes a plan from a version of it. Measures are shown to no more people than it.
func (r *Room) Edit(ctx context.Context, who network.Actor, id ID, version int64, in Draft) error {
	return r.network.Act(ctx, who, func(tx *storage.Tx, a network.Access) error {
		p, err := r.kept(ctx, tx, a, id)
		if err != nil {
			return err
		}
		if p.Version != version {
			return stale()
		}
		was := p
		in.Lang = p.Lang
		p.write(in)
		if err := r.settle(ctx, tx, a, &p); err != nil {
			return err
		}
		if err := r.past(ctx, tx, who, string(id), version, was); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `UPDATE plan SET title = $2, text = $3, visibility = $4, starts = $5, ends = $6, version = version + 1 WHERE id = $1`, id, p.Title, p.Text, p.Visibility, p.From, p.To)
		if err != nil {
			return err
		}
		if narrower := wider(p.Visibility); len(narrower) > 0 {
			in, args := places([]any{id, p.Visibility}, narrower)
			if _, err := tx.Exec(ctx, `UPDATE measure SET visibility = $2 WHERE plan = $1 AND visibility IN (`+in+`)`, args...); err != nil {
				return err
			}
		}
		return r.network.Record(ctx, tx, who, p.Root, string(id), "plan.edited", nil)
	})
}

// wider lists what is seen by more people.
func wider(v network.Visibility) []network.Visibility {
	switch v {
	case network.BodyOnly:
		return []network.Visibility{network.Public, network.NetworkOnly}
	case network.NetworkOnly:
		return []network.Visibility{network.Public}
	}
	return nil
}

// past keeps what something said before it was edited.
func (r *Room) past(ctx context.Context, tx *storage.Tx, who network.Actor, subject string, version int64, was any) error {
	b, err := json.Marshal(was)
	if err != nil {
		return fault.Wrap(fault.Internal, err, "what was edited can't be kept")
	}
	_, err = tx.Exec(ctx, `INSERT INTO plan_past (subject, version, was, person, at) VALUES ($1, $2, $3, $4, $5)`, subject, version, string(b), who.Person, r.db.Now())
	return err
}

// Close ends a plan: nothing is added to it any more, and its open measures are owed no reports.
func (r *Room) Close(ctx context.Context, who network.Actor, id ID, reason string) error {
	return r.network.Act(ctx, who, func(tx *storage.Tx, a network.Access) error {
		p, err := r.kept(ctx, tx, a, id)
		if err != nil {
			return err
		}
		reason = line(reason)
		if err := first(needed("reason", reason, shortLength)); err != nil {
			return err
		}
		var open int
		if err := tx.QueryRow(ctx, `SELECT COUNT(*) FROM measure WHERE plan = $1 AND state IN ('planned', 'active')`, id).Scan(&open); err != nil {
			return err
		}
		if open > 0 {
			return fault.New(fault.Conflict, "%d measures are open", open).Say("plan.open", open).Do("finish them, or drop them with the reason")
		}
		if _, err := tx.Exec(ctx, `UPDATE plan SET closed = $2, version = version + 1 WHERE id = $1`, id, r.db.Now()); err != nil {
			return err
		}
		return r.network.Record(ctx, tx, who, p.Root, string(id), "plan.closed", map[string]string{"reason": reason})
	})
}

// deepest is how many goals stand over one another at most; most is how many goals and areas a plan has.
const (
	deepest = 5
	most    = 200
)

// AddGoal adds a goal beneath another; parent is "" for one at the top.
func (r *Room) AddGoal(ctx context.Context, who network.Actor, id ID, parent, title string) (made string, err error) {
	err = r.network.Act(ctx, who, func(tx *storage.Tx, a network.Access) error {
		p, err := r.kept(ctx, tx, a, id)
		if err != nil {
			return err
		}
		title = line(title)
		if err := first(needed("title", title, titleLength)); err != nil {
			return err
		}
		goals, err := r.goals(ctx, tx, id)
		if err != nil {
			return err
		}
		if len(goals) >= most {
			return fault.New(fault.Conflict, "a plan has %d goals at most", most).Where("title").Say("plan.many", most)
		}
		if parent != "" {
			at := -1
			for _, g := range goals {
				if g.ID == parent {
					at = g.Depth
				}
			}
			if at < 0 {
				return fault.New(fault.Invalid, "there is no such goal").Where("parent").Say("plan.choice")
			}
			if at+1 >= deepest {
				return fault.New(fault.Invalid, "goals stand in %d rows at most", deepest).Where("parent").Say("plan.deep", deepest)
			}
		}
		if made, err = r.db.NewID(); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `INSERT INTO plan_goal (id, plan, parent, title, sort, closed) VALUES ($1, $2, $3, $4, (SELECT COALESCE(MAX(sort), 0) + 1 FROM plan_goal WHERE plan = $2), 0)`, made, id, parent, title)
		if err != nil {
			return err
		}
		return r.network.Record(ctx, tx, who, p.Root, string(id), "plan.goal", map[string]string{"title": title})
	})
	return made, err
}

// AddArea adds an area.
func (r *Room) AddArea(ctx context.Context, who network.Actor, id ID, title string) (made string, err error) {
	err = r.network.Act(ctx, who, func(tx *storage.Tx, a network.Access) error {
		p, err := r.kept(ctx, tx, a, id)
		if err != nil {
			return err
		}
		title = line(title)
		if err := first(needed("title", title, titleLength)); err != nil {
			return err
		}
		areas, err := r.areas(ctx, tx, id)
		if err != nil {
			return err
		}
		if len(areas) >= most {
			return fault.New(fault.Conflict, "a plan has %d areas at most", most).Where("title").Say("plan.many", most)
		}
		if made, err = r.db.NewID(); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `INSERT INTO plan_area (id, plan, title, sort, closed) VALUES ($1, $2, $3, (SELECT COALESCE(MAX(sort), 0) + 1 FROM plan_area WHERE plan = $2), 0)`, made, id, title)
		if err != nil {
			return err
		}
		return r.network.Record(ctx, tx, who, p.Root, string(id), "plan.area", map[string]string{"title": title})
	})
	return made, err
}

// Remove takes away a goal without goals beneath it, or an area, that no measure stands under.
func (r *Room) Remove(ctx context.Context, who network.Actor, id ID, part string) error {
	return r.network.Act(ctx, who, func(tx *storage.Tx, a network.Access) error {
		p, err := r.kept(ctx, tx, a, id)
		if err != nil {
			return err
		}
		var used int
		err = tx.QueryRow(ctx, `SELECT (SELECT COUNT(*) FROM measure WHERE plan = $1 AND (goal = $2 OR area = $2)) + (SELECT COUNT(*) FROM plan_goal WHERE plan = $1 AND parent = $2 AND closed = 0)`, id, part).Scan(&used)
		if err != nil {
			return err
		}
		if used > 0 {
			return fault.New(fault.Conflict, "something stands under it").Say("plan.used")
		}
		for _, table := range []string{"plan_goal", "plan_area"} {
			if _, err := tx.Exec(ctx, `UPDATE `+table+` SET closed = $3 WHERE plan = $1 AND id = $2 AND closed = 0`, id, part, r.db.Now()); err != nil {
				return err
			}
		}
		return r.network.Record(ctx, tx, who, p.Root, string(id), "plan.removed", nil)
	})
}

// goals lists a plan's goals as a tree is read: each before those beneath it.
func (r *Room) goals(ctx context.Context, tx *storage.Tx, id ID) (out []Goal, err error) {
	rows, err := tx.Query(ctx, `SELECT id, parent, title FROM plan_goal WHERE plan = $1 AND closed = 0 ORDER BY sort, id`, id)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	under := map[string][]Goal{}
	for rows.Next() {
		var g Goal
		if err := rows.Scan(&g.ID, &g.Parent, &g.Title); err != nil {
			return nil, err
		}
		under[g.Parent] = append(under[g.Parent], g)
	}
	var down func(parent string, depth int)
	down = func(parent string, depth int) {
		for _, g := range under[parent] {
			g.Depth = depth
			out = append(out, g)
			down(g.ID, depth+1)
		}
	}
	down("", 0)
	return out, rows.Err()
}

func (r *Room) areas(ctx context.Context, tx *storage.Tx, id ID) (out []Area, err error) {
	rows, err := tx.Query(ctx, `SELECT id, title FROM plan_area WHERE plan = $1 AND closed = 0 ORDER BY sort, id`, id)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var a Area
		if err := rows.Scan(&a.ID, &a.Title); err != nil {
			return nil, err
		}
		out = append(out, a)
	}
	return out, rows.Err()
}
