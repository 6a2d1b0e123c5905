package store

import (
	"context"
	"math/bits"

	"github.com/samverk/samverk/genome/variant"
)

// Count is how often a variant occurs among the people of a mask.
//
//	AC = 2·hom + het + hemi      AN = the copies of everybody counted, less what is missing
type Count struct {
	AC, AN         uint32
	Het, Hom, Hemi uint32 // people
	Individuals    uint32 // people counted: allowed, and sequenced at this place
	Assumed        bool   // somebody counted has neither a genotype nor a callable block here and counts as reference
	Covered        bool   // false: nobody in the datasets asked was sequenced at this place; there is no answer, not a zero
	Known          bool   // a segment has this variant, whoever carries it
}

// Counter counts for one goroutine. It remembers where it was, so that sorted questions cost least.
type Counter struct {
	m     *Mask
	keep  *columns // where what is counted is kept for the next long answer; nil for a short one
	at    []position
	g     genotypes
	known []uint64 // scratch of everyoneKnown
	cover coverReader
}

// position is where the counter is in one segment.
type position struct {
	block int // in the index; -1: nowhere
	b     *block
	row   int // the next row that bits is at
	bits  bitReader
	bases map[int]*baseRow
	spare []*baseRow
	kept  *column // what earlier counters found in the block; of a bulk counter
	own   *column // what this one added
	buf   []byte  // of the block at hand, if that is a bulk counter's own
	gap   gap
}

// gap is a stretch that no block of a segment spans: most of a genome's variants lie in the same as the one before.
type gap struct {
	chrom    variant.Chrom
	from, to uint32 // to is in it
}

// baseRow is a decoded row that later ones refer to: planes of codes, and its counts under the mask.
type baseRow struct {
	het, full []uint64
	t         tally
}

// tally counts people by what they carry, under the mask.
type tally struct {
	het, hom, hemi int
	copies         int // to add to the expected copies: what was written differs
	known          int // people with an entry outside the lists of samples present
}

// Counter makes a counter for a mask of this snapshot.
func (sn *Snapshot) Counter(m *Mask) *Counter {
	c := &Counter{m: m, at: make([]position, len(m.v.segments))}
	for i := range c.at {
		c.at[i].block = -1
	}
	return c
}

// BulkCounter makes a counter for a long answer: it keeps what it counts for the next one under the same mask. Close it.
func (sn *Snapshot) BulkCounter(m *Mask) *Counter {
	c := sn.Counter(m)
	c.keep = m.kept.Load()
	return c
}

// Close passes on what a bulk counter found.
func (c *Counter) Close() {
	for i := range c.at {
		c.leave(i)
	}
}

// leave passes on what was found in segment i's block at hand.
func (c *Counter) leave(i int) {
	if p := &c.at[i]; p.own != nil {
		c.keep.keep(i, p.block, p.own)
		p.own = nil
	}
}

// Count counts one key.
func (c *Counter) Count(k variant.Key) (Count, error) {
	z := variant.ZoneOf(k.Chrom, k.Pos)
	copies, people, sexed, covered := c.m.base(z, k.Chrom, k.Pos)
	out := Count{Individuals: uint32(people), Covered: covered}
	var t tally
	known := 0
	for i, s := range c.m.v.segments {
		row, err := c.find(i, s, k)
		if err != nil {
			return Count{}, err
		}
		if row < 0 {
			continue
		}
		out.Known = true
		here, err := c.row(i, s, row, z)
		if err != nil {
			return Count{}, err
		}
		t.add(here)
		known += here.known
	}
	if !covered {
		return Count{Known: out.Known}, nil
	}
	out.Het, out.Hom, out.Hemi = uint32(t.het), uint32(t.hom), uint32(t.hemi)
	out.AC = out.Het + 2*out.Hom + out.Hemi
	out.AN = uint32(copies + t.copies)
	if z == variant.YOnly || known < people && known+c.m.blocks >= sexed {
		all, err := c.everyoneKnown(k, z)
		if err != nil {
			return Count{}, err
		}
		out.Assumed = !all
	} else {
		out.Assumed = known < people
	}
	return out, nil
}

func (t *tally) add(o tally) {
	t.het += o.het
	t.hom += o.hom
	t.hemi += o.hemi
	t.copies += o.copies
}

