package store

import (
	"encoding/binary"
	"math/bits"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/genome/variant"
)

// A block holds up to about blockRows variants of one sequence. Numbers in its head are
// varints (encoding/binary); the three sections behind it are bit strings, padded to bytes.
//
//	rows, chrom, first position, Rice parameter of the position steps
//	number of lists of samples present, less the empty list that every block has;
//	    per list: number of ranges; per range: gap since the last To, length
//	lengths of the sections keys, directory, genotypes, in bytes
//	keys:       all position steps, Rice; then all alleles:
//	            1 SNV: Ref 2 bits, 1 transition or 0 and which transversion (1 bit)
//	            01     ACGT: gamma(|Ref|), gamma(|Alt|), 2 bits a base; the first of Alt left out if a bit says it is Ref's
//	            00     other bytes: gamma(|Ref|+1), gamma(|Alt|+1), 8 bits each
//	directory:  how many rows make a step (gamma), a Rice parameter (6 bits), and the length in bits of each
//	            step's genotypes, Rice; then, if there are lists, each row's list in as many bits as their number needs
//	genotypes:  a row each, below
//
// A row starts with a unary number:
//
//	0  one carrier: its index in the bits that n-1 needs, one bit for Full
//	1  k ≥ 2 carriers: gamma(k-1), the subset of n; one bit if all are Het, else the
//	   number of Full ones in the bits that k needs and their subset of the carriers
//	2  as an earlier row of form 1 or 3: how many rows ago in backBits bits, gamma(d+1), the
//	   subset of d samples that differ, one bit each for which of the two other codes
//	3  many carriers: a bitmap of n; then the Full ones: one bit, if set a bitmap of n, else their number in the
//	   bits that n needs and their subset of n
//	4  nobody
//	5  gamma(c), c samples with a code other than Ref, Het, Full: gamma of the gap plus one, 4 bits of code; then a row of form 0 to 4
//
// Linked neighbours share carriers, so form 2 halves real data; it never refers to another
// form 2, so a row costs two decodings at most. Form 3 is longer than form 1 would be, and many times faster to
// count: it is taken from one carrier in denseShare people on.
const (
	blockRows = 512
	stepBits  = 96 // a step of the directory is about this many bits of genotypes: a row, where rows are long
	window    = 64 // how many earlier rows an encoder tries for form 2
	backBits  = 10

	denseShare = 8
	maxRows    = 1 << 20 // rows at one position are never split over blocks, within reason
)

const (
	rowOne = iota
	rowMany
	rowLike
	rowPlanes
	rowNone
	rowOther
)

// encoder makes blocks for segments of n samples. It keeps its scratch from block to block.
type encoder struct {
	n         uint32
	w, rows   bitWriter
	members   []uint32
	full      []uint32
	diff      []uint32
	row       int
	bases     []base
	spare     []base
	starts    []uint64
	listOf    []uint32
	listCount int
}

// base is a row of form 1 that later rows may refer to.
type base struct {
	row, k    int
	het, full []uint64
}

// encode appends the block of rows, all of one sequence and ascending.
func (e *encoder) encode(dst []byte, b *batch, rows []row) []byte {
	first := rows[0].pos
	steps := uint64(rows[len(rows)-1].pos - first)
	param := uint(bits.Len64(steps * 7 / (10 * uint64(len(rows)))))
	dst = binary.AppendUvarint(dst, uint64(len(rows)))
	dst = binary.AppendUvarint(dst, uint64(rows[0].chrom))
	dst = binary.AppendUvarint(dst, uint64(first))
	dst = binary.AppendUvarint(dst, uint64(param))
	dst = e.putLists(dst, b, rows)

	e.w.reset()
	last := first
	for i := range rows {
		e.w.rice(uint64(rows[i].pos-last), param)
		last = rows[i].pos
	}
	for i := range rows {
		putAlleles(&e.w, b.key(&rows[i]))
	}
	e.w.flush()
	keys := len(e.w.buf)

	e.rows.reset()
	e.spare = append(e.spare, e.bases...)
	e.bases = e.bases[:0]
	e.starts = e.starts[:0]
	for i := range rows {
		e.starts = append(e.starts, e.rows.pos())
		e.row = i
		e.putRow(b.entriesOf(&rows[i]))
	}
	end := e.rows.pos()
	e.rows.flush()
	e.putDirectory(end)
	if e.listCount > 1 {
		for _, l := range e.listOf {
			e.w.write(uint64(l), uint(bits.Len(uint(e.listCount-1))))
		}
	}
	e.w.flush()
	dst = binary.AppendUvarint(dst, uint64(keys))
	dst = binary.AppendUvarint(dst, uint64(len(e.w.buf)-keys))
	dst = binary.AppendUvarint(dst, uint64(len(e.rows.buf)))
	dst = append(dst, e.w.buf...)
	return append(dst, e.rows.buf...)
}

