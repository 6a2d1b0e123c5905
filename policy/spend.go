package policy

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/samverk/samverk/consent"
	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/storage"
)

// Scope says whose account it is.
type Scope string

// The scopes of accounts.
const (
	OfAsker        Scope = "asker"
	OfOrganisation Scope = "organisation"
	OfAnonymous    Scope = "anonymous" // all together who aren't signed in, for a dataset
)

// Account is how many numbers somebody has asked for, by purpose, one by one or in bulk.
type Account struct {
	Scope   Scope
	Purpose consent.Purpose
	Bulk    bool
	Who     string // a person in an organisation ("organisation/person"), an organisation ("organisation/node" where another node asks for it, "/node" for all that it asks), or a dataset
	Spent
}

// Spent is how many, ever and in the last year and day that anything was asked.
type Spent struct {
	Lifetime, InYear, InDay int64
	Year, Day               int64 // Day is counted from 1970
}

func (a Account) key() string {
	return fmt.Sprintf("%s|%s|%t|%s", a.Scope, a.Purpose, a.Bulk, a.Who)
}

// at moves on to a moment's year and day. A clock set back doesn't move it.
func (s Spent) at(t time.Time) Spent {
	if y := int64(t.UTC().Year()); y > s.Year {
		s.Year, s.InYear = y, 0
	}
	if d := day(t); d > s.Day {
		s.Day, s.InDay = d, 0
	}
	return s
}

func (s Spent) in(per Per) int64 {
	switch per {
	case Year:
		return s.InYear
	case Day:
		return s.InDay
	}
	return s.Lifetime
}

func day(t time.Time) int64 { return t.Unix() / (24 * 60 * 60) }

// Spend takes a question's numbers from the budgets of its rule, and notes what was asked. It returns once that is durable; before that, and
// with an error, nothing may be shown. It judges the question again: what it allows is the verdict given, or nothing. What is to be kept beside is
// written in the same transaction, if the question is allowed; one that fails takes along those who came with it.
func (p *Policies) Spend(ctx context.Context, a Ask, v Verdict, beside ...Beside) error {
	return p.spends.one(ctx, &spending{ask: a, verdict: v, beside: beside})
}

// SpendMore takes more numbers for a question that was begun, as Spend does. It is still one question that was asked.
func (p *Policies) SpendMore(ctx context.Context, a Ask, v Verdict) error {
	return p.spends.one(ctx, &spending{ask: a, verdict: v, more: true})
}

// Beside writes what belongs to a question that is spent.
type Beside func(context.Context, *storage.Tx) error

// Several are questions that are spent together.
type Several struct {
	Asks     []Ask
	Verdicts []Verdict // that they were given: those that allow are spent
	// Beside writes, in the same transaction, what belongs to those that were spent: the ones that spent tells by their places. It is called once
	// for all of them, if there are any, and again where the database says so; when it fails they fail with all that came with them.
	Beside func(ctx context.Context, tx *storage.Tx, spent []int) error
}

// SpendAll spends each of several questions for itself, as Spend does, and all of them in one transaction. The errors are in their order.
func (p *Policies) SpendAll(ctx context.Context, x Several) []error {
	errs := make([]error, len(x.Asks))
	all, at := make([]*spending, 0, len(x.Asks)), make([]int, 0, len(x.Asks))
	for i, a := range x.Asks {
		s := &spending{ask: a, verdict: x.Verdicts[i]}
		if errs[i] = s.check(ctx); errs[i] == nil {
			all, at = append(all, s), append(at, i)
		}
	}
	if len(all) == 0 {
		return errs
	}
	if x.Beside != nil { // after the last of them, when it is known which were spent
		all[len(all)-1].last = func(ctx context.Context, tx *storage.Tx) error {
			var spent []int
			for j, s := range all {
				if s.err == nil {
					spent = append(spent, at[j])
				}
			}
			if len(spent) == 0 {
				return nil
			}
			return x.Beside(ctx, tx, spent)
		}
	}
	for j, err := range p.spends.put(ctx, all) {
		errs[at[j]] = err
	}
	return errs
}

// Note keeps that a question was denied, for Replay, and what is to be kept beside.
func (p *Policies) Note(ctx context.Context, a Ask, v Verdict, beside ...Beside) error {
	if v.Allowed {
		return fault.New(fault.Invalid, "a question that is answered is spent, not noted")
	}
	return p.spends.one(ctx, &spending{ask: a, verdict: v, beside: beside, denied: true})
}

// spending is a question that waits to be written.
type spending struct {
	ask     Ask
	verdict Verdict
	beside  []Beside
	last    Beside // also when this one was refused: of several
	denied  bool   // already: only noted
	more    bool   // of a question that was noted when it began
	err     error
}

