package variant

import (
	"bytes"
	"strings"
	"testing"
)

func TestParseKey(t *testing.T) {
	for in, want := range map[string]string{
		"chr22-50000165-C-T":             "chr22-50000165-C-T",
		"22:50000165:C:T":                "chr22-50000165-C-T",
		"22_50000165_c_t":                "chr22-50000165-C-T",
		"NC_000022.11-50000165-C-T":      "chr22-50000165-C-T",
		"chrX:5-A-G":                     "chrX-5-A-G",
		"MT-73-A-G":                      "chrM-73-A-G",
		"1-100-CACA-CA":                  "chr1-100-CAC-C",
		"1-100-CA-CG":                    "chr1-101-A-G",
		"chr1-1000-<DEL>-2000":           "chr1-1000-<DEL>-2000",
		"chr1-1000-<DEL>END=2000":        "chr1-1000-<DEL>-2000",
		"chr1-1000-<DUP:TANDEM>-2000":    "chr1-1000-<DUP:TANDEM>-2000",
		"chr1-1000-<INS>-300":            "chr1-1000-<INS>-300",
		"chr1-1000-<INS:ME:ALU>":         "chr1-1000-<INS:ME:ALU>",
		"2-321681-g]17:198982]":          "chr2-321681-G]chr17:198982]",
		"chr2-321681-]chrUn_1:198982]GA": "chr2-321681-]chrUn_1:198982]GA",
		"chr2-321681-G.":                 "chr2-321681-G.",
		"chr2-321681-.gt":                "chr2-321681-.GT",
	} {
		k, err := ParseKey(in)
		if err != nil || k.String() != want {
			t.Errorf("%s: %v %v, want %s", in, k, err, want)
		}
	}
	if k, _ := ParseKey("chr1-1000-<DEL>-2000"); string(k.Alt) != "<DEL>END=2000" || k.Ref != nil || !k.Symbolic() {
		t.Errorf("%q %q", k.Ref, k.Alt)
	}
}

func TestParseKeyRefusals(t *testing.T) {
	for in, want := range map[string]string{
		"":                         "does not start with a chromosome",
		"chr22":                    "does not start with a chromosome",
		"chr23-5-A-C":              "does not start with a chromosome",
		"chr22-50000165":           "no position",
		"chr22-x-C-T":              "no position",
		"chr22-0-C-T":              "no position on chr22",
		"chr21-46709984-C-T":       "no position on chr21",
		"chr22-50000165-C":         "REF and ALT",
		"chr22-50000165-C-":        "REF and ALT",
		"chr22-50000165-C-*":       "REF and ALT",
		"chr22-50000165-C-T-G":     "REF and ALT",
		"chr22-50000165-R-T":       "REF and ALT",
		"chr22-50000165-C-C":       "are the same",
		"chr21-46709983-CC-C":      "past the end",
		"chr1-1000-<DEL>-10":       "its end",
		"chr1-1000-<DEL>-x":        "its end",
		"chr1-1000-<>":             "symbolic allele",
		"chr1-1000-<DEL":           "symbolic allele",
		"chr1-1000-G[17:1]":        "breakend",
		"chr1-1000-G[17[":          "breakend",
		strings.Repeat("1", 1<<17): "at most",
	} {
		if _, err := ParseKey(in); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40s: %v, want %q", in, err, want)
		}
	}
}

func TestParseRegion(t *testing.T) {
	for in, want := range map[string]string{
		"chr22:50000000-50000200": "chr22:50000000-50000200", "22:50,000,000-50,000,200": "chr22:50000000-50000200", "X:5": "chrX:5-5",
		"chrM": "chrM:1-16569", "chrM:5-99999": "chrM:5-16569", "NC_000001.11:1-2": "chr1:1-2",
	} {
		if r, err := ParseRegion(in); err != nil || r.String() != want {
			t.Errorf("%s: %v %v", in, r, err)
		}
	}
	for in, want := range map[string]string{"": "chromosome", "chrZ:1-2": "chromosome", "chr1:0-5": "the first is 1", "chr1:5-1": "after TO", "chr1:a-b": "positions",
		"chr1:": "positions", "chrM:16570-16571": "shorter", "chr1:1-2-3": "positions"} {
		if _, err := ParseRegion(in); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", in, err, want)
		}
	}
}

