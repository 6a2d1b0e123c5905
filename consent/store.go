package consent

import (
	"context"
	"crypto/rand"
	"database/sql"
	"embed"
	"errors"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/individual"
	"github.com/samverk/samverk/mandate"
	"github.com/samverk/samverk/ontology"
	"github.com/samverk/samverk/storage"
)

// Migrations are the room's tables, for storage.Options.
//
//go:embed migrations/*.sql
var Migrations embed.FS

// Options say where the journal is.
type Options struct {
	// Journal is the journal's path: outside the data directory, so that neither a restore
	// nor the loss of that directory takes it along. See JournalBeside.
	Journal string
	// JournalLost is the operator's word that the journal is gone for good. Without it a
	// missing or shorter journal is a refusal.
	JournalLost bool
	// Rand is the source of randomness; the system's when nil.
	Rand io.Reader
	// Terms are the diseases, and what is a kind of what. Without them only the same disease is the same.
	Terms *ontology.Terms
}

// Open reads the history and opens the journal. Open the register before it.
func Open(ctx context.Context, db *storage.DB, people *individual.Register, o Options) (*Consents, error) {
	if o.Journal == "" {
		return nil, fault.New(fault.Invalid, "no place is given for the journal of withdrawals")
	}
	if o.Rand == nil {
		o.Rand = rand.Reader
	}
	c := &Consents{db: db, people: people, path: o.Journal, terms: o.Terms}
	if err := c.begin(ctx, o.Rand); err != nil {
		return nil, err
	}
	s, made := &state{terms: o.Terms}, 0
	err := db.Read(ctx, func(tx *storage.Tx) (err error) {
		made, err = c.load(ctx, tx, s)
		return err
	})
	if err != nil {
		return nil, err
	}
	if made < pagesMade {
		if err := c.makePages(ctx, s); err != nil {
			return nil, err
		}
	}
	c.told = s.epoch
	c.now.Store(s)
	people.Follow(c.follow())
	if backup, waiting := db.Restored(); waiting {
		s.waiting = backup
		return c, nil // Replay or ConfirmNoJournal opens the journal
	}
	return c, c.openJournal(ctx, o.JournalLost)
}

// Close lets the journal go.
func (c *Consents) Close() error {
	j := c.journal
	c.journal = nil
	if j == nil {
		return nil
	}
	return j.close()
}

