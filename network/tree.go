package network

import (
	"context"
	"regexp"
	"time"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/storage"
)

var slugs = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,39}$`)

// Fields a thematic network may have.
var Fields = []string{"cancer", "rare", "infection", "pharmacogenomics", "complex"}

func (n *Network) clean() (err error) {
	if n.Name, err = namedText("name", n.Name); err != nil {
		return err
	}
	if n.About, err = longText("about", n.About); err != nil {
		return err
	}
	if !slugs.MatchString(n.Slug) {
		return fault.New(fault.Invalid, "%.40q is no address: small letters a to z, digits and hyphens", n.Slug).Where("slug").Say("network.slug")
	}
	if err := oneOf("kind", n.Kind, National, Regional, Thematic); err != nil {
		return err
	}
	if err := oneOf("lang", n.Lang, "sv", "nb", "en"); err != nil {
		return err
	}
	if _, err := time.LoadLocation(n.Zone); err != nil || n.Zone == "" {
		return fault.New(fault.Invalid, "%.40q is no time zone", n.Zone).Where("zone").Say("network.zone").Do("write it as Europe/Stockholm")
	}
	if n.Field != "" {
		return oneOf("field", n.Field, Fields...)
	}
	return nil
}

// insertNetwork writes a network as the last among its siblings. A root has no parent and is its own root.
func (r *Registry) insertNetwork(ctx context.Context, tx *storage.Tx, n *Network) error {
	if err := n.clean(); err != nil {
		return err
	}
	id, err := r.db.NewID()
	if err != nil {
		return err
	}
	n.ID, n.Created, n.Version = ID(id), r.db.Now(), 1
	if n.Parent == "" {
		n.Root = n.ID
	}
	// A root's slug is its tenant's address, so it must be the only one among roots; others within their tenant.
	var taken int64
	err = tx.QueryRow(ctx, `SELECT count(*) FROM network WHERE slug = $1 AND (root = $2 OR ($3 = 1 AND parent IS NULL))`, n.Slug, n.Root, n.Parent == "").Scan(&taken)
	if err != nil {
		return err
	}
	if taken > 0 {
		return fault.New(fault.Conflict, "another network has the address %s", n.Slug).Where("slug").Say("network.slug.taken", n.Slug)
	}
	_, err = tx.Exec(ctx, `INSERT INTO network (id, parent, root, slug, kind, name, about, country, lang, zone, field, demo, sort, created, closed, version)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, (SELECT COALESCE(MAX(sort), 0) + 1 FROM network WHERE root = $3), $13, 0, 1)`,
		n.ID, null(n.Parent), n.Root, n.Slug, n.Kind, n.Name.Column(), n.About.Column(), n.Country, n.Lang, n.Zone, n.Field, n.Demo, n.Created)
	return err
}

// AddNetwork adds a network beneath another: for the coordinators of the one above. Country, language and zone are the parent's
// where they are not given.
func (r *Registry) AddNetwork(ctx context.Context, who Actor, n Network) (ID, error) {
	err := r.act(ctx, who, func(tx *storage.Tx, a Access) error {
		n := &n
		up, ok := r.Tree().Network(n.Parent)
		if !ok || !a.MemberOf(n.Parent) {
			return Absent()
		}
		if !a.Coordinates(n.Parent) {
			return denied()
		}
		if !up.Closed.IsZero() {
			return closed()
		}
		n.Root, n.Demo = up.Root, up.Demo
		n.Country, n.Lang, n.Zone = or(n.Country, up.Country), or(n.Lang, up.Lang), or(n.Zone, up.Zone)
		if err := r.insertNetwork(ctx, tx, n); err != nil {
			return err
		}
		if err := r.Record(ctx, tx, who, n.Root, string(n.ID), "network.added", map[string]string{"parent": string(n.Parent)}); err != nil {
			return err
		}
		return r.changed(ctx, tx)
	})
	return n.ID, err
}

// EditNetwork changes a network's name, text, field, language and zone; it stays where it is in the tree.
func (r *Registry) EditNetwork(ctx context.Context, who Actor, n Network) error {
	return r.act(ctx, who, func(tx *storage.Tx, a Access) error {
		old, err := r.coordinated(a, n.ID)
		if err != nil {
			return err
		}
		n.Slug, n.Kind = old.Slug, or(n.Kind, old.Kind)
		if err := n.clean(); err != nil {
			return err
		}
		err = r.update(ctx, tx, `UPDATE network SET kind = $3, name = $4, about = $5, lang = $6, zone = $7, field = $8, version = version + 1
			WHERE id = $1 AND version = $2`, n.ID, n.Version, n.Kind, n.Name.Column(), n.About.Column(), n.Lang, n.Zone, n.Field)
		if err != nil {
			return err
		}
		if err := r.Record(ctx, tx, who, old.Root, string(n.ID), "network.edited", nil); err != nil {
			return err
		}
		return r.changed(ctx, tx)
	})
}

// CloseNetwork ends a network in which nothing is open any more: for the coordinators of the one above. Its history stays.
func (r *Registry) CloseNetwork(ctx context.Context, who Actor, id ID, version int64) error {
	return r.act(ctx, who, func(tx *storage.Tx, a Access) error {
		n, ok := r.Tree().Network(id)
		if !ok || !a.MemberOf(n.Root) {
			return Absent()
		}
		if n.Parent == "" || !a.Coordinates(n.Parent) {
			return denied()
		}
		var open int64
		err := tx.QueryRow(ctx, `SELECT (SELECT count(*) FROM network WHERE parent = $1 AND closed = 0) +
			(SELECT count(*) FROM body WHERE network = $1 AND closed = 0)`, id).Scan(&open)
		if err != nil {
			return err
		}
		if open > 0 {
			return fault.New(fault.Conflict, "there are open bodies or networks in it").Say("network.inuse")
		}
		if err := r.update(ctx, tx, `UPDATE network SET closed = $3, version = version + 1 WHERE id = $1 AND version = $2 AND closed = 0`, id, version, r.db.Now()); err != nil {
			return err
		}
		if err := r.Record(ctx, tx, who, n.Root, string(id), "network.closed", nil); err != nil {
			return err
		}
		return r.changed(ctx, tx)
	})
}

// coordinated finds a network in which the actor may change things.
func (r *Registry) coordinated(a Access, id ID) (*Network, error) {
	n, ok := r.Tree().Network(id)
	if !ok || !a.MemberOf(n.Root) && !a.Coordinates(id) {
		return nil, Absent()
	}
	if !a.Coordinates(id) {
		return nil, denied()
	}
	return n, nil
}

// coordinatesIn tells whether the actor coordinates any network of the tenant.
func (r *Registry) coordinatesIn(a Access, root ID) bool {
	for id := range a.leads {
		if n, ok := r.Tree().Network(id); ok && n.Root == root {
			return true
		}
	}
	return false
}

func closed() error { return fault.New(fault.Conflict, "this is closed").Say("network.closed") }

func or[T ~string](v, otherwise T) T {
	if v == "" {
		return otherwise
	}
	return v
}
