package chart

import "html/template"

// Trail is how something went from time to time, in a row of a table, on a scale that is the same in all rows. The numbers stand beside it.
type Trail struct {
	Low, High float64
	Values    []float64 // the oldest first; below Low: there is none
}

// SVG draws a line from value to value with a dot at each, the last one filled; nothing where there is no value.
func (t Trail) SVG() template.HTML {
	const width, height, edge = 120.0, 28.0, 5.0
	if t.High <= t.Low {
		return ""
	}
	type point struct{ x, y float64 }
	var points []point
	step := (width - 2*edge) / float64(max(len(t.Values)-1, 1))
	for i, v := range t.Values {
		if v >= t.Low {
			points = append(points, point{edge + step*float64(i), height - edge - (min(v, t.High)-t.Low)/(t.High-t.Low)*(height-2*edge)})
		}
	}
	if len(points) == 0 {
		return ""
	}
	var d drawing
	d.add(`<svg class="smv-trail" viewBox="0 0 120 28" aria-hidden="true"><path class="axis" d="M0 %vh120"/>`, height-edge)
	if len(points) > 1 {
		d.add(`<path class="line" d="M%v %v`, points[0].x, points[0].y)
		for _, p := range points[1:] {
			d.add(`L%v %v`, p.x, p.y)
		}
		d.add(`"/>`)
	}
	for i, p := range points {
		class := "dot"
		if i == len(points)-1 {
			class = "last"
		}
		d.add(`<circle class="%v" cx="%v" cy="%v" r="3.5"/>`, class, p.x, p.y)
	}
	d.WriteString("</svg>")
	return d.html()
}
