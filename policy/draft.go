package policy

import (
	"crypto/sha256"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/samverk/samverk/consent"
	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/mandate"
)

// Format names the form that drafts are written in.
const Format = "samverk policy 1"

// Kind is what a question asks for.
type Kind string

// The kinds of question.
const (
	Exists     Kind = "exists"     // whether anybody has it
	Count      Kind = "count"      // how many
	Frequency  Kind = "frequency"  // in how many of those counted
	Phenotypes Kind = "phenotypes" // how many carriers have which signs
	Matching   Kind = "matching"   // whether there is a patient like mine
	Annotate   Kind = "annotate"   // the frequencies of all variants in a file
	Export     Kind = "export"     // the frequencies of all variants of a dataset
)

// Kinds in the order they are shown.
var Kinds = []Kind{Exists, Count, Frequency, Phenotypes, Matching, Annotate, Export}

// bulk tells whether one question gives very many numbers.
func (k Kind) bulk() bool { return k == Annotate || k == Export }

// Precision is how exactly a number is told.
type Precision string

// The precisions.
const (
	Exact  Precision = "exact"
	Banded Precision = "banded"
	YesNo  Precision = "yesno"
)

// Precisions are all there are, the most exact first.
var Precisions = []Precision{Exact, Banded, YesNo}

// Roles in which somebody asks, in the order they are shown.
var Roles = []string{Clinician, Laboratory, Researcher, Steward}

// The roles.
const (
	Clinician  = "clinician"
	Laboratory = "laboratory"
	Researcher = "researcher"
	Steward    = "steward"
)

// clinical are the roles that may have exact counts.
var clinical = []string{Clinician, Laboratory}

// Sectors are the parts of society an asking organisation can be of; network.Sectors has the same.
var Sectors = []string{"care", "academia", "authority", "industry", "patient"}

// Per is how long a budget lasts.
type Per string

// The spans of a budget.
const (
	Lifetime Per = "lifetime"
	Year     Per = "year"
	Day      Per = "day"
)

// Pers in the order they are shown.
var Pers = []Per{Lifetime, Year, Day}

// Text is a text in the languages of the network.
type Text struct {
	SV string `json:"sv,omitempty"`
	NB string `json:"nb,omitempty"`
	EN string `json:"en,omitempty"`
}

// Draft is a policy that somebody proposes.
type Draft struct {
	Format   string    `json:"format"`
	Name     string    `json:"name"`    // of its line: "care-frequency"
	Version  int       `json:"version"` // within its line
	Title    Text      `json:"title"`
	Country  string    `json:"country"`            // ISO 3166-1 alpha-2, whose care it is about
	Datasets []string  `json:"datasets,omitempty"` // none: all
	Rules    []Rule    `json:"rules"`
	Batch    int       `json:"batch,omitempty"` // so many newcomers at least before outsiders see them; 0: at once
	Expires  time.Time `json:"expires,omitzero"`
}

// Rule permits. Every part of it must fit.
type Rule struct {
	Who        Who               `json:"who"`
	Purposes   []consent.Purpose `json:"purposes"`
	Conditions Conditions        `json:"conditions,omitzero"`
	Questions  []Kind            `json:"questions"`
	Precision  Precision         `json:"precision"`
	K          int               `json:"k,omitempty"`    // fewer than so many are never told apart; 0: no such bound
	Zero       bool              `json:"zero,omitempty"` // exact only: nobody at all is told apart from fewer than k
	Budget     Budget            `json:"budget"`
}

// Who may ask. What is empty asks for nothing.
type Who struct {
	SignedIn      bool     `json:"signedIn,omitempty"`
	Sectors       []string `json:"sectors,omitempty"`
	Roles         []string `json:"roles,omitempty"`
	Organisations []string `json:"organisations,omitempty"`
}

// Conditions are what else a use may, or must, be.
type Conditions struct {
	Commercial bool     `json:"commercial,omitempty"` // also uses of commercial interest
	Countries  []string `json:"countries,omitempty"`  // also uses in these, beside the policy's own
	Committee  bool     `json:"committee,omitempty"`  // the asker's assignment must name an ethics committee's approval
}

// IsZero tells that nothing is asked for, also where a list of no countries was given: the text of a draft, and so its digest, is the same.
func (c Conditions) IsZero() bool { return !c.Commercial && !c.Committee && len(c.Countries) == 0 }

