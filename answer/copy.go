package answer

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/genome/bgzf"
	"github.com/samverk/samverk/genome/variant"
	"github.com/samverk/samverk/genome/vcf"
	"github.com/samverk/samverk/policy"
)

// Counts are where the numbers of an annotation come from: this node's store, or many nodes.
type Counts interface {
	// Pay pays for so many variants, before they are counted, in the order of the file. After an error nothing more is counted.
	Pay(ctx context.Context, cells int) error
	// Pages says how many pages are counted at a time, each by a clerk of its own, and how many bytes of lines make one; a longer line is one of its own.
	Pages() (atOnce, bytes int)
	Clerk() Clerk
	// Ranged tells whether numbers may be told as ranges.
	Ranged() bool
	// Header gives the lines that explain the numbers. It is called once, after the first page was counted.
	Header() []string
}

// Clerk counts, for one goroutine.
type Clerk interface {
	// Count gives what may be told of each key, until it is called again, and what is to stand in the INFO of all their records beside
	// (";NAME=VALUE"), or "".
	Count(ctx context.Context, keys []variant.Key) (runs Runs, more string, err error)
	Close()
}

// fields are what an annotation adds to INFO, in this order. All but the flag have a value per ALT.
var fields = [...]struct{ id, number, kind, text string }{
	{"SAMVERK_AC", "A", "Integer", "Alleles counted among the people who allow this use"},
	{"SAMVERK_AN", "A", "Integer", "Copies of this place in the people counted, less what is missing"},
	{"SAMVERK_AF", "A", "Float", "SAMVERK_AC / SAMVERK_AN"},
	{"SAMVERK_HOM", "A", "Integer", "People counted who are homozygous"},
	{"SAMVERK_HEMI", "A", "Integer", "People counted who are hemizygous"},
	{"SAMVERK_ASSUMED", "0", "Flag", "Somebody counted has neither a genotype nor a callable block here and counts as reference"},
}

// ranged is added where a policy tells of some numbers only that they lie in a range.
var ranged = struct{ id, number, kind, text string }{
	"SAMVERK_CARRIERS", "A", "String", "People counted who carry it: a number, or a range (1-4) where a smaller one is not told; then SAMVERK_AC and others may be missing",
}

// annotator goes through one file: it reads pages of lines, several goroutines name their variants, pay for them in the file's
// order, count and write them out in memory, and another puts them in the output.
type annotator struct {
	a      Annotation
	scan   *vcf.Scanner
	reader *bgzf.Reader
	counts Counts
	out    *output
	sum    Annotated
	unpaid bool // a page before wasn't paid; in turn
}

// errUnpaid is of pages after one that wasn't paid, whose error is the one that is told.
var errUnpaid = fault.New(fault.Internal, "what comes before wasn't paid")

// open reads the head of a file.
func open(a Annotation, in io.Reader) (*annotator, error) {
	z, err := bgzf.NewReader(in, a.Name, bgzf.Options{})
	if err != nil {
		return nil, err
	}
	x := &annotator{a: a, reader: z}
	if x.scan, err = vcf.NewScanner(a.Name, z.Next); err == nil {
		h := x.scan.Header()
		err = inFile(variant.Detect(h.Contigs, h.Reference, a.Assembly), a.Name)
	}
	if err != nil {
		return nil, errors.Join(err, z.Close())
	}
	return x, nil
}

// Copy copies a VCF as Desk.Annotate does, with counts from wherever they come. Who counts has judged and recorded it.
func Copy(ctx context.Context, a Annotation, in io.Reader, counts Counts, out io.Writer) (Annotated, error) {
	x, err := open(a, in)
	if err != nil {
		return Annotated{}, err
	}
	defer x.reader.Close()
	return x.copy(ctx, counts, out)
}

func (x *annotator) copy(ctx context.Context, counts Counts, out io.Writer) (_ Annotated, err error) {
	if x.out, err = newOutput(x.a, out); err != nil {
		return Annotated{}, err
	}
	x.counts = counts
	if err := x.run(ctx); err != nil {
		x.out.abandon()
		return Annotated{}, err
	}
	return x.sum, x.out.close(x.a.Index)
}

// header writes the lines as they were, less those of an earlier annotation, and those that explain ours.
func (x *annotator) header() {
	h := x.scan.Header()
	for _, l := range h.Lines {
		if !strings.HasPrefix(l, "##INFO=<ID=SAMVERK_") && !strings.HasPrefix(l, "##samverk=") {
			x.out.line(l)
		}
	}
	ours := fields[:]
	if x.counts.Ranged() {
		ours = append(ours, ranged)
	}
	for _, f := range ours {
		x.out.line(fmt.Sprintf("##INFO=<ID=%s,Number=%s,Type=%s,Description=%q>", f.id, f.number, f.kind, f.text))
	}
	for _, l := range x.counts.Header() {
		x.out.line(l)
	}
	columns := []string{"#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO"}
	if h.HasFormat {
		columns = append(append(columns, "FORMAT"), h.Samples...)
	}
	x.out.line(strings.Join(columns, "\t"))
}

