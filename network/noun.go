package network

import (
	"encoding/json"
	"time"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/notice"
)

// ID is the id of a Network.
type ID string

// OrganisationID is the id of an Organisation.
type OrganisationID string

// BodyID is the id of a Body.
type BodyID string

// SeatID is the id of a Seat.
type SeatID string

// HoldingID is the id of a seat's holding.
type HoldingID string

// PersonID is the id of a Person; "" is nobody.
type PersonID string

// Text is a text in up to three languages. What is written in one language only is shown in that one.
type Text struct {
	SV string `json:"sv,omitempty"`
	NB string `json:"nb,omitempty"`
	EN string `json:"en,omitempty"`
}

// In gives the text in a language if it is there, else in another, and says in which.
func (t Text) In(lang string) (text, in string) {
	all := [...]struct{ lang, text string }{{"sv", t.SV}, {"nb", t.NB}, {"en", t.EN}}
	for _, one := range all {
		if one.lang == lang && one.text != "" {
			return one.text, one.lang
		}
	}
	for _, one := range all {
		if one.text != "" {
			return one.text, one.lang
		}
	}
	return "", lang
}

// Told gives the text as an argument of a notice: whoever reads it reads their own language.
func (t Text) Told() string { return notice.Name(t.SV, t.NB, t.EN) }

// Column gives the text as a column keeps it.
func (t Text) Column() string {
	b, err := json.Marshal(t)
	if err != nil {
		panic(err) // three strings
	}
	return string(b)
}

// Scan reads a column, for database/sql.
func (t *Text) Scan(column any) error {
	s, ok := column.(string)
	if b, isBytes := column.([]byte); isBytes {
		s, ok = string(b), true
	}
	if !ok {
		return fault.New(fault.Internal, "a text is kept as %T", column)
	}
	*t = Text{}
	if s == "" {
		return nil
	}
	if err := json.Unmarshal([]byte(s), t); err != nil {
		return fault.Wrap(fault.Internal, err, "a text's column can't be read")
	}
	return nil
}

// Sector is the part of society an organisation speaks for.
type Sector string

// The sectors.
const (
	Care      Sector = "care"
	Academia  Sector = "academia"
	Industry  Sector = "industry"
	Patient   Sector = "patient"
	Authority Sector = "authority"
)

// Sectors in the order they are shown, as they sit in the half circle.
var Sectors = []Sector{Care, Academia, Authority, Industry, Patient}

// Kind of a network.
type Kind string

// The kinds of network.
const (
	National Kind = "national"
	Regional Kind = "regional"
	Thematic Kind = "thematic"
)

// OrganisationKind says what an organisation is.
type OrganisationKind string

// The kinds of organisation.
const (
	Region              OrganisationKind = "region" // region, helseforetak
	Hospital            OrganisationKind = "hospital"
	University          OrganisationKind = "university"
	Company             OrganisationKind = "company"
	PublicAuthority     OrganisationKind = "authority"
	PatientOrganisation OrganisationKind = "patient"
	Foundation          OrganisationKind = "foundation"
)

// BodyKind says what a body is.
type BodyKind string

// The kinds of body. The holders of seats in a secretariat coordinate its network.
const (
	SteeringGroup     BodyKind = "steering"
	CoordinationGroup BodyKind = "coordination"
	WorkingGroup      BodyKind = "working"
	ExpertNetwork     BodyKind = "expert"
	Council           BodyKind = "council"
	Secretariat       BodyKind = "secretariat"
)

// Mandate says what a body's word is worth.
type Mandate string

// What a body may do. A body that recommends leaves the adoption to each region.
const (
	Decides    Mandate = "decides"
	Recommends Mandate = "recommends"
	Advises    Mandate = "advises"
)

// Role of a seat.
type Role string

// The roles. Members and chairs vote; a deputy votes when standing in.
const (
	Chair    Role = "chair"
	Member   Role = "member"
	Deputy   Role = "deputy"
	Observer Role = "observer"
)

// Votes tells whether a seat of this role has a vote of its own.
func (r Role) Votes() bool { return r == Chair || r == Member }

// Visibility says who may see a noun.
type Visibility string

// Who may see: everybody; members of the network or of one beneath it; the body's seats and its network's coordinators; the named.
const (
	Public      Visibility = "public"
	NetworkOnly Visibility = "network"
	BodyOnly    Visibility = "body"
	NamedOnly   Visibility = "named"
)

// Network is a node of the tree; its root is the tenant.
type Network struct {
	ID, Parent, Root ID // Parent is "" for a root
	Slug             string
	Kind             Kind
	Name             Text
	About            Text
	Country          string // ISO 3166-1 alpha-2: chooses code lists and default texts
	Lang             string // what the network writes in: "sv"
	Zone             string // IANA, for its meetings
	Field            string // of a thematic network: cancer, rare, infection …; "" for all
	Demo             bool   // a demonstration: every page says so
	Created          time.Time
	Closed           time.Time // zero: open
	Version          int64
}

// Organisation is a party.
type Organisation struct {
	ID      OrganisationID
	Root    ID
	Parent  OrganisationID // the one it is part of
	Kind    OrganisationKind
	Sector  Sector
	Name    Text
	Code    string // in the country's own list (SE county code, NO RHF)
	Web     string
	Closed  time.Time
	Version int64
}

// Body is a group that meets.
type Body struct {
	ID         BodyID
	Network    ID
	Root       ID
	Kind       BodyKind
	Name       Text
	Task       Text // its mandate, in words
	Mandate    Mandate
	Visibility Visibility
	InputDays  int       // how long patients' input is asked for before drafting, days
	AnswerDays int       // how soon a lifted topic is answered, days
	PaperDays  int       // how long before a meeting its papers are due, days
	From, To   time.Time // its term; zero To: without end
	Closed     time.Time
	Version    int64
}

// Seat is a place in a body.
type Seat struct {
	ID        SeatID
	Body      BodyID
	Role      Role
	Sector    Sector
	Nominator OrganisationID // who nominates to it; "" for nobody in particular
	DeputyFor SeatID         // of a deputy: whose; "" for any seat of the sector
	Order     int
	Closed    time.Time
	Version   int64
}

// Held is a seat with who holds it at a certain time.
type Held struct {
	Seat
	NominatorKind OrganisationKind
	NominatorName Text
	Holding       HoldingID
	Person        PersonID // "": vacant
	Name          string   // the person's
	From, To      time.Time
}

// Actor is who acts. The zero Actor is the public.
type Actor struct {
	Person PersonID
	clock  bool
}

// Clock is the actor of what happens because its time has come.
func Clock() Actor { return Actor{clock: true} }

// IsClock tells whether time itself acts.
func (a Actor) IsClock() bool { return a.clock }

// Absent is the one answer for what doesn't exist and for what is not yours.
func Absent() *fault.Error {
	return fault.New(fault.NotFound, "there is no such thing here").Say("absent")
}
