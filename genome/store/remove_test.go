package store

import (
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
