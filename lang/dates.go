package lang

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// names are the words of the calendar, read from the messages once.
type names struct{ months, short, weekdays []string }

func (l *Words) readNames() error {
	l.names = names{strings.Fields(l.Must("lang.months")), strings.Fields(l.Must("lang.months.short")), strings.Fields(l.Must("lang.weekdays"))}
	if len(l.names.months) != 12 || len(l.names.short) != 12 || len(l.names.weekdays) != 7 {
		return fmt.Errorf("%s: a year has 12 months and a week 7 days", l.Code)
	}
	return nil
}

// Day writes a date in words: 2 december 2026. The time is in the zone it is to be told in.
func (l *Words) Day(t time.Time) string {
	return whole(l.Must("lang.day", strconv.Itoa(t.Day()), l.names.months[t.Month()-1], strconv.Itoa(t.Year())))
}

// NearDay writes a date, without the year when it is now's.
func (l *Words) NearDay(now, t time.Time) string {
	if t.Year() == now.In(t.Location()).Year() {
		return strings.TrimSuffix(l.Day(t), whole(" "+strconv.Itoa(t.Year())))
	}
	return l.Day(t)
}

// whole keeps a date on one line.
func whole(date string) string { return strings.ReplaceAll(date, " ", "\u00a0") }

// ShortDay writes a date of this year in a list: 2 dec.
func (l *Words) ShortDay(t time.Time) string {
	return whole(l.Must("lang.shortday", strconv.Itoa(t.Day()), l.names.short[t.Month()-1]))
}

// Month writes a month: november 2026.
func (l *Words) Month(t time.Time) string {
	return whole(l.Must("lang.month", l.names.months[t.Month()-1], strconv.Itoa(t.Year())))
}

// ShortMonth names a month under a bar: nov.
func (l *Words) ShortMonth(t time.Time) string { return l.names.short[t.Month()-1] }

// Weekday names the day of the week: onsdag.
func (l *Words) Weekday(t time.Time) string { return l.names.weekdays[t.Weekday()] }

// Clock writes the time of day on 24 hours: 9.30, in English 09:30.
func (l *Words) Clock(t time.Time) string {
	hour := strconv.Itoa(t.Hour())
	if l.Code == "en" {
		hour = fmt.Sprintf("%02d", t.Hour())
	}
	return l.Must("lang.clock", hour, fmt.Sprintf("%02d", t.Minute()))
}

// When writes a date and a time of day: 2 december 2026 kl. 9.30. A midnight is the end of the day that people think of: kl. 24.00.
func (l *Words) When(t time.Time) string {
	if t.Hour() == 0 && t.Truncate(time.Minute).Equal(t) && t.Minute() == 0 {
		eve := t.AddDate(0, 0, -1)
		return l.Must("lang.when", l.Day(eve), l.Must("lang.clock", "24", "00"))
	}
	return l.Must("lang.when", l.Day(t), l.Clock(t))
}

// Span writes from when to when: 2 december 2026, 9.30–12.00, or both dates when they differ.
func (l *Words) Span(from, to time.Time) string {
	if days(from, to) == 0 {
		return l.Day(from) + ", " + l.Clock(from) + "–" + l.Clock(to)
	}
	return l.When(from) + " – " + l.When(to)
}

// Days writes a period of whole days: 1 mars 2026–28 februari 2027. Without an end it is "from" or "until", without both "".
func (l *Words) Days(from, to time.Time) string {
	switch {
	case from.IsZero() && to.IsZero():
		return ""
	case to.IsZero():
		return l.Must("lang.from", l.Day(from))
	case from.IsZero():
		return l.Must("lang.until", l.Day(to))
	case days(from, to) == 0:
		return l.Day(from)
	}
	return l.Day(from) + " – " + l.Day(to)
}

// Until tells how long there is left to a deadline, in calendar days of the deadline's zone: om 6 dagar, i morgon,
// i dag, 2 dagar sent.
func (l *Words) Until(now, t time.Time) string {
	switch n := days(now.In(t.Location()), t); {
	case n < 0:
		return l.Must("lang.late", -n)
	case n == 0:
		return l.Must("lang.today")
	case n == 1:
		return l.Must("lang.tomorrow")
	default:
		return l.away("lang.in.", n)
	}
}

// Ago tells how long since something happened: i dag, i går, för 6 dagar sedan.
func (l *Words) Ago(now, t time.Time) string {
	switch n := days(t, now.In(t.Location())); {
	case n <= 0:
		return l.Must("lang.today")
	case n == 1:
		return l.Must("lang.yesterday")
	default:
		return l.away("lang.ago.", n)
	}
}

// away chooses the unit people would: days for three weeks, weeks for two months, months for two years.
func (l *Words) away(key string, n int) string {
	switch {
	case n < 21:
		return l.Must(key+"days", n)
	case n < 61:
		return l.Must(key+"weeks", n/7)
	case n < 730:
		return l.Must(key+"months", int(math.Round(float64(n)/30.44)))
	}
	return l.Must(key+"years", int(math.Round(float64(n)/365.25)))
}

// days counts the midnights from one date to another, whatever the clock and summer time do.
func days(from, to time.Time) int {
	civil := func(t time.Time) time.Time { return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC) }
	return int(math.Round(civil(to).Sub(civil(from)).Hours() / 24))
}

// Duration writes a length of time in its two largest units: 2 timmar 30 minuter.
func (l *Words) Duration(d time.Duration) string {
	minutes := int(d.Round(time.Minute) / time.Minute)
	parts := []struct {
		key string
		n   int
	}{{"lang.days", minutes / (24 * 60)}, {"lang.hours", minutes / 60 % 24}, {"lang.minutes", minutes % 60}}
	var out []string
	for i, p := range parts {
		if p.n > 0 && len(out) < 2 || len(out) == 0 && i == len(parts)-1 {
			out = append(out, l.Must(p.key, p.n))
		}
	}
	return strings.Join(out, " ")
}

// Quote puts the language's quotation marks around what somebody said.
func (l *Words) Quote(s string) string { return l.Must("lang.quote", s) }

// List joins with "and": a, b och c.
func (l *Words) List(items ...string) string { return l.join("lang.and", items) }

// Either joins with "or": a, b eller c.
func (l *Words) Either(items ...string) string { return l.join("lang.or", items) }

func (l *Words) join(key string, items []string) string {
	switch n := len(items); n {
	case 0:
		return ""
	case 1:
		return items[0]
	default:
		return l.Must(key, strings.Join(items[:n-1], ", "), items[n-1])
	}
}
