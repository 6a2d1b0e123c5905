package store

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"slices"
	"sort"
	"syscall"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/genome/variant"
)

// A segment file:
//
//	"SMVSEG1\n"
//	blocks, each its payload (block.go, cover.go) and the payload's CRC-32C, little-endian
//	index: per block: kind, chrom, first and last position, offset, length (varints; offsets as differences)
//	trailer, 40 bytes little-endian: index offset, index length, samples, variants (8 bytes each),
//	    the CRC-32C of index and the trailer so far, "SEG1"
//
// It is written once, synced, and never changed.
const (
	segmentMagic = "SMVSEG1\n"
	trailerMagic = "SEG1"
	trailerSize  = 40
	maxBlock     = 1 << 28
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// kind tells what a block holds.
type kind uint8

const (
	variantBlock kind = iota
	coverBlock
)

// blockRef is a block's place in its segment.
type blockRef struct {
	kind        kind
	chrom       variant.Chrom
	first, last uint32
	offset      int64
	length      uint32 // without the checksum
}

// segmentWriter writes one segment file.
type segmentWriter struct {
	fs       FS
	name     string
	f        File
	n        uint32
	enc      encoder
	buf      []byte
	offset   int64
	index    []blockRef
	variants int64
	carriers int64
	err      error
}

func newSegmentWriter(fs FS, name string, n uint32) (*segmentWriter, error) {
	f, err := fs.Create(name)
	if err != nil {
		return nil, diskFault(err, name)
	}
	w := &segmentWriter{fs: fs, name: name, f: f, n: n, enc: encoder{n: n}}
	w.buf = append(w.buf, segmentMagic...)
	return w, nil
}

// writeBuffer is how much is gathered before a write.
const writeBuffer = 1 << 20

// add writes rows, sorted and without double keys, as blocks.
func (w *segmentWriter) add(b *batch, rows []row) error {
	for len(rows) > 0 && w.err == nil {
		n := cut(rows)
		w.block(variantBlock, rows[0].chrom, rows[0].pos, rows[n-1].pos, func(dst []byte) []byte {
			return w.enc.encode(dst, b, rows[:n])
		})
		w.variants += int64(n)
		for i := range rows[:n] {
			w.carriers += int64(rows[i].n)
		}
		rows = rows[n:]
	}
	return w.err
}

// blockLetters bounds the alleles of a block, which are all decoded when it is read: inserted sequences may be long.
const blockLetters = 1 << 20

// cut is how many of the rows make the next block: of one sequence, and no position on both sides unless its alleles
// are too long.
func cut(rows []row) int {
	n := min(blockRows, len(rows))
	letters := rows[0].nref + rows[0].nalt
	for i := 1; i < n; i++ {
		if letters += rows[i].nref + rows[i].nalt; letters > blockLetters || rows[i].chrom != rows[0].chrom {
			return i
		}
	}
	for n < len(rows) && n < maxRows && rows[n].chrom == rows[0].chrom && rows[n].pos == rows[n-1].pos {
		if letters += rows[n].nref + rows[n].nalt; letters > blockLetters {
			break
		}
		n++
	}
	return n
}

func (w *segmentWriter) block(k kind, c variant.Chrom, first, last uint32, put func([]byte) []byte) {
	start := len(w.buf)
	w.buf = put(w.buf)
	payload := w.buf[start:]
	w.index = append(w.index, blockRef{k, c, first, last, w.offset + int64(start), uint32(len(payload))})
	w.buf = binary.LittleEndian.AppendUint32(w.buf, crc32.Checksum(payload, castagnoli))
	if len(w.buf) >= writeBuffer {
		w.flush()
	}
}

func (w *segmentWriter) flush() {
	if w.err == nil {
		var n int
		n, w.err = w.f.Write(w.buf)
		w.offset += int64(n)
		if w.err != nil {
			w.err = diskFault(w.err, w.name)
		}
	}
	w.buf = w.buf[:0]
}

// close writes the index and makes the file's content durable; its name is made so by FS.SyncDir.
func (w *segmentWriter) close() error {
	start := len(w.buf)
	at := w.offset + int64(start)
	last := int64(0)
	for _, r := range w.index {
		w.buf = append(w.buf, byte(r.kind), byte(r.chrom))
		w.buf = binary.AppendUvarint(w.buf, uint64(r.first))
		w.buf = binary.AppendUvarint(w.buf, uint64(r.last-r.first))
		w.buf = binary.AppendUvarint(w.buf, uint64(r.offset-last))
		w.buf = binary.AppendUvarint(w.buf, uint64(r.length))
		last = r.offset
	}
	length := len(w.buf) - start
	for _, v := range []uint64{uint64(at), uint64(length), uint64(w.n), uint64(w.variants)} {
		w.buf = binary.LittleEndian.AppendUint64(w.buf, v)
	}
	w.buf = binary.LittleEndian.AppendUint32(w.buf, crc32.Checksum(w.buf[start:], castagnoli))
	w.buf = append(w.buf, trailerMagic...)
	w.flush()
	if w.err == nil {
		if err := w.f.Sync(); err != nil {
			w.err = diskFault(err, w.name)
		}
	}
	if err := w.f.Close(); err != nil && w.err == nil {
		w.err = diskFault(err, w.name)
	}
	return w.err
}

// drop closes and removes an unfinished file.
func (w *segmentWriter) drop() {
	w.f.Close()
	_ = w.fs.Remove(w.name)
}

// diskFault says what a full or broken disk means for the operator.
func diskFault(err error, name string) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return fault.Wrap(fault.Unavailable, err, "the disk is full").In(name).
			Do("free some space and run the command again; nothing was changed")
	}
	return fault.Wrap(fault.Internal, err, "the segment file can't be written or read").In(name).
		Do("check the disk, then run `samverk verify`")
}

