package store

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/samverk/samverk/genome/variant"
	"github.com/samverk/samverk/internal/testkit"
)

// randomRows makes rows as real cohorts have them: most variants rare, neighbours alike, some genotypes odd.
func randomRows(rng *rand.Rand, n uint32, count int) *batch {
	b := &batch{lists: newLists()}
	var before []Entry
	pos := uint32(1)
	for range count {
		pos += rng.Uint32N(300) * rng.Uint32N(2)
		k := variant.Key{Chrom: 1, Pos: pos, Ref: []byte{letters[rng.IntN(4)]}, Alt: []byte{letters[rng.IntN(4)]}}
		switch rng.IntN(8) {
		case 0:
			k.Alt = bytes.Repeat([]byte("ACGTT"), 1+rng.IntN(20))
		case 1:
			k.Ref, k.Alt = nil, []byte("<DEL>END=12345")
		}
		share := rng.Float64()
		share *= share * share
		var e []Entry
		for s := range n {
			old := variant.Ref
			if len(before) > 0 && before[0].Sample() == s {
				old = before[0].Code()
				before = before[1:]
			}
			code := variant.Ref
			switch x := rng.Float64(); {
			case x < 0.7 && count%2 == 0:
				code = old
			case x < 0.7+0.3*share:
				code = variant.Code(1 + rng.IntN(2))
			case x > 0.999:
				code = variant.Code(3 + rng.IntN(7))
			}
			if code != variant.Ref {
				e = append(e, MakeEntry(s, code))
			}
		}
		before = e
		var present []Range
		switch rng.IntN(4) {
		case 0:
			present = []Range{{0, n}}
		case 1:
			present = []Range{{0, n/2 + 1}}
		}
		b.add(k, b.lists.intern(present), e)
	}
	b.sort(0)
	l := &Load{}
	b.rows = l.unite(b, b.rows)
	return b
}

