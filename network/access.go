package network

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/samverk/samverk/storage"
)

// Access is what an actor may see and do now.
type Access struct {
	Actor    Actor
	Operator bool // may set up a new root network
	Seats    []Place
	member   map[ID]bool // networks the person is registered with, and those above them
	leads    map[ID]bool // networks the person coordinates
	roots    map[ID]bool
}

// Place is a seat one holds now.
type Place struct {
	Seat    SeatID
	Role    Role
	Sector  Sector
	Body    BodyID
	Kind    BodyKind
	Network ID
	Root    ID
}

// Scope is who may see a noun.
type Scope struct {
	Network    ID
	Body       BodyID // "" for none
	Visibility Visibility
	Named      []PersonID
}

// Registered tells whether the person belongs to the tenant.
func (a Access) Registered(root ID) bool { return a.roots[root] }

// MemberOf tells whether the person is registered with the network or one beneath it.
func (a Access) MemberOf(n ID) bool { return a.member[n] }

// Coordinates tells whether the person holds a seat in the network's secretariat, or looks after it from above.
func (a Access) Coordinates(n ID) bool { return a.leads[n] }

// In tells whether the person holds any seat in the body.
func (a Access) In(b BodyID) bool { _, ok := a.Role(b); return ok }

// Role gives the person's seat in a body: the one with most say where there are several.
func (a Access) Role(b BodyID) (Role, bool) {
	best, found := Role(""), false
	for _, r := range [...]Role{Chair, Member, Deputy, Observer} {
		for _, s := range a.Seats {
			if s.Body == b && s.Role == r && !found {
				best, found = r, true
			}
		}
	}
	return best, found
}

// Chairs tells whether the person is the body's chair.
func (a Access) Chairs(b BodyID) bool { r, _ := a.Role(b); return r == Chair }

// Runs tells whether the person keeps a body's agenda and minutes: its chair, or a coordinator of its network.
func (a Access) Runs(b BodyID, n ID) bool { return a.Chairs(b) || a.Coordinates(n) }

// Sees tells whether a noun is the person's to see.
func (a Access) Sees(s Scope) bool {
	if a.Actor.IsClock() {
		return true
	}
	switch s.Visibility {
	case Public:
		return true
	case NetworkOnly:
		return a.member[s.Network]
	case BodyOnly:
		return s.Body != "" && a.In(s.Body) || a.leads[s.Network]
	case NamedOnly:
		return a.Actor.Person != "" && slices.Contains(s.Named, a.Actor.Person)
	}
	return false
}

// Where is Sees as an SQL condition on a table's columns visibility, network and body, for lists. named is a
// condition for what is for named persons, in which ? is the actor; "" where there is no such thing. The first
// placeholder is $(len(args)+1); what it needs is added to args.
func (a Access) Where(table, named string, args []any) (string, []any) {
	place := func(v any) string {
		args = append(args, v)
		return "$" + strconv.Itoa(len(args))
	}
	set := func(column string, ids []string) string {
		if len(ids) == 0 {
			return "1 = 0"
		}
		places := make([]string, len(ids))
		for i, id := range ids {
			places[i] = place(id)
		}
		return table + column + " IN (" + strings.Join(places, ", ") + ")"
	}
	or := []string{table + "visibility = 'public'"}
	if len(a.member) > 0 {
		or = append(or, "("+table+"visibility = 'network' AND "+set("network", keys(a.member))+")")
	}
	if len(a.Seats) > 0 {
		bodies := map[BodyID]bool{}
		for _, s := range a.Seats {
			bodies[s.Body] = true
		}
		or = append(or, "("+table+"visibility = 'body' AND ("+set("body", keys(bodies))+" OR "+set("network", keys(a.leads))+"))")
	} else if len(a.leads) > 0 {
		or = append(or, "("+table+"visibility = 'body' AND "+set("network", keys(a.leads))+")")
	}
	if named != "" && a.Actor.Person != "" {
		or = append(or, "("+table+"visibility = 'named' AND "+strings.ReplaceAll(named, "?", place(string(a.Actor.Person)))+")")
	}
	return "(" + strings.Join(or, " OR ") + ")", args
}

// Leads lists the networks the person coordinates.
func (a Access) Leads() []ID { return ids(a.leads) }

// Roots lists the tenants the person belongs to.
func (a Access) Roots() []ID { return ids(a.roots) }

