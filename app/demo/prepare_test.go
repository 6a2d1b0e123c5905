package demo

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// What was made today is used; what was made on another day begins anew.
func TestMadeAnewOnAnotherDay(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, markName), []byte(`{"seed": 7, "day": "2026-11-21", "story": {"variant": "chr22-1-A-C", "region": "umea"}, "sharing": {"root": "01K"}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel() // making it would take a while
	noon := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	tell := &teller{w: io.Discard}
	if m, err := prepare(ctx, dir, 7, noon, tell); err != nil || m.Story.Variant != "chr22-1-A-C" {
		t.Fatalf("the same day: %v, %v", m, err)
	}
	if _, err := prepare(ctx, dir, 8, noon, tell); err == nil {
		t.Fatal("another seed is taken for the same")
	}
	if _, err := os.Stat(filepath.Join(dir, unfinished)); err == nil {
		t.Fatal("another seed begins anew")
	}
	if _, err := prepare(ctx, dir, 7, noon.AddDate(0, 0, 1), tell); err == nil {
		t.Fatal("the next day: it was made although nobody waited")
	}
	if _, err := os.Stat(filepath.Join(dir, unfinished)); err != nil {
		t.Error("the next day: it isn't to be made anew")
	}
	if err := os.Remove(filepath.Join(dir, unfinished)); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, markName), []byte(`{"seed": 7, "day": "2026-11-21", "story": {"variant": "chr22-1-A-C"}, "sharing": {"root": "01K"}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := prepare(ctx, dir, 7, noon, tell); err == nil {
		t.Error("what an earlier version made is used")
	}
}
