package chart

import (
	"fmt"
	"html/template"
	"math"
	"unicode/utf8"
)

// Series is one line: the strategy's chance, the state's share.
type Series struct {
	Name   string
	X, Y   []float64
	Bold   bool   // drawn last, over the others
	Marked string // words at Lines.At: "89 % svensk"
}

// Lines are curves over one axis, with a value of interest marked: acceptability, value of information, who is where in time.
type Lines struct {
	ID, Title, Desc string
	X, Y            Axis
	Series          []Series
	At              *float64 // a dashed line here, and the values there written
}

// classes tell lines apart: by colour and by dash.
var classes = []string{"line", "line2", "line3", "line dot", "line2 dash", "line3 dot", "flagline"}

// LineClass is the class of the line of number i.
func LineClass(i int) string { return classes[i%len(classes)] }

// SVG draws the curves.
func (l Lines) SVG() template.HTML {
	f := frame{left: 52, right: 470, top: 28, base: 268, x: l.X, y: l.Y}
	var d drawing
	d.open("smv-chart", l.ID, l.Title, l.Desc, 480, 316)
	f.draw(&d, false)
	if l.At != nil {
		d.add(`<path class="ref dash" d="M%v %vV%v"/>`, f.atX(*l.At), f.top, f.base)
	}
	for _, bold := range []bool{false, true} {
		for i, s := range l.Series {
			if s.Bold == bold {
				f.line(&d, LineClass(i), s)
			}
		}
	}
	l.marks(&d, f)
	d.WriteString("</svg>")
	return d.html()
}

func (f frame) line(d *drawing, class string, s Series) {
	d.add(`<path class="%v" d="`, class)
	for i := range s.X {
		verb := "L"
		if i == 0 {
			verb = "M"
		}
		d.add("%v%v %v", verb, f.atX(s.X[i]), f.atY(s.Y[i]))
	}
	d.WriteString(`"/>`)
}

// marks writes the values at the line of interest, each clear of the one before.
func (l Lines) marks(d *drawing, f frame) {
	if l.At == nil {
		return
	}
	x, class, side := f.atX(*l.At), "lab halo", 10.0
	if x > (f.left+f.right)/2 {
		class, side = "lab end halo", -10
	}
	var taken []float64
	for _, s := range l.Series {
		if s.Marked == "" || len(s.X) == 0 {
			continue
		}
		y := f.atY(s.at(*l.At))
		d.add(`<circle class="pt" cx="%v" cy="%v" r="4"/>`, x, y)
		text := apart(y-6, taken, f.top+10, f.base-4)
		taken = append(taken, text)
		d.add(`<text class="%v" x="%v" y="%v">%v</text>`, class, x+side, text, s.Marked)
	}
}

// at is the series' value at x, between the points around it.
func (s Series) at(x float64) float64 {
	for i := 1; i < len(s.X); i++ {
		if x <= s.X[i] {
			if s.X[i] == s.X[i-1] {
				return s.Y[i]
			}
			return s.Y[i-1] + (s.Y[i]-s.Y[i-1])*(x-s.X[i-1])/(s.X[i]-s.X[i-1])
		}
	}
	return s.Y[len(s.Y)-1]
}

// apart finds the nearest height to y at which no text stands.
func apart(y float64, taken []float64, top, base float64) float64 {
	const line = 15
	free := func(v float64) bool {
		for _, t := range taken {
			if math.Abs(t-v) < line {
				return false
			}
		}
		return v >= top && v <= base
	}
	for away := 0.0; away < base-top; away++ {
		if free(y - away) {
			return y - away
		}
		if free(y + away) {
			return y + away
		}
	}
	return min(max(y, top), base)
}

// LineKey is a short piece of the line of number i, for the list under a chart.
func LineKey(i int) template.HTML {
	var d drawing
	d.add(`<svg viewBox="0 0 24 14" class="smv-chart" aria-hidden="true"><path class="%v" d="M0 7H24"/></svg>`, LineClass(i))
	return d.html()
}

// Plane is the cost-effectiveness plane: each dot one draw's difference in effect (x) and cost (y); shaded where it is worth its price.
type Plane struct {
	ID, Title, Desc string
	X, Y            Axis
	Dots            [][2]float64
	Mean            [2]float64
	Price           float64 // cost per effect at which shading ends
	PriceText       string  // "500 000 kr per QALY"
	Better          string  // in the corner: "mer hälsa, billigare"
}

