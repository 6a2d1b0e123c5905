package learning

import (
	"cmp"
	"context"
	"database/sql"
	"slices"
	"strings"
	"time"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/storage"
)

// Role is what somebody does in a network: they chair a body, coordinate, or sit there for a sector.
type Role string

// Roles in the order they are shown. The rest are sectors.
var Roles = []Role{"chair", "coordinator", Role(network.Care), Role(network.Academia), Role(network.Authority), Role(network.Industry), Role(network.Patient)}

// Competence is something that roles need.
type Competence struct {
	ID      string
	Root    network.ID
	Name    network.Text
	Roles   []Role
	Closed  bool
	Version int64
}

// RecordKind says how somebody came by what they know.
type RecordKind string

// The kinds of record.
const (
	Attended RecordKind = "attended"
	Learnt   RecordKind = "learnt"
	Holds    RecordKind = "holds"
)

// RecordKinds in the order they are shown.
var RecordKinds = []RecordKind{Attended, Learnt, Holds}

// Record is a line of what a person attended, learnt or holds: their own.
type Record struct {
	ID          string
	Person      network.PersonID `json:"-"`
	Root        network.ID       `json:"-"`
	Kind        RecordKind
	Title       string
	Lang        string
	Competence  string // "" for none of those named
	Certificate string // its code; "" for none
	Since       time.Time
	Until       time.Time // zero: no end
	Listed      network.Visibility
}

const (
	mostRecords     = 200
	mostCompetences = 200
)

// SaveCompetence adds a competence that roles need, or changes one from the version it began from: by who coordinates the whole network.
func (r *Room) SaveCompetence(ctx context.Context, who network.Actor, c Competence) error {
	return r.act(ctx, who, func(tx *storage.Tx, a network.Access) error {
		if c.ID != "" {
			old, err := r.competence(ctx, tx, c.ID)
			if err != nil || !a.Registered(old.Root) {
				return network.Absent()
			}
			c.Root = old.Root
		}
		if !a.Registered(c.Root) {
			return network.Absent()
		}
		if !a.Coordinates(c.Root) {
			return denied()
		}
		c.Name = network.Text{SV: line(c.Name.SV), NB: line(c.Name.NB), EN: line(c.Name.EN)}
		if c.Name.Empty() {
			return needed("name", "", 1)
		}
		if err := cmp.Or(short("name", c.Name.SV, lineLength), short("name", c.Name.NB, lineLength), short("name", c.Name.EN, lineLength)); err != nil {
			return err
		}
		for _, role := range c.Roles {
			if err := oneOf("roles", role, Roles...); err != nil {
				return err
			}
		}
		kind := "competence.changed"
		if c.ID == "" {
			var n int
			if err := tx.QueryRow(ctx, `SELECT COUNT(*) FROM learning_competence WHERE root = $1`, c.Root).Scan(&n); err != nil {
				return err
			}
			if n >= mostCompetences {
				return fault.New(fault.Conflict, "there are %d competences", n).Where("name").Say("learning.competences.many", n)
			}
			var err error
			if c.ID, err = r.db.NewID(); err != nil {
				return err
			}
			kind = "competence.added"
			if _, err := tx.Exec(ctx, `INSERT INTO learning_competence (id, root, name, closed, version) VALUES ($1, $2, $3, 0, 1)`, c.ID, c.Root, c.Name.Column()); err != nil {
				return err
			}
		} else if err := one(tx.Exec(ctx, `UPDATE learning_competence SET name = $3, closed = $4, version = version + 1 WHERE id = $1 AND version = $2`, c.ID, c.Version, c.Name.Column(), c.Closed)); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `DELETE FROM learning_role_need WHERE competence = $1`, c.ID); err != nil {
			return err
		}
		for _, role := range c.Roles {
			if _, err := tx.Exec(ctx, `INSERT INTO learning_role_need (competence, role) VALUES ($1, $2) ON CONFLICT DO NOTHING`, c.ID, role); err != nil {
				return err
			}
		}
		return r.network.Record(ctx, tx, who, c.Root, c.ID, "learning."+kind, nil)
	})
}

