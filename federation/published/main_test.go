package published

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/samverk/samverk/consent"
	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/federation"
	"github.com/samverk/samverk/internal/testkit"
	"github.com/samverk/samverk/ledger"
	"github.com/samverk/samverk/mandate"
	"github.com/samverk/samverk/policy"
	"github.com/samverk/samverk/storage"
)

func TestMain(m *testing.M) { os.Exit(testkit.Main(m)) }

// ahead is how far the clock of all nodes of a test is ahead of the machine's.
type ahead struct{ by atomic.Int64 }

func (c *ahead) now() time.Time       { return time.Now().Add(time.Duration(c.by.Load())) }
func (c *ahead) move(d time.Duration) { c.by.Add(int64(d)) }

const (
	nation = "01NATION"
	body   = "steering"
)

var (
	networkKey = ed25519.NewKeyFromSeed([]byte("0123456789abcdef0123456789abcdef"))
	otherKey   = ed25519.NewKeyFromSeed([]byte("fedcba9876543210fedcba9876543210"))
	operator   = policy.Actor{Operator: true}
)

func public(k ed25519.PrivateKey) ed25519.PublicKey { return k.Public().(ed25519.PublicKey) }

// node is one of a test's, with its own database and log, served on loopback.
type node struct {
	*testing.T
	*Published
	nodes     *federation.Nodes
	policies  *policy.Policies
	ledger    *ledger.Ledger
	witness   *ledger.Witness
	witnesses *ledger.Witnesses
	clock     *ahead
	dir       string
	server    *httptest.Server
	gone      atomic.Bool // it can't be reached
	publishes *list       // what it publishes
	logged    *said
}

// list is what a network's node publishes.
type list struct {
	mu  sync.Mutex
	all []Publication
}

func (l *list) set(all ...Publication) { l.mu.Lock(); defer l.mu.Unlock(); l.all = all }

func (l *list) get(context.Context) ([]Publication, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]Publication(nil), l.all...), nil
}

// said is what was logged.
type said struct {
	mu sync.Mutex
	b  strings.Builder
}

func (s *said) Write(b []byte) (int, error) { s.mu.Lock(); defer s.mu.Unlock(); return s.b.Write(b) }
func (s *said) has(text string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Contains(s.b.String(), text)
}

// newNode makes a node. trusted are the keys that it begins with; who publishes has a list.
func newNode(t *testing.T, clock *ahead, name, dsn string, publishes *list, trusted ...policy.Key) *node {
	t.Helper()
	n := &node{T: t, clock: clock, dir: t.TempDir(), publishes: publishes, logged: &said{}}
	ctx := t.Context()
	db, err := storage.Open(ctx, dsn, storage.Options{Migrations: []fs.FS{policy.Migrations, ledger.Migrations, federation.Migrations, Migrations}, Rand: rand.Reader, Now: clock.now, Volatile: true})
	n.must(err)
	t.Cleanup(func() { db.Close() })
	n.policies, err = policy.Open(ctx, db, policy.Options{Trusted: trusted, Country: "SE", Organisation: name})
	n.must(err)
	t.Cleanup(n.policies.Close)
	n.openLedger()
	n.witness, err = ledger.NewWitness(filepath.Join(n.dir, "witness"), name+".example/witness", clock.now, rand.Reader)
	n.must(err)
	n.witnesses, err = ledger.NewWitnesses(db, n.ledger, nil)
	n.must(err)
	met := func(ctx context.Context, p federation.Peer) { n.Published.Met(ctx, p) }
	n.nodes, err = federation.Open(ctx, db, n.dir, federation.Options{Now: clock.now, Every: time.Hour, Met: met, Status: func(ctx context.Context) federation.Status {
		c, err := n.ledger.Checkpoint(ctx)
		if err != nil {
			return federation.Status{}
		}
		return federation.Status{Checkpoint: c.Note}
	}})
	n.must(err)
	t.Cleanup(n.nodes.Close)
	o := Options{Policies: n.policies, Witness: n.witness, Witnesses: n.witnesses, Watch: time.Nanosecond, Stale: time.Nanosecond, Log: slog.New(slog.NewTextHandler(io.MultiWriter(n.logged, t.Output()), nil)),
		Adopt: func(ctx context.Context) { _, _ = n.policies.AdoptStanding(ctx) }}
	if publishes != nil {
		o.Publish = publishes.get
	}
	n.Published, err = New(db, n.nodes, o)
	n.must(err)
	t.Cleanup(n.Published.Close)
	n.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case n.gone.Load():
			panic(http.ErrAbortHandler)
		case strings.HasPrefix(r.URL.Path, "/ledger/"):
			http.StripPrefix("/ledger/", http.FileServer(http.Dir(filepath.Join(n.dir, "ledger", "log")))).ServeHTTP(w, r)
		default:
			n.nodes.ServeHTTP(w, r)
		}
	}))
	n.server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	t.Cleanup(n.server.Close)
	i := federation.Identity{Name: name, Title: name, URL: n.server.URL, Ledger: n.ledger.PublicKey(), Witness: n.witness.PublicKey(), Country: "SE"}
	if publishes != nil {
		i.Networks = []federation.NetworkKey{{Network: nation, Key: public(networkKey)}}
	}
	n.must(n.nodes.Init(ctx, i))
	return n
}

