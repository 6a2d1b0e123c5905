package storage

import (
	"context"
	"database/sql"
	"errors"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/samverk/samverk/fault"
)

// attempts is how often a transaction is tried before its failure is the caller's.
const attempts = 12

// Tx is one transaction, for one goroutine, until the function it was given to returns.
type Tx struct {
	tx      *sql.Tx
	dialect dialect
	before  []func(context.Context) error
	after   []func()
}

// Write runs f in a serializable transaction and commits it. When Write returns nil, the
// commit is durable and every OnCommit has run. f runs again when the database says so, and
// must not call Write itself.
func (db *DB) Write(ctx context.Context, f func(*Tx) error) error {
	if err := db.lock(ctx); err != nil {
		return err
	}
	defer db.unlock()
	for try := 1; ; try++ {
		if err := db.trusted(); err != nil {
			return err
		}
		err := db.writeOnce(ctx, f)
		if err == nil || !passing(err) || try == attempts || ctx.Err() != nil {
			return classify(err)
		}
		wait(ctx, try)
	}
}

// lock waits for its turn to write.
func (db *DB) lock(ctx context.Context) error {
	select {
	case db.write <- struct{}{}:
		return nil
	case <-ctx.Done():
		return classify(ctx.Err())
	}
}

func (db *DB) unlock() { <-db.write }

// wait gives the other transaction time to finish: a little more each time.
func wait(ctx context.Context, try int) {
	select {
	case <-ctx.Done():
	case <-time.After(time.Duration(try*try) * time.Millisecond):
	}
}

// notBegun is a transaction in which nothing has happened yet: a server that was started again
// takes the next attempt.
type notBegun struct{ error }

func (e notBegun) Unwrap() error { return e.error }