// putDirectory writes how long the steps are.
func (e *encoder) putDirectory(end uint64) {
	n := uint64(len(e.starts))
	step := max(1, min(n, stepBits*n/(end+1)))
	param := uint(bits.Len64(end * step * 7 / (10 * n)))
	e.w.gamma(step)
	e.w.write(uint64(param), 6)
	for i := uint64(0); i < n; i += step {
		next := end
		if i+step < n {
			next = e.starts[i+step]
		}
		e.w.rice(next-e.starts[i], param)
	}
}

// putLists writes the lists of samples present that the rows use, and numbers them anew in e.listOf.
func (e *encoder) putLists(dst []byte, b *batch, rows []row) []byte {
	e.listOf = e.listOf[:0]
	used := []uint32{0}
	last, lastOf := uint32(0), uint32(0)
	for i := range rows {
		if p := rows[i].present; p != last {
			last, lastOf = p, uint32(len(used))
			for j, u := range used {
				if u == p {
					lastOf = uint32(j)
				}
			}
			if lastOf == uint32(len(used)) {
				used = append(used, p)
			}
		}
		e.listOf = append(e.listOf, lastOf)
	}
	e.listCount = len(used)
	dst = binary.AppendUvarint(dst, uint64(len(used)-1))
	for _, u := range used[1:] {
		list := b.lists.all[u]
		dst = binary.AppendUvarint(dst, uint64(len(list)))
		at := uint32(0)
		for _, r := range list {
			dst = binary.AppendUvarint(dst, uint64(r.From-at))
			dst = binary.AppendUvarint(dst, uint64(r.To-r.From))
			at = r.To
		}
	}
	return dst
}

// baseCode is A 0, C 1, G 2, T 3, so that a transition is an exclusive or with 2; else 255.
var baseCode = func() (t [256]byte) {
	for i := range t {
		t[i] = 255
	}
	t['A'], t['C'], t['G'], t['T'] = 0, 1, 2, 3
	return t
}()

const letters = "ACGT"

func putAlleles(w *bitWriter, k variant.Key) {
	if len(k.Ref) == 1 && len(k.Alt) == 1 {
		r, a := baseCode[k.Ref[0]], baseCode[k.Alt[0]]
		if r < 4 && a < 4 && r != a {
			switch x := r ^ a; x {
			case 2:
				w.write(1|uint64(r)<<1|1<<3, 4)
			default:
				w.write(1|uint64(r)<<1|uint64(x>>1)<<4, 5)
			}
			return
		}
	}
	if len(k.Ref) > 0 && len(k.Alt) > 0 && plain(k.Ref) && plain(k.Alt) {
		putBases(w, k)
		return
	}
	w.write(0, 2)
	w.gamma(uint64(len(k.Ref)) + 1)
	w.gamma(uint64(len(k.Alt)) + 1)
	for _, c := range k.Ref {
		w.write(uint64(c), 8)
	}
	for _, c := range k.Alt {
		w.write(uint64(c), 8)
	}
}

func plain(s []byte) bool {
	for _, c := range s {
		if baseCode[c] > 3 {
			return false
		}
	}
	return true
}

