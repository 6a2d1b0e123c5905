package learning

import (
	"time"

	"github.com/samverk/samverk/forum"
	"github.com/samverk/samverk/network"
)

// ID is the id of an Activity.
type ID string

// SessionID is the id of a Session.
type SessionID string

// RegistrationID is the id of a Registration.
type RegistrationID string

// Kind of an activity.
type Kind string

// The kinds of activity.
const (
	Course   Kind = "course"
	Webinar  Kind = "webinar"
	Dialogue Kind = "dialogue"
	Circle   Kind = "circle" // studiecirkel
)

// Kinds in the order they are shown.
var Kinds = []Kind{Course, Webinar, Dialogue, Circle}

// Audience is whom an activity is for.
type Audience string

// The audiences.
const (
	Patients        Audience = "patients" // and those close to them
	Representatives Audience = "representatives"
	Professionals   Audience = "professionals"
	Deciders        Audience = "deciders"
	Companies       Audience = "industry"
)

// Audiences in the order they are shown.
var Audiences = []Audience{Patients, Representatives, Professionals, Deciders, Companies}

// State of an activity.
type State string

// The states of an activity.
const (
	Draft     State = "draft"
	Published State = "open"
	Cancelled State = "cancelled"
)

// Activity is what one can take part in.
type Activity struct {
	ID          ID
	Case        string
	Root        network.ID
	Network     network.ID
	Body        network.BodyID // "": the network's own
	Kind        Kind
	Title       string
	Text        string // Markdown
	Lang        string // that it is held in
	Audience    []Audience
	Visibility  network.Visibility // public or network
	State       State
	SelfPaced   bool
	Place       string
	Link        string // for those who have a seat; "" to the others
	Zone        string
	Seats       int // 0: as many as come
	Taken       int
	Accept      int       // hours that an offered seat is kept
	Anyone      bool      // one can register without an account
	Closes      time.Time // the last moment to register; zero: until it begins
	Starts      time.Time // zero when self-paced
	Ends        time.Time
	Attend      int // how many sessions a certificate needs; 0: all
	Certificate bool
	Competence  string // what it teaches; "" for none of those named
	NeedsDays   int    // how long after the end needs are kept
	Decision    forum.DecisionID
	Sequence    int
	Changed     time.Time
	By          network.PersonID
	Why         string // why it is cancelled
	Version     int64
}

// Scope says who may see the activity once it is open.
func (a Activity) Scope() network.Scope {
	return network.Scope{Network: a.Network, Body: a.Body, Visibility: a.Visibility}
}

// Over tells whether it has ended.
func (a Activity) Over(now time.Time) bool { return !a.SelfPaced && !a.Ends.After(now) }

// Begun tells whether its first session has begun.
func (a Activity) Begun(now time.Time) bool { return !a.SelfPaced && !a.Starts.After(now) }

// Takes tells whether one can register now.
func (a Activity) Takes(now time.Time) bool {
	return a.State == Published && !a.Begun(now) && (a.Closes.IsZero() || now.Before(a.Closes))
}

// Free is how many seats are left; false where there is no bound.
func (a Activity) Free() (n int, bounded bool) { return a.Seats - a.Taken, a.Seats > 0 }

// Session is one time that people meet.
type Session struct {
	ID           SessionID
	Starts, Ends time.Time
	Title        string
}

// Standing is how a registration stands.
type Standing string

// The states of a registration.
const (
	Unconfirmed Standing = "unconfirmed" // the mail address isn't confirmed
	Registered  Standing = "registered"
	Waiting     Standing = "waiting"
	Offered     Standing = "offered" // a seat, until a time
	Withdrawn   Standing = "cancelled"
	Lapsed      Standing = "lapsed" // the offer, or what wasn't confirmed
)

// Seated tells whether the registration takes a seat.
func (s Standing) Seated() bool { return s == Registered || s == Offered }

// Over tells whether it is one no more.
func (s Standing) Over() bool { return s == Withdrawn || s == Lapsed }

// Registration is somebody's place.
type Registration struct {
	ID        RegistrationID
	Activity  ID
	Person    network.PersonID // "": without an account, or erased
	Mail      string           // of who has no account; only whoever arranges it is given it
	Name      string
	Lang      string
	State     Standing
	Queue     int64 // where in the order of waiting
	Made      time.Time
	Until     time.Time // when an offer lapses
	Evaluated bool
	Best      int // of the quiz, in per cent; -1: not tried
	Tries     int
	Attended  []SessionID
	Needs     Needs // for whoever arranges it, and for oneself
	Code      string
	Version   int64
}

// Needs are what somebody asks for to take part.
type Needs struct{ Interpreter, Access, Diet string }

// Empty tells whether nothing is asked for.
func (n Needs) Empty() bool { return n == Needs{} }

// Registrant is whose registration of an activity is meant: the one a secret link leads to, or the actor's own.
type Registrant struct {
	Actor    network.Actor
	Activity ID
	Token    string
}
