package variant

import (
	"bytes"
	"strconv"
	"strings"

	"github.com/samverk/samverk/fault"
)

// maxPos is the largest position anywhere on GRCh38, the length of chr1.
const maxPos = 248_956_422

// maxName bounds a key's text: alleles longer than this are not asked for by hand.
const maxName = 1 << 16

// String is the key's name: chr22-50000165-C-T, chr1-1000-<DEL>-2000, chr1-1000-<INS>-300,
// chr2-321681-G]chr17:198982]. ParseKey reads it back.
func (k Key) String() string {
	var b strings.Builder
	b.WriteString(k.Chrom.String())
	b.WriteByte('-')
	b.WriteString(strconv.FormatUint(uint64(k.Pos), 10))
	b.WriteByte('-')
	if len(k.Ref) > 0 {
		b.Write(k.Ref)
		b.WriteByte('-')
		b.Write(k.Alt)
		return b.String()
	}
	end := bytes.IndexByte(k.Alt, '>')
	if len(k.Alt) > 0 && k.Alt[0] == '<' && end > 0 {
		b.Write(k.Alt[:end+1])
		if eq := bytes.IndexByte(k.Alt[end:], '='); eq >= 0 {
			b.WriteByte('-')
			b.Write(k.Alt[end+eq+1:])
		}
		return b.String()
	}
	b.Write(k.Alt)
	return b.String()
}

// Symbolic tells whether the key names a structural variant or breakend rather than a sequence.
func (k Key) Symbolic() bool { return len(k.Ref) == 0 }

// ParseKey reads a variant's name, as String writes it; the chromosome without chr or as an accession,
// and : or _ for - are understood too. The key is trimmed; it is not left-aligned. The key's slices are its own.
func ParseKey(s string) (Key, error) {
	if len(s) > maxName {
		return Key{}, fault.New(fault.Invalid, "a variant's name is at most %d characters", maxName)
	}
	c, rest, ok := cutChrom(s)
	if !ok {
		return Key{}, badKey(s, "it does not start with a chromosome")
	}
	num, rest, ok := cutSeparator(rest)
	pos, okPos := parsePos(num)
	if !ok || !okPos || pos > c.Length() {
		return Key{}, badKey(s, "it has no position on "+c.String())
	}
	if strings.ContainsAny(rest, "<[]") || strings.HasPrefix(rest, ".") || strings.HasSuffix(rest, ".") {
		return parseSymbolicName(s, c, pos, rest)
	}
	ref, alt, ok := cutSeparator(rest)
	r, okR := upperBases(ref)
	a, okA := upperBases(alt)
	switch {
	case !ok || !okR || !okA:
		return Key{}, badKey(s, "REF and ALT are written in A, C, G, T, N")
	case bytes.Equal(r, a):
		return Key{}, badKey(s, "REF and ALT are the same")
	case uint64(pos)+uint64(len(r))-1 > uint64(c.Length()):
		return Key{}, badKey(s, "REF reaches past the end of "+c.String())
	}
	pos, r, a = Trim(pos, r, a)
	return Key{c, pos, r, a}, nil
}

func badKey(s, why string) *fault.Error {
	return fault.New(fault.Invalid, "%q is not a variant: %s", shorten(s), why).
		Do("write it as CHROM-POS-REF-ALT, for example chr22-50000165-C-T")
}

func shorten(s string) string {
	if len(s) > 80 {
		return s[:77] + "…"
	}
	return s
}

// cutChrom splits a name at the separator after the chromosome; an accession has an underscore of its own.
func cutChrom(s string) (Chrom, string, bool) {
	from := 0
	if strings.HasPrefix(s, "NC_") {
		from = 3
	}
	i := strings.IndexAny(s[from:], "-:_")
	if i < 0 {
		return 0, "", false
	}
	c, ok := ParseChrom(s[:from+i])
	return c, s[from+i+1:], ok
}

func cutSeparator(s string) (before, after string, ok bool) {
	i := strings.IndexAny(s, "-:_")
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+1:], true
}

func parsePos(s string) (uint32, bool) {
	if s == "" || len(s) > 9 {
		return 0, false
	}
	n := uint32(0)
	for i := range len(s) {
		d := s[i] - '0'
		if d > 9 {
			return 0, false
		}
		n = n*10 + uint32(d)
	}
	return n, n >= 1 && n <= maxPos
}

func upperBases(s string) ([]byte, bool) {
	b := []byte(s)
	for i, c := range b {
		if c >= 'a' {
			c -= 0x20
		}
		if c != 'A' && c != 'C' && c != 'G' && c != 'T' && c != 'N' {
			return nil, false
		}
		b[i] = c
	}
	return b, len(b) > 0
}

// parseSymbolicName reads what follows the position: <DEL>-2000, <DEL>END=2000, <INS>, G]chr17:198982].
func parseSymbolicName(s string, c Chrom, pos uint32, rest string) (Key, error) {
	if rest[0] != '<' {
		alt, ok := AppendBreakend(nil, []byte(rest))
		if !ok {
			return Key{}, badKey(s, "the breakend is not written as VCF has it")
		}
		return Key{Chrom: c, Pos: pos, Alt: alt}, nil
	}
	i := strings.IndexByte(rest, '>')
	if i < 2 || !symbolicType(rest[1:i]) {
		return Key{}, badKey(s, "the symbolic allele is not written as VCF has it")
	}
	typ, tail := rest[:i+1], rest[i+1:]
	var sv SV
	insertion := IsInsertion([]byte(typ))
	if tail != "" {
		tail = strings.TrimPrefix(strings.TrimPrefix(strings.TrimLeft(tail, "-:_"), "END="), "SVLEN=")
		n, ok := parsePos(tail)
		if !ok || !insertion && (n < pos || n > c.Length()) {
			return Key{}, badKey(s, "what follows the symbolic allele is its end, or an insertion's length")
		}
		if insertion {
			sv.Length = n
		} else {
			sv.End = n
		}
	}
	return Key{Chrom: c, Pos: pos, Alt: AppendSymbolic(nil, []byte(typ), pos, sv)}, nil
}

// Region is a stretch of a sequence, 1-based, both ends in it.
type Region struct {
	Chrom    Chrom
	From, To uint32
}

// String is chr22:50000000-50000200.
func (r Region) String() string {
	return r.Chrom.String() + ":" + strconv.FormatUint(uint64(r.From), 10) + "-" + strconv.FormatUint(uint64(r.To), 10)
}

// ParseRegion reads chr22:50000000-50000200, chr22:50000165 (one base) or chr22 (all of it). Commas in
// numbers are skipped; an end past the sequence's is its end.
func ParseRegion(s string) (Region, error) {
	bad := func(why string) (Region, error) {
		return Region{}, fault.New(fault.Invalid, "%q is not a region: %s", shorten(s), why).
			Do("write it as CHROM:FROM-TO, for example chr22:50000000-50000200")
	}
	name, span, ranged := strings.Cut(s, ":")
	c, ok := ParseChrom(name)
	if !ok {
		return bad("it does not start with a chromosome")
	}
	if !ranged {
		return Region{c, 1, c.Length()}, nil
	}
	from, to, two := strings.Cut(strings.ReplaceAll(span, ",", ""), "-")
	if !two {
		to = from
	}
	f, ok1 := parsePos(from)
	t, ok2 := parsePos(to)
	switch {
	case !ok1 || !ok2:
		return bad("FROM and TO are positions, the first is 1")
	case f > t:
		return bad("FROM is after TO")
	case f > c.Length():
		return bad(c.String() + " is shorter than that")
	}
	return Region{c, f, min(t, c.Length())}, nil
}
