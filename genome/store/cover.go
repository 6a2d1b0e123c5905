package store

import (
	"cmp"
	"encoding/binary"
	"math/bits"
	"slices"

	"github.com/samverk/samverk/genome/variant"
)

// Where a gVCF says a sample is callable, as events in order of position: from here on, or
// from here on no more. A cover block holds up to about coverEvents of one sequence:
//
//	events, first position, Rice parameter of the position steps, samples callable before the first event (varints)
//	the subset of n samples callable before it; per event the step, Rice; the sample in the bits that n-1 needs; 1 for on
//
// An interval is closed on its own sequence, so after the last block of a sequence nobody is callable.
const coverEvents = 2048

// event turns a sample's callability on or off at a position.
type event struct {
	pos    uint32
	chrom  variant.Chrom
	on     bool
	sample uint32
}

func compareEvents(a, b event) int {
	if a.chrom != b.chrom {
		return cmp.Compare(a.chrom, b.chrom)
	}
	if a.pos != b.pos {
		return cmp.Compare(a.pos, b.pos)
	}
	if a.on != b.on { // off first: what ends and begins at one place stays on
		if b.on {
			return -1
		}
		return 1
	}
	return cmp.Compare(a.sample, b.sample)
}

// coverWriter makes cover blocks from events in order, uniting what overlaps in a sample.
type coverWriter struct {
	w      *segmentWriter
	bits   bitWriter
	depth  []uint16 // per sample: how many intervals are open
	before []uint32 // scratch
	start  []bool   // who was callable before the first pending event
	now    []bool
	events []event
}

func newCoverWriter(w *segmentWriter) *coverWriter {
	return &coverWriter{w: w, depth: make([]uint16, w.n), start: make([]bool, w.n), now: make([]bool, w.n)}
}

func (c *coverWriter) add(e event) {
	if n := len(c.events); n > 0 && (c.events[0].chrom != e.chrom || n >= coverEvents && c.events[n-1].pos != e.pos) {
		c.flush()
	}
	d := &c.depth[e.sample]
	if e.on {
		*d++
		if *d > 1 {
			return
		}
	} else {
		*d--
		if *d > 0 {
			return
		}
	}
	c.now[e.sample] = e.on
	c.events = append(c.events, e)
}

func (c *coverWriter) flush() {
	if len(c.events) == 0 {
		return
	}
	first, last := c.events[0], c.events[len(c.events)-1]
	c.w.block(coverBlock, first.chrom, first.pos, last.pos, c.encode)
	copy(c.start, c.now)
	c.events = c.events[:0]
}

func (c *coverWriter) encode(dst []byte) []byte {
	c.before = c.before[:0]
	for s, on := range c.start {
		if on {
			c.before = append(c.before, uint32(s))
		}
	}
	first := c.events[0].pos
	steps := uint64(c.events[len(c.events)-1].pos - first)
	param := uint(bits.Len64(steps * 7 / (10 * uint64(len(c.events)))))
	for _, v := range []uint64{uint64(len(c.events)), uint64(first), uint64(param), uint64(len(c.before))} {
		dst = binary.AppendUvarint(dst, v)
	}
	c.bits.reset()
	putSubset(&c.bits, c.before, c.w.n)
	last := first
	for _, e := range c.events {
		c.bits.rice(uint64(e.pos-last), param)
		last = e.pos
		c.bits.write(uint64(e.sample), indexBits(c.w.n))
		c.bits.write(uint64(bit(e.on)), 1)
	}
	c.bits.flush()
	return append(dst, c.bits.buf...)
}

func bit(b bool) uint8 {
	if b {
		return 1
	}
	return 0
}

// decodeCover reads a cover block: who was callable before it, and its events. p has slack bytes behind size.
func decodeCover(p []byte, size int, c variant.Chrom, n uint32, before []uint32, events []event) ([]uint32, []event, bool) {
	h := head{b: p[:size]}
	count := int(h.num(maxRows))
	first, param, k := h.num(1<<32-1), uint(h.num(40)), uint32(h.num(uint64(n)))
	if h.bad || count > (size-h.at)*8 {
		return before, events, false
	}
	r := newBitReader(p, h.at, size)
	before, _ = r.subset(before[:0], nil, k, n)
	events = events[:0]
	at := first
	for range count {
		at += r.rice(param)
		s := uint32(r.read(indexBits(n)))
		on := r.read(1) == 1
		if s >= n || at > 1<<32-1 || r.bad {
			return before, events, false
		}
		events = append(events, event{uint32(at), c, on, s})
	}
	return before, events, r.done()
}

// coverReader goes through a segment's events in order.
type coverReader struct {
	s      *segment
	next   int
	events []event
	before []uint32
	buf    []byte
}

// event gives the next event; false at the end.
func (r *coverReader) event() (event, bool, error) {
	for len(r.events) == 0 {
		if r.next == len(r.s.covers) {
			return event{}, false, nil
		}
		if err := r.load(r.s.covers[r.next]); err != nil {
			return event{}, false, err
		}
		r.next++
	}
	e := r.events[0]
	r.events = r.events[1:]
	return e, true, nil
}

func (r *coverReader) load(ref blockRef) error {
	p, err := r.s.payload(ref, r.buf)
	if err != nil {
		return err
	}
	r.buf = p
	var ok bool
	r.before, r.events, ok = decodeCover(p[:cap(p)], len(p), ref.chrom, r.s.n, r.before, r.events[:0])
	if !ok {
		return r.s.damaged("a block of callable places makes no sense")
	}
	return nil
}

// callable calls mark with every sample of the segment that is callable at a place.
func (r *coverReader) callable(c variant.Chrom, pos uint32, mark func(sample uint32, on bool)) error {
	i := seek(r.s.covers, c, pos)
	if i == len(r.s.covers) || r.s.covers[i].chrom != c {
		return nil
	}
	if err := r.load(r.s.covers[i]); err != nil {
		return err
	}
	for _, s := range r.before {
		mark(s, true)
	}
	for _, e := range r.events {
		if e.pos > pos {
			break
		}
		mark(e.sample, e.on)
	}
	r.events = r.events[:0]
	return nil
}

// sortEvents orders the events of a run.
func sortEvents(e []event) {
	if !slices.IsSortedFunc(e, compareEvents) {
		slices.SortFunc(e, compareEvents)
	}
}
