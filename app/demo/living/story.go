package living

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"

	"github.com/samverk/samverk/forum"
	"github.com/samverk/samverk/network"
)

//go:embed story/*.json
var stories embed.FS

// country is what a country's story says beside its topics.
type country struct {
	Root   struct{ Template, Slug string }
	Region string // the slug of the regional network whose coordinator one can sign in as

	First, Last   []string
	Never         []string          // names that are somebody's elsewhere
	People        map[string]string // names of those one can sign in as
	Is, IsEN      map[string]string // what they are
	Cast          []castLine
	Bodies        []bodyLine
	Organisations []organisationLine

	Experts    []profile
	Leads      []profile
	Interests  []interestLine
	Agreements []agreementLine
	Adverts    []advertLine
	Takes      string
	Forward    []string // what candidates say
	News       []post
	Questions  []post
	Faults     []feedback
	Asks       []feedback
	Evidence   []evidenceLine

	Formal, Notes, Reports, Places, Papers []string
	Why, Waive, Dissent, Correction        string
	Pause, Cancel, Recused, Undisposed     string
	DeputyNote, AfterAll                   string
	topics                                 []topic
	procedures                             []procedureLine
}

// castLine gives a seat to somebody one can sign in as: of a role, or the first free one of a sector.
type castLine struct {
	As, Body string
	Role     network.Role
	Sector   network.Sector
	Days     int // until the term ends; 0: as the others'
}

// bodyLine finds a body in the template's tree, and says when it meets.
type bodyLine struct {
	Key, Net string
	Kind     network.BodyKind
	Name     string // part of its English name, where a network has several of a kind
	Every    int    // weeks
	Next     int    // days from now to its next meeting
	Clock    string
	Minutes  int
}

type organisationLine struct {
	Key    string
	Kind   network.OrganisationKind
	Sector network.Sector
	Name   string
}

type profile struct {
	About, Drivers                                           string
	Fields, Genes, Diseases, Methods, Competences, Languages []string
}

type interestLine struct{ Who, Organisation, Text string }

type agreementLine struct {
	Title, Party, Text string
	Days, Review       int
}

type advertLine struct {
	Body   string
	Sector network.Sector
	Text   string
	Days   int
}

type post struct {
	Where, Title, Text string
	Ago                int
	Comments           []string
}

type feedback struct {
	Ago                int
	Page, Text, Answer string
}

type evidenceLine struct{ Title, Ref, Level string }

// topic is a topic's life as it is told. Ago is how many days ago it was raised; Fate where it is to be now, if time allows.
type topic struct {
	Key, Body, By, Facets string
	Title, Text           string
	Ago                   int
	Fate                  string
	Into                  string // of one that is merged
	Related               string
	Waived                bool // the chair does without patients' input
	Reason                string
	Recuse                network.Sector
	In                    []input
	Dec                   *decision
	Notes                 string
	Posts                 []string
	Lift                  *lift
	Up                    *topic // its life at the parent
}

type input struct {
	Text string
	What forum.Disposition
	Why  string
}

type decision struct {
	Title, Text, Rationale string
	Review                 int // days
	Against, Abstain       int
	Dissent, Supersedes    string
	Effects                []struct {
		Kind  forum.EffectKind
		Title string
		Text  string // the name of the text that it puts in force; "": it has a title only
	}
}

type lift struct {
	To, Join, Why, Then, Reason, Delay string
	Criteria                           []string
}

func readCountry(code string, topics ...string) (c country, err error) {
	if err := read(code, &c); err != nil {
		return c, err
	}
	for _, name := range topics {
		var more []topic
		if err := read(name, &more); err != nil {
			return c, err
		}
		c.topics = append(c.topics, more...)
	}
	return c, nil
}

func read(name string, v any) error {
	b, err := stories.ReadFile("story/" + name + ".json")
	if err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return fmt.Errorf("story %s: %w", name, err)
	}
	return nil
}

// countries are the stories there are.
func countries() (all []country, err error) {
	var procedures []procedureLine
	if err := read("procedures", &procedures); err != nil {
		return nil, err
	}
	for _, files := range [][]string{{"se", "se-1", "se-2", "se-3"}, {"no", "no-1"}} {
		c, err := readCountry(files[0], files[1:]...)
		if err != nil {
			return nil, err
		}
		for _, p := range procedures {
			if p.Net == c.Root.Slug {
				c.procedures = append(c.procedures, p)
			}
		}
		all = append(all, c)
	}
	return all, nil
}
