package policy

import (
	"context"
	"slices"
	"strings"
)

// Bounded is an account with what a rule in force bounds it to.
type Bounded struct {
	Account
	Line  string // the policy's: network/name
	ID    string // the policy's; "" when no rule in force is about the account
	Rule  int    // counted from 1
	Limit int64
	Per   Per
	Taken int64 // in the rule's span
}

// Budgets lists the accounts of a scope that most was taken from (200 at most), each with every rule in force that takes from it.
func (p *Policies) Budgets(ctx context.Context, scope Scope) (out []Bounded, err error) {
	all, err := p.Accounts(ctx, scope, 0)
	if err != nil {
		return nil, err
	}
	rules, now := p.InForce(), p.latest()
	for _, a := range all {
		spent, found := a.at(now), false
		for _, in := range rules {
			s := in.Signed
			if s == nil {
				continue
			}
			for i, r := range s.Draft.Rules {
				limit := int64(r.Budget.Organisation)
				if scope == OfAsker && r.Budget.Asker > 0 {
					limit = int64(r.Budget.Asker)
				}
				if !r.takes(a, s.Draft) || limit == 0 {
					continue
				}
				found = true
				out = append(out, Bounded{Account: a, Line: s.line(), ID: s.Draft.ID(), Rule: i + 1, Limit: limit, Per: r.Budget.Per, Taken: spent.in(r.Budget.Per)})
			}
		}
		if !found {
			out = append(out, Bounded{Account: a, Per: Lifetime, Taken: a.Lifetime})
		}
	}
	return out, nil
}

// takes tells whether questions under a rule are taken from an account.
func (r Rule) takes(a Account, d Draft) bool {
	if r.Who.SignedIn == (a.Scope == OfAnonymous) || !slices.Contains(r.Purposes, a.Purpose) ||
		!slices.ContainsFunc(r.Questions, func(k Kind) bool { return k.bulk() == a.Bulk }) {
		return false
	}
	if a.Scope == OfAnonymous {
		return len(d.Datasets) == 0 || slices.Contains(d.Datasets, a.Who)
	}
	of, _, _ := strings.Cut(a.Who, "/")
	return len(r.Who.Organisations) == 0 || slices.Contains(r.Who.Organisations, of)
}
