package app

import (
	"context"

	answerweb "github.com/samverk/samverk/answer/web"
	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/federation/together"
	"github.com/samverk/samverk/policy"
	"github.com/samverk/samverk/web"
)

// regions are the nodes that a question to all would go to; none where there is no other than this one.
func (n *Node) regions() []together.Node {
	all := n.nation.Nodes()
	if len(all) == 1 && n.holds() {
		return nil
	}
	return all
}

// patientsAt are the regions' own nodes, where patients sign in when this one holds nobody's data.
func (n *Node) patientsAt() (out []web.Link) {
	if n.holds() {
		return nil
	}
	for _, r := range n.regions() {
		out = append(out, web.Link{Text: r.Title, Href: r.URL + "/my/sign-in"})
	}
	return out
}

// together is what the desk's pages need to ask all regions.
func (x askers) together() *answerweb.Nation {
	n := x.node
	return &answerweb.Nation{Ask: n.askNation, Annotate: n.nation.Annotate, Nodes: n.regions, Here: n.holds,
		Named: func(_ string, v policy.Verdict) (string, string) { return x.named(v) }}
}

// askNation asks all regions. A node that holds no genomes itself, where the network's bodies draft what holds in all, notes what was asked: a
// draft is replayed over it.
func (n *Node) askNation(ctx context.Context, q together.Question) (together.Answer, error) {
	a, err := n.nation.Ask(ctx, q)
	if err == nil && !n.holds() {
		err = n.note(ctx, q)
	}
	return a, err
}

// note notes a question as this node's own policies judge it. What they allow stands back behind what each region does.
func (n *Node) note(ctx context.Context, q together.Question) error {
	ask := q.Ask
	ask.Cells = max(len(q.Keys), 1)
	err := error(nil)
	if v := n.policies.Judge(ask); v.Allowed {
		err = n.policies.Spend(ctx, ask, v)
	} else {
		err = n.policies.Note(ctx, ask, v)
	}
	if k := fault.KindOf(err); k == fault.Denied || k == fault.Conflict || k == fault.Invalid {
		return nil
	}
	return err
}
