package policy_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/samverk/samverk/internal/testkit"
	"github.com/samverk/samverk/policy"
	"github.com/samverk/samverk/storage"
)

// Versions of a line are given to a node in any order, each any number of times, and adopted whenever one waits. What is in force is never older
// than what was adopted, and what came too late waits for nobody.
func TestGivenInAnyOrder(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		n := open(t, testkit.SQLite(t), newHand(), options())
		defer n.close(t)
		d := preset("care")
		var all []policy.Signed
		for v := range 4 {
			d.Version = v + 1
			m := decided(t, n.clock.Now(), d)
			m.Decision = d.Name + string(rune('0'+v))
			s, err := policy.Enact(m, d, signer(), n.clock.Now())
			if err != nil {
				r.Fatal(err)
			}
			all = append(all, s)
			n.clock.move(time.Minute)
		}
		newest := 0
		for range rapid.IntRange(1, 12).Draw(r, "steps") {
			if s := all[rapid.IntRange(0, 3).Draw(r, "version")]; rapid.Bool().Draw(r, "give") {
				if err := n.Write(t.Context(), func(tx *storage.Tx) error { return n.Keep(t.Context(), tx, s) }); err != nil {
					r.Fatal(err)
				}
			}
			waiting, err := n.Waiting(t.Context())
			if err != nil {
				r.Fatal(err)
			}
			for _, s := range waiting {
				if s.Draft.Version <= newest {
					r.Fatalf("version %d waits after %d was adopted", s.Draft.Version, newest)
				}
			}
			for _, s := range waiting {
				if rapid.Bool().Draw(r, "adopt") {
					err := n.Adopt(t.Context(), s, policy.Adoption{By: operator, Ground: "D"})
					if (err == nil) != (s.Draft.Version > newest) {
						r.Fatalf("version %d after %d: %v", s.Draft.Version, newest, err)
					}
					newest = max(newest, s.Draft.Version)
				}
			}
			known, err := n.Known(t.Context(), nation)
			if err != nil {
				r.Fatal(err)
			}
			for _, k := range known {
				if (k.State == policy.Waits) != (k.Signed.Draft.Version > newest) {
					r.Fatalf("version %d is %s when %d is adopted", k.Signed.Draft.Version, k.State, newest)
				}
			}
		}
	})
}
