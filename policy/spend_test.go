package policy_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
	"pgregory.net/rapid"

	"github.com/samverk/samverk/consent"
	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/internal/testkit"
	"github.com/samverk/samverk/policy"
	"github.com/samverk/samverk/storage"
)

// limited is the care preset with one rule and a budget.
func limited(version int, b policy.Budget) policy.Draft {
	d := preset("care")
	d.Version, d.Rules = version, d.Rules[:1]
	d.Rules[0].Budget = b
	return d
}

// spend asks for so many numbers.
func (n *node) spend(a policy.Ask, cells int) error {
	a.Cells = cells
	return n.Spend(context.Background(), a, n.Judge(a))
}

// spent tells whether it was; anything but a budget that is spent fails the test.
func spent(t testing.TB, err error) bool {
	t.Helper()
	var f *fault.Error
	if err != nil && (!errors.As(err, &f) || f.Code != "policy.budget.spent" || f.Kind != fault.Denied) {
		t.Fatal(err)
	}
	return err == nil
}

func as(person, organisation string) policy.Ask {
	a := clinician()
	a.Person, a.Organisation = person, organisation
	return a
}

func TestSpend(t *testing.T) {
	each(t, func(t *testing.T, n *node) {
		n.adopt(t, limited(1, policy.Budget{Asker: 10, Organisation: 15, Per: policy.Year}))
		take := func(a policy.Ask, cells int, want bool) {
			t.Helper()
			if got := spent(t, n.spend(a, cells)); got != want {
				t.Errorf("%s asks for %d: %v", a.Person, cells, got)
			}
		}
		linda, erik, south := as("linda", region), as("erik", region), as("linda", "south")
		take(linda, 0, true) // a question is at least one number
		take(linda, 9, true)
		take(linda, 1, false) // her own budget
		take(erik, 6, false)  // the organisation's
		take(erik, 5, true)
		take(erik, 1, false)
		take(south, 10, true) // another assignment is another account
		l, err := n.Left(t.Context(), erik, n.Judge(erik))
		if err != nil || l != (policy.Left{Asker: 5, OfAsker: 10, Organisation: 0, OfOrganisation: 15, Per: policy.Year}) {
			t.Errorf("%+v %v", l, err)
		}
		n.clock.move(31 * 24 * time.Hour) // next year
		take(linda, 10, true)
		n.clock.move(-2 * 24 * time.Hour) // set back across the year
		take(linda, 1, false)
		if n.Judge(linda).Reason != policy.Permitted {
			t.Fatal("a clock set back within the policy's time denies")
		}
		n.clock.move(2 * 24 * time.Hour)
		n.adopt(t, limited(2, policy.Budget{Asker: 21, Organisation: 100, Per: policy.Lifetime})) // a new policy forgets nothing
		take(linda, 2, false)
		take(linda, 1, true)
		accounts, err := n.Accounts(t.Context(), policy.OfAsker, 10)
		if err != nil || len(accounts) != 3 || accounts[0].Who != "north/linda" || accounts[0].Lifetime != 21 {
			t.Errorf("%+v %v", accounts, err)
		}
	})
}

// What fails is taken from nobody, whatever was in memory before: neither refused too early nor answered too much.
func TestWhatIsNotCommittedIsNotSpent(t *testing.T) {
	each(t, func(t *testing.T, n *node) {
		n.adopt(t, limited(1, policy.Budget{Organisation: 3, Per: policy.Year}))
		linda := as("linda", region)
		for i, fails := range []bool{true, false, true, true, false, false, true} {
			err := n.Spend(t.Context(), linda, n.Judge(linda), func(context.Context, *storage.Tx) error {
				if fails {
					return fault.New(fault.Unavailable, "a test")
				}
				return nil
			})
			switch {
			case i == 6:
				if spent(t, err) {
					t.Error("more than the budget")
				}
			case fails != (fault.KindOf(err) == fault.Unavailable):
				t.Errorf("question %d: %v", i, err)
			}
			l, err := n.Left(t.Context(), linda, n.Judge(linda))
			if want := []int64{3, 2, 2, 2, 1, 0, 0}[i]; err != nil || l.Organisation != want {
				t.Errorf("after question %d: %d left, not %d (%v)", i, l.Organisation, want, err)
			}
		}
	})
}

