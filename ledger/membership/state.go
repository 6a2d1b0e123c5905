package membership

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
)

// Hash is a SHA-256.
type Hash [sha256.Size]byte

// Salt is an individual's secret: 32 random bytes, one for all uses.
type Salt [32]byte

// Key blinds one leaf.
type Key [32]byte

// State is what a leaf says of an individual.
type State uint8

// The states; the numbers are hashed.
const (
	Out    State = iota // was not counted
	In                  // was counted
	Nobody              // was erased: the leaf is the same for everybody
)

func (s State) String() string {
	switch s {
	case Out:
		return "out"
	case In:
		return "in"
	case Nobody:
		return "nobody"
	}
	return fmt.Sprintf("state %d", uint8(s))
}

const version = 1

// Key makes the key of the leaf that an individual has in a use's tree from an epoch on: HMAC-SHA-256 with the salt, of
// "samverk membership 1", a zero byte, the use, a zero byte, and the epoch in eight bytes, big-endian.
func (s Salt) Key(use string, epoch uint64) (k Key) {
	m := hmac.New(sha256.New, s[:])
	m.Write([]byte("samverk membership 1\x00" + use + "\x00"))
	m.Write(binary.BigEndian.AppendUint64(nil, epoch))
	m.Sum(k[:0])
	return k
}

// Leaf hashes what a leaf says: SHA-256 of 0x00, the version 1, the state, and the key.
func Leaf(in State, k Key) Hash {
	b := [3 + len(k)]byte{0, version, byte(in)}
	copy(b[3:], k[:])
	return sha256.Sum256(b[:])
}

// Erased is the leaf of an individual who was erased.
func Erased() Hash { return Leaf(Nobody, Key{}) }

func node(left, right Hash) Hash {
	var b [1 + 2*sha256.Size]byte
	b[0] = 1
	copy(b[1:], left[:])
	copy(b[1+sha256.Size:], right[:])
	return sha256.Sum256(b[:])
}

// Proof opens the leaf of one individual under the root of one tree. As JSON its hashes are Base64.
type Proof struct {
	Index uint32 `json:"index"` // the individual's number
	Size  uint32 `json:"size"`  // how many leaves the tree has
	State State  `json:"state"`
	Key   Key    `json:"key"`
	Path  []Hash `json:"path"`
}

// MarshalText writes a hash as Base64.
func (h Hash) MarshalText() ([]byte, error) { return base64.StdEncoding.AppendEncode(nil, h[:]), nil }

// UnmarshalText reads Base64.
func (h *Hash) UnmarshalText(b []byte) error { return decode(h[:], b) }

// MarshalText writes a key as Base64.
func (k Key) MarshalText() ([]byte, error) { return base64.StdEncoding.AppendEncode(nil, k[:]), nil }

// UnmarshalText reads Base64.
func (k *Key) UnmarshalText(b []byte) error { return decode(k[:], b) }

func decode(dst, b []byte) error {
	raw, err := base64.StdEncoding.Strict().DecodeString(string(b))
	if err != nil || len(raw) != len(dst) {
		return errors.New("this isn't 32 bytes in Base64")
	}
	copy(dst, raw)
	return nil
}

// ErrProof is a proof that doesn't hold.
var ErrProof = errors.New("the proof doesn't hold under this root")

// Verify checks a proof against a root, as RFC 9162 does in section 2.1.3.2.
func (p Proof) Verify(root Hash) error {
	if p.Index >= p.Size {
		return ErrProof
	}
	h, i, last := Leaf(p.State, p.Key), p.Index, p.Size-1
	for _, s := range p.Path {
		if last == 0 {
			return ErrProof
		}
		if i&1 == 1 || i == last {
			h = node(s, h)
			for i&1 == 0 && i != 0 {
				i, last = i>>1, last>>1
			}
		} else {
			h = node(h, s)
		}
		i, last = i>>1, last>>1
	}
	if last != 0 || h != root {
		return ErrProof
	}
	return nil
}
