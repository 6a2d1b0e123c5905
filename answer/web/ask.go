package web

import (
	"context"
	"errors"
	"math"
	"net/http"
	"net/url"
	"strings"
	"sync"

	"github.com/samverk/samverk/answer"
	"github.com/samverk/samverk/consent"
	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/genome/variant"
	"github.com/samverk/samverk/policy"
	"github.com/samverk/samverk/web"
	"github.com/samverk/samverk/web/chart"
	"github.com/samverk/samverk/web/route"
)

// listed is how many variants of a region a page shows.
const listed = 50

type askPage struct {
	Form     *form
	Variant  *variantAnswer
	Region   *regionAnswer
	Nation   *nation
	Denied   *denial
	By       *named
	Leaf     uint64 // of the ledger, that records the answer
	Log      string // where it is told what that is
	Budget   *budget
	Knowers  []Knower
	Topic    []string // what they know of
	Store    *answer.Stats
	Counted  []purposeCount
	Examples []example
	Demo     bool
	Steward  string // where what was asked is seen to, for who does
	Files    web.Formats
}

type example struct{ Query, Link, Text string }

// variantAnswer is one variant's counts, ready to be told.
type variantAnswer struct {
	Variant     string
	State       string // told, some, zero, nobody, uncovered or unknown: which sentence is true
	Purpose     string // in the reader's words
	Dataset     string // chosen, in the reader's words
	Count       answer.Count
	Carriers    int
	Share       string // "1 in 6,380" or "23%"
	Frequency   float64
	Assumed     bool
	Epoch       uint64
	K           int // fewer than so many are not told apart; 0: no such bound
	People      []people
	PeopleScale int
	ByDataset   []row
	Total       *row
	ByPurpose   []row
	Scale       float64
	Overlapping bool
}

// row is one line of a table with a bar.
type row struct {
	Name    string
	Note    string
	Link    string
	Chosen  bool
	Count   answer.Count
	Told    bool // there is an answer, and no frequency follows from it
	AF      chart.Span
	HasAF   bool
	Region  bool   // one of all that were asked
	Without string // why there is no answer, in words
	Flag    bool   // and there should be one
}

type regionAnswer struct {
	Gene    string // by whose name it was asked for
	Region  string
	Purpose string
	Dataset string
	Rows    []row
	Counted policy.Cell
	More    string // the address of the rest, "" when this is all
	Shown   int
	Epoch   uint64
	Scale   float64
	Nobody  bool // nobody is counted for the purpose
	Assumed bool
	// Uncovered: nothing is carried here, and neither end was looked at. In between something may have been.
	Uncovered bool
}

func (p *Room) ask(w http.ResponseWriter, r *http.Request) int {
	return p.asking(w, r, web.ReadQuery(r), r.URL.Query().Has("q"))
}

// askForm answers a form with the token of the asker's own case, which no address may hold: it would stay in histories and logs. Any other question
// has an address.
func (p *Room) askForm(w http.ResponseWriter, r *http.Request) int {
	f, err := web.ReadForm(w, r)
	if err != nil {
		return p.fail(w, r, err)
	}
	if f.Get("case") != "" {
		return p.asking(w, r, f, true)
	}
	q := url.Values{}
	for name, all := range f.Values {
		if strings.Join(all, "") != "" {
			q[name] = all
		}
	}
	return web.SeeOther(w, r, "/ask?"+q.Encode())
}

