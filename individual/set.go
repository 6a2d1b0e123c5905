package individual

import "math/bits"

// Set is who, at which consent epoch. It is immutable once published, and the same
// pointer stands for the same use and epoch, so it can key a cache.
type Set struct {
	Words []uint64 // bit n of word n/64 is Number n; numbers past the end are not in the set
	Epoch uint64
}

// Has tells whether n is in the set.
func (s *Set) Has(n Number) bool {
	w := int(n >> 6)
	return w < len(s.Words) && s.Words[w]>>(n&63)&1 == 1
}

// Len is how many are in the set.
func (s *Set) Len() int {
	n := 0
	for _, w := range s.Words {
		n += bits.OnesCount64(w)
	}
	return n
}
