package bgzf

import (
	"encoding/binary"
	"math/bits"
	"slices"
	"unsafe"
)

// One-shot deflate (RFC 1951) for BGZF blocks. A block is at most 65,280 bytes and knows nothing of the one before it:
// positions fit in 16 bits, the window never slides, and there is one dynamic Huffman block, with its own codes, to each.

// effort is how hard a level looks for matches.
type effort struct {
	depth int // how many earlier places are compared
	lazy  int // a match shorter than this waits for a look at the next byte
	nice  int // a match this long is taken at once
	step  int // of the places inside a match, one in so many is entered
}

// efforts are the levels'. They were chosen on a genome of GATK's and on 2,000 people's genotypes: the table is in doc.go.
var efforts = [10]effort{
	1: {depth: 1, nice: 32, step: 2},
	2: {depth: 2, nice: 32, step: 2},
	3: {depth: 4, nice: 32, step: 2},
	4: {depth: 4, lazy: 8, nice: 64, step: 1},
	5: {depth: 8, lazy: 8, nice: 64, step: 1},
	6: {depth: 8, lazy: 16, nice: 64, step: 1},
	7: {depth: 16, lazy: 16, nice: 128, step: 1},
	8: {depth: 32, lazy: 32, nice: maxMatch, step: 1},
	9: {depth: 256, lazy: maxMatch, nice: maxMatch, step: 1},
}

const (
	hashBits = 15
	// minMatch is 5, though deflate knows matches of 3: on VCF text four literals cost no more than a match of 4,
	// and the chains are half as long.
	minMatch = 5
	maxMatch = 258
	window   = 32 << 10
	isMatch  = 1 << 31 // a token: length-3 << 16 | distance-1; else a literal
	// textSlack bytes must be readable after the text: comparisons take 8 at a time.
	textSlack = 16
)

// deflater holds the tables, reused from block to block. It is for one goroutine at a time.
type deflater struct {
	effort
	head   [1 << hashBits]uint16 // last place of a hash, from 1; 0 is none
	prev   [1 << 16]uint16       // the place before a place
	tokens []uint32
	lits   [maxLit]uint32 // how often
	dists  [maxDist]uint32
	lit    code
	dist   code
	order  []uint32
	match  [256]bitString // by length-3: code and extra bits
	out    []byte
	at     int
	acc    uint64
	n      uint
}

// bitString is up to 32 bits, the first one lowest.
type bitString struct {
	v uint32
	n uint32
}

// code is a Huffman code.
type code struct {
	lens [288]uint8
	bits [288]bitString
}

var (
	lengthSlots, distSlots = makeSlots()
	lengthBase, lengthMore = makeBases(litEntries[257:286])
	distBase, distMore     = makeBases(distEntries[:30])
)

// makeBases takes bases and numbers of extra bits from the decoder's entries.
func makeBases(entries []uint32) (base [30]uint16, more [30]uint8) {
	for i, e := range entries {
		base[i], more[i] = uint16(e>>16), uint8(e&31)
	}
	return base, more
}

// makeSlots gives the slot of each length-3, and of each distance-1 under 256 and, from 256 on, of each 128 of them.
func makeSlots() (lengths [256]uint8, dists [512]uint8) {
	for l := range lengths {
		for s := range 29 {
			if int(litEntries[257+s]>>16) <= l+3 {
				lengths[l] = uint8(s)
			}
		}
	}
	for i := range dists {
		d := i
		if i >= 256 {
			d = (i - 256) << 7
		}
		for s := range 30 {
			if int(distEntries[s]>>16) <= d+1 {
				dists[i] = uint8(s)
			}
		}
	}
	return lengths, dists
}

// distSlot is the slot of distance d+1.
func distSlot(d uint32) uint8 {
	if d < 256 {
		return distSlots[d]
	}
	return distSlots[256+d>>7&255]
}

// deflate appends the text's deflate data to out; ok is false where a stored block is as small. text must be readable
// to its length and textSlack.
func (d *deflater) deflate(out, text []byte) (_ []byte, ok bool) {
	d.tokenize(text)
	d.lits[256]++
	d.lit.make(d.lits[:], &d.order)
	d.dist.make(d.dists[:], &d.order)
	// A literal takes up to 15 bits, a match of 5 bytes or more up to 48; the header under 300 bytes.
	d.out = slices.Grow(out, 2*len(text)+1024)
	d.out, d.at = d.out[:cap(d.out)], len(out)
	d.acc, d.n = 0, 0
	d.header()
	d.body()
	for ; d.n > 0; d.n -= min(d.n, 8) {
		d.out[d.at] = byte(d.acc)
		d.acc >>= 8
		d.at++
	}
	return d.out[:d.at], d.at-len(out) < len(text)+5
}

// hash is of the first minMatch bytes of v.
func hash(v uint64) uint64 { return v << (64 - 8*minMatch) * 0x9e3779b97f4a7c15 >> (64 - hashBits) }

