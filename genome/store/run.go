package store

import (
	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/genome/variant"
)

// A Run takes the records of one file in any order; a sorted file streams through it. It
// keeps some rows back, so that variants that trimming moved find their place, and starts a new
// part when the order breaks further than that. It is for one goroutine; encoding and writing
// happen on another.
type Run struct {
	load     *Load
	from, to uint32 // sample indexes of the load that the run may use
	batch    *batch
	free     chan *batch
	jobs     chan job
	done     chan error
	failed   chan struct{} // closed when the encoder gives up
	err      error         // why, to be read after that
	limit    int           // bytes gathered before rows are passed on
	last     variant.Key
	begun    bool // last is set
	events   []event
	open     []openBlock // per sample, the callable interval that may still grow
	dropped  int64
	blocks   bool // Callable was called
	closed   bool
}

// job is rows to encode, sorted; split starts a new part first.
type job struct {
	b     *batch
	rows  int
	split bool
	cover []event
}

type openBlock struct {
	chrom    variant.Chrom
	from, to uint32
}

// part is a sorted segment file of a load under way.
type part struct {
	name     string
	from, to uint32
	first    variant.Key
	last     variant.Key
	w        *segmentWriter
	cover    *coverWriter
	carriers int64
}

const (
	firstLimit = 2 << 20
	lastLimit  = 64 << 20
	keepBack   = blockRows * 2
	maxEvents  = 4 << 20
)

// NewRun starts a run for a file whose columns are these samples, as indexes into the load's.
func (l *Load) NewRun(samples []uint32) (*Run, error) {
	if len(samples) == 0 {
		return nil, fault.New(fault.Invalid, "a file has no samples").Do("load files with genotypes")
	}
	r := &Run{load: l, from: samples[0], to: samples[0] + 1, limit: firstLimit,
		free: make(chan *batch, 3), jobs: make(chan job), done: make(chan error, 1), failed: make(chan struct{})}
	for _, s := range samples {
		r.from, r.to = min(r.from, s), max(r.to, s+1)
	}
	if int(r.to) > len(l.spec.Samples) {
		return nil, fault.New(fault.Internal, "sample index %d of %d", r.to-1, len(l.spec.Samples))
	}
	r.open = make([]openBlock, r.to-r.from)
	for range cap(r.free) {
		r.free <- &batch{lists: newLists()}
	}
	r.batch = <-r.free
	go r.encode()
	return r, nil
}

// Add takes a record; it copies what it keeps. Entries and Present use the load's sample indexes.
func (r *Run) Add(rec *Record) error {
	if !r.load.targets.contain(rec.Key.Chrom, rec.Key.Pos) {
		r.dropped++
		return nil
	}
	b := r.batch
	b.add(rec.Key, 0, rec.Entries)
	added := &b.rows[len(b.rows)-1]
	if r.from == 0 {
		added.present = b.lists.intern(rec.Present)
	} else {
		own := b.entriesOf(added)
		for i := range own {
			own[i] -= Entry(r.from << 4)
		}
		shifted := make([]Range, len(rec.Present))
		for i, p := range rec.Present {
			shifted[i] = Range{p.From - r.from, p.To - r.from}
		}
		added.present = b.lists.intern(shifted)
	}
	if b.size() >= r.limit {
		return r.pass(false)
	}
	return nil
}

// Callable says that a sample can be called on from…to, 1-based and inclusive.
func (r *Run) Callable(sample uint32, c variant.Chrom, from, to uint32) error {
	r.blocks = true
	o := &r.open[sample-r.from]
	if o.chrom == c && from >= o.from && from <= o.to+1 {
		o.to = max(o.to, to)
		return nil
	}
	r.shut(sample-r.from, o)
	*o = openBlock{c, from, to}
	if len(r.events) >= maxEvents {
		return r.pass(true)
	}
	return nil
}

func (r *Run) shut(sample uint32, o *openBlock) {
	if o.chrom != 0 {
		r.events = append(r.events, event{o.from, o.chrom, true, sample}, event{o.to + 1, o.chrom, false, sample})
	}
}

