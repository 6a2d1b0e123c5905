package chart

import "html/template"

// Step is how much something is from a place on, both from 0 to 1.
type Step struct{ At, Value float64 }

// Foot is a label beneath a chart, at a place from 0 to 1. One that is not Main is left out on narrow screens.
type Foot struct {
	At   float64
	Text string
	Main bool
}

// Mark is a line upright through a chart, at a place from 0 to 1, with a word beside it.
type Mark struct {
	At   float64
	Text string
}

// Steps is a share over time that changes in steps: one line, and perhaps a second that is dashed.
type Steps struct {
	ID, Title, Desc string
	Percent         func(int) string // writes "25 %"
	First, Second   []Step
	Ticks           []Foot
	Marks           []Mark
}

// SVG draws the lines over a grid of quarters.
func (s Steps) SVG() template.HTML {
	const left, right, top, base = 52.0, 472.0, 24.0, 208.0
	var d drawing
	d.open("smv-chart", s.ID, s.Title, s.Desc, 480, 244)
	for _, n := range []int{0, 25, 50, 75, 100} {
		y := base - (base-top)*float64(n)/100
		class := "grid"
		if n == 0 {
			class = "axis"
		}
		d.add(`<path class="%v" d="M%v %vH%v"/>`, class, left, y, right)
		if n%50 == 0 {
			d.label("end", left-6, y+4, s.Percent(n))
		} else {
			d.label("end smv-only-wide", left-6, y+4, s.Percent(n))
		}
	}
	x := func(at float64) float64 { return left + (right-left)*min(max(at, 0), 1) }
	for _, m := range s.Marks {
		d.add(`<path class="ref dash" d="M%v %vV%v"/>`, x(m.At), top-6, base)
		class, at := "lab", x(m.At)+4
		if m.At > .8 {
			class, at = "lab end", x(m.At)-4
		}
		d.label(class, at, top-8, m.Text)
	}
	line := func(class string, steps []Step) {
		if len(steps) == 0 {
			return
		}
		d.add(`<path class="%v" d="`, class)
		for i, p := range steps {
			y := base - (base-top)*min(max(p.Value, 0), 1)
			if i == 0 {
				d.add(`M%v %v`, x(p.At), y)
			} else {
				d.add(`H%vV%v`, x(p.At), y)
			}
		}
		d.WriteString(`"/>`)
	}
	line("line2", s.Second)
	line("line", s.First)
	for _, t := range s.Ticks {
		class := "mid"
		switch {
		case t.At < .06:
			class = "lab"
		case t.At > .94:
			class = "end"
		}
		if !t.Main {
			class += " smv-only-wide"
		}
		d.label(class, x(t.At), base+24, t.Text)
	}
	d.WriteString("</svg>")
	return d.html()
}
