package counted

import (
	"context"
	"database/sql"
	"io"
	"sync"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/individual"
	"github.com/samverk/samverk/ledger/membership"
	"github.com/samverk/samverk/storage"
)

// salts are individuals' secrets in memory, in step with their table.
type salts struct {
	mu   sync.RWMutex
	of   []membership.Salt   // by number; zero: erased
	gone []individual.Number // whom Forget took, in order
}

// get gives an individual's salt; false when they are erased.
func (s *salts) get(n individual.Number) (membership.Salt, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if int(n) >= len(s.of) {
		return membership.Salt{}, false
	}
	return s.of[n], s.of[n] != membership.Salt{}
}

func (s *salts) len() int {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return len(s.of)
}

// forgotten lists whom Forget took since there were so many.
func (s *salts) forgotten(since int) []individual.Number {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.gone[since:]
}

func (s *salts) add(made []membership.Salt) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.of = append(s.of, made...)
}

func (s *salts) forget(n individual.Number) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if int(n) < len(s.of) {
		s.of[n] = membership.Salt{}
	}
	s.gone = append(s.gone, n)
}

// load reads the table.
func (s *salts) load(ctx context.Context, tx *storage.Tx) error {
	var size int
	if err := tx.QueryRow(ctx, `SELECT coalesce(max(individual) + 1, 0) FROM counted_salt`).Scan(&size); err != nil {
		return err
	}
	s.of = make([]membership.Salt, size)
	rows, err := tx.Query(ctx, `SELECT individual, salt FROM counted_salt`)
	if err != nil {
		return err
	}
	defer rows.Close()
	var n int64
	var b sql.RawBytes
	for rows.Next() {
		if err := rows.Scan(&n, &b); err != nil {
			return err
		}
		if n < 0 || n >= int64(size) || copy(s.of[n][:], b) != len(b) || len(b) != len(s.of[n]) {
			return damaged("the salt of number %d", n)
		}
	}
	return rows.Err()
}

// saltsAtOnce is how many salts one transaction makes, so that a first question doesn't hold up a withdrawal for long.
const saltsAtOnce = 10_000

// salt makes the salts of those who have none: of all who are enrolled.
func (c *Counted) salt(ctx context.Context) error {
	for done := false; !done; {
		var made []membership.Salt
		err := c.db.Write(ctx, func(tx *storage.Tx) (err error) {
			from := c.salts.len() // the writers' lock keeps it so
			to := min(c.people.Len(), from+saltsAtOnce)
			done = to >= c.people.Len()
			made, err = c.draw(tx, from, to)
			if err != nil {
				return err
			}
			tx.OnCommit(func() { c.salts.add(made) })
			i := 0
			return tx.Insert(ctx, "counted_salt (individual, salt)", func() []any {
				for i < len(made) && made[i] == (membership.Salt{}) {
					i++
				}
				if i == len(made) {
					return nil
				}
				i++
				return []any{from + i - 1, made[i-1][:]}
			})
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// draw gives new salts to numbers, but to those who were removed before they had one.
func (c *Counted) draw(tx *storage.Tx, from, to int) ([]membership.Salt, error) {
	made := make([]membership.Salt, max(0, to-from))
	for i := range made {
		if _, ok := c.people.GetIn(tx, individual.Number(from+i)); !ok {
			continue
		}
		if _, err := io.ReadFull(c.random, made[i][:]); err != nil {
			return nil, fault.Wrap(fault.Internal, err, "no randomness for a salt")
		}
	}
	return made, nil
}

// Forget deletes an individual's salt, when the transaction is committed: no leaf of theirs can be told from random bytes any more. Call
// it in the transaction that removes them.
func (c *Counted) Forget(ctx context.Context, tx *storage.Tx, n individual.Number) error {
	if _, err := tx.Exec(ctx, `DELETE FROM counted_salt WHERE individual = $1`, n); err != nil {
		return err
	}
	tx.OnCommit(func() { c.salts.forget(n) })
	return nil
}

// sweep forgets those who have a salt and aren't in the register.
func (c *Counted) sweep(ctx context.Context) error {
	var gone []individual.Number
	for n, s := range c.salts.of { // nobody else is here yet
		if _, ok := c.people.Get(individual.Number(n)); !ok && s != (membership.Salt{}) {
			gone = append(gone, individual.Number(n))
		}
	}
	if len(gone) == 0 {
		return nil
	}
	return c.db.Write(ctx, func(tx *storage.Tx) error {
		for _, n := range gone {
			if err := c.Forget(ctx, tx, n); err != nil {
				return err
			}
		}
		return nil
	})
}
