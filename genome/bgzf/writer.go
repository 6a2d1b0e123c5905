package bgzf

import (
	"encoding/binary"
	"hash/crc32"
	"io"
	"runtime"
	"sync"

	"github.com/samverk/samverk/fault"
)

// DefaultLevel is the level of a Writer that isn't told one, as in bgzip.
const DefaultLevel = 6

// blockText is how much goes into a block, as in htslib: even data that does not compress stays under 64 KiB.
const blockText = 0xff00

// WriterOptions are what a Writer can be told.
type WriterOptions struct {
	Level   int // 1 (fast) to 9 (small); 0: DefaultLevel
	Workers int // goroutines that compress; 0: one for each processor
}

// Mark is a place in what is written: the number of the block (from 0) << 16 | the place in its text. Marks are known
// before blocks are compressed, and order as virtual offsets do.
type Mark uint64

// Offset is a virtual offset: the address of the block in the file << 16 | the place in its text.
type Offset uint64

// Writer compresses to BGZF. It is for one goroutine. An error stays: every later call gives it again.
type Writer struct {
	w     io.Writer
	level int

	now   *job
	block uint64    // number of now
	jobs  chan *job // to be compressed
	order chan *job // to be written
	free  chan *job
	group sync.WaitGroup

	mu        sync.Mutex // what follows is shared with the goroutine that writes
	err       error
	addresses []uint64 // of every block written
	size      uint64
	closed    bool
}

// job is one block on its way.
type job struct {
	text []byte
	out  []byte
	done chan struct{}
}

// NewWriter begins a BGZF file. Close or Abandon ends it; until then goroutines wait for it.
func NewWriter(w io.Writer, o WriterOptions) (*Writer, error) {
	if o.Level == 0 {
		o.Level = DefaultLevel
	}
	if o.Level < 1 || o.Level > 9 {
		return nil, fault.New(fault.Invalid, "there is no compression level %d", o.Level).Do("levels go from 1 to 9")
	}
	if o.Workers <= 0 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	n := 4 * o.Workers
	z := &Writer{w: w, level: o.Level, jobs: make(chan *job, n), order: make(chan *job, n), free: make(chan *job, n)}
	for range n {
		z.free <- &job{done: make(chan struct{}, 1)}
	}
	z.group.Add(o.Workers + 1)
	for range o.Workers {
		go z.compress()
	}
	go z.write()
	z.now = <-z.free
	return z, nil
}

// Write takes text in. What it takes is copied.
func (z *Writer) Write(p []byte) (int, error) {
	if err := z.failed(); err != nil {
		return 0, err
	}
	total := len(p)
	for len(p) > 0 {
		j := z.now
		if j.text == nil {
			j.text = make([]byte, 0, blockText+textSlack)
		}
		n := min(len(p), blockText-len(j.text))
		j.text = append(j.text, p[:n]...)
		p = p[n:]
		if len(j.text) == blockText {
			z.send()
		}
	}
	return total, nil
}

// Flush ends the block at hand, so that what follows begins a new one. It does not wait for the block to be written.
func (z *Writer) Flush() error {
	if err := z.failed(); err != nil {
		return err
	}
	if len(z.now.text) > 0 {
		z.send()
	}
	return nil
}

// Mark tells where the next byte goes.
func (z *Writer) Mark() Mark { return Mark(z.block<<16 | uint64(len(z.now.text))) }

// Offset turns a mark into a virtual offset. It knows them all after Close, and before it those of blocks written.
func (z *Writer) Offset(m Mark) (Offset, bool) {
	z.mu.Lock()
	defer z.mu.Unlock()
	n := uint64(m >> 16)
	switch {
	case n < uint64(len(z.addresses)):
		return Offset(z.addresses[n]<<16 | uint64(m)&0xffff), true
	case z.closed && n == uint64(len(z.addresses)): // where the end-of-file block is
		return Offset(z.size<<16 | uint64(m)&0xffff), true
	}
	return 0, false
}

// Close writes what is left and the end-of-file block. It does not close the underlying writer.
func (z *Writer) Close() error { return z.end(true) }

// Abandon ends a file that will not be whole: it writes no end-of-file block, so that a reader sees that it was cut off.
func (z *Writer) Abandon() { _ = z.end(false) }

func (z *Writer) end(whole bool) error {
	z.mu.Lock()
	done, err := z.closed, z.err
	z.closed = true
	z.mu.Unlock()
	if done {
		return err
	}
	if whole && len(z.now.text) > 0 {
		z.send()
	}
	close(z.jobs)
	close(z.order)
	z.group.Wait()
	if whole && z.err == nil {
		_, err := z.w.Write(eofBlock)
		z.err = unwritable(err)
	}
	return z.err
}

func (z *Writer) failed() error {
	z.mu.Lock()
	defer z.mu.Unlock()
	if z.closed && z.err == nil {
		return fault.New(fault.Internal, "write after Close")
	}
	return z.err
}

// send hands the block over, and takes an empty one.
func (z *Writer) send() {
	z.order <- z.now
	z.jobs <- z.now
	z.now = <-z.free
	z.now.text = z.now.text[:0]
	z.block++
}

// compress makes blocks until there are no more.
func (z *Writer) compress() {
	defer z.group.Done()
	d := deflater{effort: efforts[z.level]}
	for j := range z.jobs {
		j.out = d.block(j.out[:0], j.text)
		j.done <- struct{}{}
	}
}

// block appends one BGZF block of text to out, which is empty.
func (d *deflater) block(out, text []byte) []byte {
	out, small := d.deflate(append(out, eofBlock[:18]...), text)
	if !small {
		out = stored(out[:18], text)
	}
	out = binary.LittleEndian.AppendUint32(out, crc32.ChecksumIEEE(text))
	out = binary.LittleEndian.AppendUint32(out, uint32(len(text)))
	binary.LittleEndian.PutUint16(out[16:], uint16(len(out)-1))
	return out
}

// stored appends text as one stored deflate block, the last.
func stored(out, text []byte) []byte {
	n := uint16(len(text))
	out = append(out, 1, byte(n), byte(n>>8), byte(^n), byte(^n>>8))
	return append(out, text...)
}

// write writes blocks in order. After an error it only lets them pass.
func (z *Writer) write() {
	defer z.group.Done()
	failed := false
	for j := range z.order {
		<-j.done
		if !failed {
			_, err := z.w.Write(j.out)
			failed = err != nil
			z.mu.Lock()
			z.err = unwritable(err)
			if !failed {
				z.addresses = append(z.addresses, z.size)
				z.size += uint64(len(j.out))
			}
			z.mu.Unlock()
		}
		z.free <- j
	}
}

func unwritable(err error) error {
	if err == nil {
		return nil
	}
	return fault.Wrap(fault.Unavailable, err, "the compressed file can't be written").
		Do("look for a full disk, or a program that stopped reading")
}
