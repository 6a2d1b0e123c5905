package web

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/samverk/samverk/consent"
	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/policy"
	"github.com/samverk/samverk/web"
)

// said is a policy in sentences, as a page shows it.
type said struct {
	About string
	Rules []string
}

func say(l *web.Words, d policy.Draft, name func(string) string) said {
	s := d.Say(l, name)
	out := said{About: strings.Join(s.About, " ")}
	for _, r := range s.Rules {
		out.Rules = append(out.Rules, strings.Join(r, " "))
	}
	return out
}

// ruleRow is a rule in a table.
type ruleRow struct {
	N                                  int
	Who, For, What, Told, Least, Times string
}

func words[T ~string](l *web.Words, prefix string, all []T) (out []string) {
	for _, x := range all {
		out = append(out, l.Must(prefix+string(x)))
	}
	return out
}

func (p *Room) rules(l *web.Words, d policy.Draft, name func(string) string) (out []ruleRow) {
	for i, r := range d.Rules {
		row := ruleRow{N: i + 1, Who: l.Must("pol.anybody"), For: l.List(words(l, "pol.purpose.", r.Purposes)...), What: l.List(words(l, "pol.kind.", r.Questions)...),
			Told: l.Must("pol.precision." + string(r.Precision)), Least: "–", Times: l.Must("pol.times.all", r.Budget.Organisation)}
		if r.K > 0 {
			row.Least = strconv.Itoa(r.K)
		}
		if r.Who.SignedIn {
			row.Who = l.Must("pol.signedin")
			var parts []string
			if len(r.Who.Roles) > 0 {
				parts = append(parts, l.Either(words(l, "pol.role.", r.Who.Roles)...))
			}
			if len(r.Who.Sectors) > 0 {
				parts = append(parts, l.Either(words(l, "sector.", r.Who.Sectors)...))
			}
			for _, o := range r.Who.Organisations {
				parts = append(parts, name(o))
			}
			if len(parts) > 0 {
				row.Who = strings.Join(parts, ", ")
			}
			per := l.Must("pol.per." + string(r.Budget.Per))
			row.Times = l.Must("pol.times.organisation", r.Budget.Organisation, per)
			if r.Budget.Asker > 0 {
				row.Times = l.Must("pol.times.each", r.Budget.Asker, r.Budget.Organisation, per)
			}
		}
		out = append(out, row)
	}
	return out
}

// mostRules bounds a form; a policy of more is written as JSON.
const mostRules = 50

// choices are what a form of a draft offers.
type choices struct {
	Sectors, Roles, Purposes, Questions, Precisions, Pers, Organisations []web.Option
}

func options[T ~string](l *web.Words, prefix string, all []T) (out []web.Option) {
	for _, x := range all {
		out = append(out, web.Option{Value: string(x), Text: l.Must(prefix + string(x))})
	}
	return out
}

func choicesIn(l *web.Words, organisations []web.Option) choices {
	return choices{options(l, "sector.", policy.Sectors), options(l, "pol.role.", policy.Roles), options(l, "pol.purpose.", consent.Purposes()),
		options(l, "pol.kind.", policy.Kinds), options(l, "pol.precision.", policy.Precisions), options(l, "pol.per.", policy.Pers), organisations}
}

// fields are the names of a rule's fields.
type fields struct {
	N                                                                            int
	SignedIn, Sectors, Roles, Organisations, Purposes, Questions                 string
	Commercial, Committee, Countries, Precision, K, Zero, Asker, Budget, Per, At string
}

func fieldsOf(i int) fields {
	at := "r" + strconv.Itoa(i) + "-"
	return fields{i + 1, at + "signedin", at + "sectors", at + "roles", at + "organisations", at + "purposes", at + "questions", at + "commercial", at + "committee",
		at + "countries", at + "precision", at + "k", at + "zero", at + "asker", at + "budget", at + "per", at}
}

// places maps where a draft was wrong to its field in a form.
var places = map[string]string{"who": "signedin", "who.sectors": "sectors", "who.roles": "roles", "who.organisations": "organisations", "conditions.countries": "countries", "budget.per": "per"}

// inForm leads a fault to the field of the form.
func inForm(err error) error {
	var e *fault.Error
	if !errors.As(err, &e) {
		return err
	}
	moved := *e
	if rest, ok := strings.CutPrefix(e.At, "rules."); ok {
		i, at, _ := strings.Cut(rest, ".")
		if to, ok := places[at]; ok {
			at = to
		}
		moved.At = "r" + i + "-" + at
	} else {
		moved.At = strings.ReplaceAll(e.At, ".", "-")
	}
	return &moved
}

// fill puts a draft into a form.
func fill(f *web.Form, d policy.Draft, zone *time.Location) {
	f.Set("name", d.Name)
	f.Set("number", strconv.Itoa(d.Version))
	f.Set("title-sv", d.Title.SV)
	f.Set("title-nb", d.Title.NB)
	f.Set("title-en", d.Title.EN)
	f.Set("country", d.Country)
	f.Set("datasets", strings.Join(d.Datasets, ", "))
	f.Set("batch", strconv.Itoa(d.Batch))
	if !d.Expires.IsZero() {
		f.Set("expires", web.DateValue(d.Expires.In(zone)))
	}
	f.Set("rules", strconv.Itoa(len(d.Rules)))
	for i, r := range d.Rules {
		fillRule(f, fieldsOf(i), r)
	}
}

