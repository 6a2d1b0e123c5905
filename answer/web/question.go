package web

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

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
	Regions            int            // that are asked together; 0: only this node is
	OfCase             bool           // the asker's own patient can be left out
	Here               bool           // this node holds genomes of its own
	Where              []web.Option   // all regions or this node, if there is a choice
	Askers             []web.Option   // as what they may ask, if there is a choice
	Asking             string         // as what they ask, in words; "" while it isn't chosen
	Said               string         // what a reader of files said, which is in English
	Store              *answer.Stats  // for who may see it
	sent               bool           // and not an address that was followed
	asker              *answer.Asker  // nil while it isn't chosen
	genes              *variant.Genes // what symbols stand for
}

func (f *form) query() string   { return f.Get("q") }
func (f *form) purpose() string { return f.Get("purpose") }
func (f *form) dataset() string { return f.Get("dataset") }

// Conditions tells whether anything is said about the use beside its purpose.
func (f *form) Conditions() bool {
	return f.Has("health", "yes") || f.Has("commercial", "yes") || f.Get("diseases") != "" || f.Problem("diseases") != "" || f.Get("case") != ""
}

// diseases are the ids of diseases as they were typed, each once.
func (f *form) diseases() (out []string) {
	for _, d := range strings.FieldsFunc(f.Get("diseases"), func(c rune) bool { return c == ',' || c == ';' || c == ' ' || c == '\n' }) {
		if !slices.Contains(out, d) {
			out = append(out, d)
		}
	}
	return out
}

// question is a form that could be read.
type question struct {
	key    variant.Key
	region variant.Region
	isKey  bool
	gene   string // the region's, if it was asked for by its name
	ask    policy.Ask
	own    string // the token of the asker's own patient, who isn't counted
}

// newForm adds to the fields what can be chosen from.
func (p *Room) newForm(r *http.Request, fields *web.Form, all []answer.Asker) (*form, error) {
	l := p.pages.Words(r)
	f := &form{Form: fields, genes: p.options.Genes, asker: choose(all, fields.Get("as"))}
	if f.purpose() == "" {
		f.Set("purpose", string(consent.Care))
	}
	if f.asker != nil {
		f.Asking = asker(l, *f.asker)
	}
	if len(all) > 1 {
		f.Askers = append(f.Askers, web.Option{Text: l.Must("form.as.choose")})
		for _, a := range all {
			f.Askers = append(f.Askers, web.Option{Value: a.Assignment, Text: asker(l, a)})
		}
	}
	if f.Regions = p.regions(f.asker); f.Regions > 0 {
		f.Here = p.options.Nation.Here()
	}
	if f.Here {
		f.Where = []web.Option{{Value: "all", Text: l.Must("form.where.all", f.Regions)}, {Value: here, Text: l.Must("form.where.here")}}
		if f.Get("where") == "" && !f.together() {
			f.Set("where", here)
		}
	}
	f.OfCase = f.asker != nil && f.asker.Ask.SignedIn && (f.asker.Ask.Role == policy.Clinician || f.asker.Ask.Role == policy.Laboratory)
	for _, p := range purposes {
		f.Purposes = append(f.Purposes, web.Option{Value: string(p), Text: l.Must("purpose." + string(p) + ".long")})
	}
	f.Datasets = []web.Option{{Text: l.Must("dataset.all.name")}}
	if f.asker == nil || !sees(f.asker.Ask) {
		for _, name := range p.desk.Named() {
			f.Datasets = append(f.Datasets, web.Option{Value: name, Text: name})
		}
		return f, nil
	}
	stats, err := p.desk.Stats(r.Context(), f.asker.Ask)
	if err != nil {
		return nil, err
	}
	f.Store = &stats
	for _, d := range stats.Datasets {
		f.Datasets = append(f.Datasets, web.Option{Value: d.Name, Text: datasetLabel(l, d)})
	}
	return f, nil
}

// readAsk checks what every form has: as what is asked, for what and where.
func (f *form) readAsk(l *web.Words) policy.Ask {
	purpose, err := consent.ParsePurpose(f.purpose())
	if err != nil {
		f.Wrong("purpose", l.Must("wrong.purpose"))
	}
	if !slices.ContainsFunc(f.Datasets, func(o web.Option) bool { return o.Value == f.dataset() }) {
		f.Wrong("dataset", l.Must("wrong.dataset", f.dataset()))
	}
	if f.asker == nil {
		f.Wrong("as", l.Must("wrong.as"))
		return policy.Ask{}
	}
	a := f.asker.Ask
	a.Dataset, a.Use.Purpose = f.dataset(), purpose
	if purpose == consent.Research {
		a.Use.Health, a.Use.Diseases = f.Has("health", "yes"), f.diseases()
	}
	a.Use.Commercial = a.Use.Commercial || f.Has("commercial", "yes")
	return a
}

// link is the address of another question by the same asker, for the same use but its purpose.
func (f *form) link(query string, purpose consent.Purpose, dataset string) string {
	q := url.Values{"q": {query}, "purpose": {string(purpose)}}
	if dataset != "" {
		q.Set("dataset", dataset)
	}
	for _, name := range []string{"as", "where", "health", "diseases", "commercial"} {
		if v := f.Get(name); v != "" {
			q.Set(name, v)
		}
	}
	return "/ask?" + q.Encode()
}

// more is the address of what follows on a stretch; "" where the question has none of its own.
func (f *form) more(rest variant.Region) string {
	if f.sent {
		return ""
	}
	return f.link(rest.String(), consent.Purpose(f.purpose()), f.dataset())
}

var (
	token     = regexp.MustCompile(`^([a-z0-9-]{1,40}:)?[A-Za-z0-9_-]{8,100}$`)
	reference = regexp.MustCompile(`(?i)^rs[0-9]+$|^[A-Z0-9_.]+(\([A-Z0-9]+\))?:[cgmnpr]\.`)
	symbol    = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9.-]{0,30}$`)
)

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
	case symbol.MatchString(f.query()):
		q.gene, q.region = f.readGene(l)
	default:
		f.Wrong("q", l.Must("wrong.query"))
	}
	q.ask, q.own = f.readAsk(l), f.Get("case")
	switch {
	case q.own != "" && !f.sent:
		f.Wrong("case", l.Must("wrong.case.link"))
	case q.own != "" && !token.MatchString(q.own):
		f.Wrong("case", l.Must("wrong.case"))
	}
	return q
}

// readGene finds where a gene is.
func (f *form) readGene(l *web.Words) (string, variant.Region) {
	name, where, ok := f.genes.Find(f.query())
	switch {
	case ok:
	case f.genes == nil:
		f.Wrong("q", l.Must("wrong.gene.none"))
	default:
		f.Wrong("q", l.Must("wrong.gene", f.query()))
	}
	return name, where
}

// about are the genes and diseases that a question is about, as far as can be told.
func (f *form) about(q question) (genes, diseases []string) {
	switch {
	case q.gene != "":
		genes = []string{q.gene}
	case q.isKey:
		genes = f.genes.At(variant.Region{Chrom: q.key.Chrom, From: q.key.Pos, To: q.key.Pos + uint32(max(len(q.key.Ref), 1)) - 1})
	case q.region.Chrom.Valid():
		genes = f.genes.At(q.region)
	case symbol.MatchString(f.query()) && !reference.MatchString(f.query()):
		genes = []string{strings.ToUpper(f.query())}
	}
	const most = 5 // a stretch with more is about none of them
	if len(genes) > most {
		genes = nil
	}
	return genes, f.diseases()
}
