package store

import (
	"context"

	"github.com/samverk/samverk/genome/variant"
)

// input is a segment to merge: its sample 0 becomes sample shift of the output.
type input struct {
	s     *segment
	shift uint32
}

// merger writes the union of segments as one. Its samples must be below out.n after shifting.
type merger struct {
	out       *segmentWriter
	inputs    []input
	retired   func(sample uint32) bool // of the output; nil: nobody
	doubles   int64
	conflicts int64

	heap    []*cursor
	batch   batch
	lists   *lists
	entries []Entry
	present []Range
	joined  []Entry
}

// cursor is an input at its present row.
type cursor struct {
	reader
	shift uint32
	key   variant.Key
	order int
}

func (c *cursor) less(o *cursor) bool {
	if d := c.key.Compare(o.key); d != 0 {
		return d < 0
	}
	return c.order < o.order
}

// mergeRows is how many rows are gathered before they are encoded; mergeBytes ends a batch sooner when entries are many or
// alleles long.
const (
	mergeRows  = blockRows * 4
	mergeBytes = 16 << 20
)

func (m *merger) run(ctx context.Context) error {
	if err := m.start(); err != nil {
		return err
	}
	m.lists = newLists()
	m.batch.lists = m.lists
	for len(m.heap) > 0 {
		if err := m.one(); err != nil {
			return err
		}
		if len(m.batch.rows) >= mergeRows || m.batch.size() > mergeBytes {
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := m.flush(false); err != nil {
				return err
			}
		}
	}
	if err := m.flush(true); err != nil {
		return err
	}
	if err := m.covers(ctx); err != nil {
		return err
	}
	return m.out.close()
}

func (m *merger) start() error {
	for i, in := range m.inputs {
		c := &cursor{reader: reader{s: in.s}, shift: in.shift, order: i}
		ok, err := c.advance()
		if err != nil {
			return err
		}
		if ok {
			c.key = c.b.key(c.row)
			m.heap = append(m.heap, c)
			m.up(len(m.heap) - 1)
		}
	}
	return nil
}

// one joins all rows of the least key.
func (m *merger) one() error {
	key := m.heap[0].key
	key = variant.Key{Chrom: key.Chrom, Pos: key.Pos, Ref: append([]byte(nil), key.Ref...), Alt: append([]byte(nil), key.Alt...)}
	m.entries, m.present = m.entries[:0], m.present[:0]
	for n := 0; len(m.heap) > 0 && m.heap[0].key.Compare(key) == 0; n++ {
		m.join(m.heap[0], n == 0)
		if err := m.advance(); err != nil {
			return err
		}
	}
	if len(m.entries) > 0 || len(m.present) > 0 {
		m.batch.add(key, m.lists.intern(m.present), m.entries)
	}
	return nil
}

// join adds a cursor's row to the entries and the samples present so far.
func (m *merger) join(c *cursor, first bool) {
	rec := c.record()
	at := len(m.entries)
	for _, e := range rec.Entries {
		if e += Entry(c.shift << 4); m.retired == nil || !m.retired(e.Sample()) {
			m.entries = append(m.entries, e)
		}
	}
	present := make([]Range, 0, len(rec.Present))
	for _, p := range rec.Present {
		p = Range{p.From + c.shift, min(p.To+c.shift, m.out.n)}
		if !m.allRetired(p) {
			present = append(present, p)
		}
	}
	if first || at == 0 && len(m.present) == 0 {
		m.present = append(m.present[:0], present...)
		return
	}
	if m.apart(at, present) {
		m.present = unite(m.present, present)
		return
	}
	a := Record{Present: m.present, Entries: m.entries[:at]}
	b := Record{Present: present, Entries: m.entries[at:]}
	var n int
	m.joined, n = uniteEntries(m.joined[:0], a, b)
	m.doubles++
	m.conflicts += int64(n)
	m.entries = append(m.entries[:0], m.joined...)
	m.present = append([]Range(nil), unite(m.present, present)...)
}

