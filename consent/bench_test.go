package consent_test

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/samverk/samverk/consent"
	"github.com/samverk/samverk/individual"
	"github.com/samverk/samverk/internal/testkit"
	"github.com/samverk/samverk/storage"
)

// many is a node where so many individuals have said yes to everything.
func many(b *testing.B, size int) (n *node, dsn, journal string) {
	b.Helper()
	dsn, journal = testkit.SQLite(b), filepath.Join(b.TempDir(), "journal")
	n = open(b, dsn, journal)
	n.write(b, func(ctx context.Context, tx *storage.Tx) error {
		who := make([]individual.New, size)
		for i := range who {
			who[i].ID = fmt.Sprint("p", i)
		}
		numbers, err := n.people.Enrol(ctx, tx, who)
		if err != nil {
			return err
		}
		var choices []consent.Choice
		for _, i := range numbers {
			for _, p := range consent.Purposes() {
				choices = append(choices, yes(i, p))
			}
		}
		return n.consents.Change(ctx, tx, "bench", choices)
	})
	return n, dsn, journal
}

func BenchmarkAllowed(b *testing.B) {
	n, _, _ := many(b, 1000)
	defer n.close(b)
	use := consent.Use{Purpose: consent.Care}
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := n.consents.Allowed(use); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkConditions is a use with conditions among 100,000: asked for again, and for the first time in an epoch.
func BenchmarkConditions(b *testing.B) {
	n, _, _ := many(b, 100_000)
	defer n.close(b)
	n.mustEnact(b, 1, n.Now(), forms[0])
	use := consent.Use{Purpose: consent.Research, Diseases: []string{"DIS:4"}, Commercial: true, Country: "NO"}
	b.Run("again", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := n.consents.Allowed(use); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("first", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			use.Diseases[0] = fmt.Sprint("DIS:new", i)
			if _, err := n.consents.Allowed(use); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkChange is one person's change, durable: the database's commit, and for a
// withdrawal the journal's line too.
func BenchmarkChange(b *testing.B) {
	for _, size := range []int{1_000, 100_000, 1_000_000} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			if size > 100_000 && testing.Short() {
				b.Skip("long")
			}
			n, dsn, journal := many(b, size)
			for _, allow := range []bool{false, true} {
				b.Run(fmt.Sprint("allow=", allow), func(b *testing.B) {
					for i := 0; b.Loop(); i++ {
						c := consent.Choice{Individual: individual.Number(i % size), Purpose: consent.Care, Allow: allow}
						if err := n.change(c); err != nil {
							b.Fatal(err)
						}
					}
				})
			}
			n.close(b)
			b.Run("open", func(b *testing.B) {
				for b.Loop() {
					n := open(b, dsn, journal)
					n.close(b)
				}
			})
		})
	}
}
