package together_test

import (
	"cmp"
	"math/bits"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/samverk/samverk/consent"
	"github.com/samverk/samverk/federation/together"
	"github.com/samverk/samverk/policy"
)

// choosing are people of every region who carry testnode.Carried, one copy each, and change their minds; steady is how many carry it beside them.
var choosing = []string{"p00", "p07", "p21"}

const steady = 5

// act is a choice of one of them in a region, or (person -1) what the region answered the nation's question.
type act struct {
	person int
	allow  bool
}

// seen is what a region answered.
type seen struct {
	epoch    uint64
	carriers int
}

// register is a region as the model has it: who allows it, at which epoch, and how many were answered at it.
type register struct {
	epoch    uint64
	who      uint
	answered int
}

// linearizable tells whether what happened in a region could have happened to a single register. An epoch is over when all who were answered at
// it have been, which spares porcupine orders that are as good as another.
func linearizable(before register, ops []porcupine.Operation) bool {
	slices.SortFunc(ops, func(a, b porcupine.Operation) int { return cmp.Compare(a.Call, b.Call) })
	answers := map[uint64]int{}
	for _, op := range ops {
		if s, ok := op.Output.(seen); ok {
			answers[s.epoch]++
		}
	}
	return porcupine.CheckOperationsTimeout(porcupine.Model{
		Init: func() any { return before },
		Step: func(from, input, output any) (bool, any) {
			s, a := from.(register), input.(act)
			if a.person < 0 {
				o := output.(seen)
				s.answered++
				return o.epoch == s.epoch && o.carriers == steady+bits.OnesCount(s.who), s
			}
			next := s.who &^ (1 << a.person)
			if a.allow {
				next |= 1 << a.person
			}
			if next == s.who {
				return true, s
			}
			return s.answered == answers[s.epoch], register{epoch: s.epoch + 1, who: next}
		},
	}, ops, time.Minute) == porcupine.Ok
}

// TestNobodyIsCountedAfterAWithdrawal has many histories of 64 clients: some choose for people in each region, the others ask the nation. What each
// region answered must be what a single register could have answered: no national question that began after a withdrawal was acknowledged counts
// the person. And every total is the sum of what the regions answered.
func TestNobodyIsCountedAfterAWithdrawal(t *testing.T) {
	const regions, clients, each = 3, 64, 3
	histories := 10
	switch {
	case os.Getenv("SAMVERK_LONG") == "1":
		histories = 1000
	case testing.Short():
		histories = 2
	}
	x := newNation(t, regions, together.Options{Deadline: time.Minute}, generous(t))
	start := time.Now()
	now := func() int64 { return time.Since(start).Nanoseconds() }
	for i := range histories {
		var mu sync.Mutex
		ops := map[string][]porcupine.Operation{}
		before := map[string]register{}
		for _, r := range x.regions {
			before[r.name] = register{epoch: r.Consents.Epoch(), who: allowing(t, r)}
		}
		var working sync.WaitGroup
		for id := range clients {
			working.Go(func() {
				for j := range each {
					op := porcupine.Operation{ClientId: id, Call: now()}
					if id < 2*len(choosing)*regions {
						r, a := x.regions[id%regions], act{person: id / regions % len(choosing), allow: (i+j+id)%2 == 0}
						if err := r.Set(t.Context(), choosing[a.person], consent.Care, a.allow); err != nil {
							t.Error(err)
							return
						}
						op.Input, op.Return = a, now()
						mu.Lock()
						ops[r.name] = append(ops[r.name], op)
						mu.Unlock()
						continue
					}
					a, err := x.desk.Ask(t.Context(), carried(t))
					op.Input, op.Return = act{person: -1}, now()
					if err != nil || !a.Complete() {
						t.Errorf("%v %+v", err, a.Replies)
						return
					}
					sum := 0
					mu.Lock()
					for _, r := range a.Replies {
						c := r.Answer.Counts[0].Carriers
						sum += c.Low
						op.Output = seen{r.Answer.Epoch, c.Low}
						ops[r.Node] = append(ops[r.Node], op)
					}
					mu.Unlock()
					if got := a.Totals[0].Carriers; got.Form != policy.Number || got.Low != sum {
						t.Errorf("the total is %v of %d", got, sum)
					}
				}
			})
		}
		working.Wait()
		if t.Failed() {
			return
		}
		for name, list := range ops {
			if !linearizable(before[name], list) {
				t.Fatalf("history %d is not linearizable in %s", i, name)
			}
		}
	}
}

func allowing(t *testing.T, r *region) (who uint) {
	for i, id := range choosing {
		ok, err := r.Allows(t.Context(), id, consent.Care)
		must(t, err)
		if ok {
			who |= 1 << i
		}
	}
	return who
}

// TestAStaleAnswerIsNoticed: what is looked for above would be found.
func TestAStaleAnswerIsNoticed(t *testing.T) {
	withdrawal := porcupine.Operation{ClientId: 0, Input: act{person: 0}, Call: 0, Return: 2}
	for asked, ok := range map[int64]bool{1: true, 3: false} {
		stale := porcupine.Operation{ClientId: 1, Input: act{person: -1}, Call: asked, Return: 4, Output: seen{epoch: 7, carriers: steady + 1}}
		if linearizable(register{epoch: 7, who: 1}, []porcupine.Operation{withdrawal, stale}) != ok {
			t.Errorf("asked at %d, and acknowledged at 2", asked)
		}
	}
}
