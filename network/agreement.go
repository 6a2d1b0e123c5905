package network

import (
	"context"
	"regexp"
	"strings"
	"time"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/lang"
	"github.com/samverk/samverk/storage"
)

// AgreementKind says what is agreed: to work together, or that a person takes something on.
type AgreementKind string

// The kinds of agreement.
const (
	Partnership AgreementKind = "partnership"
	Engagement  AgreementKind = "engagement"
)

// Agreement is what parties have agreed, until when, and when it is to be looked at again.
type Agreement struct {
	ID         string
	Root       ID
	Network    ID
	Kind       AgreementKind
	Title      string
	Text       string // Markdown
	Lang       string
	Parties    []OrganisationID
	Person     PersonID // who is engaged; "" for nobody
	Name       string   // theirs
	Visibility Visibility
	From, To   time.Time
	Review     time.Time // zero: never
	Closed     time.Time
	Version    int64
}

// Scope says who may see the agreement.
func (g Agreement) Scope() Scope { return Scope{Network: g.Network, Visibility: g.Visibility} }

const mostParties = 50

func (r *Registry) cleanAgreement(ctx context.Context, tx *storage.Tx, g *Agreement) (err error) {
	if g.Title, err = named("title", g.Title); err != nil {
		return err
	}
	g.Text = text(g.Text)
	if err := short("text", g.Text, textLength); err != nil {
		return err
	}
	if err := oneOf("kind", g.Kind, Partnership, Engagement); err != nil {
		return err
	}
	if err := oneOf("lang", g.Lang, lang.Codes...); err != nil {
		return err
	}
	if err := oneOf("visibility", g.Visibility, Public, NetworkOnly); err != nil {
		return err
	}
	if g.From.IsZero() {
		g.From = r.db.Now()
	}
	if !g.To.IsZero() && !g.To.After(g.From) {
		return endsFirst("to")
	}
	if g.Person != "" {
		if err := r.registered(ctx, tx, g.Person, g.Root); err != nil {
			return err
		}
	}
	if len(g.Parties) == 0 && g.Person == "" {
		return missing("parties")
	}
	if len(g.Parties) > mostParties {
		return fault.New(fault.Invalid, "there are more than %d parties", mostParties).Where("parties").Say("network.items", mostParties)
	}
	for _, p := range g.Parties {
		if o, err := r.Organisation(ctx, tx, p); err != nil || o.Root != g.Root {
			return fault.New(fault.Invalid, "there is no such organisation").Where("parties").Say("network.choose")
		}
	}
	return nil
}

// AddAgreement adds an agreement of a network: for its coordinators.
func (r *Registry) AddAgreement(ctx context.Context, who Actor, g Agreement) (string, error) {
	err := r.act(ctx, who, func(tx *storage.Tx, a Access) error {
		g := &g
		n, err := r.coordinated(a, g.Network)
		if err != nil {
			return err
		}
		g.Root = n.Root
		if err := r.cleanAgreement(ctx, tx, g); err != nil {
			return err
		}
		if g.ID, err = r.db.NewID(); err != nil {
			return err
		}
		now := r.db.Now()
		_, err = tx.Exec(ctx, `INSERT INTO agreement (id, root, network, kind, title, text, lang, person, visibility, starts, ends, review, reminded, closed, version)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 0, 1)`,
			g.ID, g.Root, g.Network, g.Kind, g.Title, g.Text, g.Lang, null(g.Person), g.Visibility, g.From, micros(g.To), micros(g.Review), now)
		if err != nil {
			return err
		}
		if err := setParties(ctx, tx, g.ID, g.Parties); err != nil {
			return err
		}
		return r.Record(ctx, tx, who, g.Root, g.ID, "agreement.added", nil)
	})
	return g.ID, err
}