func TestWhoIsNotSignedInSharesABudget(t *testing.T) {
	each(t, func(t *testing.T, n *node) {
		d := preset("public")
		d.Rules[0].Budget.Organisation = 3
		n.adopt(t, d)
		stranger := policy.Ask{Use: consent.Use{Purpose: consent.Research}, Question: policy.Exists, Dataset: "clinic"}
		signed := researcher()
		signed.Question = policy.Exists
		for i, a := range []policy.Ask{stranger, signed, stranger} {
			if !spent(t, n.spend(a, 1)) {
				t.Error(i)
			}
		}
		for _, a := range []policy.Ask{stranger, signed} {
			if spent(t, n.spend(a, 1)) {
				t.Error("beyond the budget of all")
			}
		}
		stranger.Dataset = "biobank"
		if !spent(t, n.spend(stranger, 1)) {
			t.Error("each dataset has its own")
		}
	})
}

func TestSpendRefuses(t *testing.T) {
	n := open(t, testkit.SQLite(t), newHand(), options())
	defer n.close(t)
	n.adopt(t, preset("care"))
	v := n.Judge(clinician())
	if err := n.Spend(t.Context(), clinician(), policy.Verdict{}); fault.KindOf(err) != fault.Denied {
		t.Error(err)
	}
	other := clinician()
	other.Role = policy.Researcher
	if err := n.Spend(t.Context(), other, v); fault.KindOf(err) != fault.Denied {
		t.Error("another question with this one's verdict:", err)
	}
	better := v
	better.K = 0
	if err := n.Spend(t.Context(), clinician(), better); fault.KindOf(err) != fault.Conflict {
		t.Error("a verdict that nobody gave:", err)
	}
	odd := clinician()
	odd.Person = "a\nb"
	if err := n.Spend(t.Context(), odd, n.Judge(odd)); fault.KindOf(err) != fault.Denied {
		t.Error(err)
	}
	if err := n.Note(t.Context(), clinician(), v); fault.KindOf(err) != fault.Invalid {
		t.Error(err)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if err := n.Spend(gone, clinician(), v); fault.KindOf(err) != fault.Unavailable {
		t.Error(err)
	}
	tight := preset("care")
	tight.Version, tight.Rules[0].K = 2, 10
	n.adopt(t, tight)
	if err := n.Spend(t.Context(), clinician(), v); fault.KindOf(err) != fault.Conflict {
		t.Error("what was judged by the policy before:", err)
	}
	if a, err := n.Accounts(t.Context(), policy.OfOrganisation, 0); err != nil || len(a) != 0 {
		t.Error(a, err)
	}
}

// TestSpendAgainstTheModel spends, moves the clock, adopts other budgets and opens again at random; the model keeps each spend with its
// day and adds them up.
func TestSpendAgainstTheModel(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		run, yes, no := 0, 0, 0
		rapid.Check(t, func(rt *rapid.T) {
			run++
			where, most := dsn+fmt.Sprint(run), 20
			if strings.HasPrefix(dsn, "postgres") {
				where, most = "", 4
			}
			if run > most && os.Getenv("SAMVERK_LONG") != "1" {
				return
			}
			if where == "" {
				where = testkit.Postgres(t)
			}
			n := open(t, where, newHand(), options())
			defer func() { n.close(t) }()
			budget, version := policy.Budget{Asker: 5, Organisation: 8, Per: policy.Lifetime}, 1
			n.adopt(t, limited(1, budget))
			type one struct {
				person, organisation string
				day                  time.Time
				cells                int
			}
			var all []one
			latest := n.clock.Now()
			rt.Repeat(map[string]func(*rapid.T){
				"spend": func(rt *rapid.T) {
					for range 5 {
						o := one{rapid.SampledFrom([]string{"linda", "erik"}).Draw(rt, "person"), rapid.SampledFrom([]string{region, "south"}).Draw(rt, "organisation"),
							latest, rapid.IntRange(1, 4).Draw(rt, "cells")}
						own, total := o.cells, o.cells
						for _, x := range all {
							same := budget.Per == policy.Lifetime || budget.Per == policy.Year && x.day.Year() == o.day.Year() || x.day.Truncate(24*time.Hour).Equal(o.day.Truncate(24*time.Hour))
							if same && x.organisation == o.organisation {
								total += x.cells
								if x.person == o.person {
									own += x.cells
								}
							}
						}
						want := (budget.Asker == 0 || own <= budget.Asker) && total <= budget.Organisation
						if got := spent(t, n.spend(as(o.person, o.organisation), o.cells)); got != want {
							rt.Fatalf("%+v: %v, with %d own and %d in all of %+v", o, got, own, total, budget)
						}
						if want {
							all = append(all, o)
							yes++
						} else {
							no++
						}
					}
				},
				"clock": func(rt *rapid.T) {
					n.clock.move(time.Duration(rapid.SampledFrom([]int{-30, -1, 1, 20, 300}).Draw(rt, "hours")) * time.Hour)
					if n.clock.Now().Before(start) {
						n.clock.at.Store(start.UnixMicro())
					}
					latest = maxTime(latest, n.clock.Now())
					n.Judge(clinician()) // what nobody looked at was no time
				},
				"adopt": func(rt *rapid.T) {
					if latest.After(n.clock.Now()) {
						n.clock.at.Store(latest.UnixMicro())
					}
					version++
					budget = policy.Budget{Organisation: rapid.IntRange(1, 30).Draw(rt, "organisation"), Per: rapid.SampledFrom(policy.Pers).Draw(rt, "per")}
					budget.Asker = rapid.IntRange(0, budget.Organisation).Draw(rt, "asker")
					n.adopt(t, limited(version, budget))
				},
				"open again": func(*rapid.T) {
					if latest.After(n.clock.Now()) {
						n.clock.at.Store(latest.UnixMicro())
					}
					must(t, n.Note(t.Context(), policy.Ask{}, policy.Verdict{}))
					n.close(t)
					n = open(t, where, n.clock, options())
				},
				"": func(rt *rapid.T) {
					if latest.After(n.clock.Now()) && n.Judge(clinician()).Reason == policy.ClockStepped {
						n.clock.at.Store(latest.UnixMicro()) // before the policy began, by the clock
					}
				},
			})
		})
		t.Logf("%d spent, %d refused", yes, no)
	})
}

