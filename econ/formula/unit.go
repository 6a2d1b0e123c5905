package formula

import (
	"fmt"
	"regexp"
	"strings"
)

// Unit is what a number counts, as far as it is given. Units are checked where both sides of an operator have one; a number
// written in a formula has none, and goes with all.
type Unit struct {
	known bool
	any   bool   // a number written in a formula
	kind  string // "", "probability", "utility", "qaly" or a currency
	time  int    // the power of time: -1 in a rate
}

// Known tells whether the unit says anything.
func (u Unit) Known() bool { return u.known }

// Utility tells whether the number is a utility.
func (u Unit) Utility() bool { return u.kind == "utility" && u.time == 0 }

// Probability tells whether the number is a probability.
func (u Unit) Probability() bool { return u.kind == "probability" }

// Money tells whether the number is an amount of money, or one for a time.
func (u Unit) Money() bool { return len(u.kind) == 3 && u.kind == strings.ToUpper(u.kind) }

// Rate tells whether the number is for a time and of nothing else.
func (u Unit) Rate() bool { return u.known && u.kind == "" && u.time == -1 }

func (u Unit) String() string {
	s := u.kind
	if s == "" {
		s = "a number"
		if u.time != 0 {
			s = "1"
		}
		if u.time > 0 {
			s = ""
		}
	}
	switch {
	case u.time == -1:
		s += "/year"
	case u.time < 0:
		s += fmt.Sprintf("/year^%d", -u.time)
	case u.time == 1 && s == "":
		s = "years"
	case u.time > 0:
		s = strings.TrimSpace(s + fmt.Sprintf(" year^%d", u.time))
	}
	return s
}

var currency = regexp.MustCompile(`^[A-Z]{3}$`)

var unitWords = map[string]Unit{
	"probability": {known: true, kind: "probability", time: 0}, "share": {known: true, kind: "probability", time: 0}, "proportion": {known: true, kind: "probability", time: 0},
	"utility": {known: true, kind: "utility", time: 0}, "qaly": {known: true, kind: "qaly", time: 0}, "qalys": {known: true, kind: "qaly", time: 0},
	"rate": {known: true, kind: "", time: -1}, "ratio": {known: true, kind: "", time: 0}, "1": {known: true, kind: "", time: 0}, "number": {known: true, kind: "", time: 0},
	"hazard ratio": {known: true, kind: "", time: 0}, "relative risk": {known: true, kind: "", time: 0}, "odds ratio": {known: true, kind: "", time: 0},
	"person": {known: true, kind: "", time: 0}, "persons": {known: true, kind: "", time: 0}, "people": {known: true, kind: "", time: 0}, "patient": {known: true, kind: "", time: 0}, "patients": {known: true, kind: "", time: 0},
	"year": {known: true, kind: "", time: 1}, "years": {known: true, kind: "", time: 1}, "month": {known: true, kind: "", time: 1}, "months": {known: true, kind: "", time: 1}, "week": {known: true, kind: "", time: 1}, "weeks": {known: true, kind: "", time: 1},
	"day": {known: true, kind: "", time: 1}, "days": {known: true, kind: "", time: 1}, "cycle": {known: true, kind: "", time: 1}, "cycles": {known: true, kind: "", time: 1},
}

// ParseUnit reads a unit: probability, utility, SEK, SEK/year, 1/year, rate, years, ratio. What isn't understood says nothing.
func ParseUnit(s string) Unit {
	over, under, divided := strings.Cut(strings.ReplaceAll(strings.TrimSpace(s), " per ", "/"), "/")
	u, ok := unitWord(over)
	if !ok {
		return Unit{}
	}
	if divided {
		by, ok := unitWord(under)
		if !ok || by.kind != "" {
			return Unit{}
		}
		if u.kind == "probability" { // a probability for a cycle is one
			return u
		}
		u.time -= by.time
	}
	return u
}

func unitWord(s string) (Unit, bool) {
	s = strings.TrimSpace(s)
	if currency.MatchString(s) {
		return Unit{known: true, kind: s, time: 0}, true
	}
	u, ok := unitWords[strings.ToLower(s)]
	return u, ok
}

// UnitOf gives the unit of a formula, and refuses what can't be added or compared. names gives the units of names.
func UnitOf(n *Node, names func(string) Unit) (Unit, error) {
	args := make([]Unit, len(n.args))
	for i, a := range n.args {
		var err error
		if args[i], err = UnitOf(a, names); err != nil {
			return Unit{}, err
		}
	}
	switch n.op {
	case opInput:
		return names(n.name), nil
	case opConst:
		return Unit{any: true}, nil
	case opNeg, opAbs, opFloor, opCeil, opRound:
		return args[0], nil
	case opAdd, opSub, opMin, opMax, opIf, opLess, opLessEqual, opGreater, opGreaterEqual, opEqual, opNotEqual:
		if n.op == opIf {
			args = args[1:]
		}
		u, err := alike(n, args)
		if err != nil || n.op >= opLess && n.op <= opNotEqual {
			return Unit{}, err
		}
		return u, nil
	case opMul:
		return product(args[0], args[1]), nil
	case opDiv:
		return quotient(args[0], args[1]), nil
	}
	return Unit{}, nil
}

// alike wants all known units to go together. A probability goes with a plain number, a utility with a loss of it.
func alike(n *Node, args []Unit) (Unit, error) {
	u := Unit{any: true}
	for _, a := range args {
		switch {
		case !a.known:
		case !u.known:
			u = a
		case u.kind == a.kind && (u.time == a.time || u.Money()):
		case plain(u) && !a.Money() || plain(a) && !u.Money():
			u = Unit{}
		default:
			return Unit{}, &Error{n.at, fmt.Sprintf("%s is put together with %s", u, a), "amounts of different kinds can't be added or compared"}
		}
	}
	for _, a := range args {
		if !a.known && !a.any {
			return Unit{}, nil
		}
	}
	return u, nil
}

func plain(u Unit) bool { return u.kind == "" && u.time == 0 || u.kind == "probability" }

func product(a, b Unit) Unit {
	switch {
	case a.any:
		return b
	case b.any:
		return a
	case !a.known || !b.known:
		return Unit{}
	case a.kind == "" || a.kind == "probability":
		return Unit{known: true, kind: b.kind, time: a.time + b.time}
	case b.kind == "" || b.kind == "probability":
		return Unit{known: true, kind: a.kind, time: a.time + b.time}
	}
	return Unit{}
}

func quotient(a, b Unit) Unit {
	switch {
	case b.any:
		return a
	case a.any && b.kind == "":
		return Unit{known: b.known, time: -b.time}
	case a.any:
		return Unit{}
	case !a.known || !b.known:
		return Unit{}
	case a.kind == b.kind:
		return Unit{known: true, kind: "", time: a.time - b.time}
	case b.kind == "" || b.kind == "probability":
		return Unit{known: true, kind: a.kind, time: a.time - b.time}
	}
	return Unit{}
}

// Of tells whether an amount is of a currency.
func (u Unit) Of(currency string) bool { return u.kind == currency }
