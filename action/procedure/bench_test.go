package procedure

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/samverk/samverk/internal/testkit"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/storage"
)

// BenchmarkProcedures measures lists, search, a region's page and what a region owes, with 2,000 procedures and 30 regions.
func BenchmarkProcedures(b *testing.B) {
	for _, kind := range []struct {
		name string
		dsn  func(testing.TB) string
	}{{"sqlite", testkit.SQLite}, {"postgres", testkit.Postgres}} {
		b.Run(kind.name, func(b *testing.B) {
			w := open(b, kind.dsn(b), 31)
			last := w.fill(2000)
			ctx, nobody := b.Context(), network.Actor{}
			list := func(who network.Actor, q Filter) func() error {
				q.Limit = 41
				return func() error { _, err := w.List(ctx, who, w.root, q); return err }
			}
			for _, page := range []struct {
				name string
				ask  func() error
			}{
				{"list", list(nobody, Filter{})}, {"list member", list(w.plain, Filter{})}, {"list rare", list(nobody, Filter{Field: "rare", Kind: "treatment", State: Force})},
				{"search common", list(nobody, Filter{Words: "patient"})}, {"search two", list(nobody, Filter{Words: "prov svar"})}, {"search none", list(nobody, Filter{Words: "finnsinte"})},
				{"search prefix", list(nobody, Filter{Words: "b"})},
				{"owed", func() error { _, err := w.Owed(ctx, w.speaker[3], w.root, 10); return err }},
				{"regions", func() error { _, err := w.Tallies(ctx, nobody, w.root); return err }},
				{"region", func() error {
					_, _, err := w.OfRegion(ctx, nobody, w.root, "r3", Filter{Limit: 41})
					return err
				}},
				{"region owed", func() error {
					_, _, err := w.OfRegion(ctx, nobody, w.root, "r3", Filter{Owed: true, Limit: 41})
					return err
				}},
				{"region declined", func() error {
					_, _, err := w.OfRegion(ctx, nobody, w.root, "r3", Filter{Said: Declined, Limit: 41})
					return err
				}},
				{"view", func() error { _, err := w.View(ctx, nobody, w.root, last, 0); return err }},
				{"adoption", func() error { _, err := w.Adoption(ctx, nobody, w.root, last); return err }},
				{"counted", func() error { _, err := w.Counted(ctx, nobody, w.root); return err }},
			} {
				b.Run(page.name, func(b *testing.B) {
					var took []time.Duration
					cpu := testkit.Processor(b)
					for b.Loop() {
						began := time.Now()
						if err := page.ask(); err != nil {
							b.Fatal(err)
						}
						took = append(took, time.Since(began))
					}
					testkit.Report(b, testkit.Processor(b)-cpu, took)
				})
			}
		})
	}
}

// fill writes procedures with two versions each and what the regions said of both, past the room's acts, for speed.
func (w *world) fill(n int) (last ID) {
	w.t.Helper()
	ctx, r := w.t.Context(), rand.New(testkit.Rand(1)) //nolint:gosec // the same in every run
	vocabulary := strings.Fields(`patient behandling svar prov region gen variant cancer laboratorium rådgivning samtycke data register kostnad väntetid utbildning pilot rutin tolkning infektion läkemedel diagnos familj`)
	text := func(words int) string {
		var out []string
		for range words {
			out = append(out, vocabulary[r.IntN(len(vocabulary))]+[]string{"", "er", "en", "erna"}[r.IntN(4)])
		}
		return strings.Join(out, " ")
	}
	seq := 0
	w.ok(w.db.Write(ctx, func(tx *storage.Tx) error {
		exec := func(query string, args ...any) {
			if _, err := tx.Exec(ctx, query, args...); err != nil {
				w.t.Fatal(err)
			}
		}
		for i := range n {
			made, err := w.db.NewID()
			if err != nil {
				return err
			}
			id := ID(made)
			c := Content{Title: text(5), ForWhom: text(60), Who: text(80), How: text(150), Fast: text(20), Plain: text(60), Evidence: []Source{{Ref: "10.1000/182", Title: text(6)}}}
			at := micros(w.Now()) - int64(n-i)*3_600_000_000
			exec(`INSERT INTO procedure (id, case_number, root, network, body, field, kind, lang, title, wanted, visibility, state, current, draft, answer_by, moved, person, created)
				VALUES ($1, $2, $3, $3, '', $4, $5, 'sv', $6, 'public', 'public', 'force', 2, 0, $7, $7, $8, $7)`,
				id, fmt.Sprintf("SE-2026-%04d", i), w.root, Fields[r.IntN(len(Fields))], Kinds[r.IntN(len(Kinds))], c.Title, at, w.coord.Person)
			for v := int64(1); v <= 2; v++ {
				content := written(c)
				exec(`INSERT INTO procedure_text (procedure, number, edit, digest, content, person, at) VALUES ($1, $2, 1, $3, $4, $5, $6)`, id, v, hexed(digest(id, v, content)), content, w.coord.Person, at)
				exec(`INSERT INTO procedure_version (procedure, number, state, was, edit, digest, topic, decision, said, starts, ends, person, created) VALUES ($1, $2, $3, '', 1, $4, '', '', '', $5, 0, $6, $5)`,
					id, v, map[int64]string{1: "ended", 2: "force"}[v], hexed(digest(id, v, content)), at, w.coord.Person)
			}
			if err := w.index(ctx, tx, Procedure{ID: id}, c); err != nil {
				return err
			}
			for k, region := range w.region[:30] {
				if r.IntN(10) == 0 {
					continue
				}
				number, fresh := int64(1+r.IntN(2)), 0
				if number == 2 {
					fresh = 1
				}
				state := Answers[r.IntN(len(Answers))]
				seq++
				exec(`INSERT INTO procedure_record (seq, procedure, region, number, state, day, reason, person, at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $6)`,
					seq, id, region, number, state, at, text(12), w.speaker[k].Person)
				exec(`INSERT INTO procedure_answer (procedure, region, root, seq, number, state, day, due, fresh, open) VALUES ($1, $2, $3, $4, $5, $6, $7, $7, $8, 1)`,
					id, region, w.root, seq, number, state, at, fresh)
			}
			last = id
		}
		return nil
	}))
	if w.db.Kind() == "postgres" {
		w.ok(w.db.Write(ctx, func(tx *storage.Tx) error { _, err := tx.Exec(ctx, `ANALYZE`); return err }))
	}
	return last
}
