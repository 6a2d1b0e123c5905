package lang

import (
	"slices"
	"strings"
	"testing"
	"time"
)

func TestDates(t *testing.T) {
	w := words(t)
	zone, err := time.LoadLocation("Europe/Stockholm")
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 12, 2, 9, 5, 0, 0, zone)
	for code, want := range map[string][]string{
		"sv": {"2\u00a0december\u00a02026", "2\u00a0dec", "onsdag", "9.05", "2\u00a0december\u00a02026 kl. 9.05", "december\u00a02026", "2\u00a0december\u00a02026, 9.05–12.00", "från 2\u00a0december\u00a02026", "2\u00a0december\u00a02026 – 4\u00a0december\u00a02026"},
		"nb": {"2.\u00a0desember\u00a02026", "2.\u00a0des.", "onsdag", "9.05", "2.\u00a0desember\u00a02026 kl. 9.05", "desember\u00a02026", "2.\u00a0desember\u00a02026, 9.05–12.00", "fra 2.\u00a0desember\u00a02026", "2.\u00a0desember\u00a02026 – 4.\u00a0desember\u00a02026"},
		"en": {"2\u00a0December\u00a02026", "2\u00a0Dec", "Wednesday", "09:05", "2\u00a0December\u00a02026 at 09:05", "December\u00a02026", "2\u00a0December\u00a02026, 09:05–12:00", "from 2\u00a0December\u00a02026", "2\u00a0December\u00a02026 – 4\u00a0December\u00a02026"},
	} {
		l := w[code]
		got := []string{
			l.Day(at), l.ShortDay(at), l.Weekday(at), l.Clock(at), l.When(at), l.Month(at), l.Span(at, at.Add(175*time.Minute)),
			l.Days(at, time.Time{}), l.Days(at, at.AddDate(0, 0, 2)),
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s:\n%q\n%q", code, got, want)
		}
	}
	for code, want := range map[string]string{"sv": "2\u00a0december", "nb": "2.\u00a0desember", "en": "2\u00a0December"} {
		if got := w[code].NearDay(at.AddDate(0, -1, 0), at); got != want {
			t.Errorf("%s: %q, not %q", code, got, want)
		}
	}
	if got := w["sv"].NearDay(at.AddDate(1, 0, 0), at); got != "2\u00a0december\u00a02026" {
		t.Errorf("%q", got)
	}
	if got := w["sv"].Days(time.Time{}, at) + w["sv"].Days(time.Time{}, time.Time{}) + w["sv"].Days(at, at); got != "till 2\u00a0december\u00a020262\u00a0december\u00a02026" {
		t.Error(got)
	}
	if got := w["sv"].Span(at, at.AddDate(0, 0, 1)); got != "2\u00a0december\u00a02026 kl. 9.05 – 3\u00a0december\u00a02026 kl. 9.05" {
		t.Error(got)
	}
}

