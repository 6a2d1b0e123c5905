package app

import (
	"context"
	"time"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/federation"
	"github.com/samverk/samverk/federation/home"
	"github.com/samverk/samverk/individual"
)

// homePath is where nodes ask the registrar whose claims are theirs.
const homePath = "home"

// asksRegistrar is for how long an answer of the registrar is waited for.
const asksRegistrar = 30 * time.Second

// openHome opens which individuals are at home here, and, for a network's own node, at which node each is.
func (n *Node) openHome(ctx context.Context) (err error) {
	if n.claims, err = home.NewRegistrar(ctx, n.db); err != nil {
		return err
	}
	n.home, err = home.Open(ctx, n.db, n.people, home.Options{Issuer: n.settings.Issuer.Name, Call: n.askRegistrar})
	return err
}

// registered answers a region's message to the registrar.
func (n *Node) registered(ctx context.Context, from federation.Peer, message []byte) ([]byte, error) {
	if len(n.networkKeys()) == 0 {
		return nil, fault.New(fault.NotFound, "this node keeps no claims").Say("home.registrar")
	}
	return n.claims.Handle(ctx, from.Name, message)
}

// askRegistrar sends a message to the registrar: the one that the settings name, or the one node known that is a network's own.
func (n *Node) askRegistrar(ctx context.Context, message []byte) ([]byte, error) {
	self, ok := n.nodes.Self()
	if !ok {
		return nil, fault.New(fault.Unavailable, "this node is none among nodes").Say("federation.closed").Do("samverk node init")
	}
	registrar := n.settings.Issuer.Registrar
	if registrar == "" {
		var own []string
		if len(n.networkKeys()) > 0 {
			own = append(own, self.Name)
		}
		all, err := n.published.Sources(ctx)
		if err != nil {
			return nil, err
		}
		for _, p := range all { // any peer could say so of itself: the operator has
			if p.State == federation.Approved && p.Believed {
				own = append(own, p.Name)
			}
		}
		if len(own) != 1 {
			return nil, fault.New(fault.Unavailable, "%d nodes are a network's own, so it isn't known who keeps the claims", len(own)).
				Do(`say which is the network's with 'samverk node trust', or name it as "registrar" of "issuer" in samverk.json`)
		}
		registrar = own[0]
	}
	if registrar == self.Name {
		return n.claims.Handle(ctx, self.Name, message)
	}
	ctx, cancel := context.WithTimeout(ctx, asksRegistrar)
	defer cancel()
	return n.nodes.Call(ctx, registrar, homePath, message, home.MostMessage)
}

// homeOf tells where somebody is counted in what nodes answer together; "" where everybody is at home.
func (n *Node) homeOf(who individual.Individual) string {
	if n.settings.Issuer.Name == "" {
		return ""
	}
	return n.home.Of(who).String()
}

// homeIndividual lets an individual go, or asks for them again, and tells where they are at home now.
func (n *Node) homeIndividual(ctx context.Context, q HomeRequest, _ Sink[None]) (r HomeResult, err error) {
	who, err := n.person(q.ID)
	if err != nil {
		return r, err
	}
	switch {
	case n.settings.Issuer.Name == "":
		return r, fault.New(fault.Conflict, "it isn't set who issues pseudonyms, so everybody is at home here").
			Do(`write "issuer": {"name": …} in samverk.json, the same at all nodes`)
	case q.Let || q.To != "":
		err = n.home.Release(ctx, who, q.To)
	case q.Return:
		err = n.home.Return(ctx, who)
	default:
		return HomeResult{n.homeOf(who)}, nil
	}
	if err != nil {
		return r, err
	}
	if err := n.home.Sync(ctx); err != nil {
		return HomeResult{n.homeOf(who)}, fault.Wrap(fault.Unavailable, err, "it is kept here, and the registrar hasn't heard it yet").Do("nothing: the server tells it as soon as it can")
	}
	return HomeResult{n.homeOf(who)}, nil
}