// page is a piece of the file, and what becomes of it.
type page struct {
	text    []byte // the lines' bytes, which records' Raw are parts of
	records []vcf.Record
	names   []name          // of the records' ALTs, one after the other
	keys    []variant.Key   // of those that name a variant
	alleles []byte          // which keys are parts of
	turn    <-chan struct{} // closed when the pages before are paid
	paid    chan struct{}
	out     []byte
	ends    []int // where each record's line ends in out
	sum     Annotated
	err     error
	done    chan struct{} // a token when out is ready
}

// name is what an ALT is called.
type name struct {
	ok   bool // it names a variant: the page's next key
	none bool // there is none: the record has no ALT
	last bool // of its record
}

func (x *annotator) run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	workers, bytes := x.counts.Pages()
	free, work, order := make(chan *page, 3*workers), make(chan *page, 3*workers), make(chan *page, 3*workers)
	for range cap(free) {
		free <- &page{done: make(chan struct{}, 1)}
	}
	var counting sync.WaitGroup
	for range workers {
		counting.Go(func() { x.newWorker().work(ctx, work) })
	}
	wrote := make(chan error, 1)
	go func() { wrote <- x.write(order, free, cancel) }()
	err := x.read(ctx, bytes, free, work, order)
	close(work)
	close(order)
	counting.Wait()
	return cmp.Or(<-wrote, err) // an error of a page comes before one of what follows it
}

// read cuts the file into pages.
func (x *annotator) read(ctx context.Context, bytes int, free <-chan *page, work, order chan<- *page) error {
	turn := make(chan struct{})
	close(turn)
	for more := true; more; {
		var p *page
		select {
		case p = <-free:
		case <-ctx.Done():
			return ctx.Err()
		}
		p.turn, p.paid = turn, make(chan struct{})
		turn = p.paid
		var err error
		more, err = p.fill(x.scan, bytes)
		if x.a.Progress != nil {
			x.a.Progress(x.reader.BytesRead())
		}
		work <- p
		order <- p
		if err != nil {
			return err
		}
	}
	return nil
}

// mostRecords is how many records are on a page at most: few enough for one question to another node.
const mostRecords = 1 << 15

// fill copies lines into the page; false at the end of the file.
func (p *page) fill(s *vcf.Scanner, bytes int) (bool, error) {
	p.text, p.records = p.text[:0], p.records[:0]
	var r vcf.Record
	for len(p.text) < bytes && len(p.records) < mostRecords {
		ok, err := s.Next(&r)
		if err != nil || !ok {
			return false, err
		}
		from := len(p.text)
		p.text = append(p.text, r.Raw...)
		if len(p.records) > 0 && &p.text[0] != &p.records[0].Raw[0] { // the text grew and moved
			at := 0
			for i := range p.records {
				n := len(p.records[i].Raw)
				p.records[i].Raw = p.text[at : at+n : at+n]
				at += n
			}
		}
		r.Raw = p.text[from:len(p.text):len(p.text)]
		p.records = append(p.records, r)
	}
	return true, nil
}

// write puts the pages in the output, in order. After an error it only takes them.
func (x *annotator) write(order <-chan *page, free chan<- *page, cancel func()) (err error) {
	first := true
	for p := range order {
		<-p.done
		if err == nil {
			if first && p.err == nil {
				x.header()
			}
			first = false
			if err = p.err; err == nil {
				err = x.out.page(p)
			}
			if err != nil {
				cancel()
			}
			x.sum.Records += p.sum.Records
			x.sum.Alleles += p.sum.Alleles
			x.sum.Known += p.sum.Known
			if x.a.Written != nil {
				x.a.Written(x.sum.Records)
			}
		}
		free <- p
	}
	return err
}

// worker names, pays and counts pages, one after the other.
type worker struct {
	x       *annotator
	clerk   Clerk
	alleles alleles
	counts  []*Count // of a record's ALTs; nil: it names no variant
	add     []byte   // to its INFO
	same    *Count   // that add is of, where it is one alone
}

func (x *annotator) newWorker() *worker {
	return &worker{x: x, clerk: x.counts.Clerk(), alleles: alleles{file: x.a.Name, namer: vcf.Namer{Norm: variant.NewNormalizer(x.a.Reference)}}}
}

