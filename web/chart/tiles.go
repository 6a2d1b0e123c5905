package chart

import "html/template"

// Tile is a place on a map of tiles, in words short enough for it.
type Tile struct {
	Column, Row int    // from 0
	Code        string // "Norr"
	Text        string // "v 2"
	Level       int    // 1 to 5: stronger is more; 0 is hatched: not known
	Flagged     bool   // framed: outside, or refused
}

// Tiles are places about where they lie.
type Tiles struct {
	ID, Title, Desc string
	Tiles           []Tile
}

// SVG draws the tiles.
func (m Tiles) SVG() template.HTML {
	const width, height, gap = 118.0, 58.0, 4.0
	columns, rows := 1, 1
	for _, t := range m.Tiles {
		columns, rows = max(columns, t.Column+1), max(rows, t.Row+1)
	}
	var d drawing
	d.open("smv-chart smv-tile", m.ID, m.Title, m.Desc, float64(columns)*(width+gap)+gap, float64(rows)*(height+gap)+gap)
	d.WriteString(`<defs><pattern id="hatch" width="7" height="7" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><path class="grid" d="M0 0V7" stroke-width="2"/></pattern></defs>`)
	for _, t := range m.Tiles {
		x, y := gap+float64(t.Column)*(width+gap), gap+float64(t.Row)*(height+gap)
		class, text := "none", ""
		if t.Level > 0 {
			class = "q" + string(rune('0'+min(t.Level, 5)))
		}
		if t.Level >= 4 {
			text = " inv"
		}
		d.add(`<g><rect class="%v" x="%v" y="%v" width="%v" height="%v" rx="3"/>`, class, x, y, width, height)
		d.label("code"+text, x+width/2, y+25, t.Code)
		d.label("val"+text, x+width/2, y+44, t.Text)
		if t.Flagged {
			d.add(`<rect class="flagged" x="%v" y="%v" width="%v" height="%v" rx="2"/>`, x+1.5, y+1.5, width-3, height-3)
		}
		d.WriteString("</g>")
	}
	d.WriteString("</svg>")
	return d.html()
}