// find puts the counter at the key's block in segment i and gives the key's row, or -1.
func (c *Counter) find(i int, s *segment, k variant.Key) (int, error) {
	p := &c.at[i]
	if p.block < 0 || !s.index[p.block].spans(k) || p.block > 0 && s.index[p.block-1].spans(k) {
		if p.gap.chrom == k.Chrom && p.gap.from <= k.Pos && k.Pos <= p.gap.to {
			return -1, nil
		}
		n := seek(s.index, k.Chrom, k.Pos)
		if n == len(s.index) || !s.index[n].spans(k) {
			p.gap = gap{k.Chrom, k.Pos, 1<<32 - 1}
			if n < len(s.index) && s.index[n].chrom == k.Chrom {
				p.gap.to = s.index[n].first - 1
			}
			return -1, nil
		}
		if err := c.open(i, s, n); err != nil {
			return -1, err
		}
	}
	row := p.b.find(k)
	for row < 0 && p.block+1 < len(s.index) && s.index[p.block+1].spans(k) { // a position that fills a block goes on in the next
		if err := c.open(i, s, p.block+1); err != nil {
			return -1, err
		}
		row = p.b.find(k)
	}
	return row, nil
}

func (r blockRef) spans(k variant.Key) bool {
	return r.chrom == k.Chrom && r.first <= k.Pos && k.Pos <= r.last
}

func (c *Counter) open(i int, s *segment, n int) error {
	c.leave(i)
	p := &c.at[i]
	b, err := c.block(p, s, n)
	if err != nil {
		return err
	}
	if c.keep != nil {
		p.kept = c.keep.of[i][n].Load()
	}
	for _, x := range p.bases {
		p.spare = append(p.spare, x)
	}
	if p.bases == nil {
		p.bases = make(map[int]*baseRow)
	}
	clear(p.bases)
	p.block, p.b, p.row = n, b, 0
	p.bits = newBitReader(b.data, b.from, b.to)
	return nil
}

// block gives a decoded block for a place. A long answer passes by each block once: its blocks
// aren't kept, and each takes over the bytes of the one before.
func (c *Counter) block(p *position, s *segment, n int) (*block, error) {
	if c.keep == nil {
		return s.block(n)
	}
	if s.cache != nil {
		if b := s.cache.get(place{s.serial, uint32(n)}); b != nil {
			return b, nil
		}
	}
	b, err := s.read(s.index[n], p.buf)
	if err == nil {
		p.buf = b.data
	}
	return b, err
}

// block gives a decoded block, from the cache if it is there.
func (s *segment) block(n int) (*block, error) {
	at := place{s.serial, uint32(n)}
	if s.cache != nil {
		if b := s.cache.get(at); b != nil {
			return b, nil
		}
	}
	b, err := s.read(s.index[n], nil)
	if err == nil && s.cache != nil {
		s.cache.put(at, b)
	}
	return b, err
}

// row counts one row of segment i's block at hand, or knows it already.
func (c *Counter) row(i int, s *segment, row int, z variant.Zone) (tally, error) {
	if c.keep == nil {
		return c.decode(i, s, row, z)
	}
	p := &c.at[i]
	if t, ok := p.kept.get(row); ok {
		return t, nil
	}
	t, err := c.decode(i, s, row, z)
	if err == nil {
		if p.own == nil {
			p.own = newColumn(len(p.b.pos))
		}
		p.own.set(row, t)
	}
	return t, err
}

// decode counts one row of segment i's block at hand.
func (c *Counter) decode(i int, s *segment, row int, z variant.Zone) (tally, error) {
	p := &c.at[i]
	if step := p.b.step; row < p.row || row/step > p.row/step {
		p.bits = newBitReader(p.b.data, p.b.from, p.b.to)
		p.bits.at += uint64(p.b.starts[row/step])
		p.row = row - row%step
	}
	for ; p.row < row; p.row++ {
		p.b.readRow(&p.bits, &c.g, p.row)
	}
	p.b.readRow(&p.bits, &c.g, row)
	p.row = row + 1
	if p.bits.bad || p.bits.at > p.bits.end {
		return tally{}, s.damaged("a block's genotypes make no sense")
	}
	present := p.b.present(row)
	var t tally
	if c.g.like >= 0 {
		base, err := c.base(i, s, z)
		if err != nil {
			return t, err
		}
		t = c.difference(i, base, z)
		if !whole(present, s.n) { // seldom: who carries it must be known one by one
			t.known = c.outside(i, base, present)
		}
	} else {
		t = c.carriers(i, z)
		if !whole(present, s.n) {
			c.g.sparse()
			for _, x := range c.g.carriers {
				if c.in(i, x) && !has(present, x) {
					t.known++
				}
			}
		}
	}
	c.others(i, present, z, &t)
	t.known += c.countPresent(i, s, present)
	return t, nil
}

