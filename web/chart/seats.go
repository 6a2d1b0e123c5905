package chart

import (
	"cmp"
	"html/template"
	"math"
	"slices"
)

// State is what there is to say of a seat at the moment.
type State string

// The states of a seat.
const (
	Here    State = ""
	Absent  State = "absent"  // grey
	Recused State = "recused" // struck
	Vacant  State = "vacant"  // dashed
)

// Seat is one seat of a body.
type Seat struct {
	Sector string // care, academia, authority, industry or patient: its colour
	Letter string // of the sector, in the reader's language
	State  State
	Chair  bool // a ring
}

// Seats is who sits in a body, as a half circle with a wedge for each sector.
type Seats struct {
	ID, Title, Desc string
	Big, Small      string // in the middle: "10 av 18", "röstar i ärendet"
	Seats           []Seat // sectors follow one another in the order they first come
}

// hall is how seats of one size stand: rows from the outermost, and how close seats may come in a row.
type hall struct {
	seat  float64 // radius of a seat
	pitch float64 // least distance between the middles of two seats in a row
	rows  []float64
}

// The halls, from the smallest: the first that holds all seats is used. The third is the smallest in which a letter can
// be read at 360 px; larger bodies get a wider picture.
var halls = []hall{
	{15, 40, []float64{152}},
	{15, 36, []float64{152, 112}},
	{13, 32, []float64{154, 121, 88}},
	{10.5, 24.5, []float64{157, 131.5, 106, 80.5}},
}

const (
	half   = 180 // half the width of the picture
	margin = 9   // beneath the lowest seats
)

func (h hall) room(row int) int { return 1 + int(math.Pi*h.rows[row]/h.pitch) }

func (h hall) holds() (n int) {
	for i := range h.rows {
		n += h.room(i)
	}
	return n
}

// hallFor gives the smallest hall for n seats. Beyond the table it grows outwards.
func hallFor(n int) hall {
	for _, h := range halls {
		if n <= h.holds() {
			return h
		}
	}
	h := halls[len(halls)-1]
	for h.holds() < n {
		h.rows = slices.Insert(slices.Clone(h.rows), 0, h.rows[0]+25.5)
	}
	return h
}

type place struct{ x, y, angle, row float64 }

// places gives where n seats are, from left to right as one goes round, inner seats first.
func (h hall) places(n int) []place {
	var out []place
	for row, in := range h.spread(n) {
		r := h.rows[row]
		gap := math.Pi / max(1, float64(in-1))
		if in > 1 && gap*r > 64 { // few seats stand together at the top, not far apart
			gap = 64 / r
		}
		for i := range in {
			angle := math.Pi/2 + gap*(float64(in-1)/2-float64(i))
			out = append(out, place{r * math.Cos(angle), r * math.Sin(angle), angle, float64(row)})
		}
	}
	slices.SortStableFunc(out, func(a, b place) int {
		if math.Abs(a.angle-b.angle) > 1e-9 {
			return cmp.Compare(b.angle, a.angle)
		}
		return cmp.Compare(b.row, a.row)
	})
	return out
}

// spread shares n seats between the rows by their length, none above its room.
func (h hall) spread(n int) []int {
	out := make([]int, len(h.rows))
	length := 0.0
	for _, r := range h.rows {
		length += r
	}
	left := n
	for i, r := range h.rows {
		out[i] = min(h.room(i), int(float64(n)*r/length))
		left -= out[i]
	}
	for left > 0 { // the row that is emptiest for its length takes the next
		best := -1
		for i := range out {
			if out[i] < h.room(i) && (best < 0 || float64(out[i])/h.rows[i] < float64(out[best])/h.rows[best]) {
				best = i
			}
		}
		out[best]++
		left--
	}
	return out
}

// SVG draws the seats.
func (s Seats) SVG() template.HTML {
	h := hallFor(len(s.Seats))
	middle := max(half, h.rows[0]+h.seat+13)
	height := middle + 20
	base := height - h.seat - margin
	var d drawing
	seats := wedges(s.Seats)
	places := h.places(len(seats))
	cut := spare(places)
	d.open("", s.ID, s.Title, s.Desc, 2*middle, height-cut)
	for i, p := range places {
		d.seat(seats[i], middle+p.x, base-p.y, h.seat)
	}
	close := ""
	if h.rows[len(h.rows)-1]-h.seat < 90 { // less room for the words
		close = " close"
	}
	if s.Big != "" {
		d.add(`<text class="mid%v" x="%v" y="%v">%v</text>`, close, middle, base-cut-30, s.Big)
	}
	if s.Small != "" {
		d.add(`<text class="mid2%v" x="%v" y="%v">%v</text>`, close, middle, base-cut-6, s.Small)
	}
	d.WriteString("</svg>")
	return d.html()
}

// spare is how much of the picture is empty beneath the seats and the words that stand there: few seats keep to the top.
func spare(places []place) float64 {
	const words = 70
	low := math.Inf(1)
	for _, p := range places {
		low = min(low, p.y)
	}
	if len(places) == 0 || low < words {
		return 0
	}
	return math.Floor(low - words)
}

func (d *drawing) seat(s Seat, x, y, r float64) {
	class := s.Sector
	if s.State != Here {
		class = string(s.State)
	}
	d.add(`<circle class="%v" cx="%v" cy="%v" r="%v"/><text x="%v" y="%v">%v</text>`, class, x, y, r, x, y+.5, s.Letter)
	if s.State == Recused {
		e := r * 11 / 15
		d.add(`<path class="strike" d="M%v %v %v %v"/>`, x-e, y+e, x+e, y-e)
	}
	if s.Chair {
		d.add(`<circle class="ring" cx="%v" cy="%v" r="%v"/>`, x, y, r+min(3.5, r/4))
	}
}

// wedges puts the seats of a sector together, sectors in the order they first come.
func wedges(seats []Seat) []Seat {
	order := map[string]int{}
	for _, s := range seats {
		if _, known := order[s.Sector]; !known {
			order[s.Sector] = len(order)
		}
	}
	out := slices.Clone(seats)
	slices.SortStableFunc(out, func(a, b Seat) int { return cmp.Compare(order[a.Sector], order[b.Sector]) })
	return out
}