// tokenize turns text into literals and matches.
func (d *deflater) tokenize(text []byte) {
	clear(d.head[:])
	clear(d.lits[:])
	clear(d.dists[:])
	d.tokens = d.tokens[:0]
	n := len(text)
	b := text[:n+textSlack]
	i := 0
	for i+minMatch <= n {
		length, distance := d.longest(b, i, minMatch-1, n)
		if length < minMatch {
			d.literal(b[i])
			i++
			continue
		}
		from := i
		for length < d.lazy && i+1+minMatch <= n {
			l, o := d.longest(b, i+1, length, n)
			from = i + 1
			if l <= length {
				break
			}
			d.literal(b[i])
			i++
			length, distance = l, o
		}
		d.pair(length, distance)
		end := i + length
		for j := max(from, i) + 1; j < end && j+minMatch <= n; j += d.step {
			if j >= i+24 && j < end-8 { // a long match's middle is seldom where another begins
				j = end - 8
			}
			h := hash(binary.LittleEndian.Uint64(b[j:]))
			d.prev[uint16(j)] = d.head[h]
			d.head[h] = uint16(j + 1)
		}
		i = end
	}
	for ; i < n; i++ {
		d.literal(b[i])
	}
}

func (d *deflater) literal(c byte) {
	d.lits[c]++
	d.tokens = append(d.tokens, uint32(c))
}

func (d *deflater) pair(length, distance int) {
	l, o := uint32(length-3), uint32(distance-1)
	d.lits[257+int(lengthSlots[l&255])]++
	d.dists[distSlot(o)]++
	d.tokens = append(d.tokens, isMatch|l<<16|o)
}

// longest enters place i, and gives the longest match there is for it that is longer than best.
//
// It loads without checks, which makes a fifth of the whole. b is readable to n+textSlack, and no load reaches further
// than n+8: i+minMatch <= n, best < limit <= n-i, a comparison goes on while it is under limit, and p < i.
func (d *deflater) longest(b []byte, i, best, n int) (length, distance int) {
	base := unsafe.Pointer(unsafe.SliceData(b))
	v := load64(base, i)
	h := hash(v)
	p := int(d.head[h]) - 1
	d.prev[uint16(i)] = uint16(p + 1)
	d.head[h] = uint16(i + 1)
	limit := min(maxMatch, n-i)
	if best >= limit {
		return best, 0
	}
	last := load32(base, i+best-3)
	for depth := d.depth; p >= 0 && depth > 0 && i-p <= window; depth-- {
		if load32(base, p+best-3) == last && load32(base, p) == uint32(v) {
			l := 4
			for l < limit {
				if x := load64(base, i+l) ^ load64(base, p+l); x != 0 {
					l += bits.TrailingZeros64(x) >> 3
					break
				}
				l += 8
			}
			l = min(l, limit)
			if l > best {
				best, distance = l, i-p
				if l >= d.nice || l == limit {
					break
				}
				last = load32(base, i+best-3)
			}
		}
		p = int(d.prev[uint16(p)]) - 1
	}
	return best, distance
}

// put adds bits. There may be 7 before and 56 with them.
func (d *deflater) put(v uint64, n uint) {
	d.acc |= v << d.n
	d.n += n
	binary.LittleEndian.PutUint64(d.out[d.at:], d.acc)
	d.at += int(d.n >> 3)
	d.acc >>= d.n &^ 7
	d.n &= 7
}

// header writes the block's beginning and its codes (RFC 1951, 3.2.7).
func (d *deflater) header() {
	nlit, ndist := 286, 30
	for nlit > 257 && d.lit.lens[nlit-1] == 0 {
		nlit--
	}
	for ndist > 1 && d.dist.lens[ndist-1] == 0 {
		ndist--
	}
	var all [maxLit + maxDist]uint8
	copy(all[:], d.lit.lens[:nlit])
	copy(all[nlit:], d.dist.lens[:ndist])
	var runs []run
	var often [preSyms]uint32
	var space [maxLit + maxDist]run
	runs = runLengths(space[:0], all[:nlit+ndist])
	for _, r := range runs {
		often[r.sym]++
	}
	var pre code
	pre.makeLimited(often[:], &d.order, 7)
	npre := preSyms
	for npre > 4 && pre.lens[preOrder[npre-1]] == 0 {
		npre--
	}
	d.put(1|2<<1|uint64(nlit-257)<<3|uint64(ndist-1)<<8|uint64(npre-4)<<13, 17)
	for _, s := range preOrder[:npre] {
		d.put(uint64(pre.lens[s]), 3)
	}
	for _, r := range runs {
		c := pre.bits[r.sym]
		d.put(uint64(c.v)|uint64(r.more)<<c.n, uint(c.n)+[...]uint{16: 2, 17: 3, 18: 7}[r.sym])
	}
}

// run is a symbol of the code length code and its extra bits.
type run struct{ sym, more uint8 }

