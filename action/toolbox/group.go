package toolbox

import (
	"cmp"
	"context"
	"encoding/json"
	"strconv"
	"time"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/lang"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/storage"
)

// Group is how a group works today.
type Group struct {
	ID         string
	Number     string // its case number
	Root       network.ID
	Network    network.ID
	Body       network.BodyID // "": none of the network's
	Model      string
	Name       string
	Since      int    // a year; 0: not told
	Works      string // what works
	Lacks      string // and what doesn't
	Lang       string
	Visibility network.Visibility
	By         network.PersonID
	At         time.Time
	Ended      time.Time
	Evaluate   Schedule  // With "": it isn't
	Next       time.Time // when it is asked next; zero: not
	Version    int64
}

// Scope says who may see the group.
func (g Group) Scope() network.Scope {
	return network.Scope{Network: g.Network, Body: g.Body, Visibility: g.Visibility}
}

const groupColumns = `g.id, g.number, g.root, g.network, g.body, g.model, g.name, g.since, g.works, g.lacks, g.lang, g.visibility, g.person, g.at, g.ended, g.instrument, g.next, g.every, g.version`

func scanGroup(row interface{ Scan(...any) error }) (g Group, err error) {
	var at, ended, next int64
	err = row.Scan(&g.ID, &g.Number, &g.Root, &g.Network, &g.Body, &g.Model, &g.Name, &g.Since, &g.Works, &g.Lacks, &g.Lang, &g.Visibility, &g.By, &at, &ended, &g.Evaluate.With, &next, &g.Evaluate.Every, &g.Version)
	g.At, g.Ended, g.Next = moment(at), moment(ended), moment(next)
	return g, err
}

// GroupFilter chooses groups; what is empty chooses all that go on.
type GroupFilter struct {
	Model string
	Ended bool   // those that have ended too
	After string // the last one before
	Limit int
}

// Groups lists the groups of a tenant that the reader may see, by name.
func (t *Toolbox) Groups(ctx context.Context, who network.Actor, root network.ID, q GroupFilter) (out []Group, err error) {
	err = t.look(ctx, who, func(tx *storage.Tx, a network.Access) error {
		out, err = t.groups(ctx, tx, a, root, q)
		return err
	})
	return out, err
}

func (t *Toolbox) groups(ctx context.Context, tx *storage.Tx, a network.Access, root network.ID, q GroupFilter) (out []Group, err error) {
	where, args := `g.root = $1`, []any{root}
	if q.Model != "" {
		args = append(args, q.Model)
		where += ` AND g.model = $` + strconv.Itoa(len(args))
	}
	if !q.Ended {
		where += ` AND g.ended = 0`
	}
	if q.After != "" {
		args = append(args, q.After)
		where += ` AND (g.model, g.name, g.id) > (SELECT x.model, x.name, x.id FROM toolbox_group x WHERE x.id = $` + strconv.Itoa(len(args)) + `)`
	}
	visible, args := a.Where("g.", "", args)
	args = append(args, max(1, min(q.Limit, 1000)))
	rows, err := tx.Query(ctx, `SELECT `+groupColumns+` FROM toolbox_group g WHERE `+where+` AND `+visible+` ORDER BY g.model, g.name, g.id LIMIT $`+strconv.Itoa(len(args)), args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		g, err := scanGroup(rows)
		if err != nil {
			return nil, err
		}
		out = append(out, g)
	}
	return out, rows.Err()
}

// group finds one that the actor may see.
func (t *Toolbox) group(ctx context.Context, tx *storage.Tx, a network.Access, root network.ID, id string) (Group, error) {
	g, err := scanGroup(tx.QueryRow(ctx, `SELECT `+groupColumns+` FROM toolbox_group g WHERE g.id = $1`, id))
	if noRow(err) || err == nil && (g.Root != root || !a.Sees(g.Scope())) {
		return Group{}, network.Absent()
	}
	return g, err
}

// runs tells who may change what is said of a group: who runs its body, who sits in it, and who described one without.
func (g Group) runs(a network.Access) bool {
	return a.Runs(g.Body, g.Network) || g.Body != "" && a.In(g.Body) || g.Body == "" && g.By == a.Actor.Person && a.Actor.Person != ""
}

// asks tells who may have a group evaluated: who runs its body.
func (g Group) asks(a network.Access) bool { return g.Body != "" && a.Runs(g.Body, g.Network) }

