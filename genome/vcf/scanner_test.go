package vcf

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/genome/variant"
)

// chunks cuts text into pieces of the given sizes, in turn, as a decompressor would. Each piece is overwritten when
// the next is asked for, so that nobody may keep one.
func chunks(text string, sizes ...int) func() ([]byte, error) {
	var last []byte
	n := 0
	return func() ([]byte, error) {
		for i := range last {
			last[i] = '#'
		}
		if text == "" {
			return nil, io.EOF
		}
		size := min(max(sizes[n%len(sizes)], 1), len(text))
		n++
		last, text = []byte(text[:size]), text[size:]
		return last, nil
	}
}

const head = "##fileformat=VCFv4.2\n##contig=<ID=chr1,length=248956422>\n"

func chromLine(samples ...string) string {
	s := "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO"
	if len(samples) > 0 {
		s += "\tFORMAT\t" + strings.Join(samples, "\t")
	}
	return s + "\n"
}

func names(n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = "S" + strconv.Itoa(i)
	}
	return out
}

func TestHeader(t *testing.T) {
	text := "##fileformat=VCFv4.3\r\n##reference=file:///data/GRCh38.fa\r\n##contig=<ID=chr1,length=248956422,assembly=hg38>\r\n" +
		"##INFO=<ID=AC,Number=A,Type=Integer,Description=\"a, b \\\" c=d\">\r\n##FILTER=<ID=q10,Description=\"low\">\r\n" +
		"##FORMAT=<Description=\"x\",ID=GT,Number=1,Type=String>\r\n##odd\r\n" + strings.ReplaceAll(chromLine("a", "b c"), "\n", "\r\n")
	s, err := NewScanner("x.vcf", chunks(text, 7))
	if err != nil {
		t.Fatal(err)
	}
	h := s.Header()
	if h.Version != "VCFv4.3" || h.Reference != "file:///data/GRCh38.fa" || len(h.Lines) != 7 {
		t.Errorf("%+v", h)
	}
	if want := (variant.Contig{Name: "chr1", Length: 248956422, Assembly: "hg38", Line: 3}); len(h.Contigs) != 1 || h.Contigs[0] != want {
		t.Errorf("contigs %+v", h.Contigs)
	}
	if d := h.Info["AC"]; d.Number != "A" || d.Description != `a, b \" c=d` || h.Format["GT"].Type != "String" || h.Filter["q10"].Line != 5 {
		t.Errorf("definitions %+v %+v %+v", h.Info, h.Format, h.Filter)
	}
	if fmt.Sprint(h.Samples) != "[a b c]" || len(h.Samples) != 2 {
		t.Errorf("samples %q", h.Samples)
	}
	var r Record
	if ok, err := s.Next(&r); ok || err != nil {
		t.Errorf("record after the header: %v %v", ok, err)
	}
}

