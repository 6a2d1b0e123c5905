package calendar

import (
	"cmp"
	"net/mail"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	ics "github.com/arran4/golang-ical"

	"github.com/samverk/samverk/fault"
)

// Event is a meeting as a calendar shows it. Times are instants; Zone says by which clock people meet.
type Event struct {
	UID         string // unique in the world and for ever: "01K…@samverk.example.org"
	Sequence    int    // grows with each change that people must know of
	Changed     time.Time
	Title       string
	Description string // short: a calendar is no place for content
	Location    string // a room, or where the link is
	URL         string // the meeting's page
	Start, End  time.Time
	WholeDay    bool   // from the day of Start to that of End, and the person is free
	Zone        string // IANA
	Cancelled   bool
	Categories  []string
	Organizer   Person // a feed can do without: not every site sends mail
}

// Person is who convenes or is convened.
type Person struct {
	Name string
	Mail string
}

// product names the program that wrote the file.
const product = "-//Samverk//Samverk//EN"

// refresh is how often a program may ask for a feed again.
const refresh = "PT1H"

// MIME types of what this package writes.
const (
	FeedType    = "text/calendar; charset=utf-8"
	RequestType = "text/calendar; method=REQUEST"
	CancelType  = "text/calendar; method=CANCEL"
	AtomType    = "application/atom+xml; charset=utf-8"
	InviteFile  = "meeting.ics"
)

// Feed writes events as a calendar to subscribe to, in the order in which they begin.
func Feed(name string, events []Event) ([]byte, error) {
	cal := empty(ics.MethodPublish)
	cal.SetName(text(name))
	cal.SetXWRCalName(text(name))
	cal.SetRefreshInterval(refresh)
	cal.SetXPublishedTTL(refresh)
	return fill(cal, events, nil)
}

// Invitation writes an event as an invitation to one person, or as its cancellation: the type says which, for a mail's part.
func Invitation(e Event, to Person) (b []byte, mime string, err error) {
	method, mime := ics.MethodRequest, RequestType
	if e.Cancelled {
		method, mime = ics.MethodCancel, CancelType
	}
	if !isMail(to.Mail) {
		return nil, "", fault.New(fault.Invalid, "whom a meeting's invitation is for has no mail address").Where("to")
	}
	if e.Organizer.Mail == "" {
		return nil, "", fault.New(fault.Invalid, "nobody is named to whom an invitation is answered").Where("organizer")
	}
	b, err = fill(empty(method), []Event{e}, &to)
	return b, mime, err
}

func empty(method ics.Method) *ics.Calendar {
	cal := ics.NewCalendar()
	cal.SetProductId(product)
	cal.SetCalscale("GREGORIAN")
	cal.SetMethod(method)
	return cal
}

// fill writes the zones that the events need and then the events.
func fill(cal *ics.Calendar, events []Event, to *Person) ([]byte, error) {
	events = slices.Clone(events)
	slices.SortStableFunc(events, func(a, b Event) int {
		return cmp.Or(a.Start.Compare(b.Start), cmp.Compare(a.UID, b.UID))
	})
	zones, err := spans(events)
	if err != nil {
		return nil, err
	}
	for _, z := range zones {
		z.write(cal)
	}
	seen := map[string]bool{}
	for _, e := range events {
		if seen[e.UID] { // programs would take them for one meeting
			return nil, fault.New(fault.Invalid, "two meetings of a calendar have one name").Where("uid")
		}
		seen[e.UID] = true
		if err := e.write(cal, to); err != nil {
			return nil, err
		}
	}
	return []byte(cal.Serialize(ics.WithNewLineWindows)), nil
}

