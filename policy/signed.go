package policy

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"time"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/mandate"
)

// SignedFormat names the form that signed policies are written in.
const SignedFormat = "samverk signed policy 1"

// Signed is a draft that a decision put in force, under the key of the network that decided. It is verified without a forum.
type Signed struct {
	Format    string          `json:"format"`
	Draft     Draft           `json:"draft"`
	Mandate   mandate.Mandate `json:"mandate"`
	Made      time.Time       `json:"made"`
	Key       string          `json:"key"` // its id
	Signature []byte          `json:"signature,omitempty"`
}

// Signer holds a network's private key.
type Signer struct {
	Network string
	Private ed25519.PrivateKey
}

// Key is the public key of a network, and of which of its bodies it may sign the decisions.
type Key struct {
	Network string
	Public  ed25519.PublicKey
	Bodies  []string // none: any body of the network
	Retired bool     // what was adopted with it holds until its end, and nothing more is believed
}

// KeyID names a public key: the first 16 bytes of its SHA-256, in hexadecimal.
func KeyID(k ed25519.PublicKey) string {
	h := sha256.Sum256(k)
	return hex.EncodeToString(h[:16])
}

// Enact makes a policy of a draft, by a decision that is in force now and names that draft.
func Enact(m mandate.Mandate, d Draft, by Signer, now time.Time) (Signed, error) {
	if len(by.Private) != ed25519.PrivateKeySize || by.Network != m.Network {
		return Signed{}, fault.New(fault.Denied, "the key is not of the network that decided").Say("policy.key")
	}
	public, _ := by.Private.Public().(ed25519.PublicKey)
	s := Signed{Format: SignedFormat, Draft: d, Mandate: m, Made: now.UTC().Truncate(time.Microsecond), Key: KeyID(public)}
	if err := s.check(); err != nil {
		return Signed{}, err
	}
	if m.InForce.After(now) {
		return Signed{}, fault.New(fault.Conflict, "decision %s is not in force yet", m.Number).Say("policy.notyet", m.Number)
	}
	text, err := s.payload()
	if err != nil {
		return Signed{}, err
	}
	s.Signature = ed25519.Sign(by.Private, text)
	return s, nil
}

// payload is what the signature is over: the format's name, a line feed, and the canonical text without the signature. The
// name keeps it apart from everything else that the key may ever sign.
func (s Signed) payload() ([]byte, error) {
	s.Signature = nil
	b, err := mandate.Canonical(s)
	return append([]byte(SignedFormat+"\n"), b...), err
}

// check judges everything but the signature.
func (s Signed) check() error {
	if s.Format != SignedFormat {
		return fault.New(fault.Invalid, "a signed policy is written as %q", SignedFormat)
	}
	if err := s.Draft.Check(); err != nil {
		return err
	}
	digest, err := s.Draft.Digest()
	if err != nil {
		return err
	}
	if err := s.Mandate.Verify(mandate.Policy, digest); err != nil {
		return err
	}
	if s.Made.Before(s.Mandate.InForce) {
		return fault.New(fault.Conflict, "signed before decision %s was in force", s.Mandate.Number).Say("policy.notyet", s.Mandate.Number)
	}
	return nil
}

// Verify judges a signed policy from itself and the keys that this node trusts.
func Verify(s Signed, trusted []Key) error {
	i := slices.IndexFunc(trusted, func(k Key) bool { return len(k.Public) == ed25519.PublicKeySize && KeyID(k.Public) == s.Key })
	if i < 0 {
		return fault.New(fault.Denied, "the policy is signed with a key that isn't trusted here").
			Do("add the network's public key to the configuration, if it is theirs").Say("policy.key.unknown")
	}
	k := trusted[i]
	if k.Network != s.Mandate.Network || len(k.Bodies) > 0 && !slices.Contains(k.Bodies, s.Mandate.Body) {
		return fault.New(fault.Denied, "the key is not for decisions of this network and body").Say("policy.key")
	}
	text, err := s.payload()
	if err != nil {
		return err
	}
	if !ed25519.Verify(k.Public, text, s.Signature) {
		return fault.New(fault.Denied, "the policy's signature doesn't hold: its text is another than the one that was signed").
			Do("fetch the policy again from the network that decided").Say("policy.signature")
	}
	return s.check()
}

// ParseSigned reads a signed policy. It is to be verified before anything in it is believed.
func ParseSigned(b []byte) (s Signed, err error) {
	if len(b) > 2*maxSize {
		return s, fault.New(fault.Invalid, "a signed policy of more than %d bytes", 2*maxSize)
	}
	if err := mandate.Decode(b, &s); err != nil {
		return Signed{}, fault.Wrap(fault.Invalid, err, "the signed policy can't be read").Say("policy.unread")
	}
	return s, nil
}

// line is what newer versions of a policy take the place of older ones in. A network's id has no slash.
func (s Signed) line() string { return s.Mandate.Network + "/" + s.Draft.Name }
