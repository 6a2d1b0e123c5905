package counted_test

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/samverk/samverk/consent"
	"github.com/samverk/samverk/consent/counted"
	"github.com/samverk/samverk/individual"
	"github.com/samverk/samverk/internal/testkit"
)

const crowd = 100_000

// many is a node with a crowd, every other of whom is counted, on a disk as it is in earnest.
func many(b *testing.B) (n *node, dsn, journal string) {
	b.Helper()
	dsn, journal = testkit.SQLite(b), filepath.Join(b.TempDir(), "journal")
	n, err := tryOpen(dsn, journal, counted.Options{}, clock.Now, false)
	if err != nil {
		b.Fatal(err)
	}
	n.enrol(b, crowd)
	return n, dsn, journal
}

// every gives sets in which one more has gone or come each time.
func every() func(i int) *individual.Set {
	words := make([]uint64, crowd/64)
	for i := range words {
		words[i] = 0x5555555555555555
	}
	return func(i int) *individual.Set {
		next := append([]uint64(nil), words...)
		who := i * 7919 % (crowd / 64 * 64)
		next[who/64] ^= 1 << (who % 64)
		words = next
		return &individual.Set{Words: next, Epoch: uint64(i)}
	}
}

func BenchmarkRoot(b *testing.B) {
	n, dsn, journal := many(b)
	care, next := plain(consent.Care), every()
	b.Run("the first of all", func(b *testing.B) { // with the salts
		for i := 0; b.Loop(); i++ {
			b.StopTimer()
			n.exec(b, `DELETE FROM counted_salt`)
			c, err := counted.Open(b.Context(), n.DB, n.people, counted.Options{})
			if err != nil {
				b.Fatal(err)
			}
			b.StartTimer()
			if _, err := c.Root(b.Context(), counted.Use{Purpose: "first", Conditions: fmt.Sprint(i)}, next(0)); err != nil {
				b.Fatal(err)
			}
			n.counted = c
		}
	})
	b.Run("of a new use", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			n.root(b, counted.Use{Purpose: "research", Conditions: fmt.Sprint("MONDO:", i)}, next(0))
		}
	})
	set := next(0)
	n.root(b, care, set)
	b.Run("nothing changed", func(b *testing.B) {
		b.ReportAllocs()
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				if _, err := n.counted.Root(b.Context(), care, set); err != nil {
					b.Error(err)
				}
			}
		})
	})
	b.Run("others changed", func(b *testing.B) { // a new epoch, in which this use's members are who they were
		for b.Loop() {
			n.root(b, care, &individual.Set{Words: set.Words})
		}
	})
	i := 0
	b.Run("somebody changed", func(b *testing.B) { // durable
		pages, roots := n.count(b, "counted_node"), n.count(b, "counted_root")
		for b.Loop() {
			i++
			n.root(b, care, next(i))
		}
		b.ReportMetric(float64(n.count(b, "counted_node")-pages)/float64(n.count(b, "counted_root")-roots), "pages/op")
	})
	allow := true
	b.Run("a choice and its root", func(b *testing.B) { // both durable, the choice in the journal as well
		for b.Loop() {
			n.choose(b, consent.Care, allow, 7)
			allow = !allow
			if _, root := n.ask(b, consent.Care); root == [32]byte{} {
				b.Fatal("no root")
			}
		}
	})
	set = next(i + 1)
	root := n.root(b, care, set)
	b.Run("prove", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			n.says(b, care, root, individual.Number(i*7919%crowd))
		}
	})
	n.close(b)
	b.Run("open", func(b *testing.B) {
		for b.Loop() {
			b.StopTimer()
			n := open(b, dsn, journal, counted.Options{})
			b.StartTimer()
			c, err := counted.Open(b.Context(), n.DB, n.people, counted.Options{})
			if err != nil {
				b.Fatal(err)
			}
			if again, err := c.Root(b.Context(), care, set); err != nil || again != root {
				b.Fatal("another root", err)
			}
			b.StopTimer()
			n.close(b)
			b.StartTimer()
		}
	})
}
