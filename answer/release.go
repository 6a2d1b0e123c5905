package answer

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/samverk/samverk/consent/counted"
	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/genome/variant"
	"github.com/samverk/samverk/individual"
	"github.com/samverk/samverk/ledger"
	"github.com/samverk/samverk/policy"
	"github.com/samverk/samverk/storage"
)

// asking is a question that may be answered, and who is counted for it.
type asking struct {
	*counting // once it is paid
	ask       policy.Ask
	verdict   policy.Verdict
	use       counted.Use        // as the ledger has it
	together  bool               // it is one that nodes answer together: who is at home elsewhere isn't counted
	own       *individual.Number // the asker's patient, who isn't either
	about     func() string
	shaper
}

// ask judges a question before anything is looked at. about says what it is about, for the access record.
func (d *Desk) ask(ctx context.Context, a policy.Ask, leave LeaveOut, about func() string) (*asking, error) {
	v := d.policies.Judge(a)
	if !v.Allowed {
		d.denied(ctx, a, v, about)
		if faults := d.policies.Faults(); a.Operator && len(faults) > 0 && (v.Reason == policy.Faulty || v.Reason == policy.ClockStepped) {
			return nil, errors.Join(faults...) // they are theirs to see to
		}
		return nil, policy.Denied()
	}
	q := &asking{ask: a, verdict: v, about: about, shaper: newShaper(v, a.Question)}
	q.together = leave.Guests && d.home != nil && d.home() != nil
	if leave.Case != "" {
		own, err := d.ownCase(ctx, a, leave.Case)
		if err != nil {
			return nil, d.refused(a, err)
		}
		if own == nil {
			v.Allowed, v.Reason = false, policy.NotWho
			d.denied(ctx, a, v, about)
			return nil, policy.Denied()
		}
		if q.together && !d.home().Has(*own) { // here they aren't counted anyway, and where they are at home they would be
			return nil, fault.New(fault.Invalid, "the case is of somebody who is at home at another node").Do("ask for a token there").Say(AwayCase)
		}
		q.own = own
	}
	q.use = q.counts()
	return q, d.refused(a, d.consents.Understands(a.Use))
}

// begun finds who is counted, after the question was paid: what is kept of a use, and how long it takes, is for who pays.
func (d *Desk) begun(ctx context.Context, q *asking) (err error) {
	q.counting, err = d.begin(ctx, q)
	return d.refused(q.ask, err)
}

// spend takes numbers from the asker's budgets. It judges again.
func (d *Desk) spend(ctx context.Context, q *asking, cells int, beside ...policy.Beside) error {
	a := q.ask
	a.Cells = cells
	return d.refused(a, d.policies.Spend(ctx, a, q.verdict, beside...))
}

// spendMore takes further numbers for the same question.
func (d *Desk) spendMore(ctx context.Context, q *asking, cells int) error {
	a := q.ask
	a.Cells = cells
	return d.refused(a, d.policies.SpendMore(ctx, a, q.verdict))
}

// ahead is how many numbers a long answer takes from the budgets at a time.
const ahead = 1 << 16

// purse is what a long answer is paid from. It is for one goroutine at a time.
type purse struct {
	desk   *Desk
	asking *asking
	credit int
	more   bool  // the first numbers are paid: now it spends ahead
	err    error // nothing more is spent after it
}

// purse takes one number for a long answer, before anything is looked at or written down.
func (d *Desk) purse(ctx context.Context, q *asking) (*purse, error) {
	return &purse{desk: d, asking: q, credit: 1}, d.spend(ctx, q, 1)
}

// pay spends numbers that are counted next. The first are paid as they are: a small file costs what it has. Then it spends ahead, and what is left
// at the end is lost.
func (p *purse) pay(ctx context.Context, cells int) error {
	switch {
	case p.err != nil:
		return p.err
	case cells <= p.credit:
		p.credit -= cells
		return nil
	}
	take := cells - p.credit
	if p.more {
		take = max(take, ahead)
	}
	if p.err = p.desk.spendMore(ctx, p.asking, take); fault.KindOf(p.err) == fault.Conflict {
		p.err = fault.Wrap(fault.Conflict, p.err, "the answer was broken off").Do("ask again").Say("policy.changed")
	}
	p.credit, p.more = p.credit+take-cells, true
	return p.err
}

// pay takes numbers from the asker's budgets before anything is counted: who has nothing left learns nothing, not even from how long it takes. The
// record of who asked is kept in the same transaction; what commits to it is for the leaf.
func (d *Desk) pay(ctx context.Context, q *asking, cells int) (commitment [32]byte, err error) {
	if !known(q.ask) {
		return commitment, d.spend(ctx, q, cells)
	}
	o, err := d.accesses.Seal(q.access())
	if err != nil {
		return commitment, d.refused(q.ask, err)
	}
	err = d.spend(ctx, q, cells, func(ctx context.Context, tx *storage.Tx) error { return d.accesses.Keep(ctx, tx, o) })
	return o.Commitment(), err
}

