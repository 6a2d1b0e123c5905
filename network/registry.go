package network

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"sync/atomic"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/notice"
	"github.com/samverk/samverk/storage"
)

// Migrations are the room's tables, for storage.Options.
//
//go:embed migrations/*.sql
var Migrations embed.FS

// Registry is the room, opened. Its methods may be called from many goroutines.
type Registry struct {
	db      *storage.DB
	tree    atomic.Pointer[Tree]
	told    *notice.Notices // nil: nobody is told anything
	leaving []Leave
}

// Leave removes what another room keeps of a person who erases themself.
type Leave func(context.Context, *storage.Tx, PersonID) error

// Through makes people be told of their terms and candidates. To be called before anything else is.
func (r *Registry) Through(n *notice.Notices) { r.told = n }

// OnErase adds what is to be removed with a person, in the same transaction. To be called before anything else is.
func (r *Registry) OnErase(f Leave) { r.leaving = append(r.leaving, f) }

// Open reads the tree of networks, which is small and asked for with every page.
func Open(ctx context.Context, db *storage.DB) (*Registry, error) {
	r := &Registry{db: db}
	return r, db.Read(ctx, func(tx *storage.Tx) error {
		t, err := readTree(ctx, tx)
		if err == nil {
			r.tree.Store(t)
		}
		return err
	})
}

// Tree is every network there is, as it was when it was taken.
type Tree struct {
	all      map[ID]*Network
	children map[ID][]*Network // in their order; of "": the roots
}

// Tree gives the networks as they are now.
func (r *Registry) Tree() *Tree { return r.tree.Load() }

// Network finds one.
func (t *Tree) Network(id ID) (*Network, bool) { n, ok := t.all[id]; return n, ok }

// Roots lists the tenants.
func (t *Tree) Roots() []*Network { return t.children[""] }

// Root finds a tenant by the slug in its pages' addresses.
func (t *Tree) Root(slug string) (*Network, bool) {
	for _, n := range t.Roots() {
		if n.Slug == slug {
			return n, true
		}
	}
	return nil, false
}

// Children lists the networks right beneath one.
func (t *Tree) Children(id ID) []*Network { return t.children[id] }

// Up lists a network and those above it, the root last; nothing for an unknown one.
func (t *Tree) Up(id ID) (up []*Network) {
	for n, ok := t.all[id]; ok; n, ok = t.all[n.Parent] {
		up = append(up, n)
	}
	return up
}

// Down lists a network and all beneath it, each before those beneath it.
func (t *Tree) Down(id ID) (down []*Network) {
	n, ok := t.all[id]
	if !ok {
		return nil
	}
	down = append(down, n)
	for _, c := range t.children[id] {
		down = append(down, t.Down(c.ID)...)
	}
	return down
}

