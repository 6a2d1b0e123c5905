package web

import (
	"math"

	"github.com/samverk/samverk/policy"
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

// power tells of each rule what its budget lets somebody find; pending, when there is more to measure than one page waits for.
func (p *Room) power(l *web.Words, d policy.Draft) (rows []powerRow, pending bool) {
	found, pending := p.powers.Budgets(d)
	for _, b := range found {
		rows = append(rows, powerRow{Rule: b.Rule, Whose: l.Must("pol.power." + string(b.Whose)), Numbers: b.Numbers, Rare: inHundred(b.Power.Rare),
			Worst: inHundred(b.Power.Worst), Per: l.Must("pol.per." + string(b.Per))})
	}
	return rows, pending
}

func inHundred(share float64) int { return int(math.Round(100 * share)) }
