package load

import (
	"slices"

	"github.com/samverk/samverk/genome/store"
	"github.com/samverk/samverk/genome/variant"
	"github.com/samverk/samverk/genome/vcf"
)

// written is a call as seen from one ALT.
func written(c vcf.Call, alt int) variant.Written {
	a, b := c.Alleles()
	switch c.Copies() {
	case 0:
		return variant.Written{Missing: 2}
	case 1:
		if a == alt {
			return variant.Written{Alt: 1}
		}
		return variant.Written{Other: 1}
	case 2:
		w := variant.Written{Mixed: b >= 0 && a != b}
		for _, x := range [...]int{a, b} {
			switch {
			case x < 0:
				w.Missing++
			case x == alt:
				w.Alt++
			default:
				w.Other++
			}
		}
		return w
	}
	if a == alt { // of more than two copies only the largest allele number is told
		return variant.Written{Alt: 1, Other: 2}
	}
	return variant.Written{Other: 3}
}

// genotypes fills r.entries with the codes of an ALT: everybody's that is not Ref, in the order of samples. A file of
// one sample states its Ref too, since nobody else says that the sample was looked at.
func (r *reader) genotypes(z variant.Zone, alt int) {
	r.entries = r.entries[:0]
	switch {
	case len(r.columns) == 1:
		r.one(z, alt)
		return
	case z == variant.Autosomal:
		r.autosomal(alt)
	case z == variant.YOnly && r.unknown:
		r.everybody(z, alt)
	default:
		for _, c := range r.calls.Calls() {
			code, _ := variant.Classify(z, r.sexes[c.Sample()], written(c, alt))
			r.put(c.Sample(), code)
		}
	}
	if !r.inRow {
		slices.Sort(r.entries) // the sample is the upper part of an entry
	}
}

func (r *reader) one(z variant.Zone, alt int) {
	var code variant.Code
	shorts, ok := r.calls.Shorts()
	switch {
	case ok && len(shorts) == 1 && z == variant.Autosomal && alt == 1:
		code = shorts[0].Code()
	case len(shorts) == 1:
		code, _ = variant.Classify(z, r.sexes[0], written(r.calls.Calls()[0], alt))
	default:
		code, _ = variant.Classify(z, r.sexes[0], variant.Written{Other: 2})
	}
	if code == variant.Ref {
		code = variant.RefSeen
	}
	r.entries = append(r.entries, store.MakeEntry(r.columns[0], code))
}

// autosomal is nearly every genotype there is, and nearly all of those come in their short form.
func (r *reader) autosomal(alt int) {
	shorts, ok := r.calls.Shorts()
	if !ok || alt > 1 {
		for _, c := range r.calls.Calls() {
			code, _ := variant.Classify(variant.Autosomal, variant.UnknownSex, written(c, alt))
			r.put(c.Sample(), code)
		}
		return
	}
	out := slices.Grow(r.entries, len(shorts))[:len(shorts)]
	if r.inRow {
		for i, s := range shorts {
			out[i] = store.MakeEntry(s.Sample()+r.first, s.Code())
		}
	} else {
		for i, s := range shorts {
			out[i] = store.MakeEntry(r.columns[s.Sample()], s.Code())
		}
	}
	r.entries = out
}

// everybody also looks at those who are plainly 0/0: two copies where one is expected.
func (r *reader) everybody(z variant.Zone, alt int) {
	calls := r.calls.Calls()
	for i := range uint32(len(r.columns)) {
		w := variant.Written{Other: 2}
		if len(calls) > 0 && calls[0].Sample() == i {
			w = written(calls[0], alt)
			calls = calls[1:]
		}
		code, _ := variant.Classify(z, r.sexes[i], w)
		r.put(i, code)
	}
}

func (r *reader) put(column uint32, code variant.Code) {
	if code != variant.Ref {
		r.entries = append(r.entries, store.MakeEntry(r.columns[column], code))
	}
}

// oddities counts the record's genotypes that can't be true. Each is looked at from its largest allele: what is odd
// is odd from there.
func (r *reader) oddities(z variant.Zone) {
	if z == variant.Autosomal && !r.calls.Polyploid {
		return
	}
	for _, c := range r.calls.Calls() {
		a, b := c.Alleles()
		sex := r.sexes[c.Sample()]
		if _, odd := variant.Classify(z, sex, written(c, max(a, b))); !odd || max(a, b) == 0 && c.Copies() <= 2 {
			continue
		}
		r.report.odd(oddKind(z, sex, c.Copies()), r.rec.Line)
	}
}

func oddKind(z variant.Zone, sex variant.Sex, copies int) string {
	switch {
	case z == variant.YOnly && sex == variant.Female:
		return oddFemaleY
	case copies > 2:
		return oddPloidy
	case z == variant.Mitochondrial:
		return oddMixedMT
	case z == variant.YOnly:
		return oddMaleY
	}
	return oddMaleX
}
