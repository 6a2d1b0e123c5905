package bgzf

import "encoding/binary"

func load64(b []byte, i int) uint64     { return binary.LittleEndian.Uint64(b[i:]) }
func store64(b []byte, i int, v uint64) { binary.LittleEndian.PutUint64(b[i:], v) }
func store16(b []byte, i int, v uint16) { binary.LittleEndian.PutUint16(b[i:], v) }

// match repeats length bytes from distance bytes back. It may write up to 31 bytes more than asked.
func match(b []byte, at, distance, length int) {
	from, end := at-distance, at+length
	if distance >= 8 {
		for at < end {
			store64(b, at, load64(b, from))
			at += 8
			from += 8
		}
		return
	}
	// A pattern shorter than 8 bytes: lay it out over 8, and step by as many whole patterns as fit.
	v := load64(b, from) & (1<<(8*distance) - 1)
	for w := distance; w < 8; w *= 2 {
		v |= v << (8 * w)
	}
	step := int(steps[distance&7])
	for at < end {
		store64(b, at, v)
		at += step
	}
}

// steps holds the largest multiple of a distance under 8 that is not over 8.
var steps = [8]uint8{0, 8, 8, 6, 8, 5, 6, 7}
