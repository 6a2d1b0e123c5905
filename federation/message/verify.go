package message

import (
	"crypto/ed25519"
	"hash/maphash"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/samverk/samverk/fault"
)

// Verifier checks requests and answers. Its methods may be called from many goroutines.
type Verifier struct {
	keys  func(id string) (ed25519.PublicKey, bool)
	now   func() time.Time
	begun time.Time
	speak Versions

	mu   sync.Mutex
	seed maphash.Seed
	seen map[string]*nonces // by key
}

// NewVerifier checks by the keys of peers, which are looked up anew for each message: one that is revoked is refused from then on.
func NewVerifier(keys func(id string) (ed25519.PublicKey, bool), now func() time.Time, speak Versions) *Verifier {
	return &Verifier{keys: keys, now: now, begun: now(), speak: speak.Or(), seed: maphash.MakeSeed(), seen: map[string]*nonces{}}
}

// Request is what a peer asked.
type Request struct {
	From    string // the id of the key
	Nonce   string
	Version int
	Body    []byte
}

// Opened is a request whose headers were checked, and whose body wasn't read.
type Opened struct {
	Request
	http *http.Request
}

// Open checks a request by its headers and takes its nonce: who isn't a peer, or was here before, makes nobody read a body.
func (v *Verifier) Open(r *http.Request) (Opened, error) {
	s, o, err := v.head(r)
	if err != nil {
		return o, err
	}
	key, err := v.key(s.keyid)
	if err == nil {
		err = check(key, s, ofRequest, requested(r))
	}
	if err == nil {
		err = v.timely(s)
	}
	if err == nil {
		err = v.take(s)
	}
	return o, err
}

func (v *Verifier) head(r *http.Request) (signature, Opened, error) {
	n, err := v.speak.version(r.Header)
	if err != nil {
		return signature{}, Opened{}, err
	}
	s, err := signatureOf(r.Header, ofRequest)
	return s, Opened{Request{From: s.keyid, Nonce: s.nonce, Version: n}, r}, err
}

// Read reads the body, of at most so many bytes.
func (o Opened) Read(most int64) (Request, error) {
	body, err := read(o.http.Body, o.http.ContentLength, most)
	if err == nil && !digested(o.http.Header, body) {
		err = forged()
	}
	o.Body = body
	return o.Request, err
}

// Request checks a request and takes its nonce. It reads at most so many bytes of the body.
func (v *Verifier) Request(r *http.Request, most int64) (Request, error) {
	o, err := v.Open(r)
	if err != nil {
		return Request{}, err
	}
	return o.Read(most)
}

// Introduced checks a request by the key that its own body names: of somebody who isn't a peer yet. Its nonce is not kept: what lets them
// in must hold once only.
func (v *Verifier) Introduced(r *http.Request, most int64, named func(body []byte) (id string, key ed25519.PublicKey, err error)) (Request, error) {
	s, o, err := v.head(r)
	if err != nil {
		return Request{}, err
	}
	if err := v.timely(s); err != nil {
		return Request{}, err
	}
	req, err := o.Read(most)
	if err != nil {
		return Request{}, err
	}
	id, key, err := named(req.Body)
	if err != nil {
		return Request{}, err
	}
	if id != s.keyid || len(key) != ed25519.PublicKeySize {
		return Request{}, fault.New(fault.Denied, "the message is signed with another key than it names").Say("message.stranger")
	}
	return req, check(key, s, ofRequest, requested(r))
}

// Answer checks that an answer is to the request with a nonce, by a node that has such a key, and gives its body.
func (v *Verifier) Answer(res *http.Response, from func(key string) bool, nonce string, most int64) ([]byte, error) {
	if _, err := v.speak.version(res.Header); err != nil {
		return nil, err
	}
	s, err := signatureOf(res.Header, ofAnswer)
	if err != nil {
		return nil, err
	}
	if answers, _ := header(res.Header, answerHeader); !from(s.keyid) || answers != nonce {
		return nil, fault.New(fault.Denied, "the answer is another node's, or to another request").Say("message.signature")
	}
	key, err := v.key(s.keyid)
	if err != nil {
		return nil, err
	}
	if err := v.apart(s.created); err != nil {
		return nil, err
	}
	if err := check(key, s, ofAnswer, answered(res.Header, res.StatusCode)); err != nil {
		return nil, err
	}
	body, err := read(res.Body, res.ContentLength, most)
	if err == nil && !digested(res.Header, body) {
		err = forged()
	}
	return body, err
}

