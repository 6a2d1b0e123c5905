package consent

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/individual"
	"github.com/samverk/samverk/mandate"
	"github.com/samverk/samverk/storage"
)

// Draft keeps a form that a decision may name, and gives the digest to name it by. The same form again is nothing new.
func (c *Consents) Draft(ctx context.Context, tx *storage.Tx, by Actor, f Form) (mandate.Digest, error) {
	if err := errors.Join(by.check(), f.Check()); err != nil {
		return mandate.Digest{}, err
	}
	digest, err := f.Digest()
	if err != nil {
		return digest, err
	}
	return digest, c.keep(ctx, tx, by, digest, f)
}

func (c *Consents) keep(ctx context.Context, tx *storage.Tx, by Actor, digest mandate.Digest, f Form) error {
	text, err := f.canonical()
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `INSERT INTO consent_form (digest, form, drafted_by, drafted) VALUES ($1, $2, $3, $4) ON CONFLICT (digest) DO NOTHING`,
		digest.String(), string(text), by, c.db.Now())
	return err
}

// Drafted is a form that was kept, in force or not.
type Drafted struct {
	Form
	Digest mandate.Digest
	By     Actor
	At     time.Time
}

// Forms lists the forms that have been kept, the newest first, at most 100.
func (c *Consents) Forms(ctx context.Context) (all []Drafted, err error) {
	err = c.db.Read(ctx, func(tx *storage.Tx) error {
		rows, err := tx.Query(ctx, `SELECT digest, form, drafted_by, drafted FROM consent_form ORDER BY drafted DESC, digest LIMIT 100`)
		if err != nil {
			return err
		}
		defer rows.Close()
		all = nil
		for rows.Next() {
			d, err := scanDrafted(rows)
			if err != nil {
				return err
			}
			all = append(all, d)
		}
		return rows.Err()
	})
	return all, err
}

// FormOf is the form with a digest.
func (c *Consents) FormOf(ctx context.Context, digest mandate.Digest) (d Drafted, err error) {
	err = c.db.Read(ctx, func(tx *storage.Tx) error {
		d, err = draftedIn(ctx, tx, digest)
		return err
	})
	return d, err
}

func draftedIn(ctx context.Context, tx *storage.Tx, digest mandate.Digest) (Drafted, error) {
	d, err := scanDrafted(tx.QueryRow(ctx, `SELECT digest, form, drafted_by, drafted FROM consent_form WHERE digest = $1`, digest.String()))
	if errors.Is(err, sql.ErrNoRows) {
		return d, fault.New(fault.NotFound, "there is no such form").Say("consent.form.none")
	}
	return d, err
}

func scanDrafted(row interface{ Scan(...any) error }) (d Drafted, err error) {
	var digest, text string
	var at int64
	if err := row.Scan(&digest, &text, &d.By, &at); err != nil {
		return d, err
	}
	if err := d.Digest.UnmarshalText([]byte(digest)); err != nil {
		return d, err
	}
	d.At = storage.Time(at)
	return d, mandate.Decode([]byte(text), &d.Form)
}

// Enact puts a form in force by a decision's mandate that names it by its digest; from when the decision says, and not
// before now. That the mandate is genuine is the caller's to know. The form before it is superseded by it at that moment,
// and what was answered on that keeps its meaning.
func (c *Consents) Enact(ctx context.Context, tx *storage.Tx, by Actor, m mandate.Mandate, digest mandate.Digest) error {
	u, err := c.begun(tx, by)
	if err != nil {
		return err
	}
	if err := m.Verify(mandate.Form, digest); err != nil {
		return err
	}
	d, err := draftedIn(ctx, tx, digest)
	if err != nil {
		return err
	}
	if err := d.Check(); err != nil {
		return err
	}
	text, err := d.canonical()
	if err != nil {
		return err
	}
	return u.failed(c.enact(u, by, digest, text, m))
}

