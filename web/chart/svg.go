package chart

import (
	"fmt"
	"html/template"
	"math"
	"strconv"
	"strings"
)

// drawing collects markup; texts go through escape, numbers through num.
type drawing struct{ strings.Builder }

func (d *drawing) add(format string, args ...any) {
	for i, a := range args {
		switch a := a.(type) {
		case string:
			args[i] = template.HTMLEscapeString(a)
		case float64:
			args[i] = num(a)
		}
	}
	fmt.Fprintf(d, format, args...)
}

func (d *drawing) html() template.HTML {
	return template.HTML(d.String()) //nolint:gosec // every text went through add, which escapes
}

// open begins a picture that says something of its own.
func (d *drawing) open(class, id, title, desc string, width, height float64) {
	d.add(`<svg%v viewBox="0 0 %v %v" role="img" aria-labelledby="%v-t`, raw(attr("class", class)), width, height, id)
	if desc != "" {
		d.add(` %v-d`, id)
	}
	d.add(`"><title id="%v-t">%v</title>`, id, title)
	if desc != "" {
		d.add(`<desc id="%v-d">%v</desc>`, id, desc)
	}
}

// raw is markup made here.
type raw string

func attr(name, value string) string {
	if value == "" {
		return ""
	}
	return " " + name + `="` + template.HTMLEscapeString(value) + `"`
}

// hundredth writes a coordinate with two decimals at most.
func hundredth(f float64) string { return strconv.FormatFloat(math.Round(f*100)/100, 'f', -1, 64) }

// num writes a coordinate with one decimal at most.
func num(f float64) string { return strconv.FormatFloat(math.Round(f*10)/10, 'f', -1, 64) }