func whole(present []Range, n uint32) bool {
	return len(present) == 1 && present[0].From == 0 && present[0].To == n
}

// in tells whether sample x of segment i is in the mask.
func (c *Counter) in(i int, x uint32) bool { return c.m.local[i][x>>6]>>(x&63)&1 == 1 }

// expectedOf is how many copies sample x of segment i has in a zone.
func (c *Counter) expectedOf(i int, x uint32, z variant.Zone) int {
	return expected(z, c.m.v.samples[c.m.v.segments[i].base+x].sex)
}

// carriers counts the decoded row's Het and Full ones.
func (c *Counter) carriers(i int, z variant.Zone) (t tally) {
	mask := c.m.local[i]
	g := &c.g
	if z == variant.Autosomal && g.dense {
		n, full := 0, 0
		all, homs := g.all[:len(mask)], g.homs[:len(mask)]
		for w, m := range mask {
			n += bits.OnesCount64(all[w] & m)
			full += bits.OnesCount64(homs[w] & m)
		}
		return tally{het: n - full, hom: full}
	}
	g.sparse()
	if z == variant.Autosomal {
		n, full := 0, 0
		for _, x := range g.carriers {
			n += int(mask[x>>6] >> (x & 63) & 1)
		}
		for _, f := range g.full {
			x := g.carriers[f]
			full += int(mask[x>>6] >> (x & 63) & 1)
		}
		return tally{het: n - full, hom: full}
	}
	j := 0
	for n, x := range g.carriers {
		code := uint64(1)
		if j < len(g.full) && g.full[j] == uint32(n) {
			code = 2
			j++
		}
		if c.in(i, x) {
			c.add(&t, i, x, code, 1, z)
		}
	}
	return t
}

// add counts sign people of a code; sample x says how many copies are expected.
func (c *Counter) add(t *tally, i int, x uint32, code uint64, sign int, z variant.Zone) {
	switch code {
	case 1:
		t.het += sign
		if z != variant.Autosomal {
			t.copies += sign * (2 - c.expectedOf(i, x, z))
		}
	case 2:
		if z == variant.Autosomal || c.expectedOf(i, x, z) == 2 {
			t.hom += sign
		} else {
			t.hemi += sign
		}
	}
}

// base gives the decoded row that the row at hand refers to.
func (c *Counter) base(i int, s *segment, z variant.Zone) (*baseRow, error) {
	p := &c.at[i]
	at := c.g.like
	key := at<<2 | int(z) // a block may lie on both sides of a zone's edge
	if b := p.bases[key]; b != nil {
		return b, nil
	}
	var g genotypes
	g, c.g = c.g, genotypes{}
	defer func() { c.g = g }()
	r := p.b.rowAt(at, &c.g)
	p.b.readRow(&r, &c.g, at)
	if r.bad || r.at > r.end || c.g.like >= 0 {
		return nil, s.damaged("a row refers to one that can't be referred to")
	}
	b := p.fresh(int(s.n))
	if c.g.dense {
		for w := range b.het {
			b.het[w], b.full[w] = c.g.all[w]&^c.g.homs[w], c.g.homs[w]
		}
	}
	for _, x := range c.g.carriers {
		b.het[x>>6] |= 1 << (x & 63)
	}
	for _, f := range c.g.full {
		x := c.g.carriers[f]
		b.het[x>>6] &^= 1 << (x & 63)
		b.full[x>>6] |= 1 << (x & 63)
	}
	b.t = c.carriers(i, z)
	p.bases[key] = b
	return b, nil
}

func (p *position) fresh(n int) *baseRow {
	if k := len(p.spare); k > 0 {
		b := p.spare[k-1]
		p.spare = p.spare[:k-1]
		clear(b.het)
		clear(b.full)
		return b
	}
	words := (n + 63) / 64
	return &baseRow{het: make([]uint64, words), full: make([]uint64, words)}
}

