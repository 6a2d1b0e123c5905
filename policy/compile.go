package policy

import (
	"cmp"
	mathbits "math/bits"
	"slices"

	"github.com/samverk/samverk/consent"
)

// compiled is a policy made ready for judging: for each thing that is asked about a question, the rules that it fits. What fits all of them is
// allowed, however many rules there are.
type compiled struct {
	draft    Draft
	denial   Verdict   // names the policy, and denies
	verdicts []verdict // what the rules give, what tells most first: rules are numbered by this order

	purposes, kinds, sectors, roles words
	organisations                   names
	unsigned                        rules // for who isn't signed in, too
	commercial                      rules // for a commercial use, too
	unapproved                      rules // without a committee's approval, too
	countries                       names // other than the policy's own
}

// verdict is a Verdict that knows how much it tells: 0 is the most.
type verdict struct {
	Verdict
	tells int
}

// rules is a set of a policy's rules.
type rules uint64

// words are the rules that each of a few words fits; the last are those that none of them does.
type words [17]rules

func (w *words) add(r rules, fit uint16, any bool) {
	for i := range w {
		if any || fit>>i&1 == 1 {
			w[i] |= r
		}
	}
}

func (w *words) fit(bit uint16) rules { return w[mathbits.TrailingZeros16(bit)] }

// names are the rules that a name fits, of those that are anybody's choice.
type names struct {
	any   rules
	named map[string]rules
}

func (n *names) add(r rules, all []string) {
	for _, name := range all {
		if n.named == nil {
			n.named = map[string]rules{}
		}
		n.named[name] |= r
	}
}

// fit gives those of some rules that a name fits. It is looked up only where that matters.
func (n *names) fit(some rules, name string) rules {
	if some&^n.any == 0 {
		return some
	}
	return some & (n.any | n.named[name])
}

func compile(s Signed) *compiled {
	digest, err := s.Draft.Digest()
	if err != nil {
		return &compiled{} // no rule, so it permits nothing; Check has refused such a draft before
	}
	c := &compiled{draft: s.Draft, denial: Verdict{Batch: s.Draft.Batch, Policy: s.Draft.ID(), Digest: digest,
		Decision: s.Mandate.Decision, Number: s.Mandate.Number, Network: s.Mandate.Network, Body: s.Mandate.Body}}
	for i, r := range s.Draft.Rules {
		c.verdicts = append(c.verdicts, c.verdict(i, r))
	}
	slices.SortStableFunc(c.verdicts, func(v, w verdict) int { return cmp.Compare(v.tells, w.tells) })
	for i, v := range c.verdicts {
		c.add(1<<i, s.Draft.Rules[v.Rule-1])
	}
	return c
}

// verdict is what the rule with an index gives.
func (c *compiled) verdict(i int, r Rule) verdict {
	v := c.denial
	v.Allowed, v.Precision, v.K, v.Zero, v.Rule, v.Reason = true, r.Precision, r.K, r.Zero, i+1, Permitted
	if r.Precision == Exact {
		v.Batch = 0 // clinicians under care are no outsiders
	}
	tells := 2 * (slices.Index(Precisions, r.Precision)*(maxK+1) + r.K)
	if !r.Zero {
		tells++
	}
	return verdict{v, tells}
}

func (c *compiled) add(rule rules, r Rule) {
	c.purposes.add(rule, bits(r.Purposes, purposes), false)
	c.kinds.add(rule, bits(r.Questions, Kinds), false)
	c.sectors.add(rule, bits(r.Who.Sectors, Sectors), len(r.Who.Sectors) == 0)
	c.roles.add(rule, bits(r.Who.Roles, Roles), len(r.Who.Roles) == 0)
	c.organisations.add(rule, r.Who.Organisations)
	c.countries.add(rule, r.Conditions.Countries)
	for _, x := range []struct {
		fits bool
		to   *rules
	}{
		{len(r.Who.Organisations) == 0, &c.organisations.any}, {!r.Who.SignedIn, &c.unsigned},
		{r.Conditions.Commercial, &c.commercial}, {!r.Conditions.Committee, &c.unapproved},
	} {
		if x.fits {
			*x.to |= rule
		}
	}
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

// judge gives a policy's verdict that tells most, or how close the question came.
func (c *compiled) judge(a *Ask, b asked) (*verdict, stage) {
	if len(c.draft.Datasets) > 0 && !slices.Contains(c.draft.Datasets, a.Dataset) {
		return nil, atDataset
	}
	fit := c.purposes.fit(b.purpose)
	if fit == 0 {
		return nil, atPurpose
	}
	if fit &= c.kinds.fit(b.question); fit == 0 {
		return nil, atQuestion
	}
	if fit = c.who(fit, a, b); fit == 0 {
		return nil, atWho
	}
	if fit = c.conditions(fit, a); fit == 0 {
		return nil, atCondition
	}
	return &c.verdicts[mathbits.TrailingZeros64(uint64(fit))], passed
}

// who gives those of some rules that are for who asks.
func (c *compiled) who(fit rules, a *Ask, b asked) rules {
	fit &= c.sectors.fit(b.sector) & c.roles.fit(b.role)
	if !a.SignedIn {
		fit &= c.unsigned
	}
	return c.organisations.fit(fit, a.Organisation)
}

// conditions gives those of some rules whose conditions hold.
func (c *compiled) conditions(fit rules, a *Ask) rules {
	if a.Use.Commercial {
		fit &= c.commercial
	}
	if a.Approval == "" {
		fit &= c.unapproved
	}
	if a.Use.Country == "" || a.Use.Country == c.draft.Country {
		return fit
	}
	return c.countries.fit(fit, a.Use.Country)
}
