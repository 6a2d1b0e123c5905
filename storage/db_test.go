package storage_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/internal/testkit"
	"github.com/samverk/samverk/storage"
)

func TestMain(m *testing.M) { os.Exit(testkit.Main(m)) }

// room is the tables of a room that exists for these tests only.
var room = fstest.MapFS{"migrations/9000_room.sql": {Data: []byte(`-- +goose Up
CREATE TABLE shelf (name TEXT PRIMARY KEY);
CREATE TABLE thing (
	number BIGINT PRIMARY KEY, shelf TEXT REFERENCES shelf (name),
	label TEXT UNIQUE, flag SMALLINT NOT NULL DEFAULT 0, body BYTEA, made BIGINT
);
`)}}

// openings makes each opening's randomness its own.
var openings atomic.Uint64

func open(t *testing.T, dsn string, rooms ...fstest.MapFS) *storage.DB {
	t.Helper()
	db, err := tryOpen(dsn, rooms...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

func tryOpen(dsn string, rooms ...fstest.MapFS) (*storage.DB, error) {
	clock := &testkit.Clock{}
	o := storage.Options{Now: clock.Now, Rand: testkit.Rand(openings.Add(1))}
	for _, r := range rooms {
		o.Migrations = append(o.Migrations, r)
	}
	return storage.Open(context.Background(), dsn, o)
}

func write(t *testing.T, db *storage.DB, f func(*storage.Tx) error) {
	t.Helper()
	if err := db.Write(t.Context(), f); err != nil {
		t.Fatal(err)
	}
}

func count(t *testing.T, db *storage.DB, query string, args ...any) (n int64) {
	t.Helper()
	err := db.Read(t.Context(), func(tx *storage.Tx) error {
		return tx.QueryRow(t.Context(), query, args...).Scan(&n)
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestValuesComeBackAsTheyWere(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		ctx, db := t.Context(), open(t, dsn, room)
		type number uint32
		body := []byte{0, 1, 0xff, 'a'}
		made := time.Date(2026, 2, 3, 4, 5, 6, 789_000, time.FixedZone("", 3600))
		write(t, db, func(tx *storage.Tx) error {
			_, err := tx.Exec(ctx, `INSERT INTO thing (number, label, flag, body, made) VALUES ($1, $2, $3, $4, $5)`,
				number(4_000_000_000), "å", true, body, made)
			return err
		})
		err := db.Read(ctx, func(tx *storage.Tx) error {
			var n, flag, at int64
			var label string
			var got []byte
			// One number twice, and numbers out of order, mean the same in both databases.
			err := tx.QueryRow(ctx, `SELECT number, label, flag, body, made FROM thing WHERE label = $2 AND number = $1 AND number >= $1`,
				number(4_000_000_000), "å").Scan(&n, &label, &flag, &got, &at)
			if n != 4_000_000_000 || label != "å" || flag != 1 || !slices.Equal(got, body) || !storage.Time(at).Equal(made) {
				t.Errorf("got %d %q %d %v %v", n, label, flag, got, storage.Time(at))
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

func TestInsertWritesEveryRow(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		ctx, db := t.Context(), open(t, dsn, room)
		for _, rows := range []int{0, 1, 449, 450, 451, 2000} {
			write(t, db, func(tx *storage.Tx) error {
				if _, err := tx.Exec(ctx, `DELETE FROM thing`); err != nil {
					return err
				}
				i := 0
				return tx.Insert(ctx, "thing (number, flag)", func() []any {
					if i == rows {
						return nil
					}
					i++
					return []any{i, i%2 == 0}
				})
			})
			if n := count(t, db, `SELECT count(*) FROM thing`); n != int64(rows) {
				t.Errorf("%d rows of %d", n, rows)
			}
			if n := count(t, db, `SELECT count(*) FROM thing WHERE flag = 1 AND number % 2 = 0`); n != int64(rows/2) {
				t.Errorf("%d even rows of %d", n, rows)
			}
		}
	})
}

func TestAFailedWriteLeavesNothing(t *testing.T) {
	boom := errors.New("boom")
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		ctx, db := t.Context(), open(t, dsn, room)
		published := false
		insert := func(tx *storage.Tx) error {
			tx.OnCommit(func() { published = true })
			_, err := tx.Exec(ctx, `INSERT INTO thing (number) VALUES (1)`)
			return err
		}
		fails := map[string]func(*storage.Tx) error{
			"its own error": func(tx *storage.Tx) error { return errors.Join(insert(tx), boom) },
			"before commit": func(tx *storage.Tx) error {
				tx.BeforeCommit(func(context.Context) error { return boom })
				return insert(tx)
			},
		}
		for name, f := range fails {
			if err := db.Write(ctx, f); !errors.Is(err, boom) {
				t.Errorf("%s: %v", name, err)
			}
		}
		func() {
			defer func() { _ = recover() }()
			_ = db.Write(ctx, func(tx *storage.Tx) error { _ = insert(tx); panic(boom) })
		}()
		ended, cancel := context.WithCancel(ctx)
		err := db.Write(ended, func(tx *storage.Tx) error { defer cancel(); return insert(tx) })
		if fault.KindOf(err) != fault.Unavailable {
			t.Errorf("a context that ends before the commit: %v", err)
		}
		if n := count(t, db, `SELECT count(*) FROM thing`); n != 0 || published {
			t.Errorf("%d rows, published: %v", n, published)
		}
		write(t, db, insert)
		if n := count(t, db, `SELECT count(*) FROM thing`); n != 1 || !published {
			t.Errorf("%d rows, published: %v", n, published)
		}
	})
}

func TestMemoryFollowsTheOrderOfCommits(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		ctx, db := t.Context(), open(t, dsn, room)
		var memory []int64
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				for range 10 {
					err := db.Write(ctx, func(tx *storage.Tx) error {
						var n int64
						err := tx.QueryRow(ctx, `INSERT INTO thing (number) SELECT count(*) FROM thing RETURNING number`).Scan(&n)
						tx.OnCommit(func() { memory = append(memory, n) })
						return err
					})
					if err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		if len(memory) != 80 || !slices.IsSorted(memory) {
			t.Errorf("published %v", memory)
		}
	})
}

func TestAReadIsOneSnapshot(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		ctx, db := t.Context(), open(t, dsn, room)
		err := db.Read(ctx, func(tx *storage.Tx) error {
			var before, after int64
			err1 := tx.QueryRow(ctx, `SELECT count(*) FROM thing`).Scan(&before)
			err2 := db.Write(ctx, func(w *storage.Tx) error {
				_, err := w.Exec(ctx, `INSERT INTO thing (number) VALUES (1)`)
				return err
			})
			err3 := tx.QueryRow(ctx, `SELECT count(*) FROM thing`).Scan(&after)
			if before != 0 || after != 0 {
				t.Errorf("a snapshot saw %d, then %d rows", before, after)
			}
			return errors.Join(err1, err2, err3)
		})
		if err != nil {
			t.Fatal(err)
		}
		err = db.Read(ctx, func(tx *storage.Tx) error {
			_, err := tx.Exec(ctx, `DELETE FROM thing`)
			return err
		})
		if err == nil {
			t.Error("a reading transaction wrote")
		}
	})
}

func TestFailuresHaveAKind(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		ctx, db := t.Context(), open(t, dsn, room)
		write(t, db, func(tx *storage.Tx) error {
			_, err := tx.Exec(ctx, `INSERT INTO thing (number, label) VALUES (1, 'x')`)
			return err
		})
		for query, want := range map[string]fault.Kind{
			`INSERT INTO thing (number) VALUES (1)`:             fault.Conflict,
			`INSERT INTO thing (number, label) VALUES (2, 'x')`: fault.Conflict,
			`INSERT INTO thing (number, shelf) VALUES (2, '')`:  fault.Conflict,
			`INSERT INTO thing (number, flag) VALUES (2, NULL)`: fault.Conflict,
			`INSERT INTO nothing (number) VALUES (1)`:           fault.Internal,
		} {
			err := db.Write(ctx, func(tx *storage.Tx) error { _, err := tx.Exec(ctx, query); return err })
			if err == nil || fault.KindOf(err) != want {
				t.Errorf("%s: %v, want %v", query, err, want)
			}
		}
		err := db.Read(ctx, func(tx *storage.Tx) error {
			return tx.QueryRow(ctx, `SELECT number FROM thing WHERE number = 7`).Scan(new(int64))
		})
		if !errors.Is(err, sql.ErrNoRows) {
			t.Errorf("no row: %v", err)
		}
	})
}

