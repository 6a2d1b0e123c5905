package store

import (
	"errors"
	"syscall"
	"testing"

	"github.com/samverk/samverk/genome/variant"
)

// A disk that fills up in the middle of a long file stops the load: neither Add nor Close waits for ever.
func TestDiskFillsInALongFile(t *testing.T) {
	db, s := openAt(t, t.TempDir())
	defer db.Close()
	defer s.Close()
	files := newForgetful()
	files.room = 100 << 10
	s.fs = files
	l, err := s.NewLoad(t.Context(), LoadSpec{Dataset: "d", Samples: []Sample{{Name: "S"}}})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Abort()
	r, err := l.NewRun([]uint32{0})
	if err != nil {
		t.Fatal(err)
	}
	ref := make([]byte, 200) // N: a byte each on the disk
	for i := range ref {
		ref[i] = 'N'
	}
	for pos := uint32(1); err == nil && pos < 200_000; pos++ {
		err = r.Add(&Record{Key: variant.Key{Chrom: 1, Pos: pos, Ref: ref, Alt: []byte("A")}, Entries: []Entry{MakeEntry(0, variant.Het)}})
	}
	if !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("Add: %v, want a full disk", err)
	}
	if err := r.Close(); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("Close: %v, want a full disk", err)
	}
}
