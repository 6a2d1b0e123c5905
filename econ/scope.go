package econ

import (
	"fmt"
	"maps"
	"slices"

	"github.com/samverk/samverk/econ/formula"
)

// scope is what names stand for at a place in a model: under a strategy, on a branch, in a state.
type scope struct {
	c    *compiler
	sets []map[string]Text // the strategy's, then those of branches on the way
	time *clock            // nil in trees
	who  map[string]*known // what is known of a person
	memo map[string]formula.Reg
	busy map[string]bool
}

// clock is what formulas know of time.
type clock struct {
	n         int
	length    float64
	counting  bool // states are being counted: k is known
	stateTime int  // 0 where a state has no tunnel
}

// known is something known of a person: an attribute, their history, where they are.
type known struct {
	reg  formula.Reg
	used bool
}

func (c *compiler) scope() *scope {
	return &scope{c: c, memo: map[string]formula.Reg{}, busy: map[string]bool{}}
}

// with gives the scope where some names have other values.
func (s *scope) with(set []Setting) *scope {
	if len(set) == 0 {
		return s
	}
	level := map[string]Text{}
	for _, x := range set {
		level[x.Name] = x.Value
	}
	next := s.c.scope()
	next.sets, next.time, next.who = append(slices.Clip(s.sets), level), s.time, s.who
	return next
}

// of gives the scope where something is known of a person.
func (s *scope) of(who map[string]*known) *scope {
	next := s.c.scope()
	next.sets, next.time, next.who = s.sets, s.time, who
	return next
}

// at gives the scope at a time.
func (s *scope) at(t clock) *scope {
	next := s.c.scope()
	next.sets, next.time, next.who = s.sets, &t, s.who
	return next
}

// compile compiles a text.
func (s *scope) compile(t Text) (formula.Reg, error) {
	return s.below(t, "", len(s.sets))
}

// below compiles a text in which self stands for what it was before it was set.
func (s *scope) below(t Text, self string, level int) (formula.Reg, error) {
	n := s.c.parsed[t]
	if n == nil {
		var err error
		if n, err = formula.Parse(t); err != nil {
			return 0, err
		}
		s.c.parsed[t] = n
	}
	return s.c.b.Compile(n, func(name string, at Pos) (formula.Reg, error) {
		if name == self {
			return s.resolve(name, at, level)
		}
		return s.resolve(name, at, len(s.sets))
	})
}

// resolve finds what a name stands for: what is set, innermost first; a parameter; a derived formula; time.
func (s *scope) resolve(name string, at Pos, level int) (formula.Reg, error) {
	key := fmt.Sprint(name, " ", level)
	if r, ok := s.memo[key]; ok {
		return r, nil
	}
	if s.busy[key] {
		return 0, &formula.Error{At: at, Says: name + " leads back to itself", Hint: "a formula can't use what is reckoned from it"}
	}
	s.busy[key] = true
	r, err := s.find(name, at, level)
	delete(s.busy, key)
	if err == nil {
		s.memo[key] = r
	}
	return r, err
}

func (s *scope) find(name string, at Pos, level int) (formula.Reg, error) {
	if w := s.who[name]; w != nil {
		w.used = true
		return w.reg, nil
	}
	for i := level - 1; i >= 0; i-- {
		if t, ok := s.sets[i][name]; ok {
			s.c.used[name] = true
			return s.below(t, name, i)
		}
	}
	if i, ok := s.c.byName[name]; ok {
		s.c.used[name] = true
		return s.c.params[i].reg, nil
	}
	if i, ok := s.c.derived[name]; ok {
		s.c.used[name] = true
		return s.below(s.c.model.Derived[i].Formula, "", len(s.sets))
	}
	if reserved[name] != "" {
		return s.now(name, at)
	}
	hint := nearest(name, append(slices.Sorted(maps.Keys(s.c.byName)), slices.Sorted(maps.Keys(s.c.derived))...))
	if s.c.settable[name] {
		hint = "it is set in another strategy, and not in this one"
	}
	return 0, &formula.Error{At: at, Says: fmt.Sprintf("%q isn't defined", name), Hint: hint}
}

// now is what is known of time.
func (s *scope) now(name string, at Pos) (formula.Reg, error) {
	b := s.c.b
	switch {
	case s.time == nil:
		return 0, &formula.Error{At: at, Says: fmt.Sprintf("there are no cycles here, so %s isn't known", name), Hint: "it is known in the parts that take time"}
	case name == "n":
		return b.Const(float64(s.time.n)), nil
	case name == "t":
		return b.Mul(s.c.cycle, b.Const(s.time.length)), nil
	case name == "state_time" && s.time.stateTime == 0:
		return 0, &formula.Error{At: at, Says: "state_time isn't known in this state", Hint: "give the state tunnel: N, to tell N cycles apart"}
	case name == "state_time":
		return b.Const(float64(s.time.stateTime)), nil
	case name == "k" && !s.time.counting:
		return 0, &formula.Error{At: at, Says: "k isn't known in transitions", Hint: "m is the number of the cycle"}
	}
	return s.c.cycle, nil
}
