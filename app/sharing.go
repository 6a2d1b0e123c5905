package app

import (
	"context"
	"net/http"
	"slices"

	"github.com/samverk/samverk/consent"
	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/forum"
	forumweb "github.com/samverk/samverk/forum/web"
	"github.com/samverk/samverk/mandate"
	"github.com/samverk/samverk/mandate/carried"
	"github.com/samverk/samverk/network"
	policyweb "github.com/samverk/samverk/policy/web"
	"github.com/samverk/samverk/storage"
)

// topic tells the policies' pages of a topic that the reader sees.
func (s *site) topic(ctx context.Context, who network.Actor, root network.ID, id string) (policyweb.Topic, error) {
	t, err := s.commons.Forum.Topic(ctx, who, forum.TopicID(id))
	if err != nil {
		return policyweb.Topic{}, err
	}
	if t.Root != root {
		return policyweb.Topic{}, network.Absent()
	}
	out := policyweb.Topic{ID: string(t.ID), Title: t.Title, Lang: t.Lang, Network: t.Network}
	err = s.commons.Networks.Look(ctx, who, func(_ *storage.Tx, a network.Access) error {
		out.Runs = t.Body != "" && a.Runs(t.Body, t.Network)
		out.Inside = out.Runs || t.Body != "" && a.In(t.Body)
		return nil
	})
	return out, err
}

// waitingForms are the forms of consent that decisions put in force and this node hasn't adopted.
func (s *site) waitingForms(ctx context.Context) (out []policyweb.WaitingForm, err error) {
	waiting, err := s.enactor.errands.Waiting(ctx)
	for _, e := range waiting {
		if e.Kind != mandate.Form || e.Why == nil || e.Why.Code != codeAdopt {
			continue
		}
		d, err := s.enactor.decision(ctx, e)
		if err != nil {
			return nil, err
		}
		out = append(out, policyweb.WaitingForm{Decision: e.Decision, Number: d.Number, Ref: e.Ref, Root: string(d.Root)})
	}
	if err != nil {
		return nil, err
	}
	given, err := s.node.givenForms(ctx)
	for _, f := range given {
		for _, root := range s.commons.Networks.Tree().Roots() {
			out = append(out, policyweb.WaitingForm{Decision: f.Mandate.Decision, Number: f.Mandate.Number, Ref: f.Digest.String()[:16], Root: string(root.ID),
				Link: s.node.decisionAt(ctx, f.Mandate.Network, f.Mandate.Decision)})
		}
	}
	return out, err
}

// enactForm puts a form that waits in force by a steward's own act.
func (s *site) enactForm(ctx context.Context, person, decision, ref string) error {
	waiting, err := s.enactor.errands.Waiting(ctx)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(waiting, func(e carried.Errand) bool {
		return e.Kind == mandate.Form && e.Decision == decision && e.Ref == ref && e.Why != nil && e.Why.Code == codeAdopt
	})
	if i < 0 {
		return s.node.enactGivenForm(ctx, person, decision, ref)
	}
	d, err := s.enactor.decision(ctx, waiting[i])
	if err != nil {
		return err
	}
	if no := s.enactor.refuses(d, nil); no != nil { // since it began to wait
		return no
	}
	m, err := s.enactor.mandateOf(ctx, d)
	if err != nil {
		return err
	}
	return s.enactor.enactForm(ctx, consent.Actor(person), m, waiting[i])
}

// drafts are the texts that a decision about a topic may put in force.
func (s *site) drafts(r *http.Request, n *network.Network, topic forum.TopicID) (out []forumweb.Draft, err error) {
	if out, err = s.actionDrafts(r, n, topic); err != nil {
		return nil, err
	}
	if topic != "" {
		drafts, err := s.policies.Drafts(r, n, string(topic))
		if err != nil {
			return nil, err
		}
		for _, x := range drafts {
			out = append(out, forumweb.Draft{Effect: forum.Effect{Kind: forum.Policy, Ref: x.Ref, Digest: x.Digest, Title: x.Title}, Says: x.Says, Href: x.Href})
		}
	}
	forms, err := s.node.consents.Forms(r.Context())
	if err != nil {
		return nil, err
	}
	enacted := s.node.consents.Enacted()
	for _, x := range forms {
		if !slices.ContainsFunc(enacted, func(e *consent.Enacted) bool { return e.Digest == x.Digest }) {
			out = append(out, forumweb.Draft{Effect: forum.Effect{Kind: forum.FormEff, Ref: "form-" + x.Version, Digest: x.Digest, Title: x.Title[n.Lang]}, Says: s.policies.FormSays(r, x.Version)})
		}
	}
	return out, nil
}

// became tells what became of a text that a decision named.
func (s *site) became(r *http.Request, n *network.Network, e forum.EffectOf) (b forumweb.Became, err error) {
	if e.Kind != forum.Policy && e.Kind != forum.FormEff {
		return s.actionBecame(r, n, e)
	}
	if e.Digest == [32]byte{} {
		return b, nil
	}
	errands, err := s.enactor.errands.Of(r.Context(), string(e.Decision))
	if err != nil {
		return b, err
	}
	var state carried.State
	var why *fault.Error
	for _, x := range errands {
		if x.Kind == string(e.Kind) && x.Ref == e.Ref {
			state, why = x.State, x.Why
		}
	}
	x, err := s.policies.Became(r, n, e.Kind == forum.Policy, e.Digest, string(state), why)
	return forumweb.Became{State: x.State, Colour: x.Colour, Why: x.Why, Href: x.Href}, err
}
