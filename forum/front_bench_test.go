package forum

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/samverk/samverk/internal/testkit"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/storage"
)

// The size of a large tenant.
const (
	manyTopics    = 20_000
	manyMeetings  = 5_000
	manyDecisions = 10_000
	manyInputs    = 40_000
)

// BenchmarkPages measures what the front page, the list of inputs and the landing page ask of a large tenant.
func BenchmarkPages(b *testing.B) {
	for _, kind := range []struct {
		name string
		dsn  func(testing.TB) string
	}{{"sqlite", testkit.SQLite}, {"postgres", testkit.Postgres}} {
		b.Run(kind.name, func(b *testing.B) {
			w := open(b, kind.dsn(b))
			board := w.board()
			w.grow(board)
			ctx := b.Context()
			for _, page := range []struct {
				name string
				ask  func() error
			}{
				{"count", func() error { w.tallies.Clear(); _, err := w.Count(ctx, w.root); return err }},
				{"topics", func() error { _, err := w.OpenTopics(ctx, w.root, 4); return err }},
				{"decisions", func() error {
					_, err := w.Decisions(ctx, network.Actor{}, DecisionFilter{Root: w.root, Limit: 3})
					return err
				}},
				{"meetings", func() error {
					_, err := w.Meetings(ctx, network.Actor{}, MeetingFilter{Root: w.root, From: w.Now(), Limit: 12})
					return err
				}},
				{"owed", func() error { _, err := w.Owed(ctx, network.Actor{}, w.root, "", 4); return err }},
				{"inputs", func() error { _, err := w.PublicInputs(ctx, InputFilter{Root: w.root, Limit: 26}); return err }},
				{"counted", func() error { _, err := w.InputYears(ctx, w.root); return err }},
				{"waiting coordinator", func() error { _, err := w.Waiting(ctx, w.coord, w.root); return err }},
				{"waiting patient", func() error { _, err := w.Waiting(ctx, board.people[5], w.root); return err }},
				{"waiting chair", func() error { _, err := w.Waiting(ctx, board.chair, w.root); return err }},
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

// grow fills a tenant with rows, as many years would.
func (w *world) grow(b board) {
	w.t.Helper()
	ctx := w.t.Context()
	states := []State{Raised, InInput, Prepared, OnAgenda, Decided, Decided, Decided, Decided, Closed, Lifted}
	old := func(i, of int) int64 {
		return micros(w.Now().AddDate(-3, 0, 0).Add(time.Duration(i) * (3 * 365 * day) / time.Duration(of)))
	}
	visible := func(i int) network.Visibility {
		return []network.Visibility{network.Public, network.Public, network.Public, network.BodyOnly}[i%4]
	}
	w.ok(w.db.Write(ctx, func(tx *storage.Tx) error {
		rows := func(into string, n int, row func(int) []any) error {
			i := 0
			return tx.Insert(ctx, into, func() []any {
				if i++; i > n {
					return nil
				}
				return row(i - 1)
			})
		}
		err := rows(`topic (id, case_number, root, network, body, state, title, text, lang, field, level, kind, visibility, raised_by, raised, moved, input_until, input_waived, version)`, manyTopics, func(i int) []any {
			return []any{fmt.Sprintf("T%d", i), fmt.Sprintf("X-%d", i), w.root, w.root, b.id, states[i%len(states)], "En sak", "Tekst", "nb", "rare", "region", "need", visible(i), w.plain.Person,
				old(i, manyTopics), old(i, manyTopics), old(i, manyTopics), "", 1}
		})
		if err == nil {
			err = rows(`topic_input (id, topic, person, name, text, lang, given, disposition, reason, disposed, decision, origin, network, body, visibility, version)`, manyInputs, func(i int) []any {
				t := fmt.Sprintf("T%d", i%manyTopics)
				return []any{fmt.Sprintf("I%d", i), t, b.people[5+i%2].Person, "", "Innspill", "nb", old(i, manyInputs), []Disposition{Adopted, Partly, Declined, Undisposed}[i%4], "", 0, "", t, w.root, b.id, visible(i), 1}
			})
		}
		if err == nil {
			err = rows(`meeting (id, root, network, body, planned, title, year, number, state, starts, minutes, zone, place, link, visibility, sequence, convened, opened, closed, reason, leader, version)`, manyMeetings, func(i int) []any {
				starts, state := old(i, manyMeetings), "closed"
				if i > manyMeetings-200 {
					starts, state = micros(w.Now())+int64(i-manyMeetings+200)*int64(12*time.Hour/time.Microsecond), "convened"
				}
				return []any{fmt.Sprintf("M%d", i), w.root, w.root, b.id, starts, "", 2026, i, state, starts, 60, "Europe/Oslo", "", "", visible(i), 0, 0, 0, 0, "", "", 1}
			})
		}
		if err == nil {
			err = rows(`meeting_approver (meeting, person)`, manyMeetings, func(i int) []any { return []any{fmt.Sprintf("M%d", i), b.chair.Person} })
		}
		if err == nil {
			err = rows(`minutes (id, root, network, body, meeting, circulation, visibility, edition, reason, held, state, version)`, manyMeetings-200, func(i int) []any {
				return []any{fmt.Sprintf("N%d", i), w.root, w.root, b.id, fmt.Sprintf("M%d", i), "", "public", 1, "", old(i, manyMeetings), map[bool]string{true: "draft", false: "sealed"}[i%100 == 0], 1}
			})
		}
		if err == nil {
			err = rows(`decision (id, root, network, body, year, number, case_number, topic, meeting, item, circulation, title, text, rationale, lang, field, method, mandate, visibility, taken, zone, in_force, review, record, actor)`, manyDecisions, func(i int) []any {
				return []any{fmt.Sprintf("D%d", i), w.root, w.root, b.id, 2020, i, "X", nil, "", "", "", "Vedtak", "Tekst", "", "nb", "rare", "consensus", "decides", visible(i), old(i, manyDecisions), "Europe/Oslo", 0, 0, "{}", ""}
			})
		}
		if err == nil {
			err = rows(`decision_force (seq, decision, minutes, approved, starts)`, manyDecisions, func(i int) []any {
				return []any{i + 1, fmt.Sprintf("D%d", i), "", old(i, manyDecisions), old(i, manyDecisions)}
			})
		}
		return err
	}))
	w.analyze(ctx)
}

// analyze lets the database know its tables, as it does of itself when it has run for a while.
func (w *world) analyze(ctx context.Context) {
	w.ok(w.db.Write(ctx, func(tx *storage.Tx) error {
		_, err := tx.Exec(ctx, `ANALYZE`)
		return err
	}))
}
