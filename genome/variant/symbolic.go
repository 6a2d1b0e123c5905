package variant

import (
	"bytes"
	"strconv"
)

// SV is what INFO says of a symbolic allele; zero is not told.
type SV struct {
	End    uint32 // END
	Length uint32 // |SVLEN|
}

// AlleleKind sorts an ALT as it stands in a file.
type AlleleKind uint8

// Kinds of ALT.
const (
	Bases          AlleleKind = iota // ACGTN in either case
	Ambiguous                        // letters, some of them IUPAC ambiguity codes: names no variant
	Star                             // "*": spanning deletion. Never a key, counts in AN
	AnyOther                         // <NON_REF>, <*>, <X>: stands for no allele
	SymbolicAllele                   // <DEL>, <DUP>, <INS>, <INV>, <CNV> …
	Breakend                         // G]chr17:198982], G. and .G
	NoAllele                         // ".": no ALT
	BadAllele                        // not VCF
)

// KindOfAlt sorts an ALT.
func KindOfAlt(alt []byte) AlleleKind {
	if len(alt) == 0 {
		return BadAllele
	}
	switch baseClass(alt) {
	case classACGTN:
		return Bases
	case classIUPAC:
		return Ambiguous
	}
	switch {
	case len(alt) == 1 && alt[0] == '*':
		return Star
	case len(alt) == 1 && alt[0] == '.':
		return NoAllele
	case alt[0] == '<' && alt[len(alt)-1] == '>':
		name := string(alt[1 : len(alt)-1])
		if name == "NON_REF" || name == "*" || name == "X" {
			return AnyOther
		}
		if symbolicType(name) {
			return SymbolicAllele
		}
		return BadAllele
	}
	if _, ok := AppendBreakend(nil, alt); ok {
		return Breakend
	}
	return BadAllele
}

// symbolicType: printable without the characters that VCF and our names use around it.
func symbolicType(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] >= 0x7f || s[i] == '<' || s[i] == '>' || s[i] == ',' || s[i] == '=' || s[i] == '[' || s[i] == ']' {
			return false
		}
	}
	return len(s) > 0 && len(s) <= 256
}

// IsInsertion tells whether a symbolic allele ("<INS>", "<INS:ME:ALU>") has a length rather than an end.
func IsInsertion(alt []byte) bool { return bytes.HasPrefix(alt, []byte("<INS")) }

// AppendSymbolic writes a symbolic allele's canonical name: the type with END, or SVLEN for insertions.
// Where END is not told it follows from SVLEN: POS is the base before the event, so END is POS + SVLEN. The
// type is as written; an allele without either is the bare type.
func AppendSymbolic(dst, alt []byte, pos uint32, sv SV) []byte {
	dst = append(dst, alt...)
	if IsInsertion(alt) {
		if sv.Length > 0 {
			dst = append(dst, "SVLEN="...)
			dst = strconv.AppendUint(dst, uint64(sv.Length), 10)
		}
		return dst
	}
	end := sv.End
	if end == 0 && sv.Length > 0 {
		end = pos + sv.Length
	}
	if end > 0 {
		dst = append(dst, "END="...)
		dst = strconv.AppendUint(dst, uint64(end), 10)
	}
	return dst
}

// AppendBreakend writes a breakend's canonical text: bases upper-case, the mate's sequence by the name
// we use when it is a primary one. ok is false when alt is not a breakend.
func AppendBreakend(dst, alt []byte) (_ []byte, ok bool) {
	first := bytes.IndexAny(alt, "[]")
	if first < 0 {
		return appendSingleBreakend(dst, alt)
	}
	last := bytes.LastIndexByte(alt, alt[first])
	if last == first || (first > 0) == (last < len(alt)-1) {
		return dst, false // one bracket, or bases on both sides or on none
	}
	bases, mate := alt[:first], alt[first+1:last]
	if first == 0 {
		bases = alt[last+1:]
	}
	colon := bytes.LastIndexByte(mate, ':')
	if colon < 1 || baseClass(bases) == classNone || bytes.ContainsAny(mate, "[] \t,") || !isNumber(mate[colon+1:]) {
		return dst, false
	}
	if first > 0 {
		dst = appendUpper(dst, bases)
	}
	dst = append(dst, alt[first])
	if c, primary := ParseChrom(mate[:colon]); primary {
		dst = append(dst, c.String()...)
	} else {
		dst = append(dst, mate[:colon]...)
	}
	dst = append(dst, mate[colon:]...)
	dst = append(dst, alt[first])
	if first == 0 {
		dst = appendUpper(dst, bases)
	}
	return dst, true
}

func appendSingleBreakend(dst, alt []byte) ([]byte, bool) {
	n := len(alt)
	switch {
	case n > 1 && alt[0] == '.' && baseClass(alt[1:]) != classNone:
		return appendUpper(append(dst, '.'), alt[1:]), true
	case n > 1 && alt[n-1] == '.' && baseClass(alt[:n-1]) != classNone:
		return append(appendUpper(dst, alt[:n-1]), '.'), true
	}
	return dst, false
}

func isNumber(b []byte) bool {
	for _, c := range b {
		if c < '0' || c > '9' {
			return false
		}
	}
	return len(b) > 0 && len(b) <= 10
}

func appendUpper(dst, b []byte) []byte {
	for _, c := range b {
		dst = append(dst, c&^0x20)
	}
	return dst
}