// hetChange and fullChange are what a sample that differs adds to the counts, by its old code<<1 | the bit that says how.
var hetChange, fullChange = func() (het, full [8]int) {
	is := func(c, want uint64) int {
		if c == want {
			return 1
		}
		return 0
	}
	for old := range uint64(3) {
		for bit := range uint64(2) {
			now := codeAfter(old, bit)
			het[old<<1|bit] = is(now, 1) - is(old, 1)
			full[old<<1|bit] = is(now, 2) - is(old, 2)
		}
	}
	return het, full
}()

// difference counts a row of form 2: its base's count, changed by those who differ.
func (c *Counter) difference(i int, b *baseRow, z variant.Zone) tally {
	t := b.t
	mask := c.m.local[i]
	if z == variant.Autosomal { // without branches: half of the people are a coin's toss
		words := len(mask)
		het, full, bit := b.het[:words], b.full[:words], c.g.bit[:len(c.g.differ)]
		for d, x := range c.g.differ {
			w, s := x>>6, x&63
			at := het[w]>>s&1<<1 | full[w]>>s&1<<2 | uint64(bit[d])
			in := -int(mask[w] >> s & 1)
			t.het += hetChange[at&7] & in
			t.hom += fullChange[at&7] & in
		}
		return t
	}
	for d, x := range c.g.differ {
		w, s := x>>6, x&63
		if mask[w]>>s&1 == 0 {
			continue
		}
		old := b.het[w]>>s&1 | b.full[w]>>s&1<<1
		c.add(&t, i, x, old, -1, z)
		c.add(&t, i, x, codeAfter(old, uint64(c.g.bit[d])), 1, z)
	}
	return t
}

// outside counts the carriers of a row of form 2, under the mask, who are in no list of samples present.
func (c *Counter) outside(i int, b *baseRow, present []Range) (n int) {
	now := make([]uint64, len(b.het))
	for w := range now {
		now[w] = b.het[w] | b.full[w]
	}
	for d, x := range c.g.differ {
		w, s := x>>6, x&63
		old := b.het[w]>>s&1 | b.full[w]>>s&1<<1
		now[w] &^= 1 << s
		if codeAfter(old, uint64(c.g.bit[d])) != 0 {
			now[w] |= 1 << s
		}
	}
	for w, word := range now {
		for word &= c.m.local[i][w]; word != 0; word &= word - 1 {
			if !has(present, uint32(w<<6+bits.TrailingZeros64(word))) {
				n++
			}
		}
	}
	return n
}

// others counts the entries whose codes are neither Ref, Het nor Full.
func (c *Counter) others(i int, present []Range, z variant.Zone, t *tally) {
	for _, e := range c.g.others {
		x := e.Sample()
		if !c.in(i, x) {
			continue
		}
		written := 0
		switch e.Code() {
		case variant.One:
			t.hemi++
			written = 1
		case variant.Half:
			t.het++
			written = 1
		case variant.RefOne:
			written = 1
		case variant.RefTwo:
			written = 2
		case variant.HomTwo:
			t.hom++
			written = 2
		case variant.RefSeen:
			written = c.expectedOf(i, x, z)
		}
		t.copies += written - c.expectedOf(i, x, z)
		if !has(present, x) {
			t.known++
		}
	}
}

// countPresent counts the mask's samples in the lists of those present.
func (c *Counter) countPresent(i int, s *segment, present []Range) (n int) {
	if whole(present, s.n) {
		return c.m.total[i]
	}
	for _, r := range present {
		n += countBits(c.m.local[i], r)
	}
	return n
}

func countBits(words []uint64, r Range) (n int) {
	for w := r.From >> 6; w<<6 < r.To; w++ {
		n += bits.OnesCount64(words[w] & rangeWord(r, w))
	}
	return n
}

// rangeWord is the w-th word of a range as a bitmap.
func rangeWord(r Range, w uint32) uint64 {
	word := ^uint64(0)
	if low := w << 6; r.From > low {
		word &= ^uint64(0) << (r.From - low)
	}
	if high := w<<6 + 64; r.To < high {
		word &= ^uint64(0) >> (high - r.To)
	}
	return word
}