// gathered are spendings that are written together.
type gathered struct {
	all  []*spending
	done chan struct{} // closed when their errors are known
}

// queue gathers what comes while a transaction is written into the next one.
type queue struct {
	p         *Policies
	mu        sync.Mutex
	waiting   []*gathered
	spendings int // that wait
	busy      bool
	closed    bool
	idle      sync.WaitGroup
	spent     map[string]Spent // as the database has it; of the goroutine that drains
}

// maxTogether bounds a transaction, maxWaiting what may wait for one, maxSpent the accounts in memory.
const (
	maxTogether = 256
	maxWaiting  = 20_000
	maxSpent    = 10_000
)

// check refuses what nobody may spend, before it waits.
func (s *spending) check(ctx context.Context) error {
	if ctx.Err() != nil {
		return fault.Wrap(fault.Unavailable, ctx.Err(), "the question was not waited for")
	}
	if !s.denied && !s.verdict.Allowed {
		return Denied()
	}
	for _, text := range []string{s.ask.Person, s.ask.Organisation, s.ask.Dataset, s.ask.Use.Country} {
		if plain(text) != nil {
			return Denied()
		}
	}
	return nil
}

func (q *queue) one(ctx context.Context, s *spending) error {
	if err := s.check(ctx); err != nil {
		return err
	}
	return q.put(ctx, []*spending{s})[0]
}

// put has spendings written in one transaction, which others may share, and gives their errors.
func (q *queue) put(ctx context.Context, all []*spending) []error {
	g := &gathered{all, make(chan struct{})}
	err := q.join(g)
	if err == nil {
		select {
		case <-g.done:
		case <-ctx.Done(): // it may be written all the same; nothing is shown for it
			err = fault.Wrap(fault.Unavailable, ctx.Err(), "the question was not waited for")
		}
	}
	errs := make([]error, len(all))
	for i, one := range all {
		if errs[i] = err; err == nil {
			errs[i] = one.err
		}
	}
	return errs
}

func (q *queue) join(g *gathered) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed || q.spendings >= maxWaiting {
		return fault.New(fault.Unavailable, "too much is asked at once, or samverk is stopping").Do("try again in a moment")
	}
	q.waiting = append(q.waiting, g)
	q.spendings += len(g.all)
	if !q.busy {
		q.busy = true
		q.idle.Add(1)
		go q.drain()
	}
	return nil
}

// drain writes until nothing waits.
func (q *queue) drain() {
	defer q.idle.Done()
	for {
		groups, together := q.next()
		if len(groups) == 0 {
			return
		}
		err := q.p.write(together)
		for _, s := range together {
			if err != nil {
				s.err = err
			}
		}
		for _, g := range groups {
			close(g.done)
		}
	}
}

// next takes those whose turn it is: the first, and as many more as a transaction holds.
func (q *queue) next() (groups []*gathered, together []*spending) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, g := range q.waiting {
		if len(groups) > 0 && len(together)+len(g.all) > maxTogether {
			break
		}
		groups, together = append(groups, g), append(together, g.all...)
	}
	q.waiting = q.waiting[len(groups):]
	q.spendings -= len(together)
	q.busy = len(groups) > 0
	return groups, together
}

func (q *queue) close() {
	q.mu.Lock()
	q.closed = true
	q.mu.Unlock()
	q.idle.Wait()
}

// write spends what came together in one transaction. Each is refused or spent by itself.
func (p *Policies) write(together []*spending) error {
	ctx := context.Background() // whoever leaves doesn't take the others with them
	return p.db.Write(ctx, func(tx *storage.Tx) error {
		books, err := p.open(ctx, tx, together, p.spends.spent)
		if err != nil {
			return err
		}
		for _, s := range together {
			books.spend(s)
			for i := 0; i < len(s.beside) && s.err == nil; i++ {
				if err := s.beside[i](ctx, tx); err != nil {
					return err
				}
			}
			if s.last != nil {
				if err := s.last(ctx, tx); err != nil {
					return err
				}
			}
		}
		if err := books.keep(ctx, tx); err != nil {
			return err
		}
		tx.OnCommit(func() { p.spends.remember(books) })
		return p.keepSeen(ctx, tx)
	})
}

// remember keeps what was committed, so that whoever asks again isn't looked up again.
func (q *queue) remember(b *books) {
	if len(q.spent) > maxSpent || q.spent == nil {
		q.spent = map[string]Spent{}
	}
	for k, a := range b.accounts {
		q.spent[k] = a.Spent
	}
}

// books are the accounts and notes of one transaction.
type books struct {
	state    *state    // nothing can be adopted while the transaction is written
	now      time.Time // by Policies.dated
	accounts map[string]*Account
	changed  []string
	requests map[Request]int64
	held     map[string]bool // assignments that hold
	judge    func(Ask) Verdict
}

