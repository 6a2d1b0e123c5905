package variant

import (
	"bytes"

	"github.com/samverk/samverk/fault"
)

// Trim removes what REF and ALT share, first at the end, then at the start, and leaves each at least
// one base. The results are parts of the arguments.
func Trim(pos uint32, ref, alt []byte) (uint32, []byte, []byte) {
	r, a := len(ref), len(alt)
	for r > 1 && a > 1 && ref[r-1] == alt[a-1] {
		r, a = r-1, a-1
	}
	n := 0
	for n < r-1 && n < a-1 && ref[n] == alt[n] {
		n++
	}
	return pos + uint32(n), ref[n:r], alt[n:a]
}

type class uint8

const (
	classNone  class = iota // not nucleotides
	classIUPAC              // some are ambiguity codes
	classACGTN
)

// iupac gives the bases a letter stands for, as bits of A, C, G, T (Cornish-Bowden, NAR 1985). 0: no letter of a sequence.
var iupac = func() (t [256]uint8) {
	for letter, bases := range map[byte]uint8{'A': 1, 'C': 2, 'G': 4, 'T': 8, 'M': 3, 'R': 5, 'W': 9, 'S': 6, 'Y': 10, 'K': 12,
		'V': 7, 'H': 11, 'D': 13, 'B': 14, 'N': 15} {
		t[letter], t[letter|0x20] = bases, bases
	}
	return t
}()

// plain marks ACGTN in either case.
var plain = func() (t [256]bool) {
	for _, c := range []byte("ACGTNacgtn") {
		t[c] = true
	}
	return t
}()

func baseClass(b []byte) class {
	c := classACGTN
	for _, x := range b {
		if !plain[x] {
			if iupac[x] == 0 {
				return classNone
			}
			c = classIUPAC
		}
	}
	if len(b) == 0 {
		return classNone
	}
	return c
}

// Normalizer turns REF and ALT as written into keys. It is for one goroutine; a key is good until the next call.
type Normalizer struct {
	ref      *Reference // nil: no FASTA was given
	cur      window
	buf, alt []byte // REF and ALT in upper case
	long     []byte // scratch of left-alignment
	IUPAC    int64  // records whose REF had an ambiguity code that was reduced to a base
}

// NewNormalizer makes one; r may be nil.
func NewNormalizer(r *Reference) *Normalizer { return &Normalizer{ref: r} }

// Ref reads a record's REF: letters only, upper case, ambiguity codes reduced, equal to the FASTA when there is one.
// The result is good until the next call. The error says what, not where.
func (n *Normalizer) Ref(c Chrom, pos uint32, ref []byte) ([]byte, error) {
	n.buf = append(n.buf[:0], ref...)
	ambiguous := false
	for i, x := range n.buf {
		if !plain[x] {
			if iupac[x] == 0 {
				return nil, fault.New(fault.Invalid, "%q is not written in bases", shorten(string(ref))).Where("REF").Do("correct the line, or make the file anew")
			}
			ambiguous = true
		}
		n.buf[i] = x &^ 0x20
	}
	if n.ref != nil {
		if err := n.check(c, pos); err != nil {
			return nil, err
		}
	}
	if ambiguous {
		n.IUPAC++
		for i, x := range n.buf {
			if !plain[x] {
				n.buf[i] = firstBase(iupac[x])
			}
		}
	}
	return n.buf, nil
}

// firstBase is the base of a code that comes first in the alphabet.
func firstBase(bits uint8) byte {
	for i, b := range []byte("ACGT") {
		if bits>>i&1 == 1 {
			return b
		}
	}
	return 'N'
}

