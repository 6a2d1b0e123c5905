package variant

import (
	"fmt"
	"strconv"
	"strings"
)

// chromNames by Chrom; index 0 is no sequence.
var chromNames = [...]string{"", "chr1", "chr2", "chr3", "chr4", "chr5", "chr6", "chr7", "chr8", "chr9", "chr10", "chr11", "chr12",
	"chr13", "chr14", "chr15", "chr16", "chr17", "chr18", "chr19", "chr20", "chr21", "chr22", "chrX", "chrY", "chrM"}

// String is the name used in answers: chr1 … chr22, chrX, chrY, chrM.
func (c Chrom) String() string {
	if int(c) < len(chromNames) {
		return chromNames[c]
	}
	return "chrom" + strconv.Itoa(int(c))
}

// Valid tells whether c is one of the 25 primary sequences.
func (c Chrom) Valid() bool { return c >= 1 && c <= MT }

// Length is the sequence's length in GRCh38; 0 for no sequence.
func (c Chrom) Length() uint32 {
	if !c.Valid() {
		return 0
	}
	return grch38[c-1]
}

// ParseChrom reads a primary sequence's name: chr1 or 1, chrX or X, chrM, chrMT, M or MT, and
// GRCh38's RefSeq accessions (NC_000001.11). Anything else, an alternate contig for one, is none.
func ParseChrom[T string | []byte](name T) (Chrom, bool) {
	n := len(name)
	if n > 3 && name[0]|0x20 == 'c' && name[1]|0x20 == 'h' && name[2]|0x20 == 'r' {
		name, n = name[3:], n-3
	} else if n > 9 && name[0] == 'N' && name[1] == 'C' && name[2] == '_' {
		a, c := parseRefSeq(string(name))
		return c, a == GRCh38 || c == MT
	}
	switch {
	case n == 1 && name[0] >= '1' && name[0] <= '9':
		return Chrom(name[0] - '0'), true
	case n == 2 && (name[0] == '1' || name[0] == '2') && name[1] >= '0' && name[1] <= '9':
		c := Chrom(name[0]-'0')*10 + Chrom(name[1]-'0')
		return c, c <= 22
	case n == 1 && (name[0] == 'X' || name[0] == 'x'):
		return X, true
	case n == 1 && (name[0] == 'Y' || name[0] == 'y'):
		return Y, true
	case n == 1 && (name[0] == 'M' || name[0] == 'm'), n == 2 && name[0]|0x20 == 'm' && name[1]|0x20 == 't':
		return MT, true
	}
	return 0, false
}

// refSeqVersions are the versions of NC_000001 … NC_000024 (X is 23, Y is 24) in each assembly:
// the assembly reports GCF_000001405.40 and GCF_000001405.25 of NCBI.
var refSeqVersions = map[Assembly][24]int{
	GRCh38: {11, 12, 12, 12, 10, 12, 14, 11, 12, 11, 10, 12, 11, 9, 10, 10, 11, 10, 10, 11, 9, 11, 11, 10},
	GRCh37: {10, 11, 11, 11, 9, 11, 13, 10, 11, 10, 9, 11, 10, 8, 9, 9, 10, 9, 9, 10, 8, 10, 10, 9},
}

// parseRefSeq reads an NC_ accession; the assembly is "" when the version is neither's. The
// mitochondrial NC_012920.1 is the same in both.
func parseRefSeq(name string) (Assembly, Chrom) {
	if name == "NC_012920.1" {
		return "", MT
	}
	digits, version, ok := strings.Cut(strings.TrimPrefix(name, "NC_"), ".")
	n, err := strconv.Atoi(digits)
	v, err2 := strconv.Atoi(version)
	if !ok || len(digits) != 6 || err != nil || err2 != nil || n < 1 || n > 24 {
		return "", 0
	}
	for a, vs := range refSeqVersions {
		if vs[n-1] == v {
			return a, Chrom(n)
		}
	}
	return "", 0
}

// The pseudoautosomal regions of GRCh38, 1-based inclusive: Genome Reference Consortium, GRCh38.p14,
// "Pseudoautosomal regions".
const (
	par1Start, par1End   = 10_001, 2_781_479 // the same on X and Y
	par2XStart, par2XEnd = 155_701_383, 156_030_895
	par2YStart, par2YEnd = 56_887_903, 57_217_415
)

// ZoneOf says how many copies of a position people have. A variant is in the zone of its Pos.
func ZoneOf(c Chrom, pos uint32) Zone {
	switch c {
	case X:
		if pos >= par1Start && pos <= par1End || pos >= par2XStart && pos <= par2XEnd {
			return Autosomal
		}
		return XOnly
	case Y:
		if pos >= par1Start && pos <= par1End || pos >= par2YStart && pos <= par2YEnd {
			return Autosomal
		}
		return YOnly
	case MT:
		return Mitochondrial
	}
	return Autosomal
}

// RefSeq is the sequence's accession in GRCh38: NC_000022.11.
func (c Chrom) RefSeq() string {
	if c == MT {
		return "NC_012920.1"
	}
	if !c.Valid() {
		return ""
	}
	return fmt.Sprintf("NC_%06d.%d", c, refSeqVersions[GRCh38][c-1])
}