func (p *Room) asking(w http.ResponseWriter, r *http.Request, typed *web.Form, asked bool) int {
	f, status := p.begin(w, r, typed)
	if f == nil {
		return status
	}
	f.sent = r.Method == http.MethodPost
	l := p.pages.Words(r)
	page := askPage{Form: f, Store: f.Store, Demo: p.options.Demo, Examples: p.examples(l, f)}
	if f.asker != nil && f.asker.Ask.SignedIn && f.asker.Ask.Role == policy.Steward && p.table.Has("GET", "/steward") {
		page.Steward = "/steward"
	}
	if f.Store != nil {
		page.Counted = countedPerPurpose(l, *f.Store)
	}
	q := question{}
	if asked {
		q = f.read(l)
	}
	if err := p.whoKnows(r, f, q, &page); err != nil {
		return p.fail(w, r, err)
	}
	if !asked || !f.OK() || route.Elsewhere(r) { // from another site its reader sees what would be asked, and asks it: it is they who are recorded
		if err := p.budget(r, f, &page); err != nil {
			return p.fail(w, r, err)
		}
		return p.pages.Render(w, r, web.Page{Name: "ask", Title: l.Must("ask.title"), Station: "use", Form: f.Form, Data: page})
	}
	format, err := web.FormatOf(r)
	if err != nil {
		return p.fail(w, r, err)
	}
	switch {
	case format != "" && f.together():
		return p.exportNation(w, r, format, q)
	case format != "":
		return p.exportAnswer(w, r, format, f, q)
	}
	if !f.sent {
		page.Files = web.FormatsAt(r.URL.RequestURI())
	}
	if f.together() {
		return p.askNation(w, r, f, q, page)
	}
	return p.answer(w, r, f, q, page)
}

// answer asks, and shows what is told.
func (p *Room) answer(w http.ResponseWriter, r *http.Request, f *form, q question, page askPage) int {
	l, status := p.pages.Words(r), http.StatusOK
	p.table.Questions.Add(1)
	var a answer.Answer
	var err error
	if q.isKey {
		q.ask.Question = p.desk.Fullest(q.ask)
		page.Variant, a, err = p.variantAnswer(r.Context(), l, q, f)
	} else {
		q.ask.Question = policy.Frequency
		page.Region, a, err = p.regionAnswer(r.Context(), l, q, f)
	}
	switch {
	case fault.KindOf(err) == fault.Invalid: // the form in force asks nobody for such a use, or the variant isn't what the reference has
		f.Wrong("", l.Must("wrong.use"))
		f.Said = explain(err)
		return p.pages.Render(w, r, web.Page{Name: "ask", Title: l.Must("ask.title"), Station: "use", Form: f.Form, Data: page})
	case fault.KindOf(err) == fault.Denied:
		page.Denied, status = p.denial(r, q.ask, err), http.StatusForbidden
	case err != nil:
		return p.fail(w, r, err)
	default:
		page.By, page.Leaf, page.Log = p.named(q.ask, a.Verdict), a.Receipt.Index, p.log()
	}
	if err := p.budget(r, f, &page); err != nil {
		return p.fail(w, r, err)
	}
	return p.pages.Render(w, r, web.Page{Name: "ask", Title: l.Must("ask.title.of", f.query()), Status: status, Station: "use", Data: page})
}

// budget is what the reader may ask more, of the use that the form says.
type budget struct {
	Left, Of int64
	Own      bool // the reader's own, and not the organisation's
	Nobody   bool // of all who aren't signed in
	Per      string
}

// budget finds what is left to an asker who has an account. It is their own, and tells nothing of data.
func (p *Room) budget(r *http.Request, f *form, page *askPage) (err error) {
	if f.asker == nil || page.Denied != nil && page.Denied.By == nil {
		return nil
	}
	a := f.asker.Ask
	a.Use.Purpose, a.Dataset = consent.Purpose(f.purpose()), f.dataset()
	a.Question = p.desk.Fullest(a)
	page.Budget, err = p.budgetOf(r, a)
	return err
}

// budgetOf finds what is left for a question that is allowed; nil where no budget bounds it.
func (p *Room) budgetOf(r *http.Request, a policy.Ask) (*budget, error) {
	v := p.desk.Judge(a)
	if !v.Allowed || v.Policy == "" {
		return nil, nil
	}
	left, err := p.desk.Left(r.Context(), a, v)
	if err != nil {
		return nil, err
	}
	b := budget{Left: left.Organisation, Of: left.OfOrganisation, Nobody: !a.SignedIn, Per: "budget.per." + string(left.Per)}
	if left.OfAsker > 0 && left.Asker <= left.Organisation {
		b.Left, b.Of, b.Own = left.Asker, left.OfAsker, true
	}
	return &b, nil
}

