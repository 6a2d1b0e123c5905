package bgzf

import (
	"encoding/binary"
	"io"
	"slices"

	"github.com/samverk/samverk/fault"
)

// TabixBuilder makes the index of a VCF file while it is written (tabix specification, "The Tabix index file format").
//
// A contig's records are filed by the smallest of the nested bins of 16 Kb to 512 Mb that holds them, each bin with the
// stretches of the file to read; and for each window of 16 Kb the first place worth reading is kept.
type TabixBuilder struct {
	names []byte
	known map[string]bool
	refs  []tabixRef
	name  string // of the contig at hand
	begin int64
}

type tabixRef struct {
	bins    map[uint32][]stretch
	bin     uint32 // of the last record
	windows []Mark // noMark where no record begins or reaches
	all     stretch
	records uint64
}

type stretch struct{ from, to Mark }

const (
	tabixLimit  = 1 << 29 // positions the bins can hold
	windowShift = 14
	summaryBin  = 37450 // where htslib keeps a contig's extent and number of records
	noMark      = ^Mark(0)
)

// Add files the record that covers the positions begin to end (from 0, end not included) of a contig and stands in the
// file from one mark to another. Records come in the order of the file, sorted: each contig in one piece, begins ascending.
func (t *TabixBuilder) Add(chrom string, begin, end int64, from, to Mark) error {
	begin = max(begin, 0) // POS 0 is the telomere's
	end = max(end, begin+1)
	if chrom != t.name || len(t.refs) == 0 {
		if t.known[chrom] {
			return unsorted("the records of %s are not together", chrom)
		}
		t.open(chrom)
	}
	switch {
	case begin < t.begin:
		return unsorted("%s:%d comes after %s:%d", chrom, begin+1, chrom, t.begin+1)
	case end > tabixLimit:
		return fault.New(fault.Invalid, "%s:%d is beyond what a tabix index can hold, 2^29", chrom, end).
			Do("index the file with bcftools index -c, which has no such limit")
	}
	t.begin = begin
	t.refs[len(t.refs)-1].add(begin, end, stretch{from, to})
	return nil
}

func unsorted(format string, args ...any) error {
	return fault.New(fault.Invalid, "a file that isn't sorted can't have an index: "+format, args...).
		Do("sort it with bcftools sort, or leave out the index")
}

func (t *TabixBuilder) open(chrom string) {
	if t.known == nil {
		t.known = map[string]bool{}
	}
	t.known[chrom] = true
	t.name, t.begin = chrom, 0
	t.names = append(append(t.names, chrom...), 0)
	t.refs = append(t.refs, tabixRef{bins: map[uint32][]stretch{}, all: stretch{from: noMark}})
}

func (r *tabixRef) add(begin, end int64, s stretch) {
	bin := binOf(begin, end)
	list := r.bins[bin]
	// Records that follow one another, or whose blocks touch, are one stretch: a block is read whole anyway.
	if n := len(list); n > 0 && (list[n-1].to == s.from && r.bin == bin || list[n-1].to>>16 == s.from>>16) {
		list[n-1].to = s.to
	} else {
		r.bins[bin] = append(list, s)
	}
	r.bin = bin
	for len(r.windows) <= int((end-1)>>windowShift) {
		r.windows = append(r.windows, noMark)
	}
	for w := begin >> windowShift; w <= (end-1)>>windowShift; w++ {
		r.windows[w] = min(r.windows[w], s.from)
	}
	r.all.from = min(r.all.from, s.from)
	r.all.to = max(r.all.to, s.to)
	r.records++
}

// binOf is the smallest bin that holds begin to end (SAM specification, 5.3).
func binOf(begin, end int64) uint32 {
	end--
	first := uint32(4681) // of the bins of 16 Kb; (8^5-1)/7
	for shift := windowShift; shift < 29; shift += 3 {
		if begin>>shift == end>>shift {
			return first + uint32(begin>>shift)
		}
		first = (first - 1) / 8
	}
	return 0
}

// Write writes the index, compressed as it must be. offset turns marks into virtual offsets: a closed Writer's Offset.
func (t *TabixBuilder) Write(w io.Writer, offset func(Mark) (Offset, bool)) error {
	e := encoder{offset: offset}
	e.b = append(e.b, "TBI\x01"...)
	e.int32(len(t.refs), 2, 1, 2, 0, '#', 0, len(t.names)) // format VCF; columns of contig, begin, end; comment; lines to skip
	e.b = append(e.b, t.names...)
	for i := range t.refs {
		e.ref(&t.refs[i])
	}
	e.b = binary.LittleEndian.AppendUint64(e.b, 0) // records without a place
	if e.lost {
		return fault.New(fault.Internal, "a record in the index lies outside the file written")
	}
	z, err := NewWriter(w, WriterOptions{Workers: 1})
	if err != nil {
		return err
	}
	_, err = z.Write(e.b)
	if cerr := z.Close(); err == nil {
		err = cerr
	}
	return err
}

// encoder lays out the index.
type encoder struct {
	b      []byte
	offset func(Mark) (Offset, bool)
	lost   bool // a mark had no offset
}

func (e *encoder) int32(values ...int) {
	for _, v := range values {
		e.b = binary.LittleEndian.AppendUint32(e.b, uint32(v))
	}
}

func (e *encoder) mark(m Mark) {
	o, ok := e.offset(m)
	e.lost = e.lost || !ok
	e.b = binary.LittleEndian.AppendUint64(e.b, uint64(o))
}

func (e *encoder) ref(r *tabixRef) {
	bins := make([]uint32, 0, len(r.bins))
	for b := range r.bins {
		bins = append(bins, b)
	}
	slices.Sort(bins)
	e.int32(len(bins) + 1)
	for _, b := range bins {
		e.int32(int(b), len(r.bins[b]))
		for _, s := range r.bins[b] {
			e.mark(s.from)
			e.mark(s.to)
		}
	}
	e.int32(summaryBin, 2)
	e.mark(r.all.from)
	e.mark(r.all.to)
	e.b = binary.LittleEndian.AppendUint64(e.b, r.records)
	e.b = binary.LittleEndian.AppendUint64(e.b, 0) // unmapped reads, in a BAM
	e.int32(len(r.windows))
	last := r.all.from
	for _, m := range r.windows {
		if m != noMark { // an empty window has the one's before it, as in htslib
			last = m
		}
		e.mark(last)
	}
}
