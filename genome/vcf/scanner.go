package vcf

import (
	"bytes"
	"errors"
	"io"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/genome/variant"
)

// maxLine bounds a line: 100,000 samples with long FORMAT columns are about 10 MiB.
const maxLine = 64 << 20

// Scanner yields the records of one file. It is for one goroutine.
type Scanner struct {
	next  func() ([]byte, error)
	file  string
	chunk []byte // what is left of the last chunk
	carry []byte // a line that began in an earlier chunk
	line  int64
	ended bool
	head  *Header

	chromText []byte // the last record's CHROM, and what it means
	chrom     variant.Chrom

	formatText []byte // the last record's FORMAT
}

// NewScanner reads the header and stands before the first record. next gives text in chunks, cut anywhere, each
// good until the next call, and io.EOF at the end; its other errors are returned as they are. The file's name
// is for errors.
func NewScanner(file string, next func() ([]byte, error)) (*Scanner, error) {
	s := &Scanner{next: next, file: file}
	var err error
	s.head, err = s.header()
	return s, err
}

// Header is what stood before the records.
func (s *Scanner) Header() *Header { return s.head }

// Line is the number of the last line read.
func (s *Scanner) Line() int64 { return s.line }

// Fault makes an error of this file; line 0 and field "" are left out.
func (s *Scanner) Fault(line int64, field, format string, args ...any) *fault.Error {
	return fault.New(fault.Invalid, format, args...).In(s.file).OnLine(line).Where(field).Do("correct the line, or make the file anew")
}

// readLine gives the next line that is not blank without its end; nil at the end of the file.
func (s *Scanner) readLine() ([]byte, error) {
	for {
		line, err := s.rawLine()
		if err != nil || line == nil {
			return nil, err
		}
		if n := len(line); n > 0 && line[n-1] == '\r' {
			line = line[:n-1]
		}
		if len(line) > 0 {
			return line, nil
		}
	}
}

func (s *Scanner) rawLine() ([]byte, error) {
	if i := bytes.IndexByte(s.chunk, '\n'); i >= 0 {
		line := s.chunk[:i]
		s.chunk = s.chunk[i+1:]
		s.line++
		return line, nil
	}
	return s.longLine()
}

// longLine joins a line out of several chunks.
func (s *Scanner) longLine() ([]byte, error) {
	s.carry = append(s.carry[:0], s.chunk...)
	s.chunk = nil
	for !s.ended {
		chunk, err := s.next()
		if errors.Is(err, io.EOF) {
			s.ended = true
		} else if err != nil {
			return nil, err
		}
		i := bytes.IndexByte(chunk, '\n')
		if len(s.carry)+max(i, 0) > maxLine || i < 0 && len(s.carry)+len(chunk) > maxLine {
			return nil, s.Fault(s.line+1, "", "the line is longer than %d MiB", maxLine>>20).Do("is this a text file?")
		}
		if i >= 0 {
			s.chunk = chunk[i+1:]
			s.line++
			if len(s.carry) == 0 {
				return chunk[:i], nil
			}
			s.carry = append(s.carry, chunk[:i]...)
			return s.carry, nil
		}
		s.carry = append(s.carry, chunk...)
	}
	if len(s.carry) == 0 {
		return nil, nil
	}
	s.line++
	return s.carry, nil
}

// Record is one line. Its parts are parts of Raw, which is good until the scanner's next call.
type Record struct {
	Raw   []byte // without the line's end
	Line  int64
	Chrom variant.Chrom // 0 for a sequence that is not primary
	Pos   uint32
	ends  [9]int32 // offset of the tab after each fixed column, or of the line's end
	n     int32    // fixed columns there are: 8 or 9
}

// Next reads a record; false at the end of the file.
func (s *Scanner) Next(r *Record) (bool, error) {
	line, err := s.readLine()
	if err != nil || line == nil {
		return false, err
	}
	r.Raw, r.Line = line, s.line
	if line[0] == '#' {
		return false, s.Fault(s.line, "", "a header line among the records").Do("were files joined with cat? Join them with bcftools concat")
	}
	return true, s.split(r)
}

