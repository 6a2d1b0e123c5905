package econ

import (
	"errors"

	"github.com/samverk/samverk/econ/curve"
	"github.com/samverk/samverk/econ/formula"
)

// Curve is a survival curve in a model: a family with its arguments in years, or a table. Among events, it is how long it
// takes from one state to another.
type Curve struct {
	Name        string    `econ:"name,key"`
	Family      string    `econ:"family,required" doc:"exponential, weibull, weibullph, gompertz, lognormal, loglogistic, gamma, gengamma; empirical, lifetable or piecewise, of a table."`
	Table       string    `econ:"table" doc:"Of empirical: survival by time; of lifetable: probabilities of death by age; of piecewise: rates by the time they begin."`
	Column      string    `econ:"column" doc:"The table's column."`
	Straight    bool      `econ:"straight" doc:"Of empirical: straight between the times, and not in steps."`
	Age         Text      `econ:"age" doc:"Of a lifetable: the age at the start."`
	HazardRatio Text      `econ:"hazard_ratio" doc:"The hazard is multiplied by it."`
	Slower      Text      `econ:"slower" doc:"All times are multiplied by it."`
	Given       Text      `econ:"given" doc:"The survival from this time on, of those who reached it."`
	Until       Text      `econ:"until" doc:"The time until which the curve holds; then another's hazard does."`
	Then        string    `econ:"then" doc:"That other curve."`
	From        string    `econ:"from" doc:"Of events: the state it is left from."`
	To          string    `econ:"to" doc:"Of events: the state it leads to."`
	Clock       string    `econ:"clock" doc:"Of events: reset (time since the state was entered, if not given) or forward (time since the start)."`
	Arguments   []Setting `econ:",rest" doc:"The family's arguments by name."`
	At          Pos       `econ:"-"`
}

// curveMaker is a curve compiled: its numbers are values of the program.
type curveMaker struct {
	maker                            curve.Maker
	args                             []formula.Reg
	table                            *curve.Curve
	from                             float64 // the first age of a life table
	age, ratio, slower, given, until formula.Reg
	then                             *curveMaker
	at                               Pos
	field                            string
}

// curve compiles one of a part's curves.
func (c *compiler) curve(p *Part, one *Curve, sc *scope, field string) *curveMaker {
	m := &curveMaker{at: one.At, field: field + "." + one.Name, age: none, ratio: none, slower: none, given: none, until: none}
	option := func(to *formula.Reg, t Text, name string) {
		if t.Source != "" {
			*to = c.formula(t, sc, m.field+"."+name)
		}
	}
	option(&m.ratio, one.HazardRatio, "hazard_ratio")
	option(&m.slower, one.Slower, "slower")
	option(&m.given, one.Given, "given")
	option(&m.until, one.Until, "until")
	if one.Then != "" || m.until != none {
		c.join(p, one, m, sc, field)
	}
	switch one.Family {
	case "empirical", "lifetable", "piecewise":
		c.tabled(one, m, sc)
	default:
		names := make([]string, len(one.Arguments))
		for i, a := range one.Arguments {
			names[i] = a.Name
		}
		var err error
		if m.maker, err = curve.NewMaker(one.Family, names); err != nil {
			c.problems.put(m.problem(err, ""))
			return m
		}
		for _, name := range m.maker.Arguments {
			for _, a := range one.Arguments {
				if a.Name == name {
					m.args = append(m.args, c.formula(a.Value, sc, m.field+"."+name))
				}
			}
		}
	}
	return m
}

func (c *compiler) join(p *Part, one *Curve, m *curveMaker, sc *scope, field string) {
	if one.Then == "" || m.until == none {
		c.problems.add(one.At, m.field, "as until: 2, then: NAME", "until and then go together")
		return
	}
	for i := range p.Curves {
		next := &p.Curves[i]
		if next.Name != one.Then {
			continue
		}
		if next.Then != "" {
			c.problems.add(one.At, m.field+".then", "", "%s goes on as another already", next.Name)
			return
		}
		m.then = c.curve(p, next, sc, field)
		return
	}
	c.problems.add(one.At, m.field+".then", nearest(one.Then, names(p.Curves, func(x Curve) string { return x.Name })), "there is no curve %q", one.Then)
}

