package web

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/policy"
	"github.com/samverk/samverk/web"
)

type startData struct {
	Topic   Topic
	TopicAt string
	Topics  string
	Presets []start
	Lines   []start
}

// start is what a draft can begin from.
type start struct {
	Title, Link string
	Said        said
}

type formData struct {
	Topic    Topic
	TopicAt  string
	Here     string
	Back     string
	Draft    bool // one that is kept already
	Rules    []fields
	Choices  choices
	Said     *said // as it would read; nil while it can't be put in force
	Stored   *said // what somebody else kept meanwhile
	StoredBy string
	Most     bool
}

func asFault(err error) *fault.Error {
	var e *fault.Error
	if errors.As(err, &e) {
		return e
	}
	return nil
}

// drafter finds the topic of a form, and refuses who isn't of the tenant.
func (p *Room) drafter(r *http.Request, n *network.Network, topic string) (Topic, error) {
	if err := p.member(r, n); err != nil {
		return Topic{}, err
	}
	return p.topic(r, n, topic)
}

func (p *Room) draftNew(w http.ResponseWriter, r *http.Request, n *network.Network) int {
	id := r.URL.Query().Get("topic")
	if id == "" {
		if err := p.member(r, n); err != nil {
			return p.pages.Fail(w, r, err)
		}
		return p.draftStart(w, r, n, Topic{})
	}
	t, err := p.drafter(r, n, id)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	from := r.URL.Query().Get("from")
	if from == "" {
		return p.draftStart(w, r, n, t)
	}
	d, err := p.begin(r, n, t, from)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	f := web.NewForm()
	fill(f, d, p.network.Zone(n.ID))
	return p.draftForm(w, r, n, t, f, nil)
}

// draftStart lets one choose what to begin from.
func (p *Room) draftStart(w http.ResponseWriter, r *http.Request, n *network.Network, t Topic) int {
	l := p.pages.Words(r)
	d := startData{Topic: t, Topics: home(n) + "/topics"}
	if t.ID != "" {
		d.TopicAt = home(n) + "/topics/" + t.ID
		at := home(n) + "/policies/new?topic=" + t.ID + "&from="
		for _, x := range policy.Presets(n.Country) {
			d.Presets = append(d.Presets, start{title(l, x.Draft.Title), at + "preset." + x.Name, say(l, x.Draft, nil)})
		}
		known, err := p.policies.Known(r.Context(), p.networks(n)...)
		if err != nil {
			return p.pages.Fail(w, r, err)
		}
		for _, k := range known {
			if k.State == policy.Holds && k.Signed.Mandate.Network == string(t.Network) {
				d.Lines = append(d.Lines, start{l.Must("pol.named", title(l, k.Signed.Draft.Title), k.Signed.Draft.Version), at + "force." + k.Signed.Draft.Name, said{}})
			}
		}
	}
	name := l.Must("pol.new")
	return p.pages.Render(w, r, web.Page{Name: "policy-start", Title: name, Station: "decide", Data: d,
		Crumbs: crumbs(n, l, web.Link{Text: l.Must("pol.title"), Href: home(n) + "/policies"}, web.Link{Text: name})})
}

// begin gives the draft that a form begins with: the next version of its line.
func (p *Room) begin(r *http.Request, n *network.Network, t Topic, from string) (d policy.Draft, err error) {
	known, err := p.policies.Known(r.Context(), string(t.Network))
	if err != nil {
		return d, err
	}
	kind, name, _ := strings.Cut(from, ".")
	found := false
	for _, x := range policy.Presets(n.Country) {
		if kind == "preset" && x.Name == name {
			d, found = x.Draft, true
		}
	}
	last := 0
	for _, k := range known {
		if x := k.Signed.Draft; kind == "force" && x.Name == name && k.State == policy.Holds {
			d, found = x, true
		}
	}
	if !found {
		return d, network.Absent()
	}
	for _, k := range known {
		if k.Signed.Draft.Name == d.Name {
			last = max(last, k.Signed.Draft.Version)
		}
	}
	d.Version = last + 1
	return d, nil
}

