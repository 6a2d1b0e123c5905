package policy

import (
	"context"
	"encoding/json"
	"time"

	"github.com/samverk/samverk/consent"
	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/storage"
)

// Request is the form of a question that was asked and how it was answered: not by which person, about what, nor with which number.
type Request struct {
	Organisation string          `json:"organisation,omitempty"`
	Sector       string          `json:"sector,omitempty"`
	Role         string          `json:"role,omitempty"`
	SignedIn     bool            `json:"signedIn,omitempty"`
	Approved     bool            `json:"approved,omitempty"` // by an ethics committee
	Operator     bool            `json:"operator,omitempty"`
	Purpose      consent.Purpose `json:"purpose"`
	Commercial   bool            `json:"commercial,omitempty"`
	Country      string          `json:"country,omitempty"`
	Question     Kind            `json:"question"`
	Dataset      string          `json:"dataset,omitempty"`
	Outcome      Outcome         `json:"outcome"`
}

// Outcome is how a question was or would be answered.
type Outcome struct {
	Allowed   bool      `json:"allowed,omitempty"`
	Precision Precision `json:"precision,omitempty"`
	K         int       `json:"k,omitempty"`
	Zero      bool      `json:"zero,omitempty"`
	Policy    string    `json:"policy,omitempty"`
	Rule      int       `json:"rule,omitempty"`
	Reason    Reason    `json:"reason,omitempty"`
}

func (v Verdict) outcome() Outcome {
	return Outcome{v.Allowed, v.Precision, v.K, v.Zero, v.Policy, v.Rule, v.Reason}
}

// same tells whether two outcomes give the same answer, whatever the rule.
func (o Outcome) same(as Outcome) bool {
	return o.Allowed == as.Allowed && o.Precision == as.Precision && o.K == as.K && o.Zero == as.Zero
}

func (a Ask) request(v Verdict) Request {
	r := Request{Organisation: a.Organisation, Sector: a.Sector, Role: a.Role, SignedIn: a.SignedIn, Approved: a.Approval != "", Operator: a.Operator,
		Purpose: a.Use.Purpose, Commercial: a.Use.Commercial, Country: a.Use.Country, Question: a.Question, Dataset: a.Dataset, Outcome: v.outcome()}
	switch w := a.bits(); { // what askers make up is not kept
	case !v.Allowed && !a.SignedIn:
		r.Organisation, r.Sector, r.Role, r.Country, r.Dataset = "", "", "", "", ""
	case w.sector == 0 || w.role == 0 || a.Use.Country != "" && !country.MatchString(a.Use.Country):
		r.Sector, r.Role, r.Country = "", "", ""
	}
	return r
}

func (r Request) ask() Ask {
	a := Ask{Organisation: r.Organisation, Sector: r.Sector, Role: r.Role, SignedIn: r.SignedIn, Operator: r.Operator, Question: r.Question, Dataset: r.Dataset,
		Use: consent.Use{Purpose: r.Purpose, Commercial: r.Commercial, Country: r.Country}}
	if r.SignedIn {
		a.Person = "somebody"
	}
	if r.Approved {
		a.Approval = "given"
	}
	return a
}

// note keeps the form of a question, unless it is of no known kind.
func (b *books) note(a Ask, v Verdict) {
	if w := a.bits(); w.purpose != 0 && w.question != 0 {
		b.requests[a.request(v)]++
	}
}

func (b *books) keepNotes(ctx context.Context, tx *storage.Tx) error {
	forms := make(map[string]int64, len(b.requests))
	for r, n := range b.requests {
		form, err := json.Marshal(r)
		if err != nil {
			return fault.Wrap(fault.Internal, err, "a request can't be written")
		}
		forms[string(form)] += n
	}
	for form, n := range forms {
		_, err := tx.Exec(ctx, `INSERT INTO policy_request (day, form, asked) VALUES ($1, $2, $3)
			ON CONFLICT (day, form) DO UPDATE SET asked = policy_request.asked + excluded.asked`, day(b.now), form, n)
		if err != nil {
			return err
		}
	}
	return nil
}

// Asked is a kind of question and how often it was asked.
type Asked struct {
	Request Request
	Times   int64
}

// Change is a kind of question that would be answered otherwise.
type Change struct {
	Asked
	Would Outcome
}

// Replayed is what a draft would have made of the questions asked.
type Replayed struct {
	Since   time.Time
	Asked   int64 // how many questions there were
	Changed int64 // how many would have been answered otherwise
	Changes []Change
	Partly  bool // there were too many kinds to look at all
}

// maxForms bounds how many kinds of question are looked at.
const maxForms = 20_000

// Requests lists the kinds of question asked since a day, the most asked first.
func (p *Policies) Requests(ctx context.Context, since time.Time) (out []Asked, err error) {
	err = p.db.Read(ctx, func(tx *storage.Tx) error {
		rows, err := tx.Query(ctx, `SELECT form, CAST(SUM(asked) AS BIGINT) FROM policy_request WHERE day >= $1 GROUP BY form ORDER BY 2 DESC, form LIMIT $2`, day(since), maxForms+1)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var form string
			var a Asked
			if err := rows.Scan(&form, &a.Times); err != nil {
				return err
			}
			if err := json.Unmarshal([]byte(form), &a.Request); err != nil {
				return fault.Wrap(fault.Internal, err, "a request noted can't be read")
			}
			out = append(out, a)
		}
		return rows.Err()
	})
	return out, err
}

// Replay judges the questions asked since a day as if a draft of a network were in force in its line now, beside the other lines as they are. What was
// refused for its budget is judged as if there had been one left.
func (p *Policies) Replay(ctx context.Context, network string, d Draft, since time.Time) (r Replayed, err error) {
	if err := d.Check(); err != nil {
		return r, err
	}
	all, err := p.Requests(ctx, since)
	if err != nil {
		return r, err
	}
	if r.Since, r.Partly = since, len(all) > maxForms; r.Partly {
		all = all[:maxForms]
	}
	s := p.now.Load().with(network, d)
	begin, end := p.hands()
	for _, x := range all { // the most asked come first, and so do their changes
		a := x.Request.ask()
		v := Verdict{Reason: NotUnderstood}
		if b := a.bits(); a.understood(b) {
			v = s.judge(&a, b, begin, end)
		}
		r.Asked += x.Times
		was := x.Request.Outcome
		was.Allowed = was.Allowed || was.Reason == BudgetSpent
		if would := v.outcome(); !would.same(was) {
			r.Changed += x.Times
			r.Changes = append(r.Changes, Change{x, would})
		}
	}
	return r, nil
}

// with is the state as if a draft were in force in its line.
func (s *state) with(network string, d Draft) *state {
	name := network + "/" + d.Name
	next := &state{adopted: true, lines: []line{{name: name, entries: []entry{{policy: compile(Signed{Draft: d})}}}}}
	for _, l := range s.lines {
		if l.name != name {
			next.lines = append(next.lines, l)
		}
	}
	return next
}
