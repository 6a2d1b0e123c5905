package answer_test

import (
	"context"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/samverk/samverk/answer"
	"github.com/samverk/samverk/genome/store"
	"github.com/samverk/samverk/genome/variant"
	"github.com/samverk/samverk/individual"
)

// BenchmarkAnnotate annotates the VCF that SAMVERK_VCF names over a store loaded from SAMVERK_POPULATION
// (with its table of samples SAMVERK_SAMPLES), every second person allowing research. SAMVERK_LEVEL compresses.
func BenchmarkAnnotate(b *testing.B) {
	in, population := os.Getenv("SAMVERK_VCF"), os.Getenv("SAMVERK_POPULATION")
	if in == "" || population == "" {
		b.Skip("SAMVERK_VCF and SAMVERK_POPULATION name no files")
	}
	n := newNode(b)
	n.load(b, population, os.Getenv("SAMVERK_SAMPLES"))
	n.allowHalf(b)
	a := answer.Annotation{Ask: research, Name: in}
	if l := os.Getenv("SAMVERK_LEVEL"); l != "" {
		a.Compress = true
		a.Level, _ = strconv.Atoi(l)
	}
	for b.Loop() {
		f, err := os.Open(in)
		if err != nil {
			b.Fatal(err)
		}
		sum, err := n.Annotate(context.Background(), a, f, io.Discard)
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(sum.Records), "records")
		b.ReportMetric(float64(sum.Known), "known")
		_ = f.Close()
	}
}

// population is a node with the people of SAMVERK_POPULATION, or of the slice; half of them allow research.
func population(b *testing.B) *node {
	n := newNode(b)
	file, table := os.Getenv("SAMVERK_POPULATION"), os.Getenv("SAMVERK_SAMPLES")
	if file == "" {
		file, table = slice, samples
	}
	n.load(b, file, table)
	n.allowHalf(b)
	return n
}

// BenchmarkWithdrawal withdraws one person and counts every variant anew, exactly. Per operation: all variants.
func BenchmarkWithdrawal(b *testing.B) {
	n := population(b)
	who, allow := individual.Number(0), false
	for b.Loop() {
		n.choose(b, allow, who)
		allow = !allow
		variants, ac := 0, uint64(0)
		err := n.Everything(context.Background(), research, func(_ variant.Key, c store.Count) error {
			variants++
			ac += uint64(c.AC)
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(variants), "variants")
		b.ReportMetric(float64(ac), "alleles")
	}
}

// BenchmarkOne asks for one variant at a time, drawn at random, the consents read each time.
func BenchmarkOne(b *testing.B) {
	n := population(b)
	keys := n.keys(b)
	for _, cached := range []bool{true, false} {
		b.Run(map[bool]string{true: "cached", false: "uncached"}[cached], func(b *testing.B) {
			if cached {
				keys = keys[:min(len(keys), 2000)]
			} else {
				n.withoutCache(b)
			}
			rng := rand.New(rand.NewPCG(1, 2))
			var took []time.Duration
			for b.Loop() {
				k := keys[rng.IntN(len(keys))]
				start := time.Now()
				if _, err := n.Ask(context.Background(), answer.Question{Ask: research, Keys: []variant.Key{k}}); err != nil {
					b.Fatal(err)
				}
				took = append(took, time.Since(start))
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)/2].Nanoseconds()), "p50-ns")
			b.ReportMetric(float64(took[len(took)*99/100].Nanoseconds()), "p99-ns")
		})
	}
}

// keys are all variants that somebody allows to be counted.
func (n *node) keys(b *testing.B) (keys []variant.Key) {
	b.Helper()
	err := n.Everything(context.Background(), research, func(k variant.Key, _ store.Count) error {
		keys = append(keys, variant.Key{Chrom: k.Chrom, Pos: k.Pos, Ref: slices.Clone(k.Ref), Alt: slices.Clone(k.Alt)})
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	return keys
}

// withoutCache opens the store again, keeping no decoded block.
func (n *node) withoutCache(b *testing.B) {
	b.Helper()
	s, err := store.Open(context.Background(), n.deps.DB, filepath.Join(n.Dir, "genomes"), store.Options{CacheBytes: -1})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = s.Close() })
	n.Desk = n.NewDesk(s, nil)
}
