package ledger

import (
	"os"
	"path/filepath"
	"testing"
)

// TestCopyWhileItGrows takes copies of a log under load; each can be verified, opened and continued.
func TestCopyWhileItGrows(t *testing.T) {
	dir := t.TempDir()
	l := openIn(t, dir)
	done := make(chan struct{})
	go func() {
		defer close(done)
		appendMany(t, l, 3000, 16)
	}()
	key, err := os.ReadFile(filepath.Join(dir, "key"))
	if err != nil {
		t.Fatal(err)
	}
	for copies := 0; ; copies++ {
		to := t.TempDir()
		c, err := Copy(t.Context(), l.Source(), l.PublicKey(), func(name string, b []byte) error {
			file := filepath.Join(to, "log", filepath.FromSlash(name))
			if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
				return err
			}
			return os.WriteFile(file, b, 0o600)
		})
		if err != nil {
			t.Fatal(err)
		}
		if r := verify(t, Dir(filepath.Join(to, "log")), l.PublicKey()); !r.OK() || r.Leaves != c.Size {
			t.Fatal(r.Damage)
		}
		if err := os.WriteFile(filepath.Join(to, "key"), key, 0o600); err != nil {
			t.Fatal(err)
		}
		again := openIn(t, to)
		if r, err := again.Append(t.Context(), aUse(1)); err != nil || r.Index != c.Size {
			t.Fatal(r, err)
		}
		if err := again.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		select {
		case <-done:
			t.Logf("%d copies", copies+1)
			return
		default:
		}
	}
}
