package ledger

import (
	"slices"
	"testing"
	"time"
)

// report adds the median and the 99th percentile to a benchmark's figures.
func report(b *testing.B, took []time.Duration) {
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
}
