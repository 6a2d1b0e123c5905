package fhir

import (
	"context"
	"slices"
	"time"

	"github.com/samverk/samverk/consent"
	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/individual"
	"github.com/samverk/samverk/mandate"
	"github.com/samverk/samverk/storage"
)

// Statement is what one party said at one time: the answers on a form, or on none; or one restriction.
type Statement struct {
	Path        string // of its Consent in the file that was read
	Individual  string // the region's own id
	Guardian    string // whose statement it is; "" their own
	When        time.Time
	Form        mandate.Digest // zero: none
	Registered  bool           // by staff
	Answers     []Answer       // in the order of consent.Permissions
	Restriction *Restriction
}

// Answer is a yes or a no to one permission.
type Answer struct {
	Permission consent.Permission
	Allow      bool
	Scope      consent.Scope // of a yes to research
	Diseases   []string
	path       string
}

// Restriction is a block, an opt-out or a reservation that stands.
type Restriction struct {
	Kind     consent.RestrictionKind
	Purposes []consent.Purpose
	Ground   string
}

func (a Answer) same(b Answer) bool {
	return a.Permission == b.Permission && a.Allow == b.Allow && (!a.Allow || a.Scope == b.Scope && slices.Equal(a.Diseases, b.Diseases))
}

// Statements gives what stands about an individual: what bears on who is counted, of all that was said.
func Statements(ctx context.Context, consents *consent.Consents, who individual.Individual) ([]Statement, error) {
	standing, err := consents.Standing(ctx, who.Number)
	if err != nil {
		return nil, err
	}
	restrictions, err := consents.Restrictions(ctx, who.Number)
	if err != nil {
		return nil, err
	}
	var all []Statement
	for _, r := range standing {
		s := Statement{Individual: who.ID, Guardian: r.Guardian, When: r.When, Registered: !r.By.Own()}
		if r.Form != "" {
			if err := s.Form.UnmarshalText([]byte(r.Form)); err != nil {
				return nil, err
			}
		}
		i := slices.IndexFunc(all, func(x Statement) bool {
			return x.Guardian == s.Guardian && x.Form == s.Form && x.When.Equal(s.When) && x.Registered == s.Registered
		})
		if i < 0 {
			i, all = len(all), append(all, s)
		}
		all[i].Answers = append(all[i].Answers, answerOf(r))
	}
	for _, r := range restrictions {
		if r.Lifted.IsZero() {
			all = append(all, Statement{Individual: who.ID, When: r.When, Registered: !r.By.Own(), Restriction: &Restriction{r.Kind, r.Purposes, r.Ground}})
		}
	}
	slices.SortStableFunc(all, func(a, b Statement) int { return a.When.Compare(b.When) })
	return all, nil
}

func answerOf(r consent.Record) Answer {
	a := Answer{Permission: consent.Permission(r.Purpose), Allow: r.Kind == consent.Given}
	if a.Allow {
		a.Scope, a.Diseases = r.Scope, r.Diseases
	}
	return a
}

// Recorded is what Record did.
type Recorded struct {
	Choices      int // recorded
	Restrictions int
	Already      int // stood already
}

// Record makes statements hold that were read from a file, all or none, the oldest first. Call it inside Write.
func Record(ctx context.Context, tx *storage.Tx, consents *consent.Consents, people *individual.Register, by consent.Actor, why string, all []Statement) (Recorded, error) {
	r := recorder{tx: tx, consents: consents, by: by, why: why}
	all = slices.Clone(all)
	slices.SortStableFunc(all, func(a, b Statement) int { return a.When.Compare(b.When) })
	for _, s := range all {
		who, ok := people.LookupIn(tx, s.Individual)
		if !ok {
			return Recorded{}, fault.New(fault.NotFound, "there is no individual %q", s.Individual).Where(s.Path + ".patient").
				Do("load a sample of theirs first, or correct the id")
		}
		if err := r.statement(ctx, s, who); err != nil {
			return Recorded{}, err
		}
	}
	return r.Recorded, nil
}

type recorder struct {
	Recorded
	tx       *storage.Tx
	consents *consent.Consents
	by       consent.Actor
	why      string
}

