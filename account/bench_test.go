package account_test

import (
	"fmt"
	"testing"

	"github.com/samverk/samverk/account"
	"github.com/samverk/samverk/internal/testkit"
	"github.com/samverk/samverk/storage"
)

// BenchmarkResume is what each request of somebody signed in costs, among 100,000 sessions.
func BenchmarkResume(b *testing.B) {
	for name, dsn := range map[string]func(testing.TB) string{"sqlite": testkit.SQLite, "postgres": testkit.Postgres} {
		b.Run(name, func(b *testing.B) {
			h := open(b, dsn(b), account.Options{})
			s := h.member(b, anna)
			ok(b, h.db.Write(b.Context(), func(tx *storage.Tx) error {
				var owner string
				if err := tx.QueryRow(b.Context(), `SELECT id FROM account`).Scan(&owner); err != nil {
					return err
				}
				i := 0
				return tx.Insert(b.Context(), "account_session (id, account, hash, via, place, browser, created, seen, ends)", func() []any {
					if i++; i > 100_000 {
						return nil
					}
					return []any{fmt.Sprint("s", i), owner, fmt.Sprint("h", i), "password", "", "", 0, 0, 0}
				})
			}))
			for b.Loop() {
				if _, err := h.Resume(b.Context(), s.Token); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkHash is what hashing a password costs with the usual parameters.
func BenchmarkHash(b *testing.B) {
	for b.Loop() {
		account.HashOnce(b)
	}
}
