package consent

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/individual"
	"github.com/samverk/samverk/storage"
)

// RestrictionKind is which right somebody uses against a use of their data. It is no choice on a form and stands beside
// whatever was chosen there.
type RestrictionKind string

// The kinds.
const (
	Block       RestrictionKind = "block"       // spärr, sperring: not for care by others
	OptOut      RestrictionKind = "opt-out"     // from secondary use under the European Health Data Space
	Reservation RestrictionKind = "reservation" // reservasjon
)

// restrictable is what each kind can be against, and is where nothing is said.
var restrictable = map[RestrictionKind][]Purpose{
	Block:       {Care, Matching},
	OptOut:      {Research},
	Reservation: {Care, Matching, Research},
}

// Against is what a kind can be against.
func (k RestrictionKind) Against() []Purpose { return slices.Clone(restrictable[k]) }

// GroundIn names the provision that a kind usually rests on in a country; "" when none is known.
func (k RestrictionKind) GroundIn(country string) string {
	switch string(k) + " " + country {
	case "block SE":
		return "patientdatalagen (2008:355) 4 kap. 4 §; lagen (2022:913) om sammanhållen vård- och omsorgsdokumentation"
	case "block NO":
		return "pasientjournalloven § 17"
	case "reservation NO":
		return "helseforskningsloven § 28"
	}
	if k == OptOut {
		return "Regulation (EU) 2025/327, Article 71"
	}
	return ""
}

// Restriction is a block, an opt-out or a reservation of one individual.
type Restriction struct {
	ID         string
	Individual individual.Number
	Kind       RestrictionKind
	Purposes   []Purpose // nil: everything the kind can be against
	Ground     string    // in law
	By         Actor
	Why        string
	Document   string
	Guardian   string    // the guardianship by which it was set; "" where it wasn't by a guardian
	When       time.Time // when they said so; zero for now. It holds from when it is recorded.

	Lifted    time.Time // zero: it stands
	LiftedBy  Actor
	LiftedWhy string
}

// restricted is a restriction's being set or lifted, to be written.
type restricted struct {
	Restriction
	act string
}

func (r *Restriction) check() error {
	can, known := restrictable[r.Kind]
	if !known {
		return fault.New(fault.Invalid, "%.40q is no kind of restriction", string(r.Kind)).Where("kind")
	}
	if r.Purposes == nil {
		r.Purposes = can
	}
	for _, p := range r.Purposes {
		if !slices.Contains(can, p) {
			return fault.New(fault.Invalid, "a %s is not against %.40q", r.Kind, string(p)).Where("purposes").Say("consent.restriction.purpose")
		}
	}
	if len(r.Purposes) == 0 || strings.TrimSpace(r.Ground) == "" {
		return fault.New(fault.Invalid, "what it is against and on what legal ground must be said").Where("ground").Say("consent.restriction.ground")
	}
	return errors.Join(checkText("the legal ground", r.Ground), checkText("why", r.Why), checkText("where the paper is", r.Document))
}

// Restrict sets a restriction, which holds when the transaction has been committed, and gives its id.
func (c *Consents) Restrict(ctx context.Context, tx *storage.Tx, by Actor, r Restriction) (id string, err error) {
	u, err := c.begun(tx, by)
	if err != nil {
		return "", err
	}
	if err := r.check(); err != nil {
		return "", err
	}
	if r.ID, err = c.db.NewID(); err != nil {
		return "", err
	}
	r.By = by
	if err := c.mayGuard(ctx, u, r.Individual, r.Guardian); err != nil {
		return "", u.failed(err)
	}
	return r.ID, u.failed(c.restrict(u, r))
}

func (c *Consents) restrict(u *change, r Restriction) error {
	who, ok := c.people.GetIn(u.tx, r.Individual)
	if !ok {
		return fault.New(fault.NotFound, "there is no individual number %d", r.Individual)
	}
	if r.When.IsZero() {
		r.When = u.clock(c)
	}
	r.Purposes = slices.Clone(r.Purposes)
	slices.Sort(r.Purposes)
	r.Purposes = slices.Compact(r.Purposes)
	u.acted = append(u.acted, restricted{r, "set"})
	u.acts = append(u.acts, act{Who: c.hide(who.ID), Restriction: &restriction{r.ID, r.Kind, r.Purposes, r.Ground}})
	for _, p := range r.Purposes {
		u.restrictTo(p, r.Individual, true)
	}
	return nil
}

func (u *change) restrictTo(p Purpose, n individual.Number, on bool) {
	if i := p.index(); u.set(out+plane(i), n, on) {
		u.affects(i, n)
	}
}

// mayGuard checks that somebody who acts as a guardian is one now: they may have ceased to be since they were let in.
func (c *Consents) mayGuard(ctx context.Context, u *change, n individual.Number, guardian string) error {
	if guardian == "" {
		return nil
	}
	who, ok := c.people.GetIn(u.tx, n)
	if !ok {
		return fault.New(fault.NotFound, "there is no individual number %d", n)
	}
	_, err := c.guards(ctx, u, who, guardian, u.clock(c))
	return err
}