// check compares n.buf with the FASTA. Letters agree when they are equal, or when either is an ambiguity
// code that covers the other; a code in the file gives way to the base in the FASTA.
func (n *Normalizer) check(c Chrom, pos uint32) error {
	for done := 0; done < len(n.buf); {
		want, err := n.cur.at(n.ref, c, pos+uint32(done))
		if err != nil {
			return err
		}
		part := n.buf[done:min(len(n.buf), done+len(want))]
		want = want[:len(part)]
		if !bytes.Equal(part, want) {
			for i := range part {
				w := want[i] &^ 0x20
				if part[i] == w {
					continue
				}
				if !compatible(part[i], w) {
					return n.mismatch(c, pos)
				}
				if !plain[part[i]] && w != 'N' {
					part[i] = w
				}
			}
		}
		done += len(part)
	}
	return nil
}

func compatible(a, b byte) bool {
	x, y := iupac[a], iupac[b]
	return x&y != 0 && (x&y == x || x&y == y) && (x&(x-1) != 0 || y&(y-1) != 0)
}

func (n *Normalizer) mismatch(c Chrom, pos uint32) error {
	var want []byte
	for i := 0; i < len(n.buf) && i < 40; i++ {
		b, err := n.cur.at(n.ref, c, pos+uint32(i))
		if err != nil {
			return err
		}
		want = append(want, b[0]&^0x20)
	}
	return fault.New(fault.Invalid, "%s at %s:%d, where the reference has %s", shorten(string(n.buf)), c, pos, want).Where("REF").
		Do("is the file on another assembly, or was it made with another FASTA?")
}

// Key makes the key of one ALT of sequence letters; ref is what Ref returned. ok is false when ALT equals REF.
func (n *Normalizer) Key(c Chrom, pos uint32, ref, alt []byte) (Key, bool, error) {
	n.alt = appendUpper(n.alt[:0], alt)
	alt = n.alt
	if bytes.Equal(ref, alt) {
		return Key{}, false, nil
	}
	pos, ref, alt = Trim(pos, ref, alt)
	if n.ref != nil && (len(ref) == 1) != (len(alt) == 1) {
		var err error
		if pos, ref, alt, err = n.leftAlign(c, pos, ref, alt); err != nil {
			return Key{}, false, err
		}
	}
	return Key{c, pos, ref, alt}, true, nil
}

// Normal is the key as a record of a file would be named here: trimmed, and with a Reference checked and left-aligned.
// Symbolic keys are their own. The result is good until the next call.
func (n *Normalizer) Normal(k Key) (Key, error) {
	if k.Symbolic() {
		return k, nil
	}
	ref, err := n.Ref(k.Chrom, k.Pos, k.Ref)
	if err != nil {
		return Key{}, err
	}
	out, ok, err := n.Key(k.Chrom, k.Pos, ref, k.Alt)
	if err == nil && !ok {
		err = fault.New(fault.Invalid, "REF and ALT are the same")
	}
	return out, err
}

// leftAlign moves an insertion or deletion as far left as it can go. One of the alleles is a single base.
// While both end with the same base, that base goes and the base before them comes (Tan 2015, algorithm 1);
// the longer allele is so a window that slides over the reference followed by itself.
func (n *Normalizer) leftAlign(c Chrom, pos uint32, ref, alt []byte) (uint32, []byte, []byte, error) {
	long, short := ref, alt
	if len(alt) > len(ref) {
		long, short = alt, ref
	}
	if long[len(long)-1] != short[0] || short[0] == 'N' || pos == 1 {
		return pos, ref, alt, nil
	}
	size := len(long)
	room := max(256, size)
	n.long = append(append(n.long[:0], make([]byte, room)...), long...)
	at, anchor := room, short[0]
	for n.long[at+size-1] == anchor && anchor != 'N' && pos > 1 { // an N is not known to equal another
		b, err := n.cur.at(n.ref, c, pos-1)
		if err != nil {
			return 0, nil, nil, err
		}
		if at == 0 {
			at = room
			copy(n.long[at:], n.long[:size])
		}
		at--
		pos--
		anchor = b[0] &^ 0x20
		if !plain[anchor] {
			anchor = firstBase(iupac[anchor])
		}
		n.long[at] = anchor
	}
	window := n.long[at : at+size]
	if len(alt) > len(ref) {
		return pos, window[:1], window, nil
	}
	return pos, window, window[:1], nil
}