func (r *Room) competence(ctx context.Context, tx *storage.Tx, id string) (c Competence, err error) {
	var ended int64
	err = tx.QueryRow(ctx, `SELECT id, root, name, closed, version FROM learning_competence WHERE id = $1`, id).Scan(&c.ID, &c.Root, &c.Name, &ended, &c.Version)
	if noRow(err) {
		return c, network.Absent()
	}
	c.Closed = ended != 0
	return c, err
}

// Competences lists what roles need, to anybody.
func (r *Room) Competences(ctx context.Context, root network.ID) (out []Competence, err error) {
	err = r.db.Read(ctx, func(tx *storage.Tx) error { out, err = r.competences(ctx, tx, root); return err })
	return out, err
}

func (r *Room) competences(ctx context.Context, tx *storage.Tx, root network.ID) (out []Competence, err error) {
	rows, err := tx.Query(ctx, `SELECT c.id, c.name, c.closed, c.version, COALESCE(n.role, '') FROM learning_competence c LEFT JOIN learning_role_need n ON n.competence = c.id
		WHERE c.root = $1 ORDER BY c.id, n.role LIMIT 2000`, root)
	err = each(rows, err, func(rows *sql.Rows) error {
		c := Competence{Root: root}
		var role Role
		var ended int64
		err := rows.Scan(&c.ID, &c.Name, &ended, &c.Version, &role)
		if c.Closed = ended != 0; len(out) == 0 || out[len(out)-1].ID != c.ID {
			out = append(out, c)
		}
		if role != "" {
			last := &out[len(out)-1]
			last.Roles = append(last.Roles, role)
		}
		return err
	})
	for i := range out {
		slices.SortFunc(out[i].Roles, func(a, b Role) int { return slices.Index(Roles, a) - slices.Index(Roles, b) })
	}
	return out, err
}

// Mine is everything that the room keeps of a person in a tenant.
type Mine struct {
	Places       []MyPlace
	Certificates []Certificate
	Records      []Record
	Counted      bool // they let themself be counted
}

// MyPlace is a registration with what it is of.
type MyPlace struct {
	Registration
	Of Activity
}

// Mine gives the actor what is theirs.
func (r *Room) Mine(ctx context.Context, who network.Actor, root network.ID) (m Mine, err error) {
	err = r.look(ctx, who, func(tx *storage.Tx, a network.Access) error {
		if a.Actor.Person == "" {
			return network.Absent()
		}
		rows, err := tx.Query(ctx, `SELECT `+registrationColumns+`, `+activityColumns+registrationFrom+`JOIN learning_activity a ON a.id = g.activity
			WHERE g.person = $1 AND g.root = $2 ORDER BY g.id DESC LIMIT 500`, who.Person, root)
		err = each(rows, err, func(rows *sql.Rows) error {
			var p MyPlace
			var inner error
			p.Registration, inner = scanRegistration(scans(func(to ...any) error {
				var err error
				p.Of, err = scanActivity(scans(func(more ...any) error { return rows.Scan(append(slices.Clone(to), more...)...) }))
				return err
			}))
			m.Places = append(m.Places, p)
			return inner
		})
		if err != nil {
			return err
		}
		if m.Certificates, err = r.certificates(ctx, tx, root, who.Person); err != nil {
			return err
		}
		if m.Records, err = r.records(ctx, tx, root, who.Person); err != nil {
			return err
		}
		var n int
		err = tx.QueryRow(ctx, `SELECT COUNT(*) FROM learning_counted WHERE root = $1 AND person = $2`, root, who.Person).Scan(&n)
		m.Counted = n > 0
		return err
	})
	return m, err
}

// scans is a row by its Scan alone: two nouns are read from one.
type scans func(...any) error

func (s scans) Scan(to ...any) error { return s(to...) }

