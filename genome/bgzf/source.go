package bgzf

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"

	"github.com/klauspost/compress/gzip"

	"github.com/samverk/samverk/fault"
)

const (
	inputSize = 256 << 10
	chunkSize = 1 << 20  // inflated bytes in a chunk, at most
	maxBlock  = 64 << 10 // of a block, compressed and inflated
	minBlock  = 12 + 6 + 2 + 8
)

// eofBlock is the empty block a BGZF file ends with (SAM specification, 4.1.2).
var eofBlock = []byte("\x1f\x8b\x08\x04\x00\x00\x00\x00\x00\xff\x06\x00BC\x02\x00\x1b\x00\x03\x00\x00\x00\x00\x00\x00\x00\x00\x00")

// foreign are the beginnings of files that look like none of ours, with what to do about them.
var foreign = []struct{ magic, name, hint string }{
	{"\x28\xb5\x2f\xfd", "a zstd file", "unpack it and compress it with bgzip"},
	{"\xfd7zXZ\x00", "an xz file", "unpack it and compress it with bgzip"},
	{"BZh", "a bzip2 file", "unpack it and compress it with bgzip"},
	{"PK\x03\x04", "a zip archive", "unpack it and give the files in it"},
	{"BCF\x02", "a BCF file", "convert it: bcftools view -Oz"},
}

// recognise tells the format by the first bytes.
func recognise(in *bufio.Reader, name string) (Format, error) {
	b, err := in.Peek(18)
	if err != nil && err != io.EOF {
		return 0, unreadable(err, name, 0)
	}
	for _, f := range foreign {
		if bytes.HasPrefix(b, []byte(f.magic)) {
			return 0, fault.New(fault.Invalid, "this is %s, not text, gzip or bgzip", f.name).In(name).Do("%s", f.hint)
		}
	}
	switch {
	case len(b) < 2 && bytes.HasPrefix(b, []byte("\x1f")), len(b) < 18 && bytes.HasPrefix(b, []byte("\x1f\x8b")):
		return 0, cut(name, "byte 0", "gzip file")
	case !bytes.HasPrefix(b, []byte("\x1f\x8b")):
		return Text, nil
	}
	switch _, err := peekHeader(in); {
	case err == nil, err == errSize: // whose place is told with the first block
		return BGZF, nil
	case err == errNotBGZF:
		return Gzip, nil
	case err == io.ErrUnexpectedEOF:
		return 0, cut(name, "byte 0", "gzip file")
	default:
		return 0, unreadable(err, name, 0)
	}
}

func cut(name, at, what string) error {
	return fault.New(fault.Invalid, "the %s is cut off", what).In(name).Where(at).
		Do("copy it again from where it came from, and compare sizes")
}

func unreadable(err error, name string, at int64) error {
	return fault.Wrap(fault.Internal, err, "can't be read").In(name).Where(fmt.Sprintf("byte %d", at)).
		Do("look at the disk or the network the file comes from")
}

// text hands the file out as it is.
type text struct {
	in   *bufio.Reader
	name string
	at   int64
}

func (s *text) fill(c *Chunk) {
	c.room(chunkSize)
	n, err := io.ReadFull(s.in, c.out[:chunkSize])
	s.at += int64(n)
	c.Bytes = c.out[:n]
	switch {
	case err == io.EOF, err == io.ErrUnexpectedEOF:
		c.err = io.EOF
	case err != nil:
		c.err = unreadable(err, s.name, s.at)
	}
}

// members inflates plain gzip, which only can be done from one end to the other.
type members struct {
	in     *bufio.Reader
	raw    *counter // under in
	name   string
	z      *gzip.Reader
	member int64
	text   int64 // inflated so far
}

func (s *members) fill(c *Chunk) {
	c.room(chunkSize)
	n := 0
	for n < chunkSize && c.err == nil {
		var k int
		k, c.err = s.read(c.out[n:chunkSize])
		n += k
	}
	c.Bytes = c.out[:n]
}

// read reads from the member at hand, and goes on to the next one at its end.
func (s *members) read(p []byte) (int, error) {
	if s.z == nil {
		if err := s.begin(); err != nil {
			return 0, err
		}
	}
	n, err := s.z.Read(p)
	s.text += int64(n)
	switch {
	case err == io.EOF:
		return n, s.begin()
	case err != nil:
		return n, s.broken(err)
	}
	return n, nil
}

// begin opens the next member; io.EOF when there is none.
func (s *members) begin() error {
	b, err := s.in.Peek(2)
	switch {
	case len(b) == 0 && err == io.EOF && s.member > 0:
		return io.EOF
	case s.member > 0 && (len(b) < 2 || b[0] != 0x1f || b[1] != 0x8b):
		if err != nil && err != io.EOF {
			return s.broken(err)
		}
		return fault.New(fault.Invalid, "what follows the last gzip member isn't gzip").In(s.name).Where(s.where()).
			Do("the file is damaged or has something stuck to its end; copy it again")
	}
	s.member++
	if s.z == nil {
		s.z, err = gzip.NewReader(s.in)
	} else {
		err = s.z.Reset(s.in)
	}
	if err != nil {
		return s.broken(err)
	}
	s.z.Multistream(false)
	return nil
}

func (s *members) where() string {
	return fmt.Sprintf("gzip member %d, after %d bytes of text", s.member, s.text)
}

func (s *members) broken(err error) error {
	switch {
	case s.raw.err != nil:
		return unreadable(s.raw.err, s.name, s.raw.n.Load())
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return cut(s.name, s.where(), "gzip file")
	}
	return fault.Wrap(fault.Invalid, err, "the gzip data is damaged").In(s.name).Where(s.where()).
		Do("copy it again from where it came from; gzip -t tells whether the original is whole")
}

