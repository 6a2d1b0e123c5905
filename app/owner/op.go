package owner

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/samverk/samverk/fault"
)

// None is the request, item or result of an operation that has none.
type None struct{}

// Sink takes what an operation tells while it runs. Both functions are always there and may be called from several goroutines.
type Sink[I any] struct {
	Item     func(I) error
	Progress func(Progress)
}

// Op is something a node of type N can be asked to do: a request Q, items I while it runs, and a result R.
type Op[N, Q, I, R any] struct {
	Name string
	Long bool                                                      // may run for more than a few seconds
	Run  func(n N, ctx context.Context, q Q, s Sink[I]) (R, error) // as a method expression has it
}

// Stream is an operation that turns bytes into bytes.
type Stream[N, Q, R any] struct {
	Name string
	Run  func(n N, ctx context.Context, q Q, in io.Reader, out io.Writer, progress func(Progress)) (R, error)
}

// Route is how the owner answers one operation.
type Route[N any] struct {
	path  string
	long  bool
	serve func(n N, w http.ResponseWriter, r *http.Request)
}

const (
	opPath        = "/1/op/" // 1: the version of this protocol
	streamPath    = "/1/stream/"
	maxRequest    = 256 << 20 // a file of a few million variants to ask about
	progressEvery = 100 * time.Millisecond
)

// Call asks the owner, or does it here.
func (o Op[N, Q, I, R]) Call(ctx context.Context, c *Client[N], q Q, s Sink[I]) (R, error) {
	var result R
	s = s.filled()
	err := c.do(ctx, o.Long, func(n N) error {
		var err error
		result, err = o.Run(n, ctx, q, Sink[I]{Item: s.Item, Progress: throttle(s.Progress)})
		return err
	}, func(h *http.Client) error {
		var err error
		result, err = o.remote(ctx, c, h, q, s)
		return err
	})
	return result, err
}

func (s Sink[I]) filled() Sink[I] {
	if s.Item == nil {
		s.Item = func(I) error { return nil }
	}
	if s.Progress == nil {
		s.Progress = func(Progress) {}
	}
	return s
}

func (o Op[N, Q, I, R]) remote(ctx context.Context, c *Client[N], h *http.Client, q Q, s Sink[I]) (R, error) {
	var result R
	body, err := json.Marshal(q)
	if err != nil {
		return result, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://owner"+opPath+o.Name, bytes.NewReader(body))
	if err != nil {
		return result, err
	}
	req.GetBody = nil // asking again is for Client.do to decide
	res, err := c.begin(h, req)
	if err != nil {
		return result, err
	}
	defer res.Body.Close()
	dec := json.NewDecoder(res.Body)
	for {
		var l line
		if err := dec.Decode(&l); err != nil {
			return result, c.ended(ctx)
		}
		switch {
		case l.Progress != nil:
			s.Progress(*l.Progress)
		case l.Item != nil:
			var item I
			if err := json.Unmarshal(l.Item, &item); err != nil {
				return result, err
			}
			if err := s.Item(item); err != nil {
				return result, err
			}
		case l.Error != nil:
			return result, l.Error.fault()
		default:
			err := json.Unmarshal(l.Result, &result)
			return result, err
		}
	}
}

// Route is the owner's side of Call.
func (o Op[N, Q, I, R]) Route() Route[N] {
	return Route[N]{path: opPath + o.Name, long: o.Long, serve: func(n N, w http.ResponseWriter, r *http.Request) {
		var q Q
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequest))
		if err == nil {
			err = json.Unmarshal(body, &q)
		}
		if err != nil {
			refuse(w, fault.Wrap(fault.Invalid, err, "the request can't be read"))
			return
		}
		w.Header().Set("Content-Type", "application/jsonl")
		out := &lines{w: w, enc: json.NewEncoder(w)}
		out.accept()
		result, err := o.Run(n, r.Context(), q, Sink[I]{
			Item:     func(i I) error { return out.item(i) },
			Progress: throttle(func(p Progress) { _ = out.put(line{Progress: &p}, true) }),
		})
		var raw []byte
		if err == nil {
			raw, err = json.Marshal(result)
		}
		last := line{Result: raw}
		if err != nil {
			last = line{Error: toWire(stopped(r.Context(), err))}
		}
		_ = out.put(last, true) // an asker who left gets no answer
	}}
}

// lines writes an answer's lines, one goroutine at a time.
type lines struct {
	mu  sync.Mutex
	w   http.ResponseWriter
	enc *json.Encoder
}

func (l *lines) accept() {
	l.w.WriteHeader(http.StatusOK)
	_ = http.NewResponseController(l.w).Flush() // an asker who left is seen by the context
}

func (l *lines) item(v any) error {
	raw, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return l.put(line{Item: raw}, false)
}

func (l *lines) put(x line, flush bool) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.enc.Encode(x); err != nil {
		return err
	}
	if flush {
		return http.NewResponseController(l.w).Flush()
	}
	return nil
}

