package fhir

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// shape refuses what a value of a type hasn't, by its path: what is left can be read into that type without a loss.
func (r *reader) shape(path string, v any, t reflect.Type) {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch t.Kind() {
	case reflect.Interface: // not looked at
	case reflect.Struct:
		m, ok := v.(map[string]any)
		if !ok || len(m) == 0 {
			r.refuse(path, "this is no element with something in it", "write it as FHIR R4 says")
			return
		}
		r.fields(path, m, t)
	case reflect.Slice:
		all, ok := v.([]any)
		if !ok || len(all) == 0 {
			r.refuse(path, "this is no array with something in it", "write it as FHIR R4 says")
			return
		}
		for i, x := range all {
			r.shape(fmt.Sprintf("%s[%d]", path, i), x, t.Elem())
		}
	case reflect.String:
		if s, ok := v.(string); !ok || strings.TrimSpace(s) == "" {
			r.refuse(path, "this is no text with something in it", "write it as FHIR R4 says")
		}
	case reflect.Bool:
		if _, ok := v.(bool); !ok {
			r.refuse(path, "this is neither true nor false", "write it as FHIR R4 says")
		}
	default: // a whole number: nothing else can be one here
		if _, ok := v.(float64); !ok {
			r.refuse(path, "this is no number", "write it as FHIR R4 says")
		}
	}
}

func (r *reader) fields(path string, m map[string]any, t reflect.Type) {
	if t == reflect.TypeFor[resource]() && m["resourceType"] != "Consent" {
		r.refuse(path+".resourceType", "this is no Consent", "leave everything else out of the file")
		return
	}
	known := map[string]reflect.Type{}
	for f := range t.Fields() {
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		known[name] = f.Type
		if _, there := m[name]; !there && options == "" {
			r.refuse(path+"."+name, "this is missing", "write it as FHIR R4 says")
		}
	}
	for _, name := range slices.Sorted(maps.Keys(m)) {
		if inner, ok := known[name]; ok {
			r.shape(path+"."+name, m[name], inner)
		} else {
			why, ok := disobeyed[name]
			if !ok {
				why = "this isn't understood"
			}
			r.refuse(path+"."+name, why, "ask for a Consent without it, or register from paper what was said")
		}
	}
}

// disobeyed are fields of R4 that can't be obeyed here, and why.
var disobeyed = map[string]string{
	"implicitRules":     "rules that are set elsewhere can't be obeyed",
	"modifierExtension": "this changes what the rest means, and isn't understood",
	"extension":         "this extension isn't understood",
	"contained":         "resources within the Consent aren't read",
	"security":          "security labels can't be obeyed",
	"tag":               "what a tag means isn't known",
	"period":            "a choice holds until it is changed: a time limit can't be obeyed",
	"action":            "a choice is about a purpose: a limit to some actions can't be obeyed",
	"securityLabel":     "a limit to some of the data can't be obeyed",
	"class":             "a limit to some of the data can't be obeyed",
	"code":              "a limit to some of the data can't be obeyed",
	"dataPeriod":        "a limit to some of the data can't be obeyed",
	"data":              "a limit to some of the data can't be obeyed",
}
