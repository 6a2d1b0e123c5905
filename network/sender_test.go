package network

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/internal/testkit"
	"github.com/samverk/samverk/storage"
)

// Whoever sends a vacancy's form as often as they may shuts it for nobody else, and their address is nowhere.
func TestOneSenderShutsNoVacancy(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		w := sweden(t, dsn)
		seats := w.seats(w.body(w.root, SteeringGroup).ID, w.Now())
		v := must(w.Advertise(ctx, w.coord, seats[len(seats)-1].ID, Vacancy{Text: Text{SV: "Plats"}, LastDay: w.Now().Add(30 * 24 * time.Hour)}))(t)
		n := 0
		come := func(who Actor, from string) error {
			n++
			_, err := w.ComeForward(ctx, who, v, Candidate{Name: "Pia", Mail: fmt.Sprintf("pia%d@example.org", n), Text: "Jag", Lang: "sv", From: netip.MustParseAddr(from)})
			return err
		}
		for range formsOfSender {
			if err := come(Actor{}, "203.0.113.77"); err != nil {
				t.Fatal(err)
			}
		}
		w.refused(come(Actor{}, "::ffff:203.0.113.77"), fault.Unavailable)
		for who, err := range map[string]error{"another address": come(Actor{}, "203.0.113.78"), "a member at the same": come(Actor{Person: w.person("Nils Ahl")}, "203.0.113.77")} {
			if err != nil {
				t.Errorf("%s: %v", who, err)
			}
		}
		// The seat's own bound is the public's too.
		w.ok(w.db.Write(ctx, func(tx *storage.Tx) error {
			for i := range mostCandidates {
				if _, err := tx.Exec(ctx, `INSERT INTO candidate (id, root, seat, person, proposer, name, mail, text, lang, at, state, answered) SELECT $1, root, seat, NULL, NULL, 'x', $1, '', 'sv', 0, '', 0 FROM vacancy`, fmt.Sprint("x", i)); err != nil {
					return err
				}
			}
			return nil
		}))
		w.refused(come(Actor{}, "203.0.113.79"), fault.Unavailable)
		if err := come(Actor{Person: w.person("Maj Lund")}, "203.0.113.79"); err != nil {
			t.Error("a member is kept out by the public:", err)
		}
		kept := ""
		w.read(w.coord, func(tx *storage.Tx, a Access) error {
			all, err := w.Candidates(ctx, tx, a, seats[len(seats)-1].ID)
			if err == nil && all[0].Person == "" {
				t.Error("members aren't the first")
			}
			rows, err2 := tx.Query(ctx, `SELECT sender FROM public_sender`)
			if err2 != nil {
				return err2
			}
			senders, err3 := scanIDs[ID](rows)
			for _, s := range senders {
				kept += string(s) + " "
			}
			return firstError(err, err3)
		})
		if strings.Contains(kept, "203") || kept == "" {
			t.Error(kept)
		}
	})
}

// One subscriber with many networks, or many addresses side by side, shuts a form for nobody else.
func TestOneSubscriberShutsNoForm(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		w := sweden(t, dsn)
		send := func(from string) error {
			return w.db.Write(ctx, func(tx *storage.Tx) error {
				return w.TakeForm(ctx, tx, w.root, "feedback", Actor{}, netip.MustParseAddr(from))
			})
		}
		taken := func(address func(i int) string) (n int) {
			for i := range 256 {
				if send(address(i)) == nil {
					n++
				}
			}
			return n
		}
		for what, c := range map[string]struct {
			address func(i int) string
			want    int
		}{
			"a /56": {func(i int) string { return fmt.Sprintf("2001:db8:1:%x::1", i) }, formsOfHome},
			"a /48": {func(i int) string { return fmt.Sprintf("2001:db8:2:%x::1", i<<8) }, formsOfNet},
			"a /24": {func(i int) string { return fmt.Sprintf("198.51.100.%d", i) }, formsOfNet},
		} {
			if got := taken(c.address); got != c.want {
				t.Errorf("%s sent %d, not %d", what, got, c.want)
			}
			w.ok(send("203.0.113.9"))
		}
	})
}
