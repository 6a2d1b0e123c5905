package toolbox

import (
	_ "embed" // the instruments
	"fmt"
	"slices"
	"sync"

	"go.yaml.in/yaml/v3"

	"github.com/samverk/samverk/network"
)

//go:embed instruments.yaml
var instrumentFile []byte

// Instrument is a questionnaire to those who take part.
type Instrument struct {
	ID     string
	Name   network.Text
	About  network.Text
	Source Source
	Items  []Item
}

// Item is asked for a number from 1, not at all, to 5, entirely; or for words.
type Item struct {
	ID      string
	Heading string // of the UK Standards; "" for none
	Ask     network.Text
	Words   bool
}

// Heading is one of the six of the UK Standards for Public Involvement.
type Heading struct {
	ID   string
	Text network.Text
}

// Instruments are what we ask with, and where others are found.
type Instruments struct {
	Headings []Heading
	All      []Instrument
	Links    []Source // instruments whose licence doesn't let us carry them
}

// ReadInstruments gives them.
var ReadInstruments = sync.OnceValue(func() *Instruments {
	r := &reader{}
	p := instrumentReader{r, &Instruments{}}
	if n := r.document(instrumentFile); n != nil {
		p.file(n)
	}
	if len(r.problems) > 0 {
		panic(fmt.Sprintf("toolbox: the instruments: %v", r.sorted())) // a test reads them
	}
	return p.in
})

// Instrument finds one.
func (x *Instruments) Instrument(id string) (*Instrument, bool) {
	i := slices.IndexFunc(x.All, func(one Instrument) bool { return one.ID == id })
	if i < 0 {
		return nil, false
	}
	return &x.All[i], true
}

// InstrumentIDs lists them.
func InstrumentIDs() (out []string) {
	for _, x := range ReadInstruments().All {
		out = append(out, x.ID)
	}
	return out
}

type instrumentReader struct {
	*reader
	in *Instruments
}

func (p instrumentReader) file(n *yaml.Node) {
	p.fields(n, "the file", map[string]func(*yaml.Node){
		"headings": func(n *yaml.Node) {
			p.list(n, "headings", 10, func(n *yaml.Node) {
				var h Heading
				p.fields(n, "a heading", map[string]func(*yaml.Node){
					"id":   func(n *yaml.Node) { h.ID = p.id(n, "the heading") },
					"text": func(n *yaml.Node) { h.Text = p.text(n, "the heading", lineLength) },
				}, "id", "text")
				p.in.Headings = append(p.in.Headings, h)
			})
		},
		"instruments": func(n *yaml.Node) { p.list(n, "instruments", 20, p.instrument) },
		"links": func(n *yaml.Node) {
			p.list(n, "links", 20, func(n *yaml.Node) { p.in.Links = append(p.in.Links, p.source(n)) })
		},
	}, "headings", "instruments", "links")
}

func (p instrumentReader) source(n *yaml.Node) Source {
	m := &Model{}
	if n.Kind == yaml.MappingNode && len(n.Content) < 8 { // an instrument's own source has no note
		var s Source
		p.fields(n, "a source", map[string]func(*yaml.Node){
			"title": func(n *yaml.Node) { s.Title = p.words(n, "the title", lineLength) },
			"by":    func(n *yaml.Node) { s.By = p.words(n, "by", lineLength) },
			"url":   func(n *yaml.Node) { s.URL = p.words(n, "the address", lineLength) },
		}, "title", "by")
		return s
	}
	modelReader{p.reader, m}.source(n)
	return m.Sources[0]
}

func (p instrumentReader) instrument(n *yaml.Node) {
	var x Instrument
	p.fields(n, "an instrument", map[string]func(*yaml.Node){
		"id":     func(n *yaml.Node) { x.ID = p.id(n, "the instrument") },
		"name":   func(n *yaml.Node) { x.Name = p.text(n, "the name", lineLength) },
		"about":  func(n *yaml.Node) { x.About = p.text(n, "about", lineLength) },
		"source": func(n *yaml.Node) { x.Source = p.source(n) },
		"items": func(n *yaml.Node) {
			p.list(n, "items", 20, func(n *yaml.Node) {
				var i Item
				p.fields(n, "an item", map[string]func(*yaml.Node){
					"id":      func(n *yaml.Node) { i.ID = p.id(n, "the item") },
					"heading": func(n *yaml.Node) { i.Heading = p.id(n, "the heading") },
					"ask":     func(n *yaml.Node) { i.Ask = p.text(n, "the item", lineLength) },
					"words":   func(n *yaml.Node) { i.Words = p.oneOf(n, "words", "true") == "true" },
				}, "id", "ask")
				x.Items = append(x.Items, i)
			})
		},
	}, "id", "name", "about", "source", "items")
	p.in.All = append(p.in.All, x)
}
