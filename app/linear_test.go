package app_test

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/samverk/samverk/app"
	"github.com/samverk/samverk/fault"
)

// What a client did: a choice of one person, or a question about all of them.
type act struct {
	person int // -1: a question
	allow  bool
}

// on is who is counted after a choice.
func (a act) on(who uint) uint {
	if a.allow {
		return who | 1<<a.person
	}
	return who &^ (1 << a.person)
}

// people are those of the cohort.
const people = 4

// consentModel is who allows research, as bits. A question answers with all of them.
var consentModel = porcupine.Model{
	Init: func() any { return uint(0) },
	Step: func(state, input, output any) (bool, any) {
		s, a := state.(uint), input.(act)
		if a.person < 0 {
			return output == nil || output.(seen).who == s, s // nil: never answered
		}
		return true, a.on(s)
	},
	DescribeOperation: func(input, output any) string { return fmt.Sprintf("%+v → %v", input, output) },
}

// history is what all clients did, on one clock.
type history struct {
	mu    sync.Mutex
	start time.Time
	ops   []porcupine.Operation
}

func (h *history) now() int64 { return time.Since(h.start).Nanoseconds() }

func (h *history) add(o porcupine.Operation) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.ops = append(h.ops, o)
}

// TestWithdrawalsAreLinearizable has commands in two processes ask, set and withdraw at once, each with a client of its own
// as the command line has. No question that began after a withdrawal was acknowledged may count that person, and more:
// the whole history must be one that a single register could have had. In the second half the owning process is
// killed, and the commands go on with one of themselves as the owner.
func TestWithdrawalsAreLinearizable(t *testing.T) {
	const clients, each = 6, 40
	dir := cohort(t, people)
	cmd, _ := owner(t, dir)
	h := &history{start: time.Now()}
	half := make(chan struct{})
	var wg, reached sync.WaitGroup
	reached.Add(clients)
	for id := range clients {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(20261122, uint64(id)))
			for i := range each {
				if i == each/2 {
					reached.Done()
					<-half
				}
				perform(t, dir, h, id, draw(r, people))
			}
		})
	}
	reached.Wait()
	go func() { // while the second half has begun
		time.Sleep(5 * time.Millisecond)
		cmd.Process.Kill()
	}()
	close(half)
	wg.Wait()
	cmd.Wait()
	if got := porcupine.CheckOperationsTimeout(consentModel, h.ops, time.Minute); got != porcupine.Ok {
		t.Errorf("the history of %d operations is not linearizable: %v", len(h.ops), got)
	}
}

// seen is what a question was answered.
type seen struct {
	epoch uint64
	who   uint
	nth   int // of those answered at the epoch, by when they asked
}

// linearizable tells whether a history is one of consentModel. The numbers of epochs spare porcupine orders that are as good as another, of which
// dozens at once have too many to be looked through: a choice that changes something makes the next epoch, after all who are answered at this one, and
// these saw the same, in whatever order.
func linearizable(before seen, ops []porcupine.Operation) bool {
	slices.SortFunc(ops, func(a, b porcupine.Operation) int { return cmp.Compare(a.Call, b.Call) })
	answered := map[uint64]int{}
	for i, op := range ops {
		if s, ok := op.Output.(seen); ok {
			s.nth = answered[s.epoch]
			answered[s.epoch]++
			ops[i].Output = s
		}
	}
	return porcupine.CheckOperationsTimeout(porcupine.Model{
		Init: func() any { return before },
		Step: func(from, input, output any) (bool, any) {
			s, a := from.(seen), input.(act)
			if a.person < 0 {
				return output == s, seen{s.epoch, s.who, s.nth + 1}
			}
			next := a.on(s.who)
			if next == s.who {
				return true, s
			}
			return s.nth == answered[s.epoch], seen{epoch: s.epoch + 1, who: next}
		},
	}, ops, time.Minute) == porcupine.Ok
}

