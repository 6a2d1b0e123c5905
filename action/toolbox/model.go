package toolbox

import (
	"embed"
	"fmt"
	"path"
	"slices"
	"strings"
	"sync"

	"go.yaml.in/yaml/v3"

	"github.com/samverk/samverk/lang"
	"github.com/samverk/samverk/network"
)

// ModelSchema is the JSON Schema (2020-12) of models. What ParseModel takes, it takes.
//
//go:embed model.schema.json
var ModelSchema []byte

//go:embed models/*.yaml
var modelFiles embed.FS

// ModelFormat names the format, at the head of every file.
const ModelFormat = "samverk-toolbox-model/1"

// Model is a way of working together.
type Model struct {
	ID      string
	In      map[string]Words // by language: at least in one
	Sources []Source
	SetsUp  SetsUp
}

// Words are what a model says, in a language.
type Words struct {
	Name, Short, What                                          string
	Fits, Pitfalls, Steps, Costs, Evaluate, Examples, Training []string
}

// Source is what a text rests on.
type Source struct {
	Title, By, URL string
	Note           network.Text // what was taken from it
}

// SetsUp is what choosing the model suggests.
type SetsUp struct {
	Body      *BodyDraft // nil: no body of its own
	Seats     []SeatDraft
	Agreement network.AgreementKind // "": none
	Rates     bool
	Evaluate  Schedule
}

// BodyDraft is a body as it is suggested.
type BodyDraft struct {
	Kind    network.BodyKind
	Mandate network.Mandate
}

// SeatDraft is so many seats alike.
type SeatDraft struct {
	Role   network.Role
	Sector network.Sector
	Count  int
}

// Schedule says with what and when one evaluates: months after the beginning, and then again every so many months.
type Schedule struct {
	With  string // an instrument
	After int
	Every int
}

// Words gives what the model says in a language if it is written in it, else in another, and says in which.
func (m *Model) Words(code string) (Words, string) {
	for _, c := range append([]string{code}, lang.Codes...) {
		if w, ok := m.In[c]; ok {
			return w, c
		}
	}
	return Words{}, code
}

// Shipped are the models that come with the program, in the order of the rules.
var Shipped = sync.OnceValue(func() (out []*Model) {
	rules, err := ParseRules(ShippedRules)
	if err != nil {
		panic(fmt.Sprintf("toolbox: the rules: %v", err)) // a test reads them
	}
	files, _ := modelFiles.ReadDir("models")
	for _, f := range files {
		b, _ := modelFiles.ReadFile(path.Join("models", f.Name()))
		m, err := ParseModel(b)
		if err != nil || m.ID+".yaml" != f.Name() {
			panic(fmt.Sprintf("toolbox: %s: %v", f.Name(), err))
		}
		out = append(out, m)
	}
	slices.SortFunc(out, func(a, b *Model) int {
		return slices.Index(rules.Models, a.ID) - slices.Index(rules.Models, b.ID)
	})
	return out
})

// ParseModel reads a model's file. The error is Problems.
func ParseModel(b []byte) (*Model, error) {
	r := &reader{}
	m := &Model{In: map[string]Words{}}
	if n := r.document(b); n != nil {
		modelReader{r, m}.file(n)
	}
	if len(r.problems) > 0 {
		return nil, r.sorted()
	}
	return m, nil
}

type modelReader struct {
	*reader
	model *Model
}

func (p modelReader) file(n *yaml.Node) {
	m := p.model
	known := map[string]func(*yaml.Node){
		"format":  func(n *yaml.Node) { p.oneOf(n, "the format", ModelFormat) },
		"model":   func(n *yaml.Node) { m.ID = p.id(n, "the model") },
		"sources": func(n *yaml.Node) { p.list(n, "sources", 30, p.source) },
		"sets-up": p.setsUp,
	}
	for _, c := range lang.Codes {
		known[c] = func(n *yaml.Node) { m.In[c] = p.words(n, c) }
	}
	if p.fields(n, "the file", known, "format", "model", "sources", "sets-up") && len(m.In) == 0 {
		p.wrong(n, "write it in sv, nb or en", "the model is written in no language")
	}
}

