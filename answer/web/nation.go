package web

import (
	"cmp"
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"time"

	"github.com/samverk/samverk/answer"
	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/federation/together"
	"github.com/samverk/samverk/genome/variant"
	"github.com/samverk/samverk/policy"
	"github.com/samverk/samverk/web"
)

// Nation is all regions' desks, asked together.
type Nation struct {
	Ask      func(context.Context, together.Question) (together.Answer, error)
	Annotate func(context.Context, answer.Annotation, io.Reader, io.Writer) (together.Annotated, error)
	Nodes    func() []together.Node // that would be asked; none: there is no other than this
	Here     func() bool            // this node is one of them: it holds genomes of its own
	// Named gives where the decision and the policy that a node follows can be read; "" where they can't.
	Named func(node string, v policy.Verdict) (decision, policy string)
}

// spent is why a region doesn't answer who has no answers left there.
const spent = "policy.budget.spent"

// here is what the form says where only this node is asked.
const here = "here"

// regions is how many regions an asker can ask together.
func (p *Room) regions(a *answer.Asker) int {
	if p.options.Nation == nil || a != nil && !known(a.Ask) {
		return 0
	}
	return len(p.options.Nation.Nodes())
}

// together tells whether the regions are asked, and not this node alone. The operator, whom no other node knows, asks their own first.
func (f *form) together() bool {
	switch where := f.Get("where"); {
	case f.Regions == 0 || where == here || f.dataset() != "":
		return false
	case where == "":
		return !f.Here || f.asker == nil || !f.asker.Ask.Operator
	}
	return true
}

// nation is what the regions answer, ready to be told. Every number of it stands beside how many regions it is of.
type nation struct {
	Variant  string
	Gene     string
	Region   string
	Purpose  string
	Spent    bool   // nobody answers, because the asker has no answers left
	State    string // some, zero, nobody, uncovered, told or none: which sentence is true of the regions that answered
	Asked    int
	Answered int
	Total    row
	Carriers string // "62" or "62–65"
	Counted  string
	Alleles  string
	Of       string // alleles
	Share    string
	Carry    int // regions in which somebody is told to carry it
	Rows     []row
	Silent   []string // regions that should have answered
	Scale    float64
	Assumed  bool
	K        int
	By       []allowance
	Replies  []reply
	More     string
	Shown    int
}

// allowance is one decision, and the regions that follow it.
type allowance struct {
	named
	Regions []string
	Denies  bool
}

// reply is how one region answered.
type reply struct {
	Name string
	How  string
	By   *named
	Leaf uint64
	Took time.Duration
}

func (p *Room) askNation(w http.ResponseWriter, r *http.Request, f *form, q question, page askPage) int {
	l, status := p.pages.Words(r), http.StatusOK
	p.table.Questions.Add(1)
	a, err := p.options.Nation.Ask(r.Context(), q.national(listed+1))
	switch {
	case fault.KindOf(err) == fault.Invalid:
		f.Wrong("", l.Must("wrong.use"))
		f.Said = explain(err)
		return p.pages.Render(w, r, web.Page{Name: "ask", Title: l.Must("ask.title"), Station: "use", Form: f.Form, Data: page})
	case err != nil:
		return p.refuse(w, r, q.ask, err)
	}
	page.Nation = p.nation(l, q, f, a)
	switch { // nothing was answered: by their own decision, or for other reasons
	case a.Answered == 0 && page.Nation.State == "denied":
		status = http.StatusForbidden
	case a.Answered == 0:
		status = http.StatusServiceUnavailable
	}
	return p.pages.Render(w, r, web.Page{Name: "ask", Title: l.Must("ask.title.of", f.query()), Status: status, Station: "use", Data: page})
}

// national is a question as the regions are asked it; of a stretch so many variants, or all.
func (q question) national(limit int) together.Question {
	out := together.Question{Ask: q.ask, Case: q.own}
	out.Question = policy.Frequency
	if q.isKey {
		out.Keys = []variant.Key{q.key}
	} else {
		out.Region, out.Limit = &q.region, limit
	}
	return out
}

