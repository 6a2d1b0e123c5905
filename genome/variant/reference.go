package variant

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"strconv"
	"strings"

	"github.com/samverk/samverk/fault"
)

// Reference is a FASTA file of GRCh38, read in place. Several goroutines may share one.
type Reference struct {
	path string
	file *os.File
	seq  [MT + 1]sequence
}

// sequence is a line of a .fai: where its letters are.
type sequence struct {
	length, offset  int64
	bases, lineSize int64 // letters in a line, and bytes with its end
}

// OpenReference opens an uncompressed FASTA. Its .fai is used when it stands beside it and is not older;
// otherwise the file is read once to find the sequences. The primary sequences there are must have GRCh38's lengths.
func OpenReference(path string) (*Reference, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "the reference can't be opened")
	}
	r := &Reference{path: path, file: f}
	if err := r.open(); err != nil {
		_ = f.Close()
		return nil, err
	}
	return r, nil
}

// Close closes the file.
func (r *Reference) Close() error { return r.file.Close() }

// Path is where the FASTA is.
func (r *Reference) Path() string { return r.path }

func (r *Reference) open() error {
	var magic [2]byte
	if _, err := r.file.ReadAt(magic[:], 0); err == nil && magic == [2]byte{0x1f, 0x8b} {
		return fault.New(fault.Invalid, "the reference is compressed").In(r.path).Do("unpack it first: bgzip -d %s", r.path)
	}
	idx, err := r.readIndex()
	if err == nil && idx == nil {
		idx, err = r.scan()
	}
	if err != nil {
		return err
	}
	found := 0
	for _, s := range idx {
		c, ok := ParseChrom(s.name)
		if !ok {
			continue
		}
		if want := int64(c.Length()); s.length != want {
			return fault.New(fault.Invalid, "%s has %d bases, GRCh38's has %d", s.name, s.length, want).In(r.path).
				Do("give the FASTA of GRCh38")
		}
		r.seq[c] = s.sequence
		found++
	}
	if found == 0 {
		return fault.New(fault.Invalid, "there is no human chromosome in the reference").In(r.path).Do("give the FASTA of GRCh38")
	}
	return nil
}

type named struct {
	name string
	sequence
}

// readIndex reads the .fai; nil when there is none, or an older one than the FASTA.
func (r *Reference) readIndex() ([]named, error) {
	path := r.path + ".fai"
	st, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	own, err2 := r.file.Stat()
	if err != nil || err2 != nil || st.ModTime().Before(own.ModTime()) || st.Size() > 64<<20 {
		return nil, nil //nolint:nilerr // an index that can't be used is the same as none: the FASTA is read instead
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fault.Wrap(fault.Internal, err, "the FASTA index can't be read")
	}
	idx, line := parseIndex(string(text), own.Size())
	if line > 0 {
		return nil, fault.New(fault.Invalid, "not a line of a FASTA index of this file").In(path).OnLine(line).Do("make it anew: samtools faidx %s", r.path)
	}
	return idx, nil
}

// parseIndex reads a .fai; line is the first that is wrong, 0 if none.
func parseIndex(text string, size int64) (idx []named, line int64) {
	for s := range strings.Lines(text) {
		line++
		f := strings.Split(strings.TrimRight(s, "\r\n"), "\t")
		if len(f) == 1 && f[0] == "" {
			continue
		}
		if len(f) != 5 {
			return nil, line
		}
		var n [4]int64
		for i := range n {
			v, err := strconv.ParseInt(f[i+1], 10, 48)
			if err != nil || v < 0 {
				return nil, line
			}
			n[i] = v
		}
		q := named{f[0], sequence{n[0], n[1], n[2], n[3]}}
		if q.bases == 0 || q.lineSize < q.bases || q.lineSize > q.bases+2 || q.length > 0 && q.at(q.length-1) >= size {
			return nil, line
		}
		idx = append(idx, q)
	}
	return idx, 0
}

// at is the file offset of the sequence's i-th letter, from 0.
func (s sequence) at(i int64) int64 { return s.offset + i/s.bases*s.lineSize + i%s.bases }

