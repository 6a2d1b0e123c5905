package web

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/mandate"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/policy"
	"github.com/samverk/samverk/web"
)

// states are how policies are grouped, in order; each but the last two is shown when empty.
var states = []policy.State{policy.Holds, policy.Waits, policy.Coming, policy.Broken, policy.Past}

type listData struct {
	Here    string
	State   string
	States  []web.Option
	Form    *web.Form
	Groups  []group
	Drafts  []draftRow
	Keys    []keyRow
	Steward bool
	Seen    string // where a steward sees what was asked; "" for others
	Adopt   string
	Given   string
	Presets string
	Topics  string
	Faults  bool
	Any     bool
}

type group struct {
	State policy.State
	Rows  []policyRow
}

// policyRow is a policy in the list.
type policyRow struct {
	policy.Known
	Title    string
	Link     string
	Decision string
	Span     string
	Colour   string
}

type draftRow struct {
	Title, Link, Topic, TopicAt, TopicLang string
	Name                                   string
	Version                                int
	Changed                                time.Time
}

type keyRow struct {
	Network, ID, Hex string
}

// colours of the states' tags.
var colours = map[policy.State]string{policy.Holds: "success", policy.Waits: "warning", policy.Coming: "info", policy.Past: "neutral", policy.Broken: "danger"}

func title(l *web.Words, t policy.Text) string {
	return cmp.Or(map[string]string{"sv": t.SV, "nb": t.NB, "en": t.EN}[l.Code], t.EN)
}

// row puts a policy into words.
func (p *Room) row(ctx context.Context, l *web.Words, n *network.Network, k policy.Known) policyRow {
	d := k.Signed.Draft
	row := policyRow{Known: k, Title: title(l, d.Title), Link: p.link(n, k.Signed), Decision: p.decision(ctx, n, k.Signed), Colour: colours[k.State]}
	if k.Adopted != nil {
		row.Span = l.Days(k.Adopted.Starts.In(p.network.Zone(n.ID)), until(k, p.network.Zone(n.ID)))
	}
	return row
}

func until(k policy.Known, zone *time.Location) time.Time {
	if k.Adopted == nil || k.Adopted.Until.IsZero() {
		return time.Time{}
	}
	return k.Adopted.Until.In(zone)
}

// link is where a policy is shown. A network beneath the tenant's own is named, because both may have a policy of the name.
func (p *Room) link(n *network.Network, s policy.Signed) string {
	at := home(n) + "/policies/" + s.Draft.Name + "/" + strconv.Itoa(s.Draft.Version)
	x, ok := p.network.Tree().Network(network.ID(s.Mandate.Network))
	switch {
	case !ok:
		at += "?of=" + url.QueryEscape(s.Mandate.Network)
	case x.ID != n.ID:
		at += "?of=" + x.Slug
	}
	return at
}

func (p *Room) list(w http.ResponseWriter, r *http.Request, n *network.Network) int {
	l := p.pages.Words(r)
	format, err := web.FormatOf(r)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	known, err := p.policies.Known(r.Context(), p.networks(n)...)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	state := r.URL.Query().Get("state")
	if slices.Contains(states, policy.State(state)) {
		known = slices.DeleteFunc(known, func(k policy.Known) bool { return k.State != policy.State(state) })
	} else {
		state = ""
	}
	if format != "" {
		return listFile(w, format, known)
	}
	d := listData{Here: r.URL.RequestURI(), State: state, Form: web.ReadQuery(r), States: []web.Option{{Text: l.Must("pol.state.all")}}, Adopt: home(n) + "/policies/adopt",
		Given: home(n) + "/assignments", Presets: home(n) + "/policies/new", Topics: home(n) + "/topics", Any: len(known) > 0, Faults: len(p.policies.Faults()) > 0}
	for _, s := range states {
		d.States = append(d.States, web.Option{Value: string(s), Text: l.Must("pol.state." + string(s))})
		g := group{State: s}
		for _, k := range known {
			if k.State == s {
				g.Rows = append(g.Rows, p.row(r.Context(), l, n, k))
			}
		}
		if len(g.Rows) > 0 {
			d.Groups = append(d.Groups, g)
		}
	}
	if state == "" {
		if d.Drafts, err = p.drafts(r, n, known); err != nil {
			return p.pages.Fail(w, r, err)
		}
	}
	for _, k := range p.policies.Keys() {
		if x, ok := p.network.Tree().Network(network.ID(k.Network)); ok && x.Root == n.ID {
			name, _ := x.Name.In(l.Code)
			d.Keys = append(d.Keys, keyRow{name, policy.KeyID(k.Public), mandate.Digest(k.Public).String()})
		}
		for _, x := range p.elsewhere() {
			if x.Network == k.Network {
				d.Keys = append(d.Keys, keyRow{x.Name(l.Code), policy.KeyID(k.Public), mandate.Digest(k.Public).String()})
			}
		}
	}
	if person(r) != "" {
		if d.Steward, err = p.policies.IsSteward(r.Context(), by(r), ""); err != nil {
			return p.pages.Fail(w, r, err)
		}
		if p.options.Steward != nil {
			d.Seen = p.options.Steward(r)
		}
	}
	name := l.Must("pol.title")
	return p.pages.Render(w, r, web.Page{Name: "policies", Title: name, Station: "decide", Data: d, Public: true, Crumbs: crumbs(n, l, web.Link{Text: name})})
}

// shownDrafts is how many drafts the list shows: each asks for its topic.
const shownDrafts = 20