// whoKnows finds whom the reader might ask about what the question is about. It depends on what is typed, and on nothing that is stored of genomes.
func (p *Room) whoKnows(r *http.Request, f *form, q question, page *askPage) (err error) {
	genes, diseases := f.about(q)
	page.Topic = append(genes, diseases...)
	if p.options.Knowers == nil || len(page.Topic) == 0 {
		return nil
	}
	page.Knowers, err = p.options.Knowers(r, genes, diseases)
	return err
}

func (p *Room) examples(l *web.Words, f *form) []example {
	var out []example
	for _, e := range p.options.Examples {
		text, err := l.T("try." + e.Kind)
		if err != nil {
			continue // a kind we have no sentence for is not worth a blank one
		}
		as := &form{Form: web.NewForm("as", f.Get("as"))}
		out = append(out, example{e.Query, as.link(e.Query, e.Purpose, ""), text})
	}
	return out
}

// grid is every purpose and dataset asked of one variant at one consent epoch.
type grid struct {
	first answer.Answer // to what was asked
	cells map[cell]answer.Count
}

type cell struct {
	purpose consent.Purpose
	dataset string
}

// askGrid asks about key for the purposes and datasets given, again if a consent changed meanwhile. Where a policy is in force only the chosen
// one is asked, because each is a question of its own.
func (p *Room) askGrid(ctx context.Context, q question, cells []cell) (grid, error) {
	const tries = 5
	chosen := cell{q.ask.Use.Purpose, q.ask.Dataset}
	for range tries {
		first, err := p.askCell(ctx, q, chosen)
		if err != nil {
			return grid{}, err
		}
		g := grid{first: first, cells: map[cell]answer.Count{chosen: first.Counts[0]}}
		if first.Verdict.Policy != "" {
			return g, nil
		}
		same, err := p.fill(ctx, q, &g, cells)
		if err != nil {
			return grid{}, err
		}
		if same {
			return g, nil
		}
	}
	return grid{}, fault.New(fault.Unavailable, "consents are changing faster than the page can be made").Do("ask again")
}

func (p *Room) askCell(ctx context.Context, q question, c cell) (answer.Answer, error) {
	a := q.ask
	a.Dataset = c.dataset
	if a.Use.Purpose != c.purpose {
		a.Use = consent.Use{Purpose: c.purpose} // conditions are those of the use that was asked for
	}
	return p.desk.Ask(ctx, answer.Question{Ask: a, Keys: []variant.Key{q.key}, LeaveOut: answer.LeaveOut{Case: q.own}})
}

// fill asks for the rest at once, so that they are written down together; false if they are of another epoch.
func (p *Room) fill(ctx context.Context, q question, g *grid, cells []cell) (same bool, err error) {
	got, errs := make([]answer.Answer, len(cells)), make([]error, len(cells))
	var asking sync.WaitGroup
	for i, c := range cells {
		if _, have := g.cells[c]; !have {
			asking.Go(func() { got[i], errs[i] = p.askCell(ctx, q, c) })
		}
	}
	asking.Wait()
	if err := errors.Join(errs...); err != nil {
		return false, err
	}
	for i, c := range cells {
		if got[i].Counts == nil {
			continue
		}
		if got[i].Epoch != g.first.Epoch {
			return false, nil
		}
		g.cells[c] = got[i].Counts[0]
	}
	return true, nil
}