func (p *Room) nation(l *web.Words, q question, f *form, a together.Answer) *nation {
	n := p.repliesOf(l, a.Asked, a.Answered, a.Replies)
	n.Gene, n.Purpose = q.gene, l.Must("purpose."+string(q.ask.Use.Purpose))
	if q.isKey {
		n.Variant = q.key.String()
		n.ofVariant(l, a)
	} else {
		n.Region = q.region.String()
		n.ofRegion(l, q, f, a)
	}
	if a.Answered == 0 {
		n.State = "none"
		n.Spent = !slices.ContainsFunc(a.Replies, func(x together.Reply) bool { return codeOf(x.Why) != spent })
		if !slices.ContainsFunc(a.Replies, func(x together.Reply) bool { return x.How != together.Denied }) {
			n.State = "denied"
		}
	}
	n.Scale = scale(n.Rows)
	draw(n.Rows, n.Scale)
	return n
}

// repliesOf tells who answered, and by what.
func (p *Room) repliesOf(l *web.Words, asked, answered int, replies []together.Reply) *nation {
	n := &nation{Asked: asked, Answered: answered}
	for _, x := range replies {
		n.reply(p, l, x)
	}
	return n
}

// partsOf tells who answered for a file.
func (p *Room) partsOf(l *web.Words, a *together.Annotated) *nation {
	n := &nation{Asked: len(a.Parts)}
	for _, x := range a.Parts {
		if x.How == together.Answered {
			n.Answered++
		}
		n.reply(p, l, together.Reply{Node: x.Node, Title: x.Title, URL: x.URL, How: x.How, Why: x.Why, Answer: answer.Answer{Verdict: x.Verdict}})
	}
	return n
}

// reply notes how one region answered, and by which decision.
func (n *nation) reply(p *Room, l *web.Words, x together.Reply) {
	line := reply{Name: cmp.Or(x.Title, x.Node), How: l.Must("nation.how." + string(x.How)), Leaf: x.Answer.Receipt.Index, Took: x.Took}
	if codeOf(x.Why) == spent {
		line.How = l.Must("fault.policy.budget.spent")
	}
	if v := x.Answer.Verdict; v.Policy != "" && (x.How == together.Answered || x.How == together.Denied) {
		line.By = &named{Number: v.Number, Policy: v.Policy}
		if p.options.Nation.Named != nil {
			line.By.Decision, line.By.PolicyHref = p.options.Nation.Named(x.Node, v)
		}
		by := allowance{named: *line.By, Denies: x.How == together.Denied}
		i := slices.IndexFunc(n.By, func(o allowance) bool { return o.named == by.named && o.Denies == by.Denies })
		if i < 0 {
			i, n.By = len(n.By), append(n.By, by)
		}
		n.By[i].Regions = append(n.By[i].Regions, line.Name)
		n.K = max(n.K, v.K)
	}
	if x.How != together.Answered && x.How != together.Denied {
		n.Silent = append(n.Silent, line.Name)
	}
	n.Replies = append(n.Replies, line)
}

// ofVariant tells of one variant, region by region.
func (n *nation) ofVariant(l *web.Words, a together.Answer) {
	for i, x := range a.Replies {
		if x.How != together.Answered || len(x.Answer.Counts) == 0 {
			n.Rows = append(n.Rows, row{Name: n.Replies[i].Name, Without: n.Replies[i].How, Flag: x.How != together.Denied})
			continue
		}
		c := x.Answer.Counts[0]
		r := makeRow(n.Replies[i].Name, "", "", false, c)
		r.Region = true
		n.Rows = append(n.Rows, r)
		n.Assumed = n.Assumed || c.Assumed && c.Covered
		if c.Covered && c.Carried() {
			n.Carry++
		}
	}
	if len(a.Totals) == 0 {
		return
	}
	t := a.Totals[0]
	n.Total = makeRow("", "", "", false, t)
	n.State, n.Carriers, n.Counted, n.Alleles, n.Of = nationState(t), cellText(l, t.Carriers), cellText(l, t.Individuals), cellText(l, t.AC), cellText(l, t.AN)
	if t.Carriers.Form == policy.Number && t.Individuals.Form == policy.Number {
		n.Share = share(l, t.Carriers.Low, t.Individuals.Low)
	}
}

// nationState chooses the sentence about a total.
func nationState(c answer.Count) string {
	switch {
	case !c.Covered:
		return "uncovered"
	case !drawable(c.Carriers) || !drawable(c.Individuals):
		return "told"
	case c.Individuals.High == 0:
		return "nobody"
	case c.Carriers.High == 0:
		return "zero"
	}
	return "some"
}

