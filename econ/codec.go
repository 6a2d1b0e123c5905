package econ

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// The tags of model.go, read once. A field is one of these:
//
//	NAME            a key of a mapping; a column of a table
//	NAME,key        the name itself, in a mapping of names to things
//	NAME,value      what stands for the whole thing if nothing else is said of it
//	,rest           all keys that have no field
//	NAME,required   has to be there
//	NAME,table      a list that may be kept in a file, whose name stands instead
type field struct {
	name                             string
	index                            int
	key, value, rest, required, file bool
	doc                              string
}

var (
	posType  = reflect.TypeFor[Pos]()
	textType = reflect.TypeFor[Text]()
)

var fieldsOf = func() func(t reflect.Type) []field {
	known := map[reflect.Type][]field{}
	var learn func(t reflect.Type)
	learn = func(t reflect.Type) {
		for t.Kind() == reflect.Slice || t.Kind() == reflect.Pointer {
			t = t.Elem()
		}
		if t.Kind() != reflect.Struct || t == textType || known[t] != nil {
			return
		}
		fs := []field{}
		for i := range t.NumField() {
			name, options, _ := strings.Cut(t.Field(i).Tag.Get("econ"), ",")
			if name == "-" || name == "" && options == "" {
				continue
			}
			has := func(o string) bool { return slices.Contains(strings.Split(options, ","), o) }
			fs = append(fs, field{name: name, index: i, key: has("key"), value: has("value"), rest: has("rest"),
				required: has("required"), file: has("table"), doc: t.Field(i).Tag.Get("doc")})
		}
		known[t] = fs
		for _, f := range fs {
			learn(t.Field(f.index).Type)
		}
	}
	learn(reflect.TypeFor[Model]())
	return func(t reflect.Type) []field { return known[t] }
}()

func find(fs []field, is func(field) bool) (field, bool) {
	if i := slices.IndexFunc(fs, is); i >= 0 {
		return fs[i], true
	}
	return field{}, false
}

func isKey(f field) bool   { return f.key }
func isValue(f field) bool { return f.value }
func isRest(f field) bool  { return f.rest }

// keyed tells whether a list of t is written as a mapping of names.
func keyed(t reflect.Type) bool {
	if t.Kind() != reflect.Struct {
		return false
	}
	_, is := find(fieldsOf(t), isKey)
	return is
}

// alone tells whether t has nothing but a key and a value.
func alone(t reflect.Type) bool {
	for _, f := range fieldsOf(t) {
		if !f.key && !f.value {
			return false
		}
	}
	return true
}

// reader reads a model from YAML nodes, and notes what is wrong.
type reader struct {
	file     string
	problems Problems
	model    *Model
	rows     func(name string, at Pos, t reflect.Type, field string) (*yaml.Node, bool) // a list that is kept in a file
}

func (d *reader) at(n *yaml.Node) Pos { return Pos{File: d.file, Line: n.Line, Column: n.Column} }

func (d *reader) wrong(n *yaml.Node, path, wanted string) {
	is := map[yaml.Kind]string{yaml.MappingNode: "a mapping", yaml.SequenceNode: "a list", yaml.ScalarNode: "a single value", yaml.AliasNode: "an alias"}[n.Kind]
	d.problems.add(d.at(n), path, "", "%s should be %s and is %s", last(path), wanted, is)
}