// draftForm shows a draft as a form, with how it will read.
func (p *Room) draftForm(w http.ResponseWriter, r *http.Request, n *network.Network, t Topic, f *web.Form, kept *policy.Drafted) int {
	l, zone := p.pages.Words(r), p.network.Zone(n.ID)
	organisations, _, err := p.names(r, n)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	d := formData{Topic: t, TopicAt: home(n) + "/topics/" + t.ID, Here: r.URL.RequestURI(), Back: home(n) + "/policies", Choices: choicesIn(l, organisations), Most: rulesIn(f) == mostRules}
	for i := range rulesIn(f) {
		d.Rules = append(d.Rules, fieldsOf(i))
	}
	probe := &web.Form{Values: f.Values}
	if draft := read(l, probe, zone); probe.OK() && draft.Check() == nil {
		s := say(l, draft, named(organisations))
		d.Said = &s
	}
	name := l.Must("pol.new")
	if kept != nil {
		name, d.Draft, d.Back = l.Must("pol.draft.edit"), true, home(n)+"/policy-drafts/"+kept.ID
		if began, _ := f.Int("version"); f.Status() == http.StatusConflict && int64(began) != kept.Version {
			s := say(l, kept.Draft, named(organisations))
			d.Stored = &s
			f.Set("version", strconv.FormatInt(kept.Version, 10)) // saving again is meant
		}
	}
	return p.pages.Render(w, r, web.Page{Name: "policy-form", Title: name, Station: "decide", Data: d, Form: f,
		Crumbs: crumbs(n, l, web.Link{Text: l.Must("pol.title"), Href: home(n) + "/policies"}, web.Link{Text: name})})
}

func (p *Room) draftAdd(w http.ResponseWriter, r *http.Request, n *network.Network) int {
	t, err := p.drafter(r, n, r.URL.Query().Get("topic"))
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	return p.draftTake(w, r, n, t, nil, func(d policy.Draft, _ *web.Form) (string, error) {
		return p.policies.NewDraft(r.Context(), person(r), policy.Place{Root: string(n.ID), Network: string(t.Network), Topic: t.ID}, d)
	})
}

// draftTake reads a form, and keeps what it says when that was asked for and is possible.
func (p *Room) draftTake(w http.ResponseWriter, r *http.Request, n *network.Network, t Topic, kept *policy.Drafted, keep func(policy.Draft, *web.Form) (string, error)) int {
	f, err := web.ReadForm(w, r)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	show := func() int { return p.draftForm(w, r, n, t, f, kept) }
	if change(f) {
		return show()
	}
	d := read(p.pages.Words(r), f, p.network.Zone(n.ID))
	if !f.OK() {
		return show()
	}
	if f.Get("do") != "save" {
		if err := d.Check(); err != nil {
			return p.again(w, r, f, inForm(err), show)
		}
		return show()
	}
	id, err := keep(d, f)
	if err != nil {
		if kept != nil && fault.KindOf(err) == fault.Conflict { // what is kept now is another than was looked at
			if now, err := p.policies.DraftOf(r.Context(), kept.ID); err == nil {
				*kept = now
			}
		}
		return p.again(w, r, f, inForm(err), show)
	}
	return web.SeeOther(w, r, home(n)+"/policy-drafts/"+id)
}

// drafted finds a draft of the tenant whose topic the reader sees.
func (p *Room) drafted(r *http.Request, n *network.Network) (d policy.Drafted, t Topic, err error) {
	if d, err = p.policies.DraftOf(r.Context(), r.PathValue("draft")); err != nil {
		return d, t, err
	}
	if d.Root != string(n.ID) {
		return d, t, network.Absent()
	}
	t, err = p.topic(r, n, d.Topic)
	return d, t, err
}

