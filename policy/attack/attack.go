package attack

import (
	"math"
	"math/rand/v2"
	"slices"

	"github.com/samverk/samverk/policy"
)

// FalsePositives is the share of those not counted whom the attacker takes for counted.
const FalsePositives = .05

// Variant is one that the attacker knows the target's genotype at.
type Variant struct {
	Frequency float64 // in the population
	Alleles   int     // the target's: 0, 1 or 2
}

// Observation is what an attacker is told of one variant. After is for those who watch a count change.
type Observation struct{ Before, After policy.Cell }

// Attacker knows how many are counted and how numbers are shaped.
type Attacker struct {
	People    int // counted, beside newcomers
	Newcomers int // 0: the target is sought among People; else among so many who came between two answers
	Shape     func(alleles int) policy.Cell
}

// outcome is something that may be observed, and how likely it is.
type outcome struct {
	seen            Observation
	without, within float64 // the target
}

// evidence is the logarithm of the likelihood ratio. What can't be seen of a target who is counted is evidence enough.
func (o outcome) evidence() float64 {
	const certain = 1e3
	switch {
	case o.within == 0:
		return -certain
	case o.without == 0:
		return certain
	}
	return math.Log(o.within / o.without)
}

// outcomes are all that may be observed of a variant, in a fixed order.
func (a Attacker) outcomes(v Variant) []outcome {
	if a.Newcomers > 0 {
		return a.changes(v)
	}
	all := gather{}
	for n, p := range binomial(2*a.People, v.Frequency) {
		all.add(Observation{Before: a.Shape(n)}, p, 0)
	}
	for n, p := range binomial(2*a.People-2, v.Frequency) {
		all.add(Observation{Before: a.Shape(n + v.Alleles)}, 0, p)
	}
	return all.list()
}

// changes are what may be observed before and after newcomers.
func (a Attacker) changes(v Variant) []outcome {
	all := gather{}
	without, within := map[int]float64{}, map[int]float64{}
	most := 0
	for d, q := range binomial(2*a.Newcomers, v.Frequency) {
		without[d], most = q, max(most, d)
	}
	for d, q := range binomial(2*a.Newcomers-2, v.Frequency) {
		within[d+v.Alleles], most = q, max(most, d+v.Alleles)
	}
	for n, p := range binomial(2*a.People, v.Frequency) {
		before := a.Shape(n)
		for d := range most + 1 {
			if p*(without[d]+within[d]) > 1e-12 { // rarer than anybody will see
				all.add(Observation{before, a.Shape(n + d)}, p*without[d], p*within[d])
			}
		}
	}
	return all.list()
}

// gather adds up what looks the same, and keeps the order of first sight, so that figures are the same in every run.
type gather struct {
	at  map[Observation]int
	all []outcome
}

func (g *gather) add(seen Observation, without, within float64) {
	if g.at == nil {
		g.at = map[Observation]int{}
	}
	i, ok := g.at[seen]
	if !ok {
		i = len(g.all)
		g.at[seen] = i
		g.all = append(g.all, outcome{seen: seen})
	}
	g.all[i].without += without
	g.all[i].within += within
}

func (g *gather) list() []outcome { return g.all }

// binomial gives the numbers that are likely enough to matter, in order, each with its probability.
func binomial(n int, p float64) func(yield func(int, float64) bool) {
	mean, spread := float64(n)*p, 7*math.Sqrt(float64(n)*p*(1-p))+10
	low, high := max(0, int(mean-spread)), min(n, int(mean+spread))
	lg := func(x int) float64 { l, _ := math.Lgamma(float64(x) + 1); return l }
	return func(yield func(int, float64) bool) {
		for k := low; k <= high; k++ {
			l := lg(n) - lg(k) - lg(n-k) + float64(k)*math.Log(p) + float64(n-k)*math.Log1p(-p)
			if !yield(k, math.Exp(l)) {
				return
			}
		}
	}
}

