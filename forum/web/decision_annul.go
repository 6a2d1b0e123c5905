package web

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/forum"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/web"
)

// annulledRow is a decision that was taken back, as its item tells it.
type annulledRow struct{ Said, Reason string }

func annulledRows(l *web.Words, v forum.MeetingView, item forum.ItemID) (out []annulledRow) {
	for _, x := range v.Annulled {
		if x.Item == item {
			out = append(out, annulledRow{annulledWords(l, x.Number, x.Name, l.Clock(x.At.In(v.Starts.Location()))), x.Reason})
		}
	}
	return out
}

// annulledWords says who took a decision back; a name that was taken out of the minutes is said to be.
func annulledWords(l *web.Words, number, name, clock string) string {
	if name == "" {
		name = l.Must("minutes.redacted.name")
	}
	return l.Must("decision.annulled", number, name, clock)
}

// askAnnul shows what taking a decision back does, before it is done.
func (p *room) askAnnul(w http.ResponseWriter, r *http.Request, _ *network.Network, v forum.MeetingView, id forum.ItemID, f *web.Form) (int, error) {
	l := p.pages.Words(r)
	for _, d := range v.Decisions[id] {
		if string(d.ID) == f.Get("decision") {
			s := sure{Says: []string{l.Must("decision.annul.sure.text")}, Text: d.Text, Lang: d.Lang, Do: l.Must("decision.annul.do"), Danger: true, Back: r.URL.Path}
			s.Facts = []fact{{l.Must("decision.sure.number"), d.Number}, {l.Must("decision.title"), d.Title}, {l.Must("decision.annul.why"), f.Get("reason")}}
			return p.makeSure(w, r, f, l.Must("decision.annul.sure"), s), nil
		}
	}
	return 0, network.Absent()
}

// annul takes a decision back. What it said is where the next one on the item begins.
func (p *room) annul(r *http.Request, id forum.DecisionID, f *web.Form) error {
	v, err := p.forum.Decision(r.Context(), actor(r), id)
	if err != nil {
		return err
	}
	all, err := p.evidenceOf(r, v.Root, v.Topic.ID)
	if err != nil {
		return err
	}
	b, err := json.Marshal(draftOf(v, all).Values)
	if err != nil {
		return fault.Wrap(fault.Internal, err, "a draft can't be kept")
	}
	return p.forum.Annul(r.Context(), actor(r), forum.Annulment{Decision: id, Version: version(f), Reason: f.Get("reason"), Draft: string(b)})
}

// draftOf is the form that a decision would be recorded by.
func draftOf(v forum.DecisionView, evidence []forum.Evidence) *web.Form {
	f := &web.Form{Values: url.Values{}}
	for name, value := range map[string]string{"title": v.Title, "text": v.Text, "rationale": v.Rationale, "visibility": string(v.Visibility),
		"inforce": day(v.NotBefore), "review": day(v.Review), "method": string(forum.ByConsensus)} {
		f.Set(name, value)
	}
	if t := v.Record.Tally; v.Method == forum.ByVote {
		f.Set("method", "count")
		f.Set("for", strconv.Itoa(t.For))
		f.Set("against", strconv.Itoa(t.Against))
		f.Set("abstain", strconv.Itoa(t.Abstain))
	}
	if v.Method == forum.ByVote && v.Record.BySeat {
		f.Set("method", string(forum.ByVote))
		for _, s := range v.Record.Roll.Seats {
			if s.Vote != "" {
				f.Set("vote-"+string(s.Seat), string(s.Vote))
			}
		}
	}
	for _, x := range v.Record.Dissent {
		f.Set("dissenter", string(x.Seat))
		f.Set("dissent", x.Text)
	}
	for _, x := range v.Supersedes {
		if x.SupersededBy == v.ID {
			f.Set("supersedes", string(x.ID))
		}
	}
	for _, in := range v.Inputs {
		if in.Decision == v.ID {
			f.Set("fate-"+string(in.ID), string(in.Disposition))
			f.Set("why-"+string(in.ID), in.Reason)
		}
	}
	draftGround(f, v, evidence)
	return f
}

// draftGround fills in what a decision rests on and leads to.
func draftGround(f *web.Form, v forum.DecisionView, evidence []forum.Evidence) {
	n := 0
	for _, b := range v.Record.Basis {
		if i := slices.IndexFunc(evidence, func(e forum.Evidence) bool { return e.Title == b.Title && e.Href() == b.URL }); i >= 0 {
			f.Values.Add("evidence", string(evidence[i].ID))
			continue
		}
		f.Set("basis-title-"+strconv.Itoa(n), b.Title)
		f.Set("basis-ref-"+strconv.Itoa(n), b.URL)
		n++
	}
	n = 0
	for _, e := range v.Effects {
		if e.Digest != [32]byte{} { // a text of another room: it is ticked, not typed
			f.Values.Add("named", namedBy(e.Effect))
			continue
		}
		f.Set("effect-kind-"+strconv.Itoa(n), string(e.Effect.Kind))
		f.Set("effect-title-"+strconv.Itoa(n), e.Effect.Title)
		f.Set("effect-ref-"+strconv.Itoa(n), e.Ref)
		n++
	}
}
