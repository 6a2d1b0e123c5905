package federation

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/federation/message"
	"github.com/samverk/samverk/storage"
)

const (
	joinPath     = "join"
	mostJoin     = 32 << 10
	invitedFor   = 7 * 24 * time.Hour
	invitePrefix = "samverk-node-1:"
	mostPeers    = 500
	mostInvites  = 200 // that wait
)

// Invitation is what one operator hands to another's: who invites, and what lets in once.
type Invitation struct {
	From    Identity         `json:"from"`
	Once    []byte           `json:"once"` // lets one node in
	Expires time.Time        `json:"expires"`
	Speaks  message.Versions `json:"speaks"`
}

// signedInvitation is an invitation's text: the bytes that were signed, and the signature.
type signedInvitation struct {
	Invitation []byte `json:"invitation"`
	Signature  []byte `json:"signature"`
}

const invitationContext = "samverk node invitation 1\n"

func expired() error {
	return fault.New(fault.Denied, "the invitation isn't good, or not any more: it is used once, and within a week").Do("ask for a new one").Say("federation.invitation")
}

// Invite makes an invitation for one node. Only its secret's hash is kept.
func (n *Nodes) Invite(ctx context.Context) (text string, err error) {
	o, err := n.me()
	if err != nil {
		return "", err
	}
	i, key := o.fresh()
	v := Invitation{From: i, Once: make([]byte, 24), Expires: n.db.Now().Add(invitedFor).Truncate(time.Second), Speaks: n.o.Speaks}
	if _, err := io.ReadFull(n.o.Random, v.Once); err != nil {
		return "", fault.Wrap(fault.Internal, err, "there is no randomness for an invitation")
	}
	b, err := json.Marshal(v)
	if err != nil {
		return "", err
	}
	signed, err := json.Marshal(signedInvitation{b, ed25519.Sign(key, append([]byte(invitationContext), b...))})
	if err != nil {
		return "", err
	}
	err = n.db.Write(ctx, func(tx *storage.Tx) error {
		now := n.db.Now()
		if _, err := tx.Exec(ctx, `DELETE FROM federation_invitation WHERE expires < $1`, now.Add(-invitedFor)); err != nil {
			return err
		}
		var waiting int
		if err := tx.QueryRow(ctx, `SELECT count(*) FROM federation_invitation WHERE used IS NULL AND expires > $1`, now).Scan(&waiting); err != nil {
			return err
		}
		if waiting >= mostInvites {
			return fault.New(fault.Conflict, "%d invitations wait to be used", waiting).Say("federation.invitations")
		}
		if err := n.event(ctx, tx, "", "invited", ""); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `INSERT INTO federation_invitation (hash, made, expires) VALUES ($1, $2, $3)`, hashOf(v.Once), now, v.Expires)
		return err
	})
	return invitePrefix + base64.RawURLEncoding.EncodeToString(signed), err
}

func hashOf(secret []byte) string {
	h := sha256.Sum256(secret)
	return hex.EncodeToString(h[:])
}

// ReadInvitation reads an invitation and checks its signature, so that its fingerprint can be shown and compared.
func ReadInvitation(text string) (v Invitation, err error) {
	unreadable := fault.New(fault.Invalid, "this is no invitation of a node, or it isn't whole").Where("invitation").
		Do("copy all of it, from %s on", invitePrefix).Say("federation.invitation.unreadable")
	b, ok := strings.CutPrefix(strings.Join(strings.Fields(text), ""), invitePrefix)
	if !ok || len(b) > 3*mostJoin {
		return v, unreadable
	}
	raw, err := base64.RawURLEncoding.DecodeString(b)
	var s signedInvitation
	if err != nil || json.Unmarshal(raw, &s) != nil || json.Unmarshal(s.Invitation, &v) != nil {
		return v, unreadable
	}
	if err := v.From.check(); err != nil {
		return v, err
	}
	if !ed25519.Verify(v.From.Key, append([]byte(invitationContext), s.Invitation...), s.Signature) {
		return v, unreadable
	}
	return v, nil
}

// joining is what a node says with an invitation, and what it is answered.
type joining struct {
	From   Identity         `json:"from"`
	Speaks message.Versions `json:"speaks"`
	Once   []byte           `json:"once,omitempty"`
}

