package web

import (
	"fmt"
	"strings"
	"time"
)

// Field is one field of a form as its part of the frame draws it: {{template "text" (field .Form "name" (t "label") (t "help"))}}.
type Field struct {
	Form              *Form
	Name, Label, Help string

	Type     string   // of an input: text, email, password, search, url, tel
	Mode     string   // inputmode
	Complete string   // autocomplete
	Lang     string   // the language the text is written in, where it is known
	Rows     int      // of a textarea
	Value    string   // of a checkbox and of what is hidden; else what the form holds
	Accept   string   // kinds of files
	Options  []Option // of a select, radios and checkboxes
	Optional bool     // says so beside the label
	Required bool     // told to who can't see that nothing is said of optional
	Multiple bool     // several files
	Size     string   // "sm" for a small field
	Mono     bool     // a code, not words: equally wide letters, no spelling looked at
}

// Option is one of what can be chosen. Group is the heading it stands under in a select.
type Option struct {
	Value, Text, Help string
	Disabled          bool
}

// field makes a Field; after the help come pairs of a setting and its value.
func field(f *Form, name, label, help string, pairs ...any) (Field, error) {
	if f == nil {
		f = NewForm()
	}
	d := Field{Form: f, Name: name, Label: label, Help: help, Type: "text", Rows: 6}
	if len(pairs)%2 != 0 {
		return d, fmt.Errorf("field %s: a setting without a value", name)
	}
	for i := 0; i < len(pairs); i += 2 {
		setting, _ := pairs[i].(string)
		var ok bool
		switch setting {
		case "type":
			d.Type, ok = pairs[i+1].(string)
		case "mode":
			d.Mode, ok = pairs[i+1].(string)
		case "autocomplete":
			d.Complete, ok = pairs[i+1].(string)
		case "lang":
			d.Lang, ok = pairs[i+1].(string)
		case "rows":
			d.Rows, ok = pairs[i+1].(int)
		case "value":
			d.Value, ok = pairs[i+1].(string)
		case "accept":
			d.Accept, ok = pairs[i+1].(string)
		case "options":
			d.Options, ok = pairs[i+1].([]Option)
		case "optional":
			d.Optional, ok = pairs[i+1].(bool)
		case "required":
			d.Required, ok = pairs[i+1].(bool)
		case "multiple":
			d.Multiple, ok = pairs[i+1].(bool)
		case "mono":
			d.Mono, ok = pairs[i+1].(bool)
		case "size":
			d.Size, ok = pairs[i+1].(string)
		default:
			return d, fmt.Errorf("field %s: there is no setting %q", name, setting)
		}
		if !ok {
			return d, fmt.Errorf("field %s: %s is a %T", name, setting, pairs[i+1])
		}
	}
	return d, nil
}

// ID is the field's id, and that of its first option: what a problem leads to.
func (d Field) ID() string { return d.Form.Anchor(d.Name) }

// OptionID is the id of an option.
func (d Field) OptionID(i int) string {
	if i == 0 {
		return d.ID()
	}
	return fmt.Sprintf("%s-%d", d.ID(), i+1)
}

// Typed is what the field holds.
func (d Field) Typed() string { return d.Form.Values.Get(d.Name) }

// Chosen tells whether a value is chosen.
func (d Field) Chosen(value string) bool {
	return d.Form.Has(d.Name, value) || value == "" && d.Form.Values.Get(d.Name) == ""
}

// Ticked tells whether a lone box is ticked.
func (d Field) Ticked() bool { return d.Form.Has(d.Name, d.Ticks()) }

// Ticks is the value a lone box sends.
func (d Field) Ticks() string {
	if d.Value == "" {
		return "yes"
	}
	return d.Value
}

// Holds is the value of a hidden field: what the page gives, else what was sent.
func (d Field) Holds() string {
	if d.Value != "" {
		return d.Value
	}
	return d.Typed()
}

// Wrong is what is wrong with the field.
func (d Field) Wrong() string { return d.Form.Problem(d.Name) }

// Described lists the ids of what describes the field.
func (d Field) Described() string {
	var ids []string
	if d.Help != "" {
		ids = append(ids, d.ID()+"-help")
	}
	if d.Wrong() != "" {
		ids = append(ids, d.ID()+"-wrong")
	}
	return strings.Join(ids, " ")
}

// Anchor is the id of a field on the page, for the parts of the frame and for fields that a page draws itself.
func (f *Form) Anchor(name string) string {
	if f.drawn == nil {
		f.drawn = map[string]bool{}
	}
	f.drawn[name] = true
	return f.ID + name
}

// Draws tells whether the page has a field of this name, so that a problem can lead there.
func (f *Form) Draws(name string) bool { return f.drawn[name] }

// DateValue writes a moment as a date field holds it, "" for none.
func DateValue(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(time.DateOnly)
}

// ClockValue writes a moment as a time field holds it, "" for none.
func ClockValue(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format("15:04")
}
