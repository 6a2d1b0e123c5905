package published

import (
	"context"
	"encoding/json"
	"errors"
	"slices"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/federation"
	"github.com/samverk/samverk/policy"
	"github.com/samverk/samverk/storage"
)

// codeUntrusted is how policy says that a key isn't trusted here.
const codeUntrusted = "policy.key.unknown"

// offers is what is sent when a policy or a form was put in force.
type offers struct {
	Entries []entry `json:"entries"`
}

// mostOffers is how many come in one message.
const mostOffers = 20

// push sends what was put in force to all approved peers, at the same time, and doesn't wait. Whom it doesn't reach asks at the next hello.
func (p *Published) push(fresh []Publication) {
	fresh = slices.DeleteFunc(slices.Clone(fresh), func(x Publication) bool { return x.Kind != Policy && x.Kind != Form })
	if len(fresh) == 0 {
		return
	}
	for _, peer := range p.nodes.Peers() {
		if peer.State != federation.Approved {
			continue
		}
		var o offers
		size := 0
		for _, x := range fresh {
			if size += len(x.Body); x.goesTo(peer.Country, peer.Name) && size < mostPage/2 && len(o.Entries) < mostOffers {
				o.Entries = append(o.Entries, entry{x.Kind, x.ID, x.Body})
			}
		}
		if len(o.Entries) == 0 {
			continue
		}
		p.later(func(ctx context.Context) {
			body, err := json.Marshal(o)
			if err == nil {
				_, err = p.nodes.Call(ctx, peer.Name, pathPolicies, body, mostAsked)
			}
			if err != nil && ctx.Err() == nil {
				p.quiet("a policy in force didn't reach a peer, which asks for it at its next hello", peer, err)
			}
		})
	}
}

// offered takes what a peer sends.
func (p *Published) offered(ctx context.Context, from federation.Peer, body []byte) ([]byte, error) {
	var o offers
	if err := json.Unmarshal(body, &o); err != nil || len(o.Entries) > mostOffers {
		return nil, fault.New(fault.Invalid, "what is offered can't be read").Say("published.unread")
	}
	if len(from.Networks) == 0 {
		return nil, fault.New(fault.Denied, "%s is no network's own node", from.Name).Say("published.network")
	}
	took := []string{}
	err := p.db.Write(ctx, func(tx *storage.Tx) error {
		took = took[:0]
		h, err := p.hearing(ctx, tx, from)
		if err != nil {
			return err
		}
		for _, e := range o.Entries {
			if e.Kind != Policy && e.Kind != Form || e.Body == "" {
				continue
			}
			if err := h.hear(ctx, e); err != nil {
				return err
			}
			took = append(took, e.ID)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	p.adopt(ctx)
	return json.Marshal(took)
}

func (p *Published) adopt(ctx context.Context) {
	if p.o.Adopt != nil && p.o.Adopt(ctx) {
		p.Announce()
	}
}

// judge keeps what a peer gave to be adopted, and tells why it isn't kept. An error of the machine's is none of the peer's.
func (p *Published) judge(ctx context.Context, tx *storage.Tx, from federation.Peer, kind Kind, body string) (why *fault.Error, err error) {
	switch kind {
	case Policy:
		err = p.keep(ctx, tx, from, body)
	case Form:
		err = p.keepForm(ctx, tx, from, body)
	default:
		return nil, nil //nolint:nilnil // there is nothing to keep
	}
	if err == nil {
		return nil, nil //nolint:nilnil // it is kept
	}
	if k := fault.KindOf(err); k != fault.Internal && k != fault.Unavailable && errors.As(err, &why) {
		if why.Code == "" {
			why = why.Say("published.refused")
		}
		return why, nil
	}
	return nil, err
}

func (p *Published) keep(ctx context.Context, tx *storage.Tx, from federation.Peer, body string) error {
	s, err := policy.ParseSigned([]byte(body))
	if err != nil {
		return err
	}
	if !ownNode(from, s.Mandate.Network) {
		return fault.New(fault.Denied, "%s is not the node of network %.60q", from.Name, s.Mandate.Network).Say("published.network")
	}
	return p.o.Policies.Keep(ctx, tx, s)
}
