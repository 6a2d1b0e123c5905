package storage

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"
)

// A statement that is read from is not the one that the same text runs meanwhile; and a connection keeps only so many.
func TestCompiledStatements(t *testing.T) {
	ctx := context.Background()
	db, err := openCompiled(sqliteDSN(filepath.Join(t.TempDir(), "c.db")))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	c, err := db.Conn(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	exec := func(query string, args ...any) {
		t.Helper()
		if _, err := c.ExecContext(ctx, query, args...); err != nil {
			t.Fatal(err)
		}
	}
	exec(`CREATE TABLE n (i INTEGER PRIMARY KEY)`)
	for i := range 5 {
		exec(`INSERT INTO n (i) VALUES ($1)`, i)
	}
	const query = `SELECT i FROM n WHERE i >= $1 ORDER BY i`
	outer, err := c.QueryContext(ctx, query, 0)
	if err != nil {
		t.Fatal(err)
	}
	for want := range 5 {
		var got, inner int
		if !outer.Next() || outer.Scan(&got) != nil || got != want {
			t.Fatalf("row %d: %d, %v", want, got, outer.Err())
		}
		if err := c.QueryRowContext(ctx, query, 3).Scan(&inner); err != nil || inner != 3 {
			t.Fatalf("meanwhile: %d, %v", inner, err)
		}
	}
	if err := outer.Close(); err != nil {
		t.Fatal(err)
	}
	for i := range 2 * mostCompiled {
		var got int
		if err := c.QueryRowContext(ctx, fmt.Sprintf(`SELECT i + %d FROM n WHERE i = 1`, i)).Scan(&got); err != nil || got != i+1 {
			t.Fatalf("text %d: %d, %v", i, got, err)
		}
	}
	exec(`ALTER TABLE n ADD COLUMN j INTEGER NOT NULL DEFAULT 7`)
	var got int
	if err := c.QueryRowContext(ctx, query, 4).Scan(&got); err != nil || got != 4 {
		t.Fatalf("after the table changed: %d, %v", got, err)
	}
	exec(`INSERT INTO n (i) VALUES ($1)`, 9)
	if err := c.QueryRowContext(ctx, `SELECT j FROM n WHERE i = 9`).Scan(&got); err != nil || got != 7 {
		t.Fatalf("%d, %v", got, err)
	}
}

// A commit that is refused leaves the connection outside of any transaction, so the next one is whole.
func TestRefusedCommit(t *testing.T) {
	ctx := context.Background()
	db, err := openCompiled(sqliteDSN(filepath.Join(t.TempDir(), "c.db"), "foreign_keys(1)"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	for _, table := range []string{`CREATE TABLE n (i INTEGER PRIMARY KEY)`, `CREATE TABLE m (i INTEGER REFERENCES n (i) DEFERRABLE INITIALLY DEFERRED)`} {
		if _, err := db.ExecContext(ctx, table); err != nil {
			t.Fatal(err)
		}
	}
	for _, n := range []int{1, 2} {
		tx, err := db.BeginTx(ctx, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO m (i) VALUES ($1)`, n); err != nil {
			t.Fatal(err)
		}
		if n == 2 {
			if _, err := tx.ExecContext(ctx, `INSERT INTO n (i) VALUES (2)`); err != nil {
				t.Fatal(err)
			}
		}
		if err := tx.Commit(); (err == nil) != (n == 2) {
			t.Fatalf("commit %d: %v", n, err)
		}
	}
	var rows int
	if err := db.QueryRowContext(ctx, `SELECT sum(i) FROM m`).Scan(&rows); err != nil || rows != 2 {
		t.Fatalf("%d, %v", rows, err)
	}
}
