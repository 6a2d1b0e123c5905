package policy

import (
	"context"
	"embed"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/samverk/samverk/mandate"
	"github.com/samverk/samverk/storage"
)

// Migrations make the room's tables.
//
//go:embed migrations/*.sql
var Migrations embed.FS

// Options are what a node says of itself.
type Options struct {
	Trusted      []Key                // whose signatures are believed
	Country      string               // where the node is; policies of other countries are refused, and all while it isn't known
	Organisation string               // whose node it is: its stewards adopt policies. "": only the operator does
	Elapsed      func() time.Duration // how long the process has run, by a clock that nobody sets; nil: not watched
}

// Policies are what is in force here, in memory, in step with the database. Methods may be called from many goroutines.
type Policies struct {
	db      *storage.DB
	o       Options
	now     atomic.Pointer[state]
	seen    atomic.Int64 // the latest time, in microseconds
	kept    atomic.Int64 // of these, the latest that is in the database
	began   atomic.Int64 // when the process did, by the database's clock
	spends  queue
	elapsed func() time.Duration
	keys    sync.Mutex // held while trust is changed
	trust   atomic.Pointer[[]Key]
	country atomic.Pointer[string]
	stands  atomic.Pointer[func(context.Context, mandate.Mandate) error]
}

// Actor is who acts: the operator at the machine, or a person, who must be a steward.
type Actor struct {
	Person   string
	Operator bool
}

func (a Actor) name() string {
	if a.Person == "" && a.Operator {
		return "operator"
	}
	return a.Person
}

// Open reads what is adopted. What can't be trusted there is no error: it denies, and Faults tells.
func Open(ctx context.Context, db *storage.DB, o Options) (*Policies, error) {
	p := &Policies{db: db, o: o, elapsed: o.Elapsed}
	p.spends.p = p
	p.trust.Store(&o.Trusted)
	if o.Country != "" {
		p.Settle(o.Country)
	}
	p.begin(storage.Micros(db.Now()))
	return p, p.Reload(ctx)
}

// Close waits for what is being spent. Nothing may be spent afterwards.
func (p *Policies) Close() { p.spends.close() }

// Reload reads from the database what is adopted. It takes its turn with those who write, so that what is published last is what
// was committed last.
func (p *Policies) Reload(ctx context.Context) error {
	return p.db.Write(ctx, func(tx *storage.Tx) error {
		if err := p.notice(ctx, tx); err != nil {
			return err
		}
		s, err := p.load(ctx, tx)
		if err != nil {
			return err
		}
		seen, err := seenIn(ctx, tx)
		if err != nil {
			return err
		}
		tx.OnCommit(func() {
			p.see(seen)
			p.now.Store(s)
		})
		return nil
	})
}

// state is what is adopted, at one moment. It is never changed.
type state struct {
	adopted bool  // anything, ever
	broken  error // the history itself can't be trusted
	waits   bool  // because it comes from a backup, and for no other reason
	lines   []line
	head    Head
}

// line is the policies of one network and name, the last adopted first.
type line struct {
	name    string
	entries []entry
}

type entry struct {
	Adopted
	policy  *compiled // nil: the line ends here, or the policy is broken
	broken  error
	starts  int64
	expires int64 // 0: doesn't
}

// Head is where the history of adoptions has come to: to be kept where nobody here can change it.
type Head struct {
	Seq   int64
	Chain mandate.Digest
}

// Head tells how many adoptions there are and the hash of them all.
func (p *Policies) Head() Head { return p.now.Load().head }

// Faults are what the operator has to see to: what is denied because of it stays so until then.
func (p *Policies) Faults() []error {
	s := p.now.Load()
	var out []error
	if s.broken != nil {
		out = append(out, s.broken)
	}
	for _, l := range s.lines {
		for _, e := range l.entries {
			if e.broken != nil {
				out = append(out, e.broken)
			}
		}
	}
	if err := p.steady(); err != nil {
		out = append(out, err)
	}
	return out
}

// Judge says whether a question may be answered, and how. It takes no lock, and its failure is a denial.
func (p *Policies) Judge(a Ask) Verdict {
	s := p.now.Load()
	b := a.bits()
	switch {
	case s.broken != nil:
		return Verdict{Reason: Faulty}
	case !s.adopted && a.Operator && b.purpose != 0 && b.question != 0 && a.Cells >= 0:
		return Verdict{Allowed: true, Precision: Exact, Reason: LocalOperator}
	case !s.adopted:
		return Verdict{Reason: NoPolicy}
	case !a.understood(b):
		return Verdict{Reason: NotUnderstood}
	case a.Bound.Foreign:
		return Verdict{Reason: NotWho}
	}
	begin, end := p.hands()
	return s.judge(&a, b, begin, end)
}

// Datasets are those that the policies in force name. A policy that names none is for all, and they are in nobody's list.
func (p *Policies) Datasets() (out []string) {
	begin, end := p.hands()
	for _, l := range p.now.Load().lines {
		if e, _ := l.at(begin, end); e != nil {
			out = append(out, e.policy.draft.Datasets...)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func (s *state) judge(a *Ask, b asked, begin, end int64) Verdict {
	var best *verdict
	denial, failed := (*Verdict)(nil), atForce
	for i := range s.lines {
		e, at := s.lines[i].at(begin, end)
		if e == nil {
			if at > failed {
				denial, failed = nil, at
			}
			continue
		}
		v, at := e.policy.judge(a, b)
		if v == nil && at > failed {
			denial, failed = &e.policy.denial, at
		} else if v != nil && (best == nil || v.tells < best.tells) {
			best = v
		}
	}
	if best != nil {
		return best.Verdict
	}
	var v Verdict
	if denial != nil {
		v = *denial
	}
	v.Reason = reasons[failed]
	return v
}

// at gives what is in force, or why nothing is. The last adopted that may have begun decides, and nothing behind it.
func (l *line) at(begin, end int64) (*entry, stage) {
	for i := range l.entries {
		e := &l.entries[i]
		switch {
		case e.starts > end:
			continue
		case e.broken != nil:
			return nil, atFault
		case e.policy == nil:
			return nil, atForce
		case e.starts > begin, e.expires != 0 && e.expires <= end && e.expires > begin:
			return nil, atClock
		case e.expires != 0 && e.expires <= end:
			return nil, atForce
		}
		return e, passed
	}
	return nil, atForce
}

// entries of a line are the last adopted first.
func (s *state) add(name string, e entry) {
	i := slices.IndexFunc(s.lines, func(l line) bool { return l.name == name })
	if i < 0 {
		i = len(s.lines)
		s.lines = append(s.lines, line{name: name})
	}
	s.lines[i].entries = slices.Insert(s.lines[i].entries, 0, e)
}
