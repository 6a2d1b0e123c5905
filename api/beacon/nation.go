package beacon

import (
	"context"
	"errors"
	"slices"

	"github.com/samverk/samverk/answer"
	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/federation"
	"github.com/samverk/samverk/federation/together"
	"github.com/samverk/samverk/policy"
)

type nation struct {
	desk  *together.Desk
	peers *federation.Nodes
}

// Nation is the nodes of a nation, who answer together: each by its own policies, consents and ledger.
func Nation(desk *together.Desk, peers *federation.Nodes) Answering { return nation{desk, peers} }

func (n nation) nodes() []Node {
	out := []Node{}
	for _, x := range n.desk.Nodes() {
		one := Node{Name: x.Name, Title: x.Title, URL: x.URL}
		if p, ok := n.peers.Peer(x.Name); ok {
			if one.Trouble = p.Trouble; p.State == federation.Forked {
				one.Trouble = "federation.forked"
			}
		}
		out = append(out, one)
	}
	return out
}

// named are each region's own to tell, as is what it holds.
func (n nation) named() []string { return nil }

func (n nation) stats(context.Context, policy.Ask) (answer.Stats, error) {
	return answer.Stats{}, policy.Denied()
}

// ask puts the question to all nodes, and again to those whose policies deny it, for what tells less: each answers as fully as it may, up to what is
// asked for.
func (n nation) ask(ctx context.Context, q question) (out []reply, err error) {
	if len(n.desk.Nodes()) == 0 {
		return nil, fault.New(fault.Unavailable, "there is no region to ask")
	}
	if !q.SignedIn && !q.Operator { // no policy tells who isn't known more than yes or no, so nobody is asked for more in vain
		if q.granularity = yesOrNo; q.region != nil {
			return nil, policy.Denied()
		}
	}
	var only []string
	if q.node != "" {
		only = []string{q.node}
	}
	for i := slices.Index(granularities, q.granularity); i >= 0; i-- {
		kind := kinds(granularities[i], q.region != nil)
		if kind == q.Question {
			continue
		}
		q.Question = kind
		a, err := n.desk.Ask(ctx, together.Question{Ask: q.Ask, Keys: q.keys, Region: q.region, Only: only})
		if err != nil {
			return nil, err
		}
		only = nil
		for _, said := range a.Replies {
			r := replied(said, q, granularities[i])
			if said.How == together.Denied {
				only = append(only, said.Node)
			}
			if at := slices.IndexFunc(out, func(o reply) bool { return o.Name == r.Name }); at >= 0 {
				out[at] = r
			} else {
				out = append(out, r)
			}
		}
		if len(only) == 0 {
			break
		}
	}
	if slices.ContainsFunc(out, func(r reply) bool { return r.silent == nil }) {
		return out, nil
	}
	return nil, silent(out)
}

func replied(said together.Reply, q question, granularity string) reply {
	r := reply{Node: Node{Name: said.Node, Title: said.Title, URL: said.URL}, granularity: granularity, answer: said.Answer}
	if q.region == nil {
		r.answer.Keys = q.keys
	}
	if said.How != together.Answered {
		r.silent = &silence{how: string(said.How), code: codeOf(said.Why), err: said.Why}
		r.answer = answer.Answer{}
	}
	return r
}

// codeOf is the fault's code: what a node wrote of itself is for its own operator.
func codeOf(err error) string {
	var f *fault.Error
	switch errors.As(err, &f); {
	case f != nil && f.Code != "":
		return f.Code
	case errors.Is(err, context.DeadlineExceeded):
		return "federation.late"
	}
	return fault.KindOf(err).String()
}

// silent is the error where nobody answered: the denial if all said so, what is wrong with the question if all find that, and else that they can't be
// asked now.
func silent(replies []reply) error {
	all := func(k fault.Kind) bool {
		return !slices.ContainsFunc(replies, func(r reply) bool { return fault.KindOf(r.silent.err) != k })
	}
	switch {
	case !slices.ContainsFunc(replies, func(r reply) bool { return r.silent.how != string(together.Denied) }):
		return policy.Denied()
	case all(fault.Invalid):
		return replies[0].silent.err
	}
	return fault.New(fault.Unavailable, "none of the %d regions that were asked can answer now", len(replies)).Do("ask again later")
}
