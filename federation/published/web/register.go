package web

import (
	"cmp"
	"embed"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/samverk/samverk/federation"
	"github.com/samverk/samverk/federation/published"
	"github.com/samverk/samverk/policy"
	"github.com/samverk/samverk/web"
	"github.com/samverk/samverk/web/route"
)

//go:embed all:pages messages
var files embed.FS

// Path is where the page is.
const Path = "/nation"

// Options are what the page stands on.
type Options struct {
	Published *published.Published
	Policies  *policy.Policies
	Now       func() time.Time
	Zone      func() *time.Location // of the days and times that are shown
	// Adopt is where whoever asks adopts policies, "" for who may not.
	Adopt func(*http.Request) string
	// Policy is where a policy that is kept here is shown; "" for nowhere.
	Policy func(policy.Signed) string
}

type room struct {
	Options
	site  *web.Site
	pages *web.Pages
}

// Register puts the page into the table.
func Register(t *route.Table, site *web.Site, o Options) error {
	pages, err := site.Room(files)
	if err != nil {
		return err
	}
	p := &room{o, site, pages}
	t.Add(route.Route{Method: "GET", Pattern: Path, Who: route.Anyone, Does: "Shows what the national network decided and what became of what this region lifted, as a page, CSV or JSON.", Serve: p.page})
	return nil
}

type data struct {
	Sources  []source
	Lifts    []lift
	Rows     []decision
	Pager    web.Pager
	Policies []offer
	Adopt    string // where they are adopted; "" for who may not
	Waits    bool
	Later    bool // not the first page of decisions
}

type source struct {
	Title, Href string
	Heard       time.Time
	Believed    bool
	Late        bool // it hasn't been heard for a while
	Shut        bool // its log was changed
}

type lift struct {
	published.LiftedEntry
	Href, To, From, State, Colour string
	Last                          time.Time // the last day of the answer that is owed
}

type decision struct {
	published.DecidedEntry
	Href, Body, Of, Standing, Colour string
}

type offer struct {
	Title, Href, Decision, Number, Body, State, Colour, Why string
	Version                                                 int
}

const perPage = 50

func (p *room) page(w http.ResponseWriter, r *http.Request) int {
	ctx, l := r.Context(), p.pages.Words(r)
	if !p.Published.Hears() {
		return p.site.NotFound(w, r)
	}
	format, err := web.FormatOf(r)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	sources, err := p.Published.Sources(ctx)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	at := map[string]federation.Peer{}
	for _, s := range sources {
		if s.Believed {
			at[s.Name] = s.Peer
		}
	}
	limit := perPage + 1
	if format != "" {
		limit = 10000
	}
	all, err := p.Published.Decisions(ctx, r.URL.Query().Get("after"), limit)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	next := ""
	if format == "" && len(all) > perPage {
		all = all[:perPage]
		next = all[perPage-1].Key()
	}
	rows := p.decisions(l, all, at)
	if format != "" {
		return file(w, format, rows)
	}
	d := data{Rows: rows, Pager: web.PagerAt(web.Local(r.URL.RequestURI()), next), Later: r.URL.Query().Has("after"), Sources: p.sources(sources)}
	lifts, err := p.Published.Lifts(ctx)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	d.Lifts = p.lifts(l, lifts, at)
	if d.Policies, d.Waits, err = p.offers(r, l); err != nil {
		return p.pages.Fail(w, r, err)
	}
	if p.Adopt != nil {
		d.Adopt = p.Adopt(r)
	}
	return p.pages.Render(w, r, web.Page{Name: "nation", Title: l.Must("nation.title"), Station: "decide", Data: d, Public: true})
}

// late is after how long without a word the page says so.
const late = 10 * time.Minute

func (p *room) sources(all []published.Source) (out []source) {
	for _, s := range all {
		if !s.Heard.IsZero() {
			s.Heard = s.Heard.In(p.Zone())
		}
		quiet := s.Heard.IsZero() || p.Now().Sub(s.Heard) > late
		out = append(out, source{Title: s.Title, Href: s.URL, Heard: s.Heard, Believed: s.Believed, Late: quiet, Shut: s.State == federation.Forked})
	}
	return out
}

// in gives a name in the reader's language, or one that is there.
func in(n published.Name, code string) string {
	return cmp.Or(n[code], n["sv"], n["nb"], n["en"])
}

func href(at map[string]federation.Peer, e published.Entry, path string) string {
	return strings.TrimSuffix(at[e.Peer].URL, "/") + path
}

