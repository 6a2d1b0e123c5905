package home

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"

	"github.com/samverk/samverk/fault"
)

// Claim is what stands for a pseudonym among nodes:
//
//	SHA-256("samverk home 1" 0 issuer 0 pseudonym)
type Claim [32]byte

// ClaimOf makes the claim of a pseudonym.
func ClaimOf(issuer, pseudonym string) Claim {
	return sha256.Sum256([]byte("samverk home 1\x00" + issuer + "\x00" + pseudonym))
}

func (c Claim) String() string { return hex.EncodeToString(c[:]) }

// MarshalText writes the claim in hex.
func (c Claim) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// UnmarshalText reads it.
func (c *Claim) UnmarshalText(b []byte) error {
	if len(b) != 2*len(c) {
		return fault.New(fault.Invalid, "a claim is 64 hex digits")
	}
	_, err := hex.Decode(c[:], b)
	if err != nil || c.String() != string(b) {
		return fault.New(fault.Invalid, "a claim is 64 hex digits")
	}
	return nil
}

// mostClaims is how many claims a message has, MostMessage how long it is at most.
const (
	mostClaims  = 5000
	MostMessage = 1 << 20
)

// mostTurns is more than any node has taken: who believed in a greater one would run out of them.
const mostTurns = 1 << 48

// message is what a node tells the registrar. All of it happens, or nothing.
type message struct {
	Turn    uint64    `json:"turn"`    // greater than in any message before
	Claim   []Claim   `json:"claim"`   // of those who may be at home here
	Hold    []Claim   `json:"hold"`    // of those who are
	Release []release `json:"release"` // of those who were, and aren't any more
}

type release struct {
	Claim Claim  `json:"claim"`
	To    string `json:"to,omitempty"` // a node; "": whoever claims it
}

// answer is what the registrar says, claim by claim. When Late is set nothing has happened: a message with that turn has come already.
type answer struct {
	Late  uint64 `json:"late,omitempty"`
	Claim []word `json:"claim"`
	Hold  []word `json:"hold"`
}

// word is what is said of a claim.
type word uint8

const (
	others    word = iota // it is another's, or can't be given now
	yours                 // it is the asker's, and was never another's
	yoursOnce             // it is the asker's, and may have been another's
)

func parse(b []byte, to any) error {
	if err := json.Unmarshal(b, to); err != nil {
		return fault.New(fault.Invalid, "the message can't be read").Say("home.message")
	}
	return nil
}