func TestADatabaseIsReopened(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		db, err := tryOpen(dsn, room)
		if err != nil {
			t.Fatal(err)
		}
		node := db.Node()
		write(t, db, func(tx *storage.Tx) error {
			_, err := tx.Exec(t.Context(), `INSERT INTO thing (number) VALUES (1)`)
			return err
		})
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		db = open(t, dsn, room)
		if db.Node() != node || len(node) != 26 {
			t.Errorf("node was %q and is %q", node, db.Node())
		}
		if n := count(t, db, `SELECT count(*) FROM thing`); n != 1 {
			t.Errorf("%d rows", n)
		}
	})
}

func TestMigrationsAreOneSequence(t *testing.T) {
	lower := fstest.MapFS{"8000_low.sql": {Data: []byte("-- +goose Up\nCREATE TABLE low (n BIGINT);\n")}}
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		for _, rooms := range [][]fstest.MapFS{{room}, {room, lower}} { // a lower number may come later
			db, err := tryOpen(dsn, rooms...)
			if err != nil {
				t.Fatal(err)
			}
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
		}
		_, err := tryOpen(dsn, room)
		if fault.KindOf(err) != fault.Conflict || fault.HintOf(err) == "" {
			t.Errorf("an older binary opened it: %v", err)
		}
	})
	t.Run("a number is used once", func(t *testing.T) {
		twice := fstest.MapFS{"9000_again.sql": room["migrations/9000_room.sql"]}
		if _, err := tryOpen(testkit.SQLite(t), room, twice); err == nil {
			t.Error("two migrations shared a number")
		}
	})
	t.Run("one that fails leaves nothing", func(t *testing.T) {
		testkit.EachDatabase(t, func(t *testing.T, dsn string) {
			bad := fstest.MapFS{"8000_bad.sql": {Data: []byte("-- +goose Up\nCREATE TABLE low (n BIGINT);\nCREATE TABEL x;\n")}}
			if _, err := tryOpen(dsn, bad); err == nil {
				t.Fatal("a migration with a mistake was taken")
			}
			open(t, dsn, lower)
		})
	})
}

