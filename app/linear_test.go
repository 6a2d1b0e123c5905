package app_test

import (
	"context"
	"fmt"
	"math/rand/v2"
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

// consentModel is who allows research, as bits. A question answers with all of them.
var consentModel = porcupine.Model{
	Init: func() any { return uint(0) },
	Step: func(state, input, output any) (bool, any) {
		s, a := state.(uint), input.(act)
		switch {
		case a.person < 0:
			return output == nil || output.(uint) == s, s // nil: never answered
		case a.allow:
			return true, s | 1<<a.person
		}
		return true, s &^ (1 << a.person)
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
	const people, clients, each = 4, 6, 40
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
		return counted(ctx, c, 4)
	}
	q := app.ConsentChange{Individual: fmt.Sprintf("P%d", a.person), Purpose: "research", Allow: a.allow, Withdraw: !a.allow, By: "test"}
	_, err := app.ChangeConsent.Call(ctx, c, q, app.Sink[app.None]{})
	return nil, err
}
