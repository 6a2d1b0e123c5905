package fhir

// These are the parts of R4's types that we write and read; what isn't here is refused. Fields of type any may be there and are not looked at.

type bundle struct {
	ResourceType string  `json:"resourceType"`
	ID           string  `json:"id,omitempty"`
	Meta         *meta   `json:"meta,omitempty"`
	Type         string  `json:"type"`
	Timestamp    string  `json:"timestamp,omitempty"`
	Total        *int    `json:"total,omitempty"`
	Link         []link  `json:"link,omitempty"`
	Entry        []entry `json:"entry,omitempty"`
}

type link struct {
	Relation string `json:"relation"`
	URL      string `json:"url"`
}

type entry struct {
	FullURL  string    `json:"fullUrl"`
	Resource *resource `json:"resource"`
	Search   any       `json:"search,omitempty"`
}

// resource is a Consent.
type resource struct {
	ResourceType     string         `json:"resourceType"`
	ID               string         `json:"id,omitempty"`
	Meta             *meta          `json:"meta,omitempty"`
	Language         string         `json:"language,omitempty"`
	Text             *narrative     `json:"text,omitempty"`
	Extension        []extension    `json:"extension,omitempty"`
	Identifier       any            `json:"identifier,omitempty"`
	Status           string         `json:"status"`
	Scope            concept        `json:"scope"`
	Category         []concept      `json:"category"`
	Patient          *reference     `json:"patient,omitempty"`
	DateTime         string         `json:"dateTime,omitempty"`
	Performer        []reference    `json:"performer,omitempty"`
	Organization     []reference    `json:"organization,omitempty"`
	SourceAttachment any            `json:"sourceAttachment,omitempty"`
	SourceReference  any            `json:"sourceReference,omitempty"`
	Policy           []policy       `json:"policy,omitempty"`
	PolicyRule       *concept       `json:"policyRule,omitempty"`
	Verification     []verification `json:"verification,omitempty"`
	Provision        *provision     `json:"provision,omitempty"`
}

type meta struct {
	VersionID   string   `json:"versionId,omitempty"`
	LastUpdated string   `json:"lastUpdated,omitempty"`
	Source      string   `json:"source,omitempty"`
	Profile     []string `json:"profile,omitempty"`
}

type narrative struct {
	Status string `json:"status"`
	Div    any    `json:"div"`
}

type policy struct {
	Authority string `json:"authority,omitempty"`
	URI       string `json:"uri,omitempty"`
}

type verification struct {
	Verified         bool   `json:"verified"`
	VerifiedWith     any    `json:"verifiedWith,omitempty"`
	VerificationDate string `json:"verificationDate,omitempty"`
}

type provision struct {
	ID                string      `json:"id,omitempty"`
	Extension         []extension `json:"extension,omitempty"`
	ModifierExtension []extension `json:"modifierExtension,omitempty"`
	Type              string      `json:"type,omitempty"`
	Actor             []actor     `json:"actor,omitempty"`
	Purpose           []coding    `json:"purpose,omitempty"`
	Provision         []provision `json:"provision,omitempty"`
}

type actor struct {
	Role      concept   `json:"role"`
	Reference reference `json:"reference"`
}

type concept struct {
	Coding []coding `json:"coding,omitempty"`
	Text   string   `json:"text,omitempty"`
}

type coding struct {
	System  string `json:"system,omitempty"`
	Version string `json:"version,omitempty"`
	Code    string `json:"code,omitempty"`
	Display string `json:"display,omitempty"`
}

type reference struct {
	Reference  string      `json:"reference,omitempty"`
	Type       string      `json:"type,omitempty"`
	Identifier *identifier `json:"identifier,omitempty"`
	Display    string      `json:"display,omitempty"`
}

type identifier struct {
	System string `json:"system,omitempty"`
	Value  string `json:"value,omitempty"`
}

type extension struct {
	URL            string     `json:"url"`
	ValueCode      string     `json:"valueCode,omitempty"`
	ValueCoding    *coding    `json:"valueCoding,omitempty"`
	ValueReference *reference `json:"valueReference,omitempty"`
}

func (c concept) is(system, code string) bool {
	return len(c.Coding) == 1 && c.Coding[0].System == system && c.Coding[0].Code == code
}

func one(system, code, display string) concept {
	return concept{Coding: []coding{{System: system, Code: code, Display: display}}}
}

func (r reference) identified(system string) (string, bool) {
	if r.Identifier == nil || r.Identifier.System != system {
		return "", false
	}
	return r.Identifier.Value, r.Identifier.Value != ""
}
