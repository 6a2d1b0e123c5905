package ledger

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/samverk/samverk/fault"
)

const testName = "example.org/ledger"

func testOptions() Options {
	return Options{Name: testName, Now: time.Now, Random: rand.Reader}
}

func openIn(t testing.TB, dir string) *Ledger {
	t.Helper()
	l, err := Open(t.Context(), dir, testOptions())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close(context.Background()) })
	return l
}

func aUse(i int) Leaf {
	return Leaf{Kind: Use, Organisation: "Region Väst", Role: "clinician", Purpose: "care", Question: "count", Dataset: "clinic",
		Policy: "care-in-country", PolicyVersion: 3, Decision: "2026-14", Counted: uint64(i), Epoch: 7}
}

// appendMany appends n uses from many goroutines and gives their receipts by index.
func appendMany(t testing.TB, l *Ledger, n, askers int) map[uint64]Receipt {
	t.Helper()
	var mu sync.Mutex
	got := map[uint64]Receipt{}
	var wg sync.WaitGroup
	for a := range askers {
		wg.Go(func() {
			for i := a; i < n; i += askers {
				r, err := l.Append(t.Context(), aUse(i))
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				got[r.Index] = r
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	return got
}

func TestAppendAndReadBack(t *testing.T) {
	dir := t.TempDir()
	l := openIn(t, dir)
	got := appendMany(t, l, 600, 20)
	if len(got) != 600 {
		t.Fatalf("%d receipts with different indices for 600 leaves", len(got))
	}
	check := func(l *Ledger) {
		t.Helper()
		counted := map[uint64]bool{}
		for i := uint64(1); i <= 600; i++ {
			x, err := l.Leaf(t.Context(), i)
			if err != nil {
				t.Fatal(err)
			}
			if !x.Time.Equal(got[i].Time) {
				t.Fatalf("leaf %d has time %v, its receipt %v", i, x.Time, got[i].Time)
			}
			counted[x.Counted] = true
		}
		if len(counted) != 600 {
			t.Fatalf("%d of 600 leaves are there", len(counted))
		}
	}
	check(l)
	if err := l.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Append(t.Context(), aUse(1)); err == nil {
		t.Fatal("a closed ledger takes leaves")
	}
	l = openIn(t, dir)
	check(l)
	c, err := l.Covering(t.Context(), 600)
	if err != nil || c.Size != 601 {
		t.Fatal(c, err)
	}
}

// TestClockWentBack: the checkpoint's file is of tomorrow, and leaves are signed all the same.
func TestClockWentBack(t *testing.T) {
	dir := t.TempDir()
	l := openIn(t, dir)
	for range 3 {
		tomorrow := time.Now().Add(24 * time.Hour)
		if err := os.Chtimes(filepath.Join(dir, "log", "checkpoint"), tomorrow, tomorrow); err != nil {
			t.Fatal(err)
		}
		r, err := l.Append(t.Context(), aUse(1))
		if err != nil {
			t.Fatal(err)
		}
		if c, err := l.Covering(t.Context(), r.Index); err != nil || c.Size != r.Index+1 {
			t.Fatal(c, err)
		}
	}
}

func TestAppendGivesUpWithItsCaller(t *testing.T) {
	l := openIn(t, t.TempDir())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := l.Append(ctx, aUse(1)); fault.KindOf(err) != fault.Unavailable {
		t.Error(err)
	}
	if _, err := l.Append(t.Context(), Leaf{}); fault.KindOf(err) != fault.Invalid {
		t.Error(err)
	}
	if _, err := l.Leaf(t.Context(), 1); fault.KindOf(err) != fault.NotFound {
		t.Error(err)
	}
	if _, err := l.Prove(t.Context(), 1); fault.KindOf(err) != fault.NotFound {
		t.Error(err)
	}
}

func BenchmarkAppend(b *testing.B) {
	for _, askers := range []int{1, 64} {
		b.Run(fmt.Sprintf("askers=%d", askers), func(b *testing.B) {
			l, err := Open(b.Context(), b.TempDir(), testOptions())
			if err != nil {
				b.Fatal(err)
			}
			defer l.Close(context.Background())
			took := make([]time.Duration, b.N)
			b.ResetTimer()
			var wg sync.WaitGroup
			for a := range askers {
				wg.Go(func() {
					for i := a; i < b.N; i += askers {
						t := time.Now()
						if _, err := l.Append(b.Context(), aUse(i)); err != nil {
							b.Error(err)
							return
						}
						took[i] = time.Since(t)
					}
				})
			}
			wg.Wait()
			b.StopTimer()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "leaves/s")
			report(b, took)
		})
	}
}
