package store

import (
	"encoding/binary"
	"math/bits"

	"github.com/samverk/samverk/genome/variant"
)

// block is a block with its keys decoded and its genotypes as they lie on disk.
type block struct {
	chrom   variant.Chrom
	pos     []uint32
	allele  []uint32 // SNV: Ref code<<2 | Alt code; else longAllele | index into long
	long    []alleles
	lists   [][]Range
	listOf  []uint32 // per row, when there are lists
	step    int
	starts  []uint32 // bit of each step-th row in the genotypes
	data    []byte   // the block's bytes with slack behind them
	from    int      // where genotypes start in data
	to      int
	samples uint32
}

type alleles struct{ ref, alt []byte }

const longAllele = 1 << 31

// head reads varints and remembers whether any was bad.
type head struct {
	b   []byte
	at  int
	bad bool
}

func (h *head) num(max uint64) uint64 {
	v, n := binary.Uvarint(h.b[h.at:])
	if n <= 0 || v > max {
		h.bad = true
		return 0
	}
	h.at += n
	return v
}

// decodeBlock reads a block of a segment of n samples. data has slack bytes behind size, and the block keeps it.
func decodeBlock(data []byte, size int, n uint32) (*block, error) {
	h := head{b: data[:size]}
	rows := int(h.num(maxRows))
	b := &block{chrom: variant.Chrom(h.num(25)), data: data, samples: n}
	first := h.num(1<<32 - 1)
	param := uint(h.num(40))
	b.readLists(&h, n)
	keys, dir, gts := int(h.num(1<<30)), int(h.num(1<<30)), int(h.num(1<<30))
	if h.bad || rows == 0 || h.at+keys+dir+gts != size || rows > keys*8 {
		return nil, errBlock
	}
	b.from, b.to = h.at+keys+dir, size
	if !b.readKeys(newBitReader(data, h.at, h.at+keys), rows, uint32(first), param) ||
		!b.readDirectory(newBitReader(data, h.at+keys, h.at+keys+dir), rows) {
		return nil, errBlock
	}
	return b, nil
}

func (b *block) readLists(h *head, n uint32) {
	count := int(h.num(maxRows))
	if count == 0 {
		return
	}
	b.lists = [][]Range{nil}
	for ; count > 0 && !h.bad; count-- {
		list := make([]Range, 0, 1)
		at := uint64(0)
		for k := h.num(uint64(n)); k > 0 && !h.bad; k-- {
			from := at + h.num(uint64(n))
			at = from + h.num(uint64(n))
			if at > uint64(n) {
				h.bad = true
			}
			list = append(list, Range{uint32(from), uint32(at)})
		}
		b.lists = append(b.lists, list)
	}
}

func (b *block) readKeys(r bitReader, rows int, first uint32, param uint) bool {
	both := make([]uint32, 2*rows)
	b.pos, b.allele = both[:rows:rows], both[rows:]
	at := uint64(first)
	for i := range b.pos {
		at += r.rice(param)
		b.pos[i] = uint32(at)
	}
	if at > 1<<32-1 || !r.done() {
		return false
	}
	for i := range b.allele {
		v := r.peek()
		if v&1 == 1 {
			ref := v >> 1 & 3
			if v>>3&1 == 1 {
				b.allele[i] = uint32(ref<<2 | ref ^ 2)
				r.at += 4
			} else {
				b.allele[i] = uint32(ref<<2 | ref ^ (1 + v>>4&1*2))
				r.at += 5
			}
			continue
		}
		b.allele[i] = longAllele | uint32(len(b.long))
		if !b.readLong(&r) {
			return false
		}
	}
	return r.done()
}

func (b *block) readLong(r *bitReader) bool {
	plain := r.read(2) == 2
	nref, nalt := r.gamma(), r.gamma()
	width := uint64(2)
	if !plain {
		nref, nalt, width = nref-1, nalt-1, 8
	}
	if r.bad || (nref+nalt)*width > r.end-min(r.at, r.end)+width {
		return false
	}
	s := make([]byte, 0, nref+nalt)
	anchored := plain && r.read(1) == 1
	for range nref {
		s = appendLetter(s, r, plain)
	}
	if anchored {
		s = append(s, s[0])
		nalt--
	}
	for range nalt {
		s = appendLetter(s, r, plain)
	}
	b.long = append(b.long, alleles{s[:nref:nref], s[nref:]})
	return r.done()
}

