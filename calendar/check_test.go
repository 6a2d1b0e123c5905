package calendar_test

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"time"
	"unicode/utf8"
)

// What follows reads iCalendar by RFC 5545 alone, and knows nothing of the library that wrote it.

// tester is what a test and a rapid test have in common.
type tester interface {
	Helper()
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}

// property is a content line.
type property struct {
	name   string
	params map[string]string
	value  string
}

// component is what stands between BEGIN and END.
type component struct {
	name     string
	props    []property
	children []*component
}

func (c *component) all(name string) (out []property) {
	for _, p := range c.props {
		if p.name == name {
			out = append(out, p)
		}
	}
	return out
}

func (c *component) one(t tester, name string) property {
	t.Helper()
	p := c.all(name)
	if len(p) != 1 {
		t.Fatalf("%s has %d %s, must have one", c.name, len(p), name)
	}
	return p[0]
}

func (c *component) kids(name string) (out []*component) {
	for _, k := range c.children {
		if k.name == name {
			out = append(out, k)
		}
	}
	return out
}

// iana-token, param and value as in RFC 5545, 3.1.
var contentLine = regexp.MustCompile(`^([A-Z0-9-]+)((?:;[A-Z0-9-]+=(?:"[^"\x00-\x08\x0a-\x1f\x7f]*"|[^"\x00-\x08\x0a-\x1f\x7f;:,]*))*):([^\x00-\x08\x0a-\x1f\x7f]*)$`)

// textValue is 3.3.11: what is escaped, and nothing left that should be.
var textValue = regexp.MustCompile(`^(?:[^\\;,\x00-\x08\x0a-\x1f\x7f]|\\[\\;,Nn])*$`)

var isText = map[string]bool{"SUMMARY": true, "LOCATION": true, "DESCRIPTION": true, "CATEGORIES": true, "UID": true, "NAME": true,
	"X-WR-CALNAME": true, "PRODID": true, "TZNAME": true, "TZID": true}

var valueForms = map[string]*regexp.Regexp{
	"VERSION": regexp.MustCompile(`^2\.0$`), "CALSCALE": regexp.MustCompile(`^GREGORIAN$`),
	"METHOD": regexp.MustCompile(`^(PUBLISH|REQUEST|CANCEL)$`), "SEQUENCE": regexp.MustCompile(`^\d+$`),
	"DTSTAMP": regexp.MustCompile(`^\d{8}T\d{6}Z$`), "LAST-MODIFIED": regexp.MustCompile(`^\d{8}T\d{6}Z$`),
	"DTSTART": regexp.MustCompile(`^\d{8}T\d{6}Z?$`), "DTEND": regexp.MustCompile(`^\d{8}T\d{6}Z?$`),
	"STATUS":     regexp.MustCompile(`^(CONFIRMED|CANCELLED)$`),
	"ORGANIZER":  regexp.MustCompile(`^mailto:[\x21-\x7e]+$`),
	"ATTENDEE":   regexp.MustCompile(`^mailto:[\x21-\x7e]+$`),
	"URL":        regexp.MustCompile(`^https?://[\x21-\x7e]+$`),
	"TZOFFSETTO": regexp.MustCompile(`^[+-]\d{4}(\d\d)?$`), "TZOFFSETFROM": regexp.MustCompile(`^[+-]\d{4}(\d\d)?$`),
	"RRULE":            regexp.MustCompile(`^FREQ=YEARLY;BYMONTH=\d+;BYDAY=-1SU$`),
	"REFRESH-INTERVAL": regexp.MustCompile(`^PT\d+H$`), "X-PUBLISHED-TTL": regexp.MustCompile(`^PT\d+H$`),
}

// read checks the grammar and gives the calendar.
func read(t tester, b []byte) *component {
	t.Helper()
	if !utf8.Valid(b) {
		t.Fatal("not UTF-8")
	}
	s, ok := strings.CutSuffix(string(b), "\r\n")
	if !ok {
		t.Fatal("the last line doesn't end")
	}
	var lines []string
	for _, l := range strings.Split(s, "\r\n") {
		if len(l) > 75 {
			t.Fatalf("a line of %d octets: %q", len(l), l)
		}
		if !utf8.ValidString(l) || strings.ContainsAny(l, "\r\n") {
			t.Fatalf("a line that is broken: %q", l)
		}
		if rest, folded := strings.CutPrefix(l, " "); folded && len(lines) > 0 {
			lines[len(lines)-1] += rest
			continue
		}
		lines = append(lines, l)
	}
	root := &component{}
	stack := []*component{root}
	for _, l := range lines {
		m := contentLine.FindStringSubmatch(l)
		if m == nil {
			t.Fatalf("not a content line: %q", l)
		}
		p := property{name: m[1], params: map[string]string{}, value: m[3]}
		for _, one := range strings.FieldsFunc(m[2], func(c rune) bool { return c == ';' }) {
			k, v, _ := strings.Cut(one, "=")
			p.params[k] = strings.Trim(v, `"`)
		}
		top := stack[len(stack)-1]
		switch p.name {
		case "BEGIN":
			c := &component{name: p.value}
			top.children = append(top.children, c)
			stack = append(stack, c)
		case "END":
			if top.name != p.value {
				t.Fatalf("END:%s ends %s", p.value, top.name)
			}
			stack = stack[:len(stack)-1]
		default:
			if isText[p.name] {
				if !textValue.MatchString(p.value) {
					t.Fatalf("%s is no text: %q", p.name, p.value)
				}
			} else if form, known := valueForms[p.name]; !known || !form.MatchString(p.value) {
				t.Fatalf("%s: %q", p.name, p.value)
			}
			top.props = append(top.props, p)
		}
	}
	if len(stack) != 1 || len(root.children) != 1 || root.children[0].name != "VCALENDAR" {
		t.Fatal("not one calendar")
	}
	check(t, root.children[0])
	return root.children[0]
}

