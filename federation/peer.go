package federation

import (
	"cmp"
	"crypto/ed25519"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/federation/message"
)

// State is how far two nodes have come with each other, as this one sees it.
type State string

// The states of a peer.
const (
	Asks     State = "asks"     // it joined with our invitation, and we haven't approved
	Waits    State = "waits"    // we joined, and it hasn't approved
	Approved State = "approved" // it is asked and answered
	Revoked  State = "revoked"  // it is a stranger
	Forked   State = "forked"   // its log was changed: nothing is asked or answered until the operator says
)

// Peer is another node.
type Peer struct {
	Identity
	State       State
	Since       time.Time     // of the state
	Why         string        // of a state that somebody gave a reason for
	LastContact time.Time     // zero: never
	Said        Status        // in its last hello
	Apart       time.Duration // how much its clock is ahead of ours
	Trouble     string        // why the last contact failed, as a fault's code: "federation.unreachable"; "" if it didn't
	Detail      string        // the same for an operator, in English
	Protocol    int           // the version that both speak; 0: none
	NextUntil   time.Time     // until when the key before Next is accepted
	Bound       Bound
}

// Bound is to what this node's operator has bound a peer: what it says of who asks is only its word.
type Bound struct {
	Organisations []string `json:"organisations,omitempty"` // whom it may ask for; none: anybody
	Numbers       int64    `json:"numbers,omitempty"`       // that all it asks may come to; 0: no bound
	Per           string   `json:"per,omitempty"`           // "day", "year" or "lifetime"
}

// May tells whether a peer may ask for an organisation.
func (b Bound) May(organisation string) bool {
	return len(b.Organisations) == 0 || slices.Contains(b.Organisations, organisation)
}

func (b Bound) check() error {
	switch {
	case b.Numbers < 0 || b.Numbers > 1<<53:
		return fault.New(fault.Invalid, "%d is no bound", b.Numbers).Where("numbers")
	case b.Numbers > 0 && b.Per != "day" && b.Per != "year" && b.Per != "lifetime":
		return fault.New(fault.Invalid, "a bound is for a day, a year or a lifetime, not %.20q", b.Per).Where("per")
	case len(b.Organisations) > 1000:
		return fault.New(fault.Invalid, "a node asks for at most 1,000 organisations").Where("organisation")
	}
	for _, o := range b.Organisations {
		if o == "" || len(o) > 200 || !utf8.ValidString(o) || strings.ContainsFunc(o, unicode.IsControl) {
			return fault.New(fault.Invalid, "%.40q is no organisation's id", o).Where("organisation")
		}
	}
	return nil
}

// Status is what a node tells its peers every few seconds, and at once when it changes.
type Status struct {
	Time       time.Time `json:"time"`
	Software   string    `json:"software"`
	Protocol   int       `json:"protocol"`           // the newest version that it speaks
	Holds      bool      `json:"holds"`              // genomes: such a node is asked
	Policies   []InForce `json:"policies,omitempty"` // by which it answers
	Checkpoint string    `json:"checkpoint,omitempty"`
	Epoch      uint64    `json:"epoch"`
}

// InForce is a policy that a node answers by.
type InForce struct {
	Network  string            `json:"network"`
	Name     string            `json:"name"`
	Version  int               `json:"version,omitempty"`
	Title    map[string]string `json:"title,omitempty"` // by language
	Digest   string            `json:"digest"`
	Body     string            `json:"body,omitempty"`
	BodyName map[string]string `json:"bodyName,omitempty"` // by language
	Number   string            `json:"number"`             // of the decision
	Since    time.Time         `json:"since"`
	Expires  time.Time         `json:"expires,omitzero"`
}

// peer is a Peer with what only this package needs of it. One that is in a table is never changed.
type peer struct {
	Peer
	speaks message.Versions
	knows  string    // our newest key that it knows, by its id
	kept   time.Time // when its contact was last written to the database
	link   *link
}

// link is what goes on between two nodes now. It outlives changes of the peer.
type link struct {
	in, out chan struct{} // requests at the same time
	holds   atomic.Int64  // bytes of its requests in memory
	hello   sync.Mutex    // one at a time
	met     atomic.Int32  // 0 nothing to tell, 1 being told, 2 to be told again
}

// What one peer may have going on here at the same time.
const (
	mostAtOnce = 64
	mostHeld   = 64 << 20
)

func newLink() *link {
	return &link{in: make(chan struct{}, mostAtOnce), out: make(chan struct{}, mostAtOnce)}
}

// bound is to what a peer that was known was bound: who is invited anew is still.
func (p *peer) bound() Bound {
	if p == nil {
		return Bound{}
	}
	return p.Bound
}

// accepts tells whether the peer's messages may be signed with a key.
func (p *peer) accepts(id string, now time.Time) bool {
	switch {
	case p.State == Revoked:
		return false
	case len(p.Next) > 0 && id == KeyID(p.Next):
		return true
	}
	return id == p.KeyID() && (len(p.Next) == 0 || now.Before(p.NextUntil))
}

// table is the peers at one moment.
type table struct {
	names map[string]*peer
	keys  map[string]keyed
	list  []Peer
}

// keyed is a peer by one of its keys.
type keyed struct {
	*peer
	key ed25519.PublicKey
}

// with gives the table in which a peer is as told.
func (t *table) with(p *peer) *table {
	out := &table{names: map[string]*peer{}, keys: map[string]keyed{}}
	for name, one := range t.names {
		out.names[name] = one
	}
	out.names[p.Name] = p
	for _, one := range out.names {
		out.keys[one.KeyID()] = keyed{one, one.Key}
		if len(one.Next) > 0 {
			out.keys[KeyID(one.Next)] = keyed{one, one.Next}
		}
		out.list = append(out.list, one.Peer)
	}
	slices.SortFunc(out.list, func(a, b Peer) int { return cmp.Compare(a.Name, b.Name) })
	return out
}
