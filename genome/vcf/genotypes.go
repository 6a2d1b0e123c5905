package vcf

import (
	"bytes"
	"encoding/binary"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/genome/variant"
)

// Call is one sample's genotype: sample<<32 | copies<<28 | a<<14 | b, a the smaller allele number. Phase is not kept.
type Call uint64

const (
	noAllele   = 1<<14 - 1 // a copy written "."
	maxAllele  = noAllele - 1
	copyShift  = 28
	sampleBase = 32
)

func makeCall(sample uint32, copies, a, b int) Call {
	return Call(sample)<<sampleBase | Call(copies)<<copyShift | Call(a)<<14 | Call(b)
}

// Sample is the column, from 0.
func (c Call) Sample() uint32 { return uint32(c >> sampleBase) }

// Copies is how many copies are written: 0 when none is called (".", "./."), 1, 2, or 3 for more than two.
func (c Call) Copies() int { return int(c >> copyShift & 15) }

// Alleles are the copies' allele numbers, ascending, -1 for a missing one, which is last. Of one copy, b is -1; of
// more than two, a is the largest number.
func (c Call) Alleles() (a, b int) {
	a, b = int(c>>14&noAllele), int(c&noAllele)
	if a == noAllele {
		a = -1
	}
	if b == noAllele {
		b = -1
	}
	return a, b
}

// Short is a call of one of the commonest forms, as it counts for ALT 1 where two copies are expected:
// sample<<4 | code. Only 0/1 (variant.Het), 1/1 (variant.Full) and what is wholly missing (variant.Missing) have one.
type Short uint32

// longer is the code of a call that has no short form: it is the next of others.
const longer = 15

// Sample is the column, from 0.
func (s Short) Sample() uint32 { return uint32(s >> 4) }

// Code is the genotype.
func (s Short) Code() variant.Code { return variant.Code(s & 15) }

// Genotypes reads the sample columns of records. It is for one goroutine, and its results are good until its next Read.
type Genotypes struct {
	// Polyploid tells whether somebody has more than two copies.
	Polyploid bool

	scanner *Scanner
	samples int
	formats formats
	buf     []Short
	n       int      // of buf
	others  []uint32 // what has no short form, a Call without its sample
	long    []Call   // all of it, once somebody asked
	asked   bool
}

// NewGenotypes makes one for the scanner's samples.
func NewGenotypes(s *Scanner) *Genotypes {
	n := len(s.head.Samples)
	return &Genotypes{scanner: s, samples: n, buf: make([]Short, n+16)} // words writes up to 8 calls past the last
}

// Format is where the last record read keeps its values.
func (g *Genotypes) Format() *Format { return &g.formats.now }

// Shorts are the samples that are not plain 0/0, ascending, when every one of them has a short form.
func (g *Genotypes) Shorts() (_ []Short, ok bool) { return g.buf[:g.n], len(g.others) == 0 }

// Calls are the samples that are not plain 0/0, ascending: also haploid 0, half and wholly missing.
// Every sample that is not listed is 0/0.
func (g *Genotypes) Calls() []Call {
	if g.asked {
		return g.long
	}
	g.asked, g.long = true, g.long[:0]
	others := g.others
	for _, s := range g.buf[:g.n] {
		c := shortCalls[s&15]
		if s&15 == longer {
			c, others = Call(others[0]), others[1:]
		}
		g.long = append(g.long, c|Call(s>>4)<<sampleBase)
	}
	return g.long
}

var shortCalls = [16]Call{variant.Het: makeCall(0, 2, 0, 1), variant.Full: makeCall(0, 2, 1, 1), variant.Missing: makeCall(0, 0, noAllele, noAllele)}

