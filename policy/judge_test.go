package policy_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/samverk/samverk/consent"
	"github.com/samverk/samverk/internal/testkit"
	"github.com/samverk/samverk/policy"
)

// model says what the rules of doc.go say, in the plainest way: all that was adopted, looked through from the last.
type model struct {
	adopted []modelAdoption
	seen    time.Time
}

type modelAdoption struct {
	name   string
	draft  *policy.Draft // nil: the end
	starts time.Time
}

func (m *model) judge(a policy.Ask, now time.Time) (best policy.Verdict) {
	if now.After(m.seen) {
		m.seen = now
	}
	if len(m.adopted) == 0 {
		return policy.Verdict{Allowed: a.Operator, Precision: policy.Exact}
	}
	names := map[string]bool{}
	for _, x := range m.adopted {
		names[x.name] = true
	}
	for name := range names {
		d := m.inForce(name, now)
		if d == nil || len(d.Datasets) > 0 && !slices.Contains(d.Datasets, a.Dataset) {
			continue
		}
		for i, r := range d.Rules {
			if !permits(r, a, d.Country) {
				continue
			}
			v := policy.Verdict{Allowed: true, Precision: r.Precision, K: r.K, Zero: r.Zero, Policy: d.ID(), Rule: i + 1}
			if !best.Allowed || slices.Index(policy.Precisions, v.Precision) < slices.Index(policy.Precisions, best.Precision) || v.Precision == best.Precision && (v.K < best.K || v.K == best.K && v.Zero && !best.Zero) {
				best = v
			}
		}
	}
	return best
}

func (m *model) inForce(name string, now time.Time) *policy.Draft {
	for _, x := range slices.Backward(m.adopted) {
		if x.name != name || x.starts.After(m.seen) {
			continue
		}
		if x.draft == nil || x.starts.After(now) || !x.draft.Expires.IsZero() && !x.draft.Expires.After(m.seen) {
			return nil
		}
		return x.draft
	}
	return nil
}

func permits(r policy.Rule, a policy.Ask, home string) bool {
	in := func(one string, all []string) bool { return len(all) == 0 || slices.Contains(all, one) }
	whole := a.SignedIn && a.Person != "" && a.Organisation != "" && a.Sector != "" && a.Role != "" || !a.SignedIn && a.Person == ""
	return whole && (a.SignedIn || !r.Who.SignedIn) && in(a.Sector, r.Who.Sectors) && in(a.Role, r.Who.Roles) && in(a.Organisation, r.Who.Organisations) &&
		slices.Contains(r.Purposes, a.Use.Purpose) && slices.Contains(r.Questions, a.Question) &&
		(!a.Use.Commercial || r.Conditions.Commercial) && (a.Approval != "" || !r.Conditions.Committee) &&
		(a.Use.Country == "" || a.Use.Country == home || slices.Contains(r.Conditions.Countries, a.Use.Country))
}

func some[T any](all ...T) *rapid.Generator[[]T] {
	return rapid.Custom(func(t *rapid.T) []T {
		out := []T{}
		for i, keep := range rapid.SliceOfN(rapid.Bool(), len(all), len(all)).Draw(t, "keep") {
			if keep {
				out = append(out, all[i])
			}
		}
		return out
	})
}

// anyRule may be one that Check refuses.
var anyRule = rapid.Custom(func(t *rapid.T) policy.Rule {
	return policy.Rule{
		Who: policy.Who{SignedIn: rapid.IntRange(0, 4).Draw(t, "signed") > 0, Sectors: some("care", "academia").Draw(t, "sectors"),
			Roles: some(policy.Clinician, policy.Researcher).Draw(t, "roles"), Organisations: some(region, "south").Draw(t, "organisations")},
		Purposes:   some(consent.Care, consent.Research).Draw(t, "purposes"),
		Conditions: policy.Conditions{Commercial: rapid.Bool().Draw(t, "commercial"), Committee: rapid.Bool().Draw(t, "committee"), Countries: some("NO").Draw(t, "countries")},
		Questions:  some(policy.Exists, policy.Count).Draw(t, "questions"),
		Precision:  rapid.SampledFrom(policy.Precisions).Draw(t, "precision"),
		K:          rapid.SampledFrom([]int{0, 3, 5, 10}).Draw(t, "k"),
		Zero:       rapid.IntRange(0, 3).Draw(t, "zero") == 0,
		Budget:     policy.Budget{Organisation: 1000, Per: policy.Lifetime},
	}
})