// scan reads the FASTA to find its sequences. Every line of a sequence but its last must be of one length.
func (r *Reference) scan() ([]named, error) {
	var idx []named
	in := bufio.NewReaderSize(io.NewSectionReader(r.file, 0, 1<<62), 1<<20)
	var offset, line int64
	short := false // the line before was shorter than the others: it has to be the last
	for {
		raw, err := in.ReadSlice('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			if errors.Is(err, bufio.ErrBufferFull) {
				return nil, fault.New(fault.Invalid, "line is longer than 1 MiB").In(r.path).OnLine(line + 1).Do("fold the FASTA's lines")
			}
			return nil, fault.Wrap(fault.Internal, err, "the reference can't be read").In(r.path)
		}
		done := err != nil
		if len(raw) == 0 && done {
			return idx, nil
		}
		line++
		text := bytes.TrimRight(raw, "\r\n")
		switch {
		case len(text) > 0 && text[0] == '>':
			name, _, _ := strings.Cut(string(text[1:]), " ")
			name, _, _ = strings.Cut(name, "\t")
			idx = append(idx, named{name, sequence{offset: offset + int64(len(raw))}})
			short = false
		case len(text) == 0:
			short = true
		case len(idx) == 0:
			return nil, fault.New(fault.Invalid, "not a FASTA file: it does not start with >").In(r.path).OnLine(1)
		default:
			s := &idx[len(idx)-1]
			if s.length == 0 {
				s.bases, s.lineSize = int64(len(text)), max(int64(len(raw)), int64(len(text))+1)
			}
			if short || int64(len(text)) > s.bases {
				return nil, fault.New(fault.Invalid, "lines of %s differ in length", s.name).In(r.path).OnLine(line).
					Do("fold the FASTA's lines to one length: samtools faidx would refuse it too")
			}
			short = int64(len(text)) < s.bases
			s.length += int64(len(text))
		}
		offset += int64(len(raw))
		if done {
			return idx, nil
		}
	}
}

// Bases reads n letters from pos as they stand in the FASTA, line ends removed; fewer at the sequence's end.
func (r *Reference) Bases(dst []byte, c Chrom, pos uint32, n int) ([]byte, error) {
	if !c.Valid() || r.seq[c].length == 0 {
		return nil, fault.New(fault.Invalid, "%s is not in the reference", c).In(r.path).Do("give a FASTA with all chromosomes of GRCh38")
	}
	s := r.seq[c]
	from, to := int64(pos)-1, min(int64(pos)-1+int64(n), s.length)
	if from < 0 || from >= to {
		return nil, fault.New(fault.Invalid, "%s:%d is past the end of the sequence", c, pos)
	}
	start, end := s.at(from), s.at(to-1)+1
	dst = append(dst[:0], make([]byte, end-start)...)
	if _, err := r.file.ReadAt(dst, start); err != nil && !errors.Is(err, io.EOF) {
		return nil, fault.Wrap(fault.Internal, err, "the reference can't be read").In(r.path)
	}
	w := 0
	for _, b := range dst {
		if b > ' ' {
			dst[w] = b
			w++
		}
	}
	if int64(w) != to-from {
		return nil, fault.New(fault.Invalid, "the FASTA index does not fit the FASTA").In(r.path).Do("make it anew: samtools faidx %s", r.path)
	}
	return dst[:w], nil
}

// window is a stretch of the reference kept in memory by one reader.
type window struct {
	chrom Chrom
	from  uint32
	text  []byte
}

const windowSize = 64 << 10

// at gives the reference from pos on: at least one letter, good until the next call. It reads backwards from
// pos too, since left-alignment walks that way.
func (w *window) at(r *Reference, c Chrom, pos uint32) ([]byte, error) {
	if c != w.chrom || pos < w.from || pos-w.from >= uint32(len(w.text)) {
		from := uint32(1)
		if pos > windowSize/8 {
			from = pos - windowSize/8
		}
		text, err := r.Bases(w.text, c, from, windowSize)
		if err != nil {
			w.chrom = 0
			return nil, err
		}
		w.chrom, w.from, w.text = c, from, text
		if pos-from >= uint32(len(text)) {
			return nil, fault.New(fault.Invalid, "%s:%d is past the end of the sequence", c, pos)
		}
	}
	return w.text[pos-w.from:], nil
}
