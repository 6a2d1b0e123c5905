package policy

import (
	"embed"
	"slices"
	"strings"

	"github.com/samverk/samverk/lang"
)

// Messages are the parts of sentences, for lang.Read.
//
//go:embed messages
var Messages embed.FS

// Said is a policy in sentences.
type Said struct {
	About []string   // what it applies to, and what holds for all rules
	Rules [][]string // of each rule
}

// Say puts a draft into sentences in a language; name gives an organisation's or a dataset's name, nil for as it is written. The
// sentences say all that is judged.
func (d Draft) Say(w *lang.Words, name func(string) string) Said {
	s := sayer{w, name}
	if name == nil {
		s.name = func(id string) string { return id }
	}
	out := Said{About: s.about(d)}
	for _, r := range d.Rules {
		out.Rules = append(out.Rules, s.rule(r))
	}
	return out
}

// sayer says things in one language.
type sayer struct {
	*lang.Words
	name func(string) string
}

func (s sayer) say(key string, args ...any) string { return s.Must("policy.say."+key, args...) }

func (s sayer) land(code string) string {
	if s.Has("policy.say.land." + code) {
		return s.say("land." + code)
	}
	return code
}

func (s sayer) number(n int) string {
	out, err := s.Number(n)
	if err != nil {
		return ""
	}
	return out
}

// each says every word of a list.
func each[T ~string](words []T, say func(string) string) []string {
	out := make([]string, len(words))
	for i, w := range words {
		out[i] = say(string(w))
	}
	return out
}

func (s sayer) about(d Draft) []string {
	sets := s.say("about.all")
	if len(d.Datasets) > 0 {
		sets = s.say("about.some", len(d.Datasets), s.List(each(d.Datasets, s.name)...))
	}
	title := map[string]string{"sv": d.Title.SV, "nb": d.Title.NB, "en": d.Title.EN}[s.Code]
	out := []string{s.say("about", title, d.Version, s.land(d.Country), sets), s.say("rest"), s.say("withdrawal")}
	if d.Batch > 0 {
		out = append(out, s.say("batch", d.Batch))
	}
	if !d.Expires.IsZero() {
		out = append(out, s.say("expires", s.Day(d.Expires), s.Clock(d.Expires)))
	}
	return out
}

func (s sayer) rule(r Rule) []string {
	out := []string{s.say("may", s.who(r.Who), s.List(s.questions(r.Questions)...),
		s.say("purpose", s.Either(each(r.Purposes, func(p string) string { return s.say("purpose." + p) })...)))}
	switch {
	case r.Precision == Exact && r.K == 0:
		out = append(out, s.say("exact"))
	case r.Zero:
		out = append(out, s.say("exact.zero", r.K-1))
	case r.Precision == Exact:
		out = append(out, s.say("exact.k", r.K, r.K-1))
	case r.Precision == Banded:
		out = append(out, s.say("banded", r.K, r.K-1))
	default:
		out = append(out, s.say("yesno", r.K))
	}
	return append(append(out, s.conditions(r.Conditions)...), s.budget(r))
}

func (s sayer) who(w Who) string {
	if !w.SignedIn {
		return s.say("who.anybody")
	}
	parts := []string{s.say("who.signedin")}
	if len(w.Roles) > 0 {
		parts = append(parts, s.say("who.as", s.Either(each(w.Roles, func(r string) string { return s.say("role." + r) })...)))
	}
	if len(w.Sectors) > 0 {
		parts = append(parts, s.say("who.sector", s.Either(each(w.Sectors, func(r string) string { return s.say("sector." + r) })...)))
	}
	if len(w.Organisations) > 0 {
		parts = append(parts, s.say("who.at", s.Either(each(w.Organisations, s.name)...)))
	}
	return strings.Join(parts, " ")
}

// questions in the order of Kinds; the variant is "it" once it was named.
func (s sayer) questions(asked []Kind) []string {
	var out []string
	named := false
	for _, k := range Kinds {
		if !slices.Contains(asked, k) {
			continue
		}
		key := "question." + string(k)
		if named && s.Has("policy.say."+key+".it") {
			key += ".it"
		}
		named = named || k == Exists || k == Count || k == Frequency
		out = append(out, s.say(key))
	}
	return out
}

func (s sayer) conditions(c Conditions) []string {
	var out []string
	if c.Committee {
		out = append(out, s.say("committee"))
	}
	if len(c.Countries) > 0 {
		out = append(out, s.say("country.also", s.List(each(c.Countries, s.land)...)))
	} else {
		out = append(out, s.say("country.home"))
	}
	if c.Commercial {
		return append(out, s.say("commercial.yes"))
	}
	return append(out, s.say("commercial.no"))
}

func (s sayer) budget(r Rule) string {
	per := s.say("per." + string(r.Budget.Per))
	switch {
	case !r.Who.SignedIn:
		return s.say("budget.all", s.number(r.Budget.Organisation))
	case r.Budget.Asker > 0:
		return s.say("budget.each", per, s.number(r.Budget.Asker), s.number(r.Budget.Organisation))
	}
	return s.say("budget.organisation", per, s.number(r.Budget.Organisation))
}
