package ledger

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/samverk/samverk/internal/testkit"
)

// BenchmarkAsked measures what the stewards' page of uses asks of the index, with a million leaves over thirteen months: 20 organisations in all
// their roles, purposes, questions and datasets.
func BenchmarkAsked(b *testing.B) {
	d := newDesk(b, testkit.SQLite(b))
	r := rand.New(rand.NewPCG(1, 2))
	end := d.ledger.opts.Now()
	from := time.Date(end.Year()-1, end.Month(), 1, 0, 0, 0, 0, time.UTC)
	const leaves, chunk = 1_000_000, 20_000
	step := end.Sub(from) / leaves
	any := func(of string, n int) string { return fmt.Sprintf("%s-%d", of, r.IntN(n)) }
	for i := 0; i < leaves; i += chunk {
		raw := make([][]byte, chunk)
		for k := range raw {
			l := Leaf{Kind: Use, Time: from.Add(step * time.Duration(i+k)), Organisation: any("organisation", 20), Role: any("role", 3), Purpose: any("purpose", 3), Question: any("question", 4), Dataset: any("dataset", 4)}
			if r.IntN(10) == 0 {
				l.Kind = Denial
			}
			var err error
			if raw[k], err = l.Encode(); err != nil {
				b.Fatal(err)
			}
		}
		if err := d.index.insert(b.Context(), uint64(i), raw); err != nil {
			b.Fatal(err)
		}
	}
	year := Asked{Kinds: []Kind{Use, Denial}, From: time.Date(end.Year(), end.Month()-11, 1, 0, 0, 0, 0, time.UTC), To: end.AddDate(0, 0, 1)}
	rare := year
	rare.Organisation, rare.Role, rare.Purpose, rare.Question, rare.Dataset = "organisation-7", "role-1", "purpose-2", "question-3", "dataset-0"
	days := year
	days.From = days.From.AddDate(0, 0, 3)
	for name, do := range map[string]func() error{
		"choices": func() error {
			_, err := d.index.Values(b.Context(), Use, Denial)
			return err
		},
		"months": func() error { _, err := d.index.Sums(b.Context(), year, ByMonth, ByOrganisation, ByKind); return err },
		"days":   func() error { _, err := d.index.Sums(b.Context(), days, ByMonth, ByOrganisation, ByKind); return err },
		"narrow days": func() error {
			q := days
			q.Role = "role-1"
			_, err := d.index.Sums(b.Context(), q, ByMonth, ByOrganisation, ByKind)
			return err
		},
		"list": func() error { _, err := d.index.Asked(b.Context(), year); return err },
		"rare": func() error { _, err := d.index.Asked(b.Context(), rare); return err },
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if err := do(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
