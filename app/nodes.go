package app

import (
	"cmp"
	"context"
	"crypto/ed25519"
	"log/slog"
	"net/http"
	"path/filepath"
	"runtime/debug"
	"strings"
	"time"

	"github.com/samverk/samverk/app/owner"
	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/federation"
	"github.com/samverk/samverk/federation/home"
	"github.com/samverk/samverk/federation/together"
	federationweb "github.com/samverk/samverk/federation/web"
	"github.com/samverk/samverk/web"
	"github.com/samverk/samverk/web/route"
)

// What the operator does about other nodes.
var (
	NodeInit    = owner.Op[*Node, NodeNew, None, NodeSelf]{Name: "node-init", Run: (*Node).nodeInit}
	NodeInvite  = owner.Op[*Node, None, None, NodeInvitation]{Name: "node-invite", Run: (*Node).nodeInvite}
	NodeJoin    = owner.Op[*Node, NodeJoining, None, NodePeer]{Name: "node-join", Run: (*Node).nodeJoin}
	NodePeers   = owner.Op[*Node, None, NodePeer, NodeSelf]{Name: "node-peers", Run: (*Node).nodePeers}
	NodeApprove = owner.Op[*Node, NodeApproval, None, NodePeer]{Name: "node-approve", Run: (*Node).nodeApprove}
	NodeRevoke  = owner.Op[*Node, NodeRevocation, None, NodePeer]{Name: "node-revoke", Run: (*Node).nodeRevoke}
	NodeBind    = owner.Op[*Node, NodeBinding, None, NodePeer]{Name: "node-bind", Run: (*Node).nodeBind}
	NodeTrust   = owner.Op[*Node, NodeTrusting, None, NodePeer]{Name: "node-trust", Run: (*Node).nodeTrust}
	NodeRotate  = owner.Op[*Node, None, None, NodeRotation]{Name: "node-rotate", Run: (*Node).nodeRotate}
)

func nodeRoutes() []owner.Route[*Node] {
	return []owner.Route[*Node]{NodeInit.Route(), NodeInvite.Route(), NodeJoin.Route(), NodePeers.Route(), NodeApprove.Route(), NodeRevoke.Route(), NodeBind.Route(), NodeTrust.Route(), NodeRotate.Route()}
}

// NodeNew makes the node one among nodes: the tags are the command line's.
type NodeNew struct {
	Name  string `json:"name" required:"" placeholder:"NAME" help:"What the other nodes know it by, as north: small letters, digits, hyphens."`
	Title string `json:"title,omitempty" placeholder:"TITLE" help:"What people call it; the region's name, if not given."`
	URL   string `json:"url" name:"url" required:"" placeholder:"URL" help:"Where others reach it: https://NAME. http:// is for this machine's own addresses."`

	Networks bool `json:"networks,omitempty" help:"It is the own node of the networks set up here: what they decide is sent to the other nodes. For the national node, not for a region's."`
}

// NodeSelf is who the node is among nodes.
type NodeSelf struct {
	Name        string `json:"name"`
	Title       string `json:"title"`
	URL         string `json:"url"`
	Fingerprint string `json:"fingerprint"`
	Next        string `json:"next,omitempty"` // the fingerprint of the key that takes its place
	Closed      string `json:"closed,omitempty"`
}

// NodeInvitation is what is handed to another node's operator.
type NodeInvitation struct {
	Invitation  string    `json:"invitation"`
	Fingerprint string    `json:"fingerprint"`
	Expires     time.Time `json:"expires"`
}

// NodeJoining is an invitation that came from another node's operator.
type NodeJoining struct {
	Invitation string `json:"invitation"`
	Trust      bool   `json:"trust,omitempty"` // what its networks decided, by the keys that it tells
}

// NodeTrusting says that a node is its networks' own, and that its keys are theirs.
type NodeTrusting struct {
	Name string `json:"name" arg:"" help:"The node's name, as 'samverk node peers' lists it."`
}

