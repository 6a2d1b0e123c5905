package plan

import (
	"time"

	"github.com/samverk/samverk/forum"
	"github.com/samverk/samverk/network"
)

// ID is the id of a Plan.
type ID string

// MeasureID is the id of a Measure.
type MeasureID string

// Plan is what a network, a body or an organisation means to do in a period.
type Plan struct {
	ID           ID
	Case         string // its number in the network's register: "SE-2026-0123"
	Root         network.ID
	Network      network.ID
	Body         network.BodyID         // whose it is; "" for the network's own
	Organisation network.OrganisationID // or this organisation's
	Title        string
	Text         string // Markdown
	Lang         string
	Visibility   network.Visibility
	From, To     time.Time // To is the moment after its last day
	Decision     forum.DecisionID
	By           network.PersonID
	Made         time.Time
	Closed       time.Time // zero: it runs
	Version      int64
}

// Scope says who may see the plan.
func (p Plan) Scope() network.Scope {
	return network.Scope{Network: p.Network, Body: p.Body, Visibility: p.Visibility}
}

// Goal is one of a plan's, in a tree.
type Goal struct {
	ID, Parent string // Parent is "" at the top
	Title      string
	Depth      int // 0 at the top
}

// Area is a part of what a plan is about.
type Area struct{ ID, Title string }

// State is how far a measure is.
type State string

// The states. Late is none of them: an open measure is late from the day after it was due.
const (
	Planned State = "planned"
	Active  State = "active"
	Done    State = "done"
	Dropped State = "dropped"
	Late    State = "late" // in filters and what is shown
)

// States in the order they are shown.
var States = []State{Late, Active, Planned, Done, Dropped}

// next is where a measure may go from where it is.
var next = map[State][]State{
	Planned: {Active, Done, Dropped},
	Active:  {Done, Dropped},
	Done:    {Active}, // taken up again
	Dropped: {Active},
}

// Measure is one thing that is to be done.
type Measure struct {
	ID         MeasureID
	Case       string
	Plan       ID
	Root       network.ID
	Network    network.ID // the plan's
	Body       network.BodyID
	Visibility network.Visibility
	Region     network.ID // whom it is for; "" for all of the plan's network
	Area       string
	Goal       string
	What       string
	Why        string // Markdown
	Lang       string
	Priority   int // 1 is first
	Owner      network.PersonID
	OwnerName  string // "" once erased
	Start, Due time.Time
	FirstDue   time.Time
	Moves      int
	Target     string
	Indicator  string
	Decision   forum.DecisionID
	Effect     string
	State      State
	Ended      time.Time // zero: open
	Owed       time.Time // when the oldest report that lacks began to be owed; zero: none
	Made       time.Time
	Version    int64
}

// Scope says who may see the measure, beside its owner.
func (m Measure) Scope() network.Scope {
	return network.Scope{Network: m.Network, Body: m.Body, Visibility: m.Visibility}
}

// Open tells whether there is something left to do.
func (m Measure) Open() bool { return m.State == Planned || m.State == Active }

// Status is the state as it is shown at a moment.
func (m Measure) Status(now time.Time) State {
	if m.Open() && !now.Before(m.Due) {
		return Late
	}
	return m.State
}

// ReportDue tells whether a report is owed at a moment.
func (m Measure) ReportDue(now time.Time) bool { return !m.Owed.IsZero() && !now.Before(m.Owed) }

// ReportMissed tells whether a report has been owed for longer than it may.
func (m Measure) ReportMissed(now time.Time) bool {
	return !m.Owed.IsZero() && now.After(m.Owed.Add(Grace))
}

// Date is a day that a measure was or is due.
type Date struct {
	Due    time.Time
	Reason string // why it was moved there; "" for the first
	By     network.PersonID
	Name   string
	At     time.Time
}

// Step is a state that a measure came into.
type Step struct {
	State  State
	Reason string
	By     network.PersonID
	Name   string
	At     time.Time
}

// Course is how its owner judges that a measure goes.
type Course string

// The courses.
const (
	OnCourse Course = "on"
	AtRisk   Course = "risk"
	Behind   Course = "behind"
)

// Courses in the order they are shown.
var Courses = []Course{OnCourse, AtRisk, Behind}

// Report is how a measure went in a quarter.
type Report struct {
	Quarter Quarter
	Edition int
	Text    string
	Lang    string
	Course  Course
	Value   string // of the indicator, as typed
	Late    bool
	By      network.PersonID
	Name    string
	At      time.Time
}

// Grace is how long after its quarter a report may come.
const Grace = 30 * 24 * time.Hour

// Quarter is four times the year and the quarter from 0.
type Quarter int

// QuarterOf gives the quarter of a moment by its own zone.
func QuarterOf(t time.Time) Quarter { return Quarter(t.Year()*4 + (int(t.Month())-1)/3) }

// Year is the year it is in.
func (q Quarter) Year() int { return int(q) / 4 }

// Number is 1 to 4.
func (q Quarter) Number() int { return int(q)%4 + 1 }

// End is the moment after its last day.
func (q Quarter) End(zone *time.Location) time.Time {
	return time.Date(q.Year(), time.Month(int(q)%4*3+4), 1, 0, 0, 0, 0, zone)
}
