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
	"os"
	"path/filepath"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/klauspost/compress/zstd"

	"github.com/samverk/samverk/fault"
)

// A backup is one file: a tar, compressed by zstd, of
//
//	database/TABLE.jsonl   each table's rows, in an order in which they can be inserted
//	files/NAME             the files that the database speaks of, as they are
//	MANIFEST.json          last: what is in here, with the SHA-256 of each
//
// A table's file has one JSON value on each line: first the columns' names, then each row as an
// array of null, numbers (64-bit integers), strings, and {"b": base64} for bytes. It is the
// same for both databases, so a node may be restored from one into the other. Without its manifest
// a backup is no backup: it was cut short.

const (
	backupFormat = "samverk backup 1"
	manifestName = "MANIFEST.json"
	tablesDir    = "database/"
	filesDir     = "files/"
)

// Manifest is what a backup says of itself.
type Manifest struct {
	Format     string     `json:"format"`
	Node       string     `json:"node"`
	Taken      time.Time  `json:"taken"`
	Migrations []int64    `json:"migrations"`
	Tables     []Contents `json:"tables"` // in the order to insert them
	Files      []Contents `json:"files"`
}

// Contents is one thing in a backup.
type Contents struct {
	Name   string `json:"name"`
	Size   int64  `json:"size"`
	Rows   int64  `json:"rows,omitempty"`
	SHA256 string `json:"sha256"`
}

// File is a file to be kept in a backup.
type File struct {
	Name string // in the backup, and in the data directory it is restored to: a relative path with slashes
	Path string // where it is now
}

// Pin names the files that belong to the database as it is at that moment, and keeps them from
// being deleted or changed until release is called. It is called while no Write can commit, and
// must not use the DB.
type Pin func() (files []File, release func(), err error)

// Backup writes a consistent copy of the database and its files to a new file, durably: when
// it returns nil the whole backup is on disk under that name, and before that nothing is.
func Backup(ctx context.Context, db *DB, path string, pin Pin) (m Manifest, err error) {
	if _, err := os.Lstat(path); err == nil {
		return m, fault.New(fault.Conflict, "the backup exists already").In(path).Do("give another name")
	}
	if backup, waiting := db.Restored(); waiting {
		return m, fault.New(fault.Conflict, "this node was restored from the backup of %s and what happened since then isn't accounted for", backup).
			Do("replay the journal first; until then that backup is the better one")
	}
	out, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return m, cannotWrite(err, path)
	}
	defer func() {
		if err != nil { // nothing half-written is left behind
			_ = out.Close()
			_ = os.Remove(out.Name())
		}
	}()
	w, err := newBackupWriter(out)
	if err != nil {
		return m, cannotWrite(err, path)
	}
	if err := w.all(ctx, db, pin); err != nil {
		return m, backupFailed(err, path)
	}
	if err := errors.Join(out.Sync(), out.Close()); err != nil {
		return m, cannotWrite(err, path)
	}
	if err := os.Rename(out.Name(), path); err != nil {
		return m, cannotWrite(err, path)
	}
	return w.m, syncDir(filepath.Dir(path))
}

func cannotWrite(err error, path string) error {
	return fault.Wrap(fault.Unavailable, err, "the file can't be written").In(path).
		Do("see that the folder exists, may be written in and has space")
}

// backupFailed leaves alone what has been said; anything else is a failure to write.
func backupFailed(err error, path string) error {
	var said *fault.Error
	if errors.As(err, &said) {
		return err
	}
	return cannotWrite(err, path)
}

// backupWriter writes a backup's parts one after another.
type backupWriter struct {
	out *os.File
	z   *zstd.Encoder
	tar *tar.Writer
	m   Manifest
}

func newBackupWriter(out *os.File) (*backupWriter, error) {
	z, err := zstd.NewWriter(out)
	if err != nil {
		return nil, err
	}
	return &backupWriter{out: out, z: z, tar: tar.NewWriter(z)}, nil
}

func (w *backupWriter) all(ctx context.Context, db *DB, pin Pin) (err error) {
	w.m = Manifest{Format: backupFormat, Node: db.node, Taken: db.Now()}
	var files []File
	release := func() {}
	defer func() { release() }()
	pinned := func() (err error) {
		if pin == nil {
			return nil
		}
		var r func()
		if files, r, err = pin(); r != nil {
			release = r
		}
		return err
	}
	err = db.read(ctx, func(tx *Tx) error { return w.database(ctx, db, tx) }, pinned)
	if err != nil {
		return err
	}
	for _, f := range files {
		if err := w.file(ctx, f); err != nil {
			return err
		}
	}
	b, err := json.MarshalIndent(w.m, "", "  ")
	if err != nil {
		return err
	}
	_, err = w.add(manifestName, int64(len(b)), strings.NewReader(string(b)))
	return errors.Join(err, w.tar.Close(), w.z.Close())
}

