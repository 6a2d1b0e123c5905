package storage

import (
	"context"
	"crypto/rand"
	"database/sql"
	"embed"
	"errors"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	_ "modernc.org/sqlite" // the driver "sqlite"

	"github.com/samverk/samverk/fault"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Options are what Open needs beside the place. The zero value uses the wall clock and
// the system's randomness, and has no tables but storage's own.
type Options struct {
	Migrations []fs.FS          // each room's *.sql files, in any folder of the file system
	Now        func() time.Time // the clock
	Rand       io.Reader        // the source of randomness
	Readers    int              // connections for reading at the same time; 8 when 0
	Volatile   bool             // SQLite may lose what was committed if the machine stops: only for what can be made again
}

// DB is an opened database. Its methods may be called from many goroutines.
type DB struct {
	dialect dialect
	writer  *sql.DB // one connection
	reader  *sql.DB
	now     func() time.Time
	ids     ids
	node    string
	opened  string // the mark of this opening, in storage_meta
	path    string // SQLite's file; "": it has none
	file    os.FileInfo

	write    chan struct{} // holds one thing while somebody writes
	restored atomic.Pointer[string]
	unsure   atomic.Pointer[fault.Error] // set when a commit's outcome is unknown
}

// Open opens the database that dsn names, makes it if it is new, and brings its tables up
// to date. A dsn is a path, "sqlite:PATH", or a "postgres://" URL.
func Open(ctx context.Context, dsn string, o Options) (*DB, error) {
	db, err := connect(ctx, dsn, o)
	if err != nil {
		return nil, err
	}
	if err := db.start(ctx, o.Migrations); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// connect opens the connections and touches no table.
func connect(ctx context.Context, dsn string, o Options) (*DB, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Rand == nil {
		o.Rand = rand.Reader
	}
	if o.Readers <= 0 {
		o.Readers = 8
	}
	db := &DB{now: o.Now, ids: ids{rand: o.Rand}, write: make(chan struct{}, 1)}
	var err error
	if isPostgres(dsn) {
		err = db.openPostgres(ctx, dsn)
	} else {
		err = db.openSQLite(ctx, strings.TrimPrefix(dsn, "sqlite:"), o.Volatile)
	}
	if err != nil {
		return nil, err
	}
	db.writer.SetMaxOpenConns(1)
	db.reader.SetMaxOpenConns(o.Readers)
	db.reader.SetMaxIdleConns(o.Readers)
	return db, nil
}

// start brings the tables up to date and takes the database into this process's hands.
func (db *DB) start(ctx context.Context, rooms []fs.FS) error {
	seq, err := newSequence(db.dialect, append([]fs.FS{migrations}, rooms...))
	if err != nil {
		return err
	}
	if err := db.migrate(ctx, seq); err != nil {
		return err
	}
	return db.claim(ctx)
}

// claim marks the opening and reads what the database knows of itself.
func (db *DB) claim(ctx context.Context) error {
	node, err := db.NewID()
	if err != nil {
		return err
	}
	opened, err := db.NewID()
	if err != nil {
		return err
	}
	err = db.Write(ctx, func(tx *Tx) error {
		const keep = `INSERT INTO storage_meta (key, value) VALUES ($1, $2) ON CONFLICT (key) DO NOTHING`
		if _, err := tx.Exec(ctx, keep, "node", node); err != nil {
			return err
		}
		if err := setMeta(ctx, tx, "opened", opened); err != nil {
			return err
		}
		if db.node, err = meta(ctx, tx, "node"); err != nil {
			return err
		}
		from, err := meta(ctx, tx, "restored")
		db.setRestored(from)
		return err
	})
	db.opened = opened
	return err
}

func isPostgres(dsn string) bool {
	return strings.HasPrefix(dsn, "postgres://") || strings.HasPrefix(dsn, "postgresql://")
}

// sqliteDSN names a file with the settings every connection must have. Pragmas run in
// the order given; busy_timeout comes first so that the change to WAL can wait.
func sqliteDSN(path string, pragmas ...string) string {
	q := url.Values{"_pragma": append([]string{"busy_timeout(5000)"}, pragmas...)}
	u := url.URL{Scheme: "file", OmitHost: true, Path: path, RawQuery: q.Encode()}
	return u.String()
}

func (db *DB) openSQLite(ctx context.Context, path string, volatile bool) (err error) {
	path, err = filepath.Abs(path)
	if err != nil {
		return fault.Wrap(fault.Invalid, err, "the database's path can't be made absolute").In(path)
	}
	if db.file, err = createFile(path); err != nil {
		return err
	}
	db.dialect, db.path = lite, path
	sync := "synchronous(FULL)"
	if volatile {
		sync = "synchronous(OFF)"
	}
	db.writer, err = openCompiled(sqliteDSN(path, "journal_mode(WAL)", sync, "foreign_keys(1)", "secure_delete(1)"))
	if err != nil {
		return classify(err)
	}
	if err := db.writer.PingContext(ctx); err != nil {
		return errors.Join(classify(err), db.writer.Close())
	}
	db.reader, err = openCompiled(sqliteDSN(path, "foreign_keys(1)", "query_only(1)"))
	return classify(err)
}

// createFile makes the database file for its owner's eyes only, and makes its name durable.
func createFile(path string) (made os.FileInfo, err error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fault.Wrap(fault.Unavailable, err, "the database file can't be opened").In(path).
			Do("make the folder %s, and let this user write in it", filepath.Dir(path))
	}
	made, err = f.Stat()
	if err := errors.Join(err, f.Close()); err != nil {
		return nil, fault.Wrap(fault.Unavailable, err, "the database file can't be made").In(path)
	}
	return made, syncDir(filepath.Dir(path))
}

// there refuses when the file has lost its name: SQLite would go on writing to what nobody finds again.
func (db *DB) there() error {
	if db.path == "" {
		return nil
	}
	now, err := os.Stat(db.path)
	if err == nil && os.SameFile(now, db.file) {
		return nil
	}
	return fault.Wrap(fault.Unavailable, err, "the database file isn't there any more").In(db.path).Do("put it back as it was, or stop samverk and restore a backup")
}

// syncDir makes the names in a folder durable.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return fault.Wrap(fault.Unavailable, err, "the folder can't be opened").In(dir)
	}
	err = errors.Join(d.Sync(), d.Close())
	if err != nil {
		return fault.Wrap(fault.Unavailable, err, "the folder can't be synced").In(dir)
	}
	return nil
}

