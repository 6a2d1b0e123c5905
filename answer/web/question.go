package web

import (
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/samverk/samverk/answer"
	"github.com/samverk/samverk/consent"
	"github.com/samverk/samverk/genome/variant"
	"github.com/samverk/samverk/web"
)

// The purposes in the order they are shown.
var purposes = consent.Purposes()

// form is what a reader typed, kept as typed.
type form struct {
	Query, Purpose, Dataset, Text string
	Stated                        bool // the reader says that the file is on GRCh38
	Purposes, Datasets            []option
	Problems                      map[string]string // field: what is wrong and what to do
	Order                         []string          // the fields of Problems, as on the page
	Said                          string            // what a reader of files said, which is in English
}

type option struct {
	Value, Label string
	Selected     bool
}

func (f *form) wrong(field, text string) {
	if f.Problems == nil {
		f.Problems = map[string]string{}
	}
	if f.Problems[field] == "" {
		f.Order = append(f.Order, field)
		f.Problems[field] = text
	}
}

// question is a form that could be read.
type question struct {
	key    variant.Key
	region variant.Region
	isKey  bool
	use    consent.Use
}

// readForm takes the fields and what can be chosen from.
func readForm(r *http.Request, l *web.Words, stats answer.Stats) *form {
	f := &form{Query: strings.TrimSpace(r.FormValue("q")), Purpose: r.FormValue("purpose"), Dataset: r.FormValue("dataset"), Text: r.FormValue("text"), Stated: r.FormValue("assembly") == string(variant.GRCh38)}
	if f.Purpose == "" {
		f.Purpose = string(consent.Care)
	}
	for _, p := range purposes {
		f.Purposes = append(f.Purposes, option{string(p), l.Must("purpose." + string(p) + ".long"), string(p) == f.Purpose})
	}
	f.Datasets = []option{{"", l.Must("dataset.all.name"), f.Dataset == ""}}
	for _, d := range stats.Datasets {
		f.Datasets = append(f.Datasets, option{d.Name, datasetLabel(l, d), d.Name == f.Dataset})
	}
	return f
}

// readUse checks purpose and dataset, which every form has.
func (f *form) readUse(l *web.Words) consent.Use {
	purpose, err := consent.ParsePurpose(f.Purpose)
	if err != nil {
		f.wrong("purpose", l.Must("wrong.purpose"))
	}
	if !slices.ContainsFunc(f.Datasets, func(o option) bool { return o.Value == f.Dataset }) {
		f.wrong("dataset", l.Must("wrong.dataset", f.Dataset))
	}
	return consent.Use{Purpose: purpose}
}

var reference = regexp.MustCompile(`(?i)^rs[0-9]+$|^[A-Z0-9_.]+(\([A-Z0-9]+\))?:[cgmnpr]\.`)

func (f *form) read(l *web.Words) question {
	q := question{}
	key, errKey := variant.ParseKey(f.Query)
	region, errRegion := variant.ParseRegion(f.Query)
	switch {
	case reference.MatchString(f.Query):
		f.wrong("q", l.Must("wrong.reference"))
	case errKey == nil:
		q.key, q.isKey = key, true
	case errRegion == nil:
		q.region = region
	default:
		f.wrong("q", l.Must("wrong.query"))
	}
	q.use = f.readUse(l)
	return q
}
