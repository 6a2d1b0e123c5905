package bgzf

import "math/bits"

// Decoding tables. The next bits of the stream, as many as the main table has, index it directly; longer codes lead on
// to a subtable behind it. An entry says everything about its symbol:
//
//	bits 0–4   bits to drop: the code and its extra bits. In a subtable without the main table's bits
//	bits 8–11  bits of the code alone, so that the extra bits are those between
//	bits 16–30 base of a length or distance
//
// or, for literals (one, or two where both codes fit in the index),
//
//	bits 0–4   bits to drop
//	bits 8–23  the literals, the first one lowest
//	bits 24–25 how many
//	bit  31    set
//
// or, where bit 15 is set, something odd: a subtable (bit 14; bits 0–3 its index bits, 16–30 its place), the end of the
// block (bit 13; bits 0–4 bits to drop), or no symbol at all.
const (
	isLiteral = 1 << 31
	literals  = 24
	isOdd     = 1 << 15
	isSub     = 1 << 14
	isEnd     = 1 << 13
	noSymbol  = isOdd

	// 11 bits are no faster on VCF text, since every block of 64 KiB brings its own tables.
	litBits, distBits, preBits = 10, 8, 7
	// The largest tables codes of up to 15 bits can need are 1334 entries for 288 symbols at 10 bits and 402 for 32
	// at 8 (zlib's examples/enough.c counts them). Powers of two let an index be masked.
	litSize, distSize = 2048, 512

	maxLit, maxDist, preSyms = 286, 30, 19
	maxCode                  = 15
)

// preOrder is the order in which the lengths of the code length code come (RFC 1951, 3.2.7).
var preOrder = [preSyms]uint8{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}

type tables struct {
	lit  [litSize]uint32
	dist [distSize]uint32
}

// Entries per symbol, without the bits of the code.
var (
	litEntries  = makeLitEntries()
	distEntries = makeDistEntries()
	fixed       = makeFixed()
)

func makeLitEntries() (t [288]uint32) {
	for i := range 256 {
		t[i] = isLiteral | 1<<literals | uint32(i)<<8
	}
	t[256] = isOdd | isEnd
	base := uint32(3)
	for i := range uint32(28) { // four lengths to each number of extra bits, after the first eight with none
		extra := uint32(0)
		if i >= 8 {
			extra = i/4 - 1
		}
		t[257+i] = base<<16 | extra
		base += 1 << extra
	}
	t[285] = 258 << 16
	t[286], t[287] = noSymbol, noSymbol
	return t
}

func makeDistEntries() (t [288]uint32) {
	base := uint32(1)
	for i := range uint32(30) { // two distances to each number of extra bits, after the first four with none
		extra := uint32(0)
		if i >= 4 {
			extra = i/2 - 1
		}
		t[i] = base<<16 | extra
		base += 1 << extra
	}
	t[30], t[31] = noSymbol, noSymbol
	return t
}

func makeFixed() (t tables) {
	var lens [288]uint8
	for i := range lens {
		switch {
		case i < 144:
			lens[i] = 8
		case i < 256:
			lens[i] = 9
		case i < 280:
			lens[i] = 7
		default:
			lens[i] = 8
		}
	}
	var d [32]uint8
	for i := range d {
		d[i] = 5
	}
	var s sorter
	if !s.build(t.lit[:], litBits, lens[:], &litEntries) || !s.build(t.dist[:], distBits, d[:], &distEntries) {
		panic("bgzf: the fixed code of RFC 1951 is complete")
	}
	t.pair()
	return t
}

// sorter sorts symbols by the length of their codes, which is all a canonical code is.
type sorter struct {
	count  [maxCode + 1]int
	sorted [288]uint16
}

// sort fills count and sorted, and tells whether the code can be: complete, or empty, or one symbol of one bit (which
// deflate allows for distances; compress/flate and zlib's older versions let it pass for the other codes too).
func (s *sorter) sort(lens []uint8) (whole, ok bool) {
	s.count = [maxCode + 1]int{}
	for _, l := range lens {
		s.count[l&maxCode]++
	}
	var at [maxCode + 2]int
	space, used := 0, 0 // of 1<<15 code words
	for l := 1; l <= maxCode; l++ {
		at[l+1] = at[l] + s.count[l]
		space += s.count[l] << (maxCode - l)
		used += s.count[l]
	}
	for i, l := range lens {
		if l != 0 {
			s.sorted[at[l]] = uint16(i)
			at[l]++
		}
	}
	switch {
	case space == 1<<maxCode:
		return true, true
	case used == 0, used == 1 && s.count[1] == 1:
		return false, true
	}
	return false, false
}