// split finds the fixed columns and reads CHROM and POS. Most columns are a few characters, which are walked one
// by one; CHROM and FORMAT are mostly those of the record before, which is a comparison.
func (s *Scanner) split(r *Record) error {
	raw := r.Raw
	at := len(s.chromText)
	if at == 0 || at >= len(raw) || raw[at] != '\t' || string(raw[:at]) != string(s.chromText) {
		at = s.sequence(raw)
	}
	r.Chrom, r.ends[0], r.n = s.chrom, int32(at), 1
	pos := uint64(0)
	for at++; at < len(raw) && raw[at]-'0' <= 9; at++ {
		pos = pos*10 + uint64(raw[at]-'0')
	}
	if at >= len(raw) || raw[at] != '\t' || at-int(r.ends[0])-1 > 9 {
		pos = 0
		at += max(bytes.IndexByte(raw[min(at, len(raw)):], '\t'), 0)
	}
	r.ends[1] = int32(at)
	for n := 2; n < 7; n++ {
		if at = tab(raw, at+1); at >= len(raw) {
			return s.few(r)
		}
		r.ends[n] = int32(at)
	}
	r.Pos, r.n = uint32(pos), 8
	if i := bytes.IndexByte(raw[at+1:], '\t'); i >= 0 {
		r.ends[7], r.n = int32(at+1+i), 9
		at += i + 2
		end := at + len(s.formatText)
		if end < len(raw) && raw[end] == '\t' && string(raw[at:end]) == string(s.formatText) {
			r.ends[8] = int32(end)
		} else {
			end = at + max(bytes.IndexByte(raw[at:], '\t'), 0)
			if end == at {
				end = len(raw)
			}
			r.ends[8] = int32(end)
			s.formatText = append(s.formatText[:0], raw[at:end]...)
		}
	} else {
		r.ends[7] = int32(len(raw))
	}
	return s.check(r)
}

// tab finds the next tab from at on; the length of raw when there is none.
func tab(raw []byte, at int) int {
	for limit := min(at+16, len(raw)); at < limit; at++ {
		if raw[at] == '\t' {
			return at
		}
	}
	if at >= len(raw) {
		return len(raw)
	}
	if i := bytes.IndexByte(raw[at:], '\t'); i >= 0 {
		return at + i
	}
	return len(raw)
}

// sequence reads a CHROM that is not that of the record before; its end is returned.
func (s *Scanner) sequence(raw []byte) int {
	end := tab(raw, 0)
	s.chromText = append(s.chromText[:0], raw[:end]...)
	s.chrom, _ = variant.ParseChrom(s.chromText)
	return end
}

func (s *Scanner) few(r *Record) error {
	return s.Fault(r.Line, "", "the record has %d columns, fewer than 8", bytes.Count(r.Raw, []byte{'\t'})+1).Do("columns are separated by tabs; is the file whole?")
}

func (s *Scanner) check(r *Record) error {
	switch {
	case r.ends[0] == 0:
		return s.Fault(r.Line, "CHROM", "it is empty")
	case r.Pos == 0:
		text := r.Raw[r.ends[0]+1 : r.ends[1]]
		if len(bytes.Trim(text, "0")) == 0 && len(text) > 0 {
			return s.Fault(r.Line, "POS", "the first position is 1")
		}
		return s.Fault(r.Line, "POS", "%q is not a position", clip(text))
	case r.Chrom != 0 && r.Pos > r.Chrom.Length():
		return s.Fault(r.Line, "POS", "%d is past the end of %s, %d in GRCh38", r.Pos, r.Chrom, r.Chrom.Length()).Do("is the file on another assembly?")
	case r.ends[3]-r.ends[2] == 1:
		return s.Fault(r.Line, "REF", "it is empty")
	case r.ends[4]-r.ends[3] == 1:
		return s.Fault(r.Line, "ALT", "it is empty").Do("a record without ALT is written with a dot")
	}
	return nil
}

func clip(b []byte) string {
	if len(b) > 40 {
		return string(b[:40]) + "…"
	}
	return string(b)
}

// ChromText is CHROM as written.
func (r *Record) ChromText() []byte { return r.Raw[:r.ends[0]] }

// ID is the ID column.
func (r *Record) ID() []byte { return r.Raw[r.ends[1]+1 : r.ends[2]] }

