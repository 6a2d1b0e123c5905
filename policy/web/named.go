package web

import (
	"net/http"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/mandate"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/policy"
)

// Named is a draft that a decision may name, in words.
type Named struct {
	Ref, Title string // the title in the network's language: it is written into the decision
	Digest     mandate.Digest
	Says, Href string
}

// Drafts lists the drafts of a topic, for the form of a decision.
func (p *Room) Drafts(r *http.Request, n *network.Network, topic string) (out []Named, err error) {
	l := p.pages.Words(r)
	all, err := p.policies.Drafts(r.Context(), string(n.ID), topic)
	for _, d := range all {
		out = append(out, Named{Ref: d.Draft.ID(), Title: writtenTitle(n, d.Draft), Digest: d.Digest, Href: home(n) + "/policy-drafts/" + d.ID,
			Says: l.Must("pol.effect.draft", d.Draft.Name, l.When(d.Changed.In(p.network.Zone(n.ID))), d.Digest.String()[:8])})
	}
	return out, err
}

// writtenTitle is a draft's title in the network's own language, with its version.
func writtenTitle(n *network.Network, d policy.Draft) string {
	of := map[string]string{"sv": d.Title.SV, "nb": d.Title.NB, "en": d.Title.EN}[n.Lang]
	if of == "" {
		of = d.Title.EN
	}
	return of + " (" + d.ID() + ")"
}

// FormSays says what a form of consent is, in the form of a decision.
func (p *Room) FormSays(r *http.Request, version string) string {
	return p.pages.Words(r).Must("pol.effect.form", version)
}

// Became is what this node made of a text that a decision named.
type Became struct {
	State, Colour, Why, Href string
}

// Became tells what became of a text: carried is done, waiting, refused, or "" while the decision isn't approved.
func (p *Room) Became(r *http.Request, n *network.Network, isPolicy bool, digest mandate.Digest, carried string, why *fault.Error) (b Became, err error) {
	l := p.pages.Words(r)
	switch carried {
	case "done":
		b.State, b.Colour = l.Must("pol.effect.done"), "success"
	case "waiting":
		b.State, b.Colour, b.Why = l.Must("pol.effect.waiting"), "warning", p.Says(r, why)
	case "refused":
		return Became{State: l.Must("pol.effect.refused"), Colour: "danger", Why: p.Says(r, why)}, nil
	default:
		b.State, b.Colour = l.Must("pol.effect.coming"), "neutral"
	}
	if !isPolicy || carried != "done" {
		return b, nil
	}
	known, err := p.policies.Known(r.Context(), p.networks(n)...)
	for _, k := range known {
		if k.Digest == digest {
			b.State, b.Colour, b.Href = l.Must("pol.state."+string(k.State)), colours[k.State], p.link(n, k.Signed)
		}
	}
	return b, err
}