func last(path string) string {
	if path == "" {
		return "the model"
	}
	return path[strings.LastIndex(path, ".")+1:]
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// read sets v by a node. path names it to people, as parts.disease.states.
func (d *reader) read(n *yaml.Node, v reflect.Value, path string) {
	if n.Kind == yaml.AliasNode {
		d.problems.add(d.at(n), path, "write it out", "aliases aren't used in models")
		return
	}
	if n.Tag == "!!null" {
		return
	}
	switch {
	case v.Type() == textType:
		if text, ok := d.scalar(n, path, "a number or a formula"); ok {
			v.Set(reflect.ValueOf(Text{Source: text, At: d.inside(n)}))
		}
	case v.Kind() == reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		d.read(n, v.Elem(), path)
	case v.Kind() == reflect.Struct:
		d.structure(n, v, path)
	case v.Kind() == reflect.Slice && keyed(v.Type().Elem()):
		d.names(n, v, path)
	case v.Kind() == reflect.Slice:
		d.list(n, v, path)
	default:
		d.single(n, v, path)
	}
}

// inside is where a scalar's text begins.
func (d *reader) inside(n *yaml.Node) Pos {
	at := d.at(n)
	switch n.Style {
	case yaml.DoubleQuotedStyle, yaml.SingleQuotedStyle:
		at.Column++
	case yaml.LiteralStyle, yaml.FoldedStyle:
		at.Line, at.Column = at.Line+1, 1
	}
	return at
}

func (d *reader) scalar(n *yaml.Node, path, wanted string) (string, bool) {
	if n.Kind != yaml.ScalarNode {
		d.wrong(n, path, wanted)
		return "", false
	}
	return n.Value, true
}

func (d *reader) single(n *yaml.Node, v reflect.Value, path string) {
	wanted := map[reflect.Kind]string{reflect.Bool: "true or false", reflect.Int: "a whole number", reflect.Float64: "a number", reflect.String: "a text"}[v.Kind()]
	text, ok := d.scalar(n, path, wanted)
	if !ok {
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(text)
		return
	case reflect.Bool:
		ok = text == "true" || text == "false"
		v.SetBool(text == "true")
	case reflect.Int:
		i, err := strconv.Atoi(text)
		ok = err == nil
		v.SetInt(int64(i))
	case reflect.Float64:
		f, err := strconv.ParseFloat(text, 64)
		ok = err == nil && !math.IsNaN(f) && !math.IsInf(f, 0)
		if ok {
			v.SetFloat(f)
		}
	}
	if !ok {
		d.problems.add(d.at(n), path, "", "%s should be %s and is %q", last(path), wanted, text)
	}
}

// structure reads a mapping with known keys, or the value that stands for it.
func (d *reader) structure(n *yaml.Node, v reflect.Value, path string) {
	d.place(v, n)
	fs := fieldsOf(v.Type())
	value, has := find(fs, isValue)
	if has && (n.Kind != yaml.MappingNode || v.Field(value.index).Kind() == reflect.Slice && alone(v.Type())) {
		d.read(n, v.Field(value.index), path)
		return
	}
	if n.Kind != yaml.MappingNode {
		d.wrong(n, path, "a mapping")
		return
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		d.member(n.Content[i], n.Content[i+1], v, fs, path, seen)
	}
	for _, f := range fs {
		if f.required && !seen[f.name] {
			d.problems.add(d.at(n), join(path, f.name), f.doc, "%s is missing", f.name)
		}
	}
}

func (d *reader) member(k, n *yaml.Node, v reflect.Value, fs []field, path string, seen map[string]bool) {
	if k.Kind != yaml.ScalarNode {
		d.wrong(k, path, "a key")
		return
	}
	if seen[k.Value] {
		d.problems.add(d.at(k), join(path, k.Value), "", "%s is there twice", k.Value)
		return
	}
	seen[k.Value] = true
	if f, ok := find(fs, func(f field) bool { return f.name == k.Value && !f.key }); ok {
		d.field(n, v.Field(f.index), f, join(path, k.Value))
		return
	}
	if rest, ok := find(fs, isRest); ok {
		list := v.Field(rest.index)
		d.append(k, n, list, join(path, k.Value))
		return
	}
	var known []string
	for _, f := range fs {
		if !f.key && !f.rest {
			known = append(known, f.name)
		}
	}
	d.problems.add(d.at(k), join(path, k.Value), nearest(k.Value, known), "%s isn't known here", k.Value)
}

// field reads a field, from a file of its own if one is named.
func (d *reader) field(n *yaml.Node, v reflect.Value, f field, path string) {
	if !f.file || n.Kind != yaml.ScalarNode || n.Tag == "!!null" {
		d.read(n, v, path)
		return
	}
	d.model.files[path] = n.Value
	rows, ok := d.rows(n.Value, d.at(n), v.Type().Elem(), path)
	if !ok {
		return
	}
	back := d.file
	d.file = n.Value
	d.read(rows, v, path)
	d.file = back
}

// names reads a mapping of names to things.
func (d *reader) names(n *yaml.Node, list reflect.Value, path string) {
	if n.Kind != yaml.MappingNode {
		d.wrong(n, path, "a mapping of names")
		return
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		k := n.Content[i]
		if k.Kind != yaml.ScalarNode {
			d.wrong(k, path, "a name")
			continue
		}
		if seen[k.Value] {
			d.problems.add(d.at(k), join(path, k.Value), "", "%s is there twice", k.Value)
			continue
		}
		seen[k.Value] = true
		d.append(k, n.Content[i+1], list, join(path, k.Value))
	}
}

// append reads one thing of a mapping of names.
func (d *reader) append(k, n *yaml.Node, list reflect.Value, path string) {
	e := reflect.New(list.Type().Elem()).Elem()
	key, _ := find(fieldsOf(e.Type()), isKey)
	e.Field(key.index).SetString(k.Value)
	d.read(n, e, path)
	d.place(e, k)
	list.Set(reflect.Append(list, e))
}

func (d *reader) list(n *yaml.Node, list reflect.Value, path string) {
	if n.Kind != yaml.SequenceNode {
		d.wrong(n, path, "a list")
		return
	}
	for i, item := range n.Content {
		e := reflect.New(list.Type().Elem()).Elem()
		d.read(item, e, join(path, strconv.Itoa(i+1)))
		list.Set(reflect.Append(list, e))
	}
}

func (d *reader) place(v reflect.Value, n *yaml.Node) {
	if v.Kind() != reflect.Struct {
		return
	}
	if at := v.FieldByName("At"); at.IsValid() && at.Type() == posType {
		at.Set(reflect.ValueOf(d.at(n)))
	}
}

// empty tells whether nothing is said of a thing: its place alone isn't anything.
func empty(v reflect.Value) bool {
	switch {
	case v.Type() == textType:
		return v.Interface().(Text).Source == ""
	case v.Kind() == reflect.Slice:
		return v.Len() == 0
	case v.Kind() == reflect.Struct:
		for _, f := range fieldsOf(v.Type()) {
			if !empty(v.Field(f.index)) {
				return false
			}
		}
		return true
	}
	return v.IsZero()
}

// write gives the node of a value. files tells which lists are kept in files.
func write(v reflect.Value, path string, files map[string]string) *yaml.Node {
	switch {
	case v.Type() == textType:
		return scalarNode(v.Interface().(Text).Source, true)
	case v.Kind() == reflect.Pointer:
		return write(v.Elem(), path, files)
	case v.Kind() == reflect.Struct:
		return writeStruct(v, path, files)
	case v.Kind() == reflect.Slice:
		return writeList(v, path, files)
	case v.Kind() == reflect.String:
		return scalarNode(v.String(), false)
	case v.Kind() == reflect.Float64:
		return scalarNode(strconv.FormatFloat(v.Float(), 'g', -1, 64), true)
	}
	return scalarNode(fmt.Sprint(v.Interface()), true)
}

// scalarNode writes a text so that it is read as the text it is; a number or a formula may stand without quotes.
func scalarNode(s string, bare bool) *yaml.Node {
	n := &yaml.Node{Kind: yaml.ScalarNode, Value: s}
	if _, err := strconv.ParseFloat(s, 64); bare && (err == nil || s == "true" || s == "false") {
		return n
	}
	n.Tag = "!!str"
	if strings.Contains(s, "\n") && bare {
		n.Style = yaml.DoubleQuotedStyle
	}
	return n
}

func writeStruct(v reflect.Value, path string, files map[string]string) *yaml.Node {
	fs := fieldsOf(v.Type())
	if value, has := find(fs, isValue); has {
		others := false
		for _, f := range fs {
			others = others || !f.key && !f.value && !empty(v.Field(f.index))
		}
		if !others {
			return write(v.Field(value.index), path, files)
		}
	}
	n := &yaml.Node{Kind: yaml.MappingNode}
	for _, f := range fs {
		switch {
		case f.key:
		case f.rest:
			n.Content = append(n.Content, write(v.Field(f.index), path, files).Content...)
		default:
			at := join(path, f.name)
			if file := files[at]; f.file && file != "" {
				n.Content = append(n.Content, scalarNode(f.name, false), scalarNode(file, false))
			} else if f.required || !empty(v.Field(f.index)) {
				n.Content = append(n.Content, scalarNode(f.name, false), write(v.Field(f.index), at, files))
			}
		}
	}
	return n
}

func writeList(v reflect.Value, path string, files map[string]string) *yaml.Node {
	n := &yaml.Node{Kind: yaml.SequenceNode}
	isMap := keyed(v.Type().Elem())
	if isMap {
		n.Kind = yaml.MappingNode
	}
	for i := range v.Len() {
		e, at := v.Index(i), join(path, strconv.Itoa(i+1))
		if isMap {
			key, _ := find(fieldsOf(e.Type()), isKey)
			name := e.Field(key.index).String()
			at = join(path, name)
			n.Content = append(n.Content, scalarNode(name, false))
		}
		n.Content = append(n.Content, write(e, at, files))
	}
	compact(n)
	return n
}

// compact writes what is small on one line.
func compact(n *yaml.Node) {
	length := 0
	for _, c := range n.Content {
		if c.Kind != yaml.ScalarNode {
			return
		}
		length += len(c.Value) + 2
	}
	if length < 100 {
		n.Style = yaml.FlowStyle
	}
}