// NodeApproval lets a node in whose key was compared.
type NodeApproval struct {
	Name string `json:"name" arg:"" help:"The node's name, as 'samverk node peers' lists it."`
	Key  string `json:"key" required:"" placeholder:"FINGERPRINT" help:"The fingerprint of its key, as its operator reads it out."`
	Anew bool   `json:"anew,omitempty" name:"new-log" help:"Believe its log as if it were seen for the first time: you know why it doesn't continue what was seen."`
}

// NodeRevocation shuts a node out.
type NodeRevocation struct {
	Name string `json:"name" arg:"" help:"The node's name, as 'samverk node peers' lists it."`
	Why  string `json:"why" required:"" placeholder:"WHY" help:"Why, for the record."`
}

// NodeBinding bounds what a node may ask here.
type NodeBinding struct {
	Name          string   `json:"name" arg:"" help:"The node's name, as 'samverk node peers' lists it."`
	Organisations []string `json:"organisations,omitempty" name:"organisation" placeholder:"ID" help:"An organisation that it may ask for; said again for each. Without any, it may ask for all."`
	Numbers       int64    `json:"numbers,omitempty" placeholder:"N" help:"How many numbers it may be told, whoever it asks for; 0 is no bound."`
	Per           string   `json:"per,omitempty" enum:"day,year,lifetime" default:"year" help:"For how long: day, year or lifetime."`
}

// NodeRotation is a new key, and until when the one before is accepted.
type NodeRotation struct {
	Fingerprint string    `json:"fingerprint"`
	Until       time.Time `json:"until"`
	Told        []string  `json:"told"`    // the peers that know it
	Waiting     []string  `json:"waiting"` // those that don't yet
}

// NodePeer is another node.
type NodePeer struct {
	Name        string    `json:"name"`
	Title       string    `json:"title"`
	URL         string    `json:"url"`
	State       string    `json:"state"`
	Since       time.Time `json:"since"`
	Why         string    `json:"why,omitempty"`
	Fingerprint string    `json:"fingerprint"`
	Protocol    int       `json:"protocol"`
	Software    string    `json:"software,omitempty"`
	LastContact time.Time `json:"last_contact,omitzero"`
	ClockApart  float64   `json:"clock_apart_seconds"`
	Trouble     string    `json:"trouble,omitempty"`
	Detail      string    `json:"detail,omitempty"`

	Organisations []string `json:"organisations,omitempty"` // whom it may ask for; none: anybody
	Numbers       int64    `json:"numbers,omitempty"`       // that it may be told; 0: no bound
	Per           string   `json:"per,omitempty"`
}

func peerOf(p federation.Peer) NodePeer {
	return NodePeer{Name: p.Name, Title: p.Title, URL: p.URL, State: string(p.State), Since: p.Since, Why: p.Why, Fingerprint: p.Fingerprint(), Protocol: p.Protocol,
		Software: p.Said.Software, LastContact: p.LastContact, ClockApart: p.Apart.Seconds(), Trouble: p.Trouble, Detail: p.Detail,
		Organisations: p.Bound.Organisations, Numbers: p.Bound.Numbers, Per: p.Bound.Per}
}

// openNodes opens who this node is among nodes, and whom it knows.
func (n *Node) openNodes(ctx context.Context) (err error) {
	if n.nodes, err = federation.Open(ctx, n.db, n.dir, federation.Options{Status: n.nodeStatus, Met: n.met}); err != nil {
		return err
	}
	n.nodes.Handle(homePath, home.MostMessage, n.registered)
	together.Answering(n.nodes, n.desk)
	n.nation = together.New(n.nodes, together.Options{Own: n.desk, Holds: n.holds})
	return n.nodes.Tell(ctx, n.describe)
}

