package variant

// Code is one person's genotype for one ALT, as it is counted. The numbers are stored.
type Code uint8

// The codes, with the allele count (AC) and allele number (AN) each is worth. "Expected" is Expected.
const (
	Ref     Code = iota // every expected copy is reference (or another allele)
	Het                 // AC 1, AN 2
	Full                // every expected copy is this ALT: homozygous where two are expected, hemizygous where one
	Missing             // AC 0, AN 0
	One                 // AC 1, AN 1, hemizygous: haploid as written where two copies are expected
	Half                // AC 1, AN 1, heterozygous: ./1
	RefOne              // AC 0, AN 1: ./0, or haploid 0 where two are expected
	RefSeen             // Ref that was written out; the store's own use
	RefTwo              // AC 0, AN 2 where two copies are not expected
	HomTwo              // AC 2, AN 2, homozygous where two copies are not expected
)

// Sex as it bears on copies of X and Y; the same numbers as individual.Sex.
type Sex uint8

// Sexes.
const (
	UnknownSex Sex = iota
	Male
	Female
)

// Expected is how many copies of a place a person has. Of unknown sex: two on X, one on Y.
func Expected(z Zone, s Sex) int {
	switch z {
	case XOnly:
		if s == Male {
			return 1
		}
	case YOnly:
		if s == Female {
			return 0
		}
		return 1
	case Mitochondrial:
		return 1
	}
	return 2
}

// Written is a genotype as a file states it, seen from one ALT.
type Written struct {
	Alt     int  // copies of this ALT
	Other   int  // copies of REF, of other ALTs and of "*"
	Missing int  // copies written "."
	Mixed   bool // the called copies are not all of one allele
}

// Classify turns a written genotype into a code. Odd says that it can't be true of this person at this
// place and is to be reported.
//
// Men have one copy of X and Y outside the pseudoautosomal regions: 1/1 there is one hemizygous allele,
// 0/1 is odd and counts as missing. Women have no Y: an allele there is odd. A mixed mitochondrial genotype
// is heteroplasmy: none, and odd. Of unknown sex the ploidy counts as written. More than two copies are odd.
func Classify(z Zone, s Sex, w Written) (c Code, odd bool) {
	called := w.Alt + w.Other
	expected := Expected(z, s)
	switch {
	case expected == 0 && w.Alt == 0:
		return Ref, false
	case expected == 0:
		return Missing, true
	case called == 0:
		return Missing, false
	case called+w.Missing > 2:
		return Missing, true
	case z == Mitochondrial && w.Mixed:
		return Ref, true
	case expected == 1 && (z == Mitochondrial || s == Male):
		return oneCopy(w)
	case expected == 1:
		return unknownY(w), false
	}
	return twoCopies(w), false
}

// oneCopy: men on X and Y, everybody on MT.
func oneCopy(w Written) (Code, bool) {
	switch {
	case w.Mixed:
		return Missing, true
	case w.Alt > 0:
		return Full, false
	}
	return Ref, false
}

func twoCopies(w Written) Code {
	switch {
	case w.Alt == 2:
		return Full
	case w.Alt == 1 && w.Other == 1:
		return Het
	case w.Alt == 1 && w.Missing == 1:
		return Half
	case w.Alt == 1:
		return One
	case w.Other == 2:
		return Ref
	}
	return RefOne
}

// unknownY: sex unknown, where one copy is expected and the ploidy counts as written.
func unknownY(w Written) Code {
	switch {
	case w.Alt == 2:
		return HomTwo
	case w.Alt == 1 && w.Other == 1:
		return Het
	case w.Alt == 1 && w.Missing == 1:
		return Half
	case w.Alt == 1:
		return Full
	case w.Other == 2:
		return RefTwo
	}
	return Ref
}