// TestNeverOverTheBudget asks from many sides at once, and looks at the order in which it may have happened.
func TestNeverOverTheBudget(t *testing.T) {
	type call struct{ cells int }
	m := porcupine.Model{
		Init: func() any { return 0 },
		Step: func(state, in, out any) (bool, any) {
			used, cells, ok := state.(int), in.(call).cells, out.(bool)
			if ok {
				return used+cells <= 100, used + cells
			}
			return used+cells > 100, used
		},
		Equal: func(a, b any) bool { return a == b },
	}
	each(t, func(t *testing.T, n *node) {
		n.adopt(t, limited(1, policy.Budget{Organisation: 100, Per: policy.Lifetime}))
		var mu sync.Mutex
		var history []porcupine.Operation
		var wg sync.WaitGroup
		begun := time.Now()
		for c := range 16 {
			wg.Go(func() {
				r := rand.New(rand.NewPCG(uint64(c), 1))
				for range 12 {
					in := call{1 + r.IntN(3)}
					from := time.Since(begun).Nanoseconds()
					ok := n.spend(as(fmt.Sprint("p", c%4), region), in.cells) == nil
					op := porcupine.Operation{ClientId: c, Input: in, Call: from, Output: ok, Return: time.Since(begun).Nanoseconds()}
					mu.Lock()
					history = append(history, op)
					mu.Unlock()
				}
			})
		}
		wg.Wait()
		if !porcupine.CheckOperations(m, history) {
			t.Error("no order explains who was answered and who wasn't")
		}
		total := 0
		for _, op := range history {
			if op.Output.(bool) {
				total += op.Input.(call).cells
			}
		}
		a, err := n.Accounts(t.Context(), policy.OfOrganisation, 1)
		if err != nil || total > 100 || total < 98 || a[0].Lifetime != int64(total) {
			t.Errorf("%d answered, %+v kept, %v", total, a, err)
		}
	})
}

