package app

import (
	"context"
	"net/http"

	procedureweb "github.com/samverk/samverk/action/procedure/web"
	actionweb "github.com/samverk/samverk/action/web"
	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/forum"
	forumweb "github.com/samverk/samverk/forum/web"
	"github.com/samverk/samverk/mandate/carried"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/storage"
	"github.com/samverk/samverk/web"
)

// carryOut is what puts in force the texts of a kind that decisions name by their digest, in the transaction that settles the errand.
type carryOut func(context.Context, *storage.Tx, forum.Carried, carried.Errand) error

// carries gives the room of action that carries out effects of a kind; nil for kinds that no such room does.
func (c Commons) carries(kind forum.EffectKind) carryOut {
	if kind == forum.Procedure {
		return func(ctx context.Context, tx *storage.Tx, d forum.Carried, e carried.Errand) error {
			return c.Procedures.Carry(ctx, tx, d, e.Ref, e.Digest)
		}
	}
	return nil
}

// procedures opens the pages of procedures.
func (s *site) procedures(frame *web.Site) (room actionRoom, err error) {
	p, err := procedureweb.Register(s.table, frame, s.commons.Procedures, s.commons.Forum, s.commons.Networks)
	if err != nil {
		return room, err
	}
	return actionRoom{
		kind: forum.Procedure,
		row: func(r *http.Request, n *network.Network) (actionweb.Row, error) {
			row, err := p.Row(r, n)
			return actionweb.Row(row), err
		},
		drafts: func(r *http.Request, n *network.Network, topic forum.TopicID) (out []forumweb.Draft, err error) {
			all, err := p.Drafts(r, n, topic)
			for _, d := range all {
				out = append(out, forumweb.Draft(d))
			}
			return out, err
		},
		became: func(r *http.Request, n *network.Network, e forum.EffectOf) (b forumweb.Became, err error) {
			why, err := s.why(r.Context(), e)
			if err != nil {
				return b, err
			}
			made, err := p.Became(r, n, e, why)
			return forumweb.Became(made), err
		},
		waits: func(r *http.Request, n *network.Network) (out []forumweb.Wait, err error) {
			all, err := p.Waits(r, n)
			for _, w := range all {
				out = append(out, forumweb.Wait(w))
			}
			return out, err
		},
	}, nil
}

// why is what keeps a text that a decision names from being carried out; nil for nothing.
func (s *site) why(ctx context.Context, e forum.EffectOf) (*fault.Error, error) {
	errands, err := s.enactor.errands.Of(ctx, string(e.Decision))
	for _, x := range errands {
		if x.Kind == string(e.Kind) && x.Ref == e.Ref {
			return x.Why, nil
		}
	}
	return nil, err
}
