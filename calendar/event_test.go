package calendar_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	ics "github.com/arran4/golang-ical"
	"pgregory.net/rapid"

	"github.com/samverk/samverk/calendar"
	"github.com/samverk/samverk/fault"
)

func zone(t tester, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

func meeting(t tester, at, in string) calendar.Event {
	t.Helper()
	start, err := time.ParseInLocation("2006-01-02 15:04", at, zone(t, in))
	if err != nil {
		t.Fatal(err)
	}
	return calendar.Event{
		UID: "m1@samverk.example.org", Sequence: 2, Changed: time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC),
		Title: "Styrgruppen; möte 4, ordinarie", Location: "Sal 3\nUppsala", URL: "https://samverk.example.org/n/se/meetings/1",
		Start: start, End: start.Add(150 * time.Minute), Zone: in, Categories: []string{"Styrgrupp", "Cancer, ärftlig"},
		Organizer: calendar.Person{Name: "Kansliet: \"GMS\", nationellt", Mail: "kansli@example.org"},
	}
}

func named(e calendar.Event, uid string) calendar.Event {
	e.UID = uid
	return e
}

func feed(t tester, events ...calendar.Event) ([]byte, *component) {
	t.Helper()
	b, err := calendar.Feed("Styrgruppen, möten", events)
	if err != nil {
		t.Fatal(err)
	}
	return b, read(t, b)
}