// add writes one entry and gives its sum.
func (w *backupWriter) add(name string, size int64, r io.Reader) (sum string, err error) {
	h := tar.Header{Name: name, Size: size, Mode: 0o600, ModTime: w.m.Taken, Format: tar.FormatPAX}
	if err := w.tar.WriteHeader(&h); err != nil {
		return "", err
	}
	s := sha256.New()
	_, err = io.Copy(io.MultiWriter(w.tar, s), r)
	return hex.EncodeToString(s.Sum(nil)), err
}

func (w *backupWriter) file(ctx context.Context, f File) error {
	if err := ctx.Err(); err != nil {
		return fault.Wrap(fault.Unavailable, err, "the backup was not waited for")
	}
	if !filepath.IsLocal(filepath.FromSlash(f.Name)) {
		return fault.New(fault.Internal, "a backup can't hold a file of this name").In(f.Name)
	}
	in, err := os.Open(f.Path)
	if err != nil {
		return fault.Wrap(fault.Internal, err, "a file that the database speaks of can't be read").In(f.Path)
	}
	defer in.Close()
	info, err := in.Stat()
	if err != nil {
		return fault.Wrap(fault.Internal, err, "a file that the database speaks of can't be read").In(f.Path)
	}
	sum, err := w.add(filesDir+f.Name, info.Size(), in)
	w.m.Files = append(w.m.Files, Contents{Name: f.Name, Size: info.Size(), SHA256: sum})
	return err
}

// database writes every table's rows as one snapshot has them.
func (w *backupWriter) database(ctx context.Context, db *DB, tx *Tx) error {
	var err error
	if w.m.Migrations, err = appliedIn(ctx, db.dialect, tx.tx); err != nil {
		return err
	}
	tables, err := tablesOf(ctx, db.dialect, tx)
	if err != nil {
		return err
	}
	for _, t := range tables {
		if err := w.table(ctx, tx, t); err != nil {
			return err
		}
	}
	return nil
}

// table writes one table by way of a temporary file, because a tar wants to know a size first.
func (w *backupWriter) table(ctx context.Context, tx *Tx, name string) error {
	f, err := os.CreateTemp(filepath.Dir(w.out.Name()), filepath.Base(w.out.Name())+".*")
	if err != nil {
		return err
	}
	defer func() { _, _ = f.Close(), os.Remove(f.Name()) }()
	rows, err := dump(ctx, tx, name, f, w.m.Taken)
	if err != nil {
		return err
	}
	size, err := f.Seek(0, io.SeekCurrent)
	if err != nil {
		return err
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return err
	}
	sum, err := w.add(tablesDir+name+".jsonl", size, f)
	w.m.Tables = append(w.m.Tables, Contents{Name: name, Size: size, Rows: rows, SHA256: sum})
	return err
}

// blob is how bytes stand in a row.
type blob struct {
	B []byte `json:"b"`
}

// dump writes a table's rows. The copy says of itself that it is one, so that whoever opens it
// has to account for what happened since.
func dump(ctx context.Context, tx *Tx, table string, out io.Writer, taken time.Time) (n int64, err error) {
	rows, err := tx.Query(ctx, `SELECT * FROM `+table)
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return 0, err
	}
	buf := bufio.NewWriterSize(out, 1<<16)
	enc := json.NewEncoder(buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(columns); err != nil {
		return 0, err
	}
	values, into := make([]any, len(columns)), make([]any, len(columns))
	for i := range values {
		into[i] = &values[i]
	}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return 0, err
		}
		if err := portable(values); err != nil {
			return 0, fault.Wrap(fault.Internal, err, "table %s can't be copied", table)
		}
		if err := enc.Encode(values); err != nil {
			return 0, err
		}
		n++
	}
	if err := rows.Err(); err != nil {
		return 0, err
	}
	if table == "storage_meta" {
		if err := enc.Encode([]any{"restored", taken.Format(time.RFC3339)}); err != nil {
			return 0, err
		}
		n++
	}
	return n, buf.Flush()
}

// portable makes a row's values those that JSON keeps exactly.
func portable(values []any) error {
	for i, v := range values {
		switch v := v.(type) {
		case nil, int64:
		case string:
			if !utf8.ValidString(v) { // JSON would change it silently
				return errors.New("a column holds text that is not UTF-8")
			}
		case int32:
			values[i] = int64(v)
		case int16:
			values[i] = int64(v)
		case []byte:
			values[i] = blob{v}
		default:
			return fmt.Errorf("a column holds a %T; rooms keep integers, text and bytes", v)
		}
	}
	return nil
}