// drafts are those whose topics the reader sees, and which no decision has put in force.
func (p *Room) drafts(r *http.Request, n *network.Network, known []policy.Known) (rows []draftRow, err error) {
	l := p.pages.Words(r)
	all, err := p.policies.Drafts(r.Context(), string(n.ID), "")
	if err != nil {
		return nil, err
	}
	topics := map[string]Topic{}
	for _, d := range all {
		if len(rows) == shownDrafts {
			break
		}
		if slices.ContainsFunc(known, func(k policy.Known) bool { return k.Digest == d.Digest }) {
			continue
		}
		t, asked := topics[d.Topic]
		if !asked {
			t, err = p.topic(r, n, d.Topic)
			if err != nil && fault.KindOf(err) != fault.NotFound {
				return nil, err
			}
			topics[d.Topic] = t
		}
		if t.ID != "" {
			rows = append(rows, draftRow{Title: title(l, d.Draft.Title), Link: home(n) + "/policy-drafts/" + d.ID, Topic: t.Title, TopicAt: home(n) + "/topics/" + t.ID, TopicLang: t.Lang,
				Name: d.Draft.Name, Version: d.Draft.Version, Changed: d.Changed.In(p.network.Zone(n.ID))})
		}
	}
	return rows, nil
}

func listFile(w http.ResponseWriter, format string, known []policy.Known) int {
	e := web.NewExport(w, format, "policies", "name", "version", "title_sv", "title_nb", "title_en", "state", "from", "until", "network", "body", "decision", "number", "digest", "key", "verified")
	for _, k := range known {
		d, m := k.Signed.Draft, k.Signed.Mandate
		from, to := "", ""
		if k.Adopted != nil {
			from, to = stamp(k.Adopted.Starts), stamp(k.Adopted.Until)
		}
		if err := e.Row(d.Name, strconv.Itoa(d.Version), d.Title.SV, d.Title.NB, d.Title.EN, string(k.State), from, to, m.Network, m.Body, m.Decision, m.Number,
			k.Digest.String(), k.Signed.Key, strconv.FormatBool(k.Fault == nil)); err != nil {
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

type policyData struct {
	policyRow
	Said     said
	Rules    []ruleRow
	Body     string
	Groups   []string // the digest in groups of four
	Key      string
	Trouble  string
	Next     []policyRow // the other versions
	JSON     string
	Present  string
	Checked  time.Time
	Power    []powerRow
	Ground   string
	Standing bool
}

func (p *Room) policy(w http.ResponseWriter, r *http.Request, n *network.Network) int {
	l := p.pages.Words(r)
	known, err := p.policies.Known(r.Context(), p.networks(n)...)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	k, others := p.find(r, n, known)
	if k == nil {
		return p.pages.Fail(w, r, network.Absent())
	}
	switch format, err := web.FormatOf(r); {
	case err != nil:
		return p.pages.Fail(w, r, err)
	case format == "json":
		return sendSigned(w, k.Signed.Draft.ID(), k.Signed)
	}
	organisations, _, err := p.names(r, n)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	d := policyData{policyRow: p.row(r.Context(), l, n, *k), Said: say(l, k.Signed.Draft, named(organisations)), Rules: p.rules(l, k.Signed.Draft, named(organisations)),
		Groups: fours(k.Digest.String()), Key: k.Signed.Key, JSON: jsonAt(r), Checked: p.network.Now().In(p.network.Zone(n.ID))}
	q := k.Signed.Mandate.Quorum
	d.Present = l.Must("pol.present", q.Present, q.Of)
	d.Body = cmp.Or(k.Signed.Mandate.BodyName[l.Code], k.Signed.Mandate.BodyName["sv"], k.Signed.Mandate.BodyName["nb"], k.Signed.Mandate.BodyName["en"])
	if k.Fault != nil {
		d.Trouble = p.Says(r, asFault(k.Fault))
	}
	if k.Adopted != nil {
		d.Standing = k.Adopted.By == "standing"
	}
	for _, x := range others {
		d.Next = append(d.Next, p.row(r.Context(), l, n, x))
	}
	name := l.Must("pol.named", d.Title, k.Signed.Draft.Version)
	return p.pages.Render(w, r, web.Page{Name: "policy", Title: name, Station: "decide", Data: d, Public: true,
		Crumbs: crumbs(n, l, web.Link{Text: l.Must("pol.title"), Href: home(n) + "/policies"}, web.Link{Text: name})})
}

// find finds the policy that an address names, and the others of its line.
func (p *Room) find(r *http.Request, n *network.Network, known []policy.Known) (found *policy.Known, others []policy.Known) {
	of := cmp.Or(r.URL.Query().Get("of"), n.Slug)
	for i, k := range known {
		x, ok := p.network.Tree().Network(network.ID(k.Signed.Mandate.Network))
		if ok && x.Slug != of || !ok && k.Signed.Mandate.Network != of || k.Signed.Draft.Name != r.PathValue("name") {
			continue
		}
		if strconv.Itoa(k.Signed.Draft.Version) == r.PathValue("version") {
			found = &known[i]
		} else {
			others = append(others, k)
		}
	}
	return found, others
}

func jsonAt(r *http.Request) string { return web.FormatsAt(r.URL.RequestURI()).JSON }

// sendSigned sends a policy or a draft for programs, as it is digested and signed.
func sendSigned(w http.ResponseWriter, name string, v any) int {
	b, err := mandate.Canonical(v)
	if err != nil {
		w.WriteHeader(http.StatusInternalServerError)
		return http.StatusInternalServerError
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Disposition", `inline; filename="`+web.FileName(name)+`.json"`)
	_, _ = w.Write(append(b, '\n')) // a reader who left is no failure of ours
	return http.StatusOK
}

// fours cuts a hash into groups of four.
func fours(hash string) (out []string) {
	for len(hash) >= 4 {
		out, hash = append(out, hash[:4]), hash[4:]
	}
	return out
}
