package ontology

import (
	"encoding/json"
	"errors"
	"io"
	"strings"

	"github.com/samverk/samverk/fault"
)

// ReadGraph reads a vocabulary in OBO Graphs JSON (https://github.com/geneontology/obographs), as HPO and MONDO are
// published: classes among the nodes, and the edges that are is_a. name is for errors.
func ReadGraph(r io.Reader, name string) (*Terms, error) {
	t, err := readGraph(json.NewDecoder(r))
	if err == nil && t.Len() == 0 {
		err = fault.New(fault.Invalid, "the file holds no term").Do("give a file in OBO Graphs JSON")
	}
	var e *fault.Error
	switch {
	case err == nil:
		return t, nil
	case errors.As(err, &e):
		e.File = name
		return nil, err
	}
	return nil, fault.Wrap(fault.Invalid, err, "the file is not OBO Graphs JSON").In(name)
}

type node struct {
	ID    string `json:"id"`
	Label string `json:"lbl"`
	Type  string `json:"type"`
	Meta  struct {
		Deprecated bool `json:"deprecated"`
		Properties []struct {
			Pred string `json:"pred"`
			Val  string `json:"val"`
		} `json:"basicPropertyValues"`
	} `json:"meta"`
}

type edge struct {
	Sub  string `json:"sub"`
	Pred string `json:"pred"`
	Obj  string `json:"obj"`
}

// readGraph walks the file without holding it: {"graphs": [{"meta": …, "nodes": […], "edges": […]}]}.
func readGraph(d *json.Decoder) (*Terms, error) {
	b, version := newBuilder(), ""
	err := object(d, func(key string) error {
		if key != "graphs" {
			return skip(d)
		}
		return array(d, func() error {
			return object(d, func(key string) error {
				switch key {
				case "nodes":
					return array(d, func() error { return b.node(d) })
				case "edges":
					return array(d, func() error { return b.edge(d) })
				case "meta":
					var m struct {
						Version string `json:"version"`
					}
					err := d.Decode(&m)
					version = m.Version
					return err
				}
				return skip(d)
			})
		})
	})
	if err != nil {
		return nil, err
	}
	b.parents = b.known(b.parents)
	return b.build(version)
}

func (b *builder) node(d *json.Decoder) error {
	var n node
	if err := d.Decode(&n); err != nil {
		return err
	}
	if n.Type != "CLASS" || n.ID == "" {
		return nil
	}
	id := curie(n.ID)
	if err := b.add(term{id: id, name: n.Label, obsolete: n.Meta.Deprecated}); err != nil {
		return err
	}
	for _, p := range n.Meta.Properties {
		if strings.HasSuffix(p.Pred, "#hasAlternativeId") {
			b.alt = append(b.alt, [2]string{p.Val, id})
		}
	}
	return nil
}

func (b *builder) edge(d *json.Decoder) error {
	var e edge
	if err := d.Decode(&e); err != nil {
		return err
	}
	if e.Pred == "is_a" {
		if len(b.parents) == 8*most {
			return fault.New(fault.Invalid, "there are more than %d edges", 8*most)
		}
		b.parents = append(b.parents, [2]string{curie(e.Sub), curie(e.Obj)})
	}
	return nil
}

// known leaves out what is said of terms that the file doesn't hold.
func (b *builder) known(parents [][2]string) [][2]string {
	kept := parents[:0]
	for _, p := range parents {
		if _, ok := b.ids[p[0]]; ok {
			kept = append(kept, p)
		}
	}
	return kept
}

// curie shortens http://purl.obolibrary.org/obo/MONDO_0005105 and http://www.orpha.net/ORDO/Orphanet_558.
func curie(iri string) string {
	for _, base := range []string{"http://purl.obolibrary.org/obo/", "http://www.orpha.net/ORDO/"} {
		if rest, ok := strings.CutPrefix(iri, base); ok {
			rest = strings.Replace(rest, "_", ":", 1)
			if n, ok := strings.CutPrefix(rest, "Orphanet:"); ok {
				return "ORPHA:" + n
			}
			return rest
		}
	}
	return iri
}

// object calls each with every key of the object that comes next.
func object(d *json.Decoder, each func(key string) error) error {
	if err := expect(d, '{'); err != nil {
		return err
	}
	for d.More() {
		t, err := d.Token()
		if err != nil {
			return err
		}
		key, ok := t.(string)
		if !ok {
			return errShape
		}
		if err := each(key); err != nil {
			return err
		}
	}
	return expect(d, '}')
}

func array(d *json.Decoder, each func() error) error {
	if err := expect(d, '['); err != nil {
		return err
	}
	for d.More() {
		if err := each(); err != nil {
			return err
		}
	}
	return expect(d, ']')
}

var errShape = errors.New("it has another shape")

func expect(d *json.Decoder, want json.Delim) error {
	t, err := d.Token()
	if err != nil {
		return err
	}
	if t != want {
		return errShape
	}
	return nil
}

// skip passes over a value.
func skip(d *json.Decoder) error {
	for depth := 0; ; {
		t, err := d.Token()
		if err != nil {
			return err
		}
		switch t {
		case json.Delim('{'), json.Delim('['):
			depth++
		case json.Delim('}'), json.Delim(']'):
			depth--
		}
		if depth == 0 {
			return nil
		}
	}
}
