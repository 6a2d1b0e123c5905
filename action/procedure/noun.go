package procedure

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/forum"
	"github.com/samverk/samverk/network"
)

// ID is the id of a Procedure.
type ID string

// Kinds of service, in the order they are shown.
var Kinds = []string{"diagnostics", "treatment", "prevention", "followup"}

// Fields of care, in the order they are shown: those of topics.
var Fields = forum.Fields

// State of a version.
type State string

// The states of a version.
const (
	Draft       State = "draft"
	Recommended State = "recommended" // by a body whose word is for each region to adopt
	Force       State = "force"
	Ended       State = "ended" // another took its place
)

// States in the order they are shown.
var States = []State{Force, Recommended, Draft}

// Answer is what a region says of a version.
type Answer string

// The answers. Unknown is none: nobody can record it.
const (
	Unknown       Answer = ""
	NotConsidered Answer = "notconsidered"
	Considering   Answer = "considering"
	Adopted       Answer = "adopted"
	Deviating     Answer = "deviating" // adopted, with a deviation that is justified
	Declined      Answer = "declined"
)

// Answers in the order they are shown.
var Answers = []Answer{Adopted, Deviating, Considering, NotConsidered, Declined}

// Covers tells whether those who live there get what the procedure says.
func (a Answer) Covers() bool { return a == Adopted || a == Deviating }

// Content is a version's text, section by section.
type Content struct {
	Title    string   `json:"title"`
	Plain    string   `json:"plain,omitempty"`   // in plain words, for patients
	Changes  string   `json:"changes,omitempty"` // what is new, and why
	ForWhom  string   `json:"forWhom,omitempty"`
	Who      string   `json:"who,omitempty"` // who does what
	How      string   `json:"how,omitempty"`
	Fast     string   `json:"howFast,omitempty"`
	Reported string   `json:"reported,omitempty"`
	FollowUp string   `json:"followUp,omitempty"`
	Evidence []Source `json:"evidence,omitempty"`
}

// Source is a piece of evidence.
type Source struct {
	Ref   string `json:"ref"` // a DOI, PMID or web address as forum.ParseReference reads it
	Title string `json:"title,omitempty"`
}

// Href is where to read it.
func (s Source) Href() string {
	ref, err := forum.ParseReference(s.Ref)
	if err != nil {
		return ""
	}
	return ref.Href()
}

// Section is one of a content's parts that are text.
type Section struct{ Key, Text string }

// Sections are a content's texts in the order they are read; empty ones too.
func (c Content) Sections() []Section {
	return []Section{{"plain", c.Plain}, {"forwhom", c.ForWhom}, {"who", c.Who}, {"how", c.How}, {"fast", c.Fast}, {"reported", c.Reported}, {"followup", c.FollowUp}, {"changes", c.Changes}}
}

// Set gives a section its text.
func (c *Content) Set(key, text string) {
	for name, to := range map[string]*string{"title": &c.Title, "plain": &c.Plain, "changes": &c.Changes, "forwhom": &c.ForWhom, "who": &c.Who,
		"how": &c.How, "fast": &c.Fast, "reported": &c.Reported, "followup": &c.FollowUp} {
		if name == key {
			*to = text
		}
	}
}

// References is the evidence as it is typed: a line for each, the reference first.
func (c Content) References() string {
	lines := make([]string, len(c.Evidence))
	for i, s := range c.Evidence {
		lines[i] = strings.TrimSpace(s.Ref + " " + s.Title)
	}
	return strings.Join(lines, "\n")
}

// ReadReferences reads evidence a line at a time: a DOI, a PMID or a web address, and what it is.
func ReadReferences(text string) (out []Source, err error) {
	for _, l := range strings.Split(text, "\n") {
		if l = line(l); l == "" {
			continue
		}
		ref, title, _ := strings.Cut(l, " ")
		if ref = strings.TrimSuffix(ref, ","); strings.EqualFold(ref, "doi:") || strings.EqualFold(ref, "pmid:") || strings.EqualFold(ref, "pmid") {
			ref, title, _ = strings.Cut(title, " ")
		}
		r, err := forum.ParseReference(ref)
		if err != nil {
			return nil, fault.New(fault.Invalid, "%.60q begins with no DOI, PMID or web address", l).Where("evidence").Say("procedure.evidence", clipped(l))
		}
		kept := r.Ref
		if r.Kind == forum.PMID {
			kept = "PMID:" + r.Ref
		}
		out = append(out, Source{Ref: kept, Title: strings.TrimSpace(title)})
	}
	if len(out) > mostEvidence {
		return nil, fault.New(fault.Invalid, "there are more than %d references", mostEvidence).Where("evidence").Say("procedure.evidence.many", mostEvidence)
	}
	return out, nil
}

func clipped(s string) string {
	if r := []rune(s); len(r) > 60 {
		return string(r[:60]) + "…"
	}
	return s
}

