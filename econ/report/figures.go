package report

import (
	"cmp"
	"html/template"
	"math"
	"slices"
	"strings"

	"github.com/samverk/samverk/econ/compare"
	"github.com/samverk/samverk/web/chart"
)

const mostDots = 1000 // of the plane that are drawn

// Figures are all drawings that the run has, in the order of the report.
func (t *Teller) Figures() []Figure { return t.figures }

func (t *Teller) draw() []Figure {
	out := []Figure{t.frontier()}
	if t.PSA != nil {
		for _, c := range t.PSA.Plane {
			out = append(out, t.plane(c))
		}
		out = append(out, t.acceptability(), t.loss(), t.evpi())
		if len(t.PSA.Partials) > 0 {
			out = append(out, t.partials(), t.ranged())
		}
		if t.PSA.Sample != nil && t.PSA.Population != nil {
			out = append(out, t.sample())
		}
	}
	if t.Tornado != nil && len(t.Tornado.Bars) > 0 {
		out = append(out, t.tornado())
	}
	if t.TwoWay != nil {
		out = append(out, t.twoWay())
	}
	if t.Equal != nil {
		out = append(out, t.unequal())
	}
	for i := range t.Traces {
		out = append(out, t.trace(i))
	}
	return out
}

func (t *Teller) frontier() Figure {
	p := chart.Places{ID: "frontier"}
	lowX, highX, lowY, highY := math.Inf(1), math.Inf(-1), math.Inf(1), math.Inf(-1)
	efficient, names := 0, []string(nil)
	for _, s := range t.Frontier {
		on := s.Status == compare.Efficient
		if on {
			efficient++
			names = append(names, t.label(s.Name))
		}
		p.Places = append(p.Places, chart.Place{Name: t.label(s.Name), X: s.Effect, Y: s.Cost, On: on})
		lowX, highX, lowY, highY = min(lowX, s.Effect), max(highX, s.Effect), min(lowY, s.Cost), max(highY, s.Cost)
	}
	scale, unit := t.scaled(max(math.Abs(lowY), math.Abs(highY)))
	p.X, p.Y = t.roomy(lowX, highX, 1, t.Model.EffectUnit), t.roomy(lowY, highY, scale, unit)
	p.Title = t.say("report.frontier.finding", efficient, len(t.Frontier))
	p.Desc = t.say("report.frontier.desc", strings.Join(names, ", "))
	return Figure{Name: "frontier", Finding: p.Title, Small: t.say("report.frontier.small", t.Model.Currency, t.Model.EffectUnit), SVG: p.SVG(), Table: t.standings()}
}

// roomy is an axis with a tenth of room at each end.
func (t *Teller) roomy(low, high, scale float64, unit string) chart.Axis {
	room := (high - low) / 10
	if room == 0 {
		room = max(math.Abs(high)/10, 1)
	}
	return t.axis(low-room, high+room, scale, unit)
}

func (t *Teller) standings() Table {
	out := Table{Name: "frontier", Title: t.say("report.results"), Head: []string{t.say("report.strategy"), t.say("report.cost", t.Model.Currency), t.say("report.effect", t.Model.EffectUnit),
		t.say("report.status"), t.say("report.against"), t.say("report.more.cost"), t.say("report.more.effect"), t.say("report.icer", t.Model.EffectUnit)}}
	for _, s := range t.Frontier {
		row := []Cell{t.typed(t.label(s.Name)), t.costs(s.Cost), t.numeric(s.Effect), word(t.say("report.status." + string(s.Status)))}
		if s.Against == "" {
			row = append(row, word(t.say("report.missing")), word(t.say("report.missing")), word(t.say("report.missing")))
		} else {
			row = append(row, t.typed(t.label(s.Against)), t.costs(s.MoreCost), t.numeric(s.MoreGives))
		}
		out.Rows = append(out.Rows, append(row, t.maybe(s.ICER, t.costs)))
	}
	return out
}