// EmptyLog moves what SQLite's write-ahead log holds into the database file, so that deleted rows are in neither. A
// reader under way makes it wait a little, and then leaves the log for the next time. PostgreSQL sees to its own log.
func (db *DB) EmptyLog(ctx context.Context) error {
	if db.dialect != lite {
		return nil
	}
	if err := db.lock(ctx); err != nil {
		return err
	}
	defer db.unlock()
	_, err := db.writer.ExecContext(ctx, `PRAGMA wal_checkpoint(TRUNCATE)`)
	return classify(err)
}

// Close waits for the Write under way and lets the database go. The DB must not be used again.
func (db *DB) Close() error {
	db.write <- struct{}{}
	defer db.unlock()
	return classify(errors.Join(db.reader.Close(), db.writer.Close()))
}

// Now is the time by the injected clock, in whole microseconds UTC, as the database keeps it.
func (db *DB) Now() time.Time { return Time(Micros(db.now())) }

// Node is the database's identity: made when it was, and kept by its backups.
func (db *DB) Node() string { return db.node }

// Kind is "sqlite" or "postgres": for a status page and for files per dialect.
func (db *DB) Kind() string { return string(db.dialect) }

// Micros is a time as a column keeps it.
func Micros(t time.Time) int64 { return t.UnixMicro() }

// Time is a column's time.
func Time(micros int64) time.Time { return time.UnixMicro(micros).UTC() }

// meta reads what the database knows of itself; "" when it doesn't know.
func meta(ctx context.Context, tx *Tx, key string) (string, error) {
	var v string
	err := tx.QueryRow(ctx, `SELECT value FROM storage_meta WHERE key = $1`, key).Scan(&v)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return v, classify(err)
}

func setMeta(ctx context.Context, tx *Tx, key, value string) error {
	_, err := tx.Exec(ctx, `INSERT INTO storage_meta (key, value) VALUES ($1, $2)
		ON CONFLICT (key) DO UPDATE SET value = excluded.value`, key, value)
	return err
}

func (db *DB) setRestored(from string) {
	if from == "" {
		db.restored.Store(nil)
		return
	}
	db.restored.Store(&from)
}

// Restored names the backup this database was made from, for as long as nobody has accounted
// for what happened after that backup was taken; false when there is nothing to account for.
func (db *DB) Restored() (backup string, waiting bool) {
	if p := db.restored.Load(); p != nil {
		return *p, true
	}
	return "", false
}

// AccountRestored says, in a transaction, that what happened since the backup has been dealt with.
func (db *DB) AccountRestored(ctx context.Context, tx *Tx) error {
	if _, err := tx.Exec(ctx, `DELETE FROM storage_meta WHERE key = $1`, "restored"); err != nil {
		return err
	}
	tx.OnCommit(func() { db.setRestored("") })
	return nil
}
