package answer

import (
	"context"
	"sync"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/ledger"
	"github.com/samverk/samverk/policy"
	"github.com/samverk/samverk/storage"
)

// Asked is what became of one of several questions.
type Asked struct {
	Answer Answer
	Err    error
}

// AskAll answers questions that came together, each as Ask does: judged for itself, in the asker's own name, and refused without harm to the others.
// What they wait for they share: their numbers are taken in one transaction, with the records of who asked, and their leaves go to the ledger in one
// piece. All are told when the last of them is durable, so nothing long should be among them.
func (d *Desk) AskAll(ctx context.Context, all []Question) []Asked {
	out := make([]Asked, len(all))
	x := several{desk: d, all: all, out: out}
	var denied sync.WaitGroup
	for i := range all {
		x.judge(ctx, i, &denied)
	}
	x.pay(ctx)
	x.count(ctx)
	x.release(ctx)
	denied.Wait()
	for i := range out {
		if fault.KindOf(out[i].Err) == fault.Conflict { // the rules changed meanwhile
			out[i].Answer, out[i].Err = d.Ask(ctx, all[i])
		}
	}
	return out
}

// several are questions that came together.
type several struct {
	desk *Desk
	all  []Question
	out  []Asked
	may  []underWay
}

// underWay is one of them, as long as nothing is against it.
type underWay struct {
	at     int // in all
	asking *asking
	opened ledger.Opening
	known  bool // who asks: opened is a record
	answer Answer
}

// judge judges one. A denial is written down beside the others' work.
func (x *several) judge(ctx context.Context, i int, denied *sync.WaitGroup) {
	q := &x.all[i]
	if x.out[i].Err = q.check(); x.out[i].Err != nil {
		return
	}
	if !x.desk.policies.Judge(q.Ask).Allowed || q.Case != "" { // a case is looked up
		denied.Go(func() { x.out[i].Answer, x.out[i].Err = x.desk.Ask(ctx, *q) })
		return
	}
	s, err := x.desk.ask(ctx, q.Ask, q.LeaveOut, func() string { return aboutKeys(q.Question, q.Keys) })
	if err != nil {
		x.out[i].Err = err
		return
	}
	x.may = append(x.may, underWay{at: i, asking: s})
}

// keep lets go of those against whom there is something.
func (x *several) keep(still func(u *underWay) error) {
	kept := x.may[:0]
	for _, u := range x.may {
		if err := still(&u); err != nil {
			x.out[u.at].Err = err
			continue
		}
		kept = append(kept, u)
	}
	x.may = kept
}

// pay takes all their numbers, with the records of who asked, in one transaction.
func (x *several) pay(ctx context.Context) {
	d := x.desk
	x.keep(func(u *underWay) (err error) {
		if u.known = known(u.asking.ask); u.known {
			u.opened, err = d.accesses.Seal(u.asking.access())
		}
		return d.refused(u.asking.ask, err)
	})
	if len(x.may) == 0 {
		return
	}
	spend := policy.Several{Beside: func(ctx context.Context, tx *storage.Tx, spent []int) error {
		records := make([]ledger.Opening, 0, len(spent))
		for _, i := range spent {
			if u := &x.may[i]; u.known {
				records = append(records, u.opened)
			}
		}
		return d.accesses.Keep(ctx, tx, records...)
	}}
	for _, u := range x.may {
		spend.Asks, spend.Verdicts = append(spend.Asks, u.asking.ask), append(spend.Verdicts, u.asking.verdict)
	}
	errs := d.policies.SpendAll(ctx, spend)
	i := -1
	x.keep(func(u *underWay) error { i++; return d.refused(u.asking.ask, errs[i]) })
}

func (x *several) count(ctx context.Context) {
	x.keep(func(u *underWay) (err error) {
		u.answer, err = x.desk.countFor(ctx, u.asking, &x.all[u.at])
		return err
	})
}

// release puts all their leaves into the ledger, and then lets the answers go.
func (x *several) release(ctx context.Context) {
	d := x.desk
	var leaves []ledger.Leaf
	x.keep(func(u *underWay) error {
		leaf, err := d.use(ctx, u.asking)
		if err != nil {
			return d.refused(u.asking.ask, err)
		}
		if u.known {
			leaf.Private = u.opened.Commitment()
		}
		leaves = append(leaves, leaf)
		return nil
	})
	if len(leaves) == 0 {
		return
	}
	receipts, err := d.ledger.AppendAll(ctx, leaves)
	oneCant := fault.KindOf(err) == fault.Invalid // be a leaf, so none was written: each for itself
	i := -1
	x.keep(func(u *underWay) error {
		i++
		switch {
		case oneCant:
			receipt, err := d.ledger.Append(ctx, leaves[i])
			if err != nil {
				return d.refused(u.asking.ask, err)
			}
			u.answer.Receipt = receipt
		case err != nil:
			return d.refused(u.asking.ask, err)
		default:
			u.answer.Receipt = receipts[i]
		}
		x.out[u.at].Answer = u.answer
		return nil
	})
}
