package report

import (
	"strconv"
	"strings"

	"github.com/samverk/samverk/econ/compare"
)

// Tables are all tables of the run: those of the figures, and those that have no figure.
func (t *Teller) Tables() []Table {
	out := []Table{t.about(), t.results()}
	for _, f := range t.Figures() {
		out = append(out, f.Table)
	}
	for _, table := range []*Table{t.spread(), t.scenarios(), t.every(), t.turns(), t.conventions(), t.inputs()} {
		if table != nil {
			out = append(out, *table)
		}
	}
	return append(out, t.cheers())
}

// about names the run.
func (t *Teller) about() Table {
	out := Table{Name: "run", Title: t.say("report.run"), Head: []string{t.say("report.name"), t.say("report.value")}}
	for _, f := range t.facts() {
		out.Rows = append(out.Rows, []Cell{word(f.Name), word(f.Text)})
	}
	return out
}

// facts are what makes the run the one it is.
func (t *Teller) facts() []Fact {
	out := []Fact{{t.say("cheers.1"), t.Model.Title}, {t.say("report.run"), t.ID}, {t.say("report.engine"), t.Engine}}
	if t.PSA != nil {
		out = append(out, Fact{t.say("report.seed"), strconv.FormatUint(t.Seed, 10)}, Fact{t.say("report.draws"), t.whole(t.PSA.Draws)})
	}
	if t.Model.Scenario != "" {
		out = append(out, Fact{t.say("report.scenario"), t.Model.Scenario})
	}
	if t.Model.Illustrative {
		out = append(out, Fact{"!", t.say("report.illustrative")})
	}
	return out
}

// results are the base case, strategy by strategy.
func (t *Teller) results() Table {
	out := Table{Name: "results", Title: t.say("report.results"), Head: []string{t.say("report.strategy"), t.say("report.cost", t.Model.Currency), t.say("report.effect", t.Model.EffectUnit)}}
	years, cost, effect := false, false, false
	for _, s := range t.Strategies {
		years, cost, effect = years || s.LifeYears != nil, cost || s.UndiscountedCost != nil, effect || s.UndiscountedEffect != nil
	}
	add := func(is bool, head string) {
		if is {
			out.Head = append(out.Head, head)
		}
	}
	add(years, t.say("report.lifeyears"))
	add(cost, t.say("report.undiscounted", t.say("report.cost", t.Model.Currency)))
	add(effect, t.say("report.undiscounted", t.say("report.effect", t.Model.EffectUnit)))
	price := t.Question.Question.WTP
	add(true, t.say("report.nmb", t.Model.Currency, t.price()))
	add(price > 0, t.say("report.nhb", t.Model.EffectUnit, t.price()))
	var other []Outcome
	if len(t.Strategies) > 0 {
		other = t.Strategies[0].Other
	}
	for _, o := range other {
		add(true, named(o.Name, o.Unit))
	}
	for _, s := range t.Strategies {
		row := []Cell{t.typed(t.label(s.Name)), t.costs(s.Cost), t.numeric(s.Effect)}
		if years {
			row = append(row, t.maybe(s.LifeYears, t.numeric))
		}
		if cost {
			row = append(row, t.maybe(s.UndiscountedCost, t.costs))
		}
		if effect {
			row = append(row, t.maybe(s.UndiscountedEffect, t.numeric))
		}
		at := compare.Point{Cost: s.Cost, Effect: s.Effect}
		row = append(row, t.costs(at.NetMonetaryBenefit(price)))
		if price > 0 {
			row = append(row, t.numeric(at.NetHealthBenefit(price)))
		}
		for i := range other {
			row = append(row, t.numeric(s.Other[i].Value))
		}
		out.Rows = append(out.Rows, row)
	}
	return out
}

func named(name, unit string) string {
	if unit == "" {
		return name
	}
	return name + " (" + unit + ")"
}

// spread is how costs and effects vary over the draws.
func (t *Teller) spread() *Table {
	if t.PSA == nil {
		return nil
	}
	out := &Table{Name: "psa", Title: t.say("report.sure"), Head: []string{t.say("report.strategy"), t.say("report.outcome"), t.say("report.mean"), t.say("report.sd"), t.tail(2.5), t.tail(97.5)}}
	for _, s := range t.PSA.Summaries {
		row := func(what string, v compare.Summary, f func(float64) Cell) {
			out.Rows = append(out.Rows, []Cell{t.typed(t.label(s.Name)), word(what), f(v.Mean), f(v.SD), f(v.Low), f(v.High)})
		}
		row(t.say("report.cost", t.Model.Currency), s.Cost, t.costs)
		row(t.say("report.effect", t.Model.EffectUnit), s.Effect, t.numeric)
	}
	return out
}

// tail is the head of a quantile.
func (t *Teller) tail(percent float64) string {
	return strings.Replace(t.words.Percent(1), "100", t.decimal(percent, 1), 1)
}

// scenarios are the same model under other assumptions and conventions, side by side.
func (t *Teller) scenarios() *Table { return t.variants("scenarios", t.Scenarios) }

