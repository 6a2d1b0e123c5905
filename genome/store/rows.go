package store

import (
	"cmp"
	"encoding/binary"
	"slices"

	"github.com/samverk/samverk/genome/variant"
)

// Entry is one sample's genotype at a variant: the sample's index and its code.
type Entry uint32

// MakeEntry joins a sample's index, below 2^28, and a code.
func MakeEntry(sample uint32, c variant.Code) Entry { return Entry(sample<<4 | uint32(c)) }

// Sample is the sample's index.
func (e Entry) Sample() uint32 { return uint32(e) >> 4 }

// Code is the genotype.
func (e Entry) Code() variant.Code { return variant.Code(e & 15) }

// maxSamples is how many indexes an Entry can hold.
const maxSamples = 1 << 28

// Range is a run of sample indexes, To excluded.
type Range struct{ From, To uint32 }

// Record is what a file says of one variant.
type Record struct {
	Key variant.Key
	// Present are the samples that all have a genotype here: the columns of a file with several samples.
	// A file of one sample leaves it empty; its entry says it (RefSeen for an explicit 0/0).
	Present []Range
	// Entries are all samples whose code is not Ref, ascending, none twice.
	Entries []Entry
}

// row is a Record inside a batch.
type row struct {
	chrom      variant.Chrom
	nref       uint32
	pos        uint32
	alleles    uint32 // offset of Ref, then Alt
	nalt       uint32
	present    uint32 // index into the batch's lists
	entries, n uint32
}

// batch holds rows with their bytes and entries side by side: no allocation per row.
type batch struct {
	rows    []row
	bytes   []byte
	entries []Entry
	lists   *lists
}

func (b *batch) reset() { b.rows, b.bytes, b.entries = b.rows[:0], b.bytes[:0], b.entries[:0] }

func (b *batch) add(k variant.Key, present uint32, entries []Entry) {
	b.rows = append(b.rows, row{
		chrom: k.Chrom, pos: k.Pos, alleles: uint32(len(b.bytes)), nref: uint32(len(k.Ref)), nalt: uint32(len(k.Alt)),
		present: present, entries: uint32(len(b.entries)), n: uint32(len(entries)),
	})
	b.bytes = append(append(b.bytes, k.Ref...), k.Alt...)
	b.entries = append(b.entries, entries...)
}

func (b *batch) key(r *row) variant.Key {
	a := b.bytes[r.alleles:]
	return variant.Key{Chrom: r.chrom, Pos: r.pos, Ref: a[:r.nref:r.nref], Alt: a[r.nref : r.nref+r.nalt : r.nref+r.nalt]}
}

func (b *batch) entriesOf(r *row) []Entry { return b.entries[r.entries : r.entries+r.n] }

// size is about how many bytes the batch holds.
func (b *batch) size() int { return len(b.rows)*32 + len(b.bytes) + 4*len(b.entries) }

func (b *batch) compare(x, y *row) int {
	if x.chrom != y.chrom {
		return cmp.Compare(x.chrom, y.chrom)
	}
	if x.pos != y.pos {
		return cmp.Compare(x.pos, y.pos)
	}
	return b.key(x).Compare(b.key(y))
}

// sort orders the rows from the i-th on; nearly sorted input, the usual kind, costs one pass.
func (b *batch) sort(i int) {
	rows := b.rows[i:]
	for j := 1; j < len(rows); j++ {
		if b.compare(&rows[j-1], &rows[j]) > 0 {
			slices.SortStableFunc(rows, func(x, y row) int { return b.compare(&x, &y) })
			return
		}
	}
}

// lists interns lists of ranges; number 0 is the empty one. Not safe for concurrent use.
type lists struct {
	all    [][]Range
	number map[string]uint32
	last   uint32
	key    []byte
}

func newLists() *lists { return &lists{all: [][]Range{nil}, number: map[string]uint32{"": 0}} }

func (l *lists) intern(r []Range) uint32 {
	if slices.Equal(l.all[l.last], r) { // a file has one list, nearly always
		return l.last
	}
	l.key = l.key[:0]
	for _, x := range r {
		l.key = binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint32(l.key, x.From), x.To)
	}
	id, ok := l.number[string(l.key)]
	if !ok {
		id = uint32(len(l.all))
		l.all = append(l.all, slices.Clone(r))
		l.number[string(l.key)] = id
	}
	l.last = id
	return id
}

// has tells whether a sorted list holds x.
func has(list []Range, x uint32) bool {
	_, found := slices.BinarySearchFunc(list, x, func(r Range, x uint32) int {
		switch {
		case r.To <= x:
			return -1
		case r.From > x:
			return 1
		}
		return 0
	})
	return found
}

// unite merges two sorted lists of ranges into one whose ranges don't touch.
func unite(a, b []Range) []Range {
	if len(a) == 0 {
		return b
	}
	if len(b) == 0 {
		return a
	}
	all := slices.Concat(a, b)
	slices.SortFunc(all, func(x, y Range) int { return cmp.Compare(x.From, y.From) })
	out := all[:1]
	for _, r := range all[1:] {
		if last := &out[len(out)-1]; r.From <= last.To {
			last.To = max(last.To, r.To)
		} else {
			out = append(out, r)
		}
	}
	return out
}

// rank orders codes for a genotype stated twice: what carries more of the variant stands, and anything stands before missing.
var rank = [16]uint8{variant.Missing: 1, variant.RefOne: 2, variant.RefSeen: 3, variant.RefTwo: 3, variant.Ref: 3,
	variant.Half: 4, variant.One: 5, variant.Het: 6, variant.Full: 7, variant.HomTwo: 7}

// uniteEntries joins what two records of one key say: the union, as a person who is said
// to carry the variant once does. Samples that one record only knows to be reference (in
// its present list, without an entry) are known, whatever the other is missing.
func uniteEntries(dst []Entry, a, b Record) (out []Entry, conflicts int) {
	i, j := 0, 0
	for i < len(a.Entries) || j < len(b.Entries) {
		switch {
		case j == len(b.Entries) || i < len(a.Entries) && a.Entries[i].Sample() < b.Entries[j].Sample():
			dst = appendKnown(dst, a.Entries[i], b.Present)
			i++
		case i == len(a.Entries) || a.Entries[i].Sample() > b.Entries[j].Sample():
			dst = appendKnown(dst, b.Entries[j], a.Present)
			j++
		default:
			e := a.Entries[i]
			if rank[b.Entries[j].Code()] > rank[e.Code()] {
				e = b.Entries[j]
			}
			dst = append(dst, e)
			conflicts++
			i, j = i+1, j+1
		}
	}
	return dst, conflicts
}

// appendKnown appends e unless the other record knows the sample to be reference and e says less.
func appendKnown(dst []Entry, e Entry, other []Range) []Entry {
	if rank[e.Code()] <= rank[variant.Ref] && has(other, e.Sample()) {
		return dst
	}
	return append(dst, e)
}
