package store

import (
	"errors"
	"strings"
	"testing"

	"github.com/samverk/samverk/genome/variant"
	"github.com/samverk/samverk/individual"
	"github.com/samverk/samverk/storage"
)

// A file is often named after the person it is of: the name is not in the tables once they are removed, and those of
// others are.
func TestRemovalForgetsFileNames(t *testing.T) {
	db, s := openAt(t, t.TempDir())
	defer db.Close()
	defer s.Close()
	ctx := t.Context()
	load := func(file string, who ...individual.Number) {
		t.Helper()
		spec := LoadSpec{Dataset: "d", Files: []string{file}}
		for _, n := range who {
			spec.Samples = append(spec.Samples, Sample{Name: "S" + string('a'+rune(n)), Individual: n})
		}
		l, err := s.NewLoad(ctx, spec)
		if err != nil {
			t.Fatal(err)
		}
		defer l.Abort()
		r, err := l.NewRun([]uint32{0})
		if err != nil {
			t.Fatal(err)
		}
		if err := r.Add(&Record{Key: variant.Key{Chrom: 1, Pos: 1, Ref: []byte("A"), Alt: []byte("C")}, Entries: []Entry{MakeEntry(0, variant.Het)}}); err != nil {
			t.Fatal(err)
		}
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := l.Seal(ctx); err != nil {
			t.Fatal(err)
		}
		if err := db.Write(ctx, func(tx *storage.Tx) error { return l.Commit(ctx, tx) }); err != nil {
			t.Fatal(err)
		}
	}
	load("anna-old.vcf", 0)
	load("anna.vcf", 0)
	load("anna-and-bo.vcf", 2, 1)
	load("bo.vcf", 1)
	if err := db.Write(ctx, func(tx *storage.Tx) error { return s.RemoveIndividual(ctx, tx, 0) }); err != nil {
		t.Fatal(err)
	}
	if names := fileNames(t, db); strings.Contains(names, "anna.vcf") || strings.Contains(names, "anna-old") || !strings.Contains(names, "anna-and-bo") || !strings.Contains(names, "bo.vcf") {
		t.Errorf("after the first removal: %s", names)
	}
	if err := db.Write(ctx, func(tx *storage.Tx) error { return s.RemoveIndividual(ctx, tx, 2) }); err != nil {
		t.Fatal(err)
	}
	if names := fileNames(t, db); strings.Contains(names, "anna") || !strings.Contains(names, "bo.vcf") {
		t.Errorf("after the second removal: %s", names)
	}
}

func fileNames(t *testing.T, db *storage.DB) (all string) {
	t.Helper()
	err := db.Read(t.Context(), func(tx *storage.Tx) error {
		rows, err := tx.Query(t.Context(), `SELECT files FROM genome_load`)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var names string
			if err := rows.Scan(&names); err != nil {
				return err
			}
			all += names
		}
		return rows.Err()
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// A commit whose answer was lost may have happened: then its segments are the store's, and Abort leaves them.
func TestAbortAfterALostAnswer(t *testing.T) {
	dir := t.TempDir()
	db, s := openAt(t, dir)
	ctx := t.Context()
	l, err := s.NewLoad(ctx, LoadSpec{Dataset: "d", Samples: []Sample{{Name: "S"}}})
	if err != nil {
		t.Fatal(err)
	}
	if err := fillGenome(l, 0); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Seal(ctx); err != nil {
		t.Fatal(err)
	}
	if err := db.Write(ctx, func(tx *storage.Tx) error { return l.Commit(ctx, tx) }); err != nil {
		t.Fatal(err)
	}
	l.over = false // as if nobody had heard of it
	l.Abort()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	db, s = openAt(t, dir)
	defer db.Close()
	defer s.Close()
	visible(t, s, 1)
}

// A transaction that fails after the load's part of it leaves no files.
func TestAbortAfterAFailedCommit(t *testing.T) {
	dir := t.TempDir()
	db, s := openAt(t, dir)
	defer db.Close()
	defer s.Close()
	ctx := t.Context()
	l, err := s.NewLoad(ctx, LoadSpec{Dataset: "d", Samples: []Sample{{Name: "S"}}})
	if err != nil {
		t.Fatal(err)
	}
	if err := fillGenome(l, 0); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Seal(ctx); err != nil {
		t.Fatal(err)
	}
	refused := errors.New("refused")
	if err := db.Write(ctx, func(tx *storage.Tx) error { return errors.Join(l.Commit(ctx, tx), refused) }); !errors.Is(err, refused) {
		t.Fatal(err)
	}
	l.Abort()
	if n := segmentFiles(t, dir); n != 0 {
		t.Errorf("%d files are left", n)
	}
}

// A compaction of which nothing is left leaves no file.
func TestCompactToNothing(t *testing.T) {
	dir := t.TempDir()
	db, s := openAt(t, dir)
	defer db.Close()
	defer s.Close()
	ctx := t.Context()
	l, err := s.NewLoad(ctx, LoadSpec{Dataset: "d", Samples: []Sample{{Name: "S"}, {Name: "without variants", Individual: 1}}})
	if err != nil {
		t.Fatal(err)
	}
	r, err := l.NewRun([]uint32{0, 1})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(r.Add(&Record{Key: sharedKey(0), Entries: []Entry{MakeEntry(0, variant.Het)}}), r.Close()); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Seal(ctx); err != nil {
		t.Fatal(err)
	}
	if err := db.Write(ctx, func(tx *storage.Tx) error { return l.Commit(ctx, tx) }); err != nil {
		t.Fatal(err)
	}
	if err := db.Write(ctx, func(tx *storage.Tx) error { return s.RemoveIndividual(ctx, tx, 0) }); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Compact(ctx, true); err != nil {
		t.Fatal(err)
	}
	if n := segmentFiles(t, dir); n != 0 {
		t.Errorf("%d files are left", n)
	}
}