// write adds the event.
func (e Event) write(cal *ics.Calendar, to *Person) error {
	zone, err := e.check()
	if err != nil {
		return err
	}
	v := cal.AddEvent(text(e.UID))
	v.SetDtStampTime(e.Changed)
	v.SetProperty(ics.ComponentPropertyLastModified, e.Changed.UTC().Format(utc))
	v.SetSequence(e.Sequence)
	if e.WholeDay {
		v.SetProperty(ics.ComponentPropertyDtStart, e.Start.In(zone).Format(day), ics.WithValue("DATE"))
		v.SetProperty(ics.ComponentPropertyDtEnd, e.End.In(zone).AddDate(0, 0, 1).Format(day), ics.WithValue("DATE"))
		v.SetTimeTransparency(ics.TransparencyTransparent)
	} else {
		setTime(v, ics.ComponentPropertyDtStart, e.Start, zone)
		setTime(v, ics.ComponentPropertyDtEnd, e.End, zone)
	}
	v.SetSummary(text(e.Title))
	status := ics.ObjectStatusConfirmed
	if e.Cancelled {
		status = ics.ObjectStatusCancelled
	}
	v.SetStatus(status)
	if e.Description != "" {
		v.SetDescription(text(e.Description))
	}
	if e.Location != "" {
		v.SetLocation(text(e.Location))
	}
	if e.URL != "" {
		v.SetURL(e.URL)
	}
	for _, c := range e.Categories {
		v.AddCategory(text(c))
	}
	if e.Organizer.Mail != "" {
		v.SetOrganizer("mailto:"+e.Organizer.Mail, named(e.Organizer)...)
	}
	if to != nil {
		v.AddAttendee("mailto:"+to.Mail, append(named(*to),
			ics.ParticipationStatusNeedsAction, ics.ParticipationRoleReqParticipant, &ics.KeyValues{Key: "RSVP", Value: []string{strings.ToUpper(strconv.FormatBool(!e.Cancelled))}})...)
	}
	return nil
}

// longest is how many characters a value keeps.
const longest = 2000

const (
	utc   = "20060102T150405Z"
	local = "20060102T150405"
	day   = "20060102"
)

// setTime writes an instant by the zone's clock, or in UTC where that clock says the same twice.
func setTime(v *ics.VEvent, p ics.ComponentProperty, t time.Time, zone *time.Location) {
	if zone == time.UTC || twice(t.In(zone)) {
		v.SetProperty(p, t.UTC().Format(utc))
		return
	}
	v.SetProperty(p, t.In(zone).Format(local), ics.WithTZID(zone.String()))
}

// twice tells whether the clock of t's zone shows this time at another instant too.
func twice(t time.Time) bool {
	_, here := t.Zone()
	for _, near := range []time.Duration{-24 * time.Hour, 24 * time.Hour} {
		_, there := t.Add(near).Zone()
		if _, then := t.Add(time.Duration(here-there) * time.Second).Zone(); there != here && then == there {
			return true
		}
	}
	return false
}

// check refuses what no calendar could hold.
func (e Event) check() (*time.Location, error) {
	zone, err := time.LoadLocation(e.Zone)
	wrong := ""
	switch {
	case err != nil || e.Zone == "" || e.Zone == "Local":
		wrong = "zone"
	case text(e.UID) == "":
		wrong = "uid"
	case e.Sequence < 0:
		wrong = "sequence"
	case e.Changed.IsZero():
		wrong = "changed"
	case e.Start.IsZero() || e.End.Before(e.Start):
		wrong = "end"
	case text(e.Title) == "":
		wrong = "title"
	case e.Organizer.Mail != "" && !isMail(e.Organizer.Mail):
		wrong = "organizer"
	case e.URL != "" && !isURL(e.URL):
		wrong = "url"
	}
	if wrong != "" {
		return nil, fault.New(fault.Invalid, "a meeting can't be written for calendars").Where(wrong)
	}
	return zone, nil
}

// isMail accepts an address that can stand in a mailto: as it is.
func isMail(s string) bool {
	a, err := mail.ParseAddress(s)
	return err == nil && a.Address == s && !strings.ContainsFunc(s, func(c rune) bool {
		return c <= ' ' || c > '~' || strings.ContainsRune(`"(),:;<>[\]?&%`, c)
	})
}

func isURL(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" &&
		!strings.ContainsFunc(s, func(c rune) bool { return c <= ' ' || c > '~' })
}

// named gives a person's name as a parameter. A parameter can't hold every character, and those it can't are left out.
func named(p Person) []ics.PropertyParameter {
	name := strings.Join(strings.Fields(strings.Map(func(c rune) rune {
		switch c {
		case '"', ',', ';', ':', '\\', '\n':
			return ' '
		case '\'':
			return '’'
		}
		return c
	}, text(p.Name))), " ")
	if name == "" {
		return nil
	}
	return []ics.PropertyParameter{ics.WithCN(name)}
}

// text makes what people typed a value: valid UTF-8, no control characters but line ends, of bounded length.
func text(s string) string {
	s = strings.Map(func(c rune) rune {
		if c != '\n' && unicode.IsControl(c) {
			return -1
		}
		return c
	}, strings.ToValidUTF8(s, ""))
	if r := []rune(s); len(r) > longest {
		s = string(r[:longest])
	}
	return strings.TrimSpace(s)
}