func (r *Room) records(ctx context.Context, tx *storage.Tx, root network.ID, of network.PersonID) (out []Record, err error) {
	rows, err := tx.Query(ctx, `SELECT id, kind, title, lang, competence, certificate, since, until, listed FROM learning_record WHERE person = $1 AND root = $2 ORDER BY id DESC LIMIT 500`, of, root)
	err = each(rows, err, func(rows *sql.Rows) error {
		x := Record{Person: of, Root: root}
		var since, until int64
		err := rows.Scan(&x.ID, &x.Kind, &x.Title, &x.Lang, &x.Competence, &x.Certificate, &since, &until, &x.Listed)
		x.Since, x.Until = moment(since), moment(until)
		out = append(out, x)
		return err
	})
	return out, err
}

// AddRecord writes a line into the actor's own record.
func (r *Room) AddRecord(ctx context.Context, who network.Actor, x Record) error {
	return r.act(ctx, who, func(tx *storage.Tx, a network.Access) error {
		if !a.Registered(x.Root) {
			return network.Absent()
		}
		x.Person, x.Title, x.Certificate, x.Listed = who.Person, line(x.Title), "", network.Mine
		if err := cmp.Or(oneOf("kind", x.Kind, RecordKinds...), needed("title", x.Title, 120), oneOf("lang", x.Lang, "sv", "nb", "en")); err != nil {
			return err
		}
		if !x.Until.IsZero() && !x.Until.After(x.Since) {
			return fault.New(fault.Invalid, "it ends before it begins").Where("until").Say("learning.until")
		}
		if x.Competence != "" {
			c, err := r.competence(ctx, tx, x.Competence)
			if err != nil || c.Root != x.Root {
				return oneOf("competence", x.Competence)
			}
		}
		var n int
		if err := tx.QueryRow(ctx, `SELECT COUNT(*) FROM learning_record WHERE person = $1 AND root = $2`, who.Person, x.Root).Scan(&n); err != nil {
			return err
		}
		if n >= mostRecords {
			return fault.New(fault.Conflict, "there are %d lines", n).Where("title").Say("learning.records.many", n)
		}
		return r.insertRecord(ctx, tx, x)
	})
}