func appendLetter(s []byte, r *bitReader, plain bool) []byte {
	if plain {
		return append(s, letters[r.read(2)])
	}
	return append(s, byte(r.read(8)))
}

func (b *block) readDirectory(r bitReader, rows int) bool {
	step := r.gamma()
	param := uint(r.read(6))
	if step > uint64(rows) || param > 40 {
		return false
	}
	b.step = int(step)
	b.starts = make([]uint32, (rows+b.step-1)/b.step)
	at := uint64(0)
	for i := range b.starts {
		b.starts[i] = uint32(at)
		if at += r.rice(param); at > uint64(b.to-b.from)*8 {
			return false
		}
	}
	if len(b.lists) > 1 {
		b.listOf = make([]uint32, rows)
		for i := range b.listOf {
			b.listOf[i] = uint32(r.read(uint(bits.Len(uint(len(b.lists) - 1)))))
			if int(b.listOf[i]) >= len(b.lists) {
				return false
			}
		}
	}
	return r.done()
}

// present is the list of samples that all have a genotype at row i.
func (b *block) present(i int) []Range {
	if b.listOf == nil {
		return nil
	}
	return b.lists[b.listOf[i]]
}

// key gives row i's key; its bytes are the block's.
func (b *block) key(i int) variant.Key {
	k := variant.Key{Chrom: b.chrom, Pos: b.pos[i]}
	if a := b.allele[i]; a&longAllele != 0 {
		l := b.long[a&^longAllele]
		k.Ref, k.Alt = l.ref, l.alt
	} else {
		k.Ref, k.Alt = oneBase[a>>2:a>>2+1:a>>2+1], oneBase[a&3:a&3+1:a&3+1]
	}
	return k
}

var oneBase = []byte(letters)

// find gives the row of a key, or -1.
func (b *block) find(k variant.Key) int {
	lo, hi := 0, len(b.pos)
	for lo < hi {
		if m := int(uint(lo+hi) >> 1); b.pos[m] < k.Pos {
			lo = m + 1
		} else {
			hi = m
		}
	}
	const long = ^uint32(0) // no row's allele
	want := uint32(long)
	if len(k.Ref) == 1 && len(k.Alt) == 1 {
		if r, a := baseCode[k.Ref[0]], baseCode[k.Alt[0]]; r < 4 && a < 4 && r != a {
			want = uint32(r)<<2 | uint32(a)
		}
	}
	for ; lo < len(b.pos) && b.pos[lo] == k.Pos; lo++ {
		a := b.allele[lo]
		if a == want {
			return lo
		}
		if want == long && a&longAllele != 0 {
			if l := b.long[a&^longAllele]; string(l.ref) == string(k.Ref) && string(l.alt) == string(k.Alt) {
				return lo
			}
		}
	}
	return -1
}

// genotypes is one decoded row: carriers, which of them are Full (as indexes into carriers), and the others.
type genotypes struct {
	carriers []uint32
	full     []uint32
	others   []Entry
	// A row of form 3: bitmaps of all carriers and of the Full ones; carriers and full are empty.
	dense     bool
	all, homs []uint64
	// A row of form 2: the earlier row and who differs, with the bit that says how.
	like   int // -1 for none
	differ []uint32
	bit    []uint8
	tmp    []uint32
}

// readRow decodes the row at r. Damaged bytes set r.bad.
func (b *block) readRow(r *bitReader, g *genotypes, row int) {
	g.carriers, g.full, g.others, g.like, g.dense = g.carriers[:0], g.full[:0], g.others[:0], -1, false
	form := r.unary()
	if form == rowOther {
		b.readOthers(r, g)
		form = r.unary()
	}
	switch form {
	case rowOne:
		x := uint32(r.read(indexBits(b.samples)))
		if x >= b.samples {
			r.bad = true
			return
		}
		g.carriers = append(g.carriers, x)
		if r.read(1) == 1 {
			g.full = append(g.full, 0)
		}
	case rowMany:
		b.readMany(r, g)
	case rowLike:
		b.readLike(r, g, row)
	case rowPlanes:
		b.readPlanes(r, g)
	case rowNone:
	default:
		r.bad = true
	}
}