// ofRegion tells of what is carried on a stretch, in all regions together.
func (n *nation) ofRegion(l *web.Words, q question, f *form, a together.Answer) {
	for i, k := range a.Keys {
		name := k.String()
		n.Rows = append(n.Rows, makeRow(name, "", f.link(name, q.ask.Use.Purpose, ""), false, a.Totals[i]))
		n.Assumed = n.Assumed || a.Totals[i].Assumed
	}
	if len(n.Rows) > listed {
		keep, next := cutAt(a.Keys)
		n.Rows = n.Rows[:keep]
		n.More = f.more(variant.Region{Chrom: q.region.Chrom, From: next, To: q.region.To})
	}
	n.Shown, n.Counted = len(n.Rows), cellText(l, a.Individuals)
	n.State = "some"
	if n.Shown == 0 {
		n.State = "zero"
	}
}

// cutAt tells how many variants a page has, and where the next page begins: all alleles of a position stand on the same page, when they fit.
func cutAt(keys []variant.Key) (keep int, next uint32) {
	keep, next = listed, keys[listed].Pos
	if keys[0].Pos == next {
		return listed, next + 1
	}
	for keep > 1 && keys[keep-1].Pos == next {
		keep--
	}
	return keep, next
}

// cellText is a number, or the range it lies in, as the reader writes them.
func cellText(l *web.Words, c policy.Cell) string {
	low, _ := l.Number(c.Low) // an int is always a number
	switch c.Form {
	case policy.Number:
		return low
	case policy.Band:
		high, _ := l.Number(c.High)
		return low + "–" + high
	case policy.SaysYes:
		return l.Must("cell.yes")
	case policy.SaysNo:
		return l.Must("cell.no")
	}
	return "–"
}

// nationColumns are those of a count, with which region said it and by which decision. The last row is the total of those that answered.
var nationColumns = []string{"variant", "purpose", "region", "how", "why", "carriers", "ac", "an", "af", "het", "hom", "hemi", "an_basis", "individuals_counted", "covered",
	"consent_epoch", "policy", "decision", "ledger_entry", "regions_asked", "regions_answered"}

// total is the name of the last row.
const total = "total of those that answered"

func (p *Room) exportNation(w http.ResponseWriter, r *http.Request, format string, q question) int {
	p.table.Questions.Add(1)
	a, err := p.options.Nation.Ask(r.Context(), q.national(0))
	if err != nil {
		return p.refuse(w, r, q.ask, err)
	}
	keys, name := a.Keys, q.region.String()
	if q.isKey {
		keys, name = []variant.Key{q.key}, q.key.String()
	}
	out := web.NewExport(w, format, name, nationColumns...)
	if !p.nationRows(out, q, keys, a) {
		out.Cut() // the reader left
	}
	return out.End()
}

// nationRows writes each region's rows, and then the total's; false when nobody reads them.
func (p *Room) nationRows(out *web.Export, q question, keys []variant.Key, a together.Answer) bool {
	for _, x := range a.Replies {
		v, why := x.Answer.Verdict, codeOf(x.Why)
		if x.How != together.Answered {
			empty := []any{name(keys), q.ask.Use.Purpose, x.Node, x.How, why, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, orNil(v.Policy), orNil(v.Number), nil, a.Asked, a.Answered}
			if out.Row(empty...) != nil {
				return false
			}
			continue
		}
		for i, k := range keys {
			if i < len(x.Answer.Counts) && out.Row(slices.Concat([]any{k.String(), q.ask.Use.Purpose, x.Node, x.How, nil}, tail(x.Answer.Counts[i]),
				[]any{x.Answer.Epoch, orNil(v.Policy), orNil(v.Number), x.Answer.Receipt.Index, a.Asked, a.Answered})...) != nil {
				return false
			}
		}
	}
	for i, k := range keys {
		if a.Answered > 0 && i < len(a.Totals) && out.Row(slices.Concat([]any{k.String(), q.ask.Use.Purpose, total, nil, nil}, tail(a.Totals[i]), []any{nil, nil, nil, nil, a.Asked, a.Answered})...) != nil {
			return false
		}
	}
	return true
}

// tail are a count's columns from carriers on, without the epoch.
func tail(c answer.Count) []any {
	all := values("", "", "", c, 0)
	return append(all[3:12:12], all[13])
}

// name is the variant that a region without an answer was asked about, if it was one.
func name(keys []variant.Key) any {
	if len(keys) == 1 {
		return keys[0].String()
	}
	return nil
}

func orNil(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// codeOf names why there was no answer.
func codeOf(err error) any {
	e := &fault.Error{}
	if errors.As(err, &e) && e.Code != "" {
		return e.Code
	}
	return nil
}