func TestFeedSaysWhatTheMeetingIs(t *testing.T) {
	e := meeting(t, "2026-12-02 09:30", "Europe/Stockholm")
	e.Description = strings.Repeat("Handlingar: åäö \\ ; , ”citat” ", 20) + "\r\nEND:VEVENT\x00"
	b, cal := feed(t, e)
	v := cal.kids("VEVENT")[0]
	for name, want := range map[string]string{
		"SUMMARY": e.Title, "LOCATION": e.Location, "UID": e.UID, "STATUS": "CONFIRMED", "SEQUENCE": "2", "URL": e.URL,
		"DTSTAMP": "20261101T120000Z", "DTSTART": "20261202T093000", "DTEND": "20261202T120000", "ORGANIZER": "mailto:kansli@example.org",
		"DESCRIPTION": strings.TrimSuffix(strings.ReplaceAll(e.Description, "\r", ""), "\x00"),
	} {
		if got := unescape(v.one(t, name).value); got != want {
			t.Errorf("%s = %q, want %q", name, got, want)
		}
	}
	if got := v.one(t, "ORGANIZER").params["CN"]; got != "Kansliet GMS nationellt" {
		t.Errorf("CN = %q", got)
	}
	if c := v.all("CATEGORIES"); len(c) != 2 || unescape(c[1].value) != "Cancer, ärftlig" {
		t.Errorf("CATEGORIES %v", c)
	}
	if n := cal.one(t, "NAME").value; unescape(n) != "Styrgruppen, möten" {
		t.Errorf("NAME %q", n)
	}
	if r := cal.one(t, "REFRESH-INTERVAL"); r.params["VALUE"] != "DURATION" {
		t.Errorf("%v", r)
	}
	again, _ := feed(t, e)
	if !bytes.Equal(b, again) {
		t.Error("the same event gave other bytes")
	}
	parsed, err := ics.ParseCalendar(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	if start, err := parsed.Events()[0].GetStartAt(); err != nil || !start.Equal(e.Start) {
		t.Errorf("the library reads %v, %v", start, err)
	}
}

func TestWholeDay(t *testing.T) {
	e := meeting(t, "2026-12-02 23:59", "Europe/Stockholm")
	e.WholeDay, e.End = true, e.Start
	b, err := calendar.Feed("Svara", []calendar.Event{e})
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"DTSTART;VALUE=DATE:20261202", "DTEND;VALUE=DATE:20261203", "TRANSP:TRANSPARENT"} {
		if !bytes.Contains(b, []byte(line+"\r\n")) {
			t.Errorf("no line %s in\n%s", line, b)
		}
	}
	parsed, err := ics.ParseCalendar(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	if start, err := parsed.Events()[0].GetAllDayStartAt(); err != nil || start.Format(time.DateOnly) != "2026-12-02" {
		t.Errorf("the library reads %v, %v", start, err)
	}
}

// The nights when clocks change: every instant must come back by the zone's rules in the file, and by a
// reader that takes the rules from its own system.
func TestNightsWhenClocksChange(t *testing.T) {
	for _, in := range []string{"Europe/Stockholm", "Europe/Oslo", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca", "Asia/Kolkata", "UTC", "Atlantic/Reykjavik"} {
		z := zone(t, in)
		var events []calendar.Event
		for _, night := range []time.Time{
			time.Date(2026, 3, 28, 22, 0, 0, 0, time.UTC), time.Date(2026, 10, 24, 22, 0, 0, 0, time.UTC),
			time.Date(2026, 3, 8, 4, 0, 0, 0, time.UTC), time.Date(2026, 11, 1, 3, 0, 0, 0, time.UTC),
			time.Date(2026, 4, 4, 13, 0, 0, 0, time.UTC), time.Date(2026, 2, 14, 20, 0, 0, 0, time.UTC),
		} {
			for half := range 16 {
				e := meeting(t, "2026-01-01 00:00", "UTC")
				e.Zone, e.Start = in, night.Add(time.Duration(half)*30*time.Minute).In(z)
				e.End = e.Start.Add(time.Hour)
				e.UID = e.Start.UTC().Format(time.RFC3339)
				events = append(events, e)
			}
		}
		b, cal := feed(t, events...)
		parsed, err := ics.ParseCalendar(bytes.NewReader(b))
		if err != nil {
			t.Fatal(err)
		}
		for i, v := range cal.kids("VEVENT") {
			want, err := time.Parse(time.RFC3339, unescape(v.one(t, "UID").value))
			if err != nil {
				t.Fatal(err)
			}
			if got := cal.instant(t, v.one(t, "DTSTART")); !got.Equal(want) {
				t.Errorf("%s: %s is %v by the file's rules, want %v", in, v.one(t, "DTSTART").value, got, want)
			}
			if got, err := parsed.Events()[i].GetStartAt(); err != nil || !got.Equal(want) {
				t.Errorf("%s: the library reads %v, %v, want %v", in, got, err, want)
			}
		}
	}
}

func TestHalfPastTwo(t *testing.T) {
	for _, in := range []string{"Europe/Stockholm", "Europe/Oslo"} {
		// In spring there is no 02:30; whoever convened it meant 03:30 or 01:30, an instant in either case.
		_, cal := feed(t, meeting(t, "2026-03-29 02:30", in))
		if v := cal.kids("VEVENT")[0].one(t, "DTSTART").value; v != "20260329T033000" && v != "20260329T013000" {
			t.Errorf("%s: %s", in, v)
		}
		// In autumn there are two: only UTC tells them apart.
		for hour, want := range map[int]string{0: "20261025T003000Z", 1: "20261025T013000Z"} {
			e := meeting(t, "2026-10-25 00:00", in)
			e.Start = time.Date(2026, 10, 25, hour, 30, 0, 0, time.UTC)
			e.End = e.Start.Add(time.Hour)
			_, cal := feed(t, e)
			if v := cal.kids("VEVENT")[0].one(t, "DTSTART").value; v != want {
				t.Errorf("%s: %s, want %s", in, v, want)
			}
		}
		_, cal = feed(t, meeting(t, "2026-10-25 03:00", in), named(meeting(t, "2026-10-25 01:59", in), "m2"))
		for i, want := range []string{"20261025T015900", "20261025T030000"} {
			if v := cal.kids("VEVENT")[i].one(t, "DTSTART").value; v != want {
				t.Errorf("%s: %s, want %s", in, v, want)
			}
		}
	}
}

func TestZoneIsTwoRulesInEurope(t *testing.T) {
	_, cal := feed(t, meeting(t, "2026-12-02 09:30", "Europe/Oslo"), named(meeting(t, "2028-06-02 09:30", "Europe/Oslo"), "m2"))
	z := cal.kids("VTIMEZONE")[0]
	if len(z.children) != 2 || z.children[0].name != "STANDARD" || z.children[0].one(t, "RRULE").value != "FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU" ||
		z.children[1].one(t, "TZNAME").value != "CEST" {
		t.Errorf("%+v", z)
	}
}

func TestInvitation(t *testing.T) {
	e := meeting(t, "2026-12-02 09:30", "Europe/Stockholm")
	to := calendar.Person{Name: "Maja O'Hara, Lund", Mail: "maja@example.org"}
	b, mime, err := calendar.Invitation(e, to)
	if err != nil {
		t.Fatal(err)
	}
	cal := read(t, b)
	a := cal.kids("VEVENT")[0].one(t, "ATTENDEE")
	if cal.one(t, "METHOD").value != "REQUEST" || mime != calendar.RequestType || a.value != "mailto:maja@example.org" ||
		a.params["CN"] != "Maja O’Hara Lund" || a.params["RSVP"] != "TRUE" || a.params["PARTSTAT"] != "NEEDS-ACTION" {
		t.Errorf("%s %+v", mime, a)
	}
	e.Cancelled, e.Sequence = true, 3
	b, mime, err = calendar.Invitation(e, to)
	if err != nil {
		t.Fatal(err)
	}
	if cal := read(t, b); cal.one(t, "METHOD").value != "CANCEL" || mime != calendar.CancelType {
		t.Error("a cancelled meeting is no CANCEL")
	}
	for _, bad := range []string{"", "maja", "maja@example.org\r\nX:1", "a@b,c@d", "Maja <maja@example.org>", "å@example.org", "a@b?subject=x"} {
		if _, _, err := calendar.Invitation(e, calendar.Person{Mail: bad}); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestWhatNoCalendarCanHold(t *testing.T) {
	for name, spoil := range map[string]func(*calendar.Event){
		"zone": func(e *calendar.Event) { e.Zone = "Europe/Nowhere" }, "uid": func(e *calendar.Event) { e.UID = " " },
		"changed": func(e *calendar.Event) { e.Changed = time.Time{} }, "end": func(e *calendar.Event) { e.End = e.Start.Add(-1) },
		"title": func(e *calendar.Event) { e.Title = "\x00" }, "organizer": func(e *calendar.Event) { e.Organizer.Mail = "Kansliet <kansli@example.org>" },
		"url": func(e *calendar.Event) { e.URL = "javascript:alert(1)" },
	} {
		e := meeting(t, "2026-12-02 09:30", "Europe/Stockholm")
		spoil(&e)
		if _, err := calendar.Feed("x", []calendar.Event{e}); fault.KindOf(err) != fault.Invalid || !strings.HasPrefix(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
	silent := meeting(t, "2026-12-02 09:30", "Europe/Stockholm")
	silent.Organizer = calendar.Person{}
	if _, cal := feed(t, silent); len(cal.kids("VEVENT")[0].all("ORGANIZER")) != 0 {
		t.Error("a site without mail names an organizer")
	}
	if _, _, err := calendar.Invitation(silent, calendar.Person{Mail: "maja@example.org"}); fault.KindOf(err) != fault.Invalid {
		t.Errorf("an invitation that can't be answered: %v", err)
	}
	twice := meeting(t, "2026-12-02 09:30", "Europe/Stockholm")
	if _, err := calendar.Feed("x", []calendar.Event{twice, twice}); fault.KindOf(err) != fault.Invalid {
		t.Errorf("one meeting twice: %v", err)
	}
	if _, cal := feed(t); len(cal.children) != 0 {
		t.Error("an empty feed has something in it")
	}
}

// Whatever people type and whenever they meet, the file keeps to the grammar and tells the same.
func TestAnyMeetings(t *testing.T) {
	zones := []string{"Europe/Stockholm", "Europe/Oslo", "Europe/London", "America/New_York", "Asia/Tokyo", "Africa/Casablanca", "Australia/Lord_Howe", "Europe/Dublin"}
	rapid.Check(t, func(t *rapid.T) {
		var events []calendar.Event
		typed := rapid.OneOf(rapid.String(), rapid.StringMatching(`[a-zåäö \n,;:"\\]{0,200}`))
		for i := range rapid.IntRange(1, 5).Draw(t, "events") {
			start := time.Unix(rapid.Int64Range(40_000_000, 2_500_000_000).Draw(t, "start"), 0).UTC()
			events = append(events, calendar.Event{
				UID: fmt.Sprint(i, rapid.StringMatching(`[a-z0-9]{1,80}@example\.org`).Draw(t, "uid")), Changed: start, Sequence: rapid.IntRange(0, 9).Draw(t, "sequence"),
				Title: "T" + typed.Draw(t, "title"), Description: typed.Draw(t, "description"), Location: typed.Draw(t, "location"),
				Start: start, End: start.Add(time.Duration(rapid.IntRange(0, 3000).Draw(t, "minutes")) * time.Minute),
				Zone: rapid.SampledFrom(zones).Draw(t, "zone"), Categories: []string{typed.Draw(t, "category")},
				Organizer: calendar.Person{Name: typed.Draw(t, "organizer"), Mail: "kansli@example.org"},
			})
		}
		b, err := calendar.Feed(typed.Draw(t, "name"), events)
		if err != nil {
			t.Fatal(err)
		}
		cal := read(t, b)
		starts := map[string]time.Time{}
		for _, e := range events {
			starts[e.UID] = e.Start
		}
		for _, v := range cal.kids("VEVENT") {
			want := starts[unescape(v.one(t, "UID").value)]
			if got := cal.instant(t, v.one(t, "DTSTART")); !got.Equal(want) {
				t.Fatalf("%v, want %v", got, want)
			}
		}
		if _, err := ics.ParseCalendar(bytes.NewReader(b)); err != nil {
			t.Fatal(err)
		}
	})
}

func FuzzFeed(f *testing.F) {
	f.Add("Möte", "Sal\n3", "END:VEVENT\r\n", int64(1_800_000_000))
	f.Fuzz(func(t *testing.T, title, place, text string, at int64) {
		if at < 40_000_000 || at > 4_000_000_000 {
			t.Skip()
		}
		start := time.Unix(at, 0)
		b, err := calendar.Feed(text, []calendar.Event{{
			UID: "1@example.org", Changed: start, Title: "T" + title, Location: place, Description: text, Categories: []string{text}, Start: start, End: start.Add(time.Hour),
			Zone: "Europe/Stockholm", Organizer: calendar.Person{Name: text, Mail: "a@example.org"},
		}})
		if err != nil {
			t.Fatal(err)
		}
		cal := read(t, b)
		if got := cal.instant(t, cal.kids("VEVENT")[0].one(t, "DTSTART")); !got.Equal(start) {
			t.Errorf("%v, want %v", got, start)
		}
	})
}
