package published

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"slices"
	"time"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/federation"
	"github.com/samverk/samverk/mandate"
	"github.com/samverk/samverk/policy"
	"github.com/samverk/samverk/storage"
)

// FormFormat names the form that signed forms of consent are written in.
const FormFormat = "samverk signed form 1"

// SignedForm is a form of consent that a decision put in force, under the key of the network that decided: a policy.Signed's sibling. Its text
// is consent's to understand.
type SignedForm struct {
	Format    string          `json:"format"`
	Form      json.RawMessage `json:"form"`
	Digest    mandate.Digest  `json:"digest"` // as the mandate names it
	Mandate   mandate.Mandate `json:"mandate"`
	Made      time.Time       `json:"made"`
	Key       string          `json:"key"`
	Signature []byte          `json:"signature,omitempty"`
}

// SignForm signs a form that a decision names.
func SignForm(form []byte, digest mandate.Digest, m mandate.Mandate, by policy.Signer, now time.Time) (SignedForm, error) {
	if len(by.Private) != ed25519.PrivateKeySize || by.Network != m.Network {
		return SignedForm{}, fault.New(fault.Denied, "the key is not of the network that decided").Say("policy.key")
	}
	public, _ := by.Private.Public().(ed25519.PublicKey)
	f := SignedForm{Format: FormFormat, Form: form, Digest: digest, Mandate: m, Made: now.UTC().Truncate(time.Microsecond), Key: policy.KeyID(public)}
	if err := m.Verify(mandate.Form, digest); err != nil {
		return SignedForm{}, err
	}
	text, err := f.payload()
	if err != nil {
		return SignedForm{}, err
	}
	f.Signature = ed25519.Sign(by.Private, text)
	return f, nil
}

// payload is what the signature is over, as a policy's is.
func (f SignedForm) payload() ([]byte, error) {
	f.Signature = nil
	b, err := mandate.Canonical(f)
	return append([]byte(FormFormat+"\n"), b...), err
}

// verify judges a form from itself and the keys trusted. That its text is the one of the digest is for who understands it to check.
func (f SignedForm) verify(trusted []policy.Key) error {
	i := slices.IndexFunc(trusted, func(k policy.Key) bool {
		return len(k.Public) == ed25519.PublicKeySize && policy.KeyID(k.Public) == f.Key
	})
	if i < 0 {
		return fault.New(fault.Denied, "the form is signed with a key that isn't trusted here").Say(codeUntrusted)
	}
	k := trusted[i]
	if k.Network != f.Mandate.Network || len(k.Bodies) > 0 && !slices.Contains(k.Bodies, f.Mandate.Body) {
		return fault.New(fault.Denied, "the key is not for decisions of this network and body").Say("policy.key")
	}
	text, err := f.payload()
	if err != nil {
		return err
	}
	if f.Format != FormFormat || !ed25519.Verify(k.Public, text, f.Signature) {
		return fault.New(fault.Denied, "the form's signature doesn't hold: its text is another than the one that was signed").Say("policy.signature")
	}
	return f.Mandate.Verify(mandate.Form, f.Digest)
}

func (e entry) checkForm() (at time.Time, ok bool) {
	var f SignedForm
	if len(e.Body) > mostPolicy || mandate.Decode([]byte(e.Body), &f) != nil {
		return at, false
	}
	return f.Made, f.Digest.String() == e.ID
}

func (p *Published) keepForm(ctx context.Context, tx *storage.Tx, from federation.Peer, body string) error {
	if p.o.Forms == nil {
		return fault.New(fault.Conflict, "this node takes no forms").Say("published.forms")
	}
	var f SignedForm
	if err := mandate.Decode([]byte(body), &f); err != nil {
		return fault.Wrap(fault.Invalid, err, "the signed form can't be read").Say("policy.unread")
	}
	if !ownNode(from, f.Mandate.Network) {
		return fault.New(fault.Denied, "%s is not the node of network %.60q", from.Name, f.Mandate.Network).Say("published.network")
	}
	if err := f.verify(p.o.Policies.Keys()); err != nil {
		return err
	}
	return p.o.Forms(ctx, tx, f)
}

// Forms lists the forms of consent that peers gave and that are kept here, the oldest first: each verified again.
func (p *Published) Forms(ctx context.Context) (out []SignedForm, err error) {
	all, err := p.entries(ctx, `kind = $1 AND code = '' ORDER BY at, id LIMIT 200`, Form)
	for _, e := range all {
		var f SignedForm
		if err := mandate.Decode([]byte(e.Body), &f); err != nil {
			return nil, err
		}
		if f.verify(p.o.Policies.Keys()) == nil {
			out = append(out, f)
		}
	}
	return out, err
}
