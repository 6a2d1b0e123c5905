package web

import (
	"cmp"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/policy"
	"github.com/samverk/samverk/web"
)

// replayed is what a draft would have made of the questions asked, in words.
type replayed struct {
	Kinds   int
	Changed int64
	Asked   int64
	Since   time.Time
	Rows    []changeRow
	More    int // kinds that the page doesn't show
	Partly  bool
}

type changeRow struct {
	Who, Organisation, For, What, On, Was, Would string
	Times                                        int64
}

// Bounds of a replay: how far back, and how many kinds a page shows.
const (
	replayDays = 365
	shownKinds = 100
)

func (p *Room) replay(r *http.Request, d policy.Drafted, name func(string) string) (out replayed, err error) {
	l := p.pages.Words(r)
	since := p.network.Now().AddDate(0, 0, -replayDays)
	x, err := p.policies.Replay(r.Context(), d.Network, d.Draft, since)
	if err != nil {
		return out, err
	}
	out = replayed{Kinds: len(x.Changes), Changed: x.Changed, Asked: x.Asked, Since: x.Since.In(p.network.Zone(network.ID(d.Root))), Partly: x.Partly}
	for i, c := range x.Changes {
		if i == shownKinds {
			out.More = len(x.Changes) - shownKinds
			break
		}
		out.Rows = append(out.Rows, newChangeRow(l, c, name))
	}
	return out, nil
}

func newChangeRow(l *web.Words, c policy.Change, name func(string) string) changeRow {
	q := c.Request
	row := changeRow{Who: l.Must("pol.anybody"), Organisation: "–", For: l.Must("pol.purpose." + string(q.Purpose)), What: l.Must("pol.kind." + string(q.Question)),
		On: cmp.Or(q.Dataset, l.Must("pol.dataset.all")), Was: told(l, q.Outcome), Would: told(l, c.Would), Times: c.Times}
	switch {
	case q.Operator:
		row.Who = l.Must("pol.operator")
	case q.SignedIn && q.Role != "":
		row.Who = l.Must("pol.role." + q.Role)
	case q.SignedIn:
		row.Who = l.Must("pol.signedin")
	}
	if q.Organisation != "" {
		row.Organisation = name(q.Organisation)
	}
	var more []string
	if q.Commercial {
		more = append(more, l.Must("pol.commercial"))
	}
	if q.Country != "" {
		more = append(more, land(l, q.Country))
	}
	if q.Approved {
		more = append(more, l.Must("pol.approved"))
	}
	if len(more) > 0 {
		row.For += " (" + strings.Join(more, ", ") + ")"
	}
	return row
}

// told says how a question is answered.
func told(l *web.Words, o policy.Outcome) string {
	switch {
	case !o.Allowed && o.Reason != policy.BudgetSpent:
		return l.Must("pol.told.no")
	case o.Precision == policy.Exact && o.K == 0:
		return l.Must("pol.told.exact")
	case o.Zero:
		return l.Must("pol.told.zero", o.K-1)
	}
	return l.Must("pol.told."+string(o.Precision)+".k", o.K)
}

// replayFile gives all of it, for programs.
func (p *Room) replayFile(w http.ResponseWriter, r *http.Request, n *network.Network) int {
	d, t, err := p.drafted(r, n)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	inside, err := p.inside(r, t)
	if err == nil && !inside {
		err = fault.New(fault.Denied, "what was asked is for those inside the body, and for stewards").Say("policy.replay.denied")
	}
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	format, err := web.FormatOf(r)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	if format == "" {
		return web.SeeOther(w, r, home(n)+"/policy-drafts/"+d.ID)
	}
	x, err := p.policies.Replay(r.Context(), d.Network, d.Draft, p.network.Now().AddDate(0, 0, -replayDays))
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	e := web.NewExport(w, format, "replay-"+d.Draft.ID(), "organisation", "sector", "role", "signed_in", "approved", "operator", "purpose", "commercial", "country", "question", "dataset",
		"was_allowed", "was_precision", "was_k", "was_policy", "would_allowed", "would_precision", "would_k", "would_reason", "times")
	for _, c := range x.Changes {
		q := c.Request
		if err := e.Row(q.Organisation, q.Sector, q.Role, strconv.FormatBool(q.SignedIn), strconv.FormatBool(q.Approved), strconv.FormatBool(q.Operator), string(q.Purpose),
			strconv.FormatBool(q.Commercial), q.Country, string(q.Question), q.Dataset, strconv.FormatBool(q.Outcome.Allowed), string(q.Outcome.Precision), strconv.Itoa(q.Outcome.K), q.Outcome.Policy,
			strconv.FormatBool(c.Would.Allowed), string(c.Would.Precision), strconv.Itoa(c.Would.K), string(c.Would.Reason), strconv.FormatInt(c.Times, 10)); err != nil {
			return http.StatusOK // the reader left
		}
	}
	return e.End()
}
