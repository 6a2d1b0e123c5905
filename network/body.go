package network

import (
	"context"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/storage"
)

// What a body has when nothing else is said, days.
const (
	defaultInputDays  = 14
	defaultAnswerDays = 60
	defaultPaperDays  = 7
)

// The kinds of body and of mandate, in the order they are shown.
var (
	BodyKinds = []BodyKind{SteeringGroup, CoordinationGroup, WorkingGroup, ExpertNetwork, Council, Secretariat}
	Mandates  = []Mandate{Decides, Recommends, Advises}
)

func (b *Body) clean() (err error) {
	if b.Name, err = namedText("name", b.Name); err != nil {
		return err
	}
	if b.Task, err = longText("task", b.Task); err != nil {
		return err
	}
	if err := oneOf("kind", b.Kind, BodyKinds...); err != nil {
		return err
	}
	if err := oneOf("mandate", b.Mandate, Mandates...); err != nil {
		return err
	}
	if err := oneOf("visibility", b.Visibility, Public, NetworkOnly, BodyOnly); err != nil {
		return err
	}
	for _, d := range [...]struct {
		field string
		days  int
	}{{"input", b.InputDays}, {"answer", b.AnswerDays}, {"paper", b.PaperDays}} {
		if d.days < 0 || d.days > 1000 {
			return fault.New(fault.Invalid, "%d is no number of days from 0 to 1000", d.days).Where(d.field).Say("network.days")
		}
	}
	if !b.To.IsZero() && !b.To.After(b.From) {
		return endsFirst("to")
	}
	return nil
}

func endsFirst(field string) error {
	return fault.New(fault.Invalid, "it ends before it begins").Where(field).Say("network.ends")
}

func (r *Registry) insertBody(ctx context.Context, tx *storage.Tx, b *Body) error {
	if b.Visibility == "" {
		b.Visibility = Public
	}
	if b.From.IsZero() {
		b.From = r.db.Now()
	}
	if err := b.clean(); err != nil {
		return err
	}
	id, err := r.db.NewID()
	if err != nil {
		return err
	}
	b.ID, b.Version = BodyID(id), 1
	_, err = tx.Exec(ctx, `INSERT INTO body (id, network, root, kind, name, task, mandate, visibility, input_days, answer_days, paper_days, starts, ends, sort, closed, version)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, (SELECT COALESCE(MAX(sort), 0) + 1 FROM body WHERE network = $2), 0, 1)`,
		b.ID, b.Network, b.Root, b.Kind, b.Name.Column(), b.Task.Column(), b.Mandate, b.Visibility, b.InputDays, b.AnswerDays, b.PaperDays, b.From, micros(b.To))
	return err
}

// AddBody adds a body to a network: for its coordinators. All three numbers of days are the usual ones when all are 0.
func (r *Registry) AddBody(ctx context.Context, who Actor, b Body) (BodyID, error) {
	err := r.act(ctx, who, func(tx *storage.Tx, a Access) error {
		b := &b
		n, err := r.coordinated(a, b.Network)
		if err != nil {
			return err
		}
		if !n.Closed.IsZero() {
			return closed()
		}
		if b.InputDays == 0 && b.AnswerDays == 0 && b.PaperDays == 0 {
			b.InputDays, b.AnswerDays, b.PaperDays = defaultInputDays, defaultAnswerDays, defaultPaperDays
		}
		b.Root = n.Root
		if err := r.insertBody(ctx, tx, b); err != nil {
			return err
		}
		return r.Record(ctx, tx, who, b.Root, string(b.ID), "body.added", nil)
	})
	return b.ID, err
}

// EditBody changes a body; it stays in its network.
func (r *Registry) EditBody(ctx context.Context, who Actor, b Body) error {
	return r.act(ctx, who, func(tx *storage.Tx, a Access) error {
		old, err := r.mayChange(ctx, tx, a, b.ID)
		if err != nil {
			return err
		}
		if b.From.IsZero() {
			b.From = old.From
		}
		if err := b.clean(); err != nil {
			return err
		}
		err = r.update(ctx, tx, `UPDATE body SET kind = $3, name = $4, task = $5, mandate = $6, visibility = $7, input_days = $8, answer_days = $9,
			paper_days = $10, starts = $11, ends = $12, version = version + 1 WHERE id = $1 AND version = $2`,
			b.ID, b.Version, b.Kind, b.Name.Column(), b.Task.Column(), b.Mandate, b.Visibility, b.InputDays, b.AnswerDays, b.PaperDays, b.From, micros(b.To))
		if err != nil {
			return err
		}
		details := map[string]string{}
		if old.Mandate != b.Mandate {
			details["mandate"] = string(b.Mandate)
		}
		return r.Record(ctx, tx, who, old.Root, string(b.ID), "body.edited", details)
	})
}

// CloseBody ends a body, and with it whatever is held in it, now.
func (r *Registry) CloseBody(ctx context.Context, who Actor, id BodyID, version int64) error {
	return r.act(ctx, who, func(tx *storage.Tx, a Access) error {
		b, err := r.mayChange(ctx, tx, a, id)
		if err != nil {
			return err
		}
		now := r.db.Now()
		if err := r.update(ctx, tx, `UPDATE body SET closed = $3, version = version + 1 WHERE id = $1 AND version = $2`, id, version, now); err != nil {
			return err
		}
		open, err := r.holdings(ctx, tx, `s.body = $1 AND (h.ends = 0 OR h.ends > $2)`, id, now)
		if err != nil {
			return err
		}
		for _, h := range open {
			if err := r.cut(ctx, tx, who, h, now, ""); err != nil {
				return err
			}
		}
		return r.Record(ctx, tx, who, b.Root, string(id), "body.closed", nil)
	})
}

