package web

import (
	"encoding/hex"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/forum"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/web"
)

// groundData is the part of a decision's form that says what the decision rests on and what it leads to.
type groundData struct {
	Form     *web.Form
	Here     string
	Evidence []web.Option // of the topic, to tick
	Basis    []groundRow
	Effects  []groundRow
	Kinds    []web.Option
	Named    []web.Option // texts of other rooms, to tick
	Drafts   []Draft
	Gone     bool // a text that was ticked is another now, or can't be decided any more
}

// groundRow is a row of fields: their names, and which row it is for who can't see it.
type groundRow struct {
	N                int
	Kind, Title, Ref string
}

// How many rows a form can have, and how many empty ones it shows after those that are filled.
const (
	mostRows  = 20
	spareRows = 1
)

func groundRows(f *web.Form, of string) (out []groundRow) {
	last := -1
	rows := make([]groundRow, 0, mostRows)
	for n := range mostRows {
		row := groundRow{N: n + 1, Kind: of + "-kind-" + strconv.Itoa(n), Title: of + "-title-" + strconv.Itoa(n), Ref: of + "-ref-" + strconv.Itoa(n)}
		if f.Get(row.Kind)+f.Get(row.Title)+f.Get(row.Ref) != "" {
			last = n
		}
		rows = append(rows, row)
	}
	more, _ := f.Int("rows-" + of)
	return rows[:min(mostRows, last+1+max(spareRows, min(more, mostRows)))]
}

// newGround makes the fields of what a decision about a topic rests on and leads to.
func (p *room) newGround(r *http.Request, n *network.Network, topic forum.TopicID, f *web.Form) (groundData, error) {
	l := p.pages.Words(r)
	d := groundData{Form: f, Here: r.URL.Path, Basis: groundRows(f, "basis"), Effects: groundRows(f, "effect"), Kinds: []web.Option{{Text: l.Must("decision.effect.choose")}}}
	for _, k := range p.kinds() {
		d.Kinds = append(d.Kinds, web.Option{Value: string(k), Text: l.Must("decision.effect." + string(k))})
	}
	var err error
	if d.Drafts, err = p.drafts(r, n, topic); err != nil {
		return d, err
	}
	for _, x := range d.Drafts {
		d.Named = append(d.Named, web.Option{Value: namedBy(x.Effect), Text: x.Title, Help: x.Says})
	}
	for _, name := range f.All("named") {
		d.Gone = d.Gone || !slices.ContainsFunc(d.Drafts, func(x Draft) bool { return namedBy(x.Effect) == name })
	}
	all, err := p.evidenceOf(r, n.ID, topic)
	for _, e := range all {
		o := web.Option{Value: string(e.ID), Text: e.Title, Help: l.Must("topic.evidence." + string(e.Reference.Kind))}
		if e.Level != "" {
			o.Help = l.Must("topic.evidence.level." + e.Level)
		}
		d.Evidence = append(d.Evidence, o)
	}
	return d, err
}

// namedBy is a text of another room in a form: which text exactly.
func namedBy(e forum.Effect) string {
	return string(e.Kind) + "|" + e.Ref + "|" + hex.EncodeToString(e.Digest[:])
}

// drafts lists the texts of other rooms that a decision about a topic may name.
func (p *room) drafts(r *http.Request, n *network.Network, topic forum.TopicID) ([]Draft, error) {
	if p.options.Drafts == nil {
		return nil, nil
	}
	return p.options.Drafts(r, n, topic)
}

// kinds are the effects that are typed. What another room keeps the text of is chosen there, so that the decision names the text and not
// only its name.
func (p *room) kinds() []forum.EffectKind {
	return slices.DeleteFunc(slices.Clone(forum.EffectKinds), func(k forum.EffectKind) bool {
		return p.options.Drafts != nil && (k == forum.Policy || k == forum.FormEff)
	})
}

// readNamed reads the texts that are ticked. One that was changed since the form was shown isn't there any more.
func (p *room) readNamed(r *http.Request, n *network.Network, topic forum.TopicID, f *web.Form, d *forum.DecisionDraft) error {
	drafts, err := p.drafts(r, n, topic)
	if err != nil {
		return err
	}
	for _, name := range f.All("named") {
		i := slices.IndexFunc(drafts, func(x Draft) bool { return namedBy(x.Effect) == name })
		if i < 0 {
			f.Wrong("named", p.pages.Words(r).Must("fault.decision.effect.changed"))
			continue
		}
		d.Effects = append(d.Effects, drafts[i].Effect)
	}
	return nil
}

