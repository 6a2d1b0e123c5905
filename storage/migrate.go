package storage

import (
	"context"
	"errors"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/pressly/goose/v3"

	"github.com/samverk/samverk/fault"
)

type dialect string

const (
	lite dialect = "sqlite"
	pg   dialect = "postgres"
)

// versions is where goose keeps which migrations a database has had.
const versions = "goose_db_version"

// sequence is every room's migrations for one dialect, by number, as one folder of files.
type sequence map[int64]script

type script struct {
	name string
	from fs.FS
	path string
}

// newSequence gathers the rooms' files and refuses a number that is used twice.
func newSequence(d dialect, rooms []fs.FS) (sequence, error) {
	seq := sequence{}
	for _, room := range rooms {
		err := fs.WalkDir(room, ".", func(p string, e fs.DirEntry, err error) error {
			if err != nil || e.IsDir() || path.Ext(p) != ".sql" || !d.takes(p) {
				return err
			}
			n, err := goose.NumericComponent(p)
			if err != nil {
				return fault.Wrap(fault.Internal, err, "a migration's name must begin with its number").In(p)
			}
			if other, taken := seq[n]; taken {
				return fault.New(fault.Internal, "migration %d exists twice, the other is %s", n, other.path).In(p)
			}
			seq[n] = script{name: path.Base(p), from: room, path: p}
			return nil
		})
		if err != nil {
			return nil, classify(err)
		}
	}
	return seq, nil
}

// takes tells whether a file is for this dialect: NAME.sql is for both.
func (d dialect) takes(name string) bool {
	only := strings.TrimPrefix(path.Ext(strings.TrimSuffix(name, ".sql")), ".")
	return only == "" || only == string(d)
}

// Glob and Open make a sequence the flat folder that goose wants.
func (s sequence) Glob(pattern string) ([]string, error) {
	var names []string
	for _, f := range s {
		ok, err := path.Match(pattern, f.name)
		if err != nil {
			return nil, err
		}
		if ok {
			names = append(names, f.name)
		}
	}
	slices.Sort(names)
	return names, nil
}

// Open opens a migration by its name.
func (s sequence) Open(name string) (fs.File, error) {
	for _, f := range s {
		if f.name == name {
			return f.from.Open(f.path)
		}
	}
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
}

// only is the part of the sequence with these numbers.
func (s sequence) only(numbers []int64) sequence {
	part := sequence{}
	for _, n := range numbers {
		if f, ok := s[n]; ok {
			part[n] = f
		}
	}
	return part
}

// newer refuses numbers that this binary doesn't know.
func (s sequence) newer(numbers []int64) error {
	for _, n := range numbers {
		if _, known := s[n]; !known {
			return fault.New(fault.Conflict, "the database was made by a newer samverk (migration %d is unknown here)", n).
				Do("use the samverk that made it, or a newer one")
		}
	}
	return nil
}

// migrate brings the tables up to date. A room's range has room for later numbers, so a number
// lower than the last may be new.
func (db *DB) migrate(ctx context.Context, seq sequence) error {
	had, err := appliedIn(ctx, db.dialect, db.writer)
	if err != nil {
		return err
	}
	if err := seq.newer(had); err != nil {
		return err
	}
	if len(seq) == 0 {
		return nil
	}
	d := goose.DialectSQLite3
	if db.dialect == pg {
		d = goose.DialectPostgres
	}
	p, err := goose.NewProvider(d, db.writer, seq,
		goose.WithAllowOutofOrder(true), goose.WithDisableGlobalRegistry(true), goose.WithTableName(versions))
	if err != nil {
		return fault.Wrap(fault.Internal, err, "the migrations can't be read")
	}
	if _, err := p.Up(ctx); err != nil {
		return migrationFailed(err)
	}
	return nil
}

func migrationFailed(err error) error {
	var cause *goose.PartialError
	if errors.As(err, &cause) && cause.Failed != nil && cause.Failed.Source != nil {
		e := fault.Wrap(fault.KindOf(classify(cause.Err)), cause.Err, "a migration failed")
		return e.In(path.Base(cause.Failed.Source.Path)).Do("the tables are as they were before it; use the samverk you had, and report this")
	}
	return classify(err)
}