func putBases(w *bitWriter, k variant.Key) {
	w.write(2, 2)
	w.gamma(uint64(len(k.Ref)))
	w.gamma(uint64(len(k.Alt)))
	alt := k.Alt
	if k.Ref[0] == k.Alt[0] { // the anchor of an insertion or a deletion
		w.write(1, 1)
		alt = alt[1:]
	} else {
		w.write(0, 1)
	}
	for _, c := range k.Ref {
		w.write(uint64(baseCode[c]), 2)
	}
	for _, c := range alt {
		w.write(uint64(baseCode[c]), 2)
	}
}

// indexBits is how many bits name one of n samples.
func indexBits(n uint32) uint { return uint(bits.Len32(n - 1)) }

func (e *encoder) putRow(entries []Entry) {
	e.members, e.full = e.members[:0], e.full[:0]
	others := 0
	for _, x := range entries {
		switch x.Code() {
		case variant.Full:
			e.full = append(e.full, uint32(len(e.members)))
			fallthrough
		case variant.Het:
			e.members = append(e.members, x.Sample())
		default:
			others++
		}
	}
	if others > 0 {
		e.putOthers(entries, others)
	}
	w, k := &e.rows, len(e.members)
	switch {
	case k == 0:
		w.unary(rowNone)
	case k == 1:
		w.unary(rowOne)
		w.write(uint64(e.members[0]), indexBits(e.n))
		w.write(uint64(len(e.full)), 1)
	default:
		e.putMany()
	}
}

func (e *encoder) putOthers(entries []Entry, n int) {
	w := &e.rows
	w.unary(rowOther)
	w.gamma(uint64(n))
	next := uint32(0)
	for _, x := range entries {
		if c := x.Code(); c != variant.Het && c != variant.Full {
			w.gamma(uint64(x.Sample()-next) + 1)
			w.write(uint64(c), 4)
			next = x.Sample() + 1
		}
	}
}

// subsetBits is about how many bits putSubset takes for k of m.
func subsetBits(m, k uint32) uint64 {
	k = min(k, m-k)
	if k == 0 {
		return 0
	}
	b := riceBits(m, k)
	if b == 0 {
		return uint64(m)
	}
	return uint64(k)*uint64(b+1) + uint64((m-k)>>b)
}

func (e *encoder) putMany() {
	w, k, h := &e.rows, uint32(len(e.members)), uint32(len(e.full))
	width := uint(bits.Len32(k))
	dense := k > e.n/denseShare && e.n >= 64
	cost := 2 + 2*uint64(bits.Len32(k-1)) + subsetBits(e.n, k)
	if dense {
		cost = 4 + uint64(e.n) + uint64(indexBits(e.n)) + subsetBits(e.n, h)
	} else if h > 0 {
		cost += uint64(width) + subsetBits(k, h)
	}
	if cost > 48 && e.n >= 32 { // below that nothing can be saved
		planes := e.planes()
		if e.putLike(planes, cost) {
			e.spare = append(e.spare, planes)
			return
		}
		e.remember(planes)
		if dense {
			e.putPlanes(planes)
			return
		}
	}
	w.unary(rowMany)
	w.gamma(uint64(k - 1))
	putSubset(w, e.members, e.n)
	if h == 0 {
		w.write(1, 1)
		return
	}
	w.write(0, 1)
	w.write(uint64(h), width)
	putSubset(w, e.full, k)
}

// putPlanes writes a row of form 3.
func (e *encoder) putPlanes(p base) {
	w := &e.rows
	w.unary(rowPlanes)
	for i := range p.het {
		e.putWord(p.het[i]|p.full[i], i)
	}
	if h := uint32(len(e.full)); h <= e.n/denseShare {
		w.write(0, 1)
		w.write(uint64(h), uint(bits.Len32(e.n)))
		e.diff = e.diff[:0]
		for _, i := range e.full {
			e.diff = append(e.diff, e.members[i])
		}
		putSubset(w, e.diff, e.n)
		return
	}
	w.write(1, 1)
	for i := range p.full {
		e.putWord(p.full[i], i)
	}
}

