package federation

import (
	"context"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"database/sql"
	"embed"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/federation/message"
	"github.com/samverk/samverk/storage"
)

// Migrations are the room's tables.
//
//go:embed migrations/*.sql
var Migrations embed.FS

// Messages are the sentences for what can go wrong between nodes, for lang.Read.
//
//go:embed messages
var Messages embed.FS

// Options are what Open needs beside the place. The zero value uses the database's clock and the system's randomness.
type Options struct {
	Now    func() time.Time
	Random io.Reader
	Client *http.Client
	Status func(context.Context) Status // ours; nil: a node that holds nothing
	Met    func(context.Context, Peer)  // after a hello of an approved peer was read, in either direction; never twice at a time for one peer
	Every  time.Duration                // how often hello is said; 0 is 10 s
	Speaks message.Versions             // of the protocol; zero: what this program does

	Patience time.Duration // how long a body may take to begin with; 0 is 5 s
}

// Nodes are this node and its peers. Its methods may be called from many goroutines.
type Nodes struct {
	db   *storage.DB
	dir  string
	o    Options
	http *http.Client

	mu       sync.Mutex // whoever changes self, secrets or peers
	self     atomic.Pointer[own]
	unread   error // why the key couldn't be read
	peers    atomic.Pointer[table]
	verifier *message.Verifier
	handlers map[string]handler
	joining  chan struct{}

	ctx  context.Context // of what goes on after a call returned
	stop context.CancelFunc
	busy sync.WaitGroup
}

// own is this node at one moment.
type own struct {
	Identity // with the key that peers know; Next is announced
	secrets  *secrets
	key      ed25519.PrivateKey
	next     ed25519.PrivateKey // nil while none is announced
}

// fresh is the identity with its newest key alone: what is said to who doesn't know another.
func (o *own) fresh() (Identity, ed25519.PrivateKey) {
	i, k := o.Identity, o.key
	if o.next != nil {
		i.Key, i.Next, k = i.Next, nil, o.next
	}
	return i, k
}

// Open reads who this node is and whom it knows.
func Open(ctx context.Context, db *storage.DB, dir string, o Options) (*Nodes, error) {
	if o.Now == nil {
		o.Now = db.Now
	}
	if o.Random == nil {
		o.Random = rand.Reader
	} else {
		o.Random = &turns{from: o.Random}
	}
	if o.Every <= 0 {
		o.Every = 10 * time.Second
	}
	if o.Patience <= 0 {
		o.Patience = 5 * time.Second
	}
	if o.Status == nil {
		o.Status = func(context.Context) Status { return Status{} }
	}
	if o.Client == nil {
		o.Client = client()
	}
	o.Speaks = o.Speaks.Or()
	n := &Nodes{db: db, dir: dir, o: o, http: o.Client, handlers: map[string]handler{}, joining: make(chan struct{}, 4)}
	n.ctx, n.stop = context.WithCancel(context.WithoutCancel(ctx))
	n.verifier = message.NewVerifier(n.keyOf, o.Now, o.Speaks)
	n.handlers[helloPath] = handler{most: mostHello, any: n.heard}
	if err := n.load(ctx); err != nil {
		n.stop()
		return nil, err
	}
	return n, nil
}

// client keeps connections to peers open: signatures hold for messages, so one connection is as good as another.
func client() *http.Client {
	t := &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		TLSClientConfig:     &tls.Config{MinVersion: tls.VersionTLS12},
		ForceAttemptHTTP2:   true,
		TLSHandshakeTimeout: 5 * time.Second,
		MaxIdleConns:        0, MaxIdleConnsPerHost: mostAtOnce, IdleConnTimeout: 2 * time.Minute,
		MaxResponseHeaderBytes: 16 << 10,
		DisableCompression:     true, // what was signed is what is read
	}
	return &http.Client{Transport: t, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// turns lets one goroutine at a time read.
type turns struct {
	mu   sync.Mutex
	from io.Reader
}

func (t *turns) Read(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.from.Read(b)
}

// Close ends what goes on and lets connections go.
func (n *Nodes) Close() {
	n.stop()
	n.busy.Wait()
	n.http.CloseIdleConnections()
}

func (n *Nodes) load(ctx context.Context) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	s, err := readKey(n.dir)
	n.unread = err // the node is closed to others, and works
	t := &table{}
	err = n.db.Read(ctx, func(tx *storage.Tx) error {
		var text string
		switch err := tx.QueryRow(ctx, `SELECT identity FROM federation_self WHERE id = 1`).Scan(&text); {
		case errors.Is(err, sql.ErrNoRows):
		case err != nil:
			return err
		default:
			var i Identity
			if err := json.Unmarshal([]byte(text), &i); err != nil {
				return fault.Wrap(fault.Internal, err, "what this node says of itself can't be read")
			}
			n.become(i, s)
		}
		rows, err := tx.Query(ctx, `SELECT identity, state, since, why, oldest, newest, next_until, knows, last_contact, said, bound FROM federation_peer ORDER BY name`)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			p, err := n.scan(rows)
			if err != nil {
				return err
			}
			t = t.with(p)
		}
		return rows.Err()
	})
	n.peers.Store(t)
	return err
}