func (b *block) readMany(r *bitReader, g *genotypes) {
	k := uint32(min(r.gamma(), maxSamples)) + 1
	g.carriers, g.tmp = r.subset(g.carriers, g.tmp, k, b.samples)
	if r.bad || r.read(1) == 1 {
		return
	}
	full := uint32(r.read(uint(bits.Len32(k))))
	g.full, g.tmp = r.subset(g.full, g.tmp, full, k)
}

func (b *block) readPlanes(r *bitReader, g *genotypes) {
	words := (int(b.samples) + 63) / 64
	if cap(g.all) < words {
		if uint64(b.samples) > r.end-min(r.at, r.end) {
			r.bad = true
			return
		}
		g.all, g.homs = make([]uint64, words), make([]uint64, words)
	}
	g.dense = true
	g.all, g.homs = g.all[:words], g.homs[:words]
	r.words(g.all, b.samples)
	if r.read(1) == 1 {
		r.words(g.homs, b.samples)
		return
	}
	clear(g.homs)
	h := uint32(r.read(uint(bits.Len32(b.samples))))
	g.differ, g.tmp = r.subset(g.differ, g.tmp, h, b.samples)
	for _, x := range g.differ {
		g.homs[x>>6] |= 1 << (x & 63)
	}
}

// words reads a bitmap of n bits.
func (r *bitReader) words(dst []uint64, n uint32) {
	if r.at+uint64(n) > r.end {
		r.bad = true
		clear(dst)
		return
	}
	at, s := r.buf[r.at>>3:], r.at&7
	for i := range dst {
		dst[i] = binary.LittleEndian.Uint64(at[8*i:])>>s | uint64(at[8*i+8])<<(64-s) // a shift by 64 is zero
	}
	if rest := n & 63; rest != 0 {
		dst[len(dst)-1] &= 1<<rest - 1
	}
	r.at += uint64(n)
}

// sparse turns a row of form 3 into lists, as the other forms have.
func (g *genotypes) sparse() {
	if !g.dense {
		return
	}
	g.dense = false
	for w, word := range g.all {
		for ; word != 0; word &= word - 1 {
			bit := word & -word
			if g.homs[w]&bit != 0 {
				g.full = append(g.full, uint32(len(g.carriers)))
			}
			g.carriers = append(g.carriers, uint32(w<<6+bits.TrailingZeros64(word)))
		}
	}
}

func (b *block) readLike(r *bitReader, g *genotypes, row int) {
	back := int(r.read(backBits))
	d := uint32(min(r.gamma(), maxSamples)) - 1
	g.differ, g.tmp = r.subset(g.differ, g.tmp, d, b.samples)
	if back == 0 || back > row || r.bad {
		r.bad = true
		return
	}
	g.like = row - back
	if cap(g.bit) < len(g.differ) {
		g.bit = make([]uint8, 2*len(g.differ))
	}
	g.bit = g.bit[:len(g.differ)]
	for i := 0; i < len(g.bit); {
		v := r.peek()
		n := min(56, len(g.bit)-i)
		for j := range g.bit[i : i+n] {
			g.bit[i+j] = uint8(v & 1)
			v >>= 1
		}
		r.at += uint64(n)
		i += n
	}
}

func (b *block) readOthers(r *bitReader, g *genotypes) {
	n := r.gamma()
	next := uint64(0)
	for ; n > 0 && !r.bad; n-- {
		next += r.gamma() - 1
		c := variant.Code(r.read(4))
		if next >= uint64(b.samples) || c <= variant.Full || c > variant.HomTwo {
			r.bad = true
			return
		}
		g.others = append(g.others, MakeEntry(uint32(next), c))
		next++
	}
}

// rowAt gives a reader at the start of row i, skipping less than a step of rows.
func (b *block) rowAt(i int, g *genotypes) bitReader {
	r := newBitReader(b.data, b.from, b.to)
	r.at += uint64(b.starts[i/b.step])
	for j := i - i%b.step; j < i; j++ {
		b.readRow(&r, g, j)
	}
	return r
}