func runLengths(runs []run, lens []uint8) []run {
	for i := 0; i < len(lens); {
		v, n := lens[i], 1
		for i+n < len(lens) && lens[i+n] == v {
			n++
		}
		i += n
		if v != 0 {
			runs = append(runs, run{v, 0})
			n--
		}
		for n >= 3 {
			switch {
			case v != 0:
				k := min(n, 6)
				runs = append(runs, run{16, uint8(k - 3)})
				n -= k
			case n <= 10:
				runs = append(runs, run{17, uint8(n - 3)})
				n = 0
			default:
				k := min(n, 138)
				runs = append(runs, run{18, uint8(k - 11)})
				n -= k
			}
		}
		for range n {
			runs = append(runs, run{v, 0})
		}
	}
	return runs
}

// body writes the tokens and the end of the block.
func (d *deflater) body() {
	for l := range d.match {
		s := lengthSlots[l]
		c := d.lit.bits[257+int(s)]
		d.match[l] = bitString{c.v | uint32(l+3-int(lengthBase[s]))<<c.n, c.n + uint32(lengthMore[s])}
	}
	acc, n, at, out := d.acc, d.n, d.at, d.out
	for _, t := range d.tokens {
		if t&isMatch == 0 {
			c := d.lit.bits[t&255]
			acc |= uint64(c.v) << (n & 63)
			n += uint(c.n)
		} else {
			m := d.match[t>>16&255]
			acc |= uint64(m.v) << (n & 63)
			n += uint(m.n)
			o := t & 0x7fff
			s := distSlot(o)
			c := d.dist.bits[s]
			acc |= uint64(c.v|(o+1-uint32(distBase[s]))<<c.n) << (n & 63)
			n += uint(c.n) + uint(distMore[s])
		}
		binary.LittleEndian.PutUint64(out[at:], acc)
		at += int(n >> 3)
		acc >>= n & 56
		n &= 7
	}
	d.acc, d.n, d.at = acc, n, at
	c := d.lit.bits[256]
	d.put(uint64(c.v), uint(c.n))
}

func (c *code) make(often []uint32, order *[]uint32) { c.makeLimited(often, order, maxCode) }

// makeLimited makes the code of least length for symbols that come so often, none longer than limit.
func (c *code) makeLimited(often []uint32, order *[]uint32, limit int) {
	c.lens = [288]uint8{}
	o := (*order)[:0]
	for s, f := range often {
		if f > 0 {
			o = append(o, min(f, 1<<22)<<9|uint32(s))
		}
	}
	for s := uint32(0); len(o) < 2; s++ { // a code has two symbols at least: then it is complete
		if len(o) == 0 || o[0]&511 != s {
			o = append(o, 1<<9|s)
		}
	}
	slices.Sort(o)
	*order = o
	var count [maxCode + 2]int
	lengths(o, &count, limit)
	i := len(o)
	for l := 1; l <= limit; l++ { // the commonest symbols, which are last, get the shortest codes
		for range count[l] {
			i--
			c.lens[o[i]&511] = uint8(l)
		}
	}
	var next [maxCode + 2]uint32
	for l := 1; l <= maxCode; l++ {
		next[l+1] = (next[l] + uint32(count[l])) << 1
	}
	for s, l := range c.lens[:len(often)] {
		if l > 0 {
			c.bits[s] = bitString{bits.Reverse32(next[l]) >> (32 - l), uint32(l)}
			next[l]++
		}
	}
}

// lengths counts how many codes have each length (Moffat and Katajainen, In-place calculation of minimum-redundancy codes,
// 1995), then shortens those over the limit until the code is complete again. o is sorted by frequency.
func lengths(o []uint32, count *[maxCode + 2]int, limit int) {
	var a [288]uint32
	n := len(o)
	for i, v := range o {
		a[i] = v >> 9
	}
	a[0] += a[1]
	root, leaf := 0, 2
	for i := 1; i < n-1; i++ {
		if leaf >= n || a[root] < a[leaf] {
			a[i] = a[root]
			a[root] = uint32(i)
			root++
		} else {
			a[i] = a[leaf]
			leaf++
		}
		if leaf >= n || root < i && a[root] < a[leaf] {
			a[i] += a[root]
			a[root] = uint32(i)
			root++
		} else {
			a[i] += a[leaf]
			leaf++
		}
	}
	a[n-2] = 0
	for i := n - 3; i >= 0; i-- {
		a[i] = a[a[i]] + 1
	}
	free, used, depth := 1, 0, 0
	for i, node := n-2, 0; free > 0; depth++ {
		for ; i >= 0 && int(a[i]) == depth; i-- {
			used++
		}
		for ; free > used; free-- {
			count[min(depth, limit)]++
			node++
		}
		free, used = 2*used, 0
	}
	over := -(1 << limit)
	for l := 1; l <= limit; l++ {
		over += count[l] << (limit - l)
	}
	for ; over > 0; over-- { // one code of the longest joins a shorter one, which becomes two one bit longer
		l := limit - 1
		for count[l] == 0 {
			l--
		}
		count[l]--
		count[l+1] += 2
		count[limit]--
	}
}
