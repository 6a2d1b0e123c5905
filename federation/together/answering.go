package together

import (
	"cmp"
	"context"
	"errors"
	"strings"
	"sync"

	"github.com/samverk/samverk/answer"
	"github.com/samverk/samverk/consent"
	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/federation"
	"github.com/samverk/samverk/genome/variant"
	"github.com/samverk/samverk/policy"
)

// atOnce is how many longer questions of a message are answered at the same time: few enough that one message doesn't have the node for itself.
const atOnce = 64

// Answering lets a node's desk answer what its peers ask.
func Answering(n *federation.Nodes, d *answer.Desk) {
	x := &answering{nodes: n, desk: d, lists: make(chan struct{}, listsAtOnce)}
	n.Handle(path, mostMessage, x.message)
}

type answering struct {
	nodes *federation.Nodes
	desk  *answer.Desk
	lists chan struct{} // of messages that ask for long lists
}

// A list is held until all of its message is answered: a long one takes some 75 MB.
const listsAtOnce, longList = 4, 5000

// message answers the questions in a message, each for itself.
func (x *answering) message(ctx context.Context, from federation.Peer, body []byte) ([]byte, error) {
	r := reader{b: body}
	var questions []question
	listed := 0
	for keys := 0; len(r.b) > 0; {
		q := r.question()
		if listed += q.listed(); listed > answer.MostInRegion && listed > q.listed() {
			r.bad, r.b = true, nil
		}
		if keys += len(q.keys); len(questions) == mostQuestions || keys > mostKeys && len(questions) > 0 {
			r.bad, r.b = true, nil
		}
		questions = append(questions, q)
		if q.Packed > 0 {
			defer keysRoom.Put(&q.keys) // nothing of them is kept
		}
	}
	if err := r.err(); err != nil {
		return nil, err
	}
	if listed > longList {
		select {
		case x.lists <- struct{}{}:
			defer func() { <-x.lists }()
		case <-ctx.Done():
			return nil, fault.Wrap(fault.Unavailable, ctx.Err(), "nobody waits for the answer any more")
		}
	}
	replies := x.replies(ctx, from, questions)
	var out []byte
	for i := range replies {
		var err error
		if out, err = replies[i].append(out); err != nil {
			return nil, fault.Wrap(fault.Internal, err, "the answer can't be written")
		}
	}
	return out, nil
}

// replies answers each question. Short ones are one piece of work, with one wait for the disk; those that take their time are answered beside it.
func (x *answering) replies(ctx context.Context, from federation.Peer, questions []question) []reply {
	replies := make([]reply, len(questions))
	var short []answer.Question
	var at []int
	var working sync.WaitGroup
	free := make(chan struct{}, atOnce)
	for i := range questions {
		if q := &questions[i]; q.short() {
			short, at = append(short, answer.Question{Ask: x.ask(from, q), LeaveOut: q.leaveOut(), Keys: q.keys, Have: q.Have}), append(at, i)
			continue
		}
		free <- struct{}{}
		working.Go(func() {
			defer func() { <-free }()
			as := x.ask(from, &questions[i])
			a, err := x.answer(ctx, as, &questions[i])
			replies[i] = x.reply(as, a, err)
			replies[i].together = questions[i].Runs
		})
	}
	if len(short) > 0 {
		for j, a := range x.desk.AskAll(ctx, short) {
			replies[at[j]] = x.reply(x.ask(from, &questions[at[j]]), a.Answer, a.Err)
		}
	}
	working.Wait()
	return replies
}

// mostShort is how many variants a question names that nobody has to wait for.
const mostShort = 64

func (q *question) short() bool {
	return q.Region == "" && q.Kind != policy.Annotate && len(q.keys) <= mostShort
}

func (q *question) leaveOut() answer.LeaveOut { return answer.LeaveOut{Guests: true, Case: q.Case} }