// everyoneKnown tells whether everybody counted at a place who has copies there has a genotype or a callable block.
func (c *Counter) everyoneKnown(k variant.Key, z variant.Zone) (bool, error) {
	v := c.m.v
	if c.known == nil {
		c.known = make([]uint64, len(c.m.words))
	}
	clear(c.known)
	for i, s := range v.segments {
		if err := c.markKnown(i, s, k); err != nil {
			return false, err
		}
	}
	for w, word := range c.m.words {
		for word &^= c.known[w]; word != 0; word &= word - 1 {
			x := &v.samples[w<<6+bits.TrailingZeros64(word)]
			if expected(z, x.sex) > 0 && v.targets[x.targets].contain(k.Chrom, k.Pos) {
				return false, nil
			}
		}
	}
	return true, nil
}

// markKnown marks the samples of a segment that have a genotype at the key or are callable at its position.
func (c *Counter) markKnown(i int, s *segment, k variant.Key) error {
	mark := func(x uint32, on bool) {
		n := s.base + x
		if int(n>>6) >= len(c.known) {
			return
		}
		if on {
			c.known[n>>6] |= 1 << (n & 63)
		} else {
			c.known[n>>6] &^= 1 << (n & 63)
		}
	}
	c.cover.s = s
	if err := c.cover.callable(k.Chrom, k.Pos, mark); err != nil { // first: it may unmark
		return err
	}
	row, err := c.find(i, s, k)
	if err != nil || row < 0 {
		return err
	}
	p := &c.at[i]
	for _, r := range p.b.present(row) {
		for x := r.From; x < r.To; x++ {
			mark(x, true)
		}
	}
	r := reader{s: s, b: p.b, row: row, bases: make(map[int][]Entry)}
	entries, err := r.at(row)
	if err != nil {
		return err
	}
	for _, e := range entries {
		mark(e.Sample(), true)
	}
	return nil
}

// Scan calls each with the variants from…to of a sequence, in order, with their counts. A
// variant that only people outside the mask carry is given too, with AC 0.
func (sn *Snapshot) Scan(ctx context.Context, m *Mask, chrom variant.Chrom, from, to uint32, each func(variant.Key, Count) error) error {
	c := sn.BulkCounter(m)
	defer c.Close()
	var heads []*keyCursor
	for _, s := range sn.v.segments {
		h := &keyCursor{s: s, next: seek(s.index, chrom, from), chrom: chrom, from: from, to: to}
		ok, err := h.advance()
		if err != nil {
			return err
		}
		if ok {
			heads = append(heads, h)
		}
	}
	for n := 0; len(heads) > 0; n++ {
		if n&1023 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		key := heads[0].key
		for _, h := range heads[1:] {
			if h.key.Compare(key) < 0 {
				key = h.key
			}
		}
		count, err := c.Count(key)
		if err != nil {
			return err
		}
		if err := each(key, count); err != nil {
			return err
		}
		if heads, err = passKey(heads, key); err != nil {
			return err
		}
	}
	return nil
}

// passKey moves every cursor at key on, and drops those at their end.
func passKey(heads []*keyCursor, key variant.Key) ([]*keyCursor, error) {
	left := heads[:0]
	for _, h := range heads {
		if h.key.Compare(key) == 0 {
			ok, err := h.advance()
			if err != nil {
				return nil, err
			}
			if !ok {
				continue
			}
		}
		left = append(left, h)
	}
	return left, nil
}

// keyCursor goes through a segment's keys on a stretch.
type keyCursor struct {
	s        *segment
	next     int
	chrom    variant.Chrom
	from, to uint32
	b        *block
	row      int
	key      variant.Key
}

func (h *keyCursor) advance() (bool, error) {
	for {
		if h.b != nil && h.row+1 < len(h.b.pos) {
			h.row++
		} else {
			if h.next >= len(h.s.index) || h.s.index[h.next].chrom != h.chrom || h.s.index[h.next].first > h.to {
				return false, nil
			}
			b, err := h.s.block(h.next)
			if err != nil {
				return false, err
			}
			h.b, h.row = b, 0
			h.next++
		}
		if pos := h.b.pos[h.row]; pos > h.to {
			return false, nil
		} else if pos >= h.from {
			h.key = h.b.key(h.row)
			return true, nil
		}
	}
}

// Datasets lists the snapshot's datasets.
func (sn *Snapshot) Datasets() []Dataset { return append([]Dataset(nil), sn.v.datasets...) }