func forged() error {
	return fault.New(fault.Denied, "the message isn't what was signed").Say("message.signature")
}

func (v *Verifier) key(id string) (ed25519.PublicKey, error) {
	key, ok := v.keys(id)
	if !ok || len(key) != ed25519.PublicKeySize {
		return nil, fault.New(fault.Denied, "the message is signed with a key of no peer").Say("message.stranger")
	}
	return key, nil
}

func check(key ed25519.PublicKey, s signature, covered []string, value func(string) (string, bool)) error {
	text, err := base(covered, value, s.input)
	if err != nil {
		return err
	}
	if !ed25519.Verify(key, text, s.bytes) {
		return forged()
	}
	return nil
}

// apart refuses what was signed by a clock that isn't near ours.
func (v *Verifier) apart(created time.Time) error {
	if d := v.now().Sub(created); d > skew+lifetime || d < -skew {
		return fault.New(fault.Denied, "the message was signed at %s, and it is %s here", created.UTC().Format(time.RFC3339), v.now().UTC().Format(time.RFC3339)).
			Say("message.clock").Do("see that both nodes' clocks are right")
	}
	return nil
}

func (v *Verifier) timely(s signature) error {
	if err := v.apart(s.created); err != nil {
		return err
	}
	now := v.now()
	switch {
	case s.nonce == "" || s.expires.Before(s.created) || s.expires.Sub(s.created) > lifetime:
		return fault.New(fault.Denied, "a request holds for at most %s, and has a nonce", lifetime).Say("message.signature")
	case now.Sub(s.expires) > skew:
		return fault.New(fault.Denied, "the request held until %s", s.expires.UTC().Format(time.RFC3339)).Say("message.expired")
	case s.created.Before(v.begun.Add(-time.Second)): // seconds are what is signed
		return fault.New(fault.Unavailable, "the request was signed before this node began").Say("message.early").Do("ask again")
	}
	return nil
}

// read takes a whole body, and refuses one that is larger.
func read(body io.Reader, length, most int64) ([]byte, error) {
	large := func() error {
		return fault.New(fault.Invalid, "the message is larger than %d bytes", most).Say("message.large")
	}
	if length > most {
		return nil, large()
	}
	if body == nil {
		return nil, nil
	}
	b, err := io.ReadAll(io.LimitReader(body, most+1))
	if err != nil {
		return nil, fault.Wrap(fault.Unavailable, err, "the message broke off").Say("message.cut")
	}
	if int64(len(b)) > most {
		return nil, large()
	}
	return b, nil
}

// mostNonces bounds what is kept of a peer's requests, for two windows: three thousand requests a second, in some 20 MB.
const mostNonces = 1_000_000

// window is how long a nonce may come again and be refused only because it is known.
const window = lifetime + 2*skew

// nonces are those of one peer, in two generations: when the newer is a window old, the older is forgotten.
type nonces struct {
	since    time.Time
	now, old map[uint64]struct{} // hashes: a new nonce is taken for a known one once in 10^13
}

// take takes a request's nonce: once.
func (v *Verifier) take(s signature) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	n, now := v.seen[s.keyid], v.now()
	if n == nil {
		n = &nonces{since: now, now: map[uint64]struct{}{}}
		v.seen[s.keyid] = n
	}
	if now.Sub(n.since) > window {
		n.since, n.old, n.now = now, n.now, map[uint64]struct{}{}
	}
	nonce := maphash.String(v.seed, s.nonce)
	_, known := n.now[nonce]
	if _, before := n.old[nonce]; known || before {
		return fault.New(fault.Denied, "the request has been here before").Say("message.replay")
	}
	if len(n.now) >= mostNonces {
		return fault.New(fault.Unavailable, "the peer asks too much at once").Say("message.often").Do("ask again in some minutes")
	}
	n.now[nonce] = struct{}{}
	return nil
}
