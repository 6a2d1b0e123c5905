package web

import (
	"regexp"
	"slices"

	"github.com/samverk/samverk/answer"
	"github.com/samverk/samverk/consent"
	"github.com/samverk/samverk/genome/variant"
	"github.com/samverk/samverk/policy"
	"github.com/samverk/samverk/web"
)

// The purposes in the order they are shown.
var purposes = consent.Purposes()

// form is what a reader typed, and what can be chosen from.
type form struct {
	*web.Form
	Purposes, Datasets []web.Option
	Said               string // what a reader of files said, which is in English
}

func (f *form) query() string   { return f.Get("q") }
func (f *form) purpose() string { return f.Get("purpose") }
func (f *form) dataset() string { return f.Get("dataset") }

// question is a form that could be read.
type question struct {
	key    variant.Key
	region variant.Region
	isKey  bool
	ask    policy.Ask
}

// newForm adds to the fields what can be chosen from.
func newForm(fields *web.Form, l *web.Words, stats answer.Stats) *form {
	f := &form{Form: fields}
	if f.purpose() == "" {
		f.Set("purpose", string(consent.Care))
	}
	for _, p := range purposes {
		f.Purposes = append(f.Purposes, web.Option{Value: string(p), Text: l.Must("purpose." + string(p) + ".long")})
	}
	f.Datasets = []web.Option{{Text: l.Must("dataset.all.name")}}
	for _, d := range stats.Datasets {
		f.Datasets = append(f.Datasets, web.Option{Value: d.Name, Text: datasetLabel(l, d)})
	}
	return f
}

// readAsk checks purpose and dataset, which every form has.
func (f *form) readAsk(l *web.Words) policy.Ask {
	purpose, err := consent.ParsePurpose(f.purpose())
	if err != nil {
		f.Wrong("purpose", l.Must("wrong.purpose"))
	}
	if !slices.ContainsFunc(f.Datasets, func(o web.Option) bool { return o.Value == f.dataset() }) {
		f.Wrong("dataset", l.Must("wrong.dataset", f.dataset()))
	}
	return asking(purpose, f.dataset())
}

// asking is the operator's question.
func asking(purpose consent.Purpose, dataset string) policy.Ask {
	return policy.Ask{Operator: true, Use: consent.Use{Purpose: purpose}, Dataset: dataset}
}

var reference = regexp.MustCompile(`(?i)^rs[0-9]+$|^[A-Z0-9_.]+(\([A-Z0-9]+\))?:[cgmnpr]\.`)

func (f *form) read(l *web.Words) question {
	q := question{}
	key, errKey := variant.ParseKey(f.query())
	region, errRegion := variant.ParseRegion(f.query())
	switch {
	case reference.MatchString(f.query()):
		f.Wrong("q", l.Must("wrong.reference"))
	case errKey == nil:
		q.key, q.isKey = key, true
	case errRegion == nil:
		q.region = region
	default:
		f.Wrong("q", l.Must("wrong.query"))
	}
	q.ask = f.readAsk(l)
	return q
}