// TestRefusals: each file is refused with this line, field and word.
func TestRefusals(t *testing.T) {
	rec := "chr1\t100\t.\tA\tC\t.\tPASS\t.\tGT\t"
	tests := []struct {
		name, text string
		line       int64
		field, has string
	}{
		{"empty", "", 0, "", "ends before"},
		{"not VCF", "sample\tindividual\n", 1, "", "not a VCF"},
		{"no CHROM line", head, 2, "", "ends before"},
		{"record first", head + rec + "0/1\n", 3, "", "before the #CHROM"},
		{"spaces", head + "#CHROM POS ID\n", 3, "#CHROM", "column 1"},
		{"wrong column", head + "#CHROM\tPOS\tREF\n", 3, "ID", "column 3"},
		{"few columns", head + "#CHROM\tPOS\tID\n", 3, "", "fewer than 8"},
		{"sample twice", head + chromLine("a", "b", "a"), 3, "", "stands twice"},
		{"sample without name", head + chromLine("a", ""), 3, "", "no sample name"},
		{"contig length", "##fileformat=VCFv4.2\n##contig=<ID=chr1,length=x>\n" + chromLine(), 2, "contig chr1", "not a number"},
		{"short record", head + chromLine("a") + "chr1\t100\n", 4, "", "2 columns"},
		{"no samples", head + chromLine("a") + strings.TrimSuffix(rec, "\tGT\t") + "\n", 4, "", "no sample columns"},
		{"POS word", head + chromLine("a") + "chr1\tx\t.\tA\tC\t.\t.\t.\tGT\t0/1\n", 4, "POS", "not a position"},
		{"POS zero", head + chromLine("a") + "chr1\t0\t.\tA\tC\t.\t.\t.\tGT\t0/1\n", 4, "POS", "first position"},
		{"POS minus", head + chromLine("a") + "chr1\t-5\t.\tA\tC\t.\t.\t.\tGT\t0/1\n", 4, "POS", "not a position"},
		{"POS empty", head + chromLine("a") + "chr1\t\t.\tA\tC\t.\t.\t.\tGT\t0/1\n", 4, "POS", "not a position"},
		{"POS past end", head + chromLine("a") + "chr21\t46709984\t.\tA\tC\t.\t.\t.\tGT\t0/1\n", 4, "POS", "past the end"},
		{"CHROM empty", head + chromLine("a") + "\t10\t.\tA\tC\t.\t.\t.\tGT\t0/1\n", 4, "CHROM", "empty"},
		{"REF empty", head + chromLine("a") + "chr1\t10\t.\t\tC\t.\t.\t.\tGT\t0/1\n", 4, "REF", "empty"},
		{"ALT empty", head + chromLine("a") + "chr1\t10\t.\tA\t\t.\t.\t.\tGT\t0/1\n", 4, "ALT", "empty"},
		{"allele past ALTs", head + chromLine("a") + rec + "0/2\n", 4, "GT", "among the 1 ALTs"},
		{"not a genotype", head + chromLine("a") + rec + "0/x\n", 4, "GT", "not a genotype"},
		{"half a genotype", head + chromLine("a") + rec + "0/\n", 4, "GT", "not a genotype"},
		{"too few samples", head + chromLine("a", "b") + rec + "0/1\n", 4, "", "1 sample columns"},
		{"too many samples", head + chromLine("a") + rec + "0/1\t0/0\n", 4, "", "more sample columns"},
		{"empty column", head + chromLine("a", "b") + rec + "0/1\t\n", 4, "GT", "not a genotype"},
		{"huge allele", head + chromLine("a") + rec + "99999999/0\n", 4, "GT", "not a genotype"},
		{"joined files", head + chromLine("a") + rec + "0/1\n" + head, 5, "", "header line among"},
		{"line after blank", head + chromLine("a") + "\n\n" + rec + "0/9\n", 6, "GT", "0/9"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := scanAll(tt.text, 11)
			var f *fault.Error
			if !errors.As(err, &f) {
				t.Fatalf("no fault: %v", err)
			}
			if f.Kind != fault.Invalid || f.File != "x.vcf" || f.Line != tt.line || f.At != tt.field || !strings.Contains(f.What, tt.has) {
				t.Errorf("got %v; want line %d, field %q, %q", f, tt.line, tt.field, tt.has)
			}
		})
	}
}

// scanAll renders every record and its genotypes, one line each.
func scanAll(text string, sizes ...int) (string, error) {
	s, err := NewScanner("x.vcf", chunks(text, sizes...))
	if err != nil {
		return "", err
	}
	g := NewGenotypes(s)
	var out strings.Builder
	var r Record
	var alts [][]byte
	for {
		ok, err := s.Next(&r)
		if err != nil || !ok {
			return out.String(), err
		}
		alts = r.Alts(alts[:0])
		if err := g.Read(&r, len(alts)); err != nil {
			return out.String(), err
		}
		fmt.Fprintf(&out, "%d %s %d %s %s %s %s %s %s %q %v", r.Line, r.ChromText(), r.Pos, r.ID(), r.Ref(), bytes.Join(alts, []byte("|")),
			r.Qual(), r.Filter(), r.Info(), r.Format(), r.Passed())
		checkShorts(g)
		for _, c := range g.Calls() {
			a, b := c.Alleles()
			fmt.Fprintf(&out, " %d:%d(%d,%d)", c.Sample(), c.Copies(), a, b)
		}
		out.WriteString("\n")
	}
}

// checkShorts panics when the short calls say something else than the calls.
func checkShorts(g *Genotypes) {
	shorts, ok := g.Shorts()
	for i, c := range g.Calls() {
		a, b := c.Alleles()
		want := map[[3]int]variant.Code{{2, 0, 1}: variant.Het, {2, 1, 1}: variant.Full, {0, -1, -1}: variant.Missing}[[3]int{c.Copies(), a, b}]
		if ok && (shorts[i].Sample() != c.Sample() || shorts[i].Code() != want) {
			panic(fmt.Sprint(shorts[i], c))
		}
	}
}

