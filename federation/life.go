package federation

import (
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"io"
	"time"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/storage"
)

// longestWhy bounds a reason.
const longestWhy = 500

// Approve lets a node that asks, or one whose log was changed, be asked and answered, once its key was compared: keyID is what the other
// side reads out.
func (n *Nodes) Approve(ctx context.Context, name, keyID string) error {
	_, err := n.change(ctx, name, "approved", plainID(keyID), func(_ context.Context, _ *storage.Tx, p *peer) (*peer, error) {
		if p == nil {
			return nil, noPeer(name)
		}
		if !p.Has(keyID) {
			return nil, fault.New(fault.Invalid, "the key of %s is %s, not what was given", name, p.Fingerprint()).Where("key").
				Do("have its operator read it from the page of nodes; if it differs, somebody else used the invitation: revoke").Say("federation.fingerprint", p.Title)
		}
		switch p.State {
		case Approved:
			return nil, nil //nolint:nilnil // nothing to do
		case Asks, Forked:
			p.State, p.Since, p.Why = Approved, n.db.Now(), ""
			return p, nil
		case Waits:
			return nil, fault.New(fault.Conflict, "it is %s that has to approve this node", name).Do("have its operator approve").Say("federation.theirs", p.Title)
		}
		return nil, fault.New(fault.Conflict, "%s was revoked", name).Do("invite it anew").Say("federation.was-revoked", p.Title)
	})
	if err == nil {
		n.later(func(ctx context.Context) { n.greet(ctx, name) })
	}
	return err
}

// Revoke makes a node a stranger: its next message is refused, and what it is being answered is withheld.
func (n *Nodes) Revoke(ctx context.Context, name, why string) error {
	if why == "" || len(why) > longestWhy {
		return fault.New(fault.Invalid, "say why, in at most %d bytes", longestWhy).Where("why").Say("federation.why")
	}
	_, err := n.change(ctx, name, "revoked", why, func(_ context.Context, _ *storage.Tx, p *peer) (*peer, error) {
		if p == nil {
			return nil, noPeer(name)
		}
		if p.State == Revoked {
			return nil, nil //nolint:nilnil // nothing to do
		}
		p.State, p.Since, p.Why, p.Trouble, p.Detail = Revoked, n.db.Now(), why, "", ""
		p.link = newLink() // what was under way is another's
		return p, nil
	})
	return err
}

// Bind bounds what a node may ask here, from its next question on. What it asked before counts: a bound that is changed gives nobody a new start.
func (n *Nodes) Bind(ctx context.Context, name string, b Bound) (Peer, error) {
	if err := b.check(); err != nil {
		return Peer{}, err
	}
	if b.Numbers == 0 {
		b.Per = ""
	}
	text, err := json.Marshal(b)
	if err != nil {
		return Peer{}, err
	}
	return n.change(ctx, name, "bound", short(string(text)), func(_ context.Context, _ *storage.Tx, p *peer) (*peer, error) {
		if p == nil {
			return nil, noPeer(name)
		}
		p.Bound = b
		return p, nil
	})
}

// Fork is told when a node's log was changed: nothing is asked or answered until Approve is called.
func (n *Nodes) Fork(ctx context.Context, name, why string) error {
	_, err := n.change(ctx, name, "forked", short(why), func(_ context.Context, _ *storage.Tx, p *peer) (*peer, error) {
		if p == nil {
			return nil, noPeer(name)
		}
		if p.State != Approved {
			return nil, nil //nolint:nilnil // nothing is asked or answered
		}
		p.State, p.Since, p.Why = Forked, n.db.Now(), short(why)
		return p, nil
	})
	return err
}

// Event is something that was done about a node.
type Event struct {
	Made                 time.Time
	Peer, What, Why, Who string
}

type whoKey struct{}

// By names the person who does what is done with a context; without it, it is the operator.
func By(ctx context.Context, person string) context.Context {
	return context.WithValue(ctx, whoKey{}, person)
}

func who(ctx context.Context) string { s, _ := ctx.Value(whoKey{}).(string); return s }

// Events lists what was done about nodes, the last first.
func (n *Nodes) Events(ctx context.Context, limit int) (out []Event, err error) {
	err = n.db.Read(ctx, func(tx *storage.Tx) error {
		rows, err := tx.Query(ctx, `SELECT made, peer, what, why, who FROM federation_event ORDER BY id DESC LIMIT $1`, limit)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var e Event
			var made int64
			if err := rows.Scan(&made, &e.Peer, &e.What, &e.Why, &e.Who); err != nil {
				return err
			}
			e.Made = storage.Time(made)
			out = append(out, e)
		}
		return rows.Err()
	})
	return out, err
}

// overlap is how long both keys are accepted.
const overlap = 24 * time.Hour

// rotation announces a key: signed with the one before it and, as its owner, with the new.
type rotation struct {
	Next   []byte    `json:"next"`
	At     time.Time `json:"at"`
	Signed []byte    `json:"signed"`
	Proved []byte    `json:"proved"`
}

