package variant

import (
	"strings"
	"testing"
)

func TestParseChrom(t *testing.T) {
	for name, want := range map[string]Chrom{"chr1": 1, "1": 1, "Chr9": 9, "chr10": 10, "22": 22, "chrX": X, "X": X, "Y": Y, "chrM": MT, "MT": MT,
		"chrMT": MT, "M": MT, "NC_000001.11": 1, "NC_000023.11": X, "NC_000024.10": Y, "NC_012920.1": MT,
		"chr0": 0, "0": 0, "chr23": 0, "01": 0, "": 0, "chr": 0, "chrUn_KI270302v1": 0, "chr1_KI270706v1_random": 0, "HLA-A*01:01:01:01": 0,
		"NC_000001.10": 0, "NC_000001.99": 0, "NC_1.11": 0, "NC_": 0, "NC_00000111": 0, "1x": 0, "2_": 0} {
		got, ok := ParseChrom(name)
		if ok != (want != 0) || ok && got != want {
			t.Errorf("%s: %v %v, want %v", name, got, ok, want)
		}
		if b, okB := ParseChrom([]byte(name)); b != got || okB != ok {
			t.Errorf("%s as bytes: %v %v", name, b, okB)
		}
	}
	for c := Chrom(1); c <= MT; c++ {
		if got, ok := ParseChrom(c.String()); !ok || got != c {
			t.Errorf("%v reads back as %v", c, got)
		}
	}
}

func TestZones(t *testing.T) {
	for _, tt := range []struct {
		c    Chrom
		pos  uint32
		want Zone
	}{
		{1, 10001, Autosomal}, {MT, 1, Mitochondrial},
		{X, 10000, XOnly}, {X, 10001, Autosomal}, {X, 2781479, Autosomal}, {X, 2781480, XOnly},
		{X, 155701382, XOnly}, {X, 155701383, Autosomal}, {X, 156030895, Autosomal}, {X, 156030896, XOnly},
		{Y, 10000, YOnly}, {Y, 10001, Autosomal}, {Y, 2781479, Autosomal}, {Y, 2781480, YOnly},
		{Y, 56887902, YOnly}, {Y, 56887903, Autosomal}, {Y, 57217415, Autosomal}, {Y, 57217416, YOnly},
	} {
		if got := ZoneOf(tt.c, tt.pos); got != tt.want {
			t.Errorf("%v:%d is %d, want %d", tt.c, tt.pos, got, tt.want)
		}
	}
}

func TestDetect(t *testing.T) {
	contig := func(name string, length uint32) Contig { return Contig{Name: name, Length: length, Line: 7} }
	tests := []struct {
		name      string
		contigs   []Contig
		reference string
		stated    Assembly
		want      string // "" accepted, else part of the error
	}{
		{"lengths", []Contig{contig("chr1", 248956422)}, "", "", ""},
		{"lengths beat text", []Contig{contig("1", 248956422)}, "hg19.fa", "", ""},
		{"GRCh37", []Contig{contig("1", 249250621)}, "", "", "line 7: contig 1: the file is on GRCh37"},
		{"GRCh37 in spite of a statement", []Contig{contig("1", 249250621)}, "GRCh38", GRCh38, "the file is on GRCh37"},
		{"hg19 by its mitochondrion", []Contig{contig("chrM", 16571)}, "", "", "the file is on hg19"},
		{"T2T", []Contig{contig("chr22", 51324926)}, "", "", "the file is on T2T-CHM13v2.0"},
		{"hg18", []Contig{contig("chr22", 49691432)}, "", "", "the file is on NCBI36"},
		{"none we know", []Contig{contig("chr22", 5)}, "", GRCh38, "length 5 is not GRCh38's 50818468"},
		{"accession", []Contig{contig("NC_000001.11", 0)}, "", "", ""},
		{"GRCh37 accession", []Contig{contig("NC_000001.10", 0)}, "", GRCh38, "the file is on GRCh37"},
		{"mitochondrion alone proves nothing", []Contig{contig("chrM", 16569)}, "", "", "does not say"},
		{"alternate contigs prove nothing", []Contig{contig("chrUn_1", 1000)}, "", "", "does not say"},
		{"reference", nil, "ftp://x/GRCh38_full_analysis_set.fa", "", ""},
		{"reference 37", nil, "file:///b/human_g1k_v37.fasta", GRCh38, "##reference: the file is on GRCh37"},
		{"attribute", []Contig{{Name: "1", Assembly: "b37"}}, "", "", "##contig: the file is on GRCh37"},
		{"attribute 38", []Contig{{Name: "1", Assembly: "hg38"}}, "", "", ""},
		{"stated", nil, "/x/ref.fa", GRCh38, ""},
		{"stated otherwise", nil, "", GRCh37, "the file is on GRCh37"},
		{"nothing", []Contig{{Name: "22"}}, "", "", "does not say which assembly"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := Detect(tt.contigs, tt.reference, tt.stated)
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("%v, want %q", err, tt.want)
			}
		})
	}
}
