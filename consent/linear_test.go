package consent_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/samverk/samverk/consent"
	"github.com/samverk/samverk/individual"
	"github.com/samverk/samverk/internal/testkit"
)

// op is one call: a choice, or the question whether somebody is counted.
type op struct {
	who   individual.Number
	ask   bool
	allow bool
}

// counted is one individual's consent as a register that is written and read.
var counted = porcupine.Model{
	Init: func() any { return false },
	Step: func(state, in, out any) (bool, any) {
		if o := in.(op); !o.ask {
			return true, o.allow
		}
		return out.(bool) == state.(bool), state
	},
	Partition: func(history []porcupine.Operation) [][]porcupine.Operation {
		by := map[individual.Number][]porcupine.Operation{}
		for _, o := range history {
			who := o.Input.(op).who
			by[who] = append(by[who], o)
		}
		var parts [][]porcupine.Operation
		for _, p := range by {
			parts = append(parts, p)
		}
		return parts
	},
}

// TestAQuestionAfterAWithdrawal has many clients give, withdraw and ask at the same time. That the
// history is linearizable means that no question which began after a withdrawal was
// acknowledged counted that person. The long run is 1,000 histories of 64 clients.
func TestAQuestionAfterAWithdrawal(t *testing.T) {
	histories, clients, acts := 1, 8, 120
	if os.Getenv("SAMVERK_LONG") == "1" {
		histories, clients, acts = 1000, 64, 4
	}
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		n := open(t, dsn, filepath.Join(t.TempDir(), "journal"))
		defer n.close(t)
		for h := range histories {
			n.enrol(t, fmt.Sprint("a", h), fmt.Sprint("b", h), fmt.Sprint("c", h))
			if !porcupine.CheckOperations(counted, n.history(t, individual.Number(3*h), clients, acts)) {
				t.Fatal("the history is not linearizable")
			}
		}
	})
}

// history is what so many clients did and saw, about three individuals from one on, nobody of whom was counted.
func (n *node) history(t *testing.T, from individual.Number, clients, acts int) (all []porcupine.Operation) {
	var mu sync.Mutex
	var wg sync.WaitGroup
	start := time.Now()
	for client := range clients {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(uint64(client), uint64(from)+5))
			for range acts {
				o := op{who: from + individual.Number(r.IntN(3)), ask: r.IntN(3) > 0, allow: r.IntN(2) == 0}
				did := porcupine.Operation{ClientId: client, Input: o, Call: int64(time.Since(start))}
				if o.ask {
					set, err := n.consents.Allowed(consent.Use{Purpose: consent.Care})
					if err != nil {
						t.Error(err)
						return
					}
					did.Output = set.Has(o.who)
				} else if err := n.change(consent.Choice{Individual: o.who, Purpose: consent.Care, Allow: o.allow}); err != nil {
					t.Error(err)
					return
				}
				did.Return = int64(time.Since(start))
				mu.Lock()
				all = append(all, did)
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	return all
}

// TestAQuestionAfterABlock is the same for uses with conditions, and for a block beside the yes: every client sets and lifts
// the blocks of one individual, so that the last acknowledged one decides, while all ask; and now and then
// another form comes in force, which alters nothing for them.
func TestAQuestionAfterABlock(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		const clients = 6
		n := openAt(t, dsn, filepath.Join(t.TempDir(), "journal"), time.Now)
		defer n.close(t)
		n.mustEnact(t, 1, time.Now().Add(-time.Minute), forms[0])
		for who := range individual.Number(clients) {
			n.enrol(t, fmt.Sprint("p", who))
			if _, err := n.fill(n.filled(who, true, "research", "research-commercial", "research-abroad")); err != nil {
				t.Fatal(err)
			}
		}
		var mu sync.Mutex
		var history []porcupine.Operation
		start := time.Now()
		did := func(client int, o op, call int64, out any) {
			mu.Lock()
			defer mu.Unlock()
			history = append(history, porcupine.Operation{ClientId: client, Input: o, Call: call, Output: out, Return: int64(time.Since(start))})
		}
		for who := range clients {
			did(who, op{who: individual.Number(who), allow: true}, 0, nil)
		}
		uses := []consent.Use{{Purpose: consent.Research}, {Purpose: consent.Research, Commercial: true}, {Purpose: consent.Research, Country: "NO", Health: true},
			{Purpose: consent.Research, Diseases: []string{"DIS:4"}}}
		var wg sync.WaitGroup
		for client := range clients {
			wg.Go(func() {
				r := rand.New(rand.NewPCG(uint64(client), 6))
				for i := range 60 {
					call := int64(time.Since(start))
					if r.IntN(3) > 0 {
						o := op{who: individual.Number(r.IntN(clients)), ask: true}
						set, err := n.consents.Allowed(uses[r.IntN(len(uses))])
						if err != nil {
							t.Error(err)
							return
						}
						did(client, o, call, set.Has(o.who))
						continue
					}
					_, lifted, act := n.optOutOrIn(individual.Number(client))
					if err := act(); err != nil {
						t.Error(err)
						return
					}
					did(client, op{who: individual.Number(client), allow: lifted}, call, nil)
					if client == 0 && i%20 == 0 {
						n.mustEnact(t, 2+i, time.Now(), form(fmt.Sprint(2+i), nil, forms[0].Questions...))
					}
				}
			})
		}
		wg.Wait()
		if !porcupine.CheckOperations(counted, history) {
			t.Error("the history is not linearizable")
		}
		if err := n.consents.Verify(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

// TestTheCheckerSees makes sure that the test above would fail.
func TestTheCheckerSees(t *testing.T) {
	stale := []porcupine.Operation{
		{ClientId: 0, Input: op{allow: true}, Call: 0, Return: 1},
		{ClientId: 0, Input: op{allow: false}, Call: 2, Return: 3},
		{ClientId: 1, Input: op{ask: true}, Output: true, Call: 4, Return: 5},
	}
	if porcupine.CheckOperations(counted, stale) {
		t.Error("a question after a withdrawal counted the person, and nobody noticed")
	}
}