func (p *Room) variantAnswer(ctx context.Context, l *web.Words, q question, f *form) (*variantAnswer, answer.Answer, error) {
	var cells []cell
	if f.Store != nil {
		cells = append(cells, cell{q.ask.Use.Purpose, ""})
		for _, d := range f.Store.Datasets {
			cells = append(cells, cell{q.ask.Use.Purpose, d.Name})
		}
		for _, purpose := range purposes {
			cells = append(cells, cell{purpose, f.dataset()})
		}
	}
	g, err := p.askGrid(ctx, q, cells)
	if err != nil {
		return nil, answer.Answer{}, err
	}
	c := g.cells[cell{q.ask.Use.Purpose, q.ask.Dataset}]
	v := &variantAnswer{
		Variant: q.key.String(), State: state(c), Purpose: l.Must("purpose." + string(q.ask.Use.Purpose)), Dataset: l.Must("dataset.all"), Count: c,
		Carriers: c.Carriers.Low, Assumed: c.Assumed && c.Covered && c.AN.High != 0, Epoch: g.first.Epoch, K: g.first.Verdict.K,
	}
	if f.dataset() != "" {
		v.Dataset = f.dataset()
	}
	v.Frequency, _ = c.AF()
	v.Share = share(l, v.Carriers, c.Individuals.Low)
	v.draw(l)
	if f.Store != nil && g.first.Verdict.Policy == "" {
		v.compare(l, q, f, g)
	}
	return v, g.first, nil
}

// compare sets the answer beside those of the other datasets and purposes.
func (v *variantAnswer) compare(l *web.Words, q question, f *form, g grid) {
	germline := 0
	for _, d := range f.Store.Datasets {
		if d.Origin != "somatic" {
			germline++
		}
		v.ByDataset = append(v.ByDataset, makeRow(d.Name, datasetNote(l, d), f.link(f.query(), q.ask.Use.Purpose, d.Name), d.Name == f.dataset(), g.cells[cell{q.ask.Use.Purpose, d.Name}]))
	}
	if germline > 1 {
		total := makeRow(l.Must("dataset.all.name"), "", "", f.dataset() == "", g.cells[cell{q.ask.Use.Purpose, ""}])
		v.Total = &total
		v.Overlapping = true
	}
	for _, purpose := range purposes {
		v.ByPurpose = append(v.ByPurpose, makeRow(l.Must("purpose."+string(purpose)+".name"), "", f.link(f.query(), purpose, f.dataset()), purpose == q.ask.Use.Purpose, g.cells[cell{purpose, f.dataset()}]))
	}
	v.Scale = scale(v.ByDataset, v.ByPurpose)
	draw(v.ByDataset, v.Scale)
	draw(v.ByPurpose, v.Scale)
}

// people is a line of the picture of who carries a variant: a number, or a range from its lowest to its highest.
type people struct {
	Name string
	Cell policy.Cell
	Bar  chart.Span
}

// draw makes the picture of who carries it, where there is more to see than one word.
func (v *variantAnswer) draw(l *web.Words) {
	c := v.Count
	if !c.Covered || c.Individuals.High == 0 || c.Carriers.Form != policy.Number && c.Carriers.Form != policy.Band {
		return
	}
	cells := []policy.Cell{c.Carriers, c.Het, c.Hom, c.Hemi}
	for _, x := range cells {
		if drawable(x) {
			v.PeopleScale = max(v.PeopleScale, x.High)
		}
	}
	if v.PeopleScale = int(math.Ceil(roundUp(float64(v.PeopleScale)))); v.PeopleScale == 0 {
		return
	}
	for i, name := range []string{"people.carriers", "people.het", "people.hom", "people.hemi"} {
		line := people{Name: l.Must(name), Cell: cells[i]}
		if drawable(line.Cell) {
			line.Bar = chart.Span{Low: float64(line.Cell.Low), High: float64(line.Cell.High), Of: float64(v.PeopleScale)}
		}
		v.People = append(v.People, line)
	}
}

func drawable(c policy.Cell) bool {
	return c.Form == policy.Number || c.Form == policy.Band && c.High != policy.Unbounded
}

// state chooses the sentence. A variant the store holds and one it has never seen get the same: see the package's doc.
func state(c answer.Count) string {
	switch {
	case !c.Covered:
		return "uncovered"
	case !c.Exact():
		return "told"
	case c.Individuals.Low == 0:
		return "nobody"
	case c.AN.Low == 0:
		return "unknown"
	case c.AC.Low == 0:
		return "zero"
	}
	return "some"
}

// share says how common something is the way people say it.
func share(l *web.Words, part, whole int) string {
	if part == 0 || whole == 0 {
		return ""
	}
	f := float64(part) / float64(whole)
	if f >= .1 {
		return l.Percent(f)
	}
	return l.Must("share.onein", int(math.Round(1/f)))
}

