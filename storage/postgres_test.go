package storage_test

import (
	"bytes"
	"context"
	"errors"
	"net"
	"net/url"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/internal/testkit"
	"github.com/samverk/samverk/storage"
)

func TestAPostgresBelongsToOneProcess(t *testing.T) {
	dsn := testkit.Postgres(t)
	open(t, dsn)
	_, err := tryOpen(dsn)
	if fault.KindOf(err) != fault.Unavailable || fault.HintOf(err) == "" {
		t.Errorf("opened twice: %v", err)
	}
}

// A database that was made in a language's order would lose rows of lists that go by key.
func TestADatabaseThatSortsByALanguage(t *testing.T) {
	dsn := testkit.Postgres(t)
	c, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(context.Background())
	name := c.Config().Database + "_icu"
	if _, err := c.Exec(t.Context(), `CREATE DATABASE `+name+` TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'sv-SE' LOCALE 'C'`); err != nil {
		t.Skip("this PostgreSQL has no ICU:", err)
	}
	defer func() { _, _ = c.Exec(context.Background(), `DROP DATABASE `+name+` WITH (FORCE)`) }()
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	u.Path = "/" + name
	if _, err := tryOpen(u.String()); fault.KindOf(err) != fault.Invalid || fault.HintOf(err) == "" {
		t.Errorf("it was opened: %v", err)
	}
}

// cutOff ends every connection to a database, as a restart of the server does.
func cutOff(t *testing.T, dsn string) {
	t.Helper()
	c, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.Exec(t.Context(), `SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
		WHERE datname = current_database() AND pid <> pg_backend_pid()`)
	if err := errors.Join(err, c.Close(t.Context())); err != nil {
		t.Fatal(err)
	}
}

func TestAConnectionThatWasCutIsMadeAgain(t *testing.T) {
	dsn := testkit.Postgres(t)
	db := open(t, dsn, room)
	for n := range 3 {
		cutOff(t, dsn)
		write(t, db, func(tx *storage.Tx) error {
			_, err := tx.Exec(t.Context(), `INSERT INTO thing (number) VALUES ($1)`, n)
			return err
		})
	}
	if n := count(t, db, `SELECT count(*) FROM thing`); n != 3 {
		t.Error(n)
	}
}

func TestADatabaseThatSomebodyElseHadMeanwhile(t *testing.T) {
	dsn := testkit.Postgres(t)
	db := open(t, dsn, room)
	cutOff(t, dsn)
	other, err := tryOpen(dsn, room)
	if err != nil {
		t.Fatal(err)
	}
	nothing := func(*storage.Tx) error { return nil }
	if err := db.Write(t.Context(), nothing); fault.KindOf(err) != fault.Unavailable {
		t.Error("two processes write:", err)
	}
	if err := other.Close(); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		err := db.Write(t.Context(), nothing)
		if fault.KindOf(err) != fault.Unavailable || fault.HintOf(err) == "" {
			t.Error("wrote on from a memory that may be old:", err)
		}
	}
	if err := db.Read(t.Context(), nothing); fault.KindOf(err) != fault.Unavailable {
		t.Error(err)
	}
}

// cutter stands between us and the server, and can cut the connection when the server has
// been told to commit and before we hear of it.
type cutter struct {
	armed  atomic.Bool
	target string
	wg     sync.WaitGroup
}

// newCutter gives the address of a database by way of the cutter.
func newCutter(t *testing.T, dsn string) (*cutter, string) {
	t.Helper()
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	c := &cutter{target: filepath.Join(q.Get("host"), ".s.PGSQL.5432")}
	dir := t.TempDir()
	l, err := net.Listen("unix", filepath.Join(dir, ".s.PGSQL.5432"))
	if err != nil {
		t.Skip("no socket here:", err)
	}
	c.wg.Go(func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			c.wg.Go(func() { c.serve(client) })
		}
	})
	t.Cleanup(func() { _ = l.Close(); c.wg.Wait() })
	q.Set("host", dir)
	u.RawQuery = q.Encode()
	return c, u.String()
}

func (c *cutter) serve(client net.Conn) {
	defer client.Close()
	server, err := net.Dial("unix", c.target)
	if err != nil {
		return
	}
	defer server.Close()
	var cut atomic.Bool
	c.wg.Go(func() { // answers
		defer client.Close()
		buf := make([]byte, 1<<16)
		for {
			n, err := server.Read(buf)
			if err != nil || cut.Load() {
				return
			}
			if _, err := client.Write(buf[:n]); err != nil {
				return
			}
		}
	})
	buf := make([]byte, 1<<16)
	for {
		n, err := client.Read(buf)
		if err != nil {
			return
		}
		if bytes.Contains(buf[:n], []byte("commit")) && c.armed.Swap(false) {
			cut.Store(true)
		}
		if _, err := server.Write(buf[:n]); err != nil {
			return
		}
	}
}

func TestACommitNobodyHeardOf(t *testing.T) {
	dsn := testkit.Postgres(t)
	c, by := newCutter(t, dsn)
	db, err := tryOpen(by, room)
	if err != nil {
		t.Fatal(err)
	}
	insert := func(tx *storage.Tx) error {
		_, err := tx.Exec(context.Background(), `INSERT INTO thing (number) VALUES (1)`)
		return err
	}
	c.armed.Store(true)
	published := false
	err = db.Write(t.Context(), func(tx *storage.Tx) error {
		tx.OnCommit(func() { published = true })
		return insert(tx)
	})
	if fault.KindOf(err) != fault.Unavailable || fault.HintOf(err) == "" || published {
		t.Errorf("a commit that nobody heard of: %v, published %v", err, published)
	}
	// Memory may be behind the disk now, so nothing is answered until it is read again.
	if err := db.Write(t.Context(), insert); fault.KindOf(err) != fault.Unavailable {
		t.Error(err)
	}
	if err := db.Read(t.Context(), insert); fault.KindOf(err) != fault.Unavailable {
		t.Error(err)
	}
	if err := db.Close(); err != nil {
		t.Error(err)
	}
	again := open(t, dsn, room)
	if n := count(t, again, `SELECT count(*) FROM thing`); n != 1 {
		t.Errorf("the server committed, and %d rows are there", n)
	}
}