func TestAMigrationPerDialect(t *testing.T) {
	each := fstest.MapFS{
		"8000_each.sqlite.sql":   {Data: []byte("-- +goose Up\nCREATE TABLE each_sqlite (n BIGINT);\n")},
		"8000_each.postgres.sql": {Data: []byte("-- +goose Up\nCREATE TABLE each_postgres (n BIGINT);\n")},
	}
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		db := open(t, dsn, each)
		if n := count(t, db, `SELECT count(*) FROM each_`+db.Kind()); n != 0 {
			t.Error(n)
		}
	})
}

func TestAFileThatIsNoDatabase(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.db")
	if err := os.WriteFile(path, slices.Repeat([]byte("not a database. "), 512), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := tryOpen(path); err == nil || fault.HintOf(err) == "" {
		t.Errorf("opened: %v", err)
	}
	if _, err := tryOpen(filepath.Join(path, "in a file")); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("opened: %v", err)
	}
	odd := filepath.Join(t.TempDir(), "å ?#%41;&_pragma=x.db")
	open(t, odd)
	if _, err := os.Stat(odd); err != nil {
		t.Error(err)
	}
}

func TestAFullDatabaseRefusesAndGoesOn(t *testing.T) {
	ctx, db := t.Context(), open(t, testkit.SQLite(t), room)
	fill := func(tx *storage.Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO thing (number, body) SELECT coalesce(max(number), 0) + 1, zeroblob(100000) FROM thing`)
		return err
	}
	write(t, db, func(tx *storage.Tx) error {
		_, err := tx.Exec(ctx, `PRAGMA max_page_count = 60`)
		return err
	})
	var err error
	for range 10 {
		err = errors.Join(err, db.Write(ctx, fill))
	}
	if fault.KindOf(err) != fault.Unavailable || fault.HintOf(err) == "" {
		t.Fatalf("full: %v", err)
	}
	write(t, db, func(tx *storage.Tx) error {
		_, err := tx.Exec(ctx, `DELETE FROM thing`)
		return err
	})
	write(t, db, fill)
}

func TestIDsSortByTheirMaking(t *testing.T) {
	db := open(t, testkit.SQLite(t))
	var all []string
	for range 1000 {
		id, err := db.NewID()
		if err != nil {
			t.Fatal(err)
		}
		if len(id) != 26 {
			t.Fatalf("%q", id)
		}
		all = append(all, id)
	}
	if !slices.IsSorted(all) || len(slices.Compact(slices.Clone(all))) != len(all) {
		t.Error("ids out of order or twice")
	}
}

// What a row held is not in the file once the row is gone: a removed individual's name would be.
func TestDeletedRowsLeaveNothingInTheFile(t *testing.T) {
	path := testkit.SQLite(t)
	ctx, db := t.Context(), open(t, path, room)
	write(t, db, func(tx *storage.Tx) error {
		for n := range 200 {
			if _, err := tx.Exec(ctx, `INSERT INTO thing (number, body) VALUES ($1, $2)`, n, []byte(fmt.Sprintf("name of %03d", n))); err != nil {
				return err
			}
		}
		return nil
	})
	write(t, db, func(tx *storage.Tx) error {
		_, err := tx.Exec(ctx, `DELETE FROM thing WHERE number = 77`)
		return err
	})
	if err := db.EmptyLog(ctx); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if log, err := os.ReadFile(path + "-wal"); err != nil || len(log) > 0 {
		t.Errorf("the write-ahead log has %d bytes, %v", len(log), err)
	}
	if !bytes.Contains(b, []byte("name of 076")) || bytes.Contains(b, []byte("name of 077")) {
		t.Error("the deleted row is still in the file")
	}
}