func (w *worker) work(ctx context.Context, pages <-chan *page) {
	defer w.clerk.Close()
	for p := range pages {
		p.out, p.ends, p.sum = p.out[:0], p.ends[:0], Annotated{}
		p.err = w.name(p)
		<-p.turn
		if w.x.unpaid { // what follows an error is not paid, and not counted
			p.err = cmp.Or[error](p.err, errUnpaid)
		}
		if p.err == nil {
			p.err = w.x.counts.Pay(ctx, len(p.keys))
		}
		w.x.unpaid = p.err != nil
		close(p.paid)
		if p.err == nil {
			p.err = w.page(ctx, p)
		}
		p.done <- struct{}{}
	}
}

// name finds what the page's ALTs are called, and how many are to be paid.
func (w *worker) name(p *page) error {
	p.names, p.keys, p.alleles = p.names[:0], p.keys[:0], p.alleles[:0]
	for i := range p.records {
		r := &p.records[i]
		if err := w.alleles.read(r); err != nil {
			return err
		}
		for j := range w.alleles.alts {
			k, ok, err := w.alleles.key(r, j)
			if err != nil {
				return err
			}
			if ok {
				k.Ref, k.Alt = p.keep(k.Ref), p.keep(k.Alt) // they are good until the next one
				p.keys = append(p.keys, k)
			}
			p.names = append(p.names, name{ok: ok, last: j == len(w.alleles.alts)-1})
		}
		if len(w.alleles.alts) == 0 {
			p.names = append(p.names, name{none: true, last: true})
		}
	}
	p.sum.Alleles = int64(len(p.keys))
	return nil
}

// keep copies an allele. When there is no room where the others are, they stay where they are.
func (p *page) keep(allele []byte) []byte {
	from := len(p.alleles)
	p.alleles = append(p.alleles, allele...)
	return p.alleles[from:len(p.alleles):len(p.alleles)]
}

// page counts what is named, and adds the lines to the page's output.
func (w *worker) page(ctx context.Context, p *page) error {
	runs, more, err := w.clerk.Count(ctx, p.keys)
	if err != nil {
		return err
	}
	if runs.Len() != len(p.keys) {
		return fault.New(fault.Internal, "%d variants were counted of %d", runs.Len(), len(p.keys))
	}
	names, told := p.names, 0
	w.same = nil
	for i := range p.records {
		w.counts = w.counts[:0]
		for on := true; on; names = names[1:] {
			n := names[0]
			if on = !n.last; n.none {
				continue
			}
			var c *Count
			if n.ok {
				for told == runs[0].Times {
					runs, told = runs[1:], 0
				}
				told++
				if c = &runs[0].Count; c.Carried() {
					p.sum.Known++
				}
			}
			w.counts = append(w.counts, c)
		}
		p.sum.Records++
		w.info(more)
		p.out = appendRecord(p.out, &p.records[i], w.add)
		p.ends = append(p.ends, len(p.out))
	}
	return nil
}

// info makes what is added to a record's INFO, unless it is what was added to the one before.
func (w *worker) info(more string) {
	alone := len(w.counts) == 1 && w.counts[0] != nil
	if alone && w.counts[0] == w.same {
		return
	}
	if w.same = nil; alone {
		w.same = w.counts[0]
	}
	w.add = w.appendCounts(w.add[:0])
	if len(w.add) > 0 {
		w.add = append(w.add, more...)
	}
}

// appendCounts writes the INFO of w.counts; "." where there is no answer, nothing where there is no ALT.
func (w *worker) appendCounts(b []byte) []byte {
	if len(w.counts) == 0 {
		return b
	}
	b = w.each(b, "SAMVERK_AC=", func(b []byte, c *Count) []byte { return appendExact(b, c.AC) })
	b = w.each(b, ";SAMVERK_AN=", func(b []byte, c *Count) []byte { return appendExact(b, c.AN) })
	b = w.each(b, ";SAMVERK_AF=", appendAF)
	b = w.each(b, ";SAMVERK_HOM=", func(b []byte, c *Count) []byte { return appendExact(b, c.Hom) })
	b = w.each(b, ";SAMVERK_HEMI=", func(b []byte, c *Count) []byte { return appendExact(b, c.Hemi) })
	if w.x.counts.Ranged() {
		b = w.each(b, ";SAMVERK_CARRIERS=", func(b []byte, c *Count) []byte { return append(b, cmp.Or(Text(c.Carriers, "-"), ".")...) })
	}
	for _, c := range w.counts {
		if c != nil && c.Covered && c.Assumed {
			return append(b, ";SAMVERK_ASSUMED"...)
		}
	}
	return b
}

func (w *worker) each(b []byte, key string, value func([]byte, *Count) []byte) []byte {
	b = append(b, key...)
	for i, c := range w.counts {
		if i > 0 {
			b = append(b, ',')
		}
		if c != nil && c.Covered {
			b = value(b, c)
		} else {
			b = append(b, '.')
		}
	}
	return b
}

