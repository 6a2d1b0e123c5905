package network

import (
	"context"
	"net/url"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/storage"
)

// OrganisationKinds in the order they are shown.
var OrganisationKinds = []OrganisationKind{Region, Hospital, University, Company, PublicAuthority, PatientOrganisation, Foundation}

func (o *Organisation) clean() (err error) {
	if o.Name, err = namedText("name", o.Name); err != nil {
		return err
	}
	if err := oneOf("kind", o.Kind, OrganisationKinds...); err != nil {
		return err
	}
	if err := oneOf("sector", o.Sector, Sectors...); err != nil {
		return err
	}
	o.Code, o.Web = line(o.Code), line(o.Web)
	if err := short("code", o.Code, 40); err != nil {
		return err
	}
	if u, err := url.Parse(o.Web); err != nil || o.Web != "" && (u.Scheme != "https" && u.Scheme != "http" || u.Host == "") {
		return fault.New(fault.Invalid, "this is no web address").Where("web").Say("network.web").Do("write it as https://example.org")
	}
	return short("web", o.Web, 500)
}

// partOf checks that an organisation's parent is of its tenant and not beneath it.
func (r *Registry) partOf(ctx context.Context, tx *storage.Tx, o *Organisation) error {
	for up, steps := o.Parent, 0; up != ""; steps++ {
		above, err := r.Organisation(ctx, tx, up)
		if err != nil || above.Root != o.Root {
			return fault.New(fault.Invalid, "there is no such organisation").Where("parent").Say("network.choose")
		}
		if above.ID == o.ID || steps > 20 {
			return fault.New(fault.Invalid, "an organisation can't be part of itself").Where("parent").Say("network.circle")
		}
		up = above.Parent
	}
	return nil
}

func (r *Registry) insertOrganisation(ctx context.Context, tx *storage.Tx, o *Organisation) error {
	if err := o.clean(); err != nil {
		return err
	}
	if err := r.partOf(ctx, tx, o); err != nil {
		return err
	}
	id, err := r.db.NewID()
	if err != nil {
		return err
	}
	o.ID, o.Version = OrganisationID(id), 1
	_, err = tx.Exec(ctx, `INSERT INTO organisation (id, root, parent, kind, sector, name, code, web, closed, version) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0, 1)`,
		o.ID, o.Root, null(o.Parent), o.Kind, o.Sector, o.Name.Column(), o.Code, o.Web)
	return err
}

// AddOrganisation adds a party to a tenant: for whoever coordinates a network in it.
func (r *Registry) AddOrganisation(ctx context.Context, who Actor, o Organisation) (OrganisationID, error) {
	err := r.act(ctx, who, func(tx *storage.Tx, a Access) error {
		if err := r.keepsRegister(a, o.Root); err != nil {
			return err
		}
		if err := r.insertOrganisation(ctx, tx, &o); err != nil {
			return err
		}
		return r.Record(ctx, tx, who, o.Root, string(o.ID), "organisation.added", nil)
	})
	return o.ID, err
}

// EditOrganisation changes a party.
func (r *Registry) EditOrganisation(ctx context.Context, who Actor, o Organisation) error {
	return r.act(ctx, who, func(tx *storage.Tx, a Access) error {
		old, err := r.kept(ctx, tx, a, o.ID)
		if err != nil {
			return err
		}
		o.Root = old.Root
		if err := o.clean(); err != nil {
			return err
		}
		if err := r.partOf(ctx, tx, &o); err != nil {
			return err
		}
		err = r.update(ctx, tx, `UPDATE organisation SET parent = $3, kind = $4, sector = $5, name = $6, code = $7, web = $8, version = version + 1 WHERE id = $1 AND version = $2`,
			o.ID, o.Version, null(o.Parent), o.Kind, o.Sector, o.Name.Column(), o.Code, o.Web)
		if err != nil {
			return err
		}
		return r.Record(ctx, tx, who, o.Root, string(o.ID), "organisation.edited", nil)
	})
}

// CloseOrganisation ends a party: it nominates to no seat from now on. What it nominated to stays in history.
func (r *Registry) CloseOrganisation(ctx context.Context, who Actor, id OrganisationID, version int64) error {
	return r.act(ctx, who, func(tx *storage.Tx, a Access) error {
		o, err := r.kept(ctx, tx, a, id)
		if err != nil {
			return err
		}
		var seats int64
		if err := tx.QueryRow(ctx, `SELECT count(*) FROM seat WHERE nominator = $1 AND closed = 0`, id).Scan(&seats); err != nil {
			return err
		}
		if seats > 0 {
			return fault.New(fault.Conflict, "it nominates to %d seats", seats).Say("network.organisation.seats", int(seats))
		}
		if err := r.update(ctx, tx, `UPDATE organisation SET closed = $3, version = version + 1 WHERE id = $1 AND version = $2 AND closed = 0`, id, version, r.db.Now()); err != nil {
			return err
		}
		return r.Record(ctx, tx, who, o.Root, string(id), "organisation.closed", nil)
	})
}

// keepsRegister tells whether the actor may keep a tenant's organisations.
func (r *Registry) keepsRegister(a Access, root ID) error {
	if !a.Registered(root) {
		return Absent()
	}
	if !r.coordinatesIn(a, root) {
		return denied()
	}
	return nil
}

func (r *Registry) kept(ctx context.Context, tx *storage.Tx, a Access, id OrganisationID) (Organisation, error) {
	o, err := r.Organisation(ctx, tx, id)
	if err != nil {
		return o, err
	}
	return o, r.keepsRegister(a, o.Root)
}

const organisationColumns = `id, root, COALESCE(parent, ''), kind, sector, name, code, web, closed, version`

func scanOrganisation(row interface{ Scan(...any) error }) (o Organisation, err error) {
	var closed int64
	err = row.Scan(&o.ID, &o.Root, &o.Parent, &o.Kind, &o.Sector, &o.Name, &o.Code, &o.Web, &closed, &o.Version)
	o.Closed = moment(closed)
	return o, err
}

// Organisation finds a party. Who the parties are is public.
func (r *Registry) Organisation(ctx context.Context, tx *storage.Tx, id OrganisationID) (Organisation, error) {
	o, err := scanOrganisation(tx.QueryRow(ctx, `SELECT `+organisationColumns+` FROM organisation WHERE id = $1`, id))
	if noRow(err) {
		return o, Absent()
	}
	return o, err
}

// mostOrganisations bounds the list of a tenant's parties.
const mostOrganisations = 2000

// Organisations lists a tenant's open parties, in no order that people would want: sort by name.
func (r *Registry) Organisations(ctx context.Context, tx *storage.Tx, root ID) ([]Organisation, error) {
	rows, err := tx.Query(ctx, `SELECT `+organisationColumns+` FROM organisation WHERE root = $1 AND closed = 0 ORDER BY id LIMIT $2`, root, mostOrganisations)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []Organisation
	for rows.Next() {
		o, err := scanOrganisation(rows)
		if err != nil {
			return nil, err
		}
		out = append(out, o)
	}
	return out, rows.Err()
}
