package consent

import (
	"bytes"
	"crypto/sha256"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/mandate"
	"github.com/samverk/samverk/ontology"
	"github.com/samverk/samverk/storage"
)

// FormFormat is what a form's "format" says.
const FormFormat = "samverk consent form 1"

// Languages are those that a form has to be in.
var Languages = [...]string{"sv", "nb", "en"}

// Text is a text in each of them.
type Text map[string]string

// Form is what people are asked, in one version, and on what legal basis each use of their data rests. What it says is
// never changed: another text has another digest.
type Form struct {
	Format    string     `json:"format"`
	Country   string     `json:"country"` // whose law it is for: ISO 3166-1, two letters
	Version   string     `json:"version"` // as people name it: "3"
	Title     Text       `json:"title"`
	Intro     Text       `json:"intro"`
	Questions []Question `json:"questions"`
	Bases     []Basis    `json:"bases"`
}

// Question asks for one permission.
type Question struct {
	ID         string     `json:"id"`
	Permission Permission `json:"permission"`
	Scope      Scope      `json:"scope,omitempty"`    // of research
	Diseases   []Disease  `json:"diseases,omitempty"` // to choose among, when the scope is that
	DUO        []string   `json:"duo,omitempty"`      // codes that say the same
	Text       Text       `json:"text"`
	Help       Text       `json:"help,omitempty"`
}

// Disease is one that can be chosen.
type Disease struct {
	Code string `json:"code"`
	Name Text   `json:"name"`
}

// Ground is why data may be used.
type Ground string

// The grounds.
const (
	ByConsent   Ground = "consent"   // because they said yes
	ByObjection Ground = "objection" // unless they said no
	ByLaw       Ground = "law"       // without being asked; who has said no all the same is out
)

// Default is whether somebody who has said nothing is counted.
type Default string

// The defaults.
const (
	In  Default = "in"
	Out Default = "out"
)

// Basis is the ground that a permission rests on in the form's country.
type Basis struct {
	Permission Permission `json:"permission"`
	Ground     Ground     `json:"ground"`
	Default    Default    `json:"default"`
	Law        Text       `json:"law"` // the provision, for people to look up
}

// What a form holds is bounded.
const (
	mostQuestions   = 50
	maxFormText     = 8000
	maxForm         = 256 << 10
	mostFormDisease = 500
)

// Digest is the SHA-256 of the form's canonical JSON (RFC 8785).
func (f Form) Digest() (mandate.Digest, error) {
	b, err := f.canonical()
	return mandate.Digest(sha256.Sum256(b)), err
}

func (f Form) canonical() ([]byte, error) {
	b, err := mandate.Canonical(f)
	if err == nil && len(b) > maxForm {
		err = fault.New(fault.Invalid, "the form is longer than %d bytes", maxForm)
	}
	return b, err
}

// ParseForm reads a form's JSON. What it doesn't understand it refuses.
func ParseForm(b []byte) (Form, error) {
	var f Form
	if len(b) > 2*maxForm {
		return f, fault.New(fault.Invalid, "the form is longer than %d bytes", maxForm)
	}
	if err := mandate.Decode(b, &f); err != nil {
		return f, err
	}
	return f, f.Check()
}

// Check says whether a form can be put in force as it is.
func (f Form) Check() error {
	switch {
	case f.Format != FormFormat:
		return wrong("format", "the format is not %q", FormFormat)
	case !isCountry(f.Country):
		return wrong("country", "%.10q is not a country", f.Country)
	case !isName(f.Version):
		return wrong("version", "%.40q is not a version", f.Version)
	case len(f.Questions) > mostQuestions:
		return wrong("questions", "there are more than %d questions", mostQuestions)
	}
	for where, t := range map[string]Text{"title": f.Title, "intro": f.Intro} {
		if err := t.check(where); err != nil {
			return err
		}
	}
	grounds, err := f.bases()
	if err != nil {
		return err
	}
	asked, ids := map[Permission]bool{}, map[string]bool{}
	for _, q := range f.Questions {
		if err := q.check(); err != nil {
			return err
		}
		if ids[q.ID] || asked[q.Permission] {
			return wrong("questions", "question %q is there twice, or asks what another one does", q.ID)
		}
		ids[q.ID], asked[q.Permission] = true, true
		if grounds[q.Permission] == ByLaw {
			return wrong("questions", "question %q asks for what is done by law, whatever is answered", q.ID)
		}
	}
	for p, g := range grounds {
		if g == ByConsent && !asked[p] {
			return wrong("bases", "%s rests on consent, and no question asks for it", p)
		}
	}
	return nil
}

func (f Form) bases() (map[Permission]Ground, error) {
	grounds := map[Permission]Ground{}
	for _, b := range f.Bases {
		if b.Permission.index() < 0 {
			return nil, b.Permission.unknown()
		}
		if grounds[b.Permission] != "" {
			return nil, wrong("bases", "%s has two bases", b.Permission)
		}
		grounds[b.Permission] = b.Ground
		if err := b.Law.check("law"); err != nil {
			return nil, err
		}
		if b.Permission.condition() && b.Ground != ByConsent {
			return nil, wrong("bases", "%s is a condition, and conditions rest on consent: whoever said yes to less is not to be counted for more", b.Permission)
		}
		allowed := map[Ground][]Default{ByConsent: {Out}, ByObjection: {In, Out}, ByLaw: {In}}[b.Ground]
		if !slices.Contains(allowed, b.Default) {
			return nil, wrong("bases", "%s can't rest on %.20q and count those who said nothing as %.20q", b.Permission, b.Ground, b.Default)
		}
	}
	for _, q := range f.Questions {
		if grounds[q.Permission] == "" {
			return nil, wrong("bases", "%.40s is asked for, and has no basis", q.Permission)
		}
	}
	return grounds, nil
}