// Read reads a record's genotypes; alts is how many ALTs it has.
func (g *Genotypes) Read(r *Record, alts int) error {
	g.Polyploid, g.n, g.others, g.asked = false, 0, g.others[:0], false
	if g.samples == 0 {
		return nil
	}
	if r.Format() == nil {
		return g.scanner.Fault(r.Line, "", "the record has no sample columns, the header names %d samples", g.samples).Do("is the file whole?")
	}
	g.formats.read(r.Format())
	format := &g.formats.now
	switch {
	case alts > maxAllele:
		return g.scanner.Fault(r.Line, "ALT", "the record has %d ALTs, more than %d", alts, maxAllele)
	case g.samples == 1 && format.GT == 0 && g.single(r.SampleText(), alts):
		return nil
	}
	p := pass{g: g, r: r, text: r.SampleText(), alts: alts, key: format.GT}
	switch {
	case p.key < 0:
		return p.allMissing()
	case p.key == 0 && format.keys == 1:
		return p.plain()
	}
	return p.general()
}

// add adds a call that is not 0/0.
func (g *Genotypes) add(sample uint32, copies, a, b int) {
	code := Short(longer)
	switch {
	case copies == 0:
		code = Short(variant.Missing)
	case copies == 2 && a == 0 && b == 1:
		code = Short(variant.Het)
	case copies == 2 && a == 1 && b == 1:
		code = Short(variant.Full)
	default:
		g.others = append(g.others, uint32(makeCall(0, copies, a, b)))
	}
	g.buf[g.n] = Short(sample)<<4 | code
	g.n++
}

// pair adds a call of two copies, unless it is 0/0.
func (g *Genotypes) pair(sample int, a, b uint16) {
	switch {
	case a|b == 0:
	case a&b == noAllele:
		g.add(uint32(sample), 0, noAllele, noAllele)
	default:
		g.add(uint32(sample), 2, int(min(a, b)), int(max(a, b)))
	}
}

// single reads the genotype of a file's only sample when it is of one digit each, "0/1:…"; false when it is not.
func (g *Genotypes) single(t []byte, alts int) bool {
	if len(t) < 4 || t[3] != ':' || t[1] != '/' && t[1] != '|' {
		return false
	}
	a, b := digit[t[0]], digit[t[2]]
	if !valid(a, uint16(alts)) || !valid(b, uint16(alts)) || bytes.IndexByte(t, '\t') >= 0 {
		return false
	}
	g.pair(0, a, b)
	return true
}

// pass is the reading of one record.
type pass struct {
	g      *Genotypes
	r      *Record
	text   []byte // what is left
	alts   int
	key    int // GT's place in FORMAT
	sample int
}

// Eight bytes of two plain reference samples, little-endian.
var (
	unphased = binary.LittleEndian.Uint64([]byte("0/0\t0/0\t"))
	phased   = binary.LittleEndian.Uint64([]byte("0|0\t0|0\t"))
)

// digit gives an allele of one character: 0–9, noAllele for a dot, notDigit for anything else.
const notDigit = 1 << 15

var digit = func() (t [256]uint16) {
	for i := range t {
		t[i] = notDigit
	}
	for i := range 10 {
		t['0'+i] = uint16(i)
	}
	t['.'] = noAllele
	return t
}()

// plain reads columns that are GT alone. Nearly all are 0/0, so eight samples are compared at a time; the others
// have mostly three characters and a tab, two samples to a word. What is of another shape, and the last sample,
// which has no tab, is read one by one.
func (p *pass) plain() error {
	pattern := unphased
	if len(p.text) > 1 && p.text[1] == '|' {
		pattern = phased
	}
	for {
		p.words(pattern)
		if p.sample >= p.g.samples-1 || len(p.text) == 0 {
			return p.general()
		}
		if err := p.column(); err != nil {
			return err
		}
	}
}

