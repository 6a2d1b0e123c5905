package store

import "math/bits"

// A subset of k of the numbers 0…m-1 is written as Rice-coded gaps, as a bitmap when it is
// dense, and as its complement when it is more than half. k and m are known to the reader.
// For numbers spread at random this is within a few hundredths of a bit per member of
// log2 C(m,k), the least there is.

// riceBits chooses the Rice parameter for k members among m: the golden-ratio rule of
// Kiely, "Selecting the Golomb parameter in Rice coding" (IPN Progress Report 42-159, 2004),
// 1+⌊log2(ln(φ-1)/ln(μ/(μ+1)))⌋ with mean gap μ=(m-k)/k, in whole numbers so that every
// machine agrees. Zero means that a bitmap is as short.
func riceBits(m, k uint32) uint {
	t := 4812 * (2*uint64(m) - uint64(k)) / (20000 * uint64(k))
	return uint(bits.Len64(t))
}

// putSubset writes ascending members of 0…m-1.
func putSubset(w *bitWriter, members []uint32, m uint32) {
	k := uint32(len(members))
	if k > m/2 {
		putSparse(w, complement(nil, members, m), m)
		return
	}
	putSparse(w, members, m)
}

func putSparse(w *bitWriter, members []uint32, m uint32) {
	if len(members) == 0 {
		return
	}
	b := riceBits(m, uint32(len(members)))
	if b == 0 {
		putBitmap(w, members, m)
		return
	}
	next := uint32(0)
	for _, x := range members {
		w.rice(uint64(x-next), b)
		next = x + 1
	}
}

func putBitmap(w *bitWriter, members []uint32, m uint32) {
	i := 0
	for from := uint32(0); from < m; from += 32 {
		var word uint64
		for ; i < len(members) && members[i]-from < 32; i++ {
			word |= 1 << (members[i] - from)
		}
		w.write(word, uint(min(32, m-from)))
	}
}

// subset reads k members of 0…m-1 into dst[:0]; damaged input sets r.bad and gives members below m all the same.
func (r *bitReader) subset(dst, scratch []uint32, k, m uint32) (members, tmp []uint32) {
	if k > m {
		r.bad = true
		return dst[:0], scratch
	}
	if k > m/2 {
		scratch = r.sparse(scratch[:0], m-k, m)
		return complement(dst[:0], scratch, m), scratch
	}
	return r.sparse(dst[:0], k, m), scratch
}

func (r *bitReader) sparse(dst []uint32, k, m uint32) []uint32 {
	if k == 0 {
		return dst
	}
	if uint64(k) > r.end-min(r.at, r.end) { // every member costs at least a bit
		r.bad = true
		return dst
	}
	b := riceBits(m, k)
	if b == 0 {
		return r.bitmap(dst, k, m)
	}
	if cap(dst) < int(k) {
		dst = make([]uint32, 0, int(k)+int(k)/2)
	}
	return r.gaps(dst[:k], b, m)
}

// gaps fills dst with ascending members below m from Rice-coded gaps. It takes as many codes from a word as are whole in it.
func (r *bitReader) gaps(dst []uint32, b uint, m uint32) []uint32 {
	next, rest := uint64(0), uint64(1)<<b-1
	for i := 0; i < len(dst); {
		v, left := r.peek(), uint(56)
		begun := i
		for i < len(dst) {
			q := uint(bits.TrailingZeros64(v))
			n := q + 1 + b
			if n > left {
				break
			}
			next += uint64(q)<<b | v>>(q+1)&rest
			if next >= uint64(m) {
				r.bad = true
				return dst[:i]
			}
			dst[i] = uint32(next)
			next++
			i++
			v >>= n
			left -= n
		}
		r.at += uint64(56 - left)
		if i == begun { // a gap too long for a word
			if next += r.rice(b); next >= uint64(m) {
				r.bad = true
				return dst[:i]
			}
			dst[i] = uint32(next)
			next++
			i++
		}
	}
	return dst
}

func (r *bitReader) bitmap(dst []uint32, k, m uint32) []uint32 {
	for from := uint32(0); from < m; from += 32 {
		for word := r.read(uint(min(32, m-from))); word != 0; word &= word - 1 {
			dst = append(dst, from+uint32(bits.TrailingZeros64(word)))
		}
		if r.bad {
			return dst
		}
	}
	if uint32(len(dst)) != k {
		r.bad = true
	}
	return dst
}

// complement appends the numbers below m that members, ascending, lacks.
func complement(dst, members []uint32, m uint32) []uint32 {
	if want := len(dst) + int(m) - len(members); cap(dst) < want {
		dst = append(make([]uint32, 0, want), dst...)
	}
	x := uint32(0)
	for _, y := range members {
		dst = appendRun(dst, x, y)
		x = y + 1
	}
	return appendRun(dst, x, m)
}

// appendRun appends from, from+1, … below to; dst has room.
func appendRun(dst []uint32, from, to uint32) []uint32 {
	if to <= from {
		return dst
	}
	n := len(dst)
	dst = dst[:n+int(to-from)]
	run := dst[n:]
	for i := range run {
		run[i] = from + uint32(i)
	}
	return dst
}