// EditAgreement changes an agreement; it stays in its network.
func (r *Registry) EditAgreement(ctx context.Context, who Actor, g Agreement) error {
	return r.act(ctx, who, func(tx *storage.Tx, a Access) error {
		old, err := r.agreementToChange(ctx, tx, a, g.ID)
		if err != nil {
			return err
		}
		g.Root, g.Network = old.Root, old.Network
		if err := r.cleanAgreement(ctx, tx, &g); err != nil {
			return err
		}
		err = r.update(ctx, tx, `UPDATE agreement SET kind = $3, title = $4, text = $5, lang = $6, person = $7, visibility = $8, starts = $9, ends = $10, review = $11,
			reminded = $12, version = version + 1 WHERE id = $1 AND version = $2`,
			g.ID, g.Version, g.Kind, g.Title, g.Text, g.Lang, null(g.Person), g.Visibility, g.From, micros(g.To), micros(g.Review), r.db.Now())
		if err != nil {
			return err
		}
		if err := setParties(ctx, tx, g.ID, g.Parties); err != nil {
			return err
		}
		return r.Record(ctx, tx, who, g.Root, g.ID, "agreement.edited", nil)
	})
}

// CloseAgreement ends an agreement now.
func (r *Registry) CloseAgreement(ctx context.Context, who Actor, id string, version int64) error {
	return r.act(ctx, who, func(tx *storage.Tx, a Access) error {
		g, err := r.agreementToChange(ctx, tx, a, id)
		if err != nil {
			return err
		}
		if err := r.update(ctx, tx, `UPDATE agreement SET closed = $3, version = version + 1 WHERE id = $1 AND version = $2`, id, version, r.db.Now()); err != nil {
			return err
		}
		return r.Record(ctx, tx, who, g.Root, id, "agreement.closed", nil)
	})
}

func (r *Registry) agreementToChange(ctx context.Context, tx *storage.Tx, a Access, id string) (Agreement, error) {
	g, err := r.Agreement(ctx, tx, a, id)
	switch {
	case err != nil:
		return g, err
	case !a.Coordinates(g.Network):
		return g, denied()
	case !g.Closed.IsZero():
		return g, closed()
	}
	return g, nil
}

func setParties(ctx context.Context, tx *storage.Tx, id string, parties []OrganisationID) error {
	if _, err := tx.Exec(ctx, `DELETE FROM agreement_party WHERE agreement = $1`, id); err != nil {
		return err
	}
	for _, p := range parties {
		if _, err := tx.Exec(ctx, `INSERT INTO agreement_party (agreement, organisation) VALUES ($1, $2) ON CONFLICT (agreement, organisation) DO NOTHING`, id, p); err != nil {
			return err
		}
	}
	return nil
}

const mostAgreements = 1000

