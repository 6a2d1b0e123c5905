package open

import (
	"embed"
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/web"
	"github.com/samverk/samverk/web/route"
)

//go:embed all:pages messages
var files embed.FS

// schema is what the page shows of a JSON Schema.
type schema struct {
	Ref         string            `json:"$ref"`
	Description string            `json:"description"`
	Type        any               `json:"type"` // a name, or a list of them
	Enum        []any             `json:"enum"`
	Items       *schema           `json:"items"`
	Properties  map[string]schema `json:"properties"`
	Required    []string          `json:"required"`
	Default     any               `json:"default"`
}

type media map[string]struct {
	Schema schema `json:"schema"`
}

type parameter struct {
	Ref         string `json:"$ref"`
	Name        string `json:"name"`
	Description string `json:"description"`
	Required    bool   `json:"required"`
	Schema      schema `json:"schema"`
}

type response struct {
	Ref         string `json:"$ref"`
	Description string `json:"description"`
	Content     media  `json:"content"`
}

type operation struct {
	ID          string              `json:"operationId"`
	Summary     string              `json:"summary"`
	Description string              `json:"description"`
	Parameters  []parameter         `json:"parameters"`
	Body        *response           `json:"requestBody"`
	Responses   map[string]response `json:"responses"`
}

// document is what the page shows of openapi.json.
type document struct {
	Info struct {
		Title       string `json:"title"`
		Description string `json:"description"`
	} `json:"info"`
	Paths      map[string]map[string]operation `json:"paths"`
	Components struct {
		Parameters map[string]parameter `json:"parameters"`
		Responses  map[string]response  `json:"responses"`
		Schemas    map[string]schema    `json:"schemas"`
	} `json:"components"`
}

// What the page shows.
type (
	call struct {
		ID, Method, Path     string
		Summary, Description string
		Parameters           []field
		Takes                []kind
		Answers              []answers
	}
	field struct {
		Name, Description string
		Required          bool // of a parameter
		Always            bool // of a form: it is there
		kind
	}
	// kind is of what form a value is: words like "integer or null", or the name of a form described below.
	kind struct {
		Says, Form string
		Several    bool     // a list of them
		Of         []string // one of these
		Usual      string
	}
	answers struct {
		Status, Description string
		Gives               []kind
	}
	form struct {
		Name, Description string
		Of                []string
		Fields            []field
	}
)

func last(ref string) string { return ref[strings.LastIndexByte(ref, '/')+1:] }

func kindOf(s schema) kind {
	if s.Ref != "" {
		return kind{Form: last(s.Ref)}
	}
	if s.Items != nil {
		k := kindOf(*s.Items)
		k.Several = true
		return k
	}
	var k kind
	switch t := s.Type.(type) {
	case string:
		k.Says = t
	case []any:
		for i, one := range t {
			if i > 0 {
				k.Says += " / "
			}
			k.Says += one.(string)
		}
	}
	k.Of = texts(s.Enum)
	if s.Default != nil {
		k.Usual = text(s.Default)
	}
	return k
}

func text(v any) string {
	if s, ok := v.(string); ok {
		return s
	}
	b, err := json.Marshal(v)
	if err != nil {
		return ""
	}
	return string(b)
}

func texts(all []any) (out []string) {
	for _, v := range all {
		out = append(out, text(v))
	}
	return out
}

func kindsOf(m media) (out []kind) {
	for _, name := range sorted(m) {
		k := kindOf(m[name].Schema)
		k.Usual = name
		out = append(out, k)
	}
	return out
}

func sorted[V any](m map[string]V) []string {
	out := make([]string, 0, len(m))
	for name := range m {
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}

// fieldsOf gives an object's fields, an object within it by names like counted.care.
func fieldsOf(s schema, under string) (out []field) {
	for _, name := range sorted(s.Properties) {
		p := s.Properties[name]
		out = append(out, field{Name: under + name, Description: p.Description, Always: slices.Contains(s.Required, name), kind: kindOf(p)})
		out = append(out, fieldsOf(p, under+name+".")...)
		if p.Items != nil {
			out = append(out, fieldsOf(*p.Items, under+name+"[].")...)
		}
	}
	return out
}

func (d *document) calls() (out []call) {
	for path, methods := range d.Paths {
		for method, o := range methods {
			c := call{ID: o.ID, Method: strings.ToUpper(method), Path: path, Summary: o.Summary, Description: o.Description}
			for _, p := range o.Parameters {
				if p.Ref != "" {
					p = d.Components.Parameters[last(p.Ref)]
				}
				c.Parameters = append(c.Parameters, field{Name: p.Name, Description: p.Description, Required: p.Required, kind: kindOf(p.Schema)})
			}
			if o.Body != nil {
				c.Takes = kindsOf(o.Body.Content)
			}
			for _, status := range sorted(o.Responses) {
				r := o.Responses[status]
				if r.Ref != "" {
					r = d.Components.Responses[last(r.Ref)]
				}
				c.Answers = append(c.Answers, answers{status, r.Description, kindsOf(r.Content)})
			}
			out = append(out, c)
		}
	}
	slices.SortFunc(out, func(a, b call) int { return strings.Compare(a.Path+" "+a.Method, b.Path+" "+b.Method) })
	return out
}

func (d *document) forms() (out []form) {
	for _, name := range sorted(d.Components.Schemas) {
		s := d.Components.Schemas[name]
		out = append(out, form{name, s.Description, texts(s.Enum), fieldsOf(s, "")})
	}
	return out
}

// page shows the description to people: what is served here of it.
func (a *api) page(site *web.Site) (func(http.ResponseWriter, *http.Request) int, error) {
	pages, err := site.Room(files)
	if err != nil {
		return nil, err
	}
	var doc document
	if err := json.Unmarshal(description, &doc); err != nil {
		return nil, fault.Wrap(fault.Internal, err, "the description of the interface can't be read")
	}
	calls, forms := doc.calls(), doc.forms()
	return func(w http.ResponseWriter, r *http.Request) int {
		served := slices.DeleteFunc(slices.Clone(calls), func(c call) bool { return !a.serves(c.Method, c.Path) })
		return pages.Render(w, r, web.Page{Name: "api", Title: pages.Words(r).Must("api.title"), Public: true, Data: map[string]any{
			"About": doc.Info.Description, "Calls": served, "Forms": forms, "Beacon": a.serves(http.MethodGet, "/beacon/v2"), "Nation": a.serves(http.MethodGet, "/beacon/nation/v2")}})
	}, nil
}

// serves tells whether a call is in the table by itself: what answers for all others under /api doesn't count.
func (a *api) serves(method, path string) bool {
	return slices.ContainsFunc(a.table.Routes(), func(r route.Route) bool { return r.Method == method && r.Pattern == path })
}
