package bgzf

import (
	"bytes"
	stdflate "compress/flate"
	stdgzip "compress/gzip"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/klauspost/compress/flate"
)

// genomeText is a single genome as GATK writes it, of size bytes. Beyond 2 MiB it repeats itself.
func genomeText(size int) []byte {
	if base := genomeBase(); size > len(base) {
		return bytes.Repeat(base, size/len(base)+1)[:size]
	}
	return genomeBase()[:size:size]
}

var genomeBase = sync.OnceValue(func() []byte {
	const size = 2 << 20
	r := rand.New(rand.NewPCG(1, 2))
	b := []byte("##fileformat=VCFv4.2\n##contig=<ID=chr1,length=248956422>\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tNA1\n")
	pos := 10000
	for len(b) < size {
		pos += 1 + r.IntN(900)
		ref := r.IntN(4)
		dp, gq := 18+r.IntN(30), 30+r.IntN(70)
		alt := dp / 2
		ac, gt, af := 1, "0/1", "0.500"
		if r.IntN(3) == 0 {
			ac, gt, af, alt = 2, "1/1", "1.00", dp
		}
		b = fmt.Appendf(b, "chr1\t%d\t.\t%c\t%c\t%.2f\tPASS\tAC=%d;AF=%s;AN=2;BaseQRankSum=%.3f;DP=%d;ExcessHet=3.0103;FS=%.3f;MLEAC=%d;MLEAF=%s;MQ=%.2f;QD=%.2f;SOR=%.3f\tGT:AD:DP:GQ:PL\t%s:%d,%d:%d:%d:%d,0,%d\n",
			pos, "ACGT"[ref], "ACGT"[(ref+1+r.IntN(3))%4], 1200*r.Float64(), ac, af, r.NormFloat64(), dp, 5*r.Float64(), ac, af,
			60-3*r.Float64(), 30*r.Float64(), 2*r.Float64(), gt, dp-alt, alt, dp, gq, r.IntN(1300), r.IntN(900))
	}
	return b
})

// crowdText is many people's genotypes and nothing else, of about size bytes.
func crowdText(size, people int) []byte {
	r := rand.New(rand.NewPCG(3, 4))
	b := []byte("##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT")
	for i := range people {
		b = fmt.Appendf(b, "\tP%d", i)
	}
	b = append(b, '\n')
	pos := 10000
	for len(b) < size {
		pos += 1 + r.IntN(900)
		b = fmt.Appendf(b, "chr1\t%d\t.\tA\tG\t.\tPASS\t.\tGT", pos)
		f := 0.5 * r.Float64() * r.Float64() * r.Float64() * r.Float64()
		for range people {
			b = append(b, "\t0/0"...)
			if r.Float64() < f {
				b[len(b)-1] = '1'
			}
			if r.Float64() < f {
				b[len(b)-3] = '1'
			}
		}
		b = append(b, '\n')
	}
	return b
}

// packed is text as our Writer packs it.
func packed(t testing.TB, text []byte, o WriterOptions) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := NewWriter(&b, o)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// smallBlocks packs text into BGZF blocks of n bytes each, with an end-of-file block.
func smallBlocks(text []byte, n int) []byte {
	var b []byte
	for len(text) > 0 {
		n = min(n, len(text))
		b = append(b, oneBlock(deflated(text[:n], 6), text[:n])...)
		text = text[n:]
	}
	return append(b, eofBlock...)
}

// oneBlock is a BGZF block around deflate data.
func oneBlock(data, text []byte) []byte {
	b := append([]byte(nil), eofBlock[:18]...)
	b = append(b, data...)
	b = binary.LittleEndian.AppendUint32(b, crc32.ChecksumIEEE(text))
	b = binary.LittleEndian.AppendUint32(b, uint32(len(text)))
	binary.LittleEndian.PutUint16(b[16:], uint16(len(b)-1))
	return b
}

// deflated packs text at a level: 0 to 9 and -2 by the standard library, 11 to 19 by klauspost's, 20 with the fixed code.
func deflated(text []byte, level int) []byte {
	var b bytes.Buffer
	var w io.WriteCloser
	switch {
	case level == 20:
		return fixedDeflate(text)
	case level > 10:
		w, _ = flate.NewWriter(&b, level-10)
	default:
		w, _ = stdflate.NewWriter(&b, level)
	}
	if _, err := w.Write(text); err != nil {
		panic(err)
	}
	if err := w.Close(); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// fixedDeflate writes text as literals in the fixed code, and runs as matches of distance 1.
func fixedDeflate(text []byte) []byte {
	var bits []byte
	one := func(v, width int) { // most significant bit first, as Huffman codes are
		for i := width - 1; i >= 0; i-- {
			bits = append(bits, byte(v>>i&1))
		}
	}
	bits = append(bits, 1, 1, 0)
	for i := 0; i < len(text); i++ {
		if i >= 1 && i+3 <= len(text) && text[i] == text[i-1] && text[i+1] == text[i] && text[i+2] == text[i] {
			one(1, 7) // length 3
			one(0, 5) // distance 1
			i += 2
			continue
		}
		if c := int(text[i]); c < 144 {
			one(0x30+c, 8)
		} else {
			one(0x190+c-144, 9)
		}
	}
	one(0, 7)
	out := make([]byte, (len(bits)+7)/8)
	for i, v := range bits {
		out[i/8] |= v << (i % 8)
	}
	return out
}

// gzipped packs text as plain gzip.
func gzipped(text []byte) []byte {
	var b bytes.Buffer
	w := stdgzip.NewWriter(&b)
	if _, err := w.Write(text); err != nil {
		panic(err)
	}
	if err := w.Close(); err != nil {
		panic(err)
	}
	return b.Bytes()
}
