package web

import (
	"cmp"
	"net/http"
	"slices"
	"strings"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/mandate"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/policy"
	"github.com/samverk/samverk/storage"
	"github.com/samverk/samverk/web"
)

type adoptData struct {
	Here    string
	Waiting []policyRow
	Forms   []formRow
	Lines   []policyRow // in force, which can be ended
	Rules   []standingRow
	Bodies  []web.Option
	Faults  []string
	Country string
	Done    bool
}

type formRow struct {
	WaitingForm
	Link string
}

type standingRow struct {
	policy.StandingRule
	Body string
}

func (p *Room) adoptPage(w http.ResponseWriter, r *http.Request, n *network.Network) int {
	if err := p.steward(r, n); err != nil {
		return p.pages.Fail(w, r, err)
	}
	return p.adoptShow(w, r, n, web.NewForm())
}

func (p *Room) adoptShow(w http.ResponseWriter, r *http.Request, n *network.Network, f *web.Form) int {
	l := p.pages.Words(r)
	known, err := p.policies.Known(r.Context(), p.networks(n)...)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	d := adoptData{Here: home(n) + "/policies/adopt", Country: land(l, p.policies.Country()), Done: r.URL.Query().Has("done")}
	for _, k := range known {
		switch k.State {
		case policy.Waits:
			d.Waiting = append(d.Waiting, p.row(r.Context(), l, n, k))
		case policy.Holds:
			d.Lines = append(d.Lines, p.row(r.Context(), l, n, k))
		}
	}
	if d.Bodies, err = p.bodies(r, n); err != nil {
		return p.pages.Fail(w, r, err)
	}
	rules, err := p.policies.Rules(r.Context())
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	for _, x := range rules {
		if slices.Contains(p.networks(n), x.Network) {
			x.Made = x.Made.In(p.network.Zone(n.ID))
			d.Rules = append(d.Rules, standingRow{x, named(d.Bodies)(x.Network + " " + x.Body)})
		}
	}
	for _, err := range p.policies.Faults() {
		d.Faults = append(d.Faults, err.Error())
	}
	if p.options.Forms != nil {
		forms, err := p.options.Forms(r.Context())
		if err != nil {
			return p.pages.Fail(w, r, err)
		}
		for _, x := range forms {
			if x.Root == string(n.ID) {
				d.Forms = append(d.Forms, formRow{x, cmp.Or(x.Link, home(n)+"/decisions/"+x.Decision)})
			}
		}
	}
	name := l.Must("pol.adopt")
	return p.pages.Render(w, r, web.Page{Name: "policy-adopt", Title: name, Station: "decide", Data: d, Form: f,
		Crumbs: crumbs(n, l, web.Link{Text: l.Must("pol.title"), Href: home(n) + "/policies"}, web.Link{Text: name})})
}

// bodies are whose decisions a standing rule can be about: all of a network, or one body that decides.
func (p *Room) bodies(r *http.Request, n *network.Network) (out []web.Option, err error) {
	l := p.pages.Words(r)
	err = p.network.Look(r.Context(), actor(r), func(tx *storage.Tx, a network.Access) error {
		out = nil
		for _, x := range p.network.Tree().Down(n.ID) {
			name, _ := x.Name.In(l.Code)
			out = append(out, web.Option{Value: string(x.ID) + " ", Text: l.Must("pol.standing.all", name)})
		}
		for _, x := range p.elsewhere() {
			out = append(out, web.Option{Value: x.Network + " ", Text: l.Must("pol.standing.all", x.Name(l.Code))})
		}
		found, err := p.network.Bodies(r.Context(), tx, a, n.ID, "")
		for _, b := range found {
			if b.Mandate == network.Decides {
				name, _ := b.Name.In(l.Code)
				out = append(out, web.Option{Value: string(b.Network) + " " + string(b.ID), Text: name})
			}
		}
		return err
	})
	return out, err
}

func (p *Room) adoptDo(w http.ResponseWriter, r *http.Request, n *network.Network) int {
	if err := p.steward(r, n); err != nil {
		return p.pages.Fail(w, r, err)
	}
	f, err := web.ReadForm(w, r)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	switch f.Get("do") {
	case "adopt":
		err = p.adoptOne(r, n, f)
	case "end":
		of := f.Get("line")
		if in, _, _ := strings.Cut(of, "/"); !slices.Contains(p.networks(n), in) {
			err = network.Absent()
			break
		}
		err = p.policies.End(r.Context(), by(r), of, f.Get("ground"))
	case "standing":
		in, body, _ := strings.Cut(f.Raw("body"), " ")
		if !slices.Contains(p.networks(n), in) {
			err = network.Absent()
			break
		}
		err = p.policies.SetStanding(r.Context(), by(r), in, body, f.Get("adopts") == "yes", f.Get("ground"))
	case "form":
		if p.options.EnactForm == nil {
			err = network.Absent()
			break
		}
		err = p.options.EnactForm(r.Context(), person(r), f.Get("decision"), f.Get("ref"))
	default:
		err = network.Absent()
	}
	if err != nil {
		return p.again(w, r, f, err, func() int { return p.adoptShow(w, r, n, f) })
	}
	return web.SeeOther(w, r, home(n)+"/policies/adopt?done=yes")
}

// adoptOne adopts the policy with a digest.
func (p *Room) adoptOne(r *http.Request, n *network.Network, f *web.Form) error {
	var digest mandate.Digest
	if err := digest.UnmarshalText([]byte(f.Get("digest"))); err != nil {
		return network.Absent()
	}
	known, err := p.policies.Known(r.Context(), p.networks(n)...)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(known, func(k policy.Known) bool { return k.Digest == digest })
	if i < 0 {
		return network.Absent()
	}
	a := policy.Adoption{By: by(r), Ground: f.Get("ground")}
	if f.Get("from") != "" {
		day, ok := f.Day("from", p.network.Zone(n.ID))
		if !ok {
			return fault.New(fault.Invalid, "no day").Where("from").Say("policy.from")
		}
		a.From = day
	}
	return p.policies.Adopt(r.Context(), known[i].Signed, a)
}

// Held are the assignments that somebody has now, in the reader's language: for a person's own page, and where they ask.
func (p *Room) Held(r *http.Request, n *network.Network) ([]AssignmentRow, error) {
	held, err := p.policies.Held(r.Context(), person(r))
	if err != nil {
		return nil, err
	}
	return p.rowsOf(r, n, held)
}