// Budget is how many numbers may be asked for. Lifetime ones are the only that bound what can be found out in the long run.
type Budget struct {
	Asker        int `json:"asker,omitempty"` // each person; 0: as many as the organisation
	Organisation int `json:"organisation"`    // each organisation; who isn't signed in: all together, of each dataset
	Per          Per `json:"per"`
}

// Bounds of what a draft may say.
const (
	maxRules  = 50
	maxList   = 200
	maxText   = 200
	maxBudget = 1_000_000_000
	maxK      = 1000
	minK      = 3 // with 2, fewer than two and more than none would be one
	maxBatch  = 100_000
	maxSize   = 1 << 20 // bytes of JSON
)

var (
	slug    = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)
	country = regexp.MustCompile(`^[A-Z]{2}$`)
)

// ID names a policy: its line and version.
func (d Draft) ID() string { return fmt.Sprintf("%s-%d", d.Name, d.Version) }

// Canonical is the draft as it is digested.
func (d Draft) Canonical() ([]byte, error) { return mandate.Canonical(d) }

// Digest is what a decision names: the SHA-256 of the format's name, a line feed and the canonical text.
func (d Draft) Digest() (mandate.Digest, error) {
	b, err := d.Canonical()
	if err != nil {
		return mandate.Digest{}, err
	}
	return sha256.Sum256(append([]byte(Format+"\n"), b...)), nil
}

// ParseDraft reads a draft and refuses whatever it doesn't understand in full.
func ParseDraft(b []byte) (d Draft, err error) {
	if len(b) > maxSize {
		return d, fault.New(fault.Invalid, "a policy of more than %d bytes", maxSize)
	}
	if err := mandate.Decode(b, &d); err != nil {
		return Draft{}, fault.Wrap(fault.Invalid, err, "the policy can't be read").Say("policy.unread")
	}
	if err := d.Check(); err != nil {
		return Draft{}, err
	}
	return d, nil
}

// Check refuses a draft that no body may put in force.
func (d Draft) Check() error {
	switch {
	case d.Format != Format:
		return wrong("format", "a policy is written as %q", Format)
	case !slug.MatchString(d.Name) || len(d.Name) > 60:
		return wrong("name", "a policy's name is small letters, digits and hyphens")
	case d.Version < 1 || d.Version > maxBudget:
		return wrong("version", "versions are counted from 1")
	case !country.MatchString(d.Country):
		return wrong("country", "the country is two capital letters")
	case len(d.Rules) == 0 || len(d.Rules) > maxRules:
		return wrong("rules", "a policy has 1 to %d rules", maxRules).Say("policy.rules", maxRules)
	case d.Batch < 0 || d.Batch > maxBatch:
		return wrong("batch", "newcomers are shown in batches of 0 to %d", maxBatch).Say("policy.batch", maxBatch)
	case !d.Expires.IsZero() && (d.Expires.Location() != time.UTC || d.Expires.Nanosecond() != 0 || d.Expires.Year() > 2999 || d.Expires.Year() < 2000):
		return wrong("expires", "the expiry is a whole second in UTC")
	}
	for lang, s := range map[string]string{"sv": d.Title.SV, "nb": d.Title.NB, "en": d.Title.EN} {
		if err := plain(s); err != nil || s == "" {
			return wrong("title."+lang, "a policy has a title in each language, of at most %d characters", maxText).Say("policy.title")
		}
	}
	if err := list("datasets", d.Datasets, nil, true); err != nil {
		return err
	}
	for i, r := range d.Rules {
		if err := r.check(d.Country); err != nil {
			return within(err, fmt.Sprintf("rules.%d", i))
		}
	}
	return nil
}

