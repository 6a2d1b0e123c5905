package published

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"slices"
	"sync"
	"time"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/federation"
)

// Kind is of what is published.
type Kind string

// The kinds.
const (
	Policy   Kind = "policy"   // a policy.Signed; its id is the draft's digest
	Form     Kind = "form"     // a SignedForm; its id is the form's digest
	Decision Kind = "decision" // a Decided; its id is the decision's
	Lift     Kind = "lift"     // a Lifted; its id is the lift's
)

var kinds = []Kind{Policy, Form, Decision, Lift}

// Publication is one thing that a network's node tells.
type Publication struct {
	Kind Kind
	ID   string
	Body string // JSON
	For  string // the short name of the network that it is for; "": all
	In   string // the country that it is for; "": all
}

// Name is a name in several languages, by their codes.
type Name map[string]string

// Decided is a decision as everybody may read it.
type Decided struct {
	Number     string    `json:"number"` // within its body
	Network    string    `json:"network"`
	Of         Name      `json:"of"`   // the network's name
	Body       Name      `json:"body"` // the body's name
	Title      string    `json:"title"`
	Lang       string    `json:"lang"`
	Recommends bool      `json:"recommends,omitempty"` // its word is for others to adopt
	Taken      time.Time `json:"taken"`
	InForce    time.Time `json:"inForce,omitzero"` // zero: its minutes aren't approved
	Until      time.Time `json:"until,omitzero"`   // when another took its place
	By         string    `json:"by,omitempty"`     // that one's number
	Path       string    `json:"path"`             // where it is on the network's site
}

// Lifted is a topic that was lifted, and what became of it, as everybody may read it.
type Lifted struct {
	Title    string    `json:"title"`
	Lang     string    `json:"lang"`
	From     Name      `json:"from"`  // the body or network that lifted it
	To       Name      `json:"to"`    // the body that owes the answer
	State    string    `json:"state"` // of the topic above
	Lifted   time.Time `json:"lifted"`
	Due      time.Time `json:"due"`
	Answer   string    `json:"answer,omitempty"` // accepted, returned; "": owed
	Answered time.Time `json:"answered,omitzero"`
	Reason   string    `json:"reason,omitempty"`
	Delay    string    `json:"delay,omitempty"` // why the answer waits
	Path     string    `json:"path"`
}

// feed is what this node publishes, in memory: a new process begins a new one.
type feed struct {
	id string

	mu   sync.Mutex
	seq  uint64
	all  map[key]*told
	read time.Time // when it was last looked what there is; zero: never
}

type key struct {
	kind Kind
	id   string
}

// told is a publication with its place; gone when there is no such thing any more.
type told struct {
	Publication
	digest [32]byte
	seq    uint64
	gone   bool
}

func newFeed(random io.Reader) (*feed, error) {
	b := make([]byte, 16)
	if _, err := io.ReadFull(random, b); err != nil {
		return nil, fault.Wrap(fault.Internal, err, "no random bytes")
	}
	return &feed{id: hex.EncodeToString(b), all: map[key]*told{}}, nil
}

// is takes over what there is now, and gives what wasn't there before.
func (f *feed) is(all []Publication, now time.Time) (fresh []Publication) {
	f.mu.Lock()
	defer f.mu.Unlock()
	there := map[key]bool{}
	for _, p := range all {
		k := key{p.Kind, p.ID}
		there[k] = true
		digest := sha256.Sum256([]byte(p.For + "\n" + p.In + "\n" + p.Body))
		was := f.all[k]
		if was != nil && was.digest == digest && !was.gone {
			continue
		}
		if was == nil || was.gone {
			fresh = append(fresh, p)
		}
		f.seq++
		f.all[k] = &told{Publication: p, digest: digest, seq: f.seq}
	}
	for k, t := range f.all {
		if !there[k] && !t.gone {
			f.seq++
			f.all[k] = &told{Publication: Publication{Kind: k.kind, ID: k.id, For: t.For, In: t.In}, seq: f.seq, gone: true}
		}
	}
	f.read = now
	return fresh
}

// for_ tells whether a publication is for a peer that asks for a network's.
func (p Publication) goesTo(country, network string) bool {
	return (p.For == "" || p.For == network) && (p.In == "" || country == "" || p.In == country)
}

// asked is what a peer asks for: what is new to it in a feed.
type asked struct {
	Feed    string `json:"feed"`
	Since   uint64 `json:"since"`
	Network string `json:"network"` // whose lifted topics it wants, by its short name
}

// page is what is answered: entries in the order in which they changed.
type page struct {
	Feed    string  `json:"feed"`
	Since   uint64  `json:"since"` // after which they are: 0 when the feed is another than the one that was asked about
	Last    uint64  `json:"last"`  // up to which all has been told
	More    bool    `json:"more,omitempty"`
	Entries []entry `json:"entries,omitempty"`
}

type entry struct {
	Kind Kind   `json:"kind"`
	ID   string `json:"id"`
	Body string `json:"body,omitempty"` // "": it is no more
}

// What one message may hold: as much as pageBytes, or a single policy that is longer.
const (
	pageBytes   = 1 << 20
	mostPage    = 5 << 20
	mostEntries = 1000
)

// since answers a peer.
func (f *feed) since(q asked, country string) page {
	f.mu.Lock()
	defer f.mu.Unlock()
	out := page{Feed: f.id, Since: q.Since}
	if q.Feed != f.id || q.Since > f.seq {
		out.Since = 0
	}
	var next []*told
	for _, t := range f.all {
		if t.seq > out.Since && t.goesTo(country, q.Network) {
			next = append(next, t)
		}
	}
	slices.SortFunc(next, func(a, b *told) int { return cmp.Compare(a.seq, b.seq) })
	size := 0
	out.Last = out.Since
	for _, t := range next {
		if size += len(t.Body); len(out.Entries) == mostEntries || size > pageBytes && len(out.Entries) > 0 {
			out.More = true
			return out
		}
		out.Entries = append(out.Entries, entry{t.Kind, t.ID, t.Body})
		out.Last = t.seq
	}
	out.Last = f.seq
	return out
}

// fresh reads again what there is, unless that was done a moment ago.
func (p *Published) fresh(ctx context.Context, after time.Duration) ([]Publication, error) {
	if p.o.Publish == nil {
		return nil, nil
	}
	p.reading.Lock()
	defer p.reading.Unlock()
	now := p.o.Now()
	p.feed.mu.Lock()
	read := p.feed.read
	p.feed.mu.Unlock()
	if age := now.Sub(read); !read.IsZero() && age >= 0 && age < after {
		return nil, nil
	}
	all, err := p.o.Publish(ctx)
	if err != nil {
		return nil, err
	}
	return p.feed.is(all, now), nil
}

// answer gives a peer what is new to it.
func (p *Published) answer(ctx context.Context, from federation.Peer, body []byte) ([]byte, error) {
	var q asked
	if err := json.Unmarshal(body, &q); err != nil || len(q.Feed) > 64 || len(q.Network) > 64 {
		return nil, fault.New(fault.Invalid, "what is asked for can't be read").Say("published.unread")
	}
	first := p.feed.empty()
	fresh, err := p.fresh(ctx, p.o.Stale)
	if err != nil {
		return nil, err
	}
	if !first {
		p.push(fresh) // others haven't been told
	}
	return json.Marshal(p.feed.since(q, from.Country))
}

func (f *feed) empty() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.read.IsZero()
}
