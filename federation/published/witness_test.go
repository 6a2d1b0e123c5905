package published

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/samverk/samverk/federation"
	"github.com/samverk/samverk/internal/testkit"
)

// logFolder is where a node's log is.
func (n *node) logFolder() string { return filepath.Join(n.dir, "ledger", "log") }

// swaps puts another folder in the place of the node's log, as somebody would who tells another story.
func (n *node) swaps(from string) {
	n.Helper()
	n.must(os.RemoveAll(n.logFolder()))
	n.must(os.CopyFS(n.logFolder(), os.DirFS(from)))
}

func (n *node) copies() string {
	n.Helper()
	to := n.TempDir()
	n.must(os.CopyFS(to, os.DirFS(n.logFolder())))
	return to
}

// closeLedger ends the log, so that its folder is whole.
func (n *node) closeLedger() { n.Helper(); n.must(n.ledger.Close(n.Context())) }

func (n *node) evidence() (out []string) {
	n.Helper()
	found, err := filepath.Glob(filepath.Join(n.dir, "witness", "evidence-*"))
	n.must(err)
	return found
}

// Nodes cosign each other's logs, and each sees by whom its own was.
func TestLogsAreWitnessed(t *testing.T) {
	clock, ctx := &ahead{}, t.Context()
	north, south := newNode(t, clock, "north", testkit.SQLite(t), nil), newNode(t, clock, "south", testkit.SQLite(t), nil)
	north.meets(south)
	for range 3 {
		north.grow(20)
		south.grow(1)
		size := func(n *node) uint64 {
			s, err := n.ledger.Size(ctx)
			n.must(err)
			return s
		}
		north.becomes("both are witnessed as far as they go", func() bool {
			north.nodes.Announce(ctx)
			a, err := north.witnesses.List(ctx)
			north.must(err)
			b, err := south.witnesses.List(ctx)
			south.must(err)
			return len(a) == 1 && len(b) == 1 && a[0].Size == size(north) && b[0].Size == size(south) && a[0].Key == south.witness.PublicKey()
		})
	}
	// a revoked peer is no witness any more
	north.must(north.nodes.Revoke(ctx, "south", "D"))
	if a, err := north.witnesses.List(ctx); err != nil || len(a) > 0 {
		t.Error(a, err)
	}
}

// forks is a pair of which the second has a log that south has seen, and the folder of an older state of it.
func forks(t *testing.T) (south, north *node, old string) {
	t.Helper()
	clock := &ahead{}
	south, north = newNode(t, clock, "south", testkit.SQLite(t), nil), newNode(t, clock, "north", testkit.SQLite(t), nil)
	north.grow(10)
	north.closeLedger()
	old = north.copies()
	north.openLedger()
	north.grow(20)
	south.meets(north)
	south.becomes("north's log is seen", func() bool {
		north.nodes.Announce(t.Context())
		seen, err := filepath.Glob(filepath.Join(south.dir, "witness", "*.checkpoint"))
		south.must(err)
		return len(seen) == 1
	})
	return south, north, old
}

func (n *node) shutsOut(peer string) {
	n.Helper()
	n.becomes(peer+" is shut out", func() bool {
		n.nodes.Announce(n.Context())
		p, _ := n.nodes.Peer(peer)
		return p.State == federation.Forked
	})
}

// A log that was really forked: two nodes go on from the same state with other leaves.
func TestAForkedLogIsShutOut(t *testing.T) {
	south, north, old := forks(t)
	ctx := t.Context()
	north.closeLedger()
	kept := north.copies()
	north.swaps(old)
	north.openLedger()
	north.grow(40)
	south.shutsOut("north")
	p, _ := south.nodes.Peer("north")
	if !strings.Contains(p.Why, "doesn't continue") || len(south.evidence()) != 1 || !south.logged.has("doesn't continue what was seen") {
		t.Errorf("why: %s; %v", p.Why, south.evidence())
	}
	b, err := os.ReadFile(south.evidence()[0])
	if err != nil || strings.Count(string(b), north.ledger.PublicKey()[:10]) < 2 {
		t.Errorf("the proof lacks a checkpoint: %s %v", b, err)
	}
	// nothing is asked or answered
	if _, err := south.nodes.Call(ctx, "north", pathPublications, []byte("{}"), 1000); codeOf(err) != "federation.state" {
		t.Errorf("asked: %v", err)
	}
	if _, err := north.nodes.Call(ctx, "south", pathPublications, []byte("{}"), 1000); codeOf(err) != "federation.forked" {
		t.Errorf("answered: %v", err)
	}
	if a, err := south.witnesses.List(ctx); err != nil || len(a) > 0 {
		t.Error("a forked node is a witness", err)
	}
	// approved again as it is, it is shut out again; with its log as it was, it isn't
	i, _ := north.nodes.Self()
	south.must(south.nodes.Approve(ctx, "north", i.KeyID()))
	south.shutsOut("north")
	if len(south.evidence()) != 2 {
		t.Error("the second proof wasn't kept")
	}
	north.closeLedger()
	north.swaps(kept)
	north.openLedger()
	north.grow(1)
	south.must(south.nodes.Approve(ctx, "north", i.KeyID()))
	for range 3 {
		north.nodes.Announce(ctx)
		south.nodes.Announce(ctx)
	}
	south.state("north", federation.Approved)
}

// A log that was restored from an older backup says so, with what is to be done; believed anew by the operator's act, it goes on.
func TestARestoredLogIsShutOut(t *testing.T) {
	south, north, old := forks(t)
	ctx := t.Context()
	north.closeLedger()
	north.swaps(old)
	north.openLedger()
	south.shutsOut("north")
	p, _ := south.nodes.Peer("north")
	for _, want := range []string{"11 leaves and had 31", "older backup", "--ledger"} {
		if !strings.Contains(p.Why, want) {
			t.Errorf("%q isn't said: %s", want, p.Why)
		}
	}
	i, _ := north.nodes.Self()
	south.must(south.Anew(ctx, "north"))
	south.must(south.nodes.Approve(ctx, "north", i.KeyID()))
	north.grow(2)
	for range 3 {
		north.nodes.Announce(ctx)
		south.nodes.Announce(ctx)
	}
	south.state("north", federation.Approved)
	if err := south.Anew(ctx, "nobody"); codeOf(err) != "federation.peer" {
		t.Error(err)
	}
}
