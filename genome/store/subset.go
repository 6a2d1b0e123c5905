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
	dst = dst[:k]
	next := uint64(0)
	for i := range dst {
		next += r.rice(b)
		if next >= uint64(m) {
			r.bad = true
			return dst[:i]
		}
		dst[i] = uint32(next)
		next++
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
	x := uint32(0)
	for _, y := range members {
		for ; x < y; x++ {
			dst = append(dst, x)
		}
		x = y + 1
	}
	for ; x < m; x++ {
		dst = append(dst, x)
	}
	return dst
}