func (r *Room) insertRecord(ctx context.Context, tx *storage.Tx, x Record) error {
	id, err := r.db.NewID()
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `INSERT INTO learning_record (id, person, root, kind, title, lang, competence, certificate, since, until, listed) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
		id, x.Person, x.Root, x.Kind, x.Title, x.Lang, x.Competence, x.Certificate, x.Since, micros(x.Until), x.Listed)
	return err
}

func (r *Room) ownRecord(ctx context.Context, tx *storage.Tx, who network.Actor, root network.ID, id string) (Record, error) {
	all, err := r.records(ctx, tx, root, who.Person)
	for _, x := range all {
		if x.ID == id && who.Person != "" {
			return x, nil
		}
	}
	return Record{}, cmp.Or(err, error(network.Absent()))
}

// DropRecord removes a line from the actor's own record, and from the directory.
func (r *Room) DropRecord(ctx context.Context, who network.Actor, root network.ID, id string) error {
	return r.act(ctx, who, func(tx *storage.Tx, _ network.Access) error {
		x, err := r.ownRecord(ctx, tx, who, root, id)
		if err != nil {
			return err
		}
		if err := r.unlist(ctx, tx, who, x); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `DELETE FROM learning_record WHERE id = $1`, id)
		return err
	})
}

// ListRecord shows a line of the actor's own record in the directory, to the network or to everybody, or takes it out of there.
func (r *Room) ListRecord(ctx context.Context, who network.Actor, root network.ID, id string, to network.Visibility) error {
	return r.act(ctx, who, func(tx *storage.Tx, a network.Access) error {
		x, err := r.ownRecord(ctx, tx, who, root, id)
		if err != nil {
			return err
		}
		if err := oneOf("to", to, network.Mine, network.NetworkOnly, network.Public); err != nil {
			return err
		}
		if to == network.Mine {
			err = r.unlist(ctx, tx, who, x)
		} else {
			err = r.network.AddToProfile(ctx, tx, who, network.Competences, listedAs(x.Title), to, x.Lang)
		}
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `UPDATE learning_record SET listed = $2 WHERE id = $1`, id, to)
		return err
	})
}

// listedAs is a title as an item of a list.
func listedAs(title string) string {
	return line(strings.NewReplacer(",", " ", ";", " ").Replace(title))
}

// unlist takes a line out of the directory, unless another line says the same.
func (r *Room) unlist(ctx context.Context, tx *storage.Tx, who network.Actor, x Record) error {
	if x.Listed == network.Mine {
		return nil
	}
	all, err := r.records(ctx, tx, x.Root, who.Person)
	if err != nil || slices.ContainsFunc(all, func(o Record) bool {
		return o.ID != x.ID && o.Listed != network.Mine && listedAs(o.Title) == listedAs(x.Title)
	}) {
		return err
	}
	return r.network.DropFromProfile(ctx, tx, who, network.Competences, listedAs(x.Title))
}

// SetCounted lets the actor be counted where gaps are looked for, or no more.
func (r *Room) SetCounted(ctx context.Context, who network.Actor, root network.ID, yes bool) error {
	return r.act(ctx, who, func(tx *storage.Tx, a network.Access) error {
		if !a.Registered(root) {
			return network.Absent()
		}
		if !yes {
			_, err := tx.Exec(ctx, `DELETE FROM learning_counted WHERE root = $1 AND person = $2`, root, who.Person)
			return err
		}
		_, err := tx.Exec(ctx, `INSERT INTO learning_counted (person, root, since) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`, who.Person, root, r.db.Now())
		return err
	})
}

// Gap is how many of those with a role in a network have a competence that the role needs, of those who let themselves be counted. The
// numbers are whole fives, so that nobody's coming or going is seen in them.
type Gap struct {
	Network    network.ID
	Role       Role
	Competence string
	People     int
	Have       int
	Lack       int
}

// fives rounds down, so that what is told is never of fewer than five, nor of one more.
func fives(n int) int { return n - n%5 }

// Gaps counts gaps of a tenant, by the network in whose bodies people sit and by role. Where fewer than five are counted there is no row.
func (r *Room) Gaps(ctx context.Context, root network.ID) (out []Gap, err error) {
	err = r.db.Read(ctx, func(tx *storage.Tx) error {
		rows, err := tx.Query(ctx, `SELECT x.network, x.role, n.competence, COUNT(*), SUM(CASE WHEN EXISTS (SELECT 1 FROM learning_record k
				WHERE k.person = x.person AND k.root = $1 AND k.competence = n.competence AND (k.until = 0 OR k.until > $2)) THEN 1 ELSE 0 END)
			FROM (SELECT DISTINCT b.network AS network, h.person AS person, CASE WHEN b.kind = 'secretariat' THEN 'coordinator' WHEN s.role = 'chair' THEN 'chair' ELSE s.sector END AS role
				FROM learning_counted c JOIN holding h ON h.person = c.person JOIN seat s ON s.id = h.seat JOIN body b ON b.id = s.body
				WHERE c.root = $1 AND b.root = $1 AND h.starts <= $2 AND (h.ends = 0 OR h.ends > $2) AND s.closed = 0 AND b.closed = 0) x
			JOIN learning_role_need n ON n.role = x.role JOIN learning_competence q ON q.id = n.competence AND q.root = $1 AND q.closed = 0
			GROUP BY x.network, x.role, n.competence`, root, r.db.Now())
		return each(rows, err, func(rows *sql.Rows) error {
			var g Gap
			var people, have int
			if err := rows.Scan(&g.Network, &g.Role, &g.Competence, &people, &have); err != nil {
				return err
			}
			if g.People, g.Have, g.Lack = fives(people), fives(have), fives(people-have); g.People > 0 {
				out = append(out, g)
			}
			return nil
		})
	})
	at := map[network.ID]int{}
	for i, n := range r.network.Tree().Down(root) {
		at[n.ID] = i
	}
	slices.SortFunc(out, func(a, b Gap) int {
		return cmp.Or(at[a.Network]-at[b.Network], slices.Index(Roles, a.Role)-slices.Index(Roles, b.Role), cmp.Compare(a.Competence, b.Competence))
	})
	return out, err
}
