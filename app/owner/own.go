package owner

import (
	"context"
	"net"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/samverk/samverk/fault"
)

// own is the owner's side: the lock, the socket and the node.
type own[N any] struct {
	dir    string
	lock   *os.File
	server *http.Server
	cancel context.CancelCauseFunc

	opened chan struct{} // closed when node can be used, or never will
	failed bool
	node   N

	mu      sync.Mutex
	keep    bool       // we are there for others
	mine    int        // our own long operations
	theirs  int        // other people's
	drained *sync.Cond // theirs has become 0
}

// become makes the socket first and opens the node then, so that others find somebody to wait for. The lock is ours.
// ctx is for opening; life is the process's: when it ends, so does everything it does for others.
func become[N any](ctx, life context.Context, cfg Config[N], lock *os.File, keep bool) (*own[N], error) {
	l, err := listen(cfg.Dir)
	if err != nil {
		lock.Close()
		return nil, fault.Wrap(fault.Unavailable, err, "the socket can't be made").In(cfg.Dir).
			Do("the directory has to be writable and on a file system that has sockets")
	}
	o := &own[N]{dir: cfg.Dir, lock: lock, opened: make(chan struct{}), keep: keep}
	o.drained = sync.NewCond(&o.mu)
	base, cancel := context.WithCancelCause(context.Background())
	o.cancel = cancel
	context.AfterFunc(life, func() { cancel(errStopped) })
	o.server = &http.Server{
		Handler:           o.handler(cfg.Routes),
		ReadHeaderTimeout: time.Minute,
		BaseContext:       func(net.Listener) context.Context { return base },
	}
	go func() { _ = o.server.Serve(l) }() // ends with release
	node, err := cfg.Open(ctx)
	o.node, o.failed = node, err != nil
	close(o.opened)
	if err != nil {
		o.release()
		return nil, err
	}
	return o, nil
}

// handler answers every route once the node is open.
func (o *own[N]) handler(routes []Route[N]) http.Handler {
	mux := http.NewServeMux()
	for _, r := range routes {
		mux.HandleFunc("POST "+r.path, func(w http.ResponseWriter, req *http.Request) {
			select {
			case <-o.opened:
			case <-req.Context().Done():
				return
			}
			if o.failed || !o.admit(r.long) {
				w.WriteHeader(http.StatusServiceUnavailable) // the asker asks again
				return
			}
			if r.long {
				defer o.theirsDone()
			}
			r.serve(o.node, w, req)
		})
	}
	return mux
}

// admit takes on a long operation only where we stay long enough anyway.
func (o *own[N]) admit(long bool) bool {
	if !long {
		return true
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.keep && o.mine == 0 {
		return false
	}
	o.theirs++
	return true
}

func (o *own[N]) theirsDone() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.theirs--; o.theirs == 0 {
		o.drained.Broadcast()
	}
}

// longHere counts a long operation of our own, until the function it gives is called.
func (o *own[N]) longHere() func() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.mine++
	return func() {
		o.mu.Lock()
		defer o.mu.Unlock()
		o.mine--
	}
}

// close waits for other people's long operations unless life has ended, then gives everything back.
// Short questions are answered while it waits.
func (o *own[N]) close(life context.Context, cfg Config[N]) error {
	o.mu.Lock()
	o.keep = false
	if o.theirs > 0 && life.Err() == nil && cfg.Waiting != nil {
		cfg.Waiting("another command's work is done by this process; waiting for it to end (Ctrl-C stops it)")
	}
	for o.theirs > 0 { // a life that ends cancels them
		o.drained.Wait()
	}
	o.mu.Unlock()
	o.stop()
	err := cfg.Close(o.node)
	o.release()
	return err
}

// stop ends the serving: what has begun is answered, what hasn't is asked again elsewhere.
func (o *own[N]) stop() {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if o.server.Shutdown(ctx) != nil {
		o.cancel(errStopped)
		_ = o.server.Close()
	}
}

// release gives the socket and then the lock back.
func (o *own[N]) release() {
	o.stop()
	o.cancel(errStopped)
	removeSocket(o.dir)
	o.lock.Close()
}
