package curve

import (
	"fmt"
	"math"
	"sort"
)

// table is a curve by its values at times; between them steps, straight lines, or a constant hazard.
type table struct {
	times []float64 // ascending, the first 0
	haz   []float64 // cumulative hazard at each
	surv  []float64 // and the survival
	way   way
}

type way uint8

const (
	steps    way = iota // survival falls at the times
	lines               // survival is straight between them
	constant            // the hazard is constant between them, and goes on after the last
)

// Error is what is wrong with a curve: which row of its table or argument, what, and what to do.
type Error struct {
	Family, Arg string
	Row         int // from 1; 0 is none
	Says, Hint  string
}

func (e *Error) Error() string {
	s := e.Family
	if e.Arg != "" {
		s += " " + e.Arg
	}
	if e.Row > 0 {
		s += fmt.Sprintf(" row %d", e.Row)
	}
	s += ": " + e.Says
	if e.Hint != "" {
		s += " (" + e.Hint + ")"
	}
	return s
}

// Empirical is a curve by its survival at times, as of a Kaplan-Meier estimate: in steps, or straight between the
// times. After the last time nobody has the event; Join says what happens there instead.
func Empirical(times, survival []float64, straight bool) (Curve, error) {
	t := &table{way: steps}
	if straight {
		t.way = lines
	}
	family := "empirical"
	if len(times) != len(survival) || len(times) == 0 {
		return Curve{}, &Error{Family: family, Says: fmt.Sprintf("has %d times and %d shares", len(times), len(survival))}
	}
	if times[0] > 0 {
		t.add(0, 1)
	}
	before := 0.0
	for i, at := range times {
		s := survival[i]
		switch n := len(t.times); {
		case math.IsNaN(at) || at < 0 || i > 0 && at <= before:
			return Curve{}, &Error{Family: family, Row: i + 1, Says: fmt.Sprintf("the time %g doesn't come after the one before", at)}
		case math.IsNaN(s) || s < 0 || s > 1:
			return Curve{}, &Error{Family: family, Row: i + 1, Says: fmt.Sprintf("the survival %g isn't between 0 and 1", s)}
		case n > 0 && s > t.surv[n-1]:
			return Curve{}, &Error{Family: family, Row: i + 1, Says: fmt.Sprintf("survival rises from %g to %g", t.surv[n-1], s)}
		case at == 0 && s != 1:
			return Curve{}, &Error{Family: family, Row: i + 1, Says: fmt.Sprintf("survival at time 0 is %g, not 1", s)}
		}
		t.add(at, s)
		before = at
	}
	return Curve{kind: tabled, table: t}, nil
}

func (t *table) add(at, s float64) {
	t.times, t.surv, t.haz = append(t.times, at), append(t.surv, s), append(t.haz, -math.Log(s))
}

// PiecewiseExponential has rate i from times[i] (the first 0) to the next, the last for ever.
func PiecewiseExponential(times, rates []float64) (Curve, error) {
	family := "piecewise"
	if len(times) != len(rates) || len(times) == 0 || times[0] != 0 {
		return Curve{}, &Error{Family: family, Says: "needs a rate for each time, the first time 0"}
	}
	t := &table{way: constant}
	h := 0.0
	before, rate := 0.0, 0.0
	for i, at := range times {
		if math.IsNaN(rates[i]) || rates[i] < 0 {
			return Curve{}, &Error{Family: family, Row: i + 1, Says: fmt.Sprintf("the rate %g is below 0", rates[i])}
		}
		if i > 0 {
			if math.IsNaN(at) || at <= before {
				return Curve{}, &Error{Family: family, Row: i + 1, Says: fmt.Sprintf("the time %g doesn't come after the one before", at)}
			}
			h += rate * (at - before)
		}
		before, rate = at, rates[i]
		t.times, t.haz, t.surv = append(t.times, at), append(t.haz, h), append(t.surv, math.Exp(-h))
	}
	// one more time, so that the last rate is read as the others are
	end := times[len(times)-1] + 1
	h += rates[len(rates)-1]
	t.times, t.haz, t.surv = append(t.times, end), append(t.haz, h), append(t.surv, math.Exp(-h))
	return Curve{kind: tabled, table: t}, nil
}

