package ledger

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"embed"
	"encoding/binary"
	"errors"
	"io"
	"sync"
	"time"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/individual"
	"github.com/samverk/samverk/storage"
)

// Migrations are the ledger's tables, for storage.Options.
//
//go:embed migrations/*.sql
var Migrations embed.FS

// AccessRecord is who asked what, or looked at whom. It is kept in the database; the log holds its commitment.
type AccessRecord struct {
	Time         time.Time          // Append sets it
	Person       string             // who
	Organisation string             // on whose behalf
	Individual   *individual.Number // whom it was about; nil: nobody in particular
	Question     string             // what, in the asker's own terms
	Why          string
}

// Opening is an access record with the salt that shows it to be the one in a leaf.
type Opening struct {
	AccessRecord
	Salt [32]byte
}

// Commitment is what a leaf holds of a record: the SHA-256 of, numbers being big-endian,
//
//	17  "samverk access 1" and a zero byte
//	32  the salt
//	 8  time, microseconds since 1970 UTC
//	 8  the individual's number and one; zero for nobody
//	    four texts: person, organisation, question, why; each its length in four bytes, then UTF-8
func (o Opening) Commitment() [32]byte {
	b := append([]byte("samverk access 1\x00"), o.Salt[:]...)
	b = binary.BigEndian.AppendUint64(b, uint64(o.Time.UnixMicro()))
	var who uint64
	if o.Individual != nil {
		who = uint64(*o.Individual) + 1
	}
	b = binary.BigEndian.AppendUint64(b, who)
	for _, s := range []string{o.Person, o.Organisation, o.Question, o.Why} {
		b = binary.BigEndian.AppendUint32(b, uint32(len(s)))
		b = append(b, s...)
	}
	return sha256.Sum256(b)
}

// KeepYears is for how long access records are kept at least (HSLF-FS 2016:40, chapter 4, section 9).
const KeepYears = 5

const maxQuestion = 16 << 10

// Accesses keeps access records and appends their leaves.
type Accesses struct {
	db     *storage.DB
	ledger *Ledger
	random io.Reader
	years  int

	mu      sync.Mutex
	waiting []keeping
	writing bool
}

type keeping struct {
	record Opening
	done   chan<- error // capacity 1
}

// NewAccesses keeps records for a number of years, KeepYears at least.
func NewAccesses(db *storage.DB, l *Ledger, random io.Reader, years int) (*Accesses, error) {
	if years < KeepYears {
		return nil, fault.New(fault.Invalid, "access records are kept for %d years at least, not %d", KeepYears, years)
	}
	return &Accesses{db: db, ledger: l, random: random, years: years}, nil
}

// Append keeps a record, and then appends the leaf with its commitment. When it returns both are durable. If the leaf fails, the
// record stays: somebody asked, and got no answer.
func (a *Accesses) Append(ctx context.Context, x Leaf, rec AccessRecord) (r Receipt, err error) {
	if x.Private, err = a.Commit(ctx, rec); err != nil {
		return r, err
	}
	return a.ledger.Append(ctx, x)
}

// Commit keeps a record, and gives what the leaves that follow from it hold.
func (a *Accesses) Commit(ctx context.Context, rec AccessRecord) (commitment [32]byte, err error) {
	o, err := a.Seal(rec)
	if err != nil {
		return commitment, err
	}
	return o.Commitment(), a.keep(ctx, o)
}

// Seal stamps and salts a record that is to be kept, for whoever keeps it in a transaction of their own. Their leaf has its commitment.
func (a *Accesses) Seal(rec AccessRecord) (o Opening, err error) {
	if rec.Person == "" {
		return o, fault.New(fault.Invalid, "an access record without a person")
	}
	for name, s := range map[string]string{"person": rec.Person, "organisation": rec.Organisation, "question": rec.Question, "why": rec.Why} {
		if len(s) > maxQuestion {
			return o, fault.New(fault.Invalid, "the %s of an access record is longer than %d bytes", name, maxQuestion).Where(name)
		}
	}
	o.AccessRecord = rec
	o.Time = a.ledger.opts.Now().UTC().Truncate(time.Microsecond)
	a.mu.Lock() // a source of randomness need not be for many
	_, err = io.ReadFull(a.random, o.Salt[:])
	a.mu.Unlock()
	if err != nil {
		return o, fault.Wrap(fault.Internal, err, "no randomness")
	}
	return o, nil
}

