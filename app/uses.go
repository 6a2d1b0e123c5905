package app

import (
	"context"
	"crypto/rand"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/samverk/samverk/consent/counted"
	"github.com/samverk/samverk/individual"
	"github.com/samverk/samverk/ledger"
	ledgerweb "github.com/samverk/samverk/ledger/web"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/policy"
	"github.com/samverk/samverk/storage"
	"github.com/samverk/samverk/web"
)

// stewardAt is where who sees to the node's data begins; "" for others.
func (n *Node) stewardAt(r *http.Request) string {
	if _, ok := n.steward(r); !ok {
		return ""
	}
	return "/steward"
}

// uses are the pages of the ledger, and those of the stewards over it.
func (s *site) uses(n *Node, frame *web.Site, base string) error {
	return ledgerweb.Register(s.table, frame, ledgerweb.Options{
		Ledger: n.ledger, Index: n.index, Policies: n.policies, Powers: &powers, URL: base, Now: n.db.Now, Witnesses: n.witnesses,
		Reviews: ledger.NewReviews(n.db, n.ledger, n.index, n.accesses, rand.Reader),
		Steward: func(r *http.Request) (ledger.Reviewer, bool) {
			as, ok := n.steward(r)
			return ledger.Reviewer{Person: as.Person, Organisation: as.Organisation, Role: as.Role}, ok
		},
		Whose:        n.whose,
		Organisation: s.organisation,
		Person:       s.person,
		Individual: func(who individual.Number) (string, bool) {
			i, ok := n.people.Get(who)
			return i.ID, ok
		},
		Policy:    s.policyAt,
		Newcomers: n.newcomers,
	})
}

// newcomers tells a steward how many wait to be counted for outsiders.
func (n *Node) newcomers(ctx context.Context) (out []ledgerweb.Newcomers, err error) {
	all, err := n.desk.Newcomers(ctx)
	for _, x := range all {
		u := counted.Of(x.Use)
		out = append(out, ledgerweb.Newcomers{Purpose: u.Purpose, Conditions: u.Conditions, Dataset: x.Dataset, Batch: x.Batch, In: x.In, Waiting: x.Waiting})
	}
	return out, err
}

// answers counts what was answered here since a time, if anything here is answered by a network's decisions.
func (s *site) answers(ctx context.Context, of *network.Network, since time.Time) (answers int, ok bool) {
	tree := s.commons.Networks.Tree()
	obeyed := func(a policy.Adopted) bool {
		if a.Signed == nil {
			return false
		}
		root, ok := rootOf(tree, a.Signed.Mandate.Network)
		return ok && root.ID == of.ID
	}
	if !slices.ContainsFunc(s.node.policies.History(), obeyed) {
		return 0, false
	}
	sums, err := s.node.index.Sums(ctx, ledger.Asked{Kinds: []ledger.Kind{ledger.Use}, From: since}, ledger.ByKind)
	if err != nil {
		s.log.Error("what was answered can't be counted", "error", err)
		return 0, false
	}
	for _, sum := range sums {
		answers += int(sum.Times)
	}
	return answers, true
}

// organisation names one of the network's; another keeps the name it was logged under.
func (s *site) organisation(ctx context.Context, lang, id string) (name string) {
	name = id
	_ = s.commons.Networks.Look(ctx, network.Actor{}, func(tx *storage.Tx, _ network.Access) error {
		o, err := s.commons.Networks.Organisation(ctx, tx, network.OrganisationID(id))
		if err == nil {
			name, _ = o.Name.In(lang)
		}
		return err
	})
	return name
}

// person names one of the network's; somebody else keeps the name they were recorded under.
func (s *site) person(ctx context.Context, id string) (name string) {
	name = id
	_ = s.commons.Networks.Look(ctx, network.Actor{}, func(tx *storage.Tx, _ network.Access) error {
		names, err := s.commons.Networks.Names(ctx, tx, []network.PersonID{network.PersonID(id)})
		if found := names[network.PersonID(id)]; found != "" {
			name = found
		}
		return err
	})
	return name
}

// policyAt tells what a policy that was adopted here is called, and where its page is.
func (s *site) policyAt(lang, line, id string) ledgerweb.Named {
	of, _, _ := strings.Cut(line, "/")
	out := ledgerweb.Named{Name: id}
	for _, a := range s.node.policies.History() {
		if a.Line != line || a.Signed == nil || a.Signed.Draft.ID() != id {
			continue
		}
		d := a.Signed.Draft
		out.Name, _ = network.Text{SV: d.Title.SV, NB: d.Title.NB, EN: d.Title.EN}.In(lang)
		tree := s.commons.Networks.Tree()
		at, ok := tree.Network(network.ID(of))
		root, there := tree.Network(at.Root)
		if ok && there {
			out.Link = "/n/" + root.Slug + "/policies/" + d.Name + "/" + strings.TrimPrefix(id, d.Name+"-") + "?of=" + at.Slug
		}
		break
	}
	return out
}

// measure looks ahead what the budgets in force give away, so that no page waits for it.
func (s *site) measure(ctx context.Context) error {
	for _, a := range s.node.policies.InForce() {
		for pending := a.Signed != nil; pending && ctx.Err() == nil; {
			_, pending = powers.Changes(a.Signed.Draft)
		}
	}
	return nil
}
