package policy

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"time"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/storage"
)

// Assignment says as what a person may ask, in an organisation, from a day to a day (medarbetaruppdrag). It is never edited; it
// can be ended before its day.
type Assignment struct {
	ID           string
	Person       string
	Organisation string
	Sector       string
	Role         string
	Approval     string // of an ethics committee, for research
	From         time.Time
	To           time.Time // the first moment after; zero: until further notice
	By           string
	Ground       string
	Made         time.Time
	Ended        time.Time // before its day; zero: not
	EndedBy      string
	EndGround    string
}

// At tells whether the assignment holds at a moment.
func (a Assignment) At(t time.Time) bool {
	return !a.From.After(t) && (a.To.IsZero() || a.To.After(t)) && (a.Ended.IsZero() || a.Ended.After(t))
}

// Assign gives a person an assignment. The operator may, and stewards: those of the node's own organisation everywhere, others in
// their own and no stewards. Nobody gives one to themselves.
func (p *Policies) Assign(ctx context.Context, by Actor, a Assignment) (id string, err error) {
	if err := a.check(); err != nil {
		return "", err
	}
	if id, err = p.db.NewID(); err != nil {
		return "", err
	}
	err = p.db.Write(ctx, func(tx *storage.Tx) error {
		if err := p.mayAssign(ctx, tx, by, a); err != nil {
			return err
		}
		if err := p.steady(); err != nil {
			return err
		}
		now := p.latest()
		from := last(now, a.From)
		if !a.To.IsZero() && !a.To.After(from) {
			return wrong("to", "the assignment would end before it begins")
		}
		_, err := tx.Exec(ctx, `INSERT INTO policy_assignment (id, person, organisation, sector, role, approval, starts, ends, made_by, ground, made)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
			id, a.Person, a.Organisation, a.Sector, a.Role, a.Approval, from, micros(a.To), by.name(), a.Ground, now)
		if err != nil {
			return err
		}
		return p.keepSeen(ctx, tx)
	})
	return id, err
}

// EndAssignment ends an assignment now.
func (p *Policies) EndAssignment(ctx context.Context, by Actor, id, ground string) error {
	if err := needed("ground", ground); err != nil {
		return err
	}
	return p.db.Write(ctx, func(tx *storage.Tx) error {
		found, err := assignments(ctx, tx, `a.id = $1`, id)
		if err != nil {
			return err
		}
		if len(found) == 0 {
			return fault.New(fault.NotFound, "there is no such assignment")
		}
		if by.Person != found[0].Person { // one may always lay down one's own
			if err := p.mayAssign(ctx, tx, by, found[0]); err != nil {
				return err
			}
		}
		now := p.latest()
		if !found[0].Ended.IsZero() || !found[0].To.IsZero() && !found[0].To.After(now) {
			return fault.New(fault.Conflict, "the assignment has ended already").Say("policy.assignment.ended")
		}
		_, err = tx.Exec(ctx, `INSERT INTO policy_assignment_end (assignment, at, made_by, ground, made) VALUES ($1, $2, $3, $4, $2)`, id, now, by.name(), ground)
		if err != nil {
			return err
		}
		return p.keepSeen(ctx, tx)
	})
}

// Asker is a question by a person in an assignment that holds now, to which use, kind and dataset are to be added. Without one it is
// denied.
func (p *Policies) Asker(ctx context.Context, person, organisation, role string) (ask Ask, err error) {
	err = p.db.Read(ctx, func(tx *storage.Tx) error {
		held, err := p.held(ctx, tx, person)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(held, func(a Assignment) bool { return a.Organisation == organisation && a.Role == role })
		if i < 0 {
			return fault.New(fault.Denied, "no such assignment holds now").Do("ask a steward for an assignment").Say("policy.assignment")
		}
		a := held[i]
		ask = Ask{Assignment: a.ID, Organisation: a.Organisation, Sector: a.Sector, Role: a.Role, Person: a.Person, SignedIn: true, Approval: a.Approval}
		return nil
	})
	return ask, err
}

// Held lists a person's assignments that hold now, the last given first.
func (p *Policies) Held(ctx context.Context, person string) (out []Assignment, err error) {
	err = p.db.Read(ctx, func(tx *storage.Tx) error {
		out, err = p.held(ctx, tx, person)
		return err
	})
	return out, err
}

// Assignments lists an organisation's, the last given first, at most 200 of them before the id given ("": from the last).
func (p *Policies) Assignments(ctx context.Context, organisation, before string) (out []Assignment, err error) {
	err = p.db.Read(ctx, func(tx *storage.Tx) error {
		if before == "" {
			out, err = assignments(ctx, tx, `a.organisation = $1`, organisation)
		} else {
			out, err = assignments(ctx, tx, `a.organisation = $1 AND a.id < $2`, organisation, before)
		}
		return err
	})
	return out, err
}

// held are a person's assignments now, by both hands of the clock.
func (p *Policies) held(ctx context.Context, tx *storage.Tx, person string) ([]Assignment, error) {
	if person == "" {
		return nil, nil
	}
	begin, end := p.hands()
	all, err := assignments(ctx, tx, `a.person = $1 AND a.starts <= $2 AND (a.ends = 0 OR a.ends > $3) AND (e.at IS NULL OR e.at > $3)`, person, begin, end)
	return all, err
}

// loadHeld finds which of some assignments hold now: a long answer may outlive the one that it was asked in.
func (p *Policies) loadHeld(ctx context.Context, tx *storage.Tx, b *books, ids []any) error {
	begin, end := p.hands()
	for some := range slices.Chunk(ids, 60) {
		found, err := assignments(ctx, tx, `a.starts <= $1 AND (a.ends = 0 OR a.ends > $2) AND (e.at IS NULL OR e.at > $2) AND a.id IN (`+places(3, len(some))+`)`,
			append([]any{begin, end}, some...)...)
		if err != nil {
			return err
		}
		for _, a := range found {
			b.held[a.ID] = true
		}
	}
	return nil
}

// Steward gives the assignment by which somebody sees to this node: a steward's of its own organisation. Where it isn't said whose the node is
// nobody has one, and only the operator at the machine sees to it.
func (p *Policies) Steward(ctx context.Context, person string) (a Assignment, ok bool, err error) {
	held, err := p.Held(ctx, person)
	if i := slices.IndexFunc(held, func(a Assignment) bool { return a.stewards(p.o.Organisation) }); i >= 0 && err == nil {
		return held[i], true, nil
	}
	return a, false, err
}

// stewards tells whether it is a steward's of an organisation. No organisation has none.
func (a Assignment) stewards(organisation string) bool {
	return a.Role == Steward && organisation != "" && a.Organisation == organisation
}

// Whose says, where it isn't set whose the node is, that it has no stewards for that, and what to do.
func (p *Policies) Whose() error {
	if p.o.Organisation != "" {
		return nil
	}
	return fault.New(fault.Denied, "it isn't set whose this node is, so it has no stewards").
		Do("write the organisation's id as \"organisation\" in samverk.json, and start the server again").Say("policy.steward.whose")
}

// mayRun refuses whoever may not decide for the node.
func (p *Policies) mayRun(ctx context.Context, tx *storage.Tx, by Actor) error {
	steward, err := p.stewards(ctx, tx, by, p.o.Organisation)
	if err == nil && !steward {
		if err := p.Whose(); err != nil {
			return err
		}
		err = fault.New(fault.Denied, "only a steward of the node's own organisation does this").Say("policy.steward")
	}
	return err
}

func (p *Policies) mayAssign(ctx context.Context, tx *storage.Tx, by Actor, a Assignment) error {
	may := by.Operator && by.Person == ""
	for _, o := range []string{p.o.Organisation, a.Organisation} {
		if may || by.Person == a.Person || o != p.o.Organisation && a.Role == Steward {
			continue
		}
		var err error
		if may, err = p.stewards(ctx, tx, by, o); err != nil {
			return err
		}
	}
	if !may {
		return fault.New(fault.Denied, "only a steward gives and ends others' assignments").Say("policy.steward")
	}
	return nil
}

// stewards tells whether somebody is the operator, or a steward of an organisation.
func (p *Policies) stewards(ctx context.Context, tx *storage.Tx, by Actor, organisation string) (bool, error) {
	if by.Operator && by.Person == "" {
		return true, nil
	}
	held, err := p.held(ctx, tx, by.Person)
	return slices.ContainsFunc(held, func(a Assignment) bool { return a.stewards(organisation) }), err
}

func (a Assignment) check() error {
	if err := errors.Join(needed("person", a.Person), needed("organisation", a.Organisation), needed("ground", a.Ground)); err != nil {
		return err
	}
	if err := list("sector", []string{a.Sector}, Sectors, false); err != nil {
		return err
	}
	if err := list("role", []string{a.Role}, Roles, false); err != nil {
		return err
	}
	if a.Approval != "" && (a.Role != Researcher || plain(a.Approval) != nil) {
		return wrong("approval", "an ethics committee's approval belongs to a researcher's assignment")
	}
	return nil
}

func assignments(ctx context.Context, tx *storage.Tx, where string, args ...any) (out []Assignment, err error) {
	rows, err := tx.Query(ctx, `SELECT a.id, a.person, a.organisation, a.sector, a.role, a.approval, a.starts, a.ends, a.made_by, a.ground, a.made,
			COALESCE(e.at, 0), COALESCE(e.made_by, ''), COALESCE(e.ground, '')
		FROM policy_assignment a LEFT JOIN policy_assignment_end e ON e.assignment = a.id WHERE `+where+` ORDER BY a.id DESC LIMIT 200`, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		out = append(out, Assignment{})
		if err := scanAssignment(rows, &out[len(out)-1]); err != nil {
			return nil, err
		}
	}
	return out, rows.Err()
}

func scanAssignment(rows *sql.Rows, a *Assignment) error {
	var from, to, made, ended int64
	err := rows.Scan(&a.ID, &a.Person, &a.Organisation, &a.Sector, &a.Role, &a.Approval, &from, &to, &a.By, &a.Ground, &made, &ended, &a.EndedBy, &a.EndGround)
	a.From, a.To, a.Made, a.Ended = moment(from), moment(to), moment(made), moment(ended)
	return err
}

// micros and moment keep a zero time as 0.
func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return storage.Micros(t)
}

func moment(micros int64) time.Time {
	if micros == 0 {
		return time.Time{}
	}
	return storage.Time(micros)
}