// Lift ends a restriction. What was chosen holds again, as far as it does.
func (c *Consents) Lift(ctx context.Context, tx *storage.Tx, by Actor, why, id string) error {
	return c.lift(ctx, tx, by, "", why, id)
}

// LiftAsGuardian ends a restriction that a guardian set, by the same guardianship: a no that another party wants is a no.
func (c *Consents) LiftAsGuardian(ctx context.Context, tx *storage.Tx, guardian, id string) error {
	return c.lift(ctx, tx, AGuardian, guardian, "", id)
}

func (c *Consents) lift(ctx context.Context, tx *storage.Tx, by Actor, guardian, why, id string) error {
	u, err := c.begun(tx, by)
	if err != nil {
		return err
	}
	if err := checkText("why it is lifted", why); err != nil {
		return err
	}
	r, err := c.restrictionIn(ctx, u, id)
	if err != nil {
		return err
	}
	if !r.Lifted.IsZero() {
		return nil
	}
	if guardian != "" && guardian != r.Guardian {
		return u.failed(fault.New(fault.Denied, "another party wants this restriction").Say("consent.guardian.none"))
	}
	if err := c.mayGuard(ctx, u, r.Individual, guardian); err != nil {
		return u.failed(err)
	}
	r.By, r.Why, r.When = by, why, u.clock(c)
	u.acted = append(u.acted, restricted{r, "lifted"})
	all, err := c.restrictionsIn(ctx, u, r.Individual)
	if err != nil {
		return u.failed(err)
	}
	for _, p := range r.Purposes {
		still := slices.ContainsFunc(all, func(o Restriction) bool { return o.Lifted.IsZero() && slices.Contains(o.Purposes, p) })
		u.restrictTo(p, r.Individual, still)
	}
	return nil
}

func (c *Consents) restrictionIn(ctx context.Context, u *change, id string) (Restriction, error) {
	var n individual.Number
	err := u.tx.QueryRow(ctx, `SELECT individual FROM consent_restriction WHERE id = $1 AND act = 'set'`, id).Scan(&n)
	if i := slices.IndexFunc(u.acted, func(r restricted) bool { return r.ID == id }); i >= 0 {
		n, err = u.acted[i].Individual, nil
	}
	if err == nil {
		var all []Restriction
		if all, err = c.restrictionsIn(ctx, u, n); err == nil {
			if i := slices.IndexFunc(all, func(r Restriction) bool { return r.ID == id }); i >= 0 {
				return all[i], nil
			}
			err = sql.ErrNoRows
		}
	}
	if errors.Is(err, sql.ErrNoRows) {
		return Restriction{}, fault.New(fault.NotFound, "there is no such restriction").Say("consent.restriction.none")
	}
	return Restriction{}, err
}

// Restrictions lists an individual's restrictions, also those that were lifted, the oldest first.
func (c *Consents) Restrictions(ctx context.Context, n individual.Number) (all []Restriction, err error) {
	err = c.db.Read(ctx, func(tx *storage.Tx) error {
		all, err = c.RestrictionsIn(ctx, tx, n)
		return err
	})
	return all, err
}

// RestrictionsIn is the same, without what this transaction has changed.
func (c *Consents) RestrictionsIn(ctx context.Context, tx *storage.Tx, n individual.Number) ([]Restriction, error) {
	return c.restrictionsIn(ctx, &change{tx: tx}, n)
}

func (c *Consents) restrictionsIn(ctx context.Context, u *change, n individual.Number) ([]Restriction, error) {
	rows, err := u.tx.Query(ctx, `SELECT act, `+restrictionColumns+` FROM consent_restriction WHERE individual = $1 ORDER BY seq`, n)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []Restriction
	for rows.Next() {
		var act string
		r, err := scanRestriction(rows, &act)
		if err != nil {
			return nil, err
		}
		all = restricted{r, act}.onto(all)
	}
	for _, r := range u.acted {
		if r.Individual == n {
			all = r.onto(all)
		}
	}
	return all, rows.Err()
}

// onto adds a restriction to those before it, or lifts the one that it is about.
func (r restricted) onto(all []Restriction) []Restriction {
	if r.act == "set" {
		return append(all, r.Restriction)
	}
	for i := range all {
		if all[i].ID == r.ID {
			all[i].Lifted, all[i].LiftedBy, all[i].LiftedWhy = r.When, r.By, r.Why
		}
	}
	return all
}

const restrictionColumns = `id, individual, kind, purposes, ground, made_by, why, document, guardian, made`

func scanRestriction(row interface{ Scan(...any) error }, act *string) (r Restriction, err error) {
	var purposes string
	var made int64
	err = row.Scan(act, &r.ID, &r.Individual, &r.Kind, &purposes, &r.Ground, &r.By, &r.Why, &r.Document, &r.Guardian, &made)
	for _, p := range strings.Fields(purposes) {
		r.Purposes = append(r.Purposes, Purpose(p))
	}
	r.When = storage.Time(made)
	return r, err
}

// join writes names with a space between.
func join[T ~string](all []T) string {
	var b strings.Builder
	for i, s := range all {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(string(s))
	}
	return b.String()
}