func ids(m map[ID]bool) []ID {
	out := make([]ID, 0, len(m))
	for id := range m {
		out = append(out, id)
	}
	slices.Sort(out)
	return out
}

func keys[K ~string](m map[K]bool) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, string(k))
	}
	slices.Sort(out)
	return out
}

// Access works out what an actor may see and do now.
func (r *Registry) Access(ctx context.Context, tx *storage.Tx, who Actor) (Access, error) {
	a := Access{Actor: who, member: map[ID]bool{}, leads: map[ID]bool{}, roots: map[ID]bool{}}
	if who.Person == "" {
		return a, nil
	}
	var operator, erased int64
	err := tx.QueryRow(ctx, `SELECT operator, erased FROM person WHERE id = $1`, who.Person).Scan(&operator, &erased)
	if noRow(err) || erased != 0 {
		return Access{member: a.member, leads: a.leads, roots: a.roots}, nil // nobody
	}
	if err != nil {
		return a, err
	}
	a.Operator = operator != 0
	tree := r.tree.Load()
	if err := r.memberships(ctx, tx, tree, &a); err != nil {
		return a, err
	}
	if err := r.places(ctx, tx, tree, &a); err != nil {
		return a, err
	}
	return a, r.lookAfter(ctx, tx, tree, &a)
}

func (r *Registry) memberships(ctx context.Context, tx *storage.Tx, tree *Tree, a *Access) error {
	rows, err := tx.Query(ctx, `SELECT network FROM membership WHERE person = $1`, a.Actor.Person)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var n ID
		if err := rows.Scan(&n); err != nil {
			return err
		}
		a.join(tree, n)
	}
	return rows.Err()
}

// join makes the person a member of a network and of those above it.
func (a *Access) join(tree *Tree, n ID) {
	for _, up := range tree.Up(n) {
		a.member[up.ID] = true
		a.roots[up.Root] = true
	}
}

func (r *Registry) places(ctx context.Context, tx *storage.Tx, tree *Tree, a *Access) error {
	now := storage.Micros(r.db.Now())
	rows, err := tx.Query(ctx, `SELECT s.id, s.role, s.sector, b.id, b.kind, b.network, b.root
		FROM holding h JOIN seat s ON s.id = h.seat JOIN body b ON b.id = s.body
		WHERE h.person = $1 AND h.starts <= $2 AND (h.ends = 0 OR h.ends > $2) AND s.closed = 0 AND b.closed = 0
		ORDER BY b.sort, b.id, s.sort, s.id`, a.Actor.Person, now)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var p Place
		if err := rows.Scan(&p.Seat, &p.Role, &p.Sector, &p.Body, &p.Kind, &p.Network, &p.Root); err != nil {
			return err
		}
		a.Seats = append(a.Seats, p)
		a.join(tree, p.Network)
		if p.Kind == Secretariat {
			a.leads[p.Network] = true
		}
	}
	return rows.Err()
}

// lookAfter adds the networks beneath those one coordinates whose own secretariat nobody sits in.
func (r *Registry) lookAfter(ctx context.Context, tx *storage.Tx, tree *Tree, a *Access) error {
	if len(a.leads) == 0 {
		return nil
	}
	staffed, err := r.staffed(ctx, tx)
	if err != nil {
		return err
	}
	var down func(ID)
	down = func(n ID) {
		for _, child := range tree.Children(n) {
			if !staffed[child.ID] {
				a.leads[child.ID] = true
				a.member[child.ID] = true
				down(child.ID)
			}
		}
	}
	for _, n := range a.Leads() {
		down(n)
	}
	return nil
}

// staffed lists the networks in whose secretariat somebody sits.
func (r *Registry) staffed(ctx context.Context, tx *storage.Tx) (map[ID]bool, error) {
	rows, err := tx.Query(ctx, `SELECT DISTINCT b.network FROM body b JOIN seat s ON s.body = b.id JOIN holding h ON h.seat = s.id
		WHERE b.kind = 'secretariat' AND b.closed = 0 AND s.closed = 0 AND h.starts <= $1 AND (h.ends = 0 OR h.ends > $1)`,
		storage.Micros(r.db.Now()))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out := map[ID]bool{}
	for rows.Next() {
		var n ID
		if err := rows.Scan(&n); err != nil {
			return nil, err
		}
		out[n] = true
	}
	return out, rows.Err()
}