func (r Rule) check(home string) error {
	for _, err := range []error{
		list("who.sectors", r.Who.Sectors, Sectors, true),
		list("who.roles", r.Who.Roles, Roles, true),
		list("who.organisations", r.Who.Organisations, nil, true),
		list("purposes", r.Purposes, consent.Purposes(), false),
		list("questions", r.Questions, Kinds, false),
		list("conditions.countries", r.Conditions.Countries, nil, true),
		list("precision", []Precision{r.Precision}, Precisions, false),
		list("budget.per", []Per{r.Budget.Per}, Pers, false),
	} {
		if err != nil {
			return err
		}
	}
	for _, c := range r.Conditions.Countries {
		if !country.MatchString(c) || c == home {
			return wrong("conditions.countries", "other countries are named by two capital letters each").Say("policy.countries")
		}
	}
	b := r.Budget
	switch {
	case r.K != 0 && (r.K < minK || r.K > maxK):
		return wrong("k", "the smallest group is 0 (no bound) or %d to %d", minK, maxK).Say("policy.k", minK, maxK)
	case r.Precision != Exact && r.K == 0:
		return wrong("k", "bands, and yes or no, need a smallest group").Say("policy.k.needed")
	case r.Zero && (r.Precision != Exact || r.K == 0):
		return wrong("zero", "only exact numbers with a smallest group can tell nobody from a few").Say("policy.zero")
	case b.Organisation < 1 || b.Organisation > maxBudget || b.Asker < 0 || b.Asker > b.Organisation:
		return wrong("budget", "a budget is at least 1 for an organisation, and no more for each of its people").Say("policy.budget")
	}
	return r.whom()
}

// whom holds what may be told to whom at all.
func (r Rule) whom() error {
	w := r.Who
	if r.Precision == Exact && !r.mayBeExact() {
		return wrong("precision", "exact numbers are for signed-in clinicians and laboratories, for care, in the country, without commercial interest").
			Say("policy.exact")
	}
	if slices.Contains(r.Questions, Export) && slices.ContainsFunc(r.Purposes, func(p consent.Purpose) bool { return p != consent.Research }) {
		return wrong("questions", "an export is for research").Say("policy.export")
	}
	if w.SignedIn {
		return nil
	}
	switch {
	case len(w.Roles)+len(w.Sectors)+len(w.Organisations) > 0 || r.Conditions.Committee || r.Budget.Asker > 0:
		return wrong("who", "who isn't signed in has no role, organisation, approval or account of their own").Say("policy.anonymous.who")
	case r.Precision != YesNo || len(r.Questions) != 1 || r.Questions[0] != Exists:
		return wrong("precision", "who isn't signed in gets yes or no to whether a variant exists, and nothing else").Say("policy.anonymous")
	case r.Budget.Per != Lifetime:
		return wrong("budget.per", "what all together may ask is for a lifetime").Say("policy.anonymous.budget")
	}
	return nil
}

func (r Rule) mayBeExact() bool {
	outside := func(role string) bool { return !slices.Contains(clinical, role) }
	return r.Who.SignedIn && len(r.Who.Roles) > 0 && !slices.ContainsFunc(r.Who.Roles, outside) &&
		len(r.Purposes) == 1 && r.Purposes[0] == consent.Care && !r.Conditions.Commercial && len(r.Conditions.Countries) == 0
}

// list refuses what is unknown, empty, said twice or too much.
func list[T ~string](at string, have, known []T, mayBeNone bool) error {
	if len(have) == 0 && !mayBeNone {
		return wrong(at, "at least one must be named").Say("policy.none")
	}
	if len(have) > maxList {
		return wrong(at, "more than %d are named", maxList).Say("policy.many", maxList)
	}
	for i, x := range have {
		if known != nil && !slices.Contains(known, x) || x == "" || plain(string(x)) != nil {
			return wrong(at, "%.60q isn't known here", string(x)).Say("policy.unknown", string(x))
		}
		if slices.Contains(have[:i], x) {
			return wrong(at, "%.60q is named twice", string(x)).Say("policy.twice", string(x))
		}
	}
	return nil
}

// plain refuses a text that could be taken for another, or that is too long.
func plain(s string) error {
	if !utf8.ValidString(s) || utf8.RuneCountInString(s) > maxText || strings.TrimSpace(s) != s ||
		strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == utf8.RuneError || r >= 0x7f && r < 0xa0 }) {
		return fault.New(fault.Invalid, "a text is one line of at most %d characters", maxText)
	}
	return nil
}

func wrong(at, format string, args ...any) *fault.Error {
	return fault.New(fault.Invalid, format, args...).Where(at).Say("policy." + strings.ReplaceAll(at, ".", "-"))
}

// within names the rule that a fault is in.
func within(err error, at string) error {
	if e, ok := err.(*fault.Error); ok { //nolint:errorlint // wrong made it
		return e.Where(at + "." + e.At)
	}
	return err
}
