package web

import (
	"context"
	"errors"
	"math"
	"net/http"
	"net/url"
	"sync"

	"github.com/samverk/samverk/answer"
	"github.com/samverk/samverk/consent"
	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/genome/variant"
	"github.com/samverk/samverk/policy"
	"github.com/samverk/samverk/web"
)

// listed is how many variants of a region a page shows.
const listed = 50

type askPage struct {
	Form     *form
	Variant  *variantAnswer
	Region   *regionAnswer
	Store    answer.Stats
	Counted  []purposeCount
	Examples []example
	Demo     bool
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
	Verdict     policy.Verdict
	ByDataset   []row
	Total       *row
	ByPurpose   []row
	Scale       float64
	Overlapping bool
}

// row is one line of a table with a bar.
type row struct {
	Name   string
	Note   string
	Link   string
	Chosen bool
	Count  answer.Count
	Told   bool // there is an answer, and it isn't exact
	AF     float64
	HasAF  bool
	Bar    float64 // of 120
}

type regionAnswer struct {
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

func (p *room) ask(w http.ResponseWriter, r *http.Request) int {
	stats, err := p.desk.Stats(r.Context(), operator)
	if err != nil {
		return p.fail(w, r, err)
	}
	l := p.pages.Words(r)
	f := newForm(web.ReadQuery(r), l, stats)
	page := askPage{Form: f, Store: stats, Counted: countedPerPurpose(l, stats), Demo: p.options.Demo != nil, Examples: p.examples(l)}
	title := l.Must("ask.title")
	if r.URL.Query().Has("q") {
		q := f.read(l)
		if !f.OK() {
			return p.pages.Render(w, r, web.Page{Name: "ask", Title: title, Station: "use", Form: f.Form, Data: page})
		}
		format, err := web.FormatOf(r)
		if err != nil {
			return p.fail(w, r, err)
		}
		if format != "" {
			return p.exportAnswer(w, r, format, f, q, stats)
		}
		page.Files = web.FormatsAt(r.URL.RequestURI())
		p.table.Questions.Add(1)
		if q.isKey {
			page.Variant, err = p.variantAnswer(r.Context(), l, q, f, stats)
		} else {
			page.Region, err = p.regionAnswer(r.Context(), l, q, f)
		}
		if err != nil {
			return p.fail(w, r, err)
		}
		title = l.Must("ask.title.of", f.query())
	}
	return p.pages.Render(w, r, web.Page{Name: "ask", Title: title, Station: "use", Data: page})
}

func link(query string, purpose consent.Purpose, dataset string) string {
	q := url.Values{"q": {query}, "purpose": {string(purpose)}}
	if dataset != "" {
		q.Set("dataset", dataset)
	}
	return "/ask?" + q.Encode()
}

func (p *room) examples(l *web.Words) []example {
	var out []example
	for _, e := range p.options.Examples {
		text, err := l.T("try." + e.Kind)
		if err != nil {
			continue // a kind we have no sentence for is not worth a blank one
		}
		out = append(out, example{e.Query, link(e.Query, e.Purpose, ""), text})
	}
	return out
}

// grid is every purpose and dataset asked of one variant at one consent epoch.
type grid struct {
	epoch   uint64
	verdict policy.Verdict
	cells   map[cell]answer.Count
}

type cell struct {
	purpose consent.Purpose
	dataset string
}

// askGrid asks about key for the purposes and datasets given, again if a consent changed meanwhile. Where a policy is in force only the chosen
// one is asked, because each is a question of its own.
func (p *room) askGrid(ctx context.Context, key variant.Key, chosen cell, cells []cell) (grid, error) {
	const tries = 5
	for range tries {
		first, err := p.askCell(ctx, key, chosen)
		if err != nil {
			return grid{}, err
		}
		g := grid{epoch: first.Epoch, verdict: first.Verdict, cells: map[cell]answer.Count{chosen: first.Counts[0]}}
		if first.Verdict.Policy != "" {
			return g, nil
		}
		same, err := p.fill(ctx, key, &g, cells)
		if err != nil {
			return grid{}, err
		}
		if same {
			return g, nil
		}
	}
	return grid{}, fault.New(fault.Unavailable, "consents are changing faster than the page can be made").Do("ask again")
}

func (p *room) askCell(ctx context.Context, key variant.Key, c cell) (answer.Answer, error) {
	return p.desk.Ask(ctx, answer.Question{Ask: asking(c.purpose, c.dataset), Keys: []variant.Key{key}})
}

// fill asks for the rest at once, so that they are written down together; false if they are of another epoch.
func (p *room) fill(ctx context.Context, key variant.Key, g *grid, cells []cell) (same bool, err error) {
	got, errs := make([]answer.Answer, len(cells)), make([]error, len(cells))
	var asking sync.WaitGroup
	for i, c := range cells {
		if _, have := g.cells[c]; !have {
			asking.Go(func() { got[i], errs[i] = p.askCell(ctx, key, c) })
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
		if got[i].Epoch != g.epoch {
			return false, nil
		}
		g.cells[c] = got[i].Counts[0]
	}
	return true, nil
}

func (p *room) variantAnswer(ctx context.Context, l *web.Words, q question, f *form, stats answer.Stats) (*variantAnswer, error) {
	chosen := cell{q.ask.Use.Purpose, f.dataset()}
	cells := []cell{{q.ask.Use.Purpose, ""}}
	for _, d := range stats.Datasets {
		cells = append(cells, cell{q.ask.Use.Purpose, d.Name})
	}
	for _, purpose := range purposes {
		cells = append(cells, cell{purpose, f.dataset()})
	}
	g, err := p.askGrid(ctx, q.key, chosen, cells)
	if err != nil {
		return nil, err
	}
	c := g.cells[chosen]
	v := &variantAnswer{
		Variant: q.key.String(), State: state(c), Purpose: l.Must("purpose." + string(q.ask.Use.Purpose)), Dataset: l.Must("dataset.all"), Count: c,
		Carriers: c.Carriers.Low, Assumed: c.Assumed && c.Covered && c.AN.High != 0, Epoch: g.epoch, Verdict: g.verdict,
	}
	if f.dataset() != "" {
		v.Dataset = f.dataset()
	}
	v.Frequency, _ = c.AF()
	v.Share = share(l, v.Carriers, c.Individuals.Low)
	if g.verdict.Policy != "" {
		return v, nil
	}
	germline := 0
	for _, d := range stats.Datasets {
		if d.Origin != "somatic" {
			germline++
		}
		v.ByDataset = append(v.ByDataset, makeRow(d.Name, datasetNote(l, d), link(f.query(), q.ask.Use.Purpose, d.Name), d.Name == f.dataset(), g.cells[cell{q.ask.Use.Purpose, d.Name}]))
	}
	if germline > 1 {
		total := makeRow(l.Must("dataset.all.name"), "", "", f.dataset() == "", g.cells[cell{q.ask.Use.Purpose, ""}])
		v.Total = &total
		v.Overlapping = true
	}
	for _, purpose := range purposes {
		v.ByPurpose = append(v.ByPurpose, makeRow(l.Must("purpose."+string(purpose)+".name"), "", link(f.query(), purpose, f.dataset()), purpose == q.ask.Use.Purpose, g.cells[cell{purpose, f.dataset()}]))
	}
	v.Scale = scale(v.ByDataset, v.ByPurpose)
	draw(v.ByDataset, v.Scale)
	draw(v.ByPurpose, v.Scale)
	return v, nil
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
	r := row{Name: name, Note: note, Link: link, Chosen: chosen, Count: c, Told: c.Covered && !c.Exact()}
	r.AF, r.HasAF = c.AF()
	return r
}

// scale gives the round number the longest bar is measured against.
func scale(tables ...[]row) float64 {
	most := 0.0
	for _, rows := range tables {
		for _, r := range rows {
			most = max(most, r.AF)
		}
	}
	if most == 0 {
		return 0
	}
	step := math.Pow10(int(math.Floor(math.Log10(most))))
	for _, m := range []float64{1, 1.2, 1.6, 2, 2.5, 3.2, 4, 5, 6.4, 8, 10} {
		if m*step >= most*(1-1e-9) {
			return min(1, m*step)
		}
	}
	return min(1, 10*step)
}

func draw(rows []row, scale float64) {
	if scale == 0 {
		return
	}
	for i := range rows {
		rows[i].Bar = math.Round(1200*rows[i].AF/scale) / 10
	}
}

func (p *room) regionAnswer(ctx context.Context, l *web.Words, q question, f *form) (*regionAnswer, error) {
	out := &regionAnswer{Region: q.region.String(), Purpose: l.Must("purpose." + string(q.ask.Use.Purpose)), Dataset: l.Must("dataset.all")}
	if f.dataset() != "" {
		out.Dataset = f.dataset()
	}
	var positions []uint32
	ask := answer.Region{Ask: q.ask, Chrom: q.region.Chrom, From: q.region.From, To: q.region.To, Limit: listed + 1}
	a, err := p.desk.Region(ctx, ask)
	if err != nil {
		return nil, err
	}
	for i, k := range a.Keys {
		name, c := k.String(), a.Counts[i]
		out.Rows = append(out.Rows, makeRow(name, "", link(name, q.ask.Use.Purpose, f.dataset()), false, c))
		positions = append(positions, k.Pos)
		if c.Individuals.High > out.Counted.High {
			out.Counted = c.Individuals
		}
		out.Assumed = out.Assumed || c.Assumed
	}
	out.Epoch = a.Epoch
	if len(out.Rows) > listed {
		next := positions[listed]
		keep := listed // all alleles of a position stand on the same page, when they fit
		for keep > 1 && positions[keep-1] == next {
			keep--
		}
		if positions[0] == next {
			keep, next = listed, next+1
		}
		out.Rows = out.Rows[:keep]
		rest := variant.Region{Chrom: q.region.Chrom, From: next, To: q.region.To}
		out.More = link(rest.String(), q.ask.Use.Purpose, f.dataset())
	}
	out.Shown = len(out.Rows)
	out.Scale = scale(out.Rows)
	draw(out.Rows, out.Scale)
	out.Nobody = a.Individuals.High == 0
	if out.Shown == 0 && a.Verdict.Policy == "" {
		out.Uncovered, err = p.uncovered(ctx, q)
	}
	return out, err
}

// uncovered tells whether neither end of a region was sequenced, by asking for a change there, whichever.
func (p *room) uncovered(ctx context.Context, q question) (bool, error) {
	at := func(pos uint32) variant.Key {
		return variant.Key{Chrom: q.region.Chrom, Pos: pos, Ref: []byte("A"), Alt: []byte("C")}
	}
	a, err := p.desk.Ask(ctx, answer.Question{Ask: q.ask, Keys: []variant.Key{at(q.region.From), at(q.region.To)}})
	if err != nil {
		return false, err
	}
	return !a.Counts[0].Covered && !a.Counts[1].Covered, nil
}