func makeRow(name, note, link string, chosen bool, c answer.Count) row {
	r := row{Name: name, Note: note, Link: link, Chosen: chosen, Count: c}
	r.AF, r.HasAF = frequency(c)
	r.Told = c.Covered && !c.Exact() && !r.HasAF
	return r
}

// frequency is between what follows from the ranges that are told; false where nothing does.
func frequency(c answer.Count) (f chart.Span, ok bool) {
	if !drawable(c.AC) || !drawable(c.AN) || c.AN.High == 0 {
		return f, false
	}
	return chart.Span{Low: float64(c.AC.Low) / float64(c.AN.High), High: min(1, float64(c.AC.High)/float64(max(c.AN.Low, 1)))}, true
}

// scale gives the round number the longest bar is measured against.
func scale(tables ...[]row) float64 {
	most := 0.0
	for _, rows := range tables {
		for _, r := range rows {
			most = max(most, r.AF.High)
		}
	}
	return min(1, roundUp(most))
}

// roundUp gives a round number that is at least n.
func roundUp(n float64) float64 {
	if n == 0 {
		return 0
	}
	step := math.Pow10(int(math.Floor(math.Log10(n))))
	for _, m := range []float64{1, 1.2, 1.6, 2, 2.5, 3.2, 4, 5, 6.4, 8} {
		if m*step >= n*(1-1e-9) {
			return m * step
		}
	}
	return 10 * step
}

func draw(rows []row, scale float64) {
	for i := range rows {
		rows[i].AF.Of = scale
	}
}

func (p *Room) regionAnswer(ctx context.Context, l *web.Words, q question, f *form) (*regionAnswer, answer.Answer, error) {
	out := &regionAnswer{Gene: q.gene, Region: q.region.String(), Purpose: l.Must("purpose." + string(q.ask.Use.Purpose)), Dataset: l.Must("dataset.all")}
	if f.dataset() != "" {
		out.Dataset = f.dataset()
	}
	ask := answer.Region{Ask: q.ask, Chrom: q.region.Chrom, From: q.region.From, To: q.region.To, Limit: listed + 1, LeaveOut: answer.LeaveOut{Case: q.own}}
	a, err := p.desk.Region(ctx, ask)
	if err != nil {
		return nil, a, err
	}
	for i, k := range a.Keys {
		name, c := k.String(), a.Counts[i]
		out.Rows = append(out.Rows, makeRow(name, "", f.link(name, q.ask.Use.Purpose, f.dataset()), false, c))
		if c.Individuals.High > out.Counted.High {
			out.Counted = c.Individuals
		}
		out.Assumed = out.Assumed || c.Assumed
	}
	out.Epoch = a.Epoch
	if len(out.Rows) > listed {
		keep, next := cutAt(a.Keys)
		out.Rows = out.Rows[:keep]
		rest := variant.Region{Chrom: q.region.Chrom, From: next, To: q.region.To}
		out.More = f.more(rest)
	}
	out.Shown = len(out.Rows)
	out.Scale = scale(out.Rows)
	draw(out.Rows, out.Scale)
	out.Nobody = a.Individuals.High == 0
	if out.Shown == 0 && a.Verdict.Policy == "" {
		out.Uncovered, err = p.uncovered(ctx, q)
	}
	return out, a, err
}

// uncovered tells whether neither end of a region was sequenced, by asking for a change there, whichever.
func (p *Room) uncovered(ctx context.Context, q question) (bool, error) {
	at := func(pos uint32) variant.Key {
		return variant.Key{Chrom: q.region.Chrom, Pos: pos, Ref: []byte("A"), Alt: []byte("C")}
	}
	a, err := p.desk.Ask(ctx, answer.Question{Ask: q.ask, Keys: []variant.Key{at(q.region.From), at(q.region.To)}})
	if err != nil {
		return false, err
	}
	return !a.Counts[0].Covered && !a.Counts[1].Covered, nil
}
