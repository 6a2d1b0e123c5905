package app

import (
	"context"
	"net/http"

	"github.com/samverk/samverk/action/involvement"
	involvementweb "github.com/samverk/samverk/action/involvement/web"
	"github.com/samverk/samverk/action/learning"
	"github.com/samverk/samverk/action/need"
	needweb "github.com/samverk/samverk/action/need/web"
	"github.com/samverk/samverk/action/plan"
	"github.com/samverk/samverk/action/procedure"
	"github.com/samverk/samverk/action/toolbox"
	toolboxweb "github.com/samverk/samverk/action/toolbox/web"
	actionweb "github.com/samverk/samverk/action/web"
	"github.com/samverk/samverk/forum"
	forumweb "github.com/samverk/samverk/forum/web"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/storage"
	"github.com/samverk/samverk/web"
)

// actionRoom is what a room of action tells the pages of others. A field may be nil.
type actionRoom struct {
	row    func(*http.Request, *network.Network) (actionweb.Row, error)                   // on the page of what the network does
	kind   forum.EffectKind                                                               // of the effects that are this room's
	drafts func(*http.Request, *network.Network, forum.TopicID) ([]forumweb.Draft, error) // texts that a decision about a topic may name
	became func(*http.Request, *network.Network, forum.EffectOf) (forumweb.Became, error) // what an effect of its kind became
	makes  func(*http.Request, *network.Network, forum.DecisionID) ([]web.Link, error)    // what whoever reads may make of a decision here
	waits  func(*http.Request, *network.Network) ([]forumweb.Wait, error)                 // what waits for whoever reads
}

// Action are the rooms where decisions become something that is done.
type Action struct {
	Involved   *involvement.Reports
	Learning   *learning.Room
	Needs      *need.Room
	Plans      *plan.Room
	Procedures *procedure.Room
	Toolbox    *toolbox.Toolbox
}

// openAction opens them over the rooms where people meet. key keeps the toolbox's links that are used once.
func openAction(ctx context.Context, db *storage.DB, c Commons, o CommonsOptions, key []byte) (a Action, err error) {
	a.Involved, a.Needs = involvement.Open(db, c.Networks), need.Open(db, c.Networks, c.Forum, c.Notices)
	if a.Plans, err = plan.Open(ctx, db, c.Networks, c.Forum, c.Notices); err != nil {
		return a, err
	}
	if a.Procedures, err = procedure.Open(ctx, db, c.Networks, c.Forum, c.Notices, procedure.Options{URL: o.URL}); err != nil {
		return a, err
	}
	if a.Toolbox, err = toolbox.Open(ctx, db, c.Networks, c.Forum, c.Notices, toolbox.Options{Key: key, URL: o.URL}); err != nil {
		return a, err
	}
	a.Learning, err = learning.Open(ctx, db, c.Networks, c.Forum, c.Notices, learning.Options{URL: o.URL, Demo: o.Demo})
	return a, err
}

// actions opens the pages of the rooms of action.
func (s *site) actions(frame *web.Site) error {
	if err := s.planned(frame); err != nil {
		return err
	}
	if err := s.learning(frame); err != nil {
		return err
	}
	if err := involvementweb.Register(s.table, frame, s.commons.Forum, s.commons.Networks, s.commons.Involved, involvementweb.Options{}); err != nil {
		return err
	}
	tools, err := toolboxweb.Register(s.table, frame, s.commons.Toolbox, s.commons.Networks)
	if err != nil {
		return err
	}
	s.rooms = append(s.rooms, actionRoom{row: tools.Row, waits: func(r *http.Request, n *network.Network) (out []forumweb.Wait, err error) {
		all, err := tools.Waits(r, n)
		for _, w := range all {
			out = append(out, forumweb.Wait(w))
		}
		return out, err
	}})
	needs, err := needweb.Register(s.table, frame, s.commons.Networks, s.commons.Needs)
	if err != nil {
		return err
	}
	s.rooms = append(s.rooms, actionRoom{row: needs.Row, waits: needs.Waits})
	procedures, err := s.procedures(frame)
	if err != nil {
		return err
	}
	s.rooms = append(s.rooms, procedures)
	return actionweb.Register(s.table, frame, s.commons.Networks, s.doing)
}

// doing lists the rooms for the page that leads to them.
func (s *site) doing(r *http.Request, n *network.Network) (out []actionweb.Row, err error) {
	for _, room := range s.rooms {
		if room.row == nil {
			continue
		}
		row, err := room.row(r, n)
		if err != nil {
			return nil, err
		}
		out = append(out, row)
	}
	return out, nil
}

// waits lists what waits for a person in the rooms of action.
func (s *site) waits(r *http.Request, n *network.Network) (out []forumweb.Wait, err error) {
	for _, room := range s.rooms {
		if room.waits == nil {
			continue
		}
		some, err := room.waits(r, n)
		if err != nil {
			return nil, err
		}
		out = append(out, some...)
	}
	return out, nil
}

// makes leads whoever reads a decision to what they may make of it in the rooms of action.
func (s *site) makes(r *http.Request, n *network.Network, d forum.DecisionID) (out []web.Link, err error) {
	for _, room := range s.rooms {
		if room.makes == nil {
			continue
		}
		some, err := room.makes(r, n, d)
		if err != nil {
			return nil, err
		}
		out = append(out, some...)
	}
	return out, nil
}

// actionDrafts lists the texts of the rooms of action that a decision about a topic may name.
func (s *site) actionDrafts(r *http.Request, n *network.Network, topic forum.TopicID) (out []forumweb.Draft, err error) {
	for _, room := range s.rooms {
		if room.drafts == nil {
			continue
		}
		some, err := room.drafts(r, n, topic)
		if err != nil {
			return nil, err
		}
		out = append(out, some...)
	}
	return out, nil
}

// actionBecame tells what an effect became, if it is one of a room of action.
func (s *site) actionBecame(r *http.Request, n *network.Network, e forum.EffectOf) (b forumweb.Became, err error) {
	for _, room := range s.rooms {
		if room.kind == e.Kind && room.became != nil {
			return room.became(r, n, e)
		}
	}
	return b, nil
}