// reply is what is told of a question.
func (x *answering) reply(as policy.Ask, a answer.Answer, err error) reply {
	if err != nil {
		r := reply{Problem: problemOf(err)}
		if v := x.desk.Judge(as); as.SignedIn && fault.KindOf(err) == fault.Denied { // who is known is told by which decision
			r.Verdict = verdict{Policy: v.Policy, Decision: v.Decision, Number: v.Number, Network: v.Network, Body: v.Body}
		}
		return r
	}
	v := a.Verdict
	r := reply{Epoch: a.Epoch, Individuals: &a.Individuals, Datasets: a.Datasets, Leaf: a.Receipt.Index, Tag: a.Tag, Unchanged: a.Unchanged, keys: a.Keys, Compact: true,
		Verdict: verdict{v.Precision, v.K, v.Zero, v.Policy, v.Digest, v.Decision, v.Number, v.Network, v.Body}}
	for i := range a.Counts {
		r.runs = r.runs.Add(&a.Counts[i], 1)
	}
	if a.Runs != nil {
		r.runs = a.Runs
	}
	return r
}

// ask is a peer's question as this node judges it. The peer answers for who asks; it can't make them the operator here, nor somebody of its own
// choosing: persons are the peer's own, under its name.
func (x *answering) ask(from federation.Peer, q *question) policy.Ask {
	a := policy.Ask{Organisation: q.Organisation, Sector: q.Sector, Role: q.Role, Approval: q.Approval, Question: q.Kind, Dataset: q.Dataset,
		Use: consent.Use{Purpose: q.Use.Purpose, Health: q.Use.Health, Diseases: q.Use.Diseases, Commercial: q.Use.Commercial,
			Country: cmp.Or(q.Use.Country, from.Country)}}
	if self, ok := x.nodes.Self(); ok && a.Use.Country == self.Country {
		a.Use.Country = "" // the node's own
	}
	if q.Person != "" {
		a.SignedIn, a.Person = true, from.Name+"/"+q.Person
	}
	a.Node = from.Name
	a.Bound = policy.Bound{Foreign: (a.SignedIn || a.Organisation != "") && !from.Bound.May(a.Organisation), Numbers: from.Bound.Numbers, Per: policy.Per(from.Bound.Per)}
	return a
}

func (x *answering) answer(ctx context.Context, a policy.Ask, q *question) (answer.Answer, error) {
	leave := q.leaveOut()
	if q.Region == "" {
		return x.desk.Ask(ctx, answer.Question{Ask: a, LeaveOut: leave, Keys: q.keys, Have: q.Have, Runs: q.Kind == policy.Annotate})
	}
	r, err := variant.ParseRegion(q.Region)
	if err != nil {
		return answer.Answer{}, err
	}
	if q.Limit < 0 {
		return answer.Answer{}, fault.New(fault.Invalid, "%d variants can't be listed", q.Limit)
	}
	return x.desk.Region(ctx, answer.Region{Ask: a, LeaveOut: leave, Chrom: r.Chrom, From: r.From, To: r.To, Limit: q.Limit})
}

// problemOf is what a peer is told of an error: its kind, its code, and its words where they are for askers.
func problemOf(err error) *problem {
	p := &problem{Kind: fault.KindOf(err).String(), Text: "it couldn't be answered"}
	if f := (*fault.Error)(nil); errors.As(err, &f) {
		p.Code = f.Code
		if f.Kind != fault.Internal {
			p.Text = f.What
		}
	}
	return p
}

// fault is a peer's problem as this node tells it.
func (p *problem) fault() error {
	kind := fault.Internal
	for k := fault.Internal; k <= fault.Unavailable; k++ {
		if k.String() == p.Kind {
			kind = k
		}
	}
	const most = 500
	code := p.Code
	if strings.HasPrefix(code, "federation.") || strings.HasPrefix(code, "message.") || len(code) > 80 { // what is between nodes is this one's to say
		code = ""
	}
	return fault.New(kind, "%s", p.Text[:min(len(p.Text), most)]).Say(code)
}
