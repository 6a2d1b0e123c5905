package network

import (
	"context"
	"strings"
	"time"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/lang"
	"github.com/samverk/samverk/storage"
)

// Home is the network that registered a person first: its secretariat looks after the person's account.
func (r *Registry) Home(ctx context.Context, tx *storage.Tx, id PersonID) (home ID, err error) {
	err = tx.QueryRow(ctx, `SELECT m.network FROM membership m JOIN person p ON p.id = m.person WHERE m.person = $1 AND p.erased = 0
		ORDER BY m.since, m.network LIMIT 1`, id).Scan(&home)
	if noRow(err) {
		return "", Absent()
	}
	return home, err
}

// CoordinatesAll tells whether an actor coordinates every network in which a person is or is to be something, so that whoever becomes that
// person by the actor's doing gets nothing that the actor couldn't give. To be a member above a network gives no more than being one in it.
func (r *Registry) CoordinatesAll(ctx context.Context, tx *storage.Tx, a Access, p PersonID) (bool, error) {
	within, err := memberships(ctx, tx, p)
	if err != nil {
		return false, err
	}
	covered := map[ID]bool{}
	for _, n := range within {
		if a.Coordinates(n) {
			for _, up := range r.Tree().Up(n) {
				covered[up.ID] = true
			}
		}
	}
	for _, n := range within {
		if !covered[n] {
			return false, nil
		}
	}
	seated, err := r.seatedIn(ctx, tx, p)
	for _, n := range seated {
		if !a.Coordinates(n) {
			return false, err
		}
	}
	return err == nil, err
}

// Person is a human being who may hold seats and act.
type Person struct {
	ID       PersonID
	Name     string // "" once erased
	Lang     string
	Operator bool
	Created  time.Time
	Erased   time.Time // zero: not
	Version  int64
}

// NewPerson is somebody to be registered.
type NewPerson struct {
	Name    string
	Lang    string // "": the network's
	Network ID

	Candidate string // the candidate of the public for a seat whom this is, "" for none: what they said then is theirs
}

// AddPerson registers somebody new with a network: for its coordinators.
func (r *Registry) AddPerson(ctx context.Context, who Actor, p NewPerson) (id PersonID, err error) {
	err = r.db.Write(ctx, func(tx *storage.Tx) error {
		id, err = r.AddPersonIn(ctx, tx, who, p)
		return err
	})
	return id, err
}

// AddPersonIn is AddPerson within the caller's transaction, so that an invitation is sent if and only if the person was added.
func (r *Registry) AddPersonIn(ctx context.Context, tx *storage.Tx, who Actor, p NewPerson) (PersonID, error) {
	a, err := r.Access(ctx, tx, who)
	if err != nil {
		return "", err
	}
	n, err := r.coordinated(a, p.Network)
	if err != nil {
		return "", err
	}
	id, err := r.insertPerson(ctx, tx, p.Name, or(p.Lang, n.Lang), false)
	if err != nil {
		return "", err
	}
	if err := r.enrol(ctx, tx, id, n.ID); err != nil {
		return "", err
	}
	if p.Candidate != "" {
		if err := r.known(ctx, tx, a, p.Candidate, id); err != nil {
			return "", err
		}
	}
	return id, r.Record(ctx, tx, who, n.Root, string(id), "person.registered", map[string]string{"network": string(n.ID)})
}

// AddOperator adds somebody who may set up new networks: for the command line of whoever runs the program, and no page.
func (r *Registry) AddOperator(ctx context.Context, name, language string) (id PersonID, err error) {
	err = r.db.Write(ctx, func(tx *storage.Tx) error {
		id, err = r.AddOperatorIn(ctx, tx, name, language)
		return err
	})
	return id, err
}

// AddOperatorIn is AddOperator within the caller's transaction, so that the first account is made if and only if its person was added.
func (r *Registry) AddOperatorIn(ctx context.Context, tx *storage.Tx, name, language string) (PersonID, error) {
	return r.insertPerson(ctx, tx, name, language, true)
}