func readTree(ctx context.Context, tx *storage.Tx) (*Tree, error) {
	rows, err := tx.Query(ctx, `SELECT id, COALESCE(parent, ''), root, slug, kind, name, about, country, lang, zone, field, demo, created, closed, version
		FROM network ORDER BY sort, created, id`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	t := &Tree{all: map[ID]*Network{}, children: map[ID][]*Network{}}
	for rows.Next() {
		n := &Network{}
		var demo, created, closed int64
		err := rows.Scan(&n.ID, &n.Parent, &n.Root, &n.Slug, &n.Kind, &n.Name, &n.About, &n.Country, &n.Lang, &n.Zone, &n.Field, &demo, &created, &closed, &n.Version)
		if err != nil {
			return nil, err
		}
		n.Demo, n.Created = demo != 0, storage.Time(created)
		if closed != 0 {
			n.Closed = storage.Time(closed)
		}
		t.all[n.ID] = n
		t.children[n.Parent] = append(t.children[n.Parent], n)
	}
	return t, rows.Err()
}

// changed makes the tree that a transaction leaves behind everybody's once it is committed. Call it after the last change to networks.
func (r *Registry) changed(ctx context.Context, tx *storage.Tx) error {
	t, err := readTree(ctx, tx)
	if err != nil {
		return err
	}
	tx.OnCommit(func() { r.tree.Store(t) })
	return nil
}

// Body finds a body; whether it is the reader's to see is the caller's question (Access.Sees(b.Scope())).
func (r *Registry) Body(ctx context.Context, tx *storage.Tx, id BodyID) (Body, error) {
	b, err := scanBody(tx.QueryRow(ctx, `SELECT `+bodyColumns+` FROM body WHERE id = $1`, id))
	if noRow(err) {
		return b, Absent()
	}
	return b, err
}

// Scope says who may see the body.
func (b Body) Scope() Scope { return Scope{Network: b.Network, Body: b.ID, Visibility: b.Visibility} }

const bodyColumns = `id, network, root, kind, name, task, mandate, visibility, input_days, answer_days, paper_days, starts, ends, closed, version`

func scanBody(row interface{ Scan(...any) error }) (b Body, err error) {
	var from, to, closed int64
	err = row.Scan(&b.ID, &b.Network, &b.Root, &b.Kind, &b.Name, &b.Task, &b.Mandate, &b.Visibility, &b.InputDays, &b.AnswerDays, &b.PaperDays, &from, &to, &closed, &b.Version)
	b.From = storage.Time(from)
	if to != 0 {
		b.To = storage.Time(to)
	}
	if closed != 0 {
		b.Closed = storage.Time(closed)
	}
	return b, err
}

// Rules lists a body's composition rules in their order.
func (r *Registry) Rules(ctx context.Context, tx *storage.Tx, body BodyID) ([]Rule, error) {
	rows, err := tx.Query(ctx, `SELECT id, kind, n, sector, organisation_kind FROM body_rule WHERE body = $1 ORDER BY sort, id`, body)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []Rule
	for rows.Next() {
		var x Rule
		if err := rows.Scan(&x.ID, &x.Kind, &x.N, &x.Sector, &x.OrganisationKind); err != nil {
			return nil, err
		}
		out = append(out, x)
	}
	return out, rows.Err()
}

// SeatsAt lists a body's seats with who held them at a time, in micros; seats closed before it are left out.
func (r *Registry) SeatsAt(ctx context.Context, tx *storage.Tx, body BodyID, at int64) ([]Held, error) {
	rows, err := tx.Query(ctx, `SELECT s.id, s.body, s.role, s.sector, COALESCE(s.nominator, ''), COALESCE(s.deputy_for, ''), s.sort, s.version,
			COALESCE(o.kind, ''), COALESCE(o.name, ''), COALESCE(h.id, ''), COALESCE(h.person, ''), COALESCE(p.name, ''), COALESCE(h.starts, 0), COALESCE(h.ends, 0)
		FROM seat s LEFT JOIN organisation o ON o.id = s.nominator
			LEFT JOIN holding h ON h.seat = s.id AND h.starts <= $2 AND (h.ends = 0 OR h.ends > $2)
			LEFT JOIN person p ON p.id = h.person
		WHERE s.body = $1 AND (s.closed = 0 OR s.closed > $2) ORDER BY s.sort, s.id`, body, at)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []Held
	for rows.Next() {
		var s Held
		var from, to int64
		err := rows.Scan(&s.ID, &s.Body, &s.Role, &s.Sector, &s.Nominator, &s.DeputyFor, &s.Order, &s.Version,
			&s.NominatorKind, &s.NominatorName, &s.Holding, &s.Person, &s.Name, &from, &to)
		if err != nil {
			return nil, err
		}
		if s.Person != "" {
			s.From = storage.Time(from)
		}
		if to != 0 {
			s.To = storage.Time(to)
		}
		out = append(out, s)
	}
	return out, rows.Err()
}

// PersonName gives a person's name: "" once erased, and for nobody.
func (r *Registry) PersonName(ctx context.Context, tx *storage.Tx, id PersonID) (string, error) {
	var name string
	err := tx.QueryRow(ctx, `SELECT name FROM person WHERE id = $1`, id).Scan(&name)
	if noRow(err) {
		return "", nil
	}
	return name, err
}

func noRow(err error) bool { return errors.Is(err, sql.ErrNoRows) }

// stale is the answer to an edit that began from an older version.
func stale() *fault.Error {
	return fault.New(fault.Conflict, "somebody else changed this meanwhile").Say("edit.conflict").Do("compare both texts and save again")
}
