package web

import (
	"html/template"
	"net/http"
	"slices"
	"strings"

	"github.com/samverk/samverk/forum"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/web"
)

// sure is what a page asks before an act that nothing undoes: the form comes again, with all that was typed, and
// "sure" in it does the act.
type sure struct {
	Here   string
	Says   []string
	Facts  []fact
	Text   string // of the decision
	Lang   string
	Votes  template.HTML
	Do     string // what the button says
	Danger bool
	Back   string // where "not yet" leads; "" sends the form back as it was typed, with "again"
	Kept   []kept
}

type fact struct{ Name, Text string }

// kept is a field that was typed.
type kept struct{ Name, Value string }

// confirmed tells whether the form is sure of what it does.
func confirmed(f *web.Form) bool { return f.Get("sure") != "" }

// makeSure shows what a form is about to do.
func (p *room) makeSure(w http.ResponseWriter, r *http.Request, f *web.Form, title string, s sure) int {
	s.Here = r.URL.Path
	for name, values := range f.Values {
		for _, v := range values {
			if name != "sure" && name != "again" {
				s.Kept = append(s.Kept, kept{name, v})
			}
		}
	}
	slices.SortStableFunc(s.Kept, func(a, b kept) int { return strings.Compare(a.Name, b.Name) })
	return p.pages.Render(w, r, web.Page{Name: "confirm", Title: title, Station: "decide", Data: s})
}

// askRecord shows the decision that a form would take, as the room would take it now.
func (p *room) askRecord(w http.ResponseWriter, r *http.Request, n *network.Network, v forum.MeetingView, id forum.ItemID, f *web.Form) (int, error) {
	l := p.pages.Words(r)
	draft, err := p.readDraft(r, n, v, id, f)
	if err != nil || !f.OK() {
		return 0, err
	}
	d, err := p.forum.Rehearse(r.Context(), actor(r), draft)
	if err != nil {
		return 0, err
	}
	q, t := d.Record.Roll.Quorum, d.Record.Tally
	s := sure{Says: []string{l.Must("decision.sure.text")}, Text: d.Text, Lang: d.Lang, Do: l.Must("decision.sure.do")}
	s.Facts = []fact{{l.Must("decision.title"), d.Title}, {l.Must("decision.sure.number"), d.Number}, {l.Must("decision.method"), l.Must("decision.taken." + string(d.Method))}}
	if d.Method == forum.ByVote {
		s.Facts = append(s.Facts, fact{l.Must("decision.votes"), l.Must("decision.votes.label", t.For, t.Against, t.Abstain)})
	}
	s.Facts = append(s.Facts, fact{l.Must("decision.sure.quorum"), l.Must("decision.quorum", q.Present, q.Of)})
	if !d.NotBefore.IsZero() {
		s.Facts = append(s.Facts, fact{l.Must("decision.inforce"), l.Day(d.NotBefore)})
	}
	if !d.Review.IsZero() {
		s.Facts = append(s.Facts, fact{l.Must("decision.review"), l.Day(d.Review)})
	}
	for _, e := range draft.Effects {
		s.Facts = append(s.Facts, fact{l.Must("decision.effect." + string(e.Kind)), e.Title})
	}
	return p.makeSure(w, r, f, l.Must("decision.sure"), s), nil
}

// asksMeeting tells what is to be asked before an act of a meeting's page.
func (p *room) asksMeeting(l *web.Words, v forum.MeetingView, f *web.Form, back string) (title string, s sure, asks bool) {
	s.Back = back
	switch do := f.Get("do"); {
	case do == "convene" && len(v.Items) == 0:
		s.Says, s.Do = []string{l.Must("meeting.sure.empty")}, l.Must("meeting.convene")
		return l.Must("meeting.sure.empty.title"), s, true
	case do == "close":
		s.Says, s.Do, s.Danger = []string{l.Must("meeting.sure.close")}, l.Must("meeting.close"), true
		if left := openItems(v); left > 0 {
			s.Says = append(s.Says, l.Must("meeting.sure.left", left))
		}
		return l.Must("meeting.sure.close.title"), s, true
	}
	return "", s, false
}

// askOutcome shows what becomes of an item that ends without a decision.
func (p *room) askOutcome(w http.ResponseWriter, r *http.Request, _ *network.Network, v forum.MeetingView, id forum.ItemID, f *web.Form) (int, error) {
	l, do := p.pages.Words(r), f.Get("do")
	i := slices.IndexFunc(v.Items, func(i forum.Item) bool { return i.ID == id })
	if i < 0 {
		return 0, network.Absent()
	}
	says := "meeting.sure." + do
	if do == "defer" && v.Next.ID == "" {
		says = "meeting.sure.defer.wait"
	}
	s := sure{Says: []string{l.Must(says)}, Back: r.URL.Path, Do: l.Must("meeting.sure." + do + ".do")}
	s.Facts = []fact{{l.Must("meeting.item.number", v.Items[i].Number), v.Items[i].Title}}
	if do == "defer" && v.Next.ID != "" {
		s.Facts = append(s.Facts, fact{l.Must("meeting.sure.defer.to"), l.Day(v.Next.Starts)})
	}
	if why := f.Get("reason"); why != "" && do != "note" {
		s.Facts = append(s.Facts, fact{l.Must("meeting.reason"), why})
	}
	return p.makeSure(w, r, f, l.Must("meeting.sure."+do+".title"), s), nil
}

// openItems counts what a meeting hasn't dealt with.
func openItems(v forum.MeetingView) (n int) {
	for _, i := range v.Items {
		if i.State == forum.ItemPlanned {
			n++
		}
	}
	return n
}
