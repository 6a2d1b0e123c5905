package answer

import (
	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/genome/variant"
	"github.com/samverk/samverk/genome/vcf"
)

// alleles turns a record's ALTs into keys. It is for one goroutine; a key is good until the next one is made.
type alleles struct {
	file   string // for errors
	normal *variant.Normalizer
	alts   [][]byte
	text   []byte
	ref    []byte
}

// read splits a record's ALTs and checks its REF.
func (a *alleles) read(r *vcf.Record) (err error) {
	a.alts = r.Alts(a.alts[:0])
	if r.Chrom == 0 || len(a.alts) == 0 {
		return nil
	}
	if a.ref, err = a.normal.Ref(r.Chrom, r.Pos, r.Ref()); err != nil {
		return place(a.file, r, err)
	}
	return nil
}

// key names the i-th ALT; false for what names no variant: "*", <NON_REF>, a sequence that isn't primary.
func (a *alleles) key(r *vcf.Record, i int) (variant.Key, bool, error) {
	alt := a.alts[i]
	if r.Chrom == 0 {
		return variant.Key{}, false, nil
	}
	switch variant.KindOfAlt(alt) {
	case variant.Bases:
		k, ok, err := a.normal.Key(r.Chrom, r.Pos, a.ref, alt)
		if err != nil {
			return k, false, place(a.file, r, err)
		}
		return k, ok, nil
	case variant.SymbolicAllele:
		a.text = variant.AppendSymbolic(a.text[:0], alt, r.Pos, extent(r, i))
	case variant.Breakend:
		a.text, _ = variant.AppendBreakend(a.text[:0], alt)
	case variant.BadAllele:
		return variant.Key{}, false, fault.New(fault.Invalid, "the allele %.80q is not one that VCF knows", alt).
			In(a.file).OnLine(r.Line).Where("ALT")
	default:
		return variant.Key{}, false, nil
	}
	return variant.Key{Chrom: r.Chrom, Pos: r.Pos, Alt: a.text}, true, nil
}

// extent reads END and SVLEN.
func extent(r *vcf.Record, i int) (sv variant.SV) {
	if v, ok := r.InfoValue("END"); ok {
		sv.End, _ = vcf.Number(v, 0)
	}
	if v, ok := r.InfoValue("SVLEN"); ok {
		sv.Length, _ = vcf.Number(v, i)
	}
	return sv
}
