package federation

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/federation/message"
	"github.com/samverk/samverk/storage"
)

const (
	helloPath    = "hello"
	mostHello    = 128 << 10
	longestHello = 5 * time.Second
	mostPolicies = 100
	keepContact  = time.Minute // a contact is written down this often
)

// hello is what nodes say to each other all the time, both ways.
type hello struct {
	From     Identity         `json:"from"`
	Speaks   message.Versions `json:"speaks"`
	You      State            `json:"you"`   // what you are here
	Knows    string           `json:"knows"` // the newest of your keys that is known here, by its id
	Rotation *rotation        `json:"rotation,omitempty"`
	Status   *Status          `json:"status,omitempty"` // not to who isn't approved
}

// hello makes what a peer is told.
func (n *Nodes) hello(ctx context.Context, o *own, p *peer) hello {
	h := hello{From: o.Identity, Speaks: n.o.Speaks, You: p.State, Knows: p.newest(), Rotation: o.announced()}
	if p.State == Approved || p.State == Forked || p.State == Waits {
		s := n.status(ctx)
		h.Status = &s
	}
	return h
}

// newest is the peer's newest key that we know.
func (p *peer) newest() string {
	if len(p.Next) > 0 {
		return KeyID(p.Next)
	}
	return p.KeyID()
}

// Now is what peers are told of this node.
func (n *Nodes) Now(ctx context.Context) Status { return n.status(ctx) }

// status is ours now.
func (n *Nodes) status(ctx context.Context) Status {
	s := n.o.Status(ctx)
	s.Time, s.Protocol = n.o.Now().UTC(), n.o.Speaks.Newest
	return s
}

// heard answers a peer's hello.
func (n *Nodes) heard(ctx context.Context, p *peer, body []byte) ([]byte, error) {
	if err := n.read(ctx, p, body); err != nil {
		return nil, err
	}
	o, err := n.me()
	if err != nil {
		return nil, err
	}
	if now := n.peers.Load().names[p.Name]; now != nil {
		p = now
	}
	return json.Marshal(n.hello(ctx, o, p))
}

// greet says hello to a peer, and reads its.
func (n *Nodes) greet(ctx context.Context, name string) {
	p := n.peers.Load().names[name]
	if p == nil {
		return
	}
	p.link.hello.Lock()
	defer p.link.hello.Unlock()
	p = n.peers.Load().names[name]
	o, err := n.me()
	if err != nil || p == nil || p.State == Revoked || p.State == Asks { // who asks says hello, and may be anybody
		return
	}
	ctx, cancel := context.WithTimeout(ctx, longestHello)
	defer cancel()
	body, err := json.Marshal(n.hello(ctx, o, p))
	if err != nil {
		return
	}
	version := p.Protocol
	if version == 0 { // so that one that was upgraded meanwhile can say so
		version = n.o.Speaks.Newest
	}
	answer, ahead, err := n.call(ctx, p, helloPath, body, mostHello, version)
	if err == nil {
		err = n.read(ctx, p, answer)
	}
	if err != nil {
		n.trouble(p, ahead, err)
	}
}

// read takes what a peer says of itself.
func (n *Nodes) read(ctx context.Context, from *peer, body []byte) error {
	var h hello
	if err := json.Unmarshal(body, &h); err != nil || h.Status != nil && len(h.Status.Policies) > mostPolicies || h.Speaks.Newest < h.Speaks.Oldest {
		return fault.New(fault.Invalid, "the hello of %s can't be read", from.Name).Say("federation.hello", from.Title)
	}
	if err := h.From.check(); err != nil {
		return err
	}
	if h.From.Name != from.Name {
		return fault.New(fault.Invalid, "%s calls itself %s", from.Name, h.From.Name).Say("federation.hello", from.Title)
	}
	now := n.o.Now()
	n.mu.Lock()
	was := n.peers.Load().names[from.Name]
	if was == nil || was.link != from.link {
		n.mu.Unlock()
		return notApproved(from.Peer)
	}
	next := *was
	durable, err := next.take(h, now)
	if err == nil && durable {
		err = n.distinct(next.Identity)
	}
	if next.Apart = 0; h.Status != nil {
		next.Apart = h.Status.Time.Sub(now)
	}
	if err != nil {
		n.mu.Unlock()
		return err
	}
	if durable || now.Sub(was.kept) >= keepContact {
		next.kept = now
		brief, cancel := context.WithTimeout(ctx, time.Second) // a database that is busy with something long keeps no hello waiting
		err = n.db.Write(brief, func(tx *storage.Tx) error { return n.keep(brief, tx, &next) })
		cancel()
		if !durable {
			err = nil // the next will be written down
		}
	}
	if err == nil {
		n.show(&next)
	}
	n.mu.Unlock()
	if err == nil && (next.State == Approved || next.State == Forked) {
		n.meet(next.Name, next.link)
	}
	return err
}

