package app

import (
	"net/http"

	learningweb "github.com/samverk/samverk/action/learning/web"
	actionweb "github.com/samverk/samverk/action/web"
	"github.com/samverk/samverk/forum"
	forumweb "github.com/samverk/samverk/forum/web"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/web"
)

// learning opens the pages of courses, and tells the others' pages of them.
func (s *site) learning(frame *web.Site) error {
	p, err := learningweb.Register(s.table, frame, s.commons.Learning, s.commons.Networks, s.commons.Forum)
	if err != nil {
		return err
	}
	s.rooms = append(s.rooms, actionRoom{
		kind: forum.Activity,
		row: func(r *http.Request, n *network.Network) (actionweb.Row, error) {
			row, err := p.Row(r, n)
			return actionweb.Row(row), err
		},
		drafts: func(r *http.Request, n *network.Network, _ forum.TopicID) (out []forumweb.Draft, err error) {
			all, err := p.Drafts(r, n)
			for _, d := range all {
				out = append(out, forumweb.Draft{Effect: forum.Effect{Kind: forum.Activity, Ref: d.Ref, Title: d.Title}, Says: d.Says, Href: d.Href})
			}
			return out, err
		},
		became: func(r *http.Request, n *network.Network, e forum.EffectOf) (forumweb.Became, error) {
			b, err := p.Became(r, n, e.Ref)
			return forumweb.Became(b), err
		},
		waits: func(r *http.Request, n *network.Network) (out []forumweb.Wait, err error) {
			all, err := p.Waits(r, n)
			for _, w := range all {
				out = append(out, forumweb.Wait(w))
			}
			return out, err
		},
	})
	return nil
}
