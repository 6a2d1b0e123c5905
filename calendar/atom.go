package calendar

import (
	"cmp"
	"encoding/xml"
	"net/url"
	"slices"
	"time"

	"github.com/gorilla/feeds"

	"github.com/samverk/samverk/fault"
)

// News is an Atom feed: what became of what a body treats.
type News struct {
	ID      string // for ever the same: the feed's own address, or a tag: URI
	Title   string
	Lang    string
	Self    string // where the feed is
	Link    string // the page that tells the same
	Author  string // whose news it is: the network or the body
	Entries []Entry
}

// Entry is one piece of news.
type Entry struct {
	ID      string // for ever the same, also when the entry changes: its permalink
	Title   string
	Link    string
	Author  string // "" for the feed's
	Summary string // plain text
	First   time.Time
	Updated time.Time
}

// atomFeed adds to the library's feed what RFC 4287 recommends: a second link, to itself, and the language.
type atomFeed struct {
	Lang  string           `xml:"xml:lang,attr,omitempty"`
	Links []feeds.AtomLink `xml:"link"`
	feeds.AtomFeed
}

// Atom writes the feed, the newest first. A feed without entries was last updated when empty says.
func Atom(n News, empty time.Time) ([]byte, error) {
	if err := n.check(); err != nil {
		return nil, err
	}
	f := atomFeed{Lang: n.Lang, Links: []feeds.AtomLink{
		{Href: n.Self, Rel: "self", Type: "application/atom+xml"}, {Href: n.Link, Rel: "alternate", Type: "text/html"},
	}}
	f.Xmlns = "http://www.w3.org/2005/Atom"
	f.Id = n.ID
	f.Title, f.Updated = text(n.Title), n.Updated(empty).UTC().Format(time.RFC3339)
	f.Author = &feeds.AtomAuthor{AtomPerson: feeds.AtomPerson{Name: text(n.Author)}}
	for _, e := range n.sorted() {
		f.Entries = append(f.Entries, e.atom())
	}
	b, err := xml.MarshalIndent(f, "", " ")
	if err != nil {
		return nil, fault.Wrap(fault.Internal, err, "a feed can't be written")
	}
	return append([]byte(xml.Header), append(b, '\n')...), nil
}

// Updated is when the newest entry changed.
func (n News) Updated(empty time.Time) time.Time {
	for _, e := range n.Entries {
		if e.Updated.After(empty) {
			empty = e.Updated
		}
	}
	return empty
}

func (n News) sorted() []Entry {
	s := slices.Clone(n.Entries)
	slices.SortStableFunc(s, func(a, b Entry) int { return cmp.Or(b.Updated.Compare(a.Updated), cmp.Compare(a.ID, b.ID)) })
	return s
}

func (e Entry) atom() *feeds.AtomEntry {
	a := &feeds.AtomEntry{
		Id: e.ID, Title: text(e.Title), Updated: e.Updated.UTC().Format(time.RFC3339),
		Links: []feeds.AtomLink{{Href: e.Link, Rel: "alternate", Type: "text/html"}},
	}
	if !e.First.IsZero() {
		a.Published = e.First.UTC().Format(time.RFC3339)
	}
	if e.Summary != "" {
		a.Summary = &feeds.AtomSummary{Content: text(e.Summary), Type: "text"}
	}
	if e.Author != "" {
		a.Author = &feeds.AtomAuthor{AtomPerson: feeds.AtomPerson{Name: text(e.Author)}}
	}
	return a
}

// check refuses what makes no valid feed.
func (n News) check() error {
	wrong := ""
	if !isIRI(n.ID) || text(n.Title) == "" || text(n.Author) == "" || !isURL(n.Self) || !isURL(n.Link) {
		wrong = "feed"
	}
	seen := map[string]bool{}
	for _, e := range n.Entries {
		if !isIRI(e.ID) || seen[e.ID] || text(e.Title) == "" || !isURL(e.Link) || e.Updated.IsZero() {
			wrong = "entry"
		}
		seen[e.ID] = true
	}
	if wrong != "" {
		return fault.New(fault.Invalid, "the news can't be written as a feed").Where(wrong)
	}
	return nil
}

// isIRI accepts what can name a feed or an entry for ever.
func isIRI(s string) bool {
	u, err := url.Parse(s)
	return err == nil && u.IsAbs()
}