var anyAsk = rapid.Custom(func(t *rapid.T) policy.Ask {
	return policy.Ask{
		Organisation: rapid.SampledFrom([]string{region, region, "south", "west", ""}).Draw(t, "organisation"),
		Sector:       rapid.SampledFrom([]string{"care", "care", "academia", "industry", ""}).Draw(t, "sector"),
		Role:         rapid.SampledFrom([]string{policy.Clinician, policy.Clinician, policy.Researcher, ""}).Draw(t, "role"),
		Person:       rapid.SampledFrom([]string{"linda", "linda", "linda", ""}).Draw(t, "person"),
		SignedIn:     rapid.IntRange(0, 3).Draw(t, "signed") > 0,
		Approval:     rapid.SampledFrom([]string{"", "Dnr"}).Draw(t, "approval"),
		Use: consent.Use{Purpose: rapid.SampledFrom([]consent.Purpose{consent.Care, consent.Research}).Draw(t, "purpose"),
			Commercial: rapid.IntRange(0, 3).Draw(t, "commercial") == 0, Country: rapid.SampledFrom([]string{"", "SE", "NO", "DE"}).Draw(t, "country")},
		Question: rapid.SampledFrom([]policy.Kind{policy.Exists, policy.Count}).Draw(t, "question"),
		Dataset:  rapid.SampledFrom([]string{"", "clinic", "biobank"}).Draw(t, "dataset"),
		Operator: rapid.IntRange(0, 5).Draw(t, "operator") == 0,
	}
})

// TestJudgeAgainstTheModel adopts, ends, sets the clock, opens again and asks at random.
func TestJudgeAgainstTheModel(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		run, allowed, denied := 0, 0, 0
		rapid.Check(t, func(rt *rapid.T) {
			run++
			where, most := dsn+fmt.Sprint(run), 30
			if strings.HasPrefix(dsn, "postgres") {
				where, most = "", 4 // a new database takes its time
			}
			if run > most && os.Getenv("SAMVERK_LONG") != "1" {
				return
			}
			if where == "" {
				where = testkit.Postgres(t)
			}
			n := open(t, where, newHand(), options())
			defer func() { n.close(t) }()
			m := &model{seen: n.clock.Now()}
			versions := map[string]int{}
			rt.Repeat(map[string]func(*rapid.T){
				"adopt": func(rt *rapid.T) {
					name := rapid.SampledFrom([]string{"a", "b"}).Draw(rt, "name")
					d := policy.Draft{Format: policy.Format, Name: name, Version: versions[name] + 1, Country: "SE", Title: policy.Text{SV: "x", NB: "x", EN: "x"},
						Rules: rapid.SliceOfN(anyRule, 1, 4).Draw(rt, "rules"), Datasets: some("clinic").Draw(rt, "datasets")}
					now := n.clock.Now()
					if rapid.Bool().Draw(rt, "ends") {
						d.Expires = m.seen.Add(time.Duration(rapid.IntRange(1, 60).Draw(rt, "expires")) * time.Hour).Truncate(time.Second)
					}
					if d.Check() != nil {
						rt.Skip("nobody may put it in force")
					}
					from := now.Add(time.Duration(rapid.IntRange(0, 48).Draw(rt, "from")) * time.Hour)
					err := n.Adopt(t.Context(), enacted(t, d, now), policy.Adoption{By: operator, Ground: "x", From: from})
					if err != nil {
						rt.Skip(err) // an older decision, when the clock was set back
					}
					versions[name]++
					starts := m.seen
					if now.After(starts) {
						starts = now
					}
					if from.After(starts) {
						starts = from
					}
					m.seen = maxTime(m.seen, now)
					m.adopted = append(m.adopted, modelAdoption{"se/" + name, &d, starts})
				},
				"end": func(rt *rapid.T) {
					name := rapid.SampledFrom([]string{"se/a", "se/b"}).Draw(rt, "name")
					if err := n.End(t.Context(), operator, name, "x"); err != nil {
						rt.Skip(err)
					}
					m.seen = maxTime(m.seen, n.clock.Now())
					m.adopted = append(m.adopted, modelAdoption{name, nil, m.seen})
				},
				"clock": func(rt *rapid.T) {
					n.clock.move(time.Duration(rapid.IntRange(-24, 30).Draw(rt, "hours")) * time.Hour)
				},
				"open again": func(rt *rapid.T) {
					_ = n.Note(t.Context(), policy.Ask{}, policy.Verdict{}) // keeps the time
					m.seen = maxTime(m.seen, n.clock.Now())
					n.close(t)
					n = open(t, where, n.clock, options())
				},
				"ask": func(rt *rapid.T) {
					for range 10 {
						a := anyAsk.Draw(rt, "ask")
						got, want := n.Judge(a), m.judge(a, n.clock.Now())
						if got.Allowed != want.Allowed || got.Allowed && (got.Precision != want.Precision || got.K != want.K || got.Zero != want.Zero) {
							rt.Fatalf("%+v\ngot  %+v\nwant %+v", a, got, want)
						}
						if got.Allowed {
							allowed++
						} else {
							denied++
						}
					}
				},
			})
		})
		t.Logf("%d allowed, %d denied", allowed, denied)
		if allowed < denied/100 {
			t.Error("hardly anything was allowed; the test proves little")
		}
	})
}