// begin makes the room's one row, the first time.
func (c *Consents) begin(ctx context.Context, random io.Reader) error {
	key := make([]byte, 32)
	if _, err := io.ReadFull(random, key); err != nil {
		return fault.Wrap(fault.Internal, err, "no randomness for the journal's key")
	}
	return c.db.Write(ctx, func(tx *storage.Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO consent_state (one, epoch, seq, journal, journal_key) VALUES (1, 0, 0, 0, $1)
			ON CONFLICT (one) DO NOTHING`, key)
		return err
	})
}

// load reads what holds, and which kinds of pages there are.
func (c *Consents) load(ctx context.Context, tx *storage.Tx, s *state) (made int, err error) {
	err = tx.QueryRow(ctx, `SELECT epoch, seq, journal, journal_key, planes, obeyed, receipts FROM consent_state WHERE one = 1`).
		Scan(&s.epoch, &s.seq, &s.line, &c.key, &made, &s.at, &s.receipt)
	if err != nil {
		return made, err
	}
	if made < pagesMade {
		obeyed := s.at
		s.at = max(s.at, storage.Micros(c.db.Now()))
		err = derive(ctx, tx, s, c.people)
		s.at = obeyed
	} else {
		err = errors.Join(readPages(ctx, tx, s), readLapses(ctx, tx, s))
	}
	if err == nil {
		err = readForces(ctx, tx, s, false)
	}
	if err != nil {
		return made, err
	}
	e := s.edit()
	for _, i := range c.people.List() {
		e.enrolled = put(e.enrolled, i.Number, true)
	}
	e.form = current(e.enacted, e.at)
	e.stamp(s.epoch)
	*s = e.state
	return made, nil
}

// makePages writes the pages that the program before this one didn't keep.
func (c *Consents) makePages(ctx context.Context, s *state) error {
	return c.db.Write(ctx, func(tx *storage.Tx) error {
		u := &change{tx: tx, base: s, edit: s.edit()}
		u.touchAll()
		if err := u.writePages(ctx); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `UPDATE consent_state SET planes = $1 WHERE one = 1`, pagesMade)
		return err
	})
}

// derive works out what holds from what was said, at the state's moment.
func derive(ctx context.Context, tx *storage.Tx, s *state, people *individual.Register) error {
	e := s.edit()
	e.diseases, e.ownCodes = map[string][]uint64{}, map[string]bool{}
	if err := e.deriveWards(ctx, tx); err != nil {
		return err
	}
	for what := range permissions {
		if err := e.derivePermission(ctx, tx, what, people); err != nil {
			return err
		}
	}
	if err := e.deriveRestrictions(ctx, tx); err != nil {
		return err
	}
	*s = e.state
	return nil
}

// deriveWards finds for whom a guardian has ever chosen.
func (e *edit) deriveWards(ctx context.Context, tx *storage.Tx) error {
	rows, err := tx.Query(ctx, `SELECT DISTINCT individual FROM consent_choice WHERE guardian <> ''`)
	if err != nil {
		return err
	}
	defer rows.Close()
	var n individual.Number
	for rows.Next() {
		if err := rows.Scan(&n); err != nil {
			return err
		}
		e.set(ward, n, true)
	}
	return rows.Err()
}

// derivePermission works out who allows one permission.
func (e *edit) derivePermission(ctx context.Context, tx *storage.Tx, what int, people *individual.Register) error {
	rows, err := tx.Query(ctx, `SELECT individual, kind, guardian, alone, made, recorded, scope, diseases
		FROM consent_choice WHERE purpose = $1 ORDER BY seq`, permissions[what])
	if err != nil {
		return err
	}
	defer rows.Close()
	var n individual.Number
	var kind, guardian, scope, diseases sql.RawBytes
	var recorded int64
	wards := map[individual.Number][]answer{}
	for rows.Next() {
		var a answer
		if err := rows.Scan(&n, &kind, &guardian, &a.alone, &a.made, &recorded, &scope, &diseases); err != nil {
			return err
		}
		a.allow = string(kind) == string(Given)
		if len(scope) > 0 {
			a.scope, a.diseases = Scope(scope), strings.Fields(string(diseases))
		}
		if a.allow {
			e.set(ever+plane(what), n, true)
		}
		if has(e.planes[ward], n) {
			a.guardian, a.made = string(guardian), min(a.made, recorded)
			wards[n] = append(wards[n], a)
			continue
		}
		e.hold(what, n, holds{yes: a.allow, no: !a.allow, scope: a.scope, diseases: a.diseases})
	}
	if err := rows.Err(); err != nil {
		return err
	}
	for n, said := range wards {
		who, ok := people.Get(n)
		if !ok {
			continue
		}
		h := resolve(said, who.Born, e.at)
		e.hold(what, n, h)
		if h.lapses && !who.Born.IsZero() {
			l := e.lapseOf(storage.Micros(individual.Majority(who.Born)), n)
			l.what |= 1 << what
			e.lapse(l)
		}
	}
	return nil
}

// deriveRestrictions works out who is under a restriction.
func (e *edit) deriveRestrictions(ctx context.Context, tx *storage.Tx) error {
	rows, err := tx.Query(ctx, `SELECT act, individual, id, purposes FROM consent_restriction ORDER BY individual, seq`)
	if err != nil {
		return err
	}
	defer rows.Close()
	standing := map[string]bool{}
	var all []Restriction
	for rows.Next() {
		var act, purposes string
		var r Restriction
		if err := rows.Scan(&act, &r.Individual, &r.ID, &purposes); err != nil {
			return err
		}
		if act == "lifted" {
			delete(standing, r.ID)
			continue
		}
		standing[r.ID] = true
		for _, p := range strings.Fields(purposes) {
			r.Purposes = append(r.Purposes, Purpose(p))
		}
		all = append(all, r)
	}
	for _, r := range all {
		for _, p := range r.Purposes {
			if i := p.index(); i >= 0 && standing[r.ID] {
				e.set(out+plane(i), r.Individual, true)
			}
		}
	}
	return rows.Err()
}

// seal writes a transaction's change, as its last act: the journal first, so that no "no"
// can be in the database and not in the journal.
func (c *Consents) seal(ctx context.Context, u *change) error {
	if u.err != nil {
		return u.err
	}
	if u.altered {
		u.stamp(u.epoch + 1 + u.ahead(storage.Micros(u.clock(c))))
	} else {
		u.schedule()
	}
	if len(u.acts) > 0 {
		line, err := c.journal.append(u.epoch, storage.Micros(c.db.Now()), u.acts)
		if err != nil {
			return err
		}
		u.line = line
	}
	if err := c.insert(ctx, u); err != nil {
		return err
	}
	if err := u.writePages(ctx); err != nil {
		return err
	}
	_, err := u.tx.Exec(ctx, `UPDATE consent_state SET epoch = $1, seq = $2, journal = $3, obeyed = $4, receipts = $5 WHERE one = 1`,
		u.epoch, u.seq, u.line, u.at, u.receipt)
	return err
}

// insert writes what was said and done.
func (c *Consents) insert(ctx context.Context, u *change) error {
	now := c.db.Now()
	bare, whole := u.number()
	for _, t := range []struct {
		into string
		next func() []any
	}{
		{"consent_choice (" + choiceColumns + ")", each(bare, func(r row) []any { return r.values(u.epoch, now) })},
		{"consent_choice (" + choiceColumns + ", form, question, scope, diseases, guardian, alone, document, receipt)",
			each(whole, func(r row) []any {
				return append(r.values(u.epoch, now), formName(r.form), r.question, r.scope, join(r.diseases), r.guardian, r.alone, r.document, r.receipt)
			})},
		{"consent_restriction (seq, epoch, id, act, individual, kind, purposes, ground, made_by, why, document, guardian, made, recorded)",
			each(u.acted, func(r restricted) []any {
				u.seq++
				return []any{u.seq, u.epoch, r.ID, r.act, r.Individual, r.Kind, join(r.Purposes), r.Ground, r.By, r.Why, r.Document, r.Guardian, r.When, now}
			})},
		{"consent_force (seq, epoch, digest, decision, mandate, begins, made_by, recorded)",
			each(u.forces, func(f force) []any {
				u.seq++
				return []any{u.seq, u.epoch, f.Digest.String(), f.Mandate.Decision, f.mandate, f.begins(), f.by, f.held}
			})},
		{"consent_receipt (number, individual, epoch, stopped, began, recorded)",
			each(u.receipts, func(r *Receipt) []any {
				u.finish(r, now)
				return []any{r.Number, r.Individual, r.Epoch, join(r.Stopped), join(r.Began), now}
			})},
		{"consent_event (seq, epoch, kind, individual, made_by, why, recorded)",
			each(u.events, func(e event) []any {
				u.seq++
				return []any{u.seq, u.epoch, e.kind, e.individual, e.by, e.why, now}
			})},
	} {
		if err := u.tx.Insert(ctx, t.into, t.next); err != nil {
			return err
		}
	}
	return nil
}

const choiceColumns = `seq, epoch, individual, purpose, kind, made_by, why, made, recorded`

func (r row) values(epoch uint64, now time.Time) []any {
	return []any{r.seq, epoch, r.who, permissions[r.what], r.kind, r.by, r.why, r.when, now}
}

// number gives each choice its place in the history, and tells those made on no form, as whole files of them are, from the rest: they
// have half the columns.
func (u *change) number() (bare, whole []row) {
	for _, r := range u.rows {
		u.seq++
		r.seq = u.seq
		if r.receipt == "" && r.guardian == "" {
			bare = append(bare, r)
		} else {
			whole = append(whole, r)
		}
	}
	return bare, whole
}

// each gives the rows of a list, one after another, and then nil.
func each[T any](all []T, values func(T) []any) func() []any {
	return func() []any {
		if len(all) == 0 {
			return nil
		}
		one := all[0]
		all = all[1:]
		return values(one)
	}
}

// formName is how a choice names its form; "" for none.
func formName(d mandate.Digest) string {
	if d == (mandate.Digest{}) {
		return ""
	}
	return d.String()
}

// Record is a choice in the history.
type Record struct {
	Epoch      uint64 // from which it has been obeyed
	Individual individual.Number
	Purpose    Purpose // or a condition on one: a Permission
	Kind       Kind
	By         Actor
	Why        string
	When       time.Time // when they chose
	Recorded   time.Time

	Form     string // the digest of the form it was made on; "" for none
	Question string
	Scope    Scope // of a yes to research
	Diseases []string
	Guardian string // whose choice it was; "" their own
	Document string
	Receipt  string
}

// History is everything that an individual has said, oldest first.
func (c *Consents) History(ctx context.Context, n individual.Number) (all []Record, err error) {
	err = c.db.Read(ctx, func(tx *storage.Tx) error {
		all, err = c.HistoryIn(ctx, tx, n)
		return err
	})
	return all, err
}

// HistoryIn is the same, without what this transaction has changed.
func (c *Consents) HistoryIn(ctx context.Context, tx *storage.Tx, n individual.Number) ([]Record, error) {
	return records(ctx, tx, `individual = $1`, n)
}

func records(ctx context.Context, tx *storage.Tx, where string, args ...any) (all []Record, err error) {
	rows, err := tx.Query(ctx, `SELECT epoch, individual, purpose, kind, made_by, why, made, recorded, form, question, scope, diseases,
		guardian, document, receipt FROM consent_choice WHERE `+where+` ORDER BY seq`, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var r Record
		var made, recorded int64
		var diseases string
		if err := rows.Scan(&r.Epoch, &r.Individual, &r.Purpose, &r.Kind, &r.By, &r.Why, &made, &recorded, &r.Form, &r.Question,
			&r.Scope, &diseases, &r.Guardian, &r.Document, &r.Receipt); err != nil {
			return nil, err
		}
		r.When, r.Recorded, r.Diseases = storage.Time(made), storage.Time(recorded), strings.Fields(diseases)
		all = append(all, r)
	}
	return all, rows.Err()
}

// Verify derives what holds from the history again and compares.
func (c *Consents) Verify(ctx context.Context) error {
	for {
		at := storage.Micros(c.db.Now()) // before the state: whatever has fallen due by then, it has obeyed
		now := c.state()
		again := &state{terms: c.terms, at: max(at, now.at)}
		if err := c.db.Read(ctx, func(tx *storage.Tx) error {
			return errors.Join(derive(ctx, tx, again, c.people), readForces(ctx, tx, again, true))
		}); err != nil {
			return err
		}
		// A change may be committed and not yet published: let it be, then see whether
		// the state moved under us.
		if err := c.db.Write(ctx, func(*storage.Tx) error { return nil }); err != nil {
			return err
		}
		if now == c.now.Load() {
			return errors.Join(same(now, again), c.verifyJournal(now))
		}
	}
}

func same(a, b *state) error {
	differs := func(what string) error {
		return fault.New(fault.Internal, "who may be counted (%s) differs from what was recorded", what).
			Do("start samverk again, and report this")
	}
	for p, name := range planeNames {
		if p >= int(ever) && p < int(no) {
			name = "ever " + string(permissions[p-int(ever)])
		}
		if !equal(a.planes[p], b.planes[p]) {
			return differs(name)
		}
	}
	for _, codes := range []map[string][]uint64{a.diseases, b.diseases} {
		for code := range codes {
			if !equal(a.diseases[code], b.diseases[code]) {
				return differs(code)
			}
		}
	}
	if !slices.Equal(a.lapses, b.lapses) {
		return differs("what ends with childhood")
	}
	if a.form != nil || len(b.enacted) > 0 {
		if f := current(b.enacted, b.at); (f == nil) != (a.form == nil) || f != nil && f.Digest != a.form.Digest {
			return differs("the form in force")
		}
	}
	return nil
}

// equal compares sets; words past the end are zero.
func equal(a, b []uint64) bool {
	if len(a) < len(b) {
		a, b = b, a
	}
	for i, w := range a {
		if i < len(b) && w != b[i] || i >= len(b) && w != 0 {
			return false
		}
	}
	return true
}

// Papers lists the latest acts that staff registered from paper, one choice of each, the newest first.
func (c *Consents) Papers(ctx context.Context, limit int) ([]Record, error) {
	var all []Record
	err := c.db.Read(ctx, func(tx *storage.Tx) error {
		var err error
		all, err = records(ctx, tx, `seq IN (SELECT max(seq) FROM (SELECT seq, receipt FROM consent_choice WHERE document <> ''
			ORDER BY seq DESC LIMIT $1) late GROUP BY receipt)`, limit*len(permissions))
		return err
	})
	slices.Reverse(all)
	return all[:min(len(all), limit)], err
}
