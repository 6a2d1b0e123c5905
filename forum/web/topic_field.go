package web

import (
	"github.com/samverk/samverk/forum"
	"github.com/samverk/samverk/web"
)

// actField is a field of a form and the part of the frame that draws it.
type actField struct {
	Part string
	web.Field
}

// fields builds a form's fields. A field's label is the message of the prefix and its name, its help the same with ".help".
type fields struct {
	l      *web.Words
	form   *web.Form
	prefix string
	out    []actField
}

func (b *fields) add(part, name string, f web.Field) {
	key := b.prefix + name
	if !b.l.Has(key) {
		key = "topic.field." + name
	}
	f.Form, f.Name, f.Label = b.form, name, b.l.Must(key)
	if b.l.Has(key + ".help") {
		f.Help = b.l.Must(key + ".help")
	}
	if f.Type == "" {
		f.Type = "text"
	}
	b.out = append(b.out, actField{part, f})
}

func (b *fields) text(name string) { b.add("text", name, web.Field{Required: true}) }
func (b *fields) area(name string, rows int) {
	b.add("textarea", name, web.Field{Rows: rows, Required: true})
}
func (b *fields) note(name string, rows int) {
	b.add("textarea", name, web.Field{Rows: rows, Optional: true})
}
func (b *fields) choose(name string, options []web.Option) {
	b.add("select", name, web.Field{Options: options})
}
func (b *fields) radios(name string, options []web.Option) {
	b.add("radios", name, web.Field{Options: options})
}
func (b *fields) boxes(name string, options []web.Option) {
	b.add("checkboxes", name, web.Field{Options: options})
}
func (b *fields) tick(name string) { b.add("checkbox", name, web.Field{}) }
func (b *fields) day(name string)  { b.add("date", name, web.Field{}) }
func (b *fields) file(name string) { b.add("file", name, web.Field{Optional: true}) }
func (b *fields) hidden(name string) {
	b.out = append(b.out, actField{"hidden", web.Field{Form: b.form, Name: name}})
}

// facets are what places a topic.
func (b *fields) facets() {
	none := b.l.Must("topic.facet.none")
	b.choose("field", facetOptions(b.l, "field", none, forum.Fields))
	b.choose("level", facetOptions(b.l, "level", none, forum.Levels))
	b.choose("kind", facetOptions(b.l, "kind", none, forum.Kinds))
}

// lang asks which language a text is in; the reader's own stands first.
func (b *fields) lang() {
	if b.form.Get("lang") == "" {
		b.form.Set("lang", b.l.Code)
	}
	var options []web.Option
	for _, code := range []string{"sv", "nb", "en"} {
		options = append(options, web.Option{Value: code, Text: b.l.Must("topic.lang." + code)})
	}
	b.choose("lang", options)
}
