package web

import (
	"context"
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/samverk/samverk/consent"
	"github.com/samverk/samverk/consent/counted"
	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/individual"
	"github.com/samverk/samverk/ledger"
	"github.com/samverk/samverk/ledger/membership"
	"github.com/samverk/samverk/web"
	"github.com/samverk/samverk/web/chart"
)

// Were is whether an individual was counted in a use.
type Were string

// What is known of that.
const (
	Counted  Were = "yes"
	Not      Were = "no"
	NotYet   Were = "later"   // they were enrolled afterwards
	NotKnown Were = "unknown" // nothing proves it any more
)

// Use is a line of the ledger, as it bears on one individual.
type Use struct {
	Index        uint64
	Time         time.Time
	Organisation string
	Role         string
	Purpose      consent.Purpose
	Conditions   string // as the ledger has them: health commercial country=NO MONDO:0005105
	Question     string
	Decision     string
	Of           uint64 // how many were counted
	Were         Were
}

// Log answers from a node's ledger and its trees over who was counted: Options.Uses and Options.Prove.
type Log struct {
	Ledger  *ledger.Ledger
	Index   *ledger.Index
	Counted *counted.Counted
}

// Uses lists the uses before an index (0: all), the latest first, and whether an individual was counted in each.
func (g Log) Uses(ctx context.Context, who individual.Number, before uint64, limit int) (all []Use, err error) {
	type tree struct {
		counted.Use
		root [32]byte
	}
	known := map[tree]Were{} // most questions are asked of the same people
	for len(all) < limit {
		n := min(limit-len(all), atOnce)
		list, err := g.Index.List(ctx, ledger.Filter{Kind: ledger.Use, Before: before, Limit: n})
		if err != nil {
			return nil, err
		}
		for _, e := range list {
			t := tree{counted.Use{Purpose: e.Purpose, Conditions: e.Conditions}, e.Mask}
			were, ok := known[t]
			if !ok {
				if were, _, err = g.were(ctx, t.Use, t.root, who); err != nil {
					return nil, err
				}
				known[t] = were
			}
			all = append(all, useOf(e.Index, e.Leaf, were))
			before = e.Index
		}
		if len(list) < n {
			break
		}
	}
	return all, nil
}

const atOnce = 100

func useOf(index uint64, x ledger.Leaf, were Were) Use {
	return Use{Index: index, Time: x.Time, Organisation: x.Organisation, Role: x.Role, Purpose: consent.Purpose(x.Purpose), Conditions: x.Conditions,
		Question: x.Question, Decision: x.Decision, Of: x.Counted, Were: were}
}

// were asks the tree with a root, and believes only what holds under it.
func (g Log) were(ctx context.Context, u counted.Use, root [32]byte, who individual.Number) (Were, *membership.Proof, error) {
	proof, err := g.Counted.Prove(ctx, u, root, who)
	switch code := codeOf(err); {
	case code == "counted.later":
		return NotYet, nil, nil
	case fault.KindOf(err) == fault.NotFound && err != nil:
		return NotKnown, nil, nil
	case err != nil:
		return NotKnown, nil, err
	}
	if proof.State == membership.In {
		return Counted, &proof, nil
	}
	return Not, &proof, nil
}

// Prove shows a use and whether an individual was counted in it. What it gives has been verified.
func (g Log) Prove(ctx context.Context, who individual.Number, index uint64) (p Proof, err error) {
	size, err := g.Ledger.Size(ctx)
	if err != nil {
		return p, err
	}
	absent := fault.New(fault.NotFound, "there is no use with this index")
	if index >= size {
		return p, absent
	}
	x, err := g.Ledger.Leaf(ctx, index)
	if err != nil {
		return p, err
	}
	if x.Kind != ledger.Use {
		return p, absent
	}
	u := counted.Use{Purpose: x.Purpose, Conditions: x.Conditions}
	p = Proof{Format: proofFormat, Purpose: u.Purpose, Conditions: u.Conditions, Root: fmt.Sprintf("%x", x.Mask)}
	if p.Leaf, err = g.Ledger.Prove(ctx, index); err != nil {
		return p, err
	}
	if err := p.Leaf.Verify(g.Ledger.PublicKey()); err != nil {
		return p, err
	}
	were, proof, err := g.were(ctx, u, x.Mask, who)
	if err != nil {
		return p, err
	}
	p.Counted, p.Use = proof, useOf(index, x, were)
	if proof == nil {
		p.Unknown = string(were)
	}
	return p, nil
}

// usesView is what the page says of uses.
type usesView struct {
	There   bool // there is a ledger to ask
	Latest  []groupRow
	Chart   template.HTML
	Months  []month
	Finding string
	Counted int
	More    bool // there are uses before the latest that were looked at
	Looked  int
}

type month struct {
	Name  string
	Times int
}

type useRow struct {
	Use
	Why, Who, Proof string
	Number, Link    string // of the decision
}