// plainScan is the model: the same rendering by splitting strings.
func plainScan(text string) string {
	var out strings.Builder
	for i, line := range strings.Split(text, "\n") {
		line = strings.TrimSuffix(line, "\r")
		if line == "" || line[0] == '#' {
			continue
		}
		f := strings.Split(line, "\t")
		pos, _ := strconv.Atoi(f[1])
		alts := strings.Split(f[4], ",")
		if f[4] == "." {
			alts = nil
		}
		format := ""
		if len(f) > 8 {
			format = f[8]
		}
		fmt.Fprintf(&out, "%d %s %d %s %s %s %s %s %s %q %v", i+1, f[0], pos, f[2], f[3], strings.Join(alts, "|"), f[5], f[6], f[7], format,
			f[6] == "PASS" || f[6] == ".")
		at := -1
		for j, k := range strings.Split(format, ":") {
			if k == "GT" {
				at = j
			}
		}
		for sample, col := range f[min(9, len(f)):] {
			gt := "."
			if sub := strings.Split(col, ":"); at >= 0 && at < len(sub) {
				gt = sub[at]
			}
			out.WriteString(plainCall(sample, gt))
		}
		out.WriteString("\n")
	}
	return out.String()
}

func plainCall(sample int, gt string) string {
	parts := strings.Split(strings.ReplaceAll(gt, "|", "/"), "/")
	var n []int
	called := 0
	for _, p := range parts {
		v, err := strconv.Atoi(p)
		if err != nil {
			v = -1
		} else {
			called++
		}
		n = append(n, v)
	}
	switch {
	case called == 0:
		return fmt.Sprintf(" %d:0(-1,-1)", sample)
	case len(n) == 1:
		return fmt.Sprintf(" %d:1(%d,-1)", sample, n[0])
	case len(n) > 2:
		top := 0
		for _, v := range n {
			top = max(top, v)
		}
		return fmt.Sprintf(" %d:3(%d,-1)", sample, top)
	case n[0] == 0 && n[1] == 0:
		return ""
	}
	if uint(n[0]) > uint(n[1]) {
		n[0], n[1] = n[1], n[0]
	}
	return fmt.Sprintf(" %d:2(%d,%d)", sample, n[0], n[1])
}

func TestScannerEqualsModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := drawFile(t)
		got, err := scanAll(text, rapid.SliceOfN(rapid.IntRange(1, 200), 1, 5).Draw(t, "chunks")...)
		if err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		if want := plainScan(text); got != want {
			t.Fatalf("got\n%swant\n%s", got, want)
		}
	})
}

func drawFile(t *rapid.T) string {
	samples := rapid.IntRange(0, 70).Draw(t, "samples")
	end := rapid.SampledFrom([]string{"\n", "\r\n"}).Draw(t, "end")
	b := strings.Builder{}
	b.WriteString(strings.ReplaceAll(head+chromLine(names(samples)...), "\n", end))
	for range rapid.IntRange(0, 12).Draw(t, "records") {
		if rapid.IntRange(0, 9).Draw(t, "blank") == 0 {
			b.WriteString(end)
		}
		b.WriteString(drawRecord(t, samples) + end)
	}
	text := b.String()
	if rapid.Bool().Draw(t, "unfinished") {
		text = strings.TrimSuffix(text, end)
	}
	return text
}

func drawRecord(t *rapid.T, samples int) string {
	alts := rapid.SampledFrom([]int{1, 1, 1, 0, 2, 3, 12}).Draw(t, "alts")
	alt := "."
	if alts > 0 {
		alt = strings.TrimSuffix(strings.Repeat("C,", alts), ",")
	}
	f := []string{rapid.SampledFrom([]string{"chr1", "1", "chrUn_x"}).Draw(t, "chrom"), strconv.Itoa(rapid.IntRange(1, 999).Draw(t, "pos")),
		"rs1", "A", alt, "3", rapid.SampledFrom([]string{"PASS", ".", "q10", "a;b"}).Draw(t, "filter"), "END=5;X"}
	if samples == 0 {
		return strings.Join(f, "\t")
	}
	format := rapid.SampledFrom([]string{"GT", "GT", "GT", "GT:GQ:DP", "DP:GT", "DP"}).Draw(t, "format")
	plain := rapid.SampledFrom([]string{"0/0", "0|0"}).Draw(t, "plain")
	odd := rapid.IntRange(0, 3).Draw(t, "odd") // how often a column is not plain
	f = append(f, format)
	for range samples {
		gt := plain
		if rapid.IntRange(0, 4).Draw(t, "is odd") < odd {
			gt = drawGenotype(t, alts)
		}
		f = append(f, strings.NewReplacer("GT", gt, "GQ", "30", "DP", "7").Replace(format))
	}
	return strings.Join(f, "\t")
}

