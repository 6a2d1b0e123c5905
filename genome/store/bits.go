package store

import (
	"encoding/binary"
	"math/bits"
)

// bitWriter appends bits to a byte slice, least significant bit first.
type bitWriter struct {
	buf []byte // whole bytes written, after flush all of them
	acc uint64
	n   uint // bits in acc, below 8 between calls
}

// write appends the low n bits of v; n ≤ 56, and the bits of v above n are zero.
func (w *bitWriter) write(v uint64, n uint) {
	w.acc |= v << w.n
	w.n += n
	at := len(w.buf)
	if cap(w.buf)-at < 8 {
		w.grow()
	}
	binary.LittleEndian.PutUint64(w.buf[at:at+8], w.acc) // whole bytes stay, the rest is written again
	w.buf = w.buf[:at+int(w.n>>3)]
	w.acc >>= w.n &^ 7
	w.n &= 7
}

func (w *bitWriter) grow() {
	next := make([]byte, len(w.buf), 2*cap(w.buf)+64)
	copy(next, w.buf)
	w.buf = next
}

// unary appends q zeros and a one.
func (w *bitWriter) unary(q uint64) {
	for ; q >= 48; q -= 48 {
		w.write(0, 48)
	}
	w.write(1<<q, uint(q)+1)
}

// rice appends v as its quotient by 2^b in unary and its remainder in b bits (Rice 1979).
func (w *bitWriter) rice(v uint64, b uint) {
	q, rest := v>>b, v&(1<<b-1)
	if n := uint(q) + 1 + b; q < 48 && n <= 56 {
		w.write(1<<q|rest<<(q+1), n)
		return
	}
	w.unary(q)
	w.write(rest, b)
}

// gamma appends v ≥ 1 in Elias' gamma code: the length of v in unary, then its lower bits.
func (w *bitWriter) gamma(v uint64) {
	n := uint(bits.Len64(v)) - 1
	w.unary(uint64(n))
	if n > 48 {
		panic("store: gamma code out of range")
	}
	w.write(v&(1<<n-1), n)
}

// pos is the number of bits written.
func (w *bitWriter) pos() uint64 { return uint64(len(w.buf))*8 + uint64(w.n) }

// flush pads to a byte.
func (w *bitWriter) flush() {
	if w.n > 0 {
		w.buf = append(w.buf, byte(w.acc))
		w.acc, w.n = 0, 0
	}
}

func (w *bitWriter) reset() { w.buf, w.acc, w.n = w.buf[:0], 0, 0 }

// slack is how many bytes a bitReader's buffer has behind its last: a word is read at any bit without a check of its own.
const slack = 16

// bitReader reads what bitWriter wrote. Past the end it reads zeros and sets bad: a damaged
// block is found when it has been read, and no read leaves the buffer.
type bitReader struct {
	buf []byte // with slack bytes behind limit
	at  uint64 // in bits
	end uint64 // in bits
	bad bool
}

// newBitReader reads b[from:to] where b has slack bytes behind to.
func newBitReader(b []byte, from, to int) bitReader {
	return bitReader{buf: b, at: uint64(from) * 8, end: uint64(to) * 8}
}

// peek gives at least 56 bits from the current one on.
func (r *bitReader) peek() uint64 {
	if r.at > r.end {
		r.bad = true
		r.at = r.end
	}
	return binary.LittleEndian.Uint64(r.buf[r.at>>3:]) >> (r.at & 7)
}

// read gives the next n ≤ 56 bits.
func (r *bitReader) read(n uint) uint64 {
	v := r.peek() & (1<<n - 1)
	r.at += uint64(n)
	return v
}

// unary gives the number of zeros before the next one.
func (r *bitReader) unary() uint64 {
	if v := r.peek(); v&(1<<48-1) != 0 {
		q := uint64(bits.TrailingZeros64(v))
		r.at += q + 1
		return q
	}
	return r.longUnary()
}

func (r *bitReader) longUnary() (q uint64) {
	for {
		v := r.peek() & (1<<48 - 1)
		if v != 0 {
			z := uint64(bits.TrailingZeros64(v))
			r.at += z + 1
			return q + z
		}
		q += 48
		r.at += 48
		if r.at > r.end {
			r.bad = true
			return 0
		}
	}
}

func (r *bitReader) rice(b uint) uint64 {
	q := r.unary()
	return q<<b | r.read(b)
}

func (r *bitReader) gamma() uint64 {
	n := r.unary()
	if n > 48 {
		r.bad = true
		return 1
	}
	return 1<<n | r.read(uint(n))
}

// done tells whether everything read was inside the buffer.
func (r *bitReader) done() bool { return !r.bad && r.at <= r.end }