func (r *Registry) agreements(ctx context.Context, tx *storage.Tx, a Access, where string, args ...any) ([]Agreement, error) {
	or := []string{"g.visibility = 'public'"}
	if len(a.member) > 0 {
		var in string
		in, args = places(ids(a.member), args)
		or = append(or, "g.network IN ("+in+")")
	}
	if a.Actor.Person != "" {
		args = append(args, a.Actor.Person)
		or = append(or, "g.person = $"+itoa(len(args)))
	}
	rows, err := tx.Query(ctx, `SELECT g.id, g.root, g.network, g.kind, g.title, g.text, g.lang, COALESCE(g.person, ''), COALESCE(p.name, ''), g.visibility, g.starts, g.ends, g.review, g.closed, g.version
		FROM agreement g LEFT JOIN person p ON p.id = g.person WHERE `+where+` AND (`+strings.Join(or, " OR ")+`) ORDER BY g.closed, g.review = 0, g.review, g.id LIMIT `+itoa(mostAgreements), args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []Agreement
	for rows.Next() {
		var g Agreement
		var from, to, review, closed int64
		err := rows.Scan(&g.ID, &g.Root, &g.Network, &g.Kind, &g.Title, &g.Text, &g.Lang, &g.Person, &g.Name, &g.Visibility, &from, &to, &review, &closed, &g.Version)
		if err != nil {
			return nil, err
		}
		g.From, g.To, g.Review, g.Closed = storage.Time(from), moment(to), moment(review), moment(closed)
		out = append(out, g)
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	rows.Close()
	return out, r.parties(ctx, tx, out)
}

// parties adds to agreements who made them.
func (r *Registry) parties(ctx context.Context, tx *storage.Tx, of []Agreement) error {
	if len(of) == 0 {
		return nil
	}
	at, list := map[string]int{}, make([]string, len(of))
	for i, g := range of {
		at[g.ID], list[i] = i, g.ID
	}
	in, args := places(list, nil)
	rows, err := tx.Query(ctx, `SELECT agreement, organisation FROM agreement_party WHERE agreement IN (`+in+`) ORDER BY agreement, organisation`, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var id string
		var o OrganisationID
		if err := rows.Scan(&id, &o); err != nil {
			return err
		}
		g := &of[at[id]]
		g.Parties = append(g.Parties, o)
	}
	return rows.Err()
}

// Agreements lists a tenant's agreements that the reader may see: open ones first, the one to be looked at soonest at the top.
func (r *Registry) Agreements(ctx context.Context, tx *storage.Tx, a Access, root ID) ([]Agreement, error) {
	return r.agreements(ctx, tx, a, `g.root = $1`, root)
}

// AgreementsOf lists those an organisation is a party of.
func (r *Registry) AgreementsOf(ctx context.Context, tx *storage.Tx, a Access, o OrganisationID) ([]Agreement, error) {
	return r.agreements(ctx, tx, a, `g.id IN (SELECT agreement FROM agreement_party WHERE organisation = $1)`, o)
}

// Agreement finds one that the reader may see.
func (r *Registry) Agreement(ctx context.Context, tx *storage.Tx, a Access, id string) (Agreement, error) {
	all, err := r.agreements(ctx, tx, a, `g.id = $1`, id)
	if err != nil || len(all) == 0 {
		return Agreement{}, firstError(err, Absent())
	}
	return all[0], nil
}

// Rate is what an engagement is paid from a day on, in a country.
type Rate struct {
	Country  string
	Code     string // hour, meeting, preparation, travel …
	From     time.Time
	Amount   int64 // in the smallest unit of the currency
	Currency string
}

// RateCodes are what is paid for, in the order they are shown.
var RateCodes = []string{"hour", "meeting", "preparation", "travel"}

var currency = regexp.MustCompile(`^[A-Z]{3}$`)

// SetRate says what is paid from a day on: for the coordinators of the root. What was paid before stays as it was.
func (r *Registry) SetRate(ctx context.Context, who Actor, root ID, x Rate) error {
	return r.act(ctx, who, func(tx *storage.Tx, a Access) error {
		n, err := r.coordinated(a, root)
		if err != nil {
			return err
		}
		if n.Parent != "" {
			return Absent()
		}
		x.Country = or(x.Country, n.Country)
		if x.From.IsZero() {
			x.From = r.db.Now()
		}
		if err := oneOf("code", x.Code, RateCodes...); err != nil {
			return err
		}
		if x.Amount < 0 || x.Amount > 100_000_000 || !currency.MatchString(x.Currency) {
			return fault.New(fault.Invalid, "this is no amount in a currency").Where("amount").Say("network.amount")
		}
		done, err := tx.Exec(ctx, `INSERT INTO fee_rate (root, country, code, starts, amount, currency) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (root, country, code, starts) DO NOTHING`,
			root, x.Country, x.Code, x.From, x.Amount, x.Currency)
		if err != nil {
			return err
		}
		if n, err := done.RowsAffected(); err != nil || n == 0 {
			return firstError(err, fault.New(fault.Conflict, "there is an amount from that day on").Where("from").Say("network.rate.taken"))
		}
		return r.Record(ctx, tx, who, root, string(root), "rate.set", map[string]string{"code": x.Code, "country": x.Country})
	})
}

// Rates lists what is paid in a tenant, the latest first: what is in force is the first of each country and code that has begun.
func (r *Registry) Rates(ctx context.Context, tx *storage.Tx, root ID) ([]Rate, error) {
	rows, err := tx.Query(ctx, `SELECT country, code, starts, amount, currency FROM fee_rate WHERE root = $1 ORDER BY country, code, starts DESC LIMIT 500`, root)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []Rate
	for rows.Next() {
		var x Rate
		var from int64
		if err := rows.Scan(&x.Country, &x.Code, &from, &x.Amount, &x.Currency); err != nil {
			return nil, err
		}
		x.From = storage.Time(from)
		out = append(out, x)
	}
	return out, rows.Err()
}
