package forum

import (
	"context"
	"testing"
	"time"

	"github.com/samverk/samverk/internal/testkit"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/storage"
)

// told counts the notices of a kind to somebody; to everybody when nobody is named.
func (w *world) told(key string, to network.PersonID) (n int) {
	w.t.Helper()
	w.read(func(ctx context.Context, tx *storage.Tx) {
		w.ok(tx.QueryRow(ctx, `SELECT COUNT(*) FROM notice WHERE key = $1 AND ($2 = '' OR person = $2)`, key, to).Scan(&n))
	})
	return n
}

// Everybody who votes in a circulation is reminded twice: whom a reminder went to says nothing of who has answered.
func TestAReminderSaysNotWhoHasAnswered(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		const key = "notice.circulation.closing"
		w, ctx := open(t, dsn), t.Context() // Wednesday the 7th, 13 in Oslo
		b := w.board()
		c := Circulation{Body: b.id, Deadline: time.Date(2026, 1, 16, 22, 59, 0, 0, time.UTC), Draft: DecisionDraft{Title: "Hastesak", Text: "Ja."}}
		c.ID = got(w.Circulate(ctx, w.coord, c, []network.PersonID{b.chair.Person, b.people[5].Person}))(t)
		w.ok(w.AnswerCirculation(ctx, b.chair, c.ID, b.votes[0], For, ""))
		w.ok(w.AnswerCirculation(ctx, b.spare, c.ID, b.votes[6], For, ""))
		at := func(day, hour, want int) {
			t.Helper()
			w.clock.now = time.Date(2026, 1, day, hour-1, 30, 0, 0, time.UTC)
			w.ok(w.MeetingsDue(ctx))
			w.ok(w.MeetingsDue(ctx))
			if n := w.told(key, ""); n != want {
				t.Errorf("on the %d. at %d, %d were reminded, not %d", day, hour, n, want)
			}
		}
		at(14, 7, 0)
		at(14, 8, 7)
		at(15, 8, 7)
		w.ok(w.AnswerCirculation(ctx, b.people[1], c.ID, b.votes[1], For, ""))
		at(16, 8, 14)
		at(16, 20, 14)
		if n := w.told(key, b.people[1].Person); n != w.told(key, b.people[2].Person) {
			t.Errorf("who answered was told %d times, another %d", n, w.told(key, b.people[2].Person))
		}
		w.ok(w.Extend(ctx, w.coord, c.ID, 1, time.Date(2026, 1, 20, 11, 0, 0, 0, time.UTC))) // noon: the last morning is too late
		at(17, 8, 21)
		at(19, 8, 28)
		at(20, 8, 28)
		w.ok(w.Withdraw(ctx, w.coord, c.ID, 2, "Ikke nå."))
	})
}