// groupRow is uses of one day that differ in nothing but the hour.
type groupRow struct {
	useRow // the latest of them
	Times  int
	Each   string // where they are one by one, each with its proof
}

// looked is how many uses a page looks at, latestUses how many rows it has.
const looked, latestUses, usesPage = 500, 6, 50

func (p *room) used(r *http.Request, v visit) (usesView, error) {
	if p.options.Uses == nil {
		return usesView{}, nil
	}
	all, err := p.options.Uses(r.Context(), v.who.Number, 0, looked)
	if err != nil {
		return usesView{}, err
	}
	l, now := p.pages.Words(r), p.now()
	d := usesView{There: true, Looked: looked, More: len(all) == looked}
	first := time.Date(now.Year(), now.Month(), 1, 0, 0, 0, 0, now.Location()).AddDate(0, -11, 0)
	times, why := make([]int, 12), map[consent.Purpose]int{}
	for _, u := range all {
		at := u.Time.In(now.Location())
		if u.Were != Counted || at.Before(first) {
			continue
		}
		times[(at.Year()-first.Year())*12+int(at.Month()-first.Month())]++
		why[u.Purpose]++
		d.Counted++
	}
	bars := chart.Bars{ID: "months", Title: l.Must("my.uses.bars", d.Counted, l.Month(first), l.Month(now))}
	for i, n := range times {
		at := first.AddDate(0, i, 0)
		written, err := l.Number(n)
		if err != nil {
			return d, err
		}
		bars.Bars = append(bars.Bars, chart.Bar{Label: l.ShortMonth(at), Value: float64(n), Text: written})
		d.Months = append(d.Months, month{l.Month(at), n})
	}
	d.Chart = bars.SVG()
	d.Finding = p.finding(l, d.Counted, why)
	d.Latest = p.grouped(r.Context(), l, v, all)
	return d, nil
}

// grouped are the latest uses, those of one day that were by the same, for the same and by the same decision as one row.
func (p *room) grouped(ctx context.Context, l *web.Words, v visit, all []Use) (rows []groupRow) {
	type group struct {
		day                                          string
		organisation, role, why, conditions, decided string
		were                                         Were
	}
	at := map[group]int{}
	for _, u := range all {
		g := group{u.Time.In(p.zone()).Format(time.DateOnly), u.Organisation, u.Role, string(u.Purpose), u.Conditions, u.Decision, u.Were}
		i, known := at[g]
		switch {
		case known:
			rows[i].Times++
		case len(rows) < latestUses:
			at[g] = len(rows)
			rows = append(rows, groupRow{useRow: p.row(ctx, l, v, u), Times: 1, Each: v.At("uses") + "?after=" + strconv.FormatUint(u.Index+1, 10)})
		}
	}
	return rows
}

// finding says in a sentence what the drawing shows.
func (p *room) finding(l *web.Words, n int, why map[consent.Purpose]int) string {
	most, times := consent.Purpose(""), 0
	for _, one := range consent.Purposes() {
		if why[one] > times {
			most, times = one, why[one]
		}
	}
	if n == 0 || most == "" {
		return l.Must("my.uses.none")
	}
	return l.Must("my.uses.finding", n) + " " + l.Must("my.uses.most."+string(most))
}

func (p *room) row(ctx context.Context, l *web.Words, v visit, u Use) useRow {
	u.Time = u.Time.In(p.zone())
	by := decisionOf(u.Decision)
	d := useRow{Use: u, Why: purposeWords(l, u), Who: p.organisation(ctx, l, u.Organisation), Number: by.Number, Link: p.decision(by), Proof: v.At("uses", strconv.FormatUint(u.Index, 10))}
	return d
}

// organisation names an organisation that the ledger names by its id; it has none for what the region itself asked.
func (p *room) organisation(ctx context.Context, l *web.Words, id string) string {
	switch {
	case id == "":
		return l.Must("my.use.local")
	case p.options.Organisation == nil:
		return id
	}
	return p.options.Organisation(ctx, l.Code, id)
}

// purposeWords say what a use was for, and under which conditions.
func purposeWords(l *web.Words, u Use) string {
	if !l.Has("my.why." + string(u.Purpose)) {
		return string(u.Purpose)
	}
	parts := []string{l.Must("my.why." + string(u.Purpose))}
	for word := range strings.FieldsSeq(u.Conditions) {
		country, abroad := strings.CutPrefix(word, "country=")
		switch {
		case word == "health" || word == "commercial" || word == "home" || word == "case":
			parts = append(parts, l.Must("my.why."+word))
		case abroad:
			parts = append(parts, l.Must("my.why.country", country))
		default:
			parts = append(parts, word)
		}
	}
	return strings.Join(parts, ", ")
}

