package learning

import (
	"fmt"
	"testing"
	"time"

	"github.com/samverk/samverk/internal/testkit"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/storage"
)

// BenchmarkLearning measures the pages of a tenant with 2,000 activities and 50,000 registrations, 5,000 of them of one.
func BenchmarkLearning(b *testing.B) {
	for _, kind := range []struct {
		name string
		dsn  func(testing.TB) string
	}{{"sqlite", testkit.SQLite}, {"postgres", testkit.Postgres}} {
		b.Run(kind.name, func(b *testing.B) {
			w := open(b, kind.dsn(b))
			large := w.fill(2000, 50_000, 5000)
			ctx, nobody := b.Context(), network.Actor{}
			list := func(who network.Actor, q Filter) func() error {
				q.Limit = 31
				return func() error { _, err := w.List(ctx, who, w.root, q); return err }
			}
			for _, page := range []struct {
				name string
				ask  func() error
			}{
				{"list", list(nobody, Filter{})}, {"list member", list(w.plain, Filter{})}, {"list coordinator", list(w.coord, Filter{})}, {"list past", list(nobody, Filter{When: Past})},
				{"list filtered", list(w.plain, Filter{Audience: Professionals, Kind: Webinar, Lang: "nb", Text: "kurs 17"})}, {"list own pace", list(nobody, Filter{When: Paced})},
				{"view", func() error { _, err := w.View(ctx, Registrant{Actor: w.plain, Activity: large}, w.root); return err }},
				{"roster", func() error { _, err := w.Roster(ctx, w.coord, large, "", 200); return err }},
				{"mine", func() error { _, err := w.Mine(ctx, w.plain, w.root); return err }},
				{"waiting", func() error { _, err := w.Waiting(ctx, w.plain, w.root); return err }},
				{"counts", func() error { _, err := w.Counts(ctx, w.plain, w.root); return err }},
				{"gaps", func() error { _, err := w.Gaps(ctx, w.root); return err }},
				{"due", func() error { return w.Due(ctx) }},
				{"register and withdraw", func() error {
					if _, err := w.Register(ctx, w.coord, large, "nb", Needs{}); err != nil {
						return err
					}
					return w.Withdraw(ctx, Registrant{Actor: w.coord, Activity: large})
				}},
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

// fill writes rows past the rules: half of the activities are over.
func (w *world) fill(activities, registrations, ofOne int) (large ID) {
	w.t.Helper()
	ctx := w.t.Context()
	var all []ID
	for i := range 40 { // real ones, then copies of their rows
		p := w.plan(0)
		p.Kind, p.Title = Kinds[i%len(Kinds)], fmt.Sprint("Kurs ", i)
		if i%3 == 0 {
			p.Audience = []Audience{Professionals}
		}
		all = append(all, w.published(p))
	}
	w.ok(w.db.Write(ctx, func(tx *storage.Tx) error {
		for len(all) < activities {
			id, err := w.db.NewID()
			if err != nil {
				return err
			}
			n := len(all)
			shift := int64(n%400-200) * int64(24*time.Hour/time.Microsecond)
			if _, err := tx.Exec(ctx, `INSERT INTO learning_activity (id, case_number, root, network, body, kind, title, text, lang, audience, visibility, state, selfpaced, place, link, zone, seats, taken, accept, anyone, closes, starts, ends, attend, certificate, competence, needsdays, decision, fold, sequence, changed, created, person, waiver, version)
				SELECT $1, $2, root, network, body, kind, title, text, lang, audience, visibility, state, selfpaced, place, link, zone, seats, taken, accept, anyone, closes, starts + $4, ends + $4, attend, certificate, competence, needsdays, decision, fold || ' ' || $2, sequence, changed, created, person, waiver, version
				FROM learning_activity WHERE id = $3`, id, fmt.Sprint("NO-", n), all[n%40], shift); err != nil {
				return err
			}
			all = append(all, ID(id))
		}
		large = all[0]
		n := 0
		return tx.Insert(ctx, "learning_registration (id, activity, root, person, mail, mailkey, name, lang, state, queue, made, until, reminded, asked, evaluated, best, tries, version)", func() []any {
			if n == registrations {
				return nil
			}
			id, err := w.db.NewID()
			if err != nil {
				w.t.Fatal(err)
			}
			at, person := large, fmt.Sprint("p", n%7000)
			if n >= ofOne {
				at = all[1+n%(activities-1)]
			}
			switch {
			case n < 200:
				at, person = all[1+n*7], string(w.plain.Person)
			case n == 300:
				person = string(w.plain.Person)
			default:
				person += "-" + fmt.Sprint(n/7000)
			}
			n++
			return []any{id, at, w.root, person, "", "", "", "nb", Registered, 0, w.clock.Now(), 0, int64(1) << 61, 1, 0, -1, 0, 1}
		})
	}))
	w.ok(w.db.Write(ctx, func(tx *storage.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE learning_activity SET taken = (SELECT COUNT(*) FROM learning_registration g WHERE g.activity = learning_activity.id)`)
		if err == nil && w.db.Kind() == "postgres" {
			_, err = tx.Exec(ctx, `ANALYZE`)
		}
		return err
	}))
	return large
}
