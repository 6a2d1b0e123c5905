package calendar_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"net/url"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/samverk/samverk/calendar"
	"github.com/samverk/samverk/fault"
)

const atomNS = "http://www.w3.org/2005/Atom"

// element is XML as it stands, to hold against RFC 4287, 4.1.
type element struct {
	XMLName  xml.Name
	Attrs    []xml.Attr `xml:",any,attr"`
	Text     string     `xml:",chardata"`
	Children []element  `xml:",any"`
}

func (e element) all(name string) (out []element) {
	for _, c := range e.Children {
		if c.XMLName.Local == name {
			out = append(out, c)
		}
	}
	return out
}

func (e element) attr(name string) string {
	for _, a := range e.Attrs {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// atom checks what RFC 4287 requires of a feed and gives it.
func atom(t tester, b []byte) element {
	t.Helper()
	d := xml.NewDecoder(bytes.NewReader(b))
	var f element
	if err := d.Decode(&f); err != nil {
		t.Fatalf("not well-formed: %v", err)
	}
	for { // nothing but space after it
		tok, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if c, ok := tok.(xml.CharData); err != nil || !ok || len(bytes.TrimSpace(c)) > 0 {
			t.Fatalf("something after the feed: %v %v", tok, err)
		}
	}
	if f.XMLName.Local != "feed" {
		t.Fatalf("a %s", f.XMLName.Local)
	}
	known := map[string]bool{"id": true, "title": true, "updated": true, "author": true, "link": true, "entry": true, "published": true, "summary": true}
	ids := map[string]bool{}
	for _, e := range append([]element{f}, f.all("entry")...) {
		for _, name := range []string{"id", "title", "updated"} {
			if got := e.all(name); len(got) != 1 || strings.TrimSpace(got[0].Text) == "" && name != "title" {
				t.Fatalf("%s has %d %s", e.XMLName.Local, len(got), name)
			}
		}
		id := e.all("id")[0].Text
		if u, err := url.Parse(id); err != nil || !u.IsAbs() {
			t.Fatalf("id %q is no IRI", id)
		}
		if ids[id] {
			t.Fatalf("id %q twice", id)
		}
		ids[id] = true
		for _, name := range []string{"updated", "published"} {
			for _, d := range e.all(name) {
				if _, err := time.Parse(time.RFC3339, d.Text); err != nil {
					t.Fatal(err)
				}
			}
		}
		alternates := 0
		for _, l := range e.all("link") {
			if u, err := url.Parse(l.attr("href")); err != nil || u.Host == "" {
				t.Fatalf("link to %q", l.attr("href"))
			}
			if l.attr("rel") == "alternate" {
				alternates++
			}
		}
		if alternates != 1 { // an entry without content must have one; two of one type are forbidden
			t.Fatalf("%d alternates", alternates)
		}
		for _, s := range e.all("summary") {
			if s.attr("type") != "text" || len(s.Children) > 0 {
				t.Fatal("a summary that is no text")
			}
		}
		for _, c := range e.Children {
			if c.XMLName.Space != atomNS || !known[c.XMLName.Local] {
				t.Fatalf("a foreign %v", c.XMLName)
			}
		}
	}
	if len(f.all("author")) != 1 || len(f.all("author")[0].all("name")) != 1 {
		t.Fatal("nobody wrote the feed")
	}
	return f
}

var monday = time.Date(2026, 11, 16, 9, 0, 0, 0, time.UTC)

func news() calendar.News {
	return calendar.News{
		ID: "tag:samverk.example.org,2026:body/1", Title: "Styrgruppen", Lang: "sv", Author: "Styrgruppen",
		Self: "https://samverk.example.org/feeds/body/1.atom", Link: "https://samverk.example.org/n/se/bodies/1",
		Entries: []calendar.Entry{
			{ID: "https://samverk.example.org/n/se/decisions/1", Title: "Ett < beslut & \x00 ett ]]>", Link: "https://samverk.example.org/n/se/decisions/1?lang=sv&a=b", Updated: monday, First: monday.Add(-time.Hour), Summary: "<script>alert(1)</script>"},
			{ID: "https://samverk.example.org/n/se/decisions/2", Title: "Ett nyare", Link: "https://samverk.example.org/n/se/decisions/2", Updated: monday.Add(time.Hour), Author: "Norra"},
		},
	}
}

func TestAtom(t *testing.T) {
	b, err := calendar.Atom(news(), monday)
	if err != nil {
		t.Fatal(err)
	}
	f := atom(t, b)
	e := f.all("entry")
	if f.attr("lang") != "sv" || f.all("updated")[0].Text != "2026-11-16T10:00:00Z" || e[0].all("title")[0].Text != "Ett nyare" ||
		e[1].all("title")[0].Text != "Ett < beslut &  ett ]]>" || e[1].all("summary")[0].Text != "<script>alert(1)</script>" ||
		e[1].all("link")[0].attr("href") != "https://samverk.example.org/n/se/decisions/1?lang=sv&a=b" || e[0].all("author")[0].all("name")[0].Text != "Norra" {
		t.Errorf("%s", b)
	}
	if self := f.all("link")[0]; self.attr("rel") != "self" || self.attr("href") != news().Self {
		t.Errorf("%+v", self)
	}
	again, _ := calendar.Atom(news(), monday)
	if !bytes.Equal(b, again) {
		t.Error("the same news gave other bytes")
	}
	empty := news()
	empty.Entries = nil
	if b, err = calendar.Atom(empty, monday); err != nil || atom(t, b).all("updated")[0].Text != "2026-11-16T09:00:00Z" {
		t.Errorf("%s %v", b, err)
	}
}

func TestNewsThatIsNoFeed(t *testing.T) {
	for i, spoil := range []func(*calendar.News){
		func(n *calendar.News) { n.Entries[1].ID = n.Entries[0].ID }, func(n *calendar.News) { n.Entries[0].Updated = time.Time{} },
		func(n *calendar.News) { n.Author = "" }, func(n *calendar.News) { n.Self = "/feeds" },
		func(n *calendar.News) { n.Entries[0].Link = "javascript:alert(1)" }, func(n *calendar.News) { n.Entries[0].Title = "\x01" },
	} {
		n := news()
		spoil(&n)
		if _, err := calendar.Atom(n, monday); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%d: %v", i, err)
		}
	}
}

func TestAnyNews(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := news()
		n.Title, n.Author = "T"+rapid.String().Draw(t, "title"), "A"+rapid.String().Draw(t, "author")
		n.Entries[0].Title, n.Entries[0].Summary = "T"+rapid.String().Draw(t, "entry"), rapid.String().Draw(t, "summary")
		n.Entries[1].Author = rapid.String().Draw(t, "entry's author")
		b, err := calendar.Atom(n, monday)
		if err != nil {
			t.Fatal(err)
		}
		atom(t, b)
	})
}