// words reads samples of three characters, eight at a time, and stops at the first that is of another shape, and
// before the last sample.
func (p *pass) words(pattern uint64) {
	text := p.text[:min(len(p.text), 4*max(p.g.samples-1-p.sample, 0))&^7]
	simple := uint64(lowBits) // in these bits may a sample of a 0 or 1 differ from the pattern
	if p.alts == 0 {
		simple = 0
	}
	out, n, sample, at := p.g.buf, p.g.n, p.sample, 0
	for ; at+32 <= len(text); at, sample = at+32, sample+8 {
		b := (*[32]byte)(text[at:])
		x0 := binary.LittleEndian.Uint64(b[0:]) ^ pattern
		x1 := binary.LittleEndian.Uint64(b[8:]) ^ pattern
		x2 := binary.LittleEndian.Uint64(b[16:]) ^ pattern
		x3 := binary.LittleEndian.Uint64(b[24:]) ^ pattern
		d := x0 | x1 | x2 | x3
		if d == 0 {
			continue
		}
		if d&^simple == 0 {
			// Each sample's number of 1s is two bits; those of eight samples make 16.
			s := copies(x0) | copies(x1)<<4 | copies(x2)<<8 | copies(x3)<<12
			s |= s >> 30
			lo, hi := &quads[s&0xff], &quads[s>>8&0xff]
			lo.put(out[n:], sample)
			hi.put(out[n+lo.n:], sample+4)
			n += lo.n + hi.n
			continue
		}
		p.g.n = n
		used := p.mixed(text[at:at+32], sample)
		if n = p.g.n; used < 32 {
			at, sample = at+used, sample+used/4
			break
		}
	}
	p.g.n = n
	used := p.mixed(text[at:], sample)
	p.text, p.sample = p.text[at+used:], sample+used/4
}

// mixed reads words of two samples whatever their alleles; used is how far it came.
func (p *pass) mixed(text []byte, sample int) (used int) {
	for ; used+8 <= len(text) && p.two(binary.LittleEndian.Uint64(text[used:]), sample+used/4); used += 8 {
	}
	return used
}

// lowBits are the bits in which the digits 0 and 1 differ, in a word of two samples.
const lowBits = 0x00010001_00010001

// copies adds the two copies of each of two samples: in bits 0–1 and 32–33.
func copies(x uint64) uint64 { return (x & 0x00000001_00000001) + (x >> 16 & 0x00000001_00000001) }

// quad is the calls of four samples, ready to be written all at once; n of them count.
type quad struct {
	calls [4]Short
	n     int
}

func (q *quad) put(to []Short, sample int) {
	out, base := (*[4]Short)(to), Short(sample)<<4
	out[0], out[1], out[2], out[3] = q.calls[0]+base, q.calls[1]+base, q.calls[2]+base, q.calls[3]+base
}

// quads are by the samples' numbers of 1s, two bits each.
var quads = func() (t [256]quad) {
	for s := range t {
		q := &t[s]
		for i := range Short(4) {
			switch s >> (2 * i) & 3 {
			case 1:
				q.calls[q.n] = i<<4 | Short(variant.Het)
				q.n++
			case 2:
				q.calls[q.n] = i<<4 | Short(variant.Full)
				q.n++
			}
		}
	}
	return t
}()

// two reads a word of two samples; false when it is of another shape.
func (p *pass) two(w uint64, sample int) bool {
	if !separators(w & 0xff00ff00_ff00ff00) {
		return false
	}
	a, b := digit[byte(w)], digit[byte(w>>16)]
	c, d := digit[byte(w>>32)], digit[byte(w>>48)]
	if limit := uint16(p.alts); !valid(a, limit) || !valid(b, limit) || !valid(c, limit) || !valid(d, limit) {
		return false
	}
	p.g.pair(sample, a, b)
	p.g.pair(sample+1, c, d)
	return true
}

func valid(a, limit uint16) bool { return a <= limit || a == noAllele }

// separators tells whether a word has / or | and a tab where two samples of three characters have them.
func separators(s uint64) bool {
	const tabs = uint64('\t')<<24 | uint64('\t')<<56
	const slash, bar = uint64('/') << 8, uint64('|') << 8
	if s&0xff000000_ff000000 != tabs {
		return false
	}
	lo, hi := s&0xff00, s>>32&0xff00
	return (lo == slash || lo == bar) && (hi == slash || hi == bar)
}

// general reads the rest column by column.
func (p *pass) general() error {
	for p.sample < p.g.samples {
		if p.usual() {
			continue
		}
		if err := p.column(); err != nil {
			return err
		}
	}
	if p.text != nil {
		return p.fault("", "the record has more sample columns than the header's %d", p.g.samples)
	}
	return nil
}