// SVG draws the plane.
func (p Plane) SVG() template.HTML {
	f := frame{left: 60, right: 470, top: 28, base: 300, x: p.X, y: p.Y}
	var d drawing
	d.open("smv-chart", p.ID, p.Title, p.Desc, 480, 348)
	p.zone(&d, f)
	f.draw(&d, true)
	if p.Y.Low < 0 && p.Y.High > 0 {
		d.add(`<path class="axis" d="M%v %vH%v"/>`, f.left, f.atY(0), f.right)
	}
	if p.X.Low < 0 && p.X.High > 0 {
		d.add(`<path class="axis" d="M%v %vV%v"/>`, f.atX(0), f.top, f.base)
	}
	for _, dot := range p.Dots {
		d.add(`<circle class="pts" cx="%v" cy="%v" r="2.2"/>`, f.atX(dot[0]), f.atY(dot[1]))
	}
	p.border(&d, f)
	if p.Better != "" {
		d.add(`<text class="end" x="%v" y="%v">%v</text>`, f.right-4, f.base-8, p.Better)
	}
	d.add(`<circle class="mean" cx="%v" cy="%v" r="6"/>`, f.atX(p.Mean[0]), f.atY(p.Mean[1]))
	d.WriteString("</svg>")
	return d.html()
}

// zone shades where cost is at most price × effect: the box, cut along that line.
func (p Plane) zone(d *drawing, f frame) {
	corners := [][2]float64{{p.X.Low, p.Y.Low}, {p.X.High, p.Y.Low}, {p.X.High, p.Y.High}, {p.X.Low, p.Y.High}}
	worth := func(c [2]float64) float64 { return p.Price*c[0] - c[1] }
	path := ""
	for i, a := range corners {
		b := corners[(i+1)%len(corners)]
		if worth(a) >= 0 {
			path += fmt.Sprintf("L%s %s", num(f.atX(a[0])), num(f.atY(a[1])))
		}
		if worth(a)*worth(b) < 0 {
			t := worth(a) / (worth(a) - worth(b))
			path += fmt.Sprintf("L%s %s", num(f.atX(a[0]+t*(b[0]-a[0]))), num(f.atY(a[1]+t*(b[1]-a[1]))))
		}
	}
	if path != "" {
		d.add(`<path class="zone" d="M%vZ"/>`, raw(path[1:]))
	}
}

// border draws the line of the price where it lies in the box, and names it at its upper end.
func (p Plane) border(d *drawing, f frame) {
	from, to := p.X.Low, p.X.High
	if p.Price > 0 {
		from, to = max(from, p.Y.Low/p.Price), min(to, p.Y.High/p.Price)
	}
	if from >= to {
		return
	}
	x, y := f.atX(to), f.atY(p.Price*to)
	d.add(`<path class="ref dash" d="M%v %vL%v %v"/>`, f.atX(from), f.atY(p.Price*from), x, y)
	class, side := "lab end halo", -8.0
	if x-f.left < 7*float64(utf8.RuneCountInString(p.PriceText)) {
		class, side = "lab halo", 8
	}
	d.add(`<text class="%v" x="%v" y="%v">%v</text>`, class, x+side, max(y, f.top)+14, p.PriceText)
}

// Swing is one bar of a tornado: what the answer is at the two ends of a value, and that in words.
type Swing struct {
	Label             string
	Low, High         float64 // of the answer, at the value's low and high end
	LowText, HighText string
}

// Tornado is what an answer hangs on, the widest first.
type Tornado struct {
	ID, Title, Desc string
	Base            float64
	BaseText        string
	Zero            bool // mark where the answer is 0, if it lies within
	Swings          []Swing
}

// SVG draws the bars around the answer as it is. The end of a value's low is the first colour.
func (t Tornado) SVG() template.HTML {
	const row, head = 50.0, 24.0
	low, high, text := t.Base, t.Base, 0
	for _, s := range t.Swings {
		low, high = min(low, s.Low, s.High), max(high, s.Low, s.High)
		text = max(text, utf8.RuneCountInString(s.LowText), utf8.RuneCountInString(s.HighText))
	}
	margin := min(max(7.5*float64(text)+8, 40), 160)
	f := frame{left: margin, right: 480 - margin, x: Axis{Low: low, High: high}}
	var d drawing
	height := row*float64(len(t.Swings)) + 36
	d.open("smv-chart", t.ID, t.Title, t.Desc, 480, height)
	if t.Zero && low < 0 && high > 0 {
		d.add(`<path class="ref dash" d="M%v 8V%v"/>`, f.atX(0), height-24)
	}
	base := f.atX(t.Base)
	for i, s := range t.Swings {
		y := row * float64(i)
		d.add(`<text class="lab halo" x="20" y="%v">%v</text>`, y+head, s.Label)
		a, b := f.atX(s.Low), f.atX(s.High)
		d.bar("bar", base, a, y+31)
		d.bar("bar2", base, b, y+31)
		left, right := Swing{Low: a, LowText: s.LowText}, Swing{Low: b, LowText: s.HighText}
		if a > b {
			left, right = right, left
		}
		d.add(`<text class="end halo" x="%v" y="%v">%v</text>`, min(left.Low, base)-5, y+43, left.LowText)
		d.add(`<text class="halo" x="%v" y="%v">%v</text>`, max(right.Low, base)+5, y+43, right.LowText)
		d.add(`<path class="axis" d="M%v %vv22"/>`, base, y+27)
	}
	d.add(`<text class="mid lab" x="%v" y="%v">%v</text>`, min(max(base, 80), 400), height-8, t.BaseText)
	d.WriteString("</svg>")
	return d.html()
}

