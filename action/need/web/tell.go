package web

import (
	"net/http"

	actionweb "github.com/samverk/samverk/action/web"
	forumweb "github.com/samverk/samverk/forum/web"
	"github.com/samverk/samverk/network"
)

// Row tells of needs on the page of what the network does.
func (p *Room) Row(r *http.Request, n *network.Network) (actionweb.Row, error) {
	l := p.pages.Words(r)
	return actionweb.Row{Title: l.Must("needs.title"), Text: l.Must("needs.lede"), Href: home(n) + "/needs"}, nil
}

// Waits lists what waits for the reader: surveys to rank, and contacts to answer.
func (p *Room) Waits(r *http.Request, n *network.Network) (out []forumweb.Wait, err error) {
	l, z := p.pages.Words(r), zone(n)
	all, err := p.needs.Waiting(r.Context(), actor(r), n.ID)
	for _, w := range all {
		if s := w.Survey; s != nil {
			out = append(out, forumweb.Wait{Kind: l.Must("survey.kind"), Title: s.Title, Lang: s.Lang, Text: l.Must("survey.rank.text"), Due: s.RankUntil.In(z).AddDate(0, 0, -1),
				Href: home(n) + "/surveys/" + string(s.ID), Do: l.Must("survey.waits.do")})
			continue
		}
		one := forumweb.Wait{Kind: l.Must("needs.kind." + w.Need.Kind), Title: w.Need.Title, Lang: w.Need.Lang, Text: l.Must("needs.waits.offered"), Due: w.Need.Until.In(z).AddDate(0, 0, -1),
			Href: home(n) + "/needs/" + string(w.Need.ID), Do: l.Must("needs.waits.do")}
		if w.Asked {
			one.Text = l.Must("needs.waits.asked")
		}
		out = append(out, one)
	}
	return out, err
}