func (db *DB) writeOnce(ctx context.Context, f func(*Tx) error) (err error) {
	// A context that ends in the middle of COMMIT would leave its outcome unknown, so
	// only statements listen to it.
	t, err := db.writer.BeginTx(context.WithoutCancel(ctx), db.txOptions(true))
	if err != nil {
		return notBegun{err}
	}
	done := false
	defer func() { // also when f panics
		if !done {
			_ = t.Rollback()
		}
	}()
	tx := &Tx{tx: t, dialect: db.dialect}
	if err := f(tx); err != nil {
		return err
	}
	for _, b := range tx.before {
		if err := b(ctx); err != nil {
			return err
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	done = true
	if err := t.Commit(); err != nil {
		return db.failedCommit(err)
	}
	for _, a := range tx.after {
		a()
	}
	return nil
}

// failedCommit tells a commit that didn't happen from one that may have.
func (db *DB) failedCommit(err error) error {
	var said *pgconn.PgError
	if db.dialect == lite || errors.As(err, &said) || errors.Is(err, pgx.ErrTxCommitRollback) {
		return err
	}
	return db.distrust(fault.Wrap(fault.Unavailable, err, "it is unknown whether the last change was kept").
		Do("start samverk again, and look whether the change is there"))
}

// Read runs f on one snapshot of the database.
func (db *DB) Read(ctx context.Context, f func(*Tx) error) error {
	return db.read(ctx, f, nil)
}

// read runs pinned when the snapshot is fixed, while nothing can be committed.
func (db *DB) read(ctx context.Context, f func(*Tx) error, pinned func() error) error {
	if err := db.trusted(); err != nil {
		return err
	}
	t, err := db.fix(ctx, pinned)
	if err != nil {
		return classify(err)
	}
	defer func() { _ = t.Rollback() }() // nothing was written
	return classify(f(&Tx{tx: t, dialect: db.dialect}))
}

// fix begins a reading transaction. Its snapshot is taken by its first statement; when
// somebody wants to pin what belongs to it, that happens under the writers' lock.
func (db *DB) fix(ctx context.Context, pinned func() error) (*sql.Tx, error) {
	if pinned == nil {
		return db.reader.BeginTx(ctx, db.txOptions(false))
	}
	if err := db.lock(ctx); err != nil {
		return nil, err
	}
	defer db.unlock()
	t, err := db.reader.BeginTx(ctx, db.txOptions(false))
	if err != nil {
		return nil, err
	}
	var n int64
	if err = t.QueryRowContext(ctx, `SELECT count(*) FROM storage_meta`).Scan(&n); err == nil {
		err = pinned()
	}
	if err != nil {
		_ = t.Rollback()
		return nil, err
	}
	return t, nil
}

// Exec runs a statement.
func (tx *Tx) Exec(ctx context.Context, query string, args ...any) (sql.Result, error) {
	r, err := tx.tx.ExecContext(ctx, query, plain(args)...)
	return r, classify(err)
}

// Query runs a query. The rows must be closed before the next statement.
func (tx *Tx) Query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	r, err := tx.tx.QueryContext(ctx, query, plain(args)...)
	return r, classify(err)
}

// QueryRow runs a query for one row; its Scan gives sql.ErrNoRows when there is none.
func (tx *Tx) QueryRow(ctx context.Context, query string, args ...any) *sql.Row {
	return tx.tx.QueryRowContext(ctx, query, plain(args)...)
}

// batch is how many values one INSERT carries; SQLite allows 32,766, PostgreSQL 65,535.
const batch = 900

// Insert writes many rows with few statements. into names the table and its columns, as
// in "individual (number, id, sex)"; next gives each row until it gives nil.
func (tx *Tx) Insert(ctx context.Context, into string, next func() []any) error {
	columns := strings.Count(into, ",") + 1
	most := max(1, batch/columns)
	args := make([]any, 0, most*columns)
	var full *sql.Stmt
	for {
		row := next()
		args = append(args, row...)
		switch rows := len(args) / columns; {
		case row == nil && rows == 0:
			return nil
		case row == nil:
			_, err := tx.Exec(ctx, "INSERT INTO "+into+" VALUES "+tx.places(rows, columns), args...)
			return err
		case rows == most:
			var err error
			if full == nil {
				if full, err = tx.tx.PrepareContext(ctx, "INSERT INTO "+into+" VALUES "+tx.places(rows, columns)); err != nil {
					return classify(err)
				}
				defer full.Close()
			}
			if _, err = full.ExecContext(ctx, plain(args)...); err != nil {
				return classify(err)
			}
			args = args[:0]
		}
	}
}

// places writes ($1, $2), ($3, $4) for two rows of two columns. SQLite looks a numbered
// placeholder's name up among all others, each time, so it gets (?, ?), (?, ?).
func (tx *Tx) places(rows, columns int) string {
	if tx.dialect == lite {
		row := "(" + strings.TrimSuffix(strings.Repeat("?, ", columns), ", ") + ")"
		return strings.TrimSuffix(strings.Repeat(row+", ", rows), ", ")
	}
	var b strings.Builder
	for i := range rows * columns {
		switch {
		case i == 0:
			b.WriteString("($")
		case i%columns == 0:
			b.WriteString("), ($")
		default:
			b.WriteString(", $")
		}
		b.WriteString(strconv.Itoa(i + 1))
	}
	b.WriteString(")")
	return b.String()
}

// BeforeCommit runs f as the last act inside the transaction; its error undoes it all.
func (tx *Tx) BeforeCommit(f func(context.Context) error) { tx.before = append(tx.before, f) }

// OnCommit runs f once the transaction is durable, before any other Write can begin, in the
// order given. It does not run when the transaction fails. f must not use the DB.
func (tx *Tx) OnCommit(f func()) { tx.after = append(tx.after, f) }

// plain makes arguments that both drivers take alike.
func plain(args []any) []any {
	for i, a := range args {
		args[i] = plainValue(a)
	}
	return args
}

func plainValue(a any) any {
	switch v := a.(type) {
	case nil, int64, string, []byte:
		return v
	case time.Time:
		return Micros(v)
	}
	switch v := reflect.ValueOf(a); v.Kind() {
	case reflect.Bool:
		if v.Bool() {
			return int64(1)
		}
		return int64(0)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return v.Int()
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		return int64(v.Uint())
	case reflect.String:
		return v.String()
	}
	return a // sql.Null… and pointers: database/sql knows them
}
