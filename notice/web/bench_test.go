package web_test

import (
	"fmt"
	"testing"

	"github.com/samverk/samverk/internal/testkit"
	"github.com/samverk/samverk/notice"
	"github.com/samverk/samverk/storage"
)

// The worst page: as many mails as one page looks through, each to somebody else, and none of them the reader's to see.
func BenchmarkMails(b *testing.B) {
	for name, dsn := range map[string]func(testing.TB) string{"sqlite": testkit.SQLite, "postgres": testkit.Postgres} {
		b.Run(name, func(b *testing.B) {
			h := newHouse(b, dsn(b), "")
			h.mail("member", "nils@example.org", notice.Notice{})
			h.write(func(tx *storage.Tx) error {
				for i := range 4000 {
					if _, err := tx.Exec(ctx, `INSERT INTO notice_mail (id, person, address, lang, subject, body, attach_name, attach_type, attach,
							digest, secret, rank, state, attempts, made, next, until, said)
						SELECT $1, $2, address, lang, subject, body, attach_name, attach_type, attach, digest, secret, rank, state, attempts, made, next, until, said
						FROM notice_mail ORDER BY id LIMIT 1`, fmt.Sprintf("z%06d", i), fmt.Sprintf("person-%06d", i)); err != nil {
						return err
					}
				}
				return nil
			})
			for b.Loop() {
				if status, _, _ := h.ask("GET", "/n/se/mail?state=waiting", "coordinator"); status != 200 {
					b.Fatal(status)
				}
			}
		})
	}
}
