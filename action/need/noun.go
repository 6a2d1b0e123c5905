package need

import (
	"time"

	"github.com/samverk/samverk/network"
)

// SurveyID names a survey.
type SurveyID string

// ProposalID names what is proposed in one.
type ProposalID string

// ID names a need.
type ID string

// Phase is how far a survey has come.
type Phase string

// The phases.
const (
	Proposing Phase = "proposing"
	Ranking   Phase = "ranking"
	Closed    Phase = "closed"
)

// Survey asks a network what is needed.
type Survey struct {
	ID           SurveyID
	Case         string
	Root         network.ID
	Network      network.ID
	Title        string
	Text         string // Markdown
	Lang         string
	Visibility   network.Visibility // public or network
	By           network.PersonID
	Created      time.Time
	ProposeUntil time.Time // from then on it is ranked
	RankUntil    time.Time // from then on the result stands
	Version      int64
}

// Phase is where the survey is at a moment.
func (s Survey) Phase(now time.Time) Phase {
	switch {
	case now.Before(s.ProposeUntil):
		return Proposing
	case now.Before(s.RankUntil):
		return Ranking
	}
	return Closed
}

// Scope says who may see the survey.
func (s Survey) Scope() network.Scope {
	return network.Scope{Network: s.Network, Visibility: s.Visibility}
}

// Proposal is something that may be needed.
type Proposal struct {
	ID    ProposalID
	Title string
	Text  string
	Lang  string
	At    time.Time
}

// Places is how many proposals one ranks at most, and FewestPeople how many people a group has that is shown.
const (
	Places       = 5
	FewestPeople = 5
)

// Score is what a proposal came to.
type Score struct {
	Proposal
	Points int // Borda points
	First  int // how many people put it first
	People int // how many ranked it at all
}

// Group is the people of a sector or a region who ranked, and what they put first.
type Group struct {
	Name   string // a sector, or a network's id; "" for no region in particular
	People int
	Best   []Score // the first three, the one with most points before
}

// Result is what a survey came to. Groups that are too small to show are in Hidden.
type Result struct {
	People  int
	Scores  []Score // the most points first
	Sectors []Group
	Regions []Group
	Hidden  int // people in groups that aren't shown, of sectors and of regions together
}

// Kinds of need.
var Kinds = []string{"partner", "opinion", "competence", "site", "other"}

// Need is what somebody seeks.
type Need struct {
	ID         ID
	Case       string
	Root       network.ID
	Network    network.ID
	Kind       string
	Title      string
	Text       string // Markdown
	Lang       string
	Words      []string // what is sought in somebody's profile: a field, a gene, a method
	Visibility network.Visibility
	By         network.PersonID
	Name       string // theirs
	Created    time.Time
	Until      time.Time
	Closed     time.Time // zero: open
	Met        bool
	Version    int64
}

// Scope says who may see the need.
func (n Need) Scope() network.Scope {
	return network.Scope{Network: n.Network, Visibility: n.Visibility}
}

// Open tells whether somebody may still be found for it.
func (n Need) Open(now time.Time) bool { return n.Closed.IsZero() && now.Before(n.Until) }

// Contact is how far a need and somebody have come with each other. The other side's address is empty until both have said yes.
type Contact struct {
	Need      Need
	Person    network.PersonID
	Name      string // the person's
	SeekerYes time.Time
	PersonYes time.Time
	Ended     time.Time
	Seeker    string // how to reach whoever has the need
	Other     string // how to reach the person
}

// Agreed tells whether both have said yes.
func (c Contact) Agreed() bool {
	return !c.SeekerYes.IsZero() && !c.PersonYes.IsZero() && c.Ended.IsZero()
}
