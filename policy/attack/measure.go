package attack

import (
	"fmt"
	"io"
	"math/rand/v2"
	"strings"

	"github.com/samverk/samverk/policy"
)

// Setting is what is attacked: how numbers are told, about how many people, how often one may ask.
type Setting struct {
	Verdict   policy.Verdict
	People    int
	Newcomers int // 0: the target is sought among all people; else among so many who come together
	Questions int
}

// Power is what an attacker finds.
type Power struct {
	Rare  float64 // by variants that .1 to 1 % have, and the target
	Worst float64 // by the variants at which the answers give most away
	At    float64 // how common those are
}

// MostQuestions is the highest number of questions that is simulated. More of them find no fewer.
const MostQuestions = 2000

// Measure attacks a setting with so many trials. The same seed gives the same figures.
func Measure(s Setting, trials int, seed uint64) Power {
	a := Attacker{People: s.People, Newcomers: s.Newcomers, Shape: func(n int) policy.Cell { return policy.Shape(n, s.Verdict) }}
	n := min(s.Questions, MostQuestions)
	if n < 1 || s.People < 2 || !s.Verdict.Allowed {
		return Power{Rare: FalsePositives, Worst: FalsePositives} // as good as a guess
	}
	trials = max(trials, 50_000/n) // few questions are soon asked, and their figures lie close
	out := Power{Rare: a.Power(rare(n), trials, rand.New(rand.NewPCG(seed, 1)))}
	most := 0.
	for i, f := range a.frequencies() {
		if p := a.Power(carried(n, f), max(trials/8, 100), rand.New(rand.NewPCG(seed, uint64(i+2)))); p > most {
			most, out.At = p, f
		}
	}
	out.Worst = max(a.Power(carried(n, out.At), trials, rand.New(rand.NewPCG(seed, 0))), out.Rare)
	return out
}

// carried are variants of one frequency, each of which the target has one allele of.
func carried(n int, frequency float64) []Variant {
	out := make([]Variant, n)
	for i := range out {
		out[i] = Variant{frequency, 1}
	}
	return out
}

// rare are variants with frequencies spread evenly from .1 to 1 %, in a hundred steps.
func rare(n int) []Variant {
	out := make([]Variant, n)
	for i := range out {
		out[i] = Variant{.001 + .009*(float64(i*61%100)+.5)/100, 1}
	}
	return out
}

// frequencies are those an attacker tries: by how many alleles are expected among the people.
func (a Attacker) frequencies() []float64 {
	var out []float64
	for _, expected := range []float64{.01, .1, .5, 1, 2, 3, 4, 6, 8, 10, 12, 15, 20, 30, 50, 100, 200} {
		if f := expected / float64(2*a.People); f < .3 {
			out = append(out, f)
		}
	}
	return out
}

// way is a way of telling numbers, with a name for the table.
type way struct {
	name    string
	verdict policy.Verdict
}

func ways() []way {
	of := func(p policy.Precision, k int, zero bool) policy.Verdict {
		return policy.Verdict{Allowed: true, Precision: p, K: k, Zero: zero}
	}
	out := []way{{"exact, no smallest group", of(policy.Exact, 0, false)}, {"exact, k = 5, 0–4 told as one", of(policy.Exact, 5, false)}}
	for _, p := range policy.Presets("SE") {
		r := p.Draft.Rules[0]
		name := map[policy.Precision]string{policy.Exact: "exact", policy.Banded: "bands", policy.YesNo: "yes or no"}[r.Precision]
		if r.Zero {
			name += ", 0 told"
		}
		out = append(out, way{fmt.Sprintf("preset *%s*: %s, k = %d", p.Name, name, r.K), of(r.Precision, r.K, r.Zero)})
	}
	return out
}

var whose = map[Whose]string{OfPerson: "a person", OfOrganisation: "an organisation", OfAll: "all strangers together"}

// budgets says what each preset's own budgets let somebody find.
func budgets(b *strings.Builder, trials int, seed uint64) error {
	b.WriteString("What the presets' own budgets let somebody find in a cohort of 1,000\n\n| preset, rule | whose budget | numbers | variants of .1 to 1 % | the attacker chooses |\n|---|---|---|---|---|\n")
	for _, p := range policy.Presets("SE") {
		for i, r := range p.Draft.Rules {
			for _, x := range budgetsOf(r) {
				m := Measure(Setting{policy.Verdict{Allowed: true, Precision: r.Precision, K: r.K, Zero: r.Zero}, People, 0, x.Numbers}, trials, seed)
				fmt.Fprintf(b, "| *%s*, %d | %s, %s | %d | %.2f | %.2f |\n", p.Name, i+1, whose[x.Whose], x.Per, x.Numbers, m.Rare, m.Worst)
			}
		}
	}
	_, err := b.WriteString("\n")
	return err
}