// block is one BGZF block of a chunk: where its deflate data lies in the chunk's input, and what it must come to.
type block struct {
	from, to int
	size     int
	crc      uint32
	number   int64
	at       int64 // of its first byte in the file
}

// blocks collects BGZF blocks, for the chunk to inflate.
type blocks struct {
	in         *bufio.Reader
	name       string
	allowNoEOF bool
	number     int64 // of the last block
	at         int64
	ended      bool // the last block was an end-of-file block
}

func (s *blocks) fill(c *Chunk) {
	for c.size+maxBlock <= chunkSize && len(c.in)+maxBlock <= chunkSize && c.err == nil {
		c.err = s.add(c)
	}
	c.in = append(c.in, make([]byte, inSlack)...)
}

// add takes the next block into the chunk.
func (s *blocks) add(c *Chunk) error {
	h, err := peekHeader(s.in)
	switch {
	case err == io.EOF && (s.ended || s.allowNoEOF):
		return io.EOF
	case err == io.EOF:
		return fault.New(fault.Invalid, "the end-of-file block is missing, so the file is probably cut off").In(s.name).
			Where(fmt.Sprintf("after block %d at byte %d", s.number, s.at)).
			Do("copy it again from where it came from, and compare sizes")
	}
	s.number++
	switch {
	case err == io.ErrUnexpectedEOF:
		return cut(s.name, s.where(), "file")
	case errors.Is(err, errNotBGZF), errors.Is(err, errSize):
		return s.damaged(err)
	case err != nil:
		return unreadable(err, s.name, s.at)
	}
	b, err := s.in.Peek(h.size)
	if err == io.EOF {
		return cut(s.name, s.where(), "file")
	} else if err != nil {
		return unreadable(err, s.name, s.at)
	}
	k := block{from: len(c.in), to: len(c.in) + h.size - h.data - 8, number: s.number, at: s.at}
	k.crc = binary.LittleEndian.Uint32(b[h.size-8:])
	size := binary.LittleEndian.Uint32(b[h.size-4:])
	if size > maxBlock {
		return s.damaged(fmt.Errorf("it would inflate to %d bytes, and 65536 is the most", size))
	}
	k.size = int(size)
	s.ended = size == 0 && h.size-h.data == 2+8
	c.size += k.size
	c.in = append(c.in, b[h.data:]...)
	c.blocks = append(c.blocks, k)
	s.at += int64(h.size)
	_, err = s.in.Discard(h.size)
	return err
}

func (s *blocks) where() string { return where(s.number, s.at) }

func where(number, at int64) string { return fmt.Sprintf("block %d at byte %d", number, at) }

func (s *blocks) damaged(err error) error { return damaged(s.name, s.where(), err) }

func damaged(name, at string, err error) error {
	return fault.Wrap(fault.Invalid, err, "the block is damaged").In(name).Where(at).
		Do("copy the file again from where it came from; bgzip -t tells whether the original is whole")
}

var (
	errNotBGZF = errors.New("this is not the beginning of a BGZF block")
	errSize    = errors.New("the block's size can't be")
)

// header is what a block's beginning says.
type header struct {
	size int // of the whole block
	data int // where the deflate data begins
}

// peekHeader reads a gzip header with the extra field BC (RFC 1952, 2.3; SAM specification, 4.1) and leaves it there.
func peekHeader(in *bufio.Reader) (header, error) {
	b, err := in.Peek(12)
	switch {
	case len(b) == 0:
		return header{}, err
	case len(b) < 12 && err == io.EOF:
		if !bytes.HasPrefix([]byte("\x1f\x8b\x08"), b[:min(3, len(b))]) {
			return header{}, errNotBGZF
		}
		return header{}, io.ErrUnexpectedEOF
	case err != nil:
		return header{}, err
	}
	if b[0] != 0x1f || b[1] != 0x8b || b[2] != 8 || b[3] != 4 { // FEXTRA and no other flag
		return header{}, errNotBGZF
	}
	extra := int(binary.LittleEndian.Uint16(b[10:]))
	b, err = in.Peek(12 + extra)
	if err == io.EOF {
		return header{}, io.ErrUnexpectedEOF
	} else if err != nil {
		return header{}, err
	}
	for f := b[12:]; len(f) >= 4; {
		n := int(binary.LittleEndian.Uint16(f[2:]))
		if f[0] == 'B' && f[1] == 'C' && n == 2 && len(f) >= 6 {
			h := header{size: int(binary.LittleEndian.Uint16(f[4:])) + 1, data: 12 + extra}
			if h.size < h.data+2+8 {
				return header{}, errSize
			}
			return h, nil
		}
		f = f[min(4+n, len(f)):]
	}
	return header{}, errNotBGZF
}

// room makes the output buffer large enough for n bytes and the slack.
func (c *Chunk) room(n int) {
	if len(c.out) >= n+outSlack {
		return
	}
	if n > chunkSize/2 {
		n = chunkSize
	}
	c.out = make([]byte, n+outSlack)
}

// inflate inflates and checks the chunk's blocks. After a bad one come no more bytes.
func (c *Chunk) inflate(inf *inflater) {
	if len(c.blocks) == 0 {
		return
	}
	c.room(c.size)
	at := 0
	for i := range c.blocks {
		b := &c.blocks[i]
		err := inf.inflate(c.out, at, b.size, c.in, b.from, b.to)
		if err == nil && crc32.ChecksumIEEE(c.out[at:at+b.size]) != b.crc {
			err = errors.New("the checksum (CRC32) doesn't match the data")
		}
		if err != nil {
			c.err = damaged(c.reader.name, where(b.number, b.at), err)
			break
		}
		at += b.size
	}
	c.Bytes = c.out[:at]
}