func (t *Teller) plane(c compare.Cloud) Figure {
	price := t.Question.Question.WTP
	p := chart.Plane{ID: "plane-" + c.Strategy, Price: price, PriceText: t.price(), Better: t.say("report.plane.better"), Mean: [2]float64{c.Effect.Mean, c.Cost.Mean}}
	p.ID = "plane-" + safe(c.Strategy)
	step := max((len(c.MoreCost)+mostDots-1)/mostDots, 1)
	lowX, highX, lowY, highY := min(0, c.Effect.Mean), max(0, c.Effect.Mean), min(0, c.Cost.Mean), max(0, c.Cost.Mean)
	for d := 0; d < len(c.MoreCost); d += step {
		x, y := c.MoreEffect[d], c.MoreCost[d]
		p.Dots = append(p.Dots, [2]float64{x, y})
		lowX, highX, lowY, highY = min(lowX, x), max(highX, x), min(lowY, y), max(highY, y)
	}
	scale, unit := t.scaled(max(math.Abs(lowY), math.Abs(highY)))
	p.X = t.roomy(lowX, highX, 1, t.say("report.plane.x", t.Model.EffectUnit))
	p.Y = t.roomy(lowY, highY, scale, t.say("report.plane.y", unit))
	p.Title = t.say("report.plane.finding", t.percent(c.Worth(price)), t.label(c.Strategy))
	p.Desc = t.say("report.plane.desc", t.number(c.Effect.Mean), t.Model.EffectUnit, t.money(c.Cost.Mean))
	small := t.say("report.plane.small", t.whole(len(c.MoreCost)), t.label(c.Comparator), t.price())
	if step > 1 {
		small += " " + t.say("report.plane.some", t.whole(len(p.Dots)), t.whole(len(c.MoreCost)))
	}
	table := Table{Name: p.ID, Title: p.Title, Head: []string{t.say("report.outcome"), t.say("report.share")}, Rows: [][]Cell{
		{word(t.say("report.plane.worth")), t.shares(c.Worth(price))},
		{word(t.say("report.plane.MoreCheaper")), t.shares(c.MoreCheaper)},
		{word(t.say("report.plane.MoreDearer")), t.shares(c.MoreDearer)},
		{word(t.say("report.plane.LessCheaper")), t.shares(c.LessCheaper)},
		{word(t.say("report.plane.LessDearer")), t.shares(c.LessDearer)},
	}}
	return Figure{Name: p.ID, Finding: p.Title, Small: small, SVG: p.SVG(), Table: table}
}

// safe makes a name an id.
func safe(name string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return '-'
	}, name)
}

// prices is the axis of what a unit of effect may cost.
func (t *Teller) prices() chart.Axis {
	wtp := t.PSA.Curves.WTP
	scale, unit := t.scaled(wtp[len(wtp)-1])
	return t.axis(wtp[0], wtp[len(wtp)-1], scale, t.say("report.price", unit, t.Model.EffectUnit))
}

// at is the value of a curve at the price of interest.
func (t *Teller) at(row []float64) float64 {
	wtp, price := t.PSA.Curves.WTP, t.Question.Question.WTP
	i, found := slices.BinarySearch(wtp, price)
	switch {
	case found || i == 0:
		return row[i]
	case i == len(wtp):
		return row[i-1]
	}
	return row[i-1] + (row[i]-row[i-1])*(price-wtp[i-1])/(wtp[i]-wtp[i-1])
}

// every tenth or so of a curve's points goes into its table, and the price of interest.
func (t *Teller) chosen() []int {
	wtp, out := t.PSA.Curves.WTP, []int(nil)
	step := max((len(wtp)-1)/10, 1)
	for i, w := range wtp {
		if i%step == 0 || w == t.Question.Question.WTP {
			out = append(out, i)
		}
	}
	return out
}