// evidenceOf lists what a topic rests on; nothing of one that isn't the reader's to see.
func (p *room) evidenceOf(r *http.Request, root network.ID, topic forum.TopicID) ([]forum.Evidence, error) {
	if topic == "" {
		return nil, nil
	}
	v, err := p.forum.View(r.Context(), actor(r), root, topic)
	if err != nil && fault.KindOf(err) == fault.NotFound {
		return nil, nil
	}
	return v.Evidence, err
}

// readGround reads what a decision rests on and leads to. A row in which something is written must be whole.
func (p *room) readGround(r *http.Request, n *network.Network, topic forum.TopicID, f *web.Form, d *forum.DecisionDraft) error {
	l := p.pages.Words(r)
	if err := p.readNamed(r, n, topic, f, d); err != nil {
		return err
	}
	all, err := p.evidenceOf(r, n.ID, topic)
	if err != nil {
		return err
	}
	for _, e := range all {
		if f.Has("evidence", string(e.ID)) {
			d.Basis = append(d.Basis, forum.Basis{Title: e.Title, URL: e.Href()})
		}
	}
	need := func(field string) bool {
		if f.Get(field) == "" {
			f.Wrong(field, l.Must("fault.forum.missing"))
		}
		return f.Get(field) != ""
	}
	for _, row := range groundRows(f, "basis") {
		title, ref := f.Get(row.Title), f.Get(row.Ref)
		if title+ref == "" || !need(row.Title) {
			continue
		}
		if ref != "" {
			at, err := forum.ParseReference(ref)
			if err != nil {
				f.Wrong(row.Ref, l.Must("fault.evidence.ref"))
				continue
			}
			ref = at.Href()
		}
		d.Basis = append(d.Basis, forum.Basis{Title: title, URL: ref})
	}
	for _, row := range groundRows(f, "effect") {
		e := forum.Effect{Kind: forum.EffectKind(f.Get(row.Kind)), Title: f.Get(row.Title), Ref: f.Get(row.Ref)}
		if string(e.Kind)+e.Title+e.Ref == "" {
			continue
		}
		kind, title, ref := need(row.Kind), need(row.Title), need(row.Ref)
		twice := slices.ContainsFunc(d.Effects, func(x forum.Effect) bool { return x.Kind == e.Kind && x.Ref == e.Ref })
		switch {
		case !kind || !title || !ref:
		case !slices.Contains(p.kinds(), e.Kind):
			f.Wrong(row.Kind, l.Must("fault.decision.effect"))
		case twice:
			f.Wrong(row.Ref, l.Must("fault.decision.effect.twice"))
		default:
			d.Effects = append(d.Effects, e)
		}
	}
	return nil
}

// groundText is what a form says of both, to be laid beside what somebody else saved.
func groundText(l *web.Words, f *web.Form, of string) string {
	var lines []string
	for _, row := range groundRows(f, of) {
		line := strings.Join(slices.DeleteFunc([]string{f.Get(row.Title), f.Get(row.Ref)}, func(s string) bool { return s == "" }), ", ")
		if kind := f.Get(row.Kind); slices.Contains(forum.EffectKinds, forum.EffectKind(kind)) {
			line = l.Must("decision.effect."+kind) + ": " + line
		}
		if line != "" {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "\n\n")
}

// moreRows gives a form another empty row of what a button asked for; true when it did.
func moreRows(f *web.Form) bool {
	of, ok := strings.CutPrefix(f.Get("do"), "more-")
	if !ok || of != "basis" && of != "effect" {
		return false
	}
	f.Set("rows-"+of, strconv.Itoa(spareRows+1))
	return true
}

// basisRow is what a decision rests on, as it is read.
type basisRow struct {
	forum.Basis
	Level string
}

// basis tells what a decision rests on; what lies beside its topic with the level it has there.
func (p *room) basis(r *http.Request, l *web.Words, n *network.Network, v forum.DecisionView) (out []basisRow, err error) {
	var all []forum.Evidence
	if len(v.Record.Basis) > 0 {
		if all, err = p.evidenceOf(r, n.ID, v.Topic.ID); err != nil {
			return nil, err
		}
	}
	for _, b := range v.Record.Basis {
		row := basisRow{Basis: b}
		for _, e := range all {
			if e.Title != b.Title || e.Href() != b.URL {
				continue
			}
			if e.Reference.Kind == forum.File {
				row.URL = home(n) + "/files/" + e.Ref
			}
			if e.Level != "" {
				row.Level = l.Must("topic.evidence.level." + e.Level)
			}
		}
		out = append(out, row)
	}
	return out, nil
}

// webAddress gives a reference that is an address of the web; "" for any other.
func webAddress(ref string) string {
	if u, err := url.Parse(ref); err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" && u.User == nil {
		return ref
	}
	return ""
}
