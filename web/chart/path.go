package chart

import "html/template"

// Station is one station of a topic's path.
type Station struct {
	Name  string
	Notes []string // the lines under it: a date, who
	Says  string   // for who can't see it: "klart", "återstår"
	Done  bool
	Now   bool
}

// Path is the way of a topic: which stations it has passed, where it is, what is left.
type Path struct {
	Wide     bool // along the page from 60 rem, instead of down
	Stations []Station
}

// HTML gives the path as a list.
func (p Path) HTML() template.HTML {
	var d drawing
	class := "smv-path"
	if p.Wide {
		class += " smv-path--wide"
	}
	d.add(`<ol class="%v">`, class)
	for _, s := range p.Stations {
		state := raw(` data-state="todo"`)
		switch {
		case s.Now:
			state = ` aria-current="step"`
		case s.Done:
			state = ` data-state="done"`
		}
		d.add(`<li%v><b>%v</b>`, state, s.Name)
		if s.Says != "" {
			d.add(`<span class="ds-sr-only">%v</span>`, s.Says)
		}
		for i, note := range s.Notes {
			d.add(`%v%v`, raw([]string{"<span>", "<br>"}[min(i, 1)]), note)
		}
		if len(s.Notes) > 0 {
			d.WriteString("</span>")
		}
		d.WriteString("</li>")
	}
	d.WriteString("</ol>")
	return d.html()
}

// Mini is the same path in a row of a list: how many stations are passed, and the name of the one it is at.
type Mini struct {
	Done, Of int
	Name     string
}

// HTML gives the small path with its word.
func (m Mini) HTML() template.HTML {
	const first, last = 7.0, 93.0
	var d drawing
	d.add(`<span class="smv-mini"><svg viewBox="0 0 100 14" aria-hidden="true"><line x1="%v" y1="7" x2="%v" y2="7"/>`, first, last)
	for i := range m.Of {
		x := first
		if m.Of > 1 {
			x += (last - first) * float64(i) / float64(m.Of-1)
		}
		d.add(`<circle cx="%v" cy="7" r="%v"%v/>`, x, min(5, 40/float64(m.Of)), raw(on(i < m.Done)))
	}
	d.add(`</svg>%v</span>`, m.Name)
	return d.html()
}

func on(done bool) string {
	if done {
		return ` class="on"`
	}
	return ""
}