func maxTime(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func TestJudgeAllocatesNothing(t *testing.T) {
	n := open(t, testkit.SQLite(t), newHand(), options())
	defer n.close(t)
	for _, p := range policy.Presets("SE") {
		n.adopt(t, p.Draft)
	}
	yes, no := clinician(), clinician()
	no.Sector = "industry"
	if got := testing.AllocsPerRun(100, func() { n.Judge(yes); n.Judge(no) }); got > 0 {
		t.Errorf("%v allocations", got)
	}
}

// Of rules that tell as much the first is the one that answers, and whose budget is taken from, whether it names organisations or not.
func TestTheFirstOfEqualRules(t *testing.T) {
	everybody := preset("care").Rules[0]
	ours := everybody
	ours.Who.Organisations = []string{"south", region}
	for name, rules := range map[string][]policy.Rule{"named first": {ours, everybody}, "everybody first": {everybody, ours}} {
		t.Run(name, func(t *testing.T) {
			n := open(t, testkit.SQLite(t), newHand(), options())
			defer n.close(t)
			d := preset("care")
			d.Rules = rules
			n.adopt(t, d)
			if v := n.Judge(clinician()); !v.Allowed || v.Rule != 1 {
				t.Errorf("%+v", v)
			}
		})
	}
}

// BenchmarkJudge judges with three policies in force, and with 20 of 50 rules each: "organisations", where each rule names some, and
// "everybody", where none does, so that each is looked at.
func BenchmarkJudge(b *testing.B) {
	lines := func(of func(i int) []string) []policy.Draft {
		d := preset("research")
		r := d.Rules[0]
		d.Rules = nil
		for i := range 50 {
			r.Who.Organisations = of(i)
			r.Budget.Organisation++ // no two rules are the same
			d.Rules = append(d.Rules, r)
		}
		all := []policy.Draft{preset("care")}
		for i := range 20 {
			d.Name = fmt.Sprint("line-", i)
			all = append(all, d)
		}
		return all
	}
	research := consent.Use{Purpose: consent.Research}
	stranger, other := clinician(), clinician()
	stranger.Use = research // in another role
	other.Use, other.Role, other.Approval, other.Organisation = research, policy.Researcher, "Dnr", "elsewhere"
	other.Use.Country = "NO" // of an organisation and a country that no rule names
	for name, drafts := range map[string][]policy.Draft{
		"presets":       {preset("care"), preset("research"), preset("public")},
		"organisations": lines(func(i int) []string { return []string{fmt.Sprint("o", i), fmt.Sprint("p", i)} }),
		"everybody":     lines(func(int) []string { return nil }),
	} {
		n := open(b, testkit.SQLite(b), newHand(), options())
		defer n.close(b)
		for _, d := range drafts {
			n.adopt(b, d)
		}
		for who, a := range map[string]policy.Ask{"allowed": clinician(), "another role": stranger, "another organisation": other} {
			b.Run(name+"/"+who, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if n.Judge(a).Allowed != (who == "allowed") {
						b.Fatal("another verdict")
					}
				}
			})
		}
	}
}
