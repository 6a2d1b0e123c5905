package counted_test

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

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

// BenchmarkChoice has one of a crowd, half of whom allow care, change their mind, and works out and keeps the root of who is counted then: durable on
// the disk, with a line of the journal for each no, and in memory, where syncs cost nothing.
func BenchmarkChoice(b *testing.B) {
	for _, where := range []string{"durable", "memory"} {
		b.Run(where, func(b *testing.B) {
			memory := where == "memory"
			dir := testkit.Folder(b, memory)
			n, err := tryOpen(filepath.Join(dir, "node.db"), filepath.Join(dir, "journal"), counted.Options{}, clock.Now, memory)
			if err != nil {
				b.Fatal(err)
			}
			defer n.close(b)
			n.enrol(b, crowd)
			var half []individual.Number
			for i := individual.Number(0); i < crowd; i += 2 {
				half = append(half, i)
			}
			n.choose(b, consent.Care, true, half...)
			set, _ := n.ask(b, consent.Care)
			var took []time.Duration
			cpu := testkit.Processor(b)
			for i := 0; b.Loop(); i++ {
				who := individual.Number(i * 7919 % crowd)
				start := time.Now()
				n.choose(b, consent.Care, !set.Has(who), who)
				set, _ = n.ask(b, consent.Care)
				took = append(took, time.Since(start))
			}
			testkit.Report(b, testkit.Processor(b)-cpu, took)
		})
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