func (d *drawing) bar(class string, from, to, y float64) {
	d.add(`<rect class="%v" x="%v" y="%v" width="%v" height="14"/>`, class, min(from, to), y, math.Abs(to-from))
}

// Grid is an answer at each of some values of two things: x along, y upwards. A cell where the answer is above 0 is shaded, and its number says how much.
type Grid struct {
	ID, Title, Desc string
	X, Y            string     // what they are
	Xs, Ys          []string   // their values, in words
	Cells           [][]string // [y][x]
	Over            [][]bool   // [y][x]: shaded
}

// SVG draws the cells.
func (g Grid) SVG() template.HTML {
	const left, right, top, base = 76.0, 470.0, 28.0, 268.0
	var d drawing
	d.open("smv-chart", g.ID, g.Title, g.Desc, 480, 316)
	width, height := (right-left)/float64(max(len(g.Xs), 1)), (base-top)/float64(max(len(g.Ys), 1))
	for j := range g.Ys {
		y := base - height*float64(j+1)
		d.add(`<text class="end" x="%v" y="%v">%v</text>`, left-6, y+height/2+4, g.Ys[j])
		for i := range g.Xs {
			x := left + width*float64(i)
			if g.Over[j][i] {
				d.add(`<rect class="soft" x="%v" y="%v" width="%v" height="%v"/>`, x+.5, y+.5, width-1, height-1)
			}
			d.add(`<text class="lab mid smv-only-wide" x="%v" y="%v">%v</text>`, x+width/2, y+height/2+4, g.Cells[j][i])
		}
		d.add(`<path class="grid" d="M%v %vH%v"/>`, left, y, right)
	}
	for i := range g.Xs {
		class := "mid"
		if i%2 == 1 {
			class += " smv-only-wide"
		}
		d.add(`<text class="%v" x="%v" y="%v">%v</text>`, class, left+width*(float64(i)+.5), base+20, g.Xs[i])
	}
	d.add(`<path class="axis" d="M%v %vH%v"/>`, left, base, right)
	d.add(`<text class="mid" x="%v" y="%v">%v</text><text x="4" y="%v">%v</text></svg>`, (left+right)/2, base+40, g.X, top-10, g.Y)
	return d.html()
}

// Place is one strategy by its effect (x) and cost (y).
type Place struct {
	Name string
	X, Y float64
	On   bool // on the frontier
}

// Places are strategies by effect and cost, with the frontier drawn between those that are on it, in the order given.
type Places struct {
	ID, Title, Desc string
	X, Y            Axis
	Places          []Place
}

// SVG draws the strategies: dots on the frontier and diamonds off it. Only those on it are named where there are many.
func (p Places) SVG() template.HTML {
	f := frame{left: 60, right: 470, top: 28, base: 300, x: p.X, y: p.Y}
	var d drawing
	d.open("smv-chart", p.ID, p.Title, p.Desc, 480, 348)
	f.draw(&d, true)
	var line Series
	for _, at := range p.Places {
		if at.On {
			line.X, line.Y = append(line.X, at.X), append(line.Y, at.Y)
		}
	}
	f.line(&d, "line", line)
	var taken [][2]float64
	for _, at := range p.Places {
		x, y := f.atX(at.X), f.atY(at.Y)
		if at.On {
			d.add(`<circle class="pt" cx="%v" cy="%v" r="5"/>`, x, y)
		} else {
			d.add(`<path class="ref" d="M%v %vl5 5l-5 5l-5 -5Z"/>`, x, y-5)
		}
		if !at.On && len(p.Places) > 12 {
			continue
		}
		var beside []float64
		for _, t := range taken {
			if math.Abs(t[0]-x) < 110 {
				beside = append(beside, t[1])
			}
		}
		text := apart(y-9, beside, f.top, f.base-4)
		taken = append(taken, [2]float64{x, text})
		class, side := "lab halo", 9.0
		if x > (f.left+f.right)/2 {
			class, side = "lab end halo", -9
		}
		d.add(`<text class="%v" x="%v" y="%v">%v</text>`, class, x+side, text, at.Name)
	}
	d.WriteString("</svg>")
	return d.html()
}

// Patch is a small piece of a bar of that class, for the list under a chart.
func Patch(class string) template.HTML {
	var d drawing
	d.add(`<svg viewBox="0 0 24 14" class="smv-chart" aria-hidden="true"><rect class="%v" width="24" height="14"/></svg>`, class)
	return d.html()
}