const victimEnv = "SAMVERK_TEST_VICTIM"

// victim is the process that is killed: it asks from eight sides for as long as it lives, and says what was answered.
func victim() {
	n := openAs(&testing.T{}, os.Getenv(victimEnv), newHand(), options(), false)
	out := make(chan string)
	for i := range 8 {
		go func() {
			for a := as(fmt.Sprint("p", i), region); ; {
				if err := n.spend(a, 1); err != nil {
					fmt.Println("failed", err)
					os.Exit(1)
				}
				out <- a.Person
			}
		}()
	}
	for person := range out {
		fmt.Println(person)
	}
}

func TestKilledAtAnyMoment(t *testing.T) {
	dsn, kills := filepath.Join(t.TempDir(), "db"), 15
	if os.Getenv("SAMVERK_LONG") == "1" {
		kills = 300
	}
	n := open(t, dsn, newHand(), options())
	n.adopt(t, limited(1, policy.Budget{Organisation: 1_000_000, Per: policy.Lifetime}))
	n.close(t)
	answered, all := map[string]int64{}, int64(0)
	r := rand.New(rand.NewPCG(1, 2))
	for range kills {
		c := exec.Command(os.Args[0], "-test.run=^$")
		c.Env = append(os.Environ(), victimEnv+"="+dsn)
		out, err := c.StdoutPipe()
		must(t, err)
		must(t, c.Start())
		lines, after := bufio.NewScanner(out), 1+r.IntN(400)
		for i := 0; lines.Scan(); i++ { // also what was said before the kill was felt
			if strings.HasPrefix(lines.Text(), "failed") {
				t.Fatal(lines.Text())
			}
			answered[lines.Text()]++
			all++
			if i == after {
				must(t, c.Process.Kill())
			}
		}
		_ = c.Wait()
		n := open(t, dsn, newHand(), options())
		accounts, err := n.Accounts(t.Context(), policy.OfAsker, 0)
		must(t, err)
		kept := int64(0)
		for _, a := range accounts {
			kept += a.Lifetime
			if person := strings.TrimPrefix(a.Who, region+"/"); a.Lifetime < answered[person] {
				t.Fatalf("%s was answered %d times, %d are kept", person, answered[person], a.Lifetime)
			}
		}
		whole, err := n.Accounts(t.Context(), policy.OfOrganisation, 1)
		if err != nil || whole[0].Lifetime != kept {
			t.Fatalf("the organisation has %+v, its people %d, %v", whole, kept, err)
		}
		n.close(t)
	}
	t.Logf("%d kills, %d answered, none forgotten", kills, all)
}

