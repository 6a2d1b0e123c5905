package consent

import (
	"context"
	"crypto/rand"
	"database/sql"
	"embed"
	"errors"
	"io"
	"time"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/individual"
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
}

// Open reads the history and opens the journal. Open the register before it.
func Open(ctx context.Context, db *storage.DB, people *individual.Register, o Options) (*Consents, error) {
	if o.Journal == "" {
		return nil, fault.New(fault.Invalid, "no place is given for the journal of withdrawals")
	}
	if o.Rand == nil {
		o.Rand = rand.Reader
	}
	c := &Consents{db: db, people: people, path: o.Journal}
	if err := c.begin(ctx, o.Rand); err != nil {
		return nil, err
	}
	s := &state{}
	err := db.Read(ctx, func(tx *storage.Tx) error { return c.load(ctx, tx, s) })
	if err != nil {
		return nil, err
	}
	c.now.Store(s)
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

// load reads what holds.
func (c *Consents) load(ctx context.Context, tx *storage.Tx, s *state) error {
	err := tx.QueryRow(ctx, `SELECT epoch, seq, journal, journal_key FROM consent_state WHERE one = 1`).
		Scan(&s.epoch, &s.seq, &s.line, &c.key)
	if err != nil {
		return err
	}
	if err := readPages(ctx, tx, s); err != nil {
		return err
	}
	s.stamp()
	return nil
}

// derive works out what holds from what was said.
func derive(ctx context.Context, tx *storage.Tx, s *state) error {
	for p, name := range purposes {
		words, err := derivePurpose(ctx, tx, name)
		if err != nil {
			return err
		}
		s.sets[p] = &individual.Set{Words: words[0]}
		s.given[p] = words[1]
	}
	return nil
}

// derivePurpose gives who is allowed, and who has ever said yes.
func derivePurpose(ctx context.Context, tx *storage.Tx, p Purpose) (words [2][]uint64, err error) {
	rows, err := tx.Query(ctx, `SELECT individual, kind FROM consent_choice WHERE purpose = $1 ORDER BY seq`, p)
	if err != nil {
		return words, err
	}
	defer rows.Close()
	var n individual.Number
	var kind sql.RawBytes
	for rows.Next() {
		if err := rows.Scan(&n, &kind); err != nil {
			return words, err
		}
		yes := string(kind) == string(Given)
		words[0] = put(words[0], n, yes)
		if yes {
			words[1] = put(words[1], n, true)
		}
	}
	return words, rows.Err()
}

// seal writes a transaction's change, as its last act: the journal first, so that no "no"
// can be in the database and not in the journal.
func (c *Consents) seal(ctx context.Context, u *change) error {
	if u.err != nil {
		return u.err
	}
	if u.altered {
		u.next.epoch++
		u.next.stamp()
	}
	if len(u.acts) > 0 {
		line, err := c.journal.append(u.next.epoch, storage.Micros(c.db.Now()), u.acts)
		if err != nil {
			return err
		}
		u.next.line = line
	}
	if err := c.insert(ctx, u); err != nil {
		return err
	}
	if err := u.writePages(ctx); err != nil {
		return err
	}
	_, err := u.tx.Exec(ctx, `UPDATE consent_state SET epoch = $1, seq = $2, journal = $3 WHERE one = 1`,
		u.next.epoch, u.next.seq, u.next.line)
	return err
}

func (c *Consents) insert(ctx context.Context, u *change) error {
	now, s := c.db.Now(), &u.next
	rows := u.rows
	err := u.tx.Insert(ctx, "consent_choice (seq, epoch, individual, purpose, kind, made_by, why, made, recorded)", func() []any {
		if len(rows) == 0 {
			return nil
		}
		r := rows[0]
		rows = rows[1:]
		s.seq++
		return []any{s.seq, s.epoch, r.Individual, r.Purpose, r.kind, r.by, r.Why, r.When, now}
	})
	if err != nil {
		return err
	}
	events := u.events
	return u.tx.Insert(ctx, "consent_event (seq, epoch, kind, individual, made_by, why, recorded)", func() []any {
		if len(events) == 0 {
			return nil
		}
		e := events[0]
		events = events[1:]
		s.seq++
		return []any{s.seq, s.epoch, e.kind, e.individual, e.by, e.why, now}
	})
}

// Record is a choice in the history.
type Record struct {
	Epoch      uint64 // from which it has been obeyed
	Individual individual.Number
	Purpose    Purpose
	Kind       Kind
	By         Actor
	Why        string
	When       time.Time // when they chose
	Recorded   time.Time
}

// History is everything that an individual has said, oldest first.
func (c *Consents) History(ctx context.Context, n individual.Number) ([]Record, error) {
	var all []Record
	err := c.db.Read(ctx, func(tx *storage.Tx) error {
		rows, err := tx.Query(ctx, `SELECT epoch, individual, purpose, kind, made_by, why, made, recorded
			FROM consent_choice WHERE individual = $1 ORDER BY seq`, n)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var r Record
			var made, recorded int64
			if err := rows.Scan(&r.Epoch, &r.Individual, &r.Purpose, &r.Kind, &r.By, &r.Why, &made, &recorded); err != nil {
				return err
			}
			r.When, r.Recorded = storage.Time(made), storage.Time(recorded)
			all = append(all, r)
		}
		return rows.Err()
	})
	return all, err
}

// Verify derives what holds from the history again and compares.
func (c *Consents) Verify(ctx context.Context) error {
	again := &state{}
	for {
		now := c.now.Load()
		if err := c.db.Read(ctx, func(tx *storage.Tx) error { return derive(ctx, tx, again) }); err != nil {
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
	for p, name := range purposes {
		if !equal(a.sets[p].Words, b.sets[p].Words) || !equal(a.given[p], b.given[p]) {
			return fault.New(fault.Internal, "who may be counted for %s differs from what was recorded", name).
				Do("start samverk again, and report this")
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