func (c *Consents) enact(u *change, by Actor, digest mandate.Digest, text []byte, m mandate.Mandate) error {
	e, err := enact(digest, text, m, u.clock(c))
	if err != nil {
		return err
	}
	for _, old := range u.enacted {
		if old.Mandate.Decision == m.Decision {
			return fault.New(fault.Conflict, "decision %s has put a form in force", m.Number).Say("consent.form.twice", m.Number)
		}
		if begun := old.begins() <= storage.Micros(u.clock(c)); begun && old.Mandate.InForce.After(m.InForce) {
			return fault.New(fault.Conflict, "decision %s is superseded by decision %s", m.Number, old.Mandate.Number).
				Say("consent.form.superseded", m.Number, old.Mandate.Number)
		}
		if old.Country != e.Country {
			return fault.New(fault.Invalid, "the form is for %s, and this node's are for %s", e.Country, old.Country).Say("consent.form.country")
		}
	}
	written, err := mandate.Canonical(m)
	if err != nil {
		return err
	}
	u.enacted = append(slices.Clone(u.enacted), e)
	u.at = storage.Micros(u.clock(c))
	u.enter()
	u.forces = append(u.forces, force{e, by, string(written)})
	u.acts = append(u.acts, act{Form: text, Mandate: written})
	return nil
}

// force is a form in force to be written.
type force struct {
	*Enacted
	by      Actor
	mandate string
}

// InForce is the form in force now; nil: none is, and every purpose rests on consent.
func (c *Consents) InForce() *Enacted { return c.state().form }

// Enacted lists the forms that were put in force, also those that come later, in that order.
func (c *Consents) Enacted() []*Enacted { return slices.Clone(c.state().enacted) }

// readForces reads which forms were put in force. What was judged then is judged again where that is asked for only: a program that
// knows better must not keep a node from starting.
func readForces(ctx context.Context, tx *storage.Tx, s *state, judge bool) error {
	rows, err := tx.Query(ctx, `SELECT f.digest, f.form, e.mandate, e.recorded FROM consent_force e
		JOIN consent_form f ON f.digest = e.digest ORDER BY e.seq`)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var digest, form, written string
		var recorded int64
		if err := rows.Scan(&digest, &form, &written, &recorded); err != nil {
			return err
		}
		var d mandate.Digest
		var m mandate.Mandate
		if err := errors.Join(d.UnmarshalText([]byte(digest)), mandate.Decode([]byte(written), &m)); err != nil {
			return err
		}
		e, err := enact(d, []byte(form), m, storage.Time(recorded))
		if err != nil {
			return err
		}
		if judge {
			if err := errors.Join(m.Verify(mandate.Form, d), e.Check()); err != nil {
				return err
			}
		}
		s.enacted = append(s.enacted, e)
	}
	return rows.Err()
}

// Answer is what somebody answered to one question.
type Answer struct {
	Question string
	Allow    bool
	Diseases []string // of those the question names, when it is about diseases
}

// Filled is a form as somebody answered it.
type Filled struct {
	Individual individual.Number
	Form       mandate.Digest
	Answers    []Answer
	Guardian   string    // who chose for them; "" they themselves
	Document   string    // where the paper is, when staff register one
	Why        string    // how we were told
	When       time.Time // when they answered; zero for now. The form has to have been in force then.
}

// Fill records the answers on a form, and gives the number of their receipt. Questions that weren't answered stay as they were.
func (c *Consents) Fill(ctx context.Context, tx *storage.Tx, by Actor, f Filled) (receipt string, err error) {
	u, err := c.begun(tx, by)
	if err != nil {
		return "", err
	}
	receipt, err = c.fill(ctx, u, by, f)
	return receipt, u.failed(err)
}

