package carried

import (
	"context"
	"database/sql"
	"embed"
	"encoding/json"
	"errors"
	"time"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/mandate"
	"github.com/samverk/samverk/storage"
)

// Migrations make the room's tables.
//
//go:embed migrations/*.sql
var Migrations embed.FS

// State is how far an errand has come.
type State string

// The states.
const (
	Waiting State = "waiting"
	Done    State = "done"
	Refused State = "refused"
)

// Errand is one text that a decision asks to put in force.
type Errand struct {
	Decision string
	Seq      int64 // the decision's place among those approved
	Kind     string
	Ref      string
	Digest   mandate.Digest
	State    State
	Why      *fault.Error // nil: nothing stands in the way
	Changed  time.Time
}

// Errands are what this node was asked to carry out.
type Errands struct{ db *storage.DB }

// Open opens the room.
func Open(db *storage.DB) *Errands { return &Errands{db} }

// Taken tells up to which decision errands have been taken.
func (c *Errands) Taken(ctx context.Context) (seq int64, err error) {
	err = c.db.Read(ctx, func(tx *storage.Tx) error {
		seq, err = taken(ctx, tx)
		return err
	})
	return seq, err
}

func taken(ctx context.Context, tx *storage.Tx) (seq int64, err error) {
	err = tx.QueryRow(ctx, `SELECT seq FROM carried_cursor WHERE id = 1`).Scan(&seq)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	return seq, err
}

// Take takes the errands of the decisions after one, up to another. If somebody else took them meanwhile, nothing happens.
func (c *Errands) Take(ctx context.Context, after, to int64, all []Errand) error {
	return c.db.Write(ctx, func(tx *storage.Tx) error {
		at, err := taken(ctx, tx)
		if err != nil || at != after {
			return err
		}
		for _, e := range all {
			_, err := tx.Exec(ctx, `INSERT INTO carried_errand (decision, kind, ref, digest, seq, state, code, args, said, changed)
				VALUES ($1, $2, $3, $4, $5, 'waiting', '', '[]', '', $6)`, e.Decision, e.Kind, e.Ref, e.Digest.String(), e.Seq, c.db.Now())
			if err != nil {
				return err
			}
		}
		_, err = tx.Exec(ctx, `INSERT INTO carried_cursor (id, seq) VALUES (1, $1) ON CONFLICT (id) DO UPDATE SET seq = excluded.seq`, to)
		return err
	})
}

// Settle notes what became of an errand, in the transaction of whoever carried it out. It tells whether anything changed: a second one
// to settle it must undo what it did, or do nothing.
func (c *Errands) Settle(ctx context.Context, tx *storage.Tx, e Errand, to State, why *fault.Error) (changed bool, err error) {
	code, args, said := "", "[]", ""
	if why != nil {
		b, err := json.Marshal(append([]any{}, why.Args...))
		if err != nil {
			return false, fault.Wrap(fault.Internal, err, "a reason can't be written")
		}
		code, args, said = why.Code, string(b), why.Error()
	}
	res, err := tx.Exec(ctx, `UPDATE carried_errand SET state = $4, code = $5, args = $6, said = $7, changed = $8
		WHERE decision = $1 AND kind = $2 AND ref = $3 AND state = 'waiting' AND (state <> $4 OR code <> $5 OR args <> $6)`,
		e.Decision, e.Kind, e.Ref, to, code, args, said, c.db.Now())
	if err != nil {
		return false, err
	}
	n, err := res.RowsAffected()
	return n > 0, err
}

// Waiting lists what is yet to be carried out, the oldest first, at most 500.
func (c *Errands) Waiting(ctx context.Context) ([]Errand, error) {
	return c.errands(ctx, `state = 'waiting' ORDER BY seq, kind, ref LIMIT 500`)
}

// Of lists what became of a decision.
func (c *Errands) Of(ctx context.Context, decision string) ([]Errand, error) {
	return c.errands(ctx, `decision = $1 ORDER BY kind, ref LIMIT 500`, decision)
}

func (c *Errands) errands(ctx context.Context, where string, args ...any) (out []Errand, err error) {
	err = c.db.Read(ctx, func(tx *storage.Tx) error {
		rows, err := tx.Query(ctx, `SELECT decision, kind, ref, digest, seq, state, code, args, said, changed FROM carried_errand WHERE `+where, args...)
		if err != nil {
			return err
		}
		defer rows.Close()
		out = nil
		for rows.Next() {
			var e Errand
			if err := e.scan(rows); err != nil {
				return err
			}
			out = append(out, e)
		}
		return rows.Err()
	})
	return out, err
}

func (e *Errand) scan(rows *sql.Rows) error {
	var digest, code, args, said string
	var changed int64
	if err := rows.Scan(&e.Decision, &e.Kind, &e.Ref, &digest, &e.Seq, &e.State, &code, &args, &said, &changed); err != nil {
		return err
	}
	e.Changed = storage.Time(changed)
	if err := e.Digest.UnmarshalText([]byte(digest)); err != nil {
		return err
	}
	if code == "" && said == "" {
		return nil
	}
	var with []any
	if err := json.Unmarshal([]byte(args), &with); err != nil {
		return fault.Wrap(fault.Internal, err, "the reason of an errand can't be read")
	}
	for i, x := range with {
		if n, ok := x.(float64); ok { // sentences count in whole numbers
			with[i] = int(n)
		}
	}
	e.Why = fault.New(fault.Conflict, "%s", said).Say(code, with...)
	return nil
}
