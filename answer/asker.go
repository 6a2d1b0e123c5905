package answer

import (
	"context"

	"github.com/samverk/samverk/consent"
	"github.com/samverk/samverk/policy"
)

// Asker is as what somebody may ask: in an assignment of their own, as the operator at the machine, or as nobody that is known.
type Asker struct {
	policy.Ask        // but for what the question is
	Assignment string // its id; "" for the operator and for who isn't signed in
	Name       string // the organisation's, as people call it
	// Granted are datasets to which a data access committee has granted the person access, each with the committee.
	Granted map[string]string
}

// About is the question of an asker about a dataset ("": all of them), for a purpose. A researcher whose assignment names no ethics committee's approval
// has, for the datasets granted to them and for no other, the approval of the committee that granted it.
func (a Asker) About(dataset string, p consent.Purpose) policy.Ask {
	ask := a.Ask
	ask.Dataset, ask.Use.Purpose = dataset, p
	if by := a.Granted[dataset]; dataset != "" && by != "" && ask.Approval == "" && ask.Role == policy.Researcher {
		ask.Approval = by
	}
	return ask
}

// Judge tells what the policies in force say of a question, without asking it: nothing is looked at, and nothing noted.
func (d *Desk) Judge(a policy.Ask) policy.Verdict { return d.policies.Judge(a) }

// Fullest is the kind of question about variants that tells most of those an asker may put; without any, the one that is denied.
func (d *Desk) Fullest(a policy.Ask) policy.Kind {
	for _, kind := range []policy.Kind{policy.Frequency, policy.Count, policy.Exists} {
		a.Question = kind
		if d.policies.Judge(a).Allowed {
			return kind
		}
	}
	return policy.Frequency
}

// Left tells what is left of the budgets of a question that is allowed.
func (d *Desk) Left(ctx context.Context, a policy.Ask, v policy.Verdict) (policy.Left, error) {
	return d.policies.Left(ctx, a, v)
}

// Named are the datasets that policies in force name, which anybody may know of.
func (d *Desk) Named() []string { return d.policies.Datasets() }
