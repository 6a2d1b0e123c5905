package bgzf

import (
	"bufio"
	"io"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/samverk/samverk/fault"
)

// Options are what a Reader can be told. The zero value is right for most files.
type Options struct {
	Workers    int  // goroutines that inflate BGZF; 0: one for each processor
	AllowNoEOF bool // take a BGZF file whose end-of-file block is missing
}

// Format is what a file turned out to be by its first bytes.
type Format uint8

// The formats a Reader takes.
const (
	Text Format = iota
	Gzip
	BGZF
)

func (f Format) String() string { return [...]string{"text", "gzip", "bgzf"}[f] }

// Chunk is a piece of the inflated file. It is the holder's until Release.
type Chunk struct {
	Bytes []byte // empty never, when it comes from Take

	reader *Reader
	in     []byte  // compressed blocks, inSlack after them
	out    []byte  // backs Bytes, outSlack after it
	blocks []block // what is in in
	size   int     // sum of the blocks' inflated sizes
	err    error   // what comes after Bytes
	done   chan struct{}
}

// Release gives the chunk's buffers back to its Reader. Bytes may not be used afterwards.
func (c *Chunk) Release() {
	c.Bytes = nil
	select {
	case c.reader.free <- c:
	default: // enough of them are waiting
	}
}

// source fills chunks, one at a time and in order.
type source interface {
	// fill sets what the chunk holds, and err if that is the last of it: io.EOF at a proper end.
	fill(c *Chunk)
}

// Reader delivers the inflated bytes of a file. It is for one goroutine; chunks taken from it may go to others.
type Reader struct {
	name   string
	format Format
	read   atomic.Int64

	mu    sync.Mutex // src and ended
	src   source
	ended bool // src has nothing more

	order chan *Chunk   // filled and being inflated, in the file's order; closed after the last
	ahead chan struct{} // a token for each chunk begun and not yet taken
	free  chan *Chunk
	stop  chan struct{}
	group sync.WaitGroup
	once  sync.Once

	err       error
	last, now *Chunk // handed out by Next
	rest      []byte // of now, for Read
}

// NewReader looks at the first bytes of r and begins to read ahead. name is for errors. Close it when done.
func NewReader(r io.Reader, name string, o Options) (*Reader, error) {
	z := &Reader{name: name}
	raw := &counter{r: r, n: &z.read}
	in := bufio.NewReaderSize(raw, inputSize)
	workers := o.Workers
	if workers <= 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	format, err := recognise(in, name)
	if err != nil {
		return nil, err
	}
	z.format = format
	switch format {
	case BGZF:
		z.src = &blocks{in: in, name: name, allowNoEOF: o.AllowNoEOF}
	case Gzip:
		z.src, workers = &members{in: in, raw: raw, name: name}, 1
	default:
		z.src, workers = &text{in: in, name: name}, 1
	}
	z.order = make(chan *Chunk, 2*workers)
	z.ahead = make(chan struct{}, 2*workers)
	z.free = make(chan *Chunk, 2*workers+2)
	z.stop = make(chan struct{})
	z.group.Add(workers)
	for range workers {
		go z.work()
	}
	return z, nil
}

// Format tells what the file is.
func (z *Reader) Format() Format { return z.format }

// BytesRead tells how much of the underlying file was read so far. Any goroutine may ask.
func (z *Reader) BytesRead() int64 { return z.read.Load() }

// work fills and inflates chunks until the source ends or the reader is closed.
func (z *Reader) work() {
	defer z.group.Done()
	var inf inflater
	for {
		select {
		case <-z.stop:
			return
		case z.ahead <- struct{}{}:
		}
		c := z.blank()
		if !z.fill(c) {
			return
		}
		c.inflate(&inf)
		c.done <- struct{}{}
	}
}

// fill takes the next piece of the source and puts the chunk in its place in the order.
func (z *Reader) fill(c *Chunk) bool {
	z.mu.Lock()
	defer z.mu.Unlock()
	if z.ended {
		return false
	}
	select {
	case <-z.stop:
		return false
	default:
	}
	z.src.fill(c)
	z.order <- c // there is room: every chunk in it holds a token of ahead
	if c.err != nil {
		z.ended = true
		close(z.order)
	}
	return true
}

func (z *Reader) blank() *Chunk {
	select {
	case c := <-z.free:
		c.in, c.blocks, c.size, c.err = c.in[:0], c.blocks[:0], 0, nil
		return c
	default:
		return &Chunk{reader: z, done: make(chan struct{}, 1)}
	}
}

// Take gives the next chunk to keep for as long as wanted, then to be released. At the end the error is io.EOF; it is
// a *fault.Error for a file that isn't whole, after all bytes before the place.
func (z *Reader) Take() (*Chunk, error) {
	for z.err == nil {
		c, ok := <-z.order
		if !ok {
			z.err = fault.New(fault.Internal, "read after Close").In(z.name)
			break
		}
		<-c.done
		<-z.ahead
		z.err = c.err
		if len(c.Bytes) > 0 {
			return c, nil
		}
		c.Release()
	}
	return nil, z.err
}

// Next gives the next chunk's bytes. They, and those of the call before, stay valid: a line that began in one chunk
// can be finished with the next in hand. They are gone with the call after that.
func (z *Reader) Next() ([]byte, error) {
	c, err := z.Take()
	if err != nil {
		return nil, err
	}
	if z.last != nil {
		z.last.Release()
	}
	z.last, z.now = z.now, c
	z.rest = nil
	return c.Bytes, nil
}

// Read makes the Reader an io.Reader. What Next has given is not given again.
func (z *Reader) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if len(z.rest) == 0 {
		b, err := z.Next()
		if err != nil {
			return 0, err
		}
		z.rest = b
	}
	n := copy(p, z.rest)
	z.rest = z.rest[n:]
	return n, nil
}

// WriteTo writes all that is left to w, without a buffer between.
func (z *Reader) WriteTo(w io.Writer) (int64, error) {
	var total int64
	for {
		b := z.rest
		z.rest = nil
		if len(b) == 0 {
			var err error
			if b, err = z.Next(); err == io.EOF {
				return total, nil
			} else if err != nil {
				return total, err
			}
		}
		n, err := w.Write(b)
		total += int64(n)
		z.rest = nil
		if err != nil {
			return total, err
		}
	}
}

// Close stops reading ahead and waits until nothing of it runs. A Read of the underlying file that hangs is waited
// for: close the file first to interrupt it. Bytes handed out by Next are gone; chunks taken are not.
func (z *Reader) Close() error {
	z.once.Do(func() {
		close(z.stop)
		z.group.Wait()
		if z.err == nil {
			z.err = fault.New(fault.Internal, "read after Close").In(z.name)
		}
	})
	return nil
}

// counter counts what is read, and keeps the error that ended it if it was not the end.
type counter struct {
	r   io.Reader
	n   *atomic.Int64
	err error
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n.Add(int64(n))
	if err != nil && err != io.EOF {
		c.err = err
	}
	return n, err
}
