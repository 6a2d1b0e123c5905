//go:build unix

package testkit

import (
	"os"
	"slices"
	"syscall"
	"testing"
	"time"
)

// Folder is a folder on the disk, or one in memory, where syncs cost nothing.
func Folder(b *testing.B, memory bool) string {
	b.Helper()
	if !memory {
		return b.TempDir()
	}
	dir, err := os.MkdirTemp("/dev/shm", "samverk-*")
	if err != nil {
		b.Skip("no folder in memory")
	}
	b.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// Processor is the time that this process has had of processors: on a busy machine it says more than the clock.
func Processor(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// Report reports what so many operations took, of processors and each by the clock.
func Report(b *testing.B, processor time.Duration, took []time.Duration) {
	b.Helper()
	slices.Sort(took)
	b.ReportMetric(float64(processor.Microseconds())/float64(len(took)), "cpu-µs/op")
	b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
}
