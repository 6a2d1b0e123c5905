package web

import (
	"math"
	"sync"

	"github.com/samverk/samverk/policy"
	"github.com/samverk/samverk/policy/attack"
	"github.com/samverk/samverk/web"
)

// powerRow is what a rule's budget lets somebody find out.
type powerRow struct {
	Rule        int
	Whose       string
	Numbers     int
	Rare, Worst int // of 100 people counted, who are found
	Per         string
}

// What is attacked: as many people as in docs/security.md, often enough for figures that lie within a few in a hundred.
const (
	attacked = 1000
	trials   = 400
	seed     = 1
)

// powers remembers what was measured: the same rule gives the same figures. One is measured at a time, so that a page can't
// take all of a machine.
type powers struct {
	mu    sync.Mutex
	known map[attack.Setting]attack.Power
}

// Bounds of what is measured for one page, and remembered.
const (
	measuredAtOnce = 6
	mostPowers     = 10_000
)

// power tells of each rule what its budget lets somebody find; pending, when there is more to measure than one page waits for.
func (p *Room) power(l *web.Words, d policy.Draft) (rows []powerRow, pending bool) {
	p.powers.mu.Lock()
	defer p.powers.mu.Unlock()
	left := measuredAtOnce
	for i, r := range d.Rules {
		of := []struct {
			whose string
			n     int
		}{{"pol.power.person", r.Budget.Asker}, {"pol.power.organisation", r.Budget.Organisation}}
		if !r.Who.SignedIn {
			of[1].whose = "pol.power.all"
		}
		for _, x := range of {
			if x.n == 0 {
				continue
			}
			s := attack.Setting{Verdict: policy.Verdict{Allowed: true, Precision: r.Precision, K: r.K, Zero: r.Zero}, People: attacked, Questions: min(x.n, attack.MostQuestions)}
			found, ok := p.powers.known[s]
			if !ok {
				if left--; left < 0 {
					pending = true
					continue
				}
				found = attack.Measure(s, trials, seed)
				p.powers.keep(s, found)
			}
			rows = append(rows, powerRow{Rule: i + 1, Whose: l.Must(x.whose), Numbers: x.n, Rare: inHundred(found.Rare), Worst: inHundred(found.Worst), Per: l.Must("pol.per." + string(r.Budget.Per))})
		}
	}
	return rows, pending
}

func (m *powers) keep(s attack.Setting, found attack.Power) {
	if m.known == nil || len(m.known) >= mostPowers {
		m.known = map[attack.Setting]attack.Power{}
	}
	m.known[s] = found
}

func inHundred(share float64) int { return int(math.Round(100 * share)) }
