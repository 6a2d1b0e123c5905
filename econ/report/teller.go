package report

import (
	"embed"
	"fmt"
	"html/template"
	"math"
	"strconv"
	"strings"
	"sync"

	"github.com/samverk/samverk/econ/compare"
	"github.com/samverk/samverk/lang"
	"github.com/samverk/samverk/web/chart"
)

//go:embed messages pages
var files embed.FS

// words are read once: they are part of the program.
var words = sync.OnceValues(func() (map[string]*lang.Words, error) { return lang.Read(files) })

// Teller says a run in a language.
type Teller struct {
	*Run
	words   *lang.Words
	figures []Figure
}

// Tell makes a teller in sv, nb or en.
func Tell(r *Run, language string) (*Teller, error) {
	all, err := words()
	if err != nil {
		return nil, err
	}
	l, ok := all[language]
	if !ok {
		return nil, fmt.Errorf("there is no language %q: sv, nb or en", language)
	}
	t := &Teller{Run: r, words: l}
	t.figures = t.draw()
	return t, nil
}

// say is a message.
func (t *Teller) say(key string, args ...any) string { return t.words.Must(key, args...) }

// number writes v with so many figures as it takes: four that say something, thousands whole.
func (t *Teller) number(v float64) string {
	decimals, size := 0, math.Abs(v)
	switch {
	case v == math.Trunc(v) && size < 1e6, size >= 1000:
	case size >= 100:
		decimals = 1
	case size >= 10:
		decimals = 2
	case size >= .1:
		decimals = 3
	case size > 0:
		decimals = min(3-int(math.Floor(math.Log10(size))), 9)
	}
	return t.decimal(v, decimals)
}

func (t *Teller) decimal(v float64, decimals int) string {
	if math.Abs(v) < .5*math.Pow10(-decimals) {
		v = 0 // no minus before nothing
	}
	return strings.ReplaceAll(t.words.Decimal(v, decimals), "-", "−")
}

// money writes an amount with its currency.
func (t *Teller) money(v float64) string { return t.amount(v) + "\u00a0" + t.Model.Currency }

// rough writes an amount with three figures: what is estimated isn't known better.
func (t *Teller) rough(v float64) string {
	short, err := strconv.ParseFloat(strconv.FormatFloat(v, 'g', 3, 64), 64)
	if err != nil {
		return t.money(v)
	}
	return t.money(short)
}

// amount is whole from a hundred up.
func (t *Teller) amount(v float64) string {
	if math.Abs(v) >= 100 || v == 0 {
		return t.decimal(v, 0)
	}
	return t.decimal(v, 2)
}

func (t *Teller) effects(v float64) string { return t.number(v) + "\u00a0" + t.Model.EffectUnit }

// percent writes a share. What is nearly none or nearly all doesn't look like it.
func (t *Teller) percent(share float64) string {
	switch {
	case share <= 0:
		return strings.Replace(t.words.Percent(1), "100", "0", 1)
	case share < .0005:
		return "<\u00a0" + t.words.Percent(.001)
	case share >= .995 && share < 1:
		return strings.Replace(t.words.Percent(1), "100", t.decimal(min(math.Floor(share*1000)/10, 99.9), 1), 1)
	}
	return t.words.Percent(share)
}

// input writes a value that went in with the figures it has, four at most.
func (t *Teller) input(v float64) Cell {
	short, err := strconv.ParseFloat(strconv.FormatFloat(v, 'g', 4, 64), 64)
	if err != nil || math.Abs(v) >= 1000 {
		short = math.Round(v)
	}
	_, after, _ := strings.Cut(strconv.FormatFloat(short, 'f', -1, 64), ".")
	return t.cell(v, t.decimal(short, min(len(after), 9)))
}

func (t *Teller) whole(n int) string { return t.decimal(float64(n), 0) }

// price is the price of interest in words: "500 000 SEK per QALY".
func (t *Teller) price() string {
	return t.say("report.price", t.money(t.Question.Question.WTP), t.Model.EffectUnit)
}

