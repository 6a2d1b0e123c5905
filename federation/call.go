package federation

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/federation/message"
)

// Prefix is where messages are sent to, below a node's address.
const Prefix = "/federation/"

// longestCall is how long a call without a deadline may take.
const longestCall = 30 * time.Second

// Call asks an approved peer, and gives its answer of at most so many bytes. Both are signed. A fault of the peer is a fault here.
func (n *Nodes) Call(ctx context.Context, name, path string, body []byte, most int64) ([]byte, error) {
	p := n.peers.Load().names[name]
	if p == nil {
		return nil, noPeer(name)
	}
	if p.State != Approved {
		return nil, notApproved(p.Peer)
	}
	if p.Protocol == 0 {
		return nil, apartVersions(p.Title)
	}
	answer, _, err := n.call(ctx, p, path, body, most, p.Protocol)
	if err != nil {
		return nil, err
	}
	// What was revoked while it answered has answered nothing.
	if now := n.peers.Load().names[name]; now == nil || now.State != Approved || now.link != p.link {
		return nil, notApproved(p.Peer)
	}
	return answer, nil
}

func noPeer(name string) error {
	return fault.New(fault.NotFound, "no node is known as %.60q", name).Say("federation.peer")
}

func notApproved(p Peer) error {
	return fault.New(fault.Denied, "%s is not asked: its state is %s", p.Name, p.State).Say("federation.state", p.Title)
}

func apartVersions(title string) error {
	return fault.New(fault.Unavailable, "%s and this node have no version of the protocol in common", title).Do("upgrade the older of the two").Say("federation.version", title)
}

// call says something to a peer, whatever its state, and gives the answer and how much its clock is ahead.
func (n *Nodes) call(ctx context.Context, p *peer, path string, body []byte, most int64, version int) (answer []byte, ahead time.Duration, err error) {
	o, err := n.me()
	if err != nil {
		return nil, 0, err
	}
	if _, ok := ctx.Deadline(); !ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, longestCall)
		defer cancel()
	}
	select {
	case p.link.out <- struct{}{}:
		defer func() { <-p.link.out }()
	case <-ctx.Done():
		return nil, 0, silent(ctx, p.Title, ctx.Err())
	}
	accepts := func(id string) bool {
		now := n.peers.Load().names[p.Name]
		return now != nil && now.link == p.link && now.accepts(id, n.o.Now())
	}
	return n.send(ctx, target{p.Title, p.URL, accepts}, path, n.signer(o, p.knows, version), n.verifier, body, most)
}

// target is whom a message goes to.
type target struct {
	title, url string
	accepts    func(key string) bool
}

// send sends a signed message and checks the answer.
func (n *Nodes) send(ctx context.Context, to target, path string, s *message.Signer, v *message.Verifier, body []byte, most int64) (answer []byte, ahead time.Duration, err error) {
	u, err := base(to.url)
	if err != nil {
		return nil, 0, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimSuffix(u.String(), "/")+Prefix+path, nil)
	if err != nil {
		return nil, 0, fault.Wrap(fault.Invalid, err, "the node's address can't be used")
	}
	nonce, err := s.Request(r, body)
	if err != nil {
		return nil, 0, err
	}
	r.Header["X-Idempotency-Key"] = nil                                                           // not sent: net/http may say it again on another connection, because the nonce is taken once
	r.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil } // so that a connection that was closed meanwhile is made again
	res, err := n.http.Do(r)
	if err != nil {
		return nil, 0, silent(ctx, to.title, err)
	}
	defer res.Body.Close()
	if res.Header.Get("Signature") == "" {
		return nil, n.ahead(res), n.unsigned(ctx, to.title, res)
	}
	if res.StatusCode != http.StatusOK {
		most = mostProblem
	}
	answer, err = v.Answer(res, to.accepts, nonce, most)
	if err != nil {
		if ctx.Err() != nil {
			err = silent(ctx, to.title, err)
		}
		return nil, n.ahead(res), err
	}
	if res.StatusCode == http.StatusOK {
		return answer, n.ahead(res), nil
	}
	f, _, ok := faultOf(answer)
	if !ok {
		f = fault.New(fault.Unavailable, "%s answered with status %d", to.title, res.StatusCode).Say("federation.failed")
	}
	if f.Code == "message.replay" { // it heard us, and the answer was lost
		f = fault.New(fault.Unavailable, "%s answered, and the connection broke off", to.title).Say("federation.unreachable", to.title)
	}
	return nil, n.ahead(res), f
}

// ahead is how much a peer's clock is ahead of ours, by what its answer says.
func (n *Nodes) ahead(res *http.Response) time.Duration {
	t, err := http.ParseTime(res.Header.Get("Date"))
	if err != nil {
		return 0
	}
	if d := t.Sub(n.o.Now()); d.Abs() > 2*time.Second { // whole seconds, and the way here
		return d
	}
	return 0
}

// silent is why a peer wasn't heard.
func silent(ctx context.Context, title string, err error) error {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return fault.Wrap(fault.Unavailable, err, "%s didn't answer in time", title).Say("federation.late", title)
	}
	if errors.Is(ctx.Err(), context.Canceled) {
		return ctx.Err()
	}
	return fault.Wrap(fault.Unavailable, err, "%s can't be reached", title).Say("federation.unreachable", title)
}

// unsigned reads a refusal by who doesn't know us, or by something between. It is believed in what it is for: saying that there is no answer.
func (n *Nodes) unsigned(ctx context.Context, title string, res *http.Response) error {
	body, err := io.ReadAll(io.LimitReader(res.Body, mostProblem))
	if err != nil {
		return silent(ctx, title, err)
	}
	if f, _, ok := faultOf(body); ok && (strings.HasPrefix(f.Code, "message.") || strings.HasPrefix(f.Code, "federation.")) {
		return f
	}
	return fault.New(fault.Unavailable, "%s can't be reached: status %d without a signature", title, res.StatusCode).Say("federation.unreachable", title)
}