func TestReplay(t *testing.T) {
	each(t, func(t *testing.T, n *node) {
		ask := func(a policy.Ask, times int) {
			t.Helper()
			for range times {
				if v := n.Judge(a); v.Allowed {
					must(t, n.Spend(t.Context(), a, v))
				} else {
					must(t, n.Note(t.Context(), a, v))
				}
			}
		}
		local := policy.Ask{Operator: true, Question: policy.Count, Use: consent.Use{Purpose: consent.Care}}
		ask(local, 2)
		n.adopt(t, preset("care"))
		n.adopt(t, preset("research"))
		annotate := clinician()
		annotate.Question = policy.Annotate
		commercial := researcher()
		commercial.Use.Commercial = true
		ask(clinician(), 4)
		ask(annotate, 3)
		ask(researcher(), 5)
		ask(commercial, 1)
		n.clock.move(24 * time.Hour)
		ask(clinician(), 2)
		odd := clinician()
		odd.Role = "made up"
		ask(odd, 1)
		ask(policy.Ask{Use: consent.Use{Purpose: "spam"}, Question: policy.Exists}, 1)
		ask(policy.Ask{Organisation: "made up", Dataset: "made up", Use: consent.Use{Purpose: consent.Care}, Question: policy.Exists}, 1)

		same, err := n.Replay(t.Context(), nation, preset("care"), start)
		if err != nil || same.Asked != 19 || same.Changed != 2 || !same.Changes[0].Request.Operator {
			t.Errorf("%+v %v", same, err)
		}
		draft := preset("care")
		draft.Version = 2
		draft.Rules[0].Precision, draft.Rules[0].K, draft.Rules[0].Zero = policy.Banded, 10, false // exact → banded
		draft.Rules = append(draft.Rules[:1], draft.Rules[2:]...)                                  // no annotation
		r, err := n.Replay(t.Context(), nation, draft, start)
		must(t, err)
		got := ""
		for _, c := range r.Changes {
			got += fmt.Sprintf("%d × %s by %s: %v %s %d → %v %s %d\n", c.Times, c.Request.Question, c.Request.Role,
				c.Request.Outcome.Allowed, c.Request.Outcome.Precision, c.Request.Outcome.K, c.Would.Allowed, c.Would.Precision, c.Would.K)
		}
		if want := "6 × frequency by clinician: true exact 5 → true banded 10\n3 × annotate by clinician: true exact 5 → false  0\n2 × count by : true exact 0 → false  0\n"; got != want {
			t.Error(got)
		}
		if r.Changed != 11 || r.Asked != 19 {
			t.Errorf("%+v", r)
		}
		later, err := n.Replay(t.Context(), nation, draft, start.Add(24*time.Hour))
		if err != nil || later.Changed != 2 {
			t.Errorf("%+v %v", later, err)
		}
		if _, err := n.Replay(t.Context(), nation, policy.Draft{}, start); fault.KindOf(err) != fault.Invalid {
			t.Error(err)
		}
		kinds, err := n.Requests(t.Context(), start)
		must(t, err)
		for _, k := range kinds {
			if strings.Contains(fmt.Sprint(k), "linda") || strings.Contains(fmt.Sprint(k), "made up") || strings.Contains(fmt.Sprint(k), "Dnr") {
				t.Errorf("kept: %+v", k)
			}
		}
	})
}

// TestATightenedPolicyIsObeyedAtOnce: whoever asks after the adoption was acknowledged, and whoever was judged before it and spends after it, gets
// the new answer or none.
func TestATightenedPolicyIsObeyedAtOnce(t *testing.T) {
	each(t, func(t *testing.T, n *node) {
		n.adopt(t, limited(1, policy.Budget{Organisation: 1_000_000, Per: policy.Lifetime}))
		var adopted, stop atomic.Bool
		var before, late atomic.Int64
		var wg sync.WaitGroup
		for i := range 8 {
			wg.Go(func() {
				for a := as(fmt.Sprint("p", i), region); !stop.Load(); {
					v := n.Judge(a)
					begun := adopted.Load()
					err := n.Spend(context.Background(), a, v)
					if err == nil && v.K == 5 && begun {
						late.Add(1)
					} else if err == nil && v.K == 5 {
						before.Add(1)
					}
				}
			})
		}
		for before.Load() < 50 {
			time.Sleep(time.Millisecond)
		}
		tight := limited(2, policy.Budget{Organisation: 1_000_000, Per: policy.Lifetime})
		tight.Rules[0].K = 10
		n.adopt(t, tight)
		adopted.Store(true)
		time.Sleep(20 * time.Millisecond)
		stop.Store(true)
		wg.Wait()
		if late.Load() > 0 {
			t.Errorf("%d were answered by the old policy", late.Load())
		}
	})
}

