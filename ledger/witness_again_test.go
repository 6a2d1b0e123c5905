package ledger

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/samverk/samverk/fault"
)

// An old checkpoint that a cache still serves is no fork: the log's files hold what was seen.
func TestAStaleCheckpointIsNoFork(t *testing.T) {
	dir := t.TempDir()
	l := openIn(t, dir)
	appendMany(t, l, 10, 5)
	if _, err := l.Covering(t.Context(), 9); err != nil {
		t.Fatal(err)
	}
	old, err := os.ReadFile(filepath.Join(dir, "log", "checkpoint"))
	if err != nil {
		t.Fatal(err)
	}
	appendMany(t, l, 300, 50)
	if err := l.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	w := newWitness(t)
	if _, _, err := w.Watch(t.Context(), l.Source(), l.PublicKey()); err != nil {
		t.Fatal(err)
	}
	stale := func(ctx context.Context, name string) ([]byte, error) {
		if name == "checkpoint" {
			return old, nil
		}
		return l.Source()(ctx, name)
	}
	_, _, err = w.Watch(t.Context(), stale, l.PublicKey())
	var fork *ForkError
	if errors.As(err, &fork) || fault.KindOf(err) != fault.Unavailable {
		t.Errorf("a stale checkpoint: %v", err)
	}
}

// What was seen is put aside only by an act, and then the log is believed anew.
func TestForgetting(t *testing.T) {
	dir := t.TempDir()
	l := openIn(t, dir)
	appendMany(t, l, 10, 5)
	if err := l.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	early := copyDir(t, dir)
	l = openIn(t, dir)
	appendMany(t, l, 20, 5)
	if err := l.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	w := newWitness(t)
	if _, _, err := w.Watch(t.Context(), l.Source(), l.PublicKey()); err != nil {
		t.Fatal(err)
	}
	restored := Dir(filepath.Join(early, "log"))
	var fork *ForkError
	if _, _, err := w.Watch(t.Context(), restored, l.PublicKey()); !errors.As(err, &fork) || !fork.Shrunk() {
		t.Fatalf("a log from an older backup: %v", err)
	}
	for range 2 { // the second finds nothing to put aside
		if err := w.Forget(l.PublicKey()); err != nil {
			t.Fatal(err)
		}
	}
	if c, added, err := w.Watch(t.Context(), restored, l.PublicKey()); err != nil || added != c.Size {
		t.Error(added, err)
	}
	kept, err := filepath.Glob(filepath.Join(w.dir, "*.forgotten"))
	if err != nil || len(kept) != 1 {
		t.Error(kept, err)
	}
}
