package web

import (
	"encoding/hex"
	"encoding/json"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/ledger"
	"github.com/samverk/samverk/ledger/membership"
)

// Proof is what shows a use and whether the individual was counted in it, to somebody who has the log's public key.
type Proof struct {
	Format     string            `json:"format"`
	Leaf       ledger.Proof      `json:"leaf"`       // that the use is in the log
	Purpose    string            `json:"purpose"`    // with the conditions, the use whose tree it is
	Conditions string            `json:"conditions"` //
	Root       string            `json:"root"`       // of the tree over who was counted; the leaf names it
	Counted    *membership.Proof `json:"counted,omitempty"`
	Unknown    string            `json:"unknown,omitempty"` // why nothing shows whether they were counted

	Use Use `json:"-"`
}

const proofFormat = "samverk use proof 1"

// ReadProof reads a use's proof as JSON, as a patient downloads it; ok is false for a file that is none. It has yet to be verified.
func ReadProof(b []byte) (p Proof, ok bool) {
	err := json.Unmarshal(b, &p)
	return p, err == nil && p.Format == proofFormat
}

// Verify checks a proof against the log's public key, which must not come from the proof. It gives the use, and whether the individual whom the
// proof is about was counted in it.
func (p Proof) Verify(public string) (x ledger.Leaf, were Were, err error) {
	if err := p.Leaf.Verify(public); err != nil {
		return x, "", err
	}
	if x, err = ledger.Decode(p.Leaf.Leaf); err != nil {
		return x, "", err
	}
	if x.Kind != ledger.Use || x.Purpose != p.Purpose || x.Conditions != p.Conditions || hex.EncodeToString(x.Mask[:]) != p.Root {
		return x, "", fault.New(fault.Invalid, "the proof says something else than the line of the log that it is about")
	}
	if p.Counted == nil {
		return x, NotKnown, nil
	}
	if err := p.Counted.Verify(x.Mask); err != nil {
		return x, "", fault.Wrap(fault.Invalid, err, "the proof doesn't hold: nothing shows who was counted")
	}
	switch p.Counted.State {
	case membership.In:
		return x, Counted, nil
	case membership.Out:
		return x, Not, nil
	}
	return x, NotKnown, nil // of somebody who was erased
}