// axis makes an axis with room at its ends.
func (t *Teller) axis(low, high, scale float64, unit string) chart.Axis {
	if low == high {
		low, high = low-1, high+1
	}
	a := chart.Axis{Low: low, High: high, Unit: unit}
	steps := chart.RoundValues(low/scale, high/scale, 6)
	decimals := 0
	if len(steps) > 1 {
		decimals = max(-int(math.Floor(math.Log10(steps[1]-steps[0])+1e-9)), 0)
	}
	for _, v := range steps {
		a.Ticks = append(a.Ticks, chart.Tick{At: v * scale, Text: t.decimal(v, decimals)})
	}
	return a
}

// scaled names thousands and millions of the currency, so that labels are short.
func (t *Teller) scaled(most float64) (scale float64, unit string) {
	switch {
	case most >= 2e6:
		return 1e6, "M" + t.Model.Currency
	case most >= 2e4:
		return 1e3, "k" + t.Model.Currency
	}
	return 1, t.Model.Currency
}

// Table is a table of words and numbers. Numbers stay numbers for spreadsheets; Text is how people read them.
type Table struct {
	Name  string // for a file or a sheet: "frontier"
	Title string
	Head  []string
	Rows  [][]Cell
}

// Cell is one of them.
type Cell struct {
	Text   string
	Number *float64
	Lang   string // of what people wrote
}

func word(s string) Cell { return Cell{Text: s} }

func (t *Teller) typed(s string) Cell { return Cell{Text: s, Lang: t.Model.Language} }

func (t *Teller) cell(v float64, text string) Cell { return Cell{Text: text, Number: &v} }

func (t *Teller) numeric(v float64) Cell { return t.cell(v, t.number(v)) }

func (t *Teller) costs(v float64) Cell { return t.cell(v, t.amount(v)) }

func (t *Teller) shares(v float64) Cell { return t.cell(v, t.percent(v)) }

func (t *Teller) maybe(v *float64, f func(float64) Cell) Cell {
	if v == nil {
		return word(t.say("report.missing"))
	}
	return f(*v)
}

// Key is one line of a figure's key.
type Key struct {
	Sample template.HTML
	Text   string
}

// Figure is a drawing with its finding, and its table.
type Figure struct {
	Name    string // for a file: "ceac"
	Finding string
	Small   string
	SVG     template.HTML
	Keys    []Key
	Table   Table
}

// Sentences are the findings in a few plain sentences.
func (t *Teller) Sentences() []string {
	var out []string
	q := t.Question
	if a, err := q.Answer(t.points()); err == nil {
		if q.Strategy != q.Comparator {
			out = append(out, t.versus(a))
		}
		out = append(out, t.say("report.short.best", t.label(a.Best), t.money(q.Question.WTP), t.Model.EffectUnit))
	}
	if t.PSA != nil {
		if s := t.PSA.Stability; s.Stable {
			out = append(out, t.say("report.short.sure", t.percent(t.ceaf())))
		} else {
			out = append(out, t.say("report.short.unstable", t.whole(s.Needed)))
		}
	}
	return out
}

func (t *Teller) points() []compare.Point {
	out := make([]compare.Point, len(t.Strategies))
	for i, s := range t.Strategies {
		out[i] = compare.Point{Name: s.Name, Cost: s.Cost, Effect: s.Effect}
	}
	return out
}

func (t *Teller) versus(a compare.Answer) string {
	key, ratio := "report.short.dearer", 0.0
	switch {
	case a.MoreEffect == 0:
		key = "report.short.same"
	case a.MoreEffect > 0 && a.MoreCost <= 0:
		key = "report.short.cheaper"
	case a.MoreEffect < 0 && a.MoreCost < 0:
		key = "report.short.lesscheaper"
	case a.MoreEffect < 0:
		key = "report.short.worse"
	}
	if a.MoreEffect != 0 {
		ratio = a.MoreCost / a.MoreEffect
	}
	return t.say(key, t.label(t.Question.Strategy), t.label(t.Question.Comparator), t.money(math.Abs(a.MoreCost)), t.effects(math.Abs(a.MoreEffect)), t.money(ratio), t.Model.EffectUnit)
}

// ceaf is the chance of the best by the mean at the price of interest.
func (t *Teller) ceaf() float64 {
	steps := t.PSA.Stability.Steps
	if len(steps) == 0 {
		return 1
	}
	return steps[len(steps)-1].CEAF
}
