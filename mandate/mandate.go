package mandate

import (
	"encoding/hex"
	"fmt"
	"time"

	"github.com/samverk/samverk/fault"
)

// Digest is the SHA-256 of a text, written in hexadecimal.
type Digest [32]byte

// String is the digest in hexadecimal.
func (d Digest) String() string { return hex.EncodeToString(d[:]) }

// MarshalText writes the digest in hexadecimal.
func (d Digest) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, d[:]), nil }

// UnmarshalText reads what MarshalText wrote, and nothing else.
func (d *Digest) UnmarshalText(b []byte) error {
	if len(b) == 2*len(d) {
		if n, err := hex.Decode(d[:], b); err == nil && n == len(d) {
			return nil
		}
	}
	return fault.New(fault.Invalid, "a digest is %d hexadecimal digits", 2*len(d))
}

// The kinds of effect that rooms of a node carry out.
const (
	Policy = "policy"
	Form   = "form"
)

// Effect is one text that a decision puts in force.
type Effect struct {
	Kind   string `json:"kind"`
	Ref    string `json:"ref"`
	Digest Digest `json:"digest"`
}

// Mandate is a decision for those who carry it out.
type Mandate struct {
	Decision    string            `json:"decision"` // its id in its network
	Number      string            `json:"number"`   // within its body: "2026-14"
	Body        string            `json:"body"`
	BodyName    map[string]string `json:"bodyName"` // language → name
	Network     string            `json:"network"`
	Approved    time.Time         `json:"approved"`
	InForce     time.Time         `json:"inForce"`
	Quorum      Quorum            `json:"quorum"`
	Votes       Votes             `json:"votes"`
	MinutesSeal Digest            `json:"minutesSeal"`
	Effects     []Effect          `json:"effects"`
}

// Votes are how the decision was taken.
type Votes struct {
	Consensus bool `json:"consensus,omitempty"` // no votes were counted
	For       int  `json:"for,omitempty"`
	Against   int  `json:"against,omitempty"`
	Abstain   int  `json:"abstain,omitempty"`
	Casting   bool `json:"casting,omitempty"` // in a tie, whoever led voted for
}

// Quorum is who was there, by sector, and how each rule of the body was judged.
type Quorum struct {
	Findings []Finding `json:"findings"`
	Sectors  []Sector  `json:"sectors"`
	Present  int       `json:"present"` // voting seats present and not recused
	Of       int       `json:"of"`      // voting seats, vacant ones with them, without the recused
	Held     bool      `json:"held"`    // as recorded
}

// Sector is how many voting seats of a sector took part.
type Sector struct {
	Sector  string `json:"sector"`
	Present int    `json:"present"`
}

// Finding is a rule judged. Kinds are those of network.RuleKind.
type Finding struct {
	Kind         string `json:"kind"`
	N            int    `json:"n,omitempty"`
	Sector       string `json:"sector,omitempty"`
	Organisation string `json:"organisation,omitempty"` // the kind of nominating organisation
	Have         int    `json:"have"`
	Need         int    `json:"need"`
	Of           int    `json:"of"`
}

// Names tells whether the decision put exactly this text in force.
func (m Mandate) Names(kind string, digest Digest) bool {
	for _, e := range m.Effects {
		if e.Kind == kind && e.Digest == digest && digest != (Digest{}) {
			return true
		}
	}
	return false
}

// Verify judges whether the record gives a mandate for a text at all: from InForce on, if it is genuine.
func (m Mandate) Verify(kind string, digest Digest) error {
	for what, s := range map[string]string{"decision": m.Decision, "number": m.Number, "body": m.Body, "network": m.Network} {
		if s == "" {
			return fault.New(fault.Invalid, "the mandate doesn't say its %s", what).Where(what)
		}
	}
	if m.Approved.IsZero() || m.MinutesSeal == (Digest{}) {
		return fault.New(fault.Conflict, "the minutes of decision %s are not approved and sealed", m.Number).Say("mandate.approved", m.Number)
	}
	if m.InForce.IsZero() || m.InForce.Before(m.Approved) {
		return fault.New(fault.Conflict, "decision %s is not in force", m.Number).Say("mandate.force", m.Number)
	}
	if err := m.Quorum.Verify(); err != nil {
		return fault.Wrap(fault.Conflict, err, "decision %s", m.Number).Say("mandate.quorum", m.Number)
	}
	if err := m.Votes.verify(m.Quorum.Present); err != nil {
		return fault.Wrap(fault.Conflict, err, "decision %s", m.Number).Say("mandate.votes", m.Number)
	}
	if !m.Names(kind, digest) {
		return fault.New(fault.Conflict, "decision %s does not name this %s by its digest", m.Number, kind).
			Do("let the decision name the text as it is, or carry out the text that it names").Say("mandate.digest", m.Number)
	}
	return nil
}

// Verify judges a quorum again from what was recorded of it.
func (q Quorum) Verify() error {
	if !q.Held {
		return lacks("it was recorded as not held")
	}
	if q.Present <= 0 || q.Present > q.Of {
		return lacks("%d present of %d", q.Present, q.Of)
	}
	if len(q.Findings) == 0 {
		return lacks("no rule was judged")
	}
	present, total := map[string]int{}, 0
	for _, s := range q.Sectors {
		if _, twice := present[s.Sector]; twice || s.Present < 0 || s.Present > q.Present {
			return lacks("the seats of sector %.40q are not told once and for all", s.Sector)
		}
		present[s.Sector] = s.Present
		total += s.Present
	}
	if total != q.Present {
		return lacks("%d present by sector, %d in all", total, q.Present)
	}
	for _, f := range q.Findings {
		if err := f.verify(q, present); err != nil {
			return err
		}
	}
	return nil
}

// verify judges one rule: by its own numbers, and by those of the quorum where the rule is about these.
func (f Finding) verify(q Quorum, present map[string]int) error {
	least, have := max(f.N, 1), f.Have
	switch f.Kind {
	case "count":
		have = q.Present
	case "half":
		have, least = q.Present, (q.Of+1)/2
	case "majority":
		have, least = q.Present, q.Of/2+1
	case "sector":
		have = present[f.Sector]
	case "organisations":
		if have > q.Present {
			return lacks("more organisations than seats")
		}
	case "chair-not":
		least = 1
	default:
		return lacks("a rule of the unknown kind %.40q", f.Kind)
	}
	if have != f.Have || f.Have < f.Need || f.Need < least {
		return lacks("%s: %d recorded, %d there, %d needed", f.Kind, f.Have, have, max(f.Need, least))
	}
	return nil
}

func (v Votes) verify(present int) error {
	cast := v.For + v.Against + v.Abstain
	switch {
	case v.For < 0 || v.Against < 0 || v.Abstain < 0 || cast > present:
		return fault.New(fault.Conflict, "more votes than seats")
	case v.Consensus && cast == 0 && !v.Casting:
		return nil
	case v.Consensus:
		return fault.New(fault.Conflict, "a consensus counts no votes")
	case v.For > v.Against || v.For == v.Against && v.For > 0 && v.Casting:
		return nil
	}
	return fault.New(fault.Conflict, "the votes don't carry it: %d for, %d against", v.For, v.Against)
}

func lacks(format string, args ...any) error {
	return fault.New(fault.Conflict, "no quorum: %s", fmt.Sprintf(format, args...))
}
