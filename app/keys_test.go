package app

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/samverk/samverk/fault"
)

func TestANetworksKeyIsItsOwn(t *testing.T) {
	dir := t.TempDir()
	first, err := signer(dir, "01K")
	if err != nil {
		t.Fatal(err)
	}
	again, err := signer(dir, "01K")
	if err != nil || !first.Private.Equal(again.Private) {
		t.Errorf("another key the second time: %v", err)
	}
	other, err := signer(dir, "01L")
	if err != nil || first.Private.Equal(other.Private) {
		t.Errorf("two networks have one key: %v", err)
	}
	path := filepath.Join(dir, keysName, "01K"+privateEnds)
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := signer(dir, "01K"); fault.KindOf(err) != fault.Denied {
		t.Errorf("a key that others can read signs: %v", err)
	}
	if err := os.Remove(path); err != nil { // as on a node made from a backup
		t.Fatal(err)
	}
	next, err := signer(dir, "01K")
	if err != nil || next.Private.Equal(first.Private) {
		t.Fatal(err)
	}
	keys, err := publicKeys(dir)
	if err != nil || len(keys) != 3 {
		t.Fatalf("%d public keys are believed: %v", len(keys), err)
	}
	for _, k := range keys {
		if k.Network == "01K" && !k.Public.Equal(first.Private.Public()) && !k.Public.Equal(next.Private.Public()) {
			t.Error("a key nobody made")
		}
	}
}