// How long texts may be, in characters, and how many references a version has.
const (
	titleLength   = 200
	sectionLength = 20_000
	reasonLength  = 5_000
	mostEvidence  = 100
)

func (c *Content) clean() error {
	c.Title = line(c.Title)
	for _, s := range c.Sections() {
		c.Set(s.Key, typed(s.Text))
	}
	if err := needed("title", c.Title, titleLength); err != nil {
		return err
	}
	for _, s := range c.Sections() {
		if err := short(s.Key, s.Text, sectionLength); err != nil {
			return err
		}
	}
	for i, s := range c.Evidence {
		c.Evidence[i].Title = line(s.Title)
		if err := short("evidence", s.Title, titleLength); err != nil {
			return err
		}
	}
	again, err := ReadReferences(c.References())
	c.Evidence = again
	return err
}

// digest names a text, which is no other procedure's or version's.
func digest(id ID, number int64, content string) [32]byte {
	return sha256.Sum256([]byte("samverk procedure\n" + Ref(id, number) + "\n" + content))
}

// Ref names a version for decisions.
func Ref(id ID, number int64) string { return string(id) + "." + strconv.FormatInt(number, 10) }

// ParseRef reads what Ref wrote.
func ParseRef(ref string) (ID, int64, bool) {
	id, n, ok := strings.Cut(ref, ".")
	number, err := strconv.ParseInt(n, 10, 64)
	return ID(id), number, ok && err == nil && number > 0 && id != ""
}

// Procedure is how something is done.
type Procedure struct {
	ID         ID
	Case       string
	Root       network.ID
	Network    network.ID
	Body       network.BodyID // "": the network's own
	Field      string
	Kind       string
	Lang       string
	Title      string
	Wanted     network.Visibility // once a version is decided
	Visibility network.Visibility // now
	State      State
	Current    int64 // the number of the version decided; 0: none
	Draft      int64 // of the open draft; 0: none
	AnswerBy   time.Time
	Moved      time.Time
	Created    time.Time
}

// Scope says who may see what was decided.
func (p Procedure) Scope() network.Scope {
	return network.Scope{Network: p.Network, Body: p.Body, Visibility: p.Visibility}
}

// Key is a procedure's place in a list.
func (p Procedure) Key() string { return strconv.FormatInt(micros(p.Moved), 10) + "." + string(p.ID) }

// Version is one text of a procedure.
type Version struct {
	Procedure ID
	Number    int64
	State     State
	Was       State // of an ended one
	Edit      int64
	Digest    [32]byte
	Topic     forum.TopicID
	Decision  forum.DecisionID
	Said      string // the decision's number
	Starts    time.Time
	Ends      time.Time
	By        string // who began it; "" once erased
	Created   time.Time
	Content   Content
}

// Kept is one edit of a draft, without its text.
type Kept struct {
	Edit int64
	By   string
	At   time.Time
}

// Reviewer is somebody who was asked to read a draft.
type Reviewer struct {
	Person network.PersonID
	Name   string
	Asked  time.Time
}

// Verdict is what a review comes to.
type Verdict string

// The verdicts.
const (
	Good   Verdict = "good"
	Change Verdict = "change"
)

// Review is what somebody says of a draft.
type Review struct {
	Edit    int64
	Person  network.PersonID
	Name    string
	Verdict Verdict
	Text    string
	At      time.Time
}

// Record is what a region said.
type Record struct {
	Seq    int64
	Region network.ID
	Number int64
	State  Answer
	Day    time.Time // adopted from; else when it was said
	Reason string
	Name   string // whose hand; "" once erased
	At     time.Time
}

// Region is a region as it stands to a procedure.
type Region struct {
	Network network.ID
	Slug    string
	Name    network.Text
	People  Figure // the zero Figure: not known
	Last    Record // the zero Record: it never said anything
	Current int64  // the version decided now
}

// Now is what the region says of the version decided now.
func (r Region) Now() Answer {
	if r.Last.Number == r.Current {
		return r.Last.State
	}
	return Unknown
}

// Follows is the number of the version that the region adopted and hasn't left, as far as its last record tells; 0 for none.
func (r Region) Follows() int64 {
	if r.Last.State.Covers() {
		return r.Last.Number
	}
	return 0
}

func contains[T comparable](all []T, v T) bool { return slices.Contains(all, v) }

func hexed(d [32]byte) string { return hex.EncodeToString(d[:]) }

func unhexed(s string) (d [32]byte, err error) {
	b, err := hex.DecodeString(s)
	if err != nil || len(b) != len(d) {
		return d, cmp.Or[error](err, fault.New(fault.Internal, "a digest can't be read"))
	}
	copy(d[:], b)
	return d, nil
}

func written(c Content) string {
	b, err := json.Marshal(c)
	if err != nil {
		panic(err) // strings
	}
	return string(b)
}