func (t *Teller) curves(id, title, unit string, rows [][]float64, scale float64, mark func(v float64) string) (template.HTML, []Key) {
	price := t.Question.Question.WTP
	most, c := 0.0, t.PSA.Curves
	l := chart.Lines{ID: id, Title: title, At: &price}
	var keys []Key
	for s, row := range rows {
		l.Series = append(l.Series, chart.Series{X: c.WTP, Y: row, Marked: mark(t.at(row))})
		most = max(most, slices.Max(row))
		if len(rows) == len(c.Strategies) {
			l.Series[s].Marked += " " + t.label(c.Strategies[s])
			keys = append(keys, Key{chart.LineKey(s), t.label(c.Strategies[s])})
		}
	}
	if most == 0 {
		most = 1
	}
	l.X, l.Y = t.prices(), t.axis(0, most, scale, unit)
	l.Desc = title
	return l.SVG(), keys
}

func (t *Teller) acceptability() Figure {
	c, best := t.PSA.Curves, t.PSA.Stability.Best
	finding := t.say("report.ceac.finding", t.percent(t.ceaf()), t.label(best), t.price())
	rows := make([][]float64, len(c.CEAC))
	for s, row := range c.CEAC {
		rows[s] = times(row, 100)
	}
	svg, keys := t.curves("ceac", finding, "%", rows, 1, func(v float64) string { return t.percent(v / 100) })
	table := Table{Name: "ceac", Title: finding, Head: []string{t.priceHead()}}
	for _, s := range c.Strategies {
		table.Head = append(table.Head, t.label(s))
	}
	table.Head = append(table.Head, t.say("report.ceaf"), t.say("report.ceaf.chance"))
	for _, k := range t.chosen() {
		row := []Cell{t.costs(c.WTP[k])}
		for s := range c.Strategies {
			row = append(row, t.shares(c.CEAC[s][k]))
		}
		table.Rows = append(table.Rows, append(row, t.typed(t.label(c.Strategies[c.Best[k]])), t.shares(c.CEAF[k])))
	}
	return Figure{Name: "ceac", Finding: finding, Small: t.say("report.ceac.small", t.Model.Currency), SVG: svg, Keys: keys, Table: table}
}

func (t *Teller) priceHead() string {
	return t.say("report.price", t.Model.Currency, t.Model.EffectUnit)
}

func times(row []float64, by float64) []float64 {
	out := make([]float64, len(row))
	for i, v := range row {
		out[i] = v * by
	}
	return out
}

func (t *Teller) loss() Figure {
	c, least := t.PSA.Curves, math.Inf(1)
	for _, row := range c.Loss {
		least = min(least, t.at(row))
	}
	finding := t.say("report.loss.finding", t.label(t.PSA.Stability.Best), t.rough(least), t.price())
	svg, keys := t.curvesOfMoney("loss", finding, c.Loss)
	table := Table{Name: "loss", Title: finding, Head: []string{t.priceHead()}}
	for _, s := range c.Strategies {
		table.Head = append(table.Head, t.label(s))
	}
	for _, k := range t.chosen() {
		row := []Cell{t.costs(c.WTP[k])}
		for s := range c.Strategies {
			row = append(row, t.costs(c.Loss[s][k]))
		}
		table.Rows = append(table.Rows, row)
	}
	return Figure{Name: "loss", Finding: finding, Small: t.say("report.loss.small", t.Model.Currency), SVG: svg, Keys: keys, Table: table}
}

func (t *Teller) curvesOfMoney(id, title string, rows [][]float64) (template.HTML, []Key) {
	most := 0.0
	for _, row := range rows {
		most = max(most, slices.Max(row))
	}
	scale, unit := t.scaled(most)
	return t.curves(id, title, unit, rows, scale, t.money)
}

func (t *Teller) evpi() Figure {
	c, persons, key := t.PSA.Curves, 1.0, "report.evpi.finding"
	head := []string{t.priceHead(), t.say("report.evpi")}
	small := t.say("report.evpi.small", t.Model.Currency)
	if p := t.PSA.Population; p != nil {
		persons, key, head = p.Persons(), "report.evpi.finding.population", append(head, t.say("report.evpi.all"))
		small += " " + t.say("report.evpi.population", t.number(p.Now), t.number(p.Incidence), p.Years, t.percent(p.Rate))
	}
	rows := times(c.EVPI, persons)
	finding := t.say(key, t.rough(t.at(rows)), t.price())
	svg, _ := t.curvesOfMoney("evpi", finding, [][]float64{rows})
	table := Table{Name: "evpi", Title: finding, Head: head}
	for _, k := range t.chosen() {
		row := []Cell{t.costs(c.WTP[k]), t.costs(c.EVPI[k])}
		if t.PSA.Population != nil {
			row = append(row, t.costs(rows[k]))
		}
		table.Rows = append(table.Rows, row)
	}
	return Figure{Name: "evpi", Finding: finding, Small: small, SVG: svg, Table: table}
}