// A question that was refused because the budget was spent is no change when the draft would allow it just so.
func TestReplayOfWhatTheBudgetRefused(t *testing.T) {
	n := open(t, testkit.SQLite(t), newHand(), options())
	defer n.close(t)
	n.adopt(t, limited(1, policy.Budget{Organisation: 1, Per: policy.Lifetime}))
	for range 3 {
		_ = n.spend(clinician(), 1)
	}
	r, err := n.Replay(t.Context(), nation, limited(2, policy.Budget{Organisation: 9, Per: policy.Lifetime}), start)
	if err != nil || r.Asked != 3 || r.Changed != 0 {
		t.Errorf("%+v %v", r, err)
	}
}

// BenchmarkSpend has 64 askers of 8 organisations ask at once, durably.
func BenchmarkSpend(b *testing.B) {
	for name, dsn := range map[string]func(testing.TB) string{"sqlite": testkit.SQLite, "postgres": testkit.Postgres} {
		b.Run(name, func(b *testing.B) {
			n := openAs(b, dsn(b), newHand(), options(), false)
			defer n.close(b)
			n.adopt(b, limited(1, policy.Budget{Asker: 100_000_000, Organisation: 1_000_000_000, Per: policy.Lifetime}))
			var left, failed atomic.Int64
			left.Store(int64(b.N))
			var wg sync.WaitGroup
			b.ResetTimer()
			for i := range 64 {
				wg.Go(func() {
					a := as(fmt.Sprint("p", i), fmt.Sprint("o", i%8))
					for left.Add(-1) >= 0 {
						if n.spend(a, 1) != nil {
							failed.Add(1)
						}
					}
				})
			}
			wg.Wait()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "asks/s")
			if failed.Load() > 0 {
				b.Error(failed.Load(), "failed")
			}
		})
	}
}

// What is asked in an assignment is paid while it holds: a long answer doesn't outlive it.
func TestSpendAsksWhetherTheAssignmentHolds(t *testing.T) {
	each(t, func(t *testing.T, n *node) {
		n.adopt(t, limited(1, policy.Budget{Organisation: 100, Per: policy.Year}))
		operator := policy.Actor{Operator: true}
		id, err := n.Assign(t.Context(), operator, policy.Assignment{Person: "ada", Organisation: "north", Sector: "care", Role: policy.Clinician, Ground: "a test", To: n.clock.Now().Add(48 * time.Hour)})
		if err != nil {
			t.Fatal(err)
		}
		short, err := n.Assign(t.Context(), operator, policy.Assignment{Person: "ada", Organisation: "north", Sector: "care", Role: policy.Clinician, Ground: "a test", To: n.clock.Now().Add(time.Hour)})
		if err != nil {
			t.Fatal(err)
		}
		in := func(assignment string) policy.Ask {
			a := as("ada", "north")
			a.Assignment = assignment
			return a
		}
		for _, x := range []string{id, short, ""} {
			if err := n.spend(in(x), 1); err != nil {
				t.Errorf("%q: %v", x, err)
			}
		}
		if err := n.spend(in("made up"), 1); fault.KindOf(err) != fault.Denied {
			t.Error("one that there is not:", err)
		}
		n.clock.move(2 * time.Hour)
		if err := n.spend(in(short), 1); fault.KindOf(err) != fault.Denied {
			t.Error("past its day:", err)
		}
		if err := n.EndAssignment(t.Context(), operator, id, "a test"); err != nil {
			t.Fatal(err)
		}
		if err := n.spend(in(id), 1); fault.KindOf(err) != fault.Denied {
			t.Error("ended:", err)
		}
		if err := n.spend(in(""), 97); err != nil {
			t.Error("what was denied was taken:", err)
		}
	})
}
