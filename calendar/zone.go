package calendar

import (
	"fmt"
	"slices"
	"strings"
	"time"

	ics "github.com/arran4/golang-ical"
)

// span is a zone, and from when to when a calendar needs its rules.
type span struct {
	zone     *time.Location
	from, to time.Time
}

// spans gives the zones of events, by name.
func spans(events []Event) ([]span, error) {
	by := map[string]*span{}
	for _, e := range events {
		zone, err := e.check()
		if err != nil {
			return nil, err
		}
		if zone == time.UTC {
			continue
		}
		s, ok := by[zone.String()]
		if !ok {
			s = &span{zone, e.Start, e.End}
			by[zone.String()] = s
		}
		if e.Start.Before(s.from) {
			s.from = e.Start
		}
		if e.End.After(s.to) {
			s.to = e.End
		}
	}
	out := make([]span, 0, len(by))
	for _, s := range by {
		out = append(out, *s)
	}
	slices.SortFunc(out, func(a, b span) int { return strings.Compare(a.zone.String(), b.zone.String()) })
	return out, nil
}

// onset is when a zone's clock began to differ from UTC by another offset.
type onset struct {
	at       time.Time
	from, to int // seconds east of UTC
	name     string
	summer   bool
}

// onsets gives the one in force at the beginning of the span, and those after it up to a year beyond its end: programs
// that move a meeting to another day need them.
func (s span) onsets() []onset {
	out := []onset{s.before(s.from)}
	end := s.to.AddDate(1, 0, 0)
	for t := s.from.In(s.zone); ; {
		_, next := t.ZoneBounds()
		if next.IsZero() || next.After(end) {
			return out
		}
		if o := begun(next); o.from != o.to {
			out = append(out, o)
		}
		t = after(t, next)
	}
}

// before gives the last onset that is not after a time; 1970 where there has been none since.
func (s span) before(t time.Time) onset {
	always := time.Date(1970, 1, 1, 0, 0, 0, 0, s.zone)
	for t = t.In(s.zone); t.After(always); {
		start, _ := t.ZoneBounds()
		if start.IsZero() {
			break
		}
		if o := begun(start); o.from != o.to {
			return o
		}
		t = start.Add(-time.Second)
	}
	name, to := t.Zone()
	return onset{at: always, from: to, to: to, name: name, summer: t.IsDST()}
}

// after goes on to the next bound. ZoneBounds also gives bounds where nothing changes, at the ends of years, and
// in leap years one that is not after the time it was asked for.
func after(t, next time.Time) time.Time {
	if next.After(t) {
		return next
	}
	return t.Add(24 * time.Hour)
}

// begun is the onset at a bound.
func begun(at time.Time) onset {
	name, to := at.Zone()
	_, from := at.Add(-time.Second).Zone()
	return onset{at: at, from: from, to: to, name: name, summer: at.IsDST()}
}

// write adds the zone: each onset of its own, or where all of them are the last Sunday of a month at the same time, as everywhere
// in the European Union, one rule for each of the two.
func (s span) write(cal *ics.Calendar) {
	z := cal.AddTimezone(s.zone.String())
	all := s.onsets()
	rule := len(all) > 1
	for _, o := range all {
		rule = rule && o.lastSunday() && (o.like(all[0]) || o.like(all[1]))
	}
	if rule {
		all = all[:2]
	}
	for _, o := range all {
		c := ics.ComponentBase{}
		c.SetProperty(ics.ComponentPropertyDtStart, o.local().Format(local))
		c.SetProperty(ics.ComponentProperty(ics.PropertyTzoffsetfrom), offset(o.from))
		c.SetProperty(ics.ComponentProperty(ics.PropertyTzoffsetto), offset(o.to))
		c.SetProperty(ics.ComponentProperty(ics.PropertyTzname), o.name)
		if rule {
			c.AddRrule(fmt.Sprintf("FREQ=YEARLY;BYMONTH=%d;BYDAY=-1SU", o.local().Month()))
		}
		if o.summer {
			z.Components = append(z.Components, &ics.Daylight{ComponentBase: c})
		} else {
			z.Components = append(z.Components, &ics.Standard{ComponentBase: c})
		}
	}
}

// local is the onset by the clock that it put forward or back, which is how RFC 5545 wants it.
func (o onset) local() time.Time { return o.at.In(time.FixedZone("", o.from)) }

func (o onset) lastSunday() bool {
	l := o.local()
	return l.Weekday() == time.Sunday && l.AddDate(0, 0, 7).Month() != l.Month()
}

// like tells whether two onsets are the same one in different years.
func (o onset) like(p onset) bool {
	a, b := o.local(), p.local()
	return o.from == p.from && o.to == p.to && o.name == p.name && a.Month() == b.Month() && a.Hour() == b.Hour() && a.Minute() == b.Minute()
}

// offset writes seconds east of UTC as +hhmm, with seconds only where a zone of long ago had them.
func offset(seconds int) string {
	sign := '+'
	if seconds < 0 {
		sign, seconds = '-', -seconds
	}
	s := fmt.Sprintf("%c%02d%02d", sign, seconds/3600, seconds/60%60)
	if rest := seconds % 60; rest != 0 {
		s += fmt.Sprintf("%02d", rest)
	}
	return s
}
