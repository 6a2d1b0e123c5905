package store

import (
	"testing"

	"github.com/samverk/samverk/genome/variant"
	"github.com/samverk/samverk/individual"
	"github.com/samverk/samverk/storage"
)

// A position's variants may lie in two blocks of a segment, since a run passes rows on in batches: each is found, in
// whatever order they are asked for.
func TestPositionInTwoBlocks(t *testing.T) {
	db, s := openAt(t, t.TempDir())
	defer db.Close()
	defer s.Close()
	l, err := s.NewLoad(t.Context(), LoadSpec{Dataset: "d", Samples: []Sample{{Name: "S"}}})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Abort()
	r, err := l.NewRun([]uint32{0})
	if err != nil {
		t.Fatal(err)
	}
	r.limit = 4 << 10 // batches of a hundred rows
	var keys []variant.Key
	for pos := uint32(1); pos <= 1000; pos++ {
		for _, alt := range []string{"AC", "AG", "C", "G", "T"} {
			k := variant.Key{Chrom: 1, Pos: pos, Ref: []byte("A"), Alt: []byte(alt)}
			keys = append(keys, k)
			if err := r.Add(&Record{Key: k, Entries: []Entry{MakeEntry(0, variant.Het)}}); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Seal(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := db.Write(t.Context(), func(tx *storage.Tx) error { return l.Commit(t.Context(), tx) }); err != nil {
		t.Fatal(err)
	}
	sn := s.Snapshot()
	m, err := sn.Mask(&individual.Set{Words: []uint64{1}}, "")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []*Counter{sn.Counter(m), sn.BulkCounter(m)} {
		for i := len(keys) - 1; i >= 0; i-- {
			n, err := c.Count(keys[i])
			if err != nil {
				t.Fatal(err)
			}
			if n.AC != 1 || !n.Known {
				t.Fatalf("%s: AC %d, known %v", keys[i], n.AC, n.Known)
			}
		}
	}
}