func (n *Nodes) scan(rows *sql.Rows) (*peer, error) {
	p := &peer{link: newLink()}
	var identity, said, bound string
	var since, until, contact int64
	if err := rows.Scan(&identity, &p.State, &since, &p.Why, &p.speaks.Oldest, &p.speaks.Newest, &until, &p.knows, &contact, &said, &bound); err != nil {
		return nil, err
	}
	if err := errors.Join(json.Unmarshal([]byte(identity), &p.Identity), json.Unmarshal([]byte(said), &p.Said), json.Unmarshal([]byte(bound), &p.Bound)); err != nil {
		return nil, fault.Wrap(fault.Internal, err, "a peer can't be read")
	}
	p.Since, p.kept = storage.Time(since), storage.Time(contact)
	if contact > 0 {
		p.LastContact = storage.Time(contact)
	}
	if until > 0 {
		p.NextUntil = storage.Time(until)
	}
	p.Protocol, _ = n.o.Speaks.With(p.speaks)
	return p, nil
}

// become takes an identity with the secrets that are there; a node without them is closed.
func (n *Nodes) become(i Identity, s *secrets) {
	o := &own{Identity: i, secrets: s}
	if s != nil {
		o.key, o.next = s.key(), s.next()
		o.Key, o.Next = public(o.key), nil
		if o.next != nil {
			o.Next = public(o.next)
		}
	}
	n.self.Store(o)
}

// Self is who this node is; false while it is none among nodes: it wasn't made one, or its key is gone.
func (n *Nodes) Self() (Identity, bool) {
	o := n.self.Load()
	if o == nil || o.secrets == nil {
		return Identity{}, false
	}
	return o.Identity, true
}

// Closed says why this node, which is one among nodes, is closed to them; nil where it isn't, or is none.
func (n *Nodes) Closed() error {
	if n.self.Load() == nil {
		return nil
	}
	_, err := n.me()
	return err
}

// me is who this node is, or why it is closed.
func (n *Nodes) me() (*own, error) {
	o := n.self.Load()
	switch {
	case o == nil:
		return nil, fault.New(fault.NotFound, "this node has no name among nodes").Do("samverk node init").Say("federation.none")
	case o.secrets == nil && n.unread != nil:
		return nil, n.unread
	case o.secrets == nil:
		return nil, fault.New(fault.Unavailable, "the node's key is gone").In(keyFile(n.dir)).Say("federation.key").
			Do("put the file back from the machine it was on, or run samverk node init and have the peers revoke this node and invite it anew: a backup doesn't hold the key")
	}
	return o, nil
}

