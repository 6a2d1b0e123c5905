package storage_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/internal/testkit"
	"github.com/samverk/samverk/storage"
)

type thing struct {
	Number int64
	Shelf  *string
	Label  *string
	Flag   int64
	Body   string // an empty blob may come as nil, so NULL is told apart by
	Null   int64
	Made   *int64
}

func things(t *testing.T, db *storage.DB) (all []thing) {
	t.Helper()
	err := db.Read(t.Context(), func(tx *storage.Tx) error {
		rows, err := tx.Query(t.Context(), `SELECT number, shelf, label, flag, body, CASE WHEN body IS NULL THEN 1 ELSE 0 END, made FROM thing ORDER BY number`)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var x thing
			var body []byte
			if err := rows.Scan(&x.Number, &x.Shelf, &x.Label, &x.Flag, &body, &x.Null, &x.Made); err != nil {
				return err
			}
			x.Body = string(body)
			all = append(all, x)
		}
		return rows.Err()
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// furnish fills a database with every sort of value.
func furnish(t *testing.T, db *storage.DB) {
	t.Helper()
	ctx := t.Context()
	write(t, db, func(tx *storage.Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO shelf (name) VALUES ($1)`, "hyllan \"å\"\n<&>\u2028")
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `INSERT INTO thing (number, shelf, label, flag, body, made) VALUES
			($1, $2, $3, 1, $4, $5), (2, NULL, '', 0, NULL, -1), (3, NULL, 'null', 0, $6, 0)`,
			int64(9007199254740993), "hyllan \"å\"\n<&>\u2028", "{\"b\":1}", []byte{0, 255, '"'}, int64(-1<<63), []byte{})
		if err != nil {
			return err
		}
		i := int64(10)
		return tx.Insert(ctx, "thing (number, made)", func() []any {
			if i++; i > 3000 {
				return nil
			}
			return []any{i, i * 7}
		})
	})
}

func segment(t *testing.T, dir, name, text string) storage.File {
	t.Helper()
	path := filepath.Join(dir, filepath.Base(name))
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return storage.File{Name: name, Path: path}
}

func restoreOptions() storage.Options {
	clock := &testkit.Clock{}
	return storage.Options{Migrations: []fs.FS{room}, Now: clock.Now, Rand: testkit.Rand(9)}
}

func in(dsn string) func(string) string { return func(string) string { return dsn } }

func inDir(dir string) string { return filepath.Join(dir, "samverk.db") }

func TestBackupAndRestore(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		ctx, dir := t.Context(), t.TempDir()
		db := open(t, dsn, room)
		furnish(t, db)
		files := []storage.File{segment(t, dir, "genome/1.seg", "one"), segment(t, dir, "genome/deep/2.seg", "")}
		released := false
		path := filepath.Join(dir, "backup")
		m, err := storage.Backup(ctx, db, path, func() ([]storage.File, func(), error) {
			return files, func() { released = true }, nil
		})
		if err != nil || !released {
			t.Fatal(err, released)
		}
		if _, err := storage.Backup(ctx, db, path, nil); fault.KindOf(err) != fault.Conflict {
			t.Error("a backup was overwritten:", err)
		}
		targets := map[string]func(string) string{"sqlite": inDir}
		if testkit.HavePostgres() {
			targets["postgres"] = in(testkit.Postgres(t))
		}
		for name, target := range targets { // from either into either
			t.Run("into "+name, func(t *testing.T) {
				to := filepath.Join(t.TempDir(), "restored")
				again, err := storage.Restore(ctx, path, to, target, restoreOptions())
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(m, again); diff != "" {
					t.Error(diff)
				}
				copied := open(t, target(to), room)
				if diff := cmp.Diff(things(t, db), things(t, copied)); diff != "" {
					t.Error(diff)
				}
				if b, err := os.ReadFile(filepath.Join(to, "genome", "1.seg")); string(b) != "one" || err != nil {
					t.Errorf("%q, %v", b, err)
				}
				if copied.Node() != db.Node() {
					t.Error("the node has another identity")
				}
				if _, waiting := copied.Restored(); !waiting {
					t.Error("nothing says that it was restored")
				}
				if _, err := storage.Backup(ctx, copied, filepath.Join(t.TempDir(), "b"), nil); fault.KindOf(err) != fault.Conflict {
					t.Error("a backup of a restored node that nobody accounted for:", err)
				}
				write(t, copied, func(tx *storage.Tx) error { return copied.AccountRestored(ctx, tx) })
				if _, waiting := copied.Restored(); waiting {
					t.Error("accounted for, and still waiting")
				}
				if _, err := storage.Restore(ctx, path, to, target, restoreOptions()); fault.KindOf(err) != fault.Conflict {
					t.Error("restored over something:", err)
				}
			})
		}
	})
}

func TestABackupIsOneMoment(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		ctx, dir := t.Context(), t.TempDir()
		db := open(t, dsn, room)
		var mu sync.Mutex
		var segments []storage.File // as a room has them in memory: row n of thing is segment n
		stop := make(chan struct{})
		var wg sync.WaitGroup
		wg.Go(func() {
			for n := 1; ; n++ {
				select {
				case <-stop:
					return
				default:
				}
				f := segment(t, dir, fmt.Sprint(n), fmt.Sprint(n))
				err := db.Write(ctx, func(tx *storage.Tx) error {
					tx.OnCommit(func() { mu.Lock(); segments = append(segments, f); mu.Unlock() })
					_, err := tx.Exec(ctx, `INSERT INTO thing (number) VALUES ($1)`, n)
					return err
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
		for i := range 10 {
			m, err := storage.Backup(ctx, db, filepath.Join(dir, fmt.Sprint("backup", i)), func() ([]storage.File, func(), error) {
				mu.Lock()
				defer mu.Unlock()
				return slices.Clone(segments), nil, nil
			})
			if err != nil {
				t.Fatal(err)
			}
			at := slices.IndexFunc(m.Tables, func(c storage.Contents) bool { return c.Name == "thing" })
			if int(m.Tables[at].Rows) != len(m.Files) {
				t.Errorf("%d rows and %d files", m.Tables[at].Rows, len(m.Files))
			}
		}
		close(stop)
		wg.Wait()
	})
}

func TestADamagedBackupIsRefused(t *testing.T) {
	ctx, dir := t.Context(), t.TempDir()
	db := open(t, testkit.SQLite(t), room)
	furnish(t, db)
	path := filepath.Join(dir, "backup")
	f := segment(t, dir, "1.seg", "a segment")
	if _, err := storage.Backup(ctx, db, path, func() ([]storage.File, func(), error) { return []storage.File{f}, nil, nil }); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	to, bad := filepath.Join(dir, "to"), filepath.Join(dir, "bad")
	try := func(b []byte) error {
		if err := os.WriteFile(bad, b, 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := storage.Restore(ctx, bad, to, inDir, restoreOptions())
		return err
	}
	step := max(1, len(whole)/200)
	for cut := 0; cut < len(whole); cut += step {
		if err := try(whole[:cut]); fault.KindOf(err) != fault.Invalid {
			t.Fatalf("cut to %d of %d bytes: %v", cut, len(whole), err)
		}
	}
	for at := 0; at < len(whole); at += step {
		b := slices.Clone(whole)
		b[at] ^= 0x10
		if err := try(b); err != nil {
			if fault.KindOf(err) != fault.Invalid {
				t.Fatalf("byte %d changed: %v", at, err)
			}
			continue
		}
		// A bit that zstd doesn't use may change; then the contents must be the same.
		copied := open(t, inDir(to), room)
		if diff := cmp.Diff(things(t, db), things(t, copied)); diff != "" {
			t.Fatalf("byte %d changed and nobody noticed: %s", at, diff)
		}
		if err := os.RemoveAll(to); err != nil {
			t.Fatal(err)
		}
	}
	left, err := filepath.Glob(filepath.Join(dir, "*restoring*"))
	if _, there := os.Stat(to); !errors.Is(there, fs.ErrNotExist) || len(left) > 0 || err != nil {
		t.Error("something was left behind:", left, err)
	}
}

func TestABackupThatFailsLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	db := open(t, testkit.SQLite(t), room)
	pins := map[string]storage.Pin{
		"the pin fails": func() ([]storage.File, func(), error) { return nil, nil, errors.New("no") },
		"a file is missing": func() ([]storage.File, func(), error) {
			return []storage.File{{Name: "x", Path: filepath.Join(dir, "x")}}, nil, nil
		},
		"a file would leave the directory": func() ([]storage.File, func(), error) {
			return []storage.File{{Name: "../x", Path: dir}}, nil, nil
		},
	}
	for name, pin := range pins {
		if _, err := storage.Backup(t.Context(), db, filepath.Join(dir, "backup"), pin); err == nil {
			t.Error(name)
		}
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := storage.Backup(ended, db, filepath.Join(dir, "backup"), nil); fault.KindOf(err) != fault.Unavailable {
		t.Error(err)
	}
	if _, err := storage.Backup(t.Context(), db, filepath.Join(dir, "no", "backup"), nil); fault.KindOf(err) != fault.Unavailable {
		t.Error(err)
	}
	if left, _ := os.ReadDir(dir); len(left) > 0 {
		t.Error("left behind:", left)
	}
}

func FuzzVerify(f *testing.F) {
	path := filepath.Join(f.TempDir(), "backup")
	db, err := tryOpen(testkit.SQLite(f))
	if err != nil {
		f.Fatal(err)
	}
	_, err = storage.Backup(context.Background(), db, path, nil)
	if err := errors.Join(err, db.Close()); err != nil {
		f.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add(b[:len(b)/2])
	f.Add([]byte("PK\x03\x04"))
	f.Fuzz(func(t *testing.T, b []byte) {
		path := filepath.Join(t.TempDir(), "backup")
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		m, err := storage.Verify(path)
		if err == nil && m.Node == "" && len(m.Tables) > 0 || err != nil && fault.KindOf(err) != fault.Invalid {
			t.Fatal(m, err)
		}
	})
}
