package toolbox

import (
	"context"
	"time"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/storage"
)

// RulesVersion is a file of rules of a tenant.
type RulesVersion struct {
	ID       string
	Version  int // in use from its review on; 0 before
	Author   network.PersonID
	Name     string
	At       time.Time
	Reviewed time.Time
	Mine     bool
}

// RulesInUse are the rules by which a tenant's groups are advised.
type RulesInUse struct {
	*Rules
	Version int // 0: those that are shipped
	Text    []byte
	Waiting []RulesVersion // to be put in use by somebody else than their author; to coordinators only
	Keeps   bool           // the reader may propose and put in use
}

// RulesInUse reads a tenant's rules.
func (t *Toolbox) RulesInUse(ctx context.Context, who network.Actor, root network.ID) (r RulesInUse, err error) {
	err = t.look(ctx, who, func(tx *storage.Tx, a network.Access) error {
		r = RulesInUse{Rules: t.fallback, Text: ShippedRules, Keeps: a.Coordinates(root)}
		var id, text string
		err := tx.QueryRow(ctx, `SELECT id, version, content FROM toolbox_rules WHERE root = $1 AND version > 0 ORDER BY version DESC LIMIT 1`, root).Scan(&id, &r.Version, &text)
		if err == nil {
			r.Text = []byte(text)
			r.Rules, err = t.parsed(id, r.Text)
		}
		if err != nil && !noRow(err) || !r.Keeps {
			return ignore(err)
		}
		rows, err := tx.Query(ctx, `SELECT x.id, x.version, x.author, COALESCE(p.name, ''), x.at FROM toolbox_rules x LEFT JOIN person p ON p.id = x.author WHERE x.root = $1 AND x.version = 0 ORDER BY x.at DESC LIMIT 20`, root)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var v RulesVersion
			var at int64
			if err := rows.Scan(&v.ID, &v.Version, &v.Author, &v.Name, &at); err != nil {
				return err
			}
			v.At, v.Mine = moment(at), v.Author == who.Person
			r.Waiting = append(r.Waiting, v)
		}
		return rows.Err()
	})
	return r, err
}

func ignore(err error) error {
	if noRow(err) {
		return nil
	}
	return err
}

// parsed remembers what was parsed: a version's text never changes.
func (t *Toolbox) parsed(id string, text []byte) (*Rules, error) {
	if r, ok := t.rules.Load(id); ok {
		return r.(*Rules), nil
	}
	r, err := ParseRules(text)
	if err != nil {
		return nil, fault.Wrap(fault.Internal, err, "rules in use can't be read")
	}
	t.rules.Store(id, r)
	return r, nil
}

// ProposeRules keeps a file of rules for somebody else to put in use: for the tenant's coordinators.
func (t *Toolbox) ProposeRules(ctx context.Context, who network.Actor, root network.ID, text []byte) (id string, err error) {
	if _, err := ParseRules(text); err != nil {
		return "", fault.Wrap(fault.Invalid, err, "the rules can't be used").Where("rules").Say("toolbox.rules")
	}
	err = t.act(ctx, who, func(tx *storage.Tx, a network.Access) error {
		if err := registered(a, root); err != nil {
			return err
		}
		if !a.Coordinates(root) {
			return denied()
		}
		if id, err = t.db.NewID(); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `INSERT INTO toolbox_rules (id, root, version, content, author, at, reviewer, reviewed) VALUES ($1, $2, 0, $3, $4, $5, '', 0)`,
			id, root, string(text), who.Person, t.db.Now()); err != nil {
			return err
		}
		return t.network.Record(ctx, tx, who, root, string(root), "toolbox.rules.proposed", nil)
	})
	return id, err
}

// ProposedRules reads a file that waits, for the tenant's coordinators.
func (t *Toolbox) ProposedRules(ctx context.Context, who network.Actor, root network.ID, id string) (text []byte, err error) {
	err = t.look(ctx, who, func(tx *storage.Tx, a network.Access) error {
		var s string
		err := tx.QueryRow(ctx, `SELECT content FROM toolbox_rules WHERE id = $1 AND root = $2`, id, root).Scan(&s)
		if noRow(err) || !a.Coordinates(root) {
			return network.Absent()
		}
		text = []byte(s)
		return err
	})
	return text, err
}

// UseRules puts rules in use: for the tenant's coordinators, and for nobody their own.
func (t *Toolbox) UseRules(ctx context.Context, who network.Actor, root network.ID, id string) error {
	return t.act(ctx, who, func(tx *storage.Tx, a network.Access) error {
		var version int
		var author network.PersonID
		err := tx.QueryRow(ctx, `SELECT version, author FROM toolbox_rules WHERE id = $1 AND root = $2`, id, root).Scan(&version, &author)
		switch {
		case noRow(err) || !a.Coordinates(root):
			return network.Absent()
		case err != nil:
			return err
		case version > 0:
			return fault.New(fault.Conflict, "they were put in use already").Say("toolbox.reviewed")
		case author == who.Person:
			return fault.New(fault.Denied, "nobody reviews their own").Say("toolbox.own")
		}
		if _, err := tx.Exec(ctx, `UPDATE toolbox_rules SET version = (SELECT COALESCE(MAX(x.version), 0) + 1 FROM toolbox_rules x WHERE x.root = $2), reviewer = $3, reviewed = $4 WHERE id = $1`,
			id, root, who.Person, t.db.Now()); err != nil {
			return err
		}
		return t.network.Record(ctx, tx, who, root, string(root), "toolbox.rules.used", nil)
	})
}