// segment is an open segment file. It is immutable and safe for concurrent use.
type segment struct {
	id       string
	f        File
	size     int64
	base     uint32 // global number of the segment's sample 0
	n        uint32
	dead     uint32 // of its sample numbers, retired already when it was written
	variants int64
	index    []blockRef // variants, by sequence and position
	covers   []blockRef
	cache    *cache
	serial   uint32 // the cache's name for it
}

// openSegment reads a segment's index and checks that it has n samples.
func openSegment(fs FS, name string, n uint32) (*segment, error) {
	f, err := fs.Open(name)
	if err != nil {
		return nil, diskFault(err, name)
	}
	s := &segment{id: name, f: f, n: n}
	if err := s.readIndex(); err != nil {
		f.Close()
		return nil, err
	}
	return s, nil
}

func (s *segment) damaged(what string) error {
	return fault.New(fault.Internal, "%s", what).In(s.id).
		Do("run `samverk verify`; restore the segment from a backup or load the genomes again")
}

func (s *segment) readIndex() error {
	size, err := s.f.Size()
	if err != nil {
		return diskFault(err, s.id)
	}
	s.size = size
	var t [trailerSize]byte
	if size < int64(len(segmentMagic))+trailerSize {
		return s.damaged("the segment file is too short")
	}
	if _, err := s.f.ReadAt(t[:], size-trailerSize); err != nil {
		return diskFault(err, s.id)
	}
	at, length := binary.LittleEndian.Uint64(t[0:]), binary.LittleEndian.Uint64(t[8:])
	if string(t[36:]) != trailerMagic || at > uint64(size) || length > uint64(size) || int64(at+length) != size-trailerSize {
		return s.damaged("the segment file's end is not a segment's")
	}
	b := make([]byte, length, length+32)
	if _, err := s.f.ReadAt(b, int64(at)); err != nil {
		return diskFault(err, s.id)
	}
	if crc32.Update(crc32.Checksum(b, castagnoli), castagnoli, t[:32]) != binary.LittleEndian.Uint32(t[32:]) {
		return s.damaged("the segment's index fails its checksum")
	}
	if n := binary.LittleEndian.Uint64(t[16:]); n != uint64(s.n) {
		return s.damaged("the segment has another number of samples than the database says")
	}
	s.variants = int64(binary.LittleEndian.Uint64(t[24:]))
	return s.parseIndex(b, int64(at))
}

func (s *segment) parseIndex(b []byte, end int64) error {
	h := head{b: b}
	last := int64(0)
	for h.at < len(b) && !h.bad {
		r := blockRef{kind: kind(h.num(255)), chrom: variant.Chrom(h.num(25)), first: uint32(h.num(1<<32 - 1))}
		r.last = r.first + uint32(h.num(1<<32-1))
		r.offset = last + int64(h.num(1<<48))
		r.length = uint32(h.num(maxBlock))
		last = r.offset
		if h.bad || r.offset < int64(len(segmentMagic)) || r.offset+int64(r.length)+4 > end {
			break
		}
		if r.kind == coverBlock {
			s.covers = append(s.covers, r)
		} else {
			s.index = append(s.index, r)
		}
	}
	if h.bad || h.at != len(b) || !ordered(s.index) || !ordered(s.covers) {
		return s.damaged("the segment's index makes no sense")
	}
	return nil
}

func ordered(refs []blockRef) bool {
	for i := 1; i < len(refs); i++ {
		a, b := refs[i-1], refs[i]
		if a.chrom > b.chrom || a.chrom == b.chrom && a.last > b.first {
			return false
		}
	}
	return true
}

// seek gives the first of refs whose last position is not before (c, pos).
func seek(refs []blockRef, c variant.Chrom, pos uint32) int {
	return sort.Search(len(refs), func(i int) bool {
		return refs[i].chrom > c || refs[i].chrom == c && refs[i].last >= pos
	})
}

