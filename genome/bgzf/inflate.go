package bgzf

import (
	"encoding/binary"
	"errors"
	"unsafe"
)

// One-shot inflate (RFC 1951) for BGZF blocks. The whole compressed block is in memory and the size of the output is
// known, so there is no window, no state between calls and no byte-wise tail: both buffers have slack after their end,
// the loop may run a little over, and what ran over is found afterwards.

const (
	// inSlack bytes must be readable after the compressed data: the loop stops once it has taken in 8 bytes too
	// many, may refill twice (7 bytes each) in its last turn, and each refill reads 8.
	inSlack = 32
	// outSlack bytes must be writable after the output: the last turn may write 6 literals, then a match of 258
	// whose copy may run over by one step of 32.
	outSlack = 320
	// pairFrom bytes must be left for it to pay to join literals in the table (table.go): a fifth of the time of a
	// block of 1 KiB, and a tenth won on one of 12.
	pairFrom = 4096
)

// The reasons for which compressed data is refused.
var (
	errHuffman  = errors.New("the Huffman code is impossible")
	errSymbol   = errors.New("a symbol that can't be")
	errDistance = errors.New("a match points before the block's beginning")
	errStored   = errors.New("a stored block's length is wrong")
	errKind     = errors.New("a deflate block of no known kind")
	errShort    = errors.New("the compressed data ends too early")
	errLong     = errors.New("the compressed data goes on after its end")
	errMore     = errors.New("more data than the block's size says")
	errLess     = errors.New("less data than the block's size says")
)

// inflater holds the decoding tables, reused from block to block. It is for one goroutine at a time.
type inflater struct {
	dyn  tables
	lens [maxLit + maxDist + 138]uint8 // code lengths as read; a repeat may run over the end
	pre  [1 << preBits]uint16
	sort sorter
}

// inflate fills dst[at:at+size] from the deflate stream src[from:to], which must take up all of both.
// src must be readable to to+inSlack and dst writable to at+size+outSlack; what lies there may be changed.
func (d *inflater) inflate(dst []byte, at, size int, src []byte, from, to int) error {
	if len(src) < to+inSlack || len(dst) < at+size+outSlack {
		return errors.New("bgzf: buffers without slack")
	}
	s := stream{src: src, in: from, to: to, dst: dst, out: at, begin: at, end: at + size}
	for last := false; !last; {
		s.refill()
		last = s.bits&1 != 0
		kind := s.bits >> 1 & 3
		s.drop(3)
		var err error
		switch kind {
		case 0:
			err = s.stored()
		case 1:
			err = s.symbols(&fixed)
		case 2:
			if err = d.header(&s); err == nil {
				err = s.symbols(&d.dyn)
			}
		default:
			err = errKind
		}
		if err != nil {
			return err
		}
	}
	switch at := s.in - int(s.n>>3); {
	case at > to:
		return errShort
	case at < to:
		return errLong
	case s.out != s.end:
		return errLess
	}
	return nil
}

// stream is where decoding stands: the bits taken in and not used yet, and the places in both buffers.
type stream struct {
	bits       uint64
	n          uint // bits in hand that count; above them bits may hold what a refill will put there again
	src        []byte
	in, to     int
	dst        []byte
	out        int
	begin, end int
}

// refill brings the bits in hand to 56 or more.
func (s *stream) refill() {
	s.bits |= binary.LittleEndian.Uint64(s.src[s.in:]) << (s.n & 63)
	s.in += int((63 - s.n) >> 3)
	s.n |= 56
}

func (s *stream) drop(n uint) {
	s.bits >>= n & 63
	s.n -= n
}

// over tells whether bits were used that lie after the end of the compressed data.
func (s *stream) over() bool { return s.in-int(s.n>>3) > s.to }

