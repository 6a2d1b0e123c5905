package consent

import (
	"fmt"
	"slices"
	"time"

	"github.com/samverk/samverk/ontology"
)

// A DUO match says whether a proposed use of a dataset is what its codes of the Data Use Ontology permit. docs/duo.md
// says the rules for people, and where they differ from DUOS and REMS.

// Condition is one DUO code that data carry, with what it is about.
type Condition struct {
	Code     string    // id or shorthand
	Diseases []string  // DS
	Among    []string  // GS: countries; IS: institutions; US: users; PS: projects; RS: types of research
	Until    time.Time // TS: the last moment of use; MOR: no publication before
}

// Fact is what is known of a proposal: established, not merely claimed.
type Fact uint8

// Facts.
const (
	Unknown Fact = iota
	Yes
	No
)

// Aim is what a proposed use is, in DUO's terms.
type Aim string

// The aims.
const (
	AimGeneral  Aim = "general"  // any research
	AimHealth   Aim = "health"   // health, medical or biomedical research
	AimDisease  Aim = "disease"  // research on named diseases
	AimAncestry Aim = "ancestry" // population origins or ancestry
	AimMethods  Aim = "methods"  // development of methods
	AimCare     Aim = "care"     // clinical care
)

// Aims are all there are.
func Aims() []Aim {
	return []Aim{AimGeneral, AimHealth, AimDisease, AimAncestry, AimMethods, AimCare}
}

// Proposal is a use that somebody asks for.
type Proposal struct {
	Aim           Aim
	Diseases      []string // of AimDisease
	Country       string
	Institution   string
	User          string
	Project       string
	Topic         string    // the type of research
	Until         time.Time // when the use ends
	PublishFrom   time.Time // when results are published
	NotForProfit  Fact      // the organisation is
	NonCommercial Fact      // the use is
	Ethics        Fact      // approval has been shown
	Collaborates  Fact      // agreed with those who hold the data
	Publishes     Fact
	Returns       Fact // derived data go back
	Genetic       Fact // studies genotypes, alone or with phenotypes
	Methods       Fact // develops methods, whatever else it does
}

// Verdict of a match.
type Verdict uint8

// The verdicts, the strongest last: one denial denies, and what a person has to judge isn't allowed by the rest.
const (
	Allow Verdict = iota
	Ask
	Deny
)

func (v Verdict) String() string { return [...]string{"allow", "ask", "deny"}[min(v, Deny)] }

// Reason is what one code says of a proposal.
type Reason struct {
	Code    string // shorthand; "" when no code is there that should be
	Verdict Verdict
	Why     string
}

// Matched is a verdict with its reasons, one for each code.
type Matched struct {
	Verdict Verdict
	Reasons []Reason
}

// Match judges a proposal by the conditions that data carry. A dataset without a permission is denied; a condition that can't
// be decided, or isn't known, goes to a person.
func Match(data []Condition, p Proposal, terms *ontology.Terms) Matched {
	var m Matched
	if !slices.Contains(Aims(), p.Aim) {
		return m.add("", Deny, "what the use is for isn't said")
	}
	permitted, permissions, care := 0, 0, false
	for _, c := range data {
		code, known := ontology.DUOCode(c.Code)
		switch {
		case !known:
			m = m.add(c.Code, Ask, "this code isn't known")
		case code.ID == ontology.CC:
			care = true
			m = m.add(code.Short, Allow, "clinical care is permitted beside")
		case code.Modifier:
			v, why := c.modifies(code.ID, p)
			m = m.add(code.Short, v, why)
		default:
			permissions++
			v, why := c.permits(code.ID, p, terms)
			if p.Aim == AimCare && v == Deny { // CC decides
				v, why = Allow, "a permission for research"
			} else if v == Allow {
				permitted++
			}
			m = m.add(code.Short, v, why)
		}
	}
	switch {
	case p.Aim == AimCare && !care && permitted == 0:
		m = m.add("", Deny, "no code permits clinical care")
	case p.Aim != AimCare && permissions == 0:
		m = m.add("", Deny, "no code permits research")
	case permissions > 1 && permitted > 0 && m.Verdict == Deny && m.onlyPermissionsDeny():
		m = m.weigh()
	}
	return m
}

func (m Matched) add(code string, v Verdict, why string) Matched {
	m.Reasons = append(m.Reasons, Reason{code, v, why})
	m.Verdict = max(m.Verdict, v)
	return m
}

// onlyPermissionsDeny tells whether what denies is one permission beside another that allows.
func (m Matched) onlyPermissionsDeny() bool {
	return !slices.ContainsFunc(m.Reasons, func(r Reason) bool {
		code, known := ontology.DUOCode(r.Code)
		return r.Verdict == Deny && (!known || code.Modifier)
	})
}

// weigh gives permissions that contradict each other to a person.
func (m Matched) weigh() Matched {
	m.Verdict = Ask
	for i := range m.Reasons {
		if r := &m.Reasons[i]; r.Verdict == Deny {
			r.Verdict, r.Why = Ask, r.Why+"; another permission does"
		}
	}
	return m
}

