package web

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/ledger"
	"github.com/samverk/samverk/web"
)

type reviewsData struct {
	framed
	Rows  []reviewRow
	Pager web.Pager
	Most  int
	Shown *web.Form    // what the list is narrowed to
	In    []web.Option // the states
}

type reviewRow struct {
	ledger.Sample
	Link     string
	Who      string
	Last     time.Time // the period's last day
	EndedWho string
}

// mostReviews is how many the room gives at once.
const mostReviews = 100

func (p *room) reviews(w http.ResponseWriter, r *http.Request, _ ledger.Reviewer) int {
	format, err := web.FormatOf(r)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	if format != "" {
		return p.reviewsFile(w, r, format)
	}
	month := p.Now().UTC().AddDate(0, 0, -p.Now().UTC().Day()) // the last of the month before
	f := web.NewForm("from", web.DateValue(month.AddDate(0, 0, 1-month.Day())), "to", web.DateValue(month), "n", "20")
	return p.reviewsShow(w, r, f)
}

func (p *room) reviewsShow(w http.ResponseWriter, r *http.Request, f *web.Form) int {
	l := p.pages.Words(r)
	d := reviewsData{framed: frameOf("reviews"), Most: ledger.MostSampled}
	in := stateOf(r)
	d.Shown, d.In = web.NewForm("state", string(in)), []web.Option{{Text: l.Must("log.any")}}
	for _, s := range ledger.ReviewStates {
		d.In = append(d.In, web.Option{Value: string(s), Text: l.Must("log.review.state." + string(s))})
	}
	all, err := p.Reviews.List(r.Context(), in, r.URL.Query().Get("after"))
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	for _, one := range all {
		d.Rows = append(d.Rows, p.reviewRow(r, one))
	}
	next := ""
	if len(all) == mostReviews {
		next = all[mostReviews-1].ID
	}
	d.Pager = web.PagerAt(r.URL.RequestURI(), next)
	name := l.Must("log.tab.reviews")
	return p.pages.Render(w, r, web.Page{Name: "reviews", Title: name, Station: "use", Data: d, Form: f, Crumbs: p.crumbs(l, name)})
}

// stateOf is which reviews are asked for; all of them where it names no state.
func stateOf(r *http.Request) ledger.ReviewState {
	if in := ledger.ReviewState(r.URL.Query().Get("state")); slices.Contains(ledger.ReviewStates, in) {
		return in
	}
	return ""
}

func (p *room) reviewRow(r *http.Request, s ledger.Sample) reviewRow {
	row := reviewRow{Sample: s, Link: "/steward/reviews/" + s.ID, Who: p.Person(r.Context(), s.By.Person), Last: s.To.AddDate(0, 0, -1)}
	if s.EndedBy != "" {
		row.EndedWho = p.Person(r.Context(), s.EndedBy)
	}
	return row
}

func (p *room) reviewsFile(w http.ResponseWriter, r *http.Request, format string) int {
	e := web.NewExport(w, format, "reviews", "id", "drawn", "by", "organisation", "from", "to", "drawn_from", "sampled", "marked", "leaf", "ended", "ended_by", "fine", "follow_up", "unseen", "end_leaf")
	for before := ""; ; {
		all, err := p.Reviews.List(r.Context(), stateOf(r), before)
		if err != nil {
			e.Cut()
			return p.pages.Fail(w, r, err)
		}
		for _, s := range all {
			ended, leaf := "", any(nil)
			if !s.Ended.IsZero() {
				ended, leaf = s.Ended.UTC().Format(time.RFC3339), s.EndLeaf
			}
			if err := e.Row(s.ID, s.Drawn.UTC(), s.By.Person, s.By.Organisation, s.From.Format(time.DateOnly), s.To.AddDate(0, 0, -1).Format(time.DateOnly), s.Of, s.Sampled, s.Marked, s.Leaf,
				ended, s.EndedBy, s.Fine, s.FollowUp, s.Unseen, leaf); err != nil {
				return http.StatusOK // the reader left
			}
		}
		if len(all) < mostReviews {
			return e.End()
		}
		before = all[len(all)-1].ID
	}
}

// draw announces a review, and leads to it.
func (p *room) draw(w http.ResponseWriter, r *http.Request, by ledger.Reviewer) int {
	l := p.pages.Words(r)
	f, err := web.ReadForm(w, r)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	from, ok := f.Day("from", time.UTC)
	if !ok {
		f.Wrong("from", l.Must("log.day.none"))
	}
	to, ok := f.Day("to", time.UTC)
	if !ok {
		f.Wrong("to", l.Must("log.day.none"))
	}
	n, ok := f.Int("n")
	if !ok {
		f.Wrong("n", l.Must("fault.review.n", ledger.MostSampled))
	}
	if !f.OK() {
		return p.reviewsShow(w, r, f)
	}
	id, err := p.Reviews.Draw(r.Context(), by, from, to.AddDate(0, 0, 1), n)
	if err != nil {
		if !f.Fault(l, err) {
			return p.pages.Fail(w, r, err)
		}
		return p.reviewsShow(w, r, f)
	}
	return web.SeeOther(w, r, "/steward/reviews/"+id)
}

type reviewData struct {
	framed
	reviewRow
	Items    []itemRow
	Goes     bool // it goes on
	Left     int  // nobody has marked them
	Verdicts []web.Option
	Seed     []string
}

// itemRow is one access that is reviewed.
type itemRow struct {
	useRow
	Drawn    ledger.Drawn
	Person   string
	Own      bool
	About    bool   // it was about a named individual
	Whom     string // … and about whom, when the reviewer asked
	Kind     string
	Question string // what was asked, in words
	Asked    string // … and of which variant or stretch
	Why      string
	MarkedBy string
	Verdict  string // the names of the fields
	Note     string
}