// stored copies a block that is not compressed.
func (s *stream) stored() error {
	s.in -= int(s.n >> 3)
	s.bits, s.n = 0, 0
	if s.in+4 > s.to {
		return errShort
	}
	size := int(binary.LittleEndian.Uint16(s.src[s.in:]))
	if size != int(^binary.LittleEndian.Uint16(s.src[s.in+2:])) {
		return errStored
	}
	s.in += 4
	switch {
	case s.in+size > s.to:
		return errShort
	case s.out+size > s.end:
		return errMore
	}
	copy(s.dst[s.out:s.out+size], s.src[s.in:s.in+size])
	s.in += size
	s.out += size
	return nil
}

// header reads a dynamic block's code lengths (RFC 1951, 3.2.7) and builds its tables.
func (d *inflater) header(s *stream) error {
	s.refill()
	nlit := int(s.bits&31) + 257
	ndist := int(s.bits>>5&31) + 1
	npre := int(s.bits>>10&15) + 4
	s.drop(14)
	if nlit > maxLit || ndist > maxDist {
		return errHuffman
	}
	var lens [preSyms]uint8
	for i := range npre {
		if i == 14 { // 14 + 14*3 bits = 56
			s.refill()
		}
		lens[preOrder[i]] = uint8(s.bits & 7)
		s.drop(3)
	}
	if !d.sort.pretable(&d.pre, &lens) {
		return errHuffman
	}
	if err := d.lengths(s, nlit+ndist); err != nil {
		return err
	}
	if !d.sort.build(d.dyn.lit[:], litBits, d.lens[:nlit], &litEntries) ||
		!d.sort.build(d.dyn.dist[:], distBits, d.lens[nlit:nlit+ndist], &distEntries) {
		return errHuffman
	}
	if s.to-s.in > pairFrom {
		d.dyn.pair()
	}
	return nil
}

// lengths reads n run-length coded code lengths.
func (d *inflater) lengths(s *stream, n int) error {
	for i := 0; i < n; {
		s.refill()
		if s.over() {
			return errShort
		}
		e := d.pre[s.bits&(1<<preBits-1)]
		if e == 0 {
			return errHuffman
		}
		s.drop(uint(e & 15))
		sym := uint8(e >> 4)
		if sym < 16 {
			d.lens[i] = sym
			i++
			continue
		}
		var value uint8
		var times int
		switch sym {
		case 16:
			if i == 0 {
				return errHuffman
			}
			value, times = d.lens[i-1], 3+int(s.bits&3)
			s.drop(2)
		case 17:
			times = 3 + int(s.bits&7)
			s.drop(3)
		default:
			times = 11 + int(s.bits&127)
			s.drop(7)
		}
		if i+times > n {
			return errHuffman
		}
		for range times {
			d.lens[i] = value
			i++
		}
	}
	return nil
}

