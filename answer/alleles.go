package answer

import (
	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/genome/variant"
	"github.com/samverk/samverk/genome/vcf"
)

// alleles turns a record's ALTs into keys. It is for one goroutine; a key is good until the next one is made.
type alleles struct {
	file  string // for errors
	namer vcf.Namer
	alts  [][]byte
	ref   []byte
}

// read splits a record's ALTs and checks its REF.
func (a *alleles) read(r *vcf.Record) (err error) {
	a.alts = r.Alts(a.alts[:0])
	if r.Chrom == 0 || len(a.alts) == 0 {
		return nil
	}
	if a.ref, err = a.namer.Norm.Ref(r.Chrom, r.Pos, r.Ref()); err != nil {
		return place(a.file, r, err)
	}
	return nil
}

// key names the i-th ALT; false for what names no variant: "*", <NON_REF>, a sequence that isn't primary.
func (a *alleles) key(r *vcf.Record, i int) (variant.Key, bool, error) {
	if r.Chrom == 0 {
		return variant.Key{}, false, nil
	}
	kind := variant.KindOfAlt(a.alts[i])
	if kind == variant.BadAllele {
		return variant.Key{}, false, fault.New(fault.Invalid, "the allele %.80q is not one that VCF knows", a.alts[i]).
			In(a.file).OnLine(r.Line).Where("ALT")
	}
	k, ok, err := a.namer.Key(r, a.alts, i, kind, a.ref)
	if err != nil {
		err = place(a.file, r, err)
	}
	return k, ok, err
}
