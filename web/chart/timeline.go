package chart

import (
	"html/template"
	"strconv"
	"strings"
	"time"
)

// Stretch is a row of a timeline: something that goes from a day to a day.
type Stretch struct {
	Label    string // what it is and how it stands, in words
	From, To time.Time
	Was      time.Time // where To was before it was moved; zero: it wasn't
	Kind     string    // planned, active, late, done or dropped
}

// Timeline is things that go on beside one another, with a line at today.
type Timeline struct {
	ID, Title, Desc string
	Now             time.Time
	Today           string // what stands at the line: "i dag"
	Rows            []Stretch
}

// kinds are how stretches are drawn: what is over is whole, what goes on is lighter, what is late has the colour that flags.
var kinds = map[string]string{"planned": "zone", "active": "soft", "late": "flag", "done": "bar", "dropped": "zone"}

// SVG draws the rows under years, each with its label over its bar.
func (t Timeline) SVG() template.HTML {
	const left, right, top, step, letters = 4.0, 476.0, 30.0, 38.0, 52
	height := top + step*float64(len(t.Rows)) + 8
	var d drawing
	d.open("smv-chart", t.ID, t.Title, t.Desc, 480, height)
	from, to := t.bounds()
	at := func(x time.Time) float64 {
		return left + (right-left)*min(max(float64(x.Sub(from))/float64(to.Sub(from)), 0), 1)
	}
	for year := from.Year(); year <= to.Year(); year++ {
		begins := time.Date(year, 1, 1, 0, 0, 0, 0, from.Location())
		x := at(begins)
		d.add(`<path class="grid" d="M%v 20V%v"/>`, x, height)
		if years := to.Year() - from.Year(); right-x > 30 && (years < 9 || (year-from.Year())%(years/8+1) == 0) {
			d.label("", x+3, 14, strconv.Itoa(year))
		}
	}
	for i, row := range t.Rows {
		y := top + step*float64(i)
		x, end := at(row.From), at(row.To)
		if r := []rune(row.Label); len(r) > letters {
			row.Label = strings.TrimSpace(string(r[:letters-1])) + "…"
		}
		d.label("lab", left, y+13, row.Label)
		class, ok := kinds[row.Kind]
		if !ok {
			class = "soft"
		}
		d.add(`<rect class="%v" x="%v" y="%v" width="%v" height="9" rx="1"/>`, class, x, y+19, max(end-x, 2))
		if class == "zone" || class == "soft" {
			d.add(`<rect class="ref%v" x="%v" y="%v" width="%v" height="9" rx="1"/>`, raw(map[bool]string{true: " dash"}[row.Kind == "dropped"]), x, y+19, max(end-x, 2))
		}
		if !row.Was.IsZero() && !row.Was.Equal(row.To) {
			d.add(`<path class="flagline" d="M%v %vv15"/>`, at(row.Was), y+16)
		}
	}
	if x := at(t.Now); !t.Now.Before(from) && !t.Now.After(to) {
		d.add(`<path class="ref" d="M%v 20V%v"/>`, x, height)
		class := "lab"
		if x > right-60 {
			class = "lab end"
		}
		d.label(class, x, 28, t.Today)
	}
	d.WriteString("</svg>")
	return d.html()
}

// bounds are whole years around all rows; around today where there are none.
func (t Timeline) bounds() (from, to time.Time) {
	from, to = t.Now, t.Now
	for i, row := range t.Rows {
		if i == 0 {
			from, to = row.From, row.To
		}
		for _, x := range []time.Time{row.From, row.To, row.Was} {
			if x.IsZero() {
				continue
			}
			if x.Before(from) {
				from = x
			}
			if x.After(to) {
				to = x
			}
		}
	}
	zone := t.Now.Location()
	from, to = from.In(zone), to.In(zone).Add(-time.Second)
	return time.Date(from.Year(), 1, 1, 0, 0, 0, 0, zone), time.Date(to.Year()+1, 1, 1, 0, 0, 0, 0, zone)
}