// appendExact writes a number; "." where only a range is told.
func appendExact(b []byte, c policy.Cell) []byte {
	if c.Form != policy.Number {
		return append(b, '.')
	}
	return strconv.AppendInt(b, int64(c.Low), 10)
}

// appendAF writes six significant digits, as bcftools' fill-tags does; "." when nobody's copies are counted.
func appendAF(b []byte, c *Count) []byte {
	af, ok := c.AF()
	switch {
	case !ok:
		return append(b, '.')
	case af == 0:
		return append(b, '0')
	}
	return strconv.AppendFloat(b, af, 'g', 6, 64)
}

// place says where in the file an error without a place happened.
func place(file string, r *vcf.Record, err error) error {
	var f *fault.Error
	if !errors.As(err, &f) {
		return err
	}
	at := *f
	if at.Line == 0 {
		at.Line = r.Line
	}
	if at.File == "" {
		at.File = file
	}
	return &at
}

func inFile(err error, name string) error {
	var f *fault.Error
	if errors.As(err, &f) && f.File == "" {
		at := *f
		at.File = name
		return &at
	}
	return err
}

// output writes lines, compressed and indexed if asked.
type output struct {
	w     io.Writer
	buf   []byte
	zip   *bgzf.Writer
	index *bgzf.TabixBuilder
	err   error
}

func newOutput(a Annotation, out io.Writer) (*output, error) {
	o := &output{w: out}
	if a.Compress {
		z, err := bgzf.NewWriter(out, bgzf.WriterOptions{Level: a.Level})
		if err != nil {
			return nil, err
		}
		o.zip, o.w = z, z
		if a.Index != nil {
			o.index = new(bgzf.TabixBuilder)
		}
	}
	return o, nil
}

func (o *output) line(s string) {
	o.buf = append(append(o.buf, s...), '\n')
}

func (o *output) flush() error {
	if o.err == nil && len(o.buf) > 0 {
		_, o.err = o.w.Write(o.buf)
	}
	o.buf = o.buf[:0]
	return o.err
}

// page writes a page's lines.
func (o *output) page(p *page) error {
	if err := o.flush(); err != nil { // marks are of what has been written
		return err
	}
	if o.index == nil {
		_, o.err = o.w.Write(p.out)
		return o.err
	}
	at := 0
	for i, end := range p.ends {
		o.buf = append(o.buf, p.out[at:end]...)
		if err := o.indexed(&p.records[i]); err != nil {
			return err
		}
		at = end
	}
	return nil
}

// appendRecord writes a line with add put into its INFO, in place of what an earlier annotation put there.
func appendRecord(b []byte, r *vcf.Record, add []byte) []byte {
	from, to := r.InfoSpan()
	b = append(b, r.Raw[:from]...)
	start := len(b)
	if info := r.Raw[from:to]; bytes.Contains(info, []byte("SAMVERK_")) {
		b = appendOthers(b, info)
	} else if len(info) != 1 || info[0] != '.' {
		b = append(b, info...)
	}
	if len(add) > 0 {
		if len(b) > start {
			b = append(b, ';')
		}
		b = append(b, add...)
	}
	if len(b) == start {
		b = append(b, '.')
	}
	return append(append(b, r.Raw[to:]...), '\n')
}

// appendOthers copies the fields of INFO that aren't ours.
func appendOthers(b, info []byte) []byte {
	start := len(b)
	for f := range bytes.SplitSeq(info, []byte{';'}) {
		if bytes.HasPrefix(f, []byte("SAMVERK_")) || len(f) == 1 && f[0] == '.' {
			continue
		}
		if len(b) > start {
			b = append(b, ';')
		}
		b = append(b, f...)
	}
	return b
}

func (o *output) indexed(r *vcf.Record) error {
	from := o.zip.Mark()
	if err := o.flush(); err != nil {
		return err
	}
	end := int64(r.Pos) - 1 + int64(len(r.Ref()))
	if v, ok := r.InfoValue("END"); ok {
		if n, ok := vcf.Number(v, 0); ok && int64(n) > end {
			end = int64(n)
		}
	}
	return o.index.Add(string(r.ChromText()), int64(r.Pos)-1, end, from, o.zip.Mark())
}

func (o *output) close(index io.Writer) error {
	if err := o.flush(); err != nil {
		o.abandon()
		return err
	}
	if o.zip == nil {
		return nil
	}
	if err := o.zip.Close(); err != nil {
		return err
	}
	if o.index == nil {
		return nil
	}
	return o.index.Write(index, o.zip.Offset)
}

// abandon ends an output that is not whole, and its goroutines.
func (o *output) abandon() {
	if o.zip != nil {
		o.zip.Abandon()
	}
}
