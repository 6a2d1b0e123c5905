package answer_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/samverk/samverk/answer"
	"github.com/samverk/samverk/genome/variant"
	"github.com/samverk/samverk/internal/testkit"
	"github.com/samverk/samverk/internal/testnode"
	"github.com/samverk/samverk/policy"
	"github.com/samverk/samverk/storage"
)

// BenchmarkWholeQuestion has 64 clinicians ask at once under a policy, with consent and ledger: durable on the disk, and in memory, where
// syncs cost nothing.
func BenchmarkWholeQuestion(b *testing.B) {
	for _, where := range []string{"durable", "memory"} {
		for _, askers := range []int{1, 64} {
			b.Run(fmt.Sprint(where, "/", askers), func(b *testing.B) { wholeQuestion(b, where == "memory", askers) })
		}
	}
}

func wholeQuestion(b *testing.B, memory bool, askers int) {
	n := testnode.OpenIn(b, testkit.Folder(b, memory), storage.Options{Volatile: memory}, testnode.Elapsed())
	n.Fill(b)
	d := testnode.Preset(b, "care")
	d.Rules[0].Budget = policy.Budget{Organisation: 1_000_000_000, Per: policy.Year}
	n.Adopt(b, d)
	var left atomic.Int64
	left.Store(int64(b.N))
	took := make([][]time.Duration, askers)
	warm := answer.Question{Ask: testnode.Clinician(), Keys: []variant.Key{key(b, testnode.Carried)}}
	if _, err := n.Desk.Ask(context.Background(), warm); err != nil { // the first makes the tree of who is counted
		b.Fatal(err)
	}
	cpu := testkit.Processor(b)
	b.ResetTimer()
	var wg sync.WaitGroup
	for i := range askers {
		wg.Go(func() {
			ask := testnode.Clinician()
			ask.Person = fmt.Sprint("clinician", i)
			q := answer.Question{Ask: ask, Keys: []variant.Key{key(b, testnode.Carried)}}
			for left.Add(-1) >= 0 {
				start := time.Now()
				if _, err := n.Desk.Ask(context.Background(), q); err != nil {
					b.Error(err)
					return
				}
				took[i] = append(took[i], time.Since(start))
			}
		})
	}
	wg.Wait()
	b.StopTimer()
	cpu = testkit.Processor(b) - cpu
	all := slices.Concat(took...)
	b.ReportMetric(float64(len(all))/b.Elapsed().Seconds(), "questions/s")
	testkit.Report(b, cpu, all)
}