func drawGenotype(t *rapid.T, alts int) string {
	n := rapid.SampledFrom([]int{1, 2, 2, 2, 2, 3, 4}).Draw(t, "ploidy")
	var parts []string
	for range n {
		a := rapid.IntRange(-1, alts).Draw(t, "allele")
		if a < 0 {
			parts = append(parts, ".")
		} else {
			parts = append(parts, strconv.Itoa(a))
		}
	}
	return strings.Join(parts, rapid.SampledFrom([]string{"/", "|"}).Draw(t, "phase"))
}

// TestLongLine: a line that doesn't end is refused, whatever is still to come.
func TestLongLine(t *testing.T) {
	piece := bytes.Repeat([]byte("A"), 1<<20)
	given := 0
	text := []byte(head + chromLine("a") + "chr1\t10\t.\t")
	s, err := NewScanner("x.vcf", func() ([]byte, error) {
		if given++; given == 1 {
			return text, nil
		}
		return piece, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	var r Record
	_, err = s.Next(&r)
	var f *fault.Error
	if !errors.As(err, &f) || f.Line != 4 || !strings.Contains(f.What, "longer than 64 MiB") || given > 70 {
		t.Errorf("%v after %d pieces", err, given)
	}
}

func TestInfoValue(t *testing.T) {
	s, err := NewScanner("x.vcf", chunks(head+chromLine()+"chr1\t10\t.\tA\t<DEL>,<DUP>\t.\t.\tXEND=1;END=20;SVLEN=-5,7;IMPRECISE;\n", 1000))
	if err != nil {
		t.Fatal(err)
	}
	var r Record
	if ok, err := s.Next(&r); !ok || err != nil {
		t.Fatal(ok, err)
	}
	if v, ok := r.InfoValue("END"); !ok || string(v) != "20" {
		t.Errorf("END %q %v", v, ok)
	}
	if v, ok := r.InfoValue("IMPRECISE"); !ok || v != nil {
		t.Errorf("flag %q %v", v, ok)
	}
	if _, ok := r.InfoValue("ND"); ok {
		t.Error("ND found")
	}
	v, _ := r.InfoValue("SVLEN")
	for i, want := range []uint32{5, 7} {
		if n, ok := Number(v, i); !ok || n != want {
			t.Errorf("SVLEN[%d] = %d %v", i, n, ok)
		}
	}
	if _, ok := Number(v, 2); ok {
		t.Error("a third SVLEN")
	}
	if n, ok := Number([]byte("9"), 3); !ok || n != 9 {
		t.Error("one number serves all")
	}
}

func TestDepths(t *testing.T) {
	var f Format
	f.Read([]byte("GT:GQ:MIN_DP:DP"))
	for col, want := range map[string][2]uint32{"0/0:40:7:12": {40, 7}, "0/0:40.9:.:12": {40, 12}, "0/0": {0, 0}, "0/0:.:.:.": {0, 0}} {
		if gq, dp := f.Depths([]byte(col)); gq != want[0] || dp != want[1] {
			t.Errorf("%s: %d %d", col, gq, dp)
		}
	}
}

func FuzzScanner(f *testing.F) {
	f.Add([]byte(head+chromLine("a", "b")+"chr1\t10\t.\tA\tC,G\t.\tPASS\tEND=5\tGT:DP\t0/1:3\t1|2\n"), 7)
	f.Add([]byte(head+chromLine(names(9)...)+"1\t10\t.\tA\tC\t.\t.\t.\tGT\t0/0\t0/0\t0/0\t0/0\t0/1\t./.\t1\t1/1/1\t0|0"), 3)
	f.Add([]byte("##fileformat=VCFv4.2\r\n##contig=<ID=1,length=9\r\n"), 1)
	f.Fuzz(func(_ *testing.T, text []byte, size int) {
		_, _ = scanAll(string(text), min(max(size, 1), 1<<16))
	})
}