// LifeTable is a curve by ages and the probabilities of dying within width (1: a year) at each, from the age at time 0.
// Between birthdays the hazard is constant; the last row's goes on. A row may stand for all ages until the next row's.
func LifeTable(ages, probabilities []float64, width, from float64) (Curve, error) {
	family := "lifetable"
	if len(ages) != len(probabilities) || len(ages) == 0 {
		return Curve{}, &Error{Family: family, Says: fmt.Sprintf("has %d ages and %d probabilities", len(ages), len(probabilities))}
	}
	if !(width > 0) {
		return Curve{}, &Error{Family: family, Says: fmt.Sprintf("has rows for %g of time", width)}
	}
	if from < ages[0] {
		return Curve{}, &Error{Family: family, Row: 1, Says: fmt.Sprintf("begins at age %g, after the start at %g", ages[0], from)}
	}
	var times, rates []float64
	for i, age := range ages {
		p := probabilities[i]
		if math.IsNaN(p) || p < 0 || p > 1 {
			return Curve{}, &Error{Family: family, Row: i + 1, Says: fmt.Sprintf("the probability %g isn't between 0 and 1", p)}
		}
		if math.IsNaN(age) || i > 0 && age <= ages[i-1] {
			return Curve{}, &Error{Family: family, Row: i + 1, Says: fmt.Sprintf("the age %g doesn't come after the one before", age)}
		}
		if i+1 < len(ages) && ages[i+1] <= from {
			continue
		}
		rate := -math.Log1p(-p) / width
		if p == 1 { // sure to die within the row: at once but for rounding
			rate = 1e6 / width
		}
		times, rates = append(times, math.Max(0, age-from)), append(rates, rate)
	}
	return PiecewiseExponential(times, rates)
}

// row is the last whose time is at or before t.
func (t *table) row(at float64) int {
	return sort.Search(len(t.times), func(i int) bool { return t.times[i] > at }) - 1
}

func (t *table) hazardTo(at float64) float64 {
	i, last := t.row(at), len(t.times)-1
	switch {
	case t.way == constant:
		i = min(i, last-1)
		return t.haz[i] + t.slope(i)*(at-t.times[i])
	case t.way == steps || i == last:
		return t.haz[i]
	}
	return -math.Log(t.surv[i] + t.fall(i)*(at-t.times[i]))
}

// slope is the hazard of row i where it is constant; fall is how survival changes per time where it is straight.
func (t *table) slope(i int) float64 { return (t.haz[i+1] - t.haz[i]) / (t.times[i+1] - t.times[i]) }
func (t *table) fall(i int) float64  { return (t.surv[i+1] - t.surv[i]) / (t.times[i+1] - t.times[i]) }

func (t *table) hazardAt(at float64) float64 {
	i, last := t.row(at), len(t.times)-1
	switch {
	case t.way == constant:
		return t.slope(min(i, last-1))
	case t.way == steps || i == last:
		return 0
	}
	return -t.fall(i) / (t.surv[i] + t.fall(i)*(at-t.times[i]))
}

func (t *table) timeOf(h float64) float64 {
	last := len(t.times) - 1
	i := sort.Search(len(t.haz), func(i int) bool { return t.haz[i] >= h }) // the first to reach it
	switch {
	case t.way == constant:
		i = max(0, min(i, last)-1)
		if s := t.slope(i); s > 0 {
			return t.times[i] + (h-t.haz[i])/s
		}
		return math.Inf(1)
	case i > last:
		return math.Inf(1)
	case t.way == steps || i == 0:
		return t.times[i]
	}
	return t.times[i-1] + (math.Exp(-h)-t.surv[i-1])/t.fall(i-1)
}
