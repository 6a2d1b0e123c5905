package published

import (
	"context"
	"crypto/rand"
	"embed"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/federation"
	"github.com/samverk/samverk/ledger"
	"github.com/samverk/samverk/mandate"
	"github.com/samverk/samverk/policy"
	"github.com/samverk/samverk/storage"
)

// Migrations make the room's tables.
//
//go:embed migrations/*.sql
var Migrations embed.FS

// Options are what New needs beside the nodes.
type Options struct {
	Policies *policy.Policies
	// Forms keeps a form that a peer's network put in force, in the transaction; its signature and mandate hold. nil: forms aren't taken.
	Forms func(ctx context.Context, tx *storage.Tx, f SignedForm) error
	// Publish gives what this node publishes now; nil: nothing.
	Publish func(ctx context.Context) ([]Publication, error)
	// Network is the short name by which a network's node knows this one's; "": the node's own name.
	Network string
	// Adopt adopts what is kept, where a standing rule says so, and tells whether anything was. nil: nothing is.
	Adopt func(ctx context.Context) bool

	Witness   *ledger.Witness   // looks at peers' logs; nil: they aren't
	Witnesses *ledger.Witnesses // keeps what peers cosigned; nil: it isn't
	Client    *http.Client      // for peers' logs; nil: one of our own
	Watch     time.Duration     // how often a log is looked at, at most; 0 is 10 s
	Stale     time.Duration     // for how long what was read to be published is told; 0 is 5 s

	Now    func() time.Time // nil: the database's
	Random io.Reader        // nil: the system's
	Log    *slog.Logger     // nil: the default
}

// Published is the room, opened. Its methods may be called from many goroutines.
type Published struct {
	db    *storage.DB
	nodes *federation.Nodes
	o     Options
	feed  *feed

	reading sync.Mutex // held while what there is is read
	nudged  chan struct{}
	busy    sync.WaitGroup

	mu    sync.Mutex
	heard map[string]place // how far peers were
	seen  map[string]look  // what of their logs

	ctx  context.Context // of what goes on after a call returned
	stop context.CancelFunc
}

// New opens the room, and answers peers from then on. It is called before anything is served. Met is to be called after each hello.
func New(db *storage.DB, nodes *federation.Nodes, o Options) (*Published, error) {
	if o.Now == nil {
		o.Now = db.Now
	}
	if o.Random == nil {
		o.Random = rand.Reader
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if o.Client == nil {
		o.Client = &http.Client{Timeout: callTime, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	}
	if o.Watch <= 0 {
		o.Watch = 10 * time.Second
	}
	if o.Stale <= 0 {
		o.Stale = 5 * time.Second
	}
	f, err := newFeed(o.Random)
	if err != nil {
		return nil, err
	}
	p := &Published{db: db, nodes: nodes, o: o, feed: f, nudged: make(chan struct{}, 1), heard: map[string]place{}, seen: map[string]look{}}
	p.ctx, p.stop = context.WithCancel(context.Background())
	nodes.Handle(pathPolicies, mostPage, p.offered)
	nodes.Handle(pathPublications, mostAsked, p.answer)
	nodes.Handle(pathWitnessed, mostNote, p.witnessed)
	if o.Witnesses != nil {
		o.Witnesses.Also(p.witnesses)
	}
	return p, nil
}

// The messages, and how long they may be.
const (
	pathPolicies     = "policies"
	pathPublications = "publications"
	pathWitnessed    = "witnessed"

	mostAsked = 4 << 10
	mostNote  = 64 << 10
)

// callTime is how long a peer may take to answer.
const callTime = 10 * time.Second

// Close ends what is under way.
func (p *Published) Close() {
	p.mu.Lock()
	p.stop()
	p.mu.Unlock()
	p.busy.Wait()
}

// Nudge says that there may be something new to publish.
func (p *Published) Nudge() {
	select {
	case p.nudged <- struct{}{}:
	default:
	}
}

// Run publishes what it is nudged for, at once, until ctx ends. What was there when it began is asked for by peers at their hellos.
func (p *Published) Run(ctx context.Context) {
	for first := true; ; first = false {
		fresh, err := p.fresh(ctx, 0)
		if err != nil && ctx.Err() == nil {
			p.o.Log.Error("what is to be published can't be read", "error", err, "hint", fault.HintOf(err))
		}
		if !first {
			p.push(fresh)
		}
		select {
		case <-ctx.Done():
			return
		case <-p.nudged:
		}
	}
}

// Met is what a hello leads to: a network's node is asked for what is new, and the peer's log is looked at.
func (p *Published) Met(ctx context.Context, peer federation.Peer) {
	if peer.State != federation.Approved {
		return
	}
	if len(peer.Networks) > 0 {
		if err := p.pull(ctx, peer); err != nil && ctx.Err() == nil {
			p.quiet("what a peer publishes wasn't heard", peer, err)
		}
	}
	p.look(ctx, peer)
}

// quiet logs what went wrong with a peer. That one can't be reached is no news for an operator: the page of nodes tells.
func (p *Published) quiet(what string, peer federation.Peer, err error) {
	level := slog.LevelWarn
	if fault.KindOf(err) == fault.Unavailable {
		level = slog.LevelDebug
	}
	p.o.Log.Log(context.Background(), level, what, "peer", peer.Name, "error", err, "hint", fault.HintOf(err))
}

// Announce says hello to all peers, for what they are told of this node has changed, and doesn't wait.
func (p *Published) Announce() {
	p.later(func(ctx context.Context) { p.nodes.Announce(ctx) })
}

// later does something until Close, within a call's time.
func (p *Published) later(do func(context.Context)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ctx.Err() != nil {
		return
	}
	p.busy.Add(1)
	go func() {
		defer p.busy.Done()
		ctx, cancel := context.WithTimeout(p.ctx, callTime)
		defer cancel()
		do(ctx)
	}()
}

// network is by which short name a network's node knows this one's.
func (p *Published) network() string {
	if self, ok := p.nodes.Self(); ok && p.o.Network == "" {
		return self.Name
	}
	return p.o.Network
}

// ownNode tells whether a peer is a network's own node.
func ownNode(p federation.Peer, network string) bool {
	for _, k := range p.Networks {
		if k.Network == network {
			return true
		}
	}
	return false
}

// Stands refuses a mandate whose decision another one holds in the place of, by what the network's own node told last.
func (p *Published) Stands(ctx context.Context, m mandate.Mandate) error {
	for _, peer := range p.nodes.Peers() {
		if peer.State == federation.Revoked || !ownNode(peer, m.Network) {
			continue
		}
		found, err := p.entries(ctx, `peer = $1 AND kind = $2 AND id = $3 AND peer IN (SELECT peer FROM published_trust)`, peer.Name, Decision, m.Decision)
		if err != nil {
			return err
		}
		for _, e := range found {
			var d Decided
			if json.Unmarshal([]byte(e.Body), &d) == nil && d.Network == m.Network && !d.Until.IsZero() && !d.Until.After(p.o.Now()) {
				return fault.New(fault.Conflict, "decision %s was superseded by %s", m.Number, d.By).Say("carried.superseded")
			}
		}
	}
	return nil
}