func (g *Group) clean() error {
	g.Name, g.Works, g.Lacks = line(g.Name), typed(g.Works), typed(g.Lacks)
	err := cmp.Or(needed("name", g.Name, 200), short("works", g.Works, textLength), short("lacks", g.Lacks, textLength),
		oneOf("lang", g.Lang, lang.Codes...), oneOf("visibility", g.Visibility, network.Public, network.NetworkOnly, network.BodyOnly))
	if g.Since != 0 && (g.Since < 1900 || g.Since > 2200) {
		err = cmp.Or[error](err, fault.New(fault.Invalid, "this is no year").Where("since").Say("toolbox.year"))
	}
	if g.Visibility == network.BodyOnly && g.Body == "" {
		err = cmp.Or[error](err, fault.New(fault.Invalid, "the group is no body").Where("visibility").Say("toolbox.choose"))
	}
	return err
}

// Describe tells how a group works today. Of a body, who sits in it or runs it does; of another group whoever is registered.
func (t *Toolbox) Describe(ctx context.Context, who network.Actor, g Group) (id string, err error) {
	err = t.act(ctx, who, func(tx *storage.Tx, a network.Access) error {
		g := g
		if err := t.place(ctx, tx, a, &g); err != nil {
			return err
		}
		id, err = t.insertGroup(ctx, tx, who, &g)
		return err
	})
	return id, err
}

// place finds where a group is, and judges whether the actor may describe it.
func (t *Toolbox) place(ctx context.Context, tx *storage.Tx, a network.Access, g *Group) error {
	if g.Body != "" {
		b, err := t.network.Body(ctx, tx, g.Body)
		if err != nil || !a.Sees(b.Scope()) {
			return cmp.Or[error](err, network.Absent())
		}
		if !b.Closed.IsZero() {
			return fault.New(fault.Conflict, "the body is closed").Where("body").Say("toolbox.closed")
		}
		if !a.Runs(b.ID, b.Network) && !a.In(b.ID) {
			return fault.New(fault.Denied, "the body is described by those who sit in it").Where("body").Say("toolbox.body")
		}
		g.Network = b.Network
		if line(g.Name) == "" {
			g.Name, _ = b.Name.In(g.Lang)
		}
	}
	n, ok := t.network.Tree().Network(g.Network)
	if !ok || !a.Registered(n.Root) {
		return network.Absent()
	}
	g.Root, g.Lang, g.Visibility = n.Root, cmp.Or(g.Lang, n.Lang), cmp.Or(g.Visibility, network.NetworkOnly)
	all, err := t.catalogue(ctx, tx, g.Root)
	if err != nil {
		return err
	}
	if _, ok := find(all, g.Model); !ok {
		return fault.New(fault.Invalid, "there is no such model").Where("model").Say("toolbox.choose")
	}
	return g.clean()
}

func (t *Toolbox) insertGroup(ctx context.Context, tx *storage.Tx, who network.Actor, g *Group) (id string, err error) {
	if id, err = t.db.NewID(); err != nil {
		return "", err
	}
	if g.Number, err = t.forum.NextCase(ctx, tx, g.Root); err != nil {
		return "", err
	}
	_, err = tx.Exec(ctx, `INSERT INTO toolbox_group (id, number, root, network, body, model, name, since, works, lacks, lang, visibility, person, at, ended, instrument, next, every, version)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, 0, $15, $16, $17, 1)`,
		id, g.Number, g.Root, g.Network, g.Body, g.Model, g.Name, g.Since, g.Works, g.Lacks, g.Lang, g.Visibility, who.Person, t.db.Now(), g.Evaluate.With, micros(g.Next), g.Evaluate.Every)
	if err != nil {
		return "", err
	}
	return id, t.network.Record(ctx, tx, who, g.Root, id, "toolbox.described", map[string]string{"model": g.Model})
}