// apart tells whether the new samples all come after the earlier ones, as they do when inputs are of other people.
func (m *merger) apart(at int, present []Range) bool {
	low := uint32(maxSamples)
	if len(present) > 0 {
		low = present[0].From
	}
	if at < len(m.entries) {
		low = min(low, m.entries[at].Sample())
	}
	return (at == 0 || m.entries[at-1].Sample() < low) && (len(m.present) == 0 || m.present[len(m.present)-1].To <= low)
}

func (m *merger) allRetired(p Range) bool {
	if m.retired == nil {
		return false
	}
	for s := p.From; s < p.To; s++ {
		if !m.retired(s) {
			return false
		}
	}
	return true
}

// advance moves the least cursor on.
func (m *merger) advance() error {
	c := m.heap[0]
	ok, err := c.reader.advance()
	if err != nil {
		return err
	}
	if ok {
		c.key = c.b.key(c.row)
	} else {
		m.heap[0] = m.heap[len(m.heap)-1]
		m.heap = m.heap[:len(m.heap)-1]
	}
	m.down()
	return nil
}

func (m *merger) up(i int) {
	for i > 0 && m.heap[i].less(m.heap[(i-1)/2]) {
		m.heap[i], m.heap[(i-1)/2] = m.heap[(i-1)/2], m.heap[i]
		i = (i - 1) / 2
	}
}

func (m *merger) down() {
	for i := 0; ; {
		c := 2*i + 1
		if c >= len(m.heap) {
			return
		}
		if c+1 < len(m.heap) && m.heap[c+1].less(m.heap[c]) {
			c++
		}
		if !m.heap[c].less(m.heap[i]) {
			return
		}
		m.heap[i], m.heap[c] = m.heap[c], m.heap[i]
		i = c
	}
}

// flush encodes the gathered rows. Unless all is set it keeps the last position's back, which may go on.
func (m *merger) flush(all bool) error {
	b := &m.batch
	n := len(b.rows)
	if !all {
		last := b.rows[n-1]
		for n > 0 && b.rows[n-1].chrom == last.chrom && b.rows[n-1].pos == last.pos {
			n--
		}
		if n == 0 {
			return nil
		}
	}
	if err := m.out.add(b, b.rows[:n]); err != nil {
		return err
	}
	next := batch{lists: newLists()}
	for i := n; i < len(b.rows); i++ {
		x := &b.rows[i]
		next.add(b.key(x), next.lists.intern(b.lists.all[x.present]), b.entriesOf(x))
	}
	b.reset()
	b.lists = newLists()
	m.lists = b.lists
	for i := range next.rows {
		x := &next.rows[i]
		b.add(next.key(x), b.lists.intern(next.lists.all[x.present]), next.entriesOf(x))
	}
	return nil
}

// covers merges the callable places.
func (m *merger) covers(ctx context.Context) error {
	type stream struct {
		coverReader
		shift uint32
		at    event
		live  bool
	}
	var streams []*stream
	for _, in := range m.inputs {
		if len(in.s.covers) == 0 {
			continue
		}
		s := &stream{coverReader: coverReader{s: in.s}, shift: in.shift}
		var err error
		if s.at, s.live, err = s.event(); err != nil {
			return err
		}
		streams = append(streams, s)
	}
	if len(streams) == 0 {
		return nil
	}
	w := newCoverWriter(m.out)
	for n := 0; ; n++ {
		var least *stream
		for _, s := range streams {
			if s.live && (least == nil || compareEvents(s.at, least.at) < 0) {
				least = s
			}
		}
		if least == nil {
			w.flush()
			return nil
		}
		e := least.at
		if e.sample += least.shift; m.retired == nil || !m.retired(e.sample) {
			w.add(e)
		}
		var err error
		if least.at, least.live, err = least.event(); err != nil {
			return err
		}
		if n&0xffff == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
	}
}