// Init makes this a node among nodes: a key, unless there is one, and what it says of itself. Said again, it changes all but the name and the key.
func (n *Nodes) Init(ctx context.Context, i Identity) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if o := n.self.Load(); o != nil && o.Name != i.Name {
		return fault.New(fault.Conflict, "this node is known as %s", o.Name).Where("name").Do("keep that name: its peers know it by it").Say("federation.named", o.Name)
	}
	s, err := readKey(n.dir)
	if err == nil && s == nil {
		s, err = makeKey(n.o.Random)
	}
	if err != nil {
		return err
	}
	i.Key, i.Next = public(s.key()), nil
	if err := i.check(); err != nil {
		return err
	}
	if err := s.keep(n.dir); err != nil {
		return err
	}
	text, err := json.Marshal(i)
	if err != nil {
		return err
	}
	err = n.db.Write(ctx, func(tx *storage.Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO federation_self (id, identity, made) VALUES (1, $1, $2) ON CONFLICT (id) DO UPDATE SET identity = excluded.identity`,
			string(text), n.db.Now())
		return err
	})
	if err == nil {
		n.become(i, s)
	}
	return err
}

// Tell changes what this node says of itself: all but its name and its keys.
func (n *Nodes) Tell(ctx context.Context, change func(*Identity)) error {
	me, ok := n.Self()
	if !ok {
		return nil
	}
	now := me
	change(&now)
	if same(me, now) {
		return nil
	}
	return n.Init(ctx, now)
}

// Peers lists the nodes that this one knows, by name.
func (n *Nodes) Peers() []Peer {
	list := n.peers.Load().list
	return append(make([]Peer, 0, len(list)), list...)
}

// Peer finds one by its name.
func (n *Nodes) Peer(name string) (Peer, bool) {
	if p := n.peers.Load().names[name]; p != nil {
		return p.Peer, true
	}
	return Peer{}, false
}

// keyOf is asked for each message.
func (n *Nodes) keyOf(id string) (ed25519.PublicKey, bool) {
	k, ok := n.peers.Load().keys[id]
	if !ok || !k.accepts(id, n.o.Now()) {
		return nil, false
	}
	return k.key, true
}

// signer signs what a peer is told: with the newest key that it knows, in a version.
func (n *Nodes) signer(o *own, knows string, version int) *message.Signer {
	k, id := o.key, KeyID(o.Key)
	if o.next != nil && knows == KeyID(o.Next) {
		k, id = o.next, knows
	}
	return &message.Signer{Key: message.Key{ID: id, Private: k}, Now: n.o.Now, Random: n.o.Random, Version: version}
}

// Pseudonym is a person as this peer, and nobody else, knows them.
func (n *Nodes) Pseudonym(peer, person string) string {
	o := n.self.Load()
	if o == nil || o.secrets == nil {
		return ""
	}
	h := hmac.New(sha256.New, o.secrets.Pseudonyms)
	for _, part := range []string{"samverk pseudonym 1", peer, person} {
		h.Write([]byte(part))
		h.Write([]byte{0})
	}
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil)[:18])
}

// change does something to a peer, writes it down, and then lets it be seen. A nil peer is one that isn't known.
func (n *Nodes) change(ctx context.Context, name, what, why string, f func(context.Context, *storage.Tx, *peer) (*peer, error)) (Peer, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	var next *peer
	err := n.db.Write(ctx, func(tx *storage.Tx) (err error) {
		next = nil
		var was *peer
		if p := n.peers.Load().names[name]; p != nil {
			copied := *p
			was = &copied
		}
		p, err := f(ctx, tx, was)
		if err != nil || p == nil {
			return err
		}
		if what != "" {
			if err := n.event(ctx, tx, name, what, why); err != nil {
				return err
			}
		}
		next = p
		return n.keep(ctx, tx, p)
	})
	if err != nil || next == nil {
		return Peer{}, err
	}
	n.show(next)
	return next.Peer, nil
}

func (n *Nodes) event(ctx context.Context, tx *storage.Tx, name, what, why string) error {
	id, err := n.db.NewID()
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `INSERT INTO federation_event (id, made, peer, what, why, who) VALUES ($1, $2, $3, $4, $5, $6)`, id, n.db.Now(), name, what, why, who(ctx))
	return err
}

// show lets a peer be seen as it is now. The caller holds mu.
func (n *Nodes) show(p *peer) {
	if p.link == nil {
		p.link = newLink()
	}
	p.Protocol, _ = n.o.Speaks.With(p.speaks)
	n.peers.Store(n.peers.Load().with(p))
}

func (n *Nodes) keep(ctx context.Context, tx *storage.Tx, p *peer) error {
	identity, err := json.Marshal(p.Identity)
	if err != nil {
		return err
	}
	said, err := json.Marshal(p.Said)
	if err != nil {
		return err
	}
	bound, err := json.Marshal(p.Bound)
	if err != nil {
		return err
	}
	var until, contact int64
	if !p.NextUntil.IsZero() {
		until = storage.Micros(p.NextUntil)
	}
	if !p.LastContact.IsZero() {
		contact = storage.Micros(p.LastContact)
	}
	_, err = tx.Exec(ctx, `INSERT INTO federation_peer (name, identity, state, since, why, oldest, newest, next_until, knows, last_contact, said, bound)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
		ON CONFLICT (name) DO UPDATE SET identity = excluded.identity, state = excluded.state, since = excluded.since, why = excluded.why, oldest = excluded.oldest,
		newest = excluded.newest, next_until = excluded.next_until, knows = excluded.knows, last_contact = excluded.last_contact, said = excluded.said, bound = excluded.bound`,
		p.Name, string(identity), p.State, p.Since, p.Why, p.speaks.Oldest, p.speaks.Newest, until, p.knows, contact, string(said), string(bound))
	return err
}