// putWord writes the i-th word of a bitmap of n.
func (e *encoder) putWord(word uint64, i int) {
	left := e.n - uint32(i)<<6
	e.rows.write(word&(1<<32-1), uint(min(32, left)))
	if left > 32 {
		e.rows.write(word>>32, uint(min(32, left-32)))
	}
}

// planes gives the row as two bitmaps from the spare ones.
func (e *encoder) planes() base {
	words := (int(e.n) + 63) / 64
	b := base{row: e.row, k: len(e.members)}
	if n := len(e.spare); n > 0 {
		b.het, b.full = e.spare[n-1].het, e.spare[n-1].full
		e.spare = e.spare[:n-1]
		clear(b.het)
		clear(b.full)
	} else {
		b.het, b.full = make([]uint64, words), make([]uint64, words)
	}
	j := 0
	for i, s := range e.members {
		if j < len(e.full) && e.full[j] == uint32(i) {
			b.full[s>>6] |= 1 << (s & 63)
			j++
		} else {
			b.het[s>>6] |= 1 << (s & 63)
		}
	}
	return b
}

// remember lets later rows refer to b; the oldest falls out of the window.
func (e *encoder) remember(b base) {
	if len(e.bases) == window {
		e.spare = append(e.spare, e.bases[0])
		copy(e.bases, e.bases[1:])
		e.bases = e.bases[:window-1]
	}
	e.bases = append(e.bases, b)
}

// putLike writes the row as its difference from the nearest base if that is shorter than cost bits.
func (e *encoder) putLike(p base, cost uint64) bool {
	best, least := -1, min(p.k, int(e.n/4)+1) // more differences than that are slower to count than bitmaps
	for i := len(e.bases) - 1; i >= 0; i-- {
		b := &e.bases[i]
		if p.row-b.row >= 1<<backBits || b.k-p.k >= least || p.k-b.k >= least {
			continue
		}
		if d := distance(p, *b, least); d < least {
			best, least = i, d
		}
	}
	if best < 0 {
		return false
	}
	d := uint32(least)
	if 3+backBits+2*uint64(bits.Len32(d+1))+subsetBits(e.n, d)+uint64(d) >= cost {
		return false
	}
	e.putDifference(p, e.bases[best])
	return true
}

// distance counts the samples whose codes differ, giving up at most.
func distance(a, b base, most int) (d int) {
	for i := range a.het {
		d += bits.OnesCount64((a.het[i] ^ b.het[i]) | (a.full[i] ^ b.full[i]))
		if d >= most {
			return d
		}
	}
	return d
}

func (e *encoder) putDifference(p, b base) {
	e.diff = e.diff[:0]
	for i := range p.het {
		for x := (p.het[i] ^ b.het[i]) | (p.full[i] ^ b.full[i]); x != 0; x &= x - 1 {
			e.diff = append(e.diff, uint32(i<<6+bits.TrailingZeros64(x)))
		}
	}
	w := &e.rows
	w.unary(rowLike)
	w.write(uint64(p.row-b.row), backBits)
	w.gamma(uint64(len(e.diff)) + 1)
	putSubset(w, e.diff, e.n)
	for _, s := range e.diff {
		w.write(otherCode(b.code(s), p.code(s)), 1)
	}
}

// code is the sample's code in the two planes: 0 Ref, 1 Het, 2 Full.
func (b *base) code(s uint32) uint64 {
	return b.het[s>>6]>>(s&63)&1 | b.full[s>>6]>>(s&63)&1<<1
}

// otherCode names which of the two codes other than from is to: 0 the lower, 1 the higher.
func otherCode(from, to uint64) uint64 {
	if from < 2 && to == 2 || from == 2 && to == 1 {
		return 1
	}
	return 0
}

// codeAfter undoes otherCode.
func codeAfter(from, bit uint64) uint64 {
	if from == 0 {
		return 1 + bit
	}
	if from == 1 {
		return 2 * bit
	}
	return bit
}

// errBlock is what damaged bytes in a block come to.
var errBlock = fault.New(fault.Internal, "the block's bytes make no sense").
	Do("run `samverk verify`; restore the segment from a backup or load the genome again")