// take makes the peer what its hello says, and tells whether that is to be written down at once.
func (p *peer) take(h hello, now time.Time) (durable bool, err error) {
	before := p.Identity
	p.promote(now)
	if h.Rotation != nil && len(p.Next) == 0 && !bytes.Equal(h.Rotation.Next, p.Key) {
		if err := h.Rotation.check(p, now); err != nil {
			return false, err
		}
		p.Next, p.NextUntil = h.Rotation.Next, h.Rotation.At.Add(overlap)
	}
	if h.From.Ledger != p.Ledger && p.Ledger != "" {
		return false, fault.New(fault.Conflict, "%s names another log than it did", p.Name).Do("ask its operator why; after a new ledger, revoke it and invite it anew").Say("federation.ledger", p.Title)
	}
	p.Title, p.URL, p.Ledger, p.Witness, p.Networks, p.Country = h.From.Title, h.From.URL, h.From.Ledger, h.From.Witness, h.From.Networks, h.From.Country
	durable = !same(before, p.Identity) || p.speaks != h.Speaks || h.Knows != p.knows
	p.speaks, p.knows, p.LastContact, p.Trouble, p.Detail = h.Speaks, h.Knows, now, "", ""
	if p.State == Waits && h.You == Approved {
		p.State, p.Since, durable = Approved, now, true
	}
	if h.Status != nil && p.State != Asks {
		p.Said = *h.Status
	}
	return durable, nil
}

func same(a, b Identity) bool {
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	return errX == nil && errY == nil && bytes.Equal(x, y)
}

// trouble keeps why a peer wasn't heard.
func (n *Nodes) trouble(from *peer, ahead time.Duration, err error) {
	if errors.Is(err, context.Canceled) {
		return
	}
	code, detail := "federation.failed", err.Error()
	var f *fault.Error
	if errors.As(err, &f) && f.Code != "" {
		code = f.Code
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	was := n.peers.Load().names[from.Name]
	if was == nil || was.link != from.link {
		return
	}
	next := *was
	next.Trouble, next.Detail = code, short(detail)
	if code == "message.clock" {
		next.Apart = ahead
	}
	n.show(&next)
}

// meet tells that a peer was met: once at a time for each, and again if it was met meanwhile.
func (n *Nodes) meet(name string, l *link) {
	if n.o.Met == nil || l.met.Swap(2) != 0 {
		return
	}
	n.later(func(ctx context.Context) {
		for ctx.Err() == nil {
			l.met.Store(1)
			if p, ok := n.Peer(name); ok {
				n.o.Met(ctx, p)
			}
			if l.met.CompareAndSwap(1, 0) {
				return
			}
		}
	})
}

// later does something until Close.
func (n *Nodes) later(do func(context.Context)) {
	if n.ctx.Err() != nil {
		return
	}
	n.busy.Add(1)
	go func() { defer n.busy.Done(); do(n.ctx) }()
}

// Announce says hello to all at once, and returns when all have answered or couldn't be reached.
func (n *Nodes) Announce(ctx context.Context) {
	var all sync.WaitGroup
	for _, p := range n.peers.Load().list {
		all.Add(1)
		go func() { defer all.Done(); n.greet(ctx, p.Name) }()
	}
	all.Wait()
}

// Run says hello every few seconds, and does what is due, until ctx ends.
func (n *Nodes) Run(ctx context.Context) {
	tick := time.NewTicker(n.o.Every)
	defer tick.Stop()
	for {
		if err := n.turn(ctx); err != nil {
			slog.ErrorContext(ctx, "a node's key couldn't be turned", "error", err)
		}
		for _, p := range n.peers.Load().list { // one that is slow holds up nobody else
			if l := n.peers.Load().names[p.Name].link; l.hello.TryLock() {
				l.hello.Unlock()
				n.later(func(context.Context) { n.greet(ctx, p.Name) })
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