// describe says what others need to check what this node signs.
func (n *Node) describe(i *federation.Identity) {
	i.Ledger, i.Country = n.ledger.PublicKey(), cmp.Or(n.policies.Country(), i.Country)
	i.Witness = n.witness.PublicKey()
	if len(i.Networks) > 0 { // it is their own node
		i.Networks = n.networkKeys()
	}
}

// networkKeys are the networks whose decisions are signed here.
func (n *Node) networkKeys() (out []federation.NetworkKey) {
	names, err := filepath.Glob(filepath.Join(n.dir, keysName, "*"+privateEnds))
	if err != nil {
		return nil
	}
	for _, path := range names {
		if seed, err := readKey(path, ed25519.SeedSize); err == nil {
			public, _ := ed25519.NewKeyFromSeed(seed).Public().(ed25519.PublicKey)
			out = append(out, federation.NetworkKey{Network: strings.TrimSuffix(filepath.Base(path), privateEnds), Key: public})
		}
	}
	return out
}

// holds tells whether there are genomes here.
func (n *Node) holds() bool { return len(n.genomes.Snapshot().Files()) > 0 }

// nodeStatus is what peers are told of this node now.
func (n *Node) nodeStatus(ctx context.Context) federation.Status {
	s := federation.Status{Software: software(), Holds: n.holds(), Epoch: n.consents.Epoch()}
	for _, a := range n.policies.InForce() {
		if a.Signed == nil {
			continue
		}
		digest, err := a.Signed.Draft.Digest()
		if err != nil {
			continue
		}
		m, d := a.Signed.Mandate, a.Signed.Draft
		s.Policies = append(s.Policies, federation.InForce{Network: m.Network, Name: d.Name, Version: d.Version, Title: map[string]string{"sv": d.Title.SV, "nb": d.Title.NB, "en": d.Title.EN},
			Digest: digest.String(), Body: m.Body, BodyName: m.BodyName, Number: m.Number, Since: a.Starts, Expires: a.Until})
	}
	if c, err := n.ledger.Checkpoint(ctx); err == nil {
		s.Checkpoint = c.Note
	}
	return s
}

// software is the program's version, as its build says.
func software() string {
	if b, ok := debug.ReadBuildInfo(); ok {
		return b.Main.Version
	}
	return ""
}

func (n *Node) nodeSelf() (s NodeSelf) {
	if i, ok := n.nodes.Self(); ok {
		s = NodeSelf{Name: i.Name, Title: i.Title, URL: i.URL, Fingerprint: i.Fingerprint()}
		if len(i.Next) > 0 {
			s.Next = federation.Fingerprint(federation.KeyID(i.Next))
		}
	}
	if err := n.nodes.Closed(); err != nil {
		s.Closed = err.Error()
	}
	return s
}

func (n *Node) nodeInit(ctx context.Context, q NodeNew, _ Sink[None]) (NodeSelf, error) {
	i := federation.Identity{Name: q.Name, Title: cmp.Or(q.Title, n.settings.Region), URL: strings.TrimSuffix(q.URL, "/")}
	was, _ := n.nodes.Self()
	if i.Networks = was.Networks; q.Networks {
		if err := n.makeKeys(ctx); err != nil {
			return NodeSelf{}, err
		}
		if i.Networks = n.networkKeys(); len(i.Networks) == 0 {
			return NodeSelf{}, fault.New(fault.Conflict, "no network is set up here").Where("--networks").Do("set one up on the node's pages first, or leave it out")
		}
	}
	n.describe(&i)
	err := n.nodes.Init(ctx, i)
	return n.nodeSelf(), err
}

func (n *Node) nodeInvite(ctx context.Context, _ None, _ Sink[None]) (r NodeInvitation, err error) {
	if r.Invitation, err = n.nodes.Invite(ctx); err != nil {
		return r, err
	}
	v, err := federation.ReadInvitation(r.Invitation)
	r.Fingerprint, r.Expires = v.From.Fingerprint(), v.Expires
	return r, err
}

