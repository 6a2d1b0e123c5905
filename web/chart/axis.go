package chart

import "math"

// Tick is a value on an axis and its words: "500", "−2". A tick without words is a line only.
type Tick struct {
	At   float64
	Text string
}

// Axis is what a direction of a chart means.
type Axis struct {
	Low, High float64
	Ticks     []Tick
	Unit      string // "tusen kr per QALY"; beside the axis
}

// RoundValues are round values from low to high, at most so many: 1, 2 or 5 times a power of ten apart.
func RoundValues(low, high float64, most int) []float64 {
	if !(high > low) || math.IsInf(high-low, 0) || most < 2 {
		return []float64{low}
	}
	step := math.Pow(10, math.Floor(math.Log10((high-low)/float64(most))))
	for _, times := range []float64{1, 2, 5, 10, 20} {
		if first, last := math.Ceil(low/(step*times)-1e-9), math.Floor(high/(step*times)+1e-9); last-first < float64(most) {
			step *= times
			break
		}
	}
	var out []float64
	for i := math.Ceil(low/step - 1e-9); i <= math.Floor(high/step+1e-9); i++ {
		out = append(out, i*step)
	}
	return out
}

// frame is where a chart with two axes lies, and puts values there.
type frame struct {
	left, right, top, base float64
	x, y                   Axis
}

func (f frame) atX(v float64) float64 {
	return f.left + (f.right-f.left)*part(v, f.x.Low, f.x.High)
}

func (f frame) atY(v float64) float64 {
	return f.base - (f.base-f.top)*part(v, f.y.Low, f.y.High)
}

// part is how far v lies between low and high. What has no extent lies at its middle.
func part(v, low, high float64) float64 {
	if high <= low {
		return .5
	}
	return min(max((v-low)/(high-low), 0), 1)
}

// draw gives grid, labels and axis. Every second label of a crowded axis is for wide pages only.
func (f frame) draw(d *drawing, upright bool) {
	for _, t := range f.y.Ticks {
		y := f.atY(t.At)
		d.add(`<path class="grid" d="M%v %vH%v"/>`, f.left, y, f.right)
		if t.Text != "" {
			d.add(`<text class="end" x="%v" y="%v">%v</text>`, f.left-6, y+4, t.Text)
		}
	}
	for i, t := range f.x.Ticks {
		x, class := f.atX(t.At), "mid"
		if upright {
			d.add(`<path class="grid" d="M%v %vV%v"/>`, x, f.top, f.base)
		}
		if t.Text == "" {
			continue
		}
		if x > f.right-12 {
			class = "end"
		}
		if i%2 == 1 && len(f.x.Ticks) > 4 {
			class += " smv-only-wide"
		}
		d.add(`<text class="%v" x="%v" y="%v">%v</text>`, class, x, f.base+20, t.Text)
	}
	d.add(`<path class="axis" d="M%v %vH%v"/>`, f.left, f.base, f.right)
	if f.x.Unit != "" {
		d.add(`<text class="mid" x="%v" y="%v">%v</text>`, (f.left+f.right)/2, f.base+40, f.x.Unit)
	}
	if f.y.Unit != "" {
		d.add(`<text x="4" y="%v">%v</text>`, f.top-10, f.y.Unit)
	}
}