// Join uses an invitation: the node that made it is trusted from here on, and decides whether to approve us.
func (n *Nodes) Join(ctx context.Context, invitation string) (Peer, error) {
	o, err := n.me()
	if err != nil {
		return Peer{}, err
	}
	v, err := ReadInvitation(invitation)
	if err != nil {
		return Peer{}, err
	}
	if n.o.Now().After(v.Expires.Add(2 * time.Minute)) { // clocks differ; who made it has the last word
		return Peer{}, expired()
	}
	version, ok := n.o.Speaks.With(v.Speaks)
	if !ok {
		return Peer{}, apartVersions(v.From.Title)
	}
	if err := n.free(v.From, nil); err != nil {
		return Peer{}, err
	}
	i, key := o.fresh()
	body, err := json.Marshal(joining{i, n.o.Speaks, v.Once})
	if err != nil {
		return Peer{}, err
	}
	id := v.From.KeyID()
	theirs := message.NewVerifier(func(k string) (ed25519.PublicKey, bool) { return v.From.Key, k == id }, n.o.Now, n.o.Speaks)
	s := &message.Signer{Key: message.Key{ID: i.KeyID(), Private: key}, Now: n.o.Now, Random: n.o.Random, Version: version}
	ctx, cancel := context.WithTimeout(ctx, longestCall)
	defer cancel()
	answer, _, err := n.send(ctx, target{v.From.Title, v.From.URL, func(k string) bool { return k == id }}, joinPath+"?"+hashOf(v.Once), s, theirs, body, mostJoin)
	if err != nil {
		return Peer{}, err
	}
	var told joining
	if err := json.Unmarshal(answer, &told); err != nil || told.From.Name != v.From.Name {
		return Peer{}, fault.New(fault.Invalid, "%s answered something else", v.From.Title).Say("federation.failed")
	}
	return n.change(ctx, v.From.Name, "joined", "", func(_ context.Context, _ *storage.Tx, p *peer) (*peer, error) {
		if err := n.free(v.From, p); err != nil {
			return nil, err
		}
		if p != nil && p.State == Approved && p.KeyID() == id {
			return p, nil
		}
		return &peer{Peer: Peer{Identity: v.From, State: Waits, Since: n.db.Now(), Bound: p.bound()}, speaks: told.Speaks, knows: i.KeyID()}, nil
	})
}

// free refuses an identity that another node has, or we have ourselves.
func (n *Nodes) free(i Identity, _ *peer) error {
	o, err := n.me()
	if err != nil {
		return err
	}
	fresh, _ := o.fresh()
	if i.Name == o.Name || i.KeyID() == o.KeyID() || i.KeyID() == fresh.KeyID() {
		return fault.New(fault.Conflict, "the other node is called %s, as this one is", i.Name).Do("give one of them another name").Say("federation.self", i.Name)
	}
	t := n.peers.Load()
	if p := t.names[i.Name]; p != nil && p.State != Revoked && p.KeyID() != i.KeyID() && KeyID(p.Next) != i.KeyID() {
		return fault.New(fault.Conflict, "another node is known as %s", i.Name).Where("name").Do("give one of them another name, or revoke the one that is known").Say("federation.taken", i.Name)
	}
	if k, there := t.keys[i.KeyID()]; there && k.Name != i.Name {
		return fault.New(fault.Conflict, "the key is that of %s", k.Name).Where("key").Say("federation.taken", k.Name)
	}
	if t.names[i.Name] == nil && len(t.list) >= mostPeers {
		return fault.New(fault.Conflict, "%d nodes are known here, and no more are", mostPeers).Say("federation.many", mostPeers)
	}
	return n.distinct(i)
}

// distinct refuses a title, or a log's name, that is another node's: pages call a region by the one, and what was seen of a log is kept by the other.
func (n *Nodes) distinct(i Identity) error {
	log := func(x Identity) string { name, _, _ := strings.Cut(x.Ledger, "+"); return name }
	all := n.Peers()
	if me, ok := n.Self(); ok {
		all = append(all, Peer{Identity: me})
	}
	for _, x := range all {
		if x.Name != i.Name && x.State != Revoked && (strings.EqualFold(strings.TrimSpace(x.Title), strings.TrimSpace(i.Title)) || log(i) != "" && log(x.Identity) == log(i)) {
			return fault.New(fault.Conflict, "%s has the title or the log of %s", i.Name, x.Name).Do("give one of them another").Say("federation.taken", x.Name)
		}
	}
	return nil
}