// symbols decodes one block's literals and matches.
//
// This loop is most of the time it takes to read a genome, so it uses plain addresses (copy.go) instead of checked
// indexes, and calls nothing. What keeps every access inside the buffers:
//   - a turn begins with in < to+8 and out <= end only, and inflate has checked the slack behind both;
//   - reading, a turn refills at most twice: loads at in and in+7, so up to to+22 of the to+32 there are. The refill
//     before the first turn begins where header and inflate may have got to, to+18 at most;
//   - writing, a turn puts at most 6 literals (the last store one byte over), or 4 and a match, whose 258 bytes run over
//     by at most 31: 293 of the 320 there are;
//   - a match begins at begin or after it, because of the check of its distance.
func (s *stream) symbols(t *tables) error {
	src, dst := unsafe.Pointer(unsafe.SliceData(s.src)), unsafe.Pointer(unsafe.SliceData(s.dst))
	bits, n, in, out := s.bits, s.n, s.in, s.out // of n only the lowest 6 bits count here
	stop, end := s.to+8, s.end
	bits |= load64(src, in) << (n & 63)
	in += 7 - int(n>>3&7)
	n |= 56
	e := t.lit[bits&(1<<litBits-1)]
	for in < stop && out <= end {
		if e&isLiteral != 0 { // up to three table entries of up to two literals: 30 of the 56 bits
			bits >>= e & 63
			n -= uint(e)
			store16(dst, out, uint16(e>>8))
			out += int(e >> literals & 3)
			e = t.lit[bits&(1<<litBits-1)]
			if e&isLiteral != 0 {
				bits >>= e & 63
				n -= uint(e)
				store16(dst, out, uint16(e>>8))
				out += int(e >> literals & 3)
				e = t.lit[bits&(1<<litBits-1)]
				if e&isLiteral != 0 {
					bits >>= e & 63
					n -= uint(e)
					store16(dst, out, uint16(e>>8))
					out += int(e >> literals & 3)
					bits |= load64(src, in) << (n & 63)
					in += 7 - int(n>>3&7)
					n |= 56
					e = t.lit[bits&(1<<litBits-1)]
					continue
				}
			}
			bits |= load64(src, in) << (n & 63)
			in += 7 - int(n>>3&7)
			n |= 56
		}
		if e&isOdd != 0 {
			if e&isSub != 0 {
				bits >>= litBits
				n -= litBits
				e = t.lit[(e>>16+uint32(bits)&(1<<(e&15)-1))&(litSize-1)]
				if e&isLiteral != 0 {
					bits >>= e & 63
					n -= uint(e)
					store16(dst, out, uint16(e>>8))
					out++
					bits |= load64(src, in) << (n & 63)
					in += 7 - int(n>>3&7)
					n |= 56
					e = t.lit[bits&(1<<litBits-1)]
					continue
				}
			}
			if e&isEnd != 0 {
				bits >>= e & 63
				n -= uint(e)
				s.bits, s.n, s.in, s.out = bits, n&63, in, out
				if s.over() {
					return errShort
				}
				if out > end {
					return errMore
				}
				return nil
			}
			if e&isOdd != 0 {
				return errSymbol
			}
		}
		// A length: at most 20 bits with its extra ones (15 + 5), then a distance: at most 28 (15 + 13).
		length := int(e>>16&511) + int(uint32(bits)&(1<<(e&31)-1)>>(e>>8&15))
		bits >>= e & 63
		n -= uint(e)
		d := t.dist[bits&(1<<distBits-1)]
		if d&isOdd != 0 {
			if d&isSub == 0 {
				return errSymbol
			}
			bits >>= distBits
			n -= distBits
			d = t.dist[(d>>16+uint32(bits)&(1<<(d&15)-1))&(distSize-1)]
			if d&isOdd != 0 {
				return errSymbol
			}
		}
		distance := int(d>>16) + int(uint32(bits)&(1<<(d&31)-1)>>(d>>8&15))
		bits >>= d & 63
		n -= uint(d)
		bits |= load64(src, in) << (n & 63)
		in += 7 - int(n>>3&7)
		n |= 56
		from := out - distance
		if from < s.begin {
			return errDistance
		}
		at := out
		out += length
		e = t.lit[bits&(1<<litBits-1)]
		switch {
		case distance >= 16:
			for {
				v, w := load64(dst, from), load64(dst, from+8)
				store64(dst, at, v)
				store64(dst, at+8, w)
				at += 16
				from += 16
				if at >= out {
					break
				}
			}
		case distance >= 8:
			for ; at < out; at, from = at+8, from+8 {
				store64(dst, at, load64(dst, from))
			}
		default:
			// A pattern shorter than 8 bytes: laid out over 8, and stepped by as many whole patterns as fit.
			v := load64(dst, from) & (1<<(8*distance&63) - 1)
			v *= repeat[distance&7]
			for step := int(steps[distance&7]); at < out; at += step {
				store64(dst, at, v)
			}
		}
	}
	if out > end {
		return errMore
	}
	return errShort
}

// For distances under 8: what lays a pattern out over 8 bytes when multiplied with it, and how far its last whole
// repeat there reaches.
var (
	repeat = [8]uint64{0, 0x0101010101010101, 0x0001000100010001, 0x0001000001000001, 0x0000000100000001, 0x0000010000000001, 0x0001000000000001, 0x0100000000000001}
	steps  = [8]uint8{0, 8, 8, 6, 8, 5, 6, 7}
)
