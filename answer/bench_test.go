package answer_test

import (
	"context"
	"io"
	"os"
	"strconv"
	"testing"

	"github.com/samverk/samverk/answer"
	"github.com/samverk/samverk/consent"
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
	a := answer.Annotation{Use: consent.Use{Purpose: consent.Research}, Name: in}
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
