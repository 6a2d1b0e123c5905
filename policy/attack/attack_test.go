package attack

import (
	"bytes"
	"errors"
	"flag"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/samverk/samverk/policy"
)

var update = flag.Bool("update", false, "write the golden file anew")

func shaped(p policy.Precision, k int, zero bool) policy.Verdict {
	return policy.Verdict{Allowed: true, Precision: p, K: k, Zero: zero}
}

// TestAHundredQuestions is the figure that budgets are there for: exact counts, a cohort of 1,000, k = 5, 100 questions.
func TestAHundredQuestions(t *testing.T) {
	p := Measure(Setting{shaped(policy.Exact, 5, false), 1000, 0, 100}, 20_000, 1)
	if math.Abs(p.Rare-.93) > .015 {
		t.Errorf("power %.3f", p.Rare)
	}
	t.Logf("%+v", p)
}

func TestTheReport(t *testing.T) {
	if testing.Short() {
		t.Skip("takes some seconds")
	}
	var b bytes.Buffer
	if err := Report(&b, 1000, 1); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join("testdata", "report.md")
	if *update {
		if err := os.WriteFile(file, b.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(b.Bytes(), want) {
		t.Errorf("%s is otherwise (-update writes it anew):\n%s", file, b.Bytes())
	}
}

func TestTheSameSeedGivesTheSame(t *testing.T) {
	s := Setting{shaped(policy.Banded, 10, false), 500, 25, 50}
	if a, b := Measure(s, 500, 7), Measure(s, 500, 7); a != b {
		t.Error(a, b)
	}
}

func TestNothingIsFoundWhereNothingIsTold(t *testing.T) {
	if p := Measure(Setting{policy.Verdict{}, 1000, 0, 1000}, 100, 1); p.Worst != FalsePositives {
		t.Error(p)
	}
	if p := Measure(Setting{shaped(policy.YesNo, 1000, false), 400, 0, 500}, 2000, 1); math.Abs(p.Worst-FalsePositives) > .03 {
		t.Errorf("always no gives %+v", p)
	}
}

// TestProbabilitiesAddUp: whatever is told, it is one of the outcomes.
func TestProbabilitiesAddUp(t *testing.T) {
	for _, a := range []Attacker{{People: 1000}, {People: 1000, Newcomers: 1}, {People: 50, Newcomers: 25}} {
		for _, w := range ways() {
			a.Shape = func(n int) policy.Cell { return policy.Shape(n, w.verdict) }
			for _, v := range []Variant{{.00001, 1}, {.005, 1}, {.005, 2}, {.2, 0}} {
				with, without := 0., 0.
				for _, o := range a.outcomes(v) {
					with, without = with+o.within, without+o.without
				}
				if math.Abs(with-1) > 1e-6 || math.Abs(without-1) > 1e-6 {
					t.Errorf("%+v %s %+v: %v %v", a.People, w.name, v, with, without)
				}
			}
		}
	}
}

// TestTheAttackerOnRealCounts makes a cohort with genotypes, counts it, and lets the attacker ask: the scores find the members as often as was
// simulated, and others no more often than they may.
func TestTheAttackerOnRealCounts(t *testing.T) {
	const people, questions = 1000, 100
	r := rand.New(rand.NewPCG(5, 6))
	v := shaped(policy.Exact, 5, false)
	a := Attacker{People: people, Shape: func(n int) policy.Cell { return policy.Shape(n, v) }}
	variants := rare(questions)
	threshold := a.Threshold(variants, 4000, r)
	found, taken := 0, 0
	const trials = 200
	for range trials {
		for _, member := range []bool{true, false} {
			counts := make([]int, questions)
			for i, x := range variants {
				others := people
				if member {
					others, counts[i] = people-1, 1
				}
				for at := -1; ; counts[i]++ { // from one carrier to the next
					if at += 1 + int(math.Log(1-r.Float64())/math.Log1p(-x.Frequency)); at >= 2*others {
						break
					}
				}
			}
			score, err := a.Score(variants, func(i int) (Observation, error) { return Observation{Before: policy.Shape(counts[i], v)}, nil })
			if err != nil {
				t.Fatal(err)
			}
			if score > threshold && member {
				found++
			} else if score > threshold {
				taken++
			}
		}
	}
	if power := float64(found) / trials; math.Abs(power-.93) > .05 {
		t.Errorf("power %.3f", power)
	}
	if rate := float64(taken) / trials; rate > .09 {
		t.Errorf("%.3f are taken for members who aren't", rate)
	}
	broken := errors.New("no answer")
	if _, err := a.Score(variants, func(int) (Observation, error) { return Observation{}, broken }); !errors.Is(err, broken) {
		t.Error(err)
	}
}

func BenchmarkMeasure(b *testing.B) {
	for b.Loop() {
		Measure(Setting{shaped(policy.Banded, 10, false), 1000, 0, 500}, 1000, 1)
	}
}