// payload reads a block's bytes and checks them. The slice has slack bytes behind it.
func (s *segment) payload(r blockRef, buf []byte) ([]byte, error) {
	n := int(r.length)
	if cap(buf) < n+4+slack {
		buf = make([]byte, n+4+slack)
	}
	buf = buf[:n+4]
	if _, err := s.f.ReadAt(buf, r.offset); err != nil {
		return nil, diskFault(err, s.id)
	}
	if crc32.Checksum(buf[:n], castagnoli) != binary.LittleEndian.Uint32(buf[n:]) {
		return nil, s.damaged("a block fails its checksum")
	}
	return buf[:n:cap(buf)], nil
}

// read decodes a block of variants. The block keeps buf if that is large enough for its bytes.
func (s *segment) read(r blockRef, buf []byte) (*block, error) {
	p, err := s.payload(r, buf)
	if err != nil {
		return nil, err
	}
	b, err := decodeBlock(p[:cap(p)], len(p), s.n)
	if err != nil {
		return nil, s.damaged("a block's bytes make no sense")
	}
	return b, nil
}

// reader goes through all rows of a segment in order.
type reader struct {
	s     *segment
	next  int // in s.index
	b     *block
	row   int
	bits  bitReader
	g     genotypes
	bases map[int][]Entry
	out   []Entry
}

// advance moves to the next row; false at the end.
func (r *reader) advance() (bool, error) {
	if r.b != nil && r.row+1 < len(r.b.pos) {
		r.row++
		return true, r.decode()
	}
	if r.next == len(r.s.index) {
		return false, nil
	}
	var buf []byte
	if r.b != nil {
		buf = r.b.data // nobody else has this block
	}
	b, err := r.s.read(r.s.index[r.next], buf)
	if err != nil {
		return false, err
	}
	r.next++
	r.b, r.row = b, 0
	r.bits = newBitReader(b.data, b.from, b.to)
	r.bases = make(map[int][]Entry)
	return true, r.decode()
}

func (r *reader) record() Record {
	return Record{Key: r.b.key(r.row), Present: r.b.present(r.row), Entries: r.out}
}

// decode turns the row at hand into entries.
func (r *reader) decode() error {
	r.b.readRow(&r.bits, &r.g, r.row)
	if r.bits.bad || r.bits.at > r.bits.end {
		return r.s.damaged("a block's genotypes make no sense")
	}
	g := &r.g
	r.out = r.out[:0]
	if g.like >= 0 {
		from, ok := r.bases[g.like]
		if !ok {
			return r.s.damaged("a row refers to one that can't be referred to")
		}
		r.out = applyDifference(r.out, from, g)
	} else {
		g.sparse()
		j := 0
		for i, s := range g.carriers {
			c := variant.Het
			if j < len(g.full) && g.full[j] == uint32(i) {
				c = variant.Full
				j++
			}
			r.out = append(r.out, MakeEntry(s, c))
		}
		if len(g.carriers) > 1 && r.bases != nil {
			r.bases[r.row] = append([]Entry(nil), r.out...)
		}
	}
	r.out = mergeOthers(r.out, g.others)
	return nil
}

// at gives the entries of one row of the block at hand.
func (r *reader) at(row int) ([]Entry, error) {
	r.row = row
	r.bits = r.b.rowAt(row, &r.g)
	here := r.bits
	r.b.readRow(&here, &r.g, row)
	if like := r.g.like; like >= 0 {
		base := reader{s: r.s, b: r.b}
		from, err := base.at(like)
		if err != nil {
			return nil, err
		}
		if base.g.like >= 0 {
			return nil, r.s.damaged("a row refers to one that can't be referred to")
		}
		from = slices.DeleteFunc(from, func(e Entry) bool { return e.Code() > variant.Full })
		r.bases = map[int][]Entry{like: from}
	}
	if err := r.decode(); err != nil {
		return nil, err
	}
	return r.out, nil
}

// applyDifference gives the entries of a row of form 2 from those of the row it refers to.
func applyDifference(dst, from []Entry, g *genotypes) []Entry {
	i := 0
	for d, s := range g.differ {
		for i < len(from) && from[i].Sample() < s {
			dst = append(dst, from[i])
			i++
		}
		old := uint64(0)
		if i < len(from) && from[i].Sample() == s {
			old = uint64(from[i].Code())
			i++
		}
		if c := codeAfter(old, uint64(g.bit[d])); c != 0 {
			dst = append(dst, MakeEntry(s, variant.Code(c)))
		}
	}
	return append(dst, from[i:]...)
}

// mergeOthers puts the others, ascending, among the carriers, ascending too.
func mergeOthers(e, others []Entry) []Entry {
	i, j := len(e)-1, len(others)-1
	e = append(e, others...)
	for k := len(e) - 1; j >= 0; k-- {
		if i >= 0 && e[i].Sample() > others[j].Sample() {
			e[k] = e[i]
			i--
		} else {
			e[k] = others[j]
			j--
		}
	}
	return e
}
