package open

import (
	"net/http"
	"slices"

	"github.com/samverk/samverk/answer"
	"github.com/samverk/samverk/consent"
	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/policy"
	"github.com/samverk/samverk/web/route"
)

// operator asks where nobody else can come.
var operator = []answer.Asker{{Ask: policy.Ask{Operator: true}}}

func (a *api) askers(r *http.Request) ([]answer.Asker, error) {
	if a.who == nil {
		return operator, nil
	}
	return a.who(r)
}

// asking is the question of whoever calls, without what it is about. They ask in their assignment; who has several names one. Who has none
// is denied as any other is.
func (a *api) asking(r *http.Request, p *parameters) (ask policy.Ask, err error) {
	if route.Elsewhere(r) {
		return ask, fault.New(fault.Denied, "a page of another site asks nothing here").Do("ask from this site's own pages, or with a program")
	}
	all, err := a.askers(r)
	switch {
	case err != nil:
		return ask, err
	case len(all) == 0:
		return ask, policy.Denied()
	}
	i := slices.IndexFunc(all, func(x answer.Asker) bool { return x.Assignment == p.as })
	switch {
	case p.as == "" && len(all) == 1:
		i = 0
	case p.as == "":
		return ask, fault.New(fault.Invalid, "there are %d assignments to ask in", len(all)).Where("as").Do("name one by its id")
	case i < 0:
		return ask, fault.New(fault.Invalid, "no such assignment holds now").Where("as")
	}
	purpose, err := consent.ParsePurpose(p.purpose)
	return all[i].About(p.dataset, purpose), err
}

// may is as what whoever calls may see what is stored.
func (a *api) may(r *http.Request) (ask policy.Ask, err error) {
	all, err := a.askers(r)
	for _, x := range all {
		if ask = x.Ask; ask.Operator || ask.Role == policy.Steward {
			break
		}
	}
	return ask, err
}

// named adds to a denial what says what is answered, for who is known. It is the same whatever is stored.
func (a *api) named(p *problem, ask policy.Ask) {
	if !ask.SignedIn && !ask.Operator {
		return
	}
	v := a.desk.Judge(ask)
	p.Policy, p.Decision = v.Policy, v.Number
}
