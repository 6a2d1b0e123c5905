package app

import (
	"context"
	"errors"
	"log/slog"
	"slices"

	"github.com/samverk/samverk/consent"
	"github.com/samverk/samverk/consent/counted"
	"github.com/samverk/samverk/federation/published"
	"github.com/samverk/samverk/federation/together"
	"github.com/samverk/samverk/mandate/carried"
	"github.com/samverk/samverk/policy"
)

// Rooms are where people of a node decide about sharing, for the demonstration, in which they do so of themselves.
type Rooms struct {
	Commons
	Policies *policy.Policies

	enactor *enactor
	opened  bool
}

// Rooms gives the rooms that are served, or opens them while none are. Close lets them go.
func (n *Node) Rooms(ctx context.Context) (r Rooms, err error) {
	r.Policies = n.policies
	if served := n.serving.Load(); served != nil {
		r.Commons = *served
	} else if r.Commons, err = OpenCommons(ctx, n.db, n.dir, n.settings, CommonsOptions{URL: "http://localhost", Demo: true}); err != nil {
		return r, errors.Join(err, r.Commons.Close())
	} else {
		r.opened = true
	}
	r.enactor = &enactor{node: n, errands: carried.Open(n.db), commons: r.Commons, log: slog.Default()}
	return r, nil
}

// Enact carries out at once what was decided and approved, and writes to the ledger what was adopted.
func (r Rooms) Enact(ctx context.Context) error {
	if err := r.enactor.enact(ctx); err != nil {
		return err
	}
	return r.enactor.node.carryAll(ctx)
}

// Close closes what was opened.
func (r Rooms) Close() error {
	if !r.opened {
		return nil
	}
	return r.Commons.Close()
}

// AskNation asks all regions, as the pages do.
func (r Rooms) AskNation(ctx context.Context, q together.Question) (together.Answer, error) {
	return r.enactor.node.askNation(ctx, q)
}

// AdoptForm puts the newest form of consent that a network's node gave in force, by the operator's own act; false if none was given.
func (r Rooms) AdoptForm(ctx context.Context) (did bool, err error) {
	n := r.enactor.node
	all, err := n.givenForms(ctx)
	if err != nil || len(all) == 0 {
		return false, err
	}
	err = n.enactGiven(ctx, "operator", slices.MaxFunc(all, func(a, b published.SignedForm) int { return a.Mandate.InForce.Compare(b.Mandate.InForce) }))
	if err == nil {
		n.carry(ctx)
	}
	return err == nil, err
}

// Covering waits until the ledger's newest signature is over a leaf, so that others can check it.
func (r Rooms) Covering(ctx context.Context, leaf uint64) error {
	_, err := r.enactor.node.ledger.Covering(ctx, leaf)
	return err
}

// Counted gives the root of the tree that says who is counted for a use now, once it can be proved.
func (r Rooms) Counted(ctx context.Context, u consent.Use) (root [32]byte, err error) {
	n := r.enactor.node
	set, err := n.consents.Allowed(u)
	if err != nil {
		return root, err
	}
	return n.counted.Root(ctx, counted.Of(u), set)
}
