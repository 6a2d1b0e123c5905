package answer_test

import (
	"context"
	"fmt"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/samverk/samverk/answer"
	"github.com/samverk/samverk/genome/variant"
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
	dir := b.TempDir()
	if memory {
		var err error
		if dir, err = os.MkdirTemp("/dev/shm", "samverk-*"); err != nil {
			b.Skip("no folder in memory")
		}
		b.Cleanup(func() { _ = os.RemoveAll(dir) })
	}
	n := testnode.OpenIn(b, dir, storage.Options{Volatile: memory}, testnode.Elapsed())
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
	cpu := processor(b)
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
	b.ReportMetric(float64((processor(b)-cpu).Microseconds())/float64(b.N), "cpu-µs/op")
	all := slices.Sorted(slices.Values(slices.Concat(took...)))
	b.ReportMetric(float64(len(all))/b.Elapsed().Seconds(), "questions/s")
	b.ReportMetric(float64(all[len(all)/2].Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(all[len(all)*99/100].Microseconds())/1000, "p99-ms")
}

// processor is the time that this process has had of processors: on a busy machine it says more than the clock.
func processor(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