func (p *Room) editing(r *http.Request, n *network.Network) (d policy.Drafted, t Topic, err error) {
	if d, t, err = p.drafted(r, n); err != nil {
		return d, t, err
	}
	if !d.MayEdit(policy.Editor{Person: person(r), Runs: t.Runs}) {
		err = fault.New(fault.Denied, "a draft is edited by its author and by who runs the topic's body").Say("policy.draft.denied")
	}
	return d, t, err
}

func (p *Room) draftEdit(w http.ResponseWriter, r *http.Request, n *network.Network) int {
	d, t, err := p.editing(r, n)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	f := web.NewForm("version", strconv.FormatInt(d.Version, 10))
	fill(f, d.Draft, p.network.Zone(n.ID))
	return p.draftForm(w, r, n, t, f, &d)
}

func (p *Room) draftSave(w http.ResponseWriter, r *http.Request, n *network.Network) int {
	kept, t, err := p.editing(r, n)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	return p.draftTake(w, r, n, t, &kept, func(d policy.Draft, f *web.Form) (string, error) {
		began, _ := strconv.ParseInt(f.Get("version"), 10, 64)
		return kept.ID, p.policies.EditDraft(r.Context(), policy.Editor{Person: person(r), Runs: t.Runs}, kept.ID, began, d)
	})
}

type draftData struct {
	policy.Drafted
	Title, Here  string
	Topic        Topic
	TopicAt      string
	Said         said
	Rules        []ruleRow
	Groups       []string
	JSON, Edit   string
	Changed      time.Time
	Power        []powerRow
	Inside       bool
	Replay       *replayed
	ReplayAt     web.Formats
	Decided      []policyRow
	InForce      bool // something is, to compare with
	PowerPending bool
}

func (p *Room) draft(w http.ResponseWriter, r *http.Request, n *network.Network) int {
	l := p.pages.Words(r)
	kept, t, err := p.drafted(r, n)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	switch format, err := web.FormatOf(r); {
	case err != nil:
		return p.pages.Fail(w, r, err)
	case format == "json":
		return sendSigned(w, kept.Draft.ID(), kept.Draft)
	}
	organisations, _, err := p.names(r, n)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	at := home(n) + "/policy-drafts/" + kept.ID
	d := draftData{Drafted: kept, Title: title(l, kept.Draft.Title), Here: at, Topic: t, TopicAt: home(n) + "/topics/" + t.ID, Said: say(l, kept.Draft, named(organisations)),
		Rules: p.rules(l, kept.Draft, named(organisations)), Groups: fours(kept.Digest.String()), JSON: jsonAt(r), Changed: kept.Changed.In(p.network.Zone(n.ID)), ReplayAt: web.FormatsAt(at + "/replay")}
	if kept.MayEdit(policy.Editor{Person: person(r), Runs: t.Runs}) {
		d.Edit = at + "/edit"
	}
	d.Power, d.PowerPending = p.power(l, kept.Draft)
	if d.Inside, err = p.inside(r, t); err != nil {
		return p.pages.Fail(w, r, err)
	}
	if d.Inside {
		x, err := p.replay(r, kept, named(organisations))
		if err != nil {
			return p.pages.Fail(w, r, err)
		}
		d.Replay = &x
	}
	known, err := p.policies.Known(r.Context(), kept.Network)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	for _, k := range known {
		if k.Digest == kept.Digest {
			d.Decided = append(d.Decided, p.row(r.Context(), l, n, k))
		}
	}
	name := l.Must("pol.draft.named", d.Title, kept.Draft.Version)
	return p.pages.Render(w, r, web.Page{Name: "policy-draft", Title: name, Station: "decide", Data: d,
		Crumbs: crumbs(n, l, web.Link{Text: l.Must("pol.title"), Href: home(n) + "/policies"}, web.Link{Text: name})})
}

// inside tells whether what was asked before is the reader's to know: of those in the body, and stewards.
func (p *Room) inside(r *http.Request, t Topic) (bool, error) {
	if t.Inside || person(r) == "" {
		return t.Inside, nil
	}
	return p.policies.IsSteward(r.Context(), by(r), "")
}