func (c *Consents) fill(ctx context.Context, u *change, by Actor, f Filled) (string, error) {
	if f.When.IsZero() {
		f.When = u.clock(c)
	}
	form := current(u.enacted, storage.Micros(f.When))
	if form == nil || form.Digest != f.Form || f.When.After(u.clock(c)) {
		return "", fault.New(fault.Conflict, "that form was not in force then").Do("answer the form that is").Say("consent.form.past")
	}
	one := choice{who: f.Individual, form: f.Form, guardian: f.Guardian, document: f.Document, why: f.Why, when: f.When}
	if err := c.ready(ctx, u, &one); err != nil {
		return "", err
	}
	if len(f.Answers) == 0 {
		return "", fault.New(fault.Invalid, "no question was answered").Where("answers").Say("consent.form.empty")
	}
	who, _ := c.people.GetIn(u.tx, f.Individual)
	seen := map[string]bool{}
	for _, a := range f.Answers {
		if a.Allow && f.Guardian == "" && !who.Adult(f.When) {
			return "", fault.New(fault.Denied, "somebody who isn't of age can say no, and a guardian has to say yes").Say("consent.minor")
		}
		q, ok := form.question(a.Question)
		if !ok || seen[a.Question] {
			return "", fault.New(fault.Invalid, "the form has no question %.40q, or it was answered twice", a.Question).Where("answers").Say("consent.form.question")
		}
		seen[a.Question] = true
		ch := one
		ch.what, ch.allow, ch.question = q.Permission.index(), a.Allow, q.ID
		if a.Allow {
			ch.scope = q.Scope
			var err error
			if ch.diseases, err = q.chosen(a.Diseases); err != nil {
				return "", err
			}
		}
		if err := c.choose(ctx, u, by, ch); err != nil {
			return "", err
		}
	}
	return one.receipt, nil
}

// chosen checks the diseases that were chosen.
func (q Question) chosen(diseases []string) ([]string, error) {
	if (q.Scope == Diseases) != (len(diseases) > 0) {
		return nil, fault.New(fault.Invalid, "question %s: diseases are to be chosen exactly where it is about them", q.ID).
			Where(q.ID).Say("consent.form.diseases")
	}
	for _, d := range diseases {
		if !slices.ContainsFunc(q.Diseases, func(x Disease) bool { return x.Code == d }) {
			return nil, fault.New(fault.Invalid, "question %s doesn't name %.40q", q.ID, d).Where(q.ID).Say("consent.form.diseases")
		}
	}
	diseases = slices.Clone(diseases)
	slices.Sort(diseases)
	return slices.Compact(diseases), nil
}

// ready checks what all choices of one act have in common, and begins its receipt.
func (c *Consents) ready(ctx context.Context, u *change, one *choice) error {
	who, ok := c.people.GetIn(u.tx, one.who)
	if !ok {
		return fault.New(fault.NotFound, "there is no individual number %d", one.who)
	}
	if err := errors.Join(checkText("where the paper is", one.document), checkText("why", one.why)); err != nil {
		return err
	}
	if strings.ContainsAny(one.guardian, " \n") {
		return fault.New(fault.Invalid, "that is no guardian's id")
	}
	if one.guardian != "" {
		var err error
		if one.alone, err = c.guards(ctx, u, who, one.guardian, one.when); err != nil {
			return err
		}
	}
	one.receipt = c.receipt(u, one.who)
	return nil
}

// Withdrawal is a no to permissions, on no form: nobody needs one to say no.
type Withdrawal struct {
	Individual  individual.Number
	Permissions []Permission // nil: to everything
	Guardian    string
	Document    string
	Why         string
	When        time.Time
}

// Withdraw records a no, and gives the number of its receipt.
func (c *Consents) Withdraw(ctx context.Context, tx *storage.Tx, by Actor, w Withdrawal) (receipt string, err error) {
	u, err := c.begun(tx, by)
	if err != nil {
		return "", err
	}
	receipt, err = c.withdraw(ctx, u, by, w)
	return receipt, u.failed(err)
}

func (c *Consents) withdraw(ctx context.Context, u *change, by Actor, w Withdrawal) (string, error) {
	if w.When.IsZero() {
		w.When = u.clock(c)
	}
	one := choice{who: w.Individual, guardian: w.Guardian, document: w.Document, why: w.Why, when: w.When}
	if err := c.ready(ctx, u, &one); err != nil {
		return "", err
	}
	if w.Permissions == nil {
		w.Permissions = permissions[:]
	}
	for _, p := range w.Permissions {
		ch := one
		if ch.what = p.index(); ch.what < 0 {
			return "", p.unknown()
		}
		if err := c.choose(ctx, u, by, ch); err != nil {
			return "", err
		}
	}
	return one.receipt, nil
}
