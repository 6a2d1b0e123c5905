package attack

import (
	"sync"

	"github.com/samverk/samverk/policy"
)

// Whose says whose budget it is.
type Whose string

// Whose budgets there are.
const (
	OfPerson       Whose = "person"
	OfOrganisation Whose = "organisation"
	OfAll          Whose = "all" // who aren't signed in, together
)

// Budget is what a rule's budget lets somebody find among People people.
type Budget struct {
	Rule      int // counted from 1
	Whose     Whose
	Numbers   int
	Per       policy.Per
	Power     Power // somebody among all who are counted
	Newcomers int   // so many come together, at least
	Newcomer  Power // one of them, in what changes when they come
	Leaver    Power // somebody who withdraws, in what changes
}

// What is attacked: as many people as in docs/security.md, often enough for figures that lie within a few in a hundred.
const (
	People = 1000
	trials = 400
	seed   = 1
)

// Memory remembers what was measured: the same setting gives the same figures. One is measured at a time, so that pages can't
// take all of a machine. Its zero value is ready.
type Memory struct {
	mu    sync.Mutex
	known map[Setting]Power
}

// Bounds of what is measured at once, and remembered.
const (
	measuredAtOnce = 6
	mostKnown      = 10_000
)

// Budgets tells of each budget of a draft what it lets somebody find. Some are missing and pending is true, when there is more to measure
// than one call waits for: the next one has more.
func (m *Memory) Budgets(d policy.Draft) (list []Budget, pending bool) {
	return m.budgets(d, false)
}

// Changes is Budgets with what a change of who is counted gives away.
func (m *Memory) Changes(d policy.Draft) (list []Budget, pending bool) {
	return m.budgets(d, true)
}

func (m *Memory) budgets(d policy.Draft, changes bool) (list []Budget, pending bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	left := measuredAtOnce
	for i, r := range d.Rules {
		for _, b := range budgetsOf(r) {
			b.Rule, b.Newcomers = i+1, 1
			if r.Precision != policy.Exact && d.Batch > 1 {
				b.Newcomers = d.Batch
			}
			s := Setting{Verdict: policy.Verdict{Allowed: true, Precision: r.Precision, K: r.K, Zero: r.Zero}, People: People, Questions: min(b.Numbers, MostQuestions)}
			ok := m.get(s, &b.Power, &left)
			if changes { // each variant is asked about twice
				s.Questions = min(max(b.Numbers/2, 1), MostQuestions)
				for to, n := range map[*Power]int{&b.Newcomer: b.Newcomers, &b.Leaver: 1} {
					s.Newcomers = min(n, People)
					ok = m.get(s, to, &left) && ok
				}
			}
			if !ok {
				pending = true
				continue
			}
			list = append(list, b)
		}
	}
	return list, pending
}

// budgetsOf are a rule's budgets, that of a person first.
func budgetsOf(r policy.Rule) (list []Budget) {
	all := []Budget{{Whose: OfPerson, Numbers: r.Budget.Asker, Per: r.Budget.Per}, {Whose: OfOrganisation, Numbers: r.Budget.Organisation, Per: r.Budget.Per}}
	if !r.Who.SignedIn {
		all[1].Whose = OfAll
	}
	for _, b := range all {
		if b.Numbers > 0 {
			list = append(list, b)
		}
	}
	return list
}

// get gives what was measured, or measures it if there are some left to do.
func (m *Memory) get(s Setting, to *Power, left *int) bool {
	found, ok := m.known[s]
	if !ok {
		if *left--; *left < 0 {
			return false
		}
		found = Measure(s, trials, seed)
		if m.known == nil || len(m.known) >= mostKnown {
			m.known = map[Setting]Power{}
		}
		m.known[s] = found
	}
	*to = found
	return true
}