// TestNobodyIsCountedAfterAWithdrawal has many histories of 64 clients each, of a process that serves. Two of them choose for each person, by turns,
// over its socket, as they and their clinic would; the others ask, half of them over the socket and half over HTTP. Each history must be one that a
// single register could have had, so no question that began after a withdrawal was acknowledged counts that person.
func TestNobodyIsCountedAfterAWithdrawal(t *testing.T) {
	const clients, each = 64, 3
	histories := 10
	if os.Getenv("SAMVERK_LONG") == "1" {
		histories = 1000
	}
	dir := cohort(t, people)
	_, _, url := other(t, serveEnv, dir)
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: clients}}
	ops := 0
	for i := range histories {
		before, err := countedOverHTTP(t.Context(), client, url)
		if err != nil {
			t.Fatal(err)
		}
		h := &history{start: time.Now()}
		var wg sync.WaitGroup
		for id := range clients {
			wg.Go(func() {
				for j := range each {
					switch {
					case id < 2*people:
						perform(t, dir, h, id, act{person: id / 2, allow: (i+j+id)%2 == 0})
					case id%2 == 0:
						perform(t, dir, h, id, act{person: -1})
					default:
						op := porcupine.Operation{ClientId: id, Input: act{person: -1}, Call: h.now()}
						who, err := countedOverHTTP(t.Context(), client, url)
						if err != nil {
							t.Error(err)
							return
						}
						op.Output, op.Return = who, h.now()
						h.add(op)
					}
				}
			})
		}
		wg.Wait()
		if len(h.ops) != clients*each {
			t.Fatalf("history %d has %d operations", i, len(h.ops))
		}
		if !linearizable(before, h.ops) {
			t.Fatalf("history %d is not linearizable", i)
		}
		ops += len(h.ops)
	}
	t.Logf("%d histories of %d clients, %d operations", histories, clients, ops)
}

// TestAStaleAnswerIsNoticed: what is looked for above would be found.
func TestAStaleAnswerIsNoticed(t *testing.T) {
	withdrawal := porcupine.Operation{ClientId: 0, Input: act{person: 0}, Call: 0, Return: 2}
	for asked, ok := range map[int64]bool{1: true, 3: false} {
		stale := porcupine.Operation{ClientId: 1, Input: act{person: -1}, Call: asked, Return: 4, Output: seen{epoch: 7, who: 1}}
		if linearizable(seen{epoch: 7, who: 1}, []porcupine.Operation{withdrawal, stale}) != ok {
			t.Errorf("asked at %d, and acknowledged at 2", asked)
		}
	}
}

// countedOverHTTP asks as counted does.
func countedOverHTTP(ctx context.Context, c *http.Client, base string) (s seen, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/api/v1/query?purpose=research&variant="+strings.Join(private(people), "&variant="), http.NoBody)
	if err != nil {
		return s, err
	}
	w, err := c.Do(r)
	if err != nil {
		return s, err
	}
	defer w.Body.Close()
	var got struct {
		Answers []struct {
			AC    int
			Epoch uint64 `json:"consent_epoch"`
		}
	}
	if err := json.NewDecoder(w.Body).Decode(&got); err != nil || w.StatusCode != http.StatusOK || len(got.Answers) != people {
		return s, fmt.Errorf("%s: %+v, %w", w.Status, got, err)
	}
	for i, a := range got.Answers {
		s.epoch, s.who = a.Epoch, s.who|uint(a.AC)<<i
	}
	return s, nil
}

func draw(r *rand.Rand, people int) act {
	if r.IntN(2) == 0 {
		return act{person: -1}
	}
	return act{person: r.IntN(people), allow: r.IntN(2) == 0}
}

// perform is one command. One that ended without an answer may have been done, now or at any time later in the history.
func perform(t *testing.T, dir string, h *history, id int, a act) {
	op := porcupine.Operation{ClientId: id, Input: a, Call: h.now()}
	err := app.With(t.Context(), dir, "test", nil, func(c *app.Client) error {
		who, err := command(t.Context(), c, a)
		if err == nil {
			op.Output, op.Return = who, h.now()
		}
		return err
	})
	switch {
	case op.Return > 0: // closing is no part of it
	case fault.KindOf(err) == fault.Unavailable:
		op.Return = 1 << 62
		op.ClientId = 1000 + int(op.Call%1e9) // it goes on by itself; the client does not wait for it
	default:
		t.Error(err)
		return
	}
	h.add(op)
}

func command(ctx context.Context, c *app.Client, a act) (any, error) {
	if a.person < 0 {
		return counted(ctx, c, people)
	}
	q := app.ConsentChange{Individual: fmt.Sprintf("P%d", a.person), Purpose: "research", Allow: a.allow, Withdraw: !a.allow, By: "test"}
	_, err := app.ChangeConsent.Call(ctx, c, q, app.Sink[app.None]{})
	return nil, err
}