// open loads the accounts that the questions may need, but those that are in memory.
func (p *Policies) open(ctx context.Context, tx *storage.Tx, together []*spending, spent map[string]Spent) (*books, error) {
	b := &books{state: p.now.Load(), now: p.dated(), accounts: map[string]*Account{}, requests: map[Request]int64{}, held: map[string]bool{}, judge: p.Judge}
	var keys, assigned []any
	for _, s := range together {
		if id := s.ask.Assignment; id != "" && !slices.Contains(assigned, any(id)) {
			assigned = append(assigned, id)
		}
		for _, a := range s.ask.accounts() {
			if k := a.key(); b.accounts[k] == nil {
				b.accounts[k] = &a
				var ok bool
				if a.Spent, ok = spent[k]; !ok {
					keys = append(keys, k)
				}
			}
		}
	}
	const most = 60
	for len(keys) > 0 {
		n := min(len(keys), most)
		if err := b.load(ctx, tx, keys[:n]); err != nil {
			return nil, err
		}
		keys = keys[n:]
	}
	return b, p.loadHeld(ctx, tx, b, assigned)
}

func (b *books) load(ctx context.Context, tx *storage.Tx, keys []any) error {
	rows, err := tx.Query(ctx, `SELECT account, lifetime, year, in_year, day, in_day FROM policy_account WHERE account IN (`+places(1, len(keys))+`)`, keys...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var key string
		var s Spent
		if err := rows.Scan(&key, &s.Lifetime, &s.Year, &s.InYear, &s.Day, &s.InDay); err != nil {
			return err
		}
		b.accounts[key].Spent = s
	}
	return rows.Err()
}

// accounts are all that a question could be taken from; which ones it is, its rule says.
func (a Ask) accounts() []Account {
	bulk := a.Question.bulk()
	out := []Account{{Scope: OfAnonymous, Purpose: a.Use.Purpose, Bulk: bulk, Who: a.Dataset}}
	if a.Bound.Numbers > 0 && a.Node != "" {
		out = append(out, a.ofNode())
	}
	if a.SignedIn {
		organisation := a.Organisation
		if a.Node != "" { // it says itself whom it asks for: it spends what is its own, and nobody else's
			organisation += "/" + a.Node
		}
		out = append(out, Account{Scope: OfAsker, Purpose: a.Use.Purpose, Bulk: bulk, Who: a.Organisation + "/" + a.Person},
			Account{Scope: OfOrganisation, Purpose: a.Use.Purpose, Bulk: bulk, Who: organisation})
	}
	return out
}

// ofNode is the account of all that a node asks for, whoever it says asks: of no organisation there, for no purpose alone.
func (a Ask) ofNode() Account { return Account{Scope: OfOrganisation, Who: "/" + a.Node} }

// budgets are a question's accounts under a rule, each with its limit; 0 is none.
func (r *Rule) budgets(a Ask) (from []Account, limits []int64) {
	for _, x := range a.accounts() {
		limit := int64(r.Budget.Organisation)
		if x == a.ofNode() || r.Who.SignedIn == (x.Scope == OfAnonymous) {
			continue
		}
		if x.Scope == OfAsker {
			limit = int64(r.Budget.Asker)
		}
		from, limits = append(from, x), append(limits, limit)
	}
	return from, limits
}

// spend judges one question again, and takes it from its accounts or refuses it.
func (b *books) spend(s *spending) {
	s.err = nil
	if s.denied {
		b.note(s.ask, s.verdict)
		return
	}
	v := b.judge(s.ask)
	if s.ask.Assignment != "" && !b.held[s.ask.Assignment] {
		v = Verdict{Reason: NotWho}
	}
	if !v.Allowed {
		s.err = Denied()
		b.note(s.ask, v)
		return
	}
	if v != s.verdict {
		s.err = fault.New(fault.Conflict, "the rules changed while the question was answered").Do("ask again").Say("policy.changed")
		return
	}
	if v.Reason != LocalOperator && !b.take(s.ask, v) {
		s.err = fault.New(fault.Denied, "the budget is spent").Say("policy.budget.spent")
		v.Allowed, v.Reason = false, BudgetSpent
	}
	if !s.more || s.err != nil {
		b.note(s.ask, v)
	}
}