// check holds a calendar to what RFC 5545, 3.6 and RFC 5546, 3.2 require of its parts.
func check(t tester, cal *component) {
	t.Helper()
	cal.one(t, "VERSION")
	cal.one(t, "PRODID")
	method := cal.one(t, "METHOD").value
	zones := map[string]bool{}
	for _, z := range cal.kids("VTIMEZONE") {
		id := z.one(t, "TZID").value
		if zones[id] || len(z.children) == 0 {
			t.Fatalf("zone %s is there twice, or empty", id)
		}
		zones[id] = true
		for _, o := range z.children {
			if o.name != "STANDARD" && o.name != "DAYLIGHT" {
				t.Fatalf("a zone has a %s", o.name)
			}
			if start := o.one(t, "DTSTART"); strings.HasSuffix(start.value, "Z") || len(start.params) > 0 {
				t.Fatal("a zone's onset must be a local time")
			}
			o.one(t, "TZOFFSETFROM")
			o.one(t, "TZOFFSETTO")
		}
	}
	used := map[string]bool{}
	for _, e := range cal.kids("VEVENT") {
		for _, name := range []string{"UID", "DTSTAMP", "DTSTART", "DTEND", "SUMMARY", "SEQUENCE", "STATUS"} {
			e.one(t, name)
		}
		for _, name := range []string{"LOCATION", "DESCRIPTION", "URL", "LAST-MODIFIED", "ORGANIZER"} {
			if len(e.all(name)) > 1 {
				t.Fatalf("%s twice", name)
			}
		}
		for _, name := range []string{"DTSTART", "DTEND"} {
			p := e.one(t, name)
			if id, local := p.params["TZID"]; local == strings.HasSuffix(p.value, "Z") || local && !zones[id] {
				t.Fatalf("%s:%s in zone %q", name, p.value, id)
			} else if local {
				used[id] = true
			}
		}
		if invites := method != "PUBLISH"; invites != (len(e.all("ATTENDEE")) == 1) || invites && len(e.all("ORGANIZER")) != 1 {
			t.Fatalf("%s with %d attendees and %d organizers", method, len(e.all("ATTENDEE")), len(e.all("ORGANIZER")))
		}
		if (method == "CANCEL") != (e.one(t, "STATUS").value == "CANCELLED") && method != "PUBLISH" {
			t.Fatalf("%s of a %s meeting", method, e.one(t, "STATUS").value)
		}
	}
}

func unescape(s string) string {
	return strings.NewReplacer(`\\`, `\`, `\n`, "\n", `\N`, "\n", `\;`, ";", `\,`, ",").Replace(s)
}

// instant resolves a date by the rules that the calendar itself carries.
func (c *component) instant(t tester, p property) time.Time {
	t.Helper()
	if strings.HasSuffix(p.value, "Z") {
		at, err := time.Parse("20060102T150405Z", p.value)
		if err != nil {
			t.Fatal(err)
		}
		return at
	}
	wall, err := time.Parse("20060102T150405", p.value)
	if err != nil {
		t.Fatal(err)
	}
	for _, z := range c.kids("VTIMEZONE") {
		if z.one(t, "TZID").value == p.params["TZID"] {
			return wall.Add(-z.offsetAt(t, wall))
		}
	}
	t.Fatalf("no zone %s", p.params["TZID"])
	return wall
}

// offsetAt is the TZOFFSETTO of the last onset that is not after a local time (3.6.5).
func (c *component) offsetAt(t tester, wall time.Time) time.Duration {
	t.Helper()
	var best time.Time
	var offset time.Duration
	found := false
	for _, o := range c.children {
		for _, at := range o.onsets(t, wall.Year()) {
			if !at.After(wall) && (!found || at.After(best)) {
				best, offset, found = at, seconds(t, o.one(t, "TZOFFSETTO").value), true
			}
		}
	}
	if !found {
		t.Fatalf("the zone says nothing of %v", wall)
	}
	return offset
}

func (c *component) onsets(t tester, until int) []time.Time {
	t.Helper()
	first, err := time.Parse("20060102T150405", c.one(t, "DTSTART").value)
	if err != nil {
		t.Fatal(err)
	}
	out := []time.Time{first}
	if len(c.all("RRULE")) == 0 {
		return out
	}
	var month int
	if _, err := fmt.Sscanf(c.one(t, "RRULE").value, "FREQ=YEARLY;BYMONTH=%d;BYDAY=-1SU", &month); err != nil {
		t.Fatal(err)
	}
	for y := first.Year(); y <= until; y++ {
		d := time.Date(y, time.Month(month)+1, 0, first.Hour(), first.Minute(), first.Second(), 0, time.UTC)
		d = d.AddDate(0, 0, -int(d.Weekday()))
		if d.After(first) {
			out = append(out, d)
		} else if y == first.Year() && !d.Equal(first) {
			t.Fatalf("DTSTART %v is not the rule's first", first)
		}
	}
	return slices.Compact(out)
}

func seconds(t tester, s string) time.Duration {
	t.Helper()
	n, err := strconv.Atoi(s[1:])
	if err != nil {
		t.Fatal(err)
	}
	if len(s) == 5 {
		n *= 100
	}
	d := time.Duration(n/10000)*time.Hour + time.Duration(n/100%100)*time.Minute + time.Duration(n%100)*time.Second
	if s[0] == '-' {
		return -d
	}
	return d
}
