package federation

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/samverk/samverk/fault"
)

// Handler answers a peer.
type Handler func(ctx context.Context, from Peer, body []byte) ([]byte, error)

type handler struct {
	most int64
	any  func(ctx context.Context, from *peer, body []byte) ([]byte, error) // for every peer that isn't revoked
	do   Handler                                                            // for approved ones
}

// Handle answers what approved peers send to a path, in at most so many bytes. It is called before anything is served.
func (n *Nodes) Handle(path string, most int64, h Handler) {
	if _, there := n.handlers[path]; there || path == joinPath || most > mostHeld {
		panic("federation: " + path + " is handled twice, or takes more than a peer may send")
	}
	n.handlers[path] = handler{most: most, do: h}
}

// Paths are what this node answers to, below /federation/.
func (n *Nodes) Paths() []string {
	out := []string{joinPath}
	for p := range n.handlers {
		out = append(out, p)
	}
	slices.Sort(out)
	return out
}

// ServeHTTP answers POST /federation/PATH.
func (n *Nodes) ServeHTTP(w http.ResponseWriter, r *http.Request) { n.Serve(w, r) }

// Serve answers as ServeHTTP does, and gives the status.
func (n *Nodes) Serve(w http.ResponseWriter, r *http.Request) int {
	n.hurry(w, 0) // net/http reads what is left of a body that was refused
	if _, ok := n.Self(); !ok {
		return n.refuse(w, fault.New(fault.NotFound, "this node is none among nodes").Say("federation.closed"))
	}
	if !n.addressed(r) {
		return n.refuse(w, fault.New(fault.Denied, "the message is to %.100q, and this node is another", r.Host).
			Do("a proxy has to leave the Host header as it is; samverk node init --url says which address is this node's").Say("message.signature"))
	}
	path := strings.TrimPrefix(r.URL.Path, Prefix)
	if path == joinPath {
		return n.serveJoin(w, r)
	}
	h, ok := n.handlers[path]
	if !ok {
		return n.refuse(w, fault.New(fault.NotFound, "nothing is answered there").Say("federation.path"))
	}
	opened, err := n.verifier.Open(r)
	if err != nil {
		return n.refuse(w, n.named(r, err))
	}
	p, ok := n.from(opened.From)
	if !ok {
		return n.refuse(w, stranger())
	}
	answer := func(body []byte, err error) int {
		return n.answer(w, opened.From, opened.Nonce, opened.Version, body, err)
	}
	if h.do != nil && p.State != Approved {
		return answer(nil, notAnswered(p))
	}
	release, err := p.link.enter(r.ContentLength, h.most)
	if err != nil {
		return answer(nil, err)
	}
	defer release()
	n.hurry(w, h.most)
	req, err := opened.Read(h.most)
	if err != nil {
		w.Header().Set("Connection", "close")
		return answer(nil, err)
	}
	unhurried(w)
	var body []byte
	if h.do != nil {
		body, err = h.do(r.Context(), p.Peer, req.Body)
	} else {
		body, err = h.any(r.Context(), p, req.Body)
	}
	// Whom we revoked while we thought gets nothing.
	now, ok := n.from(opened.From)
	switch {
	case !ok || now.link != p.link:
		return n.refuse(w, stranger())
	case h.do != nil && now.State != Approved:
		body, err = nil, notAnswered(now)
	}
	return answer(body, err)
}

// addressed tells whether a message is to this node: one that was signed for another isn't handed on to us.
func (n *Nodes) addressed(r *http.Request) bool {
	o := n.self.Load()
	u, err := base(o.URL)
	if err != nil {
		return false
	}
	port := map[string]string{"https": ":443", "http": ":80"}[u.Scheme]
	return strings.EqualFold(strings.TrimSuffix(r.Host, port), strings.TrimSuffix(u.Host, port))
}

func stranger() error {
	return fault.New(fault.Denied, "the message is signed with a key of no peer").Say("message.stranger")
}

func notAnswered(p *peer) error {
	if p.State == Forked {
		return fault.New(fault.Denied, "the log of %s was changed: it isn't answered until this node's operator says so", p.Name).Say("federation.forked")
	}
	return fault.New(fault.Denied, "%s isn't approved here", p.Name).Say("federation.unapproved")
}

// from is the peer that a key is of.
func (n *Nodes) from(id string) (*peer, bool) {
	k, ok := n.peers.Load().keys[id]
	return k.peer, ok && k.accepts(id, n.o.Now())
}

// named says of a stranger whom we revoked that we did.
func (n *Nodes) named(r *http.Request, err error) error {
	var f *fault.Error
	if !errors.As(err, &f) || f.Code != "message.stranger" {
		return err
	}
	for _, p := range n.peers.Load().list {
		input := r.Header.Get("Signature-Input")
		if p.State == Revoked && (strings.Contains(input, `"`+p.KeyID()+`"`) || len(p.Next) > 0 && strings.Contains(input, `"`+KeyID(p.Next)+`"`)) {
			return fault.New(fault.Denied, "this node has revoked yours").Do("talk to its operator").Say("federation.revoked")
		}
	}
	return err
}

// enter lets a request in, if the peer has no more than its share going on.
func (l *link) enter(length, most int64) (release func(), err error) {
	if length < 0 || length > most {
		length = most
	}
	often := fault.New(fault.Unavailable, "the peer asks too much at once").Do("ask again in some seconds").Say("message.often")
	select {
	case l.in <- struct{}{}:
	default:
		return nil, often
	}
	if l.holds.Add(length) > mostHeld {
		l.holds.Add(-length)
		<-l.in
		return nil, often
	}
	return func() { l.holds.Add(-length); <-l.in }, nil
}

// slowest is how many bytes of a body come in a second at least, after Options.Patience to begin with.
const slowest = 64 << 10

// hurry bounds how long a body may take, until unhurried is called: net/http reads ahead while an answer is made.
func (n *Nodes) hurry(w http.ResponseWriter, most int64) {
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(n.o.Patience + time.Duration(most)*time.Second/slowest))
}

func unhurried(w http.ResponseWriter) {
	_ = http.NewResponseController(w).SetReadDeadline(time.Time{})
}

// answer signs an answer, or why there is none, and sends it.
func (n *Nodes) answer(w http.ResponseWriter, from, nonce string, version int, body []byte, err error) int {
	o, closed := n.me()
	if closed != nil {
		return n.refuse(w, closed)
	}
	status, h := http.StatusOK, w.Header()
	if err != nil {
		p := problemOf(err, n.o.Now())
		status, body = p.Status, p.bytes()
		h.Set("Content-Type", problemType)
	}
	knows := ""
	if p, ok := n.from(from); ok {
		knows = p.knows
	}
	if err := n.signer(o, knows, version).Answer(h, status, body, nonce); err != nil {
		return n.refuse(w, err)
	}
	return n.write(w, status, body)
}

// refuse says why there is no answer, to who may not know our key.
func (n *Nodes) refuse(w http.ResponseWriter, err error) int {
	p := problemOf(err, n.o.Now())
	w.Header().Set("Content-Type", problemType)
	w.Header().Set("Connection", "close") // what is left of the body isn't read
	return n.write(w, p.Status, p.bytes())
}

func (n *Nodes) write(w http.ResponseWriter, status int, body []byte) int {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Date", n.o.Now().UTC().Format(http.TimeFormat))
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(n.o.Patience + time.Duration(len(body))*time.Second/slowest))
	w.WriteHeader(status)
	_, _ = w.Write(body)
	return status
}
