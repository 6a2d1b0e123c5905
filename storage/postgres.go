package storage

import (
	"context"
	"database/sql"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/samverk/samverk/fault"
)

// openPostgres opens one connection to write with and a pool to read with. The writing
// connection holds an advisory lock for as long as it lives, so that two processes can't
// both believe that their memory is what the database says.
func (db *DB) openPostgres(ctx context.Context, dsn string) error {
	cfg, err := pgx.ParseConfig(dsn)
	if err != nil {
		// pgx's own message may repeat the password.
		return fault.New(fault.Invalid, "the database's address can't be read").
			Do("write it as postgres://user@host:5432/database")
	}
	db.dialect = pg
	db.writer = stdlib.OpenDB(*cfg, stdlib.OptionAfterConnect(db.takeOver))
	db.reader = stdlib.OpenDB(*cfg, stdlib.OptionAfterConnect(uncompiled))
	if err := db.writer.PingContext(ctx); err != nil {
		_, _ = db.writer.Close(), db.reader.Close()
		return classify(err)
	}
	if err := db.sortsBytes(ctx); err != nil {
		_, _ = db.writer.Close(), db.reader.Close()
		return err
	}
	return nil
}

// uncompiled keeps the database from compiling queries: what reads for some milliseconds would be compiled for a hundred or more.
func uncompiled(ctx context.Context, c *pgx.Conn) error {
	_, err := c.Exec(ctx, `SET jit = off`)
	return err
}

// sortsBytes refuses a database that sorts by a language: ids, sort keys and prefixes are compared as bytes, as SQLite does.
func (db *DB) sortsBytes(ctx context.Context) error {
	var bytes bool
	if err := db.writer.QueryRowContext(ctx, `SELECT 'Z'::text < 'a'::text AND 'z'::text < '~'::text`).Scan(&bytes); err != nil {
		return classify(err)
	}
	if !bytes {
		return fault.New(fault.Invalid, "the database sorts by a language, and not by bytes").
			Do("make it with createdb --template=template0 --encoding=UTF8 --locale=C NAME")
	}
	return nil
}

// takeOver locks the database, and makes sure that nobody had it since this DB was opened.
func (db *DB) takeOver(ctx context.Context, c *pgx.Conn) error {
	if err := uncompiled(ctx, c); err != nil {
		return err
	}
	const lock = `SELECT pg_try_advisory_lock(hashtextextended('samverk ' || coalesce(current_schema(), ''), 0))`
	held := false
	// A process that was killed holds its lock until the server notices.
	for try := 0; !held; try++ {
		if err := c.QueryRow(ctx, lock).Scan(&held); err != nil {
			return err
		}
		if !held && try == 20 {
			return fault.New(fault.Unavailable, "another process has this database").
				Do("stop the other samverk, or give each its own database")
		}
		if !held {
			time.Sleep(100 * time.Millisecond)
		}
	}
	if db.opened == "" {
		return nil
	}
	var opened string
	if err := c.QueryRow(ctx, `SELECT value FROM storage_meta WHERE key = 'opened'`).Scan(&opened); err != nil {
		return err
	}
	if opened != db.opened {
		return db.distrust(fault.New(fault.Unavailable, "another process had this database meanwhile").
			Do("start samverk again"))
	}
	return nil
}

// distrust stops the DB from answering: what the rooms have in memory may not be what is on disk.
func (db *DB) distrust(e *fault.Error) error {
	db.unsure.CompareAndSwap(nil, e)
	return e
}

func (db *DB) trusted() error {
	e := db.unsure.Load()
	if e == nil {
		return db.there()
	}
	own := *e // the caller may add where it happened
	return &own
}

// txOptions are how a dialect writes "serializable" and "a snapshot".
func (db *DB) txOptions(write bool) *sql.TxOptions {
	switch {
	case db.dialect == lite:
		// One writer and BEGIN IMMEDIATE are serializable; a reader in WAL mode has a snapshot.
		return &sql.TxOptions{ReadOnly: !write}
	case write:
		return &sql.TxOptions{Isolation: sql.LevelSerializable}
	default:
		return &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true}
	}
}
