package econ

import (
	"errors"

	"github.com/samverk/samverk/econ/formula"
)

// units checks units where they are given: through derived formulas and what is set, to what states give.
type units struct {
	c    *compiler
	memo map[string]formula.Unit
	busy map[string]bool
}

func (c *compiler) units() {
	u := &units{c: c, memo: map[string]formula.Unit{}, busy: map[string]bool{}}
	for _, d := range c.model.Derived {
		u.of(d.Formula, "derived."+d.Name)
	}
	for _, s := range c.model.Strategies {
		for _, r := range s.Rewards {
			u.reward(r.Name, r.Value, "strategies."+s.Name+".rewards")
		}
	}
	for i := range c.model.Parts {
		u.part(&c.model.Parts[i])
	}
}

func (u *units) part(p *Part) {
	field := "parts." + p.Name
	for _, r := range p.Transitions {
		for _, m := range r.To {
			u.probability(m.P, field+".transitions."+r.From)
		}
	}
	for _, r := range p.Rewards {
		for _, a := range r.Of {
			u.reward(r.Outcome, a.Value, field+".rewards."+r.Outcome)
		}
	}
	for _, set := range p.OnMove {
		for _, r := range set.Rows {
			for _, g := range r.To {
				u.reward(set.Outcome, g.Value, field+".transition_rewards."+set.Outcome)
			}
		}
	}
	u.branches(p.Branches, field)
}

func (u *units) branches(list []Branch, field string) {
	for _, b := range list {
		at := field + "." + b.Name
		u.probability(b.P, at)
		for _, r := range b.Rewards {
			u.reward(r.Name, r.Value, at+".rewards")
		}
		u.branches(b.Branches, at)
	}
}

// of gives a text's unit; what can't be added is a problem.
func (u *units) of(t Text, field string) formula.Unit {
	n := u.c.parsed[t]
	if n == nil {
		return formula.Unit{}
	}
	unit, err := formula.UnitOf(n, u.name)
	if err != nil {
		var e *formula.Error
		if errors.As(err, &e) {
			u.c.problems.fault(e, t.At, field)
		}
		return formula.Unit{}
	}
	return unit
}

// name gives a name's unit: as it is given, or as its formula has it.
func (u *units) name(name string) formula.Unit {
	if unit, ok := u.memo[name]; ok {
		return unit
	}
	if u.busy[name] {
		return formula.Unit{}
	}
	u.busy[name] = true
	unit := u.find(name)
	delete(u.busy, name)
	u.memo[name] = unit
	return unit
}

func (u *units) find(name string) formula.Unit {
	if u.c.settable[name] {
		return u.set(name)
	}
	if i, ok := u.c.byName[name]; ok {
		return formula.ParseUnit(u.c.model.Parameters[i].Unit)
	}
	if i, ok := u.c.derived[name]; ok {
		d := u.c.model.Derived[i]
		if given := formula.ParseUnit(d.Unit); given.Known() {
			return given
		}
		return u.of(d.Formula, "derived."+name)
	}
	if reserved[name] != "" {
		return formula.ParseUnit("cycles")
	}
	return formula.Unit{}
}

// set gives the unit of what strategies set: the first that has one.
func (u *units) set(name string) formula.Unit {
	for _, s := range u.c.model.Strategies {
		for _, x := range s.Set {
			if x.Name == name {
				if unit := u.of(x.Value, "strategies."+s.Name+".set"); unit.Known() {
					return unit
				}
			}
		}
	}
	return formula.Unit{}
}

func (u *units) probability(t Text, field string) {
	if t.Source == "rest" {
		return
	}
	switch unit := u.of(t, field); {
	case unit.Rate():
		u.c.problems.warn(t.At, field, "a rate becomes a probability by rate_to_prob(rate, cycle length), that is 1-exp(-rate*length)", "%s is a rate (%s) and is used as a probability", t.Source, unit)
	case unit.Money() || unit.Utility():
		u.c.problems.add(t.At, field, "", "%s is %s and is used as a probability", t.Source, unit)
	}
}

func (u *units) reward(outcome string, t Text, field string) {
	unit := u.of(t, field)
	cost := outcome == costName
	effect := outcome == effectName
	for _, o := range u.c.model.Outcomes {
		cost = cost || o.Name == outcome && o.PartOf == costName
		effect = effect || o.Name == outcome && o.PartOf == effectName
	}
	switch {
	case cost && (unit.Utility() || unit.Probability()):
		u.c.problems.add(t.At, field, "a cost is an amount of money", "%s is %s and is counted as a cost", t.Source, unit)
	case effect && unit.Money():
		u.c.problems.add(t.At, field, "an effect isn't money", "%s is %s and is counted as an effect", t.Source, unit)
	case cost && unit.Money() && !unit.Of(u.c.model.Currency):
		u.c.problems.add(t.At, field, "convert it, and say in a note by which rate", "%s is in %s, and the model in %s", t.Source, unit, u.c.model.Currency)
	}
}
