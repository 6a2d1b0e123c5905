package ledger

import (
	"context"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/transparency-dev/tessera/api/layout"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// long tells whether the long tests were asked for, and how much more they do.
func long(short, all int) int {
	if os.Getenv("SAMVERK_LONG") == "1" {
		return all
	}
	return short
}

// filled makes a log of n leaves, the genesis among them, that is closed and signed whole.
func filled(t testing.TB, n int) (from Source, public, dir string) {
	t.Helper()
	dir = t.TempDir()
	l := openIn(t, dir)
	appendMany(t, l, n-1, 64)
	if err := l.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	return l.Source(), l.PublicKey(), filepath.Join(dir, "log")
}

func verify(t testing.TB, from Source, public string) *Report {
	t.Helper()
	r, err := Verify(t.Context(), from, public, nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestVerifySizes(t *testing.T) {
	l := openIn(t, t.TempDir())
	var have uint64 = 1
	for _, n := range []uint64{1, 2, 3, 255, 256, 257, 512, 513, 1000} {
		appendMany(t, l, int(n-have), 64)
		have = n
		if _, err := l.Covering(t.Context(), n-1); err != nil {
			t.Fatal(err)
		}
		r := verify(t, l.Source(), l.PublicKey())
		if !r.OK() || r.Leaves != n || r.Kinds[Use] != n-1 {
			t.Errorf("%d leaves: %+v", n, r)
		}
	}
}

// TestFlippedBits changes one bit at a time in the files that make the log, and asks that Verify finds each
// in its place.
func TestFlippedBits(t *testing.T) {
	const leaves = 700 // two full bundles and a part, and a tile above them
	from, public, dir := filled(t, leaves)
	names := []string{"checkpoint"}
	for b := uint64(0); b*256 < leaves; b++ {
		w := uint8(min(256, leaves-b*256)) // 256 is written 0
		names = append(names, layout.EntriesPath(b, w), layout.TilePath(0, b, w))
	}
	names = append(names, layout.TilePath(1, 0, leaves/256))
	r := rand.New(rand.NewPCG(1, 2))
	for range long(1000, 10_000) {
		name := names[r.IntN(len(names))]
		good, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		bad := append([]byte(nil), good...)
		at := r.IntN(len(bad))
		bad[at] ^= 1 << r.IntN(8)
		flipped := func(ctx context.Context, n string) ([]byte, error) {
			if n == name {
				return bad, nil
			}
			return from(ctx, n)
		}
		report := verify(t, flipped, public)
		if report.OK() {
			t.Fatalf("byte %d of %s was changed, and nobody saw it", at, name)
		}
		if report.Damage[0].File != name {
			t.Fatalf("byte %d of %s was changed, and found as %v", at, name, report.Damage)
		}
		if strings.HasPrefix(name, "tile/0/") && report.Damage[0].Index%256 != uint64(at/32) {
			t.Fatalf("byte %d of %s was changed, and found at leaf %d", at, name, report.Damage[0].Index)
		}
	}
}

func TestVerifyMissingAndLonger(t *testing.T) {
	from, public, dir := filled(t, 600)
	for _, name := range []string{layout.EntriesPath(1, 0), layout.TilePath(0, 1, 0), layout.TilePath(1, 0, 2), "checkpoint"} {
		file := filepath.Join(dir, name)
		good, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for what, bad := range map[string][]byte{"cut": good[:len(good)/2], "longer": append(good[:len(good):len(good)], good[:min(32, len(good))]...), "empty": {}} {
			if err := os.WriteFile(file, bad, 0o600); err != nil {
				t.Fatal(err)
			}
			if r := verify(t, from, public); r.OK() || r.Damage[0].File != name {
				t.Errorf("%s %s: %v", name, what, r.Damage)
			}
		}
		_ = os.Remove(file)
		if r := verify(t, from, public); r.OK() || r.Damage[0].File != name {
			t.Errorf("%s missing: %v", name, r.Damage)
		}
		if err := os.WriteFile(file, good, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if r := verify(t, from, public); !r.OK() {
		t.Error(r.Damage)
	}
}

// TestSignedOversize: whoever has the key can sign any size. Nobody verifies for ever because of that.
func TestSignedOversize(t *testing.T) {
	dir := t.TempDir()
	l := openIn(t, dir)
	signer, err := note.NewSigner(l.key.secret)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := note.Sign(&note.Note{Text: testName + "\n4611686018427387904\n" + tlog.Hash{}.String() + "\n"}, signer)
	if err != nil {
		t.Fatal(err)
	}
	from := func(ctx context.Context, name string) ([]byte, error) {
		if name == "checkpoint" {
			return signed, nil
		}
		return l.Source()(ctx, name)
	}
	if r := verify(t, from, l.PublicKey()); r.OK() {
		t.Error(r)
	}
}

func TestVerifyTellsWhereTheClockWentBack(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	o := testOptions()
	o.Now = func() time.Time { return now }
	l, err := Open(t.Context(), t.TempDir(), o)
	if err != nil {
		t.Fatal(err)
	}
	now = now.Add(-24 * time.Hour)
	if _, err := l.Append(t.Context(), aUse(1)); err != nil {
		t.Fatal(err)
	}
	if err := l.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	r := verify(t, l.Source(), l.PublicKey())
	if !r.OK() || len(r.Steps) != 1 || r.Steps[0].Index != 1 || r.Steps[0].From.Sub(r.Steps[0].To) != 24*time.Hour {
		t.Errorf("%+v", r)
	}
}

// TestRecount counts uses twice: as they are asked, and from the log.
func TestRecount(t *testing.T) {
	n := long(10_000, 1_000_000)
	dir := t.TempDir()
	l := openIn(t, dir)
	got := appendMany(t, l, n, 512)
	if err := l.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	seen := make([]bool, n)
	r, err := Verify(t.Context(), l.Source(), l.PublicKey(), func(i uint64, x Leaf) error {
		if x.Kind != Use {
			return nil
		}
		if seen[x.Counted] {
			t.Errorf("use %d is in the log twice", x.Counted)
		}
		seen[x.Counted] = true
		if !got[i].Time.Equal(x.Time) {
			t.Errorf("leaf %d isn't the one of its receipt", i)
		}
		return nil
	})
	if err != nil || !r.OK() || r.Kinds[Use] != uint64(n) {
		t.Fatalf("%+v, %v", r, err)
	}
	for i, s := range seen {
		if !s {
			t.Fatalf("use %d is missing", i)
		}
	}
}
