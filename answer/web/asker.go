package web

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/samverk/samverk/answer"
	"github.com/samverk/samverk/consent"
	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/policy"
	"github.com/samverk/samverk/web"
)

// operator asks where nobody else can come.
var operator = policy.Ask{Operator: true}

// askers are as what the reader may ask.
func (p *Room) askers(r *http.Request) ([]answer.Asker, error) {
	if p.options.Askers == nil {
		return []answer.Asker{{Ask: operator}}, nil
	}
	return p.options.Askers(r, p.pages.Words(r).Code)
}

// known tells whether it is known who asks. Only then is named what allows or refuses.
func known(a policy.Ask) bool { return a.SignedIn || a.Operator }

// asker is what an asker is called: "clinician at North hospital".
func asker(l *web.Words, a answer.Asker) string {
	switch {
	case a.SignedIn:
		return l.Must("asker.at", l.Must("policy.say.role."+a.Role), a.Name)
	case a.Operator:
		return l.Must("asker.operator")
	}
	return l.Must("asker.nobody")
}

// mayAsk tells whether policies let an asker put any question about a variant. Who is known is told no sooner than they ask.
func (p *Room) mayAsk(a policy.Ask) bool {
	if known(a) {
		return true
	}
	for _, a.Dataset = range append(p.desk.Named(), "") {
		for _, purpose := range purposes {
			a.Use = consent.Use{Purpose: purpose}
			a.Question = p.desk.Fullest(a)
			if p.desk.Judge(a).Allowed {
				return true
			}
		}
	}
	return false
}

// sees tells whether an asker is told what is stored.
func sees(a policy.Ask) bool { return a.Operator || a.SignedIn && a.Role == policy.Steward }

// named is the decision and the policy that allow or refuse, with where they can be read.
type named struct {
	Number, Decision   string
	Policy, PolicyHref string
}

func (p *Room) named(a policy.Ask, v policy.Verdict) *named {
	if v.Policy == "" || !known(a) {
		return nil
	}
	n := &named{Number: v.Number, Policy: v.Policy}
	if p.options.Named != nil {
		n.Decision, n.PolicyHref = p.options.Named(v)
	}
	return n
}

// denial is a question that isn't answered, in words. They are the same whatever is stored.
type denial struct {
	What, Do string
	By       *named
	SignIn   bool
	Stewards []web.Link // whom who is signed in can turn to
	Raise    string     // where the network's own raise that it should be answered
}

// denial puts a refusal into words, nil for any other error.
func (p *Room) denial(r *http.Request, a policy.Ask, err error) *denial {
	if fault.KindOf(err) != fault.Denied {
		return nil
	}
	l := p.pages.Words(r)
	e := &fault.Error{}
	errors.As(err, &e)
	d := &denial{What: l.Must("fault.policy.denied"), Do: l.Must("denied.do"), SignIn: !a.SignedIn && !a.Operator, By: p.named(a, p.desk.Judge(a))}
	if e.Code == "policy.budget.spent" {
		d.What, d.Do = l.Must("fault.policy.budget.spent"), l.Must("fault.policy.budget.spent.do")
	}
	if a.SignedIn && p.options.Stewards != nil {
		var err error
		if d.Stewards, err = p.options.Stewards(r, l.Code); err != nil {
			p.site.Log(r, err) // the denial stands without them
		}
	}
	if d.By != nil && p.table.Has("GET", "/n/{network}/topics/new") {
		if home, _, ok := strings.Cut(d.By.Decision, "/decisions/"); ok {
			d.Raise = home + "/topics/new"
		}
	}
	return d
}

// log is where it is told what the log of every use is; "" where that isn't.
func (p *Room) log() string {
	if p.table.Has("GET", "/ledger") {
		return "/ledger"
	}
	return ""
}

// refuse sends the page of a denial by itself, or that of any other error.
func (p *Room) refuse(w http.ResponseWriter, r *http.Request, a policy.Ask, err error) int {
	d := p.denial(r, a, err)
	if d == nil {
		return p.fail(w, r, err)
	}
	return p.pages.Render(w, r, web.Page{Name: "denied", Title: d.What, Status: http.StatusForbidden, Station: "use", Data: d})
}

// unassigned is the page for who is signed in and has no assignment.
func (p *Room) unassigned(w http.ResponseWriter, r *http.Request) int {
	var stewards []web.Link
	if p.options.Stewards != nil {
		var err error
		if stewards, err = p.options.Stewards(r, p.pages.Words(r).Code); err != nil {
			return p.fail(w, r, err)
		}
	}
	status := http.StatusOK
	if r.Method != http.MethodGet || r.URL.Query().Has("q") { // something was asked
		status = http.StatusForbidden
	}
	return p.pages.Render(w, r, web.Page{Name: "unassigned", Title: p.pages.Words(r).Must("unassigned.title"), Status: status, Station: "use", Data: stewards})
}

// begin reads a form and as what the reader asks. If it answers itself, there is no form.
func (p *Room) begin(w http.ResponseWriter, r *http.Request, fields *web.Form) (f *form, status int) {
	all, err := p.askers(r)
	switch {
	case err != nil:
		return nil, p.fail(w, r, err)
	case len(all) == 0:
		return nil, p.unassigned(w, r)
	case len(all) == 1 && !p.mayAsk(all[0].Ask):
		return nil, p.refuse(w, r, all[0].Ask, policy.Denied())
	}
	if f, err = p.newForm(r, fields, all); err != nil {
		return nil, p.fail(w, r, err)
	}
	return f, 0
}

// choose finds as what the reader asks: there is one, or they have said.
func choose(all []answer.Asker, assignment string) *answer.Asker {
	if len(all) == 1 {
		return &all[0]
	}
	i := slices.IndexFunc(all, func(a answer.Asker) bool { return a.Assignment == assignment })
	if i < 0 {
		return nil
	}
	return &all[i]
}