func writeSegment(t interface{ Fatal(...any) }, fs FS, n uint32, b *batch) *segment {
	w, err := newSegmentWriter(fs, "test.seg", n)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.add(b, b.rows); err != nil {
		t.Fatal(err)
	}
	if err := w.close(); err != nil {
		t.Fatal(err)
	}
	s, err := openSegment(fs, "test.seg", n)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSegmentReadsWhatWasWritten(t *testing.T) {
	fs := Dir(t.TempDir())
	rapid.Check(t, func(t *rapid.T) {
		rng := rand.New(testkit.Rand(rapid.Uint64().Draw(t, "seed")))
		n := rapid.SampledFrom([]uint32{1, 2, 3, 31, 64, 65, 500, 2548}).Draw(t, "samples")
		b := randomRows(rng, n, rapid.IntRange(1, 1200).Draw(t, "rows")/int(1+n/200)+1)
		s := writeSegment(t, fs, n, b)
		defer s.f.Close()
		r := reader{s: s}
		for i := range b.rows {
			ok, err := r.advance()
			if err != nil || !ok {
				t.Fatalf("row %d of %d: %v %v", i, len(b.rows), ok, err)
			}
			same(t, "in order", b.record(&b.rows[i]), r.record())
		}
		if ok, err := r.advance(); ok || err != nil {
			t.Fatalf("after the last row: %v %v", ok, err)
		}
		for range 20 { // and any row by itself
			i := rng.IntN(len(b.rows))
			want := b.record(&b.rows[i])
			n := seek(s.index, want.Key.Chrom, want.Key.Pos)
			blk, err := s.read(s.index[n], nil)
			if err != nil {
				t.Fatal(err)
			}
			row := blk.find(want.Key)
			if row < 0 {
				t.Fatalf("%s is not found", want.Key)
			}
			one := reader{s: s, b: blk}
			got, err := one.at(row)
			if err != nil {
				t.Fatal(err)
			}
			same(t, "alone", want, Record{Key: blk.key(row), Present: blk.present(row), Entries: got})
		}
	})
}

func same(t *rapid.T, how string, want, got Record) {
	if want.Key.Compare(got.Key) != 0 {
		t.Fatalf("%s: key %s, got %s", how, want.Key, got.Key)
	}
	if d := cmp.Diff(append([]Entry{}, want.Entries...), append([]Entry{}, got.Entries...)); d != "" {
		t.Fatalf("%s: %s (-want +got):\n%s", how, want.Key, d)
	}
	if d := cmp.Diff(append([]Range{}, want.Present...), append([]Range{}, got.Present...)); d != "" {
		t.Fatalf("%s: %s present (-want +got):\n%s", how, want.Key, d)
	}
}

// FuzzBlock feeds bytes as a block of variants: it is refused, or every row can be read; nothing panics.
func FuzzBlock(f *testing.F) {
	for _, n := range []uint32{1, 5, 70} {
		b := randomRows(rand.New(testkit.Rand(uint64(n))), n, 40)
		e := encoder{n: n}
		f.Add(e.encode(nil, b, b.rows), n)
	}
	f.Fuzz(func(_ *testing.T, payload []byte, n uint32) {
		n = n%5000 + 1
		data := append(bytes.Clone(payload), make([]byte, slack)...)
		b, err := decodeBlock(data, len(payload), n)
		if err != nil {
			return
		}
		var g genotypes
		for i := range b.pos {
			_ = b.key(i).String()
			_ = b.present(i)
			r := b.rowAt(i, &g)
			b.readRow(&r, &g, i)
			for _, x := range g.carriers {
				if x >= n {
					panic("a carrier out of range")
				}
			}
		}
	})
}

// FuzzCover feeds bytes as a block of callable places.
func FuzzCover(f *testing.F) {
	f.Add([]byte{2, 100, 3, 0, 1, 2, 3, 4, 5, 6, 7}, uint32(3))
	f.Fuzz(func(_ *testing.T, payload []byte, n uint32) {
		n = n%5000 + 1
		data := append(bytes.Clone(payload), make([]byte, slack)...)
		_, events, _ := decodeCover(data, len(payload), 1, n, nil, nil)
		for _, e := range events {
			if e.sample >= n {
				panic("a sample out of range")
			}
		}
	})
}

// FuzzSegment feeds bytes as a whole segment file: it is refused or can be read through; nothing panics.
func FuzzSegment(f *testing.F) {
	fs := newForgetful()
	b := randomRows(rand.New(testkit.Rand(1)), 7, 60)
	w, err := newSegmentWriter(fs, "s", 7)
	if err != nil {
		f.Fatal(err)
	}
	if err := w.add(b, b.rows); err != nil {
		f.Fatal(err)
	}
	if err := w.close(); err != nil {
		f.Fatal(err)
	}
	f.Add(fs.files["s"].data)
	f.Fuzz(func(t *testing.T, data []byte) {
		fs := newForgetful()
		fs.files["s"] = &memory{data: data}
		s, err := openSegment(fs, "s", 7)
		if err != nil {
			return
		}
		var v Verified
		_ = v.segment(t.Context(), s)
	})
}

// Long alleles make more blocks, not larger ones: a block's alleles are all in memory when it is read.
func TestLongAllelesMakeSmallBlocks(t *testing.T) {
	b := &batch{lists: newLists()}
	for i := range uint32(80) {
		alt := slices.Repeat([]byte("ACGT"), 10_000)
		b.add(variant.Key{Chrom: 1, Pos: 1000 + i/20, Ref: []byte("A"), Alt: append(alt, letters[i&3], letters[i>>2&3], letters[i>>4&3])}, 0, []Entry{MakeEntry(0, variant.Het)})
	}
	b.sort(0)
	s := writeSegment(t, newForgetful(), 1, b)
	for _, r := range s.index {
		if r.length > blockLetters/2 {
			t.Errorf("a block of %d bytes", r.length)
		}
	}
	c := Counter{at: []position{{block: -1}}, m: new(Mask)}
	for i := len(b.rows) - 1; i >= 0; i-- {
		if row, err := c.find(0, s, b.key(&b.rows[i])); row < 0 || err != nil {
			t.Fatalf("row %d isn't found: %v", i, err)
		}
	}
}