func (r *Registry) insertPerson(ctx context.Context, tx *storage.Tx, name, language string, operator bool) (PersonID, error) {
	name, err := named("name", name)
	if err != nil {
		return "", err
	}
	if err := oneOf("lang", language, "sv", "nb", "en"); err != nil {
		return "", err
	}
	id, err := r.db.NewID()
	if err != nil {
		return "", err
	}
	_, err = tx.Exec(ctx, `INSERT INTO person (id, name, lang, operator, created, erased, version) VALUES ($1, $2, $3, $4, $5, 0, 1)`, id, name, language, operator, r.db.Now())
	return PersonID(id), err
}

// Register makes somebody who belongs to the tenant a member of one more of its networks: for that network's coordinators.
func (r *Registry) Register(ctx context.Context, who Actor, network ID, p PersonID) error {
	return r.act(ctx, who, func(tx *storage.Tx, a Access) error {
		n, err := r.coordinated(a, network)
		if err != nil {
			return err
		}
		if err := r.registered(ctx, tx, p, n.Root); err != nil {
			return err
		}
		if err := r.enrol(ctx, tx, p, network); err != nil {
			return err
		}
		return r.Record(ctx, tx, who, n.Root, string(p), "person.registered", map[string]string{"network": string(network)})
	})
}

// Unregister ends a membership with a network and those beneath it: for its coordinators, and for the person. Who holds a seat
// there stays until the term ends.
func (r *Registry) Unregister(ctx context.Context, who Actor, network ID, p PersonID) error {
	return r.act(ctx, who, func(tx *storage.Tx, a Access) error {
		n, ok := r.Tree().Network(network)
		if !ok || !a.MemberOf(network) && !a.Coordinates(network) {
			return Absent()
		}
		if !a.Coordinates(network) && a.Actor.Person != p {
			return denied()
		}
		if err := r.registered(ctx, tx, p, n.Root); err != nil {
			return err
		}
		for _, down := range r.Tree().Down(network) {
			held, err := r.holdings(ctx, tx, `h.person = $1 AND (h.ends = 0 OR h.ends > $2 AND h.ends > h.starts) AND s.body IN (SELECT id FROM body WHERE network = $3)`, p, r.db.Now(), down.ID)
			if err != nil {
				return err
			}
			if len(held) > 0 {
				return fault.New(fault.Conflict, "the person holds a seat there").Say("network.person.seated").Do("end the term first")
			}
			if _, err := tx.Exec(ctx, `DELETE FROM membership WHERE network = $1 AND person = $2`, down.ID, p); err != nil {
				return err
			}
		}
		if err := r.indexPerson(ctx, tx, p); err != nil {
			return err
		}
		return r.Record(ctx, tx, who, n.Root, string(p), "person.unregistered", map[string]string{"network": string(network)})
	})
}

// enrol writes the membership with a network and with those above it, so that a tenant's people can be listed in their order.
func (r *Registry) enrol(ctx context.Context, tx *storage.Tx, p PersonID, network ID) error {
	var name string
	if err := tx.QueryRow(ctx, `SELECT name FROM person WHERE id = $1`, p).Scan(&name); err != nil {
		return err
	}
	added := false
	for up := network; up != ""; {
		var parent, root ID
		var language string
		if err := tx.QueryRow(ctx, `SELECT COALESCE(parent, ''), root, lang FROM network WHERE id = $1`, up).Scan(&parent, &root, &language); err != nil {
			return err
		}
		done, err := tx.Exec(ctx, `INSERT INTO membership (network, person, root, sort, since) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (network, person) DO NOTHING`,
			up, p, root, lang.SortKey(language, familyFirst(name)), r.db.Now())
		if err != nil {
			return err
		}
		n, err := done.RowsAffected()
		if err != nil {
			return err
		}
		added = added || n > 0
		up = parent
	}
	if !added {
		return nil
	}
	return r.indexPerson(ctx, tx, p)
}

// familyFirst turns a name round for sorting: the last word is taken for the family's.
func familyFirst(name string) string {
	if i := strings.LastIndexByte(name, ' '); i >= 0 {
		return name[i+1:] + " " + name[:i]
	}
	return name
}