func (b *books) take(a Ask, v Verdict) bool {
	rule := b.state.rule(v)
	if rule == nil {
		return false
	}
	cells := int64(max(a.Cells, 1))
	from, limits := rule.budgets(a)
	if len(from) == 0 {
		return false
	}
	if n := a.ofNode(); a.Bound.Numbers > 0 && a.Node != "" {
		if b.accounts[n.key()].at(b.now).in(a.Bound.Per)+cells > a.Bound.Numbers {
			return false
		}
		from, limits = append(from, n), append(limits, 0)
	}
	for i, x := range from {
		if limits[i] > 0 && b.accounts[x.key()].at(b.now).in(rule.Budget.Per)+cells > limits[i] {
			return false
		}
	}
	for _, x := range from {
		k := x.key()
		s := b.accounts[k].at(b.now)
		s.Lifetime, s.InYear, s.InDay = s.Lifetime+cells, s.InYear+cells, s.InDay+cells
		b.accounts[k].Spent = s
		b.changed = append(b.changed, k)
	}
	return true
}

// rule finds the rule that a verdict comes from.
func (s *state) rule(v Verdict) *Rule {
	for _, l := range s.lines {
		for _, e := range l.entries {
			if e.policy != nil && e.policy.denial.Digest == v.Digest && 0 < v.Rule && v.Rule <= len(e.policy.draft.Rules) {
				return &e.policy.draft.Rules[v.Rule-1]
			}
		}
	}
	return nil
}

// keep writes the accounts that changed, and the notes.
func (b *books) keep(ctx context.Context, tx *storage.Tx) error {
	const columns = 10
	seen, args := map[string]bool{}, []any(nil)
	flush := func() error {
		if len(args) == 0 {
			return nil
		}
		var values []string
		for i := 1; i <= len(args); i += columns {
			values = append(values, "("+places(i, columns)+")")
		}
		_, err := tx.Exec(ctx, `INSERT INTO policy_account (account, scope, purpose, bulk, who, lifetime, year, in_year, day, in_day) VALUES `+strings.Join(values, ", ")+`
			ON CONFLICT (account) DO UPDATE SET lifetime = excluded.lifetime, year = excluded.year, in_year = excluded.in_year, day = excluded.day, in_day = excluded.in_day`, args...)
		args = args[:0]
		return err
	}
	for _, k := range b.changed {
		if seen[k] {
			continue
		}
		seen[k] = true
		a := b.accounts[k]
		args = append(args, k, string(a.Scope), string(a.Purpose), a.Bulk, a.Who, a.Lifetime, a.Year, a.InYear, a.Day, a.InDay)
		if len(args) == 60*columns {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	if err := flush(); err != nil {
		return err
	}
	return b.keepNotes(ctx, tx)
}

// places writes $from, $from+1, … for n placeholders.
func places(from, n int) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "$%d", from+i)
	}
	return b.String()
}

// Left is how many more numbers a question's rule lets somebody ask for, and of how many, in the rule's span.
type Left struct {
	Asker, OfAsker               int64 // OfAsker 0: as many as the organisation
	Organisation, OfOrganisation int64 // of all together, where the asker isn't signed in
	Per                          Per
}

// Left tells what is left of the budgets of a verdict that allows.
func (p *Policies) Left(ctx context.Context, a Ask, v Verdict) (l Left, err error) {
	rule := p.now.Load().rule(v)
	if rule == nil || !v.Allowed {
		return l, Denied()
	}
	l.Per = rule.Budget.Per
	err = p.db.Read(ctx, func(tx *storage.Tx) error {
		b, err := p.open(ctx, tx, []*spending{{ask: a}}, nil)
		if err != nil {
			return err
		}
		from, limits := rule.budgets(a)
		for i, x := range from {
			left := max(limits[i]-b.accounts[x.key()].at(b.now).in(l.Per), 0)
			if x.Scope == OfAsker {
				l.Asker, l.OfAsker = left, limits[i]
			} else {
				l.Organisation, l.OfOrganisation = left, limits[i]
			}
		}
		return nil
	})
	return l, err
}

// Accounts lists the accounts of a scope that most was taken from, at most limit of them (200 at most).
func (p *Policies) Accounts(ctx context.Context, scope Scope, limit int) (out []Account, err error) {
	if limit <= 0 || limit > 200 {
		limit = 200
	}
	err = p.db.Read(ctx, func(tx *storage.Tx) error {
		rows, err := tx.Query(ctx, `SELECT scope, purpose, bulk, who, lifetime, year, in_year, day, in_day FROM policy_account
			WHERE scope = $1 ORDER BY lifetime DESC, account LIMIT $2`, string(scope), limit)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var a Account
			var bulk int64
			if err := rows.Scan(&a.Scope, &a.Purpose, &bulk, &a.Who, &a.Lifetime, &a.Year, &a.InYear, &a.Day, &a.InDay); err != nil {
				return err
			}
			a.Bulk = bulk == 1
			out = append(out, a)
		}
		return rows.Err()
	})
	return out, err
}
