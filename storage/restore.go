package storage

import (
	"archive/tar"
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/klauspost/compress/zstd"

	"github.com/samverk/samverk/fault"
)

// Verify reads a backup through and compares every sum. It says what is in it.
func Verify(path string) (Manifest, error) {
	v := verifier{path: path, sums: map[string]Contents{}}
	err := entries(path, v.entry)
	if err != nil {
		return Manifest{}, err
	}
	return v.m, v.complete()
}

// Restore makes a data directory and a database from a backup, after verifying all of it. The
// directory must not exist or be empty; the database must be new or hold no rows. dsn gives
// the database for the directory in which it is being made: restoring happens in a folder beside
// dir, which takes dir's name when everything is in it. What is restored says so (DB.Restored).
func Restore(ctx context.Context, path, dir string, dsn func(dir string) string, o Options) (Manifest, error) {
	m, err := Verify(path)
	if err != nil {
		return m, err
	}
	dir = filepath.Clean(dir)
	if err := empty(dir); err != nil {
		return m, err
	}
	work, err := os.MkdirTemp(filepath.Dir(dir), filepath.Base(dir)+".restoring-*")
	if err != nil {
		return m, cannotWrite(err, dir)
	}
	r := restorer{dir: work, m: m, sums: map[string]string{}}
	for _, f := range m.Files {
		r.sums[f.Name] = f.SHA256
	}
	err = r.all(ctx, path, dsn(work), o)
	if err == nil {
		err = move(work, dir)
	}
	if err != nil {
		return m, errors.Join(backupFailed(err, dir), os.RemoveAll(work))
	}
	return m, syncDir(filepath.Dir(dir))
}

func move(from, to string) error {
	if err := syncTree(from); err != nil {
		return err
	}
	return os.Rename(from, to) // takes the place of an empty directory
}

func empty(dir string) error {
	there, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fault.Wrap(fault.Invalid, err, "the directory to restore into can't be read").In(dir)
	}
	if len(there) > 0 {
		return fault.New(fault.Conflict, "the directory to restore into is not empty").In(dir).
			Do("restore into a new directory")
	}
	return nil
}

// syncTree makes every folder's names durable; the files are already.
func syncTree(dir string) error {
	return filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return err
		}
		return syncDir(p)
	})
}

// entries gives each part of a backup in turn.
func entries(path string, each func(name string, size int64, r io.Reader) error) error {
	f, err := os.Open(path)
	if err != nil {
		return fault.Wrap(fault.NotFound, err, "the backup can't be opened").In(path)
	}
	defer f.Close()
	z, err := zstd.NewReader(f, zstd.WithDecoderMaxMemory(256<<20))
	if err != nil {
		return damagedBackup(path, err)
	}
	defer z.Close()
	t := tar.NewReader(z)
	for {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return damagedBackup(path, err)
		}
		if err := each(h.Name, h.Size, t); err != nil {
			return err
		}
	}
}

func damagedBackup(path string, err error) *fault.Error {
	return fault.Wrap(fault.Invalid, err, "the backup is damaged or cut short").In(path).Do("use another backup")
}

// verifier compares what is in a backup with its manifest.
type verifier struct {
	path string
	sums map[string]Contents
	m    Manifest
}

func (v *verifier) damaged(format string, args ...any) error {
	return damagedBackup(v.path, fmt.Errorf(format, args...))
}

func (v *verifier) entry(name string, size int64, r io.Reader) error {
	if v.m.Format != "" {
		return v.damaged("something follows the manifest")
	}
	if name == manifestName {
		if size > 64<<20 {
			return v.damaged("the manifest is too large")
		}
		if err := json.NewDecoder(r).Decode(&v.m); err != nil {
			return damagedBackup(v.path, err)
		}
		if v.m.Format != backupFormat {
			return fault.New(fault.Invalid, "this is not a backup that this samverk reads (%.40q)", v.m.Format).In(v.path).
				Do("use the samverk that made it, or a newer one")
		}
		return nil
	}
	s := sha256.New()
	if _, err := io.Copy(s, r); err != nil {
		return damagedBackup(v.path, err)
	}
	if _, twice := v.sums[name]; twice {
		return v.damaged("%s is in it twice", name)
	}
	v.sums[name] = Contents{Name: name, Size: size, SHA256: hex.EncodeToString(s.Sum(nil))}
	return nil
}

// complete finds whatever the manifest and the contents don't agree on.
func (v *verifier) complete() error {
	if v.m.Format == "" {
		return v.damaged("it has no manifest")
	}
	known := 0
	check := func(name string, want Contents) error {
		got, there := v.sums[name]
		if !there {
			return v.damaged("%s is missing", name)
		}
		if got.Size != want.Size || got.SHA256 != want.SHA256 {
			return v.damaged("%s is not as it was written", name)
		}
		if !filepath.IsLocal(filepath.FromSlash(want.Name)) {
			return v.damaged("%s is a name outside of the backup", name)
		}
		known++
		return nil
	}
	for _, t := range v.m.Tables {
		if err := check(tablesDir+t.Name+".jsonl", t); err != nil {
			return err
		}
	}
	for _, f := range v.m.Files {
		if err := check(filesDir+f.Name, f); err != nil {
			return err
		}
	}
	if known != len(v.sums) {
		return v.damaged("it holds what its manifest doesn't name")
	}
	return nil
}