// EditGroup changes what is said of a group. Its history keeps by which model it worked before.
func (t *Toolbox) EditGroup(ctx context.Context, who network.Actor, root network.ID, g Group) error {
	return t.act(ctx, who, func(tx *storage.Tx, a network.Access) error {
		old, err := t.group(ctx, tx, a, root, g.ID)
		if err != nil {
			return err
		}
		if !old.runs(a) || !old.Ended.IsZero() {
			return denied()
		}
		now := old
		now.Model, now.Name, now.Since, now.Works, now.Lacks, now.Lang, now.Visibility = g.Model, g.Name, g.Since, g.Works, g.Lacks, g.Lang, g.Visibility
		if err := t.place(ctx, tx, a, &now); err != nil {
			return err
		}
		done, err := tx.Exec(ctx, `UPDATE toolbox_group SET model = $3, name = $4, since = $5, works = $6, lacks = $7, lang = $8, visibility = $9, version = version + 1 WHERE id = $1 AND version = $2`,
			g.ID, g.Version, now.Model, now.Name, now.Since, now.Works, now.Lacks, now.Lang, now.Visibility)
		if err != nil {
			return err
		}
		if n, err := done.RowsAffected(); err != nil || n == 0 {
			return cmp.Or[error](err, stale())
		}
		return t.network.Record(ctx, tx, who, root, g.ID, "toolbox.edited", map[string]string{"was": old.Model, "model": now.Model})
	})
}

// EndGroup says that a group no longer works so. What was measured stays.
func (t *Toolbox) EndGroup(ctx context.Context, who network.Actor, root network.ID, id string) error {
	return t.act(ctx, who, func(tx *storage.Tx, a network.Access) error {
		g, err := t.group(ctx, tx, a, root, id)
		if err != nil {
			return err
		}
		if !g.runs(a) || !g.Ended.IsZero() {
			return denied()
		}
		if _, err := tx.Exec(ctx, `UPDATE toolbox_group SET ended = $2, next = 0, version = version + 1 WHERE id = $1`, id, t.db.Now()); err != nil {
			return err
		}
		return t.network.Record(ctx, tx, who, root, id, "toolbox.ended", nil)
	})
}

// Use is how many groups work by a model, and how they were judged.
type Use struct {
	Model  string
	Groups int
	Shown  int     // values in whole batches, over all items
	Mean   float64 // of them, 1 to 5; 0 where there is none
}

// Uses tells which models are used in a tenant, of the groups that the reader may see.
func (t *Toolbox) Uses(ctx context.Context, who network.Actor, root network.ID) (out map[string]Use, err error) {
	err = t.look(ctx, who, func(tx *storage.Tx, a network.Access) error {
		out, err = t.uses(ctx, tx, a, root)
		return err
	})
	return out, err
}

func (t *Toolbox) uses(ctx context.Context, tx *storage.Tx, a network.Access, root network.ID) (map[string]Use, error) {
	out := map[string]Use{}
	visible, args := a.Where("g.", "", []any{root})
	rows, err := tx.Query(ctx, `SELECT g.model, COUNT(*) FROM toolbox_group g WHERE g.root = $1 AND g.ended = 0 AND `+visible+` GROUP BY g.model`, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var u Use
		if err := rows.Scan(&u.Model, &u.Groups); err != nil {
			return nil, err
		}
		out[u.Model] = u
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	rows.Close()
	// Which counts stand beside which model follows from whole batches only, so also a sum over few groups is of five values or of none.
	if rows, err = tx.Query(ctx, `SELECT g.model, b.counts FROM toolbox_group g JOIN toolbox_round r ON r.grp = g.id JOIN toolbox_batch b ON b.round = r.id WHERE g.root = $1 AND `+visible+` LIMIT 20000`, args...); err != nil {
		return nil, err
	}
	defer rows.Close()
	sums := map[string]int{}
	for rows.Next() {
		var model, text string
		if err := rows.Scan(&model, &text); err != nil {
			return nil, err
		}
		c, err := readCounts(text)
		if err != nil {
			return nil, err
		}
		u := out[model]
		u.Model, u.Shown = model, u.Shown+c.N()
		for i, n := range c {
			sums[model] += (i + 1) * n
		}
		out[model] = u
	}
	for model, u := range out {
		if u.Shown > 0 {
			u.Mean = float64(sums[model]) / float64(u.Shown)
			out[model] = u
		}
	}
	return out, rows.Err()
}

// Counts are how many gave each value from 1 to 5.
type Counts [5]int

// N is how many values there are.
func (c Counts) N() (n int) {
	for _, x := range c {
		n += x
	}
	return n
}

// Mean of the values, 1 to 5; 0 where there is none.
func (c Counts) Mean() float64 {
	sum := 0
	for i, n := range c {
		sum += (i + 1) * n
	}
	return float64(sum) / float64(max(c.N(), 1))
}

func readCounts(text string) (c Counts, err error) {
	if text == "" {
		return c, nil
	}
	if err := json.Unmarshal([]byte(text), &c); err != nil {
		return c, fault.Wrap(fault.Internal, err, "counts can't be read")
	}
	return c, nil
}