// group names parameters that are valued together.
func (t *Teller) group(names []string) string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = t.parameter(n)
	}
	return strings.Join(out, " + ")
}

// sorted are the partial values, the highest at the price of interest first.
func (t *Teller) sorted() []compare.Partial {
	sorted := slices.Clone(t.PSA.Partials)
	slices.SortStableFunc(sorted, func(a, b compare.Partial) int { return cmp.Compare(b.EVPPI[0], a.EVPPI[0]) })
	return sorted
}

// ranged are the three highest over the range of prices.
func (t *Teller) ranged() Figure {
	top := t.sorted()
	slices.SortStableFunc(top, func(a, b compare.Partial) int { return cmp.Compare(slices.Max(b.EVPPI), slices.Max(a.EVPPI)) })
	top = top[:min(len(top), 3)]
	prices := top[0].WTP[1:]
	price, most := t.Question.Question.WTP, 0.0
	peak := 0
	for k := range prices {
		if top[0].EVPPI[1+k] > top[0].EVPPI[1+peak] {
			peak = k
		}
	}
	finding := t.say("report.evppi.range", t.group(top[0].Parameters), t.rough(top[0].EVPPI[1+peak]), t.say("report.price", t.money(prices[peak]), t.Model.EffectUnit))
	table := Table{Name: "evppi-range", Title: finding, Head: []string{t.priceHead()}}
	l := chart.Lines{ID: "evppi-range", Title: finding, Desc: finding, X: t.prices(), At: &price}
	var keys []Key
	for i, p := range top {
		name := t.group(p.Parameters)
		l.Series = append(l.Series, chart.Series{X: prices, Y: p.EVPPI[1:], Marked: t.money(p.EVPPI[0])})
		keys = append(keys, Key{chart.LineKey(i), name})
		table.Head = append(table.Head, name)
		most = max(most, slices.Max(p.EVPPI))
	}
	for k, w := range prices {
		row := []Cell{t.costs(w)}
		for _, p := range top {
			row = append(row, t.costs(p.EVPPI[1+k]))
		}
		table.Rows = append(table.Rows, row)
	}
	scale, unit := t.scaled(most)
	if most == 0 {
		most = 1
	}
	l.Y = t.axis(0, most, scale, unit)
	return Figure{Name: "evppi-range", Finding: finding, Small: t.say("report.evppi.range.small", t.Model.Currency), SVG: l.SVG(), Keys: keys, Table: table}
}

// twoWay is the gain as two values change together.
func (t *Teller) twoWay() Figure {
	g := t.TwoWay
	over, most := 0, 0.0
	for _, row := range g.Gain {
		for _, v := range row {
			most = max(most, math.Abs(v))
			if v > 0 {
				over++
			}
		}
	}
	scale, unit := t.scaled(most)
	x, y := t.parameter(g.X.Name), t.parameter(g.Y.Name)
	finding := t.say("report.twoway.finding", t.label(t.Question.Strategy), over, len(g.Xs)*len(g.Ys))
	c := chart.Grid{ID: "two-way", Title: finding, X: x, Y: y}
	table := Table{Name: "two-way", Title: finding, Head: []string{y + " \\ " + x}}
	for _, v := range g.Xs {
		c.Xs = append(c.Xs, t.input(v).Text)
		table.Head = append(table.Head, t.input(v).Text)
	}
	for j, v := range g.Ys {
		c.Ys, c.Cells, c.Over = append(c.Ys, t.input(v).Text), append(c.Cells, nil), append(c.Over, nil)
		row := []Cell{t.input(v)}
		for _, gain := range g.Gain[j] {
			c.Cells[j], c.Over[j] = append(c.Cells[j], t.amount(gain/scale)), append(c.Over[j], gain > 0)
			row = append(row, t.costs(gain))
		}
		table.Rows = append(table.Rows, row)
	}
	c.Desc = t.say("report.twoway.small", t.label(t.Question.Strategy), t.label(t.Question.Comparator), unit, t.price())
	return Figure{Name: "two-way", Finding: finding, Small: c.Desc, SVG: c.SVG(), Table: table}
}