// Keep writes sealed records.
func (a *Accesses) Keep(ctx context.Context, tx *storage.Tx, all ...Opening) error {
	i := 0
	return tx.Insert(ctx, `ledger_access (commitment, salt, at, person, organisation, individual, question, why, keep_until)`, func() []any {
		if i == len(all) {
			return nil
		}
		o := &all[i]
		i++
		var who any
		if o.Individual != nil {
			who = *o.Individual
		}
		commitment := o.Commitment()
		return []any{commitment[:], o.Salt[:], o.Time, o.Person, o.Organisation, who, o.Question, o.Why, o.Time.AddDate(a.years, 0, 0)}
	})
}

// keep writes a record in one transaction with all those that wait while another is written.
func (a *Accesses) keep(ctx context.Context, o Opening) error {
	done := make(chan error, 1)
	a.mu.Lock()
	a.waiting = append(a.waiting, keeping{o, done})
	if !a.writing {
		a.writing = true
		go a.write() //nolint:gosec // for all who wait, also when the first of them goes
	}
	a.mu.Unlock()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return fault.Wrap(fault.Unavailable, ctx.Err(), "nobody waited for the access record")
	}
}

// write writes whoever waits until nobody does.
func (a *Accesses) write() {
	ctx := context.Background()
	for {
		a.mu.Lock()
		batch := a.waiting
		a.waiting = nil
		a.writing = len(batch) > 0
		a.mu.Unlock()
		if len(batch) == 0 {
			return
		}
		err := a.db.Write(ctx, func(tx *storage.Tx) error {
			records := make([]Opening, len(batch))
			for i, k := range batch {
				records[i] = k.record
			}
			return a.Keep(ctx, tx, records...)
		})
		for _, k := range batch {
			k.done <- err
		}
	}
}

// Open gives the record behind a leaf's commitment, for somebody who may see it. Expired ones are not found.
func (a *Accesses) Open(ctx context.Context, commitment [32]byte) (o Opening, err error) {
	err = a.db.Read(ctx, func(tx *storage.Tx) error {
		o, err = scanOpening(tx.QueryRow(ctx, `SELECT `+openingColumns+` FROM ledger_access WHERE commitment = $1`, commitment[:]))
		return err
	})
	if errors.Is(err, sql.ErrNoRows) {
		return Opening{}, fault.New(fault.NotFound, "there is no such access record")
	}
	if err == nil && o.Commitment() != commitment {
		return Opening{}, fault.New(fault.Internal, "an access record was changed").Do("restore the database, and find out who changed it")
	}
	return o, err
}

// About gives who looked at an individual, the latest first; before bounds their times, and limit their number.
func (a *Accesses) About(ctx context.Context, who individual.Number, before time.Time, limit int) (list []Opening, err error) {
	err = a.db.Read(ctx, func(tx *storage.Tx) error {
		rows, err := tx.Query(ctx, `SELECT `+openingColumns+` FROM ledger_access WHERE individual = $1 AND at < $2 ORDER BY at DESC LIMIT $3`,
			who, before, limit)
		if err != nil {
			return err
		}
		defer rows.Close()
		list = nil
		for rows.Next() {
			o, err := scanOpening(rows)
			if err != nil {
				return err
			}
			list = append(list, o)
		}
		return rows.Err()
	})
	return list, err
}

const openingColumns = `salt, at, person, organisation, individual, question, why`

func scanOpening(row interface{ Scan(dest ...any) error }) (o Opening, err error) {
	var salt []byte
	var at int64
	var who sql.NullInt64
	if err := row.Scan(&salt, &at, &o.Person, &o.Organisation, &who, &o.Question, &o.Why); err != nil {
		return o, err
	}
	copy(o.Salt[:], salt)
	o.Time = storage.Time(at)
	if who.Valid {
		n := individual.Number(who.Int64)
		o.Individual = &n
	}
	return o, nil
}

// Expire deletes the records whose time is over, and tells how many. Leaves stay, with commitments to what is gone.
func (a *Accesses) Expire(ctx context.Context) (n int64, err error) {
	err = a.db.Write(ctx, func(tx *storage.Tx) error {
		r, err := tx.Exec(ctx, `DELETE FROM ledger_access WHERE keep_until <= $1`, a.ledger.opts.Now())
		if err != nil {
			return err
		}
		n, err = r.RowsAffected()
		return err
	})
	return n, err
}
