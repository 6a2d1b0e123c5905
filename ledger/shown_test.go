package ledger

import (
	"encoding/hex"
	"encoding/json"
	"os/exec"
	"testing"

	"github.com/samverk/samverk/ledger/membership"
)

// TestShownToAPatient walks the path from a use in the log to a proof that somebody was counted in it, and has another
// program check the proof.
func TestShownToAPatient(t *testing.T) {
	l := openIn(t, t.TempDir())
	salts := make([]membership.Salt, 5)
	leaves := make([]membership.Hash, len(salts))
	in := []membership.State{membership.In, membership.Out, membership.Out, membership.In, membership.Out}
	const epoch = 1
	for i := range salts {
		salts[i][7] = byte(i)
		leaves[i] = membership.Leaf(in[i], salts[i].Key("care", epoch))
	}
	tree := membership.New(leaves)
	x := aUse(2)
	x.Epoch, x.Mask = epoch, tree.Root()
	r, err := l.Append(t.Context(), x)
	if err != nil {
		t.Fatal(err)
	}
	proof, err := l.Prove(t.Context(), r.Index)
	if err != nil || proof.Verify(l.PublicKey()) != nil {
		t.Fatal(err)
	}
	leaf, err := Decode(proof.Leaf)
	if err != nil {
		t.Fatal(err)
	}
	python, _ := exec.LookPath("python3")
	for i, want := range in {
		p, _, err := tree.Prove(uint32(i), want, salts[i].Key(leaf.Purpose, leaf.Epoch))
		if err != nil || p.Verify(leaf.Mask) != nil {
			t.Fatalf("individual %d: %v", i, err)
		}
		b, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		if python != "" {
			checkWithPython(t, python, hex.EncodeToString(leaf.Mask[:]), b, true)
			checkWithPython(t, python, hex.EncodeToString(leaf.Private[:]), b, false)
		}
	}
}
