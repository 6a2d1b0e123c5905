package load

import (
	"context"
	"os"
	"strings"
	"testing"
)

// BenchmarkLoad loads the VCF files that SAMVERK_VCF names (with commas), by the sample table SAMVERK_SAMPLES.
func BenchmarkLoad(b *testing.B) {
	files := os.Getenv("SAMVERK_VCF")
	if files == "" {
		b.Skip("SAMVERK_VCF names no file")
	}
	for b.Loop() {
		n := newNode(b)
		r, err := Load(context.Background(), n.Deps, Request{Dataset: "d", Files: strings.Split(files, ","), Samples: os.Getenv("SAMVERK_SAMPLES"),
			Reference: os.Getenv("SAMVERK_FASTA"), MinGQ: DefaultMinGQ, MinDP: DefaultMinDP})
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(r.Variants), "variants")
		b.ReportMetric(float64(r.Bytes), "bytes")
	}
}
