package consent

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/ontology"
)

// Purpose is what data may be used for.
type Purpose string

// The purposes.
const (
	Care     Purpose = "care"     // quality, and frequency for diagnosis
	Matching Purpose = "matching" // finding a patient like mine
	Research Purpose = "research"
)

// purposes in the order of their bits.
var purposes = [...]Purpose{Care, Matching, Research}

// Purposes are all there are.
func Purposes() []Purpose { return append([]Purpose(nil), purposes[:]...) }

// ParsePurpose reads a purpose's name.
func ParsePurpose(s string) (Purpose, error) {
	if p := Purpose(s); p.index() >= 0 {
		return p, nil
	}
	return "", Purpose(s).unknown()
}

// index is a purpose's place in purposes, or -1.
func (p Purpose) index() int {
	switch p {
	case Care:
		return 0
	case Matching:
		return 1
	case Research:
		return 2
	}
	return -1
}

func (p Purpose) unknown() error {
	if p == "" {
		return fault.New(fault.Invalid, "no purpose is given").Do("say care, matching or research")
	}
	return fault.New(fault.Invalid, "%.40q is not a purpose", string(p)).Do("say care, matching or research")
}

// Use is what a question is for. More said about it is narrower, but for Commercial and Country, which have to be allowed
// on their own.
type Use struct {
	Purpose    Purpose
	Health     bool     // research on health, medicine or biology, and not just any
	Diseases   []string // research on these diseases and no others; Health is then implied
	Commercial bool     // for profit
	Country    string   // where it is asked from (ISO 3166-1, two letters); "" is the node's own
}

// plain tells whether a use has no conditions.
func (u Use) plain() bool {
	return !u.Health && len(u.Diseases) == 0 && !u.Commercial && u.Country == ""
}

// A use names so many diseases at most, each of so many bytes.
const (
	mostDiseases = 100
	maxCode      = 100
)

// need is a use in terms of permissions.
type need struct {
	purpose    int
	health     bool
	abroad     bool
	commercial bool
	diseases   []string // own ids, in order, each once
}

// needs reads a use by the form in force. What nobody can have been asked for is refused.
func (s *state) needs(u Use, terms *ontology.Terms) (need, error) {
	n := need{purpose: u.Purpose.index()}
	switch {
	case n.purpose < 0:
		return n, u.Purpose.unknown()
	case u.plain():
		return n, nil
	case s.form == nil:
		return n, fault.New(fault.Invalid, "conditions on a use (health, diseases, commercial, country) can't be evaluated while no form is in force").
			Do("ask for a purpose alone")
	case u.Commercial && commercial[n.purpose] < 0:
		return n, fault.New(fault.Invalid, "nobody is asked whether %s may be commercial", u.Purpose).Do("ask for research")
	case (u.Health || len(u.Diseases) > 0) && u.Purpose != Research:
		return n, fault.New(fault.Invalid, "only research is asked for by what it is on").Do("leave out health and diseases")
	case u.Country != "" && !isCountry(u.Country):
		return n, fault.New(fault.Invalid, "%.10q is not a country", u.Country).Do("write its two letters, as SE or NO")
	case len(u.Diseases) > mostDiseases:
		return n, fault.New(fault.Invalid, "more than %d diseases are asked for at once", mostDiseases)
	}
	for _, d := range u.Diseases {
		if !isCode(d) {
			return n, fault.New(fault.Invalid, "%.40q is not a disease's id", d).Do("write it as MONDO:0005105")
		}
		own, _ := terms.Canonical(d)
		n.diseases = append(n.diseases, own)
	}
	slices.Sort(n.diseases)
	n.diseases = slices.Compact(n.diseases)
	n.health, n.commercial = u.Health || len(n.diseases) > 0, u.Commercial
	n.abroad = u.Country != "" && u.Country != s.form.Country
	return n, nil
}

// isCountry tells whether s could be a country's two letters.
func isCountry(s string) bool {
	return len(s) == 2 && s[0] >= 'A' && s[0] <= 'Z' && s[1] >= 'A' && s[1] <= 'Z'
}

// isCode tells whether s can be a term's id: something, a colon, something, and no space.
func isCode(s string) bool {
	before, after, ok := strings.Cut(s, ":")
	return ok && before != "" && after != "" && len(s) <= maxCode && utf8.ValidString(s) &&
		!strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r == 0x7f })
}

// key names a need among those of one state.
func (n need) key() string {
	flags := byte('0' + n.purpose)
	b := append(make([]byte, 0, 64), flags, flag(n.health), flag(n.abroad), flag(n.commercial))
	for _, d := range n.diseases {
		b = append(append(b, ' '), d...)
	}
	return string(b)
}

func flag(on bool) byte {
	if on {
		return '1'
	}
	return '0'
}
