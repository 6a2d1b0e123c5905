package answer

import (
	"context"
	"strings"

	"github.com/samverk/samverk/consent"
	"github.com/samverk/samverk/consent/counted"
	"github.com/samverk/samverk/individual"
	"github.com/samverk/samverk/ledger"
	"github.com/samverk/samverk/policy"
)

// LeaveOut says who isn't counted in an answer though they allow it. Each is a tree of its own over who was counted, so that what is proved to a
// person is whether they were counted in this answer and not in one like it.
type LeaveOut struct {
	Guests bool   // those whose home is another node: in a question that nodes answer together, each person is one node's to count
	Case   string // the token of the asker's own patient
}

// AwayCase is the code of the fault that somebody's own case isn't at home where its token was made: no number that they are left out of can be told.
const AwayCase = "answer.case.away"

// The words that trees over fewer than all who allow a use are called by.
const (
	homeWord = "home"
	caseWord = "case"
)

// whose is the use of a question as those are called who may be counted in it, its own case too.
func (q *asking) whose() counted.Use {
	u := counted.Of(q.ask.Use)
	if q.together {
		u = with(u, homeWord)
	}
	return u
}

// counts is what the tree over who is counted in a question is called.
func (q *asking) counts() counted.Use {
	u := q.whose()
	if q.own != nil {
		u = with(u, caseWord)
	}
	if q.verdict.Batch > 0 {
		u = usedBy(u, q.ask.Dataset, q.verdict.Batch)
	}
	return u
}

// allowed are those who may be counted in a question, its own case too.
func (d *Desk) allowed(q *asking) (*individual.Set, error) {
	allowed, err := d.consents.Allowed(q.ask.Use)
	if err != nil || !q.together {
		return allowed, err
	}
	return d.atHome(allowed, d.home()), nil
}

// ownCase finds whom a case's token leaves out; nil for one that isn't the asker's to use.
func (d *Desk) ownCase(ctx context.Context, a policy.Ask, token string) (*individual.Number, error) {
	clinical := a.SignedIn && a.Use.Purpose == consent.Care && (a.Role == policy.Clinician || a.Role == policy.Laboratory)
	if d.people == nil || !clinical {
		return nil, nil
	}
	if i := strings.LastIndexByte(token, ':'); i >= 0 { // it may begin with the node that it is of
		token = token[i+1:]
	}
	n, ok, err := d.people.CaseOf(ctx, token, a.Organisation)
	if err != nil || !ok {
		return nil, err
	}
	return &n, nil
}

// append appends the leaf of a use. Who leaves somebody out by name has looked at them: that is a line of its own, with the same record.
func (d *Desk) append(ctx context.Context, q *asking, x ledger.Leaf) (ledger.Receipt, error) {
	if q.own == nil {
		return d.ledger.Append(ctx, x)
	}
	looked := make(chan error, 1)
	go func() { // the two share their way to the disk
		_, err := d.ledger.Append(ctx, ledger.Leaf{Kind: ledger.Access, Organisation: x.Organisation, Role: x.Role, Purpose: x.Purpose, Private: x.Private, Node: x.Node})
		looked <- err
	}()
	r, err := d.ledger.Append(ctx, x)
	if err2 := <-looked; err == nil {
		err = err2
	}
	return r, err
}

// fewer is a set that was made of another: the same pointers stand for the same set, as they do in package consent.
type fewer struct {
	of, home *individual.Set
	but      int64 // -1: nobody
	set      *individual.Set
}

// keptFewer is how many of them are at hand.
const keptFewer = 16

// atHome are those of a set who are in another.
func (d *Desk) atHome(of, home *individual.Set) *individual.Set {
	return d.less(of, home, -1, func() []uint64 {
		if home == nil {
			return nil
		}
		words := make([]uint64, min(len(of.Words), len(home.Words)))
		for i := range words {
			words[i] = of.Words[i] & home.Words[i]
		}
		return words
	})
}

// without is a set but for one.
func (d *Desk) without(of *individual.Set, who individual.Number) *individual.Set {
	return d.less(of, nil, int64(who), func() []uint64 {
		words := append([]uint64(nil), of.Words...)
		if w := int(who / 64); w < len(words) {
			words[w] &^= 1 << (who % 64)
		}
		return words
	})
}

// less finds a set that was made before, or makes it.
func (d *Desk) less(of, home *individual.Set, but int64, words func() []uint64) *individual.Set {
	made := fewer{of, home, but, nil}
	for {
		now := d.fewer.Load()
		for _, f := range *now {
			if f.of == of && f.home == home && f.but == but {
				return f.set
			}
		}
		if made.set == nil {
			made.set = &individual.Set{Words: words(), Epoch: of.Epoch}
		}
		next := []fewer{made}
		for _, f := range *now {
			if len(next) < keptFewer && f.of.Epoch >= of.Epoch {
				next = append(next, f)
			}
		}
		if d.fewer.CompareAndSwap(now, &next) {
			return made.set
		}
	}
}