func TestKindOfAlt(t *testing.T) {
	for alt, want := range map[string]AlleleKind{"A": Bases, "acgtn": Bases, "AR": Ambiguous, "*": Star, "<*>": AnyOther, "<NON_REF>": AnyOther, "<X>": AnyOther,
		"<DEL>": SymbolicAllele, "<CN0>": SymbolicAllele, "<DUP:TANDEM>": SymbolicAllele, "G]17:5]": Breakend, "[chr2:5[T": Breakend, "G.": Breakend, ".": NoAllele,
		"": BadAllele, "<>": BadAllele, "A<DEL>": BadAllele, "G]17:5[": BadAllele, "]17:5]": BadAllele, "A]17:5]C": BadAllele, "A C": BadAllele, "A-": BadAllele, "..": BadAllele} {
		if got := KindOfAlt([]byte(alt)); got != want {
			t.Errorf("%q: %d, want %d", alt, got, want)
		}
	}
}

func TestAppendSymbolic(t *testing.T) {
	for _, tt := range []struct {
		alt  string
		sv   SV
		want string
	}{
		{"<DEL>", SV{End: 2000}, "<DEL>END=2000"}, {"<DEL>", SV{Length: 1000}, "<DEL>END=2000"}, {"<DEL>", SV{End: 1500, Length: 9}, "<DEL>END=1500"},
		{"<DEL>", SV{}, "<DEL>"}, {"<INS>", SV{End: 1000, Length: 30}, "<INS>SVLEN=30"}, {"<INS>", SV{End: 1000}, "<INS>"}, {"<CN0>", SV{End: 1100}, "<CN0>END=1100"},
	} {
		if got := string(AppendSymbolic(nil, []byte(tt.alt), 1000, tt.sv)); got != tt.want {
			t.Errorf("%s %+v: %s, want %s", tt.alt, tt.sv, got, tt.want)
		}
	}
}

func FuzzParseKey(f *testing.F) {
	for _, s := range []string{"chr22-50000165-C-T", "1:100:CACA:CA", "chr1-1000-<DEL>-2000", "chr1-1000-<INS>-300", "2-321681-G]17:198982]", "NC_000001.11-5-A-C", "chr2-5-.A"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		k, err := ParseKey(s)
		if err != nil {
			return
		}
		again, err := ParseKey(k.String())
		if err != nil || again.Compare(k) != 0 {
			t.Fatalf("%q is %v, which reads as %v: %v", s, k, again, err)
		}
		if !k.Chrom.Valid() || k.Pos == 0 || len(k.Alt) == 0 {
			t.Fatalf("%q is %v", s, k)
		}
	})
}

func FuzzParseRegion(f *testing.F) {
	f.Add("chr22:50,000,000-50000200")
	f.Fuzz(func(t *testing.T, s string) {
		r, err := ParseRegion(s)
		if err != nil {
			return
		}
		if again, err := ParseRegion(r.String()); err != nil || again != r || r.From > r.To || r.To > r.Chrom.Length() {
			t.Fatalf("%q is %v, which reads as %v: %v", s, r, again, err)
		}
	})
}

func FuzzAlt(f *testing.F) {
	for _, s := range []string{"G]17:198982]", "<DEL>", "*", "ACGT", ".A", "<NON_REF>"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, alt []byte) {
		if KindOfAlt(alt) != Breakend {
			return
		}
		a, ok := AppendBreakend(nil, alt)
		b, ok2 := AppendBreakend(nil, a)
		if !ok || !ok2 || !bytes.Equal(a, b) {
			t.Fatalf("%q becomes %q, then %q", alt, a, b)
		}
	})
}