func (r rotation) text(name, before string) []byte {
	return []byte("samverk node rotation 1\n" + name + "\n" + before + "\n" + base64.StdEncoding.EncodeToString(r.Next) + "\n" + r.At.UTC().Format(time.RFC3339) + "\n")
}

// Rotate makes a new key and announces it. Peers accept both for 24 hours, then the new alone.
func (n *Nodes) Rotate(ctx context.Context) error {
	if err := n.rotate(); err != nil {
		return err
	}
	err := n.db.Write(ctx, func(tx *storage.Tx) error { return n.event(ctx, tx, "", "rotated", "") })
	if err == nil {
		n.Announce(ctx)
	}
	return err
}

func (n *Nodes) rotate() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	o, err := n.me()
	if err != nil {
		return err
	}
	if o.next != nil {
		return fault.New(fault.Conflict, "the key is being rotated since %s", o.secrets.NextAt.Format(time.RFC3339)).
			Do("wait until a day has gone; if the new key was stolen too, have the peers revoke this node").Say("federation.rotating")
	}
	s := *o.secrets
	s.Next = make([]byte, ed25519.SeedSize)
	if _, err := io.ReadFull(n.o.Random, s.Next); err != nil {
		return fault.Wrap(fault.Internal, err, "there is no randomness for a key")
	}
	s.NextAt = n.o.Now().UTC().Truncate(time.Second)
	r := rotation{Next: public(s.next()), At: s.NextAt}
	text := r.text(o.Name, o.KeyID())
	s.Signed, s.Proved = ed25519.Sign(o.key, text), ed25519.Sign(s.next(), text)
	if err := s.keep(n.dir); err != nil {
		return err
	}
	n.become(o.Identity, &s)
	return nil
}

// Rotating tells until when the key before the announced one is accepted, and which peers know the new one; zero while none is announced.
func (n *Nodes) Rotating() (until time.Time, told, waiting []string) {
	o := n.self.Load()
	if o == nil || o.next == nil {
		return until, nil, nil
	}
	t := n.peers.Load()
	for _, p := range t.list {
		switch {
		case p.State == Revoked:
		case t.names[p.Name].knows == KeyID(o.Next):
			told = append(told, p.Name)
		default:
			waiting = append(waiting, p.Name)
		}
	}
	return o.secrets.NextAt.Add(overlap), told, waiting
}

// announced is the rotation under way; nil for none.
func (o *own) announced() *rotation {
	if o.next == nil {
		return nil
	}
	return &rotation{Next: o.Next, At: o.secrets.NextAt, Signed: o.secrets.Signed, Proved: o.secrets.Proved}
}

// check tells whether a peer's announcement holds now.
func (r *rotation) check(p *peer, now time.Time) error {
	if len(r.Next) != ed25519.PublicKeySize || r.At.After(now.Add(2*time.Minute)) || now.After(r.At.Add(overlap)) ||
		!ed25519.Verify(p.Key, r.text(p.Name, p.KeyID()), r.Signed) || !ed25519.Verify(r.Next, r.text(p.Name, p.KeyID()), r.Proved) {
		return fault.New(fault.Denied, "the new key of %s isn't announced as it has to be", p.Name).Say("federation.rotation", p.Title)
	}
	return nil
}

// promote puts the announced key in the place of the one before it, when that is no longer accepted.
func (p *peer) promote(now time.Time) bool {
	if len(p.Next) == 0 || now.Before(p.NextUntil) {
		return false
	}
	p.Key, p.Next, p.NextUntil = p.Next, nil, time.Time{}
	return true
}

// turn does what is due: keys whose day is over, our own and peers'.
func (n *Nodes) turn(ctx context.Context) error {
	if err := n.turnOwn(ctx); err != nil {
		return err
	}
	for _, p := range n.Peers() {
		if len(p.Next) == 0 || n.o.Now().Before(p.NextUntil) {
			continue
		}
		if _, err := n.change(ctx, p.Name, "turned", "", func(_ context.Context, _ *storage.Tx, p *peer) (*peer, error) {
			if p == nil || !p.promote(n.o.Now()) {
				return nil, nil //nolint:nilnil // done meanwhile
			}
			return p, nil
		}); err != nil {
			return err
		}
	}
	return nil
}

func (n *Nodes) turnOwn(ctx context.Context) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	o := n.self.Load()
	if o == nil || o.next == nil || n.o.Now().Before(o.secrets.NextAt.Add(overlap)) {
		return nil
	}
	s := *o.secrets
	s.Seed, s.Next, s.NextAt, s.Signed, s.Proved = s.Next, nil, time.Time{}, nil, nil
	if err := s.keep(n.dir); err != nil {
		return err
	}
	n.become(o.Identity, &s)
	text, err := json.Marshal(n.self.Load().Identity)
	if err != nil {
		return err
	}
	return n.db.Write(ctx, func(tx *storage.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE federation_self SET identity = $1 WHERE id = 1`, string(text))
		return err
	})
}