// release records an answer that was paid, and then lets it go.
func (d *Desk) release(ctx context.Context, q *asking, a Answer, commitment [32]byte) (Answer, error) {
	x, err := d.use(ctx, q)
	if err == nil {
		x.Private = commitment
		a.Receipt, err = d.append(ctx, q, x)
	}
	if err != nil {
		return Answer{}, d.refused(q.ask, err)
	}
	return a, nil
}

// record appends the use to the ledger, with what proves who was counted and the record of who asked. When it returns both are
// durable, and the answer may be released.
func (d *Desk) record(ctx context.Context, q *asking) (ledger.Receipt, error) {
	x, err := d.use(ctx, q)
	if err == nil && known(q.ask) {
		x.Private, err = d.accesses.Commit(ctx, q.access())
	}
	if err != nil {
		return ledger.Receipt{}, d.refused(q.ask, err)
	}
	r, err := d.append(ctx, q, x)
	return r, d.refused(q.ask, err)
}

// use is the leaf of an answer. Its root can be proved from now on.
func (d *Desk) use(ctx context.Context, q *asking) (ledger.Leaf, error) {
	root, err := d.counted.Root(ctx, q.use, q.allowed)
	x := leaf(ledger.Use, q.ask, q.verdict)
	x.Purpose, x.Conditions = q.use.Purpose, q.use.Conditions
	x.Counted, x.Epoch, x.Mask = uint64(q.mask.Individuals()), q.allowed.Epoch, root
	return x, err
}

// known tells whether it is known who asks.
func known(a policy.Ask) bool { return a.SignedIn || a.Operator }

// access is the record of who asked.
func access(a policy.Ask, about func() string) ledger.AccessRecord {
	why := string(a.Use.Purpose)
	if a.Operator {
		why += ", at the machine itself"
	}
	return ledger.AccessRecord{Person: cmp.Or(a.Person, "operator"), Organisation: a.Organisation, Question: about(), Why: why}
}

// access is the record of who asked a question, and whom it was about.
func (q *asking) access() ledger.AccessRecord {
	r := access(q.ask, q.about)
	r.Individual = q.own
	return r
}

// leaf says who asked what under which policy.
func leaf(kind ledger.Kind, a policy.Ask, v policy.Verdict) ledger.Leaf {
	x := ledger.Leaf{Kind: kind, Organisation: a.Organisation, Role: a.Role, Question: string(a.Question), Dataset: a.Dataset,
		Ref: v.Policy, Digest: v.Digest, Node: a.Node}
	if a.Operator && x.Role == "" {
		x.Role = "operator"
	}
	if v.Policy != "" {
		name, version := v.Policy, 0
		if i := strings.LastIndexByte(v.Policy, '-'); i >= 0 {
			if n, err := strconv.Atoi(v.Policy[i+1:]); err == nil {
				name, version = v.Policy[:i], n
			}
		}
		x.Policy, x.PolicyVersion = v.Network+"/"+name, uint32(version)
		x.Decision = v.Network + "/" + v.Body + "/" + v.Number
	}
	return x
}

// refused is what an asker is told of a failure. The node's own troubles are for those who run it.
func (d *Desk) refused(a policy.Ask, err error) error {
	if err == nil || errors.Is(err, context.Canceled) { // nobody waits for it
		return err
	}
	switch fault.KindOf(err) {
	case fault.Denied, fault.Conflict, fault.Invalid, fault.NotFound:
		return err
	}
	d.log.Error("a question was refused", "question", a.Question, "error", err, "hint", fault.HintOf(err))
	if a.Operator {
		return fault.Wrap(fault.Unavailable, err, "the answer is not given, because it can't be written down").Do("%s", cmp.Or(fault.HintOf(err), "see what it says, and ask again"))
	}
	return fault.New(fault.Unavailable, "nothing can be answered just now").Say("answer.unavailable").Do("ask again in a while")
}

// broken is what an asker is told of a long answer that came to an end before its own. What was wrong with files of the node's is not theirs to know.
func (d *Desk) broken(a policy.Ask, err error) error {
	if a.Operator {
		return err
	}
	return d.refused(a, err)
}

// maxAbout is how much of a question an access record holds, in bytes.
const maxAbout = 8 << 10

// aboutKeys lists variants; of a part of an annotation, from where to where it goes.
func aboutKeys(kind policy.Kind, keys []variant.Key) string {
	if kind == policy.Annotate {
		first, last := keys[0], keys[len(keys)-1]
		return fmt.Sprintf("%s %d variants, %s:%d to %s:%d", kind, len(keys), first.Chrom, first.Pos, last.Chrom, last.Pos)
	}
	var b strings.Builder
	b.WriteString(string(kind))
	for i, k := range keys {
		name := k.String()
		if b.Len()+len(name) > maxAbout {
			b.WriteString(" and " + strconv.Itoa(len(keys)-i) + " more")
			break
		}
		b.WriteString(" " + name)
	}
	return b.String()
}
