package chart

import (
	"html/template"
	"math"
	"unicode/utf8"
)

// Meter is how many there are against how many a rule needs, of how many there could be. The numbers stand beside it in words.
type Meter struct{ Have, Need, Of int }

// SVG draws the bar, with a tick at the need.
func (m Meter) SVG() template.HTML {
	of := float64(max(m.Of, m.Have, m.Need, 1))
	width := 10 * of
	var d drawing
	d.add(`<svg class="smv-meter" viewBox="0 0 %v 8" preserveAspectRatio="none" aria-hidden="true"><rect width="%v" height="8"/>`, width, width)
	if m.Have > 0 {
		d.add(`<rect class="have" width="%v" height="8"/>`, 10*float64(m.Have))
	}
	if m.Need > 0 {
		tick := width * .012
		d.add(`<rect class="need" x="%v" width="%v" height="8"/>`, raw(hundredth(min(10*float64(m.Need)-tick/2, width-tick))), raw(hundredth(tick)))
	}
	d.WriteString("</svg>")
	return d.html()
}

// Votes is how a body voted. Label says it in words: "13 för, 2 emot, 1 avstår".
type Votes struct {
	Label                 string
	For, Against, Abstain int
}

// SVG draws the bar. The table beside it has the colours' meaning.
func (v Votes) SVG() template.HTML {
	const width, gap = 160, 1
	var d drawing
	d.add(`<svg class="smv-votes" viewBox="0 0 160 10" preserveAspectRatio="none" role="img" aria-label="%v">`, v.Label)
	total, at := max(v.For, 0)+max(v.Against, 0)+max(v.Abstain, 0), 0
	for _, part := range []struct {
		class string
		n     int
	}{{"for", v.For}, {"against", v.Against}, {"abstain", v.Abstain}} {
		if part.n <= 0 {
			continue
		}
		x, end := float64(at)*width/float64(total), float64(at+part.n)*width/float64(total)
		if at += part.n; at < total {
			end = max(end-gap, x+.5)
		}
		d.add(`<rect class="%v"`, part.class)
		if x > 0 {
			d.add(` x="%v"`, x)
		}
		d.add(` width="%v" height="10"/>`, end-x)
	}
	d.WriteString("</svg>")
	return d.html()
}

// Swatch is a small square of a vote's colour, for the heads of the table.
func Swatch(class string) template.HTML {
	var d drawing
	d.add(`<svg class="smv-swatch" viewBox="0 0 10 10" aria-hidden="true"><rect class="%v" width="10" height="10"/></svg>`, class)
	return d.html()
}

// Span is a bar of a table's row: how much something is at least and at most, on a scale that is the same in all rows. Where the two
// differ the rest is dashed. The numbers stand beside it.
type Span struct{ Low, High, Of float64 }

// SVG draws the bar; nothing where there is no scale.
func (s Span) SVG() template.HTML {
	if s.Of <= 0 {
		return ""
	}
	const width = 120.0
	at := func(x float64) float64 { return math.Round(10*width*min(max(x, 0)/s.Of, 1)) / 10 }
	low, high := at(s.Low), at(s.High)
	var d drawing
	d.add(`<svg viewBox="0 0 120 12" preserveAspectRatio="none" aria-hidden="true"><rect class="bg" width="120" height="12"/>`)
	if low > 0 || high <= low {
		d.add(`<rect width="%v" height="12"/>`, low)
	}
	if high > low {
		d.add(`<rect class="band" x="%v" y=".75" width="%v" height="10.5"/>`, low, high-low)
	}
	d.WriteString("</svg>")
	return d.html()
}

// Bar is one bar: what it is of, how much it is, and that in words.
type Bar struct {
	Label string // "nov"
	Value float64
	Text  string // "1 204"
}

// Bars is something counted month by month, or by whatever the labels name.
type Bars struct {
	ID, Title, Desc string
	Bars            []Bar
}

// SVG draws the bars with their numbers on them.
func (b Bars) SVG() template.HTML {
	const left, right, base, top = 30.0, 480.0, 128.0, 29.0
	var d drawing
	d.open("smv-chart", b.ID, b.Title, b.Desc, 480, 160)
	d.add(`<path class="axis" d="M%v %vh%v"/>`, left, base, right-left)
	most, tallest, longest, name := 0.0, 0, 0, 0
	for i, bar := range b.Bars {
		if bar.Value > most {
			most, tallest = bar.Value, i
		}
		longest, name = max(longest, utf8.RuneCountInString(bar.Text)), max(name, utf8.RuneCountInString(bar.Label))
	}
	slot := (right - left) / float64(max(len(b.Bars), 1))
	width := min(slot*.62, 48)
	texts, labels := every(slot, longest), every(slot, name)
	for i, bar := range b.Bars {
		x := left + slot*float64(i) + (slot-width)/2
		middle, height := x+width/2, 0.0
		if most > 0 {
			height = (base - top) * max(bar.Value, 0) / most
		}
		if height > 0 {
			d.add(`<rect class="bar" x="%v" y="%v" width="%v" height="%v" rx="1"/>`, x, base-height, width, height)
		} else {
			d.add(`<path class="axis" d="M%v %vh%v"/>`, x, base-.5, width)
		}
		if class, room := texts.class(i, tallest); room {
			d.label("mid lab"+class, middle, base-height-8, bar.Text)
		}
		if class, room := labels.class(i, 0); room {
			d.label("mid"+class, middle, base+22, bar.Label)
		}
	}
	d.WriteString("</svg>")
	return d.html()
}

// density is which labels are shown: every one of wide on a wide screen, every one of narrow on a narrow.
type density struct{ wide, narrow int }

// every finds how many labels of so many letters fit: 12 units high letters on a wide screen and 16.5 on a narrow one,
// a bit more than half as wide.
func every(slot float64, letters int) density {
	fit := func(size float64) int { return max(1, int(math.Ceil((float64(letters)*size*.58+5)/slot))) }
	d := density{fit(12), fit(16.5)}
	if d.narrow%d.wide != 0 { // what a narrow screen shows a wide one shows too
		d.narrow += d.wide - d.narrow%d.wide
	}
	return d
}

// class gives the class of the label at i, and false when there is no room for it. The one at always is shown, and
// makes room around it.
func (e density) class(i, always int) (string, bool) {
	near := max(i-always, always-i)
	switch {
	case i == always:
		return "", true
	case i%e.wide != 0 || near < e.wide:
		return "", false
	case i%e.narrow != 0 || near < e.narrow:
		return " smv-only-wide", true
	}
	return "", true
}

func (d *drawing) label(class string, x, y float64, text string) {
	if text != "" {
		d.add(`<text class="%v" x="%v" y="%v">%v</text>`, class, x, y, text)
	}
}