// registered says whether a person belongs to a tenant; somebody who doesn't is not there.
func (r *Registry) registered(ctx context.Context, tx *storage.Tx, p PersonID, root ID) error {
	var n int64
	err := tx.QueryRow(ctx, `SELECT count(*) FROM membership m JOIN person p ON p.id = m.person WHERE m.person = $1 AND m.network = $2 AND p.erased = 0`, p, root).Scan(&n)
	if err == nil && n == 0 {
		return fault.New(fault.NotFound, "there is no such person here").Where("person").Say("network.person")
	}
	return err
}

// Coordinated tells which of these people are registered with a network of the tenant that the reader coordinates. Who came from another
// tenant isn't among them: what happens to them there is not this one's to see.
func (r *Registry) Coordinated(ctx context.Context, tx *storage.Tx, a Access, root ID, of []PersonID) (map[PersonID]bool, error) {
	out := map[PersonID]bool{}
	leads := a.Leads()
	if len(of) == 0 || len(leads) == 0 {
		return out, nil
	}
	in, args := places(of, []any{root})
	led, args := places(leads, args)
	rows, err := tx.Query(ctx, `SELECT DISTINCT m.person FROM membership m JOIN person p ON p.id = m.person
		WHERE m.root = $1 AND m.person IN (`+in+`) AND m.network IN (`+led+`) AND p.erased = 0
			AND NOT EXISTS (SELECT 1 FROM membership o WHERE o.person = m.person AND o.root <> m.root AND o.since < m.since)`, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var p PersonID
		if err := rows.Scan(&p); err != nil {
			return nil, err
		}
		out[p] = true
	}
	return out, rows.Err()
}

// Rename changes a person's own name and language.
func (r *Registry) Rename(ctx context.Context, who Actor, name, language string, version int64) error {
	return r.act(ctx, who, func(tx *storage.Tx, a Access) error {
		if a.Actor.Person == "" {
			return Absent()
		}
		name, err := named("name", name)
		if err != nil {
			return err
		}
		if err := oneOf("lang", language, "sv", "nb", "en"); err != nil {
			return err
		}
		if err := r.update(ctx, tx, `UPDATE person SET name = $3, lang = $4, version = version + 1 WHERE id = $1 AND version = $2`, who.Person, version, name, language); err != nil {
			return err
		}
		if err := r.resort(ctx, tx, who.Person, name); err != nil {
			return err
		}
		return r.indexPerson(ctx, tx, who.Person)
	})
}

// resort gives a person's memberships their place in each network's alphabet.
func (r *Registry) resort(ctx context.Context, tx *storage.Tx, p PersonID, name string) error {
	networks, err := memberships(ctx, tx, p)
	if err != nil {
		return err
	}
	for _, id := range networks {
		n, ok := r.Tree().Network(id)
		if !ok {
			continue
		}
		if _, err := tx.Exec(ctx, `UPDATE membership SET sort = $3 WHERE network = $1 AND person = $2`, id, p, lang.SortKey(n.Lang, familyFirst(name))); err != nil {
			return err
		}
	}
	return nil
}

// Memberships lists the networks a person is registered with; whether the reader may know of the person is the caller's question.
func (r *Registry) Memberships(ctx context.Context, tx *storage.Tx, p PersonID) ([]ID, error) {
	return memberships(ctx, tx, p)
}

func memberships(ctx context.Context, tx *storage.Tx, p PersonID) ([]ID, error) {
	rows, err := tx.Query(ctx, `SELECT network FROM membership WHERE person = $1 ORDER BY network`, p)
	if err != nil {
		return nil, err
	}
	return scanIDs[ID](rows)
}

// Person finds a person; whether the reader may see them is the caller's question.
func (r *Registry) Person(ctx context.Context, tx *storage.Tx, id PersonID) (p Person, err error) {
	var operator, created, erased int64
	err = tx.QueryRow(ctx, `SELECT id, name, lang, operator, created, erased, version FROM person WHERE id = $1`, id).
		Scan(&p.ID, &p.Name, &p.Lang, &operator, &created, &erased, &p.Version)
	if noRow(err) {
		return p, Absent()
	}
	p.Operator, p.Created, p.Erased = operator != 0, storage.Time(created), moment(erased)
	return p, err
}
