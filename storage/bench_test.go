package storage_test

import (
	"testing"

	"github.com/samverk/samverk/internal/testkit"
	"github.com/samverk/samverk/storage"
)

// BenchmarkInsert is 10,000 rows of five columns in one transaction, durable.
func BenchmarkInsert(b *testing.B) {
	db, err := tryOpen(testkit.SQLite(b), room)
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	n := 0
	for b.Loop() {
		err := db.Write(b.Context(), func(tx *storage.Tx) error {
			end := n + 10_000
			return tx.Insert(b.Context(), "thing (number, shelf, label, flag, made)", func() []any {
				if n == end {
					return nil
				}
				n++
				return []any{n, nil, nil, 0, 1}
			})
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n), "ns/row")
}

// BenchmarkWrite is the smallest durable change.
func BenchmarkWrite(b *testing.B) {
	db, err := tryOpen(testkit.SQLite(b), room)
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	for b.Loop() {
		err := db.Write(b.Context(), func(tx *storage.Tx) error {
			_, err := tx.Exec(b.Context(), `INSERT INTO thing (number) VALUES (1) ON CONFLICT (number) DO UPDATE SET made = 1`)
			return err
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}