func fillRule(f *web.Form, at fields, r policy.Rule) {
	tick := func(name string, on bool) {
		if on {
			f.Set(name, "yes")
		}
	}
	number := func(name string, n int) {
		if n != 0 {
			f.Set(name, strconv.Itoa(n))
		}
	}
	tick(at.SignedIn, r.Who.SignedIn)
	f.Set(at.Sectors, r.Who.Sectors...)
	f.Set(at.Roles, r.Who.Roles...)
	f.Set(at.Organisations, r.Who.Organisations...)
	f.Set(at.Purposes, strs(r.Purposes)...)
	f.Set(at.Questions, strs(r.Questions)...)
	tick(at.Commercial, r.Conditions.Commercial)
	tick(at.Committee, r.Conditions.Committee)
	f.Set(at.Countries, strings.Join(r.Conditions.Countries, ", "))
	f.Set(at.Precision, string(r.Precision))
	number(at.K, r.K)
	tick(at.Zero, r.Zero)
	number(at.Asker, r.Budget.Asker)
	number(at.Budget, r.Budget.Organisation)
	f.Set(at.Per, string(r.Budget.Per))
}

func strs[T ~string](all []T) []string {
	out := make([]string, len(all))
	for i, x := range all {
		out[i] = string(x)
	}
	return out
}

func typed[T ~string](all []string) (out []T) {
	for _, x := range all {
		out = append(out, T(x))
	}
	return out
}

// listed reads what is written with commas between.
func listed(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return r == ',' || r == ';' || r == ' ' || r == '\n' })
}

// rulesIn tells how many rules a form has.
func rulesIn(f *web.Form) int {
	n, _ := f.Int("rules")
	return min(max(n, 0), mostRules)
}

// read makes a draft of a form. What can't be a number is a problem of the form.
func read(l *web.Words, f *web.Form, zone *time.Location) policy.Draft {
	number := func(name string) int {
		if f.Get(name) == "" {
			return 0
		}
		n, ok := f.Int(name)
		if !ok {
			f.Wrong(name, l.Must("pol.number"))
		}
		return n
	}
	d := policy.Draft{Format: policy.Format, Name: f.Get("name"), Version: number("number"), Country: strings.ToUpper(f.Get("country")),
		Title: policy.Text{SV: f.Get("title-sv"), NB: f.Get("title-nb"), EN: f.Get("title-en")}, Datasets: listed(f.Get("datasets")), Batch: number("batch")}
	if f.Get("expires") != "" {
		day, ok := f.Day("expires", zone)
		if !ok {
			f.Wrong("expires", l.Must("pol.day"))
		}
		d.Expires = day.UTC()
	}
	for i := range rulesIn(f) {
		at := fieldsOf(i)
		on := func(name string) bool { return f.Get(name) != "" }
		d.Rules = append(d.Rules, policy.Rule{
			Who:      policy.Who{SignedIn: on(at.SignedIn), Sectors: f.All(at.Sectors), Roles: f.All(at.Roles), Organisations: f.All(at.Organisations)},
			Purposes: typed[consent.Purpose](f.All(at.Purposes)), Questions: typed[policy.Kind](f.All(at.Questions)),
			Conditions: policy.Conditions{Commercial: on(at.Commercial), Countries: listed(strings.ToUpper(f.Get(at.Countries))), Committee: on(at.Committee)},
			Precision:  policy.Precision(f.Get(at.Precision)), K: number(at.K), Zero: on(at.Zero),
			Budget: policy.Budget{Asker: number(at.Asker), Organisation: number(at.Budget), Per: policy.Per(f.Get(at.Per))}})
	}
	return d
}

// change adds a rule to a form or takes one away, when a button asked for it.
func change(f *web.Form) bool {
	do, n := f.Get("do"), rulesIn(f)
	if do == "add" {
		if n < mostRules {
			fillRule(f, fieldsOf(n), policy.Rule{Who: policy.Who{SignedIn: true}, Precision: policy.Banded, K: 20, Budget: policy.Budget{Organisation: 100, Per: policy.Lifetime}})
			f.Set("rules", strconv.Itoa(n+1))
		}
		return true
	}
	of, ok := strings.CutPrefix(do, "remove-")
	if !ok {
		return false
	}
	gone, err := strconv.Atoi(of)
	if err != nil || gone < 1 || gone > n {
		return true
	}
	for i := gone; i <= n; i++ { // each takes the place of the one before it
		from, to := fmt.Sprintf("r%d-", i), fmt.Sprintf("r%d-", i-1)
		for name := range f.Values {
			if strings.HasPrefix(name, to) {
				delete(f.Values, name)
			}
		}
		names := slices.Collect(mapKeys(f, from))
		for _, name := range names {
			f.Set(to+strings.TrimPrefix(name, from), f.Values[name]...)
		}
	}
	f.Set("rules", strconv.Itoa(n-1))
	return true
}

func mapKeys(f *web.Form, prefix string) func(func(string) bool) {
	return func(yield func(string) bool) {
		for name := range f.Values {
			if strings.HasPrefix(name, prefix) && !yield(name) {
				return
			}
		}
	}
}