// restorer writes a backup's contents into a directory and a database.
type restorer struct {
	dir  string
	m    Manifest
	sums map[string]string // of files, by name
	db   *DB
	own  map[string]bool // the database's own tables
	new  bool            // they were made just now
}

func (r *restorer) all(ctx context.Context, path, dsn string, o Options) (err error) {
	if r.db, err = connect(ctx, dsn, o); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.db.Close()) }()
	if err := r.tables(ctx, o.Migrations); err != nil {
		return err
	}
	return r.db.Write(ctx, func(tx *Tx) error {
		if err := r.mustBeEmpty(ctx, tx); err != nil {
			return err
		}
		return entries(path, func(name string, _ int64, in io.Reader) error {
			switch {
			case name == manifestName:
				return nil
			case strings.HasPrefix(name, tablesDir):
				return r.table(ctx, tx, strings.TrimSuffix(strings.TrimPrefix(name, tablesDir), ".jsonl"), in)
			default:
				return r.file(strings.TrimPrefix(name, filesDir), in)
			}
		})
	})
}

// tables makes the tables as they were when the backup was taken; opening brings them up to date.
func (r *restorer) tables(ctx context.Context, rooms []fs.FS) error {
	seq, err := newSequence(r.db.dialect, append([]fs.FS{migrations}, rooms...))
	if err != nil {
		return err
	}
	if err := seq.newer(r.m.Migrations); err != nil {
		return err
	}
	had, err := appliedIn(ctx, r.db.dialect, r.db.writer)
	if err != nil {
		return err
	}
	r.new = len(had) == 0
	if err := seq.only(r.m.Migrations).newer(had); err != nil {
		return fault.New(fault.Conflict, "the database to restore into has other tables than the backup").
			Do("restore into a new database")
	}
	return r.db.migrate(ctx, seq.only(r.m.Migrations))
}

func (r *restorer) mustBeEmpty(ctx context.Context, tx *Tx) error {
	names, err := tablesOf(ctx, r.db.dialect, tx)
	if err != nil {
		return err
	}
	r.own = map[string]bool{}
	for _, name := range slices.Backward(names) { // who refers before who is referred to
		r.own[name] = true
		var n int64
		if err := tx.QueryRow(ctx, `SELECT count(*) FROM `+name).Scan(&n); err != nil {
			return err
		}
		switch {
		case n == 0:
		case r.new: // a room's first rows, which came with its tables: the backup has them as they became
			if _, err := tx.Exec(ctx, `DELETE FROM `+name); err != nil {
				return err
			}
		default:
			return fault.New(fault.Conflict, "the database to restore into is not empty").
				Do("restore into a new database")
		}
	}
	return nil
}

// table inserts a table's rows.
func (r *restorer) table(ctx context.Context, tx *Tx, name string, in io.Reader) error {
	if !r.own[name] {
		return fault.New(fault.Invalid, "the backup holds a table that its migrations don't make: %.60q", name)
	}
	dec := json.NewDecoder(bufio.NewReaderSize(in, 1<<16))
	dec.UseNumber()
	var columns []string
	if err := dec.Decode(&columns); err != nil {
		return fault.Wrap(fault.Invalid, err, "table %s in the backup can't be read", name)
	}
	for _, c := range columns {
		if !isName(c) {
			return fault.New(fault.Invalid, "table %s in the backup has a column %.60q", name, c)
		}
	}
	var failed error
	err := tx.Insert(ctx, name+" ("+strings.Join(columns, ", ")+")", func() []any {
		var row []json.RawMessage
		if err := dec.Decode(&row); err != nil {
			if !errors.Is(err, io.EOF) {
				failed = err
			}
			return nil
		}
		values, err := fromJSON(row, len(columns))
		failed = err
		return values
	})
	if failed != nil {
		return fault.Wrap(fault.Invalid, failed, "table %s in the backup can't be read", name)
	}
	return err
}

// isName tells whether s may stand in SQL as a column's name.
func isName(s string) bool {
	for _, c := range s {
		if c != '_' && (c < 'a' || c > 'z') && (c < '0' || c > '9') {
			return false
		}
	}
	return s != ""
}

func fromJSON(row []json.RawMessage, columns int) ([]any, error) {
	if len(row) != columns {
		return nil, fmt.Errorf("a row has %d values and not %d", len(row), columns)
	}
	values := make([]any, len(row))
	for i, raw := range row {
		var err error
		switch {
		case string(raw) == "null":
		case raw[0] == '"':
			var s string
			err = json.Unmarshal(raw, &s)
			values[i] = s
		case raw[0] == '{':
			b := blob{}
			err = json.Unmarshal(raw, &b)
			values[i] = append([]byte{}, b.B...)
		default:
			var n int64
			err = json.Unmarshal(raw, &n)
			values[i] = n
		}
		if err != nil {
			return nil, err
		}
	}
	return values, nil
}

// file writes one file, durably, and compares its sum once more: the disk may have changed
// its mind since the backup was verified.
func (r *restorer) file(name string, in io.Reader) error {
	want, named := r.sums[name]
	if !named {
		return changed(name)
	}
	path := filepath.Join(r.dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	s := sha256.New()
	_, err = io.Copy(io.MultiWriter(f, s), in)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if hex.EncodeToString(s.Sum(nil)) != want {
		return changed(name)
	}
	return nil
}

func changed(name string) error {
	return fault.New(fault.Invalid, "the backup changed while it was read").In(name)
}
