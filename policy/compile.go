package policy

import (
	"slices"

	"github.com/samverk/samverk/consent"
)

// compiled is a policy made ready for judging.
type compiled struct {
	draft    Draft
	verdicts []Verdict // what each rule gives
	rules    []compiledRule
	denial   Verdict // names the policy, and denies
}

// compiledRule is a rule as sets of bits. Names that are anybody's choice are few, and compared one by one.
type compiledRule struct {
	sectors, roles, purposes, questions uint16 // 0 in the first two: any
	rule                                Rule
}

func compile(s Signed) *compiled {
	digest, err := s.Draft.Digest()
	if err != nil {
		return &compiled{} // no rule, so it permits nothing; Check has refused such a draft before
	}
	c := &compiled{draft: s.Draft, denial: Verdict{Batch: s.Draft.Batch, Policy: s.Draft.ID(), Digest: digest,
		Decision: s.Mandate.Decision, Number: s.Mandate.Number, Network: s.Mandate.Network, Body: s.Mandate.Body}}
	for i, r := range s.Draft.Rules {
		c.rules = append(c.rules, compiledRule{bits(r.Who.Sectors, Sectors), bits(r.Who.Roles, Roles), bits(r.Purposes, consent.Purposes()), bits(r.Questions, Kinds), r})
		v := c.denial
		v.Allowed, v.Precision, v.K, v.Rule, v.Reason = true, r.Precision, r.K, i+1, Permitted
		if r.Precision == Exact {
			v.Batch = 0 // clinicians under care are no outsiders
		}
		c.verdicts = append(c.verdicts, v)
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
type asked struct{ sector, role, purpose, question uint16 }

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

// judge gives the most exact verdict of a policy's rules, and of two alike the one that tells smaller groups apart.
func (c *compiled) judge(a *Ask, b asked) (best *Verdict, reason Reason) {
	if len(c.draft.Datasets) > 0 && !slices.Contains(c.draft.Datasets, a.Dataset) {
		return nil, NotDataset
	}
	reason = NotPurpose
	for i := range c.rules {
		why := c.rules[i].fits(a, b, c.draft.Country)
		if why != Permitted {
			if rank(why) > rank(reason) {
				reason = why
			}
			continue
		}
		if v := &c.verdicts[i]; best == nil || v.better(best) {
			best = v
		}
	}
	return best, reason
}

func (r *compiledRule) fits(a *Ask, b asked, home string) Reason {
	w := &r.rule.Who
	switch {
	case r.purposes&b.purpose == 0:
		return NotPurpose
	case r.questions&b.question == 0:
		return NotQuestion
	case w.SignedIn && !a.SignedIn || r.sectors != 0 && r.sectors&b.sector == 0 || r.roles != 0 && r.roles&b.role == 0 ||
		len(w.Organisations) > 0 && !slices.Contains(w.Organisations, a.Organisation):
		return NotWho
	case a.Use.Commercial && !r.rule.Conditions.Commercial || r.rule.Conditions.Committee && a.Approval == "" ||
		a.Use.Country != "" && a.Use.Country != home && !slices.Contains(r.rule.Conditions.Countries, a.Use.Country):
		return NotCondition
	}
	return Permitted
}

// better tells whether a verdict tells more than another.
func (v *Verdict) better(than *Verdict) bool {
	mine, others := slices.Index(Precisions, v.Precision), slices.Index(Precisions, than.Precision)
	return mine < others || mine == others && v.K < than.K
}

// stages in the order in which a question fails, and then what somebody has to see to.
var stages = [...]Reason{NoPolicy, NotInForce, NotDataset, NotPurpose, NotQuestion, NotWho, NotCondition, ClockStepped, Faulty}

// rank is how close a question came to being answered.
func rank(r Reason) int {
	for i, s := range stages {
		if s == r {
			return i
		}
	}
	return -1
}
