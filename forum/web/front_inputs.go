package web

import (
	"html/template"
	"net/http"
	"strconv"

	"github.com/samverk/samverk/forum"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/web"
	"github.com/samverk/samverk/web/chart"
)

// inputsPageSize is how many inputs a page shows; inputsFileSize how many a file reads at a time.
const (
	inputsPageSize = 25
	inputsFileSize = 500
)

type inputRow struct {
	forum.PublicInput
	Org                     said
	TopicLink, DecisionLink string
	ReasonLang              string
}

type inputsData struct {
	Here     string
	Sum      string
	Involved string // where bodies' involvement is shown
	All      forum.Fates
	Years    []forum.InputYear
	Chart    template.HTML
	Form     *web.Form
	Fates    []web.Option
	Choice   []web.Option
	Inputs   []inputRow
	Pager    web.Pager
	Formats  web.Formats
}

// fateNames are what an address calls the dispositions.
var fateNames = []struct {
	name string
	fate forum.Disposition
}{{"adopted", forum.Adopted}, {"partly", forum.Partly}, {"declined", forum.Declined}, {"open", forum.Undisposed}}

// inputsPage shows what patients' input changed.
func (p *room) inputsPage(w http.ResponseWriter, r *http.Request, n *network.Network) int {
	l, ctx := p.pages.Words(r), r.Context()
	q := inputFilter(r, n)
	format, err := web.FormatOf(r)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	if format != "" {
		return p.inputsFile(w, r, n, q, format)
	}
	d := inputsData{Here: r.URL.Path, Form: web.ReadQuery(r), Formats: web.FormatsAt(r.URL.RequestURI()), All: forum.Fates{}}
	if d.Years, err = p.forum.InputYears(ctx, n.ID); err != nil {
		return p.pages.Fail(w, r, err)
	}
	bars := chart.Bars{ID: "inputs", Desc: l.Must("inputs.chart.what")}
	for _, y := range d.Years {
		for fate, count := range y.Fates {
			d.All[fate] += count
		}
		all := y.Fates.All()
		number, _ := l.Number(all) // an int is a whole number
		bars.Bars = append(bars.Bars, chart.Bar{Label: strconv.Itoa(y.Year), Value: float64(all), Text: number})
		d.Choice = append([]web.Option{{Value: strconv.Itoa(y.Year), Text: strconv.Itoa(y.Year)}}, d.Choice...)
	}
	bars.Title = l.Must("inputs.chart", d.All.Changed(), d.All.Answered())
	d.Chart = bars.SVG()
	d.Choice = append([]web.Option{{Text: l.Must("front.all")}}, d.Choice...)
	d.Fates = []web.Option{{Text: l.Must("front.all")}}
	for _, f := range fateNames {
		d.Fates = append(d.Fates, web.Option{Value: f.name, Text: l.Must("front.fate.tag." + f.name)})
	}
	answered := l.Must("inputs.sum.answered", d.All.Answered(), fatesWords(l, without(d.All, forum.Undisposed)))
	d.Involved = p.where(home(n) + "/involvement")
	d.Sum = l.Must("inputs.sum", d.All.All(), answered)
	q.Limit = inputsPageSize + 1
	list, err := p.forum.PublicInputs(ctx, q)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	next := ""
	if len(list) > inputsPageSize {
		list = list[:inputsPageSize]
		next = list[inputsPageSize-1].Key()
	}
	d.Pager = web.PagerAt(r.URL.RequestURI(), next)
	for _, i := range list {
		i.Given = i.Given.In(zoneOf(n))
		d.Inputs = append(d.Inputs, inputRow{PublicInput: i, Org: say(l, i.By), TopicLink: home(n) + "/topics/" + string(i.Topic),
			DecisionLink: home(n) + "/decisions/" + string(i.Decision), ReasonLang: i.TitleLang})
	}
	return p.pages.Render(w, r, web.Page{Name: "inputs", Title: l.Must("inputs.title"), Station: "followup", Public: true, Crumbs: crumb(l, n, l.Must("inputs.title"), ""), Data: d})
}

func without(c forum.Fates, fate forum.Disposition) forum.Fates {
	out := forum.Fates{}
	for k, v := range c {
		if k != fate {
			out[k] = v
		}
	}
	return out
}

func inputFilter(r *http.Request, n *network.Network) forum.InputFilter {
	q := forum.InputFilter{Root: n.ID, After: r.URL.Query().Get("after")}
	for _, f := range fateNames {
		if r.URL.Query().Get("fate") == f.name {
			q.Fate = &f.fate
		}
	}
	if y, err := strconv.Atoi(r.URL.Query().Get("year")); err == nil && y > 1900 && y < 3000 {
		q.Year = y
	}
	return q
}

// inputsFile sends all inputs of a filter as a file.
func (p *room) inputsFile(w http.ResponseWriter, r *http.Request, n *network.Network, q forum.InputFilter, format string) int {
	e := web.NewExport(w, format, "inputs-"+n.Slug, "given", "text", "lang", "name", "organisation", "topic", "topic_id", "disposition", "reason", "disposed", "decision", "decision_id")
	q.Limit, q.After = inputsFileSize, ""
	for {
		list, err := p.forum.PublicInputs(r.Context(), q)
		if err != nil {
			e.Cut()
			return p.pages.Fail(w, r, err)
		}
		for _, i := range list {
			by, _ := i.By.In(n.Lang)
			if err := e.Row(i.Given, i.Text, i.Lang, i.Name, by, i.Title, i.Topic, i.Disposition, i.Reason, moment(i.Disposed), i.Number, i.Decision); err != nil {
				e.Cut()
				return p.pages.Fail(w, r, err)
			}
		}
		if len(list) < inputsFileSize {
			return e.End()
		}
		q.After = list[len(list)-1].Key()
	}
}