// usual reads a column that begins with a genotype of one digit each, "0/1:…"; false when it does not.
func (p *pass) usual() bool {
	t := p.text
	if len(t) < 4 || t[3] != ':' || t[1] != '/' && t[1] != '|' || p.key != 0 {
		return false
	}
	a, b := digit[t[0]], digit[t[2]]
	if !valid(a, uint16(p.alts)) || !valid(b, uint16(p.alts)) {
		return false
	}
	if i := bytes.IndexByte(t[4:], '\t'); i >= 0 {
		p.text = t[5+i:]
	} else {
		p.text = nil
	}
	p.g.pair(p.sample, a, b)
	p.sample++
	return true
}

// column reads one sample. After the last, text is nil.
func (p *pass) column() error {
	col := p.text
	if col == nil {
		return p.fault("", "the record has %d sample columns, the header %d", p.sample, p.g.samples).Do("is the file whole?")
	}
	if i := bytes.IndexByte(col, '\t'); i >= 0 {
		col, p.text = col[:i], p.text[i+1:]
	} else {
		p.text = nil
	}
	copies, a, b, ok := genotype(Subfield(col, p.key))
	if !ok || len(col) == 0 {
		return p.fault("GT", "%q in column %d is not a genotype", clip(Subfield(col, p.key)), p.sample+10)
	}
	if a > p.alts && a != noAllele || b > p.alts && b != noAllele {
		return p.fault("GT", "%q in column %d names an allele that is not among the %d ALTs", clip(Subfield(col, p.key)), p.sample+10, p.alts)
	}
	if copies != 2 || a|b != 0 {
		p.g.add(uint32(p.sample), copies, a, b)
		p.g.Polyploid = p.g.Polyploid || copies > 2
	}
	p.sample++
	return nil
}

// allMissing: a record without GT. The columns are counted all the same.
func (p *pass) allMissing() error {
	cols := 0
	if p.text != nil {
		cols = bytes.Count(p.text, []byte{'\t'}) + 1
	}
	if cols != p.g.samples {
		return p.fault("", "the record has %d sample columns, the header %d", cols, p.g.samples).Do("is the file whole?")
	}
	for i := range p.g.samples {
		p.g.add(uint32(i), 0, noAllele, noAllele)
	}
	return nil
}

func (p *pass) fault(field, format string, args ...any) *fault.Error {
	return p.g.scanner.Fault(p.r.Line, field, format, args...)
}

// genotype reads GT's text. Of more than two copies, a is the largest allele number and copies is 3. An absent
// subfield (a column may end early) is a missing genotype.
func genotype(t []byte) (copies, a, b int, ok bool) {
	if len(t) > 0 && (t[0] == '/' || t[0] == '|') {
		t = t[1:] // VCF 4.4: the first copy's phase may be written too
		if len(t) == 0 {
			return 0, 0, 0, false
		}
	}
	if len(t) == 0 {
		return 0, noAllele, noAllele, true
	}
	a, b = noAllele, noAllele
	called, top := false, 0
	for n := 0; ; n++ {
		v, used := allele(t)
		if used == 0 {
			return 0, 0, 0, false
		}
		if v != noAllele {
			called, top = true, max(top, v)
		}
		switch n {
		case 0:
			a = v
		case 1:
			b = v
		}
		copies = min(n+1, 3)
		if t = t[used:]; len(t) == 0 {
			break
		}
		if t[0] != '/' && t[0] != '|' {
			return 0, 0, 0, false
		}
		t = t[1:]
	}
	switch {
	case !called:
		return 0, noAllele, noAllele, true
	case copies == 3:
		return 3, top, noAllele, true
	}
	if copies == 2 {
		a, b = min(a, b), max(a, b)
	}
	return copies, a, b, true
}

// allele reads a number or a dot; used is 0 when there is neither.
func allele(t []byte) (v, used int) {
	if len(t) > 0 && t[0] == '.' {
		return noAllele, 1
	}
	for used < len(t) && t[used]-'0' <= 9 {
		if used == 5 {
			return 0, 0
		}
		v = v*10 + int(t[used]-'0')
		used++
	}
	if v > maxAllele {
		return 0, 0
	}
	return v, used
}
