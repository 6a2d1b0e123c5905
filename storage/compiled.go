package storage

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"strings"
)

// SQLite compiles every statement anew unless one keeps it, which took as long as running it. A connection keeps what it
// compiled: there are some hundred texts in all rooms. PostgreSQL's driver does so by itself.

// mostCompiled bounds what a connection keeps; a text longer than longCompiled is a list of values and never the same again.
const (
	mostCompiled = 400
	longCompiled = 8 << 10
)

// openCompiled is sql.Open for SQLite, with connections that keep what they compiled.
func openCompiled(dsn string) (*sql.DB, error) {
	plain, err := sql.Open("sqlite", dsn)
	if err != nil {
		return nil, err
	}
	defer plain.Close() // it has no connection
	return sql.OpenDB(compiler{plain.Driver(), dsn}), nil
}

type compiler struct {
	driver driver.Driver
	dsn    string
}

func (c compiler) Driver() driver.Driver { return c.driver }

func (c compiler) Connect(context.Context) (driver.Conn, error) {
	conn, err := c.driver.Open(c.dsn)
	if err != nil {
		return nil, err
	}
	return &compiledConn{sqliteConn: conn.(sqliteConn), kept: map[string]*compiled{}}, nil
}

// sqliteConn is what the driver's connections can do.
type sqliteConn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.QueryerContext
	driver.Pinger
	driver.SessionResetter
	driver.Validator
}

// compiledConn is a connection, which one goroutine uses at a time.
type compiledConn struct {
	sqliteConn
	kept map[string]*compiled
}

// compiled is a statement; busy while its rows are read.
type compiled struct {
	driver.Stmt
	busy bool
}

// compile gives a statement that nobody reads from, or nil where the driver had better do it.
func (c *compiledConn) compile(ctx context.Context, query string) *compiled {
	if s, ok := c.kept[query]; ok {
		if s.busy {
			return nil
		}
		return s
	}
	if len(query) > longCompiled || !single(query) {
		return nil
	}
	if len(c.kept) >= mostCompiled && !c.forget() {
		return nil
	}
	stmt, err := c.PrepareContext(ctx, query)
	if err != nil {
		return nil // the driver says the same again
	}
	s := &compiled{Stmt: stmt}
	c.kept[query] = s
	return s
}

// single tells whether a text is one statement on rows, or the edge of a transaction: no script, no definition of tables.
func single(query string) bool {
	word, _, _ := strings.Cut(strings.TrimSpace(query), " ")
	switch word {
	case "SELECT", "INSERT", "UPDATE", "DELETE", "WITH", "BEGIN", "COMMIT", "ROLLBACK":
		return !strings.Contains(query, ";")
	}
	return false
}

// forget lets go of every statement, unless one is being read from.
func (c *compiledConn) forget() bool {
	for _, s := range c.kept {
		if s.busy {
			return false
		}
	}
	for _, s := range c.kept {
		_ = s.Close() // frees memory, and nothing else
	}
	clear(c.kept)
	return true
}

func (c *compiledConn) Close() error {
	for _, s := range c.kept {
		_ = s.Close()
	}
	clear(c.kept)
	return c.sqliteConn.Close()
}

func (c *compiledConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	s := c.compile(ctx, query)
	if s == nil {
		return c.sqliteConn.ExecContext(ctx, query, args)
	}
	return s.Stmt.(driver.StmtExecContext).ExecContext(ctx, args)
}

func (c *compiledConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	s := c.compile(ctx, query)
	if s == nil {
		return c.sqliteConn.QueryContext(ctx, query, args)
	}
	rows, err := s.Stmt.(driver.StmtQueryContext).QueryContext(ctx, args)
	if err != nil {
		return nil, err
	}
	s.busy = true
	return &compiledRows{rows, s}, nil
}

// BeginTx begins a transaction. One that writes has the lock from the start, so that it is never refused in its middle.
func (c *compiledConn) BeginTx(_ context.Context, o driver.TxOptions) (driver.Tx, error) {
	begin := "BEGIN IMMEDIATE"
	if o.ReadOnly {
		begin = "BEGIN"
	}
	return c, c.edge(begin)
}

// Commit leaves no transaction behind, also where it fails: as database/sql wants it.
func (c *compiledConn) Commit() error {
	err := c.edge("COMMIT")
	if err != nil {
		_ = c.edge("ROLLBACK") // there is none if SQLite has rolled back itself
	}
	return err
}

// Rollback undoes the transaction.
func (c *compiledConn) Rollback() error { return c.edge("ROLLBACK") }

// edge begins or ends a transaction. Nobody who goes may cut it short: its outcome would be unknown.
func (c *compiledConn) edge(text string) error {
	_, err := c.ExecContext(context.Background(), text, nil)
	return err
}

type compiledRows struct {
	driver.Rows
	of *compiled
}

func (r *compiledRows) Close() error {
	r.of.busy = false
	return r.Rows.Close()
}