// every is the same model under every convention, side by side.
func (t *Teller) every() *Table { return t.variants("every", t.Every) }

func (t *Teller) variants(name string, list []Scenario) *Table {
	if len(list) == 0 {
		return nil
	}
	q := t.Question
	out := &Table{Name: name, Title: t.say("report." + name), Head: []string{t.say("report.scenario"), t.say("report.more.cost") + " (" + t.Model.Currency + ")", t.say("report.more.effect") + " (" + t.Model.EffectUnit + ")",
		t.say("report.icer", t.Model.EffectUnit), t.say("report.gain.of", t.label(q.Strategy), t.label(q.Comparator), t.price()), t.say("report.best")}}
	if a, err := q.Answer(t.points()); err == nil {
		list = append([]Scenario{{Label: t.say("report.asitis"), Answer: a}}, list...)
	}
	for _, s := range list {
		name := s.Label
		if name == "" {
			name = s.Name
		}
		if s.Refused != "" {
			out.Rows = append(out.Rows, []Cell{t.typed(name), {Text: s.Refused, Lang: "en"}, word(""), word(""), word(""), word("")})
			continue
		}
		out.Rows = append(out.Rows, []Cell{t.typed(name), t.costs(s.Answer.MoreCost), t.numeric(s.Answer.MoreEffect), t.maybe(s.Answer.ICER, t.costs), t.costs(s.Answer.Gain), t.typed(t.label(s.Answer.Best))})
	}
	return out
}

// turns are the values at which the answer turns.
func (t *Teller) turns() *Table {
	if len(t.Thresholds) == 0 {
		return nil
	}
	out := &Table{Name: "thresholds", Title: t.say("report.thresholds"), Head: []string{t.say("report.parameter"), t.say("report.unit"), t.say("report.value"), t.say("report.low"), t.say("report.high"), t.say("report.thresholds")}}
	for _, turn := range t.Thresholds {
		row := []Cell{t.typed(t.parameter(turn.Name)), t.typed(turn.Unit), t.input(turn.Base), t.input(turn.Low), t.input(turn.High)}
		if len(turn.At) == 0 {
			out.Rows = append(out.Rows, append(row, word(t.say("report.thresholds.none"))))
			continue
		}
		for _, at := range turn.At {
			out.Rows = append(out.Rows, append(row[:5:5], t.numeric(at)))
		}
	}
	return out
}

// regions are what unequal care costs; who didn't tell has a row that says so.
func (t *Teller) regions() *Table {
	if t.Equal == nil {
		return nil
	}
	out := &Table{Name: "regions", Title: t.gapsFinding(), Head: []string{t.say("report.region"), t.say("report.region.without"), t.say("report.region.effect", t.Model.EffectUnit), t.tail(2.5), t.tail(97.5), t.say("report.region.cost"), t.say("report.region.benefit")}}
	for _, g := range t.Equal.Regions {
		row := []Cell{t.typed(g.Name)}
		if !g.Known {
			for range 6 {
				row = append(row, word(t.say("report.region.unknown")))
			}
		} else {
			row = append(row, t.numeric(g.Without), t.numeric(g.Effect.Mean), t.numeric(g.Effect.Low), t.numeric(g.Effect.High), t.costs(g.Cost.Mean), t.costs(g.Benefit.Mean))
		}
		out.Rows = append(out.Rows, row)
	}
	return out
}

func (t *Teller) gapsFinding() string {
	known, sum := 0, 0.0
	for _, g := range t.Equal.Regions {
		if g.Known {
			known, sum = known+1, sum+g.Effect.Mean
		}
	}
	return t.say("report.gaps.finding", t.number(sum), t.Model.EffectUnit, known, len(t.Equal.Regions))
}

// conventions are how it was counted.
func (t *Teller) conventions() *Table {
	if len(t.Conventions) == 0 {
		return nil
	}
	out := &Table{Name: "conventions", Title: t.say("report.conventions"), Head: []string{t.say("report.name"), t.say("report.value")}}
	for _, f := range t.Conventions {
		out.Rows = append(out.Rows, []Cell{word(f.Name), word(f.Text)})
	}
	return out
}

// inputs are the values that went in, each with its source or with the words that it has none.
func (t *Teller) inputs() *Table {
	if len(t.Parameters) == 0 {
		return nil
	}
	out := &Table{Name: "parameters", Title: t.say("report.parameters"), Head: []string{t.say("report.parameter"), t.say("report.name"), t.say("report.value"), t.say("report.unit"), t.say("report.low"), t.say("report.high"), t.say("report.distribution"), t.say("report.source")}}
	for _, p := range t.Parameters {
		source := t.typed(p.Source)
		if p.Source == "" {
			source = word(t.say("report.nosource"))
		}
		out.Rows = append(out.Rows, []Cell{t.typed(t.parameter(p.Name)), word(p.Name), t.input(p.Value), t.typed(p.Unit), t.maybe(p.Low, t.input), t.maybe(p.High, t.input), word(p.Distribution), source})
	}
	return out
}

// Items is how many CHEERS 2022 has.
const Items = 28

