package policy

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/mandate"
)

// AdoptStanding adopts, by the node's standing rules, what it was given and was signed since each rule was made: of each line the newest alone, so
// that a node that was away doesn't for a moment answer by what was tightened meanwhile. A decision that another one holds in the place of is
// passed over.
func (p *Policies) AdoptStanding(ctx context.Context) (adopted []Signed, err error) {
	waiting, err := p.Waiting(ctx)
	if err != nil || len(waiting) == 0 {
		return nil, err
	}
	rules, err := p.Rules(ctx)
	if err != nil {
		return nil, err
	}
	var errs []error
	waiting = slices.DeleteFunc(waiting, func(s Signed) bool { return !Ruled(rules, s.Mandate, s.Made) })
	for _, s := range newest(waiting) {
		if err := p.Adopt(ctx, s, Adoption{Standing: true}); err == nil {
			adopted = append(adopted, s)
		} else if still, again := p.waits(ctx, s); again != nil || still && !errors.Is(err, errStands) {
			errs = append(errs, err, again)
		}
	}
	return adopted, errors.Join(errs...)
}

// errStands marks the refusal of a decision that another holds in the place of.
var errStands = errors.New("superseded")

// newest keeps the newest of each line.
func newest(all []Signed) (out []Signed) {
	for _, s := range all {
		i := slices.IndexFunc(out, func(x Signed) bool { return x.line() == s.line() })
		switch {
		case i < 0:
			out = append(out, s)
		case !out[i].overtakes(s):
			out[i] = s
		}
	}
	return out
}

// Ruled tells whether a standing rule adopts what a mandate put in force and was signed at a moment: not before the rule was made. The body's own
// rule holds before the network's.
func Ruled(rules []StandingRule, m mandate.Mandate, made time.Time) bool {
	for _, body := range []string{m.Body, ""} {
		i := slices.IndexFunc(rules, func(r StandingRule) bool { return r.Network == m.Network && r.Body == body })
		if i >= 0 {
			return rules[i].Adopts && !made.Before(rules[i].Made)
		}
	}
	return false
}

// waits tells whether a policy still isn't adopted: somebody else may have done so meanwhile.
func (p *Policies) waits(ctx context.Context, s Signed) (bool, error) {
	waiting, err := p.Waiting(ctx)
	return slices.ContainsFunc(waiting, func(x Signed) bool {
		return x.Mandate.Decision == s.Mandate.Decision && x.Draft.ID() == s.Draft.ID()
	}), err
}

// still asks whether a policy's decision still stands.
func (p *Policies) still(ctx context.Context, s Signed) error {
	ask := p.stands.Load()
	if ask == nil {
		return nil
	}
	err := (*ask)(ctx, s.Mandate)
	if fault.KindOf(err) == fault.Conflict {
		return stood{err}
	}
	return err
}

// stood is such a refusal.
type stood struct{ error }

func (e stood) Is(target error) bool { return target == errStands }
func (e stood) Unwrap() error        { return e.error }