// mostRules bounds what a body's composition asks for.
const mostRules = 30

// SetRules replaces a body's composition rules.
func (r *Registry) SetRules(ctx context.Context, who Actor, id BodyID, version int64, rules []Rule) error {
	return r.act(ctx, who, func(tx *storage.Tx, a Access) error {
		b, err := r.mayChange(ctx, tx, a, id)
		if err != nil {
			return err
		}
		if err := r.update(ctx, tx, `UPDATE body SET version = version + 1 WHERE id = $1 AND version = $2`, id, version); err != nil {
			return err
		}
		if err := r.replaceRules(ctx, tx, id, rules); err != nil {
			return err
		}
		return r.Record(ctx, tx, who, b.Root, string(id), "body.rules", nil)
	})
}

func (r *Registry) replaceRules(ctx context.Context, tx *storage.Tx, body BodyID, rules []Rule) error {
	if len(rules) > mostRules {
		return fault.New(fault.Invalid, "a body has at most %d rules", mostRules).Where("rules").Say("network.rules.many", mostRules)
	}
	if _, err := tx.Exec(ctx, `DELETE FROM body_rule WHERE body = $1`, body); err != nil {
		return err
	}
	for i, x := range rules {
		if err := x.clean(); err != nil {
			return err
		}
		id, err := r.db.NewID()
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `INSERT INTO body_rule (id, body, kind, n, sector, organisation_kind, sort) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
			id, body, x.Kind, x.N, x.Sector, x.OrganisationKind, i)
		if err != nil {
			return err
		}
	}
	return nil
}

// clean leaves of a rule what its kind means, and says what is wrong with it.
func (x *Rule) clean() error {
	c := Rule{ID: x.ID, Kind: x.Kind}
	switch x.Kind {
	case AtLeast:
		c.N = x.N
	case Half, Majority:
	case OfSector:
		c.N, c.Sector = x.N, x.Sector
	case Organisations:
		c.N, c.OrganisationKind = x.N, x.OrganisationKind
	case ChairNot:
		c.Sector = x.Sector
	default:
		return oneOf("rules", x.Kind)
	}
	*x = c
	if counts := x.Kind == AtLeast || x.Kind == OfSector || x.Kind == Organisations; counts && (x.N < 1 || x.N > 1000) {
		return fault.New(fault.Invalid, "a rule asks for a number from 1 to 1000").Where("rules").Say("network.rules.number")
	}
	if x.Kind == OfSector || x.Kind == ChairNot {
		return oneOf("rules", x.Sector, Sectors...)
	}
	if x.Kind == Organisations {
		return oneOf("rules", x.OrganisationKind, OrganisationKinds...)
	}
	return nil
}

// mayChange finds an open body whose network the actor coordinates.
func (r *Registry) mayChange(ctx context.Context, tx *storage.Tx, a Access, id BodyID) (Body, error) {
	b, err := r.Body(ctx, tx, id)
	if err != nil {
		return b, err
	}
	switch {
	case !a.Sees(b.Scope()):
		return b, Absent()
	case !a.Coordinates(b.Network):
		return b, denied()
	case !b.Closed.IsZero():
		return b, closed()
	}
	return b, nil
}

// mostBodies bounds the list of a tenant's bodies.
const mostBodies = 1000

// Bodies lists the open bodies of a tenant that the reader may see, network by network. Network "" is for all.
func (r *Registry) Bodies(ctx context.Context, tx *storage.Tx, a Access, root, in ID) ([]Body, error) {
	args := []any{root}
	where := ""
	if in != "" {
		args = append(args, in)
		where = " AND network = $2"
	}
	sees, args := a.Where("b.", "", args)
	rows, err := tx.Query(ctx, `SELECT `+bodyColumns+` FROM body b WHERE root = $1 AND closed = 0`+where+` AND `+bodyIDs(sees)+` ORDER BY sort, id LIMIT `+itoa(mostBodies), args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	of := map[ID][]Body{}
	for rows.Next() {
		b, err := scanBody(rows)
		if err != nil {
			return nil, err
		}
		of[b.Network] = append(of[b.Network], b)
	}
	var out []Body
	for _, n := range r.Tree().Down(root) {
		out = append(out, of[n.ID]...)
	}
	return out, rows.Err()
}

// Composition judges a body's rules over who holds its seats, as if everybody came: what is not met is a warning.
func (r *Registry) Composition(ctx context.Context, tx *storage.Tx, body BodyID, at int64) (Quorum, error) {
	rules, err := r.Rules(ctx, tx, body)
	if err != nil {
		return Quorum{}, err
	}
	seats, err := r.SeatsAt(ctx, tx, body, at)
	if err != nil {
		return Quorum{}, err
	}
	return Judge(rules, seats, AllHeld(seats)), nil
}

// AllHeld is a meeting to which everybody who holds a seat came.
func AllHeld(seats []Held) Taken {
	t := Taken{Present: map[SeatID]bool{}}
	for _, s := range seats {
		if s.Person == "" {
			continue
		}
		t.Present[s.ID] = true
		if s.Role == Chair {
			t.Chair = s.ID
		}
	}
	return t
}