// tabled makes a curve of a table at once; only the age at the start may differ.
func (c *compiler) tabled(one *Curve, m *curveMaker, sc *scope) {
	if len(one.Arguments) > 0 {
		c.problems.add(one.Arguments[0].At, m.field+"."+one.Arguments[0].Name, "table and column", "%s takes no %s", one.Family, one.Arguments[0].Name)
	}
	data := c.model.data[one.Table]
	var key string
	for _, t := range c.model.Tables {
		if t.Name == one.Table {
			key = t.Key
		}
	}
	if data == nil || key == "" {
		c.problems.add(one.At, m.field+".table", "name it under tables, with its file and its key, the column of times or ages", "there is no table %q with a key", one.Table)
		return
	}
	times, ok := data.column(key)
	values, ok2 := data.column(one.Column)
	if !ok || !ok2 {
		c.problems.add(one.At, m.field+".column", nearest(one.Column, data.heads), "the table %s has no column %q of numbers", one.Table, one.Column)
		return
	}
	var made curve.Curve
	var err error
	switch one.Family {
	case "empirical":
		made, err = curve.Empirical(times, values, one.Straight)
	case "piecewise":
		made, err = curve.PiecewiseExponential(times, values)
	default:
		if one.Age.Source == "" {
			c.problems.add(one.At, m.field+".age", "as age: start_age", "a life table needs the age at the start")
			return
		}
		m.age, m.from = c.formula(one.Age, sc, m.field+".age"), times[0]
		made, err = curve.LifeTable(times, values, 1, times[0])
	}
	if err != nil {
		c.problems.put(m.problem(err, ""))
	}
	m.table = &made
}

func (m *curveMaker) problem(err error, when string) Problem {
	p := Problem{File: m.at.File, Line: m.at.Line, Column: m.at.Column, Field: m.field, Says: err.Error() + when}
	if e := (*curve.Error)(nil); errors.As(err, &e) {
		p.Hint = e.Hint
		plain := *e
		plain.Hint = ""
		p.Says = plain.Error() + when
	}
	return p
}

// needs are the values the curve is made of.
func (m *curveMaker) needs() []formula.Reg {
	if m == nil {
		return nil
	}
	regs := append([]formula.Reg(nil), m.args...)
	for _, r := range []formula.Reg{m.age, m.ratio, m.slower, m.given, m.until} {
		if r != none {
			regs = append(regs, r)
		}
	}
	return append(regs, m.then.needs()...)
}

// in is the curve in a lane.
func (m *curveMaker) in(f *formula.Frame, lane int) (curve.Curve, error) {
	var made curve.Curve
	if m.table != nil {
		made = *m.table
	} else {
		var room [3]float64
		args := room[:0]
		for _, r := range m.args {
			args = append(args, f.At(r, lane))
		}
		var err error
		if made, err = m.maker.Make(args...); err != nil {
			return made, err
		}
	}
	if m.age != none {
		age := f.At(m.age, lane)
		if !(age >= m.from) {
			return made, &curve.Error{Family: "lifetable", Says: "begins after the age at the start"}
		}
		made = made.Given(age - m.from)
	}
	if m.then != nil {
		next, err := m.then.in(f, lane)
		if err != nil {
			return made, err
		}
		made = curve.Join(f.At(m.until, lane), made, next)
	}
	return m.changed(made, f, lane)
}

func (m *curveMaker) changed(made curve.Curve, f *formula.Frame, lane int) (curve.Curve, error) {
	for i, r := range [...]formula.Reg{m.ratio, m.slower, m.given} {
		if r == none {
			continue
		}
		v := f.At(r, lane)
		if !(v > 0) && !(v == 0 && i == 2) {
			return made, &curve.Error{Family: m.maker.Family, Arg: [...]string{"hazard_ratio", "slower", "given"}[i], Says: "isn't above 0"}
		}
		switch i {
		case 0:
			made = made.WithHazardRatio(v)
		case 1:
			made = made.Slower(v)
		default:
			made = made.Given(v)
		}
	}
	return made, nil
}
