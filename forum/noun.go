package forum

import (
	"strings"
	"time"

	"github.com/samverk/samverk/network"
)

// TopicID is the id of a Topic.
type TopicID string

// InputID is the id of an Input.
type InputID string

// LiftID is the id of a Lift.
type LiftID string

// SeriesID is the id of a Series.
type SeriesID string

// MeetingID is the id of a Meeting.
type MeetingID string

// ItemID is the id of an agenda's item.
type ItemID string

// DecisionID is the id of a Decision.
type DecisionID string

// MinutesID is the id of Minutes.
type MinutesID string

// PostID is the id of a Post.
type PostID string

// FileID is the id of an Attachment.
type FileID string

// EvidenceID is the id of Evidence.
type EvidenceID string

// State of a topic.
type State string

// The states a topic goes through.
const (
	Raised   State = "raised"
	InInput  State = "input"    // patients are asked
	Prepared State = "prepared" // ready for an agenda
	OnAgenda State = "agenda"
	Decided  State = "decided"
	Returned State = "returned" // came back with reasons: can be prepared again
	Lifted   State = "lifted"   // the parent body has it
	Merged   State = "merged"   // lives on in another topic
	Closed   State = "closed"   // ended without a decision, with the reason
)

// next is where a topic may go from where it is.
var next = map[State][]State{
	Raised:   {InInput, Prepared, Lifted, Merged, Closed},
	InInput:  {Prepared, Lifted, Merged, Closed},
	Prepared: {InInput, OnAgenda, Decided, Lifted, Merged, Closed}, // decided from here: by circulation
	OnAgenda: {Prepared, Decided, Returned, Lifted},
	Returned: {InInput, Prepared, Lifted, Merged, Closed},
	Lifted:   {Returned, Decided}, // returned: the parent's answer; decided: at the parent
	Decided:  {},
	Merged:   {},
	Closed:   {Raised}, // taken up again
}

// Disposition is what became of an input.
type Disposition string

// What can become of an input. It is open until the topic is decided.
const (
	Undisposed Disposition = ""
	Adopted    Disposition = "adopted"
	Partly     Disposition = "partly"
	Declined   Disposition = "declined"
)

// Facets place a topic; each may be empty.
type Facets struct {
	Field string // cancer, rare, infection, common, all
	Level string // visit, unit, region, nation
	Kind  string // need, procedure, data, pilot, measure, education, system
}

// The facets' values, in the order they are shown.
var (
	Fields = []string{"cancer", "rare", "infection", "common", "all"}
	Levels = []string{"visit", "unit", "region", "nation"}
	Kinds  = []string{"need", "procedure", "data", "pilot", "measure", "education", "system"}
)

// Topic is something to be dealt with.
type Topic struct {
	ID          TopicID
	Case        string // its number in the network's register: "SE-2026-0123"
	Root        network.ID
	Network     network.ID
	Body        network.BodyID // "" until it found its group
	State       State
	Title       string
	Text        string // Markdown
	Lang        string
	Facets      Facets
	Visibility  network.Visibility
	RaisedBy    network.PersonID
	RaisedFor   network.OrganisationID // on whose behalf; "" for oneself
	Sector      network.Sector         // whose voice it was raised with; "" for nobody's in particular
	Raised      time.Time
	Moved       time.Time // when it came into its state
	InputUntil  time.Time // zero: not asked for yet
	InputWaived string    // why the chair did without; "" when not
	Into        TopicID   // of a merged topic: what it lives on in
	Version     int64
}

// Scope says who may see the topic.
func (t Topic) Scope() network.Scope {
	return network.Scope{Network: t.Network, Body: t.Body, Visibility: t.Visibility}
}

// Input is what patients said of a topic.
type Input struct {
	ID           InputID
	Topic        TopicID
	Origin       TopicID // that it was given to, where Topic was joined with it since
	Person       network.PersonID
	Name         string // as the contributor wants to be named; "" for "a patient" only
	Organisation network.OrganisationID
	By           network.Text // the organisation it was given for
	Text         string
	Lang         string
	Given        time.Time
	Late         bool          // after the time that was asked for
	Scope        network.Scope // who could see it when it was given, and no others but the bodies that judge it
	Disposition  Disposition
	Reason       string
	Disposed     time.Time
	Decision     DecisionID // that disposed of it; "" when done otherwise
	Version      int64
}

// OneLine tells whether the text is a single paragraph, to be quoted as it is.
func (in Input) OneLine() bool { return !strings.ContainsRune(in.Text, '\n') }

// EffectKind says what a decision leads to.
type EffectKind string

// The kinds of effect; other rooms fill them.
const (
	Policy    EffectKind = "policy"
	FormEff   EffectKind = "form"
	Procedure EffectKind = "procedure"
	Measure   EffectKind = "measure"
	Pilot     EffectKind = "pilot"
	Activity  EffectKind = "activity"
)

// Effect is a typed link from a decision to what it became. Ref and Digest are the other room's own.
type Effect struct {
	Kind   EffectKind
	Ref    string
	Digest [32]byte
	Title  string
}
