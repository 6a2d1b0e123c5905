package load

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
)

// BenchmarkGenome loads one genome of 100,000 records as long as GATK's; BenchmarkPopulation 2,000 samples' genotypes
// at 4,000 places. Both are made up.
func BenchmarkGenome(b *testing.B) {
	var t strings.Builder
	t.WriteString(vcfText("samples A\n"))
	for i := range 100_000 {
		fmt.Fprintf(&t, "chr1\t%d\t.\tA\tC\t905.40\tPASS\tAC=2;AF=1.00;AN=2;BaseQRankSum=0.432;DP=%d;ExcessHet=3.0103;FS=0.070;MLEAC=2;MLEAF=1.00;MQ=59.28;"+
			"MQRankSum=-0.126;QD=28.29;ReadPosRankSum=-0.011;SOR=0.562\tGT:AD:DP:GQ:PL\t0/1:0,%d:32:99:905,96,0\n", 10000+i*600, i%50, i%37)
	}
	benchmark(b, t.String())
}

func BenchmarkPopulation(b *testing.B) {
	var t strings.Builder
	t.WriteString("##fileformat=VCFv4.2\n##contig=<ID=chr1,length=248956422>\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT")
	for i := range 2000 {
		fmt.Fprintf(&t, "\tS%d", i)
	}
	r := rand.New(rand.NewPCG(1, 2))
	for i := range 4_000 {
		f := 0.0005
		for f < 0.5 && r.IntN(5) != 0 {
			f *= 1.7
		}
		fmt.Fprintf(&t, "\nchr1\t%d\t.\tA\tC\t.\tPASS\t.\tGT", 10000+i*600)
		for range 2000 {
			t.WriteString([3]string{"\t0/0", "\t0/1", "\t1/1"}[bit(r, f)+bit(r, f)])
		}
	}
	benchmark(b, t.String()+"\n")
}

func bit(r *rand.Rand, f float64) int {
	if r.Float64() < f {
		return 1
	}
	return 0
}

func benchmark(b *testing.B, text string) {
	b.Helper()
	path := write(b, "x.vcf.gz", bgzip(b, text))
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		b.StopTimer()
		n := newNode(b)
		b.StartTimer()
		if _, err := Load(context.Background(), n.Deps, Request{Dataset: "d", Files: []string{path}}); err != nil {
			b.Fatal(err)
		}
	}
}

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