// Score weighs the answers about some variants, from a function that asks for them: the higher, the likelier the target is counted. What an
// answer couldn't be says nothing.
func (a Attacker) Score(variants []Variant, ask func(i int) (Observation, error)) (score float64, err error) {
	known := a.known(variants)
	for i, v := range variants {
		seen, err := ask(i)
		if err != nil {
			return 0, err
		}
		at := slices.IndexFunc(known[v], func(o outcome) bool { return o.seen == seen })
		if at >= 0 {
			score += known[v][at].evidence()
		}
	}
	return score, nil
}

// Threshold is the score above which the attacker takes a target for counted, from so many simulated people who aren't.
func (a Attacker) Threshold(variants []Variant, trials int, r *rand.Rand) float64 {
	t, _ := cut(simulate(a.known(variants), variants, trials, false, r))
	return t
}

// known are the outcomes of each variant.
func (a Attacker) known(variants []Variant) map[Variant][]outcome {
	out := map[Variant][]outcome{}
	for _, v := range variants {
		if out[v] == nil {
			out[v] = a.outcomes(v)
		}
	}
	return out
}

// Power simulates so many people who are counted and as many who aren't, and gives the share of the first that is found.
func (a Attacker) Power(variants []Variant, trials int, r *rand.Rand) float64 {
	known := a.known(variants)
	t, tied := cut(simulate(known, variants, trials, false, r))
	found := 0.
	for _, s := range simulate(known, variants, trials, true, r) {
		if s > t {
			found++
		} else if s == t {
			found += tied
		}
	}
	return found / float64(trials)
}

// cut finds the score that FalsePositives lie above, and which share of those just on it are to be taken too.
func cut(scores []float64) (at, tied float64) {
	slices.Sort(scores)
	most := FalsePositives * float64(len(scores))
	at = scores[len(scores)-1-int(most)]
	above, on := 0, 0
	for _, s := range scores {
		if s > at {
			above++
		} else if s == at {
			on++
		}
	}
	return at, (most - float64(above)) / float64(on)
}

// simulate gives scores of people who are counted, or not.
func simulate(known map[Variant][]outcome, variants []Variant, trials int, counted bool, r *rand.Rand) []float64 {
	of, dices := map[Variant]*dice{}, make([]*dice, len(variants))
	for i, v := range variants {
		if of[v] == nil {
			of[v] = newDice(known[v], counted)
		}
		dices[i] = of[v]
	}
	scores := make([]float64, trials)
	for i := range scores {
		for _, d := range dices {
			scores[i] += d.throw(r)
		}
		scores[i] = math.Round(scores[i]*1e9) / 1e9 // the order of adding must not part what is tied
	}
	return scores
}

// dice draw evidence as often as it is observed (Walker's alias method).
type dice struct {
	evidence []float64
	share    []float64
	other    []int
}

func newDice(all []outcome, counted bool) *dice {
	n := len(all)
	d := &dice{make([]float64, n), make([]float64, n), make([]int, n)}
	total := 0.
	for i, o := range all {
		d.evidence[i], d.share[i], d.other[i] = o.evidence(), o.without, i
		if counted {
			d.share[i] = o.within
		}
		total += d.share[i]
	}
	var small, large []int
	for i := range d.share {
		if d.share[i] *= float64(n) / total; d.share[i] < 1 {
			small = append(small, i)
		} else {
			large = append(large, i)
		}
	}
	for len(small) > 0 && len(large) > 0 {
		s, l := small[len(small)-1], large[len(large)-1]
		small = small[:len(small)-1]
		d.other[s] = l
		if d.share[l] -= 1 - d.share[s]; d.share[l] < 1 {
			large, small = large[:len(large)-1], append(small, l)
		}
	}
	return d
}

func (d *dice) throw(r *rand.Rand) float64 {
	i := r.IntN(len(d.share))
	if r.Float64() >= d.share[i] {
		i = d.other[i]
	}
	return d.evidence[i]
}
