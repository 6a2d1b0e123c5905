package counted

import (
	"encoding/binary"
	"testing"

	"github.com/samverk/samverk/individual"
	"github.com/samverk/samverk/ledger/membership"
)

// BenchmarkFollow is one person's change in a tree of 100,000, without the disk: the new root, and the pages to be kept.
func BenchmarkFollow(b *testing.B) {
	const crowd = 1562 * 64
	s := &salts{of: make([]membership.Salt, crowd)}
	for i := range s.of {
		binary.BigEndian.PutUint64(s.of[i][:], uint64(i+1))
	}
	t := &tree{use: Use{Purpose: "care"}, hashes: membership.New(nil), pages: map[uint8][][]byte{}}
	words := make([]uint64, crowd/64)
	t.commit(t.follow(&individual.Set{Words: words}, crowd, s, 1))
	t.id = 1
	for i := 0; b.Loop(); i++ {
		next := append([]uint64(nil), words...)
		who := i * 7919 % crowd
		next[who/64] ^= 1 << (who % 64)
		words = next
		t.commit(t.follow(&individual.Set{Words: words}, crowd, s, int64(i)+2))
	}
}
