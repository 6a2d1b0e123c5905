package storage

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"

	"github.com/samverk/samverk/fault"
)

// SQLite's primary result codes that mean something of their own here
// (https://www.sqlite.org/rescode.html). The low byte of an extended code is the primary one.
const (
	sqlitePerm       = 3
	sqliteBusy       = 5
	sqliteLocked     = 6
	sqliteReadonly   = 8
	sqliteInterrupt  = 9
	sqliteCorrupt    = 11
	sqliteFull       = 13
	sqliteCantOpen   = 14
	sqliteConstraint = 19
	sqliteNotADB     = 26
)

// passing tells whether the same transaction may succeed when it is run again.
func passing(err error) bool {
	var s *sqlite.Error
	if errors.As(err, &s) {
		c := s.Code() & 0xff
		return c == sqliteBusy || c == sqliteLocked
	}
	var p *pgconn.PgError
	// 40001 serialization_failure, 40P01 deadlock_detected.
	if errors.As(err, &p) && (p.Code == "40001" || p.Code == "40P01") {
		return true
	}
	var said *fault.Error
	var n notBegun
	return errors.As(err, &n) && !errors.As(err, &said)
}

// classify says in our own words what a driver's error means. What a room already
// said stays as it is, and so does sql.ErrNoRows.
func classify(err error) error {
	var said *fault.Error
	if err == nil || errors.As(err, &said) || errors.Is(err, sql.ErrNoRows) {
		return err
	}
	var s *sqlite.Error
	if errors.As(err, &s) {
		return ofSQLite(s.Code()&0xff, err)
	}
	var p *pgconn.PgError
	if errors.As(err, &p) {
		return ofPostgres(p.Code, err)
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return fault.Wrap(fault.Unavailable, err, "the database was not waited for")
	}
	var c *pgconn.ConnectError
	if errors.As(err, &c) || errors.Is(err, driver.ErrBadConn) || pgconn.Timeout(err) {
		return fault.Wrap(fault.Unavailable, unnamed(err), "the database can't be reached").
			Do("start PostgreSQL, or correct the database's address")
	}
	return fault.Wrap(fault.Internal, err, "the database failed")
}

// unnamed drops the text of a failed connection, which names user and host.
func unnamed(err error) error {
	var c *pgconn.ConnectError
	if errors.As(err, &c) {
		return c.Unwrap()
	}
	return err
}

const freeSpace = "free space on the disk that holds the database, then try again"

func ofSQLite(code int, err error) error {
	switch code {
	case sqliteConstraint:
		return fault.Wrap(fault.Conflict, err, "the database's rules forbid this change")
	case sqliteBusy, sqliteLocked:
		return fault.Wrap(fault.Unavailable, err, "the database is busy").
			Do("try again; if it stays so, another program holds the database open")
	case sqliteFull:
		return fault.Wrap(fault.Unavailable, err, "the disk is full").Do(freeSpace)
	case sqliteReadonly, sqliteCantOpen, sqlitePerm:
		return fault.Wrap(fault.Unavailable, err, "the database file can't be written").
			Do("let the user that runs samverk write in the database's folder")
	case sqliteInterrupt:
		return fault.Wrap(fault.Unavailable, err, "the database was not waited for")
	case sqliteCorrupt, sqliteNotADB:
		return fault.Wrap(fault.Internal, err, "the database file is damaged").Do("restore a backup")
	}
	return fault.Wrap(fault.Internal, err, "the database failed")
}

func ofPostgres(code string, err error) error {
	switch {
	case strings.HasPrefix(code, "23"), code == "P0001": // integrity constraints; a trigger's refusal
		return fault.Wrap(fault.Conflict, err, "the database's rules forbid this change")
	case strings.HasPrefix(code, "40"):
		return fault.Wrap(fault.Unavailable, err, "the database is busy").Do("try again")
	case code == "53100":
		return fault.Wrap(fault.Unavailable, err, "the disk is full").Do(freeSpace)
	case strings.HasPrefix(code, "53"), strings.HasPrefix(code, "57"), strings.HasPrefix(code, "08"):
		return fault.Wrap(fault.Unavailable, err, "the database can't serve now").
			Do("look at PostgreSQL's log, then try again")
	case strings.HasPrefix(code, "28"), code == "3D000":
		return fault.Wrap(fault.Unavailable, err, "the database doesn't let us in").
			Do("correct the database's name, user or password")
	}
	return fault.Wrap(fault.Internal, err, "the database failed")
}