func TestUntil(t *testing.T) {
	w := words(t)
	zone, err := time.LoadLocation("Europe/Oslo")
	if err != nil {
		t.Fatal(err)
	}
	due := time.Date(2026, 3, 30, 0, 0, 0, 0, zone) // the clocks went forward the day before
	for _, c := range []struct {
		days       int
		sv, nb, en string
	}{
		{-1000, "1\u00a0000 dagar sent", "1\u00a0000 dager forsinket", "1,000 days late"},
		{-12, "12 dagar sent", "12 dager forsinket", "12 days late"},
		{-1, "1 dag sent", "1 dag forsinket", "1 day late"},
		{0, "i dag", "i dag", "today"}, {1, "i morgon", "i morgen", "tomorrow"}, {2, "om 2 dagar", "om 2 dager", "in 2 days"},
		{20, "om 20 dagar", "om 20 dager", "in 20 days"}, {21, "om 3 veckor", "om 3 uker", "in 3 weeks"}, {60, "om 8 veckor", "om 8 uker", "in 8 weeks"},
		{61, "om 2 månader", "om 2 måneder", "in 2 months"}, {729, "om 24 månader", "om 24 måneder", "in 24 months"}, {731, "om 2 år", "om 2 år", "in 2 years"},
	} {
		now := due.AddDate(0, 0, -c.days).Add(22 * time.Hour).UTC() // late at night there; the day before in UTC
		for code, want := range map[string]string{"sv": c.sv, "nb": c.nb, "en": c.en} {
			if got := w[code].Until(now, due); got != want {
				t.Errorf("%d days, %s: %q, want %q", c.days, code, got, want)
			}
		}
	}
	now := time.Date(2026, 6, 20, 1, 0, 0, 0, time.UTC)
	for n, want := range map[int]string{0: "i dag", 1: "i går", 3: "för 3 dagar sedan", 25: "för 3 veckor sedan", 90: "för 3 månader sedan", 1500: "för 4 år sedan"} {
		if got := w["sv"].Ago(now, now.AddDate(0, 0, -n)); got != want {
			t.Errorf("%d days ago: %q, want %q", n, got, want)
		}
	}
	for d, want := range map[time.Duration]string{
		0: "0 minuter", time.Minute: "1 minut", 90 * time.Minute: "1 timme 30 minuter", 2 * time.Hour: "2 timmar", 49*time.Hour + time.Minute: "2 dagar 1 timme",
	} {
		if got := w["sv"].Duration(d); got != want {
			t.Errorf("%s: %q, want %q", d, got, want)
		}
	}
}

func TestListsAndQuotes(t *testing.T) {
	w := words(t)
	for code, want := range map[string]string{"sv": "; a; a och b; a, b och c; ”x”; a eller b", "nb": "; a; a og b; a, b og c; «x»; a eller b", "en": "; a; a and b; a, b and c; “x”; a or b"} {
		l := w[code]
		if got := strings.Join([]string{l.List(), l.List("a"), l.List("a", "b"), l.List("a", "b", "c"), l.Quote("x"), l.Either("a", "b")}, "; "); got != want {
			t.Errorf("%s: %q", code, got)
		}
	}
}

func TestSort(t *testing.T) {
	w := words(t)
	for code, want := range map[string]string{
		"sv": "ab Ac Förening 9 Förening 10 Orsa Ulf zebra Åre Ärla Öland",
		"nb": "ab Ac Zoo Ærø Øst Ås Aasen",
		"en": "Åre ab Ärla Öland zebra",
	} {
		sorted := regroup(want)
		mixed := slices.Clone(sorted)
		slices.Reverse(mixed)
		Sort(w[code], mixed, func(s string) string { return s })
		if code != "en" && !slices.Equal(mixed, sorted) {
			t.Errorf("%s: %q", code, mixed)
		}
		keyed := slices.Clone(sorted)
		slices.Reverse(keyed)
		slices.SortFunc(keyed, func(a, b string) int { return strings.Compare(SortKey(code, a), SortKey(code, b)) })
		if !slices.Equal(keyed, mixed) {
			t.Errorf("%s by key: %q, by comparison %q", code, keyed, mixed)
		}
	}
	if SortKey("xx", "a") != SortKey("en", "A") || len(SortKey("sv", strings.Repeat("å", 1000))) > 2*sortKeyBytes {
		t.Error("a key of another language, or one that is too long")
	}
}

// regroup keeps a number with the word before it.
func regroup(s string) (out []string) {
	for _, f := range strings.Fields(s) {
		if f[0] >= '0' && f[0] <= '9' {
			out[len(out)-1] += " " + f
			continue
		}
		out = append(out, f)
	}
	return out
}

// A deadline at a midnight is told as the day that it ends, as a list does.
func TestMidnightEndsADay(t *testing.T) {
	at := time.Date(2026, 11, 27, 0, 0, 0, 0, time.UTC)
	for code, want := range map[string]string{"sv": "26\u00a0november\u00a02026 kl. 24.00", "nb": "26.\u00a0november\u00a02026 kl. 24.00", "en": "26\u00a0November\u00a02026 at 24:00"} {
		if got := words(t)[code].When(at); got != want {
			t.Errorf("%s: %q, want %q", code, got, want)
		}
		if got := words(t)[code].When(at.Add(time.Second)); strings.Contains(got, "24.") {
			t.Errorf("%s: %q", code, got)
		}
	}
}
