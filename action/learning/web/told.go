package web

import (
	"net/http"
	"time"

	"github.com/samverk/samverk/action/learning"
	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/web"
)

// Told is what learning tells the pages of other rooms, in the reader's language.
type Told struct{ room *room }

// Row is learning on the page of what a network does.
type Row struct {
	Title, Text, Href string
	Counts            []string
	Late              bool
}

// Draft is an activity that a decision may name.
type Draft struct{ Ref, Title, Says, Href string }

// Became is what became of an effect.
type Became struct{ State, Colour, Why, Href string }

// Wait is something that waits for whoever reads.
type Wait struct {
	Kind, Title, Text string
	Lang              string
	Due               time.Time
	Href, Do          string
}

func (p *Told) visit(r *http.Request, n *network.Network) *visit {
	return &visit{room: p.room, r: r, l: p.room.pages.Words(r), who: network.Actor{Person: network.PersonID(web.ViewerOf(r).Person)}, n: n}
}

// Row tells how much there is.
func (p *Told) Row(r *http.Request, n *network.Network) (Row, error) {
	v := p.visit(r, n)
	c, err := v.Counts(v.ctx(), v.who, n.ID)
	row := Row{Title: v.l.Must("learning.title"), Text: v.l.Must("learning.lede"), Href: v.home(), Counts: []string{v.l.Must("learning.coming", c.Coming)}}
	if c.Paced > 0 {
		row.Counts = append(row.Counts, v.l.Must("learning.paced", c.Paced))
	}
	if c.Offered > 0 {
		row.Counts = append(row.Counts, v.l.Must("learning.offered", c.Offered))
	}
	return row, err
}

// Drafts lists what the reader has drafted, for a decision to name.
func (p *Told) Drafts(r *http.Request, n *network.Network) (out []Draft, err error) {
	v := p.visit(r, n)
	all, err := v.List(v.ctx(), v.who, n.ID, learning.Filter{Drafts: true, Limit: 20})
	for _, a := range all {
		out = append(out, Draft{Ref: string(a.ID), Title: a.Title, Says: v.l.Must("learning.kind." + string(a.Kind)), Href: v.home() + "/" + string(a.ID)})
	}
	return out, err
}

// Became tells what became of a decision's effect.
func (p *Told) Became(r *http.Request, n *network.Network, ref string) (b Became, err error) {
	v := p.visit(r, n)
	a, err := v.Became(v.ctx(), v.who, n.ID, ref)
	switch {
	case fault.KindOf(err) == fault.NotFound && err != nil:
		return Became{}, nil
	case err != nil:
		return b, err
	}
	b.Href = v.home() + "/" + string(a.ID)
	if a.State == learning.Draft {
		b.State, b.Colour = v.l.Must("learning.state.draft"), "warning"
	} else {
		at := v.places(a)
		b.State, b.Colour = at.Text, at.Colour
	}
	return b, nil
}

// Waits lists the seats that wait for the reader's answer, and what they are asked about afterwards.
func (p *Told) Waits(r *http.Request, n *network.Network) (out []Wait, err error) {
	v := p.visit(r, n)
	if v.who.Person == "" {
		return nil, nil
	}
	all, err := v.Waiting(v.ctx(), v.who, n.ID)
	for _, w := range all {
		at := v.home() + "/" + string(w.Activity.ID)
		one := Wait{Kind: v.l.Must("learning.title"), Title: w.Activity.Title, Lang: w.Activity.Lang, Text: v.l.Must("learning.wait.offer"), Due: w.Until.In(zoneOf(w.Activity.Zone)), Href: at, Do: v.l.Must("learning.wait.answer")}
		if w.Evaluate {
			one.Text, one.Due, one.Href, one.Do = v.l.Must("learning.wait.evaluate"), time.Time{}, at+"/evaluation", v.l.Must("learning.evaluation")
		}
		out = append(out, one)
	}
	return out, err
}