// build makes the table of a code, and tells whether the code is one.
func (s *sorter) build(t []uint32, width int, lens []uint8, entries *[288]uint32) bool {
	whole, ok := s.sort(lens)
	if !ok {
		return false
	}
	if !whole { // one symbol, code 0, or none
		for i := range 1 << width {
			t[i] = noSymbol
			if s.count[1] == 1 && i&1 == 0 {
				t[i] = withCode(entries[s.sorted[0]], 1)
			}
		}
		return true
	}
	symbols := s.sorted[:]
	code := uint32(0) // bit-reversed, as it lies in the stream
	for l := 1; l <= width; l++ {
		copy(t[1<<(l-1):1<<l], t[:1<<(l-1)]) // what is shorter repeats
		for _, sym := range symbols[:s.count[l]] {
			t[code] = withCode(entries[sym], uint32(l))
			code = next(code, l)
		}
		symbols = symbols[s.count[l]:]
	}
	s.subtables(t, width, symbols, code, entries)
	return true
}

// subtables adds the codes longer than the main table's index.
func (s *sorter) subtables(t []uint32, width int, symbols []uint16, code uint32, entries *[288]uint32) {
	top := 1 << width // where the next subtable goes
	prefix, place, size := ^uint32(0), 0, 0
	for l := width + 1; l <= maxCode; l++ {
		for i, sym := range symbols[:s.count[l]] {
			if p := code & (1<<width - 1); p != prefix {
				prefix, place = p, top
				size = s.subtableBits(width, l, s.count[l]-i)
				top += 1 << size
				t[p] = isOdd | isSub | uint32(place)<<16 | uint32(size)
			}
			e := withCode(entries[sym], uint32(l-width))
			for j := int(code >> width); j < 1<<size; j += 1 << (l - width) {
				t[place+j] = e
			}
			code = next(code, l)
		}
		symbols = symbols[s.count[l]:]
	}
}

// subtableBits is the index width of a subtable that begins with codes of length l, left of them still to come.
func (s *sorter) subtableBits(width, l, left int) int {
	size, used := l-width, left
	for used < 1<<size && width+size < maxCode {
		size++
		used = used<<1 + s.count[width+size]
	}
	return size
}

// withCode completes an entry: bits to drop are the code's and the extra ones already there.
func withCode(e, code uint32) uint32 {
	switch {
	case e&isLiteral != 0, e&isEnd != 0:
		return e + code
	case e&isOdd != 0:
		return e
	}
	return e + code | code<<8
}

// next is the code after this one of l bits, bit-reversed: adding one from the top.
func next(code uint32, l int) uint32 {
	free := ^code & (1<<l - 1)
	if free == 0 {
		return 0 // all ones: the code is full, and there is no next
	}
	top := uint32(1) << (bits.Len32(free) - 1)
	return code&(top-1) | top
}

// pair joins two literals whose codes fit in the index together into one entry.
func (t *tables) pair() {
	main := t.lit[:1<<litBits]
	for i := len(main) - 1; i >= 0; i-- { // downwards: i>>k < i is not joined yet, except 0, which is last
		e := main[i]
		if e&isLiteral == 0 {
			continue
		}
		used := e & 31
		f := main[i>>used]
		if f&isLiteral == 0 || f>>literals&3 != 1 || used+f&31 > litBits {
			continue
		}
		main[i] = isLiteral | 2<<literals | f&0xff00<<8 | e&0xff00 | (used + f&31)
	}
}

// pretable makes the table of the code length code: symbol << 4 | bits, 0 where there is none.
func (s *sorter) pretable(t *[1 << preBits]uint16, lens *[preSyms]uint8) bool {
	whole, ok := s.sort(lens[:])
	if !ok {
		return false
	}
	if !whole {
		*t = [1 << preBits]uint16{}
	}
	symbols, code := s.sorted[:], uint32(0)
	for l := 1; l <= preBits; l++ {
		for _, sym := range symbols[:s.count[l]] {
			for i := int(code); i < 1<<preBits; i += 1 << l {
				t[i] = sym<<4 | uint16(l)
			}
			code = next(code, l)
		}
		symbols = symbols[s.count[l]:]
	}
	return true
}
