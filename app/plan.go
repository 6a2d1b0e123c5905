package app

import (
	"net/http"

	planweb "github.com/samverk/samverk/action/plan/web"
	"github.com/samverk/samverk/forum"
	forumweb "github.com/samverk/samverk/forum/web"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/web"
)

// planned opens the pages of plans and measures, and tells the others' pages of them.
func (s *site) planned(frame *web.Site) error {
	c := s.commons
	pages, err := planweb.Register(s.table, frame, c.Plans, c.Networks, c.Forum)
	if err != nil {
		return err
	}
	s.rooms = append(s.rooms, actionRoom{
		row: pages.Row, kind: forum.Measure,
		became: func(r *http.Request, n *network.Network, e forum.EffectOf) (forumweb.Became, error) {
			b, err := pages.Became(r, n, e)
			return forumweb.Became{State: b.State, Colour: b.Colour, Why: b.Why, Href: b.Href}, err
		},
		waits: func(r *http.Request, n *network.Network) (out []forumweb.Wait, err error) {
			all, err := pages.Waits(r, n)
			for _, w := range all {
				out = append(out, forumweb.Wait(w))
			}
			return out, err
		},
	})
	return nil
}
