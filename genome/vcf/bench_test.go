package vcf

import (
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
)

// loop gives text in chunks of 1 MiB, copying nothing.
func loop(text []byte) func() ([]byte, error) {
	return func() ([]byte, error) {
		n := min(len(text), 1<<20)
		if n == 0 {
			return nil, io.EOF
		}
		c := text[:n]
		text = text[n:]
		return c, nil
	}
}

// genome is text of one sample with records as long as GATK's.
func genome(records int) []byte {
	var b strings.Builder
	b.WriteString(head + chromLine("S1"))
	for i := range records {
		fmt.Fprintf(&b, "chr1\t%d\t.\tA\tC\t905.40\tPASS\tAC=2;AF=1.00;AN=2;BaseQRankSum=0.432;DP=32;ExcessHet=3.0103;FS=0.070;MLEAC=2;MLEAF=1.00;MQ=59.28;"+
			"MQRankSum=-0.126;QD=28.29;ReadPosRankSum=-0.011;SOR=0.562\tGT:AD:DP:GQ:PL\t0/1:0,32:32:99:905,96,0\n", 10000+i*600)
	}
	return []byte(b.String())
}

// population is text of 2,000 samples; frequencies are spread as 1/k.
func population(records int) []byte {
	var b strings.Builder
	b.WriteString(head + chromLine(names(2000)...))
	r := rand.New(rand.NewPCG(1, 2))
	for i := range records {
		f := 0.0005
		for f < 0.5 && r.IntN(5) != 0 {
			f *= 1.7
		}
		fmt.Fprintf(&b, "chr1\t%d\t.\tA\tC\t.\tPASS\t.\tGT", 10000+i*600)
		for range 2000 {
			b.WriteByte('\t')
			b.WriteByte('0' + bit(r, f))
			b.WriteByte('/')
			b.WriteByte('0' + bit(r, f))
		}
		b.WriteByte('\n')
	}
	return []byte(b.String())
}

func bit(r *rand.Rand, f float64) byte {
	if r.Float64() < f {
		return 1
	}
	return 0
}

func benchmark(b *testing.B, text []byte) {
	b.Helper()
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		s, err := NewScanner("x.vcf", loop(text))
		if err != nil {
			b.Fatal(err)
		}
		g := NewGenotypes(s)
		var r Record
		var alts [][]byte
		for {
			ok, err := s.Next(&r)
			if err != nil {
				b.Fatal(err)
			}
			if !ok {
				break
			}
			alts = r.Alts(alts[:0])
			if err := g.Read(&r, len(alts)); err != nil {
				b.Fatal(err)
			}
		}
	}
}

// joint is a file of 500 samples with what a joint caller writes.
func joint(records int) []byte {
	var b strings.Builder
	b.WriteString(head + chromLine(names(500)...))
	r := rand.New(rand.NewPCG(1, 2))
	for i := range records {
		fmt.Fprintf(&b, "chr1\t%d\t.\tA\tC\t.\tPASS\t.\tGT:AD:DP:GQ:PL", 10000+i*600)
		for range 500 {
			a, c := bit(r, 0.05), bit(r, 0.05)
			fmt.Fprintf(&b, "\t%c/%c:%d,%d:%d:%d:0,%d,%d", '0'+a, '0'+c, 10+r.IntN(30), r.IntN(9), 30+r.IntN(9), r.IntN(99), r.IntN(99), r.IntN(1999))
		}
		b.WriteByte('\n')
	}
	return []byte(b.String())
}

func BenchmarkJoint(b *testing.B)      { benchmark(b, joint(2_000)) }
func BenchmarkGenome(b *testing.B)     { benchmark(b, genome(100_000)) }
func BenchmarkPopulation(b *testing.B) { benchmark(b, population(5_000)) }

// BenchmarkFile scans the uncompressed VCF that SAMVERK_VCF names.
func BenchmarkFile(b *testing.B) {
	path := os.Getenv("SAMVERK_VCF")
	if path == "" {
		b.Skip("SAMVERK_VCF names no file")
	}
	text, err := os.ReadFile(path)
	if err != nil {
		b.Fatal(err)
	}
	benchmark(b, text)
}
