package network

import (
	"context"
	"time"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/storage"
)

// InterestKind says what ties a person to something.
type InterestKind string

// InterestKinds in the order they are shown.
var InterestKinds = []InterestKind{"employment", "assignment", "ownership", "fee", "research", "family", "other"}

// Interest is a declared tie of a person to an organisation or a product. It is ended, never deleted while the person is with us.
type Interest struct {
	ID           string
	Root         ID
	Person       PersonID
	Name         string         // the person's
	Organisation OrganisationID // a party; "" when it is none
	Party        Text           // the party's name
	Named        string         // an organisation that is no party, or a product
	Kind         InterestKind
	About        string
	From, To     time.Time // zero To: still
	Recorded     time.Time
}

// DeclareInterest adds a tie of the actor's own.
func (r *Registry) DeclareInterest(ctx context.Context, who Actor, i Interest) (string, error) {
	err := r.act(ctx, who, func(tx *storage.Tx, a Access) error {
		i := &i
		if !a.Registered(i.Root) {
			return Absent()
		}
		if err := r.cleanInterest(ctx, tx, i); err != nil {
			return err
		}
		id, err := r.db.NewID()
		if err != nil {
			return err
		}
		i.ID = id
		_, err = tx.Exec(ctx, `INSERT INTO interest (id, root, person, organisation, named, kind, about, starts, ends, recorded) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
			id, i.Root, who.Person, null(i.Organisation), i.Named, i.Kind, i.About, i.From, micros(i.To), r.db.Now())
		if err != nil {
			return err
		}
		if err := r.confirm(ctx, tx, i.Root, who.Person); err != nil {
			return err
		}
		return r.Record(ctx, tx, who, i.Root, string(who.Person), "interest.declared", map[string]string{"interest": id, "kind": string(i.Kind)})
	})
	return i.ID, err
}

func (r *Registry) cleanInterest(ctx context.Context, tx *storage.Tx, i *Interest) error {
	i.Named, i.About = line(i.Named), text(i.About)
	if err := oneOf("kind", i.Kind, InterestKinds...); err != nil {
		return err
	}
	if i.Organisation == "" && i.Named == "" {
		return missing("named")
	}
	if i.Organisation != "" {
		if o, err := r.Organisation(ctx, tx, i.Organisation); err != nil || o.Root != i.Root {
			return fault.New(fault.Invalid, "there is no such organisation").Where("organisation").Say("network.choose")
		}
	}
	if i.From.IsZero() {
		i.From = r.db.Now()
	}
	if !i.To.IsZero() && !i.To.After(i.From) {
		return endsFirst("to")
	}
	if err := short("named", i.Named, nameLength); err != nil {
		return err
	}
	return short("about", i.About, 2000)
}

// EndInterest says from when a tie of the actor's own is no more; zero is now.
func (r *Registry) EndInterest(ctx context.Context, who Actor, id string, at time.Time) error {
	return r.act(ctx, who, func(tx *storage.Tx, a Access) error {
		all, err := interests(ctx, tx, `i.id = $1 AND i.person = $2`, id, who.Person)
		if err != nil {
			return err
		}
		if len(all) == 0 || a.Actor.Person == "" {
			return Absent()
		}
		if at.IsZero() {
			at = r.db.Now()
		}
		if !at.After(all[0].From) {
			return endsFirst("at")
		}
		if _, err := tx.Exec(ctx, `UPDATE interest SET ends = $2 WHERE id = $1`, id, at); err != nil {
			return err
		}
		return r.Record(ctx, tx, who, all[0].Root, string(who.Person), "interest.ended", map[string]string{"interest": id})
	})
}

// ConfirmInterests says that the actor's declared ties in a tenant are complete. It is asked for every year.
func (r *Registry) ConfirmInterests(ctx context.Context, who Actor, root ID) error {
	return r.act(ctx, who, func(tx *storage.Tx, a Access) error {
		if !a.Registered(root) {
			return Absent()
		}
		if err := r.confirm(ctx, tx, root, who.Person); err != nil {
			return err
		}
		return r.Record(ctx, tx, who, root, string(who.Person), "interest.confirmed", nil)
	})
}

func (r *Registry) confirm(ctx context.Context, tx *storage.Tx, root ID, p PersonID) error {
	_, err := tx.Exec(ctx, `INSERT INTO interest_confirmed (root, person, at, asked) VALUES ($1, $2, $3, 0) ON CONFLICT (root, person) DO UPDATE SET at = excluded.at`, root, p, r.db.Now())
	return err
}

// Confirmed gives when a person last said that their ties in a tenant are complete; zero for never.
func (r *Registry) Confirmed(ctx context.Context, tx *storage.Tx, root ID, p PersonID) (time.Time, error) {
	var at int64
	err := tx.QueryRow(ctx, `SELECT at FROM interest_confirmed WHERE root = $1 AND person = $2`, root, p).Scan(&at)
	if noRow(err) {
		return time.Time{}, nil
	}
	return moment(at), err
}

const mostInterests = 1000

func interests(ctx context.Context, tx *storage.Tx, where string, args ...any) ([]Interest, error) {
	rows, err := tx.Query(ctx, `SELECT i.id, i.root, i.person, p.name, COALESCE(i.organisation, ''), COALESCE(o.name, ''), i.named, i.kind, i.about, i.starts, i.ends, i.recorded
		FROM interest i JOIN person p ON p.id = i.person LEFT JOIN organisation o ON o.id = i.organisation WHERE `+where+` ORDER BY i.starts DESC, i.id LIMIT `+itoa(mostInterests), args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []Interest
	for rows.Next() {
		var i Interest
		var from, to, recorded int64
		if err := rows.Scan(&i.ID, &i.Root, &i.Person, &i.Name, &i.Organisation, &i.Party, &i.Named, &i.Kind, &i.About, &from, &to, &recorded); err != nil {
			return nil, err
		}
		i.From, i.To, i.Recorded = storage.Time(from), moment(to), storage.Time(recorded)
		out = append(out, i)
	}
	return out, rows.Err()
}

// InterestsOf lists a person's ties in a tenant, ended ones with them, for whoever is registered with it.
func (r *Registry) InterestsOf(ctx context.Context, tx *storage.Tx, a Access, root ID, p PersonID) ([]Interest, error) {
	if !a.Registered(root) {
		return nil, nil
	}
	return interests(ctx, tx, `i.person = $1 AND i.root = $2`, p, root)
}

// Interests lists the ties that people have now to organisations, for proposals of recusal. An organisation stands for those it is
// part of and those that are part of it. Without organisations, all their ties.
func (r *Registry) Interests(ctx context.Context, tx *storage.Tx, people []PersonID, organisations []OrganisationID) ([]Interest, error) {
	if len(people) == 0 {
		return nil, nil
	}
	in, args := places(people, []any{r.db.Now()})
	where := `i.person IN (` + in + `) AND i.starts <= $1 AND (i.ends = 0 OR i.ends > $1)`
	if len(organisations) > 0 {
		var of string
		of, args = places(organisations, args)
		where += ` AND (i.organisation IN (` + of + `) OR i.organisation IN (SELECT id FROM organisation WHERE parent IN (` + of + `))
			OR i.organisation IN (SELECT parent FROM organisation WHERE id IN (` + of + `)))`
	}
	return interests(ctx, tx, where, args...)
}