// permits judges by a permission: GRU ⊃ HMB ⊃ DS, with POA beside HMB under GRU.
func (c Condition) permits(code string, p Proposal, terms *ontology.Terms) (Verdict, string) {
	switch code {
	case ontology.NRES:
		return Allow, "no restriction"
	case ontology.GRU:
		if p.Aim == AimCare {
			return Deny, "permits research, not care"
		}
		return Allow, "any research is permitted"
	case ontology.HMB:
		switch p.Aim {
		case AimHealth, AimDisease:
			return Allow, "health research is permitted"
		case AimMethods:
			return Ask, "whether these methods are for health has to be judged"
		}
		return Deny, "permits health research only"
	case ontology.POA:
		switch p.Aim {
		case AimAncestry:
			return Allow, "ancestry research is permitted"
		case AimMethods:
			return Ask, "whether these methods are for ancestry research has to be judged"
		}
		return Deny, "permits ancestry research only"
	case ontology.DS:
		return c.onDiseases(p, terms)
	}
	return Ask, "this permission has to be judged"
}

func (c Condition) onDiseases(p Proposal, terms *ontology.Terms) (Verdict, string) {
	switch {
	case len(c.Diseases) == 0:
		return Deny, "permits research on diseases, and names none"
	case p.Aim == AimMethods:
		return Ask, "whether these methods are for the disease has to be judged"
	case p.Aim != AimDisease || len(p.Diseases) == 0:
		return Deny, "permits research on named diseases only"
	}
	verdict, why := Allow, "every disease is one of those named, or a kind of one"
	for _, d := range p.Diseases {
		if slices.ContainsFunc(c.Diseases, func(named string) bool { return terms.Is(d, named) }) {
			continue
		}
		if _, known := terms.Canonical(d); known {
			return Deny, fmt.Sprintf("%s is none of the diseases named, and no kind of one", d)
		}
		verdict, why = Ask, fmt.Sprintf("what %s is a kind of isn't known here", d)
	}
	return verdict, why
}

// modifies judges by a condition beside the permission.
func (c Condition) modifies(code string, p Proposal) (Verdict, string) {
	switch code {
	case ontology.NPU:
		return p.NotForProfit.needed("the organisation is not for profit")
	case ontology.NCU:
		return p.NonCommercial.needed("the use is not commercial")
	case ontology.NPUNCU:
		v, why := p.NotForProfit.needed("the organisation is not for profit")
		w, also := p.NonCommercial.needed("the use is not commercial")
		if w > v {
			return w, also
		}
		return v, why
	case ontology.IRB:
		return p.Ethics.needed("approval of an ethics board has been shown")
	case ontology.COL:
		return p.Collaborates.needed("collaboration is agreed")
	case ontology.PUB:
		return p.Publishes.needed("results will be published")
	case ontology.RTN:
		return p.Returns.needed("derived data will be returned")
	case ontology.GSO:
		return p.Genetic.needed("the study is genetic")
	case ontology.NMDS:
		if p.Aim == AimMethods {
			return Deny, "no development of methods"
		}
		return p.Methods.not().needed("no methods are developed")
	case ontology.NPOA:
		switch p.Aim {
		case AimAncestry:
			return Deny, "no ancestry research"
		case AimGeneral:
			return Ask, "whether it is about ancestry has to be judged"
		}
		return Allow, "no ancestry research, and it is none"
	case ontology.GS:
		return c.among(p.Country, "the country")
	case ontology.IS:
		return c.among(p.Institution, "the institution")
	case ontology.US:
		return c.among(p.User, "the user")
	case ontology.PS:
		return c.among(p.Project, "the project")
	case ontology.RS:
		if v, why := c.among(p.Topic, "the type of research"); v == Allow {
			return v, why
		}
		return Ask, "whether it is that type of research has to be judged"
	case ontology.TS:
		switch {
		case c.Until.IsZero() || p.Until.IsZero():
			return Ask, "until when isn't known"
		case p.Until.After(c.Until):
			return Deny, "the use would go on too long"
		}
		return Allow, "the use ends in time"
	case ontology.MOR:
		switch {
		case p.Publishes == No:
			return Allow, "nothing will be published"
		case c.Until.IsZero() || p.PublishFrom.IsZero():
			return Ask, "from when isn't known"
		case p.PublishFrom.Before(c.Until):
			return Deny, "it would be published too early"
		}
		return Allow, "it is published after the moratorium"
	}
	return Ask, "this condition has to be judged"
}

// needed judges by something that has to be so.
func (f Fact) needed(what string) (Verdict, string) {
	switch f {
	case Yes:
		return Allow, what
	case No:
		return Deny, "it isn't so that " + what
	}
	return Ask, "whether " + what + " has to be judged"
}

func (f Fact) not() Fact {
	switch f {
	case Yes:
		return No
	case No:
		return Yes
	}
	return Unknown
}

// among judges by a list that something has to be on.
func (c Condition) among(value, what string) (Verdict, string) {
	switch {
	case len(c.Among) == 0 || value == "":
		return Ask, what + " isn't known"
	case slices.Contains(c.Among, value):
		return Allow, what + " is one of those named"
	}
	return Deny, what + " is none of those named"
}