const preface = `Can somebody whose genome is known be found among the people counted? The figures are the share of those counted who are found, when
5 % of those who aren't counted are taken for it too: 0.05 is as good as a guess, 1.00 is everybody. The attacker weighs each answer by its likelihood (package
policy/attack says what they know; it is generous, so these are bounds). One question is about one variant that the target carries.

How to read it:

- Where nobody is told from a few, as the preset *care* does because it is what care asks, **one question about a variant that only the target has
  is enough**. The same holds for the exact counts of any program that shows zero. What stands against it is not arithmetic: the asker is a signed-in clinician with
  an assignment, every question is logged, and the people counted can read that it was asked. Budgets bound how many are searched for, not whether one is found.
- With exact counts and fewer than five told as one, ten questions find up to four in ten and a hundred nearly everybody, in a cohort of any size.
- The presets for outsiders are set by this table: their budgets are for a lifetime, and doubling one, or asking through two organisations, moves along the row.
- A count that is watched while it changes gives a newcomer away. Batches help only outsiders' answers, and slowly: they must be large, and few variants
  watched (each is asked about twice, so half the budget). A withdrawal is never delayed, so column 1 is what its difference gives away.

`

// Report writes what was measured as Markdown, for docs/security.md.
func Report(w io.Writer, trials int, seed uint64) error {
	var b strings.Builder
	b.WriteString(preface)
	questions := []int{1, 2, 5, 10, 100, 1000}
	table := func(title string, heads []int, head string, rows func(way) []string) {
		fmt.Fprintf(&b, "%s\n\n| %s |", title, head)
		for _, h := range heads {
			fmt.Fprintf(&b, " %d |", h)
		}
		b.WriteString("\n|---|" + strings.Repeat("---|", len(heads)) + "\n")
		for _, x := range ways() {
			for _, r := range rows(x) {
				b.WriteString("| " + r + " |\n")
			}
		}
		b.WriteString("\n")
	}
	row := func(name string, cells []float64) string {
		for _, c := range cells {
			name += fmt.Sprintf(" | %.2f", c)
		}
		return name
	}
	measured := map[string][]Power{}
	for _, x := range ways() {
		for _, q := range questions {
			measured[x.name] = append(measured[x.name], Measure(Setting{x.verdict, 1000, 0, q}, trials, seed))
		}
	}
	each := func(pick func(Power) float64) func(way) []string {
		return func(x way) []string {
			var cells []float64
			for _, p := range measured[x.name] {
				cells = append(cells, pick(p))
			}
			return []string{row(x.name, cells)}
		}
	}
	table("Power against a cohort of 1,000 by number of questions, about variants that .1 to 1 % of people's alleles are", questions, "answers", each(func(p Power) float64 { return p.Rare }))
	table("The same, when the attacker chooses the variants at which the answers give most away", questions, "answers", each(func(p Power) float64 { return p.Worst }))

	sizes := []int{100, 1000, 10_000, 100_000}
	table("By size of the cohort, 100 questions, the attacker chooses", sizes, "answers", func(x way) []string {
		var cells []float64
		for _, n := range sizes {
			cells = append(cells, Measure(Setting{x.verdict, n, 0, 100}, trials, seed).Worst)
		}
		return []string{row(x.name, cells)}
	})
	if err := budgets(&b, trials, seed); err != nil {
		return err
	}
	batches := []int{1, 5, 25, 100, 250, 1000}
	for _, q := range []int{10, 100} {
		table(fmt.Sprintf("Finding a newcomer to a cohort of 1,000 in the change between two answers, %d variants asked about twice, by how many come together (a withdrawal: 1); the attacker chooses", q),
			batches, "answers", func(x way) []string {
				var cells []float64
				for _, n := range batches {
					cells = append(cells, Measure(Setting{x.verdict, 1000, n, q}, trials, seed).Worst)
				}
				return []string{row(x.name, cells)}
			})
	}
	_, err := io.WriteString(w, strings.TrimSuffix(b.String(), "\n"))
	return err
}