func (n *node) openLedger() {
	n.Helper()
	var err error
	n.ledger, err = ledger.Open(n.Context(), filepath.Join(n.dir, "ledger"), ledger.Options{Name: filepath.Base(n.dir) + n.Name() + ".example/ledger", Now: n.clock.now, Random: rand.Reader})
	n.must(err)
	n.Cleanup(func() { _ = n.ledger.Close(context.Background()) })
}

func (n *node) must(err error) {
	n.Helper()
	if err != nil {
		n.Fatal(err, fault.HintOf(err))
	}
}

// meets makes two nodes each other's peers.
func (n *node) meets(other *node) {
	n.Helper()
	ctx := n.Context()
	text, err := n.nodes.Invite(ctx)
	n.must(err)
	_, err = other.nodes.Join(ctx, text)
	n.must(err)
	i, _ := other.nodes.Self()
	n.must(n.nodes.Approve(ctx, i.Name, i.Fingerprint()))
	other.nodes.Announce(ctx)
	n.state(i.Name, federation.Approved)
}

func (n *node) state(peer string, want federation.State) {
	n.Helper()
	if p, _ := n.nodes.Peer(peer); p.State != want {
		n.Errorf("%s is %q, not %q (%s %s)", peer, p.State, want, p.Why, p.Detail)
	}
}

// becomes waits for something that goes on beside.
func (n *node) becomes(what string, is func() bool) {
	n.Helper()
	for range 1000 {
		if is() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	n.Fatalf("never: %s", what)
}

// tells publishes a list in place of the one before.
func (n *node) tells(all ...Publication) {
	n.publishes.set(all...)
	n.Nudge()
}

func (n *node) grow(k int) {
	n.Helper()
	var last ledger.Receipt
	for range k {
		var err error
		last, err = n.ledger.Append(n.Context(), ledger.Leaf{Kind: ledger.Erasure, Counted: 1})
		n.must(err)
	}
	_, err := n.ledger.Covering(n.Context(), last.Index)
	n.must(err)
}

func care() policy.Draft {
	for _, p := range policy.Presets("SE") {
		if p.Name == "care" {
			return p.Draft
		}
	}
	panic("no preset")
}

// decided is a mandate that names a text.
func decided(kind string, at time.Time, id string, digest mandate.Digest) mandate.Mandate {
	return mandate.Mandate{Decision: id, Number: "2026-14", Body: body, BodyName: map[string]string{"sv": "Styrgruppen"}, Network: nation,
		Approved: at.Add(-time.Hour), InForce: at.Add(-time.Hour), MinutesSeal: mandate.Digest{1}, Votes: mandate.Votes{For: 4, Against: 1},
		Quorum: mandate.Quorum{Findings: []mandate.Finding{{Kind: "majority", Have: 5, Need: 4, Of: 7}, {Kind: "sector", N: 2, Sector: "patient", Have: 2, Need: 2, Of: 2}},
			Sectors: []mandate.Sector{{Sector: "care", Present: 3}, {Sector: "patient", Present: 2}}, Present: 5, Of: 7, Held: true},
		Effects: []mandate.Effect{{Kind: kind, Ref: "x", Digest: digest}}}
}

// enacted is a version of the care policy, put in force at a moment.
func enacted(t testing.TB, at time.Time, version int, edit func(*policy.Draft)) policy.Signed {
	t.Helper()
	d := care()
	d.Version = version
	if edit != nil {
		edit(&d)
	}
	digest, err := d.Digest()
	if err != nil {
		t.Fatal(err)
	}
	m := decided(mandate.Policy, at, d.ID(), digest)
	s, err := policy.Enact(m, d, policy.Signer{Network: nation, Private: networkKey}, at)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func publication(t testing.TB, s policy.Signed) Publication {
	t.Helper()
	b, err := mandate.Canonical(s)
	if err != nil {
		t.Fatal(err)
	}
	digest, err := s.Draft.Digest()
	if err != nil {
		t.Fatal(err)
	}
	return Publication{Kind: Policy, ID: digest.String(), Body: string(b), In: "SE"}
}

func text(t testing.TB, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// asks is what a clinician gets for an answer now: the policy's id, "" for a denial.
func (n *node) asks() string {
	v := n.policies.Judge(policy.Ask{Organisation: "x", Sector: "care", Role: policy.Clinician, Person: "linda", SignedIn: true, Use: consent.Use{Purpose: consent.Care}, Question: policy.Frequency})
	if !v.Allowed {
		return ""
	}
	return v.Policy
}

func (n *node) follows() {
	n.Helper()
	n.must(n.policies.SetStanding(n.Context(), operator, nation, "", true, "D"))
}

// offers are what peers gave, by their id, with the code of why it isn't kept.
func (n *node) offered() map[string]string {
	n.Helper()
	all, err := n.Offers(n.Context())
	n.must(err)
	out := map[string]string{}
	for _, o := range all {
		out[o.Signed.Draft.ID()] = o.Code
	}
	return out
}

func codeOf(err error) string {
	var f *fault.Error
	if errors.As(err, &f) {
		return f.Code
	}
	return ""
}