// unequal is what each region's patients go without; who didn't tell has no bar, and is named.
func (t *Teller) unequal() Figure {
	table := *t.regions()
	p := chart.Tornado{ID: "regions", Title: table.Title, Desc: table.Title, BaseText: "0"}
	for _, g := range t.Equal.Regions {
		text := t.say("report.region.unknown")
		if g.Known {
			text = t.number(g.Effect.Mean)
		}
		p.Swings = append(p.Swings, chart.Swing{Label: g.Name, High: g.Effect.Mean, HighText: text})
	}
	return Figure{Name: "regions", Finding: table.Title, Small: t.gapsSmall(), SVG: p.SVG(), Table: table}
}

func (t *Teller) partials() Figure {
	sorted := t.sorted()
	finding := t.say("report.evppi.finding.none")
	if top := sorted[0]; top.EVPPI[0] > 0.01*t.at(t.PSA.Curves.EVPI) {
		finding = t.say("report.evppi.finding", t.group(top.Parameters))
	}
	p := chart.Tornado{ID: "evppi", Title: finding, BaseText: "0"}
	table := Table{Name: "evppi", Title: finding, Head: []string{t.say("report.parameter"), t.say("report.evppi") + " (" + t.Model.Currency + ")", t.say("report.evppi.explains")}}
	if t.PSA.Population != nil {
		table.Head = append(table.Head, t.say("report.evsi.all"))
	}
	for i, part := range sorted {
		v, name := part.EVPPI[0], t.group(part.Parameters)
		if i < 8 {
			p.Swings = append(p.Swings, chart.Swing{Label: name, High: v, HighText: t.amount(v)})
		}
		row := []Cell{t.typed(name), t.costs(v), t.shares(part.ShareEffect)}
		if t.PSA.Population != nil {
			row = append(row, t.costs(v*t.PSA.Population.Persons()))
		}
		table.Rows = append(table.Rows, row)
	}
	p.Desc = finding
	return Figure{Name: "evppi", Finding: finding, Small: t.say("report.evppi.small", t.Model.Currency, t.price()), SVG: p.SVG(), Table: table}
}

func (t *Teller) sample() Figure {
	s, persons := t.PSA.Sample, t.PSA.Population.Persons()
	net := s.Net(*t.PSA.Population)
	best := 0
	line, gross := chart.Series{Bold: true}, chart.Series{}
	table := Table{Name: "evsi", Head: []string{t.say("report.persons"), t.say("report.evsi"), t.say("report.evsi.all"), t.say("report.evsi.net")}}
	low, high := 0.0, 0.0
	for i, n := range s.Sizes {
		if net[i][0] > net[best][0] {
			best = i
		}
		line.X, line.Y = append(line.X, float64(n)), append(line.Y, net[i][0])
		gross.X, gross.Y = append(gross.X, float64(n)), append(gross.Y, s.EVSI[i][0]*persons)
		low, high = min(low, net[i][0]), max(high, s.EVSI[i][0]*persons, net[i][0])
		table.Rows = append(table.Rows, []Cell{t.numeric(float64(n)), t.costs(s.EVSI[i][0]), t.costs(s.EVSI[i][0] * persons), t.costs(net[i][0])})
	}
	finding := t.say("report.evsi.finding.none")
	if net[best][0] > 0 {
		finding = t.say("report.evsi.finding", t.whole(s.Sizes[best]), t.rough(net[best][0]))
	}
	table.Title = finding
	scale, unit := t.scaled(max(high, -low))
	l := chart.Lines{ID: "evsi", Title: finding, Desc: finding, X: t.axis(0, slices.Max(line.X), 1, t.say("report.persons")), Y: t.axis(low, high, scale, unit), Series: []chart.Series{line, gross}}
	keys := []Key{{chart.LineKey(0), t.say("report.evsi.net")}, {chart.LineKey(1), t.say("report.evsi.all")}}
	return Figure{Name: "evsi", Finding: finding, Small: t.say("report.evsi.small", t.group(s.Parameters), t.Model.Currency, t.price()), SVG: l.SVG(), Keys: keys, Table: table}
}