func (p *room) review(w http.ResponseWriter, r *http.Request, by ledger.Reviewer) int {
	return p.reviewShow(w, r, by, nil, nil)
}

// reviewShow shows a review; whom are those that the reviewer asked for.
func (p *room) reviewShow(w http.ResponseWriter, r *http.Request, by ledger.Reviewer, f *web.Form, whom map[uint64]string) int {
	l := p.pages.Words(r)
	s, all, err := p.Reviews.Open(r.Context(), by, r.PathValue("review"))
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	d := reviewData{framed: frameOf("reviews"), reviewRow: p.reviewRow(r, s), Goes: s.Ended.IsZero(), Seed: fours(s.Root)}
	for _, v := range ledger.Verdicts {
		d.Verdicts = append(d.Verdicts, web.Option{Value: string(v), Text: l.Must("log.verdict." + string(v))})
	}
	typed := f != nil
	if !typed {
		f = web.NewForm()
	}
	for _, x := range all {
		row := itemRow{Drawn: x, useRow: p.useRow(r, l, x.Entry), Own: x.Own(by), Whom: whom[x.Index], Kind: l.Must("log.kind." + x.Entry.Kind.String())}
		row.Verdict, row.Note = fieldOf("verdict", x.Index), fieldOf("note", x.Index)
		if rec := x.Record; rec != nil {
			row.Person, row.About = p.Person(r.Context(), rec.Person), rec.Individual != nil
			row.said(l, *rec)
		}
		if x.Mark != nil {
			row.MarkedBy = p.Person(r.Context(), x.Mark.By)
			if !typed {
				f.Set(row.Verdict, string(x.Mark.Verdict))
				f.Set(row.Note, x.Mark.Note)
			}
		} else {
			d.Left++
		}
		d.Items = append(d.Items, row)
	}
	name := l.Must("log.review")
	return p.pages.Render(w, r, web.Page{Name: "review", Title: l.Must("log.review.title", l.Days(s.From, d.Last)), Station: "use", Data: d, Form: f,
		Crumbs: []web.Link{{Text: l.Must("log.steward"), Href: "/steward"}, {Text: l.Must("log.tab.reviews"), Href: "/steward/reviews"}, {Text: name}}})
}

// said puts into the reader's words what the desk wrote into a record in its own; what somebody typed stays as it is.
func (x *itemRow) said(l *web.Words, rec ledger.Opening) {
	if rec.Person == "operator" {
		x.Person = l.Must("log.operator")
	}
	kind, about, _ := strings.Cut(rec.Question, " ")
	if x.Question = rec.Question; l.Has("log.question." + kind) {
		x.Question, x.Asked = l.Must("log.question."+kind), about
	}
	why, there := strings.CutSuffix(rec.Why, ", at the machine itself")
	if x.Why = say(l, "log.purpose.", why); there {
		x.Why += ", " + l.Must("log.machine")
	}
}

func fieldOf(name string, leaf uint64) string { return name + "." + strconv.FormatUint(leaf, 10) }

// reviewDo keeps what is marked, and then ends the review if that was asked for.
func (p *room) reviewDo(w http.ResponseWriter, r *http.Request, by ledger.Reviewer) int {
	ctx, l, id := r.Context(), p.pages.Words(r), r.PathValue("review")
	f, err := web.ReadForm(w, r)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	if at, ok := strings.CutPrefix(f.Get("do"), "whom."); ok {
		return p.whom(w, r, by, f, at)
	}
	marks := marksOf(f)
	err = p.Reviews.Mark(ctx, by, id, marks)
	if err == nil && f.Get("do") == "end" {
		err = p.Reviews.End(ctx, by, id)
	}
	if err != nil {
		if !f.Fault(l, err) {
			return p.pages.Fail(w, r, err)
		}
		return p.reviewShow(w, r, by, f, nil)
	}
	return web.SeeOther(w, r, "/steward/reviews/"+id)
}

// marksOf reads what a reviewer said that is new.
func marksOf(f *web.Form) (list []ledger.Mark) {
	for name := range f.Values {
		at, ok := strings.CutPrefix(name, "verdict.")
		leaf, err := strconv.ParseUint(at, 10, 63)
		if !ok || err != nil || f.Get(name) == "" || f.Get(name) == f.Get("was."+at) && f.Get(fieldOf("note", leaf)) == f.Get("wasnote."+at) {
			continue
		}
		list = append(list, ledger.Mark{Leaf: leaf, Verdict: ledger.Verdict(f.Get(name)), Note: f.Get(fieldOf("note", leaf))})
	}
	slices.SortFunc(list, func(a, b ledger.Mark) int { return cmp.Compare(a.Leaf, b.Leaf) })
	return list
}

// whom shows whom an access was about, on the page that asked and in no address.
func (p *room) whom(w http.ResponseWriter, r *http.Request, by ledger.Reviewer, f *web.Form, at string) int {
	leaf, err := strconv.ParseUint(at, 10, 63)
	if err != nil {
		return p.site.NotFound(w, r)
	}
	who, err := p.Reviews.Whom(r.Context(), by, r.PathValue("review"), leaf)
	if fault.KindOf(err) == fault.NotFound {
		return p.site.NotFound(w, r)
	}
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	name, ok := p.Individual(who)
	if !ok {
		name = p.pages.Words(r).Must("log.gone")
	}
	return p.reviewShow(w, r, by, f, map[uint64]string{leaf: name})
}