func (n *Node) nodeJoin(ctx context.Context, q NodeJoining, _ Sink[None]) (NodePeer, error) {
	p, err := n.nodes.Join(ctx, q.Invitation)
	if err == nil && q.Trust {
		err = n.trustNetworks(ctx, p.Name)
	}
	return peerOf(p), err
}

func (n *Node) nodeTrust(ctx context.Context, q NodeTrusting, _ Sink[None]) (NodePeer, error) {
	err := n.trustNetworks(ctx, q.Name)
	p, _ := n.nodes.Peer(q.Name)
	return peerOf(p), err
}

func (n *Node) nodePeers(_ context.Context, _ None, s Sink[NodePeer]) (NodeSelf, error) {
	for _, p := range n.nodes.Peers() {
		if err := s.Item(peerOf(p)); err != nil {
			return NodeSelf{}, err
		}
	}
	return n.nodeSelf(), nil
}

func (n *Node) nodeApprove(ctx context.Context, q NodeApproval, _ Sink[None]) (NodePeer, error) {
	err := n.approve(ctx, q.Name, q.Key, q.Anew)
	p, _ := n.nodes.Peer(q.Name)
	return peerOf(p), err
}

// approve lets a peer in, and on somebody's word believes a log that was changed.
func (n *Node) approve(ctx context.Context, name, key string, anew bool) error {
	if p, ok := n.nodes.Peer(name); ok && anew {
		if p.State != federation.Forked || !p.Has(key) {
			return fault.New(fault.Conflict, "the log of %s isn't to be believed anew: it is %s, or the key is another", name, p.State).Do("leave out --new-log").Say("federation.anew", p.Title)
		}
		if err := n.published.Anew(ctx, name); err != nil {
			return err
		}
	}
	return n.nodes.Approve(ctx, name, key)
}

func (n *Node) nodeRevoke(ctx context.Context, q NodeRevocation, _ Sink[None]) (NodePeer, error) {
	err := n.revoke(ctx, q.Name, strings.TrimSpace(q.Why))
	p, _ := n.nodes.Peer(q.Name)
	return peerOf(p), err
}

func (n *Node) nodeBind(ctx context.Context, q NodeBinding, _ Sink[None]) (NodePeer, error) {
	p, err := n.nodes.Bind(ctx, q.Name, federation.Bound{Organisations: q.Organisations, Numbers: q.Numbers, Per: q.Per})
	return peerOf(p), err
}

func (n *Node) nodeRotate(ctx context.Context, _ None, _ Sink[None]) (r NodeRotation, err error) {
	if err := n.nodes.Rotate(ctx); err != nil {
		return r, err
	}
	r.Fingerprint = n.nodeSelf().Next
	r.Until, r.Told, r.Waiting = n.nodes.Rotating()
	return r, nil
}

// peers are the routes by which other nodes come, and the page of nodes.
func (s *site) peers(n *Node, frame *web.Site) error {
	for _, path := range n.nodes.Paths() {
		s.table.Add(route.Route{Method: http.MethodPost, Pattern: federation.Prefix + path, Who: route.Peer, Does: "Answers another node: " + path + ".", Serve: n.nodes.Serve})
	}
	return federationweb.Register(s.table, frame, federationweb.Options{Nodes: n.nodes, Whose: n.whose, Witnessed: n.seenOf, Approve: n.approve, Revoke: n.revoke, Steward: func(r *http.Request) (string, bool) {
		as, ok := n.steward(r)
		return as.Person, ok
	}})
}

// seenOf is how far this node has witnessed a peer's log, and when.
func (n *Node) seenOf(_ context.Context, peer string) (leaves uint64, at time.Time) {
	p, ok := n.nodes.Peer(peer)
	if !ok || p.Ledger == "" {
		return 0, at
	}
	leaves, at, err := n.witness.Seen(p.Ledger)
	if err != nil { // the page of nodes is about other things too
		slog.Warn("what was seen of a peer's log can't be read", "peer", peer, "error", err)
	}
	return leaves, at.UTC()
}
