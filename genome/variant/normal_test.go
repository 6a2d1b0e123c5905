package variant

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestTrim(t *testing.T) {
	for in, want := range map[string]string{
		"10 A C": "10 A C", "10 AT AC": "11 T C", "10 CAT CT": "10 CA C", "10 CACA CA": "10 CAC C", "10 TCC TCCC": "10 T TC",
		"10 GTC C": "10 GTC C", "10 AAA TTT": "10 AAA TTT", "10 GATG GCTG": "11 A C", "10 C CC": "10 C CC", "10 ACGT AGT": "10 AC A",
	} {
		var pos uint32
		var ref, alt string
		if _, err := fmt.Sscan(in, &pos, &ref, &alt); err != nil {
			t.Fatal(err)
		}
		p, r, a := Trim(pos, []byte(ref), []byte(alt))
		if got := fmt.Sprintf("%d %s %s", p, r, a); got != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
}

// mitochondrion writes a FASTA whose chrM has GRCh38's length, and starts with seq; the rest is N.
func mitochondrion(t testing.TB, seq string) *Reference {
	t.Helper()
	path := filepath.Join(t.TempDir(), "m.fa")
	full := seq + strings.Repeat("N", int(MT.Length())-len(seq))
	var b strings.Builder
	b.WriteString(">chrOther something\nACGT\n>chrM mitochondrion\n")
	for len(full) > 0 {
		n := min(60, len(full))
		b.WriteString(full[:n] + "\n")
		full = full[n:]
	}
	if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	r, err := OpenReference(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	return r
}

func normal(n *Normalizer, pos uint32, ref, alt string) (string, error) {
	r, err := n.Ref(MT, pos, []byte(ref))
	if err != nil {
		return "", err
	}
	k, ok, err := n.Key(MT, pos, r, []byte(alt))
	if err != nil || !ok {
		return "", err
	}
	return fmt.Sprintf("%d %s %s", k.Pos, k.Ref, k.Alt), nil
}

func TestLeftAlign(t *testing.T) {
	//                       123456789012345678901234
	r := mitochondrion(t, "GGGCACACACAGGGttttttRNMA")
	n := NewNormalizer(r)
	for in, want := range map[string]string{
		"3 GCA G":        "3 GCA G", // the examples of Tan 2015, figure 1
		"8 CAC C":        "3 GCA G",
		"6 CAC C":        "3 GCA G",
		"2 GGCA GG":      "3 GCA G",
		"9 ACA A":        "3 GCA G",
		"4 CAC C":        "3 GCA G",
		"10 CA CACA":     "3 G GCA",
		"15 T TT":        "14 G GT",
		"20 t tT":        "14 G GT",
		"19 TT T":        "14 GT G",
		"3 G GG":         "1 G GG",
		"2 GG G":         "1 GG G",
		"1 GG G":         "1 GG G",
		"12 GGG G":       "11 AGG A",
		"5 A T":          "5 A T",
		"5 ACA ATA":      "6 C T",
		"11 AGGGT ATGGT": "12 G T",
		"11 AGGG TTTT":   "11 AGGG TTTT",
		"4 CAC GCAC":     "1 G GG",
		"30 N NN":        "30 N NN",
		"1 GGG G":        "1 GGG G",
		"10 CAGGG G":     "9 ACAGG A", // anchored at its end only
	} {
		var pos uint32
		var ref, alt string
		if _, err := fmt.Sscan(in, &pos, &ref, &alt); err != nil {
			t.Fatal(err)
		}
		got, err := normal(n, pos, ref, alt)
		if err != nil || got != want {
			t.Errorf("%s: %s %v, want %s", in, got, err, want)
		}
	}
}

func TestNormal(t *testing.T) {
	n := NewNormalizer(mitochondrion(t, "GGGCACACACAGGGttttttRNMA"))
	for in, want := range map[string]string{"MT-8-CAC-C": "chrM-3-GCA-G", "MT-5-A-T": "chrM-5-A-T", "MT-5-<DEL>-9": "chrM-5-<DEL>-9", "MT-4-G-T": ""} {
		k, err := ParseKey(in)
		if err != nil {
			t.Fatal(err)
		}
		if k, err = n.Normal(k); (err == nil) != (want != "") || err == nil && k.String() != want {
			t.Errorf("%s: %v %v, want %s", in, k, err, want)
		}
	}
}

func TestReferenceMismatch(t *testing.T) {
	r := mitochondrion(t, "GGGCACACACAGGGttttttRNMA")
	n := NewNormalizer(r)
	for in, want := range map[string]string{
		"4 G T":      "G at chrM:4, where the reference has C",
		"4 CT T":     "CT at chrM:4, where the reference has CA",
		"21 C T":     "C at chrM:21, where the reference has R",
		"4 C- T":     "not written in bases",
		"4 Y T":      "", // Y covers C
		"4 R T":      "R at chrM:4, where",
		"21 A T":     "", // R covers A
		"21 R T":     "",
		"22 A T":     "", // N covers all
		"4 N T":      "",
		"4 c T":      "",
		"16569 NA A": "past the end",
	} {
		var pos uint32
		var ref, alt string
		if _, err := fmt.Sscan(in, &pos, &ref, &alt); err != nil {
			t.Fatal(err)
		}
		_, err := normal(n, pos, ref, alt)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v, want %q", in, err, want)
		}
	}
	if got, _ := normal(n, 4, "Y", "T"); got != "4 C T" {
		t.Errorf("Y with the FASTA at hand: %s", got)
	}
	if got, _ := normal(NewNormalizer(nil), 21, "R", "t"); got != "21 A T" {
		t.Errorf("R without a FASTA: %s", got)
	}
	if n.IUPAC != 3 {
		t.Errorf("%d reduced", n.IUPAC)
	}
}

// TestLeftAlignModel: the key spells the same sequence, and no step further left does.
func TestLeftAlignModel(t *testing.T) {
	const size = 900
	rapid.Check(t, func(rt *rapid.T) {
		letters := rapid.SampledFrom([]string{"AC", "A", "ACGT"}).Draw(rt, "letters")
		seq := ""
		for unit := 0; len(seq) < size; unit = rapid.IntRange(1, 500).Draw(rt, "unit") { // repeats, so that there is somewhere to go
			if unit > 20 && seq != "" {
				seq += strings.Repeat(seq[len(seq)-1:], unit)
				continue
			}
			for range unit + 1 {
				seq += string(letters[rapid.IntRange(0, len(letters)-1).Draw(rt, "base")])
			}
		}
		seq = seq[:size]
		n := NewNormalizer(nil)
		n.ref = &Reference{}
		n.cur = window{chrom: MT, from: 1, text: []byte(seq)}
		pos := rapid.IntRange(1, size-20).Draw(rt, "pos")
		ref := seq[pos-1 : pos-1+rapid.IntRange(1, 8).Draw(rt, "ref")]
		alt := ""
		for range rapid.IntRange(1, 8).Draw(rt, "alt") {
			alt += string(letters[rapid.IntRange(0, len(letters)-1).Draw(rt, "base")])
		}
		if ref == alt {
			return
		}
		got, err := normal(n, uint32(pos), ref, alt)
		if err != nil {
			rt.Fatal(err)
		}
		wantPos, wantRef, wantAlt := plainNormal(seq, pos, ref, alt)
		if want := fmt.Sprintf("%d %s %s", wantPos, wantRef, wantAlt); got != want {
			rt.Fatalf("%d %s %s: got %s, want %s", pos, ref, alt, got, want)
		}
	})
}

// plainNormal is the published algorithm, word by word.
func plainNormal(seq string, pos int, ref, alt string) (int, string, string) {
	for changed := true; changed; {
		changed = false
		if len(ref) > 0 && len(alt) > 0 && ref[len(ref)-1] == alt[len(alt)-1] && (pos > 1 || len(ref) > 1 && len(alt) > 1) {
			ref, alt = ref[:len(ref)-1], alt[:len(alt)-1]
			changed = true
		}
		if len(ref) == 0 || len(alt) == 0 {
			pos--
			ref, alt = seq[pos-1:pos]+ref, seq[pos-1:pos]+alt
			changed = true
		}
	}
	for len(ref) > 1 && len(alt) > 1 && ref[0] == alt[0] {
		ref, alt, pos = ref[1:], alt[1:], pos+1
	}
	return pos, ref, alt
}

func TestReferenceIndex(t *testing.T) {
	r := mitochondrion(t, "ACGT")
	data, err := os.ReadFile(r.Path())
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "x.fa")
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	open := func(want string) {
		t.Helper()
		r, err := OpenReference(path)
		if err == nil {
			b, err2 := r.Bases(nil, MT, 59, 4)
			if err2 != nil || string(b) != "NNNN" {
				t.Errorf("%q %v", b, err2)
			}
			_ = r.Close()
		}
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	write(path, strings.ReplaceAll(string(data), "\n", "\r\n"))
	open("")
	write(path, string(data))
	write(path+".fai", "chrM\t16569\t46\t60\t61\n")
	open("")
	write(path+".fai", "chrM\t16569\t46\t60\n")
	open("x.fa.fai:1: not a line")
	write(path+".fai", "chrM\t16569\t99999999\t60\t61\n")
	open("x.fa.fai:1: not a line")
	write(path+".fai", "chrM\t16560\t46\t60\t61\n")
	open("chrM has 16560 bases, GRCh38's has 16569")
	if err := os.Remove(path + ".fai"); err != nil {
		t.Fatal(err)
	}
	write(path, ">chrM\nACGT\nACGTACGT\n")
	open("differ in length")
	write(path, ">chrUn\nACGT\n")
	open("no human chromosome")
	write(path, "ACGT\n")
	open("not a FASTA")
	write(path, "\x1f\x8b\x08")
	open("is compressed")
}
