package forum

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/samverk/samverk/internal/testkit"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/storage"
)

// BenchmarkTopics measures the lists and the search of a tenant with 20,000 topics and as many other documents.
func BenchmarkTopics(b *testing.B) {
	for _, kind := range []struct {
		name string
		dsn  func(testing.TB) string
	}{{"sqlite", testkit.SQLite}, {"postgres", testkit.Postgres}} {
		b.Run(kind.name, func(b *testing.B) {
			w := open(b, kind.dsn(b))
			last := w.fillTopics(20_000)
			ctx, nobody := b.Context(), network.Actor{}
			list := func(who network.Actor, q TopicFilter) func() error {
				q.Limit = 41
				return func() error { _, err := w.Topics(ctx, who, w.root, q); return err }
			}
			search := func(who network.Actor, query string) func() error {
				return func() error { _, err := w.Search(ctx, who, w.root, query, nil, 20); return err }
			}
			for _, page := range []struct {
				name string
				ask  func() error
			}{
				{"list", list(nobody, TopicFilter{})}, {"list member", list(w.plain, TopicFilter{})}, {"list field", list(nobody, TopicFilter{Facets: Facets{Field: "rare", Kind: "pilot"}})},
				{"list body", list(w.west.member, TopicFilter{Body: w.west.id})}, {"list patients", list(nobody, TopicFilter{Sector: network.Patient})},
				{"list rare state", list(nobody, TopicFilter{States: []State{Returned}})}, {"list lifted", list(nobody, TopicFilter{Lifted: true})}, {"list overdue", list(nobody, TopicFilter{Overdue: true})},
				{"list three", list(nobody, TopicFilter{Sector: network.Patient, States: []State{Closed}, Facets: Facets{Level: "visit"}})},
				{"owed", func() error { _, err := w.Owed(ctx, nobody, w.root, "", 51); return err }},
				{"search common", search(nobody, "pasient")}, {"search two", search(w.plain, "behandling svar")}, {"search rare", search(nobody, "dpyd123")}, {"search one letter", search(nobody, "b")},
				{"similar", func() error {
					_, err := w.Similar(ctx, nobody, w.root, "Skal pasienter få svar på prøve før behandling i regionen", 5)
					return err
				}},
				{"view", func() error { _, err := w.View(ctx, w.coord, w.root, last); return err }},
			} {
				b.Run(page.name, func(b *testing.B) {
					for b.Loop() {
						if err := page.ask(); err != nil {
							b.Fatal(err)
						}
					}
				})
			}
		})
	}
}

func (w *world) fillTopics(n int) (last TopicID) {
	w.t.Helper()
	ctx, r := w.t.Context(), rand.New(testkit.Rand(1)) //nolint:gosec // the same in every run
	vocabulary := strings.Fields(`pasient behandling svar prøve region gen variant kreft laboratorium veiledning samtykke data register kostnad ventetid opplæring pilot prosedyre tolkning infeksjon legemiddel diagnose familie`)
	for i := range 400 {
		vocabulary = append(vocabulary, fmt.Sprintf("ord%dx", i))
	}
	text := func(words int) string {
		var out []string
		for range words {
			out = append(out, vocabulary[r.IntN(1+r.IntN(len(vocabulary)))]+[]string{"", "er", "en", "ene"}[r.IntN(4)])
		}
		return strings.Join(out, " ")
	}
	states := []State{Raised, InInput, Prepared, OnAgenda, Decided, Decided, Decided, Closed}
	places := []group{w.top, w.west, w.north}
	w.ok(w.db.Write(ctx, func(tx *storage.Tx) error {
		for i := range n {
			id, err := w.db.NewID()
			if err != nil {
				return err
			}
			g, visibility := places[r.IntN(3)], []network.Visibility{network.Public, network.Public, network.NetworkOnly, network.BodyOnly}[r.IntN(4)]
			last = TopicID(id)
			now := micros(w.Now().Add(-700*day)) + int64(i)*1_000_000
			_, err = tx.Exec(ctx, `INSERT INTO topic (id, case_number, root, network, body, state, title, text, lang, field, level, kind, visibility, raised_by, sector, raised, moved, input_until, input_waived, version)
				VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'nb', $9, $10, $11, $12, $13, $14, $15, $15, 0, '', 1)`, id, fmt.Sprintf("NO-2025-%05d", i), w.root, g.network, g.id, states[r.IntN(len(states))],
				text(8), text(120), Fields[r.IntN(len(Fields))], Levels[r.IntN(len(Levels))], Kinds[r.IntN(len(Kinds))], visibility, w.plain.Person, network.Sectors[r.IntN(5)], now)
			if err != nil {
				return err
			}
			for range 1 {
				d := Doc{Kind: TopicDoc, Ref: id, Root: w.root, Network: g.network, Body: g.id, Visibility: visibility, Lang: "nb", Title: text(8), Text: text(120), At: w.Now()}
				if i == n/2 {
					d.Title += " dpyd123"
				}
				if err := w.index(ctx, tx, d); err != nil {
					return err
				}
			}
			if g.id == w.top.id && i%40 == 0 && i > 100 {
				if _, err := tx.Exec(ctx, `INSERT INTO topic_lift (id, root, origin, body, topic, made, person, criteria, why, lang, lifted, due, answer, reason, answered, delay, told)
					VALUES ($1, $2, $1, $3, $1, 0, $4, '[]', '', 'nb', $5, $6, '', '', 0, '', 0)`, id, w.root, g.id, w.plain.Person, now, now+int64(r.IntN(2))*1e15); err != nil {
					return err
				}
			}
		}
		if w.db.Kind() == "postgres" {
			_, err := tx.Exec(ctx, `ANALYZE`)
			return err
		}
		return nil
	}))
	return last
}