// pass hands the rows to the encoder, all but the last few.
func (r *Run) pass(all bool) error {
	b := r.batch
	b.sort(0)
	n := len(b.rows)
	if !all {
		n -= min(keepBack, n/2)
		for n > 0 && n < len(b.rows) && b.compare(&b.rows[n-1], &b.rows[n]) == 0 {
			n++ // a key stated twice stays together
		}
	}
	j := job{b: b, rows: n}
	if n > 0 {
		if r.begun && b.key(&b.rows[0]).Compare(r.last) <= 0 {
			j.split = true
			r.limit = min(r.limit*2, lastLimit)
		}
		last := b.key(&b.rows[n-1])
		r.last = variant.Key{Chrom: last.Chrom, Pos: last.Pos, Ref: append(r.last.Ref[:0], last.Ref...), Alt: append(r.last.Alt[:0], last.Alt...)}
		r.begun = true
	}
	if all {
		sortEvents(r.events)
		j.cover, r.events = r.events, nil
	}
	var next *batch
	select {
	case next = <-r.free:
	case <-r.failed:
		return r.err
	}
	next.reset()
	for i := n; i < len(b.rows); i++ {
		x := &b.rows[i]
		next.add(b.key(x), next.lists.intern(b.lists.all[x.present]), b.entriesOf(x))
	}
	r.batch = next
	select {
	case r.jobs <- j:
		return nil
	case <-r.failed:
		return r.err
	}
}

// Close passes on what is left. The run's parts are the load's after it.
func (r *Run) Close() error {
	if r.closed {
		return nil
	}
	r.closed = true
	for s := range r.open {
		r.shut(uint32(s), &r.open[s])
	}
	err := r.pass(true)
	close(r.jobs)
	if e := <-r.done; e != nil {
		err = e
	}
	r.load.mu.Lock()
	r.load.sealed.OffTarget += r.dropped
	r.load.blocks = r.load.blocks || r.blocks
	r.load.mu.Unlock()
	return err
}

// encode runs on its own goroutine until jobs is closed.
func (r *Run) encode() {
	var p *part
	var err error
	for j := range r.jobs {
		if err == nil {
			if p, err = r.write(p, j); err != nil {
				if p != nil {
					p.w.f.Close()
				}
				r.err = err
				close(r.failed)
			}
		}
		if err == nil {
			r.free <- j.b
		}
	}
	if err == nil && p != nil {
		err = r.finish(p)
	}
	r.done <- err
}

func (r *Run) write(p *part, j job) (*part, error) {
	if p != nil && (j.split || len(j.cover) > 0 && p.cover != nil) {
		if err := r.finish(p); err != nil {
			return nil, err
		}
		p = nil
	}
	if j.rows == 0 && len(j.cover) == 0 {
		return p, nil
	}
	if p == nil {
		var err error
		if p, err = r.load.newPart(r.from, r.to); err != nil {
			return nil, err
		}
	}
	if j.rows > 0 {
		rows := r.load.unite(j.b, j.b.rows[:j.rows])
		p.note(j.b, rows)
		if err := p.w.add(j.b, rows); err != nil {
			return p, err
		}
	}
	if len(j.cover) > 0 {
		p.cover = newCoverWriter(p.w)
		for _, e := range j.cover {
			p.cover.add(e)
		}
		p.cover.flush()
		p.noteEvents(j.cover)
	}
	return p, p.w.err
}

// note widens the part's range of keys by the rows'.
func (p *part) note(b *batch, rows []row) {
	p.widen(b.key(&rows[0]), b.key(&rows[len(rows)-1]))
}

func (p *part) noteEvents(e []event) {
	p.widen(variant.Key{Chrom: e[0].chrom, Pos: e[0].pos}, variant.Key{Chrom: e[len(e)-1].chrom, Pos: e[len(e)-1].pos})
}

// widen compares positions only: a part is never split from another inside one.
func (p *part) widen(first, last variant.Key) {
	first, last = variant.Key{Chrom: first.Chrom, Pos: first.Pos}, variant.Key{Chrom: last.Chrom, Pos: last.Pos}
	if p.first.Chrom == 0 || first.Compare(p.first) < 0 {
		p.first = first
	}
	if last.Compare(p.last) > 0 {
		p.last = last
	}
}

func (r *Run) finish(p *part) error {
	p.carriers = p.w.carriers
	if err := p.w.close(); err != nil {
		return err
	}
	r.load.mu.Lock()
	defer r.load.mu.Unlock()
	r.load.parts = append(r.load.parts, p)
	return nil
}