// serveJoin answers a node that has an invitation, and is nobody's peer yet.
func (n *Nodes) serveJoin(w http.ResponseWriter, r *http.Request) int {
	// The address names the invitation by the hash that is kept: who has none makes nobody read a body.
	if there, err := n.invited(r.Context(), r.URL.RawQuery); err != nil || !there {
		return n.refuse(w, expired())
	}
	turn, done := context.WithTimeout(r.Context(), n.o.Patience) // several that were invited may come at once
	defer done()
	select {
	case n.joining <- struct{}{}:
		defer func() { <-n.joining }()
	case <-turn.Done():
		return n.refuse(w, fault.New(fault.Unavailable, "others are joining").Do("ask again in some seconds").Say("message.often"))
	}
	n.hurry(w, mostJoin)
	var j joining
	req, err := n.verifier.Introduced(r, mostJoin, func(body []byte) (string, ed25519.PublicKey, error) {
		if json.Unmarshal(body, &j) != nil {
			return "", nil, fault.New(fault.Invalid, "this isn't how a node joins").Say("federation.invitation.unreadable")
		}
		return KeyID(j.From.Key), j.From.Key, nil
	})
	if err != nil {
		return n.refuse(w, err)
	}
	unhurried(w)
	o, err := n.me()
	if err == nil {
		err = n.joined(r.Context(), j)
	}
	var body []byte
	if err == nil {
		i, _ := o.fresh()
		body, err = json.Marshal(joining{From: i, Speaks: n.o.Speaks})
	}
	status, h := http.StatusOK, w.Header()
	if err != nil {
		p := problemOf(err, n.o.Now())
		status, body = p.Status, p.bytes()
		h.Set("Content-Type", problemType)
	}
	i, key := o.fresh()
	s := &message.Signer{Key: message.Key{ID: i.KeyID(), Private: key}, Now: n.o.Now, Random: n.o.Random, Version: req.Version}
	if err := s.Answer(h, status, body, req.Nonce); err != nil {
		return n.refuse(w, err)
	}
	return n.write(w, status, body)
}

func (n *Nodes) invited(ctx context.Context, hash string) (there bool, err error) {
	err = n.db.Read(ctx, func(tx *storage.Tx) error {
		var found int
		err := tx.QueryRow(ctx, `SELECT count(*) FROM federation_invitation WHERE hash = $1 AND expires > $2`, hash, n.db.Now()).Scan(&found)
		there = found > 0
		return err
	})
	return there, err
}

// joined takes who came with an invitation as one who asks, and uses the invitation up.
func (n *Nodes) joined(ctx context.Context, j joining) error {
	if err := j.From.check(); err != nil {
		return err
	}
	if len(j.From.Next) > 0 {
		return fault.New(fault.Invalid, "a node joins with its newest key").Say("federation.identity")
	}
	hash := hashOf(j.Once)
	_, err := n.change(ctx, j.From.Name, "asks", "", func(ctx context.Context, tx *storage.Tx, p *peer) (*peer, error) {
		if err := n.use(ctx, tx, hash, j.From.KeyID()); err != nil {
			return nil, err
		}
		if err := n.free(j.From, p); err != nil {
			return nil, err
		}
		if _, ok := n.o.Speaks.With(j.Speaks); !ok {
			return nil, apartVersions(n.self.Load().Title)
		}
		if p != nil && p.State != Revoked { // it is known, and has asked again
			p.speaks = j.Speaks
			return p, nil
		}
		fresh, _ := n.self.Load().fresh()
		return &peer{Peer: Peer{Identity: j.From, State: Asks, Since: n.db.Now(), LastContact: n.db.Now(), Bound: p.bound()}, speaks: j.Speaks, knows: fresh.KeyID()}, nil
	})
	return err
}

// use uses an invitation up. The node that used it may say so again, if the answer was lost.
func (n *Nodes) use(ctx context.Context, tx *storage.Tx, hash, by string) error {
	var expires int64
	var used sql.NullInt64
	var usedBy string
	err := tx.QueryRow(ctx, `SELECT expires, used, used_by FROM federation_invitation WHERE hash = $1`, hash).Scan(&expires, &used, &usedBy)
	now := n.db.Now()
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return expired()
	case err != nil:
		return err
	case used.Valid && usedBy == by:
		return nil
	case used.Valid || storage.Micros(now) > expires:
		return expired()
	}
	_, err = tx.Exec(ctx, `UPDATE federation_invitation SET used = $1, used_by = $2 WHERE hash = $3`, now, by, hash)
	return err
}

// Invitations tells how many were made and wait to be used.
func (n *Nodes) Invitations(ctx context.Context) (waiting int, err error) {
	err = n.db.Read(ctx, func(tx *storage.Tx) error {
		return tx.QueryRow(ctx, `SELECT count(*) FROM federation_invitation WHERE used IS NULL AND expires > $1`, n.db.Now()).Scan(&waiting)
	})
	return waiting, err
}