// Ref is REF as written.
func (r *Record) Ref() []byte { return r.Raw[r.ends[2]+1 : r.ends[3]] }

// AltText is the ALT column; Alts takes it apart.
func (r *Record) AltText() []byte { return r.Raw[r.ends[3]+1 : r.ends[4]] }

// Qual is the QUAL column.
func (r *Record) Qual() []byte { return r.Raw[r.ends[4]+1 : r.ends[5]] }

// Filter is the FILTER column.
func (r *Record) Filter() []byte { return r.Raw[r.ends[5]+1 : r.ends[6]] }

// Info is the INFO column.
func (r *Record) Info() []byte { return r.Raw[r.ends[6]+1 : r.ends[7]] }

// InfoSpan is where INFO stands in Raw.
func (r *Record) InfoSpan() (from, to int) { return int(r.ends[6]) + 1, int(r.ends[7]) }

// Format is the FORMAT column; nil when there is none.
func (r *Record) Format() []byte {
	if r.n < 9 {
		return nil
	}
	return r.Raw[r.ends[7]+1 : r.ends[8]]
}

// SampleText is everything after FORMAT's tab; nil when there is no sample.
func (r *Record) SampleText() []byte {
	if r.n < 9 || int(r.ends[8]) >= len(r.Raw) {
		return nil
	}
	return r.Raw[r.ends[8]+1:]
}

// Passed tells whether FILTER is PASS or a dot.
func (r *Record) Passed() bool {
	f := r.Filter()
	return len(f) == 1 && f[0] == '.' || string(f) == "PASS"
}

// Alts appends the ALTs as written; a lone dot is no ALT.
func (r *Record) Alts(dst [][]byte) [][]byte {
	text := r.AltText()
	if len(text) == 1 && text[0] == '.' {
		return dst
	}
	for {
		i := bytes.IndexByte(text, ',')
		if i < 0 {
			return append(dst, text)
		}
		dst = append(dst, text[:i])
		text = text[i+1:]
	}
}

// InfoValue finds a key's value in INFO; a flag has an empty one.
func (r *Record) InfoValue(key string) (value []byte, ok bool) {
	info := r.Info()
	for {
		field := info
		i := bytes.IndexByte(info, ';')
		if i >= 0 {
			field = info[:i]
		}
		if len(field) >= len(key) && string(field[:len(key)]) == key {
			if len(field) == len(key) {
				return nil, true
			}
			if field[len(key)] == '=' {
				return field[len(key)+1:], true
			}
		}
		if i < 0 {
			return nil, false
		}
		info = info[i+1:]
	}
}

// Extent says where the i-th of alts symbolic ALTs ends, or how long it is, by INFO. Where the record has an SVLEN for
// each of several ALTs, that is each one's own; END is the record's. ok is false when it ends on another sequence
// (CHR2): it has no name of ours.
func (r *Record) Extent(i, alts int) (sv variant.SV, ok bool) {
	if other, told := r.InfoValue("CHR2"); told {
		if c, _ := variant.ParseChrom(other); c != r.Chrom {
			return sv, false
		}
	}
	if v, told := r.InfoValue("SVLEN"); told {
		sv.Length, _ = Number(v, i)
	}
	if v, told := r.InfoValue("END"); told && (alts == 1 || sv.Length == 0) {
		sv.End, _ = Number(v, 0)
	}
	return sv, true
}

// Number reads the i-th of a list of whole numbers, without its sign; a list of one serves every i.
func Number(list []byte, i int) (uint32, bool) {
	first := list
	for ; ; i-- {
		c := bytes.IndexByte(list, ',')
		part := list
		if c >= 0 {
			part = list[:c]
		}
		if i == 0 {
			return whole(part)
		}
		if c < 0 {
			if bytes.IndexByte(first, ',') < 0 {
				return whole(first)
			}
			return 0, false
		}
		list = list[c+1:]
	}
}

func whole(b []byte) (uint32, bool) {
	if len(b) > 0 && (b[0] == '-' || b[0] == '+') {
		b = b[1:]
	}
	if len(b) == 0 || len(b) > 9 {
		return 0, false
	}
	n := uint32(0)
	for _, c := range b {
		d := c - '0'
		if d > 9 {
			return 0, false
		}
		n = n*10 + uint32(d)
	}
	return n, true
}