// Call streams in through the node to out. A stream is always long.
func (o Stream[N, Q, R]) Call(ctx context.Context, c *Client[N], q Q, in io.Reader, out io.Writer, progress func(Progress)) (R, error) {
	var result R
	if progress == nil {
		progress = func(Progress) {}
	}
	err := c.do(ctx, true, func(n N) error {
		var err error
		result, err = o.Run(n, ctx, q, in, out, throttle(progress))
		return err
	}, func(h *http.Client) error {
		var err error
		result, err = o.remote(ctx, c, h, q, in, out, progress)
		return err
	})
	return result, err
}

func (o Stream[N, Q, R]) remote(ctx context.Context, c *Client[N], h *http.Client, q Q, in io.Reader, out io.Writer, progress func(Progress)) (R, error) {
	var result R
	head, err := json.Marshal(q)
	if err != nil {
		return result, err
	}
	body := &heldBody{head: append(head, '\n'), in: in, begun: make(chan struct{}), gone: make(chan struct{})}
	defer func() { _ = body.Close() }()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://owner"+streamPath+o.Name, body)
	if err != nil {
		return result, err
	}
	res, err := c.begin(h, req)
	if err != nil {
		return result, err
	}
	defer res.Body.Close()
	close(body.begun)
	raw, err := readFrames(res.Body, out, progress)
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return result, c.ended(ctx)
	}
	if err != nil {
		return result, err
	}
	err = json.Unmarshal(raw, &result)
	return result, err
}

// heldBody gives its head at once, and in only when the owner has begun: what is read from in can't be read a second time.
type heldBody struct {
	head  []byte
	in    io.Reader
	begun chan struct{}
	gone  chan struct{}
	once  sync.Once
}

func (b *heldBody) Read(p []byte) (int, error) {
	if len(b.head) > 0 {
		n := copy(p, b.head)
		b.head = b.head[n:]
		return n, nil
	}
	select {
	case <-b.begun:
		return b.in.Read(p)
	case <-b.gone:
		return 0, io.ErrClosedPipe
	}
}

func (b *heldBody) Close() error {
	b.once.Do(func() { close(b.gone) })
	return nil
}

// Route is the owner's side of Call.
func (o Stream[N, Q, R]) Route() Route[N] {
	return Route[N]{path: streamPath + o.Name, long: true, serve: func(n N, w http.ResponseWriter, r *http.Request) {
		in := bufio.NewReaderSize(r.Body, 64<<10)
		var q Q
		head, err := in.ReadSlice('\n') // a request longer than the buffer is no request of ours
		if err == nil {
			err = json.Unmarshal(head, &q)
		}
		rc := http.NewResponseController(w)
		if err == nil {
			err = rc.EnableFullDuplex()
		}
		if err != nil {
			refuse(w, fault.Wrap(fault.Invalid, err, "the request can't be read"))
			return
		}
		w.Header().Set("Content-Type", "application/octet-stream")
		w.WriteHeader(http.StatusOK)
		_ = rc.Flush()
		o.answer(r.Context(), n, q, in, frameWriter{w: w}, rc)
	}}
}

func (o Stream[N, Q, R]) answer(ctx context.Context, n N, q Q, in io.Reader, f frameWriter, rc *http.ResponseController) {
	result, err := o.Run(n, ctx, q, in, f, func(Progress) {}) // the asker sees its own bytes go
	if err == nil {
		err = f.json(frameResult, result)
	}
	if err != nil {
		_ = f.json(frameError, toWire(stopped(ctx, err)))
	}
	_ = rc.Flush()
	// Closing with unread input would reset the connection and take the last frame with it: the asker closes first.
	_, _ = io.Copy(io.Discard, in)
}

// refuse answers before anything has begun.
func refuse(w http.ResponseWriter, err error) {
	w.WriteHeader(http.StatusBadRequest)
	_ = json.NewEncoder(w).Encode(line{Error: toWire(err)})
}

// errStopped is the cause when the owner's process ends while it works for others.
var errStopped = fault.New(fault.Unavailable, "the process that did the work was stopped before it was done").
	Do("run the command again: it will do the work itself")

// stopped says why an operation was cancelled, where that is why it failed.
func stopped(ctx context.Context, err error) error {
	if errors.Is(err, context.Canceled) && errors.Is(context.Cause(ctx), errStopped) {
		return errStopped
	}
	return err
}

// throttle lets through what a person can follow, and every change of phase.
func throttle(f func(Progress)) func(Progress) {
	var mu sync.Mutex
	var last time.Time
	var phase string
	return func(p Progress) {
		mu.Lock()
		defer mu.Unlock()
		now := time.Now()
		if p.Phase == phase && now.Sub(last) < progressEvery && (p.Total == 0 || p.Done < p.Total) {
			return
		}
		last, phase = now, p.Phase
		f(p)
	}
}