func (r *recorder) statement(ctx context.Context, s Statement, who individual.Individual) error {
	if s.Restriction != nil {
		return placed(r.restrict(ctx, s, who.Number), s.Path)
	}
	said, err := r.consents.StandingIn(ctx, r.tx, who.Number)
	if err != nil {
		return err
	}
	past, err := r.consents.HistoryIn(ctx, r.tx, who.Number)
	if err != nil {
		return err
	}
	fresh := slices.DeleteFunc(slices.Clone(s.Answers), func(a Answer) bool {
		return slices.ContainsFunc(said, func(x consent.Record) bool {
			return x.Guardian == s.Guardian && x.When.Equal(s.When) && answerOf(x).same(a) && (!a.Allow || x.Form == formOf(s))
		})
	})
	r.Already += len(s.Answers) - len(fresh)
	for _, a := range fresh {
		if slices.ContainsFunc(past, func(x consent.Record) bool {
			return x.Guardian == s.Guardian && consent.Permission(x.Purpose) == a.Permission && !x.When.Before(s.When)
		}) {
			return fault.New(fault.Conflict, "they said something about %s later than this", a.Permission).Where(s.Path + ".dateTime").
				Do("ask for a newer copy, or leave this Consent out")
		}
	}
	r.Choices += len(fresh)
	return placed(r.answers(ctx, s, who, fresh), s.Path)
}

func formOf(s Statement) string {
	if s.Form == (mandate.Digest{}) {
		return ""
	}
	return s.Form.String()
}

// answers records them by the form's questions; a no that no question asks for, and all that was said on no form, by itself.
func (r *recorder) answers(ctx context.Context, s Statement, who individual.Individual, all []Answer) error {
	filled := consent.Filled{Individual: who.Number, Form: s.Form, Guardian: s.Guardian, Why: r.why, When: s.When}
	no := consent.Withdrawal{Individual: who.Number, Guardian: s.Guardian, Why: r.why, When: s.When}
	var yes []consent.Choice
	form := Node{Forms: r.consents.Enacted()}.form(s.Form, s.When)
	for _, a := range all {
		q, asked := question(form, a.Permission)
		switch {
		case asked:
			filled.Answers = append(filled.Answers, consent.Answer{Question: q.ID, Allow: a.Allow, Diseases: a.Diseases})
		case !a.Allow:
			no.Permissions = append(no.Permissions, a.Permission)
		case s.Guardian != "" || !who.Adult(s.When):
			return fault.New(fault.Denied, "nobody can say yes for a minor on no form").Where("performer").Do("let a guardian answer the form in force")
		default:
			yes = append(yes, consent.Choice{Individual: who.Number, Purpose: consent.Purpose(a.Permission), Allow: true, Why: r.why, When: s.When})
		}
	}
	if len(filled.Answers) > 0 {
		if _, err := r.consents.Fill(ctx, r.tx, r.by, filled); err != nil {
			return err
		}
	}
	if len(no.Permissions) > 0 {
		if _, err := r.consents.Withdraw(ctx, r.tx, r.by, no); err != nil {
			return err
		}
	}
	if len(yes) == 0 {
		return nil
	}
	return r.consents.Change(ctx, r.tx, r.by, yes)
}

func (r *recorder) restrict(ctx context.Context, s Statement, n individual.Number) error {
	all, err := r.consents.RestrictionsIn(ctx, r.tx, n)
	if err != nil {
		return err
	}
	for _, x := range all {
		switch {
		case x.Kind != s.Restriction.Kind || x.Ground != s.Restriction.Ground || !slices.Equal(x.Purposes, s.Restriction.Purposes):
		case x.Lifted.IsZero():
			r.Already++
			return nil
		case !x.Lifted.Before(s.When):
			return fault.New(fault.Conflict, "such a %s was lifted later than this", x.Kind).Do("ask for a newer copy, or leave this Consent out")
		}
	}
	r.Restrictions++
	_, err = r.consents.Restrict(ctx, r.tx, r.by, consent.Restriction{Individual: n, Kind: s.Restriction.Kind, Purposes: s.Restriction.Purposes,
		Ground: s.Restriction.Ground, Why: r.why, When: s.When})
	return err
}
