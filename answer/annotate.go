package answer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/samverk/samverk/consent"
	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/genome/bgzf"
	"github.com/samverk/samverk/genome/store"
	"github.com/samverk/samverk/genome/variant"
	"github.com/samverk/samverk/genome/vcf"
)

// Annotation asks for a VCF with the counts of its variants.
type Annotation struct {
	Use       consent.Use
	Dataset   string
	Name      string // of the input, for errors
	Assembly  variant.Assembly
	Reference *variant.Reference // to left-align by; nil: the desk's, if it has one
	Compress  bool               // write bgzip
	Level     int                // 1–9; 0: the default
	Index     io.Writer          // receives a tabix index; needs Compress and sorted records
	Progress  func(bytesRead int64)
}

// Annotated tells what an annotation came to.
type Annotated struct {
	Records     int64
	Alleles     int64 // ALTs that name a variant
	Known       int64 // of them, carried by somebody counted
	Individuals uint32
	Epoch       uint64
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

// Annotate copies a VCF from in to out and adds the counts of its variants to INFO, leaving all else as it is. The
// people counted are those who allow the use when it begins.
func (d *Desk) Annotate(ctx context.Context, a Annotation, in io.Reader, out io.Writer) (Annotated, error) {
	c, err := d.beginLong(a.Use, a.Dataset)
	if err != nil {
		return Annotated{}, err
	}
	if a.Reference == nil {
		a.Reference = d.reference
	}
	z, err := bgzf.NewReader(in, a.Name, bgzf.Options{})
	if err != nil {
		return Annotated{}, err
	}
	defer z.Close()
	s, err := vcf.NewScanner(a.Name, z.Next)
	if err != nil {
		return Annotated{}, err
	}
	h := s.Header()
	if err := variant.Detect(h.Contigs, h.Reference, a.Assembly); err != nil {
		return Annotated{}, inFile(err, a.Name)
	}
	w, err := newOutput(a, out)
	if err != nil {
		return Annotated{}, err
	}
	x := &annotator{
		a: a, scan: s, out: w, reader: z, counter: c.snap.BulkCounter(c.mask),
		alleles: alleles{file: a.Name, namer: vcf.Namer{Norm: variant.NewNormalizer(a.Reference)}},
		sum:     Annotated{Individuals: uint32(c.mask.Individuals()), Epoch: c.allowed.Epoch},
	}
	defer x.counter.Close()
	x.header(h, c)
	if err := x.run(ctx); err != nil {
		w.abandon()
		return Annotated{}, err
	}
	return x.sum, w.close(a.Index)
}

// annotator goes through one file.
type annotator struct {
	a       Annotation
	scan    *vcf.Scanner
	reader  *bgzf.Reader
	out     *output
	counter *store.Counter
	alleles alleles
	sum     Annotated

	rec    vcf.Record
	counts []store.Count
	named  []bool
	add    []byte
}

// header writes the lines as they were, less those of an earlier annotation, and those that explain ours.
func (x *annotator) header(h *vcf.Header, c *counting) {
	for _, l := range h.Lines {
		if !strings.HasPrefix(l, "##INFO=<ID=SAMVERK_") && !strings.HasPrefix(l, "##samverk=") {
			x.out.line(l)
		}
	}
	for _, f := range fields {
		x.out.line(fmt.Sprintf("##INFO=<ID=%s,Number=%s,Type=%s,Description=%q>", f.id, f.number, f.kind, f.text))
	}
	x.out.line(fmt.Sprintf("##samverk=<ID=counts,Purpose=%s,Datasets=%q,Individuals=%d,ConsentEpoch=%d>",
		x.a.Use.Purpose, strings.Join(c.datasets, ","), x.sum.Individuals, x.sum.Epoch))
	columns := []string{"#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO"}
	if h.HasFormat {
		columns = append(append(columns, "FORMAT"), h.Samples...)
	}
	x.out.line(strings.Join(columns, "\t"))
}

func (x *annotator) run(ctx context.Context) error {
	for {
		ok, err := x.scan.Next(&x.rec)
		if err != nil || !ok {
			return err
		}
		if x.sum.Records&1023 == 0 {
			if err := ctx.Err(); err != nil {
				return err
			}
			if x.a.Progress != nil {
				x.a.Progress(x.reader.BytesRead())
			}
		}
		x.sum.Records++
		if err := x.record(); err != nil {
			return err
		}
	}
}

// record counts one line's ALTs and writes the line.
func (x *annotator) record() error {
	r := &x.rec
	if err := x.alleles.read(r); err != nil {
		return err
	}
	x.counts, x.named = x.counts[:0], x.named[:0]
	for i := range x.alleles.alts {
		k, ok, err := x.alleles.key(r, i)
		if err != nil {
			return err
		}
		var c store.Count
		if ok {
			if c, err = x.counter.Count(k); err != nil {
				return err
			}
			x.sum.Alleles++
			if c.AC > 0 {
				x.sum.Known++
			}
		}
		x.counts = append(x.counts, c)
		x.named = append(x.named, ok && c.Covered)
	}
	x.add = x.appendCounts(x.add[:0])
	return x.out.record(r, x.add)
}

// appendCounts writes the INFO of x.counts; "." where there is no answer, nothing where there is no ALT.
func (x *annotator) appendCounts(b []byte) []byte {
	if len(x.counts) == 0 {
		return b
	}
	b = x.each(b, "SAMVERK_AC=", func(b []byte, c *store.Count) []byte { return strconv.AppendUint(b, uint64(c.AC), 10) })
	b = x.each(b, ";SAMVERK_AN=", func(b []byte, c *store.Count) []byte { return strconv.AppendUint(b, uint64(c.AN), 10) })
	b = x.each(b, ";SAMVERK_AF=", appendAF)
	b = x.each(b, ";SAMVERK_HOM=", func(b []byte, c *store.Count) []byte { return strconv.AppendUint(b, uint64(c.Hom), 10) })
	b = x.each(b, ";SAMVERK_HEMI=", func(b []byte, c *store.Count) []byte { return strconv.AppendUint(b, uint64(c.Hemi), 10) })
	for i := range x.counts {
		if x.named[i] && x.counts[i].Assumed {
			return append(b, ";SAMVERK_ASSUMED"...)
		}
	}
	return b
}

func (x *annotator) each(b []byte, key string, value func([]byte, *store.Count) []byte) []byte {
	b = append(b, key...)
	for i := range x.counts {
		if i > 0 {
			b = append(b, ',')
		}
		if x.named[i] {
			b = value(b, &x.counts[i])
		} else {
			b = append(b, '.')
		}
	}
	return b
}

// appendAF writes six significant digits, as bcftools' fill-tags does; "." when nobody's copies are counted.
func appendAF(b []byte, c *store.Count) []byte {
	switch {
	case c.AN == 0:
		return append(b, '.')
	case c.AC == 0:
		return append(b, '0')
	}
	return strconv.AppendFloat(b, float64(c.AC)/float64(c.AN), 'g', 6, 64)
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

// flushAt is how much is gathered before a write.
const flushAt = 256 << 10

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

// record writes a line with add put into its INFO, in place of what an earlier annotation put there.
func (o *output) record(r *vcf.Record, add []byte) error {
	if o.index != nil { // marks are of what has been written
		if err := o.flush(); err != nil {
			return err
		}
	}
	from, to := r.InfoSpan()
	o.buf = append(o.buf, r.Raw[:from]...)
	start := len(o.buf)
	if info := r.Raw[from:to]; bytes.Contains(info, []byte("SAMVERK_")) {
		o.buf = appendOthers(o.buf, info)
	} else if len(info) != 1 || info[0] != '.' {
		o.buf = append(o.buf, info...)
	}
	if len(add) > 0 {
		if len(o.buf) > start {
			o.buf = append(o.buf, ';')
		}
		o.buf = append(o.buf, add...)
	}
	if len(o.buf) == start {
		o.buf = append(o.buf, '.')
	}
	o.buf = append(append(o.buf, r.Raw[to:]...), '\n')
	if o.index != nil {
		return o.indexed(r)
	}
	if len(o.buf) >= flushAt {
		return o.flush()
	}
	return nil
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
