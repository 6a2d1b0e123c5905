package notice_test

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/samverk/samverk/internal/testkit"
	"github.com/samverk/samverk/notice"
	"github.com/samverk/samverk/storage"
)

// many is how many people there are: 100,000 when the long measurements are asked for.
func many() int {
	if os.Getenv("SAMVERK_LONG") == "1" {
		return 100_000
	}
	return 20_000
}

// crowd is a room with very many people, each of whom has been told three things and has read none.
func crowd(b *testing.B, dsn string) *desk {
	b.Helper()
	d := open(b, dsn, notice.Options{})
	ctx := context.Background()
	for first := 0; first < many(); first += 1000 {
		if err := d.db.Write(ctx, func(tx *storage.Tx) error {
			for i := first; i < first+1000; i++ {
				r := notice.Recipient{Person: fmt.Sprint("p", i), Mail: fmt.Sprintf("p%d@example.org", i), Lang: "sv", Frequency: notice.Daily, Zone: "Europe/Stockholm"}
				if err := d.SetRecipient(ctx, tx, r); err != nil {
					return err
				}
				for range 3 {
					if err := d.Tell(ctx, tx, r.Person, moved("En fråga")); err != nil {
						return err
					}
				}
			}
			return nil
		}); err != nil {
			b.Fatal(err)
		}
	}
	return d
}

// BenchmarkCrowd is what a page and the worker ask for when very many people wait for their digest, and then the digests.
func BenchmarkCrowd(b *testing.B) {
	for name, dsn := range map[string]func(testing.TB) string{"sqlite": testkit.SQLite, "postgres": testkit.Postgres} {
		b.Run(name, func(b *testing.B) {
			if testing.Short() {
				b.Skip("long")
			}
			d := crowd(b, dsn(b))
			ctx := context.Background()
			run := func(name string, f func(tx *storage.Tx) error) {
				b.Run(name, func(b *testing.B) {
					for b.Loop() {
						if err := d.db.Read(ctx, f); err != nil {
							b.Fatal(err)
						}
					}
				})
			}
			ask := func() {
				run("unread", func(tx *storage.Tx) error {
					_, err := d.Unread(ctx, tx, "p77777", "", 20)
					return err
				})
				run("nobody's mails", func(tx *storage.Tx) error {
					_, err := d.Mails(ctx, tx, "waiting", func(string) bool { return false }, "", 50)
					return err
				})
				b.Run("state", func(b *testing.B) {
					for b.Loop() {
						if _, err := d.State(ctx); err != nil {
							b.Fatal(err)
						}
					}
				})
				b.Run("nothing to do", func(b *testing.B) {
					for b.Loop() {
						if _, err := d.Work(ctx); err != nil {
							b.Fatal(err)
						}
					}
				})
			}
			ask()
			d.now = d.now.Add(24 * time.Hour)
			start := time.Now()
			if _, err := d.Work(ctx); err != nil {
				b.Fatal(err)
			}
			took := float64(time.Since(start).Microseconds()) / float64(many())
			b.Run("all digests", func(b *testing.B) { // they can be made but once
				b.ReportMetric(0, "ns/op")
				b.ReportMetric(took, "µs/digest")
			})
			ask()
		})
	}
}
