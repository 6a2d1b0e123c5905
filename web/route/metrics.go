package route

import (
	"slices"
	"strconv"
	"sync/atomic"
	"time"
)

// Counter counts up.
type Counter struct{ n atomic.Int64 }

// Add adds n.
func (c *Counter) Add(n int) { c.n.Add(int64(n)) }

// Value is the count so far.
func (c *Counter) Value() int64 { return c.n.Load() }

// Upper bounds of the duration histogram: from a cached count to the annotation of a genome.
var bounds = [...]time.Duration{
	100 * time.Microsecond, 250 * time.Microsecond, time.Millisecond, 2500 * time.Microsecond, 10 * time.Millisecond,
	25 * time.Millisecond, 100 * time.Millisecond, 250 * time.Millisecond, time.Second, 10 * time.Second, 100 * time.Second,
}

type line struct {
	Route
	statuses [500]atomic.Int64 // 100–599
	buckets  [len(bounds) + 1]atomic.Int64
	nanos    atomic.Int64
}

func (l *line) observe(status int, d time.Duration) {
	if status >= 100 && status < 600 {
		l.statuses[status-100].Add(1)
	}
	i, _ := slices.BinarySearch(bounds[:], d)
	l.buckets[i].Add(1)
	l.nanos.Add(int64(d))
}

// AppendMetrics writes the table's own figures in Prometheus' text format, version 0.0.4.
func (t *Table) AppendMetrics(b []byte) []byte {
	b = append(b, "# HELP samverk_http_requests_total Requests answered, by route and status.\n# TYPE samverk_http_requests_total counter\n"...)
	for _, l := range t.lines {
		for i := range l.statuses {
			if n := l.statuses[i].Load(); n > 0 {
				b = append(b, "samverk_http_requests_total{"...)
				b = l.appendLabels(b)
				b = append(b, `,status="`...)
				b = strconv.AppendInt(b, int64(i+100), 10)
				b = append(b, `"} `...)
				b = append(strconv.AppendInt(b, n, 10), '\n')
			}
		}
	}
	b = append(b, "# HELP samverk_http_request_duration_seconds Time to answer, by route.\n# TYPE samverk_http_request_duration_seconds histogram\n"...)
	for _, l := range t.lines {
		b = l.appendHistogram(b)
	}
	b = append(b, "# HELP samverk_questions_total Variants and regions asked about.\n# TYPE samverk_questions_total counter\nsamverk_questions_total "...)
	return append(strconv.AppendInt(b, t.Questions.Value(), 10), '\n')
}

func (l *line) appendLabels(b []byte) []byte {
	b = append(b, `method="`...)
	b = append(b, l.Method...)
	b = append(b, `",route="`...)
	b = append(b, l.Pattern...)
	return append(b, '"')
}

func (l *line) appendHistogram(b []byte) []byte {
	var counts [len(bounds) + 1]int64
	var total int64
	for i := range counts {
		counts[i] = l.buckets[i].Load()
		total += counts[i]
	}
	if total == 0 {
		return b
	}
	const name = "samverk_http_request_duration_seconds"
	sample := func(suffix, le string) {
		b = append(b, name+suffix+"{"...)
		b = l.appendLabels(b)
		if le != "" {
			b = append(b, `,le="`+le+`"`...)
		}
		b = append(b, "} "...)
	}
	var sum int64
	for i, d := range bounds {
		sum += counts[i]
		sample("_bucket", strconv.FormatFloat(d.Seconds(), 'g', -1, 64))
		b = append(strconv.AppendInt(b, sum, 10), '\n')
	}
	sample("_bucket", "+Inf")
	b = append(strconv.AppendInt(b, total, 10), '\n')
	sample("_sum", "")
	b = append(strconv.AppendFloat(b, float64(l.nanos.Load())/1e9, 'g', -1, 64), '\n')
	sample("_count", "")
	return append(strconv.AppendInt(b, total, 10), '\n')
}
