package together

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/samverk/samverk/answer"
	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/genome/variant"
	"github.com/samverk/samverk/policy"
)

// Annotated tells what an annotation came to, and what each node had to do with it.
type Annotated struct {
	Records, Alleles, Known int64
	Parts                   []Part // by title
}

// Complete tells whether everybody answered to the end.
func (a Annotated) Complete() bool {
	for _, p := range a.Parts {
		if p.How != Answered {
			return false
		}
	}
	return true
}

// Part is a node's part in an annotation.
type Part struct {
	Node, Title, URL string
	How              How
	Why              error // why it fell silent
	Alleles          int64 // for so many it answered
	Individuals      policy.Cell
	From, To         uint64 // the epochs of its first and last answers
	Verdict          policy.Verdict
}

// A page of an annotation is small enough for one question, and so large that a node's syncs are few.
const (
	pageBytes    = 6 << 20
	pagesAtOnce  = 3
	pageDeadline = time.Minute // a node counts a page in a tenth of a second
)

// Annotate copies a VCF from in to out with what all nodes together tell of its variants. Each page of the file is a question of its own to each node,
// with its own leaf in each ledger, and obeys the consents of its moment. A node that falls silent stays so, and every record says how many answered.
// It is an error if nobody answers from the first.
func (d *Desk) Annotate(ctx context.Context, a answer.Annotation, in io.Reader, out io.Writer) (Annotated, error) {
	nodes, err := d.chosen(nil)
	if err != nil {
		return Annotated{}, err
	}
	a.Question, a.Cells = policy.Annotate, 0
	t := &tally{desk: d, ask: a.Ask, nodes: nodes, parts: make([]Part, len(nodes))}
	for i, n := range nodes {
		t.parts[i] = Part{Node: n.Name, Title: n.Title, URL: n.URL, How: Answered}
	}
	sum, err := answer.Copy(ctx, a, in, t, out)
	return Annotated{sum.Records, sum.Alleles, sum.Known, t.parts}, err
}

// tally counts pages of an annotation at all nodes.
type tally struct {
	desk  *Desk
	ask   policy.Ask
	nodes []Node

	mu    sync.Mutex
	parts []Part
}

// Pay has nothing to do: each node takes from its own budgets before it counts.
func (t *tally) Pay(context.Context, int) error { return nil }

func (t *tally) Pages() (atOnce, bytes int) { return pagesAtOnce, pageBytes }

func (t *tally) Clerk() answer.Clerk { return t }

func (t *tally) Close() {}

func (t *tally) Ranged() bool { return true }

// Header tells of each node that was asked, as far as it is known after the first page.
func (t *tally) Header() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	lines := []string{fmt.Sprintf("##INFO=<ID=SAMVERK_ANSWERED,Number=1,Type=Integer,Description=\"How many nodes answered, of %d that were asked; the counts are theirs alone\">", len(t.parts))}
	for _, p := range t.parts {
		by := ""
		if p.Verdict.Policy != "" {
			by = fmt.Sprintf(",Policy=%s,Decision=%q,NotToldApart=%d", p.Verdict.Policy, p.Verdict.Number, p.Verdict.K)
		}
		lines = append(lines, fmt.Sprintf("##samverk=<ID=%s,Node=%q,Purpose=%s,Answer=%s,Individuals=%s,ConsentEpoch=%d%s>",
			p.Node, strings.ReplaceAll(p.Title, `"`, "'"), t.ask.Use.Purpose, p.How, cmp.Or(answer.Text(p.Individuals, "-"), "."), p.From, by))
	}
	return lines
}

// Count asks every node that hasn't fallen silent, and adds up. A page with more variants than fit a question is several.
func (t *tally) Count(ctx context.Context, keys []variant.Key) (runs answer.Runs, more string, err error) {
	first := 0
	for from := 0; from < len(keys); from += mostKeys {
		sum, answered, err := t.count(ctx, keys[from:min(from+mostKeys, len(keys))])
		if err != nil {
			return nil, "", err
		}
		if from > 0 && answered != first { // one fell silent meanwhile: what it said of the page's beginning must not be told as by fewer
			return t.Count(ctx, keys)
		}
		first, runs = answered, append(runs, sum...)
	}
	if len(keys) == 0 {
		return nil, "", nil
	}
	return runs, fmt.Sprintf(";SAMVERK_ANSWERED=%d", first), nil
}

func (t *tally) count(ctx context.Context, keys []variant.Key) (sum answer.Runs, answered int, err error) {
	asking, cancel := context.WithTimeout(ctx, pageDeadline)
	defer cancel()
	q := Question{Ask: t.ask, Keys: keys, packed: &packed{}}
	replies := make([]Reply, len(t.nodes))
	var waiting sync.WaitGroup
	for i, n := range t.nodes {
		if t.silent(i) {
			continue
		}
		waiting.Go(func() { replies[i] = t.desk.one(asking, n, q) })
	}
	waiting.Wait()
	if ctx.Err() != nil {
		return nil, 0, ctx.Err()
	}
	t.note(replies, len(keys))
	told := make([]answer.Runs, 0, len(replies))
	for i := range replies {
		if replies[i].How == Answered {
			told = append(told, replies[i].Answer.Runs)
		} else if replies[i].Why != nil {
			err = cmp.Or(err, replies[i].Why)
		}
	}
	if len(told) == 0 {
		return nil, 0, cmp.Or(err, error(fault.New(fault.Unavailable, "no node answers any more").Say("together.silent")))
	}
	return addUpRuns(told), len(told), nil
}

func (t *tally) silent(i int) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.parts[i].How != Answered
}

// note keeps what each node did. Pages are counted at the same time: the first failure stands.
func (t *tally) note(replies []Reply, keys int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for i, r := range replies {
		p := &t.parts[i]
		if r.How == Answered { // also beside a page at which it fell silent
			if p.Alleles == 0 {
				p.From, p.Individuals, p.Verdict = r.Answer.Epoch, r.Answer.Individuals, r.Answer.Verdict
			}
			p.Alleles += int64(keys)
			p.From, p.To = min(p.From, r.Answer.Epoch), max(p.To, r.Answer.Epoch)
		} else if r.How != "" && p.How == Answered {
			p.How, p.Why = r.How, r.Why
		}
	}
}