func (p *room) decisions(l *web.Words, all []published.DecidedEntry, at map[string]federation.Peer) (rows []decision) {
	now, zone := p.Now(), p.Zone()
	for _, e := range all {
		e.Taken = e.Taken.In(zone)
		if _, ok := at[e.Peer]; !ok {
			continue
		}
		x := decision{DecidedEntry: e, Href: href(at, e.Entry, e.Path), Body: in(e.Decided.Body, l.Code), Of: in(e.Of, l.Code)}
		standing := "force"
		switch {
		case e.InForce.IsZero():
			standing, x.Colour = "taken", "warning"
		case !e.Until.IsZero() && !e.Until.After(now):
			standing, x.Colour = "superseded", "neutral"
		case e.InForce.After(now):
			standing, x.Colour = "coming", "info"
		case e.Recommends:
			standing, x.Colour = "recommends", "info"
		default:
			x.Colour = "success"
		}
		switch {
		case standing != "superseded":
			x.Standing = l.Must("nation.standing." + standing)
		case e.By == "":
			x.Standing = l.Must("nation.standing.replaced")
		default:
			x.Standing = l.Must("nation.standing.superseded", e.By)
		}
		rows = append(rows, x)
	}
	return rows
}

func file(w http.ResponseWriter, format string, rows []decision) int {
	e := web.NewExport(w, format, "national-decisions", "number", "network", "body", "title", "lang", "taken", "in_force", "until", "superseded_by", "recommends", "link")
	for _, x := range rows {
		if err := e.Row(x.Number, x.Of, x.Body, x.Title, x.Lang, stamp(x.Taken), stamp(x.InForce), stamp(x.Until), x.By, x.Recommends, x.Href); err != nil {
			return http.StatusOK // the reader left
		}
	}
	return e.End()
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

func (p *room) lifts(l *web.Words, all []published.LiftedEntry, at map[string]federation.Peer) (rows []lift) {
	for _, e := range all {
		if _, ok := at[e.Peer]; !ok {
			continue
		}
		x := lift{LiftedEntry: e, Href: href(at, e.Entry, e.Path), To: in(e.To, l.Code), From: in(e.From, l.Code), Last: e.Due.Add(-time.Second).In(p.Zone())}
		x.Lifted.Lifted, x.Answered = x.Lifted.Lifted.In(p.Zone()), x.Answered.In(p.Zone())
		switch {
		case e.Answer == "returned":
			x.State, x.Colour = l.Must("nation.lift.returned"), "warning"
		case e.Lifted.State == "decided":
			x.State, x.Colour = l.Must("nation.lift.decided"), "success"
		case e.Answer != "":
			x.State, x.Colour = l.Must("nation.lift.accepted"), "info"
		case e.Due.After(p.Now()):
			x.State, x.Colour = l.Must("nation.lift.owed"), "neutral"
		default:
			x.State, x.Colour = l.Must("nation.lift.late"), "danger"
		}
		rows = append(rows, x)
	}
	return rows
}

// shownPolicies is how many policies are listed.
const shownPolicies = 30

// offers are the policies that came, with what they are here.
func (p *room) offers(r *http.Request, l *web.Words) (rows []offer, waits bool, err error) {
	all, err := p.Published.Offers(r.Context())
	if err != nil {
		return nil, false, err
	}
	var networks []string
	for _, o := range all {
		networks = append(networks, o.Signed.Mandate.Network)
	}
	slices.Sort(networks)
	known, err := p.Policies.Known(r.Context(), slices.Compact(networks)...)
	if err != nil {
		return nil, false, err
	}
	for _, o := range all {
		if len(rows) == shownPolicies {
			break
		}
		rows = append(rows, p.offer(r, l, o, known))
		waits = waits || rows[len(rows)-1].Colour == "warning"
	}
	return rows, waits, nil
}

var colours = map[policy.State]string{policy.Holds: "success", policy.Waits: "warning", policy.Coming: "info", policy.Past: "neutral", policy.Broken: "danger"}

func (p *room) offer(r *http.Request, l *web.Words, o published.Offer, known []policy.Known) offer {
	d, m := o.Signed.Draft, o.Signed.Mandate
	x := offer{Title: cmp.Or(map[string]string{"sv": d.Title.SV, "nb": d.Title.NB, "en": d.Title.EN}[l.Code], d.Title.EN, d.Title.SV), Version: d.Version, Number: m.Number,
		Body: in(m.BodyName, l.Code), Decision: p.Published.At(r.Context(), m.Network, m.Decision), Colour: "danger"}
	i := slices.IndexFunc(known, func(k policy.Known) bool { return k.Digest.String() == o.ID })
	switch {
	case o.Code == "policy.key.unknown":
		x.State, x.Why = l.Must("nation.policy.untrusted"), l.Must("nation.policy.untrusted.text")
	case o.Code != "" || i < 0:
		x.State, x.Why = l.Must("nation.policy.refused"), l.Must("nation.policy.refused.text")
		if key := "nation.why." + o.Code; l.Has(key) {
			x.Why = l.Must(key)
		}
	default:
		x.State, x.Colour = l.Must("nation.policy."+string(known[i].State)), colours[known[i].State]
		if p.Policy != nil {
			x.Href = p.Policy(o.Signed)
		}
	}
	return x
}