func (t *Teller) tornado() Figure {
	b := t.Tornado
	key, top := "report.tornado.finding", b.Bars[0]
	if top.Turns {
		key = "report.tornado.turns"
	}
	finding := t.say(key, t.parameter(top.Name))
	p := chart.Tornado{ID: "tornado", Title: finding, Zero: true, Base: b.Base.Gain, BaseText: t.say("report.tornado.base", t.money(b.Base.Gain)),
		Desc: t.say("report.tornado.desc", t.money(min(top.AtLow.Gain, top.AtHigh.Gain)), t.money(max(top.AtLow.Gain, top.AtHigh.Gain)))}
	table := Table{Name: "tornado", Title: finding, Head: []string{t.say("report.parameter"), t.say("report.unit"), t.say("report.low"), t.say("report.high"),
		t.say("report.gain") + ": " + t.say("report.low"), t.say("report.gain") + ": " + t.say("report.high"), t.say("report.turns")}}
	for i, bar := range b.Bars {
		if i < 10 {
			p.Swings = append(p.Swings, chart.Swing{Label: t.parameter(bar.Name), Low: bar.AtLow.Gain, High: bar.AtHigh.Gain, LowText: t.amount(bar.AtLow.Gain), HighText: t.amount(bar.AtHigh.Gain)})
		}
		turns := t.say("report.no")
		if bar.Turns {
			turns = t.say("report.yes")
		}
		table.Rows = append(table.Rows, []Cell{t.typed(t.parameter(bar.Name)), t.typed(bar.Unit), t.input(bar.Low), t.input(bar.High), t.costs(bar.AtLow.Gain), t.costs(bar.AtHigh.Gain), word(turns)})
	}
	keys := []Key{{chart.Patch("bar"), t.say("report.atlow")}, {chart.Patch("bar2"), t.say("report.athigh")}}
	small := t.say("report.tornado.small", t.label(b.Strategy), t.label(b.Comparator), t.Model.Currency, t.price())
	return Figure{Name: "tornado", Finding: finding, Small: small, SVG: p.SVG(), Keys: keys, Table: table}
}

func (t *Teller) trace(i int) Figure {
	trace := t.Traces[i]
	last, most := len(trace.Years)-1, 0
	name := "trace-" + safe(trace.Strategy)
	if trace.Part != "" {
		name += "-" + safe(trace.Part)
	}
	l := chart.Lines{ID: name, X: t.axis(0, trace.Years[last], 1, t.say("report.year")), Y: t.axis(0, 100, 1, "%")}
	var keys []Key
	table := Table{Name: name, Head: []string{t.say("report.year")}}
	for s, state := range trace.States {
		if trace.Share[s][last] > trace.Share[most][last] {
			most = s
		}
		l.Series = append(l.Series, chart.Series{X: trace.Years, Y: times(trace.Share[s], 100)})
		keys = append(keys, Key{chart.LineKey(s), state})
		table.Head = append(table.Head, state)
	}
	step := max(last/10, 1)
	for k := 0; k <= last; k++ {
		if k%step != 0 && k != last {
			continue
		}
		row := []Cell{t.numeric(trace.Years[k])}
		for s := range trace.States {
			row = append(row, t.shares(trace.Share[s][k]))
		}
		table.Rows = append(table.Rows, row)
	}
	l.Title = t.say("report.trace.finding", t.label(trace.Strategy), t.percent(trace.Share[most][last]), trace.States[most])
	l.Desc, table.Title = l.Title, l.Title
	return Figure{Name: name, Finding: l.Title, Small: t.say("report.trace.small"), SVG: l.SVG(), Keys: keys, Table: table}
}