// cheers is what the model says to each item.
func (t *Teller) cheers() Table {
	out := Table{Name: "cheers-2022", Title: t.say("report.cheers"), Head: []string{"#", t.say("report.cheers.item"), t.say("report.cheers.says")}}
	for i, item := range t.items() {
		text := ""
		for _, c := range item {
			if text != "" {
				text += " "
			}
			text += c.Text
		}
		out.Rows = append(out.Rows, []Cell{t.numeric(float64(i + 1)), word(t.say("cheers." + strconv.Itoa(i+1))), word(text)})
	}
	return out
}

// items are the words of each item: what people wrote, then what the run itself tells. None is never empty.
func (t *Teller) items() [][]Cell {
	out := make([][]Cell, Items)
	for i := range out {
		if text := t.Model.Statements[i+1]; text != "" {
			out[i] = append(out[i], t.typed(text))
		}
		out[i] = append(out[i], t.told(i+1)...)
		if len(out[i]) == 0 {
			out[i] = []Cell{word(t.say("report.notstated"))}
		}
	}
	return out
}

// told is what a run tells of an item by itself. Where it tells nothing only people can.
func (t *Teller) told(item int) (out []Cell) {
	above := func(is bool, keys ...string) {
		for _, key := range keys {
			if is {
				out = append(out, word(t.say("report.above", t.words.Quote(t.say(key)))))
			}
		}
	}
	written := func(texts ...string) {
		for _, text := range texts {
			if text != "" {
				out = append(out, t.typed(text))
			}
		}
	}
	switch item {
	case 1:
		written(t.Model.Title)
	case 2:
		for _, s := range t.Sentences() {
			out = append(out, word(s))
		}
	case 3:
		written(t.Model.Description)
	case 7:
		for _, s := range t.Strategies {
			out = append(out, t.typed(t.label(s.Name)+"."))
		}
	case 8:
		written(t.Model.Perspective)
	case 9:
		if t.Model.Cycles != "" {
			out = append(out, word(t.say("report.horizon", t.Model.Cycles, t.Model.CycleLength)))
		}
	case 10, 17:
		for _, f := range t.Conventions {
			if strings.HasPrefix(f.Name, "discount") == (item == 10) && !strings.HasPrefix(f.Name, "discount_index.") && f.Name != "currency" && f.Name != "effect_unit" && f.Name != "price_year" && f.Name != "perspective" {
				out = append(out, Cell{Text: f.Name + ": " + f.Text + ".", Lang: "en"})
			}
		}
		above(len(t.Conventions) > 0, "report.conventions")
	case 11:
		written(t.Model.EffectUnit)
	case 15:
		written(t.Model.Currency)
		if t.Model.PriceYear > 0 {
			out = append(out, word(strconv.Itoa(t.Model.PriceYear)))
		}
	case 16:
		written(t.Model.Structure)
		for _, f := range t.Model.Source {
			written(f.Name + ": " + f.Text)
		}
	case 19:
		above(t.Equal != nil, "report.equal")
	case 20:
		out = append(out, t.uncertainty()...)
	case 22:
		above(len(t.Parameters) > 0, "report.parameters")
		if len(t.Parameters) > 0 {
			out = append(out, word(t.sources()))
		}
	case 23:
		above(true, "report.results")
	case 24:
		above(t.PSA != nil, "report.sure")
		above(t.Tornado != nil, "report.hangs")
		above(t.PSA != nil && len(t.PSA.Partials) > 0, "report.find")
	}
	return out
}

// sources counts values that have one. A source that begins with illustrative is none.
func (t *Teller) sources() string {
	sourced, illustrative := 0, 0
	for _, p := range t.Parameters {
		switch {
		case strings.HasPrefix(strings.ToLower(p.Source), "illustrative"):
			illustrative++
		case p.Source != "":
			sourced++
		}
	}
	out := t.say("report.sources", sourced, len(t.Parameters))
	if illustrative > 0 {
		out += " " + t.say("report.sources.illustrative", illustrative)
	}
	return out
}

func (t *Teller) uncertainty() (out []Cell) {
	if t.PSA != nil {
		out = append(out, word(t.say("report.uncertainty.psa", t.whole(t.PSA.Draws), t.PSA.Parameters, strconv.FormatUint(t.Seed, 10))), word(t.stability()))
	}
	if t.Tornado != nil {
		out = append(out, word(t.say("report.uncertainty.oneway", len(t.Tornado.Bars))))
	}
	if len(t.Scenarios) > 0 {
		out = append(out, word(t.say("report.uncertainty.scenarios", len(t.Scenarios))))
	}
	return out
}

// stability says whether the draws are enough.
func (t *Teller) stability() string {
	s := t.PSA.Stability
	if s.Stable {
		return t.say("report.stability.stable", t.whole(s.Draws), t.label(s.Best), t.money(s.Gain), t.money(s.Error))
	}
	return t.say("report.stability.unstable", t.whole(s.Draws), t.label(s.Best), t.money(s.Gain), t.money(s.Error), t.whole(s.Needed))
}
