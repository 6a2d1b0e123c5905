package answer_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/samverk/samverk/answer"
	"github.com/samverk/samverk/consent"
	"github.com/samverk/samverk/genome/variant"
	"github.com/samverk/samverk/internal/testnode"
	"github.com/samverk/samverk/ledger"
	"github.com/samverk/samverk/policy"
	"github.com/samverk/samverk/storage"
)

// TestWithdrawalsAreLinearizable has clinicians ask under a policy while people withdraw and come back. The history must be one that a single
// register of who is counted could have had: no answer that began after a withdrawal was acknowledged counts the person.
func TestWithdrawalsAreLinearizable(t *testing.T) {
	const clients, each = 12, 25
	n := testnode.Full(t)
	d := testnode.Preset(t, "care")
	d.Rules[0].K, d.Rules[0].Zero = 0, false // exactly, to see each person
	n.Adopt(t, d)
	who := []string{"p00", "p07", "p21", "p28", "p35"} // carriers, one copy each; p14, p42 and p49 stay
	model := porcupine.Model{
		Init: func() any { return 1<<len(who) - 1 },
		Step: func(state, input, output any) (bool, any) {
			s, person := state.(int), input.(int)
			switch {
			case person == 0:
				return output.(int) == 4+ones(s), s
			case person > 0:
				return true, s | 1<<(person-1)
			}
			return true, s &^ (1 << (-person - 1))
		},
	}
	var mu sync.Mutex
	var history []porcupine.Operation
	start := time.Now()
	var wg sync.WaitGroup
	for id := range clients {
		wg.Go(func() {
			ask := testnode.Clinician()
			ask.Person = fmt.Sprint("c", id)
			for i := range each {
				op := porcupine.Operation{ClientId: id, Call: time.Since(start).Nanoseconds(), Output: 0}
				var err error
				if id < len(who) && i%2 == 0 {
					allow := i%4 != 0
					op.Input = id + 1
					if !allow {
						op.Input = -(id + 1)
					}
					err = n.Set(context.Background(), who[id], consent.Care, allow)
				} else {
					op.Input = 0
					var a answer.Answer
					if a, err = n.Desk.Ask(context.Background(), answer.Question{Ask: ask, Keys: []variant.Key{key(t, testnode.Carried)}}); err == nil {
						op.Output = a.Counts[0].AC.Low
					}
				}
				if err != nil {
					t.Error(err)
					return
				}
				op.Return = time.Since(start).Nanoseconds()
				mu.Lock()
				history = append(history, op)
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if got := porcupine.CheckOperationsTimeout(model, history, time.Minute); got != porcupine.Ok {
		t.Errorf("the history of %d operations is not linearizable: %v", len(history), got)
	}
}

func ones(s int) (n int) {
	for ; s != 0; s &= s - 1 {
		n++
	}
	return n
}

const victimEnv = "ANSWER_TEST_VICTIM"

func TestMain(m *testing.M) {
	if dir := os.Getenv(victimEnv); dir != "" {
		os.Args = append(os.Args[:1], "-test.run=^TestVictim$", "-test.timeout=1m")
	}
	os.Exit(m.Run())
}

// TestVictim is the process that TestEveryAnswerHasItsLeaf kills: it answers and says so. By itself it does nothing.
func TestVictim(t *testing.T) {
	dir := os.Getenv(victimEnv)
	if dir == "" {
		return
	}
	n := testnode.OpenIn(t, dir, storage.Options{}, testnode.Elapsed())
	for range 8 {
		go func() {
			for {
				a, err := n.Desk.Ask(context.Background(), answer.Question{Ask: testnode.Clinician(), Keys: []variant.Key{key(t, testnode.Carried)}})
				if err != nil {
					fmt.Println("error", err)
					return
				}
				fmt.Println("answer", a.Receipt.Index)
			}
		}()
	}
	select {}
}

// TestEveryAnswerHasItsLeaf kills a process that answers, again and again: whatever answer it let go of is in the ledger, with its record, and the
// budget knows of it.
func TestEveryAnswerHasItsLeaf(t *testing.T) {
	rounds := 4
	if os.Getenv("SAMVERK_LONG") == "1" {
		rounds = 300
	}
	dir := t.TempDir()
	t.Run("make", func(t *testing.T) {
		n := testnode.OpenIn(t, dir, storage.Options{}, testnode.Elapsed())
		n.Fill(t)
		d := testnode.Preset(t, "care")
		d.Rules[0].Budget = policy.Budget{Organisation: 1_000_000, Per: policy.Lifetime}
		n.Adopt(t, d)
	})
	var released []uint64
	for i := range rounds {
		released = append(released, kill(t, dir, time.Duration(300+40*(i%10))*time.Millisecond)...)
	}
	if len(released) < 10*rounds {
		t.Logf("only %d answers in %d rounds", len(released), rounds)
	}
	n := testnode.OpenIn(t, dir, storage.Options{}, testnode.Elapsed())
	for _, index := range released {
		x, err := n.Ledger.Leaf(t.Context(), index)
		if err != nil || x.Kind != ledger.Use || x.Role != policy.Clinician {
			t.Fatalf("leaf %d: %+v, %v", index, x, err)
		}
		if record, err := n.Accesses.Open(t.Context(), x.Private); err != nil || record.Person != "linda" {
			t.Fatalf("leaf %d: %+v, %v", index, record, err)
		}
	}
	accounts, err := n.Policies.Accounts(t.Context(), policy.OfOrganisation, 1)
	if err != nil || len(accounts) != 1 || accounts[0].Lifetime < int64(len(released)) {
		t.Errorf("%d answers, and %+v, %v", len(released), accounts, err)
	}
	if r, err := ledger.Verify(t.Context(), n.Ledger.Source(), n.Ledger.PublicKey(), nil); err != nil || !r.OK() {
		t.Errorf("%+v, %v", r, err)
	}
}

// kill lets a process answer for a while, and tells which answers it gave.
func kill(t *testing.T, dir string, after time.Duration) (released []uint64) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), victimEnv+"="+dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	time.AfterFunc(after, func() { _ = cmd.Process.Kill() })
	said, _ := io.ReadAll(out)
	_ = cmd.Wait()
	lines := strings.Split(string(said), "\n")
	for _, l := range lines[:len(lines)-1] { // the last may be cut
		if strings.HasPrefix(l, "error") {
			t.Error(l)
		}
		if index, ok := strings.CutPrefix(l, "answer "); ok {
			if n, err := strconv.ParseUint(index, 10, 64); err == nil {
				released = append(released, n)
			}
		}
	}
	return released
}
