package vcf

import "github.com/samverk/samverk/genome/variant"

// Namer makes the keys of a record's ALTs, the same for whoever loads a file and for whoever asks with one. It is for
// one goroutine; a key is good until the next one is made.
type Namer struct {
	Norm *variant.Normalizer
	text []byte
}

// Key names the i-th of a record's ALTs, of a kind; ref is what Norm.Ref made of its REF. ok is false for what names
// no variant: an ALT that equals REF, "*", <NON_REF>, an end on another sequence.
func (n *Namer) Key(r *Record, alts [][]byte, i int, kind variant.AlleleKind, ref []byte) (k variant.Key, ok bool, err error) {
	switch kind {
	case variant.Bases:
		return n.Norm.Key(r.Chrom, r.Pos, ref, alts[i])
	case variant.Breakend:
		n.text, ok = variant.AppendBreakend(n.text[:0], alts[i])
	case variant.SymbolicAllele:
		var sv variant.SV
		if sv, ok = r.Extent(i, len(alts)); ok {
			n.text = variant.AppendSymbolic(n.text[:0], alts[i], r.Pos, sv)
		}
	}
	return variant.Key{Chrom: r.Chrom, Pos: r.Pos, Alt: n.text}, ok, nil
}