// scopeCodes are the DUO codes that a question may say it is, by permission and scope. Codes that nobody obeys when counting
// can't be promised.
var scopeCodes = map[Permission]map[Scope][]string{
	Permission(Care):     {General: {ontology.CC}},
	CareAbroad:           {General: nil},
	Permission(Matching): {General: nil},
	MatchingAbroad:       {General: nil},
	Permission(Research): {
		General:  {ontology.GRU, ontology.NPUNCU, ontology.NCU, ontology.NPU, ontology.GS},
		Health:   {ontology.HMB, ontology.NPUNCU, ontology.NCU, ontology.NPU, ontology.GS},
		Diseases: {ontology.DS, ontology.NPUNCU, ontology.NCU, ontology.NPU, ontology.GS},
	},
	ResearchAbroad:     {General: nil},
	ResearchCommercial: {General: nil},
}

func (q Question) check() error {
	if !isName(q.ID) {
		return wrong("questions", "%.40q is not a question's id", q.ID)
	}
	scopes, ok := scopeCodes[q.Permission]
	if !ok {
		return q.Permission.unknown()
	}
	codes, ok := scopes[q.Scope]
	if !ok {
		return wrong("questions", "question %q: %s has no scope %.20q", q.ID, q.Permission, q.Scope)
	}
	for _, c := range q.DUO {
		if code, known := ontology.DUOCode(c); !known || code.ID != c || !slices.Contains(codes, c) {
			return wrong("questions", "question %q: %.20s is not what it asks for, or nothing that can be obeyed when counting", q.ID, c)
		}
	}
	if (q.Scope == Diseases) != (len(q.Diseases) > 0) || len(q.Diseases) > mostFormDisease {
		return wrong("questions", "question %q: diseases are to be named where the scope is, and at most %d", q.ID, mostFormDisease)
	}
	codesSeen := map[string]bool{}
	for _, d := range q.Diseases {
		if !isCode(d.Code) || codesSeen[d.Code] {
			return wrong("questions", "question %q: %.40q is not a disease's id, or is there twice", q.ID, d.Code)
		}
		codesSeen[d.Code] = true
		if err := d.Name.check("disease"); err != nil {
			return err
		}
	}
	if len(q.Help) > 0 {
		if err := q.Help.check("help"); err != nil {
			return err
		}
	}
	return q.Text.check("text")
}

func (t Text) check(where string) error {
	for _, l := range Languages {
		if strings.TrimSpace(t[l]) == "" {
			return wrong(where, "the text is missing in %s", l)
		}
	}
	for l, s := range t {
		if !slices.Contains(Languages[:], l) || len(s) > maxFormText || !utf8.ValidString(s) || strings.ContainsRune(s, 0) {
			return wrong(where, "the text in %.10q is not one of at most %d bytes, or in no language of the form", l, maxFormText)
		}
	}
	return nil
}

// isName tells whether s is a short name: letters, digits, points and hyphens.
func isName(s string) bool {
	return s != "" && len(s) <= 40 && !strings.ContainsFunc(s, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '.' && r != '-'
	})
}

func wrong(where, format string, args ...any) *fault.Error {
	return fault.New(fault.Invalid, format, args...).Where(where).Say("consent.form." + where)
}

// Enacted is a form that a decision put in force.
type Enacted struct {
	Form
	Digest  mandate.Digest
	Begins  time.Time
	Mandate mandate.Mandate

	counts [len(permissions)]bool // those who said nothing are in
	held   time.Time              // when it was recorded: it is not in force before
}

// begins is the moment from which the form counts.
func (e *Enacted) begins() int64 { return max(storage.Micros(e.Begins), storage.Micros(e.held)) }

func enact(digest mandate.Digest, text []byte, m mandate.Mandate, recorded time.Time) (*Enacted, error) {
	var f Form
	if err := mandate.Decode(text, &f); err != nil {
		return nil, err
	}
	if again, err := f.canonical(); err != nil || !bytes.Equal(again, text) || mandate.Digest(sha256.Sum256(text)) != digest {
		return nil, fault.New(fault.Internal, "the form %s is not what was put in force", digest).Do("restore a backup")
	}
	e := &Enacted{Form: f, Digest: digest, Begins: m.InForce, Mandate: m, held: recorded}
	for _, b := range f.Bases {
		i := b.Permission.index()
		if i < 0 {
			return nil, b.Permission.unknown()
		}
		e.counts[i] = b.Default == In
	}
	return e, nil
}

// question finds one by its id.
func (f Form) question(id string) (Question, bool) {
	i := slices.IndexFunc(f.Questions, func(q Question) bool { return q.ID == id })
	if i < 0 {
		return Question{}, false
	}
	return f.Questions[i], true
}
