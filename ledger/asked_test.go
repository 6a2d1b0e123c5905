package ledger

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/samverk/samverk/internal/testkit"
	"github.com/samverk/samverk/storage"
)

// However a period lies and whatever it is narrowed to, the sums are those of the leaves, and the values those they name.
func TestSumsAreOfTheLeaves(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		d := newDesk(t, dsn)
		r := rand.New(rand.NewPCG(3, 4))
		any := func(of string, n int) string { return fmt.Sprint(of, r.IntN(n)) }
		begin := d.now.AddDate(0, -5, -9)
		var all []Leaf
		var raw [][]byte
		for i := range 600 {
			l := Leaf{Kind: []Kind{Use, Denial, Access}[r.IntN(3)], Time: begin.Add(time.Duration(i) * d.now.Sub(begin) / 600), Organisation: any("o", 3), Role: any("r", 2), Purpose: any("p", 2), Question: any("q", 2), Dataset: any("d", 2)}
			b, err := l.Encode()
			if err != nil {
				t.Fatal(err)
			}
			all, raw = append(all, l), append(raw, b)
		}
		for from := 0; from < len(raw); from += 100 {
			if err := d.index.insert(t.Context(), uint64(from), raw[from:from+100]); err != nil {
				t.Fatal(err)
			}
		}
		for range 60 {
			q := Asked{Kinds: []Kind{Use, Denial}}
			if r.IntN(4) > 0 {
				q.From = begin.AddDate(0, 0, r.IntN(160)).Truncate(24 * time.Hour)
			}
			if r.IntN(4) > 0 {
				q.To = begin.AddDate(0, 0, r.IntN(180)).Truncate(24 * time.Hour)
			}
			if r.IntN(2) > 0 {
				q.Role = "r1"
			}
			if r.IntN(3) > 0 {
				q.Organisation = "o2"
			}
			want, got := map[string]uint64{}, map[string]uint64{}
			var list []uint64
			for i, l := range all {
				if slices.Contains(q.Kinds, l.Kind) && (q.From.IsZero() || !l.Time.Before(q.From)) && (q.To.IsZero() || l.Time.Before(q.To)) && (q.Role == "" || l.Role == q.Role) && (q.Organisation == "" || l.Organisation == q.Organisation) {
					want[fmt.Sprint(l.Time.Format("2006-01 "), l.Organisation, l.Kind)]++
					list = append(list, uint64(i))
				}
			}
			sums, err := d.index.Sums(t.Context(), q, ByMonth, ByOrganisation, ByKind)
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range sums {
				got[fmt.Sprint(s.Day.Format("2006-01 "), s.Organisation, s.Kind)] = s.Times
			}
			if !maps.Equal(got, want) {
				t.Fatalf("%+v\n%v\n%v", q, got, want)
			}
			entries, err := d.index.Asked(t.Context(), q)
			slices.Reverse(list)
			if err != nil || len(entries) != min(100, len(list)) || !slices.EqualFunc(entries, list[:len(entries)], func(e Entry, i uint64) bool { return e.Index == i }) {
				t.Fatalf("%+v: %d of %d, %v", q, len(entries), len(list), err)
			}
		}
		values, err := d.index.Values(t.Context(), Use, Denial)
		if err != nil || !slices.Equal(values[ByOrganisation], []string{"o0", "o1", "o2"}) || len(values) != 5 {
			t.Error(values, err)
		}
		var wrong int // what fills the sums of a database that was there before
		month := map[string]string{"sqlite": "CAST(julianday(date(day * 86400, 'unixepoch', 'start of month')) - 2440587.5 AS INTEGER)", "postgres": "date_trunc('month', to_timestamp(day * 86400) AT TIME ZONE 'UTC')::date - DATE '1970-01-01'"}[d.db.Kind()]
		err = d.db.Read(t.Context(), func(tx *storage.Tx) error {
			return tx.QueryRow(t.Context(), `SELECT COUNT(*) FROM ledger_party WHERE month <> `+month).Scan(&wrong)
		})
		if err != nil || wrong != 0 {
			t.Error(wrong, err)
		}
	})
}
