package owner

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/samverk/samverk/fault"
)

// Config says how to reach, or to become, the owner of a directory.
type Config[N any] struct {
	Dir     string
	Command string // for other people's messages: "samverk load"
	Open    func(ctx context.Context) (N, error)
	Close   func(N) error
	Routes  []Route[N]

	Patience time.Duration // how long to wait for an owner that comes or goes; 0 is 15 s
	Waiting  func(string)  // told when Close waits for other people's long operations; may be nil
}

// Client reaches the owner of a directory. It is for one command: its context is the command's life.
type Client[N any] struct {
	cfg  Config[N]
	ctx  context.Context
	http *http.Client

	mu   sync.Mutex
	own  *own[N]  // not nil once we are the owner
	turn *os.File // not nil while we are next
}

// New makes a client. Nothing is dialled, locked or opened before the first call.
func New[N any](ctx context.Context, cfg Config[N]) *Client[N] {
	if cfg.Patience == 0 {
		cfg.Patience = 15 * time.Second
	}
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) { return dial(ctx, cfg.Dir) }
	return &Client[N]{cfg: cfg, ctx: ctx, http: &http.Client{Transport: &http.Transport{
		DialContext:        dial,
		DisableKeepAlives:  true, // so the transport never asks a second time on its own
		DisableCompression: true,
	}}}
}

// errAgain says that an operation has not begun, and may be asked for again.
var errAgain = errors.New("not begun")

// do runs here if we own the directory, there if somebody else does, and becomes the owner if nobody does.
func (c *Client[N]) do(ctx context.Context, long bool, here func(N) error, there func(*http.Client) error) error {
	refused := false
	defer c.passTurn()
	return c.persist(ctx, c.cfg.Patience, func() error {
		o, err := c.owned(ctx, false, refused)
		if errors.Is(err, errHeld) {
			err = there(c.http)
			refused = long && errors.Is(err, errAgain) // by one short command; the next one shall not come before us
			return err
		}
		if err != nil {
			return err
		}
		if long {
			defer o.longHere()()
		}
		return here(o.node)
	})
}

// persist asks until the answer isn't errAgain any more, or patience ends.
func (c *Client[N]) persist(ctx context.Context, patience time.Duration, try func() error) error {
	deadline := time.Now().Add(patience)
	for wait := time.Millisecond; ; wait = min(2*wait, 50*time.Millisecond) {
		err := try()
		if !errors.Is(err, errAgain) {
			return err
		}
		if time.Now().After(deadline) {
			return c.busy()
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(wait):
		}
	}
}

// busy is the end of patience.
func (c *Client[N]) busy() error {
	h := ReadHolder(c.cfg.Dir)
	who := "another process"
	if h.PID != 0 {
		who = fmt.Sprintf("'%s' (process %d)", h.Command, h.PID)
	}
	return fault.New(fault.Unavailable, "%s has the data directory and can't take this on now", who).In(c.cfg.Dir).
		Do("try again when it has ended")
}

// owned gives what we own, and tries to become the owner. errHeld: somebody else is.
// With keep the owner is there for others, and takes long operations from them at any time. With next we stay
// next in turn when somebody else is.
func (c *Client[N]) owned(ctx context.Context, keep, next bool) (*own[N], error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.own != nil {
		return c.own, nil
	}
	if c.turn == nil {
		turn, err := take(c.cfg.Dir, turnName)
		if err != nil {
			return nil, err
		}
		c.turn = turn
	}
	lock, err := takeLock(c.cfg.Dir, Holder{PID: os.Getpid(), Command: c.cfg.Command, Since: time.Now().UTC()})
	if err == nil || !next {
		c.turn.Close()
		c.turn = nil
	}
	if err != nil {
		return nil, err
	}
	c.own, err = become(ctx, c.ctx, c.cfg, lock, keep)
	return c.own, err
}

// passTurn lets others be next.
func (c *Client[N]) passTurn() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.turn != nil {
		c.turn.Close()
		c.turn = nil
	}
}

// ownPatience is enough for a short command to end. Whoever else has the directory has it for long.
const ownPatience = 2 * time.Second

// Own becomes the owner and stays it until Close: for a process that serves. It is Unavailable while somebody else
// has the directory for long.
func (c *Client[N]) Own(ctx context.Context) (N, error) {
	var node N
	defer c.passTurn()
	err := c.persist(ctx, min(c.cfg.Patience, ownPatience), func() error {
		o, err := c.owned(ctx, true, true)
		if errors.Is(err, errHeld) {
			return errAgain
		}
		if err == nil {
			node = o.node
		}
		return err
	})
	return node, err
}

// Close gives the directory up, if we own it, after other people's long operations have ended.
func (c *Client[N]) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.own == nil {
		return nil
	}
	o := c.own
	c.own = nil
	return o.close(c.ctx, c.cfg)
}

// begin sends a request and gives the answer once the owner has begun. errAgain: it has not, and never will.
func (c *Client[N]) begin(h *http.Client, req *http.Request) (*http.Response, error) {
	res, err := h.Do(req) //nolint:gosec // G704: the address is our own socket, whatever the request says
	if err != nil {
		if ctx := req.Context(); ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		if errors.Is(err, fs.ErrPermission) {
			return nil, fault.New(fault.Denied, "the data directory belongs to another user").In(c.cfg.Dir).
				Do("run the command as the user who started Samverk there")
		}
		return nil, errAgain
	}
	switch res.StatusCode {
	case http.StatusOK:
		return res, nil
	case http.StatusServiceUnavailable:
		res.Body.Close()
		return nil, errAgain
	}
	defer res.Body.Close()
	var l line
	if json.NewDecoder(res.Body).Decode(&l) == nil && l.Error != nil {
		return nil, l.Error.fault()
	}
	return nil, fault.New(fault.Conflict, "the process that owns the data directory doesn't know this operation").In(c.cfg.Dir).
		Do("it is another version of Samverk: stop it, or use the same version")
}

// ended is an answer that began and never came to its last line.
func (c *Client[N]) ended(ctx context.Context) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return fault.New(fault.Unavailable, "the process that owns the data directory ended before it answered").In(c.cfg.Dir).
		Do("see what was done ('samverk stats', 'samverk consent show'), then run the command again")
}