// before is what had been done with an individual's data before a receipt, by what it stopped.
func (p *room) before(ctx context.Context, who individual.Number, one consent.Receipt) (all []consent.Used, err error) {
	if p.options.Uses == nil {
		return nil, nil
	}
	list, err := p.options.Uses(ctx, who, 0, looked)
	if err != nil {
		return nil, err
	}
	stopped := map[consent.Purpose]bool{}
	for _, s := range one.Stopped {
		stopped[s.Purpose()] = true
	}
	for _, u := range list {
		if u.Were != Counted || !stopped[u.Purpose] || u.Time.After(one.Recorded) {
			continue
		}
		i := slices.IndexFunc(all, func(x consent.Used) bool { return x.Purpose == u.Purpose && x.Organisation == u.Organisation })
		if i < 0 {
			i, all = len(all), append(all, consent.Used{Purpose: u.Purpose, Organisation: u.Organisation, Last: u.Time})
		}
		all[i].Times++
	}
	return all, nil
}

type usesData struct {
	visit
	Uses  []useRow
	Pager web.Pager
	There bool
}

func (p *room) uses(w http.ResponseWriter, r *http.Request, v visit) int {
	ctx, l := r.Context(), p.pages.Words(r)
	format, err := web.FormatOf(r)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	d := usesData{visit: v, There: p.options.Uses != nil}
	if format != "" {
		return p.usesFile(w, r, v, format)
	}
	if d.There {
		before, _ := strconv.ParseUint(r.URL.Query().Get("after"), 10, 63)
		all, err := p.options.Uses(ctx, v.who.Number, before, usesPage)
		if err != nil {
			return p.pages.Fail(w, r, err)
		}
		for _, u := range all {
			d.Uses = append(d.Uses, p.row(ctx, l, v, u))
		}
		next := ""
		if len(all) == usesPage {
			next = strconv.FormatUint(all[usesPage-1].Index, 10)
		}
		d.Pager = web.PagerAt(r.URL.RequestURI(), next)
	}
	return p.pages.Render(w, r, web.Page{Name: "uses", Title: l.Must("my.uses.title"), Station: "use", Data: d})
}

// usesFile sends every use.
func (p *room) usesFile(w http.ResponseWriter, r *http.Request, v visit, format string) int {
	e := web.NewExport(w, format, "uses", "index", "time", "organisation", "role", "purpose", "conditions", "question", "decision", "counted", "were_you_counted")
	err := p.eachUse(r.Context(), v.who.Number, func(u Use) error {
		return e.Row(u.Index, u.Time.UTC(), u.Organisation, u.Role, u.Purpose, u.Conditions, u.Question, u.Decision, u.Of, u.Were)
	})
	if err != nil {
		e.Cut()
		return p.pages.Fail(w, r, err)
	}
	return e.End()
}

func (p *room) eachUse(ctx context.Context, who individual.Number, each func(Use) error) error {
	if p.options.Uses == nil {
		return nil
	}
	for before := uint64(0); ; {
		all, err := p.options.Uses(ctx, who, before, looked)
		if err != nil {
			return err
		}
		for _, u := range all {
			if err := each(u); err != nil {
				return err
			}
		}
		if len(all) < looked {
			return nil
		}
		before = all[looked-1].Index
	}
}

type useData struct {
	visit
	useRow
	Checkpoint string
	Root       []string
	Proven     bool
}

// use shows one use, whose proof has just been verified.
func (p *room) use(w http.ResponseWriter, r *http.Request, v visit) int {
	l := p.pages.Words(r)
	index, err := strconv.ParseUint(r.PathValue("index"), 10, 63)
	format, wrong := web.FormatOf(r)
	if err != nil || p.options.Prove == nil || wrong != nil || format == "csv" {
		return p.site.NotFound(w, r)
	}
	proof, err := p.options.Prove(r.Context(), v.who.Number, index)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	if format == "json" {
		return sendJSON(w, "proof-"+strconv.FormatUint(index, 10), proof)
	}
	d := useData{visit: v, useRow: p.row(r.Context(), l, v, proof.Use), Checkpoint: proof.Leaf.Checkpoint, Root: groups(proof.Root), Proven: proof.Counted != nil}
	return p.pages.Render(w, r, web.Page{Name: "use", Title: l.Must("my.use.title", index), Station: "use", Data: d})
}

// sendJSON sends a file that is small enough to be made whole.
func sendJSON(w http.ResponseWriter, name string, v any) int {
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		panic(err) // only our own types come here
	}
	return send(w, name, "application/json", append(b, '\n'))
}

func send(w http.ResponseWriter, name, kind string, b []byte) int {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Type", kind)
	h.Set("Content-Disposition", `attachment; filename="`+web.FileName(name)+`.json"`)
	_, _ = w.Write(b)
	return http.StatusOK
}

// groups writes a hash in groups of four.
func groups(s string) (all []string) {
	for part := range slices.Chunk([]byte(s), 4) {
		all = append(all, string(part))
	}
	return all
}
