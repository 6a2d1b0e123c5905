package econ

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"reflect"
)

// Schema is the JSON Schema (draft 2020-12) of a model's YAML. It is made from the tags of model.go, and a test holds the
// published file to them.
//
//go:embed model.schema.json
var Schema []byte

// makeSchema makes the schema from the tags.
func makeSchema() ([]byte, error) {
	defs := map[string]any{}
	root := schemaOf(reflect.TypeFor[Model](), defs)
	schema := map[string]any{
		"$schema": "https://json-schema.org/draft/2020-12/schema",
		"$id":     "https://github.com/samverk/samverk/econ/model.schema.json",
		"title":   "A health-economic model of Samverk (econ/1)",
		"$defs":   defs,
	}
	for k, v := range root {
		schema[k] = v
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	err := e.Encode(schema)
	return b.Bytes(), err
}

type object = map[string]any

func schemaOf(t reflect.Type, defs object) object {
	switch {
	case t == textType:
		return object{"type": []string{"number", "string", "boolean"}}
	case t.Kind() == reflect.Pointer:
		return schemaOf(t.Elem(), defs)
	case t.Kind() == reflect.Slice && keyed(t.Elem()):
		return object{"type": "object", "additionalProperties": schemaOf(t.Elem(), defs)}
	case t.Kind() == reflect.Slice:
		return object{"type": "array", "items": schemaOf(t.Elem(), defs)}
	case t.Kind() == reflect.Struct:
		if _, known := defs[t.Name()]; !known && t != reflect.TypeFor[Model]() {
			defs[t.Name()] = nil // it may be a part of itself
			defs[t.Name()] = structSchema(t, defs)
		}
		if t == reflect.TypeFor[Model]() {
			return structSchema(t, defs)
		}
		return object{"$ref": "#/$defs/" + t.Name()}
	}
	return object{"type": map[reflect.Kind]any{reflect.Bool: "boolean", reflect.Int: "integer", reflect.Float64: "number", reflect.String: []string{"string", "number", "boolean"}}[t.Kind()]}
}

func structSchema(t reflect.Type, defs object) object {
	properties, required := object{}, []string{}
	s := object{"type": "object", "properties": properties, "additionalProperties": false}
	var short object
	for _, f := range fieldsOf(t) {
		ft := t.Field(f.index).Type
		if f.key {
			continue
		}
		p := schemaOf(ft, defs)
		if f.rest {
			s["additionalProperties"] = schemaOf(ft.Elem(), defs)
			continue
		}
		if f.file {
			p = object{"anyOf": []any{p, object{"type": "string", "description": "A file: NAME.csv, or BOOK.xlsx#SHEET."}}}
		}
		if f.doc != "" {
			if _, ref := p["$ref"]; ref {
				p = object{"allOf": []any{p}}
			}
			p["description"] = f.doc
		}
		if f.required {
			required = append(required, f.name)
		}
		if f.value {
			short = schemaOf(ft, defs)
			if ft.Kind() == reflect.Slice && alone(t) {
				return short
			}
		}
		properties[f.name] = p
	}
	if len(required) > 0 {
		s["required"] = required
	}
	if short != nil {
		return object{"anyOf": []any{short, s}}
	}
	if _, isKeyed := find(fieldsOf(t), isKey); isKeyed && len(required) == 0 {
		return object{"anyOf": []any{object{"type": "null"}, s}}
	}
	return s
}
