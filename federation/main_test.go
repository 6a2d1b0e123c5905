package federation

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/internal/testkit"
	"github.com/samverk/samverk/storage"
)

func TestMain(m *testing.M) { os.Exit(testkit.Main(m)) }

// clock is one that a test sets.
type clock struct {
	mu    sync.Mutex
	ahead time.Duration
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.ahead)
}

func (c *clock) add(d time.Duration) { c.mu.Lock(); c.ahead += d; c.mu.Unlock() }

// node is one of a test's, served on loopback.
type node struct {
	*testing.T
	*Nodes
	clock  *clock
	dir    string
	dsn    string
	server *httptest.Server
	gone   atomic.Bool // it can't be reached
	with   Options
}

func newNode(t *testing.T, dsn, name string, o Options) *node {
	t.Helper()
	n := &node{T: t, clock: &clock{}, dir: t.TempDir(), dsn: dsn, with: o}
	n.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if n.gone.Load() {
			panic(http.ErrAbortHandler)
		}
		n.ServeHTTP(w, r)
	}))
	t.Cleanup(func() { n.server.Close(); n.Close() })
	n.open()
	n.must(n.Init(t.Context(), Identity{Name: name, Title: "Region " + name, URL: n.server.URL, Ledger: "ledger-" + name, Country: "SE"}))
	return n
}

func (n *node) open() {
	n.Helper()
	db, err := storage.Open(n.Context(), n.dsn, storage.Options{Migrations: migrations(), Rand: rand.Reader, Now: n.clock.now})
	n.must(err)
	n.Cleanup(func() { db.Close() })
	n.Nodes, err = Open(n.Context(), db, n.dir, n.with)
	n.must(err)
	n.Handle("echo", 1<<20, func(_ context.Context, from Peer, body []byte) ([]byte, error) {
		return append([]byte(from.Name+": "), body...), nil
	})
}

// again opens the node anew, as after a restart.
func (n *node) again() {
	n.Helper()
	n.Close()
	n.must(n.db.Close())
	n.open()
}

func (n *node) must(err error) {
	n.Helper()
	if err != nil {
		n.Fatal(err, fault.HintOf(err))
	}
}

// says checks an error's code.
func (n *node) says(err error, code string) {
	n.Helper()
	if got := codeOf(err); got != code {
		n.Errorf("%q (%v), not %q", got, err, code)
	}
}

func codeOf(err error) string {
	var f *fault.Error
	if errors.As(err, &f) {
		return f.Code
	}
	return ""
}

// state checks what a peer is here.
func (n *node) state(name string, want State) {
	n.Helper()
	if p, _ := n.Peer(name); p.State != want {
		n.Errorf("%s is %q, not %q (trouble %q %s)", name, p.State, want, p.Trouble, p.Detail)
	}
}

// meets makes two nodes each other's peers.
func (n *node) meets(other *node) {
	n.Helper()
	ctx := n.Context()
	text, err := n.Invite(ctx)
	n.must(err)
	_, err = other.Join(ctx, text)
	n.must(err)
	i, _ := other.Self()
	me, _ := n.Self()
	n.must(n.Approve(ctx, i.Name, i.Fingerprint()))
	other.Announce(ctx)
	other.state(me.Name, Approved)
	n.state(i.Name, Approved)
}

func migrations() []fs.FS { return []fs.FS{Migrations} }

func pair(t *testing.T) (north, south *node) {
	t.Helper()
	north, south = newNode(t, testkit.SQLite(t), "north", Options{}), newNode(t, testkit.SQLite(t), "south", Options{})
	north.meets(south)
	return north, south
}

func signed(k *secrets, text []byte) []byte { return ed25519.Sign(k.key(), text) }