func (p modelReader) source(n *yaml.Node) {
	var s Source
	p.fields(n, "a source", map[string]func(*yaml.Node){
		"title": func(n *yaml.Node) { s.Title = p.reader.words(n, "the title", lineLength) },
		"by":    func(n *yaml.Node) { s.By = p.reader.words(n, "by", lineLength) },
		"url": func(n *yaml.Node) {
			if s.URL = p.reader.words(n, "the address", lineLength); s.URL != "" && !strings.HasPrefix(s.URL, "https://") {
				p.wrong(n, "write it whole, with https://", "this is no web address")
			}
		},
		"note": func(n *yaml.Node) { s.Note = p.text(n, "the note", lineLength) },
	}, "title", "by", "note")
	p.model.Sources = append(p.model.Sources, s)
}

func (p modelReader) setsUp(n *yaml.Node) {
	s := &p.model.SetsUp
	p.fields(n, "sets-up", map[string]func(*yaml.Node){
		"body": func(n *yaml.Node) {
			s.Body = &BodyDraft{}
			p.fields(n, "the body", map[string]func(*yaml.Node){
				"kind": func(n *yaml.Node) { s.Body.Kind = network.BodyKind(p.oneOf(n, "the kind", plain(bodyKinds)...)) },
				"mandate": func(n *yaml.Node) {
					s.Body.Mandate = network.Mandate(p.oneOf(n, "the mandate", plain(network.Mandates)...))
				},
			}, "kind", "mandate")
		},
		"seats": func(n *yaml.Node) {
			if n.Kind == yaml.SequenceNode && len(n.Content) == 0 {
				return
			}
			p.list(n, "seats", 20, func(n *yaml.Node) {
				var d SeatDraft
				p.fields(n, "a seat", map[string]func(*yaml.Node){
					"role":   func(n *yaml.Node) { d.Role = network.Role(p.oneOf(n, "the role", plain(network.Roles)...)) },
					"sector": func(n *yaml.Node) { d.Sector = network.Sector(p.oneOf(n, "the sector", plain(network.Sectors)...)) },
					"count":  func(n *yaml.Node) { d.Count = p.integer(n, "the count", 1, 20) },
				}, "role", "sector", "count")
				s.Seats = append(s.Seats, d)
			})
		},
		"agreement": func(n *yaml.Node) {
			if a := p.oneOf(n, "the agreement", "none", string(network.Partnership), string(network.Engagement)); a != "none" {
				s.Agreement = network.AgreementKind(a)
			}
		},
		"rates": func(n *yaml.Node) { s.Rates = p.oneOf(n, "rates", "true", "false") == "true" },
		"evaluate": func(n *yaml.Node) {
			p.fields(n, "evaluate", map[string]func(*yaml.Node){
				"with":  func(n *yaml.Node) { s.Evaluate.With = p.oneOf(n, "with", InstrumentIDs()...) },
				"after": func(n *yaml.Node) { s.Evaluate.After = p.integer(n, "after", 1, 60) },
				"every": func(n *yaml.Node) { s.Evaluate.Every = p.integer(n, "every", 1, 60) },
			}, "with", "after", "every")
		},
	}, "seats", "agreement", "rates", "evaluate")
}

// bodyKinds are what a model may suggest: every kind but a secretariat, whose seats are keys.
var bodyKinds = slices.DeleteFunc(slices.Clone(network.BodyKinds), func(k network.BodyKind) bool { return k == network.Secretariat })

func plain[T ~string](all []T) []string {
	out := make([]string, len(all))
	for i, x := range all {
		out[i] = string(x)
	}
	return out
}

func (p modelReader) words(n *yaml.Node, code string) (w Words) {
	one := func(to *string, what string, most int) func(*yaml.Node) {
		return func(n *yaml.Node) { *to = p.reader.words(n, what+" in "+code, most) }
	}
	many := func(to *[]string, what string) func(*yaml.Node) {
		return func(n *yaml.Node) {
			p.list(n, what+" in "+code, 20, func(n *yaml.Node) { *to = append(*to, p.reader.words(n, what+" in "+code, lineLength)) })
		}
	}
	p.fields(n, code, map[string]func(*yaml.Node){
		"name": one(&w.Name, "the name", 120), "short": one(&w.Short, "the short text", lineLength), "what": one(&w.What, "what it is", textLength),
		"fits": many(&w.Fits, "fits"), "pitfalls": many(&w.Pitfalls, "pitfalls"), "steps": many(&w.Steps, "steps"), "costs": many(&w.Costs, "costs"),
		"evaluate": many(&w.Evaluate, "evaluate"), "examples": many(&w.Examples, "examples"), "training": many(&w.Training, "training"),
	}, "name", "short", "what", "fits", "pitfalls", "steps", "costs", "evaluate", "examples")
	return w
}
