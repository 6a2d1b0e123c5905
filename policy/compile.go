package policy

import (
	mathbits "math/bits"
	"slices"

	"github.com/samverk/samverk/consent"
)

// compiled is a policy made ready for judging.
type compiled struct {
	draft    Draft
	rules    []compiledRule
	verdicts []verdict                    // what each rule gives
	byUse    [maxPurposes][maxKinds][]int // the rules for a purpose and kind of question
	purposes uint16                       // those that any rule is about
	denial   Verdict                      // names the policy, and denies
}

// Sizes of the table of rules; a test holds them to the lists.
const (
	maxPurposes = 4
	maxKinds    = 8
)

// verdict is a Verdict that knows how much it tells: 0 is the most.
type verdict struct {
	Verdict
	tells int
}

// compiledRule is a rule as sets of bits. Names that are anybody's choice are few, and compared one by one.
type compiledRule struct {
	sectors, roles uint16 // 0: any
	rule           Rule
}

func compile(s Signed) *compiled {
	digest, err := s.Draft.Digest()
	if err != nil {
		return &compiled{} // no rule, so it permits nothing; Check has refused such a draft before
	}
	c := &compiled{draft: s.Draft, denial: Verdict{Batch: s.Draft.Batch, Policy: s.Draft.ID(), Digest: digest,
		Decision: s.Mandate.Decision, Number: s.Mandate.Number, Network: s.Mandate.Network, Body: s.Mandate.Body}}
	for i, r := range s.Draft.Rules {
		c.rules = append(c.rules, compiledRule{bits(r.Who.Sectors, Sectors), bits(r.Who.Roles, Roles), r})
		c.purposes |= bits(r.Purposes, purposes)
		for p, purpose := range purposes {
			for q, kind := range Kinds {
				if slices.Contains(r.Purposes, purpose) && slices.Contains(r.Questions, kind) {
					c.byUse[p][q] = append(c.byUse[p][q], i)
				}
			}
		}
		v := c.denial
		v.Allowed, v.Precision, v.K, v.Zero, v.Rule, v.Reason = true, r.Precision, r.K, r.Zero, i+1, Permitted
		if r.Precision == Exact {
			v.Batch = 0 // clinicians under care are no outsiders
		}
		tells := 2 * (slices.Index(Precisions, r.Precision)*(maxK+1) + r.K)
		if !r.Zero {
			tells++
		}
		c.verdicts = append(c.verdicts, verdict{v, tells})
	}
	return c
}

// bits are the places of words in all there are. One that isn't there sets none, so it never fits.
func bits[T ~string](words, all []T) (b uint16) {
	for _, w := range words {
		b |= bit(w, all)
	}
	return b
}

func bit[T ~string](word T, all []T) uint16 {
	for i, w := range all {
		if w == word {
			return 1 << i
		}
	}
	return 0
}

// asked is a question as bits.
type asked struct {
	sector, role, purpose, question uint16
}

var purposes = consent.Purposes()

func (a *Ask) bits() asked {
	return asked{bit(a.Sector, Sectors), bit(a.Role, Roles), bit(a.Use.Purpose, purposes), bit(a.Question, Kinds)}
}

// understood tells whether a question says everything that it must, in words that are known.
func (a *Ask) understood(b asked) bool {
	if b.purpose == 0 || b.question == 0 || a.Cells < 0 || a.Sector != "" && b.sector == 0 || a.Role != "" && b.role == 0 {
		return false
	}
	if a.SignedIn {
		return a.Person != "" && a.Organisation != "" && b.sector != 0 && b.role != 0
	}
	return a.Person == ""
}

// stage is how close a question came to being answered.
type stage uint8

// The stages in the order in which a question fails, and then what somebody has to see to.
const (
	atNothing stage = iota
	atForce
	atDataset
	atPurpose
	atQuestion
	atWho
	atCondition
	atClock
	atFault
	passed
)

var reasons = [...]Reason{NoPolicy, NotInForce, NotDataset, NotPurpose, NotQuestion, NotWho, NotCondition, ClockStepped, Faulty, Permitted}

// judge gives a policy's verdict that tells most.
func (c *compiled) judge(a *Ask, b asked) (best *verdict, failed stage) {
	if len(c.draft.Datasets) > 0 && !slices.Contains(c.draft.Datasets, a.Dataset) {
		return nil, atDataset
	}
	if c.purposes&b.purpose == 0 {
		return nil, atPurpose
	}
	failed = atQuestion
	for _, i := range c.byUse[mathbits.TrailingZeros16(b.purpose)][mathbits.TrailingZeros16(b.question)] {
		if at := c.rules[i].fits(a, b, c.draft.Country); at != passed {
			failed = max(failed, at)
		} else if v := &c.verdicts[i]; best == nil || v.tells < best.tells {
			best = v
		}
	}
	return best, failed
}

func (r *compiledRule) fits(a *Ask, b asked, home string) stage {
	w := &r.rule.Who
	switch {
	case w.SignedIn && !a.SignedIn || r.sectors != 0 && r.sectors&b.sector == 0 || r.roles != 0 && r.roles&b.role == 0 ||
		len(w.Organisations) > 0 && !slices.Contains(w.Organisations, a.Organisation):
		return atWho
	case a.Use.Commercial && !r.rule.Conditions.Commercial || r.rule.Conditions.Committee && a.Approval == "" ||
		a.Use.Country != "" && a.Use.Country != home && !slices.Contains(r.rule.Conditions.Countries, a.Use.Country):
		return atCondition
	}
	return passed
}
