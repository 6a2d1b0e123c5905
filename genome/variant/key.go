package variant

import (
	"bytes"
	"cmp"
)

// Chrom is a primary GRCh38 sequence: 1–22, then X, Y and MT.
type Chrom uint8

// The sequences that are not numbered. Zero is no sequence.
const (
	X  Chrom = 23
	Y  Chrom = 24
	MT Chrom = 25
)

// Key names a variant: where it is and what it changes. Pos is 1-based.
//
// A sequence variant has upper-case ACGTN Ref and Alt, trimmed, and left-aligned when a reference was at hand.
// A symbolic variant has an empty Ref and its canonical name as Alt ("<DEL>END=2000", "<INS>SVLEN=300", a breakend's ALT string).
// The slices belong to whoever made the key: a key read from a scanner is valid until its next record.
type Key struct {
	Chrom    Chrom
	Pos      uint32
	Ref, Alt []byte
}

// Compare orders keys by sequence, position, Ref, Alt (bytewise).
func (k Key) Compare(o Key) int {
	if k.Chrom != o.Chrom {
		return cmp.Compare(k.Chrom, o.Chrom)
	}
	if k.Pos != o.Pos {
		return cmp.Compare(k.Pos, o.Pos)
	}
	if c := bytes.Compare(k.Ref, o.Ref); c != 0 {
		return c
	}
	return bytes.Compare(k.Alt, o.Alt)
}

// Zone says how many copies of a place a person has.
type Zone uint8

// The zones. The pseudoautosomal regions of X and Y are Autosomal.
const (
	Autosomal     Zone = iota // two copies
	XOnly                     // X outside its PARs: women two, men one
	YOnly                     // Y outside its PARs: men one, women none
	Mitochondrial             // counted as one
)
